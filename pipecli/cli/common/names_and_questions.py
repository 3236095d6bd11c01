"""The record, user or stage that a typed name means: `@` (the last), `@3` (a row of the last list), or one of
those that a terminal offers; and the questions of a terminal.

The last list (`print_rows`) and the last record are kept in the git directory of this clone. Which records an
id or a name may mean is decided in `store/record_meant.py`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from pipecli.cli.common.output import Format, print_record, print_records
from pipecli.cli.common.session import Session, repeat_nothing, say
from pipecli.cli.common.table import Column, amount_text, render
from pipecli.cli.common.terminal_and_own_config import takes_links, terminal_width
from pipecli.errors import Ambiguous, PipecliError, Question
from pipecli.harmless_text import terminal_line
from pipecli.json_and_csv import dumps
from pipecli.records.compare_names import Names, chosen_id, stages_of
from pipecli.records.kinds import BY_NOUN, BY_PREFIX, RANDOM, Kind
from pipecli.store import safe_files
from pipecli.store.index.rows_for_verbs import columns_of, label, rows_where

if TYPE_CHECKING:
    from pipecli.store.record_meant import Care, Found

Row = tuple[str, str]
"""The noun and the key of a record."""
_RECENT = r"@(\d*)"
_NUMBER = Column("row", "#", align="right")


def is_recent(text: str) -> bool:
    """True for `@` and `@3`."""
    return re.fullmatch(_RECENT, text.strip()) is not None


def print_rows(
    run: Session,
    records: Sequence[Mapping[str, object]],
    columns: Sequence[Column],
    rows: Sequence[Row],
    id_key: str = "id",
    *,
    is_list: bool = True,
) -> None:
    """Print records; on a terminal what is overdue in colour, and ids as links to their files.

    The rows of a list have numbers there, by which the next command may name them.
    """
    if is_list and run.format is Format.TABLE and sys.stdout.isatty():
        records = [{"row": number, **record} for number, record in enumerate(records, 1)]
        columns = (_NUMBER, *columns)
        note_rows(run, rows)
    addresses = _addresses(run, set(rows))
    links: dict[object, str] = {
        record[id_key]: addresses[row] for record, row in zip(records, rows, strict=True) if row in addresses
    }
    print_records(records, columns, run.format, id_key=id_key, today=run.today, links=links)


def _addresses(run: Session, rows: Collection[Row]) -> dict[Row, str]:
    """The file of each row as a link, at a terminal that opens links."""
    if run.format is not Format.TABLE or not takes_links():
        return {}
    top = run.present.location.root
    files = rows_where(run.connection, ["noun", "key", "path"], "_records", order="")
    return {(noun, key): (top / path).as_uri() for noun, key, path in files if (noun, key) in rows}


def print_header(run: Session, record: Mapping[str, Any], lines: Iterable[tuple[str, object]]) -> None:
    """Print the lines above the tables of a record, the ids in them as links to their files."""
    lines = list(lines)
    text = "\n".join(f"{a} {b}" for a, b in lines)
    named = re.findall(rf"\b(?:{'|'.join(BY_PREFIX)})-{RANDOM}\b", text) if takes_links() else ()
    addresses = _addresses(run, {document_row(key) for key in named})
    print_record(record, run.format, lines, links={key: link for (_, key), link in addresses.items()})


def document_row(key: str) -> Row:
    """A deal, lead or paper by its id, as a row."""
    return BY_PREFIX[key.rpartition("-")[0]].noun, key


def note_rows(run: Session, rows: Sequence[Row]) -> None:
    """Remember the records that a list shows, by their numbers from 1."""
    _write(run, {"rows": rows, "listed": _head(run)})


def note_touched(run: Session, noun: str, key: str) -> None:
    """Remember the record that a command changed, made or showed."""
    _write(run, {"last": [(noun, key)], "touched": _head(run)})


def recalled(run: Session, text: str) -> str:
    """The key of the record that `@` or `@3` is, and a word on which it is. Raises PipecliError."""
    noun, key, since = _row(_read(run), text.strip())
    paths = rows_where(run.connection, ["path"], "_records", "noun = ? AND key = ?", noun, key, order="")
    if not paths:
        raise PipecliError(f"{text} was {key}, which is gone", hint="list again, or name another by its id")
    _refuse_changed_by_others(run, text, key, paths[0][0], since)
    of_deal = "opportunity_title" in columns_of(run.connection, BY_NOUN[noun].table)
    title = _row_of(run, noun, key)[1] if of_deal else label(run.connection, noun, key)
    say(f"{text} is {key} {terminal_line(title or '')}".rstrip())
    return key


def _row(state: Mapping[str, Any], text: str) -> tuple[str, str, str]:
    """The noun and key of a row or of the last record, and the commit at that time."""
    number = text.removeprefix("@")
    if not number:
        if not state["last"]:
            raise PipecliError("no record was touched in this clone yet", hint="name one by its id or name")
        ((noun, key), *_) = state["last"]
        return noun, key, state["touched"]
    rows = state["rows"]
    if not 1 <= int(number) <= len(rows):
        last = f"has rows 1 to {len(rows)}" if rows else "is not there: lists have numbers on a terminal"
        raise PipecliError(f"no row {text}: the last list {last}", hint="list again")
    noun, key = rows[int(number) - 1]
    return noun, key, state["listed"]


def _refuse_changed_by_others(run: Session, text: str, key: str, file: str, since: str) -> None:
    """Refuse a record that somebody else has changed since it was listed: it may not be what was seen."""
    from pipecli.store import git

    location = run.present.location
    if not since or since == _head(run):
        return
    me = run.pipeline.author_email.casefold()
    after = ("HEAD", f"^{since}", "--", f"{location.prefix}{file}")
    log = git.run(location.work_tree, "log", "--format=%ae", *after)
    others = [author for author in log.stdout.decode("utf-8", "replace").split("\n") if author]
    if log.returncode or any(author.casefold() != me for author in others):
        whom = next((author for author in others if author.casefold() != me), "")
        what = f"which {whom} has changed since" if whom else "and git's history is another since"
        raise PipecliError(f"{text} was {key}, {what}", hint=f"look at it: pipecli history {key}; list again")


def _head(run: Session) -> str:
    from pipecli.store.git_commit import head_of

    return head_of(run.present.location)


def _file(run: Session) -> Path:
    return run.present.location.cache / "recent.json"


def _read(run: Session) -> dict[str, Any]:
    from pipecli.store.git_commit import ID

    with suppress(OSError, ValueError):
        shape = {"rows": [(str, str)], "listed": ID, "last": [(str, str)], "touched": ID}
        return dict[str, Any](safe_files.read_note(_file(run), shape))
    return {"rows": [], "listed": "", "last": [], "touched": ""}


def _write(run: Session, news: Mapping[str, Any]) -> None:
    """Put news beside what is remembered; where the git directory can't be written nothing is."""
    file = _file(run)
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        safe_files.write_file(file.parent, file.name, dumps({**_read(run), **news}, indent=None).encode())


