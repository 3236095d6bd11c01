"""`opportunity item add`: one line more on a deal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Unpack

from pipecli.records.catalogue import PriceList
from pipecli.records.item import total
from pipecli.records.opportunity import Opportunity
from pipecli.records.settings import Settings
from pipecli.workflow.change import Change
from pipecli.workflow.closed_opportunity import refuse_closed
from pipecli.workflow.find_item import in_words
from pipecli.workflow.make_item import NewLine, make_item


def add_item(
    deal: Opportunity, settings: Settings, lists: Sequence[PriceList], day: date, **line: Unpack[NewLine]
) -> Change:
    """Add a line to an open deal; `line` says which, as `make_item` takes it."""
    refuse_closed(deal)
    item = make_item(deal, settings, lists, day, **line)
    grown = deal.with_(items=(*deal.items, item))
    return Change(
        grown,
        f"add {in_words(item)} at {item.unit_price:,f} {deal.currency}",
        "item-added",
        notes=amount_notes(grown),
    )


def amount_notes(deal: Opportunity) -> tuple[str, ...]:
    """What a person should know when the items change under an amount that was set by hand."""
    if deal.amount is None:
        return ()
    items = f"{total(deal.items, deal.currency):,f}"
    return (
        f"the amount stays {deal.amount:,f} {deal.currency} as set by hand; the items come to {items}: "
        f"pipecli opp set {deal.id} amount= takes theirs",
    )
