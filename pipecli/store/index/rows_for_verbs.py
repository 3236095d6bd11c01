"""Rows of the index that verbs ask for: ids, labels, what names a record, what is open; loads no model."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pipecli.json_and_csv import dumps, loads
from pipecli.records.kinds import BY_NOUN, BY_PREFIX, CONTACT, CUSTOMER, Kind
from pipecli.store.index.views_and_functions import marks

if TYPE_CHECKING:
    from pipecli.store.pipeline import Pipeline
    from pipecli.workflow.assignment import Workload
    from pipecli.workflow.match_prospect import KnownContact, KnownCustomer

Sql = sqlite3.Connection

OPEN = {
    "lead": "status NOT IN ('converted', 'disqualified')",
    "opportunity": "status = 'open'",
    "quotation": "status IN ('draft', 'sent')",
    "order": "status = 'open'",
    "supplier-quotation": "status = 'requested'",
}
"""By noun, the SQL condition on a record that something is still to be done with it."""


def exists(connection: Sql, table: str, column: str, value: str) -> bool:
    """Tell if a row of a table has a value in a column."""
    row = connection.execute(f"SELECT 1 FROM {table} WHERE {column} = ?", (value,)).fetchone()
    return row is not None


def columns_of(connection: Sql, table: str) -> list[str]:
    """The names of the columns of a table or view."""
    return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]


def public_tables(connection: Sql) -> list[str]:
    """The tables and views that `sql` may ask, in alphabetical order."""
    rows = connection.execute(
        "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE '\\_%' ESCAPE '\\' "
        "ORDER BY name"
    )
    return [name for (name,) in rows]


def rows_where(
    connection: Sql,
    names: Sequence[str],
    table: str,
    condition: str = "true",
    *parameters: object,
    order: str = "id",
) -> list[tuple[Any, ...]]:
    """Some columns of the rows of a table for which a condition holds."""
    tail = f" ORDER BY {order}" if order else ""
    return connection.execute(
        f"SELECT {', '.join(names)} FROM {table} WHERE {condition}{tail}", parameters
    ).fetchall()


def count_records(connection: Sql) -> int:
    """The number of all records, the settings among them."""
    number: int = connection.execute("SELECT count(*) FROM _records").fetchone()[0]
    return number


def ids_in_index(connection: Sql, noun: str = "") -> set[str]:
    """The ids of all records, or of those of a noun."""
    condition, parameters = ("WHERE noun = ?", (noun,)) if noun else ("", ())
    return {key for (key,) in connection.execute(f"SELECT key FROM _records {condition}", parameters)}


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


def keys_by_id(connection: Sql, nouns: Sequence[str], prefix: str, start: str) -> list[str]:
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


def activity_ids(connection: Sql) -> set[str]:
    """The ids of all activities, on whatever record."""
    return {key for (key,) in connection.execute("SELECT id FROM activities")}


def labels(connection: Sql, noun: str) -> dict[str, str]:
    """The records of a noun as people call them, by id."""
    return dict(connection.execute("SELECT key, label FROM _records WHERE noun = ?", (noun,)).fetchall())


def label(connection: Sql, noun: str, key: str | None) -> str | None:
    """The name or title of a record; None where there is no such record."""
    row = connection.execute("SELECT label FROM _records WHERE noun = ? AND key = ?", (noun, key)).fetchone()
    return row[0] if row else None


def label_and_status(connection: Sql, key: str) -> tuple[str, str] | None:
    """The title and the status of a deal or lead; None where there is no such record."""
    row: tuple[str, str] | None = connection.execute(
        "SELECT r.label, coalesce(o.status, l.status) FROM _records r "
        "LEFT JOIN _opportunities o USING (path) LEFT JOIN _leads l USING (path) "
        "WHERE r.noun IN ('lead', 'opportunity') AND r.key = ?",
        (key,),
    ).fetchone()
    return row


def created_times(connection: Sql) -> dict[str, datetime]:
    """The time at which each deal, lead and invoice was created, by its id."""
    rows = connection.execute(
        "SELECT id, created FROM _opportunities UNION ALL SELECT id, created FROM _leads "
        "UNION ALL SELECT id, created FROM _invoices"
    )
    return {key: datetime.fromisoformat(text) for key, text in rows}


def records_naming(connection: Sql, noun: str, key: str) -> list[tuple[str, str]]:
    """The other records that name this one, each by its id and its file."""
    named = _naming(connection, key, noun)
    return sorted({(of_key, path) for of_noun, of_key, path in named if (of_noun, of_key) != (noun, key)})


def records_naming_part(connection: Sql, noun: str, key: str) -> list[str]:
    """The ids of the records that name a user, team or stage of the settings."""
    named = _naming(connection, key, noun)
    return sorted({of_key for of_noun, of_key, _ in named if of_noun != "settings"})


def files_naming_part(connection: Sql, noun: str, key: str) -> list[str]:
    """The files of the records that name a user, team or stage of the settings."""
    if noun != "stage":
        named = _naming(connection, key, noun)
        return sorted({path for of_noun, _, path in named if of_noun != "settings"})
    stages = "SELECT l.path FROM _literature l, json_each(l.stages) s WHERE s.value = ?"
    literature = connection.execute(stages, (key.partition("/")[2],))
    return sorted({*(path for (path,) in literature), *(path for *_, path in _naming(connection, key, noun))})


def _naming(connection: Sql, key: str, noun: str) -> list[tuple[str, str, str]]:
    """The noun, key and file of each record that names something of a noun by this key."""
    nouns = (noun, "principal") if noun in ("user", "team") else (noun,)
    return connection.execute(
        f"""SELECT r.noun, r.key, path FROM _references f JOIN _records r USING (path)
        WHERE instr(f.names, ?) AND f.key = ? AND f.noun IN ({marks(nouns)})""",
        (dumps(key, indent=None), key, *nouns),
    ).fetchall()


_WORDS = {
    "lost-reason": "SELECT o.path FROM _opportunities o, json_each(o.closed_reasons) r WHERE r.value = ?1",
    "disqualify-reason": "SELECT path FROM _leads WHERE disqualified_reason = ?1",
    "source": "SELECT path FROM _leads WHERE source = ?1 "
    "UNION SELECT path FROM _opportunities WHERE source = ?1",
    "type": "SELECT path FROM _opportunities WHERE type = ?1",
}


def files_with_word(connection: Sql, what: str, word: str) -> list[str]:
    """The files of the records that have a word of the settings' lists: a type, a source, a reason."""
    return [path for (path,) in connection.execute(_WORDS[what], (word,))]


