"""Mailboxes as they are found: what is read of each mail, what is left out and why, in how much memory."""

from __future__ import annotations

import os
import tracemalloc
from datetime import UTC, datetime

import pytest

from pipecli.errors import PipecliError
from pipecli.inbox.mail import message
from pipecli.inbox.mail.inbox_import import read_mails, time_of
from pipecli.inbox.mail.mailbox_files import LeftOut, mail_files, raw_messages
from pipecli.inbox.mail.message import Moment, Person, mail_of
from tests.steps import steps

MAIL = """\
From: =?utf-8?Q?Mar=C3=ADa_L=C3=B3pez?= <maria@coffee.example>
To: Ana Ruiz <ana@contoso.example>
Subject: Price
Date: Mon, 2 Nov 2026 10:00:00 +0100
Message-ID: <1@coffee.example>

How much is it?
"""
ENVELOPE = "From maria@coffee.example Mon Nov  2 09:00:01 2026\n"


def found(folder):
    """The names of the files in a folder that are read, and those left out with their reasons."""
    files = list(mail_files(folder))
    read = [str(each.relative_to(folder)) for each in files if not isinstance(each, LeftOut)]
    out = {os.path.relpath(each.file, folder): each.reason for each in files if isinstance(each, LeftOut)}
    return read, out


def read(path, text, *, body=0):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(raw_messages(path, body=body))


def mail(tmp_path, text):
    (raw_message,) = read(tmp_path / "mail.eml", text)
    return mail_of(raw_message)


def test_a_maildir_gives_what_was_delivered_and_no_drafts(tmp_path):
    for name in ("cur/1.host:2,S", "cur/2.host:2,DS", "new/3.host", "tmp/4.host", ".Sent/cur/5.host:2,S"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(MAIL)
    (tmp_path / ".Sent" / "new").mkdir()
    (tmp_path / "dovecot-uidlist").write_text("3 V1 N1\n")

    files, left_out = found(tmp_path)

    assert files == [".Sent/cur/5.host:2,S", "cur/1.host:2,S", "new/3.host"]
    assert left_out == {"cur/2.host:2,DS": "a draft, never sent"}


def test_links_are_not_followed_and_pipes_not_waited_for(tmp_path):
    box = tmp_path / "box"
    (box / "cur").mkdir(parents=True)
    (box / "new").mkdir()
    secret = tmp_path / "secret.eml"
    secret.write_text(MAIL)
    (box / "cur" / "out").symlink_to(secret)
    (box / "round").symlink_to(box)
    os.mkfifo(box / "new" / "pipe")

    files, left_out = found(box)

    assert files == []
    assert set(left_out) == {"cur/out", "round", "new/pipe"}
    assert "link" in left_out["cur/out"]
    assert "pipe" in left_out["new/pipe"]


def test_what_is_not_there_is_refused(tmp_path):
    with pytest.raises(PipecliError, match="does not exist"):
        list(mail_files(tmp_path / "nothing"))


def test_hidden_files_of_a_plain_folder_are_no_mail(tmp_path):
    (tmp_path / ".DS_Store").write_text("x")
    (tmp_path / "a.eml").write_text(MAIL)

    assert found(tmp_path) == (["a.eml"], {})


def test_a_mail_is_read(tmp_path):
    read_mail = mail(tmp_path, MAIL.replace("\n", "\r\n"))

    assert read_mail.sender == (Person("María López", "maria@coffee.example"),)
    assert read_mail.to == (Person("Ana Ruiz", "ana@contoso.example"),)
    assert read_mail.subject == "Price"
    assert read_mail.message_id == "<1@coffee.example>"
    assert read_mail.moments[0] == Moment(datetime(2026, 11, 2, 9, tzinfo=UTC), "Date")


def test_an_mbox_is_split_at_its_from_lines_only(tmp_path):
    said = "\nFrom here on it gets cheaper: 10:30 is the time in 2026\n\nFrom: a quotation\n\n>From me\n\n"
    box = ENVELOPE + MAIL + said + ENVELOPE + MAIL.replace("<1@", "<2@")

    first, second = read(tmp_path / "box", box, body=1000)

    assert (first.message_id, second.message_id) == ("<1@coffee.example>", "<2@coffee.example>")
    assert "From here on" in first.body.decode()
    assert second.place == f"{tmp_path}/box:{box[: box.rindex(ENVELOPE)].count(chr(10)) + 1}"


def test_a_from_line_without_a_blank_line_or_a_time_still_begins_a_mail(tmp_path):
    box = ENVELOPE + MAIL + ENVELOPE + MAIL.replace("<1@", "<2@") + "\nFrom -\n" + MAIL.replace("<1@", "<3@")

    ids = [each.message_id for each in read(tmp_path / "box", box)]

    assert ids == ["<1@coffee.example>", "<2@coffee.example>", "<3@coffee.example>"]


def test_a_mangled_from_line_is_told(tmp_path):
    box = ENVELOPE + MAIL + "\n>" + ENVELOPE + MAIL.replace("<1@", "<2@")

    told, one = read(tmp_path / "box", box)

    assert isinstance(told, LeftOut)
    assert told.file == f"{tmp_path}/box:10"
    assert "mangled" in told.reason
    assert one.message_id == "<1@coffee.example>"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty"),
        (b"\n\n", "it is empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(1000), "it isn't an e-mail: it has no headers"),
        (b"\xd0\xcf\x11\xe0" + bytes(1000), "it is a file of Outlook, no mail; save the mail as .eml there"),
        (b"just a note\nof two lines\n", "it isn't an e-mail: it has no headers"),
        (b"From: a@b.example\nX: " + b"y" * (2 << 20), "headers of more than 1 MB"),
    ],
)
def test_what_is_no_mail_is_told(tmp_path, content, reason):
    (told,) = read(tmp_path / "file", content)

    assert told == LeftOut(f"{tmp_path}/file", reason)


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    (told,) = raw_messages(tmp_path)

    assert told == LeftOut(str(tmp_path), "is a directory")


