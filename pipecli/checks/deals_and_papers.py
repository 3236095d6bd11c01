"""Deals, their papers, contacts and prices: states that don't go together, and that no command would leave.

Also suppliers' answers and price lists.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, cast

from pipecli.checks import Problem, Rule, Severity, asking_settings, by_query
from pipecli.records.money import minor_digits

if TYPE_CHECKING:
    from pipecli.records.papers import Invoice, Order
    from pipecli.store.pipeline import Pipeline


def ordered_quotation(pipeline: Pipeline) -> Iterator[Problem]:
    """Orders of a quotation that is not accepted, or of another deal's."""
    for file, key, quotation, status, deal, own in pipeline.query(
        "SELECT o.path, o.id, q.id, q.status, q.opportunity, o.opportunity FROM _orders o "
        "JOIN _quotations q ON q.id = o.quotation "
        "WHERE o.status <> 'cancelled' AND (q.status <> 'accepted' OR q.opportunity <> o.opportunity) "
        "ORDER BY o.path"
    ):
        fault = f"is {status}, and {key} an order of what is accepted"
        if deal != own:
            fault = f"is a quotation of {deal}, not of {own}"
        yield Problem(file, ("quotation",), f"quotation: {quotation} {fault}")


def delivery(pipeline: Pipeline) -> Iterator[Problem]:
    """Orders whose day of delivery and whose status say different things."""
    for file, key, status, day in pipeline.query(
        "SELECT path, id, status, delivered FROM _orders "
        "WHERE (status = 'delivered') <> (delivered IS NOT NULL) ORDER BY path"
    ):
        state = f"is {status}, and was delivered on {day}" if day else "is delivered, and no day says when"
        yield Problem(file, ("delivered",) if day else ("status",), f"{key} {state}")


# Open deals and drafts; what a customer was sent is frozen, and was right on its day.
_ON_OFFER = """(SELECT path, id, currency, price_list FROM _opportunities WHERE status = 'open'
    UNION ALL SELECT path, id, currency, price_list FROM _quotations WHERE status = 'draft')"""


def expired_price_list(pipeline: Pipeline) -> Iterator[Problem]:
    """A list that is not valid today: the next price from it is refused, and those from it may be old.

    What names no list is priced from the settings', else from the only valid one in its currency: where none
    of those that price its products is valid any more, its prices are of one that was.
    """
    today = pipeline.today.isoformat()
    default = pipeline.settings.price_list
    lists = {list_.id: list_ for list_ in _lists(pipeline)}
    if all(list_.is_valid(today) for list_ in lists.values()):
        return
    for file, own, currency, products in _priced(pipeline):
        named = lists.get(own or default or "")
        if named and named.currency == currency:
            candidates = [named]
        else:
            candidates = [list_ for list_ in lists.values() if list_.currency == currency and not own]
        over = [candidate for candidate in candidates if own or not products.isdisjoint(candidate.products)]
        if not over or any(candidate.is_valid(today) for candidate in candidates):
            continue
        last = max(over, key=lambda list_: list_.last or "")
        path = ("price_list",) if own else ("items",)
        yield Problem(file, path, f"priced from {last.id}, which {last.when(today)}")


class _List(NamedTuple):
    id: str
    currency: str
    first: str | None
    last: str | None
    products: frozenset[str]

    def is_valid(self, today: str) -> bool:
        return (self.first or today) <= today <= (self.last or today)

    def when(self, today: str) -> str:
        """Why it is not valid today: expired, or not valid yet."""
        expired = self.last is not None and self.last < today
        return f"expired on {self.last}" if expired else f"is valid only from {self.first}"


def _lists(pipeline: Pipeline) -> Iterator[_List]:
    for key, currency, first, last, products in pipeline.query(
        """SELECT p.id, p.currency, p.valid_from, p.valid_until,
        (SELECT json_group_array(key) FROM json_each(r.json, '$.prices'))
        FROM _price_lists p JOIN _records r USING (path) ORDER BY p.id"""
    ):
        yield _List(key, currency, first, last, frozenset(json.loads(products)))


def _priced(pipeline: Pipeline) -> Iterator[tuple[str, str | None, str, frozenset[str]]]:
    """Deals and drafts with products: its file, the list it names, its currency and those products."""
    for file, own, currency, products in pipeline.query(
        f"""SELECT o.path, o.price_list, o.currency, json_group_array(i.product) FROM {_ON_OFFER} o
        JOIN items i ON i.path = o.path WHERE i.product IS NOT NULL GROUP BY o.path ORDER BY o.path"""
    ):
        yield file, own, currency, frozenset(json.loads(products))


