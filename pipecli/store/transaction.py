"""One command, one commit: write all files of a change and commit them, or leave everything as it was."""

from __future__ import annotations

import difflib
import os
import signal
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from pipecli.errors import PipecliError
from pipecli.records import base
from pipecli.records.kinds import BY_NOUN, SETTINGS, SETTINGS_FILE
from pipecli.records.references import references
from pipecli.store import files, naming, reading
from pipecli.store.files import kind_of
from pipecli.store.git_commit import Commit, require_no_rebase
from pipecli.store.index.index import Written, map_in_two_processes
from pipecli.store.index.stamps import Stat
from pipecli.store.yaml import edit, read
from pipecli.store.yaml.write import Unwritable, emit

if TYPE_CHECKING:
    from pathlib import Path

    from pipecli.records.base import Record
    from pipecli.store.pipeline import Pipeline
    from pipecli.workflow.change import Change


class Write(NamedTuple):
    """One file as it was and as it shall be; `before` None: it is new, `after` None: it goes."""

    file: str
    before: bytes | None
    after: bytes | None
    record: Record | None = None
    """The record of `after`, where it was read already."""


def plan(pipeline: Pipeline, changes: Sequence[Change]) -> list[Write]:
    """The files that changes come to, each validated as if it had been read from disk.

    Raises FaultyFile when a record would not be valid, PipecliError when one names what doesn't exist.
    """
    removed = {(record.noun, record.key) for change in changes for record in change.removed}
    records = {
        name: record
        for change in changes
        for record in change.records
        if (name := (record.noun, record.key)) not in removed
    }
    filed = [(record, _file_of(pipeline, record)) for record in records.values()]
    planned = map_in_two_processes(
        lambda part: [_writable(pipeline.root, record, file) for record, file in part], filed
    )
    writes = [write for part in planned for write in part if write is not None]
    written = {*records, *_names_of_settings(records.values())}
    check_references(pipeline, list(records.values()), written, removed)
    for noun, key in removed:
        file = pipeline.file_of(noun, key)
        if file is not None:
            writes.append(Write(file, (pipeline.root / file).read_bytes(), None))
    return writes


def _names_of_settings(records: Iterable[Record]) -> Iterator[tuple[str, str]]:
    """The users, teams, processes and stages that are written along with what names them."""
    from pipecli.records.settings import Settings

    for record in records:
        if isinstance(record, Settings):
            yield from record.names()


def _file_of(pipeline: Pipeline, record: Record) -> str | None:
    return SETTINGS_FILE if record.noun == "settings" else pipeline.file_of(record.noun, record.key)


def _writable(root: Path, record: Record, file: str | None) -> Write | None:
    try:
        write = _new(root, record) if file is None else _edited(root, record, file)
    except Unwritable as error:
        raise PipecliError(f"{record.key}: {error}") from None
    if write and write.after and len(write.after) > files.LARGEST:
        size = f"{len(write.after):,} bytes"
        raise PipecliError(f"{record.key} would take {size}, and a record has {files.LARGEST:,} at most")
    return write


def _new(root: Path, record: Record) -> Write:
    """The file of a new record."""
    file = naming.file_name(record)
    if os.path.lexists(f"{root}/{file}"):
        raise PipecliError(f"{file} exists already", hint="choose another name, or edit that record")
    text = emit(record.plain(), _schema_of(file, record.noun))
    return Write(file, None, text.encode(), reading.read(BY_NOUN[record.noun], file, text))


def _edited(root: Path, record: Record, file: str) -> Write | None:
    """The change that a record's file needs; None where it says all that already."""
    raw = (root / file).read_bytes()
    text = read.decode(raw, file)
    kind = SETTINGS if file == SETTINGS_FILE else BY_NOUN[record.noun]
    before, after = reading.read(kind, file, text).plain(), record.plain()
    if before == after:
        return None
    edited = edit.edit(text, before, after, _key_order(record))
    return Write(file, raw, edited.encode(), reading.read(kind, file, edited)) if edited != text else None


def _schema_of(file: str, noun: str) -> str:
    return "../" * file.count("/") + f"schemas/{noun}.schema.json"


def _key_order(record: Record) -> Callable[[Sequence[str | int]], Sequence[str]]:
    """The model's order of the keys of the map at a path, so that a new key lands where it belongs."""
    return lambda path: base.keys_at(type(record), path)


def check_references(
    pipeline: Pipeline,
    records: Sequence[Record],
    written: Collection[tuple[str, str]] = (),
    removed: Collection[tuple[str, str]] = (),
) -> None:
    """Refuse records that name what doesn't exist once all is written. Raises PipecliError.

    Names in settings are left to `check`: a team may be written before its manager.
    """
    known: set[tuple[str, str]] = set(written)
    for record in records:
        for field, noun, key in references(record) if record.noun != "settings" else ():
            nouns = ("user", "team") if noun == "principal" else (noun,)
            if any((noun, key) in known for noun in (noun, *nouns)):
                continue
            if (noun, key) in removed or not _is_known(pipeline, nouns, key):
                what = "user or team" if noun == "principal" else noun
                raise PipecliError(f"{record.key}: {field}: there is no {what} {key}", hint=_way_out(noun))
            known.add((noun, key))


