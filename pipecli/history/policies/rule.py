"""What a rule about changes is, and what it sees: each record of a change set, before and after."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from pipecli.records.base import Record
from pipecli.records.opportunity import Opportunity
from pipecli.records.settings import Process, Settings
from pipecli.store.checks.rule import Problem, Severity

if TYPE_CHECKING:
    from pipecli.history.events import Event
    from pipecli.history.policies.between import Between
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

    def said(self, *fields: str) -> str:
        """What happened to these fields in words."""
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
        for each, before, after in self.present(model):
            if before is not None:
                yield each, before, after

    def present(self, model: type[R]) -> Iterator[tuple[Changed, R | None, R]]:
        """The records of a kind that are there after; before None: it is new."""
        for each in self.changed:
            if isinstance(each.after, model) and not each.fault:
                assert each.before is None or isinstance(each.before, model)
                yield each, each.before, each.after

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
