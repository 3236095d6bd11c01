"""The way of every changing command: lock, read, let the workflow decide, write and commit, print.

Nouns import this for all their verbs, so what only a change needs (the models) is imported when one begins.

One record as a person or a script sees it: the keys of its file, and what follows from them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import typer

from pipecli.cli.common.output import Format, print_record, print_records, write_text
from pipecli.cli.common.session import Session, say, session, warn
from pipecli.cli.common.table import Column
from pipecli.jsontext import loads
from pipecli.records.kinds import BY_NOUN
from pipecli.records.money import weighted

if TYPE_CHECKING:
    from pipecli.records.base import Record
    from pipecli.records.settings import Settings
    from pipecli.store.pipeline import Pipeline
    from pipecli.workflow.change import Change

R = TypeVar("R", bound="Record")

_MOST_NAMED = 100  # trailers: git takes the message as one argument, and the system bounds its length


class Transaction:
    """What a changing command works with, while nobody else can change the pipeline."""

    def __init__(self, run: Session) -> None:
        self.session = run
        self.pipeline: Pipeline = run.pipeline

    @cached_property
    def settings(self) -> Settings:
        return self.pipeline.settings

    @property
    def today(self) -> date:
        return self.pipeline.today

    @property
    def now(self) -> datetime:
        return self.pipeline.now

    @cached_property
    def me(self) -> str | None:
        """The user who runs this, if git's identity is one."""
        return self.session.me()

    def get(self, model: type[R], name: str) -> R:
        """The record a person means by an id, its beginning, or a name."""
        from pipecli.store.lookup import resolve

        return self.pipeline.get(model, resolve(self.pipeline, name, BY_NOUN[model.noun]).key)

    def new_id(self, prefix: str) -> str:
        from pipecli.store import naming

        taken = {row[0] for row in self.pipeline.index.connection.execute("SELECT key FROM _records")}
        return naming.new_id(prefix, taken)

    def new_activity_id(self) -> str:
        """An id that no activity of any record has."""
        from pipecli.store import naming

        taken = {row[0] for row in self.pipeline.index.connection.execute("SELECT id FROM activities")}
        while (made := naming.random_part()) in taken or not set(made) - set("0123456789E"):
            pass  # 12345 and 1E100 are numbers to YAML: who copies one by hand would have to quote it
        return made

    def new_slug(self, noun: str, text: str) -> str:
        """A slug of `text` that no record of this kind has."""
        from pipecli.store import naming

        found = self.pipeline.index.connection.execute("SELECT key FROM _records WHERE noun = ?", (noun,))
        return naming.free_slug(text, {row[0] for row in found})

    def day(self, text: str | None) -> date | None:
        return self.session.day(text) if text else None

    def do(
        self, change: Change, *, printed: Printed | None = None, before: Callable[[], None] | None = None
    ) -> None:
        """Write a change as one commit and print its result; with --dry-run, print the diff only.

        `printed` is what to print where that isn't the record asked for. `before` is called when all is found
        right and nothing is written yet; when it raises, nothing will be.
        """
        subject = f"{change.subject.key}: {change.summary}"
        self.do_all([change], change.asked, subject, printed=printed, before=before)

    def do_all(
        self,
        changes: Sequence[Change],
        result: Record,
        subject: str,
        *,
        printed: Printed | None = None,
        before: Callable[[], None] | None = None,
    ) -> None:
        """Write several changes as one commit and print one record, or what `printed` says."""
        from pipecli.store import transaction as store_transaction

        writes = store_transaction.plan(self.pipeline, changes)
        for change in changes:
            for note in change.notes:
                say(note)
        if self.session.dry_run:
            typer.echo(store_transaction.diff(writes), nl=False)
            return
        if not writes:
            say(f"{result.key}: nothing to change, it is so already")
            if self.session.format_name == "table":
                return
        if printed is None:
            is_new = self.pipeline.file_of(result.noun, result.key) is None
            is_removed = any(result is record for change in changes for record in change.removed)
            last = record_json(self.session, result.noun, result.key) if is_removed else None
            printed = Printed(result.noun, result.key, result.key, is_new, last)
        if before is not None:
            before()
        text = None if self.session.no_commit else message(subject, changes, self.session.message)
        made = store_transaction.commit(self.pipeline, writes, text)
        print_one(self.session, printed, said=subject, commit=made)

    def do_many(self, changes: Sequence[Change], subject: str) -> None:
        """Write changes of many records as one commit and print them: a line each, a list in JSON."""
        from pipecli.store import transaction as store_transaction

        writes = store_transaction.plan(self.pipeline, changes)
        if self.session.dry_run:
            typer.echo(store_transaction.diff(writes), nl=False)
            return
        if writes:
            text = None if self.session.no_commit else message(subject, changes, self.session.message)
            store_transaction.commit(self.pipeline, writes, text)
        records = [change.subject for change in changes]
        said = [f"{change.subject.key}: {change.summary}" for change in changes]
        print_many(self.session, [(record.noun, record.key) for record in records], said)


@contextmanager
def changing(ctx: typer.Context) -> Iterator[Transaction]:
    """Hold the pipeline for one changing command."""
    run = session(ctx)
    with run.pipeline.exclusive():
        warn(run.pipeline.index.faults())
        yield Transaction(run)


