"""The options that reports share, beside those for owners: which days, by what, in which currency."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

import typer

from pipecli.errors import PipecliError
from pipecli.reports.days import Days

From = Annotated[str, typer.Option("--from", help="From this day or period on.", metavar="DATE")]
To = Annotated[str, typer.Option("--to", help="Until this day or period.", metavar="DATE")]
FromClose = Annotated[
    str, typer.Option("--from", help="Expected to close from this day or period on.", metavar="DATE")
]
ToClose = Annotated[
    str, typer.Option("--to", help="Expected to close until this day or period.", metavar="DATE")
]
Currency = Annotated[str, typer.Option("--currency", help="In this currency, not the base.", metavar="CODE")]


def by_option(groupings: Sequence[str]) -> Any:
    """`--by`, for an `Annotated[str, …]`; `grouping` holds what was typed to the same words."""
    return typer.Option("--by", help=f"One of {', '.join(groupings)}.", metavar="WHAT")


def grouping(by: str, groupings: Sequence[str], option: str = "--by") -> str:
    """The grouping that was asked for. Raises typer.BadParameter for one that the report has not."""
    if by not in groupings:
        raise typer.BadParameter(f'"{by}" is none of {", ".join(groupings)}', param_hint=option)
    return by


def days(from_: str, to: str, today: date) -> Days:
    """The days from `--from` to `--to`, each a day or a period. Raises PipecliError."""
    if not from_ and not to:
        return Days()
    from pipecli.cli.common.dates import parse_from, parse_to

    asked = Days(parse_from(from_, today) if from_ else None, parse_to(to, today) if to else None)
    if asked.first and asked.last and asked.last < asked.first:
        raise PipecliError(f"--from {asked.first} is after --to {asked.last}", hint="swap them")
    return asked


def currency_code(text: str) -> str | None:
    """The currency of `--currency`; None where none was given. Raises PipecliError."""
    code = text.upper()
    if code and not (len(code) == 3 and code.isascii() and code.isalpha()):
        raise PipecliError(f'--currency: "{text}" is no currency code', hint="write one as EUR")
    return code or None


def period_text(asked: Days) -> str:
    """`from 2026-10-01 to 2026-12-31`; empty without bounds."""
    first, last = asked
    return " ".join([*([f"from {first}"] if first else []), *([f"to {last}"] if last else [])])
