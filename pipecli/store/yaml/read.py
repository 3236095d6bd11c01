"""A record's file as text: decoding, reading, and the place of each value. `edit` changes a text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, cast

from pipecli.errors import Fault, FaultyFile

__all__ = ["canonical", "decode", "locate", "locate_many", "parse", "parse_any", "place_of_key", "plain_of"]

BYTE_ORDER_MARK = "\ufeff"

# No record needs more; what is deeper is an attack on a reader's stack.
_DEEPEST = 32
# Characters that a refused construct can't do without, found at the cost of one pass; what they mean where
# they stand takes the slow scanner, so `_SUSPECT` first drops the ordinary "R&D", "Hello!" and "100%".
_RARE = r"[\t&*!<%\\\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]"
_SUSPECT = (
    r"(?m)[\t\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]"
    r"|(?:^|[:\-?,\[{]) *(?:[&*]\S|!)|<<|^%|^={7}|^>{7}|^\|{7}|\\[0abefvxuUNLP_]"
)


def decode(raw: bytes, file: str) -> str:
    """The text of a file, its byte order mark and line breaks as they are."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        start = raw.rfind(b"\n", 0, error.start) + 1
        column = len(raw[start : error.start].decode("utf-8", "replace")) + 1
        line = raw.count(b"\n", 0, error.start) + 1
        message = "is not UTF-8 text; save it as UTF-8"
        raise FaultyFile([Fault(file, line, column, "yaml", message)]) from None


def parse(text: str, file: str) -> dict[str, object]:
    """The record that a text means, read as YAML 1.2: dates, times and `0123` are texts.

    Nulls and empty collections are returned as they stand. Raises FaultyFile with line and column; `file`
    is the name that faults carry.
    """
    plain = canonical(text)
    return parse_any(text, file) if plain is None else plain


def parse_any(text: str, file: str) -> dict[str, object]:
    """`parse` by ryaml, however a text is laid out."""
    import ryaml

    # ryaml counts the mark as a column, and so takes the second line for another document.
    text = text.removeprefix(BYTE_ORDER_MARK)
    if text.count("[") + text.count("{") > _MANY_BRACKETS and (place := _too_deep(text)):
        raise FaultyFile([Fault(file, *place, "yaml", "is nested too deeply")])
    # Before it is read: aliases may stand for more than there is memory.
    if _may_be_suspect(text) and re.search(_SUSPECT, text):
        from pipecli.store.yaml.faults import refused_construct

        if fault := refused_construct(text, file):
            raise FaultyFile([fault])
    try:
        record = ryaml.loads(text)  # type: ignore[attr-defined]  # its stub re-exports nothing
    except ValueError as error:  # InvalidYamlError is one; a list or a mapping as a key is a plain one
        from pipecli.store.yaml.faults import fault_of_unreadable

        raise FaultyFile([fault_of_unreadable(text, file, str(error))]) from None
    if type(record) is not dict or not _is_sound(record, _DEEPEST):
        from pipecli.store.yaml.faults import unsound_value

        if fault := unsound_value(text, file, record, _DEEPEST):
            raise FaultyFile([fault])
    return record  # type: ignore[no-any-return]


_WORDS = r"[^\W\d_](?:[\w ()/.,;@+%'\"&$€=-]*[\w()/.,;@+%'\"&$€=-])?"
# Of other systems, ids that begin with a digit and can't be a number in any base: 8RQCHZ5O-26193, 0E8D6TCQ.
_ID = r"[0-9]+(?:[AC-DF-NP-WYZ]|[BEOX][0-9A-F]*[G-Z])[0-9A-Z-]*"
_TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:Z|[+-][0-9]{2}:[0-9]{2}))?"
_QUOTED = r"'[\w ()/.,;:@+%$€#?-]*'"
_NUMBER = r"(?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,6})?"
_LINE = rf"( *)(- )?(?:([a-z][a-z_]{{0,60}}):(?: |$))?(?:({_WORDS}|{_ID}|{_TIME}|{_QUOTED})|({_NUMBER}))?"
_NO_TEXTS = frozenset(("true", "false", "null", "yes", "no", "on", "off", "y", "n"))

_Token = tuple[int, str | None, object]
"""Of a line its place (twice the indent, and one more for an item), its key, and its value or _BELOW."""
_BELOW = object()
_UNKNOWN: _Token = -2, None, None
"""A line that is none of pipecli's: no value is None."""
_MANY_TOKENS, _LONGEST = 20_000, 100_000
_tokens: dict[str, _Token] = {}
"""Lines that were seen: most of a pipeline are again and again the same."""
_COME_ONCE = frozenset(("id", "external_id", "title"))


