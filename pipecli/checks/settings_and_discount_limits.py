"""Settings that contradict themselves; records whose words they do not list, or whose discounts they do not
allow, and a change set that raises a discount above the limit, or the limit.

A user, process or stage that the settings do not know is found in `files_and_references.py`.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from pipecli.checks import Path, Problem, Rule, Severity, asking_settings
from pipecli.records.emails_and_phones import addresses, email_key, users_by_address
from pipecli.records.items_and_totals import discounts
from pipecli.records.kinds import BY_NOUN, SETTINGS_FILE, dotted
from pipecli.records.money import MissingRate
from pipecli.records.opportunity import Opportunity
from pipecli.records.papers import Quotation, QuotationStatus
from pipecli.records.settings import EVENTS, Settings
from pipecli.store.index.sql_and_search import BadQuery, TooLong, try_condition
from pipecli.store.index.views_and_functions import marks
from pipecli.workflow.opportunity.advance import fault_of_requirement

if TYPE_CHECKING:
    from pipecli.checks.reviewed_changes import ReviewedChanges, ReviewedRecord
    from pipecli.store.pipeline import Pipeline

_PERIOD = r"[0-9]{4}(-(Q[1-4]|W[0-9]{2}|[0-9]{2}))?"


def _in_settings(path: Path, message: str) -> Problem:
    return Problem(SETTINGS_FILE, path, message)


def condition(pipeline: Pipeline) -> Iterator[Problem]:
    """Conditions in SQL that can't be run: the command that comes upon one would be refused."""
    for field, noun, sql in pipeline.settings.conditions():
        try:
            try_condition(pipeline.connection, BY_NOUN[noun].table, sql)
        except BadQuery as error:
            yield _in_settings(tuple(field.split(".")), f"{field}: {error}")
            if isinstance(error, TooLong):  # a hundred of them would take minutes
                return


def requires(pipeline: Pipeline) -> Iterator[Problem]:
    """Stages that require what no opportunity can have: no deal would ever enter them."""
    for slug, process in pipeline.settings.processes.items():
        for place, stage in enumerate(process.stages):
            for position, wanted in enumerate(stage.requires):
                if fault := fault_of_requirement(stage.id, wanted):
                    path = ("processes", slug, "stages", place, "requires", position)
                    yield _in_settings(path, fault)


def auto_close_reason(pipeline: Pipeline) -> Iterator[Problem]:
    """Deals that close by themselves get a reason that the list has."""
    settings = pipeline.settings
    if settings.closes_for_unlisted_reason:
        reason, listed = settings.auto_close.reason, ", ".join(settings.lost_reasons)
        text = f"auto_close.reason: {reason} isn't one of lost_reasons: {listed}"
        yield _in_settings(("auto_close", "reason"), text)


def user_or_team(pipeline: Pipeline) -> Iterator[Problem]:
    """One slug for a user and a team: nobody knows with whom a record is shared."""
    settings = pipeline.settings
    for slug in sorted(settings.users.keys() & settings.teams.keys()):
        yield _in_settings(("teams", slug), f"{slug} is a user and a team; choose another slug for one")


def team_loop(pipeline: Pipeline) -> Iterator[Problem]:
    """A team belongs to itself, through one parent or more: its figures are those of all in the circle."""
    for slug, parent in pipeline.settings.looping_teams.items():
        yield _in_settings(("teams", slug, "parent"), f"the team {slug} belongs to itself, through {parent}")


def user_email(pipeline: Pipeline) -> Iterator[Problem]:
    """Users are recognised by their e-mail addresses: two with one address are taken for one of them."""
    users = pipeline.settings_as_written.get("users") or {}
    owners = users_by_address(users)
    for slug, user in users.items():
        for key, path in zip(addresses(user), _address_paths(user), strict=True):
            if owners[key] != slug:
                yield _in_settings(("users", slug, *path), f"{key} is also the address of {owners[key]}")


def _address_paths(user: Mapping[str, Any]) -> Iterator[Path]:
    """Where each of a user's `addresses` stands."""
    if email_key(user.get("email")):
        yield ("email",)
    for place, email in enumerate(user.get("emails") or ()):
        if email_key(email):
            yield ("emails", place)


def inactive_user(pipeline: Pipeline) -> Iterator[Problem]:
    """Rules that give work to somebody who is not there any more."""
    users = pipeline.settings.users
    for place, rule in enumerate(pipeline.settings.assignment_rules):
        for position, slug in enumerate(rule.users):
            if slug in users and not users[slug].active:
                path = ("assignment_rules", place, "users", position)
                yield _in_settings(path, f"the rule {rule.name} assigns to {slug}, who is not active")


