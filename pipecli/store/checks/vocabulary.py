"""Records in the words of their settings: types, sources, reasons, currencies."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from datetime import date
from typing import TYPE_CHECKING

from pipecli.records.money import MissingRate
from pipecli.store.checks.rule import Path, Problem, Rule, Severity

if TYPE_CHECKING:
    from pipecli.store.pipeline import Pipeline


def type_(pipeline: Pipeline) -> Iterator[Problem]:
    """Types of opportunities that the settings don't list."""
    known = pipeline.settings.opportunity_types
    yield from _unlisted(pipeline, "_opportunities", "type", ("type",), known, "opportunity_types")


def source(pipeline: Pipeline) -> Iterator[Problem]:
    """Sources that the settings don't list, where they list any."""
    known = pipeline.settings.sources
    if known:
        for table in ("_leads", "_opportunities"):
            yield from _unlisted(pipeline, table, "source", ("source",), known, "sources")


def lost_reason(pipeline: Pipeline) -> Iterator[Problem]:
    """Reasons for losing that the settings don't list: the analysis would count them apart."""
    settings = pipeline.settings
    known = dict.fromkeys((*settings.lost_reasons, settings.auto_close.reason))
    yield from _unlisted(
        pipeline, "_opportunities", "closed_reason", ("closed", "reason"), known, "lost_reasons"
    )


def disqualify_reason(pipeline: Pipeline) -> Iterator[Problem]:
    """Reasons for giving a lead up that the settings don't list, where they list any."""
    known = pipeline.settings.disqualify_reasons
    if known:
        path = ("disqualified", "reason")
        yield from _unlisted(pipeline, "_leads", "disqualified_reason", path, known, "disqualify_reasons")


def literature_stage(pipeline: Pipeline) -> Iterator[Problem]:
    """Literature for a stage that no process has: it is never offered."""
    known = {stage.id for process in pipeline.settings.processes.values() for stage in process.stages}
    for file, stages in pipeline.index.connection.execute(
        "SELECT path, stages FROM _literature WHERE stages IS NOT NULL"
    ):
        for place, stage in enumerate(json.loads(stages)):
            if stage not in known:
                yield Problem(file, ("stages", place), f"stages.{place}: no process has a stage {stage}")


def exchange_rate(pipeline: Pipeline) -> Iterator[Problem]:
    """Open and won deals whose currency has no rate on their day: a forecast with them is refused."""
    rates, base, today = pipeline.rates, pipeline.rates.base, pipeline.today
    for file, currency, closed in pipeline.index.connection.execute(
        "SELECT path, currency, CASE status WHEN 'won' THEN closed_date END FROM _opportunities "
        "WHERE currency <> ? AND status IN ('open', 'won') AND coalesce(exact_closed_amount, exact_amount) "
        "IS NOT NULL",
        (base,),
    ):
        try:
            rates.rate(currency, date.fromisoformat(closed) if closed else today)
        except MissingRate as error:
            yield Problem(file, ("currency",), f"currency: {error}")


def _unlisted(
    pipeline: Pipeline, table: str, column: str, path: Path, known: Collection[str], setting: str
) -> Iterator[Problem]:
    marks = ", ".join("?" * len(known))
    for file, word in pipeline.index.connection.execute(
        f"SELECT path, {column} FROM {table} WHERE {column} NOT IN ({marks}) ORDER BY path", tuple(known)
    ):
        field = ".".join(str(part) for part in path)
        yield Problem(file, path, f'{field}: "{word}" is none of {setting}: {", ".join(known)}')


WITH_SETTINGS = (
    Rule("type", Severity.ERROR, type_),
    Rule("source", Severity.ERROR, source),
    Rule("lost-reason", Severity.ERROR, lost_reason),
    Rule("disqualify-reason", Severity.ERROR, disqualify_reason),
    Rule("literature-stage", Severity.ERROR, literature_stage),
    Rule("exchange-rate", Severity.WARNING, exchange_rate),
)
