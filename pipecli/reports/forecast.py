"""The forecast: the worth of the open deals by their expected close, and of those that were won beside it.

A deal's amount, and that weighted by its probability, is `Valuation.worth` in
`deal.py`; here they are added up. Two forecasts can stand side by side: each row as it
was and as it is, with the difference.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple, Self

from pipecli.records.days import PERIODS, Days, months_around
from pipecli.records.money import Rates
from pipecli.reports import group_of
from pipecli.reports.deal import Deal, Key, Valuation, Worth, split_amount

_ZERO = Decimal(0)
GROUPINGS = ("month", "quarter", "stage", "owner", "team", "type", "source", "customer", "product")
CATEGORIES = ("commit", "best-case", "pipeline")
"""The degrees of certainty of a deal, the surest first."""

OVERDUE = "overdue"
WITHOUT_DATE = "without-date"


class Window(NamedTuple):
    """The days of closing that count, both included; None: no bound."""

    first: date | None
    last: date | None
    is_asked: bool = False
    """True where somebody asked for `first`. If not it bounds only what was won, and overdue deals count."""

    def counts_won(self, day: date) -> bool:
        """True where what was won on this day counts."""
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)

    def counts_open(self, day: date | None) -> bool:
        """True where an open deal counts that is expected to close on this day; None: nobody knows when."""
        if day is None:
            return not self.is_asked and self.last is None
        return self.counts_won(day) if self.is_asked else self.last is None or day <= self.last


def window_of(by: str, asked: Days, today: date) -> Window:
    """The days of `--from` and `--to`; those from this month on, or this quarter, where none are named."""
    first, last = asked
    if first:
        return Window(first, last, is_asked=True)
    first, _ = months_around(today, 3 if by == "quarter" else 1)
    return Window(first if last is None or first <= last else None, last)


class ForecastRow(NamedTuple):
    """The deals of one key: a month as 2026-11, a quarter as 2026-Q4, a stage, an owner; None: of none."""

    key: str | None
    process: str | None
    """The process of a stage; None in every other grouping."""
    open_count: int = 0
    amount: Decimal = _ZERO
    weighted: Decimal = _ZERO
    won_count: int = 0
    won_amount: Decimal = _ZERO
    won_without_amount_count: int = 0
    """Won for nobody knows how much: in no amount."""
    overdue_count: int = 0
    without_date_count: int = 0
    without_amount_count: int = 0
    categories: dict[str | None, Decimal] = {}
    """The amounts of the open deals by CATEGORIES; empty where no stage of the settings names one."""
    won_by: dict[str | None, Decimal] = {}
    """What each owner won."""
    yearly_recurring: Decimal = _ZERO
    """The recurring worth of the open deals a year."""


class Lacking(NamedTuple):
    """Open deals that lack something, whether the window holds them or not."""

    open_count: int
    amount: Decimal
    weighted: Decimal

    @classmethod
    def of(cls, values: Sequence[Worth | None], zero: Decimal) -> Self:
        """The sum of deals of these values; None counts as a deal without an amount."""
        worths = [worth for worth in values if worth]
        amounts, weighted = (worth.amount for worth in worths), (worth.weighted for worth in worths)
        return cls(len(values), sum(amounts, zero), sum(weighted, zero))


class Forecast(NamedTuple):
    by: str
    currency: str
    today: date
    window: Window
    rows: list[ForecastRow]
    totals: ForecastRow
    """The sum of the rows to the cent. By product a deal counts at each of its products, here once."""
    overdue: Lacking
    """Expected to close before today."""
    without_date: Lacking
    without_amount: int
    on_hold: Lacking
    """They wait for a day to come; in no other figure."""


def forecast(
    deals: Iterable[Deal],
    *,
    by: str,
    rates: Rates,
    today: date,
    window: Window,
    currency: str | None = None,
    order: Sequence[Key] = (),
    later_key: Callable[[Key], Key] | None = None,
) -> Forecast:
    """Group the open and won deals among `deals` by one of GROUPINGS.

    A deal with several sellers counts at each of them, and their teams, with their part. By month and quarter
    the open ones that are overdue or without a date have rows of their own. Money is in
    `currency` (default: the base): open deals at the rate of `today`, won ones at that of their day.
    Deals on hold are in none of the rows. `order` gives the keys that have a place of their own; the others
    follow, the heaviest first. `later_key` gives the key of today for one of deals of an earlier day.
    Raises MissingRate.
    """
    valuation = Valuation(rates, currency)
    sums = _Sums(by, valuation)
    for deal in deals:
        if deal.status == "won":
            if deal.close is not None and window.counts_won(deal.close):
                sums.count(deal, valuation.worth(deal, today), is_overdue=False)
        elif deal.status == "open":
            value = valuation.worth(deal, today)
            if deal.is_on_hold(today):
                sums.on_hold.append(value)
                continue
            is_overdue = deal.is_overdue(today)
            sums.set_apart(deal, value, is_overdue=is_overdue)
            if window.counts_open(deal.close):
                sums.count(deal, value, is_overdue=is_overdue)
    places = {key: place for place, key in enumerate(order)}
    if later_key:
        earlier, sums.by_key = sums.by_key, defaultdict(list)
        for key, entries in earlier.items():
            sums.by_key[later_key(key)] += entries
    rows = [sums.row(key, entries) for key, entries in sums.by_key.items()]
    rows.sort(key=lambda row: chronological(row.key) if by in PERIODS else _heaviest(row, places))
    return Forecast(
        by, valuation.currency, today, window, rows, sums.row((None, None), sums.all),
        Lacking.of(sums.overdue, sums.zero), Lacking.of(sums.without_date, sums.zero), sums.without_amount,
        Lacking.of(sums.on_hold, sums.zero),
    )  # fmt: skip


_Entry = tuple[Deal, Worth | None, bool]
"""A deal, or a part of it that counts at a key, its value there, and whether it is overdue."""


class _Sums:
    """The deals of one forecast while they are counted."""

    def __init__(self, by: str, valuation: Valuation) -> None:
        self.by = by
        self.currency, self.zero = valuation.currency, valuation.zero
        self.by_key = defaultdict[Key, list[_Entry]](list)
        self.all: list[_Entry] = []
        self.overdue, self.without_date, self.on_hold = (list[Worth | None]() for _ in range(3))
        self.without_amount = 0

    def count(self, deal: Deal, value: Worth | None, *, is_overdue: bool) -> None:
        """Count a deal in its row and in the totals."""
        self.all.append((deal, value, is_overdue))
        if self.by == "product" and len(deal.products) > 1:
            for product, part in _parts(deal.products, value, self.currency):
                self.by_key[None, product].append((deal, part, is_overdue))
        elif self.by in ("owner", "team") and deal.sellers:
            for key, part in _parts(deal.credit_split(self.by), value, self.currency):
                place = 1 if self.by == "team" else 0  # the team's, or the user's
                theirs = tuple(seller for seller in deal.sellers if seller[place] == key)
                of_theirs = deal._replace(owner=key, sellers=theirs)
                self.by_key[None, key].append((of_theirs, part, is_overdue))
        else:
            self.by_key[_key(deal, self.by, is_overdue=is_overdue)].append((deal, value, is_overdue))

    def set_apart(self, deal: Deal, value: Worth | None, *, is_overdue: bool) -> None:
        """Note what an open deal lacks."""
        if value is None:
            self.without_amount += 1
        if deal.close is None:
            self.without_date.append(value)
        elif is_overdue:
            self.overdue.append(value)

    def row(self, key: Key, entries: Sequence[_Entry]) -> ForecastRow:
        """The sums of the deals of a key."""
        open_count = won_count = won_without_amount = overdue = without_date = without_amount = 0
        amount = weighted = won_amount = yearly = self.zero
        categories: dict[str | None, Decimal] = {}
        won_by: dict[str | None, Decimal] = {}
        for deal, value, is_overdue in entries:
            if deal.status == "won":
                won_count += 1
                won_without_amount += value is None
                won = value.amount if value else _ZERO
                won_amount += won
                for owner, part in split_amount(won, deal.credit_split("owner"), self.currency):
                    won_by[owner] = won_by.get(owner, _ZERO) + part
                continue
            open_count += 1
            without_date += deal.close is None
            overdue += is_overdue
            if value is None:
                without_amount += 1
                continue
            own_amount, own_weighted, own_yearly = value
            amount += own_amount
            weighted += own_weighted
            if own_yearly:  # of most deals there is none, nor a category, and a sum a deal takes its time
                yearly += own_yearly
            if deal.category:
                categories[deal.category] = categories.get(deal.category, _ZERO) + own_amount
        process, subject = key
        return ForecastRow(
            subject, process, open_count, amount, weighted, won_count, won_amount, won_without_amount,
            overdue, without_date, without_amount, categories, won_by, yearly,
        )  # fmt: skip


def _parts(
    shares: Sequence[tuple[str | None, Decimal]], value: Worth | None, currency: str
) -> Iterator[tuple[str | None, Worth | None]]:
    """Each product's, or seller's, part of a deal's worth, as `split_amount` has it."""
    if value is None:
        yield from ((key, None) for key in dict(shares))
        return
    parts = (split_amount(figure, shares, currency) for figure in value)
    for (key, amount), (_, weight), (_, yearly) in zip(*parts, strict=True):
        yield key, Worth(amount, weight, yearly)


