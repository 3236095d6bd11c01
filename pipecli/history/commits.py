"""Reading commits through git: their order, messages and files, and the records that each changed.

A file that moved is one record that changed, not two.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, NamedTuple

from pipecli.harmless_text import decoded
from pipecli.history.commit_as_of import seconds_of
from pipecli.records.kinds import KINDS, SETTINGS_FILE, record_kind
from pipecli.store import git
from pipecli.store.git_commit import KEEPING_LISTS
from pipecli.store.location import Location
from pipecli.store.yaml import read

if TYPE_CHECKING:
    from pipecli.records.base import Plain

_PART = 2500
"""Commits that one git process compares: enough to be worth its start, few enough for several at once."""


class ListedCommit(NamedTuple):
    """A commit's place in history."""

    id: str
    committed: int
    """Seconds since 1970."""
    parents: list[str]


class FileChange(NamedTuple):
    """One file of the pipeline that a commit made different from every parent."""

    path: str
    befores: tuple[str | None, ...]
    """Its blob in each parent; None where the parent has no such file. A merge has several."""
    after: str | None


CommitChanges = tuple[str, list[FileChange]]
"""The id of a commit, and the files that it changed."""


def listed_commits(
    location: Location, head: str, known: str | None = None, *, first_parents: bool = False
) -> list[ListedCommit]:
    """The commits that lead to `head` and not to `known`, parents first; `first_parents`: without the sides
    of merges. Raises git.GitRefused."""
    which = [*(["--first-parent"] if first_parents else []), head, *([f"^{known}"] if known else [])]
    lines = git.output(
        location.work_tree, "rev-list", "--topo-order", "--reverse", "--parents", "--timestamp", *which, "--"
    ).splitlines()
    commits = []
    for line in lines:
        seconds, commit, *parents = line.split(" ")
        commits.append(ListedCommit(commit, seconds_of(seconds), parents))
    return commits


def merge_base(location: Location, one: str, other: str) -> str | None:
    """The commit at which two parted; None where they share nothing. Raises git.GitRefused."""
    if one == other:
        return one
    done = git.run(location.work_tree, "merge-base", one, other)
    if done.returncode > 1:  # 1: they have no past in common
        raise git.GitRefused(git.words_of(done))
    return done.stdout.decode().strip() or None


def file_changes(location: Location, commits: Sequence[str]) -> Iterator[list[CommitChanges]]:
    """The commits among these that changed records, with the files, in parts as git finds them.

    A merge files what is different from all its parents: what its sides did counts once, with them.
    """
    parts = [commits[start : start + _PART] for start in range(0, len(commits), _PART)]
    if len(parts) < 2:
        yield from (_parsed(_compared(location, part), location.prefix) for part in parts)
        return
    from concurrent.futures import ThreadPoolExecutor

    # git inflates the tree of a whole folder for every commit: the most of what a long history takes.
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for compared in pool.map(lambda part: _compared(location, part), parts):
            yield _parsed(compared, location.prefix)


def removed_files(location: Location, merge: str, parent: int) -> list[tuple[str, str]]:
    """The files of records, each with its blob, that a parent of a merge (0: the first) has, and it not."""
    inside = [location.prefix] if location.prefix else []
    compared = git.raw(
        location.work_tree, "diff-tree", "-r", "--raw", "--no-renames", "--no-abbrev", "-z",
        "--diff-filter=D", f"{merge}^{parent + 1}", merge, "--", *inside,
    )  # fmt: skip
    changes = _parsed(merge.encode() + b"\0" + compared, location.prefix)
    return [(change.path, blob) for _, files in changes for change in files if (blob := change.befores[0])]


def _compared(location: Location, commits: Sequence[str]) -> bytes:
    # plumbing: no configuration of the user's changes it
    inside = [location.prefix] if location.prefix else []
    return git.raw(
        location.work_tree, *KEEPING_LISTS, "diff-tree", "--stdin", "-r", "--root", "-c", "--raw",
        "--no-renames", "--no-abbrev", "-z", "--", *inside,
        stdin="".join(f"{commit}\n" for commit in commits).encode(),
    )  # fmt: skip


def _parsed(compared: bytes, prefix: str) -> list[CommitChanges]:
    changes: list[CommitChanges] = []
    tokens = iter(compared.split(b"\0"))
    for token in tokens:
        if token.startswith(b":"):
            path = next(tokens).decode("utf-8", "replace").removeprefix(prefix)
            change = _file_change(path, token)
            if record_kind(path) and change.after not in change.befores:  # not only its mode
                changes[-1][1].append(change)
        elif token:
            changes.append((token.decode(), []))
    return [change for change in changes if change[1]]


