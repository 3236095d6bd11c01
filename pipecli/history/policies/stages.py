"""Stages: a deal walks them one by one, and each asks for its steps and fields."""

from __future__ import annotations

from collections.abc import Iterator

from pipecli.history.policies.rule import Review, Rule
from pipecli.records.opportunity import Opportunity
from pipecli.store.checks.rule import Problem, Severity
from pipecli.workflow.opportunity.advance import missing_between


def stage_skipped(review: Review) -> Iterator[Problem]:
    """Deals that moved on without the steps of a stage they left or the fields of one they entered."""
    for each, before, after in review.present(Opportunity):
        process = review.process_of(after)
        there = process.position(after.stage) if process else None
        is_moved = before is None or (before.process, before.stage) != (after.process, after.stage)
        if process is None or not there or not is_moved or (before is None and not after.is_open):
            continue
        is_same = before is not None and before.process == after.process
        here = process.position(before.stage) if before and is_same else None
        missing = missing_between(after, process, here, there)
        if missing:
            how = f"{before.stage} → {after.stage}" if before else f"it begins at {after.stage}"
            forced = review.between.forced(each.file, each.key)
            yield Problem(each.file, ("stage",), f"stage: {how}, although {'; '.join(missing)}{forced}")


def stage_jumped(review: Review) -> Iterator[Problem]:
    """Deals that jumped over stages, in one commit, although nothing was missing for it."""
    for each, before, after in review.kept(Opportunity):
        process = review.process_of(after)
        if process is None or before.process != after.process:
            continue
        here, there = process.position(before.stage), process.position(after.stage)
        if here is None or there is None or there < here + 2 or missing_between(after, process, here, there):
            continue
        seen = {version.get("stage") for version in review.between.versions(each.file)}
        jumped = [stage.id for stage in process.stages[here + 1 : there] if stage.id not in seen]
        if jumped:
            said = f"stage: {before.stage} → {after.stage}, past {', '.join(jumped)}"
            yield Problem(each.file, ("stage",), said)


WITH_SETTINGS = (
    Rule("stage-skipped", Severity.ERROR, stage_skipped),
    Rule("stage-jumped", Severity.WARNING, stage_jumped),
)
