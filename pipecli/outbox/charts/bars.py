"""Charts of bars: the forecast against its targets, what was lost, and the funnel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from pipecli.outbox.charts.theme import SERIES, Theme, values

_WIDTH = 760
_BAR = 30
_MOST_COLUMNS = 40


class Part(NamedTuple):
    """A part of a bar."""

    bar: str
    """What people call the bar: a month, a reason, a step."""
    series: str
    value: float
    words: str
    """What to read when the pointer is on it."""


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
    """Stacked columns in `order`, else in that of `parts`, with a tick for each of `targets`."""
    import altair as alt

    bars = list(dict.fromkeys([*order, *(part.bar for part in [*parts, *targets])]))
    series = list(dict.fromkeys(part.series for part in parts))
    x = (
        alt.X("bar:N")
        .scale(domain=bars, paddingInner=0.3)
        .axis(title=None, labelAngle=0 if len(bars) <= 12 else -60, labelOverlap=len(bars) > _MOST_COLUMNS)
    )
    y = alt.Y("value:Q").axis(title=axis, format="~s" if money else "d", tickMinStep=0 if money else 1)
    stacked = (
        alt.Chart(_values(parts))
        .mark_bar()
        .encode(x=x, y=y, color=_color(series), order="place:Q", description="words:N")
    )
    layers = [stacked]
    if targets:
        ticks = alt.Chart(_values(targets)).mark_tick(
            color=theme.ink, thickness=3, orient="horizontal", width=34
        )
        layers.append(ticks.encode(x=x, y="value:Q", description="words:N"))
    heading = alt.TitleParams(title, subtitle=subtitle)
    return alt.layer(*layers).properties(width=_WIDTH, height=320, title=heading)


def rows(
    parts: Sequence[Part], *, title: str, subtitle: str, theme: Theme, labels: Sequence[str] = ()
) -> Any:
    """Bars from above, each with its label (`labels`, in their order) at the end."""
    import altair as alt

    bars = list(dict.fromkeys(part.bar for part in parts))
    series = list(dict.fromkeys(part.series for part in parts))
    y = alt.Y("bar:N").scale(domain=bars, paddingInner=0.25).axis(title=None, domain=False, ticks=False)
    drawn = (
        alt.Chart(_values(parts))
        .mark_bar()
        .encode(
            x=alt.X("value:Q").axis(None),
            y=y,
            color=_color(series) if len(series) > 1 else alt.value(SERIES[0]),
            order="place:Q",
            description="words:N",
        )
    )
    ends = {bar: sum(part.value for part in parts if part.bar == bar) for bar in bars}
    texts = [
        {"bar": bar, "value": ends[bar], "label": label} for bar, label in zip(bars, labels, strict=False)
    ]
    said = (
        alt.Chart(values(texts))
        .mark_text(align="left", dx=6, color=theme.ink, limit=260)
        .encode(x="value:Q", y=y, text="label:N")
    )
    heading = alt.TitleParams(title, subtitle=subtitle)
    height = max(len(bars), 1) * _BAR
    return alt.layer(drawn, said).properties(width=_WIDTH - 240, height=height, title=heading)


def _values(parts: Sequence[Part]) -> Any:
    return values([{**part._asdict(), "place": place} for place, part in enumerate(parts)])


def _color(series: Sequence[str]) -> Any:
    import altair as alt

    colors = [SERIES[place % len(SERIES)] for place in range(len(series))]
    legend = alt.Legend(title=None, symbolType="square") if len(series) > 1 else None
    return alt.Color("series:N").scale(domain=list(series), range=colors).legend(legend)
