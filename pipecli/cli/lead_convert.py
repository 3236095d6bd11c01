"""`lead convert`: from a lead to a customer, a contact and an opportunity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipecli.cli.changing import Desk, changing
from pipecli.cli.common import Ref

if TYPE_CHECKING:
    from pipecli.cli.parties import Parties
    from pipecli.records.lead import Lead
    from pipecli.records.opportunity import Opportunity

Text = str | None


def convert(
    ctx: typer.Context,
    ref: Ref,
    title: Annotated[
        Text, typer.Option(help="The opportunity's title; the lead's name otherwise.", metavar="TEXT")
    ] = None,
    expected_close: Annotated[Text, typer.Option(help="When it should be won.", metavar="DATE")] = None,
    type_: Annotated[Text, typer.Option("--type", help="sales, support, …", metavar="TYPE")] = None,
    amount: Annotated[
        Text, typer.Option(help="Its value by hand; the items' otherwise.", metavar="AMOUNT")
    ] = None,
    currency: Annotated[
        Text, typer.Option(help="The price list's or the settings' otherwise.", metavar="CODE")
    ] = None,
    price_list: Annotated[Text, typer.Option(help="What its items are priced from.", metavar="LIST")] = None,
    process: Annotated[
        Text, typer.Option(help="Its process; chosen by the settings otherwise.", metavar="PROCESS")
    ] = None,
    customer: Annotated[
        Text, typer.Option(help="This customer; found or made otherwise.", metavar="CUSTOMER")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Although need, budget or timeframe is not yes.")
    ] = False,
) -> None:
    """Open an opportunity on a lead; prints its id.

    A customer and a contact that are known are used again, others are made; all is one commit.
    """
    from pipecli.cli.parties import parties
    from pipecli.records.lead import Lead
    from pipecli.records.opportunity import Opportunity
    from pipecli.workflow.lead import convert as convert_lead
    from pipecli.workflow.match_party import of_lead

    with changing(ctx) as desk:
        lead = desk.get(Lead, ref)
        convert_lead.require_convertible(lead, force=force)
        found = parties(desk, of_lead(lead), customer=customer)
        given = {"amount": amount, "expected_close": expected_close, "currency": currency}
        deal = _opened(desk, lead, found, title, type_, process, price_list, given)
        desk.do(
            convert_lead.convert(
                lead,
                deal,
                customer=found.customer,
                contact=found.contact,
                parties=found.written,
                others=desk.pipeline.all(Opportunity, "lead = ?", lead.id),
                today=desk.today,
                force=force,
                notes=found.notes,
            )
        )


def _opened(
    desk: Desk,
    lead: Lead,
    found: Parties,
    title: str | None,
    type_: str | None,
    process: str | None,
    price_list: str | None,
    given: dict[str, str | None],
) -> Opportunity:
    """The lead's opportunity in the process that the settings choose for it, unless one is named."""
    from pipecli.cli.assignments import option
    from pipecli.records.catalogue import PriceList
    from pipecli.records.opportunity import Opportunity
    from pipecli.store.index.query import choose_process
    from pipecli.workflow.items import require_currency
    from pipecli.workflow.lead.convert import carry_over
    from pipecli.workflow.opportunity.open import in_process, open_opportunity

    prices = desk.get(PriceList, price_list) if price_list else None
    typed: dict[str, Any] = {
        name: option(f"--{name.replace('_', '-')}", text, (Opportunity, name), desk.session)
        for name, text in given.items()
    }
    typed["currency"] = typed["currency"] or (prices.currency if prices else None)
    deal = open_opportunity(
        desk.settings,
        id=desk.new_id("OPP"),
        now=desk.now,
        title=title or lead.label,
        process=process or next(iter(desk.settings.processes)),
        type=type_,
        lead=lead,
        customer=found.customer,
        owner=lead.owner or desk.me,
        price_list=prices.id if prices else None,
        **typed,
    )
    deal = carry_over(lead, deal, found.contact)
    if prices:
        require_currency(prices, deal)
    return in_process(deal, desk.settings, process or choose_process(desk.pipeline, deal))
