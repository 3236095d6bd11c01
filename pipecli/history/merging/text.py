"""The text of a merged record: ours, with what theirs changed spliced in, and the comments of both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from pipecli.errors import FaultyFile
from pipecli.history.merging.comments import Remark, Sheet, difference, lacking
from pipecli.history.merging.values import Path
from pipecli.records import base as fields
from pipecli.records.base import Part, Plain
from pipecli.store.yaml import edit, read, write
from pipecli.store.yaml.compare import meaning
from pipecli.store.yaml.tree import EditError, spliced


class Version(NamedTuple):
    text: str
    """Without a byte order mark."""
    plain: Plain


class Writer:
    """Writes what three versions come to, as often as there are ways to decide their conflicts."""

    def __init__(self, model: type[Part], base: Version, ours: Version, theirs: Version) -> None:
        self.model = model
        self.ours = ours
        self.added: list[Remark] = []
        if _lines_with_comments(base.text) == _lines_with_comments(theirs.text):
            return
        before = self._remarks(base)
        change = difference(before, self._remarks(theirs))
        self.added = lacking(change.added, difference(before, self._remarks(ours)).added)
        if change.dropped:
            sheet = Sheet(ours.text, read.parse(ours.text, ""), model)
            self.ours = Version(sheet.without(change.dropped), ours.plain)

    def _remarks(self, version: Version) -> list[Remark]:
        if "#" not in version.text:
            return []
        sheet = Sheet(version.text, read.parse(version.text, ""), self.model)
        return [remark for remark, _ in sheet.remarks]

    def text(self, plain: Plain, disputed: Iterable[Path] = ()) -> str:
        """The file that says `plain`. Comments of theirs on what is `disputed` come only with their value."""
        text, remarks = self._spliced(plain)
        if not remarks:
            return text
        wanted = meaning(plain)
        sheet = Sheet(text, read.parse(text, ""), self.model)
        added = [
            remark
            for remark in remarks
            if remark.path in sheet.by_path or not any(_is_in(remark.path, path) for path in disputed)
        ]
        at_the_end = [remark._replace(path=(), slot="below") for remark in added]
        for each in (added, at_the_end):
            made = spliced(sheet.page, [sheet.put(remark) for remark in each])
            if _means(made, wanted):
                return made
        first = "".join(f"{remark.words}{sheet.page.layout.line_break}" for remark in added)
        return first + text

    def _spliced(self, plain: Plain) -> tuple[str, list[Remark]]:
        """The text, and the comments that it lacks."""

        def key_order(path: Sequence[str | int]) -> Sequence[str]:
            return fields.keys_at(self.model, path) or _keys_of(plain, path)

        try:
            return edit.edit(self.ours.text, self.ours.plain, plain, key_order), self.added
        except EditError:  # a layout that can't be kept
            lines = write.block_lines(plain, 0)
            return "".join(f"{line}\n" for line in lines), [*self._remarks(self.ours), *self.added]


def _lines_with_comments(text: str) -> list[str]:
    return [line for line in text.splitlines() if "#" in line]


def _keys_of(plain: object, path: Sequence[str | int]) -> list[str]:
    """The keys of the map of one's own at a path, in the order they are to have."""
    value = plain
    for part in path:
        if isinstance(value, Mapping) and part in value:
            value = value[str(part)]
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return []
    return list(value) if isinstance(value, Mapping) else []


def _means(text: str, wanted: object) -> bool:
    try:
        return meaning(read.parse(text, "")) == wanted
    except FaultyFile:
        return False


def _is_in(path: Path, outer: Path) -> bool:
    return path[: len(outer)] == outer
