"""The tables of the index, which are those of `sql` and `--where`: their columns, and each record's rows.

A base table holds what one file says; the view of the same name (index.views) adds what also depends on other
files or on the day. A reading command imports this module for the layout alone: no model is imported for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from pipecli.formats import dumps
from pipecli.records.kinds import KINDS
from pipecli.store.index.views import views

if TYPE_CHECKING:
    from pipecli.records.activity import Activity
    from pipecli.records.base import Record
    from pipecli.records.lead import Lead
    from pipecli.records.opportunity import Opportunity
    from pipecli.records.quotation import Invoice, Order, Quotation

SQLValue = str | int | float | None


Columns = tuple[str, Callable[[Any], Sequence[Any]]]
"""Columns that stand side by side in a table: as SQL declares them (`amount REAL, exact_amount TEXT`), and
their values in the row of a record or a part, as the record has them. A named tuple would cost every command
half a millisecond."""
Row = tuple[str, dict[str, SQLValue]]
"""A table, and what a row of it holds by column; without what is NULL, which as a value takes its time."""


def _fields(sql: str) -> Columns:
    """Columns that are called as the fields whose values they hold."""
    return _fields_of(None, sql, " ".join(name.strip('"') for name in _names(sql)))


def _names(sql: str) -> list[str]:
    return [declared.split()[0] for declared in sql.split(",")]


def _fields_of(part: str | None, sql: str, names: str) -> Columns:
    """Columns with the fields of a part of the record, or its own; NULL where it has no such part."""
    fields = names.split()
    # One call for all of them: 10,000 deals have half a million values.
    get = attrgetter(*fields) if len(fields) > 1 else lambda holder: (getattr(holder, fields[0]),)
    if part is None:
        return sql, get
    nothing = (None,) * len(fields)

    def values(record: Any) -> Sequence[Any]:
        holder = getattr(record, part)
        return nothing if holder is None else get(holder)

    return sql, values


def _list(values: tuple[str, ...]) -> str | None:
    """A JSON list, for json_each; NULL when empty."""
    return dumps(values, indent=None) if values else None


def _money(amount: Decimal | None) -> tuple[SQLValue, SQLValue]:
    """An amount to calculate with, and its exact digits."""
    return (None, None) if amount is None else (float(amount), str(amount))


def _activity_values(record: Lead | Opportunity) -> Sequence[SQLValue | date]:
    if not record.activities:
        return 0, None, None, None, None
    from pipecli.records.activity import first_response, minutes_to_first_response

    if not (activities := record.activities):
        return 0, None, None, None, None
    response = first_response(activities)
    return (
        sum(not activity.done for activity in activities),
        _latest(activity for activity in activities if activity.direction == "in"),
        _latest(activity for activity in activities if activity.direction == "out" and activity.done),
        response,
        minutes_to_first_response(record.created, response),
    )


def _latest(activities: Iterator[Activity]) -> str | None:
    return max((activity.at.isoformat() for activity in activities), default=None)


def _sign(record: object) -> int:
    return -1 if getattr(record, "credits", None) else 1


def _totals(document: Quotation | Order | Invoice) -> Sequence[SQLValue]:
    """The sums of a document; of a credit note they are negative, so that what was sold sums up."""
    from pipecli.records.item import totals

    sums, sign = totals(document), _sign(document)
    is_plain = not sums.discount and not document.tax_included
    by_rate = {rate: sign * tax for rate, tax in sums.tax_by_rate.items()}
    return (
        *_money(sign * sums.net),
        *_money(sign * sums.tax),
        *_money(sign * sums.gross),
        dumps(by_rate, indent=None),
        *_money(None if is_plain else sign * sums.subtotal),
        *_money(sign * sums.discount or None),
    )


def _sellers(deal: Opportunity) -> Sequence[SQLValue]:
    """A JSON list of users with their percents, as text; NULL of a deal with one seller."""
    parts = [[seller.user, f"{seller.percent:f}"] for seller in deal.sellers]
    return [dumps(parts, indent=None) if parts else None]


def _recurring(deal: Opportunity) -> Sequence[SQLValue]:
    from pipecli.records.item import recurring

    made = recurring(deal) if deal.items else None
    return [value for amount in made for value in _money(amount)] if made else (None,) * 6


def _primary_contact(deal: Opportunity) -> Sequence[SQLValue]:
    return [next((contact.contact for contact in deal.contacts if contact.primary), None)]


def _key_info_answered(deal: Opportunity) -> Sequence[SQLValue]:
    if not (deal.key_info or deal.competitors):
        return [0]
    from pipecli.workflow.requirements import answered

    key_info = deal.key_info.plain() if deal.key_info else {}
    return [len(answered({"key_info": key_info, "competitors": deal.competitors}))]


_ASSIGNED = _fields_of("assigned", "assigned_rule TEXT, assigned_turn INTEGER", "rule turn")
_NEXT_CONTACT = _fields_of("next_contact", "next_contact TEXT, next_contact_by TEXT", "date by")
_ACTIVITIES = (
    "open_activities INTEGER, last_in TEXT, last_out TEXT, first_response TEXT, "
    "minutes_to_first_response INTEGER",
    _activity_values,
)
_ACTIVITIES_OF_DEAL = (  # the view has the first response with that of the lead, and since the lead
    "open_activities INTEGER, last_in TEXT, last_out TEXT, own_first_response TEXT",
    lambda deal: _activity_values(deal)[:4],
)
_TOTALS = (
    "amount REAL, exact_amount TEXT, tax REAL, exact_tax TEXT, total REAL, exact_total TEXT, "
    "tax_by_rate TEXT, subtotal REAL, exact_subtotal TEXT, discount_total REAL, exact_discount_total TEXT",
    _totals,
)
_HAS_DISCOUNT = ("has_discount INTEGER", lambda record: [bool(record.discount or record.discount_amount)])
_TAGS = _fields("tags TEXT")

_OF_RECORDS: dict[str, tuple[Columns, ...]] = {
    "lead": (
        _fields(
            "id TEXT, external_id TEXT, created TEXT, status TEXT, name TEXT, organization TEXT, title TEXT, "
            "email TEXT, phone TEXT, website TEXT, country TEXT, language TEXT, source TEXT, campaign TEXT, "
            "owner TEXT"
        ),
        _ASSIGNED,
        _fields("shared_with TEXT, score INTEGER, role TEXT"),
        _fields_of(
            "qualification",
            "need TEXT, budget TEXT, timeframe TEXT, authority TEXT",
            "need budget timeframe authority",
        ),
        _fields("interest TEXT"),
        _NEXT_CONTACT,
        _ACTIVITIES,
        _fields_of("disqualified", "disqualified_date TEXT, disqualified_reason TEXT", "date reason"),
        _fields_of("converted", "converted_date TEXT, converted_customer TEXT", "date customer"),
        _TAGS,
    ),
    "opportunity": (
        _fields(
            "id TEXT, external_id TEXT, created TEXT, title TEXT, type TEXT, lead TEXT, customer TEXT, "
            "process TEXT, stage TEXT, status TEXT, owner TEXT"
        ),
        _ASSIGNED,
        ("sellers TEXT", _sellers),
        _fields(
            "shared_with TEXT, source TEXT, campaign TEXT, score INTEGER, currency TEXT, price_list TEXT"
        ),
        ("amount REAL, exact_amount TEXT", lambda deal: _money(deal.amount_in_lists)),
        ("items_amount REAL, exact_items_amount TEXT", lambda deal: _money(deal.items_amount)),
        _HAS_DISCOUNT,
        (
            "monthly_recurring REAL, exact_monthly_recurring TEXT, yearly_recurring REAL, "
            "exact_yearly_recurring TEXT, first_year_amount REAL, exact_first_year_amount TEXT",
            _recurring,
        ),
        _fields("renews TEXT"),
        ("amount_by_hand INTEGER", lambda deal: [deal.amount is not None]),
        ("probability_by_hand REAL", lambda deal: [deal.probability]),
        _fields("expected_close TEXT"),
        ("primary_contact TEXT", _primary_contact),
        _fields("competitors TEXT"),
        ("key_info_answered INTEGER", _key_info_answered),
        _NEXT_CONTACT,
        _fields_of("hold", "hold_until TEXT, hold_reason TEXT", "until reason"),
        _ACTIVITIES_OF_DEAL,
        _fields_of("closed", "closed_date TEXT, closed_stage TEXT", "date stage"),
        (
            "closed_amount REAL, exact_closed_amount TEXT",
            lambda deal: _money(deal.closed.value if deal.closed else None),
        ),
        _fields_of(
            "closed",
            "closed_quotation TEXT, closed_reason TEXT, closed_competitor TEXT, closed_reasons TEXT, "
            "closed_competitors TEXT, closed_detail TEXT",
            "quotation reason competitor reasons competitors detail",
        ),
        _TAGS,
    ),
    "quotation": (
        _fields(
            "id TEXT, external_id TEXT, created TEXT, opportunity TEXT, revision_of TEXT, date TEXT, "
            "sent TEXT, valid_until TEXT, status TEXT, customer TEXT, lead TEXT, contact TEXT, "
            "currency TEXT, price_list TEXT, supplier_quotation TEXT"
        ),
        _TOTALS,
        _HAS_DISCOUNT,
        _fields("reason TEXT, tags TEXT"),
    ),
    "order": (
        _fields(
            "id TEXT, external_id TEXT, created TEXT, opportunity TEXT, quotation TEXT, date TEXT, "
            "delivered TEXT, status TEXT, customer TEXT, contact TEXT, currency TEXT, price_list TEXT"
        ),
        _TOTALS,
        _fields("reason TEXT, tags TEXT"),
    ),
    "invoice": (
        _fields(
            'id TEXT, external_id TEXT, created TEXT, number TEXT, opportunity TEXT, "order" TEXT, '
            "credits TEXT, date TEXT, due TEXT, status TEXT, customer TEXT, contact TEXT, currency TEXT"
        ),
        _TOTALS,
        (
            "paid REAL, exact_paid TEXT",
            lambda invoice: _money(-invoice.paid if invoice.credits and invoice.payments else invoice.paid),
        ),
        _fields("reason TEXT, tags TEXT"),
    ),
    "supplier-quotation": (
        _fields(
            "id TEXT, external_id TEXT, created TEXT, opportunity TEXT, supplier TEXT, status TEXT, "
            "date TEXT, answer_by TEXT, received TEXT, valid_until TEXT, lead_time TEXT, currency TEXT"
        ),
        ("amount REAL, exact_amount TEXT", lambda answer: _money(answer.total)),
        _fields("reason TEXT, tags TEXT"),
    ),
    "customer": (
        _fields(
            "id, external_id, name, kind, email, phone, website, address, country, language, tax_id, "
            "industry, owner, parent, tags"
        ),
    ),
    "contact": (_fields("id, external_id, name, customer, emails, phones, title, language, tags"),),
    "supplier": (
        _fields("id, external_id, name, email, phone, website, address, country, language, currency, tags"),
    ),
    "competitor": (_fields("id, external_id, name, website, country, tags"),),
    "product": (_fields("sku, external_id, name, kind, uom, description, tax, cost, active, tags"),),
    "price-list": (_fields("id, external_id, name, currency, valid_from, valid_until, tax_included"),),
    "literature": (_fields("id, external_id, title, file, url, products, stages, tags"),),
}
"""The columns of each kind of record, after the path of its file."""

_MORE_OF_ITEM = "per term discount discount_amount tax kind optional alternative_to".split()
_ITEM = (
    _fields("product TEXT, description TEXT, quantity REAL, uom TEXT, unit_price REAL"),
    (  # a supplier's item has none of these
        "per TEXT, term INTEGER, discount REAL, discount_amount REAL, tax REAL, kind TEXT, optional INTEGER, "
        "alternative_to TEXT",
        lambda item: [getattr(item, name, None) for name in _MORE_OF_ITEM],
    ),
)
_ACTIVITY = (
    _fields(
        'id TEXT, type TEXT, at TEXT, subject TEXT, "by" TEXT, direction TEXT, done INTEGER, contact TEXT, '
        "duration INTEGER, literature TEXT, message_id TEXT, notes TEXT"
    ),
)
_STAKEHOLDER = (
    _fields("contact TEXT, role TEXT"),
    ('"primary" INTEGER', lambda stakeholder: [bool(stakeholder.primary)]),
)
_USER = (_fields("name TEXT, email TEXT, emails TEXT, team TEXT, active INTEGER, external_id TEXT"),)
_TEAM = (_fields("name TEXT, manager TEXT, parent TEXT"),)
_STAGE = (_fields("probability REAL, rotting_days INTEGER, category TEXT"),)


_COLUMNS = {f"_{kind.table}": _OF_RECORDS[kind.noun] for kind in KINDS} | {
    "users": _USER, "teams": _TEAM, "stages": _STAGE,
    "items": _ITEM, "activities": _ACTIVITY, "stakeholders": _STAKEHOLDER,
}  # fmt: skip


def _declared(columns: Sequence[Columns]) -> str:
    return ", ".join(sql for sql, _ in columns)


_PARTS = f"""
CREATE TABLE _records (path TEXT PRIMARY KEY, noun TEXT, key TEXT, label TEXT, names TEXT, json TEXT)
    WITHOUT ROWID;
