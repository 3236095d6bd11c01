"""Lines of what is sold, and the sums of the papers they are of: which column is what, as arithmetic tells.

A table may have a row for each line, with the cells of its deal, quotation or order once more in each. Of
several prices, discounts, taxes and sums those are taken by which every row comes to another of its columns;
where none does, the words of headers decide, and the plan says so.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cache, partial
from itertools import product
from typing import Any

from pipecli.inbox.importing.compile_mapping import holds, texts
from pipecli.inbox.importing.mapping import AFTER_DISCOUNT, Source
from pipecli.inbox.importing.mapping import Mapping as MappingFile
from pipecli.inbox.importing.table import Row, Table
from pipecli.inbox.moving import arithmetic
from pipecli.inbox.moving import recognise_by_words as headers
from pipecli.inbox.moving.arithmetic import FileColumns, Worth, agree, are_rates, has_word, numbers, says_tax
from pipecli.inbox.moving.duplicate_tables_and_columns import Known, table_name
from pipecli.inbox.moving.findings import Findings, about_table
from pipecli.inbox.moving.recognise_by_words import Recognised, by_words, by_words_of, columns_for, of_papers
from pipecli.inbox.moving.vocabulary import are_data, header_key, synonyms
from pipecli.records.compare_names import folded, is_code
from pipecli.records.kinds import SKU
from pipecli.store.validate_record import validate
from pipecli.wording import count

PAPER_KINDS, NAMELESS = ("quotations", "orders"), "Line without a name"
_OF_A_LINE = ("quantity", "unit_price", "product#", "uom")
"""Roles that nothing but a line has, where a table has a row for each."""
_OF_DEALS = ("title", "amount", "stage", "status", "owner", "close", "expected_close")
"""Roles in which the rows of one deal don't differ; where its id tells it, but for what a line has, too."""
_OF_WHOLE = ("total", "discount", "discount_amount")
_TERMS = ("unit_price", *_OF_WHOLE[1:], "tax", "total")
_ROLES = (*_OF_A_LINE, "product", "description", "external_id", *_TERMS[1:])

_NAMES = ("external_id", "custom.number", "custom.name", "title")
"""Roles by which other tables name a record."""
NAMING = ("custom.number", "custom.name", "custom.subject")
_RECORDS = {"quotations": "record.quotation", "orders": "record.order", "opportunities": "record"}


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
    names = cache(partial(_names_of, known))
    every = [(table, (_is_open(told) and _of_lines(table, names)) or told) for table, told in known]
    return [(table, told and with_lines_in_rows(table, told, findings)) for table, told in every]


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
    if not _best_fit(table._replace(columns=lines))[1] and _best_fit(with_offs)[1]:
        lines = [*with_offs.columns]
    columns = by_words(table._replace(columns=lines), "items")
    columns = {c: role for c, role in columns.items() if not role.startswith("record")}
    columns |= {c: own[c] for c in lines if c in own and own[c] not in columns.values()}
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
    fits, differ = _best_fit(table._replace(columns=lines))[0], " and ".join(lines)
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


def with_terms(table: Table, told: Recognised, findings: Findings) -> Recognised:
    """The columns of lines, with the price, the discount and the tax by which they come to their totals.

    Where no total tells it, the words of the headers do; asks whether a discount is a percent or an amount.
    """
    prefix = prefix_of(told)
    if told.kind != "items" and not prefix:
        return told
    columns = _with_names(table, told, findings)
    is_known = told.vendor != "" and "lines" not in told.rest
    if is_known and ("discount" not in columns.values() or not _best_fit(table)[1]):
        amounts = [c for c, of in columns.items() if of == f"{prefix}tax" and not are_rates(table, c)]
        return told._replace(columns={c: of for c, of in columns.items() if c not in amounts})
    part = table._replace(columns=told.rest.get("lines", table.columns))
    columns = {c: of for c, of in columns.items() if field_of(of).removeprefix(prefix) not in _TERMS}
    coded = next((c for c, of in columns.items() if of == f"{prefix}product"), "")
    if coded and "products" not in findings.kinds and all(re.fullmatch(SKU, t) for t in texts(table, coded)):
        named = (c for c, of in columns.items() if field_of(of) == f"{prefix}description")
        choices = [f"[{{{coded}}}] {{{column}}}" for column in (*named, coded)]
        rest = {**told.rest, "templates": {**told.rest.get("templates", {}), f"{prefix}product": choices}}
        told, columns = told._replace(rest=rest), {c: of for c, of in columns.items() if c != coded}
        why = f"{coded} names products that no file of the export has: those that aren't here are made"
        findings.assumed.append(f"{table_name(table)}: {why}")
    elif coded:
        columns[coded] = {"to": f"{prefix}product", "unknown": "skip"}
    for column, of in _terms_of(part, findings).items():
        several = [{**one, "to": prefix + one["to"]} for one in of] if isinstance(of, list) else []
        of = {**of, "to": prefix + of["to"]} if isinstance(of, dict) else of
        columns[column] = several or (prefix + of if isinstance(of, str) else of)
    return told._replace(columns=columns)


