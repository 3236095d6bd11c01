"""The identity of what stands in a list: the fields that tell one element of each model from another.

The models name them as `identified_by`. They stand here, as the editor of YAML and the history, which ask for
them too, load no models.
"""

from __future__ import annotations

from collections.abc import Sequence

ACTIVITY = ("id",)
STAGE = ("id",)
STAKEHOLDER = ("contact",)
ITEM = ("product", "description")
"""Its product, which may stand on several lines, or where it has none its description."""
TIER = ("from",)
AWAY = ("from",)
ASSIGNMENT_RULE = ("name",)

UNIQUE_KEYS = tuple(dict.fromkeys((*ACTIVITY, *STAGE, *STAKEHOLDER)))
"""Fields that no two elements of a list share, and that never change: an element with another is another."""
KEYS = (*UNIQUE_KEYS, ITEM[0])
"""And the one that never changes, but may stand twice."""
IDENTIFYING = tuple(dict.fromkeys((*UNIQUE_KEYS, *ITEM, *TIER, *AWAY, *ASSIGNMENT_RULE)))
"""The fields that may name an element of any list, the surest first."""


def dotted(path: Sequence[object]) -> str:
    """A path as people write it: places in lists, numbers from 0 in the code, count from 1: `items.1.tax`."""
    return ".".join([str(part + 1) if isinstance(part, int) else str(part) for part in path])


def place(number: str) -> int | None:
    """The place from 0 that a number from 1 means; None for any other text."""
    return int(number) - 1 if number.isdecimal() and int(number) else None


def from_one(path: Sequence[str], length: int) -> str:
    """The hint for a path whose part `length`, which is to name an element of a list, is a 0; else empty."""
    if not path[length].isdecimal() or int(path[length]):
        return ""
    first = ".".join([*path[:length], "1", *path[length + 1 :]])
    return f"they count from 1, the first is {first}"