def _file_change(path: str, about: bytes) -> FileChange:
    """From `:100644 100644 <before> <after> M`, with a colon, mode and blob more for each other parent."""
    parents = about.count(b":", 0, 8)
    words = about.lstrip(b":").split(b" ")
    blobs = [word.decode() for word in words[parents + 1 : -1]]
    ids = [None if not blob.strip("0") else blob for blob in blobs]
    return FileChange(path, tuple(ids[:-1]), ids[-1])


class Commit(NamedTuple):
    """The author, the time and the message of a commit."""

    id: str
    author: str
    email: str
    when: datetime
    """The author's time with the author's offset."""
    subject: str
    body: str
    """The rest of the message, without pipecli's trailers."""
    committer: str = ""
    """The name and address of another who committed it; empty where the author did."""
    events: frozenset[str] = frozenset()
    """What pipecli did: `imported`, `stage-changed`."""

    @property
    def is_for_many(self) -> bool:
        """True of an import and of a rename in the settings, which decide nothing about a single deal."""
        return not self.events.isdisjoint(("imported", "renamed"))


_EVENT = "Pipecli-Event: "
_TRAILERS = (_EVENT, "Pipecli-Record: ", "Pipecli-Undoes: ")


def parse_commit(commit: str, content: bytes) -> Commit:
    """A commit from its object; what a damaged or forged one lacks is empty, its time the year 1970."""
    head, _, message = content.partition(b"\n\n")
    headers = dict(line.partition(b" ")[::2] for line in reversed(head.split(b"\n")))
    encoding = headers.get(b"encoding", b"utf-8").decode("ascii", "replace")
    name, _, rest = _decoded(headers.get(b"author", b""), encoding).rpartition(" <")
    email, _, stamp = rest.rpartition("> ")
    subject, _, body = _decoded(message, encoding).strip("\n").partition("\n")
    lines = body.splitlines()
    events = frozenset(line.removeprefix(_EVENT) for line in lines if line.startswith(_EVENT))
    lines = [line for line in lines if not line.startswith(_TRAILERS)]
    committer = _decoded(headers.get(b"committer", b""), encoding).rpartition("> ")[0] + ">"
    other = committer if committer not in (">", f"{name} <{email}>") else ""
    return Commit(commit, name, email, _when(stamp), subject, "\n".join(lines).strip(), other, events)


class Signature(NamedTuple):
    """The words of git on a commit's signature."""

    state: str
    """`good`, `bad`, `can't be checked`, …; empty without one."""
    signer: str


_STATES = {
    "G": "good", "U": "good, of an unknown key", "B": "bad", "X": "expired", "Y": "of an expired key",
    "R": "of a revoked key", "E": "can't be checked",
}  # fmt: skip


def signatures(location: Location, commits: Sequence[str]) -> dict[str, Signature]:
    """The signatures of commits, verified by git with the keys that it knows here. Raises GitRefused."""
    if not commits:
        return {}
    listed = git.raw(
        location.work_tree, "log", "--no-walk=unsorted", "--stdin", "--format=%H%x00%G?%x00%GS",
        stdin="".join(f"{commit}\n" for commit in commits).encode(),
    ).decode("utf-8", "replace")  # fmt: skip
    words = (line.split("\0") for line in listed.split("\n") if line)
    known = {commit: Signature(_STATES.get(state, ""), signer) for commit, state, signer in words}
    # Of one by ssh git says that there is none, where it is told of no keys.
    unsigned = [commit for commit, signature in known.items() if not signature.state]
    for object_ in git.objects(location.work_tree, unsigned, _LARGEST):
        if b"\ngpgsig" in (object_.content or b"").partition(b"\n\n")[0]:
            known[object_.id] = Signature(_STATES["E"], "")
    return known


_LARGEST = 4 << 20
"""Bytes of a commit."""


def _decoded(text: bytes, encoding: str) -> str:
    try:
        return decoded(text, encoding, "replace")
    except (LookupError, ValueError):
        return text.decode("utf-8", "replace")


def _when(stamp: str) -> datetime:
    """`1793518738 +0100`."""
    match = re.fullmatch(r"(\d{1,20}) ([+-])(\d\d)(\d\d)", stamp, re.ASCII)
    if match is None:
        return datetime.fromtimestamp(0, UTC)
    east = timedelta(hours=int(match[3]), minutes=int(match[4])) * (-1 if match[2] == "-" else 1)
    zone = timezone(east) if abs(east) < timedelta(hours=24) else UTC
    return datetime.fromtimestamp(seconds_of(match[1]), zone)


