"""A draft may change (`set`, `edit`, `item`); what was sent is frozen, and the refusals say the way out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Unpack

from pipecli.records.catalogue import PriceList
from pipecli.records.quotation import Quotation, QuotationStatus
from pipecli.records.settings import Settings
from pipecli.workflow.change import Change, Refused
from pipecli.workflow.items import (
    ChangedLine,
    NewLine,
    find_item,
    in_words,
    make_item,
    price_notes,
    require_currency,
    with_line,
)


def require_draft(quotation: Quotation) -> None:
    """Refuse to change what a customer has seen."""
    if quotation.status in (QuotationStatus.SENT, QuotationStatus.REJECTED, QuotationStatus.EXPIRED):
        raise Refused(
            f"{quotation.id} is {quotation.status}: what a customer was offered is frozen",
            hint=f"make the next one: pipecli quote revise {quotation.id}",
        )
    if quotation.status is not QuotationStatus.DRAFT:
        raise Refused(
            f"{quotation.id} is {quotation.status}: what a customer was offered is frozen",
            hint=f"make a new one: pipecli quote new {quotation.opportunity}",
        )


def require_sound(before: Quotation, after: Quotation, price_list: PriceList | None) -> None:
    """Refuse a change of a draft that only a verb may make, or that makes no sense.

    Its status follows from what happens to it, and its deal and revision from where it was made; `price_list`
    is the one it names now.
    """
    require_draft(before)
    if after.status is not before.status:
        raise Refused(
            f"the status of {before.id} follows from what happens to it",
            hint="use pipecli quote send, accept, reject or revise",
        )
    if (after.opportunity, after.revision_of) != (before.opportunity, before.revision_of):
        raise Refused(
            f"{before.id} stays with its deal and with what it revises",
            hint="make a new one: pipecli quote new",
        )
    if (after.date, after.valid_until) != (before.date, before.valid_until):
        require_time(after)
    if price_list and (after.price_list, after.currency) != (before.price_list, before.currency):
        require_currency(price_list, after)
    if (after.customer, after.lead) != (before.customer, before.lead):
        require_addressee(after)


def require_addressee(quotation: Quotation) -> None:
    """Refuse an offer to nobody."""
    if quotation.customer is None and quotation.lead is None:
        raise Refused(
            f"{quotation.id} has neither a customer nor a lead to quote to",
            hint=f"give it one: pipecli quote set {quotation.id} customer=SLUG",
        )


def require_time(quotation: Quotation) -> None:
    """Refuse a validity that ends before the quotation's date."""
    if quotation.valid_until is not None and quotation.valid_until < quotation.date:
        raise Refused(
            f"{quotation.id} would be valid until {quotation.valid_until}, before its date {quotation.date}",
            hint="give a later day",
        )


def wrong_move(quotation: Quotation, done: str, siblings: Sequence[Quotation] = ()) -> Refused:
    """The refusal of a verb that a quotation's status forbids; `done` says the verb: sent, accepted.

    `siblings` are the quotations of its deal, among which is the one that took its place.
    """
    status = quotation.status
    is_so = "a draft" if status is QuotationStatus.DRAFT else status
    reason = f"is {status} already" if done == status else f"is {is_so}, it can't be {done}"
    return Refused(f"{quotation.id} {reason}", hint=_way_out(quotation, siblings))


def _way_out(quotation: Quotation, siblings: Sequence[Quotation]) -> str:
    match quotation.status:
        case QuotationStatus.DRAFT:
            return f"send it first: pipecli quote send {quotation.id}"
        case QuotationStatus.ACCEPTED:
            return (
                f"win its deal: pipecli opp won {quotation.opportunity}, or take the yes back: "
                f"pipecli quote reject {quotation.id}"
            )
        case QuotationStatus.SUPERSEDED:
            newer = [sibling.id for sibling in siblings if sibling.revision_of == quotation.id]
            return f"{newer[-1]} took its place" if newer else _new(quotation)
    return f"make the next one: pipecli quote revise {quotation.id}"


def _new(quotation: Quotation) -> str:
    return f"make a new one: pipecli quote new {quotation.opportunity}"


def add(
    quotation: Quotation, settings: Settings, lists: Sequence[PriceList], day: date, **line: Unpack[NewLine]
) -> Change:
    """Add a line to a draft; `line` says which, as `make_item` takes it."""
    require_draft(quotation)
    item = make_item(quotation, settings, lists, day, **line)
    return Change(
        quotation.with_(items=(*quotation.items, item)),
        f"add {in_words(item)} at {item.unit_price:,f} {quotation.currency}",
        "item-added",
    )


def set_item(
    quotation: Quotation,
    settings: Settings,
    lists: Sequence[PriceList],
    day: date,
    which: str,
    **line: Unpack[ChangedLine],
) -> Change:
    """Change a line of a draft: by its number from 1, its product, or words of its description."""
    require_draft(quotation)
    changed, summary = with_line(quotation, which, line)
    notes = () if line.get("price") is not None else price_notes(quotation, changed, settings, lists, day)
    return Change(changed, summary, "changed", notes=notes)


def remove(quotation: Quotation, which: str) -> Change:
    """Take a line off a draft: by its number from 1, its product, or words of its description."""
    require_draft(quotation)
    place = find_item(quotation.items, which, quotation.id)
    left = quotation.items[:place] + quotation.items[place + 1 :]
    return Change(quotation.with_(items=left), f"remove {in_words(quotation.items[place])}", "item-removed")
