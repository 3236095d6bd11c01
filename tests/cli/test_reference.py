"""docs/commands.md is what the commands say of themselves."""

from __future__ import annotations

from pathlib import Path

from pipecli.cli.manual import reference

COMMANDS = Path(__file__).parents[2] / "docs" / "commands.md"


def test_the_reference_is_up_to_date():
    assert COMMANDS.read_text(encoding="utf-8") == reference(), (
        "write it anew: python -m pipecli.cli.manual > docs/commands.md"
    )


def test_every_option_is_explained():
    bare = [
        line
        for line in reference().splitlines()
        if line.startswith("- `") and not line.partition("` ")[2].strip()
    ]
    assert bare == []
