"""Settings: `pipecli.yaml`, the marker of a pipeline and all that a team decides for itself."""

import re
from collections.abc import Iterator
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from pipecli.records import kinds
from pipecli.records.base import (
    Amount,
    Count,
    CurrencyCode,
    Custom,
    Day,
    Days,
    Flag,
    LanguageTag,
    Line,
    Part,
    PathInside,
    Percent,
    PriceListSlug,
    PrincipalSlug,
    Quantity,
    Record,
    Slug,
    TeamSlug,
    Text,
    UserSlug,
)
from pipecli.records.money import Rates
from pipecli.records.references import looping

_TIME_OF_DAY = "([01][0-9]|2[0-3]):[0-5][0-9]|24:00"


def _time_of_day(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(_TIME_OF_DAY, value):
        raise ValueError("must be a time of day, such as 09:00")
    return value


def _domain(name: str) -> str:
    if not re.fullmatch(r"@?([^\W_]([\w-]{0,61}[^\W_])?\.)+[^\W\d_][\w-]*", name):
        raise ValueError(f"{name} isn't a domain; write it as contoso.example")
    return name


Domain = Annotated[Line, AfterValidator(_domain)]
TimeOfDay = Annotated[
    str, BeforeValidator(_time_of_day), WithJsonSchema({"type": "string", "pattern": f"^({_TIME_OF_DAY})$"})
]
"""An hour of the clock, as 09:00; text, so that two of them compare."""


class Company(Part):
    """The company that quotes: the letterhead."""

    name: Line
    address: Text | None = None
    email: Line | None = None
    phone: Line | None = None
    website: Line | None = None
    tax_id: Line | None = None
    logo: PathInside | None = None
    domains: tuple[Domain, ...] = ()
    """Mail from these and those below them is ours. Absent: those of its e-mail, website and users."""


class Away(Part):
    """Days off, the first and the last of them included."""

    identified_by: ClassVar[tuple[str, ...]] = kinds.AWAY

    from_: Annotated[Day, Field(alias="from")]
    to: Day

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.to < self.from_:
            raise ValueError(f"away from {self.from_} to {self.to}: to must be later")
        return self


class User(Part):
    name: Line
    email: Line | None = None
    """The main address: by it the git identity is recognised, and to it reminders go."""
    emails: tuple[Line, ...] = ()
    """More addresses of theirs, by which they are recognised, too."""
    team: TeamSlug | None = None
    language: LanguageTag | None = None
    """The language of the mails and pages that they get; without it that of the settings."""
    active: Flag = True
    away: tuple[Away, ...] = ()
    """The rules give them nothing in these days."""
    external_id: Text | None = None
    """Its name in the system it was imported from."""


class Team(Part):
    name: Line | None = None
    manager: UserSlug | None = None
    """The user who answers for it; teams roll up along managers."""
    parent: TeamSlug | None = None
    """The team it belongs to, to whose manager its own reports."""


class Stage(Part):
    identified_by: ClassVar[tuple[str, ...]] = kinds.STAGE

    id: Slug
    name: Line | None = None
    probability: Percent
    """Percent of deals at this stage that are expected to be won."""
    steps: tuple[Line, ...] = ()
    """A checklist: `advance` asks for every step to be done."""
    requires: tuple[Line, ...] = ()
    """What a deal must have to enter this stage: expected_close, items, key_info.budget, "key_info >= 4"."""
    rotting_days: Days | None = None
    """Days without movement after which a deal here is stale."""
    category: Literal["commit", "best-case", "pipeline"] | None = None
    """How surely deals here are expected, for the forecast of managers; `pipeline` where other stages say."""

    @property
    def label(self) -> str:
        return self.name or self.id


class Process(Part):
    name: Line | None = None
    when: Line | None = None
    """An SQL condition on a new opportunity; the first process whose condition holds is taken."""
    stages: Annotated[tuple[Stage, ...], Field(min_length=1)]

    def position(self, stage: str) -> int | None:
        """The place of a stage in the process, from 0; None if it has no such stage."""
        return next((place for place, known in enumerate(self.stages) if known.id == stage), None)

    @model_validator(mode="after")
    def _stages_are_distinct(self) -> Self:
        ids = [stage.id for stage in self.stages]
        if len(set(ids)) != len(ids):
            raise ValueError("two stages of a process have the same id")
        return self


class FollowUp(Part):
    default_days: Days | None = None
    """Days after which a new opportunity's next contact is due, where none is given."""


class Weekday(StrEnum):
    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


class BusinessHours(Part):
    """When customers are answered, in the settings' timezone: what `--business-hours` counts."""

    days: tuple[Weekday, ...]
    from_: Annotated[TimeOfDay, Field(alias="from")]
    to: TimeOfDay
    """Later than `from`; 24:00 is the end of the day."""
    holidays: tuple[Day, ...] = ()

    @model_validator(mode="after")
    def _are_some_hours(self) -> Self:
        if not self.days:
            raise ValueError("business hours need at least one of days: mon, tue, wed, thu, fri, sat, sun")
        if self.to <= self.from_:
            raise ValueError(f"business hours open at {self.from_} and close at {self.to}; to must be later")
        return self


class AutoClose(Part):
    after_days: Annotated[int, Field(strict=True, ge=1, le=36_500)] = 30
    """Days without an answer to our last word."""
    reason: Line = "no-response"


class AssignmentMethod(StrEnum):
    ROUND_ROBIN = "round-robin"
    LEAST_LOADED = "least-loaded"


class AssignmentRule(Part):
    identified_by: ClassVar[tuple[str, ...]] = kinds.ASSIGNMENT_RULE

    name: Line
    for_: Annotated[Literal["lead", "opportunity"], Field(alias="for")] = "opportunity"
    when: Line | None = None
    """An SQL condition on the record; absent: always."""
    users: tuple[UserSlug, ...] = ()
    team: TeamSlug | None = None
    """All who are in it or in a team below it, beside `users`."""
    method: AssignmentMethod = AssignmentMethod.ROUND_ROBIN
    priority: Annotated[int, Field(strict=True)] = 0
    """The highest is asked first."""

    @model_validator(mode="after")
    def _names_somebody(self) -> Self:
        if not self.users and self.team is None:
            raise ValueError(f"the rule {self.name} names nobody: give it users, a team, or both")
        return self


class Ranking(Part):
    points_per_win: Annotated[Decimal, Field(ge=0)] | Count = 0
    points_per_amount: Annotated[Decimal, Field(ge=0)] | Count = 0
    """Points for each unit of the base currency won."""


class QuotationSettings(Part):
    valid_days: Days = 30
    terms: Text | None = None
    template: Line | None = None
    """A template in `templates/`; absent: the one that comes with pipecli."""
    max_discount: Percent | None = None
    """A line discount above this is a finding of `check`."""
    max_difference: Percent = Decimal(10)
    """Percent between a final value and its quotation; more is a finding of `check --base`."""


class AttachmentSettings(Part):
    largest: Annotated[Count, Field(le=64 << 20)] = 10_000_000
    """Bytes of one file."""


_NUMBER = r"^[^\s{}]*(\{year\}[^\s{}]*)?\{n(:[1-9])?\}[^\s{}]*$"


class InvoiceSettings(Part):
    number: Annotated[Line, StringConstraints(pattern=_NUMBER)] = "{year}-{n:4}"
    """The form of numbers: {year} where each year begins anew, {n} or {n:4}, filled up to four digits."""
    due_days: Days = 30
    terms: Text | None = None

    def numbered(self, year: int, n: int) -> str:
        """The number of the nth invoice, of a year."""
        width = re.search(r"\{n:(\d)\}", self.number)
        text = re.sub(r"\{n(:\d)?\}", f"{n:0{int(width[1]) if width else 1}}", self.number)
        return str(text).replace("{year}", str(year))


def _zone(name: str) -> str:
    try:
        # What one machine calls so is another zone on the next.
        if ZoneInfo(name).key.startswith(("localtime", "posix", "right/")):
            raise KeyError(name)
    except (ValueError, OSError, KeyError):
        raise ValueError(f'"{name}" isn\'t a timezone; write one like Europe/Madrid or UTC') from None
    return name


EVENTS = ("stage-changed", "won", "lost", "assigned", "closed", "reopened")
"""The events that `notifications` may name; `closed` is a deal that closed by itself."""


class Settings(Record):
    """`pipecli.yaml`. Each key is explained by a comment in the file that `init` writes."""

    noun: ClassVar[str] = "settings"

    id: ClassVar[str] = "settings"
    company: Company
    currency: CurrencyCode = "EUR"
    timezone: Annotated[Line, AfterValidator(_zone)] = "UTC"
    language: LanguageTag | None = None
    """The language of mails and pages, as es: English, Spanish and Persian are there."""
    price_list: PriceListSlug | None = None
    """The price list of an opportunity that names none."""
    exchange_rates: dict[CurrencyCode, dict[Day, Quantity]] = {}
    users: dict[Slug, User] = {}
    teams: dict[Slug, Team] = {}
    processes: Annotated[dict[Slug, Process], Field(min_length=1)]
    opportunity_types: tuple[Slug, ...] = ("sales", "support", "maintenance")
    sources: tuple[Line, ...] = ()
    """Known sources; when given, others are refused."""
    lost_reasons: tuple[Line, ...] = ()
    disqualify_reasons: tuple[Line, ...] = ()
    follow_up: FollowUp = Field(default_factory=FollowUp)
    auto_close: AutoClose = Field(default_factory=AutoClose)
    business_hours: BusinessHours | None = None
    assignment_rules: tuple[AssignmentRule, ...] = ()
    ranking: Ranking = Field(default_factory=Ranking)
    targets: dict[Line, dict[PrincipalSlug, Amount]] = {}
    """Per period (2026-Q4), what a user or team is to win, in the base currency."""
    quotations: QuotationSettings = Field(default_factory=QuotationSettings)
    invoices: InvoiceSettings = Field(default_factory=InvoiceSettings)
    attachments: AttachmentSettings = Field(default_factory=AttachmentSettings)
    notifications: dict[Slug, tuple[Line, ...]] = {}
    """Per event, the names of the channels that are told; addresses are never kept here."""
    custom: Custom = None

    @property
    def rates(self) -> Rates:
        return Rates(self.currency, self.exchange_rates)

    @property
    def closes_for_unlisted_reason(self) -> bool:
        """True where deals that close by themselves would get a reason that the list of them hasn't."""
        return bool(self.lost_reasons) and self.auto_close.reason not in self.lost_reasons

    @property
    def looping_teams(self) -> dict[str, str]:
        """The teams that belong to themselves, each with the team above it."""
        above = {slug: team.parent for slug, team in self.teams.items() if team.parent}
        return {slug: above[slug] for slug in looping(above)}

    def stage(self, process: str, stage: str) -> Stage | None:
        """One stage of one process; None if either is unknown."""
        known = self.processes.get(process)
        place = known.position(stage) if known else None
        return known.stages[place] if known and place is not None else None

    def names(self) -> Iterator[tuple[str, str]]:
        """The nouns and keys by which records refer to what stands here; a stage is `process/stage`."""
        yield from (("user", slug) for slug in self.users)
        yield from (("team", slug) for slug in self.teams)
        for slug, process in self.processes.items():
            yield "process", slug
            yield from (("stage", f"{slug}/{stage.id}") for stage in process.stages)

    def conditions(self) -> Iterator[tuple[str, str, str]]:
        """Where each SQL condition stands, the kind of record it is about, and the condition."""
        for slug, process in self.processes.items():
            if process.when:
                yield f"processes.{slug}.when", "opportunity", process.when
        for number, rule in enumerate(self.assignment_rules, 1):
            if rule.when:
                yield f"assignment_rules.{number}.when", rule.for_, rule.when

    def members(self, team: str) -> list[str]:
        return [slug for slug, user in self.users.items() if user.team == team]
