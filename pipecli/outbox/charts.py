"""The look of charts, their files (SVG, PNG, or a page that follows a light or dark screen), and charts of
bars.

Charts are of altair, an extra that is imported where one is drawn.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from textwrap import wrap
from typing import Any, NamedTuple

from pipecli.errors import PipecliError

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


def chart_file(drawn: Drawn, ending: str, theme: str, title: str, language: str) -> bytes:
    """The bytes of a file with one of ENDINGS; a page follows the reader's screen, whatever the theme."""
    if ending == ".html":
        from markupsafe import Markup

        svg = Markup(svg_of_page(drawn, WIDE))  # noqa: S704 - drawn by Vega, which escapes texts
        return page("chart.html.j2", ["chart_tooltips.js"], svg=svg, title=title, language=language).encode()
    chosen = THEMES[theme]
    spec, vl_convert = _spec(drawn(chosen), chosen), _engine()
    if ending == ".svg":
        return bytes(vl_convert.vegalite_to_svg(spec), "utf-8")
    return bytes(vl_convert.vegalite_to_png(spec, scale=2))


_ADDRESSES = 100 << 30
"""Bytes of addresses, most of them never memory, that the engine reserves; with fewer it ends the process."""


def _engine() -> Any:
    """What draws. Raises PipecliError where it couldn't start."""
    with suppress(ImportError):  # Windows has no such limit
        from resource import RLIM_INFINITY, RLIMIT_AS, getrlimit

        most = getrlimit(RLIMIT_AS)[0]
        if most != RLIM_INFINITY and most < _ADDRESSES:
            short = f"charts can't be drawn with the {most >> 20:,} MB of addresses that `ulimit -v` leaves"
            raise PipecliError(short, hint="`ulimit -v unlimited`", code="system")
    import vl_convert

    return vl_convert


def svg_of_page(drawn: Drawn, width: int) -> str:
    """The SVG of a chart for a page: its colours are variables of the page, its size that of its place.

    Where the place is about as wide as it was drawn, letters are as large as those of the page; a page that
    rather scrolls than makes them smaller says how wide a chart is at `--least`.
    """
    theme = _STAND_INS._replace(width=width)
    spec = _spec(drawn(theme), theme)
    spec["config"]["padding"] = {"left": 0, "right": 0, "top": 0, "bottom": 4}  # the page has its own
    svg: str = _engine().vegalite_to_svg(spec)
    for name, color in theme.colors().items():
        svg = svg.replace(color, f"var(--{name})")
    return re.sub(
        r'<svg ([^>]*?)width="([\d.]+)" height="([\d.]+)"',
        r'<svg \1style="max-width:\2px; min-width:min(\2px, var(--least, 0px))"',
        svg,
        count=1,
    )


def _spec(chart: Any, theme: Theme) -> dict[str, Any]:
    spec: dict[str, Any] = json.loads(chart.to_json(validate=False))
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


_TEMPLATES = Path(__file__).parent / "templates"


def page(template: str, scripts: Sequence[str], **values: object) -> str:
    """A page from a template, which runs these scripts and no other, fetches nothing, and has both themes."""
    from base64 import b64encode
    from hashlib import sha256

    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    script = "".join((_TEMPLATES / name).read_text(encoding="utf-8") for name in scripts)
    digest = b64encode(sha256(script.encode()).digest()).decode()
    return environment.get_template(template).render(
        policy=f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{digest}'",
        style=Markup(variables() + "\n" + (_TEMPLATES / "chart_tooltips.css").read_text(encoding="utf-8")),  # noqa: S704
        script=Markup(script),  # noqa: S704
        **values,
    )


_BAR = 30
_WIDEST_COLUMN = 130
_MOST_COLUMNS = 40
_BESIDE_BARS = 240
"""Pixels for the names before and the figures behind lying bars."""


class Part(NamedTuple):
    """A part of a bar; the parts of one bar are stacked, and coloured by series."""

    bar: str
    """The name of the bar: a month, a reason, a step."""
    series: str
    value: float
    words: str
    """The text shown where the pointer is on it."""


