"""The defaults of a record that rows bring: its process and stage, its currency, the prices of its items.

Words of the settings are held to here, too: types, sources, reasons.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any

from pipecli.errors import PipecliError, Unreadable
from pipecli.inbox.importing.cells import Path
from pipecli.inbox.importing.list_elements import complete_activities
from pipecli.inbox.importing.mapping import AFTER_DISCOUNT
from pipecli.inbox.importing.named_records_and_contacts import Nameable
from pipecli.merge_versions.field_by_field import STATUS_AND_DETAILS
from pipecli.records.base import Part, Plain
from pipecli.records.catalogue import PriceList
from pipecli.records.emails_and_phones import each_once
from pipecli.records.kinds import Kind
from pipecli.records.money import CURRENCIES, part_of, rounded
from pipecli.records.opportunity import Opportunity
from pipecli.records.settings import Settings
from pipecli.records.written_amounts import Money
from pipecli.store.validate_record import validate
from pipecli.workflow import items_and_prices
from pipecli.workflow.opportunity.add_and_change import (
    require_listed_lost_reason,
    require_source,
    require_type,
)

_PRICED = ("opportunity", "quotation", "supplier-quotation", "order")
"""The kinds of record with a currency and items."""
_TOTAL_ALONE = "Total as imported, without its lines"


class Completer:
    """Fills in records of one collection from what the pipeline knows."""

    def __init__(self, collection: Kind, names: Nameable) -> None:
        self.pipeline = pipeline = names.pipeline
        self.collection, self.names = collection, names
        self.settings: Settings = pipeline.settings
        # Copied for each price of another day: to construct one takes ten times as long.
        self._blank = Opportunity.model_construct(
            id="", created=pipeline.now, title="", process="", stage="", currency=""
        )
        self._prices: dict[tuple[object, ...], tuple[Decimal, bool | None] | str] = {}

    def settle_currency(self, plain: Plain, money: list[Money], others: str) -> tuple[str, str, str] | None:
        """Give a record the currency of its amounts. Raises Unreadable for another, or none beside `others`.

        An amount of a deal with more decimals than that is rounded, as is what is off a line: HubSpot has
        four of a unit's. Gives the field, the amount and what it became.
        """
        signed = [amount.currencies for amount in money if amount.currencies]
        base = self.settings.currency
        currency = plain.get("currency") if self.collection.noun in (*_PRICED, "price-list") else base
        possible = frozenset.intersection(*signed) if signed else frozenset()
        if currency is not None and currency not in CURRENCIES:
            raise Unreadable(f'currency: "{currency}" must be a code, such as EUR', ("currency", currency))
        if currency is None and money and not signed and others:
            raise Unreadable(f"its currency is empty, beside {others}: say `currency` in the mapping")
        if currency is None and not signed and self.collection.noun in ("quotation", "order"):
            _, currency = self._deals.get(plain.get("opportunity", ""), (None, None))
            plain |= {"currency": currency} if currency else {}
        if currency is None:
            currency = base if not signed or base in possible else _likeliest(possible)
            if currency is None:
                signs = f"{_listed(*signed)}: say `currency` or `signs` in the mapping"
                raise Unreadable(f"its amounts are in {'several currencies: ' * (not possible)}{signs}")
            plain["currency"] = currency
        if signed and currency not in possible:
            raise Unreadable(f"its amounts are written in {_listed(*signed)}, and it is in {currency}")
        rounding = None
        own = ((plain, "amount"), (plain.get("closed") or {}, "amount"))
        parts = own if self.collection.noun == "opportunity" else ()
        for part, name in [*parts, *((item, "discount_amount") for item in plain.get("items", ()))]:
            amount = part.get(name)
            if isinstance(amount, Decimal) and (payable := rounded(amount, str(currency))) != amount:
                part[name] = payable
                rounding = name, f"{amount:f}", f"{payable:f}"
        return rounding

    def complete(self, plain: Plain, before: Part | None) -> None:
        """Add the defaults of a new record; `before` is that which is here. Raises Unreadable."""
        noun = self.collection.noun
        if noun in ("opportunity", "lead"):
            plain |= self.names.in_words_of_today(plain)
        if noun == "opportunity":
            self._open(plain)
        if noun in ("quotation", "order"):
            self._offer(plain, before)
        for item in plain.get("items", ()):
            if "description" not in item and "product" in item:
                labels = self.names.known("product").labels
                item["description"] = labels.get(item["product"], item["product"])
            if noun == "opportunity" and "unit_price" not in item and "product" in item:
                item["unit_price"] = self._unit_price(plain, item)
        complete_activities(plain.get("activities", []))
        for name in ("emails", "phones"):
            if name in plain:
                plain[name] = [*each_once(name, plain[name])]
        if noun == "opportunity" and "process" not in plain:
            self._choose_process(plain)
        if noun in ("opportunity", "lead"):
            self._spell_words(plain)

    def value_of_won(self, plain: Plain) -> Decimal | None:
        """The sum of a won deal's lines, where it is unknown what it was won for."""
        if plain.get("closed", {}).get("amount") != "unknown":
            return None
        return validate(Opportunity, plain).items_amount

    def _offer(self, plain: Plain, before: Part | None) -> None:
        """Give a quotation or an order its day and its deal's customer, and one with a total alone a line."""
        plain.setdefault("date", plain["created"].date())
        deal = plain.get("opportunity")
        if deal and "customer" not in plain and "lead" not in plain:
            customer, _ = self._deals.get(deal, (None, ""))
            plain |= {"customer": customer} if customer else {}
        total, after = plain.pop("total", None), plain.pop(AFTER_DISCOUNT, None)
        lines = plain.get("items", [])
        if total is None and after is not None:
            percent, amount = (Decimal(str(plain.get(of) or 0)) for of in ("discount", "discount_amount"))
            total = part_of(after * 100, 100 - percent) + amount
        own = [line for line in lines if line.get("description") != _TOTAL_ALONE]
        here = before.plain().get("items", []) if before else []
        if any(line not in here for line in own):  # they have come: beside them the total would count twice
            plain["items"] = own
        elif total is not None and (not lines or len(own) < len(lines)):  # what people added stays beside it
            stand_in = {"description": _TOTAL_ALONE, "quantity": Decimal(1), "unit_price": total}
            plain["items"] = [line if line in own else stand_in for line in lines] or [stand_in]

    @cached_property
    def _deals(self) -> dict[str, tuple[str | None, str]]:
        """The customer and the currency of each deal."""
        query = "SELECT id, customer, currency FROM _opportunities"
        return {deal: (customer, currency) for deal, customer, currency in self.pipeline.query(query)}

    def _open(self, plain: Plain) -> None:
        plain.setdefault("type", self.settings.opportunity_types[0])
        processes = self.settings.processes
        stage = plain.get("stage")
        if "process" not in plain and stage is not None:
            having = [slug for slug, process in processes.items() if _stage(process, stage)]
            if having:
                plain["process"] = having[0]
        if "process" not in plain and not any(process.when for process in processes.values()):
            plain["process"] = next(iter(processes))
        process = processes.get(named := plain.get("process", ""))
        if named and process is None:
            raise Unreadable(f'process: "{named}" must be one of {", ".join(processes)}', ("process", named))
        if process is not None:
            known = process.stages[0].id if stage is None else _stage(process, stage)
            if known is None:
                stages = ", ".join(stage.id for stage in process.stages)
                raise Unreadable(
                    f'stage: the process {named} has no "{stage}": {stages}', ("stage", str(stage))
                )
            plain["stage"] = known

    def _choose_process(self, plain: Plain) -> None:
        """Set the process whose condition holds for the deal; the first stands in while that is asked."""
        from pipecli.store.choose_by_condition import choose_process

        first = next(iter(self.settings.processes))
        stage = plain.get("stage", self.settings.processes[first].stages[0].id)
        plain["process"] = choose_process(
            self.pipeline, validate(Opportunity, plain | {"process": first, "stage": stage})
        )
        plain.setdefault("stage", self.settings.processes[plain["process"]].stages[0].id)

    def _unit_price(self, plain: Plain, item: dict[str, Any]) -> Decimal:
        quantity = item.get("quantity", Decimal(1))
        day = plain["created"].date()
        name = (plain.get("price_list"), plain["currency"], item["product"], quantity, day)
        price = self._prices.get(name)
        if price is None:
            try:
                deal = self._priced(plain)
                price = (
                    items_and_prices.unit_price(deal, self, item["product"], quantity, day),
                    items_and_prices.price_list_of(deal, self, day).tax_included,
                )
            except PipecliError as error:
                price = f"{item['product']} has no unit_price: {error.message}"
            self._prices[name] = price
        if isinstance(price, str):
            raise Unreadable(price)
        if bool(price[1]) != bool(plain.get("tax_included")):
            if any("unit_price" in other for other in plain["items"]) or "tax_included" in plain:
                how = "with" if price[1] else "without"
                raise Unreadable(f"the prices of the list are {how} tax: say tax_included for the others")
            plain["tax_included"] = True
        return price[0]

    def _priced(self, plain: Plain) -> Opportunity:
        """A deal with the fields that decide its price list; without the price it can't be validated yet."""
        names = ("id", "created", "title", "currency", "price_list")
        return self._blank.with_(**{name: plain.get(name) for name in names})

    @cached_property
    def price_lists(self) -> list[PriceList]:
        return self.pipeline.all(PriceList)

    def _spell_words(self, plain: Plain) -> None:
        """Spell types, sources and reasons as the settings do. Raises Refused for others."""
        words: list[tuple[Plain, str, Callable[..., str | None]]] = [(plain, "source", require_source)]
        if self.collection.noun == "opportunity":
            words.append((plain, "type", require_type))
        elif "disqualified" in plain:
            from pipecli.workflow.lead import require_disqualify_reason

            words.append((plain["disqualified"], "reason", require_disqualify_reason))
        for part, name, require in words:
            if isinstance(part.get(name), str):
                part[name] = require(self.settings, part[name], is_whole=True)
        lost = plain.get("closed", {}) if plain.get("status") == "lost" else {}
        reasons = [reasons] if isinstance(reasons := lost.get("reasons", ()), str) else reasons
        if reasons:
            lost["reasons"] = [
                require_listed_lost_reason(self.settings, reason, is_whole=True) for reason in reasons
            ]


def _stage(process: Any, name: str) -> str | None:
    wanted = name.casefold()
    return next((stage.id for stage in process.stages if wanted in (stage.id, stage.label.casefold())), None)


def _likeliest(possible: frozenset[str]) -> str | None:
    return next(iter(possible)) if len(possible) == 1 else next(iter({"USD", "GBP"} & possible), None)


def _listed(*signed: frozenset[str]) -> str:
    return " and ".join(
        "dollars" if "USD" in currencies else " or ".join(sorted(currencies))
        for currencies in dict.fromkeys(signed)
    )


def forget_ending(noun: str, plain: Plain, values: Mapping[Path, Any]) -> None:
    """Take away how a record ended where it now has another status."""
    group = STATUS_AND_DETAILS.get(noun, ())
    if "status" in group and values.get(("status",), plain.get("status")) != plain.get("status"):
        for name in group:
            plain.pop(name, None)
