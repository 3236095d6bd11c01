"""The ends of an export's deals, leads and activities, as a day, a yes or a mark beside their status tells.

Where two columns say different things, or nothing tells, it is asked.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date
from typing import Any

from pipecli.errors import PipecliError, Unreadable
from pipecli.inbox.importing.compile_mapping import holds, texts
from pipecli.inbox.importing.day_formats import is_iso, read_day
from pipecli.inbox.importing.table import CountedRows, Row, Table, fill_down
from pipecli.inbox.moving.duplicate_tables_and_columns import Known, table_name
from pipecli.inbox.moving.findings import Findings, Outcomes, When, about_table, beside
from pipecli.inbox.moving.guess_or_ask_formats import are_days, date_form
from pipecli.inbox.moving.recognise_by_words import Recognised, columns_for, with_marks
from pipecli.inbox.moving.vocabulary import (
    header_key,
    is_of_change,
    is_yes,
    of_activity,
    one_word,
    outcome_of,
    patterns,
    state_of,
    stem_of,
)
from pipecli.records.compare_names import folded
from pipecli.store import ids_and_files
from pipecli.wording import count


def columns_to_fill(table: Table, told: Recognised, findings: Findings) -> list[str]:
    """The columns of which an empty cell is that of the row above, filled down: also deals' stages."""
    fill = [column for column in told.rest.get("fill", ()) if column in table.columns]
    for column in fill:
        fill_down(table.rows, column)
    if told.kind != "opportunities" or {"part", "rows"} & told.rest.keys():
        return fill
    return [*fill, *_stages_to_fill(table, told.roles, findings)]


def _stages_to_fill(table: Table, roles: Mapping[str, str], findings: Findings) -> list[str]:
    """The column of stages, filled down, where that was answered; says which rows have no stage.

    Asks where each stage is written once and rows without one follow it, as over a group.
    """
    column, name = roles.get("stage", ""), table_name(table)
    stages = [row.text(column) for row in table.rows]
    empty = [row for row, stage in zip(table.rows, stages, strict=True) if not stage]
    if not empty or not any(stages):
        return []
    rows = f"{name}: {_are(empty, table, f'no {column}')}"
    about, told = about_table("stages", table), None
    often = Counter(filter(None, stages)).values()
    if stages[0] and {*often} == {1} and len(empty) >= len(often):
        group = "each stage is written once. Is it that of the rows below it, too (down), or have they none"
        told = findings.asked(about, f"{rows}, and {group} (empty)?", ("down", "empty"))
    if told != "down":
        findings.assumed.append(f"{rows}: those that are open come in the first stage")
        return []
    fill_down(table.rows, column)
    return [column]


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


def _of_yes(table: Table, column: str, ending: str) -> Outcomes:
    said = {word: is_yes(word) or outcome_of(word) == ending for word in texts(table, column)}
    of = {word: ending if is_so else "open" for word, is_so in said.items()}
    return Outcomes(column, of | {"": "open"}, f"as {column} says")


def _of_one_end(table: Table, roles: Mapping[str, str]) -> Iterator[tuple[str, Outcomes]]:
    """Each end that columns of their own tell, and what such a column says: by a day, or by a yes."""
    ends = [end for end in ("won", "lost") if {end, f"{end}_date"} & roles.keys()]
    for ending in ends:
        if column := roles.get(f"{ending}_date"):
            yield ending, Outcomes(column, {"": "open"}, f"as {column} says", of_other=ending)
        if column := roles.get(ending):
            yield ending, _of_yes(table, column, ending)
    if len(ends) == 1 and "closed" in roles:
        other = "lost" if ends == ["won"] else "won"
        yield other, _of_yes(table, roles["closed"], other)


_WITH_A_DAY = "won, lost, or open, with the day as the expected close"


