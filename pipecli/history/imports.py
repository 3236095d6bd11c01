"""The imports in git: the versions of each record before and after every import that changed it.

They are known by the trailer of their commits; one whose trailer is lost, as by a squash, tells nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from pipecli.errors import FaultyFile
from pipecli.history.commits import file_changes, record_kind
from pipecli.store import files, git, reading
from pipecli.store.files import Location
from pipecli.store.yaml import read as yamltext

if TYPE_CHECKING:
    from pipecli.records.base import Plain


class Imported(NamedTuple):
    """A record's file in an import's commit: its blob before, None where the import made it, and after."""

    before: str | None
    after: str


class Imports:
    """The imports that led to `HEAD`."""

    def __init__(self, place: Location) -> None:
        self._place = place

    @cached_property
    def _versions(self) -> dict[str, list[Imported]]:
        """By the file, without the folders in which it may have been moved, its imports, oldest first."""
        versions: dict[str, list[Imported]] = defaultdict(list)
        for part in file_changes(self._place, self._commits()):
            for _, changes in part:
                for change in changes:
                    if change.after is not None:
                        versions[_name(change.path)].append(Imported(change.befores[0], change.after))
        return versions

    def _commits(self) -> list[str]:
        try:
            listed = git.output(
                self._place.work_tree,
                "rev-list",
                "--reverse",
                "--grep=^Pipecli-Event: imported",
                "HEAD",
                "--",
            )
        except git.GitRefused:  # nothing is committed yet
            return []
        return listed.splitlines()

    def of(self, file: str) -> list[Imported]:
        """The imports that changed a file, oldest first; empty where none did."""
        return self._versions.get(_name(file), [])

    def plain_versions(self, paths: Iterable[str]) -> Iterator[tuple[str, list[tuple[Plain, Plain]]]]:
        """Each of these files with its versions before and after every import, oldest first.

        What was no valid record is left out.
        """
        wanted = [(file, self.of(file)) for file in paths]
        blobs = [blob for _, imports in wanted for pair in imports for blob in pair if blob]
        contents = git.objects(self._place.work_tree, blobs, files.LARGEST)
        for file, imports in wanted:
            versions = []
            for pair in imports:
                before = _plain(file, next(contents).content) if pair.before else {}
                after = _plain(file, next(contents).content)
                if before is not None and after is not None:
                    versions.append((before, after))
            yield file, versions


def _name(file: str) -> str:
    """A file's kind and name: `doctor --fix` moves records from one folder of their kind to another."""
    return f"{file.partition('/')[0]}/{file.rpartition('/')[2]}"


def _plain(file: str, content: bytes | None) -> Plain | None:
    """The plain form of a version; None for one that is no valid record."""
    kind = record_kind(file)
    if content is None or kind is None:
        return None
    try:
        return reading.read(kind, file, yamltext.decode(content, file)).plain()
    except FaultyFile:
        return None
