"""A command that is killed, stopped or overtaken by a hand edit: nothing is lost, nothing false is said."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from errno import ENOSPC
from pathlib import Path

import pytest

from pipecli.__main__ import main as start_of_the_program
from pipecli.cli.main import run
from pipecli.errors import PipecliError
from pipecli.store import change_journal, lock_and_signals, safe_files
from pipecli.store.location import find_location
from pipecli.store.pipeline import Pipeline
from pipecli.store.power_cut_and_killed_git import moving
from tests.warm import Forked

pytestmark = pytest.mark.skipif(not hasattr(os, "killpg"), reason="kills whole groups of processes")


def hook(root: Path, name: str, text: str) -> None:
    file = root / ".git/hooks" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)


Running = Forked | subprocess.Popen[str]


@pytest.fixture
def start(root: Path, warm: Path) -> Callable[..., Running]:
    """Start pipecli in a group of its own, and wait until a hook of its commit runs.

    As a fork of a process that has imported it, unless a story is of the program itself: `cold`.
    """

    def call(*arguments: str, cold: bool = False) -> Running:
        command = [sys.executable, "-m", "pipecli", "-C", str(root), *arguments]
        running: Running = (
            subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
            )
            if cold
            else Forked(warm, *command[3:])
        )
        deadline = time.monotonic() + 30
        while not (root / ".git/hook-runs").exists():
            assert running.poll() is None, running.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return running

    return call


WAITS = "touch .git/hook-runs; sleep 60"


def kill(running: Running) -> None:
    """Kill a command, its git and its hooks, as a power cut or the system's want of memory does."""
    os.killpg(running.pid, signal.SIGKILL)
    running.communicate(timeout=20)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and works(running.pid):  # its git and the hook die a moment later
        time.sleep(0.01)


def works(group: int) -> bool:
    """True while a process of a group does anything; a dead one may stay listed for seconds."""
    if not Path("/proc/self/stat").exists():
        with suppress(ProcessLookupError):
            os.killpg(group, 0)
            return True
        return False
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, in_group = file.read_text().rpartition(")")[2].split()[:3]
            if int(in_group) == group and state not in "ZX":
                return True
    return False


def test_ctrl_c_after_git_has_the_commit_is_told_as_done(deal, git, root, start):
    file = deal()
    before = git("rev-parse", "HEAD")
    hook(root, "post-commit", WAITS)
    running = start("opp", "set", "2q8", "amount=1", cold=True)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=20)

    assert (running.returncode, out, err) == (0, "OPP-2Q8XA Espresso machines: set amount\n", "")
    assert git("rev-parse", "HEAD~1") == before
    assert "amount: 1\n" in file.read_text()
    assert git("status", "--porcelain") == ""


def test_ctrl_c_at_the_very_end_shows_no_traceback(root):
    ends = """
import os, signal, sys
from pipecli.cli.common.session import Session
from pipecli.cli.main import main
from pipecli.store.pipeline import Pipeline
def interrupted(*_): os.kill(os.getpid(), signal.SIGINT)
Pipeline.close = interrupted
if sys.argv[1] == "twice":
    Session.pipeline = property(interrupted)
    Session.interruption = interrupted
sys.argv[:2] = ["pipecli"]
main()
"""
    for way, code in (("once", 0), ("twice", 130)):
        words = [sys.executable, "-c", ends, way, "-C", root, "opp", "list"]
        ended = subprocess.run(words, capture_output=True, text=True, check=False)
        assert (ended.returncode, "Traceback" in ended.stderr) == (code, False), ended.stderr


def test_ctrl_c_while_the_program_starts_shows_no_traceback(monkeypatch, capsys):
    class Interrupts:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "pipecli.cli.main":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "pipecli.cli.main")
    monkeypatch.setattr(sys, "meta_path", [Interrupts(), *sys.meta_path])
    monkeypatch.setattr(sys, "argv", ["pipecli", "opp", "list"])
    with pytest.raises(SystemExit, match="130"):
        start_of_the_program()
    assert capsys.readouterr().err == "error: interrupted; nothing is changed\n"


def test_a_kill_before_the_commit_is_undone_by_the_next_command(cli, deal, git, root, start):
    file = deal()
    text, before, about = file.read_bytes(), git("rev-parse", "HEAD"), file.stat()
    hook(root, "pre-commit", WAITS)
    kill(start("opp", "set", "2q8", "amount=1", cold=True))
    assert "amount: 1\n" in file.read_text()
    assert (root / ".git/index.lock").exists()

    listed = cli("opp", "list")  # a reading one

    assert listed.err == "undone: OPP-2Q8XA: set amount (the command was cut off)\n"
    assert "4,998" in listed.out
    assert (file.read_bytes(), file.stat().st_mtime_ns) == (text, about.st_mtime_ns)
    assert (git("rev-parse", "HEAD"), git("status", "--porcelain")) == (before, "")
    assert [*root.glob(".git/pipecli/root/journal*"), *root.glob(".git/pipecli/root/before-*")] == []
    assert cli("opp", "list").err == ""
    (root / ".git/hooks/pre-commit").unlink()
    cli("opp", "set", "2q8", "amount=1")


def test_a_kill_takes_what_is_new_with_it(cli, git, root, start):
    hook(root, "pre-commit", WAITS)
    kill(start("product", "add", "cafe-s-100", "--name", "Café"))
    assert git("ls-files", "products") != ""

    (root / ".git/hooks/pre-commit").unlink()
    said = cli("product", "add", "cafe-s-100", "--name", "Café")

    assert said.err == "undone: cafe-s-100: add product Café (the command was cut off)\n"
    assert git("status", "--porcelain") == ""
    assert git("show", "--format=", "--name-only") == "products/cafe-s-100.yaml"


def test_a_kill_after_the_commit_is_finished_by_the_next_command(cli, deal, git, root, start):
    deal()
    hook(root, "post-commit", WAITS)
    kill(start("opp", "set", "2q8", "amount=1"))

    said = cli("opp", "show", "2q8", "--format", "json")

    commit = git("rev-parse", "--short=7", "HEAD")
    assert said.err == (f"finished: OPP-2Q8XA: set amount, it is commit {commit} (the command was cut off)\n")
    assert '"amount": 1' in said.out
    assert git("status", "--porcelain") == ""
    assert not list((root / ".git").rglob("*.lock"))


