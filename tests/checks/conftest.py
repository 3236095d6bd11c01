"""A pipeline to check."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checking import SOUND, write


@pytest.fixture
def pipeline(root: Path) -> Path:
    """A pipeline with a record of nearly every kind, and nothing wrong with it."""
    for file, text in SOUND.items():
        write(root, file, text)
    (root / "brochure.pdf").write_text("%PDF")
    return root