def _end_of(
    about: str,
    rows: Sequence[Row],
    says: str,
    table: Table,
    findings: Findings,
    ends: tuple[str, ...],
    which: str = "",
) -> Any:
    """Which end of several was answered of these rows; None, and asked, where none was."""
    about, has = about_table(about, table), _are(rows, table, says)
    told = findings.answer(about, ends)
    if told is None and ("outcomes" not in findings.questions or about.startswith("is-closed-")):
        which = which or f"{ends[0]} or open"
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
    told = {*base.of_word.values()} if base else set()
    for ending, own in _of_one_end(table, roles):
        column, rows = own.column, _open_rows(table, base, own.by_column(ending))
        if base and ending in told:
            says = f'"{rows[0].text(column)}" in {column} and an open {base.column}' if rows else ""
            if not rows or _end_of(ending, rows, says, table, findings, (ending, "open")) != ending:
                continue
        no = [word for word, of in own.of_word.items() if word and of == "open"]
        known = {*told, *roles} & {"lost", "lost_date", "closed", "closed_date"}
        if column == roles.get("won") and not known and (rows := _open_rows(table, base, {column: no})):
            answer = _end_of("lost", rows, f"{no[0]} in {column}", table, findings, ("lost", "open"))
            own = own._replace(of_word=own.of_word | dict.fromkeys(no, answer or "open"))
        refused: list[tuple[str, dict[str, Any]]] = []
        if outcomes is not None and own.of_other == "open":
            refused.append((column, {"values": dict.fromkeys(own.of_word)}))
        for other, before in earlier if column != roles.get("closed") else ():
            when = before.by_column(other) | (base.by_column("open") if base else {})
            is_same = other == ending
            fits = [word for word, of in own.of_word.items() if not word or (of == ending) == is_same]
            refused.append((column, {"values": dict.fromkeys(fits), "when": when}))
            if rows := _open_rows(table, base, when | {column: {"not": fits}}):
                has = _are(rows, table, f"what can't be both in {before.column} and {column}")
                findings.assumed.append(f"{table_name(table)}: {has}: they will be rejected")
        earlier.append((ending, own))
        outcomes = beside(outcomes, own)
        outcomes = outcomes._replace(refused=(*outcomes.refused, *refused))
    return outcomes


def ended_by_day_or_yes(
    table: Table, roles: Mapping[str, str], outcomes: Outcomes | None, findings: Findings
) -> Outcomes | None:
    """The outcomes, with those of deals that are closed, or have a closing day, and are open by all else.

    How they ended is asked; of a day not where the column of statuses or stages says how other deals ended.
    """
    for role in ("closed", "closed_date"):
        column, is_flag = roles.get(role, ""), role == "closed"
        own = Outcomes(column, {"": "open"}, "", of_other="won")
        own = (_of_yes(table, column, "won") if is_flag else own)._replace(why="as you answered")
        ended = _open_rows(table, outcomes, own.by_column("won")) if column else []
        of = {outcomes.of_row(row) for row in table.rows} if outcomes else set()
        says = f'"{ended[0].text(column)}" in {column}' if ended and is_flag else f"a day in {column}"
        if not ended:
            continue
        has, over, is_by_word = f"{table_name(table)}: {_are(ended, table, says)}", list[str](), False
        if outcomes and not is_flag:
            is_by_word = outcomes.column == roles.get("status") or {"won", "lost"} <= of
        elif outcomes and findings.words and not findings.answer(about_table("is-closed", table)):
            over = closed_stages(table, roles, outcomes.of_word)  # the question of outcomes has them
        ended = [row for row in ended if row.text(roles.get("stage")) not in over]
        if outcomes and (is_by_word or not ended):
            why = f"as {outcomes.column} says" if is_by_word else "as you answered"
            if is_by_word or "outcomes" not in findings.questions:
                findings.assumed.append(f"{has}: open all the same, {why}")
            continue
        about, which = ("is-closed", "won, lost or open") if is_flag else ("closed", _WITH_A_DAY)
        told = _end_of(about, ended, says, table, findings, ("won", "lost", "open"), which)
        if told in ("won", "lost"):
            of_word = {word: told if of == "won" else of for word, of in own.of_word.items()}
            other = "open" if is_flag else told
            outcomes = beside(outcomes, own._replace(of_word=of_word, of_other=other))
        elif not is_flag:
            outcomes = outcomes and outcomes._replace(expects=column)
    return outcomes


def closed_stages(table: Table, roles: Mapping[str, str], of: Mapping[str, str]) -> list[str]:
    """The stages, open by the outcomes `of` them, of which every deal is closed, as a column alone says."""
    over: dict[str, bool] = {}
    is_alone = {"closed", "stage"} <= roles.keys() and not roles.keys() & {"won", "lost"}
    for row in table.rows if is_alone else ():
        stage, is_over = row.text(roles["stage"]), bool(is_yes(row.text(roles["closed"])))
        over[stage] = over.get(stage, True) and is_over
    return [stage for stage, is_over in over.items() if is_over and of.get(stage) == "open"]


