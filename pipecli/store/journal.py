"""The journal of a change: written before its first file is touched, gone once it is committed or undone.

It says how to undo: the files with the hashes of their content before and after, the content before under
links beside it, and the commit the change started from. Of a command that was killed it stays, and the next
one, whichever, finishes or undoes what it left (docs/reliability.md).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, NamedTuple

from pipecli.errors import PipecliError
from pipecli.store import files, git, git_commit
from pipecli.wording import first_of

if TYPE_CHECKING:
    from pipecli.store.files import Location

_RESERVE = "journal.reserve"
_BEFORE = "before-{}"
_MOST_NAMED = 3
_MOST_COMMITS = 50  # a person may have committed, too, before the next command looks
_SPARE = 1 << 16
PATIENCE = 30.0
"""Seconds that the git of a killed command gets to come to its end."""


class Step(NamedTuple):
    """One file of a change. A hash is None where the file is not there."""

    file: str
    before: str | None
    after: str | None
    text: str | None
    """The hash after, of the content with line ends as git keeps them."""


class Outcome(NamedTuple):
    """The end of a change that came to no end by itself."""

    commit: str | None
    """The commit that has it; None where it was undone."""
    edited: list[str]
    """The files that somebody else has changed on top of it, left as they are."""
    is_done: bool


class Unsettled(PipecliError):
    """A change that was cut off can't be undone without losing what a person wrote on top of it."""

    code = "unsettled"


