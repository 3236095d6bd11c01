"""Where an export says a thing twice: tables about one thing, columns that name one record, rows alike.

Twins in another form and those made from others stay out; where nothing tells which of two that differ is
right, it is asked. Rows without ids are known by what tells them apart.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from itertools import combinations
from typing import Any

from pipecli.inbox.importing.bindings import ORDINAL
from pipecli.inbox.importing.compile_mapping import bare_text, holds, texts
from pipecli.inbox.importing.table import Row, Table
from pipecli.inbox.moving.findings import Findings, text_of_row
from pipecli.inbox.moving.recognise_by_words import Recognised, columns_for
from pipecli.inbox.moving.vocabulary import header_key, kinds_of_rows, one_word
from pipecli.records.compare_names import folded, is_code
from pipecli.records.written_amounts import id_key
from pipecli.store import ids_and_files
from pipecli.wording import count

Known = tuple[Table, Recognised]
_LEAST = 2
"""Columns of a table that another may have all of."""


def without_overlaps(known: Sequence[Known], findings: Findings) -> list[int]:
    """The places of the tables that are to come; the findings say why others stay out."""
    out = {*_twins(known, findings)}
    for number, one in enumerate(known):
        if rows := 0 if "part" in one[1].rest else _repeating(_by_id(*one), one[1]):
            differ = f"{count(rows, 'row', ',')} share {one[1].column_of('external_id')} and differ"
            findings.assumed.append(f"{table_name(one[0])}: {differ}: only the first of each comes")
        for place, other in enumerate(known[:number]):
            is_part = "part" in one[1].rest or "part" in other[1].rest
            if {place, number} & out or one[1].kind != other[1].kind or one[0] is other[0] or is_part:
                continue
            for own, main, here in ((one, other, number), (other, one, place)):
                if reason := _derived(own, main):
                    findings.assumed.append(f"{table_name(own[0])} stays out: {reason}")
                    out.add(here)
                    break
            else:
                out |= _asked(other, one, place, number, findings)
    return [number for number in range(len(known)) if number not in out]


def _twins(known: Sequence[Known], findings: Findings) -> Iterator[int]:
    """The places of tables that come in another form, too: `Deals.csv` and `Deals.xlsx`.

    Of two with the same rows the first stays; of two that differ, the one that is answered.
    """
    out: set[int] = set()
    for number, (later, told) in enumerate(known):
        for place, (table, other) in enumerate(known[:number]):
            if other.kind != told.kind or table.name == later.name or {place, number} & out:
                continue
            if len(table.rows) == len(later.rows) and _rows(table) == _rows(later):
                findings.assumed.append(
                    f"{table_name(later)} has the rows of {table_name(table)}, and stays out"
                )
                out.add(number)
            elif _labels(table) & _labels(later):
                alone = (_rows(table) - _rows(later)).total(), (_rows(later) - _rows(table)).total()
                told_apart = (
                    f"have one name and differ: {count(alone[0], 'row', ',')} in the first alone, "
                    f"{alone[1]:,} in the second"
                )
                out |= _answered(table, later, place, number, told_apart, findings)
    yield from out


def _answered(
    first: Table, second: Table, place: int, number: int, difference: str, findings: Findings
) -> set[int]:
    """The place of the table that stays out, as it is answered of two that differ; else it is asked."""
    names = table_name(first), table_name(second)
    choices = (*names, "both")
    about = f"table-{ids_and_files.slug(' '.join(sorted({min(_labels(first)), min(_labels(second))})))}"
    question = f"{names[0]} and {names[1]} {difference}. Which is to come?"
    answer = findings.asked(about, question, choices)
    return {names[0]: {number}, names[1]: {place}}.get(str(answer), set())


def _derived(own: Known, main: Known) -> str:
    """The reason to leave out a table that is made from another, or adds nothing to it; empty for none."""
    (table, told), (other, main_told) = own, main
    ids, main_ids = _by_id(table, told), _by_id(other, main_told)
    name = table_name(other)
    if (
        ids
        and main_ids
        and _repeating(ids, told) * 2 > len(table.rows)
        and not _repeating(main_ids, main_told)
    ):
        id_, rows = max(ids.items(), key=lambda pair: len(pair[1]))
        return (
            f"its {told.column_of('external_id')} is no id, as {count(len(rows), 'row', ',')} have {id_} "
            f"and differ, and {name} has a row for each"
        )
    if len(shared := _within(own, main)) > _LEAST:
        return f"{name} has all its rows by {', '.join(shared)}, with ids"
    columns = sorted(_keys(table))
    if not table.rows or len(columns) < _LEAST or not _keys(other).issuperset(columns):
        return ""
    there = {*_cut(other, columns)}
    return f"{name} has all its rows and columns" if there.issuperset(_cut(table, columns)) else ""


def _within(own: Known, main: Known) -> list[str]:
    """The headers by which each row of a sheet without ids and titles is one of another of its workbook.

    One of deals that names neither a deal nor a customer is a pivot of the other.
    """
    (table, told), (other, _) = own, main
    if table.name != other.name or _by_id(*own) or told.column_of("title") or not _by_id(*main):
        return []
    shared = [column for column, _ in _shared(own, main)]
    if told.kind == "opportunities" and not told.column_of("customer"):
        return [*told.columns]
    keys = [*map(one_word, shared)]
    return shared if {*_cut(other, keys)}.issuperset(_cut(table, keys)) else []


def _asked(first: Known, second: Known, place: int, number: int, findings: Findings) -> set[int]:
    """The place of one of two tables that contradict each other of the same records, as it is answered."""
    ids, others = _by_id(*first), _by_id(*second)
    differing = [*_differing(ids, others, _shared(first, second))]
    if shared := _within(second, first) or _within(first, second):
        difference = (
            f"are sheets of one workbook; one has no ids, and no {', '.join(shared)} that the other hasn't"
        )
    elif differing:
        records = count(len({id_ for id_, _ in differing}), "record", ",")
        id_, column = differing[0]
        difference = f"are both about {records} of one id and differ, as in {column} of {id_}"
    else:
        return set()
    return _answered(first[0], second[0], place, number, difference, findings)


def _by_id(table: Table, told: Recognised) -> dict[str, list[Row]]:
    """The rows with each id; empty for a table without a column of ids, or with lines below their record."""
    column = told.column_of("external_id")
    by_id: dict[str, list[Row]] = {}
    if column is None or "rows" in told.rest:
        return by_id
    for row in table.rows:
        if text := row.text(column):
            by_id.setdefault(text, []).append(row)
    return by_id


_OF_PARTS = re.compile(r"(items|contacts|tags|prices)\b.*|custom\..*")
"""What several rows of one record may each say."""


def _repeating(ids: dict[str, list[Row]], told: Recognised) -> int:
    """The number of rows that contradict another with the same id."""
    columns = [column for role, column in told.roles.items() if not _OF_PARTS.fullmatch(role)]
    return sum(
        len(rows)
        for rows in ids.values()
        if len(rows) > 1
        and len({tuple(bare_text(row.cells.get(name, "")) for name in columns) for row in rows}) > 1
    )


def _cut(table: Table, columns: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The rows with nothing but these columns, by the keys of their headers."""
    names = {one_word(column): column for column in reversed(table.columns)}
    for row in table.rows:
        yield tuple(bare_text(row.cells.get(names[key], "")) for key in columns)


