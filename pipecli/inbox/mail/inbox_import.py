"""One run of `inbox import`: every mail recorded once, in order of time; and its report.

To which record a mail belongs, whether it makes a lead, and whose that is, is decided in
`workflow/lead_or_deal_of_mail.py`.

A mail may wait for another: for the one it answers, or for the lead that a later one makes. The result
depends on the mails and not on the order of the files, so that a second run finds nothing to add.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from pipecli.inbox.mail.address_book import address_book
from pipecli.inbox.mail.forwarded import forwarded_mails, is_quoted, quoted_id
from pipecli.inbox.mail.mailbox_files import LeftOut, RawMessage, mail_files, raw_messages
from pipecli.inbox.mail.message import READ, Mail, Moment, Person, excess, mail_of, mail_text
from pipecli.records.activity import Activity
from pipecli.records.emails_and_phones import email_domain, email_key
from pipecli.records.kinds import LEAD
from pipecli.records.lead import Lead
from pipecli.records.opportunity import Opportunity
from pipecli.store.pipeline import Pipeline
from pipecli.wording import Line, count, first_of
from pipecli.workflow import Change
from pipecli.workflow.lead_or_deal_of_mail import (
    Facts,
    LeadOrDeal,
    Placed,
    activity_of,
    add_mails,
    id_of_mail,
    is_new_lead,
    lead_of_mail,
    record_of_mail,
)

_FIRST_MAIL = datetime(1990, 1, 1, tzinfo=UTC)
"""An earlier time of a mail is that of a wrong clock."""


class Timed(NamedTuple):
    """A mail with the time it is recorded at, and the source of that time."""

    mail: Mail
    at: datetime
    source: str
    facts: Facts


class Recorded(NamedTuple):
    timed: Timed
    placed: Placed
    on: LeadOrDeal
    activity: Activity


class Unplaced(NamedTuple):
    timed: Timed
    placed: Placed
    suggestion: str
    """The slug of the customer whose domain it is from; empty for none."""


class MailOutcome(NamedTuple):
    recorded: list[Recorded]
    unplaced: list[Unplaced]
    already: int
    """The number recorded by an earlier run, or lying in these files twice."""
    already_on: list[str]
    """The ids of the records that earlier runs recorded them on."""
    leads: list[str]
    """The ids of the new leads."""
    changes: list[Change]
    """One for each record that mails are recorded on."""


class Read(NamedTuple):
    """The counts of what was read, before any mail is placed."""

    files: int
    mails: int
    left_out: list[LeftOut]


def read_mails(paths: Iterable[Path], *, bodies: bool) -> tuple[list[Mail], Read]:
    """The mails of all files, before the pipeline is held: a mailbox may be large."""
    mails: list[Mail] = []
    left_out: list[LeftOut] = []
    files = 0
    for file in (file for path in paths for file in mail_files(path)):
        if isinstance(file, LeftOut):
            left_out.append(file)
            continue
        files += 1
        for raw_message in raw_messages(file, body=READ):
            read = raw_message if isinstance(raw_message, LeftOut) else _read(raw_message, bodies=bodies)
            if isinstance(read, LeftOut):
                left_out.append(read)
            else:
                mails.append(read)
    return mails, Read(files, len(mails), left_out)


def _read(raw_message: RawMessage, *, bodies: bool) -> Mail | LeftOut:
    why = excess(raw_message)
    mail = LeftOut(raw_message.place, why) if why else mail_of(raw_message)
    if isinstance(mail, LeftOut):
        return mail
    forwarded = forwarded_mails(raw_message, mail, bodies=bodies)
    return mail._replace(forwarded=forwarded, text=mail_text(raw_message) if bodies else "")


def outcome_of_mails(
    pipeline: Pipeline, mails: Iterable[Mail], *, on: str | None = None, create_leads: bool = False
) -> MailOutcome:
    """The outcome of mails, not yet written. Raises FaultyFile.

    With `on`, the id of a lead or deal, all of them go there.
    """
    run = _Run(pipeline)
    timed = sorted(
        (inner for mail in mails for inner in run.unwrapped(_timed(mail, pipeline.now))), key=_order
    )
    written = {_told(mail.at, mail.mail.subject) for mail in timed if not is_quoted(mail.mail)}
    new: dict[str, Timed] = {}
    before = {on.key for mail in timed for on in run.records_with(mail)}
    for mail in timed:
        if not run.has(mail) and not (is_quoted(mail.mail) and _told(mail.at, mail.mail.subject) in written):
            new.setdefault(mail.mail.message_id, mail)
    if on is not None:
        run.put(new.values(), on)
    else:
        run.place(new.values())
    for mail in new.values() if create_leads else ():
        if not run.has(mail):
            run.make_lead(mail)
    return MailOutcome(
        sorted(run.recorded, key=lambda recorded: _order(recorded.timed)),
        [run.unplaced(mail) for mail in new.values() if not run.has(mail)],
        len(timed) - len(new),
        sorted(before),
        [lead.key for lead in run.leads],
        run.changes(),
    )


def time_of(moments: Sequence[Moment], now: datetime) -> Moment:
    """The first plausible time: not after today, and not before there was mail.

    The last one, that of the file, is always plausible, at most as now.
    """
    assert now.tzinfo is not None
    tomorrow = datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo)
    *of_headers, of_file = moments
    moment = next((moment for moment in of_headers if _FIRST_MAIL <= moment.at < tomorrow), None)
    if moment is None:
        moment = of_file if of_file.at <= now else Moment(now, "now")
    return moment._replace(at=moment.at.astimezone(now.tzinfo).replace(microsecond=0))


def _timed(mail: Mail, now: datetime) -> Timed:
    at, source = time_of(mail.moments, now)
    sender, to, copied = (
        [key for person in people if (key := email_key(person.email))]
        for people in (mail.sender, mail.to, mail.copied)
    )
    return Timed(mail, at, source, Facts(sender, to, copied, mail.references, at))


def _told(at: datetime, subject: str) -> tuple[str, str]:
    """The minute and subject by which a mail is the one that another quotes."""
    return at.astimezone(UTC).isoformat(timespec="minutes"), subject


def _order(timed: Timed) -> tuple[datetime, str]:
    return timed.at, timed.mail.message_id


class _Run:
    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._known, self._records, self._customer_of_domain = address_book(pipeline)
        self._waiting: defaultdict[str, dict[str, Timed]] = defaultdict(dict)
        self._activities: dict[LeadOrDeal, list[Activity]] = {}
        ids = pipeline.query("SELECT id FROM activities UNION SELECT key FROM _records")
        self._taken = {row[0] for row in ids}
        rows = pipeline.query(
            "SELECT at, subject FROM activities WHERE message_id IS NOT NULL AND at LIKE '%T%'"
        )
        self._mails = {_told(datetime.fromisoformat(at), subject) for at, subject in rows}
        self.recorded: list[Recorded] = []
        self.leads: dict[LeadOrDeal, Change] = {}

    def has(self, timed: Timed) -> bool:
        """True for a mail that is recorded, or was as one that somebody forwarded; or the other way round."""
        mail = timed.mail
        if is_quoted(mail):
            known = _told(timed.at, mail.subject) in self._mails
        else:
            known = quoted_id(mail.sender[0].email, timed.at, mail.subject) in self._known.threads
        return known or mail.message_id in self._known.threads

    def records_with(self, timed: Timed) -> Sequence[LeadOrDeal]:
        """The records that a mail is recorded on."""
        return self._known.threads.get(timed.mail.message_id, ())

    def unwrapped(self, timed: Timed) -> list[Timed]:
        """The mails that one of us forwarded to us; of any other mail itself."""
        is_ours, facts = self._known.is_ours, timed.facts
        is_internal = any(map(is_ours, facts.sender)) and all(map(is_ours, (*facts.to, *facts.copied)))
        if not timed.mail.forwarded or not is_internal or timed.mail.is_automatic:
            return [timed]
        return [_timed(mail, self._pipeline.now) for mail in timed.mail.forwarded]

    def place(self, mails: Iterable[Timed]) -> None:
        """Record the mails that have a place, and those that get one thereby; the rest waits."""
        queue = deque(mails)
        while queue:
            timed = queue.popleft()
            if self.has(timed):
                continue
            placed = record_of_mail(timed.facts, self._known)
            if placed.on is not None:
                self._record(timed, placed, placed.on)
                queue.extend(self._waiting.pop(timed.mail.message_id, {}).values())
            else:
                facts = timed.facts
                for key in (*facts.references, *facts.sender, *facts.to, *facts.copied):
                    self._waiting[key][timed.mail.message_id] = timed

    def put(self, mails: Iterable[Timed], on: str) -> None:
        """Record mails on one deal or lead, except those among ourselves."""
        for timed in mails:
            placed = record_of_mail(timed.facts, self._known)
            if not placed.is_internal:
                self._record(timed, placed, self._records[on])

    def make_lead(self, timed: Timed) -> None:
        """Make the lead of a mail, where it is one."""
        placed = record_of_mail(timed.facts, self._known)
        if not is_new_lead(placed, is_automatic=timed.mail.is_automatic):
            return
        person = timed.mail.sender[0]
        key = f"{LEAD.prefix}-{self._id(f'lead {timed.mail.message_id}', f'{LEAD.prefix}-')}"
        activity = self._activity(timed, placed)
        change = lead_of_mail(
            key,
            activity,
            self._pipeline.settings,
            created=timed.at,
            name=person.name,
            email=person.email,
            organization=self._customer(timed)[1] or None,
        )
        lead = LeadOrDeal("lead", key, timed.at)
        self.leads[lead] = change
        self._known.threads[timed.mail.message_id] = [lead]
        self._known.leads[timed.facts.sender[0]] = [lead]
        self.recorded.append(Recorded(timed, placed, lead, activity))
        for key in (timed.mail.message_id, timed.facts.sender[0]):
            self.place(self._waiting.pop(key, {}).values())

    def unplaced(self, timed: Timed) -> Unplaced:
        return Unplaced(timed, record_of_mail(timed.facts, self._known), self._customer(timed)[0])

    def changes(self) -> list[Change]:
        """The change of each record, with all its mails."""
        changes = []
        for on, recorded in self._activities.items():
            activities = sorted(recorded, key=lambda activity: (activity.at, activity.id))
            lead = self.leads.get(on)
            if lead is None:
                changes.append(add_mails(self._get(on), activities, self._pipeline.now))
            else:
                assert isinstance(lead.record, Lead)
                self.leads[on] = lead._replace(
                    record=add_mails(lead.record, activities, self._pipeline.now).record
                )
        return [*changes, *self.leads.values()]

    def _get(self, on: LeadOrDeal) -> Lead | Opportunity:
        if on.noun == "lead":
            return self._pipeline.get(Lead, on.key)
        return self._pipeline.get(Opportunity, on.key)

    def _record(self, timed: Timed, placed: Placed, on: LeadOrDeal) -> None:
        activity = self._activity(timed, placed)
        self._activities.setdefault(on, []).append(activity)
        self._known.threads[timed.mail.message_id] = [on]
        self.recorded.append(Recorded(timed, placed, on, activity))

    def _activity(self, timed: Timed, placed: Placed) -> Activity:
        mail = timed.mail
        return activity_of(
            self._id(mail.message_id),
            at=timed.at,
            subject=mail.subject,
            message_id=mail.message_id,
            direction=None if mail.is_automatic else placed.direction,
            by=placed.by,
            contact=placed.contact,
            notes=mail.text or None,
        )

    def _id(self, text: str, prefix: str = "") -> str:
        new = id_of_mail(text, lambda id: prefix + id in self._taken)
        self._taken.add(prefix + new)
        return new

    def _customer(self, timed: Timed) -> tuple[str, str]:
        """The slug and name of the customer whose domain a mail is from, or goes to."""
        outside = [key for key in (*timed.facts.sender, *timed.facts.to) if not self._known.is_ours(key)]
        domains = (email_domain(key) for key in outside)
        return next(
            (self._customer_of_domain[domain] for domain in domains if domain in self._customer_of_domain),
            ("", ""),
        )


_MOST_RECIPIENTS = 10
_BELIEVED = "Date"
_MOST_UNDATED = 10


Row = dict[str, Any]


def report_json(read: Read, outcome: MailOutcome) -> dict[str, Any]:
    """The report as JSON has it."""
    unplaced = [_row(mail) for mail in outcome.unplaced]
    return {
        "files": read.files,
        "mails": read.mails,
        "recorded": [_row(mail) for mail in outcome.recorded],
        "already_recorded": outcome.already,
        "already_on": outcome.already_on,
        "ambiguous": [row for row in unplaced if row["outcome"] == "ambiguous"],
        "unmatched": [row for row in unplaced if row["outcome"] == "unmatched"],
        "leads": outcome.leads,
        "left_out": [left_out._asdict() for left_out in read.left_out],
    }


def report_rows(report: Mapping[str, Any]) -> list[Row]:
    """A row a mail, of those that were not recorded before."""
    return [*report["recorded"], *report["ambiguous"], *report["unmatched"]]


def _row(of: Recorded | Unplaced) -> Row:
    """The row of a mail, without the keys that have no value."""
    timed, mail, placed = of.timed, of.timed.mail, of.placed
    if isinstance(of, Recorded):
        outcome, direction = "recorded", of.activity.direction
        more: Row = {"record": of.on.key, "contact": of.activity.contact, "activity": of.activity.id}
    else:
        outcome, direction = "ambiguous" if placed.candidates else "unmatched", placed.direction
        more = {
            "why": placed.why,
            "candidates": list(placed.candidates) or None,
            "contact": placed.contact,
            "suggestion": of.suggestion or None,
            "stranger": is_new_lead(placed, is_automatic=mail.is_automatic) or None,
        }
    row = {
        "outcome": outcome,
        "file": mail.place,
        "at": timed.at,
        "at_from": timed.source if timed.source != _BELIEVED else None,
        "direction": direction,
        "automatic": True if mail.is_automatic else None,
        "from": _named(mail.sender[0]),
        "to": [_named(person) for person in (*mail.to, *mail.copied)[:_MOST_RECIPIENTS]],
        "subject": mail.subject,
        "message_id": mail.message_id,
    }
    return {key: value for key, value in (row | more).items() if value is not None}


def _named(person: Person) -> str:
    return f"{person.name} <{person.email}>" if person.name else person.email


def report_lines(report: Mapping[str, Any], labels: Mapping[str, str]) -> Iterator[Line]:
    """The report for a person, without the list of the mails that have no place.

    `labels` are what the records are called, by their ids.
    """
    recorded: Sequence[Row] = report["recorded"]
    before = f", on {first_of(report['already_on'], 3, ',')}" if report["already_on"] else ""
    yield Line(f"{count(report['mails'], 'mail', ',')} in {count(report['files'], 'file', ',')}")
    for words, number in (
        ("recorded", len(recorded)),
        (f"recorded before{before}", report["already_recorded"]),
        ("could belong to several", len(report["ambiguous"])),
        ("without a place", len(report["unmatched"])),
    ):
        if number or words == "recorded":
            yield Line(words, number)
    if recorded:
        yield Line("on")
    for key, number in Counter(row["record"] for row in recorded).items():
        new = ", a new lead" if key in report["leads"] else ""
        yield Line(f"{key} {labels.get(key, '')}{new}", number)
    yield from _doubts(recorded)


def _doubts(recorded: Sequence[Row]) -> Iterator[Line]:
    if automatic := sum("automatic" in row for row in recorded):
        yield Line(f"{count(automatic, 'mail', ',')} written by a program: no answer, and no word of ours")
    undated = [row for row in recorded if "at_from" in row]
    for row in undated[:_MOST_UNDATED]:
        at = row["at"].isoformat(" ", "minutes")[:16]
        yield Line(f"{row['file']}: no Date to go by; it has the time of {row['at_from']}, {at}")
    if len(undated) > _MOST_UNDATED:
        yield Line(f"{count(len(undated) - _MOST_UNDATED, 'more mail', ',')} without a Date to go by")
