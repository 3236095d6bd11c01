"""`opportunity set`, `item`, `advance`, `step`, `contact` …: what changes an open deal."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipecli.cli.common.command import Changing, NextContactOption, Ref, argument, flag, noun, option
from pipecli.cli.common.item_verbs import register_item_verbs
from pipecli.cli.common.names_and_questions import key_of
from pipecli.cli.common.record_verbs import (
    ChangingMany,
    Refs,
    change_each,
    names_by_slug,
    register_assign,
    register_remove,
    register_set_and_edit,
    register_share,
)
from pipecli.cli.common.transaction import Transaction
from pipecli.cli.common.typed_values import typed_option
from pipecli.errors import PipecliError
from pipecli.records.compare_names import fitting
from pipecli.records.kinds import OPPORTUNITY
from pipecli.records.opportunity import Opportunity
from pipecli.workflow import Change, items_and_prices
from pipecli.workflow.opportunity import add_and_change as deal_rules
from pipecli.workflow.opportunity.advance import advance_deal, complete_step, require_open, undo_step

if TYPE_CHECKING:
    from pipecli.records.customer import Contact
    from pipecli.records.settings import Settings

app = noun()


@app.command(cls=ChangingMany)
def advance(
    transaction: Transaction,
    refs: Refs = None,
    to: str | None = option("This stage, not the next.", "STAGE"),
    force: bool = flag("--force", "Even if steps or fields are missing."),
    keep_probability: bool = flag("--keep-probability", "Keep a probability that was set by hand."),
    next_: NextContactOption = None,
) -> None:
    """Move an opportunity, or many, to the next stage."""
    from pipecli.workflow.activity_followup_and_attachment import plan_next_contact

    planned = transaction.next_contact(next_, transaction.me)

    def decide(deal: Opportunity) -> Change:
        change = advance_deal(
            deal, transaction.settings, to=to, force=force, keep_probability=keep_probability
        )
        assert isinstance(change.record, Opportunity)
        followed = plan_next_contact(change.record, planned, transaction.now)
        return change._replace(record=followed.record, summary=f"{change.summary}{followed.words}")

    change_each(transaction, Opportunity, refs, decide, "advance")


@app.command(cls=ChangingMany)
def hold(
    transaction: Transaction,
    refs: Refs = None,
    until: str = option("The day on which it resumes.", "DATE", default=""),
    reason: str | None = option("What it is waiting for.", "TEXT"),
) -> None:
    """Put an opportunity, or many, on hold until a day."""
    day = transaction.day(until)
    if day is None:
        raise PipecliError(
            "the day until which it is on hold is missing",
            hint="give --until DATE, such as --until +30d",
            code="usage",
        )

    held = partial(deal_rules.hold_deal, until=day, today=transaction.today, reason=reason)
    change_each(transaction, Opportunity, refs, held, "hold")


@app.command(cls=ChangingMany)
def resume(transaction: Transaction, refs: Refs = None) -> None:
    """Resume an opportunity, or many, that is on hold."""
    change_each(transaction, Opportunity, refs, deal_rules.resume_deal, "resume")


@app.command(cls=Changing)
def sellers(
    transaction: Transaction,
    ref: Ref,
    parts: list[str] = argument("All who sell it; none: the owner alone.", "USER=PERCENT..."),
) -> Change:
    """Split an opportunity among sellers: ana=60 luis=40 (percent)."""
    deal = transaction.get(Opportunity, ref)
    given: dict[str, Any] = {}
    for part in parts if parts != ["none"] else ():
        user, equals, percent = part.partition("=")
        if not equals:
            raise PipecliError(f'"{part}" isn\'t a part', hint="write USER=PERCENT, such as ana=60")
        key = key_of(transaction.session, "user", user)
        path = (Opportunity, "sellers.0.percent")
        given[key] = typed_option("USER=PERCENT", percent.removesuffix("%"), path, transaction.session)
    return deal_rules.split_credit(deal, given)


def _add_step(verb: str, rule: Callable[[Opportunity, Settings, str], Change], help_text: str) -> None:
    @app.command(verb, cls=Changing, help=help_text)
    def note_step(
        transaction: Transaction, ref: Ref, step: str = argument("Its text, or words of it.", "STEP")
    ) -> Change:
        return rule(transaction.get(Opportunity, ref), transaction.settings, step)


_add_step("step done", complete_step, "Mark a step as done.")
_add_step("step undo", undo_step, "Mark a step as not done.")


register_set_and_edit(
    app,
    OPPORTUNITY,
    reserved=deal_rules.leave_to_verbs,
    outcome=lambda transaction, before, after, summary: deal_rules.set_deal_fields(
        before, after, transaction, transaction.today, summary
    ),
)
register_remove(
    app,
    OPPORTUNITY,
    way_out="close it instead: pipecli opp lost {key}",
    help_text="Remove an open opportunity made by mistake. Its draft quotations go, too; it is refused "
    "if another record uses it.",
    allow=lambda _, deal: require_open(deal),
    # a quotation that nobody has seen, and that takes the place of no other
    hangs=lambda record: record.noun == "quotation" and record.status == "draft" and not record.revision_of,
)


register_item_verbs(app, Opportunity, require_open)


@app.command("reprice", cls=Changing)
def reprice(
    transaction: Transaction,
    ref: Ref,
    item: list[str] | None = argument("Only these: number, product or words.", "[ITEM]...", default=None),
) -> Change:
    """Update the items to today's list prices; --dry-run shows them."""
    deal = transaction.get(Opportunity, ref)
    return items_and_prices.reprice(deal, transaction, transaction.today, item or ())


