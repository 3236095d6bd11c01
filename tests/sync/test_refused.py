"""sync: what stands against it, each said in one line with the way out, and nothing changed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from errno import ENOSPC
from pathlib import Path

import pytest

from pipecli.outbox import claim_and_send_once
from pipecli.store import git_remote
from pipecli.sync import sync
from tests.syncing import GRINDERS, MACHINES, Clone
from tests.warm import Forked


def detach(ana: Clone) -> None:
    ana.git("switch", "-q", "--detach")


def begin_merge(ana: Clone) -> None:
    ana.git("commit", "-q", "--allow-empty", "-m", "here")
    ana.git("branch", "side", "HEAD~1")
    ana.git("switch", "-q", "side")
    ana.write("notes.txt", "beside\n")
    ana.git("switch", "-q", "main")
    ana.git("merge", "-q", "--no-commit", "--no-ff", "side")


def begin_rebase(ana: Clone) -> None:
    ana.change(MACHINES, "4998.00", "5200.00")
    stop = os.environ | {"GIT_SEQUENCE_EDITOR": "sed -i s/pick/edit/"}
    subprocess.run(["git", "rebase", "-q", "-i", "HEAD~1"], cwd=ana.path, env=stop, capture_output=True)


def begin_revert(ana: Clone) -> None:
    ana.change(MACHINES, "4998.00", "5200.00")
    ana.git("revert", "--no-commit", "HEAD")


def no_remote(ana: Clone) -> None:
    ana.git("remote", "remove", "origin")


def several_remotes(ana: Clone) -> None:
    no_remote(ana)
    for name in ("one", "two"):
        ana.git("remote", "add", name, "../remote.git")


def local_upstream(ana: Clone) -> None:
    ana.git("switch", "-q", "-c", "plan")
    ana.git("branch", "-q", "--set-upstream-to=main")


def moved_remote(ana: Clone) -> None:
    ana.git("remote", "set-url", "origin", "https://ana:secret@127.0.0.1:1/remote.git")


def edited(ana: Clone) -> None:
    ana.change(MACHINES, "4998.00", "5200.00", commit=False)


def staged(ana: Clone) -> None:
    edited(ana)
    ana.git("add", MACHINES)


def added(ana: Clone) -> None:
    ana.cli("opp", "add", "--title", "New", "--organization", "Acme", "--no-commit")


def unknown_identity(ana: Clone) -> None:
    luis = Clone(ana.path.parent / "luis")
    luis.change(MACHINES, "2026-12-15", "2027-01-10")
    luis.git("push", "-q")
    ana.change(MACHINES, "4998.00", "5200.00")
    ana.git("config", "user.useConfigOnly", "true")
    ana.git("config", "user.email", "")
    ana.git("config", "user.name", "")


def no_commit(ana: Clone) -> None:
    ana.git("update-ref", "-d", "HEAD")


def deleted_branch(ana: Clone) -> None:
    ana.git("switch", "-q", "-c", "plan")
    ana.git("push", "-q", "--set-upstream", "origin", "plan")
    Clone(ana.path.parent / "luis").git("push", "-q", "origin", ":plan")


def pruned_branch(ana: Clone) -> None:
    deleted_branch(ana)
    ana.git("fetch", "-q", "--prune")


def pruned_only_branch(ana: Clone) -> None:
    ana.git("remote", "set-head", "origin", "--delete")  # as where the remote was added, not cloned
    ana.git("-C", ana.git("remote", "get-url", "origin"), "update-ref", "-d", "refs/heads/main")
    ana.git("fetch", "-q", "--prune")


def rewritten(ana: Clone) -> None:
    ana.change(MACHINES, "4998.00", "5200.00")
    ana.git("push", "-q")
    ana.change(GRINDERS, "4998.00", "1.00")
    luis = Clone(ana.path.parent / "luis")
    luis.change(MACHINES, "4998.00", "7200.00")
    luis.git("push", "-q", "--force")


def set_back(ana: Clone) -> None:
    ana.change(MACHINES, "4998.00", "5200.00")
    ana.git("push", "-q")
    ana.change(GRINDERS, "4998.00", "1.00")
    Clone(ana.path.parent / "luis").git("push", "-q", "--force", "origin", "HEAD:main")
    ana.git("fetch", "-q")  # as an editor does by itself


def no_pipeline(ana: Clone) -> None:
    ana.change(MACHINES, "4998.00", "5200.00")
    luis = Clone(ana.path.parent / "luis")
    luis.git("rm", "-q", MACHINES, "pipecli.yaml")
    luis.git("commit", "-q", "-m", "gone")
    luis.git("push", "-q")


def shallow(ana: Clone) -> None:
    luis = Clone(ana.path.parent / "luis")
    for number in range(3):
        luis.git("commit", "-q", "--allow-empty", "-m", str(number))
    luis.git("push", "-q")
    ana.change(MACHINES, "4998.00", "5200.00")
    ana.git("update-ref", "-d", "refs/remotes/origin/main")
    ana.git("remote", "set-url", "origin", f"file://{ana.path.parent}/remote.git")
    ana.git("fetch", "-q", "--depth=1", "origin", "main")


def another_history(ana: Clone) -> None:
    ana.git("update-ref", "-d", "refs/remotes/origin/main")
    ana.git("checkout", "-q", "--orphan", "other")
    ana.git("commit", "-q", "-m", "another beginning")
    ana.git("branch", "-q", "-M", "main")


def error_of_ones_own(ana: Clone) -> None:
    ana.change(MACHINES, "amount: 4998.00", "amount: a lot")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (detach, "HEAD is detached at .*, on no branch; go to one first: git switch main"),
        (begin_merge, "a merge is in progress; finish it with `git commit`, or `git merge --abort`"),
        (begin_rebase, "a rebase is in progress; finish it with `git rebase --continue`"),
        (begin_revert, "a revert is in progress; finish it with `git revert --continue`"),
        (no_remote, "no remote to sync with; add one: git remote add origin ADDRESS"),
        (several_remotes, "main has no upstream, and there are the remotes one, two; choose one: git push"),
        (local_upstream, "plan follows main, a branch of this clone; name one that is shared"),
        (moved_remote, "origin can't be reached: .*127.0.0.1.*; nothing is changed; look at the address"),
        (edited, f"{MACHINES} is changed and not committed; commit first"),
        (staged, f"{MACHINES} is changed and not committed; commit first"),
        (added, r"customers/acme.yaml, opportunities/.*-new.yaml are changed and not committed"),
        (unknown_identity, "git doesn't know who you are.*; tell it: git config --global user.name NAME"),
        (deleted_branch, "origin has no branch plan any more; to have it there again: git push origin plan"),
        (pruned_branch, "origin has no branch plan any more; to have it there again: git push origin plan"),
        (pruned_only_branch, "origin has no branch main any more; to have it there again: git push"),
        (rewritten, "origin/main was rewritten: it no longer has 1 commit that .*git rebase --onto"),
        (set_back, "origin/main was rewritten: .* bring all back with `git push origin main:main`, and"),
        (no_pipeline, "pipecli.yaml was removed or moved in origin/main; nothing is changed"),
        (shallow, "this clone is shallow.*git fetch --unshallow"),
        (another_history, "origin/main has another history: the two have no commit in common"),
        (error_of_ones_own, "1 error would be new in what is shared; nothing is changed; make your files"),
    ],
)  # fmt: skip
def test_what_stands_against_it(ana: Clone, given: Callable[[Clone], None], said: str) -> None:
    given(ana)
    error = ana.refused()
    assert re.match(f"error: {said}", error), error
    assert "secret" not in error


def test_what_was_rewritten_goes_on_once_a_person_has_merged_it(ana: Clone) -> None:
    rewritten(ana)
    way = re.search("`(git merge .*?)`", ana.refused())
    assert way
    ana.git(*way[1].split()[1:], "-s", "ours")
    ana.sync()


def test_a_disk_here_that_takes_no_more_is_not_a_remote_out_of_reach(ana: Clone, luis: Clone) -> None:
    luis.change(MACHINES, "amount: 4998.00", "amount: 5000.00")
    luis.sync()
    objects = ana.path / ".git/objects"
    mount = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@"'
    wrap = ["unshare", "--mount", "--map-root-user", "sh", "-c", mount, "sh", str(objects)]
    if subprocess.run([*wrap, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system lets nobody mount a read-only view")
    before = ana.state()

    command = [*wrap, sys.executable, "-m", "pipecli", "-C", str(ana.path), "sync"]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stderr

    assert said.startswith("error: what origin/main has can't be written here: "), said
    assert said.endswith("; nothing is changed; make room on this disk, and try again\n")
    assert ana.state() == before


def test_a_full_disk_once_the_others_have_it_tells_that_they_do(
    ana: Clone, luis: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    luis.change(MACHINES, "amount: 4998.00", "amount: 5000.00")
    luis.sync()
    ana.change(GRINDERS, "amount: 4998.00", "amount: 4000.00")
    replace = os.replace

    def full(old: str | Path, new: str | Path) -> None:
        if Path(new).name == "journal.onto":
            raise OSError(ENOSPC, os.strerror(ENOSPC))
        replace(old, new)

    monkeypatch.setattr(os, "replace", full)
    said = ana.sync(code=1).err
    assert said.endswith(
        "/journal.onto: No space left on device; origin/main has what was here; "
        "`pipecli sync` brings the rest\n"
    )
    monkeypatch.setattr(os, "replace", replace)
    ana.sync()
    assert "amount: 5000.00" in ana.read(MACHINES) and ana.status() == ""


def test_a_pipeline_that_was_never_committed(ana: Clone) -> None:
    ana.git("update-ref", "-d", "HEAD")
    assert "the repository has no commit yet; commit the pipeline first" in ana.sync(code=1).err


def test_two_changes_that_are_right_alone_and_wrong_together(ana: Clone, luis: Clone) -> None:
    """Luis removes the customer on whom Ana opens a deal."""
    ana.write("customers/acme.yaml", "id: acme\nname: Acme\n")
    ana.sync()
    luis.sync()
    luis.remove("customers/acme.yaml")
    luis.sync()
    ana.change(MACHINES, "title: ", "customer: acme\ntitle: ")
    before = ana.state()
    said = ana.sync(code=1)
    assert ana.state() == before
    assert said.out.startswith(f"{MACHINES}:4:1: customer: unknown customer acme")
    assert "1 error would be new in what is shared; nothing is changed; make your files fit" in said.err
    assert "together with what would come (`pipecli sync --dry-run`)" in said.err
    ana.change(MACHINES, "customer: acme\n", "")
    ana.sync()


def test_errors_that_everybody_has_stop_nobody(ana: Clone, luis: Clone) -> None:
    ana.change(GRINDERS, "amount: 4998.00", "amount: a lot")
    ana.git("push", "-q")
    luis.change(MACHINES, "4998.00", "5200.00")
    luis.sync()
    ana.change(MACHINES, "2026-12-15", "2027-01-10")
    ana.sync()


def test_a_hook_there_that_refuses(ana: Clone, remote: Clone) -> None:
    hook = remote.path / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho 'Deal 5 is too cheap' >&2\nexit 1\n")
    hook.chmod(0o755)
    ana.change(MACHINES, "4998.00", "1.00")
    assert ana.refused() == (
        "error: origin/main refused it: pre-receive hook declined / Deal 5 is too cheap; "
        "nothing is changed there"
    )


def test_ctrl_c_when_the_push_is_through(ana: Clone, remote: Clone) -> None:
    hook = remote.path / "hooks/post-receive"
    hook.write_text(f"#!/bin/sh\nkill -INT {os.getpid()}; sleep 0.2\n")
    hook.chmod(0o755)
    ana.change(MACHINES, "4998.00", "1.00")
    assert ana.cli("sync", code=130).err == (
        "error: interrupted; origin/main may have what was here; `pipecli sync` brings the rest\n"
    )
    hook.unlink()
    assert ana.sync().out
    assert ana.git("rev-parse", "HEAD") == remote.git("rev-parse", "main")


def test_a_hook_here_that_refuses(ana: Clone) -> None:
    ana.hook("pre-push", "echo 'not on a Friday' >&2; exit 1")
    ana.change(MACHINES, "4998.00", "1.00")
    assert ana.refused() == ("error: it could not be pushed: not on a Friday; try again")


def test_a_file_in_the_way(ana: Clone, luis: Clone) -> None:
    luis.write("plan.txt", "theirs\n")
    luis.git("push", "-q")
    ana.change(MACHINES, "4998.00", "5200.00")
    ana.write("plan.txt", "ours\n", commit=False)
    error = ana.refused()
    assert "files here are in the way: " in error and "plan.txt" in error and "move them away" in error


def test_a_path_that_git_never_writes_is_told_as_such(ana: Clone, luis: Clone) -> None:
    luis.write("evil/hooks", "x\n")
    tree = subprocess.run(["git", "cat-file", "tree", "HEAD"], cwd=luis.path, capture_output=True).stdout
    tree = tree.replace(b"40000 evil\0", b"40000 .git\0")
    literally = ("git", "hash-object", "-t", "tree", "-w", "--literally", "--stdin")
    made = subprocess.run(literally, cwd=luis.path, input=tree, capture_output=True, check=True)
    luis.git(
        "push",
        "-q",
        "origin",
        f"{luis.git('commit-tree', made.stdout.decode().strip(), '-p', 'HEAD', '-m', 'x')}:main",
    )
    ana.change(MACHINES, "4998.00", "5200.00")
    error = ana.refused()
    assert "git makes no files of the merge: error: invalid path '.git/hooks'; nothing is changed" in error


def test_somebody_who_is_always_faster_or_holds_the_branch(
    ana: Clone, luis: Clone, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync, "TRIES", 3)
    ana.hook(
        "pre-push", "git -C ../luis commit -q --allow-empty -m more && git -C ../luis push -q 2>/dev/null"
    )
    ana.change(MACHINES, "4998.00", "5200.00")
    assert ana.refused() == ("error: somebody was faster 3 times in a row; try again in a minute")
    assert len(luis.git("log", "--format=%s", "--grep=more").splitlines()) == 3

    ana.hook("pre-push", "exit 0")
    lock = folder / "remote.git/refs/heads/main.lock"  # of a git that was killed there
    lock.touch()
    said = ana.refused()
    assert said.startswith("error: origin/main can't be moved: cannot lock ref 'refs/heads/main': Unable to")
    assert "main.lock': File exists; nothing is changed; try again; if no git is at work there" in said
    monkeypatch.setattr(claim_and_send_once, "_TRIES", 2)
    (folder / "remote.git/refs/pipecli/claims").mkdir(parents=True)
    (folder / "remote.git/refs/pipecli/claims/digest.lock").touch()
    monkeypatch.setenv("PIPECLI_CHANNEL", "json://127.0.0.1:1/")
    said = ana.cli("digest", "--to", "ana", code=1).err
    assert said.startswith(
        "error: refs/pipecli/claims/digest can't be moved, and nothing is done: cannot lock"
    )


def test_a_remote_that_says_nothing(ana: Clone, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ssh = folder / "ssh"
    ssh.write_text(f"#!/bin/sh\necho $$ > {folder}/pid\nexec sleep 60\n")
    ssh.chmod(0o755)
    monkeypatch.setenv("GIT_SSH_COMMAND", str(ssh))
    monkeypatch.setattr(git_remote, "PATIENCE", 0.2)
    ana.git("remote", "set-url", "origin", "sales@crm.example:remote.git")
    assert ana.refused() == (
        "error: origin does not answer: nothing was heard for 0 seconds; nothing is changed; try again later"
    )
    state = Path("/proc", (folder / "pid").read_text().strip(), "stat")
    assert not state.exists() or state.read_text().split()[2] == "Z"  # nothing of it is left behind


def test_nobody_is_asked_for_a_password(ana: Clone, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ssh = folder / "ssh"
    ssh.write_text(f'#!/bin/sh\necho "$*" > {folder}/asked\nexit 255\n')
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    ana.git("remote", "set-url", "origin", "sales@crm.example:remote.git")
    assert "origin can't be reached" in ana.refused()
    assert "-o BatchMode=yes" in (folder / "asked").read_text()


def test_an_older_git_merges_nothing_and_says_so(
    ana: Clone, luis: Clone, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in for git 2.30: all of this git but for the `merge-tree` that it did not have."""
    real = subprocess.run(["which", "git"], capture_output=True, text=True, check=True).stdout.strip()
    old = folder / "git"
    old.write_text(
        f"""#!/bin/sh
for word; do case $word in
    version) echo git version 2.30.2; exit;;
    merge-tree) echo usage: git merge-tree >&2; exit 129;;
    *=*|-*) ;;
    *) break;;
esac; done
exec {real} "$@"
"""
    )
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    luis.change(MACHINES, "4998.00", "5200.00")
    luis.sync()
    ana.change(MACHINES, "2026-12-15", "2027-01-10")
    assert "merging them safely takes git 2.38 or later" in ana.refused()
    assert "git pull --no-rebase && git push" in ana.refused()


