"""`pipecli report velocity`: how long deals stay at each stage and where they go from it, read from git."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipecli.cli.common.command import Report, noun
from pipecli.cli.common.table import Column, amount_text
from pipecli.cli.report.common import Asked, KeyNames, asking, ended_without_stage, figures, read_journeys
from pipecli.records.days import PERIODS
from pipecli.records.kinds import OPPORTUNITY
from pipecli.reports.velocity import GROUPINGS, SalesVelocity, StageRow, Time, Velocity, velocity
from pipecli.wording import count

app = noun()


@app.command(cls=Report)
@asking(OPPORTUNITY, by="stage", groupings=GROUPINGS)
def report_velocity(asked: Asked) -> None:
    """Print how long deals stay at each stage.

    It also shows where they go next, and how long they take in all. It covers the deals that were open or
    ended between --from and --to. Stages are read from the history of the files; how long a deal had been at
    the stage where it was first committed is unknown, and not counted.
    """
    by, run, stages = asked.by, asked.run, KeyNames(asked.run, "stage")
    order = stages.stages()
    journeys = read_journeys(run, order)
    report = velocity(journeys, by=by, days=asked.period, valuation=asked.valuation, order=order)
    totals = _figures(report.sales)
    about = {
        "today": run.today,
        "deal_count": report.deal_count,
        "bases": _BASES,
        "without_stage_count": report.without_stage_count,
    }
    deals = count(report.deal_count, "deal", ",")
    caption = f"Velocity of {deals} open or ended{asked.when('')}, by {by}"
    if by == "stage":
        rows = [_stage(row, stages) for row in report.stages]
        apart = ended_without_stage(report.without_stage_count)
        remarks = [*_unknown(report.stages), *apart, "", *_sales_lines(report.sales, asked.currency)]
        asked.print(
            caption, rows, _stage_columns(asked),
            totals=totals, is_summed=False, about=about, remarks=remarks, nothing="no deals",
        )  # fmt: skip
        return
    asked.print(
        f"{caption}, in {asked.currency}", _rows(report, asked.names, stages), _sales_columns(asked),
        totals=totals, about=about, remarks=[_FORMULA], nothing="no deals",
    )  # fmt: skip


_BASES = {
    "on_share": "visits to the stage that ended; went on to a later stage, or won from there",
    "win_rate": "won and lost deals",
    "velocity": "open deals × win rate × average value ÷ days from creation to won, a day",
}
_FORMULA = "A DAY: open deals × win rate × average value of the won ÷ days from creation to won"


def _rows(report: Velocity, names: KeyNames, stages: KeyNames) -> list[dict[str, Any]]:
    visits = [[_stage(stage, stages) for stage in row.stages] for row in report.rows]
    return [
        {
            **names.named(row.key),
            **_figures(row.sales),
            **({} if report.by in PERIODS else {"stages": of_row}),
        }
        for row, of_row in zip(report.rows, visits, strict=True)
    ]


def _stage(row: StageRow, stages: KeyNames) -> dict[str, Any]:
    """One stage with the keys of JSON."""
    name = stages.name(row.stage, row.process)
    about = {"key": row.stage, "process": row.process, **({"name": name} if name else {})}
    return {**about, **figures(row, "process", "stage", "time"), **_time("days", row.time)}


def _figures(sales: SalesVelocity) -> dict[str, Any]:
    times = {**_time("cycle_won", sales.cycle_won), **_time("cycle_lost", sales.cycle_lost)}
    in_days = {f"{key}_days": value for key, value in times.items() if not key.endswith("_count")}
    # json keeps the keys without their unit
    return {**figures(sales, "cycle_won", "cycle_lost"), **times, **in_days}


def _time(prefix: str, time: Time) -> dict[str, Any]:
    return {f"{prefix}_{name}": value for name, value in time._asdict().items()}


def _stage_columns(asked: Asked) -> list[Column]:
    return [
        asked.key_column(10),
        *asked.process_column(),
        asked.count_column("entered_count", "ENTERED"),
        asked.count_column("on_count", "ON"),
        asked.count_column("back_count", "BACK"),
        asked.count_column("elsewhere_count", "ELSEWHERE", rank=7),
        asked.count_column("won_count", "WON"),
        asked.count_column("lost_count", "LOST"),
        asked.count_column("closed_count", "CLOSED", rank=4),
        asked.count_column("here_count", "NOW"),
        asked.percent_column("on_share", "ON OR WON"),
        _days_column("days_median", "MEDIAN"),
        _days_column("days_mean", "MEAN", rank=3),
        _days_column("days_percentile_90", "90 % IN", rank=2),
        asked.count_column("unknown_count", "UNKNOWN", rank=6),
    ]


def _sales_columns(asked: Asked) -> list[Column]:
    return [
        asked.key_column(10),
        asked.count_column("open_count", "OPEN"),
        asked.count_column("won_count", "WON"),
        asked.count_column("lost_count", "LOST"),
        asked.percent_column("win_rate", "WIN RATE"),
        asked.money_column("average_value", "AVERAGE"),
        _days_column("cycle_won_mean_days", "CYCLE"),
        _days_column("cycle_won_median_days", "MEDIAN", rank=2),
        _days_column("cycle_won_percentile_90_days", "90 % IN", rank=3),
        asked.money_column("velocity", "A DAY"),
    ]


def _days_column(name: str, heading: str, rank: int = 0) -> Column:
    def show(row: Mapping[str, Any]) -> str:
        return "" if row[name] is None else f"{row[name]:,f} days"

    return Column(name, heading, align="right", rank=rank, show=show)


def _unknown(rows: Sequence[StageRow]) -> list[str]:
    unknown = sum(row.unknown_count for row in rows)
    ended = sum(row.entered_count - row.here_count for row in rows)
    lines = ["ON OR WON: of the visits that ended; their times are in days"]
    if unknown:
        lines.append(f"{unknown} of {ended} visits began before the deal was first committed: in no time")
    return lines if rows else []


def _sales_lines(sales: SalesVelocity, currency: str) -> list[str]:
    """The whole way of the deals, and the sales velocity with its formula filled in."""
    lines = [
        f"{what}: median {time.median:,.0f} days, mean {time.mean:,.1f}, 90 % within"
        f" {time.percentile_90:,.0f} ({count(time.measured_count, 'deal', ',')})"
        for what, time in (("created to won", sales.cycle_won), ("created to lost", sales.cycle_lost))
        if time.measured_count
    ]
    if sales.backwards_count:
        lines.append(f"{count(sales.backwards_count, 'deal', ',')} ended before being created: in no cycle")
    if sales.velocity is not None and sales.average_value is not None:
        figures_of = (sales.average_value, sales.velocity)
        average, velocity = (amount_text(figure, currency, named=False) for figure in figures_of)
        lines += [
            f"sales velocity: {velocity} {currency} a day",
            f"= {count(sales.open_count, 'deal', ',')} open × {sales.win_rate} % won × {average} {currency}"
            f" ÷ {sales.cycle_won.mean} days",
        ]
    return lines
