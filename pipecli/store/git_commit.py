"""One commit of just some files, and what a killed git leaves in a git directory.

git takes each file in while the next is being written. A lock tells that the gits of a change have all ended.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pipecli.store import git

if TYPE_CHECKING:
    from pipecli.store.files import Location

_PAUSE = 0.05


class AtWork(git.GitRefused):
    """The git of a killed command still works."""


def common_dir(git_dir: Path) -> Path:
    """The git directory that linked work trees share."""
    try:
        return git_dir / (git_dir / "commondir").read_text(encoding="utf-8").strip()
    except OSError:
        return git_dir


def head_of(place: Location) -> str:
    """The id of the commit that HEAD is; empty in a repository without one."""
    with suppress(OSError, UnicodeDecodeError):  # 3 ms less than to ask git
        text = (place.git_dir / "HEAD").read_text(encoding="utf-8").strip()
        if text.startswith("ref: "):
            text = (
                (common_dir(place.git_dir) / text.removeprefix("ref: ")).read_text(encoding="utf-8").strip()
            )
        if len(text) in (40, 64):
            return text
    return git.commit_of(place.work_tree, "HEAD") or ""


def index_lock(place: Location) -> Path | None:
    """The lock of git's index, while one is there."""
    lock = place.git_dir / "index.lock"
    return lock if os.path.lexists(lock) else None


def held(lock: Path) -> git.GitRefused:
    """The refusal to work beside another git."""
    return git.GitRefused(
        "another git command is at work in this repository",
        hint=f"wait for it; if there is none, remove {lock}",
    )


def clear_locks(place: Location) -> None:
    """Remove the locks of a git that died. Raises GitRefused where another git is at work.

    The caller knows that none of its own lives any more, and that there was no lock when it began.
    """
    locks = [*_locks(place)]
    if locks and _is_at_work(place.work_tree):
        raise held(locks[0])
    for lock in locks:
        lock.unlink(missing_ok=True)


def _locks(place: Location) -> Iterator[Path]:
    """The locks that a commit takes: of the index, of HEAD, of its branch."""
    common = common_dir(place.git_dir)
    locks = [place.git_dir / "index.lock", place.git_dir / "HEAD.lock", common / "packed-refs.lock"]
    with suppress(OSError, UnicodeDecodeError):
        head = (place.git_dir / "HEAD").read_text(encoding="utf-8").strip()
        if head.startswith("ref: refs/"):
            locks.append(common / f"{head.removeprefix('ref: ')}.lock")
    yield from (lock for lock in (*locks, *place.git_dir.glob("next-index-*.lock")) if os.path.lexists(lock))


def _is_at_work(work_tree: Path) -> bool:
    """True where a git runs in a work tree, as far as the system tells."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            name, _, rest = (process / "stat").read_text().partition(" (")[2].rpartition(") ")
            if name == "git" and not rest.startswith("Z"):
                where = (process / "cwd").resolve()
                if where == work_tree or work_tree in where.parents:
                    return True
    return False


def hold(handle: int) -> bool:
    """Lock an open file, for this process and the children that it hands the file to.

    False where the system knows no such locks.
    """
    if lock := _locking():
        with suppress(OSError):  # a disk without such locks
            lock(handle)
    return lock is not None


@contextmanager
def held_alone(handle: int, patience: float) -> Iterator[None]:
    """Lock an open file once nobody else does. Raises AtWork after `patience` seconds."""
    deadline = time.monotonic() + patience
    while lock := _locking():
        try:
            lock(handle)
            break
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise AtWork(
                    "the git of a command that was killed is still at work", hint="wait for it"
                ) from None
            time.sleep(_PAUSE)
        except OSError:
            break
    yield


@cache
def _locking() -> Callable[[int], None] | None:
    """Locks an open file or raises BlockingIOError; None where the system has no such locks."""
    try:
        from fcntl import LOCK_EX, LOCK_NB, flock
    except ImportError:
        return None
    return lambda handle: flock(handle, LOCK_EX | LOCK_NB)


MANY = 500
"""Files. Of so many git makes a commit another way, which costs fewer nothing."""


class Commit:
    """Takes files by name as they are written, then commits them; what else is staged stays staged.

    Identity, signing and hooks are the user's.
    """

    def __init__(
        self,
        work_tree: Path,
        changed: Sequence[str],
        new: Sequence[str],
        held: Sequence[int] = (),
        options: Sequence[str] = (),
    ) -> None:
        self._work_tree, self._changed, self._new = work_tree, changed, new
        self._held = held  # open files, that every git of this commit holds until it ends
        is_large = len(changed) + len(new) > MANY
        # --only compares every file with every name: 0.7 s for 9,000, four times that for twice as many.
        self._is_whole = is_large and _nothing_is_staged(work_tree)
        # --only takes files that git knows; update-index also adds what .gitignore would hide.
        self._to_stage = {*changed, *new} if self._is_whole else {*new}
        # What git takes for large goes into one pack; an object a file takes a second longer for 9,000.
        packing = ("-c", "core.bigFileThreshold=1") if is_large and _can_pack(work_tree) else ()
        self._options = (*options, *packing)
        self._hardening = options
        self._staging: subprocess.Popen[bytes] | None = None

    def take(self, name: str) -> None:
        """Have git read a file that is written now."""
        if name not in self._to_stage:
            return
        if self._staging is None:
            self._staging = git.start(
                self._work_tree, *self._options, "update-index", "--add", "--remove", "-z", "--stdin",
                held=self._held,
            )  # fmt: skip
        assert self._staging.stdin
        with suppress(BrokenPipeError):  # it has given up: `make` tells why
            self._staging.stdin.write(name.encode() + b"\0")

    def make(self, message: str, environment: Mapping[str, str] | None = None) -> None:
        """Commit what was taken. Raises GitRefused with the words of git or the hook."""
        if self._staging is not None:
            _, errors = self._staging.communicate()
            if self._staging.returncode:
                raise git.GitRefused(f"git could not stage the files: {git.one_line(errors)}")
        done = self._commit(message, environment)
        if done.returncode and self._take_unknown():
            done = self._commit(message, environment)
        if done.returncode:
            raise git.refusal(done)

    def _commit(
        self, message: str, environment: Mapping[str, str] | None
    ) -> subprocess.CompletedProcess[bytes]:
        only = () if self._is_whole else ("--only", "--pathspec-from-file=-", "--pathspec-file-nul")
        return git.run(
            self._work_tree, *self._hardening,
            "commit", "--quiet", "--no-status", f"--message={message}", *only,
            stdin=git.listed([*self._changed, *self._new]), environment=environment, held=self._held,
        )  # fmt: skip

    def _take_unknown(self) -> bool:
        """Add the changed files that git doesn't know: written by hand or with --no-commit, never committed.

        Looked for only once git has refused: each commit would pay for the question.
        """
        known = set(git.output(self._work_tree, "ls-files", "-z", "--", *self._changed).split("\0"))
        unknown = [name for name in self._changed if name not in known]
        if not unknown:
            return False
        for name in unknown:
            if not (self._work_tree / name).exists():
                raise git.GitRefused(
                    f"{name} was never committed, git could not bring it back", hint="commit it first"
                )
        self._new = [*self._new, *unknown]
        self._changed = [name for name in self._changed if name not in unknown]
        added = git.run(
            self._work_tree, "update-index", "--add", "-z", "--stdin",
            stdin=git.listed(unknown), held=self._held,
        )  # fmt: skip
        return not added.returncode

    def stop(self) -> None:
        """End what still runs of it."""
        if self._staging is not None:
            self._staging.terminate()
            with suppress(ValueError):  # `make` has closed its input already
                self._staging.communicate()

    def undo(self) -> None:
        """Have nothing of it staged any more."""
        self.stop()
        git.unstage(self._work_tree, self._new)
        if self._is_whole:
            _restage(self._work_tree, self._changed)


def commit(
    work_tree: Path,
    message: str,
    changed: Sequence[str],
    new: Sequence[str],
    environment: Mapping[str, str] | None = None,
) -> str:
    """Commit files that are written already; the commit's id. Raises GitRefused, and nothing is staged."""
    commit_ = Commit(work_tree, changed, new)
    try:
        for name in (*changed, *new):
            commit_.take(name)
        commit_.make(message, environment)
    except BaseException:
        commit_.undo()
        raise
    return git.output(work_tree, "rev-parse", "HEAD")


