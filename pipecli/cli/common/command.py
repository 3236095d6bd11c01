"""Verbs as commands: only the one that is called is built, and it gets the options that all share."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache, partial
from importlib import import_module
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self, get_origin

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption
from typer.main import get_command_from_info, get_command_name
from typer.models import ParameterInfo

from pipecli import __version__
from pipecli.cli.common.session import FORMATS, Session, session
from pipecli.cli.common.terminal_and_own_config import COLORS, over_lines, paged
from pipecli.cli.nouns import ALIASES
from pipecli.errors import Ambiguous, Question


def noun() -> typer.Typer:
    """The app of a module; `@app.command("verb", cls=Changing)` adds a verb. Its help is in `cli/nouns.py`.

    Where nouns share a module, or have groups, the verb is named with the words before it: `order show`.
    """
    return typer.Typer()


def with_options(
    command: Callable[..., None], described: Callable[..., Any], options: Sequence[Parameter]
) -> Callable[..., None]:
    """A command with its own first parameter, these options, and the name and help of what it is made of."""
    name = next(iter(signature(command).parameters))
    first = Parameter(name, Parameter.KEYWORD_ONLY, annotation=typer.Context)  # to Typer, if it is `ctx`
    for name in ("__module__", "__name__", "__doc__"):
        setattr(command, name, getattr(described, name))
    command.__signature__ = Signature([first, *options])  # type: ignore[attr-defined]
    command.__annotations__ = {}
    return command


def own_options(command: Callable[..., Any]) -> list[Parameter]:
    """The arguments and options that a function declares itself, after its first parameter."""
    _, *own = signature(command, eval_str=True).parameters.values()
    return [
        option.replace(kind=Parameter.KEYWORD_ONLY)
        for option in own
        if get_origin(option.annotation) is Annotated or isinstance(option.default, ParameterInfo)
    ]


def option(help_text: str, metavar: str = "", *declared: str, default: Any = None, **kind: Any) -> Any:
    """An option of one verb, as its parameter's default; `...` where it must be given."""
    return typer.Option(default, *declared, help=help_text or None, metavar=metavar or None, **kind)


def flag(declared: str, help_text: str) -> Any:
    """An option of one verb that is given or not."""
    return typer.Option(False, declared, help=help_text)


def argument(help_text: str, metavar: str = "", *, default: Any = ..., **kind: Any) -> Any:
    """An argument of one verb, as its parameter's default; it must be given unless it has one of its own."""
    return typer.Argument(default, help=help_text or None, metavar=metavar or None, **kind)


def with_fields(*fields: Parameter) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give an `add` an option for each field of the record, after its own; it gets them by their names."""
    return lambda add: with_options(add, add, [*own_options(add), *fields])


def field(name: str, help_text: str, metavar: str, *declared: str, of: Any = str | None) -> Parameter:
    """An option for a field that may be left out."""
    return option_of(name, None, *declared, of=of, help=help_text, metavar=metavar)


def option_of(name: str, default: object, *declared: str, of: Any = str, **described: Any) -> Parameter:
    """An option, by the parameter as which it is given."""
    annotation = Annotated[of, typer.Option(*declared, **described)]
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def command_of(module: str, name: str, help_text: str) -> Any:
    """The command of a noun with one module: a group of its verbs, or its only verb where the noun is one."""
    verbs = _verbs_of(module)
    own = verbs.get("", verbs.get(name))
    return _named(own, name) if own else Group(name, help_text, dict.fromkeys(verbs, module))


def _verbs_of(module: str) -> dict[str, Any]:
    """The verbs of a module by their names; one that is alone and has no name under an empty one."""
    infos = import_module(f"pipecli.cli.{module}").app.registered_commands
    if len(infos) == 1 and infos[0].name is None:
        return {"": infos[0]}
    return {info.name or get_command_name(info.callback.__name__): info for info in infos}


class Group(TyperGroup):
    """Verbs by the words that are typed, each with its module; one is imported and built when it is called.

    A verb of two words is in a group of its own, and `groups` has the help of that. A verb in capitals is
    named like its first argument, and called where that stands instead of a verb: `import customers FILE`.
    """

    def __init__(
        self,
        name: str,
        help_text: str,
        verbs: Mapping[str, str],
        groups: Mapping[str, str] | None = None,
        within: str = "",
    ) -> None:
        self._verbs = verbs
        self._groups = groups or {}
        self._path = f"{within} {name}".lstrip()
        super().__init__(
            name=name,
            help=help_text,
            no_args_is_help=True,
            rich_markup_mode=None,
            commands=dict.fromkeys((words.split()[0] for words in verbs), TyperCommand(None)),
        )

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the verb that is named like its argument before what isn't a verb, be it an option."""
        default = next((verb for verb in self._verbs if verb.isupper()), None)
        if default and args and args[0] not in (*self._verbs, "-h", "--help"):
            args = [default, *args]
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        return ("" if str(name).isupper() else name), command, rest

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name in self._groups:
            inner = {
                words.partition(" ")[2]: module
                for words, module in self._verbs.items()
                if words.startswith(f"{cmd_name} ")
            }
            return Group(cmd_name, self._groups[cmd_name], inner, within=self._path)
        if cmd_name not in self._verbs:
            return None
        verbs, words = _verbs_of(self._verbs[cmd_name]), [*self._path.split(), cmd_name]
        typed = (" ".join(words[start:]) for start in range(len(words) + 1))
        return _named(next(verbs[name] for name in typed if name in verbs), cmd_name)


