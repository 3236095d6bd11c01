"""`lead convert`: from a lead to a customer, a contact and an opportunity.

What is known of customers and contacts is read here for `opportunity add` and `won`, too; which of them a
prospect is, or whether new ones are made, is decided in `workflow/match_prospect.py`.
"""

from __future__ import annotations

from typing import Any

import typer

from pipecli.cli.common.command import Changing, Ref, field, noun, option_of, with_fields
from pipecli.cli.common.transaction import Transaction, changing
from pipecli.cli.common.typed_values import typed_option
from pipecli.errors import PipecliError
from pipecli.json_and_csv import loads
from pipecli.records.catalogue import PriceList
from pipecli.records.customer import Customer
from pipecli.records.kinds import CONTACT, CUSTOMER
from pipecli.records.lead import Lead
from pipecli.records.opportunity import Opportunity
from pipecli.store.choose_by_condition import choose_process
from pipecli.store.index.rows_for_verbs import rows_where
from pipecli.store.pipeline import Pipeline
from pipecli.workflow.items_and_prices import require_currency
from pipecli.workflow.lead import convert_lead, join_opportunity, opportunity_of, require_convertible
from pipecli.workflow.match_prospect import (
    KnownContact,
    KnownCustomer,
    Parties,
    Prospect,
    customer_and_contact,
    of_lead,
    parties_of_caller,
)
from pipecli.workflow.opportunity.add import in_process

app = noun()

Text = str | None
TYPE = field("type", "sales, support, …", "TYPE")
PROCESS = field("process", "Its process. Default: chosen by the settings.", "PROCESS")
CURRENCY = field("currency", "Its currency. Default: the price list's, else the settings'.", "CODE")
PRICE_LIST = field("price_list", "The price list for its items.", "LIST")


@app.command("convert", cls=Changing)
@with_fields(
    field("title", "The opportunity's title. Default: the lead's name.", "TEXT"),
    field("expected_close", "When it should be won.", "DATE"),
    TYPE,
    field("amount", "Its value. Default: its items' sum.", "AMOUNT"),
    *(CURRENCY, PRICE_LIST, PROCESS),
    field("customer", "The customer. Default: found by name, or added.", "CUSTOMER"),
    field("onto", "Join this open one. Default: a new one.", "REF", "--onto", "--opportunity"),
    option_of("force", False, "--force", of=bool, help="Even if need, budget or timeframe isn't yes."),
)
def convert(ctx: typer.Context, ref: Ref, customer: Text, onto: Text, force: bool, **given: Text) -> None:
    """Turn a lead into an opportunity; prints its id.

    With --onto it joins an open one. A known customer and contact are used, new ones are added, all in one
    commit. The lead's activities, plans, notes, tags and custom fields go along.
    """
    with changing(ctx) as transaction:
        lead = transaction.get(Lead, ref)
        require_convertible(lead, force=force)
        if onto:
            buyer, deal = _joined(transaction, lead, onto, given | {"customer": customer})
        else:
            buyer = parties(transaction, of_lead(lead), customer=customer)
            deal = _opened(transaction, lead, buyer, **given)
        transaction.do(
            convert_lead(
                lead,
                deal,
                customer=buyer.customer,
                contact=buyer.contact,
                parties=buyer.written,
                others=transaction.pipeline.all(Opportunity, lead=lead.id),
                today=transaction.today,
                force=force,
                notes=buyer.notes,
            )
        )


def _joined(
    transaction: Transaction, lead: Lead, ref: str, of_a_new_one: dict[str, str | None]
) -> tuple[Parties, Opportunity]:
    """The customer and contact of a lead, and the opportunity that is there with what the lead knows."""
    deal = transaction.get(Opportunity, ref)
    options = [f"--{name.replace('_', '-')}" for name, text in of_a_new_one.items() if text is not None]
    if options:
        raise PipecliError(
            f"{', '.join(options)}: with --onto the opportunity is there, {deal.id}",
            hint=f"change it by itself: pipecli opp set {deal.id} …",
        )
    buyer = parties(transaction, of_lead(lead), customer=deal.customer)
    return buyer, join_opportunity(lead, deal, buyer.customer, buyer.contact, transaction.new_activity_id)


def _opened(
    transaction: Transaction,
    lead: Lead,
    buyer: Parties,
    *,
    title: Text,
    type: Text,
    process: Text,
    price_list: Text,
    **given: Text,
) -> Opportunity:
    """The lead's opportunity in the process that the settings choose for it, unless one is named."""
    prices = transaction.get(PriceList, price_list) if price_list else None
    typed: dict[str, Any] = {
        name: typed_option(f"--{name.replace('_', '-')}", text, (Opportunity, name), transaction.session)
        for name, text in given.items()
    }
    typed["currency"] = typed["currency"] or (prices.currency if prices else None)
    deal = opportunity_of(
        lead,
        transaction.settings,
        buyer.contact,
        transaction.me,
        id=transaction.new_id("OPP"),
        now=transaction.now,
        title=title or lead.label,
        process=process or next(iter(transaction.settings.processes)),
        type=type,
        customer=buyer.customer,
        price_list=prices.id if prices else None,
        **typed,
    )
    if prices:
        require_currency(prices, deal)
    return in_process(deal, transaction.settings, process or choose_process(transaction.pipeline, deal))


def parties(transaction: Transaction, prospect: Prospect, *, customer: str | None = None) -> Parties:
    """The customer and contact of a prospect; `customer` names the one to use. Raises Refused, NotFound."""
    pipeline = transaction.pipeline
    contacts = known_contacts(pipeline)
    named = transaction.get(Customer, customer) if customer is not None else None
    customers = known_customers(pipeline) if named is None else []
    return customer_and_contact(prospect, pipeline, customers, contacts, transaction.new_slug, named=named)


def known_customers(pipeline: Pipeline) -> list[KnownCustomer]:
    """The fields by which customers are recognised. Raises FaultyFile: one that can't be read could match."""
    pipeline.need(CUSTOMER)
    columns = ("id", "name", "kind = 'person'", "email", "website", "phone")
    rows = rows_where(pipeline.index.connection, columns, "customers")
    return [
        KnownCustomer(
            key, name, bool(is_person), (email,) if email else (), website, (phone,) if phone else ()
        )
        for key, name, is_person, email, website, phone in rows
    ]


def known_contacts(pipeline: Pipeline) -> list[KnownContact]:
    """The fields by which contacts are recognised. Raises FaultyFile."""
    pipeline.need(CONTACT)
    rows = rows_where(pipeline.index.connection, ("id", "name", "customer", "emails", "phones"), "contacts")
    return [
        KnownContact(key, name, customer, tuple(loads(emails or "[]")), tuple(loads(phones or "[]")))
        for key, name, customer, emails, phones in rows
    ]


def caller(transaction: Transaction, email: str | None, phone: str | None) -> Parties:
    """The customer and contact of whom only an e-mail or a telephone is known. Raises Refused."""
    pipeline = transaction.pipeline
    return parties_of_caller(email, phone, pipeline, known_customers(pipeline), known_contacts(pipeline))
