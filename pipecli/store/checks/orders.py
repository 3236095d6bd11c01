"""Orders and what they are of, and suppliers' answers: states that no command would leave them in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipecli.store.checks.rule import Problem, Rule, Severity

if TYPE_CHECKING:
    from pipecli.store.pipeline import Pipeline


def ordered_twice(pipeline: Pipeline) -> Iterator[Problem]:
    """Two orders of one quotation that stand: the customer would get everything twice."""
    for file, key, quotation in pipeline.index.connection.execute(
        "SELECT path, id, quotation FROM _orders WHERE status <> 'cancelled' AND quotation IN ("
        "SELECT quotation FROM _orders WHERE status <> 'cancelled' GROUP BY quotation HAVING count(*) > 1) "
        "ORDER BY path"
    ):
        yield Problem(
            file,
            ("quotation",),
            f"quotation: {key} is not the only order of {quotation}; cancel one: pipecli order cancel {key}",
        )


def ordered_quotation(pipeline: Pipeline) -> Iterator[Problem]:
    """Orders of a quotation that is not accepted, or of another deal's."""
    for file, key, quotation, status, deal, own in pipeline.index.connection.execute(
        "SELECT o.path, o.id, q.id, q.status, q.opportunity, o.opportunity FROM _orders o "
        "JOIN _quotations q ON q.id = o.quotation "
        "WHERE o.status <> 'cancelled' AND (q.status <> 'accepted' OR q.opportunity <> o.opportunity) "
        "ORDER BY o.path"
    ):
        if deal != own:
            yield Problem(
                file, ("quotation",), f"quotation: {quotation} is a quotation of {deal}, not of {own}"
            )
        else:
            yield Problem(
                file,
                ("quotation",),
                f"quotation: {quotation} is {status}, and {key} an order of what is accepted",
            )


def delivery(pipeline: Pipeline) -> Iterator[Problem]:
    """Orders whose day of delivery and whose status say different things."""
    for file, key, status, day in pipeline.index.connection.execute(
        "SELECT path, id, status, delivered FROM _orders "
        "WHERE (status = 'delivered') <> (delivered IS NOT NULL) ORDER BY path"
    ):
        said = f"is {status}, and was delivered on {day}" if day else "is delivered, and no day says when"
        yield Problem(file, ("delivered",) if day else ("status",), f"{key} {said}")


def empty_answer(pipeline: Pipeline) -> Iterator[Problem]:
    """Answers of suppliers without a price: nothing can be priced from them."""
    for file, key in pipeline.index.connection.execute(
        "SELECT path, id FROM _supplier_quotations s WHERE status = 'received' "
        "AND NOT EXISTS (SELECT 1 FROM items i WHERE i.path = s.path) ORDER BY path"
    ):
        yield Problem(file, ("status",), f"{key} is received, and has no items")


STRUCTURE = (
    Rule("ordered-twice", Severity.WARNING, ordered_twice),
    Rule("ordered-quotation", Severity.WARNING, ordered_quotation),
    Rule("delivery", Severity.WARNING, delivery),
    Rule("empty-answer", Severity.WARNING, empty_answer),
)
