"""The board on the whole terminal, with a person's keys and mouse (textual's pilot)."""

from __future__ import annotations

import asyncio

import pytest
import ryaml
from textual._context import active_app

from pipecli.cli.common.session import Session
from tests.by_hand import write_and_commit
from tests.later import Later

board_app, widgets = (Later(f"pipecli.cli.opportunity.board_{part}") for part in ("app", "widgets"))

KEY = "OPP-10001"


HOPS = 6
"""The most widgets that one key goes through; from a key to the next question there are four."""


async def at_rest(*_):
    """Wait until the app has done all that a key led to, or asks the next question."""
    app = active_app.get()
    hops = 0
    while hops < HOPS:
        widgets = [widget for screen in app.screen_stack for widget in screen.query("*") if widget.can_focus]
        pumps = [app, *app.screen_stack, *widgets]
        handled = [event for pump in pumps if pump.call_later((event := asyncio.Event()).set)]
        for event in handled:
            await event.wait()
        hops += 1
        if len(app.screen_stack) == 1 and any(worker.is_running for worker in app.workers):
            hops = 0
            await asyncio.sleep(0.002)


@pytest.fixture(autouse=True)
def _exact_rest(monkeypatch):
    """Have the app asked: the pilot takes one for resting that a busy machine keeps from the processor."""
    monkeypatch.setattr("textual.pilot.wait_for_idle", at_rest)
    monkeypatch.setattr("textual.app.wait_for_idle", lambda *_: asyncio.sleep(0))


@pytest.fixture(autouse=True)
def _unpainted(request, monkeypatch):
    """What a story looks at, it asks the widgets: only with `painted` is the screen drawn after each key."""
    if "painted" not in request.fixturenames:
        paint = "textual._compositor.Compositor.render_update"
        monkeypatch.setattr(paint, lambda compositor, **_: compositor._dirty_regions.clear())


@pytest.fixture
def painted():
    """Every widget is drawn, as on a person's terminal."""


@pytest.fixture
def root(root, monkeypatch):
    """One deal at `demo`, which has a step, and one of somebody else at `commit`."""
    monkeypatch.setenv("PIPECLI_TODAY", "2026-11-21")
    files = {
        f"opportunities/2026/{key}-deal.yaml": (
            f"id: {key}\ncreated: 2026-11-01T10:00:00+01:00\ntitle: '{title}'\nprocess: standard\n"
            f"stage: {stage}\nstatus: open\nowner: {owner}\ncurrency: EUR\namount: 100\nprobability: 33\n"
        )
        for key, title, stage, owner in (
            (KEY, "[b]Espresso[/b] <machines>", "demo", "ana-ruiz"),
            ("OPP-10002", "دستگاه اسپرسو", "commit", "luis"),
        )
    }
    text = (root / "pipecli.yaml").read_text().replace("teams:", "  luis: {name: Luis Gil}\nteams:", 1)
    settings = text.replace("name: Propose\n", "name: Propose\n      steps: [send the offer]\n")
    write_and_commit(root, {**files, "pipecli.yaml": settings}, "deals")
    return root


async def pressed(app, pilot, keys):
    """Press keys and wait after each: a word is a list, a drag of a card two lanes, a look a function."""
    for key in keys:
        if callable(key):
            key(app)
            continue
        if isinstance(key, tuple):
            start, end = (app.query_one(f"#cards-{lane}") for lane in key)
            await pilot.mouse_down(start, offset=(4, 2))
            await pilot.hover(end, offset=(4, 2))
            await pilot.mouse_up(end, offset=(4, 2))
        else:
            await pilot.press(*key) if isinstance(key, list) else await pilot.press(key)
        await pilot.pause()


def status_of(app):
    return str(app.query_one("#status").content) if len(app.screen_stack) == 1 else ""


def heading_of(app):
    return str(app.screen_stack[0].query_one("#heading").content)


def played(root, *keys, closed=False, size=(125, 30)):
    """Run the board with these keys; the app, as it was at the end."""

    async def play():
        run = Session()
        run.directory, run.today_text = str(root), "2026-11-21"
        app = board_app.BoardApp(run, "", has_closed=closed)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await pressed(app, pilot, keys)
            text = app.screen.text if isinstance(app.screen, widgets.TextWindow) else ""
            return app, status_of(app), heading_of(app), text

    return asyncio.run(play())