def _key(deal: Deal, by: str, *, is_overdue: bool) -> Key:
    if by == "stage":
        return deal.process, deal.stage or None
    if by == "product":
        return None, deal.products[0][0] if deal.products else None
    if by in PERIODS:
        return None, OVERDUE if is_overdue else group_of(deal, by, deal.close) or WITHOUT_DATE
    return None, group_of(deal, by, deal.close)


def chronological(key: str | None) -> tuple[bool, bool, str]:
    """The place of a month or quarter: what is overdue before all, what has no date after all."""
    return key == WITHOUT_DATE, key != OVERDUE, key or ""


def _heaviest(row: ForecastRow, places: dict[Key, int]) -> tuple[object, ...]:
    place = places.get((row.process, row.key), len(places))
    return row.key is None, place, -row.weighted, -row.won_amount, str(row.key)


FIGURES = ("open_count", "amount", "weighted", "won_count", "won_amount")


class Compared(NamedTuple):
    """One row of both; None where a forecast has no such row."""

    then: ForecastRow | None
    now: ForecastRow | None

    @property
    def row(self) -> ForecastRow:
        """The row as it is, or was where it is gone: for its key."""
        row = self.now or self.then
        assert row
        return row

    def figure(self, name: str, *, then: bool = False) -> Decimal | int:
        """One of FIGURES; 0 of a row that is not there."""
        row = self.then if then else self.now
        value: Decimal | int = getattr(row, name) if row else getattr(self.row, name) * 0
        return value

    def change(self, name: str) -> Decimal | int:
        """The growth of one of FIGURES."""
        return self.figure(name) - self.figure(name, then=True)


def compare_forecasts(then: Forecast, now: Forecast) -> list[Compared]:
    """The rows of both, in the order of the present one; rows that are gone follow, or keep their date."""
    old = {(row.process, row.key): row for row in then.rows}
    new = {(row.process, row.key): row for row in now.rows}
    rows = [Compared(old.get(key), new.get(key)) for key in dict.fromkeys([*new, *old])]
    if now.by in PERIODS:
        rows.sort(key=lambda compared: chronological(compared.row.key))
    return rows
