"""Moments as people type them after --as-of: a date (its end), a time, or a revision of git."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, tzinfo
from zoneinfo import ZoneInfo

from pipecli.cli.dates import parse_moment, parse_period
from pipecli.cli.session import Session, say
from pipecli.errors import PipecliError
from pipecli.history.as_of import PastPipeline, pipeline_as_of
from pipecli.history.moments import Moment, Revision, shown
from pipecli.records.kinds import SETTINGS_FILE
from pipecli.store import files, yamltext
from pipecli.store.location import Location
from pipecli.store.pipeline import now_in


def parse(text: str, today: date, zone: tzinfo) -> Moment:
    """A date, a period's last day, a time; what is none of them can only be a revision."""
    with suppress(PipecliError):
        return parse_period(text, today).last
    with suppress(PipecliError):
        return parse_moment(text, today, zone)
    return Revision(text)


def past(run: Session, place: Location, text: str) -> PastPipeline:
    """The pipeline as of what a person typed, with a word on stderr about which commit that is."""
    zone = zone_of(place)
    moment = parse(text, now_in(zone, run.fixed_now()).date(), zone)
    pipeline = pipeline_as_of(place, moment, zone)
    stood = pipeline.stood
    if run.format_name == "table":
        say(f"as of {shown(moment)}: commit {stood.commit[:7]} of {stood.at:%Y-%m-%d %H:%M}")
    for note in stood.notes:
        say(f"warning: {note}")
    return pipeline


def zone_of(place: Location) -> ZoneInfo:
    """The timezone of the settings, without the index: its days bound the moments."""
    written = yamltext.parse(files.read_text(place.root, SETTINGS_FILE), SETTINGS_FILE)
    name = written.get("timezone", "UTC")
    try:
        return ZoneInfo(str(name))
    except (ValueError, OSError, KeyError):
        raise PipecliError(f'{SETTINGS_FILE}: timezone: "{name}" is no timezone') from None
