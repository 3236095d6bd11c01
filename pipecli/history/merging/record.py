"""Three versions of a record, all of them read: what they come to, and what is in conflict."""

from __future__ import annotations

from typing import NamedTuple

from pipecli.history.merging import rules
from pipecli.history.merging.conflict import Conflict
from pipecli.history.merging.markers import marked
from pipecli.history.merging.text import Version, Writer
from pipecli.history.merging.values import Clash, Outcome, Path, Side, merged
from pipecli.history.merging.wording import told
from pipecli.records.kinds import Kind
from pipecli.store.yaml.compare import same

_BOTH: tuple[Side, Side] = ("ours", "theirs")
_MANY = 12
"""Conflicts. Of more the markers are put where the lines differ, as each of them costs a text."""


class MergedRecord(NamedTuple):
    text: str
    conflicts: tuple[Conflict, ...] = ()


def merge_record(
    kind: Kind, base: Version, ours: Version, theirs: Version, prefer: Side | None = None
) -> MergedRecord:
    """The text of the merge; `prefer` decides the fields in conflict, which are marked without it.

    Raises EditError for a text that is no map of keys.
    """
    return _Record(kind, base, ours, theirs).merged(prefer)


class _Record:
    """Three versions that can be read, and the fields that can't be mixed."""

    def __init__(self, kind: Kind, base: Version, ours: Version, theirs: Version) -> None:
        self.kind = kind
        self.base, self.ours, self.theirs = base, ours, theirs
        self.whole = rules.inseparable(kind, base.plain, ours.plain, theirs.plain)
        self.broken = self._broken(self.whole)
        if self.broken:
            self.whole = self._smallest()

    def _smallest(self) -> frozenset[str]:
        """The fewest fields that must be taken whole from one side for the record to be valid."""
        ours, theirs = self.ours.plain, self.theirs.plain
        differing = sorted(key for key in {*ours, *theirs} if not same(ours.get(key), theirs.get(key)))
        whole = frozenset(differing)
        for key in differing:
            fewer = whole - {key} | self.whole
            if not self._broken(fewer):
                whole = fewer
        return whole

    def _broken(self, whole: frozenset[str]) -> str:
        """The rule that is broken when the fields in conflict are decided for the one or the other."""
        sides = [each.plain for each in (self.base, self.ours, self.theirs)]
        said = (rules.broken(self.kind, self._outcome(side, whole).plain, *sides) for side in _BOTH)
        return next(filter(None, said), "")

    def _outcome(self, side: Side, whole: frozenset[str], other: Path | None = None) -> Outcome:
        """The merge in which `side` decides, but theirs of the field at `other`."""
        return merged(
            self.kind.model,
            self.base.plain,
            self.ours.plain,
            self.theirs.plain,
            lambda path: "theirs" if path == other else side,
            whole,
        )

    def merged(self, prefer: Side | None) -> MergedRecord:
        outcome = self._outcome(prefer or "ours", self.whole)
        if prefer == "base" and rules.broken(self.kind, outcome.plain, *3 * [self.base.plain]):
            return MergedRecord(self.base.text)
        writer = Writer(self.kind.model, self.base, self.ours, self.theirs)
        disputed = [clash.path for clash in outcome.clashes]
        text = writer.text(outcome.plain, disputed)
        if prefer or not disputed:
            return MergedRecord(text)
        others = [] if len(disputed) > _MANY else [
            (path, writer.text(self._outcome("ours", self.whole, path).plain, disputed)) for path in disputed
        ]  # fmt: skip
        theirs = writer.text(self._outcome("theirs", self.whole).plain, disputed)
        conflicts = [self._told(clash) for clash in outcome.clashes]
        return MergedRecord(marked(text, others, theirs, self.kind.model), tuple(conflicts))

    def _told(self, clash: Clash) -> Conflict:
        is_rule = self.broken and clash.path[0] in self.whole
        return told(
            self.kind.model, clash, self.ours.plain, self.theirs.plain, self.broken if is_rule else ""
        )
