"""Charts of bars: the forecast against its targets, what was lost, and the funnel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from pipecli.outbox.charts.drawing import LEGEND_LABEL, LETTER, SERIES, SHORT_MONEY, Theme, heading, values

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


def columns(
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
    x = (
        alt.X("bar:N")
        .scale(domain=bars, paddingInner=0.3, paddingOuter=0.15)
        .axis(title=None, labelAngle=0 if is_level else -50, labelOverlap=len(bars) > _MOST_COLUMNS)
    )
    y = alt.Y("value:Q").axis(
        alt.Axis(title=axis, **(_MONEY if money else {"format": "d", "tickMinStep": 1}))
    )
    stacked = (
        alt.Chart(_values(parts))
        .mark_bar(width=alt.RelativeBandSize(min(1, _WIDEST_COLUMN / step)))
        .encode(x=x, y=y, color=_color(series, theme.width), order="place:Q", description="words:N")
    )
    layers = [stacked]
    if targets:
        ticks = alt.Chart(_values(targets)).mark_tick(
            color=theme.ink, thickness=3, orient="horizontal", size=min(step * 0.8, _WIDEST_COLUMN)
        )
        layers.append(ticks.encode(x=x, y="value:Q", description="words:N"))
    return alt.layer(*layers).properties(width=theme.width, height=320, title=heading(title, subtitle, theme))


_MONEY = {"labelExpr": SHORT_MONEY}


def rows(
    parts: Sequence[Part], *, title: str, subtitle: str, theme: Theme, labels: Sequence[str] = ()
) -> Any:
    """A chart of lying bars, the first part above, each with its label at the end."""
    import altair as alt

    bars = distinct([part.bar for part in parts])
    parts = [part._replace(bar=bar) for part, bar in zip(parts, bars, strict=True)]
    series = list(dict.fromkeys(part.series for part in parts))
    y = alt.Y("bar:N").scale(domain=bars, paddingInner=0.25).axis(title=None, domain=False, ticks=False)
    lying = (
        alt.Chart(_values(parts))
        .mark_bar()
        .encode(
            x=alt.X("value:Q").axis(None),
            y=y,
            color=_color(series, theme.width) if len(series) > 1 else alt.value(SERIES[0]),
            order="place:Q",
            description="words:N",
        )
    )
    labelled = [
        {"bar": part.bar, "value": part.value, "label": label}
        for part, label in zip(parts, labels, strict=False)
    ]
    texts = (
        alt.Chart(values(labelled))
        .mark_text(align="left", dx=6, color=theme.ink, limit=260)
        .encode(x="value:Q", y=y, text="label:N")
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
    return (
        alt.Color("series:N")
        .scale(domain=list(series), range=colors)
        .legend(legend if len(series) > 1 else None)
    )
