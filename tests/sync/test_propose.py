"""A team whose shared branch takes only what somebody has looked at."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from pathlib import Path

import pytest

from tests.syncing import GRINDERS, MACHINES
from tests.warm import Forked

TITLE = "Push out espresso"
BRANCH = "deals/ana-ruiz/push-out-espresso"


@pytest.mark.parametrize("way", ["merge", "squash", "rebase"])
def test_a_proposal_and_how_it_goes_in(ana, luis, remote, way):
    shared = ana.git("rev-parse", "HEAD")
    ana.cli("opp", "set", "OPP-2Q8XA", "expected_close=2027-01-31")
    ana.cli("opp", "set", "OPP-2Q8XA", "probability=25")
    tip = ana.git("rev-parse", "HEAD")
    tried = ana.cli("propose", TITLE, "--dry-run")
    assert tried.err == ""
    assert tried.out.startswith(f"{TITLE}: 2 commits would go to {BRANCH}\n\n### Pipeline: 1 opportunity\n")
    assert "](" not in tried.out  # nobody knows where this host shows a file
    assert ana.git("rev-parse", "HEAD") == tip
    said = ana.cli("propose", TITLE)
    assert said.out.startswith(
        f"{TITLE}: 2 commits on {BRANCH}\nwho merges it: git fetch && git merge origin/{BRANCH}\n"
    )
    assert "expected_close: 2026-12-15 → 2027-01-31" in said.out
    assert said.err == f"this clone is back at origin/main ({shared[:7]})\n"
    assert ana.git("rev-parse", "HEAD") == shared
    assert ana.status() == ""
    assert remote.git("rev-parse", BRANCH) == tip
    assert "nothing to do" in ana.sync().out
    assert "there is nothing to propose" in ana.cli("propose", code=1).err

    # meanwhile, other things happen
    luis.change(GRINDERS, "4998.00", "5998.00")
    luis.sync()
    luis.git("fetch", "-q", "origin")
    match way:
        case "merge":
            luis.git("merge", "-q", "--no-ff", f"origin/{BRANCH}", "-m", "Merge it")
        case "squash":
            luis.git("merge", "-q", "--squash", f"origin/{BRANCH}")
            luis.git("commit", "-qm", "Squash it")
        case "rebase":
            luis.git("cherry-pick", f"{shared}..origin/{BRANCH}")
    luis.git("push", "-q")
    luis.change(MACHINES, "probability: 25", "probability: 30")  # somebody goes on from there
    luis.git("push", "-q")
    told = ana.sync()
    assert told.out.splitlines()[1:] == [f'your proposal went in: "{TITLE}"']
    assert ana.git("rev-parse", "HEAD") == remote.git("rev-parse", "main")
    assert "2027-01-31" in ana.read(MACHINES)
    assert ana.git("for-each-ref", "refs/heads/deals") == ""
    assert json.loads(ana.sync("--format", "json").out)["proposals"] == []


def test_one_that_was_killed_after_its_push_is_gone_on_with(ana, remote):
    ana.change(MACHINES, "4998.00", "3998.00")
    ana.git("push", "-q", "origin", f"HEAD:refs/heads/{BRANCH}")
    ana.git("branch", BRANCH)
    assert f"on {BRANCH}\n" in ana.cli("propose", TITLE).out
    assert remote.git("for-each-ref", "--format=%(refname:short)", "refs/heads/deals").split() == [BRANCH]


def test_one_that_was_killed_takes_what_was_changed_since(ana, remote):
    ana.change(MACHINES, "4998.00", "3998.00")
    ana.git("push", "-q", "origin", f"HEAD:refs/heads/{BRANCH}")
    ana.change(GRINDERS, "4998.00", "5998.00")
    tip = ana.git("rev-parse", "HEAD")
    assert f"2 commits on {BRANCH}\n" in ana.cli("propose", "Two prices").out
    assert remote.git("for-each-ref", "--format=%(objectname)", "refs/heads/deals").split() == [tip]

    # what builds on a proposal that came to its end is one of its own
    ana.git("merge", "-q", BRANCH)
    ana.change(MACHINES, "3998.00", "3898.00")
    assert "3 commits on deals/ana-ruiz/more\n" in ana.cli("propose", "More").out
    assert remote.git("rev-parse", BRANCH) == tip


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="nobody says whose child a process is")
def test_one_that_is_undone_after_its_push_is_not_told_as_if_nothing_was_pushed(ana, remote, warm):
    ana.change(MACHINES, "4998.00", "3998.00")
    hook = ana.path / ".git/hooks/reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(
        "#!/bin/sh\n[ $1 = prepared ] && grep -q 'HEAD$' || exit 0\n"
        "kill -9 $(awk '/^PPid/{print $2}' /proc/$PPID/status) $PPID\n"
    )
    hook.chmod(0o755)
    killed = Forked(warm, "-C", str(ana.path), "propose", TITLE)
    killed.communicate()
    hook.unlink()
    assert killed.returncode == -signal.SIGKILL
    assert remote.git("for-each-ref", "--format=%(refname:short)", "refs/heads/deals").split() == [BRANCH]

    for _ in range(200):  # while one of its gits still runs, a reader leaves it alone
        if said := ana.cli("opp", "list").err:
            break
        time.sleep(0.02)
    assert said == "undone: propose, whose branch may be pushed (the command was cut off)\n"
    assert f"on {BRANCH}\n" in ana.cli("propose", TITLE).out


def test_what_is_proposed_waits_beside_other_work(ana, remote):
    ana.change(MACHINES, "4998.00", "3998.00")
    (tree,) = ana.cli("propose", "--format", "json").out.splitlines()[:1]
    assert tree == "{"
    ana.change(GRINDERS, "4998.00", "3998.00")
    ana.change(GRINDERS, "3998.00", "2998.00")
    told = json.loads(ana.cli("propose", "--format", "json").out)
    assert told["title"] == f"change {GRINDERS} and 1 more"
    assert (told["commits"], told["is_open"], told["address"]) == (2, False, None)
    assert told["text"].startswith("### Pipeline: 1 opportunity")
    assert len(remote.git("for-each-ref", "refs/heads/deals").splitlines()) == 2
    assert "went in" not in ana.sync().out

    # a name that the host has already; files in no commit; nothing that is shared
    ana.git("branch", "-q", "-D", told["branch"])
    ana.change(GRINDERS, "4998.00", "3998.00")
    again = json.loads(ana.cli("propose", told["title"], "--format", "json").out)
    assert again["branch"] == f"{told['branch']}-2"
    ana.change(GRINDERS, "4998.00", "3998.00", commit=False)
    assert "changed and not committed" in ana.cli("propose", code=1).err


def test_a_branch_that_is_protected_names_the_way(ana, remote):
    (remote.path / "hooks").mkdir(exist_ok=True)
    hook = remote.path / "hooks" / "update"
    refusal = "echo 'GH006: Protected branch update failed'; exit 1"
    hook.write_text(f'#!/bin/sh\n[ "$1" != refs/heads/main ] || {{ {refusal}; }}\n')
    hook.chmod(0o755)
    ana.change(MACHINES, "4998.00", "3998.00")
    assert ana.refused().endswith('changed there; propose what is here with `pipecli propose "TITLE"`')
    assert ana.cli("propose", TITLE).out.startswith(f"{TITLE}: 1 commit on {BRANCH}\n")
    assert "nothing to do" in ana.sync().out


@pytest.mark.parametrize(
    ("address", "tool", "page"),
    [
        (
            "https://github.com/contoso/sales.git", "gh",
            f"https://github.com/contoso/sales/compare/main...{BRANCH}?expand=1&title=Push+out+espresso",
        ),
        (
            "git@gitlab.contoso.example:crm/sales.git", "glab",
            "https://gitlab.contoso.example/crm/sales/-/merge_requests/new?merge_request%5Bsource_branch%5D="
            "deals%2Fana-ruiz%2Fpush-out-espresso&merge_request%5Btarget_branch%5D=main"
            "&merge_request%5Btitle%5D=Push+out+espresso",
        ),
    ],
)  # fmt: skip
def test_the_request_is_opened_by_the_host_s_program(ana, remote, tmp_path, monkeypatch, address, tool, page):
    ana.git("remote", "set-url", "origin", address)
    ana.git("config", f"url.{remote.path}.insteadOf", address)
    ana.change(MACHINES, "4998.00", "3998.00")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / tool
    program.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/asked; cat > {tmp_path}/body\n'
        'echo "Creating" >&2; echo https://host.example/contoso/sales/pull/12\n'
    )
    program.chmod(0o755)
    said = ana.cli("propose", TITLE).out
    assert said == f"{TITLE}: 1 commit on {BRANCH}\nasked for: https://host.example/contoso/sales/pull/12\n"
    asked = (tmp_path / "asked").read_text()
    assert f"--title={TITLE}" in asked
    assert BRANCH in asked
    text = asked + (tmp_path / "body").read_text()
    assert "### Pipeline: 1 opportunity" in text
    assert re.search(rf"\[OPP-2Q8XA\]\(https://\S+/contoso/sales/blob/[0-9a-f]{{40}}/{MACHINES}\)", text) or (
        "gitlab" in address and "/crm/sales/-/blob/" in text
    )

    program.write_text("#!/bin/sh\necho 'not logged in' >&2; exit 4\n")
    ana.change(GRINDERS, "4998.00", "3998.00")
    ana.git("branch", "-q", "-m", BRANCH, "deals/old")
    remote.git("branch", "-q", "-D", BRANCH)
    ana.git("fetch", "-q", "--prune")
    said = ana.cli("propose", TITLE)
    assert f"ask for it at: {page}\n\n### Pipeline" in said.out
    assert f"warning: {tool} could not open it: not logged in" in said.err

    # Ctrl-C while the host thinks: the branch is out, and the clone has gone back
    program.write_text("#!/bin/sh\nkill -INT $PPID; sleep 0.1\n")
    shared = ana.git("rev-parse", "HEAD")
    ana.change(MACHINES, "4998.00", "3998.00")
    assert ana.cli("propose", "Cheaper", code=130).err == (
        "error: interrupted; deals/ana-ruiz/cheaper is pushed, and this clone is back at origin/main\n"
    )
    assert ana.git("rev-parse", "HEAD") == shared


def test_a_configuration_of_git_that_is_locked_takes_nothing_back(ana):
    """The title is written there, last; the commits are pushed and put aside by then."""
    ana.cli("opp", "set", "OPP-2Q8XA", "probability=25")
    ana.hook("pre-push", "touch .git/config.lock")
    assert ana.cli("propose", TITLE).out.startswith(f"{TITLE}: 1 commit on {BRANCH}\n")
    assert ana.git("branch", "--list", BRANCH).strip() == BRANCH
