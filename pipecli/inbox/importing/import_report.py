"""The outcome of an import, its report, and the file of its rejected rows, which can be mended."""

from __future__ import annotations

import csv
import io
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pipecli.errors import Reason, Unreadable
from pipecli.harmless_text import one_line, spreadsheet_cell, visible
from pipecli.history.events_in_words import Event
from pipecli.inbox.importing.bindings import Bindings, Tallies, Tally
from pipecli.inbox.importing.mapping import RowKind
from pipecli.inbox.importing.named_records_and_contacts import Nameable
from pipecli.inbox.importing.table import EXTRA, REASON, Cell, Raw, Row, Table
from pipecli.json_and_csv import free_cell, list_cell
from pipecli.records.base import Part
from pipecli.records.kinds import COLLECTIONS_BY_NOUN as BY_NOUN
from pipecli.records.kinds import CONTACT, collection_named
from pipecli.store.lock_and_signals import clear_temporary, uninterrupted
from pipecli.store.safe_files import temporary_name
from pipecli.wording import Line, count, first_of

if TYPE_CHECKING:
    from pipecli.store.location import Location


_MOST_REASONS = 10
_MOST_NAMES = 8
_MOST_TALLIES = 50


_SECTIONS = {
    "empty": ("word", "words taken as no value"),
    "lacking": ("column", "rows lacked"),
    "left_out": ("column", "left out, by the conditions of the mapping"),
    "noted": ("what", "worth a look"),
    "filled_with_now": ("field", "set to the time of this import, as rows don't say it"),
    "kept": ("field", "kept as it is here, where the file changed it too"),
}
"""The sections of a report: what JSON calls their names, and their titles for a person."""


NOT_HERE = "rows whose record isn't here"
WITH_THEM = "rows whose record is left out"
REMOVED = "rows whose record was removed or merged here"


class NotHere(Unreadable):
    """The record of a row isn't in the pipeline, and isn't to be made."""

    why = NOT_HERE


class LeftOut(NotHere):
    """The record of a row is in an earlier file of the same move, and isn't taken from there."""

    why = WITH_THEM


class Removed(NotHere):
    """The record of a row was here, and people removed it or merged it into another."""


class Lines(NamedTuple):
    """The counts of rows that are parts of records, by what became of them."""

    made: int = 0
    updated: int = 0
    unchanged: int = 0
    merged: int = 0

    def plus(self, other: Lines) -> Lines:
        return Lines(*map(sum, zip(self, other, strict=True)))


@dataclass
class ImportOutcome:
    """The result of an import, before anything is written."""

    made: list[str] = field(default_factory=list)
    """The ids or slugs of new records."""
    updated: list[str] = field(default_factory=list)
    principals: dict[tuple[str, str], Part] = field(default_factory=dict)
    """New and changed users and teams, by noun and slug: they stand in the settings."""
    unchanged: int = 0
    merged: int = 0
    """Rows that are about the record of an earlier row."""
    skipped: int = 0
    """Rows that aren't to be taken, as the mapping says."""
    rejected: list[tuple[Row, Reason]] = field(default_factory=list)
    removed: list[Row] = field(default_factory=list)
    """Those of the skipped whose records people removed or merged."""
    left_out: set[int] = field(default_factory=set)
    """The lines of those that the mapping doesn't take."""
    parents: dict[int, str] = field(default_factory=dict)
    """By the line of a row that is a part of a record, that record."""
    related: dict[tuple[str, str], Part] = field(default_factory=dict)
    """Missing records that rows name, made on the way, by noun and id."""
    lines: Lines | None = None
    """Of rows that are parts of records: what became of them."""
    changed: list[tuple[str, Event]] = field(default_factory=list)  # by record, from the file's word to ours
    tallies: Tallies = field(default_factory=Tallies)

    def refuse(self, row: Row, error: Unreadable, unknown: str | None) -> None:
        """Reject a row; without its record, or where that was removed, it may be one to leave out."""
        if isinstance(error, Removed):
            self.leave_out(row)
        elif isinstance(error, NotHere) and unknown == "skip":
            self.skipped += 1
            self.left_out.add(row.line)
            self.tallies.count("left_out", error.why, row)
        else:
            self.rejected.append((row, Reason(str(error), error.new)))

    def leave_out(self, row: Row) -> None:
        """Skip a row whose record people removed or merged."""
        self.skipped += 1
        self.removed.append(row)
        self.tallies.count("left_out", REMOVED, row)