def _said(
    role: str, words: Iterable[str], ends: Mapping[str, str], findings: Findings
) -> dict[str, set[str]]:
    """The outcomes that each word of a column allows a deal; a word that tells nothing isn't there."""
    if role in ("stage", "status"):
        told = {word: findings.words.get(word) or ends.get(word) or outcome_of(word) for word in words}
        telling = _ENDS if role == "stage" or _ENDS.isdisjoint(told.values()) else {*_ENDS, "open"}
        return {word: {of} for word, of in told.items() if of is not None and of in telling}
    if role == "probability":
        return {word: {"won"} for word in words if re.fullmatch(r"100(\.0+)? ?%?", word)}
    yes, no = _FLAGS[role]
    return {word: yes if is_so else no for word in words if (is_so := is_yes(word)) is not None}


_ENDS = frozenset({"won", "lost"})
_FLAGS = {
    "won": ({"won"}, {"open", "lost"}),
    "lost": ({"lost"}, {"open", "won"}),
    "closed": ({"won", "lost"}, {"open"}),
}


def that_holds(
    table: Table, roles: Mapping[str, str], outcomes: Outcomes, ends: Mapping[str, str], findings: Findings
) -> str | None:
    """The role of the column that was answered to hold where it and the one that tells the ends differ.

    Asks where stage, status or a yes says another end of a deal than `outcomes`; says which open deals have
    a probability of 100 %, and where a word that only the answer tells differs: it holds. None where the
    column of `outcomes` does. Raises PipecliError for another answer.
    """
    about, differ, answered = about_table("ends", table), dict[str, list[Row]](), list[Row]()
    says = {role: _said(role, texts(table, roles[role]), ends, findings)
            for role in ("stage", "status", "probability", *_FLAGS)
            if roles.get(role, outcomes.column) != outcomes.column}  # fmt: skip
    by_column = outcomes._replace(ends_beside=())
    asked = {word for word in outcomes.of_word if word in findings.words and outcome_of(word) is None}
    for row in table.rows if any(says.values()) else ():
        of, own, word = outcomes.of_row(row), by_column.of_row(row), row.text(outcomes.column)
        for role, said in says.items():
            is_told = (role in _FLAGS and own == "open") or (role == "probability" and of != "open")
            if not is_told and of not in said.get(row.text(roles[role]), of):
                (answered if word in asked else differ.setdefault(role, [])).append(row)
    told, choices, has = outcomes.column, [outcomes.column], list[str]()
    if answered and "outcomes" not in findings.questions:
        says_else = f'"{answered[0].text(told)}" in {told}, and another end in another column'
        findings.assumed.append(f"{table_name(table)}: {_are(answered, table, says_else)}: as you answered")
    for role, rows in differ.items():
        words = " and ".join(f'"{rows[0].text(column)}" in {column}' for column in (roles[role], told))
        has.append(_are(rows, table, f"ends that differ, as {words}"))
        choices += [roles[role]] if role != "probability" and (role != "closed" or "won" in roles) else []
    if len(choices) == 1:
        findings.assumed += [f"{table_name(table)}: {line}: as {told} says" for line in has]
        return None
    question = f"{table_name(table)}: {'; '.join(has)}. Which column tells how these deals ended?"
    answer = findings.asked(about, question, tuple(dict.fromkeys(choices)))
    return next((role for role in differ if answer not in (None, told) and roles[role] == answer), None)


def stages_by_flags(table: Table, roles: Mapping[str, str]) -> Outcomes | None:
    """The outcomes of stages as columns of flags tell them: won, lost or closed; None where these differ."""
    won, closed, lost = (roles.get(role) for role in ("won", "closed", "lost"))
    if not won or not (closed or lost):
        return None
    of: dict[str, str] = {}
    for row in table.rows:
        is_won, *is_over = (bool(is_yes(str(row.cells.get(n or "", "")))) for n in (won, closed, lost))
        outcome = "won" if is_won else "lost" if any(is_over) else "open"
        stage = row.text(roles["stage"])
        if of.setdefault(stage, outcome) != outcome or outcome_of(stage) in _ENDS - {outcome}:
            return None
    return Outcomes(roles["stage"], of, f"as {won} and {closed or lost} say")


def by_flags(table: Table, roles: Mapping[str, str]) -> Outcomes | None:
    """The outcomes as columns of a yes alone tell them: won, lost, or closed and not won."""
    outcomes: Outcomes | None = None
    for role, of in (("won", "won"), ("lost", "lost"), *((("closed", "lost"),) if "won" in roles else ())):
        outcomes = beside(outcomes, _of_yes(table, roles[role], of)) if role in roles else outcomes
    return outcomes


