"""The kind of a table that no preset knows, and the role of each column, by the words of its header.

The words are in `presets/synonyms.yaml`, and what makes a table one of a kind in `presets/evidence.yaml`. One
of which they tell nothing for certain stays out.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping, Sequence, Set
from typing import Any, NamedTuple

from pipecli.inbox.importing.cells import name_in
from pipecli.inbox.importing.compile_mapping import texts
from pipecli.inbox.importing.day_formats import has_days
from pipecli.inbox.importing.table import Table
from pipecli.inbox.moving.arithmetic import are_amounts, with_amount
from pipecli.inbox.moving.findings import Findings, is_of_money
from pipecli.inbox.moving.guess_or_ask_formats import are_days, currency_of, with_amounts_off
from pipecli.inbox.moving.vocabulary import (
    ANYTHING,
    Words,
    are_data,
    are_products,
    evidence,
    has_its_own,
    header_key,
    is_of_another_thing,
    is_of_sale,
    is_yes,
    kinds_named,
    of_activity,
    outcome_of,
    patterns,
    repeat,
    role_nearly,
    role_told,
    stem_of,
    synonyms,
    words_of_leads,
)
from pipecli.records.compare_names import folded, is_code, is_of_firm
from pipecli.records.money import CURRENCIES

_TITLE = 60  # characters of a text that may name a deal
_FEW = 5  # deals of which texts may be different by chance, and name none
_OF_A_DEAL = {"title", "customer", "owner", "contacts.contact"}
"""Roles of which the prices of a list have none."""
_HALVES = ("first_name", "last_name")
PAPER_KINDS = ("quotations", "orders")


class Recognised(NamedTuple):
    """A table with the kind of its rows, and what each column of it is."""

    kind: str
    vendor: str
    """Empty where synonyms told it."""
    preset: str
    columns: dict[str, Any]
    rest: Mapping[str, Any]
    score: float

    @property
    def roles(self) -> dict[str, str]:
        """The column of each role; a column that says more of itself has none."""
        return {role: column for column, role in self.columns.items() if isinstance(role, str)}

    def column_of(self, role: str) -> str | None:
        """The column of a role, whatever more it says of itself, such as that it has ids."""
        for name, of in self.columns.items():
            parts = of if isinstance(of, list) else [of]
            if role in (part.get("to") if isinstance(part, dict) else part for part in parts):
                return name
        return None


def columns_for(table: Table, kind: str, role: str) -> list[str]:
    """The columns whose header is a word for a role of that kind of rows."""
    words = synonyms().get(kind)
    named = [c for c in table.columns if words and role_told(c, words) == role and _may_be(table, c, role)]
    more = _of_content(table, role, words) if words and kind != "products" else ()  # `Old price`
    return [*dict.fromkeys([*named, *more])]


def naming(table: Table, columns: Iterable[str], names: Container[str]) -> list[str]:
    """The columns of which nearly each cell is one of the names of records in another table."""
    counts = {column: texts(table, column) for column in columns}
    here = {c: sum(n for text, n in own.items() if folded(name_in(text)) in names)
            for c, own in counts.items()}  # fmt: skip
    return [c for c, own in counts.items() if own and here[c] * 10 >= own.total() * 9]


def by_words_of(table: Table, known: Container[str], *, is_whole: bool = False) -> Recognised | None:
    """The kind that the most columns speak for of those that nothing speaks against; None where none is left.

    The evidence is in `presets/evidence.yaml`. Presets `known` others as of some kinds; in the `is_whole`
    export of a vendor with a hundred tables each must be named as its kind is.
    """
    if table.name.lower().endswith(".vcf"):  # not each card has an id
        fields = {c: {"to": c} if c == "external_id" else c for c in table.columns}
        return Recognised("contacts", "", "", fields, {}, 1)
    stages, is_empty = _of_history(table), is_whole and not table.rows
    if stages or is_empty or is_of_another_thing(table.name) or are_data(table.columns):
        return stages
    unknown, best = _Unknown(table, known, is_whole=is_whole), None
    for kind, columns in unknown.columns_as.items():
        own, roles = evidence()[kind], {*columns.values()}
        is_named, is_mentioned = kind in unknown.named, kind in unknown.mentioned
        needed = roles & {*own["needs"], *(own.get("needs if named", ()) if is_named else ())}
        found, is_sure = unknown.found(kind, needed), not roles.isdisjoint(own.get("sure", ()))
        but = {"named": is_named, "mentioned": is_mentioned, "sure": is_mentioned or is_sure, "never": False}
        against = [fact for fact, unless in own["against"].items() if found[fact] and not but[unless]]
        if against or not needed:
            continue
        once = [column for column, role in columns.items() if role in own.get("once", ())]
        if once and not is_named and repeat([tuple(map(row.text, once)) for row in table.rows]):
            continue
        score = len(columns) + 2 * len(needed) + 4 * is_mentioned + 6 * is_named
        if best is None or score > best.score:
            best = Recognised(kind, "", "", columns, {}, score)
    return best and completed_by_words(table, best)


class _Unknown:
    """A table that no preset knows: its columns as each kind would have them, and what is found of it."""

    def __init__(self, table: Table, known: Container[str], *, is_whole: bool) -> None:
        self.table, self.known, self.is_whole = table, known, is_whole
        self.stem, self.keys = stem_of(table.name), {*map(header_key, table.columns)}
        self.are_deals = are_deals(table)
        words = synonyms() | ({"opportunities": words_of_leads()} if self.are_deals else {})
        self.columns_as = {
            kind: _by_words(table, words[kind]) for kind in evidence() if kind not in PAPER_KINDS
        }
        of_leads = {"lead owner", "lead status"} & self.keys and "lifecycle stage" not in self.keys
        kinds = {"users"} & kinds_named(table.sheet or "")  # `Task 2` may be anything
        kinds = kinds or kinds_named(table.name) or ({"leads"} if of_leads else set())
        self.named = {
            "opportunities" if of == "leads" and self.are_deals else of for of in kinds - {*PAPER_KINDS}
        }
        self.mentioned = {kind for kind in evidence() if self._mentions(kind)}
        self.are_papers = bool(kinds & {*PAPER_KINDS})

    def _mentions(self, kind: str) -> bool:
        if self.named:
            return not self.named.isdisjoint((kind, *evidence()[kind].get("also named", ())))
        return synonyms()[kind].in_name.search(self.stem) is not None

    def found(self, kind: str, needed: Set[str]) -> dict[str, bool]:
        """The facts that may speak against a kind, as `presets/evidence.yaml` calls them."""
        columns, named, header = self.columns_as[kind], self.named, self.table.columns
        roles, people, acts = ({*self.columns_as[of].values()} for of in (kind, "contacts", "activities"))
        as_line, as_act = ({*map(synonyms()[of].columns.get, self.keys)} for of in ("items", "activities"))
        are_people = "first_name" in people and not people.isdisjoint(("last_name", "name"))
        is_paper = self.are_papers and not are_people  # of no deal: at most it stands for one
        of_sale = "items" in named or ("quantity" in as_line and bool(as_line & {"unit_price", "total"}))
        return {
            "anything": True,
            "one column": len(columns) < 2,
            "a kind that presets know": kind in self.known,
            "a whole export": self.is_whole,
            "the name of another kind": bool(named - {kind}),
            "a paper": is_paper,
            "a paper without an amount": is_paper and "amount" not in roles,
            "a log": named == {"activities"} and "at" in acts and "first_name" not in people,
            "deals": self.are_deals,
            "people": are_people,
            "people with jobs": are_people and "title" in people,
            "an id of another thing": has_its_own(header, ""),  # `Ticket ID`
            "an id of its own": has_its_own(header, self.stem),  # of `payments.csv`
            "what became deals": any(re.fullmatch(patterns()["became"], key) for key in self.keys),
            "a day of its own": has_its_own(header, self.stem, "date"),  # of `bookings.csv`
            "lines without a stage": as_line >= {"quantity", "unit_price"} and "stage" not in roles,
            "a customer without an id": needed == {"customer"} and "external_id" not in roles,
            "a status alone": needed == {"status"},
            "an amount alone": needed == {"amount"} and roles.isdisjoint(_OF_A_DEAL),
            "a firm and no name": "customer" in roles and roles.isdisjoint(("name", *_HALVES)),
            "half a name": len(needed) == 1 and needed <= {*_HALVES},
            "a name that anything has": {header_key(c) for c in columns if columns[c] == "name"} <= ANYTHING,
            "a subject or a quantity": not (as_line | as_act).isdisjoint(("subject", "quantity")),
            "no day, type or subject": roles.isdisjoint(("at", "type", "subject")),
            "no code or price": not are_products(columns, self.keys),
            "lines of a sale": of_sale and any(map(is_of_sale, {*self.keys, *self.stem.split()[:-1]})),
            "lines with a total or a day": of_sale and ("total" in as_line or "at" in as_act),
        }


def completed_by_words(table: Table, told: Recognised) -> Recognised:
    """The kind, with what else its mapping says: of activities without a type that of `calls.csv`."""
    rest: dict[str, Any] = {"unknown": "skip"} if "record" in evidence()[told.kind]["needs"] else {}
    if told.kind == "activities" and "type" not in told.roles:
        stem = stem_of(table.name)
        rest["set"] = {"type": of_activity("type", [stem])["values"].get(stem, "task")}
        rest["set"] |= {"done": True} if rest["set"]["type"] == "note" and "done" not in told.roles else {}
    if told.kind == "activities" and "subject" not in told.roles:  # of EspoCRM
        names = [c for c in table.columns if c not in told.columns and header_key(c) in ANYTHING]
        told = told._replace(columns=told.columns | dict.fromkeys(names[:1], "subject"))
    return told._replace(columns=with_amounts_off(table, told.columns), rest=rest)


def by_words(table: Table, kind: str, *, is_exact: bool = False) -> dict[str, Any]:
    """The roles of a table's columns, if its rows are of that kind; none of a kind without words."""
    words = synonyms().get(kind)
    return _by_words(table, words, is_exact=is_exact) if words else {}