def test_the_git_of_a_killed_command_may_end_its_work_first(cli, deal, git, root, start):
    """Only pipecli is killed: its git lives on, and commits."""
    deal()
    hook(root, "pre-commit", "touch .git/hook-runs; sleep 1")
    running = start("opp", "set", "2q8", "amount=1")
    running.kill()
    running.communicate(timeout=20)

    read = cli("opp", "list")
    assert read.err == ""  # reading doesn't wait for it
    (root / ".git/hooks/pre-commit").unlink()
    said = cli("opp", "set", "2q8", "probability=5")

    assert said.err.startswith("finished: OPP-2Q8XA: set amount, it is commit ")
    assert git("log", "--format=%s", "-2").splitlines() == [
        "OPP-2Q8XA: set probability",
        "OPP-2Q8XA: set amount",
    ]
    assert git("status", "--porcelain") == ""


def test_a_hand_edit_on_top_of_a_killed_change_stops_and_is_kept(cli, refused, deal, git, root, start):
    file = deal()
    hook(root, "pre-commit", WAITS)
    kill(start("opp", "set", "2q8", "amount=1"))
    (root / ".git/hooks/pre-commit").unlink()
    file.write_text(file.read_text() + "notes: by hand\n")
    edited = file.read_text()

    said = refused("opp", "set", "2q8", "probability=5")
    name = str(file.relative_to(root))
    assert said == (
        "error: a command that was cut off (OPP-2Q8XA: set amount) had written "
        f"{name}, and that was changed since; keep it: `git add` and `git commit` {name}; or go back to the "
        f"last commit: `git checkout -- {name}`, or delete the file where git has none"
    )
    read = cli("opp", "list")
    assert read.err.startswith("warning: a command that was cut off (OPP-2Q8XA: set amount)")
    assert file.read_text() == edited

    git("commit", "-qam", "kept")
    said = cli("opp", "set", "2q8", "probability=5").err
    assert said.startswith("undone but for what was changed since: OPP-2Q8XA: set amount (the command was")
    assert "amount: 1\n" in file.read_text() and "notes: by hand\n" in file.read_text()
    assert git("status", "--porcelain") == ""


def test_a_link_that_a_person_put_in_the_place_of_a_file_stops_and_stays(refused, deal, root):
    file = deal()
    name, text = file.relative_to(root).as_posix(), file.read_text()
    killed_change(
        root,
        {name: (text, f"{text}notes: x\n"), "customers/new.yaml": (None, "id: new\n")},
        is_committing=True,
    )
    file.unlink()
    for link in (file, root / "customers/new.yaml"):  # of the second nothing was there before
        link.parent.mkdir(exist_ok=True)
        link.symlink_to(os.devnull)
    assert f"had written {name}, and that was changed since" in refused("opp", "set", "2q8", "amount=1")
    assert file.is_symlink() and (root / "customers/new.yaml").is_symlink()


def test_a_hand_edit_while_a_hook_refuses_is_kept_and_named(cli, deal, git, root):
    file = deal()
    text = file.read_text()
    name = str(file.relative_to(root))
    hook(root, "pre-commit", f"echo 'notes: by hand' >> {name}; echo no >&2; exit 1")

    said = cli("opp", "set", "2q8", "amount=1", code=1)

    kept = root / ".git/pipecli/root/kept" / name.replace("/", "-")
    assert said.err == (
        f"error: git refused the commit: no; {name} was changed by somebody meanwhile "
        f"and stays as it is now; as it was before this command: {kept}\n"
    )
    assert file.read_text() == text.replace("4998.00", "1") + "notes: by hand\n"
    assert kept.read_text() == text
    (root / ".git/hooks/pre-commit").unlink()
    cli("opp", "set", "2q8", "amount=2")


def test_the_lock_of_another_git_is_named_and_left(refused, deal, root):
    deal()
    lock = root / ".git/index.lock"
    lock.touch()
    said = refused("opp", "set", "2q8", "amount=1")
    assert said == (
        "error: another git command is at work in this repository; "
        f"wait for it; if there is none, remove {lock}"
    )
    assert lock.exists()


def test_a_polite_kill_of_git_alone_leaves_nothing(cli, deal, git, root):
    """The system kills the process that takes most memory: that may be git."""
    file = deal()
    text = file.read_bytes()
    hook(root, "pre-commit", "kill -9 $PPID")

    said = cli("opp", "set", "2q8", "amount=1", code=1)

    assert said.err.startswith("error: git refused the commit, nothing is changed")
    assert file.read_bytes() == text
    assert git("status", "--porcelain") == ""
    assert not (root / ".git/index.lock").exists()


def test_a_git_that_is_killed_once_it_has_the_commit_leaves_nothing_staged(cli, deal, git, root):
    """It dies between HEAD and its index: the change is done, and its locks go."""
    deal()
    hook(root, "reference-transaction", '[ "$1" != committed ] || kill -9 $PPID')
    cli("opp", "set", "2q8", "amount=1")
    assert git("log", "-1", "--format=%s") == "OPP-2Q8XA: set amount"
    assert git("status", "--porcelain") == "" and not list((root / ".git").glob("*.lock"))


def test_a_polite_kill_is_as_ctrl_c_as_long_as_the_pipeline_is_held(root):
    """Once git has the commit, too: while the index takes the change in."""
    with Pipeline(find_location(root)).exclusive():
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGHUP)  # as systemd sends both: the undoing of the first goes on
        signal.raise_signal(signal.SIGINT)


def test_a_polite_kill_as_a_journal_is_written_leaves_none(root, monkeypatch):
    location = find_location(root)
    monkeypatch.setattr(change_journal.power_cut, "hold_file", lambda _: signal.raise_signal(signal.SIGTERM))
    with (
        pytest.raises(KeyboardInterrupt),
        lock_and_signals.hold_pipelines(location.cache),
        change_journal.journal_of_git_work(location, "sync"),
    ):
        pytest.fail("the signal came before the work")
    assert not location.journal.exists()


def test_what_nohup_has_ignored_stays_ignored(root):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Pipeline(find_location(root)).exclusive():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_ctrl_c_while_the_journal_of_a_change_is_cleared_is_told_as_done(cli, deal, git, root, monkeypatch):
    """By the time that its last files go, the change is done; what is left of them goes all the same."""
    deal()
    hook(root, "pre-commit", "exit 0")
    unlink = Path.unlink

    def stopped(path, **options):
        if path.name == "before-0":
            monkeypatch.setattr(Path, "unlink", unlink)
            signal.raise_signal(signal.SIGINT)
        unlink(path, **options)

    monkeypatch.setattr(Path, "unlink", stopped)
    assert "set amount" in cli("opp", "set", "2q8", "amount=1").out
    assert git("status", "--porcelain") == "" and not list((root / ".git/pipecli").rglob("before-*"))


