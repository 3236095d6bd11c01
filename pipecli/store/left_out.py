"""Records that git has and that are not checked out: a sparse checkout, or `update-index --skip-worktree`.

They exist: a reference to one is sound, no new record takes its name, and what counts records tells of them.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Collection, Mapping
from contextlib import suppress
from functools import lru_cache

from pipecli.errors import Fault, PipecliError
from pipecli.records.kinds import Kind
from pipecli.store.files import Location, kind_of

_FLAGLESS = 2
"""The version of git's index that marks no file as left out; git writes a later one where it must."""

WAY_OUT = "`git sparse-checkout disable` brings all (`git update-index --no-skip-worktree FILE` one file)"


def left_out(place: Location) -> Mapping[tuple[str, str], str]:
    """By noun and key, the files of the records that git has and that are not here.

    A pipeline with all its files pays for the first bytes of git's index. Raises GitRefused.
    """
    index = place.git_dir / "index"
    try:
        with index.open("rb", buffering=0) as handle:
            header = handle.read(8)
            stat = os.fstat(handle.fileno())
    except OSError:
        return {}
    if int.from_bytes(header[4:], "big") <= _FLAGLESS:
        return {}
    files = _skipped(place, [stat.st_mtime_ns, stat.st_size, stat.st_ino])
    is_there = lru_cache(os.path.lexists)
    absent = (
        file
        for file in files
        if not (
            is_there(f"{place.root}/{file.rpartition('/')[0]}") and os.path.lexists(f"{place.root}/{file}")
        )
    )
    return {name: file for file in absent if (name := name_of(file))}


def _skipped(place: Location, stamp: list[int]) -> list[str]:
    """The files of records that git's index marks, as of a stamp of it; asked once for each state of it."""
    kept = place.cache / "left-out.json"
    with suppress(OSError, ValueError, KeyError, TypeError):
        known = json.loads(kept.read_text(encoding="utf-8"))
        if known["stamp"] == stamp:
            return [str(file) for file in known["files"]]
    from pipecli.store import git

    inside = [place.prefix] if place.prefix else []
    listed = git.raw(place.work_tree, "ls-files", "-t", "-z", "--", *inside).decode(
        "utf-8", "surrogateescape"
    )
    names = [line[2:] for line in listed.split("\0") if line.startswith("S ")]
    files = [file for name in names if kind_of(file := name.removeprefix(place.prefix))]
    with suppress(OSError, ValueError):  # only to be faster
        place.cache.mkdir(parents=True, exist_ok=True)
        aside = kept.with_suffix(f".{os.getpid()}.tmp")
        aside.write_text(json.dumps({"stamp": stamp, "files": files}), encoding="utf-8")
        aside.replace(kept)
    return files


def name_of(file: str) -> tuple[str, str] | None:
    """The noun and key of a record by the name of its file alone; None for other files."""
    kind = kind_of(file)
    if kind is None:
        return None
    stem = file.rpartition("/")[2].removesuffix(".yaml")
    return kind.noun, "-".join(stem.split("-")[:2]) if kind.is_document else stem


def faults(absent: Mapping[tuple[str, str], str], kinds: Collection[Kind]) -> list[Fault]:
    """A fault for each of these kinds that has records which are not here: a total leaves them out."""
    counts = Counter(noun for noun, _ in absent)
    return [
        Fault(
            kind.folder, 0, 0, "left-out",
            f"{number} {'record is' if number == 1 else 'records are'} not checked out (sparse checkout) and "
            f"left out; {WAY_OUT}",
        )
        for kind in kinds
        if (number := counts[kind.noun])
    ]  # fmt: skip


def require_new(absent: Mapping[tuple[str, str], str], files: Collection[str]) -> None:
    """Refuse to write a new record over one that is not checked out. Raises PipecliError."""
    taken = next((file for file in absent.values() if file in files), None)
    if taken:
        raise PipecliError(f"{taken} exists already, and is not checked out", hint=WAY_OUT)
