"""The files of a pipeline, read and written with none outside it, and nothing that is no file."""

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from errno import EEXIST, ELOOP, ENXIO
from pathlib import Path
from typing import Any

from pipecli.errors import Fault, FaultyFile, PipecliError
from pipecli.json_and_csv import note_of
from pipecli.store.file_stamps import Stat, stat_of, stat_of_status
from pipecli.store.yaml import read


def is_pipe(path: str) -> bool:
    """True for a pipe or a device, through a link too; git keeps sockets of its own, and opens none."""
    with suppress(OSError, ValueError):
        mode = os.stat(path).st_mode  # noqa: PTH116
        is_odd = stat.S_IFMT(mode) in (stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK)
        return is_odd and not os.path.samefile(path, os.devnull)  # noqa: PTH121
    return False


def read_of_git(file: Path, errors: str = "strict") -> str:
    """The text of a file of git's, or ours beside it; none of a pipe. Raises OSError, UnicodeDecodeError."""
    try:
        content = read_at_most(file, LARGEST_ANY)
    except OSError as error:
        if error.errno != ELOOP:  # a link
            raise
        content = read_at_most(os.path.realpath(file), LARGEST_ANY)
    return (content or b"").decode(errors=errors).strip()


def path_inside(root: Path, file: str) -> Path:
    """The path of a pipeline's file, refused when it leads out of it or to git's own, by a link or `..`."""
    _resolved(root, file)
    return root / file


def _resolved(root: Path, file: str) -> str:
    """The same with each link followed: also of the root, where one with a link has nothing real below it."""
    resolved = os.path.realpath(f"{root}/{file}")
    top = str(root) if is_below(resolved, str(root)) else os.path.realpath(root)
    if not is_below(resolved, top) or _is_gits_own(resolved, top):
        raise PipecliError(f"{file} leads out of the pipeline", hint="links and paths must stay inside it")
    return resolved


def is_below(path: str, top: str) -> bool:
    """True for a folder and what is in it, links resolved."""
    return path == top or path.startswith(os.path.join(top, ""))  # noqa: PTH118


_UNSEEN = dict.fromkeys([*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF])
"""The letters that HFS+ doesn't see in a name."""


def names_git(name: str) -> bool:
    """True for `.git`, and for what other disks take for it: `git~1`, `.GIT. `, `.git::$DATA`."""
    return name.translate(_UNSEEN).casefold().partition(":")[0].rstrip(" .") in (".git", "git~1")


def _is_gits_own(path: str, top: str) -> bool:
    """True for what a git directory in a folder holds, whatever its name: hooks that run, passwords."""
    place = top
    for name in Path(path[len(top) :].lstrip(os.sep)).parts:
        place = f"{place}/{name}"
        if names_git(name) or (  # by what git takes one by; a linked work tree's has no objects of its own
            os.path.lexists(f"{place}/HEAD")
            and any(os.path.lexists(f"{place}/{inner}") for inner in ("objects", "commondir"))
        ):
            return True
    return False


def refuse_link_out(
    path: str | Path, tops: Iterable[Path] | None = None, *, may_name_git: bool = True
) -> str:
    """Refuse a path, from anywhere, that a link in one of these folders leads out of it, or to git's own.

    To that it may lead without a link, if `may_name_git`. Without folders it is looked at in each repository
    around it. Returns the path with each link followed.
    """
    if tops is None:
        tops = [top for top in Path.cwd().joinpath(path).parents if (top / ".git").exists()]
    here, real = "", [os.path.realpath(top) for top in tops]
    for part in Path.cwd().joinpath(path).parts:
        named = there = os.path.join(here, part)  # noqa: PTH118
        if part == ".." or os.name == "nt" or os.path.islink(there):  # noqa: PTH114 - `here` has no link
            there = os.path.realpath(there)
        for top in real:
            if part == ".." or not is_below(here, top):
                continue
            if not is_below(there, top):
                raise PipecliError(f"{path} is a link that leads out of {top}", hint="name another file")
            is_named = there == named or part.lower() == ".git" or _is_gits_own(here, top)
            if not (may_name_git and is_named) and _is_gits_own(there, top):
                raise PipecliError(f"{path} leads to what is git's own", hint="name another file")
        here = there
    return here


