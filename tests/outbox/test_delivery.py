"""Delivery: by real servers on loopback, and by servers that refuse, hang or die half-way."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

import pytest

from pipecli.errors import PipecliError
from pipecli.harmless_text import message_line
from pipecli.outbox.channels import Address, Courier, without_secrets
from pipecli.reports.today_and_followups import Message
from tests.servers import Hooks, Mails, bad_mail_server, mail_server, mail_url, nobody, web_server

# apprise looks for a module that Python 3.13 has no more.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr':DeprecationWarning")

MESSAGE = Message("Won: Espresso, 5,000.00 EUR", "OPP-2Q8XA Espresso\nby Ana Ruiz")


@pytest.fixture(scope="module")
def mails() -> Iterator[Mails]:
    with mail_server(refused="gone@contoso.example") as made:
        yield made


@pytest.fixture(scope="module")
def hooks() -> Iterator[Hooks]:
    with web_server() as made:
        yield made


def send(url: str, message: Message = MESSAGE, longest: float = 10) -> str:
    return Courier(print, longest).send(Address("sales", url), message)


def test_a_message_comes_by_mail_as_plain_text(mails: Mails) -> None:
    said = send(mails.url(), Message("Ganado: café → 5 €", "línea 1\n.\n<b>línea 2</b>"))

    mail = mails.taken.pop()
    assert said == ""
    assert (mail["Subject"], mail["To"], mail["From"]) == (
        "Ganado: café → 5 €", "ana@contoso.example", "crm@contoso.example",
    )  # fmt: skip
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content().splitlines() == ["línea 1", ".", "<b>línea 2</b>"]


def test_a_message_comes_to_a_web_hook_as_it_is(hooks: Hooks) -> None:
    assert send(hooks.url("s3cret")) == ""

    (posted,) = hooks.taken
    assert (posted["title"], posted["message"], posted["path"]) == (*MESSAGE, "s3cret")


def test_a_line_break_in_a_title_adds_no_header(mails: Mails) -> None:
    evil = "Espresso\r\nBcc: evil@example.com\r\n\r\nbuy"

    assert send(mails.url(), Message(evil, "body")) == ""

    mail = mails.taken.pop()
    assert mail["Bcc"] is None
    assert mail["Subject"] == "Espresso Bcc: evil@example.com buy"
    assert mail.get_content().strip() == "body"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\r\nBcc: b@c.example", "a Bcc: b@c.example"),
        ("a\u2028b\x1b[31m\u202ec", "a b [31m c"),
        ("@everyone x@here.example (@ana)", "@\u200beveryone x@\u200bhere.example (@\u200bana)"),
        ("<!channel> <@U123> 1 < 2", "<\u200b!channel> <\u200b@\u200bU123> 1 < 2"),
        ("[pay](http://evil.example)", "[pay]\u200b(http://evil.example)"),
        ("نمی\u200cشود 👩\u200d💻", "نمی\u200cشود 👩\u200d💻"),
        ("x" * 500, "x" * 199 + "…"),
    ],
)
def test_a_strangers_text_is_one_line_that_calls_nobody(text: str, shown: str) -> None:
    assert message_line(text) == shown


def test_a_server_that_hangs_costs_a_bounded_time() -> None:
    with bad_mail_server([]) as port:
        begun = time.monotonic()
        said = send(mail_url(port), longest=0.4)

    assert said.startswith("no answer within")
    assert time.monotonic() - begun < 4


@pytest.mark.parametrize(
    "answers",
    [
        ["220 hello"],
        ["220 hello", "250 mail", "250 sender", "250 recipient"],
        ["220 hello", "250 mail", "250 sender", "250 recipient", "354 go on"],
        ["554 no"],
        ["220 hello", "250 mail", "550 not you"],
    ],
)
def test_a_server_that_refuses_or_dies_half_way_is_a_failure(answers: list[str]) -> None:
    with bad_mail_server(answers) as port:
        assert send(mail_url(port)) != ""


def test_what_went_wrong_is_said(mails: Mails, hooks: Hooks) -> None:
    hooks.status.append(500)
    try:
        assert "error=500" in send(hooks.url("s3cret"))
    finally:
        hooks.status.clear()
    assert "Connection refused" in send(mail_url(nobody()))
    assert "no such user" in send(mails.url("gone@contoso.example"))
    assert send("nosuch://x") == "its address isn't one that apprise knows"


def test_what_some_of_an_address_got_is_delivered_and_said(
    mails: Mails, capsys: pytest.CaptureFixture[str]
) -> None:
    """One cc that is refused sent the rest of them the same with each run."""
    ana, gone = "ana@contoso.example", "gone@contoso.example"
    for url in (f"{mails.url()}&cc={gone}", mails.url(f"{ana},{gone}")):
        assert send(url) == ""
        said = capsys.readouterr().out
        assert said.startswith("the channel sales brought it to some, and not to all: ")
        assert [mails.taken.pop()["To"], *mails.taken] == [ana]


def test_an_address_that_failed_is_left_alone_for_the_rest_of_a_run(hooks: Hooks) -> None:
    courier, address = Courier(print), Address("sales", hooks.url("again"))
    hooks.status.append(500)
    first = courier.send(address, MESSAGE)
    hooks.status.clear()

    assert courier.send(address, MESSAGE) == first != ""
    assert courier.send(Address("sales", hooks.url("other")), MESSAGE) == ""
    assert [each["path"] for each in hooks.taken if each["path"] in ("again", "other")] == ["other"]
    assert send(address.url) == ""


def test_nothing_of_an_address_is_said_but_the_name_of_a_server() -> None:
    url = "mailto://anna:hunter22@smtp.example.com:587/?to=boss@x.example&token=abcdef%2F123"
    said = "login anna hunter22 at smtp.example.com for boss@x.example failed (abcdef/123)"

    assert without_secrets(said, url) == "login … … at smtp.example.com for …@… failed (…/123)"
    assert "T1JJ3T3L2" not in without_secrets("no T1JJ3T3L2\n", "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdn")


def test_apprise_prints_nothing_itself(capfd: pytest.CaptureFixture[str]) -> None:
    send(f"json://127.0.0.1:{nobody()}/s3cret")

    assert capfd.readouterr() == ("", "")


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)

    with pytest.raises(PipecliError) as refused:
        Courier(print)

    assert 'install "pipecli-crm[notify]"' in str(refused.value)
