"""The commits of a change set one by one: what a record was on its way, and who forced it."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import NamedTuple

from pipecli.errors import FaultyFile
from pipecli.history.change_set import Range
from pipecli.history.commits import commit_of, listed, touches
from pipecli.history.moments import tip
from pipecli.records.base import Plain
from pipecli.store import files, git
from pipecli.store.files import Location
from pipecli.store.yaml import read


class _Step(NamedTuple):
    commit: str
    blob: str


class Between:
    """Read only where a rule asks: most change sets need no look at their commits."""

    def __init__(self, place: Location, asked: Range) -> None:
        self._place = place
        self._asked = asked

    def versions(self, file: str) -> list[Plain]:
        """What a file said on its way, as far as that can be read, the oldest first."""
        found = git.objects(
            self._place.work_tree, [step.blob for step in self._steps.get(file, ())], files.LARGEST
        )
        return [plain for each in found if (plain := _plain(each)) is not None]

    def forced(self, file: str, key: str) -> str:
        """` (forced in 1a2b3c4 by Ana Ruiz: "why")` when a commit says so; a hint, which excuses nothing."""
        ids = [step.commit for step in self._steps.get(file, ())]
        for each in git.objects(self._place.work_tree, reversed(ids), files.LARGEST):
            commit = commit_of(each.id, each.content or b"")
            if commit.subject.startswith(f"{key}: advance ") and commit.subject.endswith("(forced)"):
                why = f': "{commit.body.splitlines()[0]}"' if commit.body else ""
                return f" (forced in {commit.id[:7]} by {commit.author}{why})"
        return ""

    @cached_property
    def _steps(self) -> dict[str, list[_Step]]:
        head = self._asked.head or tip(self._place).commit
        commits = [each.id for each in listed(self._place, head, self._asked.base)]
        steps: dict[str, list[_Step]] = defaultdict(list)
        for part in touches(self._place, commits):
            for commit, touched in part:
                for touch in touched:
                    if touch.after:
                        steps[touch.path].append(_Step(commit, touch.after))
        return steps


def _plain(blob: git.Object) -> Plain | None:
    try:
        return read.parse(read.decode(blob.content or b"", ""), "")
    except FaultyFile:
        return None
