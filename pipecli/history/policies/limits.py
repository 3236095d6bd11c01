"""The settings that other rules ask: who loosens them should be seen to."""

from __future__ import annotations

from collections.abc import Iterator

from pipecli.history.policies.rule import Review, Rule
from pipecli.records.settings import Settings
from pipecli.store.checks.rule import Problem, Severity


def loosened_limit(review: Review) -> Iterator[Problem]:
    """Limits that were raised, and stages that ask for less; both count from the next change set on."""
    for each, before, after in review.kept(Settings):
        for name in ("max_discount", "max_difference"):
            old, new = (getattr(settings.quotations, name) for settings in (before, after))
            if old is not None and (new is None or new > old):
                now = "none" if new is None else f"{new:f} %"
                said = f"quotations.{name}: {old:f} % → {now}: a looser limit, which counts after this change"
                yield Problem(each.file, ("quotations", name), said)
        yield from _asking_less(each.file, before, after)


def _asking_less(file: str, before: Settings, after: Settings) -> Iterator[Problem]:
    for slug, process in after.processes.items():
        for place, stage in enumerate(process.stages):
            old = before.stage(slug, stage.id)
            gone = [*_missing(old.steps, stage.steps), *_missing(old.requires, stage.requires)] if old else []
            if gone:
                path = ("processes", slug, "stages", place)
                yield Problem(file, path, f"stage {stage.id} no longer asks for: {', '.join(gone)}")


def _missing(old: tuple[str, ...], new: tuple[str, ...]) -> list[str]:
    return [each for each in old if each not in new]


STRUCTURE = (Rule("loosened-limit", Severity.WARNING, loosened_limit),)
