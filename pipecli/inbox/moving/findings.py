"""Findings: the files of an export together, and the questions that they leave open.

A guess has its evidence beside it; who owns what and how deals ended is asked where nothing tells.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from pipecli.errors import PipecliError
from pipecli.inbox.importing.cells import NOTHING
from pipecli.inbox.importing.compile_mapping import holds, texts
from pipecli.inbox.importing.mapping import in_flow
from pipecli.inbox.importing.table import Row, Table
from pipecli.inbox.moving.vocabulary import (
    evidence,
    header_key,
    is_yes,
    kinds_named,
    outcome_of,
    patterns,
    stem_of,
    synonyms,
)
from pipecli.records.compare_names import folded, is_code, name_key
from pipecli.records.money import CURRENCIES
from pipecli.records.settings import Settings
from pipecli.store import ids_and_files
from pipecli.wording import count, first_of

When = dict[str, Any]


class Outcomes(NamedTuple):
    """The column that decides, and what each of its values says."""

    column: str
    of_word: dict[str, str]
    """open, won or lost for each value; `""` is the empty cell."""
    why: str
    ends_beside: tuple[tuple[str, When], ...] = ()
    """How deals ended that are open by the column, and where others say so: Odoo archives what is lost."""
    when_open: When = {}
    """Where none of these says that a deal has ended."""
    refused: tuple[tuple[str, dict[str, Any]], ...] = ()
    """By column, what rejects rows that say two things: a day of winning, and one of losing."""
    of_other: str = "open"
    """The outcome of any other value: where a closing day tells, of each day."""
    expects: str = ""
    """A column of closing days that are those expected, as it was answered."""

    def when(self, *outcomes: str) -> list[When]:
        """The conditions under which a deal ended so; it did if one of them holds."""
        own = self.by_column(*outcomes)
        conditions: list[When] = [own | (self.when_open if "open" in outcomes else {})] if own else []
        return conditions + [self.by_column("open") | when for of, when in self.ends_beside if of in outcomes]

    def by_column(self, *outcomes: str) -> When:
        values = [value for value, of in self.of_word.items() if of in outcomes]
        if self.of_other != "open" and self.of_other in outcomes:
            return {self.column: {"not": [value for value in self.of_word if value not in values]}}
        return {self.column: values} if values else {}

    def of_row(self, row: Row) -> str:
        cell = row.text(self.column)
        own = self.of_word.get("" if cell in NOTHING and cell not in self.of_word else cell, self.of_other)
        return next((of for of, when in self.ends_beside if own == "open" and holds(when, row)), own)


def beside(outcomes: Outcomes | None, own: Outcomes) -> Outcomes:
    """The outcomes, with what another column says of deals that are open by them."""
    if outcomes is None:
        return own
    ends = [(of, outcomes.when_open | when) for of in ("won", "lost") if (when := own.by_column(of))]
    when_open, why = outcomes.when_open | own.by_column("open"), [*filter(None, (outcomes.why, own.why))]
    ends_beside = (*outcomes.ends_beside, *ends)
    return outcomes._replace(ends_beside=ends_beside, when_open=when_open, why=", else ".join(why))


def about_table(word: str, table: Table) -> str:
    """The name of a question about one table, without the moment in that of its file."""
    return f"{word}-{ids_and_files.slug(f'{stem_of(table.name)} {table.sheet}')}"


def is_of_money(header: str) -> bool:
    """True for a header with a word for an amount of deals: `Masked Deal value`, `final_mrr_usd`."""
    words = header_key(header).split()
    is_own = {"weighted", "forecast", "paid", "invoiced", "discount", "cost"}.isdisjoint(words)
    return is_own and any(synonyms()["opportunities"].columns.get(word) == "amount" for word in words)


def text_of_row(template: str, row: Row) -> str:
    """The text that a template, or the name of a column, gives of a row; a word for nothing is none."""
    if "{" not in template:
        return row.text(template)
    cells = ((column, row.text(column)) for column in re.findall(r"\{([^{}]+)\}", template))
    said = {f"{{{column}}}": "" if text in NOTHING else text for column, text in cells}
    return re.sub(r"\{[^{}]+\}", lambda place: said[place[0]], template)


def name_of_lines(table: Table, among: Iterable[str], columns: Mapping[str, str]) -> dict[str, str]:
    """The column that says what lines are of, `Leistung`, where they have prices and none known says it."""
    fed = {*columns.values()}
    if not fed >= {"quantity", "unit_price"} or fed & {"description", "product", "product#"}:
        return {}
    cells = {c: texts(table, c) for c in among if c not in columns}
    named = {
        c: own for c, own in cells.items() if own and all(re.search(r"[^\W\d]{2}", text) for text in own)
    }
    length = {c: sum(map(len, own)) / len(own) for c, own in named.items()}  # longer than `Stk.`
    return dict.fromkeys([c for c in length if length[c] == max(length.values()) > 5], "description")


def share_words(table: Table, one: str, other: str) -> bool:
    """True where two columns mostly have a word in common, as the names that a firm has."""
    words = [[{*folded(row.text(column)).split()} for column in (one, other)] for row in table.rows]
    return 2 * sum(not first.isdisjoint(second) for first, second in words) > len(words)


class Question(NamedTuple):
    """A question that an export leaves open; a run is refused until it has an answer."""

    about: str
    question: str
    one_of: tuple[str, ...] = ()


_OF_ALL_FILES = ("outcomes", "currencies")
"""Questions of which one answer, for words, is for all files."""


def stage_rank(stage: str) -> tuple[int, int]:
    """The place of a stage by the number or letter before its name, or by its words."""
    place = re.match(r"(\d+)|([a-z])[.)] ", folded(stage))
    number = 0 if place is None else int(place[1]) if place[1] else ord(place[2])
    places = (place for place, pattern in enumerate(patterns()["way"]) if re.search(pattern, folded(stage)))
    return number, next(places, len(patterns()["way"]))


def of_stages(
    percents: Mapping[str, float | None], dated: Container[str]
) -> tuple[dict[str, str], bool, bool]:
    """The outcome of each stage by word and probability; whether one may be a win, and is in doubt.

    Those in `dated` have closing days in all their deals. No percent is an end, or a deal that hasn't begun.
    """
    words, ends = {stage: outcome_of(stage) for stage in percents}, patterns()["perhaps"]
    of = {s: word or "open" for s, word in words.items()}
    of |= {s: "won" for s, percent in percents.items() if percent == 100 and of[s] != "lost"}
    untold = [s for s, word in words.items() if word is None and not percents[s]]
    silent = {s for s in untold if stage_rank(s)[1] == len(patterns()["way"])}
    perhaps = {s for s in untold if re.fullmatch(ends, folded(s).strip())}
    nil = {s for s in silent | perhaps if percents[s] == 0}
    of |= {s: "lost" for s in nil if s in perhaps or s in dated}
    if "lost" not in of.values():
        silent |= {s for s in untold if stage_rank(s)[1] + 1 == len(patterns()["way"])}  # `Contract`
    return of, bool(silent), any(of[s] == "open" for s in perhaps | nil)


@dataclass
class Findings:
    """The findings about the files of an export together, beside their mappings."""

    settings: Settings
    answers: Mapping[str, Any]
    vendor: str
    today: date
    process: str = ""
    """The one of an export without several pipelines."""
    questions: dict[str, Question] = field(default_factory=dict)
    assumed: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    people: set[str] = field(default_factory=set)
    """All that a user may be named by: of the pipeline, and of the export's own list of users."""
    decimal: str = ""  # the decimal sign of its amounts, where they tell one
    firms: set[str] = field(default_factory=set)  # the names of customers
    namesakes: dict[str, set[str]] = field(default_factory=dict)  # of contacts of one customer, and these
    persons: dict[str, set[str]] = field(default_factory=dict)  # the ids of contacts, by their names
    users: dict[str, dict[str, Any]] = field(default_factory=dict)  # new, named or addressed as owners
    processes: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    """Their stages, by slugs."""
    stages: dict[str, str] = field(default_factory=dict)
    """The slugs of open stages, by the names that the export has for them."""
    activities: set[str] = field(default_factory=set)
    """The ids of those in the files so far: two files may count from 1."""
    said_otherwise: set[str] = field(default_factory=set)
    """Columns of deals that need no field of their own."""
    words: dict[str, str] = field(default_factory=dict)
    """What the stages and statuses mean of which it is asked."""
    lost_reasons: list[str] = field(default_factory=list)
    disqualify_reasons: dict[str, None] = field(default_factory=dict)
    query: Callable[[str], Iterable[tuple[Any, ...]]] = lambda _: ()
    """Rows of the pipeline's index, by SQL."""
    currencies: Counter[str] = field(default_factory=Counter)
    price_entries: dict[str, str] = field(default_factory=dict)
    """The ids of products by those of their prices, by which Salesforce's lines may name them."""
    currency_ids: dict[str, str] = field(default_factory=dict)
    """The codes, where the export has a table of both."""
    types: list[str] = field(default_factory=list)
    kinds: dict[str, set[str]] = field(default_factory=dict)  # of which the export has a file, and its ids
    day_first: bool | None = None
    """The order of day and month that the dates of the export have; None where nothing tells yet."""

    def ask(self, about: str, question: str, one_of: tuple[str, ...] = ()) -> None:
        known = self.questions.get(about)
        if known and about in _OF_ALL_FILES and question not in known.question:
            self.questions[about] = known._replace(question=f"{known.question} {question}")
        self.questions.setdefault(about, Question(about, question, one_of))

    def answer(self, about: str, one_of: Sequence[str] = ()) -> Any:
        """The answer to a question; None while there is none. Raises PipecliError for none of the choices."""
        told = self.answers.get(about)
        if isinstance(told, (dict, list)) and about not in _OF_ALL_FILES:
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

    def know_persons(self, table: Table, roles: Mapping[str, str]) -> None:
        """Note the ids of contacts by their names, and the names that two of one customer have."""
        named = [roles[of] for of in ("name", "first_name", "last_name") if of in roles]
        named = named[: 1 if "name" in roles else 2]
        places = [roles[of] for of in ("customer", "customer#") if of in roles]
        seen = set[tuple[str, ...]]()
        for row in table.rows:
            name, *firms = " ".join(map(row.text, named)).strip(), *map(row.text, places)
            if id_ := row.text(roles.get("external_id")):
                self.persons.setdefault(name, set()).add(id_)
            if name and (name, *firms) in seen:
                self.namesakes.setdefault(name, set()).update(firms)
            seen.add((name, *firms))

    def are_users(self, table: Table, column: str) -> bool:
        """True for a column each cell of which names a user."""
        return (named := {*map(_person_key, texts(table, column))}) != set() and named <= self.people

    def ids_here(self, *kinds: str) -> set[str]:
        """The external ids of the records of these kinds in the pipeline."""
        query = " UNION ".join(f"SELECT external_id FROM _{kind}" for kind in kinds)
        return {external for (external,) in self.query(query)}

    def id_of_activities(self, table: Table, column: str, kind: str) -> str:
        """Their column of ids, after a word where other activities may have the same: each kind counts so."""
        ids = texts(table, column).keys()
        words = [f"{kind}-", f"{ids_and_files.slug(stem_of(table.name))}-"]
        words = words if all(re.fullmatch(r"\d{1,9}", text) for text in ids) else ["", *words]
        made = {word: {word + text for text in ids} for word in words}
        word = next((word for word in words if made[word].isdisjoint(self.activities)), words[-1])
        self.activities |= made[word]
        return f"{word}{{{column}}}" if word else column

    def codes_of(self, words: Mapping[str, int], where: str) -> dict[str, str]:
        """The currencies answered for words that are none, by their rows; asks for those that lack one.

        A single word may have its code alone as the answer. Raises PipecliError for what isn't a code.
        """
        told = self.answer("currencies")
        if not isinstance(told, dict):
            told = dict.fromkeys(words, told) if told is not None and len(words) == 1 else {}
        codes = {str(word): str(code) for word, code in told.items()}
        if wrong := [code for code in codes.values() if code not in CURRENCIES]:
            raise PipecliError(
                f'currencies: "{wrong[0]}" isn\'t a currency code: answer with one, such as EUR'
            )
        if not codes.keys() >= words.keys():
            rows = ", ".join(f"{word} in {count(number, 'row', ',')}" for word, number in words.items())
            how = in_flow(dict.fromkeys(words, "EUR"))
            which = f"{rows}: not a currency. Which is meant? Answer with its code, as {how}"
            self.ask("currencies", f"{where}: {which}")
        return {word: codes[word] for word in words if word in codes}

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


