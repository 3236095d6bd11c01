"""The key information of a deal: what tells whether a seller knows the customer (seed 003)."""

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
