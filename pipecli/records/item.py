"""Items: what is sold, in the same shape on opportunity, quotation, supplier quotation and order."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import ClassVar

from pipecli.records import kinds
from pipecli.records.base import Amount, Line, Part, Percent, ProductSku, Quantity, Text
from pipecli.records.money import EXACT, rounded


class Item(Part):
    """One line. Its price is a copy: later changes of the product or price list don't touch it."""

    identified_by: ClassVar[tuple[str, ...]] = kinds.ITEM

    product: ProductSku | None = None
    description: Line
    quantity: Quantity = Decimal(1)
    uom: Line | None = None
    """Unit of measure: unit, hour, kg."""
    unit_price: Amount
    discount: Percent | None = None
    """Percent off the line."""
    tax: Percent | None = None
    """Percent of tax on top; never part of an amount."""
    external_id: Text | None = None
    """Its name in the system it was imported from."""

    def amount(self, currency: str) -> Decimal:
        """quantity × unit price × (1 − discount), without tax, rounded half up to the minor unit."""
        gross = EXACT.multiply(self.quantity, self.unit_price)
        if self.discount:
            gross = EXACT.multiply(gross, 100 - self.discount).scaleb(-2, EXACT)
        return rounded(gross, currency)


def total(items: Iterable[Item], currency: str) -> Decimal:
    """The sum of the lines' amounts, without tax."""
    whole = rounded(Decimal(0), currency)
    for item in items:
        whole = EXACT.add(whole, item.amount(currency))
    return whole


def tax_by_rate(items: Iterable[Item], currency: str) -> dict[Decimal, Decimal]:
    """Tax due at each rate, lowest first: computed on the sum of that rate's lines, rounded half up."""
    net: dict[Decimal, Decimal] = {}
    for item in items:
        if item.tax is not None:
            net[item.tax] = EXACT.add(net.get(item.tax, Decimal(0)), item.amount(currency))
    return {
        rate: rounded(EXACT.multiply(net[rate], rate).scaleb(-2, EXACT), currency) for rate in sorted(net)
    }
