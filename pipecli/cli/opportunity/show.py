"""`opportunity show`, `step list` and `contact list`. They read the index alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipecli.cli.common.command import Ref, noun
from pipecli.cli.common.names_and_questions import find_typed, print_header
from pipecli.cli.common.output import Format, print_record, print_records, write_text
from pipecli.cli.common.record_json import RecordJson, print_record_json, record_json
from pipecli.cli.common.session import Session
from pipecli.cli.common.table import Column, amount_text, cell_text
from pipecli.cli.show import (
    due,
    labelled,
    origins,
    owner_of,
    planned_contact,
    print_activities,
    print_items,
    print_section,
)
from pipecli.json_and_csv import loads
from pipecli.records.kinds import OPPORTUNITY
from pipecli.store.index.rows_for_verbs import label as label_of
from pipecli.store.index.rows_for_verbs import rows_where
from pipecli.store.index.rows_for_verbs import stakeholders as stakeholders_of
from pipecli.wording import count
from pipecli.workflow.opportunity.advance import KEY_INFO, answered, missing_fields, missing_steps

app = noun()


def progress(deal: Mapping[str, Any], stages: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Where a plain deal stands in the plain stages of its process, with the keys of JSON.

    `stage_position` counts from 1, and is None where the settings don't have the stage; `next_stage` is None
    at the last one.
    """
    place = next((place for place, stage in enumerate(stages) if stage["id"] == deal["stage"]), None)
    here = stages[place] if place is not None else {}
    after = stages[place + 1] if place is not None and place + 1 < len(stages) else None
    return {
        "stage_position": None if place is None else place + 1,
        "stages": len(stages),
        "next_stage": after["id"] if after else None,
        "steps_open": missing_steps(deal, here.get("steps", ())),
        "fields_missing": missing_fields(deal, after.get("requires", ())) if after else [],
    }


Line = tuple[str, object]


@app.command("show")
def show(run: Session, ref: Ref) -> None:
    """Show one opportunity: its stage, and what is next."""
    deal = record_json(run, OPPORTUNITY.noun, find_typed(run, ref, OPPORTUNITY).key)
    if run.format is not Format.TABLE:
        print_record_json(
            run, deal | (progress(deal, _stages(run, deal)) if deal["status"] == "open" else {})
        )
        return
    print_header(run, deal, _header(run, deal))
    if deal.get("items"):
        write_text("\nItems\n")
        print_items(run, OPPORTUNITY, deal)
    print_section("Contacts", stakeholders(run, deal["id"]), STAKEHOLDERS[1:])
    _print_key_information(deal)
    print_activities(deal)
    _print_documents(run, deal)


def _stages(run: Session, deal: RecordJson) -> list[dict[str, Any]]:
    """The stages of its process in the settings, in their order."""
    processes = run.pipeline.settings_as_written["processes"]
    stages: list[dict[str, Any]] = processes.get(deal["process"], {}).get("stages", [])
    return stages


def _header(run: Session, deal: RecordJson) -> Iterator[Line]:
    yield deal["id"], deal["title"]
    if "customer" in deal:
        yield "customer", f"{deal.get('customer_name', deal['customer'])} ({deal['customer']})"
    if "lead" in deal:
        name = label_of(run.connection, "lead", deal["lead"])
        yield "lead", f"{'unknown' if name is None else name} ({deal['lead']})"
    yield from _outcome(deal) if "closed" in deal else _progress(deal, _stages(run, deal))
    yield from _money(deal)
    yield from _dates(run, deal)
    yield from owner_of(deal)
    if sellers := deal.get("sellers"):
        yield "sellers", ", ".join(f"{seller['user']} {seller['percent']} %" for seller in sellers)
    yield "type", deal["type"]
    yield from labelled(deal, "shared_with source campaign score competitors price_list tags external_id")
    yield from origins(deal, _age(deal))


