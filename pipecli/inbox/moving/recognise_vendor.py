"""The vendor and the kind of each table of an export, by its header."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from pipecli.errors import PipecliError
from pipecli.inbox.importing.compile_mapping import holds, texts
from pipecli.inbox.importing.table import Table
from pipecli.inbox.moving import Preset, presets, vendors
from pipecli.inbox.moving.findings import share_words, text_of_row
from pipecli.inbox.moving.guess_or_ask_formats import currency_of
from pipecli.inbox.moving.recognise_by_words import (
    Recognised,
    are_deals,
    by_words,
    by_words_of,
    columns_for,
    without_staff,
)
from pipecli.inbox.moving.vocabulary import (
    ANYTHING,
    header_key,
    is_of_another_thing,
    is_of_sale,
    is_yes,
    kinds_named,
    kinds_of_rows,
    of_activity,
    one_word,
    patterns,
    role_told,
    synonyms,
)
from pipecli.records.compare_names import folded
from pipecli.records.kinds import SLUG

_MOST_BY_WORDS = 12
"""Tables of an export of a vendor; of more than these one must be named as its kind is."""
_OF_PEOPLE = ("users", "customers", "contacts", "leads")
"""Kinds that have columns in common: a file that is named as another of them is none of these."""
_CLOSING = {"close", "expected_close"}
_FILE_NAMED = 3  # what a file's name adds to the columns that it has in common with a preset


def check_vendor(vendor: str | None) -> None:
    """Refuse a vendor without presets. Raises PipecliError."""
    if vendor is not None and vendor not in vendors():
        raise PipecliError(f'--from must be one of {", ".join(vendors())}, not "{vendor}"')


def recognise(tables: Sequence[Table], vendor: str | None = None) -> list[Recognised | None]:
    """The kind of each table; None for one that nobody knows.

    The files of one export are of one vendor: where a table may be of several, it is of the one that the
    others are of. Raises PipecliError where that doesn't tell, either.
    """
    vendor = vendor or _vendor_named(tables)
    candidates = [list(_of_presets(table, presets(), vendor)) for table in tables]
    scores: dict[str, float] = {}
    for several in candidates:
        best = {one.vendor: one.score for one in sorted(several, key=lambda one: one.score)}
        scores |= {name: scores.get(name, 0) + score for name, score in best.items()}
    leading = max(scores, key=lambda name: scores[name], default=None)
    chosen = [_chosen(*pair, leading) for pair in zip(tables, candidates, strict=True)]
    kinds = {one.kind for one in chosen if one}
    is_whole = leading is not None and len(tables) > _MOST_BY_WORDS
    told = [
        completed(table, one) if one else by_words_of(table, kinds, is_whole=is_whole)
        for table, one in zip(tables, chosen, strict=True)
    ]
    return without_staff(tables, told)


def leading_vendor(several: Iterable[Recognised]) -> str:
    """The vendor of most tables; those of lines and products are too common to tell it beside others."""
    own = [one for one in several if "part" not in one.rest and one.kind != "users"]
    main = [one for one in own if one.kind not in ("items", "products", "price-lists")] or own
    return next((of for of, _ in Counter(one.vendor for one in main if one.vendor).most_common(1)), "")


def completed(table: Table, told: Recognised) -> Recognised:
    """The columns of a preset, and those of fields that it has no column for, as other editions call them."""
    fed = {
        str(of.get("to") if isinstance(of, dict) else of).removesuffix("#")
        for column, of in told.columns.items()
        if texts(table, column) or not table.rows
    }
    fed |= {role.partition(".")[0] for role in fed if role[-1:].isdigit()}
    if told.kind not in kinds_of_rows() or "part" in told.rest:
        return told
    others = [c for c in table.columns if c not in told.columns and c not in told.rest.get("ignore", ())]
    columns = by_words(table._replace(columns=others), told.kind, is_exact=True)
    lacking = {*patterns()["completed"].split()} - fed
    lacking -= _CLOSING if fed & _CLOSING else set()
    return told._replace(columns=told.columns | {c: of for c, of in columns.items() if of in lacking})


def _vendor_named(tables: Iterable[Table]) -> str | None:
    """The vendor that all names of files say: `hubspot_contacts.csv`; leads come from Google and LinkedIn."""
    words = [{*re.split(r"[\W_]+", table.name.lower())} for table in tables] or [set[str]()]
    named = {*vendors()}.intersection(*words) - {"close", "google", "linkedin"}
    return named.pop() if len(named) == 1 else None


def kinds_in(table: Table, told: Recognised) -> list[Recognised]:
    """What a table is; one of organisations and persons, or of products and prices, is two things."""
    of_persons = told.rest.get("persons", {})
    for name, words in of_persons.get("columns", {}).items():
        column = next((header for header in table.columns if one_word(header) == one_word(name)), None)
        if column is None:
            continue
        preset = next(one for one in presets() if one.name == of_persons["preset"])
        persons, *_ = _of_presets(table, [preset._replace(recognise=(), named=False)])
        firms = told._replace(rest={**told.rest, "only": told.rest["only"] or {column: {"not": words}}})
        return [firms, persons._replace(rest={**persons.rest, "only": {column: words}})]
    if told.kind == "products":
        return [*_with_prices(table, told)]
    told = _without_shared_ids(table, told)
    told = told if told.vendor and told.kind != "users" else _with_whole_names(table, told)
    told = _with_all_numbers(table, told)
    parts = _firms_and_persons(table, told) if told.kind == "contacts" else [told]
    return parts if parts != [told] else _firms_alone(table, _firm_or_person(table, told))


def _without_shared_ids(table: Table, told: Recognised) -> Recognised:
    """The columns of lines; an id that several have is the code of what is sold."""
    ids = "" if told.vendor or told.kind != "items" else told.column_of("external_id") or ""
    if max(texts(table, ids).values(), default=0) < 2:
        return told
    columns = {c: of for c, of in told.columns.items() if c != ids}
    return told._replace(columns=columns if "product" in columns.values() else columns | {ids: "product"})


def _with_prices(table: Table, told: Recognised) -> Iterator[Recognised]:
    """Products as they are, and those that have a price in their row as a list of prices for each currency.

    The price is the first that their words name: beside a sales price that of resellers is kept with them.
    """
    columns = {c: role for c, role in told.columns.items() if role not in _OF_PRICES}
    sku, ids = told.column_of("sku"), texts(table, told.column_of("external_id") or "")
    called = {(of, row.text(told.column_of("name"))) for row in table.rows if (of := row.text(sku))}
    if sku and len(texts(table, sku)) < len(called) and len(ids) == len(table.rows):
        del columns[sku]  # two products have it
    if "name" not in (*columns.values(), *told.rest.get("templates", ())):  # `Code, Description, Price`
        columns = {c: "name" if role == "description" else role for c, role in columns.items()}
    codes = [c for c in columns_for(table, "products", "sku") if len(texts(table, c)) == len(table.rows)]
    if "external_id" not in columns.values():  # `Code` beside `SKU`
        columns |= dict.fromkeys([c for c in codes if c not in columns][:1], "external_id")
    net, gross = (columns_for(table, "products", role) for role in _OF_PRICES[:2])
    prices: dict[str | None, str] = {}
    for column in [told.roles.get("price", ""), *net, told.roles.get("price_with_tax", ""), *gross]:
        code = currency_of(column)
        if texts(table, column) and not (columns.get(column) or (prices and None in {code, *prices})):
            prices.setdefault(code, column)
    shared = {c: "currency" for c, role in told.columns.items() if role == "currency"}
    shared |= {c: "name" for c, role in told.columns.items() if role == "price_list"}
    named = {c: "product" for of in ("sku", "external_id", "name") for c in columns if columns[c] == of}
    said = [*shared, *prices.values()] if prices and named else []
    templates = {"templates": {"name": f"{{{sku}}}"}} if sku else {}
    yield told._replace(columns=columns, rest={**templates, **told.rest, "said": said})
    for code, column in prices.items() if named else ():
        own = {c: of for c, of in shared.items() if not (code and of == "currency")}
        taxed = {"set": {"tax_included": True}} if column in gross else {}
        rest = {"only": {column: {"not": ""}}, "said": table.columns, **taxed}
        columns = {**named, column: "price", **own}
        yield Recognised("price-lists", told.vendor, told.preset, columns, rest, told.score)


_OF_PRICES = ("price", "price_with_tax", "currency", "price_list")  # roles of products, and theirs


def _firms_and_persons(table: Table, told: Recognised) -> list[Recognised]:
    """Contacts among which a column says who is a firm, as Capsule's `Type` does, as a table of each."""
    a_firm, a_person = patterns()["a firm"], patterns()["a person"]
    for column in () if told.vendor else table.columns:
        words = [*texts(table, column)]
        is_asked = re.fullmatch(patterns()["is a firm"], header_key(column))
        yes = {word: is_yes(word) if is_asked else None for word in words}
        firms = [w for w in words if re.fullmatch(a_firm, folded(w).strip()) or yes[w]]
        persons = [w for w in words if re.fullmatch(a_person, folded(w).strip()) or yes[w] is False]
        own_rows = table._replace(rows=[row for row in table.rows if row.text(column) in firms])
        columns = by_words(own_rows, "customers") if firms else {}
        if "name" in columns.values() and len(firms + persons) == len(words):
            own = [told._replace(rest={**told.rest, "only": {column: persons}})] if persons else []
            return [Recognised("customers", "", "", columns, {"only": {column: firms}}, told.score), *own]
    return [told]


