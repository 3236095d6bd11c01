"""`quotation item add` and `remove`: the lines of a draft; its deal keeps its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Unpack

from pipecli.records.catalogue import PriceList
from pipecli.records.quotation import Quotation
from pipecli.records.settings import Settings
from pipecli.workflow.change import Change
from pipecli.workflow.change_quotation import require_draft
from pipecli.workflow.find_item import find_item, in_words
from pipecli.workflow.make_item import NewLine, make_item


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


def remove(quotation: Quotation, which: str) -> Change:
    """Take a line off a draft: by its number from 1, its product, or words of its description."""
    require_draft(quotation)
    place = find_item(quotation.items, which, quotation.id)
    left = quotation.items[:place] + quotation.items[place + 1 :]
    return Change(quotation.with_(items=left), f"remove {in_words(quotation.items[place])}", "item-removed")
