"""Taking back a move on the board: the deal stands where it stood, and all else that was changed stays."""

from __future__ import annotations

from pipecli.records.opportunity import Opportunity
from pipecli.workflow.change import Change, Refused
from pipecli.workflow.closed_opportunity import refuse_closed


def undo_advance(deal: Opportunity, before: Opportunity, after: Opportunity) -> Change:
    """Put a deal back to the stage and probability of `before`, if it still stands as `after`."""
    refuse_closed(deal)
    if (deal.process, deal.stage) != (after.process, after.stage):
        raise Refused(
            f"{deal.id} is at {deal.stage} by now, not at {after.stage}", hint="move it from there instead"
        )
    return Change(
        deal.with_(stage=before.stage, probability=before.probability),
        f"undo advance {before.stage} → {after.stage}",
        "stage-changed",
    )
