"""A lead whose opportunity is won has bought: it becomes a customer, whatever its qualification says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pipecli.records.base import Record
from pipecli.records.lead import Lead
from pipecli.records.opportunity import Opportunity, Stakeholder
from pipecli.records.party import Contact, Customer
from pipecli.workflow.change import Change
from pipecli.workflow.convert_lead import convert


def convert_on_win(
    lead: Lead,
    deal: Opportunity,
    *,
    customer: Customer,
    contact: Contact | None,
    parties: Sequence[Record],
    others: Sequence[Opportunity],
    today: date,
) -> Change:
    """Convert the lead of a deal that has no customer; the change's result is the deal with its customer.

    What is planned with the lead goes to the deal. `parties` and `others` are as `convert` has them.
    """
    known = {each.id for each in deal.activities}
    planned = [each for each in lead.activities if not each.done and each.id not in known]
    primary = Stakeholder(contact=contact.id, role=lead.role, primary=True) if contact else None
    sold = deal.with_(
        customer=customer.id,
        contacts=deal.contacts or ((primary,) if primary else ()),
        activities=(*deal.activities, *planned),
    )
    return convert(
        lead,
        sold,
        customer=customer,
        contact=contact,
        parties=parties,
        others=others,
        today=today,
        force=True,
    )
