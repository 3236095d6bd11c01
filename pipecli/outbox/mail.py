"""The mail that carries a quotation or an invoice, and handing one message to a server with certainty that it
has it or has not.

The server is named by the environment, never by the pipeline: a cloned pipeline must not be able to send.
Every failure is one of two: `NotSent`, nobody got it; `Doubtful`, the server had all of it and said nothing.
"""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from ipaddress import ip_address
from mimetypes import guess_type
from pathlib import Path
from secrets import token_hex
from threading import Timer
from typing import Any, Literal, NamedTuple

from pipecli.errors import PipecliError
from pipecli.harmless_text import one_line, visible
from pipecli.outbox.printed_papers import Printed
from pipecli.outbox.template_sandbox import run_worker
from pipecli.translation import words_of

SECONDS = 5
MEMORY = 256 << 20
_LONGEST = 100_000
_OWN = Path(__file__).parent / "templates" / "mail"
_SUBJECT = "Subject:"


class MailText(NamedTuple):
    subject: str
    body: str


class MailTemplate(NamedTuple):
    name: str
    """Its file in the pipeline, as errors name it."""
    text: str


def template_names(noun: str, language: str | None) -> list[str]:
    """The files in `templates/` that a pipeline may have for a paper in a language, the nearest first."""
    base = (language or "").partition("-")[0]
    tags = dict.fromkeys(tag for tag in (language, base) if tag)
    return [*(f"{noun}-mail.{tag}.txt" for tag in tags), f"{noun}-mail.txt"]


def own_template(noun: str, language: str | None) -> MailTemplate:
    """The one that comes with pipecli, in the nearest language it has."""
    file = _OWN / f"{noun}.{words_of(language).language}.txt"
    return MailTemplate(file.name, file.read_text(encoding="utf-8"))


def filled_mail(template: MailTemplate, printed: Printed, *, contact: str, sender: Address) -> MailText:
    """The text of a template, filled in. Raises PipecliError with file and line of a faulty template."""
    values = {
        "doc": asdict(printed),
        "contact": contact,
        "sender": {"name": sender.display_name, "email": sender.addr_spec},
    }
    text = _filled_in(template, values).strip()
    first, _, body = text.partition("\n")
    if not first.startswith(_SUBJECT) or not first.removeprefix(_SUBJECT).strip() or not body.strip():
        raise PipecliError(
            f"{template.name}: it needs a line with the subject, and then a text",
            hint=f"begin it with `{_SUBJECT} …` and a blank line",
        )
    if len(text) > _LONGEST:
        raise PipecliError(f"{template.name} makes a mail of {len(text):,} characters", hint="shorten it")
    return MailText(one_line(first.removeprefix(_SUBJECT)), f"{body.strip()}\n")


def _filled_in(template: MailTemplate, values: dict[str, Any]) -> str:
    request = {"template": template.text, "values": values}
    answer, _ = run_worker("mail", request, template.name, memory=MEMORY, seconds=SECONDS)
    if "error" in answer:
        place = f"{template.name}:{answer['line']}" if answer["line"] else template.name
        raise PipecliError(f"{place}: {one_line(answer['error'])}")
    return str(answer["text"])


def message_of(
    words: MailText,
    *,
    sender: Address,
    to: Sequence[Address],
    copied: Sequence[Address],
    at: datetime,
    name: str,
    pdf: bytes = b"",
    page: str = "",
    attached: Iterable[tuple[str, bytes]] = (),
) -> EmailMessage:
    """The message, with a Message-ID of its own; as `name`.pdf the PDF, beside the text the page of HTML.

    `attached` are other files with their names.
    """
    # Some servers still take letters of seven bits only.
    message = EmailMessage(SMTP.clone(cte_type="7bit"))
    message["From"] = sender
    message["To"] = tuple(to)
    if copied:
        message["Cc"] = tuple(copied)
    message["Subject"] = words.subject
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{name.lower()}.{token_hex(10)}@{sender.domain}>"  # short: some fold it badly
    message.set_content(words.body)
    if page:
        message.add_alternative(page, subtype="html")
    if pdf:
        message.add_attachment(pdf, maintype="application", subtype="pdf", filename=f"{name}.pdf")
    for filename, content in attached:
        maintype, _, subtype = (guess_type(filename)[0] or "application/octet-stream").partition("/")
        message.add_attachment(content, maintype=maintype, subtype=subtype, filename=filename)
    return message


Security = Literal["starttls", "tls", "none"]

_PORTS: dict[str, int] = {"starttls": 587, "tls": 465, "none": 25}
_PATIENCE = 30.0
_ALL_IN_ALL = 4
"""The limit of the whole, in patiences for one answer: a server may answer a letter at a time."""
_LONGEST_WORDS = 200


class NotSent(PipecliError):
    """Nobody got the message."""

    code = "not-sent"


class Doubtful(PipecliError):
    """The server had the whole message, and did not say that it took it: it may be on its way."""

    code = "perhaps-sent"


