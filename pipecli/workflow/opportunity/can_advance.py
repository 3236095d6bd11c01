"""A deal can advance while it is open, the steps of its stage are done and the next one's fields are there.

Every verb of an open deal asks `require_open`. The requirements, and the seven questions of the key
information, are for plain records, as the index has them: a page of what is missing loads no models.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pipecli.workflow import Refused

if TYPE_CHECKING:
    from pipecli.records.opportunity import Opportunity
    from pipecli.records.settings import Process


def require_open(deal: Opportunity) -> None:
    """Refuse to go on with a deal that is won, lost or closed, naming the way out."""
    if not deal.is_open:
        raise Refused(f"{deal.id} is {deal.status}", hint=f"reopen it first: pipecli opp reopen {deal.id}")


def missing_to_move(deal: Opportunity, process: Process, here: int | None, there: int) -> list[str]:
    """The steps and fields that keep a deal from a stage, in words; going back a stage asks for nothing."""
    plain = deal.plain()  # of a move back, `left` and `entered` are empty
    left = () if here is None else process.stages[here:there]
    entered = process.stages[there if here is None else here + 1 : there + 1]
    steps = [step for stage in left for step in missing_steps(plain, stage.steps)]
    fields = dict.fromkeys(name for stage in entered for name in missing_fields(plain, stage.requires))
    return [
        *([f"steps not done: {', '.join(steps)}"] if steps else []),
        *([f"fields missing: {', '.join(fields)}"] if fields else []),
    ]


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
