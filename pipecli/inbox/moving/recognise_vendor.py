"""The vendor and the kind of each table of an export, by its header.

A preset is a mapping file in the package, `presets/VENDOR/KIND.yaml`, with `recognise:`, the columns that
tell it from others. Beside fields, its columns feed roles that the plan spells out: `stage`, `close`, `won`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from itertools import combinations
from typing import Any, NamedTuple

from pipecli.errors import PipecliError
from pipecli.inbox.importing.bindings import ORDINAL
from pipecli.inbox.importing.compile_mapping import texts
from pipecli.inbox.importing.table import Table
from pipecli.inbox.moving.findings import Findings, text_of_row
from pipecli.inbox.moving.guess_column_formats import are_days
from pipecli.inbox.moving.synonyms import (
    Recognised,
    are_deals,
    by_words_of,
    columns_for,
    completed,
    firms_and_persons,
    kinds_named,
)
from pipecli.inbox.moving.words import (
    header_key,
    is_of_another_thing,
    is_yes,
    kinds_of_rows,
    one_word,
    outcome_of,
    patterns,
)
from pipecli.records.compare_names import folded
from pipecli.store.yaml.read import parse
from pipecli.wording import count

_MOST_BY_WORDS = 12
"""Tables of an export of a vendor; of more than these one must be named as its kind is."""
_OWN_COLUMNS = 2
_OF_PEOPLE = ("users", "customers", "contacts", "leads")
"""Kinds that have columns in common: a file that is named as another of them is none of these."""
_FILE_NAMED = 3
"""What a file's name adds to the columns that it has in common with a preset."""


class Preset(NamedTuple):
    """The file of one vendor and kind."""

    vendor: str
    kind: str
    name: str
    """Its file below `presets/`."""
    recognise: tuple[str, ...]
    """The columns that a table must have to be taken for it."""
    file: str
    """A regular expression for the file's name; empty for any."""
    prefix: str
    """What may stand before each header: `Deal - `."""
    must_be_named: bool
    """The columns alone are too common: the file's name must fit."""
    own: tuple[str, ...]
    """Columns of this vendor, of which a table must have two where those of `recognise` are too common."""
    columns: Mapping[str, Any]
    """For a column a role, or a field, or what a mapping says of a column."""
    rest: Mapping[str, Any]
    """The other keys of a mapping, as they stand."""


@cache
def presets() -> tuple[Preset, ...]:
    """The presets of the package."""
    loaded: list[Preset] = []
    for vendor in sorted(files(__package__).joinpath("presets").iterdir(), key=lambda entry: entry.name):
        if not vendor.is_dir():
            continue
        loaded += [
            _preset(vendor.name, entry.name, entry.read_text(encoding="utf-8"))
            for entry in sorted(vendor.iterdir(), key=lambda entry: entry.name)
            if entry.name.endswith(".yaml")
        ]
    return tuple(loaded)


def _preset(vendor: str, name: str, text: str) -> Preset:
    plain: dict[str, Any] = parse(text, f"{vendor}/{name}")
    told = plain.pop("recognise")
    columns = plain.pop("columns")
    kind = plain.pop("kind", None) or name.removesuffix(".yaml")
    return Preset(
        vendor,
        kind,
        f"{vendor}/{name}",
        tuple(told["columns"]),
        told.get("file", ""),
        told.get("prefix", ""),
        bool(told.get("named")),
        tuple(told.get("own", ())),
        columns,
        plain,
    )


def vendors() -> list[str]:
    """The vendors that have presets."""
    return list(dict.fromkeys(preset.vendor for preset in presets()))


def check_vendor(vendor: str | None) -> None:
    """Refuse a vendor without presets. Raises PipecliError."""
    if vendor is not None and vendor not in vendors():
        raise PipecliError(f'--from must be one of {", ".join(vendors())}, not "{vendor}"')


