"""`quotation send --email`: out first, then sent; and whatever fails between says what is so."""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import subprocess
import sys
from email import message_from_bytes, policy
from errno import ENOSPC
from io import BytesIO
from pathlib import Path

import pytest

from pipecli.cli.main import run
from pipecli.json_and_csv import loads
from tests.later import Later
from tests.mail_server import DIE, WELCOME, mail_server, scripted_server
from tests.records_given import DEAL
from tests.warm import Forked

pypdf = Later("pypdf")

pytestmark = pytest.mark.usefixtures("quotation", "warm_calls")

QTN, OPP = "QTN-A1111", "OPP-2Q8XA"
FILE = "quotations/2026/QTN-A1111-contoso-coffee.yaml"
CONTACT = """\
id: maria-lopez
name: María López
customer: contoso-coffee
emails: [maria@coffee.example, m.lopez@coffee.example]
"""
DRAFT = """\
id: QTN-A1111
created: 2026-11-10T09:00:00+01:00
opportunity: OPP-2Q8XA
date: 2026-11-10
valid_until: 2026-12-05
status: draft
customer: contoso-coffee
contact: maria-lopez
currency: EUR
items:
- description: Café S-100
  quantity: 2
  unit_price: 2499.00
"""


@pytest.fixture
def quotation(shop, given, monkeypatch):
    """A draft to María, in Spanish, and no mail server that is known."""
    for name in os.environ:
        if name.startswith("PIPECLI_SMTP_"):
            monkeypatch.delenv(name)
    given({"contacts/maria-lopez.yaml": CONTACT, FILE: DRAFT})


@pytest.fixture
def known(monkeypatch):
    """Have the environment name a mail server."""

    def name(server, **more):
        said = {"HOST": "127.0.0.1", "PORT": str(server.port), "SECURITY": "none", "TIMEOUT": "0.5", **more}
        for key, value in said.items():
            monkeypatch.setenv(f"PIPECLI_SMTP_{key}", value)

    return name


@pytest.fixture
def server(known):
    with mail_server() as running:
        known(running)
        yield running


def message_of(mail):
    return message_from_bytes(mail.content.replace(b"\r\n", b"\n"), policy=policy.default)


def kept(root):
    return root / ".git/pipecli/root/mail/QTN-A1111.eml"


def test_a_mail_is_recorded_where_nobody_reads_of_it(root, server, monkeypatch):
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as unread:
        monkeypatch.setattr("sys.stdout", unread)
        assert run(["-C", str(root), "quote", "send", QTN, "--email"]) == 0
    assert "status: sent" in (root / FILE).read_text()
    assert not kept(root).exists() and len(server.mails) == 1


def test_a_quotation_is_mailed_and_then_it_is_sent(cli, root, git, server):
    said = cli("quote", "send", QTN, "--email", "--cc", "Luis <luis@contoso.example>")

    assert said.out == f"{QTN} Espresso machines: send to maria@coffee.example, luis@contoso.example\n"
    (mail,) = server.mails
    assert (mail.mail_from, mail.rcpt_tos) == (
        "ana@contoso.example", ["maria@coffee.example", "luis@contoso.example"],
    )  # fmt: skip
    message = message_of(mail)
    assert message["From"] == "Ana Ruiz <ana@contoso.example>"
    assert message["To"] == "María López <maria@coffee.example>"
    assert message["Cc"] == "Luis <luis@contoso.example>"
    assert message["Subject"] == f"Presupuesto {QTN} de Contoso"
    text = message.get_body(("plain",)).get_content()
    assert text.startswith("Hola, María López:\n")
    assert "4.998,00\xa0€" in text
    (attached,) = message.iter_attachments()
    assert attached.get_filename() == f"{QTN}.pdf"
    page = pypdf.PdfReader(BytesIO(attached.get_content())).pages[0].extract_text()
    assert "Café S-100" in page
    assert "Borrador" not in page

    assert git("status", "--porcelain") == ""
    assert git("show", "--name-only", "--format=%s", "HEAD").splitlines() == [
        f"{QTN}: send to maria@coffee.example, luis@contoso.example", "", DEAL, FILE,
    ]  # fmt: skip
    assert "status: sent" in (root / FILE).read_text()
    activity = loads(cli("opp", "show", OPP, "--format", "json").out)["activities"][-1]
    assert activity["message_id"] == message["Message-ID"]
    assert {key: activity[key] for key in ("type", "direction", "done", "by", "contact", "subject")} == {
        "type": "email", "direction": "out", "done": True, "by": "ana-ruiz", "contact": "maria-lopez",
        "subject": f"Presupuesto {QTN} de Contoso",
    }  # fmt: skip
    assert not kept(root).exists()


