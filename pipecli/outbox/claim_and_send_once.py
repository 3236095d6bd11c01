"""Claims: what happens only once in all clones and after a crash, as a message that is sent, a number given.

A message or a number is claimed before, in a ref of git that all clones share, and one clone gets it. The ref
points to a commit without parents; its tree holds a file a day, whose lines are the keys of what was claimed
and by whom.
It isn't part of the records: no branch holds it, no `git pull` brings it. Where there is a remote, the ref
there counts, and it moves only for a clone that knew its last state (a push with a lease): of two machines
that claim the same at once, one is refused, looks again, and finds it claimed.

What a run claimed, and had not sent when it was killed, the next one finds in this clone: `send_once` here,
`read_unsent` in `outbox/notices.py`.
"""

from __future__ import annotations

import json
import random
import re
import secrets
import subprocess
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import date, timedelta

from pipecli.errors import PipecliError
from pipecli.store import change_journal, git
from pipecli.store.git_remote import (
    LOCKED,
    RemoteTimeout,
    is_disk_full,
    race_lost,
    refs,
    remote_words,
    shared_remote,
    talk_to_remote,
)
from pipecli.store.location import Location
from pipecli.store.lock_and_signals import hold_lock, interruptible
from pipecli.store.pipeline import Pipeline
from pipecli.store.power_cut_and_killed_git import write_hardened
from pipecli.store.safe_files import read_note, read_of_git

_TRIES = 12
_LARGEST = 64 << 20
_FOR_EVER = 36_500

Days = dict[str, dict[str, str]]
"""By day, who claimed each key."""


class Unreachable(PipecliError):
    """The remote, which knows what other machines have claimed, does not answer."""

    code = "unreachable"


