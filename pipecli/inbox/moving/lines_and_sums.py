"""Lines of what is sold, and the sums of the papers they are of: which column is what, as arithmetic tells.

A table may have a row for each line, with the cells of its deal, quotation or order once more in each. Of
several prices, discounts, taxes and sums those are taken by which every row comes to another of its columns;
where none does, the words of headers decide, and the plan says so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import compress, product
from typing import Any

from pipecli.inbox.importing.compile_mapping import texts
from pipecli.inbox.importing.mapping import AFTER_DISCOUNT
from pipecli.inbox.importing.table import CountedRows, Row, Table
from pipecli.inbox.importing.workbook import with_sheet
from pipecli.inbox.moving import arithmetic
from pipecli.inbox.moving.arithmetic import (
    NEARLY_ALL,
    Worth,
    agree,
    are_rates,
    columns_of_money,
    has_word,
    numbers,
    says_percent,
    says_tax,
)
from pipecli.inbox.moving.duplicate_tables_and_columns import Known, table_name
from pipecli.inbox.moving.findings import Findings, about_table, name_of_lines
from pipecli.inbox.moving.papers_and_lines import (
    ITEMS,
    TERMS,
    FileColumns,
    best_fit,
    columns_of_lines,
    feeding,
    field_of,
    heads,
    keys_of,
    of_lines_alone,
    prefix_of,
    rows_of_each,
    worth_of_lines,
    worth_of_papers,
)
from pipecli.inbox.moving.recognise_by_words import PAPER_KINDS, Recognised, by_words, columns_for
from pipecli.inbox.moving.vocabulary import outcome_of, patterns
from pipecli.records.compare_names import is_code
from pipecli.records.kinds import SKU
from pipecli.records.written_amounts import decimal_sign_of
from pipecli.store import ids_and_files
from pipecli.wording import count, first_of

_CENTS, NAMELESS = Decimal("0.02"), "Line without a name"
_OF_WHOLE = ("total", "discount", "discount_amount")
_OF_A_PAPER = ("total", AFTER_DISCOUNT, "discount", "discount_amount")


def read_again(table: Table) -> Table:
    """The table, for a plan: with counts of its texts, and the decimal sign of its money."""
    some = table._replace(rows=table.rows[: arithmetic.LOOKED_AT])
    marks = {decimal_sign_of(texts(some, column)) for column in columns_of_money(some)} - {""}
    return table._replace(rows=CountedRows(table.rows), decimal=marks.pop() if len(marks) == 1 else "")


def with_terms(table: Table, told: Recognised, findings: Findings) -> Recognised:
    """The columns of lines, with the terms by which they come to their totals, and without rows of text."""
    is_of_lines = told.kind == ITEMS or prefix_of(told)
    return _without_texts(table, _with_terms(table, told, findings), findings) if is_of_lines else told


def _without_texts(table: Table, told: Recognised, findings: Findings) -> Recognised:
    """The columns of lines, and the plan tells which rows are none: a heading or a note has no figures."""
    prefix, rest = prefix_of(told), told.rest
    figures = {prefix + role for role in ("quantity", "unit_price", "total")}
    figured = [c for c, of in told.columns.items() if field_of(of) in figures]
    part = table._replace(columns=rest.get("lines", table.columns))
    figured += [c for c in columns_for(part, ITEMS, "total") if c not in figured]
    called = {c: field_of(of).removeprefix(prefix) for c, of in told.columns.items()}
    coded, named = ([c for c in called if called[c] == role] for role in ("product", "description"))
    bare = [row for row in table.rows if not any(map(row.text, figured + coded))]
    full = [c for c in figured if 0 < texts(table, c).total() == len(table.rows) - len(bare)]
    notes = [text for row in bare if (text := next(filter(None, map(row.text, named)), ""))]
    if not full or not notes:
        return told
    why = f"{count(len(bare), 'row', ',')} without quantity and price, no lines: {first_of(notes, 3, ',')}"
    findings.assumed.append(f"{table_name(table)}: {why}")
    only = {full[0]: {"not": ""}}
    if not prefix:
        return told._replace(rest={**rest, "only": {**rest.get("only", {}), **only}})
    own = {
        c: of for c, of in told.columns.items() if called[c] in ("description", "uom", "tax", "external_id")
    }
    several = {c: of if isinstance(of, list) else [of] for c, of in own.items() if field_of(of) != called[c]}
    entries = {c: [one if isinstance(one, dict) else {"to": one} for one in of] for c, of in several.items()}
    apart = {c: [{**one, "when": only | one.get("when", {})} for one in of] for c, of in entries.items()}
    return told._replace(columns=told.columns | apart)


def _with_terms(table: Table, told: Recognised, findings: Findings) -> Recognised:
    """The columns, with the price, the discount and the tax that arithmetic tells.

    Where no total tells it, the words of the headers do; asks whether a discount is a percent or an amount.
    """
    prefix = prefix_of(told)
    columns = _with_names(table, told, findings)
    is_known = told.vendor != "" and "lines" not in told.rest
    if is_known and ("discount" not in columns.values() or not best_fit(table)[1]):
        amounts = [c for c, of in columns.items() if of == f"{prefix}tax" and not are_rates(table, c)]
        return told._replace(columns={c: of for c, of in columns.items() if c not in amounts})
    part = table._replace(columns=told.rest.get("lines", table.columns))
    columns = {c: of for c, of in columns.items() if field_of(of).removeprefix(prefix) not in TERMS}
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
    for column, of in _terms_of(part, table, findings).items():
        several = [{**one, "to": prefix + one["to"]} for one in of] if isinstance(of, list) else []
        of = {**of, "to": prefix + of["to"]} if isinstance(of, dict) else of
        columns[column] = several or (prefix + of if isinstance(of, str) else of)
    return told._replace(columns=columns)


def _with_names(table: Table, told: Recognised, findings: Findings) -> dict[str, Any]:
    """The columns, so that each line has a name: its product by id, else the text of another column.

    Says which have none, or nothing but the id of a product that is in no file.
    """
    columns, prefix = dict(told.columns), prefix_of(told)
    roles = {c: field_of(of) for c, of in columns.items()}
    columns |= name_of_lines(table, [] if told.vendor or prefix else table.columns, roles)
    name, ids = f"{prefix}description", findings.kinds.get("products", set[str]())
    free = [c for c in columns_for(table, ITEMS, "product#") if c not in columns and texts(table, c)]
    if f"{prefix}product" not in columns.values():  # `Product Id` in the quotes of Zoho
        columns |= dict.fromkeys([c for c in free if ids >= texts(table, c).keys()][:1], f"{prefix}product")
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


def _terms_of(table: Table, whole: Table, findings: Findings) -> dict[str, Any]:
    """What the columns of prices, discounts, taxes and totals feed, of a `whole` table those of its lines."""
    fits, best, words = best_fit(table)
    is_sure = best is not None and any(agree(best.nets, total) for total in best.totals)
    typed = {} if is_sure else arithmetic.off_by_type(table, words)  # SuiteCRM's prices are after it
    of_words = {role: c for c, role in by_words(table, "items").items()}
    price = best.price if best else of_words.get("unit_price") or next(iter(words["unit_price"]), None)
    plain = [fit.nets for fit in fits if fit.price == price and not fit.off]
    nets = best.nets if best else next(iter(plain), [])
    rates = [best.rate] if best and best.rate else [c for c in words["tax"] if are_rates(table, c, nets)]
    rates = rates[: not (best and best.is_of_amounts)] or arithmetic.named_rates(whole, nets)
    return {
        **(typed or (best.off if best else arithmetic.off_by_words(table, words, findings))),
        **({price: "unit_price"} if price else {}),
        **({words["quantity"][0]: "quantity"} if best and "quantity" not in of_words else {}),
        **dict.fromkeys(rates, "tax"),
        **dict.fromkeys(words["total"][:1], "total"),
    }


def _has_open_sums(told: Recognised) -> bool:
    """True for papers of which a preset doesn't say all that their sums are made of."""
    return told.kind in PAPER_KINDS and (
        not told.vendor or "lines" in told.rest or "off" in told.columns.values()
    )


