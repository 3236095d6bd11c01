"""Why a text is refused and at which line: the slow second look, by ruamel.yaml, at what ryaml refused or
what holds a suspect character. Texts come without byte order mark.
"""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from pipecli.errors import Fault
from pipecli.records.kinds import CLOSED_LISTS
from pipecli.store.yaml.tree import (
    MOST_MARKS,
    ListNode,
    MappingNode,
    ScalarNode,
    TreeNode,
    marks_in,
    read_tree,
)
from pipecli.store.yaml.write import CONTROL, compiled

if TYPE_CHECKING:
    from ruamel.yaml.error import MarkedYAMLError, StringMark

_CONFLICT = re.compile(r"^(?:<{7}|={7}|>{7}|\|{7})(?=\s|$)", re.MULTILINE)
_STRANGE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
_PLACE = re.compile(r"at line (\d+) column (\d+)")
_NAMES = {
    "\u0085": "a line break U+0085",
    "\u2028": "a line separator U+2028",
    "\u2029": "a paragraph separator U+2029",
    "\ufeff": "an invisible byte order mark U+FEFF",
}

# Beyond these the pure Python reader would take seconds.
_LONGEST_SECOND_LOOK = 300_000
_LONGEST_DIAGNOSIS = 50_000  # its readers go over the text four times
_MOST_BRACKETS = 500
_DEEP_DASHES = re.compile(r"(?:[-?] ){64}")

# What ruamel's reader says of a text, and what it means to a person. The first that fits.
_MEANINGS = (
    ("found character '\\t'", "holds a tab where only spaces can stand: indent with spaces"),
    ("found character '", "a value can't begin with {character}: put it in quotes"),
    ("mapping values are not allowed", "holds a second ': ' on one line: put the value in quotes"),
    ("found unexpected end of stream", "opens a quote that is never closed"),
    ("found unexpected document separator", "opens a quote that is never closed"),
    ("could not find expected ':'", "is not of the form 'key: value'"),
    ("expected ',' or ']'", "opens a [ that is never closed, or lacks a comma"),
    ("expected ',' or '}'", "opens a { that is never closed, or lacks a comma"),
    ("expected the node content", "lacks a value, or has a bracket or comma too many"),
    ("sequence entries are not allowed", "holds a list item where none can stand: begin it on its own line"),
    ("expected <block end>", "is indented differently from the lines above it"),
    ("expected '<document start>'", "is indented differently from the lines above it"),
    ("unknown escape character", "holds a \\ that means nothing inside \"…\": write \\\\ or use '…'"),
    ("expected escape sequence", "holds a \\ that means nothing inside \"…\": write \\\\ or use '…'"),
    ("undefined alias", "holds an alias (*); write the value out, or put it in quotes"),
    ("expected a single document", "begins a second document (---): one record a file"),
    ("found undefined tag handle", "holds a tag (!); put the value in quotes"),
)
# Where the mistake is where something began, not where the reader noticed.
_BEGAN_EARLIER = ("unexpected end of stream", "could not find expected ':'", "',' or ']'", "',' or '}'")


def fault_of_unreadable(text: str, file: str, reason: str) -> Fault:
    """The fault of a text that ryaml refuses with `reason`; no character in it is refused."""
    if "recursion limit" in reason:
        return _fault_at_reason(file, reason, "is nested too deeply")
    fault = None
    if len(text) <= _LONGEST_DIAGNOSIS and not _is_too_much(text):
        fault = refused_construct(text, file) or _syntax_fault(text, file) or _duplicate_key(text, file)
    not_yaml = f"is not YAML ({_PLACE.sub('', reason).strip()})"
    return fault or _long_number(text, file) or _fault_at_reason(file, reason, not_yaml)


