"""`opportunity add`: a deal with a customer, with a lead, or from the call of a stranger.

Where nobody names its owner, the assignment rules do (`workflow/assignment.py`), as under cron.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple

import typer

from pipecli.cli.common.command import (
    CURRENCY,
    PRICE_LIST,
    PROCESS,
    SETS,
    TAGS,
    TYPE,
    Changing,
    argument,
    field,
    noun,
    with_fields,
)
from pipecli.cli.common.edit import NOTES
from pipecli.cli.common.names_and_questions import can_ask, choose, find_typed
from pipecli.cli.common.session import Session, repeat_nothing, say, session
from pipecli.cli.common.transaction import Transaction, changing
from pipecli.cli.common.typed_values import built, names_owner, split_assignment, typed_option, typed_options
from pipecli.errors import Ambiguous, PipecliError
from pipecli.records.base import Record
from pipecli.records.catalogue import PriceList
from pipecli.records.compare_names import folded
from pipecli.records.customer import Contact, Customer
from pipecli.records.kinds import CUSTOMER
from pipecli.records.lead import Lead
from pipecli.records.opportunity import Opportunity, Stakeholder
from pipecli.store.choose_by_condition import choose_process
from pipecli.store.index.rows_for_verbs import rows_where
from pipecli.store.pipeline import NotFound
from pipecli.workflow.assignment import require_user
from pipecli.workflow.items_and_prices import require_fitting_prices
from pipecli.workflow.match_prospect import Parties, Prospect
from pipecli.workflow.opportunity.add_and_change import in_process, new_deal, record_new_deal

Text = str | None

app = noun()


@app.command("add", cls=Changing)
@with_fields(
    field("title_option", "What is to be sold, if TITLE isn't given.", "TEXT", "--title"),
    field("customer", "An existing customer.", "CUSTOMER"),
    field("lead", "A lead, converted or not.", "LEAD"),
    field("organization", "An organisation; added as a customer if it is new.", "NAME"),
    field("person", "A person; made a contact if they are new.", "NAME"),
    field("email", "Their e-mail address; by itself, it finds somebody we know.", "ADDRESS"),
    field("phone", "Their telephone number; by itself, it finds a caller we know.", "NUMBER"),
    *(TYPE, PROCESS),
    field("stage", "Where it begins. Default: the first stage.", "STAGE"),
    field("owner", "Who sells it. Default: you, or the user that a rule names.", "USER"),
    *(CURRENCY, PRICE_LIST),
    field("amount", "Its value, such as 12000, 12k or €12,000. Default: the sum of its items.", "AMOUNT"),
    field("probability", "In percent. Default: the stage's.", "PERCENT"),
    field("expected_close", "When it should be won, such as 15 dec or +2w.", "DATE"),
    field("source", "Where it came from.", "SOURCE"),
    field("campaign", "The campaign that brought it.", "TEXT"),
    field("score", "0 to 100. Default: the lead's.", "N"),
    *(TAGS, NOTES),
    field("next_contact", 'When to speak next: fri, 3d, "fri: send the offer"; or none.', "DATE"),
    SETS,
)
def add(
    ctx: typer.Context,
    title: Text = argument("What is to be sold.", "TITLE", default=None),
    *, title_option: Text, customer: Text, lead: Text, organization: Text, person: Text, email: Text,
    phone: Text, process: Text, stage: Text, owner: Text, currency: Text, price_list: Text, amount: Text,
    probability: Text, expected_close: Text, score: Text, tags: list[str] | None, next_contact: Text,
    sets: list[str] | None, **given: Text,
) -> None:  # fmt: skip
    """Add an opportunity; prints its id.

    At a terminal it asks for a missing title or customer, and then for amount and close, with the customer's
    last deal as the default. Warns if the customer has an open deal of that name.
    """
    is_for_somebody = any(given is not None for given in (customer, lead, organization, person, email, phone))
    if can_ask() and not ((title or title_option) and is_for_somebody):
        answers = Answers(title or title_option, customer, organization, amount, expected_close)
        answers = _asked(session(ctx), answers, is_for_somebody=is_for_somebody)
        title, customer, organization, amount, expected_close = answers
        title_option = None
        # A further question asks none of these again: an empty name is nobody's.
        ctx.params |= answers._asdict() | {"organization": organization or (None if customer else "")}
    with changing(session(ctx)) as transaction:
        seller = transaction.me if owner is None else require_user(transaction.settings, owner)
        known_lead = transaction.get(Lead, lead) if lead is not None else None
        parties = _parties(transaction, known_lead, customer, organization, person, email, phone, seller)
        speaker = parties.contact if parties else None
        planned = transaction.next_contact(next_contact, seller)
        prices = transaction.get(PriceList, price_list) if price_list is not None else None
        code = currency or (prices.currency if prices else "")
        typed = {
            "currency": currency, "expected_close": expected_close, "amount": amount,
            "probability": probability, "score": score,
        }  # fmt: skip
        typed = typed_options(typed, Opportunity, transaction.session, code)
        typed["currency"] = typed["currency"] or (prices.currency if prices else None)
        deal = new_deal(
            transaction.settings,
            id=transaction.new_id("OPP"),
            now=transaction.now,
            title=_title(title, title_option),
            process=next(iter(transaction.settings.processes)),
            lead=known_lead,
            customer=parties.customer if parties else None,
            contacts=(Stakeholder(contact=speaker.id, primary=True),) if speaker else None,
            owner=seller,
            price_list=prices.id if prices else None,
            tags=tuple(tags) if tags else None,
            **typed,
            **given,
        )
        if planned is not None:
            deal = deal.with_(next_contact=planned.plan)
        deal = _in_its_process(_with_sets(deal, sets, transaction), process, stage, transaction)
        is_named = owner is not None or names_owner(sets)
        deal, by_rule = transaction.assigned_by_rule(deal, is_named=is_named)
        notes = (*by_rule, *(parties.notes if parties else ()), *_twins(transaction, deal))
        written = _of_owner(parties.written, deal.owner) if parties else ()
        transaction.commit_and_print(
            record_new_deal(deal, transaction.settings, lead=known_lead, written=written, notes=notes)
        )


class Answers(NamedTuple):
    """The fields that `add` needs, as far as they are given or answered."""

    title: Text = None
    customer: Text = None
    organization: Text = None
    amount: Text = None
    expected_close: Text = None


def _asked(run: Session, given: Answers, *, is_for_somebody: bool) -> Answers:
    """The missing fields, asked of the person at a terminal; nothing is locked meanwhile."""
    if not is_for_somebody:
        given = _buyer(run, prompted("Customer, a new one by its name (nothing for none)"))._replace(
            title=given.title, amount=given.amount, expected_close=given.expected_close
        )
    key = find_typed(run, given.customer, CUSTOMER).key if given.customer else None
    last = _last_deal(run, key)
    return given._replace(
        title=_title(given.title or prompted("Title", last.title), None),
        amount=given.amount or _understood(run, "amount", "Amount (- for none)", last.amount),
        expected_close=given.expected_close
        or _understood(run, "expected_close", "Expected close (- for none)", last.expected_close),
    )


def _understood(run: Session, field: str, question: str, default: str | None) -> str | None:
    """An answer that a field takes; what it doesn't understand is asked for again."""
    while True:
        answer = prompted(question, default)
        try:
            typed_option(question.partition(" (")[0], answer, (Opportunity, field), run)
        except PipecliError as error:
            say(str(error))
        else:
            repeat_nothing()
            return answer


