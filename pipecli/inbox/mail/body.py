"""The text of a mail's headers as a person reads it, whatever its sender's program did to it.

What a mail says, as plain text of a bounded length: for those who ask for it.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import a2b_qp
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from html.parser import HTMLParser

from pipecli.inbox.mail.files import RawMessage

_ENCODED = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")
_BETWEEN = re.compile(r"(?<=\?=)\s+(?==\?)")
# Controls, half characters, what turns the direction of a line, and blanks of no width.
_UNSEEN = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff]")


def words(raw: str) -> str:
    """One header as one line: encoded words decoded, blanks and line ends as single blanks."""
    text = as_text(raw.encode("utf-8", "surrogateescape")) if not raw.isascii() else raw
    if "=?" in text:
        text = _decoded(_BETWEEN.sub("", text))
    return " ".join(without_unseen(" ".join(text.split())).split())


def without_unseen(text: str) -> str:
    """Text without what no record can hold, and what changes how the text around it is seen."""
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
    """A text with its encoded words decoded. One in bad shape stays as it is written."""
    made: list[str] = []
    pending, charset = b"", ""
    end = 0
    for match in _ENCODED.finditer(text):
        content = _content(match[2], match[3])
        if content is None:
            continue
        name = match[1].lower().partition("*")[0]
        # Some programs cut a letter of several bytes in two, one half at the end of each word.
        if match.start() != end or name != charset:
            made += as_text(pending, charset), text[end : match.start()]
            pending = b""
        pending += content
        charset, end = name, match.end()
    made.append(as_text(pending, charset))
    return "".join(made) + text[end:]


def _content(encoding: str, text: str) -> bytes | None:
    if encoding in "qQ":
        return a2b_qp(text.encode("utf-8"), header=True)
    try:
        return b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), validate=True)
    except ValueError:
        return None


READ = 256 << 10
"""Bytes of a mail that are looked at: its text comes before what is attached."""
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
    found = texts.get("text/plain") or texts.get("text/html")
    if found is None:
        return ""
    text = _mail_body_decoded(found)
    return _bounded(_without_markup(text) if found.get_content_type() == "text/html" else text)


def _mail_body_decoded(part: Message) -> str:
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
    return "".join(reader.said)


class _Reader(HTMLParser):
    """What a page says to who reads it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in _HIDDEN
        if tag in _BREAKING:
            self.said.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _HIDDEN and self._hidden:
            self._hidden -= 1

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.said.append(" ".join(data.split("\n")))
