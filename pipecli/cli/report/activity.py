"""`report activity`, what was done and what is planned, and `activity list`, each of them. Loads no model."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal

import typer

from pipecli.cli.common.command import Owned, noun
from pipecli.cli.common.list import Parts, listing, owner_filter, print_parts
from pipecli.cli.common.reference import find
from pipecli.cli.common.session import session
from pipecli.cli.common.table import Column, shown
from pipecli.cli.report.printing import Asked, From, To, by_option, count_column, figures, period_text
from pipecli.records.kinds import LEAD, OPPORTUNITY
from pipecli.reports.activity import GROUPINGS, PEOPLE, Activity, Done, Row, activity, touched
from pipecli.store.index.rows import activities, owned_deals
from pipecli.store.index.views import OwnerFilter, team_and_below

app = noun("What was done, and what is planned.")

ActivityTypeName = Literal["call", "meeting", "email", "task", "note"]


@app.command("report activity", cls=Owned)
def report_activity(
    ctx: typer.Context,
    by: Annotated[str, by_option(GROUPINGS)] = "user",
    from_: From = "",
    to: To = "",
) -> None:
    """Print what was done, and what is planned.

    Calls, meetings, emails and all else on leads and opportunities, by whoever did them, else by the owner of
    the record. Without --from and --to those of this month. A deal is untouched when it is open and nobody
    did anything on it in these days.
    """
    month = "" if from_ or to else "this month"
    asked = Asked(ctx, LEAD, OPPORTUNITY, by=by, groupings=GROUPINGS, from_=from_ or month, to=to or month)
    run, connection, of = asked.run, asked.pipeline.index.connection, owner_filter(asked.run)
    every = list(activities(connection, run.zone))
    report = activity(
        _of(every, of, team_and_below(connection, of.team) if of.team else set()),
        owned_deals(connection, of),
        touched(every, asked.period),
        by=by, days=asked.period, today=run.today,
    )  # fmt: skip
    asked.print(
        f"Activities by {by} {period_text(asked.period)}",
        [{**asked.names.named(row.key), **_figures(row)} for row in report.rows],
        _columns(asked) if asked.is_table else _every_column(by),
        about={
            "by": by,
            "today": run.today,
            **asked.bounds,
            "totals": _figures(report.totals),
            "overdue_before": report.overdue_before,
        },
        total={**report.totals._asdict(), "label": "total"},
        remarks=_remarks(report),
        nothing="nothing was done, and nothing is planned",
    )


def _of(every: Iterable[Activity], of: OwnerFilter, teams: Collection[str]) -> Iterator[Activity]:
    """The activities of the people that the options name."""
    for entry in every:
        if (
            (not of.owner or entry.user == of.owner)
            and (not of.team or entry.team in teams)
            and (not of.me or entry.user == of.me)
        ):
            yield entry


def _figures(row: Row) -> dict[str, Any]:
    return {name: value for name, value in figures(row).items() if value is not None}


def _columns(asked: Asked) -> list[Column]:
    return [
        asked.key_column(),
        count_column("done_count", "DONE"),
        count_column("call_count", "CALLS"),
        count_column("meeting_count", "MEETINGS"),
        count_column("email_out_count", "MAIL OUT"),
        count_column("email_in_count", "MAIL IN"),
        count_column("planned_count", "PLANNED"),
        count_column("overdue_count", "LATE"),
        *([count_column("untouched_count", "UNTOUCHED")] if asked.by in PEOPLE else []),
    ]


def _every_column(by: str) -> list[Column]:
    fields = Row._fields[1:] if by in PEOPLE else Row._fields[1:-2]
    return [
        Column("key", by.upper()),
        *(count_column(name, name.upper().replace("_", " ")) for name in fields),
    ]


def _remarks(report: Done) -> list[str]:
    totals = report.totals
    lines = []
    if totals.done_count:
        on_open, on_closed = totals.on_open_count, totals.on_closed_count
        lines.append(f"done: {on_open} on what is open, {on_closed} on what is closed by now")
    if totals.open_deal_count:
        lines.append(
            f"untouched: {totals.untouched_count} of {totals.open_deal_count} open deals; "
            "`pipecli dashboard` lists them, `pipecli report stale` the worst"
        )
    if report.overdue_before:
        lines.append(
            f"before these days, {report.overdue_before} planned and not done; `pipecli followups` names them"
        )
    return lines


def _time(record: Mapping[str, object]) -> str:
    """To the minute, as it was written: 2026-11-30 10:00; a day alone for what has no hour."""
    return str(record["at"])[:16].replace("T", " ")


ACTIVITIES = (
    shown("id", "ID"),
    shown("at", "WHEN", show=_time),
    shown("type", "TYPE", rank=1),
    shown("direction", "DIR", rank=2),
    shown("done", "DONE", rank=1, show=lambda record: "yes" if record["done"] else "no"),
    shown("subject", "SUBJECT", shrink=True, min_width=10),
    shown("record", "ON"),
    shown("title", "TITLE", shrink=True, rank=3),
    shown("by", "BY", '"by"', rank=1),
)

_ACTIVITIES_SOURCE = Parts(
    "activities",
    "SELECT a.record, a.noun, coalesce(o.title, l.organization, l.name) AS title, a.id, a.type, a.at, "
    'a.subject, a."by", a.direction, a.done, a.contact, a.duration, a.literature, a.message_id, a.notes, '
    'coalesce(a."by", o.owner, l.owner) AS owner, u.team, '
    "coalesce(o.shared_with, l.shared_with) AS shared_with "
    "FROM activities a LEFT JOIN _opportunities o USING (path) LEFT JOIN _leads l USING (path) "
    'LEFT JOIN users u ON u.id = coalesce(a."by", o.owner, l.owner)',
    (LEAD, OPPORTUNITY),
    flags=frozenset({"done"}),
    hidden=frozenset({"shared_with"}),
)


@app.command("activity list", cls=listing("owner mine team contact"))
def list_activities(
    ctx: typer.Context,
    ref: Annotated[
        str | None, typer.Argument(metavar="[REF]", help="Only of this lead or opportunity.")
    ] = None,
    due: Annotated[
        str | None, typer.Option(help="Only what is open and planned until this day.", metavar="DATE")
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Only what is not done.")] = False,
    type_: Annotated[ActivityTypeName | None, typer.Option("--type", help="Only of this type.")] = None,
) -> None:
    """List activities in the order of their times.

    --owner is who does it: the --by of the activity, else the owner of its lead or opportunity.
    """
    run = session(ctx)
    conditions: dict[str, object] = {}
    if ref:
        conditions["record = ?"] = find(run, ref, LEAD, OPPORTUNITY).key
    if due or open_:
        conditions["done = ?"] = 0
    if due:
        conditions["substr(at, 1, 10) <= ?"] = run.day(due).isoformat()
    if type_:
        conditions["type = ?"] = type_
    print_parts(ctx, _ACTIVITIES_SOURCE, ACTIVITIES, "julianday(at), id", conditions)
