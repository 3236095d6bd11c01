"""`opportunity board`: the open deals in a column a stage, on paper or to move about."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from itertools import zip_longest
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from pipecli.cli.output import Format, print_records, terminal_width, wrapped, write_text
from pipecli.cli.session import Session, say, session
from pipecli.cli.short_money import fitting
from pipecli.cli.table import Column, clean, cut, display_width, isolated
from pipecli.errors import PipecliError
from pipecli.records.money import minor_digits

if TYPE_CHECKING:
    from pipecli.cli.board_reading import Board
    from pipecli.reports.pipeline import Card, Lane

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
    from pipecli.cli.board_reading import read_board

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
    if not find_spec("textual"):
        raise PipecliError(
            "the board needs textual, which is not installed", hint="pip install 'pipecli[tui]'"
        )
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise PipecliError("--interactive needs a terminal", hint="leave it out, or use --format json")
    from pipecli.cli.board_app import BoardApp

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