class Import(NamedTuple):
    table: Table
    outcome: ImportOutcome
    report: dict[str, Any]
    """As JSON has it."""

    def without_rows(self) -> Import:
        """The same without its rows, which take the most memory, but for the rejected ones."""
        return Import(
            self.table._replace(rows=[]), ImportOutcome(rejected=self.outcome.rejected), self.report
        )

    @property
    def keys(self) -> list[str]:
        """The ids of what is made and updated."""
        return [*self.outcome.made, *self.outcome.updated]


def commit_subject(report: dict[str, Any]) -> str:
    """The first line of an import's commit."""
    counts = [f"{report[name]:,} {name}" for name in ("made", "updated") if report[name]]
    return f"Import {report['kind']} from {visible(report['file'])}: {', '.join(counts)}"


WORDS = {
    "made": "made",
    "updated": "updated",
    "unchanged": "unchanged",
    "merged": "about the record of an earlier row",
    "skipped": "left out",
    "rejected": "rejected",
}
"""The outcomes of rows; the sum of all is the rows of the file."""


def report_json(
    row_kind: RowKind, table: Table, bindings: Bindings, names: Nameable, outcome: ImportOutcome
) -> dict[str, Any]:
    """The report as JSON has it: counts of rows, and an example of each thing they lack."""
    done = outcome.lines or (len(outcome.made), len(outcome.updated), outcome.unchanged, outcome.merged)
    known_by = bindings.known_by
    new_ids = {*outcome.made, *(key for _, key in outcome.related)}
    related: dict[str, list[str]] = {}
    for noun, key in outcome.related:
        related.setdefault(BY_NOUN[noun].plural, []).append(key)
    return {
        "kind": row_kind.plural,
        "file": table.name,
        **({"guessed_encoding": table.encoding} if table.encoding else {}),
        "rows": len(table.rows),
        **dict(zip(WORDS, (*done, outcome.skipped, len(outcome.rejected)), strict=True)),
        "made_on_the_way": related,
        "still_missing": {BY_NOUN[noun].plural: keys for noun, keys in names.dangling.items()},
        **({"sheet": table.sheet} if table.sheet else {}),
        **({"header": table.header} if table.header else {}),
        **({"below": table.below} if table.below else {}),
        **{
            section: [
                {name_key: name, "rows": tally.rows, "example": _place(tally.example, known_by)}
                for name, tally in outcome.tallies[section].items()
            ]
            for section, (name_key, _) in _SECTIONS.items()
        },
        "replaced": [
            {"column": column, "value": value, "by": by, "rows": tally.rows}
            for (column, value, by), tally in outcome.tallies["replaced"].items()
        ],
        "respelt": [
            {"kind": noun, "name": text, "as": label} for (noun, text), label in names.respelt.items()
        ],
        "namesakes": [
            {"id": key, "name": names.known(CONTACT.noun).labels[key], "others": others}
            for key, others in names.namesakes.items()
            if key in new_ids
        ],
        "unused_columns": bindings.unused,
        "reasons": [
            {"reason": reason, "rows": tally.rows, "example": _place(tally.example, known_by)}
            for reason, tally in _reasons(outcome).items()
        ],
    }


def _reasons(outcome: ImportOutcome) -> dict[str, Tally]:
    tallies = Tallies()
    for row, reason in outcome.rejected:
        tallies.count("reasons", reason.text, row)
    return dict(sorted(tallies["reasons"].items(), key=lambda pair: -pair[1].rows))


_VALUES = re.compile(
    r'"[^"]*"|(?<=: ).*(?=, where line)|(?<= says ).*(?= of the same)|(?<= at )\S+$|\S*\d\S*'
)
"""What is of one row alone in the reason for rejecting it."""


def reasons_by_shape(report: Mapping[str, Any]) -> list[tuple[int, str]]:
    """The reasons for rejecting rows, grouped without the values in them: their rows and an example."""
    groups: dict[str, tuple[int, str]] = {}
    for reason in report["reasons"]:
        shape = _VALUES.sub("…", reason["reason"])
        rows, example = groups.get(shape, (0, reason["reason"]))
        groups[shape] = (rows + reason["rows"], example)
    return sorted(groups.values(), key=lambda pair: -pair[0])


