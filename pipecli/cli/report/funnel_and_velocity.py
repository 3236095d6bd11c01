"""`pipecli report funnel`: how many leads become opportunities, how many of those are won, stage to stage.

`report velocity`: how long deals stay at each stage and where they go from it, read from git.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from pipecli.cli.common.command import Report, noun, option
from pipecli.cli.common.session import Session, owner_filter
from pipecli.cli.common.table import Column, amount_text
from pipecli.cli.report.options_and_columns import (
    Asked,
    KeyNames,
    asking,
    ended_without_stage,
    figures,
    read_journeys,
    won_without_amount,
)
from pipecli.records.days import PERIODS, Days
from pipecli.records.kinds import LEAD, OPPORTUNITY
from pipecli.reports import percent
from pipecli.reports.deal import Valuation
from pipecli.reports.funnel_and_velocity import (
    FUNNEL_GROUPINGS,
    VELOCITY_GROUPINGS,
    Funnel,
    Reached,
    SalesVelocity,
    StageRow,
    Time,
    Velocity,
    funnel,
    velocity,
)
from pipecli.store.index.rows_for_reports import all_deals, leads_in_funnel
from pipecli.wording import count

app = noun()


@app.command("report funnel", cls=Report)
@asking(LEAD, OPPORTUNITY, by="step", groupings=FUNNEL_GROUPINGS)
def report_funnel(
    asked: Asked,
    stages: bool = option("Also the stages, which are read from the history of the files.", default=True),
) -> None:
    """Print how many leads become opportunities and are won.

    It shows what has become of the leads and of the opportunities created between --from and --to. What got
    further counts at every earlier step.
    """
    by = asked.by
    if is_by_step := by == "step":
        asked.names = KeyNames(asked.run, "stage")
    report = funnel_of(asked.run, by, asked.period, asked.valuation, asked.names, has_stages=stages)
    counts, today = report.totals, asked.run.today
    asked.print(
        f"Funnel of what was created{asked.when('')}, as it stands on {today}"
        f"{'' if is_by_step else f', by {by}'}, in {asked.currency}",
        list(steps_of(report, asked.names))
        if is_by_step
        else [{**asked.names.named(row.key), **row.counts._asdict()} for row in report.rows],
        _step_columns(asked, report) if is_by_step else _group_columns(asked, report),
        totals=counts._asdict(),
        is_summed=not is_by_step,
        about={
            "cohort": "created",
            "today": today,
            "bases": _FUNNEL_BASES,
            "without_stage_count": report.without_stage_count,
        },
        remarks=_remarks(report),
        nothing="nothing was created",
    )


_FUNNEL_BASES = {
    "share": "the leads, or the opportunities; of a stage those of its process",
    "share_before": "the step before",
    "converted_share": "leads",
    "won_share": "opportunities",
    "win_rate": "won and lost opportunities",
}


def _step_columns(asked: Asked, report: Funnel) -> list[Column]:
    several = len({stage.process for stage in report.stages}) > 1

    def label(row: Mapping[str, Any]) -> str:
        if row["key"] == row["half"]:
            return str(row["key"])
        if row["process"] is None:
            return f"  {row['key']}"
        process = f"{row['process']}: " if several else ""
        return f"  {process}{asked.names.label(row['key'], row['process'])} or further"

    # Where nothing is indented, `won` alone does not say of which half it is.
    where = [] if asked.is_table else [Column("half", "HALF"), Column("process", "PROCESS")]
    return [
        *where,
        Column("key", "STEP", shrink=True, min_width=14, show=label),
        asked.count_column("count", "COUNT"),
        asked.percent_column("share", "OF ALL"),
        asked.percent_column("share_before", "OF BEFORE", rank=1),
        asked.money_column("won_amount", "WON"),
    ]


def _group_columns(asked: Asked, report: Funnel) -> list[Column]:
    leads = [
        asked.count_column("lead_count", "LEADS"),
        asked.count_column("replied_count", "REPLIED", rank=4),
        asked.count_column("qualified_count", "QUALIFIED"),
        asked.count_column("converted_count", "CONVERTED"),
        asked.percent_column("converted_share", "OF LEADS", rank=2),
    ]
    return [
        asked.key_column(10),
        *(leads if report.totals.lead_count else []),
        asked.count_column("opportunity_count", "DEALS"),
        asked.count_column("open_count", "OPEN", rank=5),
        asked.count_column("won_count", "WON"),
        asked.percent_column("won_share", "OF DEALS"),
        asked.count_column("lost_count", "LOST", rank=6),
        asked.percent_column("win_rate", "WIN RATE", rank=3),
        asked.money_column("won_amount", "WON AMOUNT", rank=1),
    ]


def _remarks(report: Funnel) -> list[str]:
    counts = report.totals
    lines = []
    if report.by == "step":
        lines += [
            "OF ALL: of the leads, or the opportunities; of a stage those of its process",
            "OF BEFORE: of the step before",
        ]
    if counts.win_rate is not None:
        lines.append(
            f"win rate: {counts.win_rate} % of the {counts.won_count + counts.lost_count} won and lost"
        )
    lines += ended_without_stage(report.without_stage_count)
    return lines + won_without_amount(counts.won_without_amount_count)


def funnel_of(
    run: Session, by: str, span: Days, valuation: Valuation, names: KeyNames, *, has_stages: bool
) -> Funnel:
    """The funnel of those whom the options name. Raises PipecliError for a missing rate."""
    is_stage_to_stage = has_stages and by == "step"
    order = names.stages() if is_stage_to_stage else []
    asked = run.connection, owner_filter(run), run.zone
    return funnel(
        leads_in_funnel(*asked), read_journeys(run, order) if order else all_deals(*asked),
        by=by, days=span, valuation=valuation, order=order,
    )  # fmt: skip


def steps_of(report: Funnel, names: KeyNames) -> Iterator[dict[str, Any]]:
    """The steps with the keys of JSON; without leads, or opportunities, there is no such half."""
    counts = report.totals
    if counts.lead_count:
        before = counts.lead_count
        fields = {"leads": "lead", "won": "lead_won"}
        for name in ("leads", "replied", "qualified", "converted", "won"):
            count = getattr(counts, f"{fields.get(name, name)}_count")
            amount = counts.lead_won_amount if name == "won" else None
            yield _step("leads", name, count, counts.lead_count, before, amount=amount)
            before = count
    if not counts.opportunity_count:
        return
    yield _step("opportunities", "opportunities", counts.opportunity_count, counts.opportunity_count)
    yield _step("opportunities", "from leads", counts.from_leads_count, counts.opportunity_count)
    reached: Reached | None = None
    for stage in report.stages:
        before = reached.deal_count if reached and reached.process == stage.process else stage.process_count
        about: dict[str, Any] = {"process": stage.process}
        if called := names.name(stage.stage, stage.process):
            about["name"] = called
        yield _step("opportunities", stage.stage, stage.deal_count, stage.process_count, before) | about
        reached = stage
    for name in ("won", "lost", "closed", "open"):
        amount = counts.won_amount if name == "won" else None
        count = getattr(counts, f"{name}_count")
        yield _step("opportunities", name, count, counts.opportunity_count, amount=amount)


def _step(
    half: str, step: str, count: int, whole: int, before: int | None = None, *, amount: Decimal | None = None
) -> dict[str, Any]:
    return {
        "key": step,
        "half": half,
        "process": None,
        "count": count,
        "share": percent(count, whole),
        "share_before": None if before is None or step == half else percent(count, before),
        "won_amount": amount,
    }


@app.command("report velocity", cls=Report)
@asking(OPPORTUNITY, by="stage", groupings=VELOCITY_GROUPINGS)
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
        "bases": _VELOCITY_BASES,
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


_VELOCITY_BASES = {
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
