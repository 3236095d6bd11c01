"""A change that fails is undone at once; one whose command was killed the next command finishes or undoes.

Both go by the journal of a change, written before its first file is touched, and gone once that is
committed or undone: the files with the hashes of their content before and after, the content before under
links beside it, and the commit the change started from (docs/reliability.md).
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Literal, NamedTuple

from pipecli.errors import PipecliError, left_in_part
from pipecli.store import git, git_commit, safe_files
from pipecli.store import power_cut_and_killed_git as power_cut
from pipecli.store.lock_and_signals import clear_dead, interruptible, uninterrupted
from pipecli.wording import first_of

if TYPE_CHECKING:
    from pipecli.store.location import Location

_RESERVE = "journal.reserve"
_BEFORE = "before-{}"
_MOST_NAMED = 3
changes_made: list[str] = []
"""Of this process, each by its commit; empty for one that is left to commit."""
PATIENCE = 30.0
"""Seconds that the git of a killed command gets to come to its end."""


class FileStep(NamedTuple):
    """One file of a change. A hash is None where the file is not there."""

    file: str
    before: str | None
    after: str | None
    text: str | None
    """The hash after, of the content with line ends as git keeps them."""


FileState = Literal["before", "after", "edited", "committed"]
"""A file now: as before the change, as after it, or changed since, perhaps in a commit of a person's."""


class Recovery(NamedTuple):
    """The end of a change that came to no end by itself."""

    commit: str | None
    """The commit that has it; None where it was undone."""
    edited: list[str]
    """The files that somebody else has changed on top of it, left as they are."""
    is_done: bool
    has_committed_edits: bool = False
    """True where a person has committed a file of it as something else, and it stays so."""


class Unsettled(PipecliError):
    """A change that was cut off can't be undone without losing what a person wrote on top of it."""

    code = "unsettled"


