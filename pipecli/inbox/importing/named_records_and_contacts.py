"""The records that rows name, by id, external_id or name, and which contact is meant.

A contact is recognised by an address, or by name at a customer; ids come first, in `match_record.py`. Never
by the name alone: a namesake's row would give her another employer, and her address to a stranger. A record
that is missing is made with its name alone, where the mapping allows it.
"""

from __future__ import annotations

import re
from collections import ChainMap, defaultdict
from collections.abc import Collection as Container
from collections.abc import Iterable, Set
from contextlib import suppress
from functools import cached_property

from pipecli.errors import FaultyFile, Unreadable
from pipecli.inbox.importing.bindings import written
from pipecli.inbox.importing.cells import Named, Path, nouns_of
from pipecli.inbox.importing.earlier_imports import Departures, OtherFiles, imports_at
from pipecli.inbox.importing.list_elements import value_at
from pipecli.json_and_csv import loads
from pipecli.records.base import Part, Plain, Record
from pipecli.records.compare_names import may_be_one_person, name_key
from pipecli.records.emails_and_phones import email_key, phone_key, users_by_address, website_key
from pipecli.records.kinds import COLLECTIONS_BY_NOUN as BY_NOUN
from pipecli.records.kinds import CONTACT, TEAMS, USERS, Kind
from pipecli.records.references import references, relinked
from pipecli.records.written_amounts import Money, id_key
from pipecli.store import ids_and_files
from pipecli.store.pipeline import Pipeline
from pipecli.store.validate_record import validate
from pipecli.wording import first_of


class KnownNames:
    """The ids, names and external ids of the records of one kind."""

    def __init__(self, rows: Container[tuple[str, str, str | None]]) -> None:
        """`rows` are id, name and external_id."""
        self.labels = {key: label for key, label, _ in rows}
        self.external_ids = {key: external for key, _, external in rows if external is not None}
        self._by_external: dict[str, list[str]] = defaultdict(list)
        for key, external in self.external_ids.items():
            self._by_external[id_key(external)].append(key)
        self.emails: dict[str, str] = {}
        """Users are also known by their e-mail addresses, as `email_key` has them."""

    def add(self, key: str, label: str, external_id: str | None) -> None:
        self.labels[key] = label
        if external_id is not None and key not in self._by_external[id_key(external_id)]:
            self._by_external[id_key(external_id)].append(key)
            self.external_ids[key] = external_id
        if "_by_name" in vars(self) and key not in self._by_name[name_key(label)]:
            self._by_name[name_key(label)].append(key)

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        by_name: dict[str, list[str]] = defaultdict(list)
        for key, label in self.labels.items():
            by_name[name_key(label)].append(key)
        return by_name

    def with_name(self, name: str) -> list[str]:
        """The ids of the records of this name, however it is spelt."""
        return self._by_name.get(name_key(name), [])

    def with_external_id(self, external_id: str) -> list[str]:
        """The ids of the records of this external id, as ids are compared."""
        return self._by_external.get(id_key(external_id), [])