def test_nothing_is_told_of_a_change_that_a_hook_refused(cli, deal, root):
    """Its order, a contact that is settled: a note says what is so with the commit only."""
    deal()
    assert "nothing is ordered" in cli("opp", "won", "OPP-2Q8XA", "--dry-run").err
    hook(root, "pre-commit", "exit 1")
    said = cli("opp", "won", "OPP-2Q8XA", code=1).err
    assert said == "error: git refused the commit, nothing is changed: git ended with 1\n"


def test_a_hook_that_refuses_the_removal_of_hundreds_leaves_none_of_them_staged(
    cli, deal, git, root, monkeypatch
):
    file = deal()
    text = file.read_bytes()
    hook(root, "pre-commit", "echo no >&2; exit 1")
    monkeypatch.setattr("pipecli.store.git_commit.MANY", 0)  # of so many git takes each into its index first
    said = cli("opp", "remove", "OPP-2Q8XA", code=1).err
    assert "error: git refused the commit, nothing is changed: no" in said
    assert (file.read_bytes(), git("status", "--porcelain")) == (text, "")


@pytest.mark.parametrize("verb", ["update-index", "fast-import", "commit"])
def test_a_git_that_was_started_as_a_signal_came_is_waited_for(cli, git, root, monkeypatch, verb):
    """The signal comes before anybody knows of its process."""
    started, unseen = subprocess.Popen, []

    def popen(command, **more):
        process = started(command, **more)
        if command[0] == "git" and verb in command:
            monkeypatch.setattr(subprocess, "Popen", started)
            unseen.append(process)
            for stream in filter(None, (process.stdin, process.stdout, process.stderr)):
                stream.close()
            raise KeyboardInterrupt
        return process

    hook(root, "pre-commit", "sleep 0.5")
    monkeypatch.setattr("pipecli.store.git_commit.MANY", 500 if verb == "update-index" else 0)
    before = git("rev-parse", "HEAD")
    monkeypatch.setattr(subprocess, "Popen", popen)
    said = cli("product", "add", "mill", "--name", "Mill", code=0 if verb == "commit" else 130).err
    assert [process.wait() for process in unseen] == [0]
    is_same = git("rev-parse", "HEAD") == before
    assert (git("status", "--porcelain"), "nothing is changed" in said) == ("", is_same)
    assert not [*(root / ".git").rglob("*.lock"), *(root / ".git").rglob("*.keep")]


KILLED_PACKING = """\
import os, signal, sys, time
from pathlib import Path
from pipecli.cli.main import run
from pipecli.store import git_commit
git_commit.MANY = 0
def make(commit, *_):
    commit._working.stdin.flush()
    while not [*Path(sys.argv[2], ".git/objects/pack").glob("tmp_pack_??????")]:
        time.sleep(0.01)
    commit._working.kill()
    commit._working.wait()
    os.kill(os.getpid(), signal.SIGKILL)
git_commit.NewCommit.make = make
run(sys.argv[1:])
"""


def test_a_pack_that_a_killed_git_had_begun_is_removed_and_no_other(cli, git, root):
    packs = root / ".git/objects/pack"
    packs.mkdir(exist_ok=True)
    others = packs / "tmp_pack_of_another"
    others.touch()
    os.utime(others, (1, 1))
    before = {*packs.iterdir()}
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_PACKING, "-C", str(root), "product", "add", "mill", "--name", "Mill"],
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    (begun,) = {*packs.iterdir()} - before
    assert begun.name.startswith("tmp_pack_")
    (packs / "pack-1.keep").touch()  # as `fast-import` leaves it
    (packs / "pack-2.keep").write_text("backup\n")
    assert cli("product", "list").err.startswith("undone: ")
    assert {*packs.iterdir()} == before | {packs / "pack-2.keep"}
    assert git("status", "--porcelain") == ""


@pytest.mark.parametrize("pair", [("sales/eu", "sales-eu"), (".", "root"), ("a%2Fb", "a/b")])
def test_two_pipelines_of_a_repository_share_nothing(home, tmp_path, capsys, pair):
    repository = tmp_path / "company"
    subprocess.run(["git", "init", "-q", str(repository)], check=True)
    caches = set()
    for number, folder in enumerate(pair):
        root = repository / folder
        assert run(["init", str(root)]) == 0
        assert run(["-C", str(root), "product", "add", f"product-{number}", "--name", "Café"]) == 0
        caches.add(find_location(root).cache)
    capsys.readouterr()
    for number, folder in enumerate(pair):
        assert run(["-C", str(repository / folder), "product", "list", "--format", "ids"]) == 0
        assert capsys.readouterr().out == f"product-{number}\n"
    assert len(caches) == 2


@pytest.mark.parametrize("words", [["product", "list"], ["product", "add", "tea", "--name", "Tea"]])
@pytest.mark.parametrize("name", ["in-sales%2Feu", "in-a%252Fb"])
def test_a_kill_in_one_pipeline_is_undone_by_the_next_command_in_another(cli, git, root, start, name, words):
    """Its lock of git's index stopped every change in the other, and the advice was to remove it."""
    folder = name[3:].replace("%2F", "/").replace("%25", "%")
    cli("init", str(root / folder))
    hook(root, "pre-commit", WAITS)
    kill(start("-C", str(root / folder), "product", "add", "cafe", "--name", "Café"))
    assert (root / ".git/index.lock").exists() and (root / ".git/pipecli" / name / "journal").exists()
    (root / ".git/hooks/pre-commit").unlink()

    said = cli(*words)

    assert f"{root / folder}: undone: cafe: add product Café (the command was cut off)\n" in said.err
    assert git("status", "--porcelain") == ""


@pytest.mark.parametrize(
    "words", [["init", "new"], ["init", "sales", "--ci", "github"], ["init", ".", "--ci", "github"]]
)
@pytest.mark.parametrize("folder", [".", "sales"])
def test_init_says_what_it_undid_in_any_pipeline_of_the_repository(cli, git, root, start, folder, words):
    cli("init", str(root / "sales"))
    hook(root, "pre-commit", WAITS)
    kill(start("-C", str(root / folder), "product", "add", "cafe", "--name", "Café"))
    (root / ".git/hooks/pre-commit").unlink()

    said = cli(words[0], str(root / words[1]), *words[2:])

    assert "undone: cafe: add product Café (the command was cut off)\n" in said.err
    assert git("status", "--porcelain") == ""


