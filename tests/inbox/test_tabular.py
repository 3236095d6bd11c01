"""Rows of any file another program writes: its encoding, its delimiter, its shape."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pipecli.errors import PipecliError
from pipecli.inbox.importing.compile_mapping import texts
from pipecli.inbox.importing.rows_of_file import read_text, rows_of_file
from pipecli.inbox.importing.table import CountedRows, FileFormat, Row, columns_of, fill_down

SPANISH = "nombre;importe\nJosé Muñoz;1.234,56 €\nMaría López;22,00 €\n"
RUSSIAN = "имя;город\nИван Петров;Москва\nОльга Смирнова;Казань\n"
POLISH = "nazwa;miasto\nŁukasz Żółć;Łódź\nŚwięta;Gdańsk\n"
CZECH = "název;město\nJiří Dvořák;Děčín\nTomáš Novák;Plzeň\n"
ROMANIAN = "nume;oraş\nIoniţă;Iaşi\nŞtefan;Cluj\n"
CUBED = "nombre;volumen\nMª José;20 m³\nNº 5, 3º B;30 cm³\n"
JAPANESE = "名前,都市\n山田太郎,東京\n鈴木花子,大阪\n"


@pytest.mark.parametrize(
    ("text", "encoding", "guessed"),
    [
        (SPANISH, "utf-8", ""),
        (SPANISH, "utf-8-sig", ""),
        (SPANISH, "utf-16", ""),
        (SPANISH, "cp1252", "cp1252"),
        (SPANISH.replace("€", "EUR"), "cp850", "cp850"),
        (SPANISH, "mac_roman", "mac_roman"),
        (POLISH, "cp1250", "cp1250"),
        ("osoba;miasto\nMichał;Wrocław\n", "cp1250", "cp1250"),
        (CZECH, "cp1250", "cp1250"),
        (ROMANIAN, "cp1250", "cp1250"),
        (CUBED, "cp1252", "cp1252"),
        (RUSSIAN, "cp1251", "cp1251"),
        (JAPANESE, "cp932", "cp932"),
    ],
)
def test_the_encoding_is_found_out_and_a_guess_is_owned_up_to(text: str, encoding: str, guessed: str) -> None:
    table = read_text(text.encode(encoding), "x.csv")
    assert table.encoding == guessed
    first, second = text.splitlines()[:2]
    sign = ";" if ";" in first else ","
    assert table.columns == first.split(sign)
    assert list(table.rows[0].cells.values()) == second.split(sign)


def test_a_mapping_may_say_the_encoding_and_the_delimiter() -> None:
    table = read_text(
        "a|b;c\n1|2;3\n".encode("cp1250"), "x.csv", FileFormat(encoding="cp1250", delimiter=";")
    )
    assert table.columns == ["a|b", "c"]
    with pytest.raises(PipecliError, match=r"x\.csv:2: isn't utf-8 text"):
        read_text("a\nñ\n".encode("cp1252"), "x.csv", FileFormat(encoding="utf-8"))
    with pytest.raises(PipecliError, match='unknown encoding "klingon"'):
        read_text(b"a\n", "x.csv", FileFormat(encoding="klingon"))


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_fits_every_row(sign: str) -> None:
    text = sign.join(["a", "b", "c"]) + "\n" + sign.join(["1", '"x,y;z"', '"1,5"']) + "\n"
    table = read_text(text.encode(), "x.csv")
    assert table.columns == ["a", "b", "c"]
    assert table.rows == [Row(2, {"a": "1", "b": "x,y;z", "c": "1,5"})]


def test_a_sign_that_is_in_the_texts_of_rows_and_not_in_the_header_cuts_nothing() -> None:
    """As in a real file of deals, which nobody knew."""
    rows = (
        "A,Talk; listen,2026\nB,See; hear,2026\nC,Ask, then; go,2026\nD,Ring, then; go,2026\nE,Go; run,2026\n"
    )
    assert read_text(("Deal,Text,Day\n" + rows).encode(), "x.csv").columns == ["Deal", "Text", "Day"]


def test_excels_own_word_on_the_delimiter_is_heard() -> None:
    table = read_text(b"sep=|\r\na|b\r\n1|2\r\n", "x.csv")
    assert (table.columns, table.rows) == (["a", "b"], [Row(3, {"a": "1", "b": "2"})])


def test_a_row_knows_the_line_it_begins_on() -> None:
    table = read_text(b'a,b\n\n1,"two\nlines"\n3,4\n', "x.csv")
    assert [row.line for row in table.rows] == [3, 5]
    assert table.rows[0].cells["b"] == "two\nlines"


def test_a_row_of_another_length_is_at_fault_and_blank_cells_at_its_end_are_not() -> None:
    table = read_text(b"a,b\n1,2,3\n1\n1,2,,\n", "x.csv")
    assert [row.fault for row in table.rows] == [
        "it has 3 cells, the header 2",
        "it has 1 cells, the header 2",
        "",
    ]


def test_a_guard_against_formulas_is_taken_off() -> None:
    table = read_text(b"a,b\n'=1+1,'quoted\n", "x.csv")
    assert table.rows[0].cells == {"a": "=1+1", "b": "'quoted"}


def test_nameless_columns_without_a_cell_are_none() -> None:
    assert read_text(b"a,,b,\n1,,2,\n", "x.csv").columns == ["a", "b"]
    assert read_text(b"a,,b\n1,x,2\n", "x.csv").columns == ["a", "column 2", "b"]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "x.csv is empty"),
        (b" \n", "x.csv is empty"),
        (b"PK\x03\x04rest", "x.csv is an archive"),
        (b"\x00\x01\xff\xfe\x81", "x.csv can't be read as text"),
    ],
)
def test_what_is_no_table_is_refused(raw: bytes, said: str) -> None:
    with pytest.raises(PipecliError, match=said):
        read_text(raw, "x.csv")


def test_json_keeps_types_and_nested_fields_get_dotted_names() -> None:
    raw = b'[{"a": 1.50, "b": {"c": true}, "d": [{"e": "x"}], "f": ["p", "q"], "g": null}]'
    table = read_text(raw, "x.json")
    assert table.typed
    assert table.rows == [
        Row(1, {"a": Decimal("1.50"), "b.c": True, "d.1.e": "x", "f": ("p", "q")}),
    ]


def test_json_lines_and_a_list_inside_an_object_are_rows_too() -> None:
    assert [row.line for row in read_text(b'{"a": 1}\n\n{"a": 2}\n', "x.jsonl").rows] == [1, 3]
    assert [row.line for row in read_text(b'{"a": 1}\n{"a": 2}\n', "stdin").rows] == [1, 2]
    assert len(read_text(b'{"total": 2, "deals": [{"a": 1}, {"a": 2}]}', "x.json").rows) == 2


@pytest.mark.parametrize(
    ("raw", "name", "said"),
    [
        (b'[{"a": 1}', "x.json", "x.json:1: isn't JSON"),
        (b"[1, 2]", "x.json", "x.json: must be a list of objects"),
        (b'{"a": 1}\nnope\n', "x.jsonl", "x.jsonl:2: isn't a JSON object"),
        (b"[" * 100_000, "x.json", "x.json: is nested too deeply"),
        (b'[{"a": ' + b"9" * 5000 + b"}]", "x.json", "x.json: has a number of thousands of digits"),
        (b'[{"a": NaN}]', "x.json", "x.json: NaN isn't a number that JSON can hold"),
    ],
)
def test_what_is_no_list_of_objects_is_refused(raw: bytes, name: str, said: str) -> None:
    with pytest.raises(PipecliError, match=said):
        read_text(raw, name)


def test_columns_of_one_name_are_numbered_in_one_walk() -> None:
    named = columns_of([*["x"] * 9000, "x (3)"])
    assert (named[1:4], named[-2:]) == (["x (2)", "x (4)", "x (5)"], ["x (9001)", "x (3)"])


def test_the_texts_of_a_column_that_was_filled_down_are_counted_anew() -> None:
    table = read_text(b"Stage,Deal\nDemo,A\n,B\n-,C\n", "x.csv")
    table = table._replace(rows=CountedRows(table.rows))
    assert texts(table, "Stage") == {"Demo": 1}
    fill_down(table.rows, "Stage")
    assert texts(table, "Stage") == {"Demo": 2}


@pytest.mark.parametrize("sums", [("Subtotal March", "Subtotal April"), ("April total", "Total for May")])
def test_the_sum_of_a_group_is_no_row(sums: tuple[str, str]) -> None:
    """It came as a deal of that sum; a customer may be called so, and by its row alone it's one."""
    rows = [
        "Total Maroc,Acme,100,Won",
        'Zed,Zed,"1,200.50",Won',
        f'{sums[0]},,"1,300.50",',
        "More,Acme,300,Won",
    ]
    text = "\n".join(
        ["Deal,Customer,Amount,Stage", *rows, f"{sums[1]},,300.00,", "Total Maroc,,70,", "Roof,A,5,"]
    )
    names = [row.cells["Deal"] for row in rows_of_file(text.encode(), "deals.csv").rows]
    assert names == ["Total Maroc", "Zed", "More", "Total Maroc", "Roof"]
    lone = "N,D,K,M\nTotal Maroc,,,\nA,1,B,5\nTotal 03/2026,,,\nTotal March,,,305\nB,2,C,6\n,,0.5,12\n"
    names = [row.cells["N"] for row in rows_of_file(lone.encode(), "papers.csv").rows]
    assert names == ["Total Maroc", "A", "B"]
