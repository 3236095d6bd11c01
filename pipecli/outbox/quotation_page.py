"""A quotation as a page of HTML: one file with nothing outside it, for a browser, a mail or a printer.

Every word of it comes from files that anyone may have written, so every word is escaped, and the page itself
forbids scripts and fetches nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from html import escape
from typing import NamedTuple

from pipecli.records.item import Item, tax_by_rate, total
from pipecli.records.lead import Lead
from pipecli.records.money import minor_digits
from pipecli.records.party import Contact, Customer
from pipecli.records.quotation import Quotation, QuotationStatus
from pipecli.records.settings import Company

_STAMPED = {
    QuotationStatus.DRAFT: "Draft, not an offer",
    QuotationStatus.REJECTED: "Rejected",
    QuotationStatus.EXPIRED: "Expired",
    QuotationStatus.SUPERSEDED: "Superseded, no longer an offer",
}
"""What a page says across its head, so that nobody takes it for an offer that holds."""


class Addressee(NamedTuple):
    """Whom it is for: lines of an address, the first the name; blank ones are left out."""

    name: str
    attention: str = ""
    lines: tuple[str, ...] = ()


def addressee(customer: Customer | None, contact: Contact | None, lead: Lead | None) -> Addressee:
    """Whom a quotation is for, from the customer it is made to, else the lead."""
    attention = contact.name if contact else ""
    if customer is not None:
        tax_id = f"Tax ID {customer.tax_id}" if customer.tax_id else ""
        lines = (customer.address or "", customer.country or "", tax_id)
        person = attention if attention != customer.name else ""
        return Addressee(customer.name, person, lines)
    if lead is not None:
        name = lead.organization or lead.name or lead.id
        person = attention or (lead.name or "" if lead.organization else "")
        return Addressee(name, person if person != name else "", (lead.address or "", lead.country or ""))
    return Addressee(attention)


def quotation_page(quotation: Quotation, company: Company, to: Addressee, logo: str = "") -> str:
    """The whole page. `logo` is an image as a `data:` address; empty for none."""
    stamp = _STAMPED.get(quotation.status, "")
    stamped = f'<p class="stamp">{escape(stamp)}</p>' if stamp else ""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(f"Quotation {quotation.id} – {company.name}")}</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
{_letterhead(company, logo)}
{stamped}
<section class="head">
{_to(to)}
{_facts(quotation)}
</section>
{_items(quotation)}
{_totals(quotation)}
{_closing(quotation)}
</main>
</body>
</html>
"""


_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def _letterhead(company: Company, logo: str) -> str:
    image = f'<img src="{escape(logo)}" alt="">' if logo else ""
    tax_id = f"Tax ID {company.tax_id}" if company.tax_id else ""
    lines = _lines([company.address, company.phone, company.email, company.website, tax_id])
    return f"""<header>
<div>{image}<h1 dir="auto">{escape(company.name)}</h1></div>
<address>{lines}</address>
</header>"""


def _to(to: Addressee) -> str:
    attention = f'<p dir="auto">{escape(to.attention)}</p>' if to.attention else ""
    return f"""<div class="to">
<h2>For</h2>
<p class="name" dir="auto">{escape(to.name)}</p>
{attention}
<address>{_lines(to.lines)}</address>
</div>"""


def _facts(quotation: Quotation) -> str:
    facts = [
        ("Number", quotation.id),
        ("Date", day_text(quotation.date)),
        ("Valid until", day_text(quotation.valid_until) if quotation.valid_until else ""),
        ("Replaces", quotation.revision_of or ""),
    ]
    rows = "\n".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in facts if value)
    return f"""<div class="facts">
<h2>Quotation</h2>
<dl>
{rows}
</dl>
</div>"""


def _items(quotation: Quotation) -> str:
    """The lines; a column of discounts or of taxes only where some line has one."""
    discounted = any(item.discount for item in quotation.items)
    taxed = any(item.tax is not None for item in quotation.items)
    headings = [
        '<th scope="col">Item</th>',
        _heading("Quantity"),
        _heading("Unit price"),
        *([_heading("Discount")] if discounted else []),
        *([_heading("Tax")] if taxed else []),
        _heading("Amount"),
    ]
    rows = "\n".join(_row(item, quotation.currency, discounted, taxed) for item in quotation.items)
    return f"""<table class="items">
<thead><tr>{"".join(headings)}</tr></thead>
<tbody>
{rows}
</tbody>
</table>"""


def _row(item: Item, currency: str, discounted: bool, taxed: bool) -> str:
    quantity = f"{_number(item.quantity)} {item.uom}" if item.uom else _number(item.quantity)
    cells = [
        quantity,
        _unit_price(item.unit_price, currency),
        *([f"{_number(item.discount)} %" if item.discount else ""] if discounted else []),
        *([f"{_number(item.tax)} %" if item.tax is not None else ""] if taxed else []),
        _figure(item.amount(currency), currency),
    ]
    numbers = "".join(f'<td class="number">{escape(cell)}</td>' for cell in cells)
    return f'<tr><td dir="auto">{escape(item.description)}</td>{numbers}</tr>'


