"""Parties that are likely one, by their signs (e-mail, phone, website, domain) and by names that resemble.

Only parties that share a sign are compared, so that 2,000 take a second and not 2,000 × 2,000 comparisons.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from itertools import combinations
from typing import Any, NamedTuple

from pipecli.records.name_matching import folded, name_key

# Providers whose domain says nothing about who writes. The first word of a family stands for all its
# countries: yahoo.es, yahoo.co.uk.
_FREE_FAMILIES = frozenset(
    "gmail googlemail yahoo ymail rocketmail hotmail outlook live msn gmx aol icloud yandex protonmail "
    "tutanota zoho fastmail inbox rediffmail".split()
)
_FREE_DOMAINS = frozenset(
    "me.com mac.com mail.com email.com proton.me pm.me hey.com duck.com comcast.net verizon.net att.net "
    "sbcglobal.net bellsouth.net btinternet.com sky.com web.de t-online.de freenet.de arcor.de free.fr "
    "orange.fr wanadoo.fr laposte.net sfr.fr libero.it virgilio.it tiscali.it terra.es telefonica.net "
    "movistar.es orange.es ono.com uol.com.br bol.com.br terra.com.br mail.ru bk.ru list.ru rambler.ru "
    "ukr.net qq.com 163.com 126.com sina.com naver.com daum.net hanmail.net chmail.ir mailfa.com".split()
)
# Sites where many have a page: who is meant stands in the path.
_SHARED_SITES = (
    "facebook.com instagram.com linkedin.com twitter.com x.com youtube.com tiktok.com t.me telegram.me wa.me "
    "linktr.ee google.com g.page goo.gl medium.com etsy.com github.com aparat.com".split()
)
# Words that say what form a company has, not which one it is.
_LEGAL_FORMS = frozenset(
    "sa sl slu sau sll sc sas sarl srl spa snc gmbh ag kg ug ohg ltd limited inc incorporated llc llp plc "
    "pty corp corporation co company cia compania sociedad anonima limitada bv nv oy ab as aps pjsc "
    "شرکت سهامی خاص عام".split()
)
_PHONE_DIGITS = 9  # without country code and trunk zero, which some write and some don't
_FEWEST_DIGITS = 7  # of a number that tells who it is


def email_key(email: str | None) -> str | None:
    """An address without case, blanks and tag (`Ana+crm@x` is `ana@x`); None for anything else."""
    key = "".join((email or "").split()).casefold()
    if "@" not in key[1:-1]:
        return None
    name, _, domain = key.rpartition("@")
    return f"{name.partition('+')[0] or name}@{domain}"


def addresses(user: Mapping[str, Any]) -> Iterator[str]:
    """The addresses of a user as the settings have them, the main one first, as `email_key` has them."""
    for email in (user.get("email"), *(user.get("emails") or ())):
        if key := email_key(email):
            yield key


def users_by_address(users: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """The slug of the user of each address: of two, the one whose main address it is, else the first."""
    slugs: dict[str, str] = {}
    for slug, user in users.items():
        if main := email_key(user.get("email")):
            slugs.setdefault(main, slug)
    for slug, user in users.items():
        for key in addresses(user):
            slugs.setdefault(key, slug)
    return slugs


def email_domain(email: str | None) -> str | None:
    """The domain of an address where it tells who writes: None for that of a free mail provider."""
    key = email_key(email)
    domain = _ascii(key.rpartition("@")[2]) if key else ""
    return None if not domain or _is_free(domain) else domain


def domain_key(domain: str) -> str | None:
    """`@Contoso.example` as `contoso.example`; None for what isn't a domain."""
    key = _ascii("".join(domain.split()).casefold().rpartition("@")[2])
    return key if "." in key[1:-1] else None


def is_below(address: str, domains: Collection[str]) -> bool:
    """True for an address, as `email_key` has it, at one of these domains or at one below them."""
    labels = _ascii(address.rpartition("@")[2]).split(".")
    return any(".".join(labels[start:]) in domains for start in range(len(labels)))


def website_key(website: str | None) -> str | None:
    """`https://www.Contoso.example/es` as `contoso.example`; on a site of many, with the page."""
    address = re.sub(r"^[a-z][a-z0-9+.-]*://", "", (website or "").strip().casefold())
    host, _, path = address.partition("/")
    host = _ascii(re.sub(r":\d+$", "", host.rpartition("@")[2]).removeprefix("www."))
    if "." not in host:
        return None
    if any(host == site or host.endswith(f".{site}") for site in _SHARED_SITES):
        page = re.split(r"[?#]", path)[0].strip("/")
        return f"{host}/{page}" if page else None
    return host