class Claims:
    """The claims of one kind of job: of all clones, or if `alone` of this one.

    A claim is remembered for `keep` days: a number, or an order's renewal, is never given twice.
    """

    def __init__(self, location: Location, job: str, *, keep: int = _FOR_EVER, alone: bool = False) -> None:
        self.location, self.job = location, job
        self.ref = f"{refs(location, 'claims')}/{job}"
        self.keep = keep
        self.remote = None if alone else shared_remote(location)

    def known(self, *, offline: bool = False) -> dict[str, str]:
        """The keys that are claimed, each with who claimed it; `offline`: as far as this clone knows."""
        here = git.commit_of(self.location.work_tree, self.ref) if offline else self._present()
        return _all(self._read(here))

    def known_or_warn(self, say: Callable[[str], None]) -> dict[str, str]:
        """What is claimed, as known: by this clone, with a warning, where the remote does not answer."""
        try:
            return self.known()
        except Unreachable as error:
            say(f"warning: {error.message}")
            return self.known(offline=True)

    def claim(self, keys: Iterable[str], who: str, today: date, *, pending: Collection[str] = ()) -> set[str]:
        """Claim keys for `who`; those that are theirs to send. Raises Unreachable, PipecliError.

        What they have claimed before is sent already, but for what they know to be still `pending`.
        """
        wanted = list(dict.fromkeys(keys))
        mine = set[str]()
        if not wanted:
            return mine

        def edit(days: Days) -> bool:
            claimed = _all(days)
            free = [key for key in wanted if key not in claimed]
            mine.clear()
            mine.update(free, (key for key in wanted if key in pending and claimed.get(key) == who))
            days.setdefault(today.isoformat(), {}).update(dict.fromkeys(free, who))
            return bool(free)

        self._update(edit, today)
        return mine

    def claim_number(self, draft: str, today: date, next_number: Callable[[Collection[str]], str]) -> str:
        """The number that is claimed for a draft: its own, else what `next_number` gives beside the others.

        Raises Unreachable, PipecliError.
        """
        number = ""

        def edit(days: Days) -> bool:
            nonlocal number
            claimed = _all(days)
            number = next((key for key, by in claimed.items() if by == draft), "")
            if number:
                return False
            number = next_number(claimed)
            days.setdefault(today.isoformat(), {})[number] = draft
            return True

        self._update(edit, today)
        return number

    def give_back(self, keys: Iterable[str], who: str, today: date) -> None:
        """Free keys again, which `who` could not send. Raises Unreachable, PipecliError."""
        unsent = set(keys)

        def edit(days: Days) -> bool:
            claimed = [(day, key) for day, by in days.items() for key in unsent if by.get(key) == who]
            for day, key in claimed:
                del days[day][key]
            return bool(claimed)

        self._update(edit, today)

    def give_back_or_warn(
        self, keys: Iterable[str], who: str, today: date, say: Callable[[str], None], warning: str = ""
    ) -> bool:
        """Let other machines try, too; False where that can't be said, and only this clone will."""
        try:
            self.give_back(keys, who, today)
        except PipecliError as error:
            say(f"warning: {warning}{error.message}")
            return False
        return True

    def _update(self, edit: Callable[[Days], bool], today: date) -> None:
        """Read, edit and write, once more each time that another machine was faster.

        `edit` is then asked again, of what the other left; False: there is nothing to write.
        """
        states, lost = set[str | None](), ""
        for tried in range(_TRIES):
            if tried:
                time.sleep(random.uniform(0, 0.05 * 2 ** min(tried, 6)))  # noqa: S311 - no secret
            with hold_job(self.location, "claims"):  # what a killed git of it leaves is cleared
                before = self._present()
                days = self._read(before)
                if not edit(days):
                    return
                oldest = (today - timedelta(days=self.keep)).isoformat()
                after = self._written({day: by for day, by in days.items() if by and day > oldest})
                lost = self._move_ref(before, after)
            if not lost:
                return
            states.add(before)
        if len(states) == 1:
            raise PipecliError(f"{self.ref} can't be moved, and nothing is done: {lost}", hint=LOCKED)
        raise PipecliError(
            f"{self.ref} was changed by others {_TRIES} times at once, and nothing is done", hint="try again"
        )

    def _present(self) -> str | None:
        """The commit of the ref where it counts, with its content here. Raises Unreachable."""
        here = git.commit_of(self.location.work_tree, self.ref)
        if self.remote is None:
            return here
        done = self._talk("ls-remote", "--", self.remote, self.ref)
        lines = (line.split("\t") for line in done.stdout.decode("utf-8", "replace").splitlines())
        there = next((commit for commit, ref in lines if ref == self.ref), None)
        if there and there != here:
            mapped = f"+{self.ref}:{self.ref}"
            self._talk("fetch", "--quiet", "--no-tags", "--refmap=", "--", self.remote, mapped)
            # Another machine may have been faster between the two: what was fetched is what was read.
            return git.commit_of(self.location.work_tree, self.ref)
        return there

    def _move_ref(self, before: str | None, after: str) -> str:
        """Move the ref to another commit, unless it has moved since: then git's words on that."""
        if self.remote is None:
            old = before or "0" * len(after)
            done = git.run(self.location.work_tree, "update-ref", self.ref, after, old)
            if done.returncode and not race_lost(done):
                raise git.GitRefused(remote_words(done))
            return race_lost(done) if done.returncode else ""
        lease = f"--force-with-lease={self.ref}:{before or ''}"
        done = self._talk(
            "push", "--porcelain", "--no-verify", "--no-follow-tags", lease, "--",
            self.remote, f"{after}:{self.ref}", may_fail=True,
        )  # fmt: skip
        if done.returncode:
            if lost := race_lost(done):
                return lost
            raise PipecliError(
                f"{self.remote} refused the claim, and nothing is done: {remote_words(done)}",
                hint="where no other machine does this, run it with --alone",
            )
        git.run(self.location.work_tree, "update-ref", self.ref, after)
        return ""

    def _talk(self, *arguments: str, may_fail: bool = False) -> subprocess.CompletedProcess[bytes]:
        hint = "try again later; where no other machine does this, run it with --alone"
        unknown = f"{self.remote} can't be reached, and what other machines have done is not known"
        try:
            done = talk_to_remote(self.location, *arguments)
        except RemoteTimeout as error:
            raise Unreachable(f"{unknown}: {error}", hint=hint) from None
        if done.returncode and is_disk_full(done):
            known = "what other machines have done can't be written here"
            raise Unreachable(f"{known}: {remote_words(done)}", hint="make room on this disk, and try again")
        if done.returncode and not (may_fail and done.stdout):
            raise Unreachable(f"{unknown}: {remote_words(done)}", hint=hint)
        return done

    def _read(self, commit: str | None) -> Days:
        """The claims of a state of the ref; files of others are passed over."""
        if commit is None:
            return {}
        listed = git.output(self.location.work_tree, "ls-tree", "-z", "--full-tree", commit)
        entries = re.findall(r"(?<![^\0])\d+ blob (\w+)\t(\d{4}-\d\d-\d\d)\0", listed)
        blobs = git.objects(self.location.work_tree, [blob for blob, _ in entries], _LARGEST)
        return {day: _lines(blob.content or b"") for (_, day), blob in zip(entries, blobs, strict=True)}

    def _written(self, days: Mapping[str, Mapping[str, str]]) -> str:
        """A commit that says this, which no ref points to yet."""
        tree = b""
        for day, by in sorted(days.items()):
            text = "".join(f"{key} {who}\n" for key, who in sorted(by.items()))
            tree += f"100644 {day}\0".encode() + bytes.fromhex(self._object("blob", text.encode()))
        message = f"What pipecli has claimed: {self.ref.rpartition('/')[2]}"
        words = ("commit-tree", self._object("tree", tree), "-m", message)
        done = git.run(self.location.work_tree, *words, environment=_NOBODY)
        if done.returncode:
            raise git.GitRefused(remote_words(done))
        return done.stdout.decode().strip()

    def _object(self, kind: str, content: bytes) -> str:
        """The id of an object, written; `git mktree` would harden none."""
        words = ("hash-object", "-t", kind, "-w", "--stdin")
        return git.raw(self.location.work_tree, *words, stdin=content).decode().strip()


