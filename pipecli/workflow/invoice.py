"""Invoices: drawn up from an order, whole or in part; issued with a number; paid; credited.

What of an order is still to be invoiced follows from its invoices, less what was credited of them. A discount
in money is invoiced with its lines, in proportion, so that the invoices of an order come to the order.
No two clones get one number: `outbox/claim_and_send_once.py`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count, takewhile
from typing import Any

from pipecli.records.items_and_totals import MONEY_TERMS, Item
from pipecli.records.money import EXACT, minor_digits, rounded
from pipecli.records.papers import Invoice, InvoiceStatus, Order, OrderStatus, Payment
from pipecli.records.settings import Settings
from pipecli.workflow import Change, Refused
from pipecli.workflow.items_and_prices import find_item, in_words

_NOTHING = Decimal(0)


def left_to_invoice(order: Order, invoices: Sequence[Invoice]) -> list[Decimal]:
    """The quantity of each line of an order that no invoice has; `invoices` has its credit notes, too."""
    taken, left = _invoiced(invoices), list[Decimal]()
    for item in order.items:
        step = min(item.quantity, max(taken[_kind(item)], _NOTHING))
        taken[_kind(item)] -= step
        left.append(item.quantity - step)
    return left


def overdrawn(order: Order, invoices: Sequence[Invoice]) -> list[str]:
    """The lines of an order of which more is invoiced than was ordered, in words."""
    taken = _invoiced(invoices)
    for item in order.items:
        taken[_kind(item)] -= item.quantity
    return [item.description for item in order.items if taken.pop(_kind(item), _NOTHING) > 0]


def _invoiced(invoices: Sequence[Invoice]) -> defaultdict[_Kind, Decimal]:
    """The quantity of each kind of line on invoices, less what their credit notes take back."""
    quantities: defaultdict[_Kind, Decimal] = defaultdict(Decimal)
    for invoice in invoices:
        for item in invoice.items:
            quantities[_kind(item)] += -item.quantity if invoice.credits else item.quantity
    return quantities


_Kind = tuple[str | None, str, Decimal]


def _kind(item: Item) -> _Kind:
    """What tells which line of an order one was copied from; several lines may be of one kind."""
    return item.product, item.description, item.unit_price


def new_invoice(
    order: Order,
    invoices: Sequence[Invoice],
    settings: Settings,
    *,
    id: str,
    now: datetime,
    only: Mapping[str, Decimal | None] | None = None,
) -> Change:
    """A draft of what is left to invoice of an order, or of the lines and quantities that `only` names.

    `invoices` are all of the order. Refused for a cancelled order, where nothing is left, and for more than
    is left.
    """
    require_standing(order, "invoice another order")
    left = left_to_invoice(order, invoices)
    wanted = _wanted(order, left, only)
    if not wanted:
        papers = ", ".join(invoice.number or invoice.id for invoice in invoices if not invoice.credits)
        raise Refused(f"{order.id} is fully invoiced, with {papers}", hint="see pipecli invoice list")
    before = {place: order.items[place].quantity - left[place] for place in range(len(left))}
    items = tuple(_part(order.items[place], before[place], quantity, order) for place, quantity in wanted)
    invoice = _draft(
        order,
        items,
        id=id,
        now=now,
        order=order.id,
        discount_amount=_discount_part(order, items, invoices),
        terms=settings.invoices.terms or order.terms,
    )
    part = (
        " in part" if [quantity for _, quantity in wanted] != [item.quantity for item in order.items] else ""
    )
    return Change(invoice, f"invoice {order.id}{part}", "invoice-made")


def _draft(
    source: Order | Invoice, items: tuple[Item, ...], *, id: str, now: datetime, **fields: Any
) -> Invoice:
    """A draft with some lines, to the customer and in the terms of what it is drawn up from."""
    return Invoice.model_construct(
        id=id,
        created=now,
        date=now.date(),
        items=items,
        **source.fields(
            "opportunity", "customer", "contact", "language", "currency", "tax_included", "discount"
        ),
        **fields,
    )


def _wanted(
    order: Order, left: Sequence[Decimal], only: Mapping[str, Decimal | None] | None, verb: str = "invoice"
) -> list[tuple[int, Decimal]]:
    if not only:
        return [(place, quantity) for place, quantity in enumerate(left) if quantity]
    wanted = []
    for which, quantity in only.items():
        place = find_item(order.items, which, order.id)
        if (quantity is not None and not _NOTHING < quantity <= left[place]) or not left[place]:
            raise Refused(
                f"{order.id} has {left[place]:f} left to {verb} of {in_words(order.items[place])}",
                hint=f"{verb} no more than that",
            )
        wanted.append((place, quantity or left[place]))
    return sorted(wanted)


def _part(item: Item, before: Decimal, quantity: Decimal, order: Order) -> Item:
    """A line with some of its quantity, and the share of a discount in money that goes with it."""
    off = item.discount_amount
    if off is not None:
        until, since = (
            rounded(EXACT.divide(EXACT.multiply(off, part), item.quantity), order.currency)
            for part in (before + quantity, before)
        )
        off = until - since
    return item.with_(quantity=quantity, discount_amount=off)


def _discount_part(order: Order, items: Sequence[Item], invoices: Sequence[Invoice]) -> Decimal | None:
    """The share of the order's discount in money that goes with some lines, after what was taken before."""
    if order.discount_amount is None:
        return None

    def goods(lines: Sequence[Item]) -> Decimal:
        return sum((line.amount(order.currency) for line in lines if line.kind is None), _NOTHING)

    signs = [(invoice, -1 if invoice.credits else 1) for invoice in invoices]
    before = sum((sign * goods(invoice.items) for invoice, sign in signs), _NOTHING)
    taken = sum((sign * (invoice.discount_amount or _NOTHING) for invoice, sign in signs), _NOTHING)
    whole = goods(order.items)
    if not whole:
        return None
    until = EXACT.divide(EXACT.multiply(order.discount_amount, before + goods(items)), whole)
    return max(rounded(until, order.currency) - taken, rounded(_NOTHING, order.currency)) or None


