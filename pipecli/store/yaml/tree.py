"""A YAML file's text as something to write on: the place of each key, item and comment, its lines and layout.

For line numbers in messages, and for edits that keep every other byte. A text whose values have a line each,
as most records, is read here, any other in milliseconds by ruamel.yaml. Values are read by `read.parse`.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from pipecli.store.yaml.write import EditError, Layout

if TYPE_CHECKING:
    from ruamel.yaml.events import MappingStartEvent, ScalarEvent, SequenceStartEvent

MOST_MARKS = 30_000
"""Signs between values, beyond which ruamel.yaml takes seconds to read a text."""
_VOID_WORDS = frozenset(("", "~", "null", "Null", "NULL"))
_BLANKS = re.compile(r"\s+|#[^\r\n]*")
_KEPT_BREAKS = re.compile(r"[|>][0-9]?\+")
_LAST_BREAK = re.compile(r"(?:\r\n|\r|\n)\Z")


@dataclass(slots=True)
class Node:
    """A piece of the text, from `start` to `end` (indices); `line` and `column` count from 0.

    `end` is where the last visible character ends, so trailing comments and blank lines are outside.
    """

    start: int
    end: int
    line: int
    column: int


@dataclass(slots=True)
class ScalarNode(Node):
    text: str
    style: str  # '"', "'", "|", ">" or "" for a plain one


@dataclass(slots=True)
class Entry:
    """`start` is the key's, or its `?`; `anchor` is just after the colon, -1 where there is none."""

    start: int
    key: ScalarNode
    anchor: int
    value: TreeNode


@dataclass(slots=True)
class Item:
    """`anchor` is just after the dash; in flow style, where there is none, it says nothing."""

    anchor: int
    value: TreeNode


@dataclass(slots=True)
class MappingNode(Node):
    flow: bool
    entries: list[Entry] = field(default_factory=list)


@dataclass(slots=True)
class ListNode(Node):
    flow: bool
    items: list[Item] = field(default_factory=list)


TreeNode = ScalarNode | MappingNode | ListNode


class Comment(NamedTuple):
    start: int
    end: int


@lru_cache(maxsize=64)  # a merge asks twice for the tree of a text; none is changed once it is read
def read_tree(text: str) -> TreeNode | None:
    """The root of a text without byte order mark; None for a text without a value.

    Keys that aren't scalars raise ValueError, syntax errors ruamel's YAMLError, too long a text EditError.
    """
    root = tree_of_lines(text)
    if not root and marks_in(text) > MOST_MARKS:
        raise EditError("this file is too long to be edited where a value hasn't a line of its own")
    return root or tree_of_any(text)


def marks_in(text: str) -> int:
    return sum(map(text.count, ",:\n"))


def tree_of_any(text: str) -> TreeNode | None:
    from ruamel.yaml import YAML

    events = YAML(typ="safe", pure=True).parse(text)
    for event in events:
        if hasattr(event, "implicit"):
            return _read_node(event, events, text)
    return None


_PLAIN = r"""[^\W_](?:(?:[\w ()/.,;@+%'"&$€=?!-]|:(?! ))*[\w()/.,;@+%'"&$€=?!-])?"""
_FLOW = r"\{\}|\[\]|\[[^\W_][\w-]*(?:, [^\W_][\w-]*)*\]"
_SIMPLE = (
    rf"""( *)(- )?(?:([^\W_][\w-]{{0,60}}):(?= |$))?(?: *({_PLAIN}|'[^']*'|"[^"\\]*"|{_FLOW}))?(?: +#.*)? *"""
)
_Signed = tuple[Literal["-", ":", ""], TreeNode]
"""A dash, a key or a value, which stands in the line of one of these."""


def tree_of_lines(text: str) -> MappingNode | None:
    """The tree of a text whose values have a line each; None of any other."""
    parts = _parts_of_lines(text)[::-1]
    try:
        root = _mapping_of(parts) if parts and parts[-1][0] == ":" else None
    except (IndexError, ValueError):
        return None
    return None if parts else root


