"""Papers and lines told apart: which table has quotations or orders, which their lines, and which both.

Each paper must have a deal: those without one stay out, or a deal is made for each. A few are shown to a
person as they would come.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from itertools import product
from textwrap import wrap
from typing import Any

from pipecli.inbox.importing.compile_mapping import holds, texts
from pipecli.inbox.importing.mapping import AFTER_DISCOUNT, Source
from pipecli.inbox.importing.table import Row, Table
from pipecli.inbox.moving import arithmetic
from pipecli.inbox.moving import recognise_by_words as headers
from pipecli.inbox.moving.arithmetic import FileColumns, agree, are_rates, columns_of_money, has_word, numbers
from pipecli.inbox.moving.duplicate_tables_and_columns import Known, table_name
from pipecli.inbox.moving.findings import Findings, about_table, name_of_lines, text_of_row
from pipecli.inbox.moving.guess_or_ask_formats import date_form
from pipecli.inbox.moving.recognise_by_words import Recognised, by_words, by_words_of, columns_for, of_papers
from pipecli.inbox.moving.vocabulary import are_data, header_key, synonyms
from pipecli.json_and_csv import loads
from pipecli.records.compare_names import folded
from pipecli.records.items_and_totals import totals
from pipecli.records.kinds import Kind
from pipecli.store.index import rows_for_verbs
from pipecli.store.pipeline import Pipeline
from pipecli.store.validate_record import validate
from pipecli.wording import count, first_of, shortened

PAPER_KINDS = ("quotations", "orders")
_OF_A_LINE = ("quantity", "unit_price", "product#", "uom")
"""Roles that nothing but a line has, where a table has a row for each."""
_OF_DEALS = ("title", "amount", "stage", "status", "owner", "close", "expected_close")
"""Roles in which the rows of one deal don't differ; where its id tells it, but for what a line has, too."""
TERMS = ("unit_price", "discount", "discount_amount", "tax", "total")
_ROLES = (*_OF_A_LINE, "product", "description", "external_id", *TERMS[1:])
Fits = tuple[list[arithmetic.Fit], arithmetic.Fit | None, Mapping[str, Sequence[str]]]
_NAMES = ("external_id", "custom.number", "custom.name", "title")
"""Roles by which other tables name a record."""
NAMING = ("custom.number", "custom.name", "custom.subject")
_RECORDS = {"quotations": "record.quotation", "orders": "record.order", "opportunities": "record"}
_ENDS = {"accepted": "won", "delivered": "won", "rejected": "lost", "cancelled": "lost"}


def with_papers_and_lines(
    several: Sequence[tuple[Table, Recognised | None]], findings: Findings
) -> list[tuple[Table, Recognised | None]]:
    """The tables with what no preset knows: papers of their deals, and lines, which name a record of another.

    A column nearly all of whose cells are names of records there tells it, whatever its header says.
    """
    deals = _names_of(several, "opportunities")[""]
    alone = all(
        told is None
        or told.kind != "opportunities"
        or (not told.vendor and of_papers(one, deals, alone=True))
        for one, told in several
    )
    known = [
        (one, told if told and told.vendor else of_papers(one, deals, alone=alone) or told)
        for one, told in several
    ]
    has_deals = any(told and told.kind == "opportunities" for _, told in known)
    for place, (table, told) in enumerate(known):  # of a vendor, too
        named = told and told.kind in PAPER_KINDS and map(told.column_of, ("opportunity", "opportunity#"))
        if told and named and not (has_deals or any(named)):
            known[place] = table, told._replace(rest={**told.rest, "alone": True})
    names = cache(partial(_names_of, known))
    every = [(table, (_is_open(told) and _of_lines(table, names)) or told) for table, told in known]
    every = [(table, told or _of_what_was_done(table, names("opportunities")[""])) for table, told in every]
    every = [(table, told and with_lines_in_rows(table, told, findings)) for table, told in every]
    papers = [(table, told) for table, told in every if told and told.kind in PAPER_KINDS]
    return [(table, told and _unless_named_again(table, told, papers, findings)) for table, told in every]


def _is_open(told: Recognised | None) -> bool:
    """True for a table of which words tell nothing, or nothing that such a kind alone has."""
    if told is None or told.vendor or told.kind in ("items", "users", *PAPER_KINDS):
        return told is None
    return told.roles.keys().isdisjoint(("stage", "status"))


def _names_of(several: Iterable[tuple[Table, Recognised | None]], kind: str) -> dict[str, set[str]]:
    """The names of the records of a kind by the keys of their headers; by `""` all but short numbers."""
    names = defaultdict[str, set[str]](set)
    for table, told in several:
        for column in filter(None, map(told.column_of, _NAMES)) if told and told.kind == kind else ():
            cells = {*map(folded, texts(table, column))}
            names[header_key(column)] |= cells
            names[""] |= {text for text in cells if not re.fullmatch(r"[\d.,]{1,4}", text)}
    return names


