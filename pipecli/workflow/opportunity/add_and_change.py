"""New deals, and changes that leave a deal at its stage.

`opportunity add`, `set`, `hold`, `sellers`, `contact`, `competitor`. Only another process takes a deal to
another stage. Of its contacts one is primary.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from pipecli.records.activity import NextContact
from pipecli.records.opportunity import Hold, Opportunity, Seller, Stakeholder
from pipecli.workflow import Change, Refused, listed_word
from pipecli.workflow.items_and_prices import price_notes, require_fitting_prices
from pipecli.workflow.opportunity.advance import enter_stage, named_process, named_stage, require_open

if TYPE_CHECKING:
    from pipecli.records.base import Record
    from pipecli.records.customer import Contact, Customer
    from pipecli.records.lead import Lead
    from pipecli.records.settings import Settings
    from pipecli.workflow import Terms


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


def hold_deal(deal: Opportunity, *, until: date, today: date, reason: str | None = None) -> Change:
    """Let an open deal wait until a day to come: it is then told of in the follow-ups."""
    require_open(deal)
    if until <= today:
        raise Refused(f"{until} is in the past, or today", hint="name a future day: --until +30d")
    was = f"on hold until {until}" if deal.hold is None else f"hold {deal.hold.until} → {until}"
    waiting = deal.with_(hold=Hold(until=until, reason=reason or (deal.hold and deal.hold.reason)))
    return Change(waiting, f"{was}{f': {reason}' if reason else ''}", "held")


def resume_deal(deal: Opportunity) -> Change:
    """Resume a deal that waits, or whose day has come."""
    if deal.hold is None:
        raise Refused(
            f"{deal.id} isn't on hold", hint=f"put it on hold: pipecli opp hold {deal.id} --until DATE"
        )
    return Change(deal.with_(hold=None), f"resume, was on hold until {deal.hold.until}", "resumed")


_VALUE_FIELDS = ("amount", "currency", "items")
"""The fields that reports on closed deals add up."""


def leave_to_verbs(deal: Opportunity, fields: Collection[str]) -> None:
    """Refuse to set what a verb of its own changes together with other things; `fields` are to be set."""
    if "status" in fields or "closed" in fields:
        verbs = "won or lost" if deal.is_open else "reopen"
        raise Refused(
            f"{deal.id}: status and closed aren't set by hand: quotations and orders go with them",
            hint=f"use pipecli opp {verbs}",
        )
    if "stage" in fields and "process" not in fields:
        raise Refused(
            f"{deal.id}: a stage isn't set by hand: its steps and required fields count",
            hint=f"use pipecli opp advance {deal.id} --to STAGE",
        )


def split_credit(deal: Opportunity, percents: Mapping[str, Decimal]) -> Change:
    """Split a deal among users, each with a percent, together 100; among none: its owner alone."""
    words = ", ".join(f"{user} {percent:f} %" for user, percent in percents.items()) or "the owner alone"
    if percents and sum(percents.values()) != 100:
        raise Refused(
            f"{words} come to {sum(percents.values()):f} %, not to 100",
            hint="give everybody who sells it, the owner too",
        )
    sellers = tuple(Seller(user=user, percent=percent) for user, percent in percents.items())
    return Change(deal.with_(sellers=sellers), f"sold by {words}", "sellers-changed")


def set_deal_fields(
    before: Opportunity,
    after: Opportunity,
    terms: Terms,
    day: date,
    summary: str,
) -> Change:
    """`before` as it was set to `after`, which `leave_to_verbs` let through.

    A new price or currency is never taken over silently: what the person should know is in the notes.
    """
    dropped: tuple[str, ...] = ()
    if before.process != after.process:
        after, dropped = _change_process(before, after, terms.settings)
    elif before.stage != after.stage:
        leave_to_verbs(before, ["stage"])
    if before.type != after.type:
        require_type(terms.settings, after.type)
    if before.source != after.source:
        require_source(terms.settings, after.source)
    if any(getattr(before, field) != getattr(after, field) for field in _VALUE_FIELDS):
        require_open(before)
    if before.contacts != after.contacts:
        _one_primary(after)
    if (before.price_list, before.currency) != (after.price_list, after.currency):
        for own in terms.price_lists:
            if own.id == after.price_list:
                require_fitting_prices(own, after)
    notes = (*dropped, *(price_notes(before, after, terms, day) if before.items != after.items else ()))
    if before.currency != after.currency:
        was, now = before.currency, after.currency
        if after.items:
            notes = (*notes, f"the items keep their figures, which were {was} and are {now} now")
        if after.amount is not None and after.amount == before.amount:
            notes = (*notes, f"the amount keeps its figure, which was {was} and is {now} now")
    event = "stage-changed" if before.stage != after.stage else "changed"
    return Change(after, summary, "assigned" if before.owner != after.owner else event, notes=notes)


def _change_process(
    before: Opportunity, after: Opportunity, settings: Settings
) -> tuple[Opportunity, tuple[str, ...]]:
    """The deal in another process, at the stage given, else at the one of the same name; and notes."""
    require_open(before)
    stages = settings.processes[named_process(settings, after.process)].stages
    stage = next((stage for stage in stages if stage.id == after.stage), None)
    if stage is None:
        known = ", ".join(stage.id for stage in stages)
        again = f"pipecli opp set {after.id} process={after.process} stage=…"
        raise Refused(
            f"{after.stage} isn't a stage of the process {after.process}",
            hint=f"say where it continues, in {known}: {again}",
        )
    if after.probability != before.probability:  # set with it
        return after, ()
    moved, notes = enter_stage(before, stage)
    return after.with_(probability=moved.probability), notes


def _one_primary(deal: Opportunity) -> None:
    primary = [contact.contact for contact in deal.contacts if contact.primary]
    if len(primary) > 1:
        raise Refused(
            f"{deal.id} would have {len(primary)} primary contacts: {', '.join(primary)}",
            hint=f"pipecli opp contact add {deal.id} {primary[-1]} --primary replaces the one before",
        )


def add_stakeholder(
    deal: Opportunity, contact: Contact, *, role: str | None = None, primary: bool = False
) -> Change:
    """Put a contact on a deal, or change the part of one who is on it; a new primary one replaces the old."""
    after = with_stakeholder(deal, contact.id, role=role, primary=primary)
    theirs = next(other for other in after.contacts if other.contact == contact.id)
    part = ", ".join([*([theirs.role] if theirs.role else []), *(["primary"] if theirs.primary else [])])
    return Change(after, f"contact {contact.name}" + (f" ({part})" if part else ""), "contact-added")


def with_stakeholder(deal: Opportunity, contact: str, *, role: str | None, primary: bool) -> Opportunity:
    """The deal with a part for a contact; one who has a part keeps what is not given."""
    known = next((other for other in deal.contacts if other.contact == contact), None)
    theirs = Stakeholder.model_construct(
        contact=contact,
        role=role or (known.role if known else None),
        primary=primary or (known.primary if known else None) or None,
    )
    others = [other.with_(primary=None) if primary else other for other in deal.contacts]
    people = [theirs if other.contact == contact else other for other in others]
    return deal.with_(contacts=tuple(people if known else [*people, theirs]))


def remove_stakeholder(deal: Opportunity, contact: Contact) -> Change:
    """Take a contact off a deal."""
    left = tuple(other for other in deal.contacts if other.contact != contact.id)
    if len(left) == len(deal.contacts):
        known = ", ".join(contact.contact for contact in deal.contacts) or "nobody"
        raise Refused(f"{contact.name} ({contact.id}) is not on {deal.id}", hint=f"on it: {known}")
    return Change(deal.with_(contacts=left), f"remove contact {contact.name}", "contact-removed")


def competitor_name(name: str, competitors: Mapping[str, str], deal: Opportunity) -> str:
    """The name of a competitor on a deal: its slug where it has a file, else as the deal spells it already.

    `competitors` are the names of those with a file, by slug. One spelling each, as reports count by it.
    """
    folded = name.casefold()
    for slug, label in competitors.items():
        if folded in (slug.casefold(), label.casefold()):
            return slug
    return next((competitor for competitor in deal.competitors if competitor.casefold() == folded), name)


def add_competitor(deal: Opportunity, name: str, competitors: Mapping[str, str]) -> Change:
    """Note a competitor; the same name in other letters is the same one."""
    competitor = competitor_name(name, competitors, deal)
    known = deal.competitors if competitor in deal.competitors else (*deal.competitors, competitor)
    word = competitor.casefold()
    near = next((slug for slug, label in competitors.items() if word in label.casefold().split()), "")
    notes = (f"{competitor} has no file; did you mean {near}?",) if near and word != near else ()
    return Change(deal.with_(competitors=known), f"competitor {competitor}", "competitor-added", notes=notes)


def remove_competitor(deal: Opportunity, name: str, competitors: Mapping[str, str]) -> Change:
    """Strike a competitor out."""
    gone = {name.casefold(), competitor_name(name, competitors, deal).casefold()}
    left = tuple(competitor for competitor in deal.competitors if competitor.casefold() not in gone)
    if len(left) == len(deal.competitors):
        known = ", ".join(deal.competitors) or "nobody"
        raise Refused(f"{name} isn't a competitor of {deal.id}", hint=f"its competitors: {known}")
    return Change(deal.with_(competitors=left), f"remove competitor {name}", "competitor-removed")


def require_type(settings: Settings, type_: str, *, is_whole: bool = False) -> str:
    """The type of opportunity that is meant. Refused where the settings don't list it."""
    known = settings.opportunity_types
    return listed_word(type_, known, "type of opportunity", "opportunity_types", is_whole=is_whole)


def require_source(settings: Settings, source: str | None, *, is_whole: bool = False) -> str | None:
    """The source that is meant. Refused where the settings list others; where they list none any will do."""
    if source is None or not settings.sources:
        return source
    return listed_word(source, settings.sources, "known source", "sources", is_whole=is_whole)


def require_listed_lost_reason(settings: Settings, reason: str, *, is_whole: bool = False) -> str:
    """The reason for losing that is meant. Refused where the settings don't list it."""
    known = settings.lost_reasons
    return listed_word(reason, known, "reason for losing", "lost_reasons", is_whole=is_whole)
