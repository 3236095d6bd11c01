"""The index of history is at any time what a fresh one would be, and finds the commits that git finds."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from pipecli.history.commit_as_of import line_of_git
from pipecli.history.history_index import connect, open_history
from pipecli.history.record_history import history_of
from pipecli.history.version_facts import VersionFacts, facts_of
from pipecli.store.git import Object
from pipecli.store.location import Location, find_location

Git = Callable[..., str]
NAMES = ("OPP-AAAAA", "OPP-BBBBB", "OPP-CCCCC")
START = datetime(2026, 1, 1, tzinfo=UTC)


def quiet(_: str) -> None:
    return


class Hands:
    """Somebody who works in a repository without a plan."""

    def __init__(self, root: Path, rng: random.Random) -> None:
        self.root = root
        self.rng = rng
        self.at = START

    def git(self, *arguments: str) -> None:
        self.at += timedelta(minutes=self.rng.choice([-90, 1, 30, 600]))  # clocks are wrong at times
        stamp = self.at.isoformat()
        environment = os.environ | {"GIT_AUTHOR_DATE": stamp, "GIT_COMMITTER_DATE": stamp}
        subprocess.run(["git", *arguments], cwd=self.root, env=environment, capture_output=True, check=False)

    def write(self) -> None:
        name = self.rng.choice(NAMES)
        file = self.root / "opportunities" / f"{name}.yaml"
        file.parent.mkdir(exist_ok=True)
        stage = self.rng.choice(["qualify", "demo", "propose", "<<<"])
        file.write_text(
            f"id: {name}\ncreated: 2026-01-01T10:00:00Z\ntitle: {name}\nprocess: standard\nstage: {stage}\n"
            f"currency: EUR\nscore: {self.rng.randint(0, 100)}\n"
        )
        self.git("add", "opportunities")
        self.git("commit", "-qm", f"{name} {stage}")

    def step(self) -> None:
        match self.rng.randrange(10):
            case 0:
                self.git("switch", "-qC", self.rng.choice(["one", "two"]))
            case 1:
                self.git("switch", "-q", self.rng.choice(["one", "two", "main"]))
            case 2:
                branch = self.rng.choice(["one", "two", "main"])
                self.git(
                    "merge", "-q", "--no-edit", self.rng.choice(["-Xours", "-Xtheirs", "--no-ff"]), branch
                )
                self.git("merge", "--abort")
            case 3:
                self.git("reset", "-q", "--hard", f"HEAD~{self.rng.randint(1, 3)}")
            case 4:
                self.git("rebase", "-q", "main")
                self.git("rebase", "--abort")
            case 5:
                self.git("revert", "--no-edit", "HEAD")
                self.git("revert", "--abort")
            case _:
                self.write()


def told(location: Location) -> list[Any]:
    history = open_history(location, quiet)
    return [history_of(history, ("opportunity", name)) for name in NAMES]


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_to_branches_it_is_what_a_fresh_one_would_be(root: Path, seed: int) -> None:
    hands = Hands(root, random.Random(seed))
    location = find_location(root)
    seen = set()
    for step in range(25):
        hands.step()
        kept = told(location)
        seen.add(str(kept))
        if step % 2:  # a fresh one reads all of it: what was missed at this step is missed at the next, too
            continue
        (location.cache / "history.sqlite").rename(location.cache / "aside")
        assert kept == told(location)
        (location.cache / "aside").replace(location.cache / "history.sqlite")
    assert len(seen) > 8


@pytest.mark.parametrize("seed", range(4))
def test_it_knows_the_line_as_git_does(root: Path, seed: int) -> None:
    hands = Hands(root, random.Random(seed))
    location = find_location(root)
    for _ in range(8):
        for _ in range(4):
            hands.step()
        git_line, line = line_of_git(location), open_history(location, quiet).line
        for hours in range(-2, 130, 3):
            moment = START + timedelta(hours=hours)
            assert line.last(moment) == git_line.last(moment)
            assert line.misplaced(moment) == git_line.misplaced(moment)


def read_in_another_process(root: Path) -> int:
    return len(told(find_location(root))[0])


def test_an_index_that_another_command_is_making_is_waited_for(tmp_path: Path) -> None:
    """Removed, it would leave its journal to the next one of its name."""
    file = tmp_path / "history.sqlite"
    maker = sqlite3.connect(file, isolation_level=None)
    maker.execute("BEGIN IMMEDIATE")
    inode = file.stat().st_ino
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(lambda: connect(file).close())
        time.sleep(0.2)
        assert file.stat().st_ino == inode and not waiting.done()
        maker.execute("ROLLBACK")
        waiting.result(30)


def test_several_processes_at_once(root: Path) -> None:
    hands = Hands(root, random.Random(5))
    for _ in range(20):
        hands.write()
    with get_context("spawn").Pool(2) as pool:
        lengths = pool.map(read_in_another_process, [root] * 8, chunksize=1)
    assert len(set(lengths)) == 1
    assert lengths[0] > 2


def test_only_what_is_new_is_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hands = Hands(root, random.Random(6))
    location = find_location(root)
    for _ in range(6):
        hands.write()
    told(location)
    read: list[str] = []

    def noted(path: str, blob: Object) -> VersionFacts:
        read.append(path)
        return facts_of(path, blob)

    monkeypatch.setattr("pipecli.history.history_index.facts_of", noted)
    told(location)
    assert not read
    hands.write()
    told(location)
    assert len(read) == 1
    hands.git("commit", "-q", "--amend", "-m", "Another message")
    told(location)
    assert len(read) == 1


def test_a_read_only_git_directory_is_no_obstacle(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hands = Hands(root, random.Random(7))
    location = find_location(root)
    for _ in range(3):
        hands.write()
    expected = told(location)
    hands.write()
    connect = sqlite3.connect

    def read_only(file: Any, **options: Any) -> Any:
        if str(file) == ":memory:":
            return connect(file, **options)
        return connect(f"file:{file}?mode=ro", uri=True, **options)

    monkeypatch.setattr(sqlite3, "connect", read_only)
    assert [entries[-len(old) :] for entries, old in zip(told(location), expected, strict=True) if old] == [
        old for old in expected if old
    ]