class Journal(NamedTuple):
    """The journal of one change."""

    location: Location
    file: Path
    subject: str
    start: str
    """The commit that HEAD was; empty in a repository without one."""
    is_committing: bool
    """False where the commit is left to the user."""
    process: int
    steps: list[FileStep]
    """None of work that changes no file of the pipeline by itself: `journal_of_git_work`."""
    folders: list[str]
    """Those that the change makes, the innermost last."""
    handles: Sequence[int] = ()
    """An open file that the gits of this change hold, too: it is locked as long as one of them lives."""

    def let_go(self) -> None:
        """Leave the change to the next command, of this process too."""
        for handle in self.handles:
            if handle in git.held:
                git.held.remove(handle)
                os.close(handle)

    def end(self) -> None:
        """Forget the change: it is done, or undone. Once more, where a signal cut this off."""
        self.let_go()
        power_cut.clear_upkeep(self.location, self._begun())
        self.file.unlink(missing_ok=True)
        self._onto.unlink(missing_ok=True)
        kept = [self._kept(number) for number, step in enumerate(self.steps) if step.before is not None]
        for file in (*kept, self.location.cache / _RESERVE):
            with suppress(OSError):
                file.unlink(missing_ok=True)

    def finish_or_undo(self, *, despite_edits: bool) -> Recovery:
        """Finish the change where HEAD has it; undo it where not.

        A file that somebody changed on top of it is left as it is, and its content before the change is kept
        beside; with `despite_edits` off nothing is undone then. Raises OSError, PipecliError.
        """
        self._clear_traces()
        if commit := self._commit():
            self._stage_as_committed(self.steps)
            power_cut.restore_torn(self.location, [self.location.prefix + step.file for step in self.steps])
            return Recovery(commit, [], is_done=True)
        states = [*self._states()]
        if not self.is_committing and all(state == "after" for state in states):
            return Recovery(None, [], is_done=True)
        edited = [step.file for step, state in zip(self.steps, states, strict=True) if state == "edited"]
        if despite_edits or not edited:
            self._put_back(states)
        return Recovery(None, edited, is_done=False, has_committed_edits="committed" in states)

    def _put_back(self, states: Sequence[FileState]) -> None:
        """Put every file back that is as the change has it, and what was staged."""
        for number, state in reversed([*enumerate(states)]):
            if state == "after":
                self._undo(number)
            elif state == "edited" and self._kept(number).exists():
                aside = self.kept_for_person(self.steps[number].file)
                aside.parent.mkdir(exist_ok=True)
                self._kept(number).replace(aside)
        for folder in reversed(self.folders):
            with suppress(OSError):
                (self.location.root / folder).rmdir()
        if self.is_committing:
            with suppress(git.IndexDamaged):  # nothing was staged in it
                self._unstage()

    def kept_for_person(self, file: str) -> Path:
        """The place of a file's content before the change, where a person has changed the file since."""
        return self.location.cache / "kept" / file.replace("/", "-")

    def _states(self) -> Iterator[FileState]:
        states = [self._state(number, step) for number, step in enumerate(self.steps)]
        known, differing = {}, set[str]()
        if "edited" in states and git_commit.head_of(self.location):
            known = git_commit.files_in_commit(self.location.work_tree, "HEAD", self.location.prefix)
            words = ("diff", "-z", "--name-only", "--no-renames", "HEAD")
            differing = {*git.words(self.location.work_tree, *words)}
        for state, step in zip(states, self.steps, strict=True):
            name = self.location.prefix + step.file
            is_there = os.path.lexists(self.location.root / step.file)
            is_as_in_head = name not in differing if name in known else not is_there
            yield "committed" if state == "edited" and is_as_in_head else state

    def _state(self, number: int, step: FileStep) -> FileState:
        with suppress(OSError):
            if (self.location.root / step.file).samefile(self._kept(number)):
                return "before"  # not reached: whatever is in it is not ours
        try:
            content = safe_files.read_bytes(self.location.root, step.file, safe_files.LARGEST_ANY)
        except FileNotFoundError:
            content = None
        except (OSError, PipecliError):  # where nothing was, a link or a device is what stood in the way
            return "edited" if step.before else "before"
        current = _hash(content)
        if current == step.before:
            return "before"
        is_torn = content is not None and not content.strip(b"\0")  # what a power cut leaves of a new file
        return "after" if current == step.after or is_torn else "edited"

    def _kept(self, number: int) -> Path:
        return self.location.cache / _BEFORE.format(number)

    def _undo(self, number: int) -> None:
        """Put one file back; the link takes no room on a full disk."""
        step = self.steps[number]
        path = self.location.root / step.file
        if step.before is None:
            path.unlink(missing_ok=True)
            return
        safe_files.make_folder(self.location.root, step.file.rpartition("/")[0])
        kept = self._kept(number)
        try:
            kept.replace(path)
        except OSError:  # another disk
            safe_files.write_file(self.location.root, step.file, kept.read_bytes())

    def _clear_traces(self) -> None:
        """Remove what our dead processes left: locks of git, temporary files, folders of removed files."""
        for step in self.steps:
            (self.location.root / safe_files.temporary_name(step.file, self.process)).unlink(missing_ok=True)
            if step.after is None:
                safe_files.remove_empty(self.location.root, step.file)  # `_undo` makes it again
        (self.location.cache / _RESERVE).unlink(missing_ok=True)
        if self.is_committing:
            power_cut.clear_locks(self.location, self._begun())

    def _commit(self) -> str | None:
        """The commit that has the change, if one was made since it began; a person's may follow it."""
        # by the file: where no git can work here none has made a commit, and the files go back
        if not self.is_committing or git_commit.head_of(self.location) in ("", self.start):
            return None
        since = [f"^{self.start}"] if self.start else []
        paths = [self.location.prefix + step.file for step in self.steps if len(self.steps) <= _MOST_NAMED]
        asked = ("rev-list", "--format=%H %s", "--max-count=50", "HEAD", *since, "--", *paths)
        listed = git.output(self.location.work_tree, *asked)
        commits = [line.partition(" ") for line in listed.split("\n") if line[:7] not in ("", "commit ")]
        own = (id_ for id_, _, subject in reversed(commits) if self._is_this_change(id_, subject))
        return next(own, None)

    def _is_this_change(self, commit: str, subject: str) -> bool:
        """True where a commit has these files, and the subject (a hook may format) or their texts."""
        entries = git_commit.files_in_commit(self.location.work_tree, commit, self.location.prefix)
        ids = [entries.get(self.location.prefix + step.file, "").partition(" ")[2] for step in self.steps]
        if any((not id_) != (step.after is None) for id_, step in zip(ids, self.steps, strict=True)):
            return False
        pairs = [(id_, step) for id_, step in zip(ids, self.steps, strict=True) if id_]
        blobs = git.objects(self.location.work_tree, filter(None, ids), safe_files.LARGEST_ANY, may_lack=True)
        return subject == self.subject or all(
            blob.content is not None
            and (_hashes(blob.content)[1] == step.text or self._filtered(commit, step.file) == step.text)
            for blob, (_, step) in zip(blobs, pairs, strict=True)
        )

    def _filtered(self, commit: str, file: str) -> str | None:
        """The hash of a committed file as the user's filters would check it out."""
        words = ("cat-file", "--filters", f"{commit}:{self.location.prefix}{file}")
        return _hashes(git.run(self.location.work_tree, *words).stdout)[1]

    def _unstage(self) -> None:
        """Stage of the change's files what was staged before: a new one not at all."""
        staged = git_commit.staged_ids(self.location, [step.file for step in self.steps])
        ids = [staged.get(self.location.prefix + step.file, "") for step in self.steps]
        blobs = git.objects(self.location.work_tree, ids, safe_files.LARGEST_ANY, may_lack=True)
        texts = (blob.content and _hashes(blob.content)[1] for blob in blobs)
        taken = [
            step
            for step, id_, text in zip(self.steps, ids, texts, strict=True)
            if step.before is None or (text == step.text if step.after is not None else not id_)
        ]
        self._stage_as_committed(taken)

    def _stage_as_committed(self, steps: Sequence[FileStep]) -> None:
        prefix = self.location.prefix
        git_commit.stage_as_committed(self.location.work_tree, [prefix + step.file for step in steps], prefix)

    def clear_up_after_git(self) -> str | None:
        """Clear up after gits that were killed, and say what became of their work; None if they left nothing.

        Files that one was moving to another commit are put back as HEAD has them.
        """
        is_cleared = power_cut.clear_locks(self.location, self._begun())
        cleared = f"cleared up after: {self.subject}" if is_cleared else None
        onto = safe_files.read_of_git(self._onto, "replace") if self._onto.exists() else ""
        is_moving = onto != "" and git_commit.ID.fullmatch(onto)
        if not is_moving or git.commit_of(self.location.work_tree, "MERGE_HEAD") == onto:
            return cleared
        if (head := git_commit.head_of(self.location)) != self.start:
            moved = git_commit.differing_files(self.location.work_tree, self.start, head)
            power_cut.restore_torn(self.location, moved)
            return f"finished: {self.subject}"
        kept = power_cut.restore_moved(self.location, self.start, onto, self.location.cache / "kept")
        if kept is None:
            return cleared
        found = f"; as it was found: {', '.join(map(str, kept))}" if kept else ""
        return f"undone: {self.subject}{found}"

    @property
    def _onto(self) -> Path:
        return self.file.with_name(power_cut.ONTO)

    def _begun(self) -> int:
        """The time before which a lock of git's is another's."""
        return self.file.stat().st_mtime_ns if self.file.exists() else sys.maxsize