def require_unnumbered(location: Location, draft: str, say: Callable[[str], None]) -> None:
    """Refuse to lose a draft for which a number is claimed, as a killed `issue` leaves one.

    Raises PipecliError.
    """
    claims = Claims(location, "invoices").known_or_warn(say)
    for number in (number for number, claimer in claims.items() if claimer == draft):
        raise PipecliError(
            f"the number {number} is claimed for {draft}, and would be skipped",
            hint=f"issue it and credit it: pipecli invoice issue {draft}",
        )


# Not the user's: it isn't their work, and a machine of cron may have no identity at all.
_NOBODY = {
    f"GIT_{role}_{part}": value
    for role in ("AUTHOR", "COMMITTER")
    for part, value in (("NAME", "pipecli"), ("EMAIL", "pipecli@localhost"))
}


def clone_name(location: Location) -> str:
    """A random name that this clone claims under, made once."""
    file = location.cache / "clone"
    with suppress(OSError, ValueError):
        if (name := read_of_git(file)).isalnum():
            return name
    location.cache.mkdir(parents=True, exist_ok=True)
    file.write_text(secrets.token_hex(8), encoding="ascii")
    return file.read_text(encoding="ascii")


def _all(days: Days) -> dict[str, str]:
    return {key: who for by in days.values() for key, who in by.items()}


def _lines(content: bytes) -> dict[str, str]:
    lines = (line.split(" ") for line in content.decode("utf-8", "replace").splitlines())
    return {words[0]: words[1] for words in lines if len(words) == 2}


@contextmanager
def hold_job(location: Location, name: str) -> Iterator[None]:
    """Hold a job of this clone (a run of reminders) while nobody else does it. Raises Busy."""
    file = location.journal_of(name)
    with hold_lock(file.parent):
        change_journal.recover(location, file)
        with change_journal.journal_of_git_work(location, name, file):
            yield