def _progress(deal: RecordJson, stages: list[dict[str, Any]]) -> Iterator[Line]:
    """Where an open deal stands, and what is next."""
    stands, names = progress(deal, stages), {stage["id"]: stage.get("name", stage["id"]) for stage in stages}
    if stands["stage_position"] is None:
        yield "stage", f"{deal['stage']}, which the process {deal['process']} does not have"
        return
    place = f"{stands['stage_position']} of {stands['stages']}"
    yield "stage", f"{names[deal['stage']]}, {place} ({deal['process']})"
    if stands["steps_open"]:
        yield "steps open", "; ".join(stands["steps_open"])
    needs = f", which needs {', '.join(stands['fields_missing'])}" if stands["fields_missing"] else ""
    yield (
        "next",
        f"{names[stands['next_stage']]}{needs}" if stands["next_stage"] else "close it: won, or lost",
    )


def _age(deal: RecordJson) -> str:
    days = deal["age_days"]
    if "closed" in deal:
        return f"closed after {count(days, 'day')}" if days > 0 else "closed the same day"
    return f"{count(days, 'day')} ago" if days else "today"


def _outcome(deal: RecordJson) -> Iterator[Line]:
    """The outcome of a closed deal, and where it stood."""
    closed = deal["closed"]
    parts = [
        "amount unknown"
        if closed.get("amount") == "unknown"
        else amount_text(closed.get("amount"), deal["currency"]),
        f"with {closed['quotation']}" if "quotation" in closed else "",
        f"to {', '.join(closed['competitors'])}" if "competitors" in closed else "",
        f"for {', '.join(closed['reasons'])}" if "reasons" in closed else "",
    ]
    words = " ".join(part for part in parts if part)
    yield deal["status"], f"{closed['date']}" + (f", {words}" if words else "")
    if "detail" in closed:
        yield "", closed["detail"]
    stage = "unknown" if "stage" in closed else f"{deal['stage']} ({deal['process']})"
    yield "stage", f"{stage} when it closed"


def _money(deal: RecordJson) -> Iterator[Line]:
    if "amount" not in deal:
        yield "amount", "unknown: no items, and none set by hand"
        return
    is_won = deal["status"] == "won"
    words = " by hand" if deal["amount_by_hand"] and not is_won else ""
    if deal.get("discount") or deal.get("discount_amount"):
        off = deal.get("discount_amount")
        percent = f"{deal.get('discount')} %"
        words += f", after a discount of {percent if off is None else amount_text(off, deal['currency'])}"
    if deal.get("items_amount", deal["amount"]) != deal["amount"]:
        words += f", the items come to {amount_text(deal['items_amount'], deal['currency'])}"
    yield "amount", amount_text(deal["amount"], deal["currency"]) + words
    if "yearly_recurring" in deal:
        names = ("monthly_recurring", "yearly_recurring", "first_year_amount")
        month, year, first = (amount_text(deal[name], deal["currency"]) for name in names)
        yield "recurring", f"{month} a month, {year} a year; {first} in the first year"
    if "closed" not in deal and "weighted" in deal:
        weighted = amount_text(deal["weighted"], deal["currency"])
        ours, stage = deal["probability"], deal.get("stage_probability")
        by_hand = "" if stage in (None, ours) else f" by hand, the stage has {cell_text(stage)} %"
        yield "weighted", f"{weighted} at {cell_text(ours)} %{by_hand}"


def _dates(run: Session, deal: RecordJson) -> Iterator[Line]:
    """The dates ahead; of a closed deal the day that was expected."""
    if "closed" in deal:
        if "expected_close" in deal:
            yield "expected", deal["expected_close"]
        return
    if "expected_close" in deal:
        waits = "hold" in deal and deal["hold"]["until"] > f"{run.today}"
        yield "close", deal["expected_close"] if waits else due(run, deal["expected_close"])
    if "hold" in deal:
        reason = f": {deal['hold']['reason']}" if "reason" in deal["hold"] else ""
        yield "on hold", f"until {due(run, deal['hold']['until'])}{reason}"
    if "next_contact" in deal:
        yield "next contact", planned_contact(run, deal["next_contact"])


