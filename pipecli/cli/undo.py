"""`pipecli undo`: the last change of this clone's user taken back, as a commit of its own."""

from __future__ import annotations

import re
from collections.abc import Sequence

import typer

from pipecli.cli.common.command import Changing, argument, flag, noun
from pipecli.cli.common.output import Format, print_record
from pipecli.cli.common.session import say
from pipecli.cli.common.transaction import Transaction
from pipecli.harmless_text import one_line
from pipecli.history.commit_as_of import tip
from pipecli.history.undo import (
    UNDOES,
    Reverted,
    UndoneCommit,
    attachments_before,
    changed_files,
    commit_named,
    last_change,
    require_free,
    require_unissued,
    require_unsent,
    reverted_records,
)
from pipecli.records.papers import Invoice
from pipecli.wording import first_of
from pipecli.workflow import Refused

app = noun()


@app.command(cls=Changing)
def undo(
    transaction: Transaction,
    commit: str | None = argument("This one. Default: your last change.", "[COMMIT]", default=None),
    force: bool = flag("--force", "Even if a quotation was sent, whose mail can't be taken back."),
) -> None:
    """Take back your last change: its records are as they were before it.

    This is a commit of its own. Called again, it takes back the change before. Refused if others built on it.
    """
    from pipecli.outbox.claim_and_send_once import require_unnumbered

    pipeline = transaction.pipeline
    if replaced := tip(pipeline.location).replaced:
        say(f"warning: {replaced}")
    undone = commit_named(pipeline, commit) if commit else last_change(pipeline, pipeline.author_email)
    changed = changed_files(pipeline, undone)
    reverted = list(reverted_records(pipeline, undone, changed))
    if not reverted:
        raise Refused(f"{undone.shown} changed no record", hint="git revert takes back other files")
    require_free(pipeline, reverted)
    require_unissued(reverted)
    for part in reverted:
        if isinstance(part.done, Invoice) and part.before is None:
            require_unnumbered(pipeline.location, part.done.id, say)
    if not force:
        require_unsent(reverted)
    key, colon, summary = undone.subject.partition(": ")
    is_ours = bool(colon) and re.fullmatch(r"[\w.-]+", key) is not None
    subject = f"{key}: undo {summary}" if is_ours else f'undo "{undone.subject}"'
    names = [f"Pipecli-Record: {part.record.key}" for part in reverted[:100]]
    trailers = "\n".join(["Pipecli-Event: undone", *names, f"{UNDOES}{undone.id}"])
    writes = [*(part.write for part in reverted), *attachments_before(pipeline, undone, changed)]
    commit_id = transaction.commit(writes, subject, trailers)
    if not transaction.session.dry_run:
        _print(transaction, undone, reverted, subject, commit_id)


def _print(
    transaction: Transaction,
    undone: UndoneCommit,
    reverted: Sequence[Reverted],
    subject: str,
    commit: str | None,
) -> None:
    run = transaction.session
    if run.format is Format.TABLE:
        typer.echo(one_line(subject))
        gone = [part.record.key for part in reverted if part.before is None]
        back = [part.record.key for part in reverted if part.done is None]
        kept = [part.record.key for part in reverted if part.done and part.before]
        moved = [key for key in gone if key in set(back)]  # to where its file was
        gone, back = ([key for key in keys if key not in set(moved)] for keys in (gone, back))
        kept += moved
        for words, names in (("as before", kept), ("gone again", gone), ("back again", back)):
            if names:
                typer.echo(f"{words}: {first_of(names, 8)}", err=True)
        return
    record = {
        "id": commit or "",
        "commit": commit,
        "undone": undone.id,
        "subject": undone.subject,
        "records": [part.record.key for part in reverted],
    }
    print_record(record, run.format, ())