def are_deals(table: Table) -> bool:
    """True for a table with a stage, an amount and an end, or no address: leads of Nutshell and Odoo."""
    columns = _by_words(table, words_of_leads()).items()
    roles = {role for column, role in columns if header_key(column) != "due date"}  # that of a task
    ends = roles & {"probability", "close", "expected_close", "closed_date"}
    own = {role for column, role in columns if header_key(column).startswith(("deal ", "opportunity "))}
    if own >= {"title", "amount"}:  # `Deal - Title` beside `Person - Name`
        return True
    if "stage" in roles and "amount" in roles:
        return bool(ends) or "status" in roles or "contacts.contact#" not in roles
    return bool(ends) and {"pipeline", "status", "amount"} <= roles


_MOST_OF_HISTORY = 6
"""Columns of a table of stages that isn't named so."""


def _of_history(table: Table) -> Recognised | None:
    """The stages that deals came to: a table of a deal, a stage and a date, and little else."""
    words = synonyms()["history"]
    columns = _by_words(table, words, is_exact=True)
    is_named = any(word in stem_of(table.name) for word in words.names)
    title = any(header_key(column) in ("title", "name", "amount", "value") for column in table.columns)
    if len(columns) < 3 or not (is_named or (len(table.columns) <= _MOST_OF_HISTORY and not title)):
        return None
    return Recognised("opportunities", "", "", columns, {"part": True, "unknown": "skip"}, len(columns))


