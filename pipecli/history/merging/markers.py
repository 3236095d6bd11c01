"""Conflict markers around the fields that have two values, and around nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import pairwise
from typing import NamedTuple

from pipecli.history.merging.comments import Sheet
from pipecli.history.merging.values import Path
from pipecli.records.base import Part
from pipecli.store.yaml import read
from pipecli.store.yaml.tree import ScalarNode

_SIZE = 7
OURS, BETWEEN, THEIRS = f"{'<' * _SIZE} ours", "=" * _SIZE, f"{'>' * _SIZE} theirs"

_LINE = re.compile(r"[^\n]*\n|[^\n]+")


class _Block(NamedTuple):
    """The lines of ours from `start` to `end`, and what theirs has in their place."""

    start: int
    end: int
    theirs: list[str]


def marked(ours: str, fields: Sequence[tuple[Path, str]], theirs: str, model: type[Part]) -> str:
    """`ours` with each field in conflict between markers.

    `fields`: the path of each, and the text that has only its value as theirs has it; `theirs` has them all,
    and where they can't be told apart, or are not given, the lines that differ are marked.
    """
    lines = _LINE.findall(ours)
    blocks = sorted((_block(ours, text, path, model) for path, text in fields), key=lambda each: each[:2])
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
    found = _differences(lines, others)
    start = min(block.start for block in found)
    end = max(block.end for block in found)
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
    matcher = SequenceMatcher(None, ours, theirs, autojunk=False)
    return [
        _Block(start, end, theirs[first:last])
        for tag, start, end, first, last in matcher.get_opcodes()
        if tag != "equal"
    ]
