"""One commit of just some files, its message, git's settings, where HEAD is before and after.

git takes each file in while the next is being written. How a commit outlasts a power cut, and what a killed
git leaves: `power_cut_and_killed_git.py`.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pipecli.harmless_text import code_host_text
from pipecli.store import git
from pipecli.store.safe_files import read_of_git

if TYPE_CHECKING:
    from pipecli.store.location import Location
    from pipecli.workflow import Change


ID = re.compile("([0-9a-f]{40,64})?")
"""Of a commit; empty where there is none."""


def head_of(location: Location) -> str:
    """The id of the commit that HEAD is; empty in a repository without one."""
    with suppress(OSError, UnicodeDecodeError):  # 3 ms less than to ask git
        text = read_of_git(location.git_dir / "HEAD")
        if text.startswith("ref: refs/heads/"):  # a linked work tree may have others of its own
            text = read_of_git(location.common_dir / text.removeprefix("ref: "))
        if text and ID.fullmatch(text):
            return text
    return git.commit_of(location.work_tree, "HEAD") or ""


def branch_of(location: Location) -> str | None:
    """The branch that HEAD is on, which may have no commit yet; None when it is detached."""
    with suppress(OSError, UnicodeDecodeError):
        text = read_of_git(location.git_dir / "HEAD")
        if re.fullmatch(r"ref: refs/heads/(?!\.).+", text):  # in place of refs in one table it is `.invalid`
            return text.removeprefix("ref: refs/heads/")
    done = git.run(location.work_tree, "symbolic-ref", "--quiet", "HEAD")
    ref = done.stdout.decode("utf-8", "replace").strip()
    return ref.removeprefix("refs/heads/") if ref.startswith("refs/heads/") else None


MANY = 500
"""Files. Of so many git makes a commit another way, which costs fewer nothing."""
_STAGING = ("update-index", "--add", "--remove", "-z", "--stdin")

KEEPING_MEMORY = {"MALLOC_MMAP_THRESHOLD_": "4000000", "MALLOC_TRIM_THRESHOLD_": "64000000"}
"""For glibc: git compresses and unpacks each file with memory of its own, which the kernel else takes back
and clears for each: of 25,000 files that was 1.4 of 3 s."""
KEEPING_LISTS = ("-c", "core.deltaBaseCacheLimit=192m")
"""Options of git for a walk through thousands of commits: else it unpacks many lists of files twice."""


class NewCommit:
    """Takes files by name as they are written, then commits them; what else is staged stays staged.

    Identity, signing and hooks are the user's.
    """

    def __init__(
        self,
        work_tree: Path,
        changed: Sequence[str],
        new: Sequence[str],
        options: Sequence[str] = (),
    ) -> None:
        self._work_tree, self._changed, self._new = work_tree, changed, new
        self._is_large = len(changed) + len(new) > MANY
        # --only compares every file with every name: 0.7 s for 9,000, four times that for twice as many.
        self._is_whole = self._is_large and _nothing_is_staged(work_tree)
        # --only takes files that git knows; update-index also adds what .gitignore would hide.
        self._to_stage = {*changed, *new} if self._is_whole else {*new}
        self._options = tuple(options)
        self._working: subprocess.Popen[bytes] | None = None

    def take(self, name: str, content: bytes | None) -> None:
        """Hand git a file that is written now; None: removed.

        Of many files it is given the contents, and puts them into one pack. Staged file by file each would be
        an object of its own; those of one `update-index` it looks through for each anew.
        """
        if name not in self._to_stage or (self._is_large and content is None):
            return
        if self._working is None:
            self._start(*(("fast-import", "--quiet") if self._is_large else _STAGING))
        assert self._working
        assert self._working.stdin
        with suppress(BrokenPipeError):  # it has given up: `make` tells why
            self._working.stdin.write(
                b"blob\ndata %d\n%s\n" % (len(content or b""), content or b"")
                if self._is_large
                else name.encode() + b"\0"
            )

    def _start(self, *command: str) -> None:
        words = (*self._options, *command)
        self._working = git.start(self._work_tree, *words, more=KEEPING_MEMORY, stdout=subprocess.DEVNULL)

    def _end(self, last: bytes = b"") -> None:
        """Wait until git has taken what it was given. Raises GitRefused."""
        if self._working is None:
            return
        _, errors = git.ended(self._working, self._work_tree, last)
        if self._working.returncode:
            git.require_index(self._work_tree)
            words = git.stderr_of(errors) or git.ending(self._working.returncode)
            raise unchanged("git could not stage the files", words)

    def make(self, message: str, environment: Mapping[str, str] | None = None) -> None:
        """Commit what HEAD hasn't of what was taken. Raises GitRefused with the words of git or the hook."""
        self._end()
        if self._is_large:
            self._start(*_STAGING)
            self._end(git.listed([*sorted(self._to_stage), ""]))
        done = self._commit(message, environment)
        if done.returncode > 0 and self._take_unknown():
            done = self._commit(message, environment)
        # A git that dies or fails once HEAD has moved leaves an index behind that must be put in order.
        if done.returncode and (done.returncode != 1 or not self._is_in_head()):
            raise refusal(done)

    def _is_in_head(self) -> bool:
        """True where the files are as HEAD has them: what somebody had done by hand to them is taken back."""
        known = files_in_commit(self._work_tree, "HEAD") if git.commit_of(self._work_tree, "HEAD") else {}
        names = [*self._changed, *self._new]
        here = [name for name in names if os.path.lexists(self._work_tree / name)]
        # by content: `git diff` passes over what the index is told to take for unchanged
        done = git.run(self._work_tree, "hash-object", "--stdin-paths", stdin="\n".join(here).encode())
        ids = dict(zip(here, done.stdout.decode().split(), strict=False))
        return not done.returncode and all(
            known.get(name, "").partition(" ")[2] == ids.get(name, "") for name in names
        )

    def _commit(
        self, message: str, environment: Mapping[str, str] | None
    ) -> subprocess.CompletedProcess[bytes]:
        only = () if self._is_whole else ("--only", "--pathspec-from-file=-", "--pathspec-file-nul")
        # Else commit.cleanup may take lines that begin with # or core.commentChar out of the message.
        written = ("--quiet", "--no-status", "--cleanup=whitespace", f"--message={message}")
        # Else threads ask for all files twice before git does: for network disks, where we have just asked.
        words = (*self._options, "-c", "core.preloadIndex=false", "commit", *written, *only)
        names = git.listed([*self._changed, *self._new])
        done = git.attempt(self._work_tree, words, names, environment)
        if done.returncode == git.FATAL:
            git.require_index(self._work_tree)
        return done

    def _take_unknown(self) -> bool:
        """Add the changed files that git doesn't know: written by hand or with --no-commit, never committed.

        Looked for only once git has refused: each commit would pay for the question.
        """
        if self._is_whole:  # all are taken, and what is removed is unknown already
            return False
        known = set(git.words(self._work_tree, "ls-files", "-z", "--", *self._changed))
        unknown = [name for name in self._changed if name not in known]
        if not unknown:
            return False
        for name in unknown:
            if not (self._work_tree / name).exists():
                raise git.GitRefused(
                    f"{name} was never committed, git could not bring it back", hint="commit it first"
                )
        self._new = [*self._new, *unknown]
        added = git.run(self._work_tree, "update-index", "--add", "-z", "--stdin", stdin=git.listed(unknown))
        return not added.returncode

    def stop(self) -> None:
        """End what still runs of it."""
        if self._working is not None:
            self._working.terminate()
            with suppress(BrokenPipeError), self._working:
                pass  # Popen can't `communicate` again where a signal came as it began to


