"""`pipecli report first-response`: how long people who asked wait for an answer of ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipecli.cli.common.command import Report, flag, noun, option
from pipecli.cli.common.listing import owner_filter
from pipecli.cli.common.table import Column
from pipecli.cli.report.common import Asked, asking, count_column, figures, grouping, percent_column
from pipecli.errors import PipecliError
from pipecli.json_and_csv import picked
from pipecli.records.kinds import LEAD, OPPORTUNITY
from pipecli.reports.first_response import (
    GROUPINGS,
    FirstResponse,
    Row,
    WorkingTime,
    business_hours_of,
    first_response,
)
from pipecli.store.index.rows_for_reports import inquiries
from pipecli.wording import duration

app = noun("How long people wait for our first response.")

KINDS = ("lead", "opportunity")
_OF_KIND = {None: "leads and opportunities", "lead": "leads", "opportunity": "opportunities"}


@app.command(cls=Report)
@asking(LEAD, OPPORTUNITY, by="owner", groupings=GROUPINGS, has_currency=False)
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
        inquiries(asked.pipeline.index.connection, owner_filter(run)),
        by=asked.by, now=run.now, zone=run.zone, days=asked.period, kind=kind or None,
        working_time=working_time,
    )  # fmt: skip
    _print(asked, report, kind or None, is_business=business_hours)


_EXAMPLE = (
    "give them with `pipecli settings set "
    """'business_hours={days: [mon, tue, wed, thu, fri], from: "09:00", to: "17:30"}'`"""
)


def _print(asked: Asked, report: FirstResponse, kind: str | None, *, is_business: bool) -> None:
    in_hours = ", in business hours" if is_business else ""
    asked.print(
        f"First response to {_OF_KIND[kind]}{asked.when(' created')}, by {report.by}{in_hours}",
        [{**asked.names.named(row.key), **_figures(row)} for row in report.rows],
        _columns(asked, is_business=is_business),
        about={
            "by": report.by,
            "kind": kind,
            **asked.bounds,
            "business_hours": is_business,
            "unit": "minutes",
            "bases": {"answered_share": "all that were created"},
            "totals": _figures(report.totals),
            **picked(report, "untimed_count early_count ahead_count counted_with_lead"),
        },
        total={"label": "total", **_figures(report.totals)},
        remarks=_remarks(report),
        nothing="nobody has asked",
    )


_TIMES = ("median", "percentile_90", "waiting_median", "waiting_oldest")


def _figures(row: Row) -> dict[str, Any]:
    """The figures of a row; its times also under the names with their unit, as the columns are called."""
    return figures(row) | {f"{name}_minutes": getattr(row, name) for name in _TIMES}


def _columns(asked: Asked, *, is_business: bool) -> list[Column]:
    def time(name: str, heading: str, rank: int = 0) -> Column:
        def show(row: Mapping[str, Any]) -> str:
            # a business day isn't a day, so its hours stay hours
            return "" if row[name] is None else duration(row[name], in_hours=is_business)

        return Column(name, heading, align="right", rank=rank, show=show)

    return [
        asked.key_column(),
        count_column("created_count", "CREATED"),
        count_column("answered_count", "ANSWERED"),
        percent_column("answered_share", "OF ALL", rank=2),
        time("median_minutes", "MEDIAN"),
        time("percentile_90_minutes", "90 % IN"),
        count_column("unanswered_count", "UNANSWERED", rank=3),
        count_column("waiting_count", "WAITING"),
        time("waiting_median_minutes", "MEDIAN WAIT", rank=1),
        time("waiting_oldest_minutes", "LONGEST"),
        Column("oldest", "WAITS LONGEST", rank=4),
    ]


def _remarks(report: FirstResponse) -> list[str]:
    """The notes below the rows: all that is counted in an unexpected way."""
    remarks = (
        (report.counted_with_lead, "converted from a lead, counted with it"),
        (report.untimed_count, "answered on a day without an hour: in no median"),
        (report.early_count, "answered before created: 0 minutes"),
        (report.ahead_count, "created or answered at a time that is yet to come"),
    )
    return [f"{count} {what}" for count, what in remarks if count]
