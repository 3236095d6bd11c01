"""The way of every changing command: lock, read, let the workflow decide, write and commit, print.

Nouns import this for all their verbs, so what only a change needs (the models) is imported when one begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import typer

from pipecli.cli.session import Session, say, session, warn
from pipecli.records.kinds import BY_NOUN

if TYPE_CHECKING:
    from pipecli.cli.showing import Printed
    from pipecli.records.base import Record
    from pipecli.records.settings import Settings
    from pipecli.store.pipeline import Pipeline
    from pipecli.workflow.change import Change

R = TypeVar("R", bound="Record")

_MOST_NAMED = 100  # trailers: git takes the message as one argument, and the system bounds its length


class Desk:
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
        from pipecli.cli.showing import Printed, print_one, view
        from pipecli.store import transaction

        writes = transaction.plan(self.pipeline, changes)
        for change in changes:
            for note in change.notes:
                say(note)
        if self.session.dry_run:
            typer.echo(transaction.diff(writes), nl=False)
            return
        if not writes:
            say(f"{result.key}: nothing to change, it is so already")
            if self.session.format_name == "table":
                return
        if printed is None:
            is_new = self.pipeline.file_of(result.noun, result.key) is None
            is_removed = any(result is record for change in changes for record in change.removed)
            last = view(self.session, result.noun, result.key) if is_removed else None
            printed = Printed(result.noun, result.key, result.key, is_new, last)
        if before is not None:
            before()
        text = None if self.session.no_commit else message(subject, changes, self.session.message)
        made = transaction.commit(self.pipeline, writes, text)
        print_one(self.session, printed, said=subject, commit=made)

    def do_many(self, changes: Sequence[Change], subject: str) -> None:
        """Write changes of many records as one commit and print them: a line each, a list in JSON."""
        from pipecli.cli.showing import print_many
        from pipecli.store import transaction

        writes = transaction.plan(self.pipeline, changes)
        if self.session.dry_run:
            typer.echo(transaction.diff(writes), nl=False)
            return
        if writes:
            text = None if self.session.no_commit else message(subject, changes, self.session.message)
            transaction.commit(self.pipeline, writes, text)
        records = [change.subject for change in changes]
        said = [f"{change.subject.key}: {change.summary}" for change in changes]
        print_many(self.session, [(record.noun, record.key) for record in records], said)


@contextmanager
def changing(ctx: typer.Context) -> Iterator[Desk]:
    """Hold the pipeline for one changing command."""
    run = session(ctx)
    with run.pipeline.exclusive():
        warn(run.pipeline.index.faults())
        yield Desk(run)


def message(subject: str, changes: Sequence[Change], body: str) -> str:
    """A commit's text: what happened, what the person added, and trailers for those who search the log."""
    events = dict.fromkeys(f"Pipecli-Event: {change.event}" for change in changes)
    records = dict.fromkeys(
        f"Pipecli-Record: {record.key}" for change in changes for record in change.records
    )
    trailers = "\n".join([*events, *(records if len(records) <= _MOST_NAMED else ())])
    return "\n\n".join(part for part in (subject, body, trailers) if part)
