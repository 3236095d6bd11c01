"""The customer and contact that a lead or a call from a stranger comes from; those of imported rows are in
`inbox/importing/named_records_and_contacts.py`.

One that is known is used again, and it is said why. Sure signs are the same name, website, e-mail, e-mail
domain that isn't a free mail provider's, or telephone. A name that only resembles is offered, never taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol, TypeVar

from pipecli.records.base import Record
from pipecli.records.compare_names import name_key, name_words, similar_names
from pipecli.records.customer import Contact, Customer, CustomerKind
from pipecli.records.emails_and_phones import (
    email_domain,
    email_key,
    is_same_phone,
    normal_email,
    normal_phone,
    website_domain,
    website_key,
)
from pipecli.records.lead import Lead
from pipecli.workflow import Refused
from pipecli.workflow.customer import normalized

R = TypeVar("R", bound=Record)


class Prospect(NamedTuple):
    """A person, an organisation, or a person of one; at least one of `name` and `organization` is given."""

    name: str | None = None
    organization: str | None = None
    title: str | None = None
    email: str | None = None
    phone: str | None = None
    website: str | None = None
    address: str | None = None
    country: str | None = None
    language: str | None = None
    owner: str | None = None

    @property
    def customer_name(self) -> str:
        """The name of the customer: the organisation, or the person where there is none."""
        return self.organization or self.name or ""


def of_lead(lead: Lead) -> Prospect:
    return Prospect(**{field: getattr(lead, field) for field in Prospect._fields})


def new_customer(prospect: Prospect, slug: str) -> Customer:
    """The customer a prospect becomes. What belongs to its person (e-mail, phone) goes to the contact."""
    is_alone = not (prospect.organization and prospect.name)
    customer = Customer.model_construct(
        id=slug,
        name=prospect.customer_name,
        kind=CustomerKind.ORGANIZATION if prospect.organization else CustomerKind.PERSON,
        email=prospect.email if is_alone else None,
        phone=prospect.phone if is_alone else None,
        website=prospect.website,
        address=prospect.address,
        country=prospect.country,
        language=prospect.language,
        owner=prospect.owner,
    )
    return normalized(customer)


def new_contact(prospect: Prospect, slug: str, customer: str) -> Contact:
    """The contact that a prospect's person becomes. Only for a prospect with a `name`."""
    contact = Contact.model_construct(
        id=slug,
        name=prospect.name or "",
        customer=customer,
        emails=(prospect.email,) if prospect.email else (),
        phones=(prospect.phone,) if prospect.phone else (),
        title=prospect.title,
        language=prospect.language,
    )
    return normalized(contact)


def contact_completed(contact: Contact, prospect: Prospect, customer: str) -> Contact:
    """A known contact with the address, number and title that were new to us; what it says stays."""
    emails, phones = contact.emails, contact.phones
    if prospect.email and email_key(prospect.email) not in map(email_key, emails):
        emails = (*emails, normal_email(prospect.email))
    is_known = any(is_same_phone(prospect.phone, phone) or prospect.phone == phone for phone in phones)
    if prospect.phone and not is_known:
        phones = (*phones, normal_phone(prospect.phone))
    return contact.with_(
        emails=emails,
        phones=phones,
        title=contact.title or prospect.title,
        customer=contact.customer or customer,
    )


class KnownCustomer(NamedTuple):
    """The fields by which a customer is recognised; `emails` are its own, not those of its contacts."""

    id: str
    name: str
    is_person: bool
    emails: tuple[str, ...]
    website: str | None
    phones: tuple[str, ...] = ()


class KnownContact(NamedTuple):
    id: str
    name: str
    customer: str | None
    emails: tuple[str, ...]
    phones: tuple[str, ...] = ()


class Match(NamedTuple):
    """The slug of the party that is used again, if any, and why; else those whose names resemble."""

    id: str | None = None
    why: str = ""
    similar: tuple[KnownCustomer, ...] = ()


class Parties(NamedTuple):
    """The customer and contact of a deal. `written` are those new or changed; `notes` are for the person."""

    customer: Customer
    contact: Contact | None
    written: tuple[Record, ...] = ()
    notes: tuple[str, ...] = ()


class Records(Protocol):
    """The records of a pipeline, each read only where a rule asks for it."""

    def get(self, model: type[R], key: str) -> R: ...


