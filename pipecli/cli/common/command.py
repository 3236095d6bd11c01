"""How a verb becomes a command: only the one that is called is built, and it gets the options all share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption
from typer.main import get_command_from_info, get_command_name

from pipecli import __version__
from pipecli.cli.common.session import FORMATS, Session


class App(typer.Typer):
    """The app of a noun; `modules` are those of verbs that are imported only when they are called."""

    modules: Mapping[str, str] = {}


def noun(help_text: str, modules: Mapping[str, str] | None = None) -> App:
    """The app of a noun; `@app.command("verb", cls=Changing)` adds a verb.

    `modules` names verbs that have a module of `pipecli.cli` each, whose `app` holds that one verb.
    """
    app = App(help=help_text, add_completion=False, rich_markup_mode=None)
    app.modules = modules or {}
    return app


def command_of(app: App, name: str, help_text: str) -> Any:
    """The command of a noun's app: a group of verbs, or its only verb where the noun is one."""
    infos = app.registered_commands
    if len(infos) == 1 and infos[0].name is None:
        command = _build(infos[0])
        command.name = name
        return command
    return Group(app, name, help_text)


class Group(TyperGroup):
    """The verbs of a noun. A verb's options are worked out when it is called, not for all of them."""

    def __init__(self, app: App, name: str, help_text: str) -> None:
        self._modules = app.modules
        self._verbs = {_name_of(info): info for info in app.registered_commands}
        self._groups: dict[str, Any] = {
            info.name or "": info.typer_instance for info in app.registered_groups
        }
        names = [*self._verbs, *self._groups, *self._modules]
        super().__init__(
            name=name,
            help=help_text,
            no_args_is_help=True,
            rich_markup_mode=None,
            commands={name: TyperCommand(name) for name in names},
        )

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name in self._verbs:
            return _build(self._verbs[cmd_name])
        if cmd_name in self._modules:
            return command_of(import_module(f"pipecli.cli.{self._modules[cmd_name]}").app, cmd_name, "")
        inner = self._groups.get(cmd_name)
        return Group(inner, cmd_name, str(inner.info.help or "")) if inner else None


def _name_of(info: Any) -> str:
    """A verb's name: the given one, or its function's."""
    return info.name or get_command_name(info.callback.__name__)


def _build(info: Any) -> Any:
    if info.cls in (None, TyperCommand):  # Typer's own, where the verb names none
        info.cls = Reading
    return get_command_from_info(info, pretty_exceptions_short=False, rich_markup_mode=None)


class Verb(TyperCommand):
    """Any verb: `--format` may follow it."""

    formats: ClassVar[Sequence[str]] = FORMATS

    def __init__(self, name: str | None, *, params: list[Any] | None = None, **rest: Any) -> None:
        own = params or []
        taken = {option for param in own for option in param.opts}
        shared = [option for option in self.shared() if not taken & set(option.opts)]
        super().__init__(name, params=[*own, *shared], **rest)
        self.context_settings["help_option_names"] = ["-h", "--help"]

    def shared(self) -> list[TyperOption]:
        return [_format_option(self.formats)]

    def invoke(self, ctx: Any) -> Any:
        """Run it, unless the format that was given, here or before or by the environment, is none it has."""
        name = ctx.ensure_object(Session).format_name
        if name not in self.formats:
            known = ", ".join(self.formats)
            raise typer.BadParameter(f'"{name}" is none of {known}', ctx=ctx, param_hint="--format")
        return super().invoke(ctx)


class Reading(Verb):
    """A verb that reads the pipeline, of today or with `--as-of` of another day."""

    def shared(self) -> list[TyperOption]:
        help_text = "As it stood then: a date (its end), a time, or a revision of git."
        return [_option(["--as-of"], "as_of", help_text, metavar="WHEN"), *super().shared()]


class Changing(Verb):
    """A verb that changes records: one commit, or with `--dry-run` none."""

    def shared(self) -> list[TyperOption]:
        return [
            _option(["-m", "--message"], "message", "Text for the commit's body.", metavar="TEXT"),
            _flag(["--dry-run"], "dry_run", "Print the diff; change nothing."),
            _flag(["--no-commit"], "no_commit", "Write the files, leave the commit to you."),
            _format_option(),
        ]


class Job(Changing):
    """What cron runs: it changes many records, and with `--dry-run` lists them."""

    def shared(self) -> list[TyperOption]:
        dry_run = _flag(["--dry-run"], "dry_run", "List what would change; change nothing.")
        return [dry_run if "--dry-run" in option.opts else option for option in super().shared()]


class Sending(Verb):
    """What sends messages, and changes no record."""

    def shared(self) -> list[TyperOption]:
        return [
            _flag(["--alone"], "alone", "No other machine sends: note what is sent in this clone only."),
            _flag(["--dry-run"], "dry_run", "Print the messages; send and note nothing."),
            *super().shared(),
        ]


def shared_options() -> list[TyperOption]:
    """The options of `pipecli` itself, before the noun."""
    return [
        _option(
            ["-C", "--dir"],
            "directory",
            "The pipeline, or a directory in it.",
            metavar="DIR",
            envvar="PIPECLI_DIR",
        ),
        _format_option(envvar="PIPECLI_FORMAT"),
        _option(["--today"], "today", "Take this for today's date.", metavar="DATE", envvar="PIPECLI_TODAY"),
        TyperOption(
            param_decls=["--version"],
            is_flag=True,
            expose_value=False,
            is_eager=True,
            callback=_version,
            help="Print the version.",
        ),
    ]


def _format_option(formats: Sequence[str] = FORMATS, envvar: str | None = None) -> TyperOption:
    return _option(["--format"], "format", f"One of {', '.join(formats)}.", metavar="FORMAT", envvar=envvar)


def _option(
    declarations: list[str], name: str, help_text: str, *, metavar: str, envvar: str | None = None
) -> TyperOption:
    return TyperOption(
        param_decls=[*declarations, f"_{name}"],
        type=str,
        metavar=metavar,
        envvar=envvar,
        expose_value=False,
        callback=_keep(name),
        help=help_text,
    )


def _flag(declarations: list[str], name: str, help_text: str) -> TyperOption:
    return TyperOption(
        param_decls=[*declarations, f"_{name}"],
        is_flag=True,
        default=False,
        expose_value=False,
        callback=_keep(name),
        help=help_text,
    )


def text_option(name: str, help_text: str, metavar: str) -> TyperOption:
    """A filter that commands of one kind share."""
    return _option([name], name.lstrip("-"), help_text, metavar=metavar)


def flag_option(name: str, help_text: str) -> TyperOption:
    return _flag([name], name.lstrip("-"), help_text)


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
