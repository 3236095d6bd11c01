"""The way of every changing command: lock, read the records, let the workflow decide, commit, print.

What a commit does on disk is in `store/write_and_commit.py`, its message in `store/git_commit.py`. This
imports the models: modules of verbs that only read must not import it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import typer

from pipecli.cli.common.names_and_questions import find_typed, note_touched
from pipecli.cli.common.output import Format, print_records, write_text
from pipecli.cli.common.record_json import RecordJson, print_record_json, record_json
from pipecli.cli.common.session import Session, say, warn
from pipecli.cli.common.table import Column
from pipecli.cli.common.terminal_and_own_config import paged
from pipecli.cli.common.typed_values import validated
from pipecli.harmless_text import terminal_line, without_controls
from pipecli.json_and_csv import loads
from pipecli.records.activity import NextContact
from pipecli.records.base import Record
from pipecli.records.kinds import BY_NOUN
from pipecli.store import ids_and_files
from pipecli.store.git_commit import commit_message, trailers
from pipecli.store.index.rows_for_verbs import (
    activity_ids,
    ids_in_index,
    known_contacts,
    known_customers,
    label,
    rows_where,
    workload,
)
from pipecli.store.pipeline import Pipeline
from pipecli.store.plan_writes import Write, diff_of_writes, plan_writes
from pipecli.store.record_meant import Care
from pipecli.store.write_and_commit import write_and_commit
from pipecli.workflow import Change

if TYPE_CHECKING:
    from sqlite3 import Connection

    from pipecli.records.catalogue import PriceList
    from pipecli.records.lead import Lead
    from pipecli.records.opportunity import Opportunity
    from pipecli.records.settings import Settings
    from pipecli.store.index.index import Index
    from pipecli.workflow.activity_followup_and_attachment import Next
    from pipecli.workflow.match_prospect import Parties, Prospect

D = TypeVar("D")
R = TypeVar("R", bound=Record)
Owned = TypeVar("Owned", "Lead", "Opportunity")


class Transaction:
    """The pipeline as a changing command has it, locked: read, let the workflow decide, commit."""

    def __init__(self, run: Session, pipeline: Pipeline | None = None) -> None:
        self.session = run
        self.pipeline = pipeline or run.pipeline

    @property
    def connection(self) -> Connection:
        """The index of the pipeline, to be queried."""
        return self.pipeline.connection

    @cached_property
    def settings(self) -> Settings:
        return self.pipeline.settings

    @cached_property
    def price_lists(self) -> list[PriceList]:
        """Every price list, read once however many deals are changed."""
        from pipecli.records.catalogue import PriceList

        return self.pipeline.all(PriceList)

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

    def get(self, model: type[R], name: str, care: Care = Care.LIKELY) -> R:
        """The record a person means by an id, its beginning, or a name, as exactly as `care` asks."""
        return self.pipeline.get(model, find_typed(self.session, name, BY_NOUN[model.noun], care=care).key)

    def new_id(self, prefix: str) -> str:
        taken = ids_in_index(self.connection)
        return ids_and_files.new_id(prefix, taken)

    def new_activity_id(self) -> str:
        """An id that no activity of any record has, and none that was asked for before."""
        taken = self._activity_ids
        while (new_id := ids_and_files.random_part()) in taken or not set(new_id) - set("0123456789E"):
            pass  # 12345 and 1E100 are numbers to YAML: who copies one by hand would have to quote it
        taken.add(new_id)
        return new_id

    @cached_property
    def _activity_ids(self) -> set[str]:
        return activity_ids(self.connection)

    def new_slug(self, noun: str, text: str) -> str:
        """A slug of `text` that no record of this kind has."""
        return ids_and_files.free_slug(text, ids_in_index(self.connection, noun))

    def parties(self, prospect: Prospect, *, customer: str | None = None) -> Parties:
        """The customer and contact of a prospect; `customer` names the one to use. Raises PipecliError."""
        from pipecli.records.customer import Customer
        from pipecli.workflow.match_prospect import customer_and_contact

        contacts = known_contacts(self.pipeline)
        named = None if customer is None else self.get(Customer, customer)
        customers = known_customers(self.pipeline) if named is None else []
        return customer_and_contact(prospect, self.pipeline, customers, contacts, self.new_slug, named=named)

    def parties_of_lead(self, lead: Lead, *, customer: str | None = None) -> Parties:
        """The customer and contact that a lead is, or becomes. Raises PipecliError."""
        from pipecli.workflow.match_prospect import of_lead

        return self.parties(of_lead(lead), customer=customer)

    def caller(self, email: str | None, phone: str | None) -> Parties:
        """The customer and contact of whom only an e-mail or a telephone is known. Raises Refused."""
        from pipecli.workflow.match_prospect import parties_of_caller

        customers, contacts = known_customers(self.pipeline), known_contacts(self.pipeline)
        return parties_of_caller(email, phone, self.pipeline, customers, contacts)

    def assigned_by_rule(self, record: Owned, *, is_named: bool) -> tuple[Owned, tuple[str, ...]]:
        """A new lead or deal with the owner that a rule names, and a note; as it is if somebody named one."""
        from pipecli.store.choose_by_condition import choose_rules
        from pipecli.workflow.assignment import assign_when_added, rules_for

        if is_named or not rules_for(self.settings, record.noun):
            return record, ()
        (rule,) = choose_rules(self.pipeline, [record.with_(owner=None)])
        if rule is None:
            return record, ()
        counted = partial(workload, self.connection, BY_NOUN[record.noun])
        return assign_when_added(record, rule, self.settings, counted, me=self.me, today=self.today)

    def day(self, text: str | None, *, past: bool = False) -> date | None:
        return self.session.day(text, past=past) if text else None

    def next_contact(self, text: str | None, by: str | None) -> Next | None:
        """A person's word on the next contact: `fri`, `fri: send the offer`, or `none`."""
        from pipecli.workflow.activity_followup_and_attachment import Next

        if text is None or text.strip().lower() in ("none", "no", "-"):
            return None if text is None else Next(None)
        day, _, note = text.partition(": ")
        plan = {"date": self.session.day(day), "by": by, "note": note.strip() or None}
        return Next(validated(NextContact, plan))

    def commit_and_print(
        self,
        change: Change,
        *,
        first: Sequence[Change] = (),
        printed: Result | None = None,
        before_writing: Callable[[], None] = lambda: None,
        beside: Sequence[Write] = (),
    ) -> None:
        """Write a change as one commit and print its result; with --dry-run, print the diff only.

        `first` are changes of the same commit that it follows from. `printed` is what to print where that
        isn't the record asked for. `before_writing` is called when all is found right and nothing is
        written yet; when it raises, nothing will be. `beside` are files beside records.
        """
        changes, result = [*first, change], change.asked
        subject = change.subject
        writes = [*plan_writes(self.pipeline, changes), *beside]
        notes = self._notes(changes)
        if self.session.dry_run or not writes:
            self._tell(notes)
        if self.session.dry_run:
            self.commit(writes, subject)
            return
        if not writes:
            say(self.titled(f"{result.key}: nothing to change, it is so already", [result]))
            if self.session.format_name == "table":
                return
        if printed is None:
            is_new = self.pipeline.file_of(result.noun, result.key) is None
            is_removed = any(result is record for change in changes for record in change.removed)
            last = record_json(self.session, result.noun, result.key) if is_removed else None
            printed = Result(result.noun, result.key, change.part or result.key, is_new, last)
        line = self.titled(subject, [record for change in changes for record in change.records])
        on_another = printed.is_new and any(self._is_on_another(change) for change in changes)
        commit_id = self.commit(writes, subject, trailers(changes), before_writing)
        if writes:
            self._tell(notes)
        print_one(self.session, printed, line=line, commit=commit_id)
        if printed.noun in BY_NOUN and printed.shown is None:
            note_touched(self.session, printed.noun, printed.key)
        if on_another and self.session.format_name == "table":
            say(line)

    def commit_and_print_many(self, changes: Sequence[Change], subject: str) -> None:
        """Write changes of many records as one commit and print them: a line each, a list in JSON."""
        lines = [self.titled(change.subject, change.records) for change in changes]
        notes = self._notes(changes, with_key=True)
        self.commit(plan_writes(self.pipeline, changes), subject, trailers(changes))
        self._tell(notes)
        if not self.session.dry_run:
            records = [(change.record.noun, change.record.key) for change in changes]
            print_many(self.session, records, lines)

    def _notes(self, changes: Sequence[Change], *, with_key: bool = False) -> list[str]:
        """The notes of changes, and on a next contact that they plan for a day that is past.

        They say what is so when the commit is there, and are told only then.
        """
        notes = []
        for change in changes:
            notes += [f"{change.record.key}: {note}" if with_key else note for note in change.notes]
            for record in change.records:
                plan = getattr(record, "next_contact", None)
                if plan and plan.date < self.today and f"{plan.date}" != self._known_plan(record):
                    notes.append(f"warning: {record.key}: its next contact, {plan.date}, is in the past")
        return notes

    @staticmethod
    def _tell(notes: Sequence[str]) -> None:
        for note in notes:
            say(note)

    def _known_plan(self, record: Record) -> str | None:
        table = f"_{BY_NOUN[record.noun].table}"
        rows = rows_where(self.connection, ["next_contact"], table, "id = ?", record.key)
        return next((day for (day,) in rows), None)

    def titled(self, subject: str, records: Iterable[Record]) -> str:
        """A commit's subject for a person: the record has its title or name beside the key."""
        for record in records:
            deal = getattr(record, "opportunity", None)  # a paper has the title of its deal
            title = label(self.connection, "opportunity", deal) or record.label
            if subject.startswith(f"{record.key}: ") and title not in (record.key, subject[-len(title) :]):
                return f"{record.key} {terminal_line(title)}{subject.removeprefix(record.key)}"
        return subject

    def _is_on_another(self, change: Change) -> bool:
        """True for a step on a record that was there, found by what a person typed."""
        record = change.record
        if record.noun == "settings":
            return False
        is_new = self.pipeline.file_of(record.noun, record.key) is None
        return not is_new or hasattr(record, "opportunity")

    def commit_one(self, change: Change) -> str | None:
        """Commit a change and print nothing; the commit's id."""
        return self.commit(plan_writes(self.pipeline, [change]), change.subject, trailers([change]))

    def commit(
        self,
        writes: Sequence[Write],
        subject: str,
        trailers: str = "",
        before_writing: Callable[[], None] = lambda: None,
        draft: Index | None = None,
    ) -> str | None:
        """Write files and commit them, what --message adds between subject and trailers; the commit's id.

        With --no-commit the files are written only; with --dry-run nothing is, and the diff is printed.
        `draft` is an index that has the writes already.
        """
        if self.session.dry_run:
            with paged(self.session.directory):
                typer.echo(without_controls(diff_of_writes(writes)), nl=False)
            return None
        message: str | None = commit_message(subject, self.session.message, trailers)
        if self.session.no_commit:
            message = None
        return write_and_commit(self.pipeline, writes, message, before_writing=before_writing, draft=draft)


