"""Prices of what is still on offer: its list and its discounts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

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
    """A list that is not valid today: the next price from it is refused, and those from it may be old."""
    today = pipeline.today.isoformat()
    default = pipeline.settings.price_list
    for file, own, name, first, last in pipeline.index.connection.execute(
        f"""SELECT o.path, o.price_list, p.id, p.valid_from, p.valid_until FROM {_ON_OFFER} o
        JOIN _price_lists p ON p.id = coalesce(o.price_list, ?) AND p.currency = o.currency
        WHERE (p.valid_until < ? OR p.valid_from > ?)
        AND EXISTS (SELECT 1 FROM items i WHERE i.path = o.path AND i.product IS NOT NULL) ORDER BY o.path""",
        (default, today, today),
    ):
        days = f"expired on {last}" if last and last < today else f"is valid only from {first}"
        yield Problem(file, ("price_list",) if own else ("items",), f"priced from {name}, which {days}")


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
