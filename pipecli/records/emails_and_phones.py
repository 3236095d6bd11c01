"""E-mail addresses, websites and telephone numbers: how they are tidied, and when two spellings are one."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from pipecli.records.compare_names import folded

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
_PHONE_DIGITS = 9  # without country code and trunk zero, which some write and some don't
_FEWEST_DIGITS = 7  # of a number that tells who it is
_DIGITS = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩", "01234567890123456789")


_ADDRESS = re.compile(r"[^@\s<>(),;:\"]+@[^@\s<>(),;:\".]+(\.[^@\s<>(),;:\".]+)*")


def is_email(text: str) -> bool:
    """True for one bare address; whether somebody reads it only its server knows."""
    return _ADDRESS.fullmatch(text) is not None


def unreachable(field: str, text: str) -> str | None:
    """What is wrong with an address in `email(s)`, or a number in `phone(s)`: nobody is reached by it."""
    if field.startswith("email"):
        return None if is_email(text) else f'"{text}" isn\'t an e-mail address'
    return None if any(map(str.isdigit, text)) else f'"{text}" isn\'t a telephone number'


def normal_email(email: str) -> str:
    """`María <Maria@CONTOSO.Example>` as `Maria@contoso.example`: before the @, its server decides."""
    address = email.strip().removeprefix("mailto:")
    named = re.fullmatch(r"[^<>]*<([^<>\s]+@[^<>\s]+)>", address)
    name, at, domain = (named[1] if named else address).rpartition("@")
    return f"{name}{at}{domain.lower()}" if at else domain


def normal_phone(phone: str) -> str:
    """One blank between groups, and the digits that every telephone knows."""
    return " ".join(phone.translate(_DIGITS).split())


def each_once(field: str, values: Iterable[str]) -> tuple[str, ...]:
    """The `emails`, or `phones`, without those that differ from an earlier one in case or spaces alone."""
    is_phone = field.startswith("phone")
    kept: dict[str, str] = {}
    for value in values:
        digits = "".join(filter(str.isdigit, value)) if is_phone else ""
        kept.setdefault(digits or value.strip().casefold(), value)
    return tuple(kept.values())


def are_same(field: str, *both: Any) -> bool:
    """True for two addresses or numbers, or lists of them, that differ in case or spaces alone."""
    one, other = ((value,) if isinstance(value, str) else value for value in both)
    return len(each_once(field, one)) == len(each_once(field, other)) == len(each_once(field, (*one, *other)))


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