def _place(row: Row, known_by: Sequence[str]) -> dict[str, Any]:
    """The place of an example: its line, and by what people know it, its id or title, else a first cell."""
    cells = [*(row.cells.get(column) for column in known_by), *row.cells.values()]
    return {
        "line": row.line,
        "row": next((one_line(str(cell)) for cell in cells if cell not in (None, "")), ""),
    }


def report_lines(report: Mapping[str, Any]) -> Iterator[Line]:
    """The report for a person."""
    yield Line(f"{count(report['rows'], 'row', ',')} of {report['file']}")
    for name, words in WORDS.items():
        if report[name] or name == "made":
            yield Line(words, report[name])
    for words in ("made on the way", "still missing"):
        for plural, keys in report[words.replace(" ", "_")].items():
            collection = collection_named(plural)
            things = collection.noun if collection and len(keys) == 1 else plural
            yield Line(f"{words}: {len(keys):,} {things}: {first_of(keys, _MOST_NAMES, ',')}")
    if "sheet" in report:
        yield Line(f"of the sheet {report['sheet']}")
    if "header" in report:
        yield Line(f"the header was found on line {report['header']}")
    if "below" in report:
        yield Line("left out, as totals, headings or notes", report["below"])
    for section, (name_key, title) in _SECTIONS.items():
        yield from _section(title, report[section], name_key)
    if report["replaced"]:
        yield Line("values replaced, as the mapping says or the decimals of a currency")
    for value in report["replaced"]:
        yield Line(f"{value['column']}: {value['value']} → {value['by']}", value["rows"])
    for name in report["respelt"]:
        yield Line(f'"{name["name"]}" was taken for the {name["kind"]} "{name["as"]}"')
    for person in report["namesakes"]:
        others = first_of(person["others"], _MOST_NAMES, ",")
        yield Line(f'"{person["name"]}" is the new contact {person["id"]}, not the namesake {others}')
    if report["unused_columns"]:
        yield Line(f"columns not used: {', '.join(report['unused_columns'])}")
    if "guessed_encoding" in report:
        guessed = report["guessed_encoding"]
        yield Line(f"read as {guessed}, a guess: if names look wrong, say `encoding:` in the mapping")
    yield from _reasons_in_words(report["reasons"])


def _section(title: str, tallies: list[dict[str, Any]], name_key: str) -> Iterator[Line]:
    if tallies:
        yield Line(title)
    for tally in tallies[:_MOST_TALLIES]:
        example = tally["example"]
        yield Line(f"{tally[name_key]} (line {example['line']}: {example['row']})", tally["rows"])
    if rest := tallies[_MOST_TALLIES:]:
        yield Line(f"and {len(rest):,} more", sum(tally["rows"] for tally in rest))


def _reasons_in_words(reasons: list[dict[str, Any]]) -> Iterator[Line]:
    if reasons:
        yield Line("rejected")
    for reason in reasons[:_MOST_REASONS]:
        yield Line(f"{reason['reason']} (line {reason['example']['line']})", reason["rows"])
    if rest := reasons[_MOST_REASONS:]:
        yield Line(f"for {len(rest):,} more reasons", sum(reason["rows"] for reason in rest))


def rejects_csv(table: Table, rejected: Sequence[tuple[Row, Reason]]) -> str:
    """The rejected rows as CSV that can be mended and imported again, with the reasons in a last column."""
    columns = [column for column in table.columns if column != REASON]
    most = max((len(row.extra) for row, _ in rejected), default=0)
    extras = [f"{EXTRA}{number}" for number in range(1, most + 1)]
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([spreadsheet_cell(column) for column in [*columns, *extras, REASON]])
    for row, reason in rejected:
        cells = [_written(row.cells.get(column, "")) for column in columns]
        extra = [*row.extra, *[""] * (most - len(row.extra))]
        writer.writerow([spreadsheet_cell(cell) for cell in [*cells, *extra, reason.text]])
    return out.getvalue()


