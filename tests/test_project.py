"""The promises to a stranger: a changelog, pinned actions, links that lead somewhere, a whole site."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest
import ryaml

from pipecli import __version__

ROOT = Path(__file__).resolve().parents[1]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]


def test_the_changelog_has_this_version_and_its_tag() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## \[([^]]+)\](?: - (\d{4}-\d\d-\d\d|not tagged yet))?$", text, re.MULTILINE)
    assert versions[0] == ("Unreleased", "")
    assert versions[1][0] == __version__
    assert f"`v{__version__}`" in text


def test_every_action_is_pinned_by_a_commit_and_every_time_by_the_same() -> None:
    pins = defaultdict(set)
    places = (".github/workflows/*.yml", "pipecli/store/new_pipeline/*.yml", "docs/*.md")
    files = [file for place in places for file in ROOT.glob(place)]
    for file in files:
        for action, pin in re.findall(r"^\s*(?:- )?uses: ([^@\s]+)(.*)$", file.read_text(), re.MULTILINE):
            assert re.fullmatch(r"@[0-9a-f]{40} # v\d+\.\d+\.\d+", pin), f"{file.name}: {action}{pin}"
            pins[action].add(pin)
    assert "actions/checkout" in pins
    assert {action: pin for action, pin in pins.items() if len(pin) > 1} == {}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_to_a_file(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    inner = [link for link in links if not re.match(r"[a-z]+:", link)]
    assert [link for link in inner if not (page.parent / link).exists()] == []


def _slug(heading: str) -> str:
    text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_heading_leads_to_one(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s:]*)#([^)\s]+)\)", page.read_text(encoding="utf-8"))
    lost = []
    for name, anchor in links:
        target = page.parent / name if name else page
        headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
        if anchor not in map(_slug, headings):
            lost.append(f"{name}#{anchor}")
    assert lost == []


def test_every_page_is_in_the_site() -> None:
    site = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert [page.name for page in ROOT.glob("docs/*.md") if f" {page.name}\n" not in site] == []
    assert ryaml.loads(site)["theme"]["font"] is False  # type: ignore[attr-defined]
