"""A file's text as something to write on: its lines, comments and layout, and what replaces a piece."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from pipecli.errors import PipecliError
from pipecli.store.yamlemit import Layout
from pipecli.store.yamltree import (
    Comment,
    ListNode,
    MappingNode,
    TreeNode,
    comments_of,
    line_end,
    read_tree,
)

_BREAK = re.compile(r"\r\n|\r|\n")
_COMMENT_LINE = re.compile(r"( *)(?:#[^\r\n]*)?(?:\r\n|\r|\n|\Z)")


class EditError(PipecliError):
    """A file laid out so that it can't be changed without touching more than was asked."""

    def __init__(self) -> None:
        super().__init__("this file's layout can't be edited safely", hint="edit it by hand")


class Splice(NamedTuple):
    """`text` in place of what stands from `start` to `end`; `own_lines`: beginning on a line of its own."""

    start: int
    end: int
    text: str
    own_lines: bool = False


class Page:
    """A text without byte order mark, read once."""

    def __init__(self, text: str) -> None:
        root = read_tree(text)
        if not isinstance(root, MappingNode):
            raise EditError
        self.text = text
        self.root = root
        self.comments = comments_of(root, text)
        self._comment_starts = [comment.start for comment in self.comments]
        first_break = _BREAK.search(text)
        self.layout = _layout_of(root, first_break[0] if first_break else "\n")

    def line_start(self, position: int) -> int:
        return max(self.text.rfind("\n", 0, position), self.text.rfind("\r", 0, position)) + 1

    def line_end(self, position: int) -> int:
        return line_end(self.text, position)

    def next_line(self, position: int) -> int:
        """Where the line after that of `position` begins."""
        match = _BREAK.search(self.text, position)
        return match.end() if match else len(self.text)

    def column(self, position: int) -> int:
        return position - self.line_start(position)

    def begins_line(self, position: int) -> bool:
        return not self.text[self.line_start(position) : position].strip(" ")

    def after(self, position: int, column: int) -> int:
        """The first line below `position` that doesn't belong to what stands there: comments indented beyond
        `column` do.
        """
        result = line = self.next_line(position)
        while line < len(self.text) and (match := _COMMENT_LINE.match(self.text, line)):
            line = match.end()
            if "#" in match[0]:
                if len(match[1]) <= column:
                    break
                result = line
        return result

    def comments_in(self, start: int, end: int) -> list[Comment]:
        first = bisect_left(self._comment_starts, start)
        return self.comments[first : bisect_left(self._comment_starts, end)]

    def words(self, comments: Iterable[Comment]) -> list[str]:
        return [self.text[comment.start : comment.end] for comment in comments]

    def joined(self, lines: Iterable[str]) -> str:
        return "".join(line + self.layout.line_break for line in lines)


def spliced(page: Page, splices: list[Splice], start: int = 0, end: int | None = None) -> str:
    """The text from `start` to `end` with the splices made, those at one place in their order.

    Raises EditError where two of them overlap, or where a comment would be lost.
    """
    pieces: list[str] = []
    position = start
    begins_line = True
    _refuse_lost_comments(page, splices)
    for splice in sorted(splices, key=lambda splice: splice[:2]):
        if splice.start < position:
            raise EditError
        for piece in (page.text[position : splice.start], splice.text):
            if piece is splice.text and splice.own_lines and piece and not begins_line:
                pieces.append(page.layout.line_break)
            if piece:
                pieces.append(piece)
                begins_line = piece.endswith(("\n", "\r"))
        position = splice.end
    pieces.append(page.text[position:end])
    return "".join(pieces)


def _refuse_lost_comments(page: Page, splices: list[Splice]) -> None:
    # What stands outside of all splices is a comment still: otherwise some value would have changed.
    gone = Counter(
        word
        for splice in splices
        if splice.start < splice.end
        for word in page.words(page.comments_in(splice.start, splice.end))
    )
    for comment, count in gone.items():
        written = re.compile(rf"(?:^|\s){re.escape(comment)} *(?=[\r\n]|\Z)")
        if sum(len(written.findall(splice.text)) for splice in splices) < count:
            raise EditError


def _layout_of(root: MappingNode, line_break: str) -> Layout:
    step = list_offset = dash_gap = 0
    found_list = False
    nodes: list[tuple[TreeNode, int]] = [(root, -1)]
    while nodes:
        node, column = nodes.pop(0)
        if isinstance(node, MappingNode) and not node.flow:
            if column >= 0 and not step:
                step = node.column - column
            nodes += [(entry.value, entry.key.column) for entry in node.entries]
        elif isinstance(node, ListNode) and not node.flow and node.items:
            if column >= 0 and not found_list:
                list_offset, found_list = node.column - column, True
            inner = next((item.value for item in node.items if item.value.line == node.line), None)
            if inner is not None and not dash_gap and node.items[0].value is inner:
                dash_gap = inner.column - node.column
            nodes += [(item.value, -1) for item in node.items]
    plain = Layout()
    return Layout(
        step if step > 0 else plain.step,
        max(list_offset, 0),
        dash_gap if dash_gap > 1 else plain.dash_gap,
        line_break,
    )
