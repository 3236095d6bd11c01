"""The board as the index has it: a process, its lanes, their cards. No textual, which is an extra."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pipecli.cli.common.listing import owner_filter
from pipecli.cli.common.output import wrapped
from pipecli.cli.common.session import Session, say
from pipecli.cli.common.table import amount_text, clean, cut, display_width, fitting
from pipecli.errors import PipecliError
from pipecli.history.stage_visits import last_moves
from pipecli.records.days import Days
from pipecli.records.kinds import OPPORTUNITY
from pipecli.records.money import minor_digits
from pipecli.records.names import folded
from pipecli.reports.deals import Deal
from pipecli.reports.pipeline import Card, Lane, Place, card, closed_card, lanes
from pipecli.reports.stale import last_movement
from pipecli.reports.valuation import Valuation
from pipecli.store.index.rows_for_reports import closed_deals, open_deals
from pipecli.store.index.rows_for_verbs import labels, rows_where
from pipecli.store.index.views import OwnerFilter
from pipecli.store.pipeline import Pipeline
from pipecli.wording import count

_CLOSED = {Place("won", ""): "Won", Place("lost", ""): "Lost", Place("closed", ""): "Closed"}


class Board(NamedTuple):
    process: str
    name: str
    currency: str
    lanes: list[Lane]
    others: dict[str, int]
    """Open deals at other processes, by process."""

    def stages(self) -> list[Place]:
        """Where deals can be moved."""
        return [lane.place for lane in self.lanes if lane.place.status == "open"]


def offers(run: Session, key: str) -> dict[str, str]:
    """The quotations that a deal can be won with, each by its id with what it comes to."""
    columns = ("status", "id", "exact_amount", "currency")
    condition = "opportunity = ? AND status IN ('accepted', 'sent')"
    connection = run.pipeline.index.connection
    rows = rows_where(connection, columns, "quotations", condition, key, order="status, created DESC")
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
    pipeline.need(OPPORTUNITY)
    processes = pipeline.settings_as_written["processes"]
    if process and process not in processes:
        raise PipecliError(f"--process: unknown process {process}", hint=f"there are {', '.join(processes)}")
    owners = owner_filter(run) if owners is None else owners
    deals = open_deals(pipeline.index.connection, owners, Days(), with_activities=True)
    counts = Counter(deal.process for deal in deals)
    chosen = process or max(processes, key=counts.__getitem__)
    known = processes[chosen]
    places = {Place("open", stage["id"]): stage.get("name", stage["id"]) for stage in known["stages"]}
    cards = [*_open(pipeline, [deal for deal in deals if deal.process == chosen])]
    if has_closed:
        places |= _CLOSED
        cards += _closed(pipeline, owners, chosen)
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


def _open(pipeline: Pipeline, deals: Sequence[Deal]) -> Iterator[tuple[Place, Card]]:
    names, today, moves = _customers(pipeline), pipeline.today, last_moves(pipeline, deals, say)
    for deal in deals:
        moved = last_movement(deal, moves.get(deal.id), today).day
        yield Place("open", deal.stage), card(deal, (today - moved).days, today, names)


def _closed(pipeline: Pipeline, owners: OwnerFilter, process: str) -> Iterator[tuple[Place, Card]]:
    names = _customers(pipeline)
    for deal in closed_deals(pipeline.index.connection, owners, Days()):
        if deal.process == process:
            yield Place(deal.status, ""), closed_card(deal, pipeline.today, names)


def _customers(pipeline: Pipeline) -> dict[str, str]:
    return labels(pipeline.index.connection, "customer")


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
        *([f"on hold until {deal.hold_until}"] if deal.hold_until else []),
        *(["overdue"] if deal.is_overdue else []),
        *([f"idle {count(deal.idle_days, 'day')}"] if deal.is_stale else []),
    ]
    return [cut(clean(line), room) for line in title], [cut(clean(line), room) for line in rest]
