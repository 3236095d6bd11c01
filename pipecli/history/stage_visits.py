"""Stage visits and last moves of the deals, by the commits up to a moment.

`stages_by_commit` says which commit brought a deal to a stage. Here the commits get the times at which they
count (`dated_stages`), the stages the names they have now (`observations`), and what was observed of a deal
becomes visits (`stage_visits`), of many deals at once in `journeys`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time, tzinfo
from itertools import pairwise
from typing import NamedTuple

from pipecli.history.commit_as_of import NoSuchMoment, never_falling
from pipecli.history.history_index import History, Say, open_history
from pipecli.history.stages_by_commit import FirstParentPath, StagesByCommit, path_to, stages_by_commit
from pipecli.reports.deal import Deal, StageKey, StageVisit
from pipecli.store.location import Location
from pipecli.store.pipeline import Pipeline

_DAY = 86_400


class Observation(NamedTuple):
    """A deal as it was from a moment on."""

    at: int
    """Seconds since 1970."""
    process: str
    stage: str
    status: str


class StageHistory(NamedTuple):
    """The known way of one deal through the stages, up to now."""

    created: int
    """Seconds since 1970, as all moments here."""
    observations: Sequence[Observation]
    """In the order of time; the last is how it is now."""
    facts: Mapping[str, int]
    """When it came to a stage of its process, as an import noted it, for what no commit shows."""
    closed: int | None = None
    """The beginning of the day on which it ended, as its file says; None of an open one."""
    is_cut: bool = False
    """True where an earlier part of its history is not in this clone."""


class Observations(NamedTuple):
    """The deals along a path of commits."""

    of_deals: dict[str, list[Observation]]
    """By the id of the deal, each at another stage or of another status than the one before."""
    cut: frozenset[str]
    """The deals that stood in the first commit of a shallow clone, whose past is not here."""
    notes: list[str]
    """Reasons for which this is less than the whole story, or other than the commits have it."""


class DatedStages(NamedTuple):
    """The stages of deals in the commits of a path, numbered from 1, and when these count."""

    by_commit: StagesByCommit
    now: datetime
    dates: list[int]
    """The commits' own, in seconds since 1970."""
    times: list[int]
    """Those at which they count."""
    begin: set[int]
    """The numbers of those with which a shallow clone begins."""

    @property
    def shallow_note(self) -> str:
        day = datetime.fromtimestamp(self.times[0], self.now.tzinfo).date()
        return f"this clone is shallow: stages before {day} are not known"

    def clock_notes(self, numbers: Iterable[int]) -> list[str]:
        """The numbers of commits that count at another time than their own, in words."""
        latest = int(self.now.timestamp())
        wrong = [number for number in numbers if self.times[number - 1] != self.dates[number - 1]]
        ahead = sum(self.times[number - 1] == latest for number in wrong)
        around = len(wrong) - ahead
        return [
            *([_AHEAD[ahead > 1].format(ahead, self.now.date())] if ahead else []),
            *([_WRONG_CLOCKS[around > 1].format(around)] if around else []),
        ]


def dated_stages(history: History, until: str, now: datetime) -> DatedStages:
    """The stages along the path to a commit (`HEAD`, or an id); no commit counts later than `now`."""
    path = path_to(history, until)
    rows = history.connection.execute(
        "SELECT committed FROM commits WHERE line IS NOT NULL AND line <= ? ORDER BY line", (path.line,)
    )
    dates = [*(seconds for (seconds,) in rows), *(commit.committed for commit in path.beside)]
    times, _ = never_falling(dates, max(now, datetime.now(UTC)).timestamp())
    latest = int(now.timestamp())
    counted = [min(time, latest) for time in times]
    return DatedStages(stages_by_commit(history, path), now, dates, counted, _begin(history, path))


def observations(history: History, until: str, now: datetime, stages: Collection[StageKey]) -> Observations:
    """Where the deals stood in each commit along first parents up to one, `HEAD` or an id.

    What is dated after `now` counts as of now. A stage that was renamed, in one commit in the settings and in
    its deals, is called as it is in `stages`.
    """
    known = dated_stages(history, until, now)
    by_commit, begin, unreadable = known.by_commit, known.begin, len(known.by_commit.unreadable)
    return Observations(
        {
            key: [
                Observation(known.times[line - 1], *by_commit.as_called_now(where, stages))
                for line, where in seen.items()
            ]
            for key, seen in by_commit.seen.items()
        },
        frozenset(key for key, seen in by_commit.seen.items() if begin and not begin.isdisjoint(seen)),
        [
            *([known.shallow_note] if begin else []),
            *known.clock_notes(range(1, len(known.dates) + 1)),
            *([_UNREADABLE[unreadable > 1].format(unreadable)] if unreadable else []),
        ],
    )


