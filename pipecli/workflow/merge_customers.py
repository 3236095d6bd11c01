"""`customer merge`: two records of one customer become one; what names the first names the second."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipecli.records.base import Record
from pipecli.records.party import Customer
from pipecli.workflow.change import Change, Refused
from pipecli.workflow.customer_parent import refuse_own_parent
from pipecli.workflow.relink import relinked

_OWN = {"id", "name", "kind", "tags", "notes", "custom"}


def merge(
    source: Customer, target: Customer, users: Sequence[Record], *, parents: Mapping[str, str]
) -> Change:
    """Fill what `target` lacks from `source`, relink `users`, the records that name it, and remove it.

    `parents` are those of all customers, by slug.
    """
    if source.id == target.id:
        raise Refused(f"{source.id} can't be merged into itself", hint="name two customers: FROM INTO")
    filled = _filled(source, target)
    if filled.parent in (source.id, target.id):
        filled = filled.with_(parent=None)
    refuse_own_parent(
        filled, {slug: target.id if parent == source.id else parent for slug, parent in parents.items()}
    )
    others = [user for user in users if user.key not in (source.id, target.id) or user.noun != target.noun]
    return Change(
        filled,
        f"merge {source.id} ({source.name}) into it",
        "merged",
        also=tuple(relinked(user, "customer", source.id, target.id) for user in others),
        removed=(source,),
        notes=tuple(_left_behind(source, target)),
    )


def _filled(source: Customer, target: Customer) -> Customer:
    missing = {
        field: value
        for field in Customer.model_fields
        if field not in _OWN and getattr(target, field) is None and (value := getattr(source, field))
    }
    notes = dict.fromkeys(text for text in (target.notes, source.notes) if text)
    custom = {**(source.custom or {}), **(target.custom or {})}
    return target.with_(
        **missing,
        tags=tuple(dict.fromkeys((*target.tags, *source.tags))),
        notes="\n\n".join(notes) or None,
        custom=custom or None,
    )


def _left_behind(source: Customer, target: Customer) -> list[str]:
    """What the merged record said otherwise: it stays in the history only."""
    other = [
        f"{field} {value}"
        for field in Customer.model_fields
        if field not in _OWN
        and (value := getattr(source, field))
        and getattr(target, field)
        and getattr(target, field) != value
    ]
    return [f"{target.id} keeps its own; {source.id} had {', '.join(other)}"] if other else []
