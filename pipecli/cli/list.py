"""`list` of every noun: the columns that a person reads; JSON has the record, and what `record_json` adds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Literal

from pipecli.cli.common.command import argument, flag, noun, option
from pipecli.cli.common.list_options import Listing, Parts, print_list, print_parts
from pipecli.cli.common.names_and_questions import find_typed
from pipecli.cli.common.session import Session
from pipecli.cli.common.table import (
    ACTIVE,
    CURRENCY,
    ListColumn,
    addresses,
    amount_text,
    column,
    named,
    price_text,
    to_the_minute,
)
from pipecli.cli.nouns import ALIASES
from pipecli.records import kinds
from pipecli.records.money import plain_percent
from pipecli.store.index.owner_filter_and_list_sql import (
    ACTIVITY_ROWS,
    BASE_CURRENCY,
    LEAD_NAME,
    LOST_TO,
    OPEN_AGAINST,
    OPEN_WITH_CUSTOMER,
    PRICED_PRODUCTS,
    TEAM_ROWS,
    USER_ROWS,
    WON_AGAINST,
)
from pipecli.store.index.rows_for_verbs import OPEN
from pipecli.wording import duration
from pipecli.workflow.opportunity.advance import KEY_INFO

app = noun()

ActivityTypeName = Literal["call", "meeting", "email", "task", "note"]


_DEAL = "owner seller mine status stage team tag customer contact product search"
"""The filters of a deal, and of the papers that answer for one."""


_BY_NAME = "name COLLATE NOCASE, id"


def _add_list(
    kind: kinds.Kind,
    columns: Sequence[ListColumn],
    order: str,
    help_text: str,
    takes: str = "tag search",
    *,
    opens: bool = False,
) -> None:
    """Give a noun its `list`, with the filters it takes; one that `opens` with what is open takes `--all`."""

    verb = f"{ALIASES.get(kind.noun, kind.noun)} list"

    @app.command(verb, cls=Listing.with_(takes=takes, opens=opens), help=help_text)
    def list_(run: Session) -> None:
        print_list(run, kind, columns, order, OPEN[kind.noun] if opens else "")


def _money(name: str, *, named: bool = True) -> Callable[[Mapping[str, object]], str]:
    """The drawing of an amount, with its currency beside it; of none, nothing."""
    return lambda record: (
        "" if record[name] is None else amount_text(record[name], record["currency"], named=named)
    )


def _response(record: Mapping[str, object]) -> str:
    minutes = record["minutes_to_first_response"]
    return duration(minutes) if isinstance(minutes, int) else ""


RESPONSE = column("minutes_to_first_response", "RESPONSE", align="right", rank=6, show=_response)


OPPORTUNITIES = (
    column("id", "ID"),
    column("title", "TITLE", shrink=True, min_width=14),
    *named(
        "customer",
        "CUSTOMER",
        "coalesce(customer_name, customer, lead)",
        by=("customer_name", "lead"),
        min_width=10,
        rank=2,
    ),
    column("standing", "STAGE", "CASE status WHEN 'open' THEN stage ELSE status END", rank=1, only="table"),
    column("stage", "STAGE", only="csv"),
    column("status", "STATUS", only="csv"),
    column("amount", "AMOUNT", "exact_amount", align="right", show=_money("amount")),
    CURRENCY,
    column(
        "items_amount",
        "ITEMS AMOUNT",
        "exact_items_amount",
        align="right",
        show=_money("items_amount"),
        only="csv",
    ),
    column("close", "CLOSE", "coalesce(closed_date, expected_close)", rank=3, only="table"),
    column("expected_close", "EXPECTED CLOSE", only="csv"),
    column("closed_date", "CLOSED DATE", only="csv"),
    column("owner", "OWNER", shrink=True, rank=4),
    RESPONSE,
    column(
        "key_info_answered",
        "KEY INFO",
        align="right",
        rank=5,
        show=lambda record: f"{record['key_info_answered']} of {len(KEY_INFO)}",
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


LEADS = (
    column("id", "ID"),
    column("organization", "ORGANIZATION", shrink=True, min_width=12),
    column("name", "NAME", shrink=True, min_width=10),
    column("status", "STATUS"),
    column(
        "missing",
        "MISSING",
        show=lambda lead: "all four" if str(lead["missing"]).count(", ") == 3 else lead["missing"],
    ),
    column("score", "SCORE", align="right", rank=3),
    column("next_contact_date", "NEXT", "next_contact", rank=4),
    column("owner", "OWNER", shrink=True, rank=2),
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
    column("id", "ID"),
    column("name", "NAME", shrink=True, min_width=14),
    column("kind", "KIND", rank=4),
    column("country", "COUNTRY", shrink=True, rank=3),
    column("website", "WEBSITE", rank=2),
    column("open", "OPEN", OPEN_WITH_CUSTOMER, align="right", rank=1, in_json=True),
    column("owner", "OWNER", shrink=True, rank=2),
)
_add_list(
    kinds.CUSTOMER,
    CUSTOMERS,
    _BY_NAME,
    "List customers by name, and what is open with each.",
    "owner mine tag search",
)

CONTACTS = (
    column("id", "ID"),
    column("name", "NAME", shrink=True, min_width=14),
    column("customer", "CUSTOMER", shrink=True, min_width=10, rank=3),
    column("title", "TITLE", shrink=True, rank=4),
    addresses("emails", "E-MAIL", 1),
    addresses("phones", "PHONE", 2),
)
_add_list(kinds.CONTACT, CONTACTS, _BY_NAME, "List contacts by name.", "customer tag search")

SUPPLIERS = (
    column("id", "ID"),
    column("name", "NAME", shrink=True, min_width=14),
    column("country", "COUNTRY", shrink=True, rank=2),
    column("currency", "CURRENCY", rank=3),
    column("email", "E-MAIL"),
    column("phone", "PHONE", rank=1),
)
_add_list(kinds.SUPPLIER, SUPPLIERS, _BY_NAME, "List suppliers by name.")


COMPETITORS = (
    column("id", "ID"),
    column("name", "NAME", shrink=True, min_width=14),
    column("country", "COUNTRY", shrink=True, rank=2),
    column("website", "WEBSITE", rank=3),
    column("open", "OPEN", OPEN_AGAINST, align="right", in_json=True),
    column("won", "WON AGAINST", WON_AGAINST, align="right", in_json=True),
    column("lost", "LOST TO", LOST_TO, align="right", in_json=True),
)
_add_list(
    kinds.COMPETITOR,
    COMPETITORS,
    _BY_NAME,
    "List competitors, and how many deals each has open, lost and won.",
)


def _margin(record: Mapping[str, object]) -> str:
    """`~` where the cost of some items is not known; `no rate` where one can't be converted."""
    if record["margin_unknown"]:
        return "no rate"
    about = "~" if record["items_without_cost"] else ""
    return about + amount_text(record["margin"], record["currency"], named=False)


