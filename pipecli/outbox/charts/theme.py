"""How charts look: their width, ink and lines, and colours that every kind of sight tells apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import Any, NamedTuple

FONT = "system-ui, 'Segoe UI', 'Noto Sans', 'DejaVu Sans', sans-serif"
SERIES = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#8c8c8c")
"""Of Okabe and Ito, who chose them for every kind of sight."""


LEGEND_LABEL = 200
LETTER = 6.6
"""About how wide a letter of 12 pixels is: labels are placed before anything is drawn."""
WIDE = 760
"""Of a chart that stands alone, in pixels without its axes."""

SHORT_MONEY = (
    "abs(datum.value) < 1 ? format(datum.value, '.2~f') : replace(format(datum.value, '.3~s'), 'G', 'B')"
)
"""Amounts as people write them, in Vega's words: 500, 12.5k, 3M, 1B, 1T, and no `m` for thousandths."""


class Theme(NamedTuple):
    """The colours that differ between a light and a dark ground, and how wide to draw."""

    ground: str
    ink: str
    quiet: str
    line: str
    width: int = WIDE

    def colors(self) -> dict[str, str]:
        return {"ground": self.ground, "ink": self.ink, "quiet": self.quiet, "line": self.line}


LIGHT = Theme("#ffffff", "#1b1f24", "#5c6570", "#d9dee3")
DARK = Theme("#15181c", "#e8eaed", "#9aa4af", "#363c43")
THEMES = {"light": LIGHT, "dark": DARK}


def config(theme: Theme) -> dict[str, Any]:
    """The theme in the words of Vega-Lite."""
    return {
        "background": theme.ground,
        "font": FONT,
        "padding": 16,
        "view": {"stroke": None},
        "title": {
            "color": theme.ink, "subtitleColor": theme.quiet, "anchor": "start", "fontSize": 17,
            "subtitleFontSize": 12, "subtitlePadding": 6, "offset": 14,
        },
        "axis": {
            "labelColor": theme.quiet, "titleColor": theme.quiet, "gridColor": theme.line,
            "domainColor": theme.line, "tickColor": theme.line, "labelFontSize": 12, "titleFontSize": 12,
            "titleFontWeight": "normal", "labelLimit": 190,
        },
        "legend": {
            "labelColor": theme.quiet, "titleColor": theme.quiet, "labelFontSize": 12, "titleFontSize": 12,
            "titleFontWeight": "normal", "orient": "bottom", "labelLimit": LEGEND_LABEL,
            "layout": {"bottom": {"anchor": "start", "direction": "horizontal", "margin": 36}},
        },
        "text": {"color": theme.ink, "fontSize": 12},
    }  # fmt: skip


def values(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Rows as the data of a chart: within it, and never an address to fetch them from."""
    return {"values": [dict(row) for row in rows]}


def heading(title: str, subtitle: str, theme: Theme) -> Any:
    """What stands above a chart, no wider than it: a longer line would make the rest smaller in its place."""
    import altair as alt

    room = int(theme.width / LETTER)
    return alt.TitleParams(wrap(title, int(room * 0.7)), subtitle=wrap(subtitle, room) or [""])
