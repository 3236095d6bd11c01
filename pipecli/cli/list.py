"""`list` of every noun: the columns that a person reads, and the order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

import typer

from pipecli.cli.common.command import noun
from pipecli.cli.common.list import listing, print_list
from pipecli.cli.common.table import (
    CURRENCY,
    Column,
    Shown,
    addresses,
    amount_text,
    flag,
    listed,
    named,
    price_text,
)
from pipecli.cli.nouns import ALIASES
from pipecli.records import kinds
from pipecli.records.money import percent
from pipecli.store.index.records import OPEN
from pipecli.wording import duration
from pipecli.workflow.requirements import QUESTIONS

app = noun()


_DEAL = "owner seller mine status stage team tag customer contact product search"
"""The filters of a deal, and of the papers that answer for one."""


def _add_list(
    kind: kinds.Kind,
    columns: Sequence[Shown],
    order: str,
    help_text: str,
    takes: str = "tag search",
    *,
    opens: bool = False,
) -> None:
    """Give a noun its `list`, with the filters it takes; one that `opens` with what is open takes `--all`."""

    verb = f"{ALIASES.get(kind.noun, kind.noun)} list"

    @app.command(verb, cls=listing(takes, opens=opens), help=help_text)
    def list_(ctx: typer.Context) -> None:
        print_list(ctx, kind, columns, order, OPEN[kind.noun] if opens else "")


def _money(name: str, *, named: bool = True) -> Callable[[Mapping[str, object]], str]:
    """The drawing of an amount, with its currency beside it; of none, nothing."""
    return lambda record: (
        "" if record[name] is None else amount_text(record[name], record["currency"], named=named)
    )


def _response(record: Mapping[str, object]) -> str:
    minutes = record["minutes_to_first_response"]
    return duration(minutes) if isinstance(minutes, int) else ""


RESPONSE = Shown(
    Column("minutes_to_first_response", "RESPONSE", align="right", rank=6, show=_response),
    "minutes_to_first_response",
)


OPPORTUNITIES = (
    Shown(Column("id", "ID"), "id"),
    Shown(Column("title", "TITLE", shrink=True, min_width=14), "title"),
    *named(
        "customer",
        "CUSTOMER",
        "coalesce(customer_name, customer, lead)",
        by=("customer_name", "lead"),
        min_width=10,
        rank=2,
    ),
    Shown(
        Column("standing", "STAGE", rank=1, only="table"),
        "CASE status WHEN 'open' THEN stage ELSE status END",
    ),
    Shown(Column("stage", "STAGE", only="data"), "stage"),
    Shown(Column("status", "STATUS", only="data"), "status"),
    Shown(Column("amount", "AMOUNT", align="right", show=_money("amount")), "exact_amount"),
    CURRENCY,
    Shown(
        Column("items_amount", "ITEMS AMOUNT", align="right", show=_money("items_amount"), only="data"),
        "exact_items_amount",
    ),
    Shown(Column("close", "CLOSE", rank=3, only="table"), "coalesce(closed_date, expected_close)"),
    Shown(Column("expected_close", "EXPECTED CLOSE", only="data"), "expected_close"),
    Shown(Column("closed_date", "CLOSED DATE", only="data"), "closed_date"),
    Shown(Column("owner", "OWNER", shrink=True, rank=4), "owner"),
    RESPONSE,
    Shown(
        Column(
            "key_info_answered",
            "KEY INFO",
            align="right",
            rank=5,
            show=lambda record: f"{record['key_info_answered']} of {QUESTIONS}",
        ),
        "key_info_answered",
    ),
)
_add_list(
    kinds.OPPORTUNITY,
    OPPORTUNITIES,
    "status <> 'open', expected_close IS NULL, expected_close, id",
    "List the open opportunities, the next to close first.",
    _DEAL,
    opens=True,
)


def _missing(record: Mapping[str, object]) -> str:
    return "all four" if str(record["missing"]).count(", ") == 3 else str(record["missing"] or "")


LEADS = (
    Shown(Column("id", "ID"), "id"),
    Shown(Column("organization", "ORGANIZATION", shrink=True, min_width=12), "organization"),
    Shown(Column("name", "NAME", shrink=True, min_width=10), "name"),
    Shown(Column("status", "STATUS"), "status"),
    Shown(Column("missing", "MISSING", show=_missing), "missing"),
    Shown(Column("score", "SCORE", align="right", rank=3), "score"),
    Shown(Column("next_contact_date", "NEXT", rank=4), "next_contact"),
    Shown(Column("owner", "OWNER", shrink=True, rank=2), "owner"),
    RESPONSE,
)
_add_list(
    kinds.LEAD,
    LEADS,
    "status IN ('converted', 'disqualified'), created DESC, id",
    "List the open leads and which criteria are missing.",
    "owner mine status team tag search",
    opens=True,
)

CUSTOMERS = (
    Shown(Column("id", "ID"), "id"),
    Shown(Column("name", "NAME", shrink=True, min_width=14), "name"),
    Shown(Column("kind", "KIND", rank=4), "kind"),
    Shown(Column("country", "COUNTRY", shrink=True, rank=3), "country"),
    Shown(Column("website", "WEBSITE", rank=2), "website"),
    Shown(
        Column("open", "OPEN", align="right", rank=1),
        "(SELECT count(*) FROM _opportunities o WHERE o.customer = customers.id AND o.status = 'open')",
        in_json=True,
    ),
    Shown(Column("owner", "OWNER", shrink=True, rank=2), "owner"),
)
_add_list(
    kinds.CUSTOMER,
    CUSTOMERS,
    "name COLLATE NOCASE, id",
    "List customers by name, and what is open with each.",
    "owner mine tag search",
)

CONTACTS = (
    Shown(Column("id", "ID"), "id"),
    Shown(Column("name", "NAME", shrink=True, min_width=14), "name"),
    Shown(Column("customer", "CUSTOMER", shrink=True, min_width=10, rank=3), "customer"),
    Shown(Column("title", "TITLE", shrink=True, rank=4), "title"),
    Shown(addresses("emails", "E-MAIL", 1), "emails"),
    Shown(addresses("phones", "PHONE", 2), "phones"),
)
_add_list(
    kinds.CONTACT,
    CONTACTS,
    "name COLLATE NOCASE, id",
    "List contacts by name.",
    "customer tag search",
)

SUPPLIERS = (
    Shown(Column("id", "ID"), "id"),
    Shown(Column("name", "NAME", shrink=True, min_width=14), "name"),
    Shown(Column("country", "COUNTRY", shrink=True, rank=2), "country"),
    Shown(Column("currency", "CURRENCY", rank=3), "currency"),
    Shown(Column("email", "E-MAIL"), "email"),
    Shown(Column("phone", "PHONE", rank=1), "phone"),
)
_add_list(kinds.SUPPLIER, SUPPLIERS, "name COLLATE NOCASE, id", "List suppliers by name.")


def _deals(status: str, against: str) -> str:
    """The count of deals of a status that have a competitor, by its slug or its name, in SQL."""
    return f"(SELECT count(*) FROM _opportunities o WHERE o.status = '{status}' AND {against})"


def _named_in(column: str) -> str:
    """True where a list of names of a deal `o` has the competitor of the row, in SQL."""
    name = "j.value = competitors.id OR casefold(j.value) = casefold(competitors.name)"
    return f"EXISTS (SELECT 1 FROM json_each(o.{column}) j WHERE {name})"


STANDS_AGAINST, LOST_TO = _named_in("competitors"), _named_in("closed_competitors")

COMPETITORS = (
    Shown(Column("id", "ID"), "id"),
    Shown(Column("name", "NAME", shrink=True, min_width=14), "name"),
    Shown(Column("country", "COUNTRY", shrink=True, rank=2), "country"),
    Shown(Column("website", "WEBSITE", rank=3), "website"),
    Shown(Column("open", "OPEN", align="right"), _deals("open", STANDS_AGAINST), in_json=True),
    Shown(Column("won", "WON AGAINST", align="right"), _deals("won", STANDS_AGAINST), in_json=True),
    Shown(Column("lost", "LOST TO", align="right"), _deals("lost", LOST_TO), in_json=True),
)
_add_list(
    kinds.COMPETITOR,
    COMPETITORS,
    "name COLLATE NOCASE, id",
    "List competitors, and how many deals each is after, lost and won.",
)


def _margin(record: Mapping[str, object]) -> str:
    """`~` where the cost of some items is not known; `no rate` where one can't be converted."""
    if record["margin_unknown"]:
        return "no rate"
    about = "~" if record["items_without_cost"] else ""
    return about + amount_text(record["margin"], record["currency"], named=False)