CREATE TABLE _folders (folder TEXT PRIMARY KEY, stamp BLOB) WITHOUT ROWID;
CREATE TABLE _faults (path TEXT, line INTEGER, column INTEGER, rule TEXT, message TEXT);

CREATE TABLE users (id TEXT PRIMARY KEY, {_declared(_USER)});
CREATE TABLE teams (id TEXT PRIMARY KEY, {_declared(_TEAM)});
CREATE TABLE stages (process TEXT, id TEXT, name TEXT, position INTEGER, {_declared(_STAGE)},
    PRIMARY KEY (process, id));
CREATE TABLE items (path TEXT, record TEXT, noun TEXT, position INTEGER, {_declared(_ITEM)},
    line_amount REAL, amount REAL, PRIMARY KEY (path, position)) WITHOUT ROWID;
CREATE TABLE activities (path TEXT, record TEXT, noun TEXT, {_declared(_ACTIVITY)});
CREATE TABLE stakeholders (path TEXT, opportunity TEXT, {_declared(_STAKEHOLDER)});
"""

INDEXES = (
    "CREATE INDEX _records_key ON _records (noun, key)",
    "CREATE INDEX _activities_path ON activities (path)",
    "CREATE INDEX _stakeholders_path ON stakeholders (path)",
)
"""What finds rows; made once the tables are full, as one by one 100,000 records take five times as long."""

PER_FILE = ("_records", "_faults", "items", "activities", "stakeholders")
"""The tables beside a record's own that hold rows of a file."""