@pytest.mark.parametrize("moment", [0.03, 0.06])
def test_a_kill_leaves_nothing_half_done(ana: Clone, luis: Clone, warm: Path, moment: float) -> None:
    luis.change(MACHINES, "4998.00", "5200.00")
    luis.git("push", "-q")
    ana.change(MACHINES, "2026-12-15", "2027-01-10")
    before = ana.state()
    program = Forked(warm, "-C", str(ana.path), "sync")
    time.sleep(moment)
    with suppress(ProcessLookupError):  # it was faster
        os.killpg(program.pid, signal.SIGKILL)
    program.communicate()
    time.sleep(0.1)  # what was begun of a checkout is carried through
    assert ana.status() == ""
    assert ana.git("rev-parse", "HEAD") in (before[0], ana.git("rev-parse", "HEAD^{commit}"))
    ana.sync()
    luis.sync()
    assert ana.files() == luis.files()
    assert "amount: 5200.00\nexpected_close: 2027-01-10\n" in ana.read(MACHINES)


def test_a_binary_under_a_record_s_name(ana: Clone, luis: Clone) -> None:
    for clone, content in ((luis, b"\x00\x01theirs"), (ana, b"\x00\x02ours")):
        (clone.path / MACHINES).write_bytes(content)
        clone.git("commit", "-q", "-a", "-m", "a picture")
    luis.git("push", "-q")
    before = ana.state()
    assert MACHINES in ana.sync(code=1).out
    ana.sync("--abort")
    assert ana.state() == before


def test_one_way_at_a_time(ana: Clone) -> None:
    assert "--ours and --theirs can't go together" in ana.sync("--ours", "--theirs", code=2).err
    assert "with --ours or --theirs only" in ana.sync("OPP-2Q8XA", code=2).err
