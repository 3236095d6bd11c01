"""`edit`: a record's file in $EDITOR, validated on save, and never a word lost: a draft left is taken up."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from inspect import Parameter
from itertools import count
from pathlib import Path
from typing import Annotated, Any

import typer

from pipecli.cli.common.session import Session, say, warn
from pipecli.cli.common.transaction import Result, Transaction, changing, print_one
from pipecli.errors import Fault, FaultyFile, PipecliError
from pipecli.records.base import Record
from pipecli.records.kinds import BY_NOUN, SETTINGS, SETTINGS_FILE
from pipecli.store import safe_files
from pipecli.store.git_commit import trailers
from pipecli.store.lock_and_signals import Busy, hold_lock, temporary_folder
from pipecli.store.plan_writes import Write, check_references
from pipecli.store.validate_record import parse_record
from pipecli.store.yaml import read
from pipecli.workflow import Change

Allow = Callable[[Transaction, Any, Any], None]
"""Refuses an edit, given the record before and after; called with one record twice at first."""


def edit_file(
    run: Session,
    find: Callable[[Transaction], Record],
    allow: Allow,
    printed: Callable[[Any], Result] | None = None,
) -> None:
    """Let a person edit a record's text; commit it once it is valid and `allow` lets it through.

    The pipeline is held only while it is written: who types may take an hour. On a fault they are asked to
    go back (at a terminal), and what they typed is kept in a file either way.
    """
    transaction = Transaction(run)
    warn(transaction.pipeline.index.faults())
    record = find(transaction)
    allow(transaction, record, record)
    file = (
        SETTINGS_FILE if record.noun == "settings" else transaction.pipeline.file_of(record.noun, record.key)
    )
    assert file is not None
    before = safe_files.read_bytes(transaction.pipeline.root, file)
    cache = transaction.pipeline.location.cache
    draft = cache / "drafts" / Path(file).name
    with _alone(cache / "editing" / draft.stem, record.key):
        _lay_out(draft, before, record.key)
        while True:
            _open_editor(draft)
            after = draft.read_bytes()
            try:
                edited = _read(record, file, after)
                if after != before:
                    run.look_again()
                    with changing(run) as held:
                        _require_same(held, file, before)
                        allow(held, record, edited)
                        check_references(held.pipeline, [edited])
                        _commit(held, edited, Write(file, before, after), printed)
                break
            except PipecliError as error:
                if isinstance(error, _Overtaken) or not _go_back(error, draft):
                    raise PipecliError(str(error), hint=f"what you typed is kept in {draft}") from None
        if after == before:
            say(f"{record.key}: nothing changed")
        if not run.dry_run or after == before:
            draft.unlink()
            _base(draft).unlink(missing_ok=True)


class _Overtaken(PipecliError):
    """Somebody else changed the file; going back to the editor would not help."""


def _require_same(transaction: Transaction, file: str, before: bytes) -> None:
    try:
        is_same = safe_files.read_bytes(transaction.pipeline.root, file) == before
    except FileNotFoundError:
        raise _Overtaken(f"{file} was removed by somebody while you edited it") from None
    if not is_same:
        raise _Overtaken(f"{file} was changed by somebody while you edited it")


@contextmanager
def _alone(folder: Path, key: str) -> Iterator[None]:
    """Keep a second editor off a draft. Raises PipecliError."""
    with ExitStack() as stack:
        try:
            stack.enter_context(hold_lock(folder, patience=0))
        except Busy:
            raise PipecliError(f"{key} is open in another editor", hint="close that one first") from None
        yield


def _lay_out(draft: Path, before: bytes, key: str) -> None:
    """Make a draft to edit: the record's text, or what was typed last while the record is still the same.

    A draft of what the record was before would undo, once saved, all that happened to it since.
    """
    draft.parent.mkdir(parents=True, exist_ok=True)
    base = _base(draft)
    was, typed = (
        safe_files.read_at_most(file, safe_files.LARGEST) if file.exists() else b"" for file in (base, draft)
    )
    if draft.exists() and typed != was:  # something was typed
        if was == before:
            say(f"your last draft of {key} is taken up again; delete {draft} to begin anew")
            return
        aside = next(
            path for number in count(1) if not (path := draft.with_suffix(f".{number}.yaml")).exists()
        )
        draft.replace(aside)
        say(f"{key} has changed since your last draft, which is kept in {aside}")
    draft.write_bytes(before)
    base.write_bytes(before)


def _base(draft: Path) -> Path:
    """The text that a draft began with."""
    return draft.with_suffix(".base")


def _commit(
    transaction: Transaction,
    edited: Record,
    write: Write,
    printed: Callable[[Any], Result] | None,
) -> None:
    change = Change(edited, "edit", "changed")
    subject = f"{edited.key}: {change.summary}"
    commit_id = transaction.commit([write], subject, trailers([change]))
    if not transaction.session.dry_run:
        shown = printed(edited) if printed else Result(edited.noun, edited.key, edited.key)
        line = transaction.titled(subject, [edited])
        print_one(transaction.session, shown, line=line, commit=commit_id)


def _open_editor(draft: Path) -> None:
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not editor:
        if not sys.stdin.isatty():
            raise PipecliError("no terminal to edit in", hint="set EDITOR, or use `set`")
        editor = "vi"
    try:
        editing = subprocess.run([*shlex.split(editor), str(draft)], check=False)
    except (OSError, ValueError) as error:
        raise PipecliError(f'the editor "{editor}" can\'t be run: {error}', hint="set EDITOR") from None
    if editing.returncode:
        raise PipecliError(f'the editor "{editor}" ended with {editing.returncode}; nothing is changed')


def typed_notes(text: str | None) -> str | None:
    """The text of `--notes`; for `-` what comes on stdin, or what is written in $EDITOR at a terminal.

    Raises PipecliError where that is empty.
    """
    if text != "-":
        return text
    written = edited("", "notes.md") if sys.stdin.isatty() else sys.stdin.read()
    if not written.strip():
        raise PipecliError("the notes are empty; nothing is changed")
    return written.strip()


Notes = Annotated[
    str | None,
    typer.Option(
        help="Notes; - reads stdin, or opens $EDITOR at a terminal.", metavar="TEXT", callback=typed_notes
    ),
]
NOTES = Parameter("notes", Parameter.KEYWORD_ONLY, default=None, annotation=Notes)


def edited(text: str, name: str) -> str:
    """A text as a person leaves it in $EDITOR. Raises PipecliError."""
    with temporary_folder("notes") as folder:
        draft = folder / name
        draft.write_text(text, encoding="utf-8")
        _open_editor(draft)
        return draft.read_text(encoding="utf-8", errors="replace")


def has_editor() -> bool:
    """True where a person has said which editor is theirs."""
    return bool(os.environ.get("VISUAL") or os.environ.get("EDITOR"))


def _read(record: Record, file: str, content: bytes) -> Record:
    kind = SETTINGS if record.noun == "settings" else BY_NOUN[record.noun]
    text = read.decode(content, file)
    edited = parse_record(kind, file, text)
    if record.noun != "settings" and edited.key != record.key:
        line, column = read.locate(text, [kind.identity])
        raise FaultyFile(
            [Fault(file, line, column, "id", f"{kind.identity} never changes: it is {record.key}")]
        )
    return edited


def _go_back(error: PipecliError, draft: Path) -> bool:
    if isinstance(error, FaultyFile):
        for fault in error.faults:
            say(f"{draft.name}:{fault.line or 1}: {fault.message}")
    elif sys.stdin.isatty():
        say(f"error: {error}")
    return sys.stdin.isatty() and typer.confirm("Go back to the editor?", default=True, err=True)