def _firm_or_person(table: Table, told: Recognised) -> Recognised:
    """Customers, not contacts, if `Name` is beside `Ansprechpartner`; who a lead is by `Customer` alone."""
    name, person = told.roles.get("name"), _person_at(table, told)
    if told.kind == "contacts" and name and person and not told.vendor and "customer" not in told.roles:
        columns = {c: role for c, role in by_words(table, "customers").items() if role != "name"}
        return Recognised("customers", "", "", {name: "name", **columns}, {}, told.score)
    firm = told.roles.get("organization")
    if told.kind == "leads" and name and person and not firm and not told.vendor:  # Close's `Lead Name`
        return told._replace(columns={**told.columns, name: "organization", person: "name"})
    is_named = told.kind != "leads" or not {"name", "first_name", "last_name"}.isdisjoint(told.roles)
    if firm and not is_named and header_key(firm) in patterns()["who buys"].split(", "):
        return told._replace(columns={**told.columns, firm: "name"})
    return told


def _person_at(table: Table, told: Recognised) -> str | None:
    """The column of who is a firm's contact, beside its own columns: `Ansprechpartner`."""
    firm = told.roles.get("name", "") if told.kind == "customers" else ""
    who, people = re.compile(patterns()["who is it"]), columns_for(table, "contacts", "name")
    for column in (c for c in table.columns if told.columns.get(c) not in ("name", "customer")):
        cells, key = texts(table, column), header_key(column)
        is_bare = firm and key in ANYTHING and not share_words(table, column, firm)
        may_be = is_bare or (column in people and who.search(key))
        if may_be and {*map(is_yes, cells)} == {None} and not re.search(r"[@\d]", " ".join(cells)):
            return column
    return None


