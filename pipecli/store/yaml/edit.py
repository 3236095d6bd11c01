"""Changes to a file written by hand: what isn't changed stays byte for byte, comments included."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from pipecli.errors import FaultyFile
from pipecli.store.yaml.read import BYTE_ORDER_MARK, parse
from pipecli.store.yaml.splice import (
    FlowElement,
    Place,
    align,
    changed_scalar,
    flow_splices,
    intended,
    renames,
    rewritten,
)
from pipecli.store.yaml.tree import (
    Entry,
    Item,
    ListNode,
    MappingNode,
    Page,
    ScalarNode,
    Splice,
    TreeNode,
    is_void,
    spliced,
)
from pipecli.store.yaml.write import (
    EditError,
    entry_lines,
    flow_entry,
    flow_text,
    is_list,
    item_lines,
    key_text,
    meaning,
    same,
)

__all__ = ["EditError", "KeyOrder", "edit"]

Path = tuple[str | int, ...]
KeyOrder = Callable[[Path], Sequence[str]]


def edit(
    text: str,
    before: Mapping[str, object],
    after: Mapping[str, object],
    key_order: KeyOrder | None = None,
) -> str:
    """The text in which `before` has become `after` and every other byte is as it was.

    `before` is what the text means to the model, nulls and empties left out; `after` the same for the
    record to be. `key_order` gives the model's keys, in order, of the mapping at a path: a new key goes
    after the nearest of its predecessors that is there, without an order to the end. Comments of what is
    removed stay, on lines of their own.

    Raises EditError where the layout leaves no safe way, FaultyFile for a text that can't be read.
    """
    if same(before, after):
        return text
    mark = BYTE_ORDER_MARK if text.startswith(BYTE_ORDER_MARK) else ""
    body = text.removeprefix(mark)

    def is_free(path: Path) -> bool:
        return not (key_order and key_order(path))

    wanted = meaning(intended(parse(body, "this file"), before, after, is_free))
    page = Page(body)
    editor = _Editor(page, key_order)
    editor.change(page.root, Place(-1, 0), before, after, ())
    result = spliced(page, editor.splices)
    attempts = [result]
    if not body.endswith(("\n", "\r")):
        unended = spliced(page, [*editor.splices, *_without_last_break(page)])
        line_break = page.layout.line_break
        attempts = [result.removesuffix(line_break), result, unended.removesuffix(line_break), unended]
        attempts.append(result + line_break)  # lines of text at the end of a new list, which end with one
    for attempt in attempts:
        if _means(attempt, wanted):
            return mark + attempt
    raise EditError


def _without_last_break(page: Page) -> list[Splice]:
    """Lines of text that end the file without a line break keep that meaning when a key comes after them."""
    node: TreeNode = page.root
    while not isinstance(node, ScalarNode):
        if node.flow:
            return []
        node = node.entries[-1].value if isinstance(node, MappingNode) else node.items[-1].value
    end = node.start + 1
    return [Splice(end, end, "-")] if node.style in ("|", ">") else []


def _means(text: str, wanted: object) -> bool:
    try:
        return meaning(parse(text, "this file")) == wanted
    except FaultyFile:
        return False


class _MappingChange(NamedTuple):
    """A mapping, the entries that stay in it or aren't the model's, the keys that come to it."""

    node: MappingNode
    place: Place
    kept: list[Entry]
    new: list[str]
    after: Mapping[str, object]
    path: Path


class _ListChange(NamedTuple):
    """A list, its items that are values, and for each value to be the number of the item it was, or None."""

    node: ListNode
    place: Place
    items: list[Item]
    pairs: list[int | None]
    before: Sequence[object]
    after: Sequence[object]
    path: Path

    def values(self) -> Iterator[tuple[int, object, int | None]]:
        """Each value to be with its number, and that of the item it was."""
        return ((index, value, self.pairs[index]) for index, value in enumerate(self.after))

    def removed(self) -> list[int]:
        """The numbers of the items that go."""
        stay = set(self.pairs)
        return [index for index in range(len(self.items)) if index not in stay]


class _Editor:
    """Collects the splices that a change needs."""

    def __init__(self, page: Page, key_order: KeyOrder | None) -> None:
        self.page = page
        self.key_order = key_order
        self.splices: list[Splice] = []

    def change(self, node: TreeNode, place: Place, before: object, after: object, path: Path) -> None:
        if same(before, after):
            return
        if isinstance(node, MappingNode) and isinstance(before, Mapping) and isinstance(after, Mapping):
            self._mapping(node, place, before, after, path)
        elif isinstance(node, ListNode) and is_list(before) and is_list(after):
            self._list(node, place, before, after, path)
        elif isinstance(node, ScalarNode) and not isinstance(after, Mapping) and not is_list(after):
            self.splices += changed_scalar(self.page, node, place, after)
        else:
            self.splices += rewritten(self.page, node, place, after)

    # Mappings

    def _mapping(
        self,
        node: MappingNode,
        place: Place,
        before: Mapping[str, object],
        after: Mapping[str, object],
        path: Path,
    ) -> None:
        after = self._renamed(node, before, after, path)
        kept = [entry for entry in node.entries if entry.key.text in after or entry.key.text not in before]
        if not kept and (node.flow or not self.page.begins_line(node.start)):
            self.splices += rewritten(self.page, node, place, after)
            return
        for entry in kept:
            key = entry.key.text
            if key not in after:
                continue
            inner = self._place_of(entry, node.flow or place.flow)
            if key in before:
                self.change(entry.value, inner, before[key], after[key], (*path, key))
            else:
                self.splices += rewritten(self.page, entry.value, inner, after[key])
        present = {entry.key.text for entry in node.entries}
        new = [
            key
            for key, value in after.items()
            if key not in present and not (key in before and same(before[key], value))
        ]
        change = _MappingChange(node, place, kept, new, after, path)
        if node.flow:
            self._flow_mapping(change)
        else:
            self._insert_entries(change)
            self._remove_entries(node, kept)
            if not kept and not after:  # a part without a field, as a team of which only the name is known
                self.splices.append(Splice(place.anchor, place.anchor, " {}"))

    def _renamed(
        self, node: MappingNode, before: Mapping[str, object], after: Mapping[str, object], path: Path
    ) -> Mapping[str, object]:
        """`after` under its old keys, where a key of a free map got another name and kept its value.

        Only the name is replaced, so the entry stays in its place with all its comments.
        """
        if self.key_order and self.key_order(path):
            return after
        renamed = renames(before, after)
        under_old = dict(after)
        for entry in node.entries:
            new = renamed.get(entry.key.text)
            if new is not None:
                self.splices.append(Splice(entry.key.start, entry.key.end, key_text(new, flow=node.flow)))
                under_old[entry.key.text] = under_old.pop(new)
        return under_old

    def _place_of(self, entry: Entry, flow: bool) -> Place:
        lacks_colon = entry.anchor == -1
        anchor = entry.key.end if lacks_colon else entry.anchor
        return Place(anchor, self.page.column(entry.start), flow, lacks_colon=lacks_colon)

    def _predecessors(self, change: _MappingChange) -> list[tuple[str, int]]:
        """The new keys in the order to write them, each with the index in `kept` to stand after, or -1."""
        rank = {key: place for place, key in enumerate(self.key_order(change.path) if self.key_order else ())}
        last = len(change.kept) - 1
        kept = sorted(
            (rank[entry.key.text], index) for index, entry in enumerate(change.kept) if entry.key.text in rank
        )
        placed = []
        for key in sorted(change.new, key=lambda key: rank.get(key, len(rank))):
            predecessor = last
            if key in rank:
                earlier = bisect_left(kept, (rank[key], -1))
                predecessor = kept[earlier - 1][1] if earlier else -1
            placed.append((key, predecessor))
        return placed

    def _insert_entries(self, change: _MappingChange) -> None:
        page, node = self.page, change.node
        column = page.column(node.entries[0].start)
        for key, predecessor in self._predecessors(change):
            lines = entry_lines(key, change.after[key], column, page.layout)
            if predecessor >= 0:
                self._insert_lines(page.after(_end_of(change.kept[predecessor]), column), lines)
            elif page.begins_line(node.start):
                self._insert_lines(self._top_of(node, change.place, column), lines)
            else:
                first = page.joined(lines)[column:] + " " * column
                self.splices.append(Splice(node.start, node.start, first))

    def _top_of(self, node: MappingNode | ListNode, place: Place, column: int) -> int:
        """The line for what is to come before the first key or item."""
        page = self.page
        if place.anchor != -1:
            return page.after(place.anchor, column)
        first = line = page.line_start(node.start)
        while line > 0:
            above = page.line_start(line - 1 - page.text.endswith("\r\n", 0, line))
            words = page.text[above:line].strip()
            if not words.startswith("#") or words.startswith("# yaml-language-server"):
                return line
            line = above
        return first

    def _remove_entries(self, node: MappingNode, kept: list[Entry]) -> None:
        page = self.page
        starts = {entry.start for entry in kept}
        removed = [entry for entry in node.entries if entry.start not in starts]
        column = page.column(node.entries[0].start)
        if removed and node.entries[0] is removed[0] and not page.begins_line(node.start):
            survivor = kept[0]
            words = page.words(page.comments_in(node.start, survivor.start))
            text = (page.layout.line_break + " " * column).join([*words, ""])
            self.splices.append(Splice(node.start, survivor.start, text))
            removed = removed[node.entries.index(survivor) :]
        for entry in removed:
            start = page.line_start(entry.start)
            self._remove_lines(start, page.after(_end_of(entry), column), column)

    # Lists

    def _list(
        self, node: ListNode, place: Place, before: Sequence[object], after: Sequence[object], path: Path
    ) -> None:
        items = [item for item in node.items if not is_void(item.value)]
        pairs = align(before, after)
        kept = [pair for pair in pairs if pair is not None]
        has_moved = kept != sorted(kept)
        change = _ListChange(node, place, items, pairs, before, after, path)
        if (
            len(items) != len(before)
            or not kept
            or (has_moved if node.flow else pairs[0] != 0 and not self.page.begins_line(node.start))
        ):
            self.splices += rewritten(self.page, node, place, after)
        elif node.flow:
            self._flow_list(change)
        elif has_moved:
            self._reorder(change)
        else:
            self._change_items(change)

    def _change_items(self, change: _ListChange) -> None:
        page, column = self.page, change.node.column
        previous: Item | None = None
        for index, value, pair in change.values():
            if pair is not None:
                previous = change.items[pair]
                inner = Place(previous.anchor, column, is_item=True)
                self.change(previous.value, inner, change.before[pair], value, (*change.path, index))
                continue
            if previous is None:
                position = self._top_of(change.node, change.place, column)
            else:
                position = page.after(max(previous.anchor, previous.value.end), column)
            self._insert_lines(position, item_lines(value, column, page.layout))
        for item in (change.items[index] for index in change.removed()):
            start = page.line_start(item.anchor - 1)
            self._remove_lines(start, page.after(max(item.anchor, item.value.end), column), column)

    def _reorder(self, change: _ListChange) -> None:
        """Moves the items with the comments above and beside them."""
        page, items = self.page, change.items
        column = page.column(items[0].anchor - 1)
        starts = [self._top_of(change.node, change.place, change.node.column)]
        starts += [page.after(max(item.anchor, item.value.end), column) for item in items]
        pieces = []
        for index, value, pair in change.values():
            if pair is None:
                pieces.append(page.joined(item_lines(value, column, page.layout)))
                continue
            inside = _Editor(page, self.key_order)
            place = Place(items[pair].anchor, column, is_item=True)
            inside.change(items[pair].value, place, change.before[pair], value, (*change.path, index))
            piece = spliced(page, inside.splices, starts[pair], starts[pair + 1])
            pieces.append(piece if piece.endswith(("\n", "\r")) else piece + page.layout.line_break)
        for index in change.removed():
            words = page.words(page.comments_in(starts[index], starts[index + 1]))
            pieces.append(page.joined(" " * column + word for word in words))
        self.splices.append(Splice(starts[0], starts[-1], "".join(pieces), own_lines=True))

    # Flow style

    def _flow_mapping(self, change: _MappingChange) -> None:
        kept = {entry.start for entry in change.kept}
        elements = [
            FlowElement(entry.start, _end_of(entry), entry.start in kept) for entry in change.node.entries
        ]
        indices = [index for index, element in enumerate(elements) if element.is_kept]
        insertions = [
            (indices[predecessor] if predecessor >= 0 else -1, flow_entry(key, change.after[key]))
            for key, predecessor in self._predecessors(change)
        ]
        self._flow(change, elements, insertions)

    def _flow_list(self, change: _ListChange) -> None:
        items, all_items = change.items, change.node.items
        removed = {id(items[index]) for index in change.removed()}
        elements = [
            FlowElement(item.value.start, item.value.end, id(item) not in removed) for item in all_items
        ]
        position = {id(item): index for index, item in enumerate(all_items)}
        insertions = []
        previous = -1
        for index, value, pair in change.values():
            if pair is None:
                insertions.append((previous, flow_text(value)))
                continue
            previous = position[id(items[pair])]
            inner = Place(items[pair].value.start, change.place.column, flow=True)
            self.change(items[pair].value, inner, change.before[pair], value, (*change.path, index))
        self._flow(change, elements, insertions)

    def _flow(
        self,
        change: _MappingChange | _ListChange,
        elements: list[FlowElement],
        insertions: list[tuple[int, str]],
    ) -> None:
        node = change.node
        splices = flow_splices(self.page, node, elements, insertions)
        if splices is None:
            self.splices = [splice for splice in self.splices if not node.start <= splice.start < node.end]
            self.splices += rewritten(self.page, node, change.place, change.after)
        else:
            self.splices += splices

    # Lines

    def _insert_lines(self, position: int, lines: list[str]) -> None:
        self.splices.append(Splice(position, position, self.page.joined(lines), own_lines=True))

    def _remove_lines(self, start: int, stop: int, column: int) -> None:
        words = self.page.words(self.page.comments_in(start, stop))
        text = self.page.joined(" " * column + word for word in words)
        self.splices.append(Splice(start, stop, text, own_lines=True))


def _end_of(entry: Entry) -> int:
    return max(entry.key.end, entry.anchor, entry.value.end)