Blob = tuple[str, str]
"""A noun and the id of a blob: the same text may stand in two folders."""


class RecordChange(NamedTuple):
    """A record that a commit changed."""

    noun: str
    key: str
    was: str | None
    """Its key before, where the commit changed that."""
    path: str
    old_path: str | None
    """Where its file was before, when it moved."""
    befores: str | None
    """Its blobs in the commit's parents, with a blank between; `-` for a parent that has no such file."""
    after: str | None
    """None: the record was removed."""


def blobs_of(files: Sequence[FileChange]) -> list[tuple[Blob, str]]:
    """The blobs of the changed files before and after, each with its path."""
    return [
        ((noun_at(change.path), blob), change.path)
        for change in files
        for blob in (*change.befores, change.after)
        if blob
    ]


def parents_lacking_files(files: Sequence[FileChange]) -> set[int]:
    """The parents of a merge that lack a file of it which another has: they may have it at another path."""
    return {
        number
        for change in files
        if change.after and any(change.befores)
        for number, blob in enumerate(change.befores)
        if blob is None
    }


def with_moved_files(
    files: Sequence[FileChange],
    gone: Mapping[int, Sequence[tuple[str, str]]],
    keys: Mapping[Blob, str | None],
) -> list[FileChange]:
    """The files of a merge, with the versions of parents that have the record at another path.

    `gone` has the files, each with its blob, that a parent has and the merge has not.
    """
    elsewhere = {
        (number, noun, key): blob
        for number, files in gone.items()
        for path, blob in files
        if (key := keys.get((noun := noun_at(path), blob)))
    }

    def filled(change: FileChange) -> FileChange:
        noun = noun_at(change.path)
        key = keys.get((noun, change.after or ""))
        return change._replace(
            befores=tuple(
                blob or (elsewhere.get((number, noun, key)) if key else None)
                for number, blob in enumerate(change.befores)
            )
        )

    return [filled(change) if change.after and any(change.befores) else change for change in files]


def record_changes(files: Sequence[FileChange], keys: Mapping[Blob, str | None]) -> list[RecordChange]:
    """The records that a commit touched; `keys` says whose version a blob is, None: nobody can tell."""
    changes = [_row(change, keys) for change in files]
    removed = {(row.noun, row.key): row for row in changes if row.after is None}
    added = {(row.noun, row.key) for row in changes if row.befores is None}
    moved = removed.keys() & added
    rows = []
    for row in changes:
        if (name := (row.noun, row.key)) not in moved:
            rows.append(row)
        elif row.after is not None:
            old = removed[name]
            rows.append(row._replace(old_path=old.path, befores=old.befores) if row.befores is None else row)
    return rows


def _row(change: FileChange, keys: Mapping[Blob, str | None]) -> RecordChange:
    noun = noun_at(change.path)
    before = next((key for blob in change.befores if blob and (key := keys.get((noun, blob)))), None)
    after = keys.get((noun, change.after)) if change.after else None
    key = after or before or key_of_path(change.path)
    befores = " ".join(blob or "-" for blob in change.befores) if any(change.befores) else None
    return RecordChange(
        noun, key, before if before != key else None, change.path, None, befores, change.after
    )


def noun_at(path: str) -> str:
    """The noun of the record at a path that is one's."""
    kind = record_kind(path)
    assert kind
    return kind.noun


def key_of_path(path: str) -> str:
    """The key of the record that a file is named after, for a file that can't be read."""
    stem = path.rpartition("/")[2].removesuffix(".yaml")
    match = re.match(r"[A-Z]+-[0-9A-Z]{5}(?![0-9A-Z])", stem)
    return match[0] if match else stem


_LINK = b"120000"
_FOLDERS = "|".join(kind.folder for kind in KINDS)
# One pattern over the whole list: a loop over 10,000 lines takes 25 ms more. A line begins after a zero.
_RECORD = rf"(?<![^\0])(\d+) blob (\w+)\t({re.escape(SETTINGS_FILE)}|(?:{_FOLDERS})/[^\0]*\.yaml)\0"


class TreeEntry(NamedTuple):
    blob: str
    is_link: bool


def tree_of(location: Location, commit: str) -> str | None:
    """The id of the pipeline's own directory in a commit: two with the same have the same records."""
    return git.id_of(location.work_tree, f"{commit}:{location.prefix.rstrip('/')}")