def owners(table: Table, column: str, findings: Findings) -> dict[str, Any]:
    """The meaning of values of an owner's column beyond the users they name.

    A name or an address is a new user; an id that no list of users has is asked for.
    """
    counts, nobody = texts(table, column), patterns()["nobody"]
    means: dict[str, Any] = dict.fromkeys(text for text in counts if re.fullmatch(nobody, folded(text)))
    bare = {text: text[1:-1] if text[:1] == "[" and text[-1:] == "]" else text for text in counts}  # ClickUp
    several = {t: [part.strip() for part in re.split(r"[,;|/\n]| & ", name)] for t, name in bare.items()}
    here = {*map(_person_key, counts), *findings.people}
    first = {t: own[0] for t, own in several.items() if own[1:] and here.issuperset(map(_person_key, own))}
    if first:
        lines = count(sum(counts[text] for text in first), "row", ",")
        names = " ".join(next(iter(first)).split())
        findings.assumed.append(
            f"{table.name}, {column}: {lines} name several, as {names}: the first owns it"
        )
    means |= first
    unknown = [text for text in counts if _person_key(text) not in findings.people and text not in means]
    for text in [text for text in unknown if not is_code(text)]:
        unknown.remove(text)
        person = re.sub(patterns()["has left"], "", bare[text])
        gone = {"active": False} if person != bare[text] else {}
        found = re.search(r"[^\s<>()\[\],;\"']+@[^\s<>()\[\],;\"']+", person)  # `Ana (ana@us.example)`
        address = found[0] if found else ""
        name = person.replace(address, "").strip(" <>()[]\"'") if address else person
        person = address or person
        means |= {text: person} if person != text else {}
        if _person_key(person) in findings.people:
            continue
        findings.people.add(_person_key(person))
        name = name or re.sub(r"[._]", " ", person.partition("@")[0]).title()
        taken = {*findings.users, *findings.settings.users, *findings.settings.teams}
        own = {"name": name} | ({"email": address} if address else {}) | gone
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