def _by_words(table: Table, words: Words, *, is_exact: bool = False) -> dict[str, Any]:
    """The role of each column whose header is one of the words, or is nearly; each role once.

    Of two columns of one role that has it whose word comes first: the sales price, not the list price. One
    without a value has it where no other does, as has one of ids, or of the day it was made, beside others.
    """
    hidden = [column for column in table.columns if re.match(patterns()["hidden"], column)]
    columns: dict[str, Any] = dict.fromkeys(hidden[:1], "external_id")
    place = words.places
    ids = {c for c in table.columns if role_told(c, words) == "owner" and all(map(is_code, texts(table, c)))}
    late = {c: not texts(table, c) or c in ids or "creat" in c.lower() for c in table.columns}
    for column in sorted(table.columns, key=lambda c: (late[c], place.get(header_key(c), len(place)))):
        role = role_told(column, words) if is_exact else role_nearly(column, words)
        cells = texts(table, column)
        is_none = role == "external_id" and table.rows and not words.may_be_ids(cells)
        if role == "quantity" and cells and not any(re.match(r"\d", text) for text in cells):
            role = "uom"  # `Ud.` of `m2` and `h` is what they are counted in
        is_none = is_none or (role == "customer" and _is_no_customer(table, column))
        if role and role not in columns.values() and not is_none and _may_be(table, column, role):
            columns[column] = role
    lacking = {*words.columns.values()} - {*columns.values(), "at"}
    if "region" in lacking:
        free = [c for c in table.columns if c not in columns and _are_regions(table, c)]
        columns |= dict.fromkeys(free[:1], "region")
    for role, module in patterns()["modules"].items():
        free = [c for c in table.columns if role in lacking and c not in columns]
        named = [c for c in free if texts(table, c) and all(t.startswith(module) for t in texts(table, c))]
        columns |= dict.fromkeys(named[:1], role)
    for role in () if is_exact else patterns()["some cells"].keys() & lacking:
        columns |= dict.fromkeys([c for c in _of_content(table, role, words) if c not in columns][:1], role)
    return columns


