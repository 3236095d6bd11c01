"""What is an e-mail address, to the letter: one that is wrong could add a header or a command."""

from __future__ import annotations

import re
from email.utils import parseaddr

from pipecli.errors import PipecliError

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_NAME = rf"{_ATOM}(\.{_ATOM})*"
_DOMAIN = r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*"


def address_of(text: str, what: str) -> str:
    """The bare address in `Ana Ruiz <ana@contoso.example>`, its domain as DNS has it.

    Raises PipecliError for what is no address; `what` says where it stands. No address holds a blank or a
    line end, so that none adds a header or a command.
    """
    plain = parseaddr(text)[1] if "<" in text else text.strip()
    name, at, domain = plain.rpartition("@")
    if not text.isprintable():
        at = ""
    try:
        domain = domain.encode("idna").decode() if not domain.isascii() else domain
    except UnicodeError:
        at = ""
    if not (at and len(plain) <= 254 and re.fullmatch(_NAME, name) and re.fullmatch(_DOMAIN, domain)):
        shown = "".join(char if char.isprintable() else "·" for char in text)
        raise PipecliError(
            f'{what}: "{shown}" is no e-mail address', hint="write one as maria@contoso.example"
        )
    return f"{name}@{domain}"