class People(KnownNames):
    """The contacts of the pipeline and of the file, also by their addresses, telephones and customers."""

    def __init__(
        self, rows: Container[tuple[str, str, str | None, str | None, *tuple[str | None, ...]]]
    ) -> None:
        """`rows` are id, name, external_id, customer, and addresses and telephone numbers as JSON lists."""
        super().__init__([row[:3] for row in rows])
        self._by_email: dict[str, list[str]] = defaultdict(list)
        self._by_name_and_customer: dict[tuple[str, str | None], list[str]] = defaultdict(list)
        self._names: dict[str, set[str]] = defaultdict(set)
        self.customers: dict[str, str | None] = {}
        self._addresses: dict[str, set[str]] = defaultdict(set)
        self._coming: set[str] = set()
        self._phones: dict[str, set[str]] = defaultdict(set)
        for key, name, _, customer, *lists in rows:
            self.meet(key, name, customer, *(loads(list_) if list_ else () for list_ in lists))

    def meet(
        self, key: str, name: str, customer: str | None, emails: Iterable[str], phones: Iterable[str] = ()
    ) -> None:
        """Know a contact, or more about one."""
        customer = customer or self.customers.get(key)
        self.customers[key] = customer
        self._names[key].add(name)
        self._phones[key] |= {*map(_digits, phones)}
        for email in emails:
            if (address := email_key(email)) and key not in self._by_email[address]:
                self._by_email[address].append(key)
                self._addresses[key].add(address)
        called = name_key(name)
        for keys in (self._by_name_and_customer[called, customer], self._by_name[called]):
            if key not in keys:
                keys.append(key)

    def expect_addresses(self, emails: Iterable[str]) -> None:
        """Know the addresses of all rows to come: who has one of them isn't a row's of another address."""
        self._coming |= {address for email in emails if (address := email_key(email))}

    def has_own_row(self, emails: Iterable[str], but_for: Iterable[str]) -> bool:
        """True where the file has a row of somebody's addresses, another than the one of these."""
        return not ({*map(email_key, emails)} - {*map(email_key, but_for)}).isdisjoint(self._coming)

    def recognised(
        self,
        name: str | None,
        customer: str | None,
        emails: Iterable[str],
        external_id: str | None = None,
        phones: Iterable[str] = (),
    ) -> str | None:
        """The contact that a row is about; None for one that nobody knows.

        1. Who has one of its addresses, and a name that may be hers; of several who is at the customer.
        2. Who has its name at its customer; if the row has an address, nobody of whom a row tells another.
        3. If it names no customer, who of these has one of its numbers. Else nobody if the row has an address
           or each of them has, and nobody who has other numbers: they have but their name in common.

        Who has another external_id is another person. Raises Unreadable where several have the same sign.
        """
        addresses = [address for email in emails if (address := email_key(email))]
        known = self._not_another(self._with(addresses), external_id)
        if name:
            known = [key for key in known if any(may_be_one_person(name, own) for own in self._names[key])]
        if len(known) > 1:
            known = [key for key in known if self.customers[key] == customer] or known
        if known:
            return _single(known, f"the address {addresses[0]}")
        same = self._not_another(self.named_at(customer, name) if name else (), external_id)
        if addresses:
            same = [key for key in same if self._addresses[key].isdisjoint(self._coming)]
        if customer is None:
            numbers = {*map(_digits, phones)}
            if own := [key for key in same if self._phones[key] & numbers]:
                return _single(own, f'the name "{name}" and this number')
            if numbers:
                same = [key for key in same if not self._phones[key]]
            if addresses or all(self._addresses[key] for key in same):
                return None
        return _single(same, f'the name "{name}" at {customer or "no customer"}') if same else None

    def _not_another(self, keys: Iterable[str], external_id: str | None) -> list[str]:
        """Those of contacts who have no other external_id."""
        ids = self.external_ids
        return [key for key in keys if external_id is None or ids.get(key, external_id) == external_id]

    def _with(self, addresses: Iterable[str]) -> list[str]:
        return [*dict.fromkeys(key for address in addresses for key in self._by_email.get(address, ()))]

    def shared(self, name: str, emails: Iterable[str]) -> list[str]:
        """The signs that somebody new has in common with others, in words."""
        addresses = self._with(address for email in emails if (address := email_key(email)))
        return ["address"] * bool(addresses) + ["name"] * bool(self.with_name(name))

    def named_at(self, customer: str | None, name: str) -> list[str]:
        """The contacts of this name at the customer, or of none."""
        return self._by_name_and_customer.get((name_key(name), customer), [])

    def elsewhere(self, name: str) -> str:
        """The namesakes of a person and their customers, for an error: `maria-lopez is at contoso`."""
        others = [(key, self.customers[key]) for key in self.with_name(name)]
        return "; ".join(f"{key} is at {customer or 'no customer'}" for key, customer in others[:3])


def _digits(phone: str) -> str:
    return phone_key(phone) or "".join(filter(str.isdigit, phone))


def _single(keys: list[str], sign: str) -> str:
    if len(keys) > 1:
        names = " and ".join(sorted(keys)) if len(keys) <= 5 else first_of(sorted(keys), 5, ",")
        raise Unreadable(f"{names} have {sign}: name one by its id")
    return keys[0]


