"""Which table of an export comes, where several are about one thing; and how its deals and leads ended.

Of tables about the same records, twins in another form and those made from others stay out; where nothing
tells which of two that differ is right, it is asked.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any

from pipecli.errors import PipecliError
from pipecli.inbox.importing.compile_mapping import holds, texts
from pipecli.inbox.importing.day_formats import is_iso
from pipecli.inbox.importing.table import Row, Table, fill_down
from pipecli.inbox.moving.column_formats import date_form
from pipecli.inbox.moving.findings import Findings, Outcomes, When
from pipecli.inbox.moving.synonyms import Recognised
from pipecli.inbox.moving.words import (
    header_key,
    is_of_change,
    is_yes,
    one_word,
    outcome_of,
    patterns,
    stem_of,
)
from pipecli.records.name_matching import folded
from pipecli.store import ids_and_files
from pipecli.wording import count

Known = tuple[Table, Recognised]
_LEAST = 2
"""Columns of a table that another may have all of."""


def without_overlaps(known: Sequence[Known], findings: Findings) -> list[int]:
    """The places of the tables that are to come; the findings say why others stay out."""
    out = {*_twins(known, findings)}
    for number, one in enumerate(known):
        for place, other in enumerate(known[:number]):
            if {place, number} & out or one[1].kind != other[1].kind or one[0] is other[0]:
                continue
            if "part" in one[1].rest or "part" in other[1].rest:
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
    columns = sorted(_keys(table))
    if not table.rows or len(columns) < _LEAST or not _keys(other).issuperset(columns):
        return ""
    there = {*_cut(other, columns)}
    return f"{name} has all its rows and columns" if there.issuperset(_cut(table, columns)) else ""


def _asked(first: Known, second: Known, place: int, number: int, findings: Findings) -> set[int]:
    """The place of one of two tables that contradict each other of the same records, as it is answered."""
    ids, others = _by_id(*first), _by_id(*second)
    differing = [*_differing(ids, others, _shared(first, second))]
    if not differing:
        return set()
    id_, column = differing[0]
    return _answered(
        first[0],
        second[0],
        place,
        number,
        f"are both about {count(len({id_ for id_, _ in differing}), 'record', ',')} of one id and differ, "
        f"as in {column} of {id_}",
        findings,
    )


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
        and len({tuple(_bare(row.cells.get(name, "")) for name in columns) for row in rows}) > 1
    )


def _cut(table: Table, columns: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The rows with nothing but these columns, by the keys of their headers."""
    names = {one_word(column): column for column in reversed(table.columns)}
    for row in table.rows:
        yield tuple(_bare(row.cells.get(names[key], "")) for key in columns)


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
        pairs = [(id_, _bare(row.cells.get(own, "")), _bare(there.cells.get(other, "")))
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
        tuple(sorted((one_word(name), text) for name, cell in row.cells.items() if (text := _bare(cell))))
        for row in table.rows
    )


def _bare(cell: object) -> str:
    text = re.sub(r"[T ]00:00(:00(\.0+)?)?$", "", str(cell).strip())
    with suppress(ArithmeticError):
        return format(Decimal(text).normalize(), "f")
    return text.lower()


def stages_to_fill(table: Table, roles: Mapping[str, str], findings: Findings) -> list[str]:
    """The column of stages, filled down, where that was answered; says which rows have no stage.

    Asks where each stage is written once and rows without one follow it, as over a group.
    """
    column, name = roles.get("stage", ""), table_name(table)
    stages = [row.text(column) for row in table.rows]
    empty = [row for row, stage in zip(table.rows, stages, strict=True) if not stage]
    if not empty or not any(stages):
        return []
    rows = f"{name}: {_are(empty, table, f'no {column}')}"
    about, told = _about("stages", table), None
    often = Counter(filter(None, stages)).values()
    if stages[0] and {*often} == {1} and len(empty) >= len(often):
        group = "each stage is written once. Is it that of the rows below it, too (down), or have they none"
        told = findings.asked(about, f"{rows}, and {group} (empty)?", ("down", "empty"))
    if told != "down":
        findings.assumed.append(f"{rows}: those that are open come in the first stage")
        return []
    fill_down(table.rows, column)
    return [column]


