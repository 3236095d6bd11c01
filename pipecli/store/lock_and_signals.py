"""One changing command at a time: a lock that the system releases even when its holder dies; signals, and the
files of the dead.

An SQLite transaction is the lock: it is the portable file lock that every Python has and that this program
imports anyway (a lock library costs 20 ms a command: docs/speed.md).
"""

from __future__ import annotations

import glob
import os
import re
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from errno import EACCES, ENOLCK, ENOSYS, ENOTSUP, EROFS
from pathlib import Path
from time import time

from pipecli.errors import PipecliError
from pipecli.store import safe_files
from pipecli.store.location import TRACES

PATIENCE = 30.0
"""Seconds to wait for another command before giving up."""


class Busy(PipecliError):
    """Another command holds the pipeline."""

    code = "busy"


@contextmanager
def hold_lock(folder: Path, *, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the pipeline whose cache is `folder`. Raises Busy, naming the holder, after `patience` seconds."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in (folder, folder / "lock"):  # SQLite would lock nothing, and say nothing
            if path.exists() and not os.access(path, os.W_OK):
                is_sealed = os.name != "posix" or os.statvfs(folder).f_flag & os.ST_RDONLY
                number = EROFS if is_sealed else EACCES
                raise OSError(number, os.strerror(number), str(path))
        connection = sqlite3.connect(folder / "lock", timeout=patience, isolation_level=None)
    except (OSError, sqlite3.OperationalError) as error:
        raise _unwritable(error) from None
    holder = folder / "lock.holder"
    try:
        _require_locks(folder)
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise _unwritable(error) from None
            who = ""
            with suppress(OSError):
                who = f" ({safe_files.read_of_git(holder, 'replace'):.40})"
            raise Busy(
                f"another pipecli command holds the pipeline{who}", hint="try again when it is done"
            ) from None
        except sqlite3.DatabaseError as error:  # written over, or damaged by the disk
            raise PipecliError(
                f"the pipeline can't be locked: {folder / 'lock'}: {error}",
                hint="delete that file when no other pipecli is at work",
            ) from None
        _require_locking(folder)
        with suppress(OSError):  # only a courtesy to who waits
            holder.write_text(f"process {os.getpid()}", encoding="utf-8")
        yield
    finally:
        connection.close()


@contextmanager
def hold_pipelines(cache: Path, *, patience: float = PATIENCE) -> Iterator[None]:
    """Hold every pipeline of a repository, whose index and HEAD are one; `cache` is that of one of them."""
    with hold_lock(cache.parent, patience=patience):
        cache.mkdir(exist_ok=True)
        yield


_PENDING_BYTE = 0x40000000
"""The first byte that SQLite locks (sqlite.org/lockingv3)."""
_UNSHARED = {"nolock", "local_lock=all", "local_lock=posix", "nobrl"}
"""Options of network disks by which other machines don't see a lock."""
_LOCKLESS = ("fuse.sshfs", "fuse.rclone", "fuse.s3fs", "fuse.gcsfuse")
"""Network disks that have no locks: Linux then keeps them on this machine."""
_LOCKING: set[int] = set()
"""The disks on which this process saw a lock hold."""


def _require_locking(folder: Path) -> None:
    """Refuse a disk whose locks don't lock, as some network disks are; looked at once for a disk.

    The lock is held, so that a second process must not get it. Raises PipecliError.
    """
    about = (folder / "lock").stat()
    mark, name = folder / "lock.tested", f"{about.st_dev} {about.st_ino}"
    with suppress(OSError):
        if about.st_dev in _LOCKING or safe_files.read_of_git(mark, "replace") == name:
            return
    if _is_had_twice(folder / "lock") or _is_unshared(folder):
        raise _unlocked(folder)
    with suppress(OSError):
        mark.write_text(name, encoding="utf-8")
    _LOCKING.add(about.st_dev)


def _require_locks(folder: Path) -> None:
    """Refuse a disk that has no locks: SQLite would take that for one that is held. Raises PipecliError."""
    # Never where this process may hold it: to close the file gives all its locks back.
    if os.name != "posix" or folder.stat().st_dev in _LOCKING or (folder / "lock.tested").exists():
        return
    import fcntl

    try:
        with (folder / "lock").open("a+b") as handle:
            fcntl.lockf(handle, fcntl.LOCK_SH | fcntl.LOCK_NB, 1, _PENDING_BYTE)
    except OSError as error:
        if error.errno in (ENOLCK, ENOTSUP, ENOSYS):
            raise _unlocked(folder) from None


def _unlocked(folder: Path) -> PipecliError:
    return PipecliError(
        f"{folder} is on a disk where locks don't work: two commands at once would damage the pipeline",
        hint="clone the repository onto a disk of this machine, and `pipecli sync`",
    )


def _is_had_twice(file: Path) -> bool:
    """True where another process gets the lock that this one has."""
    try:
        import fcntl
    except ImportError:  # Windows, whose locks hold
        return False
    child = os.fork()
    if child == 0:
        answer = 0
        with suppress(OSError), file.open("r+b") as handle:
            fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _PENDING_BYTE)
            answer = 1
        os._exit(answer)
    return os.waitpid(child, 0)[1] != 0


