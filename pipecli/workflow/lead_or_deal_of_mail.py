"""The opportunity or lead that a mail, sent or received, is about; the activity or new lead that it becomes.

The thread it answers tells first; then the people. What could be several deals is said, never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

from pipecli.records.activity import Activity, ActivityType, Direction
from pipecli.records.emails_and_phones import email_domain, is_below
from pipecli.records.kinds import CROCKFORD, ID_LENGTH
from pipecli.records.lead import Lead
from pipecli.records.opportunity import Opportunity
from pipecli.records.settings import Settings
from pipecli.workflow import Change
from pipecli.workflow.activity_followup_and_attachment import plan_next_contact
from pipecli.workflow.lead import add_lead, contacted

_EARLIEST = timedelta(days=90)
"""The most that a mail may be older than its deal: what came long before was about something else."""


class LeadOrDeal(NamedTuple):
    """An opportunity or a lead, and the days on which a mail may belong there."""

    noun: str
    key: str
    since: datetime
    """When it began: that of a deal on a lead, with the lead."""
    is_open: bool = True
    until: datetime | None = None
    """The day it was closed, at its beginning."""


class KnownPerson(NamedTuple):
    """A contact or, without a `contact`, a customer who has an address of their own."""

    name: str
    contact: str | None
    customer: str | None


class Facts(NamedTuple):
    """The headers of a mail that tell where it belongs; addresses as `email_key` has them."""

    sender: Sequence[str]
    to: Sequence[str]
    copied: Sequence[str]
    references: Sequence[str]
    at: datetime


@dataclass
class Known:
    """The people and records that a pipeline knows; people and leads by address."""

    ours: dict[str, str | None] = field(default_factory=dict)
    """Our own addresses, with the user where it is one's own."""
    our_domains: frozenset[str] = frozenset()
    """All mail from these and those below them is ours: the settings say so."""
    likely_our_domains: frozenset[str] = frozenset()
    """Where the settings name none: ours, but for the people whom we know as somebody else's."""
    people: Mapping[str, Sequence[KnownPerson]] = field(default_factory=dict)
    suppliers: Mapping[str, str] = field(default_factory=dict)
    leads: dict[str, list[LeadOrDeal]] = field(default_factory=dict)
    """Those at work, else those given up. A converted one's deals are among `deals_of_lead`."""
    deals_of_contact: Mapping[str, Sequence[LeadOrDeal]] = field(default_factory=dict)
    deals_of_customer: Mapping[str, Sequence[LeadOrDeal]] = field(default_factory=dict)
    deals_of_lead: Mapping[str, Sequence[LeadOrDeal]] = field(default_factory=dict)
    """By the lead's address."""
    threads: dict[str, list[LeadOrDeal]] = field(default_factory=dict)
    """By Message-ID, the records that have the mail."""

    def is_ours(self, address: str) -> bool:
        if address in self.ours or is_below(address, self.our_domains):
            return True
        if self.our_domains or address in self.people or address in self.suppliers:
            return False
        return is_below(address, self.likely_our_domains)


class Placed(NamedTuple):
    """Where a mail belongs. `on` is None where that can't be told; `why` says why."""

    direction: Direction
    by: str | None = None
    """Which of us wrote it, or was the first it was written to."""
    contact: str | None = None
    on: LeadOrDeal | None = None
    candidates: tuple[str, ...] = ()
    """The records it could belong to, where they are several."""
    why: str = ""
    is_stranger: bool = False
    """Somebody unknown wrote it to us."""
    is_internal: bool = False
    """Between ourselves."""