def _of_lines(table: Table, names: Callable[[str], Mapping[str, set[str]]]) -> Recognised | None:
    """The columns of lines, by a quantity, a price and what names their record; None for other tables."""
    columns = (own := by_words(table, "items")) | arithmetic.price_and_total(table, own)
    roles = {*columns.values()}
    if "quantity" not in roles or roles.isdisjoint(("unit_price", "total")) or are_data(table.columns):
        return None
    for (kind, role), column in product(_RECORDS.items(), table.columns):
        if any(headers.naming(table, [column], names(kind).get(key, ())) for key in ("", header_key(column))):
            rest = {c: of for c, of in columns.items() if not of.startswith("record")}
            return Recognised("items", "", "", rest | {column: role}, {"unknown": "skip"}, 1)
    return None


def _of_what_was_done(table: Table, deals: Container[str]) -> Recognised | None:
    """Activities by their types, their days and a column of deals, `Código do negócio`; None for others."""
    columns = by_words(table, "activities")
    of_deals = headers.naming(table, [c for c in table.columns if c not in columns], deals)[:1]
    if not of_deals or not {"type", "at"} <= {*columns.values()}:
        return None
    own = Recognised("activities", "", "", columns | {of_deals[0]: "record"}, {}, 1)
    return headers.completed_by_words(table, own)


def _unless_named_again(
    table: Table, told: Recognised, papers: Iterable[Known], findings: Findings
) -> Recognised | None:
    """None for papers of no vendor whose rows name most of those of another table, several the same."""
    for other, of in papers if told.kind in PAPER_KINDS and not told.vendor else ():
        numbers_ = {text for key in keys_of(of) for text in texts(other, key)}
        for column in table.columns if other is not table and numbers_ else ():
            named = texts(table, column)
            is_often = 2 * named.total() > 3 * len(named)
            if is_often and 2 * len(named) > len(numbers_) and named.keys() <= numbers_:
                why = f"rows of {table_name(other)} ({column}), which aren't known as its lines"
                findings.assumed.append(f"{table_name(table)}: {why}, so they stay out")
                return None
    return told


def with_lines_in_rows(table: Table, told: Recognised, findings: Findings) -> Recognised:
    """The columns of deals or papers, with those of their lines where each row is one.

    They are so where rows of one id or number differ in what a line has and are alike in the rest; of papers
    also where each has a single row with a quantity and a price. Asks where they may be deals of one name.
    """
    keys = keys_of(told)
    if told.kind not in ("opportunities", *PAPER_KINDS) or {"rows", "part"} & told.rest.keys() or not keys:
        return told
    groups = rows_of_each(table, keys)
    if told.kind not in PAPER_KINDS and len(groups) == len(table.rows):
        return told
    apart = _varying(groups, table.columns, keys[0])
    own = {c: role for role in reversed(_ROLES) for c in columns_for(table, "items", role) if c not in keys}
    own |= arithmetic.price_and_total(table, own)
    own |= {c: role for c, role in by_words(table, "items").items() if role == "unit_price"}
    is_each = len(groups) == len(table.rows) and {"quantity", "unit_price"} <= {*own.values()}
    named = ("product", "description") if is_each else ()
    alone = {c for c, role in own.items() if role in _OF_A_LINE or has_word(c, "lines")}
    alone |= {c for c, role in own.items() if role in named and c not in told.columns}
    rates = {c for c, role in own.items() if role == "tax" and are_rates(table, c)}
    lines = [c for c in table.columns if c in apart | alone | rates]
    offs = {c for c, role in own.items() if role.startswith("discount")}
    with_offs = table._replace(columns=[c for c in table.columns if c in {*lines, *offs}])
    if not best_fit(table._replace(columns=lines))[1] and best_fit(with_offs)[1]:
        lines = [*with_offs.columns]
    columns = by_words(table._replace(columns=lines), "items")
    columns = {c: role for c, role in columns.items() if not role.startswith("record")}
    columns |= {c: own[c] for c in lines if c in own and own[c] not in columns.values()}
    columns |= name_of_lines(table, lines, columns)
    fed = {*columns.values()}
    is_one_each = told.kind in PAPER_KINDS and {"quantity", "unit_price"} <= fed
    is_line = fed & {"description", "product", "product#"} and fed & {"quantity", "unit_price", "total"}
    words = () if keys[0] == told.column_of("title") else synonyms()["items"].columns
    own_to_all = {c for of in _OF_DEALS if (c := told.column_of(of)) and header_key(c) not in words}
    other = own_to_all & apart if told.kind not in PAPER_KINDS else set()
    if not is_line or not (apart & columns.keys() or is_one_each) or other - {told.column_of("amount")}:
        return told
    if other and not _are_of_lines(table, lines, min(other), findings):
        return told
    others = [c for c in table.columns if c not in lines]
    first = table._replace(columns=others, rows=[rows[0] for rows in groups.values()])
    head = told if told.vendor else (of_papers if told.kind in PAPER_KINDS else by_words_of)(first, ())
    known = head if head and head.kind == told.kind else told
    kept = {c: role for c, role in known.columns.items() if c in others}
    below = {c: "items." + role for c, role in columns.items()}
    evidence = f"; {count(len(table.rows), 'row', ',')} of {len(groups):,} {told.kind}, each a line of one"
    if differing := [column for column in columns if column in apart]:
        evidence += f": those of one {keys[0]} differ in {' and '.join(differing)}"
    rest = {**told.rest, "rows": "items", "lines": lines, "evidence": evidence}
    return told._replace(columns=kept | below, rest=rest)