def _fact(name: str) -> str:
    return f"json_extract(margin_facts, '$.{name}')"


_PRICED = (
    column("amount", "NET", "exact_amount", align="right", show=_money("amount", named=False)),
    column("total", "TOTAL", "exact_total", align="right", show=_money("total")),
    CURRENCY,
    column("margin", "MARGIN", _fact("margin"), align="right", rank=1, show=_margin, only="csv"),
    column("items_without_cost", "", _fact("items_without_cost"), hidden=True),
    column("margin_unknown", "", _fact("margin_unknown"), hidden=True),
)

QUOTATIONS = (
    column("id", "ID"),
    *named(
        "customer",
        "CUSTOMER",
        f"coalesce(customer_name, customer, {LEAD_NAME}, lead)",
        by=("customer_name", "lead"),
        min_width=12,
    ),
    column("status", "STATUS"),
    column("valid_until", "VALID UNTIL", rank=-1),
    *_PRICED,
    column("opportunity", "DEAL", rank=3),
    column("date", "DATE", rank=4),
)
_add_list(
    kinds.QUOTATION,
    QUOTATIONS,
    "status NOT IN ('draft', 'sent', 'accepted'), created DESC, id",
    "List drafts and unanswered quotations, the newest first.",
    _DEAL,
    opens=True,
)

ORDERS = (
    column("id", "ID"),
    *named("customer", "CUSTOMER", "coalesce(customer_name, customer)", by=("customer_name",), min_width=12),
    column("status", "STATUS"),
    column("date", "DATE", rank=2),
    *_PRICED,
    column("delivered", "DELIVERED", rank=3),
    column("quotation", "QUOTATION", rank=4),
)
_add_list(
    kinds.ORDER,
    ORDERS,
    "status <> 'open', date DESC, created DESC, id",
    "List the open orders, the newest first.",
    _DEAL,
    opens=True,
)


INVOICES = (
    column("number", "NUMBER", show=lambda row: row["number"] or "draft"),
    *named("customer", "CUSTOMER", "coalesce(customer_name, customer)", by=("customer_name",), min_width=12),
    column("status", "STATUS"),
    column("date", "DATE", rank=2),
    column("due", "DUE"),
    column(
        "overdue_days",
        "LATE",
        align="right",
        rank=1,
        show=lambda row: f"{row['overdue_days']} d" if row["overdue_days"] else "",
    ),
    column("total", "TOTAL", "exact_total", align="right", show=_money("total")),
    column("open", "OPEN", align="right", show=_money("open", named=False)),
    CURRENCY,
    column("credits", "CREDITS", rank=3),
    column("order", "ORDER", '"order"', rank=4),
    column("id", "ID"),
)
_add_list(
    kinds.INVOICE,
    INVOICES,
    "CASE status WHEN 'draft' THEN 0 WHEN 'issued' THEN 1 ELSE 2 END, due, number DESC, id",
    "List invoices and credit notes. Drafts come first, then unpaid ones by due date, then the newest.",
    _DEAL,
)

