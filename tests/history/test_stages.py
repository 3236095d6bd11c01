"""Where deals stood, as the line of commits says: by hand, reverted, merged, squashed, renamed, rewritten."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipecli.history.commit_as_of import never_falling
from pipecli.history.history_index import History, open_history
from pipecli.history.stage_visits import observations
from pipecli.store.location import find_location
from pipecli.store.yaml import read
from tests.records_given import deal_text

START = datetime(2026, 1, 1, 9, tzinfo=UTC)
NOW = datetime(2026, 12, 31, tzinfo=UTC)
STAGES = {("standard", stage) for stage in ("qualify", "demo", "propose", "negotiate", "commit")}
NAMES = ("OPP-AAAAA", "OPP-BBBBB", "OPP-CCCCC")


def _deal(key: str, stage: str) -> str:
    return deal_text(key, created="2026-01-01T09:00:00Z", title=key, stage=stage, status=None, owner=None)


class Hands:
    """Somebody who works in a repository, with a clock of their own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.at = START
        self.read: dict[str, dict[str, str]] = {}

    def git(self, *arguments: str, check: bool = True) -> str:
        stamp = self.at.isoformat()
        environment = os.environ | {"GIT_AUTHOR_DATE": stamp, "GIT_COMMITTER_DATE": stamp}
        done = subprocess.run(
            ["git", *arguments], cwd=self.root, env=environment, capture_output=True, text=True, check=check
        )
        return done.stdout.strip()

    def write(self, stage: str, key: str = "OPP-AAAAA", more: str = "") -> None:
        file = self.root / "opportunities" / "2026" / f"{key}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(_deal(key, stage) + more)

    def commit(self, day: float, stage: str, key: str = "OPP-AAAAA", more: str = "") -> None:
        self.at = START + timedelta(days=day)
        self.write(stage, key, more)
        self.git("add", "opportunities")
        self.git("commit", "-qm", f"{key} {stage}")

    def deals_in(self, commit: str) -> dict[str, str]:
        """The texts of the deals in a commit, which never change, by their files."""
        if commit not in self.read:
            names = self.git("ls-tree", "-r", "--name-only", commit, "opportunities").splitlines()
            self.read[commit] = {name: self.git("show", f"{commit}:{name}") for name in names}
        return self.read[commit]


@pytest.fixture
def hands(root: Path) -> Hands:
    made = Hands(root)
    made.git(
        "commit", "-q", "--amend", "--no-edit", "--reset-author"
    )  # the founding is of the first day, too
    return made


def seen(root: Path, key: str = "OPP-AAAAA", stages=STAGES, until: str = "HEAD") -> list[str]:
    """`3 demo` of each sighting: the day and the stage, with a status that is not open."""
    found = observations(open_history(find_location(root), lambda _: None), until, NOW, stages)
    return [
        f"{(each.at - START.timestamp()) / 86400:g} {each.stage}"
        + (f" {each.status}" if each.status != "open" else "")
        for each in found.of_deals.get(key, ())
    ]


def test_edits_reverts_and_squashes_count_by_their_content(root, hands):
    hands.commit(0, "qualify")
    hands.commit(2, "demo")
    hands.commit(3, "demo", more="notes: nothing moved\n")
    hands.commit(4, "propose")
    hands.at = START + timedelta(days=5)
    hands.git("revert", "--no-edit", "HEAD")
    hands.commit(9, "negotiate", more="status: won\nclosed:\n  date: 2026-01-10\n  amount: 5.00\n")

    assert seen(root) == ["0 qualify", "2 demo", "4 propose", "5 demo", "9 negotiate won"]

    hands.git("reset", "-q", "--soft", "HEAD~3")
    hands.git("commit", "-qm", "squashed")
    assert seen(root) == ["0 qualify", "2 demo", "9 negotiate won"]


