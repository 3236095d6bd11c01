"""What pipecli itself reads and clears in a git directory: HEAD, and the locks that a killed git leaves.

Also the lock by which is known that the gits of a change have all ended.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pipecli.store import git

if TYPE_CHECKING:
    from pipecli.store.files import Location

_PAUSE = 0.05


class AtWork(git.GitRefused):
    """The git of a killed command still works."""


def common_dir(git_dir: Path) -> Path:
    """The git directory that linked work trees share."""
    try:
        return git_dir / (git_dir / "commondir").read_text(encoding="utf-8").strip()
    except OSError:
        return git_dir


def head_of(place: Location) -> str:
    """The id of the commit that HEAD is; empty in a repository without one."""
    with suppress(OSError, UnicodeDecodeError):  # 3 ms less than to ask git
        text = (place.git_dir / "HEAD").read_text(encoding="utf-8").strip()
        if text.startswith("ref: "):
            text = (
                (common_dir(place.git_dir) / text.removeprefix("ref: ")).read_text(encoding="utf-8").strip()
            )
        if len(text) in (40, 64):
            return text
    return git.commit_of(place.work_tree, "HEAD") or ""


def index_lock(place: Location) -> Path | None:
    """The lock of git's index, while one is there."""
    lock = place.git_dir / "index.lock"
    return lock if os.path.lexists(lock) else None


def held(lock: Path) -> git.GitRefused:
    """The refusal to work beside another git."""
    return git.GitRefused(
        "another git command is at work in this repository",
        hint=f"wait for it; if there is none, remove {lock}",
    )


def clear_locks(place: Location) -> None:
    """Remove the locks of a git that died. Raises GitRefused where another git is at work.

    The caller knows that none of its own lives any more, and that there was no lock when it began.
    """
    locks = [*_locks(place)]
    if locks and _is_at_work(place.work_tree):
        raise held(locks[0])
    for lock in locks:
        lock.unlink(missing_ok=True)


def _locks(place: Location) -> Iterator[Path]:
    """The locks that a commit takes: of the index, of HEAD, of its branch."""
    common = common_dir(place.git_dir)
    locks = [place.git_dir / "index.lock", place.git_dir / "HEAD.lock", common / "packed-refs.lock"]
    with suppress(OSError, UnicodeDecodeError):
        head = (place.git_dir / "HEAD").read_text(encoding="utf-8").strip()
        if head.startswith("ref: refs/"):
            locks.append(common / f"{head.removeprefix('ref: ')}.lock")
    yield from (lock for lock in (*locks, *place.git_dir.glob("next-index-*.lock")) if os.path.lexists(lock))


def _is_at_work(work_tree: Path) -> bool:
    """True where a git runs in a work tree, as far as the system tells."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            name, _, rest = (process / "stat").read_text().partition(" (")[2].rpartition(") ")
            if name == "git" and not rest.startswith("Z"):
                where = (process / "cwd").resolve()
                if where == work_tree or work_tree in where.parents:
                    return True
    return False


def hold(handle: int) -> bool:
    """Lock an open file, for this process and the children that it hands the file to.

    False where the system knows no such locks.
    """
    if lock := _locking():
        with suppress(OSError):  # a disk without such locks
            lock(handle)
    return lock is not None


@contextmanager
def held_alone(handle: int, patience: float) -> Iterator[None]:
    """Lock an open file once nobody else does. Raises AtWork after `patience` seconds."""
    deadline = time.monotonic() + patience
    while lock := _locking():
        try:
            lock(handle)
            break
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise AtWork(
                    "the git of a command that was killed is still at work", hint="wait for it"
                ) from None
            time.sleep(_PAUSE)
        except OSError:
            break
    yield


@cache
def _locking() -> Callable[[int], None] | None:
    """Locks an open file or raises BlockingIOError; None where the system has no such locks."""
    try:
        from fcntl import LOCK_EX, LOCK_NB, flock
    except ImportError:
        return None
    return lambda handle: flock(handle, LOCK_EX | LOCK_NB)
