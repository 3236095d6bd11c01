"""The errors that people see: one line that says what is wrong, where, and what to do."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

NewWords = tuple[tuple[str, str], ...]
"""Words that the settings, or a mapping, don't have, each after what it is one of: a stage, a user."""


class PipecliError(Exception):
    """A request that is refused. `cli.main` prints it as `error: …` and exits 1; nothing else prints errors.

    `hint` is what the person can do about it; it ends the same line. `code` tells a script the kind of error:
    docs/errors.md lists them, and one that is there keeps its meaning. `reason` is the refusal for who says
    otherwise what became of the change.
    """

    code = "refused"
    exit_code = 1
    new: NewWords = ()

    def __init__(self, message: str, *, hint: str = "", code: str = "", reason: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.reason = reason or str(self)
        if code:
            self.code = code

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}" if self.hint else self.message


class FaultAt(ValueError):
    """A fault of one part of a record that a rule of the whole finds: the part is at `path`."""

    def __init__(self, message: str, *path: str | int) -> None:
        super().__init__(message)
        self.path = path


def reason_of(error: BaseException) -> str:
    """Why a change failed, without what became of it."""
    reason = getattr(error, "reason", "") or getattr(error, "strerror", "") or str(error)
    return reason or "interrupted"


def left_in_part(error: BaseException, second: Exception) -> PipecliError:
    """The failure of work that can't be undone now, for a second reason."""
    return PipecliError(
        f"{reason_of(error)}; a part of the change is left, which can't be undone now: {second}",
        hint="the next pipecli command undoes it",
    )


@contextmanager
def system_refusal(place: object, done: str = "written") -> Iterator[None]:
    """Refuse, with its name, a file that the system doesn't let be written, or be read, as `done` says."""
    try:
        yield
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise PipecliError(f"{place}: can't be {done}: {reason}", code="system") from None


def is_short_of_memory(room: int = 256 << 20) -> bool:
    """True where a library that asks for so many bytes gets none; none of them is touched."""
    try:
        return not bytes(room)  # a bytearray would clear them all
    except MemoryError:
        return True


class Fault(NamedTuple):
    """One thing that is wrong in one file of a pipeline, as `check` lists it.

    `file` is relative to the pipeline. `line` and `column` count from 1; 0 where the file as a whole is
    at fault.
    """

    file: str
    line: int
    column: int
    rule: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.message}"


class FaultyFile(PipecliError):
    """A file that can't be read as its record. Carries every fault found in it."""

    code = "invalid-file"

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        super().__init__(f"{faults[0]}{more}")


class Ambiguous(PipecliError):
    """Several records answer to a name, or one does that a careful verb takes by no less than its id.

    `candidates` are their nouns and keys, the likeliest first; at a terminal they are a choice. It takes the
    place of what was typed, `text`, or is the value of an option that wasn't.
    """

    code = "ambiguous"

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        text: str = "",
        option: str = "",
        candidates: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(message, hint=hint)
        self.text = text
        self.option = option
        self.candidates = candidates


class Question(PipecliError):
    """What a person at a terminal is asked before a command goes on; elsewhere, or unanswered, the error.

    The answer is the value of an option, one of `choices` if there are any; without both it is yes or no.
    """

    def __init__(
        self, message: str, asked: str, *, hint: str = "", option: str = "", choices: Sequence[str] = ()
    ) -> None:
        super().__init__(message, hint=hint)
        self.asked = asked
        self.option = option
        self.choices = choices


class Unreadable(ValueError):
    """A cell without a certain meaning. The message is the reason in the rejects file."""

    def __init__(self, message: str, *new: tuple[str, str]) -> None:
        super().__init__(message)
        self.new: NewWords = new


class Reason(NamedTuple):
    """The reason to reject a row of an import."""

    text: str
    new: NewWords = ()
