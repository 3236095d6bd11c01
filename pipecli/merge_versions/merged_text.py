"""The text of a merged record: ours, with what theirs changed spliced in, and the comments of both.

Comments are known by what they stand at, so that those of one version find their place in another. Conflict
markers stand around the fields that have two values, and around nothing else.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Literal, NamedTuple

from pipecli.errors import FaultyFile
from pipecli.merge_versions.field_by_field import Path, names_at, numbered
from pipecli.records.base import Part, Plain, keys_at
from pipecli.store.yaml import edit, read, write
from pipecli.store.yaml.splice import matching_blocks
from pipecli.store.yaml.tree import (
    Comment,
    Entry,
    Item,
    ListNode,
    MappingNode,
    Page,
    ScalarNode,
    Splice,
    TreeNode,
    spliced,
)
from pipecli.store.yaml.write import meaning

Slot = Literal["above", "beside", "below"]


class Remark(NamedTuple):
    """A comment, by the key or list member that it stands above, beside or below; () is the file."""

    path: Path
    slot: Slot
    words: str


class Spot(NamedTuple):
    """A key with its value, or a list member, of one text."""

    path: Path
    start: int
    column: int
    head: int
    """Just after its colon or dash."""
    value: TreeNode


class Sheet:
    """One version's text, with its keys and list members by path."""

    def __init__(self, text: str, plain: Mapping[str, object], model: type[Part]) -> None:
        self.page = Page(text)
        self._model = model
        self.spots = list(self._of_map(self.page.root, plain, ()))
        self.by_path = {spot.path: spot for spot in self.spots}
        self._starts = [spot.start for spot in self.spots]
        self.remarks = [(self._remark(comment), comment) for comment in self.page.comments]

    def _of_map(self, node: MappingNode, plain: Mapping[str, object], path: Path) -> Iterator[Spot]:
        for entry in node.entries:
            key = entry.key.text
            yield from self._spots((*path, key), entry, entry.start, entry.value, plain.get(key))

    def _spots(
        self, path: Path, holder: Entry | Item, start: int, value: TreeNode, plain: object
    ) -> Iterator[Spot]:
        head = holder.anchor if holder.anchor != -1 else value.start
        yield Spot(path, start, self.page.column(start), head, value)
        if isinstance(value, MappingNode) and not value.flow and isinstance(plain, Mapping):
            yield from self._of_map(value, plain, path)
        elif isinstance(value, ListNode) and not value.flow and isinstance(plain, list):
            names = numbered(plain, names_at(self._model, path, plain))
            for name, item, member in zip(names, value.items, plain, strict=False):
                yield from self._spots((*path, name), item, item.anchor - 1, item.value, member)

    def _remark(self, comment: Comment) -> Remark:
        page, words = self.page, self.page.text[comment.start : comment.end]
        following = bisect_left(self._starts, comment.start)
        last = self.spots[max(following - 1, 0)]
        if following and not page.begins_line(comment.start):
            return Remark(last.path, "beside", words)
        column = page.column(comment.start)
        if not following or (following < len(self.spots) and column <= self.spots[following].column):
            return Remark(self.spots[following].path, "above", words)
        if following == len(self.spots) and not column:
            return Remark((), "below", words)
        chain = [self.by_path[last.path[:length]] for length in range(1, len(last.path) + 1)]
        holder = next((spot for spot in chain if spot.column >= column), last)
        return Remark(holder.path, "below", words)

    def put(self, remark: Remark) -> Splice:
        """The splice that puts a remark of another version where it belongs in this one.

        Where nothing of its path is here, it goes below the nearest part of it that is.
        """
        page, (path, slot, words) = self.page, remark
        while path and path not in self.by_path:
            path, slot = path[:-1], "below"
        if not path:
            return Splice(len(page.text), len(page.text), page.joined([words]), own_lines=True)
        spot = self.by_path[path]
        line = page.joined([" " * spot.column + words])
        if slot == "below":
            below = page.after(max(spot.head, spot.value.end), spot.column)
            return Splice(below, below, line, own_lines=True)
        beside = _end_of_head(spot)
        end = page.line_end(beside)
        if slot == "beside" and not page.comments_in(beside, end):
            return Splice(end, end, f" {words}")
        above = page.line_start(spot.start)
        return Splice(above, above, line)

    def without(self, remarks: Iterable[Remark]) -> str:
        """The text without these comments, as far as they are here."""
        page, position, pieces = self.page, 0, list[str]()
        left = Counter(remarks)
        for remark, comment in self.remarks:
            if left[remark]:
                left[remark] -= 1
                start, end = comment.start, comment.end
                start = page.line_start(start) + len(page.text[page.line_start(start) : start].rstrip(" "))
                if page.begins_line(comment.start):
                    start, end = page.line_start(comment.start), page.next_line(comment.start)
                pieces.append(page.text[position:start])
                position = end
        return "".join([*pieces, page.text[position:]])


def _end_of_head(spot: Spot) -> int:
    """A place on the line that a comment on the spot as a whole stands at the end of."""
    value = spot.value
    if isinstance(value, ScalarNode):
        return max(spot.head, value.start if value.style in ("|", ">") else value.end)
    return value.end if value.flow else spot.head


class Difference(NamedTuple):
    added: list[Remark]
    dropped: list[Remark]


def difference(before: Sequence[Remark], after: Sequence[Remark]) -> Difference:
    """The comments that came and went; one that only stands elsewhere did neither."""
    stayed = Counter(before) & Counter(after)
    came, went = Counter(after) - stayed, Counter(before) - stayed
    words_came, words_went = (Counter(one.words for one in side.elements()) for side in (came, went))
    moved = words_came & words_went
    return Difference(_unmoved(after, came, moved), _unmoved(before, went, moved))


