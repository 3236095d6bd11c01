"""What a mail says, as plain text of a bounded length: for those who ask for it."""

from __future__ import annotations

from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from html.parser import HTMLParser

from pipecli.inbox.mail_reading import Letter
from pipecli.inbox.mail_words import as_text, without_unseen

READ = 256 << 10
"""Bytes of a mail that are looked at: its text comes before what is attached."""
LONGEST = 2000
"""Characters; a deal with a thousand mails stays a file that a person can open."""
_HIDDEN = frozenset({"script", "style", "title", "template"})
_BREAKING = frozenset({"br", "p", "div", "tr", "li", "blockquote", "h1", "h2", "h3"})


def text_of(letter: Letter) -> str:
    """The first text of a mail, plain rather than HTML; empty where it has none that can be read."""
    try:
        mail: Message = BytesParser(policy=compat32).parsebytes(letter.header + b"\n" + letter.body)
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
    text = _decoded(found)
    return _bounded(_without_markup(text) if found.get_content_type() == "text/html" else text)


def _decoded(part: Message) -> str:
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