def commit_message(subject: str, more: str | None, trailers: str) -> str:
    """The message of a commit: its subject, `more`, trailers.

    Subjects: `Change.subject`, or the verb's own. `more` is what --message says. A code host is to link
    nothing of a subject.
    """
    key, colon, words = subject.partition(": ")
    is_of_record = colon and re.fullmatch(r"[\w.-]+", key)  # its key stays as it is typed
    subject = f"{key}{colon}{code_host_text(words)}" if is_of_record else code_host_text(subject)
    return "\n\n".join(part for part in (subject, more, trailers) if part)


_MOST_NAMED = 100
"""Records in trailers: git takes the message as one argument, and the system bounds its length."""


def trailers(changes: Sequence[Change]) -> str:
    """The last lines of a commit's text, for those who search the log: what happened, to which records.

    Of too many records only those that the changes are about are named, and none where these are too many.
    """
    events = dict.fromkeys(f"Pipecli-Event: {change.event}" for change in changes)
    records = dict.fromkeys(record.key for change in changes for record in change.records)
    if len(records) > _MOST_NAMED:
        records = dict.fromkeys(change.record.key for change in changes)
    named = records if len(records) <= _MOST_NAMED else ()
    return "\n".join([*events, *(f"Pipecli-Record: {key}" for key in named)])


