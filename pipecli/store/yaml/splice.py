"""The splices that put one value in place of another, and elements into and out of `[…]` and `{…}`.

Also which parts of a record before a change are those after it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Callable, Hashable, Mapping, Sequence
from difflib import Match, SequenceMatcher
from typing import NamedTuple

from pipecli.records import kinds
from pipecli.store.yaml.tree import (
    Comment,
    ListNode,
    MappingNode,
    Page,
    ScalarNode,
    Splice,
    TreeNode,
    is_void,
    skip_blanks,
)
from pipecli.store.yaml.write import (
    block_lines,
    double_quoted,
    flow_text,
    is_list,
    is_nothing,
    literal_block,
    meaning,
    same,
    scalar_text,
    single_quoted,
)


def align(before: Sequence[object], after: Sequence[object]) -> list[int | None]:
    """For each item after, the index of the item before that it is; None for a new one.

    Items with an identity are matched by it wherever they went, others by equality, and what remains
    between two matched neighbours pairwise, mapping to mapping and list to list. A product may stand on
    several lines: the equal line first, then the next of that product.
    """
    old, new = [_token(item) for item in before], [_token(item) for item in after]
    pairs: list[int | None] = [None] * len(new)
    for block in matching_blocks(old, new):
        for step in range(block.size):
            pairs[block.b + step] = block.a + step
    _match_moved(old, new, pairs)
    _match_moved([_product(item) for item in before], [_product(item) for item in after], pairs)
    _match_changed(before, after, pairs)
    return pairs


def matching_blocks(old: Sequence[str], new: Sequence[str]) -> list[Match]:
    """The runs that stayed, as `difflib` finds them; of what it would compare for long only both ends."""
    if _is_quick(old, new):
        return SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
    most = min(len(old), len(new))
    head = next((place for place in range(most) if old[place] != new[place]), most)
    most -= head
    tail = next((place for place in range(most) if old[-1 - place] != new[-1 - place]), most)
    end, new_end = len(old) - tail, len(new) - tail
    between = old[head:end], new[head:new_end]
    inner = matching_blocks(*between) if head + tail and _is_quick(*between) else []
    moved = [Match(block.a + head, block.b + head, block.size) for block in inner]
    return [Match(0, 0, head), *moved, Match(end, new_end, tail)]


def _is_quick(old: Sequence[str], new: Sequence[str]) -> bool:
    """True where comparing takes less than a second: its time grows with the cube of the lines in a list."""
    news = Counter(new)
    pairs = sum(number * news[token] for token, number in Counter(old).items())
    return (len(old) + pairs) * min(len(old), len(new)) <= 5_000_000


def renames(before: Mapping[str, object], after: Mapping[str, object]) -> dict[str, str]:
    """The keys of a free map that got another name and kept their value, old to new."""
    gone = [old for old in before if old not in after]
    new: dict[Hashable, deque[str]] = {}
    for key in after if gone else ():
        if key not in before:
            new.setdefault(_hashable(meaning(after[key])), deque()).append(key)
    named = ((old, new.get(_hashable(meaning(before[old])))) for old in gone)
    return {old: names.popleft() for old, names in named if names}


def _hashable(plain: object) -> Hashable:
    if isinstance(plain, dict):
        return frozenset((key, _hashable(part)) for key, part in plain.items())
    return (list, *map(_hashable, plain)) if isinstance(plain, list) else plain


IsFree = Callable[[tuple[str | int, ...]], bool]
"""True of a path whose map has keys of its own, which may be renamed, not those of a model."""


def intended(
    actual: object, before: object, after: object, is_free: IsFree, path: tuple[str | int, ...] = ()
) -> object:
    """The meaning of the file once `before` has become `after`, where it means `actual` now.

    The three differ where the model reads more into a text than it says (a lower-cased address, a default):
    what didn't change stays as the file says it.
    """
    if same(before, after):
        return actual
    if isinstance(actual, Mapping) and isinstance(before, Mapping) and isinstance(after, Mapping):
        return _intended_mapping(actual, before, after, is_free, path)
    if is_list(actual) and is_list(before) and is_list(after):
        items = [item for item in actual if not is_nothing(meaning(item))]
        if len(items) != len(before):
            return after
        pairs = align(before, after)
        return [
            item if pair is None else intended(items[pair], before[pair], item, is_free, (*path, place))
            for place, (item, pair) in enumerate(zip(after, pairs, strict=True))
        ]
    return after


def _intended_mapping(
    actual: Mapping[str, object],
    before: Mapping[str, object],
    after: Mapping[str, object],
    is_free: IsFree,
    path: tuple[str | int, ...],
) -> dict[str, object]:
    result: dict[str, object] = {}
    names = renames(before, after) if is_free(path) else {}
    for key, value in actual.items():
        if key in names:
            result[names[key]] = value
        elif key in before and key in after:
            result[key] = intended(value, before[key], after[key], is_free, (*path, key))
        elif key not in before:
            result[key] = after.get(key, value)
    return result | {
        key: value
        for key, value in after.items()
        if key not in actual and key not in result and not (key in before and same(before[key], value))
    }


def _token(item: object) -> str:
    if isinstance(item, Mapping):
        for name in kinds.UNIQUE_KEYS:
            if name in item:
                return f"{name}={item[name]}"
    return repr(meaning(item))


def _product(item: object) -> str:
    return str(item.get(kinds.ITEM[0], "")) if isinstance(item, Mapping) else ""


def _match_moved(old: list[str], new: list[str], pairs: list[int | None]) -> None:
    taken = set(pairs)
    waiting: dict[str, deque[int]] = {}
    for index, token in enumerate(old):
        if token and index not in taken:
            waiting.setdefault(token, deque()).append(index)
    for index, token in enumerate(new):
        if pairs[index] is None and waiting.get(token):
            pairs[index] = waiting[token].popleft()


def _match_changed(before: Sequence[object], after: Sequence[object], pairs: list[int | None]) -> None:
    taken = set(pairs)
    free: dict[str, list[int]] = {"named": [], "nameless": [], "list": []}
    for place, item in enumerate(before):
        if place not in taken and (form := _form(item)):
            free[form].append(place)
    stops, stop = list[int](), len(before)
    for pair in reversed(pairs):
        stop = stop if pair is None else pair
        stops.append(stop)
    previous = -1
    for index, pair in enumerate(pairs):
        if pair is not None:
            previous = pair
            continue
        stop = stops[-1 - index]
        likely = [free[form] for form in _MAY_BE[_form(after[index])]]
        firsts = [(bisect_left(places, previous + 1), places) for places in likely]
        near = [(places[first], first, places) for first, places in firsts if first < len(places)]
        candidate, first, places = min(near, default=(stop, 0, []))
        if candidate < stop:
            pairs[index] = previous = candidate
            del places[first]


def _form(item: object) -> str:
    if isinstance(item, Mapping):
        return "named" if any(key in item for key in kinds.KEYS) else "nameless"
    return "list" if is_list(item) else ""


_MAY_BE = {"named": ("nameless",), "nameless": ("named", "nameless"), "list": ("list",), "": ()}
"""What an item may have been before: not what had another name of its own."""


_BLOCK_HEADER = re.compile(r"[|>][-+0-9]*")


class Place(NamedTuple):
    """Where a value belongs: just after `anchor`, its colon or dash; `column` is that of its key or dash."""

    anchor: int
    column: int
    flow: bool = False
    is_item: bool = False
    lacks_colon: bool = False


def changed_scalar(page: Page, node: ScalarNode, place: Place, value: object) -> list[Splice]:
    """Another text, number or date in the style that the old one had, as far as that can say it."""
    block = None if place.flow else _literal(page, node, place, value)
    if node.style in ("|", ">"):
        header = _BLOCK_HEADER.match(page.text, node.start)
        assert header
        first = page.next_line(node.start)
        stop = max(first, page.next_line(node.end))
        new_header, lines = block or (scalar_text(value), [])
        return [
            Splice(node.start, header.end(), new_header),
            Splice(first, stop, page.joined(lines), own_lines=True),
        ]
    if block:
        below = page.next_line(max(place.anchor, node.end))
        return [
            _put(node, place, block[0]),
            Splice(below, below, page.joined(block[1]), own_lines=True),
        ]
    return [_put(node, place, _restyled(node, value, flow=place.flow))]


def rewritten(page: Page, node: TreeNode, place: Place, value: object) -> list[Splice]:
    """A value written anew where another kind of value, or a void one, stands."""
    is_collection = isinstance(value, Mapping) or is_list(value)
    is_flow = isinstance(node, MappingNode | ListNode) and node.flow
    if place.flow:
        return [_rewritten_in_flow(page, node, place, value)]
    if is_flow and is_collection and not is_void(node):
        inside = page.words(page.comments_in(node.start, node.end))
        below = page.next_line(node.end)
        lines = page.joined(" " * place.column + word for word in inside)
        return [_put(node, place, flow_text(value)), Splice(below, below, lines, own_lines=True)]
    if isinstance(node, ScalarNode) and not is_collection:
        return changed_scalar(page, node, place, value)
    return [_rewritten_block(page, node, place, value)]


def _put(node: TreeNode, place: Place, text: str) -> Splice:
    """Puts `text` where the value stands, or is missing, on its line."""
    if node.start < node.end:
        return Splice(node.start, node.end, text)
    return Splice(place.anchor, place.anchor, (": " if place.lacks_colon else " ") + text)


def _literal(page: Page, node: TreeNode, place: Place, value: object) -> tuple[str, list[str]] | None:
    if not isinstance(value, str):
        return None
    column = place.column + page.layout.step
    # A comment that stays below must be indented less, or it would be part of the text.
    position = max(place.anchor, node.end)
    for comment in page.comments_in(page.next_line(position), page.after(position, place.column)):
        column = max(column, page.column(comment.start) + 1)
    return literal_block(value, place.column, column)


def _rewritten_in_flow(page: Page, node: TreeNode, place: Place, value: object) -> Splice:
    words = page.words(page.comments_in(node.start, node.end))
    margin = page.layout.line_break + " " * (page.column(node.start) + 1)
    return _put(node, place, flow_text(value) + "".join(f" {word}{margin}" for word in words))


def _rewritten_block(page: Page, node: TreeNode, place: Place, value: object) -> Splice:
    """The whole of a key's or dash's line from its colon on, and the lines below that belong to it."""
    stop = page.line_end(max(place.anchor, node.end))
    comments = page.comments_in(place.anchor, stop)
    beside = page.comments_in(place.anchor, page.line_end(place.anchor))
    inline, lines = _rendered(page, node, place, value, has_comment=bool(beside))
    head = f" {inline}" if inline else ""
    if inline and place.is_item:
        head = " " * (page.layout.dash_gap - 1) + inline
    for comment in beside:
        head += _gap_before(page, comment) + page.text[comment.start : comment.end]
    below = [" " * place.column + word for word in page.words(comments[len(beside) :])]
    text = page.layout.line_break.join([head, *lines, *below])
    return Splice(place.anchor, stop, text)


def _rendered(
    page: Page, node: TreeNode, place: Place, value: object, *, has_comment: bool
) -> tuple[str, list[str]]:
    """The text beside the colon or dash, and the lines below it."""
    layout = page.layout
    if not isinstance(value, Mapping) and not is_list(value):
        return _literal(page, node, place, value) or (scalar_text(value), [])
    if place.is_item:
        column = place.column + layout.dash_gap
        lines = block_lines(value, column, layout)
        return ("", lines) if has_comment else (lines[0][column:], lines[1:])
    offset = layout.list_offset if is_list(value) else layout.step
    return "", block_lines(value, place.column + offset, layout)


def _gap_before(page: Page, comment: Comment) -> str:
    before = page.text[page.line_start(comment.start) : comment.start]
    return before[len(before.rstrip(" ")) :] or " "


def _restyled(node: ScalarNode, value: object, *, flow: bool) -> str:
    """The value in the quotes that the old one had, as far as quotes don't change its meaning."""
    text = scalar_text(value, flow=flow)
    if node.style and isinstance(value, str):
        return single_quoted(value) if node.style == "'" else double_quoted(value)
    if node.style and isinstance(meaning(value), str):
        return f"{node.style}{text}{node.style}"
    return text


