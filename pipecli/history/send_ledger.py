"""The send ledger: a message is claimed before it is sent, in a ref of git that all clones share.

The ref points to a commit without parents; its tree holds a file a day, whose lines are the keys of what was
claimed and by whom. It isn't part of the records: no branch holds it, no `git pull` brings it. Where there is
a remote, the ref there counts, and it moves only for a clone that knew its last state (a push with a lease):
of two machines that claim the same at once, one is refused, looks again, and finds it claimed.
"""

from __future__ import annotations

import random
import re
import secrets
import subprocess
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from datetime import date, timedelta
from itertools import count
from urllib.parse import quote

from pipecli.errors import PipecliError
from pipecli.store import git
from pipecli.store.files import Location
from pipecli.store.git_remote import RemoteTimeout, is_race_lost, talk, words

_TRIES = 12
_LARGEST = 64 << 20

Days = dict[str, dict[str, str]]
"""By day, who claimed each key."""


class Unreachable(PipecliError):
    """The remote, which knows what other machines have sent, does not answer."""

    code = "unreachable"


class Claims:
    """The messages that one kind of job has claimed; a claim is remembered for `keep` days."""

    def __init__(self, place: Location, job: str, *, keep: int, remote: str | None) -> None:
        self.place = place
        self.ref = f"{refs(place, 'claims')}/{job}"
        self.keep = keep
        self.remote = remote

    def known(self, *, offline: bool = False) -> dict[str, str]:
        """The keys that are claimed, each with who claimed it; `offline`: as far as this clone knows."""
        return _all(self._read(git.commit_of(self.place.work_tree, self.ref) if offline else self._present()))

    def seen(self, say: Callable[[str], None]) -> dict[str, str]:
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

        def change(days: Days) -> bool:
            taken = _all(days)
            free = [key for key in wanted if key not in taken]
            mine.clear()
            mine.update(free, (key for key in wanted if key in pending and taken.get(key) == who))
            days.setdefault(today.isoformat(), {}).update(dict.fromkeys(free, who))
            return bool(free)

        self._change(change, today)
        return mine

    def claim_number(
        self, who: str, today: date, numbered: Callable[[int], str], used: Collection[str]
    ) -> str:
        """The first number of a row that nobody has; the one `who` claimed before, whatever became of that.

        `numbered` gives the nth number, `used` are those the records have. Raises Unreachable, PipecliError.
        """
        mine = ""

        def change(days: Days) -> bool:
            nonlocal mine
            taken = _all(days)
            mine = next((key for key, by in taken.items() if by == who), "")
            if mine:
                return False
            mine = next(
                number for n in count(1) if (number := numbered(n)) not in taken and number not in used
            )
            days.setdefault(today.isoformat(), {})[mine] = who
            return True

        self._change(change, today)
        return mine

    def give_back(self, keys: Iterable[str], who: str, today: date) -> None:
        """Have keys be free again, which `who` could not send. Raises Unreachable, PipecliError."""
        unsent = set(keys)

        def change(days: Days) -> bool:
            claimed = [(day, key) for day, by in days.items() for key in unsent if by.get(key) == who]
            for day, key in claimed:
                del days[day][key]
            return bool(claimed)

        self._change(change, today)

    def _change(self, change: Callable[[Days], bool], today: date) -> None:
        """Read, change and write, again when another machine was faster."""
        for tried in range(_TRIES):
            if tried:
                time.sleep(random.uniform(0, 0.05 * 2 ** min(tried, 6)))  # noqa: S311 - no secret
            before = self._present()
            days = self._read(before)
            if not change(days):
                return
            oldest = (today - timedelta(days=self.keep)).isoformat()
            after = self._written({day: by for day, by in days.items() if by and day > oldest})
            if self._move(before, after):
                return
        raise PipecliError(
            f"{self.ref} was changed by others {_TRIES} times at once, and nothing is sent", hint="try again"
        )

    def _present(self) -> str | None:
        """The commit of the ref where it counts, with its content here. Raises Unreachable."""
        here = git.commit_of(self.place.work_tree, self.ref)
        if self.remote is None:
            return here
        done = self._talk("ls-remote", "--", self.remote, self.ref)
        lines = (line.split("\t") for line in done.stdout.decode("utf-8", "replace").splitlines())
        there = next((commit for commit, ref in lines if ref == self.ref), None)
        if there and there != here:
            self._talk(
                "fetch", "--quiet", "--no-tags", "--refmap=", "--", self.remote, f"+{self.ref}:{self.ref}"
            )
            # Another machine may have been faster between the two: what was fetched is what was read.
            return git.commit_of(self.place.work_tree, self.ref)
        return there

    def _move(self, before: str | None, after: str) -> bool:
        """Have the ref be at another commit, unless it has moved since."""
        if self.remote is None:
            old = before or "0" * len(after)
            done = git.run(self.place.work_tree, "update-ref", self.ref, after, old)
            if done.returncode and not is_race_lost(done):
                raise git.GitRefused(words(done))
            return not done.returncode
        lease = f"--force-with-lease={self.ref}:{before or ''}"
        done = self._talk(
            "push", "--porcelain", "--no-verify", "--no-follow-tags", lease, "--",
            self.remote, f"{after}:{self.ref}", may_fail=True,
        )  # fmt: skip
        if done.returncode:
            if is_race_lost(done):
                return False
            raise PipecliError(
                f"{self.remote} refused to note what is sent: {words(done)}",
                hint="where no other machine sends, run it with --alone",
            )
        git.run(self.place.work_tree, "update-ref", self.ref, after)
        return True

    def _talk(self, *arguments: str, may_fail: bool = False) -> subprocess.CompletedProcess[bytes]:
        hint = "try again later; where no other machine sends, run it with --alone"
        unknown = f"{self.remote} can't be reached, and what other machines have sent is not known"
        try:
            done = talk(self.place, *arguments)
        except RemoteTimeout as error:
            raise Unreachable(f"{unknown}: {error}", hint=hint) from None
        if done.returncode and not (may_fail and done.stdout):
            raise Unreachable(f"{unknown}: {words(done)}", hint=hint)
        return done

    def _read(self, commit: str | None) -> Days:
        """The claims of a state of the ref; files of others are passed over."""
        if commit is None:
            return {}
        listed = git.raw(self.place.work_tree, "ls-tree", "-z", "--full-tree", commit).decode(
            "utf-8", "replace"
        )
        entries = re.findall(r"(?<![^\0])\d+ blob (\w+)\t(\d{4}-\d\d-\d\d)\0", listed)
        blobs = git.objects(self.place.work_tree, [blob for blob, _ in entries], _LARGEST)
        return {day: _lines(blob.content or b"") for (_, day), blob in zip(entries, blobs, strict=True)}

    def _written(self, days: Mapping[str, Mapping[str, str]]) -> str:
        """A commit that says this, which no ref points to yet."""
        entries = []
        for day, by in sorted(days.items()):
            text = "".join(f"{key} {who}\n" for key, who in sorted(by.items()))
            blob = git.raw(self.place.work_tree, "hash-object", "-w", "--stdin", stdin=text.encode())
            entries.append(f"100644 blob {blob.decode().strip()}\t{day}\n")
        tree = git.raw(self.place.work_tree, "mktree", stdin="".join(entries).encode()).decode().strip()
        message = f"What pipecli has sent: {self.ref.rpartition('/')[2]}"
        done = git.run(self.place.work_tree, "commit-tree", tree, "-m", message, environment=_NOBODY)
        if done.returncode:
            raise git.GitRefused(words(done))
        return done.stdout.decode().strip()


