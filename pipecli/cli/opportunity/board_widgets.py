"""The widgets of the board on a terminal."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen, Screen
from textual.widgets import Footer, Input, Label, OptionList, Static
from textual.widgets.option_list import Option

from pipecli.cli.common.output import Format, print_record
from pipecli.cli.common.session import Session
from pipecli.cli.common.table import fitting
from pipecli.cli.common.terminal_and_own_config import environment
from pipecli.cli.main import run as run_command
from pipecli.cli.opportunity.board_cards import Board, Card, Lane, LaneKey, card_lines, shortened
from pipecli.harmless_text import terminal_line
from pipecli.records.money import minor_digits


class Keys(Footer):
    """The keys, drawn anew when they are others than before: not at each step of the cursor."""

    _drawn: object = None

    def bindings_changed(self, screen: Screen[Any]) -> None:
        shown = [(binding, enabled) for _, binding, enabled, _ in screen.active_bindings.values()]
        if shown != self._drawn:
            self._drawn = shown if screen.app.app_focus and screen is self.screen else None
            super().bindings_changed(screen)


class Cards(OptionList):
    """The cards of one lane. With the mouse, a card is dragged to another lane."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down", "Down", show=False),
        Binding("k", "cursor_up", "Up", show=False),
    ]

    @dataclass
    class Grabbed(Message):
        """A mouse button went down on a card; on none, the key is empty."""

        key: str

    @dataclass
    class Dropped(Message):
        """It was let go over this lane."""

        place: LaneKey

    def __init__(self, place: LaneKey) -> None:
        super().__init__(markup=False, id=f"cards-{place.id}")
        self.place = place

    def on_mouse_down(self, event: events.MouseDown) -> None:
        place = event.style.meta.get("option")
        key = str(self.get_option_at_index(place).id) if isinstance(place, int) else ""
        if isinstance(place, int):
            self.highlighted = place
            self.focus()
        self.post_message(self.Grabbed(key))

    def on_mouse_up(self, _event: events.MouseUp) -> None:
        self.post_message(self.Dropped(self.place))

    async def _on_click(self, event: events.Click) -> None:
        """One click selects, as `on_mouse_down` has done; two open the card."""
        event.prevent_default()
        if event.chain > 1:
            self.action_select()


def page(run: Session, key: str, width: int) -> str:
    """The page of a deal, `width` columns wide. It is read anew: a move may just have changed it."""
    with _as_wide_as(width):
        return "".join(shell(run, "opp", "show", key)[1:])


def options(given: Mapping[str, str]) -> list[str]:
    """The options of a command line that have a value."""
    return [word for name, value in given.items() if value for word in (name, value)]


def shell(run: Session, *words: str) -> tuple[int, str, str]:
    """A command as it is typed: its exit code, and what it prints and says. Nothing asks."""
    out, err = io.StringIO(), io.StringIO()
    today = ["--today", run.today_text] if run.today_text else []
    with redirect_stdout(out), redirect_stderr(err):
        code = run_command(["-C", str(run.directory), *today, *words])
    return code, out.getvalue(), err.getvalue()


def _as_wide_as(width: int) -> AbstractContextManager[None]:
    """A terminal of this width, to whom prints into a window."""
    return environment({"COLUMNS": str(max(width, 1))})


_KEYS = (
    ("arrows, hjkl", "go to another card or column"),
    ("> <", "move the card to the next, to the previous stage"),
    ("Enter", "open the card"),
    ("w  L", "win it, lose it (a capital L: l goes right)"),
    ("c  n", "log a call; plan the next contact"),
    ("e", "edit its file in $EDITOR"),
    ("u", "undo the last move"),
    ("/", "show only the cards with some words"),
    ("o  p  a", "one owner's deals; another process; closed deals, too"),
    ("r", "read the pipeline again"),
    ("?  q", "this page; quit"),
)
"""Every key of the board."""