OF_SETTINGS = ("users", "teams", "stages")
"""The tables whose rows are those of the settings alone, and name no file."""


def schema() -> str:
    """The SQL that makes an empty index."""
    tables = [
        f"CREATE TABLE _{kind.table} (path TEXT PRIMARY KEY, {_declared(columns)}) WITHOUT ROWID;"
        for kind in KINDS
        if (columns := _OF_RECORDS[kind.noun])
    ]
    return "\n".join([*tables, _PARTS, views()])


_TABLE_OF = {kind.noun: f"_{kind.table}" for kind in KINDS}


def rows(record: Record, file: str) -> Iterator[Row]:
    """Every row that one record gives: its own, its items, activities and stakeholders."""
    from pipecli.records.references import names_json

    noun, key = record.noun, record.key
    about: dict[str, SQLValue] = {"path": file, "noun": noun, "key": key, "label": record.label}
    yield ("_records", about | {"names": names_json(record), "json": record.plain_json()})
    if noun == "settings":
        yield from _settings_rows(record)
        return
    yield _row(_TABLE_OF[noun], record, path=file)
    parts = record.__dict__
    for activity in parts.get("activities", ()):
        yield _row("activities", activity, path=file, record=key, noun=noun)
    items = parts.get("items", ())
    if items and noun != "supplier-quotation":
        from pipecli.records.item import totals

        amounts: Any = totals(record)[:2]  # type: ignore[arg-type]
    else:
        amounts = ([item.amount(parts["currency"]) for item in items],) * 2
    for position, (item, *figures) in enumerate(zip(items, *amounts, strict=True), 1):
        table, row = _row("items", item, path=file, record=key, noun=noun, position=position)
        row["line_amount"], row["amount"] = (
            None if amount is None else float(_sign(record) * amount) for amount in figures
        )
        yield table, row
    for stakeholder in parts["contacts"] if noun == "opportunity" else ():
        yield _row("stakeholders", stakeholder, path=file, opportunity=key)


