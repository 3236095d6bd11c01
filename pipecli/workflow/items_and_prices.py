"""Lines of a deal or quotation: the one that a person means, added, changed, priced again, removed.

The unit price is that of the price list valid that day, in the tier of the quantity. That the deal is open,
or the quotation a draft, is asked before a line is touched: `require_open`, `require_changeable` of each.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from shlex import quote
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict, Unpack

from pipecli.records.compare_names import folded
from pipecli.records.items_and_totals import Item, LineKind, Per, totals
from pipecli.records.opportunity import Opportunity
from pipecli.wording import count
from pipecli.workflow import Change, Refused
from pipecli.workflow.opportunity.advance import require_open

if TYPE_CHECKING:
    from pipecli.records.catalogue import PriceList, Product
    from pipecli.records.papers import Quotation, SupplierItem
    from pipecli.workflow import Terms

Line: TypeAlias = "Item | SupplierItem"


def find_item(items: Sequence[Line], which: str, owner: str) -> int:
    """The place of a line, from 0. Refused when it is none or several; `owner` is whose lines they are."""
    wanted = which.strip()
    if wanted.isdecimal() and 1 <= int(wanted) <= len(items):
        return int(wanted) - 1
    matching = matching_lines(items, wanted)
    if len(matching) == 1:
        return matching[0]
    if matching:
        lines = ", ".join(f"{place + 1} ({in_words(items[place])})" for place in matching)
        raise Refused(f"{owner} has {len(matching)} items {wanted}: {lines}", hint="name one by its number")
    known = ", ".join(f"{number} ({in_words(item)})" for number, item in enumerate(items, 1))
    raise Refused(f"{owner} has no item {wanted}", hint=f"it has {known or 'none'}")


def matching_lines(items: Sequence[Line], name: str) -> list[int]:
    """Every line of a product, else every line that is so described in full, else by some of these words.

    A number alone isn't a word: the 0 of no line would be a part of "Café S-100".
    """
    words = folded(name.strip())
    descriptions = [folded(item.description) for item in items]
    return (
        [place for place, item in enumerate(items) if item.product == words]
        or [
            place
            for place, description in enumerate(descriptions)
            if words in (description, folded(in_words(items[place])))
        ]
        or [
            place
            for place, description in enumerate(descriptions)
            if words and not words.isdecimal() and words in description
        ]
    )


def in_words(item: Line) -> str:
    """`2 × Café S-100`."""
    return f"{item.quantity:f} × {item.description}"


Priced: TypeAlias = "Opportunity | Quotation"
"""Records with a currency, items, and perhaps a price list; below either is called the deal."""


def unit_price(deal: Priced, terms: Terms, sku: str, quantity: Decimal, day: date) -> Decimal:
    """The price of one, in the deal's currency. Refused, naming the way out, where no list has it."""
    price_list = price_list_of(deal, terms, day)
    price = price_list.price(sku, quantity)
    if price is None:
        tiers = price_list.prices.get(sku)
        begin = f": its prices begin at {tiers[0].from_:f}" if isinstance(tiers, tuple) else ""
        what = f"{quantity:f} of {sku}{begin}" if begin else sku
        raise Refused(
            f"{price_list.id} has no price for {what}",
            hint=f"{_BY_HAND}, or add it to the list: "
            f"pipecli price-list set {price_list.id} {quote(f'prices.{sku}')}=…",
        )
    return price


def price_list_of(deal: Priced, terms: Terms, day: date) -> PriceList:
    """The list a deal is priced from on a day: its own, else the settings', else the only valid one.

    The last two only where they are in the deal's currency.
    """
    by_id = {list_.id: list_ for list_ in terms.price_lists}
    if deal.price_list is not None:
        own = by_id.get(deal.price_list)
        if own is None:
            raise Refused(f"{deal.id}: unknown price list {deal.price_list}", hint=_name_one(deal))
        require_fitting_prices(own, deal)
        return _valid(own, deal, day)
    default = by_id.get(terms.settings.price_list or "")
    if default is not None and default.currency == deal.currency:
        return _valid(default, deal, day)
    return _only_valid(deal, terms.price_lists, day)


def require_fitting_prices(price_list: PriceList, deal: Priced) -> None:
    """Refuse a list whose prices are not in the deal's currency, or not as its lines' with or without tax."""
    if deal.items and bool(price_list.tax_included) != bool(deal.tax_included):
        words = ("with", "without") if price_list.tax_included else ("without", "with")
        raise Refused(
            f"the prices of {price_list.id} are {words[0]} tax, those of {deal.id} {words[1]} it",
            hint="choose another list, or give the price with --price",
        )
    if price_list.currency != deal.currency:
        raise Refused(
            f"the price list {price_list.id} is in {price_list.currency}, {deal.id} in {deal.currency}",
            hint=f"choose a list in {deal.currency}, or change the currency with it",
        )


