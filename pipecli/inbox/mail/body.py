"""The text of a mail and of its headers as people read it: decoded, plain, of bounded length."""

from __future__ import annotations

import re
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from html.parser import HTMLParser

from pipecli.inbox.mail.files import RawMessage
from pipecli.wording import CONTROLS, DIRECTIONS

# Controls, half characters, what turns the direction of a line, and blanks of no width.
_UNSEEN = re.compile(f"[{CONTROLS}{DIRECTIONS}\u200b\u2060\ufeff]")


def words(raw: str) -> str:
    """One header as one line: encoded words decoded, blanks and line ends as single blanks."""
    text = as_text(raw.encode("utf-8", "surrogateescape")) if not raw.isascii() else raw
    if "=?" in text:
        text = _decoded(" ".join(text.split()))
    return " ".join(without_unseen(" ".join(text.split())).split())


def without_unseen(text: str) -> str:
    """Text without the characters that no record can hold, and those that change how others are seen."""
    return _UNSEEN.sub("", text)


def as_text(content: bytes, charset: str = "") -> str:
    """Bytes in the charset they are said to have; where that is unknown or wrong, in the likeliest."""
    for name in (charset, "utf-8"):
        try:
            if name:
                return content.decode(name)
        except (LookupError, ValueError):
            continue
    return content.decode("cp1252", "replace")


def _decoded(text: str) -> str:
    """A text with its encoded words decoded by RFC 2047; as it is written where one is malformed."""
    try:
        parts = decode_header(text)
    except (HeaderParseError, ValueError):
        return text
    # decode_header gives the text between encoded words as bytes in this codec, which is Latin-1 for most.
    between = "latin-1" if max(text) <= "\xff" else "raw-unicode-escape"
    return "".join(
        part
        if isinstance(part, str)
        else part.decode(between, "replace")
        if charset is None
        else as_text(part, charset.partition("*")[0])
        for part, charset in parts
    )


READ = 256 << 10
"""Bytes of a mail that are read: its text comes before its attachments."""
LONGEST = 2000
"""Characters; a deal with a thousand mails stays a file that a person can open."""
_HIDDEN = frozenset({"script", "style", "title", "template"})
_BREAKING = frozenset({"br", "p", "div", "tr", "li", "blockquote", "h1", "h2", "h3"})


def text_of(raw_message: RawMessage) -> str:
    """The first text of a mail, plain rather than HTML; empty where it has none that can be read."""
    try:
        mail: Message = BytesParser(policy=compat32).parsebytes(raw_message.header + b"\n" + raw_message.body)
        texts: dict[str, Message] = {}
        for part in mail.walk():
            kind = part.get_content_type()
            if kind in ("text/plain", "text/html") and part.get_content_disposition() != "attachment":
                texts.setdefault(kind, part)
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError):
        return ""  # MIME so broken that the parser itself gives up
    if plain := texts.get("text/plain"):
        return _bounded(_part_text(plain))
    page = texts.get("text/html")
    return _bounded(_without_markup(_part_text(page))) if page else ""


def _part_text(part: Message) -> str:
    try:
        content = part.get_payload(decode=True)
        charset = part.get_content_charset() or ""
    except (ValueError, LookupError, TypeError):
        return ""
    return as_text(content, charset) if isinstance(content, bytes) else ""


def _bounded(text: str) -> str:
    lines = [" ".join(without_unseen(line).split()) for line in text[: 8 * LONGEST].splitlines()]
    kept: list[str] = []
    for line in lines:
        if line or (kept and kept[-1]):
            kept.append(line)
    whole = "\n".join(kept).strip()
    return whole if len(whole) <= LONGEST and len(text) <= 8 * LONGEST else whole[:LONGEST].rstrip() + " …"


def _without_markup(page: str) -> str:
    reader = _Reader()
    reader.feed(page)
    return "".join(reader.texts)


class _Reader(HTMLParser):
    """Collects the text that a page shows."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.texts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in _HIDDEN
        if tag in _BREAKING:
            self.texts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _HIDDEN and self._hidden:
            self._hidden -= 1

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.texts.append(" ".join(data.split("\n")))
