"""The README tells the truth: its session runs as written, and its table names what there is.

So do pages whose commands are for the sample pipeline.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from pipecli.cli.nouns import NOUNS
from tests.conftest import REPLAYED, copied
from tests.mail_server import mail_server
from tests.syncing import Clone
from tests.terminal import program_at_terminal

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
DOCS = Path(__file__).parent.parent / "docs"


def session() -> str:
    _, _, after = README.partition("## A session")
    block = re.search(r"```sh\n(.*?)```", after, re.DOTALL)
    assert block
    return block[1]


def test_the_session_runs_as_written(warm: Path, tmp_path: Path):
    """In a shell that stops at the first command that fails."""
    environment = {**os.environ, "PATH": f"{warm}:{os.environ['PATH']}", "PIPECLI_TODAY": "2026-11-21"}
    done = subprocess.run(
        ["bash", "-c", f"set -eu\n{session()}"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    commits = subprocess.run(
        ["git", "log", "--format=%s"], cwd=tmp_path / "contoso", capture_output=True, text=True, check=True
    ).stdout.splitlines()
    changing = [
        line
        for line in session().splitlines()
        if re.search(r"\b(add|set|qualify|convert|advance|new|send|won)\b", line)
    ]
    assert len(commits) == len(changing) + 1  # the founding
    assert (tmp_path / "contoso" / "quote.pdf").read_bytes().startswith(b"%PDF")
    assert (
        subprocess.run(
            ["git", "status", "--porcelain"],
            cwd=tmp_path / "contoso",
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        == "?? quote.pdf\n"
    )


def test_thirty_seconds_print_what_is_shown(warm: Path, tmp_path: Path):
    """Each command, with what a terminal shows of it, but for the random part of the id."""
    _, _, after = README.partition("## Thirty seconds")
    shown = after.partition("```console\n")[2].partition("```")[0]
    commands = re.findall(r"^\$ (.*)$", shown, re.MULTILINE)
    script = "\n".join(f"printf '%s\\n' {shlex.quote(f'$ {command}')}\n{command}" for command in commands)
    code, screen = program_at_terminal(
        ["bash", "-c", f"set -eu\n{script}"], tmp_path, PATH=f"{warm}:{os.environ['PATH']}",
        PIPECLI_TODAY="2026-11-21", NO_COLOR="1", COLUMNS="100", LINES="24", GIT_PAGER="cat",
    )  # fmt: skip
    (key, *others) = set(re.findall("OPP-[0-9A-Z]{5}", screen))
    assert (code, others) == (0, [])
    assert screen.replace(key, "OPP-2Q8XA") == shown


def test_every_noun_is_in_the_table():
    _, _, after = README.partition("## Commands")
    table = after.partition("Exit codes")[0]
    assert [noun for noun in NOUNS if f"`{noun}`" not in table] == []


@pytest.mark.parametrize("name", ["daily", "reports", "calendar", "documents", "prices", "invoices", "sync"])
def test_the_commands_of_a_page_run_in_the_sample(
    warm: Path, replayed: Path, tmp_path: Path, name: str
) -> None:
    """In one shell, which stops at the first that fails."""
    blocks = re.findall(
        r"^```sh\n(.*?)^```$", (DOCS / f"{name}.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    sample = copied(replayed, tmp_path / "sample")
    if name == "sync":
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", tmp_path / "remote.git"], check=True)
        subprocess.run(["git", "remote", "add", "origin", tmp_path / "remote.git"], cwd=sample, check=True)
    with mail_server() as server:
        environment = {
            **os.environ, "PATH": f"{warm}:{os.environ['PATH']}", "XDG_CONFIG_HOME": str(tmp_path),
            "PIPECLI_TODAY": f"{REPLAYED}T18:00", "PIPECLI_USER": "ana", "EDITOR": "true",
            "PIPECLI_SMTP_HOST": "127.0.0.1", "PIPECLI_SMTP_PORT": str(server.port),
            "PIPECLI_SMTP_SECURITY": "none",
        }  # fmt: skip
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", "".join(blocks)], cwd=sample, env=environment,
            input="Four cinemas\n", capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert blocks and done.returncode == 0, done.stdout[-2000:] + done.stderr


def test_the_conflict_of_a_page_is_that_of_the_sample(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ana and Luis set one amount, and Luis shares his first; but for the commits."""
    remote, ana, luis = tmp_path / "remote.git", Clone(tmp_path / "ana", capsys), Clone(tmp_path / "luis")
    shutil.copytree(DOCS.parent / "sample-pipeline", ana.path)
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", remote], check=True)
    for words in ("init -q -b main", "add .", "commit -qm sample", f"remote add origin {remote}"):
        ana.git(*words.split())
    ana.git("push", "-q", "-u", "origin", "main")
    subprocess.run(["git", "clone", "-q", remote, luis.path], check=True)
    luis.git("config", "user.name", "Luis Ortega")
    deal = "opportunities/2026/09/OPP-VW3PN-foyers-of-four-cinemas.yaml"
    for clone, amount in ((luis, "35500.00"), (ana, "36000.00")):
        clone.change(deal, "\nexpected_close:", f"\namount: {amount}\nexpected_close:")
    luis.git("push", "-q")
    told = ana.sync(code=1).out
    page = (DOCS / "sync.md").read_text(encoding="utf-8")
    assert re.sub(r"\b[0-9a-f]{7}\b", "", told) in re.sub(r"\b[0-9a-f]{7}\b", "", page)