def with_sums(known: Sequence[Known], findings: Findings) -> Iterator[Known]:
    """The tables; of papers with the sum and the discount of the whole that their lines tell."""
    worth = worth_of_lines(known) if any(_has_open_sums(told) for _, told in known) else {}
    is_gross = any(told.kind == "items" and says_tax(told.column_of("unit_price")) for _, told in known)
    kinds = (*PAPER_KINDS, "opportunities") * is_gross
    for table, told in known:
        of = _of_sums(table, told, worth, findings) if _has_open_sums(told) else told
        is_taxed = of.kind in kinds or says_tax(of.column_of("items.unit_price"))
        yield table, _with_tax(of, told=is_taxed)


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
    lines = worth_of_papers(first.rows, told, worth)
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
    apart = arithmetic.nets_apart(left, of_tax, arithmetic.sums_of(lines)[0]) if any(lines) else []
    offs += [c for c in left if apart and c not in (*apart, *of_tax, *sums)]  # `Pronto pago %`
    ways = arithmetic.ways_off(table, offs)
    every = [*ways, *[()] * (not apart)]
    turns = [(arithmetic.ALL, way, False) for way in ways] + [(NEARLY_ALL, way, True) for way in ways]
    turns += [(share, way, False) for share in arithmetic.SHARES for way in every]
    for (share, way, is_sure), (base, net_lines) in product(turns, bases.items()):
        net, whole, bare = arithmetic.sums_of(net_lines, cells, way)
        several = [
            *(arithmetic.taxed(net, tax, is_rate=False) for tax in taxes),
            *(arithmetic.taxed(whole, cells[c], is_rate=False) for c in beside if way),
            *[net, whole] * bool(way or not base),
        ]
        pairs = [(cells[c], one) for c in apart or figures if c != base for one in several]
        if is_sure:  # in each that has something off
            where = [any(own) for own in zip(*(cells[c] for c, _ in way), strict=True)]
            pairs = [(of, one) for of, one in pairs if agree([*compress(of, where)], [*compress(one, where)])]
        if any(agree(*two, share) for two in pairs):
            columns = {c: of for c, of in columns.items() if field_of(of) not in _OF_WHOLE}
            columns |= arithmetic.offs_of_whole(table, way)
            full = [] if apart else arithmetic.sums_of(net_lines)[0]
            is_told = base or prefix_of(told) or any(agree(of, net, share) for of in cells.values())
            for field, one in (("total", full), (AFTER_DISCOUNT, net), ("total", [] if is_told else whole)):
                if same := [c for c in left if agree(left[c], one, share)]:
                    columns |= {base or same[0]: field}
                    break
            is_gross, nets = arithmetic.with_tax_in_it(left, taxes, (net, whole, bare), share)
            told = told._replace(columns=columns, rest={**told.rest, "nets": nets})
            return _with_tax(told, told=is_gross and not base)
    for column in (c for c in offs if columns.get(c) == "discount_amount"):
        columns |= arithmetic.offs_of_whole(table, [(column, "discount_amount")])
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