def begin_journal(
    location: Location,
    contents: Sequence[tuple[str, bytes | None, bytes | None]],
    subject: str,
    *,
    is_committing: bool,
    is_hard: bool,
) -> Journal:
    """Write the journal of a change of these files, each with its content before and after.

    `is_hard`: it is to outlast a power cut. Raises OSError, PipecliError.
    """
    clear_dead(location.cache)
    if is_committing and os.path.lexists(lock := location.git_dir / "index.lock"):
        raise git_commit.git_at_work(lock)
    steps = [FileStep(file, _hash(old), *_hashes(new)) for file, old, new in contents]
    try:
        for number, (file, before, _) in enumerate(contents):
            if before is not None:
                power_cut.keep(location.root / file, location.cache / _BEFORE.format(number), before)
        if is_committing and (len(steps) > git_commit.MANY or any(step.before is None for step in steps)):
            power_cut.reserve(location, location.cache / _RESERVE)
        start = git_commit.head_of(location) or power_cut.require_branch_not_lost(location)
        written = [step.file for step in steps if step.after is not None]
        folders, path = [*safe_files.new_folders(location.root, written)], location.journal
        journal = Journal(location, path, subject, start, is_committing, os.getpid(), steps, folders)
        return journal._replace(handles=_write(journal, is_hard=is_hard))
    except BaseException:  # a full disk: what is reserved on it is given back
        location.journal.unlink(missing_ok=True)
        clear_dead(location.cache)
        raise


