"""`settings show`; `config`, a person's own defaults and aliases.

Settings are YAML for people, JSON and rows of path and value for programs.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from pipecli.cli.common.command import Verb, argument, flag, noun
from pipecli.cli.common.output import Format, print_records, write_text
from pipecli.cli.common.session import FORMATS, Session, say
from pipecli.cli.common.table import cell_text, plain_columns
from pipecli.cli.common.terminal_and_own_config import COLORS, own_file, own_values
from pipecli.cli.nouns import ALIASES, NOUNS
from pipecli.errors import PipecliError, system_refusal
from pipecli.harmless_text import visible
from pipecli.json_and_csv import dumps
from pipecli.records import kinds
from pipecli.records.compare_names import chosen_id, likeliest, own_names
from pipecli.records.kinds import SETTINGS_FILE
from pipecli.store.lock_and_signals import write_unlogged
from pipecli.store.yaml.write import block_lines

app = noun()


@app.command("show")
def show(
    run: Session,
    path: str | None = argument("A part of them: currency, users.ana.team.", "[PATH]", default=None),
) -> None:
    """Show the settings, or the part of them at a path.

    A single value is printed alone, for scripts.
    """
    written = run.pipeline.settings_as_written
    if run.format is Format.TABLE and not path:
        write_text(visible(run.pipeline.text(SETTINGS_FILE), keep="\n\t"))
        return
    value = _at(written, path) if path else written
    match run.format:
        case Format.TABLE:
            write_text(visible(_yaml(value), keep="\n\t"))
        case Format.JSON | Format.JSONL:
            write_text(dumps(value, indent=2 if run.format is Format.JSON else None) + "\n")
        case Format.IDS:
            write_text("".join(f"{cell_text(name)}\n" for name in _names(value)))
        case _:
            rows = [{"path": name, "value": leaf} for name, leaf in _leaves(path or "", value)]
            print_records(rows, plain_columns("path value"), run.format, id_key="path")


def _at(value: Any, path: str) -> Any:
    """The value at a path of keys, and of numbers from 1 or ids in lists. Raises PipecliError."""
    here, parts = value, path.split(".")
    for length, part in enumerate(parts):
        known = _children(here)
        index = kinds.list_index(part)
        if isinstance(here, list) and index is not None and index < len(here):
            here = here[index]
            continue
        if part not in known:
            hint = kinds.counting_hint(parts, length) if isinstance(here, list) else ""
            there = likeliest(part, known).strip() or f"there are {', '.join(known)}" if known else ""
            hint = hint or there
            raise PipecliError(f"the settings have no {path}", hint=hint, code="not-found")
        here = known[part]
    return here


def _children(value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, list):
        named = {
            str(element["id"]): element
            for element in value
            if isinstance(element, Mapping) and "id" in element
        }
        return named or {str(number): element for number, element in enumerate(value, 1)}
    return {}


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    children = _children(value)
    if not children:
        yield path, value
    for name, child in children.items():
        yield from _leaves(f"{path}.{name}" if path else name, child)


def _names(value: Any) -> list[Any]:
    """The lines of `ids`: the keys of a map, the ids or words of a list, a value itself."""
    if isinstance(value, list) and not any(isinstance(element, Mapping) for element in value):
        return value
    return list(_children(value)) or [value]


def _yaml(value: Any) -> str:
    if isinstance(value, (Mapping, list)):
        return "".join(f"{line}\n" for line in block_lines(value, 0))
    return f"{value}\n" if isinstance(value, str) else f"{cell_text(value)}\n"


_NAMES = "format, color, owner, columns.NOUN, alias.NAME"


@app.command("config", cls=Verb)
def config(
    run: Session,
    name: str | None = argument(f"One of {_NAMES}.", "[NAME]", default=None),
    value: str | None = argument('Its value, as json, id,title or "opp won".', "[VALUE]", default=None),
    unset: bool = flag("--unset", "Remove it."),
) -> None:
    """Show your own defaults and aliases, or set one. They apply at a terminal, in every pipeline.

    `pipecli config owner me` limits lists and reports to yours; `--owner all` shows everybody's. An alias,
    such as `pipecli config alias.w "opp won"`, stands for the beginning of a command line; no shell runs.
    """
    known = own_values()
    if name is None:
        rows = [{"name": key, "value": text} for key, text in known.items()]
        if not rows and run.format_name == "table":
            say(f"nothing is set in {own_file()}; you can set {_NAMES}")
            return
        print_records(rows, plain_columns("name value"), run.format, id_key="name")
    elif value is None and not unset:
        if name not in known:
            raise PipecliError(f"{name} isn't set", hint=f"pipecli config {name} VALUE; names are {_NAMES}")
        write_text(f"{known[name]}\n")
    elif unset:
        _write(name, None)
    else:
        _write(*_checked(name, value or ""))


def _checked(name: str, value: str) -> tuple[str, str]:
    """A name and its value as they are written. Raises PipecliError."""
    section, _, inner = name.partition(".")
    if "\n" in value or not value.strip():
        raise PipecliError(
            f"{name} needs a value of one line", hint=f"pipecli config {name} --unset clears it"
        )
    match section:
        case "format" | "color" if not inner:
            known = FORMATS if section == "format" else COLORS
            return name, chosen_id(
                value,
                own_names(known),
                f'{section}: "{value}" must be one of {", ".join(known)}',
                hint="",
            )
        case "owner" if not inner:
            return name, value.strip()
        case "columns" if (collection := kinds.collection_named(inner)) is not None:
            return f"columns.{collection.noun}", value.strip()
        case "alias":
            _require_alias(inner, value)
            return name, value.strip()
    raise PipecliError(f'"{name}" can\'t be set', hint=f"names are {_NAMES}", code="usage")


def _require_alias(name: str, value: str) -> None:
    """Refuse an alias that would hide a command, or that is none. Raises PipecliError."""
    if not re.fullmatch("[a-z][a-z0-9-]*", name):
        raise PipecliError(f'"{name}" can\'t be an alias: use lowercase letters, digits and hyphens')
    if name in NOUNS or name in ALIASES:
        raise PipecliError(f"{name} is a command of pipecli", hint="take another word")
    try:
        first = shlex.split(value)[0]
    except (ValueError, IndexError):
        raise PipecliError(f'"{value}" isn\'t a command line', hint='write it as "opp won"') from None
    if first not in NOUNS and first not in ALIASES:
        raise PipecliError(
            f'an alias begins with a command: unknown command "{first}"', hint='write it as "opp won"'
        )


def _write(name: str, value: str | None) -> None:
    """Set a value, or take it away; other lines stay as they are. Raises PipecliError."""
    place = own_file()
    with system_refusal(place):
        lines = place.read_text(encoding="utf-8").splitlines() if place.exists() else []
        kept = [line for line in lines if line.partition("=")[0].strip() != name]
        added = [] if value is None else [f"{name} = {value}"]
        place.parent.mkdir(parents=True, exist_ok=True)
        write_unlogged(place, "".join(f"{line}\n" for line in [*kept, *added]).encode())
