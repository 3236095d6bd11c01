"""The tables of the index, which are those of `sql` and `--where`: their columns, and each record's rows.

A base table holds what one file says; the view of the same name (store.views) adds what also depends on other
files or on the day.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from pipecli.jsontext import dumps
from pipecli.records.activity import Activity, NextContact, first_response, minutes_to_first_response
from pipecli.records.base import Record
from pipecli.records.item import Item, tax_by_rate, total
from pipecli.records.kinds import BY_NOUN, KINDS
from pipecli.records.money import rounded
from pipecli.records.opportunity import Assigned
from pipecli.records.questions import answered
from pipecli.records.references import mentions, references
from pipecli.store.index.views import views

if TYPE_CHECKING:
    from pipecli.records.lead import Lead
    from pipecli.records.opportunity import Opportunity
    from pipecli.records.quotation import Order, Quotation, SupplierItem, SupplierQuotation
    from pipecli.records.settings import Settings

SQLValue = str | int | float | None


class Row(NamedTuple):
    table: str
    values: tuple[SQLValue, ...]


def rows(record: Record, file: str) -> Iterator[Row]:
    """Every row that one record gives: its own, its items, activities, stakeholders and references."""
    plain = record.plain()
    yield Row("_records", (file, record.noun, record.key, record.label, dumps(plain, indent=None)))
    for field, noun, key in (*references(record), *mentions(record)):
        yield Row("_references", (file, field, noun, key))
    if record.noun == "settings":
        yield from _settings(cast("Settings", record))
        return
    kind = BY_NOUN[record.noun]
    yield Row(f"_{kind.table}", (file, *_COLUMNS_OF.get(record.noun, _plain_columns)(record)))
    parts = record.__dict__
    for activity in parts.get("activities", ()):
        yield Row("activities", (file, record.key, record.noun, *_activity(activity)))
    for position, item in enumerate(parts.get("items", ()), 1):
        yield Row("items", (file, record.key, record.noun, position, *_item(item, parts["currency"])))
    if record.noun == "opportunity":
        for stakeholder in parts["contacts"]:
            values = (stakeholder.contact, stakeholder.role, bool(stakeholder.primary))
            yield Row("stakeholders", (file, record.key, *values))


def _settings(settings: Settings) -> Iterator[Row]:
    for slug, user in settings.users.items():
        yield Row("users", (slug, user.name, user.email, user.team, user.active, user.external_id))
    for slug, team in settings.teams.items():
        yield Row("teams", (slug, team.name, team.manager, team.parent))
    for slug, process in settings.processes.items():
        for position, stage in enumerate(process.stages, 1):
            yield Row(
                "stages",
                (slug, stage.id, stage.label, position, _number(stage.probability), stage.rotting_days,
                 stage.category),
            )  # fmt: skip


def _lead(lead: Lead) -> tuple[SQLValue, ...]:
    criteria = lead.qualification
    return (
        lead.id, lead.external_id, _text(lead.created), lead.status, lead.name, lead.organization, lead.title,
        lead.email, lead.phone, lead.website, lead.country, lead.language, lead.source, lead.campaign,
        lead.owner, *_assigned(lead.assigned), _list(lead.shared_with), lead.score, lead.role,
        criteria.need, criteria.budget, criteria.timeframe, criteria.authority, lead.interest,
        *_next_contact(lead.next_contact), *_activity_facts(lead.activities),
        *_first_response(lead.created, lead.activities),
        *((_text(lead.disqualified.date), lead.disqualified.reason) if lead.disqualified else (None, None)),
        *((_text(lead.converted.date), lead.converted.customer) if lead.converted else (None, None)),
        _list(lead.tags),
    )  # fmt: skip


_LEAD = """
    id TEXT, external_id TEXT, created TEXT, status TEXT, name TEXT, organization TEXT, title TEXT,
    email TEXT, phone TEXT, website TEXT, country TEXT, language TEXT, source TEXT, campaign TEXT,
    owner TEXT, assigned_rule TEXT, assigned_turn INTEGER, shared_with TEXT, score INTEGER, role TEXT,
    need TEXT, budget TEXT, timeframe TEXT, authority TEXT, interest TEXT,
    next_contact TEXT, next_contact_by TEXT, open_activities INTEGER, last_in TEXT, last_out TEXT,
    first_response TEXT, minutes_to_first_response INTEGER, disqualified_date TEXT, disqualified_reason TEXT,
    converted_date TEXT, converted_customer TEXT, tags TEXT"""


def _opportunity(deal: Opportunity) -> tuple[SQLValue, ...]:
    value, closed = deal.value, deal.closed
    primary = next((contact.contact for contact in deal.contacts if contact.primary), None)
    return (
        deal.id, deal.external_id, _text(deal.created), deal.title, deal.type, deal.lead, deal.customer,
        deal.process, deal.stage, deal.status, deal.owner, *_assigned(deal.assigned), _list(deal.shared_with),
        deal.source, deal.campaign, deal.score, deal.currency, deal.price_list,
        _number(value), _text(value), deal.amount is not None, _number(deal.probability),
        _text(deal.expected_close), primary, _list(deal.competitors),
        len(answered(deal.key_info.plain() if deal.key_info else {}, has_next_step=bool(deal.next_contact))),
        *_next_contact(deal.next_contact), *_activity_facts(deal.activities),
        *_first_response(deal.created, deal.activities),
        *(
            (_text(closed.date), _number(closed.amount), _text(closed.amount), closed.quotation,
             closed.reason, closed.competitor, closed.detail)
            if closed else (None,) * 7
        ),
        _list(deal.tags),
    )  # fmt: skip


_OPPORTUNITY = """
    id TEXT, external_id TEXT, created TEXT, title TEXT, type TEXT, lead TEXT, customer TEXT,
    process TEXT, stage TEXT, status TEXT, owner TEXT, assigned_rule TEXT, assigned_turn INTEGER,
    shared_with TEXT, source TEXT, campaign TEXT, score INTEGER, currency TEXT, price_list TEXT,
    amount REAL, exact_amount TEXT, amount_by_hand INTEGER, probability_by_hand REAL,
    expected_close TEXT, primary_contact TEXT, competitors TEXT,
    key_info_answered INTEGER,
    next_contact TEXT, next_contact_by TEXT, open_activities INTEGER, last_in TEXT, last_out TEXT,
    first_response TEXT, minutes_to_first_response INTEGER,
    closed_date TEXT, closed_amount REAL, exact_closed_amount TEXT, closed_quotation TEXT,
    closed_reason TEXT, closed_competitor TEXT, closed_detail TEXT,
    tags TEXT"""


def _quotation(quotation: Quotation) -> tuple[SQLValue, ...]:
    return (
        quotation.id, quotation.external_id, _text(quotation.created), quotation.opportunity,
        quotation.revision_of, _text(quotation.date), _text(quotation.valid_until), quotation.status,
        quotation.customer, quotation.lead, quotation.contact, quotation.currency, quotation.price_list,
        quotation.supplier_quotation, *_totals(quotation), quotation.reason, _list(quotation.tags),
    )  # fmt: skip


_QUOTATION = """
    id TEXT, external_id TEXT, created TEXT, opportunity TEXT, revision_of TEXT, date TEXT,
    valid_until TEXT, status TEXT, customer TEXT, lead TEXT, contact TEXT, currency TEXT, price_list TEXT,
    supplier_quotation TEXT, amount REAL, exact_amount TEXT, tax REAL, exact_tax TEXT,
    total REAL, exact_total TEXT, tax_by_rate TEXT, reason TEXT, tags TEXT"""


def _order(order: Order) -> tuple[SQLValue, ...]:
    return (
        order.id, order.external_id, _text(order.created), order.opportunity, order.quotation,
        _text(order.date), _text(order.delivered), order.status, order.customer, order.contact,
        order.currency, order.price_list, *_totals(order), order.reason, _list(order.tags),
    )  # fmt: skip


_ORDER = """
    id TEXT, external_id TEXT, created TEXT, opportunity TEXT, quotation TEXT, date TEXT, delivered TEXT,
    status TEXT, customer TEXT, contact TEXT, currency TEXT, price_list TEXT,
    amount REAL, exact_amount TEXT, tax REAL, exact_tax TEXT,
    total REAL, exact_total TEXT, tax_by_rate TEXT, reason TEXT, tags TEXT"""


def _supplier_quotation(answer: SupplierQuotation) -> tuple[SQLValue, ...]:
    asked = answer.total
    return (
        answer.id, answer.external_id, _text(answer.created), answer.opportunity, answer.supplier,
        answer.status, _text(answer.date), _text(answer.answer_by), _text(answer.received),
        _text(answer.valid_until), answer.lead_time, answer.currency, _number(asked), _text(asked),
        answer.reason, _list(answer.tags),
    )  # fmt: skip


_SUPPLIER_QUOTATION = """
    id TEXT, external_id TEXT, created TEXT, opportunity TEXT, supplier TEXT, status TEXT, date TEXT,
    answer_by TEXT, received TEXT, valid_until TEXT, lead_time TEXT, currency TEXT,
    amount REAL, exact_amount TEXT, reason TEXT, tags TEXT"""

# Where a row is no more than the record's own fields, their names are the columns.
_PLAIN = {
    "customer": "id external_id name kind email phone website address country language tax_id industry owner "
    "parent tags",
    "contact": "id external_id name customer emails phones title language tags",
    "supplier": "id external_id name email phone website address country language currency tags",
    "competitor": "id external_id name website country tags",
    "product": "sku external_id name kind uom description tax cost active tags",
    "price-list": "id external_id name currency valid_from valid_until",
    "literature": "id external_id title file url products stages tags",
}


def _plain_columns(record: Record) -> tuple[SQLValue, ...]:
    return tuple(_value(getattr(record, name)) for name in _PLAIN[record.noun].split())


_COLUMNS_OF: dict[str, Any] = {
    "lead": _lead,
    "opportunity": _opportunity,
    "quotation": _quotation,
    "order": _order,
    "supplier-quotation": _supplier_quotation,
}


def _item(item: Item | SupplierItem, currency: str) -> tuple[SQLValue, ...]:
    priced = item if isinstance(item, Item) else None
    return (
        item.product, item.description, _number(item.quantity), item.uom, _number(item.unit_price),
        *((_number(priced.discount), _number(priced.tax)) if priced else (None, None)),
        _number(item.amount(currency)),
    )  # fmt: skip


def _activity(activity: Activity) -> tuple[SQLValue, ...]:
    return (
        activity.id, activity.type, _text(activity.at), activity.subject, activity.by, activity.direction,
        activity.done, activity.contact, activity.duration, activity.literature, activity.message_id,
        activity.notes,
    )  # fmt: skip


def _activity_facts(activities: tuple[Activity, ...]) -> tuple[SQLValue, ...]:
    """How many are open; when they last wrote to us, and we to them."""
    return (
        sum(not activity.done for activity in activities),
        max((str(_text(activity.at)) for activity in activities if activity.direction == "in"), default=None),
        max(
            (
                str(_text(activity.at))
                for activity in activities
                if activity.direction == "out" and activity.done
            ),
            default=None,
        ),
    )


def _first_response(created: datetime, activities: tuple[Activity, ...]) -> tuple[SQLValue, ...]:
    response = first_response(activities)
    return _text(response), minutes_to_first_response(created, response)


def _assigned(by: Assigned | None) -> tuple[SQLValue, ...]:
    return (by.rule, by.turn) if by else (None, None)


def _next_contact(planned: NextContact | None) -> tuple[SQLValue, ...]:
    return (_text(planned.date), planned.by) if planned else (None, None)


def _totals(document: Quotation | Order) -> tuple[SQLValue, ...]:
    net = total(document.items, document.currency)
    by_rate = tax_by_rate(document.items, document.currency)
    tax = sum(by_rate.values(), rounded(Decimal(0), document.currency))
    gross = net + tax
    return (
        _number(net), _text(net), _number(tax), _text(tax), _number(gross), _text(gross),
        dumps(by_rate, indent=None),
    )  # fmt: skip


def _text(value: date | datetime | Decimal | None) -> str | None:
    if value is None:
        return None
    return str(value) if isinstance(value, Decimal) else value.isoformat()


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _list(values: tuple[str, ...]) -> str | None:
    """A JSON list, for json_each; NULL when empty."""
    return dumps(values, indent=None) if values else None


def _value(value: object) -> SQLValue:
    match value:
        case tuple():
            return _list(value)
        case Decimal():
            return _number(value)
        case date():
            return _text(value)
        case None | str() | int():
            return value
    raise TypeError(f"no column for {value!r}")


def schema() -> str:
    """The SQL that makes an empty index."""
    own = {
        "lead": _LEAD, "opportunity": _OPPORTUNITY, "quotation": _QUOTATION, "order": _ORDER,
        "supplier-quotation": _SUPPLIER_QUOTATION,
    }  # fmt: skip
    tables = [
        f"CREATE TABLE _{kind.table} (path TEXT PRIMARY KEY, "
        f"{own.get(kind.noun) or _PLAIN[kind.noun].replace(' ', ', ')}) WITHOUT ROWID;"
        for kind in KINDS
    ]
    return "\n".join([*tables, _SHARED, views()])


_SHARED = """
CREATE TABLE _records (path TEXT PRIMARY KEY, noun TEXT, key TEXT, label TEXT, json TEXT) WITHOUT ROWID;
CREATE INDEX _records_key ON _records (noun, key);
CREATE TABLE _folders (folder TEXT PRIMARY KEY, stamp BLOB) WITHOUT ROWID;
CREATE TABLE _faults (path TEXT, line INTEGER, column INTEGER, rule TEXT, message TEXT);
CREATE TABLE _references (path TEXT, field TEXT, noun TEXT, key TEXT);
CREATE INDEX _references_path ON _references (path);

