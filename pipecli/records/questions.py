"""The seven questions of the key information (seed 003), and those that a deal answers.

Here and not with the model, so that who only counts loads no models.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NAMES = {
    "need": "need",
    "pain_points": "pain points",
    "decision_maker": "decision maker",
    "budget": "budget",
    "current_situation": "current situation",
    "proposed_solution": "proposed solution",
    "next_contact": "next step",
}
"""The fields in their order, and what people call them; the seventh is the record's next contact."""
QUESTIONS = len(NAMES)


def answered(key_info: Mapping[str, Any], *, has_next_step: bool) -> list[str]:
    """The questions that a plain `key_info` answers, and the next step where the deal has one."""
    return [name for name in NAMES if name in key_info or (name == "next_contact" and has_next_step)]