@cache
def _named(info: Any, name: str) -> Any:
    if info.cls in (None, TyperCommand):  # Typer's own, where the verb names none
        info.cls = Reading
    info.callback = _as_typer_calls(info.callback)
    command = get_command_from_info(info, pretty_exceptions_short=False, rich_markup_mode=None)
    command.name = name
    return command


def _as_typer_calls(verb: Callable[..., Any]) -> Callable[..., Any]:
    """The function of a verb with the context in the place of its first parameter, `run` or `transaction`.

    `run` is the session. A `transaction` is held while it decides, and the change that it gives is committed.
    """
    first = next(iter(signature(verb).parameters), "")
    if first not in ("run", "transaction"):
        return verb

    def command(ctx: typer.Context, **given: Any) -> None:
        run = session(ctx)
        run.refuse_links_out(given.values())
        if first == "run":
            verb(run, **given)
            return
        from pipecli.cli.common.transaction import changing

        with changing(run) as transaction:
            if change := verb(transaction, **given):
                transaction.commit_and_print(change)

    return with_options(command, verb, own_options(verb))


@cache
def _all_examples() -> dict[str, Any]:
    from tomllib import loads

    return loads((Path(__file__).parent.parent / "examples.toml").read_text(encoding="utf-8"))


def examples(path: str, width: int = 110) -> list[str]:
    """The examples of a command by the words that are typed, `pipecli opp won`, on lines of this width."""
    noun, *verb = (ALIASES.get(word, word) for word in path.split()[1:])
    noun = f"{noun}-verbs" if noun == "import" and verb else noun
    of_noun = _all_examples().get(noun, [])
    lines = of_noun.get(" ".join(verb), []) if isinstance(of_noun, dict) else of_noun
    return [line for example in lines for line in over_lines(f"pipecli {example}", width)]


