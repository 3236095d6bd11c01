"""The tables of the index, which are those of `sql` and `--where`: their columns, and each record's rows.

A base table holds what one file says; the view of its name (`views_and_functions.py`) adds what others or the
day say. Another column, or a new word in the salt, makes another `LAYOUT` (`index.py`): all is read anew.
"""  # a reading command needs the layout alone: no model is imported here

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from pipecli.json_and_csv import dumps
from pipecli.records.kinds import KINDS, SETTINGS
from pipecli.store.index.views_and_functions import views

if TYPE_CHECKING:
    from pipecli.records.base import Part, Record, Walk
    from pipecli.records.items_and_totals import Totals
    from pipecli.records.lead import Lead
    from pipecli.records.opportunity import Opportunity
    from pipecli.records.papers import Invoice, Order, Quotation

SQLValue = str | int | float | None

Fields = dict[str, "str | Fields"]
"""The columns by the field whose value they hold; of a field that is a part those of its own fields."""
Columns = tuple[str, Fields | Callable[[Any], Sequence[SQLValue]]]
"""Columns side by side in a table, as SQL declares them (`amount REAL, exact_amount TEXT`), with the fields
that they hold, or what computes their values: none where all are by default. A named tuple costs 0.5 ms."""
Row = tuple[str, dict[str, SQLValue]]
"""A table, and what a row of it holds by column; without what is NULL, which as a value takes its time."""


def _fields(sql: str) -> Columns:
    """Columns that are called as the fields whose values they hold."""
    return sql, {name.strip('"'): name for name in _names(sql)}


def _names(sql: str) -> list[str]:
    return [declared.split()[0] for declared in sql.split(",")]


def _fields_of(part: str, sql: str, names: str) -> Columns:
    """Columns with the fields of a part of the record."""
    return sql, {part: dict(zip(names.split(), _names(sql), strict=True))}


def _money(amount: Decimal | None) -> tuple[SQLValue, SQLValue]:
    """An amount to calculate with, and its exact digits."""
    return (
        (None, None) if amount is None else (float(digits := str(amount)), digits)
    )  # float(amount) takes twice


def _activity_values(record: Lead | Opportunity) -> Sequence[SQLValue]:
    if not (activities := record.activities):
        return ()
    from pipecli.records.activity import first_response_at, minutes_to_first_response

    response = first_response_at(activities)
    came = [activity.at.isoformat() for activity in activities if activity.direction == "in"]
    went = [
        activity.at.isoformat() for activity in activities if activity.direction == "out" and activity.done
    ]
    return (
        sum(not activity.done for activity in activities),
        max(came, default=None),
        max(went, default=None),
        response.isoformat() if response else None,
        minutes_to_first_response(record.created, response),
    )


def _sign(record: object) -> int:
    return -1 if record.__dict__.get("credits") else 1  # where it has none, pydantic's getattr takes long


def _totals(document: Quotation | Order | Invoice) -> Sequence[SQLValue]:
    """The sums of a document; of a credit note they are negative, so that what was sold sums up."""
    from pipecli.records.items_and_totals import totals

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
    if not (sellers := deal.sellers):
        return ()
    return [dumps([[seller.user, f"{seller.percent:f}"] for seller in sellers], indent=None)]


def _amounts(deal: Opportunity) -> Sequence[SQLValue]:
    return *_money(deal.amount_in_lists), *_money(deal.items_amount)


def _recurring(deal: Opportunity) -> Sequence[SQLValue]:
    if not any(item.per for item in deal.items):
        return ()
    from pipecli.records.items_and_totals import recurring

    return [value for amount in recurring(deal) or () for value in _money(amount)]


def _end(deal: Opportunity) -> Sequence[SQLValue]:
    if not (closed := deal.closed):
        return ()
    return *_money(closed.value), closed.quotation, closed.reason, closed.competitor


def _key_info_answered(deal: Opportunity) -> Sequence[SQLValue]:
    if not (deal.key_info or deal.competitors):
        return ()
    from pipecli.workflow.opportunity.advance import answered

    key_info = deal.key_info.plain() if deal.key_info else {}
    return [len(answered({"key_info": key_info, "competitors": deal.competitors}))]


