"""`opportunity competitor add` and `remove`: who else is after a deal."""

from __future__ import annotations

from pipecli.records.opportunity import Opportunity
from pipecli.workflow.change import Change, Refused


def add_competitor(deal: Opportunity, name: str) -> Change:
    """Note a competitor; the same name in other letters is the same one."""
    known = any(each.casefold() == name.casefold() for each in deal.competitors)
    competitors = deal.competitors if known else (*deal.competitors, name)
    return Change(deal.with_(competitors=competitors), f"competitor {name}", "competitor-added")


def remove_competitor(deal: Opportunity, name: str) -> Change:
    """Strike a competitor out."""
    left = tuple(each for each in deal.competitors if each.casefold() != name.casefold())
    if len(left) == len(deal.competitors):
        known = ", ".join(deal.competitors) or "nobody"
        raise Refused(f"{name} is no competitor of {deal.id}", hint=f"its competitors: {known}")
    return Change(deal.with_(competitors=left), f"remove competitor {name}", "competitor-removed")
