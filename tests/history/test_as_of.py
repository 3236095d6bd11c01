"""A pipeline as it stood: the same answers as from a checkout of that commit."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cli, Once

Git = Callable[..., str]


@pytest.fixture
def made(cli: Cli, root: Path, git: Git, once: Once, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Run a changing command at a moment; the commit's id."""

    def call(when: str, *arguments: str) -> str:
        with monkeypatch.context() as patch:
            patch.setenv("GIT_AUTHOR_DATE", when)
            patch.setenv("GIT_COMMITTER_DATE", when)
            cli("--today", when[:10], *arguments)
        return git("rev-parse", "HEAD")

    def begin() -> None:
        with monkeypatch.context() as patch:
            patch.setenv("GIT_COMMITTER_DATE", "2026-01-01T00:00:00+0100")
            git("commit", "-q", "--amend", "--no-edit", "--date=2026-01-01T00:00:00+0100")

    once(begin)
    return call


@pytest.fixture
def year(made: Callable[..., str], once: Once) -> dict[str, str]:
    """A deal that moved on in January, February and March, at the last minute of a day in Madrid."""

    def build() -> dict[str, str]:
        january = made(
            "2026-01-31T23:59:00+0100",
            *("opp", "add", "--title", "Machines", "--organization", "Contoso"),
            *("--amount", "1000", "--expected-close", "2026-06-30"),
        )  # fmt: skip
        february = made("2026-02-28T12:00:00+0100", "opp", "advance", "machines")
        march = made("2026-03-31T00:00:30+0200", "opp", "set", "machines", "amount=2000")
        return {"january": january, "february": february, "march": march}

    commits: dict[str, str] = once(build)
    return commits


def listed(cli: Cli, *arguments: str) -> list[tuple[str, Any]]:
    deals = json.loads(cli("opp", "list", *arguments, "--format", "json").out)
    return [(deal["stage"], deal["amount"]) for deal in deals]


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-01-30", []),
        ("2026-01-31", [("qualify", 1000)]),
        ("2026-01-31 23:58", []),
        ("2026-01-31T22:59:00Z", [("qualify", 1000)]),
        ("2026-02-27", [("qualify", 1000)]),
        ("2026-02", [("demo", 1000)]),
        ("2026-03-30", [("demo", 1000)]),
        ("2026-03-31", [("demo", 2000)]),
        ("2026-Q1", [("demo", 2000)]),
        ("today", [("demo", 2000)]),
        ("HEAD", [("demo", 2000)]),
        ("HEAD~1", [("demo", 1000)]),
        ("main~2", [("qualify", 1000)]),
    ],
)
def test_a_date_is_its_end_a_time_itself_and_a_revision_its_commit(
    cli: Cli, year: dict[str, str], moment: str, expected: list[tuple[str, int]]
) -> None:
    assert listed(cli, "--as-of", moment) == expected


def test_every_reading_verb_reads_the_past(cli: Cli, year: dict[str, str]) -> None:
    deal = cli("opp", "list", "--format", "ids").id
    shown = json.loads(cli("opp", "show", deal, "--as-of", "2026-02-01", "--format", "json").out)
    assert shown["stage"] == "qualify"
    assert shown["age_days"] == 1
    stages = cli("sql", "SELECT stage FROM opportunities", "--as-of", "2026-02-01", "--format", "tsv").out
    assert stages == "stage\nqualify\n"
    assert cli("customer", "list", "--as-of", "2026-01-01", "--format", "ids").out == ""
    said = cli("opp", "show", deal, "--as-of", "2026-01-30", code=1)
    assert said.err.splitlines()[-1].startswith(f'error: no opportunity matches "{deal}"')


