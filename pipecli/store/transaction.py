"""One command, one commit: write all files of a change and commit them, or leave everything as it was."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from threading import Thread
from typing import TYPE_CHECKING, NamedTuple

from pipecli.errors import PipecliError
from pipecli.records import base
from pipecli.records.kinds import BY_NOUN, PRODUCT, SETTINGS, SETTINGS_FILE, SLUG, closed_in_lists
from pipecli.records.references import references
from pipecli.store import files, journal, naming, reading
from pipecli.store import git_commit as git_dir
from pipecli.store.files import Stat, kind_of
from pipecli.store.git_commit import Commit, hardening, require_no_rebase
from pipecli.store.index.index import Written, map_in_two_processes
from pipecli.store.lock import interruptible, uninterrupted
from pipecli.store.yaml import edit, read
from pipecli.store.yaml.write import Unwritable, emit

if TYPE_CHECKING:
    from pipecli.records.base import Record
    from pipecli.store.files import Location
    from pipecli.store.journal import Journal
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
    numbered = _numbered_files(pipeline, [record for record, file in filed if file is None])
    planned = map_in_two_processes(
        lambda part: [_writable(pipeline, record, file, numbered.get(record.key)) for record, file in part],
        filed,
    )
    writes = [write for part in planned for write in part if write is not None]
    written = {*records, *_names_of_settings(records.values())}
    check_references(pipeline, list(records.values()), written, removed)
    for noun, key in removed:
        file = pipeline.file_of(noun, key)
        if file is not None:
            writes.append(Write(file, pipeline.raw(file), None))
    return writes


def _numbered_files(pipeline: Pipeline, new: Iterable[Record]) -> dict[str, str]:
    """By SKU, the files of new products whose slug another has: AB.77 and AB-77 are two."""
    numbered: dict[str, str] = {}
    taken: set[str] = set()
    for record in new:
        if record.noun != PRODUCT.noun:
            continue
        file = first = naming.file_name(record)
        number = 2
        while file in taken or (not re.fullmatch(SLUG, record.key) and pipeline.has_file(file)):
            file = f"{first.removesuffix('.yaml')}-{number}.yaml"
            number += 1
        taken.add(file)
        if file != first:
            numbered[record.key] = file
    return numbered


def _names_of_settings(records: Iterable[Record]) -> Iterator[tuple[str, str]]:
    """The users, teams, processes and stages that are written along with what names them."""
    for record in records:
        if record.noun == "settings":
            from pipecli.records.settings import Settings

            assert isinstance(record, Settings)
            yield from record.names()


def _file_of(pipeline: Pipeline, record: Record) -> str | None:
    return SETTINGS_FILE if record.noun == "settings" else pipeline.file_of(record.noun, record.key)


def _writable(pipeline: Pipeline, record: Record, file: str | None, new_file: str | None) -> Write | None:
    try:
        write = _new(pipeline, record, new_file) if file is None else _edited(pipeline, record, file)
    except Unwritable as error:
        raise PipecliError(f"{record.key}: {error}") from None
    if write and write.after and len(write.after) > files.LARGEST:
        size = f"{len(write.after):,} bytes"
        raise PipecliError(f"{record.key} would take {size}, and a record has {files.LARGEST:,} at most")
    return write


def _new(pipeline: Pipeline, record: Record, file: str | None = None) -> Write:
    """The file of a new record; `file` where its own name is another's."""
    file = file or naming.file_name(record)
    if pipeline.has_file(file):
        raise PipecliError(f"{file} exists already", hint="choose another name, or edit that record")
    text = emit(record.plain(), _schema(record, file))
    return Write(file, None, text.encode(), reading.read(BY_NOUN[record.noun], file, text))


def _schema(record: Record, file: str) -> str:
    """The path from a record's file to the schema of its kind."""
    return "../" * file.count("/") + f"schemas/{record.noun}.schema.json"


