"""Who else is after a deal: how a competitor is called, and `opportunity competitor add` and `remove`."""

from __future__ import annotations

from collections.abc import Mapping

from pipecli.records.opportunity import Opportunity
from pipecli.workflow.change import Change, Refused


def known_as(name: str, competitors: Mapping[str, str], deal: Opportunity) -> str:
    """What a deal calls a competitor: by its slug where it has a file, else as the deal spells it already.

    `competitors` are the names of those with a file, by slug. One spelling each, as reports count by it.
    """
    folded = name.casefold()
    for slug, label in competitors.items():
        if folded in (slug.casefold(), label.casefold()):
            return slug
    return next((each for each in deal.competitors if each.casefold() == folded), name)


def add_competitor(deal: Opportunity, name: str, competitors: Mapping[str, str]) -> Change:
    """Note a competitor; the same name in other letters is the same one."""
    competitor = known_as(name, competitors, deal)
    known = deal.competitors if competitor in deal.competitors else (*deal.competitors, competitor)
    return Change(deal.with_(competitors=known), f"competitor {competitor}", "competitor-added")


def remove_competitor(deal: Opportunity, name: str, competitors: Mapping[str, str]) -> Change:
    """Strike a competitor out."""
    gone = {name.casefold(), known_as(name, competitors, deal).casefold()}
    left = tuple(each for each in deal.competitors if each.casefold() not in gone)
    if len(left) == len(deal.competitors):
        known = ", ".join(deal.competitors) or "nobody"
        raise Refused(f"{name} is no competitor of {deal.id}", hint=f"its competitors: {known}")
    return Change(deal.with_(competitors=left), f"remove competitor {name}", "competitor-removed")
