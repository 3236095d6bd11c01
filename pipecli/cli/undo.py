"""`pipecli undo`: the last change of this clone's user taken back, as a commit of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, NamedTuple

import typer

from pipecli.cli.common.changing import Transaction, changing
from pipecli.cli.common.command import Changing, noun
from pipecli.cli.common.output import Format, print_record
from pipecli.cli.common.session import say
from pipecli.errors import PipecliError
from pipecli.history.moments import UNSHALLOW, tip
from pipecli.records.base import Record
from pipecli.records.kinds import SETTINGS, SETTINGS_FILE
from pipecli.store import files, git, reading
from pipecli.store.files import kind_of
from pipecli.store.index.records import records_naming
from pipecli.store.naming import relaid
from pipecli.store.writes import Write, check_references, names
from pipecli.wording import first_of, one_line
from pipecli.workflow.attachment import FOLDER
from pipecli.workflow.change_or_refusal import Refused

app = noun("Take back the last change.")

_UNDOES = "Pipecli-Undoes: "
_LFS = b"version https://git-lfs.github.com/"
"""The beginning of what git has in the place of a file that Git LFS keeps."""
_MOST_COMMITS = 300
"""The commits among which the last change of a user is looked for."""


class _Commit(NamedTuple):
    id: str
    author: str
    email: str
    subject: str
    body: str

    @property
    def shown(self) -> str:
        return f'{self.id[:7]} "{one_line(self.subject)}"'


_Change = tuple[str, bytes | None, bytes | None]
"""The name of a file, its content before a commit and after it; None where it isn't there."""


class _Reverted(NamedTuple):
    """One file of an undo, with its record as the undone commit left it and as it was before."""

    write: Write
    done: Record | None
    before: Record | None

    @property
    def record(self) -> Record:
        record = self.done or self.before
        assert record is not None
        return record


@app.command(cls=Changing)
def undo(
    ctx: typer.Context,
    commit: Annotated[
        str | None, typer.Argument(metavar="[COMMIT]", help="This one. Default: your last change.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Even if a quotation was sent, whose mail can't be taken back.")
    ] = False,
) -> None:
    """Take back your last change: its records are as they were before it.

    This is a commit of its own. Called again, it takes back the change before. Refused if others built on it.
    """
    with changing(ctx) as transaction:
        if bent := tip(transaction.pipeline.location).bent:
            say(f"warning: {bent}")
        undone = _named(transaction, commit) if commit else _last(transaction)
        changed = _changed(transaction, undone)
        reverted = list(_reverted(transaction, undone, changed))
        if not reverted:
            raise Refused(f"{undone.shown} changed no record", hint="git revert takes back other files")
        _require_free(transaction, reverted)
        _require_unissued(transaction, reverted)
        if not force:
            _require_unsent(reverted)
        key, colon, summary = undone.subject.partition(": ")
        is_ours = bool(colon) and re.fullmatch(r"[\w.-]+", key) is not None
        subject = f"{key}: undo {summary}" if is_ours else f'undo "{undone.subject}"'
        names = [f"Pipecli-Record: {part.record.key}" for part in reverted[:100]]
        trailers = "\n".join(["Pipecli-Event: undone", *names, f"{_UNDOES}{undone.id}"])
        writes = [*(part.write for part in reverted), *_beside(transaction, undone, changed)]
        made = transaction.commit(writes, subject, trailers)
        if not transaction.session.dry_run:
            _print(transaction, undone, reverted, subject, made)


def _commits(transaction: Transaction, *arguments: str, file: str = "") -> list[_Commit]:
    place = transaction.pipeline.location
    options = ("-z", "--format=%H%x00%an%x00%ae%x00%s%x00%b", *arguments)
    log = git.log(place.work_tree, *options, "--", file or place.prefix or ".")
    fields = log.decode("utf-8", "replace").split("\0")
    return [_Commit(*fields[start : start + 5]) for start in range(0, len(fields) - 1, 5)]


