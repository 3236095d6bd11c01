"""Opportunities: a potential sale, from its first stage to won, lost or closed."""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from pipecli.errors import FaultAt
from pipecli.records import kinds
from pipecli.records.activity import Activity, Attachment, NextContact
from pipecli.records.base import (
    Amount,
    CompetitorName,
    ContactSlug,
    CurrencyCode,
    Custom,
    CustomerSlug,
    Day,
    Document,
    Flag,
    LeadId,
    Line,
    OpportunityId,
    OrderId,
    Part,
    Percent,
    PriceListSlug,
    PrincipalSlug,
    ProcessSlug,
    QuotationId,
    Score,
    Slug,
    StageSlug,
    Text,
    UserSlug,
)
from pipecli.records.items_and_totals import Item, require_fitting_discount, require_payable, totals
from pipecli.records.kinds import OPPORTUNITY, closed_in_lists
from pipecli.records.money import rounded


class Assigned(Part):
    """That an assignment rule gave the record to a user; it stays when the record goes to another by hand."""

    rule: Line
    turn: Annotated[int, Field(strict=True, ge=1)] | None = None
    """The number of the turn in a round robin: whose last turn is the longest ago is next."""


class KeyInformation(Part):
    """Six answers; the seventh, who else is after the deal, is the record's `competitors`."""

    need: Text | None = None
    pain_points: Text | None = None
    decision_maker: Text | None = None
    budget: Text | None = None
    current_situation: Text | None = None
    proposed_solution: Text | None = None


class OpportunityStatus(StrEnum):
    OPEN = "open"
    WON = "won"
    LOST = "lost"
    CLOSED = "closed"
    """Closed by itself, with no answer for a number of days."""


class Stakeholder(Part):
    """A contact on the deal, with the part they play in it."""

    identified_by: ClassVar[tuple[str, ...]] = kinds.STAKEHOLDER

    contact: ContactSlug
    role: Line | None = None
    """decision-maker, influencer, user, …"""
    primary: Flag | None = None


class Seller(Part):
    """A user with a part in a deal: so much of it counts as theirs."""

    identified_by: ClassVar[tuple[str, ...]] = kinds.SELLER

    user: UserSlug
    percent: Annotated[Percent, Field(gt=0)]


class Hold(Part):
    """A deal that waits: until its day nobody is reminded of it, and it neither goes stale nor counts."""

    until: Day
    reason: Line | None = None


FinalAmount = Annotated[
    Annotated[Amount, Tag("amount")] | Annotated[Literal["unknown"], Tag("word")],
    Discriminator(lambda value: "word" if value == "unknown" else "amount"),
]


class Closed(Part):
    """The end of a deal: `amount` and `quotation` when won; `reasons` and `competitors` when lost.

    Files of before 1.0 say `reason` and `competitor`, of which there was one each; they are read as lists.
    """

    date: Day
    amount: FinalAmount | None = None
    """`unknown` of a deal that was won for nobody knows how much, as another system had it."""
    stage: Literal["unknown"] | None = None
    """`unknown` of a deal that ended nobody knows where: then its `stage` is a stand-in."""
    quotation: QuotationId | None = None
    reasons: tuple[Line, ...] = ()
    competitors: tuple[CompetitorName, ...] = ()
    detail: Text | None = None

    @model_validator(mode="before")
    @classmethod
    def _read_single(cls, plain: object) -> object:
        return closed_in_lists(plain) if isinstance(plain, Mapping) else plain

    @property
    def value(self) -> Decimal | None:
        """The final value; None where there is none, and where it is unknown."""
        return self.amount if isinstance(self.amount, Decimal) else None

    @property
    def reason(self) -> str | None:
        """The first reason, which a line has room for."""
        return self.reasons[0] if self.reasons else None

    @property
    def competitor(self) -> str | None:
        """The first competitor it was lost to."""
        return self.competitors[0] if self.competitors else None