def require_standing(order: Order, way_out: str) -> None:
    """Refuse to invoice what was cancelled."""
    if order.status is OrderStatus.CANCELLED:
        raise Refused(f"{order.id} is cancelled", hint=way_out)


def require_draft(invoice: Invoice) -> None:
    """Refuse to change what a customer has."""
    if invoice.status is not InvoiceStatus.DRAFT:
        raise Refused(
            f"{invoice.id} is issued as {invoice.number}: an invoice that a customer has can't change",
            hint=f"credit it, and make another: pipecli invoice credit {invoice.id}",
        )


def require_settable(before: Invoice, after: Invoice) -> None:
    """Refuse a change by hand of what the verbs keep: status, number, payments, and its origin."""
    if before.with_(notes=after.notes, tags=after.tags, custom=after.custom) != after:  # no paper has these
        require_draft(before)
    for field in ("status", "number", "payments", "order", "credits", "opportunity", "customer", "currency"):
        if getattr(before, field) != getattr(after, field):
            raise Refused(
                f"{field} of {before.id} follows from what happens to it",
                hint="use pipecli invoice issue, paid or credit",
            )


def next_number(settings: Settings, year: int, taken: Collection[str]) -> str:
    """The number of the next invoice: the first of its row that none has: no gap is left."""
    return next(number for n in count(1) if (number := settings.invoices.numbered(year, n)) not in taken)


def require_day_in_order(
    draft: Invoice, number: str, day: date, settings: Settings, dated: Mapping[str, date]
) -> None:
    """Refuse a day before that of an invoice of a lower number in the row; `dated` has the days of all."""
    row = (settings.invoices.numbered(day.year, n) for n in count(1))
    lower = takewhile(lambda own: own != number, row)
    later = max(((dated[own], own) for own in lower if dated.get(own, day) > day), default=None)
    if later:
        raise Refused(
            f"{number} would be dated {day}, before {later[1]} of {later[0]}",
            hint=f"date it so: pipecli --today {later[0]} invoice issue {draft.id}",
        )


def issue_invoice(
    invoice: Invoice, credited: Invoice | None, settings: Settings, *, number: str, day: date, open_: Decimal
) -> Change:
    """Draft → issued, on `day`, with the number that was claimed for it.

    Of a credit note, `credited` is the invoice it is to, and `open_` what of that is still to be paid: where
    the note settles it, it is paid.
    """
    require_draft(invoice)
    if not invoice.items:
        raise Refused(
            f"{invoice.id} has no items", hint="make another from the order: pipecli invoice new ORD"
        )
    due = None if invoice.credits else invoice.due or day + timedelta(days=settings.invoices.due_days)
    if due and due < day:
        raise Refused(
            f"{invoice.id} would be due on {due}, before it is issued",
            hint=f"pipecli invoice set {invoice.id} due=+30d",
        )
    issued = invoice.with_(status=InvoiceStatus.ISSUED, number=number, date=day, due=due)
    settled = (
        (credited.with_(status=InvoiceStatus.PAID),)
        if credited and credited.status is InvoiceStatus.ISSUED and invoice.total >= open_
        else ()
    )
    return Change(issued, f"issue as {number}", "invoice-issued", also=settled)


