"""Contacts as rows name them: by id, external_id or e-mail address, or by name at the same customer.

Never by the name alone: a namesake's row would give her another employer, and her address to a stranger.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping

from pipecli.errors import Unreadable
from pipecli.formats import loads
from pipecli.history.past import Departed
from pipecli.records.kinds import CONTACT
from pipecli.records.names import name_key
from pipecli.workflow.duplicates import email_key


class People:
    """The contacts of the pipeline and of the file, by their addresses and by name at their customer."""

    def __init__(
        self, rows: Iterable[tuple[str, str, str | None, str | None]], external_ids: Mapping[str, str]
    ) -> None:
        """`rows` are id, name, customer, and the addresses as a JSON list."""
        self._external_ids = external_ids
        self._by_email: dict[str, list[str]] = defaultdict(list)
        self._by_place: dict[tuple[str, str | None], list[str]] = defaultdict(list)
        self._by_name: dict[str, list[str]] = defaultdict(list)
        self.customers: dict[str, str | None] = {}
        self._addressed: set[str] = set()
        for key, name, customer, emails in rows:
            self.add(key, name, customer, loads(emails) if emails else ())

    def add(self, key: str, name: str, customer: str | None, emails: Iterable[str]) -> None:
        """Know a contact, or more about one."""
        customer = customer or self.customers.get(key)
        self.customers[key] = customer
        for email in emails:
            if (address := email_key(email)) and key not in self._by_email[address]:
                self._by_email[address].append(key)
                self._addressed.add(key)
        for keys in (self._by_place[name_key(name), customer], self._by_name[name_key(name)]):
            if key not in keys:
                keys.append(key)

    def recognised(
        self, name: str | None, customer: str | None, emails: Iterable[str], external_id: str | None = None
    ) -> str | None:
        """The contact that a row is about; None for one that nobody knows.

        Who has another external_id is another person.

        Raises Unreadable where two have the sign.
        """

        def may_be(key: str) -> bool:
            return external_id is None or self._external_ids.get(key, external_id) == external_id

        addresses = [address for email in emails if (address := email_key(email))]
        known = [key for address in addresses for key in self._by_email.get(address, ())]
        if known := [key for key in dict.fromkeys(known) if may_be(key)]:
            here = [key for key in known if self.customers[key] == customer] if len(known) > 1 else known
            return _single(here or known, f"the address {addresses[0]}")
        if not name:
            return None
        same = [key for key in self._by_place.get((name_key(name), customer), ()) if may_be(key)]
        if customer is None and (addresses or self._addressed.issuperset(same)):
            return None  # two without a customer have their name in common, and nothing else
        return _single(same, f'the name "{name}" at {customer or "no customer"}') if same else None

    def namesakes(self, name: str) -> list[str]:
        return self._by_name.get(name_key(name), [])

    def elsewhere(self, name: str) -> str:
        """The namesakes of a person and their customers, for an error: `maria-lopez is at contoso`."""
        places = [(key, self.customers[key]) for key in self.namesakes(name)]
        return "; ".join(f"{key} is at {place or 'no customer'}" for key, place in places[:3])


def _single(keys: list[str], sign: str) -> str:
    if len(keys) > 1:
        raise Unreadable(f"{' and '.join(keys)} have {sign}: name one by its id")
    return keys[0]


def people(connection: sqlite3.Connection, external_ids: Mapping[str, str]) -> People:
    """The contacts of the pipeline; `external_ids` are theirs, also of those to come."""
    rows = connection.execute("SELECT id, name, customer, emails FROM _contacts").fetchall()
    return People(rows, external_ids)


class Departures:
    """The records of one kind that aren't here any more, by what rows know them by."""

    def __init__(self, departed: Iterable[Departed], present: Container[str]) -> None:
        """`present` are the ids of those that are here: one that was merged twice is the last of them."""
        by_key = {one.key: one for one in reversed([*departed])}
        self._by_sign: dict[tuple[object, ...], Departed] = {}
        for one in by_key.values():
            survivor = one.survivor
            while survivor in by_key and survivor not in present:
                survivor = by_key[survivor].survivor
            one = one._replace(survivor=survivor if survivor in present else "")
            plain = one.plain
            emails = [*plain.get("emails", ()), *([plain["email"]] if "email" in plain else [])]
            name = plain.get("name") or plain.get("title")
            if one.noun == CONTACT.noun and emails and not plain.get("customer"):
                name = None  # two without a customer have their name in common, and nothing else
            for sign in [
                ("id", one.key),
                *_signs(plain.get("external_id"), name, plain.get("customer"), emails),
            ]:
                self._by_sign.setdefault(sign, one)
        self.keys = {one.key for one in by_key.values()}

    def find(
        self,
        external_id: str | None,
        name: str | None,
        customer: str | None = None,
        emails: Iterable[str] = (),
        *,
        own: str = "",
    ) -> Departed | None:
        """The record that a row means; who has another external_id is another."""
        if not self._by_sign:
            return None
        signs = [("id", own), *_signs(external_id, name, customer, emails)]
        found = [one for sign in signs if (one := self._by_sign.get(sign))]
        return next(
            (one for one in found if own or one.plain.get("external_id") in (None, external_id)), None
        )


def _signs(
    external_id: object, name: object, customer: str | None, emails: Iterable[str]
) -> Iterator[tuple[object, ...]]:
    if external_id is not None:
        yield "external_id", str(external_id)
    yield from (("email", address) for email in emails if (address := email_key(email)))
    if name:
        yield "name", name_key(str(name)), customer
