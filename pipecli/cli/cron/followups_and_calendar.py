"""`followups`: what is due, for whom; `calendar`: what is planned, for calendar programs to subscribe to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import typer

from pipecli.cli.common.command import Planned, flag, noun, option
from pipecli.cli.common.names_and_questions import document_row, print_rows
from pipecli.cli.common.output import Format, write_text, write_whole
from pipecli.cli.common.session import Session, mention, owner_filter, say
from pipecli.cli.common.table import Column
from pipecli.json_and_csv import picked
from pipecli.records.kinds import INVOICE, LEAD, OPPORTUNITY
from pipecli.reports.today_and_followups import FollowUp, PlannedAction
from pipecli.store.index.rows_for_verbs import created_times
from pipecli.translation import user_language, words_of
from pipecli.wording import count

app = noun()

DUE = 3
"""The exit code of --exit-code when something is due."""


@app.command("followups", cls=Planned)
def followups(
    run: Session,
    due: str = option("Due on or before this day. Default: today.", "DATE", default=""),
    ics: bool = flag("--ics", "Print a calendar; without --due, of everything planned."),
    exit_code: bool = flag("--exit-code", f"Exit with {DUE} if any are due."),
) -> None:
    """List the next contacts and open activities that are due.

    Of open leads and deals, the overdue ones first. Each is for whoever it is planned for, else for the
    record's owner.
    """
    from pipecli.cli.common.typed_dates import parse_period
    from pipecli.store.index.rows_for_followups import followups_until

    run.read(LEAD, OPPORTUNITY, INVOICE)
    until = parse_period(due, run.today).last if due else date.max if ics else run.today
    follow_ups = followups_until(run.pipeline, owner_filter(run), until)
    if ics:
        write_text(calendar_of(run, "followups", [follow_up.plan for follow_up in follow_ups]))
    elif run.format is Format.TABLE and not follow_ups:
        say(f"nothing is due on or before {until}")
    else:
        rows = [document_row(follow_up.plan.id) for follow_up in follow_ups]
        print_rows(run, [_record(follow_up) for follow_up in follow_ups], _COLUMNS, rows)
    if exit_code and follow_ups:
        raise typer.Exit(DUE)


def _record(follow_up: FollowUp) -> dict[str, Any]:
    plan = follow_up.plan
    return {
        "kind": plan.kind,
        "id": plan.id,
        **({"activity": plan.activity} if plan.activity else {}),
        "due": follow_up.due,
        **({"at": follow_up.at} if follow_up.at else {}),
        "overdue_days": follow_up.overdue_days,
        **picked(
            plan._replace(subject=plan.detail() or None),
            "by type subject title customer customer_name note",
        ),
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
    Column("overdue_days", "LATE", align="right", rank=2, show=_late),
    Column("by", "WHO", shrink=True, rank=2),
    Column("subject", "WHAT", shrink=True, min_width=14, rank=1, show=_what),
    Column("id", "RECORD"),
    Column("title", "TITLE", shrink=True, min_width=12),
)


@app.command("calendar", cls=Planned)
def calendar(
    run: Session,
    output: str = option("The file to write.", "FILE", "--output", "-o", default=""),
    expected_close: bool = flag("--expected-close", "Also the days on which deals are expected to close."),
) -> None:
    """Print a calendar (iCalendar, RFC 5545): meetings and calls, tasks, and the days of next contacts.

    Importing it again updates entries, and never duplicates them. The same pipeline gives the same file.
    """
    from pipecli.store.index.rows_for_followups import done, expected_closes, planned_actions

    pipeline = run.read(LEAD, OPPORTUNITY, INVOICE)
    connection, theirs = pipeline.connection, owner_filter(run)
    planned = planned_actions(connection, theirs, date.max)
    if expected_close:
        planned += expected_closes(connection, theirs)
    text = calendar_of(run, "calendar", planned, done(connection, theirs))
    if not output:
        write_text(text)
        return
    path = Path(output)
    # Who fetches a file that says the same sees no change.
    if not (path.is_file() and path.read_bytes() == text.encode()):
        write_whole(path, text.encode())
    mention(f"the calendar is in {path}")


def calendar_of(
    run: Session, what: str, planned: Iterable[PlannedAction], done: Iterable[PlannedAction] = ()
) -> str:
    """The calendar of some plans; `what` is the word by which languages have its name."""
    from zoneinfo import ZoneInfo

    from pipecli.outbox.calendar import Agenda, calendar_text

    settings = run.pipeline.settings_as_written
    names = {slug: str(user.get("name", slug)) for slug, user in (settings.get("users") or {}).items()}
    whose_it_is = str(run.option("owner") or "") or (run.me() if run.option("mine") else None)
    words = words_of(user_language(settings, whose_it_is))
    agenda = Agenda(_changed(run), names, whose_it_is is None, words)
    entries = [
        *(agenda.entry(plan) for plan in planned),
        *(agenda.entry(plan, is_done=True) for plan in done),
    ]
    entries.sort(key=lambda entry: (entry.start.isoformat(), entry.uid))
    of = names.get(whose_it_is, whose_it_is) if whose_it_is else str(run.option("team") or "")
    name = words.fill(f"{what}_of" if of else what, company=settings["company"]["name"], name=of)
    return calendar_text(name, entries, ZoneInfo(settings.get("timezone", "UTC")))


def _changed(run: Session) -> dict[str, datetime]:
    """The time of the last commit of each record, or of its creation where it has none."""
    from pipecli.history.commit_as_of import NoSuchMoment
    from pipecli.history.history_index import open_history
    from pipecli.history.record_history import last_changes

    known = created_times(run.connection)
    try:
        return known | last_changes(open_history(run.present.location, say), (LEAD, OPPORTUNITY, INVOICE))
    except NoSuchMoment:
        return known
