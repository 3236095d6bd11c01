"""`pipecli inbox`: the mails of a mailbox as activities of the deals and leads they are about."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipecli.cli.attach import attached
from pipecli.cli.common.command import Changing, argument, flag, noun, option
from pipecli.cli.common.names_and_questions import find_typed
from pipecli.cli.common.output import Format, print_record, print_records, write_counts, write_text
from pipecli.cli.common.session import Session, mention, say
from pipecli.cli.common.table import Column, plain_columns
from pipecli.cli.common.transaction import Transaction, changing
from pipecli.errors import PipecliError
from pipecli.harmless_text import terminal_line
from pipecli.inbox.mail import message
from pipecli.inbox.mail.inbox_import import (
    MailOutcome,
    outcome_of_mails,
    read_mails,
    report_json,
    report_lines,
    report_rows,
)
from pipecli.inbox.mail.mailbox_files import LeftOut, mail_files, raw_messages
from pipecli.inbox.mail.message import Mail
from pipecli.records.kinds import LEAD, OPPORTUNITY
from pipecli.store.git_commit import trailers
from pipecli.store.index.rows_for_verbs import label_and_status
from pipecli.store.plan_writes import Write, plan_writes
from pipecli.wording import count
from pipecli.workflow import Refused
from pipecli.workflow.activity_followup_and_attachment import AlreadyAttached

app = noun()


@app.command("import", cls=Changing)
def import_(
    run: Session,
    paths: list[Path] = argument("An .eml file, an mbox, a Maildir, or a folder.", "PATH..."),
    create_leads: bool = flag("--create-leads", "Make leads from strangers who wrote to us."),
    on: str | None = option("The deal or lead to record all these mails on.", "REF"),
    bodies: bool = flag("--bodies", "Also keep the start of each mail's text."),
    attachments: bool = flag("--attachments", "Also keep the attached files, beside the record."),
) -> None:
    """Record the mails of a mailbox on their deals and leads.

    Each is recorded once; a second run adds nothing. Mails that belong nowhere are listed and not kept.
    """
    if on is not None and create_leads:
        raise PipecliError("--on and --create-leads can't go together", hint="give one")
    mails, read = read_mails(paths, bodies=bodies)
    with changing(run) as transaction:
        record = find_typed(run, on, LEAD, OPPORTUNITY).key if on else None
        outcome = outcome_of_mails(transaction.pipeline, mails, on=record, create_leads=create_leads)
        files = _files(transaction, paths, outcome, mails) if attachments else []
        commit = _write(transaction, outcome, files)
        report = report_json(read, outcome)
        _print(transaction, report, commit, creates=create_leads)
    for item in read.left_out:
        (say if item.is_fault else mention)(terminal_line(f"{item.file}: {item.reason}"))
    faults = [item for item in read.left_out if item.is_fault]
    if faults:
        they = "it is" if len(faults) == 1 else "they are"
        raise PipecliError(
            f"{len(faults):,} could not be read as mail: {they} named above", hint="the rest is done"
        )


def _files(
    transaction: Transaction, paths: list[Path], outcome: MailOutcome, mails: list[Mail]
) -> list[Write]:
    """The files that the recorded mails carry; their records list them. Each mail is read once more."""
    homes = {mail.timed.mail.message_id: mail.on.key for mail in outcome.recorded}
    places = {change.record.key: place for place, change in enumerate(outcome.changes)}
    writes: list[Write] = []
    for file in (file for path in paths for file in mail_files(path) if not isinstance(file, LeftOut)):
        for raw in raw_messages(file, body=message.WHOLE):
            home = None if isinstance(raw, LeftOut) else homes.pop(raw.message_id, None)
            if home is None or isinstance(raw, LeftOut):
                continue
            is_large = len(raw.body) == message.WHOLE
            if why := f"larger than {message.WHOLE >> 20} MB" if is_large else message.excess(raw):
                say(terminal_line(f"{raw.place}: {why}: attach its files yourself"))
                continue
            for name, content in message.attachments_of(raw):
                change = outcome.changes[places[home]]
                try:
                    record, write = attached(transaction, change.record, name, content)
                except Refused as error:
                    if not isinstance(error, AlreadyAttached):
                        say(terminal_line(f"{raw.place}: {error.message}"))
                    continue
                outcome.changes[places[home]] = change._replace(record=record)
                writes.append(write)
    for mail in mails:
        if mail.message_id in homes:  # recorded without its files, it would never be looked at again
            moved = f"{mail.place}: it was moved or changed while it was read"
            raise PipecliError(moved, hint="nothing is changed; try again")
    return writes


def _write(transaction: Transaction, outcome: MailOutcome, files: list[Write]) -> str | None:
    """Commit what the mails come to, or with --dry-run print it; the commit's id."""
    run, changes = transaction.session, outcome.changes
    writes = [*plan_writes(transaction.pipeline, changes), *files]
    commit = None
    if writes and (not run.dry_run or run.format_name == "table"):
        subject = (
            changes[0].subject
            if len(changes) == 1
            else f"Record {len(outcome.recorded):,} mails on {len(changes):,} deals and leads"
        )
        commit = transaction.commit(writes, subject, trailers(changes))
    if files:
        say(f"{count(len(files), 'attachment')} kept")
    for change in changes:
        for note in change.notes:
            say(f"{change.record.key}: {note}")
    return commit


