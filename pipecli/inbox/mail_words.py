"""The text of a mail's headers as a person reads it, whatever its sender's program did to it."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import a2b_qp

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