def test_without_a_message_id_the_content_tells_whatever_mailbox_it_lies_in(tmp_path):
    bare = MAIL.replace("Message-ID: <1@coffee.example>\n", "") + "\nFrom now on\n"
    quoted = bare.replace("\nFrom now", "\n>From now")

    (alone,) = read(tmp_path / "a.eml", bare)
    (windows,) = read(tmp_path / "b.eml", bare.replace("\n", "\r\n"))
    (boxed,) = read(tmp_path / "box", ENVELOPE + quoted + "\n")
    (other,) = read(tmp_path / "c.eml", bare.replace("now on", "now off"))

    assert alone.message_id.endswith("@content.pipecli>")
    assert alone.message_id == windows.message_id == boxed.message_id
    assert other.message_id != alone.message_id


@pytest.mark.parametrize(
    ("header", "subject"),
    [
        ("Subject: caf\udce9".encode("ascii", "surrogateescape"), "café"),
        ("Subject: پیشنهاد".encode(), "پیشنهاد"),
        (b"Subject: =?utf-8?B?UHJl?=\r\n =?utf-8?B?Y2lv?=", "Precio"),
        (b"Subject: =?utf-8?Q?a=C3?= =?utf-8?Q?=A1b?=", "aáb"),
        (b"Subject: =?x-nobody?Q?caf=E9?=", "café"),
        (b"Subject: =?undefined?Q?caf=E9?=", "café"),
        (b"Subject: =?utf-8?B?not base64!?=", "=?utf-8?B?not base64!?="),
        (b"Subject: =?utf-8?Q?unfinished", "=?utf-8?Q?unfinished"),
        (b"Subject: =?utf-8?Q?Hi=0D=0ABcc:_all@contoso.example?=", "Hi Bcc: all@contoso.example"),
        (b"Subject: Hi\r\n\tthere", "Hi there"),
        (b"Subject: Hi\rX-More: yes", "Hi X-More: yes"),
        (b"Subject: \xe2\x80\xaeevil\x00\x07", "evil"),
        (b"Subject: " + b"x" * 2000, "x" * 500),
        (b"X-Subject: none", "(no subject)"),
    ],
)
def test_a_subject_is_one_line_whatever_was_done_to_it(tmp_path, header, subject):
    content = MAIL.encode().replace(b"Subject: Price", header)

    assert mail(tmp_path, content).subject == subject


def test_what_stands_among_the_headers_and_is_none_takes_nothing_with_it(tmp_path):
    broken = MAIL.replace("Subject:", "this isn't a header\n and this goes on\nSubject:")

    assert mail(tmp_path, broken).message_id == "<1@coffee.example>"


def test_thousands_of_recipients_are_read(tmp_path):
    crowd = ",\n ".join(f"Buyer {number} <buyer{number}@crowd.example>" for number in range(5000))

    assert len(mail(tmp_path, MAIL.replace("Ana Ruiz <ana@contoso.example>", crowd)).to) == 5000


