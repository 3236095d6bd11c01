"""The entry point: global options, the nouns and verbs as `nouns` has them, and the one error door."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from pathlib import Path
from shutil import get_terminal_size
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from pipecli.cli.common.command import Group, command_of, shared_options
from pipecli.cli.common.session import Session
from pipecli.cli.common.terminal_and_own_config import NARROW, expanded, paged
from pipecli.cli.nouns import ALIASES, NOUNS, SECTIONS
from pipecli.errors import PipecliError, is_short_of_memory
from pipecli.harmless_text import terminal_line
from pipecli.wording import with_words_cut

USAGE, INTERRUPTED = 2, 130


class Root(TyperGroup):
    """`pipecli` itself: knows every noun by name and help, and imports the one that is used."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(NOUNS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        name = ALIASES.get(cmd_name, cmd_name)
        if name not in NOUNS:
            return None
        noun = NOUNS[name]
        if noun.verbs:
            return Group(name, noun.help, noun.verbs, noun.groups)
        return command_of(noun.module, name, noun.help)

    def invoke(self, ctx: Any) -> Any:
        """Run a command; alone, what `today` shows."""
        if ctx._protected_args:
            return super().invoke(ctx)
        from pipecli.cli.today_and_find import alone

        with ctx:
            return alone(ctx)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        for heading, names in SECTIONS.items():
            with formatter.section(heading):
                typed = [", ".join(filter(None, (name, NOUNS[name].alias))) for name in names]
                formatter.write_dl(
                    [(words, NOUNS[name].help) for words, name in zip(typed, names, strict=True)]
                )


def root(session: Session | None = None) -> Root:
    """The whole command line, for one run."""
    columns = get_terminal_size().columns
    return Root(
        name="pipecli",
        help="A sales pipeline in a shell: leads, opportunities and quotations as YAML files under git.",
        params=shared_options(),
        invoke_without_command=True,
        rich_markup_mode=None,
        commands=dict.fromkeys((*NOUNS, *ALIASES), TyperCommand(None)),  # suggestions need the names alone
        context_settings={
            "help_option_names": ["-h", "--help"],
            "obj": session or Session(),
            "terminal_width": columns - 2 if columns < NARROW else None,
        },
    )


def main() -> None:
    """Run one command; every failure leaves here as one `error:` line and an exit code."""
    _have_streams()
    sys.unraisablehook = _quiet
    try:
        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # another one, while the first is told of
        code = INTERRUPTED
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    # Giving back, object by object, what the process gives back at once takes 12 ms.
    os._exit(code)


def _quiet(unraisable: sys.UnraisableHookArgs) -> None:
    """Print no traceback of a Ctrl-C that Python could give to nobody, in the middle of a fork."""
    if unraisable.exc_type is not KeyboardInterrupt:
        sys.__unraisablehook__(unraisable)


def _have_streams() -> None:
    """Give output to nobody where a caller has closed it (`>&-`): Python has no stream at all then."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code: 0 done, 1 refused or wrong, 2 usage."""
    session = Session()
    try:
        require_text(arguments)
        arguments = expanded(arguments)
        with paged() if not {"-h", "--help"}.isdisjoint(arguments) else nullcontext():
            code = root(session).main(arguments, prog_name="pipecli", standalone_mode=False)
        sys.stdout.flush()
    except PipecliError as error:
        error.hint = error.hint or session.files_that_stay()
        return _error(session, arguments, error, USAGE if error.code == "usage" else error.exit_code)
    except (BrokenPipeError, SystemExit):  # the second is how Typer passes the first on
        # Who read us has seen enough (`| head`): not an error. What is still buffered goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (KeyboardInterrupt, typer.Abort) as error:
        code = INTERRUPTED
        if isinstance(error.__cause__, EOFError):  # Typer takes it for the end of input at a question
            text = f"a module that Python compiled is damaged, as a full disk leaves it: {error.__cause__}"
            hint = f"delete the folders __pycache__ in {Path(__file__).parents[2]}"
            return _error(session, arguments, PipecliError(text, hint=hint, code="system"))
    except OSError as error:
        text = f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror or error)
        return _error(session, arguments, PipecliError(text, hint=session.what_stays(), code="system"))
    except Exception as error:
        # pydantic tells a Ctrl-C that comes while it builds a model as a fault of that model
        if type(error).__name__ != "SchemaError" or "KeyboardInterrupt" not in str(error):
            return _usage_or_bug(session, arguments, error)
        code = INTERRUPTED
    finally:
        with suppress(KeyboardInterrupt):  # what the command did stands, and is told
            session.close()
    if code == INTERRUPTED:  # as Typer answers Ctrl-C, too
        stopped = PipecliError(session.interruption(), code="interrupted")
        sys.stderr.write("\n" * sys.stderr.isatty())  # the terminal shows ^C behind the question
        return _error(session, arguments, stopped, code)
    return code if isinstance(code, int) else 0


