"""`pipecli chart`: the reports as pictures, in a file for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from inspect import Parameter
from typing import Any, Literal

from pipecli.cli.common.command import Report, noun, option_of, with_options
from pipecli.cli.common.output import ending_of, write_whole
from pipecli.cli.common.session import Session, owner_filter, say
from pipecli.cli.report.dashboard_tables import row_label
from pipecli.cli.report.forecast_rows_and_targets import ForecastNames, even_shares, forecast_of, with_targets
from pipecli.cli.report.funnel_and_velocity import funnel_of, steps_of
from pipecli.cli.report.lost_stale_and_receivables import lost_of
from pipecli.cli.report.options_and_columns import Asked, KeyNames, ReportOptions
from pipecli.extras import require_extra
from pipecli.outbox.charts import ENDINGS, Part, bar_chart, chart_file, column_chart, distinct
from pipecli.outbox.dashboard_page import Picture
from pipecli.outbox.pipeline_chart import Dot, pipeline_chart
from pipecli.records.days import PERIODS, Days
from pipecli.records.kinds import LEAD, OPPORTUNITY, Kind
from pipecli.reports.deal import Deal, Valuation
from pipecli.reports.forecast import GROUPINGS as FORECAST_GROUPINGS
from pipecli.reports.forecast import Forecast, window_of
from pipecli.reports.lost_stale_and_receivables import LOST_GROUPINGS, Lost
from pipecli.store.index.owner_filter_and_list_sql import OwnerFilter
from pipecli.store.index.rows_for_reports import open_deals
from pipecli.store.index.rows_for_verbs import labels
from pipecli.translation import Words, user_language, words_of

_MOST_COLUMNS = 24
"""Of owners, customers and the like, the heaviest first: more can't be told apart."""
_ENDED = ("lost", "closed", "open")
"""Steps that lead out of the funnel, or nowhere yet."""
_MOST_SERIES = 7
"""Colours that can be told apart; what is rarer is drawn as one."""
_MOST_BARS = 40


def forecast_picture(run: Session, forecast: Forecast, words: Words) -> Picture:
    """The chart of a forecast. Raises MissingRate for a target."""
    worded = partial(words.named, "chart")
    every = with_targets(run, forecast, forecast.by, ForecastNames(run, forecast.by)).rows
    drawn = every if forecast.by in PERIODS else every[:_MOST_COLUMNS]
    names = distinct([row_label(row, forecast.by, words) for row in drawn])
    shares = even_shares(run, forecast) if forecast.by == "month" else {}

    def part(name: str, series: str, amount: Decimal) -> Part:
        text = f"{name.rstrip()}, {series}: {words.money(amount, forecast.currency)}"
        return Part(name, series, float(amount), text)

    named = list(zip(drawn, names, strict=True))
    parts = [
        part(name, worded(series), row[key])
        for series, key in (("won", "won_amount"), ("weighted", "weighted"))
        for row, name in named
    ]
    targets = [part(name, worded("target"), row["target"]) for row, name in named if "target" in row]
    even = worded("an even part of the target of {period}")
    for row, name in named:
        if row["key"] in shares:
            period, amount = shares[row["key"]]
            targets.append(part(name, even.format(period=words.period(period)), amount))
    by = words.named("by", forecast.by)
    title = worded("Forecast {by} in {currency}").format(by=by, currency=forecast.currency)
    notes = ["won, and weighted by probability" if drawn else "nothing is expected, and nothing was won"]
    if targets:
        notes.append("the bar across is the target")
    if shares:
        notes.append("where a month has none, an even part of its quarter's or year's")
    first = worded("the first {n} of {all}").format(n=len(drawn), all=len(every))
    subtitle = "; ".join([*map(worded, notes), *([first] if len(drawn) < len(every) else [])])
    return Picture(
        title,
        lambda theme: column_chart(
            parts, title=title, subtitle=subtitle, axis=forecast.currency, theme=theme, targets=targets
        ),
    )


