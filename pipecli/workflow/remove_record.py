"""`remove` of a customer, product and the like: only what no other record names can go."""

from __future__ import annotations

from collections.abc import Sequence

from pipecli.records.base import Record
from pipecli.workflow.change import Change, Refused

_MOST_NAMED = 5


def remove(record: Record, used_by: Sequence[str], *, hint: str = "change those first") -> Change:
    """Remove a record; `used_by` are the ids of the records that name it."""
    if used_by:
        named = ", ".join(used_by[:_MOST_NAMED])
        more = f" and {len(used_by) - _MOST_NAMED} more" if len(used_by) > _MOST_NAMED else ""
        raise Refused(f"{record.key} can't be removed, records use it: {named}{more}", hint=hint)
    return Change(record, f"remove {record.noun} {record.label}", "removed", removed=(record,))
