"""`forecast --chart`: the rows as bars of a terminal, what was won before what is weighted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from pipecli.cli.forecast_rows import label
from pipecli.cli.output import terminal_width
from pipecli.cli.short_money import rounded_to_three
from pipecli.cli.table import clean, cut, display_width, isolated, money

_WON, _WEIGHTED, _TARGET = "█", "▒", "│"
_DEFAULT_WIDTH = 80
_LONGEST_LABEL = 24
_LEAST_BAR = 10
_GAPS = 4


def bars(rows: Sequence[Mapping[str, Any]], by: str, digits: int) -> str:
    """A line a row: its name, the bar, and won + weighted in figures. All bars have one scale."""
    width = terminal_width() or _DEFAULT_WIDTH
    names = [cut(clean(label(row, by)), min(_LONGEST_LABEL, max(width // 3, 1))) for row in rows]
    left = max(map(display_width, names), default=0)
    both = [row["won_amount"] + row["weighted"] for row in rows]
    sums = [money(each, None, digits) for each in both]
    if width - left - max(map(len, sums), default=0) - _GAPS < _LEAST_BAR:
        sums = [rounded_to_three(each) for each in both]
    right = max(map(len, sums), default=0)
    room = max(width - left - right - _GAPS, _LEAST_BAR)
    longest = max(
        [Decimal(0), *(max(row["won_amount"] + row["weighted"], row.get("target", 0)) for row in rows)]
    )
    has_targets = any("target" in row for row in rows)
    key = f"{_WON} won  {_WEIGHTED} weighted" + (f"  {_TARGET} target" if has_targets else "")
    lines = [key]
    for row, name, amount in zip(rows, names, sums, strict=True):
        pad = " " * (left - display_width(name))
        bar = _bar(row, longest, room)
        lines.append(f"{isolated(name)}{pad}  {bar}{' ' * (room - len(bar))}  {amount:>{right}}".rstrip())
    return "".join(f"{line}\n" for line in lines)


def _bar(row: Mapping[str, Any], longest: Decimal, room: int) -> str:
    if not longest:
        return ""
    won = _cells(row["won_amount"], longest, room)
    both = _cells(row["won_amount"] + row["weighted"], longest, room)
    bar = _WON * won + _WEIGHTED * max(both - won, 0)
    if "target" in row:
        place = min(_cells(row["target"], longest, room), room - 1)
        bar = bar.ljust(place + 1)
        bar = bar[:place] + _TARGET + bar[place + 1 :]
    return bar


def _cells(amount: Decimal, longest: Decimal, room: int) -> int:
    """How many cells an amount takes: one at least of what is anything."""
    return max(int(amount * room / longest), 1) if amount > 0 else 0
