"""Calendar text: folded and escaped so that any calendar program reads it back."""

from __future__ import annotations

from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from pipecli.outbox.ics import Event, calendar

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=300)


def unfolded(text: str) -> dict[str, str]:
    lines = text.replace("\r\n ", "").split("\r\n")
    return dict(line.split(":", 1) for line in lines if line)


def read_back(value: str) -> str:
    out, escaped = "", False
    for char in value:
        if escaped:
            out, escaped = out + ("\n" if char == "n" else char), False
        elif char == "\\":
            escaped = True
        else:
            out += char
    return out


@given(texts)
def test_lines_are_short_and_text_comes_back(summary: str) -> None:
    text = calendar("c", [Event("u", date(2026, 11, 21), None, f"x{summary}")], NOW)

    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    printable = "\n".join(
        "".join(char for char in line if char >= " " and char != "\x7f")
        for line in f"x{summary}".splitlines()
    )
    assert read_back(unfolded(text)["SUMMARY"]) == printable


def test_no_text_can_add_a_property() -> None:
    text = calendar("c", [Event("u", NOW, None, "a\r\nATTACH:file:///etc/passwd")], NOW)

    assert "\r\nATTACH" not in text
    assert "SUMMARY:a\\nATTACH:file:///etc/passwd" in text
