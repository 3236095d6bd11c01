"""`dashboard`: one page, opened in a real browser; its figures are those of SQL."""

from __future__ import annotations

import os
import re
import shutil
from decimal import Decimal

import pytest

from pipecli.json_and_csv import loads

EVIL = '<script>alert(1)</script><img src=x onerror=alert(2)> "&amp;" {{ 7 * 7 }} ' + "x" * 400
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OPTIONS = (
    "--no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync"
).split()


pytestmark = pytest.mark.usefixtures("today", "drawn_once")


@pytest.fixture
def root(root, git, monkeypatch):
    """Open, overdue and evil deals, a win and a loss; a month ago one deal, which had another amount."""

    def committed(day, *words):
        with monkeypatch.context() as clock:
            clock.setenv("GIT_COMMITTER_DATE", f"{day}T10:00:00")
            git("add", "-A")
            git("commit", "-q", *words)

    committed("2026-09-01", "--amend", "--no-edit")

    def deal(number, title, rest, stage="propose"):
        folder = root / "opportunities" / "2026"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"OPP-{number}-deal.yaml").write_text(
            f"id: OPP-{number}\ncreated: 2026-09-01T10:00:00+02:00\ntitle: '{title}'\nprocess: standard\n"
            f"stage: {stage}\ncurrency: EUR\nowner: ana-ruiz\n{rest}\n"
        )

    deal(10001, "Early", "status: open\namount: 40\nexpected_close: 2026-12-01")
    committed("2026-10-01", "-m", "one deal")
    deal(10001, "Early", "status: open\namount: 100\nexpected_close: 2026-12-01")
    deal(10002, EVIL, "status: open\namount: 250.5\nexpected_close: 2026-11-01\nscore: 70", "demo")
    deal(10003, "دستگاه اسپرسو", "status: won\nclosed: {date: 2026-11-03, amount: 500}")
    deal(
        10004, "Gone", "status: lost\nclosed: {date: 2026-11-04, reason: price, competitor: Acme}\namount: 70"
    )
    committed("2026-11-10", "-m", "more")
    return root


def written(cli, tmp_path, *options):
    page = tmp_path / "page.html"
    cli("dashboard", "--output", str(page), *options)
    return page.read_text(encoding="utf-8")


def figures(page):
    return dict(re.findall(r'class="figure" id="(\w+)" data-value="([^"]*)"', page))


def test_the_figures_of_the_page_are_those_of_sql(cli, root, tmp_path):
    found = figures(written(cli, tmp_path))

    def sql(query):
        return loads(cli("sql", query, "--format", "json").out)[0]["x"]

    opened = "FROM opportunities WHERE status = 'open'"
    assert Decimal(found["open_count"]) == sql(f"SELECT count(*) AS x {opened}") == 2
    assert Decimal(found["open_amount"]) == Decimal(str(sql(f"SELECT sum(amount) AS x {opened}")))
    assert Decimal(found["weighted"]) == Decimal(str(sql(f"SELECT sum(weighted) AS x {opened}")))
    assert Decimal(found["overdue_count"]) == sql(
        f"SELECT count(*) AS x {opened} AND expected_close < today()"
    )
    won = "FROM opportunities WHERE status = 'won' AND closed_date >= '2026-10-01'"
    assert Decimal(found["won_amount"]) == Decimal(str(sql(f"SELECT sum(closed_amount) AS x {won}")))
    assert found["win_rate"] == "50.00"


def test_the_forecast_counts_below_it_what_is_on_hold(cli, root, tmp_path):
    assert "on hold" not in written(cli, tmp_path)
    held, *_ = cli("opp", "list", "--format", "ids").out.split()
    amount = loads(cli("opp", "show", held, "--format", "json").out)["amount"]
    cli("opp", "hold", held, "--until", "+30d")
    assert f"apart, 1 deal on hold: {amount:,.2f} EUR" in written(cli, tmp_path)