def _edited(pipeline: Pipeline, record: Record, file: str) -> Write | None:
    """The change that a record's file needs; None where it says all that already."""
    raw = pipeline.raw(file)
    text = read.decode(raw, file)
    kind = SETTINGS if file == SETTINGS_FILE else BY_NOUN[record.noun]
    before, after = reading.read(kind, file, text).plain(), record.plain()
    if before == after:
        return None
    if before.get("closed") != after.get("closed"):
        text = _in_todays_keys(text, file, record)
    schema = _schema(record, file)
    if kind is not SETTINGS and text == emit(before, schema):  # nothing by hand to keep: a tenth of the time
        edited = emit(after, schema)
    else:
        edited = edit.edit(text, before, after, _key_order(record))
    return Write(file, raw, edited.encode(), reading.read(kind, file, edited)) if edited != text else None


def _in_todays_keys(text: str, file: str, record: Record) -> str:
    """The text of a deal with the lists that its `closed` section had as single values before 1.0."""
    plain = read.parse(text, file)
    closed = plain.get("closed")
    if not isinstance(closed, dict) or (todays := closed_in_lists(closed)) == closed:
        return text
    return edit.edit(text, plain, {**plain, "closed": todays}, _key_order(record))


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
                missing = f"{record.key}: {field}: unknown {what} {key}"
                raise PipecliError(missing, hint=_way_out(noun), code="not-found")
            known.add((noun, key))