@app.command("take-offer", cls=Changing)
def take_offer(
    transaction: Transaction,
    ref: Ref,
    quotation: str | None = argument(
        "Default: the accepted one, else the one sent last.", "[QUOTATION]", default=None
    ),
) -> Change:
    """Copy the lines of a quotation back to its opportunity.

    The opportunity is then worth what was offered; an amount set by hand is dropped.
    """
    from pipecli.cli.opportunity.close import ask_which
    from pipecli.history.record_history import sent_times
    from pipecli.records.papers import Quotation
    from pipecli.workflow import quotation as quotation_rules
    from pipecli.workflow.opportunity.close import last_offered

    deal = transaction.get(Opportunity, ref)
    if quotation is not None:
        offer: Quotation | None = transaction.get(Quotation, quotation)
    else:
        quotations = transaction.pipeline.all(Quotation, opportunity=deal.id)
        ask_which(deal, quotations)
        offer = last_offered(quotations, sent_times(transaction.pipeline, quotations))
    return quotation_rules.take_offer(deal, offer)


_Name = Annotated[str, typer.Argument(help="Their name, or their slug.", metavar="COMPETITOR")]


@app.command("competitor add", cls=Changing)
def note_competitor(transaction: Transaction, ref: Ref, name: _Name) -> Change:
    """Add a competitor."""
    called = typed_option("COMPETITOR", name, (Opportunity, "competitors.0"), transaction.session)
    deal = transaction.get(Opportunity, ref)
    return deal_rules.add_competitor(deal, called, names_by_slug(transaction, "competitor"))


@app.command("competitor remove", cls=Changing)
def strike_competitor(transaction: Transaction, ref: Ref, name: _Name) -> Change:
    """Remove a competitor."""
    deal = transaction.get(Opportunity, ref)
    return deal_rules.remove_competitor(deal, name, names_by_slug(transaction, "competitor"))


_Contact = Annotated[str, typer.Argument(help="A contact's slug or name.", metavar="CONTACT")]


def _contact(transaction: Transaction, text: str) -> Contact:
    from pipecli.records.customer import Contact

    return transaction.get(Contact, text)


@app.command("contact add", cls=Changing)
def put_on_contact(
    transaction: Transaction,
    ref: Ref,
    contact: _Contact,
    role: str | None = option("decision-maker, influencer, user, …", "ROLE"),
    primary: bool = flag("--primary", "The one to speak to first."),
) -> Change:
    """Add a contact to an opportunity, or change their role."""
    deal = transaction.get(Opportunity, ref)
    part = typed_option("--role", role, (Opportunity, "contacts.0.role"), transaction.session)
    return deal_rules.add_stakeholder(deal, _contact(transaction, contact), role=part, primary=primary)


@app.command("contact remove", cls=Changing)
def take_off_contact(transaction: Transaction, ref: Ref, contact: _Contact) -> Change:
    """Remove a contact from an opportunity."""
    deal = transaction.get(Opportunity, ref)
    names = names_by_slug(transaction, "contact")
    on_it = {one.contact: [names.get(one.contact, "")] for one in deal.contacts}
    meant = fitting(contact, on_it)  # no question about others of that name
    gone = _contact(transaction, meant[0] if len(meant) == 1 else contact)
    return deal_rules.remove_stakeholder(deal, gone)


register_assign(app, OPPORTUNITY)
register_share(app, OPPORTUNITY)
