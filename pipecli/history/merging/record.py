"""The merge of one file: by field where all versions are records, else by line; removed or not."""

from __future__ import annotations

from typing import NamedTuple

from pipecli.errors import Fault, FaultyFile
from pipecli.history.merging import rules
from pipecli.history.merging.conflict import Conflict
from pipecli.history.merging.lines import merge_lines
from pipecli.history.merging.markers import marked
from pipecli.history.merging.numbers import exact
from pipecli.history.merging.text import Version, Writer
from pipecli.history.merging.values import Clash, Outcome, Path, Side, merged, pruned
from pipecli.history.merging.wording import told
from pipecli.records.kinds import SETTINGS, SETTINGS_FILE, Kind
from pipecli.store import reading, yamltext
from pipecli.store.location import kind_of
from pipecli.store.yamlalign import same
from pipecli.store.yamlpage import EditError
from pipecli.store.yamltext import BYTE_ORDER_MARK

_BOTH: tuple[Side, Side] = ("ours", "theirs")
_MANY = 12
"""Conflicts. Of more the markers are put where the lines differ, as each of them costs a text."""


class Merged(NamedTuple):
    text: str
    """The file, with conflict markers around the fields in conflict; empty where the record goes."""
    conflicts: tuple[Conflict, ...] = ()
    by_line: str = ""
    """Why it was merged line by line; empty where it was merged by field."""


class MergedFile(NamedTuple):
    """`Merged`, of a file that may be no text at all."""

    content: bytes
    conflicts: tuple[Conflict, ...]
    by_line: str


def merge_bytes(
    file: str, base: bytes | None, ours: bytes | None, theirs: bytes | None, prefer: Side | None = None
) -> MergedFile:
    """`merge` of three contents. Of what is no text, ours is kept as a whole, and that is a conflict."""
    try:
        before, mine, other = (
            None if each is None else _decoded(each, file) for each in (base, ours, theirs)
        )
    except FaultyFile as error:
        if prefer == "base":
            return MergedFile(base or b"", (), str(error))
        content, count = merge_lines(base or b"", ours or b"", theirs or b"", prefer)
        return MergedFile(content, _marked(count), str(error))
    merged = merge(file, before, mine, other, prefer)
    return MergedFile(merged.text.encode(), merged.conflicts, merged.by_line)


def _decoded(raw: bytes, file: str) -> str:
    if b"\0" in raw[:_BINARY]:
        raise FaultyFile([Fault(file, 0, 0, "yaml", "is no text, but a binary file")])
    return yamltext.decode(raw, file)


_BINARY = 8000
"""Bytes that git looks at to tell whether a file is binary."""


def merge(
    file: str,
    base: str | None,
    ours: str | None,
    theirs: str | None,
    prefer: Side | None = None,
) -> Merged:
    """What three versions of a pipeline's file come to; None: that side doesn't have it.

    Without conflicts it is a valid record. `prefer` decides the fields in conflict, and only those: then
    there are no conflicts. `file` is from the pipeline's root.
    """
    if ours == theirs or base == theirs:
        return Merged(ours or "")
    if base == ours:
        return Merged(theirs or "")
    if ours is None or theirs is None:
        return _removed(ours, theirs, prefer)
    kind: Kind | None = SETTINGS if file == SETTINGS_FILE else kind_of(file)
    if kind is None:
        return _by_line(kind, file, base, ours, theirs, prefer, "it is no record")
    try:
        versions = [_version(kind, file, text) for text in (ours, theirs)]
        before = _version(None, file, base) if base else Version("", {})
        made = _Record(kind, before, *versions).merged(prefer)
    except (FaultyFile, EditError) as error:
        return _by_line(kind, file, base, ours, theirs, prefer, str(error))
    return made._replace(text=BYTE_ORDER_MARK + made.text) if ours.startswith(BYTE_ORDER_MARK) else made


class _Record:
    """Three versions that can be read, and the fields that can't be mixed."""

    def __init__(self, kind: Kind, base: Version, ours: Version, theirs: Version) -> None:
        self.kind = kind
        self.base, self.ours, self.theirs = base, ours, theirs
        self.whole = rules.inseparable(kind.noun, base.plain, ours.plain, theirs.plain)
        self.broken = self._broken(self.whole)
        if self.broken:
            self.whole = self._smallest()

    def _smallest(self) -> frozenset[str]:
        """The fewest fields that must be taken whole from one side for the record to be valid."""
        ours, theirs = self.ours.plain, self.theirs.plain
        differing = sorted(key for key in {*ours, *theirs} if not same(ours.get(key), theirs.get(key)))
        whole = frozenset(differing)
        for key in differing:
            if not self._broken(whole - {key}):
                whole -= {key}
        return whole | self.whole

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

    def merged(self, prefer: Side | None) -> Merged:
        outcome = self._outcome(prefer or "ours", self.whole)
        if prefer == "base" and rules.broken(self.kind, outcome.plain, *3 * [self.base.plain]):
            return Merged(self.base.text)
        writer = Writer(self.kind.model, self.base, self.ours, self.theirs)
        disputed = [clash.path for clash in outcome.clashes]
        text = writer.text(outcome.plain, disputed)
        if prefer or not disputed:
            return Merged(text)
        others = [] if len(disputed) > _MANY else [
            (path, writer.text(self._outcome("ours", self.whole, path).plain, disputed)) for path in disputed
        ]  # fmt: skip
        theirs = writer.text(self._outcome("theirs", self.whole).plain, disputed)
        conflicts = [self._told(clash) for clash in outcome.clashes]
        return Merged(marked(text, others, theirs, self.kind.model), tuple(conflicts))

    def _told(self, clash: Clash) -> Conflict:
        is_rule = self.broken and clash.path[0] in self.whole
        return told(
            self.kind.model, clash, self.ours.plain, self.theirs.plain, self.broken if is_rule else ""
        )


def _version(kind: Kind | None, file: str, text: str) -> Version:
    """A text and what it says; of the base, which only was, it need be no valid record."""
    body = text.removeprefix(BYTE_ORDER_MARK)
    plain = yamltext.parse(body, file)
    if kind is not None:
        reading.validate(kind.model, plain, file, body)
    return Version(body, pruned(exact(plain, body)))


def _removed(ours: str | None, theirs: str | None, prefer: Side | None) -> Merged:
    if prefer in ("ours", "theirs"):
        return Merged((ours if prefer == "ours" else theirs) or "")
    mine, other = (None if each is None else "changed" for each in (ours, theirs))
    words = f"the file: ours {mine or 'removed'}, theirs {other or 'removed'}"
    return Merged(ours or theirs or "", (Conflict("", mine, other, words),))


def _by_line(
    kind: Kind | None, file: str, base: str | None, ours: str, theirs: str, prefer: Side | None, reason: str
) -> Merged:
    """As git merges a text; but what is clean and still no record is a conflict, too."""
    if prefer == "base":
        return Merged(base or "", (), reason)
    raw, count = merge_lines((base or "").encode(), ours.encode(), theirs.encode(), prefer)
    text = raw.decode()
    if count:
        return Merged(text, _marked(count), reason)
    if kind is not None:
        try:
            _version(kind, file, text)
        except FaultyFile as error:
            words = f"the result is no valid record: {error}"
            return Merged(text, (Conflict("", None, None, words),), reason)
    return Merged(text, (), reason)


def _marked(count: int) -> tuple[Conflict, ...]:
    marks = "1 conflict is" if count == 1 else f"{count} conflicts are"
    return (Conflict("", None, None, f"{marks} marked line by line"),) if count else ()