@contextmanager
def changing(run: Session) -> Iterator[Transaction]:
    """Hold the pipeline for one changing command."""
    with run.pipeline.exclusive():
        warn(run.pipeline.index.faults())
        yield Transaction(run)


@contextmanager
def changing_after(run: Session, decide: Callable[[Pipeline], D]) -> Iterator[tuple[Transaction, D]]:
    """Decide what takes long while others may work, then hold the pipeline to write it.

    Where it isn't as it was any more, it is decided again while it is held.
    """
    before = run.pipeline.state()
    decision = decide(run.pipeline)
    with run.pipeline.exclusive():
        if run.pipeline.state() != before:
            run.look_again()
            say("the pipeline has changed meanwhile: once more, while nobody else writes")
            decision = decide(run.pipeline)
        warn(run.pipeline.index.faults())
        yield Transaction(run), decision


class Result(NamedTuple):
    """The result of a command: a record, or a part of one that has a name of its own.

    `noun` and `key` name what JSON shows: the record, or a user or team of the settings. `id` is what stands
    alone for it: the record's, or that of an activity which was made in it.
    """

    noun: str
    key: str
    id: str
    is_new: bool = False
    """A person reads the id, not a line on what happened."""
    shown: RecordJson | None = None
    """The JSON of a record that is removed."""


