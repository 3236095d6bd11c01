"""The answer of a verb of the workflow, and the refusals that several verbs share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from pipecli.errors import PipecliError
from pipecli.records.base import Record
from pipecli.records.opportunity import Opportunity
from pipecli.records.settings import Settings


class Refused(PipecliError):
    """A rule of the workflow says no. The message names the rule, the hint the way out."""


@dataclass(frozen=True)
class Change:
    """One step of the workflow. The store writes all its records in one commit, or none of them."""

    subject: Record
    """The record that the step is about, as it is afterwards: the commit is named after it."""
    summary: str
    """In words, for the commit's subject: `advance qualify → demo`."""
    event: str
    """The kind of event, for the commit's trailer: `stage-changed`."""
    also: tuple[Record, ...] = ()
    """Other records, new or changed, that are written with it."""
    removed: tuple[Record, ...] = ()
    """Records whose files go; the subject may be one of them."""
    result: Record | None = None
    """The record a person asked for, where it is not the subject: the opportunity of a conversion."""
    notes: tuple[str, ...] = ()
    """Notes for the person: an existing customer was reused, a rule was overridden."""

    @property
    def records(self) -> tuple[Record, ...]:
        """Every record to write."""
        return (self.subject, *self.also)

    @property
    def asked(self) -> Record:
        """The record that the command prints."""
        return self.result or self.subject


def require_open(deal: Opportunity) -> None:
    """Refuse to go on with a deal that is won, lost or closed, naming the way out."""
    if not deal.is_open:
        raise Refused(f"{deal.id} is {deal.status}", hint=f"reopen it first: pipecli opp reopen {deal.id}")


def refuse_future(deal: Opportunity, day: date, today: date) -> None:
    """Refuse to close a deal on a day that is yet to come: what is expected is no fact."""
    if day > today:
        raise Refused(
            f"{deal.id} can't be closed on {day}: that day is yet to come",
            hint=f"say when it is expected: pipecli opp set {deal.id} expected_close={day}",
        )


def refuse_taken(settings: Settings, slug: str) -> None:
    """Refuse a name that a user or a team has."""
    for what, names in (("user", settings.users), ("team", settings.teams)):
        if slug in names:
            raise Refused(
                f"there is a {what} {slug} already",
                hint=f"change it with `pipecli {what} set {slug} …`, or choose another slug",
            )


def require_type(settings: Settings, type_: str) -> None:
    """Refuse a type of opportunity that the settings don't list."""
    _require(type_, settings.opportunity_types, "type of opportunity", "opportunity_types")


def require_source(settings: Settings, source: str | None) -> None:
    """Refuse a source that the settings don't list; a team that lists none takes any."""
    if source is not None and settings.sources:
        _require(source, settings.sources, "known source", "sources")


def require_lost_reason(settings: Settings, reason: str) -> None:
    """Refuse a reason for losing that the settings don't list."""
    _require(reason, settings.lost_reasons, "reason for losing", "lost_reasons")


def require_auto_close_reason(settings: Settings) -> None:
    """Refuse a reason for closing by itself that the settings don't list, where they list any."""
    if settings.lost_reasons and settings.auto_close.reason not in settings.lost_reasons:
        raise Refused(
            f"auto_close.reason: {settings.auto_close.reason} is none of lost_reasons: "
            f"{', '.join(settings.lost_reasons)}",
            hint="give one of those: pipecli settings set auto_close.reason=…, or add yours to the list",
        )


def require_disqualify_reason(settings: Settings, reason: str) -> None:
    """Refuse a reason for giving a lead up that the settings don't list; a team that lists none takes any."""
    if settings.disqualify_reasons:
        _require(reason, settings.disqualify_reasons, "reason to disqualify", "disqualify_reasons")


def require_stages(settings: Settings, stages: Iterable[str]) -> None:
    """Refuse a stage that no process has."""
    known = dict.fromkeys(stage.id for process in settings.processes.values() for stage in process.stages)
    for stage in stages:
        _require(stage, list(known), "stage of any process", "processes")


def _require(word: str, known: Sequence[str], what: str, key: str) -> None:
    if word not in known:
        raise Refused(
            f"{word} is no {what}",
            hint=f"give one of {', '.join(known)}, or add yours to {key} in pipecli.yaml",
        )
