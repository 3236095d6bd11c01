"""`opportunity step done` and `undo`: the checklists of the stages."""

from __future__ import annotations

from pipecli.records.opportunity import Opportunity
from pipecli.records.settings import Process, Settings
from pipecli.workflow.advance_opportunity import process_of
from pipecli.workflow.change import Change, Refused
from pipecli.workflow.closed_opportunity import refuse_closed


def complete_step(deal: Opportunity, settings: Settings, name: str) -> Change:
    """Note a step as done. It may be one of another stage: work is not always done in order."""
    refuse_closed(deal)
    step = _step(deal, process_of(deal, settings), name)
    done = deal.steps_done if step in deal.steps_done else (*deal.steps_done, step)
    return Change(deal.with_(steps_done=done), f"step done: {step}", "step-done")


def undo_step(deal: Opportunity, settings: Settings, name: str) -> Change:
    """Note a step as not done after all."""
    refuse_closed(deal)
    step = _step(deal, process_of(deal, settings), name)
    left = tuple(each for each in deal.steps_done if each != step)
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
