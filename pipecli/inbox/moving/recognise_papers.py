"""Papers and lines recognised: which rows are quotations or orders, which their lines, and which both.

A table may have both kinds of papers, and bills beside them, or leads among its deals, as a column of types
tells: each kind is then a view of it, whose rows its mapping takes alone.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from functools import cache, partial
from itertools import product
from typing import Any

from pipecli.inbox.importing.compile_mapping import texts
from pipecli.inbox.importing.table import CountedRows, Row, Table
from pipecli.inbox.moving import arithmetic
from pipecli.inbox.moving.arithmetic import agree, are_amounts, are_rates, has_word, numbers
from pipecli.inbox.moving.duplicate_tables_and_columns import Known, table_name
from pipecli.inbox.moving.findings import Findings, about_table, name_of_lines
from pipecli.inbox.moving.papers_and_lines import (
    TERMS,
    best_fit,
    field_of,
    keys_of,
    leads_of_deals,
    rows_of_each,
    varying,
)
from pipecli.inbox.moving.recognise_by_words import (
    PAPER_KINDS,
    Recognised,
    are_deals,
    by_words,
    by_words_of,
    columns_for,
    completed_by_words,
    naming,
)
from pipecli.inbox.moving.vocabulary import (
    ANYTHING,
    Words,
    are_data,
    evidence,
    header_key,
    kinds_named,
    of_papers_statuses,
    patterns,
    role_nearly,
    state_of,
    stem_of,
    synonyms,
)
from pipecli.records.compare_names import folded
from pipecli.wording import count

_OF_A_LINE = ("quantity", "unit_price", "product#", "uom")
"""Roles that nothing but a line has, where a table has a row for each."""
_OF_DEALS = ("title", "amount", "stage", "status", "owner", "close", "expected_close")
"""Roles in which the rows of one deal don't differ; where its id tells it, but for what a line has, too."""
_ROLES = (*_OF_A_LINE, "product", "description", "external_id", *TERMS[1:])
_NAMES = ("external_id", "custom.number", "custom.name", "title")
"""Roles by which other tables name a record."""
_RECORDS = {
    "record.quotation": ("quotations",),
    "record.order": ("orders",),
    "record.paper": PAPER_KINDS,
    "record": ("opportunities",),
}
"""What a column of lines may name, by the kinds of the records that it names."""
_MOST_TYPES = 12
_MOST_OF_PEOPLE = 8  # columns of a table of the people in deals

Pair = tuple[Table, Recognised | None]


def with_papers_and_lines(tables: Iterable[Pair], findings: Findings) -> list[Pair]:
    """The tables with what no preset knows: papers of their deals, and lines, which name a record of another.

    A column nearly all of whose cells are names of records there tells it, whatever its header says.
    """
    every = [*tables]
    deals = _names_of(every, "opportunities")[""]
    several = [view for one in every for view in _views(*one, deals, findings)]
    alone = all(
        told is None
        or told.kind != "opportunities"
        or (not told.vendor and of_papers(table, told, deals, alone=True))
        for table, told in several
    )
    known = [
        (one, told if told and told.vendor else of_papers(one, told, deals, alone=alone) or told)
        for one, told in several
    ]
    has_deals = any(told and told.kind == "opportunities" for _, told in known)
    for place, (table, told) in enumerate(known):  # of a vendor, too
        named = told and told.kind in PAPER_KINDS and map(told.column_of, ("opportunity", "opportunity#"))
        if told and named and not (has_deals or any(named)):
            known[place] = table, told._replace(rest={**told.rest, "alone": True})
    names = cache(partial(_names_of, known))
    known = [(table, _of_lines(table, told, names)) for table, told in known]
    known = [(table, told or _of_what_was_done(table, names("opportunities")[""])) for table, told in known]
    known = [(table, told or _of_people_in_deals(table, names)) for table, told in known]
    known = [(table, told and with_lines_in_rows(table, told, findings)) for table, told in known]
    papers = [(table, told) for table, told in known if told and told.kind in PAPER_KINDS]
    known = [(table, told and _unless_named_again(table, told, papers, findings)) for table, told in known]
    return [(table, told) for table, told in known if told is None or told.kind]