def _are_of_lines(table: Table, lines: list[str], amount: str, findings: Findings) -> bool:
    """True for amounts of deals that are their lines', as quantities and prices or the answer say."""
    fits, differ = best_fit(table._replace(columns=lines))[0], " and ".join(lines)
    if any(agree(fit.nets, numbers(table, amount)) for fit in fits):
        return True
    question = f"{table.name}: rows of one deal differ in {differ}: is each a line of it, or a deal?"
    return bool(findings.asked(about_table("rows", table), question, ("line", "deal")) == "line")


def keys_of(told: Recognised) -> list[str]:
    """The columns that tell records apart: that of an id or number, else a deal's title and customer."""
    one = told.column_of("external_id") or told.column_of("custom.number")
    several = ("title", "customer", "close") if told.kind == "opportunities" else ()
    return [one] if one else [column for role in several if (column := told.column_of(role))]


def rows_of_each(table: Table, keys: Sequence[str]) -> dict[str, list[Row]]:
    """The rows of each record; one without an id is of the record above it."""
    groups: dict[str, list[Row]] = {}
    above = ""
    for row in table.rows:
        above = "\n".join(map(row.text, keys)).strip() or above
        groups.setdefault(above, []).append(row)
    return groups


def heads(table: Table, told: Recognised) -> Table:
    """The table with the first row of each record alone, where it has one for each line."""
    keys = keys_of(told) if any(field_of(of).startswith("items.") for of in told.columns.values()) else []
    return table._replace(rows=[rows[0] for rows in rows_of_each(table, keys).values()]) if keys else table


def _varying(groups: Mapping[str, Sequence[Row]], columns: Iterable[str], key: str) -> set[str]:
    """The columns that say several things of one record, or anything in a row without its id."""
    found: set[str] = set()
    several = [rows for rows in groups.values() if rows[1:]]
    for column in columns if several else ():
        for first, *others in several:
            cells = {row.text(column): row.text(key) for row in others}
            if cells.keys() - {first.text(column), ""} or any(text and not of for text, of in cells.items()):
                found.add(column)
                break
    return found


def of_lines_alone(table: Table, told: Recognised) -> set[str]:
    """The columns of a table with a row for each line that say nothing of a record as a whole."""
    keys = keys_of(told) if prefix_of(told) else []
    apart = _varying(rows_of_each(table, keys), table.columns, keys[0]) if keys else set()
    return apart | {*told.rest.get("lines", ())}


def prefix_of(told: Recognised) -> str:
    """What stands before the fields of lines where they are in the rows of their record."""
    return "items." if told.rest.get("rows") == "items" else ""


def field_of(of: Any) -> str:
    of = of[0] if isinstance(of, list) else of
    return str(of.get("to", "") if isinstance(of, dict) else of)


def best_fit(table: Table, off: Sequence[str] = ()) -> Fits:
    """All ways to come to a net, that by which the rows come to a total, and the columns by words.

    Where no word is for a discount, `Ndl. %`, each other column of numbers is tried for one (`off`).
    """
    words = {role: columns_for(table, "items", role) for role in ("quantity", *TERMS)}
    words["discount"] += off
    for column, role in arithmetic.price_and_total(table, {c: of for of in words for c in words[of]}).items():
        words[role] = [column, *words[role]]
    words["tax"] = [c for c in words["tax"] if c not in words["unit_price"] + words["total"]]
    others = [c for c in table.columns if has_word(c, "tax") and not any(c in of for of in words.values())]
    words["taxes"] = words["tax"] + others
    some = table._replace(rows=table.rows[: arithmetic.LOOKED_AT])
    cells = {c: numbers(some, c) for of in words.values() for c in of}
    told = {of: [c for c in columns if any(cells[c])] for of, columns in words.items()}
    fits = [*arithmetic.fitting(table, cells, told)]
    for share in arithmetic.SHARES:
        net = [fit for fit in fits if any(agree(fit.nets, total, share) for total in fit.totals)]
        gross = list[arithmetic.Fit]()
        for fit, tax, is_rate in product(net or fits, told["taxes"], (True, False)):
            whole = arithmetic.taxed(fit.nets, cells[tax], is_rate=is_rate)
            if any(agree(whole, total, share) for total in fit.totals):
                gross.append(fit._replace(rate=tax if is_rate else "", is_of_amounts=not is_rate))
        if gross or net:
            return fits, max(gross or net, key=lambda fit: len(fit.off)), words
        is_open = share == arithmetic.ALL and not words["discount"] + words["discount_amount"]
        free = [c for c in some.columns if c not in cells and any(numbers(some, c))] if is_open else []
        for tried in (best_fit(table, [column]) for column in free):
            if (fit := tried[1]) and fit.off and any(agree(fit.nets, total) for total in fit.totals):
                return tried
    return fits, None, words


