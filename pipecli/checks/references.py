"""References: whatever a record names exists."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from pipecli.checks.rule import Problem, Rule, Severity
from pipecli.records.kinds import BY_NOUN, SETTINGS_FILE
from pipecli.store.left_out import name_of

if TYPE_CHECKING:
    from pipecli.store.pipeline import Pipeline

_WORDS = {"principal": "user or team", "price-list": "price list", "supplier-quotation": "supplier quotation"}
_OF_SETTINGS = {"user", "team", "principal", "process", "stage"}
_MAY_DANGLE = {"competitor"}
"""A plain name without a file is a competitor, too."""
_MOST_SUGGESTIONS = 100
"""A typo is looked up among all names; a thousand of them have one cause, and it is none of spelling."""


def reference(pipeline: Pipeline) -> Iterator[Problem]:
    """Names of records, users, teams, processes and stages that nothing has."""
    known = _known(pipeline)
    broken = {fault.file for fault in pipeline.index.faults()}
    dangling = _dangling(
        pipeline, known, skip=_MAY_DANGLE | (_OF_SETTINGS if SETTINGS_FILE in broken else set())
    )
    for path, field, noun, key in islice(dangling, _MOST_SUGGESTIONS):
        yield Problem(
            path, tuple(field.split(".")), f"{field}: {_missing(noun, key)}{_suggestion(noun, key, known)}"
        )
    for path, field, noun, key in dangling:
        yield Problem(path, tuple(field.split(".")), f"{field}: {_missing(noun, key)}")


def _known(pipeline: Pipeline) -> dict[tuple[str, str], None]:
    """Everything that can be named, stages in their order.

    What can't be read, or is not checked out, has its name all the same.
    """
    named: list[tuple[str, str]] = pipeline.index.connection.execute(
        "SELECT 'stage', process || '/' || id FROM stages ORDER BY process, position"
    ).fetchall()
    named += pipeline.index.connection.execute("SELECT noun, key FROM _names").fetchall()
    named += [("principal", key) for noun, key in named if noun in ("user", "team")]
    known = dict.fromkeys(named)
    broken = (name_of(fault.file) for fault in pipeline.index.faults())
    return known | dict.fromkeys([*filter(None, broken), *pipeline.left_out])


def _dangling(
    pipeline: Pipeline, known: Collection[tuple[str, str]], skip: set[str]
) -> Iterator[tuple[str, str, str, str]]:
    for path, field, noun, key in pipeline.index.connection.execute(
        "SELECT * FROM _references ORDER BY path"
    ):
        if (noun, key) in known or noun in skip:
            continue
        if noun == "stage" and ("process", key.partition("/")[0]) not in known:
            continue  # its process is missing, and said to be
        yield path, field, noun, key


def _missing(noun: str, key: str) -> str:
    if noun == "stage":
        process, _, stage = key.partition("/")
        return f"the process {process} has no stage {stage}"
    return f"there is no {_WORDS.get(noun, noun)} {key}"


def _suggestion(noun: str, key: str, known: Collection[tuple[str, str]]) -> str:
    """`; did you mean contoso-coffee?`, else where to see those that there are."""
    names = [name for of, name in known if of == noun]
    if noun == "stage":
        process = key.partition("/")[0]
        stages = [name.partition("/")[2] for name in names if name.startswith(f"{process}/")]
        return f"; its stages: {', '.join(stages)}"
    if noun == "process":
        return f"; the settings have {', '.join(names)}"
    if noun not in BY_NOUN or not BY_NOUN[noun].is_document:
        from rapidfuzz import fuzz
        from rapidfuzz import process as among

        close = among.extractOne(key, sorted(names), scorer=fuzz.ratio, score_cutoff=75)
        if close:
            return f"; did you mean {close[0]}?"
    lists = ("user", "team") if noun == "principal" else (noun,)
    return f"; see {' and '.join(f'`pipecli {list_} list`' for list_ in lists)}"


STRUCTURE = (Rule("reference", Severity.ERROR, reference),)
