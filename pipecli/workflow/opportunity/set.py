"""`opportunity set`: any field, but none past the rule of a verb that has one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date

from pipecli.records.catalogue import PriceList
from pipecli.records.opportunity import Opportunity
from pipecli.records.settings import Settings
from pipecli.workflow.change import Change, Refused, require_open, require_source, require_type
from pipecli.workflow.items import price_notes, require_currency
from pipecli.workflow.opportunity.advance import change_process

_VALUE_FIELDS = ("amount", "currency", "items")
"""The fields that reports on closed deals add up."""


def leave_to_verbs(deal: Opportunity, fields: Collection[str]) -> None:
    """Refuse to set what a verb of its own changes together with other things; `fields` are to be set."""
    if "status" in fields or "closed" in fields:
        verbs = "won or lost" if deal.is_open else "reopen"
        raise Refused(
            f"{deal.id}: status and closed are not set by hand, quotations and orders go with them",
            hint=f"use pipecli opp {verbs}",
        )
    if "stage" in fields and "process" not in fields:
        raise Refused(
            f"{deal.id}: a stage is not set by hand, its steps and required fields are asked for",
            hint=f"use pipecli opp advance {deal.id} --to STAGE",
        )


def set_fields(
    before: Opportunity,
    after: Opportunity,
    settings: Settings,
    lists: Sequence[PriceList],
    day: date,
    summary: str,
) -> Change:
    """`before` as it was set to `after`, which `leave_to_verbs` let through.

    A new price or currency is never taken over silently: what the person should know is in the notes.
    """
    if before.process != after.process:
        after = _in_process(before, after, settings)
    elif before.stage != after.stage:
        leave_to_verbs(before, ["stage"])
    if before.type != after.type:
        require_type(settings, after.type)
    if before.source != after.source:
        require_source(settings, after.source)
    if any(getattr(before, field) != getattr(after, field) for field in _VALUE_FIELDS):
        require_open(before)
    if before.contacts != after.contacts:
        _one_primary(after)
    _price_list_in_currency(before, after, lists)
    notes = (*price_notes(before, after, settings, lists, day), *_currency_notes(before, after))
    return Change(after, summary, _event(before, after), notes=notes)


def _in_process(before: Opportunity, after: Opportunity, settings: Settings) -> Opportunity:
    stage = after.stage if after.stage != before.stage else None
    moved = change_process(before, settings, after.process, stage)
    is_by_hand = after.probability != before.probability
    return after.with_(stage=moved.stage, probability=after.probability if is_by_hand else moved.probability)


def _event(before: Opportunity, after: Opportunity) -> str:
    if before.owner != after.owner:
        return "assigned"
    return "stage-changed" if before.stage != after.stage else "changed"


def _one_primary(deal: Opportunity) -> None:
    primary = [contact.contact for contact in deal.contacts if contact.primary]
    if len(primary) > 1:
        raise Refused(
            f"{deal.id} would have {len(primary)} primary contacts: {', '.join(primary)}",
            hint=f"pipecli opp contact add {deal.id} {primary[-1]} --primary replaces the one before",
        )


def _price_list_in_currency(before: Opportunity, after: Opportunity, lists: Sequence[PriceList]) -> None:
    if (before.price_list, before.currency) != (after.price_list, after.currency):
        own = next((list_ for list_ in lists if list_.id == after.price_list), None)
        if own is not None:
            require_currency(own, after)


def _currency_notes(before: Opportunity, after: Opportunity) -> list[str]:
    if before.currency == after.currency or not after.items:
        return []
    return [f"the items keep their figures, which were {before.currency} and are {after.currency} now"]
