"""The facts of one version of a record that history keeps: its name, its links, its money."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from pipecli.errors import FaultyFile
from pipecli.records.kinds import record_kind
from pipecli.store.yaml import read

if TYPE_CHECKING:
    from pipecli.records.base import Plain, Record
    from pipecli.store.git import Object

LINKS = {
    "quotation": "opportunity",
    "supplier-quotation": "opportunity",
    "order": "opportunity",
    "invoice": "opportunity",
    "opportunity": "lead",
}
"""By noun, the field that names the record whose story it belongs to."""


CONTENT_ABSENT = "this clone does not have its content"


class VersionFacts(NamedTuple):
    """One version of one record. Money is text with its exact digits, in the record's currency."""

    key: str | None
    """None when nobody can tell whose version it is."""
    fault: str | None = None
    """Why it isn't a valid record."""
    link: str | None = None
    title: str | None = None
    customer: str | None = None
    owner: str | None = None
    type: str | None = None
    source: str | None = None
    process: str | None = None
    stage: str | None = None
    status: str | None = None
    currency: str | None = None
    amount: str | None = None
    """Its worth: the amount set by hand or the items' total; of an invalid one only the latter."""
    probability: str | None = None
    """Set by hand."""
    expected_close: str | None = None
    closed_date: str | None = None
    closed_amount: str | None = None


def facts_of(path: str, blob: Object) -> VersionFacts:
    """The facts of a blob that stands at the path of a record."""
    from pipecli.store.validate_record import validate

    kind = record_kind(path)
    assert kind
    if blob.content is None:
        return VersionFacts(None, why_absent(blob))
    try:
        text = read.decode(blob.content, path)
        plain = read.parse(text, path)
    except FaultyFile as error:
        return VersionFacts(None, _fault(error))
    key = "settings" if kind.noun == "settings" else plain.get(kind.identity)
    link = plain.get(LINKS.get(kind.noun, ""))
    name = VersionFacts(key if isinstance(key, str) else None, None, link if isinstance(link, str) else None)
    try:
        record = validate(kind.model, plain, path, text)
    except FaultyFile as error:
        return name._replace(fault=_fault(error), amount=_sum_of_items(plain))
    return name._replace(title=record.label, **_facts(record))


def why_absent(blob: Object) -> str:
    """Why the content of a blob was not read."""
    return f"{blob.size:,} bytes are too many for a record" if blob.size else CONTENT_ABSENT


def _fault(error: FaultyFile) -> str:
    first = error.faults[0]
    return f"line {first.line}: {first.message}" if first.line else first.message


def _facts(record: Record) -> dict[str, str | None]:
    parts: dict[str, Any] = record.__dict__
    facts = {
        name: None if parts.get(name) is None else str(parts[name])
        for name in ("customer", "owner", "type", "source", "process", "stage", "status", "currency")
    }
    if record.noun == "opportunity":
        closed = parts["closed"]
        facts |= {
            "probability": _text(parts["probability"]),
            "expected_close": _text(parts["expected_close"]),
            "closed_date": _text(closed.date) if closed else None,
            "closed_amount": _text(closed.value) if closed else None,
        }
    return facts | {"amount": _text(_worth(record))}


def _worth(record: Record) -> object | None:
    from pipecli.records.items_and_totals import totals
    from pipecli.records.opportunity import Opportunity
    from pipecli.records.papers import Invoice, Order, Quotation

    if isinstance(record, Opportunity):
        return record.value
    return totals(record).net if isinstance(record, (Quotation, Order, Invoice)) else None


def _sum_of_items(plain: Plain) -> str | None:
    """The total of an invalid version's items: where only other keys are wrong, it is worth the same."""
    from pipecli.records.items_and_totals import Item
    from pipecli.records.money import rounded
    from pipecli.store.validate_record import validate

    items, currency = plain.get("items"), plain.get("currency")
    special = ("amount", "discount", "discount_amount", "tax_included", "taken")
    if not isinstance(items, list) or not isinstance(currency, str) or any(key in plain for key in special):
        return None
    try:
        lines = [validate(Item, item) for item in items]
    except FaultyFile:
        return None
    counted = [line.amount(currency) for line in lines if not line.is_offered]
    return str(sum(counted, rounded(Decimal(0), currency))) if items else None


def _text(value: object | None) -> str | None:
    return None if value is None else str(value)