_PRICED = (
    Shown(Column("amount", "NET", align="right", show=_money("amount", named=False)), "exact_amount"),
    Shown(Column("total", "TOTAL", align="right", show=_money("total")), "exact_total"),
    CURRENCY,
    Shown(
        Column("margin", "MARGIN", align="right", rank=1, show=_margin, only="data"),
        "json_extract(margin_facts, '$.margin')",
    ),
    Shown(
        Column("items_without_cost", ""), "json_extract(margin_facts, '$.items_without_cost')", hidden=True
    ),
    Shown(Column("margin_unknown", ""), "json_extract(margin_facts, '$.margin_unknown')", hidden=True),
)

_LEAD = "(SELECT k.label FROM _records k WHERE k.noun = 'lead' AND k.key = lead)"

QUOTATIONS = (
    Shown(Column("id", "ID"), "id"),
    *named(
        "customer",
        "CUSTOMER",
        f"coalesce(customer_name, customer, {_LEAD}, lead)",
        by=("customer_name", "lead"),
        min_width=12,
    ),
    Shown(Column("status", "STATUS"), "status"),
    Shown(Column("valid_until", "VALID UNTIL", rank=-1), "valid_until"),
    *_PRICED,
    Shown(Column("opportunity", "DEAL", rank=3), "opportunity"),
    Shown(Column("date", "DATE", rank=4), "date"),
)
_add_list(
    kinds.QUOTATION,
    QUOTATIONS,
    "status NOT IN ('draft', 'sent', 'accepted'), created DESC, id",
    "List the quotations that are drafts or without an answer, the newest first.",
    _DEAL,
    opens=True,
)

