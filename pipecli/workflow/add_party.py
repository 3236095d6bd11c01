"""`add` of a customer, contact, supplier or competitor: under its own slug, and not twice without a word."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from pipecli.records.party import Competitor, Contact, Customer, Supplier
from pipecli.workflow.change import Change, Refused
from pipecli.workflow.normalize_party import normalized
from pipecli.workflow.similar_names import similar_names

Party = Customer | Contact | Supplier | Competitor


def add(party: Party, names: Mapping[str, str], *, free: str) -> Change:
    """Record a party. `names` are those of its kind by slug; `free` is a slug that none of them has."""
    if party.id in names:
        raise Refused(
            f"there is a {party.noun} {party.id} already: {names[party.id]}",
            hint="for another of the same name, name the slug: "
            f"pipecli {party.noun} add {free} --name {shlex.quote(party.name)}",
        )
    similar = similar_names(party.name, names)
    return Change(
        normalized(party),
        f"add {party.noun} {party.name}",
        "added",
        notes=(_offer(party, similar, names),) if similar else (),
    )


def _offer(party: Party, similar: list[str], names: Mapping[str, str]) -> str:
    known = ", ".join(f"{key} ({names[key]})" for key in similar)
    if isinstance(party, Customer):
        return f"similar: {known}; to make them one: pipecli customer merge {party.id} {similar[0]}"
    return f"similar: {known}; if it is the same: pipecli {party.noun} remove {party.id}"