def test_the_forecast_is_that_of_a_checkout(
    cli: Cli, year: dict[str, str], git: Git, root: Path, tmp_path: Path
) -> None:
    settings = root / "pipecli.yaml"
    settings.write_text(settings.read_text().replace("probability: 25", "probability: 35"))
    git("commit", "-qam", "Demos are worth more")
    for number, (commit, day) in enumerate(
        [(year["january"], "2026-01-31"), (year["february"], "2026-02-28"), (year["march"], "2026-03-31")]
    ):
        checkout = tmp_path / f"checkout-{number}"
        git("worktree", "add", "-q", "--detach", str(checkout), commit)
        there = cli("-C", str(checkout), "--today", day, "forecast", "--format", "json").out
        assert cli("forecast", "--as-of", commit, "--format", "json").out == there
        assert cli("forecast", "--as-of", day, "--format", "json").out == there
    assert json.loads(there)["totals"]["weighted"] == 500


def test_today_is_the_day_of_then_unless_another_is_given(cli: Cli, year: dict[str, str]) -> None:
    def age(*arguments: str) -> int:
        shown = cli(*arguments, "opp", "show", "machines", "--as-of", "2026-02-10", "--format", "json").out
        days: int = json.loads(shown)["age_days"]
        return days

    assert age() == 10
    assert age("--today", "2026-03-01") == 29


def test_the_end_of_a_day_is_its_last_second_whenever_one_asks(cli: Cli, year: dict[str, str]) -> None:
    """The commit of one minute to midnight is not of the future."""
    said = cli("report", "velocity", "--as-of", "2026-01-31", "--format", "json")
    assert "dated" not in said.err
    assert json.loads(said.out)["rows"][0]["here_count"] == 1


def test_a_person_is_told_which_commit_it_is(cli: Cli, year: dict[str, str]) -> None:
    said = cli("opp", "list", "--as-of", "2026-02-10")
    assert said.err == f"as of 2026-02-10: commit {year['january'][:7]} of 2026-01-31 23:59\n"
    assert cli("opp", "list", "--as-of", "2026-02-10", "--format", "json").err == ""


def test_a_merged_branch_counts_from_its_merge(
    cli: Cli, made: Callable[..., str], year: dict[str, str], git: Git, root: Path
) -> None:
    git("switch", "-qc", "side", "HEAD")
    made("2026-04-10T12:00:00+0200", "opp", "set", "machines", "amount=9000")
    git("switch", "-q", "main")
    subprocess.run(
        ["git", "merge", "-q", "--no-ff", "--no-edit", "side"],
        cwd=root, check=True, env=os.environ | {"GIT_COMMITTER_DATE": "2026-04-20T12:00:00+0200"},
    )  # fmt: skip
    assert listed(cli, "--as-of", "2026-04-15") == [("demo", 2000)]
    assert listed(cli, "--as-of", "2026-04-20") == [("demo", 9000)]
    assert listed(cli, "--as-of", "side") == [("demo", 9000)]


def test_what_is_not_committed_is_not_of_any_moment(cli: Cli, year: dict[str, str]) -> None:
    cli("opp", "set", "machines", "amount=7", "--no-commit")
    assert listed(cli, "--as-of", "today") == [("demo", 2000)]
    assert listed(cli) == [("demo", 7)]


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        ("2025-12-31", "nothing is known as of 2025-12-31: the first commit is of 2026-01-01"),
        ("1960-01-01", "nothing is known as of 1960-01-01: the first commit is of 2026-01-01"),
        ("--help", '"--help" isn\'t a revision: none begins with a hyphen'),
        ("--output=stolen", '"--output=stolen" isn\'t a revision: none begins with a hyphen'),
        ("nosuch", '"nosuch" is neither a date nor a revision that this repository has; write a date as'),
        ("HEAD:pipecli.yaml", '"HEAD:pipecli.yaml" is neither a date nor a revision'),
        ("HEAD~1..HEAD", '"HEAD~1..HEAD" is neither a date nor a revision'),
        ("", '"" is neither a date nor a revision'),
    ],
)
def test_what_is_no_moment_is_refused(
    cli: Cli, year: dict[str, str], root: Path, moment: str, said: str
) -> None:
    assert cli("opp", "list", "--as-of", moment, code=1).err.startswith(f"error: {said}")
    assert not [*root.glob("stolen*")]