class Sender:
    """A run of `remind` or `digest`: the keys that are its own, and in a file of this clone those not sent.

    The file is written before a claim and before a message goes, and tells the next run what a killed one has
    left. `notify` has none: what it has not sent is in a ref of git (`UnsentNotices` in `outbox/notices.py`).
    """

    def __init__(self, claims: Claims, file: str, today: date, say: Callable[[str], None]) -> None:
        self._claims, self._cache, self._file = claims, claims.location.cache, file
        self._today, self._say = today, say
        self._who = secrets.token_hex(4)
        self.mine = set[str]()
        self.unsent: list[str] = []
        self._delivering: Sequence[str] = ()
        """Those whose message was being delivered when this was cut off: perhaps it is out."""
        self._failed = 0
        self._is_given_back = True
        """False where what isn't sent counts as sent, as other machines couldn't be told."""

    def take_over(self, *, is_again: bool) -> None:
        """Give back what a killed run has claimed and not sent; tell what it has perhaps sent."""
        try:
            plain = read_note(self._cache / self._file, {"who": str, "unsent": [str], "sending": [str]})
            who, unsent, perhaps_sent = plain["who"], set(plain["unsent"]), plain["sending"]
            users = dict.fromkeys(key.split("/")[1] for key in perhaps_sent)
        except FileNotFoundError:
            return
        except (ValueError, LookupError):
            raise PipecliError(
                f"{self._cache / self._file} of a run that was cut off is damaged",
                hint="delete it; what it was sending may have been sent",
            ) from None
        if users:
            then = "it is sent once more" if is_again else "it is not sent again"
            self._say(f"perhaps sent: the message to {', '.join(users)}, whose sending was cut off; {then}")
        self._claims.give_back(unsent - (set() if is_again else set(perhaps_sent)), who, self._today)
        self._forget()

    def claim(self, keys: Sequence[str]) -> None:
        """Add to `mine` those that no other run has claimed."""
        self.unsent = [*keys]
        self._note()
        self.mine = self._claims.claim(keys, self._who, self._today)
        self.unsent = [key for key in keys if key in self.mine]

    def send(self, keys: Sequence[str], failure: str, deliver: Callable[[], str]) -> bool:
        """Deliver one message, which stands for some keys; `deliver` gives the reason why it can't be."""
        self._delivering = keys
        self._note()
        reason = deliver()
        self._delivering = ()
        if reason:
            self._say(f"{failure}: {reason}")
            self._failed += 1
        else:
            self.are_done(keys)
        self._note()
        return not reason

    def are_done(self, keys: Collection[str]) -> None:
        """Note keys as sent."""
        self.unsent = [key for key in self.unsent if key not in keys]

    def end(self) -> None:
        """Give back what wasn't sent, but a message that was cut off: the next run tells of it."""
        if unsent := set(self.unsent) - set(self._delivering):
            warn = "what was not delivered counts as sent until tomorrow: "
            give_back = self._claims.give_back_or_warn
            self._is_given_back = give_back(unsent, self._who, self._today, self._say, warn)
        if not self._delivering:
            self._forget()

    def require_all_sent(self) -> None:
        if self._failed:
            raise PipecliError(
                f"{self._failed} of the messages couldn't be delivered",
                hint="the next run tries them again" if self._is_given_back else "",
                code="not-sent",
            )

    def _note(self) -> None:
        plain = {"who": self._who, "unsent": self.unsent, "sending": [*self._delivering]}
        try:
            write_hardened(self._cache, self._file, json.dumps(plain).encode())
        except OSError as error:
            raise PipecliError(
                f"{self._cache / self._file} can't be written: {error.strerror}", hint="nothing more was sent"
            ) from None

    def _forget(self) -> None:
        (self._cache / self._file).unlink(missing_ok=True)


@contextmanager
def send_once(
    pipeline: Pipeline, claims: Claims, file: str, keys: Sequence[str], *,
    is_again: bool, say: Callable[[str], None],
) -> Iterator[Sender]:  # fmt: skip
    """Send, as the only run of its job here, what no other has claimed; the rest is given back.

    What a killed run has perhaps sent goes out once more where `is_again`.
    """
    with hold_job(claims.location, claims.job):
        sender = Sender(claims, file, pipeline.today, say)
        sender.take_over(is_again=is_again)
        pipeline.beyond_undo = "what was sent is noted, and the next run sends the rest"
        sender.claim(keys)
        with interruptible():
            try:
                yield sender
            finally:
                sender.end()
