"""E-mails, phones and names as they are kept: tidied where that is safe, never refused."""

from __future__ import annotations

import re
from typing import TypeVar

from pipecli.records.base import Record

R = TypeVar("R", bound=Record)

_DIGITS = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩", "01234567890123456789")


def normalized(record: R, before: R | None = None) -> R:
    """A lead, customer, contact or supplier with its e-mails, phones and names tidied.

    Where it was changed from `before`, what that said already stays as it is.
    """
    tidied: dict[str, object] = {}
    for names, tidy in (
        (("name", "organization"), str.strip),
        (("email", "emails"), normal_email),
        (("phone", "phones"), normal_phone),
    ):
        for name in names:
            value = getattr(record, name, None)
            if not value or value == getattr(before, name, None):
                continue
            is_list = isinstance(value, tuple)
            tidied[name] = tuple(dict.fromkeys(tidy(each) for each in value)) if is_list else tidy(value)
    return record.with_(**tidied) if tidied else record


def normal_email(email: str) -> str:
    """`María <Maria@CONTOSO.Example>` as `Maria@contoso.example`: before the @, its server decides."""
    address = email.strip().removeprefix("mailto:")
    named = re.fullmatch(r"[^<>]*<([^<>\s]+@[^<>\s]+)>", address)
    name, at, domain = (named[1] if named else address).rpartition("@")
    return f"{name}{at}{domain.lower()}" if at else domain


def normal_phone(phone: str) -> str:
    """One blank between groups, and the digits that every telephone knows."""
    return " ".join(phone.translate(_DIGITS).split())