def _valid(price_list: PriceList, deal: Priced, day: date) -> PriceList:
    if price_list.is_valid(day):
        return price_list
    bounds = {"from": price_list.valid_from, "until": price_list.valid_until}
    words = " ".join(f"{word} {bound}" for word, bound in bounds.items() if bound)
    raise Refused(f"the price list {price_list.id} is valid {words}, not on {day}", hint=_name_one(deal))


def _only_valid(deal: Priced, lists: Sequence[PriceList], day: date) -> PriceList:
    valid = [list_ for list_ in lists if list_.currency == deal.currency and list_.is_valid(day)]
    if len(valid) == 1:
        return valid[0]
    if not valid:
        raise Refused(
            f"no price list in {deal.currency} is valid on {day}",
            hint=f"{_BY_HAND}, or make one: pipecli price-list add",
        )
    names = ", ".join(list_.id for list_ in valid)
    raise Refused(f"{len(valid)} price lists in {deal.currency} are valid: {names}", hint=_name_one(deal))


_BY_HAND = "give the price with --price"


def _name_one(deal: Priced) -> str:
    return f"name a list, pipecli {deal.noun} set {deal.id} price_list=…, or give the price with --price"


class ChangedLine(TypedDict, total=False):
    """The fields of a line that a person gives anew; None and absent are the same."""

    quantity: Decimal | None
    price: Decimal | None
    discount: Decimal | None
    discount_amount: Decimal | None
    tax: Decimal | None
    description: str | None
    uom: str | None


class NewLine(ChangedLine, total=False):
    """The fields of a new line that a person gives."""

    product: Product | None
    per: Per | None
    term: int | None
    kind: LineKind | None
    optional: bool | None
    alternative_to: str | None


def make_item(owner: Priced, terms: Terms, day: date, **line: Unpack[NewLine]) -> Item:
    """A line for `owner`. Description, unit and tax are the product's unless they are given.

    The price is that of the list valid on `day` unless one is given; without a product both the description
    and the price must be given.
    """
    product, price = line.get("product"), line.get("price")
    description, uom, tax = line.get("description"), line.get("uom"), line.get("tax")
    quantity = line.get("quantity") or Decimal(1)
    if product is not None:
        if not product.active:
            raise Refused(
                f"{product.sku} is not sold any more",
                hint=f"choose another, or pipecli product set {quote(product.sku)} active=yes",
            )
        if price is None:
            price = unit_price(owner, terms, product.sku, quantity, day)
        description = description or product.name
        uom = uom or product.uom
        tax = product.tax if tax is None else tax
    if (line.get("per") is None) != (line.get("term") is None):
        raise Refused("a recurring price needs a term", hint="give --per month --term 24")
    if description is None or price is None:
        raise Refused(
            "an item needs a product, or a description and a price",
            hint='give --product SKU, or --description "…" --price P',
        )
    given: dict[str, Any] = {name: value for name, value in line.items() if name not in ("product", "price")}
    given |= {"description": description, "quantity": quantity, "uom": uom, "tax": tax}
    return Item(product=product.sku if product else None, unit_price=price, **given)


def with_new_line(owner: Priced, terms: Terms, day: date, line: NewLine) -> Priced:
    """The record with one line more. With the first, its list's word on tax is taken."""
    item = make_item(owner, terms, day, **line)
    if item.alternative_to and not any(item.replaces(other) for other in owner.items):
        known = ", ".join(other.product or other.description for other in owner.items)
        raise Refused(
            f"{owner.id} has no item {item.alternative_to} to be an alternative to",
            hint=f"it has {known or 'none'}",
        )
    with_tax = owner.tax_included
    if not owner.items and (line.get("price") is None or owner.price_list):
        with_tax = price_list_of(owner, terms, day).tax_included
    return owner.with_(items=(*owner.items, item), tax_included=with_tax)


def add_item(owner: Priced, terms: Terms, day: date, **line: Unpack[NewLine]) -> Change:
    """Add a line to an open deal or a draft; `line` says which, as `make_item` takes it."""
    grown = with_new_line(owner, terms, day, line)
    item = grown.items[-1]
    return Change(
        grown,
        f"add {in_words(item)} at {item.unit_price:,f} {owner.currency}",
        "item-added",
        notes=amount_notes(grown),
    )