def require_able(work_tree: Path, git_dir: Path) -> None:
    """Refuse where a commit is sure to fail. What a hook will say, nobody knows before."""
    require_no_rebase(git_dir)
    if (git_dir / "MERGE_HEAD").exists():
        raise git.GitRefused("a merge is in progress", hint="finish it, or undo it, before anything goes out")
    if (lock := git_dir / "index.lock").exists():
        raise git_at_work(lock)
    for who in ("GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"):
        done = git.run(work_tree, "var", who)
        if done.returncode:
            raise refusal(done)


def refusal(done: subprocess.CompletedProcess[bytes]) -> git.GitRefused:
    """Why git did not commit, with the way out."""
    words = git.words_of(done)
    if "tell me who you are" in words or "empty ident" in words or "no email was given" in words:
        return git.GitRefused(
            "git doesn't know who you are, and every change is signed with a name",
            hint="tell it: git config --global user.name NAME && git config --global user.email ADDRESS",
        )
    if "partial commit during a merge" in words:
        return git.GitRefused(
            "a merge is in progress",
            hint="finish it with `pipecli sync --continue` if a sync began it, else with `git commit`; "
            "`pipecli sync --abort` or `git merge --abort` undoes it",
        )
    return unchanged("git refused the commit", words)


def unchanged(what: str, words: str) -> git.GitRefused:
    """The refusal of a change, in words of git; whether it is undone is for the caller of `reason` to say."""
    return git.GitRefused(f"{what}, nothing is changed: {words}", reason=f"{what}: {words}")


def git_at_work(lock: Path) -> git.GitRefused:
    """The refusal to work beside another git."""
    return git.GitRefused(
        "another git command is at work in this repository",
        hint=f"wait for it; if there is none, remove {lock}",
    )


def require_no_rebase(git_dir: Path) -> None:
    """Refuse to commit in the middle of a rebase: `git rebase --abort` would lose the commit."""
    if (git_dir / "rebase-merge").exists() or (git_dir / "rebase-apply").exists():
        raise git.GitRefused(
            "a rebase is in progress, and what is committed now is lost if it is aborted",
            hint="finish it with `git rebase --continue`, or `git rebase --abort`",
        )


_known: dict[object, Mapping[str, str]] = {}


