"""What may follow at the prompt, for the completion of the shells; it answers before Typer is imported.

The scripts in `pipecli/completions` call `pipecli __complete SHELL WORD...`, the last word being typed. Each
line of the answer is a value and, after a tab, a word about it. Where files may follow it is `:files`, and
`:folders` where folders alone may.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from pipecli import __version__
from pipecli.cli.common.terminal_and_own_config import GLOBAL, expanded, own_folder, own_values
from pipecli.cli.nouns import ALIASES, NOUNS
from pipecli.harmless_text import bash_word, one_line, terminal_line
from pipecli.json_and_csv import dumps, loads
from pipecli.records.compare_names import folded, stages_of
from pipecli.records.kinds import BY_NOUN, COLLECTIONS, PARENTS, collection_named
from pipecli.store.index.rows_for_verbs import OPEN, columns_of
from pipecli.store.safe_files import read_bytes

Value = tuple[str, str]
"""What may be typed, and a word about it."""

FILES: list[Value] = [(":files", "")]
FOLDERS: list[Value] = [(":folders", "")]
_MOST = 200
"""Records that are offered, those of the person and the open ones first."""


def main(arguments: Sequence[str]) -> None:
    """Print what may follow the words; nothing, and no error, where that can't be told."""
    shell, *words = arguments
    try:
        line = words[0]
        words = _split(line)[1:] if shell == "bash" else [word.strip("\"'") for word in words]
        if shell == "fish":  # what is being typed has its backslashes
            words[-1] = re.sub(r"\\(.)", r"\1", words[-1])
        offered = dict(Completion(words[:-1], words[-1]).values())
        values = [(value, about) for value, about in offered.items() if terminal_line(value) == value]
        text = _for_bash(values, words[-1], line) if shell == "bash" else values
        sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]
        sys.stdout.write("".join(f"{value}\t{one_line(about)}\n" for value, about in text))
    except Exception:
        if os.environ.get("PIPECLI_DEBUG"):
            raise


def _split(line: str) -> list[str]:
    """The words of a line that is being typed; the last is empty after a blank."""
    for closing in ("", '"', "'"):
        with suppress(ValueError):
            return [*shlex.split(line + closing), *([""] if not closing and line[-1:].isspace() else [])]
    return [*line.split(" ")]


def _for_bash(values: Sequence[Value], current: str, line: str) -> list[Value]:
    """Values as readline wants them: without what it takes for words of their own, and each on one row.

    They come from a clone and go into a command line: nothing of them is more than text there. Where several
    fit that don't begin with what is typed, a line more keeps readline from taking it away.
    """
    is_quoted = not line.count('"') % 2 == line.count("'") % 2 == 0
    if is_quoted:
        values = [(value, about) for value, about in values if not re.search(r"""[\\"'$`!]""", value)]
    breaks = os.environ.get("COMP_WORDBREAKS", "=:")
    start = max((current.rfind(sign) + 1 for sign in "=:" if sign in breaks), default=0)
    room = max(int(os.environ.get("COLUMNS") or 80) - 6, 20)
    shown = [(value[start:], about[: max(room - len(value), 0)]) for value, about in values]
    if len(values) > 1 and not all(value.startswith(current) for value, _ in values):
        shown.append((current[start:], "type more of it"))
    return shown if is_quoted else [(bash_word(value), about) for value, about in shown]


class Option(NamedTuple):
    names: list[str]
    metavar: str
    """Empty for a flag."""
    help: str
    choices: list[str]


Argument = tuple[str, bool, list[str]]
"""Its metavar, whether it takes several words, and its choices."""