def _keys(table: Table) -> set[str]:
    """The headers of the columns with a value."""
    return {one_word(column) for column in table.columns if any(row.text(column) for row in table.rows)}


def _shared(first: Known, second: Known) -> list[tuple[str, str]]:
    """The columns of one header in two tables that a mapping takes."""
    there = {one_word(column): column for column in second[1].columns}
    return [(own, there[key]) for own in first[1].columns if (key := one_word(own)) in there]


def _differing(
    ids: dict[str, list[Row]], others: dict[str, list[Row]], shared: Sequence[tuple[str, str]]
) -> Iterator[tuple[str, str]]:
    """The ids and columns in which two tables differ; a column that mostly does has another form in each."""
    common = [(id_, ids[id_][0], others[id_][0]) for id_ in ids if id_ in others]
    for own, other in shared:
        pairs = [(id_, bare_text(row.cells.get(own, "")), bare_text(there.cells.get(other, "")))
                 for id_, row, there in common]  # fmt: skip
        both = [(id_, here == there) for id_, here, there in pairs if here and there]
        if sum(alike for _, alike in both) * 2 >= len(both):
            yield from ((id_, own) for id_, alike in both if not alike)


def table_name(table: Table) -> str:
    """The name of its file, with the sheet where a workbook has several."""
    return f"{table.name} ({table.sheet})" if table.sheet else table.name


