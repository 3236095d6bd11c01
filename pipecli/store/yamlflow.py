"""Elements taken out of and put into `[…]` and `{…}`, the layout between them kept."""

from __future__ import annotations

from typing import NamedTuple

from pipecli.store.yamlpage import Page, Splice
from pipecli.store.yamltree import ListNode, MappingNode, skip_blanks


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

    None where the collection must be written anew: a bare pair (`[a: 1]`), nothing kept, or a comment in
    the middle of what goes.
    """
    kept = [index for index, element in enumerate(elements) if element.is_kept]
    if not insertions and len(kept) == len(elements):
        return []
    if page.text[node.start] not in "[{" or not kept:
        return None
    commas = [_comma_after(page, element.end) for element in elements]
    splices: list[Splice] = []
    last = kept[-1]
    if last < len(elements) - 1 and commas[-1] < 0:
        # What goes at the end takes along the comma before it.
        if page.comments_in(elements[last].end, elements[-1].end):
            splices.append(Splice(commas[last], commas[last] + 1, ""))
        else:
            splices.append(Splice(elements[last].end, elements[-1].end, ""))
            elements = elements[: last + 1]
        commas[last] = -1
    for index, element in enumerate(elements):
        if not element.is_kept:
            stop = commas[index] + 1 if commas[index] >= 0 else element.end
            if page.comments_in(element.start, stop):
                return None
            splices.append(_without_line(page, element.start, stop))
    for predecessor in dict.fromkeys(index for index, _ in insertions):
        texts = [text for index, text in insertions if index == predecessor]
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
    if comma >= 0:
        return [Splice(below, below, page.joined(f"{margin}{text}," for text in texts), own_lines=True)]
    lines = [f"{margin}{text}," for text in texts[:-1]] + [margin + texts[-1]]
    return [
        Splice(element.end, element.end, ","),
        Splice(below, below, page.joined(lines), own_lines=True),
    ]


def _comma_after(page: Page, position: int) -> int:
    found = skip_blanks(page.text, position)
    return found if page.text[found : found + 1] == "," else -1


def _without_line(page: Page, start: int, stop: int) -> Splice:
    """Takes the whole line where nothing else stands on it, else the blanks after it too."""
    if page.begins_line(start) and not page.text[stop : page.line_end(stop)].strip():
        return Splice(page.line_start(start), page.next_line(stop), "")
    while page.text[stop : stop + 1] == " ":
        stop += 1
    return Splice(start, stop, "")
