"""Cells that a spreadsheet would run are guarded, and every text comes back as it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipecli.harmless_text import spreadsheet_cell, text_of_spreadsheet_cell


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1 555 0100",
        "-1+1",
        "@SUM(A1)",
        "\t=1",
        "＝1+1",
        "＋1+1",
        "－1+1",
        "＠SUM",
        "-",
        "-5.00x",
        "+٣",
        "'=looks guarded",
    ],
)
def test_a_spreadsheet_runs_no_cell(text: str) -> None:
    assert spreadsheet_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-5.00", "+34600100200", "-1000", "a=b", "", "2026-11-21", "'x", "'-5"])
def test_numbers_and_plain_text_stay_as_they_are(text: str) -> None:
    assert spreadsheet_cell(text) == text


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("x;=1+1", "x;'=1+1"),
        ("x;'=1", "x;''=1"),
        ("-1+1;@a;5;-5", "'-1+1;'@a;5;-5"),
        ("note\n=1\r\n- a list", "note\n'=1\r\n- a list"),
        ("\n=1", "'\n'=1"),
    ],
)
def test_nor_one_that_begins_after_a_semicolon_or_a_line_break(text: str, cell: str) -> None:
    """Excel of half of Europe begins a cell there, whatever quotes stand around."""
    assert spreadsheet_cell(text) == cell
    assert text_of_spreadsheet_cell(cell) == text


@given(st.text(st.sampled_from("'=+-@1. x\t;\n"), max_size=8) | st.text())
def test_every_text_comes_back(text: str) -> None:
    assert text_of_spreadsheet_cell(spreadsheet_cell(text)) == text
