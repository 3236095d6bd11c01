"""The tables of the dashboard: the forecast, the ranking, what stands still, recent wins and losses."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pipecli.cli import forecast_rows
from pipecli.cli.forecast_rows import label
from pipecli.cli.forecast_targets import with_targets
from pipecli.cli.report_names import Names
from pipecli.cli.report_ranking import points_of
from pipecli.cli.session import Session
from pipecli.cli.table import money
from pipecli.outbox.dashboard import Cell, Table
from pipecli.records.money import minor_digits
from pipecli.reports.days import Days
from pipecli.reports.deals import ClosedDeal
from pipecli.reports.forecast import Forecast
from pipecli.reports.money import Valuation
from pipecli.reports.ranking import before, ranking
from pipecli.reports.stale import Stale
from pipecli.store.index.deals import Whose, closed_deals

_MOST_ROWS = 12


class People:
    """Who is called what."""

    def __init__(self, run: Session) -> None:
        self.users, self.customers, self.stages = (Names(run, by) for by in ("owner", "customer", "stage"))
        self.teams, self.competitors = Names(run, "team"), Names(run, "competitor")


def _amount(value: Decimal | None, currency: str) -> Cell:
    text = "" if value is None else money(value, None, minor_digits(currency))
    return Cell(text, float(value or 0), kind="number")


def _count(value: int) -> Cell:
    return Cell(f"{value:,}", value, kind="number")


def forecast_tables(run: Session, monthly: Forecast, quarterly: Forecast) -> list[Table]:
    """The forecast by month; and by quarter, where targets are of quarters and not of months."""
    tables = [_forecast_table(run, made) for made in (monthly, quarterly)]
    by_month, by_quarter = (_TARGET in table.headings for table in tables)
    return tables if by_quarter and not by_month else tables[:1]


_TARGET = "Target"


def _forecast_table(run: Session, made: Forecast) -> Table:
    rows, total, _ = with_targets(run, made, made.by, forecast_rows.Names(run, made.by))
    has_targets = any("target" in row for row in rows)

    def cells(row: dict[str, Any], name: str, place: int) -> list[Cell]:
        percent = row.get("attainment_percent")
        return [
            Cell(name, place),
            _count(row["open_count"]),
            _amount(row["weighted"], made.currency),
            _amount(row["won_amount"], made.currency),
            *(
                [
                    _amount(row.get("target"), made.currency),
                    Cell("" if percent is None else f"{percent:,} %", float(percent or 0), kind="number"),
                ]
                if has_targets
                else []
            ),
        ]

    return Table(
        f"Forecast by {made.by}, in {made.currency}",
        [made.by.title(), "Open", "Weighted", "Won", *([_TARGET, "Won of it"] if has_targets else [])],
        [cells(row, label(row, made.by), place) for place, row in enumerate(rows)],
        total=cells(total, "Total", len(rows)),
        nothing=f"Nothing is expected, and nothing was won since the beginning of the {made.by}.",
    )


def ranking_table(
    run: Session, of: Whose, days: Days, valuation: Valuation, names: People, period: str
) -> Table:
    pipeline = run.pipeline
    previous = before(days)
    reaching = Days(previous.first if previous else days.first, days.last)
    made = ranking(
        closed_deals(pipeline.index.connection, of, reaching),
        by="owner", days=days, points=points_of(pipeline.settings_as_written), base=Valuation(pipeline.rates),
        shown=valuation,
    )  # fmt: skip
    return Table(
        f"Ranking of {period}, in {valuation.currency}",
        ["Rank", "Who", "Points", "Won", "Amount", "Win rate"],
        [
            [
                Cell(str(row.rank or ""), row.rank or 10**9, kind="number"),
                Cell(names.users.label(row.key), names.users.label(row.key)),
                Cell(f"{row.points:,.1f}", float(row.points), kind="number"),
                _count(row.won_count),
                _amount(row.won_amount, valuation.currency),
                Cell(
                    "" if row.win_rate is None else f"{row.win_rate} %",
                    float(row.win_rate or 0),
                    kind="number",
                ),
            ]
            for row in made.rows[:_MOST_ROWS]
        ],
        nothing="Nothing was won or lost.",
        note="win rate: of the won and the lost",
        more=max(len(made.rows) - _MOST_ROWS, 0),
    )


def stale_table(made: Stale, names: People, currency: str) -> Table:
    return Table(
        f"Stale deals, in {currency}",
        ["Deal", "Customer", "Owner", "Stage", "Amount", "Days still"],
        [
            [
                Cell(each.deal.title, each.deal.title, note=each.deal.id),
                Cell(_customer(each.deal.customer, names), _customer(each.deal.customer, names)),
                Cell(names.users.label(each.deal.owner), names.users.label(each.deal.owner)),
                Cell(names.stages.label(each.deal.stage, each.deal.process), each.deal.stage),
                _amount(each.amount, currency),
                _count(each.days),
            ]
            for each in made.deals[:_MOST_ROWS]
        ],
        nothing="No deal stands still.",
        more=max(len(made.deals) - _MOST_ROWS, 0),
    )


def _customer(slug: str | None, names: People) -> str:
    return names.customers.label(slug) if slug else ""


def closed_table(
    run: Session, closed: list[ClosedDeal], status: str, names: People, valuation: Valuation
) -> Table:
    found = sorted(
        (deal for deal in closed if deal.status == status),
        key=lambda deal: (deal.closed, deal.id),
        reverse=True,
    )[:_MOST_ROWS]
    titles = dict(
        run.pipeline.index.connection.execute(
            "SELECT id, title FROM _opportunities WHERE status = ? ORDER BY closed_date DESC", (status,)
        ).fetchall()
    )
    is_lost = status == "lost"

    def cells(deal: ClosedDeal) -> list[Cell]:
        worth = None
        if deal.amount is not None:
            worth = valuation.value(deal.amount, deal.currency, deal.closed, deal.id)
        why = deal.reason or ""
        to = f"{why}, {names.competitors.label(deal.competitor)}" if deal.competitor and is_lost else why
        return [
            Cell(deal.closed.isoformat(), deal.closed.isoformat(), kind="day"),
            Cell(titles[deal.id], titles[deal.id], note=deal.id),
            Cell(_customer(deal.customer, names), _customer(deal.customer, names)),
            Cell(names.users.label(deal.owner), names.users.label(deal.owner)),
            *([Cell(to, to)] if is_lost else []),
            _amount(worth, valuation.currency),
        ]

    return Table(
        f"Recent {'losses' if is_lost else 'wins'}, in {valuation.currency}",
        ["Closed", "Deal", "Customer", "Owner", *(["Why"] if is_lost else []), "Amount"],
        [cells(deal) for deal in found],
        nothing=f"Nothing was {status} in a year.",
    )
