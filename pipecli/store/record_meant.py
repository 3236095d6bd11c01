"""From what a person types to the record they mean, and the names that a record has.

The rules are a table in docs/references.md.
"""

import re
import sqlite3
from collections.abc import Callable, Sequence
from enum import Enum
from typing import NamedTuple, NoReturn

from pipecli.errors import Ambiguous, FaultyFile
from pipecli.records.compare_names import begins_words, digits_of, name_key, same_number, typed_words
from pipecli.records.kinds import BY_NOUN, BY_PREFIX, CUSTOMER, ID_LENGTH, KINDS, Kind
from pipecli.store.ids_and_files import slug
from pipecli.store.index.rows_for_verbs import OPEN, keys_by_id
from pipecli.store.index.views_and_functions import ITS_CUSTOMER, marks
from pipecli.store.pipeline import NotFound, Pipeline
from pipecli.wording import first_of

_MOST_SHOWN = 8
FEWEST_CHARACTERS = 3
"""Of the start of an id: with fewer, every word of two letters would be one."""


class Found(NamedTuple):
    noun: str
    key: str
    label: str
    file: str


class Care(Enum):
    """The care that a verb takes of which record it hits."""

    LIKELY = "likely"
    """Of several the open one, then mine: most verbs, whose work can be done again or taken back."""
    ONLY = "only"
    """A whole id, or a name that fits one record of all, closed ones too: what ends or sends."""
    WHOLE = "whole"
    """A whole id or a whole name: what takes a record away, and would take its namesake when repeated."""


Person = Callable[[], tuple[str, str | None] | None]
"""Gives the user who asks, with their team; None where git's identity isn't a user."""


class _Fits(NamedTuple):
    """The records that a text fits, by what of them it fits."""

    named: list[Found]
    """By a whole name of their own; where there are none, by words that begin words of their names."""
    is_whole_name: bool
    ids: list[Found]
    """By the start of an id, theirs or that of a paper of theirs."""
    is_whole_id: bool

    def accepted(self, care: Care) -> set[Found]:
        """The records whose naming is enough for a careful verb."""
        by_name = self.named if self.is_whole_name or care is Care.ONLY else []
        return {*by_name, *(self.ids if self.is_whole_id else ())}


def record_meant(
    pipeline: Pipeline,
    name: str,
    *kinds: Kind,
    care: Care = Care.LIKELY,
    me: Person = lambda: None,
) -> Found:
    """The one record of these kinds (none given: of any) that a person means by `name`.

    A whole id or slug is that record. Else ids that begin so and names are candidates alike; the care
    decides which of them will do. Raises NotFound; Ambiguous with the candidates, the likeliest first.
    """
    wanted = name.strip()
    of = kinds or KINDS
    keys = [wanted, wanted.upper(), wanted.lower(), "-".join(_id_parts(wanted))]
    chosen = candidates = _query(pipeline, of, keys)
    if not chosen:
        fits = _fits(pipeline, wanted, of, own_only=not kinds or (len(kinds) > 1 and CUSTOMER in kinds))
        ordered = _likeliest_first(pipeline, list(dict.fromkeys([*fits.named, *fits.ids])), me)
        if not ordered:
            _nothing(pipeline, wanted, of)
        candidates = [rank.record for rank in ordered]
        chosen = (
            _likely(ordered, fits)
            if care is Care.LIKELY
            else _named_well_enough(wanted, candidates, fits, care)
        )
    if len(chosen) != 1:
        raise _ambiguous(wanted, chosen or candidates, care)
    pipeline.file_of(chosen[0].noun, chosen[0].key)  # raises where two files have this id
    return chosen[0]


class _Rank(NamedTuple):
    record: Found
    is_open: bool
    is_mine: bool


