"""`set` and `edit` leave a document's status to the verbs, which know what else belongs to it."""

from __future__ import annotations

from typing import TypeVar

from pipecli.records.quotation import Order, SupplierQuotation
from pipecli.workflow.change import Refused

D = TypeVar("D", Order, SupplierQuotation)


def require_same_status(before: D, after: D, verbs: str) -> None:
    """Refuse another status; `verbs` are the commands that give one."""
    if after.status != before.status:
        raise Refused(
            f"the status of {before.id} follows from what happens to it",
            hint=f"use {verbs}; what was noted by mistake, undo with git revert",
        )
