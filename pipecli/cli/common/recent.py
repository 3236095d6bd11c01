"""`@3`, a row of the last list, and `@`, the record touched last: kept in the git directory of this clone."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from pipecli.cli.common.output import Format, print_records
from pipecli.cli.common.session import Session, say
from pipecli.cli.common.table import Column, clean
from pipecli.errors import PipecliError
from pipecli.records.kinds import BY_PREFIX
from pipecli.store.index.records import label, rows_where

Row = tuple[str, str]
"""The noun and the key of a record."""
_RECENT = re.compile(r"@(\d*)")
_NUMBER = Column("row", "#", align="right")


def is_recent(text: str) -> bool:
    """True for `@` and `@3`."""
    return _RECENT.fullmatch(text.strip()) is not None


def print_numbered(
    run: Session,
    records: Sequence[Mapping[str, object]],
    columns: Sequence[Column],
    rows: Sequence[Row],
    id_key: str = "id",
) -> None:
    """Print a list. On a terminal its rows have numbers, by which the next command may name them."""
    if run.format is Format.TABLE and sys.stdout.isatty():
        records = [{"row": number, **record} for number, record in enumerate(records, 1)]
        columns = (_NUMBER, *columns)
        note_rows(run, rows)
    print_records(records, columns, run.format, id_key=id_key)


def document(key: str) -> Row:
    """A deal, lead or paper by its id, as a row."""
    return BY_PREFIX[key.rpartition("-")[0]].noun, key


def note_rows(run: Session, rows: Sequence[Row]) -> None:
    """Remember the records that a list shows, by their numbers from 1."""
    _write(run, {"rows": rows, "listed": _head(run)})


def note_touched(run: Session, noun: str, key: str) -> None:
    """Remember the record that a command changed, made or showed."""
    _write(run, {"last": [noun, key], "touched": _head(run)})


def recalled(run: Session, text: str) -> str:
    """The key of the record that `@` or `@3` is, and a word on which it is. Raises PipecliError."""
    noun, key, since = _row(_read(run), text.strip())
    connection = run.pipeline.index.connection
    paths = rows_where(connection, ["path"], "_records", "noun = ? AND key = ?", noun, key, order="")
    if not paths:
        raise PipecliError(f"{text} was {key}, which is gone", hint="list again, or name another by its id")
    _refuse_changed_by_others(run, text, key, paths[0][0], since)
    say(f"{text} is {key} {clean(label(connection, noun, key) or '')}".rstrip())
    return key


def _row(state: Mapping[str, Any], text: str) -> tuple[str, str, str]:
    """The noun and key of a row or of the last record, and the commit at that time."""
    number = text.removeprefix("@")
    if not number:
        if "last" not in state:
            raise PipecliError("no record was touched in this clone yet", hint="name one by its id or name")
        noun, key = state["last"]
        return noun, key, state["touched"]
    rows = state.get("rows", [])
    if not 1 <= int(number) <= len(rows):
        last = f"has rows 1 to {len(rows)}" if rows else "is not there: lists have numbers on a terminal"
        raise PipecliError(f"there is no row {text}: the last list {last}", hint="list again")
    noun, key = rows[int(number) - 1]
    return noun, key, state["listed"]


def _refuse_changed_by_others(run: Session, text: str, key: str, file: str, since: str) -> None:
    """Refuse a record that somebody else has changed since it was listed: it may not be what was seen."""
    from pipecli.store import git

    place = run.present.location
    if not since or since == _head(run):
        return
    me = git.config(place.work_tree, "user.email").casefold()
    log = git.run(
        place.work_tree,
        *("log", "--format=%ae", "--end-of-options", f"{since}..HEAD", "--", f"{place.prefix}{file}"),
    )
    others = [author for author in log.stdout.decode("utf-8", "replace").split("\n") if author]
    if log.returncode or any(author.casefold() != me for author in others):
        whom = next((author for author in others if author.casefold() != me), "")
        what = f"which {clean(whom)} has changed since" if whom else "and git's history is another since"
        raise PipecliError(f"{text} was {key}, {what}", hint=f"look at it: pipecli history {key}; list again")


def _head(run: Session) -> str:
    from pipecli.store import git

    return git.head_of(run.present.location.work_tree, run.present.location.git_dir)


def _file(run: Session) -> Path:
    return run.present.location.cache / "recent.json"


def _read(run: Session) -> dict[str, Any]:
    from pipecli.jsontext import loads

    try:
        state = loads(_file(run).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def _write(run: Session, news: Mapping[str, Any]) -> None:
    """Put news beside what is remembered; where the git directory can't be written nothing is."""
    from pipecli.jsontext import dumps
    from pipecli.store import files

    file = _file(run)
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        files.write(file.parent, file.name, dumps({**_read(run), **news}, indent=None).encode())
