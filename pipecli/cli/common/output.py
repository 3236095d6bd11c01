"""Results on stdout, in the format that was asked for: the only module that knows the formats.

Also the files that a command writes for people outside of the records (a document, a chart, a page), each
whole or not at all, and the findings of `check` and `diff` as lines.
"""

from __future__ import annotations

import io
import re
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from pipecli.cli.common.table import Column, cell_text, display_width, isolated, render
from pipecli.cli.common.terminal_and_own_config import (
    PLAIN,
    Mark,
    linked,
    mark_of,
    marked,
    say_after,
    takes_color,
    terminal_width,
)
from pipecli.errors import PipecliError, system_refusal
from pipecli.harmless_text import escaped_markdown, spreadsheet_cell, terminal_line, without_controls
from pipecli.json_and_csv import dumps, plain_cell
from pipecli.wording import count

if TYPE_CHECKING:
    from pipecli.checks import Finding
    from pipecli.reports.today_and_followups import Message

Record = Mapping[str, object]


class Format(StrEnum):
    """The format of a result."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    TSV = "tsv"
    MARKDOWN = "markdown"
    IDS = "ids"


def print_records(
    records: Iterable[Record],
    columns: Sequence[Column],
    fmt: Format,
    *,
    id_key: str = "id",
    today: date | None = None,
    links: Mapping[object, str] = MappingProxyType({}),
) -> None:
    """Writes a list. JSON has every key of a record; the others have the columns, ids one id a line.

    csv and tsv are written while `records` come, which may be one after the other.
    Columns that a narrow terminal has no room for are named on stderr. With `today` a table colours what is
    overdue; `links` are the addresses that ids lead to.
    """
    columns = [column for column in columns if column.only != ("csv" if fmt is Format.TABLE else "table")]
    if fmt in (Format.CSV, Format.TSV):
        keys = [column.name for column in columns]
        write_pieces(_delimited(fmt, keys, ([record.get(key) for key in keys] for record in records)))
        return
    records = [*records]
    match fmt:
        case Format.TABLE:
            _print_table(records, columns, id_key, today, links)
        case Format.JSON:
            # a record a line: drawn in two thirds of the time of an indented one, and fit for `grep`
            inner = ",\n  ".join([dumps(record, None) for record in records])
            write_text(f"[\n  {inner}\n]\n" if records else "[]\n")
        case Format.JSONL:
            write_text("".join([f"{dumps(record, None)}\n" for record in records]))
        case Format.IDS:
            write_text("".join([f"{cell_text(record[id_key])}\n" for record in records]))
        case Format.MARKDOWN:
            write_text(markdown_table(columns, [_cells(record, columns) for record in records]))


def print_record(
    record: Record,
    fmt: Format,
    lines: Sequence[tuple[str, object]] | str,
    *,
    id_key: str = "id",
    links: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Writes one record: `lines` are the labels and values of the table, or a text; the others have its keys.

    csv, tsv and markdown are a table of one row, of the values that fit a cell: no maps, no lists of them.
    """
    fitting = {key: value for key, value in record.items() if _fits_cell(value)}
    match fmt:
        case Format.TABLE:
            is_text = isinstance(lines, str)
            write_text(lines if isinstance(lines, str) else _listing(lines, links), is_clean=not is_text)
        case Format.JSON:
            write_text(dumps(record) + "\n")
        case Format.JSONL:
            write_text(dumps(record, None) + "\n")
        case Format.IDS:
            write_text(f"{cell_text(record[id_key])}\n")
        case Format.MARKDOWN:
            write_text(markdown_table([Column(key, key) for key in fitting], [list(fitting.values())]))
        case Format.CSV | Format.TSV:
            write_pieces(_delimited(fmt, list(fitting), [list(fitting.values())]))


def write_text(text: str, *, is_clean: bool = False) -> None:
    """Text for stdout, as UTF-8 with \\n on every platform; a clean one has no control but our own."""
    stream = sys.stdout
    if stream.isatty() and not is_clean:
        text = without_controls(text, is_drawn=True)
    if isinstance(stream, io.TextIOWrapper):
        # A pipe on Windows and a POSIX locale have other encodings; Windows would also double the \r of CSV.
        stream.reconfigure(encoding="utf-8", newline="\n")
    stream.write(text)


_CHUNK = 1 << 16


def write_pieces(pieces: Iterable[str]) -> None:
    """Text for stdout as `write_text` has it, without ever holding it as a whole."""
    held, size = list[str](), 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= _CHUNK:
            write_text("".join(held))
            held, size = [], 0
    write_text("".join(held))


def _cells(record: Record, columns: Sequence[Column]) -> list[object]:
    return [column.show(record) if column.show else record.get(column.name) for column in columns]