def recognised(tables: Sequence[Table], vendor: str | None = None) -> list[Recognised | None]:
    """The kind of each table; None for one that nobody knows.

    The files of one export are of one vendor: where a table may be of several, it is of the one that the
    others are of. Raises PipecliError where that doesn't tell, either.
    """
    vendor = vendor or _vendor_named(tables)
    candidates = [list(_of_presets(table, presets(), vendor)) for table in tables]
    scores: dict[str, float] = {}
    for several in candidates:
        best: dict[str, float] = {}
        for one in several:
            best[one.vendor] = max(one.score, best.get(one.vendor, 0))
        scores |= {name: scores.get(name, 0) + score for name, score in best.items()}
    leading = max(scores, key=lambda name: scores[name], default=None)
    chosen = [
        _chosen(table, several, leading) if several else None
        for table, several in zip(tables, candidates, strict=True)
    ]
    kinds = {one.kind for one in chosen if one}
    is_whole = leading is not None and len(tables) > _MOST_BY_WORDS
    return [
        completed(table, one) if one else by_words_of(table, kinds, is_whole=is_whole)
        for table, one in zip(tables, chosen, strict=True)
    ]


def _vendor_named(tables: Iterable[Table]) -> str | None:
    """The vendor that all names of files say: `hubspot_contacts.csv`; leads come from Google and LinkedIn."""
    words = [{*re.split(r"[\W_]+", table.name.lower())} for table in tables]
    named = {*vendors()}.intersection(*words) - {"close", "google", "linkedin"}
    return named.pop() if words and len(named) == 1 else None


def persons_of(table: Table, told: Recognised) -> list[Recognised]:
    """A table of organisations and persons as one of each, where a column tells them apart; else as it is."""
    apart = told.rest.get("persons", {})
    for name, words in apart.get("columns", {}).items():
        column = next((own for own in table.columns if one_word(own) == one_word(name)), None)
        if column is None:
            continue
        preset = next(one for one in presets() if one.name == apart["preset"])
        own, *_ = _of_presets(table, [preset._replace(recognise=())])
        firms = told._replace(rest={**told.rest, "only": {column: {"not": words}}})
        return [firms, own._replace(rest={**own.rest, "only": {column: words}})]
    if told.vendor:
        return [told]
    return firms_and_persons(table, _with_all_numbers(table, _with_whole_names(table, told)))


def _with_all_numbers(table: Table, told: Recognised) -> Recognised:
    """The columns, with each of the addresses and numbers of contacts: `Phone`, `Mobile`."""
    columns = dict(told.columns)
    for role in ("emails", "phones") if told.kind == "contacts" else ():
        own = [column for column in columns if columns[column] == role]
        more = [column for column in columns_for(table, "contacts", role) if column not in columns]
        numbered = enumerate([*own, *more], 1) if own and more else ()
        columns |= {column: f"{role}.{number}" for number, column in numbered}
    return told._replace(columns=columns)


def _with_whole_names(table: Table, told: Recognised) -> Recognised:
    """The columns; a name is the other half of one beside it unless most have it in them: `Nom;Prénom`."""
    name, parts = told.roles.get("name"), ("first_name", "last_name")
    lacking = [role for role in parts if role not in told.roles]
    if name is None or len(lacking) > 1:
        return told
    half = told.roles[parts[lacking == ["first_name"] or not lacking]]
    cells = [(text_of_row(name, row), text_of_row(half, row)) for row in table.rows]
    in_it = [folded(part) in folded(whole) for whole, part in cells if part]
    if sum(in_it) * 2 > len(in_it):
        return told
    columns = {column: role for column, role in told.columns.items() if column != name}
    return told._replace(columns=columns | dict.fromkeys([name] if lacking else [], *lacking))


def _chosen(table: Table, several: list[Recognised], leading: str | None) -> Recognised | None:
    """The best of a table's vendors; of those that the other files aren't of, one that the name fits."""
    own = [one for one in several if one.vendor == leading]
    named = {preset.name for preset in presets() if re.search(preset.file, table.name, re.IGNORECASE)}
    own = own or [one for one in several if one.preset in named]
    if not own:
        return None
    best = max(one.score for one in own)
    first, *others = [one for one in own if one.score == best]
    if any(other.vendor != first.vendor for other in others):
        names = ", ".join(dict.fromkeys(one.vendor for one in (first, *others)))
        raise PipecliError(
            f"{table.name} may be of {names}: its header doesn't tell", hint="say it with --from VENDOR"
        )
    return first