def test_addresses_in_bad_shape_are_left_out(tmp_path):
    bad = "nobody, <>, a b@c.example, ((((, undisclosed-recipients:;, Luis <luis@contoso.example>"

    people = mail(tmp_path, MAIL.replace("Ana Ruiz <ana@contoso.example>", bad)).to

    assert people[-1].email == "luis@contoso.example"
    assert all("@" in each.email and " " not in each.email for each in people)


def test_brackets_in_brackets_do_not_end_the_run(tmp_path):
    deep = MAIL.replace("To: Ana Ruiz", "To: " + "(" * 5000 + "Ana")

    assert mail(tmp_path, deep).to[0].email == "ana@contoso.example"


@pytest.mark.parametrize(
    ("header", "is_automatic"),
    [
        ("Auto-Submitted: auto-replied", True),
        ("Auto-Submitted: no", False),
        ("Precedence: bulk", True),
        ("Precedence: list", False),
        (
            "List-Unsubscribe: <https://shop.example/u>\nList-Unsubscribe-Post: List-Unsubscribe=One-Click",
            True,
        ),
        ("List-Unsubscribe: <mailto:leave@group.example>", False),
        ("Return-Path: <>", True),
        ("Content-Type: multipart/report; report-type=delivery-status", True),
        ("X-Nothing: of note", False),
    ],
)
def test_what_a_program_wrote_is_known(tmp_path, header, is_automatic):
    assert mail(tmp_path, f"{header}\n{MAIL}").is_automatic is is_automatic


@pytest.mark.parametrize(
    ("sender", "is_nobody"),
    [
        ("no-reply@shop.example", True),
        ("sc-noreply@host.example", True),
        ("DoNotReply+7@host.example", True),
        ("MAILER-DAEMON@host.example", True),
        ("noreplyson@shop.example", False),
        ("reply@shop.example", False),
    ],
)
def test_an_address_that_nobody_reads_is_a_programs_and_a_form_has_its_writer(tmp_path, sender, is_nobody):
    sent = MAIL.replace("From:", f"From: {sender}\nX-Was:")
    assert (found := mail(tmp_path, sent)).is_automatic is is_nobody
    assert found.sender[0].email == sender
    written = mail(tmp_path, f"Reply-To: Kim <kim@wing.example>\n{sent}")
    assert not written.is_automatic
    assert written.sender[0].email == ("kim@wing.example" if is_nobody else sender)


def test_an_answer_may_name_what_it_answers_without_its_brackets(tmp_path):
    assert mail(tmp_path, f"In-Reply-To: a.7@box.example\n{MAIL}").references == ("<a.7@box.example>",)
    said = "In-Reply-To: Your message of Monday, maria@box.example <b@box.example>\n"
    assert mail(tmp_path, said + MAIL).references == ("<b@box.example>",)


NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def moments(*said, file="2026-11-20T08:00"):
    said_at = [Moment(datetime.fromisoformat(at).replace(tzinfo=UTC), source) for at, source in said]
    return [*said_at, Moment(datetime.fromisoformat(file).replace(tzinfo=UTC), "its file")]


@pytest.mark.parametrize(
    ("candidates", "source"),
    [
        (moments(("2026-11-02T09:00", "Date"), ("2026-11-02T09:01", "Received")), "Date"),
        (moments(("2026-11-21T23:00", "Date")), "Date"),
        (moments(("2099-01-01T00:00", "Date"), ("2026-11-02T09:01", "Received")), "Received"),
        (moments(("1900-01-01T00:00", "Date"), ("2026-11-02T09:01", "the mbox")), "the mbox"),
        (moments(("2026-11-22T00:00", "Date")), "its file"),
        (moments(), "its file"),
        (moments(file="2030-01-01T00:00"), "now"),
    ],
)
def test_the_first_time_that_can_be_is_taken(candidates, source):
    taken = time_of(candidates, NOW)

    assert taken.source == source
    assert taken.at <= datetime(2026, 11, 21, 23, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    "date", ["", "yesterday", "Mon, 99 Foo 2026 10:00:00", "Mon, 2 Nov 2026 10:00 +9999"]
)
def test_a_date_that_is_none_leaves_the_other_times(tmp_path, date):
    text = MAIL.replace("Mon, 2 Nov 2026 10:00:00 +0100", date)
    received = "Received: from a by b;\n Mon, 2 Nov 2026 10:00:03 +0100\n"

    (raw_message,) = read(tmp_path / "box", ENVELOPE + received + text)

    assert [each.source for each in mail_of(raw_message).moments] == ["Received", "the mbox", "its file"]


