"""The change that `undo` takes back: its commit, the files as they were before it, and when that is refused.

An undo never loses what others built on: each file must be as the undone commit left it. What `--force` lifts
is in `cli/undo.py`; a draft with a claimed number is refused in `outbox/claim_and_send_once.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pipecli.harmless_text import one_line
from pipecli.history.commit_as_of import UNSHALLOW, commit_meant, tip
from pipecli.records.base import Record
from pipecli.records.kinds import SETTINGS, SETTINGS_FILE, kind_of
from pipecli.store import git, safe_files
from pipecli.store.git_commit import differing_files
from pipecli.store.ids_and_files import with_schema_path
from pipecli.store.index.rows_for_verbs import records_naming
from pipecli.store.pipeline import Pipeline
from pipecli.store.plan_writes import Write, check_references, record_names
from pipecli.store.validate_record import parse_record
from pipecli.wording import first_of
from pipecli.workflow import Refused
from pipecli.workflow.activity_followup_and_attachment import FOLDER

UNDOES = "Pipecli-Undoes: "
_LFS = b"version https://git-lfs.github.com/"
"""The beginning of what git has in the place of a file that Git LFS keeps."""
_MOST_COMMITS = 300
"""The commits among which the last change of a user is looked for."""


class UndoneCommit(NamedTuple):
    id: str
    author: str
    email: str
    subject: str
    body: str

    @property
    def shown(self) -> str:
        return f'{self.id[:7]} "{one_line(self.subject)}"'


_NO_FILES = {"120000", "160000"}
"""The modes of a symbolic link and of a submodule."""
FileVersions = tuple[str, bytes | None, bytes | None]
"""The name of a file, its content before a commit and after it; None where it isn't there."""


class Reverted(NamedTuple):
    """One file of an undo, with its record as the undone commit left it and as it was before."""

    write: Write
    done: Record | None
    before: Record | None

    @property
    def record(self) -> Record:
        record = self.done or self.before
        assert record is not None
        return record


def _commits(pipeline: Pipeline, *arguments: str, file: str = "") -> list[UndoneCommit]:
    location = pipeline.location
    options = ("-z", "--format=%H%x00%an%x00%ae%x00%s%x00%b", *arguments)
    log = git.log(location.work_tree, *options, "--", file or location.prefix or ".")
    fields = log.decode("utf-8", "replace").split("\0")
    return [UndoneCommit(*fields[start : start + 5]) for start in range(0, len(fields) - 1, 5)]


def last_change(pipeline: Pipeline, email: str) -> UndoneCommit:
    """The last commit of this user that isn't an undo and isn't undone. Raises Refused."""
    undone: set[str] = set()
    for commit in _commits(pipeline, "--no-merges", f"--max-count={_MOST_COMMITS}"):
        if commit.email.lower() != email.lower():
            continue
        if match := re.search(rf"^{UNDOES}([0-9a-f]+)$", commit.body, re.MULTILINE):
            undone.add(match[1])
        elif commit.id not in undone:
            return commit
    is_cut = tip(pipeline.location).is_shallow
    hint = UNSHALLOW if is_cut else "name a commit: pipecli undo COMMIT"
    raise Refused(f"no change of {email or 'yours'} to take back", hint=hint)


def commit_named(pipeline: Pipeline, revision: str) -> UndoneCommit:
    location = pipeline.location
    known = commit_meant(location, revision)
    commits = _commits(pipeline, "--max-count=1", known)
    if not commits or commits[0].id != known:
        raise Refused(f"{known[:7]} changed nothing of this pipeline, or is a merge")
    return commits[0]


def changed_files(pipeline: Pipeline, commit: UndoneCommit) -> list[FileVersions]:
    """The files that a commit changed, each as it was before and after it. Raises Refused for a merge."""
    location = pipeline.location
    parents = git.output(location.work_tree, "rev-list", "--parents", "--max-count=1", commit.id).split()[1:]
    if len(parents) != 1:
        if not parents and tip(location).is_shallow:
            raise Refused(f"{commit.shown} is where this shallow clone begins", hint=UNSHALLOW)
        if not parents:
            raise Refused(f"there is nothing to take back: {commit.shown} is the first commit")
        raise Refused(f"{commit.shown} is a merge", hint="git revert can take it back")
    differing = differing_files(location.work_tree, parents[0], commit.id)
    for name, file in differing.items():
        if name.startswith(location.prefix) and {file.mode_before, file.mode} & _NO_FILES:
            wrong = f"{commit.shown} changed {name}, a link or a submodule"
            raise Refused(wrong, hint="git revert can take it back")
    ids = [id_ for file in differing.values() for id_ in (file.blob_before, file.blob)]
    blobs = list(git.objects(location.work_tree, ids, safe_files.LARGEST_ANY))
    if any(blob.content is None and blob.size for blob in blobs):
        raise Refused(f"{commit.shown} changed a file that is too large", hint="git revert can take it back")
    contents = [blob.content for blob in blobs]
    changed = zip(differing, contents[::2], contents[1::2], strict=True)
    return [file for file in changed if file[0].startswith(location.prefix)]