def _of_presets(table: Table, several: Iterable[Preset], vendor: str | None = None) -> Iterator[Recognised]:
    keys, named = _by_key(table), kinds_named(table.sheet) or kinds_named(table.name)
    for preset in several:
        by_key = dict(keys)
        if vendor is not None and preset.vendor != vendor:
            continue
        bare: dict[str, str] = {}
        if preset.prefix:
            own = one_word(preset.prefix)
            bare = {key.removeprefix(own): column for key, column in by_key.items() if key.startswith(own)}
            by_key |= bare
        hidden = _hidden_id(preset, by_key)
        if hidden is False or not (hidden or all(one_word(c) in by_key for c in preset.recognise)):
            continue
        proofs = sum(one_word(column) in by_key for column in preset.own)
        if vendor is None and preset.own and not bare and proofs < _OWN_COLUMNS:
            continue
        columns = {
            by_key[key]: feeds
            for column, feeds in preset.columns.items()
            if (key := one_word(column)) in by_key
        }
        for column in table.columns:  # `Company name` of the company beside `Company Name` of the contact
            if columns.get(by_key.get(one_word(column), "")) == "customer":
                columns.setdefault(column, "customer")
        is_named = bool(preset.file and re.search(preset.file, table.name, re.IGNORECASE))
        must_be_named = (preset.must_be_named and not bare) or (
            preset.file and is_of_another_thing(table.name)
        )
        is_other = preset.kind in _OF_PEOPLE and (
            set() < named <= {*_OF_PEOPLE, "opportunities"} - {preset.kind}
            or (preset.kind in ("contacts", "customers") and are_deals(table))
        )
        if not is_named and (must_be_named or is_other):
            continue
        ignored = {one_word(column) for column in preset.rest.get("ignore", ())} & by_key.keys()
        only = {by_key[one_word(name)]: words for name, words in preset.rest.get("only", {}).items()
                if one_word(name) in by_key}  # fmt: skip
        rest = {**preset.rest, "ignore": sorted(by_key[key] for key in ignored), "only": only}
        score = len(columns) + len(ignored) / 2 + _FILE_NAMED * is_named
        yield Recognised(preset.kind, preset.vendor, preset.name, _counted_anew(columns), rest, score)


def _by_key(table: Table) -> dict[str, str]:
    """The columns by their headers; for an empty `Account_Name` that of an object, `Account_Name__name`.

    `Record ID - Contact` is the `Record ID` of an export of HubSpot's with associated records.
    """
    by_key = {one_word(column): column for column in reversed(table.columns)}
    for column in table.columns:
        own = one_word(re.sub(r"(__|\.)name$|(?<=Record ID) - \w+$", "", column))
        if by_key.get(own) != column and not texts(table, by_key.get(own, "")):
            by_key[own] = column
    return by_key


def _hidden_id(preset: Preset, keys: Container[str]) -> bool | None:
    """Whether a view of Dynamics has the hidden id of a preset's rows; None where it has none at all."""
    hidden = [name for name in _hidden_ids() if one_word(name) in keys]
    return any(preset.columns.get(name) == "external_id" for name in hidden) if hidden else None


@cache
def _hidden_ids() -> list[str]:
    named = (column for preset in presets() for column, of in preset.columns.items() if of == "external_id")
    return [column for column in named if re.match(patterns()["hidden"], column)]


def _counted_anew(columns: Mapping[str, Any]) -> dict[str, Any]:
    """The columns with `phones.2` as `phones.1` where no column is that one."""
    places: dict[str, dict[str, str]] = {}
    for role in sorted({r for r in columns.values() if isinstance(r, str) and re.fullmatch(r"\w+\.\d", r)}):
        own = places.setdefault(role[:-1], {})
        own[role] = f"{role[:-1]}{len(own) + 1}"
    new = {role: counted for own in places.values() for role, counted in own.items()}
    return {
        column: new.get(role, role) if isinstance(role, str) else role for column, role in columns.items()
    }


def with_marks(table: Table, told: Recognised) -> Recognised:
    """The columns, with those of deals that tell of one end: a day in `Closed won on`, a yes in `Won?`."""
    columns = dict(told.columns)
    for column in table.columns if told.kind == "opportunities" and not told.vendor else ():
        key, words = header_key(column), texts(table, column)
        ends = [of for of, pattern in patterns()["ends"].items() if re.search(pattern, key)]
        if not ends or not words or columns.get(column) not in (None, "close", "closed_date"):
            continue
        ending, role = "closed" if {"won", "lost"} <= {*ends} else ends[0], ""
        if all(is_yes(word) is not None or outcome_of(word) == ending for word in words):
            role = ending
        elif are_days(words) and (ending != "closed" or column not in columns):
            role = f"{ending}_date"
        if role and role not in columns.values():
            columns[column] = role
    return told._replace(columns=columns)


