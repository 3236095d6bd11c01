"""Work on thousands of files or records, shared between two processes: it takes two thirds of the time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

S = TypeVar("S")
T = TypeVar("T")

_MANY = 1000
"""Of fewer a second process costs more than it brings."""


def in_halves(work: Callable[[Sequence[S]], T], things: Sequence[S]) -> Iterator[T]:
    """What `work` makes of all things: as a whole, or of each half where two processors can work at once.

    The second half is another process's, whose `work` must touch nothing but files and memory.
    """
    if len(things) < _MANY or not hasattr(os, "fork") or (os.cpu_count() or 1) < 2:
        yield work(things)
        return
    import pickle  # not worth its 2 ms to a command that has nothing to share

    middle = len(things) // 2
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _answer(writing, work, things[middle:])
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        yield work(things[:middle])
        answer = pipe.read()
    _, status = os.waitpid(child, 0)
    # It failed for want of memory or a processor: then this one does all the work.
    yield pickle.loads(answer) if status == 0 else work(things[middle:])  # noqa: S301 - from our own child


def _answer(writing: int, work: Callable[[Sequence[S]], T], things: Sequence[S]) -> None:
    """The whole life of the child; it ends without cleaning up what is its parent's."""
    import pickle

    failed = 1
    try:
        answer = pickle.dumps(work(things), pickle.HIGHEST_PROTOCOL)
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(answer)
        failed = 0
    finally:
        os._exit(failed)
