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
        way_out = f": close it with pipecli opp won {deal}" if status == "open" else ""
        yield Problem(file, ("status",), f"{key} is accepted although {deal} is {status}{way_out}")


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


def won_quotation(pipeline: Pipeline) -> Iterator[Problem]:
    """A deal is won by a quotation that the customer accepted, and not by one that is over."""
    for file, key, status in pipeline.index.connection.execute(
        "SELECT o.path, q.id, q.status FROM _opportunities o "
        "JOIN _quotations q ON q.id = o.closed_quotation "
        "WHERE o.status = 'won' AND q.opportunity = o.id "
        "AND q.status IN ('rejected', 'expired', 'superseded') ORDER BY o.path"
    ):
        yield Problem(
            file,
            ("closed", "quotation"),
            f"closed.quotation: {key} is {status}; name the one that the customer accepted",
        )


def revised_quotation(pipeline: Pipeline) -> Iterator[Problem]:
    """Quotations that stand although another revises them: the customer could accept both."""
    for file, key, status, later in pipeline.index.connection.execute(
        "SELECT q.path, q.id, q.status, min(r.id) FROM _quotations q "
        "JOIN _quotations r ON r.revision_of = q.id "
        "WHERE q.status IN ('draft', 'sent', 'accepted') GROUP BY q.path ORDER BY q.path"
    ):
        yield Problem(
            file, ("status",), f"{key} is {status} although {later} revises it: what is revised is superseded"
        )


def addressee(pipeline: Pipeline) -> Iterator[Problem]:
    """Quotations to nobody: neither a customer nor a lead."""
    for file, key in pipeline.index.connection.execute(
        "SELECT path, id FROM _quotations WHERE customer IS NULL AND lead IS NULL ORDER BY path"
    ):
        yield Problem(file, (), f"{key} names neither a customer nor a lead: whom is it for?")


def closing_day(pipeline: Pipeline) -> Iterator[Problem]:
    """Deals that were closed on a day that is yet to come: what is expected is no fact."""
    for file, key, status, day in pipeline.index.connection.execute(
        "SELECT path, id, status, closed_date FROM _opportunities WHERE closed_date > ? ORDER BY path",
        (pipeline.today.isoformat(),),
    ):
        yield Problem(file, ("closed", "date"), f"closed.date: {key} is {status}, and {day} is yet to come")


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
    Rule("won-quotation", Severity.WARNING, won_quotation),
    Rule("revised-quotation", Severity.WARNING, revised_quotation),
    Rule("addressee", Severity.WARNING, addressee),
    Rule("validity", Severity.ERROR, validity),
    Rule("parent-loop", Severity.ERROR, parent_loop),
    Rule("open-quotation", Severity.WARNING, open_quotation),
    Rule("accepted-quotation", Severity.WARNING, accepted_quotation),
    Rule("accepted-twice", Severity.WARNING, accepted_twice),
    Rule("primary-contact", Severity.WARNING, primary_contact),
)
WITH_SETTINGS = (Rule("closing-day", Severity.WARNING, closing_day),)