ORDERS = (
    Shown(Column("id", "ID"), "id"),
    *named("customer", "CUSTOMER", "coalesce(customer_name, customer)", by=("customer_name",), min_width=12),
    Shown(Column("status", "STATUS"), "status"),
    Shown(Column("date", "DATE", rank=2), "date"),
    *_PRICED,
    Shown(Column("delivered", "DELIVERED", rank=3), "delivered"),
    Shown(Column("quotation", "QUOTATION", rank=4), "quotation"),
)
_add_list(
    kinds.ORDER,
    ORDERS,
    "status <> 'open', date DESC, created DESC, id",
    "List the open orders, the newest first.",
    _DEAL,
    opens=True,
)


def _late(record: Mapping[str, object]) -> str:
    return f"{record['overdue_days']} d" if record["overdue_days"] else ""


INVOICES = (
    Shown(Column("number", "NUMBER", show=lambda row: row["number"] or "draft"), "number"),
    *named("customer", "CUSTOMER", "coalesce(customer_name, customer)", by=("customer_name",), min_width=12),
    Shown(Column("status", "STATUS"), "status"),
    Shown(Column("date", "DATE", rank=2), "date"),
    Shown(Column("due", "DUE"), "due"),
    Shown(Column("overdue_days", "LATE", align="right", show=_late), "overdue_days"),
    Shown(Column("total", "TOTAL", align="right", show=_money("total", named=False)), "exact_total"),
    Shown(Column("open", "OPEN", align="right", show=_money("open", named=False)), "round(open, 4)"),
    CURRENCY,
    Shown(Column("credits", "CREDITS", rank=3), "credits"),
    Shown(Column("order", "ORDER", rank=4), '"order"'),
    Shown(Column("id", "ID"), "id"),
)
_add_list(
    kinds.INVOICE,
    INVOICES,
    "CASE status WHEN 'draft' THEN 0 WHEN 'issued' THEN 1 ELSE 2 END, due, number DESC, id",
    "List invoices and credit notes: drafts, what is to be paid by its day, then the newest.",
    _DEAL,
)