def stage(root, key=KEY):
    (file,) = root.glob(f"opportunities/**/{key}-*.yaml")
    return ryaml.loads(file.read_text())["stage"]


def test_a_card_moves_on_with_a_key_as_one_commit(root, git):
    app, status, _, _ = played(root, "greater_than_sign")
    assert stage(root) == "propose"
    moved = f"{KEY}: advance demo → propose"
    assert status.startswith(f"{moved}; the probability set by hand, 33 %, is dropped")
    assert app.summaries == [status]
    assert git("log", "-1", "--format=%s") == moved
    assert "Pipecli-Event: stage-changed" in git("log", "-1", "--format=%b")
    assert git("status", "--porcelain") == ""


def test_the_cursor_goes_with_the_card(root):
    assert stage(root) == "demo"
    played(root, "shift+right", "shift+left")
    assert stage(root) == "demo"


def test_a_refusal_is_shown_in_the_words_of_the_shell_and_changes_nothing(root, git):
    before = git("rev-parse", "HEAD~0")
    _, status, _, _ = played(root, "greater_than_sign", "greater_than_sign")
    assert status == (
        f"refused: {KEY} can't advance to negotiate: steps not done: send the offer; "
        "add what is missing with `opp step done` or `opp set`, or override with --force"
    )
    assert stage(root) == "propose"
    assert git("rev-parse", "HEAD~1") == before


def closed(root, key=KEY):
    (file,) = root.glob(f"opportunities/2026/{key}-*.yaml")
    plain = ryaml.loads(file.read_text())
    return plain["status"], plain.get("closed")


def test_past_the_last_stage_a_deal_is_won_or_lost_with_the_questions_of_the_verbs(root, git):
    head = git("rev-parse", "HEAD")

    def is_open(_):
        assert git("rev-parse", "HEAD") == head  # a question that is left closes nothing

    end = "greater_than_sign"
    left = (end, "escape", end, "enter", "escape", end, "down", "enter", "enter", "escape")
    app, status, _, _ = played(
        root, "right", "right", "right", *left, is_open, end, "enter", ["9", "0"], "enter"
    )
    assert closed(root, "OPP-10002") == ("won", {"date": "2026-11-21", "amount": 90})
    assert status.startswith("OPP-10002 دستگاه اسپرسو: won 90.00 EUR; won without a quotation")
    assert app.summaries == ["OPP-10002 دستگاه اسپرسو: won 90.00 EUR"]
    _, status, _, _ = played(root, "l", "h", "L", [*"price"], "enter", [*"Dear"], "enter", "u")
    assert git("log", "-1", "--format=%s", "HEAD~1") == f"{KEY}: lost: price"
    assert status == f"{KEY} [b]Espresso[/b] <machines>: reopen at demo, was lost (price)"
    assert closed(root) == ("open", None)


def test_a_refused_end_and_one_far_from_the_quotation(root, cli):
    _, status, _, _ = played(root, "w", [*"lots"], "enter")
    assert status.startswith('refused: --amount: "lots" isn\'t a number')
    cli("customer", "add", "Contoso")
    cli("opp", "set", KEY, "customer=contoso", "amount=")
    cli("opp", "item", "add", KEY, "--description", "Machine", "--price", "100")
    cli("quote", "send", cli("quote", "new", KEY, "--format", "ids").id)

    def is_open(_):
        assert closed(root)[0] == "open"

    amount = ("w", [*"150"], "enter")
    played(root, *amount, "n", "enter", is_open, *amount, "y", "enter")
    assert closed(root)[0] == "won"
    cli("opp", "reopen", KEY)
    second = cli("quote", "new", KEY, "--format", "ids").id
    cli("quote", "send", second)
    played(root, "w", [*second[-5:].lower()], "enter", "enter")
    assert closed(root)[1]["quotation"] == second


def test_the_last_move_is_undone_with_its_probability(root, git):
    app, status, _, _ = played(root, "greater_than_sign", "u")
    (file,) = root.glob(f"opportunities/**/{KEY}-*.yaml")
    assert ryaml.loads(file.read_text())["probability"] == 33
    assert stage(root) == "demo"
    assert git("log", "-1", "--format=%s") == f"{KEY}: undo advance demo → propose" == status
    assert len(app.summaries) == 2


def test_with_nothing_to_undo_it_says_so(root):
    assert "no move of this board is left" in played(root, "right", "u")[1]