def files_below(root: Path, folder: str) -> Iterator[str]:
    """The files in a folder of the pipeline and below it; a link is one of them, and not followed."""
    if Path(root, folder).resolve() != root.resolve() / folder:
        return
    for above, folders, names in os.walk(f"{root}/{folder}"):
        place = Path(above).relative_to(root).as_posix()
        folders.sort()
        links = [name for name in folders if Path(above, name).is_symlink()]
        yield from (f"{place}/{name}" for name in sorted((*names, *links)))


LARGEST = 4 << 20
"""Bytes. A record is a few kilobytes; what is larger was not written as one."""
LARGEST_ANY = 64 << 20
"""Bytes of any other file of a pipeline: a brochure, a logo."""


CAUTIOUS = sum(getattr(os, name, 0) for name in ("O_NONBLOCK", "O_NOFOLLOW", "O_BINARY"))


def read_bytes(root: Path, file: str, largest: int = LARGEST) -> bytes:
    """The content of a file of the pipeline, of whatever kind.

    Raises PipecliError for what leads out of it, isn't a regular file or holds more than `largest` bytes;
    OSError, FileNotFoundError among them.
    """
    return read_regular(_resolved(root, file), file, largest)


def read_regular(path: str | Path, file: str, largest: int) -> bytes:
    """The content of a file that isn't a link, called `file` in errors. Raises as `read_bytes`."""
    try:
        content = read_at_most(path, largest)
    except OSError as error:
        if error.errno not in (ELOOP, ENXIO):  # a link; a socket
            raise
        content = None
    if content is None:
        raise PipecliError(f"{file} isn't a regular file", hint="put the file itself here")
    if len(content) > largest:
        raise PipecliError(f"{file} is too large", hint=f"{largest:,} bytes at most are read")
    return content


DENIED = "the file can't be read: permission denied"


def read_text(root: Path, file: str) -> str:
    """The text of a record's file. Raises FaultyFile for what can't be one, FileNotFoundError.

    No link is followed: the file is opened without, and `file_stamps.py` walks into no folder that is one.
    """
    path = f"{root}/{file}"  # not a Path: 9,000 of them are a tenth of building an index
    try:  # at once where no link is followed: to look at what it is first takes a quarter of the time
        if hasattr(os, "O_NOFOLLOW") or stat.S_ISREG(os.lstat(path).st_mode):
            content = read_at_most(path, LARGEST)
            if content is not None and len(content) <= LARGEST:
                return read.decode(content, file)
    except PermissionError:
        raise FaultyFile([Fault(file, 0, 0, "file", DENIED)]) from None
    except OSError as error:
        if error.errno not in (ELOOP, ENXIO):  # a link; a socket
            raise
    status = os.lstat(path)
    words = {
        stat.S_IFLNK: "a symbolic link can't be a record; put the file itself here",
        stat.S_IFDIR: "a directory has the name of a record",
        stat.S_IFREG: f"{status.st_size:,} bytes are too many for a record",
    }
    what = words.get(stat.S_IFMT(status.st_mode), "a pipe or a device can't be a record")
    raise FaultyFile([Fault(file, 0, 0, "file", what)])


def read_at_most(path: str | Path, largest: int) -> bytes | None:
    """The content of a file, a byte more than the largest wanted of a larger; None where it isn't regular.

    Raises OSError, for a link too.
    """
    handle = os.open(path, os.O_RDONLY | CAUTIOUS)  # never waits for a pipe's writer, nor follows a link
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            return None
        # Not the largest at once: the buffer for that takes four times as long as to read a record.
        content = os.read(handle, min(status.st_size, largest) + 1)
        # A disk may give a part at a time: a record that ends early can be a valid one.
        while len(content) != status.st_size and len(content) <= largest:
            if not (more := os.read(handle, largest)):
                break
            content += more
        return content
    finally:
        os.close(handle)


def read_note(file: Path, shape: object) -> Any:
    """What we noted in the git directory, as `note_of`: it may have come with a copy. Raises OSError, too."""
    return note_of((read_at_most(file, LARGEST_ANY) or b"")[:LARGEST_ANY], shape)


