"""The findings about an export, what they leave open, and the files of a plan: written, and read again.

Each guess in them has its evidence beside it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from pipecli.errors import Fault, FaultyFile, PipecliError
from pipecli.harmless_text import one_line
from pipecli.inbox.importing.compile_mapping import NOTHING, holds, texts
from pipecli.inbox.importing.mapping import in_flow
from pipecli.inbox.importing.table import Row, Table
from pipecli.inbox.moving.words import patterns
from pipecli.records.name_matching import folded, is_code, name_key
from pipecli.records.settings import Settings
from pipecli.store import ids_and_files
from pipecli.store.yaml import read as yamltext
from pipecli.store.yaml.write import scalar_text

When = dict[str, Any]


class Outcomes(NamedTuple):
    """The column that decides, and what each of its values says."""

    column: str
    of: dict[str, str]
    """open, won or lost for each value; `""` is the empty cell."""
    why: str
    marks: tuple[tuple[str, When], ...] = ()
    """How deals ended that are open by the column, and where others say so: Odoo archives what is lost."""
    alive: When = {}
    """Where no mark says that a deal has ended."""
    refused: tuple[tuple[str, dict[str, Any]], ...] = ()
    """By column, what rejects rows that say two things: a day of winning, and one of losing."""
    other: str = "open"
    """The outcome of any other value: where a closing day tells, of each day."""
    expects: str = ""
    """A column of closing days that are those expected, as it was answered."""

    def when(self, *outcomes: str) -> list[When]:
        """The conditions under which a deal ended so; it did if one of them holds."""
        own = self.by_column(*outcomes)
        conditions: list[When] = [own | (self.alive if "open" in outcomes else {})] if own else []
        return conditions + [self.by_column("open") | when for of, when in self.marks if of in outcomes]

    def by_column(self, *outcomes: str) -> When:
        values = [value for value, of in self.of.items() if of in outcomes]
        if self.other != "open" and self.other in outcomes:
            return {self.column: {"not": [value for value in self.of if value not in values]}}
        return {self.column: values} if values else {}

    def of_row(self, row: Row) -> str:
        cell = row.text(self.column)
        own = self.of.get("" if cell in NOTHING and cell not in self.of else cell, self.other)
        return next((of for of, when in self.marks if own == "open" and holds(when, row)), own)


def text_of_row(template: str, row: Row) -> str:
    """The text that a template, or the name of a column, gives of a row; a word for nothing is none."""
    if "{" not in template:
        return row.text(template)
    cells = ((column, row.text(column)) for column in re.findall(r"\{([^{}]+)\}", template))
    said = {f"{{{column}}}": "" if text in NOTHING else text for column, text in cells}
    return re.sub(r"\{[^{}]+\}", lambda place: said[place[0]], template)


class Question(NamedTuple):
    """What an export leaves open; a run is refused until it has an answer."""

    about: str
    question: str
    one_of: tuple[str, ...] = ()


@dataclass
class Findings:
    """What the files of an export say together, beside their mappings."""

    settings: Settings
    answers: Mapping[str, Any]
    vendor: str
    questions: dict[str, Question] = field(default_factory=dict)
    assumed: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    people: set[str] = field(default_factory=set)
    """All that a user may be named by: of the pipeline, and of the export's own list of users."""
    namesakes: dict[str, set[str]] = field(default_factory=dict)  # of contacts, and their customers
    users: dict[str, dict[str, Any]] = field(default_factory=dict)  # new, named or addressed as owners
    processes: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    """Their stages, by slugs."""
    stages: dict[str, str] = field(default_factory=dict)
    """The slugs of open stages, by the names that the export has for them."""
    process: str = ""
    """The one of an export without several pipelines."""
    activities: set[str] = field(default_factory=set)
    """The ids of those in the files so far: two files may count from 1."""
    said_otherwise: set[str] = field(default_factory=set)
    """Columns of deals that need no field of their own."""
    words: dict[str, str] = field(default_factory=dict)
    """What the stages and statuses mean of which it is asked."""
    lost_reasons: list[str] = field(default_factory=list)
    disqualify_reasons: dict[str, None] = field(default_factory=dict)
    ids_here: Callable[[], Container[str]] = frozenset
    """The external ids of the records of the pipeline."""
    currencies: Counter[str] = field(default_factory=Counter)
    currency_ids: dict[str, str] = field(
        default_factory=dict
    )  # the codes, where the export has a table of both
    types: list[str] = field(default_factory=list)
    kinds: dict[str, set[str]] = field(default_factory=dict)  # of which the export has a file, and its ids
    day_first: bool | None = None
    """The order of day and month that the dates of the export have; None where nothing tells yet."""

    def ask(self, about: str, question: str, one_of: tuple[str, ...] = ()) -> None:
        known = self.questions.get(about)
        if known and about == "outcomes" and question not in known.question:  # one answer is for all files
            self.questions[about] = known._replace(question=f"{known.question} {question}")
        self.questions.setdefault(about, Question(about, question, one_of))

    def answer(self, about: str, one_of: Sequence[str] = ()) -> Any:
        """The answer to a question; None while there is none. Raises PipecliError for none of the choices."""
        told = self.answers.get(about)
        if isinstance(told, (dict, list)) and about != "outcomes":
            raise PipecliError(f'{about}: answer with one value, not with "{told}"')
        if told is not None and one_of and str(told) not in one_of:
            raise PipecliError(f'{about}: the answer must be one of {", ".join(one_of)}, not "{told}"')
        return told

    def asked(self, about: str, question: str, one_of: tuple[str, ...] = ()) -> Any:
        """The answer to a question; None while there is none, and it is asked. Raises PipecliError."""
        told = self.answer(about, one_of)
        if told is None:
            self.ask(about, question, one_of)
        return told

    def outcomes(self, words: Iterable[str], where: str = "", question: str = "") -> dict[str, str] | None:
        """The outcomes of stages or statuses, of which a file has these, as they were answered.

        None for no answer; a `question` is asked then. Asks again, with what was answered, where a word is
        new since. Raises PipecliError for a wrong answer.
        """
        self.words |= dict.fromkeys(words, "open")
        told = self.answer("outcomes")
        if told is None:
            if question:
                how = "Answer {won: [...], lost: [...]}; [] for none."
                self.ask("outcomes", f"{where}: {question} {how}")
            return None
        if not isinstance(told, dict) or told.keys() - {"won", "lost", "open"}:
            raise PipecliError(f'outcomes: answer with {{won: [...], lost: [...]}}, not "{told}"')
        listed = {of: words if isinstance(words, list) else [words] for of, words in told.items() if words}
        ends = [str(word) for listed_words in listed.values() for word in listed_words]
        if both := {word for word in ends if ends.count(word) > 1}:
            raise PipecliError(f"outcomes: {', '.join(sorted(both))} can't mean both won and lost")
        if "open" in told and (new := [word for word in words if word and word not in ends]):
            was = in_flow({of: told.get(of, []) for of in ("won", "lost")})
            self.ask(
                "outcomes",
                f"{where}: {', '.join(new)} came since you answered {was}. Which of them mean won, and which "
                "lost? Answer {won: [...], lost: [...]} anew; the others are open.",
            )
        return {str(word): of for of, words in listed.items() for word in words}

    def settle_outcomes(self) -> None:
        """Note what is open beside an answer; refuse one that names what no file has. Raises PipecliError."""
        told = self.outcomes(())
        if not self.words or told is None or "outcomes" in self.questions:
            return
        if unknown := [word for word, of in told.items() if of != "open" and word not in self.words]:
            raise PipecliError(f"outcomes: {', '.join(unknown)} isn't one of {', '.join(sorted(self.words))}")
        told |= {word: of for word, of in sorted(self.words.items()) if word and word not in told}
        by_outcome = {of: [word for word, own in told.items() if own == of] for of in ("won", "lost", "open")}
        self.answers = {**self.answers, "outcomes": by_outcome}


