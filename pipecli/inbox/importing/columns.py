"""What a row of a file says about a record: each field's value, by the mapping."""

from __future__ import annotations

from collections.abc import Mapping as Map
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from pipecli.inbox.importing.amounts import Unreadable
from pipecli.inbox.importing.table import Cell, Row
from pipecli.inbox.importing.values import Path, Reader
from pipecli.records.kinds import Collection

K = TypeVar("K")
Values = Map[Path, object]


class KeyOf(NamedTuple):
    """A part of a path that each row names itself: `prices.{product}`."""

    column: str
    read: Reader


class Template(NamedTuple):
    """Text with columns in it: the words between them, and the columns."""

    words: tuple[str, ...]
    columns: tuple[str, ...]


class ColumnBinding(NamedTuple):
    """One field, or by value several, that a column feeds."""

    path: Path | None
    read: Reader | None
    values: Map[str, Values]
    """What a value of the file means; with no `path` any other is refused."""
    when: Map[str, frozenset[str]]


class Composed(NamedTuple):
    """A field made of several columns by the first template they all have a value for."""

    path: Path
    read: Reader
    templates: tuple[Template, ...]


@dataclass
class Tally:
    """How many rows something holds for, and the first of them."""

    rows: int
    example: Row

    @staticmethod
    def count(tallies: dict[K, Tally], name: K, row: Row) -> None:
        known = tallies.get(name)
        if known is None:
            tallies[name] = Tally(1, row)
        else:
            known.rows += 1


class Said(NamedTuple):
    """What one row says."""

    row: Row
    values: dict[Path, object]
    reasons: list[str]
    """Why it can't be taken."""


@dataclass
class Feeds:
    """A mapping, ready for the rows of one file."""

    columns: Map[str, tuple[ColumnBinding, ...]]
    composed: tuple[Composed, ...]
    constants: Values
    """What a new record gets where its row says nothing."""
    owned: frozenset[Path]
    """The fields that the file answers for: where a row says nothing of one, it has no value."""
    unused: list[str]
    """Columns that feed nothing and that the mapping doesn't ignore."""
    external_id: str | None
    """The column or template of it that the mapping names; a row without one would be made anew each time."""
    has_gaps: bool
    """Whether a row may fill the second place of a list and not the first."""
    lacking: dict[str, Tally] = field(default_factory=dict)
    left_out: dict[str, Tally] = field(default_factory=dict)
    replaced: dict[tuple[str, str, str], Tally] = field(default_factory=dict)
    """By column and value: what the mapping has in its place."""
    _memory: dict[tuple[Reader, str], object] = field(default_factory=dict)

    def tells_apart(self, collection: Collection) -> bool:
        """Whether a second run finds the records of the first, and makes none anew."""
        kind = collection.kind
        fed = {binding.path for bindings in self.columns.values() for binding in bindings}
        return (
            kind is None
            or not kind.is_document
            or bool(self.external_id or fed & {("id",), ("external_id",)})
        )

    def read(self, row: Row) -> Said:
        """What a row says; what it lacks is counted."""
        said = Said(row, {}, [row.fault] if row.fault else [])
        if row.fault:
            return said
        for column, bindings in self.columns.items():
            cell = row.cells.get(column, "")
            if is_empty(cell):
                Tally.count(self.lacking, column, row)
                continue
            taken = [binding for binding in bindings if not binding.when or _holds(binding.when, row)]
            if not taken:
                Tally.count(self.left_out, column, row)
            for binding in taken:
                self._take(said, column, binding, cell)
        for each in self.composed:
            self._compose(said, each)
        return said

    def _take(self, said: Said, column: str, binding: ColumnBinding, cell: Cell) -> None:
        meant = binding.values.get(_plain(cell)) if binding.values else None
        if meant is not None:
            if binding.path is not None and binding.path in meant:
                Tally.count(self.replaced, (column, _plain(cell), written(meant[binding.path])), said.row)
            for path, value in meant.items():
                said.values.setdefault(path, value)
            return
        if binding.path is None or binding.read is None:
            known = ", ".join(binding.values)
            said.reasons.append(f'{column}: "{_plain(cell)}" is none of the values of the mapping: {known}')
            return
        try:
            path = self._path(binding.path, said.row)
            said.values.setdefault(path, self._read(binding.read, cell))
        except Unreadable as error:
            said.reasons.append(f"{column}: {error}")

    def _compose(self, said: Said, composed: Composed) -> None:
        for words, columns in composed.templates:
            parts = [self._shown(column, said.row) for column in columns]
            if all(parts):
                text = words[0] + "".join(part + word for part, word in zip(parts, words[1:], strict=True))
                try:
                    said.values.setdefault(composed.path, composed.read(text))
                except Unreadable as error:
                    said.reasons.append(f"{dotted(composed.path)}: {error}")
                return

    def _shown(self, column: str, row: Row) -> str:
        """What a template writes for a column: its value, in the words that the mapping has for it."""
        text = _plain(row.cells.get(column, ""))
        for binding in self.columns.get(column, ()):
            meant = binding.values.get(text, {})
            if binding.path is not None and binding.path in meant:
                return written(meant[binding.path])
        return text

    def _path(self, path: Path, row: Row) -> Path:
        if KeyOf not in map(type, path):
            return path
        parts = []
        for part in path:
            if isinstance(part, KeyOf):
                cell = row.cells.get(part.column, "")
                if is_empty(cell):
                    raise Unreadable(f"{part.column} is empty")
                parts.append(self._read(part.read, cell))
            else:
                parts.append(part)
        return tuple(parts)

    def _read(self, read: Reader, cell: Cell) -> object:
        """What a cell says; a file says the same few thousand things again and again."""
        if not isinstance(cell, str):
            return read(cell)
        name = (read, cell)
        if name not in self._memory:
            self._memory[name] = read(cell)
        return self._memory[name]


def is_empty(cell: Cell) -> bool:
    return cell == () or (isinstance(cell, str) and not cell.strip())


def dotted(path: Path) -> str:
    """A path as the mapping writes it."""
    return ".".join("{" + part.column + "}" if isinstance(part, KeyOf) else str(part) for part in path)


def written(value: object) -> str:
    """A value as a person reads it; of a record that is named, the name."""
    return str(getattr(value, "text", getattr(value, "value", value)))


def _plain(cell: Cell) -> str:
    return cell.strip() if isinstance(cell, str) else str(cell)


def _holds(when: Map[str, frozenset[str]], row: Row) -> bool:
    return all(_plain(row.cells.get(column, "")) in wanted for column, wanted in when.items())