def with_money_told(known: Iterable[Known], findings: Findings) -> list[Known]:
    """The tables, when it is told which columns of money nothing that is taken comes to.

    And which papers say another total than their lines; if they are many, it is asked which of both holds.
    """
    known = [*known]
    worth = {kind: worth_of_lines(_lines_of(kind, known)) for kind in PAPER_KINDS}
    known = [(table, _without_gross(table, told, worth.get(told.kind, {}))) for table, told in known]
    for table, told in (one for one in known if one[1].kind in (ITEMS, *PAPER_KINDS)):
        figures, apart = _figures(table, told, worth.get(told.kind, {}))
        taken = {c for c, of in told.columns.items() if not re.match(r"custom\.|off$", field_of(of))}
        if f"{prefix_of(told)}unit_price" in map(field_of, told.columns.values()):
            taken -= {c for c, of in told.columns.items() if told.kind == ITEMS and of == "total"}
            taken -= {c for c, of in told.columns.items() if of == "items.total"}
        fits = {c: _fitting(numbers(table, c), figures) for c in columns_of_money(table) if c not in taken}
        for column, others in fits.items():
            if others:
                lines = first_of([f"{table.rows[place].line:,}" for place in others], 3, ",")
                why = (
                    f"{column} isn't what the rest comes to in {count(len(others), 'row', ',')}: line {lines}"
                )
                findings.assumed.append(f"{table_name(table)}: {why}")
        if left := [c for c, others in fits.items() if others is None]:
            first, alone = heads(table, told), of_lines_alone(table, told)
            cells = {c: filter(None, numbers(table if c in alone else first, c)) for c in left}
            sums = {c: "" if says_percent(table, c) else f" ({sum(cells[c]):,.2f} in all)" for c in left}
            named = ", ".join(c + sums[c] for c in left)
            findings.assumed.append(f"{table_name(table)}: money that comes in no sum here: {named}")
        if apart:
            papers = count(len(apart), told.kind.removesuffix("s"), ",")
            why = f"{papers} whose lines don't come to the total: {first_of(apart, 3, ',')}"
            findings.assumed.append(f"{table_name(table)}: {why}")
            about = about_table("sums", table)
            if 10 * len(apart) > len(heads(table, told).rows) and (
                findings.asked(about, f"{table_name(table)}: {why}. {_WHICH_HOLDS}", ("lines", "total"))
                == "total"
            ):
                known = [*_by_totals(known, table)]
    return known


