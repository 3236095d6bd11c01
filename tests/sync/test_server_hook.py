"""A plain server that refuses what falsifies: two clones over ssh and over http."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pipecli.cli.main import run
from tests.servers import git_over_http, git_over_ssh
from tests.syncing import MACHINES, Clone

pytestmark = pytest.mark.usefixtures("warm_calls")

QUOTATION = "quotations/2026/QTN-7K3M9-espresso-machines.yaml"
SENT = """\
id: QTN-7K3M9
created: 2026-11-03T10:00:00+01:00
opportunity: OPP-2Q8XA
status: sent
date: 2026-11-03
sent: 2026-11-03T10:30:00+01:00
customer: blue-cup
currency: EUR
items:
- description: Café S-100
  quantity: 2
  unit_price: 2499.00
"""


@pytest.fixture(params=["ssh", "http"])
def server(request, folder, monkeypatch):
    assert run(["init", str(folder / "remote.git"), "--server-hook"]) == 0
    over = git_over_http(folder) if request.param == "http" else git_over_ssh(folder, monkeypatch)
    with over as address:
        yield f"{address}/remote.git"


def test_a_push_that_falsifies_a_sent_quotation_is_refused(server, folder: Path, capsys, remote) -> None:
    ana, luis = Clone(folder / "ana", capsys), Clone(folder / "luis", capsys)
    for clone in (ana, luis):
        clone.git("remote", "set-url", "origin", server)
    ana.write("customers/blue-cup.yaml", "id: blue-cup\nname: Blue Cup\n")
    ana.change(MACHINES, "currency: EUR", "customer: blue-cup\ncurrency: EUR")
    ana.change("pipecli.yaml", "name: Qualify", "name: Qualify\n      steps: [Budget agreed]")
    ana.write(QUOTATION, SENT)
    assert "4 commits went" in ana.sync().out
    assert "4 commits came" in luis.sync().out
    settled = remote.git("rev-parse", "main")

    # by pipecli, and by a git that asks nobody
    luis.change(QUOTATION, "2499.00", "2199.00")
    assert "would be new in what is shared" in luis.sync(code=1).err
    pushed = subprocess.run(["git", "push"], cwd=luis.path, capture_output=True, text=True)
    assert pushed.returncode == 1
    assert "remote: " + QUOTATION + ":9:1: item Café S-100: unit_price: 2,499.00 → 2,199.00" in pushed.stderr
    assert "(sent-quotation)" in pushed.stderr
    for arguments in (["push", "--force", "origin", "HEAD~2:main"], ["push", "origin", ":main"]):
        forced = subprocess.run(["git", *arguments], cwd=luis.path, capture_output=True, text=True)
        assert "pre-receive hook declined" in forced.stderr
    assert remote.git("rev-parse", "main") == settled

    if server.startswith("ssh"):
        return  # what follows is the same by any way

    # a pipeline that would be gone
    luis.git("reset", "-q", "--hard", "HEAD~1")
    luis.git("rm", "-q", "pipecli.yaml")
    luis.git("commit", "-qm", "No settings")
    gone = subprocess.run(["git", "push"], cwd=luis.path, capture_output=True, text=True)
    assert "the settings above would be gone" in gone.stderr
    luis.git("reset", "-q", "--hard", "HEAD~1")

    # a stage that was forced is a decision: told, and let through; a branch is looked at when it is merged
    luis.cli("opp", "advance", "OPP-2Q8XA", "--force", "-m", "They order by phone.")
    told = subprocess.run(["git", "push"], cwd=luis.path, capture_output=True, text=True)
    assert told.returncode == 0
    assert "warning: stage: qualify → demo, although steps not done: Budget agreed" in told.stderr
    luis.change(QUOTATION, "2499.00", "2199.00")
    luis.git("push", "-q", "origin", "HEAD:refs/heads/draft")
    assert ana.sync().out.startswith("synced")
    assert ana.git("rev-parse", "HEAD") == luis.git("rev-parse", "HEAD~1")

    # a server whose HEAD names a branch that nobody ever pushed, as one of gitolite's does
    remote.git("symbolic-ref", "HEAD", "refs/heads/master")
    refused = subprocess.run(
        ["git", "push", "origin", "HEAD:main"], cwd=luis.path, capture_output=True, text=True
    )
    assert "(sent-quotation)" in refused.stderr


def test_a_hook_is_for_a_bare_repository_and_overwrites_none(folder: Path, capsys) -> None:
    for where, told in (("ana", "isn't a bare repository"), ("nowhere", "isn't a bare repository")):
        assert run(["init", str(folder / where), "--server-hook"]) == 1
        assert told in capsys.readouterr().err
    assert run(["init", str(folder / "remote.git"), "--server-hook"]) == 0
    assert run(["init", str(folder / "remote.git"), "--server-hook"]) == 1
    assert "exists already" in capsys.readouterr().err
    assert run(["init", str(folder / "remote.git"), "--server-hook", "--sample"]) == 2
