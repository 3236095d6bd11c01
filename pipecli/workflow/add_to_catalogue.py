"""`add` of a product, price list or document of literature: under a slug that no other of its kind has."""

from __future__ import annotations

from pipecli.records.base import Record
from pipecli.workflow.change import Change, Refused


def add(record: Record, *, is_taken: bool) -> Change:
    """A new record of the catalogue; `is_taken` tells that one of its kind has its slug."""
    what = record.noun.replace("-", " ")
    if is_taken:
        raise Refused(
            f"{what} {record.key} exists already",
            hint=f"change it with `pipecli {record.noun} set {record.key} …`, or choose another slug",
        )
    return Change(record, f"add {what} {record.label}", "added")