CREATE TABLE users (id TEXT PRIMARY KEY, name TEXT, email TEXT, team TEXT, active INTEGER, external_id TEXT);
CREATE TABLE teams (id TEXT PRIMARY KEY, name TEXT, manager TEXT, parent TEXT);
CREATE TABLE stages (process TEXT, id TEXT, name TEXT, position INTEGER, probability REAL,
    rotting_days INTEGER, category TEXT, PRIMARY KEY (process, id));
CREATE TABLE items (path TEXT, record TEXT, noun TEXT, position INTEGER, product TEXT, description TEXT,
    quantity REAL, uom TEXT, unit_price REAL, discount REAL, tax REAL, amount REAL);
CREATE INDEX _items_path ON items (path);
CREATE TABLE activities (path TEXT, record TEXT, noun TEXT, id TEXT, type TEXT, at TEXT, subject TEXT,
    "by" TEXT, direction TEXT, done INTEGER, contact TEXT, duration INTEGER, literature TEXT,
    message_id TEXT, notes TEXT);
CREATE INDEX _activities_path ON activities (path);
CREATE TABLE stakeholders (path TEXT, opportunity TEXT, contact TEXT, role TEXT, "primary" INTEGER);
CREATE INDEX _stakeholders_path ON stakeholders (path);
"""

PER_FILE = ("_records", "_faults", "_references", "items", "activities", "stakeholders")
"""The tables beside a record's own that hold rows of a file."""