def root_entries(location: Location, commit: str) -> dict[str, str]:
    """The ids of the files and folders of the pipeline's own directory in a commit; none without it."""
    tree = tree_of(location, commit)
    listed = git.raw(location.work_tree, "ls-tree", "-z", "--full-tree", tree) if tree else b""
    lines = (line.partition(b"\t") for line in listed.split(b"\0") if line)
    return {name.decode("utf-8", "replace"): about.split()[2].decode() for about, _, name in lines}


def tree_entries(location: Location, tree: str) -> dict[str, TreeEntry]:
    """The files of settings and records in the tree of a pipeline, by their paths in it."""
    listed = git.raw(location.work_tree, "ls-tree", "-r", "-z", "--full-tree", tree)
    return {
        path.decode("utf-8", "replace"): TreeEntry(blob.decode(), mode == _LINK)
        for mode, blob, path in re.findall(_RECORD.encode(), listed)
    }


def records_below(location: Location, tree: str, folder: str) -> dict[str, str]:
    """The blobs of the record files in the tree of a folder, by their paths in the pipeline."""
    listed = git.raw(location.work_tree, "ls-tree", "-r", "-z", "--full-tree", tree)
    return {
        f"{folder}/{path.decode('utf-8', 'replace')}": blob.decode()
        for blob, path in re.findall(rb"(?<![^\0])\d+ blob (\w+)\t([^\0]*\.yaml)\0", listed)
    }


_TAKEN_BACK = re.compile(r"^(?:This reverts commit |Pipecli-Undoes: )([0-9a-f]{40,64})", re.MULTILINE)
_RENAMED = re.compile(r"settings: rename (\S+) (.+?) → (.+)\n(?s:.*)\nPipecli-Event: renamed$", re.MULTILINE)


def commits_of_events(location: Location, events: Sequence[str], revisions: str) -> Iterator[tuple[str, str]]:
    """The commits of events with their messages, newest first, but for those that were taken back."""
    lines = (*(_EVENT + event for event in events), "This reverts", "Pipecli-Undoes: ")
    greps = [f"--grep=^{line}" for line in lines]
    log = git.log(location.work_tree, *greps, "--format=%x00%H%n%B", revisions, "--")
    taken_back: set[str] = set()
    for entry in log.decode("utf-8", "replace").split("\0")[1:]:
        commit, _, message = entry.partition("\n")
        if commit not in taken_back:
            taken_back |= {*_TAKEN_BACK.findall(message)}
            yield commit, message


def renamed_in(message: str) -> tuple[str, str, str] | None:
    """What a commit of `settings rename` renamed, from what, to what."""
    found = _RENAMED.match(message)
    return (found[1], found[2], found[3]) if found else None


class Departed(NamedTuple):
    """A record that isn't here any more, as it was when it was merged away or as an import last left it."""

    noun: str
    key: str
    plain: Plain
    file: str
    survivor: str = ""
    """The record that it is merged into, itself where it was renamed; empty where it was removed."""


def merged_away(location: Location, until: str) -> Iterator[Departed]:
    """The records that were merged into others until a commit, the oldest first."""
    from pipecli.records.emails_and_phones import email_key

    log = git.log(
        location.work_tree, "--reverse", "--grep=^Pipecli-Event: merged", "--diff-filter=D", "--no-renames",
        "--name-only", "--format=%x00%H %(trailers:key=Pipecli-Record,valueonly,separator=%x20)",
        until, "--",
    )  # fmt: skip
    for entry in log.decode("utf-8", "replace").split("\0")[1:]:
        head, *names = entry.split("\n")
        commit, survivor, *_ = [*head.split(" "), ""]
        for name in names:
            file = name.removeprefix(location.prefix)
            kind = record_kind(file)
            if kind is None or not survivor or not (plain := _before(location, commit, name)):
                continue
            if "emails" in plain:  # an address that both had tells nothing
                into = _before(location, commit, f"{name.rpartition('/')[0]}/{survivor}.yaml") or {}
                own = {*map(email_key, into.get("emails", ()))}
                plain["emails"] = [email for email in plain["emails"] if email_key(email) not in own]
            yield Departed(kind.noun, str(plain.get(kind.identity)), plain, file, survivor)


def _before(location: Location, commit: str, name: str) -> Plain | None:
    return read.plain_of(git.run(location.work_tree, "cat-file", "blob", f"{commit}^:{name}").stdout, name)
