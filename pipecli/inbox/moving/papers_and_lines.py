"""The rows of papers and of their lines: what they come to, by which columns, and the deals that papers have.

A paper without a deal stays out, or one is made for it, and so does a line that is in no total. Leads may be
among the rows of deals.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import product
from typing import Any

from pipecli.errors import Unreadable
from pipecli.inbox.importing.cells import is_percentage
from pipecli.inbox.importing.compile_mapping import holds, texts
from pipecli.inbox.importing.mapping import AFTER_DISCOUNT, Column, Source
from pipecli.inbox.importing.mapping import Mapping as MappingFile
from pipecli.inbox.importing.table import Cell, CountedRows, Row, Table
from pipecli.inbox.moving import arithmetic
from pipecli.inbox.moving.arithmetic import Worth, agree, columns_of_money, has_word, numbers
from pipecli.inbox.moving.duplicate_tables_and_columns import Known, table_name
from pipecli.inbox.moving.findings import Findings
from pipecli.inbox.moving.guess_or_ask_formats import are_days, date_form
from pipecli.inbox.moving.recognise_by_words import PAPER_KINDS, Recognised, by_words, columns_for
from pipecli.inbox.moving.vocabulary import is_yes, patterns, state_of
from pipecli.records import written_amounts
from pipecli.records.compare_names import folded
from pipecli.records.money import EXACT, part_of, percentage
from pipecli.records.written_amounts import DecimalSign, decimal_sign_of, in_units, read_money, read_number
from pipecli.store.validate_record import validate
from pipecli.wording import count, first_of

TERMS = ("unit_price", "discount", "discount_amount", "tax", "total")
Fits = tuple[list[arithmetic.Fit], arithmetic.Fit | None, Mapping[str, Sequence[str]]]
ITEMS = "items"
NAMING = ("custom.number", "custom.name", "custom.subject")
_ENDS = {"accepted": "won", "delivered": "won", "rejected": "lost", "cancelled": "lost"}


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


def varying(groups: Mapping[str, Sequence[Row]], columns: Iterable[str], key: str) -> set[str]:
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
    apart = varying(rows_of_each(table, keys), table.columns, keys[0]) if keys else set()
    return apart | {*told.rest.get("lines", ())}


def prefix_of(told: Recognised) -> str:
    """What stands before the fields of lines where they are in the rows of their record."""
    return "items." if told.rest.get("rows") == "items" else ""


def field_of(of: Any) -> str:
    of = of[0] if isinstance(of, list) else of
    return str(of.get("to", "") if isinstance(of, dict) else of)


def best_fit(table: Table) -> Fits:
    """All ways to come to a net, that by which the rows come to a total, and the columns by words.

    Words come first. Where by those nothing comes to a total, each other column of numbers is tried for a
    discount if none is called one (`Ndl. %`), then for the total (`Imponibile`).
    """
    words = {role: columns_for(table, "items", role) for role in ("quantity", *TERMS)}
    for column, role in arithmetic.price_and_total(table, {c: of for of in words for c in words[of]}).items():
        words[role] = [column, *words[role]]
    words["tax"] = [c for c in words["tax"] if c not in words["unit_price"] + words["total"]]
    others = [c for c in table.columns if has_word(c, "tax") and not any(c in of for of in words.values())]
    words["taxes"] = words["tax"] + others
    some = table._replace(rows=table.rows[: arithmetic.LOOKED_AT])
    cells = {c: own for c in table.columns if any(own := numbers(some, c))}
    told = {of: [c for c in columns if c in cells] for of, columns in words.items()}
    free = [c for c in cells if not any(c in of for of in told.values())]
    plain = [*arithmetic.fitting(table, cells, told)]
    trials: list[tuple[Decimal, str, list[str]]] = [(arithmetic.ALL, "", [])]
    trials += [(arithmetic.ALL, c, []) for c in free if not told["discount"] + told["discount_amount"]]
    trials += [(arithmetic.NEARLY_ALL, "", []), (arithmetic.ALL, "", free)]
    for share, off, totals in trials if told["unit_price"] else ():
        tried = told | {"total": totals or told["total"]} | ({"discount": [off]} if off else {})
        fits = [*arithmetic.fitting(table, cells, tried)] if off or totals else plain
        net = [fit for fit in fits if any(agree(fit.nets, total, share) for total in fit.totals)]
        gross = list[arithmetic.Fit]()
        after = net and net + [fit for fit in fits if fit.off]  # one total is before them, one with tax after
        for fit, tax, is_rate in product(after or fits, told["taxes"] if not off else (), (True, False)):
            whole = arithmetic.taxed(fit.nets, cells[tax], is_rate=is_rate)
            if any(agree(whole, total, share) for total in fit.totals):
                gross.append(fit._replace(rate=tax if is_rate else "", is_of_amounts=not is_rate))
        best = max(gross or net, key=lambda fit: len(fit.off), default=None)
        if best and (best.off or not off):
            sums = [c for c in totals if agree(best.nets, cells[c], share)]
            return fits, best, {**words, "total": [*words["total"], *sums]}
    return plain, None, words


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
            deals = _deals_of(table, told, number, findings)
            yield table, deals
            told = _ended_so(told, deals.rest["ends"])
            named = {**told.rest.get("templates", {}), "opportunity": f"{{{number}}}"}
            told = told._replace(rest={**told.rest, "templates": named})
        if told.column_of("customer"):
            yield table, told
        else:
            findings.assumed.append(f"{table_name(table)}: {papers} of no customer stay out: each needs one")


def _ended_so(told: Recognised, ends: Mapping[str, str]) -> Recognised:
    """The papers, whose statuses mean what was answered of the deals that are made of them."""
    if (status := told.column_of("status")) is None:
        return told
    states = _ENDS.items() if told.kind == "orders" else reversed(_ENDS.items())
    own, best = told.columns[status], {of: word for word, of in states}
    own = {**own, "values": {w: best[of] for w, of in ends.items() if of in best} | own.get("values", {})}
    return told._replace(columns={**told.columns, status: own})


def _deals_of(table: Table, told: Recognised, number: str, findings: Findings) -> Recognised:
    """The deals that papers stand for, by their numbers, with what they come to."""
    status, until = told.column_of("status"), told.column_of("valid_until")
    means = told.columns[status].get("values", {}) if status else {}
    ends = {word: _ENDS.get(means.get(word, ""), "open") for word in texts(table, status or "")}
    unknown = [word for word in ends if word not in means]
    if over := [word for word in unknown if re.search(patterns()["ends"]["closed"], folded(word))]:
        which = f"which of {', '.join(over)} mean won, and which lost?"
        answer = findings.outcomes(over, f"{table_name(table)}, {status}", which) or {}
        ends |= {word: of for word, of in answer.items() if word in over}
    if lone := [word for word in unknown if word not in over]:
        findings.assumed.append(
            f"{table_name(table)}: the deals made of what is {first_of(lone, 5)} are open"
        )
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
    for role, own in (("owner", None), ("contacts.contact", told.column_of("contact"))):
        named = [own] if own else columns_for(table, "opportunities", role)[:1]
        columns |= {c: role for c in named if c not in columns}
    columns |= {number: "external_id"} | dict.fromkeys(filter(None, [status]), "stage")
    columns |= dict.fromkeys(totals[:1], "amount")
    days = [c for c in table.columns if c not in columns and state_of(c, "quotations") == "accepted"]
    for column in days if status else ():
        ended = {ends.get(row.text(status)) for row in heads(table, told).rows if row.text(column)}
        is_day = ended - {"lost"} == {"won"} and are_days(texts(table, column))
        columns |= {column: "won_date"} if is_day and "won_date" not in columns.values() else {}
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


class FileColumns:
    """The columns of a file by the fields that they feed."""

    def __init__(self, source: Source, table: Table) -> None:
        self.mapping = source.mapping
        self._feeds: dict[str, list[tuple[str, Column]]] = {}
        for name, several in self.mapping.columns.items():
            column = name if name in table.columns else name.removesuffix("?")
            for one in several:
                field_ = re.sub(r"^items\.(1\.)?|_after_discount$", "", one.to or "")
                if self.mapping.rows and one.to in ("discount", "discount_amount"):
                    field_ = f"whole.{field_}"  # none of its line
                self._feeds.setdefault(field_, []).append((column, one))
        self._decimal_signs: dict[str, DecimalSign] = {}
        self._table = table

    @property
    def fed(self) -> set[str]:
        """The columns that feed a field, but for those below `custom`."""
        return {c for field_, fed in self._feeds.items() if not field_.startswith("custom.") for c, _ in fed}

    def feeding(self, field_: str) -> list[str]:
        return [column for column, _ in self._feeds.get(field_, ())]

    @property
    def tell_deals(self) -> bool:
        return "title" in self._feeds.keys() | self.mapping.templates.keys()

    def text(self, row: Row, field_: str) -> str:
        """The first cell that feeds a field, as the mapping replaces it; empty where none does."""
        cells = ((one.values, row.text(column)) for column, one in self._feeds.get(field_, ()))
        return next((str(values.get(cell, cell)) for values, cell in cells if cell), "")

    def number(self, row: Row, field_: str) -> Decimal | None:
        """The first number that feeds a field, the final value of a won deal before its amount; else None."""
        for column, one, cell in self._cells(row, field_):
            if isinstance(cell, (int, Decimal)) and not isinstance(cell, bool):
                value = Decimal(cell)
            else:
                decimal_sign = one.decimal or self._decimal_sign_of(column)
                try:
                    if field_ == "tax" and "%" in str(cell):
                        value = written_amounts.named_rate(str(cell).strip())
                    elif field_ in ("quantity", "discount", "tax"):
                        value = read_number(str(cell), decimal_sign, is_percent=field_ != "quantity")
                    else:
                        value = read_money(str(cell), decimal_sign, has_thousandths=False).value
                except Unreadable:
                    continue
            scale = one.scale or (self.mapping.scale if field_ == "discount" else None)
            if number := row.text(other := one.times or one.per or ""):
                times = read_number(number, self._decimal_sign_of(other))
                value = EXACT.multiply(value, times) if one.times else part_of(value, times)
            is_fraction = scale == "fraction" and not str(cell).strip().endswith("%")
            return value * 100 if is_fraction else in_units(value, str(cell), scale)
        return None

    def _decimal_sign_of(self, column: str) -> DecimalSign:
        if column not in self._decimal_signs:
            self._decimal_signs[column] = decimal_sign_of(texts(self._table, column)) or self._table.decimal
        return self.mapping.decimal or self._decimal_signs[column]

    def _cells(self, row: Row, field_: str) -> Iterator[tuple[str, Column, Cell]]:
        """The cells that feed a field, with what the mapping says of each.

        Of an amount first the final value, of a discount also what says `10%` in a column of amounts.
        """
        if field_ == "amount":
            yield from self._cells(row, "closed.amount")
        for column, one in self._feeds.get(field_, ()):
            if holds(one.when, row):
                yield column, one, row.cells.get(column, "")
        if field_ == "discount":
            yield from (three for three in self._cells(row, "discount_amount") if is_percentage(three[2]))

    def line(self, row: Row, *, is_full: bool = False) -> Decimal | None:
        """The worth of a line, or before its discount; None where it has no price."""
        told = {name: None if is_full and "disc" in name else self.number(row, name) for name in _OF_LINE}
        return None if told["unit_price"] is None else worth_of(told)


_OF_LINE = {"unit_price": 0, "quantity": 1, "discount": 0, "discount_amount": 0, "term": 1}
"""The fields that the worth of a line is made of, with the values of those that it lacks."""


def worth_of(line: Mapping[str, Any]) -> Decimal:
    told = (default if (value := line.get(name)) is None else value for name, default in _OF_LINE.items())
    price, quantity, discount, discount_amount, term = (Decimal(str(value)) for value in told)
    gross = EXACT.multiply(EXACT.multiply(quantity, price), term)
    return EXACT.subtract(percentage(gross, 100 - discount), discount_amount)


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
    lump = arithmetic.price_of_one(table, told.columns, prefix)
    lumps = {c: lump for c, of in told.columns.items() if of == f"{prefix}total" and lump}
    terms = ("unit_price", "quantity", "discount", "discount_amount", "tax")
    return feeding(table, told._replace(columns=told.columns | lumps), [prefix + of for of in terms])


def worth_of_lines(known: Iterable[Known]) -> dict[str, Worth]:
    """What the lines of an export come to, by the id, the number or the name of their record."""
    worth: dict[str, Worth] = {}
    for table, told in known:
        prefix = prefix_of(told)
        named = [c for c, of in told.columns.items() if field_of(of).startswith("record")]
        keys = keys_of(told) if prefix else named[:1]
        if not keys or told.kind not in (ITEMS, *PAPER_KINDS):
            continue
        columns = columns_of_lines(table, told)
        nets = [columns.line(row) for row in table.rows]
        free = [c for c in columns_of_money(table) if c not in columns.fed]
        taxes = arithmetic.levied(table, nets, free) if not columns.feeding("tax") else []
        amounts = {row.line: of or Decimal(0) for row, of in zip(table.rows, taxes, strict=False)}
        for above, rows in rows_of_each(table, keys).items():
            for row in (row for row in rows if prefix or holds(told.rest.get("only", {}), row)):
                net, tax, full, lines, within, levied = worth.get(above, Worth())
                line = round(columns.line(row) or Decimal(0), 2)
                rate = columns.number(row, "tax") or Decimal(0)
                full += round(columns.line(row, is_full=True) or Decimal(0), 2)
                within += line * rate / (100 + rate)
                levied += amounts.get(row.line, Decimal(0))
                worth[above] = Worth(net + line, tax + line * rate / 100, full, lines + 1, within, levied)
    return worth


def worth_of_papers(rows: Iterable[Row], told: Recognised, worth: Mapping[str, Worth]) -> list[Worth | None]:
    """What the lines of each paper come to, by its id, its number or its name; None without lines."""
    names = [*keys_of(told), *(c for c, of in told.columns.items() if of in NAMING)]
    return [next((worth[t] for c in names if (t := row.text(c)) in worth), None) for row in rows]


def without_alternatives(known: Sequence[Known], findings: Findings) -> Iterator[Known]:
    """The tables; lines that a word of a column says are in no total, `Alternativposition`, stay out, told.

    Without them, and not with them, the lines of all papers come to a sum of theirs.
    """
    papers = [(table, told, [numbers(table, c) for c in columns_of_money(table)])
              for table, told in known if told.kind in PAPER_KINDS and not prefix_of(told)]  # fmt: skip
    for table, told in known:
        is_open = told.kind == ITEMS and not told.vendor and bool(papers)
        worth = worth_of_lines([(table, told)]) if is_open else {}
        words = {c: texts(table, c) for c in table.columns if c not in told.columns}
        words = {c: of for c, of in words.items() if 1 < len(of) < 7} if worth else {}
        if words and not _come_to_a_sum(papers, worth):
            few = ((c, word) for c, of in words.items() for word in of if 2 * of[word] < of.total())
            for column, word in few:
                out = [row for row in table.rows if row.text(column) == word]
                less = worth_of_lines([(table._replace(rows=out), told)])
                rest = {
                    key: of._replace(net=of.net - less.get(key, Worth()).net) for key, of in worth.items()
                }
                if all(less.get(k, Worth()).lines < worth[k].lines for k in worth) and _come_to_a_sum(
                    papers, rest
                ):
                    why = f"{count(len(out), 'row', ',')} that {column} calls {word}, in no total, left out"
                    findings.assumed.append(f"{table_name(table)}: {why}")
                    only = {**told.rest.get("only", {}), column: {"not": [word]}}
                    rows = CountedRows(row for row in table.rows if row.text(column) != word)
                    table, told = table._replace(rows=rows), told._replace(rest={**told.rest, "only": only})
                    break
        yield table, told


def _come_to_a_sum(
    papers: Iterable[tuple[Table, Recognised, list[arithmetic.Numbers]]], worth: Mapping[str, Worth]
) -> bool:
    """True where what the lines of papers come to is a column of theirs."""
    for table, told, sums in papers:
        nets = [of and of.net for of in worth_of_papers(table.rows, told, worth)]
        if any(agree(nets, own) for own in sums):
            return True
    return False


_OF_LEADS = {"title": "custom.topic", "customer": "organization", "contacts.contact": "name"}
_OF_LEADS |= {"contacts.contact#": "email"}
_OF_LEADS |= {role: role for role in "external_id owner owner# created source campaign tags notes".split()}
"""What a column of deals is of a lead."""


def leads_of_deals(table: Table, told: Recognised) -> Recognised:
    """The leads of a table of deals; those archived or with a reason for losing are disqualified."""
    columns = {c: _OF_LEADS[of] for c, of in told.columns.items() if of in _OF_LEADS}
    others = by_words(table._replace(columns=[c for c in table.columns if c not in told.columns]), "leads")
    columns |= {c: of for c, of in others.items() if of not in columns.values()}
    rest = {key: told.rest[key] for key in ("rows", "ignore") if key in told.rest}
    called = [f"{{{c}}}" for of in ("name", "custom.topic") for c in columns if columns[c] == of]
    if called and not {"first_name", "last_name"} <= {*columns.values()}:
        rest["templates"] = {"name": called}
        columns = {c: of for c, of in columns.items() if of != "name"}
    archived = [row for row in table.rows if is_yes(row.text(told.column_of("active"))) is False]
    for role in ("lost_reason", "active", "status", "stage"):
        column, ended = told.column_of(role) or "", told.column_of("closed_date")
        if not texts(table, column) or not all(row.text(column) for row in archived):
            continue
        columns[column] = "custom.lead_status"
        over = {word for word in texts(table, column) if role == "lost_reason" or is_yes(word) is False}
        if over and role in ("lost_reason", "active"):
            rest["ends"] = dict.fromkeys(over, "disqualified")
            columns |= {ended: "ended"} if ended else {}
        break
    return told._replace(kind="leads", preset="", columns=columns, rest=rest)