def _about(word: str, table: Table) -> str:
    """The name of a question about one table, without the moment in that of its file."""
    return f"{word}-{ids_and_files.slug(f'{stem_of(table.name)} {table.sheet}')}"


def _are(rows: Sequence[Row], table: Table, what: str) -> str:
    """`2 of 9 rows have a day, the first in line 3`."""
    has = f"{'has' if len(rows) == 1 else 'have'} {what}"
    return f"{len(rows):,} of {count(len(table.rows), 'row', ',')} {has}, the first in line {rows[0].line}"


def _open_rows(table: Table, outcomes: Outcomes | None, when: When) -> list[Row]:
    """The rows of deals that are open by the outcomes and fulfil a condition."""
    is_open = outcomes.of_row if outcomes else lambda _: "open"
    return [row for row in table.rows if when and holds(when, row) and is_open(row) == "open"]


def days_tell(table: Table, roles: Mapping[str, str]) -> bool:
    """True where the closing days tell what ended, and stages don't: one has deals with a day and without."""
    stages: tuple[set[str], set[str]] = set(), set()
    for row in table.rows:
        has_ended = holds({roles.get("closed_date", ""): {"not": [""]}}, row)
        stages[has_ended].add(row.text(roles.get("stage")))
    return bool(stages[True]) and not (stages[False] and stages[False].isdisjoint(stages[True]))


def beside(outcomes: Outcomes | None, own: Outcomes) -> Outcomes:
    """The outcomes, with what another column says of deals that are open by them."""
    if outcomes is None:
        return own
    marks = [(of, outcomes.alive | when) for of in ("won", "lost") if (when := own.by_column(of))]
    alive, why = outcomes.alive | own.by_column("open"), [*filter(None, (outcomes.why, own.why))]
    return outcomes._replace(marks=(*outcomes.marks, *marks), alive=alive, why=", else ".join(why))


def _of_yes(table: Table, column: str, ending: str) -> Outcomes:
    said = {word: is_yes(word) or outcome_of(word) == ending for word in texts(table, column)}
    of = {word: ending if is_so else "open" for word, is_so in said.items()}
    return Outcomes(column, of | {"": "open"}, f"as {column} says")


def _of_one_end(table: Table, roles: Mapping[str, str]) -> Iterator[tuple[str, Outcomes]]:
    """Each end that columns of their own tell, and what such a column says: by a day, or by a yes."""
    ends = [end for end in ("won", "lost") if {end, f"{end}_date"} & roles.keys()]
    for ending in ends:
        if column := roles.get(f"{ending}_date"):
            yield ending, Outcomes(column, {"": "open"}, f"as {column} says", other=ending)
        if column := roles.get(ending):
            yield ending, _of_yes(table, column, ending)
    if len(ends) == 1 and "closed" in roles:
        other = "lost" if ends == ["won"] else "won"
        yield other, _of_yes(table, roles["closed"], other)


_WITH_A_DAY = "won, lost, or open, with the day as the expected close"


def _end_of(
    about: str, rows: Sequence[Row], says: str, table: Table, findings: Findings, ends: tuple[str, ...]
) -> Any:
    """Which end of several was answered of these rows; None, and asked, where none was."""
    about, has = _about(about, table), _are(rows, table, says)
    told = findings.answer(about, ends)
    if told is None and "outcomes" not in findings.questions:
        which = f"{', '.join(ends[:-1])} or open" if len(ends) < 3 else _WITH_A_DAY
        hint = "If they differ, export their status, too."
        findings.ask(about, f"{table_name(table)}: {has}. Are these deals {which}? {hint}", ends)
    return told