def website_domain(website: str | None) -> str | None:
    """The domain of a website of one's own; None for a page on a site of many."""
    key = website_key(website)
    return None if key is None or "/" in key or _is_free(key) else key


def phone_key(phone: str | None) -> str | None:
    """The last nine digits of a number, in any script's digits; None for what is too short to tell."""
    digits = "".join(char for char in _bare(phone) if char.isdigit())
    return digits[-_PHONE_DIGITS:] if len(digits) >= _FEWEST_DIGITS else None


def is_same_phone(one: str | None, other: str | None) -> bool:
    """True for two spellings of one telephone: `+46 8 123 456 78` and `08-123 456 78`.

    By the numbering plans of all countries where the extra `phone` is installed, else by nine digits.
    """
    numbers = [_bare(number) for number in (one, other)]
    first, second = ("".join(char for char in number if char.isdigit()) for number in numbers)
    if len(first) < _FEWEST_DIGITS or first[-_FEWEST_DIGITS:] != second[-_FEWEST_DIGITS:]:
        return False
    with suppress(ImportError):
        from phonenumbers import MatchType, is_number_match

        match = is_number_match(*numbers)
        if match != MatchType.NOT_A_NUMBER:
            return match in (MatchType.NSN_MATCH, MatchType.EXACT_MATCH)
    return phone_key(one) == phone_key(other)


def _bare(phone: str | None) -> str:
    """A number in plain digits without its extension; one that begins with 00 as one with a +."""
    number = re.split(r"ext|x|#|;|,", folded(phone or ""))[0].strip()
    return re.sub(r"^0\s*0", "+", number)


def name_words(name: str) -> list[str]:
    """The words of a name without its legal form: `Contoso Coffee, S.L.` as contoso, coffee."""
    words = re.findall(r"\w+", folded(name).replace(".", "").replace("_", " "))
    return [word for word in words if word not in _LEGAL_FORMS] or words


def may_be_one_person(one: str, other: str) -> bool:
    """True where the words of one name begin those of the other, in any order: `Lopez, M.` and María López.

    An address for a name is nobody else's name.
    """
    if "@" in one + other:
        return True
    fewer, more = sorted((name_words(one), name_words(other)), key=len)
    for word in fewer:
        same = next((known for known in more if known.startswith(word) or word.startswith(known)), None)
        if same is None:
            return False
        more.remove(same)
    return True


def _is_free(domain: str) -> bool:
    return domain in _FREE_DOMAINS or domain.partition(".")[0] in _FREE_FAMILIES


def _ascii(host: str) -> str:
    """A domain as DNS has it: `españa.example` and its xn-- form are one."""
    if host.isascii():
        return host.rstrip(".")
    try:
        return host.rstrip(".").encode("idna").decode()
    except UnicodeError:
        return host


_MOST_OFFERED = 3
_RESEMBLING = 85.0


def similar_names(name: str, names: Mapping[str, str]) -> list[str]:
    """The keys of `names` that resemble `name`, the closest first, whatever legal form and order of words."""
    from rapidfuzz import fuzz, process

    close = process.extract(
        " ".join(name_words(name)),
        {key: " ".join(name_words(known)) for key, known in names.items()},
        scorer=fuzz.token_set_ratio,
        score_cutoff=_RESEMBLING,
        limit=_MOST_OFFERED,
    )
    return [key for _, _, key in close]


LIKELY = 60
"""The least score of a pair that is worth a look; 100 is certain."""

_TELLING = 100  # a sign that more parties share tells none from another
_EMAIL, _PHONE, _DOMAIN, _SAME_NAME = 0.95, 0.8, 0.7, 0.9
# Of 100. From `_RESEMBLING` on, names speak for one party; below the others, for two.
_ALIKE, _ANOTHER_PERSON, _ANOTHER_COMPANY = 88, 86, 75
# "Contoso" beside "Contoso Coffee", where few names have the word; "María" beside "María López" says nothing.
_TELLING_PART, _PART, _FEW = 90, 87, 4


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


def find_duplicates(parties: Sequence[Party]) -> list[Duplicate]:
    """The likely pairs, the likeliest first."""
    rare = _rare_words(parties)
    pairs = [_compared(one, other, rare) for one, other in _sharing_a_sign(parties)]
    likely = [pair for pair in pairs if pair.score >= LIKELY]
    return sorted(likely, key=lambda pair: (-pair.score, pair.first, pair.second))


def _rare_words(parties: Sequence[Party]) -> set[str]:
    """Words that few names have: one of them in common says something."""
    names = [name for party in parties for name in (party.person, party.organization) if name]
    counts = Counter(word for name in names for word in name.words)
    return {word for word, count in counts.items() if count <= _FEW}


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


def _compared(one: Party, other: Party, rare: set[str]) -> Duplicate:
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
