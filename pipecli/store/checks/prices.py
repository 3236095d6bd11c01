"""Prices of what is still on offer: its list and its discounts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from pipecli.store.checks.rule import Problem, Rule, Severity

if TYPE_CHECKING:
    from pipecli.store.pipeline import Pipeline

# Open deals and drafts; what a customer was sent is frozen, and was right on its day.
_ON_OFFER = """(SELECT path, id, currency, price_list FROM _opportunities WHERE status = 'open'
    UNION ALL SELECT path, id, currency, price_list FROM _quotations WHERE status = 'draft')"""


def price_list_currency(pipeline: Pipeline) -> Iterator[Problem]:
    """A price list in another currency than the deal: its prices would be taken for what they are not."""
    for file, name, theirs, ours in pipeline.index.connection.execute(
        f"""SELECT o.path, p.id, p.currency, o.currency FROM {_ON_OFFER} o
        JOIN _price_lists p ON p.id = o.price_list WHERE p.currency <> o.currency ORDER BY o.path"""
    ):
        yield Problem(file, ("price_list",), f"price_list: {name} is in {theirs}, and this in {ours}")


def expired_price_list(pipeline: Pipeline) -> Iterator[Problem]:
    """A list that is not valid today: the next price from it is refused, and those from it may be old.

    What names no list is priced from the settings', else from the only valid one in its currency: where none
    of those that price its products is valid any more, its prices are of one that was.
    """
    today = pipeline.today.isoformat()
    default = pipeline.settings.price_list
    lists = {each.id: each for each in _lists(pipeline)}
    for file, own, currency, products in _priced(pipeline):
        named = lists.get(own or default or "")
        if named and named.currency == currency:
            candidates = [named]
        else:
            candidates = [each for each in lists.values() if each.currency == currency and not own]
        over = [each for each in candidates if own or not products.isdisjoint(each.products)]
        if not over or any(each.is_valid(today) for each in candidates):
            continue
        last = max(over, key=lambda each: each.last or "")
        path = ("price_list",) if own else ("items",)
        yield Problem(file, path, f"priced from {last.id}, which {last.when(today)}")


class _List(NamedTuple):
    id: str
    currency: str
    first: str | None
    last: str | None
    products: frozenset[str]

    def is_valid(self, today: str) -> bool:
        return (self.first or today) <= today <= (self.last or today)

    def when(self, today: str) -> str:
        """Why it is not valid."""
        expired = self.last is not None and self.last < today
        return f"expired on {self.last}" if expired else f"is valid only from {self.first}"


def _lists(pipeline: Pipeline) -> Iterator[_List]:
    for key, currency, first, last, products in pipeline.index.connection.execute(
        """SELECT p.id, p.currency, p.valid_from, p.valid_until,
        (SELECT json_group_array(key) FROM json_each(r.json, '$.prices'))
        FROM _price_lists p JOIN _records r USING (path) ORDER BY p.id"""
    ):
        yield _List(key, currency, first, last, frozenset(json.loads(products)))


def _priced(pipeline: Pipeline) -> Iterator[tuple[str, str | None, str, frozenset[str]]]:
    """What is on offer with products: its file, the list it names, its currency and those products."""
    for file, own, currency, products in pipeline.index.connection.execute(
        f"""SELECT o.path, o.price_list, o.currency, json_group_array(i.product) FROM {_ON_OFFER} o
        JOIN items i ON i.path = o.path WHERE i.product IS NOT NULL GROUP BY o.path ORDER BY o.path"""
    ):
        yield file, own, currency, frozenset(json.loads(products))


def discount(pipeline: Pipeline) -> Iterator[Problem]:
    """Discounts above what the settings allow, on what is open, drafted or sent."""
    most = pipeline.settings.quotations.max_discount
    if most is None:
        return
    for file, position, percent in pipeline.index.connection.execute(
        """SELECT i.path, i.position, i.discount FROM items i
        LEFT JOIN _opportunities o USING (path) LEFT JOIN _quotations q USING (path)
        WHERE i.discount > ? AND (o.status = 'open' OR q.status IN ('draft', 'sent'))
        ORDER BY i.path, i.position""",
        (float(most),),
    ):
        path = ("items", position - 1, "discount")
        yield Problem(file, path, f"a discount of {percent:g} % is above the {most:f} % of the settings")


WITH_SETTINGS = (
    Rule("price-list-currency", Severity.ERROR, price_list_currency),
    Rule("expired-price-list", Severity.WARNING, expired_price_list),
    Rule("discount", Severity.WARNING, discount),
)