def make_folder(root: Path, folder: str) -> None:
    """Make a folder of the pipeline to write in. Raises PipecliError when it leads out of the pipeline.

    A file is written by its own name, never through a link, so that this is the one thing to look at.
    """
    path = path_inside(root, folder)
    path.mkdir(parents=True, exist_ok=True)
    path_inside(root, folder)  # again: the folders exist only now


def new_folders(root: Path, names: Sequence[str]) -> Iterator[str]:
    """The folders that these files need and that are not there, the outer ones first."""
    for folder in sorted({name.rpartition("/")[0] for name in names}):
        parts = folder.split("/")
        for length in range(1, len(parts) + 1):
            outer = "/".join(parts[:length])
            if not (root / outer).exists():
                yield outer


def temporary_name(file: str, process: int) -> str:
    """The name under which a process writes a file before it is whole; no record has such a name."""
    folder, slash, name = file.rpartition("/")
    return f"{folder}{slash}.{name}.{process}.tmp"


def opened_aside(path: str | Path) -> int:
    """Begin such a file, never through a link."""
    return os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | CAUTIOUS, 0o666)


def write_file(root: Path, file: str, content: bytes) -> Stat:
    """Replace a file at once, in a folder that is made: a reader sees the old or the new, never half."""
    return _put(root, file, content, path.stat().st_mode & 0o777 if (path := root / file).exists() else None)


def create_file(root: Path, file: str, content: bytes) -> Stat:
    """Write a file that must not exist yet, in a folder that is made. Raises FileExistsError."""
    try:  # any other failure doesn't tell that nothing is there
        os.lstat(path := f"{root}/{file}")
    except FileNotFoundError:
        return _put(root, file, content, None)
    raise FileExistsError(EEXIST, os.strerror(EEXIST), path)


def _put(root: Path, file: str, content: bytes, mode: int | None) -> Stat:
    # No Path, half of the time of a new file. What has this name is of a killed process of the same number.
    aside = f"{root}/{temporary_name(file, os.getpid())}"
    try:
        handle = opened_aside(aside)
        try:
            while content:
                content = content[os.write(handle, content) :]
            written = stat_of_status(os.fstat(handle))
        finally:
            os.close(handle)
        if mode is not None:
            os.chmod(aside, mode)  # noqa: PTH101
        os.replace(aside, f"{root}/{file}")  # noqa: PTH105
    except BaseException as error:
        if isinstance(error, OSError):
            error.filename = error.filename or f"{root}/{file}"  # a full disk names none
        with suppress(OSError):
            Path(aside).unlink()
        raise
    renamed = stat_of(f"{root}/{file}")  # its ctime is another now; the rest is if somebody has written it
    return renamed if renamed[:3] == written[:3] else written


_MOUNTS = Path("/proc/self/mounts")


def mount_of(folder: Path) -> tuple[str, str]:
    """The kind of the disk that a folder is on (`ext4`, `nfs`), and its options; empty where none tells."""
    mounts = []
    with suppress(OSError):
        mounts = _MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()
    where = os.path.realpath(folder)
    best, mount_at = "", ("", "")
    for mount in mounts:
        _, point, kind, options, *_ = mount.split(" ")
        point = point.encode().decode("unicode_escape")
        is_above = where == point or where.startswith(point.rstrip("/") + "/")
        if is_above and len(point) >= len(best):
            best, mount_at = point, (kind, options)
    return mount_at


def write_stream(path: str, content: bytes) -> None:
    """Give a content to a pipe that somebody reads, or to a device, as a terminal. Raises PipecliError."""
    unwaiting = getattr(os, "O_NONBLOCK", 0)
    try:
        handle = os.open(path, os.O_WRONLY | unwaiting)  # a pipe that nobody reads would be waited for
    except OSError as error:
        if error.errno != ENXIO:
            raise
        raise PipecliError(f"nobody reads {path}", hint="name a file") from None
    with os.fdopen(handle, "wb") as stream:
        if stat.S_ISBLK(os.fstat(handle).st_mode):
            raise PipecliError(f"{path} is a disk", hint="name a file")
        if unwaiting:
            os.set_blocking(handle, True)
        stream.write(content)


def remove_empty(root: Path, file: str) -> None:
    """Remove the folder that a removed file left empty."""
    with suppress(OSError):
        (root / file).parent.rmdir()