def attachments_before(
    pipeline: Pipeline, commit: UndoneCommit, changed: Sequence[FileVersions]
) -> Iterator[Write]:
    """The attachments that a commit added or removed, as they were. Raises Refused."""
    for name, before, done in changed:
        file = name.removeprefix(pipeline.location.prefix)
        if file.startswith(f"{FOLDER}/"):
            now = _on_disk(pipeline, file)
            if now != done or (before or done or b"").startswith(_LFS):
                raise Refused(f"{file} isn't what {commit.shown} left", hint="git revert can take it back")
            yield Write(file, now, before)


def reverted_records(
    pipeline: Pipeline, commit: UndoneCommit, changed: Sequence[FileVersions]
) -> Iterator[Reverted]:
    """The records that a commit changed, each with what it shall be again. Raises Refused."""
    prefix = pipeline.location.prefix
    for name, before, done in changed:
        file = name.removeprefix(prefix)
        if kind_of(file) is None and file != SETTINGS_FILE:
            if file.startswith(("schemas/", f"{FOLDER}/")):
                continue
            raise Refused(f"{commit.shown} also changed {file}", hint="git revert can take it back")
        if done is not None and (elsewhere := _moved_to(pipeline, file, done)):
            file, done = elsewhere, with_schema_path(done, elsewhere)
            before = before and with_schema_path(before, elsewhere)
        if file == SETTINGS_FILE and before is None:
            raise Refused(f"{commit.shown} made this pipeline")
        now = _on_disk(pipeline, file)
        part = Reverted(Write(file, now, before), _read(file, done), _read(file, before))
        if _text(now) != _text(done):
            raise Refused(
                f"{part.record.key} has changed since {commit.shown}{_since(pipeline, commit, name)}"
            )
        yield part


def _moved_to(pipeline: Pipeline, file: str, done: bytes) -> str | None:
    """The place to which the file of a record was moved since; None where it was not."""
    record = None if _on_disk(pipeline, file) else _read(file, done)
    now = pipeline.file_of(record.noun, record.key) if record else None
    return now if now and now.rpartition("/")[2] == file.rpartition("/")[2] else None


def _on_disk(pipeline: Pipeline, file: str) -> bytes | None:
    try:
        return safe_files.read_bytes(pipeline.root, file, safe_files.LARGEST_ANY)
    except FileNotFoundError:
        return None


def _text(content: bytes | None) -> bytes | None:
    return content and content.replace(b"\r\n", b"\n")


def _read(file: str, content: bytes | None) -> Record | None:
    if content is None:
        return None
    return parse_record(kind_of(file) or SETTINGS, file, content.decode("utf-8", "replace"))


def _since(pipeline: Pipeline, commit: UndoneCommit, name: str) -> str:
    """The words on what became of a file since a commit; later commits that were undone count for nothing."""
    differs = ("diff-tree", "-r", "--name-only", commit.id, "HEAD", "--", name)
    later = _commits(pipeline, "--max-count=1", f"{commit.id}..HEAD", file=name)
    if not later or not git.output(pipeline.location.work_tree, *differs):
        return f", by hand and not yet committed: git diff {name}"
    return f": {later[0].shown} of {one_line(later[0].author)}; undo that first, or correct it with `set`"


def require_free(pipeline: Pipeline, reverted: Sequence[Reverted]) -> None:
    """Refuse to take away what other records name, or to bring back what names a record that is gone."""
    own = {part.write.file for part in reverted}
    restored = [part.before for part in reverted if part.before is not None]
    written = {name for record in restored for name in record_names(record)}
    gone = {name for part in reverted if part.done for name in record_names(part.done)} - written
    for record_noun, key in gone:
        naming = records_naming(pipeline.connection, record_noun, key)
        users = [name for name, path in naming if path not in own]
        if users:
            raise Refused(
                f"{key} can't be taken back: {first_of(users, 5)} came to name it since",
                hint="change those first",
            )
    check_references(pipeline, restored, written, gone)


def require_unissued(reverted: Sequence[Reverted]) -> None:
    """Refuse to take a number from an invoice: the row would have a gap."""
    for part in reverted:
        before, given = (getattr(record, "number", None) for record in (part.before, part.done))
        if part.record.noun == "invoice" and given and given != before:
            raise Refused(
                f"{part.record.key} is issued as {given}, and its number can't be taken back",
                hint=f"credit it: pipecli invoice credit {part.record.key}",
            )


def require_unsent(reverted: Sequence[Reverted]) -> None:
    """Refuse to take back that a quotation was sent: its mail is with the customer."""
    for part in reverted:
        was, became = getattr(part.before, "status", "draft"), getattr(part.done, "status", "")
        if part.record.noun == "quotation" and was == "draft" and became == "sent":
            key = part.record.key
            raise Refused(
                f"{key} was sent, and the customer keeps it",
                hint=f"make the next one with `pipecli quote revise {key}`, or take it back with --force",
            )
