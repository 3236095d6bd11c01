"""`forecast --compare`: the forecast of another moment beside this one, with the difference."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pipecli.cli.output import Format, print_records, write_text
from pipecli.cli.report_page import fitted
from pipecli.cli.session import Session
from pipecli.cli.table import Column, money
from pipecli.history.past import PastPipeline
from pipecli.records.money import minor_digits
from pipecli.reports.forecast import FIGURES, Compared, Forecast, Row, compare

Label = Callable[[Row], object]
"""What a person calls the key of a row."""


def print_comparison(
    run: Session, past: PastPipeline, then: Forecast, now: Forecast, json: Mapping[str, Any], label: Label
) -> None:
    """Print two forecasts of the same grouping and window; `json` is that of the present one."""
    rows = compare(then, now)
    totals = Compared(then.totals, now.totals)
    if run.format is Format.JSON:
        from pipecli.jsontext import dumps

        compared = {"commit": past.stood.commit, "today": then.today, "committed": past.stood.at.isoformat()}
        said = {
            **json,
            "compared": compared,
            "rows": [_record(each, label) for each in rows],
            "totals": _record(totals, label, is_total=True),
        }
        write_text(dumps(said) + "\n")
        return
    records = [_cells(each, label(each.row)) for each in rows]
    if run.format is Format.TABLE:
        records.append(_cells(totals, "total"))
        caption = f"Forecast by {now.by} in {now.currency}, on {then.today} and on {now.today}"
        write_text(f"{fitted(caption)}\n")
    print_records(records, _columns(now, is_narrow=run.format is Format.TABLE), run.format, id_key="key")


def _record(each: Compared, label: Label, *, is_total: bool = False) -> dict[str, Any]:
    """The figures of now as a forecast has them, with those of then and the change beside them."""
    about = {} if is_total else {"key": each.row.key, "process": each.row.process, "name": label(each.row)}
    return {
        **about,
        **{name: each.figure(name) for name in FIGURES},
        "then": {name: each.figure(name, then=True) for name in FIGURES},
        "change": {name: each.change(name) for name in FIGURES},
    }


def _cells(each: Compared, key: object) -> dict[str, Any]:
    cells: dict[str, Any] = {"key": key}
    for name in FIGURES:
        cells |= {
            f"{name}_then": each.figure(name, then=True),
            name: each.figure(name),
            f"{name}_change": each.change(name),
        }
    return cells


def _columns(made: Forecast, *, is_narrow: bool) -> list[Column]:
    digits = minor_digits(made.currency)

    def sum_of(name: str, heading: str, *, rank: int = 0, signed: bool = False) -> Column:
        def show(record: Mapping[str, Any]) -> str:
            sign = "+" if signed and record[name] > 0 else ""
            return sign + money(record[name], None, digits)

        return Column(name, heading, align="right", rank=rank, show=show)

    amounts = [
        sum_of("amount_then", "AMOUNT THEN"),
        sum_of("amount", "AMOUNT NOW"),
        sum_of("amount_change", "CHANGE", signed=True),
    ]
    return [
        Column("key", made.by.upper(), shrink=True),
        *([] if is_narrow else amounts),
        sum_of("weighted_then", "WEIGHTED THEN"),
        sum_of("weighted", "WEIGHTED NOW"),
        sum_of("weighted_change", "CHANGE", signed=True),
        sum_of("won_amount_then", "WON THEN", rank=1),
        sum_of("won_amount", "WON NOW", rank=1),
    ]
