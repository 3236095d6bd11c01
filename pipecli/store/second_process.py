"""Work by a second process: half of thousands of files or records, or what must not take all there is."""

from __future__ import annotations

import faulthandler
import marshal
import os
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

S = TypeVar("S")
T = TypeVar("T")

_MANY = 1000
"""Of fewer a second process costs more than it brings."""
_PART = 1000
"""Files or records that are worked on at once, each step for all of them: one by one takes half as long
again, as a processor loses the code of each step. More would take memory without being faster."""


def map_in_two_processes(work: Callable[[Sequence[S]], T], things: Sequence[S]) -> Iterator[T]:
    """The results of `work`, which marshal must know, on one part of the things after the other.

    Where two processors can work at once, the second half of thousands is another process's: that takes two
    thirds of the time.
    """
    if len(things) < _MANY or not _has_two_processors():
        yield from map(work, parts(things))
        return
    pieces = parts(things, min(_PART, (len(things) + 1) // 2))
    half = len(pieces) // 2  # of an odd number the other's are more: what comes of the results is done here
    own, others = pieces[:half], pieces[half:]
    apart = SecondProcess(partial(map, work, others))
    yield from map(work, own)
    yield from map(apart.part, range(len(others)))


def parts(things: Sequence[S], size: int = _PART) -> list[Sequence[S]]:
    return [things[start : start + size] for start in range(0, len(things), size)]


def _has_two_processors() -> bool:
    return hasattr(os, "fork") and (os.cpu_count() or 1) > 1


def limit_process(memory: int, seconds: float) -> None:
    """Limit this process to `memory` bytes and `seconds` of a processor, where the system can."""
    try:
        import resource
    except ImportError:  # Windows
        return
    limits = (
        # Of data, not of addresses: threads of a large machine reserve many gigabytes they never use.
        (resource.RLIMIT_DATA, (memory, memory)),
        (resource.RLIMIT_CORE, (0, 0)),
        (resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 2)),  # the lower one is told to the parent
    )
    for limit, most in limits:
        with suppress(ValueError, OSError):  # a lower one holds already
            resource.setrlimit(limit, most)


def result_apart(work: Callable[[], T], *, memory: int, seconds: float) -> T:
    """What work comes to, which marshal must know, in a process that can't take more than this.

    Raises ChildProcessError where that was ended, or came to nothing. Without processes that begin as a copy
    of this one, as on Windows, nothing limits it.
    """
    if not hasattr(os, "fork"):
        return work()
    from tempfile import TemporaryFile

    with TemporaryFile() as file:
        if (child := os.fork()) == 0:
            try:
                faulthandler.disable()
                os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # what libraries say of their end
                limit_process(memory, seconds)
                marshal.dump(work(), file)  # type: ignore[arg-type]
                file.flush()
                os._exit(0)
            finally:
                os._exit(1)
        try:
            status = os.waitpid(child, 0)[1]
        except BaseException:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            raise
        if status:
            raise ChildProcessError(status)
        file.seek(0)
        result: T = marshal.load(file)  # noqa: S302 - our child's
        return result


class SecondProcess:
    """Work that a second process does while this one goes on; what it comes to waits in a file."""

    def __init__(self, work: Callable[[], Iterable[Any]]) -> None:
        """`work` must touch nothing but files and memory, and come to parts that marshal knows."""
        from tempfile import TemporaryFile

        self._work: Callable[[], Iterable[Any]] | None = work
        self._file = TemporaryFile()  # noqa: SIM115 - there as long as something is to be read from it
        self._child = os.fork() if _has_two_processors() else -1
        if self._child == 0:
            try:
                self._keep(work)
                os._exit(0)
            finally:
                os._exit(1)

    def __del__(self) -> None:
        self._file.close()

    def part(self, place: int) -> Any:
        """A part of the result once it is there, each time from the file. Raises what the work raises."""
        if self._work:
            # Where the child failed, be it for want of memory, this process does its work.
            if self._child == -1 or os.waitpid(self._child, 0)[1]:
                self._keep(self._work)
            self._work = None
        self._file.seek(0)
        for _ in range(place):
            self._file.seek(int.from_bytes(self._file.read(8)), os.SEEK_CUR)
        return marshal.loads(self._file.read(int.from_bytes(self._file.read(8))))  # noqa: S302 - our child's

    def _keep(self, work: Callable[[], Iterable[Any]]) -> None:
        self._file.seek(0)
        for part in work():
            content = marshal.dumps(part)
            self._file.write(len(content).to_bytes(8) + content)
        self._file.flush()
