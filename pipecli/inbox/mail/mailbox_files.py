"""The mails of a Maildir, and of the .eml and mbox files of any other folder, as headers and begin of body.

A link is never followed: a mailbox may come from anywhere, and its links lead anywhere. A mail may carry an
attachment of any size: lines are read one by one, and no more is kept than is wanted. The standard library's
`mailbox` splits an mbox at any line that begins with `From `, and holds a whole mail.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, NamedTuple

from pipecli.errors import PipecliError

_MAILDIR = frozenset({"cur", "new"})
_HALF_DELIVERED = "tmp"


class LeftOut(NamedTuple):
    """A file, or a part of one, that is not read, and the reason."""

    file: str
    reason: str
    is_fault: bool = True
    """False where all is well: a draft was never sent."""


def shown(path: Path | str) -> str:
    """A file's name as text, also where its bytes are no UTF-8."""
    return os.fsencode(path).decode("utf-8", "replace")


def mail_files(given: Path) -> Iterator[Path | LeftOut]:
    """The files to read for mail, in the order of their names. Raises PipecliError where `given` is none."""
    if given.is_dir():
        yield from _in_folder(given)
    elif given.is_file():
        yield given
    else:
        what = "is neither a file nor a folder" if given.exists() else "does not exist"
        raise PipecliError(
            f"{shown(given)} {what}", hint="name an .eml file, an mbox or a Maildir", code="system"
        )


def _in_folder(top: Path) -> Iterator[Path | LeftOut]:
    folders = [top]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            yield LeftOut(shown(folder), error.strerror or str(error))
            continue
        is_maildir = {entry.name for entry in entries} >= _MAILDIR
        inner = []
        for entry in entries:
            path = folder / entry.name
            if entry.name.startswith(".") and not is_maildir:
                continue
            if entry.is_symlink():
                yield LeftOut(shown(path), "a symbolic link, which may lead anywhere; name the file itself")
            elif entry.is_dir(follow_symlinks=False):
                if not (is_maildir and entry.name == _HALF_DELIVERED):
                    inner.append(path)
            elif not is_maildir:  # beside its folders a Maildir keeps the lists of its server
                yield from _in_its_place(path, entry)
        folders += reversed(inner)


def _in_its_place(path: Path, entry: os.DirEntry[str]) -> Iterator[Path | LeftOut]:
    if not entry.is_file(follow_symlinks=False):
        yield LeftOut(shown(path), "no file: a pipe, a socket or a device")
    elif path.parent.name == "cur" and "D" in path.name.partition(":2,")[2]:
        yield LeftOut(shown(path), "a draft, never sent", is_fault=False)
    else:
        yield path


_LONGEST_LINE = 1 << 16
_LARGEST_HEADER = 1 << 20
"""Bytes; the addresses of ten thousand recipients are half of it."""
_BOM = b"\xef\xbb\xbf"

_FIELD = re.compile(rb"[!-9;-~]+[ \t]*:")
_TIMED = rb"\S+ .*\d\d?:\d\d.*\d{4}"
_ENVELOPE = re.compile(rb"From " + _TIMED)
_MANGLED_ENVELOPE = re.compile(rb"[> \t]+From " + _TIMED)
_FIELD_OF_A_MAIL = re.compile(
    rb"(return-path|received|delivered-to|date|from|sender|reply-to|to|cc|subject|message-id|in-reply-to|"
    rb"references|mime-version|content-type|dkim-signature|status|x-[\w-]+)[ \t]*:",
    re.IGNORECASE,
)
_TELLING = (b"from:", b"to:", b"cc:", b"date:", b"subject:")
_MESSAGE_ID = re.compile(
    rb"^message-id[ \t]*:[^<\n]*(?:\n[ \t][^<\n]*)*(<[!-;=?-~]{1,490}>)", re.IGNORECASE | re.MULTILINE
)
_OUTLOOK = b"\xd0\xcf\x11\xe0"


class RawMessage(NamedTuple):
    """One mail as it lies in a file."""

    place: str
    """The file, and in an mbox the line."""
    header: bytes
    body: bytes
    """Its beginning, as much as is wanted."""
    message_id: str
    """Its Message-ID; for a mail without, a digest of its content, the same in every mailbox."""
    envelope: bytes
    """The `From ` line of an mbox, or nothing."""
    modified: float
    """The time of its file's last change, in seconds since 1970."""


def raw_messages(path: Path, *, body: int = 0) -> Iterator[RawMessage | LeftOut]:
    """The mails of one file, with at most `body` bytes of each body."""
    name = shown(path)
    try:
        modified = path.stat().st_mtime
        with path.open("rb") as handle:
            yield from _in_file(_Lines(handle), name, modified, body)
    except OSError as error:
        yield LeftOut(name, (error.strerror or str(error)).lower())


