"""Tables of the dashboard and the digest in their reader's words; as text, Markdown and the HTML of mails."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from html import escape
from typing import Any, Literal, TypeVar

from pipecli.cli.common.output import markdown_table, markdown_text, wrapped
from pipecli.cli.common.session import Session
from pipecli.cli.common.table import Column, render
from pipecli.cli.report.forecast_rows_and_targets import ForecastNames, label, with_targets
from pipecli.cli.report.options_and_columns import KeyNames
from pipecli.cli.report.pipeline_and_ranking import ranking_of
from pipecli.harmless_text import message_line
from pipecli.outbox.dashboard_page import Cell, Table
from pipecli.records.days import PERIODS, Days
from pipecli.reports.activity_and_first_response import worked_on
from pipecli.reports.deal import Deal, Valuation
from pipecli.reports.forecast import Forecast
from pipecli.reports.lost_stale_and_receivables import Stale
from pipecli.store.index.owner_filter_and_list_sql import OwnerFilter
from pipecli.store.index.rows_for_reports import activities, open_deals
from pipecli.translation import Words

T = TypeVar("T")

_MOST_ROWS = 12


class Tables:
    """Cells in the words of a reader, with the names of users, teams, customers, stages and competitors."""

    def __init__(self, run: Session, words: Words) -> None:
        self.run, self.words = run, words
        self.users, self.customers, self.stages = (KeyNames(run, by) for by in ("owner", "customer", "stage"))
        self.teams, self.competitors = KeyNames(run, "team"), KeyNames(run, "competitor")

    def amount(self, value: Decimal | None, currency: str) -> Cell:
        text = "" if value is None else self.words.money(value, currency, named=False)
        return Cell(text, float(value or 0), kind="number")

    def count(self, value: int) -> Cell:
        return Cell(self.words.figure(value), value, kind="number")

    def percent(self, value: Decimal | None) -> Cell:
        return Cell("" if value is None else self.words.percent(value), float(value or 0), kind="number")

    def text(self, text: str, note: str = "") -> Cell:
        return Cell(text, text, note=note)

    def owner(self, slug: str | None) -> Cell:
        return self.text(self.users.name(slug) or slug or self.words.without_owner)

    def about(self, deal: Deal) -> list[Cell]:
        """The deal, its customer, its owner."""
        customer = self.customers.label(deal.customer) if deal.customer else ""
        return [self.text(deal.title, deal.id), self.text(customer), self.owner(deal.owner)]

    def stage(self, deal: Deal) -> Cell:
        return Cell(self.stages.label(deal.stage, deal.process), deal.stage)

    def on_hold(self, report: Forecast) -> str:
        """The deals on hold, which the rows leave out; empty without any."""
        held = report.on_hold
        amount = self.words.money(held.amount, report.currency)
        return self.words.count("on_hold_apart", held.open_count, amount=amount) if held.open_count else ""

    def cut(
        self,
        title: str,
        headings: str,
        items: Sequence[T],
        row: Callable[[T], list[Cell]],
        nothing: str,
        note: str = "",
    ) -> Table:
        """A table with a row for each of the first items, and the number of the others."""
        rows = [row(item) for item in items[:_MOST_ROWS]]
        more = max(len(items) - _MOST_ROWS, 0)
        return Table(title, self.headings(*headings.split()), rows, None, nothing, more, note)

    def headings(self, *names: str) -> list[str]:
        return [getattr(self.words, f"col_{name}") for name in names]


def forecast_tables(tables: Tables, monthly: Forecast, quarterly: Forecast) -> list[Table]:
    """The forecast by month; and by quarter, where targets are of quarters and not of months."""
    both = [forecast_table(tables, report) for report in (monthly, quarterly)]
    by_month, by_quarter = (tables.words.col_target in table.headings for table in both)
    return both if by_quarter and not by_month else both[:1]


def forecast_table(tables: Tables, report: Forecast) -> Table:
    targeted = with_targets(tables.run, report, report.by, ForecastNames(tables.run, report.by))
    rows, total, _ = targeted
    has_targets = any("target" in row for row in rows)
    part = tables.words.attained_by_some if targeted.is_part else ""

    def cells(row: dict[str, Any], name: str, place: int) -> list[Cell]:
        target, attained = row.get("target"), row.get("attainment_percent")
        targets = [tables.amount(target, report.currency), tables.percent(attained)]
        return [
            Cell(name, place),
            tables.count(row["open_count"]),
            tables.amount(row["weighted"], report.currency),
            tables.amount(row["won_amount"], report.currency),
            *(targets if has_targets else []),
        ]

    return Table(
        tables.words.fill(f"forecast_{report.by}", currency=report.currency),
        tables.headings(
            report.by, "open", "weighted", "won", *(("target", "attained") if has_targets else ())
        ),
        [cells(row, row_label(row, report.by, tables.words), place) for place, row in enumerate(rows)],
        total=cells(total, tables.words.named("labels", "total"), len(rows)),
        nothing=tables.words.nothing_expected,
        note="; ".join(filter(None, [part, tables.on_hold(report)])),
    )


def row_label(row: Mapping[str, Any], by: str, words: Words) -> str:
    """The words for the key of a row of a forecast."""
    missing = f"without_{'date' if by in PERIODS else by}"
    name = {None: missing, "overdue": "overdue", "without-date": "without_date"}.get(row["key"])
    if name:
        return str(getattr(words, name, None) or label(row, by))
    return str(row.get("name") or words.period(row["key"]))


def ranking_table(tables: Tables, of: OwnerFilter, days: Days, valuation: Valuation, period: str) -> Table:
    words, report = tables.words, ranking_of(tables.run.pipeline, of, days, valuation)
    return tables.cut(
        words.fill("ranking_title", period=words.period(period), currency=valuation.currency),
        "rank who points won amount win_rate",
        report.rows,
        lambda row: [
            Cell(words.figures(str(row.rank or "")), row.rank or 10**9, kind="number"),
            tables.owner(row.key),
            Cell(words.figure(row.points, 1), float(row.points), kind="number"),
            tables.count(row.won_count),
            tables.amount(row.won_amount, valuation.currency),
            tables.percent(row.win_rate),
        ],
        words.nothing_ended,
        words.win_rate_note,
    )


def stale_table(tables: Tables, report: Stale, currency: str) -> Table:
    return tables.cut(
        tables.words.fill("stale_title", currency=currency),
        "deal customer owner stage amount days",
        report.deals,
        lambda row: [
            *tables.about(row.deal),
            tables.stage(row.deal),
            tables.amount(row.amount, currency),
            tables.count(row.days),
        ],
        tables.words.nothing_stale,
    )


def untouched_table(
    tables: Tables, deals: Sequence[Deal], valuation: Valuation, title: str, note: str = ""
) -> Table:
    """Open deals on which nobody did anything, the largest first."""
    worth = [(valuation.amount(deal, tables.run.today), deal) for deal in deals]
    worth.sort(key=lambda pair: -(pair[0] or 0))
    return tables.cut(
        title,
        "deal customer owner stage amount",
        worth,
        lambda pair: [
            *tables.about(pair[1]),
            tables.stage(pair[1]),
            tables.amount(pair[0], valuation.currency),
        ],
        tables.words.nothing_untouched,
        note,
    )


def untouched(run: Session, of: OwnerFilter, days: Days) -> list[Deal]:
    """The open deals on which nobody did anything on these days, as `report activity` counts them."""
    done = worked_on(activities(run.connection, run.zone), days)
    return [deal for deal in open_deals(run.connection, of, Days()) if deal.id not in done]


def closed_table(
    tables: Tables, closed: Sequence[Deal], status: str, valuation: Valuation, title: str, nothing: str
) -> Table:
    """The deals that were won, or lost, the newest first."""
    ended = [deal for deal in closed if deal.status == status]
    ended.sort(key=lambda deal: (deal.ended or date.min, deal.id), reverse=True)

    def why(deal: Deal) -> Cell:
        return tables.text(", ".join([*deal.reasons, *map(tables.competitors.label, deal.lost_to)]))

    return tables.cut(
        title,
        f"closed deal customer owner {'why ' if status == 'lost' else ''}amount",
        ended,
        lambda deal: [
            Cell(tables.words.short_day(deal.ended) if deal.ended else "", str(deal.ended), kind="day"),
            *tables.about(deal),
            *([why(deal)] if status == "lost" else []),
            tables.amount(valuation.amount(deal), valuation.currency),
        ],
        nothing,
    )


def table_text(table: Table, words: Words, width: int | None) -> str:
    if not table.rows:
        return "\n".join([table.title, *wrapped(table.nothing, width)])
    return f"{table.title}\n{render(*_lined_up(table), width).text}{_below(table, words)}"


def table_markdown(table: Table, words: Words) -> str:
    body = markdown_table(*_lined_up(table)) + _below(table, words) if table.rows else table.nothing
    return f"## {markdown_text(table.title)}\n\n{body.rstrip()}"


def table_html(table: Table, words: Words) -> str:
    """A table for a mail, whose reader's program knows no style but that of an element."""
    columns, rows = _lined_up(table)
    lines = _row("th", columns, [column.heading for column in columns])
    lines += "".join(_row("td", columns, row) for row in rows)
    body = f"<table style='border-collapse:collapse'>{lines}</table>" if table.rows else escape(table.nothing)
    below = escape(_below(table, words)).replace("\n", "<br>")
    return f"<h3>{escape(table.title)}</h3>\n{body}{below}\n"


