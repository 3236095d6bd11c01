"""`opportunity add`: a new deal, at the first stage of its process."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pipecli.records.activity import NextContact
from pipecli.records.base import Record
from pipecli.records.opportunity import Opportunity
from pipecli.workflow import Change, Refused
from pipecli.workflow.opportunity.advance import named_process, named_stage
from pipecli.workflow.opportunity.set import require_source, require_type

if TYPE_CHECKING:
    from pipecli.records.customer import Customer
    from pipecli.records.lead import Lead
    from pipecli.records.settings import Settings


def new_deal(
    settings: Settings,
    *,
    id: str,
    now: datetime,
    title: str,
    process: str,
    type: str | None = None,
    lead: Lead | None = None,
    customer: Customer | None = None,
    owner: str | None = None,
    currency: str | None = None,
    **fields: object,
) -> Opportunity:
    """A new deal, with what its lead and the settings know where the caller gives nothing.

    Where the process follows from the deal itself, open it in any process, ask
    `store.choose_by_condition`, and move it there with `in_process`. A price list's currency is the
    caller's to give. `fields` are any other of the record. The store validates the record when it is written.
    """
    process = named_process(settings, process)
    kind = require_type(settings, type or settings.opportunity_types[0])
    inherited = lead.fields("source", "campaign", "score") if lead else {}
    given = {name: value for name, value in fields.items() if value is not None}
    deal = Opportunity.model_construct(
        id=id,
        created=now,
        title=title,
        type=kind,
        lead=lead.id if lead else None,
        customer=customer.id if customer else None,
        process=process,
        stage=settings.processes[process].stages[0].id,
        owner=owner,
        currency=currency or settings.currency,
        **(inherited | given),
    )
    days = settings.follow_up.default_days
    if deal.next_contact or days is None:
        return deal
    plan = NextContact.model_construct(date=now.date() + timedelta(days=days), by=owner)
    return deal.with_(next_contact=plan)


def in_process(deal: Opportunity, settings: Settings, process: str, stage: str | None = None) -> Opportunity:
    """A new deal in another process, at its first stage or at `stage`."""
    slug = named_process(settings, process)
    known = settings.processes[slug]
    fault = f"{stage} isn't a stage of the process {slug}"
    there = known.stages[0].id if stage is None else named_stage(known, stage, fault)
    return deal.with_(process=slug, stage=there)


def record_new_deal(
    deal: Opportunity,
    settings: Settings,
    *,
    lead: Lead | None,
    written: Sequence[Record] = (),
    notes: Sequence[str] = (),
) -> Change:
    """The step that records a new deal; a converted `lead` gains it. `written` are its new parties."""
    require_type(settings, deal.type)
    if lead is None or deal.source != lead.source:
        require_source(settings, deal.source)
    if lead is not None and lead.status == "disqualified":
        raise Refused(f"{lead.id} is disqualified", hint=f"reopen it first: pipecli lead reopen {lead.id}")
    also = list(written)
    if lead is not None and lead.converted:
        opportunities = (*lead.converted.opportunities, deal.id)
        also.append(lead.with_(converted=lead.converted.with_(opportunities=opportunities)))
    return Change(deal, f"add {deal.title}", "added", also=tuple(also), notes=tuple(notes))