def funnel_picture(run: Session, period: Days, words: Words) -> Picture:
    """The chart of the funnel of what was created on these days."""
    worded = partial(words.named, "chart")
    names = KeyNames(run, "stage")
    valuation = Valuation(run.pipeline.rates)
    funnel = funnel_of(run, "step", period, valuation, names, has_stages=True)
    steps = [step for step in steps_of(funnel, names) if step["key"] not in _ENDED]
    several = len({stage.process for stage in funnel.stages}) > 1
    called = [_step_label(step, names, words, is_named=several) for step in steps]
    parts = [
        Part(name, worded(step["half"]), step["count"], f"{name}: {_with_share(step, words)}")
        for name, step in zip(called, steps, strict=True)
    ]
    when = worded("created {period}" if any(period) else "of all that was created")
    percent = worded("percent of the leads, and of the opportunities")
    what = f"{when.format(period=words.span(*period))}; {percent}" if steps else worded("nothing was created")
    figures = [_with_share(step, words) for step in steps]
    return Picture(
        worded("Funnel"),
        lambda theme: bar_chart(parts, title=worded("Funnel"), subtitle=what, theme=theme, labels=figures),
    )


def _step_label(step: Mapping[str, Any], names: KeyNames, words: Words, *, is_named: bool) -> str:
    if step["process"] is not None:
        process = f"{step['process']}: " if is_named else ""
        further = words.named("chart", "{stage} or further")
        return process + further.format(stage=names.label(step["key"], step["process"]))
    half, key = (words.named("chart", str(step[name])) for name in ("half", "key"))
    return key if half == key else f"{half}: {key}"


def _with_share(step: Mapping[str, Any], words: Words) -> str:
    share = "" if step["share"] is None else f" ({words.percent(step['share'])})"
    return f"{words.figure(step['count'])}{share}"


def lost_picture(lost: Lost, names: KeyNames, currency: str, period: Days, words: Words) -> Picture:
    """The chart of a report on what was lost."""
    lost_rows = [row for row in lost.rows if row.lost_count]
    worded = partial(words.named, "chart")
    title = worded("Lost deals {by}").format(by=words.named("by", lost.by))
    title += f", {words.span(*period)}" if any(period) else ""
    total = worded("{n} lost, worth {amount}").format(
        n=words.figure(lost.totals.lost_count), amount=words.money(lost.totals.lost_amount, currency)
    )
    if lost.trend:
        named = [(row, names.label(row.key, row.process)) for row in lost_rows]
        frequent = Counter[str]()
        for row, name in named:
            frequent[name] += row.lost_count
        told_apart = {name for name, _ in frequent.most_common(_MOST_SERIES)}
        parts = [
            Part(
                words.period(row.period or ""), name if name in told_apart else worded("other"),
                row.lost_count,
                f"{words.period(row.period or '')}, {name}: {words.figure(row.lost_count)}, "
                f"{words.money(row.lost_amount, currency)}",
            )
            for row, name in named
        ]  # fmt: skip
        parts.sort(key=lambda part: (-frequent[part.series], part.series, part.bar))
        return Picture(
            f"{title}, {words.named('by', lost.trend)}",
            lambda theme: column_chart(
                parts, title=title, subtitle=total, axis=worded("lost deals"), theme=theme, money=False,
                order=[words.period(row.period or "") for row in lost.periods],
            ),
        )  # fmt: skip
    shown = lost_rows[:_MOST_BARS]
    labels = [
        f"{words.figure(row.lost_count)} ({words.percent(row.share or 0)}), "
        f"{words.money(row.lost_amount, currency)}"
        for row in shown
    ]
    called = [names.label(row.key, row.process) for row in shown]
    bars = [
        Part(name, "lost", row.lost_count, f"{name}: {text}")
        for name, row, text in zip(called, shown, labels, strict=True)
    ]
    more = worded("the {n} most frequent of {all}").format(n=_MOST_BARS, all=len(lost_rows))
    notes = [total, worded("percent of all lost"), *([more] if len(lost_rows) > _MOST_BARS else [])]
    return Picture(
        title,
        lambda theme: bar_chart(bars, title=title, subtitle="; ".join(notes), theme=theme, labels=labels),
    )


