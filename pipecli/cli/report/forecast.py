"""`pipecli forecast`: the open deals, weighted, and what was won; as bars, or beside an earlier forecast."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import typer

from pipecli.cli.common.command import Report, flag, noun, option
from pipecli.cli.common.output import Format, wrapped
from pipecli.cli.common.session import warn
from pipecli.cli.common.table import Column, cut, display_width, isolated, money, rounded_to_three
from pipecli.cli.common.terminal_and_own_config import terminal_width
from pipecli.cli.report.forecast_rows_and_targets import (
    MANAGER,
    EarlierNames,
    Targeted,
    columns_of,
    forecast_of,
    label,
    record_of,
    with_targets,
)
from pipecli.cli.report.forecast_rows_and_targets import ForecastNames as Names
from pipecli.cli.report.options_and_columns import (
    Asked,
    asking,
    money_column,
    period_text,
    won_without_amount,
)
from pipecli.harmless_text import terminal_line
from pipecli.records.days import Days
from pipecli.records.kinds import CUSTOMER, OPPORTUNITY
from pipecli.records.money import minor_digits
from pipecli.reports.forecast import (
    FIGURES,
    GROUPINGS,
    OVERDUE,
    WITHOUT_DATE,
    Compared,
    Forecast,
    ForecastRow,
    compare_forecasts,
    window_of,
)
from pipecli.wording import count

if TYPE_CHECKING:
    from pipecli.history.pipeline_as_of import PastPipeline

_BY = (*GROUPINGS, MANAGER)

app = noun()


@app.command(cls=Report)
@asking(OPPORTUNITY, by="month", groupings=_BY, days="closing")
def forecast(
    asked: Asked,
    compare: str | None = option("Compare with this date, time or revision of git.", "WHEN"),
    chart: bool = flag("--chart", "Draw bars below the table."),
) -> None:
    """Print what open deals should bring, by expected close, and what was won.

    The weighted amount is the amount times the probability. Without --from and --to it counts every open
    deal, and the deals won since the first of this month (by quarter: of this quarter). By month, quarter,
    owner, team and manager it also shows the targets in the settings, and how much of them was reached.
    """
    by, run = asked.by, asked.run
    if compare is not None and (chart or by == MANAGER):
        raise typer.BadParameter("goes with neither --chart nor --by manager", param_hint="--compare")
    window = window_of(by, asked.period, run.today)
    report = forecast_of(run, asked.pipeline, by, window, asked.target)
    names = Names(run, by)
    if compare is not None:
        past = run.past_pipeline(compare)
        warn(past.require_readable(OPPORTUNITY, *([CUSTOMER] if by == "customer" else [])))
        then = forecast_of(run, past, by, window, report.currency, EarlierNames(asked.pipeline, past, names))
        _print_comparison(asked, past, then, report, lambda row: label(record_of(row, by, names), by))
        return
    targeted = with_targets(run, report, by, names)
    period = period_text(Days(report.window.first, report.window.last))
    days = f", closing {period}" if report.window.is_asked else f" on {report.today}; won {period}"
    caption = f"Forecast by {by} in {report.currency}{days}"
    flat = run.format in (Format.CSV, Format.TSV)
    asked.print(
        caption,
        [{**row, **row.get("categories", {})} for row in targeted.rows] if flat else targeted.rows,
        columns_of(report, by, targeted.rows, names),
        totals={name: value for name, value in targeted.total.items() if name not in ("key", "process")},
        about=_json(report, targeted),
        drawing=bars(targeted.rows, by, minor_digits(report.currency)) if chart else "",
        remarks=_remarks(report, targeted),
        is_distinct=False,
    )


def _json(report: Forecast, targeted: Targeted) -> dict[str, Any]:
    return {
        "today": report.today,
        "from": report.window.first,
        "to": report.window.last,
        **({"bases": {"attainment_percent": targeted.base}} if targeted.base else {}),
        "overdue": report.overdue._asdict(),
        "without_date": report.without_date._asdict(),
        "without_amount": {"open_count": report.without_amount},
        "on_hold": report.on_hold._asdict(),
    }


def _remarks(report: Forecast, targeted: Targeted) -> list[str]:
    """The notes below the rows: no deal is left out without a word."""
    won = "what those who have one won" if targeted.is_part else "what was won"
    lines = [f"of target: {won}, of {targeted.base}"] if targeted.base else []
    for apart, key, what in (
        (report.overdue, OVERDUE, "overdue"),
        (report.without_date, WITHOUT_DATE, "without an expected close"),
    ):
        if apart.open_count and not any(row.key == key for row in report.rows):
            amount = money(apart.amount, report.currency, minor_digits(report.currency))
            lines.append(f"in all, {count(apart.open_count, 'open deal')} {what}: {amount}")
    lines += won_without_amount(report.totals.won_without_amount_count)
    if report.without_amount:
        lines.append(f"in all, {count(report.without_amount, 'open deal')} without an amount: counted as 0")
    if report.on_hold.open_count:
        amount = money(report.on_hold.amount, report.currency, minor_digits(report.currency))
        lines.append(f"apart, {count(report.on_hold.open_count, 'deal')} on hold: {amount}")
    return lines


_WON, _WEIGHTED, _TARGET = "█", "▒", "│"
_DEFAULT_WIDTH = 80
_LONGEST_LABEL = 24
_LEAST_BAR = 10
_GAPS = 4


def bars(rows: Sequence[Mapping[str, Any]], by: str, digits: int) -> str:
    """A line a row: its name, the bar, and won + weighted in figures. All bars have one scale."""
    width = terminal_width() or _DEFAULT_WIDTH
    names = [cut(terminal_line(label(row, by)), min(_LONGEST_LABEL, max(width // 3, 1))) for row in rows]
    left = max(map(display_width, names), default=0)
    both = [row["won_amount"] + row["weighted"] for row in rows]
    sums = [money(amount, None, digits) for amount in both]
    if width - left - max(map(len, sums), default=0) - _GAPS < _LEAST_BAR:
        sums = [rounded_to_three(amount) for amount in both]
    right = max(map(len, sums), default=0)
    room = max(width - left - right - _GAPS, _LEAST_BAR)
    longest = max(
        [Decimal(0), *(max(row["won_amount"] + row["weighted"], row.get("target", 0)) for row in rows)]
    )
    has_targets = any("target" in row for row in rows)
    key = f"{_WON} won  {_WEIGHTED} weighted" + (f"  {_TARGET} target" if has_targets else "")
    lines = wrapped(f"{key}; the figure is won + weighted", width)
    for row, name, amount in zip(rows, names, sums, strict=True):
        pad = " " * (left - display_width(name))
        bar = _bar(row, longest, room)
        lines.append(f"{isolated(name)}{pad}  {bar}{' ' * (room - len(bar))}  {amount:>{right}}".rstrip())
    return "".join(f"{line}\n" for line in lines)


def _bar(row: Mapping[str, Any], longest: Decimal, room: int) -> str:
    if not longest:
        return ""
    won = _cells(row["won_amount"], longest, room)
    both = _cells(row["won_amount"] + row["weighted"], longest, room)
    bar = _WON * won + _WEIGHTED * max(both - won, 0)
    if "target" in row:
        place = min(_cells(row["target"], longest, room), room - 1)
        bar = bar.ljust(place + 1)
        bar = bar[:place] + _TARGET + bar[place + 1 :]
    return bar


def _cells(amount: Decimal, longest: Decimal, room: int) -> int:
    """The cells that an amount takes: at least one where it is more than 0."""
    return max(int(amount * room / longest), 1) if amount > 0 else 0


def _print_comparison(
    asked: Asked, past: PastPipeline, then: Forecast, now: Forecast, label: Callable[[ForecastRow], object]
) -> None:
    """Print two forecasts of the same grouping and window; `label` has the words for the key of a row."""
    rows = compare_forecasts(then, now)
    totals = Compared(then.totals, now.totals)
    if is_json := asked.run.format is Format.JSON:
        records = [
            {"key": row.row.key, "process": row.row.process, "name": label(row.row), **_figures(row)}
            for row in rows
        ]
    else:
        is_read = asked.run.format not in (Format.TABLE, Format.MARKDOWN)
        records = [_cells_of(row, row.row.key if is_read else label(row.row)) for row in rows]
    asked.print(
        f"Forecast by {now.by} in {now.currency}: then ({then.today}) and now ({now.today})",
        records,
        _columns(now, is_narrow=asked.is_table),
        totals=_figures(totals) if is_json else _cells_of(totals, "total"),
        about={
            **_json(now, Targeted([], {}, "")),
            "compared": {
                "commit": past.standing.commit,
                "today": then.today,
                "committed": past.standing.at.isoformat(),
            },
        },
        is_distinct=False,
    )


def _figures(compared: Compared) -> dict[str, Any]:
    """The figures of now as a forecast has them, with those of then and the change beside them."""
    return {
        **{name: compared.figure(name) for name in FIGURES},
        "then": {name: compared.figure(name, then=True) for name in FIGURES},
        "change": {name: compared.change(name) for name in FIGURES},
    }


def _cells_of(compared: Compared, key: object) -> dict[str, Any]:
    cells: dict[str, Any] = {"key": key}
    for name in FIGURES:
        cells |= {
            f"{name}_then": compared.figure(name, then=True),
            name: compared.figure(name),
            f"{name}_change": compared.change(name),
        }
    return cells


def _columns(report: Forecast, *, is_narrow: bool) -> list[Column]:
    sum_of = partial(money_column, currency=report.currency)
    amounts = [
        sum_of("amount_then", "AMOUNT THEN"),
        sum_of("amount", "AMOUNT NOW"),
        sum_of("amount_change", "CHANGE", signed=True),
    ]
    return [
        Column("key", report.by.upper(), shrink=True),
        *([] if is_narrow else amounts),
        sum_of("weighted_then", "WEIGHTED THEN"),
        sum_of("weighted", "WEIGHTED NOW"),
        sum_of("weighted_change", "CHANGE", signed=True),
        sum_of("won_amount_then", "WON THEN", rank=1),
        sum_of("won_amount", "WON NOW", rank=1),
    ]
