"""`quotation send`, and the mail that carries a quotation or an invoice to its customer.

By e-mail, all that can be refused is found out before the mail server is called, and nothing is written
before it has said that it has the mail. From before it is called until the commit that records it, a journal
beside the index keeps the mail: where a power cut, a silent server or a commit that fails comes between, the
next attempt finds it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from shlex import quote
from typing import Annotated, NamedTuple

import typer

from pipecli.cli.common.command import Changing, NextContactOption, Ref, noun, option
from pipecli.cli.common.transaction import Transaction
from pipecli.cli.paper.render import printed_of, typeset_as
from pipecli.errors import PipecliError
from pipecli.extras import require_extra
from pipecli.harmless_text import one_line, without_controls
from pipecli.json_and_csv import loads
from pipecli.outbox.claim_and_send_once import Claims, clone_name
from pipecli.outbox.mail import (
    Doubtful,
    MailTemplate,
    MailText,
    NotSent,
    Server,
    address_of,
    addressed,
    deliver_mail,
    filled_mail,
    message_of,
    named_address,
    own_template,
    sender_of,
    server_of,
    template_names,
)
from pipecli.records.activity import Activity, Direction
from pipecli.records.customer import Contact, Customer
from pipecli.records.lead import Lead
from pipecli.records.opportunity import Opportunity
from pipecli.records.papers import Invoice, Quotation, paper_language
from pipecli.store import git_commit
from pipecli.store.change_journal import changes_made
from pipecli.store.index.rows_for_verbs import activity_ids, rows_where
from pipecli.store.location import Location
from pipecli.store.power_cut_and_killed_git import write_hardened
from pipecli.store.record_meant import Care
from pipecli.store.safe_files import LARGEST_ANY, path_inside, read_at_most, read_bytes
from pipecli.workflow import Change
from pipecli.workflow.lead_or_deal_of_mail import activity_of, id_of_mail
from pipecli.workflow.quotation import send_quotation, sent_by_mail


class MailOptions(NamedTuple):
    """The options of the command line about the mail."""

    to: tuple[str, ...] = ()
    copied: tuple[str, ...] = ()
    subject: str | None = None
    body: str | None = None

    @classmethod
    def of(
        cls, email: bool, to: list[str] | None, cc: list[str] | None, subject: str | None, body: str | None
    ) -> MailOptions:
        """Those of a command line. Raises BadParameter where it says them of no mail."""
        options = cls(tuple(to or ()), tuple(cc or ()), subject, body)
        if not email and options != cls():
            raise typer.BadParameter("--to, --cc, --subject and --body are of a mail: add --email")
        return options


Email = Annotated[bool, typer.Option("--email", help="Mail it first, as a PDF.")]
To = Annotated[
    list[str] | None,
    typer.Option(help="To whom. Default: its contact, lead or customer. Repeatable.", metavar="ADDRESS"),
]
Cc = Annotated[list[str] | None, typer.Option(help="Copy to this address; repeatable.", metavar="ADDRESS")]
Alone = Annotated[bool, typer.Option("--alone", help="No other clone does: don't ask the shared pipeline.")]
Instead = Annotated[str | None, typer.Option(help="In place of the template's.", metavar="TEXT")]


class PaperMailJournal:
    """The journal of the mail of one quotation or invoice on one deal."""

    def __init__(self, location: Location, paper: Quotation | Invoice, deal: Opportunity) -> None:
        self._file, self._paper, self._deal = location.mail_of(paper.id), paper.id, deal
        self._was_sent = isinstance(paper, Invoice) and paper.sent is not None
        send = f"pipecli {paper.noun} send {paper.id}{' --again' if self._was_sent else ''}"
        self._recording = f"pipecli inbox import {quote(str(self._file))} --on {deal.id} && {send}"
        self._is_delivered = False
        self._delivered_mark = self._file.with_suffix(".out")
        """A file that is there where the server has taken the mail for certain, and no commit records it."""

    def refuse_if_any(self) -> None:
        """Refuse to mail again what may be on its way, and is not recorded."""
        if not self._file.exists() or self._is_recorded():
            return
        before = f"{self._paper} was mailed before, and"
        if self._delivered_mark.exists():
            raise PipecliError(f"{before} that isn't recorded", hint=f"record it: {self._recording}")
        raise PipecliError(
            f"{before} nobody knows whether that went out",
            hint=f"if it arrived: {self._recording}; if not, delete {self._file} and send again",
        )

    def _is_recorded(self) -> bool:
        """True of the mail of an invoice that a kill after the commit, or a person who recorded it, left."""
        written = read_at_most(self._file, LARGEST_ANY) or b""
        identity = str(BytesHeaderParser().parsebytes(written)["Message-ID"]).strip()
        return self._was_sent and identity in [activity.message_id for activity in self._deal.activities]

    def deliver(self, server: Server, sender: str, recipients: Sequence[str], message: bytes) -> None:
        """Keep the message and give it to the server. Raises PipecliError when that fails."""
        self._keep(message)
        try:
            deliver_mail(server, sender, recipients, message)
        except Doubtful as error:
            raise PipecliError(
                f"{error.message}: nobody knows whether the mail goes out, and nothing is changed",
                hint=f"if it arrives: {self._recording}; if not, delete {self._file} and send again",
            ) from None
        except BaseException:
            self._file.unlink(missing_ok=True)
            raise
        self._is_delivered = True

    @contextmanager
    def until_recorded(self, message_id: str) -> Iterator[None]:
        """Deliver the mail and record it within: a failure between the two says so."""
        made_before = len(changes_made)
        try:
            yield
        except (PipecliError, KeyboardInterrupt) as error:
            if not self._is_delivered or len(changes_made) > made_before:
                raise
            with suppress(OSError):
                self._delivered_mark.touch()
            reason = str(error).removesuffix("; try again") or "interrupted"
            raise PipecliError(
                f"the mail is out as {message_id}, but it is not recorded: {reason}",
                hint=f"don't send it again; when that is fixed: {self._recording}",
            ) from None
        finally:
            if self._is_delivered and len(changes_made) > made_before:
                self._file.unlink(missing_ok=True)  # before words, which nobody may read

    def _keep(self, message: bytes) -> None:
        """Write the message and have it on the disk for certain."""
        try:
            self._delivered_mark.unlink(missing_ok=True)
            write_hardened(self._file.parent, self._file.name, message)
        except OSError as error:
            with suppress(OSError):  # a mail there would be taken for one that may be out
                self._file.unlink()
            raise PipecliError(
                f"{self._file} can't be written: {error.strerror}", hint="nothing was sent"
            ) from None


class Recipient(NamedTuple):
    """Whom a paper is for: the person's name and address, where the pipeline has them."""

    name: str
    email: str
    contact: str | None
    language: str | None