def find_typed(run: Session, text: str, *kinds: Kind, care: Care | None = None) -> Found:
    """The record of these kinds (none given: of any) that a person means. Raises NotFound, Ambiguous.

    `@3` is a row of the last list, `@` the record touched last; of another kind it is what belongs to that.
    """
    from pipecli.store.record_meant import (  # not for every list and report: few name a record
        Care,
        record_meant,
    )

    named = recalled(run, text) if is_recent(text) else text
    try:
        record = record_meant(run.pipeline, named, *kinds, care=care or Care.LIKELY, me=run.person)
    except Ambiguous as question:
        question.text = text.strip()  # as it was typed: a choice takes its place
        raise
    if run.format_name == "table" and sys.stdout.isatty():
        note_touched(run, record.noun, record.key)
    return record


def key_of(run: Session, noun: str, text: str, process: str = "") -> str:
    """The key of a record, or of a user, team, process or stage of the settings, that a person means.

    A stage is one of `process`, or of any where none is given. Raises PipecliError.
    """
    if noun in BY_NOUN:
        return find_typed(run, text, BY_NOUN[noun]).key
    what = "user or team" if noun == "principal" else noun
    fault = f"{text} isn't a stage of the process {process}" if process else f"unknown {what} {text}"
    return chosen_id(text, names_of(run, noun, process), fault)


def names_of(run: Session, noun: str, process: str = "") -> Names:
    """The users, teams (`principal`: both), processes or stages of the settings, by id with their names."""
    processes = run.pipeline.settings_as_written["processes"]
    match noun:
        case "process":
            return {slug: [known.get("name") or slug] for slug, known in processes.items()}
        case "stage":
            of = [processes[process]] if process in processes else processes.values()
            return {id_: names for known in of for id_, names in stages_of(known).items()}
    return run.people(noun)


_MOST_CHOICES = 20


