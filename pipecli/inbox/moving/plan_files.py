"""The files of a plan as text: mappings, settings and `plan.yaml`, each guess with its evidence beside it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pipecli.errors import PipecliError
from pipecli.inbox.importing.bindings import ORDINAL
from pipecli.inbox.importing.compile_mapping import NOTHING, holds, texts
from pipecli.inbox.importing.mapping import in_flow
from pipecli.inbox.importing.table import Row, Table
from pipecli.records.names import folded, is_code, name_key
from pipecli.records.settings import Settings
from pipecli.store import ids_and_files
from pipecli.store.yaml.write import scalar_text
from pipecli.wording import count, one_line

When = dict[str, Any]
_NOBODY = re.compile(
    r"unassigned|not assigned|no owner|nobody|sin (asignar|propietario|responsable)|nao atribuido"
    r"|sem (responsavel|proprietario)|nicht zugewiesen|niemand|non (assigne|attribue)|بدون مسئول"
)
"""Stands in the column of owners where there is none."""
_GONE = re.compile(r"(?i) \([^()]*\b(deactivated|desativado|desactivado|deaktivierter|désactivé)\b[^()]*\)$")
"""Behind the name or address of an owner who has left, in HubSpot."""


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
        cell = str(row.cells.get(self.column, "")).strip()
        own = self.of.get("" if cell in NOTHING and cell not in self.of else cell, self.other)
        return next((of for of, when in self.marks if own == "open" and holds(when, row)), own)


def text_of_row(template: str, row: Row) -> str:
    """The text that a template, or the name of a column, gives of a row."""
    if "{" not in template:
        template = f"{{{template}}}"
    return re.sub(r"\{([^{}]+)\}", lambda column: str(row.cells.get(column[1], "")).strip(), template)


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
    currencies: Counter[str] = field(default_factory=Counter)
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


def header_line(table: Table) -> int | None:
    """The line of a header below notes: the first of the widest among the first rows; None for none wider."""
    widths = {
        row.line: sum(cell != "" for cell in (*row.cells.values(), *row.extra)) for row in table.rows[:30]
    }
    widest = max(widths, key=lambda line: widths[line], default=None)
    named = sum(re.fullmatch(r"column \d+", column) is None for column in table.columns)
    return widest if widest and widths[widest] > max(2, named) else None


def filled(table: Table, column: str) -> str:
    """`306 of 310 have one`, for the comment beside a column."""
    return f"{sum(texts(table, column).values()):,} of {len(table.rows):,}"


_MOST_ALIKE = 0.2
"""The part of the rows that may be told apart by their order alone."""
_KNOWN_BY = {
    "opportunities": (("title", "customer", "created"), ("title", "customer", "created", "amount")),
    "leads": (("email",), ("email", "name", "first_name", "last_name", "organization")),
}
"""By kind the roles of the columns that tell rows without ids apart, and those where they don't."""


def template_of_ids(
    table: Table, kind: str, column_of: Callable[[str], str | None], findings: Findings
) -> str | None:
    """The template of an id for deals or leads without one, that a second run may know them."""
    what = "deals" if kind == "opportunities" else kind
    choices: list[tuple[list[str], bool]] = []
    for known_by in _KNOWN_BY[kind]:
        named = [column for role in known_by if (column := column_of(role))]
        full = [name for name in named if all(str(row.cells.get(name, "")).strip() for row in table.rows)]
        choices += [(full, False), (named, named != full)]
    for columns, has_gaps in choices:  # noqa: B007  # a cell may be empty where no others tell the rows apart
        alike = len(table.rows) - len({tuple(row.cells.get(name) for name in columns) for row in table.rows})
        if columns and alike <= _MOST_ALIKE * len(table.rows):
            break
    else:
        findings.assumed.append(f"{table.name} has no ids, and rows alike: each run makes its {what} anew")
        return None
    known = " and ".join(filter(None, (", ".join(columns[:-1]), *columns[-1:])))
    known += f", {count(alike, 'row')} like an earlier one by their order" if alike else ""
    findings.assumed.append(
        f"{table.name} has no ids: its {what} are known by {known}, and are new where these change; "
        "better export the ids, too"
    )
    return " | ".join(f"{{{column}}}" for column in [*columns, *([ORDINAL] if alike or has_gaps else [])])


def namesakes_of(table: Table, roles: Mapping[str, str]) -> dict[str, set[str]]:
    """The names that two contacts of one customer have, each with those customers, by name and id.

    A deal of that customer with the name alone can't mean one of them.
    """
    named = [roles[role] for role in ("name", "first_name", "last_name") if role in roles][:2]
    places = [roles[role] for role in ("customer", "customer#") if role in roles]
    cells = [[str(row.cells.get(name, "")).strip() for name in (*named, *places)] for row in table.rows]
    rows = Counter((" ".join(row[: len(named)]).strip(), *row[len(named) :]) for row in cells)
    namesakes: dict[str, set[str]] = {}
    for (name, *customers), number in rows.items():
        if number > 1 and name:
            namesakes.setdefault(name, set()).update(customers)
    return namesakes


def owners(table: Table, column: str, findings: Findings) -> dict[str, Any]:
    """What the values of an owner's column mean beyond the users they name.

    A name or an address is a new user; an id that no list of users has is asked for.
    """
    counts = texts(table, column)
    means: dict[str, Any] = dict.fromkeys(text for text in counts if _NOBODY.fullmatch(folded(text)))
    unknown = [text for text in counts if _person_key(text) not in findings.people and text not in means]
    for text in [text for text in unknown if not is_code(text)]:
        unknown.remove(text)
        gone = {"active": False} if (person := _GONE.sub("", text)) != text else {}
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
