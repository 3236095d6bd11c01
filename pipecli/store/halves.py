"""Work on thousands of files, shared between two processes: a cold index takes two thirds of the time."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

_MANY = 1000
"""Below so many files a second process costs more than it brings."""


def in_halves(work: Callable[[Sequence[str]], T], files: Sequence[str]) -> Iterator[T]:
    """What `work` makes of all files: as a whole, or of each half where two processors can work at once.

    The second half is another process's, whose `work` must touch nothing but files and memory.
    """
    if len(files) < _MANY or not hasattr(os, "fork") or (os.cpu_count() or 1) < 2:
        yield work(files)
        return
    middle = len(files) // 2
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _answer(writing, work, files[middle:])
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        yield work(files[:middle])
        answer = pipe.read()
    _, status = os.waitpid(child, 0)
    # It failed for want of memory or a processor: then this one does all the work.
    yield pickle.loads(answer) if status == 0 else work(files[middle:])  # noqa: S301 - from our own child


def _answer(writing: int, work: Callable[[Sequence[str]], T], files: Sequence[str]) -> None:
    """The whole life of the child; it ends without cleaning up what is its parent's."""
    failed = 1
    try:
        answer = pickle.dumps(work(files), pickle.HIGHEST_PROTOCOL)
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(answer)
        failed = 0
    finally:
        os._exit(failed)
