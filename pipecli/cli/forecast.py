"""`pipecli forecast`: what the open deals will bring, weighted by probability, and what was won."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipecli.cli.command import noun
from pipecli.cli.forecast_rows import MANAGER, Names, columns_of, label, record_of
from pipecli.cli.output import Format, print_records, write_text
from pipecli.cli.report_options import Currency, by_option, currency_code, days, grouping
from pipecli.cli.report_page import fitted
from pipecli.cli.session import Session, session, warn
from pipecli.cli.table import money
from pipecli.cli.whose import Report, whose
from pipecli.records.kinds import CUSTOMER, OPPORTUNITY, Kind
from pipecli.records.money import minor_digits
from pipecli.reports.forecast import GROUPINGS, OVERDUE, WITHOUT_DATE, Forecast, Window
from pipecli.store.index.deals import deals

if TYPE_CHECKING:
    from pipecli.cli.forecast_targets import Targeted
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
        from pipecli.cli.forecast_compare import print_comparison
        from pipecli.cli.forecast_targets import Targeted

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
        deals(pipeline.index.connection, whose(run), window, with_products=by == "product"),
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
    from pipecli.cli.forecast_targets import with_targets

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
        from pipecli.cli.forecast_chart import bars

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
