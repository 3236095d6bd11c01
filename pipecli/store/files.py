"""A pipeline on disk: its root, its git directory, and its files, none of them outside it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from errno import EEXIST
from pathlib import Path
from typing import NamedTuple

from pipecli.errors import Fault, FaultyFile, PipecliError
from pipecli.records.kinds import BY_FOLDER, SETTINGS_FILE, Kind
from pipecli.store.index.stamps import Stat
from pipecli.store.yaml import read


class NoPipeline(PipecliError):
    """The directory, and those above it, hold no pipeline."""


class Location(NamedTuple):
    root: Path
    """The directory of `pipecli.yaml`, resolved."""
    work_tree: Path
    """The root of the git repository around it: the same, or a directory above."""
    git_dir: Path

    @property
    def prefix(self) -> str:
        """The pipeline's place in the repository: empty, or `sales/` with its slash."""
        inner = self.root.relative_to(self.work_tree).as_posix()
        return "" if inner == "." else f"{inner}/"

    @property
    def cache(self) -> Path:
        """Where what can be deleted is kept: inside the git directory, a folder a pipeline."""
        inner = self.prefix.rstrip("/").replace("%", "%25").replace("/", "%2F")
        return self.git_dir / "pipecli" / (f"in-{inner}" if inner else "root")

    @property
    def journal(self) -> Path:
        """The journal of the change that is being made, or was cut off; there is none at other times."""
        return self.cache / "journal"


def find(start: Path) -> Location:
    """The pipeline that holds `start`, walking up as git does. Raises NoPipeline."""
    here = start.resolve()
    if not here.is_dir():
        raise NoPipeline(f"{start} is no directory")
    for root in (here, *here.parents):
        if (root / SETTINGS_FILE).is_file():
            return at(root)
    raise NoPipeline(
        f"{start} is no pipeline: no {SETTINGS_FILE} here or above",
        hint="make one with `pipecli init DIR`, or name one with -C DIR",
    )


def at(root: Path) -> Location:
    """The place of a pipeline in a directory. Raises NoPipeline where that is in no repository."""
    for work_tree in (root, *root.parents):
        marker = work_tree / ".git"
        if marker.is_dir():
            return Location(root, work_tree, marker)
        if marker.is_file():  # a linked work tree or a submodule: "gitdir: <path>"
            target = marker.read_text(encoding="utf-8").removeprefix("gitdir:").strip()
            return Location(root, work_tree, (work_tree / target).resolve())
    raise NoPipeline(f"{root} is in no git repository", hint="make it one with `git init`")


def kind_of(file: str) -> Kind | None:
    """The kind of record that a path of the pipeline holds; None for any other file."""
    folder, slash, _ = file.partition("/")
    return BY_FOLDER.get(folder) if slash and file.endswith(".yaml") else None


def inside(root: Path, file: str) -> Path:
    """The path of a pipeline's file, refused when it leads out of the pipeline, through a link or `..`."""
    path = root / file
    resolved, top = Path(os.path.realpath(path)), Path(os.path.realpath(root))
    if resolved != top and top not in resolved.parents:
        raise PipecliError(f"{file} leads out of the pipeline", hint="links and paths must stay inside it")
    return path


LARGEST = 4 << 20
"""Bytes. A record is a few kilobytes; what is larger was not written as one."""
LARGEST_ANY = 64 << 20
"""Bytes of any other file of a pipeline: a brochure, a logo."""


_CAUTIOUS = sum(getattr(os, name, 0) for name in ("O_NONBLOCK", "O_NOFOLLOW", "O_BINARY"))


