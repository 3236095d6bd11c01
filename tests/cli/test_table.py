"""Tables in a terminal: aligned in every script, never wider than it, harmless whatever the files hold."""

from __future__ import annotations

import re
import subprocess
import sys
import unicodedata
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import iter_graphemes, wcswidth, wcwidth

from pipecli.cli.common.table import _SINGLE, Column, cell_text, cut, display_width, money, render
from pipecli.harmless_text import terminal_line

DEALS = [
    Column("id", "ID"),
    Column("title", "Title", shrink=True, min_width=12),
    Column("customer", "Customer", shrink=True, min_width=10, rank=1),
    Column("close", "Close", rank=2),
    Column("amount", "Amount", "right"),
]
ROWS: list[list[object]] = [
    ["OPP-2Q8XA", "Espresso machines for the new shop", "Contoso Coffee", date(2026, 12, 15), "4,998.00"],
    ["OPP-7K3M9", "Mill", "Fabrikam", None, "299.00"],
]


def terminal_columns(line: str) -> int:
    return sum(max(wcswidth(grapheme), 0) for grapheme in iter_graphemes(line))


def test_a_table_as_wide_as_it_gets() -> None:
    table = render(DEALS, ROWS, None)
    assert table.text == (
        "ID         Title                               Customer        Close         Amount\n"
        "---------  ----------------------------------  --------------  ----------  --------\n"
        "OPP-2Q8XA  Espresso machines for the new shop  Contoso Coffee  2026-12-15  4,998.00\n"
        "OPP-7K3M9  Mill                                Fabrikam                      299.00"
    )
    assert table.dropped == []


def test_a_narrow_terminal_cuts_the_widest_text_first() -> None:
    assert render(DEALS, ROWS, 70).text == (
        "ID         Title                  Customer        Close         Amount\n"
        "---------  ---------------------  --------------  ----------  --------\n"
        "OPP-2Q8XA  Espresso machines fo…  Contoso Coffee  2026-12-15  4,998.00\n"
        "OPP-7K3M9  Mill                   Fabrikam                      299.00"
    )


def test_then_the_least_important_columns_go_and_are_named() -> None:
    table = render(DEALS, ROWS, 45)
    assert table.text == (
        "ID         Title         Customer      Amount\n"
        "---------  ------------  ----------  --------\n"
        "OPP-2Q8XA  Espresso ma…  Contoso C…  4,998.00\n"
        "OPP-7K3M9  Mill          Fabrikam      299.00"
    )
    assert table.dropped == ["Close"]
    assert render(DEALS, ROWS, 12).dropped == ["Title", "Customer", "Close", "Amount"]


def test_no_rows_leave_the_headings() -> None:
    assert render(DEALS[:2], [], 80).text == "ID  Title\n--  -----"


def test_every_script_lines_up() -> None:
    columns = [Column("title", "Title", shrink=True), Column("amount", "Amount", "right")]
    rows = [
        ["Café «año»", "1.00"],
        ["咖啡机", "2.00"],
        ["👨‍👩‍👧 ❤️ 🇪🇸", "3.00"],
        ["e\u0301te\u0301", "4.00"],
        ["قهوه‌خانه", "5.00"],
    ]
    text = render(columns, rows, None).text
    assert text == (
        "Title       Amount\n"
        "----------  ------\n"
        "Café «año»    1.00\n"
        "咖啡机        2.00\n"
        "👨‍👩‍👧 ❤️ 🇪🇸      3.00\n"
        "e\u0301te\u0301           4.00\n"
        "\u2068قهوه‌خانه\u2069      5.00"
    )
    assert {wcswidth(line) for line in text.splitlines()} == {18}


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("Espresso", 8, "Espresso"),
        ("Espresso machines", 9, "Espresso…"),
        ("咖啡机咖啡机", 6, "咖啡…"),
        ("咖啡机咖啡机", 5, "咖啡…"),
        ("👨‍👩‍👧👨‍👩‍👧", 3, "👨‍👩‍👧…"),
        ("👨‍👩‍👧👨‍👩‍👧", 2, "…"),
        ("e\u0301te\u0301s", 3, "e\u0301t…"),
        ("🇪🇸🇮🇷", 3, "🇪🇸…"),
        ("فروشگاه", 4, "فرو…"),
        ("می‌خواهم", 4, "می‌خ…"),
    ],
)
def test_a_cut_never_goes_through_a_character(text: str, width: int, shown: str) -> None:
    assert cut(text, width) == shown


def test_a_mark_without_a_letter_stays_in_its_cell() -> None:
    """A Devanagari sign alone isn't a column wide; on the blank before its cell it would take a column."""
    rows = [["a", "\u0903x", "|"], ["b", "\u0301y", "|"], ["c", "zz", "|"]]
    text = render([Column("a", "A"), Column("b", "B"), Column("end", "|")], rows, None).text
    assert "◌\u0903x" in text
    assert "◌\u0301y" in text
    assert len({wcswidth(line) for line in text.splitlines()}) == 1


def test_persian_neighbours_are_isolated_from_each_other() -> None:
    """Without the isolates a terminal with bidi would draw the customer, then the amount, then the title."""
    columns = [Column("title", "عنوان"), Column("amount", "Amount", "right"), Column("customer", "Customer")]
    table = render(columns, [["فروش قهوه", "12", "تهران"]], None).text
    assert table.splitlines()[2] == "\u2068فروش قهوه\u2069      12  \u2068تهران\u2069"
    assert table.splitlines()[0].startswith("\u2068عنوان\u2069 ")