def alternative(pipeline: Pipeline) -> Iterator[Problem]:
    """Alternative lines of open deals and quotations to a line that isn't there."""
    for file, position, other in pipeline.query(
        """SELECT i.path, i.position, i.alternative_to FROM items i
        WHERE i.alternative_to IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM items o WHERE o.path = i.path AND o.position <> i.position
            AND lower(i.alternative_to) IN (lower(o.product), lower(o.description)))
        ORDER BY i.path, i.position"""
    ):
        path = ("items", position - 1, "alternative_to")
        yield Problem(file, path, f"no item {other} that this one could take the place of")


def number_gap(pipeline: Pipeline) -> Iterator[Problem]:
    """Numbers that are left out in a row of the form that the settings have."""
    numbered = pipeline.settings.invoices.numbered
    for year, known in _numbers(pipeline):
        for before, after in pairwise((0, *sorted(known))):
            if after - before > 1:
                first, last = (numbered(year, n) for n in (before + 1, after - 1))
                absent = f"numbers {first} to {last}; a" if first != last else f"number {first}; its"
                words = f"no invoice has the {absent} draft may wait in another clone"
                yield Problem(known[after].file, ("number",), words)


def number_order(pipeline: Pipeline) -> Iterator[Problem]:
    """Invoices that are dated before one of a lower number in their row."""
    for _, known in _numbers(pipeline):
        latest = _Numbered("", "", "")
        for _, own in sorted(known.items()):
            if own.date < latest.date:
                words = f"date: {own.number} is of {own.date}, and {latest.number} of {latest.date} before it"
                yield Problem(own.file, ("date",), words)
            else:
                latest = own


class _Numbered(NamedTuple):
    file: str
    number: str
    date: str


def _numbers(pipeline: Pipeline) -> list[tuple[int, dict[int, _Numbered]]]:
    """The rows of the numbers that have the form of the settings, by year, 0 where it has none."""
    form = re.escape(pipeline.settings.invoices.number)
    form = re.sub(r"\\\{n(?::\d)?\\\}", r"(?P<n>\\d{1,18})", form).replace(r"\{year\}", r"(?P<year>\d{4})")
    rows: dict[int, dict[int, _Numbered]] = defaultdict(dict)
    query = "SELECT path, number, coalesce(date, '') FROM _invoices WHERE number IS NOT NULL ORDER BY number"
    for found in map(_Numbered._make, pipeline.query(query)):
        if fits := re.fullmatch(form, found.number):
            rows[int(fits.groupdict().get("year") or 0)][int(fits["n"])] = found
    return sorted(rows.items())


def overdrawn_order(pipeline: Pipeline) -> Iterator[Problem]:
    """Orders of which more is invoiced than was ordered: two clones may each have drawn up the rest."""
    from pipecli.workflow.invoice import overdrawn

    # Orders with several invoices, or with one of more than itself.
    for order_file, order in pipeline.query(
        """SELECT o.path, o.id FROM _orders o JOIN _invoices i ON i."order" = o.id
        GROUP BY o.path HAVING sum(i.total) > o.total + 0.0001 OR count(*) > 1 ORDER BY o.path"""
    ).fetchall():
        files = [
            file
            for (file,) in pipeline.query(
                'SELECT path FROM _invoices WHERE "order" = ? ORDER BY created, id', (order,)
            )
        ]
        record = cast("Order", pipeline.read(order_file))
        invoices = [cast("Invoice", pipeline.read(file)) for file in files]
        lines = overdrawn(record, invoices)
        if lines:
            last = max(place for place, invoice in enumerate(invoices) if not invoice.credits)
            yield Problem(files[last], ("items",), f"more than {order} has is invoiced of {', '.join(lines)}")


