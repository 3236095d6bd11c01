"""Rules about all records of a change set, and their view of it: before, after, and the commits between.

No record vanishes, takes another id or another day of birth; a deal that goes along with a renamed stage or
user has not changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from pipecli.checks import Problem, Rule, Severity
from pipecli.errors import FaultyFile
from pipecli.history.change_set import Range
from pipecli.history.commit_as_of import tip
from pipecli.history.commits import file_changes, listed_commits, parse_commit
from pipecli.history.events_in_words import RecordVersion
from pipecli.records.base import Document, Plain, Record
from pipecli.records.kinds import BY_NOUN, SETTINGS
from pipecli.records.opportunity import Opportunity
from pipecli.records.settings import Process, Settings
from pipecli.store import git, safe_files
from pipecli.store.location import Location
from pipecli.store.validate_record import parse_record
from pipecli.store.yaml import read

if TYPE_CHECKING:
    from pipecli.history.events_in_words import Event
    from pipecli.store.pipeline import Pipeline

R = TypeVar("R", bound=Record)


class ReviewedRecord(NamedTuple):
    """One record of a change set. One whose id changed is the same record still."""

    noun: str
    key: str
    file: str
    """Where it is; of a removed one, where it was."""
    before: Record | None
    after: Record | None
    """None: not there, or not valid, which the rules about states tell."""
    events: Sequence[Event]
    old_key: str
    is_gone: bool
    fault: str | None
    """Why the version before isn't a valid record, where there is one."""

    def story(self, *fields: str) -> str:
        """The events of these fields in words."""
        return "; ".join(event.text for event in self.events if event.field.partition(".")[0] in fields)


@dataclass(frozen=True)
class ReviewedChanges:
    """A change set as the rules see it."""

    changed: Sequence[ReviewedRecord]
    settings: Settings | None
    """Those of the base: a change set does not loosen the rules that it is held to. Its own where those are
    not valid, which `not_compared` tells; None where neither are."""
    new_settings: Settings | None
    head: Pipeline
    between: Between

    @property
    def known_settings(self) -> Settings:
        assert self.settings, "rules that ask the settings wait for them"
        return self.settings

    def kept(self, model: type[R]) -> Iterator[tuple[ReviewedRecord, R, R]]:
        """The records of a kind that are there before and after."""
        for record, before, after in self.present(model):
            if before is not None:
                yield record, before, after

    def present(self, model: type[R]) -> Iterator[tuple[ReviewedRecord, R | None, R]]:
        """The records of a kind that are there after; before is None for a new one."""
        for record in self.changed:
            if isinstance(record.after, model) and not record.fault:
                assert record.before is None or isinstance(record.before, model)
                yield record, record.before, record.after

    def process_of(self, deal: Opportunity) -> Process | None:
        """The process that a deal walks as the base has it; a new process or stage, as it is now."""
        for settings in (self.settings, self.new_settings):
            process = settings.processes.get(deal.process) if settings else None
            if process is not None and process.position(deal.stage) is not None:
                return process
        return None


class _Step(NamedTuple):
    commit: str
    blob: str


