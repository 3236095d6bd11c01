"""One commit of just some files. git takes each of them in while the next is being written."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from pipecli.store import git

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
