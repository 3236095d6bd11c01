"""The verbs that every noun has: show, edit, set."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipecli.cli.changing import Desk, changing
from pipecli.cli.command import Changing
from pipecli.cli.session import session
from pipecli.cli.showing import print_view, view
from pipecli.records.kinds import Kind

if TYPE_CHECKING:
    from pipecli.workflow.change import Change

Setting = Callable[[Desk, Any, list[str], str], "Change"]
"""What a noun makes of `set`: from the record, the assignments and the commit's words to the change."""
Rule = Callable[[Desk, Any, Any], None]
"""What a noun allows of `set` and `edit`: the record before and after; asked with it twice beforehand."""


def add_show_set_edit(app: typer.Typer, kind: Kind) -> None:
    """Give a noun its `show`, `set` and `edit`."""
    add_show(app, kind)
    add_set_edit(app, kind)


def add_show(app: typer.Typer, kind: Kind) -> None:
    """Give a noun its `show`, where some fields have a rule for `set` or `edit`."""

    @app.command("show", help=f"Show one {kind.noun.replace('-', ' ')}.")
    def show(ctx: typer.Context, ref: Ref) -> None:
        from pipecli.store.lookup import resolve

        run = session(ctx)
        found = resolve(run.pipeline, ref, kind)
        print_view(run, view(run, found.noun, found.key))


def _any_field(desk: Desk, record: Any, assignments: list[str], summary: str) -> Change:
    from pipecli.cli.assignments import assign
    from pipecli.workflow.change import Change

    return Change(assign(record, assignments, desk.session), summary, "changed")


def setting_of(allow: Rule, setting: Setting = _any_field) -> Setting:
    """A `set`, as far as a rule on the record before and after allows it."""

    def allowed(desk: Desk, record: Any, assignments: list[str], summary: str) -> Change:
        allow(desk, record, record)
        change = setting(desk, record, assignments, summary)
        allow(desk, record, change.subject)
        return change

    return allowed


def _any_change(_desk: Desk, _before: Any, _after: Any) -> None:
    """Every valid record is allowed."""


def add_set_edit(
    app: typer.Typer, kind: Kind, setting: Setting = _any_field, allow_edit: Rule = _any_change
) -> None:
    """Give a noun its `set` and `edit`, where its `show` is its own, or some fields have a rule."""
    name = kind.noun.replace("-", " ")
    one = f"{'an' if name[0] in 'aeiou' else 'a'} {name}"

    @app.command("set", cls=Changing, help=f"Set fields of {one}: path=value, path= to clear.")
    def set_(ctx: typer.Context, ref: Ref, assignments: Assignments) -> None:
        from pipecli.cli.assignments import split

        with changing(ctx) as desk:
            names = ", ".join(".".join(split(text)[0]) for text in assignments)
            desk.do(setting(desk, desk.get(kind.model, ref), assignments, f"set {names}"))

    @app.command("edit", cls=Changing, help=f"Open {one} in $EDITOR.")
    def edit(ctx: typer.Context, ref: Ref) -> None:
        from pipecli.cli.editing import edit_file

        edit_file(ctx, lambda desk: desk.get(kind.model, ref), allow_edit)


Ref = Annotated[
    str, typer.Argument(metavar="REF", help="An id, the beginning of its random part, or a name.")
]
Assignments = Annotated[list[str], typer.Argument(metavar="PATH=VALUE...", help="Fields and their values.")]
Sets = Annotated[list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="Any other field.")]
