"""Pages of the site where they differ from those of the repository, for `mkdocs build`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[1]
_FILES_OF_THE_ROOT = {"changelog.md": "CHANGELOG.md", "security.md": "SECURITY.md"}


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """A page that stands for a file of the root is that file; a link into the source is its path in words."""
    name = _FILES_OF_THE_ROOT.get(page.file.src_uri)
    if name:
        markdown = (_ROOT / name).read_text(encoding="utf-8").replace("](docs/", "](")
    return re.sub(r"\[([^]]+)\]\(\.\./[^)]*\)", r"`\1`", markdown)