# The tables have no index of ids: by its path a record is found in 8,800 without a look at each.
_OF_RECORD = "path = (SELECT path FROM _records WHERE noun = ? AND key = ?)"


def row_of(connection: Sql, columns: Sequence[str], noun: str, key: str) -> tuple[Any, ...]:
    """Some columns of one record's row in the view of its noun."""
    return rows_where(connection, columns, BY_NOUN[noun].table, _OF_RECORD, noun, key, order="")[0]


def item_amounts(connection: Sql, noun: str, key: str) -> list[tuple[Decimal | None, ...]]:
    """The amounts of the items of a record, in their order: as printed, and net of all discounts and tax.

    None where nobody knows one; the second also of an option that isn't taken.
    """
    rows = rows_where(connection, ["line_amount", "amount"], "items", _OF_RECORD, noun, key, order="position")
    return [tuple(None if amount is None else Decimal(repr(amount)) for amount in row) for row in rows]


def stakeholders(connection: Sql, deal: str) -> list[tuple[Any, ...]]:
    """The contacts on a deal in the order of its file: id, name, role, primary, title, emails, phones."""
    return connection.execute(
        """SELECT s.contact, c.name, s.role, s."primary", c.title, c.emails, c.phones
        FROM stakeholders s LEFT JOIN _contacts c ON c.path = 'contacts/' || s.contact || '.yaml'
        WHERE s.opportunity = ? ORDER BY s.rowid""",
        (deal,),
    ).fetchall()


def open_counts(connection: Sql, kind: Kind) -> dict[str, int]:
    """The number of open records of a kind of each owner who has any."""
    rows = connection.execute(
        f"SELECT owner, count(*) FROM _{kind.table} "
        f"WHERE {OPEN.get(kind.noun, 'true')} AND owner IS NOT NULL GROUP BY owner"
    )
    return dict(rows.fetchall())


def deals_that_may_close(connection: Sql, today: date, latest: date) -> list[str]:
    """The open deals with nothing to come with a word of ours by `latest`, or a quotation; oldest first."""
    rows = connection.execute(
        "SELECT id FROM _opportunities WHERE status = 'open' AND open_activities = 0 "
        "AND coalesce(next_contact, '') < ?1 AND coalesce(expected_close, '') < ?1 "
        "AND (substr(last_out, 1, 10) <= ?2 OR last_out IS NULL AND id IN "
        "(SELECT opportunity FROM _quotations WHERE status <> 'draft')) "
        "ORDER BY julianday(coalesce(last_out, created)), id",
        (today.isoformat(), latest.isoformat()),
    )
    return [key for (key,) in rows.fetchall()]


def customer_parents(connection: Sql) -> dict[str, str]:
    """The customer above each that belongs to another."""
    return dict(connection.execute("SELECT id, parent FROM _customers WHERE parent <> ''").fetchall())


def known_elsewhere(connection: Sql, table: str) -> list[tuple[str, str]]:
    """The names in other systems that records of a kind have, and each one's id and label."""
    rows = connection.execute(
        f"SELECT external_id, key || ' ' || label FROM _{table} JOIN _records USING (path) "
        "WHERE external_id IS NOT NULL"
    )
    return rows.fetchall()