def refused_construct(text: str, file: str) -> Fault | None:
    """The first thing in a text that YAML allows and a record doesn't; None where there is none."""
    if fault := _refused_characters(text, file):
        return fault
    if _is_too_much(text):
        return Fault(
            file, 0, 0, "yaml", "is too long or too deep to be checked for anchors, aliases and tags"
        )
    from ruamel.yaml import YAML, tokens
    from ruamel.yaml.error import MarkedYAMLError

    refused = {
        tokens.AnchorToken: "holds an anchor (&): write the value out, or put it in quotes",
        tokens.AliasToken: "holds an alias (*): write the value out, or put it in quotes",
        tokens.TagToken: "holds a tag (!): put the value in quotes",
        tokens.DirectiveToken: "holds a % directive: remove it",
    }
    previous: object = None
    end = 0
    try:
        for token in YAML(typ="safe", pure=True).scan(text):
            message = refused.get(type(token), "")
            if isinstance(token, tokens.ScalarToken):
                if isinstance(previous, tokens.KeyToken) and token.plain and token.value == "<<":
                    message = "holds a merge key (<<): write the keys out"
                elif bad := compiled(CONTROL).search(token.value):
                    message = f"holds the control character U+{ord(bad[0]):04X}: remove it"
            if message:
                return _fault(file, token.start_mark, message)
            previous, end = token, token.end_mark.index
    except MarkedYAMLError as error:
        return _meaning(text, file, error)
    except (ValueError, OverflowError):  # of `chr`: its scanner makes what has no number in Unicode
        odd = re.compile(r"\\U(?!000|0010)[0-9A-Fa-f]{8}").search(text, end)
        line, column = _line_and_column(text, odd.start()) if odd else (0, 0)
        return Fault(file, line, column, "yaml", f"holds no character: {odd[0] if odd else 'an escape'}")
    return None


def unsound_value(text: str, file: str, record: object, deepest: int) -> Fault | None:
    """The fault of a record whose reading succeeded but whose values can't be kept."""
    if record is None:
        return Fault(file, 1, 1, "yaml", "is empty")
    if not isinstance(record, dict):
        line = next((n for n, line in enumerate(text.split("\n"), 1) if _is_content(line)), 1)
        return Fault(file, line, 1, "yaml", "is not a record of 'key: value' lines")
    root = _tree(text)
    for path, key_index, message in _unsound_parts(record, (), deepest):
        place, node = _descend(root, path)
        if isinstance(node, MappingNode) and key_index >= 0:
            key = node.entries[key_index].key
            place = key.line + 1, key.column + 1
        return Fault(file, *place, "yaml", message)
    return _long_number(text, file)


def lines_of_paths(text: str, paths: Iterable[Sequence[str | int]]) -> list[tuple[int, int]]:
    """Line and column of each path, as `read.locate_many` gives them."""
    root = _tree(text)
    return [_descend(root, path)[0] for path in paths]


def _tree(text: str) -> TreeNode | None:
    from ruamel.yaml.error import YAMLError

    if _is_too_much(text):
        return None
    try:
        return read_tree(text.removeprefix("\ufeff"))
    except (YAMLError, ValueError, RecursionError):
        return None


def _descend(node: TreeNode | None, path: Sequence[str | int]) -> tuple[tuple[int, int], TreeNode | None]:
    place = (0, 0)
    for step in path:
        if isinstance(node, MappingNode):
            keys = {str(step), _OLD_KEYS.get(str(step))}  # a file has the one or the other
            entry = next((e for e in node.entries if e.key.text in keys), None)
            if entry is None:
                break
            place, node = (entry.key.line + 1, entry.key.column + 1), entry.value
        elif isinstance(node, ListNode) and -1 < (position := _position(step)) < len(node.items):
            node = node.items[position].value
            place = (node.line + 1, node.column + 1)
        else:
            break
    return place, node


_OLD_KEYS = {new: old for old, new in CLOSED_LISTS.items()}


def _position(step: str | int) -> int:
    """The place in a list that a step of a path means: a number counts from 0, a text from 1; -1 for none."""
    return step if isinstance(step, int) else int(step) - 1 if step.isdecimal() else -1


def _is_too_much(text: str) -> bool:
    return (
        len(text) > _LONGEST_SECOND_LOOK
        or text.count("[") + text.count("{") > _MOST_BRACKETS
        or marks_in(text) > MOST_MARKS
        or _DEEP_DASHES.search(text) is not None
    )


def _refused_characters(text: str, file: str) -> Fault | None:
    if match := _CONFLICT.search(text):
        return Fault(
            file,
            *_line_and_column(text, match.start()),
            "yaml",
            "holds git conflict markers; `pipecli sync` says what to do",
        )
    if match := _STRANGE.search(text):
        character = match[0]
        name = _NAMES.get(character, f"the control character U+{ord(character):04X}")
        return Fault(file, *_line_and_column(text, match.start()), "yaml", f"holds {name}: remove it")
    return None


def _syntax_fault(text: str, file: str) -> Fault | None:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    documents = 0
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            if type(event).__name__ == "DocumentStartEvent":
                documents += 1
                if documents == 2:
                    return _fault(file, event.start_mark, "begins a second document (---): one record a file")
        read_tree(text)
    except MarkedYAMLError as error:
        return _meaning(text, file, error)
    except ValueError:
        line, column = next(_odd_keys(text), (0, 0))
        return Fault(file, line, column, "yaml", "holds a list or a mapping as a key")
    except (YAMLError, RecursionError):
        return None
    return None


