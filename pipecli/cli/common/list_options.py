"""The options of `list` and of reports as SQL, and the printing of a `list`: one query, every format.

The columns of each noun's list are in `cli/list.py`; whose a record is (`--mine`), in
`condition_of` in `store/index/owner_filter_and_list_sql.py`.
"""

from __future__ import annotations

import re
import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any, ClassVar, NamedTuple

from pipecli.cli.common.command import Reading, owner_options, shared_option
from pipecli.cli.common.names_and_questions import document_row, is_recent, names_of, print_rows, recalled
from pipecli.cli.common.output import Format, print_records, write_text
from pipecli.cli.common.record_json import BY_HAND, DERIVED, deal_members, derived_keys
from pipecli.cli.common.session import Session, owner_asked, owner_filter, warn
from pipecli.cli.common.table import Column, ListColumn
from pipecli.cli.common.terminal_and_own_config import say_after
from pipecli.errors import PipecliError
from pipecli.json_and_csv import dumps, loads
from pipecli.records.compare_names import all_chosen, chosen_id, likeliest, own_names
from pipecli.records.kinds import BY_FOLDER, BY_NOUN, KINDS, Kind
from pipecli.store.ids_and_files import faults_of_absent
from pipecli.store.index.owner_filter_and_list_sql import (
    HAS_CONTACT,
    HAS_PRODUCT,
    condition_of,
    in_list,
    in_team,
    one_of,
)
from pipecli.store.index.rows_for_verbs import columns_of, exists
from pipecli.store.index.sql_and_search import Row, search_activities, search_records, select_rows

_FILTERS = {"owner": "owner", "status": "status", "stage": "stage", "team": "team"}


def _filtered(
    run: Session, plural: str, known: set[str], columns: Sequence[ListColumn], order: str
) -> tuple[str, list[object], str]:
    """The options as SQL on a table with the columns `known`: a condition, its values, ORDER BY and LIMIT.

    `order` holds where --sort is not given. Raises PipecliError when the table, named by its `plural`, has no
    column for an option.
    """
    conditions, parameters = _conditions(run, plural, known)
    most = str(run.option("limit") or "")
    if most and not most.isdecimal():
        raise PipecliError(f'--limit: "{most}" isn\'t a number of records', hint="write one like 10")
    limit = f" LIMIT {int(most)}" if most and len(most) < 19 else ""  # what SQLite can count
    tail = f"ORDER BY {_order(run, known, columns) or order}{limit}"
    return " AND ".join(conditions) or "1", parameters, tail


def _conditions(run: Session, plural: str, known: set[str]) -> tuple[list[str], list[object]]:
    conditions: list[str] = []
    parameters: list[object] = []
    for option, column in _FILTERS.items():
        value = owner_asked(run, known) if option == "owner" else run.option(option)
        if value:
            _must_know(plural, column, known, option)
            values = _meant(run, plural, option, str(value))
            one_of = f"{column} IN ({', '.join('?' * len(values))})"
            conditions.append(in_team(column) if option == "team" else one_of)
            parameters += values
    if run.option("tag"):
        _must_know(plural, "tags", known, "tag")
        conditions.append(in_list("tags"))
        parameters.append(run.option("tag"))
    if run.option("mine") or run.option("seller"):
        _must_know(
            plural, *(("owner", known, "mine") if run.option("mine") else ("sellers", known, "seller"))
        )
        theirs, users = condition_of(owner_filter(run)._replace(owner=None, team=None), "", known)
        conditions.append(theirs.removeprefix(" AND "))
        parameters += users
    for option in ("customer", "contact", "product", "search"):
        if run.option(option):
            condition, key = _about(run, plural, known, option, str(run.option(option)))
            conditions.append(condition)
            parameters.append(key)
    if run.option("where"):
        conditions.append(f"({run.option('where')}\n)")  # the newline ends a comment that would hide the rest
    return conditions, parameters


def _about(run: Session, plural: str, known: set[str], option: str, text: str) -> tuple[str, object]:
    """A condition on what a record is about, and its value: whom it is for, what is sold, its words."""
    if option == "search":
        if plural == "activities":
            return one_of("id"), dumps(search_activities(run.connection, text), indent=None)
        _must_know(plural, "json", known, option)
        kind = BY_FOLDER[plural]
        keys = [hit.key for hit in search_records(run.connection, text, [kind.noun])[0]]
        return one_of(kind.identity), dumps(keys, indent=None)
    from pipecli.store.record_meant import record_meant

    named = recalled(run, text) if is_recent(text) else text
    key = record_meant(run.pipeline, named, BY_NOUN[option]).key
    own = {
        ("opportunities", "contact"): HAS_CONTACT,
        ("literature", "product"): in_list("products"),
    }
    if condition := own.get((plural, option)):
        return condition, key
    if option == "product" and option not in known:
        if plural not in ("opportunities", "quotations", "orders", "invoices", "supplier-quotations"):
            raise PipecliError(f"--product: {plural} have no items")
        return HAS_PRODUCT, key
    _must_know(plural, option, known, option)
    return f"{option} = ?", key