class Opportunity(Document):
    """One deal, on a lead, a customer, or both."""

    noun: ClassVar[str] = "opportunity"

    id: OpportunityId
    title: Line
    type: Slug = "sales"
    lead: LeadId | None = None
    customer: CustomerSlug | None = None
    process: ProcessSlug
    stage: StageSlug
    status: OpportunityStatus = OpportunityStatus(OPPORTUNITY.first_status)
    owner: UserSlug | None = None
    assigned: Assigned | None = None
    """The rule that gave it to its owner."""
    sellers: tuple[Seller, ...] = ()
    """Who else sells it, each with a part, the owner's among them; absent: it is the owner's whole."""
    shared_with: tuple[PrincipalSlug, ...] = ()
    """Users and teams who see it among their own."""
    source: Line | None = None
    campaign: Line | None = None
    score: Score | None = None
    """The lead's score, kept in sight."""
    currency: CurrencyCode
    renews: OrderId | None = None
    """The order whose term it goes on from."""
    price_list: PriceListSlug | None = None
    tax_included: Flag | None = None
    """True: the prices of its items are with their tax. Copied from the price list; its amount is without."""
    amount: Amount | None = None
    """Set by hand; absent: the sum of the items."""
    probability: Percent | None = None
    """Set by hand, in percent; absent: the stage's."""
    expected_close: Day | None = None
    items: tuple[Item, ...] = ()
    discount: Percent | None = None
    """Percent off its goods and services together, after the discounts of the lines."""
    discount_amount: Amount | None = None
    """Money off them, instead of percent."""
    contacts: tuple[Stakeholder, ...] = ()
    competitors: tuple[CompetitorName, ...] = ()
    key_info: KeyInformation | None = None
    next_contact: NextContact | None = None
    hold: Hold | None = None
    steps_done: tuple[Line, ...] = ()
    activities: tuple[Activity, ...] = ()
    closed: Closed | None = None
    attachments: tuple[Attachment, ...] = ()
    tags: tuple[Line, ...] = ()
    notes: Text | None = None
    custom: Custom = None

    @property
    def value(self) -> Decimal | None:
        """Its worth in its currency: the amount set by hand, else the items' total, else unknown."""
        return self.items_amount if self.amount is None else rounded(self.amount, self.currency)

    @property
    def items_amount(self) -> Decimal | None:
        """The sum of its items; None without any."""
        return totals(self).net if self.items else None

    @property
    def amount_in_lists(self) -> Decimal | None:
        """The `amount` of every list, report, query and condition: a won deal's final value, else `value`."""
        if self.status is not OpportunityStatus.WON or self.closed is None:
            return self.value
        final = self.closed.value
        return None if final is None else rounded(final, self.currency)

    @property
    def is_open(self) -> bool:
        return self.status is OpportunityStatus.OPEN

    @model_validator(mode="after")
    def _amounts_can_be_paid(self) -> Self:
        if self.amount is not None:
            require_payable(self.amount, self.currency, "amount")
        if self.closed and (final := self.closed.value) is not None:
            require_payable(final, self.currency, "closed", "amount")
        return self

    @model_validator(mode="after")
    def _sellers_have_the_whole(self) -> Self:
        if not self.sellers:
            return self
        users = [seller.user for seller in self.sellers]
        if sum(seller.percent for seller in self.sellers) != 100:
            raise FaultAt("the sellers' percents must add up to 100", "sellers")
        if len(set(users)) != len(users):
            raise FaultAt("each seller may be listed once", "sellers")
        return self

    _discount_fits = model_validator(mode="after")(require_fitting_discount)

    @model_validator(mode="after")
    def _closing_fits_status(self) -> Self:
        if self.is_open:
            if self.closed:
                raise FaultAt(
                    "an open opportunity has no `closed` section; reopen it, or give its status", "status"
                )
        elif not self.closed:
            raise FaultAt(f"a {self.status} opportunity needs a `closed` section with its date", "status")
        elif self.status is OpportunityStatus.WON and self.closed.amount is None:
            raise FaultAt(
                "a won opportunity needs its final value in closed.amount, or there: unknown", "closed"
            )
        elif self.status is OpportunityStatus.LOST and not self.closed.reasons:
            raise FaultAt("a lost opportunity needs its reason in closed.reasons", "closed")
        return self