def test_a_pipeline_whose_init_is_undone_is_none(warm, tmp_path, capsys):
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    hook(tmp_path, "pre-commit", WAITS)
    running = Forked(warm, "init", str(tmp_path))
    while not (tmp_path / ".git/hook-runs").exists():
        assert running.poll() is None
        time.sleep(0.02)
    kill(running)
    file = tmp_path / ".git/pipecli/root/journal"
    assert file.exists()

    assert run(["-C", str(tmp_path), "opp", "list"]) == 1
    undone, error = capsys.readouterr().err.splitlines()
    assert undone == "undone: Found the pipeline (the command was cut off)"
    assert error.startswith(f"error: {tmp_path} isn't a pipeline") and not file.exists()


def test_init_of_a_pipeline_that_is_there_is_refused_though_a_command_was_cut_off(cli, root, start, capsys):
    cli("init", str(root / "sales"))
    hook(root, "pre-commit", WAITS)
    kill(start("settings", "set", "follow_up.default_days=9"))

    assert run(["init", str(root / "sales")]) == 1
    said = capsys.readouterr().err
    assert said.startswith("undone: settings: ") and "is a pipeline already" in said


def test_a_reading_command_clears_what_lies_beside_no_journal(cli, deal, root):
    """A command that is killed while it clears its journal, or before that is in place, leaves these."""
    deal()
    location = find_location(root)
    left = [location.cache / name for name in ("before-0", "journal.tmp", "journal.reserve")]
    for file in left:
        file.write_text("")
    with lock_and_signals.hold_pipelines(location.cache):
        cli("opp", "list")
        assert all(file.exists() for file in left)  # of a command that lives

    assert cli("opp", "list").err == ""
    assert not any(file.exists() for file in left)


def test_a_kill_takes_the_file_of_a_code_host_with_it_which_lies_above_the_pipeline(cli, git, root, start):
    sales = str(root / "sales")
    cli("init", sales)
    hook(root, "pre-commit", WAITS)
    kill(start("-C", sales, "init", ".", "--ci", "github"))
    assert (root / ".github/workflows/pipecli.yml").exists()
    (root / ".git/hooks/pre-commit").unlink()

    assert "undone: Review what is to be merged, on github" in cli("-C", sales, "product", "list").err
    assert git("status", "--porcelain") == "" and not (root / ".github").exists()
    cli("-C", sales, "init", ".", "--ci", "github")


def test_what_was_cut_off_is_not_undone_outside_of_the_repository(cli, root, start, tmp_path):
    """A pull may have put a link in the place of a pipeline's folder; a copied git directory may name any."""
    cli("init", str(root / "sales"))
    hook(root, "pre-commit", WAITS)
    kill(start("-C", str(root / "sales"), "product", "add", "cafe", "--name", "Café"))
    (root / "sales").rename(tmp_path / "outside")
    (root / "sales").symlink_to(tmp_path / "outside")
    (root / ".git/pipecli/in-..%2Foutside").symlink_to("in-sales")

    said = cli("product", "list", code=1)

    assert "in-..%2Foutside is a link, no file of ours; delete it" in said.err
    assert "undone" not in said.err and (tmp_path / "outside/products/cafe.yaml").exists()


def test_a_change_in_one_pipeline_waits_for_that_of_another(cli, root):
    """Both have one index of git's, and one HEAD."""
    cli("init", str(root / "sales"))
    own = find_location(root).cache
    with Pipeline(find_location(root / "sales")).exclusive():
        with pytest.raises(lock_and_signals.Busy), lock_and_signals.hold_pipelines(own, patience=0):
            pass
        assert cli("product", "list").err == ""


FORMATS = 'for file in $(git diff --cached --name-only); do echo "# formatted" >> $file; git add $file; done'


def test_what_a_hook_formats_is_staged_as_it_is_committed(cli, deal, git, root):
    """`git commit --only` leaves staged what it took before the hook."""
    file = deal()
    hook(root, "pre-commit", FORMATS)

    cli("opp", "set", "2q8", "amount=1")

    assert file.read_text().endswith("# formatted\n")
    assert git("status", "--porcelain") == ""


def test_a_change_that_a_hook_formats_is_finished_after_a_kill(cli, deal, git, root, start):
    file = deal()
    hook(root, "pre-commit", FORMATS)
    hook(root, "post-commit", WAITS)
    kill(start("opp", "set", "2q8", "amount=1"))
    (root / ".git/hooks/post-commit").unlink()

    said = cli("opp", "list").err
    assert said.startswith("finished: OPP-2Q8XA: set amount, it is commit ")
    assert "amount: 1\n" in file.read_text() and file.read_text().endswith("# formatted\n")
    assert git("status", "--porcelain") == ""


@pytest.mark.parametrize("left", [b"", b"\0" * 300, None])
def test_a_file_that_a_power_cut_left_torn_is_as_its_commit_has_it(cli, deal, git, root, start, left):
    """git hardens its commit while the files are hardened: it may be done first."""
    file = deal()
    hook(root, "post-commit", WAITS)
    kill(start("opp", "set", "2q8", "amount=1"))
    if left is None:
        file.unlink()
    else:
        file.write_bytes(left)

    assert cli("opp", "list").err.startswith("finished: OPP-2Q8XA: set amount, it is commit ")
    assert (git("status", "--porcelain"), "amount: 1\n" in file.read_text()) == ("", True)


def test_a_removal_that_git_has_is_finished_too(cli, deal, git, root, start):
    deal()
    hook(root, "post-commit", WAITS)
    kill(start("opp", "remove", "OPP-2Q8XA"))
    (root / ".git/index").write_bytes(b"")  # as a power cut leaves what git has not hardened

    assert cli("opp", "list", "--all").err.startswith("finished: OPP-2Q8XA: ")
    assert git("status", "--porcelain") == "" and not list(root.glob("opportunities/2026"))