def without_deleted(table: Table, told: Recognised, findings: Findings) -> Known:
    """A table without the rows that are deleted in the other system, or no deals, where a column says so."""
    words, only = patterns()["deleted"].split(), dict[str, Any]()
    for column in table.columns:
        if one_word(column) in words:
            only[column] = {"not": [word for word in texts(table, column) if is_yes(word)]}
            told = told._replace(rest={**told.rest, "ignore": [*told.rest.get("ignore", ()), column]})
        elif column == told.roles.get("status"):
            only[column] = {"not": [word for word in texts(table, column) if one_word(word) in words]}
    if not (only := {column: gone for column, gone in only.items() if gone["not"]}):
        return table, told
    findings.assumed += [f"{table_name(table)}: rows that {column} marks are left out" for column in only]
    rest = {**told.rest, "only": {**told.rest.get("only", {}), **only}}
    rows = CountedRows(row for row in table.rows if holds(only, row))
    return table._replace(rows=rows), told._replace(rest=rest)


def with_ends(table: Table, told: Recognised, findings: Findings) -> Recognised:
    """The columns, of leads with those that were given up or became customers as what they are."""
    roles = "custom.lead_status is_converted organization created converted.customer converted.contact"
    status, flag, firm, made, buyer, person = (told.column_of(role) or "" for role in roles.split())
    turned = told.column_of("converted.date") or ""
    status = status or told.column_of("custom.status_reason") or ""  # of Dynamics, with no status beside it
    if told.kind != "leads":
        return _of_activities(table, told, findings) if told.kind == "activities" else with_marks(table, told)
    ends = {word: _end_of_lead(word, told.rest.get("ends", {})) for word in texts(table, status)}
    means = {word: {"status": end} for word, end in ends.items()} | {"": {"status": "new"}}
    lost, won = (dict[str, Any]({status: [w for w in ends if ends[w] == end]})
                 for end in ("disqualified", "converted"))  # fmt: skip
    yes = {word: {"status": "converted"} for word in texts(table, flag) if is_yes(word)}
    if yes:  # this tells, and not what the status is called
        means |= {word: {"status": "open"} for word in won[status]}
        won = {flag: [*yes]}
        lost |= {flag: {"not": [*yes]}}
    others = {column: words for column, words in lost.items() if column != status}
    names = told.rest.get("reasons", {})
    for word in lost[status]:
        means[word]["disqualified.reason"] = reason = ids_and_files.slug(names.get(word, word))
        findings.disqualify_reasons.setdefault(reason)
    feeds: dict[str, list[dict[str, Any]]] = {flag: [{"values": yes, "when": won}]} if yes else {}
    feeds |= {status: [{"to": "custom.lead_status"}, {"values": means, "when": others}]} if status else {}
    among = {"unknown": "skip"} if "customers" in findings.kinds else {}  # of two with one name it is neither
    sold = [{"to": "converted.customer", "when": won, **among}] if all(won.values()) else []
    for column, kind in ((buyer, "customers"), (person, "contacts")):
        if column and sold and kind in findings.kinds:
            feeds[column] = [{"to": f"converted.{kind[:-1]}", "when": won, "unknown": "skip"}]
    feeds |= {firm: [{"to": "organization"}, *sold]} if firm else {}
    if sold and not buyer and (name := told.column_of("name")):  # a person who bought for himself
        feeds[name] = [{"to": "name"}, {**sold[0], "when": won | ({firm: ""} if firm else {})}]
    day = told.column_of("ended") or next(filter(is_of_change, table.columns), made)
    answer = findings.answer("closing")
    form = {column: date_form(table, column, findings).entry() for column in (turned, made, day) if column}
    feeds |= {turned: [{"to": "converted.date", "when": won, **form[turned]}]} if turned and sold else {}
    feeds |= {made: [{"to": "created", **form[made]}]} if made else {}
    for end, when in (("converted", won), ("disqualified", lost)):
        if not all(when.values()):
            continue
        if day:
            feeds.setdefault(day, []).append({"to": f"{end}.date", "when": when, **form[day]})
        if day and all(texts(table._replace(rows=[row]), day) for row in table.rows if holds(when, row)):
            continue
        if answer is None:
            which = f"on which its leads were {end}. Which is it? Answer with a day, such as 2026-01-31."
            findings.ask("closing", f"{table.name} lacks the day {which}")
        else:
            if not is_iso(str(answer)):
                raise PipecliError(f'closing: answer with a day, such as 2026-01-31, not "{answer}"')
            for part in (part for part in (*yes.values(), *means.values()) if part["status"] == end):
                part[f"{end}.date"] = str(answer)
    doubles = [*told.rest.get("doubles", ()), *sorted({flag, buyer, person, turned} - {"", *feeds})]
    rest = {**told.rest, "make": ["customer"] if sold else [], "doubles": doubles}
    kept = {c: role for c, role in told.columns.items() if c not in (*feeds, *doubles)}
    days = {column: feeds[column] for column in (turned, made, day) if column in feeds}  # before an answer
    return told._replace(columns=days | feeds | kept, rest=rest)


