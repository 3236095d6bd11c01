"""What a stage asks of a deal: its steps done, its required fields there."""

from __future__ import annotations

import re
from typing import Any

from pipecli.records.key_information import QUESTIONS, answered
from pipecli.records.opportunity import Opportunity
from pipecli.records.settings import Stage

_COUNT = re.compile(r"key_info\s*>=\s*(\d)")


def missing_steps(deal: Opportunity, stage: Stage) -> list[str]:
    """The steps of a stage's checklist that are not done on a deal."""
    return [step for step in stage.steps if step not in deal.steps_done]


def missing_fields(deal: Opportunity, stage: Stage) -> list[str]:
    """The required fields of a stage that a deal has not."""
    return [requirement for requirement in stage.requires if not meets(deal, requirement)]


def meets(deal: Opportunity, requirement: str) -> bool:
    """Whether a deal has what one line of `requires` asks for.

    A line is a field (`expected_close`, `key_info.budget`), `amount` in the sense of what the deal is worth,
    `key_info` for all seven questions answered, or `key_info >= 4` for some.
    """
    count = _COUNT.fullmatch(requirement.strip())
    if count or requirement == "key_info":
        wanted = int(count[1]) if count else QUESTIONS
        return answered(deal.key_info, has_next_step=deal.next_contact is not None) >= wanted
    if requirement == "amount":
        return deal.value is not None
    value: Any = deal
    for name in requirement.split("."):
        value = getattr(value, name, None)
    return value not in (None, (), "")
