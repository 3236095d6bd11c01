"""The look of charts, and a chart as a file: SVG, PNG, or a page that follows a light or dark screen.

Charts are of altair, an extra that is imported where one is drawn.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from html import escape
from textwrap import wrap
from typing import Any, NamedTuple

from pipecli.distribution import require_extra

FONT = "system-ui, 'Segoe UI', 'Noto Sans', 'DejaVu Sans', sans-serif"
SERIES = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#8c8c8c")
"""The palette of Okabe and Ito, whose colours every kind of sight tells apart."""
LEGEND_LABEL = 200
LETTER = 6.6
"""About the width of a letter of 12 pixels: labels are placed before anything is drawn."""
WIDE = 760
"""The width of a chart that stands alone, in pixels without its axes."""

SHORT_MONEY = (
    "abs(datum.value) < 1 ? format(datum.value, '.2~f') : replace(format(datum.value, '.3~s'), 'G', 'B')"
)
"""Amounts as people write them, in Vega's words: 500, 12.5k, 3M, 1B, 1T, and no `m` for thousandths."""


class Theme(NamedTuple):
    """The colours that differ between a light and a dark ground, and the width to draw."""

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
    """Rows as the data of a chart, within it: it never fetches any."""
    return {"values": [dict(row) for row in rows]}


def heading(title: str, subtitle: str, theme: Theme) -> Any:
    """The title and subtitle of a chart, wrapped to its width: a longer line would make the rest smaller."""
    import altair as alt

    room = int(theme.width / LETTER)
    return alt.TitleParams(wrap(title, int(room * 0.7)), subtitle=wrap(subtitle, room) or [""])


Drawn = Callable[[Theme], Any]
"""Draws a chart of altair's in the colours of a theme."""

ENDINGS = (".svg", ".png", ".html")

# Colours that no chart has: in a page, each gives way to a variable of its style.
_STAND_INS = Theme("#010101", "#010102", "#010103", "#010104")


def require_altair() -> None:
    """Raises PipecliError where the extra is not installed."""
    require_extra("charts", "charts need altair and vl-convert, which are not installed")


def chart_file(drawn: Drawn, ending: str, theme: str, title: str) -> bytes:
    """The bytes of a file with one of ENDINGS; a page follows the reader's screen, whatever the theme."""
    if ending == ".html":
        return chart_page(svg_of_page(drawn, WIDE), title).encode()
    chosen = THEMES[theme]
    spec = _spec(drawn(chosen), chosen)
    import vl_convert

    if ending == ".svg":
        return bytes(vl_convert.vegalite_to_svg(spec), "utf-8")
    return bytes(vl_convert.vegalite_to_png(spec, scale=2))


def svg_of_page(drawn: Drawn, width: int) -> str:
    """The SVG of a chart for a page: its colours are variables of the page, its size that of its place.

    Where the place is about as wide as it was drawn, letters are as large as those of the page; a page that
    rather scrolls than makes them smaller says how wide a chart is at `--least`.
    """
    import vl_convert

    theme = _STAND_INS._replace(width=width)
    spec = _spec(drawn(theme), theme)
    spec["config"]["padding"] = {"left": 0, "right": 0, "top": 0, "bottom": 4}  # the page has its own
    svg: str = vl_convert.vegalite_to_svg(spec)
    for name, color in theme.colors().items():
        svg = svg.replace(color, f"var(--{name})")
    return re.sub(
        r'<svg ([^>]*?)width="([\d.]+)" height="([\d.]+)"',
        r'<svg \1style="max-width:\2px; min-width:min(\2px, var(--least, 0px))"',
        svg,
        count=1,
    )


def _spec(chart: Any, theme: Theme) -> dict[str, Any]:
    spec: dict[str, Any] = json.loads(chart.to_json())
    spec["config"] = config(theme)
    return spec


def variables() -> str:
    """The style that gives the colours of both themes to a page."""
    light, dark = (
        "; ".join(f"--{name}: {color}" for name, color in theme.colors().items()) for theme in (LIGHT, DARK)
    )
    return (
        f":root {{ color-scheme: light dark; {light} }}\n"
        f"@media screen and (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}"
    )


POINTER_STYLE = """
.tip { position: fixed; pointer-events: none; display: none; max-width: 22rem; padding: .5rem .7rem;
  background: var(--ink); color: var(--ground); font-size: .8rem; line-height: 1.35; border-radius: .3rem;
  white-space: pre-line; overflow-wrap: anywhere; z-index: 9; }
svg { display: block; width: 100%; height: auto; }
[aria-roledescription=circle]:hover, [aria-roledescription=bar]:hover { stroke: var(--ink); stroke-width: 2; }
"""
POINTER_SCRIPT = """
const tip = document.createElement('div'); tip.className = 'tip'; document.body.append(tip);
addEventListener('mousemove', event => {
  const marks = '[aria-roledescription=circle],[aria-roledescription=bar],[aria-roledescription=tick]';
  const mark = event.target.closest && event.target.closest(marks);
  tip.style.display = mark ? 'block' : 'none';
  if (!mark) return;
  tip.textContent = mark.getAttribute('aria-label');
  tip.style.left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8) + 'px';
  tip.style.top = Math.min(event.clientY + 14, innerHeight - tip.offsetHeight - 8) + 'px';
});
"""
"""Shows the text of the mark under the pointer, as text and never as markup."""


def chart_page(svg: str, title: str) -> str:
    """A page with one chart and nothing outside it."""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy(POINTER_SCRIPT)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>
{variables()}
body {{ margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }}
main {{ max-width: 66rem; margin: 0 auto; padding: 1rem; overflow-x: auto; --least: 40rem; }}
{POINTER_STYLE}</style>
</head>
<body>
<main>{svg}</main>
<script>{POINTER_SCRIPT}</script>
</body>
</html>
"""


def policy(script: str) -> str:
    """A content security policy that runs this script, fetches nothing, and knows no other."""
    from base64 import b64encode
    from hashlib import sha256

    digest = b64encode(sha256(script.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{digest}'"
