"""Leads: a point of contact, a person or an organisation, that might become a sale."""

from enum import StrEnum
from typing import ClassVar, Self

from pydantic import Field, model_validator

from pipecli.records.activity import Activity, Attachment, NextContact
from pipecli.records.base import (
    ContactSlug,
    Custom,
    CustomerSlug,
    Day,
    Document,
    Flag,
    LanguageTag,
    LeadId,
    Line,
    OpportunityId,
    Part,
    PrincipalSlug,
    Score,
    Text,
    UserSlug,
)
from pipecli.records.kinds import LEAD
from pipecli.records.opportunity import Assigned


class LeadStatus(StrEnum):
    NEW = "new"
    OPEN = "open"
    REPLIED = "replied"
    QUALIFIED = "qualified"
    CONVERTED = "converted"
    DISQUALIFIED = "disqualified"


class Answer(StrEnum):
    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Qualification(Part):
    """The four criteria. Need, budget and timeframe decide; authority is a strong sign."""

    need: Answer = Answer.UNKNOWN
    need_note: Text | None = None
    budget: Answer = Answer.UNKNOWN
    budget_note: Text | None = None
    timeframe: Answer = Answer.UNKNOWN
    timeframe_note: Text | None = None
    authority: Answer = Answer.UNKNOWN
    authority_note: Text | None = None


class Disqualified(Part):
    date: Day
    reason: Line
    detail: Text | None = None


class Converted(Part):
    date: Day
    customer: CustomerSlug | None = None
    """Absent where another system made a contact of the lead, and no customer."""
    contact: ContactSlug | None = None
    opportunities: tuple[OpportunityId, ...] = ()
    forced: Flag | None = None
    """It was converted although criteria were missing."""


class Lead(Document):
    """One lead. It has a name, an organisation, or both."""

    noun: ClassVar[str] = "lead"

    id: LeadId
    status: LeadStatus = LeadStatus(LEAD.first_status)
    name: Line | None = None
    organization: Line | None = None
    title: Line | None = None
    """The person's job title."""
    email: Line | None = None
    phone: Line | None = None
    website: Line | None = None
    address: Text | None = None
    country: Line | None = None
    language: LanguageTag | None = None
    source: Line | None = None
    campaign: Line | None = None
    owner: UserSlug | None = None
    assigned: Assigned | None = None
    """The rule that gave it to its owner."""
    shared_with: tuple[PrincipalSlug, ...] = ()
    """Users and teams who see it among their own."""
    score: Score | None = None
    role: Line | None = None
    """Buyer, adviser, influencer: a lead need not be the one who buys."""
    qualification: Qualification = Field(default_factory=Qualification)
    interest: Text | None = None
    next_contact: NextContact | None = None
    activities: tuple[Activity, ...] = ()
    disqualified: Disqualified | None = None
    converted: Converted | None = None
    attachments: tuple[Attachment, ...] = ()
    tags: tuple[Line, ...] = ()
    notes: Text | None = None
    custom: Custom = None

    @property
    def label(self) -> str:
        return self.organization or self.name or self.id

    @property
    def is_open(self) -> bool:
        return not (self.converted or self.disqualified)

    @model_validator(mode="after")
    def _has_a_name(self) -> Self:
        if not f"{self.name or ''}{self.organization or ''}".strip():
            raise ValueError("a lead needs a name, an organization, or both")
        return self

    @model_validator(mode="after")
    def _sections_fit_status(self) -> Self:
        for status, section in (
            (LeadStatus.CONVERTED, self.converted),
            (LeadStatus.DISQUALIFIED, self.disqualified),
        ):
            if self.status is status and section is None:
                holds = "" if status is LeadStatus.CONVERTED else " and reason"
                raise ValueError(f"a {status} lead needs a `{status}` section with its date{holds}")
            if self.status is not status and section is not None:
                raise ValueError(
                    f"a lead with a `{status}` section has the status {status}, not {self.status}"
                )
        return self
