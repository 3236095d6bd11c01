"""By which rule a lead or opportunity got its owner: what round robin goes on from."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pipecli.records.base import Part
from pipecli.records.values import Line


class Assigned(Part):
    """That an assignment rule gave the record to a user; it stays when the record goes to another by hand."""

    rule: Line
    turn: Annotated[int, Field(strict=True, ge=1)] | None = None
    """The number of the turn in a round robin: whose last turn is the longest ago is next."""
