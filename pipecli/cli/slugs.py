"""Slugs as people give them to products, price lists, users and the like."""

from __future__ import annotations

import re

from pipecli.errors import PipecliError

_LONGEST = 80


def given_slug(text: str, what: str) -> str:
    """The slug that names a new `what`. Raises PipecliError with the slug that the text could be."""
    if len(text) <= _LONGEST and re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", text):
        return text
    from pipecli.store.naming import slug

    hint = f"write it as {slug(text)}" if text.strip() else "write it as cafe-s-100"
    raise PipecliError(f'"{text}" can\'t name a {what}: small letters, digits and hyphens can', hint=hint)
