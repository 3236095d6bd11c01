"""A person's terminal: how wide it is, its colours and links, the pager; and their own defaults and aliases.

Scripts see none of it: what goes to a pipe or a file isn't paged, nor coloured without `--color always`.

Defaults and aliases are in one small file beside their other configuration, never in a pipeline, a line each:
`format = json`, `columns.opp = id,title`, `alias.w = opp won`. Defaults hold at a terminal alone: a script is
to print the same whoever runs it. An alias is words of a command line; it runs no shell. `config` writes it.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import TextIO

from pipecli.cli.nouns import ALIASES, NOUNS
from pipecli.errors import PipecliError
from pipecli.records.kinds import RANDOM

COLORS = ("auto", "always", "never")

Mark = tuple[str, str]
"""What is written before and after the text of a cell."""

_ESCAPES = r"\x1b\[[0-9;]*m|\x1b\]8;;.*?\x1b\\"
PLAIN: Mark = ("", "")
_RED, _GREEN, _CYAN = ("\x1b[31m", "\x1b[m"), ("\x1b[32m", "\x1b[m"), ("\x1b[36m", "\x1b[m")

_IDS = frozenset({"id", "sku", "record", "opportunity", "quotation"})
_STATUSES = frozenset({"status", "standing"})
_GOOD = frozenset({"won", "accepted", "delivered", "converted"})
_BAD = frozenset({"lost", "rejected", "disqualified", "cancelled", "expired", "declined"})
_ENDED = _GOOD | _BAD | {"closed", "superseded"}
_DUE = frozenset({"close", "valid_until", "next_contact_date", "due", "at"})

_color = {"choice": "auto"}


def choose_color(choice: str) -> None:
    """Take the value of `--color`, for the rest of this run. Raises PipecliError."""
    if choice not in COLORS:
        raise PipecliError(f'--color: "{choice}" must be one of {", ".join(COLORS)}')
    _color["choice"] = choice


def takes_color() -> bool:
    """True where results are coloured: on a terminal without NO_COLOR, unless `--color` says otherwise."""
    if _color["choice"] != "auto":
        return _color["choice"] == "always"
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def takes_links() -> bool:
    """True on a terminal that is known to open links (OSC 8); others would show them as rubbish, a few do."""
    if not sys.stdout.isatty():
        return False
    known = os.environ
    if known.get("TERM_PROGRAM") == "tmux":
        return _number(known.get("TERM_PROGRAM_VERSION", "")) >= 304
    return (
        known.get("TERM_PROGRAM") in ("iTerm.app", "WezTerm", "vscode", "ghostty", "Hyper", "rio")
        or known.get("TERM", "") in ("xterm-kitty", "foot", "alacritty", "xterm-ghostty", "contour")
        or bool(known.get("WT_SESSION") or known.get("KONSOLE_VERSION") or known.get("DOMTERM"))
        or (known.get("VTE_VERSION", "").isdecimal() and int(known["VTE_VERSION"]) >= 5000)
    )


def _number(version: str) -> int:
    """`3.4a` as 304, to compare; 0 where it isn't a version."""
    major, _, minor = version.partition(".")
    digits = "".join(char for char in minor if char.isdecimal())
    return int(major) * 100 + int(digits or 0) if major.isdecimal() else 0


def linked(mark: Mark, address: str) -> Mark:
    """A mark whose text is also a link to an address."""
    return f"\x1b]8;;{address}\x1b\\{mark[0]}", f"{mark[1]}\x1b]8;;\x1b\\"


def mark_of(name: str, record: Mapping[str, object], today: date | None) -> Mark:
    """The colour of a cell, by the name of its column: ids cyan; won green; lost and what is overdue red."""
    if name in _IDS:
        return _CYAN
    if name in _STATUSES:
        return _GREEN if record.get(name) in _GOOD else _RED if record.get(name) in _BAD else PLAIN
    if name in _DUE and today is not None:
        ended = record.get("done") is True or not _ENDED.isdisjoint(
            [str(record.get(status)) for status in _STATUSES]
        )
        return PLAIN if ended or not "" < str(record.get(name) or "")[:10] < today.isoformat() else _RED
    is_late = name in ("when", "overdue_days") and (record.get("days") or record.get("overdue_days"))
    return _RED if is_late else PLAIN


def marked(text: str, links: Mapping[str, str]) -> str:
    """A line on a record in the colours of a list, its ids as the links that there are for them."""
    if not (links or takes_color()):
        return text

    def with_id(match: re.Match[str]) -> str:
        mark = _CYAN if takes_color() else PLAIN
        start, end = linked(mark, links[match[0]]) if match[0] in links else mark
        return f"{start}{match[0]}{end}"

    text = re.sub(rf"\b[A-Z]+-{RANDOM}\b", with_id, text)
    if takes_color():
        text = re.sub(r"[\d-]+, overdue by \d+ days?|^lost$", rf"{_RED[0]}\g<0>{_RED[1]}", text)
        text = re.sub("^won$", rf"{_GREEN[0]}\g<0>{_GREEN[1]}", text)
    return text


def terminal_width() -> int | None:
    """The columns of the terminal; None where there is none, unless COLUMNS says otherwise."""
    if os.environ.get("COLUMNS", "").isdecimal() and int(os.environ["COLUMNS"]) > 0:
        return int(os.environ["COLUMNS"])
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