def _totals(quotation: Quotation) -> str:
    """Net, tax by rate, total. Without any tax there is only the total, and it says so."""
    currency = quotation.currency
    net, taxes = total(quotation.items, currency), tax_by_rate(quotation.items, currency)
    rows = []
    if taxes:
        rows.append(_sum("Net", net, currency))
        rows += [_sum(f"Tax {_number(rate)} %", tax, currency) for rate, tax in taxes.items()]
    label = "Total" if taxes else "Total, without tax"
    rows.append(_sum(label, net + sum(taxes.values(), Decimal(0)), currency, last=True))
    return f'<table class="totals">\n<tbody>\n{chr(10).join(rows)}\n</tbody>\n</table>'


def _sum(label: str, amount: Decimal, currency: str, *, last: bool = False) -> str:
    figure = escape(f"{_figure(amount, currency)} {currency}")
    style = ' class="total"' if last else ""
    return f'<tr{style}><th scope="row">{escape(label)}</th><td class="number">{figure}</td></tr>'


def _closing(quotation: Quotation) -> str:
    """How long it holds, and the terms."""
    parts = []
    if quotation.valid_until and quotation.status not in _STAMPED:
        parts.append(f"<p>This quotation is valid until {escape(day_text(quotation.valid_until))}.</p>")
    if quotation.terms:
        parts.append(f'<h2>Terms</h2>\n<p class="terms" dir="auto">{escape(quotation.terms.strip())}</p>')
    return f"<footer>\n{chr(10).join(parts)}\n</footer>" if parts else ""


def _heading(name: str) -> str:
    return f'<th scope="col" class="number">{escape(name)}</th>'


def _lines(texts: Sequence[str | None]) -> str:
    """Each line of each text in a line of its own."""
    lines = [line.strip() for text in texts if text for line in text.splitlines()]
    return "<br>".join(f"<bdi>{escape(line)}</bdi>" for line in lines if line)


def day_text(day: date) -> str:
    """A day that nobody reads as another: 5 December 2026."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip


def _figure(amount: Decimal, currency: str) -> str:
    return f"{amount:,.{minor_digits(currency)}f}"


def _unit_price(price: Decimal, currency: str) -> str:
    """Every digit that a unit price has, at least those of the currency."""
    written = -int(price.as_tuple().exponent)
    return f"{price:,.{max(minor_digits(currency), written)}f}"


def _number(value: Decimal) -> str:
    """A quantity or percentage in as few digits as say it: 2, 2.5, 1,000."""
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


_STYLE = """
:root { --ink: #1b1f24; --quiet: #5c6570; --line: #d9dee3; --accent: #14532d; }
* { box-sizing: border-box; }
body { margin: 0; background: #f3f4f6; color: var(--ink);
  font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", Arial, sans-serif; }
main { max-width: 52rem; margin: 2rem auto; padding: 3.5rem; background: #fff;
  box-shadow: 0 1px 4px rgba(0, 0, 0, .12); }
h1 { margin: 0; font-size: 1.6rem; line-height: 1.2; color: var(--accent); }
h2 { margin: 0 0 .4rem; font-size: .75rem; font-weight: 600; letter-spacing: .08em;
  text-transform: uppercase; color: var(--quiet); }
p { margin: 0; overflow-wrap: anywhere; }
address { font-style: normal; color: var(--quiet); overflow-wrap: anywhere; }
header { display: flex; justify-content: space-between; gap: 2rem; padding-bottom: 1.5rem;
  border-bottom: 2px solid var(--accent); }
header address { text-align: end; font-size: .875rem; }
header img { display: block; max-height: 4rem; max-width: 14rem; margin-bottom: .75rem; }
.stamp { margin-top: 1.5rem; padding: .5rem .75rem; border: 1px solid #b45309; color: #92400e;
  background: #fffbeb; font-weight: 600; }
.head { display: flex; justify-content: space-between; gap: 2rem; margin: 2rem 0; }
.to { min-width: 0; }
.name { font-weight: 600; }
.facts { flex: none; }
dl { display: grid; grid-template-columns: auto auto; gap: .1rem 1rem; margin: 0; }
dt { color: var(--quiet); }
dd { margin: 0; text-align: end; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th { text-align: start; font-weight: 600; }
td, th { padding: .55rem .5rem; vertical-align: top; }
td:first-child, th:first-child { padding-inline-start: 0; overflow-wrap: anywhere; }
td:last-child, th:last-child { padding-inline-end: 0; }
.number { text-align: end; white-space: nowrap; }
.items thead th { font-size: .8rem; color: var(--quiet); border-bottom: 1px solid var(--ink); }
.items tbody td { border-bottom: 1px solid var(--line); }
.items tr { break-inside: avoid; }
.totals { width: auto; margin: 1rem 0 0 auto; break-inside: avoid; }
.totals th { font-weight: 400; padding-inline-end: 2.5rem; }
.totals td, .totals th { padding-block: .25rem; }
.totals .total td, .totals .total th { padding-top: .6rem; border-top: 1px solid var(--ink);
  font-size: 1.15rem; font-weight: 700; }
footer { margin-top: 2.5rem; padding-top: 1.5rem; border-top: 1px solid var(--line); }
footer h2 { margin-top: 1.25rem; }
.terms { white-space: pre-line; }
@media screen and (max-width: 40rem) {
  main { margin: 0; padding: 1.25rem; }
  header, .head { flex-direction: column; gap: 1rem; }
  header address { text-align: start; }
  .items { display: block; overflow-x: auto; }
}
@page { size: A4; margin: 18mm; }
@media print {
  body { background: none; font-size: 10.5pt; }
  main { max-width: none; margin: 0; padding: 0; box-shadow: none; }
}
"""
