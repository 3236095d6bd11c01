"""The answer of a verb of the workflow, the removal of a record, and the refusals that verbs share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Protocol

from pipecli.errors import PipecliError
from pipecli.records.base import Record
from pipecli.records.names import chosen, people_of, words_of
from pipecli.records.opportunity import Opportunity
from pipecli.wording import a, first_of

if TYPE_CHECKING:
    from pipecli.records.catalogue import PriceList
    from pipecli.records.settings import Process, Settings


class Terms(Protocol):
    """The settings and the price lists of a pipeline, each read only where a rule asks for it."""

    @property
    def settings(self) -> Settings: ...

    @property
    def price_lists(self) -> Sequence[PriceList]: ...


class Refused(PipecliError):
    """A rule of the workflow says no. The message names the rule, the hint the way out."""

    code = "rule"


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


def remove(
    record: Record,
    used_by: Sequence[str],
    *,
    hint: str = "change those first",
    hanging: Sequence[Record] = (),
) -> Change:
    """Remove a record, and what is `hanging` on it alone; `used_by` are the ids of others that name it."""
    if used_by:
        users = first_of(used_by, 5)
        raise Refused(f"{record.key} can't be removed, records use it: {users}", hint=hint)
    along = f" and {', '.join(other.key for other in hanging)}" if hanging else ""
    summary = f"remove {record.noun} {record.label}{along}"
    return Change(record, summary, "removed", removed=(record, *hanging))


def require_open(deal: Opportunity) -> None:
    """Refuse to go on with a deal that is won, lost or closed, naming the way out."""
    if not deal.is_open:
        raise Refused(f"{deal.id} is {deal.status}", hint=f"reopen it first: pipecli opp reopen {deal.id}")


def refuse_future(deal: Opportunity, day: date, today: date) -> None:
    """Refuse to close a deal on a day that is yet to come: what is expected isn't a fact."""
    if day > today:
        raise Refused(
            f"{deal.id} can't be closed on {day}: that day is in the future",
            hint=f"say when it is expected: pipecli opp set {deal.id} expected_close={day}",
        )


def refuse_before_created(deal: Opportunity, day: date) -> None:
    """Refuse to close a deal on a day before it was created."""
    if day < deal.created.date():
        raise Refused(
            f"{deal.id} can't be closed on {day}: it was created on {deal.created.date()}",
            hint="give a later --date",
        )


def refuse_taken(settings: Settings, slug: str) -> None:
    """Refuse a name that a user or a team has."""
    for what, names in (("user", settings.users), ("team", settings.teams)):
        if slug in names:
            raise Refused(
                f"there is a {what} {slug} already",
                hint=f"change it with `pipecli {what} set {slug} …`, or choose another slug",
            )


def require_type(settings: Settings, type_: str) -> str:
    """The type of opportunity that is meant. Refused where the settings don't list it."""
    return _listed(type_, settings.opportunity_types, "type of opportunity", "opportunity_types")


def require_source(settings: Settings, source: str | None) -> str | None:
    """The source that is meant. Refused where the settings list others; where they list none any will do."""
    if source is None or not settings.sources:
        return source
    return _listed(source, settings.sources, "known source", "sources")


def require_lost_reason(settings: Settings, reason: str) -> str:
    """The reason for losing that is meant. Refused where the settings don't list it."""
    return _listed(reason, settings.lost_reasons, "reason for losing", "lost_reasons")


def require_auto_close_reason(settings: Settings) -> None:
    """Refuse a reason for closing by itself that the settings don't list, where they list any."""
    if settings.lost_reasons and settings.auto_close.reason not in settings.lost_reasons:
        raise Refused(
            f"auto_close.reason: {settings.auto_close.reason} isn't one of lost_reasons: "
            f"{', '.join(settings.lost_reasons)}",
            hint="give one of those: pipecli settings set auto_close.reason=…, or add yours to the list",
        )


def require_disqualify_reason(settings: Settings, reason: str) -> str:
    """The reason for giving a lead up that is meant. Refused where the settings list others."""
    if not settings.disqualify_reasons:
        return reason
    return _listed(reason, settings.disqualify_reasons, "reason to disqualify", "disqualify_reasons")


def require_stages(settings: Settings, stages: Iterable[str]) -> None:
    """Refuse a stage that no process has."""
    known = dict.fromkeys(stage.id for process in settings.processes.values() for stage in process.stages)
    for stage in stages:
        if stage not in known:
            _listed(stage, list(known), "stage of any process", "processes")


def _listed(word: str, known: Sequence[str], what: str, key: str) -> str:
    return chosen(
        word,
        words_of(known),
        f"{word} isn't {a(what)}",
        hint=f"give one of {', '.join(known)}, or add yours to {key} in pipecli.yaml",
        error=Refused,
    )


def named_stage(process: Process, word: str, fault: str, hint: str = "its stages: {known}") -> str:
    """The stage of a process that is meant by its id or name. Refused with `fault` and those there are."""
    known = {stage.id: [stage.label] for stage in process.stages}
    return chosen(word, known, fault, hint=hint, error=Refused)


def named_user(settings: Settings, word: str) -> str:
    """The user that is meant by slug, name or e-mail address. Refused where there is none."""
    known = people_of({slug: user.plain() for slug, user in settings.users.items()})
    return chosen(word, known, f"unknown user {word}", hint="the users: {known}", error=Refused)


def named_team(settings: Settings, word: str) -> str:
    """The team that is meant by slug or name. Refused where there is none."""
    known = people_of({slug: team.plain() for slug, team in settings.teams.items()})
    return chosen(word, known, f"unknown team {word}", hint="the teams: {known}", error=Refused)