def _is_known(pipeline: Pipeline, nouns: Sequence[str], key: str) -> bool:
    marks = ", ".join("?" * len(nouns))
    rows = pipeline.index.connection.execute(
        f"SELECT 1 FROM _names WHERE noun IN ({marks}) AND key = ?",
        (*nouns, key),
    )
    return rows.fetchone() is not None


def _way_out(noun: str) -> str:
    return {
        "user": "see `pipecli user list`, or add one with `pipecli user add`",
        "principal": "see `pipecli user list` and `pipecli team list`",
        "stage": "see the processes in pipecli.yaml",
        "process": "see the processes in pipecli.yaml",
    }.get(noun, f"see `pipecli {noun} list`")


def commit(
    pipeline: Pipeline,
    writes: Sequence[Write],
    message: str | None,
    environment: Mapping[str, str] | None = None,
) -> str | None:
    """Write the files and commit them with `message` (None: leave the commit to the user).

    Returns the commit's id. When anything fails (a hook, no identity, a full disk, an interrupt) every file
    is as it was. Raises PipecliError.
    """
    done: list[Write] = []
    stats: dict[str, Stat] = {}
    prefix = pipeline.location.prefix
    git_commit: Commit | None = None
    commit_id: str | None = None
    if message is not None and writes:
        require_no_rebase(pipeline.location.git_dir)
    with interruptible():
        try:
            if message is not None and writes:
                git_commit = Commit(
                    pipeline.location.work_tree,
                    changed=[prefix + write.file for write in writes if write.before is not None],
                    new=[prefix + write.file for write in writes if write.before is None],
                )
            for folder in {write.file.rpartition("/")[0] for write in writes if write.after is not None}:
                files.make_folder(pipeline.root, folder)
            for write in writes:
                done.append(write)
                if stat := _apply(pipeline, write):
                    stats[write.file] = stat
                if git_commit is not None:
                    git_commit.take(prefix + write.file)
            if git_commit is not None and message is not None:
                commit_id = git_commit.make(message, environment)
        except BaseException as error:
            if git_commit is not None:
                git_commit.undo()
            _undo(pipeline, done)
            if isinstance(error, OSError):
                raise PipecliError(
                    f"{error.filename or pipeline.root}: can't be written: {error.strerror}",
                    hint="nothing is changed",
                ) from None
            raise
    records = [write for write in writes if kind_of(write.file) or write.file == SETTINGS_FILE]  # no schemas
    pipeline.take_in(
        {record.file: _written(record, stats[record.file]) for record in records if record.after is not None},
        [record.file for record in records if record.after is None],
    )
    return commit_id


def _apply(pipeline: Pipeline, write: Write) -> Stat | None:
    if write.after is None:
        files.remove(pipeline.root, write.file)
        return None
    put = files.create if write.before is None else files.write
    return put(pipeline.root, write.file, write.after)


def _written(write: Write, stat: Stat) -> Written:
    """The part of a write that the index keeps."""
    record = write.record
    if record is None:
        text = read.decode(write.after or b"", write.file)
        record = reading.read(kind_of(write.file) or SETTINGS, write.file, text)
    return Written(stat, record, is_new=write.before is None)


def _undo(pipeline: Pipeline, done: Sequence[Write]) -> None:
    failed = []
    for write in reversed(done):
        try:
            if write.before is None:
                if write.after is not None and _is(pipeline, write.file, write.after):
                    files.remove(pipeline.root, write.file)
            elif not _is(pipeline, write.file, write.before):
                files.make_folder(pipeline.root, write.file.rpartition("/")[0])  # it went with its last file
                files.write(pipeline.root, write.file, write.before)
        except OSError:
            failed.append(write.file)
    if failed:
        raise PipecliError(
            f"{', '.join(failed)} could not be put back as before",
            hint=f"put it back with `git checkout -- {failed[0]}`",
        )


def _is(pipeline: Pipeline, file: str, content: bytes) -> bool:
    try:
        return (pipeline.root / file).read_bytes() == content
    except OSError:
        return False


@contextmanager
def interruptible() -> Iterator[None]:
    """Let a polite `kill` undo the work as Ctrl-C does."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    try:
        previous = signal.signal(signal.SIGTERM, stop)
    except ValueError:  # not the main thread: nobody sends it signals
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def diff(writes: Sequence[Write]) -> str:
    """The changes of the writes as `git diff` shows them."""
    parts: list[str] = []
    for file, before, after, _ in writes:
        old, new = ((content or b"").decode("utf-8", "replace") for content in (before, after))
        parts += difflib.unified_diff(
            old.splitlines(keepends=True),
            new.splitlines(keepends=True),
            "/dev/null" if before is None else f"a/{file}",
            "/dev/null" if after is None else f"b/{file}",
        )
    return "".join(part if part.endswith("\n") else f"{part}{os.linesep}" for part in parts)