def test_json_has_the_same_figures(cli, root, tmp_path):
    said = loads(cli("dashboard", "--output", str(tmp_path / "x.html"), "--format", "json").out)
    page = figures((tmp_path / "x.html").read_text(encoding="utf-8"))
    assert {name: str(value) for name, value in said["figures"].items()} == page
    assert (said["currency"], said["period"], said["today"]) == ("EUR", "2026-Q4", "2026-11-21")


def test_figures_stand_beside_those_of_a_week_and_a_month_ago(cli, root, tmp_path):
    page = written(cli, tmp_path)

    def changes(name):
        block = page[page.index(f'id="{name}"') :]
        return re.findall(r"<span([^>]*)>([^<>]+)</span> since", block)[:2]

    assert changes("open_count") == [("", "unchanged"), (' class="good"', "+1")]
    assert changes("open_amount") == [("", "unchanged"), (' class="good"', "+310.50")]
    assert changes("overdue_count") == [("", "unchanged"), (' class="bad"', "+1")]
    assert changes("won_amount") == [("", "unchanged"), (' class="good"', "+500.00")]
    assert changes("win_rate") == [("", "unchanged"), ("", "not known")]  # nothing was decided by then


def test_nothing_is_fetched_and_no_word_is_markup(cli, root, tmp_path):
    page = written(cli, tmp_path)
    assert re.findall(r'\b(?:src|href)="(?!data:)', page) == []
    assert re.findall(r"https?://(?!www\.w3\.org/)", page) == []
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "{{ 7 * 7 }}" in page


def test_it_is_somebodys_or_in_another_currency(cli, root, tmp_path, refused):
    cli("user", "add", "luis", "--name", "Luis Gil")
    page = written(cli, tmp_path, "--owner", "luis")
    assert "<bdi>Luis Gil</bdi>" in page
    assert figures(page)["open_count"] == "0"
    cli("settings", "set", "exchange_rates.USD.2026-01-01=0.5")
    assert figures(written(cli, tmp_path, "--currency", "USD"))["open_amount"] == "701.00"
    assert "unknown user nobody" in refused("dashboard", "-o", str(tmp_path / "x.html"), "--owner", "nobody")


def test_a_directory_gets_an_index(cli, root, tmp_path, refused):
    cli("dashboard", "--output", str(tmp_path / "site"))
    assert (tmp_path / "site" / "index.html").read_text().startswith("<!DOCTYPE html>")
    cli("dashboard", "--output", str(tmp_path / "site"))
    (tmp_path / "notes.txt").write_text("mine")
    assert "is neither a directory nor a .html" in refused("dashboard", "-o", str(tmp_path / "notes.txt"))
    assert "does not exist" in refused("dashboard", "-o", str(tmp_path / "no" / "x.html"))


def test_an_empty_pipeline_has_a_page(cli, root, tmp_path):
    for file in (root / "opportunities/2026").glob("*"):
        file.unlink()
    page = written(cli, tmp_path)
    assert "No deal stands still." in page
    assert "none decided" in page


def browser():
    """A real browser; CI has one, who tests at home need not."""
    if CHROMIUM is None and not os.environ.get("CI"):
        pytest.skip("no Chromium here")
    from playwright.sync_api import sync_playwright

    return sync_playwright()


def test_a_browser_shows_it_without_a_word_of_complaint(cli, root, tmp_path):
    (tmp_path / "page.html").write_text(written(cli, tmp_path), encoding="utf-8")
    said: list[str] = []
    with browser() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        page = chromium.new_page(viewport={"width": 1280, "height": 900})
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: said.append(dialog.message))
        page.on("request", lambda request: said.append(request.url))
        page.goto((tmp_path / "page.html").as_uri())
        assert page.inner_text("#open_amount strong") == "350.50"
        # the pointer tells which deal a circle is, as text
        page.hover(f'[aria-roledescription=circle][aria-label^="{EVIL[:10]}"]', force=True)
        assert page.inner_text(".tip").startswith(f"{EVIL} (OPP-10002)")
        # a click sorts, a second one turns it around
        table = page.locator("section.table", has_text="Forecast by month")
        months = table.locator("tbody td:first-child")
        before = months.all_inner_texts()
        table.get_by_role("button", name="Month").click()
        table.get_by_role("button", name="Month").click()
        assert months.all_inner_texts() == before[::-1]
        # long titles are cut, at the end of a line; nothing but a wide table of a phone scrolls
        assert max(page.evaluate("[...document.querySelectorAll('td')].map(each => each.offsetHeight)")) < 120
        boxes = "[...document.querySelectorAll('td, h1, .figure, section')]"
        assert page.evaluate(f"{boxes}.filter(each => each.scrollWidth > each.clientWidth).length") == 0
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            tables = "[...document.querySelectorAll('section.table')]"
            wide = page.evaluate(f"{tables}.filter(each => each.scrollWidth > each.clientWidth).length")
            # the page hears of its new width a moment later
            page.wait_for_function(f"document.querySelectorAll('section.scrolls').length === {wide}")
        assert wide > 0  # on a phone, where each says so
        page.emulate_media(media="print")
        assert page.pdf().startswith(b"%PDF")
        chromium.close()
    assert said == [(tmp_path / "page.html").as_uri()]