def _last(transaction: Transaction) -> _Commit:
    """The last commit of this user that isn't an undo and isn't undone. Raises Refused."""
    email = transaction.session.email
    undone: set[str] = set()
    for commit in _commits(transaction, "--no-merges", f"--max-count={_MOST_COMMITS}"):
        if commit.email.lower() != email.lower():
            continue
        if match := re.search(rf"^{_UNDOES}([0-9a-f]+)$", commit.body, re.MULTILINE):
            undone.add(match[1])
        elif commit.id not in undone:
            return commit
    is_cut = tip(transaction.pipeline.location).is_shallow
    hint = UNSHALLOW if is_cut else "name a commit: pipecli undo COMMIT"
    raise Refused(f"no change of {email or 'yours'} to take back", hint=hint)


def _named(transaction: Transaction, revision: str) -> _Commit:
    place = transaction.pipeline.location
    known = None if revision.startswith("-") else git.commit_of(place.work_tree, revision)
    if known is None:
        raise PipecliError(
            f"unknown commit {revision}", hint="`pipecli history REF` names them", code="no-such-moment"
        )
    commits = _commits(transaction, "--max-count=1", known)
    if not commits or commits[0].id != known:
        raise Refused(f"{known[:7]} changed nothing of this pipeline, or is a merge")
    return commits[0]


def _changed(transaction: Transaction, commit: _Commit) -> list[_Change]:
    """The files that a commit changed, each as it was before and after it. Raises Refused for a merge."""
    place = transaction.pipeline.location
    parents = git.output(place.work_tree, "rev-list", "--parents", "--max-count=1", commit.id).split()[1:]
    if len(parents) != 1:
        if not parents and tip(place).is_shallow:
            raise Refused(f"{commit.shown} is where this shallow clone begins", hint=UNSHALLOW)
        if not parents:
            raise Refused(f"there is nothing to take back: {commit.shown} is the first commit")
        raise Refused(f"{commit.shown} is a merge", hint="git revert can take it back")
    options = ("-r", "-z", "--raw", "--no-renames", "--no-abbrev")
    parts = git.raw(place.work_tree, "diff-tree", *options, parents[0], commit.id)
    fields = parts.decode("utf-8", "surrogateescape").split("\0")
    names, entries = fields[1::2], [entry.split() for entry in fields[:-1:2]]
    ids = [id_ for entry in entries for id_ in entry[2:4]]
    blobs = list(git.objects(place.work_tree, ids, files.LARGEST_ANY))
    if any(blob.content is None and blob.size for blob in blobs):
        raise Refused(f"{commit.shown} changed a file that is too large", hint="git revert can take it back")
    contents = [blob.content for blob in blobs]
    changed = zip(names, contents[::2], contents[1::2], strict=True)
    return [file for file in changed if file[0].startswith(place.prefix)]


def _beside(transaction: Transaction, commit: _Commit, changed: Sequence[_Change]) -> Iterator[Write]:
    """The attachments that a commit added or removed, as they were. Raises Refused."""
    for name, before, done in changed:
        file = name.removeprefix(transaction.pipeline.location.prefix)
        if file.startswith(f"{FOLDER}/"):
            now = _on_disk(transaction, file)
            if now != done or (before or done or b"").startswith(_LFS):
                raise Refused(f"{file} isn't what {commit.shown} left", hint="git revert can take it back")
            yield Write(file, now, before)