def _usage_or_bug(session: Session, arguments: Sequence[str], error: Any) -> int:
    if not hasattr(error, "show"):  # which Typer's errors have
        if os.environ.get("PIPECLI_DEBUG"):
            raise error
        return _error(session, arguments, _bug(session, error))
    status = int(getattr(error, "exit_code", USAGE))
    if type(error).__name__ == "NoArgsIsHelpError" and not _is_json(session, arguments):
        with paged(session.directory, "stderr"):
            error.show()
        return status
    message, context = _usage(error), getattr(error, "ctx", None)
    path = " ".join(getattr(context, "command_path", "pipecli").split())  # a nameless command leaves a gap
    message = re.sub("^[A-Z](?=[a-z])", lambda first: first[0].lower(), message).rstrip(".")
    hint = f"see `{path} --help`"
    return _error(session, arguments, PipecliError(message, hint=hint, code="usage"), status)


def _bug(session: Session, error: Exception) -> PipecliError:
    """The error for a full disk or memory, a damaged index or a wrong value; else, a fault of ours."""
    name = type(error).__name__
    if type(error).__module__ == "sqlite3" and re.search("full|unable to open|readonly|disk", str(error)):
        if "malformed" not in str(error):
            return PipecliError(f"the disk doesn't take what is needed: {error}", code="system")
        with suppress(OSError):
            for seal in session.present.location.cache.rglob("*.seal"):
                seal.unlink()
        way = "try again: it is built anew"
        return PipecliError(f"the index is damaged: {error}", hint=way, code="system")
    words = f"{name}: {error}"
    if is_short_of_memory():  # which Python, SQLite and libraries tell in a dozen ways
        text = f"there is too little memory ({words.rstrip(': ')})"
        return PipecliError(text, hint=session.what_stays(), code="system")
    if isinstance(error, MemoryError | RecursionError):  # a thousand managers, one above the other
        return PipecliError("this is too large or too deep", code="system")
    if name == "ValidationError":  # a verb made a record of what was typed
        from pipecli.store.validate_record import wrong_value

        fault = error.errors(include_url=False)[0]  # type: ignore[attr-defined]
        what = ": ".join([*map(str, fault["loc"]), wrong_value(fault)])
        return PipecliError(what, hint=session.what_stays())
    text = f"a fault in pipecli itself: {words}"
    return PipecliError(text, hint="PIPECLI_DEBUG=1 shows where", code="internal")


def _usage(error: Any) -> str:
    """Typer's message about a wrong command line, in our words, and with a guess at the meaning."""
    context: Any = getattr(error, "ctx", None)
    parameters = context.command.params if context else []
    options = [name for one in parameters if not getattr(one, "hidden", False) for name in one.opts]
    if getattr(error, "option_name", None) and getattr(error, "possibilities", None):
        from difflib import get_close_matches

        bare = {name.lstrip("-"): name for name in options}
        meant = get_close_matches(error.option_name.lstrip("-"), bare)
        error.possibilities = [bare[name] for name in meant]
    message: str = error.format_message()
    for pattern, words in _IN_OUR_WORDS.items():
        message = re.sub(pattern, words, message)
    if unknown := re.match(r'unknown option "--([a-z]+)"', message):
        if f"--{unknown[1]}" in (name for one in context.find_root().command.params for name in one.opts):
            return f"{unknown[0]} (it stands before the noun: pipecli --{unknown[1]} …)"
        near = ", ".join(name for name in options if unknown[1] in name.split("-"))
        return f"{unknown[0]} (did you mean {near}?)" if near else message
    if field := re.match(r"(unexpected argument: ([a-z_]+)=(\S+)) ", message):
        option = f"--{field[2].replace('_', '-')}"
        return f"{field[1]} (did you mean {option} {field[3]}?)" if option in options else message
    if unknown := re.match(r'unknown command "([a-z]+)"', message):
        names = [*_ELSEWHERE.get(unknown[1], "").split(", "), *_verbs_of_nouns(unknown[1])]
        known = next((name for name in names if context.command.get_command(context, name.split(" ")[0])), "")
        return f"{unknown[0]} (did you mean {known}?)" if known else message
    return message


