"""`pipecli digest`: the week of a pipeline on one page, printed or sent."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import cached_property, partial
from hashlib import sha256
from html import escape
from typing import Any, Literal, NamedTuple

from pipecli.cli.common.command import Sending, noun, option
from pipecli.cli.common.names_and_questions import names_of
from pipecli.cli.common.output import Format, drawn_message, markdown_text, wrapped, write_text
from pipecli.cli.common.session import Session, mention, owner_filter, say
from pipecli.cli.common.terminal_and_own_config import terminal_width
from pipecli.cli.common.typed_dates import parse_as_of, parse_period
from pipecli.cli.cron.remind import PerhapsSent
from pipecli.cli.history_and_changes import movement_json
from pipecli.cli.report.dashboard_tables import (
    Tables,
    closed_table,
    forecast_tables,
    table_html,
    table_markdown,
    table_text,
    untouched,
    untouched_table,
)
from pipecli.cli.report.forecast_rows_and_targets import forecast_of
from pipecli.cli.report.options_and_columns import Currency, currency_code
from pipecli.errors import PipecliError
from pipecli.harmless_text import message_line
from pipecli.history import commits
from pipecli.history.commit_as_of import zone_of
from pipecli.history.deal_movements import Changes, ChangesAsked, movement_between
from pipecli.history.history_index import open_history
from pipecli.json_and_csv import dumps
from pipecli.outbox.channels import Address, Courier, channels, variable
from pipecli.outbox.claim_and_send_once import Claims, send_once
from pipecli.outbox.dashboard_page import Table
from pipecli.outbox.notices import Notice, notices
from pipecli.records.compare_names import chosen_id
from pipecli.records.days import Days
from pipecli.records.emails_and_phones import email_key, users_by_address
from pipecli.records.kinds import CUSTOMER, LEAD, OPPORTUNITY
from pipecli.reports.deal import Deal, Valuation
from pipecli.reports.forecast import Window
from pipecli.reports.today_and_followups import Message
from pipecli.store.index.owner_filter_and_list_sql import OwnerFilter, team_and_below
from pipecli.store.index.rows_for_reports import closed_deals
from pipecli.translation import Words, user_language, words_of

app = noun()

_KEPT_DAYS = 35
_MAIL_WIDTH = 76


@app.command(cls=Sending.with_(formats=("table", "markdown", "json"), owner_helps=()))
def digest(
    run: Session,
    since: str = option("Since the end of this date, this time, or this revision.", "WHEN", default="-7d"),
    currency: Currency = "",
    email: list[str] | None = option("Mail it to them, once a day; repeatable.", "ADDRESS|USER"),
    to: list[str] | None = option("Send it through their channel, once a day; repeatable.", "USER|CHANNEL"),
    perhaps_sent: PerhapsSent = "again",
) -> None:
    """Print the week on one page: what moved, was won and lost, the forecast, who moved what, and what was
    left untouched.

    With --email or --to it is sent instead, in the language of each recipient, once a day from all clones
    together. Mail goes through the server of PIPECLI_SMTP_HOST, channels are those of `remind`.
    """
    week = Week(run, owner_filter(run), since, currency_code(currency))
    if email or to:
        _send(run, week, email or [], to or [], is_again=perhaps_sent == "again")
    elif run.format is Format.JSON:
        write_text(dumps(week.plain()) + "\n")
    else:
        page = Page(week, words_of(None))
        write_text(page.markdown() if run.format is Format.MARKDOWN else page.text(terminal_width()))


class Week:
    """The facts of a digest, in no language."""

    def __init__(self, run: Session, of: OwnerFilter, since: str, currency: str | None) -> None:
        pipeline = run.read(OPPORTUNITY, CUSTOMER, LEAD)
        self.run, self.of, self.since = run, of, since
        location, zone = pipeline.location, zone_of(pipeline.location)
        moment = parse_as_of(since, run.today, zone)
        self.history = open_history(location, say)
        owners = self._owners()
        self.movement: Changes = movement_between(
            self.history, ChangesAsked(moment, None, None, currency, owners), run.today, zone
        )
        is_day = isinstance(moment, date) and not isinstance(moment, datetime)
        first = moment + timedelta(days=1) if is_day else self.movement.opening.day  # type: ignore[operator]
        self.days = Days(first, run.today)
        self.valuation = Valuation(pipeline.rates, currency)
        self.closed: list[Deal] = closed_deals(pipeline.connection, of, self.days)
        self.untouched = untouched(run, of, self.days)
        quarter = parse_period("this quarter", run.today)
        month = Window(run.today.replace(day=1), quarter.last)
        self.monthly = forecast_of(run, pipeline, "month", month, currency)
        self.quarterly = forecast_of(run, pipeline, "quarter", Window(quarter.first, None), currency)
        self.moves = [move for move in self._moves() if owners is None or move.owner in owners]

    def _owners(self) -> frozenset[str] | None:
        users = self.run.pipeline.settings_as_written.get("users") or {}
        if self.of.team:
            teams = team_and_below(self.run.connection, self.of.team)
            return frozenset(slug for slug, user in users.items() if user.get("team") in teams)
        one = self.of.owner or self.of.me
        return frozenset([one]) if one else None

    def _moves(self) -> Iterator[Notice]:
        """The changes of stage, owner and end of deals, the busiest person first."""
        opening = self.movement.opening.standing
        location, users = self.history.location, self.run.pipeline.settings_as_written.get("users") or {}
        since, until = opening.commit if opening else None, self.history.tip.commit
        new = [commit.id for commit in commits.listed_commits(location, until, since)]
        by_person = defaultdict(list)
        for notice in notices(self.history, new, users_by_address(users)):
            if notice.noun == OPPORTUNITY.noun and (notice.event, notice.before) != ("assigned", None):
                by_person[notice.by or notice.author].append(notice)
        for _, theirs in sorted(by_person.items(), key=lambda item: (-len(item[1]), item[0])):
            yield from theirs

    def plain(self) -> dict[str, Any]:
        """The digest as JSON has it."""
        amounts = {
            deal.id: self.valuation.amount(deal, self.run.today) for deal in [*self.closed, *self.untouched]
        }

        def listed(deals: Sequence[Deal]) -> list[dict[str, Any]]:
            return [
                {"id": deal.id, "title": deal.title, "customer": deal.customer, "owner": deal.owner,
                 "date": deal.ended, "amount": amounts[deal.id]}
                for deal in deals
            ]  # fmt: skip

        return {
            "from": self.days.first,
            "to": self.days.last,
            **movement_json(self.movement, None),
            "won": listed([deal for deal in self.closed if deal.status == "won"]),
            "lost": listed([deal for deal in self.closed if deal.status == "lost"]),
            "forecast": [
                {"month": row.key, "open": row.open_count, "weighted": row.weighted, "won": row.won_amount}
                for row in self.monthly.rows
            ],
            "moves": [
                {"by": move.by or move.author, "id": move.key, "event": move.event, "before": move.before,
                 "after": move.after}
                for move in self.moves
            ],
            "untouched": listed(self.untouched),
        }  # fmt: skip


class Page:
    """A digest in the words of a recipient."""

    def __init__(self, week: Week, words: Words) -> None:
        self.week, self.words = week, words
        self.tables = Tables(week.run, words)

    @property
    def title(self) -> str:
        company = message_line(str(self.week.run.pipeline.settings_as_written["company"]["name"]))
        first, last = self.week.days.first, self.week.days.last
        assert first and last
        return self.words.fill(
            "digest_title", company=company, since=self.words.day(first), until=self.words.day(last)
        )

    @cached_property
    def parts(self) -> list[Table]:
        week, words, code = self.week, self.words, self.week.valuation.currency

        def ended(status: str) -> Table:
            title, nothing = (
                words.fill(f"digest_{status}", currency=code),
                getattr(words, f"nothing_{status}"),
            )
            return closed_table(self.tables, week.closed, status, week.valuation, title, nothing)

        return [
            self._waterfall(),
            ended("won"),
            ended("lost"),
            *forecast_tables(self.tables, week.monthly, week.quarterly),
            self._people(),
            untouched_table(
                self.tables, week.untouched, week.valuation, words.fill("digest_untouched", currency=code)
            ),
        ]

    def _waterfall(self) -> Table:
        movement, code = self.week.movement.waterfall, self.week.movement.currency
        buckets = {name: total for name, total in movement.buckets.items() if total.deals}
        rows = {"opening": movement.opening, **buckets, "closing": movement.closing}
        cells = [
            [
                self.tables.text(self.words.named("buckets", name)),
                self.tables.count(total.deals),
                self.tables.amount(total.amount, code),
                self.tables.amount(total.weighted, code),
            ]
            for name, total in rows.items()
        ]
        headings = self.tables.headings("change", "deals", "amount", "weighted")
        return Table(self.words.fill("digest_open", currency=code), headings, cells)

    def _people(self) -> Table:
        tables = self.tables
        return tables.cut(
            self.words.digest_people,
            "who deal moves",
            self.week.moves,
            lambda move: [
                tables.text(tables.users.name(move.by) or move.author),
                tables.text(move.title, move.key),
                tables.text(self._moved(move)),
            ],
            self.words.nothing_moved,
        )

    def _moved(self, move: Notice) -> str:
        if move.event == "stage-changed":
            return f"{move.before} → {move.after}"
        if move.event == "assigned":
            return f"→ {self.tables.users.label(move.after)}"
        return self.words.named("buckets", move.event)

    def text(self, width: int | None) -> str:
        title = "\n".join(wrapped(self.title, width))
        return "\n\n".join([title, *(table_text(part, self.words, width) for part in self.parts)]) + "\n"

    def markdown(self) -> str:
        parts = [table_markdown(part, self.words) for part in self.parts]
        return "\n\n".join([f"# {markdown_text(self.title)}", *parts]) + "\n"

    def html(self) -> str:
        """A page for a mail."""
        head = f'<html lang="{self.words.language}" dir="{self.words.direction}"><meta charset="utf-8">'
        parts = "".join(table_html(part, self.words) for part in self.parts)
        return f"<!DOCTYPE html>\n{head}\n<h2>{escape(self.title)}</h2>\n{parts}</html>\n"

    def message(self) -> Message:
        return Message(self.title, self.text(_MAIL_WIDTH))


class Recipient(NamedTuple):
    """One address that a digest goes to."""

    name: str
    """As the result and the journal call it: a user, a channel, or an address."""
    by: Literal["mail", "channel"]
    language: str | None
    to: str
    """The address of a mail; of a channel its name."""
    address: Address | None = None

    def key(self, week: Week) -> str:
        """The key of its claim: the same on every clone, and no address in it."""
        about = (self.by, self.name, self.to, week.since, week.of, week.valuation.currency)
        return f"{week.run.today}/{self.by}/{sha256(repr(about).encode()).hexdigest()[:12]}"


def _recipients(run: Session, email: Sequence[str], to: Sequence[str]) -> Iterator[Recipient]:
    """The addresses of --email and --to. Raises PipecliError for one that leads nowhere."""
    settings = run.pipeline.settings_as_written
    users = settings.get("users") or {}
    names = names_of(run, "user")
    for text in email:
        slug, bare = users_by_address(users).get(email_key(text) or ""), text
        if "@" not in text:
            slug = chosen_id(text, names, f"--email: unknown user {text}")
            bare = str(users[slug].get("email") or "")
            if not bare:
                raise PipecliError(f"--email: {slug} has no address", hint=f"pipecli user set {slug} email=…")
        yield Recipient(slug or bare, "mail", user_language(settings, slug), bare)
    if not to:
        return

    ours = channels(is_dry=run.dry_run)
    ours.require_any()
    for name in to:
        is_user = name in users
        addresses = ours.of(name, is_user=is_user)
        if not addresses:
            way_out = f"set {variable(name)}, or write {ours.file}"
            raise PipecliError(f"--to: {name} has no channel", hint=way_out)
        language = user_language(settings, name if is_user else None)
        for place, address in enumerate(addresses):
            yield Recipient(name, "channel", language, f"{name}/{place}", address)


def _send(run: Session, week: Week, email: Sequence[str], to: Sequence[str], *, is_again: bool) -> None:
    """Send the digest to those who have not had it today. Raises PipecliError."""

    recipients = {recipient.key(week): recipient for recipient in _recipients(run, email, to)}
    languages = {recipient.language for recipient in recipients.values()}
    pages = {language: Page(week, words_of(language)) for language in languages}
    claims = Claims(run.pipeline.location, "digest", keep=_KEPT_DAYS, alone=bool(run.option("alone")))
    if run.dry_run:
        known = claims.known_or_warn(say)
        for key, recipient in recipients.items():
            message = pages[recipient.language].message()
            if key not in known:
                way = f"through the channel {recipient.address.channel}" if recipient.address else "by mail"
                write_text(drawn_message(f"{recipient.name}, {way}", message))
        return
    deliver = _deliverer(run, recipients.values())
    keys = list(recipients)
    with send_once(run.pipeline, claims, "digest.json", keys, is_again=is_again, say=say) as sender:
        for key in [key for key in recipients if key in sender.mine]:
            recipient = recipients[key]
            mail = partial(deliver, recipient, pages[recipient.language])
            if sender.send([key], f"{recipient.name}: not delivered", mail):
                mention(f"the digest is sent to {recipient.name}")
    sender.require_all_sent()


def _deliverer(run: Session, recipients: Collection[Recipient]) -> Callable[[Recipient, Page], str]:
    """A function that sends a recipient a page, and gives the reason why it was not delivered, or nothing.

    All that can be refused is found out before anything is sent. Raises PipecliError.
    """
    courier = Courier(say) if any(recipient.address for recipient in recipients) else None
    mailed = [recipient for recipient in recipients if not recipient.address]
    if mailed:
        from pipecli.outbox import mail

        server = mail.server_of(os.environ)
        sender = mail.sender_of(run.pipeline.settings_as_written, run.me(), server)
        addresses = {recipient: mail.named_address(recipient.to, "--email") for recipient in mailed}

    def deliver(recipient: Recipient, page: Page) -> str:
        if courier and recipient.address:
            return courier.send(recipient.address, page.message())
        to = addresses[recipient]
        message = mail.message_of(
            mail.MailText(page.title, page.text(_MAIL_WIDTH)), sender=sender, to=[to], copied=[],
            at=run.now, name="digest", page=page.html(),
        )  # fmt: skip
        try:
            mail.deliver_mail(server, sender.addr_spec, [to.addr_spec], message.as_bytes())
        except mail.Doubtful as error:
            say(f"perhaps sent: the digest to {recipient.name}: {error.message}")
        except mail.NotSent as error:
            return error.message
        return ""

    return deliver