@pytest.mark.parametrize("name", ["pre-commit", "post-commit"])
def test_init_after_a_kill_completes_the_work(warm, tmp_path, capsys, name):
    root = tmp_path / "contoso"
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    hook(root, name, "touch .git/hook-runs; sleep 60")
    running = Forked(warm, "init", str(root))
    while not (root / ".git/hook-runs").exists():
        assert running.poll() is None
        time.sleep(0.02)
    kill(running)
    (root / ".git/hooks" / name).unlink()

    assert run(["init", str(root)]) == 0
    status = subprocess.run(["git", "status", "--porcelain"], cwd=root, capture_output=True, check=True)
    assert status.stdout == b""
    log = subprocess.run(["git", "log", "--format=%s"], cwd=root, capture_output=True, text=True, check=True)
    assert log.stdout == "Found the pipeline\n"
    assert run(["-C", str(root), "doctor"]) == 0
    assert "git merges records by field" in capsys.readouterr().out


def test_ctrl_c_once_a_new_pipeline_is_committed_is_told_as_done(home, tmp_path):
    """The interrupt comes while git is told how to merge, which is after the commit."""
    git = shutil.which("git")
    wrapper = tmp_path / "bin/git"
    wrapper.parent.mkdir()
    wrapper.write_text(
        f'#!/bin/sh\ncase "$*" in *merge.pipecli.name*) kill -INT $PPID; sleep 0.3;; esac\nexec {git} "$@"\n'
    )
    wrapper.chmod(0o755)
    path = f"{wrapper.parent}{os.pathsep}{os.environ['PATH']}"
    root = tmp_path / "contoso"
    for words, subject in (("init contoso", "Found"), ("init contoso --ci github", "Review")):
        done = subprocess.run(
            [sys.executable, "-m", "pipecli", *words.split()],
            cwd=tmp_path, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, "nothing is changed" in done.stderr) == (0, False), done.stderr
        log = subprocess.run(["git", "log", "-1", "--format=%s"], cwd=root, capture_output=True, text=True)
        assert log.stdout.startswith(subject)
    assert run(["-C", str(root), "opp", "list"]) == 0
    assert not (root / ".git/pipecli/root/journal").exists()
    config = subprocess.run(["git", "config", "merge.pipecli.driver"], cwd=root, capture_output=True)
    assert config.stdout


CUT_OFF = """\
import os, sys, time
from pathlib import Path
from pipecli.store import change_journal, lock_and_signals
from pipecli.store.location import find_location
from pipecli.store.power_cut_and_killed_git import moving
location = find_location(Path(sys.argv[1]))
hold, journal = lock_and_signals.hold_pipelines, change_journal.journal_of_git_work
with hold(location.cache), journal(location, "sync"):
    moving(location, sys.argv[2])
    refs = ("refs/remotes/origin/main", "reftable/tables.list")
    for name in ("index", *refs, "config", "objects/maintenance"):
        lock = location.git_dir / f"{name}.lock"
        lock.parent.mkdir(parents=True, exist_ok=True)
        lock.touch()
    for process in (os.getpid(), os.getppid()):
        (location.cache / f"merging.{process}.x").mkdir()
        (location.cache / f"merging.{process}.x" / "index").touch()
        for old in (30, 90):
            (location.cache / f"index{old}.{process}.tmp").touch()
            os.utime(location.cache / f"index{old}.{process}.tmp", times=(time.time() - old,) * 2)
    for file, content in zip(sys.argv[3::2], sys.argv[4::2]):
        (location.root / file).write_text(content)
    os._exit(9)
"""


def test_git_killed_in_the_middle_of_a_checkout_is_undone_and_its_locks_are_cleared(
    cli, deal, git, root, monkeypatch
):
    monkeypatch.chdir(root)  # where a git would be at work, of this name
    file, other = deal(), deal("OPP-7K3M9", "Grinders")
    before, text, hand = git("rev-parse", "HEAD"), other.read_text(), other.read_text() + "notes: by hand\n"
    new = "customers/acme.yaml"
    other.write_text(text.replace("4998", "5000"))
    file.unlink()
    cli("customer", "add", "Acme")
    git("commit", "-qam", "theirs")
    theirs = git("rev-parse", "HEAD")
    git("reset", "-q", "--hard", before)
    others = root / ".git/refs/heads/others.lock"
    others.touch()
    os.utime(others, (1, 1))

    name = other.relative_to(root).as_posix()
    (root / "customers").mkdir(exist_ok=True)
    command = [sys.executable, "-c", CUT_OFF, str(root), theirs, new, "# yaml", name, hand]
    assert subprocess.run(command, check=False).returncode == 9

    kept = root / ".git/pipecli/root/kept" / name.replace("/", "-")
    said = cli("opp", "list").err
    assert said == f"undone: sync; as it was found: {kept} (the command was cut off)\n"
    assert (git("status", "--porcelain"), git("rev-parse", "HEAD"), other.read_text()) == ("", before, text)
    assert [*(root / ".git").rglob("*.lock")] == [others]  # another's
    assert ([*kept.parent.iterdir()], kept.read_text()) == ([kept], hand)
    merging = (root / ".git/pipecli/root").glob("merging.*")
    assert [folder.name for folder in merging] == [f"merging.{os.getpid()}.x"]  # of one that lives
    indexes = sorted(file.name for file in (root / ".git/pipecli/root").glob("index*.tmp"))
    assert [name.partition(".")[0] for name in indexes] == ["index30", "index30", "index90"]
    assert f"index90.{os.getpid()}.tmp" in indexes

    cut_off(root, "fetch")  # before anything moved
    lock = root / ".git/shallow.lock"
    lock.touch()
    with git_at_work(root):
        said = cli("opp", "set", "2q8", "amount=1", code=1).err
        assert "another git command is at work in this repository; wait for it;" in said and str(lock) in said
    assert cli("opp", "list").err == "cleared up after: fetch (the command was cut off)\n"
    assert [*(root / ".git").rglob("*.lock")] == [others]
    upkeep = root / ".git/objects/maintenance.lock"  # of one at work it stays, and nobody waits for it
    cut_off(root, "fetch")
    upkeep.touch()
    side = root / ".merge_file_YRAxZ1"  # what git hands to the driver of a merge
    side.touch()
    with git_at_work(root):
        assert cli("opp", "list").err == ""
    assert upkeep.exists() and side.exists()
    assert cli("opp", "list").err == ""

    upkeep.unlink()
    side.unlink()
    cut_off(root, "sync")
    side.touch()
    assert cli("opp", "list").err == "cleared up after: sync (the command was cut off)\n"
    assert not side.exists()


