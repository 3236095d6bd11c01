"""What the board does to the pipeline: a move is the shell's `advance`, with its rules and its commit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pipecli.cli.session import Session

if TYPE_CHECKING:
    from pipecli.records.opportunity import Opportunity
    from pipecli.store.pipeline import Pipeline
    from pipecli.workflow.change import Change


class Moved(NamedTuple):
    """A move that was made, as it takes to undo it."""

    before: Opportunity
    after: Opportunity
    said: str


def move(run: Session, key: str, stage: str) -> Moved:
    """Advance a deal to a stage. Raises PipecliError, in the words of the shell."""
    from pipecli.records.opportunity import Opportunity
    from pipecli.workflow.opportunity.advance import advance

    with _pipeline(run) as pipeline:
        deal = pipeline.get(Opportunity, key)
        change = advance(deal, pipeline.settings, to=stage)
        _committed(pipeline, change)
        assert isinstance(change.subject, Opportunity)
        return Moved(deal, change.subject, f"{key}: {change.summary}")


def undo(run: Session, moved: Moved) -> str:
    """Put a deal back to where it was before a move; what else was changed since stays."""
    from pipecli.records.opportunity import Opportunity
    from pipecli.workflow.opportunity.advance import undo_advance

    with _pipeline(run) as pipeline:
        change = undo_advance(pipeline.get(Opportunity, moved.before.id), moved.before, moved.after)
        _committed(pipeline, change)
        return f"{moved.before.id}: {change.summary}"


@contextmanager
def _pipeline(run: Session) -> Iterator[Pipeline]:
    """The pipeline as it is now, while nobody else can change it."""
    from pipecli.store.pipeline import Pipeline

    pipeline = Pipeline.find(Path(run.directory), run.fixed_now())
    try:
        with pipeline.exclusive():
            yield pipeline
    finally:
        pipeline.close()


def _committed(pipeline: Pipeline, change: Change) -> None:
    from pipecli.cli.changing import message
    from pipecli.store import transaction

    writes = transaction.plan(pipeline, [change])
    transaction.commit(pipeline, writes, message(f"{change.subject.key}: {change.summary}", [change], ""))
