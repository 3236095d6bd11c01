"""The seven questions that tell whether a seller knows the customer (seed 003)."""

from __future__ import annotations

from pipecli.records.base import Part
from pipecli.records.values import Text


class KeyInformation(Part):
    """Six answers; the seventh, the next step, is the record's `next_contact`."""

    need: Text | None = None
    pain_points: Text | None = None
    decision_maker: Text | None = None
    budget: Text | None = None
    current_situation: Text | None = None
    proposed_solution: Text | None = None


QUESTIONS = 7


def answered(key_info: KeyInformation | None, *, has_next_step: bool) -> int:
    """How many of the seven questions have an answer."""
    answers = sum(value is not None for value in key_info.__dict__.values()) if key_info else 0
    return answers + has_next_step
