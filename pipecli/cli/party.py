"""What customers, contacts and suppliers share at the prompt: how they are named, and how set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipecli.cli.changing import Desk
from pipecli.errors import PipecliError

if TYPE_CHECKING:
    from pipecli.workflow.change import Change

NameOrSlug = Annotated[
    str | None, typer.Argument(metavar="NAME", help="What people call it; with --name, its slug.")
]
Name = Annotated[str | None, typer.Option("--name", help="What people call it.", metavar="TEXT")]


def slug_and_name(noun: str, argument: str | None, name: str | None) -> tuple[str, str]:
    """The slug and the name of `add "Contoso Coffee"`, or of `add contoso-coffee --name "Contoso Coffee"`.

    Raises PipecliError.
    """
    from pipecli.cli.slugs import given_slug
    from pipecli.store.naming import slug

    text = (name or argument or "").strip()
    if not text:
        raise PipecliError(f"a {noun} needs a name", hint=f'pipecli {noun} add "Contoso Coffee"')
    return given_slug(argument, noun) if name and argument else slug(text), text


def names_of(desk: Desk, noun: str) -> dict[str, str]:
    """The name of every record of a kind, by its slug."""
    found = desk.pipeline.index.connection.execute("SELECT key, label FROM _records WHERE noun = ?", (noun,))
    return dict(found.fetchall())


def set_party(desk: Desk, party: Any, assignments: list[str], summary: str) -> Change:
    """`set` of any field, e-mails and phones tidied as `add` does."""
    from pipecli.cli.assignments import assign
    from pipecli.workflow.change import Change
    from pipecli.workflow.party import normalized

    return Change(normalized(assign(party, assignments, desk.session), party), summary, "changed")
