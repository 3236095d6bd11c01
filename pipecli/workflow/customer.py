"""Customers, contacts, suppliers and competitors: added, tidied, merged.

E-mails, phones and names are tidied where that is safe, and what reaches nobody is refused. A customer may
belong to another, and never to itself. A merge leaves every mention of the one record naming the
other, by `relinked` in `records/references.py`.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import TypeVar

from pipecli.records.base import Part, Record
from pipecli.records.compare_names import similar_names
from pipecli.records.customer import Competitor, Contact, Customer, Supplier
from pipecli.records.emails_and_phones import (
    each_once,
    email_key,
    normal_email,
    normal_phone,
    phone_key,
    unreachable,
)
from pipecli.records.opportunity import Opportunity, Stakeholder
from pipecli.records.references import relinked
from pipecli.workflow import Change, Refused

R = TypeVar("R", bound=Record)


def normalized(record: R, before: R | None = None) -> R:
    """A lead, customer, contact or supplier with its e-mails, phones and names tidied.

    Where it was changed from `before`, what that said already stays as it is. Refused where a new
    e-mail or phone can't be one.
    """
    tidied: dict[str, object] = {}
    for names, tidy in (
        (("name", "organization"), str.strip),
        (("email", "emails"), normal_email),
        (("phone", "phones"), normal_phone),
    ):
        for name in names:
            value = getattr(record, name, None)
            if not value or value == getattr(before, name, None):
                continue
            is_list = isinstance(value, tuple)
            tidied[name] = each_once(name, map(tidy, value)) if is_list else tidy(value)
    result = record.with_(**tidied)
    refuse_unreachable(result, before)
    return result


def refuse_unreachable(part: Part, before: Part | None = None) -> None:
    """Refuse an address or a number that is none, unless it stood in `before`."""
    for name in ("email", "emails", "phone", "phones"):
        value, known = (getattr(version, name, None) or () for version in (part, before))
        for text in value if isinstance(value, tuple) else (value,):
            if text not in known and (fault := unreachable(name, text)):
                raise Refused(f"{name}: {fault}", hint="notes take any words")


Party = Customer | Contact | Supplier | Competitor


def add_party(party: Party, names: Mapping[str, str], *, free: str) -> Change:
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
    if isinstance(party, (Customer, Contact)):
        way_on = f"pipecli {party.noun} merge {party.id} {similar[0]}"
        return f"similar: {known}; to make them one: {way_on}"
    return f"similar: {known}; if it is the same: pipecli {party.noun} remove {party.id}"


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


_OWN = {"id", "name", "kind", "notes", "custom"}
_LISTS = {"tags", "emails", "phones"}
P = TypeVar("P", Customer, Contact)


def merge_customers(
    source: Customer, target: Customer, naming: Sequence[Record], *, parents: Mapping[str, str]
) -> Change:
    """Fill what `target` lacks from `source`, relink `naming`, the records that name it, and remove it.

    `parents` are those of all customers, by slug.
    """
    _refuse_itself(source, target)
    filled = _filled(source, target).with_(attachments=(*target.attachments, *source.attachments))
    if filled.parent in (source.id, target.id):
        filled = filled.with_(parent=None)
    refuse_own_parent(
        filled, {slug: target.id if parent == source.id else parent for slug, parent in parents.items()}
    )
    others = [
        record for record in naming if record.key not in (source.id, target.id) or record.noun != target.noun
    ]
    return _merged(source, target, filled, others)


def merge_contacts(source: Contact, target: Contact, naming: Sequence[Record]) -> Change:
    """Make two contacts one, as `merge_customers` does: with the addresses and numbers of both.

    Of a deal on which both have a part, `target` keeps its own; the part is primary where either was.
    """
    _refuse_itself(source, target)
    change = _merged(source, target, _filled(source, target), naming)
    was = {deal.id: deal.contacts for deal in naming if isinstance(deal, Opportunity)}
    parts = [
        (deal, *_one_part(deal, was[deal.id], source.id, target.id))
        for deal in change.also
        if isinstance(deal, Opportunity)
    ]
    deals = {deal.id: after for deal, after, _ in parts}
    return change._replace(
        also=tuple(deals.get(record.key, record) for record in change.also),
        notes=(*change.notes, *(note for *_, note in parts if note)),
    )


def _one_part(
    deal: Opportunity, was: Sequence[Stakeholder], source: str, target: str
) -> tuple[Opportunity, str]:
    """The deal with one part for a contact who stood on it twice; and a note of the role that stays."""
    both = {part.contact: part for part in was if part.contact in (source, target)}
    if len(both) < 2:
        return deal, ""
    own, other = both[target].role, both[source].role
    one = both[target].with_(role=own or other, primary=any(part.primary for part in both.values()) or None)
    parts = [one if part.contact == target else part for part in deal.contacts]
    first = [part for place, part in enumerate(parts) if part not in parts[:place]]
    stays = (
        f"was {own} and {other} there, and stays {own}" if own else f"is {other} there now, as {source} was"
    )
    note = f"{deal.id}: {target} {stays}" if other not in (None, own) else ""
    return deal.with_(contacts=tuple(first)), note


def _refuse_itself(source: Record, target: Record) -> None:
    if source.key == target.key:
        raise Refused(f"{source.key} can't be merged into itself", hint=f"name two {source.noun}s: FROM INTO")


def _merged(source: P, target: P, filled: P, naming: Sequence[Record]) -> Change:
    return Change(
        filled,
        f"merge {source.id} ({source.name}) into it",
        "merged",
        also=tuple(relinked(record, {target.noun}, source.id, target.id) for record in naming),
        removed=(source,),
        notes=tuple(_left_behind(source, target)),
    )


def _filled(source: P, target: P) -> P:
    missing = {
        field: value
        for field in type(target).model_fields
        if field not in _OWN and getattr(target, field) is None and (value := getattr(source, field))
    }
    notes = dict.fromkeys(text for text in (target.notes, source.notes) if text)
    custom = {**(source.custom or {}), **(target.custom or {})}
    lists = {
        field: _both(field, getattr(target, field), getattr(source, field))
        for field in _LISTS & type(target).model_fields.keys()
    }
    return target.with_(**missing, **lists, notes="\n\n".join(notes) or None, custom=custom or None)


def _both(field: str, values: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    """The values of two lists, each e-mail and telephone once in whatever way it is written."""
    key = {"emails": email_key, "phones": phone_key}.get(field, str)
    kept: dict[str, str] = {}
    for value in (*values, *more):
        kept.setdefault(key(value) or value, value)
    return tuple(kept.values())


def _left_behind(source: P, target: P) -> list[str]:
    """The fields that the merged record had otherwise: they stay in the history only."""
    other = [
        f"{field} {value}"
        for field in type(target).model_fields
        if field not in _OWN | _LISTS
        and (value := getattr(source, field))
        and getattr(target, field)
        and getattr(target, field) != value
    ]
    return [f"{target.id} keeps its own; {source.id} had {', '.join(other)}"] if other else []