def _must_know(plural: str, column: str, known: set[str], option: str) -> None:
    if column not in known:
        raise PipecliError(f"--{option}: {plural} have no {column}")


_NOUNS = {"owner": "user", "team": "team", "stage": "stage"}


def _meant(run: Session, plural: str, option: str, text: str) -> list[str]:
    """The values of a column that an option means: several where processes have a stage of one name.

    What no record could have is refused: an empty list would say that there is nothing to do.
    """
    if noun := _NOUNS.get(option):
        return all_chosen(text, names_of(run, noun), f"--{option}: unknown {noun} {text}")
    if option == "status" and plural in BY_FOLDER:
        kind = BY_FOLDER[plural]
        # The models, which are slow to import, are asked only about what no record has now.
        if not exists(run.connection, kind.table, "status", text):
            from pipecli.records import base

            (statuses,) = base.options(base.annotation_at(kind.model, ["status"]))
            return [
                chosen_id(
                    text,
                    own_names(statuses),
                    f'--status: "{text}" must be one of {", ".join(statuses)}',
                    hint="",
                )
            ]
    return [text]


def _order(run: Session, known: set[str], columns: Sequence[ListColumn]) -> str:
    wanted = str(run.option("sort") or "")
    if not wanted:
        return ""
    name = wanted.removeprefix("-").lower()
    if name not in known:
        named = _named_column(name, columns, known, "--sort")
        name = named.drawn.name if named.drawn.name in known else ""
    sql = f'"{name}"' if name else named.sql  # the column itself: an amount is drawn from its exact text
    return f"{sql} IS NULL, {sql} {'DESC' if wanted.startswith('-') else 'ASC'}"


class Listing(Reading):
    """The command class of every `list`: its filters."""

    takes: ClassVar[str] = ""
    """The filters that its records have something for; its help doesn't offer the others."""
    opens: ClassVar[bool] = False
    """It shows what is open, unless it is asked for more."""

    def shared(self) -> list[Any]:
        owner, team, mine = owner_options()
        all_ = shared_option(
            "--all", "Also what has ended. With --status or --where, all are searched anyway."
        )
        filters = [
            owner,
            shared_option("--seller", "Only what this user sells, alone or with others.", "USER"),
            mine,
            shared_option("--status", "Only of this status.", "STATUS"),
            shared_option("--stage", "Only at this stage.", "STAGE"),
            team,
            shared_option("--tag", "Only with this tag.", "TAG"),
            shared_option("--customer", "Only of this customer.", "CUSTOMER"),
            shared_option("--contact", "Only with this contact.", "CONTACT"),
            shared_option("--product", "Only with an item of this product.", "PRODUCT"),
            shared_option("--search", "Only what contains these words, as in `pipecli find`.", "WORDS"),
        ]
        all_.hidden = not self.opens  # a list that leaves nothing out takes it, too
        for option in filters:
            option.hidden = option.opts[0].removeprefix("--") not in self.takes.split()
        return [
            all_,
            *filters,
            shared_option("--where", "Only where this SQL condition is true; columns as in `sql`.", "EXPR"),
            shared_option("--sort", "Sort by this column; -COLUMN in reverse.", "COLUMN"),
            shared_option("--limit", "Show at most N records.", "N"),
            shared_option(
                "--columns", "Show only these columns, or +NAME to add one; not for JSON.", "NAMES"
            ),
            *super().shared(),
        ]


