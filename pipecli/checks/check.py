"""Every fault of a pipeline at once: all rules (`checks/rules/`) run, and their findings get lines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from pipecli.checks.rules import (
    Finding,
    Path,
    Problem,
    Rule,
    Severity,
    deals,
    references,
    sent_quotations,
    settings,
)
from pipecli.errors import FaultyFile
from pipecli.records.kinds import SETTINGS_FILE
from pipecli.store.yaml import read

if TYPE_CHECKING:
    from pipecli.store.pipeline import Pipeline

STRUCTURE: tuple[Rule, ...] = (
    *references.FILES,
    *references.STRUCTURE,
    *deals.STRUCTURE,
    *sent_quotations.STRUCTURE,
)
WITH_SETTINGS: tuple[Rule, ...] = (
    *references.WITH_SETTINGS,
    *settings.WITH_SETTINGS,
    *deals.WITH_SETTINGS,
)
"""The rules that ask the settings, and so wait until those can be read."""


def check(
    pipeline: Pipeline, wanted: Callable[[str], bool] = lambda _: True, *, only_errors: bool = False
) -> list[Finding]:
    """Everything that is wrong with the files that are wanted, in the order of files and lines.

    `only_errors` leaves out the rules that warn: comparing the schemas takes longer than all others.
    """
    faults = [fault for fault in pipeline.index.faults() if wanted(fault.file)]
    is_readable = not any(fault.file == SETTINGS_FILE for fault in pipeline.index.faults())
    problems: list[tuple[Rule, Problem]] = [
        (rule, problem)
        for rule in (*STRUCTURE, *(WITH_SETTINGS if is_readable else ()))
        if rule.severity is Severity.ERROR or not only_errors
        for problem in rule.problems(pipeline)
        if wanted(problem.file)
    ]
    # What is wrong with a lead as an opportunity isn't news once it is said that it lies among them.
    misplaced = {problem.file for rule, problem in problems if rule.name == "misplaced"}
    findings = [
        *(
            Finding(*fault[:4], Severity.ERROR, fault.message)
            for fault in faults
            if fault.file not in misplaced
        ),
        *_placed(pipeline, problems),
    ]
    return sorted(
        {finding._replace(line=finding.line or 1, column=finding.column or 1) for finding in findings}
    )


def _placed(pipeline: Pipeline, problems: Iterable[tuple[Rule, Problem]]) -> Iterable[Finding]:
    """Problems with their lines; each file is read once."""
    by_file: dict[str, list[tuple[Rule, Problem]]] = defaultdict(list)
    for rule, problem in problems:
        by_file[problem.file].append((rule, problem))
    for file, in_file in by_file.items():
        places = _places(pipeline, file, [problem.path for _, problem in in_file])
        for (rule, problem), (line, column) in zip(in_file, places, strict=True):
            yield Finding(file, line, column, rule.name, rule.severity, problem.message)


def _places(pipeline: Pipeline, file: str, paths: list[Path]) -> list[tuple[int, int]]:
    if not any(paths):
        return [(0, 0)] * len(paths)
    try:
        text = pipeline.text(file)
    except (FaultyFile, OSError):
        return [(0, 0)] * len(paths)
    quick = [place for path in paths if (place := read.place_of_key(text, path))]
    return quick if len(quick) == len(paths) else read.locate_many(text, paths)
