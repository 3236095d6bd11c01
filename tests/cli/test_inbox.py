"""`inbox import`: real mailboxes on deals and leads; each mail once, and what has no place is listed."""

from __future__ import annotations

import mailbox
import os
import subprocess
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest

from pipecli.inbox.mail import message
from pipecli.inbox.mail.inbox_import import outcome_of_mails
from pipecli.json_and_csv import loads
from tests.records_given import DEAL

pytestmark = pytest.mark.usefixtures("people")

OPP, OTHER, WON, LEAD = "OPP-2Q8XA", "OPP-3R9YB", "OPP-4S0ZC", "LEAD-7K3M9"
ANA, MARIA = "Ana Ruiz <ana@contoso.example>", "María López <maria@coffee.example>"
BOB = "Bob <bob@tea.example>"
FRIDAY = "Fri, 20 Nov 2026 10:00:00 +0100"
PEOPLE = {
    "contacts/maria-lopez.yaml": """\
id: maria-lopez
name: María López
customer: contoso-coffee
emails: [Maria@Coffee.example]
""",
    "leads/2026/LEAD-7K3M9-tea.yaml": """\
id: LEAD-7K3M9
created: 2026-11-19T10:00:00+01:00
status: new # since the fair
organization: Tea
email: bob@tea.example
owner: ana-ruiz
""",
}
SECOND = """\
id: {id}
created: 2026-11-02T10:00:00+01:00
title: Grinders
type: sales
customer: contoso-coffee
process: standard
stage: qualify
status: {status}
currency: EUR
{more}"""
STAKE = "contacts:\n- contact: maria-lopez\n"
CLOSED = "closed:\n  date: 2026-11-15\n  amount: 10.00\n"


@pytest.fixture
def people(shop, given):
    """The shop, whose María has an address, and a new lead."""
    given(PEOPLE)


@pytest.fixture
def box(tmp_path):
    """Write a mail into a folder of mails; returns the folder."""
    folder = tmp_path / "boxes" / "box"
    folder.mkdir(parents=True)

    def write(sender, to, subject="Price", *, at=FRIDAY, id="", more="", body="Hi"):
        number = len(list(folder.iterdir()))
        head = f"From: {sender}\nTo: {to}\nSubject: {subject}\n"
        head += f"Date: {at}\n" if at else ""
        head += f"Message-ID: <{id or number}@box.example>\n{more}"
        (folder / f"{number}.eml").write_text(f"{head}\n{body}\n", encoding="utf-8")
        return folder

    return write


@pytest.fixture
def take(cli):
    """Import a folder or file; what JSON says of it."""

    def call(path, *options, code=0):
        return loads(cli("inbox", "import", str(path), *options, "--format", "json", code=code).out)

    return call


def activities(cli, key, noun="opp"):
    return loads(cli(noun, "show", key, "--format", "json").out).get("activities", [])


def test_a_mail_becomes_an_activity_of_the_deal_in_one_commit(cli, box, git, root):
    box(MARIA, ANA, "Re: =?utf-8?Q?M=C3=A1quinas?=")
    folder = box(ANA, MARIA, "Offer", at="Fri, 20 Nov 2026 09:30:00 -0500")
    before = git("rev-parse", "HEAD")

    said = cli("inbox", "import", str(folder))

    assert said.out == ("2 mails in 2 files\n        2 recorded\non\n        2 OPP-2Q8XA Espresso machines\n")
    assert git("rev-parse", "HEAD~") == before
    assert git("show", "--name-only", "--format=%s", "HEAD").split("\n\n") == [f"{OPP}: 2 mails", DEAL]
    assert "Pipecli-Event: mail-recorded" in git("log", "-1", "--format=%B")
    came, went = activities(cli, OPP)
    assert {key: value for key, value in came.items() if key != "id"} == {
        "type": "email",
        "at": "2026-11-20T10:00:00+01:00",
        "subject": "Re: Máquinas",
        "by": "ana-ruiz",
        "direction": "in",
        "done": True,
        "contact": "maria-lopez",
        "message_id": "<0@box.example>",
    }
    assert (went["direction"], went["at"]) == ("out", "2026-11-20T15:30:00+01:00")
    assert "# two, for the two counters" in (root / DEAL).read_text()
    assert cli("check").out == ""


