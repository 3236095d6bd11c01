"""Records as such: none vanishes, takes another id, or another day of birth.

Stages and users with another name in the settings: a deal that goes along has not changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pipecli.checks.changes.rule import Changed, Review, Rule
from pipecli.checks.rule import Problem, Severity
from pipecli.history.events import RecordVersion
from pipecli.records.base import Document, Plain
from pipecli.records.kinds import BY_NOUN
from pipecli.records.opportunity import Opportunity
from pipecli.records.settings import Process, Settings

_WAY_OUT = {
    "lead": "disqualify it: pipecli lead disqualify",
    "opportunity": "close it as lost: pipecli opp lost",
    "quotation": "let it be rejected or superseded: pipecli quote reject",
    "supplier-quotation": "decline it: pipecli supplier-quote decline",
    "order": "cancel it: pipecli order cancel",
}


def deleted_document(review: Review) -> Iterator[Problem]:
    """Leads, deals, quotations and orders that are gone, with all that was known of them."""
    for record in _gone(review):
        if record.noun in _WAY_OUT:
            yield Problem(record.file, (), f"{_name(record)} is deleted; bring it back{_instead(record)}")


def deleted_record(review: Review) -> Iterator[Problem]:
    """Customers, contacts, products and the like that are gone."""
    for record in _gone(review):
        if record.noun in BY_NOUN and record.noun not in _WAY_OUT:
            yield Problem(record.file, (), f"{_name(record)} is deleted")


def id_changed(review: Review) -> Iterator[Problem]:
    """Records with another id: what named the old one, here or elsewhere, finds nothing."""
    for record in review.changed:
        if record.old_key != record.key and not record.is_gone:
            field = BY_NOUN[record.noun].identity
            message = (
                f"{field}: {record.old_key} → {record.key}; an id never changes, what names it would be lost"
            )
            yield Problem(record.file, (field,), message)


def created_changed(review: Review) -> Iterator[Problem]:
    """Documents that were created at another time: their age and first response follow from it."""
    for record in review.changed:
        before, after = record.before, record.after
        if isinstance(before, Document) and isinstance(after, Document) and before.created != after.created:
            times = f"created: {before.created.isoformat()} → {after.created.isoformat()}"
            yield Problem(record.file, ("created",), f"{times}; its age follows from it")


def not_compared(review: Review) -> Iterator[Problem]:
    """Records whose version before was not valid, so that no rule can say what changed."""
    for record in review.changed:
        if record.fault and not record.is_gone:
            message = f"the version before was not valid ({record.fault}): no rule can say what changed"
            yield Problem(record.file, (), message)


def _gone(review: Review) -> Iterator[Changed]:
    return (record for record in review.changed if record.is_gone)


def _instead(changed: Changed) -> str:
    """The way to end a document without deleting it; of a deal that has ended, why it must stay."""
    if isinstance(changed.before, Opportunity) and not changed.before.is_open:
        return f", reports count what is {changed.before.status}"
    return f", and {_WAY_OUT[changed.noun]} {changed.key}"


def _name(changed: Changed) -> str:
    label = f' "{changed.before.label}"' if changed.before and changed.before.label != changed.key else ""
    return f"{changed.noun.replace('-', ' ')} {changed.key}{label}"


STRUCTURE = (
    Rule("deleted-document", Severity.ERROR, deleted_document),
    Rule("deleted-record", Severity.WARNING, deleted_record),
    Rule("id-changed", Severity.ERROR, id_changed),
    Rule("created-changed", Severity.WARNING, created_changed),
    Rule("not-compared", Severity.WARNING, not_compared),
)


class Renames(NamedTuple):
    """Stages and users that `settings rename`, or an edit by hand, gave another name."""

    stages: dict[tuple[str, str], str]
    """By process and old name."""
    users: dict[str, str]

    def of_settings(self, settings: Settings) -> Settings:
        """The old settings in the new words."""
        processes = {
            slug: process.with_(
                stages=tuple(
                    stage.with_(id=self.stages.get((slug, stage.id), stage.id)) for stage in process.stages
                )
            )
            for slug, process in settings.processes.items()
        }
        return settings.with_(processes=processes)

    def of_deal(self, version: RecordVersion) -> RecordVersion:
        """An old version of a deal in the new words."""
        plain: Plain = dict(version.plain)
        stage, owner = (plain.get("process"), plain.get("stage")), plain.get("owner")
        if stage in self.stages:
            plain["stage"] = self.stages[stage]
        if owner in self.users:
            plain["owner"] = self.users[owner]
        return version._replace(plain=plain)


def renames(before: Settings | None, after: Settings | None) -> Renames:
    """The names that are another, by what has them."""
    if before is None or after is None or before == after:
        return Renames({}, {})
    stages = {
        (slug, old): new
        for slug, process in before.processes.items()
        if slug in after.processes
        for old, new in _renamed_stages(process, after.processes[slug]).items()
    }
    gone = {slug: user for slug, user in before.users.items() if slug not in after.users}
    new_users = {slug: user for slug, user in after.users.items() if slug not in before.users}
    users = {
        old: new
        for old, was in gone.items()
        for new, user in new_users.items()
        if (was.name, was.email) == (user.name, user.email)
    }
    return Renames(stages, users)


def _renamed_stages(before: Process, after: Process) -> dict[str, str]:
    """Those that stand in the place of one that is gone, in a process as long as it was."""
    if len(before.stages) != len(after.stages):
        return {}
    return {
        old.id: new.id
        for old, new in zip(before.stages, after.stages, strict=True)
        if after.position(old.id) is None and before.position(new.id) is None
    }
