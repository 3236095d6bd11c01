"""One file of three versions (`merge_file`): a record merged field by field, any other file line by line.

Which field is in conflict is decided in `field_by_field.py`; here a conflict gets its words, and two changes,
each right, that don't go together in one record (`broken_rule`) become one. A file that isn't a record, or
not a readable one, is merged as git does it. The value of a field in conflict is a person's decision.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path as Folder
from tempfile import TemporaryDirectory
from typing import NamedTuple, cast

from pipecli.checks.quotations_against_history import OFFERED
from pipecli.errors import FaultyFile
from pipecli.history import events_in_words
from pipecli.merge_versions.field_by_field import (
    ORDER,
    FieldConflict,
    Merged,
    Path,
    Side,
    merge_fields,
    names_at,
    numbered,
    taken_together,
)
from pipecli.merge_versions.merged_text import Version, Writer, mark_conflicts
from pipecli.records.base import Part, Plain
from pipecli.records.kinds import QUOTATION, Kind, record_kind
from pipecli.records.references import references
from pipecli.store import git
from pipecli.store.validate_record import validate
from pipecli.store.yaml import read
from pipecli.store.yaml.read import BYTE_ORDER_MARK
from pipecli.store.yaml.tree import ListNode, MappingNode, ScalarNode, TreeNode, is_void, read_tree
from pipecli.store.yaml.write import EditError, is_list, is_nothing, same, without_empties
from pipecli.wording import count, shortened


class ConflictInWords(NamedTuple):
    """One field with two values. `ours` and `theirs` are shown to a person; None: that side has none."""

    path: str
    """Dotted, of what stands in a list with its name: `items.cafe-s-100.quantity`; empty: the whole file."""
    ours: str | None
    theirs: str | None
    words: str


_LONGEST = 80


_Named = dict[Path, list[dict[str, object]]]
"""By the path of a list its members by name, of ours and of theirs: a conflict of each asks for all."""


def in_words(
    model: type[Part], conflict: FieldConflict, ours: Plain, theirs: Plain, named: _Named, broken: str = ""
) -> ConflictInWords:
    """A conflict as a person reads it; `broken` is the rule that made one of two fields."""
    mine, other = _shown(conflict.path, conflict.ours, ours), _shown(conflict.path, conflict.theirs, theirs)
    absent = "none" if is_nothing(conflict.base) else "removed"
    name = _name(model, conflict.path, ours, theirs, named)
    words = f"{name}: ours {mine or absent}, theirs {other or absent}"
    return ConflictInWords(".".join(conflict.path), mine, other, f"{words} ({broken})" if broken else words)


def _shown(path: Path, value: object, side: Plain) -> str | None:
    """A value on one line; None where there is none."""
    currency = str(side.get("currency", ""))
    if is_nothing(value):
        return None
    if isinstance(value, Mapping):
        if path[-2:-1] in (("activities",), ("items",), ("contacts",)):
            return events_in_words.described(path[-2], value, currency)
        fields = (f"{key} {_shown((*path, key), inner, side)}" for key, inner in value.items())
        return shortened(", ".join(fields), _LONGEST)
    if is_list(value):
        return shortened(", ".join(_shown((*path, ""), member, side) or "" for member in value), _LONGEST)
    if shown := events_in_words.value_in_words(value, path[-1], currency):
        return shown
    return f'"{shortened(" ".join(str(value).split()), _LONGEST)}"'


def _name(model: type[Part], path: Path, ours: Plain, theirs: Plain, named: _Named) -> str:
    """The field as a person calls it: `item Café S-100, quantity`; `closed.amount` stays so."""
    words: list[str] = []
    keys: list[str] = []
    here: list[object] = [ours, theirs]
    for place, key in enumerate(path):
        if path[:place] not in named:
            named[path[:place]] = [_members(model, path[:place], value) for value in here]
        members = named[path[:place]]
        thing = next((member for side in members if isinstance(member := side.get(key), Mapping)), None)
        if thing is not None:
            one = f"{events_in_words.member_word(keys[-1])} {events_in_words.member_name(thing, key)}"
            words.append(" ".join([*filter(None, [".".join(keys[:-1])]), one]))
            keys = []
        elif key == ORDER and any(map(is_list, here)):
            words.append(".".join(keys))
            keys = ["the order"]
        else:
            keys.append(key)
        here = [
            side.get(key) if is_list(value) else value.get(key) if isinstance(value, Mapping) else None
            for side, value in zip(members, here, strict=True)
        ]
    return ", ".join([*words, *([".".join(keys)] if keys else [])])


def _members(model: type[Part], path: Path, value: object) -> dict[str, object]:
    if not isinstance(value, list):
        return {}
    return dict(zip(numbered(value, names_at(model, path, value)), value, strict=True))


def broken_rule(kind: Kind, merged: Plain, base: Plain, ours: Plain, theirs: Plain) -> str:
    """The rule that a merged record breaks though neither side does; empty where all hold."""
    try:
        validate(kind.model, merged)
    except FaultyFile as error:
        return error.faults[0].message
    rules = _RULES.get(kind.noun, ())
    broken = (message for rule in rules if (message := rule(merged)) and not rule(ours) and not rule(theirs))
    return next(broken, "") or (_frozen(merged, base, ours, theirs) if kind == QUOTATION else "")


def _frozen(merged: Plain, base: Plain, *sides: Plain) -> str:
    for side in sides if not _is_draft(merged) else ():
        if _is_draft(base) and not _is_draft(side):
            field = next((key for key in OFFERED if not same(side.get(key), merged.get(key))), None)
            if field:
                return f"it was {side['status']} with other {field}; what a customer was offered is frozen"
    return ""


def _is_draft(quotation: Plain) -> bool:
    return str(quotation.get("status", QUOTATION.first_status)) == "draft"


def _is_valid_for_some_time(quotation: Plain) -> str:
    begins, ends = str(quotation.get("date", "")), str(quotation.get("valid_until", ""))
    return f"valid_until: {ends} is before its date {begins}" if ends and ends < begins else ""


def _has_one_primary(deal: Plain) -> str:
    primary = [contact["contact"] for contact in deal.get("contacts", ()) if contact.get("primary") is True]
    return f"a deal has one primary contact, not {' and '.join(primary)}" if len(primary) > 1 else ""


def _names_what_it_has(plain: Plain) -> str:
    """Users and teams that settings name, and that are there."""
    from pipecli.records.settings import Settings

    settings = Settings.model_validate(plain)
    known = {"user": {*settings.users}, "team": {*settings.teams}}
    known["user or team"] = known["user"] | known["team"]
    for field, noun, key in references(settings):
        named = "user or team" if noun == "principal" else noun
        if key not in known.get(named, {key}):
            return f"{field}: unknown {named} {key}"
    both = settings.users.keys() & settings.teams.keys()
    return f"{min(both)} is a user and a team" if both else ""


def _closes_with_a_known_reason(plain: Plain) -> str:
    from pipecli.records.settings import Settings

    settings = Settings.model_validate(plain)
    fault = f"auto_close.reason: {settings.auto_close.reason} isn't one of lost_reasons"
    return fault if settings.closes_for_unlisted_reason else ""


_RULES: dict[str, tuple[Callable[[Plain], str], ...]] = {
    "quotation": (_is_valid_for_some_time,),
    "opportunity": (_has_one_primary,),
    "settings": (_names_what_it_has, _closes_with_a_known_reason),
}


_BOTH: tuple[Side, Side] = ("ours", "theirs")
_MANY = 12
"""Conflicts. Of more the markers are put where the lines differ, as each of them costs a text."""


class MergedRecord(NamedTuple):
    text: str
    conflicts: tuple[ConflictInWords, ...] = ()


def merge_record(
    kind: Kind, base: Version, ours: Version, theirs: Version, prefer: Side | None = None
) -> MergedRecord:
    """The text of the merge; fields in conflict are marked, unless `prefer` decides them.

    Raises EditError for a text that isn't a map of keys.
    """
    return _Record(kind, base, ours, theirs).merged(prefer)


class _Record:
    """Three versions that can be read, and the fields that can't be mixed."""

    def __init__(self, kind: Kind, base: Version, ours: Version, theirs: Version) -> None:
        self.kind = kind
        self.base, self.ours, self.theirs = base, ours, theirs
        self.whole = taken_together(kind, base.plain, ours.plain, theirs.plain)
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
        sides = [side.plain for side in (self.base, self.ours, self.theirs)]
        messages = (broken_rule(self.kind, self._outcome(side, whole).plain, *sides) for side in _BOTH)
        return next(filter(None, messages), "")

    def _outcome(self, side: Side, whole: frozenset[str], other: Path | None = None) -> Merged:
        """The merge in which `side` decides, but theirs of the field at `other`."""
        return merge_fields(
            self.kind.model,
            self.base.plain,
            self.ours.plain,
            self.theirs.plain,
            lambda path: "theirs" if path == other else side,
            whole,
        )

    def merged(self, prefer: Side | None) -> MergedRecord:
        outcome = self._outcome(prefer or "ours", self.whole)
        if prefer == "base" and broken_rule(self.kind, outcome.plain, *3 * [self.base.plain]):
            return MergedRecord(self.base.text)
        writer = Writer(self.kind.model, self.base, self.ours, self.theirs)
        disputed = [conflict.path for conflict in outcome.conflicts]
        text = writer.text(outcome.plain, disputed)
        if prefer or not disputed:
            return MergedRecord(text)
        others = [] if len(disputed) > _MANY else [
            (path, writer.text(self._outcome("ours", self.whole, path).plain, disputed)) for path in disputed
        ]  # fmt: skip
        theirs = writer.text(self._outcome("theirs", self.whole).plain, disputed)
        named: _Named = {}
        conflicts = [self._in_words(conflict, named) for conflict in outcome.conflicts]
        return MergedRecord(mark_conflicts(text, others, theirs, self.kind.model), tuple(conflicts))

    def _in_words(self, conflict: FieldConflict, named: _Named) -> ConflictInWords:
        broken = self.broken if conflict.path[0] in self.whole else ""
        return in_words(self.kind.model, conflict, self.ours.plain, self.theirs.plain, named, broken)


