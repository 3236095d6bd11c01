"""Which other records, users and stages a record names: what `check` looks for and `merge` relinks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, cast

if TYPE_CHECKING:
    from pipecli.records.base import Record
    from pipecli.records.catalogue import Literature, PriceList
    from pipecli.records.item import Item
    from pipecli.records.lead import Lead
    from pipecli.records.opportunity import Opportunity
    from pipecli.records.quotation import Order, Quotation, SupplierItem, SupplierQuotation
    from pipecli.records.settings import Settings


class Reference(NamedTuple):
    field: str
    """Where it stands in the file, dotted: `contacts.0.contact`."""
    noun: str
    """The kind of what it names: customer, user, stage, …; `principal` is a user or a team."""
    key: str


_FIELDS: dict[str, tuple[tuple[str, str], ...]] = {
    "lead": (("owner", "user"),),
    "opportunity": (
        ("lead", "lead"), ("customer", "customer"), ("process", "process"), ("owner", "user"),
        ("price_list", "price-list"),
    ),
    "quotation": (
        ("opportunity", "opportunity"), ("revision_of", "quotation"), ("customer", "customer"),
        ("lead", "lead"), ("contact", "contact"), ("price_list", "price-list"),
        ("supplier_quotation", "supplier-quotation"),
    ),
    "order": (
        ("opportunity", "opportunity"), ("quotation", "quotation"), ("customer", "customer"),
        ("contact", "contact"), ("price_list", "price-list"),
    ),
    "supplier-quotation": (("opportunity", "opportunity"), ("supplier", "supplier")),
    "customer": (("owner", "user"), ("parent", "customer")),
    "contact": (("customer", "customer"),),
    "settings": (("price_list", "price-list"),),
}  # fmt: skip


def references(record: Record) -> Iterator[Reference]:
    """Every name that must be that of something else."""
    for field, noun in _FIELDS.get(record.noun, ()):
        key = getattr(record, field)
        if key is not None:
            yield Reference(field, noun, key)
    if record.noun in _INSIDE:
        yield from _INSIDE[record.noun](record)


def mentions(record: Record) -> Iterator[Reference]:
    """Every name that may be that of something else, and need not: a competitor has a file or not."""
    if record.noun == "opportunity":
        deal = cast("Opportunity", record)
        for place, competitor in enumerate(deal.competitors):
            yield Reference(f"competitors.{place}", "competitor", competitor)
        if deal.closed and deal.closed.competitor:
            yield Reference("closed.competitor", "competitor", deal.closed.competitor)


def _of_lead(lead: Lead) -> Iterator[Reference]:
    yield from _of_people(lead)
    if lead.converted:
        yield Reference("converted.customer", "customer", lead.converted.customer)
        if lead.converted.contact:
            yield Reference("converted.contact", "contact", lead.converted.contact)
        for place, opportunity in enumerate(lead.converted.opportunities):
            yield Reference(f"converted.opportunities.{place}", "opportunity", opportunity)


def _of_opportunity(deal: Opportunity) -> Iterator[Reference]:
    yield Reference("stage", "stage", f"{deal.process}/{deal.stage}")
    for place, stakeholder in enumerate(deal.contacts):
        yield Reference(f"contacts.{place}.contact", "contact", stakeholder.contact)
    if deal.closed and deal.closed.quotation:
        yield Reference("closed.quotation", "quotation", deal.closed.quotation)
    yield from _of_people(deal)
    yield from _of_items(deal)


def _of_people(record: Lead | Opportunity) -> Iterator[Reference]:
    if record.next_contact and record.next_contact.by:
        yield Reference("next_contact.by", "user", record.next_contact.by)
    for place, principal in enumerate(record.shared_with):
        yield Reference(f"shared_with.{place}", "principal", principal)
    for place, activity in enumerate(record.activities):
        if activity.by:
            yield Reference(f"activities.{place}.by", "user", activity.by)
        if activity.contact:
            yield Reference(f"activities.{place}.contact", "contact", activity.contact)
        if activity.literature:
            yield Reference(f"activities.{place}.literature", "literature", activity.literature)


def _of_items(record: Opportunity | Quotation | Order | SupplierQuotation) -> Iterator[Reference]:
    items: tuple[Item | SupplierItem, ...] = record.items
    for place, item in enumerate(items):
        if item.product:
            yield Reference(f"items.{place}.product", "product", item.product)


def _of_settings(settings: Settings) -> Iterator[Reference]:
    for slug, user in settings.users.items():
        if user.team:
            yield Reference(f"users.{slug}.team", "team", user.team)
    for slug, team in settings.teams.items():
        if team.manager:
            yield Reference(f"teams.{slug}.manager", "user", team.manager)
        if team.parent:
            yield Reference(f"teams.{slug}.parent", "team", team.parent)
    for place, rule in enumerate(settings.assignment_rules):
        for position, user_slug in enumerate(rule.users):
            yield Reference(f"assignment_rules.{place}.users.{position}", "user", user_slug)
    for period, amounts in settings.targets.items():
        for principal in amounts:
            yield Reference(f"targets.{period}.{principal}", "principal", principal)


def _of_price_list(price_list: PriceList) -> Iterator[Reference]:
    for sku in price_list.prices:
        yield Reference(f"prices.{sku}", "product", sku)


def _of_literature(literature: Literature) -> Iterator[Reference]:
    for place, sku in enumerate(literature.products):
        yield Reference(f"products.{place}", "product", sku)


_INSIDE: dict[str, Callable[[Any], Iterator[Reference]]] = {
    "lead": _of_lead,
    "opportunity": _of_opportunity,
    "quotation": _of_items,
    "order": _of_items,
    "supplier-quotation": _of_items,
    "price-list": _of_price_list,
    "literature": _of_literature,
    "settings": _of_settings,
}
"""What stands deeper in a record than a field of its own."""
