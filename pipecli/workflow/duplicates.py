"""Parties that are likely one, by signs (e-mail, phone, website, domain) and by names that resemble.

They are told, not merged: that is `merge_customers` in `customer.py`, `merge_leads` in `lead.py`.

Only parties that share a sign are compared, so that 2,000 take a second and not 2,000 × 2,000 comparisons.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import combinations
from typing import NamedTuple

from pipecli.records.compare_names import name_key, name_words
from pipecli.records.emails_and_phones import email_domain, email_key, phone_key, website_key

LIKELY = 60
"""The least score of a pair that is worth a look; 100 is certain."""

_TELLING = 100  # a sign that more parties share tells none from another
_EMAIL, _PHONE, _DOMAIN, _SAME_NAME = 0.95, 0.8, 0.7, 0.9
# Of 100. From `_ALIKE` on, names speak for one party; below the others, for two.
_ALIKE, _ANOTHER_PERSON, _ANOTHER_COMPANY = 88, 86, 75
# "Contoso" beside "Contoso Coffee", where few names have the word; "María" beside "María López" says nothing.
_TELLING_PART, _PART, _FEW = 90, 87, 4


class LeadOrCustomer:
    """A lead or a customer by what tells who it is, each sign in its comparable form."""

    def __init__(
        self,
        id: str,
        *,
        person: str | None,
        organization: str | None,
        emails: Iterable[str],
        phones: Iterable[str],
        website: str | None,
    ) -> None:
        self.id = id
        self.emails = {key for email in emails if (key := email_key(email))}
        self.phones = {key for phone in phones if (key := phone_key(phone))}
        own = [website_key(website), *map(email_domain, self.emails)]
        self.domains = {domain for domain in own if domain}
        self.person = Name(person) if person else None
        self.organization = Name(organization) if organization else None

    @cached_property
    def signs(self) -> set[str]:
        """The signs by which parties are compared: addresses, domains, names and parts of names."""
        names = [name for name in (self.person, self.organization) if name]
        parts = {f"name {part}" for name in names for part in name.parts}
        return {*self.emails, *self.phones, *self.domains, *(name.key for name in names), *parts}


class Name:
    def __init__(self, text: str) -> None:
        words = name_words(text)
        self.key = name_key("".join(words) or text)
        self.words = frozenset(words)
        self.sorted = " ".join(sorted(words))
        # The beginning or the end of a word survives a slip of the keyboard in the other.
        self.parts = {part for word in words for part in (f"{word[:4]}…", f"…{word[-4:]}")}


class Duplicate(NamedTuple):
    score: int
    first: str
    second: str
    why: tuple[str, ...]


def find_duplicates(parties: Sequence[LeadOrCustomer]) -> list[Duplicate]:
    """The likely pairs, the likeliest first."""
    rare = _rare_words(parties)
    pairs = [_compared(one, other, rare) for one, other in _sharing_a_sign(parties)]
    likely = [pair for pair in pairs if pair.score >= LIKELY]
    return sorted(likely, key=lambda pair: (-pair.score, pair.first, pair.second))


def _rare_words(parties: Sequence[LeadOrCustomer]) -> set[str]:
    """Words that few names have: one of them in common says something."""
    names = [name for party in parties for name in (party.person, party.organization) if name]
    counts = Counter(word for name in names for word in name.words)
    return {word for word, count in counts.items() if count <= _FEW}


def _sharing_a_sign(parties: Sequence[LeadOrCustomer]) -> Iterator[tuple[LeadOrCustomer, LeadOrCustomer]]:
    """Each pair that shares a telling sign, once."""
    sharing: dict[str, list[int]] = defaultdict(list)
    for place, party in enumerate(parties):
        for sign in party.signs:
            sharing[sign].append(place)
    pairs: set[tuple[int, int]] = set()
    for places in sharing.values():
        if len(places) <= _TELLING:
            pairs.update(combinations(places, 2))
    for one, other in pairs:
        yield parties[one], parties[other]


def _compared(one: LeadOrCustomer, other: LeadOrCustomer, rare: set[str]) -> Duplicate:
    """The likelihood that two are the same: each sign of it leaves less room for doubt."""
    person = _alike(one.person, other.person, rare)
    organization = _alike(one.organization, other.organization, rare)
    signs: list[tuple[str, float]] = []
    if one.emails & other.emails:
        signs.append(("e-mail", _EMAIL))
    elif shared := one.domains & other.domains:
        signs.append((f"domain {min(shared)}", _DOMAIN))
    if one.phones & other.phones:
        signs.append(("phone", _PHONE))
    has_address = bool(signs)
    if organization is not None:
        what = "name" if person is None else "organization"
        signs += _by_name(what, organization)
    if person is not None:
        signs += _by_name("name", person)
    doubt = 1.0
    for _, weight in signs:
        doubt *= 1 - weight
    # Two people of one company, or namesakes of two companies.
    is_other_person = person is not None and person < _ANOTHER_PERSON and not one.emails & other.emails
    is_other_company = organization is not None and organization < _ANOTHER_COMPANY and not has_address
    if is_other_person or is_other_company:
        doubt = 1 - (1 - doubt) / 2
    return Duplicate(round(100 * (1 - doubt)), one.id, other.id, tuple(why for why, _ in signs))


def _by_name(what: str, alike: float) -> list[tuple[str, float]]:
    if alike == 100:
        return [(f"same {what}", _SAME_NAME)]
    if alike < _ALIKE:
        return []
    return [(f"similar {what}, {alike:.0f} %", 0.55 + 0.3 * (alike - _ALIKE) / (100 - _ALIKE))]


def _alike(one: Name | None, other: Name | None, rare: set[str]) -> float | None:
    """The likeness of two names, 0 to 100; None when one has none."""
    from rapidfuzz import fuzz

    if one is None or other is None:
        return None
    if one.key == other.key:
        return 100.0
    typed = min(fuzz.ratio(one.sorted, other.sorted), 99.0)
    shared = one.words & other.words
    if shared not in (one.words, other.words):
        return typed
    return max(typed, _TELLING_PART if shared & rare else _PART)
