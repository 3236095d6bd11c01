"""`show` of the nouns, and what the pages of leads and deals are made of. It reads the index alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import typer

from pipecli.cli.common.command import Ref, TeamName, UserName, noun
from pipecli.cli.common.names_and_questions import find_typed, print_header
from pipecli.cli.common.output import Format, print_records, write_text
from pipecli.cli.common.record_json import (
    RecordJson,
    find_section,
    print_record_json,
    record_json,
    settings_json,
)
from pipecli.cli.common.session import Session
from pipecli.cli.common.table import Column, ListColumn, amount_text, display_width, price_text, to_the_minute
from pipecli.records import kinds
from pipecli.records.kinds import Kind
from pipecli.records.money import minor_digits
from pipecli.store.index.rows_for_verbs import item_amounts, rows_where
from pipecli.wording import a, count, duration

app = noun()


def _add_show(verb: str, kind: Kind, help_text: str, printed: Callable[[Session, Kind, str], None]) -> None:
    @app.command(verb, help=help_text)
    def show(run: Session, ref: Ref) -> None:
        printed(run, kind, ref)


def _print_json(run: Session, kind: Kind, ref: str) -> None:
    print_record_json(run, _json_of(run, kind, ref))


def _json_of(run: Session, kind: Kind, ref: str) -> RecordJson:
    return record_json(run, kind.noun, find_typed(run, ref, kind).key)


_ITEMS_AND_MARGIN = "its items, tax, totals and margin."

_OPPORTUNITY_KEYS = "id title type stage amount currency weighted expected_close owner next_contact".split()
_CONTACT_KEYS = "id name title emails phones".split()


@app.command("customer show")
def show_customer(run: Session, ref: Ref) -> None:
    """Show one customer, its contacts and its open opportunities."""
    from pipecli.cli.list import CONTACTS, OPPORTUNITIES

    key = find_typed(run, ref, kinds.CUSTOMER).key
    run.read(kinds.CONTACT, kinds.OPPORTUNITY)
    shown = record_json(run, "customer", key)
    if run.format is Format.TABLE:
        print_record_json(run, shown)
        people = rows_of(run, "contacts", CONTACTS, "customer = ? ORDER BY name, id", key)
        print_section("Contacts", people, _visible(CONTACTS))
        deals = rows_of(run, "opportunities", OPPORTUNITIES, f"{_OPEN} ORDER BY expected_close, id", key)
        print_section("Open opportunities", deals, _visible(OPPORTUNITIES))
        return
    contacts = views_of(run, "contact", "contacts", "customer = ?", key)
    open_deals = views_of(run, "opportunity", "opportunities", _OPEN, key)
    print_record_json(
        run,
        shown
        | {"contacts": [_part(contact, _CONTACT_KEYS) for contact in contacts]}
        | {"opportunities": [_part(deal, _OPPORTUNITY_KEYS) for deal in open_deals]},
    )


_OPEN = "customer = ? AND status = 'open'"


def _visible(columns: tuple[ListColumn, ...]) -> list[Column]:
    return [column.drawn for column in columns if not column.hidden and column.drawn.name != "customer"]


def _part(shown: RecordJson, keys: list[str]) -> RecordJson:
    return {key: shown[key] for key in keys if key in shown}


_RIVALRY_KEYS = "id title status stage amount currency weighted expected_close closed owner".split()


@app.command("competitor show")
def show_competitor(run: Session, ref: Ref) -> None:
    """Show one competitor, and the deals that name it."""
    from pipecli.cli.list import OPPORTUNITIES
    from pipecli.store.index.owner_filter_and_list_sql import NAMES_COMPETITOR

    key = find_typed(run, ref, kinds.COMPETITOR).key
    run.read(kinds.OPPORTUNITY)
    shown = record_json(run, "competitor", key)
    if run.format is Format.TABLE:
        print_record_json(run, shown)
        columns = [column.drawn for column in OPPORTUNITIES if not column.hidden]
        for heading, status in (("Open", "open"), ("Won against it", "won"), ("Lost or closed", "")):
            ended = f"status = '{status}'" if status else "status IN ('lost', 'closed')"
            condition = f"{NAMES_COMPETITOR} AND {ended} ORDER BY coalesce(closed_date, expected_close), id"
            deals = rows_of(run, "opportunities", OPPORTUNITIES, condition, key)
            print_section(heading, deals, columns)
        return
    deals = views_of(run, "opportunity", "opportunities", NAMES_COMPETITOR, key)
    print_record_json(run, shown | {"opportunities": [_part(deal, _RIVALRY_KEYS) for deal in deals]})


@app.command("price-list show")
def show_price_list(run: Session, ref: Ref) -> None:
    """Show one price list, a row for each product and tier."""
    shown = _json_of(run, kinds.PRICE_LIST, ref)
    if run.format in (Format.JSON, Format.JSONL, Format.IDS):
        print_record_json(run, shown)
        return
    names = dict(rows_where(run.connection, ("sku", "name"), "products", order=""))
    rows = [
        {"sku": sku, "name": names.get(sku), "from": tier["from"], "price": tier["price"]}
        for sku, price in shown.get("prices", {}).items()
        for tier in (price if isinstance(price, list) else [{"from": None, "price": price}])
    ]
    if run.format is Format.TABLE:
        print_record_json(run, {key: value for key, value in shown.items() if key != "prices"})
        typer.echo("")
    rows = [{**row, "currency": shown["currency"]} for row in rows]
    print_records(rows, _price_columns(shown["currency"]), run.format, id_key="sku")


def _price_columns(currency: str) -> tuple[Column, ...]:
    """A price list's rows: a product and quantity each."""

    def show(record: Mapping[str, object]) -> str:
        return price_text(Decimal(str(record["price"])), currency)

    return (
        Column("sku", "SKU"),
        Column("name", "PRODUCT", shrink=True),
        Column("from", "FROM", align="right"),
        Column("price", f"PRICE {currency}", align="right", show=show),
        Column("currency", "CURRENCY", only="csv"),
    )


