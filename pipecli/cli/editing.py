"""`edit`: a record's file in $EDITOR, validated on save, and never a word lost."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path

import typer

from pipecli.cli.changing import Desk, message
from pipecli.cli.session import say
from pipecli.cli.showing import Printed, print_one
from pipecli.errors import Fault, FaultyFile, PipecliError
from pipecli.records.base import Record
from pipecli.records.kinds import BY_NOUN, SETTINGS, SETTINGS_FILE
from pipecli.store import reading, transaction, yamltext
from pipecli.workflow.change import Change


def edit_file(desk: Desk, record: Record, allow: Callable[[Record], None] | None = None) -> None:
    """Let a person edit a record's text; commit it once it is valid, and `allow` lets it through.

    On a fault they are asked to go back (at a terminal), and what they typed is kept in a file either way.
    """
    file = SETTINGS_FILE if record.noun == "settings" else desk.pipeline.file_of(record.noun, record.key)
    assert file is not None
    before = (desk.pipeline.root / file).read_bytes()
    draft = desk.pipeline.location.cache / "drafts" / Path(file).name
    _lay_out(draft, before, record.key)
    while True:
        _open_editor(draft)
        after = draft.read_bytes()
        try:
            edited = _read(record, file, after)
            break
        except FaultyFile as error:
            if not _go_back(error, draft):
                raise PipecliError(str(error), hint=f"what you typed is kept in {draft}") from None
    if after == before:
        _clear(draft)
        say(f"{record.key}: nothing changed")
        return
    change = Change(edited, "edit", "changed")
    try:
        if (desk.pipeline.root / file).read_bytes() != before:
            raise PipecliError(f"{file} was changed by somebody while you edited it")
        if allow:
            allow(edited)
        transaction.check_references(desk.pipeline, [edited])
        _commit(desk, change, transaction.Write(file, before, after))
    except PipecliError as error:
        raise PipecliError(str(error), hint=f"what you typed is kept in {draft}") from None
    if not desk.session.dry_run:
        _clear(draft)


def _lay_out(draft: Path, before: bytes, key: str) -> None:
    """Have a draft to edit: the record's text, or what was typed last while the record is still the same.

    A draft of what the record was before would undo, once saved, all that happened to it since.
    """
    draft.parent.mkdir(parents=True, exist_ok=True)
    base = _base(draft)
    if draft.exists():
        if base.exists() and base.read_bytes() == before:
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


def _clear(draft: Path) -> None:
    draft.unlink()
    _base(draft).unlink(missing_ok=True)


def _commit(desk: Desk, change: Change, write: transaction.Write) -> None:
    run, record = desk.session, change.subject
    if run.dry_run:
        typer.echo(transaction.diff([write]), nl=False)
        return
    subject = f"{record.key}: {change.summary}"
    text = None if run.no_commit else message(subject, [change], run.message)
    made = transaction.commit(desk.pipeline, [write], text)
    print_one(run, Printed(record.noun, record.key, record.key), said=subject, commit=made)


def _open_editor(draft: Path) -> None:
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not editor:
        if not sys.stdin.isatty():
            raise PipecliError("there is no terminal to edit in", hint="set EDITOR, or use `set`")
        editor = "vi"
    try:
        done = subprocess.run([*shlex.split(editor), str(draft)], check=False)
    except (OSError, ValueError) as error:
        raise PipecliError(f'the editor "{editor}" can\'t be run: {error}', hint="set EDITOR") from None
    if done.returncode:
        raise PipecliError(f'the editor "{editor}" ended with {done.returncode}; nothing is changed')


def _read(record: Record, file: str, content: bytes) -> Record:
    kind = SETTINGS if record.noun == "settings" else BY_NOUN[record.noun]
    text = yamltext.decode(content, file)
    edited = reading.read(kind, file, text)
    if record.noun != "settings" and edited.key != record.key:
        line, column = yamltext.locate(text, [kind.identity])
        raise FaultyFile(
            [Fault(file, line, column, "id", f"{kind.identity} never changes: it is {record.key}")]
        )
    return edited


def _go_back(error: FaultyFile, draft: Path) -> bool:
    for fault in error.faults:
        say(f"{draft.name}:{fault.line}: {fault.message}")
    return sys.stdin.isatty() and typer.confirm("Go back to the editor?", default=True, err=True)
