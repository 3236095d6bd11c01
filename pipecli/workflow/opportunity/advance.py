"""A deal's way through the stages: `advance`, `step done`, `hold`, another process.

A stage that is left asks for its steps to be done, one that is entered for its required fields; only an open
deal can move (`require_open` in `workflow/preconditions.py`).
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from pipecli.records.names import chosen_id
from pipecli.records.opportunity import Hold, Opportunity
from pipecli.workflow.change import Change, Refused
from pipecli.workflow.preconditions import missing_fields, missing_steps, named_stage, require_open

if TYPE_CHECKING:
    from pipecli.records.settings import Process, Settings, Stage


def advance_deal(
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
    require_open(deal)
    process = process_of(deal, settings)
    here = process.position(deal.stage)
    there = _target(deal, process, here, to)
    missing = missing_to_move(deal, process, here, there)
    if missing and not force:
        raise Refused(
            f"{deal.id} can't advance to {process.stages[there].id}: {'; '.join(missing)}",
            hint="add what is missing, or override with --force",
        )
    stage = process.stages[there]
    moved = deal.with_(stage=stage.id, probability=deal.probability if keep_probability else None)
    forced = " (forced)" if missing else ""
    dropped = deal.probability is not None and moved.probability is None
    return Change(
        subject=moved,
        summary=f"advance {deal.stage} → {stage.id}{forced}",
        event="stage-changed",
        notes=(
            *([f"forced; {'; '.join(missing)}"] if missing else []),
            *([_dropped(deal, stage)] if dropped else []),
        ),
    )


def _dropped(deal: Opportunity, stage: Stage) -> str:
    """The word on a probability set by hand, which goes with the stage it was set for."""
    return (
        f"the probability set by hand, {deal.probability:f} %, is dropped: "
        f"{stage.id} has {stage.probability:f} % (--keep-probability keeps it)"
    )


_ENDS = {"won": "opp won", "lost": "opp lost", "closed": "opp lost"}
"""Words that people give for a stage, which end a deal, each with the verb that does."""


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


def named_process(settings: Settings, word: str) -> str:
    """The process that a person means by its slug or its name. Refused where the settings have none."""
    known = {name: [process.name or name] for name, process in settings.processes.items()}
    fault = f"unknown process {word}"
    return chosen_id(word, known, fault, hint="the settings have {known}", error=Refused)


def _target(deal: Opportunity, process: Process, here: int | None, to: str | None) -> int:
    stages = ", ".join(stage.id for stage in process.stages)
    if to is not None:
        if to.strip().casefold() in _ENDS and process.position(to) is None:
            verb = f"pipecli {_ENDS[to.strip().casefold()]} {deal.id}"
            raise Refused(f"{to} is not a stage but the end of a deal", hint=f"close it: {verb}")
        named = named_stage(process, to, f"{to} isn't a stage of the process {deal.process}")
        there = process.position(named)
        assert there is not None
        if there == here:
            raise Refused(f"{deal.id} is at {named} already")
        return there
    if here is None:
        raise Refused(
            f"{deal.id} is at {deal.stage}, which isn't a stage of the process {deal.process}",
            hint=f"name one with --to: {stages}",
        )
    if here + 1 == len(process.stages):
        raise Refused(
            f"{deal.id} is at {deal.stage}, the last stage",
            hint=f"close it: pipecli opp won {deal.id}, or pipecli opp lost {deal.id} --reason …",
        )
    return here + 1


def missing_to_move(deal: Opportunity, process: Process, here: int | None, there: int) -> list[str]:
    """The steps and fields that keep a deal from a stage, in words; going back a stage asks for nothing."""
    plain = deal.plain()  # of a move back, `left` and `entered` are empty
    left = () if here is None else process.stages[here:there]
    entered = process.stages[there if here is None else here + 1 : there + 1]
    steps = [step for stage in left for step in missing_steps(plain, stage.steps)]
    fields = dict.fromkeys(name for stage in entered for name in missing_fields(plain, stage.requires))
    return [
        *([f"steps not done: {', '.join(steps)}"] if steps else []),
        *([f"fields missing: {', '.join(fields)}"] if fields else []),
    ]


def undo_advance(deal: Opportunity, before: Opportunity, after: Opportunity) -> Change:
    """Put a deal back to the stage and probability of `before`, if it still stands as `after`."""
    require_open(deal)
    if (deal.process, deal.stage) != (after.process, after.stage):
        raise Refused(
            f"{deal.id} has moved to {deal.stage}, and isn't at {after.stage}",
            hint="move it from there instead",
        )
    return Change(
        deal.with_(stage=before.stage, probability=before.probability),
        f"undo advance {before.stage} → {after.stage}",
        "stage-changed",
    )


def complete_step(deal: Opportunity, settings: Settings, name: str) -> Change:
    """Note a step as done. It may be one of another stage: work is not always done in order."""
    require_open(deal)
    step = _step(deal, process_of(deal, settings), name)
    done = deal.steps_done if step in deal.steps_done else (*deal.steps_done, step)
    return Change(deal.with_(steps_done=done), f"step done: {step}", "step-done")


def undo_step(deal: Opportunity, settings: Settings, name: str) -> Change:
    """Note a step as not done after all."""
    require_open(deal)
    step = _step(deal, process_of(deal, settings), name)
    left = tuple(other for other in deal.steps_done if other != step)
    return Change(deal.with_(steps_done=left), f"step undone: {step}", "step-undone")


def _step(deal: Opportunity, process: Process, name: str) -> str:
    """The step that is meant: by its whole text, or words of it; one of the present stage goes first."""
    here = [step for stage in process.stages if stage.id == deal.stage for step in stage.steps]
    everywhere = list(dict.fromkeys([*here, *(step for stage in process.stages for step in stage.steps)]))
    wanted = name.strip().casefold()
    for steps in (here, everywhere):
        exact = [step for step in steps if step.casefold() == wanted]
        matching = exact or [step for step in steps if wanted and wanted in step.casefold()]
        if len(matching) == 1:
            return matching[0]
        if matching:
            raise Refused(
                f'"{name}" is {len(matching)} steps: {"; ".join(matching)}', hint="name one in full"
            )
    known = "; ".join(everywhere) or "none"
    raise Refused(f'the process {deal.process} has no step "{name}"', hint=f"its steps: {known}")


def change_process(
    deal: Opportunity, settings: Settings, process: str, stage: str | None = None
) -> Opportunity:
    """The deal in another process: at `stage`, else at the stage of the same name.

    A probability set by hand goes when the stage changes, as it does on `advance`.
    """
    require_open(deal)
    known = settings.processes[named_process(settings, process)]
    there = stage or deal.stage
    if known.position(there) is None:
        stages = ", ".join(stage.id for stage in known.stages)
        raise Refused(
            f"{there} isn't a stage of the process {process}",
            hint=f"say where it continues, in {stages}: pipecli opp set {deal.id} process={process} stage=…",
        )
    probability = deal.probability if there == deal.stage else None
    return deal.with_(process=process, stage=there, probability=probability)


def hold_deal(deal: Opportunity, *, until: date, today: date, reason: str | None = None) -> Change:
    """Let an open deal wait until a day to come: it is then told of in the follow-ups."""
    require_open(deal)
    if until <= today:
        raise Refused(f"{until} is in the past, or today", hint="name a future day: --until +30d")
    was = f"on hold until {until}" if deal.hold is None else f"hold {deal.hold.until} → {until}"
    waiting = deal.with_(hold=Hold(until=until, reason=reason or (deal.hold and deal.hold.reason)))
    return Change(waiting, f"{was}{f': {reason}' if reason else ''}", "held")


def resume_deal(deal: Opportunity) -> Change:
    """Have a deal go on that waits, or whose day has come."""
    if deal.hold is None:
        raise Refused(
            f"{deal.id} isn't on hold", hint=f"put it on hold: pipecli opp hold {deal.id} --until DATE"
        )
    return Change(deal.with_(hold=None), f"resume, was on hold until {deal.hold.until}", "resumed")
