"""The preconditions of verbs: an open deal, a quotation not yet sent, words that the settings know, and what
a stage asks for.

The requirements of a stage, and the seven questions of the key information, are for plain records, as the
index keeps them: a page that shows what is missing loads no models.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from pipecli.records.names import chosen_id, own_names, people_of
from pipecli.wording import a, first_of
from pipecli.workflow import Refused

if TYPE_CHECKING:
    from pipecli.records.base import Record
    from pipecli.records.opportunity import Opportunity
    from pipecli.records.papers import Quotation
    from pipecli.records.settings import Process, Settings


def require_open(deal: Opportunity) -> None:
    """Refuse to go on with a deal that is won, lost or closed, naming the way out."""
    if not deal.is_open:
        raise Refused(f"{deal.id} is {deal.status}", hint=f"reopen it first: pipecli opp reopen {deal.id}")


def refuse_sent(quotation: Quotation) -> None:
    """Refuse to change a quotation that a customer has seen: only a draft may change."""
    if quotation.status == "draft":
        return
    way = f"make a new one: pipecli quote new {quotation.opportunity}"
    if quotation.status in ("sent", "rejected", "expired"):
        way = f"make the next one: pipecli quote revise {quotation.id}"
    raise Refused(f"{quotation.id} is {quotation.status}: what a customer was offered is frozen", hint=way)


def refuse_used(record: Record, used_by: Sequence[str], hint: str) -> None:
    """Refuse to remove a record that others name; `used_by` are their ids."""
    if used_by:
        users = first_of(used_by, 5)
        raise Refused(f"{record.key} can't be removed, records use it: {users}", hint=hint)


def closing_day(deal: Opportunity, given: date | None, today: date) -> date:
    """The day on which a deal ends: `given`, else today. Refused in the future, and before its creation.

    What is expected isn't a fact.
    """
    day = given or today
    if day > today:
        raise Refused(
            f"{deal.id} can't be closed on {day}: that day is in the future",
            hint=f"say when it is expected: pipecli opp set {deal.id} expected_close={day}",
        )
    if given and given < deal.created.date():
        raise Refused(
            f"{deal.id} can't be closed on {day}: it was created on {deal.created.date()}",
            hint="give a later --date",
        )
    return day


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


def require_listed_lost_reason(settings: Settings, reason: str) -> str:
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
        _listed(stage, list(known), "stage of any process", "processes")


def _listed(word: str, known: Sequence[str], what: str, key: str) -> str:
    ways = [f"give one of {', '.join(known)}"] * bool(known) + [f"add yours to {key} in pipecli.yaml"]
    try:
        return chosen_id(
            word, own_names(known), f"{word} isn't {a(what)}", hint=", or ".join(ways), error=Refused
        )
    except Refused as error:
        error.new = ((what, word),)
        raise


def named_stage(process: Process, word: str, fault: str, hint: str = "its stages: {known}") -> str:
    """The stage of a process that is meant by its id or name. Refused with `fault` and those there are."""
    known = {stage.id: [stage.label] for stage in process.stages}
    return chosen_id(word, known, fault, hint=hint, error=Refused)


def named_user(settings: Settings, word: str) -> str:
    """The user that is meant by slug, name or e-mail address. Refused where there is none."""
    known = people_of({slug: user.plain() for slug, user in settings.users.items()})
    return chosen_id(word, known, f"unknown user {word}", hint="the users: {known}", error=Refused)


def named_team(settings: Settings, word: str) -> str:
    """The team that is meant by slug or name. Refused where there is none."""
    known = people_of({slug: team.plain() for slug, team in settings.teams.items()})
    return chosen_id(word, known, f"unknown team {word}", hint="the teams: {known}", error=Refused)


NAMES = {
    "need": "need",
    "pain_points": "pain points",
    "decision_maker": "decision maker",
    "budget": "budget",
    "current_situation": "current situation",
    "proposed_solution": "proposed solution",
    "competitors": "competitors",
}
"""The fields in their order, and the words for them; the seventh is the deal's own `competitors`."""
QUESTIONS = len(NAMES)


def answered(deal: Mapping[str, Any]) -> list[str]:
    """The questions that a plain deal answers: six in its `key_info`, the seventh by its competitors."""
    key_info = deal.get("key_info") or {}
    return [name for name in NAMES if name in key_info or (name == "competitors" and deal.get(name))]


_COUNT = rf"key_info\s*>=\s*([0-{QUESTIONS}])"


def can_be_met(requirement: str) -> bool:
    """True where an opportunity can have what one line of `requires` asks for."""
    from pipecli.records import base
    from pipecli.records.opportunity import Opportunity

    return bool(
        re.fullmatch(_COUNT, requirement.strip()) or base.annotation_at(Opportunity, requirement.split("."))
    )


def unmeetable(stage: str, requirement: str) -> str:
    """Of a requirement that can't be met, what is wrong with it."""
    return (
        f'{stage} requires "{requirement}", which no opportunity has; write a field, '
        'as expected_close or key_info.budget, or "key_info >= 4"'
    )


def missing_steps(deal: Mapping[str, Any], steps: Sequence[str]) -> list[str]:
    """The steps of a checklist that are not done on a deal."""
    done = deal.get("steps_done", ())
    return [step for step in steps if step not in done]


def missing_fields(deal: Mapping[str, Any], requires: Sequence[str]) -> list[str]:
    """The required fields that a deal has not."""
    return [requirement for requirement in requires if not meets_requirement(deal, requirement)]


def meets_requirement(deal: Mapping[str, Any], requirement: str) -> bool:
    """True where a deal has what one line of `requires` asks for.

    A line is a field (`expected_close`, `key_info.budget`), `amount` in the sense of what the deal is worth,
    `key_info` for all seven questions answered, or `key_info >= 4` for some.
    """
    count = re.fullmatch(_COUNT, requirement.strip())
    if count or requirement == "key_info":
        wanted = int(count[1]) if count else QUESTIONS
        return len(answered(deal)) >= wanted
    if requirement == "amount":
        return "amount" in deal or bool(deal.get("items"))
    value: Any = deal
    for name in requirement.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value not in (None, [], "")
