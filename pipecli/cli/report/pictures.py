"""The charts, ready to be drawn, from what the reports count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from pipecli.cli.common.session import Session
from pipecli.cli.common.table import money
from pipecli.cli.report.printing import Names, period_text
from pipecli.cli.report.rows import ForecastNames, even_shares, funnel_of, label, steps_of, with_targets
from pipecli.records.money import minor_digits
from pipecli.reports.days import Days
from pipecli.reports.deals import Deal
from pipecli.reports.forecast import PERIODS, Forecast
from pipecli.reports.lost import Lost
from pipecli.reports.money import Valuation
from pipecli.store.index.deals import OwnerFilter, open_deals
from pipecli.store.index.records import labels

if TYPE_CHECKING:
    from pipecli.outbox.charts.drawing import Drawn

_MOST_COLUMNS = 24
"""Of owners, customers and the like, the heaviest first: more can't be told apart."""
_ENDED = ("lost", "closed", "open")
"""Steps that lead out of the funnel, or nowhere yet."""
_MOST_SERIES = 7
"""Colours that can be told apart; what is rarer is drawn as one."""
_MOST_BARS = 40


class Picture(NamedTuple):
    """A chart that is ready to be drawn in any theme."""

    title: str
    drawn: Drawn


def forecast_picture(run: Session, forecast: Forecast) -> Picture:
    """The chart of a forecast. Raises MissingRate for a target."""
    from pipecli.outbox.charts.bars import Part, columns, distinct

    every = with_targets(run, forecast, forecast.by, ForecastNames(run, forecast.by)).rows
    drawn = every if forecast.by in PERIODS else every[:_MOST_COLUMNS]
    names = distinct([label(row, forecast.by) for row in drawn])
    shares = even_shares(run, forecast) if forecast.by == "month" else {}

    def part(row: dict[str, Any], name: str, series: str, amount: Decimal) -> Part:
        words = f"{label(row, forecast.by)}, {series}: {amount_in(amount, forecast.currency)}"
        return Part(name, series, float(amount), words)

    parts = [
        part(row, name, series, row[key])
        for series, key in (("won", "won_amount"), ("weighted", "weighted"))
        for row, name in zip(drawn, names, strict=True)
    ]
    targets = [
        part(row, name, "target", row["target"])
        for row, name in zip(drawn, names, strict=True)
        if "target" in row
    ] + [
        part(
            row, name, f"an even part of the target of {shares[row['key']].period}", shares[row["key"]].amount
        )
        for row, name in zip(drawn, names, strict=True)
        if row["key"] in shares
    ]
    title = f"Forecast by {forecast.by} in {forecast.currency}"
    subtitle = "; ".join(
        [
            "won, and weighted by probability" if drawn else "nothing is expected, and nothing was won",
            *(["the bar across is the target"] if targets else []),
            *(["where a month has none, an even part of its quarter's or year's"] if shares else []),
            *([f"the first {len(drawn)} of {len(every)}"] if len(drawn) < len(every) else []),
        ]
    )
    return Picture(
        title,
        lambda theme: columns(
            parts, title=title, subtitle=subtitle, axis=forecast.currency, theme=theme, targets=targets
        ),
    )


def funnel_picture(run: Session, asked: Days) -> Picture:
    """The chart of the funnel of what was created on these days."""
    from pipecli.outbox.charts.bars import Part, rows

    names = Names(run, "stage")
    valuation = Valuation(run.pipeline.rates)
    funnel = funnel_of(run, "step", asked, valuation, names, has_stages=True)
    steps = [step for step in steps_of(funnel, names) if step["key"] not in _ENDED]
    several = len({stage.process for stage in funnel.stages}) > 1
    called = [_step_label(step, names, is_named=several) for step in steps]
    parts = [
        Part(name, step["half"], step["count"], f"{name}: {step['count']}, {_share(step)}")
        for name, step in zip(called, steps, strict=True)
    ]
    when = f"created {period_text(asked)}" if period_text(asked) else "of all that was created"
    what = f"{when}; percent of the leads, and of the opportunities" if steps else "nothing was created"
    figures = [f"{step['count']} ({_share(step)})" if _share(step) else f"{step['count']}" for step in steps]
    return Picture(
        "Funnel", lambda theme: rows(parts, title="Funnel", subtitle=what, theme=theme, labels=figures)
    )


