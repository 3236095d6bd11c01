"""A deal as the reports take it: its stage visits, the parts of its sellers, and its worth in one currency.

Its worth is the amount, and that weighted by its probability: an open deal counts at the exchange rates of
today, one that ended at those of its day. Lists and `sql` have the weighted amount in its own currency by
`weighted_amount` in `records/money.py`, which has the rates, too. The probability is in the rows already, the
deal's own or its stage's: `PROBABILITY` in `store/index/views_and_functions.py`.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple, Self

from pipecli.records.days import Days
from pipecli.records.money import EXACT, MissingRate, Rates, percentage, rounded, zero_of


def split_amount(
    amount: Decimal, shares: Sequence[tuple[str | None, Decimal]], currency: str
) -> Iterator[tuple[str | None, Decimal]]:
    """Each product's, or seller's, part of a deal's amount, by their shares; together the whole to the cent.

    The shares are amounts of items, or percents; of one that stands twice they are added up.
    """
    if len(shares) == 1:  # as most deals have it, of thousands
        yield shares[0][0], amount
        return
    by_key: dict[str | None, Decimal] = {}
    for key, share in shares:
        by_key[key] = by_key.get(key, Decimal(0)) + share
    whole = sum(by_key.values(), Decimal(0))
    reached = passed = Decimal(0)
    for key, share in by_key.items():
        reached += share
        until = amount
        if whole:
            until = rounded(EXACT.divide(EXACT.multiply(amount, reached), whole), currency)
        yield key, until - passed
        passed = until


StageKey = tuple[str, str]
"""A process and a stage of it."""

Key = tuple[str | None, str | None]
"""The subject of a row: the process of a stage (else None), and the stage, month, owner, …; None: of none."""


class StageVisit(NamedTuple):
    """One visit of a deal to a stage."""

    process: str
    stage: str
    entered: int | None
    """None: it was there before anybody looked."""
    left: int | None
    """None: it is there."""
    end: str
    """`on`, `back` or `elsewhere` (to a stage of another process, or one that is gone); `won`, `lost` or
    `closed`; `here` of one that is there still."""

    @property
    def seconds(self) -> int | None:
        """The length; None of a visit whose beginning nobody knows, or that has no end yet."""
        return None if self.entered is None or self.left is None else self.left - self.entered


class Deal(NamedTuple):
    """An opportunity at one moment, its money in its own currency.

    Only a loader that is asked for products, last activities or stage visits gives them.
    """

    id: str
    status: str
    process: str
    stage: str
    """Of one that ended: where it stood then; empty where nobody knows."""
    type: str
    currency: str
    amount: Decimal | None
    """Its worth; of a won deal the final value."""
    probability: Decimal | None
    """0 to 100, its own or that of its stage; None where nobody knows the stage: then it weighs nothing."""
    close: date | None
    """The expected close; of a deal that ended the day on which it did."""
    owner: str | None = None
    team: str | None = None
    source: str | None = None
    customer: str | None = None
    title: str = ""
    created: datetime = datetime.min
    """As it was written, or in the timezone of the report."""
    campaign: str | None = None
    has_lead: bool = False
    category: str | None = None
    """The certainty that its stage gives it: commit, best-case, pipeline; None where no stage has one."""
    rotting_days: int | None = None
    """After so many days without movement it is stale; None: never."""
    score: int | None = None
    """Of the lead it came from, 0 to 100."""
    reasons: tuple[str, ...] = ()
    """For which it was lost or closed."""
    lost_to: tuple[str, ...] = ()
    """The competitors it was lost to."""
    competitors: tuple[str, ...] = ()
    """All who were after it."""
    last_activity: date | None = None
    """The day of the last activity that was done, as it was written."""
    products: tuple[tuple[str | None, Decimal], ...] = ()
    """Each item's product and amount."""
    hold_until: date | None = None
    """The day until which it waits; it may be past."""
    yearly_recurring: Decimal | None = None
    """Its recurring worth a year; None where nothing recurs."""
    sellers: tuple[tuple[str, str | None, Decimal], ...] = ()
    """Each seller with their team and percent, where it is not the owner's whole."""
    seller: str = ""
    """Of the sellers the one whose part alone counts; empty: all."""
    stage_visits: Sequence[StageVisit] = ()

    def credit_split(self, by: str) -> list[tuple[str | None, Decimal]]:
        """The percents of it by owner or team; all is the owner's or their team's where nobody else sells."""
        parts: dict[str | None, Decimal] = {}
        for user, team, percent in self.sellers:
            key = team if by == "team" else user
            if self.seller in ("", user):
                parts[key] = parts.get(key, Decimal(0)) + percent
        return list(parts.items()) or [(getattr(self, by), Decimal(100))]

    def sellers_part(self, user: str) -> Self:
        """The deal as far as one seller goes."""
        return self._replace(seller=user) if self.sellers else self

    def is_on_hold(self, today: date) -> bool:
        """True of an open deal whose day to go on is yet to come."""
        return self.status == "open" and self.hold_until is not None and self.hold_until > today

    def is_overdue(self, today: date) -> bool:
        """True of an open deal whose expected close is past, and that isn't on hold."""
        is_past = self.close is not None and self.close < today
        return is_past and self.status == "open" and not self.is_on_hold(today)

    @property
    def created_on(self) -> date:
        return self.created.date()

    @property
    def ended(self) -> date | None:
        """The day on which it was won, lost or closed; None of an open one."""
        return None if self.status == "open" else self.close

    def day_of_rates(self, today: date | None) -> date:
        """The day whose exchange rates count for it: the one on which it ended, today of an open one."""
        day = self.ended or today
        assert day, f"no day for the rates of {self.id}, which is open"
        return day

    @property
    def cycle_days(self) -> int | None:
        """From its creation to its end; None of an open one, and where its end is before its creation."""
        if self.ended is None or self.ended < self.created_on:
            return None
        return (self.ended - self.created_on).days

    def is_alive(self, days: Days) -> bool:
        """True of a deal that was open on one of these days, or ended on one."""
        has_begun = days.last is None or self.created_on <= days.last
        return has_begun and (self.ended is None or days.first is None or self.ended >= days.first)

    def is_open_after(self, last: date | None) -> bool:
        """True of a deal that was open at the end of a day; None: now."""
        if last is None:
            return self.ended is None
        return self.created_on <= last and (self.ended is None or self.ended > last)


