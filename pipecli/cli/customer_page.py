"""`customer show`: a customer with its people and what is open with it. It reads the index alone."""

from __future__ import annotations

import typer

from pipecli.cli.columns import OPPORTUNITIES
from pipecli.cli.columns_parties import CONTACTS
from pipecli.cli.listing import Shown
from pipecli.cli.output import Format
from pipecli.cli.page_parts import print_section, rows_of, views_of
from pipecli.cli.session import session
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
        people = rows_of(run, "contacts", CONTACTS, "customer = ? ORDER BY name, id", key)
        print_section("Contacts", people, _visible(CONTACTS))
        deals = rows_of(run, "opportunities", OPPORTUNITIES, f"{_OPEN} ORDER BY expected_close, id", key)
        print_section("Open opportunities", deals, _visible(OPPORTUNITIES))
        return
    contacts = views_of(run, "contact", "contacts", "customer = ?", key)
    open_deals = views_of(run, "opportunity", "opportunities", _OPEN, key)
    print_view(
        run,
        shown
        | {"contacts": [_part(each, _CONTACT_KEYS) for each in contacts]}
        | {"opportunities": [_part(each, _OPPORTUNITY_KEYS) for each in open_deals]},
    )


_OPEN = "customer = ? AND status = 'open'"


def _visible(columns: tuple[Shown, ...]) -> list[Column]:
    return [each.column for each in columns if not each.hidden and each.column.name != "customer"]


def _part(shown: View, keys: list[str]) -> View:
    return {key: shown[key] for key in keys if key in shown}