def _likeliest_first(pipeline: Pipeline, candidates: Sequence[Found], me: Person) -> list[_Rank]:
    """The candidates, open before closed, mine before others', then by id."""
    if len(candidates) == 1:
        return [_Rank(candidates[0], True, True)]
    connection = pipeline.connection
    person = me()
    ranks = []
    for record in candidates:
        kind = BY_NOUN[record.noun]
        mine = person is not None and _is_of(connection, kind, record.file, *person)
        ranks.append(_Rank(record, _is_open(connection, kind, record.file), mine))
    return sorted(ranks, key=lambda rank: (not rank.is_open, not rank.is_mine, rank.record.key))


def _likely(ordered: Sequence[_Rank], fits: _Fits) -> list[Found]:
    """The candidates that are as open and as much mine as the first."""
    likely = [rank.record for rank in ordered if rank[1:] == ordered[0][1:]]
    if fits.named and not set(likely) & set(fits.named):
        return [rank.record for rank in ordered]  # an id's start never beats a name in silence
    return likely


def _named_well_enough(wanted: str, candidates: list[Found], fits: _Fits, care: Care) -> list[Found]:
    """The candidates, if all of them are named well enough for this care.

    For what takes a record away, `acme` is no namesake's name: acme-2 would go when the command is repeated.
    """
    if care is Care.WHOLE:
        namesake = re.compile(rf"{slug(wanted)}-\d+")
        if any(namesake.fullmatch(candidate.key) for candidate in candidates):
            return []
    return candidates if set(candidates) <= fits.accepted(care) else []


def _fits(pipeline: Pipeline, wanted: str, kinds: Sequence[Kind], *, own_only: bool) -> _Fits:
    """Where a customer may be meant, or what is theirs, a customer's name is the customer."""
    whole, words = _by_name(pipeline, wanted, kinds, own_only=own_only)
    return _Fits(whole or words, bool(whole), *_by_start(pipeline, wanted, kinds))


def _query(pipeline: Pipeline, kinds: Sequence[Kind], keys: Sequence[str]) -> list[Found]:
    nouns = [kind.noun for kind in kinds]
    rows = pipeline.query(
        f"SELECT noun, key, label, path FROM _records WHERE noun IN ({marks(nouns)}) "
        f"AND key IN ({marks(keys)}) GROUP BY noun, key ORDER BY key",
        (*nouns, *keys),
    )
    return [Found(*row) for row in rows]


def _id_parts(wanted: str) -> tuple[str, str]:
    """The prefix and the random part of an id as typed: in any case, O and I and L read as digits."""
    prefix, _, random = wanted.upper().rpartition("-")
    return prefix, random.replace("O", "0").replace("I", "1").replace("L", "1")


def _by_start(pipeline: Pipeline, wanted: str, kinds: Sequence[Kind]) -> tuple[list[Found], bool]:
    """The records whose id begins so, or those of a paper whose id does; and whether it is a whole id."""
    prefix, random = _id_parts(wanted)
    if prefix not in ("", *BY_PREFIX) or wanted.startswith("-"):
        return [], False
    if not re.fullmatch(rf"[0-9A-Z]{{{FEWEST_CHARACTERS},{ID_LENGTH}}}", random):
        return [], False
    nouns = [kind.noun for kind in kinds]
    keys = keys_by_id(pipeline.connection, nouns, prefix, random)
    return _query(pipeline, kinds, keys) if keys else [], len(random) == ID_LENGTH


def _by_name(
    pipeline: Pipeline, wanted: str, kinds: Sequence[Kind], *, own_only: bool
) -> tuple[list[Found], list[Found]]:
    """The records that are called so: by a whole name of their own, and by words of any of their names."""
    words = typed_words(wanted)
    if not words:
        return [], []
    digits, key, longest = digits_of(wanted), name_key(wanted), max(words, key=len)
    whole, partly = [], []
    for kind in kinds:
        for naming in _namings(pipeline.connection, kind, longest, is_number=bool(digits)):
            record = Found(naming.noun, naming.key, naming.label, naming.file)
            names = naming.own if own_only or len(kinds) == 1 else f"{naming.own}\n{naming.others}"
            if any(name_key(name) == key for name in names.splitlines()):
                whole.append(record)
            elif _is_called(naming._replace(others=naming.key) if own_only else naming, words, digits):
                partly.append(record)
    return whole, partly


