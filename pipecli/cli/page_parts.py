"""What the pages of `show` are made of: sections, activities, days in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from pipecli.cli.listing import Shown
from pipecli.cli.output import Format, print_records, write_text
from pipecli.cli.session import Session
from pipecli.cli.showing import View, view
from pipecli.cli.table import Column

_LAST = 5
"""How many of the activities that are done a page shows."""


def print_section(heading: str, rows: Sequence[View], columns: Sequence[Column]) -> None:
    """A heading and its table, without columns that say nothing; nothing where there are no rows."""
    if rows:
        said = [column for column in columns if any(row.get(column.name) for row in rows)]
        write_text(f"\n{heading}\n")
        print_records(rows, said, Format.TABLE)


def print_activities(record: View) -> None:
    """What is planned, and the last of what is done."""
    activities = sorted(record.get("activities", ()), key=lambda each: str(each["at"]))
    planned = [each for each in activities if not each.get("done")]
    done = [each for each in activities if each.get("done")]
    print_section("Planned", planned, _ACTIVITIES)
    more = f", the last {_LAST} of {len(done)}" if len(done) > _LAST else ""
    print_section(f"Done{more}", done[::-1][:_LAST], _ACTIVITIES)


def _when(activity: Any) -> str:
    return str(activity["at"])[:16].replace("T", " ")


_ACTIVITIES = (
    Column("at", "WHEN", show=_when),
    Column("type", "TYPE"),
    Column("direction", "DIR", rank=2),
    Column("subject", "SUBJECT", shrink=True, min_width=20),
    Column("by", "BY", shrink=True, rank=1),
    Column("id", "ID"),
)


def in_days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def due(run: Session, day: str) -> str:
    """A day, and how far away it is."""
    days = (date.fromisoformat(day) - run.today).days
    if days < 0:
        return f"{day}, overdue by {in_days(-days)}"
    return f"{day}, " + (f"in {in_days(days)}" if days else "today")


def planned_contact(run: Session, planned: View) -> str:
    by = f", by {planned['by']}" if "by" in planned else ""
    return due(run, planned["date"]) + by + (f": {planned['note']}" if "note" in planned else "")


def rows_of(run: Session, table: str, columns: tuple[Shown, ...], condition: str, key: str) -> list[View]:
    """The records that a condition of ours holds for, as the table of their noun has them."""
    found = run.pipeline.index.connection.execute(
        f"SELECT {', '.join(each.sql for each in columns)} FROM {table} WHERE {condition}", (key,)
    )
    names = [each.column.name for each in columns]
    return [dict(zip(names, row, strict=True)) for row in found]


def views_of(run: Session, noun: str, table: str, condition: str, key: str) -> list[View]:
    """The same, as JSON has them."""
    found = run.pipeline.index.connection.execute(
        f"SELECT id FROM {table} WHERE {condition} ORDER BY id", (key,)
    )
    return [view(run, noun, row[0]) for row in found.fetchall()]
