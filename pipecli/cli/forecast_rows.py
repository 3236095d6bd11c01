"""The rows of the forecast as records and columns: what people call their keys, and how money is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from pipecli.cli import report_names
from pipecli.cli.table import Column, money
from pipecli.records.money import minor_digits
from pipecli.reports.forecast import CATEGORIES, PERIODS, Forecast, Row

MANAGER = "manager"
"""The grouping of `--by` that sums up a manager's people."""


class Names(report_names.Names):
    """What people call the keys of the rows, and what the settings say of teams and stages."""

    @property
    def has_categories(self) -> bool:
        processes = self.settings["processes"].values()
        return any("category" in stage for process in processes for stage in process["stages"])

    def manager(self, team: str | None) -> str | None:
        """Who answers for a team, by name."""
        slug = self.settings.get("teams", {}).get(team, {}).get("manager")
        name: str | None = self.settings.get("users", {}).get(slug, {}).get("name", slug)
        return name


def record_of(row: Row, by: str, names: Names) -> dict[str, Any]:
    """One row with the keys of JSON: by stage with its process, by team with its manager."""
    record: dict[str, Any] = row._asdict()
    if by != "stage":
        del record["process"]
    if names.has_categories:
        record["categories"] = {name: row.categories.get(name, row.amount * 0) for name in CATEGORIES}
    else:
        del record["categories"]
    name = names.name(row.key, row.process)
    if name:
        record["name"] = name
    if by == "team":
        record["manager"] = names.manager(row.key)
    return record


def columns_of(made: Forecast, by: str, rows: Sequence[Mapping[str, Any]], names: Names) -> list[Column]:
    """What a person reads of the rows: targets and categories where there are any."""
    digits = minor_digits(made.currency)

    def sum_of(name: str, heading: str, rank: int = 0) -> Column:
        def show(row: Mapping[str, Any]) -> str:
            return "" if row.get(name) is None else money(Decimal(str(row[name])), None, digits)

        return Column(name, heading, align="right", rank=rank, show=show)

    def count_of(name: str, heading: str, rank: int = 0) -> Column:
        return Column(name, heading, align="right", rank=rank)

    def category(name: str) -> Column:
        def show(row: Mapping[str, Any]) -> str:
            return money(row["categories"][name], None, digits)

        return Column(name, name.replace("-", " ").upper(), align="right", rank=3, show=show)

    has_targets = any("target" in row for row in rows)
    is_one_process = len(names.settings["processes"]) == 1
    process = [Column("process", "PROCESS", shrink=True)] if by == "stage" and not is_one_process else []
    return [
        Column("key", by.upper(), shrink=True, min_width=16, show=lambda row: label(row, by)),
        *process,
        *([Column("manager", "MANAGER", shrink=True, rank=6)] if by == "team" else []),
        count_of("open_count", "OPEN", rank=4 if has_targets else 0),
        sum_of("amount", "AMOUNT", rank=2 if has_targets else 0),
        *([category(name) for name in CATEGORIES] if names.has_categories else []),
        sum_of("weighted", "WEIGHTED"),
        *([] if by in PERIODS else [count_of("overdue_count", "OVERDUE", rank=7)]),
        count_of("won_count", "WON", rank=4 if has_targets else 0),
        sum_of("won_amount", "WON AMOUNT"),
        *([sum_of("target", "TARGET"), _percent, sum_of("gap", "GAP", rank=1)] if has_targets else []),
    ]


def _percent_of(row: Mapping[str, Any]) -> str:
    return "" if row.get("attainment_percent") is None else f"{row['attainment_percent']:,} %"


_percent = Column("attainment_percent", "OF TARGET", align="right", show=_percent_of)


def label(row: Mapping[str, Any], by: str) -> str:
    """What a person calls the key of a row; a manager's people stand further in."""
    name = row.get("name") or (
        f"without {'owner' if by == MANAGER else by}"
        if row["key"] is None
        else str(row["key"]).replace("without-", "without ")
    )
    inset = "  " * int(row.get("level") or 0)
    return f"{inset}{name}{', own' if row.get('is_own') else ''}"
