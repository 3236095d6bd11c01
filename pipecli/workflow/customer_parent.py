"""A customer may belong to another, and never to itself."""

from __future__ import annotations

from collections.abc import Mapping

from pipecli.records.party import Customer
from pipecli.workflow.change import Refused


def refuse_own_parent(customer: Customer, parents: Mapping[str, str]) -> None:
    """Refuse a customer that would belong to itself; `parents` are those of all the others, by slug."""
    seen: set[str] = set()
    above = customer.parent
    while above is not None and above not in seen:
        if above == customer.id:
            raise Refused(
                f"{customer.id} would belong to itself, through {customer.parent}",
                hint=f"give it another parent, or none: pipecli customer set {customer.id} parent=",
            )
        seen.add(above)
        above = parents.get(above)