def print_list(
    run: Session, kind: Kind, columns: Sequence[ListColumn], order: str, is_open: str = ""
) -> None:
    """Print the records of a kind that the filters of the command line let through.

    `is_open` is an SQL condition that holds unless `--all`, `--status` or `--where` says otherwise.
    """
    pipeline = run.read(kind)
    asked_of = " ".join(column.sql for column in columns)
    counted = [one for one in KINDS if f"FROM _{one.table} " in asked_of]
    warn(faults_of_absent(pipeline.left_out, counted))
    connection = pipeline.connection
    known = set(columns_of(connection, kind.table))
    condition, parameters, tail = _filtered(run, kind.folder, known, columns, order)
    if is_open and not any(run.option(name) for name in ("all", "status", "where")):
        _mention_left_out(connection, kind.table, is_open, condition, parameters)
        condition = f"{is_open} AND {condition}"
    if run.format is Format.IDS:
        ids = _rows(run, kind.identity, kind.table, condition, tail, parameters)
        write_text("".join(f"{row[0]}\n" for row in ids))
    elif run.format in (Format.JSON, Format.JSONL):
        own = [column for column in columns if column.in_json]
        computed = [*DERIVED.get(kind.noun, {}).values(), *(column.sql for column in own)]
        asked = ", ".join(["json", "currency" if "currency" in known else "''", *computed])
        blocks = partial(_json_blocks, run.format, kind.noun, [column.drawn.name for column in own])
        for text in _rows(run, asked, kind.table, condition, tail, parameters, blocks):
            write_text(text)
    else:
        _print_columns(
            run, kind.table, (condition, tail, parameters), columns, _visible(run, kind.noun, columns, known),
            lambda record: (kind.noun, str(record[kind.identity])), kind.identity,
        )  # fmt: skip


def _rows(
    run: Session,
    columns: str,
    table: str,
    condition: str,
    tail: str,
    parameters: Sequence[object],
    keep: Callable[[Iterator[Row]], list[Any]] = list,
) -> list[Any]:
    """The rows of a list; only a person's own condition needs bounds, which take a thread."""
    if run.option("where"):
        return select_rows(run.connection, columns, table, condition, tail, parameters, keep).rows
    return keep(run.connection.execute(f"SELECT {columns} FROM {table} WHERE {condition} {tail}", parameters))


def _print_columns(
    run: Session,
    table: str,
    where: tuple[str, str, Sequence[object]],
    columns: Sequence[ListColumn],
    visible: Sequence[ListColumn],
    record_of: Callable[[Mapping[str, Any]], tuple[str, str]] | None,
    id_key: str = "id",
) -> None:
    """Print rows in their visible columns; `record_of` gives the record that one is or stands in, if any."""
    sql_of = {column.drawn.name: column.sql for column in (*columns, *visible)}
    rows = _rows(run, ", ".join(sql_of.values()), table, *where)
    drawn = [column.drawn for column in visible]
    records = (typed(dict(zip(sql_of, row, strict=True))) for row in rows)
    if record_of is None or run.format is not Format.TABLE:
        print_records(records, drawn, run.format, id_key=id_key)
        return
    held = [*records]
    print_rows(run, held, drawn, [record_of(record) for record in held], id_key=id_key)


def _visible(run: Session, noun: str, columns: Sequence[ListColumn], known: set[str]) -> list[ListColumn]:
    """The columns of `--columns`, else those of the noun. Raises PipecliError for one that isn't there."""
    usual = [column for column in columns if not column.hidden]
    by_default = run.defaults.get(f"columns.{noun}") if run.format is Format.TABLE else ""
    asked = str(run.option("columns") or by_default or "").lower()
    names = [name.strip() for name in asked.split(",") if name.strip()]
    if not names:
        return usual
    elsewhere = "csv" if run.format is Format.TABLE else "table"
    usable = [column for column in usual if column.drawn.only != elsewhere] + [
        column for column in usual if column.drawn.only == elsewhere
    ]
    source = "--columns" if run.option("columns") else f"`pipecli config columns.{noun}`"
    chosen = [_named_column(name.removeprefix("+"), usable, known, source) for name in names]
    if names[0].startswith("+"):
        chosen = [*(column for column in usual if column.drawn.only != elsewhere), *chosen]
    return [column._replace(drawn=column.drawn._replace(only="")) for column in chosen]


def _named_column(name: str, usable: Sequence[ListColumn], known: set[str], source: str) -> ListColumn:
    """A column by its name or its heading; of the table in the index, too."""
    plain = name.replace(" ", "_").replace("-", "_")
    for column in usable:
        heading = column.drawn.heading.lower().replace(" ", "_").replace("-", "_")
        if plain in (column.drawn.name, heading):
            return column
    if plain in known:
        return ListColumn(Column(plain, plain.replace("_", " ").upper(), shrink=True), f'"{plain}"')
    every = {column.drawn.name for column in usable if column.drawn.only != "table"} | known
    raise PipecliError(
        f'{source}: unknown column "{name}"',
        hint=f"{likeliest(plain, every)}`pipecli sql --tables` lists them all",
    )


def _mention_left_out(
    connection: sqlite3.Connection, table: str, is_open: str, condition: str, parameters: Sequence[object]
) -> None:
    """Tell a terminal, below the list, how many of what the other filters let through is open."""
    if not sys.stderr.isatty():
        return
    counts = f"count(*) FILTER (WHERE {is_open}), count(*)"
    open_, all_ = connection.execute(f"SELECT {counts} FROM {table} WHERE {condition}", parameters).fetchone()
    if open_ != all_:
        say_after(f"{open_:,} open of {all_:,}; --all")