def _odd_keys(text: str) -> Iterator[tuple[int, int]]:
    from ruamel.yaml import YAML

    root = YAML(typ="safe", pure=True).compose(text)
    nodes = [root]
    while nodes:
        node = nodes.pop()
        for part in node.value if isinstance(node.value, list) else []:
            if isinstance(part, tuple):
                if isinstance(part[0].value, list):
                    yield part[0].start_mark.line + 1, part[0].start_mark.column + 1
                nodes += part
            else:
                nodes.append(part)


def _meaning(text: str, file: str, error: MarkedYAMLError) -> Fault:
    problem = f"{error.problem} {error.context}"
    mark = error.problem_mark or error.context_mark
    if error.context_mark is not None and any(part in problem for part in _BEGAN_EARLIER):
        mark = error.context_mark
    message = next(
        (meaning for part, meaning in _MEANINGS if part in problem), f"is not YAML ({error.problem})"
    )
    index = getattr(mark, "index", 0)
    return _fault(file, mark, message.replace("{character}", text[index : index + 1]))


def _duplicate_key(text: str, file: str) -> Fault | None:
    for node in _nodes(text):
        seen: set[str] = set()
        for entry in node.entries if isinstance(node, MappingNode) else ():
            if entry.key.text in seen:
                message = f"holds the key {entry.key.text!r} twice"
                return Fault(file, entry.key.line + 1, entry.key.column + 1, "yaml", message)
            seen.add(entry.key.text)
    return None


def _long_number(text: str, file: str) -> Fault | None:
    """The first plain number that would lose digits."""
    for node in _nodes(text):
        if not isinstance(node, (MappingNode, ListNode)) and not _is_exact(node):
            message = "holds a number of too many digits to be kept exactly: put it in quotes if it is a text"
            return Fault(file, node.line + 1, node.column + 1, "yaml", message)
    return None


def _nodes(text: str) -> Iterator[TreeNode]:
    """The values and keys of a text, those of one depth before what is in them."""
    root = _tree(text)
    nodes = deque[TreeNode]([root] if root else [])
    while nodes:
        node = nodes.popleft()
        yield node
        if isinstance(node, MappingNode):
            nodes += [part for entry in node.entries for part in (entry.key, entry.value)]
        elif isinstance(node, ListNode):
            nodes += [item.value for item in node.items]


def _is_exact(node: ScalarNode) -> bool:
    if node.style or not re.fullmatch(r"[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?", node.text):
        return True
    if node.text.isdigit() and node.text.startswith("0"):
        return True  # ryaml reads it as text
    try:
        exact = Decimal(node.text)
        if "." not in node.text and "e" not in node.text.lower():
            return -(2**63) <= exact < 2**64
        return Decimal(repr(float(node.text))) == exact
    except (InvalidOperation, OverflowError):
        return True


def _unsound_parts(
    value: object, path: tuple[str | int, ...], room: int
) -> Iterator[tuple[tuple[str | int, ...], int, str]]:
    """The path of each bad value, its message, and which of its keys is meant (-1: none)."""
    if isinstance(value, dict | list) and room <= 0:
        yield path, -1, "is nested too deeply"
    elif isinstance(value, dict):
        for index, (key, part) in enumerate(value.items()):
            if not isinstance(key, str):
                yield path, index, "holds a key that is not a text: put it in quotes"
            yield from _unsound_parts(part, (*path, str(key)), room - 1)
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _unsound_parts(part, (*path, index), room - 1)
    elif isinstance(value, float) and not math.isfinite(value):
        yield path, -1, "holds a number that is not finite"


def _is_content(line: str) -> bool:
    return not line.lstrip().startswith(("#", "---")) and bool(line.strip())


def _fault(file: str, mark: StringMark | None, message: str) -> Fault:
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    return Fault(file, line, column, "yaml", message)


def _fault_at_reason(file: str, reason: str, message: str) -> Fault:
    line, column = map(int, place.groups()) if (place := _PLACE.search(reason)) else (0, 0)
    return Fault(file, line, column, "yaml", message)


def _line_and_column(text: str, index: int) -> tuple[int, int]:
    breaks = list(re.finditer(r"\r\n|\r|\n", text[:index]))
    start = breaks[-1].end() if breaks else 0
    return len(breaks) + 1, index - start + 1