SUPPLIER_QUOTATIONS = (
    column("id", "ID"),
    *named("supplier", "SUPPLIER", "coalesce(supplier_name, supplier)", by=("supplier_name",), min_width=12),
    column("opportunity", "DEAL"),
    column("status", "STATUS"),
    column("amount", "TOTAL", "exact_amount", align="right", show=_money("amount")),
    CURRENCY,
    column("lead_time", "LEAD TIME", shrink=True, rank=2),
    column("valid_until", "VALID UNTIL", rank=1),
)
_add_list(
    kinds.SUPPLIER_QUOTATION,
    SUPPLIER_QUOTATIONS,
    "status <> 'requested', created DESC, id",
    "List supplier quotations, the unanswered first, then the newest.",
    "owner mine status stage team tag product search",
)


def _cost(record: Mapping[str, object]) -> str:
    cost, currency = record["cost"], str(record["currency"])
    return "" if cost is None else f"{price_text(Decimal(str(cost)), currency)} {currency}"


def _percent(record: Mapping[str, object]) -> str:
    return "" if record["tax"] is None else f"{plain_percent(float(str(record['tax']))):f} %"


PRODUCTS = (
    column("sku", "SKU"),
    column("name", "NAME", shrink=True, min_width=14),
    column("kind", "KIND", rank=1),
    column("uom", "UNIT", rank=2),
    column("tax", "TAX", align="right", rank=3, show=_percent),
    column("cost", "COST", "exact_cost", align="right", rank=4, show=_cost),
    column("currency", "CURRENCY", BASE_CURRENCY, only="csv", in_json=True),
    ACTIVE,
)
_add_list(kinds.PRODUCT, PRODUCTS, "active DESC, sku", "List products, those on sale first.")

PRICE_LISTS = (
    column("id", "ID"),
    column("name", "NAME", shrink=True),
    column("currency", "CURRENCY"),
    column("valid_from", "FROM"),
    column("valid_until", "UNTIL"),
    column("products", "PRODUCTS", PRICED_PRODUCTS, align="right", in_json=True),
)
_add_list(kinds.PRICE_LIST, PRICE_LISTS, "currency, id", "List price lists.", "search")

DOCUMENTS = (
    column("id", "ID"),
    column("title", "TITLE", shrink=True, min_width=14),
    column("products", "PRODUCTS", shrink=True),
    column("stages", "STAGES", shrink=True),
    column("place", "FILE OR ADDRESS", "coalesce(file, url)", rank=1),
)
_add_list(kinds.LITERATURE, DOCUMENTS, "id", "List the documents of sales literature.", "tag product search")


ACTIVITIES = (
    column("id", "ID"),
    column("at", "WHEN", show=to_the_minute),
    column("type", "TYPE", rank=1),
    column("direction", "DIR", rank=2),
    column("done", "DONE", rank=1, show=lambda record: "yes" if record["done"] else "no"),
    column("subject", "SUBJECT", shrink=True, min_width=10),
    column("record", "ON"),
    column("title", "TITLE", shrink=True, rank=3),
    column("by", "BY", '"by"', rank=1),
)

_ACTIVITIES_SOURCE = Parts(
    "activities", ACTIVITY_ROWS, (kinds.LEAD, kinds.OPPORTUNITY), hidden=frozenset({"shared_with"})
)


@app.command("activity list", cls=Listing.with_(takes="owner mine team contact search"))
def list_activities(
    run: Session,
    ref: str | None = argument("Only of this lead or opportunity.", "[REF]", default=None),
    due: str | None = option("Only what is open and planned for this day or before.", "DATE"),
    open_: bool = flag("--open", "Only what is not done."),
    type_: ActivityTypeName | None = option("Only of this type.", "", "--type"),
) -> None:
    """List activities in the order of their times.

    --owner is who does it: the --by of the activity, else the owner of its lead or opportunity.
    """
    conditions: dict[str, object] = {}
    if ref:
        conditions["record = ?"] = find_typed(run, ref, kinds.LEAD, kinds.OPPORTUNITY).key
    if due or open_:
        conditions["done = ?"] = 0
    if due:
        conditions["substr(at, 1, 10) <= ?"] = run.day(due).isoformat()
    if type_:
        conditions["type = ?"] = type_
    print_parts(run, _ACTIVITIES_SOURCE, ACTIVITIES, "julianday(at), id", conditions)


USERS = (
    column("id", "USER"),
    column("name", "NAME", shrink=True),
    column("email", "E-MAIL", rank=1),
    column("team", "TEAM"),
    ACTIVE,
)


@app.command("user list", cls=Listing.with_(takes="team"))
def list_users(run: Session) -> None:
    """List the users, active ones first."""
    print_parts(run, Parts("users", USER_ROWS), USERS, "NOT active, id")


TEAMS = (
    column("id", "TEAM"),
    column("name", "NAME", shrink=True),
    column("manager", "MANAGER"),
    column("members", "MEMBERS", shrink=True),
)


@app.command("team list", cls=Listing)
def list_teams(run: Session) -> None:
    """List the teams with their members."""
    print_parts(run, Parts("teams", TEAM_ROWS), TEAMS, "id")
