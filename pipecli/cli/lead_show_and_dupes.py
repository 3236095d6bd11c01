"""`lead show`, a page on the lead, and the pairs that are likely one: `lead dupes`, `customer dupes`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from pipecli.cli.common.command import Ref, noun
from pipecli.cli.common.names_and_questions import find_typed, print_header
from pipecli.cli.common.output import Format, print_records, write_text
from pipecli.cli.common.record_json import RecordJson, print_record_json, record_json
from pipecli.cli.common.session import Session, say
from pipecli.cli.common.table import Column
from pipecli.cli.show import labelled, origins, owner_of, planned_contact, print_activities, print_section
from pipecli.json_and_csv import loads
from pipecli.records.kinds import CONTACT, CUSTOMER, LEAD
from pipecli.store.index.rows_for_verbs import rows_where
from pipecli.wording import count
from pipecli.workflow.duplicates import Duplicate, LeadOrCustomer, find_duplicates

Line = tuple[str, object]


app = noun()


@app.command("show")
def show(run: Session, ref: Ref) -> None:
    """Show one lead: its criteria, activities, what it became."""
    lead = record_json(run, LEAD.noun, find_typed(run, ref, LEAD).key)
    if run.format is not Format.TABLE:
        print_record_json(run, lead)
        return
    print_header(run, lead, _header(run, lead))
    answers = lead.get("qualification", {})
    criteria = [
        {"criterion": name, "answer": answers.get(name, "unknown"), "note": answers.get(f"{name}_note")}
        for name in ("need", "budget", "timeframe", "authority")
    ]
    print_section("Criteria", criteria, _CRITERIA)
    print_activities(lead)


def _header(run: Session, lead: RecordJson) -> Iterator[Line]:
    both = [lead[key] for key in ("organization", "name") if key in lead]
    yield lead["id"], ", ".join(both)
    for key, label in (("title", "job title"), ("role", "role")):
        if key in lead:
            yield label, lead[key]
    yield from _status(lead)
    yield from labelled(lead, "email phone website address country language interest")
    if "next_contact" in lead:
        yield "next contact", planned_contact(run, lead["next_contact"])
    yield from owner_of(lead)
    yield from labelled(lead, "shared_with source campaign score tags")
    age = lead["age_days"]
    yield from origins(lead, f"{count(age, 'day')} ago" if age else "today")


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


_CRITERIA = (
    Column("criterion", "CRITERION"),
    Column("answer", "ANSWER"),
    Column("note", "NOTE", shrink=True, min_width=20),
)


def _columns(name_width: int) -> tuple[Column, ...]:
    """The names give way to narrow terminals at `name_width`: a slug says them too, the id of a lead not."""
    return (
        Column("score", "SCORE", align="right"),
        Column("first", "FIRST", shrink=True, min_width=18),
        Column("first_name", "NAME", shrink=True, min_width=name_width, rank=1),
        Column("second", "SECOND", shrink=True, min_width=18),
        Column("second_name", "NAME", shrink=True, min_width=name_width, rank=1),
        Column("why", "WHY", shrink=True, min_width=14),
    )


_LEADS, _CUSTOMERS = _columns(14), _columns(24)


@app.command("lead dupes")
def lead_dupes(run: Session) -> None:
    """List leads that are probably the same, with a score and why."""
    columns = ("id", "name", "organization", "email", "phone", "website", "status")
    rows = rows_where(run.read(LEAD).connection, columns, "leads", "status <> 'disqualified'")
    parties = [
        LeadOrCustomer(
            key,
            person=name,
            organization=organization,
            emails=(email,) if email else (),
            phones=(phone,) if phone else (),
            website=website,
        )
        for key, name, organization, email, phone, website, _ in rows
    ]
    names = {
        key: f"{organization} ({name})" if organization and name else organization or name
        for key, name, organization, *_ in rows
    }
    converted = {key for key, *_, status in rows if status == "converted"}
    pairs = [pair for pair in find_duplicates(parties) if not {pair.first, pair.second} <= converted]
    _print(run, _LEADS, pairs, names, "make a pair one: pipecli lead merge FROM INTO")


@app.command("customer dupes")
def customer_dupes(run: Session) -> None:
    """List customers that are probably the same, with a score and why."""
    connection = run.read(CUSTOMER, CONTACT).connection
    reached: dict[str, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    of_people = ("customer", "emails", "phones")
    for customer, *both in rows_where(connection, of_people, "contacts", "customer IS NOT NULL", order=""):
        for known, more in zip(reached[customer], both, strict=True):
            known.extend(loads(more or "[]"))
    columns = ("id", "name", "kind", "email", "phone", "website")
    rows = rows_where(connection, columns, "customers")
    parties = [
        LeadOrCustomer(
            key,
            person=name if kind == "person" else None,
            organization=None if kind == "person" else name,
            emails=[*reached[key][0], *([email] if email else [])],
            phones=[*reached[key][1], *([phone] if phone else [])],
            website=website,
        )
        for key, name, kind, email, phone, website in rows
    ]
    names = {key: name for key, name, *_ in rows}
    pairs = find_duplicates(parties)
    _print(run, _CUSTOMERS, pairs, names, "make a pair one: pipecli customer merge FROM INTO")


def _print(
    run: Session,
    columns: Sequence[Column],
    pairs: Sequence[Duplicate],
    names: dict[str, str],
    way_on: str,
) -> None:
    if run.format is Format.IDS:
        write_text("".join(f"{pair.first}\n{pair.second}\n" for pair in pairs))
        return
    records = [
        {
            "score": pair.score,
            "first": pair.first,
            "first_name": names[pair.first],
            "second": pair.second,
            "second_name": names[pair.second],
            "why": list(pair.why),
        }
        for pair in pairs
    ]
    if pairs or run.format is not Format.TABLE:
        print_records(records, columns, run.format)
    if run.format is Format.TABLE:
        say(way_on if pairs else "no likely duplicates")
