"""The sample: a year of a small company, as `init --sample` replays it and as `sample-pipeline/` keeps it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from pipecli.cli import init
from pipecli.cli.main import run

KEPT = Path(__file__).parent.parent / "sample-pipeline"
LAST_DAY = "2026-11-20"
"""Of the story, and of what is kept."""
LATER_LAST_DAY = "2027-03-12"
"""The last day of the story as it is replayed: whole weeks on, a Friday stays one."""


def git(root: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=root, capture_output=True, text=True, check=True
    ).stdout.strip()


def answer(capsys: pytest.CaptureFixture[str], root: Path, *arguments: str):
    capsys.readouterr()
    day = LAST_DAY if root == KEPT else LATER_LAST_DAY
    assert run(["-C", str(root), "--today", day, "--format", "json", *arguments]) == 0
    return json.loads(capsys.readouterr().out)


def test_its_history_spans_a_year_and_several_people(replayed):
    dates = git(replayed, "log", "--format=%as").splitlines()
    assert (dates[-1], dates[0]) == ("2026-03-13", LATER_LAST_DAY)
    assert len(dates) > 100
    assert set(git(replayed, "log", "--format=%an").splitlines()) == {
        "Ana Ruiz", "Luis Ortega", "Marta Gil", "سارا احمدی",
    }  # fmt: skip
    assert git(replayed, "status", "--porcelain") == ""


def test_it_has_its_own_currency_company_and_timezone(tmp_path, capsys):
    for option in (["--currency", "USD"], ["--company", "Acme"], ["--timezone", "Asia/Tehran"]):
        assert run(["init", "--sample", str(tmp_path / "x"), *option]) == 2
        assert "--sample: has a currency, a company and a timezone of its own" in capsys.readouterr().err
        assert not (tmp_path / "x").exists()


def test_in_a_repository_only_its_own_commits_count(tmp_path, monkeypatch, capsys):
    company = tmp_path / "company"
    subprocess.run(["git", "init", "-q", str(company)], check=True)
    git(company, "commit", "-q", "--allow-empty", "-m", "The company")
    begun = [*init.story("@ 2026-03-02 10:15 ana\ncustomer add Acme")]
    monkeypatch.setattr(init, "story", lambda _: iter(begun))
    assert run(["--today", "2026-11-20", "init", "--sample", str(company / "demo")]) == 0
    said = capsys.readouterr().err
    assert "\n2 commits of a small company" in f"\n{said}"
    assert said.endswith("as one of its sellers you see what is yours: export PIPECLI_USER=ana\n")


def test_a_sample_that_was_cut_off_is_begun_again(tmp_path, monkeypatch, capsys):
    """By the same command, but not once a person has worked in it."""
    root = tmp_path / "demo"
    half = [*init.story("@ 2026-03-02 10:15 ana\ncustomer add Acme\ncustomer add Berg\ncustomer add Coop")]
    monkeypatch.setattr(init, "story", lambda _: iter(half))
    command = ["--today", "2026-11-20", "init", "--sample", str(root)]
    monkeypatch.setattr(init, "_run", killed := Killed(init._run, at=2))
    assert run(command) == 130

    assert run(command) == 0
    assert (
        "the sample that was cut off is begun again\n4 commits of a small company" in capsys.readouterr().err
    )
    assert len(killed.lines) == 2 + 3
    assert git(root, "log", "--format=%s").splitlines()[-1] == "Found the pipeline"
    assert git(root, "status", "--porcelain") == ""
    assert run(command) == 1  # it is whole

    git(root, "reset", "-q", "--hard", "HEAD~1")
    (root / "mine.txt").touch()
    assert run(command) == 1
    assert "is a pipeline already" in capsys.readouterr().err


class Killed:
    """Runs the lines of a story up to one, in which Ctrl-C comes."""

    def __init__(self, runs, at: int) -> None:
        self.runs, self.at, self.lines = runs, at, []

    def __call__(self, root, line, words):
        self.lines.append(line)
        if len(self.lines) == self.at:
            raise KeyboardInterrupt
        return self.runs(root, line, words)


def test_the_columns_of_sql_say_of_a_closed_deal_what_its_file_says(capsys):
    closed = {
        deal["id"]: deal["closed"]
        for deal in answer(capsys, KEPT, "opp", "list", "--all")
        if "closed" in deal
    }
    columns = "closed_date AS date, closed_amount AS amount, closed_quotation AS quotation"
    more = "closed_reason AS reason, closed_competitor AS competitor, closed_detail AS detail"
    question = f"SELECT id, {columns}, {more} FROM opportunities WHERE closed_date IS NOT NULL"
    assert {row.pop("id"): row for row in answer(capsys, KEPT, "sql", question)} == {
        key: {
            **{name: end.get(name) for name in ("date", "amount", "quotation", "detail")},
            **{name: (end.get(f"{name}s") or [None])[0] for name in ("reason", "competitor")},
        }
        for key, end in closed.items()
    }


@pytest.mark.parametrize("which", ["replayed", "kept"])
def test_it_shows_what_the_program_can_do(which, replayed, capsys):
    root = replayed if which == "replayed" else KEPT
    deals = answer(capsys, root, "opp", "list", "--all")
    assert {deal["status"] for deal in deals} >= {"open", "won", "lost"}
    assert {deal["process"] for deal in deals} == {"standard", "maintenance"}
    assert {deal["currency"] for deal in deals} == {"EUR", "USD"}
    assert any(deal.get("closed", {}).get("competitors") for deal in deals)
    assert all(
        any(deal.get(field) for deal in deals) for field in ("hold", "sellers", "attachments", "renews")
    )
    quotes = answer(capsys, root, "quote", "list", "--all")
    assert any(quote.get("taken") and quote["tax_included"] for quote in quotes)
    invoices = answer(capsys, root, "invoice", "list")
    assert [invoice.get("credits") is not None for invoice in invoices] == [False, True, False, False]
    assert [len(invoice.get("payments", ())) for invoice in invoices] == [0, 0, 0, 1]
    assert answer(capsys, root, "report", "receivables")[0]["customer"] == "panaderia-nunez"
    requests = answer(capsys, root, "supplier-quote", "list")
    assert [request["status"] for request in requests] == ["requested", "received"]
    assert [quote for quote in quotes if quote.get("revision_of")]
    names = [customer["name"] for customer in answer(capsys, root, "customer", "list")]
    assert "Panadería Núñez" in names
    assert "فروشگاه قهوه تهران" in names
    remarks = [file for file in root.rglob("OPP-*.yaml") if file.read_text(encoding="utf-8").count("\n# ")]
    assert remarks
    assert answer(capsys, root, "forecast")["totals"]["weighted"] > 0
    assert answer(capsys, root, "check") == []


def test_each_kind_of_commit_reverted_leaves_a_valid_pipeline(replayed, tmp_path, capsys):
    """At every commit of a kind not seen before: `git revert` it there and then, and check."""
    root = tmp_path / "reverting"
    shutil.copytree(replayed, root)
    log = git(
        root, "log", "--reverse", "--format=%H %(trailers:key=Pipecli-Event,valueonly,separator=%x2C)"
    ).splitlines()
    seen: dict[str, str] = {}
    for line in log[1:]:
        commit, _, event = line.partition(" ")
        seen.setdefault(event, commit)
    assert len(seen) > 15
    for event, commit in seen.items():
        git(root, "checkout", "-q", commit)
        git(root, "revert", "--no-edit", commit)
        capsys.readouterr()
        code = run(["-C", str(root), "--today", LAST_DAY, "check"])
        assert code == 0, f"reverting {event or 'a hand edit'}: {capsys.readouterr()}"