def _with_names(table: Table, told: Recognised, findings: Findings) -> dict[str, Any]:
    """The columns, so that each line has a name: its product by id, else the text of another column.

    Says which have none, or nothing but the id of a product that is in no file.
    """
    columns, prefix = dict(told.columns), prefix_of(told)
    name, ids = f"{prefix}description", findings.kinds.get("products", set[str]())
    named = [c for c, of in columns.items() if field_of(of) in (name, f"{prefix}product")]
    for column in named:
        own = texts(table, column)
        if columns[column] == name and own and ids.issuperset(own):
            columns[column] = f"{prefix}product"
        elif columns[column] == name and own and all(len(t) > 7 and is_code(t) for t in own):
            why = f"{column} has ids of products that no file of the export has, and its lines are called so"
            findings.assumed.append(f"{table_name(table)}: {why}")
    priced = [c for c, of in columns.items() if field_of(of) in (f"{prefix}quantity", f"{prefix}unit_price")]
    rows = [row for row in table.rows if any(map(row.text, priced))]
    rows = [row for row in rows if not any(row.text(c) in texts(table, c) for c in named)]  # `#N/A`
    for column in columns_for(table, "items", "description") if named and rows else ():
        if column not in columns and any(row.text(column) in texts(table, column) for row in rows):
            columns[column] = {"to": name, "when": dict.fromkeys(named, "")}
            rows = [row for row in rows if row.text(column) not in texts(table, column)]
            named.append(column)
    if rows:
        several = f"{len(rows):,} of {count(len(table.rows), 'row', ',')}"
        why = f"{several} with neither product nor description, called {NAMELESS}"
        findings.assumed.append(f"{table_name(table)}: {why}")
        column = named[0] if named else priced[0]
        first = columns[column]
        nameless = {"to": name, "when": dict.fromkeys(named, ""), "values": {"": NAMELESS}}
        columns[column] = [first if isinstance(first, dict) else {"to": first}, nameless]
    return columns


def prefix_of(told: Recognised) -> str:
    """What stands before the fields of lines where they are in the rows of their record."""
    return "items." if told.rest.get("rows") == "items" else ""


def field_of(of: Any) -> str:
    of = of[0] if isinstance(of, list) else of
    return str(of.get("to", "") if isinstance(of, dict) else of)


def _best_fit(
    table: Table,
) -> tuple[list[arithmetic.Fit], arithmetic.Fit | None, Mapping[str, Sequence[str]]]:
    """All ways to come to a net, that by which the rows come to a total, and the columns by words."""
    words = {role: columns_for(table, "items", role) for role in ("quantity", *_TERMS)}
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
    return fits, None, words


def _terms_of(table: Table, findings: Findings) -> dict[str, Any]:
    """What the columns of prices, discounts, taxes and totals feed."""
    fits, best, words = _best_fit(table)
    is_sure = best is not None and any(agree(best.nets, total) for total in best.totals)
    typed = {} if is_sure else arithmetic.off_by_type(table, words)  # SuiteCRM's prices are after it
    of_words = {role: c for c, role in by_words(table, "items").items()}
    price = best.price if best else of_words.get("unit_price") or next(iter(words["unit_price"]), None)
    plain = [fit.nets for fit in fits if fit.price == price and not fit.off]
    nets = best.nets if best else next(iter(plain), [])
    rates = [best.rate] if best and best.rate else [c for c in words["tax"] if are_rates(table, c, nets)]
    rates = [] if best and best.is_of_amounts else rates[:1]
    return {
        **(typed or (best.off if best else arithmetic.off_by_words(table, words, findings))),
        **({price: "unit_price"} if price else {}),
        **({words["quantity"][0]: "quantity"} if best and "quantity" not in of_words else {}),
        **dict.fromkeys(rates, "tax"),
        **dict.fromkeys(words["total"][:1], "total"),
    }