def test_the_lock_of_an_upkeep_that_died_after_a_commit_is_removed(cli, root, git, deal):
    deal()
    hook, lock = root / ".git/hooks/post-commit", root / ".git/objects/maintenance.lock"
    hook.write_text(f"#!/bin/sh\ntouch {lock}\n")
    hook.chmod(0o755)
    with git_at_work(root):
        cli("opp", "set", "2q8", "amount=1")
    assert lock.exists()
    cli("opp", "set", "2q8", "amount=2")
    assert not lock.exists()


@contextmanager
def git_at_work(root: Path) -> Iterator[None]:
    """A git of somebody else's that has begun, and doesn't end by itself."""
    asked = ["git", "cat-file", "--batch-check"]
    with subprocess.Popen(asked, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as another:
        assert another.stdin and another.stdout
        another.stdin.write(b"HEAD\n")
        another.stdin.flush()
        assert another.stdout.readline()
        yield
        another.communicate()


def cut_off(root: Path, subject: str, onto: str = "") -> None:
    """Leave what a command notes of its work beside changes, as if it was killed now."""
    location = find_location(root)
    with change_journal.journal_of_git_work(location, subject):
        if onto:
            moving(location, onto)
        notes = {file: file.read_bytes() for file in location.cache.glob("journal*")}
    for file, content in notes.items():
        file.write_bytes(content)


def test_work_that_fails_and_cannot_be_undone_now_is_undone_by_the_next_command(
    cli, deal, git, root, monkeypatch, tmp_path
):
    """On a full disk git moves a part of the files, and can't bring them back."""
    deal()
    before = git("rev-parse", "HEAD")
    cli("customer", "add", "Acme")
    theirs = git("rev-parse", "HEAD")
    git("reset", "-q", "--hard", before)
    location, full = find_location(root), tmp_path / "bin" / "git"
    full.parent.mkdir()
    full.write_text("#!/bin/sh\necho 'no space left' >&2; exit 1\n")
    full.chmod(0o755)
    told = "x is pushed; a part of the change is left, which can't be undone now: no space left; the next"
    with (
        monkeypatch.context() as scene,
        pytest.raises(PipecliError, match=told),
        change_journal.journal_of_git_work(location, "propose"),
    ):
        moving(location, theirs)
        git("read-tree", "-um", theirs)
        scene.setenv("PATH", str(full.parent), prepend=os.pathsep)
        raise PipecliError("x is pushed")
    assert git("status", "--porcelain") == "A  customers/acme.yaml"
    assert cli("opp", "list").err == "undone: propose (the command was cut off)\n"
    assert (git("status", "--porcelain"), git("rev-parse", "HEAD")) == ("", before)


def test_what_became_of_files_that_a_killed_git_moved_is_told(cli, deal, git, root, monkeypatch):
    file, terms, old = deal(), root / "terms.txt", root / "old.txt"
    old.write_text("old\n")
    git("add", ".")
    git("commit", "-qm", "old")
    before = git("rev-parse", "HEAD")
    file.write_text(file.read_text().replace("4998", "5000"))
    terms.write_text("30 days\n")
    (root / "gone.txt").write_text("gone\n")
    (root / "link").symlink_to("nowhere")
    old.unlink()
    git("add", ".")
    git("commit", "-qam", "theirs")
    theirs = git("rev-parse", "HEAD")
    git("reset", "-q", "--hard", before)
    cut_off(root, "sync", theirs)
    assert cli("opp", "list").err == ""  # nothing had moved
    cut_off(root, "sync", theirs)
    git("checkout", "-q", theirs, "--", ".")
    assert cli("opp", "list").err == "undone: sync (the command was cut off)\n"
    assert (git("status", "--porcelain"), "4998" in file.read_text()) == ("", True)
    cut_off(root, "sync", theirs)
    git("reset", "-q", "--hard", theirs)
    file.write_bytes(b"\0" * file.stat().st_size)  # as a power cut leaves what git has just moved
    terms.write_text("60 days\n")  # as a person has written since
    (root / "gone.txt").unlink()  # as one leaves it on btrfs, where each name is hardened for itself
    old.touch()
    assert cli("opp", "list").err == "finished: sync (the command was cut off)\n"
    assert ("5000" in file.read_text(), terms.read_text(), old.read_text()) == (True, "60 days\n", "")
    assert (root / "gone.txt").read_text() == "gone\n"
    old.unlink()
    git("reset", "-q", "--hard", before)
    cut_off(root, "sync", theirs)
    git("reset", "-q", "--hard", theirs)
    assert cli("opp", "list").err == "finished: sync (the command was cut off)\n"  # nothing was torn

    git("reset", "-q", "--hard", before)
    git("config", "core.fsync", "added")
    hardened, fsync, location = set[tuple[int, bool]](), os.fsync, find_location(root)

    def look(open_: int) -> None:
        hardened.add((os.fstat(open_).st_ino, location.journal.exists()))
        fsync(open_)

    monkeypatch.setattr(os, "fsync", look)
    with change_journal.journal_of_git_work(location, "sync"):
        moving(location, theirs)
        assert ((location.cache / "journal.onto").stat().st_ino, True) in hardened
        git("reset", "-q", "--hard", theirs)
    assert {(file.stat().st_ino, True), (file.parent.stat().st_ino, True)} <= hardened
    assert (location.cache.stat().st_ino, False) in hardened  # else a power cut brings the journal back


@pytest.mark.parametrize("content", [b"", None])
@pytest.mark.parametrize("words", [("opp", "set", "2q8", "amount=1"), ("sync",), ("undo",)])
def test_a_branch_that_a_power_cut_took_is_no_new_one(cli, deal, git, root, content, words):
    """Else a commit, of one file, begins another history."""
    deal()
    commit, branch = git("rev-parse", "HEAD"), root / ".git/refs/heads/main"
    if content is None:
        branch.unlink()
    else:
        branch.write_bytes(content)
    said = cli(*words, code=1).err
    state = "gone" if content is None else "damaged"
    assert said.startswith(f"error: branch main is {state}, git's log of it ends with commit {commit[:7]}; ")
    way_out = said.partition("have it again: ")[2]
    subprocess.run(["sh", "-c", way_out], cwd=root, check=True)

    assert (git("rev-parse", "HEAD"), git("status", "--porcelain")) == (commit, "")
    assert cli("opp", "set", "2q8", "amount=1").err == ""


def test_an_older_packed_ref_in_the_place_of_a_lost_one_is_told(cli, deal, git, root):
    """As a power cut leaves it: git takes the packed one without a word, and would commit on that."""
    deal()
    cli("customer", "add", "Acme")
    git("gc", "-q")
    old = git("rev-parse", "HEAD")
    assert cli("opp", "list").err == ""
    cli("customer", "add", "Vega")
    last = git("rev-parse", "HEAD")
    (root / ".git/refs/heads/main").unlink()
    way = f"git update-ref refs/heads/main {last}"
    told = (
        f"warning: branch main is at an old commit, {old[:7]}, and git's log of it ends with {last[:7]}: "
        f"unless you did that, its ref was lost; have it again: {way}\n"
    )
    assert cli("opp", "list").err == told
    assert cli("opp", "set", "2q8", "amount=1", "--dry-run").err.startswith(told)
    git(*way.split()[1:])
    assert (cli("opp", "list").err, git("status", "--porcelain")) == ("", "")
    git("pack-refs", "--all")
    assert cli("opp", "list").err == ""

    cut_off(root, "fetch")
    with (root / ".git/logs/refs/heads/main").open("a") as log:  # by a git that was killed before it moved
        log.write(f"{last} {old} Ana <ana@contoso.example> 1 +0000\tcommit: Add\n")
    assert cli("opp", "list").err == ""


def test_a_journal_that_is_damaged_or_forged_is_named_and_nothing_follows_from_it(cli, deal, root, tmp_path):
    """Who copies a `.git` has the journal of whoever packed it: not one of its words is believed unlooked."""
    deal()
    mine = tmp_path / ".mine.1.tmp"
    mine.write_text("mine\n")
    (tmp_path / "empty").mkdir()
    (root / "out").symlink_to(tmp_path)
    journal = root / ".git/pipecli/root/journal"
    journal.parent.mkdir(parents=True, exist_ok=True)
    whole = {"subject": "x", "start": "", "is_committing": True, "process": 1, "folders": [], "steps": []}
    step = ["a.yaml", None, "1", "1"]
    for content in (
        "{", "[" * 100_000, "[]", json.dumps(whole | {"more": 1}), '{"steps": []}',
        *(
            json.dumps(whole | {"steps": [step], **wrong})
            for wrong in (
                *({"steps": steps} for steps in (None, {}, [3], [[[], {}, 3, None]], [step[:3]])),
                *({"steps": [[file, *step[1:]]]} for file in FORGED),
                *({"folders": folders} for folders in (None, *([file] for file in FORGED))),
                *({"start": start} for start in ("--output=x", "1" * 40)),
                {"subject": []}, {"process": "1/../../x"},
            )
        ),
    ):  # fmt: skip
        journal.write_text(content)
        assert "journal of a command that was cut off is damaged" in cli("opp", "list").err, content
    said = cli("opp", "set", "2q8", "amount=1", code=1).err
    assert "is damaged; put the files that `git status` names in order" in said
    assert mine.exists() and (tmp_path / "empty").exists() and (root / ".git/hooks").exists()
    journal.write_text(json.dumps(whole | {"steps": [step]}))
    journal.with_name("journal.onto").write_text("--output=x")
    assert "undone: x" in cli("opp", "set", "2q8", "amount=1").err


FORGED = (
    "",
    ".",
    "..",
    "a/..",
    "../mine",
    "out/mine",
    "out/empty/x",
    ".git",
    ".GIT/hooks/x",
    "a\0b",
    "a\ud800b",
)


def test_a_journal_of_many_files_is_judged_by_one_git(cli, root):
    """It took as many gits as files: 5 minutes for 100,000."""
    cli("lead", "list")
    steps = [[f"leads/{number}.yaml", "1", "1", "1"] for number in range(2000)]
    journal = {"subject": "x", "start": "", "is_committing": True, "process": 1, "folders": []}
    (root / ".git/pipecli/root/journal").write_text(json.dumps(journal | {"steps": steps}))
    assert "undone but for what was changed since: x" in cli("lead", "list").err


def test_a_disk_that_is_full_before_the_journal_is_written_keeps_nothing_of_it(cli, deal, root, monkeypatch):
    deal()
    cli("opp", "list")
    before = {file for file in (root / ".git/pipecli").rglob("*") if "lock" not in file.name}
    replace = os.replace

    def full(old: str | Path, new: str | Path) -> None:
        if Path(new).name == "journal":
            raise OSError(ENOSPC, os.strerror(ENOSPC))
        replace(old, new)

    def unhardened(_: int) -> None:
        raise OSError(ENOSPC, os.strerror(ENOSPC))

    for name, stand_in, file in (("replace", full, root.name), ("fsync", unhardened, "journal.tmp")):
        with monkeypatch.context() as patch:
            patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
            patch.setattr(os, name, stand_in)
            said = cli("opp", "set", "2q8", "amount=1", code=1).err
        assert said.endswith(f"{file}: can't be written: No space left on device; nothing is changed\n")
        assert {file for file in (root / ".git/pipecli").rglob("*") if "lock" not in file.name} == before


def test_without_room_to_unstage_a_new_record_none_is_begun(cli, git, root):
    """A limit on the size of files stands in for the full disk: all others are smaller."""
    cli("lead", "list")
    script = (
        "import resource, sys; from pipecli.cli.main import run;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16)); sys.exit(run(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", script, "-C", str(root), "lead", "add", "--name", "Ana"]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stderr
    assert said.endswith("can't be written: File too large; nothing is changed\n")
    assert git("status", "--porcelain") == "" and not [*(root / ".git/pipecli/root").glob("journal*")]


def test_what_cannot_be_undone_now_is_told_as_left_and_undone_by_the_next_command(
    cli, git, root, tmp_path, monkeypatch
):
    shim = tmp_path / "bin/git"
    shim.parent.mkdir()
    words = 'case "$*" in *--force-remove*) echo "fatal: no room" >&2; exit 1;; esac'
    shim.write_text(f'#!/bin/sh\n{words}\nexec {shutil.which("git")} "$@"\n')
    shim.chmod(0o755)
    hook(root, "pre-commit", "echo not today >&2; exit 1")

    with monkeypatch.context() as context:
        context.setenv("PATH", f"{shim.parent}:{os.environ['PATH']}")
        said = cli("lead", "add", "--name", "Ana", code=1).err

    assert said == (
        "error: git refused the commit: not today; a part of the change is left, which can't be undone now: "
        "fatal: no room; the next pipecli command undoes it\n"
    )
    assert git("status", "--porcelain").startswith("AD leads/")
    assert "undone: LEAD-" in cli("lead", "list").err
    assert git("status", "--porcelain") == ""


def test_where_nothing_can_be_undone_now_a_reading_command_says_that_a_change_waits(
    cli, deal, git, root, start
):
    """As on a disk that is mounted to be read."""
    file = deal()
    hook(root, "pre-commit", WAITS)
    kill(start("opp", "set", "2q8", "amount=1"))
    (lock := root / ".git/pipecli/lock").unlink()
    lock.mkdir()
    told = cli("opp", "list").err
    assert told.startswith("warning: a command was cut off in a change, which waits: the pipeline can't be")
    assert "amount: 1\n" in file.read_text()
    lock.rmdir()
    (root / ".git/hooks/pre-commit").unlink()
    assert cli("opp", "list").err.startswith("undone: OPP-2Q8XA: set amount")
    assert git("status", "--porcelain") == ""


def killed_change(
    root: Path, writes: dict[str, tuple[str | None, str | None]], *, is_committing: bool
) -> None:
    """Leave the journal of a change of files, each as it was and as it was to be, as if it was killed now."""
    contents = [
        (file, *(None if text is None else text.encode() for text in texts)) for file, texts in writes.items()
    ]
    location = find_location(root)
    record = change_journal.begin_journal(
        location, contents, "a change", is_committing=is_committing, is_hard=False
    )
    for handle in record.handles:
        change_journal.git.held.remove(handle)
        os.close(handle)


def test_a_change_left_to_commit_is_finished_once_its_files_are_written(cli, deal, git, root):
    file, new = deal(), "customers/acme.yaml"
    text, name = file.read_text(), file.relative_to(root).as_posix()
    changed = text.replace("4998", "5000")
    (root / "customers").mkdir()
    lock = root / ".git/shallow.lock"  # of no git of ours: none was to commit
    for is_all in (False, True):
        killed_change(
            root, {name: (text, changed), new: (None, "id: acme\nname: Acme\n")}, is_committing=False
        )
        lock.touch()
        safe_files.write_file(root, name, changed.encode())
        if is_all:
            (root / new).write_text("id: acme\nname: Acme\n")
        done = "finished" if is_all else "undone"
        assert cli("opp", "list").err == f"{done}: a change (the command was cut off)\n"
        assert ((root / new).exists(), "5000" in file.read_text(), lock.exists()) == (is_all, is_all, True)


def test_what_a_person_did_with_new_files_of_a_killed_change_decides(cli, refused, deal, git, root):
    file, new = deal(), "customers/acme.yaml"
    text, name = file.read_text(), file.relative_to(root).as_posix()
    changed = text.replace("4998", "5000")
    acme = "id: acme\nname: Acme\n"

    def cut() -> None:
        killed_change(root, {name: (text, changed), new: (None, acme)}, is_committing=True)
        safe_files.write_file(root, name, changed.encode())
        (root / "customers").mkdir(exist_ok=True)
        (root / new).write_text(acme)

    cut()
    (root / new).write_text(f"{acme}notes: by hand\n")  # edited, and git has none
    assert f"(a change) had written {new}, and that was changed since" in refused(
        "opp", "set", "2q8", "amount=1"
    )
    (root / new).unlink()
    assert cli("opp", "list").err == "undone: a change (the command was cut off)\n"
    assert (file.read_text(), git("status", "--porcelain")) == (text, "")

    cut()
    git("commit", "-qm", "a part of it", "--", name)  # no commit has it all
    assert cli("opp", "list").err == "undone: a change (the command was cut off)\n"
    assert ((root / new).exists(), file.read_text()) == (False, text)


def test_what_a_person_wrote_where_the_other_commit_has_nothing_is_kept(cli, deal, git, root):
    file, before = deal(), git("rev-parse", "HEAD")
    name = file.relative_to(root).as_posix()
    git("rm", "-q", name)
    git("commit", "-qm", "theirs")
    theirs = git("rev-parse", "HEAD")
    git("reset", "-q", "--hard", before)
    cut_off(root, "sync", theirs)
    git("rm", "-q", "--cached", name)
    file.write_bytes(b"by hand\r\n")
    kept = root / ".git/pipecli/root/kept" / name.replace("/", "-")
    assert cli("opp", "list").err == f"undone: sync; as it was found: {kept} (the command was cut off)\n"
    assert (kept.read_bytes(), git("status", "--porcelain")) == (b"by hand\r\n", "")
    assert "4998" in file.read_text()


def test_what_a_killed_change_was_to_remove_is_staged_again(cli, deal, git, root):
    file = deal()
    text, name = file.read_text(), file.relative_to(root).as_posix()
    killed_change(root, {name: (text, None)}, is_committing=True)
    git("rm", "-q", name)
    assert cli("opp", "list").err == "undone: a change (the command was cut off)\n"
    assert (file.read_text(), git("status", "--porcelain")) == (text, "")
    changed = text.replace("4998", "5000")
    file.write_text(changed)
    git("add", name)
    killed_change(root, {name: (changed, None)}, is_committing=True)
    assert cli("opp", "list").err == "undone: a change (the command was cut off)\n"
    assert (file.read_text(), git("status", "--porcelain")) == (changed, f"M  {name}")


@pytest.mark.parametrize(
    ("words", "first", "second"),
    [
        ("man --output", "pipecli.1", "pipecli-today.1"),
        ("schema write", "lead.schema.json", "opportunity.schema.json"),
    ],
)
def test_ctrl_c_in_the_middle_of_several_files_names_those_that_are_written(tmp_path, words, first, second):
    folder = tmp_path / "out"
    folder.mkdir()
    os.mkfifo(folder / second)
    full = os.open(folder / second, os.O_RDWR | os.O_NONBLOCK)
    with suppress(BlockingIOError):
        while os.write(full, bytes(4096)):
            pass  # until it is full: the write waits for its reader
    running = subprocess.Popen(
        [sys.executable, "-m", "pipecli", *words.split(), str(folder)], stderr=subprocess.PIPE, text=True
    )
    while not (folder / first).exists():
        assert running.poll() is None
        time.sleep(0.02)
    time.sleep(0.2)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=20)
    assert said == f"error: interrupted; written: {folder / first}\n"
    assert sorted(path.name for path in folder.iterdir()) == sorted([first, second])
    os.close(full)
