"""One change set, of a branch, a range of commits or the working tree: which records it touches, and how."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pipecli.errors import FaultyFile, PipecliError
from pipecli.history.commits import record_kind
from pipecli.history.events import Event, Told, events
from pipecli.history.moments import resolve, tip
from pipecli.history.touched import key_of_path
from pipecli.history.versions import version_of
from pipecli.records.kinds import KINDS
from pipecli.store import files, yamltext
from pipecli.store.git import Object
from pipecli.store.location import Location

if TYPE_CHECKING:
    from git import Blob, Diff, Repo

WORKING_TREE = "the working tree"


class Range(NamedTuple):
    """From which commit to which."""

    base: str
    """Where the two part: what the other side did since is no part of the change set."""
    head: str | None
    """None: the working tree, with what is not committed."""
    base_name: str
    head_name: str
    is_parted: bool
    """Whether the base has moved on since."""


class Touched(NamedTuple):
    """One record that the change set touches."""

    noun: str
    key: str
    file: str
    events: list[Event]


class ChangeSet(NamedTuple):
    records: list[Touched]
    unreadable: list[str]
    """Files of the head that can't be read, each with why."""


class _Version(NamedTuple):
    file: str
    told: Told


def range_of(place: Location, text: str) -> Range:
    """The range of `BASE..HEAD`, of `BASE` to the working tree, or of nothing: HEAD to it.

    Raises NoSuchMoment.
    """
    from git import Repo

    tip(place)
    first, dots, last = text.partition("...") if "..." in text else text.partition("..")
    base_name, head_name = first or "HEAD", (last or "HEAD") if dots else WORKING_TREE
    base = resolve(place, base_name)
    head = resolve(place, head_name) if dots else None
    with Repo(place.work_tree) as repo:
        parted = repo.merge_base(base, head or "HEAD")
    common = parted[0].hexsha if parted else base
    return Range(common, head, base_name, head_name, is_parted=common != base)


def change_set(place: Location, asked: Range) -> ChangeSet:
    """What is different between the ends of a range, record by record: deals first, settings last."""
    before: dict[tuple[str, str], _Version] = {}
    after: dict[tuple[str, str], _Version] = {}
    unreadable: list[str] = []
    faulty: set[tuple[str, str]] = set()
    for path, old, new in _files(place, asked):
        for blob, versions in ((old, before), (new, after)):
            if blob is None:
                continue
            told, fault = _told(path, blob)
            if told:
                versions[told.noun, told.key] = _Version(path, told)
            if fault and versions is after:
                unreadable.append(f"{path}: {fault}")
                if told is None:
                    faulty.add((_noun(path), key_of_path(path)))
    touched = [
        _touched(name, before.get(name), after.get(name))
        for name in dict.fromkeys([*before, *after])
        if name not in faulty
    ]
    order = [kind.noun for kind in KINDS if kind.noun != "lead"] + ["lead", "settings"]
    touched.sort(key=lambda each: (order.index(each.noun), each.key))
    return ChangeSet([each for each in touched if each.events], unreadable)


def _touched(name: tuple[str, str], before: _Version | None, after: _Version | None) -> Touched:
    found = events(before.told if before else None, after.told if after else None)
    file = (after or before or _nothing()).file
    if before and after and before.file != after.file:
        found.append(Event("file", before.file, after.file, f"file moved: {before.file} → {after.file}"))
    elif before and after and not found:
        found.append(Event("file", file, file, "only comments or layout"))
    return Touched(*name, file, found)


def _nothing() -> _Version:
    raise AssertionError("a touched record was there before or is after")


def _told(path: str, blob: Object) -> tuple[Told | None, str | None]:
    """A version as events take it, None where it can't be read; and its fault."""
    version = version_of(path, blob)
    try:
        plain = yamltext.parse(yamltext.decode(blob.content or b"", path), path)
    except FaultyFile:
        return None, version.fault
    amount = None if version.amount is None else Decimal(version.amount)
    return Told(_noun(path), version.key or key_of_path(path), plain, amount), version.fault


def _noun(path: str) -> str:
    kind = record_kind(path)
    assert kind
    return kind.noun


def _files(place: Location, asked: Range) -> Iterator[tuple[str, Object | None, Object | None]]:
    """Each file of a record that differs, as it was and as it is."""
    from git import Repo

    with Repo(place.work_tree) as repo:
        base = repo.commit(asked.base)
        differing: list[Diff] = [*base.diff(asked.head, paths=place.prefix or None, no_renames=True)]
        for each in differing:
            path = _inside(place, each.a_rawpath or each.b_rawpath)
            if path is not None:
                yield path, _blob(each.a_blob), _new(place, path, each, asked)
        for name in _untracked(repo, asked):
            path = _inside(place, name.encode("utf-8", "surrogateescape"))
            if path is not None:
                yield path, None, _on_disk(place.root / path)


def _inside(place: Location, raw: bytes | None) -> str | None:
    """The path of a record's file in the pipeline; None for any other file."""
    name = (raw or b"").decode("utf-8", "replace")
    if not name.startswith(place.prefix):
        return None
    path = name.removeprefix(place.prefix)
    return path if record_kind(path) else None


def _new(place: Location, path: str, each: Diff, asked: Range) -> Object | None:
    if each.deleted_file:
        return None
    return _blob(each.b_blob) if asked.head else _on_disk(place.root / path)


def _untracked(repo: Repo, asked: Range) -> list[str]:
    return [] if asked.head else repo.untracked_files


def _blob(blob: Blob | None) -> Object | None:
    if blob is None:
        return None
    size = blob.size
    content = blob.data_stream.read() if size <= files.LARGEST else None
    return Object(blob.hexsha, content, size)


def _on_disk(path: Path) -> Object | None:
    try:
        size = path.lstat().st_size
        is_whole = size <= files.LARGEST and not path.is_symlink()
        return Object("", path.read_bytes() if is_whole else None, size)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PipecliError(f"{path.name}: can't be read: {error.strerror}") from None
