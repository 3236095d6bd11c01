"""Where a deal stands in its process, and what keeps it from the next stage; on plain records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pipecli.workflow.rules import missing_fields, missing_steps


class Progress(NamedTuple):
    """Stages are named as people call them, `next_id` as the settings do."""

    process: str
    stage: str
    position: int | None
    """From 1; None where the settings don't have the stage."""
    stages: int
    next_stage: str | None
    """None at the last stage."""
    next_id: str | None
    steps_open: list[str]
    fields_missing: list[str]

    def keys(self) -> dict[str, object]:
        """What JSON shows of an open deal."""
        return {
            "stage_position": self.position,
            "stages": self.stages,
            "next_stage": self.next_id,
            "steps_open": self.steps_open,
            "fields_missing": self.fields_missing,
        }

    def lines(self) -> Iterator[tuple[str, object]]:
        """The same for a person."""
        if self.position is None:
            yield "stage", f"{self.stage}, which the process {self.process} does not have"
            return
        yield "stage", f"{self.stage}, {self.position} of {self.stages} ({self.process})"
        if self.steps_open:
            yield "steps open", "; ".join(self.steps_open)
        if self.next_stage is None:
            yield "next", "close it: won, or lost"
        elif self.fields_missing:
            yield "next", f"{self.next_stage}, which needs {', '.join(self.fields_missing)}"
        else:
            yield "next", self.next_stage


def progress(deal: Mapping[str, Any], settings: Mapping[str, Any]) -> Progress:
    """Where a plain deal stands in the processes of the plain settings."""
    stages = settings["processes"].get(deal["process"], {}).get("stages", [])
    place = next((place for place, stage in enumerate(stages) if stage["id"] == deal["stage"]), None)
    here = stages[place] if place is not None else {}
    after = stages[place + 1] if place is not None and place + 1 < len(stages) else None
    return Progress(
        deal["process"],
        here.get("name", deal["stage"]),
        None if place is None else place + 1,
        len(stages),
        after.get("name", after["id"]) if after else None,
        after["id"] if after else None,
        missing_steps(deal, here.get("steps", ())),
        missing_fields(deal, after.get("requires", ())) if after else [],
    )