def invoice_origin(pipeline: Pipeline) -> Iterator[Problem]:
    """Invoices in another currency than their order; notes that credit a note or another's invoice."""
    for file, field, origin, is_note in pipeline.query(
        """SELECT i.path, CASE WHEN b.credits IS NOT NULL THEN 'credits' WHEN i.customer <> b.customer
            THEN 'customer' ELSE 'currency' END, coalesce(b.id, o.id), b.credits IS NOT NULL
        FROM _invoices i LEFT JOIN _orders o ON o.id = i."order" LEFT JOIN _invoices b ON b.id = i.credits
        WHERE b.credits IS NOT NULL OR i.customer <> b.customer
            OR i.currency <> coalesce(b.currency, o.currency)
        ORDER BY i.path"""
    ):
        words = "is a credit note, and only an invoice is credited" if is_note else f"has another {field}"
        yield Problem(file, (field,), f"{origin} {words}")


def settled(pipeline: Pipeline) -> Iterator[Problem]:
    """Invoices whose status isn't what their payments and credit notes say, or of which these are too much.

    Two clones may each have noted the one payment, or credited the whole.
    """
    for file, status, currency, open_, over_paid, over_credited in pipeline.query(
        """SELECT path, status, currency, open, paid - total AS over_paid,
            -total + coalesce((SELECT -sum(n.total)
                FROM _invoices n WHERE n.credits = i.id AND n.status <> 'draft'), 0) AS over_credited
        FROM invoices i WHERE credits IS NULL AND ((status = 'paid' AND open > 0.0001)
            OR (status = 'issued' AND open < 0.0001 AND total > 0) OR max(over_paid, over_credited) > 0.0001)
        ORDER BY path"""
    ):
        form = f",.{minor_digits(currency)}f"
        words = f"status: it is {status}, and nothing is open"
        if open_ > 0:
            words = f"status: it is {status}, and {open_:{form}} {currency} are open"
        elif (over := max(over_paid, over_credited)) > 0:
            done = "paid" if over == over_paid else "credited"
            words = f"{over:{form}} {currency} more is {done} than it comes to"
        yield Problem(file, ("status",), words)


_WITH_DEALS = """FROM _quotations q JOIN _records r ON r.noun = 'opportunity' AND r.key = q.opportunity
    JOIN _opportunities o ON o.path = r.path"""

