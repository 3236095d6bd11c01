"""`pipecli calendar`: what is planned, as a file that a calendar program subscribes to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipecli.cli.common.command import noun
from pipecli.cli.common.list import Planned, owner_filter
from pipecli.cli.common.output import write_text
from pipecli.cli.common.session import Session, mention, say, session
from pipecli.errors import PipecliError
from pipecli.records.kinds import LEAD, OPPORTUNITY
from pipecli.store.index.records import created

if TYPE_CHECKING:
    from pipecli.reports.followups import Plan

app = noun("Print a calendar of what is planned.")


@app.command(cls=Planned)
def calendar(
    ctx: typer.Context,
    output: Annotated[
        str, typer.Option("--output", "-o", help="The file to write, at once and whole.", metavar="FILE")
    ] = "",
    expected_close: Annotated[
        bool, typer.Option("--expected-close", help="With the days on which deals are expected to close.")
    ] = False,
) -> None:
    """Print a calendar (iCalendar, RFC 5545): meetings and calls, tasks, and the days of next contacts.

    What is imported or fetched again moves, and is never there twice. The same pipeline gives the same file.
    """
    from pipecli.store.plans import done, expected_closes, plans

    run = session(ctx)
    pipeline = run.read(LEAD, OPPORTUNITY)
    connection, theirs = pipeline.index.connection, owner_filter(run)
    planned = plans(connection, theirs, date.max)
    if expected_close:
        planned += expected_closes(connection, theirs)
    text = text_of(run, "calendar", planned, done(connection, theirs))
    if output:
        _write(Path(output), text)
    else:
        write_text(text)


def text_of(run: Session, what: str, planned: Iterable[Plan], done: Iterable[Plan] = ()) -> str:
    """The calendar of some plans, `what` it is being a part of its name."""
    from zoneinfo import ZoneInfo

    from pipecli.outbox.calendar import Agenda, calendar_text

    settings = run.pipeline.settings_as_written
    names = {slug: str(user.get("name", slug)) for slug, user in (settings.get("users") or {}).items()}
    whose_it_is = str(run.option("owner") or "") or (run.me() if run.option("mine") else None)
    agenda = Agenda(_changed(run), names, is_of_many=whose_it_is is None)
    entries = [
        *(agenda.entry(plan) for plan in planned),
        *(agenda.entry(plan, is_done=True) for plan in done),
    ]
    entries.sort(key=lambda entry: (entry.start.isoformat(), entry.uid))
    of = names.get(whose_it_is, whose_it_is) if whose_it_is else str(run.option("team") or "")
    name = f"{settings['company']['name']}: {what}{f' of {of}' if of else ''}"
    return calendar_text(name, entries, ZoneInfo(settings.get("timezone", "UTC")))


def _changed(run: Session) -> dict[str, datetime]:
    """The time of the last commit of each record, or of its creation where it has none."""
    from pipecli.history.index import open_history
    from pipecli.history.log import last_changes
    from pipecli.history.moments import NoSuchMoment

    known = created(run.pipeline.index.connection)
    try:
        return known | last_changes(open_history(run.present.location, say), (LEAD, OPPORTUNITY))
    except NoSuchMoment:
        return known


def _write(path: Path, text: str) -> None:
    """Put a file in the place of what was there, unless it says the same: who fetches it sees no change."""
    from pipecli.store import files

    target, content = path.resolve(), text.encode()
    try:
        if not (target.is_file() and target.read_bytes() == content):
            files.write(target.parent, target.name, content)
    except OSError as error:
        raise PipecliError(f"{path} can't be written: {error.strerror or error}") from None
    mention(f"the calendar is in {path}")