def _is_unshared(folder: Path) -> bool:
    """True on a disk of the network whose locks stay on this machine, as Linux tells."""
    kind, options = safe_files.mount_of(folder)
    is_of_network = kind.startswith(("nfs", "cifs", "smb"))
    return kind in _LOCKLESS or (is_of_network and not _UNSHARED.isdisjoint(options.split(",")))


def _unwritable(error: Exception) -> PipecliError:
    return PipecliError(f"the pipeline can't be written: {error}", hint="is the disk full or read-only?")


def write_unlogged(file: Path, content: bytes) -> None:
    """Write a whole file of which no journal tells; what killed commands left beside it goes."""
    clear_temporary(file)
    safe_files.write_file(file.parent, file.name, content)


def clear_temporary(file: Path) -> None:
    """Remove what killed commands left beside a person's file that they were writing."""
    for aside in filter(is_left_over, file.parent.glob(f".{glob.escape(file.name)}.*.tmp")):
        with suppress(OSError):
            if aside.is_dir():
                from shutil import rmtree  # 2 ms, for what is rare

                rmtree(aside)
            else:
                aside.unlink()


def is_left_over(file: Path) -> bool:
    """True for what has the name of a temporary file, of a process that has ended."""
    with suppress(OSError):
        if match := re.fullmatch(r"\..+\.(\d+)\.tmp", file.name):
            return _is_dead(match[1]) or os.lstat(file).st_mtime < time() - _AN_HOUR
    return False


_A_MINUTE, _AN_HOUR = 60, 3600
"""Seconds: another process may have the number of a dead one."""


def clear_dead(cache: Path) -> None:
    """Remove what killed commands left of journals that were never in place, of merges, of an index."""
    with os.scandir(cache) as entries:
        for entry in entries:
            is_torn = entry.name.startswith(TRACES)
            if entry.name.endswith(".tmp") and not is_torn:
                # In a container of its own a process that lives looks dead.
                age = _A_MINUTE if _is_dead(entry.name.split(".")[-2]) else _AN_HOUR
                is_torn = entry.stat().st_mtime < time() - age
            if is_torn:
                Path(entry.path).unlink(missing_ok=True)
            elif entry.name.startswith(MERGING) and _is_dead(entry.name.split(".")[1]):
                from shutil import rmtree  # 2 ms, for what is rare

                rmtree(entry.path, ignore_errors=True)


MERGING = "merging."
"""The beginning of the name of a folder in which a process, whose number follows, puts a merge together."""


def _is_dead(process: str) -> bool:
    """True for the number of a process that has ended, where the system tells."""
    return os.name == "posix" and process.isdigit() and not _is_alive(int(process))


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (OSError, OverflowError) as error:
        return isinstance(error, PermissionError)
    return True


@contextmanager
def interruptible() -> Iterator[None]:
    """Let a polite `kill` undo the work as Ctrl-C does; a second one disturbs nothing."""
    is_inner = isinstance(signal.getsignal(signal.SIGTERM), _Stop)
    with nullcontext() if is_inner else _handling(_Stop()):
        yield


class _Stop:
    """Stops the work at the first signal, and nothing at one more."""

    is_stopping = False

    def __call__(self, *_: object) -> None:
        if not self.is_stopping:
            self.is_stopping = True
            raise KeyboardInterrupt


@contextmanager
def temporary_folder(purpose: str) -> Iterator[Path]:
    """A folder that nobody else can read, gone when this ends, after Ctrl-C and a polite `kill` too.

    Those of our commands that were killed an hour ago go, too: they hold what others must not read.
    """
    from shutil import rmtree
    from tempfile import TemporaryDirectory, gettempdir  # a reading verb doesn't wait for it

    for left in Path(gettempdir()).glob("pipecli-*.[0-9]*"):
        with suppress(OSError):
            is_old = left.lstat().st_mtime < time() - _AN_HOUR
            if is_old and _is_dead(left.suffix[1:]) and left.lstat().st_uid == os.geteuid():
                rmtree(left)
    with (
        interruptible(),
        TemporaryDirectory(prefix=f"pipecli-{purpose}-", suffix=f".{os.getpid()}") as folder,
    ):
        yield Path(folder)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let Ctrl-C and a polite kill wait until a change is undone or finished."""
    with _handling(signal.SIG_IGN):
        yield


@contextmanager
def _handling(handler: Callable[..., None] | signal.Handlers) -> Iterator[None]:
    """Answer the signals that ask for an end; one that `nohup` or a shell has ignored stays ignored."""
    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    signals = [number for number in numbers if signal.getsignal(number) != signal.SIG_IGN]
    try:
        previous = [(number, signal.signal(number, handler)) for number in signals]
    except ValueError:  # not the main thread: nobody sends it signals
        yield
        return
    try:
        yield
    finally:
        for number, before in previous:
            signal.signal(number, before)
