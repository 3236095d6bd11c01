"""`opportunity contact`: the stakeholders of a deal."""

from __future__ import annotations

from typing import Annotated

import typer

from pipecli.cli.common.change import RecordJson, changing
from pipecli.cli.common.command import Changing, noun
from pipecli.cli.common.record_verbs import Ref
from pipecli.cli.common.session import Session, session
from pipecli.cli.common.table import Column

app = noun("Contacts on an opportunity: add, remove, list.")

_Contact = Annotated[str, typer.Argument(help="A contact's slug or name.", metavar="CONTACT")]


@app.command(cls=Changing)
def add(
    ctx: typer.Context,
    ref: Ref,
    contact: _Contact,
    role: Annotated[
        str | None, typer.Option(help="decision-maker, influencer, user, …", metavar="ROLE")
    ] = None,
    primary: Annotated[bool, typer.Option("--primary", help="The one to speak to first.")] = False,
) -> None:
    """Put a contact on an opportunity, or change the part they play in it."""
    from pipecli.cli.common.assignments import option
    from pipecli.records.opportunity import Opportunity
    from pipecli.records.party import Contact
    from pipecli.workflow.opportunity.people import add_stakeholder

    with changing(ctx) as transaction:
        deal = transaction.get(Opportunity, ref)
        part = option("--role", role, (Opportunity, "contacts.0.role"), transaction.session)
        transaction.do(add_stakeholder(deal, transaction.get(Contact, contact), role=part, primary=primary))


@app.command(cls=Changing)
def remove(ctx: typer.Context, ref: Ref, contact: _Contact) -> None:
    """Take a contact off an opportunity."""
    from pipecli.records.opportunity import Opportunity
    from pipecli.records.party import Contact
    from pipecli.workflow.opportunity.people import remove_stakeholder

    with changing(ctx) as transaction:
        deal = transaction.get(Opportunity, ref)
        transaction.do(remove_stakeholder(deal, transaction.get(Contact, contact)))


@app.command("list")
def list_(ctx: typer.Context, ref: Ref) -> None:
    """List the contacts, with the part that each plays."""
    from pipecli.cli.common.output import print_records
    from pipecli.records.kinds import OPPORTUNITY
    from pipecli.store.lookup import resolve

    run = session(ctx)
    found = resolve(run.pipeline, ref, OPPORTUNITY)
    print_records(stakeholders(run, found.key), STAKEHOLDERS, run.format, id_key="contact")


def stakeholders(run: Session, deal: str) -> list[RecordJson]:
    """The contacts on a deal in the order of its file, with what we know of each."""
    from pipecli.jsontext import loads

    rows = run.pipeline.index.connection.execute(
        """SELECT s.contact, c.name, s.role, s."primary", c.title, c.emails, c.phones
        FROM stakeholders s LEFT JOIN _contacts c ON c.path = 'contacts/' || s.contact || '.yaml'
        WHERE s.opportunity = ? ORDER BY s.rowid""",
        (deal,),
    )
    return [
        {
            "contact": contact,
            "name": name or contact,
            "role": role,
            "primary": bool(primary),
            "title": title,
            "emails": loads(emails or "[]"),
            "phones": loads(phones or "[]"),
        }
        for contact, name, role, primary, title, emails, phones in rows
    ]


STAKEHOLDERS = (
    Column("contact", "CONTACT", shrink=True, min_width=12),
    Column("name", "NAME", shrink=True, min_width=12),
    Column("role", "ROLE", shrink=True),
    Column("primary", "PRIMARY", show=lambda record: "primary" if record["primary"] else ""),
    Column("title", "TITLE", shrink=True, rank=2),
    Column("emails", "EMAIL", shrink=True, rank=1),
    Column("phones", "PHONE", shrink=True, rank=1),
)