def _reverted(transaction: Transaction, commit: _Commit, changed: Sequence[_Change]) -> Iterator[_Reverted]:
    """The records that a commit changed, each with what it shall be again. Raises Refused."""
    prefix = transaction.pipeline.location.prefix
    for name, before, done in changed:
        file = name.removeprefix(prefix)
        if kind_of(file) is None and file != SETTINGS_FILE:
            if file.startswith(("schemas/", f"{FOLDER}/")):
                continue
            raise Refused(f"{commit.shown} also changed {file}", hint="git revert can take it back")
        if done is not None and (elsewhere := _moved_to(transaction, file, done)):
            file, before, done = elsewhere, before and relaid(before, elsewhere), relaid(done, elsewhere)
        if file == SETTINGS_FILE and before is None:
            raise Refused(f"{commit.shown} made this pipeline")
        now = _on_disk(transaction, file)
        part = _Reverted(Write(file, now, before), _read(file, done), _read(file, before))
        if _text(now) != _text(done):
            raise Refused(f"{part.record.key} {_since(transaction, commit, name)}")
        yield part


def _moved_to(transaction: Transaction, file: str, done: bytes) -> str | None:
    """The place to which the file of a record was moved since; None where it was not."""
    record = None if _on_disk(transaction, file) else _read(file, done)
    now = transaction.pipeline.file_of(record.noun, record.key) if record else None
    return now if now and now.rpartition("/")[2] == file.rpartition("/")[2] else None


def _on_disk(transaction: Transaction, file: str) -> bytes | None:
    try:
        return files.read_bytes(transaction.pipeline.root, file, files.LARGEST_ANY)
    except FileNotFoundError:
        return None


def _text(content: bytes | None) -> bytes | None:
    return content and content.replace(b"\r\n", b"\n")


def _read(file: str, content: bytes | None) -> Record | None:
    if content is None:
        return None
    return reading.read(kind_of(file) or SETTINGS, file, content.decode("utf-8", "replace"))


def _since(transaction: Transaction, commit: _Commit, name: str) -> str:
    """The words on what became of a file since a commit."""
    later = _commits(transaction, "--max-count=1", f"{commit.id}..HEAD", file=name)
    if not later:
        return f"has changed since {commit.shown}, by hand and not yet committed"
    return (
        f"has changed since {commit.shown}: {later[0].shown} of {one_line(later[0].author)}; "
        "undo that first, or correct it with `set`"
    )


def _require_free(transaction: Transaction, reverted: Sequence[_Reverted]) -> None:
    """Refuse to take away what other records name, or to bring back what names a record that is gone."""
    own = {part.write.file for part in reverted}
    restored = [part.before for part in reverted if part.before is not None]
    written = {name for record in restored for name in names(record)}
    gone = {name for part in reverted if part.done for name in names(part.done)} - written
    connection = transaction.pipeline.index.connection
    for record_noun, key in gone:
        users = [name for name, path in records_naming(connection, record_noun, key) if path not in own]
        if users:
            raise Refused(
                f"{key} can't be taken back: {first_of(users, 5)} came to name it since",
                hint="change those first",
            )
    check_references(transaction.pipeline, restored, written, gone)


def _require_unsent(reverted: Sequence[_Reverted]) -> None:
    for part in reverted:
        if part.done is None or part.done.noun != "quotation":
            continue
        was, became = getattr(part.before, "status", "draft"), getattr(part.done, "status", "")
        if was == "draft" and became == "sent":
            key = part.done.key
            raise Refused(
                f"{key} was sent, and the customer keeps it",
                hint=f"make the next one with `pipecli quote revise {key}`, or take it back with --force",
            )


def _require_unissued(transaction: Transaction, reverted: Sequence[_Reverted]) -> None:
    """Refuse to take a number from an invoice, or a draft from its number: the row would have a gap."""
    from pipecli.cli.invoice import require_unnumbered
    from pipecli.records.papers import Invoice

    for part in reverted:
        before, given = (getattr(record, "number", None) for record in (part.before, part.done))
        if part.record.noun == "invoice" and given and given != before:
            raise Refused(
                f"{part.record.key} is issued as {given}, and its number can't be taken back",
                hint=f"credit it: pipecli invoice credit {part.record.key}",
            )
        if isinstance(part.done, Invoice) and part.before is None:
            require_unnumbered(transaction, part.done)


def _print(
    transaction: Transaction,
    undone: _Commit,
    reverted: Sequence[_Reverted],
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
