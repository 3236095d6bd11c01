"""`pipecli forecast`: what the open deals will bring, weighted by probability, and what was won."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipecli.cli.command import noun
from pipecli.cli.output import Format, print_records, write_text
from pipecli.cli.session import Session, session, warn
from pipecli.cli.table import Column, money
from pipecli.cli.whose import Report, whose
from pipecli.errors import PipecliError
from pipecli.records.kinds import CUSTOMER, OPPORTUNITY, Kind
from pipecli.records.money import minor_digits
from pipecli.reports.forecast import GROUPINGS, OVERDUE, PERIODS, WITHOUT_DATE, Forecast, Key, Row, Window
from pipecli.store.deals import deals

if TYPE_CHECKING:
    from pipecli.store.pipeline import Pipeline

app = noun("Print the forecast, weighted by probability.")


@app.command(cls=Report)
def forecast(
    ctx: typer.Context,
    by: Annotated[str, typer.Option(help=f"One of {', '.join(GROUPINGS)}.", metavar="WHAT")] = "month",
    from_: Annotated[
        str, typer.Option("--from", help="Closing from this day or period on.", metavar="DATE")
    ] = "",
    to: Annotated[str, typer.Option(help="Closing until this day or period.", metavar="DATE")] = "",
    currency: Annotated[str, typer.Option(help="In this currency, not the base.", metavar="CODE")] = "",
    compare: Annotated[
        str, typer.Option(help="Beside that of this date, time or revision of git.", metavar="WHEN")
    ] = "",
) -> None:
    """Print what the open deals will bring by their expected close, and what was won.

    The weighted amount is the amount times the probability. Without --from and --to every open deal counts,
    and of the won ones those since the beginning of this month (by quarter: of this quarter).
    """
    if by not in GROUPINGS:
        raise typer.BadParameter(f'"{by}" is none of {", ".join(GROUPINGS)}', param_hint="--by")
    run = session(ctx)
    pipeline = run.read(*_needed(by))
    window, target = _window(by, from_, to, run.today), _currency(currency)
    made = _made(run, pipeline, by, window, target)
    if compare:
        from pipecli.cli.forecast_compare import print_comparison

        past = run.pipeline_as_of(compare)
        warn(past.need(*_needed(by)))
        names = _Names(run, by)
        print_comparison(
            run, past, _made(run, past, by, window, made.currency), made, _json(made, []),
            lambda row: _label(_record(row, by, names), by),
        )  # fmt: skip
    else:
        _print(run, made)


def _needed(by: str) -> list[Kind]:
    return [OPPORTUNITY, *([CUSTOMER] if by == "customer" else [])]


def _made(run: Session, pipeline: Pipeline, by: str, window: Window, currency: str | None) -> Forecast:
    from pipecli.reports.forecast import forecast as forecast_of

    return forecast_of(
        deals(pipeline.index.connection, whose(run), window, with_products=by == "product"),
        by=by,
        rates=pipeline.rates,
        today=pipeline.today,
        window=window,
        currency=currency,
        order=_stages(pipeline.settings_as_written) if by == "stage" else (),
    )


def _currency(text: str) -> str | None:
    code = text.upper()
    if code and not (len(code) == 3 and code.isascii() and code.isalpha()):
        raise PipecliError(f'--currency: "{text}" is no currency code', hint="write one as EUR")
    return code or None


def _window(by: str, from_: str, to: str, today: date) -> Window:
    first, last = _bounds(from_, to, today) if from_ or to else (None, None)
    if first and last and last < first:
        raise PipecliError(f"--from {first} is after --to {last}", hint="swap them")
    if first:
        return Window(first, last, is_asked=True)
    this_month = today.replace(day=1)
    first = this_month.replace(month=today.month - (today.month - 1) % 3) if by == "quarter" else this_month
    return Window(first if last is None or first <= last else None, last)


def _bounds(from_: str, to: str, today: date) -> tuple[date | None, date | None]:
    from pipecli.cli.dates import parse_from, parse_to

    return parse_from(from_, today) if from_ else None, parse_to(to, today) if to else None


def _stages(settings: Mapping[str, Any]) -> list[Key]:
    return [
        (slug, stage["id"]) for slug, process in settings["processes"].items() for stage in process["stages"]
    ]


def _print(run: Session, made: Forecast) -> None:
    names = _Names(run, made.by)
    rows = [_record(row, made.by, names) for row in made.rows]
    if run.format is Format.JSON:
        from pipecli.jsontext import dumps

        write_text(dumps(_json(made, rows)) + "\n")
        return
    columns = _columns(made, is_one_process=len(names.settings["processes"]) == 1)
    if run.format is not Format.TABLE:
        print_records(rows, columns, run.format, id_key="key")
        return
    total = {**_record(made.totals, "", names), "key": "total"}
    write_text(f"{_caption(made)}\n\n")
    print_records([*rows, total], columns, run.format)
    write_text("".join(f"{line}\n" for line in _remarks(made)))


class _Names:
    """What people call the keys of the rows."""

    def __init__(self, run: Session, by: str) -> None:
        self.settings = run.pipeline.settings_as_written
        self.names: dict[str, str] = {}
        if by in ("owner", "team"):
            known = self.settings.get("users" if by == "owner" else "teams", {})
            self.names = {slug: each["name"] for slug, each in known.items() if "name" in each}
        elif by == "stage":
            for slug, process in self.settings["processes"].items():
                for stage in process["stages"]:
                    self.names[f"{slug}/{stage['id']}"] = stage.get("name", stage["id"])
        elif by in ("customer", "product"):
            found = run.pipeline.index.connection.execute(
                "SELECT key, label FROM _records WHERE noun = ?", (by,)
            )
            self.names = dict(found.fetchall())

    def manager(self, team: str | None) -> str | None:
        """Who answers for a team, by name."""
        slug = self.settings.get("teams", {}).get(team, {}).get("manager")
        name: str | None = self.settings.get("users", {}).get(slug, {}).get("name", slug)
        return name


def _record(row: Row, by: str, names: _Names) -> dict[str, Any]:
    """One row with the keys of JSON: by stage with its process, by team with its manager."""
    record: dict[str, Any] = row._asdict()
    if by != "stage":
        del record["process"]
    name = names.names.get(f"{row.process}/{row.key}" if row.process else row.key or "")
    if name:
        record["name"] = name
    if by == "team":
        record["manager"] = names.manager(row.key)
    return record


def _json(made: Forecast, rows: list[dict[str, Any]]) -> dict[str, Any]:
    totals = made.totals._asdict()
    del totals["key"], totals["process"]
    return {
        "by": made.by,
        "currency": made.currency,
        "today": made.today,
        "from": made.window.first,
        "to": made.window.last,
        "rows": rows,
        "totals": totals,
        "overdue": made.overdue._asdict(),
        "without_date": made.without_date._asdict(),
        "without_amount": {"open_count": made.without_amount},
    }


def _columns(made: Forecast, *, is_one_process: bool) -> list[Column]:
    digits = minor_digits(made.currency)

    def sum_of(name: str, heading: str) -> Column:
        return Column(
            name, heading, align="right", show=lambda row: money(Decimal(str(row[name])), None, digits)
        )

    def count_of(name: str, heading: str, rank: int = 0) -> Column:
        return Column(name, heading, align="right", rank=rank)

    by = made.by
    process = [Column("process", "PROCESS", shrink=True)] if by == "stage" and not is_one_process else []
    return [
        Column("key", by.upper(), shrink=True, show=lambda row: _label(row, by)),
        *process,
        *([Column("manager", "MANAGER", shrink=True, rank=1)] if by == "team" else []),
        count_of("open_count", "OPEN"),
        sum_of("amount", "AMOUNT"),
        sum_of("weighted", "WEIGHTED"),
        *([] if by in PERIODS else [count_of("overdue_count", "OVERDUE", rank=2)]),
        count_of("won_count", "WON"),
        sum_of("won_amount", "WON AMOUNT"),
    ]


def _label(row: Mapping[str, object], by: str) -> object:
    return row.get("name") or (
        f"without {by}" if row["key"] is None else str(row["key"]).replace("without-", "without ")
    )


def _caption(made: Forecast) -> str:
    first, last = made.window.first, made.window.last
    days = " ".join([*([f"from {first}"] if first else []), *([f"to {last}"] if last else [])])
    if made.window.is_asked:
        return f"Forecast by {made.by} in {made.currency}, closing {days}"
    return f"Forecast by {made.by} in {made.currency} on {made.today}; won {days}"


def _remarks(made: Forecast) -> list[str]:
    """What a person must know beside the rows: no deal is left out without a word."""
    lines = []
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