def test_a_merged_branch_counts_from_its_merge_on(root, hands):
    hands.commit(0, "qualify")
    hands.git("switch", "-qc", "side")
    hands.commit(1, "demo")
    hands.commit(2, "propose")
    hands.git("switch", "-q", "main")
    hands.commit(3, "qualify", key="OPP-BBBBB")
    assert seen(root) == ["0 qualify"]

    hands.at = START + timedelta(days=6)
    hands.git("merge", "-q", "--no-edit", "side")

    assert seen(root) == ["0 qualify", "6 propose"]
    assert seen(root, until=hands.git("rev-parse", "HEAD^")) == ["0 qualify"]
    assert seen(root, until=hands.git("rev-parse", "side")) == ["0 qualify", "1 demo", "2 propose"]


def test_a_stage_that_was_renamed_is_called_as_it_is_now(root, hands, cli, monkeypatch):
    hands.commit(0, "qualify")
    hands.commit(0, "demo", key="OPP-BBBBB")
    hands.commit(2, "demo")
    monkeypatch.setenv("GIT_COMMITTER_DATE", (START + timedelta(days=3)).isoformat())
    cli("settings", "rename", "stage", "standard/demo", "trial")
    cli("settings", "rename", "stage", "standard/trial", "test")
    hands.commit(5, "propose")

    stages = (STAGES - {("standard", "demo")}) | {("standard", "test")}
    assert seen(root, stages=stages) == ["0 qualify", "2 test", "3 test", "3 test", "5 propose"]


def test_deals_of_a_stage_that_was_given_up_are_not_renamed(root, hands):
    hands.commit(0, "propose", key="OPP-BBBBB")
    hands.commit(0, "demo")
    hands.at = START + timedelta(days=4)
    settings = root / "pipecli.yaml"
    settings.write_text(settings.read_text().replace("timezone: Europe/Madrid", "timezone: UTC"))
    hands.write("propose")
    hands.git("commit", "-qam", "without demo")

    assert seen(root, stages=STAGES - {("standard", "demo")}) == ["0 demo", "4 propose"]


def test_what_cannot_be_read_is_passed_over_and_said(root, hands):
    hands.commit(0, "qualify")
    hands.commit(1, "demo\n<<<<<<< HEAD")
    hands.commit(2, "demo", more="colour: blue\n")
    hands.commit(3, "propose")

    assert seen(root) == ["0 qualify", "3 propose"]
    found = observations(open_history(find_location(root), lambda _: None), "HEAD", NOW, STAGES)
    assert found.notes == ["2 versions of deals can't be read: passed over"]


def test_wrong_clocks_make_no_time_go_back(root, hands):
    for day, stage in ((0, "qualify"), (9000, "demo"), (2, "propose"), (3, "negotiate")):
        hands.commit(day, stage)

    assert seen(root) == ["0 qualify", "0 demo", "2 propose", "3 negotiate"]
    found = observations(open_history(find_location(root), lambda _: None), "HEAD", NOW, STAGES)
    assert found.notes == ["1 commit with a wrong clock counts as of its neighbour"]


def test_what_is_dated_in_the_future_counts_as_of_now(root, hands):
    hands.commit(0, "qualify")
    hands.commit(9000, "demo")

    assert seen(root)[1] == f"{(NOW - START) / timedelta(days=1):g} demo"


def test_a_removed_deal_that_comes_back_under_another_id_is_the_same(root, hands):
    hands.commit(0, "qualify")
    hands.at = START + timedelta(days=2)
    file = root / "opportunities" / "2026" / "OPP-AAAAA.yaml"
    file.write_text(_deal("OPP-BBBBB", "demo"))
    hands.git("commit", "-qam", "another id")

    assert seen(root, "OPP-BBBBB") == ["0 qualify", "2 demo"]
    assert seen(root, "OPP-AAAAA", until=hands.git("rev-parse", "HEAD^")) == ["0 qualify"]