class Journal(NamedTuple):
    """The journal of one change."""

    place: Location
    subject: str
    start: str
    """The commit that HEAD was; empty in a repository without one."""
    is_committing: bool
    """False where the commit is left to the user."""
    process: int
    steps: list[Step]
    folders: list[str]
    """Those that the change makes, the innermost last."""
    handle: int | None = None
    """An open file that the gits of this change hold, too: it is locked as long as one of them lives."""

    def end(self) -> None:
        """Forget the change: it is done, or undone."""
        if self.handle is not None:
            os.close(self.handle)
        self.place.journal.unlink(missing_ok=True)
        kept = [self._kept(number) for number, step in enumerate(self.steps) if step.before is not None]
        for file in (*kept, self.place.cache / _RESERVE):
            with suppress(OSError):
                file.unlink(missing_ok=True)

    def resolve(self, *, keeps_edits: bool) -> Outcome:
        """Finish the change where HEAD has it; undo it where not.

        A file that somebody changed on top of it is left as it is, and its content before the change is kept
        beside; with `keeps_edits` off nothing is undone then. Raises OSError, PipecliError.
        """
        self._clear_traces()
        if commit := self._commit():
            self._stage_as_committed([step.file for step in self.steps])
            return Outcome(commit, [], is_done=True)
        states = [self._state(number) for number in range(len(self.steps))]
        if not self.is_committing and all(state == "after" for state in states):
            return Outcome(None, [], is_done=True)
        edited = [step.file for step, state in zip(self.steps, states, strict=True) if state == "edited"]
        if edited and not keeps_edits:
            return Outcome(None, edited, is_done=False)
        for number, state in reversed([*enumerate(states)]):
            if state == "after":
                self._undo(number)
            elif state == "edited" and self._kept(number).exists():
                aside = self.kept_for_person(self.steps[number].file)
                aside.parent.mkdir(exist_ok=True)
                self._kept(number).replace(aside)
        for folder in reversed(self.folders):
            with suppress(OSError):
                (self.place.root / folder).rmdir()
        if self.is_committing:
            self._unstage()
        return Outcome(None, edited, is_done=False)

    def kept_for_person(self, file: str) -> Path:
        """The place of a file's content before the change, where a person has changed the file since."""
        return self.place.cache / "kept" / file.replace("/", "-")

    def _state(self, number: int) -> str:
        """`before`, `after` or `edited`: the content of a file now."""
        step = self.steps[number]
        path = self.place.root / step.file
        with suppress(OSError):
            if path.samefile(self._kept(number)):  # not reached: whatever is in it is not ours
                return "before"
        try:
            content = files.read_bytes(self.place.root, step.file, files.LARGEST_ANY)
        except FileNotFoundError:
            content = None
        except (OSError, PipecliError):
            return "edited"
        current = None if content is None else _hash(content)
        if current == step.before:
            return "before"
        is_torn = content is not None and not content.strip(b"\0")  # what a power cut leaves of a new file
        if current == step.after or is_torn:
            return "after"
        return "before" if self._is_committed(step.file) else "edited"

    def _is_committed(self, file: str) -> bool:
        """True where a file is as HEAD has it: a person has decided already."""
        if git.id_of(self.place.work_tree, f"HEAD:{self.place.prefix}{file}") is None:
            return not os.path.lexists(self.place.root / file)
        name = self.place.prefix + file
        return not git.run(self.place.work_tree, "diff", "--quiet", "HEAD", "--", name).returncode

    def _kept(self, number: int) -> Path:
        return self.place.cache / _BEFORE.format(number)

    def _undo(self, number: int) -> None:
        """Put one file back; the link takes no room on a full disk."""
        step = self.steps[number]
        path = self.place.root / step.file
        if step.before is None:
            path.unlink(missing_ok=True)
            return
        files.make_folder(self.place.root, step.file.rpartition("/")[0])
        kept = self._kept(number)
        try:
            kept.replace(path)
        except OSError:  # another disk
            files.write(self.place.root, step.file, kept.read_bytes())

    def _clear_traces(self) -> None:
        """Remove what our dead processes left: the locks of git, files under their temporary names."""
        for step in self.steps:
            (self.place.root / files.temporary_name(step.file, self.process)).unlink(missing_ok=True)
        (self.place.cache / _RESERVE).unlink(missing_ok=True)
        if self.is_committing:
            git_commit.clear_locks(self.place)

    def _commit(self) -> str | None:
        """The commit that has the change, if one was made since it began."""
        work_tree = self.place.work_tree
        if not self.is_committing or (head := git.commit_of(work_tree, "HEAD")) is None or head == self.start:
            return None
        names = [self.place.prefix + step.file for step in self.steps]
        since = [f"^{self.start}"] if self.start else []
        paths = names if len(names) <= _MOST_NAMED else []
        listed = git.output(
            work_tree, "rev-list", f"--max-count={_MOST_COMMITS}", "HEAD", *since, "--", *paths
        )
        return next((commit for commit in reversed(listed.split()) if self._has_all(commit)), None)

    def _has_all(self, commit: str) -> bool:
        """True where a commit has every file as the change has it."""
        entries = _entries(self.place, commit)
        ids = [entries.get(self.place.prefix + step.file, "").partition(" ")[2] for step in self.steps]
        if any((not id_) != (step.after is None) for id_, step in zip(ids, self.steps, strict=True)):
            return False
        pairs = [(id_, step) for id_, step in zip(ids, self.steps, strict=True) if id_]
        blobs = git.objects(self.place.work_tree, [id_ for id_, _ in pairs], files.LARGEST_ANY)
        return all(
            blob.content is not None
            and (_text_hash(blob.content) == step.text or self._filtered(commit, step.file) == step.text)
            for blob, (_, step) in zip(blobs, pairs, strict=True)
        )

    def _filtered(self, commit: str, file: str) -> str:
        """The hash of a committed file as the user's filters would check it out."""
        name = f"{commit}:{self.place.prefix}{file}"
        return _text_hash(git.run(self.place.work_tree, "cat-file", "--filters", name).stdout)

    def _unstage(self) -> None:
        """Have staged of the change's files what was staged before: a new one not at all."""
        staged = _staged(self.place, [step.file for step in self.steps])
        taken = []
        for step in self.steps:
            id_ = staged.get(self.place.prefix + step.file)
            if step.before is None:
                taken += [step.file] if id_ else []
            elif (step.after is None) != (id_ is None):
                taken += [step.file] if step.after is None else []
            elif id_ and step.after:
                (blob,) = git.objects(self.place.work_tree, [id_], files.LARGEST_ANY)
                taken += [step.file] if blob.content and _text_hash(blob.content) == step.text else []
        self._stage_as_committed(taken)

    def _stage_as_committed(self, names: Sequence[str]) -> None:
        """Have files staged as HEAD has them."""
        if not names:
            return
        entries = _entries(self.place, "HEAD") if git.commit_of(self.place.work_tree, "HEAD") else {}
        lines = []
        for name in (self.place.prefix + name for name in names):
            about = entries.get(name)
            lines.append(f"{about}\t{name}" if about else f"0 {'0' * (len(self.start) or 40)}\t{name}")
        git.raw(
            self.place.work_tree, "update-index", "-z", "--index-info", stdin=git.listed([*lines, ""])
        )  # no `--refresh`: the next git does that


