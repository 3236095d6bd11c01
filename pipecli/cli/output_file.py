"""A file that a command writes for people, outside of the pipeline's records: a document, a chart, a page.

It is written whole or not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipecli.errors import PipecliError


def ending_of(output: str, endings: Sequence[str], name: str) -> str:
    """The ending of a file that can be written, in small letters; `name` is what to call it otherwise.

    Refuses, before any work is done, what can't be written. Raises PipecliError.
    """
    path = Path(output)
    ending = path.suffix.lower()
    if ending not in endings:
        known = ", ".join(endings[:-1]) + f" and {endings[-1]}" if len(endings) > 1 else endings[0]
        named = path.with_suffix(endings[0]) if path.name else Path(f"{name}{endings[0]}")
        raise PipecliError(f"{output}: only {known} can be written", hint=f"name it {named}")
    if path.is_dir():
        raise PipecliError(f"{output} is a directory", hint="name a file in it")
    if not path.parent.is_dir():
        raise PipecliError(
            f"{output}: there is no directory {path.parent}", hint="make it, or name another file"
        )
    return ending


def write_whole(output: str, content: bytes) -> None:
    """Put a file in the place of what was there, at once. Raises PipecliError."""
    from pipecli.store import files

    target = Path(output).resolve()
    try:
        files.write(target.parent, target.name, content)
    except OSError as error:
        raise PipecliError(f"{output} can't be written: {error.strerror or error}") from None