def _parts_of_lines(text: str) -> list[_Signed]:
    """The parts of a text in their order; none where a line takes a reader of YAML."""
    parts: list[_Signed] = []
    simple, begins = re.compile(_SIMPLE), 0
    for number, line in enumerate(text.split("\n") if text.replace("\n", "").isprintable() else ["\t"]):
        match = simple.fullmatch(line)
        if match and (match[2] or match[3]):
            for sign, group in _GROUPS:
                if word := match[group]:
                    column, quote = match.start(group), word[0] if group == 4 and word[0] in "'\"" else ""
                    start = begins + column
                    plain = word.strip(quote) if quote else word
                    scalar = ScalarNode(start, start + len(word.rstrip()), number, column, plain, quote)
                    parts.append((sign, _in_flow(scalar) if word[0] in "[{" else scalar))
        elif line.lstrip(" ")[:1] not in ("", "#"):
            return []
        begins += len(line) + 1
    return parts


_GROUPS: tuple[tuple[Literal["-", ":", ""], int], ...] = (("-", 2), (":", 3), ("", 4))


def _in_flow(whole: ScalarNode) -> TreeNode:
    """The list of bare words, or the list or mapping of nothing, that stands in a line: `[won, lost]`."""
    node = ListNode(whole.start, whole.end, whole.line, whole.column, flow=True)
    for word in re.finditer(r"[\w-]+", whole.text):
        start, end = (whole.start + index for index in word.span())
        scalar = ScalarNode(start, end, whole.line, whole.column + word.start(), word[0], "")
        node.items.append(Item(start - (word.start() > 1), scalar))
    return MappingNode(node.start, node.end, node.line, node.column, True) if whole.text == "{}" else node


def _mapping_of(parts: list[_Signed]) -> MappingNode:
    """The mapping that begins with the last of the parts, which it takes. Raises ValueError, IndexError."""
    first = parts[-1][1]
    mapping = MappingNode(first.start, first.start, first.line, first.column, False)
    while parts and parts[-1][0] == ":" and parts[-1][1].column == first.column:
        _, key = parts.pop()
        sign, below = parts[-1]
        if sign and (below.line == key.line or below.column < key.column + (sign == ":")):
            raise ValueError("a key without a value")
        assert isinstance(key, ScalarNode)
        value = parts.pop()[1] if not sign else _mapping_of(parts) if sign == ":" else _list_of(parts)
        mapping.entries.append(Entry(key.start, key, key.end + 1, value))
        mapping.end = value.end
    return mapping


def _list_of(parts: list[_Signed]) -> ListNode:
    first = parts[-1][1]
    node = ListNode(first.start, first.start, first.line, first.column, False)
    while parts and parts[-1][0] == "-" and parts[-1][1].column == first.column:
        _, dash = parts.pop()
        sign, inner = parts[-1]
        if inner.line != dash.line:
            raise ValueError("a dash without a value")
        value = _mapping_of(parts) if sign else parts.pop()[1]
        node.items.append(Item(dash.start + 1, value))
        node.end = value.end
    return node


def comments_of(root: TreeNode, text: str) -> list[Comment]:
    """Every comment, in the order of the text: what begins with `#` outside of the scalars."""
    comments: list[Comment] = []
    position = 0
    for start, end in [*_scalar_spans(root, text), (len(text), len(text))]:
        while (mark := text.find("#", position, start)) >= 0:
            position = line_end(text, mark)
            comments.append(Comment(mark, mark + len(text[mark:position].rstrip())))
        position = max(position, end)
    return comments


def line_end(text: str, position: int) -> int:
    """The index of the line break at or after `position`, or of the text's end."""
    match = _BREAK.search(text, position)
    return match.start() if match else len(text)


def is_void(node: TreeNode) -> bool:
    """True of a null, and of a collection that holds nothing else."""
    if isinstance(node, ScalarNode):
        return not node.style and node.text in _VOID_WORDS
    parts = node.entries if isinstance(node, MappingNode) else node.items
    return all(is_void(part.value) for part in parts)


def skip_blanks(text: str, position: int) -> int:
    """The index of the next visible character that is not in a comment."""
    while match := _BLANKS.match(text, position):
        position = match.end()
    return position


def _read_node(event: object, events: Iterator[object], text: str) -> TreeNode:
    from ruamel.yaml import events as kinds

    if isinstance(event, kinds.ScalarEvent):
        return _read_scalar(event, text)
    if isinstance(event, kinds.MappingStartEvent):
        return _read_mapping(event, events, text)
    if isinstance(event, kinds.SequenceStartEvent):
        return _read_list(event, events, text)
    raise ValueError("aliases are not read")