def require_able(work_tree: Path, git_dir: Path) -> None:
    """Refuse where a commit is sure to fail. What a hook will say, nobody knows before."""
    require_no_rebase(git_dir)
    if (git_dir / "MERGE_HEAD").exists():
        raise git.GitRefused("a merge is in progress", hint="finish it, or undo it, before anything goes out")
    if (git_dir / "index.lock").exists():
        raise git.GitRefused(
            "another git command is at work in this repository",
            hint=f"wait for it; if there is none, remove {git_dir / 'index.lock'}",
        )
    for who in ("GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"):
        done = git.run(work_tree, "var", who)
        if done.returncode:
            raise git.refusal(done)


def require_no_rebase(git_dir: Path) -> None:
    """Refuse to commit in the middle of a rebase: `git rebase --abort` would lose the commit."""
    if (git_dir / "rebase-merge").exists() or (git_dir / "rebase-apply").exists():
        raise git.GitRefused(
            "a rebase is in progress, and what is committed now is lost if it is aborted",
            hint="finish it with `git rebase --continue`, or `git rebase --abort`",
        )


def hardening(work_tree: Path) -> tuple[str, ...] | None:
    """The options by which a commit outlasts a power cut; None where the user's core.fsync gives that up.

    git alone hardens packs and no loose object. In a batch its objects wait for the disk once, not each.
    """
    settings = git.run(work_tree, "config", "--get-regexp", r"^core\.fsync(method)?$").stdout.decode().split()
    if "core.fsync" in settings:
        return None if settings[settings.index("core.fsync") + 1 :][:1] == ["none"] else ()
    batch = () if "core.fsyncmethod" in settings else ("-c", "core.fsyncMethod=batch")
    return ("-c", "core.fsync=committed", *batch)


def _can_pack(work_tree: Path) -> bool:
    """True where update-index makes one pack of all files; before git 2.38 it would make one of each."""
    return git.version(work_tree) >= (2, 38)


def _nothing_is_staged(work_tree: Path) -> bool:
    """True where a commit of the index holds just what is staged next: no merge, nothing of the user's."""
    if git.run(work_tree, "diff-index", "--cached", "--quiet", "HEAD").returncode:
        return False
    git_dir = work_tree / git.output(work_tree, "rev-parse", "--git-dir")
    return not any((git_dir / name).exists() for name in ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD"))


def _restage(work_tree: Path, changed: Sequence[str]) -> None:
    """Have these files staged as the last commit has them."""
    wanted = set(changed)
    tree = git.output(work_tree, "ls-tree", "-r", "-z", "--full-tree", "HEAD").split("\0")
    entries = [entry for entry in tree if entry.partition("\t")[2] in wanted]
    git.run(work_tree, "update-index", "-z", "--index-info", stdin=git.listed([*entries, ""]))
