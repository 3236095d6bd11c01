"""`attach` and `detach`: files beside a deal, a lead, a paper or a customer."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import Any

from pipecli.cli.common.command import Changing, Ref, argument, noun
from pipecli.cli.common.names_and_questions import confirm_removal, find_typed
from pipecli.cli.common.session import say
from pipecli.cli.common.transaction import Transaction
from pipecli.cli.show import HOLDERS
from pipecli.errors import PipecliError, system_refusal
from pipecli.harmless_text import one_line
from pipecli.store import safe_files
from pipecli.store.ids_and_files import slug
from pipecli.store.location import Location
from pipecli.store.plan_writes import Write
from pipecli.workflow import Change
from pipecli.workflow.activity_followup_and_attachment import (
    FOLDER,
    attach_file,
    detach_file,
    find_attachment,
)

app = noun()


def holder(transaction: Transaction, ref: str) -> Any:
    """The record that files lie beside: a deal before a lead, a paper, a customer."""
    return transaction.pipeline.read(find_typed(transaction.session, ref, *HOLDERS).file)


@app.command("attach", cls=Changing)
def attach(
    transaction: Transaction,
    ref: Ref,
    files: list[Path] = argument("What to keep beside it.", "FILE..."),
) -> None:
    """Attach files to a record; it lists their names, sizes and hashes.

    The record may be a deal, lead, quotation, order, invoice or customer. It is one commit.
    """
    record = holder(transaction, ref)
    most = transaction.settings.attachments.largest
    writes = []
    for path in files:
        record, write = attached(
            transaction, record, path.name, _content(path, most, transaction.pipeline.location)
        )
        writes.append(write)
    names = ", ".join(one.name for one in record.attachments[-len(files) :])
    change = Change(record, f"attach {names}", "attached")
    transaction.commit_and_print(change, beside=writes)


def attached(transaction: Transaction, record: Any, name: str, content: bytes) -> tuple[Any, Write]:
    """A record with one file more, and the file. Raises Refused."""
    root = transaction.pipeline.root
    folders = (
        root / FOLDER / record.key,
        root / FOLDER / f"{record.noun}-{record.key}",
    )
    # What lies there, listed or not, is never written over.
    taken = {path.relative_to(root).as_posix() for folder in folders for path in folder.glob("*")}
    record, added = attach_file(
        record,
        one_line(name)[:200] or "file",
        slug(PurePath(name).stem),
        content,
        taken=taken,
        most=transaction.settings.attachments.largest,
    )
    return record, Write(added.file, None, content)


def _content(path: Path, most: int, location: Location) -> bytes:
    """The content of a file of the person's own, of which one byte more than `most` is read."""
    with system_refusal(path, "read"):
        if not path.exists():
            raise PipecliError(f"{path} does not exist", code="system")
        # What is judged is what is opened, whatever takes its place meanwhile.
        judged = safe_files.refuse_link_out(path, (location.root, location.work_tree), may_name_git=False)
        if (content := safe_files.read_at_most(judged, most)) is None:
            raise PipecliError(f"{path} isn't a regular file", code="system")
        return content


@app.command("detach", cls=Changing)
def detach(
    transaction: Transaction,
    ref: Ref,
    attachment: str = argument("Its name, or its number.", "ATTACHMENT"),
) -> None:
    """Remove an attached file; git's history keeps it."""
    record = holder(transaction, ref)
    gone = find_attachment(record, attachment)
    change = detach_file(record, gone)
    after: Any = change.record
    confirm_removal(
        transaction.session,
        attachment,
        gone.name,
        lambda: find_attachment(after, attachment).name,
        f"name it: {one_line(gone.name)}, or {gone.file}",
    )
    root = transaction.pipeline.root
    try:
        writes = [Write(gone.file, safe_files.read_bytes(root, gone.file, safe_files.LARGEST_ANY), None)]
    except FileNotFoundError:
        say(f"{gone.file} is gone already")
        writes = []
    transaction.commit_and_print(change, beside=writes)
