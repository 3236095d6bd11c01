"""One command, one commit: write all files of a change and commit them, or leave everything as it was.

A failure, as of a full disk or a hook, is undone by `store/change_journal.py`, as is a kill.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from threading import Thread
from typing import TYPE_CHECKING

from pipecli.errors import PipecliError, left_in_part, reason_of
from pipecli.records.kinds import SETTINGS_FILE, kind_of
from pipecli.store import change_journal, git, ids_and_files, safe_files
from pipecli.store.file_stamps import Stat, stat_of
from pipecli.store.git_commit import (
    MANY,
    NewCommit,
    files_in_commit,
    has_hooks,
    head_of,
    require_no_rebase,
    settings_of,
    stage_as_committed,
)
from pipecli.store.lock_and_signals import uninterrupted
from pipecli.store.plan_writes import index_rows
from pipecli.store.power_cut_and_killed_git import (
    AtWork,
    harden,
    harden_folders,
    hardening_options,
    held_alone,
)
from pipecli.wording import first_of

if TYPE_CHECKING:
    from pipecli.store.change_journal import Journal
    from pipecli.store.index.index import Index
    from pipecli.store.location import Location
    from pipecli.store.pipeline import Pipeline
    from pipecli.store.plan_writes import Write


def write_and_commit(
    pipeline: Pipeline,
    writes: Sequence[Write],
    message: str | None,
    before_writing: Callable[[], None] = lambda: None,
    draft: Index | None = None,
) -> str | None:
    """Write the files and commit them with `message` (None: leave the commit to the user).

    `before_writing` is called once the change is written down, and no file yet: what it sends is told after a
    kill. `draft` is an index that has the writes already.
    Returns the commit's id. When anything fails (a hook, no identity, a full disk, an interrupt) every file
    is as it was, unless git has the commit already: then it stands. Raises PipecliError.
    """
    if not writes:
        return None
    _require_new(pipeline.left_out, {write.file for write in writes if write.before is None})
    if message is not None:
        require_no_rebase(pipeline.location.git_dir)
    _require_committed(pipeline.location, [write.file for write in writes if write.after is None])
    try:
        commit_id, stats, pipeline.is_to_stop = write_under_journal(
            pipeline.location, writes, message, pipeline.author_date, before_writing=before_writing
        )
    except OSError as error:
        raise PipecliError(
            f"{error.filename or pipeline.root}: can't be written: {error.strerror}",
            hint="nothing is changed",
        ) from None
    records = [write for write in writes if kind_of(write.file) or write.file == SETTINGS_FILE]  # no schemas
    pipeline.take_in(
        {file: stats[file] for file in (write.file for write in records if write.after is not None)},
        {write.file for write in records if write.before is None},
        [write.file for write in records if write.after is None],
        draft or index_rows(records),
    )
    return commit_id


def _require_new(absent: Mapping[tuple[str, str], str], names: Collection[str]) -> None:
    """Refuse to write a new record over one that is not checked out. Raises PipecliError."""
    taken = next((file for file in absent.values() if file in names), None)
    if taken:
        raise PipecliError(f"{taken} exists already, and is not checked out", hint=ids_and_files.WAY_OUT)


def _require_committed(location: Location, removed: Sequence[str]) -> None:
    """Refuse to remove what a person wrote and no commit has. Raises PipecliError."""
    if not removed or not head_of(location):
        return
    names = [location.prefix + file for file in removed]
    # by content: `git diff` puts its index in order, and what it leaves when it is killed nobody would clear
    done = git.run(location.work_tree, "hash-object", "--stdin-paths", stdin="\n".join(names).encode())
    known = files_in_commit(location.work_tree, "HEAD", location.prefix)
    for name, id_ in zip(names, done.stdout.decode().split(), strict=False):
        if known.get(name, id_).split()[-1] != id_:
            raise PipecliError(
                f"{name} has edits that are not committed, git could not bring them back",
                hint="commit them first",
            )


def write_under_journal(
    location: Location,
    writes: Sequence[Write],
    message: str | None,
    environment: Mapping[str, str] | None = None,
    before_end: Callable[[], None] = lambda: None,
    before_writing: Callable[[], None] = lambda: None,
) -> tuple[str | None, dict[str, Stat], bool]:
    """Write files and commit them under a journal; undo it all when anything fails.

    Returns the commit's id, the stats of the written files, and True where somebody wanted to stop this when
    git had the commit already. Raises OSError, PipecliError.
    """
    written, is_to_stop = dict[str, Stat](), False
    options = hardening_options(settings_of(location), location)
    journal = change_journal.begin_journal(
        location,
        [(write.file, write.before, write.after) for write in writes],
        (message or "a change without a commit").partition("\n")[0],
        is_committing=message is not None,
        is_hard=options is not None,
    )
    git_commit: NewCommit | None = None
    commit_id: str | None = None

    def finish() -> None:
        """Do what is left when git has the commit: again, where a failure or a signal cut it off."""
        before_end()
        for write in writes:
            if write.after is None:
                safe_files.remove_empty(location.root, write.file)
        journal.end()
        change_journal.changes_made.append(commit_id or "")

    try:
        before_writing()
        if message is not None:
            git_commit = _commit_of(location, writes, options or ())
        _write_files(location, writes, git_commit, written)
        with _hardened(location, writes) if options is not None else nullcontext():
            if git_commit is not None and message is not None:
                git_commit.make(message, environment)
                commit_id = head_of(location)
                if put_back := _put_back(location, writes, written, journal.start):
                    raise _PutBack(put_back, commit_id if commit_id != journal.start else "")
                if has_hooks(location):
                    _stage_formatted(location, written)
        if commit_id and options is not None:
            with suppress(OSError):  # `git commit` hardens all but its index
                harden(location.git_dir, "index")
        finish()
    except BaseException as error:
        with uninterrupted():
            if git_commit is not None:
                git_commit.stop()
            commit_id = _after_failure(journal, error)
            is_to_stop = isinstance(error, KeyboardInterrupt)
            if isinstance(error, _PutBack):  # a part is committed: that is told, and not as done
                journal.end()
                raise
            finish()
    return commit_id, written, is_to_stop


class _PutBack(PipecliError):
    """Another program, as `git stash`, put files back or took them away before they were committed."""

    def __init__(self, files: Sequence[str], commit: str) -> None:
        what = f"another program put back {first_of(files, 3)} before git had committed it"
        rest = f"the rest is, in {commit[:7]}: undo it (pipecli undo {commit[:7]}), and try again"
        super().__init__(what, hint=rest if commit else "nothing is changed; try again")


def _put_back(
    location: Location, writes: Sequence[Write], written: Mapping[str, Stat], start: str
) -> list[str]:
    """The files of a change that are in HEAD as they were at its start, and not as they were written here.

    Of thousands of new ones some are looked at: who takes one away takes them all.
    """
    root = f"{location.root}/"
    new = [write.file for write in writes if write.before is None][:MANY]
    changed = [write.file for write in writes if write.before is not None]
    moved = [file for file in changed if file not in written and os.path.lexists(root + file)]
    moved += [
        file for file in (*changed, *new) if file in written and not _is_still(root + file, written[file])
    ]
    if not moved:
        return moved
    then, now = (
        files_in_commit(location.work_tree, commit, location.prefix) if commit else {}
        for commit in (start, head_of(location))
    )
    return [file for file in moved if then.get(location.prefix + file) == now.get(location.prefix + file)]


def _commit_of(location: Location, writes: Sequence[Write], options: Sequence[str]) -> NewCommit:
    return NewCommit(
        location.work_tree,
        changed=[location.prefix + write.file for write in writes if write.before is not None],
        new=[location.prefix + write.file for write in writes if write.before is None],
        options=options,
    )


def _write_files(
    location: Location, writes: Sequence[Write], git_commit: NewCommit | None, written: dict[str, Stat]
) -> None:
    """Write and remove the files, those of a commit also for git, and note the stats of the written ones."""
    for folder in {write.file.rpartition("/")[0] for write in writes if write.after is not None}:
        safe_files.make_folder(location.root, folder)
    for write in sorted(writes, key=lambda write: write.file):  # git puts these at the end of its index
        if (stat := _apply(location, write)) is not None:
            written[write.file] = stat
        if git_commit is not None:
            git_commit.take(location.prefix + write.file, write.after)


_PATIENCE = 2.0
"""Seconds for a git that works on unseen, as a signal came just when it was started."""


def _after_failure(journal: Journal, error: BaseException) -> str | None:
    """Undo a change that failed with `error`, and raise that; where git has the commit, its id."""
    journal.let_go()
    try:
        with ExitStack() as stack:
            with suppress(FileNotFoundError, AtWork):  # the change had come to its end; a hook takes long
                file = stack.enter_context(journal.file.open("rb+"))
                stack.enter_context(held_alone(file.fileno(), _PATIENCE))
            outcome = journal.finish_or_undo(despite_edits=True)
    except (OSError, PipecliError) as second:
        raise left_in_part(error, second) from None
    if outcome.is_done:
        return outcome.commit
    journal.end()
    if not outcome.edited:
        raise error
    kept = [str(path) for file in outcome.edited if (path := journal.kept_for_person(file)).exists()]
    raise PipecliError(
        f"{reason_of(error)}; {', '.join(outcome.edited)} was changed by somebody meanwhile "
        "and stays as it is now",
        hint=f"as it was before this command: {', '.join(kept)}" if kept else "the rest is as before",
    ) from None


def _apply(location: Location, write: Write) -> Stat | None:
    """Write or remove one file, if it is still as it was when the change was planned."""
    if write.before is None:
        return safe_files.create_file(location.root, write.file, write.after or b"")
    try:
        is_same = safe_files.read_bytes(location.root, write.file, safe_files.LARGEST_ANY) == write.before
    except FileNotFoundError:
        is_same = False
    if not is_same:
        raise PipecliError(
            f"{write.file} was changed by somebody meanwhile", hint="nothing else is changed; try again"
        )
    if write.after is None:  # its folder stays, so that it can be put back on a full disk
        safe_files.path_inside(location.root, write.file).unlink(missing_ok=True)
        return None
    return safe_files.write_file(location.root, write.file, write.after)


def _stage_formatted(location: Location, written: Mapping[str, Stat]) -> None:
    """Stage the files that a hook has formatted as they are committed: git stages them as before."""
    root = f"{location.root}/"  # no Paths: half of the time for thousands
    files = [location.prefix + file for file, stat in written.items() if not _is_still(root + file, stat)]
    stage_as_committed(location.work_tree, files, location.prefix)


def _is_still(path: str, stat: Stat) -> bool:
    try:
        return stat_of(path) == stat
    except OSError:
        return False


@contextmanager
def _hardened(location: Location, writes: Sequence[Write]) -> Iterator[None]:
    """Put the written files on the disk, while git makes its commit of them."""
    names = [write.file for write in writes if write.after is not None]
    folders = {location.root / folder for folder in {write.file.rpartition("/")[0] for write in writes}}

    def work() -> None:
        with suppress(OSError):  # git has a copy of its own that it hardens
            harden(location.root, *names)
            harden_folders(folders)

    thread = Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        thread.join()