def read_bytes(root: Path, file: str, largest: int = LARGEST) -> bytes:
    """The content of a file of the pipeline, of whatever kind.

    Raises PipecliError for what leads out of it, is no regular file or holds more than `largest` bytes;
    OSError, FileNotFoundError among them.
    """
    path = os.path.realpath(inside(root, file))
    # no waiting for who writes into a pipe; a link that is put here only now is not followed
    with open(os.open(path, os.O_RDONLY | _CAUTIOUS), "rb", buffering=0) as handle:  # noqa: PTH123
        status = os.fstat(handle.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise PipecliError(f"{file} is no regular file", hint="put the file itself here")
        content = handle.read(largest + 1)
    if len(content) > largest:
        raise PipecliError(f"{file} is too large", hint=f"{largest:,} bytes at most are read of it")
    return content


def read_text(root: Path, file: str) -> str:
    """The text of a record's file. Raises FaultyFile for what can't be one, FileNotFoundError."""
    path = f"{root}/{file}"  # not a Path: 9,000 of them are a tenth of building an index
    status = os.lstat(path)
    if stat.S_ISLNK(status.st_mode):
        raise FaultyFile(
            [Fault(file, 0, 0, "file", "a symbolic link can't be a record; put the file itself here")]
        )
    if stat.S_ISDIR(status.st_mode):
        raise FaultyFile([Fault(file, 0, 0, "file", "a directory has the name of a record")])
    if not stat.S_ISREG(status.st_mode):  # who reads a pipe waits for somebody to write
        raise FaultyFile([Fault(file, 0, 0, "file", "a pipe or a device can't be a record")])
    if status.st_size > LARGEST:
        raise FaultyFile([Fault(file, 0, 0, "file", f"{status.st_size:,} bytes are too many for a record")])
    try:
        with open(os.open(path, os.O_RDONLY | _CAUTIOUS), "rb", buffering=0) as handle:  # noqa: PTH123
            raw = handle.read(LARGEST + 1)
    except PermissionError:
        raise FaultyFile([Fault(file, 0, 0, "file", "the file can't be read: permission denied")]) from None
    return read.decode(raw, file)


def make_folder(root: Path, folder: str) -> None:
    """Have a folder of the pipeline to write in. Raises PipecliError when it leads out of the pipeline.

    A file is written by its own name, never through a link, so that this is the one thing to look at.
    """
    path = inside(root, folder)
    path.mkdir(parents=True, exist_ok=True)
    inside(root, folder)  # again: the folders exist only now


def temporary_name(file: str, process: int) -> str:
    """The name under which a process writes a file before it is whole; no record has such a name."""
    folder, slash, name = file.rpartition("/")
    return f"{folder}{slash}.{name}.{process}.tmp"


def write(root: Path, file: str, content: bytes) -> Stat:
    """Replace a file at once, in a folder that is made: a reader sees the old or the new, never half."""
    path = root / file
    aside = root / temporary_name(file, os.getpid())
    try:
        aside.unlink(missing_ok=True)  # of a process of the same number that was killed
        stat = _write_new(aside, content)
        if path.exists():
            aside.chmod(path.stat().st_mode & 0o777)
        aside.replace(path)
    except OSError:
        with suppress(OSError):
            aside.unlink(missing_ok=True)
        raise
    return stat


def create(root: Path, file: str, content: bytes) -> Stat:
    """Write a file that must not exist yet, in a folder that is made. Raises FileExistsError."""
    path = root / file
    if os.path.lexists(path):
        raise FileExistsError(EEXIST, os.strerror(EEXIST), str(path))
    return write(root, file, content)


_MANY = 64
"""Files; so many are put on the disk faster by putting everything there."""


def harden(*paths: Path) -> None:
    """Have files outlast a power cut."""
    if len(paths) > _MANY and hasattr(os, "sync"):
        os.sync()
        return
    for path in paths:
        with path.open("rb") as handle:
            os.fsync(handle.fileno())


def harden_folders(folders: Iterable[Path]) -> None:
    """Have the names in folders outlast a power cut."""
    if not hasattr(os, "O_DIRECTORY"):  # Windows does it by itself
        return
    for folder in folders:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _write_new(path: Path, content: bytes) -> Stat:
    with path.open("xb", buffering=0) as handle:
        left = memoryview(content)
        while left:
            left = left[handle.write(left) :]
        stat = os.fstat(handle.fileno())
    return stat.st_size, stat.st_mtime_ns, stat.st_ino


def remove(root: Path, file: str) -> None:
    """Remove a file; its folder stays, so that it can be put back on a full disk."""
    inside(root, file).unlink(missing_ok=True)


def remove_empty(root: Path, file: str) -> None:
    """Remove the folder that a removed file left empty."""
    with suppress(OSError):
        (root / file).parent.rmdir()