def _labels(table: Table) -> set[str]:
    return {header_key(table.sheet), header_key(table.name.rpartition(".")[0])} - {""}


def _rows(table: Table) -> Counter[tuple[tuple[str, str], ...]]:
    """The rows without the form of their numbers and moments, which a workbook writes in its own way."""
    return Counter(
        tuple(sorted((one_word(name), text) for name, cell in row.cells.items() if (text := bare_text(cell))))
        for row in table.rows
    )


_ALONE = ("owner", "product", "currency")
"""What ids may name without a file of them: what they mean is asked."""
SEVERAL = ("customer", "contacts.contact")
"""What a cell may name several of."""
_NAMED = {
    "opportunity": "opportunities", "contact": "contacts", "customer": "customers",
    "contacts.contact": "contacts", "owner": "users", "by": "users", "product": "products",
}  # fmt: skip


def ids_of(known: Iterable[tuple[Table, Recognised]]) -> dict[str, set[str]]:
    """By kind, the ids in its files, also as ids are compared; a kind whose files have none is missing."""
    ids = dict[str, set[str]]()
    for table, told in known:
        if by := told.roles.get("external_id", told.roles.get("id")):
            own = texts(_rows_of(table, told), by)
            ids.setdefault(told.kind, set()).update(own, map(id_key, own))
    return ids


def _rows_of(table: Table, told: Recognised) -> Table:
    """The table with the rows that come."""
    return table._replace(rows=[row for row in table.rows if holds(told.rest.get("only", {}), row)])


def by_numbers(table: Table, told: Recognised, known: Iterable[Known], findings: Findings) -> Recognised:
    """The columns of papers, by their numbers where lines name these alone and nothing has their ids."""
    if told.kind not in ("quotations", "orders") or "rows" in told.rest or "external_id" not in told.roles:
        return told
    ids, numbers = (texts(table, told.roles.get(role, "")) for role in ("external_id", "custom.number"))
    of, named = f"record.{told.kind.removesuffix('s')}", findings.ids_here(told.kind)
    lines = [(table, other.roles.get(role, "")) for table, other in known for role in (of, "record.paper")]
    named |= {text for table, column in lines for text in texts(table, column)}
    if not named.isdisjoint(ids) or len(numbers) < len(table.rows) or named.isdisjoint(numbers):
        why = "lines that name one by its number stay out, as they are known by their ids"
        lost = not named.isdisjoint(numbers.keys() - ids.keys())
        findings.lost += [f"{table_name(table)}: {why}"] * lost
        return told
    swapped = {told.roles["external_id"]: "custom.id", told.roles["custom.number"]: "external_id"}
    return told._replace(columns=told.columns | swapped)


def firms_of(known: Iterable[tuple[Table, Recognised]]) -> set[str]:
    """The names of the customers in the files."""
    firms = [(_rows_of(*one), one[1].roles.get("name", "")) for one in known if one[1].kind == "customers"]
    return {folded(text) for table, name in firms for text in texts(table, name)}


