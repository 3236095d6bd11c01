"""The languages of what people get by mail and page; a further one is a file."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.records_given import DEAL

PACKAGE = Path(__file__).parents[2] / "pipecli"
ENGLISH = PACKAGE / "languages/en.toml"
TEXT = """\
id: OPP-2Q8XA
created: 2026-09-01T10:00:00+02:00
title: Espresso machines
process: standard
stage: demo
currency: EUR
amount: 1234.5
owner: ana-ruiz
expected_close: 2026-12-01
next_contact: {date: 2026-11-19, by: luis, note: Ask}
activities:
- {id: 4F2QX, type: meeting, at: '2026-11-21T10:00:00+01:00', subject: Demo}
"""


@pytest.fixture
def spoken(root: Path, given: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Ana reads Persian, Luis a language that has no file, and the team Spanish."""
    monkeypatch.setenv("PIPECLI_TODAY", "2026-11-21")
    monkeypatch.setenv("PIPECLI_CONFIG", str(tmp_path / "config.toml"))
    settings = (root / "pipecli.yaml").read_text()
    settings = re.sub(r"(  ana-ruiz:\n)", r"\1    language: fa\n", settings)
    luis = "  luis: {name: Luis Gil, language: xx}\nteams: {}"
    given({"pipecli.yaml": f"{settings.replace('teams: {}', luis)}\nlanguage: es\n", DEAL: TEXT})


@pytest.mark.usefixtures("spoken")
def test_each_reader_has_their_language(cli: Any, root: Path, given: Any, tmp_path: Path) -> None:
    said = cli("remind", "--dry-run").out
    persian = said[said.index("ana-ruiz") :].split("To: ")[0]
    assert "۱ پیگیری برای Ana Ruiz" in persian and "امروز، شنبه ۲۱ نوامبر ۲۰۲۶" in persian
    assert "۱۰:۰۰ جلسه: Demo" in persian
    assert "1 follow-up for Luis Gil, 1 overdue" in said and "2026-11-19 (2 days late) next contact" in said

    team, ana = (cli("calendar", *words).out for words in ([], ["--owner", "ana-ruiz"]))
    assert "reunión: Demo" in team and "próximo contacto" in team
    assert "جلسه: Demo" in ana

    page = tmp_path / "page.html"
    cli("dashboard", "--output", str(page))  # git's identity is Ana's
    assert '<html lang="fa" dir="rtl">' in page.read_text() and "۱٬۲۳۴٫۵۰" in page.read_text()
    drawn = ("قیف فروش", "پیش‌بینی ماهانه به EUR", "تاریخ بستن", "سرنخ‌ها")
    drawn = (
        *drawn,
        "ایجادشده از ۲۱ نوامبر",
        "نوامبر ۲۰۲۶",
        "در سه‌ماههٔ چهارم ۲۰۲۶",
        "۲۸ نوامبر",
    )
    assert [word for word in drawn if word not in page.read_text()] == []
    assert "by expected close" not in page.read_text() and ">Funnel<" not in page.read_text()
    digest = cli("digest", "--to", "sales", "--dry-run").out
    assert "Subject: Contoso: del 15 de noviembre" in digest
    assert "dic 2026 " in digest
    assert "X-WR-CALNAME:Contoso: calendario" in team and "تقویم Ana Ruiz" in ana
    settings = root / "pipecli.yaml"
    settings.write_text(settings.read_text().replace("language: fa", "language: es"))
    given({DEAL: f"{TEXT}status: lost\nclosed: {{date: 2026-11-20, reason: price}}\n"})
    cli("chart", "lost", "--output", str(page), "--from", "2026-11-01")
    lost = (
        "Oportunidades perdidas por motivo, desde el 1 de noviembre de 2026",
        "1.234,50",
        '<html lang="es"',
    )
    assert [word for word in lost if word not in page.read_text()] == []


def test_a_language_has_the_words_of_english() -> None:
    texts = {
        file.stem: tomllib.loads(file.read_text(encoding="utf-8")) for file in ENGLISH.parent.glob("*.toml")
    }
    english = texts.pop("en")
    assert set(texts) >= {"es", "fa"}
    for language, words in texts.items():
        assert set(words) == set(english), language
        for name, text in words.items():
            if isinstance(text, str):
                assert sorted(re.findall(r"{\w+}", text)) == sorted(re.findall(r"{\w+}", english[name])), name
            elif name != "units":
                assert set(text) >= set(english[name]), name


@pytest.mark.usefixtures("spoken")
def test_a_further_language_is_one_file(root: Path, tmp_path: Path) -> None:
    copied = shutil.copytree(
        PACKAGE, tmp_path / "there/pipecli", ignore=shutil.ignore_patterns("__pycache__")
    )
    (copied / "languages/xx.toml").write_text(
        'direction = "ltr"\nreminder_overdue = "Yo {name}: {follow_ups}, {overdue} late"\n'
        'follow_ups = {one = "{n} thingy", other = "{n} thingies"}\n[kinds]\nnext-contact = "ring them"\n'
    )
    done = subprocess.run(
        [sys.executable, "-m", "pipecli", "remind", "--dry-run", "--owner", "luis"],
        env=os.environ | {"PYTHONPATH": str(copied.parent)}, cwd=root, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert "Subject: Yo Luis Gil: 1 thingy, 1 late" in done.stdout
    assert "Overdue\n" in done.stdout and "ring them" in done.stdout  # what it lacks is said in English