def are_active(words: Iterable[str]) -> dict[str, bool]:
    """Whether each word of a column of users or products says that they still are: `Active`, `Deleted`."""
    gone = patterns()["no longer"]
    return {word: is_yes(word) is not False and not re.search(gone, folded(word)) for word in words}


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


_DEALS_HERE = """
SELECT title, coalesce((SELECT name FROM _customers WHERE id = customer), ''), external_id FROM _opportunities
"""


def tell_doubles(table: Table, kind: str, roles: Mapping[str, str], findings: Findings) -> None:
    """Say which deals and papers are here by another id, or by none: they would come once more."""
    column, named = roles.get("external_id"), {"opportunities": "title"}.get(kind, "custom.number")
    if named not in roles or kind not in ("opportunities", "quotations", "orders"):
        return
    ids, firm, coming = findings.ids_here(kind), roles.get("customer"), texts(table, column or "")
    again = [row for row in table.rows if not column or row.text(column) not in ids]
    if kind == "opportunities":
        others = [(title, name) for title, name, id_ in findings.query(_DEALS_HERE)
                  if id_ not in coming and (column or title not in (id_ or ""))]  # fmt: skip
        here, new = {(folded(title), folded(name) if firm else "") for title, name in others}, len(again)
        again = [row for row in again if (folded(row.text(roles[named])), folded(row.text(firm))) in here]
        again = again if firm or 2 * len(again) > new else []  # `Renewal` alone is anybody's
    else:
        again = [row for row in again if column and row.text(roles[named]) in ids]
    if again:
        what, own = ("deal", "name") if kind == "opportunities" else (kind.removesuffix("s"), "number")
        what = f"{count(len(again), what, ',')} with the {own} of one that is here by another id or none"
        do = f"give those here the {column} as their external_id first" if column else "export the ids, too"
        rest = f"the first in line {again[0].line}, will come once more; if they are the same, {do}"
        findings.assumed.append(f"{table.name}: {what}, {rest}")


def why_unknown(table: Table, by_words: Callable[[Table, str], Mapping[str, Any]]) -> Iterator[str]:
    """What is known of a table that is none of the kind that its name says, and what it lacks."""
    for kind in sorted(kinds_named(table.sheet) or kinds_named(table.name))[:1]:
        columns = by_words(table, kind)
        words = [re.split(r"[._]", role)[-1].strip("#") for role in evidence().get(kind, {}).get("needs", ())]
        needs = {" or ".join(dict.fromkeys(words)): tuple(words)}
        if kind in ("quotations", "orders"):
            needs = {"customer": ("customer",), "number": ("external_id", "custom.number")}
        lacking = [what for what, roles in needs.items() if {*columns.values()}.isdisjoint(roles)]
        known = f"known are {first_of([*columns], 5)}" + f", and no {' or '.join(lacking)}" * bool(lacking)
        yield f"{table.name}, {kind} by its name: {known if columns else 'no column is known'}"
