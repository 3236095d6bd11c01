"""What a run of `inbox import` did with each mail: as JSON has it, and as lines for a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pipecli.inbox.mail_files import LeftOut
from pipecli.inbox.mail_headers import Person
from pipecli.inbox.mail_recording import Outcome, Recorded, Timed, Unplaced
from pipecli.records.activity import Direction

_MOST_RECIPIENTS = 10
_BELIEVED = "Date"
_MOST_UNDATED = 10


class Read(NamedTuple):
    """What was read before anything was matched."""

    files: int
    mails: int
    left_out: list[LeftOut]


Row = dict[str, Any]


def report(read: Read, outcome: Outcome) -> dict[str, Any]:
    """The report as JSON has it."""
    unplaced = [_unplaced(each) for each in outcome.unplaced]
    return {
        "files": read.files,
        "mails": read.mails,
        "recorded": [_recorded(each) for each in outcome.recorded],
        "already_recorded": outcome.already,
        "ambiguous": [each for each in unplaced if each["outcome"] == "ambiguous"],
        "unmatched": [each for each in unplaced if each["outcome"] == "unmatched"],
        "leads": outcome.leads,
        "left_out": [each._asdict() for each in read.left_out],
    }


def rows(told: Mapping[str, Any]) -> list[Row]:
    """A row a mail, of those that were not recorded before."""
    return [*told["recorded"], *told["ambiguous"], *told["unmatched"]]


def _recorded(each: Recorded) -> Row:
    row = _mail("recorded", each.timed, each.activity.direction)
    row |= {"record": each.on.key, "contact": each.activity.contact, "activity": each.activity.id}
    return {key: value for key, value in row.items() if value is not None}


def _unplaced(each: Unplaced) -> Row:
    placed = each.placed
    row = _mail("ambiguous" if placed.candidates else "unmatched", each.timed, placed.direction)
    row |= {
        "why": placed.why,
        "candidates": list(placed.candidates) or None,
        "contact": placed.contact,
        "suggestion": each.suggestion or None,
        "stranger": True if placed.is_stranger and not each.timed.mail.is_automatic else None,
    }
    return {key: value for key, value in row.items() if value is not None}


def _mail(outcome: str, timed: Timed, direction: Direction | None) -> Row:
    mail = timed.mail
    return {
        "outcome": outcome,
        "file": mail.place,
        "at": timed.at,
        "at_from": timed.source if timed.source != _BELIEVED else None,
        "direction": direction,
        "automatic": True if mail.is_automatic else None,
        "from": _named(mail.sender[0]),
        "to": [_named(each) for each in (*mail.to, *mail.copied)[:_MOST_RECIPIENTS]],
        "subject": mail.subject,
        "message_id": mail.message_id,
    }


def _named(person: Person) -> str:
    return f"{person.name} <{person.email}>" if person.name else person.email


class Line(NamedTuple):
    """One line of the report, or with a count one of the list below it."""

    text: str
    mails: int | None = None


def lines(told: Mapping[str, Any], labels: Mapping[str, str]) -> Iterator[Line]:
    """The report for a person, without the list of the mails that have no place.

    `labels` are what the records are called, by their ids.
    """
    recorded: Sequence[Row] = told["recorded"]
    yield Line(f"{_count(told['mails'], 'mail')} in {_count(told['files'], 'file')}")
    for words, number in (
        ("recorded", len(recorded)),
        ("recorded before", told["already_recorded"]),
        ("could belong to several", len(told["ambiguous"])),
        ("without a place", len(told["unmatched"])),
    ):
        if number or words == "recorded":
            yield Line(words, number)
    if recorded:
        yield Line("on")
    for key, number in Counter(row["record"] for row in recorded).items():
        new = ", a new lead" if key in told["leads"] else ""
        yield Line(f"{key} {labels.get(key, '')}{new}", number)
    yield from _doubts(recorded)


def _doubts(recorded: Sequence[Row]) -> Iterator[Line]:
    automatic = sum("automatic" in row for row in recorded)
    if automatic:
        yield Line(f"{_count(automatic, 'mail')} written by a program: no answer, and no word of ours")
    undated = [row for row in recorded if "at_from" in row]
    for row in undated[:_MOST_UNDATED]:
        at = row["at"].isoformat(" ", "minutes")[:16]
        yield Line(f"{row['file']}: no Date to go by; it has the time of {row['at_from']}, {at}")
    if len(undated) > _MOST_UNDATED:
        yield Line(f"{_count(len(undated) - _MOST_UNDATED, 'more mail')} without a Date to go by")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
