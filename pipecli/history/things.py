"""What stands in a record's lists, in words: activities, items, contacts, stages, tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipecli.history.words import joined, quoted, shown

Thing = Mapping[str, object]

_ONE = {
    "activities": "activity",
    "items": "item",
    "contacts": "contact",
    "stages": "stage",
    "assignment_rules": "assignment rule",
}


def one(field: str) -> str:
    """What one member of a list is called."""
    return _ONE.get(field.rpartition(".")[2], field)


def by_identity(all_: Sequence[Thing]) -> dict[str, Thing]:
    """The members of a list by what names each: id, contact or product, else words; twins are numbered."""
    found: dict[str, Thing] = {}
    for place, thing in enumerate(all_):
        named = (thing.get(key) for key in ("id", "contact", "product", "description", "name"))
        identity = next((each for each in named if isinstance(each, str) and each), str(place + 1))
        unique, number = identity, 2
        while unique in found:
            unique, number = f"{identity}#{number}", number + 1
        found[unique] = thing
    return found


def name(thing: Thing, identity: str) -> str:
    """What a person calls it."""
    return quoted(thing, "subject") or shown(thing.get("description"), "description", "") or identity


def described(field: str, thing: Thing, currency: str) -> str:
    """`call out "Intro call"`, `2 × Café S-100 at 2,499.00`, `maria-lopez (decision-maker, primary)`."""
    match field.rpartition(".")[2]:
        case "activities":
            return joined(thing.get("type"), thing.get("direction"), quoted(thing, "subject"))
        case "items":
            return _item(thing, currency)
        case "contacts":
            parts = [str(thing["role"])] if thing.get("role") else []
            role = ", ".join([*parts, *(["primary"] if thing.get("primary") is True else [])])
            return joined(thing.get("contact"), f"({role})" if role else "")
    return next(iter(by_identity([thing])))


def _item(thing: Thing, currency: str) -> str:
    what = shown(thing.get("description"), "description", "") or thing.get("product")
    price, discount = thing.get("unit_price"), thing.get("discount")
    return joined(
        shown(thing.get("quantity", 1), "quantity", ""), "×", what,
        f"at {shown(price, 'unit_price', currency)}" if price is not None else "",
        f"less {shown(discount, 'discount', '')} %" if discount else "",
    )  # fmt: skip


def planned(field: str, thing: Thing) -> str:
    """` planned for 2026-11-30 10:00` of an activity that is not done; else nothing."""
    is_open = field == "activities" and thing.get("done") is not True
    return (
        f", planned for {shown(thing['at'], 'at', '')}"
        if is_open and isinstance(thing.get("at"), str)
        else ""
    )


def plain_list(field: str, before: Sequence[object], after: Sequence[object]) -> str:
    """`tags: added vip; removed old`, `step done: Budget agreed`."""
    added = ", ".join(str(each) for each in after if each not in before)
    removed = ", ".join(str(each) for each in before if each not in after)
    if field == "steps_done":
        said = [
            *([f"step done: {added}"] if added else []),
            *([f"step undone: {removed}"] if removed else []),
        ]
        return "; ".join(said) or "steps_done reordered"
    said = [*([f"added {added}"] if added else []), *([f"removed {removed}"] if removed else [])]
    return f"{field}: {'; '.join(said)}" if said else f"{field} reordered"


def ending(thing: Thing, currency: str) -> str:
    """How a deal or a lead ended: `4,998.00 on 2026-11-21, quotation QTN-7K3M9`, `competitor acme`."""
    amount = thing.get("amount")
    first = joined(
        shown(amount, "amount", currency) if amount is not None else "",
        shown(thing.get("reason"), "reason", ""), shown(thing.get("competitor"), "competitor", ""),
        f"on {thing['date']}" if thing.get("date") else "",
    )  # fmt: skip
    links = [
        f"{noun} {thing[noun]}"
        for noun in ("quotation", "customer", "contact")
        if isinstance(thing.get(noun), str)
    ]
    return ", ".join([first, *links, *([quoted(thing, "detail")] if thing.get("detail") else [])])
