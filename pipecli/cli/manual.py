"""The reference of all commands, from the commands themselves.

`python -m pipecli.cli.manual > docs/commands.md` writes it; a test holds the file to what this prints.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from pipecli.cli.main import ALIASES, NOUNS, root

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


def reference() -> str:
    """The whole reference as Markdown."""
    top: Any = root()
    context = top.make_context("pipecli", ["--version"], resilient_parsing=True)
    parts = [_SHARED_TEXT]
    for name in NOUNS:
        command = top.get_command(context, name)
        aliases = [alias for alias, noun in ALIASES.items() if noun == name]
        also = f" (`{'`, `'.join(aliases)}`)" if aliases else ""
        parts.append(f"\n## {name}{also}\n\n{NOUNS[name].help}\n")
        parts += _verbs(context, command, name)
    return "".join(parts)


def _verbs(context: Any, command: Any, path: str) -> Iterator[str]:
    names = getattr(command, "list_commands", None)
    if names is None:
        yield _verb(context, command, path)
        return
    for name in names(context):
        yield from _verbs(context, command.get_command(context, name), f"{path} {name}")


def _verb(context: Any, command: Any, path: str) -> str:
    options = [param for param in command.params if param.param_type_name == "option"]
    changes = any("--no-commit" in option.opts for option in options)
    arguments = " ".join(
        param.make_metavar(context) for param in command.params if param.param_type_name == "argument"
    )
    title = f"`{path}{' ' + arguments if arguments else ''}`"
    help_text = " ".join((command.help or "").split())
    lines = [f"\n**{title}**{' *' if changes else ''} {help_text}\n"]
    shared = _SHARED if changes else _SHARED - {"--dry-run"}
    own = [option for option in options if not shared & set(option.opts)]
    if own:
        lines.append("\n")
        lines += [
            f"- `{', '.join(option.opts)}{_metavar(context, option)}` {option.help or ''}\n" for option in own
        ]
    return "".join(lines)


def _metavar(context: Any, option: Any) -> str:
    return "" if option.is_flag else f" {option.make_metavar(context)}"


if __name__ == "__main__":
    sys.stdout.write(reference())
