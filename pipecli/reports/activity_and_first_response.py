"""Activities done and planned, of each user, team, month, …; and how long people waited for our first.

That response is a call, an email or a meeting of ours; its time is also in business hours. Those are of
the clock on the wall: a day whose clock changes is as long as it really was.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any, NamedTuple

from pipecli.records.days import PERIOD_OF, PERIODS, Days, day_in
from pipecli.reports import group_of, median, percent, percentile_90

ACTIVITY_GROUPINGS = ("user", "team", "type", "week", "month", "quarter")
PEOPLE = ACTIVITY_GROUPINGS[:2]
"""Groupings that have deals of their own."""


class Activity(NamedTuple):
    """Something done or planned on a lead or an opportunity."""

    record: str
    on_open: bool
    """True of an activity on a lead or opportunity that is open."""
    user: str | None
    """The user who did it or is to: the one it names, else the owner of the record."""
    team: str | None
    type: str
    direction: str | None
    day: date
    done: bool


class OwnedDeal(NamedTuple):
    """An open deal, and whose it is."""

    id: str
    user: str | None
    team: str | None


class ActivityRow(NamedTuple):
    """The activities of one key: a user, a team, a type, a week, …; None: of nobody."""

    key: str | None
    done_count: int
    call_count: int
    """This and the next ones count what was done."""
    meeting_count: int
    email_out_count: int
    """An email without a direction is one of ours."""
    email_in_count: int
    task_count: int
    note_count: int
    on_open_count: int
    """Done on leads and opportunities that are open now."""
    on_closed_count: int
    planned_count: int
    overdue_count: int
    """Planned for a day before today."""
    open_deal_count: int | None
    """Of a user or team; None in every other grouping."""
    untouched_count: int | None
    """Of those, the ones on which nobody did anything in these days."""


class ActivityReport(NamedTuple):
    rows: list[ActivityRow]
    totals: ActivityRow
    overdue_before: int
    """Planned for before these days, and not done."""


def worked_on(activities: Iterable[Activity], days: Days) -> set[str]:
    """The ids of the records on which something was done on these days, by whomever."""
    return {activity.record for activity in activities if activity.done and days.has(activity.day)}


def count_activities(
    activities: Iterable[Activity], deals: Iterable[OwnedDeal], worked_on: set[str], *,
    by: str, days: Days, today: date,
) -> ActivityReport:  # fmt: skip
    """Count activities of these days by one of ACTIVITY_GROUPINGS.

    `worked_on` are the deals on which one was done then. Periods stand in their order, else whoever did the
    most comes first.
    """
    tallies: dict[str | None, Counter[str]] = defaultdict(Counter)
    totals = Counter[str]()
    overdue_before = 0
    for activity in activities:
        if not days.has(activity.day):
            overdue_before += not activity.done and activity.day < min(today, days.first or date.min)
            continue
        figures = _figures(activity, today)
        tallies[group_of(activity, by, activity.day)].update(figures)
        totals.update(figures)
    for deal in deals:
        figures = ["open_deal_count", *(["untouched_count"] if deal.id not in worked_on else [])]
        totals.update(figures)
        if by in PEOPLE:
            tallies[getattr(deal, by)].update(figures)
    rows = [_row(key, tally, has_deals=by in PEOPLE) for key, tally in tallies.items()]
    rows.sort(key=lambda row: (row.key is None, -row.done_count, -row.planned_count, row.key))
    if by in PERIOD_OF:
        rows.sort(key=lambda row: str(row.key))
    return ActivityReport(rows, _row(None, totals, has_deals=True), overdue_before)


def _figures(activity: Activity, today: date) -> list[str]:
    """The counts to which an activity adds one."""
    if not activity.done:
        return ["planned_count", *(["overdue_count"] if activity.day < today else [])]
    kind = f"{activity.type}_count"
    if activity.type == "email":
        kind = "email_in_count" if activity.direction == "in" else "email_out_count"
    return ["done_count", kind, "on_open_count" if activity.on_open else "on_closed_count"]


def _row(key: str | None, tally: Mapping[str, int], *, has_deals: bool) -> ActivityRow:
    _, *names = ActivityRow._fields
    figures = [tally.get(name, 0) if has_deals or name not in names[-2:] else None for name in names]
    return ActivityRow(key, *figures)  # type: ignore[arg-type]


_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MINUTE = 60
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST = int(datetime(1900, 1, 2, tzinfo=UTC).timestamp())
_LAST = int(datetime(2199, 12, 30, tzinfo=UTC).timestamp())
"""Nothing before or after is counted: a slip in a year must not have us look at a million days."""


class BusinessHours(NamedTuple):
    """The `business_hours` of the settings."""

    days: frozenset[int]
    """0 is Monday."""
    opens: int
    """Minutes since midnight."""
    closes: int
    """Minutes since midnight; 1440 is the end of the day."""
    holidays: frozenset[date]


def business_hours_of(settings: Mapping[str, Any]) -> BusinessHours | None:
    """The `business_hours` of settings as they are written; None where they have none."""
    written = settings.get("business_hours")
    if not written:
        return None
    return BusinessHours(
        frozenset(_WEEKDAYS.index(day) for day in written["days"]),
        _minutes(written["from"]),
        _minutes(written["to"]),
        frozenset(date.fromisoformat(day) for day in written.get("holidays") or ()),
    )


class WorkingTime:
    """Counts business minutes in a timezone. What it learns of a year is kept for the next question."""

    def __init__(self, hours: BusinessHours, zone: tzinfo) -> None:
        self._hours = hours
        self._zone = zone
        self._years: dict[int, list[int]] = {}

    def minutes(self, start: datetime, end: datetime) -> int:
        """Whole business minutes from one moment to another; 0 where the second is not the later."""
        first = _seconds(start)
        last = max(first, _seconds(end))
        begun, reached = self._local_day(first), self._local_day(last)
        years = sum(self._sums(year)[-1] for year in range(begun.year, reached.year))
        return (years + self._within_year(reached, last) - self._within_year(begun, first)) // _MINUTE

    def _local_day(self, seconds: int) -> date:
        return datetime.fromtimestamp(seconds, self._zone).date()

    def _within_year(self, day: date, until: int) -> int:
        """Business seconds from the beginning of a day's year to a moment of that day."""
        before = self._sums(day.year)[day.timetuple().tm_yday - 1]
        return before + sum(max(0, min(until, closed) - opened) for opened, closed in self._open(day))

    def _sums(self, year: int) -> list[int]:
        """Business seconds of a year before each of its days, and at last of all of it."""
        if year not in self._years:
            sums, day = [0], date(year, 1, 1)
            while day.year == year:
                sums.append(sums[-1] + sum(closed - opened for opened, closed in self._open(day)))
                day += timedelta(days=1)
            self._years[year] = sums
        return self._years[year]

    def _open(self, day: date) -> Iterator[tuple[int, int]]:
        """From when to when a day is open, in seconds since 1970; twice where the clock goes back then."""
        hours = self._hours
        if day.weekday() not in hours.days or day in hours.holidays:
            return
        midnight, next_midnight = self._wall(day, 0), self._wall(day, 24 * 60)
        if midnight.utcoffset() == next_midnight.utcoffset():
            start = _seconds(midnight)
            yield start + hours.opens * _MINUTE, start + hours.closes * _MINUTE
            return
        last = _seconds(next_midnight.replace(fold=1))
        for second in range(_seconds(midnight), last, _MINUTE):
            wall = datetime.fromtimestamp(second, self._zone)
            if wall.date() == day and hours.opens <= wall.hour * 60 + wall.minute < hours.closes:
                yield second, second + _MINUTE

    def _wall(self, day: date, minutes: int) -> datetime:
        """The moment at which the clock on the wall shows so many minutes of a day."""
        midnight = datetime(day.year, day.month, day.day, tzinfo=self._zone)
        return midnight + timedelta(minutes=minutes)  # of one zone, so the clock's hands are moved, not time


