"""States that don't go together: of a deal and its quotations, its contacts, of customers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipecli.store.checks.rule import Problem, Rule, Severity

if TYPE_CHECKING:
    from pipecli.store.pipeline import Pipeline


def open_quotation(pipeline: Pipeline) -> Iterator[Problem]:
    """Drafts and sent quotations of a deal that is closed: the customer could still accept one."""
    for file, key, status, deal, closed in _quotations(
        pipeline, "q.status IN ('draft', 'sent') AND o.status <> 'open'"
    ):
        yield Problem(file, ("status",), f"{key} is {status} although {deal} is {closed}")


def accepted_quotation(pipeline: Pipeline) -> Iterator[Problem]:
    """Accepted quotations of a deal that was not won."""
    for file, key, _, deal, status in _quotations(pipeline, "q.status = 'accepted' AND o.status <> 'won'"):
        yield Problem(file, ("status",), f"{key} is accepted although {deal} is {status}")


def accepted_twice(pipeline: Pipeline) -> Iterator[Problem]:
    """Two accepted quotations of one deal: only one of them was ordered."""
    for file, key, deal in pipeline.index.connection.execute(
        "SELECT path, id, opportunity FROM _quotations WHERE status = 'accepted' AND opportunity IN ("
        "SELECT opportunity FROM _quotations WHERE status = 'accepted' GROUP BY opportunity "
        "HAVING count(*) > 1) ORDER BY path"
    ):
        yield Problem(file, ("status",), f"{key} is not the only accepted quotation of {deal}")


def winning_quotation(pipeline: Pipeline) -> Iterator[Problem]:
    """A deal is won by a quotation of its own."""
    for file, key, deal in pipeline.index.connection.execute(
        "SELECT o.path, q.id, q.opportunity FROM _opportunities o "
        "JOIN _quotations q ON q.id = o.closed_quotation WHERE q.opportunity <> o.id"
    ):
        yield Problem(file, ("closed", "quotation"), f"closed.quotation: {key} is a quotation of {deal}")


def validity(pipeline: Pipeline) -> Iterator[Problem]:
    """What is valid until a day before it begins."""
    for table, first in (("_quotations", "date"), ("_price_lists", "valid_from")):
        for file, begins, ends in pipeline.index.connection.execute(
            f"SELECT path, {first}, valid_until FROM {table} WHERE valid_until < {first}"
        ):
            yield Problem(file, ("valid_until",), f"valid_until: {ends} is before its {first} {begins}")


def primary_contact(pipeline: Pipeline) -> Iterator[Problem]:
    """A deal has one primary contact, and each contact once."""
    for file, count in pipeline.index.connection.execute(
        'SELECT path, sum("primary") FROM stakeholders GROUP BY path HAVING sum("primary") > 1'
    ):
        yield Problem(file, ("contacts",), f"contacts: {count} of them are primary")
    for file, contact in pipeline.index.connection.execute(
        "SELECT path, contact FROM stakeholders GROUP BY path, contact HAVING count(*) > 1"
    ):
        yield Problem(file, ("contacts",), f"contacts: {contact} is named twice")


def parent_loop(pipeline: Pipeline) -> Iterator[Problem]:
    """A customer belongs to itself, through one parent or more."""
    found = pipeline.index.connection.execute(
        "SELECT id, parent, path FROM _customers WHERE parent IS NOT NULL"
    )
    parents = {key: (parent, path) for key, parent, path in found}
    for key, (parent, path) in parents.items():
        seen = {key}
        above: str | None = parent
        while above and above not in seen:
            seen.add(above)
            above = parents.get(above, (None, ""))[0]
        if above == key:
            yield Problem(path, ("parent",), f"parent: {key} belongs to itself, through {parent}")


def _quotations(pipeline: Pipeline, condition: str) -> Iterator[tuple[str, str, str, str, str]]:
    yield from pipeline.index.connection.execute(
        f"""SELECT q.path, q.id, q.status, o.id, o.status FROM _quotations q
        JOIN _records r ON r.noun = 'opportunity' AND r.key = q.opportunity
        JOIN _opportunities o ON o.path = r.path WHERE {condition} ORDER BY q.path"""
    )


STRUCTURE = (
    Rule("winning-quotation", Severity.ERROR, winning_quotation),
    Rule("validity", Severity.ERROR, validity),
    Rule("parent-loop", Severity.ERROR, parent_loop),
    Rule("open-quotation", Severity.WARNING, open_quotation),
    Rule("accepted-quotation", Severity.WARNING, accepted_quotation),
    Rule("accepted-twice", Severity.WARNING, accepted_twice),
    Rule("primary-contact", Severity.WARNING, primary_contact),
)