def inactive_owner(pipeline: Pipeline) -> Iterator[Problem]:
    """Open deals and leads, and what is planned on them, of somebody who is not there any more."""
    left = [slug for slug, user in pipeline.settings.users.items() if not user.active]
    if not left:
        return
    for file, field, user, is_done in pipeline.query(
        f"""SELECT path, f.field, f.key, json_extract(d.json, '$.activities[' || max(0, CAST(
            substr(f.field, length('activities.') + 1) AS INTEGER) - 1) || '].done')
        FROM _references f JOIN _records d USING (path)
        LEFT JOIN _opportunities o USING (path) LEFT JOIN _leads l USING (path)
        WHERE f.noun = 'user' AND f.key IN ({marks(left)})
        AND (o.status = 'open' OR l.status NOT IN ('converted', 'disqualified'))
        AND (f.field IN ('owner', 'next_contact.by') OR f.field GLOB 'activities.*.by')
        ORDER BY path, f.field""",
        left,
    ):
        if field.startswith("activities.") and is_done:
            continue
        message = f"{field}: {user} is not active: pipecli user handover {user} --to USER-OR-TEAM"
        yield Problem(file, tuple(field.split(".")), message)


def target_period(pipeline: Pipeline) -> Iterator[Problem]:
    """Targets of a period that no report will ask for."""
    for period in pipeline.settings.targets:
        if not re.fullmatch(_PERIOD, period):
            yield _in_settings(
                ("targets", period), f"{period} isn't a period; write 2026, 2026-Q4 or 2026-11"
            )


def notified_event(pipeline: Pipeline) -> Iterator[Problem]:
    """Channels of an event that there is not: they are never told of anything."""
    for event in pipeline.settings.notifications:
        if event not in EVENTS:
            known = ", ".join(EVENTS)
            yield _in_settings(("notifications", event), f"{event} isn't an event of notifications: {known}")


def base_rate(pipeline: Pipeline) -> Iterator[Problem]:
    """A rate of the base currency in itself: it is never used."""
    base = pipeline.settings.currency
    if base in pipeline.settings.exchange_rates:
        yield _in_settings(("exchange_rates", base), f"{base} is the base currency: its rate is always 1")


def type_(pipeline: Pipeline) -> Iterator[Problem]:
    """Types of opportunities that the settings don't list."""
    known = pipeline.settings.opportunity_types
    yield from _unlisted(pipeline, "_opportunities", "type", ("type",), known, "opportunity_types")


def source(pipeline: Pipeline) -> Iterator[Problem]:
    """Sources that the settings don't list, where they list any."""
    known = pipeline.settings.sources
    if known:
        for table in ("_leads", "_opportunities"):
            yield from _unlisted(pipeline, table, "source", ("source",), known, "sources")


def lost_reason(pipeline: Pipeline) -> Iterator[Problem]:
    """Reasons for losing that the settings don't list: the analysis would count them apart."""
    settings = pipeline.settings
    known = dict.fromkeys((*settings.lost_reasons, settings.auto_close.reason))
    for file, place, word in pipeline.query(
        "SELECT o.path, r.key, r.value FROM _opportunities o, json_each(o.closed_reasons) r "
        f"WHERE r.value NOT IN ({marks(known)}) ORDER BY o.path, r.key",
        tuple(known),
    ):
        listed = ", ".join(known)
        path = ("closed", "reasons", place)
        yield Problem(file, path, f'closed.reasons: "{word}" must be one of lost_reasons: {listed}')


def disqualify_reason(pipeline: Pipeline) -> Iterator[Problem]:
    """Reasons for giving a lead up that the settings don't list, where they list any."""
    known = pipeline.settings.disqualify_reasons
    if known:
        path = ("disqualified", "reason")
        yield from _unlisted(pipeline, "_leads", "disqualified_reason", path, known, "disqualify_reasons")


def literature_stage(pipeline: Pipeline) -> Iterator[Problem]:
    """Literature for a stage that no process has: it is never offered."""
    known = {stage.id for process in pipeline.settings.processes.values() for stage in process.stages}
    for file, stages in pipeline.query("SELECT path, stages FROM _literature WHERE stages IS NOT NULL"):
        for place, stage in enumerate(json.loads(stages)):
            if stage not in known:
                yield Problem(file, ("stages", place), f"stages.{place + 1}: no process has a stage {stage}")


def exchange_rate(pipeline: Pipeline) -> Iterator[Problem]:
    """Open and won deals whose currency has no rate on their day: a forecast with them is refused."""
    rates, base, today = pipeline.rates, pipeline.rates.base, pipeline.today
    for file, currency, closed in pipeline.query(
        "SELECT path, currency, CASE status WHEN 'won' THEN closed_date END FROM _opportunities "
        "WHERE currency <> ? AND status IN ('open', 'won') AND exact_amount IS NOT NULL",
        (base,),
    ):
        try:
            rates.rate(currency, date.fromisoformat(closed) if closed else today)
        except MissingRate as error:
            yield Problem(file, ("currency",), f"currency: {error}")


def _unlisted(
    pipeline: Pipeline, table: str, column: str, path: Path, known: Collection[str], setting: str
) -> Iterator[Problem]:
    for file, word in pipeline.query(
        f"SELECT path, {column} FROM {table} WHERE {column} NOT IN ({marks(known)}) ORDER BY path",
        tuple(known),
    ):
        yield Problem(file, path, f'{dotted(path)}: "{word}" must be one of {setting}: {", ".join(known)}')


_Offer = Opportunity | Quotation