_CODE_AND_NAME = re.compile(r"\[([^\[\]]+)\]\s*(\S.*)")
"""`[EN-200] Pump`, as Odoo names a product."""
_NAME_AND_ADDRESS = re.compile(r"(.*\S)\s*[(<]([^\s()<>@]+@[^\s()<>@]+)[)>]")
"""`Nora Field (nora@field.example)`, as HubSpot names a person."""


class Nameable:
    """All that rows may name: records of the pipeline, of the file itself, and those made on the way."""

    def __init__(
        self, pipeline: Pipeline, makeable: Container[str], others: OtherFiles, *, may_dangle: bool = False
    ) -> None:
        """With `may_dangle` a slug may name what a later import brings: a team's manager."""
        self.pipeline = pipeline
        self._makeable = makeable
        self._may_dangle = may_dangle
        self._known: dict[str, KnownNames] = {}
        self._keys: dict[tuple[Named, str | None], str] = {}
        self._departed: dict[str, Departures] = {}
        self.imports = imports_at(pipeline.location)
        self.new_records: dict[tuple[str, str], Part] = {}
        """Those that rows name and that were missing, by noun and key."""
        self.others = others
        self.dangling: dict[str, list[str]] = {}  # by kind, slugs that nothing has yet
        self.respelt: dict[tuple[str, str], str] = {}
        """By kind and the name in the file: the name of the record it was taken for."""
        self.namesakes: dict[str, list[str]] = {}
        """New contacts, and those of the same name elsewhere that they were not taken for."""

    def known(self, noun: str) -> KnownNames:
        if noun not in self._known:
            if BY_NOUN[noun].folder:
                self.pipeline.require_readable(BY_NOUN[noun])
            connection = self.pipeline.index.connection
            kind = People if noun == CONTACT.noun else KnownNames
            known = self._known[noun] = kind(connection.execute(_query(noun)).fetchall())
            if noun == USERS.noun:
                known.emails = users_by_address(self.pipeline.settings_as_written.get("users") or {})
        return self._known[noun]

    def departed(self, noun: str) -> Departures:
        """The records of a kind that were merged away or, since an import, removed or renamed."""
        if noun not in self._departed:
            collection, labels = BY_NOUN[noun], self.known(noun).labels
            connection = self.pipeline.index.connection
            rows = connection.execute("SELECT path FROM _records WHERE noun = ?", (noun,))
            removed = [*self.imports.departed(collection, labels, [path for (path,) in rows])]
            if noun == CONTACT.noun:  # by her name, who was removed is known at the customer of today
                removed = [one._replace(plain=self.as_merged(collection, one.plain)) for one in removed]
            merged = [one for one in self.imports.merged_away if one.noun == noun and one.key not in labels]
            self._departed[noun] = Departures([*merged, *removed], labels)
        return self._departed[noun]

    def as_merged(self, collection: Kind, plain: Plain) -> Plain:
        """A record in the words of today, naming those that the ones it named are merged into."""
        plain = self.in_words_of_today(plain)
        record: Part | None = None
        with suppress(FaultyFile):  # words of several imports, each right, and wrong together
            record = (
                validate(collection.model, plain) if collection.folder and self.imports.merged_away else None
            )
        if not isinstance(record, Record):
            return plain
        for _, noun, key in references(record):
            gone = self.departed(noun).find(None, None, own=key) if noun in BY_NOUN else None
            if gone and gone.survivor:
                record = relinked(record, {noun}, key, gone.survivor)
        return record.plain()

    def in_words_of_today(self, plain: Plain) -> Plain:
        """A record with its stage, type, source and reasons as people have renamed them since."""
        return self.imports.renamed.in_record(plain, self.pipeline.settings)

    def expect_records(self, noun: str) -> None:
        """Let rows name records, by their ids, that later files of the same move bring."""
        known = self.known(noun)
        for key in self.others.coming[noun]:
            if key not in known.labels:
                known.add(key, key, None)

    @property
    def people(self) -> People:
        people = self.known(CONTACT.noun)
        assert isinstance(people, People)
        return people

    def key_of(self, named: Named, customer: str | None = None) -> str:
        """The id or slug of what a cell names, of a contact at this customer. Raises Unreadable."""
        name = (named, customer if named.noun == CONTACT.noun else None)
        if name not in self._keys:
            if named.noun == CONTACT.noun:
                self._keys[name] = self._person(named, customer)
            else:
                keys = [key for noun in nouns_of(named.noun) if (key := self.find(noun, named.text))]
                self._keys[name] = keys[0] if keys else self._make(named)
        return self._keys[name]

    def _person(self, named: Named, customer: str | None) -> str:
        _, text, may_lack = named
        known = self.people
        if text in known.labels and not known.with_name(text):
            return text
        if external := known.with_external_id(text):
            return _one(text, external)
        both = _NAME_AND_ADDRESS.fullmatch(text)
        text, address = both.groups() if both else (text, text)
        is_address = both is None and email_key(text) is not None
        emails = [address] if both or is_address else []
        key = known.recognised(None if is_address else text, customer, emails)
        if key is not None:
            if not is_address and known.labels[key] != text:
                self.respelt[CONTACT.noun, text] = known.labels[key]
            return key
        if text in known.labels:
            return text
        if gone := self.departed(CONTACT.noun).find(text, text, customer, emails, own=text):
            return gone.survivor or gone.key
        self._require_not_refused(CONTACT.noun, text)
        if CONTACT.noun not in self._makeable or may_lack:
            others = known.elsewhere(text)
            where = f" at {customer}" if customer else ""
            hint = f"; {others}: name the person by id or e-mail address" if others else ""
            raise Unreadable(f'unknown contact "{text}"{where}{hint}')
        self.note_namesake(key := self.new_slug(CONTACT.noun, text), text)
        plain: Plain = {"id": key, "name": text}
        plain |= ({"customer": customer} if customer else {}) | ({"emails": emails} if emails else {})
        self.new_records[CONTACT.noun, key] = validate(CONTACT.model, plain)
        known.add(key, text, None)
        known.meet(key, text, customer, plain.get("emails", ()))
        return key

    def note_namesake(self, key: str, name: str) -> None:
        """Keep for the report that a new contact has the name of others."""
        if others := self.people.with_name(name):
            self.namesakes[key] = list(others)

    def note_called(self, noun: str, key: str, name: str | None) -> None:
        """Let later files name a record as this one of the move does, where it is here by another, or not."""
        if name and name_key(name) != name_key(self.known(noun).labels.get(key, "")):
            self.others.called[noun, name_key(name)].append(key)

    def look_up_keys(self, values: dict[Path, object]) -> Set[tuple[str, str]]:
        """Put the ids of the products by which a row names prices, `prices.{product}`; those made for it.

        One that isn't here rejects its row alone, as a price below zero does: the others of a list are right.
        Raises Unreadable.
        """
        named = [path for path in values if type(path[-1]) is Named]
        for path in named:
            value = values.pop(path)
            if isinstance(value, Money) and value.value < 0:
                raise Unreadable(f"{path[-1].text}: {value.value:f} is below zero, as no price is")
            values[*path[:-1], self.key_of(path[-1])] = value
        return {(path[-1].noun, self.key_of(path[-1])) for path in named} & self.new_records.keys()

    def find(self, noun: str, text: str) -> str | None:
        """The record of a kind that a text names; None for none. Raises Unreadable for several."""
        known = self.known(noun)
        if text in known.labels:
            return text
        if noun == "product" and (both := _CODE_AND_NAME.fullmatch(text)) and both[1] in known.labels:
            return both[1]
        if user := known.emails.get(email_key(text) or ""):
            return user
        external = known.with_external_id(text)
        called = (*known.with_name(text), *self.others.called.get((noun, name_key(text)), ()))
        keys = external or [*dict.fromkeys(called)]
        if not keys and noun == "customer":  # `Aurora, Ben Li`, as Odoo has a person of hers
            firm, _, person = text.rpartition(", ")
            keys = [key for key in known.with_name(firm) if self.people.named_at(key, person)]
            keys = keys or self._by_domain.get("" if "@" in text else website_key(text), [])
        if not keys and (gone := self.departed(noun).find(text, text, emails=[text], own=text)):
            return gone.survivor or gone.key
        if not keys and (today := self.imports.renamed.of_today(noun, text)) in known.labels:
            return today
        if len(keys) == 1 and not external and known.labels.get(keys[0], text) != text:
            self.respelt[noun, text] = known.labels[keys[0]]
        return _one(text, keys) if keys else None

    @cached_property
    def _by_domain(self) -> dict[str | None, list[str]]:
        """The customers by the domain of their website, or that which HubSpot has of them."""
        by_domain: dict[str | None, list[str]] = defaultdict(list)
        website = "coalesce(website, json ->> '$.custom.domain')"
        query = f"SELECT id, {website} FROM _customers JOIN _records USING (path)"
        for key, place in self.pipeline.query(query):
            by_domain[website_key(place)].append(key)
        return by_domain | {None: []}

    def exists(self, noun: str, key: str) -> bool:
        return any(key in self.known(noun).labels for noun in nouns_of(noun))

    def record_has(self, record: Plain, path: Path, value: object) -> bool:
        """True where a record has the value of a row at a path, by whichever name the row names another."""
        own = value_at(record, path)
        if not isinstance(value, Named):
            value = getattr(value, "value", value)
            return own is not None and (value == own or written(value) == written(own))
        known = [self.known(noun) for noun in nouns_of(value.noun)]
        keys = [
            key for one in known for key in (*one.with_external_id(value.text), *one.with_name(value.text))
        ]
        return own in (value.text, *keys)

    def new_slug(self, noun: str, name: str) -> str:
        """A slug of a name that nothing of this kind has, or had before it was removed or merged away."""
        return ids_and_files.free_slug(name, ChainMap(self.known(noun).labels, self.departed(noun).names))

    def _require_not_refused(self, noun: str, text: str) -> None:
        if reason := self.others.refused.get((noun, text)):
            raise Unreadable(f'its {noun} "{text}" was rejected: {reason}')

    def _make(self, named: Named) -> str:
        noun, text, may_lack = named
        self._require_not_refused(noun, text)
        if noun not in self._makeable and self._may_dangle and ids_and_files.slug(text) == text:
            self.dangling.setdefault(noun, []).append(text)
            return text
        if noun not in self._makeable or may_lack:
            what = "user or team" if noun == "principal" else noun
            new = [(what, text)] * (noun in ("principal", "user", "team"))
            raise Unreadable(f'unknown {what} "{text}"', *new)
        collection = BY_NOUN[noun]
        code = _CODE_AND_NAME.fullmatch(text) if noun == "product" else None
        key, text = code.groups() if code else (self.new_slug(noun, text), text)
        plain = {"name": text} | ({collection.identity: key} if collection.folder else {})
        self.new_records[noun, key] = validate(collection.model, plain)
        self.known(noun).add(key, text, None)
        return key


def _one(text: str, keys: list[str]) -> str:
    if len(keys) > 1:
        more = f", and {len(keys) - 2:,} more" * (len(keys) > 2)
        raise Unreadable(f'"{text}" is {" and ".join(keys[:2])}{more}: name one by its id')
    return keys[0]


def _query(noun: str) -> str:
    """The SQL for id, name and external_id of all records of a kind, and for more of contacts."""
    if noun in (USERS.noun, TEAMS.noun):
        external = "external_id" if noun == USERS.noun else "NULL"
        return f"SELECT id, coalesce(name, id), {external} FROM {noun}s"
    name, external = "label", "external_id"
    if noun == CONTACT.noun:
        external += ", customer, emails, phones"
    if noun in ("quotation", "order"):  # of itself it has none, and the lines of other systems name it so
        name = "coalesce(json ->> '$.custom.name', json ->> '$.custom.subject', label)"
    source = f"_records JOIN _{BY_NOUN[noun].table} USING (path)"
    return f"SELECT key, {name}, {external} FROM {source} WHERE noun = '{noun}'"