def customer_and_contact(
    prospect: Prospect,
    records: Records,
    customers: Sequence[KnownCustomer],
    contacts: Sequence[KnownContact],
    new_slug: Callable[[str, str], str],
    *,
    named: Customer | None = None,
) -> Parties:
    """The customer and contact of a prospect's deal: those that are known, else new ones.

    `named` is the customer that a person chose. `new_slug` gives a free slug for a noun and a name. Raises
    Refused where the prospect could be two customers.
    """
    written, notes = list[Record](), list[str]()
    buyer = named
    if buyer is None:
        match = match_customer(prospect, customers, contacts)
        if match.id is not None:
            buyer = records.get(Customer, match.id)
            notes.append(f"known customer {buyer.id} ({buyer.name}) is used, by {match.why}")
        else:
            buyer = new_customer(prospect, new_slug("customer", prospect.customer_name))
            written.append(buyer)
            notes += [f"new customer {buyer.id} ({buyer.name})", *_offer(buyer, match)]
    match, person = match_contact(prospect, buyer.id, contacts), None
    if match.id is not None:
        known = records.get(Contact, match.id)
        person = contact_completed(known, prospect, buyer.id)
        written += [person] if person.plain() != known.plain() else []
        notes.append(f"known contact {known.id} ({known.name}) is used, by {match.why}")
    elif prospect.name is not None:
        person = new_contact(prospect, new_slug("contact", prospect.name), buyer.id)
        written.append(person)
        notes.append(f"new contact {person.id} ({person.name})")
    return Parties(buyer, person, tuple(written), tuple(notes))


def _offer(customer: Customer, match: Match) -> list[str]:
    if not match.similar:
        return []
    names = ", ".join(f"{known.id} ({known.name})" for known in match.similar)
    first = match.similar[0].id
    return [
        f"similar: {names}; to use it: --customer {first}, "
        f"or from now on: pipecli customer merge {customer.id} {first}"
    ]


def parties_of_caller(
    email: str | None,
    phone: str | None,
    records: Records,
    customers: Sequence[KnownCustomer],
    contacts: Sequence[KnownContact],
) -> Parties:
    """The customer and contact of whom only an e-mail or a telephone is known. Raises Refused."""
    buyer, person = match_caller(email, phone, customers, contacts)
    customer = records.get(Customer, buyer.id or "")
    contact = records.get(Contact, person.id) if person.id else None
    known = f"known contact {contact.id} ({contact.name})" if contact else f"known customer {customer.id}"
    return Parties(customer, contact, notes=(f"{known} is used, by {buyer.why}",))


def match_customer(
    prospect: Prospect, customers: Sequence[KnownCustomer], contacts: Sequence[KnownContact]
) -> Match:
    """The customer a prospect is, by the surest sign that any has. Raises Refused when two have it."""
    domains, website = _domains([prospect.email], prospect.website), website_key(prospect.website)
    signs = {
        "the same name": _of_same_name(prospect, customers),
        f"the same website {website}": [
            customer.id for customer in customers if website and website_key(customer.website) == website
        ],
        f"the same e-mail {prospect.email}": _of_same_email(prospect, customers, contacts),
        f"the same domain {', '.join(sorted(domains))}": _of_same_domain(domains, customers, contacts),
        f"the same telephone {prospect.phone}": _of_same_phone(prospect, customers, contacts),
    }
    for why, candidates in signs.items():
        keys = list(dict.fromkeys(candidates))
        if len(keys) > 1:
            raise Refused(
                f"{prospect.customer_name} could be {' or '.join(keys)}, by {why}",
                hint="name the right customer with --customer, or make it first: pipecli customer add",
            )
        if keys:
            return Match(keys[0], why)
    return Match(similar=tuple(_resembling(prospect.customer_name, customers)))


def match_contact(prospect: Prospect, customer: str | None, contacts: Sequence[KnownContact]) -> Match:
    """The contact that a prospect's person is: by e-mail, by name at its customer, or by telephone.

    A switchboard's number is many people's: one whose name shares no word with theirs is another.
    """
    email = email_key(prospect.email)
    known = [contact for contact in contacts if email and email in map(email_key, contact.emails)]
    if known:
        here = [contact for contact in known if contact.customer == customer]
        return Match((here or known)[0].id, f"the same e-mail {prospect.email}")
    for contact in contacts:
        if customer and prospect.name and contact.customer == customer and _same(contact.name, prospect.name):
            return Match(contact.id, "the same name there")
    callers = [
        contact
        for contact in _with_phone(prospect.phone, contacts)
        if contact.customer in (None, customer) and _may_be_one(prospect, contact)
    ]
    if len(callers) == 1:
        return Match(callers[0].id, f"the same telephone {prospect.phone}")
    return Match()