def record_of_mail(mail: Facts, known: Known) -> Placed:
    """The record that a mail is about, by its thread and its people."""
    is_ours = any(map(known.is_ours, mail.sender))
    direction = Direction.OUT if is_ours else Direction.IN
    everybody = (*mail.to, *mail.copied)
    by = next(filter(None, map(known.ours.get, mail.sender if is_ours else everybody)), None)
    outside = [[address for address in tier if not known.is_ours(address)] for tier in (mail.to, mail.copied)]
    placed = Placed(direction, by)
    if is_ours and everybody and not any(outside):
        return placed._replace(why="between ourselves", is_internal=True)
    tiers = outside if is_ours else [list(mail.sender)]
    thread = _of_thread(mail, known)
    if thread:
        people = [person for tier in tiers for address in tier for person in known.people.get(address, ())]
        return _one(placed, thread, people, known)
    supplier = next(
        (known.suppliers[address] for tier in tiers for address in tier if address in known.suppliers), ""
    )
    if not is_ours and not supplier and any(map(known.is_ours, everybody)):
        # Somebody new writes to us, with somebody we know among the others.
        tiers.append([address for tier in outside for address in tier])
    for tier in tiers:
        if _is_known(tier, known):
            return _by_people(placed, tier, known, mail.at)
    if supplier:
        return placed._replace(why=f"with the supplier {supplier}")
    who = "recipient" if is_ours else "sender"
    return placed._replace(why=f"unknown {who}", is_stranger=not is_ours)


def is_new_lead(placed: Placed, *, is_automatic: bool) -> bool:
    """True of a mail that makes a lead where that is wanted: of a stranger, not of one of ours or a
    person who is known, and not written by a program."""
    return placed.is_stranger and not is_automatic


def _is_known(addresses: Iterable[str], known: Known) -> bool:
    places = (known.people, known.leads, known.deals_of_lead)
    return any(address in place for address in addresses for place in places)


def _of_thread(mail: Facts, known: Known) -> list[LeadOrDeal]:
    """The records that have the nearest mail it answers: the open deals of them, else deals, else leads."""
    for reference in mail.references:
        if records := known.threads.get(reference):
            deals = [record for record in records if record.noun == "opportunity"]
            return [deal for deal in deals if deal.is_open] or deals or list(records)
    return []


def _by_people(placed: Placed, tier: Sequence[str], known: Known, at: datetime) -> Placed:
    people = [person for address in tier for person in known.people.get(address, ())]
    of_contacts = _records(people, lambda person: person.contact, known.deals_of_contact)
    of_customers = _records(people, lambda person: person.customer, known.deals_of_customer)
    of_leads = [deal for address in tier for deal in known.deals_of_lead.get(address, ())]
    leads = [lead for address in tier for lead in known.leads.get(address, ())]
    too_late: list[LeadOrDeal] = []
    for candidates in (of_contacts, of_customers, of_leads, leads):
        possible = [candidate for candidate in dict.fromkeys(candidates) if _was_there(candidate, at)]
        recent = [candidate for candidate in possible if candidate.since - at <= _EARLIEST]
        too_late += [candidate for candidate in possible if candidate not in recent]
        if recent:
            return _one(placed, recent, people, known)
    if too_late:
        first = too_late[0].key
        return placed._replace(
            why=f"more than {_EARLIEST.days} days older than {first}",
            contact=_contact(people, None, known),
            candidates=tuple(record.key for record in too_late),
        )
    name = people[0].name if people else tier[0]
    return placed._replace(why=f"{name} has no open deal", contact=_contact(people, None, known))


def _records(
    people: Iterable[KnownPerson],
    key: Callable[[KnownPerson], str | None],
    records: Mapping[str, Sequence[LeadOrDeal]],
) -> list[LeadOrDeal]:
    return [record for person in people for record in records.get(key(person) or "", ())]


def _was_there(record: LeadOrDeal, at: datetime) -> bool:
    """True for a record that a mail of then can be about: it is open, or it was at the time."""
    return record.is_open or (record.until is not None and record.since <= at < record.until)


def _one(
    placed: Placed, records: Sequence[LeadOrDeal], people: Sequence[KnownPerson], known: Known
) -> Placed:
    if len(records) == 1:
        return placed._replace(on=records[0], contact=_contact(people, records[0], known))
    keys = tuple(record.key for record in records)
    what = "deals" if records[0].noun == "opportunity" else "leads"
    return placed._replace(candidates=keys, contact=_contact(people, None, known), why=f"{len(keys)} {what}")


