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

Setting = Callable[[Desk, Any, Any, str], "Change"]
"""The rule of a noun's `set`: from the record before and after, and the commit's words, to the change."""


def add_show_set_edit(app: typer.Typer, kind: Kind) -> None:
    """Give a noun its `show`, `set` and `edit`."""

    @app.command("show", help=f"Show one {kind.noun.replace('-', ' ')}.")
    def show(ctx: typer.Context, ref: Ref) -> None:
        from pipecli.store.lookup import resolve

        run = session(ctx)
        found = resolve(run.pipeline, ref, kind)
        print_view(run, view(run, found.noun, found.key))

    add_set_edit(app, kind)


def _any_field(_desk: Desk, _before: Any, after: Any, summary: str) -> Change:
    from pipecli.workflow.change import Change

    return Change(after, summary, "changed")


def add_set_edit(app: typer.Typer, kind: Kind, setting: Setting = _any_field) -> None:
    """Give a noun its `set` and `edit`, where its `show` is its own, or some fields have a rule."""
    name = kind.noun.replace("-", " ")
    one = f"{'an' if name[0] in 'aeiou' else 'a'} {name}"

    @app.command("set", cls=Changing, help=f"Set fields of {one}: path=value, path= to clear.")
    def set_(ctx: typer.Context, ref: Ref, assignments: Assignments) -> None:
        from pipecli.cli.assignments import assign, split

        with changing(ctx) as desk:
            before: Any = desk.get(kind.model, ref)
            after = assign(before, assignments, desk.session)
            names = ", ".join(".".join(str(part) for part in split(text)[0]) for text in assignments)
            desk.do(setting(desk, before, after, f"set {names}"))

    @app.command("edit", cls=Changing, help=f"Open {one} in $EDITOR.")
    def edit(ctx: typer.Context, ref: Ref) -> None:
        from pipecli.cli.editing import edit_file

        with changing(ctx) as desk:
            record: Any = desk.get(kind.model, ref)
            edit_file(desk, record)


Ref = Annotated[str, typer.Argument(help="An id, the beginning of its random part, or a name.")]
Assignments = Annotated[list[str], typer.Argument(metavar="PATH=VALUE...", help="Fields and their values.")]
Sets = Annotated[list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="Any other field.")]
