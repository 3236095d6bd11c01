"""The files of an export: one file, a folder, or a zip, whose sizes are bounded and whose paths lead nowhere.

Nothing is unpacked to disk: what a zip has is read in memory, under the last part of its name.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from pipecli.errors import PipecliError
from pipecli.inbox.importing.run import File

LARGEST = 1 << 29
"""Bytes of all files of an export together, unpacked: a deflate bomb is refused before it is through."""
MOST_FILES = 2_000
_READ = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".txt", ".xlsx", ".xls", ".xlsm", ".ods", ".vcf")
_TRUSTED_RATIO = 250
"""Text packs into a tenth, seldom into a hundredth; what claims more is a bomb."""
_ALWAYS_FINE = 1 << 22
_PIECE = 1 << 20


def files_of(path: Path) -> list[File]:
    """The tables of an export, by name. Raises PipecliError."""
    if not path.exists():
        raise PipecliError(f"{path} does not exist")
    if path.is_dir():
        files = list(_of_folder(path))
    else:
        raw = _read(path)
        files = list(_of_zip(raw, path.name)) if _is_archive(raw) else [File(path.name, raw)]
    if not files:
        known = ", ".join(_READ)
        raise PipecliError(f"{path} has no file that can be read", hint=f"these can: {known}")
    return sorted(files)


def _is_archive(raw: bytes) -> bool:
    """True for a zip of files; a workbook is a zip, too, with a list of its contents."""
    if not raw.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            names = set(archive.namelist())
    except zipfile.BadZipFile:
        return True
    return "[Content_Types].xml" not in names and "mimetype" not in names


def _read(path: Path) -> bytes:
    size = path.stat().st_size
    if size > LARGEST:
        raise PipecliError(f"{path} has {size:,} bytes, and {LARGEST:,} can be read", hint="divide it")
    return path.read_bytes()


def _of_folder(folder: Path) -> Iterator[File]:
    """The files of a folder and those below it; links are not followed."""
    paths = [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in _READ and path.is_file() and not path.is_symlink()
    ]
    _refuse_many(len(paths), str(folder))
    whole = sum(path.stat().st_size for path in paths)
    if whole > LARGEST:
        raise PipecliError(f"{folder} has {whole:,} bytes, and {LARGEST:,} can be read", hint="divide it")
    taken: set[str] = set()
    for path in paths:
        yield File(_free_name(path.name, path.parent.name, taken), path.read_bytes())


def _of_zip(raw: bytes, name: str) -> Iterator[File]:
    """The tables in a zip, and those of zips in it."""
    taken: set[str] = set()
    for inner, content in _entries(raw, name, LARGEST):
        parts = inner.replace("\\", "/").rstrip("/").split("/")
        yield File(_free_name(parts[-1], parts[-2] if len(parts) > 1 else "", taken), content)


def _entries(raw: bytes, name: str, left: int, *, depth: int = 0) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir() and _is_wanted(info.filename)]
            _refuse_many(len(infos), name)
            for info in infos:
                if info.flag_bits & 1:
                    raise PipecliError(
                        f"{name}: {info.filename} is encrypted", hint="unpack it, and name the folder"
                    )
                content = _content(archive, info, name, left)
                left -= len(content)
                if info.filename.lower().endswith(".zip") and depth == 0:
                    for inner, inside in _entries(content, info.filename, left, depth=1):
                        left -= len(inside)
                        yield inner, inside
                else:
                    yield info.filename, content
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise PipecliError(f"{name} is no zip that can be read: {error}") from None


def _is_wanted(name: str) -> bool:
    last = name.replace("\\", "/").rpartition("/")[2]
    is_shadow = last.startswith((".", "__MACOSX")) or "__MACOSX/" in name
    return last.lower().endswith((*_READ, ".zip")) and not is_shadow


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, left: int) -> bytes:
    """One file of a zip, read no further than it may be long, whatever the zip says of its size."""
    pieces: list[bytes] = []
    size = 0
    with archive.open(info) as stream:
        while piece := stream.read(_PIECE):
            size += len(piece)
            pieces.append(piece)
            if size > left:
                raise PipecliError(f"{name} unpacks to more than {LARGEST:,} bytes", hint="divide it")
            if size > _ALWAYS_FINE and size > _TRUSTED_RATIO * max(info.compress_size, 1):
                raise PipecliError(
                    f"{name}: {info.filename} unpacks to over {_TRUSTED_RATIO} times its size, "
                    "as no export does",
                    hint="if it is one, unpack it and name the folder",
                )
    return b"".join(pieces)


def _refuse_many(count: int, name: str) -> None:
    if count > MOST_FILES:
        raise PipecliError(f"{name} has {count:,} files, and {MOST_FILES:,} can be read")


def _free_name(name: str, folder: str, taken: set[str]) -> str:
    """A name that no other file has, with that of its folder before it where two are called the same."""
    free = name if name not in taken else f"{folder}-{name}"
    number = 2
    while free in taken:
        free = f"{number}-{name}"
        number += 1
    taken.add(free)
    return free