def _is_no_customer(table: Table, column: str) -> bool:
    """True where names beside it vary, and it has one code, or our firm, in most rows, or codes of the books.

    Of an account of the books a name that stands in several rows has several.
    """
    own, words = texts(table, column), synonyms()["opportunities"]
    are_codes, is_one = all(map(is_code, own)), max(own.values(), default=0) * 10 >= own.total() * 9
    for other in table.columns if own and (are_codes or is_one) else ():
        names, is_named = texts(table, other), role_told(other, words) in ("customer", "contacts.contact")
        if other == column or not is_named or len(names) < 2 or all(map(is_code, names)):
            continue
        pairs = {(row.text(other), row.text(column)) for row in table.rows if row.text(other)}
        several = are_codes and len(own) < len(names) and (len(pairs) - len(names)) * 5 > len(names)
        if several or (is_one and (are_codes or sum(map(is_of_firm, names)) * 5 > len(names))):
            return True
    return False


def _may_be(table: Table, column: str, role: str | None) -> bool:
    """False for a column of addresses, numbers or days that has none: `Newsletter/E-Mail` with a yes."""
    some, each = patterns()["some cells"], patterns()["each cell"]
    cells = texts(table, column)
    if role in ("stage", "status", "pipeline", "lost_reason", "type", "source"):  # texts are no words of it
        return all(len(text) <= 4 * _TITLE for text in cells)
    if role in patterns()["days"].split():  # `Validez` of 30 is how many they are
        return not cells or has_days(cells)
    if role in each:
        return all(re.fullmatch(each[role], folded(text)) or is_yes(text) is not None for text in cells)
    if role == "custom.lead_status":  # `Estado` with `SP` and `RJ`
        return not _are_regions(table, column)
    for pattern, roles in patterns()["not all cells"].items():
        if role in roles.split():
            return not cells or not all(re.fullmatch(pattern, folded(text)) for text in cells)
    return not cells or role not in some or any(re.match(some[role], text) for text in cells)


def _are_regions(table: Table, column: str) -> bool:
    """True for a column of the letters that regions have, under a word for them or for a state."""
    is_named = re.fullmatch(patterns()["of a region"], header_key(column))
    return is_named is not None and all(re.fullmatch("[A-Z]{2,3}", text) for text in texts(table, column))


def _of_content(table: Table, role: str, words: Words) -> list[str]:
    """Columns that have a word for a role in their header, `mobiles Telefon`, or cells of no other sort."""
    own, other = words.columns, {*patterns()["not their own"].split()}
    sure, found = patterns()["own cells"].get(role), []
    for column in table.columns:
        cells, key = texts(table, column), {*header_key(column).split()}
        if not cells or key & other or role_told(column, words) not in (None, role):
            continue
        is_alike = any(own.get(word[:end]) == role for word in key for end in range(3, len(word) + 1))
        is_alike = is_alike and _may_be(table, column, role)
        is_sure = sure and 2 * len(cells) > cells.total() and all(re.fullmatch(sure, c) for c in cells)
        if is_alike or is_sure:
            found.append(column)
    return found