def ended_by_marks(
    table: Table, roles: Mapping[str, str], base: Outcomes | None, findings: Findings
) -> Outcomes | None:
    """The outcomes, with what columns of one end alone say: a day in `Won date`, a yes in `Lost?`.

    A row that contradicts itself is rejected. Asks about deals with a mark that are open by a column which
    says of others that they ended so, and of a no in `Won?` whether it means lost.
    """
    outcomes, earlier = base, list[tuple[str, Outcomes]]()
    told = {*base.of.values()} if base else set()
    for ending, own in _of_one_end(table, roles):
        column, rows = own.column, _open_rows(table, base, own.by_column(ending))
        if base and ending in told:
            says = f'"{rows[0].text(column)}" in {column} and an open {base.column}' if rows else ""
            if not rows or _end_of(ending, rows, says, table, findings, (ending, "open")) != ending:
                continue
        no = [word for word, of in own.of.items() if word and of == "open"]
        known = {*told, *roles} & {"lost", "lost_date", "closed", "closed_date"}
        if column == roles.get("won") and not known and (rows := _open_rows(table, base, {column: no})):
            answer = _end_of("lost", rows, f"{no[0]} in {column}", table, findings, ("lost", "open"))
            own = own._replace(of=own.of | dict.fromkeys(no, answer or "open"))
        refused = (
            [] if own.other != "open" or outcomes is None else [(column, {"values": dict.fromkeys(own.of)})]
        )
        for other, before in earlier if column != roles.get("closed") else ():
            when = before.by_column(other) | (base.by_column("open") if base else {})
            fits = [word for word, of in own.of.items() if not word or (of == ending) is (other == ending)]
            refused.append((column, {"values": dict.fromkeys(fits), "when": when}))
            if rows := _open_rows(table, base, when | {column: {"not": fits}}):
                has = _are(rows, table, f"what can't be both in {before.column} and {column}")
                findings.assumed.append(f"{table_name(table)}: {has}: they will be rejected")
        earlier.append((ending, own))
        outcomes = beside(outcomes, own)
        outcomes = outcomes._replace(refused=(*outcomes.refused, *refused))
    return outcomes


def ended_by_day(
    table: Table, roles: Mapping[str, str], outcomes: Outcomes | None, findings: Findings
) -> Outcomes | None:
    """The outcomes, with those of deals that have a closing day and that no column calls won or lost.

    What the day means is asked, unless the column of statuses or stages says how other deals ended.
    """
    column = roles.get("closed_date", "")
    own = Outcomes(column, {"": "open"}, "as you answered", other="won")
    ended = _open_rows(table, outcomes, own.by_column("won")) if column else []
    if not ended:
        return outcomes
    of = {outcomes.of_row(row) for row in table.rows} if outcomes else set()
    if outcomes and (outcomes.column == roles.get("status") or {"won", "lost"} <= of):
        has = f"{table_name(table)}: {_are(ended, table, f'a day in {column}')}"
        findings.assumed.append(f"{has}: open all the same, as {outcomes.column} says")
        return outcomes
    ends = ("won", "lost", "open")
    told = _end_of("closed", ended, f"a day in {column}", table, findings, ends)
    if told in (None, "open"):
        return outcomes and outcomes._replace(expects=column)
    return beside(outcomes, own._replace(other=told))


def without_deleted(table: Table, told: Recognised, findings: Findings) -> Known:
    """A table without the rows that are deleted in the other system, where a column says so."""
    words, only = patterns()["deleted"].split(), dict[str, Any]()
    for column in table.columns:
        if one_word(column) in words:
            only[column] = {"not": [word for word in texts(table, column) if is_yes(word)]}
        elif column == told.roles.get("status"):
            only[column] = {"not": [word for word in texts(table, column) if one_word(word) in words]}
    only = {column: gone for column, gone in only.items() if gone["not"]}
    findings.assumed += [f"{table_name(table)}: rows that {column} marks are left out" for column in only]
    rest = {**told.rest, "only": {**told.rest.get("only", {}), **only}} if only else told.rest
    rows = [row for row in table.rows if holds(only, row)]
    return table._replace(rows=rows), told._replace(rest=rest)


