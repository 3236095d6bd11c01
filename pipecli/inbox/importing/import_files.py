"""One import, from its files to the records to plan, its report, and a CSV of the rejected rows.

Writing is the caller's.
"""

from __future__ import annotations

import csv
import io
import itertools
import os
import re
import stat
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pipecli.errors import Reason
from pipecli.inbox.importing.bindings import ORDINAL, Bindings, Tally
from pipecli.inbox.importing.compile_mapping import compiled
from pipecli.inbox.importing.earlier_imports import EarlierFiles, Keep
from pipecli.inbox.importing.mapping import Source
from pipecli.inbox.importing.match_record import (
    NOT_HERE,
    REMOVED,
    SHARED,
    PartKind,
    match_alike_rows,
    parents_of,
    part_named,
)
from pipecli.inbox.importing.named_records import Nameable
from pipecli.inbox.importing.rows_to_records import Built, Lines, Tick, make_records
from pipecli.inbox.importing.table import EXTRA, REASON, Cell, Raw, Row, Table, fill_down
from pipecli.inbox.importing.workbook import is_vcard, rows_of_file
from pipecli.json_and_csv import free_cell, guarded_cell, list_cell
from pipecli.records.base import Record
from pipecli.records.kinds import COLLECTIONS_BY_NOUN as BY_NOUN
from pipecli.records.kinds import CONTACT, Collection, collection_named
from pipecli.records.settings import Settings, Team, User
from pipecli.store.pipeline import Pipeline
from pipecli.store.plan_writes import Planner
from pipecli.wording import count, first_of, visible

if TYPE_CHECKING:
    from pipecli.store.safe_files import Location

_MOST_REASONS = 10
_MOST_NAMES = 8
_MOST_TALLIES = 50


class File(NamedTuple):
    name: str
    content: bytes


class Import(NamedTuple):
    table: Table
    outcome: Built
    report: dict[str, Any]
    """As JSON has it."""

    def without_rows(self) -> Import:
        """What is told of it, without the rows, which take the most memory."""
        return Import(self.table._replace(rows=[]), Built(rejected=self.outcome.rejected), self.report)

    @property
    def keys(self) -> list[str]:
        """The ids of what is made and updated."""
        return [*self.outcome.made, *self.outcome.updated]


Target = Collection | PartKind
"""What the rows of a file are: records of one kind, or parts of records."""


def target_named(word: str) -> Target | None:
    """What a person calls the rows of a file: a kind of record, or `items` or `activities`."""
    return part_named(word) or collection_named(word)


def import_rows(rows: File, mapping: File | None, target: Target) -> tuple[Table, Source]:
    """The rows of a file, and their mapping; without `mapping` by the columns' names. Raises PipecliError."""
    source = Source.read(*mapping) if mapping else None
    table = rows_of_file(rows.content, rows.name, source.mapping.layout if source else None)
    if source is None and isinstance(target, PartKind):
        source = Source.of_columns(table, target.parents[0], target.plural)
    elif source is None and isinstance(target, Collection):
        source = Source.of_columns(table, target)
        if is_vcard(rows.content):  # its ORG is all that it says of an employer
            source.mapping = source.mapping.model_copy(update={"make": ("customer",)})
    assert source is not None
    for column in source.mapping.fill:
        fill_down(table.rows, column)
    if f"{{{ORDINAL}}}" in (source.mapping.external_id or "") and ORDINAL not in table.columns:
        table = _with_ordinals(table, source.mapping.external_id or "")
    return table, source


def _with_ordinals(table: Table, template: str) -> Table:
    """A table with the place of each row among those alike, in the order of the file."""
    columns = re.findall(r"\{([^{}]+)\}", template)
    seen = Counter[tuple[str, ...]]()
    for row in table.rows:
        key = tuple(str(row.cells.get(column, "")).strip() for column in columns if column != ORDINAL)
        seen[key] += 1
        row.cells[ORDINAL] = str(seen[key])
    return table._replace(columns=[*table.columns, ORDINAL])


def prepare_import(
    pipeline: Pipeline,
    target: Target,
    table: Table,
    source: Source,
    planner: Planner,
    tick: Tick,
    keep: Keep | None = None,
    coming: Mapping[str, Sequence[str]] | None = None,
    earlier: EarlierFiles | None = None,
) -> Import:
    """An import, whose records the planner takes, not yet written; `keep` overrides that of the mapping.

    Rows may name the ids in `coming`, by noun, which later files of the same move bring.
    Raises FaultyFile for a mapping that doesn't fit the rows.
    """
    if isinstance(target, PartKind):
        return _prepare_parts(pipeline, target, table, source, planner, tick, keep)
    bindings = compiled(pipeline, source, table, target)
    names = Nameable(pipeline, source.mapping.make, may_dangle=target.kind is None)
    names.earlier = earlier or names.earlier
    for noun, keys in (coming or {}).items():
        names.expect(noun, keys)
    if table.columns[-1:] == [ORDINAL]:
        match_alike_rows(pipeline, target, table, compiled(pipeline, source, table, target), names)
    rows = bindings.wanted(table.rows)
    outcome = make_records(pipeline, target, source, bindings, rows, names, planner, tick, keep)
    outcome.skipped += len(table.rows) - len(rows)
    if len(rows) < len(table.rows):
        outcome.left_out |= {row.line for row in table.rows} - {row.line for row in rows}
    _plan_others(planner, pipeline.settings, outcome)
    return Import(table, outcome, report_json(target, table, bindings, names, outcome))