def prompted(question: str, default: str | None = None) -> str | None:
    """An answer at the terminal; nothing typed is the default, a hyphen is nothing."""
    shown = default is not None
    answer: str = typer.prompt(question, default=default or "", show_default=shown, err=True).strip()
    return None if answer in ("", "-") else answer


def _buyer(run: Session, text: str | None) -> Answers:
    """The customer that a person means, or the name of a new one."""
    try:
        known = find_typed(run, text, CUSTOMER).key if text else None
    except Ambiguous as question:
        known = choose(run, question)
    except NotFound:
        return Answers(organization=text)
    return Answers(customer=known)


def _last_deal(run: Session, customer: str | None) -> Answers:
    """The defaults that the customer's last deal gives: as much, and as long from its start to its close."""
    names = ("title", "exact_amount", "currency", "created", "expected_close")
    rows = rows_where(run.connection, names, "_opportunities", "customer = ?", customer, order="created DESC")
    if not rows:
        return Answers()
    title, amount, currency, created, close = rows[0]
    days = (date.fromisoformat(close) - date.fromisoformat(created[:10])).days if close else 0
    until = (run.today + timedelta(days=days)).isoformat() if days > 0 else None
    is_usual = currency == run.pipeline.settings_as_written["currency"]
    return Answers(title, customer, None, amount if is_usual or not amount else f"{amount} {currency}", until)


