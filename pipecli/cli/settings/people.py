"""`pipecli user` and `team`: the salespeople and their teams, who are kept in `pipecli.yaml`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, cast

import typer

from pipecli.cli.common.command import Assignments, Changing, TeamName, UserName, noun
from pipecli.cli.common.fields import validated
from pipecli.cli.common.record_json import SECTIONS, find_principal, find_section, settings_json
from pipecli.cli.common.record_verbs import given_slug
from pipecli.cli.common.session import say, session
from pipecli.cli.common.transaction import Printed, Transaction, changing
from pipecli.cli.settings.change import edit_settings, set_settings, summed
from pipecli.records.kinds import CUSTOMER, LEAD, OPPORTUNITY, SETTINGS_FILE
from pipecli.records.lead import Lead
from pipecli.records.opportunity import Opportunity
from pipecli.records.party import Customer
from pipecli.records.settings import Settings, Team, User
from pipecli.store.index.records import open_counts
from pipecli.store.plans import responsibilities
from pipecli.store.yaml import read
from pipecli.workflow import settings
from pipecli.workflow.assignment import hand_over, roles_left

app = noun()


@app.command("user add", cls=Changing)
def add_user(
    ctx: typer.Context,
    slug: Annotated[str, typer.Argument(metavar="USER", help="Their slug: lower case, digits and hyphens.")],
    name: Annotated[str, typer.Option(help="Their name.", metavar="TEXT")],
    email: Annotated[
        str | None,
        typer.Option(help="Their e-mail address, by which git's identity is recognised.", metavar="ADDRESS"),
    ] = None,
    team: Annotated[str | None, typer.Option(help="Their team; added if it is new.", metavar="TEAM")] = None,
    inactive: Annotated[bool, typer.Option("--inactive", help="They are given nothing new.")] = False,
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
            settings.add_user(transaction.settings, user, validated(User, given)),
            printed=Printed("user", user, user, is_new=True),
        )


@app.command("user set", cls=Changing)
def set_user(ctx: typer.Context, user: UserName, assignments: Assignments) -> None:
    """Set fields of a user: path=value, path= to clear."""
    with changing(ctx) as transaction:
        _set(transaction, "user", user, assignments)


@app.command("user handover", cls=Changing)
def hand_over_user(
    ctx: typer.Context,
    user: UserName,
    to: Annotated[
        str,
        typer.Option("--to", help="Who gets it: a user, or a team's least busy.", metavar="USER-OR-TEAM"),
    ],
) -> None:
    """Hand over what a user has open to another user or to a team.

    In one commit: open opportunities and leads, the customers they look after, and work planned for them, on
    others' records, too. In a team the least busy active users get it, and the whole team sees it.
    """
    with changing(ctx) as transaction:
        transaction.pipeline.need(OPPORTUNITY, LEAD, CUSTOMER)
        slug = find_section(transaction.session, "user", user)
        recipient = find_principal(transaction.session, to)
        connection = transaction.pipeline.index.connection
        theirs = responsibilities(connection, slug)
        changes = hand_over(
            cast(
                "list[Lead | Opportunity | Customer]", [transaction.pipeline.read(own.path) for own in theirs]
            ),
            transaction.settings,
            slug,
            recipient,
            today=transaction.today,
            open_deals=open_counts(connection, OPPORTUNITY),
        )
        for note in roles_left(transaction.settings, slug):
            say(note)
        if not changes:
            say(f"{slug} has nothing open")
        transaction.do_many(changes, f"{slug}: hand over {summed(theirs)} to {recipient}")


@app.command("user edit", cls=Changing)
def edit_user(ctx: typer.Context, user: UserName) -> None:
    """Open pipecli.yaml in $EDITOR, at that user."""
    _edit(ctx, "user", user)


@app.command("user remove", cls=Changing)
def remove_user(ctx: typer.Context, user: UserName) -> None:
    """Remove a user whom no record names.

    If records name them, deactivate them: user set USER active=no.
    """
    with changing(ctx) as transaction:
        _remove(transaction, "user", user)


@app.command("team add", cls=Changing)
def add_team(
    ctx: typer.Context,
    slug: Annotated[str, typer.Argument(metavar="TEAM", help="Its slug: lower case, digits and hyphens.")],
    name: Annotated[str | None, typer.Option(help="Its name. Default: the slug.", metavar="TEXT")] = None,
    manager: Annotated[str | None, typer.Option(help="Who is responsible for it.", metavar="USER")] = None,
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
            settings.add_team(transaction.settings, team, validated(Team, given)),
            printed=Printed("team", team, team, is_new=True),
        )


@app.command("team set", cls=Changing)
def set_team(ctx: typer.Context, team: TeamName, assignments: Assignments) -> None:
    """Set fields of a team: path=value, path= to clear."""
    with changing(ctx) as transaction:
        _set(transaction, "team", team, assignments)


@app.command("team edit", cls=Changing)
def edit_team(ctx: typer.Context, team: TeamName) -> None:
    """Open pipecli.yaml in $EDITOR, at that team."""
    _edit(ctx, "team", team)


@app.command("team remove", cls=Changing)
def remove_team(ctx: typer.Context, team: TeamName) -> None:
    """Remove a team that no user and no record names."""
    with changing(ctx) as transaction:
        _remove(transaction, "team", team)


def _set(transaction: Transaction, section: str, name: str, assignments: Sequence[str]) -> None:
    slug = find_section(transaction.session, section, name)
    inside = [f"{SECTIONS[section]}.{slug}.{text}" for text in assignments]
    set_settings(transaction, inside, Printed(section, slug, slug))


def _remove(transaction: Transaction, section: str, name: str) -> None:
    slug = find_section(transaction.session, section, name, whole=True)
    last = settings_json(transaction.session, section, slug)
    set_settings(
        transaction,
        [f"{SECTIONS[section]}.{slug}="],
        Printed(section, slug, slug, shown=last),
        summary=f"remove {section} {slug}",
    )


def _edit(ctx: typer.Context, section: str, name: str) -> None:
    """Open the settings in $EDITOR for the sake of one user or team, and say where that stands."""
    run = session(ctx)
    slug = find_section(run, section, name)
    line, _ = read.locate(run.pipeline.text(SETTINGS_FILE), [SECTIONS[section], slug])
    say(f"{section} {slug} stands in {SETTINGS_FILE}, at line {line}")

    def printed(after: Settings) -> Printed:
        is_there = slug in getattr(after, SECTIONS[section])
        return Printed(section, slug, slug) if is_there else Printed("settings", after.id, after.id)

    edit_settings(ctx, printed)