def _prepare_parts(
    pipeline: Pipeline,
    part: PartKind,
    table: Table,
    source: Source,
    planner: Planner,
    tick: Tick,
    keep: Keep | None,
) -> Import:
    """An import of parts of records: those of each kind of record apart, and the report of all."""
    names = Nameable(pipeline, source.mapping.make)
    bindings = compiled(pipeline, source, table, part.parents[0], part.plural)
    wanted = bindings.wanted(table.rows)
    parents = parents_of(part, source, table._replace(rows=[*wanted]), names)
    total = Built(rejected=parents.rejected, removed=parents.removed, lines=Lines(), parents=parents.keys)
    for row in parents.removed:
        Tally.count(bindings.left_out, REMOVED, row)
    for row in parents.shared:
        Tally.count(bindings.left_out, SHARED, row)
    if source.mapping.unknown == "skip":
        total.rejected = [(row, reason) for row, reason in parents.rejected if row not in parents.strangers]
        for row in parents.strangers:
            Tally.count(bindings.left_out, NOT_HERE, row)
    total.skipped = len(table.rows) - sum(map(len, parents.rows.values())) - len(total.rejected)
    tick(2 * (len(total.rejected) + total.skipped))
    for parent in part.parents:
        rows = parents.rows[parent.noun]
        if not rows:
            continue
        own = (
            bindings if parent == part.parents[0] else compiled(pipeline, source, table, parent, part.plural)
        )
        own.share(bindings)
        total.add(make_records(pipeline, parent, source, own, rows, names, planner, tick, keep, parents.keys))
    total.rejected.sort(key=lambda rejected: rejected[0].line)
    _plan_others(planner, pipeline.settings, total)
    return Import(table, total, report_json(part, table, bindings, names, total))


def _plan_others(planner: Planner, settings: Settings, outcome: Built) -> None:
    """Plan the records that are made on the way, and users and teams in the settings."""
    parts = outcome.principals | {(new.noun, new.key): new.record for new in outcome.related}
    for part in parts.values():
        if isinstance(part, Record):
            planner.take(part)
    users = {key: part for (_, key), part in parts.items() if isinstance(part, User)}
    teams = {key: part for (_, key), part in parts.items() if isinstance(part, Team)}
    if users or teams:
        planner.take(settings.with_(users=settings.users | users, teams=settings.teams | teams))


def commit_subject(report: dict[str, Any]) -> str:
    """The first line of an import's commit."""
    counts = [f"{report[name]:,} {name}" for name in ("made", "updated") if report[name]]
    return f"Import {report['kind']} from {visible(report['file'])}: {', '.join(counts)}"


class Counts(NamedTuple):
    """The rows by their outcome; the sum is the rows of the file."""

    made: int
    updated: int
    unchanged: int
    merged: int
    skipped: int
    rejected: int


def report_json(
    target: Target, table: Table, bindings: Bindings, names: Nameable, outcome: Built
) -> dict[str, Any]:
    """The report as JSON has it: counts of rows, and an example of each thing they lack."""
    counts = Counts(
        *(outcome.lines or (len(outcome.made), len(outcome.updated), outcome.unchanged, outcome.merged)),
        outcome.skipped,
        len(outcome.rejected),
    )
    naming = bindings.naming
    made, related = set(outcome.made), dict[str, list[str]]()
    for new in outcome.related:
        related.setdefault(BY_NOUN[new.noun].plural, []).append(new.key)
    return {
        "kind": target.plural,
        "file": table.name,
        **({"guessed_encoding": table.encoding} if table.encoding else {}),
        "rows": len(table.rows),
        **counts._asdict(),
        "repeatable": isinstance(target, PartKind) or bindings.tells_apart(target),
        "made_on_the_way": related,
        "still_missing": {BY_NOUN[noun].plural: keys for noun, keys in names.dangling.items()},
        **({"sheet": table.sheet} if table.sheet else {}),
        **({"header": table.header} if table.header else {}),
        **({"below": table.below} if table.below else {}),
        "empty": _tallies(bindings.empties, naming, "word"),
        "lacking": _tallies(bindings.lacking, naming, "column"),
        "left_out": _tallies(bindings.left_out, naming, "column"),
        "noted": _tallies(bindings.noted, naming, "what"),
        "filled_with_now": _tallies(outcome.filled, naming, "field"),
        "kept": _tallies(outcome.kept, naming, "field"),
        "replaced": [
            {"column": column, "value": value, "by": by, "rows": tally.rows}
            for (column, value, by), tally in bindings.replaced.items()
        ],
        "respelt": [
            {"kind": noun, "name": text, "as": label} for (noun, text), label in names.respelt.items()
        ],
        "namesakes": [
            {"id": key, "name": names.known(CONTACT.noun).labels[key], "others": others}
            for key, others in names.namesakes.items()
            if key in made or any(new.key == key for new in outcome.related)
        ],
        "unused_columns": bindings.unused,
        "reasons": [
            {"reason": reason, "rows": tally.rows, "example": _place(tally.example, naming)}
            for reason, tally in _reasons(outcome).items()
        ],
    }


