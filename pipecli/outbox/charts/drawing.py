"""A chart as a file: SVG, PNG, or a page that follows the reader's light or dark screen."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import escape
from importlib.util import find_spec
from typing import Any

from pipecli.errors import PipecliError
from pipecli.outbox.charts.theme import DARK, LIGHT, THEMES, WIDE, Theme, config

Drawn = Callable[[Theme], Any]
"""A chart of altair's in the colours of a theme."""

ENDINGS = (".svg", ".png", ".html")

# Colours that no chart has: in a page, each gives way to a variable of its style.
_STAND_INS = Theme("#010101", "#010102", "#010103", "#010104")


def require_altair() -> None:
    """Raises PipecliError where the extra is not installed."""
    if not (find_spec("altair") and find_spec("vl_convert")):
        raise PipecliError(
            "charts need altair and vl-convert, which are not installed", hint="pip install 'pipecli[charts]'"
        )


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
    """A chart to stand in a page: its colours are variables of the page, its size that of its place.

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
"""Shows what a mark is about where the pointer is. Text only: nothing of it is read as markup."""


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
