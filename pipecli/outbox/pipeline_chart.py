"""The pipeline chart: open deals by expected close and stage, coloured by score, circles by amount."""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any, Literal, NamedTuple

from pipecli.outbox.charts import LETTER, SHORT_MONEY, WIDE, Theme, heading, values
from pipecli.translation import Words

_UNDATED_WIDTH = 140
_GAP = 10
_LANE = 92
_BAND, _EDGE = 0.75, 0.15
"""The share of a lane that circles take, and the empty one above the first and below the last."""
_LEAST = 26
"""The smallest circle whose colour can be told."""
_FEW, _MANY = 60, 200
_LARGEST = 1100
"""The area of the largest circle of a few on the widest chart."""


class Dot(NamedTuple):
    """One open deal; money in the currency of the chart."""

    id: str
    stage: str
    score: int | None
    amount: Decimal | None
    close: date | None
    name: str
    """Written at the largest circles."""
    words: str
    """The text shown where the pointer is on it."""


def pipeline_chart(
    dots: Sequence[Dot],
    stages: Sequence[str],
    *,
    title: str,
    today: date,
    theme: Theme,
    words: Words,
) -> Any:
    """The chart; `stages` are the lanes from above. Deals without a date stand in a field of their own."""
    import altair as alt

    scales = _Scales(dots, theme.width, words)
    band = _height(stages) * _BAND / (max(len(stages), 1) - (1 - _BAND) + 2 * _EDGE)
    dated = [_plain(dot, scales, band) for dot in dots if dot.close]
    undated = [_plain(dot, scales, band) for dot in dots if not dot.close]
    parts = []
    if dated or not undated:
        beside = _UNDATED_WIDTH + _GAP if undated else 0
        parts.append(_by_date(dated, stages, scales, today, theme, theme.width - beside))
    if undated:
        parts.append(_without_date(undated, stages, scales, theme, is_alone=not dated))
    joined = parts[0] if len(parts) == 1 else alt.hconcat(*parts, spacing=_GAP).resolve_scale(y="shared")
    return joined.properties(title=heading(title, _subtitle(dots, scales.say), theme))


class _Scales:
    """One scale of colour and size for both fields."""

    def __init__(self, dots: Sequence[Dot], width: int, words: Words) -> None:
        import altair as alt

        self.words = words
        self.say = say = partial(words.named, "chart")

        # As much of the field in all, however many there are and however wide it is.
        largest = _LARGEST * (width / WIDE) ** 2 / max(len(dots) / _FEW, 1) ** 0.5
        most = max((dot.amount for dot in dots if dot.amount), default=Decimal(1))
        self.least = float(most) * _LEAST / largest
        self.area = largest / float(most)
        """The area of a circle for each unit of its amount."""
        self.opacity = 0.75 if len(dots) > _MANY else 0.85
        self.color: Any = (
            alt.when("datum.scored")
            .then(
                alt.Color(
                    "score:Q",
                    scale=alt.Scale(scheme="viridis", domain=[0, 100]),
                    legend=alt.Legend(title=say("Lead score"), gradientLength=180),
                )
            )
            .otherwise(alt.value("#8c8c8c"))
        )
        self.size = alt.Size(
            "amount:Q",
            scale=alt.Scale(domain=[0, float(most)], range=[0, largest]),
            legend=alt.Legend(
                title=say("Amount"), labelExpr=SHORT_MONEY, symbolFillColor="transparent", values=_marks(most)
            ),
        )