class FlowElement(NamedTuple):
    """An item, or a key with its value, by its place in the text."""

    start: int
    end: int
    is_kept: bool


def flow_splices(
    page: Page,
    node: MappingNode | ListNode,
    elements: list[FlowElement],
    insertions: list[tuple[int, str]],
) -> list[Splice] | None:
    """The splices that drop what isn't kept and insert each text after the element at its index (-1: first).

    Something is kept. None where the collection must be written anew: a bare pair (`[a: 1]`), or a comment
    in the middle of what goes.
    """
    kept = [index for index, element in enumerate(elements) if element.is_kept]
    if not insertions and len(kept) == len(elements):
        return []
    if page.text[node.start] not in "[{":
        return None
    commas = [_comma_after(page, element.end) for element in elements]
    splices: list[Splice] = []
    last = kept[-1]
    if commas[-1] == -1:
        # What goes at the end takes along the comma before it.
        if page.comments_in(elements[last].end, elements[-1].end):
            splices.append(Splice(commas[last], commas[last] + 1, ""))
        else:
            splices.append(Splice(elements[last].end, elements[-1].end, ""))
            elements = elements[: last + 1]
        commas[last] = -1
    for index, element in enumerate(elements):
        if not element.is_kept:
            stop = commas[index] + 1 if commas[index] != -1 else element.end
            if page.comments_in(element.start, stop):
                return None
            splices.append(_without_line(page, element.start, stop))
    following: dict[int, list[str]] = {}
    for predecessor, text in insertions:
        following.setdefault(predecessor, []).append(text)
    for predecessor, texts in following.items():
        if predecessor < 0:
            start = elements[0].start
            splices.append(Splice(start, start, "".join(f"{text}, " for text in texts)))
        else:
            splices += _inserted_after(page, elements[predecessor], commas[predecessor], texts, node.end)
    return splices


