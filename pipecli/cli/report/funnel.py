"""`pipecli report funnel`: how many leads become opportunities, how many of those are won, stage to stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from pipecli.cli.common.command import Report, noun
from pipecli.cli.common.output import Format
from pipecli.cli.common.session import Session, session
from pipecli.cli.common.table import Column
from pipecli.cli.report.printing import (
    Currency,
    From,
    Names,
    To,
    by_option,
    count_column,
    currency_code,
    days,
    ended_without_stage,
    grouping,
    key_column,
    money_column,
    percent_column,
    period_text,
    print_report,
    won_without_amount,
)
from pipecli.cli.report.rows import funnel_of, steps_of
from pipecli.records.kinds import LEAD, OPPORTUNITY
from pipecli.reports.deals import Days, Valuation
from pipecli.reports.funnel import GROUPINGS, Funnel

app = noun("From lead to opportunity to won, stage to stage.")


@app.command(cls=Report)
def report_funnel(
    ctx: typer.Context,
    by: Annotated[str, by_option(GROUPINGS)] = "step",
    from_: From = "",
    to: To = "",
    currency: Currency = "",
    stages: Annotated[
        bool, typer.Option(help="Stage to stage, which is read from the history of the files.")
    ] = True,
) -> None:
    """Print how many leads become opportunities, and how many of those are won.

    Of the leads and the opportunities that were created between --from and --to: what became of them up to
    now, each half by itself. Who got further counts at every step before.
    """
    grouping(by, GROUPINGS)
    run = session(ctx)
    pipeline = run.read(LEAD, OPPORTUNITY)
    period = days(from_, to, run.today)
    valuation = Valuation(pipeline.rates, currency_code(currency))
    names = Names(run, "stage" if by == "step" else by)
    report = funnel_of(run, by, period, valuation, names, has_stages=stages)
    _print(run, report, names, period, valuation.currency)


def _print(run: Session, report: Funnel, names: Names, period: Days, currency: str) -> None:
    when = f" {period_text(period)}" if period_text(period) else ""
    is_by_step = report.by == "step"
    counts = report.totals
    print_report(
        run,
        f"Funnel of what was created{when}, as it stands on {run.today}"
        f"{'' if is_by_step else f', by {report.by}'}, in {currency}",
        list(steps_of(report, names)) if is_by_step else _groups(report, names),
        _step_columns(run, names, report, currency)
        if is_by_step
        else _group_columns(report, names, currency),
        about={
            "by": report.by,
            "cohort": "created",
            "currency": currency,
            "today": run.today,
            "from": period.first,
            "to": period.last,
            "bases": _BASES,
            "totals": counts._asdict(),
            "without_stage_count": report.without_stage_count,
        },
        total=None if is_by_step else {"label": "total", **counts._asdict()},
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


def _groups(report: Funnel, names: Names) -> list[dict[str, Any]]:
    return [{**names.named(row.key), **row.counts._asdict()} for row in report.rows]


def _step_columns(run: Session, names: Names, report: Funnel, currency: str) -> list[Column]:
    several = len({stage.process for stage in report.stages}) > 1

    def label(row: Mapping[str, Any]) -> str:
        if row["key"] == row["half"]:
            return str(row["key"])
        if row["process"] is None:
            return f"  {row['key']}"
        process = f"{row['process']}: " if several else ""
        return f"  {process}{names.label(row['key'], row['process'])} or further"

    # Where nothing is indented, `won` alone does not say of which half it is.
    where = [] if run.format is Format.TABLE else [Column("half", "HALF"), Column("process", "PROCESS")]
    return [
        *where,
        Column("key", "STEP", shrink=True, min_width=14, show=label),
        count_column("count", "COUNT"),
        percent_column("share", "OF ALL"),
        percent_column("share_before", "OF BEFORE", rank=1),
        money_column("won_amount", "WON", currency),
    ]


def _group_columns(report: Funnel, names: Names, currency: str) -> list[Column]:
    leads = [
        count_column("lead_count", "LEADS"),
        count_column("replied_count", "REPLIED", rank=4),
        count_column("qualified_count", "QUALIFIED"),
        count_column("converted_count", "CONVERTED"),
        percent_column("converted_share", "OF LEADS", rank=2),
    ]
    return [
        key_column(names, report.by, 10),
        *(leads if report.totals.lead_count else []),
        count_column("opportunity_count", "DEALS"),
        count_column("open_count", "OPEN", rank=5),
        count_column("won_count", "WON"),
        percent_column("won_share", "OF DEALS"),
        count_column("lost_count", "LOST", rank=6),
        percent_column("win_rate", "WIN RATE", rank=3),
        money_column("won_amount", "WON AMOUNT", currency, rank=1),
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
