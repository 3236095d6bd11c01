"""Which commit stood at a moment: by committer date along the first parents of HEAD, or by its revision.

Along first parents, a merged branch counts from its merge on: it is then that the line of this branch first
said so. `docs/history.md` has the reasons.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, tzinfo
from typing import NamedTuple, NewType, Protocol
from zoneinfo import ZoneInfo

from pipecli.errors import PipecliError
from pipecli.records.kinds import SETTINGS_FILE
from pipecli.store import files, git, yamltext
from pipecli.store.location import Location

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


class Point(NamedTuple):
    """A commit, and when it was made in seconds since 1970."""

    commit: str
    seconds: int


class Line(Protocol):
    """The commits from HEAD along first parents."""

    def last(self, until: datetime | None) -> Point | None:
        """The one nearest to HEAD that is dated no later; None as the time: HEAD."""

    def ahead(self, now: datetime) -> list[Point]:
        """Those from HEAD on that are dated after now, the newest first."""


class LineOfGit:
    """The line as git walks it."""

    def __init__(self, place: Location) -> None:
        self.place = place

    def last(self, until: datetime | None) -> Point | None:
        if until is not None and until.year <= 1970:  # git takes a date without a calendar for something else
            return None
        before = [f"--before={until.isoformat()}"] if until else []
        return next(iter(self._listed("--max-count=1", *before)), None)

    def ahead(self, now: datetime) -> list[Point]:
        return self._listed(f"--since={now.isoformat()}")

    def _listed(self, *options: str) -> list[Point]:
        said = git.output(
            self.place.work_tree, "rev-list", "--first-parent", "--timestamp", *options, "HEAD", "--"
        )
        return [Point(commit, int(seconds)) for seconds, commit in map(str.split, said.splitlines())]


def stand(place: Location, moment: Moment, zone: tzinfo, line: Line) -> Stand:
    """The commit that stood at a moment. Raises NoSuchMoment."""
    if isinstance(moment, str):
        return _stand_of(place, resolve(place, moment), zone)
    now = datetime.now(zone)
    until = instant(moment, zone)
    found = line.last(None if until >= now else until)
    if not found:
        raise _nothing(place, moment, zone)
    return Stand(found.commit, datetime.fromtimestamp(found.seconds, zone), _notes(line, now, zone))


def resolve(place: Location, revision: str) -> str:
    """The id of the commit that a person's revision names. Raises NoSuchMoment."""
    if revision.startswith("-"):
        raise NoSuchMoment(f'"{revision}" is no revision: none begins with a hyphen')
    done = git.run(
        place.work_tree, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
    )
    if done.returncode:
        raise NoSuchMoment(
            f'"{revision}" is no date, and no revision that this repository has',
            hint="write a date as 2026-11-21, or a commit, branch or tag; `git log --oneline` lists commits",
        )
    return done.stdout.decode().strip()


def zone_of(place: Location) -> ZoneInfo:
    """The timezone of the settings as they are now, without the index: its days bound the moments."""
    written = yamltext.parse(files.read_text(place.root, SETTINGS_FILE), SETTINGS_FILE)
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


def _notes(line: Line, now: datetime, zone: tzinfo) -> tuple[str, ...]:
    """What may mislead about dates. Commits at the tip that are dated after now can't be placed before it."""
    ahead = line.ahead(now + timedelta(minutes=1))
    if not ahead:
        return ()
    first = ahead[-1]
    day = datetime.fromtimestamp(first.seconds, zone).date()
    name = first.commit[:7]
    which = f"commit {name} is" if len(ahead) == 1 else f"{len(ahead)} commits from {name} on are"
    return (f"{which} dated in the future ({day}): counted as made now",)


def _nothing(place: Location, moment: Moment, zone: tzinfo) -> BeforeTheFirst:
    head = tip(place)
    first = git.output(place.work_tree, "rev-list", "--first-parent", "HEAD", "--").split("\n")[-1]
    day = _stand_of(place, first, zone).at.date()
    if head.is_shallow:
        why = f"this clone is shallow and begins on {day}; `git fetch --unshallow` brings what was before"
    else:
        why = f"the first commit is of {day}"
    return BeforeTheFirst(f"nothing is known as of {shown(moment)}: {why}", is_shallow=head.is_shallow)