def _seconds(moment: datetime) -> int:
    return min(max(int((moment - _EPOCH).total_seconds()), _FIRST), _LAST)


def _minutes(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)


RESPONSE_GROUPINGS = ("owner", "team", "source", "campaign", "type", "kind", "month", "quarter")


class FirstAnswer(NamedTuple):
    """Our first answer to one record, and the state of that."""

    response: datetime | date | None
    """When we first answered; a bare day where nobody noted the hour."""
    is_open: bool


class Inquiry(NamedTuple):
    """A lead or an opportunity: somebody who waits for us, or did."""

    kind: str
    """`lead` or `opportunity`."""
    id: str
    created: datetime
    answer: FirstAnswer
    owner: str | None
    team: str | None
    source: str | None
    campaign: str | None
    type: str | None
    """Of an opportunity."""
    lead_created: datetime | None = None
    """Of an opportunity whose lead has a file: since then they wait."""
    others: tuple[FirstAnswer, ...] = ()
    """Those to the opportunities on a lead; to the lead of an opportunity."""

    @property
    def since(self) -> datetime:
        """The time from which they wait for us."""
        return min(self.created, self.lead_created or self.created)

    def with_others(self) -> Inquiry:
        """With the answer that came first, on the lead itself or on what became of it."""
        answers = (self.answer, *self.others)
        responses = [answer.response for answer in answers if answer.response]
        timed = [response for response in responses if isinstance(response, datetime)]
        first = min(timed or responses, default=None)
        return self._replace(answer=FirstAnswer(first, any(answer.is_open for answer in answers)))


