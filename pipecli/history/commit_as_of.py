"""The commit that stood at a moment: by its date along first parents from HEAD, or by its revision.

Along first parents a merged branch counts from its merge on, and a commit with a wrong clock as of its
neighbours; `docs/history.md` has the reasons.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from typing import NamedTuple, NewType
from zoneinfo import ZoneInfo

from pipecli.errors import PipecliError
from pipecli.records.kinds import SETTINGS_FILE
from pipecli.store import git, safe_files
from pipecli.store.location import Location
from pipecli.store.power_cut_and_killed_git import require_branch_not_lost
from pipecli.store.yaml import read
from pipecli.wording import count


def never_falling(times: Sequence[int], now: float = float("inf")) -> tuple[list[int], int]:
    """The times so that none is before the one in front of it, and how many had to be changed.

    As few as can be: those that are in the way of the longest row of times that fit; of several the row that
    ends soonest. Each gets the time of the last that fits before it, at the beginning of the first. What is
    later than `now` fits only at the end of all.
    """
    if all(before <= after for before, after in pairwise(times)):
        return list(times), 0
    end = len(times)
    while end and times[end - 1] > now:
        end -= 1
    fitting = {*_longest_row([(place, times[place]) for place in range(end) if times[place] <= now])}
    fitting |= {*_longest_row([(place, times[place]) for place in range(end, len(times))])}
    last = times[min(fitting)]
    steadied = []
    for place, stamp in enumerate(times):
        last = stamp if place in fitting else last
        steadied.append(last)
    return steadied, len(times) - len(fitting)


def _longest_row(times: Sequence[tuple[int, int]]) -> list[int]:
    """The places of a longest row of times, each with its place, of which none is before an earlier one."""
    ends: list[int] = []
    """By length, the place among `times` of the earliest one with which a row of that length can end."""
    end_times: list[int] = []
    befores: list[int] = []
    for number, (_, stamp) in enumerate(times):
        length = bisect_right(end_times, stamp)
        befores.append(ends[length - 1] if length else -1)
        ends[length : length + 1] = [number]
        end_times[length : length + 1] = [stamp]
    row, number = [], ends[-1] if ends else -1
    while number >= 0:
        row.append(times[number][0])
        number = befores[number]
    return row


class DatedCommit(NamedTuple):
    """A commit, and when it was made in seconds since 1970, as it says."""

    commit: str
    seconds: int


class FirstParentLine:
    """The commits up to HEAD along first parents, the oldest first; each counts when `never_falling` says.

    `dates` are theirs in seconds since 1970, `id_at` gives the id of the one at a place.
    """

    def __init__(self, dates: Sequence[int], id_at: Callable[[int], str]) -> None:
        self._now = datetime.now(UTC)
        self._soon = (self._now + timedelta(minutes=1)).timestamp()
        """Clocks differ by seconds."""
        self._dates, self._id_at = dates, id_at
        self._times, self._wrong = never_falling(dates, self._soon)
        """When each counts, and how many have a wrong clock."""

    def last(self, until: datetime) -> DatedCommit | None:
        """The commit that stood at a moment; None before the first. From now on it is HEAD."""
        place = bisect_right(self._times, until.timestamp()) if until < self._now else len(self._times)
        return self._point(place - 1) if place else None

    def first(self) -> int:
        """When the line begins, in seconds since 1970."""
        return self._times[0]

    def ahead(self) -> list[DatedCommit]:
        """Those up to HEAD that are dated in the future, the oldest first."""
        return [
            self._point(place) for place in range(bisect_right(self._times, self._soon), len(self._times))
        ]

    def misplaced(self, until: datetime) -> list[DatedCommit]:
        """Those that would stand on the other side of a moment if their own clock were right."""
        if not self._wrong:
            return []
        moment = until.timestamp()
        return [
            self._point(place)
            for place, (says, counts) in enumerate(zip(self._dates, self._times, strict=True))
            if (says <= moment) != (counts <= moment)
        ]

    def _point(self, place: int) -> DatedCommit:
        return DatedCommit(self._id_at(place), self._dates[place])


def line_of_git(location: Location) -> FirstParentLine:
    """The line as git lists it, for who has no index of the history."""
    words = git.output(
        location.work_tree, "rev-list", "--first-parent", "--reverse", "--timestamp", "HEAD", "--"
    ).split()
    return FirstParentLine([*map(seconds_of, words[::2])], words[1::2].__getitem__)


def seconds_of(timestamp: str) -> int:
    """When git says that a commit was made; at the latest in 9998: any offset leads to a year of Python's."""
    return min(int(timestamp), 253_370_000_000)