def _is_called(naming: "_Naming", words: Sequence[str], digits: str) -> bool:
    if any(same_number(digits, number) for number in naming.phones.splitlines()):
        return True
    return begins_words(words, f"{naming.own}\n{naming.others}")


def _nothing(pipeline: Pipeline, wanted: str, kinds: Sequence[Kind]) -> NoReturn:
    what = kinds[0].noun if len(kinds) == 1 else "record"
    faults = pipeline.index.faults()
    named = [fault for fault in faults if wanted.lower() in fault.file.lower()]
    if wanted and named:
        raise FaultyFile(named[:1])
    folders = [kind.folder for kind in kinds]
    unread = next((fault.file for fault in faults if fault.file.split("/")[0] in folders), "")
    lists = f"see `pipecli {what} list`" if len(kinds) == 1 else "each noun's `list` shows what there is"
    hint = f"{unread} can't be read: `pipecli check` says why" if unread else _hint(pipeline, wanted, kinds)
    raise NotFound(f'no {what} matches "{wanted}"', hint=hint or lists)


def _hint(pipeline: Pipeline, wanted: str, kinds: Sequence[Kind]) -> str:
    random = _id_parts(wanted)[1]
    if random.isalnum() and random.isascii() and len(random) < FEWEST_CHARACTERS:
        return f"the start of an id has {FEWEST_CHARACTERS} characters or more"
    close = _similar(pipeline, wanted, kinds)
    if not close and any(_CUSTOMER in _NAMES[kind.noun].others for kind in kinds):
        close = _similar(pipeline, wanted, [CUSTOMER])  # a deal or paper may be named by its customer
    return f"did you mean {' or '.join(close)}?" if close else ""


def _similar(pipeline: Pipeline, wanted: str, kinds: Sequence[Kind]) -> list[str]:
    from rapidfuzz import fuzz, process, utils

    nouns = [kind.noun for kind in kinds]
    rows = pipeline.query(
        f"SELECT noun, key, label FROM _records WHERE noun IN ({marks(nouns)}) ORDER BY key",
        nouns,
    )
    names = {
        (f"{label} ({key})", text): text
        for noun, key, label in rows
        for text in ((label,) if BY_NOUN[noun].prefix else (label, key))
    }
    close = process.extract(
        wanted, names, scorer=fuzz.WRatio, processor=utils.default_process, limit=3, score_cutoff=75
    )
    return list(dict.fromkeys(name for _, _, (name, _) in close))


def _ambiguous(wanted: str, candidates: Sequence[Found], care: Care) -> Ambiguous:
    if len(candidates) > 1:
        message, hint = (
            f'"{wanted}" is {len(candidates)} records: {_listed(candidates)}',
            "name one by its id",
        )
    else:
        asked = "a whole name, of a namesake its id" if care is Care.WHOLE else "a name"
        message, hint = f'"{wanted}" may be {_listed(candidates)}', f"this takes a whole id or {asked}"
    keys = [(candidate.noun, candidate.key) for candidate in candidates]
    return Ambiguous(message, hint=hint, text=wanted, candidates=keys)


def _listed(candidates: Sequence[Found]) -> str:
    names = [
        candidate.key if candidate.label == candidate.key else f"{candidate.key} ({candidate.label})"
        for candidate in candidates
    ]
    return first_of(names, _MOST_SHOWN)


class _Naming(NamedTuple):
    """A record with its names as they are written; `records/compare_names.py` compares them."""

    noun: str
    key: str
    label: str
    file: str
    own: str
    """Its own whole names, a line each: title, name, e-mail addresses."""
    others: str
    """The names of its customer, its people, its papers."""
    phones: str
    """Its telephone numbers and those of its people, a line each."""


