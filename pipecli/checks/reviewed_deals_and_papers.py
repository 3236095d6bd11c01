"""Deals, offers and orders in a change set: what is closed, sent or ordered stays; no step or field that a
stage asks for is skipped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from pipecli.checks import Path, Problem, Rule, Severity, asking_settings
from pipecli.checks.quotations_against_history import OFFERED
from pipecli.checks.reviewed_changes import ReviewedChanges, ReviewedRecord
from pipecli.history.events_in_words import Event
from pipecli.history.record_history import sent_times
from pipecli.records.base import Record
from pipecli.records.items_and_totals import totals
from pipecli.records.kinds import OPPORTUNITY
from pipecli.records.lead import Lead, LeadStatus
from pipecli.records.money import MissingRate
from pipecli.records.opportunity import Closed, Opportunity, OpportunityStatus
from pipecli.records.papers import Invoice, InvoiceStatus, Order, OrderStatus, Quotation, QuotationStatus
from pipecli.workflow.lead import missing_criteria
from pipecli.workflow.opportunity.advance import missing_to_move
from pipecli.workflow.opportunity.close import difference_from_offer, last_offered

# What a report of closed deals adds up. Notes, tags, activities and the like go on after the end.
_REPORTED = frozenset({"status", "closed", "amount", "items", "currency", "stage", "process"})
# What the reports on closed deals group by; a word that the settings dropped has to be another.
_FACTS = {"title": "", "type": "opportunity_types", "source": "sources", "campaign": "", "lead": ""}
"""By field, the list of the settings that has its words."""
_FAR = Decimal(25)
"""Points between a probability set by hand and that of its stage that a reviewer is told of."""


def closed_deal(review: ReviewedChanges) -> Iterator[Problem]:
    """Deals that were won, lost or closed, and whose end, value or stage is another now."""
    for record, before, settled in _edited_closed(review):
        if not _was_open_between(review, record) and not review.between.imported(record, _REPORTED):
            yield Problem(
                record.file,
                _path(settled[0]),
                f"{_texts(settled)}; {record.key} is {before.status}, and what is closed stays as it closed: "
                f"pipecli opp reopen {record.key}",
            )


def settled_elsewhere(review: ReviewedChanges) -> Iterator[Problem]:
    """Closed deals and sent quotations that another system changed, and so an import here."""
    for record, before, settled in _edited_closed(review):
        by = review.between.imported(record, _REPORTED)
        if by and not _was_open_between(review, record):
            yield Problem(record.file, _path(settled[0]), f"{_texts(settled)}{by}; it is {before.status}")
    for record, quotation, after in review.kept(Quotation):
        fields = _differing(quotation, after, _OF_OFFER)
        by = review.between.imported(record, _OF_OFFER) if fields else ""
        if by and quotation.status is not QuotationStatus.DRAFT:
            yield Problem(record.file, (fields[0],), f"{record.story(*fields)}{by}; it was sent")


def closed_deal_facts(review: ReviewedChanges) -> Iterator[Problem]:
    """Closed deals of another title, type, source, campaign or lead: reports on them group by these."""
    for record, before, after in review.kept(Opportunity):
        facts = [
            field
            for field, words in _FACTS.items()
            if getattr(before, field) != getattr(after, field)
            and _is_known(getattr(before, field), words, review)
        ]
        if facts and not before.is_open and not after.is_open:
            message = f"{record.story(*facts)} of a deal that is {before.status}"
            yield Problem(record.file, (facts[0],), message)


def reopened_deal(review: ReviewedChanges) -> Iterator[Problem]:
    """Won deals that are open again, and closed ones that were reopened and closed otherwise."""
    for record, before, after in review.kept(Opportunity):
        if before.status is OpportunityStatus.WON and after.is_open:
            won = before.closed
            value = f" for {won.value:,f} {before.currency} on {won.date}" if won and won.value else ""
            yield Problem(record.file, ("status",), f"status: {record.key} was won{value}, and is open again")
    for record, before, settled in _edited_closed(review):
        if _was_open_between(review, record):
            message = f"{_texts(settled)}; {record.key} was {before.status}, reopened, and closed again"
            yield Problem(record.file, _path(settled[0]), message)


def final_value(review: ReviewedChanges) -> Iterator[Problem]:
    """Won deals whose final value is further from their quotation than the settings allow."""
    most = review.known_settings.quotations.max_difference
    for record, before, after in review.present(Opportunity):
        closed = after.closed
        if after.status is not OpportunityStatus.WON or closed is None or closed.value is None:
            continue
        if before is not None and before.closed == closed and before.currency == after.currency:
            continue
        quotation = _quotation_of(review, after)
        offered = _offered(review, quotation, after, closed) if quotation else None
        if quotation is None or offered is None:
            continue
        if apart := difference_from_offer(closed.value, offered, most):
            yield Problem(
                record.file,
                ("closed", "amount"),
                f"closed.amount: {closed.value:,f} {after.currency} is {apart} {quotation.id}, which "
                f"comes to {offered:,f}; the settings allow {most:f} %",
            )


def probability_by_hand(review: ReviewedChanges) -> Iterator[Problem]:
    """Open deals whose probability was set by hand, far from that of their stage."""
    for record, before, after in review.present(Opportunity):
        process = review.process_of(after)
        place = process.position(after.stage) if process else None
        if after.probability is None or not after.is_open or process is None or place is None:
            continue
        if before is not None and (before.probability, before.stage) == (after.probability, after.stage):
            continue
        stage = process.stages[place]
        if abs(after.probability - stage.probability) > _FAR:
            apart = f"{after.probability:f} % by hand, where the stage {stage.id} has {stage.probability:f} %"
            yield Problem(record.file, ("probability",), f"probability: {apart}")


def won_owner(review: ReviewedChanges) -> Iterator[Problem]:
    """Won deals that were given to another owner: targets and the ranking follow."""
    for record, before, after in review.kept(Opportunity):
        is_won = before.status is after.status is OpportunityStatus.WON
        if is_won and before.owner != after.owner:
            handed = f"owner: {before.owner or 'nobody'} → {after.owner or 'nobody'} of a deal that is won"
            yield Problem(record.file, ("owner",), f"{handed}: its value counts for another now")


def unqualified_conversion(review: ReviewedChanges) -> Iterator[Problem]:
    """Leads that were converted while need, budget or timeframe was not yes."""
    for record, before, after in review.kept(Lead):
        missing = missing_criteria(after)
        if before.status is after.status or after.status is not LeadStatus.CONVERTED or not missing:
            continue
        answers = ", ".join(f"{name} is {getattr(after.qualification, name)}" for name in missing)
        forced = " (forced)" if after.converted and after.converted.forced else ""
        yield Problem(record.file, ("status",), f"status: converted although {answers}{forced}")


def _edited_closed(review: ReviewedChanges) -> Iterator[tuple[ReviewedRecord, Opportunity, list[Event]]]:
    """Deals that are closed before and after, and not in the same way, with what changed of that."""
    for record, before, after in review.kept(Opportunity):
        settled = [event for event in record.events if _is_settled(event, review)]
        if settled and not before.is_open and not after.is_open:
            yield record, before, settled


def _is_settled(event: Event, review: ReviewedChanges) -> bool:
    if event.field == "closed.reasons":
        words = event.before if isinstance(event.before, list) else [event.before]
        return any(_is_known(word, "lost_reasons", review) for word in words)
    return event.field.partition(".")[0] in _REPORTED and event.field != "closed.detail"


def _is_known(word: object, words: str, review: ReviewedChanges) -> bool:
    """True where the settings still list the word that was there; one they dropped has to be another."""
    known = getattr(review.new_settings, words, ()) if words else ()
    return not known or word is None or word in known


def _was_open_between(review: ReviewedChanges, changed: ReviewedRecord) -> bool:
    versions = review.between.versions(changed.file)
    return any(version.get("status", OPPORTUNITY.first_status) == "open" for version in versions)


def _texts(events: Sequence[Event]) -> str:
    return "; ".join(event.text for event in events)


def _path(event: Event) -> Path:
    """Where a field is; of what stands in a list, the list."""
    head, _, rest = event.field.partition(".")
    return (head, rest) if head == "closed" and rest else (head,)


def _quotation_of(review: ReviewedChanges, deal: Opportunity) -> Quotation | None:
    """The quotation a deal was won with, or would have been had nobody left it out."""
    rows = review.head.query("SELECT path FROM _quotations WHERE opportunity = ? ORDER BY path", (deal.id,))
    quotations = [record for (file,) in rows if isinstance(record := review.head.read(file), Quotation)]
    named = deal.closed.quotation if deal.closed else None
    if not named:
        return last_offered(quotations, sent_times(review.head, quotations))
    return next((quotation for quotation in quotations if quotation.id == named), None)


def _offered(
    review: ReviewedChanges, quotation: Quotation, deal: Opportunity, closed: Closed
) -> Decimal | None:
    """The total of a quotation in the deal's currency; None where no rate is known."""
    offered = totals(quotation).net
    try:
        return review.known_settings.rates.convert(offered, quotation.currency, closed.date, deal.currency)
    except MissingRate:
        return None


