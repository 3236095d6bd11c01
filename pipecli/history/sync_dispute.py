"""What two sides disagree on, in words: which fields of which records, both values, and whose they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from pipecli.errors import FaultyFile
from pipecli.history.commits import record_kind
from pipecli.history.events import Told, events
from pipecli.history.sync_joint import record_id
from pipecli.history.sync_merge import Clash
from pipecli.store import files, git
from pipecli.store.files import Location
from pipecli.store.yaml import read

if TYPE_CHECKING:
    from pipecli.records.base import Plain


_MOST_TOLD = 3


class Author(NamedTuple):
    """Who changed something, and in which commit."""

    name: str
    commit: str

    def __str__(self) -> str:
        return f"{self.name} ({self.commit[:7]})"


class Dispute(NamedTuple):
    """One thing that two sides have otherwise."""

    file: str
    """In the repository."""
    noun: str | None
    """None: it is no record of this pipeline."""
    id: str | None
    title: str | None
    field: str
    """Dotted; empty: the file as a whole."""
    ours: str | None
    """The value as people read it; None: that side has none."""
    theirs: str | None
    ours_by: Author | None
    theirs_by: Author | None
    words: str
    """On one line, but for whose it is."""


def disputes(
    place: Location, base: str | None, ours: str, theirs: str, clashes: Sequence[Clash]
) -> list[Dispute]:
    """Everything that is in conflict, in the order of files and fields."""
    found: list[Dispute] = []
    for clash in clashes:
        mine, yours = (_Story(place, clash.sides.path, base, tip) for tip in (ours, theirs))
        path = clash.sides.path.removeprefix(place.prefix)
        kind = record_kind(path) if clash.sides.path.startswith(place.prefix) else None
        latest = mine.latest or yours.latest or {}
        about = (
            clash.sides.path,
            kind.noun if kind else None,
            record_id(path) if kind else None,
            title_of(latest) if kind else None,
        )
        for field in clash.fields:
            authors = mine.author(field.path), yours.author(field.path)
            found.append(Dispute(*about, field.path, field.ours, field.theirs, *authors, field.words))
        if not clash.fields:
            left, right = (
                None if blob is None else (side.changes if kind else "") or "changed"
                for blob, side in ((clash.sides.ours, mine), (clash.sides.theirs, yours))
            )
            words = clash.words if left and right else _removed(left, right)
            found.append(Dispute(*about, "", left, right, mine.author(""), yours.author(""), words))
    return found


def _removed(ours: str | None, theirs: str | None) -> str:
    if ours is None and theirs is None:
        return "both sides moved or removed it"
    if ours is None:
        return f"removed in ours, changed in theirs: {theirs}"
    return f"removed in theirs, changed in ours: {ours}"


class _Story:
    """What one side did to one file since the two parted."""

    def __init__(self, place: Location, path: str, base: str | None, tip: str) -> None:
        said = git.output(
            place.work_tree, "log", "--raw", "--no-abbrev", "--no-renames", "--format=%x01%H%x02%an",
            f"{base}..{tip}" if base else tip, "--", path,
        )  # fmt: skip
        self._place, self._path = place, path
        self._commits: list[tuple[Author, list[str]]] = []
        for entry in said.split("\x01")[1:]:
            head, _, raw = entry.partition("\n")
            commit, _, name = head.partition("\x02")
            words = raw.split()  # ":100644 100644 <before> <after> M <path>"; nothing of a merge
            if len(words) > 4:
                self._commits.append((Author(name, commit), words[2:4]))
        blobs = dict.fromkeys(blob for _, pair in self._commits for blob in pair if blob.strip("0"))
        found = git.objects(place.work_tree, blobs, files.LARGEST)
        self._plains = {each.id: _plain(each.content, path) for each in found}

    @property
    def latest(self) -> Plain:
        """What the side has now, where it touched the file."""
        return self._plains.get(self._commits[0][1][1], {}) if self._commits else {}

    @property
    def changes(self) -> str:
        """What the side did, in words; empty where none can be found."""
        if not self._commits:
            return ""
        before = self._plains.get(self._commits[-1][1][0])
        told = [each.text for each in events(self._told(before), self._told(self.latest))]
        more = [f"and {len(told) - _MOST_TOLD} changes more"] if len(told) > _MOST_TOLD else []
        return "; ".join([*told[:_MOST_TOLD], *more])

    def author(self, field: str) -> Author | None:
        """Who changed a field last; of a file as a whole, who touched it last."""
        for author, (before, after) in self._commits:
            pair = [self._told(self._plains.get(each)) for each in (before, after)]
            if not field or any(_is_within(each.field, field) for each in events(*pair)):
                return author
        return self._commits[0][0] if self._commits else None

    def _told(self, plain: Plain | None) -> Told | None:
        kind = record_kind(self._path.removeprefix(self._place.prefix))
        key = record_id(self._path.removeprefix(self._place.prefix))
        return None if plain is None else Told(kind.noun if kind else "file", key, plain)


def _is_within(one: str, other: str) -> bool:
    return f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")


def _plain(content: bytes | None, path: str) -> Plain:
    try:
        return read.parse(read.decode(content or b"", path), path)
    except FaultyFile:
        return {}


def title_of(plain: Plain) -> str | None:
    """What people call a record."""
    titles = (plain.get(name) for name in ("title", "organization", "name"))
    return next((each for each in titles if isinstance(each, str) and each), None)
