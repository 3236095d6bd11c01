"""How the pipeline moved between two moments: it adds up, and its ends are the forecasts of those moments."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipecli.json_and_csv import loads
from tests.conftest import Cli

Git = Callable[..., str]
STAGES = ("qualify", "demo", "propose", "negotiate", "commit")


def record(number: int, **fields: Any) -> str:
    plain = {
        "id": f"OPP-0000{number:X}",
        "created": "2026-01-01T10:00:00+01:00",
        "title": f"Deal {number}",
        "process": "standard",
        "stage": "qualify",
        "currency": "EUR",
        "amount": 1000,
        "expected_close": "2026-11-15",
    } | fields
    return "".join(f"{key}: {value}\n" for key, value in plain.items() if value is not None)


@pytest.fixture
def put(root: Path, git: Git) -> Callable[..., str]:
    """Write deals (None: remove) and commit them on a day at noon."""

    def call(day: str, **deals: str | None) -> str:
        (root / "opportunities").mkdir(exist_ok=True)
        for name, text in deals.items():
            path = root / "opportunities" / f"{name}.yaml"
            path.unlink() if text is None else path.write_text(text)
        git("add", "-A", "opportunities")
        date = f"{day}T12:00:00+0100"
        environment = os.environ | {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
        subprocess.run(["git", "commit", "-qm", day], cwd=root, check=True, env=environment)
        return git("rev-parse", "HEAD")

    git("commit", "-q", "--amend", "--no-edit")
    environment = os.environ | {"GIT_COMMITTER_DATE": "2026-01-01T00:00:00+0100"}
    subprocess.run(["git", "commit", "-q", "--amend", "--no-edit"], cwd=root, check=True, env=environment)
    return call


def asked(cli: Cli, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = loads(cli("changes", *arguments, "--format", "json").out)
    for aspect in ("deals", "amount", "weighted"):
        assert found["opening"][aspect] is not None
    for aspect in ("amount", "weighted"):
        moves = sum(each[aspect] for each in found["buckets"].values())
        assert found["opening"][aspect] + moves == found["closing"][aspect]
        for each in found["buckets"].values():
            assert sum(deal[aspect] for deal in each["opportunities"]) == each[aspect]
            assert len(each["opportunities"]) == each["deals"]
    return found


def filled(found: dict[str, Any]) -> dict[str, tuple[int, Any, Any]]:
    return {
        name: (each["deals"], each["amount"], each["weighted"])
        for name, each in found["buckets"].items()
        if each["deals"]
    }


CLOSED = "\n  date: 2026-02-10\n"


def test_a_quarter_in_buckets(cli: Cli, put: Callable[..., str]) -> None:
    put("2026-01-05", a=record(1), b=record(2), c=record(3), d=record(4), e=record(5, status="lost",
        closed=CLOSED + "  reason: price"))  # fmt: skip
    opening = put("2026-01-10", f=record(6))
    put(
        "2026-02-10",
        a=record(1, stage="demo", amount=1500),
        b=record(2, status="won", closed=CLOSED + "  amount: 900"),
        c=record(3, status="lost", closed=CLOSED + "  reason: price"),
        d=record(4, expected_close="2027-01-15"),
        e=record(5),
        f=None,
    )
    closing = put("2026-03-01", g=record(7, amount=200))
    found = asked(cli, "--since", "2026-01-31", "--until", "2026-03-31")
    assert filled(found) == {
        "new": (1, 200, 20),
        "reopened": (1, 1000, 100),
        "increased": (1, 500, 50),
        "stage forward": (1, 0, 225),
        "decreased": (1, -100, -10),
        "pushed out": (1, 0, 0),
        "won": (1, -900, -90),
        "lost": (1, -1000, -100),
        "removed": (1, -1000, -100),
    }
    assert found["opening"] == {"deals": 5, "amount": 5000, "weighted": 500}
    assert found["closing"] == {"deals": 4, "amount": 3700, "weighted": 595}
    assert found["since"]["commit"] == opening
    assert found["until"] == {
        "moment": "2026-03-31",
        "day": "2026-03-31",
        "commit": closing,
        "committed": "2026-03-01T12:00:00+01:00",
        "unreadable": [],
    }
    assert found["buckets"]["stage forward"]["opportunities"] == [
        {
            "id": "OPP-00001", "title": "Deal 1", "customer": None, "owner": None, "amount": 0,
            "weighted": 225, "before": "qualify", "after": "demo", "what": "qualify → demo",
        }
    ]  # fmt: skip


def test_until_now_is_as_of_today_and_a_win_counts_on_its_day(
    cli: Cli, put: Callable[..., str], today: None
) -> None:
    put("2026-01-05", a=record(1), b=record(2))
    put("2026-02-10", b=record(2, status="won", closed=CLOSED + "  amount: 1000"))
    found = asked(cli, "--since", "2026-01-31", "--window", "2026-Q4")
    assert (found["until"]["moment"], found["until"]["day"]) == ("now", "2026-11-21")
    assert filled(found) == {"pushed out": (1, -1000, -100)}  # it was won before the window


def test_a_window_has_edges(cli: Cli, put: Callable[..., str]) -> None:
    put("2026-01-05", a=record(1), b=record(2, expected_close="2027-02-01"), c=record(3))
    put("2026-02-05", a=record(1, expected_close="2027-01-01"), b=record(2), c=record(3, amount=1100))
    found = asked(cli, "--since", "2026-01-31", "--window", "2026-Q4")
    assert filled(found) == {
        "pulled in": (1, 1000, 100),
        "increased": (1, 100, 10),
        "pushed out": (1, -1000, -100),
    }
    assert found["window"] == "2026-Q4"


def test_a_person_reads_a_waterfall(cli: Cli, put: Callable[..., str]) -> None:
    first = put("2026-01-05", a=record(1))
    last = put("2026-02-05", a=record(1, stage="demo"), b=record(2, amount=250))
    said = cli("changes", "--since", "2026-01-31", "--until", "2026-02-28", "--deals").out
    assert said == (
        "Open pipeline in EUR\n"
        f"from 2026-01-31: commit {first[:7]} of 2026-01-05 12:00\n"
        f"to 2026-02-28: commit {last[:7]} of 2026-02-05 12:00\n"
        "\n"
        "               DEALS    AMOUNT  WEIGHTED\n"
        "-------------  -----  --------  --------\n"
        "opening            1  1,000.00    100.00\n"
        "new                1    250.00     25.00\n"
        "stage forward      1      0.00    150.00\n"
        "closing            2  1,250.00    275.00\n"
        "\n"
        "ID         BUCKET         TITLE   OWNER  AMOUNT  WEIGHTED  WHAT\n"
        "---------  -------------  ------  -----  ------  --------  --------------\n"
        "OPP-00002  new            Deal 2         250.00     25.00  qualify\n"
        "OPP-00001  stage forward  Deal 1           0.00    150.00  qualify → demo\n"
    )
    assert cli("changes", "--since", "2026-01-31", "--format", "ids").out == "OPP-00002\nOPP-00001\n"
    assert cli("changes", "--since", "2026-01-31", "--format", "csv").out.splitlines()[:2] == [
        "bucket,deals,amount,weighted,currency",
        "opening,1,1000.00,100.00,EUR",
    ]


def test_between_revisions_and_before_the_first_commit(cli: Cli, put: Callable[..., str]) -> None:
    put("2026-01-05", a=record(1))
    put("2026-02-05", a=record(1, amount=1200))
    assert filled(asked(cli, "--since", "HEAD~1", "--until", "HEAD")) == {"increased": (1, 200, 20)}
    assert filled(asked(cli, "--since", "HEAD~2")) == {"new": (1, 1200, 120)}
    found = asked(cli, "--since", "2020-01-01")
    assert found["since"]["commit"] is None
    assert filled(found) == {"new": (1, 1200, 120)}
    assert "2020-01-01, before the first commit" in cli("changes", "--since", "2020-01-01").out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--since", "2026-02-01", "--until", "2026-01-01"],
            "nothing lies between 2026-02-01 and 2026-01-01",
        ),
        (["--since", "today"], "--since yesterday shows what changed today"),
        (["--since", "nosuch"], '"nosuch" is neither a date nor a revision'),
        (["--since", "-x"], '"-x" isn\'t a revision: none begins with a hyphen'),
        (["--since", "2026-01-10", "--until", "2020-01-01"], "nothing lies between"),
        (["--since", "2026-01-10", "--window", "someday"], '"someday" isn\'t a'),
        (["--since", "2026-01-10", "--currency", "USD"], "no exchange rate from USD to EUR"),
    ],
)
def test_what_cannot_be_asked(cli: Cli, put: Callable[..., str], arguments: list[str], said: str) -> None:
    put("2026-01-05", a=record(1))
    assert said in cli("changes", *arguments, code=1).err


def test_a_currency_that_had_no_rate_at_the_opening(
    cli: Cli, put: Callable[..., str], root: Path, git: Git
) -> None:
    first = put(
        "2026-01-05",
        a=record(1),
        b=record(2, currency="USD", status="lost", closed=CLOSED + "  reason: price"),
        c=record(3),
    )
    settings = root / "pipecli.yaml"
    settings.write_text(settings.read_text() + "exchange_rates: {USD: {2026-02-01: 0.5}}\n")
    git("add", "pipecli.yaml")
    put("2026-02-05", a=record(1, currency="USD"), b=record(2, currency="USD", stage="demo"))
    found = asked(cli, "--since", "2026-01-31", "--until", "2026-02-28")
    assert filled(found) == {
        "reopened": (1, 500, 50),
        "stage forward": (1, 0, 75),
        "decreased": (1, -500, -50),
    }
    said = cli("changes", "--since", "2026-01-31", "--currency", "USD", code=1).err
    there = (
        f"in the settings of commit {first[:7]}, for OPP-00001; choose another moment, or another currency"
    )
    assert f"no exchange rate from USD to EUR on or before 2026-01-31 {there}" in said
    for asking in (("--as-of", first, "--currency", "USD"), ("--compare", first, "--currency", "USD")):
        said = cli("forecast", *asking, code=1).err
        assert there in said
    text = settings.read_text().replace("currency: EUR", "currency: USD")
    settings.write_text(text.replace("{USD: {2026-02-01: 0.5}}", "{EUR: {2026-01-01: 3}}"))
    git("add", "pipecli.yaml")
    put("2026-03-05", d=record(4))
    found = asked(cli, "--since", "2026-02-28", "--until", "2026-03-31")
    assert filled(found) == {"new": (1, 3000, 300)}  # both ends at the rates of the new base


def test_a_version_that_could_not_be_read_counts_as_before_with_a_warning(
    cli: Cli, put: Callable[..., str]
) -> None:
    put("2026-01-05", a=record(1), b="not a record")
    put("2026-01-06", a=record(1, amount=1200))
    put("2026-01-31", a=record(1) + "<<<<<<<\n")
    put("2026-02-28", a=record(1, amount=1500), b=record(2))
    said = cli("changes", "--since", "2026-01-31", "--format", "json")
    found = loads(said.out)
    assert found["opening"]["amount"] == 1200
    assert filled(found) == {"new": (1, 1000, 100), "increased": (1, 300, 30)}
    warnings = said.err.splitlines()
    assert warnings[0].startswith("warning: 2026-01-31: opportunities/a.yaml: line 9: ")
    assert warnings[0].endswith("; counted as it was before")
    assert warnings[1].endswith("; not counted")
    assert len(found["since"]["unreadable"]) == 2


def test_settings_that_could_not_be_read_stop_it(
    cli: Cli, put: Callable[..., str], git: Git, root: Path
) -> None:
    settings = root / "pipecli.yaml"
    good = settings.read_text()
    settings.write_text("company: [\n")
    git("commit", "-qam", "Break it")
    settings.write_text(good)
    git("commit", "-qam", "Mend it")
    assert "pipecli.yaml could not be read then" in cli("changes", "--since", "HEAD~1", code=1).err


def test_a_deal_twice_is_named(cli: Cli, put: Callable[..., str]) -> None:
    put("2026-01-05", a=record(1), b=record(1))
    put("2026-02-05", a=record(1, amount=1200))
    said = cli("changes", "--since", "2026-01-31", "--format", "json")
    assert loads(said.out)["opening"]["deals"] == 2
    assert "OPP-00001 is also the id of another file; both are counted" in said.err


def test_a_shallow_clone_refuses_what_it_cannot_know(
    cli: Cli, put: Callable[..., str], root: Path, tmp_path: Path
) -> None:
    put("2026-01-05", a=record(1))
    put("2026-02-05", a=record(1, amount=1200))
    put("2026-03-05", a=record(1, amount=1300))
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", "--depth", "2", root.as_uri(), str(clone)], check=True)
    said = cli("-C", str(clone), "changes", "--since", "2026-01-31", code=1).err
    assert "this clone is shallow and begins on 2026-02-05" in said


def stream(rng: random.Random) -> Iterator[str]:
    """300 commits by three authors over a year: edits, moves, losses, mistakes, a branch that is merged."""
    deals: dict[int, dict[str, Any]] = {}
    files: dict[int, str] = {}
    at = datetime(2025, 1, 1, 8, tzinfo=UTC)
    yield "reset refs/heads/main\nfrom refs/heads/main^0\n"
    for number in range(300):
        at += timedelta(hours=rng.randint(1, 58))
        branch, merge = "main", ""
        if number == 150:
            yield "reset refs/heads/side\nfrom refs/heads/main\n"
        if 150 <= number < 170 and number % 2:
            branch = "side"
        if number == 170:
            merge = "merge refs/heads/side\n"
        who = rng.choice(
            ["Ana <ana@contoso.example>", "Luis <luis@contoso.example>", "Eva <eva@contoso.example>"]
        )
        stamp = f"{who} {int(at.timestamp())} +0100"
        yield f"commit refs/heads/{branch}\nauthor {stamp}\ncommitter {stamp}\ndata 4\nedit\n{merge}"
        # A side branch has deals of its own, so that joining it is a plain union.
        mine = [one for one in deals if (one % 2 == 1) == (branch == "side" or number < 150 or number > 170)]
        if number == 170:
            changed = list(deals)
        elif (len(deals) < 14 and rng.random() < 0.3) or not mine:
            one = len(deals) * 2 + (branch == "side") if 150 <= number < 170 else len(deals)
            one = next(each for each in range(one, 99) if each not in deals)
            deals[one] = {
                "currency": rng.choice(["EUR", "EUR", "USD"]),
                "amount": rng.randint(1, 99_999) / 100,
            }
            files[one] = f"opportunities/{one}.yaml"
            changed = [one]
        else:
            one = rng.choice(mine)
            edit(rng, deals[one], at)
            if rng.random() < 0.05 and not 140 < number < 180:
                yield f"D {files[one]}\n"
                files[one] = f"opportunities/moved/{one}-{number}.yaml"
            changed = [one]
        for one in changed:
            text = record(one, **deals[one])
            yield f"M 100644 inline {files[one]}\ndata {len(text)}\n{text}\n"


def edit(rng: random.Random, fields: dict[str, Any], at: datetime) -> None:
    fields.pop("closed", None)
    fields.pop("status", None)
    match rng.randrange(8):
        case 0 | 1:
            fields["stage"] = rng.choice(STAGES)
        case 2 | 3:
            fields["amount"] = rng.choice([None, rng.randint(1, 99_999) / 100])
        case 4:
            month = rng.randint(1, 12)
            fields["expected_close"] = rng.choice([None, f"2025-{month:02}-28", f"2026-{month:02}-28"])
        case 5:
            fields["probability"] = rng.choice([None, 33, 66.5])
        case 6:
            fields |= {
                "status": "won",
                "closed": f"\n  date: {at:%Y-%m-%d}\n  amount: {rng.randint(1, 9999)}",
            }
        case 7:
            fields |= {"status": "lost", "closed": f"\n  date: {at:%Y-%m-%d}\n  reason: price"}


@pytest.fixture
def busy(root: Path, git: Git) -> Path:
    """A pipeline with a year of changes, its settings among them."""
    settings = root / "pipecli.yaml"
    rates = "exchange_rates:\n  USD:\n    2025-01-01: 0.9137\n    2025-06-01: 0.8811\n"
    settings.write_text(settings.read_text() + rates)
    date = "2024-12-31T12:00:00+0100"
    environment = os.environ | {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
    subprocess.run(
        ["git", "commit", "-qa", "--amend", "-m", "Found it"], cwd=root, check=True, env=environment
    )
    imported = "".join(stream(random.Random(7))).encode()
    subprocess.run(["git", "fast-import", "--quiet", "--force"], cwd=root, input=imported, check=True)
    git("reset", "-q", "--hard")
    git("revert", "--no-edit", "HEAD~3")
    settings.write_text(settings.read_text().replace("probability: 25", "probability: 35"))
    git("commit", "-qam", "Demos are worth more")
    return root


def test_any_two_dates_of_a_busy_year_add_up(cli: Cli, busy: Path) -> None:
    rng = random.Random(11)
    days = [f"2025-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}" for _ in range(8)]
    shutil.rmtree(busy / ".git/pipecli", ignore_errors=True)
    for since, until in [
        *zip(sorted(days), sorted(days)[1:], strict=False),
        ("2025-01-02", "now"),
        (days[0], "now"),
    ]:
        if since == until:
            continue
        found = asked(cli, "--since", since, *(["--until", until] if until != "now" else []))
        for end, moment in (("opening", since), ("closing", "HEAD" if until == "now" else until)):
            forecast = loads(cli("forecast", "--as-of", moment, "--format", "json").out)["totals"]
            assert found[end] == {
                "deals": forecast["open_count"],
                "amount": forecast["amount"],
                "weighted": forecast["weighted"],
            }
        asked(cli, "--since", since, "--window", "2025-Q3")


def test_squashed_or_not_it_is_the_same(cli: Cli, busy: Path, git: Git) -> None:
    before = cli("changes", "--since", "HEAD~200", "--format", "json").out
    start = git("rev-parse", "HEAD~200")
    git("reset", "-q", "--soft", start)
    git("commit", "-qm", "All at once")
    after = json.loads(cli("changes", "--since", "HEAD~1", "--format", "json").out)
    assert after["buckets"] == json.loads(before)["buckets"]
    assert after["closing"] == json.loads(before)["closing"]


def test_a_stage_that_was_renamed_moves_no_deal(cli: Cli, put: Callable[..., str]) -> None:
    since = put("2026-01-05", a=record(1, stage="demo"), b=record(2))
    cli("settings", "rename", "stage", "demo", "presentation")
    assert filled(asked(cli, "--since", since)) == {}
    cli("opp", "advance", "OPP-00002", "--to", "presentation")
    assert list(filled(asked(cli, "--since", since))) == ["stage forward"]