def feeding(table: Table, told: Recognised, fields: Iterable[str]) -> FileColumns:
    """The columns of a table that feed these fields."""
    feeds = {c: of for c, of in told.columns.items() if field_of(of) in fields}
    return FileColumns(Source(validate(MappingFile, {"columns": feeds}, table.name)), table)


def columns_of_lines(table: Table, told: Recognised) -> FileColumns:
    """The columns that feed the money of lines; their totals where no price does, which are of one each."""
    prefix = prefix_of(told)
    if f"{prefix}unit_price" not in map(field_of, told.columns.values()):
        priced = {c: f"{prefix}unit_price" for c, of in told.columns.items() if of == f"{prefix}total"}
        return feeding(table, told._replace(columns=priced), priced.values())
    terms = ("unit_price", "quantity", "discount", "discount_amount", "tax")
    return feeding(table, told, [prefix + of for of in terms])


def worth_of_lines(known: Iterable[Known]) -> dict[str, Worth]:
    """What the lines of an export come to, by the id, the number or the name of their record."""
    worth: dict[str, Worth] = {}
    for table, told in known:
        prefix = prefix_of(told)
        named = [c for c, of in told.columns.items() if field_of(of).startswith("record")]
        keys = keys_of(told) if prefix else named[:1]
        if not keys or told.kind not in ("items", *PAPER_KINDS):
            continue
        columns = columns_of_lines(table, told)
        for above, rows in rows_of_each(table, keys).items():
            for row in (row for row in rows if prefix or holds(told.rest.get("only", {}), row)):
                net, tax, full, lines, within = worth.get(above, Worth())
                line = round(columns.line(row) or Decimal(0), 2)
                rate = columns.number(row, "tax") or Decimal(0)
                full += round(columns.line(row, is_full=True) or Decimal(0), 2)
                within += line * rate / (100 + rate)
                worth[above] = Worth(net + line, tax + line * rate / 100, full, lines + 1, within)
    return worth


def _has_open_sums(told: Recognised) -> bool:
    """True for papers of which a preset doesn't say all that their sums are made of."""
    return told.kind in PAPER_KINDS and (
        not told.vendor or "lines" in told.rest or "off" in told.columns.values()
    )


def with_sums(known: Sequence[Known], findings: Findings) -> list[Recognised]:
    """The columns of tables; of papers with the sum and the discount of the whole that their lines tell."""
    worth = worth_of_lines(known) if any(_has_open_sums(told) for _, told in known) else {}
    is_gross = any(told.kind == "items" and says_tax(told.column_of("unit_price")) for _, told in known)
    several = [_of_sums(*one, worth, findings) if _has_open_sums(one[1]) else one[1] for one in known]
    kinds = (*PAPER_KINDS, "opportunities") * is_gross
    return [
        _with_tax(of, told=of.kind in kinds or says_tax(of.column_of("items.unit_price"))) for of in several
    ]


def _with_tax(columns: Recognised, *, told: bool) -> Recognised:
    """The columns, and that prices are with their tax, if it is told."""
    rest = {**columns.rest, "set": {**columns.rest.get("set", {}), "tax_included": True}}
    return columns._replace(rest=rest) if told else columns


