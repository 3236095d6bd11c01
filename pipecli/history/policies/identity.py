"""Records as such: none vanishes, takes another name, or is another's age."""

from __future__ import annotations

from collections.abc import Iterator

from pipecli.history.policies.rule import Changed, Review, Rule
from pipecli.records.base import Document
from pipecli.records.kinds import BY_NOUN
from pipecli.records.opportunity import Opportunity
from pipecli.store.checks.rule import Problem, Severity

_WAY_OUT = {
    "lead": "disqualify it: pipecli lead disqualify",
    "opportunity": "close it as lost: pipecli opp lost",
    "quotation": "let it be rejected or superseded: pipecli quote reject",
    "supplier-quotation": "decline it: pipecli supplier-quote decline",
    "order": "cancel it: pipecli order cancel",
}


def deleted_document(review: Review) -> Iterator[Problem]:
    """Leads, deals, quotations and orders that are gone, with all that was known of them."""
    for each in _gone(review):
        if each.noun in _WAY_OUT:
            yield Problem(each.file, (), f"{_name(each)} is deleted; bring it back{_instead(each)}")


def deleted_record(review: Review) -> Iterator[Problem]:
    """Customers, contacts, products and the like that are gone."""
    for each in _gone(review):
        if each.noun in BY_NOUN and each.noun not in _WAY_OUT:
            yield Problem(each.file, (), f"{_name(each)} is deleted")


def id_changed(review: Review) -> Iterator[Problem]:
    """Records with another id: what named the old one, here or elsewhere, finds nothing."""
    for each in review.changed:
        if each.old_key != each.key and not each.is_gone:
            field = BY_NOUN[each.noun].identity
            said = f"{field}: {each.old_key} → {each.key}; an id never changes, what names it would be lost"
            yield Problem(each.file, (field,), said)


def created_changed(review: Review) -> Iterator[Problem]:
    """Documents that were created at another time: their age and first response follow from it."""
    for each in review.changed:
        before, after = each.before, each.after
        if isinstance(before, Document) and isinstance(after, Document) and before.created != after.created:
            said = f"created: {before.created.isoformat()} → {after.created.isoformat()}"
            yield Problem(each.file, ("created",), f"{said}; its age follows from it")


def not_compared(review: Review) -> Iterator[Problem]:
    """Records whose version before was not valid, so that no rule can say what changed."""
    for each in review.changed:
        if each.fault and not each.is_gone:
            said = f"the version before was not valid ({each.fault}): no rule can say what changed"
            yield Problem(each.file, (), said)


def _gone(review: Review) -> Iterator[Changed]:
    return (each for each in review.changed if each.is_gone)


def _instead(each: Changed) -> str:
    """What ends a document without deleting it; nothing for a deal that has ended."""
    if isinstance(each.before, Opportunity) and not each.before.is_open:
        return f", reports count what is {each.before.status}"
    return f", and {_WAY_OUT[each.noun]} {each.key}"


def _name(each: Changed) -> str:
    label = f' "{each.before.label}"' if each.before and each.before.label != each.key else ""
    return f"{each.noun.replace('-', ' ')} {each.key}{label}"


STRUCTURE = (
    Rule("deleted-document", Severity.ERROR, deleted_document),
    Rule("deleted-record", Severity.WARNING, deleted_record),
    Rule("id-changed", Severity.ERROR, id_changed),
    Rule("created-changed", Severity.WARNING, created_changed),
    Rule("not-compared", Severity.WARNING, not_compared),
)