class ResponseRow(NamedTuple):
    """The inquiries of one key; times in whole minutes."""

    key: str | None
    created_count: int
    answered_count: int
    answered_share: Decimal | None
    """Percent of all that were created."""
    median: int | None
    percentile_90: int | None
    unanswered_count: int
    waiting_count: int
    """Of the unanswered, those that are still open."""
    waiting_median: int | None
    waiting_oldest: int | None
    oldest: str | None
    """The id of the record that waits longest."""


class FirstResponse(NamedTuple):
    by: str
    rows: list[ResponseRow]
    totals: ResponseRow
    untimed_count: int
    """Answered on a day without an hour: in no median."""
    early_count: int
    """Answered before they were created, as what is entered afterwards is: 0 minutes."""
    ahead_count: int
    """Created or answered at a time that is yet to come."""
    counted_with_lead: int
    """Opportunities on a lead: where leads count, too, they are one inquiry with it."""


def first_response(
    inquiries: Iterable[Inquiry],
    *,
    by: str,
    now: datetime,
    zone: tzinfo,
    days: Days,
    kind: str | None = None,
    working_time: WorkingTime | None = None,
) -> FirstResponse:
    """Group what was created on some days, in a timezone, by one of RESPONSE_GROUPINGS.

    `kind`: `lead` or `opportunity` alone. With `working_time` only business minutes count. Periods come in
    their order, other keys the most frequent first.
    """
    minutes = working_time.minutes if working_time else _first_response_minutes
    tallies: dict[str | None, _Tally] = defaultdict(_Tally)
    totals = _Tally()
    by_day = days != Days() or by in PERIODS
    ahead_count = counted_with_lead = 0
    for record in inquiries:
        day = day_in(record.created, zone) if by_day else date.min
        if not days.has(day) or kind not in (None, record.kind):
            continue
        if kind is None and record.lead_created:
            counted_with_lead += 1
            continue
        key = group_of(record, by, day)
        inquiry = record.with_others() if record.others and (kind is None or record.lead_created) else record
        waited = _waited(inquiry, now, minutes)
        ahead_count += max(inquiry.created, _moment(inquiry) or inquiry.created) > now
        for tally in (tallies[key], totals):
            tally.add(inquiry, waited)
    rows = [tally.row(key) for key, tally in tallies.items()]
    rows.sort(key=lambda row: (row.key is None, 0 if by in PERIODS else -row.created_count, str(row.key)))
    return FirstResponse(
        by, rows, totals.row(None), totals.untimed_count, totals.early_count, ahead_count, counted_with_lead
    )


def _first_response_minutes(start: datetime, end: datetime) -> int:
    return max(0, int((end - start).total_seconds() // 60))


def _waited(inquiry: Inquiry, now: datetime, minutes: Callable[[datetime, datetime], int]) -> int | None:
    """Until the response, or until now of one who still waits; None of all that can't be measured."""
    if inquiry.answer.response is None:
        return minutes(inquiry.since, now) if inquiry.answer.is_open else None
    moment = _moment(inquiry)
    return minutes(inquiry.since, moment) if moment else None


def _moment(inquiry: Inquiry) -> datetime | None:
    return inquiry.answer.response if isinstance(inquiry.answer.response, datetime) else None


class _Tally:
    __slots__ = ("answered", "count", "early_count", "unanswered_count", "untimed_count", "waiting")

    def __init__(self) -> None:
        self.count = self.unanswered_count = self.untimed_count = self.early_count = 0
        self.answered: list[int] = []
        self.waiting: list[tuple[int, str]] = []

    def add(self, inquiry: Inquiry, waited: int | None) -> None:
        self.count += 1
        if inquiry.answer.response is None:
            self.unanswered_count += 1
            if waited is not None:
                self.waiting.append((waited, inquiry.id))
        elif waited is None:
            self.untimed_count += 1
        else:
            self.answered.append(waited)
            self.early_count += (_moment(inquiry) or inquiry.since) < inquiry.since

    def row(self, key: str | None) -> ResponseRow:
        answered_count = len(self.answered) + self.untimed_count
        waiting = [minutes for minutes, _ in self.waiting]
        longest, oldest = max(self.waiting, default=(None, None))
        return ResponseRow(
            key, self.count, answered_count, percent(answered_count, self.count),
            _whole(median(self.answered)), _whole(percentile_90(self.answered)),
            self.unanswered_count, len(waiting), _whole(median(waiting)), longest, oldest,
        )  # fmt: skip


def _whole(minutes: float | None) -> int | None:
    return None if minutes is None else int(minutes + 0.5)
