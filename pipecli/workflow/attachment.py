"""Attachments: files beside a record, listed in it; their own names never decide the path."""

from __future__ import annotations

import re
from collections.abc import Collection
from hashlib import sha256
from pathlib import PurePath
from typing import TypeVar

from pipecli.records.activity import Attachment
from pipecli.records.base import Document
from pipecli.records.customer import Customer
from pipecli.records.lead import Lead
from pipecli.records.opportunity import Opportunity
from pipecli.records.papers import Invoice, Order, Quotation
from pipecli.workflow.change import Change, Refused

FOLDER = "attachments"
_ENDING = r"\.[A-Za-z0-9]{1,10}"

A = TypeVar("A", Lead, Opportunity, Quotation, Order, Invoice, Customer)
Holder = Lead | Opportunity | Quotation | Order | Invoice | Customer


class AlreadyAttached(Refused):
    """The record has this very file."""


def _file_of(record: Holder, name: str, slug: str, digest: str, taken: Collection[str]) -> str:
    """Where a file lies: `attachments/OPP-2Q8XA/floor-plan-3f9a01c4.pdf`, whatever signs its name has.

    The beginning of its hash keeps two clones that attach two files of one name out of each other's way.
    """
    ending = PurePath(name).suffix.lower()
    ending = ending if re.fullmatch(_ENDING, ending) else ""
    folder = record.key if isinstance(record, Document) else f"{record.noun}-{record.key}"
    files = (f"{FOLDER}/{folder}/{slug}-{digest[:length]}{ending}" for length in (8, 16, 32, 64))
    return next(file for file in files if file not in taken)


def attach(
    record: A, name: str, slug: str, content: bytes, *, taken: Collection[str], most: int
) -> tuple[A, Attachment]:
    """The record with one file more. Refused for one that it has already, and for more than `most` bytes.

    `slug` is that of the name without its ending; `taken` are the files that lie there, listed or not.
    """
    digest = sha256(content).hexdigest()
    if len(content) > most:
        raise Refused(
            f"{name} has {len(content):,} bytes, and an attachment has {most:,} at most",
            hint="raise attachments.largest in the settings, or keep it elsewhere and note the address",
        )
    for known in record.attachments:
        if known.sha256 == digest:
            raise AlreadyAttached(
                f"{record.key} has {name} already, as {known.name}", hint="there is nothing to do"
            )
    file = _file_of(record, name, slug, digest, taken)
    added = Attachment(file=file, name=name, size=len(content), sha256=digest)
    return record.with_(attachments=(*record.attachments, added)), added


def find_attachment(record: Holder, which: str) -> Attachment:
    """The attachment that a person means: by its number from 1, its name, or its file."""
    known = record.attachments
    if which.isdecimal() and 1 <= int(which) <= len(known):
        return known[int(which) - 1]
    meant = [one for one in known if which.casefold() in (one.name.casefold(), one.file.casefold())]
    if len(meant) == 1:
        return meant[0]
    names = ", ".join(f"{number} {one.name}" for number, one in enumerate(known, 1))
    several = f"several attachments {which}" if meant else f"no attachment {which}"
    raise Refused(f"{record.key} has {several}", hint=f"it has {names or 'none'}")


def detach(record: A, attachment: Attachment) -> Change:
    """The record without a file; git keeps what it was."""
    left = tuple(one for one in record.attachments if one.file != attachment.file)
    return Change(record.with_(attachments=left), f"detach {attachment.name}", "detached")
