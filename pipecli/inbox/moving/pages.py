"""The files of a plan as text: mappings, settings and `plan.yaml`, each guess with its evidence beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pipecli.inbox.moving.evidence import Findings, Question
from pipecli.store.yaml.write import flow_text, key_text, scalar_text

PLAN_FILE, SETTINGS_PAGE = "plan.yaml", "settings.yaml"
_WIDTH = 100
"""Characters of a line before a map is written a line a key."""


class Step(NamedTuple):
    """One file of the export, the kind of its rows, and its mapping."""

    kind: str
    file: str
    map: str
    columns: tuple[str, ...]
    """The columns by which tomorrow's file is recognised when it is called otherwise."""


def mapping_page(step: Step, source: str, mapping: Mapping[str, Any], lost: Sequence[str]) -> str:
    """A mapping file; under `#` of an entry, and of a whole column, stands its evidence."""
    lines = [f"# {step.kind} from {one_line(step.file)}, {source}"]
    for key, value in mapping.items():
        if key == "columns" or value in ({}, [], None, ""):
            continue
        lines += _entry(key, value, 0)
    lines.append("columns:")
    for column, entries in mapping["columns"].items():
        lines += _column(column, entries)
    if lost:
        lines.append(f"# not brought in: {one_line(', '.join(lost))}")
    return "\n".join(lines) + "\n"


def _column(column: str, entries: list[dict[str, Any]]) -> Iterator[str]:
    comment = "; ".join(dict.fromkeys(str(entry["#"]) for entry in entries if entry.get("#")))
    beside = f"  # {one_line(comment)}" if comment else ""
    plain = [{key: value for key, value in entry.items() if key != "#"} for entry in entries]
    head = f"  {key_text(column)}:"
    if len(plain) == 1 and list(plain[0]) == ["to"]:
        yield f"{head} {scalar_text(plain[0]['to'])}{beside}"
        return
    yield head + beside
    for entry in plain:
        if len(plain) == 1:
            for key, value in entry.items():
                yield from _entry(key, value, 4)
            continue
        sign = "- "
        for key, value in entry.items():
            first, *more = _entry(key, value, 6)
            yield f"    {sign}{first.lstrip()}"
            yield from more
            sign = "  "


def _entry(key: str, value: Any, column: int) -> Iterator[str]:
    """A key and its value, on one line where it is short."""
    pad = " " * column
    head = f"{pad}{key_text(key)}:"
    if not isinstance(value, (dict, list, tuple)):
        yield f"{head} {'null' if value is None else scalar_text(value)}"
    elif isinstance(value, dict) and (key == "values" or len(_flow(value)) > _WIDTH):
        yield head
        for inner, part in value.items():
            yield from _entry(inner, part, column + 2)
    else:
        yield f"{head} {_flow(value)}"


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return (
            "{" + ", ".join(f"{key_text(key, flow=True)}: {_flow(part)}" for key, part in value.items()) + "}"
        )
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_flow(part) for part in value) + "]"
    return "null" if value is None else flow_text(value)


def settings_page(findings: Findings) -> str:
    """The settings that a move proposes: what is there already is left as it is."""
    lines = ["# Proposed settings: `import run` adds what is missing, and changes nothing that is there."]
    if findings.users:
        lines.append("users:")
        lines += [f"  {slug}: {_flow(user)}" for slug, user in findings.users.items()]
    if findings.stages:
        lines += ["processes:", f"  {findings.process}:", "    stages:"]
        for stage in findings.stages.values():
            plain = {key: value for key, value in stage.items() if key != "#"}
            lines.append(f"    - {_flow(plain)}  # {one_line(str(stage['#']))}")
    for key, words in (("lost_reasons", findings.lost_reasons), ("opportunity_types", findings.types)):
        if words:
            lines.append(f"{key}: {_flow(words)}")
    if findings.currencies:
        told = ", ".join(f"{currency} {rows:,}" for currency, rows in findings.currencies.most_common())
        lines.append(f"# currencies, by rows: {told}")
    return "\n".join(lines) + "\n"


def plan_page(
    vendor: str, source: str, steps: Sequence[Step], questions: Sequence[Question], answers: Mapping[str, Any]
) -> str:
    """`plan.yaml`: the files in their order, the questions with room for an answer, and answers given."""
    lines = [
        "# A move: `pipecli import run` on this folder brings the files below in, in this order.",
        f"vendor: {vendor or 'unknown'}",
        f"source: {scalar_text(source)}",
    ]
    if questions:
        lines += ["# Each needs an answer before it runs. The mappings are then written anew.", "questions:"]
    for question in questions:
        lines.append(f"- about: {question.about}")
        lines.append(f"  question: {scalar_text(one_line(question.question))}")
        if question.one_of:
            lines.append(f"  one_of: {_flow(question.one_of)}")
        lines.append("  answer:")
    if answers:
        lines.append(f"answers: {_flow(dict(answers))}")
    lines.append("files:")
    for step in steps:
        lines.append(f"- kind: {step.kind}")
        lines.append(f"  file: {scalar_text(step.file)}")
        lines.append(f"  map: {scalar_text(step.map)}")
        lines.append(f"  columns: {_flow(step.columns)}")
    return "\n".join(lines) + "\n"


def one_line(text: str) -> str:
    """Text that a comment can hold."""
    return "".join(char if char.isprintable() else " " for char in text)