def by_id_or_name(table: Table, told: Recognised, findings: Findings) -> Recognised:
    """The columns that name another record once: by id (`#`) if its file is there, else by name."""
    told, ids = _by_fitting_ids(table, told, findings), list[str]()
    columns = dict(told.columns)
    for column, role in told.columns.items():
        if role == "contact":
            columns[column] = _of_ids(table, column, role, findings)
        elif role == "contacts.contact" and "owner" not in told.roles and findings.are_users(table, column):
            columns[column] = "owner"  # `Referente` may be either
        if not isinstance(role, str) or not role.endswith("#"):
            continue
        plain = role.removesuffix("#")
        if priced := findings.price_entries.keys() & texts(table, column) if plain == "price_entry" else ():
            of = {entry: findings.price_entries[entry] for entry in sorted(priced)}
            columns[column] = {"to": "product", "values": of, "unknown": "skip"}
            continue
        named = (plain, "description") if plain == "product" else (plain,)
        names = [other for other, own in columns.items() if own in named]
        is_alone = plain in _ALONE and not any(texts(table, name) for name in names)
        own = texts(table, column)
        are_addresses = any("@" in text for text in own or [column.replace("mail", "@")])
        if names and plain == "contacts.contact" and are_addresses:
            columns[column] = "contacts.email"
        elif not own and any(texts(table, name) for name in names):  # the names aren't said again
            del columns[column]
        elif is_alone or _NAMED.get(plain) in findings.kinds:
            columns[column] = _of_ids(table, column, plain, findings) if plain in SEVERAL else plain
            if plain == "contacts.contact" and (firm := _firm_by_id(table, column, told, findings)):
                columns[column] = [columns[column], firm]
            ids += [n for n in names if columns[n] == plain or one_word(n) in told.rest.get("doubles", ())]
        elif names and (told.vendor or header_key(column).endswith(("id", "ids"))):
            ids.append(column)
        else:
            del columns[column]
    if record := told.roles.get("record"):  # two deals may have one name
        several = [c for c in columns_for(table, told.kind, "record") if c not in columns]
        here = findings.kinds.get("opportunities", set())
        parents = [c for c in several if header_key(c) == "parent id" and here & texts(table, c).keys()]
        if by_id := [c for c in several if (own := texts(table, c)) and here.issuperset(own)] or parents:
            columns[by_id[0]] = "record"
            ids.append(record)
    columns = {column: of for column, of in columns.items() if column not in ids}
    return told._replace(columns=columns, rest={**told.rest, "doubles": [*ids, *told.rest.get("said", ())]})


def _by_fitting_ids(table: Table, told: Recognised, findings: Findings) -> Recognised:
    """The columns; of two that may name a record by its id, the one all of whose ids are in its file.

    The other is the row's own if it has one in each: `customer_id` in a file of users of accounts.
    """
    columns = dict(told.columns)
    for column, role in told.columns.items():
        there = findings.kinds.get(_NAMED.get(str(role).removesuffix("#"), ""), set())
        if told.vendor or not there or str(role)[-1:] != "#" or there.issuperset(own := texts(table, column)):
            continue
        rivals = [c for c in columns_for(table, told.kind, str(role)) if c not in columns]
        fitting = [c for c in rivals if (others := texts(table, c)) and there.issuperset(others)]
        if fitting:
            columns = {fitting[0] if c == column else c: of for c, of in columns.items()}
            is_own = "external_id" not in columns.values() and len(own) == len(table.rows)
            columns |= {column: "external_id"} if is_own else {}
    return told._replace(columns=columns)


def _of_ids(table: Table, column: str, role: str, findings: Findings) -> dict[str, Any]:
    """What a column of ids feeds; nothing with an id that is in no file of the export, nor here later."""
    kind, ids = _NAMED[role], findings.kinds.get(_NAMED[role], ())
    missing = {text: n for text, n in texts(table, column).items() if is_code(text) and text not in ids}
    if not missing:
        return {"to": role, "split": ";"}
    rows, example = count(sum(missing.values()), "row", ","), next(iter(missing))
    lost = f"{rows} name {kind} that are not in the export, such as {example}, and come without"
    findings.assumed.append(f"{table.name}, {column}: {lost}")
    return {"to": role, "split": ";", "unknown": "skip"}


def _firm_by_id(table: Table, column: str, told: Recognised, findings: Findings) -> dict[str, Any] | None:
    """The customer of a deal whose contact's id is that of a customer; None for a column without such ids."""
    people, firms = (findings.kinds.get(kind, set()) for kind in ("contacts", "customers"))
    if not people.isdisjoint(firms) or firms.isdisjoint(texts(table, column)):
        return None
    place = told.column_of("customer")
    return {"to": "customer", "unknown": "skip", **({"when": {place: ""}} if place else {})}


_MOST_ALIKE = 0.2
"""The part of the rows that may be told apart by their order alone."""
_LOOKED_AT = 200
"""The first rows, among which some are looked for that an earlier run brought."""