def _contact_of(table: Table, told: Recognised) -> dict[str, Any]:
    """The columns of the name of a customer's contact, or of its two names."""
    people = by_words(table._replace(columns=[c for c in table.columns if c not in told.columns]), "contacts")
    columns = {role: column for column, role in people.items() if texts(table, column)}
    first, last = columns.get("first_name"), columns.get("last_name") or columns.get("name")
    halves = {first: "first_name", last: "last_name"} if first and last else {}  # `Firma, Vorname, Name`
    return halves or ({person: "name"} if (person := _person_at(table, told)) else {})


def _firms_alone(table: Table, told: Recognised) -> list[Recognised]:
    """Contacts with rows of a firm and no person, and customers with a person in a row, as both."""
    firm = told.roles.get("customer")
    if named := _contact_of(table, told) if told.kind == "customers" else {}:
        begins = re.compile(patterns()["of a person"])
        theirs = [c for c in table.columns if begins.match(header_key(c)) and c != told.roles["name"]]
        columns = by_words(table._replace(columns=[c for c in theirs if c not in named]), "contacts")
        ids, firms = (texts(table, told.roles.get(role, "")) for role in ("external_id", "name"))
        is_by_id = len(ids) == len(table.rows) > len(firms)  # two are called alike
        columns |= named | {told.roles["external_id" if is_by_id else "name"]: "customer"}
        name = next(c for c, role in columns.items() if role in ("name", "last_name"))
        said = [c for c in table.columns if c not in columns]
        rest: dict[str, Any] = {"only": {name: {"not": ""}}, "said": said}
        kept = {c: r for c, r in told.columns.items() if c not in columns or r in ("name", "external_id")}
        own = told._replace(columns=kept, rest={**told.rest, "said": [c for c in columns if c not in kept]})
        return [own, Recognised("contacts", "", "", columns, rest, told.score)]
    if told.kind != "contacts" or not firm:
        return [told]
    called = [told.roles[role] for role in ("name", "last_name", "first_name") if role in told.roles]
    with_firm = {bool(row.text(firm)) for row in table.rows if any(map(row.text, called))}
    mails = () if with_firm == {False} else ("emails", "emails.1")  # a firm has its own
    others = [c for c in columns_for(table, "contacts", "customer") if c != firm and with_firm == {False}]
    if others:  # `Gehört zu Organisation` of persons, beside the `Organisation` of a firm's own row
        kept = {c: of for c, of in told.columns.items() if c != firm} | {others[0]: "customer"}
        told = told._replace(columns=kept, rest={**told.rest, "doubles": [firm]})
    nobody = dict.fromkeys([*called, *(told.roles[role] for role in mails if role in told.roles)], "")
    alone = table._replace(rows=[row for row in table.rows if row.text(firm) and holds(nobody, row)])
    if not nobody or not alone.rows:
        return [told]
    columns = {c: r for c, r in by_words(alone, "customers").items() if r not in ("name", "external_id")}
    shared: dict[str, Any] = {"only": nobody, "said": [c for c in table.columns if not texts(alone, c)]}
    parts = [Recognised("customers", "", "", {**columns, firm: "name"}, shared, told.score)]
    for number, column in enumerate(nobody):
        only = {**dict.fromkeys([*nobody][:number], ""), column: {"not": ""}}
        if any(holds(only, row) for row in table.rows):
            parts.append(told._replace(rest={**told.rest, "only": {**told.rest.get("only", {}), **only}}))
    return parts


