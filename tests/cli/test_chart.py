"""`chart`: the reports as pictures, drawn without a browser and without a network."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import xml.etree.ElementTree as ET
from datetime import date
from decimal import Decimal

import pytest

from pipecli.outbox.charts import WIDE
from pipecli.outbox.pipeline_chart import Dot, _plain, _Scales
from pipecli.translation import words_of

EVIL = '<script>alert("1")</script> & ]]> {{x}}'


pytestmark = pytest.mark.usefixtures("today", "drawn_once")


@pytest.fixture
def root(root):
    """Open: one with a score, one of an evil title, one without a date or an amount; one won, one lost."""
    folder = root / "opportunities" / "2026"
    folder.mkdir(parents=True)
    for number, (title, rest) in enumerate(
        [
            ("Café", "status: open\nexpected_close: 2026-12-15\namount: 1000\nscore: 80\nowner: ana-ruiz"),
            (EVIL, "status: open\nexpected_close: 2026-11-01\namount: 1000000000000\nscore: 5"),
            ("دستگاه اسپرسو ☕", "status: open"),
            ("Won", "status: won\nclosed: {date: 2026-11-03, amount: 500}"),
            ("Lost", "status: lost\nclosed: {date: 2026-10-03, reason: price, competitor: Acme}\namount: 70"),
        ]
    ):
        (folder / f"OPP-1000{number}-deal.yaml").write_text(
            f"id: OPP-1000{number}\ncreated: 2026-09-01T10:00:00+02:00\ntitle: {title!r}\nprocess: standard\n"
            f"stage: propose\ncurrency: EUR\n{rest}\n"
        )
    return root


def drawn(cli, tmp_path, *arguments, ending=".svg"):
    file = tmp_path / f"chart{ending}"
    cli("chart", *arguments, "--output", str(file))
    return file.read_bytes()


def marks(svg, role):
    """What each mark is about, as the pointer tells it."""
    found = ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}path")
    return [each.get("aria-label") for each in found if each.get("aria-roledescription") == role]


def words(svg):
    return " ".join(
        "".join(each.itertext()) for each in ET.fromstring(svg).iter() if each.tag.endswith("text")
    )


def test_every_open_deal_is_a_circle_and_nothing_is_left_out(cli, root, tmp_path):
    svg = drawn(cli, tmp_path, "pipeline")
    circles = marks(svg, "circle")
    assert sorted(each.splitlines()[0] for each in circles) == sorted(
        ["Café (OPP-10000)", f"{EVIL} (OPP-10001)", "دستگاه اسپرسو ☕ (OPP-10002)"]
    )
    assert any(
        "1,000.00 EUR, score 80" in each and "Propose, close 2026-12-15, ana-ruiz" in each for each in circles
    )
    said = words(svg)
    assert "3 open deals by expected close, in EUR" in said
    assert "1 without a score (grey); 1 without an amount" in said
    assert "no expected close" in said
    for file in (root / "opportunities").rglob("*.yaml"):
        file.write_text(file.read_text().replace("2026-12-15", "9999-12-31"))
    assert "6000 7000 8000" in re.sub(
        r"\s+", " ", words(drawn(cli, tmp_path, "pipeline"))
    )  # not each quarter


def test_the_largest_circles_have_names_and_none_leaves_its_lane(cli, root, tmp_path):
    svg = drawn(cli, tmp_path, "pipeline").decode()
    assert "Café" in words(svg)
    assert EVIL[:15] in words(svg)
    for file in (root / "opportunities").rglob("*.yaml"):
        file.write_text(re.sub(r"expected_close: .*\n", "", file.read_text()))
    assert EVIL[:15] in words(drawn(cli, tmp_path, "pipeline").decode())  # where no deal has a date, too
    large = Dot("X", "demo", None, Decimal(100), date(2026, 12, 1), "X", "X")
    rows = [
        _plain(large._replace(id=f"X{n}"), _Scales([large], WIDE, words_of(None)), 68.0) for n in range(50)
    ]
    edges = [(row["down"] * 68 - row["radius"], row["down"] * 68 + row["radius"]) for row in rows]
    assert all(top >= -0.01 and bottom <= 68.01 for top, bottom in edges)


def test_a_circle_is_coloured_by_score_and_as_large_as_the_amount(cli, root, tmp_path):
    for file in (root / "opportunities/2026").glob("OPP-1000[1-4]*"):
        file.unlink()
    (root / "opportunities/2026/OPP-20000-x.yaml").write_text(
        "id: OPP-20000\ncreated: 2026-09-01T10:00:00+02:00\ntitle: Quarter\nprocess: standard\nstage: demo\n"
        "currency: EUR\nstatus: open\nexpected_close: 2026-12-15\namount: 250\n"
    )
    svg = ET.fromstring(drawn(cli, tmp_path, "pipeline"))
    circles = {
        each.get("aria-label").split()[0]: each
        for each in svg.iter("{http://www.w3.org/2000/svg}path")
        if each.get("aria-roledescription") == "circle"
    }
    radius = {name: float(re.match(r"M([\d.]+),", each.get("d"))[1]) for name, each in circles.items()}
    assert radius["Café"] / radius["Quarter"] == pytest.approx(2, rel=0.05)  # four times the area
    assert circles["Quarter"].get("fill") == "#8c8c8c"  # no score
    assert circles["Café"].get("fill") != "#8c8c8c"


def test_the_forecast_has_its_columns_and_targets(cli, root, tmp_path):
    cli("settings", "set", "targets.2026-12={ana-ruiz: 900}")
    svg = drawn(cli, tmp_path, "forecast", "--from", "2026-11", "--to", "2026-12", "--owner", "ana-ruiz")
    bars = marks(svg, "bar")
    assert "2026-12, weighted: 500.00 EUR" in bars
    assert "2026-12, target: 900.00 EUR" in marks(svg, "tick")
    assert "the bar across is the target" in words(svg)


def test_a_month_without_a_target_has_an_even_part_of_a_longer_ones(cli, root, tmp_path):
    cli("settings", "set", "targets.2026-Q4={ana-ruiz: 1000}", "targets.2026-11={ana-ruiz: 70}")
    cli("settings", "set", "targets.2027={ana-ruiz: 1200}")
    cli("opp", "add", "--title", "Next year", "--amount", "5", "--expected-close", "2027-02-01")
    svg = drawn(cli, tmp_path, "forecast", "--from", "2026-11", "--to", "2027-02")
    assert set(marks(svg, "tick")) == {
        "2026-11, target: 70.00 EUR",
        "2026-12, an even part of the target of 2026-Q4: 333.33 EUR",
        "2027-02, an even part of the target of 2027: 100.00 EUR",
    }


def test_of_many_owners_the_first_are_drawn_and_the_others_counted(cli, root, tmp_path):
    names = [f"user-{number:02}" for number in range(30)]
    cli("settings", "set", *[f"users.{name}.name=Ana" for name in names])
    for number, name in enumerate(names):
        (root / f"opportunities/2026/OPP-2{number:04}-x.yaml").write_text(
            f"id: OPP-2{number:04}\ncreated: 2026-09-01T10:00:00+02:00\ntitle: Deal\nprocess: standard\n"
            f"stage: demo\ncurrency: EUR\nstatus: open\nowner: {name}\namount: {10**13 + number}\n"
        )
    svg = drawn(cli, tmp_path, "forecast", "--by", "owner")
    assert "the first 24 of 32" in words(svg)
    weighted = [each for each in marks(svg, "bar") if "weighted" in each]
    assert len(weighted) == 24  # all are called Ana, and none is drawn on another


def test_two_customers_of_one_name_have_a_bar_each(cli, root, tmp_path):
    for number in range(2):
        (root / f"opportunities/2026/OPP-3000{number}-x.yaml").write_text(
            f"id: OPP-3000{number}\ncreated: 2026-09-01T10:00:00+02:00\ntitle: Deal\nprocess: standard\n"
            f"stage: demo\ncurrency: EUR\nstatus: lost\namount: {number}\ncustomer: acme-{number}\n"
            "closed: {date: 2026-10-01, reason: price}\n"
        )
        (root / "customers").mkdir(exist_ok=True)
        (root / f"customers/acme-{number}.yaml").write_text(f"id: acme-{number}\nname: Acme\n")
    svg = drawn(cli, tmp_path, "lost", "--by", "customer")
    assert marks(svg, "bar") == [
        "Acme: 1 (33.33 %), 1.00 EUR", "Acme: 1 (33.33 %), 0.00 EUR",
        "without customer: 1 (33.33 %), 70.00 EUR",
    ]  # fmt: skip
    for label in ("1 (33.33 %), 1.00 EUR", "1 (33.33 %), 0.00 EUR"):
        assert label in words(svg)


def test_the_forecast_by_anything(cli, root, tmp_path):
    for by in ("quarter", "stage", "owner", "team", "type", "source", "customer", "product"):
        assert f"Forecast by {by} in EUR" in words(drawn(cli, tmp_path, "forecast", "--by", by))


def test_what_was_lost_in_bars_and_over_time(cli, root, tmp_path):
    svg = drawn(cli, tmp_path, "lost")
    assert marks(svg, "bar") == ["price: 1 (100.00 %), 70.00 EUR"]
    assert "1 (100.00 %), 70.00 EUR" in words(svg)
    trend = drawn(cli, tmp_path, "lost", "--by", "competitor", "--trend", "quarter")
    assert marks(trend, "bar") == ["2026-Q4, Acme: 1, 70.00 EUR"]


def test_the_funnel_has_a_bar_a_step(cli, root, tmp_path):
    svg = drawn(cli, tmp_path, "funnel")
    bars = marks(svg, "bar")
    assert "opportunities: 5 (100.00 %)" in bars
    assert "Propose or further: 5 (100.00 %)" in bars
    assert "opportunities: won: 1 (20.00 %)" in bars
    cli("lead", "add", "--name", "Ana", "--organization", "Acme")
    assert "leads: 1 (100.00 %)" in marks(drawn(cli, tmp_path, "funnel"), "bar")


def test_a_picture_and_a_page(cli, root, tmp_path):
    light = drawn(cli, tmp_path, "pipeline", ending=".png")
    dark = drawn(cli, tmp_path, "pipeline", "--theme", "dark", ending=".png")
    assert light.startswith(b"\x89PNG")
    assert light != dark
    page = drawn(cli, tmp_path, "pipeline", ending=".html").decode()
    assert page.startswith("<!DOCTYPE html>")
    assert "prefers-color-scheme: dark" in page
    assert "<script>alert" not in page
    assert re.findall(r'(?:src|href)="(?!data:)', page) == []
    assert re.findall(r"https?://(?!www\.w3\.org/)", page) == []
    assert "#0101" not in page  # every colour of the stand-in theme gave way to a variable


@pytest.mark.parametrize(
    ("chart", "said"),
    [
        ("pipeline", "0 open deals"),
        ("forecast", "Forecast by month in EUR"),
        ("lost", "0 lost, worth 0.00 EUR"),
    ],
)
def test_an_empty_pipeline_has_an_empty_chart(cli, root, tmp_path, chart, said):
    for file in (root / "opportunities/2026").glob("*"):
        file.unlink()
    svg = drawn(cli, tmp_path, chart)
    assert said in words(svg)
    assert marks(svg, "circle") == marks(svg, "bar") == []


def test_what_cannot_be_written_is_refused_first(cli, root, tmp_path, refused):
    assert "only .svg, .png and .html can be written" in refused("chart", "pipeline", "-o", "x.pdf")
    assert "does not exist; make it" in refused("chart", "lost", "-o", str(tmp_path / "no" / "x.svg"))
    assert "--output is missing" in cli("chart", "pipeline", code=2).err


def test_money_in_another_currency(cli, root, tmp_path):
    cli("settings", "set", "exchange_rates.USD.2026-01-01=0.5")
    svg = drawn(cli, tmp_path, "pipeline", "--currency", "usd", "--owner", "ana-ruiz")
    assert "2,000.00 USD" in marks(svg, "circle")[0]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing limits addresses")
def test_a_limit_of_addresses_is_told_before_the_engine_ends_the_process(root, tmp_path):
    chart = [
        sys.executable,
        "-m",
        "pipecli",
        "-C",
        str(root),
        "chart",
        "pipeline",
        "-o",
        str(tmp_path / "x.svg"),
    ]
    done = subprocess.run(
        ["sh", "-c", f"ulimit -v 2000000; exec {shlex.join(chart)}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(
        "error: charts can't be drawn with the 1,953 MB of addresses that `ulimit -v`"
    )


def test_without_the_extra_it_says_what_to_install(cli, root, tmp_path, monkeypatch, refused):
    monkeypatch.setitem(sys.modules, "altair", None)
    assert 'install "pipecli-crm[charts]"' in refused("chart", "pipeline", "-o", str(tmp_path / "x.svg"))


def test_every_chart_is_what_vega_lite_says_one_is(cli, root, tmp_path, monkeypatch):
    """The program itself doesn't ask at each run: that takes as long as to make the chart."""
    import altair
    import vl_convert
    from altair.utils.schemapi import validate_jsonschema

    specs = []
    monkeypatch.setattr(vl_convert, "vegalite_to_svg", lambda spec: specs.append(spec) or "<svg/>")
    cli("settings", "set", "targets.2026-12={ana-ruiz: 900}")
    for chart in ("pipeline", "forecast", "funnel", "lost"):
        drawn(cli, tmp_path, chart)
        spec = specs.pop()
        assert spec.pop("config")["legend"]["layout"]  # a setting of vega, below vega-lite
        validate_jsonschema(spec, altair.load_schema())
    assert not specs
