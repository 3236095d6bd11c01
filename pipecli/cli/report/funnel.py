"""`pipecli report funnel`: how many leads become opportunities, how many of those are won, stage to stage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from pipecli.cli.common.command import Report, noun, option
from pipecli.cli.common.session import Session, owner_filter
from pipecli.cli.common.table import Column
from pipecli.cli.report.common import (
    Asked,
    KeyNames,
    asking,
    ended_without_stage,
    read_journeys,
    won_without_amount,
)
from pipecli.records.days import Days
from pipecli.records.kinds import LEAD, OPPORTUNITY
from pipecli.reports import percent
from pipecli.reports.deal_weighted_and_converted import Valuation
from pipecli.reports.funnel import GROUPINGS, Funnel, Reached, funnel
from pipecli.store.index.rows_for_reports import all_deals, leads_in_funnel

app = noun()


@app.command(cls=Report)
@asking(LEAD, OPPORTUNITY, by="step", groupings=GROUPINGS)
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
            "bases": _BASES,
            "without_stage_count": report.without_stage_count,
        },
        remarks=_remarks(report),
        nothing="nothing was created",
    )


_BASES = {
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
    asked = run.pipeline.index.connection, owner_filter(run), run.zone
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