_FLAGS = frozenset({"active", "done"})
"""Columns that are yes or no."""
_LISTS = frozenset({"emails", "members", "phones", "products", "stages", "tags"})
"""Columns that hold a JSON list; `products` of a price list is their number."""


def typed(row: dict[str, Any]) -> dict[str, Any]:
    """A row with yes, no and lists where SQL has 1, 0 and texts."""
    for name in _FLAGS & row.keys():
        row[name] = bool(row[name])
    for name in _LISTS & row.keys():
        if isinstance(row[name], str):
            row[name] = loads(row[name])
    return row


def _json_blocks(format_: Format, noun: str, own: Sequence[str], rows: Iterable[Row]) -> list[str]:
    """The text of rows of their JSON, their currency, and DERIVED columns; `own` are the last.

    Made as they are read, and held as blocks of text, a fourth of what the rows and one long text take: a
    reader that waits would keep others from the index.
    """
    end = "\n" if format_ is Format.JSONL else ",\n"
    texts = (f"{_with_computed(noun, row, own)}{end}" for row in rows)
    blocks = []
    while block := "".join(islice(texts, 500)):
        blocks.append(block)
    if format_ is Format.JSON:
        if blocks:
            blocks[-1] = blocks[-1].removesuffix(end) + "\n"
        blocks = ["[\n" if blocks else "[", *blocks, "]\n"]
    return blocks


_IS_WON = '"status": "won"'
"""Of the deals the won ones, whose amount is the final value, whatever the file's `amount` was before."""
_AMOUNT = re.compile(r'"amount": [-+.0-9eE]+')
"""One that is a number, and not in a text, whose quotes are escaped."""


def _with_computed(noun: str, row: tuple[Any, ...], own: Sequence[str]) -> str:
    """The file's own JSON, kept in the index, with the computed keys joined on as text.

    Reading and writing 8,800 records anew would take ten times as long.
    """
    written: str = row[0]
    if noun == "opportunity" and not own and '"probability": ' not in written and not row[2 + BY_HAND]:
        return f"{written[:-1]}, {deal_members(row[2:], row[1])}}}"
    end = len(row) - len(own)
    extra = derived_keys(noun, row[2:end], row[1])
    if own:
        extra |= zip(own, row[end:], strict=True)
    if extra.get("amount_by_hand"):
        if _IS_WON in written or len(re.findall(_AMOUNT, written)) != 1:
            return dumps(loads(written) | extra, indent=None)
        # As on its page, with the decimals of its currency, which the file may leave out.
        written = re.sub(_AMOUNT, f'"amount": {extra.pop("amount"):f}', written)
    # A key that is set by hand is in the file already; the word alone may be one of its texts.
    if '"probability": ' in written and "probability" in extra and "probability" in loads(written):
        del extra["probability"]
    return f"{written[:-1]}, {dumps(extra, indent=None)[1:]}" if extra else written


class Parts(NamedTuple):
    """Where the parts come from."""

    plural: str
    select: str
    """A SELECT of ours that gives their columns; `id` is one of them."""
    kinds: tuple[Kind, ...] = ()
    """The records they stand in; a broken file of these stops the list."""
    hidden: frozenset[str] = frozenset()
    """Columns that only conditions need."""


def print_parts(
    run: Session,
    parts: Parts,
    columns: Sequence[ListColumn],
    order: str,
    conditions: Mapping[str, object] | None = None,
) -> None:
    """Print what the filters of the command line let through, and `conditions`: our SQL with its value."""
    connection = run.read(*parts.kinds).connection
    table = f"({parts.select})"
    known = [name for name, *_ in connection.execute(f"SELECT * FROM {table} LIMIT 0").description]
    condition, parameters, tail = _filtered(run, parts.plural, set(known), columns, order)
    own = conditions or {}
    where = " AND ".join([*own, condition]), tail, [*own.values(), *parameters]
    if run.format in (Format.JSON, Format.JSONL):
        rows = [zip(known, row, strict=True) for row in _rows(run, "*", table, *where)]
        present = [{key: value for key, value in row if value is not None} for row in rows]
        records = [{key: row[key] for key in typed(row) if key not in parts.hidden} for row in present]
        print_records(records, (), run.format)
        return
    visible = _visible(run, parts.plural, columns, set(known))
    of = (lambda record: document_row(str(record["record"]))) if parts.kinds else None
    _print_columns(run, table, where, columns, visible, of)