def _lines(*columns: str) -> str:
    """Columns as one text in SQL, a line each; an absent one leaves an empty line."""
    return " || char(10) || ".join(f"coalesce({column}, '')" for column in columns)


def _list(column: str) -> str:
    """A JSON list of texts, a line each."""
    return f"(SELECT group_concat(value, char(10)) FROM json_each({column}))"


def _may_hold(*columns: str) -> str:
    """True where a text may hold the folded word ?1; any with more than A to Z may: lower() keeps that."""
    text = _lines(*columns)
    return f"(instr(lower({text}), ?1) OR length({text}) <> length(CAST({text} AS BLOB)))"


class _Other(NamedTuple):
    """What hangs on a record and has names that are told for its own."""

    join: str
    names: str
    phones: str
    may: str
    """True where its names may hold the word ?1, or it has a telephone number and ?2 asks for one."""


def _of_people(text: str) -> str:
    """A text of all contacts of a deal."""
    return f"""(SELECT group_concat({text}, char(10)) FROM stakeholders s
        JOIN _contacts n ON n.path = 'contacts/' || s.contact || '.yaml' WHERE s.path = r.path)"""


def _may_be(table: str, phones: str, *names: str) -> str:
    """The ids of a table whose names may hold the word ?1; if ?2, those with a telephone number too."""
    alias = phones.partition(".")[0]
    may = f"{_may_hold(*names)} OR (?2 AND {phones} IS NOT NULL)"
    return f"(SELECT {alias}.id FROM {table} {alias} WHERE {may})"


_PERSON_MAY = _may_be("_contacts", "n.phones", "n.id", "n.name", "n.emails")
_CUSTOMER = _Other(
    ITS_CUSTOMER,
    _lines("r.customer", "c.name"),
    "c.phone",
    f"r.customer IN {_may_be('_customers', 'c.phone', 'c.id', 'c.name')}",
)
_LEAD = _Other(
    "LEFT JOIN _records h ON h.noun = 'lead' AND h.key = r.lead LEFT JOIN _leads l ON l.path = h.path",
    _lines("l.name", "l.organization", "l.email"),
    "l.phone",
    f"r.lead IN {_may_be('_leads', 'l.phone', 'l.name', 'l.organization', 'l.email')}",
)
_CONTACT = _Other(
    "LEFT JOIN _contacts n ON n.path = 'contacts/' || r.contact || '.yaml'",
    _lines("n.id", "n.name", _list("n.emails")),
    _list("n.phones"),
    f"r.contact IN {_PERSON_MAY}",
)
_PEOPLE = _Other(
    "",
    _of_people(_lines("n.id", "n.name", _list("n.emails"))),
    _of_people(_list("n.phones")),
    f"r.path IN (SELECT s.path FROM stakeholders s WHERE s.contact IN {_PERSON_MAY})",
)
_JOINED_DEAL = """LEFT JOIN _records k ON k.noun = 'opportunity' AND k.key = r.opportunity
    LEFT JOIN _opportunities o ON o.path = k.path"""
_DEAL = _Other(
    _JOINED_DEAL,
    "o.title",
    "''",
    f"r.opportunity IN (SELECT o.id FROM _opportunities o WHERE {_may_hold('o.title')})",
)
_SUPPLIER = _Other(
    "LEFT JOIN _suppliers s ON s.path = 'suppliers/' || r.supplier || '.yaml'",
    _lines("r.supplier", "s.name"),
    "s.phone",
    f"r.supplier IN {_may_be('_suppliers', 's.phone', 's.id', 's.name')}",
)


class _Names(NamedTuple):
    own: tuple[str, ...]
    """The columns of whole names of its own."""
    lists: tuple[str, ...] = ()
    """Those that are a JSON list of names."""
    more: tuple[str, ...] = ()
    """Columns whose words tell it, and which name it as a whole to nobody."""
    phones: str = "''"
    others: tuple[_Other, ...] = ()