def _print(transaction: Transaction, report: dict[str, Any], commit: str | None, *, creates: bool) -> None:
    run = transaction.session
    match run.format:
        case Format.TABLE:
            write_counts(report_lines(report, _labels(transaction, report)))
            unplaced = [*report["ambiguous"], *report["unmatched"]]
            if unplaced:
                write_text("\n")
                print_records(unplaced, _UNPLACED, run.format)
            offers = []
            if report["ambiguous"]:
                offers.append("to record one of them where it belongs: pipecli inbox import FILE --on REF")
            if not creates and any("stranger" in row for row in report["unmatched"]):
                offers.append("to make leads of those who wrote: --create-leads")
            if offers:
                write_text("".join(f"{line}\n" for line in ("", *offers)))
        case Format.IDS:
            keys = dict.fromkeys(row["record"] for row in report["recorded"])
            write_text("".join(f"{key}\n" for key in keys))
        case Format.JSON | Format.JSONL as fmt:
            print_record(report | {"commit": commit, "dry_run": run.dry_run}, fmt, [])
        case fmt:
            print_records(report_rows(report), _ROWS, fmt)


def _labels(transaction: Transaction, report: Mapping[str, Any]) -> dict[str, str]:
    """The labels of the records that got mail, with the status of those that are not open."""
    labels = {}
    for key in {row["record"] for row in report["recorded"]}:
        row = label_and_status(transaction.connection, key)
        if row:  # with --dry-run a new lead is none yet
            labels[key] = f"{row[0]} ({row[1]})" if row[1] in _ENDED else row[0]
    return labels


_ENDED = {"won", "lost", "closed", "converted", "disqualified"}


def _counterpart(row: Mapping[str, Any]) -> str:
    """The sender of a mail or, of ours, its recipients."""
    if row["direction"] != "out":
        return f"from {row['from']}"
    return f"to {', '.join(row['to'])}"


def _reason(row: Mapping[str, Any]) -> str:
    if row["outcome"] == "ambiguous":
        return f"{row['why']}: {', '.join(row['candidates'])}"
    return f"{row['why']}; of {row['suggestion']}?" if "suggestion" in row else row["why"]


_UNPLACED = (
    Column("at", "WHEN"),
    Column("with", "WITH", shrink=True, min_width=16, show=_counterpart),
    Column("subject", "SUBJECT", shrink=True, min_width=12),
    Column("why", "WHY", shrink=True, min_width=20, show=_reason),
)
_ROWS = plain_columns(
    "outcome at direction from to subject record contact why candidates suggestion message_id file"
)