SUPPLIER_QUOTATIONS = (
    Shown(Column("id", "ID"), "id"),
    *named("supplier", "SUPPLIER", "coalesce(supplier_name, supplier)", by=("supplier_name",), min_width=12),
    Shown(Column("opportunity", "DEAL"), "opportunity"),
    Shown(Column("status", "STATUS"), "status"),
    Shown(Column("amount", "TOTAL", align="right", show=_money("amount")), "exact_amount"),
    CURRENCY,
    Shown(Column("lead_time", "LEAD TIME", shrink=True, rank=2), "lead_time"),
    Shown(Column("valid_until", "VALID UNTIL", rank=1), "valid_until"),
)
_add_list(
    kinds.SUPPLIER_QUOTATION,
    SUPPLIER_QUOTATIONS,
    "status <> 'requested', created DESC, id",
    "List supplier quotations. Those without an answer first, then the newest.",
    "owner mine status stage team tag product search",
)


def _cost(record: Mapping[str, object]) -> str:
    return "" if record["cost"] is None else price_text(Decimal(str(record["cost"])), str(record["currency"]))


def _percent(record: Mapping[str, object]) -> str:
    return "" if record["tax"] is None else f"{percent(float(str(record['tax']))):f} %"


_BASE_CURRENCY = "(SELECT json_extract(json, '$.currency') FROM _records WHERE noun = 'settings')"

PRODUCTS = (
    Shown(Column("sku", "SKU"), "sku"),
    Shown(Column("name", "NAME", shrink=True, min_width=14), "name"),
    Shown(Column("kind", "KIND", rank=1), "kind"),
    Shown(Column("uom", "UNIT", rank=2), "uom"),
    Shown(Column("tax", "TAX", align="right", rank=3, show=_percent), "tax"),
    Shown(Column("cost", "COST", align="right", rank=4, show=_cost), "cost"),
    Shown(Column("currency", "CURRENCY", only="data"), _BASE_CURRENCY, in_json=True),
    Shown(flag("active"), "active"),
)
_add_list(kinds.PRODUCT, PRODUCTS, "active DESC, sku", "List products, those on sale first.")

PRICE_LISTS = (
    Shown(Column("id", "ID"), "id"),
    Shown(Column("name", "NAME", shrink=True), "name"),
    Shown(Column("currency", "CURRENCY"), "currency"),
    Shown(Column("valid_from", "FROM"), "valid_from"),
    Shown(Column("valid_until", "UNTIL"), "valid_until"),
    Shown(
        Column("products", "PRODUCTS", align="right"),
        "(SELECT count(*) FROM json_each(price_lists.json, '$.prices'))",
        in_json=True,
    ),
)
_add_list(kinds.PRICE_LIST, PRICE_LISTS, "currency, id", "List price lists.", "search")

DOCUMENTS = (
    Shown(Column("id", "ID"), "id"),
    Shown(Column("title", "TITLE", shrink=True, min_width=14), "title"),
    Shown(listed("products", "PRODUCTS"), "products"),
    Shown(listed("stages", "STAGES"), "stages"),
    Shown(Column("place", "FILE OR ADDRESS", rank=1), "coalesce(file, url)"),
)
_add_list(
    kinds.LITERATURE,
    DOCUMENTS,
    "id",
    "List the documents of sales literature.",
    "tag product search",
)