def help_page(width: int) -> str:
    """What `?` shows, `width` columns wide."""
    with _as_wide_as(width), redirect_stdout(io.StringIO()) as out:
        print_record({}, Format.TABLE, _KEYS)
    return out.getvalue()


def planned(text: str) -> list[str]:
    """A next contact as it is typed, `fri: send the offer` or `none`, as what `opp set` takes."""
    day, _, note = text.partition(": ")
    if day.casefold() == "none":
        return ["next_contact="]
    return [f"next_contact.date={day}", f"next_contact.note={note.strip()}"]


class TextWindow(ModalScreen[None]):
    """A text in a window, drawn anew where that gets wider or narrower."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,enter,q", "dismiss", "Back")]

    def __init__(self, draw: Callable[[int], str]) -> None:
        """`draw` gives the text for a number of columns."""
        super().__init__()
        self.draw = draw
        self.text, self._columns = "", 0

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Static(markup=False)
        yield Keys()

    def on_resize(self) -> None:
        columns = min(int(self.app.size.width * _SHARE_OF_PAGE), _WIDEST_PAGE) - _AROUND_PAGE
        if columns != self._columns:
            self.text, self._columns = self.draw(columns), columns
            self.query_one(Static).update(Content(self.text))


_WIDEST_PAGE = 104
_SHARE_OF_PAGE = 0.96
_AROUND_PAGE = 6
"""Its border, its padding, and the bar to scroll it."""


class Choice(ModalScreen[str | None]):
    """One of many: what is typed narrows them down, the arrows go through those that are left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Back", priority=True),
        Binding("up", "go(-1)", "Up", show=False, priority=True),
        Binding("down", "go(1)", "Down", show=False, priority=True),
    ]

    def __init__(self, names: dict[str, str], question: str = "") -> None:
        """`names` gives what is read, by what is chosen."""
        super().__init__()
        self.names = names
        self.question = question

    def compose(self) -> ComposeResult:
        with Vertical():
            if self.question:
                yield Label(Content(terminal_line(self.question)))
            yield Input(placeholder="type a part of the name", select_on_focus=False)
            yield OptionList(markup=False)
        yield Keys()

    def on_mount(self) -> None:
        self._narrow("")

    def on_input_changed(self, changed: Input.Changed) -> None:
        self._narrow(changed.value)

    def _narrow(self, part: str) -> None:
        choices = self.query_one(OptionList)
        choices.clear_options()
        names = {key: f" {name} {key}".casefold() for key, name in self.names.items()}
        left = [key for key in names if part.casefold() in names[key]]
        left.sort(key=lambda key: f" {part.casefold()}" not in names[key])  # the start of a word first
        labels = ((key, Content(terminal_line(self.names[key]))) for key in left)
        choices.add_options([Option(label, id=f"choice-{key}") for key, label in labels])
        choices.highlighted = 0 if choices.option_count else None

    def action_go(self, step: int) -> None:
        choices = self.query_one(OptionList)
        if step < 0:
            choices.action_cursor_up()
        else:
            choices.action_cursor_down()

    def on_input_submitted(self) -> None:
        self.query_one(OptionList).action_select()

    def on_option_list_option_selected(self, chosen: OptionList.OptionSelected) -> None:
        self.dismiss(str(chosen.option.id).removeprefix("choice-"))