class Completion:
    """One word that is being typed, and those before it."""

    def __init__(self, before: Sequence[str], current: str) -> None:
        self.current = current
        self.directory = os.environ.get("PIPECLI_DIR") or "."
        self.pending = ""  # an option before the noun whose value is being typed
        self.words = self._without_global(expanded(before))
        self.path: list[str] = []

    def _without_global(self, words: list[str]) -> list[str]:
        while words and words[0].startswith("-"):
            name, equals, value = words.pop(0).partition("=")
            if name in GLOBAL and not equals:
                self.pending = "" if words else name
                value = words.pop(0) if words else ""
            if name in ("-C", "--dir") and value:
                self.directory = os.path.expandvars(Path(value).expanduser())  # zsh and bash haven't yet
        return words

    def values(self) -> list[Value]:
        """What may be typed here, beginning with what is typed."""
        if self.pending:
            return self._of_global(self.pending)
        if not self.words:
            name, equals, value = self.current.partition("=")
            if equals and name in GLOBAL:
                self.current = value
                return [(f"{name}={word}", about) for word, about in self._of_global(name)]
            names = ((name, "") for name in (*GLOBAL, "--version", "--help"))
            return self._begun(names if name.startswith("-") else self._nouns())
        if is_help := self.words[0] == "help" and len(self.words) > 1:
            del self.words[0]
        name = ALIASES.get(self.words[0], self.words[0])
        if name not in NOUNS:
            return []
        self.path, rest = [name], self.words[1:]
        verbs = list(NOUNS[name].verbs)
        while verbs and not any(verb.isupper() for verb in verbs):
            if not rest:
                groups, words = NOUNS[name].groups, dict.fromkeys(verb.split()[0] for verb in verbs)
                return self._begun((word, groups.get(word, "")) for word in words)
            word = rest.pop(0)
            self.path.append(word)
            if word in verbs:
                break
            verbs = [verb.partition(" ")[2] for verb in verbs if verb.startswith(f"{word} ")]
            if not verbs:
                return []
        if rest and any(verb.isupper() for verb in verbs):
            self.path.append(rest[0] if rest[0] in verbs else "KIND")
            rest = rest[1:] if rest[0] in verbs else rest
        elif any(verb.isupper() for verb in verbs):
            parts = ((part, "") for part in PARENTS if name == "import")
            return self._begun([*((verb, "") for verb in verbs if not verb.isupper()), *_PLURALS, *parts])
        return [] if is_help else self._of_verb(*signature_of(self.path), rest)

    def _of_global(self, name: str) -> list[Value]:
        """The values of an option before the noun."""
        words = ((word, "") for word in _WORDS.get(name, "").split())
        return FOLDERS if name in ("-C", "--dir") else self._begun(words)

    def _nouns(self) -> Iterator[Value]:
        yield from ((name, noun.help) for name, noun in NOUNS.items())
        yield from ((alias, NOUNS[name].help) for alias, name in ALIASES.items())
        yield from ((name[6:], value) for name, value in own_values().items() if name.startswith("alias."))

    def _begun(self, values: Iterable[Value]) -> list[Value]:
        start = folded(self.current)
        return [(value, about) for value, about in values if folded(value).startswith(start)]

    def _of_verb(self, options: list[Option], arguments: list[Argument], rest: list[str]) -> list[Value]:
        by_name = {name: option for option in options if option.metavar for name in option.names}
        given: list[str] = []
        last: Option | None = None
        for word in rest:
            if last is not None:
                last = None
            elif word.startswith("-") and word != "-":
                last = by_name.get(word)
            else:
                given.append(word)
        name, equals, value = self.current.partition("=")
        if last is None and equals and name in by_name:
            self.current = value
            return [(f"{name}={choice}", about) for choice, about in self._valued(by_name[name], given)]
        if last is not None:
            return self._valued(last, given)
        if self.current.startswith("-"):
            return self._begun((option.names[-1], option.help) for option in options)
        if not arguments:
            return []
        metavar, _, choices = arguments[min(len(given), len(arguments) - 1)]
        if len(given) >= len(arguments) and not arguments[-1][1]:
            return []
        return self._begun((choice, "") for choice in choices) if choices else self._meant(metavar, given)

    def _valued(self, option: Option, given: Sequence[str]) -> list[Value]:
        if option.choices:
            return self._begun((choice, "") for choice in option.choices)
        return self._meant(option.metavar, given, option.names[-1])

    def _meant(self, metavar: str, given: Sequence[str], option: str = "") -> list[Value]:
        """The values of what a metavar names: `REF... PATH=VALUE...`, `USER-OR-TEAM`."""
        text = re.sub(r"\[=.*\]|[].[]", "", metavar).replace("-OR-", " ").replace("|", " ")
        words = text.split()
        if not words or any(word in _FILES for word in words):
            return FILES if words else []
        if "PATH=VALUE" in words and ("=" in self.current or given):
            return self._assignments()
        values: list[Value] = []
        before = option or next(iter(given), "")
        for word in reversed(words) if given else words:  # after a record comes what is done to it
            if word in ("REF", "FROM", "INTO"):
                values += self._records(*self._kinds())
            elif word in _RECORDS:
                values += self._records(_RECORDS[word])
            elif word in _PLAIN:
                values += self._begun(_PLAIN[word](self, before))
            elif word == "PATH=VALUE":
                values += self._assignments()
            elif word in _PARTS and given:
                values += self._begun(self._parts(given[0], _PARTS[word]))
            elif word == "ID":
                values += self._activities()
            elif "=" in word:
                values += [(f"{name}=", about) for name, about in self._meant(word.partition("=")[0], given)]
        return values

    # what the pipeline has

    @cached_property
    def pipeline(self) -> Any:
        from pipecli.store.pipeline import Pipeline

        return Pipeline.find(Path(self.directory))

    @cached_property
    def sql(self) -> Any:
        return self.pipeline.connection

    @cached_property
    def settings(self) -> Mapping[str, Any]:
        return self.pipeline.settings_as_written  # type: ignore[no-any-return]

    @cached_property
    def me(self) -> str | None:
        user: str | None = os.environ.get("PIPECLI_USER") or self.pipeline.committing_user
        return user

    def _kinds(self) -> list[str]:
        noun = self.path[0]
        if collection := collection_named(noun):
            return [collection.noun]
        if noun in ("call", "mail", "meet", "note", "activity"):
            return ["opportunity", "lead"]
        return ["opportunity", "lead", "quotation", "order", "customer", "contact"]

    def _records(self, *nouns: str, word: str | None = None) -> list[Value]:
        """Records by the start of their id or of a word of their name, a deal by its customer's, too: mine,
        then the open, then the rest."""
        plain = folded(self.current if word is None else word)
        rows = []
        for noun in nouns:
            for key, label, status, rank, customer in self._rows_of(noun):
                has = f"-{plain}" in f"-{key.casefold()}" or f" {plain}" in f" {folded(label)}"
                if has or f"-{plain}" in f"-{customer}":
                    is_clear = has or customer in label
                    rows.append((rank, label if is_clear else f"{label}, {customer}", key, status))
        return [
            (key, f"{name}, {status}" if rank == _ENDED and status else name)
            for rank, name, key, status in sorted(rows)[:_MOST]
        ]

    def _rows_of(self, noun: str) -> list[tuple[str, str, str, int, str]]:
        kind = BY_NOUN[noun]
        known = columns_of(self.sql, f"_{kind.table}")
        is_open = OPEN.get(noun, "active" if "active" in known else "true")
        mine = "owner = ?" if "owner" in known else "? IS NULL"
        status = "status" if "status" in known else "''"
        customer = "coalesce(customer, '')" if "customer" in known else "''"
        label = "coalesce(r.label, '')"
        if "opportunity" in known:  # a paper is known by its deal's title and by whom it is for or from
            title = "(SELECT label FROM _records WHERE noun = 'opportunity' AND key = opportunity)"
            label = f"coalesce({title} || ', ', '') || {label}"
        return self.sql.execute(  # type: ignore[no-any-return]
            f"SELECT r.key, {label}, {status}, "
            f"CASE WHEN NOT ({is_open}) THEN {_ENDED} WHEN {mine} THEN 0 ELSE 1 END, {customer} "
            f"FROM _records r JOIN _{kind.table} USING (path) WHERE r.noun = ?",
            (self.me, noun),
        ).fetchall()

    def _people(self, *sections: str) -> Iterator[Value]:
        for section in sections:
            for slug, entry in self.settings.get(section, {}).items():
                yield slug, entry.get("name") or ""

    def _stages(self, _before: str) -> Iterable[Value]:
        processes = self.settings["processes"].values()
        return {id_: names[-1] for every in processes for id_, names in stages_of(every).items()}.items()

    def _steps(self, _before: str) -> Iterator[Value]:
        stages = (stage for process in self.settings["processes"].values() for stage in process["stages"])
        yield from ((step, stage.get("name", "")) for stage in stages for step in stage.get("steps") or ())

    def _renamed(self, what: str) -> list[Value]:
        """The names that `settings rename` takes."""
        if what == "stage":
            processes = self.settings["processes"].items()
            return [(f"{slug}/{id_}", "") for slug, process in processes for id_ in stages_of(process)]
        return self._listed("opportunity_types" if what == "type" else f"{what.replace('-', '_')}s")

    def _revisions(self, _before: str) -> list[Value]:
        """Branches and tags, also at the end of a range: `main..HEAD`."""
        from pipecli.store import git

        start = "".join(self.current.rpartition("..")[:2])
        refs = ("--format=%(refname:short)", "refs/heads", "refs/remotes", "refs/tags")
        names = git.output(self.pipeline.location.work_tree, "for-each-ref", *refs).splitlines()
        return [(f"{start}{name}", "") for name in names]

    def _listed(self, section: str) -> list[Value]:
        return [(name, "") for name in self.settings.get(section, ())]

    def _used(self, column: str, *tables: str) -> Iterator[Value]:
        """The values that these tables, or the records of the noun, have in a column."""
        for table in tables or [f"_{BY_NOUN[noun].table}" for noun in self._kinds()]:
            if column in columns_of(self.sql, table):
                what, source = ("value", f"{table}, json_each(tags)") if column == "tags" else (column, table)
                yield from self.sql.execute(f"SELECT DISTINCT {what}, '' FROM {source} WHERE {what} <> ''")

    def _activities(self) -> list[Value]:
        """The planned activities, by the start of an id or of a word of a subject or a record's name."""
        query = """SELECT id, coalesce(subject || ', ', '') || label
            FROM activities JOIN _records ON key = record WHERE NOT done ORDER BY at"""
        start = f" {folded(self.current)}"
        return [(key, about) for key, about in self.sql.execute(query) if start in folded(f" {key} {about}")]

    def _parts(self, record: str, query: str) -> Iterator[Value]:
        for key, _ in self._records(*self._kinds(), word=record):
            yield from ((name, about or "") for name, about in self.sql.execute(query, (key,)))

    def _columns(self, _option: str) -> Iterator[Value]:
        for noun in self._kinds()[:1]:
            yield from ((name, "") for name in columns_of(self.sql, BY_NOUN[noun].table) if name != "json")

    def _defaults(self) -> Iterator[Value]:
        """The names of a person's own defaults, those that are set with their values."""
        nouns = (f"columns.{name}" for name, noun in NOUNS.items() if "list" in noun.verbs)
        yield from {**dict.fromkeys(("format", "color", "owner", *nouns), ""), **own_values()}.items()

    def _assignments(self) -> list[Value]:
        """`path=value`: of the settings level by level; of a record its fields, then what a field may be."""
        name, equals, typed = self.current.partition("=")
        if self.path[0] == "settings":
            return self._settings("=")
        if not equals:
            if self.path[0] in ("user", "team"):
                section = self.settings.get(f"{self.path[0]}s", {})
                fields = dict.fromkeys(field for entry in section.values() for field in entry)
            else:
                schema = f"schemas/{self._kinds()[0]}.schema.json"
                fields = loads(read_bytes(self.pipeline.root, schema))["properties"]
            return self._begun((f"{field}=", "") for field in fields)
        self.current = typed
        metavar = {"shared_with": "USER-OR-TEAM"}.get(name, name.upper())
        return [(f"{name}={value}", about) for value, about in self._meant(metavar, ())]

    def _settings(self, end: str) -> list[Value]:
        """The next part of a path of the settings, and the value of one that is whole."""
        *parts, last = self.current.split(".")
        within: Any = self.settings
        for part in parts:
            within = within.get(part) if isinstance(within, Mapping) else None
        if not isinstance(within, Mapping):
            return []
        start = "".join(f"{part}." for part in parts)
        return [
            (f"{start}{key}{end}", "" if isinstance(value, list) else str(value))
            if not isinstance(value, Mapping)
            else (f"{start}{key}.", "")
            for key, value in within.items()
            if str(key).startswith(last)
        ]


