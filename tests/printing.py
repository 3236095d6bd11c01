"""A printed document and a template of its own, for the stories of PDF and of HTML."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipecli.outbox.printed_papers import Labelled, Printed, PrintedAddress, PrintedItem
from pipecli.outbox.typesetting import PageTemplate
from pipecli.translation import words_of

CREATED = datetime(2026, 11, 10, tzinfo=UTC)
MARKUP = [
    '#import "@preview/cetz:0.3.0": *',
    "<script>alert(1)</script>",
    "$x^2$ and $ and *bold* and _it_ and `raw`",
    '#read("/etc/passwd") ] } \\ // not /* a comment */',
    "= Heading @ref <label> -- --- ... ~ \"quoted\" 'so'",
]
ITEM = PrintedItem("Café S-100", "", "2 unit", "2,499.00", "12.5%", "21%", "4,373.25")


def printed(language: str = "en", **fields: Any) -> Printed:
    words = words_of(language)
    said = Printed(
        kind="quotation",
        id="QTN-A1111",
        language=words.language,
        direction=words.direction,
        title=words.quotation,
        words=words.plain(),
        company=PrintedAddress("Contoso", ["Gran Vía 2", "28013 Madrid"]),
        customer=PrintedAddress("Coffee & Sons", ["Calle Mayor 1"], "Attn. María López"),
        stamp="",
        watermark="",
        facts=[Labelled(words.number, "QTN-A1111")],
        items=[ITEM],
        discounted=True,
        taxed=True,
        opening="",
        blanks=[],
        sums=[Labelled(words.net, "€4,373.25")],
        total=Labelled(words.total, "€5,291.63"),
        validity="",
        terms="",
        signature=True,
        custom={},
    )
    return replace(said, **fields)


def template_in(base: Path) -> Callable[[str], PageTemplate]:
    """Writes a template with a text, in a folder with a link that leads out of it."""
    folder = base / "templates"
    folder.mkdir()
    (base / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(base / "secret.txt")

    def write(text: str) -> PageTemplate:
        (folder / "own.typ").write_text(text)
        return PageTemplate(folder, "own.typ")

    return write
