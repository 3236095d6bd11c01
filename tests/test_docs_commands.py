"""Every command that a document shows is there, with the options it is given."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from pipecli.cli.main import ALIASES
from pipecli.cli.manual import entries

ROOT = Path(__file__).resolve().parents[1]
PAGES = [page for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")) if page.name != "commands.md"]
_EVERYWHERE = {"--format", "-m", "--message", "--dry-run", "--no-commit", "--help", "-h"}
_BEFORE = {"-C": 1, "--dir": 1, "--format": 1, "--today": 1, "--version": 0, "--help": 0}


@cache
def verbs() -> dict[tuple[str, ...], set[str]]:
    """The options of each verb by its words."""
    return {
        tuple(word for word in verb.usage.split() if re.fullmatch(r"[a-z-]+", word)): {
            name for usage, _ in verb.options for name in re.findall(r"(?:^|, )(--?[a-z][\w-]*)", usage)
        }
        for noun in entries()
        for verb in noun.verbs
    }


_IMAGINED = {"opp park"}
"""Of CONTRIBUTING.md, which says how one would be added."""


def commands(text: str) -> Iterator[list[str]]:
    """The words of each `pipecli …` in blocks of code and in backquotes."""
    blocks = re.findall(r"^```(?:sh|console|crontab)?\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in re.sub(r"\\\n\s*", " ", block).splitlines()]
    inline = re.findall(
        r"`(pipecli [^`\n]*)`", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    )
    for line in (*lines, *inline):
        for part in re.findall(r"(?:^|[\s(=/])pipecli((?: [^|;&<>)]*)?)", line):
            try:
                words = shlex.split(part, comments=True)
            except ValueError:
                continue
            yield words


def fault(words: list[str]) -> str:
    """The part of a command that pipecli doesn't know; empty when it knows all."""
    words = list(words)
    while words and words[0].startswith("-"):
        del words[: 1 + _BEFORE.get(words[0], 0)]
    if not words or not re.fullmatch(r"[a-z-]+", words[0]):
        return ""  # pipecli alone, or a placeholder: `pipecli NOUN VERB`
    words[0] = ALIASES.get(words[0], words[0])
    known = [verb for verb in verbs() if tuple(words[: len(verb)]) == verb]
    if not known:
        nouns = {verb[0] for verb in verbs()}
        is_noun_alone = words[0] in nouns and (len(words) == 1 or not re.fullmatch(r"[a-z-]+", words[1]))
        return "" if is_noun_alone else " ".join(words[:2])
    options = verbs()[max(known, key=len)] | _EVERYWHERE
    given = [word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)]
    return ", ".join(option for option in given if option not in options)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_commands_of_a_page_are_there(page: Path) -> None:
    shown = commands(page.read_text(encoding="utf-8"))
    faults = {" ".join(words): fault(words) for words in shown}
    assert {command: what for command, what in faults.items() if what and command not in _IMAGINED} == {}


@pytest.mark.parametrize(
    ("command", "what"),
    [
        ("pipecli -C x opp lst", "opportunity lst"),
        ("pipecli opp list --nosuch", "--nosuch"),
        ("pipecli won", "won"),
        ("cd x && pipecli sync --output=y && pipecli check", "--output"),
    ],
)
def test_one_that_is_not_there_is_noticed(command: str, what: str) -> None:
    assert what in [fault(words) for words in commands(f"```sh\n{command}\n```\n")]
    assert what in [fault(words) for words in commands(f"`{command[command.index('pipecli') :]}`")]


def test_many_commands_are_looked_at() -> None:
    assert sum(len(list(commands(page.read_text(encoding="utf-8")))) for page in PAGES) > 200
