"""A person's own defaults and aliases: one small file beside their other configuration, never in a pipeline.

It has a line a value, `format = json`, `columns.opp = id,title`, `alias.w = opp won`. Defaults hold at a
terminal alone: a script is to print the same whoever runs it. An alias is words of a command line; it runs no
shell. `pipecli config` writes it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from pipecli.cli.nouns import ALIASES, NOUNS

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