def _reasons(outcome: Built) -> dict[str, Tally]:
    tallies: dict[str, Tally] = {}
    for row, reason in outcome.rejected:
        Tally.count(tallies, reason.text, row)
    return dict(sorted(tallies.items(), key=lambda pair: -pair[1].rows))


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


def new_words(done: Import) -> list[str]:
    """The stages, owners, reasons and the like that are new in rejected rows, each with its first line."""
    places: dict[tuple[str, str], int] = {}
    for row, reason in done.outcome.rejected:
        for word in reason.new:
            places.setdefault(word, row.line)
    return [f'{what} "{word}" ({done.table.name}:{line})' for (what, word), line in places.items()]


def _tallies(tallies: Mapping[str, Tally], naming: Sequence[str], name_key: str) -> list[dict[str, Any]]:
    return [
        {name_key: name, "rows": tally.rows, "example": _place(tally.example, naming)}
        for name, tally in tallies.items()
    ]


def _place(row: Row, naming: Sequence[str]) -> dict[str, Any]:
    """The place of an example: its line, and by what people know it, its id or title, else a first cell."""
    cells = [*(row.cells.get(column) for column in naming), *row.cells.values()]
    return {"line": row.line, "row": next((str(cell) for cell in cells if cell not in (None, "")), "")}


class Line(NamedTuple):
    """One line of the report, or with a count one of the list below it."""

    text: str
    rows: int | None = None


def report_lines(report: Mapping[str, Any]) -> Iterator[Line]:
    """The report for a person."""
    yield Line(f"{count(report['rows'], 'row', ',')} of {report['file']}")
    for name in Counts._fields:
        if report[name] or name == "made":
            yield Line(WORDS[name], report[name])
    if report["made"] and not report["repeatable"]:
        yield Line(
            f"a second run makes them again: nothing tells {report['kind']} apart, as an external_id does"
        )
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
    yield from _section("words taken as no value", report["empty"], "word")
    yield from _section("rows lacked", report["lacking"], "column")
    yield from _section("left out, by the conditions of the mapping", report["left_out"], "column")
    yield from _section("worth a look", report["noted"], "what")
    yield from _section(
        "set to the time of this import, as rows don't say it", report["filled_with_now"], "field"
    )
    yield from _section("kept as it is here, where the file changed it too", report["kept"], "field")
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


WORDS = {
    "made": "made",
    "updated": "updated",
    "unchanged": "unchanged",
    "merged": "about the record of an earlier row",
    "skipped": "left out",
    "rejected": "rejected",
}


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
    if len(reasons) > _MOST_REASONS:
        rest = reasons[_MOST_REASONS:]
        yield Line(f"for {len(rest):,} more reasons", sum(reason["rows"] for reason in rest))


def rejects_csv(table: Table, rejected: Sequence[tuple[Row, Reason]]) -> str:
    """The rejected rows as CSV that can be mended and imported again, with the reasons in a last column."""
    columns = [column for column in table.columns if column != REASON]
    most = max((len(row.extra) for row, _ in rejected), default=0)
    extras = [f"{EXTRA}{number}" for number in range(1, most + 1)]
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([guarded_cell(column) for column in [*columns, *extras, REASON]])
    for row, reason in rejected:
        cells = [_written(row.cells.get(column, "")) for column in columns]
        extra = [*row.extra, *[""] * (most - len(row.extra))]
        writer.writerow([guarded_cell(cell) for cell in [*cells, *extra, reason.text]])
    return out.getvalue()


def rejects_path(name: str, source: Path | None, place: Location) -> Path:
    """A new file outside the pipeline: here, beside the source, or in a folder of its git directory.

    Not in one where everybody writes: the rows are private.
    """
    own = place.cache / "rejects"
    for folder in (Path(), source.parent if source else Path(), own):
        is_inside = folder.resolve() == place.root or place.root in folder.resolve().parents
        if not is_inside and not folder.stat().st_mode & stat.S_IWOTH:  # others write there, too
            break
    else:
        folder = own
        own.mkdir(parents=True, exist_ok=True)
    names = itertools.chain(
        [f"{name}.rejects.csv"], (f"{name}.rejects-{number}.csv" for number in itertools.count(2))
    )
    return next(folder / name for name in names if not os.path.lexists(folder / name))


def _written(cell: Cell) -> str:
    match cell:
        case bool():
            return "true" if cell else "false"
        case Raw():
            return free_cell(cell.value)
        case tuple():
            return list_cell([_written(part) for part in cell])
    return str(cell)