def send_by_email(
    transaction: Transaction,
    sent: Change,
    deal: Opportunity,
    options: MailOptions,
    *,
    alone: bool,
) -> None:
    """Mail the quotation or invoice that `sent` makes, then write it and the mail on its deal as one commit.

    Unless `alone`, it is claimed, so that no two clones mail it.
    """
    paper = sent.record
    assert isinstance(paper, (Quotation, Invoice))
    is_dry = transaction.session.dry_run and not os.environ.get("PIPECLI_SMTP_HOST")  # nothing is sent
    server = server_of({**os.environ, "PIPECLI_SMTP_HOST": "localhost"} if is_dry else os.environ)
    require_extra("pdf")
    location = transaction.pipeline.location
    before = transaction.pipeline.get(type(paper), paper.id)
    journal = PaperMailJournal(location, before, deal)
    journal.refuse_if_any()
    if not transaction.session.no_commit:
        git_commit.require_able(location.work_tree, location.git_dir)
    recipient = _recipient(transaction, paper)
    message = _message(transaction, paper, recipient, server, options)
    if transaction.session.dry_run:
        typer.echo(without_controls(_shown(message)))
    (sender,) = _addresses(message, "From")
    to = [address.addr_spec for name in ("To", "Cc") for address in _addresses(message, name)]

    def deliver() -> None:
        with nullcontext() if alone else _claimed(transaction, before):
            journal.deliver(server, sender.addr_spec, to, message.as_bytes())

    with journal.until_recorded(str(message["Message-ID"])):
        transaction.commit_and_print(
            sent_by_mail(sent, deal, _activity(transaction, message, recipient), ", ".join(to)),
            before_writing=deliver,
        )


@contextmanager
def _claimed(transaction: Transaction, paper: Quotation | Invoice) -> Iterator[None]:
    """Claim the mail of a paper for this clone, and give it back where nothing was sent."""
    location, today = transaction.pipeline.location, transaction.today
    claims, me = Claims(location, f"{paper.noun}-mails"), clone_name(location)
    if not claims.claim([paper.id], me, today, pending=[paper.id]):
        raise PipecliError(
            f"{getattr(paper, 'number', paper.id)} is being mailed by another clone",
            hint="see with `pipecli sync`; if it never went out: --alone",
        )
    try:
        yield
    except NotSent:
        claims.give_back([paper.id], me, today)
        raise


def _recipient(transaction: Transaction, paper: Quotation | Invoice) -> Recipient:
    """The paper's contact, else its lead, else its customer: the first who has an address."""
    customer = transaction.pipeline.find_record(Customer, paper.customer)
    contact = transaction.pipeline.find_record(Contact, paper.contact)
    lead = transaction.pipeline.find_record(Lead, getattr(paper, "lead", None))
    language = paper_language(paper.language, contact, customer, lead)
    if contact is not None:
        email = contact.emails[0] if contact.emails else ""
        fallback = (lead and lead.email) or (customer and customer.email) or ""
        return Recipient(contact.name, email or fallback, contact.id, language)
    if lead is not None and (lead.email or customer is None):
        return Recipient(lead.name or "", lead.email or "", None, language)
    name = customer.name if customer and customer.kind == "person" else ""
    return Recipient(name, (customer and customer.email) or "", None, language)