def moved_without_requirements(review: ReviewedChanges) -> Iterator[Problem]:
    """Deals that moved on without the steps of a stage they left or the fields of one they entered."""
    for record, before, after in review.present(Opportunity):
        process = review.process_of(after)
        there = process.position(after.stage) if process else None
        is_moved = before is None or (before.process, before.stage) != (after.process, after.stage)
        if process is None or not there or not is_moved or (before is None and not after.is_open):
            continue
        is_same = before is not None and before.process == after.process
        here = process.position(before.stage) if before and is_same else None
        missing = missing_to_move(after, process, here, there)
        if missing:
            how = f"{before.stage} → {after.stage}" if before else f"it begins at {after.stage}"
            forced = review.between.forced(record.file, record.key)
            yield Problem(record.file, ("stage",), f"stage: {how}, although {'; '.join(missing)}{forced}")


def moved_past_stages(review: ReviewedChanges) -> Iterator[Problem]:
    """Deals that jumped over stages, in one commit, although nothing was missing for it."""
    for record, before, after in review.kept(Opportunity):
        process = review.process_of(after)
        if process is None or before.process != after.process:
            continue
        here, there = process.position(before.stage), process.position(after.stage)
        if here is None or there is None or missing_to_move(after, process, here, there):
            continue
        seen = {version.get("stage") for version in review.between.versions(record.file)}
        jumped = [stage.id for stage in process.stages[here + 1 : there] if stage.id not in seen]
        if jumped:
            message = f"stage: {before.stage} → {after.stage}, past {', '.join(jumped)}"
            yield Problem(record.file, ("stage",), message)


