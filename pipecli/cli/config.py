"""`pipecli config`: a person's own defaults and aliases."""

from __future__ import annotations

from typing import Annotated

import typer

from pipecli.cli.common import personal
from pipecli.cli.common.command import Verb, noun
from pipecli.cli.common.output import print_records, write_text
from pipecli.cli.common.session import FORMATS, say, session
from pipecli.cli.common.table import Column
from pipecli.cli.common.terminal import COLORS
from pipecli.errors import PipecliError
from pipecli.records.kinds import named
from pipecli.records.names import chosen, words_of

app = noun("Show and set your own defaults and aliases.")

_NAMES = "format, color, owner, columns.NOUN, alias.NAME"


@app.command(cls=Verb)
def config(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help=f"One of {_NAMES}.")] = None,
    value: Annotated[
        str | None, typer.Argument(metavar="[VALUE]", help='Its value, as json, id,title or "opp won".')
    ] = None,
    unset: Annotated[bool, typer.Option("--unset", help="Take it away.")] = False,
) -> None:
    """Show your own defaults and aliases, or set one. They hold at a terminal, in every pipeline.

    `pipecli config owner me` shows lists and reports of yours; `--owner all` everybody's. An alias, as
    `pipecli config alias.w "opp won"`, is the beginning of a command line, and runs no shell.
    """
    run = session(ctx)
    known = personal.read()
    if name is None:
        rows = [{"name": key, "value": text} for key, text in known.items()]
        if not rows and run.format_name == "table":
            say(f"nothing is set in {personal.file()}; you can set {_NAMES}")
            return
        print_records(rows, [Column("name", "NAME"), Column("value", "VALUE")], run.format, id_key="name")
    elif value is None and not unset:
        if name not in known:
            raise PipecliError(f"{name} isn't set", hint=f"pipecli config {name} VALUE; names are {_NAMES}")
        write_text(f"{known[name]}\n")
    elif unset:
        personal.write(name, None)
    else:
        personal.write(*_checked(name, value or ""))


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
            return name, chosen(
                value, words_of(known), f'{section}: "{value}" must be one of {", ".join(known)}', hint=""
            )
        case "owner" if not inner:
            return name, value.strip()
        case "columns" if (collection := named(inner)) is not None:
            return f"columns.{collection.noun}", value.strip()
        case "alias":
            personal.checked_alias(inner, value)
            return name, value.strip()
    raise PipecliError(f'"{name}" can\'t be set', hint=f"names are {_NAMES}")
