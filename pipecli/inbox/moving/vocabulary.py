"""Words that tell by themselves how a deal ended, how far a stage is, what sort an activity was, yes or no.

Their patterns are in `presets/words.yaml`, in English, Spanish, Portuguese, German, French and Persian. The
words of headers, and what they make of a table, are in `recognise_by_words.py`; their units are in
`guess_or_ask_formats.py`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from typing import Any

from pipecli.records.compare_names import folded
from pipecli.records.money import CURRENCIES
from pipecli.store.yaml.read import parse

_MANY = 20  # rows


@cache
def patterns() -> Mapping[str, Any]:
    """The words of `presets/words.yaml`: outcomes, stages on their way, activities, units and others."""
    return _preset("words.yaml")


@cache
def names_of_currencies() -> Mapping[str, str]:
    """The codes of currencies by their names, in small letters; they are many, and seldom asked for."""
    codes: Mapping[str, str] = _preset("currencies.yaml")["currencies"]
    return codes


@cache
def kinds_of_rows() -> Mapping[str, Mapping[str, Any]]:
    """What the rows of a file may be, with the facts of each, in the order in which they are brought in."""
    return _preset("kinds.yaml")


@cache
def evidence() -> Mapping[str, Mapping[str, Any]]:
    """What speaks for each kind, and against it, in a table that no preset knows."""
    plain: dict[str, Any] = dict(_preset("evidence.yaml"))
    every = plain.pop("every")
    return {kind: {**own, "against": every | own.get("against", {})} for kind, own in plain.items()}


def _preset(name: str) -> Mapping[str, Any]:
    return parse(files(__package__).joinpath("presets", name).read_text(encoding="utf-8"), name)


@cache
def header_key(name: str) -> str:
    """A header as headers are compared: `Deal - Title`, `deal_title` and `DealTitle?` are one."""
    name = re.sub(r"^_(\w+)_value$|^properties\.(?=\w)", r"\1", name)  # of Web APIs
    name = name.replace("#", " number ")  # `Opportunity #` is no name of one
    name = re.sub(patterns()["types of fields"], "", name)
    name = re.sub(patterns()["one word"], lambda match: match[0].title(), name)
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    words = re.sub(r"[^\w]+", " ", folded(apart).replace("_", " ")).strip()
    words = re.sub(r" (dd|mm|yyyy)( (dd|mm|yyyy|yy)){2}$", "", words)  # `Fecha dd/mm/yyyy`
    words = re.sub(patterns()["without tax"], " untaxed", words)  # `totalAmountExcludingTax`
    words = re.sub(r" ext(ernal)? id$", " id", words)  # `AccountExtId__c`, `Account.External_Id__c`
    words = re.sub(r"\b(\w+) \1\b", r"\1", words)  # `Company: Company name`
    return words.replace("organisation", "organization")


@cache
def one_word(name: str) -> str:
    """A header without its blanks: Data Loader writes `STAGENAME`, the weekly export `StageName`."""
    return header_key(name).replace(" ", "")


ANYTHING = {"name", "display name", "nombre", "nome", "nom", "نام", "naam", "namn", "nazwa"}
"""Headers of a name that anything has, a quote or a project: with no role of firms it isn't a customer's."""
_BY_ID = ("customer", "owner", "by", "contacts.contact")
"""Roles that a column may have by the id of another file's row: `Account Id`, `owner_id`."""


@dataclass(frozen=True, eq=False)
class Words:
    """The words of a kind."""

    names: tuple[str, ...]
    """Those that a file's name may have, and a header before its own: `deals`, `Deal amount`."""
    columns: Mapping[str, str]
    """The role of each header's key."""

    @cached_property
    def nouns(self) -> tuple[str, ...]:
        """What may stand in a header before its word, or after it: the names, and words for an address."""
        names = (*self.names, *(name.removesuffix("s") for name in self.names))
        of_lines = ("product", "item", "line") if "quantity" in self.columns.values() else ()
        return (*names, *patterns()["of addresses"], *of_lines)  # `Product - Quantity`

    def may_be_ids(self, cells: Counter[str]) -> bool:
        """False for cells that are empty, or seldom of one person or firm: their rows aren't lines of one."""
        is_of_one = {"first_name", "industry"}.isdisjoint(self.columns.values()) or cells.total() == 1
        return bool(cells) and (is_of_one or 2 * len(cells) > cells.total())

    @cached_property
    def in_name(self) -> re.Pattern[str]:
        """One of the names, or its plural, among the words of a file's name."""
        return re.compile(rf"\b(?:{'|'.join(self.names)})(e?[sn]|e)?\b")

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Where each header's key comes among all."""
        return {word: number for number, word in enumerate(self.columns)}

    @cached_property
    def by_letter(self) -> Mapping[str, list[str]]:
        """The words of headers by the letter that they begin with."""
        letters = {word[:1] for word in self.columns}
        return {letter: [word for word in self.columns if word[:1] == letter] for letter in letters}