def text_of(tmp_path, head, body):
    (raw_message,) = read(tmp_path / "mail.eml", head + b"\n\n" + body, body=message.READ)
    return message.mail_text(raw_message)


def test_the_plain_text_of_a_mail(tmp_path):
    parts = (
        b"--x\nContent-Type: text/html\n\n<p>Hello</p>\n"
        b"--x\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\n"
        b"Caf=E9,  please\n\n\n\nMar=EDa\n--x--\n"
    )

    said = text_of(tmp_path, b"Message-ID: <1@a>\nContent-Type: multipart/alternative; boundary=x", parts)

    assert said == "Café, please\n\nMaría"


def test_the_text_of_a_page_is_without_its_markup(tmp_path):
    page = b"<style>p {}</style><p>Two &amp; three</p><script>run()</script><div>Four</div>"

    assert text_of(tmp_path, b"Message-ID: <1@a>\nContent-Type: text/html", page) == "Two & three\nFour"


def test_a_page_of_what_never_ends_is_read_in_one_go(tmp_path):
    """Each of 60,000 comments was looked for to the end of the page: half a minute."""
    head = b"Message-ID: <1@a>\nContent-Type: text/html"
    for part, shown in (
        (b"<!--", "Two"),
        (b"<!--<p>", "Two"),
        (b"</x", "Two"),
        (b"<!-->x", "Two" + 40 * "x"),
    ):
        assert (
            text_of(tmp_path, head, b"Two<!-- 3 > 2 -->" + (40 if b"x" in part else 60_000) * part) == shown
        )


@pytest.mark.parametrize(
    ("field", "body", "why"),
    [
        ("text/plain" + ";a=b" * 5000, "", "a field of its parts has 20,024 bytes"),
        (
            "multipart/mixed; boundary=b",
            "--b\nContent-ID: x\n\n\n" * 4000,
            "its parts have more than 4,000 fields",
        ),
    ],
)
def test_a_mail_whose_parts_have_no_end_is_left_out_and_named(tmp_path, field, body, why):
    (tmp_path / "a.eml").write_text(MAIL.replace("Subject", f"Content-Type: {field}\nSubject") + body)
    mails, told = read_mails([tmp_path / "a.eml"], bodies=True)
    assert (mails, told.left_out) == ([], [LeftOut(f"{tmp_path}/a.eml", why)])


def test_a_text_is_bounded(tmp_path):
    said = text_of(tmp_path, b"Message-ID: <1@a>", b"word " * 10_000)

    assert len(said) <= message.LONGEST + 2
    assert said.endswith(" …")


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Type: multipart/mixed; boundary=x",
        b"Content-Type: text/plain; charset=no-such",
        b"Content-Type: text/plain\nContent-Transfer-Encoding: base64",
        b"Content-Type: ;;;",
        b"Content-Type: multipart/mixed",
    ],
)
def test_broken_mime_gives_a_text_or_none(tmp_path, head):
    assert isinstance(text_of(tmp_path, b"Message-ID: <1@a>\n" + head, b"--x\n\xff\xfe Hello"), str)


def test_the_charset_of_hosts_names_is_none_of_a_text(tmp_path):
    """Python takes 20 s for 300 kB of it, and four times that for twice as many."""
    head = b"Message-ID: <1@a>\nContent-Type: text/plain; charset=PunyCode"
    half = 10_000
    texts = []
    took = steps(lambda: texts.append(text_of(tmp_path, head, b"x" * half + b"-" + b"a" * half)))
    assert texts[0].startswith("xx")
    assert took < half


def test_parts_in_parts_do_not_end_the_run(tmp_path):
    deep = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (level, level) for level in range(200)
    )
    head, _, body = deep.partition(b"\n\n")

    assert text_of(tmp_path, b"Message-ID: <1@a>\n" + head, body) == ""


def test_a_large_attachment_is_not_held(tmp_path):
    box = tmp_path / "box"
    with box.open("wb") as handle:
        handle.write((ENVELOPE + MAIL.replace("Message-ID: <1@coffee.example>\n", "")).encode())
        for _ in range(50):
            handle.write(b"A" * (1 << 20) + b"\n")
        handle.write(f"\n{ENVELOPE}{MAIL}".encode())

    tracemalloc.start()
    found = list(raw_messages(box, body=message.READ))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert [each.message_id.partition("@")[2] for each in found] == ["content.pipecli>", "coffee.example>"]
    assert peak < 3 << 20
