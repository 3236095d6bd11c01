"""Plans as an iCalendar file (RFC 5545): a task to be done, a meeting at its hour, a next contact all day.

The same entries give the same bytes, whenever and wherever the file is written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from icalendar import Alarm, Calendar, Event, Timezone, TimezoneDaylight, TimezoneStandard, Todo, vText

from pipecli.harmless_text import without_controls
from pipecli.reports.today_and_followups import PlannedAction
from pipecli.translation import Words

if TYPE_CHECKING:
    from icalendar import Component


class CalendarEntry(NamedTuple):
    """An event, or a task to be done."""

    uid: str
    """The same in every export, so that a calendar moves an entry instead of adding another."""
    is_task: bool
    start: date | datetime
    """A bare day makes an event of the whole day. Of a task, the due time."""
    minutes: int | None
    """The length of an event that has an hour."""
    summary: str
    description: str
    category: str
    is_done: bool
    changed: datetime
    """The time of the last change; a calendar replaces its entry by one with a later time."""


def calendar_text(name: str, entries: Iterable[CalendarEntry], zone: ZoneInfo) -> str:
    """The text of a calendar, its lines ended by CR LF, its times those of a timezone."""
    local = [
        entry._replace(start=entry.start.astimezone(zone)) if isinstance(entry.start, datetime) else entry
        for entry in entries
    ]
    calendar = Calendar()
    calendar.add("PRODID", "-//pipecli//EN")
    calendar.add("VERSION", "2.0")
    for key in ("NAME", "X-WR-CALNAME"):  # of RFC 7986, and what programs read before it
        calendar[key] = vText(_clean(name))
    calendar.add("X-WR-TIMEZONE", zone.key)
    times = [entry.start for entry in local if isinstance(entry.start, datetime)]
    if times or not local:  # a calendar without any part is none
        calendar.add_component(
            _timezone(zone, min(times, default=_BEGINNING), max(times, default=_BEGINNING))
        )
    for entry in local:
        component = _component(entry)
        if not entry.is_done:
            component.add_component(_alarm(entry))
        calendar.add_component(component)
    text: str = calendar.to_ical().decode()
    return text


def _component(entry: CalendarEntry) -> Component:
    component = Todo() if entry.is_task else Event()
    changed, at = entry.changed.astimezone(UTC), entry.start
    is_timed = isinstance(at, datetime)
    component.add("UID", entry.uid)
    component.add("DTSTAMP", changed)
    component.add("LAST-MODIFIED", changed)
    # Counting commits would go back where a branch is squashed, and a calendar passes over what goes back.
    component.add("SEQUENCE", max(int((changed - _BEGINNING).total_seconds()), 0))
    component.add("SUMMARY", _clean(entry.summary))
    if entry.description:
        component.add("DESCRIPTION", _clean(entry.description))
    component.add("CATEGORIES", [_clean(entry.category)])
    if not entry.is_task:
        component.add("DTSTART", at)
        if is_timed:
            component.add("DURATION", timedelta(minutes=entry.minutes or 0))
        component.add("TRANSP", "OPAQUE" if is_timed else "TRANSPARENT")  # a call to make keeps no day busy
        component.add("STATUS", "CONFIRMED")
        return component
    component.add("DUE", at)
    component.add("STATUS", "COMPLETED" if entry.is_done else "NEEDS-ACTION")
    if entry.is_done:
        done = at if isinstance(at, datetime) else datetime.combine(at, time(12), UTC)
        component.add("COMPLETED", done.astimezone(UTC))
        component.add("PERCENT-COMPLETE", 100)
    return component


_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_BEFORE = timedelta(minutes=-15)
_IN_THE_MORNING = timedelta(hours=9)


def _alarm(entry: CalendarEntry) -> Alarm:
    """A reminder a quarter of an hour before a timed entry, and at nine on the day of any other."""
    alarm = Alarm()
    alarm.add("ACTION", "DISPLAY")
    alarm.add("DESCRIPTION", _clean(entry.summary))
    trigger = _BEFORE if isinstance(entry.start, datetime) else _IN_THE_MORNING
    alarm.add("TRIGGER", trigger, parameters={"RELATED": "END"} if entry.is_task else {})
    return alarm


def _clean(text: str) -> str:
    return without_controls(text.replace("\r\n", "\n").replace("\r", "\n"), "\u2028\u2029", instead=" ")


class _Observance(NamedTuple):
    """A rule of the clock: the offsets before and after its onset, its name, and if it saves daylight."""

    before: timedelta
    after: timedelta
    name: str
    is_daylight: bool


def _timezone(zone: ZoneInfo, first: datetime, last: datetime) -> Timezone:
    """A timezone with each change of its clock between two moments.

    Not icalendar's own Timezone.from_tzinfo: that gives the onset in the new offset, an hour too late in
    spring, where RFC 5545 (3.6.5) wants it in the old one.
    """
    start = datetime(max(first.year, 1970), 1, 1, tzinfo=zone)
    onsets: dict[_Observance, list[datetime]] = defaultdict(list)
    for moment in (start, *_changes(zone, start, last)):
        local = moment.astimezone(zone)
        earlier = local if moment is start else (moment - timedelta(seconds=1)).astimezone(zone)
        before = _offset(earlier)
        rule = _Observance(before, _offset(local), local.tzname() or zone.key, bool(local.dst()))
        onsets[rule].append((moment.astimezone(UTC) + before).replace(tzinfo=None))
    timezone = Timezone()
    timezone.add("TZID", zone.key)
    for rule, times in onsets.items():
        component = TimezoneDaylight() if rule.is_daylight else TimezoneStandard()
        component.add("DTSTART", times[0])
        component.add("TZOFFSETFROM", rule.before)
        component.add("TZOFFSETTO", rule.after)
        component.add("TZNAME", rule.name)
        if times[1:]:
            component.add("RDATE", times[1:])
        timezone.add_component(component)
    return timezone


_STEP = timedelta(days=7)  # no clock is changed twice within
_LONGEST = timedelta(days=36525)


def _changes(zone: ZoneInfo, start: datetime, last: datetime) -> list[datetime]:
    """The moments, in UTC, at which the clock of a timezone changes."""
    moments = []
    here, end = start.astimezone(UTC), min(last.astimezone(UTC), start.astimezone(UTC) + _LONGEST)
    while here < end:
        there = here + _STEP
        if _rule(here, zone) != _rule(there, zone):
            low, high = here, there
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) // 2
                if _rule(middle, zone) == _rule(here, zone):
                    low = middle
                else:
                    high = middle
            moments.append(high.replace(microsecond=0))
        here = there
    return moments


def _rule(moment: datetime, zone: ZoneInfo) -> tuple[timedelta, str | None]:
    local = moment.astimezone(zone)
    return _offset(local), local.tzname()


def _offset(local: datetime) -> timedelta:
    offset = local.utcoffset()
    assert offset is not None
    return offset


_MINUTES = {"meeting": 60}
_OTHER_MINUTES = 30
"""The length of a call without a duration: a calendar hides an entry of no length."""


class Agenda(NamedTuple):
    """The facts beside a plan that its calendar entry needs."""

    changed: Mapping[str, datetime]
    """The time of the last change of each record."""
    names: Mapping[str, str]
    """The names of the users by their slugs."""
    is_of_many: bool
    """True for a calendar of several users, in which each entry names its user."""
    words: Words

    def entry(self, plan: PlannedAction, *, is_done: bool = False) -> CalendarEntry:
        """The entry of a plan."""
        what = self.words.named("kinds", plan.type or plan.kind)
        what = f"{what}: {plan.subject}" if plan.type else what
        customer = plan.customer_name or plan.customer
        title = f"{plan.title} ({customer})" if customer else plan.title
        who = self.names.get(plan.by or "", plan.by or self.words.nobody)
        by = f"{who}: " if self.is_of_many else ""
        return CalendarEntry(
            uid=f"{plan.id}-{plan.activity or plan.kind}@pipecli",
            is_task=plan.type == "task",
            start=plan.at,
            minutes=plan.duration or _MINUTES.get(plan.type or "", _OTHER_MINUTES),
            summary=f"{by}{what}, {title}",
            description="\n".join(line for line in (plan.note, plan.id) if line),
            category=plan.type or plan.kind,
            is_done=is_done,
            changed=self.changed[plan.id],
        )