class _Lines:
    """The lines of a file, with a look at the next two; a very long line comes in pieces."""

    def __init__(self, handle: BinaryIO) -> None:
        self._handle = handle
        self.next = self._read().removeprefix(_BOM)
        self._after: bytes | None = None
        self.number = 1
        """Of the next line."""
        self.is_start = True
        """True where the next is the start of a line, not another piece of a long one."""
        self.is_after_blank = True
        """True where the line before the next is blank, or there is none."""

    def _read(self) -> bytes:
        return self._handle.readline(_LONGEST_LINE)

    @property
    def after(self) -> bytes:
        """The line after the next."""
        if self._after is None:
            self._after = self._read()
        return self._after

    def take(self) -> bytes:
        line = self.next
        is_whole = line.endswith(b"\n")
        self.is_after_blank = self.is_start and is_whole and line.isspace()
        self.is_start = is_whole
        self.number += is_whole
        self.next = self._read() if self._after is None else self._after
        self._after = None
        return line

    def begins_a_mail(self) -> bool:
        """True where the next is the `From ` line of an mbox, not a sentence that begins so."""
        if not (self.next.startswith(b"From ") and self.is_start):
            return False
        if _ENVELOPE.match(self.next) and _FIELD.match(self.after):
            return True
        return self.is_after_blank and _FIELD_OF_A_MAIL.match(self.after) is not None

    def may_begin_a_mail(self) -> bool:
        """True where the next may be such a line that somebody has indented or quoted."""
        return (
            self.next.startswith((b">", b" ", b"\t"))
            and self.is_start
            and self.is_after_blank
            and _MANGLED_ENVELOPE.match(self.next) is not None
            and _FIELD_OF_A_MAIL.match(self.after) is not None
        )


def _in_file(lines: _Lines, name: str, modified: float, most: int) -> Iterator[RawMessage | LeftOut]:
    while lines.next.isspace():
        lines.take()
    if not lines.next:
        yield LeftOut(name, "it is empty")
    elif lines.next.startswith(_OUTLOOK):
        yield LeftOut(name, "it is a file of Outlook, no mail; save the mail as .eml there")
    elif lines.next.startswith((b"From ", b">From ")):
        while lines.next:
            place, envelope = f"{name}:{lines.number}", lines.take().lstrip(b">")
            yield from _one(lines, place, envelope, modified, most)
    else:
        yield from _one(lines, name, b"", modified, most)


def _one(
    lines: _Lines, place: str, envelope: bytes, modified: float, most: int
) -> Iterator[RawMessage | LeftOut]:
    """The mail that begins with the next line. In an mbox the next is then the `From ` line after it."""
    header, size = _header(lines, in_mbox=bool(envelope))
    named = _MESSAGE_ID.search(header)
    digest = None if named else _Digest(header)
    body: list[bytes] = []
    kept = 0
    while lines.next and (envelope or digest or kept < most):
        if envelope and lines.begins_a_mail():
            break
        if envelope and lines.may_begin_a_mail():
            file, _, _ = place.rpartition(":")
            yield LeftOut(f"{file}:{lines.number}", _MANGLED, is_fault=False)
        line = lines.take()
        if kept < most:
            body.append(line)
            kept += len(line)
        if digest:
            digest.add(line)
    if size > _LARGEST_HEADER:
        yield LeftOut(place, f"headers of more than {_LARGEST_HEADER >> 20} MB")
    elif not header:
        yield LeftOut(place, "it isn't an e-mail: it has no headers")
    else:
        identity = named[1].decode() if named else f"<{digest.hex()}@content.pipecli>" if digest else ""
        yield RawMessage(place, header, b"".join(body)[:most], identity, envelope, modified)


_MANGLED = "a mangled `From ` line; if a mail begins here, it was read as part of the one before"


def _header(lines: _Lines, *, in_mbox: bool) -> tuple[bytes, int]:
    """The header fields, without other lines among them; and the bytes of all."""
    fields: list[bytes] = []
    size = 0
    is_field = False
    while lines.next and not (in_mbox and lines.begins_a_mail()):
        is_start = lines.is_start
        line = lines.take()
        if is_start and line.isspace():
            break
        if is_start and not line.startswith((b" ", b"\t")):
            is_field = _FIELD.match(line) is not None
        size += len(line)
        if is_field and size <= _LARGEST_HEADER:
            fields.append(line)
        if size > _LARGEST_HEADER and not in_mbox:
            break
    return b"".join(fields), size


class _Digest:
    """A digest of a mail's main header fields and its body."""

    def __init__(self, header: bytes) -> None:
        self._sum = sha256()
        self._blank = 0
        fields = re.split(rb"\r?\n(?![ \t])", header)
        for field in sorted(field for field in fields if field.lower().startswith(_TELLING)):
            self._sum.update(b" ".join(field.split()) + b"\n")

    def add(self, line: bytes) -> None:
        """Take a line of the body. Line ends, an mbox's quoting and blank lines at the end don't count."""
        text = line.rstrip(b"\r\n")
        if not text:
            self._blank += 1
            return
        if text.startswith(b">") and text.lstrip(b">").startswith(b"From "):
            text = text.lstrip(b">")
        self._sum.update(b"\n" * self._blank + text + b"\n")
        self._blank = 0

    def hex(self) -> str:
        return self._sum.hexdigest()[:40]