def _end_of_lead(word: str, known: Mapping[str, str]) -> str:
    """The status here of a lead whose status there is called so; some vendors' words are `known`."""
    ends = {"lost": "disqualified", "won": "converted"}
    return known.get(word) or state_of(word, "leads") or ends.get(outcome_of(word) or "", "open")


def _of_activities(table: Table, told: Recognised, findings: Findings) -> Recognised:
    """The columns, with minutes, a type that is a direction, and other days for rows without the first.

    Where no column says that they are done, those of days past are.
    """
    columns, given = dict(told.columns), dict(told.rest.get("set", {}))
    ways = patterns()["directions"].values()
    for column, role in told.columns.items():
        cells = texts(table, column)
        if role == "contact":
            columns[column] = {"to": role, "unknown": "skip"}
        elif role == "type" and cells and all(any(re.search(way, folded(c)) for way in ways) for c in cells):
            columns[column] = "direction"  # `Call Type` of Zoho
            given |= {"type": of_activity("type", [name := stem_of(table.name)])["values"].get(name, "task")}
        elif role == "duration":
            scale = {"scale": "seconds"} if "sec" in column.lower() else {}
            columns[column] = {"to": role, **scale}
            if "hour" in column.lower() or not all(re.fullmatch(r"\d+(\.\d+)?", cell) for cell in cells):
                del columns[column]
    at = told.roles.get("at")
    if at is None and (dated := [c for c in table.columns if c not in columns and is_of_days(table, c)]):
        at, columns = dated[0], columns | {dated[0]: "at"}  # `Call at (UTC)`
    if at and not told.vendor and texts(table, at).total() < len(table.rows):
        columns |= {c: "at" for c in columns_for(table, told.kind, "at") if c not in columns}
    is_told = told.column_of("done") or (given.get("type") == "task" and "done" not in given)
    if at and not is_told and (days := _days(table, at, findings)):
        later = sum(day > findings.today for day in days)
        says = f"those of days past are, and {later:,} planned for later {'is' if later == 1 else 'are'} not"
        says = says if later else "they are, as all their days are past"
        if later or "done" not in given:
            findings.assumed.append(f"{table_name(table)}: no column says which are done; {says}")
        given |= {"done": True}
    hour = _hour_beside(table, told, at) if at else {}
    return told._replace(columns=columns, rest={**told.rest, "set": given, **hour})


def _hour_beside(table: Table, told: Recognised, at: str) -> dict[str, str]:
    """The column of hours that is beside one of days alone: `Due date`, `Due time`."""
    own, hours, cell = {*header_key(at).split()}, patterns()["hours"], re.compile(patterns()["an hour"])
    free = [c for c in table.columns if c not in told.columns and re.search(hours, header_key(c))]
    free = [c for c in free if (cells := texts(table, c)) and all(map(cell.fullmatch, cells))]
    if not free or any(":" in text for text in texts(table, at)):
        return {}
    return {"hour": max(free, key=lambda c: len(own.intersection(header_key(c).split())))}


def with_hour(told: Recognised, column: str, days: str | list[str], templates: dict[str, Any]) -> Recognised:
    """The activities with the forms of their day and hour together, of which a template is made."""
    clocks = (" %H:%M", " %H:%M:%S", " %I:%M %p", "")
    forms = [f"{day}{hour}" for day in ([days] if isinstance(days, str) else days) for hour in clocks]
    templates.setdefault("at", [f"{{{column}}} {{{told.rest['hour']}}}"]).append(f"{{{column}}}")
    return told._replace(rest={**told.rest, "date": [*told.rest.get("date", ()), *forms]})


def is_of_days(table: Table, column: str) -> bool:
    return bool(cells := texts(table, column)) and are_days(cells)


def _days(table: Table, column: str, findings: Findings) -> list[date]:
    """The days of the rows of a column, those that can be read."""
    form = date_form(table, column, Findings(findings.settings, findings.answers, "", findings.today))
    forms, days = [*filter(None, (form.form, *form.others))], list[date]()
    for text, rows in texts(table, column).items():
        with suppress(Unreadable):
            days += [read_day(text, forms, findings.today, UTC)] * rows
    return days