NARROW = 52
"""Columns below which click draws help as wide as this."""


def over_lines(command: str, width: int) -> list[str]:
    """A command on lines of this width, as a shell takes them: each but the last ends in a backslash."""
    lines = [""]
    for word in re.findall(r"""(?:-[-\w]+ (?=[^-]))?(?:'[^']*'|"[^"]*"|[^\s'"])+""", command):
        if lines[-1] and len(lines[-1]) + len(word) + 3 > width:
            lines[-1] += " \\"
            lines.append(f"  {word}")
        else:
            lines[-1] += f" {word}" if lines[-1] else word
    return lines


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """Variables of the environment, for as long as something runs in this process as a command would."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


class _Screen(io.StringIO):
    """The output of a command at a terminal, kept until it is known how long it is."""

    def __init__(self) -> None:
        super().__init__()
        self.after: list[str] = []

    def isatty(self) -> bool:
        return True


def say_after(line: str) -> None:
    """A line on stderr that follows the result, even through the pager."""
    if isinstance(sys.stdout, _Screen):
        sys.stdout.after.append(line)
        return
    sys.stdout.flush()
    sys.stderr.write(f"{line}\n")


@contextmanager
def paged(directory: str = ".", name: str = "stdout") -> Iterator[None]:
    """Show what is printed meanwhile, through a pager where it is longer than the terminal.

    The pager is the one that git would take in a directory.
    """
    stream: TextIO = getattr(sys, name)
    if isinstance(stream, _Screen) or not stream.isatty():
        yield
        return
    screen = _Screen()
    setattr(sys, name, screen)
    try:
        yield
    except PipecliError:
        screen.after.clear()
        raise
    finally:
        setattr(sys, name, stream)
        _show(screen.getvalue(), stream, directory)
        for line in screen.after:
            sys.stderr.write(f"{line}\n")


def _show(text: str, stream: TextIO, directory: str) -> None:
    width, height = shutil.get_terminal_size()
    lines = text.splitlines(keepends=True)
    if _is_longer(lines, width, height):
        pager = _pager(directory)
        if pager is None:
            rest = len(lines) - (height - 2)
            text = "".join(lines[: height - 2]) + f"and {rest:,} more lines: install less, or set PAGER=cat\n"
        elif pager not in ("", "cat") and _through(pager, text, stream):
            return
    stream.write(text)
    stream.flush()


def _is_longer(lines: Sequence[str], width: int, height: int) -> bool:
    """True for lines that leave no room for the next prompt; colours and links take none."""
    if len(lines) >= height:
        return True
    bare = [re.sub(_ESCAPES, "", line.rstrip()) for line in lines]
    return sum(max(1, -(-len(line) // max(width, 1))) for line in bare) >= height


def _pager(directory: str) -> str | None:
    """The command of the pager; empty where a person wants none, None where there is none.

    git is asked for its `core.pager`, the person's or that of this clone, which no pipeline brings along.
    """
    from pipecli.store import git

    for name in ("PIPECLI_PAGER", "GIT_PAGER"):
        if name in os.environ:
            return os.environ[name].strip()
    with suppress(PipecliError):
        if (core := git.run(Path(directory), "config", "--get", "core.pager")).returncode == 0:
            return core.stdout.decode("utf-8", "replace").strip()
    if "PAGER" in os.environ:
        return os.environ["PAGER"].strip()
    return next(filter(shutil.which, ("less", "more")), None)


def _through(pager: str, text: str, stream: TextIO) -> bool:
    """Hand a text to the pager, as git does; False where there is no such program."""
    import subprocess

    stream.flush()
    environment = {"LESS": "FRX", "LV": "-c", "LESSCHARSET": "utf-8", **os.environ}
    process = subprocess.Popen(pager, shell=True, stdin=subprocess.PIPE, env=environment)  # noqa: S602
    with suppress(OSError, KeyboardInterrupt):  # who has seen enough leaves the pager
        process.communicate(text.encode("utf-8", "replace"))
    while process.poll() is None:
        with suppress(KeyboardInterrupt):  # Ctrl-C is the pager's, which goes on
            process.wait()
    return process.returncode not in (126, 127)


GLOBAL = ("-C", "--dir", "--format", "--today", "--color")
"""The options before a noun that take a value."""


def own_folder(variable: str, on_windows: str, otherwise: str) -> Path:
    """The folder that a person's environment names for files of theirs, else one of their home.

    XDG: a path that is not absolute is ignored. Here it could be a directory of the pipeline.
    """
    named = (Path(os.environ.get(name, "")) for name in (variable, on_windows))
    return (next((path for path in named if path.is_absolute()), None) or Path.home() / otherwise) / "pipecli"


def own_file() -> Path:
    """The file of a person's own defaults and aliases, which may not be there."""
    return own_folder("XDG_CONFIG_HOME", "APPDATA", ".config") / "config"


def own_values() -> dict[str, str]:
    """Every value by its name; nothing where the file can't be read."""
    try:
        lines = own_file().read_text(encoding="utf-8").splitlines()
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
        value = own_values().get(f"alias.{words[place]}")
        if value:
            import shlex

            words[place : place + 1] = shlex.split(value)
    return words