def _step_label(step: Mapping[str, Any], names: Names, *, is_named: bool) -> str:
    if step["process"] is not None:
        process = f"{step['process']}: " if is_named else ""
        return f"{process}{names.label(step['key'], step['process'])} or further"
    if step["key"] == step["half"]:
        return str(step["key"])
    return f"{step['half']}: {step['key']}"


def _share(step: Mapping[str, Any]) -> str:
    return "" if step["share"] is None else f"{step['share']} %"


def lost_picture(lost: Lost, names: Names, currency: str, when: str) -> Picture:
    """The chart of a report on what was lost."""
    from pipecli.outbox.charts.bars import Part, columns, rows

    lost_rows = [row for row in lost.rows if row.lost_count]
    title = f"Lost deals by {lost.by}" + (f", {when}" if when else "")
    total = f"{lost.totals.lost_count} lost, worth {amount_in(lost.totals.lost_amount, currency)}"
    if lost.trend:
        frequent = Counter[str]()
        for row in lost_rows:
            frequent[names.label(row.key, row.process)] += row.lost_count
        told_apart = {name for name, _ in frequent.most_common(_MOST_SERIES)}
        parts = []
        for row in lost_rows:
            name = names.label(row.key, row.process)
            words = f"{row.period}, {name}: {row.lost_count}, {amount_in(row.lost_amount, currency)}"
            parts.append(
                Part(row.period or "", name if name in told_apart else "other", row.lost_count, words)
            )
        parts.sort(key=lambda part: (-frequent[part.series], part.series, part.bar))
        return Picture(
            f"{title}, by {lost.trend}",
            lambda theme: columns(
                parts, title=title, subtitle=total, axis="lost deals", theme=theme, money=False,
                order=[row.period or "" for row in lost.periods],
            ),
        )  # fmt: skip
    shown = lost_rows[:_MOST_BARS]
    bars = [
        Part(
            names.label(row.key, row.process), "lost", row.lost_count,
            f"{names.label(row.key, row.process)}: {row.lost_count}, {amount_in(row.lost_amount, currency)}",
        )
        for row in shown
    ]  # fmt: skip
    labels = [f"{row.lost_count} ({row.share} %), {amount_in(row.lost_amount, currency)}" for row in shown]
    more = f"; the {_MOST_BARS} most frequent of {len(lost_rows)}" if len(lost_rows) > _MOST_BARS else ""
    return Picture(
        title,
        lambda theme: rows(
            bars, title=title, subtitle=f"{total}; percent of all lost{more}", theme=theme, labels=labels
        ),
    )


def pipeline_picture(run: Session, of: OwnerFilter, asked: Days, currency: str | None) -> Picture:
    """The chart of the open deals that close on these days. Raises PipecliError for a missing rate."""
    from pipecli.outbox.charts.pipeline import Dot, pipeline_chart

    valuation = Valuation(run.pipeline.rates, currency)
    names, deals = Names(run, "stage"), open_deals(run.pipeline.index.connection, of, asked)
    processes = {deal.process for deal in deals}
    customers = labels(run.pipeline.index.connection, "customer")

    def lane(process: str | None, stage: str | None) -> str:
        label = names.label(stage, process)
        return label if len(processes) < 2 else f"{process}: {label}"

    def dot(deal: Deal) -> Dot:
        amount = valuation.amount(deal, run.today)
        who = customers.get(deal.customer or "", deal.customer)
        score = "no score" if deal.score is None else f"score {deal.score}"
        words = [
            f"{deal.title} ({deal.id})",
            *([who] if who else []),
            f"{amount_in(amount, valuation.currency)}, {score}",
            f"{names.label(deal.stage, deal.process)}, {_close(deal)}, {deal.owner or 'no owner'}",
        ]
        return Dot(deal.id, lane(deal.process, deal.stage), deal.score, amount, deal.close, "\n".join(words))

    dots = [dot(deal) for deal in deals]
    lanes = [lane(*key) for key in names.stages() if key[0] in processes]
    lanes += sorted({dot.stage for dot in dots} - set(lanes))
    title = f"{len(dots)} open deal{'s' * (len(dots) != 1)} by expected close, in {valuation.currency}"
    return Picture(
        title, lambda theme: pipeline_chart(dots, lanes, title=title, today=run.today, theme=theme)
    )


def _close(deal: Deal) -> str:
    return f"close {deal.close}" if deal.close else "no expected close"


def amount_in(value: Decimal | None, currency: str) -> str:
    return "no amount" if value is None else money(value, currency, minor_digits(currency))
