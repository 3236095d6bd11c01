"""Handing a mail over: to servers that take it, and to every kind that does not."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import threading
import time
from contextlib import nullcontext

import pytest

from pipecli.errors import PipecliError
from pipecli.outbox.mail import Doubtful, NotSent, address_of, deliver_mail, server_of
from tests.later import Later
from tests.mail_server import DIE, HANG, WELCOME, mail_server, scripted_server
from tests.servers import nobody

aiosmtpd = Later("aiosmtpd.smtp")

ANA, MARIA = "ana@contoso.example", "maria@coffee.example"
MAIL = b"From: ana@contoso.example\nSubject: Hello\n\nfirst\n.second\n..third\n"


def environment(port, **more):
    said = {"HOST": "127.0.0.1", "PORT": str(port), "SECURITY": "none", "TIMEOUT": "0.3", **more}
    return {f"PIPECLI_SMTP_{name}": value for name, value in said.items()}


def send(port, *recipients, **more):
    deliver_mail(server_of(environment(port, **more)), ANA, recipients or (MARIA,), MAIL)


def test_a_mail_arrives_as_it_was_written():
    with mail_server() as server:
        send(server.port, MARIA, "luis@contoso.example")

    (mail,) = server.mails
    assert mail.mail_from == ANA
    assert mail.rcpt_tos == [MARIA, "luis@contoso.example"]
    assert mail.content == MAIL.replace(b"\n", b"\r\n")


@pytest.mark.parametrize(
    ("says", "reason"),
    [
        ((HANG,), "did not answer in time"),
        ((DIE,), "ended the connection"),
        (("554 go away",), "refuses the connection: 554 go away"),
        (("SSH-2.0-OpenSSH",), "refuses the connection"),
        (("220 here", HANG), "did not answer in time"),
        (("220 here", "500 what", "500 what"), "500 what"),
        (("220 here", "250 hello", "550 not you"), "refuses the sender ana@contoso.example: 550 not you"),
        (("220 here", "250 hello", "250 ok", "550 unknown"), "refuses maria@coffee.example: 550 unknown"),
        (("220 here", "250 hello", "250 ok", DIE), "ended the connection"),
        (("220 here", "250 hello", "250 ok", "250 ok", "451 later"), "refuses the message: 451 later"),
        (("220 here", "250 hello", "250 ok", "250 ok", HANG), "did not answer in time"),
        ((*WELCOME[:5], "554 spam \x1b[31m"), "refuses the message: 554 spam [31m"),
    ],
)
def test_a_server_that_does_not_take_it_is_named_with_its_words(says, reason):
    with scripted_server(*says) as server, pytest.raises(NotSent) as refusal:
        send(server.port)

    said = str(refusal.value)
    assert said.startswith(f"127.0.0.1:{server.port} ")
    assert reason in said
    assert "nothing was sent" in said
    assert said.isprintable()


@pytest.mark.parametrize("last", [DIE, HANG, "what was that"])
def test_a_server_that_has_it_all_and_says_nothing_leaves_a_doubt(last):
    with (
        scripted_server(*WELCOME[:5], last) as server,
        pytest.raises(Doubtful, match="took the whole message"),
    ):
        send(server.port)


@pytest.mark.parametrize(("says", "last"), [(WELCOME[:5], b".\r\n"), (WELCOME[:6], b"quit\r\n")])
def test_what_the_server_has_is_not_called_unsent_by_ctrl_c(says, last):
    doubt = pytest.raises(Doubtful, match="then was not waited for") if last == b".\r\n" else nullcontext()
    with scripted_server(*says, HANG) as server, doubt:

        def interrupt():
            while server.heard[-1:] != [last]:
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGINT)

        threading.Thread(target=interrupt, daemon=True).start()
        send(server.port, TIMEOUT="20")


def test_a_server_that_dies_while_it_reads_has_nothing():
    with scripted_server(*WELCOME[:5]) as server, pytest.raises(NotSent, match="ended the connection"):
        deliver_mail(server_of(environment(server.port, TIMEOUT="5")), ANA, [MARIA], b"x" * (16 << 20))


def test_one_recipient_refused_is_a_mail_to_nobody():
    says = ("220 here", "250 hello", "250 ok", "250 ok", "550 unknown", "250 reset")
    with scripted_server(*says) as server, pytest.raises(NotSent, match=r"refuses luis@contoso\.example"):
        send(server.port, MARIA, "luis@contoso.example")

    assert not any(line.upper().startswith(b"DATA") for line in server.heard)


def test_a_server_that_answers_a_letter_at_a_time_is_not_waited_for():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        began = time.monotonic()

        def drip():
            connection, _ = listener.accept()
            with connection:
                try:
                    while time.monotonic() - began < 10:
                        connection.sendall(b"2")
                        time.sleep(0.05)
                except OSError:
                    return

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        with pytest.raises(NotSent):
            send(port, TIMEOUT="0.1")
        assert time.monotonic() - began < 3
        thread.join(5)


def test_nobody_listens_and_no_such_name():
    with pytest.raises(NotSent, match="no mail server listens there"):
        send(nobody())
    with pytest.raises(NotSent, match=r"no-such-host\.invalid:25 is a name that no name server knows"):
        send(25, HOST="no-such-host.invalid")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """The files of a certificate of 127.0.0.1 that signs itself."""
    made = tmp_path_factory.mktemp("tls")
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
            "-keyout", made / "key.pem", "-out", made / "cert.pem",
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return made


@pytest.fixture
def context(certificate):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    return made


def authenticator(_server, _session, _envelope, _mechanism, data):
    return aiosmtpd.AuthResult(success=data.password == b"secret", handled=False)


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize(("security", "option"), [("starttls", "tls_context"), ("tls", "ssl_context")])
def test_a_password_goes_over_a_secure_line(monkeypatch, certificate, context, security, option):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert.pem"))
    options = {option: context, "authenticator": authenticator, "auth_required": True}
    options |= {
        "auth_require_tls": security == "starttls"
    }  # aiosmtpd takes no line for secure from the start
    who = {"SECURITY": security, "USER": "ana", "TIMEOUT": "5"}
    with mail_server(options=options) as server:
        send(server.port, PASSWORD="secret", **who)
        with pytest.raises(NotSent, match="refuses the user or the password: 535"):
            send(server.port, PASSWORD="guess", **who)

    assert len(server.mails) == 1


def test_a_certificate_that_nobody_signed_is_not_trusted(monkeypatch, context):
    distrusted = pytest.raises(NotSent, match="certificate that can't be trusted: self-signed certificate")
    with mail_server(options={"tls_context": context}) as server, distrusted:
        send(server.port, SECURITY="starttls", TIMEOUT="5")

    assert not server.mails


def test_a_server_without_starttls_gets_nothing_in_the_clear():
    with mail_server() as server:
        with pytest.raises(NotSent, match="offers no STARTTLS"):
            send(server.port, SECURITY="starttls")
        with pytest.raises(NotSent, match="speaks no TLS there"):
            send(server.port, SECURITY="tls", TIMEOUT="5")

    assert not server.mails


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"PIPECLI_SMTP_HOST": ""}, "PIPECLI_SMTP_HOST is not set"),
        ({"PIPECLI_SMTP_PORT": "smtp"}, 'PIPECLI_SMTP_PORT: "smtp" isn\'t a port'),
        ({"PIPECLI_SMTP_PORT": "99999"}, "isn't a port"),
        ({"PIPECLI_SMTP_SECURITY": "ssl"}, '"ssl" must be one of starttls, tls, none'),
        ({"PIPECLI_SMTP_TIMEOUT": "0"}, "isn't a number of seconds"),
        (
            {"PIPECLI_SMTP_USER": "ana", "PIPECLI_SMTP_SECURITY": "none"},
            "would send the password in the clear",
        ),
    ],
)
def test_settings_that_cannot_be_are_refused(said, reason):
    with pytest.raises(PipecliError, match=reason):
        server_of({"PIPECLI_SMTP_HOST": "smtp.contoso.example"} | said)


@pytest.mark.parametrize(("security", "port"), [("", 587), ("starttls", 587), ("tls", 465), ("none", 25)])
def test_the_port_follows_from_the_security(security, port):
    said = {"PIPECLI_SMTP_HOST": "smtp.contoso.example", "PIPECLI_SMTP_SECURITY": security}

    assert server_of(said).port == port


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("maria@coffee.example", "maria@coffee.example"),
        ("María <maria.lopez+x@coffee.example>", "maria.lopez+x@coffee.example"),
        (" maria@cafés.example ", "maria@xn--cafs-dpa.example"),
        ("root@localhost", "root@localhost"),
    ],
)
def test_an_address(text, bare):
    assert address_of(text, "--to") == bare


@pytest.mark.parametrize(
    "text",
    [
        "", "maria", "@coffee.example", "maria@", "a b@coffee.example",
        "maria@coffee.example\nBcc: a@x.example", "maria@coffee.example\r\nRCPT TO:<x@y.example>",
        "María <maria@coffee.example\n>", "a@b@c.example",
        "maria@-coffee.example", "maria@coffee..example", "maría@coffee.example", "a,b@coffee.example",
        "x" * 250 + "@coffee.example", "maria@cof\u2024fee.example\x00",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(text):
    with pytest.raises(PipecliError, match=r"--to: .* isn't an e-mail address") as refusal:
        address_of(text, "--to")
    assert "\n" not in str(refusal.value)
