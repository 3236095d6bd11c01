"""`pipecli user`: the salespeople, who are kept in `pipecli.yaml`."""

from __future__ import annotations

from typing import Annotated

import typer

from pipecli.cli.common.assignments import validated
from pipecli.cli.common.change import Printed, changing
from pipecli.cli.common.command import Assignments, Changing, User, noun
from pipecli.cli.common.record_json import find_section
from pipecli.cli.common.record_verbs import given_slug
from pipecli.cli.settings.change import edit_part, remove_part, set_part
from pipecli.records import settings
from pipecli.workflow import settings as add_user

app = noun()


@app.command("add", cls=Changing)
def add(
    ctx: typer.Context,
    slug: Annotated[
        str, typer.Argument(metavar="USER", help="What names them: small letters, digits and hyphens.")
    ],
    name: Annotated[str, typer.Option(help="Their name.", metavar="TEXT")],
    email: Annotated[
        str | None, typer.Option(help="By it git's identity is recognised.", metavar="ADDRESS")
    ] = None,
    team: Annotated[str | None, typer.Option(help="Their team; made if it is new.", metavar="TEAM")] = None,
    inactive: Annotated[bool, typer.Option("--inactive", help="They get nothing new.")] = False,
) -> None:
    """Add a user; prints their slug."""
    with changing(ctx) as transaction:
        user = given_slug(slug, "user")
        given = {
            "name": name,
            "email": email or None,
            "team": given_slug(team, "team") if team else None,
            "active": not inactive,
        }
        transaction.do(
            add_user.add_user(transaction.settings, user, validated(settings.User, given)),
            printed=Printed("user", user, user, is_new=True),
        )


@app.command("set", cls=Changing)
def set_(ctx: typer.Context, user: User, assignments: Assignments) -> None:
    """Set fields of a user: path=value, path= to clear."""
    with changing(ctx) as transaction:
        set_part(transaction, "user", find_section(transaction.session, "user", user), assignments)


@app.command("edit", cls=Changing)
def edit(ctx: typer.Context, user: User) -> None:
    """Open pipecli.yaml in $EDITOR, where the user stands."""
    edit_part(ctx, "user", user)


@app.command("remove", cls=Changing)
def remove(ctx: typer.Context, user: User) -> None:
    """Remove a user whom no record names.

    One whom records name is taken out of use: user set USER active=no.
    """
    with changing(ctx) as transaction:
        remove_part(transaction, "user", find_section(transaction.session, "user", user))
