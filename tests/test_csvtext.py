"""Cells that a spreadsheet would run are guarded, and every text comes back as it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipecli.csvtext import guarded, unguarded


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1 555 0100",
        "-1+1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
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
    assert guarded(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-5.00", "+34600100200", "-1000", "a=b", "", "2026-11-21", "'x", "'-5"])
def test_numbers_and_plain_text_stay_as_they_are(text: str) -> None:
    assert guarded(text) == text


@given(st.text(st.sampled_from("'=+-@1. x\t"), max_size=6) | st.text())
def test_every_text_comes_back(text: str) -> None:
    assert unguarded(guarded(text)) == text
