"""`remind`: each user is told once a day what is due, from whichever machine cron runs it on."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipecli.cli.main import run
from tests.conftest import Cli, copied
from tests.records_given import DEAL
from tests.servers import Hooks, bad_mail_server, mail_url, nobody
from tests.warm import Forked

# apprise looks for a module that Python 3.13 has no more.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr':DeprecationWarning")

Git = Callable[..., str]
TEXT = """\
id: OPP-2Q8XA
created: 2026-09-01T10:00:00+02:00
title: Espresso machines @everyone
customer: contoso-coffee
process: standard
stage: demo
currency: EUR
owner: ana-ruiz
next_contact: {date: 2026-11-21, by: luis, note: Ask for the budget}
activities:
- {id: 4F2QX, type: meeting, at: '2026-11-19T10:00:00+01:00', subject: Demo, notes: Bring cups}
- {id: 4F2QY, type: call, at: '2026-11-21T12:00:00+01:00', subject: Noon}
- {id: 4F2QZ, type: call, at: 2026-11-22, subject: Tomorrow}
"""


@pytest.fixture(scope="module")
def planned(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A deal with something due for Ana and for Luis."""
    root = copied(founded, tmp_path_factory.mktemp("planned") / "contoso")
    settings = (root / "pipecli.yaml").read_text()
    files = {
        "pipecli.yaml": settings.replace(
            "teams: {}", "  luis: {name: Luis Gil, team: iberia}\nteams: {iberia: {}}"
        ),
        "customers/contoso-coffee.yaml": "id: contoso-coffee\nname: Contoso Coffee\n",
        DEAL: TEXT,
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    subprocess.run(["git", "add", "."], cwd=root, check=True)
    subprocess.run(["git", "commit", "-q", "-m", "by hand"], cwd=root, check=True)
    return root


@pytest.fixture
def root(planned: Path, tmp_path: Path) -> Path:
    return copied(planned, tmp_path / "contoso")


@pytest.fixture(autouse=True)
def _channels(hooks: Hooks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ana and Luis each have one."""
    monkeypatch.delenv("PIPECLI_CHANNEL", raising=False)
    monkeypatch.setenv("PIPECLI_TODAY", "2026-11-21")
    monkeypatch.setenv("PIPECLI_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("PIPECLI_CHANNEL_ANA_RUIZ", hooks.url("ana"))
    monkeypatch.setenv("PIPECLI_CHANNEL_LUIS", hooks.url("luis"))


def refs(git: Git) -> str:
    return git("for-each-ref")


def test_each_user_gets_one_message_with_what_is_overdue_first(cli: Cli, hooks: Hooks) -> None:
    said = cli("remind", "--format", "json")

    by_user = {each["path"]: each for each in hooks.taken}
    assert set(by_user) == {"ana", "luis"}
    assert by_user["ana"]["title"] == "2 follow-ups for Ana Ruiz, 1 overdue"
    assert by_user["ana"]["message"] == (
        "Overdue\n"
        "- 2026-11-19 10:00 (2 days late) meeting: Demo\n"
        "  OPP-2Q8XA Espresso machines @\u200beveryone (Contoso Coffee)\n"
        "  Bring cups\n"
        "\n"
        "Today, Saturday 2026-11-21\n"
        "- 12:00 call: Noon\n"
        "  OPP-2Q8XA Espresso machines @\u200beveryone (Contoso Coffee)"
    )
    assert by_user["luis"]["title"] == "1 follow-up for Luis Gil"
    assert [(each["user"], each["overdue"], each["items"]) for each in json.loads(said.out)] == [
        ("ana-ruiz", 1, ["OPP-2Q8XA/4F2QX", "OPP-2Q8XA/4F2QY"]),
        ("luis", 0, ["OPP-2Q8XA/next-contact"]),
    ]


def test_nobody_is_reminded_twice_a_day(
    cli: Cli, hooks: Hooks, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = git("rev-parse", "HEAD"), git("status", "--porcelain")
    cli("remind")
    hooks.taken.clear()

    said = cli("remind")
    assert (said.out, said.err, hooks.taken) == ("", "", [])
    assert cli("remind", "--format", "json").out == "[]\n"
    cli("activity", "add", "OPP-2Q8XA", "--type", "call", "--subject", "New", "--at", "2026-11-21T18:00")
    cli("remind")
    (only,) = hooks.taken
    assert only["message"].count("- ") == 1 and "call: New" in only["message"]
    monkeypatch.setenv("PIPECLI_TODAY", "2026-11-22")
    hooks.taken.clear()
    cli("remind")
    assert sorted(hooks.titles) == [
        "1 follow-up for Luis Gil, 1 overdue",
        "4 follow-ups for Ana Ruiz, 3 overdue",
    ]
    git("reset", "-q", "--soft", "HEAD~1")
    git("reset", "-q", "--hard", "HEAD")
    assert (git("rev-parse", "HEAD"), git("status", "--porcelain")) == before


def test_a_dry_run_prints_the_messages_and_does_nothing(cli: Cli, hooks: Hooks, git: Git) -> None:
    before = refs(git)

    said = cli("remind", "--dry-run", "--owner", "luis")

    assert said.out == (
        "To: luis, through the channel luis\n"
        "Subject: 1 follow-up for Luis Gil\n"
        "\n"
        "Today, Saturday 2026-11-21\n"
        "- next contact\n"
        "  OPP-2Q8XA Espresso machines @\u200beveryone (Contoso Coffee)\n"
        "  Ask for the budget\n"
    )
    assert (hooks.taken, refs(git)) == ([], before)
    cli("remind", "--owner", "luis")
    assert cli("remind", "--dry-run", "--owner", "luis").out == ""


def test_options_say_who_and_until_when(cli: Cli, hooks: Hooks) -> None:
    cli("remind", "--team", "iberia")
    assert hooks.titles == ["1 follow-up for Luis Gil"]
    hooks.taken.clear()
    cli("remind", "--mine", "--due", "tomorrow")
    assert hooks.titles == ["3 follow-ups for Ana Ruiz, 1 overdue"]
    assert "Ahead\n- 2026-11-22 call: Tomorrow" in hooks.taken[0]["message"]
    assert "unknown user nobody" in cli("remind", "--owner", "nobody", code=1).err


def test_who_has_no_channel_is_named(
    root: Path, cli: Cli, hooks: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIPECLI_CHANNEL_LUIS")
    (root / DEAL.replace("2Q8XA", "3R9YB")).write_text(
        TEXT.replace("2Q8XA", "3R9YB")
        .replace("4F2", "5G3")
        .replace("owner: ana-ruiz\n", "")
        .replace(", by: luis", "")
    )

    said = cli("remind")

    assert "1 due for luis, who has no channel: set PIPECLI_CHANNEL_LUIS, or write " in said.err
    assert "3 due for nobody: OPP-3R9YB\n" in said.err
    assert [each["path"] for each in hooks.taken] == ["ana"]
    assert cli("remind").err == ""  # cron would mail it every hour
    assert "1 due for luis" in cli("--today", "2026-11-22", "remind").err


def test_who_has_left_is_not_told(root: Path, cli: Cli, hooks: Hooks) -> None:
    settings = root / "pipecli.yaml"
    settings.write_text(settings.read_text().replace("name: Luis Gil,", "name: Luis Gil, active: false,"))

    assert "1 due for luis, who is not active" in cli("remind").err
    assert [each["path"] for each in hooks.taken] == ["ana"]


def test_without_any_channel_it_says_how_to_set_one_up_and_shows_what_it_would_send(
    cli: Cli, refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIPECLI_CHANNEL_LUIS")
    monkeypatch.delenv("PIPECLI_CHANNEL_ANA_RUIZ")

    assert "no channel is configured" in refused("remind")
    said = cli("remind", "--dry-run", "--owner", "luis")
    assert said.out.startswith(
        "To: luis, through the channel luis, which is not configured here\nSubject: 1 follow-up"
    )


def test_what_is_not_delivered_is_tried_again_and_does_not_stop_the_others(
    cli: Cli, hooks: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIPECLI_CHANNEL_ANA_RUIZ", f"json://127.0.0.1:{nobody()}/s3cret")

    said = cli("remind", code=1)

    assert "ana-ruiz: not delivered by the channel ana-ruiz: " in said.err
    assert "error: 1 of the messages couldn't be delivered; the next run tries them again" in said.err
    assert "s3cret" not in said.err
    assert [each["path"] for each in hooks.taken] == ["luis"]
    monkeypatch.setenv("PIPECLI_CHANNEL_ANA_RUIZ", hooks.url("ana"))
    cli("remind")
    assert [each["path"] for each in hooks.taken] == ["luis", "ana"]


def test_what_counts_as_sent_is_not_told_as_tried_again(
    cli: Cli, root: Path, git: Git, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The others can be told that a message is taken, and then no more that it wasn't delivered."""
    shared = tmp_path / "shared.git"
    git("clone", "-q", "--bare", ".", str(shared))
    git("remote", "add", "origin", str(shared))
    git("fetch", "-q")
    git("branch", "-q", "--set-upstream-to=origin/main")
    hook = shared / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\ntest ! -e once || exit 1\ntouch once\n")
    hook.chmod(0o755)
    monkeypatch.setenv("PIPECLI_CHANNEL_ANA_RUIZ", f"json://127.0.0.1:{nobody()}/")

    said = cli("remind", "--owner", "ana-ruiz", code=1).err

    assert "warning: what was not delivered counts as sent until tomorrow: " in said
    assert said.endswith("error: 1 of the messages couldn't be delivered\n")


def test_of_two_addresses_only_the_one_that_failed_is_tried_again(
    cli: Cli, hooks: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIPECLI_CHANNEL_LUIS", f"{hooks.url('chat')} json://127.0.0.1:{nobody()}")
    cli("remind", "--owner", "luis", code=1)
    monkeypatch.setenv("PIPECLI_CHANNEL_LUIS", f"{hooks.url('chat')} {hooks.url('desk')}")

    cli("remind", "--owner", "luis")

    assert [each["path"] for each in hooks.taken] == ["chat", "desk"]


def test_two_at_once_send_once(warm_calls: None, root: Path, hooks: Hooks) -> None:
    command = [sys.executable, "-m", "pipecli", "-C", str(root), "remind"]

    running = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(2)]

    assert [each.wait() for each in running] == [0, 0]
    assert sorted(each["path"] for each in hooks.taken) == ["ana", "luis"]


def test_a_job_that_is_ended_half_way_leaves_the_rest_to_the_next(
    root: Path, warm: Path, cli: Cli, hooks: Hooks, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    with bad_mail_server([]) as port:
        monkeypatch.setenv("PIPECLI_CHANNEL_LUIS", mail_url(port))
        job = Forked(warm, "-C", str(root), "remind")
        until = time.monotonic() + 20
        while not hooks.taken and time.monotonic() < until:  # Ana has hers, Luis's is on its way
            time.sleep(0.02)
        time.sleep(0.2)
        job.send_signal(signal.SIGTERM)
        _, said = job.communicate()
    monkeypatch.setenv("PIPECLI_CHANNEL_LUIS", hooks.url("luis"))

    assert "error: interrupted" in said
    cli("remind")

    assert [each["path"] for each in hooks.taken] == ["ana", "luis"]


@pytest.fixture
def second(root: Path, git: Git, tmp_path: Path) -> Path:
    """Another clone; both share a bare repository."""
    bare = tmp_path / "shared.git"
    subprocess.run(["git", "clone", "-q", "--bare", root, bare], check=True)
    git("remote", "add", "origin", str(bare))
    made = tmp_path / "second"
    shutil.copytree(root, made)
    return made


def test_two_clones_send_once(second: Path, cli: Cli, hooks: Hooks, git: Git) -> None:
    cli("remind", "--owner", "luis")
    hooks.taken.clear()

    assert run(["-C", str(second), "remind"]) == 0

    assert [each["path"] for each in hooks.taken] == ["ana"]
    hooks.taken.clear()
    assert cli("remind", "--dry-run").out == ""
    cli("remind")
    assert hooks.taken == []


def test_without_its_remote_it_sends_nothing_unless_it_is_alone(
    second: Path, cli: Cli, hooks: Hooks, tmp_path: Path
) -> None:
    (tmp_path / "shared.git").rename(tmp_path / "moved.git")

    said = cli("remind", code=1)

    assert "error: origin can't be reached, and what other machines have done is not known" in said.err
    assert "--alone" in said.err
    assert hooks.taken == []
    assert "2 follow-ups for Ana Ruiz" in cli("remind", "--dry-run").out
    cli("remind", "--alone")
    cli("remind", "--alone")
    assert len(hooks.taken) == 2


def test_a_long_list_is_cut_and_counted(root: Path, cli: Cli, hooks: Hooks) -> None:
    calls = (
        "".join(
            f"- {{id: {number:05}, type: call, at: 2026-11-20, subject: S{number}}}\n"
            for number in range(130)
        )
        .replace("{id: ", "{id: '")
        .replace(", type", "', type")
    )
    (root / DEAL).write_text(TEXT + calls)

    cli("remind", "--mine")

    (only,) = hooks.taken
    assert only["title"] == "132 follow-ups for Ana Ruiz, 131 overdue"
    assert only["message"].count("\n- ") == 100
    assert only["message"].endswith("and 32 more: pipecli followups --mine")


@pytest.mark.parametrize(
    ("end", "wanted", "then"),
    [(signal.SIGKILL, "again", "sent once more"), (signal.SIGINT, "skip", "not sent again")],
)
def test_what_a_killed_run_was_sending_is_told_as_perhaps_sent(
    cli: Cli,
    root: Path,
    warm: Path,
    hooks: Hooks,
    monkeypatch: pytest.MonkeyPatch,
    end: int,
    wanted: str,
    then: str,
) -> None:
    """Ana's message is handed over when the kill comes, or a Ctrl-C; Luis's is only claimed."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("PIPECLI_CHANNEL_ANA_RUIZ", f"json://127.0.0.1:{silent.getsockname()[1]}/")
        running = Forked(warm, "-C", str(root), "remind")
        silent.settimeout(60)
        with silent.accept()[0] as begun:
            begun.recv(1)
            running.send_signal(end)
        running.communicate()
    monkeypatch.setenv("PIPECLI_CHANNEL_ANA_RUIZ", hooks.url("ana"))

    said = cli("remind", "--perhaps-sent", wanted)

    assert said.err == f"perhaps sent: the message to ana-ruiz, whose sending was cut off; it is {then}\n"
    assert sorted(each["path"] for each in hooks.taken) == (
        ["ana", "luis"] if wanted == "again" else ["luis"]
    )
    assert cli("remind").err == ""
    assert not list((root / ".git/pipecli").rglob("reminders.json"))