def _with_all_numbers(table: Table, told: Recognised) -> Recognised:
    """The columns, with each of the addresses and numbers of contacts: `Phone`, `Mobile`."""
    columns, known = dict(told.columns), {*told.columns, *told.rest.get("ignore", ())}
    for role in ("emails", "phones") if told.kind == "contacts" else ():
        own = [column for column in columns if str(columns[column]).partition(".")[0] == role]
        more = [column for column in columns_for(table, "contacts", role) if column not in known]
        numbered = enumerate([*own, *more], 1) if own and more else ()
        columns |= {column: f"{role}.{number}" for number, column in numbered}
    return told._replace(columns=columns)


def _with_whole_names(table: Table, told: Recognised) -> Recognised:
    """The columns; a name is the other half of one beside it unless most have it in them: `Nom;Prénom`."""
    name = told.roles.get("name")
    lacking = [role for role in ("first_name", "last_name") if role not in told.roles]
    if name is None or len(lacking) > 1:
        return told
    half = told.roles.get("last_name") or told.roles["first_name"]
    if told.kind == "users" and not lacking and not any(" " in text for text in texts(table, name)):
        login = {name: "id"} if all(re.fullmatch(SLUG, text) for text in texts(table, name)) else {}
        return told._replace(columns={c: of for c, of in told.columns.items() if c != name} | login)
    cells = [(text_of_row(name, row), text_of_row(half, row)) for row in table.rows]
    in_it = [folded(part) in folded(whole) for whole, part in cells if part]
    if sum(in_it) * 2 > len(in_it):
        others = [c for c in columns_for(table, "users", "name") if c not in told.columns]
        logins = [c for c in others if all(re.fullmatch(SLUG, text) for text in texts(table, c))]
        return told._replace(columns=told.columns | dict.fromkeys(logins[: told.kind == "users"], "id"))
    columns = {column: role for column, role in told.columns.items() if column != name}
    firm = {"contacts": "customer", "leads": "organization"}.get(told.kind, "")
    rest = " ".join(map(header_key, columns.keys() | {*table.columns} - {name}))
    if firm and not lacking and firm not in told.roles and re.search(patterns()["of firms"], rest):
        lacking = [firm]  # HubSpot's `Name` of the company, beside `Company Domain Name`
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
        if not _may_be_of(preset, by_key):
            continue
        proofs = sum(one_word(column) in by_key for column in preset.own)
        alike = {by_key[k]: _of_column(of, c, by_key[k]) for c, of in preset.columns.items()
                 if (k := one_word(c)) in by_key and ("%" in c) == ("%" in by_key[k])}  # fmt: skip
        is_of_fields = "part" not in preset.rest and " " not in "".join(preset.columns)
        are_labels = is_of_fields and " " in "".join(alike)
        if are_labels or (vendor is None and preset.own and not bare and proofs < 2):
            continue
        columns = alike | {c: preset.columns[c] for c in table.columns if c in preset.columns}
        for column in table.columns:  # `Company name` of the company beside `Company Name` of the contact
            if columns.get(by_key.get(one_word(column), "")) == "customer":
                columns.setdefault(column, "customer")
        is_named = bool(preset.file and re.search(preset.file, table.name, re.IGNORECASE))
        must_be_named = (preset.named and not bare) or (preset.file and is_of_another_thing(table.name))
        is_other = preset.kind in _OF_PEOPLE and (
            set() < named <= {*_OF_PEOPLE, "opportunities", "activities"} - {preset.kind}
            or (preset.kind in ("contacts", "customers") and are_deals(table))
        )
        of_sale = [c for c in map(header_key, table.columns) if c.endswith(" id") and is_of_sale(c)]
        is_other |= preset.kind == "products" and bool(of_sale)  # `quote_id` of lines
        ignored = {one_word(column) for column in preset.rest.get("ignore", ())} & by_key.keys()
        says = [c for c in table.columns if c not in columns and one_word(c) not in ignored]
        if (not is_named and (must_be_named or is_other)) or _says_otherwise(table, says, preset):
            continue
        only = {by_key[one_word(name)]: words for name, words in preset.rest.get("only", {}).items()
                if one_word(name) in by_key}  # fmt: skip
        named_by = {of: preset.rest[of] for of in ("external_id", "templates") if of in preset.rest}
        ignore = sorted(by_key[key] for key in ignored)
        rest = {**preset.rest, **_as_in_file(named_by, by_key), "ignore": ignore, "only": only}
        score = len(columns) + len(ignored) / 2 + _FILE_NAMED * is_named
        yield Recognised(preset.kind, preset.vendor, preset.name, _counted_anew(columns), rest, score)


