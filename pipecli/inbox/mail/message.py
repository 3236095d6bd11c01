"""A mail's headers and text as people read them: decoded, plain, of bounded length.

A stranger wrote them: whatever they hold, each field comes out as one line, or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser, HeaderParser
from email.policy import compat32
from email.utils import getaddresses, parsedate_to_datetime
from html.parser import HTMLParser
from typing import NamedTuple

from pipecli.harmless_text import decoded, without_controls
from pipecli.inbox.mail.mailbox_files import LeftOut, RawMessage
from pipecli.records.emails_and_phones import email_key, is_email


def header_words(raw: str) -> str:
    """One header as one line: encoded words decoded, blanks and line ends as single blanks."""
    text = as_text(raw.encode("utf-8", "surrogateescape")) if not raw.isascii() else raw
    if "=?" in text:
        text = _decoded(" ".join(text.split()))
    return " ".join(without_unseen(" ".join(text.split())).split())


def without_unseen(text: str) -> str:
    """Text without the characters that no record can hold, and those that change how others are seen."""
    return without_controls(text, "\u200b\u2060\ufeff", instead="")


def as_text(content: bytes, charset: str = "") -> str:
    """Bytes in the charset they are said to have; where that is unknown or wrong, in the likeliest."""
    for name in (charset, "utf-8"):
        try:
            if name:
                return decoded(content, name)
        except (LookupError, ValueError):
            continue
    return content.decode("cp1252", "replace")


def _decoded(text: str) -> str:
    """A text with its encoded words decoded by RFC 2047; as it is written where one is malformed."""
    try:
        parts = decode_header(text)
    except (HeaderParseError, ValueError):
        return text
    # decode_header gives the text between encoded words as bytes in this codec, which is Latin-1 for most.
    between = "latin-1" if max(text) <= "\xff" else "raw-unicode-escape"
    return "".join(
        part
        if isinstance(part, str)
        else part.decode(between, "replace")
        if charset is None
        else as_text(part, charset.partition("*")[0])
        for part, charset in parts
    )


READ = 256 << 10
"""Bytes of a mail that are read: its text comes before its attachments."""
WHOLE = 64 << 20
"""Bytes of a mail that are read for its attachments; no mail server takes larger ones."""
LONGEST = 2000
"""Characters; a deal with a thousand mails stays a file that a person can open."""
_HIDDEN = frozenset({"script", "style", "title", "template"})
_BREAKING = frozenset({"br", "p", "div", "tr", "li", "blockquote", "h1", "h2", "h3"})


def mail_text(raw_message: RawMessage) -> str:
    """The first text of a mail, plain rather than HTML; empty where it has none that can be read."""
    texts: dict[str, Message] = {}
    for part in _parts(raw_message):
        kind = part.get_content_type()
        if kind in ("text/plain", "text/html") and part.get_content_disposition() != "attachment":
            texts.setdefault(kind, part)
    if plain := texts.get("text/plain"):
        return _bounded(_part_text(plain))
    page = texts.get("text/html")
    return _bounded(_without_tags(_part_text(page))) if page else ""


def shown_text(page: str) -> str:
    """The text that a page of HTML shows, a line a paragraph or item."""
    return _in_lines(_without_tags(page))


_COMMENT = re.compile(r"<!--(?:-?>|.*?(?:--!?>|\Z))", re.DOTALL)


def _without_tags(page: str) -> str:
    """The text of a page without the tag or the comment that never ends: each of them is looked for anew."""
    whole, end, last = _COMMENT.sub("", page).rpartition(">")
    reader = _Reader()
    reader.feed(whole + end + re.split("<[a-zA-Z!/?]", last, maxsplit=1)[0])
    reader.close()
    return "".join(reader.texts)


_FIELD_OF_A_PART = re.compile(rb"^content-[^\n]*(?:\n[ \t][^\n]*)*", re.IGNORECASE | re.MULTILINE)
_LONGEST_FIELD = 1 << 14
_MOST_FIELDS = 4000


def excess(raw_message: RawMessage) -> str:
    """Why the parts of a mail would keep who reads them busy for minutes; empty for the mails of people."""
    fields = _FIELD_OF_A_PART.findall(raw_message.header + b"\n" + raw_message.body)
    if len(fields) > _MOST_FIELDS:
        return f"its parts have more than {_MOST_FIELDS:,} fields"
    if (longest := max(map(len, fields), default=0)) > _LONGEST_FIELD:
        return f"a field of its parts has {longest:,} bytes"
    return ""


BROKEN = (RecursionError, ValueError, LookupError, TypeError, AttributeError)
"""The errors of MIME so broken that the parser gives up."""


def parsed(raw_message: RawMessage) -> Message:
    """A mail with its parts. Raises one of BROKEN."""
    return BytesParser(policy=compat32).parsebytes(raw_message.header + b"\n" + raw_message.body)


def _parts(raw_message: RawMessage) -> list[Message]:
    """The parts of a mail; none of a broken one."""
    try:
        parts = list(parsed(raw_message).walk())
        for part in parts:
            part.get_content_disposition()
    except BROKEN:
        return []
    return parts


def attachments_of(raw_message: RawMessage) -> Iterator[tuple[str, bytes]]:
    """The files that a mail carries, with their names; pictures that its text shows are part of that."""
    for part in _parts(raw_message):
        name = header_words(str(part.get_filename() or "")).replace("\\", "/").rpartition("/")[2]
        is_shown = part.get_content_maintype() == "image" and part.get_content_disposition() != "attachment"
        if not part.is_multipart() and name and not is_shown:
            yield name[-_LONGEST_NAME:], _content(part)


def _content(part: Message) -> bytes:
    try:
        content = part.get_payload(decode=True)
    except (ValueError, LookupError, TypeError):
        return b""
    return content if isinstance(content, bytes) else b""


def _part_text(part: Message) -> str:
    try:
        charset = part.get_content_charset() or ""
    except (ValueError, LookupError, TypeError):
        return ""
    return as_text(_content(part), charset)


def _in_lines(text: str) -> str:
    """The lines of a text with single blanks, and one empty line at most between two."""
    kept: list[str] = []
    for line in (" ".join(without_unseen(line).split()) for line in text.splitlines()):
        if line or (kept and kept[-1]):
            kept.append(line)
    return "\n".join(kept).strip()


def _bounded(text: str) -> str:
    whole = _in_lines(text[: 8 * LONGEST])
    return whole if len(whole) <= LONGEST and len(text) <= 8 * LONGEST else whole[:LONGEST].rstrip() + " …"


class _Reader(HTMLParser):
    """Collects the text that a page shows."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.texts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in _HIDDEN
        if tag in _BREAKING:
            self.texts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _HIDDEN and self._hidden:
            self._hidden -= 1

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.texts.append(" ".join(data.split("\n")))


