"""Which parties are likely the same: `lead dupes` and `customer dupes`.

Only parties that share a sign (an e-mail, a phone, a domain, a part of a name) are compared, so that 2,000
take a second and not 2,000 × 2,000 comparisons.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import combinations
from typing import NamedTuple

from rapidfuzz import fuzz

from pipecli.records.names import name_key
from pipecli.workflow.party_identity import email_domain, email_key, name_words, phone_key, website_key

LIKELY = 60
"""The least score of a pair that is worth a look; 100 is certain."""

_TELLING = 60  # a sign that more parties share tells none from another
_EMAIL, _PHONE, _DOMAIN, _SAME_NAME = 0.95, 0.8, 0.7, 0.9
_RESEMBLING, _RESEMBLING_PERSON = 85, 88
_PART_OF_NAME = 90  # of 100: "Contoso" beside "Contoso Coffee"
_ANOTHER = 75  # names less alike than this are those of two people, or two companies


class Party:
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
        """What parties are compared for sharing."""
        names = [name for name in (self.person, self.organization) if name]
        parts = {f"name {part}" for name in names for part in name.parts}
        return {*self.emails, *self.phones, *self.domains, *(name.key for name in names), *parts}


class Name:
    def __init__(self, text: str) -> None:
        words = name_words(text)
        self.key = name_key("".join(words) or text)
        self.words = " ".join(sorted(words))
        # The beginning or the end of a word survives a slip of the keyboard in the other.
        self.parts = {part for word in words for part in (f"{word[:4]}…", f"…{word[-4:]}")}


class Duplicate(NamedTuple):
    score: int
    first: str
    second: str
    why: tuple[str, ...]


def find_duplicates(parties: Sequence[Party]) -> list[Duplicate]:
    """The likely pairs, the likeliest first."""
    pairs = [_compared(one, other) for one, other in _sharing_a_sign(parties)]
    likely = [pair for pair in pairs if pair.score >= LIKELY]
    return sorted(likely, key=lambda pair: (-pair.score, pair.first, pair.second))


def _sharing_a_sign(parties: Sequence[Party]) -> Iterator[tuple[Party, Party]]:
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


def _compared(one: Party, other: Party) -> Duplicate:
    """How likely two are the same: each sign of it leaves less room for doubt."""
    person, organization = _alike(one.person, other.person), _alike(one.organization, other.organization)
    signs: list[tuple[str, float]] = []
    if one.emails & other.emails:
        signs.append(("e-mail", _EMAIL))
    elif shared := one.domains & other.domains:
        signs.append((f"domain {min(shared)}", _DOMAIN))
    if one.phones & other.phones:
        signs.append(("phone", _PHONE))
    has_address = bool(signs)
    if organization is not None:
        signs += _by_name(organization, _RESEMBLING)
    if person is not None:
        signs += _by_name(person, _RESEMBLING_PERSON)
    doubt = 1.0
    for _, weight in signs:
        doubt *= 1 - weight
    # Two people of one company, or namesakes of two companies.
    is_other_person = person is not None and person < _ANOTHER and not one.emails & other.emails
    is_other_company = organization is not None and organization < _ANOTHER and not has_address
    if is_other_person or is_other_company:
        doubt = 1 - (1 - doubt) / 2
    return Duplicate(round(100 * (1 - doubt)), one.id, other.id, tuple(why for why, _ in signs))


def _by_name(alike: float, least: float) -> list[tuple[str, float]]:
    if alike == 100:
        return [("same name", _SAME_NAME)]
    if alike < least:
        return []
    return [(f"similar name, {alike:.0f} %", 0.5 + 0.35 * (alike - least) / (100 - least))]


def _alike(one: Name | None, other: Name | None) -> float | None:
    """How alike two names are, 0 to 100; None when one has none."""
    if one is None or other is None:
        return None
    if one.key == other.key:
        return 100.0
    typed = min(fuzz.ratio(one.words, other.words), 99.0)
    return max(typed, _PART_OF_NAME * fuzz.token_set_ratio(one.words, other.words) / 100)
