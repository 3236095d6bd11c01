"""PDF: everything prints as itself, long lists break over pages, and a template can do no harm."""

from __future__ import annotations

import io
import os
import re
import sys
from dataclasses import replace

import pytest

from pipecli.errors import PipecliError
from pipecli.outbox.printed_papers import PrintedAddress
from pipecli.outbox.typesetting import typeset
from tests.later import Later
from tests.printing import CREATED, ITEM, MARKUP, printed, template_in

pypdf = Later("pypdf")
pytestmark = pytest.mark.usefixtures("warm_calls")


def pages(done):
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(done.content)).pages]


def words_in(done):
    """All the text, as one; the zero-width spaces that let a long word break are not words."""
    return re.sub(r"[\u200b\s]+", " ", " ".join(pages(done)).replace("\u200b", ""))


def test_one_page_has_all_there_is_to_say():
    done = typeset(printed(terms="Net 30.\n\nSecond"), created=CREATED)

    assert done.content.startswith(b"%PDF")
    assert len(pages(done)) == 1
    said = words_in(done)
    for text in ("Contoso", "28013 Madrid", "Attn. María López", "QTN-A1111", "12.5%", "€5,291.63", "Net 30.",
                 "Name and signature", "Page 1 of 1"):  # fmt: skip
        assert text in said
    assert (done.missing, done.logo_is_read) == ("", True)


def test_a_long_list_repeats_its_heading_on_every_page():
    items = [replace(ITEM, description=f"Line {number}") for number in range(1, 61)]

    said = pages(typeset(printed(items=items), created=CREATED))

    assert len(said) == 3
    of_items = [text for text in said if "Line " in text]
    assert all("Unit price" in text and "Discount" in text for text in of_items)
    assert [text.count("of 3") for text in said] == [1, 1, 1]
    for number in range(1, 61):
        assert any(re.search(rf"Line {number}\b", text) for text in said)


def test_columns_that_no_line_needs_are_not_there():
    said = words_in(typeset(printed(discounted=False, taxed=False, sums=[]), created=CREATED))

    assert "Discount" not in said
    assert "Tax" not in said


def test_markup_prints_as_itself():
    done = typeset(
        printed(
            items=[replace(ITEM, description=text, detail=text) for text in MARKUP],
            customer=PrintedAddress(MARKUP[0], MARKUP, MARKUP[1]),
            company=PrintedAddress(MARKUP[2], MARKUP),
            terms="\n".join(MARKUP),
        ),
        created=CREATED,
    )

    said = words_in(done)
    for text in MARKUP:
        assert said.count(" ".join(text.split())) >= 5


def test_a_word_of_500_letters_stays_in_its_cell():
    done = typeset(printed(items=[replace(ITEM, description="x" * 500)]), created=CREATED)

    (page,) = pages(done)
    runs = [len(line) for line in page.replace("\u200b", "").splitlines() if "xxx" in line]
    assert sum(runs) >= 500
    assert max(runs) < 100


def test_figures_of_thirty_digits_leave_room_for_what_is_sold():
    huge = "999,999,999,999,999,999,999,999,999,999.00"
    item = replace(ITEM, quantity=huge, unit_price=huge, amount=huge)

    said = words_in(typeset(printed(items=[item]), created=CREATED))

    assert said.count(huge) == 3
    assert "Café S-100" in said


def test_persian_is_set_with_a_font_that_has_it():
    """One that comes with typst at least: no letter is missing on any machine."""
    done = typeset(printed("fa", customer=PrintedAddress("فروشگاه قهوهٔ تهران", [])), created=CREATED)

    assert done.missing == ""


def test_characters_that_no_font_has_are_told():
    done = typeset(printed(items=[replace(ITEM, description="A \U000f1234 B")]), created=CREATED)

    assert done.missing == "U+F1234"
    assert done.content.startswith(b"%PDF")


def test_a_folder_of_fonts_may_hold_what_is_none(tmp_path):
    """A font that can't be read isn't a reason to fail: it is as if it were not there."""
    fonts = tmp_path / "fonts"
    fonts.mkdir()
    (fonts / "broken.ttf").write_bytes(b"no font")
    (fonts / "out.ttf").symlink_to("/dev/zero")

    assert typeset(printed(), fonts=fonts, created=CREATED).missing == ""


@pytest.fixture
def template(tmp_path):
    return template_in(tmp_path)


def test_a_template_reads_what_lies_beside_it(template):
    own = template('#import "parts/head.typ": head\n#head #read("note.txt")')
    (own.folder / "parts").mkdir()
    (own.folder / "parts/head.typ").write_text("#let head = [Ours]")
    (own.folder / "note.txt").write_text("noted")

    assert words_in(typeset(printed(), own, created=CREATED)) == "Ours noted"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('Hi\n#read("../secret.txt")', 'own.typ:2: path `"../secret.txt"` would escape'),
        ('#read("/etc/passwd")', "own.typ:1: file not found"),
        ('#read("link.txt")', "own.typ:1: file not found"),
        ('\n\n#import "@preview/cetz:0.3.0": *', "own.typ:3: a template can't import a package"),
        ('#import "@local/ours:0.1.0": *', "own.typ:1: a template can't import a package"),
        ('#let name = "@pre" + "view/cetz:0.3.0"\n#import name: *', "own.typ:2: a template can't import a"),
        ("#let x = 0\n#while x < 1 { x = x * 1 }", "own.typ:2: loop seems to be infinite"),
        ("#let f(x) = f(x + 1)\n#f(1)", "own.typ:1: maximum function call depth exceeded"),
        ("ok\n#let = 3", "own.typ:2: expected pattern"),
        ('#panic("one\\ntwo")', "own.typ:1: panicked with: one two"),
        ('#let a = "x" * 4000000000', "own.typ takes more than 1 GB of memory"),
    ],
)
def test_a_template_that_may_not_is_refused_with_its_line(template, text, said):
    with pytest.raises(PipecliError, match=re.escape(f"templates/{said}")) as refused:
        typeset(printed(), template(text), created=CREATED)

    assert "\n" not in str(refused.value)


@pytest.mark.skipif(os.name != "posix", reason="it kills by a signal")
def test_a_process_that_the_system_kills_is_told(monkeypatch, tmp_path):
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nkill -9 $$\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))

    with pytest.raises(
        PipecliError, match=r"quotation.typ can't be set: its process was stopped: Killed; try"
    ):
        typeset(printed(), created=CREATED)


def test_a_template_that_does_not_end_is_ended(cold_calls, template):
    endless = template("#for i in range(100000) { for j in range(100000) { } }")

    with pytest.raises(PipecliError, match=r"templates/own.typ takes more than 0.3 seconds;"):
        typeset(printed(), endless, created=CREATED, seconds=0.3)