def _views(
    table: Table, told: Recognised | None, deals: Container[str], findings: Findings
) -> Iterator[Pair]:
    """A table, or where a column tells its quotations from its orders a view of each, and of what is neither.

    So it is with the leads among deals. A row with neither a type nor a number is of the paper above it.
    """
    column, kinds = _types_of_rows(table, told)
    numbered = [c for c, role in by_words(table, "quotations").items() if role in _NUMBERS]
    rows, kind = defaultdict[str, list[Row]](list), ""
    for row in table.rows if column else ():
        is_below = not any(map(row.text, (column, *numbered)))
        kind = kind if is_below else kinds.get(row.text(column), "")
        rows[kind].append(row)
    views = dict[str, tuple[Table, Recognised]]()
    for kind in rows:
        only = {column: [word for word in kinds if kinds[word] == kind]}
        view, own = table._replace(rows=CountedRows(rows[kind])), Recognised(kind, "", "", {}, {}, 0)
        if told and told.kind == kind and (told.vendor or kind == "opportunities"):
            own = told
        elif told and kind == "leads":
            own = leads_of_deals(view, told)
        own = own._replace(rest={**own.rest, "only": {**own.rest.get("only", {}), **only}})
        views[kind] = view, own
    if not any(
        kind and (own.columns or of_papers(view, own, deals, alone=True))
        for kind, (view, own) in views.items()
    ):
        yield table, told
        return
    if "" in views:
        view, own = views[""]
        words = ", ".join(own.rest["only"][column]) or "nothing"
        findings.assumed.append(f"{table_name(table)}: rows that {column} calls {words} are left out")
        views[""] = view, own._replace(columns=by_words(view, "quotations"))
    yield from views.values()


def _types_of_rows(table: Table, told: Recognised | None) -> tuple[str, dict[str, str]]:
    """The column of types of rows, with the kind that each word is of, empty for neither; or none.

    Its header says so, or its words are all of papers and not of one kind: `Belegart`, with bills, too.
    """
    for column in table.columns if told and told.kind == "opportunities" and "part" not in told.rest else ():
        is_told = header_key(column) in ("type", "record type", "object type", "module")
        named = {word: kinds_named(f"{word}.csv") for word in (texts(table, column) if is_told else ())}
        if "leads" in set().union(*named.values()) and all(named.values()):
            return column, {w: min(own & {"leads", "opportunities"}, default="") for w, own in named.items()}
    if told and told.kind not in PAPER_KINDS and (told.vendor or told.kind in ("items", "activities")):
        return "", {}
    for column in table.columns:
        words = texts(table, column)
        role = field_of(told.columns.get(column, "")) if told else ""
        if len(words) > _MOST_TYPES or role in ("stage", "status"):
            continue
        kinds = {word: _kind_of_type(word) for word in words}
        is_named = header_key(column).split()[-1:] == ["type"]
        if any(kinds.values()) and (is_named or (None not in kinds.values() and len({*kinds.values()}) > 1)):
            return column, {word: kind or "" for word, kind in kinds.items()}
    return "", {}


def _kind_of_type(word: str) -> str | None:
    """The kind of papers that a word is for, empty for one of others, such as bills; None for no paper."""
    if re.search(patterns()["other papers"], folded(word)):
        return ""
    return min({*PAPER_KINDS} & kinds_named(f"{word}.csv"), default=None)


def of_papers(
    table: Table, told: Recognised | None, deals: Container[str], *, alone: bool = False
) -> Recognised | None:
    """Quotations or orders, by their type, the name of the file or headers; None where none names a deal.

    The deal is named by a word of the header, or by the names of `deals` in a column: `Projekt`. They may
    stand `alone`, in an export without deals, if they have numbers and customers.
    """
    kind = told.kind if told and told.kind in PAPER_KINDS else _papers_named(table)
    if kind is None or are_data(table.columns) or (told and not told.kind):
        return None
    columns = by_words(table, kind)
    if alone and "customer" not in columns.values():  # Xero's `ContactName`
        named = columns_for(table, "contacts", "name")
        columns |= dict.fromkeys([c for c in named if header_key(c) not in ANYTHING][:1], "customer")
    if "custom.name" not in columns.values():  # by which lines may name them
        named = [c for c in table.columns if c not in columns and header_key(c) in ANYTHING]
        columns |= dict.fromkeys([c for c in named if len(texts(table, c)) == len(table.rows)], "custom.name")
    for column in [c for c, role in columns.items() if role == "status"]:
        columns = _of_states(table, kind, column, columns)
    rest: dict[str, Any] = {"only": told.rest["only"]} if told and "only" in told.rest else {}
    net, other = patterns()["prices"]["untaxed"].split(), {*patterns()["no sum"].split()}
    free = [c for c in table.columns if columns.get(c, "total") == "total" and has_word(c, "sum")]
    free = [c for c in free if role_nearly(c, synonyms()["items"]) != "unit_price"]  # `Einzelpreis netto`
    gross = [c for c in free if re.search(patterns()["with tax"], header_key(c))]
    sums = [c for c in free if c in (*columns, *gross) or other.isdisjoint(header_key(c).split())]
    sums.sort(key=lambda c: ({*net}.isdisjoint(header_key(c).split()), c not in columns))  # `Untaxed Amount`
    for column in [c for c in sums if are_amounts(table, c)][:1]:
        rest |= {} if column in columns else {"sum": column}
        columns = {c: role for c, role in columns.items() if role != "total"} | {column: "total"}
    of_deals = [c for c, role in columns.items() if role in ("opportunity", "opportunity#")]
    if alone and 10 * sum(texts(table, c).total() for c in of_deals) < len(table.rows):
        columns = {c: role for c, role in columns.items() if c not in of_deals}  # five of 2,862 are no rule
    elif not of_deals:
        free = _free(table, columns)
        columns |= dict.fromkeys(naming(table, free, deals)[:1], "opportunity")
    fed = {*map(str, columns.values())}
    is_told, is_numbered = (not fed.isdisjoint(of) for of in (evidence()[kind]["needs"], _NUMBERS))
    rest |= {"alone": True} if not is_told else {}
    is_told |= alone and is_numbered and "customer" in fed
    return Recognised(kind, "", "", columns, rest, 1) if is_told else None