@app.command("user show")
def show_user(run: Session, user: UserName) -> None:
    """Show one user."""
    print_record_json(run, settings_json(run, "user", find_section(run, "user", user)))


@app.command("team show")
def show_team(run: Session, team: TeamName) -> None:
    """Show one team."""
    print_record_json(run, settings_json(run, "team", find_section(run, "team", team)))


HOLDERS = (kinds.OPPORTUNITY, kinds.LEAD, kinds.QUOTATION, kinds.ORDER, kinds.INVOICE, kinds.CUSTOMER)
"""The kinds of record that files lie beside."""
_FILES = (
    Column("number", "#", align="right"),
    Column("name", "NAME", shrink=True, min_width=14),
    Column("size", "BYTES", align="right", show=lambda row: f"{row['size']:,}"),
    Column("file", "FILE", shrink=True),
    Column("sha256", "SHA-256", only="csv"),
)


@app.command("attachments")
def attachments(run: Session, ref: Ref) -> None:
    """List the files attached to a record."""
    named = find_typed(run, ref, *HOLDERS)
    known = record_json(run, named.noun, named.key).get("attachments", [])
    files = [{"number": number, **one} for number, one in enumerate(known, 1)]
    print_records(files, _FILES, run.format, id_key="file")


_LAST = 5
"""Activities that are done, on a page."""


def print_section(heading: str, rows: Sequence[RecordJson], columns: Sequence[Column]) -> None:
    """A heading and its table, without columns that say nothing; nothing where there are no rows."""
    if rows:
        filled = [column for column in columns if any(row.get(column.name) for row in rows)]
        write_text(f"\n{heading}\n")
        print_records(rows, filled, Format.TABLE)


def print_activities(record: RecordJson) -> None:
    """Print the activities that are planned, and the last that are done."""
    activities = sorted(record.get("activities", ()), key=lambda activity: str(activity["at"]))
    planned = [activity for activity in activities if not activity.get("done")]
    done = [activity for activity in activities if activity.get("done")]
    print_section("Planned", planned, _ACTIVITIES)
    more = f", the last {_LAST} of {len(done)}" if len(done) > _LAST else ""
    print_section(f"Done{more}", done[::-1][:_LAST], _ACTIVITIES)


_ACTIVITIES = (
    Column("at", "WHEN", show=to_the_minute),
    Column("type", "TYPE"),
    Column("direction", "DIR", rank=2),
    Column("subject", "SUBJECT", shrink=True, min_width=12),
    Column("by", "BY", shrink=True, rank=1),
    Column("id", "ID", rank=3),
)


def labelled(record: RecordJson, keys: str) -> Iterator[tuple[str, object]]:
    """The lines of some keys, as far as a record has them, under the words of the keys."""
    for key in keys.split():
        if key in record:
            yield key.replace("_", " "), record[key]


def owner_of(record: RecordJson) -> Iterator[tuple[str, object]]:
    if "owner" in record:
        yield "owner", record["owner"] + (f", team {record['team']}" if "team" in record else "")


def origins(record: RecordJson, age: str) -> Iterator[tuple[str, object]]:
    """When a lead or a deal was made and answered, its notes and custom fields."""
    yield "created", f"{record['created'][:10]}, {age}"
    if "minutes_to_first_response" in record:
        yield "answered", f"after {duration(record['minutes_to_first_response'])}"
    yield from labelled(record, "notes")
    yield from (record.get("custom") or {}).items()


