"""`pipecli team`: the teams that users belong to, kept in `pipecli.yaml`."""

from __future__ import annotations

from typing import Annotated

import typer

from pipecli.cli.common.assignments import validated
from pipecli.cli.common.change import Printed, changing
from pipecli.cli.common.command import Assignments, Changing, Team, noun
from pipecli.cli.common.record_json import find_section
from pipecli.cli.common.record_verbs import given_slug
from pipecli.cli.settings.change import edit_part, remove_part, set_part
from pipecli.records import settings
from pipecli.workflow import settings as add_team

app = noun()


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
    with changing(ctx) as transaction:
        team = given_slug(slug, "team")
        given = {
            "name": name or team,
            "manager": find_section(transaction.session, "user", manager) if manager else None,
            "parent": find_section(transaction.session, "team", parent) if parent else None,
        }
        transaction.do(
            add_team.add_team(transaction.settings, team, validated(settings.Team, given)),
            printed=Printed("team", team, team, is_new=True),
        )


@app.command("set", cls=Changing)
def set_(ctx: typer.Context, team: Team, assignments: Assignments) -> None:
    """Set fields of a team: path=value, path= to clear."""
    with changing(ctx) as transaction:
        set_part(transaction, "team", find_section(transaction.session, "team", team), assignments)


@app.command("edit", cls=Changing)
def edit(ctx: typer.Context, team: Team) -> None:
    """Open pipecli.yaml in $EDITOR, where the team stands."""
    edit_part(ctx, "team", team)


@app.command("remove", cls=Changing)
def remove(ctx: typer.Context, team: Team) -> None:
    """Remove a team that no user and no record names."""
    with changing(ctx) as transaction:
        remove_part(transaction, "team", find_section(transaction.session, "team", team))
