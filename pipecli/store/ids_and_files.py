"""Ids and slugs for new records, and the file in which each is kept; `record_meant.py` finds a record.

A record that git has and that is not checked out exists: references to it are sound, and who counts records
tells of it.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import chain, count
from typing import TYPE_CHECKING
from zlib import crc32

from pipecli.errors import Fault
from pipecli.records.kinds import BY_NOUN, CROCKFORD, ID_LENGTH, PRODUCT, SLUG, kind_of
from pipecli.store import safe_files

if TYPE_CHECKING:
    from pipecli.records.base import Record
    from pipecli.records.kinds import Kind
    from pipecli.store.location import Location

_SLUG_LENGTH = 40
_READ_OTHERWISE = frozenset(";,'")
"""Signs that may be more than the end of a word: `&amp;`, `1,000`, `O'Hara`."""

WINDOWS_DEVICES = frozenset(
    ["con", "prn", "aux", "nul", *(f"{port}{digit}" for port in ("com", "lpt") for digit in range(1, 10))]
)
"""Names that no file may have on Windows, with whatever ending: a clone there can't check `con.yaml` out."""


def random_part() -> str:
    """Five random Crockford characters: what makes ids of clones that never talked differ."""
    return _crockford(os.urandom(ID_LENGTH))


def _crockford(content: bytes) -> str:
    return "".join([CROCKFORD[byte % 32] for byte in content])


def new_id(prefix: str, taken: Container[str]) -> str:
    """An id that no record of this clone has; by its random part other clones' have others.

    Should two take one, `duplicate_id` of `checks/files_and_references.py` finds it, and `sync` pushes none.
    """
    while (id_ := f"{prefix}-{random_part()}") in taken:
        pass
    return id_


def id_derived_from(text: str, taken: Container[object], prefix: str = "") -> str:
    """An id that none has, and the same in each clone: of two that import one export each record is one."""
    import hashlib  # with OpenSSL, 3 ms of a verb that only names a record, too

    for turn in count():
        digest = hashlib.sha256(f"{text}\n{turn}".encode()).digest()
        if (id_ := prefix + _crockford(digest[:ID_LENGTH])) not in taken:
            break
    return id_


@lru_cache(maxsize=4096)
def slug(text: str) -> str:
    """`text` as a slug: transliterated, lower case, words joined by hyphens. Never empty.

    A name that transliterates to nothing (an emoji) gets a slug of its code points, so that two people
    adding the same customer still meet. One that Windows keeps for a device gets an `x-` before it.
    """
    words = _shortened(re.findall("[a-z0-9]+", text.lower()))
    if not (words and text.isascii() and _READ_OTHERWISE.isdisjoint(text)):
        from slugify import slugify  # of most it makes just that, in ten times as long

        words = slugify(text, max_length=_SLUG_LENGTH, word_boundary=True)
    if words in WINDOWS_DEVICES:
        return f"x-{words}"
    return words or "x-" + "-".join(f"{ord(character):x}" for character in text.strip()[:6])


def _shortened(words: Sequence[str]) -> str:
    """The words for which a slug has room, as slugify takes them; the beginning of the first if for none."""
    slug = ""
    for word in words:
        if len(slug) + len(word) <= _SLUG_LENGTH:
            slug += f"{word}-"
    return slug[:-1] or "".join(words[:1])[:_SLUG_LENGTH]


def free_slug(text: str, taken: Container[str]) -> str:
    """The slug of `text`, numbered from 2 on where another record has it: for a namesake."""
    first = slug(text)
    return next(name for name in chain([first], (f"{first}-{n}" for n in count(2))) if name not in taken)


def file_name(record: Record) -> str:
    """The file of a new record: a document's id and slug in the folder of its month, else its slug."""
    kind = BY_NOUN[record.noun]
    if kind.is_document:
        month = month_folder(str(record.created))  # type: ignore[attr-defined]
        return f"{kind.folder}/{month}/{record.key}-{slug(record.label)}.yaml"
    return f"{kind.folder}/{file_slug(record.noun, record.key)}.yaml"


def month_folder(created: str) -> str:
    """The folder of a document in that of its kind, `2026/11`, by its time of creation as it is written."""
    return created[:7].replace("-", "/")


def month_file(file: str, created: str) -> str:
    """The place of a document's file in the folder of its month."""
    return f"{file.partition('/')[0]}/{month_folder(created)}/{file.rpartition('/')[2]}"


def with_schema_path(content: bytes, file: str) -> bytes:
    """The content of a record's file for another place: its first line leads to the schema from there."""
    up = b"../" * file.count("/")
    return re.sub(rb"\A(# yaml-language-server: \$schema=)(?:\.\./)+(?=schemas/)", rb"\1" + up, content)


def file_slug(noun: str, key: str) -> str:
    """The name of a file of master data: its slug, which of a product is that of the SKU."""
    is_own = noun != PRODUCT.noun or (re.fullmatch(SLUG, key) and key not in WINDOWS_DEVICES)
    return key if is_own else slug(key)


_FLAGLESS = 2
"""The version of git's index that marks no file as left out; git writes a later one where it must."""

WAY_OUT = "`git sparse-checkout disable` brings all (`git update-index --no-skip-worktree FILE` one file)"


def left_out(location: Location) -> Mapping[tuple[str, str], str]:
    """By noun and key, the files of the records that git has and that are not here.

    A pipeline with all its files pays for the first bytes of git's index. Raises GitRefused.
    """
    index = location.git_dir / "index"
    try:
        with index.open("rb", buffering=0) as handle:
            header = handle.read(8)
            status = os.fstat(handle.fileno())
    except OSError:
        return {}
    if int.from_bytes(header[4:], "big") <= _FLAGLESS:
        return {}
    files = _skipped(location, [status.st_mtime_ns, status.st_size, status.st_ino])
    is_there = lru_cache(os.path.lexists)
    return {
        name: file
        for file in files
        if not all(is_there(f"{location.root}/{path}") for path in (file.rpartition("/")[0], file))
        and (name := named_by_file(file))
    }


def _skipped(location: Location, stamp: list[int]) -> list[str]:
    """The files of records that git's index marks, as of a stamp of it; asked once for each state of it."""
    kept = location.cache / "left-out.json"
    with suppress(OSError, ValueError):
        known = safe_files.read_note(kept, {"stamp": [int], "files": [str], "sum": int})
        if known["stamp"] == stamp and known["sum"] == _sum_of(known["files"]):
            return list[str](known["files"])
    from pipecli.store import git

    listed = os.fsdecode(git.raw(location.work_tree, "ls-files", "-t", "-z", "--", location.prefix or "."))
    names = (line[2:].removeprefix(location.prefix) for line in listed.split("\0") if line.startswith("S "))
    files = list(filter(kind_of, names))
    known = {"stamp": stamp, "files": files, "sum": _sum_of(files)}
    with suppress(OSError, ValueError):  # only to be faster
        location.cache.mkdir(parents=True, exist_ok=True)
        safe_files.write_file(location.cache, kept.name, json.dumps(known).encode())
    return files


def _sum_of(names: Iterable[str]) -> int:
    return crc32("\0".join(names).encode("utf-8", "surrogatepass"))


def named_by_file(file: str) -> tuple[str, str] | None:
    """The noun and key of a record by the name of its file alone; None for other files."""
    if (kind := kind_of(file)) is None:
        return None
    stem = file.rpartition("/")[2].removesuffix(".yaml")
    return kind.noun, "-".join(stem.split("-")[:2]) if kind.is_document else stem


def faults_of_absent(absent: Mapping[tuple[str, str], str], kinds: Collection[Kind]) -> list[Fault]:
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
