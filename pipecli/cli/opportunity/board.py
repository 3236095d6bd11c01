"""`opportunity board`: the open deals in a column a stage, on paper or to move about."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from pipecli.cli.common.command import Report, flag, noun, option
from pipecli.cli.common.output import Format, print_records, wrapped, write_text
from pipecli.cli.common.session import Session, say
from pipecli.cli.common.table import cut, display_width, fitting, isolated, plain_columns
from pipecli.cli.common.terminal_and_own_config import terminal_width
from pipecli.cli.opportunity.board_cards import Board, Lane, card_lines, read_board, shortened
from pipecli.errors import PipecliError
from pipecli.extras import require_extra
from pipecli.harmless_text import terminal_line
from pipecli.json_and_csv import dumps
from pipecli.records.kinds import OPPORTUNITY
from pipecli.records.money import minor_digits

_DEFAULT_WIDTH = 80
_LEAST_LANE = 14
_GAP = 2


app = noun()


@app.command("board", cls=Report)
def board(
    run: Session,
    process: str = option("The process. Default: the one with the most open deals.", "PROCESS", default=""),
    closed: bool = flag("--closed", "Also show closed deals."),
    limit: int = option("Show at most N cards per column.", "N", default=8, min=1),
    interactive: bool = option("Full-screen; move cards.", "", "--interactive", "-i", default=False),
) -> None:
    """Show the board: open opportunities, one column per stage.

    A card has the deal's title, amount, expected close and owner. ! marks one that is overdue, or stale: it
    hasn't moved for the rotting_days of its stage.
    """
    if interactive:
        _run(run, process, has_closed=closed)
        return
    run.read(OPPORTUNITY)
    the_board = read_board(run, run.pipeline, process, has_closed=closed)
    if run.format is Format.JSON:
        write_text(dumps(_json(the_board)) + "\n")
    elif run.format is Format.TABLE:
        write_text(drawn_board(the_board, terminal_width() or _DEFAULT_WIDTH, limit))
    else:
        print_records(
            [
                {"stage": lane.place.stage, "status": lane.place.status, **card._asdict()}
                for lane in the_board.lanes
                for card in lane.cards
            ],
            _COLUMNS,
            run.format,
        )


_COLUMNS = plain_columns(
    "stage status id title customer owner amount currency close age_days idle_days is_stale is_overdue"
)


def _run(run: Session, process: str, *, has_closed: bool) -> None:
    """Hand the terminal to the board that people move cards on."""
    if run.as_of is not None:
        raise PipecliError("--interactive shows today: the past can't be changed", hint="leave out --as-of")
    require_extra("tui")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise PipecliError("--interactive needs a terminal", hint="leave it out, or use --format json")
    from pipecli.cli.opportunity.board_app import BoardApp

    app = BoardApp(run, process, has_closed=has_closed)
    app.run()
    for line in app.summaries:
        say(line)


def _json(board: Board) -> dict[str, Any]:
    return {
        "process": board.process,
        "currency": board.currency,
        "other_processes": board.others,
        "columns": [
            {
                "stage": lane.place.stage or None,
                "status": lane.place.status,
                "name": lane.name,
                "count": len(lane.cards),
                "amount": lane.amount,
                "cards": [
                    {name: value for name, value in card._asdict().items() if name != "valued_on"}
                    for card in lane.cards
                ],
            }
            for lane in board.lanes
        ],
    }


def drawn_board(board: Board, width: int, limit: int) -> str:
    """The board as text; lanes that the width has no room for stand below the others."""
    fitting = max(min((width + _GAP) // (_LEAST_LANE + _GAP), len(board.lanes)), 1)
    room = (width + _GAP) // fitting - _GAP
    rows = [board.lanes[start : start + fitting] for start in range(0, len(board.lanes), fitting)]
    heading = shortened(f"{terminal_line(board.name)}", f", in {board.currency}", width)
    drawn_rows = "".join(f"\n{_side_by_side(row, board.currency, room, limit)}" for row in rows)
    others = ", ".join(f"{process} {count}" for process, count in board.others.items())
    text = f"open deals at other processes (--process): {others}"
    elsewhere = "".join(f"{line}\n" for line in ("", *wrapped(text, width))) if others else ""
    return f"{heading}\n{drawn_rows}{elsewhere}"


def _side_by_side(lanes: Sequence[Lane], currency: str, room: int, limit: int) -> str:
    columns = [_lines(lane, currency, room, limit) for lane in lanes]
    lines = [
        [isolated(cell) + " " * (room - display_width(cell)) for cell in line]
        for line in zip_longest(*columns, fillvalue="")
    ]
    return "".join(f"{(' ' * _GAP).join(cells).rstrip()}\n" for cells in lines)


def _lines(lane: Lane, currency: str, room: int, limit: int) -> list[str]:
    lines = [
        shortened(terminal_line(lane.name), f" {len(lane.cards)}", room),
        fitting(lane.amount, None, minor_digits(currency), room),
        "-" * room,
    ]
    for card in lane.cards[:limit]:
        title, rest = card_lines(card, currency, room)
        lines += [*title, *rest, ""]
    if len(lane.cards) > limit:
        lines.append(cut(f"+{len(lane.cards) - limit} more", room))
    return lines
