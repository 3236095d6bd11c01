"""`config`: a person's own defaults and aliases, shown and set."""

from __future__ import annotations

import re
import shlex

import typer

from pipecli.cli.common.command import Verb, argument, flag, noun
from pipecli.cli.common.output import print_records, write_text
from pipecli.cli.common.session import FORMATS, say, session
from pipecli.cli.common.table import Column
from pipecli.cli.common.terminal_and_own_config import COLORS, own_file, own_values
from pipecli.cli.nouns import ALIASES, NOUNS
from pipecli.errors import PipecliError, system_refusal
from pipecli.records import kinds
from pipecli.records.names import chosen_id, own_names
from pipecli.store import safe_files

app = noun()


_NAMES = "format, color, owner, columns.NOUN, alias.NAME"


@app.command("config", cls=Verb)
def config(
    ctx: typer.Context,
    name: str | None = argument(f"One of {_NAMES}.", "[NAME]", default=None),
    value: str | None = argument('Its value, as json, id,title or "opp won".', "[VALUE]", default=None),
    unset: bool = flag("--unset", "Remove it."),
) -> None:
    """Show your own defaults and aliases, or set one. They apply at a terminal, in every pipeline.

    `pipecli config owner me` limits lists and reports to yours; `--owner all` shows everybody's. An alias,
    such as `pipecli config alias.w "opp won"`, stands for the beginning of a command line; no shell runs.
    """
    run = session(ctx)
    known = own_values()
    if name is None:
        rows = [{"name": key, "value": text} for key, text in known.items()]
        if not rows and run.format_name == "table":
            say(f"nothing is set in {own_file()}; you can set {_NAMES}")
            return
        print_records(rows, [Column("name", "NAME"), Column("value", "VALUE")], run.format, id_key="name")
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
        safe_files.write_file(
            place.parent, place.name, "".join(f"{line}\n" for line in [*kept, *added]).encode()
        )
