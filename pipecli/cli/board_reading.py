"""The board as the index has it: which process, its lanes, and the cards in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pipecli.cli.session import Session, say
from pipecli.cli.whose import whose
from pipecli.errors import PipecliError
from pipecli.records.kinds import OPPORTUNITY
from pipecli.reports.days import Days
from pipecli.reports.deals import OpenDeal
from pipecli.reports.money import Valuation
from pipecli.reports.pipeline import Card, Lane, Place, card, closed_card, lanes
from pipecli.store.index.deals import Whose, open_deals
from pipecli.store.pipeline import Pipeline

_CLOSED = {Place("won", ""): "Won", Place("lost", ""): "Lost", Place("closed", ""): "Closed"}


class Board(NamedTuple):
    process: str
    name: str
    currency: str
    lanes: list[Lane]
    others: dict[str, int]
    """How many open deals stand at other processes."""

    def stages(self) -> list[Place]:
        """Where deals can be moved."""
        return [lane.place for lane in self.lanes if lane.place.status == "open"]


def read_board(
    run: Session,
    pipeline: Pipeline,
    process: str = "",
    *,
    whose_: Whose | None = None,
    has_closed: bool = False,
) -> Board:
    """The board of a process; where none is named, of the one with the most open deals of those asked for.

    The closed deals are read only where they are asked for. Raises PipecliError.
    """
    pipeline.need(OPPORTUNITY)
    processes = pipeline.settings_as_written["processes"]
    if process and process not in processes:
        raise PipecliError(
            f"--process: there is no process {process}", hint=f"there are {', '.join(processes)}"
        )
    of = whose(run) if whose_ is None else whose_
    deals = open_deals(pipeline.index.connection, of, Days(), with_activities=True)
    counts = Counter(deal.process for deal in deals)
    asked = process or max(processes, key=counts.__getitem__)
    known = processes[asked]
    places = {Place("open", stage["id"]): stage.get("name", stage["id"]) for stage in known["stages"]}
    cards = [*_open(pipeline, [deal for deal in deals if deal.process == asked])]
    if has_closed:
        places |= _CLOSED
        cards += _closed(pipeline, of, asked)
    valuation = Valuation(pipeline.rates)
    del counts[asked]
    return Board(
        asked, known.get("name", asked), valuation.currency, lanes(cards, places, valuation), dict(counts)
    )


def _open(pipeline: Pipeline, deals: Sequence[OpenDeal]) -> Iterator[tuple[Place, Card]]:
    from pipecli.history.stages import moves_of
    from pipecli.reports.stale import last_movement

    names, today, moves = _customers(pipeline), pipeline.today, moves_of(pipeline, deals, say)
    for deal in deals:
        moved = last_movement(deal, moves.get(deal.id), today).day
        yield Place("open", deal.stage), card(deal, (today - moved).days, today, names)


def _closed(pipeline: Pipeline, of: Whose, process: str) -> Iterator[tuple[Place, Card]]:
    from pipecli.store.index.deals import closed_deals

    names = _customers(pipeline)
    query = pipeline.index.connection.execute
    titles = dict(query("SELECT id, title FROM _opportunities WHERE status <> 'open'").fetchall())
    for deal in closed_deals(pipeline.index.connection, of, Days()):
        if deal.process == process:
            yield Place(deal.status, ""), closed_card(deal, titles[deal.id], names)


def _customers(pipeline: Pipeline) -> dict[str, str]:
    return dict(pipeline.index.connection.execute("SELECT id, name FROM _customers").fetchall())