def test_the_sent_copy_is_not_recorded_again_and_the_answer_finds_the_deal(cli, tmp_path, server):
    cli(
        "quote",
        "send",
        QTN,
        "--email",
        "--subject",
        "Offer\nBcc: all@contoso.example",
        "--body",
        "See the PDF.",
    )
    message = message_of(server.mails[0])
    assert message["Subject"] == "Offer Bcc: all@contoso.example"
    assert message["Bcc"] is None
    assert server.mails[0].rcpt_tos == ["maria@coffee.example"]
    assert message.get_body(("plain",)).get_content() == "See the PDF.\n"
    box = tmp_path / "box"
    box.mkdir()
    (box / "sent.eml").write_bytes(server.mails[0].content)
    (box / "answer.eml").write_text(
        f"From: boss@elsewhere.example\nTo: ana@contoso.example\nIn-Reply-To: {message['Message-ID']}\n"
        "Subject: Re: Our offer\nDate: Sat, 21 Nov 2026 00:00:01 +0100\nMessage-ID: <a@b.example>\n\nYes\n"
    )

    told = loads(cli("inbox", "import", str(box), "--format", "json").out)

    assert told["already_recorded"] == 1
    assert [(row["record"], row["direction"]) for row in told["recorded"]] == [(OPP, "in")]


def test_a_dry_run_shows_the_mail_and_sends_nothing(cli, root, git, server):
    before = git("rev-parse", "HEAD")

    said = cli("quote", "send", QTN, "--email", "--dry-run", "--to", "boss@coffee.example")

    assert "To: boss@coffee.example\n" in said.out
    assert f"Subject: Presupuesto {QTN} de Contoso\n" in said.out
    assert f"Attached: {QTN}.pdf" in said.out
    assert "Hola, María López:" in said.out
    assert "+status: sent" in said.out
    assert not server.mails
    assert git("rev-parse", "HEAD") == before
    assert not kept(root).exists()


def test_the_environment_says_who_sends_the_command_line_to_whom_and_a_template_what(
    cli, given, server, known
):
    given({"templates/quotation-mail.txt": "Subject: Angebot {{ doc.id }}\n\nGuten Tag {{ contact }}\n"})
    known(server, FROM="Contoso Sales <sales@contoso.example>")

    cli("quote", "send", QTN, "--email", "--to", "boss@coffee.example")

    message = message_of(server.mails[0])
    assert (message["From"], message["To"]) == (
        "Contoso Sales <sales@contoso.example>",
        "boss@coffee.example",
    )
    assert message["Subject"] == f"Angebot {QTN}"
    assert message.get_body(("plain",)).get_content() == "Guten Tag María López\n"
    assert "contact" not in loads(cli("opp", "show", OPP, "--format", "json").out)["activities"][-1]


def test_a_refused_mail_leaves_everything_as_it_was(refused, root, known):
    with scripted_server("220 here", "250 hello", "250 ok", "550 unknown") as server:
        known(server)
        line = refused("quote", "send", QTN, "--email")

    assert "refuses maria@coffee.example: 550 unknown; nothing was sent" in line
    assert not kept(root).exists()


def test_without_email_nothing_goes_out(cli, server):
    assert cli("quote", "send", QTN).out == f"{QTN} Espresso machines: send\n"
    assert not server.mails


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--to", "nobody"], '--to: "nobody" isn\'t an e-mail address'),
        (["--to", "a@b.example\nBcc: all@contoso.example"], "isn't an e-mail address"),
        (["--cc", "a@b.example, c@d.example"], "--cc: "),
    ],
)
def test_an_address_that_is_none_is_refused(refused, server, arguments, reason):
    assert reason in refused("quote", "send", QTN, "--email", *arguments)
    assert not server.mails