def message(subject: str, changes: Sequence[Change], body: str) -> str:
    """A commit's text: what happened, what the person added, and trailers for those who search the log."""
    events = dict.fromkeys(f"Pipecli-Event: {change.event}" for change in changes)
    records = dict.fromkeys(
        f"Pipecli-Record: {record.key}" for change in changes for record in change.records
    )
    trailers = "\n".join([*events, *(records if len(records) <= _MOST_NAMED else ())])
    return "\n\n".join(part for part in (subject, body, trailers) if part)


RecordJson = dict[str, Any]

_PRICED = {
    "customer_name": "customer_name",
    "amount": "exact_amount",
    "tax_by_rate": "tax_by_rate",
    "tax": "exact_tax",
    "total": "exact_total",
    "margin_facts": "margin_facts",
}

# What is computed, by noun: the key that JSON gives it, and the column of the index.
DERIVED = {
    "lead": {
        "missing": "missing",
        "team": "team",
        "age_days": "CAST(julianday(today()) - julianday(substr(created, 1, 10)) AS INTEGER)",
        "minutes_to_first_response": "minutes_to_first_response",
    },
    "opportunity": {
        "amount": "exact_amount",
        "amount_by_hand": "amount_by_hand",
        "probability": "probability",
        "stage_probability": "stage_probability",
        "weighted": "status = 'open'",  # computed in `derive`, of open deals: nothing is to come of others
        "team": "team",
        "customer_name": "customer_name",
        "age_days": "age_days",
        "minutes_to_first_response": "minutes_to_first_response",
        "key_info_answered": "key_info_answered",
    },
    "quotation": _PRICED,
    "order": _PRICED,
    "supplier-quotation": {"amount": "exact_amount", "supplier_name": "supplier_name"},
    "product": {"id": "sku"},
}
_EXACT = ("amount", "tax", "total")


def derive(noun: str, row: sqlite3.Row | tuple[Any, ...], currency: str) -> RecordJson:
    """What is computed for one record from its row of DERIVED columns; keys without a value are left out."""
    record_json: RecordJson = dict(zip(DERIVED.get(noun, ()), row, strict=True))
    for key in _EXACT:
        if record_json.get(key) is not None:
            record_json[key] = Decimal(record_json[key])
    if noun == "opportunity":
        record_json["amount_by_hand"] = bool(record_json["amount_by_hand"])
        for key in ("probability", "stage_probability"):
            record_json[key] = _percent(record_json[key])
        counts = (
            record_json["weighted"]
            and record_json["amount"] is not None
            and record_json["probability"] is not None
        )
        record_json["weighted"] = (
            weighted(record_json["amount"], record_json["probability"], currency) if counts else None
        )
    if noun == "lead":
        record_json["missing"] = record_json["missing"].split()
    if "tax_by_rate" in record_json:
        record_json["tax_by_rate"] = loads(record_json["tax_by_rate"])
    if "margin_facts" in record_json:
        record_json |= loads(record_json.pop("margin_facts") or "{}")
        for key in ("margin", "margin_percent"):
            if key in record_json:
                record_json[key] = Decimal(record_json[key])
    return {key: value for key, value in record_json.items() if value is not None}


def _percent(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(repr(value)) if value % 1 else Decimal(int(value))


def record_json(run: Session, noun: str, key: str) -> RecordJson:
    """A record, or a user or team, as JSON shows it."""
    if noun in ("settings", "user", "team"):
        from pipecli.cli.settings.change import settings_view

        return settings_view(run, noun, key)
    kind = BY_NOUN[noun]
    columns = ", ".join(["json", *DERIVED.get(noun, {}).values()])
    row = run.pipeline.index.connection.execute(
        f"SELECT {columns} FROM {kind.table} WHERE {kind.identity} = ?",
        (key,),
    ).fetchone()
    written: RecordJson = loads(row[0])
    return written | derive(noun, row[1:], written.get("currency", ""))


class Printed(NamedTuple):
    """What a command prints: a record, or a part of one that has a name of its own.

    `noun` and `key` name what JSON shows: the record, or a user or team of the settings. `id` is what stands
    alone for it: the record's, or that of an activity which was made in it.
    """

    noun: str
    key: str
    id: str
    is_new: bool = False
    """A person reads the id, not a line on what happened."""
    shown: RecordJson | None = None
    """What JSON has of something that is removed."""


def print_one(run: Session, printed: Printed, *, said: str, commit: str | None = None) -> None:
    """Print what a command changed or made; `said` is the line a person reads of a change."""
    if run.format is Format.TABLE:
        typer.echo(printed.id if printed.is_new else said)
        return
    if run.format is Format.IDS:
        typer.echo(printed.id)
        return
    shown = printed.shown or record_json(run, printed.noun, printed.key)
    print_record_json(run, shown | ({"commit": commit} if commit else {}))


def print_many(run: Session, keys: Sequence[tuple[str, str]], said: Sequence[str]) -> None:
    """Print the records, by noun and key, that one command changed; `said` is a line for people on each."""
    if run.format is Format.TABLE:
        write_text("".join(f"{line}\n" for line in said))
        return
    shown = [record_json(run, noun, key) for noun, key in keys]
    names = ("id", "status")
    print_records(shown, [Column(name, name) for name in names], run.format)


def print_record_json(run: Session, shown: Mapping[str, Any]) -> None:
    print_record(shown, run.format, list(shown.items()))
