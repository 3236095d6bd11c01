"""`opportunity advance` and `step`: an open deal moves on once the steps of its stage are done and the fields
are there that the next stage requires.

Every verb of an open deal asks `require_open`. The requirements, and the seven questions of the key
information, are for plain records, as the index has them: a page of what is missing loads no models.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pipecli.records.compare_names import chosen_id
from pipecli.workflow import Change, Refused

if TYPE_CHECKING:
    from pipecli.records.opportunity import Opportunity
    from pipecli.records.settings import Process, Settings, Stage


def require_open(deal: Opportunity) -> None:
    """Refuse to go on with a deal that is won, lost or closed, naming the way out."""
    if not deal.is_open:
        raise Refused(f"{deal.id} is {deal.status}", hint=f"reopen it first: pipecli opp reopen {deal.id}")


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
    there = _stage_to_enter(deal, process, here, to)
    missing = missing_to_move(deal, process, here, there)
    if missing and not force:
        raise Refused(
            f"{deal.id} can't advance to {process.stages[there].id}: {'; '.join(missing)}",
            hint="add what is missing with `opp step done` or `opp set`, or override with --force",
        )
    stage = process.stages[there]
    moved, dropped = enter_stage(deal, stage, " (--keep-probability keeps it)")
    if keep_probability:
        moved, dropped = deal.with_(stage=stage.id), ()
    forced = (f"forced; {'; '.join(missing)}",) if missing else ()
    return Change(
        record=moved,
        summary=f"advance {deal.stage} → {stage.id}{' (forced)' if missing else ''}",
        event="stage-changed",
        notes=(*forced, *dropped),
    )


def enter_stage(deal: Opportunity, stage: Stage, way_out: str = "") -> tuple[Opportunity, tuple[str, ...]]:
    """A deal at a stage: at another one without a probability set by hand, and with a note of that.

    It was the stage's that a person overrode; one who goes on overriding it says so again. Which one counts
    then: `PROBABILITY` in `store/index/views_and_functions.py`.
    """
    if deal.stage == stage.id or deal.probability is None:
        return deal.with_(stage=stage.id), ()
    dropped = f"the probability set by hand, {deal.probability:f} %, is dropped"
    note = f"{dropped}: {stage.id} has {stage.probability:f} %{way_out}"
    return deal.with_(stage=stage.id, probability=None), (note,)


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


def named_stage(process: Process, word: str, fault: str, hint: str = "its stages: {known}") -> str:
    """The stage of a process that is meant by its id or name. Refused with `fault` and those there are."""
    known = {stage.id: [stage.label] for stage in process.stages}
    return chosen_id(word, known, fault, hint=hint, error=Refused)


def _stage_to_enter(deal: Opportunity, process: Process, here: int | None, to: str | None) -> int:
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


KEY_INFO = {
    "need": "need",
    "pain_points": "pain points",
    "decision_maker": "decision maker",
    "budget": "budget",
    "current_situation": "current situation",
    "proposed_solution": "proposed solution",
    "competitors": "competitors",
}
"""The fields in their order, and the words for them; the seventh is the deal's own `competitors`."""


def answered(deal: Mapping[str, Any]) -> list[str]:
    """The questions that a plain deal answers: six in its `key_info`, the seventh by its competitors."""
    key_info = deal.get("key_info") or {}
    return [name for name in KEY_INFO if name in key_info or (name == "competitors" and deal.get(name))]


_COUNT = rf"key_info\s*>=\s*([0-{len(KEY_INFO)}])"


def fault_of_requirement(stage: str, requirement: str) -> str:
    """The fault of one line of a stage's `requires` that no opportunity can meet; empty for any other."""
    from pipecli.records import base
    from pipecli.records.opportunity import Opportunity

    if re.fullmatch(_COUNT, requirement.strip()) or base.annotation_at(Opportunity, requirement.split(".")):
        return ""
    return (
        f'{stage} requires "{requirement}", which no opportunity has; write a field, '
        'as expected_close or key_info.budget, or "key_info >= 4"'
    )


def missing_steps(deal: Mapping[str, Any], steps: Sequence[str]) -> list[str]:
    """The steps of a checklist that are not done on a deal."""
    done = deal.get("steps_done", ())
    return [step for step in steps if step not in done]


def missing_fields(deal: Mapping[str, Any], requires: Sequence[str]) -> list[str]:
    """The required fields that a deal has not."""
    return [requirement for requirement in requires if not meets_requirement(deal, requirement)]


def meets_requirement(deal: Mapping[str, Any], requirement: str) -> bool:
    """True where a deal has what one line of `requires` asks for.

    A line is a field (`expected_close`, `key_info.budget`), `amount` in the sense of what the deal is worth,
    `key_info` for all seven questions answered, or `key_info >= 4` for some.
    """
    count = re.fullmatch(_COUNT, requirement.strip())
    if count or requirement == "key_info":
        wanted = int(count[1]) if count else len(KEY_INFO)
        return len(answered(deal)) >= wanted
    if requirement == "amount":
        return "amount" in deal or bool(deal.get("items"))
    value: Any = deal
    for name in requirement.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value not in (None, [], "")