def pipeline_picture(
    run: Session, of: OwnerFilter, period: Days, currency: str | None, words: Words
) -> Picture:
    """The chart of the open deals that close on these days. Raises PipecliError for a missing rate."""
    worded = partial(words.named, "chart")
    valuation = Valuation(run.pipeline.rates, currency)
    names, deals = KeyNames(run, "stage"), open_deals(run.connection, of, period)
    processes = {deal.process for deal in deals}
    customers = labels(run.connection, "customer")

    def lane(process: str | None, stage: str | None) -> str:
        label = names.label(stage, process)
        return label if len(processes) < 2 else f"{process}: {label}"

    def dot(deal: Deal) -> Dot:
        amount = valuation.amount(deal, run.today)
        who = customers.get(deal.customer or "", deal.customer)
        score = worded("no score") if deal.score is None else worded("score {n}").format(n=deal.score)
        close = (
            worded("close {day}").format(day=words.day(deal.close))
            if deal.close
            else worded("no expected close")
        )
        lines = [
            f"{deal.title} ({deal.id})",
            *([who] if who else []),
            f"{worded('no amount') if amount is None else words.money(amount, valuation.currency)}, {score}",
            f"{names.label(deal.stage, deal.process)}, {close}, {deal.owner or words.without_owner}",
        ]
        return Dot(
            deal.id,
            lane(deal.process, deal.stage),
            deal.score,
            amount,
            deal.close,
            deal.title,
            "\n".join(lines),
        )

    dots = [dot(deal) for deal in deals]
    lanes = [lane(*key) for key in names.stages() if key[0] in processes]
    lanes += sorted({dot.stage for dot in dots} - set(lanes))
    title = words.count("chart_open_deals", len(dots), currency=valuation.currency)
    return Picture(
        title,
        lambda theme: pipeline_chart(dots, lanes, title=title, today=run.today, theme=theme, words=words),
    )


app = noun()


Shade = Literal["light", "dark"]
Drawing = Callable[[Asked, Words], Picture]
"""The picture of what is asked, in the words of the person who draws it."""
_WHERE = "The file to write: .svg, .png or .html."
_OUTPUT = option_of("output", Parameter.empty, "--output", "-o", help=_WHERE, metavar="FILE")
_FOR = "For .svg and .png; a page follows its reader."
_THEME = option_of("theme", "light", "--theme", help=_FOR, of=Shade)


def charting(*kinds: Kind, **about: Any) -> Callable[[Drawing], Callable[..., None]]:
    """Register a verb of its name that writes the picture of what is asked with these options."""
    options = ReportOptions(kinds, **about)

    def charting_(picture: Drawing) -> Callable[..., None]:
        name = picture.__name__.removeprefix("chart_")

        def command(run: Session, output: str, theme: Shade, **given: str) -> None:
            options.require_words(**given)  # before any work is done, as is what can't be written
            ending = ending_of(output, ENDINGS, name)
            require_extra("charts")
            asked = options.asked(run, given)
            words = words_of(user_language(asked.run.pipeline.settings_as_written, asked.run.me()))
            drawn = picture(asked, words)
            write_whole(output, chart_file(drawn.drawn, ending, theme, drawn.title, words.language))
            say(f"{output}: {drawn.title}")

        shared = [_OUTPUT, *options.listed(), _THEME]
        return app.command(name, cls=Report)(with_options(command, picture, shared))

    return charting_


@charting(OPPORTUNITY, days="expected to close")
def chart_pipeline(asked: Asked, words: Words) -> Picture:
    """Draw the open deals by expected close, stage, amount and score.

    Each deal is a circle, sized by amount and coloured by lead score, in the lane of its stage; deals without
    an expected close have a field of their own. In a page, pointing at a circle shows the deal.
    """
    run = asked.run
    return pipeline_picture(run, owner_filter(run), asked.period, asked.target, words)


@charting(OPPORTUNITY, by="month", groupings=FORECAST_GROUPINGS, days="closing")
def chart_forecast(asked: Asked, words: Words) -> Picture:
    """Draw the forecast: won and weighted amounts, and the targets."""
    window = window_of(asked.by, asked.period, asked.run.today)
    report = forecast_of(asked.run, asked.pipeline, asked.by, window, asked.target)
    return forecast_picture(asked.run, report, words)


@charting(LEAD, OPPORTUNITY, has_currency=False)
def chart_funnel(asked: Asked, words: Words) -> Picture:
    """Draw the funnel: how far leads and opportunities got. Those that were created between --from and
    --to."""
    return funnel_picture(asked.run, asked.period, words)


@charting(OPPORTUNITY, by="reason", groupings=LOST_GROUPINGS, trends=PERIODS)
def chart_lost(asked: Asked, words: Words) -> Picture:
    """Draw what was lost, by reason, competitor, product and the like."""
    return lost_picture(lost_of(asked), asked.names, asked.currency, asked.period, words)
