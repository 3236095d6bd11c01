"""The funnel that is asked for, and its steps as records."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from pipecli.cli.common.list import owner_filter
from pipecli.cli.common.session import Session
from pipecli.cli.report.journeys import read_journeys
from pipecli.cli.report.printing import Names
from pipecli.reports.days import Days, percent
from pipecli.reports.deals import Deal, Place
from pipecli.reports.funnel import Funnel, Reached, funnel
from pipecli.reports.money import Valuation
from pipecli.store.index.deals import all_deals
from pipecli.store.index.rows import lead_courses


def funnel_of(
    run: Session, by: str, asked: Days, valuation: Valuation, names: Names, *, has_stages: bool
) -> Funnel:
    """The funnel of those whom the options name. Raises PipecliError for a missing rate."""
    is_stage_to_stage = has_stages and by == "step"
    order = [(process or "", stage or "") for process, stage in names.stages()] if is_stage_to_stage else []
    zone = run.now.tzinfo
    assert zone
    return funnel(
        lead_courses(run.pipeline.index.connection, owner_filter(run), zone),
        _deals(run, order), by=by, days=asked, valuation=valuation, order=order,
    )  # fmt: skip


def _deals(run: Session, order: list[Place]) -> list[Deal]:
    if order:
        return read_journeys(run, order)
    assert run.now.tzinfo
    return all_deals(run.pipeline.index.connection, owner_filter(run), run.now.tzinfo)


def steps_of(made: Funnel, names: Names) -> Iterator[dict[str, Any]]:
    """The steps with the keys of JSON; without leads, or opportunities, there is no such half."""
    counts = made.totals
    if counts.lead_count:
        before = counts.lead_count
        for name in ("leads", "replied", "qualified", "converted", "won"):
            count = getattr(counts, "lead_won_count" if name == "won" else _COUNT.get(name, f"{name}_count"))
            amount = counts.lead_won_amount if name == "won" else None
            yield _step("leads", name, count, counts.lead_count, before, amount=amount)
            before = count
    if not counts.opportunity_count:
        return
    yield _step("opportunities", "opportunities", counts.opportunity_count, counts.opportunity_count)
    yield _step("opportunities", "from leads", counts.from_leads_count, counts.opportunity_count)
    reached: Reached | None = None
    for stage in made.stages:
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


_COUNT = {"leads": "lead_count"}


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