def furthest(visits: Sequence[StageVisit], places: Mapping[StageKey, int]) -> dict[str, int]:
    """By process, the place of the last stage that a deal ever reached."""
    reached: dict[str, int] = {}
    for visit in visits:
        place = places.get((visit.process, visit.stage))
        if place is not None:
            reached[visit.process] = max(place, reached.get(visit.process, 0))
    return reached


_ZERO = Decimal(0)


class Worth(NamedTuple):
    """The worth of a deal in the currency of a report."""

    amount: Decimal
    weighted: Decimal
    """The amount times the probability."""
    yearly: Decimal = Decimal(0)
    """What of it recurs in a year."""


class Valuation:
    """Puts amounts in one currency, the base where none is asked for."""

    def __init__(self, rates: Rates, currency: str | None = None) -> None:
        self.rates = rates
        self.currency = currency or rates.base
        self.zero = zero_of(self.currency)
        self._known: dict[tuple[str, date], tuple[Decimal, Decimal]] = {}

    def converted(self, amount: Decimal, currency: str, day: date, record: str) -> Decimal:
        """An amount at the rates of a day, rounded once.

        Raises MissingRate, which names the `record` whose amount it is.
        """
        return rounded(self._converted_unrounded(amount, currency, day, record), self.currency)

    def amount(self, deal: Deal, today: date | None = None) -> Decimal | None:
        """The amount of a deal, None where it has none; `today` where it may be open.

        Raises MissingRate, which names the deal.
        """
        if deal.amount is None:
            return None
        whole = self.converted(deal.amount, deal.currency, deal.day_of_rates(today), deal.id)
        return self._counted(deal, whole)

    def worth(self, deal: Deal, today: date) -> Worth | None:
        """The amount of a deal as it is and weighted, each rounded once; None without an amount.

        Raises MissingRate, which names the deal.
        """
        if deal.amount is None:
            return None
        weighted = percentage(deal.amount, deal.probability or _ZERO)
        amount, yearly, currency = deal.amount, deal.yearly_recurring or _ZERO, self.currency
        if deal.currency != currency:  # else, as in most pipelines, no day of rates is asked for
            about = deal.currency, deal.day_of_rates(today), deal.id
            amount, weighted, yearly = (
                self._converted_unrounded(one, *about) for one in (amount, weighted, yearly)
            )
        yearly = yearly and rounded(yearly, currency)  # most have none
        whole = Worth(rounded(amount, currency), rounded(weighted, currency), yearly)
        return Worth(*(self._counted(deal, figure) for figure in whole)) if deal.seller else whole

    def _counted(self, deal: Deal, whole: Decimal) -> Decimal:
        """What counts of a figure of a deal: it, or one seller's part, to the cent."""
        if not deal.seller:
            return whole
        parts = split_amount(whole, deal._replace(seller="").credit_split("owner"), self.currency)
        return dict(parts)[deal.seller]

    def _converted_unrounded(self, amount: Decimal, currency: str, day: date, record: str) -> Decimal:
        """An amount at the rates of a day, not rounded: a half that is rounded up must still be one."""
        if currency == self.currency:
            return amount
        try:
            theirs, ours = self._rates(currency, day)
        except MissingRate as missing:
            raise missing.of(record) from None
        return EXACT.divide(EXACT.multiply(amount, theirs), ours)

    def _rates(self, currency: str, day: date) -> tuple[Decimal, Decimal]:
        """The rates to the base of one unit of a currency, and of ours, on a day."""
        if (currency, day) not in self._known:
            self._known[currency, day] = self.rates.rate(currency, day), self.rates.rate(self.currency, day)
        return self._known[currency, day]
