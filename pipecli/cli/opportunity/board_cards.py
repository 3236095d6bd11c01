"""The board as the index has it: a process, its lanes and their sums, their cards and what is said on them.

No textual, which is an extra.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from pipecli.cli.common.names_and_questions import key_of
from pipecli.cli.common.output import wrapped
from pipecli.cli.common.session import Session, owner_filter, say
from pipecli.cli.common.table import amount_text, cut, display_width, fitting
from pipecli.harmless_text import terminal_line
from pipecli.history.stage_visits import last_stage_changes
from pipecli.records.compare_names import folded
from pipecli.records.days import Days
from pipecli.records.kinds import OPPORTUNITY
from pipecli.records.money import minor_digits
from pipecli.reports.deal import Deal, Valuation
from pipecli.reports.lost_stale_and_receivables import is_stale, last_movement
from pipecli.store.index.owner_filter_and_list_sql import OwnerFilter
from pipecli.store.index.rows_for_reports import closed_deals, open_deals
from pipecli.store.index.rows_for_verbs import labels, rows_where
from pipecli.store.pipeline import Pipeline
from pipecli.wording import count


class Card(NamedTuple):
    """One deal on the board, its money in its own currency."""

    id: str
    title: str
    customer: str | None
    owner: str | None
    amount: Decimal | None
    currency: str
    close: date | None
    """The expected close; of a closed deal the day it was closed."""
    age_days: int
    """Since it was made."""
    idle_days: int
    """Since its last movement; 0 of a closed one."""
    is_stale: bool
    is_overdue: bool
    valued_on: date
    """The day whose exchange rate counts."""
    hold_until: date | None = None
    """While it waits: then it stands after the others of its lane."""


class LaneKey(NamedTuple):
    """A column of the board: a stage of open deals, or what was won, lost or closed."""

    status: str
    stage: str
    """Empty of what is not open."""

    @property
    def id(self) -> str:
        """Like no other of the board: a stage may be called `won`."""
        return f"{self.status}-{self.stage}"


class Lane(NamedTuple):
    """A column with its cards."""

    place: LaneKey
    name: str
    amount: Decimal
    """The sum of its cards in the currency of the report."""
    cards: list[Card]


def card_of(deal: Deal, today: date, customers: Mapping[str, str], idle_days: int = 0) -> Card:
    """A deal as a card; `customers` gives their names by slug."""
    at = deal.day_of_rates(today)
    return Card(
        deal.id, deal.title, customers.get(deal.customer or "", deal.customer), deal.owner, deal.amount,
        deal.currency, deal.close, max((at - deal.created_on).days, 0), idle_days,
        is_stale(deal, idle_days, today), deal.is_overdue(today), at,
        deal.hold_until if deal.is_on_hold(today) else None,
    )  # fmt: skip


def lanes(
    cards: Iterable[tuple[LaneKey, Card]], places: Mapping[LaneKey, str], valuation: Valuation
) -> list[Lane]:
    """The lanes in the order of `places`, which gives their names.

    In a lane the next to close comes first, and what is on hold last, which isn't in the lane's sum. Stages
    that the process doesn't have follow its own.
    Raises PipecliError without a rate for a card's currency.
    """
    by_place: dict[LaneKey, list[Card]] = {place: [] for place in places}
    for place, card in cards:
        by_place.setdefault(place, []).append(card)
    return [
        Lane(
            place,
            places.get(place, place.stage),
            sum((_amount(card, valuation) for card in lane if card.hold_until is None), valuation.zero),
            sorted(
                lane,
                key=lambda card: (bool(card.hold_until), not card.close, card.close or date.max, card.id),
            ),
        )
        for place, lane in by_place.items()
    ]


def _amount(card: Card, valuation: Valuation) -> Decimal:
    if card.amount is None:
        return valuation.zero
    return valuation.converted(card.amount, card.currency, card.valued_on, card.id)


_CLOSED = {LaneKey("won", ""): "Won", LaneKey("lost", ""): "Lost", LaneKey("closed", ""): "Closed"}


class Board(NamedTuple):
    process: str
    name: str
    currency: str
    lanes: list[Lane]
    others: dict[str, int]
    """Open deals at other processes, by process."""

    def stages(self) -> list[LaneKey]:
        """Where deals can be moved."""
        return [lane.place for lane in self.lanes if lane.place.status == "open"]


def offers(run: Session, key: str) -> dict[str, str]:
    """The quotations that a deal can be won with, each by its id with what it comes to."""
    columns = ("status", "id", "exact_amount", "currency")
    condition = "opportunity = ? AND status IN ('accepted', 'sent')"
    rows = rows_where(run.connection, columns, "quotations", condition, key, order="status, created DESC")
    return {
        id_: f"{id_}  {amount_text(amount, currency)}"
        for status, id_, amount, currency in rows
        if status == rows[0][0]  # none that is sent where one is accepted
    }


def read_board(
    run: Session,
    pipeline: Pipeline,
    process: str = "",
    *,
    owners: OwnerFilter | None = None,
    has_closed: bool = False,
    wanted: str = "",
) -> Board:
    """The board of a process; where none is named, of the one with the most open deals of those asked for.

    The closed deals are read only where they are asked for. Raises PipecliError.
    """
    pipeline.require_readable(OPPORTUNITY)
    processes = pipeline.settings_as_written["processes"]
    owners = owner_filter(run) if owners is None else owners
    deals = open_deals(pipeline.connection, owners, Days(), with_activities=True)
    counts = Counter(deal.process for deal in deals)
    chosen = key_of(run, "process", process) if process else max(processes, key=counts.__getitem__)
    known = processes[chosen]
    places = {LaneKey("open", stage["id"]): stage.get("name", stage["id"]) for stage in known["stages"]}
    names, today = labels(pipeline.connection, "customer"), pipeline.today
    deals = [deal for deal in deals if deal.process == chosen]
    moves = last_stage_changes(pipeline, deals, say)
    cards = []
    for deal in deals:
        idle = today - last_movement(deal, moves.get(deal.id), today).day
        cards.append((LaneKey("open", deal.stage), card_of(deal, today, names, idle.days)))
    if has_closed:
        places |= _CLOSED
        closed = closed_deals(pipeline.connection, owners, Days())
        in_process = [deal for deal in closed if deal.process == chosen]
        cards += [(LaneKey(deal.status, ""), card_of(deal, today, names)) for deal in in_process]
    if wanted:
        words = folded(wanted).split()
        cards = [(at, card) for at, card in cards if all(word in _text_of(card) for word in words)]
    valuation = Valuation(pipeline.rates)
    del counts[chosen]
    return Board(
        chosen, known.get("name", chosen), valuation.currency, lanes(cards, places, valuation), dict(counts)
    )


def _text_of(card: Card) -> str:
    return folded(" ".join(filter(None, (card.id, card.title, card.customer, card.owner))))


def shortened(name: str, more: str, room: int) -> str:
    """A name that gives way to what is said of it."""
    return cut(name, max(room - display_width(more), 1)) + more


def card_lines(deal: Card, currency: str, room: int) -> tuple[list[str], list[str]]:
    """The title of a card, and its other lines; ! and a word where somebody should look."""
    mark = "! " if deal.is_overdue or deal.is_stale else ""
    first, *more = wrapped(deal.title, room - len(mark))
    title = [f"{mark}{first}", *([" ".join(more)] if more else [])]
    theirs = deal.currency if deal.currency != currency else None
    amount = "no amount"
    if deal.amount is not None:
        amount = fitting(deal.amount, theirs, minor_digits(deal.currency), room)
    close = deal.close.isoformat() if deal.close else "no date"
    owner = deal.owner or "no owner"
    together = f"{close} {owner}"
    rest = [
        *([deal.customer] if deal.customer and deal.customer not in deal.title else []),
        amount,
        *([together] if display_width(together) <= room else [close, owner]),
        f"{count(deal.age_days, 'day')} old",
        *(wrapped(f"on hold until {deal.hold_until}", room) if deal.hold_until else []),
        *(["overdue"] if deal.is_overdue else []),
        *([f"idle {count(deal.idle_days, 'day')}"] if deal.is_stale else []),
    ]
    fitted = [[cut(terminal_line(line), room) for line in part] for part in (title, rest)]
    return fitted[0], fitted[1]
