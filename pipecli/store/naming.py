"""Ids and slugs for new records, the file that each is kept in, and the names by which people find one."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Container, Sequence
from functools import lru_cache
from itertools import chain, count
from typing import TYPE_CHECKING, NamedTuple

from pipecli.records.kinds import BY_NOUN, BY_PREFIX, CROCKFORD, ID_LENGTH, PRODUCT, SLUG, Kind

if TYPE_CHECKING:
    from pipecli.records.base import Record

_SLUG_LENGTH = 40

WINDOWS_DEVICES = frozenset(
    ["con", "prn", "aux", "nul", *(f"{port}{digit}" for port in ("com", "lpt") for digit in range(1, 10))]
)
"""Names that no file may have on Windows, with whatever ending: a clone there can't check `con.yaml` out."""


def random_part() -> str:
    """Five random Crockford characters: what makes ids of clones that never talked differ."""
    return "".join([CROCKFORD[byte % 32] for byte in os.urandom(ID_LENGTH)])


def new_id(prefix: str, taken: Container[str]) -> str:
    """An id that no record of the pipeline has."""
    while (id_ := f"{prefix}-{random_part()}") in taken:
        pass
    return id_


@lru_cache(maxsize=4096)
def slug(text: str) -> str:
    """`text` as a slug: transliterated, lower case, words joined by hyphens. Never empty.

    A name that transliterates to nothing (an emoji) gets a slug of its code points, so that two people
    adding the same customer still meet. One that Windows keeps for a device gets an `x-` before it.
    """
    from slugify import slugify

    words = slugify(text, max_length=_SLUG_LENGTH, word_boundary=True)
    if words in WINDOWS_DEVICES:
        return f"x-{words}"
    return words or "x-" + "-".join(f"{ord(character):x}" for character in text.strip()[:6])


def free_slug(text: str, taken: Container[str]) -> str:
    """The slug of `text`, numbered from 2 on where another record has it: for a namesake."""
    first = slug(text)
    return next(name for name in chain([first], (f"{first}-{n}" for n in count(2))) if name not in taken)


def file_name(record: Record) -> str:
    """The file of a new record: a document's id and slug in the folder of its month, else its slug."""
    kind = BY_NOUN[record.noun]
    if kind.is_document:
        month = month_of(str(record.created))  # type: ignore[attr-defined]
        return f"{kind.folder}/{month}/{record.key}-{slug(record.label)}.yaml"
    return f"{kind.folder}/{file_slug(record.noun, record.key)}.yaml"


def month_of(created: str) -> str:
    """The folder of a document in that of its kind, `2026/11`, by its time of creation as it is written."""
    return created[:7].replace("-", "/")


def month_file(file: str, created: str) -> str:
    """The place of a document's file in the folder of its month."""
    return f"{file.partition('/')[0]}/{month_of(created)}/{file.rpartition('/')[2]}"


def relaid(content: bytes, file: str) -> bytes:
    """The content of a record's file for another place: its first line leads to the schema from there."""
    up = b"../" * file.count("/")
    return re.sub(rb"\A(# yaml-language-server: \$schema=)(?:\.\./)+(?=schemas/)", rb"\1" + up, content)


def file_slug(noun: str, key: str) -> str:
    """The name of a file of master data: its slug, which of a product is that of the SKU."""
    is_own = noun != PRODUCT.noun or (re.fullmatch(SLUG, key) and key not in WINDOWS_DEVICES)
    return key if is_own else slug(key)


class Naming(NamedTuple):
    """A record with its names as they are written; `records.names` compares them."""

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
    "LEFT JOIN _customers c ON c.path = 'customers/' || r.customer || '.yaml'",
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


def namings(connection: sqlite3.Connection, kind: Kind, word: str, *, is_number: bool) -> list[Naming]:
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
    return [Naming(kind.noun, *row) for row in rows]


_OPEN = {
    "lead": "r.status NOT IN ('converted', 'disqualified')",
    "opportunity": "r.status = 'open'",
    "quotation": "r.status IN ('draft', 'sent')",
    "order": "r.status = 'open'",
    "invoice": "r.status <> 'paid'",
    "supplier-quotation": "r.status = 'requested'",
    "product": "r.active",
}
_OWNED = {
    "lead": ("r.owner", "r.shared_with", ""),
    "opportunity": ("r.owner", "r.shared_with", ""),
    "quotation": ("o.owner", "o.shared_with", _JOINED_DEAL),
    "order": ("o.owner", "o.shared_with", _JOINED_DEAL),
    "invoice": ("o.owner", "o.shared_with", _JOINED_DEAL),
    "supplier-quotation": ("o.owner", "o.shared_with", _JOINED_DEAL),
    "customer": ("r.owner", "NULL", ""),
}


def is_open(connection: sqlite3.Connection, kind: Kind, file: str) -> bool:
    """True for a record that work goes on with; master data always is, but for what is not sold any more."""
    condition = _OPEN.get(kind.noun)
    if condition is None:
        return True
    row = connection.execute(f"SELECT {condition} FROM _{kind.table} r WHERE r.path = ?", (file,)).fetchone()
    return bool(row[0])


def is_of(connection: sqlite3.Connection, kind: Kind, file: str, me: str, team: str | None) -> bool:
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


_LEADS_TO = {
    ("opportunity", "QTN"): "SELECT opportunity FROM _quotations WHERE id GLOB ?",
    ("opportunity", "ORD"): "SELECT opportunity FROM _orders WHERE id GLOB ?",
    ("opportunity", "SQ"): "SELECT opportunity FROM _supplier_quotations WHERE id GLOB ?",
    ("opportunity", "LEAD"): "SELECT id FROM _opportunities WHERE lead GLOB ?",
    ("quotation", "OPP"): "SELECT id FROM _quotations WHERE opportunity GLOB ?",
    ("quotation", "ORD"): "SELECT quotation FROM _orders WHERE id GLOB ?",
    ("order", "OPP"): "SELECT id FROM _orders WHERE opportunity GLOB ?",
    ("order", "QTN"): "SELECT id FROM _orders WHERE quotation GLOB ?",
    ("order", "INV"): 'SELECT "order" FROM _invoices WHERE id GLOB ?',
    ("opportunity", "INV"): "SELECT opportunity FROM _invoices WHERE id GLOB ?",
    ("invoice", "ORD"): 'SELECT id FROM _invoices WHERE "order" GLOB ?',
    ("invoice", "OPP"): "SELECT id FROM _invoices WHERE opportunity GLOB ?",
    ("supplier-quotation", "OPP"): "SELECT id FROM _supplier_quotations WHERE opportunity GLOB ?",
}


def keys_by_id(connection: sqlite3.Connection, nouns: Sequence[str], prefix: str, start: str) -> list[str]:
    """The ids that begin so, of records of these nouns or of what a paper with such an id belongs to.

    An empty prefix is any of theirs.
    """
    keys: list[str] = []
    for noun in nouns:
        for kind in BY_PREFIX.values():
            if kind.noun == noun and prefix in ("", kind.prefix):
                own = "SELECT key FROM _records WHERE noun = ? AND key GLOB ?"
                keys += [key for (key,) in connection.execute(own, (noun, f"{kind.prefix}-{start}*"))]
        if query := _LEADS_TO.get((noun, prefix)):
            keys += [key for (key,) in connection.execute(query, (f"{prefix}-{start}*",))]
    return sorted(set(keys))