def _of_states(table: Table, kind: str, column: str, columns: Mapping[str, Any]) -> dict[str, Any]:
    """The columns, with what that of states says, and what another says of its words that nobody knows.

    Each word of that is known: Dynamics' `Status Reason` of `Closed` is `Lost`.
    """
    rest = {c: columns[c] for c in columns if c != column}
    own = of_papers_statuses(kind, texts(table, column))
    known = [*own["values"]]
    for other in table.columns if texts(table, column).keys() - known else ():
        cells = texts(table, other)
        if len(cells) > 1 and other not in columns and all(state_of(word, kind) for word in cells):
            beside = {"to": "status", **of_papers_statuses(kind, cells)}
            if not known:
                return {**rest, other: beside}
            own = {"to": "status", "values": own["values"], "when": {column: known}}
            return {**rest, other: {**beside, "when": {column: {"not": known}}}, column: own}
    return {**rest, column: {"to": "status", **own}}


def _free(table: Table, columns: Mapping[str, Any]) -> list[str]:
    """The columns that feed no field of their own."""
    return [c for c in table.columns if field_of(columns.get(c, "custom")).partition(".")[0] == "custom"]


_NUMBERS = {"external_id", "custom.number"}
_OF_PAPERS = {*_NUMBERS, "custom.name", "created", "valid_until", "status", "total"}


def _papers_named(table: Table) -> str | None:
    """The kind of papers that the name of a file or sheet says, or several headers: `Quote Number`."""
    named = {*PAPER_KINDS} & kinds_named(table.sheet or table.name)
    if named or are_deals(table):
        return min(named, default=None)
    words = synonyms()
    spoken = {
        kind: sum(_speaks_of(column, words[kind]) for column in table.columns)
        + any(re.search(rf"\b{name}\b", stem_of(table.name)) for name in words[kind].names)
        for kind in PAPER_KINDS
    }
    most = max(spoken, key=lambda kind: spoken[kind])
    return most if spoken[most] > 1 else None


def _speaks_of(header: str, words: Words) -> bool:
    """True for a header of papers that has a word for them, too: `Angebotsdatum`, `Fecha pedido`."""
    own = "|".join(noun for noun in words.names if len(noun) > 4)
    return role_nearly(header, words) in _OF_PAPERS and bool(re.search(rf"\b({own})", header_key(header)))


def _names_of(several: Iterable[tuple[Table, Recognised | None]], kind: str) -> dict[str, set[str]]:
    """The names of the records of a kind by the keys of their headers; by `""` all but short numbers."""
    names = defaultdict[str, set[str]](set)
    for table, told in several:
        for column in filter(None, map(told.column_of, _NAMES)) if told and told.kind == kind else ():
            cells = {*map(folded, texts(table, column))}
            names[header_key(column)] |= cells
            names[""] |= {text for text in cells if not re.fullmatch(r"[\d.,]{1,4}", text)}
    return names