def test_what_another_has_moved_since_is_not_undone(root, cli):
    async def play():
        run = Session()
        run.directory = str(root)
        app = board_app.BoardApp(run, "", has_closed=False)
        async with app.run_test(size=(125, 30)) as pilot:
            await pilot.press("greater_than_sign")
            await pilot.pause()
            await asyncio.to_thread(cli, "opp", "advance", KEY, "--force")
            await pilot.press("u")
            await pilot.pause()
            status = str(app.query_one("#status").content)
            await asyncio.to_thread(cli, "opp", "lost", KEY, "--reason", "price")
            await pilot.press("greater_than_sign")
            await pilot.pause()
            return status, str(app.query_one("#status").content), app.board.lanes

    undone, moved, lanes = asyncio.run(play())
    assert f"refused: {KEY} has moved to negotiate" in undone
    assert stage(root) == "negotiate"
    assert f"refused: {KEY} is lost" in moved
    assert not any(card.id == KEY for lane in lanes for card in lane.cards)


def test_a_card_is_dragged_with_the_mouse(root):
    played(root, ("open-demo", "open-qualify"))
    assert stage(root) == "qualify"


def test_a_card_dropped_on_what_is_lost_is_asked_why(root, git):
    head, lost = git("rev-parse", "HEAD"), ("open-demo", "lost-")

    def is_told_the_way(app):
        assert "pipecli auto-close" in status_of(app)
        assert git("rev-parse", "HEAD") == head

    why = [[*"comp"], "enter", [*"acme"], "enter", "enter"]
    keys = [lost, "escape", ("open-demo", "closed-"), is_told_the_way, lost, *why]
    _, status, _, _ = played(root, *keys, closed=True, size=(200, 30))
    assert status == f"{KEY} [b]Espresso[/b] <machines>: lost to acme: competitor"


def test_a_card_opens_as_its_page(root):
    _, _, _, text = played(root, "enter")
    assert "Demo, 2 of 5 (standard)" in text
    assert "[b]Espresso[/b] <machines>" in text


def test_keys_of_the_board_wait_while_a_card_is_open(root):
    played(root, "enter", "greater_than_sign", "escape", "shift+left")
    assert stage(root) == "qualify"


def test_it_shows_the_deals_of_one_owner(root):
    assert "standard: 1 deal in EUR, of luis" in played(root, "o", "down", "down", "enter")[2]


def test_of_many_owners_what_is_typed_finds_one(root):
    def is_of(words):
        def look(app):
            assert words in heading_of(app)

        return look

    nobody, luis = ("o", [*"nobody"], "enter", "escape"), ("o", [*"gil"], "enter")
    ana = ("o", "r", "enter")  # a word that begins so, before EveRybody
    played(root, *nobody, is_of("2 deals in EUR"), *luis, is_of("of luis"), *ana, is_of("of ana-ruiz"))


def test_the_board_of_another_process(root, cli):
    cli("settings", "set", "processes.repair={name: Repairs, stages: [{id: visit, probability: 50}]}")
    heading = played(root, "p", [*"rep"], "enter")[2]
    assert heading == "Repairs: 0 deals in EUR; 2 at other processes"


@pytest.mark.parametrize("size", [(40, 12), (200, 50)])
def test_on_a_terminal_of_any_size_nothing_is_wider_than_its_lane(root, size, painted):
    settings = root / "pipecli.yaml"
    settings.write_text(settings.read_text().replace("name: Demo", f"name: {'Demonstration ' * 30}"))
    (file,) = root.glob(f"opportunities/**/{KEY}-*.yaml")
    file.write_text(file.read_text().replace("amount: 100", "amount: 123456789012345"))

    async def play():
        run = Session()
        run.directory, run.today_text = str(root), "2026-11-21"
        app = board_app.BoardApp(run, "", has_closed=False)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            labels = [(str(label.content), label.size) for label in app.query(".lane Label")]
            await pilot.press("enter")
            for columns in (size[0], 60):  # an opened card fits its frame, and goes on fitting
                await pilot.resize_terminal(columns, size[1])
                for _ in range(100):  # the window hears of its new size after the terminal
                    await pilot.pause(0.02)
                    frame = app.screen.query_one("VerticalScroll").scrollable_content_region
                    lines = [line for line in app.screen.text.splitlines() if "123,456" not in line]  # a word
                    if (widest := max(map(len, lines))) <= frame.width < columns:
                        break
                assert widest <= frame.width < min(columns, 104)  # within the window's border
            await pilot.press("escape")
            await pilot.resize_terminal(*size)
            await pilot.pause()
            cards = app.query_one("#cards-open-demo")
            prompt = str(cards.get_option_at_index(0).prompt)
            return labels, prompt, cards.size.width

    labels, prompt, width = asyncio.run(play())
    for text, room in labels:
        assert room.height == 1
        assert len(text) <= room.width
    assert any(text.endswith("…  1") for text, _ in labels)
    assert max(map(len, prompt.splitlines())) <= width - 2
    assert "123T" in prompt if size == (40, 12) else "123,456,789,012,345.00" in prompt