RULES = (
    by_query(
        "ordered-twice", Severity.WARNING,
        "Two orders of one quotation that stand: the customer would get everything twice.",
        ("quotation",),
        "quotation: {id} is not the only order of {quotation}; cancel one: pipecli order cancel {id}",
        """SELECT path, id, quotation FROM _orders WHERE status <> 'cancelled' AND quotation IN (
            SELECT quotation FROM _orders WHERE status <> 'cancelled' GROUP BY quotation HAVING count(*) > 1)
        ORDER BY path""",
    ),
    Rule("ordered-quotation", Severity.WARNING, ordered_quotation),
    Rule("delivery", Severity.WARNING, delivery),
    by_query(
        "empty-answer", Severity.WARNING,
        "Answers of suppliers without a price: nothing can be priced from them.",
        ("status",), "{id} is received, and has no items",
        """SELECT path, id FROM _supplier_quotations s WHERE status = 'received'
            AND NOT EXISTS (SELECT 1 FROM items i WHERE i.path = s.path) ORDER BY path""",
    ),
    by_query(
        "winning-quotation", Severity.ERROR, "A deal is won by a quotation of its own.",
        ("closed", "quotation"), "closed.quotation: {id} is a quotation of {opportunity}",
        """SELECT o.path, q.id, q.opportunity FROM _opportunities o
        JOIN _quotations q ON q.id = o.closed_quotation WHERE q.opportunity <> o.id""",
    ),
    by_query(
        "won-quotation", Severity.WARNING,
        "A deal is won by a quotation that the customer accepted, and not by one that is over.",
        ("closed", "quotation"),
        "closed.quotation: {id} is {status}; name the one that the customer accepted",
        """SELECT o.path, q.id, q.status FROM _opportunities o JOIN _quotations q ON q.id = o.closed_quotation
        WHERE o.status = 'won' AND q.opportunity = o.id
            AND q.status IN ('rejected', 'expired', 'superseded') ORDER BY o.path""",
    ),
    by_query(
        "revised-quotation", Severity.WARNING,
        "Quotations that stand although another revises them: the customer could accept both.",
        ("status",), "{id} is {status} although {later} revises it: what is revised is superseded",
        """SELECT q.path, q.id, q.status, min(r.id) AS later FROM _quotations q
        JOIN _quotations r ON r.revision_of = q.id
        WHERE q.status IN ('draft', 'sent', 'accepted') GROUP BY q.path ORDER BY q.path""",
    ),
    by_query(
        "addressee", Severity.WARNING, "Quotations to nobody: neither a customer nor a lead.",
        (), "{id} names neither a customer nor a lead: whom is it for?",
        "SELECT path, id FROM _quotations WHERE customer IS NULL AND lead IS NULL ORDER BY path",
    ),
    by_query(
        "validity", Severity.ERROR, "Quotations and price lists whose validity ends before it begins.",
        ("valid_until",), "valid_until: {valid_until} is before its {first} {begins}",
        """SELECT path, 'date' AS first, date AS begins, valid_until FROM _quotations WHERE valid_until < date
        UNION ALL SELECT path, 'valid_from', valid_from, valid_until FROM _price_lists
        WHERE valid_until < valid_from""",
    ),
    by_query(
        "open-quotation", Severity.WARNING,
        "Drafts and sent quotations of a deal that is closed: the customer could still accept one.",
        ("status",), "{id} is {status} although {deal} is {closed}",
        f"SELECT q.path, q.id, q.status, o.id AS deal, o.status AS closed {_WITH_DEALS} "
        "WHERE q.status IN ('draft', 'sent') AND o.status <> 'open' ORDER BY q.path",
    ),
    by_query(
        "accepted-quotation", Severity.WARNING, "Accepted quotations of a deal that was not won.",
        ("status",), "{id} is accepted although {deal} is {status}{way_out}",
        f"""SELECT q.path, q.id, o.id AS deal, o.status,
            CASE o.status WHEN 'open' THEN ': close it with pipecli opp won ' || o.id ELSE '' END AS way_out
        {_WITH_DEALS}
        WHERE q.status = 'accepted' AND o.status <> 'won' ORDER BY q.path""",
    ),
    by_query(
        "accepted-twice", Severity.WARNING,
        "Two accepted quotations of one deal: only one of them was ordered.",
        ("status",), "{id} is not the only accepted quotation of {opportunity}",
        """SELECT path, id, opportunity FROM _quotations WHERE status = 'accepted' AND opportunity IN (
            SELECT opportunity FROM _quotations WHERE status = 'accepted' GROUP BY opportunity
            HAVING count(*) > 1) ORDER BY path""",
    ),
    Rule("alternative", Severity.WARNING, alternative),
    by_query(
        "primary-contact", Severity.WARNING, "A deal has one primary contact, and each contact once.",
        ("contacts",), "contacts: {fault}",
        """SELECT path, sum("primary") || ' of them are primary' AS fault FROM stakeholders
        GROUP BY path HAVING sum("primary") > 1
        UNION ALL SELECT path, contact || ' is named twice' FROM stakeholders
        GROUP BY path, contact HAVING count(*) > 1""",
    ),
    by_query(
        "invoice-number-twice", Severity.ERROR, "Invoices with the number of another one.",
        ("number",), "{number} is also the number of {others}",
        """SELECT i.path, i.number, group_concat(o.id, ', ') AS others FROM _invoices i JOIN _invoices o
        ON o.number = i.number AND o.path <> i.path GROUP BY i.path ORDER BY i.path""",
    ),
    Rule("invoice-origin", Severity.WARNING, invoice_origin),
    Rule("overdrawn-order", Severity.WARNING, overdrawn_order),
    Rule("invoice-status", Severity.WARNING, settled),
    *asking_settings(
        by_query(
            "closing-day", Severity.WARNING,
            "Deals that were closed on a day that is yet to come: what is expected isn't a fact.",
            ("closed", "date"), "closed.date: {id} is {status}, and {closed_date} is yet to come",
            "SELECT path, id, status, closed_date FROM _opportunities WHERE closed_date > ? ORDER BY path",
        ),
        by_query(
            "price-list-currency", Severity.ERROR,
            "A price list in another currency than the deal: "
            "its prices would be taken for what they are not.",
            ("price_list",), "price_list: {id} is in {theirs}, and this in {ours}",
            f"""SELECT o.path, p.id, p.currency AS theirs, o.currency AS ours FROM {_ON_OFFER} o
            JOIN _price_lists p ON p.id = o.price_list WHERE p.currency <> o.currency ORDER BY o.path""",
        ),
        Rule("expired-price-list", Severity.WARNING, expired_price_list),
        Rule("invoice-gap", Severity.WARNING, number_gap),
        Rule("invoice-order", Severity.WARNING, number_order),
    ),
)  # fmt: skip