def test_files_that_a_mail_carries_lie_beside_its_deal(cli, box, take, git, root):
    folder = box(BOB.replace("tea", "nowhere"), ANA)
    cli("settings", "set", "attachments.largest=100")
    for number, (sender, files) in enumerate(
        (
            (MARIA, (("../../Plan ñ.PDF", b"plan"), ("large.bin", b"x" * 101), ("plan.pdf", b"other"))),
            (MARIA, (("again.pdf", b"plan"),)),
            ("Eve <eve@nowhere.example>", (("virus.exe", b"MZ"),)),
            (MARIA, (("half.bin", b"x" * 5000),)),
        )
    ):
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Date"] = sender, ANA, FRIDAY
        mail["Message-ID"] = f"<files{number}@box.example>"
        mail.set_content("See these")
        mail.add_related(b"GIF89a", "image", "gif", filename="logo.gif", disposition="inline")
        for name, content in files:
            mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
        (folder / f"files{number}.eml").write_bytes(mail.as_bytes())

    def moved(*arguments, **options):
        (folder / "files1.eml").rename(folder.parent / "files1.eml")
        return outcome_of_mails(*arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipecli.cli.data.inbox.outcome_of_mails", moved)
        said = cli("inbox", "import", str(folder), "--attachments", code=1).err
        assert "files1.eml: it was moved or changed while it was read; nothing is changed" in said
    (folder.parent / "files1.eml").rename(folder / "files1.eml")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(message, "WHOLE", 4096)
        said = cli("inbox", "import", str(folder), "--attachments")
    assert "2 attachments kept" in said.err and "large.bin has 101 bytes" in said.err
    assert "files3.eml: larger than 0 MB: attach its files yourself" in said.err
    listed = loads(cli("attachments", OPP, "--format", "json").out)
    assert [(one["name"], (root / one["file"]).read_bytes()) for one in listed] == [
        ("Plan ñ.PDF", b"plan"),
        ("plan.pdf", b"other"),
    ]
    assert git("status", "--porcelain") == "" and not list(root.glob("attachments/**/*exe*"))
    assert "kept" not in cli("inbox", "import", str(folder), "--attachments").err
    assert cli("check").code == 0


def test_a_second_run_adds_nothing(cli, take, box, git):
    folder = box(MARIA, ANA)
    (folder / "no-id.eml").write_text("From: maria@coffee.example\nTo: ana@contoso.example\n\nHello\n")
    first = take(folder)
    head = git("rev-parse", "HEAD")

    again = take(folder)

    assert len(first["recorded"]) == 2
    assert (again["recorded"], again["already_recorded"], again["commit"]) == ([], 2, None)
    assert again["already_on"] == sorted({row["record"] for row in first["recorded"]})
    assert (git("rev-parse", "HEAD"), git("status", "--porcelain")) == (head, "")


def test_the_same_mail_in_every_kind_of_mailbox_is_recorded_once(take, box):
    folder = box(MARIA, ANA, id="same")
    boxes = folder.parent
    text = (folder / "0.eml").read_bytes()
    mbox = mailbox.mbox(boxes / "all.mbox")
    mbox.add(text)
    mbox.add(text.replace(b"<same@", b"<other@"))
    mbox.close()
    maildir = mailbox.Maildir(boxes / "Maildir")
    maildir.add(text)

    told = take(folder)
    assert len(told["recorded"]) == 1
    told = take(boxes / "all.mbox")
    assert [row["message_id"] for row in told["recorded"]] == ["<other@box.example>"]
    assert take(boxes / "Maildir")["already_recorded"] == 1
    assert take(boxes)["already_recorded"] == 4


def test_a_thread_finds_its_deal_whoever_writes_and_in_whatever_order_it_is_read(cli, take, box):
    box("Boss <boss@elsewhere.example>", ANA, at="Fri, 20 Nov 2026 08:00:00 +0100",
        id="c", more="References: <a@box.example> <b@box.example>\n")  # fmt: skip
    box(ANA, "boss@elsewhere.example", id="b", more="In-Reply-To: <a@box.example>\n")
    folder = box(MARIA, ANA, at="Fri, 20 Nov 2026 11:00:00 +0100", id="a")

    told = take(folder)

    assert {row["message_id"]: row["record"] for row in told["recorded"]} == {
        f"<{raw_message}@box.example>": OPP for raw_message in "abc"
    }
    assert [each.get("contact") for each in activities(cli, OPP)] == [None, None, "maria-lopez"]


def test_several_open_deals_are_told_and_nothing_is_guessed(cli, take, box, given, git):
    given({"opportunities/2026/OPP-3R9YB.yaml": SECOND.format(id=OTHER, status="open", more=STAKE)})
    folder = box(MARIA, ANA)
    head = git("rev-parse", "HEAD")

    told = take(folder)
    assert told["recorded"] == []
    (row,) = told["ambiguous"]
    assert (row["candidates"], row["why"]) == ([OPP, OTHER], "2 deals")
    said = cli("inbox", "import", str(folder))
    assert "2 deals: OPP-2Q8XA, OPP-3R9YB" in said.out
    assert "--on REF" in said.out
    assert git("rev-parse", "HEAD") == head

    assert take(folder, "--on", "3r9")["recorded"][0]["record"] == OTHER
    assert take(folder)["already_recorded"] == 1


def test_a_part_in_one_of_the_customers_deals_decides(take, box, given):
    given({"opportunities/2026/OPP-3R9YB.yaml": SECOND.format(id=OTHER, status="open", more="")})

    assert take(box(MARIA, ANA))["recorded"][0]["record"] == OPP


def test_what_came_before_a_deal_was_won_could_be_about_it(take, box, given):
    given({"opportunities/2026/OPP-4S0ZC.yaml": SECOND.format(id=WON, status="won", more=STAKE + CLOSED)})
    box(MARIA, ANA, at="Tue, 10 Nov 2026 10:00:00 +0100")
    folder = box(MARIA, ANA, at="Tue, 17 Nov 2026 10:00:00 +0100")

    told = take(folder)

    assert [row["candidates"] for row in told["ambiguous"]] == [[OPP, WON]]
    assert [row["record"] for row in told["recorded"]] == [OPP]


def test_an_answer_to_a_closed_deal_is_recorded_there_and_told(cli, box, take):
    take(box(MARIA, ANA, id="a"))
    cli("opp", "lost", OPP, "--reason", "price")

    said = cli("inbox", "import", str(box(MARIA, ANA, id="b", more="In-Reply-To: <a@box.example>\n")))

    assert "1 OPP-2Q8XA Espresso machines (lost)" in said.out


def test_a_mail_much_older_than_the_deal_is_not_taken_for_it(take, box):
    told = take(box(MARIA, ANA, at="Mon, 1 Jun 2026 10:00:00 +0200"))

    assert [row["why"] for row in told["ambiguous"]] == ["more than 90 days older than OPP-2Q8XA"]


def test_a_lead_that_is_written_to_opens_and_one_that_answers_has_replied(cli, take, box, root):
    take(box(ANA, BOB))
    assert loads(cli("lead", "show", LEAD, "--format", "json").out)["status"] == "open"

    take(box(BOB, ANA, at="Fri, 20 Nov 2026 12:00:00 +0100"))

    lead = loads(cli("lead", "show", LEAD, "--format", "json").out)
    assert lead["status"] == "replied"
    assert lead["minutes_to_first_response"] == 24 * 60
    assert "# since the fair" in (root / "leads/2026/LEAD-7K3M9-tea.yaml").read_text()


def test_what_a_program_writes_is_no_answer(cli, take, box):
    told = take(box(BOB, ANA, "Out of office", more="Auto-Submitted: auto-replied\n"))

    assert told["recorded"][0]["automatic"] is True
    lead = loads(cli("lead", "show", LEAD, "--format", "json").out)
    assert lead["status"] == "new"
    assert "direction" not in lead["activities"][0]


def test_mails_between_ourselves_with_suppliers_and_with_strangers_are_listed(cli, take, box, given):
    given({"suppliers/acme.yaml": "id: acme\nname: Acme\nemail: orders@acme.example\n"})
    box(ANA, "Ana <ANA@contoso.example>")
    box("orders@acme.example", ANA)
    box(ANA, "somebody@else.example")
    folder = box("News <news@coffee.example>", ANA)

    told = take(folder, "--create-leads", "--dry-run")
    assert [row["why"] for row in told["unmatched"]] == [
        "between ourselves", "with the supplier Acme", "unknown recipient",
    ]  # fmt: skip
    told = take(folder)
    assert told["unmatched"][-1]["suggestion"] == "contoso-coffee"
    assert "of contoso-coffee?" in cli("inbox", "import", str(folder)).out


def test_strangers_become_leads_when_that_is_asked(cli, take, box, git):
    box("Eve Ng <eve@new-shop.co.uk>", ANA, "Price?", id="eve")
    reply = "In-Reply-To: <eve@box.example>\n"
    box(ANA, "eve@new-shop.co.uk", at="Fri, 20 Nov 2026 10:45:00 +0100", more=reply)
    box("someone@gmail.com", "x@y.example", "Hello", at="Fri, 20 Nov 2026 11:00:00 +0100")
    folder = box("Robot <robot@shop.example>", ANA, more="Precedence: bulk\n")

    told = take(folder, "--create-leads")

    assert len(told["leads"]) == 2
    assert [row["why"] for row in told["unmatched"]] == ["unknown sender"]
    assert len(git("show", "--name-only", "--format=", "HEAD").splitlines()) == 2
    eve, someone = (loads(cli("lead", "show", key, "--format", "json").out) for key in told["leads"])
    wanted = {
        "name": "Eve Ng", "organization": "New Shop", "email": "eve@new-shop.co.uk", "status": "open",
        "source": "email", "owner": "ana-ruiz", "created": "2026-11-20T10:00:00+01:00",
        "minutes_to_first_response": 45,
    }  # fmt: skip
    assert {key: eve[key] for key in wanted} == wanted
    assert [each["direction"] for each in eve["activities"]] == ["in", "out"]
    assert (someone["name"], someone["status"]) == ("someone@gmail.com", "new")
    assert "organization" not in someone
    assert take(folder, "--create-leads")["already_recorded"] == 3


@pytest.mark.parametrize(("sources", "source"), [("[referral, E-Mail]", "E-Mail"), ("[referral]", None)])
def test_a_lead_has_only_a_source_that_the_team_knows(cli, take, box, root, git, sources, source):
    settings = root / "pipecli.yaml"
    settings.write_text(settings.read_text().replace("sources: []", f"sources: {sources}"))
    git("commit", "-qam", "sources")

    (key,) = take(box("Eve <eve@shop.example>", ANA), "--create-leads")["leads"]

    assert loads(cli("lead", "show", key, "--format", "json").out).get("source") == source


def test_what_mails_say_is_kept_only_when_that_is_asked(cli, take, box):
    take(box(MARIA, ANA, body="secret"))
    take(box(MARIA, ANA, body="Two machines, please.\n\n" + "x " * 5000), "--bodies")

    first, second = activities(cli, OPP)
    assert "notes" not in first
    assert second["notes"].startswith("Two machines, please.\n\nx x")
    assert len(second["notes"]) < 2100


def test_a_dry_run_changes_nothing(cli, box, git):
    folder = box(MARIA, ANA)
    head = git("rev-parse", "HEAD")

    said = cli("inbox", "import", str(folder), "--dry-run")

    assert "+  message_id: <0@box.example>" in said.out.replace("'", "")
    assert (git("rev-parse", "HEAD"), git("status", "--porcelain")) == (head, "")


def test_the_rest_is_imported_and_each_bad_file_named(cli, box, git, tmp_path):
    folder = box(MARIA, ANA, at="Sat, 21 Nov 2099 10:00:00 +0100")
    box(MARIA, ANA, at="", more="Received: from a by b; Fri, 20 Nov 2026 08:00:00 +0100\n")
    yesterday = datetime(2026, 11, 20, 9, tzinfo=UTC).timestamp()
    os.utime(folder / "0.eml", (yesterday, yesterday))
    (folder / "photo.eml").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    (folder / "empty.eml").write_bytes(b"")
    (folder / "link.eml").symlink_to(tmp_path / "elsewhere")

    said = cli("inbox", "import", str(folder), code=1)

    assert "2 recorded" in said.out
    assert f"{folder}/0.eml: no Date to go by; it has the time of its file, 2026-11-20 10:00" in said.out
    assert f"{folder}/1.eml: no Date to go by; it has the time of Received, 2026-11-20 08:00" in said.out
    assert f"{folder}/photo.eml: it isn't an e-mail: it has no headers\n" in said.err
    assert f"{folder}/empty.eml: it is empty\n" in said.err
    assert f"{folder}/link.eml: a symbolic link" in said.err
    assert said.err.splitlines()[-1] == (
        "error: 3 could not be read as mail: they are named above; the rest is done"
    )
    assert git("log", "-1", "--format=%s") == f"{OPP}: 2 mails"


def test_cron_hears_nothing_about_what_is_no_fault(cli, box, tmp_path):
    folder = box("Eve <eve@shop.example>", ANA)
    drafts = folder / "Maildir" / "cur"
    drafts.mkdir(parents=True)
    (folder / "Maildir" / "new").mkdir()
    (drafts / "1.host:2,D").write_text(f"From: {ANA}\nSubject: not yet\n\n")

    said = cli("inbox", "import", str(folder))

    assert "unknown sender" in said.out
    assert said.err == ""


def test_a_hook_that_refuses_leaves_all_as_it_was_and_the_next_run_has_it(cli, take, box, root, git, refused):
    folder = box(MARIA, ANA)
    hook = root / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)

    assert "refused the commit" in refused("inbox", "import", str(folder))

    hook.unlink()
    assert len(take(folder)["recorded"]) == 1


