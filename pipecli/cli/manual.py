"""The program about itself: `help`, `version`, `man`, `completion`, and the reference of all commands.

`python -m pipecli.cli.manual > docs/commands.md` writes the reference; a test holds the file to what this
prints.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Literal, NamedTuple

import typer

from pipecli import __version__
from pipecli.cli.common.command import Printing, Verb, argument, examples, noun, option
from pipecli.cli.common.output import print_record, write_text, write_whole
from pipecli.cli.common.session import Session
from pipecli.cli.main import root
from pipecli.cli.nouns import ALIASES, NOUNS, SECTIONS
from pipecli.errors import PipecliError, system_refusal

_SHARED = {"--format", "--color", "--message", "--dry-run", "--no-commit", "--help"}
_SHARED_TEXT = """\
# Commands

`pipecli [-C DIR] [--format FORMAT] [--today DATE] NOUN VERB`; the environment's `PIPECLI_DIR`,
`PIPECLI_FORMAT`, `PIPECLI_TODAY` and `PIPECLI_USER` are the defaults. `--format` (table, json,
jsonl, csv, tsv, markdown, ids) and `--color` (auto, always, never) may also follow the verb. Every changing
command, marked *, takes `-m, --message TEXT` (joins the commit's body), `--dry-run` (prints the diff, changes
nothing) and `--no-commit` (writes the files, leaves the commit to you).

