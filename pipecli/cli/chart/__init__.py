"""`pipecli chart`: the reports as pictures; the options of all charts, and the file that they write."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from pipecli.cli.common.output import ending_of, write_whole
from pipecli.cli.common.session import say

if TYPE_CHECKING:
    from pipecli.cli.chart.pictures import Picture


class Shade(StrEnum):
    LIGHT = "light"
    DARK = "dark"


Output = Annotated[
    str, typer.Option("--output", "-o", help="The file to write: .svg, .png or .html.", metavar="FILE")
]
Ground = Annotated[
    Shade, typer.Option("--theme", help="Of .svg and .png; a page follows its reader's screen.")
]


def require_chart(output: str, name: str) -> str:
    """The ending of the file. Raises PipecliError for what can't be written, before any work is done."""
    from pipecli.outbox.charts.drawing import ENDINGS, require_altair

    ending = ending_of(output, ENDINGS, name)
    require_altair()
    return ending


def write_chart(picture: Picture, output: str, ending: str, theme: Shade) -> None:
    from pipecli.outbox.charts.drawing import chart_file

    write_whole(output, chart_file(picture.drawn, ending, theme.value, picture.title))
    say(f"{picture.title} is in {output}")