Revision = NewType("Revision", str)
"""A commit as git names it: an id, a branch, a tag, HEAD~3."""
Moment = date | datetime | Revision
"""A date is the end of that day."""


class StandingCommit(NamedTuple):
    """The commit whose content stood at a moment."""

    commit: str
    at: datetime
    """When it was committed, in the settings' timezone."""
    notes: tuple[str, ...]
    """Why it might not be what a person expects: a clone without its past, a clock that was wrong."""

    @property
    def name(self) -> str:
        return f"commit {self.commit[:7]} of {self.at:%Y-%m-%d}"


class NoSuchMoment(PipecliError):
    """No commit is of that day, time or revision."""

    code = "no-such-moment"


class BeforeTheFirst(NoSuchMoment):
    """The moment is before the first commit that is here."""

    def __init__(self, message: str, *, is_shallow: bool) -> None:
        super().__init__(message)
        self.is_shallow = is_shallow


class Tip(NamedTuple):
    """Where HEAD is."""

    commit: str
    is_shallow: bool
    """True for a clone that was made without the older commits."""
    replaced: str = ""
    """A note where this clone replaces objects, or grafts parents: git shows another history than is read."""


def tip(location: Location) -> Tip:
    """The commit of HEAD. Raises NoSuchMoment in a repository without one, GitRefused for a damaged one."""
    done = git.run(
        location.work_tree, "rev-parse", "--is-shallow-repository", "HEAD^{commit}", "--glob=refs/replace/*"
    )
    if done.returncode:
        require_branch_not_lost(location)
        if not git.is_unborn(location.work_tree):
            raise git.GitRefused(f"git can't read HEAD: {git.words_of(done)}", hint="see `git fsck`")
        raise NoSuchMoment("the repository has no commit yet, and so no history", hint="commit first")
    shallow, commit, *replacing = done.stdout.decode().split()
    grafts = location.common_dir / "info" / "grafts"
    bends = [
        *([f"replaces {count(len(replacing), 'object')} (`git replace --list`)"] if replacing else []),
        *(["grafts parents (info/grafts)"] if grafts.exists() and grafts.stat().st_size else []),
    ]
    note = f"this clone {' and '.join(bends)}: history is read as it was committed" if bends else ""
    return Tip(commit, shallow == "true", note)


def shortcomings(location: Location) -> list[str]:
    """The lines on what this clone lacks of its history, or has replaced."""
    try:
        here = tip(location)
    except NoSuchMoment:  # there is none
        return []
    cut = "this clone is shallow: older versions are not looked at; `git fetch --unshallow` brings them"
    return [*([here.replaced] if here.replaced else []), *([cut] if here.is_shallow else [])]


def commit_at(
    location: Location, moment: Moment, zone: tzinfo, line_of: Callable[[Location], FirstParentLine]
) -> StandingCommit:
    """The commit that stood at a moment. Raises NoSuchMoment."""
    if isinstance(moment, str):
        commit = commit_meant(location, moment, or_date=True)
        seconds = git.output(location.work_tree, "rev-list", "--timestamp", "--max-count=1", commit, "--")
        return StandingCommit(commit, datetime.fromtimestamp(seconds_of(seconds.split()[0]), zone), ())
    line, until = line_of(location), last_moment_of(moment, zone)
    last = line.last(until)
    if not last:
        raise _nothing(location, moment, datetime.fromtimestamp(line.first(), zone).date())
    return StandingCommit(last.commit, datetime.fromtimestamp(last.seconds, zone), _notes(line, until, zone))


def commit_meant(location: Location, revision: str, *, or_date: bool = False) -> str:
    """The id of the commit that a person's revision names; `or_date`: a date would have done, too.

    Raises NoSuchMoment.
    """
    if revision.startswith("-"):
        raise NoSuchMoment(f'"{revision}" isn\'t a revision: none begins with a hyphen')
    if commit := git.commit_of(location.work_tree, revision):
        _require_one_meaning(location, revision)
        return commit
    kind = "is neither a date nor a revision" if or_date else "isn't a revision"
    lacks = f'"{revision}" {kind} that this repository has'
    if tip(location).is_shallow:
        raise NoSuchMoment(f"{lacks}, and the clone is shallow", hint=UNSHALLOW)
    hint = "name a commit, branch or tag: `git branch --all`, `git log --oneline`"
    if or_date:
        hint = "write a date as 2026-11-21, or a commit, branch or tag; `git log --oneline` lists commits"
    raise NoSuchMoment(lacks, hint=hint)