def _message(
    transaction: Transaction,
    paper: Quotation | Invoice,
    recipient: Recipient,
    server: Server,
    options: MailOptions,
) -> EmailMessage:
    to = [named_address(address, "--to") for address in options.to]
    to = to or [_known(transaction, recipient, paper)]
    copied = [named_address(address, "--cc") for address in options.copied]
    sender = sender_of(transaction.pipeline.settings_as_written, transaction.me, server)
    printed = printed_of(transaction.pipeline, paper)
    words = MailText(one_line(options.subject or ""), f"{(options.body or '').strip()}\n")
    if not words.subject or not options.body:
        own = _template(transaction, paper.noun, recipient.language)
        template = filled_mail(own, printed, contact=recipient.name, sender=sender)
        words = MailText(words.subject or template.subject, words.body if options.body else template.body)
    return message_of(
        words,
        sender=sender,
        to=to,
        copied=copied,
        at=transaction.now,
        name=re.sub(r"[^A-Za-z0-9.-]+", "-", printed.id),
        pdf=typeset_as("pdf", transaction.pipeline, printed, paper),
        attached=[
            (one.name, read_bytes(transaction.pipeline.root, one.file, LARGEST_ANY))
            for one in paper.attachments
        ],
    )


def _template(transaction: Transaction, noun: str, language: str | None) -> MailTemplate:
    """The pipeline's own for this language, else its own for any, else that of pipecli."""
    for name in template_names(noun, language):
        file = f"templates/{name}"
        if path_inside(transaction.pipeline.root, file).exists():
            return MailTemplate(file, transaction.pipeline.text(file))
    return own_template(noun, language)


def _known(transaction: Transaction, recipient: Recipient, paper: Quotation | Invoice) -> Address:
    if not recipient.email:
        whom = recipient.contact or getattr(paper, "lead", None) or paper.customer or "nobody we know"
        connection, known = transaction.connection, "customer = ? AND emails IS NOT NULL"
        theirs = rows_where(connection, ("emails", "name"), "contacts", known, paper.customer)
        people = ", ".join(f"{loads(emails)[0]} ({name})" for emails, name in theirs[:3])
        raise PipecliError(
            f"{paper.id} is for {whom}, who has no e-mail address",
            hint="give one with --to ADDRESS" + (f": {people}" if people else ""),
        )
    return addressed(recipient.name, address_of(recipient.email, f"the reader of {paper.id}"))


def _activity(transaction: Transaction, message: EmailMessage, recipient: Recipient) -> Activity:
    """The mail as the deal remembers it."""
    identity = str(message["Message-ID"])
    taken = activity_ids(transaction.connection)
    is_theirs = any(address.addr_spec == recipient.email for address in _addresses(message, "To"))
    return activity_of(
        id_of_mail(identity, taken.__contains__),
        at=transaction.now,
        subject=str(message["Subject"])[:500],
        message_id=identity,
        direction=Direction.OUT,
        by=transaction.me,
        contact=recipient.contact if is_theirs else None,
    )


def _addresses(message: EmailMessage, name: str) -> tuple[Address, ...]:
    header = message[name]
    return header.addresses if header is not None else ()


def _shown(message: EmailMessage) -> str:
    """The message for a person to look at: its headers, its text, and what is attached."""
    text = message.get_body(("plain",))
    headers = [f"{name}: {value}" for name, value in message.items() if name in _SHOWN]
    attached = [
        f"Attached: {part.get_filename()}, {len(part.get_content()):,} bytes"
        for part in message.iter_attachments()
    ]
    return "\n".join([*headers, *attached, "", text.get_content() if text else ""])


_SHOWN = ("From", "To", "Cc", "Subject", "Date", "Message-ID")


app = noun()


@app.command("send", cls=Changing)
def send(
    transaction: Transaction,
    ref: Ref,
    date: str | None = option("Its date. Default: the draft's.", "DATE"),
    email: Email = False,
    to: To = None,
    cc: Cc = None,
    subject: Instead = None,
    body: Instead = None,
    next_: NextContactOption = None,
    alone: Alone = False,
) -> None:
    """Mark a draft as sent, after which it can't be changed. With --email it is mailed first.

    The mail is claimed in the shared pipeline, so that no two clones send it.
    This settles a next contact of the deal that is due.
    """
    options = MailOptions.of(email, to, cc, subject, body)
    quotation = transaction.get(Quotation, ref, Care.ONLY)
    deal = transaction.pipeline.get(Opportunity, quotation.opportunity)
    sent = send_quotation(
        quotation,
        deal,
        siblings=transaction.pipeline.all(Quotation, opportunity=deal.id),
        now=transaction.now,
        day=transaction.day(date),
        next_=transaction.next_contact(next_, transaction.me),
    )
    if not email:
        transaction.commit_and_print(sent)
        return
    send_by_email(transaction, sent, deal, options, alone=alone)
