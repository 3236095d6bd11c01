"""The deals of a report with their visits to the stages, and a word on stderr where history tells less."""

from __future__ import annotations

from collections.abc import Sequence

from pipecli.cli.common.list import owner_filter
from pipecli.cli.common.session import Session, say
from pipecli.history.stages import journeys
from pipecli.reports.deals import Deal, Place
from pipecli.store.index.deals import all_deals, stages_entered


def stage_places(order: Sequence[Place]) -> dict[Place, int]:
    """The place of each stage, which stand in the order of their processes."""
    return {place: number for number, place in enumerate(order)}


def read_journeys(run: Session, order: Sequence[Place]) -> list[Deal]:
    """The deals of `--owner`, `--team` and `--mine` with their visits to the stages, as of `--as-of`."""
    pipeline, zone = run.pipeline, run.now.tzinfo
    assert zone
    history = journeys(
        pipeline.location,
        all_deals(pipeline.index.connection, owner_filter(run), zone),
        stages_entered(pipeline.index.connection),
        until=pipeline.revision,
        now=run.now,
        stages=stage_places(order),
        say=say,
    )
    for note in history.notes:
        say(f"warning: {note}")
    return history.all