def _read_mapping(event: MappingStartEvent, events: Iterator[object], text: str) -> MappingNode:
    from ruamel.yaml.events import MappingEndEvent

    mark = event.start_mark
    mapping = MappingNode(mark.index, mark.index, mark.line, mark.column, bool(event.flow_style))
    while not isinstance(following := next(events), MappingEndEvent):
        key = _read_node(following, events, text)
        if not isinstance(key, ScalarNode):
            raise ValueError("a key must be a text")
        colon = skip_blanks(text, key.end)
        anchor = colon + 1 if text[colon : colon + 1] == ":" else -1
        value = _read_node(next(events), events, text)
        _place_absent(value, key.end)
        mapping.entries.append(Entry(_start_of_key(key, text), key, anchor, value))
        mapping.end = max(key.end, anchor, value.end)
    if mapping.flow:
        mapping.end = following.end_mark.index
    return mapping


def _read_list(event: SequenceStartEvent, events: Iterator[object], text: str) -> ListNode:
    from ruamel.yaml.events import SequenceEndEvent

    mark = event.start_mark
    node = ListNode(mark.index, mark.index, mark.line, mark.column, bool(event.flow_style))
    while not isinstance(following := next(events), SequenceEndEvent):
        anchor = skip_blanks(text, node.end) + 1
        value = _read_node(following, events, text)
        _place_absent(value, anchor)
        node.items.append(Item(anchor, value))
        node.end = value.end
    if node.flow:
        node.end = following.end_mark.index
    return node


def _place_absent(value: TreeNode, anchor: int) -> None:
    # The reader places an absent value at the next token, lines later: nothing stands there.
    if isinstance(value, ScalarNode) and value.start == value.end and anchor != -1:
        value.start = value.end = anchor


def _start_of_key(key: ScalarNode, text: str) -> int:
    end = key.start
    while end and text[end - 1].isspace():
        end -= 1
    if not text.endswith("?", 0, end):
        return key.start
    line = text[max(text.rfind("\n", 0, end), text.rfind("\r", 0, end)) + 1 : end - 1]
    if line.strip(" -?:"):
        is_mark = line[-1] in "{[" or (line[-1] == " " and line.rstrip()[-1] in "{[,")
    else:  # a line of a text above, which stands deeper, may be a question mark alone
        above = max(text.rfind("\n", 0, key.start), text.rfind("\r", 0, key.start))
        is_mark = len(line) < key.start - above - 1
    return end - 1 if is_mark else key.start  # else the value above is a question


def _read_scalar(event: ScalarEvent, text: str) -> ScalarNode:
    mark, end = event.start_mark, event.end_mark.index
    start = mark.index
    raw = text[start:end]
    if _KEPT_BREAKS.match(raw):
        # The last line break ends the last line, as it does for any other value.
        end = start + len(_LAST_BREAK.sub("", raw))
    else:
        end = start + len(raw.rstrip("\r\n \t"))
    return ScalarNode(start, end, mark.line, mark.column, event.value, event.style or "")


def _scalar_spans(node: TreeNode, text: str) -> Iterator[tuple[int, int]]:
    if isinstance(node, ScalarNode):
        # A literal block's first line may carry a comment after its `|`.
        start = line_end(text, node.start) if node.style in ("|", ">") else node.start
        yield start, max(start, node.end)
    elif isinstance(node, MappingNode):
        for entry in node.entries:
            yield from _scalar_spans(entry.key, text)
            yield from _scalar_spans(entry.value, text)
    else:
        for item in node.items:
            yield from _scalar_spans(item.value, text)


_BREAK = re.compile(r"\r\n|\r|\n")
_COMMENT_LINE = re.compile(r"( *)(?:#[^\r\n]*)?(?:\r\n|\r|\n|\Z)")


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
        line = self.text.rfind("\n", 0, position) + 1
        return max(line, self.text.rfind("\r", line, position) + 1)

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
    comments = (page.comments_in(splice.start, splice.end) for splice in splices)
    gone = Counter(word for found in comments for word in page.words(found))
    lengths = {len(comment) for comment in gone}
    lines = (line.rstrip(" ") for splice in splices for line in re.split(r"[\r\n]", splice.text) if gone)
    ends = ((line, mark.start()) for line in lines for mark in re.finditer(r"(?<!\S)#", line))
    if gone - Counter(line[start:] for line, start in ends if len(line) - start in lengths):
        raise EditError


def _layout_of(root: MappingNode, line_break: str) -> Layout:
    step = list_offset = dash_gap = 0
    found_list = False
    nodes: deque[tuple[TreeNode, int]] = deque([(root, -1)])
    while nodes:
        node, column = nodes.popleft()
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
        step or plain.step,
        max(list_offset, 0),
        dash_gap or plain.dash_gap,
        line_break,
    )