def settings_of(location: Location) -> Mapping[str, str]:
    """`git.settings`, which a process of many commands asks again where their files say otherwise.

    With included files, which may be anywhere and depend on the branch, git is asked every time.
    """
    asked = ("GIT_", "HOME", "USERPROFILE", "XDG_", "EMAIL")
    variables = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(asked) and not name.endswith("_DATE")
    }
    of_person = [variables[name] for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM") if name in variables]
    above = ["~/.gitconfig", f"{variables.get('XDG_CONFIG_HOME', '~/.config')}/git/config", "/etc/gitconfig"]
    own = [f"{location.common_dir}/config", f"{location.git_dir}/config.worktree"]
    state = (*variables.items(), *git.hardening_in_force, *map(_content, [*own, *of_person, *above]))
    if any(name.startswith("include") for name in _known.get(state, ["include"])):
        _known[state] = git.settings(location.work_tree)
    return _known[state]


def _content(file: str) -> bytes | None:
    try:
        return Path(file).expanduser().read_bytes()
    except (OSError, RuntimeError):  # not there; no home
        return None


def has_hooks(location: Location) -> bool:
    """True where something of the user's may run at a commit, and write into its files."""
    if any(name.startswith(("hook.", "core.hookspath")) for name in settings_of(location)):
        return True
    with suppress(FileNotFoundError):
        return any(file.suffix != ".sample" for file in (location.common_dir / "hooks").iterdir())
    return False


def _nothing_is_staged(work_tree: Path) -> bool:
    """True where a commit of the index holds just what is staged next: no merge, nothing of the user's."""
    if git.run(work_tree, "diff-index", "--cached", "--quiet", "HEAD").returncode:
        return False
    git_dir = work_tree / git.output(work_tree, "rev-parse", "--git-dir")
    return not any((git_dir / name).exists() for name in ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD"))


def unstage(work_tree: Path, new: Sequence[str]) -> None:
    """Forget files that were only just staged; a git that refuses has staged none."""
    with suppress(git.GitRefused):
        if new:
            git.run(work_tree, "update-index", "--force-remove", "-z", "--stdin", stdin=git.listed(new))


def stage_as_committed(work_tree: Path, names: Sequence[str], below: str = "") -> None:
    """Stage files as HEAD has them, or not at all where it doesn't; all are in the folder `below`."""
    if not names:
        return
    known = files_in_commit(work_tree, "HEAD", below) if git.commit_of(work_tree, "HEAD") else {}
    lines = [f"{known[name]}\t{name}" for name in names if name in known]
    # No `--refresh`: the next git does that.
    if new := [name for name in names if name not in known]:
        git.raw(work_tree, "update-index", "-z", "--force-remove", "--stdin", stdin=git.listed(new))
    if lines:
        git.raw(work_tree, "update-index", "-z", "--index-info", stdin=git.listed([*lines, ""]))


def files_in_commit(work_tree: Path, commit: str, below: str = "") -> dict[str, str]:
    """Mode and id of the files in a commit, all or those in a folder, by their paths in the repository."""
    paths = [below.rstrip("/")] if below else []
    listed = git.words(work_tree, "ls-tree", "-r", "-z", "--full-tree", commit, "--", *paths)
    lines = (line.partition("\t") for line in listed)
    return {name: " ".join(about.split()[::2]) for about, _, name in lines}


class DifferingFile(NamedTuple):
    """A file that two commits have otherwise; zeros where one of them hasn't got it."""

    mode_before: str
    mode: str
    blob_before: str
    blob: str
    status: str


@lru_cache(2)
def differing_files(work_tree: Path, start: str, onto: str) -> Mapping[str, DifferingFile]:
    """The files that differ between two commits or trees, which are given by their ids, by their paths.

    Kept, as a sync asks several times: of 100,000 files git takes a tenth of a second.
    """
    listed = git.words(work_tree, "diff-tree", "-r", "-z", "--no-renames", "--no-abbrev", start, onto)
    return dict(parsed_differences(listed))


def parsed_differences(words: Sequence[str]) -> Iterator[tuple[str, DifferingFile]]:
    """The files of git's `--raw -z`, by their paths: `:100644 100644 <before> <after> M`, then the path."""
    for about, path in zip(words[::2], words[1::2], strict=True):
        yield path, DifferingFile(*about[1:].split())


def staged_ids(location: Location, names: Sequence[str]) -> dict[str, str]:
    """The ids that are staged of the pipeline's files, by their paths in the repository."""
    wanted = {location.prefix + name for name in names}
    listed = git.output(
        location.work_tree, "ls-files", "--stage", "-z", "--full-name", "--", location.prefix or "."
    )
    return {
        name: about.split()[1]
        for about, _, name in (line.partition("\t") for line in listed.split("\0"))
        if name in wanted
    }