def test_a_record_that_cannot_be_read_stops_it_for_mail_could_be_about_it(cli, box, given):
    given({"opportunities/2026/OPP-9Z9Z9.yaml": "id: [\n"})

    assert "OPP-9Z9Z9.yaml:" in cli("inbox", "import", str(box(MARIA, ANA)), code=1).err


def test_a_path_that_is_not_there_is_refused(refused):
    assert "nowhere does not exist" in refused("inbox", "import", "nowhere")


def test_on_and_create_leads_are_refused_together(refused, box):
    line = refused("inbox", "import", str(box(MARIA, ANA)), "--on", OPP, "--create-leads")

    assert line.endswith("give one")


def test_two_clones_that_read_one_mailbox_write_the_same(cli, take, box, root, git, tmp_path):
    folder = box(MARIA, ANA)
    box("Eve <eve@shop.example>", ANA)
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(root), str(clone)], check=True)

    take(folder, "--create-leads")
    cli("-C", str(clone), "inbox", "import", str(folder), "--create-leads")

    subprocess.run(["git", "pull", "-q", "--no-rebase", str(root)], cwd=clone, check=True)
    listed = cli("-C", str(clone), "activity", "list", "--format", "ids").out.splitlines()
    assert len(listed) == len(set(listed)) == 2