def can_ask() -> bool:
    """True at a terminal, where a question can be put and answered."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def answer(ctx: Any, question: Ambiguous | Question) -> None:
    """Ask the person at a terminal a question, before the command is tried again.

    Nothing was done yet and no lock is held while they think. Elsewhere the question is the error.
    """
    if not can_ask():
        raise question
    if isinstance(question, Ambiguous):
        _take_choice(ctx, question)
    elif question.option:
        text = _worded(question)
        is_list = any(option.name == question.option and option.multiple for option in ctx.command.params)
        ctx.params[question.option] = [text] if is_list else text
    elif question.choices:
        ctx.ensure_object(Session).answers[question.asked] = _worded(question)
    elif typer.confirm(terminal_line(question.asked), err=True):
        ctx.ensure_object(Session).answers[question.asked] = "yes"
    else:
        raise question
    repeat_nothing()


def _take_choice(ctx: Any, question: Ambiguous) -> None:
    """Put the id that a person takes in the place of what was typed."""
    if question.option:
        ctx.params[question.option] = choose(ctx.ensure_object(Session), question)
        return
    places = [name for name, value in ctx.params.items() if _holds(value, question.text)]
    if not places:
        raise question
    key = choose(ctx.ensure_object(Session), question)
    for name in places:
        value = ctx.params[name]
        ctx.params[name] = (
            key
            if isinstance(value, str)
            else type(value)(key if _holds(word, question.text) else word for word in value)
        )


def _holds(value: object, text: str) -> bool:
    """True for what was typed for a question's text, or a list that has it."""
    if isinstance(value, str):
        return value.strip() == text
    return isinstance(value, (list, tuple)) and any(_holds(word, text) for word in value)


def _worded(question: Question) -> str:
    """The choice that a person names by its number or its beginning, or their words where there is none.

    Choices that are numbers themselves have none: `1` would be two of them.
    """
    asked, choices, how = terminal_line(question.asked), question.choices, "in words"
    numbered: Sequence[str] = () if any(choice[:1].isdecimal() for choice in choices) else choices
    if choices:
        how = "its number" if numbered else " or ".join(choices)
    for number, choice in enumerate(numbered, 1):
        typer.echo(f"{number:>2}  {terminal_line(choice)}", err=True)
    while True:
        text = typer.prompt(f"{asked} ({how}; nothing to stop)", default="", **_ON_STDERR).strip()
        if not text:
            raise question
        if text in choices or not choices:
            return str(text)
        if text.isdecimal() and 1 <= int(text) <= len(numbered):
            return numbered[int(text) - 1]
        named = [choice for choice in numbered if choice.casefold().startswith(text.casefold())]
        if len(named) == 1:
            return named[0]
        typer.echo(f'"{terminal_line(text)}" {"may be several" if named else "is none"} of these', err=True)


_ON_STDERR: dict[str, Any] = {"show_default": False, "err": True}


def confirm(run: Session, asked: str, refusal: str, hint: str = "", *, elsewhere: bool = True) -> None:
    """Ask a person at a terminal for a yes; `elsewhere` the command goes on, or not. Raises Question."""
    if (can_ask() or not elsewhere) and not run.dry_run and asked not in run.answers:
        raise Question(refusal, asked, hint=hint)


def confirm_removal(run: Session, which: str, removed: str, again: Callable[[], str], hint: str) -> None:
    """Ask a person to confirm what `which` removes, if the same command `again` would remove another.

    Elsewhere it is refused. Raises Question.
    """
    try:
        following = again()
    except PipecliError:
        return
    refusal = f'"{which}" is {removed} now, and would be {following} after it; nothing is changed'
    confirm(run, f"Remove {removed}?", refusal, hint, elsewhere=False)


def choose(run: Session, question: Ambiguous) -> str:
    """The key of the record that a person at a terminal takes from the candidates. Raises the question again
    where there are too many to show, or none is taken."""
    candidates = question.candidates
    if not candidates or len(candidates) > _MOST_CHOICES:
        raise question
    rows = [(str(place), *_row_of(run, noun, key)) for place, (noun, key) in enumerate(candidates, 1)]
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
    heading = f'"{question.text}" may be' if question.text else question.message
    typer.echo(f"{heading}:\n{table.text}", err=True)
    number = typer.prompt("Which one (its number; nothing to stop)", default="", **_ON_STDERR)
    if not number.strip().isdecimal() or not 1 <= int(number) <= len(candidates):
        raise question
    return candidates[int(number) - 1][1]


def _row_of(run: Session, noun: str, key: str) -> Sequence[str]:
    """A candidate as a person tells it from others: id, title, customer, amount, status, owner."""
    kind = BY_NOUN[noun]
    known = columns_of(run.connection, kind.table)

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
    (row,) = rows_where(run.connection, sql, kind.table, f"{kind.identity} = ?", key, order="")
    label, customer, amount, currency, status, owner = row
    money = amount_text(amount, currency) if amount is not None else ""
    return key, label or "", customer or "", money, status or "", owner or ""