def template_of_ids(
    table: Table, kind: str, column_of: Callable[[str], str | None], findings: Findings
) -> str | None:
    """The template of an id for deals or leads without one, that a second run may know them."""
    what = "deals" if kind == "opportunities" else kind
    several = [
        [column for role in roles if (column := column_of(role))]
        for roles in kinds_of_rows()[kind]["known by"]
    ]
    if before := _template_before(table, several, findings.ids_here("opportunities", "leads")):
        findings.assumed.append(f"{table.name} has no ids: its {what} are known by {before}, as before")
        return before
    choices: list[tuple[list[str], bool]] = []
    for named in several:
        full = [name for name in named if texts(table, name).total() == len(table.rows)]
        choices += [(full, False), (sorted(named, key=lambda name: name not in full), named != full)]
    choices.sort(key=lambda choice: any(len(table.rows) > texts(table, c).total() for c in choice[0][:1]))
    for columns, has_gaps in choices:  # noqa: B007  # a cell may be empty where no others tell the rows apart
        alike = len(table.rows) - len({tuple(row.cells.get(name) for name in columns) for row in table.rows})
        if columns and alike <= _MOST_ALIKE * len(table.rows):
            break
    else:
        told = f"its {what} are known by their whole rows, and are new where these change"
        findings.assumed.append(f"{table.name} has no ids, and rows alike: {told}")
        return None
    words = " and ".join(filter(None, (", ".join(columns[:-1]), *columns[-1:])))
    words += f", {count(alike, 'row')} like an earlier one by their order" if alike else ""
    findings.assumed.append(
        f"{table.name} has no ids: its {what} are known by {words}, and are new where these change; "
        "better export the ids, too"
    )
    return _template(*columns, *([ORDINAL] if alike or has_gaps else []))


def _template(*columns: str) -> str:
    return " | ".join(f"{{{column}}}" for column in columns)


def _template_before(table: Table, several: list[list[str]], here: Container[str]) -> str | None:
    """The template by which most rows are here already: by another, all of them would come once more."""
    parts = [
        part for named in several for size in range(len(named)) for part in combinations(named, size + 1)
    ]
    found = Counter[str]()
    for template in [_template(*part, *end) for part in parts for end in ((), (ORDINAL,))] if here else ():
        first = template.replace(f"{{{ORDINAL}}}", "1")
        found[template] = sum(text_of_row(first, row) in here for row in table.rows[:_LOOKED_AT])
    return next((template for template, rows in found.most_common(1) if rows), None)


def contacts_of_deals(
    table: Table, told: Recognised, column: str, entry: dict[str, Any], findings: Findings
) -> tuple[list[dict[str, Any]], dict[str, list[str]]]:
    """The contact of a deal: by name and address where the row has both, else by a name of one there.

    Gives the entries of the column of names, and the templates beside it.
    """
    place, address = told.column_of("customer") or "", told.roles.get("contacts.email", "")
    cells = [[row.text(name) for name in (column, place, address)] for row in table.rows]
    twins = [one for one in cells if one[0] in findings.namesakes]
    twins = [one for one in twins if one[1] in findings.namesakes[one[0]]] or twins
    names = sorted({name for name, _, _ in twins})
    firms = sorted({who for who, firm, _ in cells if not firm and folded(who) in findings.firms})
    plain = [] if names or firms else [f"{{{column}}}"]
    choices = [f"{{{column}}} <{{{address}}}>", *plain, f"{{{address}}}"]
    entries: list[dict[str, Any]] = []
    if firms:  # Capsule's `Contact` is who buys, a person or a firm
        entries.append({"to": "customer", "when": {column: firms} | ({place: ""} if place else {})})
    ids = {one[0]: findings.persons.get(one[0], ()) for one in cells if one[0] and not any(one[1:])}
    if alone := {name: min(own) for name, own in ids.items() if len(own) == 1}:  # whose firm no cell says
        when = {column: [*alone]} | ({place: ""} if place else {})
        entries.append({"to": entry["to"], "values": alone, "when": when})
    if names or firms:
        entry |= {"when": {column: {"not": [*names, *firms]}}, "#": "without two of one name, and firms"}
    entries += [entry] if names or not address else []
    if names and place:
        elsewhere = {"not": sorted({customer for _, customer, _ in twins})}
        entries.append({"to": entry["to"], "when": {column: names, place: elsewhere}})
    if lone := sum(not email for _, _, email in twins):
        findings.assumed.append(
            f"two contacts of one customer are called {', '.join(names)}: {count(lone, 'deal', ',')} of "
            f"{table.name} with this name alone come without; export their ids or addresses, too"
        )
    return entries, {"contacts.contact": choices} if address else {}
