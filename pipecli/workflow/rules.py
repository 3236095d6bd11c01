"""A closed opportunity stays as it is until it is reopened, and none closes on a day that is yet to come.

Users and teams have one set of names between them: a record is shared with either by its slug alone.

The words a team has settled on in its settings: types, sources, reasons; others are refused by name.

What a stage asks of a deal: its steps done, its required fields there.

It reads plain records, as the index keeps them, so that a page that shows what is missing loads no models.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from pipecli.records.opportunity import Opportunity
from pipecli.records.settings import Settings
from pipecli.records.values import QUESTIONS, answered
from pipecli.workflow.change import Refused


def refuse_closed(deal: Opportunity) -> None:
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


_COUNT = rf"key_info\s*>=\s*([0-{QUESTIONS}])"


def can_be_met(requirement: str) -> bool:
    """Whether there is an opportunity that has what one line of `requires` asks for."""
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
    return [requirement for requirement in requires if not meets(deal, requirement)]


def meets(deal: Mapping[str, Any], requirement: str) -> bool:
    """Whether a deal has what one line of `requires` asks for.

    A line is a field (`expected_close`, `key_info.budget`), `amount` in the sense of what the deal is worth,
    `key_info` for all seven questions answered, or `key_info >= 4` for some.
    """
    count = re.fullmatch(_COUNT, requirement.strip())
    if count or requirement == "key_info":
        wanted = int(count[1]) if count else QUESTIONS
        return len(answered(deal.get("key_info", {}), has_next_step="next_contact" in deal)) >= wanted
    if requirement == "amount":
        return "amount" in deal or bool(deal.get("items"))
    value: Any = deal
    for name in requirement.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value not in (None, [], "")