def filled(table: Table, column: str) -> str:
    """`306 of 310 have one`, for the comment beside a column."""
    return f"{sum(texts(table, column).values()):,} of {len(table.rows):,}"


def owners(table: Table, column: str, findings: Findings) -> dict[str, Any]:
    """What the values of an owner's column mean beyond the users they name.

    A name or an address is a new user; an id that no list of users has is asked for.
    """
    counts, nobody = texts(table, column), patterns()["nobody"]
    means: dict[str, Any] = dict.fromkeys(text for text in counts if re.fullmatch(nobody, folded(text)))
    unknown = [text for text in counts if _person_key(text) not in findings.people and text not in means]
    for text in [text for text in unknown if not is_code(text)]:
        unknown.remove(text)
        gone = {"active": False} if (person := re.sub(patterns()["has left"], "", text)) != text else {}
        means |= {text: person} if gone else {}
        if _person_key(person) in findings.people:
            continue
        findings.people.add(_person_key(person))
        plain, at, _ = person.partition("@")
        name = re.sub(r"[._]", " ", plain).title() if at else person
        taken = {*findings.users, *findings.settings.users, *findings.settings.teams}
        own = {"name": name} | ({"email": person} if at else {}) | gone
        findings.users[ids_and_files.free_slug(name, taken)] = own
    if not unknown:
        return means
    rows = sum(counts[text] for text in unknown)
    names = ", ".join(unknown[:5]) + (f" and {len(unknown) - 5:,} more" if len(unknown) > 5 else "")
    told = findings.asked(
        "owners",
        f"Who owns what {names} owned ({rows:,} rows of {table.name}; no user is called so)? "
        "Answer with a user, or with nobody.",
    )
    if told not in (None, "nobody") and _person_key(str(told)) not in findings.people:
        raise PipecliError(f'owners: unknown user "{told}"', hint="add one, or answer with nobody")
    return means | dict.fromkeys(unknown, None if told in (None, "nobody") else str(told))


def _person_key(text: str) -> str:
    return text.strip().lower() if "@" in text else name_key(text)


def know_users(findings: Findings, lists: Iterable[tuple[Table, Mapping[str, str]]]) -> None:
    """Note all that users are named by: here, and in the export's lists of users, each with its roles."""
    names = [*findings.settings.teams]
    for slug, user in findings.settings.users.items():
        names += [slug, user.name, user.email or "", *user.emails, user.external_id or ""]
    for table, roles in lists:
        for role in roles.keys() & {"external_id", "name", "email", "id"}:
            names += texts(table, roles[role])
        first, last = roles.get("first_name"), roles.get("last_name")
        if first and last:
            names += [f"{row.cells.get(first)} {row.cells.get(last)}" for row in table.rows]
    findings.people |= {_person_key(name) for name in names if name}


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
