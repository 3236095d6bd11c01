"""The reference of all commands, from the commands themselves: docs/commands.md, and what the man pages say.

`python -m pipecli.cli.manual > docs/commands.md` writes it; a test holds the file to what this prints.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

from pipecli.cli.main import root
from pipecli.cli.nouns import ALIASES, NOUNS

_SHARED = {"--format", "--message", "--dry-run", "--no-commit", "--help"}
_SHARED_TEXT = """\
# Commands

`pipecli [-C DIR] [--format FORMAT] [--today DATE] NOUN VERB`; the environment's `PIPECLI_DIR`,
`PIPECLI_FORMAT`, `PIPECLI_TODAY` and `PIPECLI_USER` stand in for what is not given. `--format` (table, json,
jsonl, csv, tsv, markdown, ids) may also follow the verb. Every changing command, marked *, takes
`-m, --message TEXT` (joins the commit's body), `--dry-run` (prints the diff, changes nothing) and
`--no-commit` (writes the files, leaves the commit to you).

This page is generated: `python -m pipecli.cli.manual > docs/commands.md`.
"""


class OptionEntry(NamedTuple):
    """An option, as `-m, --message TEXT`, with its help."""

    usage: str
    help: str


class VerbEntry(NamedTuple):
    """A verb with its noun, as `opportunity won REF`."""

    usage: str
    help: str
    changes: bool
    """It takes the options of every changing command."""
    options: list[OptionEntry]
    """Without those that every command shares."""


class NounEntry(NamedTuple):
    """A noun, or a command that has no verbs, which is its only verb."""

    name: str
    aliases: list[str]
    help: str
    verbs: list[VerbEntry]


def entries() -> Iterator[NounEntry]:
    """Every noun with its verbs, in the order of `pipecli --help`."""
    top: Any = root()
    context = top.make_context("pipecli", ["--version"], resilient_parsing=True)
    for name in NOUNS:
        aliases = [alias for alias, noun in ALIASES.items() if noun == name]
        verbs = list(_verbs(context, top.get_command(context, name), name))
        yield NounEntry(name, aliases, NOUNS[name].help, verbs)


def reference() -> str:
    """The whole reference as Markdown."""
    parts = [_SHARED_TEXT]
    for noun in entries():
        also = f" (`{'`, `'.join(noun.aliases)}`)" if noun.aliases else ""
        parts.append(f"\n## {noun.name}{also}\n\n{noun.help}\n")
        parts += map(_markdown, noun.verbs)
    return "".join(parts)


def _markdown(verb: VerbEntry) -> str:
    lines = [f"\n**`{verb.usage}`**{' *' if verb.changes else ''} {verb.help}\n"]
    if verb.options:
        lines.append("\n")
        lines += [f"- `{option.usage}` {option.help}\n" for option in verb.options]
    return "".join(lines)


def _verbs(context: Any, command: Any, path: str) -> Iterator[VerbEntry]:
    names = getattr(command, "list_commands", None)
    if names is None:
        yield _verb(context, command, path)
        return
    for name in names(context):
        inner = path if name.isupper() else f"{path} {name}"  # KIND: named like its first argument
        yield from _verbs(context, command.get_command(context, name), inner)


def _verb(context: Any, command: Any, path: str) -> VerbEntry:
    options = [param for param in command.params if param.param_type_name == "option"]
    changes = any("--no-commit" in option.opts for option in options)
    arguments = (
        param.make_metavar(context) for param in command.params if param.param_type_name == "argument"
    )
    shared = _SHARED if changes else _SHARED - {"--dry-run"}
    own = [
        OptionEntry(", ".join(option.opts) + _metavar(context, option), option.help or "")
        for option in options
        if not shared & set(option.opts)
    ]
    return VerbEntry(" ".join([path, *arguments]), " ".join((command.help or "").split()), changes, own)


def _metavar(context: Any, option: Any) -> str:
    return "" if option.is_flag else f" {option.make_metavar(context)}"


if __name__ == "__main__":
    sys.stdout.write(reference())
