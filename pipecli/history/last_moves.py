"""The day on which each deal last came to another stage, or was closed or reopened, as the commits tell."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from pipecli.history.index import Say, open_history
from pipecli.history.moments import NoSuchMoment
from pipecli.history.stages import timed_courses
from pipecli.reports.deals import OpenDeal
from pipecli.store.pipeline import Pipeline


def moves_of(pipeline: Pipeline, deals: Sequence[OpenDeal], say: Say) -> dict[str, date]:
    """By the deal's id, the day of its last move up to the pipeline's now; none for a deal that never moved.

    A move counts when the line of commits to the pipeline's own says so, as in history.stages, and one that
    is not committed counts as of now. Nobody looks where no deal can be stale.
    """
    if all(deal.rotting_days is None for deal in deals):
        return {}
    try:
        history = open_history(pipeline.location, say)
    except NoSuchMoment:  # nothing is committed yet
        return {}
    query = pipeline.index.connection.execute
    stages = {(process, stage) for process, stage in query("SELECT process, id FROM stages")}
    known, zone = timed_courses(history, pipeline.revision, pipeline.now), pipeline.now.tzinfo
    found, moved = {}, set[int]()
    for deal in deals:
        seen = known.courses.seen.get(deal.id, {})
        places = [known.courses.called(where, stages) for where in seen.values()]
        if places and places[-1] != (deal.process, deal.stage, "open"):
            found[deal.id] = pipeline.today
        elif others := [place for place, each in enumerate(places[:-1], 1) if each != places[-1]]:
            came = list(seen)[others[-1]]
            moved.add(came)
            found[deal.id] = datetime.fromtimestamp(known.times[came - 1], zone).date()
    is_cut = any(deal.id not in found and known.courses.seen.get(deal.id) for deal in deals)
    for note in (*([known.shallow_note] if known.begin and is_cut else []), *known.clock_notes(moved)):
        say(f"warning: {note}")
    return found
