"""The journals of what is being sent. That of a mail: it keeps the mail until the commit that records it.

The mail is kept beside the index from before it is handed over. Where a power cut, a silent server or a
commit that fails comes between, the next attempt finds it: nothing is sent twice.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from typing import NamedTuple

from pipecli.errors import PipecliError
from pipecli.outbox.mail import Doubtful, Server, deliver
from pipecli.store import files, journal, lock
from pipecli.store.files import Location


class SendJournal:
    """The journal of the mail of one quotation or invoice on one deal."""

    def __init__(self, cache: Path, noun: str, paper: str, deal: str) -> None:
        self._file = cache / "mail" / f"{paper}.eml"
        self._paper = paper
        file = quote(str(self._file))
        self._record = f"pipecli inbox import {file} --on {deal} && pipecli {noun} send {paper}"
        self._is_out = False

    def refuse_if_any(self) -> None:
        """Refuse to mail again what may be on its way."""
        if self._file.exists():
            raise PipecliError(
                f"{self._paper} was mailed before, and nobody knows whether that went out",
                hint=f"if it arrived: {self._record}; if not, delete {self._file} and send again",
            )

    def hand_over(self, server: Server, sender: str, recipients: Sequence[str], message: bytes) -> None:
        """Keep the message and give it to the server. Raises PipecliError when that fails."""
        self._keep(message)
        try:
            deliver(server, sender, recipients, message)
        except Doubtful as error:
            raise PipecliError(
                f"{error.message}: nobody knows whether the mail goes out, and nothing is changed",
                hint=f"if it arrives: {self._record}; if not, delete {self._file} and send again",
            ) from None
        except BaseException:
            self._file.unlink(missing_ok=True)
            raise
        self._is_out = True

    @contextmanager
    def until_recorded(self, message_id: str) -> Iterator[None]:
        """Hand the mail over and record it within: a failure after it is out says so."""
        try:
            yield
        except (PipecliError, KeyboardInterrupt) as error:
            if not self._is_out:
                raise
            raise PipecliError(
                f"the mail is out as {message_id}, but it is not recorded: {error or 'interrupted'}",
                hint=f"don't send it again; when that is mended: {self._record}",
            ) from None
        if self._is_out:
            self._file.unlink(missing_ok=True)

    def _keep(self, message: bytes) -> None:
        """Write the message and have it on the disk for certain."""
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("wb") as handle:
                handle.write(message)
                handle.flush()
                os.fsync(handle.fileno())
        except OSError as error:
            raise PipecliError(
                f"{self._file} can't be written: {error.strerror}", hint="nothing was sent"
            ) from None


@contextmanager
def job(place: Location, name: str) -> Iterator[None]:
    """Do one of the JOBS, once nobody else does it. Raises lock.Busy."""
    file = place.journal_of(name)
    with lock.exclusive(file.parent):
        journal.settle(place, file)
        with journal.working(place, name, file):
            yield


class Unfinished(NamedTuple):
    """The claims of a run that has not ended, or was killed."""

    who: str
    """The name under which it claimed them."""
    unsent: list[str]
    """The keys not sent yet."""
    sending: list[str]
    """Those of them whose message was being handed over: perhaps it is out."""


class ReminderJournal:
    """The journal of a run of `remind` or `digest`: written before a claim and before a message goes."""

    def __init__(self, cache: Path, who: str, job: str) -> None:
        self._cache = cache
        self._file = f"{job}.json"
        self._who = who
        self._unsent: list[str] = []

    def of_killed(self) -> Unfinished | None:
        """What a killed run has left."""
        try:
            plain = json.loads((self._cache / self._file).read_text(encoding="utf-8"))
            return Unfinished(plain["who"], plain["unsent"], plain["sending"])
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, KeyError):
            raise PipecliError(
                f"{self._cache / self._file} of a run that was cut off is damaged",
                hint="delete it; what that run was sending is perhaps sent",
            ) from None

    def begin(self, keys: Sequence[str]) -> None:
        """Note what will be claimed."""
        self._unsent = [*keys]
        self._note([])

    def sending(self, keys: Sequence[str]) -> None:
        """Note that a message with these is being handed over."""
        self._note([*keys])

    def is_sent(self, keys: Sequence[str]) -> None:
        """Note that it is out."""
        self._unsent = [key for key in self._unsent if key not in keys]
        self._note([])

    def end(self) -> None:
        """Forget it all: what was not sent is given back."""
        (self._cache / self._file).unlink(missing_ok=True)

    def _note(self, sending: Sequence[str]) -> None:
        plain = Unfinished(self._who, self._unsent, [*sending])._asdict()
        try:
            self._cache.mkdir(parents=True, exist_ok=True)
            files.write(self._cache, self._file, json.dumps(plain).encode())
            files.harden(self._cache / self._file)
            files.harden_folders([self._cache])
        except OSError as error:
            raise PipecliError(
                f"{self._cache / self._file} can't be written: {error.strerror}", hint="nothing more was sent"
            ) from None
