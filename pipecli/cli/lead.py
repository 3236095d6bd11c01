"""`lead add`, `set`, `edit`, `assign`, `share`, `qualify`, `convert`, `disqualify` …: what changes a lead."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from pipecli.cli.common.command import (
    CURRENCY,
    PRICE_LIST,
    PROCESS,
    SETS,
    TAGS,
    TYPE,
    Changing,
    Ref,
    argument,
    field,
    noun,
    option,
    option_of,
    with_fields,
)
from pipecli.cli.common.edit import NOTES
from pipecli.cli.common.record_verbs import (
    ChangingMany,
    Refs,
    change_each,
    register_assign,
    register_merge,
    register_remove,
    register_set_and_edit,
    register_share,
)
from pipecli.cli.common.transaction import Transaction
from pipecli.cli.common.typed_values import built, names_owner, typed_options
from pipecli.errors import PipecliError
from pipecli.records.catalogue import PriceList
from pipecli.records.compare_names import folded
from pipecli.records.kinds import LEAD
from pipecli.records.lead import Lead
from pipecli.records.opportunity import Opportunity
from pipecli.store.choose_by_condition import choose_process
from pipecli.store.index.rows_for_verbs import OPEN, rows_where
from pipecli.store.record_meant import Care
from pipecli.workflow import Change
from pipecli.workflow import lead as lead_rules
from pipecli.workflow.items_and_prices import require_fitting_prices
from pipecli.workflow.opportunity.add_and_change import in_process

if TYPE_CHECKING:
    from pipecli.workflow.match_prospect import Parties

Text = str | None
Answer = Literal["yes", "no", "unknown"]

app = noun()


@app.command(cls=Changing)
@with_fields(
    field("name_option", "The person, if NAME isn't given.", "NAME", "--name"),
    field("organization", "Where they work.", "NAME"),
    field("title", "Their job title.", "TEXT"),
    field("email", "Their e-mail address.", "ADDRESS"),
    field("phone", "Their telephone number.", "NUMBER"),
    field("website", "Their website.", "URL"),
    field("country", "Their country.", "NAME"),
    field("language", "Their language, such as es or fa.", "TAG"),
    field("source", "Where it came from.", "SOURCE"),
    field("campaign", "The campaign that brought it.", "TEXT"),
    field("owner", "Who follows it up. Default: you, or the user that a rule names.", "USER"),
    field("score", "How promising, 0 to 100.", "N", of=int | None),
    field("role", "Their part in it: buyer, adviser, …", "TEXT"),
    field("interest", "What they want.", "TEXT"),
    *(TAGS, NOTES, SETS),
)
def add(
    transaction: Transaction,
    name: Text = argument("The person.", "NAME", default=None),
    *,
    name_option: Text,
    sets: list[str] | None,
    owner: Text,
    **given: Any,
) -> Change:
    """Add a lead: a person, an organisation, or both; prints its id.

    Warns if an open lead has the same e-mail address or the same names.
    """
    if name is not None and name_option is not None:
        raise PipecliError("the name is given twice", hint=f'as "{name}", and with --name')
    given["name"] = name or name_option
    if not (given["name"] or given["organization"] or sets):
        raise PipecliError(
            "a lead needs a name, an organization, or both",
            hint='pipecli lead add "Ana Diez"',
            code="usage",
        )
    given |= {
        "id": transaction.new_id("LEAD"),
        "created": transaction.now,
        "owner": owner or transaction.me,
    }
    lead = built(Lead, given, sets, transaction.session)
    is_named = owner is not None or names_owner(sets)
    lead, by_rule = transaction.assigned_by_rule(lead, is_named=is_named)
    by_rule = (*by_rule, *_twins(transaction, lead))
    return lead_rules.add_lead(lead, transaction.settings, notes=by_rule)


def _twins(transaction: Transaction, lead: Lead) -> Iterator[str]:
    """A warning of each open lead of the same e-mail address, or of the same person and organization."""
    names = ("id", "name", "organization", "email")
    who, email = [folded(lead.name or ""), folded(lead.organization or "")], folded(lead.email or "")
    for key, *texts in rows_where(transaction.connection, names, "_leads", OPEN["lead"]):
        *other, address = (folded(text or "") for text in texts)
        if other == who or (email and email == address):
            yield f"warning: {key} {texts[0] or texts[1]} is open, too; to join them: pipecli lead merge"


register_set_and_edit(
    app,
    LEAD,
    reserved=lead_rules.leave_to_verbs,
    outcome=lambda transaction, before, after, summary: lead_rules.set_lead_fields(
        before, after, transaction.settings, summary
    ),
)
register_assign(app, LEAD)
register_share(app, LEAD)
register_remove(
    app,
    LEAD,
    way_out="disqualify it instead: pipecli lead disqualify {key}",
    help_text="Remove a lead added by mistake, if no record uses it.",
)


@app.command(cls=Changing)
@with_fields(
    option_of("need", None, of=Answer | None, help="Do they need it?"),
    field("need_note", "What they need.", "TEXT"),
    option_of("budget", None, of=Answer | None, help="Can they pay for it?"),
    field("budget_note", "What they can pay.", "TEXT"),
    option_of("timeframe", None, of=Answer | None, help="Do they know when?"),
    field("timeframe_note", "When.", "TEXT"),
    option_of("authority", None, of=Answer | None, help="Do they decide?"),
    field("authority_note", "Who decides.", "TEXT"),
)
def qualify(transaction: Transaction, ref: Ref, **options: Text) -> Change:
    """Answer the four criteria.

    With need, budget and timeframe a lead is qualified; authority is a strong sign, not required.
    """
    given = {name: text for name, text in options.items() if text is not None}
    notes = {name.removesuffix("_note"): given.pop(name) for name in [*given] if name.endswith("_note")}
    return lead_rules.qualify_lead(transaction.get(Lead, ref), given, notes)


@app.command("convert", cls=Changing)
@with_fields(
    field("title", "The opportunity's title. Default: the lead's name.", "TEXT"),
    field("expected_close", "When it should be won.", "DATE"),
    TYPE,
    field("amount", "Its value. Default: its items' sum.", "AMOUNT"),
    *(CURRENCY, PRICE_LIST, PROCESS),
    field("customer", "The customer. Default: found by name, or added.", "CUSTOMER"),
    field("onto", "Join this open one. Default: a new one.", "OPP", "--onto", "--opportunity"),
    option_of("force", False, "--force", of=bool, help="Even if need, budget or timeframe isn't yes."),
)
def convert(
    transaction: Transaction, ref: Ref, customer: Text, onto: Text, force: bool, **given: Text
) -> Change:
    """Turn a lead into an opportunity; prints its id.

    With --onto it joins an open one. A known customer and contact are used, new ones are added, all in one
    commit. The lead's activities, plans, notes, tags and custom fields go along.
    """
    lead = transaction.get(Lead, ref)
    lead_rules.require_convertible(lead, force=force)
    if onto:
        buyer, deal = _joined(transaction, lead, onto, given | {"customer": customer})
    else:
        buyer = transaction.parties_of_lead(lead, customer=customer)
        deal = _opened(transaction, lead, buyer, **given)
    return lead_rules.convert_lead(
        lead,
        deal,
        buyer,
        others=transaction.pipeline.all(Opportunity, lead=lead.id),
        today=transaction.today,
        force=force,
    )


def _joined(
    transaction: Transaction, lead: Lead, ref: str, of_a_new_one: dict[str, str | None]
) -> tuple[Parties, Opportunity]:
    """The customer and contact of a lead, and the opportunity that is there with what the lead knows."""
    deal = transaction.get(Opportunity, ref)
    options = [f"--{name.replace('_', '-')}" for name, text in of_a_new_one.items() if text is not None]
    if options:
        raise PipecliError(
            f"{', '.join(options)}: with --onto the opportunity is there, {deal.id}",
            hint=f"change it by itself: pipecli opp set {deal.id} …",
        )
    buyer = transaction.parties_of_lead(lead, customer=deal.customer)
    return buyer, lead_rules.join_opportunity(
        lead, deal, buyer.customer, buyer.contact, transaction.new_activity_id
    )


def _opened(
    transaction: Transaction,
    lead: Lead,
    buyer: Parties,
    *,
    title: Text,
    type: Text,
    process: Text,
    price_list: Text,
    **given: Text,
) -> Opportunity:
    """The lead's opportunity in the process that the settings choose for it, unless one is named."""
    prices = transaction.get(PriceList, price_list) if price_list else None
    typed = typed_options(given, Opportunity, transaction.session)
    typed["currency"] = typed["currency"] or (prices.currency if prices else None)
    deal = lead_rules.opportunity_of(
        lead,
        transaction.settings,
        buyer.contact,
        transaction.me,
        id=transaction.new_id("OPP"),
        now=transaction.now,
        title=title or lead.label,
        process=process or next(iter(transaction.settings.processes)),
        type=type,
        customer=buyer.customer,
        price_list=prices.id if prices else None,
        **typed,
    )
    if prices:
        require_fitting_prices(prices, deal)
    return in_process(deal, transaction.settings, process or choose_process(transaction.pipeline, deal))


@app.command(cls=ChangingMany)
def disqualify(
    transaction: Transaction,
    refs: Refs = None,
    reason: Text = option("One of disqualify_reasons in the settings.", "REASON"),
    detail: Text = option("In your own words.", "TEXT"),
) -> None:
    """Give up a lead, or many, with the reason."""

    def decide(lead: Lead) -> Change:
        return lead_rules.disqualify_lead(
            lead, transaction.settings, today=transaction.today, reason=reason, detail=detail
        )

    change_each(transaction, Lead, refs, decide, "disqualify", Care.ONLY)


@app.command(cls=Changing)
def reopen(transaction: Transaction, ref: Ref) -> Change:
    """Reopen a disqualified lead."""
    return lead_rules.reopen_lead(transaction.get(Lead, ref, Care.ONLY))


register_merge(
    app,
    LEAD,
    lambda transaction, goes, stays, naming: lead_rules.merge_leads(
        goes, stays, naming, activity_id=transaction.new_activity_id
    ),
    "Merge one lead into another.\n\n"
    "INTO gets everything that FROM has, and whatever named FROM names INTO. Where the two differ, "
    "INTO's value stays, and FROM's is kept in the notes.",
)