def _without_gross(table: Table, told: Recognised, worth: Mapping[str, Worth]) -> Recognised:
    """Papers whose total is what their lines come to with taxes that stand beside them as amounts: no sum."""
    total = told.column_of("total")
    if told.kind not in PAPER_KINDS or not total or prefix_of(told):
        return told
    first = heads(table, told)
    several = worth_of_papers(first.rows, told, worth)
    gross = [of and of.net + of.levied for of in several]
    if (
        not all(several)
        or not any(of and of.levied for of in several)
        or not agree(gross, numbers(first, total))
    ):
        return told
    free = "custom.grand_total" not in told.columns.values()
    name = "grand_total" if free else ids_and_files.slug(total).replace("-", "_")
    return told._replace(columns={**told.columns, total: f"custom.{name}"})


def _lines_of(kind: str, known: Iterable[Known]) -> Iterator[Known]:
    """The tables with a row for each line of a paper of this kind, or of any."""
    for table, told in known:
        roles = {of for of in told.columns.values() if isinstance(of, str) and of.startswith("record")}
        if told.kind == kind or (
            told.kind == ITEMS and roles & {"record", "record.paper", f"record.{kind.removesuffix('s')}"}
        ):
            yield table, told


_WHICH_HOLDS = "Which holds, the lines, or each total, as the only line of its paper?"


def _by_totals(known: Iterable[Known], papers: Table) -> Iterator[Known]:
    """The tables, with papers that have their own total, and none of the lines that are theirs."""
    names = set[str]()
    for table, told in known:
        if table is papers and told.kind in PAPER_KINDS:
            names |= {text for c in keys_of(told) for text in texts(table, c)}
            below = of_lines_alone(table, told)
            rest = {key: of for key, of in told.rest.items() if key not in ("rows", "lines", "evidence")}
            rest["only"] = {c: {"not": ""} for c in keys_of(told)} | rest.get("only", {})
            rest["ignore"] = [*rest.get("ignore", ()), *sorted(below)]
            feeds = {c: field_of(of) for c, of in told.columns.items()}
            out = {c for c, of in feeds.items() if of.startswith("items.") or of in _OF_WHOLE[1:]}
            told = told._replace(
                columns={c: of for c, of in told.columns.items() if c not in out | below}, rest=rest
            )
        named = [c for c, of in told.columns.items() if str(of).startswith("record")]
        if told.kind != ITEMS or not any(names & texts(table, c).keys() for c in named):
            yield table, told


