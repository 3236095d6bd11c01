"""The rules of `check`, a module for each family, and the types that they share.

`deals_and_papers`, `files_and_references`, `quotations_against_history` are about the files as they are;
`reviewed_changes`, `reviewed_deals_and_papers` about a change set; `settings_and_discount_limits` about both.
What one record says wrong by itself, as a won deal without an amount, its model in `records/` refuses: the
rule `schema`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from pipecli.store.pipeline import Pipeline

Path = tuple[str | int, ...]
S = TypeVar("S")


class Severity(StrEnum):
    ERROR = "error"
    """The pipeline contradicts itself, or holds what a command would refuse to write."""
    WARNING = "warning"
    """It is sound, but somebody should look."""


class Problem(NamedTuple):
    """One finding of a rule, before its line is looked up."""

    file: str
    path: Path
    """The field at fault, as ("items", 0, "discount") or ("items", "1", "discount"): a number is a place from
    0, a text one from 1. Empty: the file as a whole."""
    message: str


class Rule(NamedTuple, Generic[S]):
    """A rule about the files of a pipeline, or about a change set."""

    name: str
    severity: Severity
    problems: Callable[[S], Iterator[Problem]]
    asks_settings: bool = False
    """True of one that waits until the settings can be read."""


def asking_settings(*rules: Rule[S]) -> tuple[Rule[S], ...]:
    """The rules as those that ask the settings."""
    return tuple(rule._replace(asks_settings=True) for rule in rules)


def by_query(name: str, severity: Severity, about: str, path: Path, words: str, query: str) -> Rule[Pipeline]:
    """A rule that finds each row of a query, whose `path` is the file, in `words` that name its columns.

    `about` is what it is for; one `?` in the query is today.
    """

    def problems(pipeline: Pipeline) -> Iterator[Problem]:
        today = [pipeline.today.isoformat()] if "?" in query else []  # which the settings are read for
        rows = pipeline.query(query, today)
        columns = [column for column, *_ in rows.description]
        for row in rows:
            yield Problem(row[0], path, words.format(**dict(zip(columns, row, strict=True))))

    problems.__doc__ = about
    return Rule(name, severity, problems)


class Finding(NamedTuple):
    """A line of `check`. Line and column count from 1, and are 1 where the file as a whole is at fault."""

    file: str
    line: int
    column: int
    rule: str
    severity: Severity
    message: str