def match_caller(
    email: str | None, phone: str | None, customers: Sequence[KnownCustomer], contacts: Sequence[KnownContact]
) -> tuple[Match, Match]:
    """The customer and the contact of whom only an e-mail or a telephone is known.

    Raises Refused when it is nobody's, or that of several.
    """
    given, which = (email, "the same e-mail") if email else (phone, "the same telephone")
    why, key = f"{which} {given}", email_key(email)
    if email:
        people = [contact for contact in contacts if key in map(email_key, contact.emails)]
        buyers = [customer.id for customer in customers if key in map(email_key, customer.emails)]
    else:
        people = _with_phone(phone, contacts)
        buyers = [customer.id for customer in _with_phone(phone, customers)]
    buyers = list(dict.fromkeys([*(person.customer for person in people if person.customer), *buyers]))
    if len(buyers) > 1:
        raise Refused(f"{given} could be {' or '.join(buyers)}", hint="name the right one with --customer")
    if len(people) > 1:
        names = " or ".join(person.name for person in people)
        raise Refused(f"{given} could be {names}", hint="name the right one with --person")
    if not buyers:
        who = f"{people[0].name}, who is at no customer" if people else "nobody we know"
        raise Refused(f"{given} is that of {who}", hint="give --person or --organization, too")
    return Match(buyers[0], why), Match(people[0].id if people else None, why)


def _resembling(name: str, customers: Sequence[KnownCustomer]) -> list[KnownCustomer]:
    by_id = {customer.id: customer for customer in customers}
    return [by_id[key] for key in similar_names(name, {customer.id: customer.name for customer in customers})]


def _of_same_name(prospect: Prospect, customers: Sequence[KnownCustomer]) -> Iterable[str]:
    namesakes = [customer for customer in customers if _same(customer.name, prospect.customer_name)]
    if not prospect.organization:
        namesakes = [namesake for namesake in namesakes if not _is_another_person(prospect, namesake)]
    website = website_key(prospect.website)
    closer = [namesake for namesake in namesakes if website_key(namesake.website) == website]
    return [namesake.id for namesake in (closer if prospect.website and closer else namesakes)]


def _is_another_person(prospect: Prospect, customer: KnownCustomer) -> bool:
    """Two people may share a name: an e-mail of each, and not the same, keeps them apart."""
    known = [email_key(email) for email in customer.emails]
    return bool(prospect.email and known and email_key(prospect.email) not in known)


def _of_same_email(
    prospect: Prospect, customers: Sequence[KnownCustomer], contacts: Sequence[KnownContact]
) -> Iterable[str]:
    """By the customer's own address, or that of a contact there who does not now come from elsewhere."""
    email = email_key(prospect.email)
    if email is None:
        return
    yield from (customer.id for customer in customers if email in map(email_key, customer.emails))
    employers = {contact.customer for contact in contacts if email in map(email_key, contact.emails)}
    yield from _still_there(employers, prospect, customers)


def _of_same_phone(
    prospect: Prospect, customers: Sequence[KnownCustomer], contacts: Sequence[KnownContact]
) -> Iterable[str]:
    """By the customer's own number, or that of a contact there who does not now come from elsewhere."""
    yield from (customer.id for customer in _with_phone(prospect.phone, customers))
    callers = _with_phone(prospect.phone, contacts)
    employers = {
        caller.customer for caller in callers if prospect.organization or _may_be_one(prospect, caller)
    }
    yield from _still_there(employers, prospect, customers)


def _still_there(
    employers: set[str | None], prospect: Prospect, customers: Sequence[KnownCustomer]
) -> list[str]:
    if employers and prospect.organization:
        employers &= {customer.id for customer in _resembling(prospect.organization, customers)}
    return sorted(employer for employer in employers if employer)


K = TypeVar("K", KnownCustomer, KnownContact)


def _with_phone(phone: str | None, parties: Sequence[K]) -> list[K]:
    return [party for party in parties if any(is_same_phone(phone, known) for known in party.phones)]


def _may_be_one(prospect: Prospect, contact: KnownContact) -> bool:
    """True where the names share a word, or the caller gave none."""
    return not prospect.name or not set(name_words(prospect.name)).isdisjoint(name_words(contact.name))


def _of_same_domain(
    domains: set[str], customers: Sequence[KnownCustomer], contacts: Sequence[KnownContact]
) -> Iterable[str]:
    persons = {customer.id for customer in customers if customer.is_person}
    for customer in customers:
        if not customer.is_person and domains & _domains(customer.emails, customer.website):
            yield customer.id
    for contact in contacts:
        if contact.customer and contact.customer not in persons and domains & _domains(contact.emails):
            yield contact.customer


def _domains(emails: Iterable[str | None], website: str | None = None) -> set[str]:
    """The domains of one's own; those of mail providers and of sites with many pages tell nothing."""
    domains = {website_domain(website), *map(email_domain, emails)}
    return {domain for domain in domains if domain}


def _same(one: str, other: str) -> bool:
    return name_key(one) == name_key(other)