# Not the user's: it isn't their work, and a machine of cron may have no identity at all.
_NOBODY = {
    f"GIT_{role}_{part}": value
    for role in ("AUTHOR", "COMMITTER")
    for part, value in (("NAME", "pipecli"), ("EMAIL", "pipecli@localhost"))
}


def clone_name(place: Location) -> str:
    """A random name that this clone claims under, made once."""
    file = place.cache / "clone"
    with suppress(OSError):
        if name := file.read_text(encoding="ascii").strip():
            return name
    place.cache.mkdir(parents=True, exist_ok=True)
    file.write_text(secrets.token_hex(8), encoding="ascii")
    return file.read_text(encoding="ascii")


def refs(place: Location, folder: str) -> str:
    """Where the refs of a pipeline lie: each pipeline of a repository has its own."""
    inner = place.prefix.strip("/")
    own = f"/in/{quote(inner, safe='').replace('~', '%7E').replace('.', '%2E')}" if inner else ""
    return f"refs/pipecli/{folder}{own}"


def _all(days: Days) -> dict[str, str]:
    return {key: who for by in days.values() for key, who in by.items()}


def _lines(content: bytes) -> dict[str, str]:
    lines = (line.split(" ") for line in content.decode("utf-8", "replace").splitlines())
    return {words[0]: words[1] for words in lines if len(words) == 2}
