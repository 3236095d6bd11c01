"""A price list keeps its currency while records are priced from it: its figures would mean something else."""

from __future__ import annotations

from collections.abc import Sequence

from pipecli.records.catalogue import PriceList
from pipecli.workflow.change import Refused

_MOST_NAMED = 5


def require_unused(price_list: PriceList, used_by: Sequence[str]) -> None:
    """Refuse another currency for a list that records name; `used_by` are their ids."""
    if used_by:
        named = ", ".join(used_by[:_MOST_NAMED])
        more = f" and {len(used_by) - _MOST_NAMED} more" if len(used_by) > _MOST_NAMED else ""
        raise Refused(
            f"{price_list.id} stays in {price_list.currency}, records use it: {named}{more}",
            hint="make another list: pipecli price-list add ID --currency CODE",
        )
