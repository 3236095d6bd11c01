"""Moments as people type them after --as-of: a date (its end), a time, or a revision of git."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime, tzinfo
from typing import TYPE_CHECKING

from pipecli.cli.common.dates import parse_moment, parse_period
from pipecli.cli.common.session import Session, say
from pipecli.errors import PipecliError
from pipecli.history.moments import Moment, Revision, shown, zone_of
from pipecli.store.files import Location
from pipecli.store.pipeline import now_in

if TYPE_CHECKING:
    from pipecli.history.past import PastPipeline


def parse(text: str, today: date, zone: tzinfo) -> Moment:
    """A date, a period's last day, a time; what is none of them can only be a revision."""
    with suppress(PipecliError):
        return parse_period(text, today).last
    with suppress(PipecliError):
        return parse_moment(text, today, zone)
    return Revision(text)


def past(run: Session, place: Location, text: str, now: date | datetime | None) -> PastPipeline:
    """The pipeline as of what a person typed, with a word on stderr about which commit that is."""
    from pipecli.history.past import pipeline_as_of

    zone = zone_of(place)
    moment = parse(text, now_in(zone, run.fixed_now()).date(), zone)
    pipeline = pipeline_as_of(place, moment, zone, now)
    standing = pipeline.standing
    if run.format_name == "table":
        say(f"as of {shown(moment)}: commit {standing.commit[:7]} of {standing.at:%Y-%m-%d %H:%M}")
    for note in standing.notes:
        say(f"warning: {note}")
    return pipeline
