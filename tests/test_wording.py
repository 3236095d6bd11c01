"""Phrases that rooms share: counts, shortened lists, and text that is safe to show."""

from __future__ import annotations

from pipecli.harmless_text import code_host_text, one_line, visible
from pipecli.wording import count, duration, first_of, shortened


def test_a_noun_is_plural_but_for_one() -> None:
    assert [count(number, "deal") for number in (0, 1, 2)] == ["0 deals", "1 deal", "2 deals"]
    assert count(1200, "row", ",") == "1,200 rows"


def test_a_duration_is_told_as_people_say_it() -> None:
    told = [duration(minutes) for minutes in (0, 45, 60, 200, 1440, 1500, 3000, 10_080, 149_760)]
    assert told == [
        "0 min", "45 min", "1 h", "3 h 20 min", "1 day", "1 day 1 h", "2 days 2 h", "7 days", "104 days",
    ]  # fmt: skip
    assert duration(3000, in_hours=True) == "50 h"  # of business


def test_a_long_list_is_cut_and_the_rest_is_counted() -> None:
    assert first_of(["ana", "ben"], 2) == "ana, ben"
    assert first_of(["ana", "ben", "cleo", "dan"], 2) == "ana, ben and 2 more"
    assert [shortened(text, 4) for text in ("four", "fiver")] == ["four", "fiv…"]


def test_text_to_show_has_no_control_characters() -> None:
    assert visible("a\x1b[31mb\n") == "a·[31mb·"
    assert visible("a\x1b\n", keep="\n") == "a·\n"
    assert one_line("a\r\nBcc: b\x00") == "a Bcc: b"


def test_a_subject_tells_nobody_and_closes_no_issue_and_an_address_is_a_link_in_markdown_alone() -> None:
    assert code_host_text("@ana #12 b@c.example") == "@\u200bana #\u200b12 b@c.example"
    assert code_host_text("@ana b@c.example", has_links=True) == "@\u200bana b@\u200bc.example"