def _settings_rows(settings: Any) -> Iterator[Row]:
    for slug, user in settings.users.items():
        yield _row("users", user, id=slug)
    for slug, team in settings.teams.items():
        yield _row("teams", team, id=slug)
    for slug, process in settings.processes.items():
        for position, stage in enumerate(process.stages, 1):
            yield _row("stages", stage, process=slug, id=stage.id, name=stage.label, position=position)


def _row(table: str, part: object, **row: SQLValue) -> Row:
    """The row of a record or a part, after the columns that it doesn't have itself."""
    names, getters = _in_row(table)
    values: list[Any] = []
    for get in getters:
        values += get(part)
    for name, value in zip(names, values, strict=True):
        if value is not None and value is not _NOTHING:
            kind = type(value)
            if kind is not str or not value.isascii():
                value = _CONVERTED.get(kind, _word)(value)
            row[name] = value
    return table, row


@cache
def _in_row(table: str) -> tuple[list[str], list[Callable[[Any], Sequence[Any]]]]:
    columns = _COLUMNS[table]
    return [name for sql, _ in columns for name in _names(sql)], [get for _, get in columns]


_NOTHING = ()
"""An empty list, which is NULL, too."""


def composed(text: str) -> str:
    """Text as it is compared: with é as one sign, however its author's keyboard made it."""
    if text.isascii():
        return text
    from unicodedata import normalize

    return normalize("NFC", text)


def _word(value: object) -> str:
    """A word of a fixed list as text."""
    if not isinstance(value, str):
        raise TypeError(f"no column for {value!r}")
    return str(value)


_CONVERTED: dict[type, Callable[[Any], SQLValue]] = {
    str: composed,
    int: int,
    bool: int,
    float: float,
    Decimal: float,
    datetime: datetime.isoformat,
    date: date.isoformat,
    tuple: _list,
}
"""By type, for speed."""