class Verb(TyperCommand):
    """Any verb: `--format` may follow it."""

    formats: ClassVar[Sequence[str]] = FORMATS
    is_paged: ClassVar[bool] = False
    is_changing: ClassVar[bool] = True  # the pipeline, or what is outside of it
    owner_helps: ClassVar[Sequence[str] | None] = None
    """The helps of --owner, --team and --mine, where they aren't the usual ones; None: it takes none."""

    @classmethod
    def with_(cls, **attributes: Any) -> type[Self]:
        """The class of a verb that differs from the others in some attributes."""
        return type(cls.__name__, (cls,), attributes)

    def __init__(self, name: str | None, *, params: list[Any] | None = None, **rest: Any) -> None:
        own = params or []
        taken = {option for param in own for option in param.opts}
        shared = [option for option in self.shared() if not taken & set(option.opts)]
        for param in own:
            if param.default and param.param_type_name == "option" and not param.is_flag:
                param.help, param.show_default = f"{param.help} Default: {param.default}.", False
        super().__init__(name, params=[*own, *shared], **rest)
        self.context_settings["help_option_names"] = ["-h", "--help"]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except Exception as error:
            if hasattr(error, "ctx"):  # whose help to see, which an option without its value doesn't say
                error.ctx = error.ctx or ctx
            raise

    def shared(self) -> list[TyperOption]:
        return _format_and_color(self.formats)

    def owners(self) -> list[TyperOption]:
        """The options that say whose records, where it takes any."""
        return [] if self.owner_helps is None else owner_options(*self.owner_helps)

    def format_usage(self, ctx: Any, formatter: Any) -> None:  # a nameless command leaves a gap
        formatter.write_usage(" ".join(ctx.command_path.split()), " ".join(self.collect_usage_pieces(ctx)))

    def format_options(self, ctx: Any, formatter: Any) -> None:
        formatter.write_dl = partial(formatter.write_dl, col_max=min(30, formatter.width // 2 - 4))
        super().format_options(ctx, formatter)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        if lines := examples(ctx.command_path, formatter.width - 2):
            with formatter.section("Examples"):
                formatter.write("".join(f"  {line}\n" for line in lines))

    def invoke(self, ctx: Any) -> Any:
        """Run it, unless the format given here, before or by the environment isn't one of its own."""
        run = ctx.ensure_object(Session)
        run.fill_in_own_defaults(self.formats)
        if (name := run.format_name) not in self.formats:
            known = ", ".join(self.formats)
            raise typer.BadParameter(f'"{name}" must be one of {known}', ctx=ctx, param_hint="--format")
        while True:
            try:
                with self._finishing_when_killed(), paged(run.directory) if self.is_paged else nullcontext():
                    result = super().invoke(ctx)
                    sys.stdout.flush()
                    return result
            except (Ambiguous, Question) as question:
                from pipecli.cli.common.names_and_questions import answer

                answer(ctx, question)

    def _finishing_when_killed(self) -> AbstractContextManager[None]:
        """Where a polite kill is as Ctrl-C, so that what was done is told."""
        if not self.is_changing:
            return nullcontext()
        from pipecli.store.lock_and_signals import interruptible

        return interruptible()


class Printing(Verb):
    """A verb that asks nothing while it prints, so that a pager may show the whole."""

    is_paged, is_changing = True, False


class Reading(Printing):
    """A verb that reads the pipeline, of today or with `--as-of` of another day."""

    def shared(self) -> list[TyperOption]:
        help_text = "As it was then: a date (its end), a time, or a revision of git."
        return [*self.owners(), shared_option("--as-of", help_text, "WHEN"), *super().shared()]


class Changing(Verb):
    """A verb that changes records: one commit, or with `--dry-run` none."""

    when_dry: ClassVar[str] = "Print the diff; change nothing."
    """What `--dry-run` does instead."""

    def shared(self) -> list[TyperOption]:
        return [
            shared_option("-m --message", "Text for the commit's body.", "TEXT"),
            shared_option("--dry-run", self.when_dry),
            shared_option("--no-commit", "Write the files, leave the commit to you."),
            *super().shared(),
        ]


class Job(Changing):
    """A verb for cron: it changes many records, and with `--dry-run` lists them."""

    is_paged = True
    when_dry = "List what would change; change nothing."


class Sending(Printing):
    """A verb that sends messages, and changes no record."""

    is_changing = True

    def shared(self) -> list[TyperOption]:
        return [
            *self.owners(),
            shared_option("--alone", "No other machine sends: record what is sent only in this clone."),
            shared_option("--dry-run", "Print the messages; send and record nothing."),
            *super().shared(),
        ]


def shared_options() -> list[TyperOption]:
    """The options of `pipecli` itself, before the noun."""
    return [
        shared_option(
            "-C --dir", "The pipeline, or a directory in it.", "DIR", name="directory", envvar="PIPECLI_DIR"
        ),
        *_format_and_color(envvar="PIPECLI_FORMAT"),
        shared_option("--today", "Take this for today's date.", "DATE", envvar="PIPECLI_TODAY"),
        TyperOption(
            param_decls=["--version"],
            is_flag=True,
            expose_value=False,
            is_eager=True,
            callback=_version,
            help="Print the version.",
        ),
    ]


def _format_and_color(formats: Sequence[str] = FORMATS, envvar: str | None = None) -> list[TyperOption]:
    return [
        shared_option("--format", f"One of {', '.join(formats)}.", "FORMAT", envvar=envvar),
        shared_option("--color", f"One of {', '.join(COLORS)}. Default: auto.", "WHEN"),
    ]


def shared_option(
    declared: str, help_text: str, metavar: str = "", *, name: str = "", **kind: Any
) -> TyperOption:
    """An option that verbs share, whose value the session keeps by its name; without a metavar a flag."""
    names = declared.split()
    name = name or names[-1].lstrip("-").replace("-", "_")
    if not metavar:
        kind |= {"is_flag": True, "default": False}
    return TyperOption(
        param_decls=[*names, f"_{name}"], expose_value=False, callback=_keep(name), help=help_text,
        metavar=metavar or None, **kind,
    )  # fmt: skip


def _keep(name: str) -> Any:
    """Note a shared option's value in the session, where the verb's function finds it."""

    def callback(ctx: Any, _param: Any, value: Any) -> None:
        # Nothing after --as-of is a script's unset variable: that must not pass for today.
        if value not in (None, False, "") or (name == "as_of" and value is not None):
            ctx.ensure_object(Session).set(name, value)

    return callback


def _version(ctx: Any, _param: Any, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        typer.echo(f"pipecli {__version__}")
        ctx.exit()


Ref = Annotated[
    str, typer.Argument(metavar="REF", help="An id, its start (three characters or more), or a name.")
]
Assignments = Annotated[list[str], typer.Argument(metavar="PATH=VALUE...", help="Fields and their values.")]
UserName = Annotated[str, typer.Argument(metavar="USER", help="A slug, or words of a name.")]
TeamName = Annotated[str, typer.Argument(metavar="TEAM", help="A slug, or words of a name.")]
Sets = Annotated[list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="Any other field.")]


SETS = Parameter("sets", Parameter.KEYWORD_ONLY, default=None, annotation=Sets)
TAGS = field("tags", "A tag; repeatable.", "TAG", "--tag", of=list[str] | None)
TYPE = field("type", "sales, support, …", "TYPE")
PROCESS = field("process", "Its process. Default: chosen by the settings.", "PROCESS")
CURRENCY = field("currency", "Its currency. Default: the price list's, else the settings'.", "CODE")
PRICE_LIST = field("price_list", "The price list for its items.", "LIST")

NextContactOption = Annotated[
    str | None,
    typer.Option(
        "--next",
        help='When to speak next: fri, 3d, "fri: send the offer"; none clears what was planned.',
        metavar="DATE",
    ),
]


class Owned(Reading):
    """The command class of what shows everybody's records, or those of some owners."""

    owner_helps = ()


class Report(Owned):
    """The command class of what counts deals: of one who sells some with others, their part."""

    def shared(self) -> list[Any]:
        help_text = "Only what this user sells; of a shared deal, their part."
        return [shared_option("--seller", help_text, "USER"), *super().shared()]


class Planned(Reading):
    """The command class of what lists plans: each is its doer's, whoever owns the record."""

    owner_helps = (
        "Only what this user has to do.",
        "Only what users in this team or in teams below it have to do.",
        "Only what you have to do.",
    )


def owner_options(
    owner: str = "Only this user's.",
    team: str = "Only of users in this team or in teams below it.",
    mine: str = "Only what you own, sell a part of, or what is shared with you.",
) -> list[Any]:
    """`--owner`, `--team` and `--mine`, each with its help; `owner_filter` reads them, and `--seller`."""
    return [
        shared_option("--owner", owner, "USER"),
        shared_option("--team", team, "TEAM"),
        shared_option("--mine", mine),
    ]