@pytest.mark.parametrize(
    "asked",
    [["forecast", "--as-of"], ["forecast", "--compare"], ["changes", "--since=2026-01-31", "--until"]],
)
def test_an_unset_variable_does_not_pass_for_today(cli: Cli, year: dict[str, str], asked: list[str]) -> None:
    said = cli(*asked, "", code=1)
    assert (said.out, said.err[:42]) == ("", 'error: "" is neither a date nor a revision')


def test_the_past_cannot_be_changed(cli: Cli, year: dict[str, str], git: Git) -> None:
    cli("opp", "set", "machines", "amount=1", "--as-of", "HEAD~1", code=2)
    assert git("rev-parse", "HEAD") == year["march"]


def test_a_file_that_could_not_be_read_then_stops_what_needs_it(
    cli: Cli, year: dict[str, str], git: Git, root: Path
) -> None:
    (file,) = root.glob("opportunities/**/*.yaml")
    good = file.read_text()
    file.write_text(f"{good}<<<<<<<\n")
    git("commit", "-qam", "Break it")
    broken = git("rev-parse", "--short=7", "HEAD")
    file.write_text(good)
    git("commit", "-qam", "Mend it")
    said = cli("opp", "list", "--as-of", "HEAD~1", code=1).err.splitlines()[-1]
    assert said.startswith(f"error: at commit {broken} of ")
    assert f"{file.relative_to(root)}:" in said
    assert said.endswith("choose another moment")
    assert "warning: " in cli("customer", "list", "--as-of", "HEAD~1").err


def test_a_link_and_a_binary_are_no_records(cli: Cli, git: Git, root: Path) -> None:
    (root / "customers").mkdir()
    (root / "customers/link.yaml").symlink_to("../pipecli.yaml")
    (root / "customers/binary.yaml").write_bytes(b"\x00\xff")
    git("add", "-A")
    git("commit", "-qm", "Odd files")
    said = cli("product", "list", "--as-of", "HEAD").err
    assert "customers/link.yaml: a symbolic link can't be a record" in said
    assert "customers/binary.yaml:1: is not UTF-8 text" in said


def test_before_the_pipeline_there_was_none(cli: Cli, git: Git, root: Path) -> None:
    git("switch", "-q", "--orphan", "before")
    git("commit", "-q", "--allow-empty", "-m", "Nothing")
    git("switch", "-q", "main")
    assert "there was no pipeline yet" in cli("opp", "list", "--as-of", "before", code=1).err


def test_a_shallow_clone_knows_where_it_begins(
    cli: Cli, year: dict[str, str], root: Path, tmp_path: Path
) -> None:
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", "--depth", "2", root.as_uri(), str(clone)], check=True)
    said = cli("-C", str(clone), "opp", "list", "--as-of", "2026-02-01", code=1).err
    assert "this clone is shallow and begins on 2026-02-28; `git fetch --unshallow`" in said
    said = cli("-C", str(clone), "opp", "list", "--as-of", "HEAD~3", code=1).err
    assert (
        '"HEAD~3" is neither a date nor a revision that this repository has, and the clone is shallow; bring'
        in said
    )
    there = cli("-C", str(clone), "opp", "list", "--as-of", "2026-03-01", "--format", "json").out
    assert json.loads(there)[0]["stage"] == "demo"


def test_a_commit_of_the_future_counts_as_made_now(
    cli: Cli, made: Callable[..., str], year: dict[str, str]
) -> None:
    made("2099-01-01T12:00:00+0100", "opp", "set", "machines", "amount=5")
    said = cli("opp", "list", "--as-of", "today", "--format", "json")
    assert json.loads(said.out)[0]["amount"] == 5
    assert "(2099-01-01) is dated in the future: counted as made now" in said.err
    assert "dated in the future" in cli("opp", "list", "--as-of", "2026-03-31").err
    assert listed(cli, "--as-of", "2026-03-31") == [("demo", 2000)]