def test_a_table_without_right_to_left_letters_has_no_isolates() -> None:
    assert "\u2068" not in render(DEALS, ROWS, 80).text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("two\nlines", "two⏎lines"),
        ("dos\r\nline", "dos⏎line"),
        ("a\u2028b\x85c", "a⏎b⏎c"),
        ("tab\there", "tab·here"),
        ("\x1b[31mred\x1b[0m", "·[31mred·[0m"),
        ("\x1b]0;title\x07", "·]0;title·"),
        ("\x9b31m", "·31m"),
        ("\u202egnp.exe", "·gnp.exe"),
        ("a\u2069b", "a·b"),
        ("\ud800", "·"),
        ("soft\xadhyphen", "softhyphen"),
        ("قهوه‌خانه", "قهوه‌خانه"),
        ("👨‍👩‍👧", "👨‍👩‍👧"),
        ("Ac\u2060me\u3164", "Ac·me·"),
        ("Acme\U000e0068\U000e0069", "Acme··"),
        ("\ufe0fAcme ❤\ufe0f\ufe01", "·Acme ❤\ufe0f·"),
        (
            "1\ufe0f\u20e3 葛\U000e0100城 \u1820\u180e\u1820",
            "1\ufe0f\u20e3 葛\U000e0100城 \u1820\u180e\u1820",
        ),
    ],
)
def test_what_would_move_a_terminal_is_shown_instead(text: str, shown: str) -> None:
    assert terminal_line(text) == cell_text(text) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        (True, "yes"),
        (False, "no"),
        (2026, "2026"),
        (Decimal("4998.00"), "4,998.00"),
        (Decimal("1E+999999999"), "1E+999999999"),
        (date(2026, 11, 21), "2026-11-21"),
        (datetime(2026, 11, 21, 10, 5, 59, tzinfo=UTC), "2026-11-21 10:05"),
        (["a", "b\n"], "a, b⏎"),
        ({"need": "yes", "budget": True}, "need: yes, budget: yes"),
        ([{"a": 1, "b": 2}, {"a": 3}], "a: 1, b: 2; a: 3"),
    ],
)
def test_a_value_as_a_person_reads_it(value: object, shown: str) -> None:
    assert cell_text(value) == shown


@pytest.mark.parametrize(
    ("amount", "currency", "digits", "shown"),
    [
        ("4998", None, 2, "4,998.00"),
        ("-1000", None, 0, "-1,000"),
        ("4998.005", "EUR", 2, "4,998.01 EUR"),
        ("-0.5", "JPY", 0, "-1 JPY"),
        ("-0.001", None, 2, "0.00"),
        ("0", None, 3, "0.000"),
        ("123456789012345678901234567890.125", None, 2, "123,456,789,012,345,678,901,234,567,890.13"),
        ("1E+12", None, 0, "1,000,000,000,000"),
    ],
)
def test_money_for_people(amount: str, currency: str | None, digits: int, shown: str) -> None:
    assert money(Decimal(amount), currency, digits) == shown


SCRIPTS = st.sampled_from(
    [
        "قهوه‌خانه",
        "咖啡机",
        "👨‍👩‍👧",
        "❤️",
        "🇪🇸",
        "e\u0301",
        "a\u0301\u0302",
        "क्षि",
        "\u0301",
        "\u200d",
        "\n",
        "\x1b[1m",
        "x",
        " ",
    ]
)
CELLS = st.one_of(st.text(max_size=30), st.lists(SCRIPTS, max_size=8).map("".join))


@given(
    st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=5), st.one_of(st.none(), st.integers(1, 60))
)
def test_any_text_stays_in_its_column_and_in_the_terminal(
    rows: list[tuple[str, str, str]], width: int | None
) -> None:
    columns = [
        Column("a", "A", shrink=True, min_width=4),
        Column("b", "B", "right", shrink=True, min_width=4),
        Column("c", "C", shrink=True, min_width=4, rank=2),
        Column("end", "|"),
    ]
    table = render(columns, [[*row, "|"] for row in rows], width)
    lines = table.text.split("\n")
    assert len(lines) == len(rows) + 2
    for line in lines:
        assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066\u2067]", line)
        assert line.count("\u2068") == line.count("\u2069")
        line.encode()
    sizes = [terminal_columns(line) for line in lines]
    assert width is None or max(sizes) <= width
    if "|" not in table.dropped:
        bars = [line for line in lines if line.endswith("|")]
        assert len({terminal_columns(line) for line in bars}) == 1


@given(CELLS, st.integers(1, 20))
def test_a_cut_text_fits_and_is_the_start_of_it(text: str, width: int) -> None:
    plain = terminal_line(text)
    shown = cut(plain, width)
    assert display_width(shown) <= width
    assert shown == plain or plain.startswith(shown.removesuffix("…"))


def test_the_letters_that_need_no_wcwidth_are_one_column_wide() -> None:
    for code in range(0x20, 0x3000):
        if re.fullmatch(_SINGLE, chr(code)):
            assert wcwidth(chr(code)) == 1, hex(code)
            assert not unicodedata.combining(chr(code)), hex(code)


def test_a_table_of_latin_and_persian_letters_imports_no_wcwidth() -> None:
    program = (
        "import sys; from pipecli.cli.common.table import Column, render\n"
        "render([Column('a', 'A', shrink=True)], [['Café S-100 – año'], ['فروشگاه']], 10)\n"
        "print('wcwidth' in sys.modules, 'tabulate' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