def test_a_button_let_go_elsewhere_moves_nothing_later(root):
    async def play():
        run = Session()
        run.directory = str(root)
        app = board_app.BoardApp(run, "", has_closed=False)
        async with app.run_test(size=(125, 30)) as pilot:
            await pilot.pause()
            demo, qualify = (app.query_one(f"#cards-open-{name}") for name in ("demo", "qualify"))
            await pilot.mouse_down(demo, offset=(4, 2))
            await pilot.mouse_up("#heading")
            await pilot.mouse_down(qualify, offset=(4, 2))
            await pilot.mouse_up(qualify, offset=(4, 2))
            await pilot.pause()
            return app.summaries

    assert asyncio.run(play()) == []
    assert stage(root) == "demo"


def test_closed_deals_are_read_when_asked_for(root, cli):
    cli("opp", "won", KEY, "--amount", "5")
    app, _, heading, _ = played(root, "a")
    assert "2 deals" in heading
    assert [lane.name for lane in app.board.lanes][-3:] == ["Won", "Lost", "Closed"]


def test_another_broken_file_is_said_and_not_a_crash(root):
    async def play():
        run = Session()
        run.directory = str(root)
        app = board_app.BoardApp(run, "", has_closed=False)
        async with app.run_test(size=(125, 30)) as pilot:
            (root / "opportunities/2026/OPP-10003-x.yaml").write_text("id: [")
            await pilot.press("r")
            await pilot.pause()
            return str(app.query_one("#status").content)

    assert "OPP-10003-x.yaml:1" in asyncio.run(play())


def test_an_empty_board_opens(root):
    for file in root.glob("opportunities/2026/*"):
        file.unlink()
    assert "0 deals" in played(root, "greater_than_sign", "left", "right")[2]


def test_the_morning_on_the_board(root, git, painted):
    """A call is logged with its next contact, another one planned, cards are filtered; ? has every key."""
    (file,) = root.glob(f"opportunities/**/{KEY}-*.yaml")

    def is_logged(app):
        assert f'{KEY}: log call "Talk", next contact 2026-11-27' in git("log", "-1", "--format=%s")
        assert "log call" in status_of(app)

    def is_planned(_):
        assert "next_contact.date" in git("log", "-1", "--format=%s")
        plan = ryaml.loads(file.read_text())["next_contact"]
        assert (plan["date"], plan["note"]) == ("2026-12-15", "offer")

    def has_no_plan(_):
        assert "next_contact" not in ryaml.loads(file.read_text())

    def has_all_keys(app):
        shown = {binding.key_display or binding.key for binding in app.BINDINGS if binding.show}
        assert all(key in app.screen.text for key in shown)  # what the footer says is all there is

    def is_not_lent(app):
        assert "can't be lent to an editor" in status_of(app)

    def is_filtered(app):
        assert [card.id for lane in app.board.lanes for card in lane.cards] == [KEY]
        assert f'with "{KEY.lower()} éspr"' in heading_of(app)

    call = ["c", [*"Talk"], "enter", [*"fir"], "enter", [*"fri"], "enter"]  # a wrong day loses no words
    plan = ["n", [*"15", "space", *"dec", "colon", "space", *"offer"], "enter"]
    words = ["slash", [*KEY.lower(), "space", *"éspr"], "enter"]
    app, *_ = played(
        root, *call, is_logged, *plan, is_planned, "n", [*"none"], "enter", has_no_plan,
        "question_mark", has_all_keys, "escape", "e", is_not_lent, *words, is_filtered,
        "c", "ctrl+c",  # as everywhere in a shell
    )  # fmt: skip
    assert app.return_code == 0