def _as_in_file(of: Any, by_key: Mapping[str, str]) -> Any:
    """Templates of a preset with the names of the file: `PRICEBOOK2ID`."""
    if isinstance(of, dict):
        return {name: _as_in_file(one, by_key) for name, one in of.items()}
    several = [re.sub(r"\{([^{}]+)\}", lambda n: f"{{{by_key.get(one_word(n[1]), n[1])}}}", one)
               for one in ([of] if isinstance(of, str) else of)]  # fmt: skip
    return several[0] if isinstance(of, str) else several


def _of_column(of: Any, name: str, column: str) -> Any:
    """A preset's word on a column, with its name there in the conditions."""
    if isinstance(of, list):
        return [_of_column(part, name, column) for part in of]
    if not isinstance(of, dict) or name not in of.get("when", {}):
        return of
    return {**of, "when": {column if c == name else c: words for c, words in of["when"].items()}}


def _says_otherwise(table: Table, columns: Iterable[str], preset: Preset) -> bool:
    """True for activities of which a column says another type than the preset sets, or of one to do."""
    fixed, types = preset.rest.get("set", {}), patterns()["activities"].items()
    own = [str(of) for column, of in preset.columns.items() if column in table.columns]
    for column in columns if preset.kind == "activities" and fixed else ():
        role, words = role_told(column, synonyms()["activities"]), texts(table, column)
        if role == "type" and not any("'to': 'type'" in of for of in own):  # as `TaskSubtype` says it
            if {of for of, way in types for w in words if re.search(way, folded(w))} - {fixed.get("type")}:
                return True
        elif role == "done" and fixed.get("done") and not all(of_activity("done", words)["values"].values()):
            return True
    return False


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


def _may_be_of(preset: Preset, keys: Container[str]) -> bool:
    """Whether a header has the columns of a preset or, in a view of Dynamics, the hidden id of its rows."""
    hidden = [name for name in _hidden_ids() if one_word(name) in keys]
    is_its_own = any(preset.columns.get(name) == "external_id" for name in hidden)
    return is_its_own if hidden else all(one_word(name) in keys for name in preset.recognise)


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
    return {c: new.get(role, role) if isinstance(role, str) else role for c, role in columns.items()}


def doubts(table: Table, told: Recognised) -> list[str]:
    """That a table read by words may be a vendor's: most columns are, but too few that none else has."""
    keys, kind = {one_word(column) for column in table.columns}, "" if told.vendor else told.kind
    several = [one.vendor for one in presets() if one.own and one.kind == kind
               and keys.issuperset(map(one_word, one.recognise))
               and 4 * len(keys & {*map(one_word, one.columns)}) >= 3 * len(keys)]  # fmt: skip
    may_be = f"if it is of {' or '.join(several)}, say --from VENDOR"
    return [f"{table.name} is read by its header's words; {may_be}"] if several else []
