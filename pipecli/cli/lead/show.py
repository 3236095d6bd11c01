"""`lead show`: for people a page on the lead, for scripts its keys. It reads the index alone."""

from __future__ import annotations

from collections.abc import Iterator

import typer

from pipecli.cli.common.command import Ref, noun
from pipecli.cli.common.output import Format, print_record
from pipecli.cli.common.record_json import RecordJson, print_record_json, record_json
from pipecli.cli.common.reference import find
from pipecli.cli.common.session import Session, session
from pipecli.cli.common.table import Column
from pipecli.cli.show import planned_contact, print_activities, print_section
from pipecli.records.kinds import LEAD
from pipecli.wording import count, duration

Line = tuple[str, object]


app = noun()


@app.command("show")
def show(ctx: typer.Context, ref: Ref) -> None:
    """Show one lead: its criteria, activities, what it became."""
    run = session(ctx)
    lead = record_json(run, LEAD.noun, find(run, ref, LEAD).key)
    if run.format is not Format.TABLE:
        print_record_json(run, lead)
        return
    print_record(lead, run.format, list(_header(run, lead)))
    print_section("Criteria", list(_criteria(lead)), _CRITERIA)
    print_activities(lead)


def _header(run: Session, lead: RecordJson) -> Iterator[Line]:
    both = [lead[key] for key in ("organization", "name") if key in lead]
    yield lead["id"], ", ".join(both)
    for key, label in (("title", "job title"), ("role", "role")):
        if key in lead:
            yield label, lead[key]
    yield from _status(lead)
    for key in ("email", "phone", "website", "address", "country", "language", "interest"):
        if key in lead:
            yield key, lead[key]
    if "next_contact" in lead:
        yield "next contact", planned_contact(run, lead["next_contact"])
    if "owner" in lead:
        yield "owner", lead["owner"] + (f", team {lead['team']}" if "team" in lead else "")
    for key, label in (
        ("shared_with", "shared with"), ("source", "source"), ("campaign", "campaign"), ("score", "score"),
        ("tags", "tags"),
    ):  # fmt: skip
        if key in lead:
            yield label, lead[key]
    age = lead["age_days"]
    yield "created", f"{lead['created'][:10]}, " + (f"{count(age, 'day')} ago" if age else "today")
    if "minutes_to_first_response" in lead:
        minutes = lead["minutes_to_first_response"]
        yield "answered", f"after {duration(minutes)}"
    if "notes" in lead:
        yield "notes", lead["notes"]
    yield from (lead.get("custom") or {}).items()


def _status(lead: RecordJson) -> Iterator[Line]:
    """The status, and the conversion or the reason behind it."""
    if "converted" in lead:
        became = lead["converted"]
        deals = ", ".join(became.get("opportunities", ())) or "no opportunity"
        forced = ", forced" if became.get("forced") else ""
        yield "converted", f"{became['date']}, to {deals}{forced}"
        yield "customer", became["customer"]
        if "contact" in became:
            yield "contact", became["contact"]
    elif "disqualified" in lead:
        given_up = lead["disqualified"]
        yield "disqualified", f"{given_up['date']}, {given_up['reason']}"
        if "detail" in given_up:
            yield "", given_up["detail"]
    else:
        yield "status", lead["status"]


def _criteria(lead: RecordJson) -> Iterator[RecordJson]:
    answers = lead.get("qualification", {})
    for name in ("need", "budget", "timeframe", "authority"):
        yield {"criterion": name, "answer": answers.get(name, "unknown"), "note": answers.get(f"{name}_note")}


_CRITERIA = (
    Column("criterion", "CRITERION"),
    Column("answer", "ANSWER"),
    Column("note", "NOTE", shrink=True, min_width=20),
)