def due(run: Session, day: str) -> str:
    """A day, and how far away it is."""
    days = (date.fromisoformat(day) - run.today).days
    if days < 0:
        return f"{day}, overdue by {count(-days, 'day')}"
    return f"{day}, " + (f"in {count(days, 'day')}" if days else "today")


def planned_contact(run: Session, planned: RecordJson) -> str:
    by = f", by {planned['by']}" if "by" in planned else ""
    return due(run, planned["date"]) + by + (f": {planned['note']}" if "note" in planned else "")


def rows_of(
    run: Session, table: str, columns: tuple[ListColumn, ...], condition: str, key: str
) -> list[RecordJson]:
    """The records that a condition of ours holds for, as the table of their noun has them."""
    from pipecli.cli.common.list_options import typed

    sql = [column.sql for column in columns]
    rows = rows_where(run.connection, sql, table, condition, key, order="")
    names = [column.drawn.name for column in columns]
    return [typed(dict(zip(names, row, strict=True))) for row in rows]


def views_of(run: Session, noun: str, table: str, condition: str, key: str) -> list[RecordJson]:
    """The same, as JSON has them."""
    rows = rows_where(run.connection, ["id"], table, condition, key)
    return [record_json(run, noun, id_) for (id_,) in rows]


_BELOW = {
    "items", "customer_name", "supplier_name", "amount", "tax_by_rate", "tax", "total", "subtotal",
    "discount_total", "discount", "discount_amount", "payments", "paid", "open", "margin",
    "margin_percent", "margin_unknown", "items_without_cost",
}  # fmt: skip
"""Keys that a person finds in the lines and totals, not in the header."""


def print_document(run: Session, kind: Kind, ref: str) -> None:
    """Print one document that a person names."""
    shown = _json_of(run, kind, ref)
    if run.format is not Format.TABLE:
        print_record_json(run, shown)
        return
    names = {"customer": shown.get("customer_name"), "supplier": shown.get("supplier_name")}
    header = [
        (key, f"{value} ({names[key]})" if names.get(key) else value)
        for key, value in shown.items()
        if key not in _BELOW
    ]
    print_header(run, shown, header)
    write_text("\n")
    if shown.get("items"):
        print_items(run, kind, shown)
        write_text("\n")
    write_text(_totals(shown))


for _verb, _kind, _shown in (
    ("quotation show", kinds.QUOTATION, f"quotation: {_ITEMS_AND_MARGIN}"),
    ("order show", kinds.ORDER, f"order: {_ITEMS_AND_MARGIN}"),
    ("invoice show", kinds.INVOICE, "invoice: its items, tax, total, and what is still open."),
    ("supplier-quote show", kinds.SUPPLIER_QUOTATION, "supplier quotation: its items, prices and total."),
):
    _add_show(_verb, _kind, f"Show one {_shown}", print_document)
for _kind in (kinds.OPPORTUNITY, kinds.QUOTATION):
    _add_show(
        f"{_kind.noun} item list",
        _kind,
        "List the items, with the amount of each.",
        lambda run, kind, ref: print_items(run, kind, _json_of(run, kind, ref), is_alone=True),
    )
_WITH_PAGES = (kinds.CUSTOMER, kinds.COMPETITOR, kinds.PRICE_LIST)
for _kind in kinds.KINDS:
    if not _kind.is_document and _kind not in _WITH_PAGES:
        _add_show(f"{_kind.noun} show", _kind, f"Show {a(_kind.noun)}.", _print_json)


def print_items(run: Session, kind: Kind, shown: RecordJson, *, is_alone: bool = False) -> None:
    """Print the lines of a document, numbered, with the amount of each; alone they name its currency."""
    lines = _lines(shown, item_amounts(run.connection, kind.noun, shown["id"]))
    columns = [
        column
        for column in _COLUMNS
        if column.name in _ALWAYS or any(line.get(column.name) is not None for line in lines)
    ]
    if is_alone:
        columns = [_AMOUNT if column.name == "line_amount" else column for column in columns]
    print_records(lines, columns, run.format, id_key="number")


def _lines(shown: RecordJson, amounts: Sequence[tuple[Decimal | None, ...]]) -> list[RecordJson]:
    """The items of a document as its file has them, with their number, currency and amount."""
    unit = Decimal(1).scaleb(-minor_digits(shown["currency"]))
    return [
        {
            "number": number,
            **item,
            "currency": shown["currency"],
            "line_amount": None if printed is None else printed.quantize(unit),
            "amount": None if net is None else net.quantize(unit),
        }
        for number, (item, (printed, net)) in enumerate(zip(shown.get("items", ()), amounts, strict=True), 1)
    ]


