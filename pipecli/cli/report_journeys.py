"""The journeys of the deals that a report is about, with a word on stderr where history tells less."""

from __future__ import annotations

from collections.abc import Sequence

from pipecli.cli.session import Session, say
from pipecli.cli.whose import whose
from pipecli.history.stages import journeys
from pipecli.reports.deals import Journey, Place
from pipecli.store.index.deals import begun


def stage_places(order: Sequence[Place]) -> dict[Place, int]:
    """The place of each stage, which stand in the order of their processes."""
    return {place: number for number, place in enumerate(order)}


def read_journeys(run: Session, order: Sequence[Place]) -> list[Journey]:
    """The deals of `--owner`, `--team` and `--mine` with their stays at the stages, as of `--as-of`."""
    pipeline, zone = run.pipeline, run.now.tzinfo
    assert zone
    found = journeys(
        pipeline.location,
        begun(pipeline.index.connection, whose(run), zone),
        until=pipeline.revision,
        now=run.now,
        stages=stage_places(order),
        say=say,
    )
    for note in found.notes:
        say(f"warning: {note}")
    return found.all