def test_what_is_of_a_mail_is_refused_without_one(cli):
    assert "add --email" in cli("quote", "send", QTN, "--to", "a@b.example", code=2).err


def test_a_mail_server_must_be_known_unless_nothing_is_sent(cli, refused):
    assert "PIPECLI_SMTP_HOST is not set" in refused("quote", "send", QTN, "--email")
    assert f"Attached: {QTN}.pdf" in cli("quote", "send", QTN, "--email", "--dry-run").out


def test_a_reader_must_have_an_address(refused, given, server):
    given({"contacts/maria-lopez.yaml": "id: maria-lopez\nname: María López\n"})

    line = refused("quote", "send", QTN, "--email")

    assert line == f"error: {QTN} is for maria-lopez, who has no e-mail address; give one with --to ADDRESS"
    lena = "id: lena\nname: Lena Gil\ncustomer: contoso-coffee\nemails: [lena@coffee.example]\n"
    given({"contacts/lena.yaml": lena})
    assert refused("quote", "send", QTN, "--email") == f"{line}: lena@coffee.example (Lena Gil)"


def test_the_customers_address_will_do(cli, given, server):
    given({"contacts/maria-lopez.yaml": "id: maria-lopez\nname: María López\n"})
    cli("customer", "set", "contoso-coffee", "email=office@coffee.example")

    cli("quote", "send", QTN, "--email")

    assert server.mails[0].rcpt_tos == ["office@coffee.example"]
    lead = cli("lead", "add", "--name", "Lea Paz", "--email", "lea@paz.example", "--format", "ids").id
    given({FILE: DRAFT.replace("customer: contoso-coffee\ncontact: maria-lopez", f"lead: {lead}")})
    assert "To: Lea Paz <lea@paz.example>\n" in cli("quote", "send", QTN, "--email", "--dry-run").out


def test_a_sent_one_is_not_mailed_again_nor_one_that_another_clone_has_mailed(
    refused, cli, root, git, tmp_path, server
):
    there = ("-C", str(shutil.copytree(root, tmp_path / "other")), "quote", "send", QTN, "--email")
    git("remote", "add", "origin", str(tmp_path / "other"))
    cli("quote", "send", QTN, "--email")

    assert "is sent already" in refused("quote", "send", QTN, "--email")
    told = cli(*there, code=1).err
    assert f"{QTN} is being mailed by another clone; see with `pipecli sync`; if it never" in told
    assert len(server.mails) == 1
    cli(*there, "--alone")
    assert len(server.mails) == 2


def test_a_mail_in_doubt_is_kept_and_not_sent_twice(refused, root, known):
    with scripted_server(*WELCOME[:5], DIE) as server:
        known(server)
        line = refused("quote", "send", QTN, "--email")
    assert "took the whole message and then ended the connection" in line
    assert str(kept(root)) in line

    with mail_server() as server:
        known(server)
        again = refused("quote", "send", QTN, "--email")
    assert "was mailed before, and nobody knows whether that went out" in again
    assert not server.mails


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the hook looks for who called git")
def test_a_mail_that_a_full_disk_did_not_keep_goes_out_when_there_is_room(cli, refused, server, monkeypatch):
    fsync = os.fsync

    def full(handle: int) -> None:
        if Path(f"/proc/self/fd/{handle}").readlink().suffix == ".eml":
            raise OSError(ENOSPC, os.strerror(ENOSPC))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", full)
    said = refused("quote", "send", QTN, "--email")
    assert said.endswith("can't be written: No space left on device; nothing was sent") and not server.mails
    monkeypatch.setattr(os, "fsync", fsync)
    cli("quote", "send", QTN, "--email")
    assert len(server.mails) == 1


