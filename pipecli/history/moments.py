"""Which commit stood at a moment: by its date along the line of HEAD, or by its revision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from typing import NamedTuple, NewType
from zoneinfo import ZoneInfo

from pipecli.errors import PipecliError
from pipecli.history.line import Line, Point
from pipecli.records.kinds import SETTINGS_FILE
from pipecli.store import files, git
from pipecli.store.files import Location
from pipecli.store.yaml import read

Revision = NewType("Revision", str)
"""A commit as git names it: an id, a branch, a tag, HEAD~3."""
Moment = date | datetime | Revision
"""A date is the end of that day."""


class Stand(NamedTuple):
    """The commit whose content stood at a moment."""

    commit: str
    at: datetime
    """When it was committed, in the settings' timezone."""
    notes: tuple[str, ...]
    """Why it might not be what a person expects: a clone without its past, a clock that was wrong."""


class NoSuchMoment(PipecliError):
    """No commit answers to a moment or a revision."""


class BeforeTheFirst(NoSuchMoment):
    """The moment is before the first commit that is here."""

    def __init__(self, message: str, *, is_shallow: bool) -> None:
        super().__init__(message)
        self.is_shallow = is_shallow


class Tip(NamedTuple):
    """Where HEAD is."""

    commit: str
    is_shallow: bool
    """Whether the clone was made without the older commits."""


def tip(place: Location) -> Tip:
    """The commit of HEAD. Raises NoSuchMoment in a repository without one."""
    done = git.run(place.work_tree, "rev-parse", "--is-shallow-repository", "HEAD^{commit}")
    if done.returncode:
        raise NoSuchMoment("the repository has no commit yet, and so no history", hint="commit first")
    shallow, commit = done.stdout.decode().split()
    return Tip(commit, shallow == "true")


def stand(place: Location, moment: Moment, zone: tzinfo, line_of: Callable[[Location], Line]) -> Stand:
    """The commit that stood at a moment. Raises NoSuchMoment."""
    if isinstance(moment, str):
        return _stand_of(place, resolve(place, moment, or_date=True), zone)
    line, until = line_of(place), instant(moment, zone)
    found = line.last(until)
    if not found:
        raise _nothing(place, moment, datetime.fromtimestamp(line.first(), zone).date())
    return Stand(found.commit, datetime.fromtimestamp(found.seconds, zone), _notes(line, until, zone))


def resolve(place: Location, revision: str, *, or_date: bool = False) -> str:
    """The id of the commit that a person's revision names; `or_date`: a date would have done, too.

    Raises NoSuchMoment.
    """
    if revision.startswith("-"):
        raise NoSuchMoment(f'"{revision}" is no revision: none begins with a hyphen')
    done = git.run(
        place.work_tree, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
    )
    if not done.returncode:
        return done.stdout.decode().strip()
    lacks = f'"{revision}" is {"no date, and " * or_date}no revision that this repository has'
    if tip(place).is_shallow:
        raise NoSuchMoment(f"{lacks}, and the clone is shallow", hint=UNSHALLOW)
    hint = "name a commit, branch or tag: `git branch --all`, `git log --oneline`"
    if or_date:
        hint = "write a date as 2026-11-21, or a commit, branch or tag; `git log --oneline` lists commits"
    raise NoSuchMoment(lacks, hint=hint)


UNSHALLOW = "bring the older commits: git fetch --unshallow"


def zone_of(place: Location) -> ZoneInfo:
    """The timezone of the settings as they are now, without the index: its days bound the moments."""
    written = read.parse(files.read_text(place.root, SETTINGS_FILE), SETTINGS_FILE)
    name = written.get("timezone", "UTC")
    try:
        return ZoneInfo(str(name))
    except (ValueError, OSError, KeyError):
        raise PipecliError(f'{SETTINGS_FILE}: timezone: "{name}" is no timezone') from None


def shown(moment: Moment) -> str:
    """A moment as a person reads it."""
    return f"{moment:%Y-%m-%d %H:%M}" if isinstance(moment, datetime) else str(moment)


def instant(moment: date, zone: tzinfo) -> datetime:
    """A time itself; of a date the last second."""
    if isinstance(moment, datetime):
        return moment
    return datetime.combine(moment + timedelta(days=1), time(), zone) - timedelta(seconds=1)


def _stand_of(place: Location, commit: str, zone: tzinfo) -> Stand:
    seconds, _, _ = git.output(
        place.work_tree, "rev-list", "--timestamp", "--max-count=1", commit, "--"
    ).partition(" ")
    return Stand(commit, datetime.fromtimestamp(int(seconds), zone), ())


def _notes(line: Line, until: datetime, zone: tzinfo) -> tuple[str, ...]:
    """What may mislead about dates."""
    notes = []
    if ahead := line.ahead():
        notes.append(f"{_named(ahead, zone)} dated in the future: counted as made now")
    if misplaced := line.misplaced(until):
        its = "its neighbour" if len(misplaced) == 1 else "their neighbours"
        notes.append(f"{_named(misplaced, zone)} dated by a wrong clock: counted as of {its}")
    return tuple(notes)


def _named(commits: Sequence[Point], zone: tzinfo) -> str:
    first = commits[0]
    name = f"{first.commit[:7]} ({datetime.fromtimestamp(first.seconds, zone):%Y-%m-%d})"
    return f"commit {name} is" if len(commits) == 1 else f"{len(commits)} commits, the first {name}, are"


def _nothing(place: Location, moment: Moment, day: date) -> BeforeTheFirst:
    is_shallow = tip(place).is_shallow
    if is_shallow:
        why = f"this clone is shallow and begins on {day}; `git fetch --unshallow` brings what was before"
    else:
        why = f"the first commit is of {day}"
    return BeforeTheFirst(f"nothing is known as of {shown(moment)}: {why}", is_shallow=is_shallow)