@cache
def synonyms() -> dict[str, Words]:
    plain: dict[str, Any] = dict(_preset("synonyms.yaml"))
    common = plain.pop("every")
    people, leads, own = plain["contacts"], plain["leads"], plain["activities"]
    for role, theirs in {"name": "name", "title": "title", "phone": "phones", "email": "emails"}.items():
        leads[role] = [*leads.get(role, ()), *people[theirs]]  # who is a person, too
    firms = [*common["customer"], *plain["customers"]["name"]]
    for of, role, more in ((people, "customer", []), (leads, "organization", plain["suppliers"]["name"])):
        known = {word for words in (*of.values(), *map(common.get, of["common"])) for word in words or ()}
        of[role] = [*of[role], *(word for word in (*firms, *more) if word not in known | ANYTHING)]
    own_names = [*plain["customers"]["name"], *(word for word in common["customer"] if " " not in word)]
    plain["customers"]["name"] = sorted(own_names, key=ANYTHING.__contains__)  # `Entreprise`, not `Nom`
    own["by"] = [*own["by"], *common["owner"]]
    of_order = plain["orders"].keys()
    plain["orders"] |= {role: told for role, told in plain["quotations"].items() if role not in of_order}
    del plain["orders"]["valid_until"]
    return {
        kind: Words(
            tuple(header_key(word) for word in told.pop("names")),
            dict(_roles({role: common[role] for role in told.pop("common", ())}, told)),
        )
        for kind, told in plain.items()
    }


def _roles(common: Mapping[str, list[str]], own: Mapping[str, list[str]]) -> Iterator[tuple[str, str]]:
    """Words and their roles; of a word with two the last holds."""
    for roles in (common, own):
        for role in _BY_ID:
            for key in map(header_key, roles.get(role, ())):
                yield f"{key} id", f"{role}#"
                yield f"id {key}", f"{role}#"
    mine = {header_key(word) for words in own.values() for word in words}
    for roles in (common, own):  # a word of the kind's own has its place among those
        told = ((header_key(word), role) for role, words in roles.items() for word in words)
        yield from ((key, role) for key, role in told if roles is own or key not in mine)


@cache
def words_of_leads() -> Words:
    """The words of deals, also after that for a lead: `Lead status`."""
    return replace(words := synonyms()["opportunities"], names=(*words.names, "lead"))


def is_of_sale(key: str) -> bool:
    """True for a header, of lines, that says whose they are: of a deal, an order, a customer."""
    of, _, what = key.partition(" ")
    is_record = synonyms()["items"].columns.get(key, "").startswith("record")
    of, what_of = of.removesuffix("s"), ("", "id", "number", "no", "nr", "date", "ref", "link")
    is_own = of in patterns()["with ids"].split() and what in what_of
    return is_own or is_record or key in patterns()["who buys"].split(", ")


def are_products(columns: Mapping[str, Any], keys: Iterable[str]) -> bool:
    """True where a code tells products, or a price beside their name, of no sale: `Code` is anything's."""
    own = {str(role): header_key(column) for column, role in columns.items()}
    code, priced = own.get("sku"), own.keys() & {"price", "cost"}
    words = {*f"{own.get('name')} {own.get('external_id')}".split()} & {*patterns()["things sold"].split()}
    if code:
        return code not in synonyms()["customers"].columns or bool(priced or "uom" in own)
    is_sale = any(is_of_sale(key) or synonyms()["activities"].columns.get(key) == "at" for key in keys)
    return bool(words and priced) and not is_sale