def _twins(transaction: Transaction, deal: Opportunity) -> Iterator[str]:
    """A warning of each open deal of the same customer with the same title."""
    names = ("id", "title")
    condition = "customer = ? AND status = 'open'"
    for key, title in rows_where(transaction.connection, names, "_opportunities", condition, deal.customer):
        if folded(title) == folded(deal.title):
            yield f"warning: {key} {title} of {deal.customer} is open, too"


def _title(argument: str | None, given: str | None) -> str:
    if argument is not None and given is not None:
        raise PipecliError("the title is given twice", hint=f'as "{argument}", and with --title')
    title = argument or given
    if not title:
        raise PipecliError(
            "an opportunity needs a title", hint='pipecli opp add "Espresso machines"', code="usage"
        )
    return title


def _parties(
    transaction: Transaction,
    lead: Lead | None,
    customer: str | None,
    organization: str | None,
    person: str | None,
    email: str | None,
    phone: str | None,
    owner: str | None,
) -> Parties | None:
    """The customer and the contact of the options; those of a converted lead where none is given."""
    if customer is not None and organization is not None:
        raise PipecliError("--customer and --organization both say who buys", hint="give one of them")
    if (email or phone) and not (organization or person):
        if customer or lead:
            raise PipecliError("--email and --phone belong to a person", hint="give --person, too")
        return transaction.caller(email, phone)
    if organization or person:
        prospect = Prospect(person, organization, email=email, phone=phone, owner=owner)
        return transaction.parties(prospect, customer=customer)
    if customer is not None:
        return Parties(transaction.get(Customer, customer), None)
    if lead and lead.converted and lead.converted.customer:
        buyer = transaction.pipeline.get(Customer, lead.converted.customer)
        return Parties(buyer, transaction.pipeline.find_record(Contact, lead.converted.contact))
    return None


def _with_sets(deal: Opportunity, sets: list[str] | None, transaction: Transaction) -> Opportunity:
    for name in (split_assignment(text)[0][0] for text in sets or ()):
        if name in ("process", "stage"):
            raise PipecliError(f"--set can't give {name}", hint=f"give it with --{name}")
        if name in ("status", "closed"):
            raise PipecliError(
                f"--set can't give {name}: a new opportunity is open", hint="use pipecli opp won or lost"
            )
    plain = {name: value for name, value in deal.plain().items() if name not in ("id", "created")}
    given = {"id": deal.id, "created": deal.created, **plain}
    return built(Opportunity, given, sets, transaction.session)


def _in_its_process(
    deal: Opportunity, process: str | None, stage: str | None, transaction: Transaction
) -> Opportunity:
    """The deal in `process`, else in the one whose condition it meets. Refuses another currency."""
    chosen = choose_process(transaction.pipeline, deal) if process is None else process
    deal = in_process(deal, transaction.settings, chosen, stage)
    prices = transaction.pipeline.find_record(PriceList, deal.price_list)
    if prices is not None:
        require_fitting_prices(prices, deal)
    return deal


def _of_owner(parties: Sequence[Record], owner: str | None) -> list[Record]:
    """New customers and contacts, the customers given to the owner of the deal."""
    return [party.with_(owner=owner) if isinstance(party, Customer) else party for party in parties]
