"""The record that a person names on the command line, and the choice at a terminal where several answer."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import typer

from pipecli.cli.common.output import terminal_width
from pipecli.cli.common.recent import is_recent, note_touched, recalled
from pipecli.cli.common.session import Session
from pipecli.cli.common.table import Column, amount_text, render
from pipecli.errors import Ambiguous
from pipecli.records.choice import Names, chosen, people_of, stages_of
from pipecli.records.kinds import BY_NOUN, Kind
from pipecli.store.index.records import columns, rows_where
from pipecli.store.lookup import Care, Found, resolve


def find(run: Session, text: str, *kinds: Kind, care: Care = Care.LIKELY) -> Found:
    """The record of these kinds (none given: of any) that a person means. Raises NotFound, Ambiguous.

    `@3` is a row of the last list, `@` the record touched last; of another kind it is what belongs to that.
    """
    named = recalled(run, text) if is_recent(text) else text
    try:
        record = resolve(run.pipeline, named, *kinds, care=care, me=lambda: person(run))
    except Ambiguous as question:
        question.text = text.strip()  # as it was typed: a choice takes its place
        raise
    if run.format_name == "table" and sys.stdout.isatty():
        note_touched(run, record.noun, record.key)
    return record


def person(run: Session) -> tuple[str, str | None] | None:
    """The user who runs this, with their team; None where git's identity is no user."""
    me = run.me()
    return None if me is None else (me, run.pipeline.settings_as_written["users"][me].get("team"))


def key_of(run: Session, noun: str, text: str, process: str = "") -> str:
    """The key of a record, or of a user, team, process or stage of the settings, that a person means.

    A stage is one of `process`, or of any where none is given. Raises PipecliError.
    """
    if noun in BY_NOUN:
        return find(run, text, BY_NOUN[noun]).key
    what = "user or team" if noun == "principal" else noun
    fault = f"{text} is no stage of the process {process}" if process else f"there is no {what} {text}"
    return chosen(text, names_of(run, noun, process), fault)


def names_of(run: Session, noun: str, process: str = "") -> Names:
    """The users, teams (`principal`: both), processes or stages of the settings, by id with their names."""
    settings = run.pipeline.settings_as_written
    processes = settings["processes"]
    match noun:
        case "process":
            return {slug: [known.get("name") or slug] for slug, known in processes.items()}
        case "stage":
            of = [processes[process]] if process in processes else processes.values()
            return {id_: names for known in of for id_, names in stages_of(known).items()}
    known: dict[str, Sequence[str]] = {}
    for section in {"user": ("users",), "team": ("teams",)}.get(noun, ("users", "teams")):
        called = people_of(settings.get(section, {}))  # without a team of which nothing is said
        rows = rows_where(run.pipeline.index.connection, ("id", "name"), section, order="rowid")
        known |= {key: called.get(key, [name or key]) for key, name in rows}
    return known


_MOST_CHOICES = 20


def can_ask() -> bool:
    """True at a terminal, where a question can be put and answered."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def choose(run: Session, question: Ambiguous) -> str:
    """The key of the record that a person at a terminal takes from the candidates. Raises the question again
    where there are too many to show, or none is taken."""
    candidates = question.candidates
    if not candidates or len(candidates) > _MOST_CHOICES:
        raise question
    rows = [(str(place), *_row(run, noun, key)) for place, (noun, key) in enumerate(candidates, 1)]
    headings = (
        Column("number", "#", align="right"),
        Column("key", "ID"),
        Column("label", "TITLE", shrink=True, min_width=14),
        Column("customer", "CUSTOMER", shrink=True, min_width=10),
        Column("amount", "AMOUNT", align="right"),
        Column("status", "STATUS"),
        Column("owner", "OWNER", shrink=True, rank=1),
    )
    filled = [place for place in range(len(headings)) if any(row[place] for row in rows)]
    table = render(
        [headings[place] for place in filled],
        [[row[place] for place in filled] for row in rows],
        terminal_width(),
    )
    typer.echo(f'"{question.text}" may be:\n{table.text}', err=True)
    answer = typer.prompt("Which one (its number; nothing to stop)", default="", show_default=False, err=True)
    if not answer.strip().isdecimal() or not 1 <= int(answer) <= len(candidates):
        raise question
    return candidates[int(answer) - 1][1]


def _row(run: Session, noun: str, key: str) -> Sequence[str]:
    """A candidate as a person tells it from others: id, title, customer, amount, status, owner."""
    connection = run.pipeline.index.connection
    kind = BY_NOUN[noun]
    known = columns(connection, kind.table)

    def one_of(*names: str) -> str:
        there = [name for name in names if name in known]
        return f"coalesce({', '.join([*there, 'NULL', 'NULL'])})"

    sql = [
        one_of("title", "opportunity_title", "name", "organization"),
        one_of("customer_name", "customer", "organization"),
        one_of("exact_closed_amount", "exact_amount"),
        one_of("currency"),
        one_of("status"),
        one_of("owner"),
    ]
    row: tuple[Any, ...] = rows_where(connection, sql, kind.table, f"{kind.identity} = ?", key, order="")[0]
    label, customer, amount, currency, status, owner = row
    money = amount_text(amount, currency) if amount is not None else ""
    return key, label or "", customer or "", money, status or "", owner or ""
