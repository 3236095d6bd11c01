"""Quotations and orders without a deal, which each must have: they stay out, or a deal is made for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pipecli.inbox.importing.compile_mapping import texts
from pipecli.inbox.importing.mapping import AFTER_DISCOUNT
from pipecli.inbox.importing.table import Table
from pipecli.inbox.moving.duplicate_tables_and_columns import Known, table_name
from pipecli.inbox.moving.findings import Findings
from pipecli.inbox.moving.guess_or_ask_formats import date_form
from pipecli.inbox.moving.lines_and_sums import PAPER_KINDS, field_of, prefix_of, rows_of_each
from pipecli.inbox.moving.recognise_by_words import Recognised, columns_for
from pipecli.wording import count, first_of

_ENDS = {"accepted": "won", "delivered": "won", "rejected": "lost", "cancelled": "lost"}


def with_deals_alone(table: Table, told: Recognised, findings: Findings) -> Recognised:
    """Papers but for those that name no deal, which the plan tells: there are none without one."""
    columns = told.columns.items() if told.kind in PAPER_KINDS else ()
    named = [column for column, role in columns if role in ("opportunity", "opportunity#")]
    called = [column for role in ("custom.number", "external_id") if (column := told.column_of(role))]
    lone, kept = list[str](), set[str]()
    for row in table.rows:
        name = next(filter(None, map(row.text, called)), "")
        if any(map(row.text, named)):
            kept.add(name)
        elif name:
            lone.append(name)
    only = told.rest.get("only") or {column: {"not": ""} for column in named if not named[1:]}
    if not (lone and only and named) or not kept.isdisjoint(lone):
        return told
    papers = count(len(lone), told.kind.removesuffix("s"), ",")
    findings.assumed.append(f"{table.name}: {papers} without a deal, left out: {first_of(lone, 3, ',')}")
    return told._replace(rest={**told.rest, "only": only})


def with_deals_made(known: Iterable[Known], findings: Findings) -> Iterator[Known]:
    """The tables, with a deal for each paper of an export without deals, if that is the answer."""
    known = list(known)
    lone = [
        (table, told, number)
        for table, told in known
        if told.rest.get("alone")
        and table.rows
        and (number := told.column_of("external_id") or told.column_of("custom.number"))
    ]
    for table, told in known:
        number = next((number for one, _, number in lone if one is table), None)
        if number is None:
            yield table, told
            continue
        if whose := next(_named_again(table, lone), None):
            why = f"rows of {whose}, which aren't known as its lines, so they stay out"
            findings.assumed.append(f"{table_name(table)}: {why}")
            continue
        papers = count(len(rows_of_each(table, [number])), told.kind.removesuffix("s"), ",")
        how = "make a deal for each, won if accepted, lost if rejected, or leave them out?"
        question = f"{table_name(table)}: {papers} and no deal, which each must have: {how}"
        if findings.asked(f"deals-of-{told.kind}", question, ("make", "leave")) != "leave":
            yield table, _deals_of(table, told, number, findings)
            named = {**told.rest.get("templates", {}), "opportunity": f"{{{number}}}"}
            told = told._replace(rest={**told.rest, "templates": named})
        yield table, told


def _named_again(table: Table, lone: Iterable[tuple[Table, Recognised, str]]) -> Iterator[str]:
    """The papers that the rows of a table name, several the same: most of them."""
    for other, _, number in lone:
        papers = texts(other, number).keys()
        for column in table.columns if other is not table and papers else ():
            named = texts(table, column)
            is_often = 2 * named.total() > 3 * len(named)
            if is_often and 2 * len(named) > len(papers) and named.keys() <= papers:
                yield f"{table_name(other)} ({column})"


def _deals_of(table: Table, told: Recognised, number: str, findings: Findings) -> Recognised:
    """The deals that papers stand for, by their numbers, with what they come to."""
    status, until = told.column_of("status"), told.column_of("valid_until")
    means = told.columns[status]["values"] if status else {}
    ends = {word: _ENDS.get(means.get(word, ""), "open") for word in texts(table, status or "")}
    totals = [c for c, of in told.columns.items() if of in ("total", AFTER_DISCOUNT)]
    nets = told.rest.get("nets", totals)  # none where their lines come to another than each sum
    if not nets and totals and not prefix_of(told):
        why = f"no column has what they come to without tax, so the deals made have {totals[0]}"
        findings.assumed.append(f"{table_name(table)}: {why}")
    totals = nets or totals * (not prefix_of(told))
    of_whole = ("discount", "discount_amount") if not totals else ()
    columns = {
        c: of
        for c, of in told.columns.items()
        if field_of(of) in ("customer", "currency", "created", *of_whole)
    }
    columns |= {c: of for c, of in told.columns.items() if field_of(of).startswith("items.") and not totals}
    columns |= {c: "owner" for c in columns_for(table, "opportunities", "owner")[:1] if c not in columns}
    columns |= {number: "external_id"} | dict.fromkeys(filter(None, [status]), "stage")
    columns |= dict.fromkeys(totals[:1], "amount")
    if until and status:
        open_ = {status: [word for word in ends if ends[word] == "open"]}
        day = date_form(table, until, findings).entry()
        columns[until] = {"to": "expected_close", "when": open_, **day}
    title = told.column_of("custom.number") or number
    templates = {of: own for of, own in told.rest.get("templates", {}).items() if not totals}
    rest: dict[str, Any] = {
        "ends": ends,
        "closing": "created",
        "templates": {**templates, "title": f"{{{title}}}"},
    }
    rest |= {"ignore": [c for c in table.columns if c not in columns], "said": table.columns}
    rest |= {} if totals else {key: told.rest[key] for key in ("rows", "lines", "set") if key in told.rest}
    return told._replace(kind="opportunities", columns=columns, rest=rest)
