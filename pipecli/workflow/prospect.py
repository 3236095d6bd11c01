"""Who a lead, or a call from a stranger, comes from: before it is a customer and a contact."""

from __future__ import annotations

from typing import NamedTuple

from pipecli.records.lead import Lead
from pipecli.records.party import Contact, Customer, CustomerKind
from pipecli.workflow.normalize_party import normal_email, normal_phone, normalized
from pipecli.workflow.party_identity import email_key, phone_key


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
        """Who buys: the organisation, or the person where there is none."""
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


def completed(contact: Contact, prospect: Prospect, customer: str) -> Contact:
    """A known contact with the address, number and title that were new to us; what it says stays."""
    emails, phones = contact.emails, contact.phones
    if prospect.email and email_key(prospect.email) not in map(email_key, emails):
        emails = (*emails, normal_email(prospect.email))
    numbers = [phone_key(phone) or phone for phone in phones]
    if prospect.phone and (phone_key(prospect.phone) or prospect.phone) not in numbers:
        phones = (*phones, normal_phone(prospect.phone))
    return contact.with_(
        emails=emails,
        phones=phones,
        title=contact.title or prospect.title,
        customer=contact.customer or customer,
    )
