"""The files of a plan: written from the findings about an export, and read again with the answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pipecli.errors import Fault, FaultyFile, PipecliError
from pipecli.harmless_text import one_line
from pipecli.inbox.importing.mapping import in_flow
from pipecli.inbox.moving.findings import Findings, Question
from pipecli.store.yaml import read as yamltext
from pipecli.store.yaml.write import scalar_text

PLAN_FILE, SETTINGS_PAGE = "plan.yaml", "settings.yaml"
WORDS = ("lost_reasons", "disqualify_reasons", "opportunity_types")
"""The lists of the settings to which a move adds."""


class Step(NamedTuple):
    """One file of the export, the kind of its rows, and its mapping."""

    kind: str
    file: str
    map: str
    columns: tuple[str, ...]
    """The columns by which tomorrow's file is recognised when it is called otherwise."""


def settings_page(findings: Findings) -> str:
    """The settings that a move proposes: what is there already is left as it is."""
    lines = ["# Proposed settings: `import run` adds what is missing, and changes nothing that is there."]
    if findings.users:
        lines.append("users:")
        lines += [f"  {slug}: {in_flow(user)}" for slug, user in findings.users.items()]
    lines += ["processes:"] if findings.processes else []
    for process, stages in findings.processes.items():
        lines += [f"  {process}:", "    stages:"]
        if not stages:
            lines.append("    - {id: open, name: Open, probability: 50}  # no open deal names a stage")
        for stage in stages.values():
            plain = {key: value for key, value in stage.items() if key != "#"}
            lines.append(f"    - {in_flow(plain)}  # {one_line(str(stage['#']))}")
    lists = (findings.lost_reasons, [*findings.disqualify_reasons], findings.types)
    for key, words in zip(WORDS, lists, strict=True):
        if words:
            lines.append(f"{key}: {in_flow(words)}")
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
        text = scalar_text(one_line(question.question))
        lines += [f"- about: {question.about}", f"  question: {text}"]
        if question.one_of:
            lines.append(f"  one_of: {in_flow(question.one_of)}")
        lines.append("  answer:")
    if answers:
        lines.append(f"answers: {in_flow(dict(answers))}")
    lines.append("files:")
    for step in steps:
        lines += [f"- kind: {step.kind}", f"  file: {scalar_text(step.file)}"]
        lines += [f"  map: {scalar_text(step.map)}", f"  columns: {in_flow(step.columns)}"]
    return "\n".join(lines) + "\n"


class Move(NamedTuple):
    """A plan as it stands in its folder."""

    folder: Path
    vendor: str
    source: str
    steps: list[Step]
    answers: dict[str, Any]
    """Those given in an earlier run, by what they are about."""
    pending: dict[str, Any]
    """Those that no mapping has yet."""

    @property
    def is_own(self) -> bool:
        """True for an export of ours, whose columns are fields and whose ids are kept."""
        return self.vendor == "pipecli"


def load_plan(folder: Path) -> Move:
    """The plan in a folder. Raises FaultyFile while a question has no answer."""
    path = folder / PLAN_FILE
    if not path.is_file():
        raise PipecliError(
            f"{folder} has no {PLAN_FILE}",
            hint="make one: pipecli import plan EXPORT --into DIR",
            code="system",
        )
    text, plain = _read(path)
    faults: list[Fault] = []
    pending: dict[str, Any] = {}
    for number, question in enumerate(plain.get("questions") or ()):
        answer, one_of = question.get("answer"), question.get("one_of")
        if answer is None or (one_of and str(answer) not in one_of):
            wanted = " or ".join(one_of) if one_of else "it"
            wrong = "" if answer is None else f', not "{answer}"'
            fault = f"{question['question']} Write {wanted} after `answer:` in this line{wrong}"
            faults.append(_fault_of_answer(path, text, number, fault))
        else:
            pending[str(question["about"])] = answer
    if faults:
        raise FaultyFile(faults)
    try:
        answers: dict[str, Any] = {**(plain.get("answers") or {})}
        steps = [
            Step(
                str(step["kind"]), str(step["file"]), step.get("map") or "", tuple(step.get("columns") or ())
            )
            for step in plain["files"]
        ]
    except (KeyError, TypeError):
        lacking = "each of `files` needs kind, file and map, and `answers` names what each is about"
        raise PipecliError(f"{path}: {lacking}") from None
    for step in steps:
        if step.map and Path(step.map).name != step.map:
            raise PipecliError(f"{path}: {step.map} leads out of {folder}")
    vendor, source = str(plain.get("vendor", "")), str(plain.get("source", ""))
    return Move(folder, vendor, source, steps, answers, pending)


def _read(path: Path) -> tuple[str, dict[str, Any]]:
    """The text of a plan, and what it says."""
    text = yamltext.decode(path.read_bytes(), str(path))
    return text, yamltext.parse(text, str(path))


def _fault_of_answer(path: Path, text: str, number: int, message: str) -> Fault:
    line, column = yamltext.locate(text, ["questions", number, "answer"])
    return Fault(str(path), line, column, "move", message)


def in_its_line(error: PipecliError, move: Move) -> PipecliError:
    """A wrong answer with its place in the plan; any other error as it is."""
    about, path = str(error).partition(":")[0], move.folder / PLAN_FILE
    text, plain = _read(path)
    for number, question in enumerate(plain.get("questions") or ()):
        if question.get("about") == about:
            return FaultyFile([_fault_of_answer(path, text, number, str(error))])
    return error