def _marks(most: Decimal) -> list[float]:
    """Three round amounts for the legend of sizes."""
    if most <= 0:
        return [0]
    magnitude = Decimal(10) ** most.adjusted()
    top = (most // magnitude) * magnitude
    return [float(top / 10), float(top / 2), float(top)]


def _plain(dot: Dot, scales: _Scales, band: float) -> dict[str, Any]:
    scattered = zlib.crc32(dot.id.encode())  # the same place every time, whatever else is on the chart
    amount = max(float(dot.amount or 0), scales.least)
    radius = math.sqrt(amount * scales.area / math.pi)
    inset = min(radius / band, 0.5)  # a circle stays within its lane
    return {
        "stage": dot.stage,
        "score": dot.score or 0,
        "scored": dot.score is not None,
        "amount": amount,
        "close": dot.close.isoformat() if dot.close else None,
        "words": dot.words,
        "name": dot.name,
        "radius": radius,
        "down": inset + scattered % 1000 / 1000 * (1 - 2 * inset),
        "along": scattered // 1000 % 1000 / 1000,
    }


def _circles(rows: Sequence[dict[str, Any]], x: Any, lane: Any, scales: _Scales, theme: Theme) -> Any:
    """Circles with a rim: the ends of the colour scale are near to white, and to black."""
    import altair as alt

    circles = alt.Chart(values(rows)).mark_circle(opacity=scales.opacity, stroke=theme.quiet, strokeWidth=0.6)
    return circles.encode(
        x=x,
        y=lane,
        yOffset=_offset(),
        color=scales.color,
        size=scales.size,
        description=alt.Description("words:N"),
        order=alt.Order("amount:Q", sort="descending"),
    )


def _by_date(
    rows: Sequence[dict[str, Any]], stages: Sequence[str], scales: _Scales, today: date, theme: Theme,
    width: int,
) -> Any:  # fmt: skip
    import altair as alt

    axis = alt.Axis(title=scales.say("Expected close"), grid=True, **_days(rows, today, scales.words))
    x = alt.X("close:T", scale=alt.Scale(type="utc", padding=18), axis=axis)
    points = _circles(rows, x, _lane(stages), scales, theme)
    rule = (
        alt.Chart(values([{"day": today.isoformat()}]))
        .mark_rule(color=theme.quiet, strokeDash=[4, 3])
        .encode(x=alt.X("day:T", scale=alt.Scale(type="utc")), description=alt.DescriptionValue("today"))
    )
    names = _names(rows, alt.X("close:T", scale=alt.Scale(type="utc")), _along(rows), stages, theme, width)
    return alt.layer(rule, points, *names).properties(width=width, height=_height(stages))


def _along(rows: Sequence[dict[str, Any]]) -> list[float]:
    """The place of each dated circle between the first and the last, from 0 to 1."""
    ordinals = [date.fromisoformat(row["close"]).toordinal() for row in rows]
    first, span = min(ordinals, default=0), max(max(ordinals, default=0) - min(ordinals, default=0), 1)
    return [(day - first) / span for day in ordinals]


def _names(
    rows: Sequence[dict[str, Any]], across: Any, along: Sequence[float], stages: Sequence[str], theme: Theme,
    width: int,
) -> list[Any]:  # fmt: skip
    """The names of the largest circles, as many as there is room for, each on the side where more is free."""
    import altair as alt

    taken = list[tuple[float, float, float]]()  # from, to, and how far down
    sides: dict[Literal["left", "right"], list[dict[str, Any]]] = {"left": [], "right": []}
    for row, place in sorted(zip(rows, along, strict=True), key=lambda pair: -pair[0]["amount"])[:_TRIED]:
        x = place * width
        y = stages.index(row["stage"]) * _LANE + row["down"] * _LANE * _BAND
        long = min(len(row["name"]) * LETTER, _LONGEST_NAME) + row["radius"]
        align: Literal["left", "right"] = "left" if x < width / 2 else "right"
        here = (x, x + long) if align == "left" else (x - long, x)
        if all(
            y_ < y - _LINE or y_ > y + _LINE or end < here[0] or here[1] < start for start, end, y_ in taken
        ):
            taken.append((*here, y))
            sides[align].append(row)
    return [
        alt.Chart(values([row]))
        .mark_text(
            align=align, baseline="middle", color=theme.ink, fontSize=11, limit=_LONGEST_NAME,
            dx=(row["radius"] + 3) * (1 if align == "left" else -1),
        )
        .encode(x=across, y=_lane(stages), yOffset=_offset(), text=alt.Text("name:N"))
        for align, named in sides.items()
        for row in named[:_NAMED]
    ]  # fmt: skip


_TRIED, _NAMED, _LONGEST_NAME, _LINE = 12, 6, 150, 14


def _days(rows: Sequence[dict[str, Any]], today: date, words: Words) -> dict[str, Any]:
    """The form of the days on the axis. By itself, Vega writes months without their year."""
    days = [*(row["close"] for row in rows), today.isoformat()]
    span = (date.fromisoformat(max(days)) - date.fromisoformat(min(days))).days
    spaced = {"labelOverlap": True, "labelSeparation": 8}
    if span <= _FEW_DAYS:
        names = json.dumps(words.days_of_months())
        expression = f"{names}[utcmonth(datum.value)][utcdate(datum.value) - 1]"
        form = {"format": "%d %b"} if names == "null" else {"labelExpr": expression}
        return {**form, "tickMinStep": _DAY, **spaced}
    if span > _MANY_DAYS:  # one deal of the year 9999 would have a mark for each quarter until then
        return {"format": "%Y", "tickCount": 8, **spaced}
    return {"format": "%Y-%m", "tickCount": {"interval": "month", "step": 1 if span <= 1000 else 3}, **spaced}


_FEW_DAYS, _MANY_DAYS = 200, 7300
_DAY = 24 * 60 * 60 * 1000


def _without_date(
    rows: Sequence[dict[str, Any]], stages: Sequence[str], scales: _Scales, theme: Theme, *, is_alone: bool
) -> Any:
    import altair as alt

    lane = _lane(stages, has_axis=is_alone)
    width = theme.width if is_alone else _UNDATED_WIDTH
    scale, along = alt.Scale(padding=18), [row["along"] for row in rows]
    axis = alt.Axis(title=scales.say("no expected close"), labels=False, ticks=False, grid=False)
    x, across = alt.X("along:Q", scale=scale, axis=axis), alt.X("along:Q", scale=scale)
    points = _circles(rows, x, lane, scales, theme)
    names = _names(rows, across, along, stages, theme, width) if is_alone else []
    return alt.layer(points, *names).properties(width=width, height=_height(stages))


def _lane(stages: Sequence[str], *, has_axis: bool = True) -> Any:
    import altair as alt

    axis = alt.Axis(title=None, grid=True, domain=False, ticks=False, bandPosition=0.5)
    scale = alt.Scale(domain=list(stages), paddingInner=1 - _BAND, paddingOuter=_EDGE)
    return alt.Y("stage:N", scale=scale, axis=axis if has_axis else None)


def _offset() -> Any:
    import altair as alt

    return alt.YOffset("down:Q", scale=alt.Scale(domain=[0, 1]))


def _height(stages: Sequence[str]) -> int:
    return max(len(stages), 1) * _LANE


def _subtitle(dots: Sequence[Dot], say: Callable[[str], str]) -> str:
    counts = {
        "{n} without a score (grey)": sum(dot.score is None for dot in dots),
        "{n} without an amount": sum(dot.amount is None for dot in dots),
    }
    without = [say(text).format(n=count) for text, count in counts.items() if count]
    legend = say("colour: lead score; circle: amount; dashed: today")
    return "; ".join([legend, *without]) if dots else say("no open deal")
