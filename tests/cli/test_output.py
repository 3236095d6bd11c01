"""One result in seven formats, each read as its reader does: a person, a shell, a spreadsheet, a web page."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipecli.cli.common.output import Format, print_record, print_records, terminal_width
from pipecli.cli.common.table import Column
from pipecli.harmless_text import text_of_spreadsheet_cell
from pipecli.json_and_csv import loads

COLUMNS = [
    Column("id", "ID"),
    Column("title", "Title", shrink=True, min_width=12),
    Column("amount", "Amount", "right"),
    Column("tags", "Tags", rank=1),
]
DEALS: list[Mapping[str, object]] = [
    {
        "id": "OPP-2Q8XA",
        "title": "Espresso machines",
        "amount": Decimal("4998.00"),
        "tags": ["vip", "q4"],
        "items": [{"quantity": 2}],
    },
    {"id": "OPP-7K3M9", "title": "فروش قهوه", "amount": Decimal("-5.00")},
]
HOSTILE = "=cmd|' /C calc'!A0\n![x](http://evil.example/p.png) <script>`a`\x1b[31m"


@pytest.fixture(autouse=True)
def no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)


def listed(
    capsys: pytest.CaptureFixture[str], fmt: Format, records: Sequence[Mapping[str, object]] = DEALS
) -> str:
    print_records(records, COLUMNS, fmt)
    return capsys.readouterr().out


def shown(capsys: pytest.CaptureFixture[str], fmt: Format, record: Mapping[str, object]) -> str:
    print_record(record, fmt, [("ID", record["id"]), ("Title", record.get("title"))])
    return capsys.readouterr().out


def test_a_list_as_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert listed(capsys, Format.TABLE) == (
        "ID         Title                Amount  Tags\n"
        "---------  -----------------  --------  -------\n"
        "OPP-2Q8XA  Espresso machines  4,998.00  vip, q4\n"
        "OPP-7K3M9  \u2068فروش قهوه\u2069             -5.00\n"
    )


def test_a_narrow_terminal_names_on_stderr_what_it_leaves_out(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "36")
    print_records(DEALS[:1], COLUMNS, Format.TABLE)
    written = capsys.readouterr()
    assert written.out == (
        "ID         Title              Amount\n"
        "---------  ---------------  --------\n"
        "OPP-2Q8XA  Espresso machi…  4,998.00\n"
    )
    assert written.err == "no room in 36 columns for: Tags\n"


def test_people_see_what_a_column_makes_of_the_record(capsys: pytest.CaptureFixture[str]) -> None:
    column = Column("probability", "Chance", "right", show=lambda record: f"{record['probability']} %")
    records = [{"probability": 25}]
    print_records(records, [column], Format.TABLE)
    assert capsys.readouterr().out == "Chance\n------\n  25 %\n"
    print_records(records, [column], Format.CSV)
    assert capsys.readouterr().out == "probability\r\n25\r\n"


def test_a_list_as_json_has_every_key_and_exact_money(capsys: pytest.CaptureFixture[str]) -> None:
    assert listed(capsys, Format.JSON) == (
        "[\n"
        '  {"id": "OPP-2Q8XA", "title": "Espresso machines", "amount": 4998.00, "tags": ["vip", "q4"], '
        '"items": [{"quantity": 2}]},\n'
        '  {"id": "OPP-7K3M9", "title": "فروش قهوه", "amount": -5.00}\n'
        "]\n"
    )
    assert listed(capsys, Format.JSON, []) == "[]\n"


def test_json_lines_are_a_record_each(capsys: pytest.CaptureFixture[str]) -> None:
    lines = listed(capsys, Format.JSONL).splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["OPP-2Q8XA", "OPP-7K3M9"]


def test_a_list_as_csv(capsys: pytest.CaptureFixture[str]) -> None:
    assert listed(capsys, Format.CSV) == (
        "id,title,amount,tags\r\n"
        'OPP-2Q8XA,Espresso machines,4998.00,"vip, q4"\r\n'
        "OPP-7K3M9,فروش قهوه,-5.00,\r\n"
    )  # fmt: skip


def test_a_list_as_tsv_keeps_a_record_on_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert listed(
        capsys, Format.TSV, [{"id": "A", "title": "two\nlines\tand a tab", "amount": Decimal("1000")}]
    ) == ("id\ttitle\tamount\ttags\nA\ttwo⏎lines·and a tab\t1000\t\n")


def test_a_list_as_markdown(capsys: pytest.CaptureFixture[str]) -> None:
    assert listed(capsys, Format.MARKDOWN, DEALS[:1]) == (
        "| ID        | Title             |   Amount | Tags    |\n"
        "|:----------|:------------------|---------:|:--------|\n"
        "| OPP-2Q8XA | Espresso machines | 4,998.00 | vip, q4 |\n"
    )
    assert listed(capsys, Format.MARKDOWN, []).splitlines()[0] == "| ID   | Title   | Amount   | Tags   |"


def test_ids_are_one_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert listed(capsys, Format.IDS) == "OPP-2Q8XA\nOPP-7K3M9\n"
    assert listed(capsys, Format.IDS, []) == ""
    print_records([{"slug": "ana"}], [], Format.IDS, id_key="slug")
    assert capsys.readouterr().out == "ana\n"


def test_hostile_text_does_nothing_in_any_format(capsys: pytest.CaptureFixture[str]) -> None:
    record = {"id": "X", "title": HOSTILE, "amount": None}
    for fmt in Format:
        for text in (listed(capsys, fmt, [record]), shown(capsys, fmt, record)):
            assert "\x1b" not in text
    markdown = listed(capsys, Format.MARKDOWN, [record])
    assert len(markdown.splitlines()) == 3
    assert (
        "| =cmd\\|' /C calc'\\!A0<br>\\!\\[x\\](http:\u200b//evil.example/p.png) &lt;script&gt;"
        "\\`a\\`·\\[31m |" in markdown
    )
    assert "\"'=cmd|" in listed(capsys, Format.CSV, [record])


def test_one_record_as_a_listing(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "44")
    print_record(
        {},
        Format.TABLE,
        [
            ("Title", "Espresso machines"),
            ("مشتری", "فروشگاه قهوه"),
            ("Amount", "4,998.00 EUR"),
            ("Owner", None),
            ("Tags", ["vip", "q4"]),
            ("Notes", "They want two machines before Christmas, and a mill.\nCall after ten."),
            ("Website", "https://contoso.example/a/very/long/address/indeed"),
        ],
    )
    assert capsys.readouterr().out == (
        "Title    Espresso machines\n"
        "\u2068مشتری\u2069    \u2068فروشگاه قهوه\u2069\n"
        "Amount   4,998.00 EUR\n"
        "Owner\n"
        "Tags     vip, q4\n"
        "Notes    They want two machines before\n"
        "         Christmas, and a mill.\n"
        "         Call after ten.\n"
        "Website  https://contoso.example/a/very/long/address/indeed\n"
    )


def test_one_record_for_programs_has_its_own_keys(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys, Format.JSON, DEALS[1]) == (
        '{\n  "id": "OPP-7K3M9",\n  "title": "فروش قهوه",\n  "amount": -5.00\n}\n'
    )
    assert (
        shown(capsys, Format.JSONL, DEALS[1])
        == '{"id": "OPP-7K3M9", "title": "فروش قهوه", "amount": -5.00}\n'
    )
    assert shown(capsys, Format.CSV, DEALS[0]) == (
        'id,title,amount,tags\r\nOPP-2Q8XA,Espresso machines,4998.00,"vip, q4"\r\n'
    )
    assert shown(capsys, Format.TSV, DEALS[1]) == "id\ttitle\tamount\nOPP-7K3M9\tفروش قهوه\t-5.00\n"
    assert shown(capsys, Format.IDS, DEALS[0]) == "OPP-2Q8XA\n"
    assert (
        shown(capsys, Format.MARKDOWN, DEALS[0])
        .splitlines()[2]
        .startswith("| OPP-2Q8XA | Espresso machines |")
    )


@pytest.mark.parametrize(
    ("columns", "width"), [("100", 100), ("0", None), ("-3", None), ("wide", None), ("", None)]
)
def test_columns_says_how_wide_a_pipe_is(
    columns: str, width: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert terminal_width() == width


TEXTS = st.text(st.characters(), max_size=20)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=4))
def test_csv_reads_back_but_for_guards_and_controls(
    capsys: pytest.CaptureFixture[str], rows: list[tuple[str, str]]
) -> None:
    records = [{"id": first, "title": second} for first, second in rows]
    print_records(records, COLUMNS[:2], Format.CSV)
    heading, *cells = csv.reader(io.StringIO(capsys.readouterr().out, newline=""))
    assert heading == ["id", "title"]
    assert len(cells) == len(rows)
    for row, written in zip(rows, cells, strict=True):
        for text, cell in zip(row, written, strict=True):
            assert len(text_of_spreadsheet_cell(cell)) == len(text)
            assert all(a in (b, "·") for a, b in zip(text_of_spreadsheet_cell(cell), text, strict=True))
            assert not cell.startswith(("=", "@", "\t", "\r"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.dictionaries(TEXTS, st.one_of(TEXTS, st.decimals(allow_nan=False, allow_infinity=False, places=2)))
    )
)
def test_json_reads_back_equal(capsys: pytest.CaptureFixture[str], records: list[dict[str, object]]) -> None:
    print_records(records, [], Format.JSON)
    assert loads(capsys.readouterr().out) == records
    print_records(records, [], Format.JSONL)
    assert [loads(line) for line in capsys.readouterr().out.splitlines()] == records


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=4))
def test_tsv_and_markdown_keep_every_record_on_a_line_of_its_own(
    capsys: pytest.CaptureFixture[str], rows: list[tuple[str, str]]
) -> None:
    records = [{"id": first, "title": second} for first, second in rows]
    print_records(records, COLUMNS[:2], Format.TSV)
    lines = capsys.readouterr().out.removesuffix("\n").split("\n")
    assert [line.count("\t") for line in lines] == [1] * (len(rows) + 1)
    print_records(records, COLUMNS[:2], Format.MARKDOWN)
    lines = capsys.readouterr().out.splitlines()
    assert [line.replace("\\\\", "").replace("\\|", "").count("|") for line in lines] == [3] * (len(rows) + 2)


PROGRAM = r"""
import sys
from decimal import Decimal
from pipecli.cli.common.output import Format, print_records
from pipecli.cli.common.table import Column
print_records([{"id": "\xe9", "title": "\u5496"}], [Column("id", "ID")], Format(sys.argv[1]))
print(*sorted({"csv", "tabulate", "wcwidth", "pydantic"} & set(sys.modules)), file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("fmt", "imported"), [("table", ""), ("ids", ""), ("tsv", ""), ("csv", "csv"), ("jsonl", "")]
)
def test_a_format_imports_only_what_it_needs_and_writes_utf8_anywhere(fmt: str, imported: str) -> None:
    posix = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    done = subprocess.run([sys.executable, "-c", PROGRAM, fmt], capture_output=True, check=True, env=posix)
    assert "é" in done.stdout.decode("utf-8")
    assert done.stderr.decode().strip() == imported