def test_a_table_fits_a_narrow_terminal_and_shows_no_controls(cli, box, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    folder = box("=?utf-8?Q?Mallory_=1B[31m?= <mallory@a-rather-long-domain.example>", ANA, "x" * 200)

    said = cli("inbox", "import", str(folder))

    assert max(map(len, said.out.splitlines())) <= 80
    assert "\x1b" not in said.out
    assert "unknown sender" in said.out


def test_scripts_get_ids_and_rows(cli, box):
    box("Eve <eve@shop.example>", ANA)
    folder = box(MARIA, ANA)

    rows = cli("inbox", "import", str(folder), "--dry-run", "--format", "csv").out.splitlines()

    assert rows[0].startswith("outcome,at,direction,from,to,subject,record")
    assert [row.partition(",")[0] for row in rows[1:]] == ["recorded", "unmatched"]
    assert cli("inbox", "import", str(folder), "--format", "ids").out == f"{OPP}\n"


def test_auto_close_works_from_real_mail(cli, take, box, monkeypatch):
    monkeypatch.setenv("PIPECLI_TODAY", "2026-12-20T12:00:00+01:00")
    box(ANA, MARIA, "Offer", at="Fri, 20 Nov 2026 12:00:00 +0100")
    take(box(MARIA, ANA, "Out of office", at="Mon, 30 Nov 2026 10:00:00 +0100",
             more="Auto-Submitted: auto-replied\n"))  # fmt: skip
    assert cli("auto-close", "--dry-run", "--format", "ids").out == f"{OPP}\n"

    folder = box(MARIA, ANA, "Re: Offer", at="Tue, 1 Dec 2026 10:00:00 +0100")
    take(folder)

    assert cli("auto-close", "--format", "ids").out == ""
    deal = loads(cli("opp", "show", OPP, "--format", "json").out)
    assert (deal["status"], deal["minutes_to_first_response"]) == ("open", 18 * 24 * 60 + 120)


def test_mail_from_another_address_of_ours_is_our_word(cli, take, box):
    cli("user", "set", "ana-ruiz", "emails=a.ruiz@brandx.example,ana@old.example")
    box("Ana <A.Ruiz+Sales@BrandX.example>", MARIA)
    folder = box("Ana <ana@old.example>", ANA)

    told = take(folder, "--create-leads")

    assert [(row["direction"], row["record"]) for row in told["recorded"]] == [("out", OPP)]
    assert (told["leads"], told["unmatched"][0]["why"]) == ([], "between ourselves")
    assert activities(cli, OPP)[0]["by"] == "ana-ruiz"


def test_a_colleague_who_is_no_user_is_one_of_us(cli, take, box):
    """By the domain of Ana's address, as the settings name none."""
    box("Pia <pia@contoso.example>", "sales@contoso.example", "Invoice 7")
    folder = box("Pia <pia@mail.contoso.example>", MARIA, "Your invoice")

    told = take(folder, "--create-leads")

    assert (told["leads"], [row["direction"] for row in told["recorded"]]) == ([], ["out"])
    assert "by" not in activities(cli, OPP)[0]


def test_the_settings_say_which_domains_are_ours(cli, refused, take, box):
    for junk in ("junk", "ana@contoso.example", "contoso example.com", "https://contoso.example"):
        assert f"{junk} isn't a domain" in refused("settings", "set", f"company.domains={junk}")
    cli("settings", "set", "company.domains=@BrandX.example")
    box("Pia <pia@brandx.example>", MARIA)
    folder = box("Kim <kim@contoso.example>", "pia@brandx.example")

    told = take(folder, "--create-leads")

    assert [row["direction"] for row in told["recorded"]] == ["out", "in"]
    assert len(told["leads"]) == 1


def test_a_customers_person_at_a_domain_that_is_likely_ours_is_a_customers(cli, take, box):
    cli("contact", "set", "maria-lopez", "emails=maria@contoso.example")

    assert take(box("María <maria@contoso.example>", ANA))["recorded"][0]["direction"] == "in"


def test_a_tagged_address_is_the_persons(take, box):
    assert take(box("María <maria+orders@coffee.example>", ANA))["recorded"][0]["contact"] == "maria-lopez"


# Forwarded by one of us

SALES = "sales@contoso.example"
ATTACHED = """\
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="b"
"""
INNER = """\
--b
Content-Type: text/plain

For the file.
--b
Content-Type: message/rfc822

From: María <maria@coffee.example>
To: Ana <ana@contoso.example>
Subject: Price of two
Date: Mon, 16 Nov 2026 09:00:00 +0100
Message-ID: <inner@coffee.example>

What do two cost?
--b--
"""
GMAIL = """\
For the file.

---------- Forwarded message ---------
From: María <maria@coffee.example>
Date: Mon, Nov 16, 2026 at 9:00 AM
Subject: Price of two
To: Ana <ana@contoso.example>


What do two cost?
"""
OUTLOOK = """\
For the file.

________________________________
Von: María <maria@coffee.example>
Gesendet: Montag, 16. November 2026 09:00
An: Ana Ruiz
Betreff: Price of two

What do two cost?
"""
APPLE = """\
> Begin forwarded message:
>
> From: María <maria@coffee.example>
> Subject: Price of two
> Date: 16 November 2026 at 09:00:00 CET
> To: Ana <ana@contoso.example>
>
> What do two cost?
"""


@pytest.mark.parametrize(
    ("subject", "more", "body"),
    [
        ("Fwd: Price of two", ATTACHED, INNER),
        ("Please file", "", GMAIL),
        ("WG: Price of two", "", OUTLOOK),
        ("Price", "", APPLE),
    ],
)
def test_what_one_of_us_forwards_is_the_customers_with_its_own_date(cli, take, box, subject, more, body):
    folder = box(ANA, SALES, subject, id="forward", more=more, body=body)

    told = take(folder, "--bodies")

    assert (told["unmatched"], told["leads"]) == ([], [])
    (mail,) = activities(cli, OPP)
    assert (mail["direction"], mail["contact"], mail["by"]) == ("in", "maria-lopez", "ana-ruiz")
    assert (mail["at"], mail["subject"]) == ("2026-11-16T09:00:00+01:00", "Price of two")
    assert mail["notes"] == "What do two cost?"
    assert take(folder)["already_recorded"] == 1


@pytest.mark.parametrize("first", ["original", "forward"])
def test_a_mail_and_its_forwarding_are_one(cli, take, box, tmp_path, first):
    box(MARIA, ANA, "Price of two", at="Mon, 16 Nov 2026 09:00:12 +0100", id="inner")
    folder = box(ANA, SALES, "Fwd: Price of two", body=GMAIL)
    names = ["0.eml", "1.eml"] if first == "original" else ["1.eml", "0.eml"]

    for name in names:
        take(folder / name)

    assert len(activities(cli, OPP)) == 1
    assert take(folder)["already_recorded"] == 2


def test_a_stranger_whose_mail_is_forwarded_becomes_a_lead_of_who_got_it(cli, take, box):
    body = GMAIL.replace("María <maria@coffee.example>", "Kim Roe <kim@wingtip.example>")

    told = take(box(ANA, SALES, "Fwd: Price of two", body=body), "--create-leads")

    lead = loads(cli("lead", "show", told["leads"][0], "--format", "json").out)
    assert (lead["name"], lead["email"], lead["owner"]) == ("Kim Roe", "kim@wingtip.example", "ana-ruiz")
    assert lead["created"] == "2026-11-16T09:00:00+01:00"


@pytest.mark.parametrize(
    ("sender", "to", "subject"),
    [
        (ANA, SALES, "Re: Price of two"),  # we talk about it, and Outlook quotes
        (ANA, BOB, "WG: Price of two"),  # to somebody outside: our mail to him
        (MARIA, SALES, "WG: Price of two"),  # a customer forwards
    ],
)
def test_only_what_we_forward_to_ourselves_is_taken_apart(take, box, sender, to, subject):
    told = take(box(sender, to, subject, body=OUTLOOK))

    assert "Price of two" not in [row["subject"] for row in [*told["recorded"], *told["unmatched"]]]


def test_a_forwarded_mail_without_a_date_to_go_by_says_so(cli, box):
    folder = box(
        ANA, SALES, "Fwd: Price", body=GMAIL.replace("Mon, Nov 16, 2026 at 9:00 AM", "3/4/2026 9:00")
    )

    assert (
        "no Date to go by; it has the time of its forwarding, 2026-11-20 10:00"
        in cli("inbox", "import", str(folder)).out
    )


def test_a_mail_settles_a_contact_that_was_due_and_one_of_a_program_does_not(cli, box):
    for more, is_settled in (("Auto-Submitted: auto-replied\n", False), ("", True)):
        cli("--today", "2026-11-21", "opp", "set", OPP, "next_contact.date=2026-11-20")
        folder = box(MARIA, ANA, f"Price {is_settled}", more=more)
        said = cli("--today", "2026-11-21", "inbox", "import", str(folder)).err
        assert (f"{OPP}: the next contact of 2026-11-20 is settled" in said) is is_settled
    assert cli("--today", "2026-11-21", "followups", "--format", "ids").out == ""