_ID = re.compile(r"<([!-;=?-~]{1,490})>")
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"@]+@[^\s<>()\[\],;:\"@]+")
_LONGEST_SUBJECT = 500
_LONGEST_NAME = 200
_LONGEST_ADDRESS = 254
_MOST_REFERENCES = 100
_AUTOMATIC = frozenset({"bulk", "junk", "auto_reply"})
_NOBODY = re.compile(
    r"(?:.*[._+-])?(?:(?:no|do[._-]?not)[._-]?reply|mailer-daemon)(?:[._+-].*)?@", re.IGNORECASE
)
"""An address that nobody reads: a shop's, a host's, or of a form, whose writer is in Reply-To."""


class Person(NamedTuple):
    name: str
    """Empty where only the address is given."""
    email: str


class Moment(NamedTuple):
    """A possible time of a mail, and the source of it."""

    at: datetime
    source: str


class Mail(NamedTuple):
    place: str
    """The file it lies in, and in an mbox the line."""
    message_id: str
    """With its angle brackets."""
    sender: tuple[Person, ...]
    to: tuple[Person, ...]
    copied: tuple[Person, ...]
    subject: str
    references: tuple[str, ...]
    """The mails it answers, the nearest first."""
    moments: tuple[Moment, ...]
    """The best first."""
    is_automatic: bool
    """A program wrote it: out of office, a bounce, a newsletter, a `no-reply@`."""
    text: str = ""
    """Its body, where that is wanted."""
    forwarded: tuple[Mail, ...] = ()
    """The mails that it passes on, where it says that it does."""