def _print_table(
    records: Sequence[Record],
    columns: Sequence[Column],
    id_key: str,
    today: date | None,
    links: Mapping[object, str],
) -> None:
    width = terminal_width()
    marks: list[Sequence[Mark]] = []
    if takes_color():
        marks = [[mark_of(column.name, record, today) for record in records] for column in columns]
    place = next((place for place, column in enumerate(columns) if column.name == id_key), None)
    if links and place is not None:
        marks = marks or [[PLAIN] * len(records) for _ in columns]
        marks[place] = [
            linked(mark, links[record[id_key]]) if record[id_key] in links else mark
            for mark, record in zip(marks[place], records, strict=True)
        ]
    is_list = columns[0].name == "row"  # its rows have numbers
    table = render(columns, [_cells(record, columns) for record in records], width, marks, is_list=is_list)
    if table.shared:
        heading = "   ".join(f"{heading} {isolated(value)}" for heading, value in table.shared)
        write_text("".join(f"{line}\n" for line in wrapped(heading, width)), is_clean=True)
    write_text(table.text + "\n", is_clean=True)
    if table.dropped:
        text = f"no room in {width} columns for: {', '.join(table.dropped)}"
        say_after("\n".join(wrapped(text, width)))


def _listing(lines: Sequence[tuple[str, object]], links: Mapping[str, str]) -> str:
    """Labels and values side by side; a long value goes on under its own start, words whole."""
    labels = [terminal_line(label) for label, _ in lines]
    indent = max([display_width(label) for label in labels], default=0) + 2
    room = room_beside(indent, 12)
    drawn: list[str] = []
    for label, (_, value) in zip(labels, lines, strict=True):
        start = marked(isolated(label), links) + " " * (indent - display_width(label))
        for part in wrapped(value, room):
            drawn.append((start + marked(isolated(part), links)).rstrip(" ") + "\n")
            start = " " * indent
    return "".join(drawn)


def write_counts(lines: Iterable[tuple[str, int | None]]) -> None:
    """Writes a report as wide as the terminal: counts on the left, a long line goes on under its start."""
    drawn: list[str] = []
    for text, number in lines:
        start = "" if number is None else f"{number:>9,} "
        for part in wrapped(text, room_beside(len(start), 20)):
            drawn.append(f"{start}{isolated(part)}\n")
            start = " " * len(start)
    write_text("".join(drawn))


def wrapped(value: object, room: int | None) -> list[str]:
    """The lines of a value. A word that is wider than the room has a line of its own and sticks out."""
    paragraphs = value.strip("\r\n").splitlines() if isinstance(value, str) else [cell_text(value)]
    lines: list[str] = []
    for paragraph in paragraphs or [""]:
        text = terminal_line(paragraph)
        if room is None or display_width(text) <= room:
            lines.append(text)
            continue
        words = text.lstrip(" ")
        indent = text.removesuffix(words)
        line = indent
        for word in words.split(" "):
            if line != indent and display_width(line) + 1 + display_width(word) > room:
                lines.append(line)
                line = indent
            line += word if line == indent else f" {word}"
        lines.append(line)
    return lines


def room_beside(indent: int, least: int = 30) -> int | None:
    """The columns that a terminal has beside an indent; None where there is no end of them."""
    width = terminal_width()
    return None if width is None else max(width - indent, least)


def hanging(texts: Iterable[str], indent: str) -> Iterator[tuple[str, str]]:
    """The lines of some texts, each with its indent; a text goes on a little further in."""
    room = room_beside(len(indent) + 2)
    for text in texts:
        first, *rest = wrapped(text, room)
        yield indent, first
        yield from ((f"{indent}  ", line) for line in rest)