_ENDED = 2
_WORDS = {"--format": "table json jsonl csv tsv markdown ids", "--color": "auto always never"}
"""The values of the options before the noun."""
_PLURALS: list[Value] = [(collection.plural, "") for collection in COLLECTIONS]
_REASONS = {"lead": "disqualify_reasons"}
_PRESETS = Path(__file__).parents[1] / "inbox" / "moving" / "presets"
_FILES = frozenset({"FILE", "DIR", "MAPPING", "CSV", "EXPORT", "BASE"})
_RECORDS = {
    "CUSTOMER": "customer", "CONTACT": "contact", "PRODUCT": "product", "SKU": "product",
    "SUPPLIER": "supplier", "COMPETITOR": "competitor", "LIST": "price-list", "PRICE_LIST": "price-list",
    "LEAD": "lead", "OPP": "opportunity", "OPPORTUNITY": "opportunity", "QTN": "quotation",
    "QUOTATION": "quotation", "SQ": "supplier-quotation", "ORD": "order",
}  # fmt: skip
_PARTS = {
    "ITEM": "SELECT coalesce(product, description), description FROM items WHERE record = ?",
    "ATTACHMENT": "SELECT value ->> 'name', '' FROM _records r, json_each(r.json, '$.attachments') "
    "WHERE r.key = ?",
}
_PLAIN: dict[str, Callable[[Completion, str], Iterable[Value]]] = {
    "USER": lambda typed, _: typed._people("users"),
    "OWNER": lambda typed, _: typed._people("users"),
    "TEAM": lambda typed, _: typed._people("teams"),
    "STAGE": Completion._stages,
    "STEP": Completion._steps,
    "CODE": lambda typed, _: [(typed.settings["currency"], ""), *typed._listed("exchange_rates")],
    "VENDOR": lambda *_: [(entry.name, "") for entry in os.scandir(_PRESETS) if entry.is_dir()],
    "REASON": lambda typed, _: typed._listed(_REASONS.get(typed.path[0], "lost_reasons")),
    "STATUS": lambda typed, _: typed._used("status"),
    "SOURCE": lambda typed, _: typed._listed("sources") or typed._used("source"),
    "TAG": lambda typed, option: typed._used("tags") if option != "--language" else (),
    "TYPE": lambda typed, _: typed._listed("opportunity_types"),
    "ROLE": lambda typed, _: typed._used("role", "stakeholders"),
    "UNIT": lambda typed, _: typed._used("uom", "_products"),
    "REV": Completion._revisions,
    "RANGE": Completion._revisions,
    "OLD": Completion._renamed,
    "VALUE": lambda typed, name: [("me", "yours"), ("all", "everybody's"), *typed._people("users")]
    if name == "owner"
    else typed._of_global(f"--{name}"),
    "PROCESS": lambda typed, _: typed._listed("processes"),
    "PATH": lambda typed, _: typed._settings("") if typed.path[0] == "settings" else (),
    "COLUMN": Completion._columns,
    "NAMES": Completion._columns,
    "NAME": lambda typed, _: typed._defaults() if typed.path[0] == "config" else (),
    "KIND": lambda *_: _PLURALS,
    "NOUN": lambda typed, _: typed._nouns() if typed.path[0] == "help" else _PLURALS,
    "HOST": lambda *_: [("github", ""), ("gitlab", "")],
}  # fmt: skip


def signature_of(path: Sequence[str]) -> tuple[list[Option], list[Argument]]:
    """The options and arguments of a verb, remembered in the person's cache: to build a verb takes longer."""
    stamp = f"{__version__} {max(path.stat().st_mtime_ns for path in Path(__file__).parent.rglob('*.py'))}"
    name = " ".join(path)
    file = own_folder("XDG_CACHE_HOME", "LOCALAPPDATA", ".cache") / "commands.json"
    known: dict[str, Any] = {}
    with suppress(OSError, ValueError, KeyError):
        state = loads(file.read_text(encoding="utf-8"))
        known = state["verbs"] if state["stamp"] == stamp else {}
    if name not in known:
        from pipecli.cli.manual import signature

        known[name] = signature(path)
        with suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            aside = file.with_suffix(f".{os.getpid()}")
            aside.write_text(dumps({"stamp": stamp, "verbs": known}, None), encoding="utf-8")
            aside.replace(file)
    options, arguments = known[name]
    return [Option(*option) for option in options], arguments