def exact_numbers(plain: Plain, text: str) -> Plain:
    """The plain form of a text with its numbers as written: `2499.00`, where a YAML reader gives 2499.0."""
    if not _has_decimals(plain):
        return plain
    return cast("Plain", _exact(plain, read_tree(text)))


def _has_decimals(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_decimals, value.values()))
    return any(map(_has_decimals, value)) if isinstance(value, list) else isinstance(value, float)


def _exact(value: object, node: TreeNode | None) -> object:
    if isinstance(value, dict) and isinstance(node, MappingNode):
        nodes = {entry.key.text: entry.value for entry in node.entries}
        return {key: _exact(inner, nodes[key]) for key, inner in value.items()}
    if isinstance(value, list) and isinstance(node, ListNode):
        inner = [item.value for item in node.items if not is_void(item.value)]
        return [_exact(*pair) for pair in zip(value, inner, strict=True)]
    if isinstance(value, float) and isinstance(node, ScalarNode):
        try:
            return Decimal(node.text)
        except InvalidOperation:
            return value
    return value


_LARGEST_COUNT = 127
"""Of conflicts that `git merge-file` tells by its exit code; above it are its failures."""


def merge_lines(base: bytes, ours: bytes, theirs: bytes, prefer: Side | None = None) -> tuple[bytes, str]:
    """The text, with conflicts marked in it, and the conflicts in words; empty where there are none.

    Of a file that isn't text ours is kept, or the preferred side.
    """
    with TemporaryDirectory(prefix="pipecli-") as folder:
        room = Folder(folder)
        for name, content in (("ours", ours), ("base", base), ("theirs", theirs)):
            (room / name).write_bytes(content)
        labels = ("-L", "ours", "-L", "base", "-L", "theirs")
        taken = (f"--{prefer}",) if prefer else ()
        done = git.run(room, "merge-file", "-p", "-q", *taken, *labels, "ours", "base", "theirs")
    if done.returncode > _LARGEST_COUNT:  # "Cannot merge binary files"
        if prefer:
            return (theirs if prefer == "theirs" else ours), ""
        return ours, "a file that isn't text can't be merged: ours is kept"
    marks = f"{count(done.returncode, 'conflict')} {'is' if done.returncode == 1 else 'are'}"
    return done.stdout, f"{marks} marked line by line" if done.returncode else ""


