"""The headers of a mail: sender, recipients, subject, time, and the mails it answers.

A stranger wrote them: whatever they hold, each field comes out as one line, or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.parser import HeaderParser
from email.policy import compat32
from email.utils import getaddresses, parsedate_to_datetime
from typing import NamedTuple

from pipecli.inbox.mail.body import words
from pipecli.inbox.mail.files import RawMessage
from pipecli.workflow.party_identity import email_key

_ID = re.compile(r"<([!-;=?-~]{1,490})>")
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"@]+@[^\s<>()\[\],;:\"@]+")
_LONGEST_SUBJECT = 500
_LONGEST_NAME = 200
_LONGEST_ADDRESS = 254
_MOST_REFERENCES = 100
_AUTOMATIC = frozenset({"bulk", "junk", "auto_reply"})


class Person(NamedTuple):
    name: str
    """Empty where only the address is given."""
    email: str


class Moment(NamedTuple):
    """A possible time of a mail, and the source of it."""

    at: datetime
    source: str


class Mail(NamedTuple):
    place: str
    """The file it lies in, and in an mbox the line."""
    message_id: str
    """With its angle brackets."""
    sender: tuple[Person, ...]
    to: tuple[Person, ...]
    copied: tuple[Person, ...]
    subject: str
    references: tuple[str, ...]
    """The mails it answers, the nearest first."""
    moments: tuple[Moment, ...]
    """The best first."""
    is_automatic: bool
    """A program wrote it: out of office, a bounce, a newsletter."""
    text: str = ""
    """Its body, where that is wanted."""
    forwarded: tuple[Mail, ...] = ()
    """The mails that it passes on, where it says that it does."""


class NoMail(Exception):
    """The message is not a mail; the text gives the reason."""


def mail_of(raw_message: RawMessage) -> Mail:
    """The headers of a message. Raises NoMail."""
    fields = _Fields(raw_message.header)
    sender = fields.people("from") or fields.people("sender")
    to, copied = fields.people("to"), fields.people("cc", "bcc")
    if not sender:
        is_mail = to or fields.has("from") or fields.has("received")
        raise NoMail("it names no sender" if is_mail else "it is no mail: it names no sender")
    return Mail(
        raw_message.place,
        raw_message.message_id,
        sender,
        to,
        copied,
        words(fields.first("subject"))[:_LONGEST_SUBJECT] or "(no subject)",
        tuple(fields.references()),
        tuple(_moments(fields, raw_message)),
        fields.are_automatic(),
    )


class _Fields:
    def __init__(self, header: bytes) -> None:
        # A lone \r is no line end, though the parser takes it for one: no field begins after it.
        plain = header.replace(b"\r\n", b"\n").replace(b"\r", b" ").decode("ascii", "surrogateescape")
        self._fields: dict[str, list[str]] = {}
        for name, value in HeaderParser(policy=compat32).parsestr(plain).raw_items():
            self._fields.setdefault(name.lower().strip(), []).append(" ".join(value.split()))

    def has(self, name: str) -> bool:
        return name in self._fields

    def first(self, name: str) -> str:
        return self._fields.get(name, [""])[0]

    def people(self, *names: str) -> tuple[Person, ...]:
        """The people in these fields, each address once."""
        people: dict[str | None, Person] = {}
        for name in names:
            for field in self._fields.get(name, ()):
                for person in _people(field):
                    people.setdefault(email_key(person.email), person)
        return tuple(people.values())

    def references(self) -> list[str]:
        answered = _ID.findall(self.first("in-reply-to"))[:_MOST_REFERENCES]
        earlier = _ID.findall(self.first("references"))[-_MOST_REFERENCES:]
        return list(dict.fromkeys(f"<{message_id}>" for message_id in (*answered, *reversed(earlier))))

    def are_automatic(self) -> bool:
        submitted = self.first("auto-submitted").partition(";")[0].strip().lower()
        return (
            submitted not in ("", "no")
            or self.first("precedence").lower() in _AUTOMATIC
            or self.first("return-path") == "<>"
            or self.first("content-type").lower().startswith("multipart/report")
        )


def people_in(field: str) -> tuple[Person, ...]:
    """The people that one field names."""
    return tuple(_people(field))


def _people(field: str) -> Iterator[Person]:
    try:
        named = [(name, words(address)) for name, address in getaddresses([field])]
    except (RecursionError, ValueError, IndexError):  # a thousand brackets, one in the other
        named = []
    named = [pair for pair in named if _is_address(pair[1])]
    for name, address in named or [("", text) for text in _ADDRESS.findall(field) if _is_address(text)]:
        plain = words(name).strip("'\" ")
        yield Person("" if "@" in plain else plain[:_LONGEST_NAME], address)


def _is_address(text: str) -> bool:
    return _ADDRESS.fullmatch(text) is not None and len(text) <= _LONGEST_ADDRESS and text.isprintable()


def _moments(fields: _Fields, raw_message: RawMessage) -> Iterator[Moment]:
    for source, text in (
        ("Date", fields.first("date")),
        ("Received", fields.first("received").rpartition(";")[2]),
        ("the mbox", " ".join(raw_message.envelope.decode("ascii", "replace").split()[2:])),
    ):
        if (at := _time(text)) is not None:
            yield Moment(at, source)
    yield Moment(datetime.fromtimestamp(raw_message.modified, UTC), "its file")


def _time(text: str) -> datetime | None:
    """The time of a header in UTC, also where it has no offset; None for a text that isn't one."""
    try:
        at = parsedate_to_datetime(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