def _delimited(fmt: Format, keys: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    cells = ([_exact(cell) for cell in row] for row in chain([keys], rows))
    if fmt is Format.TSV:
        guarded = ([_unquoted(spreadsheet_cell(terminal_line(cell))) for cell in row] for row in cells)
        yield from ("\t".join(row) + "\n" for row in guarded)
        return
    import csv

    line = csv.writer(_Line()).writerow  # it gives back what `write` does
    yield from (line([spreadsheet_cell(cell) for cell in row]) for row in cells)


def _unquoted(cell: str) -> str:
    """A cell of TSV. One that begins with a quote would go on, for a spreadsheet, up to the next one."""
    return '"{}"'.format(cell.replace('"', '""')) if cell.startswith('"') else cell


class _Line:
    """A file for the writer of CSV that gives its line back instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def _exact(value: object) -> str:
    """A value for another program: every digit, no thousands separators, times with their offset."""
    if value is None:
        return ""
    if isinstance(value, str):
        return without_controls(value)
    if isinstance(value, (bool, Decimal)):
        return plain_cell(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (list, tuple)) and _fits_cell(value):
        return ", ".join([_exact(item) for item in value])
    if isinstance(value, (Mapping, list, tuple)):
        return dumps(value, None)
    return _exact(str(value))


def _fits_cell(value: object) -> bool:
    if isinstance(value, (list, tuple)):
        return not any(isinstance(item, (Mapping, list, tuple)) for item in value)
    return not isinstance(value, Mapping)


_LINE_BREAKS = "\r\n|[\r\n]"


def markdown_table(columns: Sequence[Column], rows: Sequence[Sequence[object]]) -> str:
    from tabulate import tabulate

    return (
        tabulate(
            [[markdown_text(value) for value in row] for row in rows],
            headers=[markdown_text(column.heading) for column in columns],
            tablefmt="pipe",
            colalign=[column.align for column in columns] if rows else None,
            disable_numparse=True,
        )
        + "\n"
    )


class Markup(str):
    """Markdown that is meant as such; its words are escaped already."""


def markdown_text(value: object) -> str:
    """A value as words of a Markdown page, and never as its syntax."""
    if isinstance(value, Markup):
        return value
    lines = re.split(_LINE_BREAKS, value.strip()) if isinstance(value, str) else [cell_text(value)]
    return "<br>".join([escaped_markdown(terminal_line(line)) for line in lines])


def ending_of(output: str, endings: Sequence[str], name: str) -> str:
    """The ending of a file that can be written, in small letters; `name` is what to call it otherwise.

    Refuses, before any work is done, what can't be written. Raises PipecliError.
    """
    path = Path(output)
    ending = path.suffix.lower()
    if ending not in endings:
        known = ", ".join(endings[:-1]) + f" and {endings[-1]}" if len(endings) > 1 else endings[0]
        named = path.with_suffix(endings[0]) if path.name else Path(f"{name}{endings[0]}")
        raise PipecliError(f"{output}: only {known} can be written", hint=f"name it {named}")
    if path.is_dir():
        raise PipecliError(f"{output} is a directory", hint="name a file in it", code="system")
    require_folder(output, "make it, or name another file")
    return ending


def require_folder(output: str, hint: str) -> None:
    """Refuse what is to be written into a folder that is not there, or out of a repository by its link.

    Raises PipecliError.
    """
    from pipecli.store.safe_files import refuse_link_out

    refuse_link_out(output)
    folder = Path(output).parent
    if not folder.is_dir():
        fault = f"{output}: the directory {folder} does not exist"
        raise PipecliError(fault, hint=hint, code="system")


begun: dict[str, int | None] = {}
"""The files that this run has begun to write whole, each with its inode before."""


def written_whole() -> list[str]:
    """Those of them that are in place."""
    return [file for file, before in begun.items() if _inode(file) not in (None, before)]


def _inode(file: str | Path) -> int | None:
    return Path(file).stat().st_ino if Path(file).exists() else None


def write_whole(output: str | Path, content: bytes) -> None:
    """Put a file in the place of what was there, at once; a device or a pipe gets it as it is.

    A link of a repository that leads out of it isn't followed. Raises PipecliError.
    """
    from pipecli.store.lock_and_signals import write_unlogged
    from pipecli.store.safe_files import refuse_link_out, write_stream

    target = Path(refuse_link_out(output))
    with system_refusal(output):
        if Path(output).exists() and not (target.is_file() or target.is_dir()):
            write_stream(str(output), content)  # /dev/stdout is a link to a pipe without a name
            return
        begun.setdefault(str(output), _inode(output))
        write_unlogged(target, content)


def drawn_message(to: str, message: Message) -> str:
    """A message that would be sent, for a person to look at."""
    lines = [f"To: {to}", f"Subject: {message.title}", "", *message.body.split("\n")]
    # The isolates of a table's Persian cells stay: they end with their line, and keep its cells in order.
    return "".join(f"{terminal_line(line, is_drawn=True)}\n" for line in lines)


def lines(finding: Finding) -> list[str]:
    """`file:line:column: message (rule)`, which editors and CI turn into links; long ones go on below."""
    place = ":".join(str(part) for part in finding[:3])
    mark = "" if finding.severity == "error" else f"{finding.severity}: "
    text = terminal_line(f"{place}: {mark}{finding.message} ({finding.rule})")
    width = terminal_width()
    if width is None:
        return [text]
    return textwrap.wrap(
        text, max(width, 40), subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
    )


def counted(findings: Sequence[Finding]) -> str:
    """`2 errors and 1 warning`; empty when there are none."""
    errors = sum(finding.severity == "error" for finding in findings)
    parts = ((errors, "error"), (len(findings) - errors, "warning"))
    return " and ".join(count(number, word) for number, word in parts if number)