The examples run in the sample pipeline, `pipecli init --sample demo`, as Ana (`export PIPECLI_USER=ana`); the
files, the mailbox and the remote that some need are yours. This page is generated:
`python -m pipecli.cli.manual > docs/commands.md`.
"""


class VerbEntry(NamedTuple):
    """A verb with its noun, as `opportunity won REF`."""

    usage: str
    help: str
    changes: bool
    """It takes the options of every changing command."""
    options: list[tuple[str, str]]
    """Without those that every command shares: each as `-m, --message TEXT`, with its help."""
    examples: list[str]


class NounEntry(NamedTuple):
    """A noun, or a command that has no verbs, which is its only verb."""

    name: str
    aliases: list[str]
    help: str
    verbs: list[VerbEntry]


def commands() -> Iterator[tuple[str, Any]]:
    """The words and the command of every verb, in the order of `pipecli --help`."""
    for name in NOUNS:
        yield from _commands(_CONTEXT, _CONTEXT.command.get_command(_CONTEXT, name), name)


_CONTEXT: Any = root().make_context("pipecli", ["--version"], resilient_parsing=True)


def entries() -> Iterator[NounEntry]:
    """Every noun with its verbs, in the order of `pipecli --help`."""
    for name, verbs in groupby(commands(), lambda verb: verb[0].split()[0]):
        aliases = [alias for alias, noun in ALIASES.items() if noun == name]
        yield NounEntry(name, aliases, NOUNS[name].help, [_verb(command, path) for path, command in verbs])


def reference() -> str:
    """The whole reference as Markdown."""
    parts = [_SHARED_TEXT, "\n"]
    nouns = list(entries())
    for heading, names in SECTIONS.items():
        own = [entry for name in names for entry in nouns if entry.name == name]
        links = ", ".join(f"[{entry.name}](#{'-'.join([entry.name, *entry.aliases])})" for entry in own)
        parts.append(f"- **{heading}:** {links}\n")
    for entry in nouns:
        also = f" (`{'`, `'.join(entry.aliases)}`)" if entry.aliases else ""
        parts.append(f"\n## {entry.name}{also}\n\n{entry.help}\n")
        parts += map(_markdown, entry.verbs)
    return "".join(parts)


def _markdown(verb: VerbEntry) -> str:
    lines = [f"\n**`{verb.usage}`**{' *' if verb.changes else ''} {verb.help}\n"]
    if verb.options:
        lines.append("\n")
        lines += [f"- `{usage}` {help_text}\n" for usage, help_text in verb.options]
    if verb.examples:
        lines += ["\n```sh\n", *(f"{line}\n" for line in verb.examples), "```\n"]
    return "".join(lines)


def _commands(context: Any, command: Any, path: str) -> Iterator[tuple[str, Any]]:
    names = getattr(command, "list_commands", None)
    if names is None:
        yield path, command
        return
    for name in names(context):
        inner = path if name.isupper() else f"{path} {name}"  # KIND: named like its first argument
        yield from _commands(context, command.get_command(context, name), inner)


def _verb(command: Any, path: str) -> VerbEntry:
    options = [param for param in command.params if param.param_type_name == "option" and not param.hidden]
    changes = any("--no-commit" in option.opts for option in options)
    arguments = (
        param.make_metavar(_CONTEXT) for param in command.params if param.param_type_name == "argument"
    )
    shared = _SHARED if changes else _SHARED - {"--dry-run"}
    own = [
        (
            ", ".join(option.opts) + ("" if option.is_flag else f" {option.make_metavar(_CONTEXT)}"),
            option.help or "",
        )
        for option in options
        if not shared & set(option.opts)
    ]
    return VerbEntry(
        " ".join([path, *arguments]),
        " ".join((command.help or "").split()),
        changes,
        own,
        examples(f"pipecli {path}"),
    )


def signature(path: Sequence[str]) -> list[Any]:
    """The options and the arguments of a verb, as JSON has them; `completion` says what each is."""
    command = _CONTEXT.command
    for word in path:
        command = command.get_command(_CONTEXT, word)
    options, arguments = [], []
    for param in command.params:
        choices = [str(choice) for choice in getattr(param.type, "choices", ())]
        metavar = param.make_metavar(_CONTEXT) or ""
        if param.param_type_name == "argument":
            arguments.append((metavar, param.nargs == -1, choices))
            continue
        if listed := re.match(r"One of ([\w-]+(?:, [\w-]+)+)\.", param.help or ""):
            choices = listed[1].split(", ")
        elif not choices and "|" in metavar and metavar.islower():
            choices = metavar.split("|")
        elif metavar == "RULE":
            from pipecli.cli.check import all_rules

            choices = [rule.name for rule in all_rules()]
        if not param.hidden:
            options.append([list(param.opts), "" if param.is_flag else metavar, param.help or "", choices])
    return [[*options, [["--help"], "", "Show the help.", []]], arguments]


if __name__ == "__main__":
    sys.stdout.write(reference())


app = noun()


@app.command("man", cls=Verb)
def man(
    run: Session,
    output: Path = option(
        "The folder, such as ~/.local/share/man/man1; created if it is missing.", "DIR", default=...
    ),
) -> None:
    """Write the man pages of pipecli and of each noun; prints their files."""
    folder = run.directory_for(output)
    texts = pages()
    with system_refusal(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            write_whole(folder / name, text.encode())
    write_text("".join(f"{output / name}\n" for name in texts))


@app.command("help", cls=Printing)
def help_(
    ctx: typer.Context,
    words: list[str] | None = argument("As they are typed: opp won.", "[NOUN [VERB]]", default=None),
) -> None:
    """Print the help of pipecli, of a noun, or of a verb."""
    parent: Any = ctx.parent
    command, path = parent.command, "pipecli"
    for word in words or ():
        if not hasattr(command, "resolve_command"):
            hint = f"see `{path.replace('pipecli', 'pipecli help', 1)}`"
            raise PipecliError(f'{path} has no command "{word}"', hint=hint, code="usage")
        inner = command.resolve_command(parent, [word])[1]  # refuses a wrong word, with the nearest ones
        parent = type(parent)(inner, info_name=word, parent=parent)
        command, path = inner, f"{path} {word}"
    write_text(command.get_help(parent) + "\n")


@app.command("version", cls=Verb)
def version(run: Session) -> None:
    """Print the version."""
    print_record({"version": __version__}, run.format, f"pipecli {__version__}\n", id_key="version")


_SCRIPTS = {"bash": "bash", "zsh": "zsh", "fish": "fish", "powershell": "ps1"}


@app.command("completion", cls=Verb)
def completion(
    shell: Literal["bash", "zsh", "fish", "powershell"] = argument("", "SHELL"),
) -> None:
    """Print the completion script of bash, zsh, fish or powershell.

    Put `eval "$(pipecli completion bash)"` into ~/.bashrc; the first line of each script says where it goes.
    """
    script = Path(__file__).parents[1] / "completions" / f"pipecli.{_SCRIPTS[shell]}"
    write_text(script.read_text(encoding="utf-8"))


def pages() -> dict[str, str]:
    """The text of each man page by the name of its file: `pipecli.1`, `pipecli-lead.1`."""

    nouns = list(entries())
    return {"pipecli.1": _overview(nouns)} | {f"pipecli-{noun.name}.1": _page(noun) for noun in nouns}


def _overview(nouns: Sequence[NounEntry]) -> str:
    commands = "".join(_term(", ".join([noun.name, *noun.aliases]), noun.help) for noun in nouns)
    options = (Path(__file__).parent / "man_options.roff").read_text(encoding="utf-8")
    others = ", ".join(f".BR pipecli-{noun.name} (1)".replace("-", "\\-") for noun in nouns)
    return (
        _head("pipecli", "a sales pipeline in a shell: leads, opportunities and quotations as YAML files")
        + ".SH SYNOPSIS\n.B pipecli\n"
        + _text("[-C DIR] [--format FORMAT] [--today DATE] NOUN VERB")
        + ".SH DESCRIPTION\n"
        + _text("Each record is a file, each command is one commit, and git history is the audit log.")
        + ".PP\n"
        + _text("A record is named by its id, any unambiguous start of it, or words of its name.")
        + f".SH COMMANDS\n{commands}{options}"
        + '.SH "SEE ALSO"\n'
        + others.replace(", ", ",\n")
        + "\n"
    )


def _page(noun: NounEntry) -> str:
    shared = any(verb.changes for verb in noun.verbs)
    also = [_text(f"Also called {' and '.join(noun.aliases)}.")] if noun.aliases else []
    return "".join(
        (
            _head(f"pipecli-{noun.name}", noun.help),
            ".SH SYNOPSIS\n",
            *(f".br\n.B {_roff(f'pipecli {verb.usage}')}\n" for verb in noun.verbs),
            ".SH DESCRIPTION\n",
            _text(noun.help),
            *also,
            *(_text("Verbs marked * change the pipeline, as one commit.") if shared else ""),
            ".SH COMMANDS\n",
            *(_command(verb) for verb in noun.verbs),
            '.SH "SEE ALSO"\n.BR pipecli (1)\nfor the options that all commands share.\n',
        )
    )


def _command(verb: VerbEntry) -> str:
    heading = f".SS {_roff(verb.usage)}{' *' if verb.changes else ''}\n"
    examples = f".PP\n.nf\n{''.join(_text(line) for line in verb.examples)}.fi\n" if verb.examples else ""
    return heading + _text(verb.help) + "".join(_term(*option) for option in verb.options) + examples


def _head(name: str, purpose: str) -> str:
    return (
        f'.TH {_roff(name.upper())} 1 "" "pipecli {__version__}" "pipecli"\n'
        f".SH NAME\n{_roff(name)} \\- {_roff(purpose.rstrip('.'))}\n"
    )


def _term(term: str, text: str) -> str:
    return f".TP\n.B {_roff(term)}\n{_text(text)}"


def _text(text: str) -> str:
    """Lines of text, none of which begins with what troff takes for a request."""
    escaped = _roff(text)
    return re.sub(r"^(?=[.'])", r"\\&", escaped, flags=re.MULTILINE) + "\n"


def _roff(text: str) -> str:
    return text.replace("\\", "\\e").replace("-", "\\-")
