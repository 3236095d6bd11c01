"""`pipecli changes`: the movement of the pipeline between two moments, from opening to closing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from pipecli.cli.common.command import Verb, noun
from pipecli.cli.common.dates import parse_as_of, parse_period
from pipecli.cli.common.output import Format, print_records, write_text
from pipecli.cli.common.session import Session, say, session
from pipecli.cli.common.table import Column, cell_text, money
from pipecli.cli.report.printing import print_with_currency
from pipecli.formats import dumps
from pipecli.history.changes import Changes, End, Question, changes
from pipecli.history.index import open_history
from pipecli.history.moments import zone_of
from pipecli.records.money import minor_digits
from pipecli.reports.deals import Days
from pipecli.reports.waterfall import Move, Sum
from pipecli.store.pipeline import now_in

app = noun("Print how the pipeline moved between two moments.")


@app.command(cls=Verb)
def show(
    ctx: typer.Context,
    since: Annotated[
        str, typer.Option(metavar="WHEN", help="From the end of this date, this time, or this revision.")
    ],
    until: Annotated[
        str | None,
        typer.Option(metavar="WHEN", help="To the end of this date, this time, or this revision; now."),
    ] = None,
    window: Annotated[
        str, typer.Option(metavar="PERIOD", help="Only deals expected to close in it, as 2026-Q4.")
    ] = "",
    currency: Annotated[str, typer.Option(help="In this currency, not the base.", metavar="CODE")] = "",
    deals: Annotated[bool, typer.Option("--deals", help="Name the deals of each bucket.")] = False,
) -> None:
    """Print how the open pipeline moved between two moments: what came, what changed, what went.

    The buckets add up from the opening to the closing, the total and the weighted amount. A date is the end
    of its day, as of --as-of: the opening is that of `forecast --as-of` the same date.
    """
    run = session(ctx)
    place = run.present.location
    zone = zone_of(place)
    today = now_in(zone, run.fixed_now()).date()
    period = parse_period(window, today) if window else None
    question = Question(
        parse_as_of(since, today, zone),
        None if until is None else parse_as_of(until, today, zone),
        Days(period.first, period.last) if period else None,
        currency.upper() or None,
    )
    movement = changes(open_history(place, say), question, today, zone)
    for end in (movement.opening, movement.closing):
        for fault in [*end.deals.faults, *(end.standing.notes if end.standing else ())]:
            say(f"warning: {end.name}: {fault}")
    _print(run, movement, period.name if period else None, names_deals=deals)


def _print(run: Session, movement: Changes, window: str | None, *, names_deals: bool) -> None:
    if run.format is Format.JSON:
        write_text(dumps(movement_json(movement, window)) + "\n")
        return
    sums = list(_sums(movement))
    wants_deals = names_deals or run.format is Format.IDS
    named = [
        record
        for bucket in movement.waterfall.buckets
        for record in (_deals(movement, bucket) if wants_deals else ())
    ]
    if run.format is Format.TABLE:
        write_text(f"{_caption(movement, window)}\n\n")
        print_records(sums, _columns(movement.currency), run.format)
        if named:
            write_text("\n")
            print_records(named, _deal_columns(movement.currency), run.format)
    elif wants_deals:
        print_with_currency(named, _deal_columns(movement.currency), run.format, movement.currency)
    else:
        print_with_currency(sums, _columns(movement.currency), run.format, movement.currency)


def _caption(movement: Changes, window: str | None) -> str:
    closing_in = f", deals closing in {window}" if window else ""
    ends = f"from {_moment_text(movement.opening)}\nto {_moment_text(movement.closing)}"
    return f"Open pipeline in {movement.currency}{closing_in}\n{ends}"


def _moment_text(end: End) -> str:
    if end.standing is None:
        return f"{end.name}, before the first commit"
    return f"{end.name}: commit {end.standing.commit[:7]} of {end.standing.at:%Y-%m-%d %H:%M}"


def _sums(movement: Changes) -> Iterator[dict[str, Any]]:
    """The opening, the buckets that hold something, and the closing."""
    yield {"bucket": "opening", **movement.waterfall.opening._asdict()}
    for name, total in movement.waterfall.buckets.items():
        if total.deals:
            yield {"bucket": name, **total._asdict()}
    yield {"bucket": "closing", **movement.waterfall.closing._asdict()}


def _deals(movement: Changes, bucket: str) -> Iterator[dict[str, Any]]:
    """The moves of one bucket, the one that moved most first."""
    moves = [
        (key, move)
        for key, moves in movement.waterfall.moves.items()
        for move in moves
        if move.bucket == bucket
    ]
    for key, move in sorted(
        moves, key=lambda moved: (-abs(moved[1].amount), -abs(moved[1].weighted), moved[0])
    ):
        version = movement.version(key)
        yield {
            "id": key,
            "bucket": bucket,
            "title": version.title,
            "customer": version.customer,
            "owner": version.owner,
            "amount": move.amount,
            "weighted": move.weighted,
            "before": move.before,
            "after": move.after,
            "what": _what(move),
        }


def _what(move: Move) -> str:
    """`qualify → demo`; of a new deal its stage."""
    old, new = (cell_text(value) for value in (move.before, move.after))
    return f"{old} → {new}" if old and new else old or new


def _columns(currency: str) -> list[Column]:
    return [
        Column("bucket", ""),
        Column("deals", "DEALS", align="right"),
        _money_column("amount", currency),
        _money_column("weighted", currency),
    ]


def _deal_columns(currency: str) -> list[Column]:
    return [
        Column("id", "ID"),
        Column("bucket", "BUCKET"),
        Column("title", "TITLE", shrink=True, min_width=10),
        Column("owner", "OWNER", shrink=True, rank=2),
        _money_column("amount", currency),
        _money_column("weighted", currency),
        Column("what", "WHAT", shrink=True, min_width=14, rank=1),
    ]


def _money_column(name: str, currency: str) -> Column:
    digits = minor_digits(currency)
    return Column(name, name.upper(), align="right", show=lambda record: money(record[name], None, digits))  # type: ignore[arg-type]


def movement_json(movement: Changes, window: str | None) -> dict[str, Any]:
    return {
        "since": _moment(movement.opening),
        "until": _moment(movement.closing),
        "window": window,
        "currency": movement.currency,
        "opening": _money(movement.waterfall.opening),
        "buckets": {
            name: {
                **_money(total),
                "opportunities": [
                    {key: value for key, value in deal.items() if key != "bucket"}
                    for deal in _deals(movement, name)
                ],
            }
            for name, total in movement.waterfall.buckets.items()
        },
        "closing": _money(movement.waterfall.closing),
    }


def _moment(end: End) -> dict[str, Any]:
    standing = end.standing
    return {
        "moment": end.name,
        "day": end.day,
        "commit": standing.commit if standing else None,
        "committed": standing.at.isoformat() if standing else None,
        "unreadable": end.deals.faults,
    }


def _money(sum_: Sum) -> dict[str, Any]:
    return sum_._asdict()