def record_invoice_sent(invoice: Invoice, *, now: datetime, again: bool = False) -> Change:
    """Note that a customer was sent an issued invoice. Refused for a draft, and twice unless `again`."""
    if invoice.status is InvoiceStatus.DRAFT:
        raise Refused(
            f"{invoice.id} is a draft without a number",
            hint=f"issue it first: pipecli invoice issue {invoice.id}",
        )
    if invoice.sent and not again:
        raise Refused(
            f"{invoice.number} was sent on {invoice.sent:%Y-%m-%d %H:%M}", hint="--again sends it once more"
        )
    return Change(invoice.with_(sent=now), "send", "invoice-sent")


def open_amount(invoice: Invoice, notes: Sequence[Invoice]) -> Decimal:
    """The money still to be paid of an invoice; less than nothing where it is to go back.

    Of its credit notes those count that are issued, less what was paid back on them.
    """
    credited = (note.total - note.paid for note in notes if note.status is not InvoiceStatus.DRAFT)
    return invoice.total - invoice.paid - sum(credited, rounded(_NOTHING, invoice.currency))


def record_payment(
    invoice: Invoice,
    open_: Decimal,
    *,
    id: str,
    day: date,
    today: date,
    amount: Decimal | None = None,
    note: str | None = None,
) -> Change:
    """Note a payment, of all that is open where no `amount` is given; the last one makes the invoice paid.

    `open_` is what is to be paid; of a credit note what is to go back.

    Refused for a draft, a day to come, and more than is open.
    """
    if invoice.status is InvoiceStatus.DRAFT:
        raise Refused(
            f"{invoice.id} is a draft, nobody was asked to pay it",
            hint=f"issue it first: pipecli invoice issue {invoice.id}",
        )
    if day > today:
        raise Refused(f"{day} is in the future", hint="record a payment on the day it arrives, or after it")
    paid = open_ if amount is None else amount
    if open_ <= 0:
        raise Refused(
            f"{invoice.number} is settled, nothing is open",
            hint=f"see pipecli invoice show {invoice.id}",
        )
    if rounded(paid, invoice.currency) != paid:
        digits = minor_digits(invoice.currency)
        raise Refused(f"{paid:f} {invoice.currency} can't be paid", hint=f"it has {digits} decimals")
    if paid > open_:
        raise Refused(
            f"{paid:,f} {invoice.currency} is more than the {open_:,f} that are open of {invoice.number}",
            hint=f"record what belongs to it, --amount {open_:f}, and the rest where it belongs",
        )
    shown = rounded(paid, invoice.currency)
    payment = Payment(id=id, date=day, amount=paid, note=note)
    left = open_ - paid
    after = invoice.with_(
        payments=(*invoice.payments, payment),
        status=InvoiceStatus.ISSUED if left else InvoiceStatus.PAID,
    )
    words = f"{left:,f} {invoice.currency} are open" if left else "it is paid"
    return Change(after, f"paid {shown:,f} {invoice.currency}", "invoice-paid", notes=(words,))


def credit_invoice(
    invoice: Invoice,
    notes: Sequence[Invoice],
    *,
    id: str,
    now: datetime,
    only: Mapping[str, Decimal | None] | None = None,
    reason: str | None = None,
) -> Change:
    """A draft of a credit note to an issued invoice: of all of it, or of the lines that `only` names.

    `notes` are the credit notes it has. Refused for a draft, for a credit note, and for more than is left.
    """
    if invoice.credits is not None:
        raise Refused(f"{invoice.id} is a credit note", hint="make an invoice of the order again")
    if invoice.status is InvoiceStatus.DRAFT:
        raise Refused(
            f"{invoice.id} is a draft that nobody has yet",
            hint=f"change it: pipecli invoice edit {invoice.id}",
        )
    as_order = Order.model_construct(**invoice.fields("id", "items", *MONEY_TERMS))
    as_invoices = [note.with_(credits=None) for note in notes]
    left = left_to_invoice(as_order, as_invoices)
    wanted = _wanted(as_order, left, only, "credit")
    if not wanted:
        raise Refused(f"{invoice.number} is fully credited", hint="see pipecli invoice list")
    items = tuple(
        _part(invoice.items[place], invoice.items[place].quantity - left[place], quantity, as_order)
        for place, quantity in wanted
    )
    draft = _draft(
        invoice,
        items,
        id=id,
        now=now,
        order=invoice.order,
        credits=invoice.id,
        discount_amount=_discount_part(as_order, items, as_invoices),
        reason=reason,
    )
    return Change(draft, f"credit {invoice.number}", "invoice-credited")
