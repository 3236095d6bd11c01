"""Who a deal is with: the customer and contact that a prospect already is, or becomes.

For `lead convert`, and for `opportunity add` on a call from a stranger.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pipecli.jsontext import loads
from pipecli.records.kinds import CONTACT, CUSTOMER

if TYPE_CHECKING:
    from pipecli.cli.changing import Desk
    from pipecli.records.base import Record
    from pipecli.records.party import Contact, Customer
    from pipecli.store.pipeline import Pipeline
    from pipecli.workflow.match_party import KnownContact, KnownCustomer, Match, Prospect


class Parties(NamedTuple):
    """Who a deal is with. `written` are those of the two that are new or changed; `notes` what to tell."""

    customer: Customer
    contact: Contact | None
    written: tuple[Record, ...]
    notes: tuple[str, ...]


def parties(desk: Desk, prospect: Prospect, *, customer: str | None = None) -> Parties:
    """The customer and contact of a prospect; `customer` names the one to use. Raises Refused, NotFound."""
    from pipecli.records.party import Customer

    contacts = known_contacts(desk.pipeline)
    if customer is None:
        buyer, notes = _customer(desk, prospect, contacts)
    else:
        buyer, notes = desk.get(Customer, customer), []
    person, more = _contact(desk, prospect, buyer, contacts)
    written = [each for each in (buyer, person) if each is not None and _differs(desk, each)]
    return Parties(buyer, person, tuple(written), (*notes, *more))


def _differs(desk: Desk, record: Record) -> bool:
    """Whether a record is new, or is not what its file says."""
    known = desk.pipeline.find_record(type(record), record.key)
    return known is None or known.plain() != record.plain()


def known_customers(pipeline: Pipeline) -> list[KnownCustomer]:
    """What of every customer tells who it is. Raises FaultyFile when one can't be read: it could be it."""
    from pipecli.workflow.match_party import KnownCustomer

    pipeline.need(CUSTOMER)
    rows = pipeline.index.connection.execute(
        "SELECT id, name, kind = 'person', email, website FROM customers ORDER BY id"
    )
    return [
        KnownCustomer(key, name, bool(is_person), (email,) if email else (), website)
        for key, name, is_person, email, website in rows
    ]


def known_contacts(pipeline: Pipeline) -> list[KnownContact]:
    """What of every contact tells who it is. Raises FaultyFile."""
    from pipecli.workflow.match_party import KnownContact

    pipeline.need(CONTACT)
    rows = pipeline.index.connection.execute("SELECT id, name, customer, emails FROM contacts ORDER BY id")
    return [KnownContact(id_, name, at, tuple(loads(emails or "[]"))) for id_, name, at, emails in rows]


def _customer(desk: Desk, prospect: Prospect, contacts: list[KnownContact]) -> tuple[Customer, list[str]]:
    from pipecli.records.party import Customer
    from pipecli.workflow.match_party import match_customer, new_customer

    match = match_customer(prospect, known_customers(desk.pipeline), contacts)
    if match.id is not None:
        known = desk.pipeline.get(Customer, match.id)
        return known, [f"known customer {known.id} ({known.name}) is used, by {match.why}"]
    made = new_customer(prospect, desk.new_slug("customer", prospect.customer_name))
    return made, [f"new customer {made.id} ({made.name})", *_offer(made, match)]


def _offer(made: Customer, match: Match) -> list[str]:
    if not match.similar:
        return []
    names = ", ".join(f"{each.id} ({each.name})" for each in match.similar)
    first = match.similar[0].id
    return [
        f"similar: {names}; to use it: --customer {first}, "
        f"or from now on: pipecli customer merge {made.id} {first}"
    ]


def _contact(
    desk: Desk, prospect: Prospect, customer: Customer, contacts: list[KnownContact]
) -> tuple[Contact | None, list[str]]:
    from pipecli.records.party import Contact
    from pipecli.workflow.match_party import completed, match_contact, new_contact

    match = match_contact(prospect, customer.id, contacts)
    if match.id is not None:
        known = desk.pipeline.get(Contact, match.id)
        return (
            completed(known, prospect, customer.id),
            [f"known contact {known.id} ({known.name}) is used, by {match.why}"],
        )
    if prospect.name is None:
        return None, []
    made = new_contact(prospect, desk.new_slug("contact", prospect.name), customer.id)
    return made, [f"new contact {made.id} ({made.name})"]