def test_a_kill_once_the_mail_is_out_is_told_with_that(cli, refused, root, server):
    hook = root / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nkill -9 $(cut -d' ' -f4 /proc/$PPID/stat) $PPID\n")
    hook.chmod(0o755)
    python = Path(sys.prefix) / "bin" / "python"  # what is killed must be the program itself, no warm one
    command = [python, "-m", "pipecli", "-C", root, "quote", "send", QTN, "--email"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == -9
    assert len(server.mails) == 1
    hook.unlink()
    written = (root / FILE).read_text()
    (root / FILE).write_text(f"{written}# by hand\n")
    assert "; its mail may be out) had written quotations/" in cli("opp", "list").err
    (root / FILE).write_text(written)
    said = cli("opp", "list").err
    assert said.startswith(f"undone: {QTN}: send to ")
    assert said.endswith("(the command was cut off; its mail may be out)\n")
    assert "nobody knows whether that went out" in refused("quote", "send", QTN, "--email")


def test_a_kill_while_the_server_has_the_mail_is_told_with_that(cli, root, warm, monkeypatch):
    """The next command was silent: nothing was written down before the mail went."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        door.settimeout(30)
        monkeypatch.setenv("PIPECLI_SMTP_HOST", "127.0.0.1")
        monkeypatch.setenv("PIPECLI_SMTP_PORT", str(door.getsockname()[1]))
        monkeypatch.setenv("PIPECLI_SMTP_SECURITY", "none")
        running = Forked(warm, "-C", str(root), "quote", "send", QTN, "--email")
        connection, _ = door.accept()
        running.kill()
        running.communicate()
        connection.close()
    said = cli("opp", "list").err
    assert said.startswith(f"undone: {QTN}: send to ")
    assert said.endswith("(the command was cut off; its mail may be out)\n")


def test_a_commit_that_fails_says_that_the_mail_is_out_and_how_to_record_it(cli, root, git, server):
    hook = root / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho not on Sundays >&2\nexit 1\n")
    hook.chmod(0o755)

    line = cli("quote", "send", QTN, "--email", code=1).err

    identity = message_of(server.mails[0])["Message-ID"]
    assert f"the mail is out as {identity}, but it is not recorded" in line
    assert "not on Sundays" in line
    assert git("status", "--porcelain") == ""
    assert "status: draft" in (root / FILE).read_text()

    hook.unlink()
    again = cli("quote", "send", QTN, "--email", code=1).err
    assert "was mailed before, and that isn't recorded; record it: pipecli inbox import" in again
    for command in line.rpartition("when that is fixed: ")[2].split("&&"):
        assert run(["-C", str(root), *shlex.split(command)[1:]]) == 0
    deal = loads(cli("opp", "show", OPP, "--format", "json").out)
    assert [each["message_id"] for each in deal["activities"]] == [identity]
    assert "status: sent" in (root / FILE).read_text()
    assert len(server.mails) == 1


@pytest.mark.parametrize("state", ["rebase-merge/", "MERGE_HEAD", "index.lock"])
def test_nothing_goes_out_that_could_not_be_committed(cli, root, server, state):
    path = root / ".git" / state
    if state.endswith("/"):
        path.mkdir()
    else:
        path.write_text("")

    assert cli("quote", "send", QTN, "--email", code=1).err.startswith("error: ")
    assert not server.mails


def test_nothing_goes_out_of_who_has_no_name(refused, server, monkeypatch, tmp_path):
    config = tmp_path / "gitconfig"
    config.write_text("[user]\n    useConfigOnly = true\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("PIPECLI_USER", "ana-ruiz")

    assert "git doesn't know who you are" in refused("quote", "send", QTN, "--email")
    assert not server.mails


def test_a_template_that_is_a_link_is_refused(cli, root, tmp_path, server):
    (tmp_path / "secret").write_text("Subject: x\n\ny\n")
    (root / "templates").mkdir()
    (root / "templates" / "quotation-mail.es.txt").symlink_to(tmp_path / "secret")

    assert "error: " in cli("quote", "send", QTN, "--email", code=1).err
    assert not server.mails


def test_a_template_to_begin_with(cli):
    assert cli("quote", "template", "--email").out.startswith("Subject: Quotation {{ doc.id }}")
    assert cli("quote", "template", "--email", "--language", "es-MX").out.startswith("Subject: Presupuesto")
    assert "پیوست" in cli("quote", "template", "--email", "--language", "fa").out
