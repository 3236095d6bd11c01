"""What the board on the whole terminal is made of: the cards of a lane, and the windows above it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Footer, Input, OptionList, Static
from textual.widgets.option_list import Option

from pipecli.cli.table import clean

if TYPE_CHECKING:
    from pipecli.reports.pipeline import Place


class Cards(OptionList):
    """The cards of one lane. With the mouse, a card is dragged to another lane."""

    class Grabbed(Message):
        """A mouse button went down on a card; on none, the key is empty."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    class Dropped(Message):
        """It was let go over this lane."""

        def __init__(self, place: Place) -> None:
            super().__init__()
            self.place = place

    def __init__(self, place: Place) -> None:
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


class Page(ModalScreen[None]):
    """One deal, as `opportunity show` prints it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,enter,q", "dismiss", "Back")]

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Static(Content(self.text), markup=False)
        yield Footer()


class Choice(ModalScreen[str | None]):
    """One of many: what is typed narrows them down, the arrows go through those that are left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Back", priority=True),
        Binding("up", "go(-1)", "Up", show=False, priority=True),
        Binding("down", "go(1)", "Down", show=False, priority=True),
    ]

    def __init__(self, names: dict[str, str]) -> None:
        """`names` gives what is read, by what is chosen."""
        super().__init__()
        self.names = names

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Input(placeholder="type a part of the name", select_on_focus=False)
            yield OptionList(markup=False)
        yield Footer()

    def on_mount(self) -> None:
        self._narrow("")

    def on_input_changed(self, changed: Input.Changed) -> None:
        self._narrow(changed.value)

    def _narrow(self, part: str) -> None:
        choices = self.query_one(OptionList)
        choices.clear_options()
        choices.add_options(
            [
                Option(Content(clean(name)), id=f"choice-{key}")
                for key, name in self.names.items()
                if part.casefold() in f"{name} {key}".casefold()
            ]
        )
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