def canonical(text: str) -> dict[str, object] | None:
    """The record of a text as pipecli itself lays it out; None of any other, and where a value takes care.

    In a third of the time of `parse_any`; a test compares the two.
    """
    head, *lines = text.split("\n")
    if not head.startswith("# yaml-") or not head.isprintable() or lines[-1:] != [""] or len(text) > _LONGEST:
        return None
    record: dict[str, object] = {}
    outer: list[tuple[int, Any]] = []
    here, inner, opened, known = 0, cast("Any", record), "", _tokens.get
    beside = here  # where a line has the next key of the same map: most do
    for line in lines[:-1]:
        place, key, value = known(line) or _token(line)
        if place == beside and value is not _BELOW:
            if key in inner:
                return None
            inner[key] = value
            continue
        if value is None:
            return None
        if opened:  # the key of the line before has its value here
            if place not in (here + 1, here + 4) or len(outer) > _DEEPEST // 2:
                return None
            outer.append((here, inner))
            below: Any = [] if place & 1 else {}
            inner[opened] = inner = below
            here, opened = place, ""
        while place != here:
            if not outer:
                return None
            here, inner = outer.pop()
        beside = -1
        if key is None:
            inner.append(value)
            continue
        if place & 1:
            outer.append((here, inner))
            inner.append(mapping := dict[str, object]())
            here, inner = place + 3, mapping
        if key in inner:
            return None
        if value is _BELOW:
            opened = key
        else:
            inner[key], beside = value, here
    return record if record and not opened else None


_line = cache(lambda: re.compile(_LINE))


def _token(line: str) -> _Token:
    match = _line().fullmatch(line)
    if match is None:
        return _UNKNOWN
    indent, dash, key, words, number = match.groups()
    value: object = words
    if number is not None:
        value = float(number) if "." in number else int(number)
    elif words is None:
        value = _BELOW if key and line[-1] == ":" else None
    elif words[0] == "'":
        value = words[1:-1]
    if value is None or not (key or dash) or key in _NO_TEXTS:
        return _UNKNOWN
    if words and len(words) < 6 and words.lower() in _NO_TEXTS:
        return _UNKNOWN
    token = 2 * len(indent) + (dash is not None), key, value
    if key not in _COME_ONCE:
        if len(_tokens) > _MANY_TOKENS:
            _tokens.clear()
        _tokens[line] = token
    return token


def plain_of(content: bytes | None, file: str) -> dict[str, object] | None:
    """The record that the content of a file or blob means; None where that can't be read."""
    try:
        return None if content is None else parse(decode(content, file), file)
    except FaultyFile:
        return None


def locate(text: str, path: Sequence[str | int]) -> tuple[int, int]:
    """Line and column, from 1, of the key or item at `path`, or of the deepest part of it that exists.

    In a list a number is a place from 0, a text one from 1, as people count.
    (0, 0), the file as a whole, where nothing of it does or the text can't be read.
    """
    return locate_many(text, [path])[0]


def locate_many(text: str, paths: Iterable[Sequence[str | int]]) -> list[tuple[int, int]]:
    """`locate` for many paths at the price of one reading."""
    from pipecli.store.yaml.faults import lines_of_paths

    return lines_of_paths(text, paths)


def place_of_key(text: str, path: Sequence[str | int]) -> tuple[int, int] | None:
    """The place of a key that begins a line, and only one; None where it takes a reader of YAML to tell.

    A source that goes from the settings makes a finding of every deal, and `locate` takes 20 s for 9,000.
    """
    if not path or (len(path) > 1 and canonical(text) is None):
        return None
    # Below a key: lines that are as deep as what is looked for.
    above = "".join(
        f"{re.escape(str(key))}:\n(?:{'  ' * n}.*\n)*?{'  ' * n}" for n, key in enumerate(path[:-1], 1)
    )
    begins = list(re.finditer(rf"^{above}{re.escape(str(path[-1]))}:(?= |\r?$)", text, re.MULTILINE))
    if len(begins) != 1:
        return None
    return text.count("\n", 0, begins[0].end()) + 1, 2 * len(path) - 1


_MANY_BRACKETS = 200
_FLOW = r"""(?m)(?:^|[:?-][ \t\n])[ \t\n]*[\[{]"""
_IN_FLOW = r"""(?s)[\[{]|[\]}]|"(?:[^"\\]|\\.)*+"?|(?<=[\s\[{,:])'(?:[^']|'')*+'?"""


def _too_deep(text: str) -> tuple[int, int] | None:
    """Line and column of the bracket that is one too deep; ryaml's time grows with the square of the depth.

    Read as YAML reads it but for texts of several lines: there a bracket that begins a line may count, too.
    """
    position, flow, in_flow = 0, re.compile(_FLOW), re.compile(_IN_FLOW)
    while start := flow.search(text, position):
        depth, position = 0, start.end() - 1
        for part in in_flow.finditer(text, position):
            position = part.end()
            if part[0] in "[{":
                depth += 1
            elif part[0] in "]}":
                depth -= 1
            if depth > _DEEPEST * 4:
                return text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position) - 1
            if depth <= 0:
                break
        else:
            return None
    return None


def _may_be_suspect(text: str) -> bool:
    # The conflict markers apart: with them in the pattern its search takes seven times as long.
    return bool(re.search(_RARE, text)) or "=======" in text or ">>>>>>>" in text or "|||||||" in text


def _is_sound(value: object, depth: int) -> bool:
    """True where keys are texts, numbers are finite and exact, and the depth is sane."""
    kind = type(value)
    if kind is dict:
        parts = value.items()  # type: ignore[attr-defined]
        return depth > 0 and all(type(key) is str and _is_sound(part, depth - 1) for key, part in parts)
    if kind is list:
        return depth > 0 and all(_is_sound(part, depth - 1) for part in value)  # type: ignore[attr-defined]
    if kind is float:
        # A number written with more digits than a float keeps comes back with 16 or more.
        return -1e15 < value < 1e15 and len(repr(value)) < 17  # type: ignore[operator]
    return True