_ASSIGNED = _fields_of("assigned", "assigned_rule TEXT, assigned_turn INTEGER", "rule turn")
_NEXT_CONTACT = _fields_of("next_contact", "next_contact TEXT, next_contact_by TEXT", "date by")
_ACTIVITIES = (
    "open_activities INTEGER DEFAULT 0, last_in TEXT, last_out TEXT, first_response TEXT, "
    "minutes_to_first_response INTEGER",
    _activity_values,
)
_ACTIVITIES_OF_DEAL = (  # the view has the first response with that of the lead, and since the lead
    "open_activities INTEGER DEFAULT 0, last_in TEXT, last_out TEXT, own_first_response TEXT",
    lambda deal: _activity_values(deal)[:4],
)
_TOTALS = (
    "amount REAL, exact_amount TEXT, tax REAL, exact_tax TEXT, total REAL, exact_total TEXT, "
    "tax_by_rate TEXT, subtotal REAL, exact_subtotal TEXT, discount_total REAL, exact_discount_total TEXT",
    _totals,
)
_HAS_DISCOUNT = (
    "has_discount INTEGER DEFAULT 0",
    lambda record: [1] if record.discount or record.discount_amount else (),
)
_TAGS = _fields("tags TEXT")
_COST = ("cost REAL, exact_cost TEXT", lambda product: _money(product.cost))

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
        (
            "amount REAL, exact_amount TEXT, items_amount REAL, exact_items_amount TEXT",
            _amounts,
        ),
        _HAS_DISCOUNT,
        (
            "monthly_recurring REAL, exact_monthly_recurring TEXT, yearly_recurring REAL, "
            "exact_yearly_recurring TEXT, first_year_amount REAL, exact_first_year_amount TEXT",
            _recurring,
        ),
        _fields("renews TEXT"),
        ("amount_by_hand INTEGER DEFAULT 0", lambda deal: () if deal.amount is None else [1]),
        ("probability_by_hand REAL", {"probability": "probability_by_hand"}),
        _fields("expected_close TEXT"),
        ("primary_contact TEXT", lambda deal: [who.contact for who in deal.contacts if who.primary][:1]),
        _fields("competitors TEXT"),
        ("key_info_answered INTEGER DEFAULT 0", _key_info_answered),
        _NEXT_CONTACT,
        _fields_of("hold", "hold_until TEXT, hold_reason TEXT", "until reason"),
        _ACTIVITIES_OF_DEAL,
        _fields_of("closed", "closed_date TEXT, closed_stage TEXT", "date stage"),
        (
            "closed_amount REAL, exact_closed_amount TEXT, closed_quotation TEXT, closed_reason TEXT, "
            "closed_competitor TEXT",
            _end,
        ),
        _fields_of(
            "closed",
            "closed_reasons TEXT, closed_competitors TEXT, closed_detail TEXT",
            "reasons competitors detail",
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
    "product": (_fields("sku, external_id, name, kind, uom, description, tax, active, tags"), _COST),
    "price-list": (_fields("id, external_id, name, currency, valid_from, valid_until, tax_included"),),
    "literature": (_fields("id, external_id, title, file, url, products, stages, tags"),),
}
"""The columns of each kind of record, after the path of its file."""

_ITEM = (
    _fields(
        "product TEXT, description TEXT, quantity REAL, uom TEXT, unit_price REAL, per TEXT, term INTEGER, "
        "discount REAL, discount_amount REAL, tax REAL, kind TEXT, optional INTEGER, alternative_to TEXT"
    ),
)
_ACTIVITY = (
    _fields(
        'id TEXT, type TEXT, at TEXT, subject TEXT, "by" TEXT, direction TEXT, done INTEGER, contact TEXT, '
        "duration INTEGER, literature TEXT, message_id TEXT, notes TEXT"
    ),
)
_STAKEHOLDER = (_fields('contact TEXT, role TEXT, "primary" INTEGER DEFAULT 0'),)
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
    PRIMARY KEY (process, id)) WITHOUT ROWID;
CREATE TABLE items (path TEXT, record TEXT, noun TEXT, position INTEGER, {_declared(_ITEM)},
    line_amount REAL, amount REAL, PRIMARY KEY (path, position)) WITHOUT ROWID;
CREATE TABLE activities (path TEXT, record TEXT, noun TEXT, {_declared(_ACTIVITY)});
CREATE TABLE stakeholders (path TEXT, opportunity TEXT, {_declared(_STAKEHOLDER)});
"""

KEYS = "CREATE UNIQUE INDEX _records_key ON _records (noun, key)"
"""What finds a record by its id. Not UNIQUE once two files have one: only then such ids are looked for."""
# Papers name each other, and SQLite makes no index by itself for a table WITHOUT ROWID.
_PAPERS = [("quotations", "id"), ("orders", "id"), *(("invoices", by) for by in ("id", "credits", "number"))]
INDEXES = (
    "CREATE INDEX _activities_path ON activities (path)",
    "CREATE INDEX _stakeholders_path ON stakeholders (path)",
    *(f"CREATE INDEX _{table}_{column} ON _{table} ({column})" for table, column in _PAPERS),
)
"""What finds other rows; made once tables are full: one by one 100,000 records take five times as long."""

PER_FILE = ("_records", "_faults", "items", "activities", "stakeholders")
"""The tables beside a record's own that hold rows of a file."""

OF_SETTINGS = ("users", "teams", "stages")
"""The tables whose rows are those of the settings alone, and name no file."""