class Server(NamedTuple):
    host: str
    port: int
    security: Security
    user: str
    password: str
    sender: str
    """The sender, as `Ana Ruiz <ana@contoso.example>`; empty where the environment names none."""
    patience: float
    """Seconds to wait for each answer."""

    @property
    def name(self) -> str:
        return f"{self.host}:{self.port}"


def server_of(environment: Mapping[str, str]) -> Server:
    """The mail server that PIPECLI_SMTP_… names. Raises PipecliError."""
    values = {name: environment.get(f"PIPECLI_SMTP_{name}", "").strip() for name in _NAMES}
    if not values["HOST"]:
        raise PipecliError(
            "no mail server is known: PIPECLI_SMTP_HOST is not set",
            hint="set it, and PIPECLI_SMTP_USER and PIPECLI_SMTP_PASSWORD where the server asks for them",
        )
    security = values["SECURITY"] or "starttls"
    if security not in _PORTS:
        raise PipecliError(f'PIPECLI_SMTP_SECURITY: "{security}" must be one of {", ".join(_PORTS)}')
    port = values["PORT"] or str(_PORTS[security])
    if not re.fullmatch("[0-9]{1,5}", port) or not 0 < int(port) < 1 << 16:
        raise PipecliError(f'PIPECLI_SMTP_PORT: "{port}" isn\'t a port', hint="write a number, such as 587")
    patience = values["TIMEOUT"] or f"{_PATIENCE:g}"
    if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]+)?", patience) or not float(patience):
        raise PipecliError(f'PIPECLI_SMTP_TIMEOUT: "{patience}" isn\'t a number of seconds')
    if values["USER"] and security == "none" and not _is_this_machine(values["HOST"]):
        raise PipecliError(
            "PIPECLI_SMTP_SECURITY=none would send the password in the clear",
            hint="use starttls or tls, or no PIPECLI_SMTP_USER",
        )
    return Server(
        values["HOST"],
        int(port),
        security,  # type: ignore[arg-type]
        values["USER"],
        environment.get("PIPECLI_SMTP_PASSWORD", ""),
        values["FROM"],
        float(patience),
    )


_NAMES = ("HOST", "PORT", "SECURITY", "USER", "FROM", "TIMEOUT")


def _is_this_machine(host: str) -> bool:
    with suppress(ValueError):
        return ip_address(host).is_loopback
    return host == "localhost"


def deliver_mail(server: Server, sender: str, recipients: Sequence[str], message: bytes) -> None:
    """Give the server one message, for all recipients or for none. Raises NotSent, Doubtful.

    `sender` and `recipients` are bare addresses. An interrupt before the server has it all sends nothing.
    """
    is_whole = is_taken = False
    try:
        with _failures(server), _connected(server) as connection:
            connection.introduce()
            if server.user:
                connection.login(server.user, server.password)
            size = [f"size={len(message)}"] if connection.has_extn("size") else []
            _require(connection.mail(sender, size), f"the sender {sender}")
            for recipient in recipients:
                # One that is refused is enough: to send to the others, and again to all, would send twice.
                _require(connection.rcpt(recipient), recipient)
            _require(connection.docmd("DATA"), "the message", taken=354)
            # a dot is doubled at the start of a line, and one alone, sent by itself, is the end
            lines = re.sub(rb"(?m)^\.", b"..", re.sub(rb"\r?\n", b"\r\n", message))
            connection.send(lines.removesuffix(b"\r\n") + b"\r\n")
            is_whole = True
            connection.send(b".\r\n")
            try:
                code, words = connection.getreply()
            except (smtplib.SMTPException, OSError) as error:
                raise Doubtful(f"{server.name} took the whole message and then {_reason(error)}") from None
            if code < 0:
                raise Doubtful(f"{server.name} took the whole message and then answered {_words(words)}")
            _require((code, words), "the message")
            is_taken = True
    except KeyboardInterrupt as error:
        if is_whole and not is_taken:
            raise Doubtful(f"{server.name} took the whole message and then {_reason(error)}") from None
        if not is_taken:  # else only its farewell isn't waited for
            raise


class _Connection(smtplib.SMTP):
    """A connection whose socket is always known, so that another thread can end it."""

    def __init__(self, server: Server) -> None:
        name = socket.gethostname()  # the full name may be a slow question to a name server
        super().__init__(local_hostname=name if "." in name else "[127.0.0.1]", timeout=server.patience)
        self._server = server
        self._context = ssl.create_default_context()
        self._wire = socket.create_connection((server.host, server.port), server.patience)
        self._wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # the end waits for no answer

    def close(self) -> None:
        super().close()
        self._wire.close()  # which is no more than that, where the line could not be made secure

    def end(self) -> None:
        """End whatever waits for the server."""
        with suppress(OSError):
            socket.socket.shutdown(self._wire, socket.SHUT_RDWR)

    def introduce(self) -> None:
        """Greet, over a secure line unless none is wanted."""
        if self._server.security == "tls":
            self._secure()
        self.sock = self._wire
        _require(self.getreply(), "the connection", taken=220)
        self.ehlo_or_helo_if_needed()
        if self._server.security != "starttls":
            return
        if not self.has_extn("starttls"):
            raise NotSent(
                f"{self._server.name} offers no STARTTLS",
                hint="PIPECLI_SMTP_SECURITY=tls is another way to be secure; none sends in the clear",
            )
        _require(self.docmd("STARTTLS"), "a secure line", taken=220)
        self._secure()
        # Answers from before the line was secure count for nothing: anybody could have given them.
        self.sock, self.file = self._wire, None
        self.helo_resp = self.ehlo_resp = None
        self.esmtp_features, self.does_esmtp = {}, False
        self.ehlo_or_helo_if_needed()

    def _secure(self) -> None:
        self._wire = self._context.wrap_socket(
            self._wire, server_hostname=self._server.host, do_handshake_on_connect=False
        )
        self._wire.do_handshake()


