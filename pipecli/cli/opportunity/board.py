"""`opportunity board`: the open deals in a column a stage, on paper or to move about.

The board as the index has it: which process, its lanes, and the cards in them.

What the board does to the pipeline: a move is the shell's `advance`, with its rules and its commit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from pipecli.cli.common.list import owner_filter
from pipecli.cli.common.output import Format, print_records, terminal_width, wrapped, write_text
from pipecli.cli.common.session import Session, say, session
from pipecli.cli.common.table import Column, clean, cut, display_width, fitting, isolated
from pipecli.distribution import require_extra
from pipecli.errors import PipecliError
from pipecli.records.kinds import OPPORTUNITY
from pipecli.records.money import minor_digits
from pipecli.reports.days import Days
from pipecli.reports.deals import Deal
from pipecli.reports.money import Valuation
from pipecli.reports.pipeline import Card, Lane, Place, card, closed_card, lanes
from pipecli.store.index.deals import OwnerFilter, open_deals
from pipecli.store.pipeline import Pipeline

if TYPE_CHECKING:
    from pipecli.records.opportunity import Opportunity
    from pipecli.workflow.change import Change

_DEFAULT_WIDTH = 80
_LEAST_LANE = 14
_GAP = 2


def board(
    ctx: typer.Context,
    process: Annotated[
        str,
        typer.Option(help="Of this process; of that with the most open deals otherwise.", metavar="PROCESS"),
    ] = "",
    closed: Annotated[bool, typer.Option("--closed", help="With what was won, lost and closed.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many cards a column.", metavar="N")] = 8,
    interactive: Annotated[
        bool, typer.Option("--interactive", "-i", help="On the whole terminal, to move cards.")
    ] = False,
) -> None:
    """Show the board: the open opportunities in a column a stage.

    A card has the deal's title, amount, expected close and owner. ! marks one that is overdue or stale:
    without movement for the rotting_days of its stage.
    """

    run = session(ctx)
    if interactive:
        _run(run, process, has_closed=closed)
        return
    found = read_board(run, run.pipeline, process, has_closed=closed)
    if run.format is Format.JSON:
        from pipecli.jsontext import dumps

        write_text(dumps(_json(found)) + "\n")
    elif run.format is Format.TABLE:
        write_text(drawn(found, terminal_width() or _DEFAULT_WIDTH, limit))
    else:
        print_records(
            [
                {"stage": lane.place.stage or lane.place.status, **each._asdict()}
                for lane in found.lanes
                for each in lane.cards
            ],
            _COLUMNS,
            run.format,
        )


_COLUMNS = [
    Column(name, name.upper())
    for name in (
        "stage", "id", "title", "customer", "owner", "amount", "currency", "close", "age_days", "idle_days",
        "is_stale", "is_overdue",
    )
]  # fmt: skip


def _run(run: Session, process: str, *, has_closed: bool) -> None:
    """Hand the terminal to the board that people move cards on."""
    import sys

    if run.as_of is not None:
        raise PipecliError("--interactive is of today: the past can't be moved", hint="leave out --as-of")
    require_extra("tui", "the board needs textual, which is not installed")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise PipecliError("--interactive needs a terminal", hint="leave it out, or use --format json")
    from pipecli.cli.opportunity.board_app import BoardApp

    app = BoardApp(run, process, has_closed=has_closed)
    app.run()
    for line in app.said:
        say(line)


def _json(found: Board) -> dict[str, Any]:
    return {
        "process": found.process,
        "currency": found.currency,
        "other_processes": found.others,
        "columns": [
            {
                "stage": lane.place.stage or None,
                "status": lane.place.status,
                "name": lane.name,
                "count": len(lane.cards),
                "amount": lane.amount,
                "cards": [
                    {name: value for name, value in each._asdict().items() if name != "valued_on"}
                    for each in lane.cards
                ],
            }
            for lane in found.lanes
        ],
    }


def drawn(found: Board, width: int, limit: int) -> str:
    """The board as text; lanes that the width has no room for stand below the others."""
    fitting = max(min((width + _GAP) // (_LEAST_LANE + _GAP), len(found.lanes)), 1)
    room = (width + _GAP) // fitting - _GAP
    rows = [found.lanes[start : start + fitting] for start in range(0, len(found.lanes), fitting)]
    heading = shortened(f"{clean(found.name)}", f", in {found.currency}", width)
    drawn_rows = "".join(f"\n{_side_by_side(row, found.currency, room, limit)}" for row in rows)
    return f"{heading}\n{drawn_rows}{_elsewhere(found, width)}"


def shortened(name: str, more: str, room: int) -> str:
    """A name that gives way to what is said of it."""
    return cut(name, max(room - display_width(more), 1)) + more


def _elsewhere(found: Board, width: int) -> str:
    """The deals that are not on this board: none is left out without a word."""
    others = ", ".join(f"{process} {count}" for process, count in found.others.items())
    said = f"open deals at other processes (--process): {others}"
    return "".join(f"{line}\n" for line in ["", *wrapped(said, width)]) if others else ""


def _side_by_side(lanes: Sequence[Lane], currency: str, room: int, limit: int) -> str:
    columns = [_lines(lane, currency, room, limit) for lane in lanes]
    gap = " " * _GAP
    return "".join(
        f"{gap.join(_padded(cell, room) for cell in line).rstrip()}\n"
        for line in zip_longest(*columns, fillvalue="")
    )


def _padded(text: str, room: int) -> str:
    return isolated(text) + " " * (room - display_width(text))


def _lines(lane: Lane, currency: str, room: int, limit: int) -> list[str]:
    lines = [
        shortened(clean(lane.name), f" {len(lane.cards)}", room),
        fitting(lane.amount, None, minor_digits(currency), room),
        "-" * room,
    ]
    for each in lane.cards[:limit]:
        title, rest = card_lines(each, currency, room)
        lines += [*title, *rest, ""]
    if len(lane.cards) > limit:
        lines.append(cut(f"+{len(lane.cards) - limit} more", room))
    return lines


class DrawnCard(NamedTuple):
    """The lines of a card, none wider than its lane."""

    title: list[str]
    rest: list[str]


def card_lines(each: Card, currency: str, room: int) -> DrawnCard:
    """A card: title, customer, amount, close and owner, age; ! and a word where somebody should look."""
    mark = "! " if each.is_overdue or each.is_stale else ""
    first, *more = wrapped(each.title, room - len(mark))
    title = [f"{mark}{first}", *([" ".join(more)] if more else [])]
    theirs = each.currency if each.currency != currency else None
    amount = "no amount"
    if each.amount is not None:
        amount = fitting(each.amount, theirs, minor_digits(each.currency), room)
    close = each.close.isoformat() if each.close else "no date"
    owner = each.owner or "no owner"
    together = f"{close} {owner}"
    rest = [
        *([each.customer] if each.customer and each.customer not in each.title else []),
        amount,
        *([together] if display_width(together) <= room else [close, owner]),
        f"{each.age_days} d old",
        *(["overdue"] if each.is_overdue else []),
        *([f"idle {each.idle_days} d"] if each.is_stale else []),
    ]
    return DrawnCard(*([cut(clean(line), room) for line in lines] for lines in (title, rest)))


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
    whose_: OwnerFilter | None = None,
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
    of = owner_filter(run) if whose_ is None else whose_
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


def _open(pipeline: Pipeline, deals: Sequence[Deal]) -> Iterator[tuple[Place, Card]]:
    from pipecli.history.stages import last_moves
    from pipecli.reports.stale import last_movement

    names, today, moves = _customers(pipeline), pipeline.today, last_moves(pipeline, deals, say)
    for deal in deals:
        moved = last_movement(deal, moves.get(deal.id), today).day
        yield Place("open", deal.stage), card(deal, (today - moved).days, today, names)


def _closed(pipeline: Pipeline, of: OwnerFilter, process: str) -> Iterator[tuple[Place, Card]]:
    from pipecli.store.index.deals import closed_deals

    names = _customers(pipeline)
    for deal in closed_deals(pipeline.index.connection, of, Days()):
        if deal.process == process:
            yield Place(deal.status, ""), closed_card(deal, pipeline.today, names)


def _customers(pipeline: Pipeline) -> dict[str, str]:
    return dict(pipeline.index.connection.execute("SELECT id, name FROM _customers").fetchall())


class Moved(NamedTuple):
    """A move that was made, as it takes to undo it."""

    before: Opportunity
    after: Opportunity
    said: str


def move(run: Session, key: str, stage: str) -> Moved:
    """Advance a deal to a stage. Raises PipecliError, in the words of the shell."""
    from pipecli.records.opportunity import Opportunity
    from pipecli.workflow.opportunity.advance import advance

    with _pipeline(run) as pipeline:
        deal = pipeline.get(Opportunity, key)
        change = advance(deal, pipeline.settings, to=stage)
        _committed(pipeline, change)
        assert isinstance(change.subject, Opportunity)
        return Moved(deal, change.subject, f"{key}: {change.summary}")


def undo(run: Session, moved: Moved) -> str:
    """Put a deal back to where it was before a move; what else was changed since stays."""
    from pipecli.records.opportunity import Opportunity
    from pipecli.workflow.opportunity.advance import undo_advance

    with _pipeline(run) as pipeline:
        change = undo_advance(pipeline.get(Opportunity, moved.before.id), moved.before, moved.after)
        _committed(pipeline, change)
        return f"{moved.before.id}: {change.summary}"


@contextmanager
def _pipeline(run: Session) -> Iterator[Pipeline]:
    """The pipeline as it is now, while nobody else can change it."""
    from pipecli.store.pipeline import Pipeline

    pipeline = Pipeline.find(Path(run.directory), run.fixed_now())
    try:
        with pipeline.exclusive():
            yield pipeline
    finally:
        pipeline.close()


def _committed(pipeline: Pipeline, change: Change) -> None:
    from pipecli.cli.common.change import message
    from pipecli.store import transaction as store_transaction

    writes = store_transaction.plan(pipeline, [change])
    store_transaction.commit(
        pipeline, writes, message(f"{change.subject.key}: {change.summary}", [change], "")
    )
