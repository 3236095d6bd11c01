"""Items: the lines of what is sold, in one shape on all that has them.

Prices are without tax, or with it where the record says `tax_included`. What the lines of a record come to
is in `records/totals_and_tax.py`.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar, Protocol, Self

from pydantic import Field, model_validator

from pipecli.records import kinds
from pipecli.records.base import Amount, Count, Flag, Line, Part, Percent, ProductSku, Quantity, Text
from pipecli.records.money import EXACT, percentage, rounded
from pipecli.records.names import folded

_ZERO = Decimal(0)


class LineKind(StrEnum):
    """Lines that aren't goods: a discount of the whole record leaves them as they are."""

    FREIGHT = "freight"
    CHARGE = "charge"


class Per(StrEnum):
    """The period that a recurring price is for."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"

    @property
    def months(self) -> int:
        return {"month": 1, "quarter": 3, "year": 12}[self.value]


class Item(Part):
    """One line. Its price is a copy: later changes of the product or price list don't touch it."""

    identified_by: ClassVar[tuple[str, ...]] = kinds.ITEM

    product: ProductSku | None = None
    description: Line
    quantity: Quantity = Decimal(1)
    uom: Line | None = None
    """Unit of measure: unit, hour, kg."""
    unit_price: Amount
    per: Per | None = None
    """The price is for a month, a quarter or a year; absent: once."""
    term: Annotated[Count, Field(gt=0)] | None = None
    """The number of those periods that are bought; the line comes to all of them."""
    discount: Percent | None = None
    """Percent off the line."""
    discount_amount: Amount | None = None
    """Money off the line, instead of percent."""
    tax: Percent | None = None
    """Percent of tax: on top of the price, or in it where the record says tax_included."""
    kind: LineKind | None = None
    """Absent: a product or a service."""
    optional: Flag | None = None
    """Offered beside the rest: it counts once it is taken."""
    alternative_to: Line | None = None
    """The product, or the description, of the line whose place it takes once it is taken."""
    external_id: Text | None = None
    """Its name in the system it was imported from."""

    def amount(self, currency: str) -> Decimal:
        """quantity × unit price (× term) − discount as it is printed, rounded half up to the minor unit."""
        gross = self.gross
        if self.discount:
            gross = percentage(gross, 100 - self.discount)
        if self.discount_amount:
            gross = EXACT.subtract(gross, self.discount_amount)
        return rounded(gross, currency)

    @property
    def gross(self) -> Decimal:
        """quantity × unit price, of all periods of its term; before any discount, not rounded."""
        gross = EXACT.multiply(self.quantity, self.unit_price)
        return EXACT.multiply(gross, Decimal(self.term)) if self.term else gross

    @property
    def months(self) -> int:
        """The months of its term; 0 of what is bought once."""
        return self.per.months * self.term if self.per and self.term else 0

    @property
    def is_offered(self) -> bool:
        """True of an optional or alternative line, which counts once it is taken."""
        return bool(self.optional or self.alternative_to)

    def replaces(self, other: Item) -> bool:
        """True where `other` is the line that this is an alternative to."""
        words = folded(self.alternative_to or "")
        return bool(words) and words in (folded(other.product or ""), folded(other.description))

    @model_validator(mode="after")
    def _one_discount(self) -> Self:
        if self.discount is not None and self.discount_amount is not None:
            raise ValueError("a line has a discount in percent or a discount_amount, not both")
        if (self.per is None) != (self.term is None):
            raise ValueError("a recurring line has both: per (month, quarter, year) and term, their number")
        if self.discount_amount and self.discount_amount > self.gross:
            raise ValueError(f"a discount_amount of {self.discount_amount} is more than the line's price")
        return self


class Priced(Protocol):
    """A record with items: an opportunity, a quotation, an order."""

    @property
    def currency(self) -> str: ...
    @property
    def items(self) -> tuple[Item, ...]: ...
    @property
    def tax_included(self) -> bool | None: ...
    @property
    def discount(self) -> Decimal | None: ...
    @property
    def discount_amount(self) -> Decimal | None: ...