def doubts(table: Table, told: Recognised) -> list[str]:
    """That a table read by words may be a vendor's, whose common columns it has and too few of its own."""
    keys = {one_word(column) for column in table.columns}
    several = [preset.vendor for preset in presets() if preset.own and not told.vendor
               and keys.issuperset(map(one_word, preset.recognise))]  # fmt: skip
    may_be = f"if it is of {' or '.join(several)}, say --from VENDOR"
    return [f"{table.name} is read by its header's words; {may_be}"] if several else []


def header_line(table: Table) -> int | None:
    """The line of a header below notes: the first of the widest among the first rows; None for none wider."""
    widths = {
        row.line: sum(cell != "" for cell in (*row.cells.values(), *row.extra)) for row in table.rows[:30]
    }
    widest = max(widths, key=lambda line: widths[line], default=None)
    named = sum(re.fullmatch(r"column \d+", column) is None for column in table.columns)
    return widest if widest and widths[widest] > max(2, named) else None


_MOST_ALIKE = 0.2
"""The part of the rows that may be told apart by their order alone."""
_LOOKED_AT = 200
"""The first rows, among which some are looked for that an earlier run brought."""


def template_of_ids(
    table: Table, kind: str, column_of: Callable[[str], str | None], findings: Findings
) -> str | None:
    """The template of an id for deals or leads without one, that a second run may know them."""
    what = "deals" if kind == "opportunities" else kind
    several = [
        [column for role in roles if (column := column_of(role))]
        for roles in kinds_of_rows()[kind]["known by"]
    ]
    if before := _template_before(table, several, findings.ids_here()):
        findings.assumed.append(f"{table.name} has no ids: its {what} are known by {before}, as before")
        return before
    choices: list[tuple[list[str], bool]] = []
    for named in several:
        full = [name for name in named if texts(table, name).total() == len(table.rows)]
        choices += [(full, False), (sorted(named, key=lambda name: name not in full), named != full)]
    choices.sort(key=lambda choice: any(len(table.rows) > texts(table, c).total() for c in choice[0][:1]))
    for columns, has_gaps in choices:  # noqa: B007  # a cell may be empty where no others tell the rows apart
        alike = len(table.rows) - len({tuple(row.cells.get(name) for name in columns) for row in table.rows})
        if columns and alike <= _MOST_ALIKE * len(table.rows):
            break
    else:
        findings.assumed.append(f"{table.name} has no ids, and rows alike: each run makes its {what} anew")
        return None
    words = " and ".join(filter(None, (", ".join(columns[:-1]), *columns[-1:])))
    words += f", {count(alike, 'row')} like an earlier one by their order" if alike else ""
    findings.assumed.append(
        f"{table.name} has no ids: its {what} are known by {words}, and are new where these change; "
        "better export the ids, too"
    )
    return _template(*columns, *([ORDINAL] if alike or has_gaps else []))


def _template(*columns: str) -> str:
    return " | ".join(f"{{{column}}}" for column in columns)


def _template_before(table: Table, several: list[list[str]], here: Container[str]) -> str | None:
    """The template by which most rows are here already: by another, all of them would come once more."""
    parts = [
        part for named in several for size in range(len(named)) for part in combinations(named, size + 1)
    ]
    found = Counter[str]()
    for template in [_template(*part, *end) for part in parts for end in ((), (ORDINAL,))] if here else ():
        first = template.replace(f"{{{ORDINAL}}}", "1")
        found[template] = sum(text_of_row(first, row) in here for row in table.rows[:_LOOKED_AT])
    return next((template for template, rows in found.most_common(1) if rows), None)


def namesakes_of(table: Table, roles: Mapping[str, str]) -> dict[str, set[str]]:
    """The names that two contacts of one customer have, each with those customers, by name and id.

    A deal of that customer with the name alone can't mean one of them.
    """
    named = [roles[role] for role in ("name", "first_name", "last_name") if role in roles][:2]
    places = [roles[role] for role in ("customer", "customer#") if role in roles]
    cells = [[row.text(name) for name in (*named, *places)] for row in table.rows]
    rows = Counter((" ".join(row[: len(named)]).strip(), *row[len(named) :]) for row in cells)
    namesakes: dict[str, set[str]] = {}
    for (name, *customers), number in rows.items():
        if number > 1 and name:
            namesakes.setdefault(name, set()).update(customers)
    return namesakes