def kinds_named(name: str) -> set[str]:
    """The kinds that a file's name says at its end: `All Deals 2026.csv`."""
    stem, around = stem_of(name), patterns()["of exports"].split()
    words = (re.sub(r"(?<=[a-z])\d+$", "", word) for word in stem.split())  # `Product2`
    last = [word for word in words if word.isalpha() and word not in around][-1:]
    ends = {stem, *last, *(f"{word}s" for word in last)}
    return {kind for kind, words in synonyms().items() if not ends.isdisjoint(words.names)}


_OF = {"do", "da", "del", "de", "la", "l", "du", "des", "der", "della", "van", "of"}
"""Words before that for a record, in `Fase do negócio` and `Etapa de la oportunidad`."""
_OWN_ID = re.compile(
    r"((pipeline|sales|list|crm) )?(item|record|row|entry|box|card|project|unique|system) (id|key|number)"
)
"""A header that no other kind of record has: `Pipeline Item Id`."""
_PERSONS = {"owner", "by", "customer", "contacts.contact"}
"""Roles of which a header may say that it is their name: `RM Name`."""
_CHOSEN = {"source", "campaign", "industry", "country", "city", "region", "status", "stage", "lost_reason"}
"""Roles of which a header may say that it is their name: `Lead Source System`, `Country Name`."""
_CODES = {"external_id", "sku", "product"}
"""Roles of which a header may be `Code`, which of an address is another."""
_OF_PERSONS = {"email", "emails", "phone", "phones", "first_name", "last_name"}
"""Roles that a header may say to be those of a person: `Contact First Name` of a lead."""


def role_of_header(key: str, words: Words) -> str | None:
    """The role of which a header is a word, also after that for a record or one for the first of several."""
    roles = words.columns
    key = re.sub(r"^f (?=\w{4})", "fecha ", key)  # `F. alta`
    if role := roles.get(key) or ("external_id" if _OWN_ID.fullmatch(key) else None):
        return role
    is_of_noun = key.startswith(words.nouns) or key.endswith(words.nouns) or key.rpartition(" ")[2] in _OF
    addresses = patterns()["of addresses"]
    for noun in words.nouns if is_of_noun else ():
        role = roles.get(key.removeprefix(f"{noun} "))
        if role and (role not in _CODES or noun not in addresses):  # `Postal Code` is no code of a person
            return role
        is_own = key.startswith(noun) and noun not in addresses
        if is_own and roles.get(key[len(noun) :]) == "external_id":  # `Klantnummer`
            return "external_id"
        of = (bare := key.removesuffix(f" {noun}")).rpartition(" ")
        if noun[-1] != "s" and (role := roles.get(bare)) and (role not in _CODES or noun not in addresses):
            return role
        if of[2] in _OF and (role := roles.get(of[0].removesuffix(" de"))):
            return role
    parts, other = key.split(), {*patterns()["another"].split()}
    for place in range(1, len(parts) - 1) if parts[-1:] == ["id"] else ():
        if roles.get(" ".join(parts[place:])) == "external_id" and other.isdisjoint(parts[:place]):
            return "external_id"  # `ZoomInfo Contact ID`
    if (role := roles.get(key.removesuffix(" name"))) in _PERSONS:
        return role
    role = roles.get(bare := re.sub(patterns()["of a person"], "", key))
    if role in _OF_PERSONS or (bare != key and role in ("name", "title") and "first_name" in roles.values()):
        return role
    begins, _, last = key.rpartition(" ")
    if last in ("name", "label", "value", "system") and (role := roles.get(begins)) in _CHOSEN:
        return role
    if (bare := re.sub(patterns()["a number"], "", key)) != key and bare in words.nouns:  # `N° devis`
        return "custom.number" if "custom.number" in roles.values() else "external_id"
    if bare != key and str(role := roles.get(bare)).startswith("record"):
        return role
    return roles.get(re.sub(patterns()["the first"], "", key).strip())


_CLOSE_ENOUGH = 88
"""Of 100, as rapidfuzz counts: `Telefonnumer` is `Telefonnummer`, `Stage` isn't `State`."""


