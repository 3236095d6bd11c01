"""What the board on the whole terminal is made of: the cards of a lane, and the windows above it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Footer, OptionList, Static
from textual.widgets.option_list import Option

from pipecli.cli.table import clean

if TYPE_CHECKING:
    from pipecli.reports.board import Place


class Cards(OptionList):
    """The cards of one lane. With the mouse, a card is dragged to another lane."""

    class Grabbed(Message):
        """A mouse button went down on a card."""

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
        if isinstance(place, int):
            self.highlighted = place
            self.focus()
            self.post_message(self.Grabbed(str(self.get_option_at_index(place).id)))

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


class Owners(ModalScreen[str | None]):
    """Whose deals to show."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "dismiss", "Back")]

    def __init__(self, names: dict[str, str]) -> None:
        super().__init__()
        self.names = names

    def compose(self) -> ComposeResult:
        choices = [Option(Content(clean(name)), id=f"owner-{slug}") for slug, name in self.names.items()]
        yield OptionList(*choices, markup=False)

    def on_option_list_option_selected(self, chosen: OptionList.OptionSelected) -> None:
        self.dismiss(str(chosen.option.id).removeprefix("owner-"))