def with_deals_alone(table: Table, told: Recognised, findings: Findings) -> Recognised:
    """Papers but for those that name no deal, which the plan tells: there are none without one."""
    columns = told.columns.items() if told.kind in PAPER_KINDS else ()
    named = [column for column, role in columns if role in ("opportunity", "opportunity#")]
    called = [column for role in ("custom.number", "external_id") if (column := told.column_of(role))]
    lone, kept = dict[str, None](), set[str]()
    for row in table.rows:
        name = next(filter(None, map(row.text, called)), "")
        if any(map(row.text, named)):
            kept.add(name)
        elif name:
            lone[name] = None
    only = told.rest.get("only", {}) | {column: {"not": ""} for column in named if not named[1:]}
    if not lone or only.keys().isdisjoint(named) or kept & lone.keys():
        return told
    papers = count(len(lone), told.kind.removesuffix("s"), ",")
    findings.assumed.append(f"{table.name}: {papers} without a deal, left out: {first_of([*lone], 3, ',')}")
    return told._replace(rest={**told.rest, "only": only})


def with_deals_made(known: Iterable[Known], findings: Findings) -> Iterator[Known]:
    """The tables, with a deal for each paper of an export without deals, if that is the answer."""
    for table, told in known:
        if not (told.rest.get("alone") and table.rows and keys_of(told)):
            yield table, told
            continue
        number = keys_of(told)[0]
        papers = count(len(rows_of_each(table, [number])), told.kind.removesuffix("s"), ",")
        how = "make a deal for each, won if accepted, lost if rejected, or leave them out?"
        question = f"{table_name(table)}: {papers} and no deal, which each must have: {how}"
        if findings.asked(f"deals-of-{told.kind}", question, ("make", "leave")) != "leave":
            yield table, _deals_of(table, told, number, findings)
            named = {**told.rest.get("templates", {}), "opportunity": f"{{{number}}}"}
            told = told._replace(rest={**told.rest, "templates": named})
        if told.column_of("customer"):
            yield table, told
        else:
            findings.assumed.append(f"{table_name(table)}: {papers} of no customer stay out: each needs one")


def _deals_of(table: Table, told: Recognised, number: str, findings: Findings) -> Recognised:
    """The deals that papers stand for, by their numbers, with what they come to."""
    status, until = told.column_of("status"), told.column_of("valid_until")
    means = told.columns[status].get("values", {}) if status else {}
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
    for role in ("owner", "contacts.contact"):
        columns |= {c: role for c in columns_for(table, "opportunities", role)[:1] if c not in columns}
    columns |= {number: "external_id"} | dict.fromkeys(filter(None, [status]), "stage")
    columns |= dict.fromkeys(totals[:1], "amount")
    if until and status:
        open_ = {status: [word for word in ends if ends[word] == "open"]}
        day = date_form(table, until, findings).entry()
        columns[until] = {"to": "expected_close", "when": open_, **day}
    templates = {of: own for of, own in told.rest.get("templates", {}).items() if not totals}
    rest: dict[str, Any] = {
        "ends": ends,
        "closing": "created",
        "templates": {**templates, "title": f"{{{told.column_of('custom.number') or number}}}"},
    }
    rest |= {"ignore": [c for c in table.columns if c not in columns], "said": table.columns}
    others = {number: {"not": ""}} if totals and texts(table, number).total() < len(table.rows) else {}
    rest["only"] = told.rest.get("only", {}) | others  # a further line of a paper has no number
    rest |= {} if totals else {key: told.rest[key] for key in ("rows", "lines", "set") if key in told.rest}
    return told._replace(kind="opportunities", columns=columns, rest=rest)


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


def shown(kind: Kind, table: Table, source: Source, here: Pipeline, wanted: Sequence[str]) -> Iterator[str]:
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
            lines = _varying(groups, table.columns, id_) if id_ else set[str]()
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
