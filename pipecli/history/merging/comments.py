"""The comments of a file by what they stand at, so that those of one version find their place in another."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from pipecli.history.merging import lists
from pipecli.history.merging.values import Path
from pipecli.records.base import Part
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
)

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
        head = holder.anchor if holder.anchor >= 0 else value.start
        yield Spot(path, start, self.page.column(start), head, value)
        if isinstance(value, MappingNode) and not value.flow and isinstance(plain, Mapping):
            yield from self._of_map(value, plain, path)
        elif isinstance(value, ListNode) and not value.flow and isinstance(plain, list):
            names = lists.numbered(plain, lists.names_at(self._model, path, plain))
            for name, item, each in zip(names, value.items, plain, strict=False):
                yield from self._spots((*path, name), item, item.anchor - 1, item.value, each)

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
        """What puts a remark of another version where it belongs in this one.

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
                start, end = len(page.text[: comment.start].rstrip(" ")), comment.end
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
    """What comments came and went; one that only stands elsewhere did neither."""
    stayed = Counter(before) & Counter(after)
    came, went = Counter(after) - stayed, Counter(before) - stayed
    moved = Counter(each.words for each in came.elements()) & Counter(each.words for each in went.elements())
    return Difference(_unmoved(after, came, moved), _unmoved(before, went, moved))


def _unmoved(version: Sequence[Remark], changed: Counter[Remark], moved: Counter[str]) -> list[Remark]:
    """What changed, in the order of the version, without what only stands elsewhere."""
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
    """What is wanted and not present, as often as it is not."""
    left, result = Counter(present), []
    for remark in wanted:
        if left[remark]:
            left[remark] -= 1
        else:
            result.append(remark)
    return result