def with_marks(table: Table, told: Recognised) -> Recognised:
    """The columns, with those of deals that tell of one end: a day in `Closed won on`, a yes in `Won?`."""
    columns, nil = dict(told.columns), {"0"} if told.vendor else set[str]()  # `Closed won amount`
    may_be = {None, *(() if told.vendor else ("close", "closed_date"))}
    for column in table.columns if told.kind == "opportunities" else ():
        key, words = header_key(column), texts(table, column)
        ends = [of for of, pattern in patterns()["ends"].items() if re.search(pattern, key)]
        if not ends or {*words} <= nil or columns.get(column) not in may_be:
            continue
        ending = "closed" if {"won", "lost"} <= {*ends} else ends[0]
        role = "lost_reason" if "lost" in ends and re.search(patterns()["why"], key) else ""
        if not role and all(is_yes(word) is not None or outcome_of(word) == ending for word in words):
            role = ending
        elif not (role or told.vendor) and are_days(words) and (ending != "closed" or column not in columns):
            role = f"{ending}_date"
        columns |= {column: role} if role and role not in columns.values() else {}
    return told._replace(columns=columns)


def without_staff(tables: Sequence[Table], several: Sequence[Recognised | None]) -> list[Recognised | None]:
    """What tables are; contacts of no firm, most of whom own records of others, are users: the staff."""
    named = [(*pair, role) for pair in zip(tables, several, strict=True) for role in ("owner", "by")]
    owning = [(table, column) for table, told, role in named if told and (column := told.column_of(role))]
    owners = {folded(text) for table, column in owning for text in texts(table, column)}
    return [told and _unless_staff(table, told, owners) for table, told in zip(tables, several, strict=True)]


def _unless_staff(table: Table, told: Recognised, owners: Container[str]) -> Recognised:
    is_told = told.vendor or told.kind in kinds_named(table.sheet or table.name)
    if is_told or told.kind != "contacts" or {"customer", "customer#"} & told.roles.keys():
        return told
    parts = [told.roles[of] for of in ("name", *_HALVES) if of in told.roles]
    parts = parts[: 1 if "name" in told.roles else 2]
    names = [folded(" ".join(map(row.text, parts))) for row in table.rows]
    is_staff = parts and 3 * sum(name in owners for name in names) >= 2 * max(len(names), 1)
    return told._replace(kind="users", columns=by_words(table, "users")) if is_staff else told


