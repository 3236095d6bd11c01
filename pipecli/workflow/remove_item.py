"""`opportunity item remove`: one line less on a deal."""

from __future__ import annotations

from pipecli.records.opportunity import Opportunity
from pipecli.workflow.add_item import amount_notes
from pipecli.workflow.change import Change
from pipecli.workflow.closed_opportunity import refuse_closed
from pipecli.workflow.find_item import find_item, in_words


def remove_item(deal: Opportunity, which: str) -> Change:
    """Take a line off an open deal: by its number from 1, its product, or words of its description."""
    refuse_closed(deal)
    place = find_item(deal.items, which, deal.id)
    shrunk = deal.with_(items=deal.items[:place] + deal.items[place + 1 :])
    return Change(shrunk, f"remove {in_words(deal.items[place])}", "item-removed", notes=amount_notes(shrunk))