class MergedFile(NamedTuple):
    content: bytes
    """The file, with conflict markers around the fields in conflict; empty where the record goes."""
    conflicts: tuple[ConflictInWords, ...] = ()
    by_line: str = ""
    """Why it was merged line by line; empty where it was merged by field."""


def merge_file(
    file: str, base: bytes | None, ours: bytes | None, theirs: bytes | None, prefer: Side | None = None
) -> MergedFile:
    """Merge three versions of a pipeline's file; None: that side doesn't have it.

    Without conflicts it is a valid record. `prefer` decides the fields in conflict, and only those: then
    there are no conflicts. Only git's driver prefers a side, where git makes one base of two. Of a file that
    isn't text ours is kept, and that is a conflict. `file` is from the pipeline's root.
    """
    if ours == theirs or base == theirs:
        return MergedFile(ours or b"")
    if base == ours:
        return MergedFile(theirs or b"")
    if ours is None or theirs is None:
        return _removed(base, ours, theirs, prefer)
    kind = record_kind(file)
    if kind is None:
        return _by_line(None, base or b"", ours, theirs, prefer, "it isn't a record")
    if any(_parts(side) > _MOST_PARTS for side in (base or b"", ours, theirs)):
        return _by_line(kind, base or b"", ours, theirs, prefer, "it is too long to be merged by field")
    try:
        mine, other = _version(kind, ours, "ours"), _version(kind, theirs, "theirs")
        before = _version(None, base, "base") if base else Version("", {})
        mine, other = (side._replace(plain=exact_numbers(side.plain, side.text)) for side in (mine, other))
        text, conflicts = merge_record(kind, before, mine, other, prefer)
    except (_NoRecord, EditError) as error:
        return _by_line(kind, base or b"", ours, theirs, prefer, str(error))
    except Exception as error:
        if os.environ.get("PIPECLI_DEBUG"):
            raise
        # git takes what a broken driver leaves, ours, for the marked conflict: theirs would be lost unseen.
        reason = f"a fault in pipecli itself: {type(error).__name__}: {error}"
        return _by_line(kind, base or b"", ours, theirs, prefer, reason)
    mark = BYTE_ORDER_MARK if ours.startswith(BYTE_ORDER_MARK.encode()) else ""
    return MergedFile(f"{mark}{text}".encode(), conflicts)