def _of_sums(table: Table, told: Recognised, worth: Mapping[str, Worth], findings: Findings) -> Recognised:
    """The columns of papers, with what their lines come to, less a discount or with tax.

    Where no line is known, a sum stands for them that less a discount and with the tax is another. If the
    lines come to a sum with tax, their prices are with it. If papers come to another net, it is theirs.
    """
    columns = {c: of for c, of in told.columns.items() if of != "off"}
    first = heads(table, told)
    names = [*keys_of(told), *(c for c, of in columns.items() if of in NAMING)]
    lines = [next((worth[t] for c in names if (t := row.text(c)) in worth), None) for row in first.rows]
    of_lines = of_lines_alone(table, told) | {c for c in columns if field_of(columns[c]).startswith("items.")}
    cells = {c: own for c in table.columns if c not in of_lines and any(own := numbers(first, c, lines))}
    ignored, total = told.rest.get("ignore", ()), columns_for(table, told.kind, "total")
    offs = [c for c in cells if has_word(c, "discount") and c not in ignored]
    offs += [c for c in cells if told.columns.get(c) == "off" and c not in offs]
    cells |= {c: [n and -n for n in cells[c]] for c in offs if max(n or 0 for n in cells[c]) <= 0}
    of_tax = [c for c in cells if has_word(c, "tax") and c not in offs and c not in ignored]
    sums = [c for c in cells if c not in offs and (c in total or has_word(c, "sum"))]
    beside = [c for c in cells if c not in (*offs, *of_tax, *sums, *ignored)]  # `Shipping`
    taxes = [cells[c] for c in (*of_tax, *beside)]
    taxes += [arithmetic.taxed(cells[tax], cells[c], is_rate=False) for tax in of_tax for c in beside]
    figures = sorted((c for c in cells if c not in offs), key=lambda c: c not in sums)
    left = {c: cells[c] for c in figures if c not in ignored}
    each = {c: [Worth(of or Decimal(0)) for of in own] for c, own in left.items()}
    each = {c: own for c, own in each.items() if 2 * sum(of.net != 0 for of in own) >= len(own)}
    bases: dict[str, Sequence[Worth | None]] = {"": [*lines]} if any(lines) else {**each}
    apart = arithmetic.nets_apart(left, of_tax, arithmetic.sums_of(lines, [], "")[0]) if any(lines) else []
    offs += [c for c in left if apart and c not in (*apart, *of_tax, *sums)]  # `Pronto pago %`
    feeds = ["discount_amount", "discount"]
    ways = [(c, to) for c in offs for to in (reversed(feeds) if arithmetic.says_percent(table, c) else feeds)]
    ways += [("", "")] * (not apart)
    for share, (off, to), (base, net_lines) in product(arithmetic.SHARES, ways, bases.items()):
        net, whole, bare = arithmetic.sums_of(net_lines, cells.get(off, []), to)
        several = [
            *(arithmetic.taxed(net, tax, is_rate=False) for tax in taxes),
            *[net, whole] * bool(off or not base),
        ]
        if any(agree(cells[c], one, share) for c in apart or figures if c != base for one in several):
            columns = {c: of for c, of in columns.items() if field_of(of) not in _OF_WHOLE}
            columns |= {off: arithmetic.off_of_whole(table, off, to)} if off else {}
            full = [] if apart else arithmetic.sums_of(net_lines, [], "")[0]
            for field, one in (("total", full), (AFTER_DISCOUNT, net)):
                if same := [c for c in left if agree(left[c], one, share)]:
                    columns |= {base or same[0]: field}
                    break
            is_gross, nets = arithmetic.with_tax_in_it(left, taxes, (net, whole, bare), share)
            told = told._replace(columns=columns, rest={**told.rest, "nets": nets})
            return _with_tax(told, told=is_gross and not base)
    for column in (c for c in offs if columns.get(c) == "discount_amount"):
        columns[column] = arithmetic.off_of_whole(table, column, "discount_amount")
    if not any(lines) and "total" not in map(field_of, columns.values()) and not prefix_of(told):
        why = "no sum and no line is known of them, so they come to nothing"
    else:
        columns = {c: of for c, of in columns.items() if not apart or field_of(of) != "total"}
        columns |= {apart[0]: AFTER_DISCOUNT} if apart else {}
        is_guess = "sum" in told.rest and not any(lines)
        why = f"{told.rest['sum']} is taken for the sum of its lines" if is_guess else ""
    findings.assumed += [f"{table_name(table)}: {why}"] if why else []
    return _with_tax(
        told._replace(columns=columns), told=not any(lines) and says_tax(told.column_of("total"))
    )