def _inserted_after(
    page: Page, element: FlowElement, comma: int, texts: list[str], stop: int
) -> list[Splice]:
    """On lines of their own where the element has one, else beside it."""
    following = skip_blanks(page.text, max(element.end, comma + 1))
    has_own_line = page.begins_line(element.start) and following > page.line_end(element.end)
    if not has_own_line or following > stop:
        return [Splice(element.end, element.end, "".join(f", {text}" for text in texts))]
    margin = " " * page.column(element.start)
    below = page.next_line(element.end)
    if comma != -1:
        return [Splice(below, below, page.joined(f"{margin}{text}," for text in texts), own_lines=True)]
    lines = [f"{margin}{text}," for text in texts[:-1]] + [margin + texts[-1]]
    return [
        Splice(element.end, element.end, ","),
        Splice(below, below, page.joined(lines), own_lines=True),
    ]


def _comma_after(page: Page, position: int) -> int:
    comma = skip_blanks(page.text, position)
    return comma if page.text[comma : comma + 1] == "," else -1


def _without_line(page: Page, start: int, stop: int) -> Splice:
    """Takes the whole line where nothing else stands on it, else the blanks after it too."""
    if page.begins_line(start) and not page.text[stop : page.line_end(stop)].strip():
        return Splice(page.line_start(start), page.next_line(stop), "")
    while page.text[stop : stop + 1] == " ":
        stop += 1
    return Splice(start, stop, "")