_AHEAD = (
    "1 commit is dated after {1}: counted as of then",
    "{} commits are dated after {}: counted as of then",
)
_WRONG_CLOCKS = (
    "1 commit with a wrong clock counts as of its neighbour",
    "{} commits with wrong clocks count as of their neighbours",
)
_UNREADABLE = (
    "1 version of a deal can't be read: passed over",
    "{} versions of deals can't be read: passed over",
)


def _begin(history: History, path: FirstParentPath) -> set[int]:
    """The numbers of the commits of a path with which a shallow clone begins."""
    if not history.boundary:
        return set()
    rows = history.connection.execute(
        "SELECT id, line FROM commits WHERE parents = 0 AND line <= ?", (path.line,)
    )
    beside = ((commit.id, number) for number, commit in enumerate(path.beside, path.line + 1))
    return {number for commit_id, number in (*rows, *beside) if commit_id in history.boundary}


class Journeys(NamedTuple):
    all: list[Deal]
    """With their stage visits."""
    notes: list[str]
    """Reasons for which they are less than the whole story."""


def journeys(
    location: Location,
    deals: Sequence[Deal],
    entered: Mapping[str, Mapping[str, object]],
    *,
    until: str,
    now: datetime,
    stages: Mapping[StageKey, int],
    say: Say,
) -> Journeys:
    """The deals with their visits to the stages, as of `HEAD` or the id of a commit, and a moment.

    `entered` gives by the deal's id when it came to stages, as an import wrote it. `stages` gives each
    its place in its process. What is not committed counts as of `now`.
    """
    try:
        seen = observations(open_history(location, say), until, now, stages)
    except NoSuchMoment:  # nothing is committed yet
        seen = Observations({}, frozenset(), [])
    zone = now.tzinfo
    assert zone
    unused, with_visits, moment = 0, [], int(now.timestamp())
    ends: dict[date | None, int | None] = {None: None}
    for deal in deals:
        written = entered.get(deal.id, {})
        facts = _facts(deal.process, written, stages, zone)
        unused += len(written) - len(facts)
        if deal.ended and deal.ended not in ends:
            ends[deal.ended] = int(datetime.combine(deal.ended, time(), zone).timestamp())
        present = Observation(moment, deal.process, deal.stage, deal.status)
        stage_history = StageHistory(
            int(deal.created.timestamp()),
            [*seen.of_deals.get(deal.id, ()), present],
            facts,
            ends[deal.ended],
            deal.id in seen.cut,
        )
        with_visits.append(deal._replace(stage_visits=stage_visits(stage_history, stages)))
    return Journeys(with_visits, [*seen.notes, *([_UNUSED[unused > 1].format(unused)] if unused else [])])


_UNUSED = (
    "1 entry of custom.stage_entered isn't a time at a stage of the deal's process: not used",
    "{} entries of custom.stage_entered aren't times at a stage of the deal's process: not used",
)


def _facts(
    process: str, written: Mapping[str, object], stages: Mapping[StageKey, int], zone: tzinfo
) -> dict[str, int]:
    """When a deal came to stages, in seconds since 1970; a bare day counts from its beginning."""
    facts = {}
    for stage, text in written.items():
        if (process, stage) in stages:
            with suppress(ValueError):
                moment = datetime.fromisoformat(str(text))
                aware = moment if moment.tzinfo else moment.replace(tzinfo=zone)
                facts[stage] = int(aware.timestamp())
    return facts