_NAMES = {
    "lead": _Names(
        ("organization", "name", "email", "external_id"), more=("title", "website"), phones="r.phone"
    ),
    "opportunity": _Names(("title", "external_id"), others=(_CUSTOMER, _LEAD, _PEOPLE)),
    "quotation": _Names(("external_id",), others=(_CUSTOMER, _LEAD, _CONTACT, _DEAL)),
    "order": _Names(("external_id",), others=(_CUSTOMER, _CONTACT, _DEAL)),
    "invoice": _Names(("number", "external_id"), others=(_CUSTOMER, _CONTACT, _DEAL)),
    "supplier-quotation": _Names(("external_id",), others=(_SUPPLIER, _DEAL)),
    "customer": _Names(("name", "email", "website", "external_id"), more=("id",), phones="r.phone"),
    "contact": _Names(("name", "external_id"), ("emails",), more=("id",), phones=_list("r.phones")),
    "supplier": _Names(("name", "email", "website", "external_id"), more=("id",), phones="r.phone"),
    "competitor": _Names(("name", "website", "external_id"), more=("id",)),
    "product": _Names(("name", "external_id"), more=("sku",)),
    "price-list": _Names(("name", "external_id"), more=("id",)),
    "literature": _Names(("title", "external_id"), more=("id",)),
}


def _namings(connection: sqlite3.Connection, kind: Kind, word: str, *, is_number: bool) -> list[_Naming]:
    """The records of a kind whose names may hold a folded word, or that have a telephone number.

    SQLite finds the few that are worth a look; the caller compares.
    """
    names = _NAMES[kind.noun]
    own = [f"r.{column}" for column in names.own]
    more = [f"r.{column}" for column in names.more]
    lists = [f"r.{column}" for column in names.lists]
    columns = (
        _lines(*own, *map(_list, lists)),
        _lines(*more, *(other.names for other in names.others), "''"),
        _lines(names.phones, *(other.phones for other in names.others)),
    )
    number = f"(?2 AND {names.phones} <> '')"
    may = " OR ".join([_may_hold(*own, *lists, *more), number, *(other.may for other in names.others)])
    joins = " ".join(other.join for other in names.others)
    rows = connection.execute(
        f"SELECT d.key, d.label, r.path, {', '.join(columns)} "
        f"FROM _{kind.table} r JOIN _records d USING (path) {joins} WHERE {may}",
        (word, is_number),
    )
    return [_Naming(kind.noun, *row) for row in rows]


_OPEN = OPEN | {"invoice": "status <> 'paid'", "product": "active"}
_OWNED = {
    "lead": ("r.owner", "r.shared_with", ""),
    "opportunity": ("r.owner", "r.shared_with", ""),
    "quotation": ("o.owner", "o.shared_with", _JOINED_DEAL),
    "order": ("o.owner", "o.shared_with", _JOINED_DEAL),
    "invoice": ("o.owner", "o.shared_with", _JOINED_DEAL),
    "supplier-quotation": ("o.owner", "o.shared_with", _JOINED_DEAL),
    "customer": ("r.owner", "NULL", ""),
}


def _is_open(connection: sqlite3.Connection, kind: Kind, file: str) -> bool:
    """True for a record that work goes on with; master data always is, but for what is not sold any more."""
    condition = _OPEN.get(kind.noun)
    if condition is None:
        return True
    row = connection.execute(f"SELECT {condition} FROM _{kind.table} WHERE path = ?", (file,)).fetchone()
    return bool(row[0])


def _is_of(connection: sqlite3.Connection, kind: Kind, file: str, me: str, team: str | None) -> bool:
    """True for a record that is a user's, or shared with them or their team."""
    if kind.noun not in _OWNED:
        return False
    owner, shared, joins = _OWNED[kind.noun]
    row = connection.execute(
        f"SELECT {owner} = ?1 OR EXISTS (SELECT 1 FROM json_each({shared}) WHERE value IN (?1, ?2)) "
        f"FROM _{kind.table} r {joins} WHERE r.path = ?3",
        (me, team, file),
    ).fetchone()
    return bool(row[0])