def mail_of(raw_message: RawMessage) -> Mail | LeftOut:
    """The headers of a message, where it is a mail."""
    fields = _Fields(raw_message.header)
    sender = fields.people("from") or fields.people("sender")
    if sender and all(_NOBODY.match(person.email) for person in sender):
        sender = fields.people("reply-to") or sender
    to, copied = fields.people("to"), fields.people("cc", "bcc")
    if not sender:
        is_mail = to or fields.has("from") or fields.has("received")
        why = "it names no sender" if is_mail else "it isn't an e-mail: it names no sender"
        return LeftOut(raw_message.place, why)
    return Mail(
        raw_message.place,
        raw_message.message_id,
        sender,
        to,
        copied,
        header_words(fields.first("subject"))[:_LONGEST_SUBJECT] or "(no subject)",
        tuple(fields.references()),
        tuple(_moments(fields, raw_message)),
        fields.are_automatic() or any(_NOBODY.match(person.email) for person in sender),
    )


class _Fields:
    def __init__(self, header: bytes) -> None:
        # A lone \r isn't a line end, though the parser takes it for one: no field begins after it.
        plain = header.replace(b"\r\n", b"\n").replace(b"\r", b" ").decode("ascii", "surrogateescape")
        self._fields: dict[str, list[str]] = {}
        for name, value in HeaderParser(policy=compat32).parsestr(plain).raw_items():
            self._fields.setdefault(name.lower().strip(), []).append(" ".join(value.split()))

    def has(self, name: str) -> bool:
        return name in self._fields

    def first(self, name: str) -> str:
        return self._fields.get(name, [""])[0]

    def people(self, *names: str) -> tuple[Person, ...]:
        """The people in these fields, each address once."""
        people: dict[str | None, Person] = {}
        for name in names:
            for field in self._fields.get(name, ()):
                for person in people_in(field):
                    people.setdefault(email_key(person.email), person)
        return tuple(people.values())

    def references(self) -> list[str]:
        named = self.first("in-reply-to")
        answered = (_ID.findall(named) or _ADDRESS.findall(named))[:_MOST_REFERENCES]  # some leave out the <>
        earlier = _ID.findall(self.first("references"))[-_MOST_REFERENCES:]
        return list(dict.fromkeys(f"<{message_id}>" for message_id in (*answered, *reversed(earlier))))

    def are_automatic(self) -> bool:
        submitted = self.first("auto-submitted").partition(";")[0].strip().lower()
        return (
            submitted not in ("", "no")
            or self.first("precedence").lower() in _AUTOMATIC
            or self.has("list-unsubscribe-post")  # by one click: no list of people who write to each other
            or self.first("return-path") == "<>"
            or self.first("content-type").lower().startswith("multipart/report")
        )


def people_in(field: str) -> tuple[Person, ...]:
    """The people that one field names."""
    try:
        named = [(name, header_words(address)) for name, address in getaddresses([field])]
    except (RecursionError, ValueError, IndexError):  # a thousand brackets, one in the other
        named = []
    named = [pair for pair in named if _is_address(pair[1])]
    named = named or [("", text) for text in _ADDRESS.findall(field) if _is_address(text)]
    several = [(header_words(name).strip("'\" "), address) for name, address in named]
    return tuple(Person("" if "@" in name else name[:_LONGEST_NAME], address) for name, address in several)


def _is_address(text: str) -> bool:
    return is_email(text) and len(text) <= _LONGEST_ADDRESS and text.isprintable()


def _moments(fields: _Fields, raw_message: RawMessage) -> Iterator[Moment]:
    for source, text in (
        ("Date", fields.first("date")),
        ("Received", fields.first("received").rpartition(";")[2]),
        ("the mbox", " ".join(raw_message.envelope.decode("ascii", "replace").split()[2:])),
    ):
        if (at := header_time(text)) is not None:
            yield Moment(at.astimezone(UTC), source)
    yield Moment(datetime.fromtimestamp(raw_message.modified, UTC), "its file")


def header_time(text: str) -> datetime | None:
    """The time of a header, where it has no offset in UTC; None for a text that isn't one."""
    try:
        at = parsedate_to_datetime(text)
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        at.astimezone(UTC)  # in the year 1 or 9999 it may not have one
        return at
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