def amount_notes(deal: Priced) -> tuple[str, ...]:
    """The note for a person when the items change under an amount that was set by hand."""
    if not isinstance(deal, Opportunity) or deal.amount is None or not deal.items:
        return ()
    net = totals(deal).net
    if net == deal.amount:
        return ()
    return (
        f"the amount stays {deal.amount:,f} {deal.currency} as set by hand; the items come to {net:,f}: "
        f"pipecli opp set {deal.id} amount= takes theirs",
    )


def remove_item(owner: Priced, which: str) -> Change:
    """Take a line off an open deal or a draft, by its number from 1, its product, or words of it."""
    place: int = find_item(owner.items, which, owner.id)
    shrunk = owner.with_(items=owner.items[:place] + owner.items[place + 1 :])
    return Change(
        shrunk, f"remove {in_words(owner.items[place])}", "item-removed", notes=amount_notes(shrunk)
    )


def with_line(owner: Priced, which: str, line: ChangedLine) -> tuple[Priced, str]:
    """The record with other fields on a line, and the words for it.

    A discount of 0 is none; one in percent and one in money take each other's place.

    The price stays where it isn't given: `price_notes` says what the list would give.
    """
    place: int = find_item(owner.items, which, owner.id)
    names = {"price": "unit_price"}
    given = {names.get(name, name): value for name, value in line.items() if value is not None}
    if not given:
        raise Refused(
            f"{owner.id}: nothing is given for the item {which}",
            hint="give --quantity, --price, --discount, --discount-amount, --tax, --description or --uom",
        )
    fields: dict[str, object] = dict(given)
    discounts = ("discount", "discount_amount")
    if any(name in given for name in discounts):
        fields |= {name: given.get(name) or None for name in discounts}
    item = owner.items[place].with_(**fields)
    changed = owner.with_(items=(*owner.items[:place], item, *owner.items[place + 1 :]))
    return changed, f"set {', '.join(given)} of item {place + 1}, {item.description}"


def set_item(owner: Priced, terms: Terms, day: date, which: str, **line: Unpack[ChangedLine]) -> Change:
    """Change a line of an open deal or a draft, by its number from 1, its product, or words of it."""
    changed, summary = with_line(owner, which, line)
    notes = () if line.get("price") is not None else price_notes(owner, changed, terms, day)
    return Change(changed, summary, "changed", notes=(*notes, *amount_notes(changed)))


def price_notes(before: Priced, after: Priced, terms: Terms, day: date) -> tuple[str, ...]:
    """The price that the list has for each new quantity: a line keeps its own until somebody changes it."""
    changed = [
        (number, new)
        for number, (old, new) in enumerate(zip(before.items, after.items, strict=False), 1)
        if old.product == new.product and old.quantity != new.quantity and old.unit_price == new.unit_price
    ]
    if not changed:
        return ()
    try:
        price_list = price_list_of(after, terms, day)
    except Refused:
        return ()  # no list to compare with
    return tuple(
        f"{price_list.id} gives {new.product} for {price:,f} at {new.quantity:f}, the line keeps "
        f"{new.unit_price:,f}: pipecli {_ALIAS[after.noun]} item set {after.id} {number} --price {price:f} "
        "takes it"
        for number, new in changed
        if new.product
        and (price := price_list.price(new.product, new.quantity)) not in (None, new.unit_price)
    )


_ALIAS = {"opportunity": "opp", "quotation": "quote"}


def reprice(deal: Opportunity, terms: Terms, day: date, which: Sequence[str] = ()) -> Change:
    """Give the lines of an open deal, or those named, the prices that its list has today.

    The notes say each price that changes, and each line of a product that the list doesn't price.
    """
    require_open(deal)
    chosen = {find_item(deal.items, word, deal.id) for word in which} or set(range(len(deal.items)))
    price_list = price_list_of(deal, terms, day)
    items, notes = list(deal.items), list[str]()
    for place in sorted(chosen):
        item = items[place]
        price = price_list.price(item.product or "", item.quantity)
        line = f"{place + 1}, {in_words(item)}: "
        if price is None and item.product:
            notes.append(f"{line}stays at {item.unit_price:,f}, {price_list.id} has no price for it")
        elif price is not None and price != item.unit_price:
            notes.append(f"{line}{item.unit_price:,f} → {price:,f} {deal.currency}")
            items[place] = item.with_(unit_price=price)
    repriced = deal.with_(items=tuple(items))
    changed = sum(new != old for new, old in zip(items, deal.items, strict=True))
    if not changed:
        notes.append(f"no item has another price in {price_list.id} on {day}")
    return Change(
        repriced,
        f"reprice {count(changed, 'item')} from {price_list.id} of {day}",
        "changed",
        notes=(*notes, *amount_notes(repriced)),
    )