def _fitting(cells: Sequence[Decimal | None], figures: Sequence[Sequence[Decimal]]) -> list[int] | None:
    """The places where a column isn't the figure of its row that it nearly always is; None for no figure."""
    pairs = [(place, abs(cell), figures[place]) for place, cell in enumerate(cells) if cell is not None]
    fits = Counter(
        number
        for _, cell, own in pairs
        for number, figure in enumerate(own)
        if abs(cell - abs(figure)) <= _CENTS
    )
    for number, times in fits.most_common(1):
        if times >= len(pairs) * NEARLY_ALL:
            return [place for place, cell, own in pairs if abs(cell - abs(own[number])) > _CENTS]
    return None


def _figures(
    table: Table, told: Recognised, worth: Mapping[str, Worth]
) -> tuple[list[list[Decimal]], list[str]]:
    """By row, what its line and its paper come to; and the papers that say another total."""
    is_paper, has_lines = told.kind in PAPER_KINDS, told.kind == ITEMS or prefix_of(told) != ""
    lines, whole = columns_of_lines(table, told), feeding(table, told, _OF_A_PAPER if is_paper else ())
    figures, apart, keys = dict[int, list[Decimal]](), list[str](), keys_of(told)[:1]
    every = [*rows_of_each(table, keys).values()] if prefix_of(told) else [[row] for row in table.rows]
    papers = worth_of_papers([rows[0] for rows in every], told, worth)
    for (first, *others), of in zip(every, papers, strict=True):
        own = list[Decimal]()
        if is_paper:
            said = whole.number(first, "total") or Decimal(0)
            net, tax, full, several, within, _ = of or Worth(said, Decimal(0), said)
            percent, amount = (whole.number(first, name) or Decimal(0) for name in _OF_A_PAPER[2:])
            off = net * percent / 100 + amount
            tax = tax * (net - off) / net if net else tax
            mine = (net, net - off, net - off + tax)
            if of and full and said and min(abs(said - one) for one in mine) > _CENTS * several:
                apart.append(f"{' '.join(map(first.text, keys))} {said:,.2f}, its lines {net - off:,.2f}")
            own = [full, net, off, full - net, full - net + off, net - off, tax, net - off + tax, net + off]
            if told.rest.get("set", {}).get("tax_included"):
                within = within * (net - off) / net if net else within
                own += [within, net - off - within]
            own.append((full - net + off) / full * 100 if full else full)
        for row in (first, *others):
            figures[row.line] = own + (_of_line(lines, row) if has_lines else [])
    return [figures[row.line] for row in table.rows], apart


def _of_line(columns: FileColumns, row: Row) -> list[Decimal]:
    """What a row may say of a line: of all its pieces and of one, before and after discount and tax."""
    net, full = (columns.line(row, is_full=is_full) or Decimal(0) for is_full in (False, True))
    many, rate = (columns.number(row, name) or Decimal(0) for name in ("quantity", "tax"))
    whole = [net, full, full - net, net * rate / 100, net * (100 + rate) / 100, full * (100 + rate) / 100]
    whole += [net * 100 / (100 + rate), net - net * 100 / (100 + rate)]
    each = [one / many for one in whole] if many else whole
    return [*whole, *each, (full - net) / full * 100 if full else Decimal(0), rate]


def with_stages_of_sheets(tables: Sequence[Table]) -> list[Table]:
    """The tables; several sheets with the same columns, of which one is called Won or Lost, say the stage."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for table in tables:
        alike.setdefault((table.name, *table.columns), []).append(table.sheet)
    return [
        with_sheet(table, table.sheet)
        if table.sheet and _are_of_stages(alike[table.name, *table.columns])
        else table
        for table in tables
    ]


def _are_of_stages(sheets: Sequence[str]) -> bool:
    ends = {outcome_of(name) for name in sheets if not re.search(patterns()["way"][0], name.lower())}
    return len(sheets) > 1 and not {"won", "lost"}.isdisjoint(ends)
