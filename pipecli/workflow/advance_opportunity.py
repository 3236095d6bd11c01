"""`opportunity advance`: to the next stage of its process, or to a named one."""

from __future__ import annotations

from pipecli.records.opportunity import Opportunity
from pipecli.records.settings import Process, Settings
from pipecli.workflow.change import Change, Refused
from pipecli.workflow.closed_opportunity import refuse_closed
from pipecli.workflow.requirements import missing_fields, missing_steps


def advance(
    deal: Opportunity,
    settings: Settings,
    *,
    to: str | None = None,
    force: bool = False,
    keep_probability: bool = False,
) -> Change:
    """Move an open opportunity to the next stage, or to `to`.

    Refused while steps of a stage that is left or fields of one that is entered are missing; `force`
    overrides that and says so. A probability set by hand goes with the stage it was set for, unless
    `keep_probability`.
    """
    refuse_closed(deal)
    process = process_of(deal, settings)
    here = process.position(deal.stage)
    there = _target(deal, process, here, to)
    missing = missing_between(deal, process, here, there)
    if missing and not force:
        raise Refused(
            f"{deal.id} can't advance to {process.stages[there].id}: {'; '.join(missing)}",
            hint="add what is missing, or override with --force",
        )
    stage = process.stages[there]
    moved = deal.with_(stage=stage.id, probability=deal.probability if keep_probability else None)
    forced = " (forced)" if missing else ""
    return Change(
        subject=moved,
        summary=f"advance {deal.stage} → {stage.id}{forced}",
        event="stage-changed",
        notes=(f"forced although {'; '.join(missing)}",) if missing else (),
    )


def process_of(deal: Opportunity, settings: Settings) -> Process:
    """The process a deal walks. Raises Refused when the settings no longer have it."""
    process = settings.processes.get(deal.process)
    if process is None:
        known = ", ".join(settings.processes)
        raise Refused(
            f"{deal.id} follows the process {deal.process}, which the settings don't have",
            hint=f"give it one of {known}: pipecli opp set {deal.id} process=… stage=…",
        )
    return process


def _target(deal: Opportunity, process: Process, here: int | None, to: str | None) -> int:
    stages = ", ".join(stage.id for stage in process.stages)
    if to is not None:
        there = process.position(to)
        if there is None:
            raise Refused(f"{to} is no stage of the process {deal.process}", hint=f"its stages: {stages}")
        if there == here:
            raise Refused(f"{deal.id} is at {to} already")
        return there
    if here is None:
        raise Refused(
            f"{deal.id} is at {deal.stage}, which is no stage of the process {deal.process}",
            hint=f"name one with --to: {stages}",
        )
    if here + 1 == len(process.stages):
        raise Refused(
            f"{deal.id} is at {deal.stage}, the last stage",
            hint=f"close it: pipecli opp won {deal.id}, or pipecli opp lost {deal.id} --reason …",
        )
    return here + 1


def missing_between(deal: Opportunity, process: Process, here: int | None, there: int) -> list[str]:
    """What keeps a deal from a stage, in words; going back asks for nothing."""
    if here is not None and there < here:
        return []
    plain = deal.plain()
    left = () if here is None else process.stages[here:there]
    entered = process.stages[there if here is None else here + 1 : there + 1]
    steps = [step for stage in left for step in missing_steps(plain, stage.steps)]
    fields = dict.fromkeys(name for stage in entered for name in missing_fields(plain, stage.requires))
    return [
        *([f"steps not done: {', '.join(steps)}"] if steps else []),
        *([f"fields missing: {', '.join(fields)}"] if fields else []),
    ]
