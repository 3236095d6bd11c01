"""`opportunity set process=…`: an open deal goes on in another process, at a stage of that one."""

from __future__ import annotations

from pipecli.records.opportunity import Opportunity
from pipecli.records.settings import Settings
from pipecli.workflow.change import Refused
from pipecli.workflow.closed_opportunity import refuse_closed


def change_process(
    deal: Opportunity, settings: Settings, process: str, stage: str | None = None
) -> Opportunity:
    """The deal in another process: at `stage`, else at the stage of the same name.

    A probability set by hand goes when the stage changes, as it does on `advance`.
    """
    refuse_closed(deal)
    known = settings.processes.get(process)
    if known is None:
        raise Refused(
            f"there is no process {process}", hint=f"the settings have {', '.join(settings.processes)}"
        )
    there = stage or deal.stage
    if known.position(there) is None:
        stages = ", ".join(each.id for each in known.stages)
        raise Refused(
            f"{there} is no stage of the process {process}",
            hint=f"say where it goes on, in {stages}: pipecli opp set {deal.id} process={process} stage=…",
        )
    probability = deal.probability if there == deal.stage else None
    return deal.with_(process=process, stage=there, probability=probability)