def _require_one_meaning(location: Location, revision: str) -> None:
    """Refuse a name that several refs have, at other commits: git would take the tag before the branch.

    A tag needs no review to be pushed, and comes with every clone. Raises PipecliError.
    """
    name = re.split(r"[~^:]|@\{", revision)[0]
    folders = ("refs/", "refs/tags/", "refs/heads/", "refs/remotes/")
    full = [*(f"{folder}{name}" for folder in folders), f"refs/remotes/{name}/HEAD"]
    listed = git.output(location.work_tree, "for-each-ref", "--format=%(refname)", *full)
    meant = [ref for ref in listed.split("\n") if ref in full]
    if meant and re.fullmatch("[0-9a-f]{4,64}", name):
        meant += git.output(location.work_tree, "rev-parse", f"--disambiguate={name}").split()
    if meant and not re.fullmatch("[A-Z_]+", name):  # HEAD and its like are git's own
        meant.append(name)  # of a file .git/main, too, which `git update-ref main` makes
    commits = {ref: commit for ref in meant if (commit := git.commit_of(location.work_tree, ref))}
    if len({*commits.values()}) > 1:
        taken = commits.pop(name, None)
        full_name = next((ref for ref in commits if not ref.startswith("refs/tags/")), meant[0])
        if taken and taken not in commits.values():
            commits[f"{name} in git's own folder"] = taken
        both = " and ".join(f"{ref} ({commit[:7]})" for ref, commit in commits.items())
        raise PipecliError(f'"{name}" is {both}', hint=f"name one in full, as {full_name}", code="ambiguous")


UNSHALLOW = "bring the older commits: git fetch --unshallow"


def zone_of(location: Location) -> ZoneInfo:
    """The timezone of the settings as they are now, without the index: its days bound the moments."""
    written = read.parse(safe_files.read_text(location.root, SETTINGS_FILE), SETTINGS_FILE)
    name = written.get("timezone", "UTC")
    try:
        return ZoneInfo(str(name))
    except (ValueError, OSError, KeyError):
        raise PipecliError(f'{SETTINGS_FILE}: timezone: "{name}" isn\'t a timezone') from None


def moment_text(moment: Moment) -> str:
    """A moment as a person reads it."""
    return f"{moment:%Y-%m-%d %H:%M}" if isinstance(moment, datetime) else str(moment)


def last_moment_of(moment: date, zone: tzinfo) -> datetime:
    """A time itself; of a date the last second."""
    if isinstance(moment, datetime):
        return moment
    if moment == date.max:  # it has no next
        return datetime.max.replace(tzinfo=UTC)
    return datetime.combine(moment + timedelta(days=1), time(), zone) - timedelta(seconds=1)


def _notes(line: FirstParentLine, until: datetime, zone: tzinfo) -> tuple[str, ...]:
    """The commits whose dates may mislead a person."""
    notes = []
    if ahead := line.ahead():
        notes.append(f"{_named(ahead, zone)} dated in the future: counted as made now")
    if misplaced := line.misplaced(until):
        its = "its neighbour" if len(misplaced) == 1 else "their neighbours"
        notes.append(f"{_named(misplaced, zone)} dated by a wrong clock: counted as of {its}")
    return tuple(notes)


def _named(commits: Sequence[DatedCommit], zone: tzinfo) -> str:
    first = commits[0]
    name = f"{first.commit[:7]} ({datetime.fromtimestamp(first.seconds, zone):%Y-%m-%d})"
    return f"commit {name} is" if len(commits) == 1 else f"{len(commits)} commits, the first {name}, are"


def _nothing(location: Location, moment: Moment, day: date) -> BeforeTheFirst:
    is_shallow = tip(location).is_shallow
    if is_shallow:
        why = f"this clone is shallow and begins on {day}; `git fetch --unshallow` brings what was before"
    else:
        why = f"the first commit is of {day}"
    return BeforeTheFirst(f"nothing is known as of {moment_text(moment)}: {why}", is_shallow=is_shallow)