_MOST_PARTS = 20_000
"""Beyond it a merge by field takes more than some seconds; a pipeline's longest record has a tenth of it."""


def _parts(content: bytes) -> int:
    """The number of lines and of commas: no record has many more fields and list members."""
    return sum(map(content.count, (b"\n", b"\r", b",")))


class _NoRecord(Exception):
    """A version that can't be merged by field; it says which and why."""


def _version(kind: Kind | None, raw: bytes, name: str) -> Version:
    """A text and what it says. Of the base, which only was, it need be no valid record."""
    try:
        text = read.decode(raw, name).removeprefix(BYTE_ORDER_MARK)
        plain = read.parse(text, name)
        if kind is not None:
            validate(kind.model, plain, name, text)
    except FaultyFile as error:
        fault = error.faults[0]
        place = f"{name}, line {fault.line}" if fault.line else name
        raise _NoRecord(f"{place}: {fault.message}") from None
    return Version(text, without_empties(plain))


def _removed(base: bytes | None, ours: bytes | None, theirs: bytes | None, prefer: Side | None) -> MergedFile:
    if prefer:
        return MergedFile({"base": base, "ours": ours, "theirs": theirs}[prefer] or b"")
    mine, other = (None if side is None else "changed" for side in (ours, theirs))
    words = f"the file: ours {mine or 'removed'}, theirs {other or 'removed'}"
    return MergedFile(ours or theirs or b"", (ConflictInWords("", mine, other, words),))


def _by_line(
    kind: Kind | None, base: bytes, ours: bytes, theirs: bytes, prefer: Side | None, reason: str
) -> MergedFile:
    """As git merges a text; but what is clean and still no record is a conflict, too."""
    if prefer == "base":
        return MergedFile(base, (), reason)
    content, conflict = merge_lines(base, ours, theirs, prefer)
    if not conflict and kind is not None:
        try:
            _version(kind, content, "the result")
        except _NoRecord as error:
            conflict = str(error)
    return MergedFile(content, (ConflictInWords("", None, None, conflict),) if conflict else (), reason)