def _unmoved(version: Sequence[Remark], changed: Counter[Remark], moved: Counter[str]) -> list[Remark]:
    """The changed remarks in the order of the version, without those that only stand elsewhere."""
    left, elsewhere, result = changed.copy(), moved.copy(), []
    for remark in version:
        if left[remark]:
            left[remark] -= 1
            if elsewhere[remark.words]:
                elsewhere[remark.words] -= 1
            else:
                result.append(remark)
    return result


def lacking(wanted: Sequence[Remark], present: Sequence[Remark]) -> list[Remark]:
    """The wanted remarks that are not present, each as often as it is missing."""
    left, result = Counter(present), []
    for remark in wanted:
        if left[remark]:
            left[remark] -= 1
        else:
            result.append(remark)
    return result


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
        wanted, unsettled = meaning(plain), set(disputed)
        sheet = Sheet(text, read.parse(text, ""), self.model)
        added = [
            remark
            for remark in remarks
            if remark.path in sheet.by_path
            or not any(remark.path[:length] in unsettled for length in range(1, len(remark.path) + 1))
        ]
        at_the_end = [remark._replace(path=(), slot="below") for remark in added]
        for placed in (added, at_the_end):
            result = spliced(sheet.page, [sheet.put(remark) for remark in placed])
            if _means(result, wanted):
                return result
        first = "".join(f"{remark.words}{sheet.page.layout.line_break}" for remark in added)
        return first + text

    def _spliced(self, plain: Plain) -> tuple[str, list[Remark]]:
        """The text, and the comments that it lacks."""

        def key_order(path: Sequence[str | int]) -> Sequence[str]:
            return keys_at(self.model, path) or _keys_of(plain, path)

        try:
            return edit.edit(self.ours.text, self.ours.plain, plain, key_order), self.added
        except write.EditError:  # a layout that can't be kept
            lines = write.block_lines(plain, 0)
            return "".join(f"{line}\n" for line in lines), [*self._remarks(self.ours), *self.added]


def _lines_with_comments(text: str) -> list[str]:
    return [line for line in text.splitlines() if "#" in line]


def _keys_of(plain: Any, path: Sequence[str | int]) -> list[str]:
    """The keys of the map of one's own at a path, in the order they are to have."""
    value = plain
    try:
        for part in path:
            value = value[part]
    except LookupError:  # it goes by another name now
        return []
    return list(value)


def _means(text: str, wanted: object) -> bool:
    try:
        return meaning(read.parse(text, "")) == wanted
    except FaultyFile:
        return False


_SIZE = 7
OURS, BETWEEN, THEIRS = f"{'<' * _SIZE} ours", "=" * _SIZE, f"{'>' * _SIZE} theirs"

_LINE = re.compile(r"[^\n]*\n|[^\n]+")


class _Block(NamedTuple):
    """The lines of ours from `start` to `end`, and what theirs has in their place."""

    start: int
    end: int
    theirs: list[str]


def mark_conflicts(ours: str, fields: Sequence[tuple[Path, str]], theirs: str, model: type[Part]) -> str:
    """`ours` with each field in conflict between markers.

    `fields`: the path of each, and the text that has only its value as theirs has it; `theirs` has them all,
    and where they can't be told apart, or are not given, the lines that differ are marked.
    """
    lines = _LINE.findall(ours)
    blocks = sorted((_block(ours, text, path, model) for path, text in fields), key=lambda block: block[:2])
    if not blocks or any(one.end > next_.start for one, next_ in pairwise(blocks)):
        blocks = _differences(lines, _LINE.findall(theirs))
    line_break = "\r\n" if ours.split("\n", 1)[0].endswith("\r") else "\n"
    result: list[str] = []
    position = 0
    for start, end, others in blocks:
        result += lines[position:start]
        result += [OURS, *lines[start:end], BETWEEN, *others, THEIRS]
        position = end
    result += lines[position:]
    ended = [line if line.endswith("\n") else line + line_break for line in result]
    return "".join(ended)


def _block(ours: str, theirs: str, path: Path, model: type[Part]) -> _Block:
    """One field's lines: all of a text of several lines, and the lines between two that differ."""
    lines, others = _LINE.findall(ours), _LINE.findall(theirs)
    blocks = _differences(lines, others)
    start = min(block.start for block in blocks)
    end = max(block.end for block in blocks)
    field = _lines_of(ours, path, model)
    if field and _lines_of(theirs, path, model):
        start, end = min(start, field[0]), max(end, field[1])
    after = len(lines) - end
    return _Block(start, end, others[start : len(others) - after])


def _lines_of(text: str, path: Path, model: type[Part]) -> tuple[int, int] | None:
    """The lines of a field that holds one value, comments at it included."""
    sheet = Sheet(text, read.parse(text, ""), model)
    spot = sheet.by_path.get(path)
    if spot is None or not isinstance(spot.value, ScalarNode):
        return None
    below = sheet.page.after(max(spot.head, spot.value.end), spot.column)
    return text.count("\n", 0, spot.start), len(_LINE.findall(text[:below]))


def _differences(ours: list[str], theirs: list[str]) -> list[_Block]:
    blocks, start, first = list[_Block](), 0, 0
    for end, last, size in matching_blocks(ours, theirs):
        if start < end or first < last:
            blocks.append(_Block(start, end, theirs[first:last]))
        start, first = end + size, last + size
    return blocks
