"""A mapping and the file it stands in; for a file without one, the columns that are named like fields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date

from pipecli.errors import Fault, PipecliError
from pipecli.inbox import paths
from pipecli.inbox.mapping import Column, Mapping
from pipecli.inbox.readers import Manner, reader
from pipecli.inbox.tabular import Table
from pipecli.records.kinds import Collection
from pipecli.store import reading
from pipecli.store.yaml import read as yamltext


@dataclass
class Source:
    """A mapping, and where each of its faults stands."""

    mapping: Mapping
    file: str = ""
    text: str = ""
    faults: list[Fault] = field(default_factory=list)

    @classmethod
    def read(cls, file: str, raw: bytes) -> Source:
        """A mapping file. Raises FaultyFile with every fault of its form."""
        text = yamltext.decode(raw, file)
        return cls(reading.validate(Mapping, yamltext.parse(text, file), file, text), file, text)

    @classmethod
    def of_columns(cls, table: Table, collection: Collection) -> Source:
        """For a file without a mapping: the columns that are named like fields. Raises PipecliError."""
        named = {column: path for column in table.columns if (path := _field_of(column, collection))}
        if not named:
            raise PipecliError(
                f"{table.name}: no column is named like a field of {collection.plural}",
                hint=f"say in a mapping file what feeds {', '.join(paths.names(collection))}: --map FILE",
            )
        columns = {column: Column(to=path) for column, path in named.items()}
        return cls(Mapping(columns=columns, decimal="."))

    def fault(self, path: Sequence[str | int], message: str) -> None:
        line, column = yamltext.locate(self.text, path) if self.text else (0, 0)
        self.faults.append(Fault(self.file, line, column, "mapping", message))


def _field_of(column: str, collection: Collection) -> str | None:
    """The field that a column is named like, as `External ID` is."""
    candidates = (column, column.lower().replace(" ", "_").replace("-", "_"))
    return next((path for path in candidates if _is_field(collection, path)), None)


def _is_field(collection: Collection, name: str) -> bool:
    try:
        path = paths.parsed(collection, name)
    except LookupError:
        return False
    return reader(collection, path, Manner((), ".", True, False, date.min, UTC)) is not None