def _contact(people: Sequence[KnownPerson], on: LeadOrDeal | None, known: Known) -> str | None:
    """The contact it was with: one who has a part in the deal, else the first."""
    contacts = [person.contact for person in people if person.contact]
    on_it = [contact for contact in contacts if on in known.deals_of_contact.get(contact, ())]
    return next(iter((*on_it, *contacts)), None)


_EMAIL_SOURCES = ("email", "mail")
_SECOND_LEVEL = frozenset("co com org net edu ac gov gob".split())


def id_of_mail(text: str, is_taken: Callable[[str], bool]) -> str:
    """An id that follows from a mail's Message-ID: two clones that read one mailbox give the same."""
    number = 0
    while True:
        digest = sha256(f"{text} {number}".encode()).digest()
        id = "".join([CROCKFORD[byte % 32] for byte in digest[:ID_LENGTH]])
        if not is_taken(id) and set(id) - set("0123456789E"):  # 12345 and 1E100 are numbers to YAML
            return id
        number += 1


def activity_of(
    id: str,
    *,
    at: datetime,
    subject: str,
    message_id: str,
    direction: Direction | None,
    by: str | None = None,
    contact: str | None = None,
    notes: str | None = None,
) -> Activity:
    """The activity of a mail that was sent. What a program wrote has no `direction`: it isn't a word of ours,
    and no answer.
    """
    return Activity(
        id=id,
        type=ActivityType.EMAIL,
        at=at,
        subject=subject,
        by=by,
        direction=direction,
        done=True,
        contact=contact,
        message_id=message_id,
        notes=notes,
    )


def add_mails(onto: Lead | Opportunity, mails: Sequence[Activity], now: datetime) -> Change:
    """Add mails to a record. A lead that they reached, or who answers, moves on; a contact due is settled."""
    after = onto.with_(activities=(*onto.activities, *mails))
    for mail in mails:
        after = contacted(after, mail)
    followed = plan_next_contact(after, None, now, *mails)
    return Change(followed.record, _summary(mails), "mail-recorded", notes=followed.notes)


def lead_of_mail(
    id: str,
    mail: Activity,
    settings: Settings,
    *,
    created: datetime,
    name: str,
    email: str,
    organization: str | None,
) -> Change:
    """The lead that a stranger's mail makes: new, for what we have not answered yet isn't a reply.

    It is `created` when the mail came, and owned by who got it. `organization` is theirs where it is known;
    else their domain tells.
    """
    organization = organization or organization_of(email)
    lead = Lead.model_construct(
        id=id,
        created=created,
        name=name or (None if organization else email),
        organization=organization,
        email=email,
        source=_source(settings),
        owner=mail.by,
        activities=(mail,),
    )
    return add_lead(lead, settings)


def organization_of(email: str) -> str | None:
    """`maria@contoso-coffee.co.uk` as Contoso Coffee; None for the domain of a free mail provider."""
    labels = (email_domain(email) or "").split(".")[:-1]
    if len(labels) > 1 and labels[-1] in _SECOND_LEVEL:
        labels = labels[:-1]
    if not labels:
        return None
    label = labels[-1]
    with suppress(UnicodeError):
        label = label.encode().decode("idna")
    return " ".join(word.capitalize() for word in label.replace("_", "-").split("-") if word) or None


def _source(settings: Settings) -> str | None:
    """The source of a team's list that means a mail; any may be given where there is no list."""
    if not settings.sources:
        return "email"
    plain = {source.casefold().replace("-", ""): source for source in settings.sources}
    return next((plain[name] for name in _EMAIL_SOURCES if name in plain), None)


def _summary(mails: Sequence[Activity]) -> str:
    if len(mails) > 1:
        return f"{len(mails)} mails"
    (mail,) = mails
    return " ".join(part for part in ("mail", mail.direction, f'"{mail.subject}"') if part)
