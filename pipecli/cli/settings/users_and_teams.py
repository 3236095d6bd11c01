"""`pipecli user` and `team`: the salespeople and their teams, who are kept in `pipecli.yaml`."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import Parameter
from typing import Any, cast

import typer

from pipecli.cli.common.command import (
    Assignments,
    Changing,
    TeamName,
    UserName,
    argument,
    flag,
    noun,
    option,
    with_fields,
)
from pipecli.cli.common.record_json import SECTIONS, find_principal, find_section, settings_json
from pipecli.cli.common.record_verbs import given_slug
from pipecli.cli.common.session import Session, say, session
from pipecli.cli.common.transaction import Printed, changing
from pipecli.cli.common.typed_values import validated
from pipecli.cli.settings.set import edit_settings, set_settings, summed
from pipecli.records.customer import Customer
from pipecli.records.kinds import CUSTOMER, LEAD, OPPORTUNITY, SETTINGS_FILE
from pipecli.records.lead import Lead
from pipecli.records.opportunity import Opportunity
from pipecli.records.references import named_at
from pipecli.records.settings import Settings, Team, User
from pipecli.store.index.rows_for_followups import responsibilities
from pipecli.store.index.rows_for_verbs import open_counts
from pipecli.store.yaml import read
from pipecli.workflow import settings
from pipecli.workflow.assignment import hand_over, roles_left

app = noun()


@app.command("user add", cls=Changing)
def add_user(
    ctx: typer.Context,
    slug: str = argument("Their slug: lower case, digits and hyphens.", "USER"),
    name: str = option("Their name.", "TEXT", default=...),
    email: str | None = option("Their e-mail address, by which git's identity is recognised.", "ADDRESS"),
    team: str | None = option("Their team; added if it is new.", "TEAM"),
    inactive: bool = flag("--inactive", "They are given nothing new."),
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


@app.command("user handover", cls=Changing)
def hand_over_user(
    ctx: typer.Context,
    user: UserName,
    to: str = option("Who gets it: a user, or a team's least busy.", "USER-OR-TEAM", "--to", default=...),
) -> None:
    """Hand over what a user has open to another user or to a team.

    In one commit: open opportunities and leads, the customers they look after, and work planned for them, on
    others' records, too. In a team the least busy active users get it, and the whole team sees it.
    """
    with changing(ctx) as transaction:
        transaction.pipeline.need(OPPORTUNITY, LEAD, CUSTOMER)
        slug = find_section(transaction.session, "user", user, whole=True)
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


@app.command("team add", cls=Changing)
def add_team(
    ctx: typer.Context,
    slug: str = argument("Its slug: lower case, digits and hyphens.", "TEAM"),
    name: str | None = option("Its name. Default: the slug.", "TEXT"),
    manager: str | None = option("Who is responsible for it.", "USER"),
    parent: str | None = option("The team it belongs to.", "TEAM"),
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


def _with_key(run: Session, place: Sequence[str], assignment: str) -> str:
    """An assignment below a place of the settings, with the key of a user or a team by any name of theirs."""
    field, _, name = assignment.partition("=")
    names = named_at(Settings, (*place, field))
    return f"{field}={find_section(run, names.noun, name)}" if names and name else assignment


def _give_verbs(section: str, named: Any, remove_help: str) -> None:
    """Give users or teams their `set`, `edit` and `remove`; `named` is the argument that says which."""
    which = Parameter(section, Parameter.KEYWORD_ONLY, annotation=named)
    fields = Parameter("assignments", Parameter.KEYWORD_ONLY, annotation=Assignments)
    place = SECTIONS[section]

    @app.command(
        f"{section} set", cls=Changing, help=f"Set fields of a {section}: path=value, path= to clear."
    )
    @with_fields(which, fields)
    def set_(ctx: typer.Context, assignments: Sequence[str], **name: str) -> None:
        with changing(ctx) as transaction:
            slug = find_section(transaction.session, section, name[section])
            run, within = transaction.session, (place, slug)
            inside = [f"{place}.{slug}.{_with_key(run, within, text)}" for text in assignments]
            set_settings(transaction, inside, Printed(section, slug, slug))

    @app.command(f"{section} edit", cls=Changing, help=f"Open pipecli.yaml in $EDITOR, at that {section}.")
    @with_fields(which)
    def edit(ctx: typer.Context, **name: str) -> None:
        run = session(ctx)
        slug = find_section(run, section, name[section])
        line, _ = read.locate(run.pipeline.text(SETTINGS_FILE), [place, slug])
        say(f"{section} {slug} is in {SETTINGS_FILE}, line {line}")

        def printed(after: Settings) -> Printed:
            is_there = slug in getattr(after, place)
            return Printed(section, slug, slug) if is_there else Printed("settings", after.id, after.id)

        edit_settings(ctx, printed)

    @app.command(f"{section} remove", cls=Changing, help=remove_help)
    @with_fields(which)
    def remove(ctx: typer.Context, **name: str) -> None:
        with changing(ctx) as transaction:
            slug = find_section(transaction.session, section, name[section], whole=True)
            last = settings_json(transaction.session, section, slug)
            printed = Printed(section, slug, slug, shown=last)
            set_settings(transaction, [f"{place}.{slug}="], printed, summary=f"remove {section} {slug}")


_give_verbs(
    "user",
    UserName,
    "Remove a user whom no record names.\n\nIf records name them, deactivate them: user set USER active=no.",
)
_give_verbs("team", TeamName, "Remove a team that no user and no record names.")
