"""A plan rehearsed before it is written: run in a copy, for what it would reject, and a few records.

These are shown as they would come, each field beside the cell that it is made of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from textwrap import wrap
from typing import Any, NamedTuple

from pipecli.errors import FaultyFile, PipecliError
from pipecli.inbox.importing.compile_mapping import holds
from pipecli.inbox.importing.import_files import File, as_mapped
from pipecli.inbox.importing.mapping import RECORD, Source, row_kind_named
from pipecli.inbox.importing.table import Row, Table
from pipecli.inbox.moving.arithmetic import columns_of_money, has_word
from pipecli.inbox.moving.findings import text_of_row
from pipecli.inbox.moving.papers_and_lines import FileColumns, rows_of_each, varying
from pipecli.inbox.moving.plan import Plan
from pipecli.inbox.moving.plan_files import Move, Step
from pipecli.inbox.moving.recognise_by_words import PAPER_KINDS
from pipecli.inbox.moving.run_plan import Moved, Tried, reasons_of, rows_of_step, run_plan
from pipecli.json_and_csv import loads
from pipecli.records.compare_names import folded
from pipecli.records.items_and_totals import totals
from pipecli.records.kinds import BY_FOLDER, Kind
from pipecli.store.index import rows_for_verbs
from pipecli.store.lock_and_signals import write_unlogged
from pipecli.store.pipeline import Pipeline
from pipecli.store.validate_record import validate
from pipecli.wording import count, shortened

_MOST_TRIED = 1_000
"""Rows of a file that a plan tries: of a longer one so many deals or papers, else what is named with them."""
_CALLED = ("external_id", "id", "sku", "name", "title", "email", "emails", "custom.number", "custom.name")
_PRINCIPAL = (*PAPER_KINDS, "opportunities", "leads")


class Rehearsal(NamedTuple):
    """What a run of a plan would come to."""

    rejected: Sequence[str] = ()
    """What it would reject, by file and reason."""
    shown: Sequence[str] = ()
    """Some records as they would come, beside the cells that they are made of."""


def rehearse(plan: Plan, files: Sequence[File], pipeline: Pipeline, folder: Path) -> Rehearsal:
    """Run a plan in a copy, whose files are in `folder`; nothing comes of one that needs an answer first.

    A file that its mapping doesn't fit is taken out of the plan. Raises PipecliError for one of deals, papers
    or leads, without which the others say little.
    """
    contents = {file.name: file for file in files}
    while True:
        for name, page in plan.pages.items():
            write_unlogged(folder / name, page.encode())
        move = Move(folder, plan.vendor, str(folder), plan.steps, {}, {}, {})
        try:
            tried = _tried({step: _read(plan, move, step, contents[step.file]) for step in plan.steps})
            named = Path(Path(plan.source).name)
            moved = run_plan(
                pipeline, move, files, folder, lambda _: nullcontext(lambda _: None), given=named, tried=tried
            )
            are = "would, without the answers, be " if plan.findings.questions else "would be "
            rejected = [
                f"{done.table.name}: {why}" for _, done in moved.done for why in reasons_of(done, are)
            ]
            told = Rehearsal(rejected, [*_shown(moved, tried)])
            moved.draft.close()
            return told
        except FaultyFile as error:
            faults = {Path(fault.file).name: fault.message for fault in reversed(error.faults)}
            step = next((step for step in plan.steps if step.map in faults), None)
            if step is None or plan.findings.questions:
                return Rehearsal([] if plan.findings.questions else [f"a run would be refused: {error}"])
            why = f"{step.file} doesn't fit the mapping that was made for it: {faults[step.map]}"
            if step.kind in _PRINCIPAL or not plan.steps[1:]:
                hint = "correct its cells, or take it out of the export, and plan again"
                raise PipecliError(why, hint=hint) from None
            plan.leave_out(step, f"{why}; it stays out")


def _shown(moved: Moved, tried: Mapping[Step, Tried]) -> Iterator[str]:
    """Of each kind a record as it would come, of papers also that which differs most from its file."""
    apart = {of.file: of.worst for of in moved.reconciliation}
    kinds = {step.kind: step for step, _ in reversed(moved.done)}
    for step in reversed(kinds.values()):
        if (kind := BY_FOLDER.get(step.kind)) and kind.folder in SHOWN:
            part = tried[step].table._replace(rows=tried[step].some or [])
            yield from _of_kind(kind, part, tried[step].source, moved.draft, apart.get(step.file, []))


def _read(plan: Plan, move: Move, step: Step, file: File) -> Tried:
    """The rows of a file as a run reads them; those of a long one as the plan has read them already."""
    table = plan.tables[step.map]
    if len(table.rows) <= _MOST_TRIED:
        return rows_of_step(move, step, file)
    source = Source.read(str(move.folder / step.map), plan.pages[step.map].encode())
    return Tried(as_mapped(table, source), source)


def _tried(read: Mapping[Step, Tried]) -> dict[Step, Tried]:
    """The rows to try: of long files some deals and papers, then what is part of them, and what they name."""
    names, tried = set[str](), dict[Step, Tried]()
    inside = {step: bool(kind and kind.inside) for step in read if [kind := row_kind_named(step.kind)]}
    for step in sorted(
        read, key=lambda step: (step.kind not in _PRINCIPAL, not inside[step], -[*read].index(step))
    ):
        table, source, _ = read[step]
        columns, own = source.mapping.columns.items(), source.mapping.external_id or ""
        wanted = (RECORD,) if inside[step] else _CALLED
        ids = re.findall(r"\{([^{}]+)\}", own) or [own] * bool(own)
        keys = [c for c, several in columns if any(one.to in wanted for one in several)]
        keys += [*source.mapping.record.values()] if inside[step] else ids
        lines = {row.line for row in table.rows if any(row.text(key) in names for key in keys)}
        records = rows_of_each(table, ids).values() if ids else [[row] for row in table.rows]
        is_unnamed = not lines and not (inside[step] and names)  # contacts alone, which no deal names
        for rows in records if step.kind in _PRINCIPAL or is_unnamed else ():
            lines |= {row.line for row in rows if len(lines) < _MOST_TRIED}
        some = [row for row in table.rows if row.line in lines or len(table.rows) <= _MOST_TRIED]
        names |= {row.text(column) for row in some for column in row.cells}
        tried[step] = read[step]._replace(some=some)
    return tried


SHOWN = {
    "opportunities": "status stage customer owner amount currency expected_close closed.date",
    "quotations": "status customer date valid_until currency",
    "orders": "status customer date currency",
    "customers": "address website",
    "contacts": "customer emails phones",
}
"""By kind, the fields that a plan shows of a record beside their cells."""
_NAMED = {"customer": "customer", "owner": "user"}
_MOST_LOOKED_AT, _MOST_LINES, _WIDTH = 200, 4, 78


def _of_kind(
    kind: Kind, table: Table, source: Source, here: Pipeline, wanted: Sequence[str]
) -> Iterator[str]:
    """Records as they are made of a file, each beside its cells: the first, and papers that tell the most.

    These are those `wanted`, by their external ids, and one with a discount or a tax: three at most.
    """
    id_, columns = source.mapping.external_id, FileColumns(source, table)
    names = {row.line: text_of_row(id_ or "", row) or columns.text(row, "name") for row in table.rows}
    rows = {name: row for row in reversed(table.rows) if (name := names[row.line])}
    first = [*dict.fromkeys(filter(None, names.values()))][:_MOST_LOOKED_AT]
    by = "r.external_id" if id_ else "label"
    query = f"SELECT label, json FROM _records JOIN _{kind.table} r USING (path) WHERE noun = ? AND {by} = ?"
    found = {
        name: here.query(query, (kind.noun, name)).fetchone()
        for name in dict.fromkeys([*first[: None if kind.folder in PAPER_KINDS else 1], *wanted])
        if name in rows
    }
    found = {name: one for name, one in found.items() if one}
    telling = [name for name, (_, text) in found.items() if re.search(r'"(discount|tax)\w*":', text)]
    chosen = [*[*found][:1], *wanted[:1], *telling[:1]] if kind.folder in PAPER_KINDS else [*found][:1]
    for name in [*dict.fromkeys(name for name in chosen if name in found)]:
        (label, text), row = found[name], rows[name]
        called = columns.text(row, "custom.number") or (name if kind.folder in PAPER_KINDS else label)
        yield f"{kind.noun} {shortened(called, 36)}, of line {row.line:,} in {shortened(table.name, 28)}:"
        plain = loads(text)
        own = [field for field in SHOWN[kind.folder].split() if field != "stage" or plain["status"] == "open"]
        fields = [_beside(field, plain, row, source, here) for field in own]
        yield from wrap(", ".join(filter(None, fields)), _WIDTH, initial_indent="  ", subsequent_indent="  ")
        if kind.folder in PAPER_KINDS:
            groups = rows_of_each(table, [id_]) if id_ and source.mapping.rows else {}
            lines = varying(groups, table.columns, id_) if id_ else set[str]()
            whole = table._replace(columns=[c for c in table.columns if c not in lines])
            yield from _sums_beside(validate(kind.model, plain), columns, whole, row)


def _beside(field: str, record: Mapping[str, Any], row: Row, source: Source, here: Pipeline) -> str:
    """A field of a record, with the column and the cell that it is made of."""
    value: Any = record
    for part in field.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if value in (None, []):
        return ""
    value = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    told = rows_for_verbs.label(here.index.connection, _NAMED.get(field, ""), value) or value
    feeds = {field, "created" if field == "date" else field}
    for column, several in source.mapping.columns.items():
        for one in several:
            fed = {one.to, *(key for of in one.values.values() if isinstance(of, dict) for key in of)}
            if fed & feeds and (cell := row.text(column)) and holds(one.when, row):
                same = folded(cell) == folded(told)
                return f"{field} {told} ({column}{'' if same else f': {shortened(cell, 30)}'})"
    parts = re.findall(r"\{([^{}]+)\}", " ".join(source.mapping.templates.get(field, ())))
    return f"{field} {told}" + (f" ({', '.join(parts)})" if parts else "")


def _sums_beside(paper: Any, columns: FileColumns, table: Table, row: Row) -> Iterator[str]:
    """The lines of a paper, what they come to, and the sums that its row has."""
    sums = totals(paper)
    for item, printed in [*zip(paper.items, sums.printed, strict=True)][:_MOST_LINES]:
        percent = f" - {item.discount:f} %" if item.discount else ""
        off = percent or (f" - {item.discount_amount:,f}" if item.discount_amount else "")
        tax = f", tax {item.tax:f} %" if item.tax is not None else ""
        line = f"  {item.quantity:f} x {item.unit_price:,f}{off} = {printed:,f}{tax}: {item.description}"
        yield shortened(line, _WIDTH)
    if more := len(paper.items[_MOST_LINES:]):
        yield f"  and {count(more, 'more line', ',')}"
    off = f", after {sums.discount:,f} off" if sums.discount else ""
    gross = f", with tax {sums.gross:,f}" if sums.tax else ""
    lines = {c for c, of in columns.mapping.columns.items() if "items." in str(of[0].to)}
    money = [c for c in columns_of_money(table) if c not in lines and re.search("[1-9]", row.text(c))]
    told = ", ".join(f"{c} {row.text(c)}" for c in money if has_word(c, "sum") or c in columns.fed)
    line = f"comes to {sums.net:,f}{off}{gross}; the file says {told or 'no sum'}"
    yield from wrap(line, _WIDTH, initial_indent="  ", subsequent_indent="  ")
