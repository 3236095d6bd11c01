"""What a new record needs beside what its row says: an id, its process and stage, the price of its items."""

from __future__ import annotations

from decimal import Decimal
from functools import cached_property
from typing import Any

from pipecli.errors import PipecliError
from pipecli.inbox.amounts import Money, Unreadable
from pipecli.inbox.names import Names
from pipecli.records.base import Plain, Record
from pipecli.records.catalogue import PriceList
from pipecli.records.kinds import Collection
from pipecli.records.lead import Lead
from pipecli.records.opportunity import Opportunity
from pipecli.records.settings import Settings
from pipecli.store.pipeline import Pipeline
from pipecli.workflow import items, rules

_PRICED = ("opportunity", "quotation", "supplier-quotation", "order")
"""The kinds of record with a currency and items."""


class Completer:
    """Fills in records of one collection from what the pipeline knows."""

    def __init__(self, pipeline: Pipeline, collection: Collection, names: Names) -> None:
        self.pipeline, self.collection, self.names = pipeline, collection, names
        self.settings: Settings = pipeline.settings
        self._prices: dict[tuple[object, ...], Decimal | str] = {}

    def settle_currency(self, plain: Plain, money: list[Money]) -> None:
        """Give a record the currency that its amounts are written in. Raises Unreadable if it has another."""
        signed = [each.currencies for each in money if each.currencies]
        base = self.settings.currency
        has_currency = self.collection.noun in (*_PRICED, "price-list")
        told = plain.get("currency") if has_currency else base
        possible = frozenset.intersection(*signed) if signed else frozenset()
        if told is None:
            told = base if not signed or base in possible else _likeliest(possible)
            if told is None:
                raise Unreadable(f"its amounts are in no one currency: {_listed(*signed)}")
            plain["currency"] = told
        if signed and told not in possible:
            raise Unreadable(f"its amounts are written in {_listed(*signed)}, and it is in {told}")

    def complete(self, plain: Plain) -> None:
        """Add what is not said. Raises Unreadable."""
        noun = self.collection.noun
        if noun == "opportunity":
            self._open(plain)
        for item in plain.get("items", ()):
            if "description" not in item and "product" in item:
                labels = self.names.known("product").labels
                item["description"] = labels.get(item["product"], item["product"])
            if noun == "opportunity" and "unit_price" not in item and "product" in item:
                item["unit_price"] = self._unit_price(plain, item)
        if noun == "opportunity" and "process" not in plain:
            self._choose_process(plain)

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
        process = processes.get(plain.get("process", ""))
        if process is not None:
            known = process.stages[0].id if stage is None else _stage(process, stage)
            if known is None:
                stages = ", ".join(each.id for each in process.stages)
                raise Unreadable(f'stage: the process {plain["process"]} has no "{stage}": {stages}')
            plain["stage"] = known

    def _choose_process(self, plain: Plain) -> None:
        """The process whose condition holds for the deal, which it must have to be asked."""
        from pipecli.store.index.query import choose_process
        from pipecli.store.reading import validate

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
        if name not in self._prices:
            try:
                self._prices[name] = items.unit_price(
                    self._priced(plain), self.settings, self._price_lists, item["product"], quantity, day
                )
            except PipecliError as error:
                self._prices[name] = f"{item['product']} has no unit_price: {error.message}"
        price = self._prices[name]
        if isinstance(price, str):
            raise Unreadable(price)
        return price

    def _priced(self, plain: Plain) -> Opportunity:
        """As much of a deal as tells its price list: it is none yet, for want of the price."""
        return Opportunity.model_construct(
            id=plain["id"],
            created=plain["created"],
            title=str(plain.get("title")),
            process="",
            stage="",
            currency=plain["currency"],
            price_list=plain.get("price_list"),
        )

    @cached_property
    def _price_lists(self) -> list[PriceList]:
        return self.pipeline.all(PriceList)

    def check_words(self, record: Record) -> None:
        """Hold a record to the words of the settings: types, sources, reasons. Raises Refused."""
        if isinstance(record, Opportunity):
            rules.require_type(self.settings, record.type)
            rules.require_source(self.settings, record.source)
            if record.status == "lost" and record.closed and record.closed.reason:
                rules.require_lost_reason(self.settings, record.closed.reason)
        elif isinstance(record, Lead):
            rules.require_source(self.settings, record.source)
            if record.disqualified:
                rules.require_disqualify_reason(self.settings, record.disqualified.reason)


def _stage(process: Any, name: str) -> str | None:
    """The stage of a process with this id or name."""
    wanted = name.casefold()
    return next((each.id for each in process.stages if wanted in (each.id, each.label.casefold())), None)


def _likeliest(possible: frozenset[str]) -> str | None:
    if len(possible) == 1:
        return next(iter(possible))
    return "USD" if "USD" in possible else None


def _listed(*signed: frozenset[str]) -> str:
    return " and ".join(
        "dollars" if "USD" in each else " or ".join(sorted(each)) for each in dict.fromkeys(signed)
    )