def discount_too_high(pipeline: Pipeline) -> Iterator[Problem]:
    """Discounts above what the settings allow, on what is open, drafted or sent."""
    most = pipeline.settings.quotations.max_discount
    if most is None:
        return
    for (file,) in pipeline.query(
        """SELECT path FROM (SELECT path, has_discount FROM _opportunities WHERE status = 'open'
            UNION ALL SELECT path, has_discount FROM _quotations WHERE status IN ('draft', 'sent'))
        WHERE has_discount OR path IN (
            SELECT path FROM items WHERE discount > ? OR discount_amount > quantity * unit_price * ? / 100)
        ORDER BY path""",
        (float(most), float(most)),
    ):
        record = cast("_Offer", pipeline.read(file))
        for path, percent in discounts(record):
            if percent > most:
                words = f"a discount of {percent:f} % is above the {most:f} % of the settings"
                yield Problem(file, path, words)


def discount_raised_too_high(review: ReviewedChanges) -> Iterator[Problem]:
    """Discounts above what the settings allow that were given or raised, on what is open, drafted or sent."""
    most = review.known_settings.quotations.max_discount
    if most is None:
        return
    for record, before, after in _on_offer(review):
        given = _given(before) if before else {}
        for path, percent in discounts(after):
            what = _what(after, path)
            was = given.get(what, Decimal(0))
            if percent > most and percent > was:
                raised = f", and was {was:f} %" if was else ""
                on = f" on {after.items[int(path[1])].description}" if len(path) > 1 else ""
                words = f"a discount of {percent:f} %{on} is above the {most:f} % of the settings{raised}"
                yield Problem(record.file, path, words)


def _on_offer(review: ReviewedChanges) -> Iterator[tuple[ReviewedRecord, _Offer | None, _Offer]]:
    for record, before, deal in review.present(Opportunity):
        if deal.is_open:
            yield record, before, deal
    for record, sent, quotation in review.present(Quotation):
        if quotation.status in (QuotationStatus.DRAFT, QuotationStatus.SENT):
            yield record, sent, quotation


def _given(offer: _Offer) -> dict[str, Decimal]:
    """The highest discount on each thing, and under "" on the whole."""
    given = defaultdict[str, Decimal](Decimal)
    for path, percent in discounts(offer):
        given[_what(offer, path)] = max(given[_what(offer, path)], percent)
    return given


def _what(offer: _Offer, path: Path) -> str:
    """The product, or the words, of the line that a path goes into; "" for the whole."""
    if len(path) == 1:
        return ""
    item = offer.items[int(path[1])]
    return item.product or item.description


def loosened_limit(review: ReviewedChanges) -> Iterator[Problem]:
    """Limits that were raised, and stages that ask for less; both count from the next change set on."""
    for record, before, after in review.kept(Settings):
        for name in ("max_discount", "max_difference"):
            old, new = (getattr(settings.quotations, name) for settings in (before, after))
            if old is not None and (new is None or new > old):
                change = f"{old:f} % → {'none' if new is None else f'{new:f} %'}"
                words = f"quotations.{name}: {change}: a looser limit, which counts after this change"
                yield Problem(record.file, ("quotations", name), words)
        yield from _asking_less(record.file, before, after)


def _asking_less(file: str, before: Settings, after: Settings) -> Iterator[Problem]:
    for slug, process in after.processes.items():
        for place, stage in enumerate(process.stages):
            old = before.stage(slug, stage.id)
            both = [(old.steps, stage.steps), (old.requires, stage.requires)] if old else []
            gone = [asked for was, asks in both for asked in was if asked not in asks]
            if gone:
                path = ("processes", slug, "stages", place)
                yield Problem(file, path, f"stage {stage.id} no longer asks for: {', '.join(gone)}")


RULES = asking_settings(
    Rule("condition", Severity.ERROR, condition),
    Rule("requires", Severity.ERROR, requires),
    Rule("auto-close-reason", Severity.ERROR, auto_close_reason),
    Rule("user-or-team", Severity.ERROR, user_or_team),
    Rule("team-loop", Severity.ERROR, team_loop),
    Rule("user-email", Severity.WARNING, user_email),
    Rule("inactive-user", Severity.WARNING, inactive_user),
    Rule("inactive-owner", Severity.WARNING, inactive_owner),
    Rule("target-period", Severity.WARNING, target_period),
    Rule("notified-event", Severity.WARNING, notified_event),
    Rule("base-rate", Severity.WARNING, base_rate),
    Rule("type", Severity.ERROR, type_),
    Rule("source", Severity.ERROR, source),
    Rule("lost-reason", Severity.ERROR, lost_reason),
    Rule("disqualify-reason", Severity.ERROR, disqualify_reason),
    Rule("literature-stage", Severity.ERROR, literature_stage),
    Rule("exchange-rate", Severity.WARNING, exchange_rate),
    Rule("discount", Severity.WARNING, discount_too_high),
)
RULES_OF_CHANGES = (
    Rule("loosened-limit", Severity.WARNING, loosened_limit),
    *asking_settings(Rule("discount-limit", Severity.ERROR, discount_raised_too_high)),
)
