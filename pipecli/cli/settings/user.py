"""`pipecli user`: the salespeople, who are kept in `pipecli.yaml`."""

from __future__ import annotations

from typing import Annotated

import typer

from pipecli.cli.common.change import changing
from pipecli.cli.common.columns import USERS
from pipecli.cli.common.command import Changing, noun
from pipecli.cli.common.list import Listing, Parts, print_parts
from pipecli.cli.common.record_verbs import Assignments
from pipecli.cli.common.session import session
from pipecli.cli.settings.change import USER, edit_part, find_part, remove_part, set_part, show_part

app = noun("Users: the salespeople of the settings.")

User = Annotated[str, typer.Argument(metavar="USER", help="A slug, or words of a name.")]


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
    from pipecli.cli.common.assignments import validated
    from pipecli.cli.common.change import Printed
    from pipecli.cli.common.record_verbs import given_slug
    from pipecli.records import settings
    from pipecli.workflow import settings as add_user

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


_SOURCE = Parts(
    "users", "SELECT id, name, email, team, active, external_id FROM users", flags=frozenset({"active"})
)


@app.command("list", cls=Listing)
def list_(ctx: typer.Context) -> None:
    """List the users, those at work first."""
    print_parts(ctx, _SOURCE, USERS, "NOT active, id")


@app.command("show")
def show(ctx: typer.Context, user: User) -> None:
    """Show one user."""
    show_part(session(ctx), USER, user)


@app.command("set", cls=Changing)
def set_(ctx: typer.Context, user: User, assignments: Assignments) -> None:
    """Set fields of a user: path=value, path= to clear."""
    with changing(ctx) as transaction:
        set_part(transaction, USER, find_part(transaction.session, USER, user), assignments)


@app.command("edit", cls=Changing)
def edit(ctx: typer.Context, user: User) -> None:
    """Open pipecli.yaml in $EDITOR, where the user stands."""
    edit_part(ctx, USER, user)


@app.command("remove", cls=Changing)
def remove(ctx: typer.Context, user: User) -> None:
    """Remove a user whom no record names.

    One whom records name is taken out of use: user set USER active=no.
    """
    with changing(ctx) as transaction:
        remove_part(transaction, USER, find_part(transaction.session, USER, user))
