"""Reconciliation: the rows and sums of a file of deals beside those of the pipeline, by stage and currency.

The file's side is counted from its cells, not from what the import made of them.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from pipecli.errors import Unreadable
from pipecli.formats import loads
from pipecli.inbox.importing.mapping import Column, Source
from pipecli.inbox.importing.run import Import
from pipecli.inbox.importing.table import Row, Table
from pipecli.inbox.moving.pages import Findings
from pipecli.records.money import Mark, mark_of, minor_digits, read_money
from pipecli.store.pipeline import Pipeline


class Group(NamedTuple):
    """A stage, as the file calls it, in one currency."""

    stage: str
    currency: str


@dataclass
class Totals:
    """Rows and sums of a group on both sides."""

    rows: int = 0
    amount: Decimal = Decimal(0)
    rows_here: int = 0
    amount_here: Decimal = Decimal(0)
    changed_here: int = 0
    """Deals that were here before, and that people changed since: they may differ."""
    differing: list[str] = field(default_factory=list)
    """The external ids of those that are missing or differ for no such reason."""


@dataclass
class Reconciliation:
    """The comparison of one file."""

    file: str
    totals: dict[Group, Totals] = field(default_factory=dict)
    comparable: bool = True
    """False where rows have no external_id: nothing tells which deal is of which row."""

    @property
    def agrees(self) -> bool:
        return not any(totals.differing for totals in self.totals.values())


def reconcile(
    pipeline: Pipeline, done: Import, source: Source, known_before: Container[str]
) -> Reconciliation:
    """Compare a file of deals with the pipeline; `known_before` are external ids from before this run."""
    mapping, table = source.mapping, done.table
    removed = {row.line for row in done.outcome.removed}
    outcome = Reconciliation(table.name)
    own = mapping.external_id
    own = f"{{{own}}}" if own and "{" not in own else own
    if own is None:
        outcome.comparable = False
        return outcome
    feeds = {name.removesuffix("?"): mapping.feeding(name) for name in mapping.columns}
    amount = next(
        (name for name, several in feeds.items() if any(one.to == "amount" for one in several)), None
    )
    currencies = next(
        (name for name, several in feeds.items() if any(one.to == "currency" for one in several)), None
    )
    in_cents = any(one.scale == "cents" for one in feeds.get(amount or "", ()))
    stages = [name for name, several in feeds.items() if any(_is_stage(one) for one in several)]
    mark = mark_of({str(row.cells.get(amount or "", "")) for row in table.rows})
    base = str(mapping.set_.get("currency") or pipeline.settings.currency)
    deals = _deals(pipeline)
    counted: set[str] = set()
    for row in table.rows:
        external = _filled(own, row)
        if mapping.rows and (not external or external in counted):
            continue
        counted.add(external)
        deal = deals.get(external)
        currency = _replaced(
            feeds.get(currencies or "", ()), str(row.cells.get(currencies or "", "")).strip()
        )
        told = _amount(row, amount, mapping.decimal or mark) / (100 if in_cents else 1)
        group = Group(
            " / ".join(text for name in stages if (text := str(row.cells.get(name, "")).strip()))
            or "no stage",
            currency or str((deal or {}).get("currency") or base),
        )
        _count(
            outcome.totals.setdefault(group, Totals()),
            external,
            told,
            deal,
            external in known_before or row.line in removed,
        )
    return outcome


def _filled(template: str, row: Row) -> str:
    return re.sub(r"\{([^{}]+)\}", lambda column: str(row.cells.get(column[1], "")).strip(), template)


def template_of_deals(table: Table, roles: Mapping[str, str], findings: Findings) -> str | None:
    """What tells the deals of a file without ids apart, that a second run may know them; None for nothing."""
    named = [roles[role] for role in ("title", "customer", "created") if role in roles]
    columns = [name for name in named if all(str(row.cells.get(name, "")).strip() for row in table.rows)]
    keys = {tuple(row.cells.get(column) for column in columns) for row in table.rows}
    known = " and ".join(filter(None, (", ".join(columns[:-1]), *columns[-1:])))
    if not columns or len(keys) < len(table.rows):
        findings.assumed.append(f"{table.name} has no ids, and rows alike: each run makes its deals anew")
        return None
    findings.assumed.append(
        f"{table.name} has no ids: its deals are known by {known}, and are new where these change; "
        "better export the ids, too"
    )
    return " | ".join(f"{{{column}}}" for column in columns)


def _count(totals: Totals, external: str, told: Decimal, deal: dict[str, Any] | None, is_known: bool) -> None:
    totals.rows += 1
    totals.amount += told
    if deal is not None:
        value = _value(deal)
        totals.rows_here += 1
        totals.amount_here += value
    if deal is None or value != told.quantize(Decimal(1).scaleb(-minor_digits(str(deal["currency"])))):
        if is_known:
            totals.changed_here += 1
        else:
            totals.differing.append(external)


def _is_stage(column: Column) -> bool:
    maps = [value for value in column.values.values() if isinstance(value, dict)]
    return column.to in ("stage", "status") or any(value.keys() & {"stage", "status"} for value in maps)


def _replaced(several: tuple[Column, ...], text: str) -> str:
    return str(next((one.values[text] for one in several if text in one.values), text))


def _amount(row: Row, column: str | None, mark: Mark) -> Decimal:
    """The amount in a row's cell; 0 where there is none."""
    cell = row.cells.get(column or "", "")
    if isinstance(cell, (int, Decimal)) and not isinstance(cell, bool):
        return Decimal(cell)
    try:
        return read_money(str(cell), mark, third_decimal=False).value
    except Unreadable:
        return Decimal(0)


def _deals(pipeline: Pipeline) -> dict[str, dict[str, Any]]:
    rows = pipeline.index.connection.execute(
        "SELECT external_id, json FROM _records JOIN _opportunities USING (path) "
        "WHERE external_id IS NOT NULL"
    )
    return {external: loads(text) for external, text in rows}


def _value(deal: dict[str, Any]) -> Decimal:
    """What a deal is worth: what it was won for, or its amount."""
    closed = deal.get("closed") or {}
    value = closed.get("amount") if closed.get("amount") is not None else deal.get("amount")
    value = None if value == "unknown" else value
    return Decimal(str(value)) if value is not None else Decimal(0)
