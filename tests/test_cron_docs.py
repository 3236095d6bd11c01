"""docs/cron.md: the commands of its crontab, its unit and its workflow are there, and run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import ryaml

from tests.servers import web_server

# apprise looks for a module that Python 3.13 has no more.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr':DeprecationWarning")

PAGE = (Path(__file__).parent.parent / "docs" / "cron.md").read_text(encoding="utf-8")


def block(language: str, within: str) -> str:
    """The one code block of a language with these words in it."""
    blocks = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    (found,) = [each for each in blocks if within in each]
    return found


CRONTAB = [
    re.sub(r"\d?>.*", "", command)
    for line in block("crontab", "MAILTO").splitlines()
    if (chain := re.fullmatch(r"(?:[\d*/,-]+ +){5}(.*)", line))
    for command in re.split(r" && | \|\| ", chain[1])
]
UNIT = re.findall("^ExecStart=(.*)$", block("systemd", "ExecStart"), re.MULTILINE)
WORKFLOW = ryaml.loads(block("yaml", "jobs:"))
STEPS = [step["run"] for step in WORKFLOW["jobs"]["daily"]["steps"] if "pipecli " in step.get("run", "")]


@pytest.mark.parametrize("commands", [CRONTAB, UNIT, STEPS], ids=["crontab", "unit", "workflow"])
def test_every_command_runs(commands, cli, git, tmp_path, monkeypatch):
    assert {"auto-close", "assign", "sync"} <= {shlex.split(command)[1] for command in commands}
    monkeypatch.setenv("PIPECLI_TODAY", "2026-12-24")
    git("clone", "-q", "--bare", ".", str(tmp_path / "shared.git"))
    git("remote", "add", "origin", str(tmp_path / "shared.git"))
    git("fetch", "-q")
    git("branch", "-q", "--set-upstream-to=origin/main")
    for folder in ("Maildir/new", "calendars"):
        (tmp_path / folder).mkdir(parents=True)
    cli("user", "add", "ana", "--name", "Ana")
    cli("opp", "add", "Machines", "--owner", "ana", "--next-contact", "today")
    with web_server() as hooks:
        monkeypatch.setenv("PIPECLI_CHANNEL", hooks.url())
        for command in commands:
            here = re.sub("/srv/crm(?=/Maildir)|/var/www(?=/calendars)", str(tmp_path), command)
            program, *arguments = shlex.split(here)
            assert program.endswith("pipecli")
            cli(*arguments)
    assert hooks.titles[:1] == ["1 follow-up for Ana"]
    assert hooks.titles[1:] in ([], ["Contoso: from 2026-12-18 to 2026-12-24"])


def test_the_workflow_may_commit_and_note_what_was_sent():
    assert WORKFLOW["permissions"] == {"contents": "write"}
    assert WORKFLOW["jobs"]["daily"]["steps"][0]["with"] == {
        "fetch-depth": 0,
        "persist-credentials": True,
    }
