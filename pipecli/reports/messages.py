"""A message to a person or a team: plain text whatever the titles of deals hold, and what it can be about."""

from __future__ import annotations

import re
from typing import NamedTuple

EVENTS = ("stage-changed", "won", "lost", "assigned", "closed")
"""What `notifications` of the settings may give channels for; `closed` is a deal that closed by itself."""

OWNER = "owner"
"""Among the channels of an event: the user who owns the record, by their own channel."""

_LONGEST = 200


class Message(NamedTuple):
    title: str
    """One line."""
    body: str


# Breaks and controls of any kind, those that turn the direction of text around, and half a surrogate pair.
# The joiners of Persian and of emoji stay.
_CONTROLS = "[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
_MENTIONS = r"(?<!\w)@(?=\w)|@(?=(?:everyone|here|channel|all|room)\b)|<(?=[!@#])|\](?=\()"
"""What a chat obeys: @everyone, <!channel>, <@U123>, and a link that shows another address than its own."""
_NOTHING = "\u200b"


def plain(text: str) -> str:
    """A text of a record for a message: one line, not too long, that adds no header and calls nobody.

    A stranger may have written it: a mention gets a letter of no width into it, and so is only read.
    """
    line = " ".join(re.sub(_CONTROLS, " ", text).split())
    if len(line) > _LONGEST:
        line = line[: _LONGEST - 1] + "…"
    return re.sub(_MENTIONS, lambda found: found[0] + _NOTHING, line)