def _write(journal: Journal, *, is_hard: bool) -> list[int]:
    """Put the journal in place, whole; its `handles`."""
    plain = {name: getattr(journal, name) for name in _SHAPE}
    aside = journal.file.with_suffix(".tmp")
    handle = os.open(aside, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    try:
        with open(handle, "wb", closefd=False) as stream:
            stream.write(json.dumps(plain).encode())
        held = power_cut.hold_file(handle)
        if is_hard:
            os.fsync(handle)
    except BaseException as error:
        os.close(handle)
        if isinstance(error, OSError):
            error.filename = error.filename or str(aside)
        raise
    if not held:  # Windows, that renames no open file
        os.close(handle)
    aside.replace(journal.file)
    if is_hard:
        power_cut.harden_folders([journal.file.parent])
    git.held.extend(held)
    return held


@contextmanager
def journal_of_git_work(location: Location, subject: str, file: Path | None = None) -> Iterator[None]:
    """Journal work of git beside commits of files, so that the next command clears up after a kill.

    `file`: the journal of work beside changes. The caller holds the lock of its folder.
    """
    file = file or location.journal
    journal = Journal(location, file, subject, git_commit.head_of(location), False, os.getpid(), [], [])

    def end() -> None:
        with uninterrupted(), suppress(git.GitRefused):  # another's git is at work, and has its own
            power_cut.clear_locks(location, journal._begun())
        journal.end()
        with uninterrupted(), suppress(OSError):  # else a power cut brings the journal back
            power_cut.harden_folders([file.parent] if is_hard else [])

    with power_cut.with_hardening(location) as is_hard, interruptible():
        try:
            journal = journal._replace(handles=_write(journal, is_hard=is_hard))
            yield
            if is_hard and journal._onto.exists():
                power_cut.harden_moved(location, journal.start)
        except BaseException as error:
            with uninterrupted():
                try:
                    journal.clear_up_after_git()
                except (OSError, PipecliError) as second:
                    if journal._onto.exists():
                        journal.let_go()
                        raise left_in_part(error, second) from None
            end()
            raise
        end()


def recover(location: Location, file: Path | None = None, *, patience: float = PATIENCE) -> str | None:
    """Finish or undo the change of a command that was killed; a line about it, None where there is none.

    The caller holds the pipeline, or the folder of the journal `file`. Raises Unsettled where a person must
    decide, AtWork where the git of that command still works after `patience` seconds, and PipecliError.
    """
    file = file or location.journal
    try:
        handle = os.open(file, os.O_RDWR)
    except FileNotFoundError:
        clear_dead(file.parent)
        return None
    try:
        with power_cut.held_alone(handle, patience):
            journal = _read(location, file)
            if not journal.steps:
                line = journal.clear_up_after_git()
                journal.end()
                clear_dead(file.parent)
                return f"{line} (the command was cut off)" if line else None
            if journal.is_committing:
                index = location.git_dir / "index"
                power_cut.restore_index(location.work_tree, index, location.cache / "index")
            outcome = journal.finish_or_undo(despite_edits=False)
    finally:
        os.close(handle)
    mail = location.mail_of(journal.subject.partition(":")[0])
    doubt = "; its mail may be out" if not outcome.is_done and mail.exists() else ""
    if outcome.edited:
        edited = quote(outcome.edited[0])
        raise Unsettled(
            f"a command that was cut off ({journal.subject}{doubt}) had written "
            f"{first_of(outcome.edited, _MOST_NAMED)}, and that was changed since",
            hint=f"keep it: `git add` and `git commit` {edited}; or go back to the last commit: "
            f"`git checkout -- {edited}`, or delete the file where git has none",
        )
    journal.end()
    undone = "undone but for what was changed since" if outcome.has_committed_edits else "undone"
    what = "finished" if outcome.is_done else undone
    how = f", it is commit {outcome.commit[:7]}" if outcome.commit else ""
    return f"{what}: {journal.subject}{how} (the command was cut off{doubt})"


_FILE = re.compile(r"(.*/)?(?!(\.|\.\.|\.git)\Z)[^/]+", re.IGNORECASE | re.DOTALL)
_SHAPE = {
    "subject": str, "start": git_commit.ID, "is_committing": bool, "process": int,
    "steps": [(_FILE, str | None, str | None, str | None)], "folders": [_FILE],
}  # fmt: skip


def _read(location: Location, file: Path) -> Journal:
    try:
        plain = safe_files.read_note(file, _SHAPE)
        steps = [FileStep(*step) for step in plain.pop("steps")]
        names = [*(step.file for step in steps), *plain["folders"]]
        for folder in {name.rpartition("/")[0] for name in names}:
            safe_files.path_inside(location.root, folder)
        known = (
            git.attempt(location.work_tree, ("cat-file", "-e", plain["start"])) if plain["start"] else None
        )
        if (known and known.returncode == 1) or b"\0" in os.fsencode("".join(names)):
            raise ValueError(file)
        return Journal(location, file, steps=steps, **plain)
    except (ValueError, PipecliError):
        raise Unsettled(
            f"{file} of a command that was cut off is damaged",
            hint="put the files that `git status` names in order, then delete it",
        ) from None


def _hash(content: bytes | None) -> str | None:
    return None if content is None else sha256(content).hexdigest()


def _hashes(content: bytes | None) -> tuple[str | None, str | None]:
    whole, text = _hash(content), content and content.replace(b"\r\n", b"\n")
    return whole, whole if text == content else _hash(text)
