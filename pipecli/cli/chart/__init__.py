"""`pipecli chart`: where the pictures go, and how their figures are said where the pointer is."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from pipecli.cli.common.output import ending_of, write_whole
from pipecli.cli.common.session import Session, say
from pipecli.cli.common.table import money
from pipecli.records.money import minor_digits

if TYPE_CHECKING:
    from pipecli.outbox.charts.drawing import Drawn


class Shade(StrEnum):
    LIGHT = "light"
    DARK = "dark"


Output = Annotated[
    str, typer.Option("--output", "-o", help="The file to write: .svg, .png or .html.", metavar="FILE")
]
Ground = Annotated[
    Shade, typer.Option("--theme", help="Of .svg and .png; a page follows its reader's screen.")
]


class Picture(NamedTuple):
    """A chart that is ready to be drawn in any theme."""

    title: str
    drawn: Drawn


def require_chart(output: str, name: str) -> str:
    """The ending of the file. Raises PipecliError for what can't be written, before any work is done."""
    from pipecli.outbox.charts.drawing import ENDINGS, require_altair

    ending = ending_of(output, ENDINGS, name)
    require_altair()
    return ending


def write_chart(_run: Session, picture: Picture, output: str, ending: str, theme: Shade) -> None:
    from pipecli.outbox.charts.drawing import chart_file

    write_whole(output, chart_file(picture.drawn, ending, theme.value, picture.title))
    say(f"{picture.title} is in {output}")


def amount_in(value: Decimal | None, currency: str) -> str:
    return "no amount" if value is None else money(value, currency, minor_digits(currency))