def begin(
    place: Location,
    contents: Sequence[tuple[str, bytes | None, bytes | None]],
    subject: str,
    *,
    is_committing: bool,
    is_hard: bool,
) -> Journal:
    """Write the journal of a change of these files, each with its content before and after.

    `is_hard`: it is to outlast a power cut. Raises OSError, PipecliError.
    """
    place.cache.mkdir(parents=True, exist_ok=True)
    _clear(place.cache)
    if is_committing and (lock := git_commit.index_lock(place)):
        raise git_commit.held(lock)
    steps = [_step(*content) for content in contents]
    for number, (file, before, _) in enumerate(contents):
        if before is not None:
            _keep(place, number, file, before, is_hard=is_hard)
    if is_committing and any(step.before is None for step in steps):
        _reserve(place)
    journal = Journal(
        place,
        subject,
        git_commit.head_of(place) if is_committing else "",
        is_committing,
        os.getpid(),
        steps,
        [*_new_folders(place.root, [step.file for step in steps if step.after is not None])],
    )
    return journal._replace(handle=_write(journal, is_hard=is_hard))


def _write(journal: Journal, *, is_hard: bool) -> int | None:
    """Put the journal in place, whole; its open file."""
    plain = {
        "subject": journal.subject,
        "start": journal.start,
        "is_committing": journal.is_committing,
        "process": journal.process,
        "folders": journal.folders,
        "files": journal.steps,
    }
    final = journal.place.journal
    aside = final.with_suffix(".tmp")
    handle = os.open(aside, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    try:
        content = memoryview(json.dumps(plain).encode())
        while content:
            content = content[os.write(handle, content) :]
        is_held = git_commit.hold(handle)
        if is_hard:
            os.fsync(handle)
    except BaseException:
        os.close(handle)
        raise
    if not is_held:  # Windows, that renames no open file
        os.close(handle)
    aside.replace(final)
    if is_hard:
        files.harden_folders([final.parent])
    return handle if is_held else None


def _keep(place: Location, number: int, file: str, before: bytes, *, is_hard: bool) -> None:
    """Keep the content of a file under a second name, or where links can't be, in a copy."""
    kept = place.cache / _BEFORE.format(number)
    try:
        os.link(place.root / file, kept)
    except OSError:
        kept.write_bytes(before)
        if is_hard:
            files.harden(kept)


def _reserve(place: Location) -> None:
    """Set room aside for git's index: what is staged must be unstaged on a full disk, too."""
    with suppress(OSError):  # no index yet, or a disk that reserves nothing
        size = (place.git_dir / "index").stat().st_size + _SPARE
        with (place.cache / _RESERVE).open("wb") as handle:
            os.posix_fallocate(handle.fileno(), 0, size)


def _new_folders(root: Path, names: Sequence[str]) -> Iterator[str]:
    """The folders that these files need and that are not there, the outer ones first."""
    for folder in sorted({name.rpartition("/")[0] for name in names}):
        parts = folder.split("/")
        for length in range(1, len(parts) + 1):
            outer = "/".join(parts[:length])
            if outer and not (root / outer).exists():
                yield outer


_AN_HOUR = 3600


def _clear(cache: Path) -> None:
    """Remove what killed commands left: of journals that were never in place, of an index being built."""
    with os.scandir(cache) as entries:
        for entry in entries:
            is_ours = entry.name.startswith((_BEFORE.format(""), "journal."))
            if is_ours or (entry.name.endswith(".tmp") and entry.stat().st_mtime < time() - _AN_HOUR):
                Path(entry.path).unlink(missing_ok=True)


def settle(place: Location, *, patience: float = PATIENCE) -> str | None:
    """Finish or undo the change of a command that was killed; a line about it, None where there is none.

    The caller holds the pipeline. Raises Unsettled where a person must decide, git_dir.AtWork while the git
    of that command still works after `patience` seconds, PipecliError.
    """
    try:
        handle = os.open(place.journal, os.O_RDWR)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PipecliError(f"{place.journal}: can't be opened: {error.strerror}") from None
    try:
        with git_commit.held_alone(handle, patience):
            journal = _read(place, handle)
            outcome = journal.resolve(keeps_edits=False)
    finally:
        os.close(handle)
    if outcome.edited:
        raise Unsettled(
            f"a command that was cut off ({journal.subject}) had written "
            f"{first_of(outcome.edited, _MOST_NAMED)}, and that was changed since",
            hint=f"keep it: `git add` and `git commit` {outcome.edited[0]}; or go back to the last commit: "
            f"`git checkout -- {outcome.edited[0]}`, or delete the file where git has none",
        )
    journal.end()
    what = "finished" if outcome.is_done else "undone"
    how = f", it is commit {outcome.commit[:7]}" if outcome.commit else ""
    return f"{what}: {journal.subject}{how} (the command was cut off)"


def _read(place: Location, handle: int) -> Journal:
    with os.fdopen(os.dup(handle), "rb") as file:
        plain = json.loads(file.read())
    return Journal(
        place,
        plain["subject"],
        plain["start"],
        plain["is_committing"],
        plain["process"],
        [Step(*step) for step in plain["files"]],
        plain["folders"],
    )


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let Ctrl-C and a polite kill wait until a change is undone or finished."""
    import signal

    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    try:
        previous = {name: signal.signal(getattr(signal, name), signal.SIG_IGN) for name in names}
    except ValueError:  # not the main thread: nobody sends it signals
        yield
        return
    try:
        yield
    finally:
        for name, handler in previous.items():
            signal.signal(getattr(signal, name), handler)


def _step(file: str, before: bytes | None, after: bytes | None) -> Step:
    return Step(
        file,
        None if before is None else _hash(before),
        None if after is None else _hash(after),
        None if after is None else _text_hash(after),
    )


def _hash(content: bytes) -> str:
    return sha256(content).hexdigest()


def _text_hash(content: bytes) -> str:
    return _hash(content.replace(b"\r\n", b"\n"))


def _entries(place: Location, commit: str) -> dict[str, str]:
    """Mode and id of the pipeline's files in a commit, by their paths in the repository."""
    paths = [place.prefix.rstrip("/")] if place.prefix else []
    listed = git.output(place.work_tree, "ls-tree", "-r", "-z", "--full-tree", commit, "--", *paths)
    entries = (line.partition("\t") for line in listed.split("\0") if line)
    return {name: " ".join(about.split()[::2]) for about, _, name in entries}


def _staged(place: Location, names: Sequence[str]) -> dict[str, str]:
    """The ids that are staged of files, by their paths in the repository."""
    wanted = {place.prefix + name for name in names}
    listed = git.output(
        place.work_tree, "ls-files", "--stage", "-z", "--full-name", "--", place.prefix or "."
    )
    return {
        name: about.split()[1]
        for about, _, name in (line.partition("\t") for line in listed.split("\0"))
        if name in wanted
    }