def test_amounts_that_are_too_long_for_half_a_page_have_all_of_it(cli, root, tmp_path):
    cli("opp", "add", "--title", "All", "--amount", "900000000000000", "--expected-close", "2026-12-01")
    cli("opp", "set", "all", "probability=100")
    cli("settings", "set", "targets.2026-12={ana-ruiz: 900000000000000}", "targets.2026-11={ana-ruiz: 1}")
    page = written(cli, tmp_path)
    assert '<section class="table wide">\n<h2>Forecast by month, in EUR</h2>' in page
    assert '<section class="table wide">\n<h2>Forecast by owner, in EUR</h2>' in page
    assert page.count('class="table wide"') == 2
    assert '<strong class="long">900,000,000,000,350.50</strong>' in page


def test_a_quarters_target_has_its_table_where_months_have_none(cli, root, tmp_path):
    cli("settings", "set", "targets.2026-Q4={ana-ruiz: 2000}")
    page = written(cli, tmp_path)
    table = page[page.index("Forecast by quarter") :]
    assert re.search(r"<td[^>]*>2,000.00</td>\s*<td[^>]*>25.0 %</td>", table)
    assert "an even part of the target of 2026-Q4: 666.67 EUR" in page
    cli("settings", "set", "targets.2026-11={ana-ruiz: 20}")
    assert "Forecast by quarter" not in written(cli, tmp_path)


def test_the_quarters_target_is_a_figure(cli, root, tmp_path):
    assert "attainment_percent" not in figures(written(cli, tmp_path))
    cli("settings", "set", "targets.2026-Q4={ana-ruiz: 2000}")
    page = written(cli, tmp_path)
    assert figures(page)["attainment_percent"] == "25.0"
    assert "of 2,000.00" in page


def test_the_forecast_is_there_by_team_and_by_seller_to_the_same_total(cli, root, tmp_path):
    cli("team", "add", "iberia", "--name", "Iberia")
    cli("user", "set", "ana-ruiz", "team=iberia")
    cli("settings", "set", "targets.2026-Q4={ana-ruiz: 1000}")

    page = written(cli, tmp_path)

    for by, name in (("team", "Iberia"), ("owner", "Ana Ruiz")):
        table = page[page.index(f"Forecast by {by}, in EUR") :].partition("</section>")[0]
        assert name in table
        assert re.findall(r"<tfoot>.*?</tfoot>", table)[0].count("500.00") == 1
        assert "50.0 %" in table


def test_the_deals_that_nobody_touched_are_those_of_the_report_of_activities(cli, root, tmp_path):
    cli("activity", "add", "OPP-10001", "--type", "call", "--subject", "Hello", "--done")
    page = tmp_path / "page.html"

    shown = loads(cli("dashboard", "--output", str(page), "--format", "json").out)

    counted = loads(cli("report", "activity", "--format", "json").out)["totals"]["untouched_count"]
    assert (shown["untouched"], counted) == (["OPP-10002"], 1)
    text = page.read_text(encoding="utf-8")
    table = text[text.index("Untouched in 2026-11") :].partition("</section>")[0]
    assert "OPP-10002" in table
    assert "OPP-10001" not in table
