"""`report activity`: what was done and what is planned; `report first-response`: how long people wait."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipecli.cli.common.command import Owned, Report, flag, noun, option
from pipecli.cli.common.session import owner_filter
from pipecli.cli.common.table import Column
from pipecli.cli.report.options_and_columns import Asked, asking, figures, grouping, period_text
from pipecli.errors import PipecliError
from pipecli.json_and_csv import picked
from pipecli.records.kinds import LEAD, OPPORTUNITY
from pipecli.reports.activity_and_first_response import (
    ACTIVITY_GROUPINGS,
    PEOPLE,
    RESPONSE_GROUPINGS,
    ActivityReport,
    ActivityRow,
    FirstResponse,
    ResponseRow,
    WorkingTime,
    business_hours_of,
    count_activities,
    first_response,
    worked_on,
)
from pipecli.store.index.owner_filter_and_list_sql import team_and_below
from pipecli.store.index.rows_for_reports import activities, inquiries, owned_deals
from pipecli.wording import duration

app = noun()


@app.command("report activity", cls=Owned)
@asking(LEAD, OPPORTUNITY, by="user", groupings=ACTIVITY_GROUPINGS, when="this month", has_currency=False)
def report_activity(asked: Asked) -> None:
    """Print what was done, and what is planned.

    It counts calls, meetings, emails and the rest for whoever did them, else for the owner of the record.
    Without --from and --to it is for this month. An open deal is untouched if nobody did anything on it in
    these days.
    """
    by, run, connection, of = asked.by, asked.run, asked.pipeline.connection, owner_filter(asked.run)
    every = list(activities(connection, run.zone))
    teams = team_and_below(connection, of.team) if of.team else set()
    theirs = [
        entry
        for entry in every
        if (not of.owner or entry.user == of.owner)
        and (not of.team or entry.team in teams)
        and (not of.me or entry.user == of.me)
    ]
    report = count_activities(
        theirs,
        owned_deals(connection, of),
        worked_on(every, asked.period),
        by=by, days=asked.period, today=run.today,
    )  # fmt: skip
    asked.print(
        f"Activities by {by} {period_text(asked.period)}",
        [{**asked.names.named(row.key), **_activity_figures(row)} for row in report.rows],
        _activity_columns(asked) if asked.is_table else _every_column(asked),
        totals=_activity_figures(report.totals),
        about={"today": run.today, "overdue_before": report.overdue_before},
        remarks=_activity_remarks(report),
        nothing="nothing was done, and nothing is planned",
    )


def _activity_figures(row: ActivityRow) -> dict[str, Any]:
    return {name: value for name, value in figures(row).items() if value is not None}


def _activity_columns(asked: Asked) -> list[Column]:
    return [
        asked.key_column(),
        asked.count_column("done_count", "DONE"),
        asked.count_column("call_count", "CALLS"),
        asked.count_column("meeting_count", "MEETINGS"),
        asked.count_column("email_out_count", "MAIL OUT"),
        asked.count_column("email_in_count", "MAIL IN"),
        asked.count_column("planned_count", "PLANNED"),
        asked.count_column("overdue_count", "LATE"),
        *([asked.count_column("untouched_count", "UNTOUCHED")] if asked.by in PEOPLE else []),
    ]


def _every_column(asked: Asked) -> list[Column]:
    fields = ActivityRow._fields[1:] if asked.by in PEOPLE else ActivityRow._fields[1:-2]
    return [
        Column("key", asked.by.upper()),
        *(asked.count_column(name, name.upper().replace("_", " ")) for name in fields),
    ]


def _activity_remarks(report: ActivityReport) -> list[str]:
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


KINDS = ("lead", "opportunity")
_OF_KIND = {"": "leads and opportunities", "lead": "leads", "opportunity": "opportunities"}


@app.command("report first-response", cls=Report)
@asking(LEAD, OPPORTUNITY, by="owner", groupings=RESPONSE_GROUPINGS, has_currency=False)
def report_first_response(
    asked: Asked,
    kind: str = option("Only leads, or only opportunities.", "lead|opportunity", default=""),
    business_hours: bool = flag("--business-hours", "Count only the business hours in the settings."),
) -> None:
    """Print how long people wait for our first response.

    The response is a call, email or meeting. The wait begins when a lead or an opportunity is created; --from
    and --to limit that day. Without --kind, a lead and its opportunities count once. Waiting are those that
    are open and have had no answer.
    """
    if kind:
        grouping(kind, KINDS, "--kind")
    run = asked.run
    working_time = None
    if business_hours:
        hours = business_hours_of(asked.pipeline.settings_as_written)
        if hours is None:
            raise PipecliError("the settings have no business_hours", hint=_EXAMPLE)
        working_time = WorkingTime(hours, run.zone)
    report = first_response(
        inquiries(asked.pipeline.connection, owner_filter(run)),
        by=asked.by, now=run.now, zone=run.zone, days=asked.period, kind=kind or None,
        working_time=working_time,
    )  # fmt: skip
    in_hours = ", in business hours" if business_hours else ""
    asked.print(
        f"First response to {_OF_KIND[kind]}{asked.when(' created')}, by {report.by}{in_hours}",
        [{**asked.names.named(row.key), **_response_figures(row)} for row in report.rows],
        _response_columns(asked, is_business=business_hours),
        totals=_response_figures(report.totals),
        about={
            "kind": kind or None,
            "business_hours": business_hours,
            "unit": "minutes",
            "bases": {"answered_share": "all that were created"},
            **picked(report, "untimed_count early_count ahead_count counted_with_lead"),
        },
        remarks=_response_remarks(report),
        nothing="nobody has asked",
    )


_EXAMPLE = (
    "give them with `pipecli settings set "
    """'business_hours={days: [mon, tue, wed, thu, fri], from: "09:00", to: "17:30"}'`"""
)


_TIMES = ("median", "percentile_90", "waiting_median", "waiting_oldest")


def _response_figures(row: ResponseRow) -> dict[str, Any]:
    """The figures of a row; its times also under the names with their unit, as the columns are called."""
    return figures(row) | {f"{name}_minutes": getattr(row, name) for name in _TIMES}


def _response_columns(asked: Asked, *, is_business: bool) -> list[Column]:
    def time(name: str, heading: str, rank: int = 0) -> Column:
        def show(row: Mapping[str, Any]) -> str:
            # a business day isn't a day, so its hours stay hours
            return "" if row[name] is None else duration(row[name], in_hours=is_business)

        return Column(name, heading, align="right", rank=rank, show=show)

    return [
        asked.key_column(),
        asked.count_column("created_count", "CREATED"),
        asked.count_column("answered_count", "ANSWERED"),
        asked.percent_column("answered_share", "OF ALL", rank=2),
        time("median_minutes", "MEDIAN"),
        time("percentile_90_minutes", "90 % IN"),
        asked.count_column("unanswered_count", "UNANSWERED", rank=3),
        asked.count_column("waiting_count", "WAITING"),
        time("waiting_median_minutes", "MEDIAN WAIT", rank=1),
        time("waiting_oldest_minutes", "LONGEST"),
        Column("oldest", "WAITS LONGEST", rank=4),
    ]


def _response_remarks(report: FirstResponse) -> list[str]:
    """The notes below the rows: all that is counted in an unexpected way."""
    remarks = (
        (report.counted_with_lead, "converted from a lead, counted with it"),
        (report.untimed_count, "answered on a day without an hour: in no median"),
        (report.early_count, "answered before created: 0 minutes"),
        (report.ahead_count, "created or answered at a time that is yet to come"),
    )
    return [f"{count} {what}" for count, what in remarks if count]