class Between:
    """Read only where a rule asks: most change sets need no look at their commits."""

    def __init__(self, location: Location, range_: Range) -> None:
        self._location = location
        self._range = range_

    def versions(self, file: str) -> list[Plain]:
        """The versions of a file on its way that can be read, the oldest first."""
        steps = self._steps.get(file, ())
        blobs = git.objects(self._location.work_tree, [step.blob for step in steps], safe_files.LARGEST)
        return [plain for blob in blobs if (plain := read.plain_of(blob.content, "")) is not None]

    def forced(self, file: str, key: str) -> str:
        """` (forced in 1a2b3c4 by Ana Ruiz: "why")` when a commit says so; a hint, which excuses nothing."""
        ids = [step.commit for step in self._steps.get(file, ())]
        for object_ in git.objects(self._location.work_tree, reversed(ids), safe_files.LARGEST):
            commit = parse_commit(object_.id, object_.content or b"")
            if commit.subject.startswith(f"{key}: advance ") and commit.subject.endswith("(forced)"):
                why = f': "{commit.body.splitlines()[0]}"' if commit.body else ""
                return f" (forced in {commit.id[:7]} by {commit.author}{why})"
        return ""

    def imported(self, record: ReviewedRecord, fields: Collection[str]) -> str:
        """` by the import 1a2b3c4 of Ana Ruiz` where imports alone made these fields others; else empty."""

        def said(version: Record | None) -> list[object]:
            return [getattr(version, field, None) for field in fields]

        steps = self._steps.get(record.file, ())
        objects = git.objects(
            self._location.work_tree, [id_ for step in steps for id_ in step], safe_files.LARGEST
        )
        last, by = said(record.before), ""
        for commit, blob in zip(objects, objects, strict=True):
            try:
                text = (blob.content or b"").decode("utf-8", "replace")
                version = parse_record(BY_NOUN[record.noun], record.file, text)
            except FaultyFile:
                return ""
            if said(version) != last:
                made = parse_commit(commit.id, commit.content or b"")
                if "imported" not in made.events:
                    return ""
                last, by = said(version), f" by the import {made.id[:7]} of {made.author}"
        return by if said(record.after) == last else ""

    @cached_property
    def _steps(self) -> dict[str, list[_Step]]:
        head = self._range.head or tip(self._location).commit
        commits = [commit.id for commit in listed_commits(self._location, head, self._range.base)]
        steps: dict[str, list[_Step]] = defaultdict(list)
        for part in file_changes(self._location, commits):
            for commit_id, changes in part:
                for change in changes:
                    if change.after:
                        steps[change.path].append(_Step(commit_id, change.after))
        return steps


_WAY_OUT = {
    "lead": "disqualify it: pipecli lead disqualify",
    "opportunity": "close it as lost: pipecli opp lost",
    "quotation": "let it be rejected or superseded: pipecli quote reject",
    "supplier-quotation": "decline it: pipecli supplier-quote decline",
    "order": "cancel it: pipecli order cancel",
    "invoice": "credit it: pipecli invoice credit",
}


def deleted_document(review: ReviewedChanges) -> Iterator[Problem]:
    """Leads, deals and papers that are gone, with all that was known of them."""
    for record in _gone(review):
        if record.noun in _WAY_OUT:
            yield Problem(record.file, (), f"{_name(record)} is deleted; bring it back{_instead(record)}")


def deleted_record(review: ReviewedChanges) -> Iterator[Problem]:
    """Customers, contacts, products and the like that are gone."""
    for record in _gone(review):
        if record.noun in BY_NOUN and record.noun not in _WAY_OUT:
            yield Problem(record.file, (), f"{_name(record)} is deleted")


def id_changed(review: ReviewedChanges) -> Iterator[Problem]:
    """Records with another id: what named the old one, here or elsewhere, finds nothing."""
    for record in review.changed:
        if record.old_key != record.key and not record.is_gone:
            field = BY_NOUN[record.noun].identity
            ids = f"{field}: {record.old_key} → {record.key}"
            yield Problem(record.file, (field,), f"{ids}; an id never changes, what names it would be lost")


def created_changed(review: ReviewedChanges) -> Iterator[Problem]:
    """Documents that were created at another time: their age and first response follow from it."""
    for record in review.changed:
        before, after = record.before, record.after
        if isinstance(before, Document) and isinstance(after, Document) and before.created != after.created:
            times = f"created: {before.created.isoformat()} → {after.created.isoformat()}"
            yield Problem(record.file, ("created",), f"{times}; its age follows from it")


def not_compared(review: ReviewedChanges) -> Iterator[Problem]:
    """Records whose version before was not valid, so that no rule can say what changed."""
    for record in review.changed:
        if record.fault and not record.is_gone:
            message = f"the version before was not valid ({record.fault}): no rule can say what changed"
            own = ", and the limits are those of this change" if record.noun == SETTINGS.noun else ""
            yield Problem(record.file, (), message + own)


def _gone(review: ReviewedChanges) -> Iterator[ReviewedRecord]:
    return (record for record in review.changed if record.is_gone)


def _instead(changed: ReviewedRecord) -> str:
    """The way to end a document without deleting it; of a deal that has ended, why it must stay."""
    if isinstance(changed.before, Opportunity) and not changed.before.is_open:
        return f", reports count what is {changed.before.status}"
    return f", and {_WAY_OUT[changed.noun]} {changed.key}"


def _name(changed: ReviewedRecord) -> str:
    label = f' "{changed.before.label}"' if changed.before and changed.before.label != changed.key else ""
    return f"{changed.noun.replace('-', ' ')} {changed.key}{label}"


RULES = (
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
