"""A rule about changes, and its view of a change set: records before and after, and the commits between."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from pipecli.checks.rule import Problem, Severity
from pipecli.history.change_set import Range
from pipecli.history.commits import file_changes, listed, parse_commit
from pipecli.history.moments import tip
from pipecli.records.base import Plain, Record
from pipecli.records.opportunity import Opportunity
from pipecli.records.settings import Process, Settings
from pipecli.store import files, git
from pipecli.store.files import Location
from pipecli.store.yaml import read

if TYPE_CHECKING:
    from pipecli.history.events import Event
    from pipecli.store.pipeline import Pipeline

R = TypeVar("R", bound=Record)


class Changed(NamedTuple):
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
    """Why the version before is no valid record, where there is one."""

    def story(self, *fields: str) -> str:
        """The events of these fields in words."""
        return "; ".join(event.text for event in self.events if event.field.partition(".")[0] in fields)


@dataclass(frozen=True)
class Review:
    """A change set as the rules see it."""

    changed: Sequence[Changed]
    settings: Settings | None
    """Those of the base: a change set does not loosen the rules that it is held to. None: no valid ones."""
    new_settings: Settings | None
    head: Pipeline
    between: Between

    @property
    def limits(self) -> Settings:
        assert self.settings, "rules that ask the settings wait for them"
        return self.settings

    def kept(self, model: type[R]) -> Iterator[tuple[Changed, R, R]]:
        """The records of a kind that are there before and after."""
        for record, before, after in self.present(model):
            if before is not None:
                yield record, before, after

    def present(self, model: type[R]) -> Iterator[tuple[Changed, R | None, R]]:
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


class Rule(NamedTuple):
    name: str
    severity: Severity
    problems: Callable[[Review], Iterator[Problem]]


class _Step(NamedTuple):
    commit: str
    blob: str


class Between:
    """Read only where a rule asks: most change sets need no look at their commits."""

    def __init__(self, place: Location, range_: Range) -> None:
        self._place = place
        self._range = range_

    def versions(self, file: str) -> list[Plain]:
        """The versions of a file on its way that can be read, the oldest first."""
        steps = self._steps.get(file, ())
        blobs = git.objects(self._place.work_tree, [step.blob for step in steps], files.LARGEST)
        return [plain for blob in blobs if (plain := read.plain_of(blob.content, "")) is not None]

    def forced(self, file: str, key: str) -> str:
        """` (forced in 1a2b3c4 by Ana Ruiz: "why")` when a commit says so; a hint, which excuses nothing."""
        ids = [step.commit for step in self._steps.get(file, ())]
        for object_ in git.objects(self._place.work_tree, reversed(ids), files.LARGEST):
            commit = parse_commit(object_.id, object_.content or b"")
            if commit.subject.startswith(f"{key}: advance ") and commit.subject.endswith("(forced)"):
                why = f': "{commit.body.splitlines()[0]}"' if commit.body else ""
                return f" (forced in {commit.id[:7]} by {commit.author}{why})"
        return ""

    @cached_property
    def _steps(self) -> dict[str, list[_Step]]:
        head = self._range.head or tip(self._place).commit
        commits = [commit.id for commit in listed(self._place, head, self._range.base)]
        steps: dict[str, list[_Step]] = defaultdict(list)
        for part in file_changes(self._place, commits):
            for commit_id, touched in part:
                for touch in touched:
                    if touch.after:
                        steps[touch.path].append(_Step(commit_id, touch.after))
        return steps