@contextmanager
def rejects_beside(
    imports: Sequence[tuple[Import, Path | None]], source: Path | None, location: Location
) -> Iterator[list[Path | None]]:
    """Write the rejected rows of each import beside a commit: aside before it, under their names after it.

    The paths are there at the end, None where no row is rejected; the second of a pair is the one that is
    wanted. Raises OSError, and nothing is committed then.
    """
    begun: list[_Rejects | None] = []
    paths: list[Path | None] = []
    try:
        for number, (done, wanted) in enumerate(imports):
            rejects = _Rejects.of(done, wanted, source, location) if done.outcome.rejected else None
            begun.append(rejects)
            if rejects:
                rejects.write_aside(number)
        yield paths
        with uninterrupted():
            paths += [rejects.keep() if rejects else None for rejects in begun]
    except BaseException:
        for rejects in filter(None, begun):
            rejects.drop()
        raise


@dataclass
class _Rejects:
    """The file of an import's rejected rows, which nobody else reads: they are customers."""

    folder: Path
    name: str
    wanted: Path | None
    content: bytes
    aside: Path | None = None

    @classmethod
    def of(cls, done: Import, wanted: Path | None, source: Path | None, location: Location) -> _Rejects:
        folder = wanted.parent if wanted else _folder_of_rejects(source, location)
        text = rejects_csv(done.table, done.outcome.rejected)
        name = wanted.name if wanted else f"{done.table.name}.rejects.csv"
        return cls(folder, name, wanted, text.encode("utf-8", "replace"))  # JSON may have half a character

    def write_aside(self, number: int) -> None:
        if self.wanted and self.wanted.exists() and (self.wanted.is_symlink() or not self.wanted.is_file()):
            return  # /dev/stdout, a pipe
        clear_temporary(self.folder / self.name)
        aside = self.folder / temporary_name(f"{self.name}.{number}", os.getpid())
        try:
            aside.unlink(missing_ok=True)
            with open(os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as handle:  # noqa: PTH123
                self.aside = aside
                handle.write(self.content)
        except OSError as error:
            error.filename = str(self.wanted or self.folder / self.name)
            raise

    def keep(self) -> Path:
        """Put it under the name that is wanted, or one that nothing has; its path."""
        if self.wanted and self.aside is None:
            self.wanted.write_bytes(self.content)
            return self.wanted
        assert self.aside
        if self.wanted:
            if self.wanted.exists():
                self.aside.chmod(stat.S_IMODE(self.wanted.stat().st_mode))
            return self.aside.replace(self.wanted)
        number = 1
        while True:
            path = self.folder / f"{self.name.removesuffix('.csv')}{f'-{number}' * (number > 1)}.csv"
            number += 1
            try:
                os.link(self.aside, path)
            except FileExistsError:
                continue
            except OSError:  # a disk without links
                if os.path.lexists(path):
                    continue
                return self.aside.replace(path)
            self.drop()
            return path

    def drop(self) -> None:
        if self.aside:
            self.aside.unlink(missing_ok=True)


def _folder_of_rejects(source: Path | None, location: Location) -> Path:
    """A folder outside the pipeline: here, beside the source, or one in its git directory.

    Not one where everybody writes, as the rows are private, nor one where this user can't, as / for cron.
    """
    for folder in (Path(), source.parent if source else Path()):
        is_inside = folder.resolve() == location.root or location.root in folder.resolve().parents
        if not is_inside and not folder.stat().st_mode & stat.S_IWOTH and os.access(folder, os.W_OK):
            return folder
    own = location.cache / "rejects"
    own.mkdir(parents=True, exist_ok=True)
    return own


def _written(cell: Cell) -> str:
    match cell:
        case bool():
            return "true" if cell else "false"
        case Raw():
            return free_cell(cell.value)
        case tuple():
            return list_cell([_written(part) for part in cell])
    return str(cell)


def new_words(done: Import) -> list[str]:
    """The stages, owners, reasons and the like that are new in rejected rows, each with its first line."""
    places: dict[tuple[str, str], int] = {}
    for row, reason in done.outcome.rejected:
        for word in reason.new:
            places.setdefault(word, row.line)
    return [f'{what} "{word}" ({done.table.name}:{line})' for (what, word), line in places.items()]