def test_a_shallow_clone_says_where_it_begins(root, hands, tmp_path):
    hands.commit(0, "qualify")
    hands.commit(4, "demo")
    hands.commit(6, "qualify", key="OPP-BBBBB")
    subprocess.run(["git", "clone", "-q", "--depth", "2", f"file://{root}", tmp_path / "clone"], check=True)

    found = observations(open_history(find_location(tmp_path / "clone"), lambda _: None), "HEAD", NOW, STAGES)

    assert found.cut == {"OPP-AAAAA"}
    assert found.notes == ["this clone is shallow: stages before 2026-01-05 are not known"]

    subprocess.run(["git", "fetch", "-q", "--unshallow"], cwd=tmp_path / "clone", check=True)
    assert seen(tmp_path / "clone") == ["0 qualify", "4 demo"]


def test_an_index_that_cannot_be_written_answers_the_same(root, hands):
    test_a_merged_branch_counts_from_its_merge_on(root, hands)
    location = find_location(root)
    kept = open_history(location, lambda _: None)
    kept.connection.execute("DELETE FROM merge_changes")
    kept.connection.close()

    file = location.cache / "history.sqlite"
    history = History(location, sqlite3.connect(f"file:{file}?mode=ro", uri=True, isolation_level=None))
    history.refresh(lambda _: None)

    assert [each.stage for each in observations(history, "HEAD", NOW, STAGES).of_deals["OPP-AAAAA"]] == [
        "qualify",
        "propose",
    ]


def step(hands: Hands, rng: random.Random) -> None:
    hands.at += timedelta(minutes=rng.choice([-90, 1, 30, 600]))
    match rng.randrange(10):
        case 0:
            hands.git("switch", "-qC", rng.choice(["one", "two"]), check=False)
        case 1:
            hands.git("switch", "-q", rng.choice(["one", "two", "main"]), check=False)
        case 2 | 3:
            how, branch = rng.choice(["-Xours", "-Xtheirs", "--no-ff"]), rng.choice(["one", "two", "main"])
            hands.git("merge", "-q", "--no-edit", how, branch, check=False)
            hands.git("merge", "--abort", check=False)
        case 4:
            hands.git("reset", "-q", "--hard", f"HEAD~{rng.randint(1, 2)}", check=False)
        case 5:
            hands.git("rebase", "-q", "main", check=False)
            hands.git("rebase", "--abort", check=False)
        case _:
            hands.write(rng.choice(["qualify", "demo", "propose", "<<<"]), rng.choice(NAMES))
            hands.git("add", "opportunities")
            hands.git("commit", "-qm", "moved", check=False)


def walked(hands: Hands, commit: str) -> dict[str, list[tuple[int, str]]]:
    """The oracle: read every file of every commit on the line to one."""
    lines = hands.git("rev-list", "--first-parent", "--reverse", "--timestamp", commit).splitlines()
    times, _ = never_falling([int(line.split()[0]) for line in lines])
    found: dict[str, list[tuple[int, str]]] = {}
    for time, line in zip(times, lines, strict=True):
        for name, text in hands.deals_in(line.split()[1]).items():
            if "<<<" in text:
                continue
            plain = read.parse(text, name)
            steps = found.setdefault(plain["id"], [])
            if not steps or steps[-1][1] != plain["stage"]:
                steps.append((time, plain["stage"]))
    return found


@pytest.mark.parametrize("seed", range(2))
def test_whatever_happens_to_branches_they_are_what_a_walk_along_the_line_sees(
    root: Path, hands: Hands, seed: int
) -> None:
    rng = random.Random(seed)
    for _ in range(6):
        for _ in range(6):
            step(hands, rng)
        tips = hands.git("for-each-ref", "--format=%(objectname)", "refs/heads").split()
        some = [*tips, *rng.sample(hands.git("rev-list", "--all", "--reflog").splitlines(), 2)]
        for commit in ("HEAD", *some):
            found = observations(open_history(find_location(root), lambda _: None), commit, NOW, STAGES)
            assert {
                key: [(each.at, each.stage) for each in seen] for key, seen in found.of_deals.items() if seen
            } == walked(hands, commit)
