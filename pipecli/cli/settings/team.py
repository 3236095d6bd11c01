"""`pipecli team`: the teams that users belong to, kept in `pipecli.yaml`."""

from __future__ import annotations

from typing import Annotated

import typer

from pipecli.cli.common.change import changing
from pipecli.cli.common.columns import TEAMS
from pipecli.cli.common.command import Changing, noun
from pipecli.cli.common.list import Listing, Parts, print_parts
from pipecli.cli.common.record_verbs import Assignments
from pipecli.cli.common.session import session
from pipecli.cli.settings.change import TEAM, USER, edit_part, find_part, remove_part, set_part, show_part

app = noun("Teams and their managers.")

Team = Annotated[str, typer.Argument(metavar="TEAM", help="A slug, or words of a name.")]


@app.command("add", cls=Changing)
def add(
    ctx: typer.Context,
    slug: Annotated[
        str, typer.Argument(metavar="TEAM", help="What names it: small letters, digits and hyphens.")
    ],
    name: Annotated[str | None, typer.Option(help="Its name; the slug otherwise.", metavar="TEXT")] = None,
    manager: Annotated[str | None, typer.Option(help="Who answers for it.", metavar="USER")] = None,
    parent: Annotated[str | None, typer.Option(help="The team it belongs to.", metavar="TEAM")] = None,
) -> None:
    """Add a team; prints its slug."""
    from pipecli.cli.common.assignments import validated
    from pipecli.cli.common.change import Printed
    from pipecli.cli.common.record_verbs import given_slug
    from pipecli.records import settings
    from pipecli.workflow import settings as add_team

    with changing(ctx) as transaction:
        team = given_slug(slug, "team")
        given = {
            "name": name or team,
            "manager": find_part(transaction.session, USER, manager) if manager else None,
            "parent": find_part(transaction.session, TEAM, parent) if parent else None,
        }
        transaction.do(
            add_team.add_team(transaction.settings, team, validated(settings.Team, given)),
            printed=Printed("team", team, team, is_new=True),
        )


_SOURCE = Parts(
    "teams",
    "SELECT t.id, t.name, t.manager, "
    "(SELECT json_group_array(id) FROM (SELECT id FROM users WHERE team = t.id ORDER BY id)) AS members "
    "FROM teams t",
    lists=frozenset({"members"}),
)


@app.command("list", cls=Listing)
def list_(ctx: typer.Context) -> None:
    """List the teams with their members."""
    print_parts(ctx, _SOURCE, TEAMS, "id")


@app.command("show")
def show(ctx: typer.Context, team: Team) -> None:
    """Show one team."""
    show_part(session(ctx), TEAM, team)


@app.command("set", cls=Changing)
def set_(ctx: typer.Context, team: Team, assignments: Assignments) -> None:
    """Set fields of a team: path=value, path= to clear."""
    with changing(ctx) as transaction:
        set_part(transaction, TEAM, find_part(transaction.session, TEAM, team), assignments)


@app.command("edit", cls=Changing)
def edit(ctx: typer.Context, team: Team) -> None:
    """Open pipecli.yaml in $EDITOR, where the team stands."""
    edit_part(ctx, TEAM, team)


@app.command("remove", cls=Changing)
def remove(ctx: typer.Context, team: Team) -> None:
    """Remove a team that no user and no record names."""
    with changing(ctx) as transaction:
        remove_part(transaction, TEAM, find_part(transaction.session, TEAM, team))
