"""`notify`: people are told what the commits since the last run did, whoever made them, each thing once."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipecli.cli.main import run
from tests.conftest import Cli, copied
from tests.records_given import DEAL, deal_text
from tests.servers import Hooks, mail_server, nobody

# apprise looks for a module that Python 3.13 has no more.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr':DeprecationWarning")

Git = Callable[..., str]
TEXT = deal_text(
    created="2026-09-01T10:00:00+02:00", customer="contoso-coffee", status=None, amount="5000.00"
)
LUIS = ["-c", "user.name=Luis Gil", "-c", "user.email=LUIS@contoso.example"]


@pytest.fixture(scope="module")
def begun(founded: Path, server: Hooks, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A deal of Ana's, settings that tell the channel `sales`, and a first run behind us."""
    root = copied(founded, tmp_path_factory.mktemp("begun") / "contoso")
    settings = (root / "pipecli.yaml").read_text()
    files = {
        "pipecli.yaml": settings.replace(
            "teams: {}", "  luis: {name: Luis Gil, email: luis@contoso.example}\nteams: {}"
        ).replace("assigned: []", "assigned: [sales]"),
        "customers/contoso-coffee.yaml": "id: contoso-coffee\nname: Contoso Coffee\n",
        DEAL: TEXT,
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIPECLI_CHANNEL_SALES", server.url("sales"))
        subprocess.run(["git", "add", "."], cwd=root, check=True)
        subprocess.run(["git", "commit", "-q", "-m", "by hand"], cwd=root, check=True)
        assert run(["-C", str(root), "notify"]) == 0
    assert server.taken == []
    return root


@pytest.fixture
def root(begun: Path, tmp_path: Path) -> Path:
    return copied(begun, tmp_path / "contoso")


@pytest.fixture(autouse=True)
def _channels(hooks: Hooks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The channel `sales`, and one of Luis's."""
    monkeypatch.delenv("PIPECLI_CHANNEL", raising=False)
    monkeypatch.setenv("PIPECLI_TODAY", "2026-11-21")
    monkeypatch.setenv("PIPECLI_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("PIPECLI_CHANNEL_SALES", hooks.url("sales"))
    monkeypatch.setenv("PIPECLI_CHANNEL_LUIS", hooks.url("luis"))


def told(hooks: Hooks) -> list[tuple[str, str]]:
    """To which path which title was posted since the last question."""
    found = [(each["path"], each["title"]) for each in hooks.taken]
    hooks.taken.clear()
    return found


def by_hand(
    root: Path, git: Git, *changes: tuple[str, str], message: str = "by hand", at: str = "now"
) -> None:
    text = (root / DEAL).read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (root / DEAL).write_text(text)
    git(*LUIS, "commit", "-q", "-m", message, f"--date={at}", "--", DEAL)


def test_a_stage_change_is_told_with_what_one_asks_next(cli: Cli, hooks: Hooks) -> None:
    cli("opp", "advance", "OPP-2Q8XA")

    said = cli("notify", "--format", "json")

    (posted,) = hooks.taken
    assert (posted["path"], posted["title"]) == ("sales", "Espresso machines: qualify → demo")
    first, amount, owner, by = posted["message"].splitlines()
    assert (first, amount, owner) == (
        "OPP-2Q8XA Espresso machines (Contoso Coffee)", "amount: 5,000.00 EUR", "owner: Ana Ruiz",
    )  # fmt: skip
    assert by.startswith("by Ana Ruiz, 20")
    assert json.loads(said.out) == [
        {"to": "sales", "event": "stage-changed", "record": "OPP-2Q8XA", "title": posted["title"]}
    ]


def test_a_win_is_told_with_the_amount_and_the_ranking(cli: Cli, hooks: Hooks) -> None:
    cli("opp", "add", "Grinders", "--organization", "Beans", "--owner", "luis", "--amount", "90000")
    grinders = cli("opp", "list", "--owner", "luis", "--format", "ids").id
    cli("opp", "won", grinders)
    cli("opp", "won", "OPP-2Q8XA", "--amount", "4800")

    cli("notify")

    (posted,) = [each for each in hooks.taken if "Espresso" in each["title"]]
    assert posted["title"] == "Won: Espresso machines, 4,800.00 EUR"
    assert "amount: 4,800.00 EUR\nowner: Ana Ruiz\n" in posted["message"]
    assert "ranking: 14.8 points for Ana Ruiz, place 2 of 2 in 2026-Q4 with 14.8 points" in posted["message"]


def test_who_was_told_of_a_win_hears_that_it_is_open_again(cli: Cli, git: Git, hooks: Hooks) -> None:
    cli("opp", "won", "OPP-2Q8XA", "--amount", "4800")
    cli("opp", "reopen", "OPP-2Q8XA")
    cli("notify")
    assert ("sales", "Open again, was won: Espresso machines, 5,000.00 EUR") in told(hooks)


def test_a_loss_and_a_deal_that_closed_by_itself(root: Path, cli: Cli, git: Git, hooks: Hooks) -> None:
    cli("opp", "lost", "OPP-2Q8XA", "--reason", "competitor", "--competitor", "acme")
    cli("notify")
    assert told(hooks) == [("sales", "Lost: Espresso machines, competitor")]
    cli("opp", "reopen", "OPP-2Q8XA")
    by_hand(root, git, ("status: open", "status: closed\nclosed: {date: 2026-11-21, reason: no-response}"))

    said = cli("notify")

    assert told(hooks) == [
        ("sales", "Open again, was lost: Espresso machines, 5,000.00 EUR"),
        ("sales", "Closed by itself: Espresso machines"),
    ]
    assert "1 message for ana-ruiz, who has no channel here: set PIPECLI_CHANNEL_ANA_RUIZ" in said.err


def test_the_new_owner_is_told_by_their_own_channel(cli: Cli, hooks: Hooks) -> None:
    cli("opp", "assign", "OPP-2Q8XA", "luis")
    cli("lead", "add", "--name", "María López", "--owner", "luis")
    cli("lead", "add", "--name", "Mine", "--owner", "ana-ruiz")

    cli("notify")

    assert sorted(told(hooks)) == [
        ("luis", "Assigned to Luis Gil: Espresso machines"),
        ("luis", "Assigned to Luis Gil: María López"),
        ("sales", "Assigned to Luis Gil: Espresso machines"),
        ("sales", "Assigned to Luis Gil: María López"),
    ]


def test_who_takes_a_deal_need_not_be_told(root: Path, cli: Cli, git: Git, hooks: Hooks) -> None:
    by_hand(root, git, ("owner: ana-ruiz", "owner: luis"))

    assert cli("notify").err == ""

    assert told(hooks) == [("sales", "Assigned to Luis Gil: Espresso machines")]


def test_an_edit_by_hand_is_told_like_a_command(root: Path, cli: Cli, git: Git, hooks: Hooks) -> None:
    by_hand(root, git, ("stage: qualify", "stage: propose"))
    cli("notify")
    assert told(hooks) == [("sales", "Espresso machines: qualify → propose")]
    git("revert", "--no-edit", "HEAD")
    cli("notify")
    assert told(hooks) == [("sales", "Espresso machines: propose → qualify")]
    (root / DEAL).write_text((root / DEAL).read_text().replace("stage: qualify", "stage: demo"))
    cli("notify")
    assert told(hooks) == []  # it is in no commit


def test_a_merged_pull_request_is_told_once(root: Path, cli: Cli, git: Git, hooks: Hooks) -> None:
    git("switch", "-q", "-c", "branch")
    by_hand(root, git, ("stage: qualify", "stage: demo"))
    git("switch", "-q", "main")
    cli("opp", "set", "OPP-2Q8XA", "expected_close=2026-12-01")
    git("merge", "-q", "--no-ff", "-m", "Merge pull request #1", "branch")

    cli("notify")
    cli("notify")

    assert told(hooks) == [("sales", "Espresso machines: qualify → demo")]
    assert "branch" in git("branch")


def test_a_squash_is_told_by_what_it_did(root: Path, cli: Cli, git: Git, hooks: Hooks) -> None:
    git("switch", "-q", "-c", "branch")
    by_hand(root, git, ("stage: qualify", "stage: demo"))
    by_hand(root, git, ("stage: demo", "stage: propose"))
    git("switch", "-q", "main")
    git("merge", "-q", "--squash", "branch")
    git("commit", "-q", "-m", "Squashed (#2)")

    cli("notify")

    assert told(hooks) == [("sales", "Espresso machines: qualify → propose")]


def test_what_was_told_is_not_told_again_after_a_rebase(cli: Cli, git: Git, hooks: Hooks) -> None:
    cli("opp", "advance", "OPP-2Q8XA")
    cli("notify")
    told(hooks)
    git("commit", "-q", "--amend", "-m", "another text")
    git("reflog", "expire", "--expire=now", "--all")
    git("gc", "-q", "--prune=now")

    cli("notify")

    assert told(hooks) == []


def test_a_version_that_cant_be_read_hides_nothing(root: Path, cli: Cli, git: Git, hooks: Hooks) -> None:
    whole = (root / DEAL).read_text()
    (root / DEAL).write_text("id: [\n")
    git("commit", "-q", "-m", "broken", "--", DEAL)
    cli("notify")
    (root / DEAL).write_text(whole.replace("stage: qualify", "stage: demo"))
    git("commit", "-q", "-m", "mended", "--", DEAL)

    cli("notify")

    assert told(hooks) == [("sales", "Espresso machines: qualify → demo")]


def test_an_import_of_the_past_is_no_news(
    given: Callable[[dict[str, str]], None], cli: Cli, hooks: Hooks
) -> None:
    won = "status: won\nclosed: {{date: {}, amount: 100}}\n"
    text = TEXT.replace("Espresso machines", "Old").replace("2Q8XA", "3R9YB")
    given({DEAL.replace("2Q8XA", "3R9YB"): text + won.format("2019-02-01")})
    cli("notify")
    assert told(hooks) == []
    text = text.replace("3R9YB", "4S0ZC").replace("Old", "New")
    given({DEAL.replace("2Q8XA", "4S0ZC"): text + won.format(datetime.now(UTC).date())})
    cli("notify")
    assert told(hooks) == [("sales", "Won: New, 100.00 EUR")]


def test_the_first_run_of_a_clone_begins_with_what_comes_after(
    root: Path, cli: Cli, git: Git, hooks: Hooks
) -> None:
    cli("opp", "advance", "OPP-2Q8XA")
    for ref in git("for-each-ref", "--format=%(refname)", "refs/pipecli").splitlines():
        git("update-ref", "-d", ref)

    cli("notify")
    assert told(hooks) == []
    cli("notify", "--since", "HEAD~1")
    assert told(hooks) == [("sales", "Espresso machines: qualify → demo")]
    cli("notify", "--since", "2026-01-01")
    assert told(hooks) == []
    assert '"nosuch" is neither a date nor' in cli("notify", "--since", "nosuch", code=1).err


def test_a_dry_run_prints_and_sends_nothing(cli: Cli, git: Git, hooks: Hooks) -> None:
    cli("opp", "advance", "OPP-2Q8XA")
    before = git("for-each-ref")

    said = cli("notify", "--dry-run")

    assert said.out.startswith("To: sales\nSubject: Espresso machines: qualify → demo\n\nOPP-2Q8XA ")
    assert (hooks.taken, git("for-each-ref")) == ([], before)
    cli("notify")
    assert len(hooks.taken) == 1


def test_what_is_not_delivered_is_kept_and_the_rest_is_not_sent_again(
    cli: Cli, git: Git, hooks: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIPECLI_CHANNEL_SALES", f"json://127.0.0.1:{nobody()}/s3cret {hooks.url('chat')}")
    cli("opp", "advance", "OPP-2Q8XA")

    said = cli("notify", code=1)

    assert "not delivered by the channel sales: " in said.err
    assert (
        "error: 1 of the messages couldn't be delivered; they are kept, the next run tries again" in said.err
    )
    assert "s3cret" not in said.err + git("show", "refs/pipecli/notify/unsent")
    assert told(hooks) == [("chat", "Espresso machines: qualify → demo")]
    cli("opp", "advance", "OPP-2Q8XA")
    monkeypatch.setenv("PIPECLI_CHANNEL_SALES", f"{hooks.url('desk')} {hooks.url('chat')}")
    cli("notify")
    assert told(hooks) == [
        ("desk", "Espresso machines: qualify → demo"),
        ("desk", "Espresso machines: demo → propose"),
        ("chat", "Espresso machines: demo → propose"),
    ]


def test_what_git_could_not_note_in_full_is_told_by_the_next_run(
    root: Path, cli: Cli, git: Git, hooks: Hooks
) -> None:
    """It moves one ref after the other, and may be killed in between: here the second can't be moved."""
    cli("opp", "advance", "OPP-2Q8XA")
    git("config", "core.logAllRefUpdates", "always")
    (kept := root / ".git/logs/refs/pipecli/notify/unsent/in-the-way").mkdir(parents=True)
    (kept / "file").touch()
    cli("notify", code=1)
    assert told(hooks) == []
    shutil.rmtree(root / ".git/logs/refs/pipecli")
    cli("notify")
    assert told(hooks) == [("sales", "Espresso machines: qualify → demo")]
    git("update-ref", "refs/pipecli/notify/unsent", "HEAD:pipecli.yaml")
    assert "git update-ref -d refs/pipecli/notify/unsent" in cli("notify", code=1).err


def test_many_at_once_are_one_message(root: Path, cli: Cli, git: Git, hooks: Hooks) -> None:
    for stage in range(12):
        old, new = ("qualify", "demo") if stage % 2 == 0 else ("demo", "qualify")
        by_hand(root, git, (f"stage: {old}", f"stage: {new}"), at=f"2026-11-21T10:{stage:02d}:00")

    cli("notify")

    (posted,) = hooks.taken
    assert posted["title"] == "12 changes in the pipeline"
    assert posted["message"].count("Espresso machines: ") == 12


def test_a_channel_that_is_not_ours_is_named(
    root: Path, cli: Cli, hooks: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIPECLI_CHANNEL_SALES")
    cli("opp", "advance", "OPP-2Q8XA")

    said = cli("notify")

    assert "1 message for sales, which isn't a channel here: set PIPECLI_CHANNEL_SALES, or write " in said.err
    assert hooks.taken == []


def test_without_any_channel_it_says_how_to_set_one_up_and_shows_what_it_would_send(
    cli: Cli, refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIPECLI_CHANNEL_SALES")
    monkeypatch.delenv("PIPECLI_CHANNEL_LUIS")

    assert "no channel is configured" in refused("notify")
    cli("opp", "advance", "OPP-2Q8XA")
    said = cli("notify", "--dry-run", "--since", "HEAD~1")
    assert said.out.startswith("To: sales\nSubject: Espresso machines: qualify → demo\n")


def test_a_pipeline_names_channels_and_no_addresses(root: Path, cli: Cli, git: Git, hooks: Hooks) -> None:
    """A stranger's settings can't have us send anything anywhere."""
    settings = root / "pipecli.yaml"
    evil = hooks.url("evil")
    settings.write_text(settings.read_text().replace("stage-changed: [sales]", f"stage-changed: ['{evil}']"))
    (root / "config.toml").write_text(f'[channels]\nsales = "{evil}"\n')
    by_hand(root, git, ("stage: qualify", "stage: demo"))

    said = cli("notify")

    assert hooks.taken == []
    assert "which isn't a channel here" in said.err


def test_a_title_adds_no_header_and_calls_nobody(
    root: Path, cli: Cli, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mail_server() as mails:
        monkeypatch.setenv("PIPECLI_CHANNEL_SALES", mails.url())
        by_hand(
            root,
            git,
            ("title: Espresso machines", 'title: "A\\r\\nBcc: evil@example.com\\r\\n\\r\\n@everyone"'),
            ("stage: qualify", 'stage: "de\\r\\nX-Evil: 1"'),
        )
        cli("notify")

        (mail,) = mails.taken
    assert mail["Subject"] == "A Bcc: evil@example.com @\u200beveryone: qualify → de X-Evil: 1"
    assert (mail["Bcc"], mail["X-Evil"], mail["To"]) == (None, None, "ana@contoso.example")


def test_a_shallow_clone_takes_nothing_old_for_new(
    root: Path, cli: Cli, hooks: Hooks, tmp_path: Path
) -> None:
    cli("opp", "advance", "OPP-2Q8XA")
    shallow = tmp_path / "shallow"
    subprocess.run(["git", "clone", "-q", "--depth=1", f"file://{root}", shallow], check=True)

    assert run(["-C", str(shallow), "notify", "--alone", "--since", "2020-01-01"]) == 0

    assert hooks.taken == []


def test_two_clones_tell_once(
    root: Path, cli: Cli, git: Git, hooks: Hooks, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare, second = tmp_path / "shared.git", tmp_path / "second"
    subprocess.run(["git", "clone", "-q", "--bare", root, bare], check=True)
    git("remote", "add", "origin", str(bare))
    shutil.copytree(root, second)
    cli("opp", "advance", "OPP-2Q8XA")
    git("push", "-q", "origin", "main")
    subprocess.run(["git", "pull", "-q", "--ff-only", "origin", "main"], cwd=second, check=True)

    cli("notify")
    capsys.readouterr()
    assert run(["-C", str(second), "notify", "--dry-run"]) == 0
    assert capsys.readouterr().out == ""
    assert run(["-C", str(second), "notify"]) == 0

    assert told(hooks) == [("sales", "Espresso machines: qualify → demo")]
    cli("opp", "advance", "OPP-2Q8XA")
    bare.rename(tmp_path / "moved.git")
    assert "origin can't be reached" in cli("notify", code=1).err
    assert told(hooks) == []
    said = cli("notify", "--dry-run")
    assert "demo → propose" in said.out and "warning: origin can't be reached" in said.err
    cli("notify", "--alone")  # what was kept is sent
    assert told(hooks) == [("sales", "Espresso machines: demo → propose")]


def test_what_two_machines_did_alike_is_told_once(
    root: Path, cli: Cli, git: Git, hooks: Hooks, tmp_path: Path
) -> None:
    bare, second = tmp_path / "shared.git", tmp_path / "second"
    subprocess.run(["git", "clone", "-q", "--bare", root, bare], check=True)
    git("remote", "add", "origin", str(bare))
    git("fetch", "-q")
    git("branch", "-q", "--set-upstream-to=origin/main")
    cli("settings", "set", "notifications.closed=[sales]")
    cli("activity", "add", "OPP-2Q8XA", *"--type email --direction out --subject Offer --done".split(),
        "--at", "2026-11-20T10:00")  # fmt: skip
    cli("sync")
    cli("notify", "--since", "2020-01-01")
    told(hooks)
    shutil.copytree(root, second)
    mail = tmp_path / "mail.eml"
    mail.write_text(
        "From: Eve <eve@shop.example>\nTo: luis@contoso.example\nMessage-ID: <1@shop.example>\n"
        "Date: Mon, 21 Dec 2026 09:00:00 +0100\nSubject: Hello\n\nHello\n"
    )
    for name, place in (("CRM", root), ("Other CRM", second)):
        for key, value in (("name", name), ("email", f"{name.replace(' ', '-')}@contoso.example")):
            subprocess.run(["git", "config", f"user.{key}", value], cwd=place, check=True)
        for job in (["auto-close"], ["inbox", "import", str(mail), "--create-leads"]):
            assert run(["-C", str(place), "--today", "2026-12-21", *job]) == 0
    for place in (root, second, root):
        assert run(["-C", str(place), "sync"]) == 0

    for place in (root, second):
        assert run(["-C", str(place), "--today", "2026-12-21", "notify"]) == 0

    assert sorted(told(hooks)) == [
        ("luis", "Assigned to Luis Gil: Shop"),
        ("sales", "Assigned to Luis Gil: Shop"),
        ("sales", "Closed by itself: Espresso machines"),
    ]