def stage_visits(deal: StageHistory, places: Mapping[StageKey, int]) -> list[StageVisit]:
    """The visits of a deal, one after the other; `places` gives each stage its place in its process.

    A deal that is first seen where it was created, within a day, came there at its creation; of any other the
    time before is unknown. A deal that is reopened comes to its stage again.
    """
    visits: list[StageVisit] = []
    changes = _observed_changes(deal)
    entered = _first_entered(deal, changes[0])
    for before, after in pairwise(changes):
        if before.status == "open":
            left = max(_left(deal, changes, after), entered or 0)
            end = _end(before, after, places)
            visits.append(StageVisit(before.process, before.stage, entered, left, end))
            entered = left
        elif after.status == "open":  # it was reopened
            entered = after.at
        elif visits:  # how it ended was corrected
            visits[-1] = visits[-1]._replace(end=after.status)
    last = changes[-1]
    if last.status == "open":
        visits.append(StageVisit(last.process, last.stage, entered, None, "here"))
    elif len(changes) == 1 and last.stage:  # it was over when it was first seen
        left = max(_left(deal, changes, last), entered or 0)
        visits.append(StageVisit(last.process, last.stage, entered, left, last.status))
    return visits


def _observed_changes(deal: StageHistory) -> list[Observation]:
    """The observations with the facts among them, each different from the one before."""
    seen = deal.observations
    if not deal.facts:
        return _without_repeats(seen)
    process = seen[-1].process
    first_seen: dict[str, int] = {}
    for observation in reversed(seen):
        first_seen[observation.stage] = observation.at
    facts = [
        Observation(at, process, stage, "open")
        for stage, at in deal.facts.items()
        if at <= first_seen.get(stage, seen[-1].at)
    ]
    return _without_repeats(sorted([*facts, *seen], key=lambda observation: observation.at))


def _without_repeats(seen: Sequence[Observation]) -> list[Observation]:
    changes = [seen[0]]
    for observation in seen[1:]:
        if changes[-1][1:] != observation[1:]:
            changes.append(observation)
    return changes


def _first_entered(deal: StageHistory, first: Observation) -> int | None:
    if deal.facts.get(first.stage) == first.at:
        return first.at
    if deal.is_cut or first.at - deal.created > _DAY:
        return None
    return min(deal.created, first.at)


def _left(deal: StageHistory, changes: Sequence[Observation], after: Observation) -> int:
    """When a stage was left: at the beginning of the day on which the deal ended, if that was noted later."""
    is_end = after is changes[-1] and after.status != "open"
    return deal.closed if is_end and deal.closed is not None and after.at - deal.closed >= _DAY else after.at


def _end(before: Observation, after: Observation, places: Mapping[StageKey, int]) -> str:
    """How a visit ended: as the deal did, or `on`, `back` or `elsewhere`."""
    if after.status != "open":
        return after.status
    old, new = places.get((before.process, before.stage)), places.get((after.process, after.stage))
    if before.process != after.process or old is None or new is None:
        return "elsewhere"
    return "on" if new > old else "back"


def last_stage_changes(pipeline: Pipeline, deals: Sequence[Deal], say: Say) -> dict[str, date]:
    """By the deal's id, the day of its last move up to the pipeline's now; none for a deal that never moved.

    A move counts when the line of commits to the pipeline's own says so, as do stage visits, and one that
    is not committed counts as of now. Nobody looks where no deal can be stale.
    """
    if all(deal.rotting_days is None for deal in deals):
        return {}
    try:
        history = open_history(pipeline.location, say)
    except NoSuchMoment:  # nothing is committed yet
        return {}
    query = pipeline.connection.execute
    stages = {(process, stage) for process, stage in query("SELECT process, id FROM stages")}
    known, zone = dated_stages(history, pipeline.revision, pipeline.now), pipeline.now.tzinfo
    moves, moved = {}, set[int]()
    for deal in deals:
        seen = known.by_commit.seen.get(deal.id, {})
        places = [known.by_commit.as_called_now(where, stages) for where in seen.values()]
        if places and places[-1] != (deal.process, deal.stage, "open"):
            moves[deal.id] = pipeline.today
        elif others := [place for place, other in enumerate(places[:-1], 1) if other != places[-1]]:
            came = list(seen)[others[-1]]
            moved.add(came)
            moves[deal.id] = datetime.fromtimestamp(known.times[came - 1], zone).date()
    is_cut = any(deal.id not in moves and known.by_commit.seen.get(deal.id) for deal in deals)
    for note in (*([known.shallow_note] if known.begin and is_cut else []), *known.clock_notes(moved)):
        say(f"warning: {note}")
    return moves
