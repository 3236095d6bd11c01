"""`opportunity contact add` and `remove`: the people on a deal, one of them the primary contact."""

from __future__ import annotations

from pipecli.records.opportunity import Opportunity, Stakeholder
from pipecli.records.party import Contact
from pipecli.workflow.change import Change, Refused


def add_stakeholder(
    deal: Opportunity, contact: Contact, *, role: str | None = None, primary: bool = False
) -> Change:
    """Put a contact on a deal, or change the part of one who is on it; a new primary one replaces the old."""
    known = next((each for each in deal.contacts if each.contact == contact.id), None)
    theirs = Stakeholder.model_construct(
        contact=contact.id,
        role=role or (known.role if known else None),
        primary=primary or (known.primary if known else None) or None,
    )
    others = [each.with_(primary=None) if primary else each for each in deal.contacts]
    people = [theirs if each.contact == contact.id else each for each in others]
    part = ", ".join([*([theirs.role] if theirs.role else []), *(["primary"] if theirs.primary else [])])
    return Change(
        deal.with_(contacts=tuple(people if known else [*people, theirs])),
        f"contact {contact.name}" + (f" ({part})" if part else ""),
        "contact-added",
    )


def remove_stakeholder(deal: Opportunity, contact: Contact) -> Change:
    """Take a contact off a deal."""
    left = tuple(each for each in deal.contacts if each.contact != contact.id)
    if len(left) == len(deal.contacts):
        known = ", ".join(each.contact for each in deal.contacts) or "nobody"
        raise Refused(f"{contact.name} ({contact.id}) is not on {deal.id}", hint=f"on it: {known}")
    return Change(deal.with_(contacts=left), f"remove contact {contact.name}", "contact-removed")