def _verbs_of_nouns(verb: str) -> list[str]:
    """The nouns that have a verb, each as it is typed, `opp board`; a deal's comes first."""
    nouns = {"opportunity": NOUNS["opportunity"], **NOUNS}
    return [f"{noun.alias or name} {verb}" for name, noun in nouns.items() if verb in noun.verbs]


_IN_OUR_WORDS = {
    r"', '": ", ",
    r"^Invalid value for '?([^':]+)'?: ": r"\1: ",
    r"'([^']*)' is not one of '(.*)'": r'"\1" must be one of \2',
    r"'([^']*)' is not a valid (int|integer)\b": '"\\1" isn\'t a whole number',
    r"^Got unexpected extra arguments?(?:\(s\))? \((.*)\)": r"unexpected argument: \1 (words need quotes)",
    r"^No such (command|option):? '?([^' ]+?)'?(?=\.? |$|\.$)": r'unknown \1 "\2"',
    r"\.?\s+\(?(?:Possible options:|Did you mean)\s+'?([^'?)]*)'?[?)]*$": r" (did you mean \1?)",
    r"\.?\s+Choose from:\s+([\s\S]*)$": r" (one of \1)",
    r"[\t\n]+": " ",
    r"^Missing (?:argument|option) '([^']*)'(?: / '-.')?": r"\1 is missing",
    r"^Option '([^']*)' requires an argument": r"\1 needs a value",
}
"""Typer's words for a wrong command line, and those of all other errors."""
_ELSEWHERE = {
    "ls": "list, opp list", "list": "opp list", "view": "show, opp show", "info": "show", "show": "opp show",
    "get": "show", "close": "won or lost", "pay": "paid", "pull": "sync", "push": "sync",
    "new": "add, opp add", "add": "new, opp add", "create": "add, new, opp add", "rm": "remove",
    "delete": "remove", "update": "set", "modify": "set", "search": "find, list --search",
    "deal": "opp", "deals": "opp", "log": "history", "status": "today",
}  # fmt: skip
"""What other programs call a command, and how it may be called here."""


def _is_json(session: Session, arguments: Sequence[str]) -> bool:
    """True for a caller who reads JSON; a wrong option may have ended it before its `--format` was taken."""
    text = " ".join(arguments)
    return session.format_name in ("json", "jsonl") or re.search(r"--format[= ]jsonl?\b", text) is not None


def require_text(arguments: Sequence[str]) -> None:
    """Refuse bytes that are no UTF-8, in the arguments or in a variable of ours. Raises PipecliError."""
    ours = {name: value for name, value in os.environ.items() if name.startswith("PIPECLI_")}
    for name, text in (
        *((f"argument {place}", text) for place, text in enumerate(arguments, 1)),
        *ours.items(),
    ):
        if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
            raw = re.sub("[\ud800-\udfff]", "\ufffd", text)
            raise PipecliError(f'{name}, "{raw}", isn\'t UTF-8 text', hint="write it in UTF-8")


def _error(session: Session, arguments: Sequence[str], error: PipecliError, status: int = 1) -> int:
    with suppress(OSError):  # a full disk, of which this may tell
        sys.stdout.flush()
    if _is_json(session, arguments):
        from pipecli.json_and_csv import dumps

        text = dumps({"error": as_record(error)}, None)
    else:
        text = "error: " + with_words_cut(terminal_line(" ".join(str(error).split("\n"))))
    with suppress(BrokenPipeError):  # who heard us is gone; that it failed is told by the exit code
        print(text, file=sys.stderr)  # noqa: T201 - the one place that prints errors
    return status


def as_record(error: PipecliError) -> dict[str, str | int | None]:
    """An error for a script: its kind, and the file and line of a pipeline where one is at fault."""
    place = re.match(r"(\S+\.\w+)(?::(\d+))?: ", error.message)
    return {
        "message": error.message,
        "hint": error.hint or None,
        "file": place[1] if place else None,
        "line": int(place[2]) if place and place[2] else None,
        "code": error.code,
    }