def _price(line: Mapping[str, Any]) -> str:
    price = line.get("unit_price")
    return "" if price is None else price_text(Decimal(price), line["currency"])


def _off(line: Mapping[str, Any]) -> str:
    return amount_text(line.get("discount_amount"), line["currency"], named=False)


def _option(line: Mapping[str, Any]) -> str:
    """The word on a line that counts only once it is taken, or whose place another took."""
    counts, is_offered = line["amount"] is not None, line.get("optional") or "alternative_to" in line
    if not is_offered:
        return "" if counts or "unit_price" not in line else "replaced"
    if counts:
        return "taken"
    return f"instead of {line['alternative_to']}" if "alternative_to" in line else "optional"


_AMOUNT = Column(
    "line_amount", "AMOUNT", align="right",
    show=lambda line: amount_text(line["line_amount"], line["currency"]),
)  # fmt: skip
"""Of a line with its currency."""
_ALWAYS = {"number", "description", "quantity", "unit_price", "line_amount", "amount"}
_COLUMNS = (
    Column("number", "#", align="right"),
    Column("description", "ITEM", shrink=True, min_width=14),
    Column("product", "PRODUCT", shrink=True, rank=3),
    Column("quantity", "QUANTITY", align="right"),
    Column("uom", "UNIT", rank=2),
    Column("unit_price", "PRICE", align="right", show=_price),
    Column("term", "TERM", show=lambda line: f"{line['term']} × {line['per']}" if line.get("per") else ""),
    Column("per", "PER", only="csv"),
    Column("discount", "DISC %", align="right"),
    Column("discount_amount", "DISCOUNT", align="right", show=_off),
    Column("tax", "TAX %", align="right", rank=1),
    Column("kind", "KIND", rank=2),
    Column("optional", "OPTION", show=_option),
    Column("alternative_to", "INSTEAD OF", only="csv"),
    _AMOUNT._replace(show=lambda line: amount_text(line["line_amount"], line["currency"], named=False)),
    Column("amount", "NET AMOUNT", only="csv"),
    Column("currency", "CURRENCY", only="csv"),
)


def _totals(shown: RecordJson) -> str:
    """Net, tax by rate, total and margin, the amounts one below the other."""
    currency = shown["currency"]
    if "total" not in shown:
        return f"total  {amount_text(shown['amount'], currency)}\n" if "amount" in shown else ""
    off, with_tax = shown.get("discount_total"), " with tax" if shown.get("tax_included") else ""
    percent = f" {shown['discount']} %" if shown.get("discount") else ""
    sums: list[tuple[str, Any, str]] = [
        *([("items" + with_tax, shown["subtotal"], "")] if "subtotal" in shown else []),
        *([(f"discount{percent}{with_tax}", -off, "")] if off else []),
        ("net", shown["amount"], ""),
        *((f"tax {rate} %", tax, "") for rate, tax in shown["tax_by_rate"].items()),
        ("total", shown["total"], ""),
    ]
    back = -1 if shown.get("credits") else 1
    for paid in shown.get("payments", ()):
        note = f" {paid['note']}" if "note" in paid else ""
        sums.append(("paid", back * paid["amount"], f", {paid['date']}{note}"))
    if "open" in shown and shown["status"] != "draft" and not shown.get("credits"):
        sums.append(("open", shown["open"], _late(shown)))
    if "margin" in shown:
        sums.append(("margin", shown["margin"], _margin_words(shown)))
    drawn = [(label, amount_text(value, currency), words) for label, value, words in sums]
    labels = max(display_width(label) for label, _, _ in drawn)
    amounts = max(display_width(amount) for _, amount, _ in drawn)
    lines = [f"{label:<{labels}}  {amount:>{amounts}}{words}\n" for label, amount, words in drawn]
    if "margin_unknown" in shown:
        lines.append(f"{'margin':<{labels}}  unknown: {shown['margin_unknown']}\n")
    return "".join(lines)


def _late(shown: RecordJson) -> str:
    """The day an invoice is due, and how late it is."""
    late = shown.get("overdue_days")
    return (
        f", due {shown['due']}" + (f", {count(late, 'day')} late" if late else "") if "due" in shown else ""
    )


def _margin_words(shown: RecordJson) -> str:
    """The margin's share of the price, and the items that it leaves out."""
    uncosted = shown.get("items_without_cost", 0)
    share = f" ({shown['margin_percent']} %)" if "margin_percent" in shown else ""
    return f"{share}, without {count(uncosted, 'item')} of unknown cost" if uncosted else share