def _is_known(pipeline: Pipeline, nouns: Sequence[str], key: str) -> bool:
    marks = ", ".join("?" * len(nouns))
    rows = pipeline.index.connection.execute(
        f"SELECT 1 FROM _names WHERE noun IN ({marks}) AND key = ?",
        (*nouns, key),
    )
    return rows.fetchone() is not None or any((noun, key) in pipeline.left_out for noun in nouns)


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
    is as it was, unless git has the commit already: then it stands. Raises PipecliError.
    """
    if not writes:
        return None
    _require_new(pipeline.left_out, {write.file for write in writes if write.before is None})
    if message is not None:
        require_no_rebase(pipeline.location.git_dir)
    stats: dict[str, Stat] = {}
    with interruptible():
        try:
            commit_id, pipeline.interrupted = make(
                pipeline.location, writes, message, {**pipeline.author_date, **(environment or {})}, stats
            )
        except OSError as error:
            raise PipecliError(
                f"{error.filename or pipeline.root}: can't be written: {error.strerror}",
                hint="nothing is changed",
            ) from None
    records = [write for write in writes if kind_of(write.file) or write.file == SETTINGS_FILE]  # no schemas
    pipeline.take_in(
        {record.file: _written(record, stats[record.file]) for record in records if record.after is not None},
        [record.file for record in records if record.after is None],
    )
    return commit_id


def _require_new(absent: Mapping[tuple[str, str], str], names: Collection[str]) -> None:
    """Refuse to write a new record over one that is not checked out. Raises PipecliError."""
    taken = next((file for file in absent.values() if file in names), None)
    if taken:
        raise PipecliError(f"{taken} exists already, and is not checked out", hint=files.WAY_OUT)


def make(
    place: Location,
    writes: Sequence[Write],
    message: str | None,
    environment: Mapping[str, str] | None = None,
    stats: dict[str, Stat] | None = None,
    beside: Sequence[str] = (),
    also: Callable[[], None] = lambda: None,
) -> tuple[str | None, bool]:
    """Write files and commit them under a journal; undo it all when anything fails.

    Returns the commit's id, and True where somebody wanted to stop this when git had the commit already.
    `stats` is filled with those of the written files; `beside` are new files of the repository that are
    written already and go along; `also` is done before the journal ends.
    Raises OSError, PipecliError.
    """
    prefix = place.prefix
    is_interrupted = False
    options = hardening(place.work_tree)
    record = journal.begin(
        place,
        [(write.file, write.before, write.after) for write in writes],
        (message or "a change without a commit").partition("\n")[0],
        is_committing=message is not None,
        is_hard=options is not None,
    )
    git_commit: Commit | None = None
    commit_id: str | None = None

    def finish() -> None:
        also()
        for write in writes:
            if write.after is None:
                files.remove_empty(place.root, write.file)
        record.end()
        journal.ended.append(commit_id or "")

    try:
        if message is not None:
            git_commit = Commit(
                place.work_tree,
                changed=[prefix + write.file for write in writes if write.before is not None],
                new=[*(prefix + write.file for write in writes if write.before is None), *beside],
                options=options or (),
            )
        for folder in {write.file.rpartition("/")[0] for write in writes if write.after is not None}:
            files.make_folder(place.root, folder)
        for write in writes:
            stat = _apply(place, write)
            if stats is not None and stat is not None:
                stats[write.file] = stat
            if git_commit is not None:
                git_commit.take(prefix + write.file)
        if git_commit is not None:
            for name in beside:
                git_commit.take(name)
        with _hardened(place, writes) if options is not None else nullcontext():
            if git_commit is not None and message is not None:
                git_commit.make(message, environment)
                commit_id = git_dir.head_of(place)
        finish()
    except BaseException as error:
        with uninterrupted():
            if git_commit is not None:
                git_commit.stop()
            commit_id = _resolve(record, error)
            is_interrupted = isinstance(error, KeyboardInterrupt)
            finish()
    return commit_id, is_interrupted


def _resolve(record: Journal, error: BaseException) -> str | None:
    """Undo a change that failed with `error`, and raise that; where git has the commit, its id."""
    try:
        outcome = record.resolve(keeps_edits=True)
    except (OSError, PipecliError) as second:
        raise PipecliError(
            f"{error or 'interrupted'}; and that can't be undone now: {second}",
            hint="the next pipecli command tries again",
        ) from None
    if outcome.is_done:
        return outcome.commit
    record.end()
    if not outcome.edited:
        raise error
    kept = [str(path) for file in outcome.edited if (path := record.kept_for_person(file)).exists()]
    reason = str(error).replace(", nothing is changed", "") or "interrupted"
    raise PipecliError(
        f"{reason}; {', '.join(outcome.edited)} was changed by somebody meanwhile and stays as it is now",
        hint=f"as it was before this command: {', '.join(kept)}" if kept else "the rest is as before",
    ) from None


def _apply(place: Location, write: Write) -> Stat | None:
    """Write or remove one file, if it is still as it was when the change was planned."""
    if write.before is None:
        return files.create(place.root, write.file, write.after or b"")
    try:
        is_same = files.read_bytes(place.root, write.file, files.LARGEST_ANY) == write.before
    except FileNotFoundError:
        is_same = False
    if not is_same:
        raise PipecliError(
            f"{write.file} was changed by somebody meanwhile", hint="nothing else is changed; try again"
        )
    if write.after is None:
        files.remove(place.root, write.file)
        return None
    return files.write(place.root, write.file, write.after)


@contextmanager
def _hardened(place: Location, writes: Sequence[Write]) -> Iterator[None]:
    """Have the written files outlast a power cut, while git makes its commit of them."""
    paths = [place.root / write.file for write in writes if write.after is not None]
    folders = {(place.root / write.file).parent for write in writes}

    def work() -> None:
        with suppress(OSError):  # git has a copy of its own that it hardens
            files.harden(*paths)
            files.harden_folders(folder for folder in folders if folder.exists())

    thread = Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _written(write: Write, stat: Stat) -> Written:
    """The part of a write that the index keeps."""
    record = write.record
    if record is None:
        text = read.decode(write.after or b"", write.file)
        record = reading.read(kind_of(write.file) or SETTINGS, write.file, text)
    return Written(stat, record, is_new=write.before is None)


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
