"""`customer show`: a customer with its people and what is open with it. It reads the index alone."""

from __future__ import annotations

import typer

from pipecli.cli.columns import OPPORTUNITIES
from pipecli.cli.columns_parties import CONTACTS
from pipecli.cli.listing import Shown
from pipecli.cli.output import Format
from pipecli.cli.page_parts import print_section
from pipecli.cli.session import Session, session
from pipecli.cli.showing import View, print_view, view
from pipecli.cli.table import Column
from pipecli.records.kinds import CONTACT, CUSTOMER, OPPORTUNITY
from pipecli.store.lookup import resolve

_OPPORTUNITY_KEYS = "id title type stage amount currency weighted expected_close owner next_contact".split()
_CONTACT_KEYS = "id name title emails phones".split()


def print_customer(ctx: typer.Context, ref: str) -> None:
    """Print a customer; JSON has its `contacts` and its open `opportunities`."""
    run = session(ctx)
    key = resolve(run.pipeline, ref, CUSTOMER).key
    run.read(CONTACT, OPPORTUNITY)
    shown = view(run, "customer", key)
    if run.format is Format.TABLE:
        print_view(run, shown)
        people = _rows(run, "contacts", CONTACTS, "customer = ? ORDER BY name, id", key)
        print_section("Contacts", people, _visible(CONTACTS))
        deals = _rows(run, "opportunities", OPPORTUNITIES, f"{_OPEN} ORDER BY expected_close, id", key)
        print_section("Open opportunities", deals, _visible(OPPORTUNITIES))
        return
    contacts = _views(run, "contact", "contacts", "customer = ?", key)
    open_deals = _views(run, "opportunity", "opportunities", _OPEN, key)
    print_view(
        run,
        shown
        | {"contacts": [_part(each, _CONTACT_KEYS) for each in contacts]}
        | {"opportunities": [_part(each, _OPPORTUNITY_KEYS) for each in open_deals]},
    )


_OPEN = "customer = ? AND status = 'open'"


def _rows(run: Session, table: str, columns: tuple[Shown, ...], condition: str, key: str) -> list[View]:
    """What belongs to the customer, as the table of its noun has it."""
    found = run.pipeline.index.connection.execute(
        f"SELECT {', '.join(each.sql for each in columns)} FROM {table} WHERE {condition}", (key,)
    )
    names = [each.column.name for each in columns]
    return [dict(zip(names, row, strict=True)) for row in found]


def _visible(columns: tuple[Shown, ...]) -> list[Column]:
    return [each.column for each in columns if not each.hidden and each.column.name != "customer"]


def _views(run: Session, noun: str, table: str, condition: str, key: str) -> list[View]:
    found = run.pipeline.index.connection.execute(
        f"SELECT id FROM {table} WHERE {condition} ORDER BY id", (key,)
    )
    return [view(run, noun, row[0]) for row in found.fetchall()]


def _part(shown: View, keys: list[str]) -> View:
    return {key: shown[key] for key in keys if key in shown}
