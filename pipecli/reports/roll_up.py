"""The forecast of a manager: their own deals and those of all who report to them, level by level."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import reduce
from typing import NamedTuple

from pipecli.reports.forecast import Row
from pipecli.reports.organisation import Organisation


class Rolled(NamedTuple):
    """One person's line. The lines of level 0 add up to the total."""

    row: Row
    level: int
    """0 at the top; a line holds the sum of those one deeper below it."""
    is_sum: bool
    """Whether the row sums up a manager's people; the manager's own deals then have a line among them."""


def roll_up(rows: Sequence[Row], organisation: Organisation) -> list[Rolled]:
    """The rows of a forecast by owner, each manager's people below; who has no deals is left out."""
    own = {row.key: row for row in rows}
    lines = [line for user in organisation.people[None] for line in _lines(user, own, organisation, level=0)]
    strangers = [row for row in rows if row.key not in organisation.superior]
    return [*lines, *(Rolled(row, 0, is_sum=False) for row in strangers)]


def _lines(user: str, own: dict[str | None, Row], organisation: Organisation, level: int) -> Iterator[Rolled]:
    below = [
        line for person in organisation.people[user] for line in _lines(person, own, organisation, level + 1)
    ]
    if not below:
        if user in own:
            yield Rolled(own[user], level, is_sum=False)
        return
    if user in own:
        below.insert(0, Rolled(own[user], level + 1, is_sum=False))
    direct = [line.row for line in below if line.level == level + 1]
    yield Rolled(reduce(_plus, direct)._replace(key=user), level, is_sum=True)
    yield from below


_ZERO = Decimal(0)


def _plus(left: Row, right: Row) -> Row:
    figures = {
        name: getattr(left, name) + getattr(right, name)
        for name in Row._fields
        if name not in ("key", "process", "categories")
    }
    categories = {
        name: left.categories.get(name, _ZERO) + right.categories.get(name, _ZERO)
        for name in left.categories | right.categories
    }
    return left._replace(**figures, categories=categories)
