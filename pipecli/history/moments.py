"""Which commit stood at a moment: by committer date along the first parents of HEAD, or by its revision.

Along first parents, a merged branch counts from its merge on: it is then that the line of this branch first
said so. `docs/history.md` has the reasons.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, tzinfo
from typing import NamedTuple, NewType
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


def stand(place: Location, moment: Moment, zone: tzinfo) -> Stand:
    """The commit that stood at a moment. Raises NoSuchMoment."""
    head = tip(place)
    now = datetime.now(zone)
    if isinstance(moment, str):
        commit = resolve(place, moment)
        return Stand(commit, _committed(place, commit, zone), ())
    notes = _notes(place, now, zone)
    until = moment if isinstance(moment, datetime) else _end_of(moment, zone)
    if until >= now:
        return Stand(head.commit, _committed(place, head.commit, zone), notes)
    found = git.output(
        place.work_tree, "rev-list", "--first-parent", "--max-count=1",
        f"--before={until.isoformat()}", "HEAD", "--",
    ) if until.year > 1970 else ""  # fmt: skip
    if not found:
        raise NoSuchMoment(f"nothing is known as of {shown(moment)}: {_beginning(place, head, zone)}")
    return Stand(found, _committed(place, found, zone), notes)


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


def _end_of(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), zone) - timedelta(seconds=1)


def _committed(place: Location, commit: str, zone: tzinfo) -> datetime:
    seconds = git.output(place.work_tree, "show", "--no-patch", "--format=%ct", commit, "--")
    return datetime.fromtimestamp(int(seconds), zone)


def _notes(place: Location, now: datetime, zone: tzinfo) -> tuple[str, ...]:
    """What may mislead about dates. Commits at the tip that are dated after now can't be placed before it."""
    ahead = git.output(
        place.work_tree, "log", "--first-parent", f"--since={int(now.timestamp()) + 60}",
        "--format=%h %ct", "HEAD", "--",
    ).splitlines()  # fmt: skip
    if not ahead:
        return ()
    name, seconds = ahead[-1].split()
    day = datetime.fromtimestamp(int(seconds), zone).date()
    which = f"commit {name} is" if len(ahead) == 1 else f"{len(ahead)} commits from {name} on are"
    return (f"{which} dated in the future ({day}): counted as made now",)


def _beginning(place: Location, head: Tip, zone: tzinfo) -> str:
    first = git.output(place.work_tree, "rev-list", "--first-parent", "HEAD", "--").split("\n")[-1]
    day = _committed(place, first, zone).date()
    if head.is_shallow:
        return f"this clone is shallow and begins on {day}; `git fetch --unshallow` brings what was before"
    return f"the first commit is of {day}"
