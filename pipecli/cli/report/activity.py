"""`report activity`: what was done, and what is planned."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from pipecli.cli.common.command import Owned, noun
from pipecli.cli.common.listing import owner_filter
from pipecli.cli.common.table import Column
from pipecli.cli.report.common import Asked, asking, count_column, figures, period_text
from pipecli.records.kinds import LEAD, OPPORTUNITY
from pipecli.reports.activity import GROUPINGS, PEOPLE, Activity, Done, Row, count_activities, touched
from pipecli.store.index.rows_for_reports import activities, owned_deals
from pipecli.store.index.views import OwnerFilter, team_and_below

app = noun("What was done, and what is planned.")


@app.command("report activity", cls=Owned)
@asking(LEAD, OPPORTUNITY, by="user", groupings=GROUPINGS, when="this month", has_currency=False)
def report_activity(asked: Asked) -> None:
    """Print what was done, and what is planned.

    It counts calls, meetings, emails and the rest for whoever did them, else for the owner of the record.
    Without --from and --to it is for this month. An open deal is untouched if nobody did anything on it in
    these days.
    """
    by, run, connection, of = asked.by, asked.run, asked.pipeline.index.connection, owner_filter(asked.run)
    every = list(activities(connection, run.zone))
    report = count_activities(
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