@lru_cache(10_000)  # asked of each column for each kind and role
def role_told(header: str, words: Words) -> str | None:
    """The role of which a header is a word; of `State/Region`, or `País/Região`, that of the first part."""
    parts = [header, *header.split("/")] if "/" in header else [header]
    parts[1:1] = [re.sub(r"/\S+(?= )", "", header)] if "/" in header else []  # `Product/Service Rate`
    price = words.columns.get("price")
    for key in map(header_key, parts):
        if price == "price" and key not in words.columns and (role := role_of_price(key)):
            return role  # of products: `Item price`
        if role := role_of_header(key, words):
            return role
        if (role := words.columns.get(bare_header(key))) in ("amount", "price", "cost"):
            return role
        if price == "unit_price" and is_of_unit(key):
            return "unit_price"
    return None


@lru_cache(10_000)
def role_nearly(header: str, words: Words) -> str | None:
    """The role of which a header is a word, or nearly."""
    if role := role_told(header, words):
        return role
    key = header_key(header)
    is_its_own = len(key) < 5 or key.startswith("is ") or key.endswith(" id")
    if is_its_own or any(key in of.columns for of in synonyms().values()):
        return None  # `Last Name` is no `List name`
    from rapidfuzz import fuzz, process

    alike = words.by_letter.get(key[:1], [])  # `Detail address` is no `E-mail address`
    match = process.extractOne(key, alike, scorer=fuzz.ratio, score_cutoff=_CLOSE_ENOUGH)
    own, of = key.split(), match[0].split() if match else []
    is_other = len(own) == len(of) and any(fuzz.ratio(*pair) < 76 for pair in zip(own, of, strict=True))
    return words.columns[match[0]] if match and not is_other else None  # `Form name` is no `Firm name`


def bare_header(words: str) -> str:
    """The words of a header of amounts without its unit and currency: `betrag tsd` and `valor r` of `R$`."""
    several, beside = words.split(), patterns()["beside amounts"].split()
    while several and (
        several[-1] in beside
        or (several[-1][-3:].upper() in CURRENCIES and several[-1][:-3] in ("", "k", "t", "m"))
    ):
        several.pop()
    return " ".join(several)


def stem_of(name: str) -> str:
    """The words of a file's name, without the moment at its end: `Quote Products 11-27-2026 9-41-05 AM`."""
    return re.sub(r"(?<=\w)( (\d+|am|pm))+$", "", header_key(name.rpartition(".")[0] or name))


def is_of_another_thing(name: str) -> bool:
    """True for a file named as what belongs to a record, `CampaignMember.csv`, or as one's own object."""
    words = {*stem_of(name).split()}
    other = words & {*patterns()["other things"].split()} if "import" not in words else set()
    other -= {"campaign"} if "leads" in words else set()  # `campaign_leads`, `lead-import-template`
    other -= set() if words.isdisjoint(synonyms()["items"].names) else {*patterns()["of lines"].split()}
    return bool(other) or name.rpartition(".")[0].endswith("__c")


def has_its_own(columns: Iterable[str], stem: str, what: str = "id") -> bool:
    """True for a table of other things than deals: `payments.csv` with a column `payment_id`."""
    words = (re.sub("ies$", "y", word).removesuffix("s") for word in stem.split())
    things = {*words, *patterns()["with ids"].split()}
    keys = map(header_key, columns)
    return any(key.endswith(f" {what}") and things.issuperset(key.split()[:-1]) for key in keys)


_IS_DATA = re.compile(r"(\\N|-?\d+[.,]\d+|\d{4}-\d\d-\d\d([T ]\d\d:\d\d\S*)?|\S+@\S+\.\w+)( \(\d+\))?")
"""A cell of a row, which no column is called."""


def are_data(columns: Iterable[str]) -> bool:
    """True for the first row of a table without a header, as a dump of a database has it."""
    return sum(_IS_DATA.fullmatch(column) is not None for column in columns) > 1


def repeat(keys: Iterable[tuple[str, ...]]) -> bool:
    """True where most of many rows tell of one that another row tells of: those of visits are no products."""
    told = [key for key in keys if any(key)]
    return len(told) > _MANY and 2 * len({*told}) < len(told)


def is_of_change(header: str) -> bool:
    """True for the day on which a deal was last changed, which is mostly that of its end."""
    return re.fullmatch(patterns()["changed"], header_key(header)) is not None


@cache
def state_of(word: str, among: str) -> str | None:
    """Which of some states a word tells, `outcomes` or those of papers; None for none.

    One that it denies, awaits, halves or foretells isn't come to: `Not accepted`, `Pendiente de aceptar`,
    `To deliver`. What is known as a whole is: `Not won` is lost. After a bad end stands why: `Lost no fit`.
    """
    clauses = re.split(r"[,;:|/]| [-–—] |\((?=[^()]*\)$)", folded(word))
    told = {_of_clause(" ".join(re.sub(r"[_()\-]+", " ", own).split()), among) for own in clauses}
    return next((state for state in patterns()[among] if state in told), None)