def test_a_clock_that_was_reset_moves_only_its_own_commit(
    cli: Cli, made: Callable[..., str], year: dict[str, str]
) -> None:
    """Two commits of a machine that believes it is 2000: no day before them is theirs."""
    reset = made("2000-01-01T12:00:00+0100", "opp", "set", "machines", "amount=7")
    made("2000-01-01T12:05:00+0100", "opp", "set", "machines", "source=fair")
    made("2026-04-20T12:00:00+0200", "opp", "set", "machines", "amount=8")

    assert listed(cli, "--as-of", "2026-02-10") == [("qualify", 1000)]
    assert listed(cli, "--as-of", "2026-04-10") == [("demo", 7)]
    assert listed(cli, "--as-of", "2026-04-20") == [("demo", 8)]
    said = cli("opp", "list", "--as-of", "2026-02-10").err
    assert (
        f"warning: 2 commits, the first {reset[:7]} (2000-01-01), are dated by a wrong clock: "
        "counted as of their neighbours\n" in said
    )
    assert "wrong clock" not in cli("opp", "list", "--as-of", "2026-04-20").err
    assert "the first commit is of 2026-01-01" in cli("opp", "list", "--as-of", "2001-01-01", code=1).err
    assert "wrong clock" in cli("changes", "--since", "2026-02-10", "--until", "2026-04-30").err


def test_the_settings_are_those_of_then(cli: Cli, git: Git, root: Path) -> None:
    settings = root / "pipecli.yaml"
    settings.write_text("# Of today\n" + settings.read_text())
    git("commit", "-qam", "A comment")
    assert cli("settings", "show").out.startswith("# Of today\n")
    assert "# Of today" not in cli("settings", "show", "--as-of", "HEAD~1").out


def test_a_deal_that_was_there_twice_is_named(cli: Cli, year: dict[str, str], git: Git, root: Path) -> None:
    (file,) = root.glob("opportunities/**/*.yaml")
    (root / "opportunities/twin.yaml").write_text(file.read_text())
    git("add", "opportunities")
    git("commit", "-qm", "Twice")
    git("rm", "-q", "opportunities/twin.yaml")
    git("commit", "-qm", "Once")
    said = cli("forecast", "--as-of", "HEAD~1", code=1).err
    assert "is also the id of opportunities/2026/" in said
    assert "opportunities/twin.yaml:2" in said


def test_a_few_indexes_of_the_past_are_kept(cli: Cli, root: Path, git: Git) -> None:
    for number in range(10):
        (root / "customers").mkdir(exist_ok=True)
        (root / f"customers/c{number}.yaml").write_text(f"id: c{number}\nname: C{number}\n")
        git("add", "customers")
        git("commit", "-qm", "One more")
        assert len(cli("customer", "list", "--as-of", "HEAD", "--format", "ids").out.split()) == number + 1
    assert len([*(root / ".git/pipecli/root").glob("as-of-*.sqlite")]) == 8
    for file in (root / ".git/pipecli/root").glob("as-of-*.sqlite"):
        file.write_bytes(b"damaged")
    assert len(cli("customer", "list", "--as-of", "HEAD", "--format", "ids").out.split()) == 10


def test_the_index_of_a_moment_is_built_once_and_kept_while_it_is_used(
    cli: Cli, root: Path, git: Git
) -> None:
    def built(moment: str) -> set[int]:
        cli("customer", "list", "--as-of", moment)
        return {file.stat().st_ino for file in (root / ".git/pipecli/root").glob("as-of-*.sqlite")}

    first = git("rev-parse", "HEAD")
    (oldest,) = built(first)
    for number in range(9):
        cli("customer", "add", f"C{number}")
        built("HEAD")
        assert oldest in built(first)
    assert len([*(root / ".git/pipecli/root").glob("as-of-*.seal")]) == 8
