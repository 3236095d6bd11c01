"""`order`, made from an accepted quotation; `invoice`, drawn up from it, numbered, sent, paid, credited."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from decimal import Decimal
from typing import Annotated

import typer

from pipecli.cli.common.command import Changing, Ref, argument, flag, noun, option
from pipecli.cli.common.record_verbs import register_remove, register_set_and_edit
from pipecli.cli.common.session import say
from pipecli.cli.common.transaction import Transaction
from pipecli.cli.common.typed_values import typed_option
from pipecli.cli.paper.mail import Alone, Cc, Email, Instead, MailOptions, To, send_by_email
from pipecli.errors import PipecliError
from pipecli.outbox.claim_and_send_once import Claims, require_unnumbered
from pipecli.records.kinds import INVOICE, ORDER
from pipecli.records.opportunity import Opportunity
from pipecli.records.papers import Invoice, Order, Quotation
from pipecli.store.index.rows_for_verbs import rows_where
from pipecli.store.record_meant import Care
from pipecli.wording import count
from pipecli.workflow import Change
from pipecli.workflow import invoice as invoice_rules
from pipecli.workflow.order import cancel_order, deliver_order, order_quotation, require_same_status

app = noun()

_Only = Annotated[
    list[str] | None,
    typer.Option(
        "--item",
        help="Only this line, or a quantity of it: 2, 2=1.5, cafe-s-100=3. Repeatable.",
        metavar="ITEM[=N]",
    ),
]


@app.command("order new", cls=Changing)
def new_order(
    transaction: Transaction,
    quotation: str = argument("The accepted quotation.", "QTN"),
) -> Change:
    """Make the order of an accepted quotation; prints its id. `opp won` does this by itself."""
    accepted = transaction.get(Quotation, quotation)
    return order_quotation(
        accepted,
        transaction.pipeline.get(Opportunity, accepted.opportunity),
        siblings=transaction.pipeline.all(Quotation, opportunity=accepted.opportunity),
        orders=transaction.pipeline.all(Order, quotation=accepted.id),
        id=transaction.new_id("ORD"),
        now=transaction.now,
    )


register_set_and_edit(
    app,
    ORDER,
    rule=lambda _, before, after: require_same_status(before, after, "pipecli order deliver or cancel"),
)


@app.command("order deliver", cls=Changing)
def deliver(
    transaction: Transaction,
    ref: Ref,
    date: str | None = option("When. Default: today.", "DATE"),
) -> Change:
    """Mark an open order as delivered."""
    order = transaction.get(Order, ref)
    return deliver_order(
        order, day=transaction.day(date, past=True) or transaction.today, today=transaction.today
    )


@app.command("order cancel", cls=Changing)
def cancel(transaction: Transaction, ref: Ref, reason: str | None = option("Why.", "TEXT")) -> Change:
    """Cancel an open order; its quotation can be ordered again."""
    order = transaction.get(Order, ref, Care.ONLY)
    return cancel_order(order, transaction.pipeline.all_here(Invoice, order=order.id), reason=reason)


@app.command("invoice new", cls=Changing)
def new_invoice(
    transaction: Transaction,
    order: str = argument("The order.", "ORD"),
    item: _Only = None,
) -> Change:
    """Draft an invoice for the rest of an order; prints its id. `issue` numbers it."""
    ordered = transaction.get(Order, order)
    return invoice_rules.new_invoice(
        ordered,
        transaction.pipeline.all(Invoice, order=ordered.id),
        transaction.settings,
        id=transaction.new_id("INV"),
        now=transaction.now,
        only=_quantities(transaction, item),
    )


def _quantities(transaction: Transaction, items: list[str] | None) -> dict[str, Decimal | None]:
    """The lines of `--item`, each with its quantity; None: all that is left of it."""
    wanted: dict[str, Decimal | None] = {}
    for text in items or ():
        which, _, quantity = text.partition("=")
        path = (Invoice, "items.0.quantity")
        wanted[which] = typed_option("--item", quantity, path, transaction.session) if quantity else None
    return wanted


def _require_removable(transaction: Transaction, draft: Invoice) -> None:
    invoice_rules.require_draft(draft)
    require_unnumbered(transaction.pipeline.location, draft.id, say)


register_set_and_edit(
    app, INVOICE, rule=lambda _, before, after: invoice_rules.require_settable(before, after)
)
register_remove(app, INVOICE, help_text="Remove a draft that was made by mistake.", allow=_require_removable)


@app.command("invoice issue", cls=Changing)
def issue(
    transaction: Transaction,
    ref: str | None = argument(
        "The draft, or its order. Default: the only draft there is.", "[REF]", default=None
    ),
    alone: Alone = False,
) -> None:
    """Number and date a draft, after which it can't be changed.

    The number is claimed in the shared pipeline, so that no two clones use the same one and none is skipped.
    If that can't be reached, the invoice stays a draft.
    """
    draft = _draft(transaction, ref)
    credited = transaction.pipeline.find_record(Invoice, draft.credits)
    open_ = invoice_rules.open_amount(credited, _notes(transaction, credited)) if credited else Decimal(0)
    number = _number(transaction, draft, alone=alone)
    claimed = f"{number} stays claimed for {draft.id}, and the same command gives it that"
    transaction.pipeline.beyond_undo = claimed
    change = invoice_rules.issue_invoice(
        draft, credited, transaction.settings, number=number, day=transaction.today, open_=open_
    )
    try:
        transaction.commit_and_print(change)
    except PipecliError as error:
        if transaction.session.dry_run:
            raise
        raise PipecliError(f"{error.reason}; {claimed}", code=error.code) from None


def _draft(transaction: Transaction, ref: str | None) -> Invoice:
    """The draft that is meant: by a name of its own, or the only one, of an order where `ref` names that."""
    if ref and not ref.upper().startswith("ORD-"):
        draft = transaction.get(Invoice, ref, Care.ONLY)
        invoice_rules.require_draft(draft)
        return draft
    of = {"order": transaction.get(Order, ref, Care.ONLY).id} if ref else {}
    drafts = transaction.pipeline.all(Invoice, status="draft", **of)
    if len(drafts) != 1:
        keys = ", ".join(draft.id for draft in drafts)
        raise PipecliError(
            f"{of.get('order', 'this pipeline')} has {count(len(drafts), 'draft')} of an invoice",
            hint=f"name one of {keys}" if drafts else "make one: pipecli invoice new ORD",
        )
    return drafts[0]


def _number(transaction: Transaction, draft: Invoice, *, alone: bool) -> str:
    """The number of an invoice, claimed. With --dry-run the next one as far as is known here."""
    settings, today, pipeline = transaction.settings, transaction.today, transaction.pipeline
    rows = rows_where(pipeline.connection, ["number", "date"], "_invoices", "number IS NOT NULL")
    dated = {number: date.fromisoformat(day) for number, day in rows}
    claims = Claims(pipeline.location, "invoices", alone=alone)
    order = None if draft.credits else pipeline.find_record(Order, draft.order)

    def free_number(claimed: Collection[str]) -> str:
        if order:
            invoice_rules.require_standing(order, f"remove the draft: pipecli invoice remove {draft.id}")
        number = invoice_rules.next_number(settings, today.year, {*dated, *claimed})
        invoice_rules.require_day_in_order(draft, number, today, settings, dated)
        return number

    if transaction.session.dry_run:
        return free_number(claims.known(offline=True))
    try:
        return claims.claim_number(draft.id, today, free_number)
    except PipecliError as error:
        raise PipecliError(
            f"{error.message}; {draft.id} stays a draft", hint=error.hint, code=error.code
        ) from error


def _notes(transaction: Transaction, invoice: Invoice) -> list[Invoice]:
    return transaction.pipeline.all(Invoice, credits=invoice.id)


@app.command("invoice send", cls=Changing)
def send(
    transaction: Transaction,
    ref: Ref,
    email: Email = False,
    to: To = None,
    cc: Cc = None,
    subject: Instead = None,
    body: Instead = None,
    again: bool = flag("--again", "Send it even if it was sent before."),
    alone: Alone = False,
) -> None:
    """Record that an issued invoice was sent. With --email it is mailed first, and its deal has the mail.

    The mail is claimed in the shared pipeline, so that no two clones send it.
    """
    options = MailOptions.of(email, to, cc, subject, body)
    invoice = transaction.get(Invoice, ref, Care.ONLY)
    change = invoice_rules.record_invoice_sent(invoice, now=transaction.now, again=again)
    if not email:
        transaction.commit_and_print(change)
        return
    deal = transaction.pipeline.get(Opportunity, invoice.opportunity)
    send_by_email(transaction, change, deal, options, alone=alone or again)


@app.command("invoice paid", cls=Changing)
def paid(
    transaction: Transaction,
    ref: Ref,
    amount: str | None = option("Default: all that is open.", "AMOUNT"),
    date: str | None = option("Default: today.", "DATE"),
    note: str | None = option("Such as the bank's reference.", "TEXT"),
) -> Change:
    """Record a payment, in full or in part; or a refund."""
    invoice = transaction.get(Invoice, ref, Care.ONLY)
    path = (Invoice, "payments.0.amount")
    credited = transaction.pipeline.find_record(Invoice, invoice.credits)
    owing = credited or invoice
    open_ = invoice_rules.open_amount(owing, _notes(transaction, owing))
    return invoice_rules.record_payment(
        invoice,
        -open_ if credited else open_,
        id=transaction.new_activity_id(),
        day=transaction.day(date, past=True) or transaction.today,
        today=transaction.today,
        amount=typed_option("--amount", amount, path, transaction.session, invoice.currency),
        note=note,
    )


@app.command("invoice credit", cls=Changing)
def credit(
    transaction: Transaction,
    ref: Ref,
    item: _Only = None,
    reason: str | None = option("Why.", "TEXT"),
) -> None:
    """Draft a credit note for an invoice, or for some of its lines. `issue` numbers it, too."""
    invoice = transaction.get(Invoice, ref, Care.ONLY)
    change = invoice_rules.credit_invoice(
        invoice,
        _notes(transaction, invoice),
        id=transaction.new_id("INV"),
        now=transaction.now,
        only=_quantities(transaction, item),
        reason=reason,
    )
    transaction.commit_and_print(change)
    say(f"a draft; number it: pipecli invoice issue {change.record.key}")
