"""The contact that a row means, by an address or by name at a customer; ids come first, in `match_record.py`.

Never by the name alone: a namesake's row would give her another employer, and her address to a stranger.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from pipecli.errors import Unreadable
from pipecli.json_and_csv import loads
from pipecli.records.compare_names import may_be_one_person, name_key
from pipecli.records.emails_and_phones import email_key, phone_key
from pipecli.wording import first_of


class People:
    """The contacts of the pipeline and of the file."""

    def __init__(
        self,
        rows: Iterable[tuple[str, str, str | None, *tuple[str | None, ...]]],
        external_ids: Mapping[str, str],
    ) -> None:
        """`rows` are id, name, customer, and the addresses and telephone numbers as JSON lists."""
        self._external_ids = external_ids
        self._by_email: dict[str, list[str]] = defaultdict(list)
        self._by_place: dict[tuple[str, str | None], list[str]] = defaultdict(list)
        self._by_name: dict[str, list[str]] = defaultdict(list)
        self._names: dict[str, set[str]] = defaultdict(set)
        self.customers: dict[str, str | None] = {}
        self._addresses: dict[str, set[str]] = defaultdict(set)
        self._coming: set[str] = set()
        self._phones: dict[str, set[str]] = defaultdict(set)
        for key, name, customer, *lists in rows:
            self.add(key, name, customer, *(loads(list_) if list_ else () for list_ in lists))

    def add(
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
        for keys in (self._by_place[name_key(name), customer], self._by_name[name_key(name)]):
            if key not in keys:
                keys.append(key)

    def expect(self, emails: Iterable[str]) -> None:
        """Know the addresses of all rows to come: who has one of them isn't a row's of another address."""
        self._coming |= {address for email in emails if (address := email_key(email))}

    def has_row(self, own: Iterable[str], told: Iterable[str]) -> bool:
        """True where another row than the one that tells these addresses has one of somebody's own."""
        return not ({*map(email_key, own)} - {*map(email_key, told)}).isdisjoint(self._coming)

    def recognised(
        self,
        name: str | None,
        customer: str | None,
        emails: Iterable[str],
        external_id: str | None = None,
        phones: Iterable[str] = (),
    ) -> str | None:
        """The contact that a row is about; None for one that nobody knows.

        Who has another external_id is another person, as is one of another name at the same address.

        Raises Unreadable where two have the sign.
        """

        def may_be(key: str) -> bool:
            return external_id is None or self._external_ids.get(key, external_id) == external_id

        addresses = [address for email in emails if (address := email_key(email))]
        known = [key for key in self._with(addresses) if may_be(key)]
        if name:
            known = [key for key in known if any(may_be_one_person(name, own) for own in self._names[key])]
        if known:
            here = [key for key in known if self.customers[key] == customer] if len(known) > 1 else known
            return _single(here or known, f"the address {addresses[0]}")
        if not name:
            return None
        same = [key for key in self._by_place.get((name_key(name), customer), ()) if may_be(key)]
        if (
            addresses
        ):  # one whose own address no row has got another; else she has a row, and this is a namesake
            same = [key for key in same if self._addresses[key].isdisjoint(self._coming)]
        if customer is None and (numbers := {*map(_digits, phones)}):
            if own := [key for key in same if self._phones[key] & numbers]:
                return _single(own, f'the name "{name}" and this number')
            same = [key for key in same if not self._phones[key]]
        if customer is None and (addresses or all(self._addresses[key] for key in same)):
            return None  # two without a customer have their name in common, and nothing else
        return _single(same, f'the name "{name}" at {customer or "no customer"}') if same else None

    def _with(self, addresses: Iterable[str]) -> list[str]:
        return [*dict.fromkeys(key for address in addresses for key in self._by_email.get(address, ()))]

    def shared(self, name: str, emails: Iterable[str]) -> list[str]:
        """The signs that somebody new has in common with others, in words."""
        addresses = self._with(address for email in emails if (address := email_key(email)))
        return ["address"] * bool(addresses) + ["name"] * bool(self.namesakes(name))

    def at(self, customer: str, name: str) -> list[str]:
        """The contacts of this name at the customer."""
        return self._by_place.get((name_key(name), customer), [])

    def namesakes(self, name: str) -> list[str]:
        return self._by_name.get(name_key(name), [])

    def elsewhere(self, name: str) -> str:
        """The namesakes of a person and their customers, for an error: `maria-lopez is at contoso`."""
        places = [(key, self.customers[key]) for key in self.namesakes(name)]
        return "; ".join(f"{key} is at {place or 'no customer'}" for key, place in places[:3])


def _digits(phone: str) -> str:
    return phone_key(phone) or "".join(filter(str.isdigit, phone))


def _single(keys: list[str], sign: str) -> str:
    if len(keys) > 1:
        told = " and ".join(sorted(keys)) if len(keys) <= 5 else first_of(sorted(keys), 5, ",")
        raise Unreadable(f"{told} have {sign}: name one by its id")
    return keys[0]
