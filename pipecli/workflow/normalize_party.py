"""E-mails and phones as they are kept: tidied where that is safe, never refused."""

from __future__ import annotations

from typing import TypeVar

from pipecli.records.base import Record

R = TypeVar("R", bound=Record)

_DIGITS = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩", "01234567890123456789")


def normalized(record: R, before: R | None = None) -> R:
    """A lead, customer, contact or supplier with its e-mails and phones tidied.

    Where it was changed from `before`, what that said already stays as it is.
    """
    tidied: dict[str, object] = {}
    for names, tidy in ((("email", "emails"), normal_email), (("phone", "phones"), normal_phone)):
        for name in names:
            value = getattr(record, name, None)
            if not value or value == getattr(before, name, None):
                continue
            is_list = isinstance(value, tuple)
            tidied[name] = tuple(dict.fromkeys(tidy(each) for each in value)) if is_list else tidy(value)
    return record.with_(**tidied) if tidied else record


def normal_email(email: str) -> str:
    """` Maria@CONTOSO.Example` as `Maria@contoso.example`: of the part before the @, its server decides."""
    name, at, domain = email.strip().removeprefix("mailto:").rpartition("@")
    return f"{name}{at}{domain.lower()}" if at else domain


def normal_phone(phone: str) -> str:
    """One blank between groups, and the digits that every telephone knows."""
    return " ".join(phone.translate(_DIGITS).split())
