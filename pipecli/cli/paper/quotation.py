"""`quotation new`, `set`, `edit`, `item`; and once it is sent `revise`, `accept`, `reject`, `expire`."""

from __future__ import annotations

from typing import Any

from pipecli.cli.common.command import SETS, Changing, Ref, argument, field, noun, option, with_fields
from pipecli.cli.common.item_verbs import register_item_verbs
from pipecli.cli.common.record_verbs import register_remove, register_set_and_edit
from pipecli.cli.common.session import mention
from pipecli.cli.common.transaction import Transaction
from pipecli.cli.common.typed_values import built, typed_option
from pipecli.errors import PipecliError
from pipecli.records.catalogue import PriceList
from pipecli.records.customer import Contact, Customer
from pipecli.records.kinds import QUOTATION
from pipecli.records.lead import Lead
from pipecli.records.opportunity import Opportunity
from pipecli.records.papers import Order, Quotation, SupplierQuotation
from pipecli.store.record_meant import Care
from pipecli.workflow import Change
from pipecli.workflow import quotation as quotation_rules
from pipecli.workflow.supplier_quotation import price_from_supplier

app = noun()


@app.command("new", cls=Changing)
@with_fields(
    field("valid_until", "Its last day. Default: after the number of days in the settings.", "DATE"),
    field("language", "Such as es or pt-BR. Default: the contact's or customer's.", "TAG"),
    field("contact", "The person it is for. Default: the deal's primary contact.", "CONTACT"),
    field("terms", "Its terms. Default: the settings'.", "TEXT"),
    field("notes", "Notes of your own; no document shows them.", "TEXT"),
    field("from_supplier_quote", "Take prices from this supplier's answer.", "SQ"),
    field("markup", "Percent added to the supplier's price.", "PERCENT"),
    field("margin", "Percent of the customer's price that is ours.", "PERCENT"),
    SETS,
)
def new(
    transaction: Transaction,
    opportunity: str = argument("The opportunity to quote for.", "OPP"),
    *, valid_until: str | None, contact: str | None, from_supplier_quote: str | None, markup: str | None,
    margin: str | None, sets: list[str] | None, **given: str | None,
) -> Change:  # fmt: skip
    """Make a draft from an opportunity; prints its id. Header and items are copied."""
    deal = transaction.get(Opportunity, opportunity)
    whom = quotation_rules.contact_of(deal)
    draft = quotation_rules.new_quotation(
        deal,
        transaction.settings,
        id=transaction.new_id("QTN"),
        now=transaction.now,
        customer=transaction.pipeline.find_record(Customer, deal.customer),
        lead=transaction.pipeline.find_record(Lead, deal.lead),
        contact=transaction.get(Contact, contact)
        if contact
        else transaction.pipeline.find_record(Contact, whom),
        valid_until=transaction.day(valid_until),
        **given,
    )
    priced, doubts = _priced(transaction, draft, from_supplier_quote, markup, margin)
    quotation = built(Quotation, priced.plain(), sets, transaction.session)
    _of_a_draft(transaction, draft, quotation)
    return Change(quotation, f"quote {deal.title}", "quotation-made", notes=tuple(doubts))


def _priced(
    transaction: Transaction, draft: Quotation, answer: str | None, markup: str | None, margin: str | None
) -> tuple[Quotation, list[str]]:
    """A draft with the supplier's prices, where they are asked for."""
    if answer is None:
        if markup is not None or margin is not None:
            raise PipecliError(
                "--markup and --margin are on a supplier's price", hint="name it: --from-supplier-quote SQ"
            )
        return draft, []
    return price_from_supplier(
        draft,
        transaction.get(SupplierQuotation, answer),
        transaction.settings.rates,
        today=transaction.today,
        # the fields with the same bounds: any amount, and a percentage of up to 100
        markup=typed_option("--markup", markup, (Quotation, "items.0.unit_price"), transaction.session),
        margin=typed_option("--margin", margin, (Quotation, "items.0.discount"), transaction.session),
    )


def _of_a_draft(transaction: Transaction, before: Any, after: Any) -> None:
    quotation_rules.require_settable(
        before, after, transaction.pipeline.find_record(PriceList, after.price_list)
    )


register_set_and_edit(app, QUOTATION, rule=_of_a_draft)


def _require_first_draft(_transaction: Transaction, quotation: Quotation) -> None:
    """Refuse to remove what a customer has seen, and a revision: what it revises would stay superseded."""
    quotation_rules.require_changeable(quotation)
    if quotation.revision_of:
        raise PipecliError(
            f"{quotation.id} revises {quotation.revision_of}, which would stay superseded",
            hint="take the revision back with pipecli undo",
        )


register_remove(
    app, QUOTATION, help_text="Remove a draft that was made by mistake.", allow=_require_first_draft
)


register_item_verbs(app, Quotation, quotation_rules.require_changeable)


def _of_deal(transaction: Transaction, quotation: Quotation) -> tuple[Opportunity, list[Quotation]]:
    """The deal of a quotation, and all the quotations of that deal."""
    deal = transaction.pipeline.get(Opportunity, quotation.opportunity)
    return deal, transaction.pipeline.all(Quotation, opportunity=deal.id)


@app.command("revise", cls=Changing)
def revise(transaction: Transaction, ref: Ref) -> Change:
    """Draft a new revision of a quotation. The old one must be sent, expired or rejected; it is
    superseded."""
    quotation = transaction.get(Quotation, ref)
    deal, siblings = _of_deal(transaction, quotation)
    return quotation_rules.revise_quotation(
        quotation,
        deal,
        transaction.settings,
        siblings=siblings,
        id=transaction.new_id("QTN"),
        now=transaction.now,
    )


@app.command("accept", cls=Changing)
def accept(
    transaction: Transaction,
    ref: Ref,
    with_: list[str] | None = option(
        "An optional or alternative item they take; repeatable.", "ITEM", "--with"
    ),
) -> Change:
    """Record that the customer accepted. The deal stays open: `opp won` closes it."""
    quotation = transaction.get(Quotation, ref, Care.ONLY)
    deal, siblings = _of_deal(transaction, quotation)
    return quotation_rules.accept_quotation(
        quotation, deal, siblings=siblings, today=transaction.today, options=with_ or ()
    )


@app.command("reject", cls=Changing)
def reject(
    transaction: Transaction,
    ref: Ref,
    reason: str | None = option("Why, in the customer's words.", "TEXT"),
) -> Change:
    """Record that the customer rejected it, or took back a yes. The deal stays open."""
    quotation = transaction.get(Quotation, ref, Care.ONLY)
    deal, siblings = _of_deal(transaction, quotation)
    orders = transaction.pipeline.all(Order, quotation=quotation.id)
    return quotation_rules.reject_quotation(quotation, deal, siblings=siblings, orders=orders, reason=reason)


@app.command("expire", cls=Changing)
def expire(transaction: Transaction) -> None:
    """Expire sent quotations that are past their last day; for cron. All in one commit."""
    changes = quotation_rules.expire_quotations(
        transaction.pipeline.all(Quotation, status="sent"), transaction.today
    )
    if not changes:
        mention("no sent quotation is past its validity")
    one = f"{changes[0].record.key}: expire" if changes else ""
    transaction.commit_and_print_many(
        changes, one if len(changes) == 1 else f"expire {len(changes)} quotations"
    )