_OF_OFFER = (*OFFERED, "opportunity")
_ORDERED = "items tax_included discount discount_amount currency date quotation opportunity".split()


def sent_quotation(review: ReviewedChanges) -> Iterator[Problem]:
    """Quotations that were sent, and whose offer is another now, or that are drafts again."""
    for record, before, after in review.kept(Quotation):
        if before.status is QuotationStatus.DRAFT:
            continue
        if after.status is QuotationStatus.DRAFT:
            taken_back = f"status: {record.key} was {before.status}, and is a draft again"
            yield Problem(record.file, ("status",), f"{taken_back}; what a customer was offered is frozen")
        fields = _differing(before, after, _OF_OFFER)
        if fields and not review.between.imported(record, _OF_OFFER):
            yield Problem(
                record.file,
                (fields[0],),
                f"{record.story(*fields) or fields[0]}; {record.key} was sent, and what a customer was "
                f"offered is frozen, make the next one: pipecli quote revise {record.key}",
            )


def order_altered(review: ReviewedChanges) -> Iterator[Problem]:
    """Orders whose lines, currency or date are not what was ordered."""
    for record, before, after in review.kept(Order):
        fields = _differing(before, after, _ORDERED)
        if fields and before.status is not OrderStatus.CANCELLED:
            story = record.story(*fields) or fields[0]
            yield Problem(record.file, (fields[0],), f"{story}; {record.key} is what the customer ordered")


_INVOICED = (
    "number", "date", "customer", "currency", "tax_included", "items", "discount", "discount_amount",
    "order", "credits",
)  # fmt: skip


def invoice_altered(review: ReviewedChanges) -> Iterator[Problem]:
    """Invoices that were issued, and are another now, or whose payments are gone."""
    for record, before, after in review.kept(Invoice):
        if before.status is InvoiceStatus.DRAFT:
            continue
        fields = _differing(before, after, _INVOICED)
        if not {payment.id for payment in before.payments} <= {payment.id for payment in after.payments}:
            fields.append("payments")
        if fields:
            story = record.story(*fields) or fields[0]
            words = f"{story}; {before.number} is issued, credit it: pipecli invoice credit {record.key}"
            yield Problem(record.file, (fields[0],), words)


def _differing(before: Record, after: Record, fields: Sequence[str]) -> list[str]:
    return [field for field in fields if getattr(before, field) != getattr(after, field)]


RULES = (
    Rule("sent-quotation", Severity.ERROR, sent_quotation),
    Rule("order-altered", Severity.WARNING, order_altered),
    Rule("closed-deal", Severity.ERROR, closed_deal),
    Rule("settled-elsewhere", Severity.WARNING, settled_elsewhere),
    Rule("closed-deal-facts", Severity.WARNING, closed_deal_facts),
    Rule("reopened-deal", Severity.WARNING, reopened_deal),
    Rule("won-owner", Severity.WARNING, won_owner),
    Rule("unqualified-conversion", Severity.WARNING, unqualified_conversion),
    *asking_settings(
        Rule("stage-skipped", Severity.ERROR, moved_without_requirements),
        Rule("stage-jumped", Severity.WARNING, moved_past_stages),
        Rule("final-value", Severity.ERROR, final_value),
        Rule("probability-by-hand", Severity.WARNING, probability_by_hand),
        Rule("invoice-altered", Severity.ERROR, invoice_altered),
    ),
)
