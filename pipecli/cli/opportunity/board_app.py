"""The board on the whole terminal: look through the lanes, move cards, open one, take a move back.

Nothing is kept here: all is read from the pipeline, and again after each move and at `r`, which shows what
others changed. A move is the shell's `advance`, with its commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from textual import work
from textual.app import App, ComposeResult, SuspendNotSupported
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList, Static

from pipecli.cli.common.session import Session, owner_filter
from pipecli.cli.common.transaction import Transaction
from pipecli.cli.main import run as run_command
from pipecli.cli.opportunity.board_cards import Board, LaneKey, offers, read_board, shortened
from pipecli.cli.opportunity.board_widgets import (
    AnswerWindow,
    Cards,
    Choice,
    Keys,
    Lanes,
    TextWindow,
    help_page,
    options,
    page,
    planned,
    shell,
)
from pipecli.errors import PipecliError
from pipecli.harmless_text import terminal_line
from pipecli.records.opportunity import Opportunity
from pipecli.store.pipeline import Pipeline
from pipecli.wording import count
from pipecli.workflow.opportunity.advance import advance_deal, undo_advance


class Moved(NamedTuple):
    """A move that was made, as it takes to undo it."""

    before: Opportunity
    after: Opportunity
    summary: str


def move(run: Session, key: str, stage: str) -> Moved:
    """Advance a deal to a stage. Raises PipecliError, in the words of the shell."""
    with _pipeline(run) as pipeline:
        deal = pipeline.get(Opportunity, key)
        change = advance_deal(deal, pipeline.settings, to=stage)
        Transaction(run, pipeline).commit_one(change)
        assert isinstance(change.record, Opportunity)
        return Moved(deal, change.record, "; ".join([f"{key}: {change.summary}", *change.notes]))


def undo(run: Session, moved: Moved) -> str:
    """Put a deal back to where it was before a move; what else was changed since stays."""
    with _pipeline(run) as pipeline:
        change = undo_advance(pipeline.get(Opportunity, moved.before.id), moved.before, moved.after)
        Transaction(run, pipeline).commit_one(change)
        return f"{moved.before.id}: {change.summary}"


@contextmanager
def _pipeline(run: Session) -> Iterator[Pipeline]:
    """The pipeline as it is now, while nobody else can change it."""
    with closing(Pipeline.find(Path(run.directory), run.fixed_now())) as pipeline, pipeline.exclusive():
        yield pipeline


class BoardApp(App[None]):
    """`said` is what to tell on the terminal afterwards: the moves that were made."""

    ENABLE_COMMAND_PALETTE = False
    CSS_PATH = "board.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "Help", key_display="?"),  # first: a footer is cut at its end
        Binding("q", "quit", "Quit"),
        Binding("slash", "filter", "Filter", key_display="/"),
        Binding("left", "look(-1)", "Look", show=False, priority=True),
        Binding("right", "look(1)", "Look", show=False, priority=True),
        Binding("shift+left,less_than_sign,comma", "move(-1)", "Move back", key_display="<"),
        Binding("shift+right,greater_than_sign,full_stop", "move(1)", "Move on", key_display=">"),
        Binding("h", "look(-1)", "Look", show=False),
        Binding("l", "look(1)", "Look", show=False),
        Binding("w", "close('won')", "Won"),
        Binding("L", "close('lost')", "Lost", key_display="L"),
        Binding("c", "plan('call')", "Call"),
        Binding("n", "plan('next')", "Next"),
        Binding("e", "edit", "Edit"),
        Binding("u", "undo", "Undo"),
        Binding("o", "owner", "Owner"),
        Binding("p", "process", "Process"),
        Binding("a", "closed", "All"),
        Binding("r", "reload", "Reload"),
        Binding("ctrl+c", "quit", "Quit", show=False, priority=True),
    ]

    def __init__(self, run: Session, process: str, *, has_closed: bool) -> None:
        super().__init__()
        self.run_session = run
        self.process = process
        self.has_closed = has_closed
        self.owner_filter = owner_filter(run)
        self.grabbed = self.wanted = ""
        self.moves: list[Moved | str] = []
        """What is undone by `u`; a deal that was closed here by its id."""
        self.summaries: list[str] = []
        self.board = self._board_of(run.pipeline)
        self.process = self.board.process

    def compose(self) -> ComposeResult:
        yield Static(id="heading", markup=False)
        yield Lanes(self.board)
        yield Static(id="status", markup=False)
        yield Keys()

    async def on_mount(self) -> None:
        await self._draw()
        self._begin()

    @property
    def lanes(self) -> Lanes:
        return self.screen_stack[0].query_one(Lanes)

    async def _draw(self) -> None:
        await self.lanes.show(self.board)
        self._head()

    def on_resize(self) -> None:
        if self.screen_stack and self.screen_stack[0].query(Lanes):
            self._head()

    def _read(self) -> Board:
        """The board as it is now, whoever changed it."""
        run = self.run_session
        with closing(Pipeline.find(Path(run.directory), run.fixed_now())) as pipeline:
            return self._board_of(pipeline)

    def _board_of(self, pipeline: Pipeline) -> Board:
        return read_board(
            self.run_session, pipeline, self.process, owners=self.owner_filter,
            has_closed=self.has_closed, wanted=self.wanted,
        )  # fmt: skip

    def _head(self) -> None:
        """Which board it is. The name gives way where the terminal is narrow."""
        deals = count(sum(len(lane.cards) for lane in self.board.lanes), "deal")
        of = self.owner_filter.owner or self.owner_filter.team
        others = sum(self.board.others.values())
        summary = "".join(
            [
                f": {deals} in {self.board.currency}",
                *([f", of {of}"] if of else []),
                *([f', with "{self.wanted}"'] if self.wanted else []),
                *([f"; {others} at other processes"] if others else []),
            ]
        )
        room = max(self.size.width - 2, len(summary) + 4)
        heading = shortened(terminal_line(self.board.name), summary, room)
        self.screen_stack[0].query_one("#heading", Static).update(Content(heading))

    def _begin(self) -> None:
        """Put the cursor into the first lane with cards."""
        lanes = self.lanes.cards()
        next((lane for lane in lanes if lane.option_count), lanes[0]).focus()

    def _focused(self) -> Cards | None:
        return self.focused if isinstance(self.focused, Cards) else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys of the board wait while a window is open above it."""
        return action in ("quit", "dismiss") or len(self.screen_stack) == 1

    def action_look(self, step: int) -> None:
        """Go to the lane beside."""
        lanes = self.lanes.cards()
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
            self._ask_and_close(key)
        elif place >= 0:
            await self._move(key, stages[place])

    def action_close(self, status: str) -> None:
        """Close the deal of the card."""
        here = self._focused()
        key = self._key(here)
        if here and key and here.place in self.board.stages():
            self._ask_and_close(key, status)

    @work(exclusive=True)
    async def _ask_and_close(self, key: str, status: str | None = None) -> None:
        """Ask what `opp won` and `opp lost` take, and run them; a question that is left closes nothing."""
        ends = {"won": "Won", "lost": "Lost"}
        status = status or await self.push_screen_wait(Choice(ends, f"{key} is at the last stage: its end?"))
        words = await (self._won(key) if status == "won" else self._lost(key)) if status else None
        if words is not None and not await self._refusal(*words):
            self.moves.append(key)

    async def _refusal(self, *words: str) -> str:
        """Run a command of the shell, and show what it came to or why it was refused, which is returned."""
        code, out, err = shell(self.run_session, *words)
        if code:
            why = err.strip().removeprefix("error: ")
            await self.action_reload()
            self._refuse(why)
            return why
        self.summaries.append(out.strip())
        await self.action_reload()
        self._say("; ".join([*out.splitlines(), *err.splitlines()]))
        return ""

    @work(exclusive=True)
    async def action_plan(self, what: str) -> None:
        """Log a call on the deal of the card, or plan its next contact; both take the day of the next one.

        A day that is refused is asked for again: what was typed of the call isn't lost by it.
        """
        key, subject = self._key(self._focused()), ""
        if key and what == "call":
            answer: str | None = await self.push_screen_wait(AnswerWindow(f"The call with {key}, in words"))
            subject = answer or ""
        if not key or (what == "call" and not subject):
            return
        end = "empty: no new one" if subject else "none: clear it"
        question = f"The next contact: fri, 3d, fri: send the offer; {end}"
        while (day := await self.push_screen_wait(AnswerWindow(question))) is not None and (subject or day):
            call = ["call", key, subject, *(["--next", day] if day else [])]
            plan = ["opp", "set", key, *planned(day)]
            if not (question := await self._refusal(*(call if subject else plan))):
                return

    async def action_edit(self) -> None:
        """Open the deal of the card in $EDITOR, which has the terminal until it ends."""
        if key := self._key(self._focused()):
            try:
                with self.suspend():
                    run_command(["-C", str(self.run_session.directory), "opp", "edit", key])
            except SuspendNotSupported:
                self._refuse(f"this terminal can't be lent to an editor: pipecli opp edit {key}")
            await self.action_reload()

    @work(exclusive=True)
    async def action_filter(self) -> None:
        """Show the cards that have some words in id, title, customer or owner."""
        wanted = await self.push_screen_wait(AnswerWindow("Show the cards with; empty for all"))
        if wanted is not None:
            self.wanted = wanted
            await self.action_reload()
            self._begin()

    def action_help(self) -> None:
        self.push_screen(TextWindow(help_page))

    async def _won(self, key: str) -> list[str] | None:
        offered = offers(self.run_session, key)
        choice = Choice(offered, f"With which quotation is {key} won?")
        which = await self.push_screen_wait(choice) if len(offered) > 1 else ""
        question = f"The final value of {key}; empty: its quotation's, else what it is worth"
        if which is None or (amount := await self.push_screen_wait(AnswerWindow(question))) is None:
            return None
        words = ["opp", "won", key, *options({"--amount": amount, "--quotation": which})]
        _, _, err = shell(self.run_session, *words, "--dry-run")
        far = next((line for line in err.splitlines() if line.startswith("warning: ")), None)
        meant = {"no": "No", "yes": "Yes, that is the final value"}
        if far and await self.push_screen_wait(Choice(meant, far.removeprefix("warning: "))) != "yes":
            return None
        return words

    async def _lost(self, key: str) -> list[str] | None:
        settings = self.run_session.pipeline.settings_as_written
        reasons = {reason: reason for reason in settings.get("lost_reasons") or ()}
        reason = await self.push_screen_wait(Choice(reasons, f"Why is {key} lost?"))
        if reason is None:
            return None
        asked = AnswerWindow("Which competitor won it? Empty: its only one")
        winner = await self.push_screen_wait(asked) if reason == "competitor" else ""
        asked = AnswerWindow("What happened, in words; may be empty")
        if winner is None or (detail := await self.push_screen_wait(asked)) is None:
            return None
        given = {"--reason": reason, "--competitor": winner, "--detail": detail}
        return ["opp", "lost", key, *options(given)]

    async def _move(self, key: str, to: LaneKey) -> None:
        await self._do(lambda: self._moved(move(self.run_session, key, to.stage)))
        self.lanes.go_to(key)

    def _moved(self, moved: Moved) -> str:
        self.moves.append(moved)
        return moved.summary

    async def action_undo(self) -> None:
        if not self.moves:
            self._refuse("no move of this board is left to undo")
            return
        last = self.moves[-1]
        key = last if isinstance(last, str) else last.before.id

        def undone() -> str:
            if isinstance(last, Moved):
                summary = undo(self.run_session, last)
            else:
                code, summary, err = shell(self.run_session, "opp", "reopen", key)
                if code:
                    raise PipecliError(err.strip().removeprefix("error: "))
            self.moves.pop()
            return summary.strip()

        await self._do(undone)
        self.lanes.go_to(key)

    async def _do(self, change: Callable[[], str]) -> None:
        """Make a change beside the screen, and show what it came to or why it was refused."""
        try:
            summary = await asyncio.to_thread(change)
        except PipecliError as error:
            await self.action_reload()  # somebody may have changed or closed the deal
            self._refuse(str(error))
            return
        self.summaries.append(summary)
        await self.action_reload()
        self._say(summary)

    def _refuse(self, why: str) -> None:
        self._say(f"refused: {why}", is_bad=True)

    def _say(self, text: str, *, is_bad: bool = False) -> None:
        status = self.query_one("#status", Static)
        status.update(Content(terminal_line(text)))
        status.set_class(is_bad, "bad")

    async def action_reload(self) -> None:
        try:
            self.board = await asyncio.to_thread(self._read)
        except PipecliError as error:
            self._refuse(str(error))
            return
        await self._draw()

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

    @work(exclusive=True)
    async def action_owner(self) -> None:
        """Show one user's deals, or everybody's."""
        users: dict[str, Any] = self.run_session.pipeline.settings_as_written.get("users") or {}
        names = {"": "Everybody"} | {slug: user["name"] for slug, user in users.items()}
        if (owner := await self.push_screen_wait(Choice(names))) is not None:
            self.owner_filter = self.owner_filter._replace(owner=owner or None)
            await self.action_reload()

    @work(exclusive=True)
    async def action_process(self) -> None:
        """Show the board of another process."""
        processes: dict[str, Any] = self.run_session.pipeline.settings_as_written["processes"]
        names = {slug: process.get("name", slug) for slug, process in processes.items()}
        if (process := await self.push_screen_wait(Choice(names))) is not None:
            self.process = process
            await self.action_reload()
            self._begin()

    def on_option_list_option_selected(self, chosen: OptionList.OptionSelected) -> None:
        if chosen.option.id and isinstance(chosen.option_list, Cards):
            self.push_screen(TextWindow(partial(page, self.run_session, chosen.option.id)))

    def on_cards_grabbed(self, grabbed: Cards.Grabbed) -> None:
        self.grabbed = grabbed.key
        self.lanes.set_class(bool(grabbed.key), "dragging")

    async def on_cards_dropped(self, dropped: Cards.Dropped) -> None:
        key, self.grabbed = self.grabbed, ""
        self.lanes.remove_class("dragging")
        lane = next((lane.place for lane in self.board.lanes for card in lane.cards if card.id == key), None)
        if key and lane != dropped.place:
            await self._drop(key, lane, dropped.place)

    async def _drop(self, key: str, lane: LaneKey | None, to: LaneKey) -> None:
        stages = self.board.stages()
        if lane not in stages:
            self._refuse(
                f"{key} is {lane.status if lane else 'gone'}; open it again first: pipecli opp reopen {key}"
            )
        elif to.status in ("won", "lost"):
            self._ask_and_close(key, to.status)
        elif to not in stages:
            self._refuse(f"what nobody answers is closed by `pipecli auto-close`; lose it: opp lost {key}")
        else:
            await self._move(key, to)