def _print_key_information(deal: RecordJson) -> None:
    key_info = deal.get("key_info", {})
    known = answered(deal)
    write_text(f"\nKey information: {len(known)} of {len(KEY_INFO)}\n")
    lines: list[Line] = [(KEY_INFO[name], key_info[name]) for name in known if name in key_info]
    if "competitors" in known:
        lines.append((KEY_INFO["competitors"], ", ".join(deal["competitors"])))
    unknown = [words for name, words in KEY_INFO.items() if name not in known]
    if unknown:
        lines.append(("not known", ", ".join(unknown)))
    print_record(deal, Format.TABLE, lines)


def _print_documents(run: Session, deal: RecordJson) -> None:
    """Its quotations, orders, invoices and suppliers' quotations; a file that can't be read is named."""
    connection = run.read().connection
    for heading, table, columns in _DOCUMENTS:
        names = [*(column.name for column in columns), "currency"]
        rows = rows_where(connection, names, table, "opportunity = ?", deal["id"], order="date, created, id")
        print_section(heading, [dict(zip(names, row, strict=True)) for row in rows], columns)


def _sum(name: str, heading: str) -> Column:
    return Column(
        name, heading, align="right", show=lambda record: amount_text(record[name], record["currency"])
    )


_ID, _STATUS, _DATE = Column("id", "ID"), Column("status", "STATUS"), Column("date", "DATE")
_TOTAL = _sum("exact_total", "TOTAL")
_DOCUMENTS = (
    ("Quotations", "_quotations", (_ID, _STATUS, _DATE, Column("valid_until", "VALID UNTIL"), _TOTAL)),
    ("Orders", "_orders", (_ID, _STATUS, _DATE, Column("delivered", "DELIVERED"), _TOTAL)),
    (
        "Invoices", "invoices",
        (_ID, Column("number", "NUMBER"), _STATUS, _DATE, Column("due", "DUE"), _TOTAL, _sum("open", "OPEN")),
    ),
    (
        "Suppliers asked", "_supplier_quotations",
        (_ID, Column("supplier", "SUPPLIER", shrink=True), _STATUS, _DATE, _sum("exact_amount", "TOTAL")),
    ),
)  # fmt: skip


@app.command("step list")
def list_steps(run: Session, ref: Ref) -> None:
    """List the steps of every stage, and which are done."""
    deal = record_json(run, OPPORTUNITY.noun, find_typed(run, ref, OPPORTUNITY).key)
    steps = [
        {"stage": stage["id"], "step": step, "done": step in deal.get("steps_done", ())}
        for stage in _stages(run, deal)
        for step in stage.get("steps", ())
    ]
    print_records(steps, _STEPS, run.format, id_key="step")


_STEPS = (
    Column("stage", "STAGE"),
    Column("step", "STEP", shrink=True, min_width=20),
    Column("done", "DONE"),
)


@app.command("contact list")
def list_contacts(run: Session, ref: Ref) -> None:
    """List the contacts and their roles."""
    contacts = stakeholders(run, find_typed(run, ref, OPPORTUNITY).key)
    print_records(contacts, STAKEHOLDERS, run.format, id_key="contact")


def stakeholders(run: Session, deal: str) -> list[RecordJson]:
    """The contacts on a deal in the order of its file, with what we know of each."""
    rows = stakeholders_of(run.connection, deal)
    return [
        {
            "contact": contact,
            "name": name or contact,
            "role": role,
            "primary": bool(primary),
            "title": title,
            "emails": loads(emails or "[]"),
            "phones": loads(phones or "[]"),
        }
        for contact, name, role, primary, title, emails, phones in rows
    ]


STAKEHOLDERS = (
    Column("contact", "CONTACT", shrink=True, min_width=12),
    Column("name", "NAME", shrink=True, min_width=12),
    Column("role", "ROLE", shrink=True),
    Column("primary", "PRIMARY", show=lambda record: "primary" if record["primary"] else ""),
    Column("title", "TITLE", shrink=True, rank=2),
    Column("emails", "EMAIL", shrink=True, rank=1),
    Column("phones", "PHONE", shrink=True, rank=1),
)