def column_chart(
    parts: Sequence[Part],
    *,
    title: str,
    subtitle: str,
    axis: str,
    theme: Theme,
    targets: Sequence[Part] = (),
    order: Sequence[str] = (),
    money: bool = True,
) -> Any:
    """A chart of stacked columns, in `order` else in that of `parts`, with a tick for each of `targets`."""
    import altair as alt

    bars = list(dict.fromkeys([*order, *(part.bar for part in [*parts, *targets])]))
    series = list(dict.fromkeys(part.series for part in parts))
    step = theme.width / max(len(bars), 1)
    is_level = max(map(len, bars), default=0) * LETTER < step
    x = alt.X(  # all at once: altair's `.scale(…)` first puts a page of help together, 2 ms
        "bar:N",
        scale=alt.Scale(domain=bars, paddingInner=0.3, paddingOuter=0.15),
        axis=alt.Axis(title=None, labelAngle=0 if is_level else -50, labelOverlap=len(bars) > _MOST_COLUMNS),
    )
    form = {"labelExpr": SHORT_MONEY} if money else {"format": "d", "tickMinStep": 1}
    y = alt.Y("value:Q", axis=alt.Axis(title=axis, **form))
    stacked = (
        alt.Chart(_values(parts))
        .mark_bar(width=alt.RelativeBandSize(min(1, _WIDEST_COLUMN / step)))
        .encode(
            x=x,
            y=y,
            color=_color(series, theme.width),
            order=alt.Order("place:Q"),
            description=alt.Description("words:N"),
        )
    )
    layers = [stacked]
    if targets:
        ticks = alt.Chart(_values(targets)).mark_tick(
            color=theme.ink, thickness=3, orient="horizontal", size=min(step * 0.8, _WIDEST_COLUMN)
        )
        layers.append(ticks.encode(x=x, y=alt.Y("value:Q"), description=alt.Description("words:N")))
    return alt.layer(*layers).properties(width=theme.width, height=320, title=heading(title, subtitle, theme))


def bar_chart(
    parts: Sequence[Part], *, title: str, subtitle: str, theme: Theme, labels: Sequence[str] = ()
) -> Any:
    """A chart of lying bars, the first part above, each with its label at the end."""
    import altair as alt

    bars = distinct([part.bar for part in parts])
    parts = [part._replace(bar=bar) for part, bar in zip(parts, bars, strict=True)]
    series = list(dict.fromkeys(part.series for part in parts))
    y = alt.Y(
        "bar:N",
        scale=alt.Scale(domain=bars, paddingInner=0.25),
        axis=alt.Axis(title=None, domain=False, ticks=False),
    )
    lying = (
        alt.Chart(_values(parts))
        .mark_bar()
        .encode(
            x=alt.X("value:Q", axis=None),
            y=y,
            color=_color(series, theme.width) if len(series) > 1 else alt.ColorValue(SERIES[0]),
            order=alt.Order("place:Q"),
            description=alt.Description("words:N"),
        )
    )
    labelled = [
        {"bar": part.bar, "value": part.value, "label": label}
        for part, label in zip(parts, labels, strict=False)
    ]
    texts = (
        alt.Chart(values(labelled))
        .mark_text(align="left", dx=6, color=theme.ink, limit=260)
        .encode(x=alt.X("value:Q"), y=y, text=alt.Text("label:N"))
    )
    height = max(len(bars), 1) * _BAR
    return alt.layer(lying, texts).properties(
        width=theme.width - _BESIDE_BARS, height=height, title=heading(title, subtitle, theme)
    )


def distinct(names: Sequence[str]) -> list[str]:
    """Names that all differ, by blanks at their ends: two customers may have the same name."""
    seen = Counter[str]()
    bars = []
    for name in names:
        bars.append(name + " " * seen[name])
        seen[name] += 1
    return bars


def _values(parts: Sequence[Part]) -> Any:
    return values([{**part._asdict(), "place": place} for place, part in enumerate(parts)])


def _color(series: Sequence[str], width: int) -> Any:
    import altair as alt

    colors = [SERIES[place % len(SERIES)] for place in range(len(series))]
    longest = min(max(map(len, series), default=0) * LETTER, LEGEND_LABEL)
    legend = alt.Legend(title=None, symbolType="square", columns=max(int(width / (longest + 36)), 1))
    scale = alt.Scale(domain=list(series), range=colors)
    return alt.Color("series:N", scale=scale, legend=legend if len(series) > 1 else None)