def _of_lines(
    table: Table, told: Recognised | None, names: Callable[[str], Mapping[str, set[str]]]
) -> Recognised | None:
    """The columns of lines, by a quantity, a price and what names their records; others as they were told.

    Words may tell lines, and not whose: a column may name quotations and orders, and papers that stay out.
    """
    is_open = told is None or not (told.vendor or told.kind in ("users", "", *PAPER_KINDS))
    if not is_open or (told and not told.roles.keys().isdisjoint(("stage", "status"))):
        return told  # words tell what such a kind alone has
    columns = (own := by_words(table, "items")) | arithmetic.price_and_total(table, own)
    roles = {*columns.values()}
    if "quantity" not in roles or roles.isdisjoint(("unit_price", "total")) or are_data(table.columns):
        return told
    by_word = (
        {c: of for c, of in columns.items() if of.startswith("record")}
        if told and told.kind == "items"
        else {}
    )
    for role, column in product(_RECORDS, by_word or table.columns):
        if any(_names(table, column, role, key, names) for key in ("", header_key(column))):
            if told and role in by_word.values():
                return told
            rest = {c: of for c, of in columns.items() if not of.startswith("record")}
            return Recognised("items", "", "", rest | {column: role}, {"unknown": "skip"}, 1)
    return told


def _names(
    table: Table, column: str, role: str, key: str, names: Callable[[str], Mapping[str, set[str]]]
) -> bool:
    """True for a column of the names of records of these kinds, some of each, and of papers that stay out."""
    several, cells = (
        [names(kind).get(key, set()) for kind in _RECORDS[role]],
        {*map(folded, texts(table, column))},
    )
    is_of_each = not any(map(cells.isdisjoint, several))
    return is_of_each and naming(table, [column], names("").get(key, set()).union(*several)) != []


def with_contacts(known: Iterable[Known]) -> Iterator[Known]:
    """The tables; papers with whom they are for, as cells name contacts of a file or else the header says.

    Short numbers name nobody: anything may have them.
    """
    known, people = [*known], set[str]()
    for table, told in known:
        roles = told.roles if told.kind == "contacts" else {}
        for named in (("external_id",), ("name",), ("emails",), ("first_name", "last_name")):
            columns = [roles.get(role, "") for role in named]
            people |= {folded(" ".join(map(row.text, columns))) for row in table.rows if all(columns)}
    people = {name for name in people if not re.fullmatch(r"[\d.,]{0,4}", name)}
    for table, told in known:
        columns, free = list[str](), _free(table, told.columns)
        if told.kind in PAPER_KINDS and not told.column_of("contact"):
            free = [c for c in free if c not in columns_for(table, "opportunities", "owner")]
            called = [c for c in columns_for(table, "opportunities", "contacts.contact") if c in free]
            columns = naming(table, free, people) or called
            columns.sort(key=lambda c: not header_key(c).endswith((" id", " ids")))
        entry = {"to": "contact", "unknown": "skip", "split": ";"}
        yield table, told._replace(columns=told.columns | dict.fromkeys(columns[:1], entry))


def _of_what_was_done(table: Table, deals: Container[str]) -> Recognised | None:
    """Activities by their types, their days and a column of deals, `Código do negócio`; None for others."""
    columns = by_words(table, "activities")
    of_deals = naming(table, [c for c in table.columns if c not in columns], deals)[:1]
    if not of_deals or not {"type", "at"} <= {*columns.values()}:
        return None
    own = Recognised("activities", "", "", columns | {of_deals[0]: "record"}, {}, 1)
    return completed_by_words(table, own)


def _of_people_in_deals(table: Table, names: Callable[[str], Mapping[str, set[str]]]) -> Recognised | None:
    """The contacts of deals, by columns of the ids of both and little else, as of HubSpot's associations."""
    columns, keys = dict[str, str](), {"role": "contacts.role", "primary": "contacts.primary"}
    for kind, role in (("opportunities", "external_id"), ("contacts", "contacts.contact")):
        free = [c for c in table.columns if c not in columns]
        own = [
            c for c in free if any(naming(table, [c], names(kind).get(k, ())) for k in ("", header_key(c)))
        ]
        columns |= dict.fromkeys(own[:1], role)
    columns |= {c: of for c in table.columns for key, of in keys.items() if key in header_key(c).split()}
    if len({*columns.values()} - {*keys.values()}) < 2 or len(table.columns) > _MOST_OF_PEOPLE:
        return None
    rest = {"part": True, "rows": "contacts", "unknown": "skip"}
    return Recognised("opportunities", "", "", columns, rest, 1)


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
    apart = varying(groups, table.columns, keys[0])
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
    if not best_fit(table._replace(columns=lines))[1] and (fit := best_fit(with_offs)[1]):
        lines = [c for c in with_offs.columns if c in {*lines, *fit.off}]
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
    is_paper = told.kind in PAPER_KINDS
    head = told if told.vendor else of_papers(first, told, ()) if is_paper else by_words_of(first, ())
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
