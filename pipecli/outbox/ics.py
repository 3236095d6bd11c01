"""Calendars as RFC 5545 wants them: the file that a calendar program subscribes to or imports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from typing import NamedTuple

_WIDEST = 75  # bytes of a line, without its end


class Event(NamedTuple):
    uid: str
    """The same in every export, so that a calendar moves an event instead of adding another."""
    start: date | datetime
    """A bare day makes an event of the whole day."""
    minutes: int | None
    summary: str
    description: str = ""


def calendar(name: str, events: Iterable[Event], now: datetime) -> str:
    """The text of a calendar, its lines ended by CR LF."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//pipecli//EN", f"X-WR-CALNAME:{_escaped(name)}"]
    for event in events:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{_escaped(event.uid)}",
            f"DTSTAMP:{_utc(now)}",
            _start(event.start),
            *(
                [f"DURATION:PT{event.minutes}M"]
                if event.minutes and isinstance(event.start, datetime)
                else []
            ),
            f"SUMMARY:{_escaped(event.summary)}",
            *([f"DESCRIPTION:{_escaped(event.description)}"] if event.description else []),
            "END:VEVENT",
        ]
    return "".join(f"{part}\r\n" for line in [*lines, "END:VCALENDAR"] for part in _folded(line))


def _start(start: date | datetime) -> str:
    if isinstance(start, datetime):
        return f"DTSTART:{_utc(start)}"
    return f"DTSTART;VALUE=DATE:{start:%Y%m%d}"


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _escaped(text: str) -> str:
    """Text of a property; control characters, which none may hold, are left out."""
    lines = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").splitlines()
    return "\\n".join("".join(char for char in line if char >= " " and char != "\x7f") for line in lines)


def _folded(line: str) -> Iterator[str]:
    """The line in pieces of at most 75 bytes, letters whole; each but the first begins with a space."""
    piece = b""
    for char in line:
        encoded = char.encode()
        if len(piece) + len(encoded) > _WIDEST:
            yield piece.decode()
            piece = b" "
        piece += encoded
    yield piece.decode()
