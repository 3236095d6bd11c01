"""A printed document as a page of HTML: one file with nothing outside it, for a browser, a mail or a printer.

Every word of it comes from files that anyone may have written, so every word is escaped, and the page itself
forbids scripts and fetches nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from pipecli.outbox.printed import Labelled, Party, Printed, PrintedItem


def document_page(printed: Printed, logo: str = "") -> str:
    """The whole page. `logo` is an image as a `data:` address; empty for none."""
    stamped = f'<p class="stamp">{escape(printed.stamp)}</p>' if printed.stamp else ""
    return f"""<!DOCTYPE html>
<html lang="{printed.language}" dir="{printed.direction}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(f"{printed.title} {printed.id} – {printed.company.name}")}</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
{_letterhead(printed.company, logo)}
{stamped}
<section class="head">
{_to(printed.customer, printed.words["customer"])}
{_facts(printed)}
</section>
{_items(printed)}
{_totals(printed)}
{_closing(printed)}
</main>
</body>
</html>
"""


_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def _letterhead(company: Party, logo: str) -> str:
    image = f'<img src="{escape(logo)}" alt="">' if logo else ""
    return f"""<header>
<div>{image}<h1 dir="auto">{escape(company.name)}</h1></div>
<address>{_lines(company.lines)}</address>
</header>"""


def _to(customer: Party, heading: str) -> str:
    attention = f'<p dir="auto">{escape(customer.attention)}</p>' if customer.attention else ""
    return f"""<div class="to">
<h2>{escape(heading)}</h2>
<p class="name" dir="auto">{escape(customer.name)}</p>
{attention}
<address>{_lines(customer.lines)}</address>
</div>"""


def _facts(printed: Printed) -> str:
    rows = "\n".join(f"<dt>{escape(fact.label)}</dt><dd>{escape(fact.text)}</dd>" for fact in printed.facts)
    return f"""<div class="facts">
<h2>{escape(printed.title)}</h2>
<dl>
{rows}
</dl>
</div>"""


def _items(printed: Printed) -> str:
    """The lines; a column of discounts or of taxes only where some line has one."""
    words = printed.words
    headings = [
        f'<th scope="col">{escape(words["item"])}</th>',
        _heading(words["quantity"]),
        _heading(words["unit_price"]),
        *([_heading(words["discount"])] if printed.discounted else []),
        *([_heading(words["tax"])] if printed.taxed else []),
        _heading(words["amount"]),
    ]
    rows = "\n".join(_row(item, printed) for item in printed.items)
    return f"""<div class="wide"><table class="items">
<thead><tr>{"".join(headings)}</tr></thead>
<tbody>
{rows}
</tbody>
</table></div>"""


def _row(item: PrintedItem, printed: Printed) -> str:
    cells = [
        item.quantity,
        item.unit_price,
        *([item.discount] if printed.discounted else []),
        *([item.tax] if printed.taxed else []),
        item.amount,
    ]
    numbers = "".join(f'<td class="number">{escape(cell)}</td>' for cell in cells)
    detail = f'<p class="detail" dir="auto">{escape(item.detail)}</p>' if item.detail else ""
    description = f'<p dir="auto">{escape(item.description)}</p>'
    return f"<tr><td>{description}{detail}</td>{numbers}</tr>"


def _totals(printed: Printed) -> str:
    rows = [_sum(each) for each in printed.sums]
    rows.append(_sum(printed.total, last=True))
    return f'<table class="totals">\n<tbody>\n{chr(10).join(rows)}\n</tbody>\n</table>'


def _sum(sum_: Labelled, *, last: bool = False) -> str:
    style = ' class="total"' if last else ""
    figure = f'<td class="number">{escape(sum_.text)}</td>'
    return f'<tr{style}><th scope="row">{escape(sum_.label)}</th>{figure}</tr>'


def _closing(printed: Printed) -> str:
    """How long it holds, and the terms."""
    parts = []
    if printed.validity:
        parts.append(f"<p>{escape(printed.validity)}</p>")
    if printed.terms:
        heading = f"<h2>{escape(printed.words['terms'])}</h2>"
        parts.append(f'{heading}\n<p class="terms" dir="auto">{escape(printed.terms)}</p>')
    return f"<footer>\n{chr(10).join(parts)}\n</footer>" if parts else ""


def _heading(name: str) -> str:
    return f'<th scope="col" class="number">{escape(name)}</th>'


def _lines(lines: Sequence[str]) -> str:
    return "<br>".join(f"<bdi>{escape(line)}</bdi>" for line in lines)


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
[dir=rtl] h2 { letter-spacing: 0; } /* letters that join */
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
.items td:first-child { min-width: 12rem; }
.wide { overflow-x: auto; }
.detail { font-size: .875rem; color: var(--quiet); }
.number { text-align: right; white-space: nowrap; }
.items thead th { font-size: .8rem; color: var(--quiet); border-bottom: 1px solid var(--ink); }
.items tbody td { border-bottom: 1px solid var(--line); }
.items tr { break-inside: avoid; }
.totals { width: auto; margin-block: 1rem 0; margin-inline: auto 0; break-inside: avoid; }
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
}
@page { size: A4; margin: 18mm; }
@media print {
  body { background: none; font-size: 10.5pt; }
  main { max-width: none; margin: 0; padding: 0; box-shadow: none; }
}
"""