def lines_known_elsewhere(connection: Sql, nouns: Iterable[str]) -> list[tuple[str, str]]:
    """The names in other systems of the lines of these kinds of record, credits too, and what each is."""
    those = ", ".join(f"'{noun}'" for noun in nouns)
    rows = connection.execute(
        "SELECT json_extract(i.value, '$.external_id') AS external, "
        "r.key || ' ' || json_extract(i.value, '$.description') "
        f"FROM _records r, json_each(r.json, '$.items') i WHERE r.noun IN ({those}) AND external IS NOT NULL "
        "UNION ALL SELECT c.key, r.key || ' ' || json_extract(c.value, '$.line') "
        f"FROM _records r, json_each(r.json, '$.custom.discount_lines') c WHERE r.noun IN ({those}) "
        "AND c.type = 'object' AND typeof(c.key) = 'text' AND json_type(c.value, '$.line') = 'text'"
    )
    return rows.fetchall()


def files_beside(connection: Sql) -> list[str]:
    """The files beside records that these and the settings name: attached, literature, a logo."""
    rows = connection.execute(
        "SELECT json_extract(a.value, '$.file') FROM _records r, json_each(r.json, '$.attachments') a "
        "WHERE r.noun <> 'settings' AND instr(r.json, '\"attachments\"') "
        "UNION SELECT json_extract(json, '$.file') FROM _records WHERE noun = 'literature' "
        "UNION SELECT json_extract(json, '$.company.logo') FROM _records WHERE noun = 'settings'"
    )
    return sorted(file for (file,) in rows if file)


def orders_to_renew(connection: Sql) -> list[str]:
    """The ids of orders with recurring items that no deal renews."""
    rows = connection.execute(
        "SELECT id FROM _orders r WHERE status <> 'cancelled' "
        "AND EXISTS (SELECT 1 FROM items i WHERE i.path = r.path AND i.per IS NOT NULL) "
        "AND NOT EXISTS (SELECT 1 FROM _opportunities o WHERE o.renews = r.id) ORDER BY date, id"
    )
    return [key for (key,) in rows]


def workload(connection: sqlite3.Connection, kind: Kind) -> Workload:
    """The standing of the users with all leads, or all opportunities, of an index."""
    from pipecli.workflow.assignment import Workload  # with the models, which a list of plans must not load

    table = f"_{kind.table}"
    turns: dict[str, dict[str | None, int]] = defaultdict(dict)
    for rule, owner, turn in connection.execute(
        f"SELECT assigned_rule, owner, max(assigned_turn) FROM {table} WHERE assigned_turn IS NOT NULL "
        "GROUP BY assigned_rule, owner"
    ):
        turns[rule][owner] = turn
    owned = connection.execute(
        f"SELECT owner, max(julianday(created)), total({OPEN[kind.noun]}) FROM {table} "
        "WHERE owner IS NOT NULL GROUP BY owner"
    ).fetchall()
    return Workload(
        turns,
        newest={owner: newest for owner, newest, _ in owned},
        open={owner: int(count) for owner, _, count in owned},
    )


def external_ids_of_parts(connection: Sql, list_: str) -> list[tuple[str, str, str]]:
    """The noun and key of each record with such a list, and the external id of each of its elements."""
    return connection.execute(
        "SELECT r.noun, r.key, part.value ->> 'external_id' "
        "FROM _records r, json_each(r.json, '$.' || ?) part WHERE part.value ->> 'external_id' IS NOT NULL",
        (list_,),
    ).fetchall()


def unowned_records(connection: sqlite3.Connection, kind: Kind) -> list[str]:
    """The files of the open records that nobody owns, in the order in which they were created."""
    rows = connection.execute(
        f"SELECT path FROM _{kind.table} WHERE owner IS NULL AND {OPEN[kind.noun]} "
        "ORDER BY julianday(created), id"
    )
    return [path for (path,) in rows.fetchall()]


def known_customers(pipeline: Pipeline) -> list[KnownCustomer]:
    """The fields by which customers are recognised. Raises FaultyFile: one that can't be read could match."""
    from pipecli.workflow.match_prospect import KnownCustomer

    pipeline.require_readable(CUSTOMER)
    columns = ("id", "name", "kind = 'person'", "email", "website", "phone")
    rows = rows_where(pipeline.connection, columns, "customers")
    return [
        KnownCustomer(
            key, name, bool(is_person), (email,) if email else (), website, (phone,) if phone else ()
        )
        for key, name, is_person, email, website, phone in rows
    ]


def known_contacts(pipeline: Pipeline) -> list[KnownContact]:
    """The fields by which contacts are recognised. Raises FaultyFile."""
    from pipecli.workflow.match_prospect import KnownContact

    pipeline.require_readable(CONTACT)
    rows = rows_where(pipeline.connection, ("id", "name", "customer", "emails", "phones"), "contacts")
    return [
        KnownContact(key, name, customer, tuple(loads(emails or "[]")), tuple(loads(phones or "[]")))
        for key, name, customer, emails, phones in rows
    ]
