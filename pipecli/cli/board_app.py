"""The board on the whole terminal (textual): look through the lanes, move cards, open one, take a move back.

Nothing is kept here: what is shown is read from the pipeline, and a move is a commit (`board_moves`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Footer, Label, OptionList, Static
from textual.widgets.option_list import Option

from pipecli.cli import board_moves
from pipecli.cli.board_reading import Board, read_board
from pipecli.cli.board_widgets import Cards, Owners, Page
from pipecli.cli.opportunity_board import card_lines
from pipecli.cli.session import Session
from pipecli.cli.table import clean, money
from pipecli.cli.whose import whose
from pipecli.errors import PipecliError
from pipecli.records.money import minor_digits
from pipecli.store.pipeline import Pipeline

if TYPE_CHECKING:
    from pipecli.reports.board import Card, Lane, Place

_EVERYBODY = ""


class BoardApp(App[None]):
    """`said` is what to tell on the terminal afterwards: the moves that were made."""

    ENABLE_COMMAND_PALETTE = False
    CSS = """
    #heading { height: 1; background: $primary; color: $text; padding: 0 1; }
    #status { height: auto; max-height: 3; padding: 0 1; }
    #status.bad { background: $error; color: $text; }
    .lane { height: 1fr; }
    .lane Label { width: 1fr; padding: 0 1; text-style: bold; }
    .lane .sum { text-style: none; color: $text-muted; }
    Cards { height: 1fr; border: round $surface; }
    Cards:focus { border: round $accent; }
    #lanes { overflow-x: auto; }
    Page, Owners { align: center middle; }
    Page VerticalScroll { width: 90%; max-width: 100; height: 80%; border: round $accent; padding: 1 2;
        background: $surface; }
    Owners OptionList { width: 40; max-height: 80%; border: round $accent; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "look(-1)", "Look", show=False, priority=True),
        Binding("right", "look(1)", "Look", show=False, priority=True),
        Binding("shift+left,less_than_sign,comma", "move(-1)", "Move back", key_display="<"),
        Binding("shift+right,greater_than_sign,full_stop", "move(1)", "Move on", key_display=">"),
        Binding("u", "undo", "Undo"),
        Binding("o", "owner", "Owner"),
        Binding("c", "closed", "Closed"),
        Binding("r", "reload", "Reload"),
        Binding("q", "quit", "Quit"),
    ]

    def __init__(self, run: Session, process: str, *, has_closed: bool) -> None:
        super().__init__()
        self.run_session = run
        self.process = process
        self.has_closed = has_closed
        self.whose = whose(run)
        self.grabbed = ""
        self.moves: list[board_moves.Moved] = []
        self.said: list[str] = []
        self.board = self._read()

    def compose(self) -> ComposeResult:
        yield Static(id="heading", markup=False)
        yield Horizontal(id="lanes")
        yield Static(id="status", markup=False)
        yield Footer()

    async def on_mount(self) -> None:
        await self._draw()
        self._begin()

    def _read(self) -> Board:
        pipeline = Pipeline.find(Path(self.run_session.directory), self.run_session.fixed_now())
        try:
            return read_board(
                self.run_session, pipeline, self.process, whose_=self.whose, has_closed=self.has_closed
            )
        finally:
            pipeline.close()

    async def _draw(self) -> None:
        """Show the board as it was read: the lanes are made anew only where they are others."""
        wanted = [lane.place for lane in self.board.lanes]
        if [cards.place for cards in self._lanes()] != wanted:
            await self.query_one("#lanes").remove_children()
            for lane in self.board.lanes:
                box = VerticalScroll(
                    Label(markup=False, id=f"name-{lane.place.id}"),
                    Label(markup=False, classes="sum", id=f"sum-{lane.place.id}"),
                    Cards(lane.place),
                    classes="lane",
                    can_focus=False,
                )
                await self.query_one("#lanes").mount(box)
        self._widen()
        for lane in self.board.lanes:
            self._fill(lane)
        owner = f", of {self.whose.owner}" if self.whose.owner else ""
        count = sum(len(lane.cards) for lane in self.board.lanes)
        self.query_one("#heading", Static).update(
            Content(
                f"{clean(self.board.name)}: {count} deal{'s' * (count != 1)} in {self.board.currency}{owner}"
            )
        )

    def on_resize(self) -> None:
        self._widen()

    def _widen(self) -> None:
        """Share the width out among the lanes, as long as each gets enough; the others are to the right."""
        boxes = self.query(".lane")
        width = max(self.size.width // len(boxes), _LEAST_LANE) if boxes else 0
        for box in boxes:
            box.styles.width = width

    def _fill(self, lane: Lane) -> None:
        cards = self.query_one(f"#cards-{lane.place.id}", Cards)
        place = cards.highlighted
        cards.clear_options()
        cards.add_options([Option(self._prompt(card), id=card.id) for card in lane.cards])
        if lane.cards:
            cards.highlighted = min(place or 0, len(lane.cards) - 1)
        total = money(lane.amount, None, minor_digits(self.board.currency))
        self.query_one(f"#name-{lane.place.id}", Label).update(
            Content(f"{clean(lane.name)}  {len(lane.cards)}")
        )
        self.query_one(f"#sum-{lane.place.id}", Label).update(Content(total))

    def _prompt(self, card: Card) -> Content:
        lines = card_lines(card, self.board.currency, _CARD_WIDTH)
        style = "$text-warning" if card.is_stale or card.is_overdue else ""
        return Content.assemble((lines[0], f"bold {style}".strip()), "\n", "\n".join(lines[1:]), "\n")

    def _lanes(self) -> list[Cards]:
        return list(self.query(Cards))

    def _begin(self) -> None:
        """Put the cursor into the first lane with cards."""
        lanes = self._lanes()
        next((lane for lane in lanes if lane.option_count), lanes[0]).focus()

    def _focused(self) -> Cards | None:
        return self.focused if isinstance(self.focused, Cards) else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What belongs to the board waits while a window is open above it."""
        return action in ("quit", "dismiss") or len(self.screen_stack) == 1

    def action_look(self, step: int) -> None:
        """Go to the lane beside."""
        lanes = self._lanes()
        here = self._focused()
        place = lanes.index(here) + step if here else 0
        if 0 <= place < len(lanes):
            lanes[place].focus()
            lanes[place].scroll_visible()

    async def action_move(self, step: int) -> None:
        """Move the card to the lane beside."""
        here = self._focused()
        stages = self.board.stages()
        key = self._key(here)
        if here is None or key is None or here.place not in stages:
            return
        place = stages.index(here.place) + step
        if place >= len(stages):
            self._refuse(f"{key} is at the last stage; close it: pipecli opp won {key}, or opp lost {key}")
        elif place >= 0:
            await self._move(key, stages[place])

    async def _move(self, key: str, to: Place) -> None:
        await self._do(lambda: self._moved(board_moves.move(self.run_session, key, to.stage)))
        self._show(key)

    def _moved(self, moved: board_moves.Moved) -> str:
        self.moves.append(moved)
        return moved.said

    async def action_undo(self) -> None:
        if not self.moves:
            self._refuse("no move of this board is left to undo")
            return
        last = self.moves[-1]

        def undone() -> str:
            said = board_moves.undo(self.run_session, last)
            self.moves.pop()
            return said

        await self._do(undone)
        self._show(last.before.id)

    async def _do(self, change: Callable[[], str]) -> None:
        """Make a change beside the screen, and show what it came to or why it was refused."""
        try:
            said = await asyncio.to_thread(change)
        except PipecliError as error:
            self._refuse(str(error))
            return
        self.said.append(said)
        await self.action_reload()
        self._say(said)

    def _refuse(self, why: str) -> None:
        self._say(f"refused: {why}", is_bad=True)

    def _say(self, text: str, *, is_bad: bool = False) -> None:
        status = self.query_one("#status", Static)
        status.update(Content(clean(text)))
        status.set_class(is_bad, "bad")

    async def action_reload(self) -> None:
        try:
            self.board = await asyncio.to_thread(self._read)
        except PipecliError as error:
            self._refuse(str(error))
            return
        await self._draw()

    def _show(self, key: str) -> None:
        """Put the cursor on a card, wherever it is now."""
        for lane in self.board.lanes:
            for place, card in enumerate(lane.cards):
                if card.id == key:
                    cards = self.query_one(f"#cards-{lane.place.id}", Cards)
                    cards.highlighted = place
                    cards.focus()

    def _key(self, cards: Cards | None) -> str | None:
        if cards is None or cards.highlighted is None:
            return None
        return str(cards.get_option_at_index(cards.highlighted).id)

    async def action_closed(self) -> None:
        """Show what was won, lost and closed, too; or no more."""
        self.has_closed = not self.has_closed
        await self.action_reload()
        if self._focused() is None:
            self._begin()

    def action_owner(self) -> None:
        users: dict[str, Any] = self.run_session.pipeline.settings_as_written.get("users") or {}
        names = {_EVERYBODY: "Everybody"} | {slug: user["name"] for slug, user in users.items()}

        async def chosen(owner: str | None) -> None:
            if owner is not None:
                self.whose = self.whose._replace(owner=owner or None)
                await self.action_reload()

        self.push_screen(Owners(names), chosen)

    def on_option_list_option_selected(self, chosen: OptionList.OptionSelected) -> None:
        if chosen.option.id and isinstance(chosen.option_list, Cards):
            self.push_screen(Page(page(self.run_session, chosen.option.id)))

    def on_cards_grabbed(self, grabbed: Cards.Grabbed) -> None:
        self.grabbed = grabbed.key

    async def on_cards_dropped(self, dropped: Cards.Dropped) -> None:
        key, self.grabbed = self.grabbed, ""
        lane = next((each.place for each in self.board.lanes for card in each.cards if card.id == key), None)
        if key and lane != dropped.place:
            await self._drop(key, lane, dropped.place)

    async def _drop(self, key: str, lane: Place | None, to: Place) -> None:
        stages = self.board.stages()
        if to not in stages:
            verb = f"opp {'won' if to.status == 'won' else 'lost'} {key}"
            self._refuse(
                f"a deal is closed in the shell, where its value or reason is asked for: pipecli {verb}"
            )
        elif lane not in stages:
            self._refuse(
                f"{key} is {lane.status if lane else 'gone'}; open it again first: pipecli opp reopen {key}"
            )
        else:
            await self._move(key, to)


_CARD_WIDTH = 30
_LEAST_LANE = 24


def page(run: Session, key: str) -> str:
    """What `opportunity show` prints of a deal. It is read anew: a move may just have changed it."""
    import contextlib
    import io

    from pipecli.cli.main import run as run_command

    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        today = ["--today", run.today_text] if run.today_text else []
        run_command(["-C", str(run.directory), *today, "opp", "show", key])
    return out.getvalue()
