"""`pipecli followups`: what is due, for whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any

import typer

from pipecli.cli.common.command import noun
from pipecli.cli.common.list import Planned, owner_filter
from pipecli.cli.common.output import Format, write_text
from pipecli.cli.common.recent import document, print_numbered
from pipecli.cli.common.session import Session, say, session
from pipecli.cli.common.table import Column
from pipecli.records.kinds import LEAD, OPPORTUNITY
from pipecli.reports.followups import FollowUp
from pipecli.wording import count

app = noun("List what is due.")

DUE = 3
"""The exit code of --exit-code when something is due."""


@app.command(cls=Planned)
def followups(
    ctx: typer.Context,
    due: Annotated[
        str, typer.Option(help="Due on or before this day; today otherwise.", metavar="DATE")
    ] = "",
    ics: Annotated[
        bool, typer.Option("--ics", help="Print a calendar; without --due with all that is planned.")
    ] = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help=f"Exit with {DUE} when something is due.")
    ] = False,
) -> None:
    """List the next contacts and open activities that are due, the overdue ones first.

    Those of open leads and opportunities. Each is for whom it is planned, else for the record's owner.
    """
    from pipecli.cli.common.dates import parse_to
    from pipecli.reports.followups import followups as followups_of
    from pipecli.store.plans import plans

    run = session(ctx)
    pipeline = run.read(LEAD, OPPORTUNITY)
    until = parse_to(due, run.today) if due else date.max if ics else run.today
    zone = run.now.tzinfo
    assert zone is not None
    follow_ups = followups_of(
        plans(pipeline.index.connection, owner_filter(run), until), today=run.today, until=until, zone=zone
    )
    if ics:
        from pipecli.cli.cron.calendar import text_of

        write_text(text_of(run, "follow-ups", [follow_up.plan for follow_up in follow_ups]))
    else:
        _print(run, follow_ups, until)
    if exit_code and follow_ups:
        raise typer.Exit(DUE)


def _print(run: Session, follow_ups: Sequence[FollowUp], until: date) -> None:
    if run.format is Format.TABLE and not follow_ups:
        say(f"nothing is due on or before {until}")
        return
    rows = [document(follow_up.plan.id) for follow_up in follow_ups]
    print_numbered(run, [_record(follow_up) for follow_up in follow_ups], _COLUMNS, rows)


def _record(follow_up: FollowUp) -> dict[str, Any]:
    plan = follow_up.plan
    return {
        "kind": plan.kind,
        "id": plan.id,
        **({"activity": plan.activity} if plan.activity else {}),
        "due": follow_up.due,
        **({"at": follow_up.at} if follow_up.at else {}),
        "overdue_days": follow_up.overdue_days,
        "by": plan.by,
        "type": plan.type,
        "subject": plan.subject,
        "title": plan.title,
        "customer": plan.customer,
        "customer_name": plan.customer_name,
        "note": plan.note,
    }


def _late(record: Mapping[str, object]) -> str:
    days = record["overdue_days"]
    return count(days, "day", ",") if isinstance(days, int) and days else ""


def _what(record: Mapping[str, object]) -> str:
    """`call 10:00: Demo`, `next contact: ask for the budget`."""
    name, detail = str(record["type"]), record["subject"]
    if record["type"] is None:
        name, detail = "next contact", record["note"]
    at = record.get("at")
    if isinstance(at, datetime):
        name = f"{name} {at:%H:%M}"
    return f"{name}: {detail}" if detail else name


_COLUMNS = (
    Column("due", "DUE"),
    Column("overdue_days", "LATE", align="right", show=_late),
    Column("by", "WHO", shrink=True),
    Column("subject", "WHAT", shrink=True, min_width=16, show=_what),
    Column("id", "RECORD"),
    Column("title", "TITLE", shrink=True, min_width=12),
)
