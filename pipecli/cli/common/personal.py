"""A person's own defaults and aliases: one small file beside their other configuration, never in a pipeline.

It has a line a value, `format = json`, `columns.opp = id,title`, `alias.w = opp won`. Defaults hold at a
terminal alone: a script is to print the same whoever runs it. An alias is words of a command line; it runs no
shell.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from pipecli.cli.nouns import ALIASES, NOUNS
from pipecli.errors import PipecliError

GLOBAL = ("-C", "--dir", "--format", "--today", "--color")
"""The options before a noun that take a value."""


def file() -> Path:
    """The file, which may not be there; `XDG_CONFIG_HOME` or Windows' `APPDATA` say where."""
    home = os.environ.get("XDG_CONFIG_HOME") or os.environ.get("APPDATA") or Path.home() / ".config"
    return Path(home) / "pipecli" / "config"


def read() -> dict[str, str]:
    """Every value by its name; nothing where the file can't be read."""
    try:
        lines = file().read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError, RuntimeError):  # the last: a person without a home
        return {}
    pairs = (line.partition("=") for line in lines if "=" in line and not line.lstrip().startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def write(name: str, value: str | None) -> None:
    """Set a value, or take it away; other lines stay as they are. Raises PipecliError."""
    from pipecli.store import files

    place = file()
    try:
        lines = place.read_text(encoding="utf-8").splitlines() if place.exists() else []
        kept = [line for line in lines if line.partition("=")[0].strip() != name]
        added = [] if value is None else [f"{name} = {value}"]
        place.parent.mkdir(parents=True, exist_ok=True)
        files.write(place.parent, place.name, "".join(f"{line}\n" for line in [*kept, *added]).encode())
    except (OSError, ValueError) as error:
        raise PipecliError(f"{place} can't be written: {error}") from None


def expanded(arguments: Sequence[str]) -> list[str]:
    """A command line with the alias in the place of its noun put in full."""
    words = list(arguments)
    place = 0
    while place < len(words) and words[place].startswith("-"):
        place += 2 if words[place] in GLOBAL else 1
    if place < len(words) and words[place] not in NOUNS and words[place] not in ALIASES:
        value = read().get(f"alias.{words[place]}")
        if value:
            import shlex

            words[place : place + 1] = shlex.split(value)
    return words


def checked_alias(name: str, value: str) -> None:
    """Refuse an alias that would hide a command, or that is none. Raises PipecliError."""
    if not re.fullmatch("[a-z][a-z0-9-]*", name):
        raise PipecliError(f'"{name}" can\'t be an alias: small letters, digits and hyphens can')
    if name in NOUNS or name in ALIASES:
        raise PipecliError(f"{name} is a command of pipecli", hint="take another word")
    import shlex

    try:
        first = shlex.split(value)[0]
    except (ValueError, IndexError):
        raise PipecliError(f'"{value}" isn\'t a command line', hint='write it as "opp won"') from None
    if first not in NOUNS and first not in ALIASES:
        raise PipecliError(
            f'an alias begins with a command: unknown command "{first}"', hint='write it as "opp won"'
        )
