"""What an import did, and what it found missing: as JSON has it, and as lines for a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pipecli.inbox.building import Outcome
from pipecli.inbox.feeds import Feeds, Tally
from pipecli.inbox.names import Names
from pipecli.inbox.tabular import Row, Table
from pipecli.records.kinds import COLLECTIONS_BY_NOUN as BY_NOUN
from pipecli.records.kinds import Collection

_MOST_REASONS = 10
_MOST_NAMES = 8


class Counts(NamedTuple):
    """What became of the rows; their sum is the rows of the file."""

    made: int
    updated: int
    unchanged: int
    merged: int
    rejected: int


def counts(outcome: Outcome) -> Counts:
    return Counts(
        len(outcome.made),
        len(outcome.updated),
        outcome.unchanged,
        outcome.merged,
        len(outcome.rejected),
    )


def report(
    collection: Collection, table: Table, feeds: Feeds, names: Names, outcome: Outcome
) -> dict[str, Any]:
    """The report as JSON has it: what became of the rows, and of each thing they lacked an example."""
    related: dict[str, list[str]] = {}
    for made in outcome.related:
        related.setdefault(BY_NOUN[made.noun].plural, []).append(made.key)
    return {
        "kind": collection.plural,
        "file": table.name,
        **({"guessed_encoding": table.encoding} if table.encoding else {}),
        "rows": len(table.rows),
        **counts(outcome)._asdict(),
        "repeatable": feeds.tells_apart(collection),
        "made_on_the_way": related,
        "still_missing": {BY_NOUN[noun].plural: keys for noun, keys in names.dangling.items()},
        "lacking": _tallies(feeds.lacking, "column"),
        "left_out": _tallies(feeds.left_out, "column"),
        "filled_with_now": _tallies(outcome.filled, "field"),
        "replaced": [
            {"column": column, "value": value, "by": by, "rows": tally.rows}
            for (column, value, by), tally in feeds.replaced.items()
        ],
        "respelt": [
            {"kind": noun, "name": text, "as": label} for (noun, text), label in names.respelt.items()
        ],
        "unused_columns": feeds.unused,
        "reasons": [
            {"reason": reason, "rows": tally.rows, "example": _place(tally.example)}
            for reason, tally in _reasons(outcome).items()
        ],
    }


def _reasons(outcome: Outcome) -> dict[str, Tally]:
    tallies: dict[str, Tally] = {}
    for row, reason in outcome.rejected:
        Tally.count(tallies, reason, row)
    return dict(sorted(tallies.items(), key=lambda pair: -pair[1].rows))


def _tallies(tallies: Mapping[str, Tally], what: str) -> list[dict[str, Any]]:
    return [
        {what: name, "rows": tally.rows, "example": _place(tally.example)} for name, tally in tallies.items()
    ]


def _place(row: Row) -> dict[str, Any]:
    """Where an example is: its line, and its first cell, by which people know it."""
    return {"line": row.line, "row": str(next(iter(row.cells.values()), ""))}


class Line(NamedTuple):
    """One line of the report, or with a count one of the list below it."""

    text: str
    rows: int | None = None


def lines(told: Mapping[str, Any]) -> Iterator[Line]:
    """The report for a person."""
    yield Line(f"{told['rows']:,} {'row' if told['rows'] == 1 else 'rows'} of {told['file']}")
    for name in Counts._fields:
        if told[name] or name == "made":
            yield Line(_WORDS[name], told[name])
    if told["made"] and not told["repeatable"]:
        yield Line(
            f"a second run makes them again: nothing tells {told['kind']} apart, as an external_id does"
        )
    for plural, keys in told["made_on_the_way"].items():
        yield Line(f"made on the way: {len(keys):,} {plural}: {_some(keys)}")
    for plural, keys in told["still_missing"].items():
        yield Line(f"still missing: {len(keys):,} {plural}: {_some(keys)}")
    yield from _section("rows lacked", told["lacking"], "column")
    yield from _section("left out, by the conditions of the mapping", told["left_out"], "column")
    yield from _section(
        "set to the time of this import, as rows don't say it", told["filled_with_now"], "field"
    )
    if told["replaced"]:
        yield Line("values replaced, as the mapping says")
    for each in told["replaced"]:
        yield Line(f"{each['column']}: {each['value']} → {each['by']}", each["rows"])
    for each in told["respelt"]:
        yield Line(f'"{each["name"]}" was taken for the {each["kind"]} "{each["as"]}"')
    if told["unused_columns"]:
        yield Line(f"columns not used: {', '.join(told['unused_columns'])}")
    if "guessed_encoding" in told:
        guessed = told["guessed_encoding"]
        yield Line(f"read as {guessed}, a guess: if names look wrong, say `encoding:` in the mapping")
    yield from _reasons_in_words(told["reasons"])


_WORDS = {
    "made": "made",
    "updated": "updated",
    "unchanged": "unchanged",
    "merged": "about the record of an earlier row",
    "rejected": "rejected",
}


def _section(title: str, tallies: list[dict[str, Any]], what: str) -> Iterator[Line]:
    if tallies:
        yield Line(title)
    for each in tallies:
        example = each["example"]
        yield Line(f"{each[what]} (line {example['line']}: {example['row']})", each["rows"])


def _reasons_in_words(reasons: list[dict[str, Any]]) -> Iterator[Line]:
    if reasons:
        yield Line("rejected")
    for each in reasons[:_MOST_REASONS]:
        yield Line(f"{each['reason']} (line {each['example']['line']})", each["rows"])
    if len(reasons) > _MOST_REASONS:
        rest = reasons[_MOST_REASONS:]
        yield Line(f"for {len(rest):,} more reasons", sum(each["rows"] for each in rest))


def _some(keys: list[str]) -> str:
    more = f" and {len(keys) - _MOST_NAMES:,} more" if len(keys) > _MOST_NAMES else ""
    return ", ".join(keys[:_MOST_NAMES]) + more
