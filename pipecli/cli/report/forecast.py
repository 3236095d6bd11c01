"""`pipecli forecast`: what the open deals will bring, weighted by probability, and what was won.

`forecast --chart`: the rows as bars of a terminal, what was won before what is weighted.

`forecast --compare`: the forecast of another moment beside this one, with the difference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipecli.cli.common.command import noun
from pipecli.cli.common.list import Report, owner_filter
from pipecli.cli.common.output import Format, print_records, terminal_width, write_text
from pipecli.cli.common.session import Session, session, warn
from pipecli.cli.common.table import Column, clean, cut, display_width, isolated, money, rounded_to_three
from pipecli.cli.report.forecast_rows import MANAGER, Names, columns_of, label, record_of
from pipecli.cli.report.options import Currency, by_option, currency_code, days, fitted, grouping
from pipecli.records.kinds import CUSTOMER, OPPORTUNITY, Kind
from pipecli.records.money import minor_digits
from pipecli.reports.forecast import (
    FIGURES,
    GROUPINGS,
    OVERDUE,
    WITHOUT_DATE,
    Compared,
    Forecast,
    Row,
    Window,
    compare,
)
from pipecli.store.index.deals import forecast_deals

if TYPE_CHECKING:
    from pipecli.cli.report.forecast_rows import Targeted
    from pipecli.history.past import PastPipeline
    from pipecli.store.pipeline import Pipeline

_BY = (*GROUPINGS, MANAGER)

app = noun("Print the forecast, weighted by probability.")


@app.command(cls=Report)
def forecast(
    ctx: typer.Context,
    by: Annotated[str, by_option(_BY)] = "month",
    from_: Annotated[
        str, typer.Option("--from", help="Closing from this day or period on.", metavar="DATE")
    ] = "",
    to: Annotated[str, typer.Option(help="Closing until this day or period.", metavar="DATE")] = "",
    currency: Currency = "",
    compare: Annotated[
        str | None, typer.Option(help="Beside that of this date, time or revision of git.", metavar="WHEN")
    ] = None,
    chart: Annotated[bool, typer.Option("--chart", help="Bars below the table.")] = False,
) -> None:
    """Print what the open deals will bring by their expected close, and what was won.

    The weighted amount is the amount times the probability. Without --from and --to every open deal counts,
    and of the won ones those since the beginning of this month (by quarter: of this quarter).
    By month, quarter, owner, team and manager with the targets of the settings and what was attained.
    """
    grouping(by, _BY)
    if compare is not None and (chart or by == MANAGER):
        raise typer.BadParameter("goes with neither --chart nor --by manager", param_hint="--compare")
    run = session(ctx)
    pipeline = run.read(*_needed(by))
    window, target = window_of(by, from_, to, run.today), currency_code(currency)
    made = made_of(run, pipeline, by, window, target)
    if compare is not None:
        from pipecli.cli.report.forecast_rows import Targeted

        past = run.pipeline_as_of(compare)
        warn(past.need(*_needed(by)))
        names = Names(run, by)
        print_comparison(
            run, past, made_of(run, past, by, window, made.currency), made,
            _json(made, Targeted([], {}, "")),
            lambda row: label(record_of(row, by, names), by),
        )  # fmt: skip
    else:
        _print(run, made, by, has_chart=chart)


def _needed(by: str) -> list[Kind]:
    return [OPPORTUNITY, *([CUSTOMER] if by == "customer" else [])]


def made_of(run: Session, pipeline: Pipeline, by: str, window: Window, currency: str | None) -> Forecast:
    """The forecast of those whom the options name. Raises MissingRate."""
    from pipecli.reports.forecast import forecast as forecast_of

    return forecast_of(
        forecast_deals(pipeline.index.connection, owner_filter(run), window, with_products=by == "product"),
        by="owner" if by == MANAGER else by,
        rates=pipeline.rates,
        today=pipeline.today,
        window=window,
        currency=currency,
        order=Names(run, by).stages() if by == "stage" else (),
    )


def window_of(by: str, from_: str, to: str, today: date) -> Window:
    """The days of `--from` and `--to`. Raises PipecliError."""
    first, last = days(from_, to, today)
    if first:
        return Window(first, last, is_asked=True)
    this_month = today.replace(day=1)
    first = this_month.replace(month=today.month - (today.month - 1) % 3) if by == "quarter" else this_month
    return Window(first if last is None or first <= last else None, last)


def _print(run: Session, made: Forecast, by: str, *, has_chart: bool) -> None:
    from pipecli.cli.report.forecast_rows import with_targets

    names = Names(run, by)
    found = with_targets(run, made, by, names)
    rows, total, base = found
    if run.format is Format.JSON:
        from pipecli.jsontext import dumps

        write_text(dumps(_json(made, found) | {"by": by}) + "\n")
        return
    columns = columns_of(made, by, rows, names)
    if run.format is not Format.TABLE:
        print_records(rows, columns, run.format, id_key="key")
        return
    write_text(f"{fitted(_caption(made, by))}\n")
    print_records([*rows, {**total, "key": "total"}], columns, run.format)
    if has_chart:
        write_text("\n" + bars(rows, by, minor_digits(made.currency)))
    write_text("".join(fitted(line) for line in _remarks(made, base)))


def _json(made: Forecast, found: Targeted) -> dict[str, Any]:
    totals = {name: value for name, value in found.total.items() if name not in ("key", "process")}
    return {
        "by": made.by,
        "currency": made.currency,
        "today": made.today,
        "from": made.window.first,
        "to": made.window.last,
        "rows": found.rows,
        "totals": totals,
        **({"bases": {"attainment_percent": found.base}} if found.base else {}),
        "overdue": made.overdue._asdict(),
        "without_date": made.without_date._asdict(),
        "without_amount": {"open_count": made.without_amount},
    }


def _caption(made: Forecast, by: str) -> str:
    first, last = made.window.first, made.window.last
    days = " ".join([*([f"from {first}"] if first else []), *([f"to {last}"] if last else [])])
    if made.window.is_asked:
        return f"Forecast by {by} in {made.currency}, closing {days}"
    return f"Forecast by {by} in {made.currency} on {made.today}; won {days}"


def _remarks(made: Forecast, base: str) -> list[str]:
    """What a person must know beside the rows: no deal is left out without a word."""
    lines = [f"of target: what was won, of {base}"] if base else []
    for apart, key, what in (
        (made.overdue, OVERDUE, "overdue"),
        (made.without_date, WITHOUT_DATE, "without an expected close"),
    ):
        if apart.open_count and not any(row.key == key for row in made.rows):
            amount = money(apart.amount, made.currency, minor_digits(made.currency))
            lines.append(f"in all, {_deals(apart.open_count)} {what}: {amount}")
    if made.without_amount:
        lines.append(f"in all, {_deals(made.without_amount)} without an amount: counted as 0")
    return ["", *lines] if lines else []


def _deals(count: int) -> str:
    return f"{count} open deal{'s' * (count != 1)}"


_WON, _WEIGHTED, _TARGET = "█", "▒", "│"
_DEFAULT_WIDTH = 80
_LONGEST_LABEL = 24
_LEAST_BAR = 10
_GAPS = 4


def bars(rows: Sequence[Mapping[str, Any]], by: str, digits: int) -> str:
    """A line a row: its name, the bar, and won + weighted in figures. All bars have one scale."""
    width = terminal_width() or _DEFAULT_WIDTH
    names = [cut(clean(label(row, by)), min(_LONGEST_LABEL, max(width // 3, 1))) for row in rows]
    left = max(map(display_width, names), default=0)
    both = [row["won_amount"] + row["weighted"] for row in rows]
    sums = [money(each, None, digits) for each in both]
    if width - left - max(map(len, sums), default=0) - _GAPS < _LEAST_BAR:
        sums = [rounded_to_three(each) for each in both]
    right = max(map(len, sums), default=0)
    room = max(width - left - right - _GAPS, _LEAST_BAR)
    longest = max(
        [Decimal(0), *(max(row["won_amount"] + row["weighted"], row.get("target", 0)) for row in rows)]
    )
    has_targets = any("target" in row for row in rows)
    key = f"{_WON} won  {_WEIGHTED} weighted" + (f"  {_TARGET} target" if has_targets else "")
    lines = [key]
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
    """How many cells an amount takes: one at least of what is anything."""
    return max(int(amount * room / longest), 1) if amount > 0 else 0


Label = Callable[[Row], object]
"""What a person calls the key of a row."""


def print_comparison(
    run: Session, past: PastPipeline, then: Forecast, now: Forecast, json: Mapping[str, Any], label: Label
) -> None:
    """Print two forecasts of the same grouping and window; `json` is that of the present one."""
    rows = compare(then, now)
    totals = Compared(then.totals, now.totals)
    if run.format is Format.JSON:
        from pipecli.jsontext import dumps

        compared = {
            "commit": past.standing.commit,
            "today": then.today,
            "committed": past.standing.at.isoformat(),
        }
        said = {
            **json,
            "compared": compared,
            "rows": [_record(row, label) for row in rows],
            "totals": _record(totals, label, is_total=True),
        }
        write_text(dumps(said) + "\n")
        return
    records = [_forecast_compare_cells(row, label(row.row)) for row in rows]
    if run.format is Format.TABLE:
        records.append(_forecast_compare_cells(totals, "total"))
        caption = f"Forecast by {now.by} in {now.currency}, on {then.today} and on {now.today}"
        write_text(f"{fitted(caption)}\n")
    print_records(records, _columns(now, is_narrow=run.format is Format.TABLE), run.format, id_key="key")


def _record(compared: Compared, label: Label, *, is_total: bool = False) -> dict[str, Any]:
    """The figures of now as a forecast has them, with those of then and the change beside them."""
    about = (
        {}
        if is_total
        else {"key": compared.row.key, "process": compared.row.process, "name": label(compared.row)}
    )
    return {
        **about,
        **{name: compared.figure(name) for name in FIGURES},
        "then": {name: compared.figure(name, then=True) for name in FIGURES},
        "change": {name: compared.change(name) for name in FIGURES},
    }


def _forecast_compare_cells(compared: Compared, key: object) -> dict[str, Any]:
    cells: dict[str, Any] = {"key": key}
    for name in FIGURES:
        cells |= {
            f"{name}_then": compared.figure(name, then=True),
            name: compared.figure(name),
            f"{name}_change": compared.change(name),
        }
    return cells


def _columns(made: Forecast, *, is_narrow: bool) -> list[Column]:
    digits = minor_digits(made.currency)

    def sum_of(name: str, heading: str, *, rank: int = 0, signed: bool = False) -> Column:
        def show(record: Mapping[str, Any]) -> str:
            sign = "+" if signed and record[name] > 0 else ""
            return sign + money(record[name], None, digits)

        return Column(name, heading, align="right", rank=rank, show=show)

    amounts = [
        sum_of("amount_then", "AMOUNT THEN"),
        sum_of("amount", "AMOUNT NOW"),
        sum_of("amount_change", "CHANGE", signed=True),
    ]
    return [
        Column("key", made.by.upper(), shrink=True),
        *([] if is_narrow else amounts),
        sum_of("weighted_then", "WEIGHTED THEN"),
        sum_of("weighted", "WEIGHTED NOW"),
        sum_of("weighted_change", "CHANGE", signed=True),
        sum_of("won_amount_then", "WON THEN", rank=1),
        sum_of("won_amount", "WON NOW", rank=1),
    ]
