"""The day on which each deal last came to another stage, or was closed or reopened, as the commits tell."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, tzinfo

from pipecli.history.index import Say, open_history
from pipecli.history.moments import NoSuchMoment
from pipecli.reports.open_deal import OpenDeal
from pipecli.store.location import Location
from pipecli.store.pipeline import Pipeline


def moves_of(pipeline: Pipeline, deals: Iterable[OpenDeal], say: Say) -> dict[str, date]:
    """The last moves up to the pipeline's now; nobody asks for them where no deal can be stale."""
    if all(deal.rotting_days is None for deal in deals):
        return {}
    now = pipeline.now
    assert now.tzinfo
    return last_moves(pipeline.location, now.tzinfo, now, say)


def last_moves(place: Location, zone: tzinfo, until: datetime, say: Say) -> dict[str, date]:
    """By the deal's id, the day of its last move up to a moment; none for a deal that never moved.

    A merge moves nothing: what its sides did counts where they did it.
    """
    try:
        history = open_history(place, say)
    except NoSuchMoment:  # nothing is committed yet
        return {}
    rows = history.connection.execute(_LAST_MOVES, (until.timestamp(),)).fetchall()
    return {key: datetime.fromtimestamp(seconds, zone).date() for key, seconds in rows}


_LAST_MOVES = """
SELECT t.key, max(c.committed) FROM touched t JOIN commits c ON c.n = t.commit_n
JOIN versions b ON b.noun = t.noun AND b.blob = t.befores
JOIN versions a ON a.noun = t.noun AND a.blob = t.after
WHERE t.noun = 'opportunity' AND c.committed <= ?
AND a.fault IS NULL AND b.fault IS NULL
AND (a.process, a.stage, a.status) IS NOT (b.process, b.stage, b.status)
GROUP BY t.key"""
