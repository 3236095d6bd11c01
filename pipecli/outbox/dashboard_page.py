"""The dashboard as one page of HTML: figures, charts and tables that a click sorts, and nothing outside it.

Every word comes from files that anyone may have written: the template escapes all of them, and the page's
policy runs its own few lines and fetches nothing.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from pipecli.outbox.charts import Drawn
    from pipecli.translation import Words


class FigureChange(NamedTuple):
    """The difference between a figure and an earlier one."""

    when: str
    """As `since a week ago`."""
    text: str
    is_good: bool | None
    """None where it is neither good nor bad."""


class Figure(NamedTuple):
    """A key figure; `key` names it in JSON, where it is `exact`."""

    key: str
    name: str
    text: str
    exact: Decimal | int | None
    changes: list[FigureChange]
    note: str = ""


class Cell(NamedTuple):
    text: str
    order: str | float
    """The value by which a click on the heading sorts."""
    kind: Literal["", "number", "day"] = ""
    note: str = ""
    """Small, below the text."""


class Table(NamedTuple):
    title: str
    headings: list[str]
    rows: list[list[Cell]]
    total: list[Cell] | None = None
    nothing: str = ""
    """The text in place of rows where there are none."""
    more: int = 0
    """The number of rows that are left out of the page."""
    note: str = ""

    @property
    def is_wide(self) -> bool:
        """True where half a page has no room for its amounts, which are never cut."""
        rows = [*self.rows, *([self.total] if self.total else [])]
        return any(sum(map(_room, row)) > _HALF_A_PAGE for row in rows)


_HALF_A_PAGE = 576
_LETTER = 7.3
_PADDING = 16
_WORDS = 90


def _room(cell: Cell) -> float:
    """The least width of a cell in pixels: words are broken into lines."""
    return len(cell.text) * _LETTER + _PADDING if cell.kind else _WORDS


class Picture(NamedTuple):
    """A chart with its title."""

    title: str
    drawn: Drawn


class Content(NamedTuple):
    """All that stands on a dashboard."""

    company: str
    owner_filter: str
    """The owner filter in words; empty for the figures of all."""
    today: date
    currency: str
    period: str
    figures: list[Figure]
    parts: list[Picture | Table]
    """In the order of reading."""
    untouched: list[str]
    """The ids of the open deals on which nobody did anything this month."""
    words: Words

    def plain(self) -> dict[str, Any]:
        """The key figures as JSON has them."""
        return {
            "today": self.today,
            "currency": self.currency,
            "period": self.period,
            "figures": {figure.key: figure.exact for figure in self.figures},
            "untouched": self.untouched,
        }


def dashboard_page(content: Content) -> str:
    """The whole page."""
    from markupsafe import Markup

    from pipecli.outbox.charts import page, svg_of_page

    # drawn by Vega, which escapes texts
    parts = [
        (part, Markup(svg_of_page(part.drawn, _CHART_WIDTH)) if isinstance(part, Picture) else None)  # noqa: S704
        for part in content.parts
    ]
    return page(
        "dashboard.html.j2", ["chart_tooltips.js", "sort_tables.js"],
        content=content, words=content.words, parts=parts, hover=_hover,
    )  # fmt: skip


def _hover(text: str) -> str:
    """A `title` attribute with the whole of a long text, of which a cell may show the beginning only."""
    from markupsafe import Markup

    return Markup(' title="{}"').format(text) if len(text) > _LONG_TEXT else ""


_CHART_WIDTH = 500
"""Of a chart without its axes: with them it fills half of a page that is 1280 wide."""
_LONG_TEXT = 40
