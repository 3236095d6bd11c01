"""The `closed` section of a deal as plain values: the reasons and the competitors it was lost for.

Here and not with the model, so that what reads plain records loads no models.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LISTS = {"reason": "reasons", "competitor": "competitors"}
"""The keys that held one value before 1.0, and those that hold several."""


def with_lists(closed: Mapping[str, Any]) -> dict[str, Any]:
    """A `closed` section in today's keys; one that has an old key and its new one stays as it is."""
    return {
        LISTS[key] if key in LISTS and LISTS[key] not in closed else key: (
            [value] if key in LISTS and LISTS[key] not in closed and value is not None else value
        )
        for key, value in closed.items()
    }


def listed(closed: Mapping[str, Any], key: str) -> list[Any]:
    """The `reasons` or the `competitors` of a plain section, in the old form or the new; [] of none."""
    values = with_lists(closed).get(key)
    return values if isinstance(values, list) else []
