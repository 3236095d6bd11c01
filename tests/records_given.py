"""Records as a person writes them, for stories that begin with a deal, a lead or a supplier's answer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

OPP = "OPP-2Q8XA"
DEAL = f"opportunities/2026/{OPP}-espresso-machines.yaml"
"""The deal of the fixture `shop`, and its file."""

_DEAL = """
    id external_id created title type lead customer process stage status owner source currency price_list
    amount expected_close
""".split()
_LEAD = "id created status name organization owner source".split()


def deal_text(key: str = OPP, more: str = "", **fields: object) -> str:
    """The file of an open deal of Ana's at `qualify`, in euros; a field that is None is left out.

    Fields stand in the model's order, those of the tail (items, activities, closed) in `more`, as text.
    """
    usual = {
        "id": key,
        "created": "2026-11-02T10:00:00+01:00",
        "title": "Espresso machines",
        "process": "standard",
        "stage": "qualify",
        "status": "open",
        "owner": "ana-ruiz",
        "currency": "EUR",
    }
    return _lines(_DEAL, usual | fields) + more


def lead_text(key: str, more: str = "", **fields: object) -> str:
    """The file of a new lead of Ana's; a field that is None is left out, `more` is the text of its tail."""
    usual = {
        "id": key,
        "created": "2026-11-02T10:00:00+01:00",
        "status": "new",
        "owner": "ana-ruiz",
    }
    return _lines(_LEAD, usual | fields) + more


def _lines(order: Sequence[str], fields: dict[str, object]) -> str:
    names = [*order, *(name for name in fields if name not in order)]
    return "".join(f"{name}: {fields[name]}\n" for name in names if fields.get(name) is not None)


def activity_text(
    key: str = "AAAAA",
    at: str = "2026-11-01T10:00:00+01:00",
    *,
    type_: str = "email",
    subject: str = "Offer",
    direction: str = "out",
    done: str = "true",
) -> str:
    """An element of `activities:`; as it is, a mail that we sent."""
    return (
        f"- id: {key}\n  type: {type_}\n  at: {at}\n  subject: {subject}\n"
        f"  direction: {direction}\n  done: {done}\n"
    )


def supplier_answer(
    key: str,
    supplier: str,
    prices: Sequence[tuple[str, int, float | str]],
    currency: str = "EUR",
    valid_until: str = "2026-12-31",
    deal: str = OPP,
) -> dict[str, str]:
    """A supplier's answer about a deal, by its file; `prices` are products, quantities and unit prices."""
    items = "".join(
        f"- product: {product}\n  description: {product}\n  quantity: {quantity}\n  unit_price: {price}\n"
        for product, quantity, price in prices
    )
    text = f"""\
id: {key}
created: 2026-11-20T09:00:00+01:00
opportunity: {deal}
supplier: {supplier}
status: received
date: 2026-11-20
received: 2026-11-20
valid_until: {valid_until}
lead_time: 3 weeks
currency: {currency}
items:
{items}"""
    return {f"supplier-quotations/2026/{key}-x.yaml": text}


def quotation_file(root: Path, key: str) -> Path:
    (file,) = (root / "quotations").rglob(f"{key}-*.yaml")
    return file