def _below(table: Table, words: Words) -> str:
    """What stands below a table: how many rows more there are, and its note, a line each."""
    more = words.fill("and_more", n=words.figure(table.more)) if table.more else ""
    return "".join(f"\n{line}" for line in (more, table.note) if line)


def _lined_up(table: Table) -> tuple[list[Column], list[list[object]]]:
    """A table as columns and cells; the id of a deal has a column of its own, as it must not be cut."""
    columns, cells = [], []
    rows = [*table.rows, *([table.total] if table.total else [])]
    for place, heading in enumerate(table.headings):
        if any(row[place].note for row in table.rows):
            columns.append(Column("id", "ID"))
            cells.append([row[place].note for row in rows])
        is_figure = table.rows[0][place].kind == "number" if table.rows else False
        is_words = any(not row[place].kind for row in rows)
        side: Literal["left", "right"] = "right" if is_figure else "left"
        columns.append(Column(heading, heading, side, shrink=is_words, min_width=7))
        cells.append([message_line(row[place].text) for row in rows])
    return columns, [list(row) for row in zip(*cells, strict=True)]


def _row(tag: str, columns: Sequence[Column], cells: Sequence[object]) -> str:
    sides = {"left": "start", "right": "end"}
    drawn = (
        f'<{tag} dir="auto" style="padding:2px 8px;text-align:{sides[column.align]}">{escape(str(cell))}'
        for column, cell in zip(columns, cells, strict=True)
    )
    return f"<tr>{''.join(drawn)}</tr>\n"