def print_one(run: Session, printed: Result, *, line: str, commit: str | None = None) -> None:
    """Print what a command changed or made; `line` is the line a person reads of a change."""
    if run.format is Format.TABLE:
        typer.echo(printed.id if printed.is_new else terminal_line(line))
        return
    if run.format is Format.IDS:
        typer.echo(printed.id)
        return
    shown = printed.shown or record_json(run, printed.noun, printed.key)
    print_record_json(run, shown | ({"commit": commit} if commit else {}))


def print_many(run: Session, keys: Sequence[tuple[str, str]], lines: Sequence[str]) -> None:
    """Print the records, by noun and key, that one command changed; `lines` are for people."""
    if run.format is Format.TABLE:
        with paged(run.directory):
            write_text("".join(f"{terminal_line(line)}\n" for line in lines))
        return
    shown = [record_json(run, noun, key) for noun, key in keys]
    names = ("id", "status")
    print_records(shown, [Column(name, name) for name in names], run.format)


def in_full(change: Change, before: Record) -> str:
    """The summary of a change; of a `set` each field with its old and its new value."""
    from pipecli.history.events_in_words import RecordVersion, events_between

    if not change.summary.startswith("set "):
        return change.summary
    versions = (
        RecordVersion(version.noun, version.key, loads(version.plain_json()), getattr(version, "value", None))
        for version in (before, change.record)
    )
    return "; ".join(event.text for event in events_between(*versions)) or change.summary