class AnswerWindow(ModalScreen[str | None]):
    """A question that is answered in words; none at all is an answer, too."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Back", priority=True)]

    def __init__(self, question: str) -> None:
        super().__init__()
        self.question = question

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Label(Content(terminal_line(self.question)))
            yield Input(select_on_focus=False)
        yield Keys()

    def on_input_submitted(self, submitted: Input.Submitted) -> None:
        self.dismiss(submitted.value.strip())


_LEAST_LANE = 24
_EMPTY_LANE = 14
_AROUND_CARD = 5
"""The border of a lane, its padding, and the bar to scroll it."""


class Lanes(Horizontal):
    """The lanes of a board, as it was last given."""

    DEFAULT_CSS = """
    Lanes { overflow-x: auto; scrollbar-size-horizontal: 1; }
    .lane { height: 1fr; }
    .lane Label { width: 1fr; height: 1; padding: 0 1; text-style: bold; text-wrap: nowrap; }
    .lane .sum { text-style: none; color: $text-muted; }
    Lanes Cards { height: 1fr; border: round $foreground 30%; scrollbar-size-vertical: 1; text-wrap: nowrap; }
    Lanes Cards:focus { border: round $accent; }
    Lanes Cards > .option-list--option-highlighted { background: $surface; text-style: none; }
    Lanes Cards:focus > .option-list--option-highlighted { background: $block-cursor-background; }
    .dragging Cards:hover { border: heavy $warning; }
    """

    def __init__(self, board: Board) -> None:
        super().__init__()
        self.board = board
        self._room = 0

    def cards(self) -> list[Cards]:
        return list(self.query(Cards))

    async def show(self, board: Board) -> None:
        """Show a board: the lanes are made anew only where they are others."""
        self.board = board
        if not self._has_all():
            await self.remove_children()
            for lane in board.lanes:
                box = VerticalScroll(
                    Label(markup=False, id=f"name-{lane.place.id}"),
                    Label(markup=False, classes="sum", id=f"sum-{lane.place.id}"),
                    Cards(lane.place),
                    classes="lane",
                    can_focus=False,
                )
                await self.mount(box)
        self._widen()
        for lane in board.lanes:
            self._fill(lane)

    def on_resize(self) -> None:
        """Draw the cards anew where they have got more room, or less."""
        room = self._room
        self._widen()
        if self._room != room and self._has_all():
            for lane in self.board.lanes:
                self._fill(lane)

    def go_to(self, key: str) -> None:
        """Put the cursor on a card, wherever it is now."""
        for lane in self.board.lanes:
            for place, shown in enumerate(lane.cards):
                if shown.id == key:
                    cards = self.query_one(f"#cards-{lane.place.id}", Cards)
                    cards.highlighted = place
                    cards.focus()

    def _has_all(self) -> bool:
        """True if the lanes are those of the board: they are made one after the other."""
        return [cards.place for cards in self.cards()] == [lane.place for lane in self.board.lanes]

    def _widen(self) -> None:
        """Share the width out among the lanes with cards, each gets enough; one without any is narrow."""
        empty = [not lane.cards for lane in self.board.lanes]
        narrow = sum(empty) if not all(empty) else 0
        boxes = self.query(".lane")
        left = self.app.size.width - narrow * _EMPTY_LANE
        width = max(left // max(len(boxes) - narrow, 1), _LEAST_LANE)
        for box, is_empty in zip(boxes, empty, strict=False):
            box.styles.width = _EMPTY_LANE if is_empty and narrow else width
        self._room = max(width - _AROUND_CARD, 1)

    def _fill(self, lane: Lane) -> None:
        cards = self.query_one(f"#cards-{lane.place.id}", Cards)
        place = cards.highlighted
        cards.clear_options()
        cards.add_options([Option(self._prompt(card), id=card.id) for card in lane.cards])
        if lane.cards:
            cards.highlighted = min(place or 0, len(lane.cards) - 1)
        room = self._room if lane.cards else min(self._room, _EMPTY_LANE - _AROUND_CARD)
        total = fitting(lane.amount, None, minor_digits(self.board.currency), room)
        name = shortened(terminal_line(lane.name), f"  {len(lane.cards)}", room + _AROUND_CARD - 2)
        self.query_one(f"#name-{lane.place.id}", Label).update(Content(name))
        self.query_one(f"#sum-{lane.place.id}", Label).update(Content(total))

    def _prompt(self, card: Card) -> Content:
        title, rest = card_lines(card, self.board.currency, self._room)
        style = "$text-warning" if card.is_stale or card.is_overdue else ""
        return Content.assemble(
            ("\n".join(title), f"bold {style}".strip()), "\n", "\n".join([*rest, card.id]), "\n"
        )
