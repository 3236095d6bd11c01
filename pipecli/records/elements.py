"""The identity of what stands in a list: the fields that tell one element of each model from another.

The models name them as `identified_by`. They stand here, as the editor of YAML and the history, which ask for
them too, load no models.
"""

from __future__ import annotations

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