@contextmanager
def _connected(server: Server) -> Iterator[_Connection]:
    """A connection that ends by itself when all takes too long."""
    connection = _Connection(server)
    limit = Timer(_ALL_IN_ALL * server.patience, connection.end)
    limit.daemon = True
    limit.start()
    try:
        yield connection
        with suppress(smtplib.SMTPException, OSError):
            connection.quit()
    finally:
        limit.cancel()
        connection.close()


def _require(reply: tuple[int, bytes], what: str, taken: int = 250) -> None:
    code, words = reply
    if code != taken and not (taken == 250 and 250 <= code < 260):
        raise NotSent(
            f"refuses {what}: {code if code > 0 else 'no answer of a mail server,'} {_words(words)}"
        )


@contextmanager
def _failures(server: Server) -> Iterator[None]:
    """Every failure as one line that begins with the server's name."""
    try:
        yield
    except Doubtful:
        raise
    except NotSent as error:
        named = error.message if error.message.startswith(server.name) else f"{server.name} {error.message}"
        raise NotSent(f"{named}; nothing was sent", hint=error.hint) from None
    except smtplib.SMTPAuthenticationError as error:
        raise NotSent(
            f"{server.name} refuses the user or the password: {error.smtp_code} {_words(error.smtp_error)}",
            hint="check PIPECLI_SMTP_USER and PIPECLI_SMTP_PASSWORD; nothing was sent",
        ) from None
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise NotSent(f"{server.name} {_reason(error)}; nothing was sent") from None


def _reason(error: BaseException) -> str:
    """The cause of a failed connection, in a few words after the server's name."""
    causes = (error, error.__context__)
    if isinstance(error, KeyboardInterrupt):
        return "was not waited for"
    if any(isinstance(cause, TimeoutError) for cause in causes):
        return "did not answer in time"
    if isinstance(error, socket.gaierror):
        return "is a name that no name server knows"
    if isinstance(error, ConnectionRefusedError):
        return "refuses the connection: no mail server listens there"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"has a certificate that can't be trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return "speaks no TLS there: PIPECLI_SMTP_PORT and PIPECLI_SMTP_SECURITY don't fit each other"
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "ended the connection"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"answered {error.smtp_code} {_words(error.smtp_error)}"
    return f"failed: {_words(str(error).encode())}"


def _words(answer: bytes | str) -> str:
    """A server's answer on one line that does nothing to a terminal."""
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return one_line(text)[:_LONGEST_WORDS]


_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_NAME = rf"{_ATOM}(\.{_ATOM})*"
_DOMAIN = r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*"


def address_of(text: str, what: str) -> str:
    """The bare address in `Ana Ruiz <ana@contoso.example>`, its domain as DNS has it.

    Raises PipecliError for what isn't an address; `what` says where it stands. No address holds a blank or a
    line end, so that none adds a header or a command.
    """
    plain = parseaddr(text)[1] if "<" in text else text.strip()
    name, at, domain = plain.rpartition("@")
    if not text.isprintable():
        at = ""
    try:
        domain = domain.encode("idna").decode() if not domain.isascii() else domain
    except UnicodeError:
        at = ""
    if not (at and len(plain) <= 254 and re.fullmatch(_NAME, name) and re.fullmatch(_DOMAIN, domain)):
        raise PipecliError(
            f'{what}: "{visible(text)}" isn\'t an e-mail address',
            hint="write one like maria@contoso.example",
        )
    return f"{name}@{domain}"


def sender_of(settings: Mapping[str, Any], me: str | None, server: Server) -> Address:
    """PIPECLI_SMTP_FROM, else the user who sends, else the company."""
    user = settings["users"][me] if me else {}
    company = settings["company"]
    if server.sender:
        given = named_address(server.sender, "PIPECLI_SMTP_FROM")
        return given if given.display_name or not user else addressed(user["name"], given.addr_spec)
    if user.get("email"):
        return addressed(user["name"], address_of(user["email"], f"users.{me}.email"))
    if company.get("email"):
        return addressed(company["name"], address_of(company["email"], "company.email"))
    raise PipecliError(
        "there is no address to send from: you aren't a user with an e-mail address",
        hint="set PIPECLI_SMTP_FROM",
    )


def named_address(text: str, what: str) -> Address:
    """An address as a person writes it, with or without a name."""
    return addressed(parseaddr(text)[0] if "<" in text else "", address_of(text, what))


def addressed(name: str, bare: str) -> Address:
    return Address(one_line(name), addr_spec=bare)
