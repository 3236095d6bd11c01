"""Whether a merge is sound before anybody gets it: `check` on a commit that is in no working tree yet."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from functools import cached_property

from pipecli.checks.check import check
from pipecli.checks.rule import Finding
from pipecli.errors import Fault, FaultyFile
from pipecli.history.commits import record_kind
from pipecli.history.moments import Stand
from pipecli.history.past import PastPipeline
from pipecli.history.version import why_absent
from pipecli.records.kinds import SETTINGS_FILE
from pipecli.store import files, git
from pipecli.store.index import index
from pipecli.store.index.query import register
from pipecli.store.pipeline import Pipeline
from pipecli.store.yaml import read

_LINK = "120000"
_ABSENT = "000000"


class Candidate(PastPipeline):
    """A commit that may become the present: its index is that of the present but for the files that differ.

    `tree` is what the working tree holds.
    """

    def __init__(self, present: Pipeline, commit: str, tree: str = "HEAD") -> None:
        super().__init__(present.location, Stand(commit, present.now, ()), present.now)
        self.present = present
        self.tree = tree

    @cached_property
    def index(self) -> index.Index:
        """The index of the commit's files, in memory."""
        differing = self._differing
        gone = [file for file, mode_and_blob in differing.items() if mode_and_blob is None]

        def fill(connection: sqlite3.Connection) -> None:
            self.present.index.connection.backup(connection)
            index.replace(connection, [file for file in differing if file not in gone], gone, self.text)

        made = index.Index(self.location, index.in_memory(fill), None)
        register(made.connection, lambda: self.today, lambda: self.rates)
        return made

    def text(self, file: str) -> str:
        """What the commit's file says. Raises FaultyFile, FileNotFoundError."""
        if file not in self._differing:
            return self.present.text(file)
        entry = self._differing[file]
        if entry is None:
            raise FileNotFoundError(file)
        mode, blob = entry
        found = self._contents[blob]
        if mode == _LINK:
            raise FaultyFile([Fault(file, 0, 0, "file", "a symbolic link can't be a record")])
        if found.content is None:
            raise FaultyFile([Fault(file, 0, 0, "file", why_absent(found))])
        return read.decode(found.content, file)

    @cached_property
    def _differing(self) -> dict[str, tuple[str, str] | None]:
        """The records that the commit has otherwise: mode and blob, None for one that is gone."""
        place = self.location
        inside = [place.prefix] if place.prefix else []
        said = git.output(
            place.work_tree, "diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev",
            self.tree, self.stood.commit, "--", *inside,
        ).split("\0")  # fmt: skip
        found: dict[str, tuple[str, str] | None] = {}
        for about, path in zip(said[::2], said[1::2], strict=False):
            file = path.removeprefix(place.prefix)
            if record_kind(file):
                _, mode, _, blob, _ = about.split()  # ":100644 100644 <before> <after> M"
                found[file] = None if mode == _ABSENT else (mode, blob)
        return found

    def has_settings(self) -> bool:
        """Whether it is still a pipeline."""
        return self._differing.get(SETTINGS_FILE, ("", "")) is not None

    @cached_property
    def _contents(self) -> Mapping[str, git.Object]:
        blobs = dict.fromkeys(entry[1] for entry in self._differing.values() if entry)
        return {each.id: each for each in git.objects(self.location.work_tree, blobs, files.LARGEST)}


def new_errors(result: Pipeline, shared: Pipeline | None) -> list[Finding]:
    """The errors of a result that what is shared has not; where nothing is shared yet, all."""
    found = check(result, only_errors=True)
    if not found or shared is None:
        return found
    known = {_name(each) for each in check(shared, only_errors=True)}
    return [each for each in found if _name(each) not in known]


def _name(finding: Finding) -> tuple[str, str, str]:
    """What makes two findings the same, on whatever line."""
    return finding.file, finding.rule, finding.message
