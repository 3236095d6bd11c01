"""A report on stdout: its rows as a table with a caption, totals and remarks, or in another format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from pipecli.cli.output import Format, print_records, terminal_width, wrapped, write_text
from pipecli.cli.session import Session
from pipecli.cli.table import Column, money
from pipecli.records.money import minor_digits


def print_report(
    run: Session,
    caption: str,
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[Column],
    *,
    about: Mapping[str, Any],
    total: Mapping[str, Any] | None = None,
    remarks: Sequence[str] = (),
    nothing: str = "",
    id_key: str = "key",
) -> None:
    """Print rows that have the keys of JSON.

    JSON is one object: what it is `about`, and the rows. The table has the `total` as its last row, then the
    remarks; where there are no rows it says `nothing`. Every other format has the rows alone.
    """
    if run.format is Format.JSON:
        from pipecli.jsontext import dumps

        write_text(dumps({**about, "rows": rows}) + "\n")
    elif run.format is Format.IDS:
        print_records(list({row[id_key]: row for row in rows}.values()), columns, run.format, id_key=id_key)
    elif run.format is not Format.TABLE:
        print_records(rows, columns, run.format, id_key=id_key)
    else:
        write_text(f"{fitted(caption)}\n")
        if rows:
            print_records([*rows, *([total] if total else [])], columns, Format.TABLE)
        else:
            write_text(f"{nothing}\n")
        write_text("".join(fitted(line) for line in ["", *remarks]) if remarks else "")


def fitted(line: str) -> str:
    """A line in as many as the terminal needs for it."""
    return "".join(f"{each}\n" for each in wrapped(line, terminal_width()))


def count_column(name: str, heading: str, rank: int = 0) -> Column:
    return Column(name, heading, align="right", rank=rank)


def money_column(name: str, heading: str, currency: str, rank: int = 0) -> Column:
    """An amount with the decimals of its currency; empty where it is unknown."""
    digits = minor_digits(currency)

    def show(row: Mapping[str, object]) -> str:
        value = row[name]
        return "" if value is None else money(Decimal(str(value)), None, digits)

    return Column(name, heading, align="right", rank=rank, show=show)


def percent_column(name: str, heading: str, rank: int = 0) -> Column:
    """A percentage; empty where there is nothing that it could be of."""

    def show(row: Mapping[str, object]) -> str:
        return "" if row[name] is None else f"{row[name]} %"

    return Column(name, heading, align="right", rank=rank, show=show)