def _of_clause(plain: str, among: str) -> str | None:
    for state, pattern in patterns()[among].items():
        if match := re.search(pattern, plain):
            before, after = plain[: match.start()], plain[match.end() :]
            is_early, is_bad = (state in patterns()[of].split() for of in ("early", "bad ends"))
            is_come = is_early or not (_is_denied(f"{before}…") or (not is_bad and _is_denied(after)))
            return state if is_come else None
    return None


def _is_denied(words: str) -> bool:
    """True for words beside a state, of which `…` stands for what follows, that say it isn't come to."""
    return re.search(patterns()["not yet"], words) is not None


def outcome_of(word: str) -> str | None:
    """What a stage's or a status's name says: open, won or lost; None for neither word of it."""
    return state_of(word, "outcomes")


def is_yes(word: str) -> bool | None:
    """The yes or no that a word stands for; None for any other word."""
    plain, words = folded(word).strip(), patterns()
    return True if plain in words["yes"].split() else False if plain in words["no"].split() else None


def tell_all(statuses: Iterable[str], stages: Iterable[str]) -> bool:
    """Whether statuses tell the outcomes of deals: each is known, and no stage is an ending."""
    return all(map(outcome_of, statuses)) and {"won", "lost"}.isdisjoint(map(outcome_of, stages))


def of_statuses(told: Mapping[str, str | None]) -> dict[str, str]:
    """The outcome of each status, and of those that tomorrow's deals may have."""
    shaped = str.lower if all(word.islower() for word in told) else str.title
    known = {word: of or "open" for word, of in told.items()}
    return {shaped(word): word for word in ("won", "lost")} | known | {"": "open"}


def of_activity(role: str, words: Iterable[str]) -> dict[str, Any]:
    """What the words of another system mean for an activity's type, its way, and for whether it is done."""
    if role == "done":
        over = {
            word: not (_is_denied(plain := folded(word)) or re.search(patterns()["not done"], plain))
            for word in words
        }
        return {"values": over, "otherwise": False}
    types = patterns()["directions" if role == "direction" else "activities"].items()
    told = {word: [of for of, own in types if re.search(own, folded(word))] for word in words}
    known = {word: of[0] for word, of in told.items() if of}
    if role == "type":
        return {"values": known, "otherwise": "task"}
    return {"values": dict.fromkeys(told) | known, "otherwise": None}


def of_papers_statuses(kind: str, words: Iterable[str]) -> dict[str, Any]:
    """What the statuses of quotations or orders mean here; those that no word tells of are `otherwise` new.

    Beside a word for what customers accept, `Approved` is said of what we may send; where others are sent, of
    a draft.
    """
    first = {"quotations": "draft", "orders": "open"}[kind]
    meant = {word: of for word in words if (of := state_of(word, kind))}
    approved = [word for word in meant if re.search(patterns()["approved"], folded(word))]
    others = {of for word, of in meant.items() if word not in approved}
    if "accepted" in others:
        meant |= dict.fromkeys(approved, "draft" if "sent" in others else "sent")
    return {"values": meant, "otherwise": first}


def is_of_unit(key: str) -> bool:
    """True for what is asked for one, whatever else its header says: `proposed unit price`, no supplier's."""
    words = {*key.split()}
    return words >= {"unit", "price"} and words.isdisjoint(patterns()["prices"]["bought"].split())


def role_of_price(key: str) -> str | None:
    """Whether a header such as `prix vente HT` is of what is asked, with or without tax, or of what it costs.

    None for one with other words, which may say more: an old price, one of resellers.
    """
    words = {of: {*told.split()} for of, told in patterns()["prices"].items()}
    own = {word for word in key.split() if word.upper() not in CURRENCIES and len(word) > 1}
    is_price = own & words["price"] or (own & words["sold"] and own & words["unit"])
    if not is_price or own - set().union(*words.values()):
        return None
    if own & words["bought"]:
        return "cost"
    return "price_with_tax" if own & words["taxed"] and not own & words["untaxed"] else "price"