def columns_of_deals(table: Table, told: Recognised, findings: Findings) -> dict[str, Any]:
    """The roles of a file's columns, with the amount that its words don't tell, and without what misleads."""
    columns = dict(told.columns)
    amount, person = (told.roles.get(role) for role in ("amount", "contacts.contact"))
    if amount and currency_of(amount):  # that of another: `amount_usd, invoice_amount, currency`
        columns = {column: role for column, role in columns.items() if role != "currency"}
    if person and "contacts" not in findings.kinds and all(map(is_code, texts(table, person))):
        del columns[person]
    elif person and not told.vendor and told.column_of("customer") is None:
        called = texts(table, person)
        columns |= {person: "customer"} if sum(map(is_of_firm, called)) * 5 > len(called) else {}  # Holded's
    if not told.vendor and told.column_of("contacts.contact") is None:
        rest = table._replace(columns=[column for column in table.columns if column not in columns])
        halves = {c: of for c, of in _by_words(rest, synonyms()["contacts"]).items() if of in _HALVES}
        columns |= halves if len(halves) == 2 else {}
    if "active" in told.roles and not told.vendor and "lost_reason" not in told.roles:
        del columns[told.roles["active"]]
    if not told.vendor and "contacts.email" not in columns.values():
        free = [c for c in table.columns if columns.get(c, "contacts.contact#") == "contacts.contact#"]
        columns |= dict.fromkeys([c for c in free if _are_addresses(table, c)][:1], "contacts.email")
        if "contacts.email" in columns.values() and "contacts.contact" not in columns.values():
            names = [c for c in table.columns if c not in columns and header_key(c) in ANYTHING]
            columns |= dict.fromkeys(names[:1], "contacts.contact")  # `Name` beside `Deal Name`
    columns |= _endings(table, told)
    if "status" in told.roles and "lost_reason" not in told.roles:  # Nutshell's
        outcomes = [c for c in table.columns if c not in columns and header_key(c) == "outcome"]
        columns |= dict.fromkeys(outcomes, "lost_reason")
    notes = told.roles.get("notes")
    is_named = any(map(told.column_of, ("title", "customer", "external_id", "custom.product")))
    own = texts(table, notes) if notes else {}
    is_named &= bool(told.column_of("title")) or len(own) < max(len(table.rows), _FEW)
    if notes and not is_named and all(len(t) <= _TITLE and "\n" not in t for t in own):
        columns[notes] = "title"  # a text is all that names the deals
    if amount and not told.vendor and not {"closing", "rows"} & told.rest.keys():
        columns = with_amount(table, amount, columns, findings)
    if not amount and "won_amount" not in told.roles:
        others = set(table.columns) - columns.keys() - {*told.rest.get("ignore", ())}
        amounts = [c for c in table.columns if c in others and are_amounts(table, c)]
        named = [c for c in amounts if is_of_money(c)]
        likely = named or ([] if told.vendor else amounts)
        name = named[0] if len(named) == 1 else findings.answer("value")
        if len(named) == 1:
            findings.assumed.append(f"{table.name}: {name} is taken for the amount of its deals")
        elif likely and name is None:
            question = f"{table.name}: which column is the amount of its deals: {', '.join(likely)}, or none?"
            findings.ask("value", question, (*likely, "none"))
        if name in likely:
            columns[str(name)] = "amount"
    codes = [c for c in table.columns if c not in columns and _are_currencies(table, c)][:1]
    if "currency" not in columns.values() and not (amount and currency_of(amount)):
        columns |= dict.fromkeys(codes, "currency")
    return columns


def _are_currencies(table: Table, column: str) -> bool:
    """True for a column of codes of which the header has a word for a currency: `Budget Amount Currency`."""
    words = [word for word, role in synonyms()["opportunities"].columns.items() if role == "currency"]
    is_named = any(len(word) > 4 and word in header_key(column) for word in words)
    return is_named and CURRENCIES.keys() >= set(texts(table, column))


def _endings(table: Table, told: Recognised) -> dict[str, str]:
    """The column that says how deals ended where no header tells it, or where a status is a stage, too."""
    status, stage = told.roles.get("status"), told.roles.get("stage")
    if status and stage and len(texts(table, stage)) == 1 and None in map(outcome_of, texts(table, status)):
        return {stage: "pipeline", status: "stage"}  # ClickUp's list, and its status
    if stage and (status or not {"won", "lost"}.isdisjoint(map(outcome_of, texts(table, stage)))):
        return {}
    free = [c for c in table.columns if c not in told.columns and c not in told.rest.get("ignore", ())]
    for column in [status] if status else free:
        words = texts(table, column)
        ends = [outcome_of(word) for word in words]
        several = len(ends) - ends.count("won") - ends.count("lost") > 1  # words for open deals tell more
        if status and several and (not any(ends) or {"won", "lost"} & {*ends}):
            return {column: "stage"}
        if not status and len(words) <= 30 and {"won", "lost"} <= {*ends} and not (stage and None in ends):
            return {column: "stage" if None in ends else "status"}
    return {}


def _are_addresses(table: Table, column: str) -> bool:
    """True for a column of e-mail addresses of contacts: `Main contact email`, `email`."""
    key, people = header_key(column), synonyms()["contacts"]
    is_theirs = any(f"{name} " in f"{key} " for name in people.names if len(name) > 4)
    return (is_theirs or people.columns.get(key) == "emails") and all("@" in t for t in texts(table, column))