def with_ends(table: Table, told: Recognised, findings: Findings) -> Recognised:
    """The columns of leads, with those that were given up or became customers as what they are."""
    roles = "custom.lead_status is_converted converted.customer organization created converted.date"
    status, flag, buyer, firm, made, turned = (told.column_of(role) or "" for role in roles.split())
    if told.kind != "leads":
        return told
    ends = {word: _end_of_lead(word, told.rest.get("ends", {})) for word in texts(table, status)}
    means = {word: {"status": end} for word, end in ends.items()} | {"": {"status": "new"}}
    lost, won = ({status: [w for w in ends if ends[w] == end]} for end in ("disqualified", "converted"))
    yes = {word: {"status": "converted"} for word in texts(table, flag) if is_yes(word)}
    if yes:  # this tells, and not what the status is called
        means |= {word: {"status": "open"} for word in won[status]}
        won = {flag: [*yes]}
    names = told.rest.get("reasons", {})
    for word in lost[status]:
        means[word]["disqualified.reason"] = reason = ids_and_files.slug(names.get(word, word))
        findings.disqualify_reasons.setdefault(reason)
    feeds: dict[str, list[dict[str, Any]]] = {flag: [{"values": yes, "when": won}]} if yes else {}
    feeds |= {status: [{"to": "custom.lead_status"}, {"values": means}]} if status else {}
    sold = [{"to": "converted.customer", "when": won}] if all(won.values()) else []
    if buyer and sold and "customers" in findings.kinds:
        feeds[buyer] = [{**sold[0], "unknown": "skip"}]
    feeds |= {firm: [{"to": "organization"}, *sold]} if firm else {}
    day, answer = next(filter(is_of_change, table.columns), made), findings.answer("closing")
    form = {column: date_form(table, column, findings).entry() for column in (turned, made, day) if column}
    feeds |= {turned: [{"to": "converted.date", "when": won, **form[turned]}]} if turned and sold else {}
    feeds |= {made: [{"to": "created", **form[made]}]} if made else {}
    for end, when in (("converted", won), ("disqualified", lost)):
        if day and all(when.values()):
            feeds.setdefault(day, []).append({"to": f"{end}.date", "when": when, **form[day]})
        elif all(when.values()) and answer is None:
            which = f"on which its leads were {end}. Which is it? Answer with a day, such as 2026-01-31."
            findings.ask("closing", f"{table.name} lacks the day {which}")
        elif all(when.values()):
            if not is_iso(str(answer)):
                raise PipecliError(f'closing: answer with a day, such as 2026-01-31, not "{answer}"')
            for part in (part for part in (*yes.values(), *means.values()) if part["status"] == end):
                part[f"{end}.date"] = str(answer)
    doubles = [*told.rest.get("doubles", ()), *sorted({flag, buyer, turned} - {"", *feeds})]
    rest = {**told.rest, "make": ["customer"] if sold else [], "doubles": doubles}
    kept = {c: role for c, role in told.columns.items() if c not in (*feeds, *doubles)}
    return told._replace(columns=feeds | kept, rest=rest)


def _end_of_lead(word: str, known: Mapping[str, str]) -> str:
    """The status here of a lead whose status there is called so; some vendors' words are `known`."""
    plain, words = folded(word), patterns()["leads"]
    told = next((status for status, pattern in words.items() if re.search(pattern, plain)), None)
    ends = {"lost": "disqualified", "won": "converted"}
    return known.get(word) or told or ends.get(outcome_of(word) or "", "open")