def schema() -> str:
    """The SQL that makes an empty index."""
    declared = ((kind.table, _declared(_OF_RECORDS[kind.noun])) for kind in KINDS)
    tables = [
        f"CREATE TABLE _{table} (path TEXT PRIMARY KEY, {columns}) WITHOUT ROWID;"
        for table, columns in declared
    ]
    return "\n".join([*tables, _PARTS, views()])


def rows(records: Sequence[tuple[str, Record]]) -> Iterator[Row]:
    """Every row that records, each with its file, give: those of items, activities, stakeholders, too."""
    from pipecli.records.items_and_totals import totals
    from pipecli.records.references import References, names_json

    for file, record in records:
        row: dict[str, Any] = {"path": file}
        noun, names = record.noun, References()
        walk, computed = _in_row(_TABLES[noun], type(record))
        text = record.plain_json(walk, row, names)
        yield "_records", {
            "path": file, "noun": noun, "key": record.key, "label": record.label,
            "names": names_json(record, names), "json": text,
        }  # fmt: skip
        if noun == "settings":
            yield from _settings_rows(record)
            continue
        lists = {name: row.pop(name) for name in _ROWS_OF_LISTS if name in row}
        for columns, values_of in computed:
            if values := values_of(record):
                row |= {name: value for name, value in zip(columns, values, strict=True) if value is not None}
        yield _TABLES[noun], row
        if lists:
            yield from _rows_of_lists(record, file, lists, totals)


def _rows_of_lists(
    record: Record, file: str, lists: dict[str, Any], totals: Callable[[Any], Totals]
) -> Iterator[Row]:
    """The rows of the lists' members, after the columns that they don't have themselves."""
    noun, key = record.noun, record.key
    for activity in lists.get("activities", ()):
        yield "activities", {"path": file, "record": key, "noun": noun, **activity}
    if items := lists.get("items", ()):
        deal: Any = record
        is_asked = noun == "supplier-quotation"
        lines = [item.amount(deal.currency) for item in deal.items] if is_asked else totals(deal).printed
        sign, counted = _sign(record), lines if is_asked else totals(deal).lines
        for position, (item, printed, net) in enumerate(zip(items, lines, counted, strict=True), 1):
            row = {"path": file, "record": key, "noun": noun, "position": position, **item}
            for column, amount in (("line_amount", printed), ("amount", net)):
                if amount is not None:
                    row[column] = sign * float(str(amount))
            yield "items", row
    for stakeholder in lists.get("contacts", ()):
        yield "stakeholders", {"path": file, "opportunity": key, **stakeholder}


def _settings_rows(settings: Any) -> Iterator[Row]:
    for slug, user in settings.users.items():
        yield _row("users", user, id=slug)
    for slug, team in settings.teams.items():
        yield _row("teams", team, id=slug)
    for slug, process in settings.processes.items():
        for position, stage in enumerate(process.stages, 1):
            yield _row("stages", stage, process=slug, id=stage.id, name=stage.label, position=position)


def _row(table: str, part: Part, **row: SQLValue) -> Row:
    """The row of a part of the settings, after the columns that it doesn't have itself."""
    part.plain_json(_in_row(table, type(part))[0], row, [])
    return table, row


@cache
def _in_row(
    table: str, model: type[Part]
) -> tuple[Walk, list[tuple[list[str], Callable[[Any], Sequence[SQLValue]]]]]:
    """The walk through a record to the columns of its table, and the columns whose values are computed."""
    columns: dict[str, Any] = _columns_of_fields(table)
    lists = {name: of for name, of in _ROWS_OF_LISTS.items() if name in model.model_fields}
    columns |= {name: _columns_of_fields(of) for name, of in lists.items()}
    computed = [(_names(sql), source) for sql, source in _COLUMNS.get(table, ()) if callable(source)]
    return _walk(model, columns), computed


def _walk(model: type[Part], columns: dict[str, Any]) -> Walk:
    from pipecli.records.base import part_at, plain_walk
    from pipecli.records.references import named_fields

    def column_of(name: str) -> Any:
        below = columns.get(name)
        if not isinstance(below, dict):
            return below
        if member := part_at(model, (name, 0)):
            return (_walk(member, below),)
        part = part_at(model, (name,))
        return part and _walk(part, below)

    named = named_fields(model, must_exist=False)
    return {name: (key, column_of(name), named.get(name)) for name, (key, *_) in plain_walk(model).items()}


def _columns_of_fields(table: str) -> Fields:
    fields = Fields()
    for _, source in _COLUMNS.get(table, ()):
        for field, column in source.items() if isinstance(source, dict) else ():
            known = fields.get(field)
            fields[field] = known | column if isinstance(known, dict) and isinstance(column, dict) else column
    return fields


_TABLES = {kind.noun: f"_{kind.table}" for kind in (*KINDS, SETTINGS)}
_ROWS_OF_LISTS = {"items": "items", "activities": "activities", "contacts": "stakeholders"}
"""The lists of a record whose members have rows of their own, and the tables of these."""
