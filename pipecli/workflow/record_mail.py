"""A mail on a deal or a lead: a done activity with its direction, time, subject and Message-ID."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from hashlib import sha256

from pipecli.records.activity import Activity, ActivityType, Direction
from pipecli.records.base import CROCKFORD, ID_LENGTH
from pipecli.records.lead import Lead
from pipecli.records.opportunity import Opportunity
from pipecli.records.settings import Settings
from pipecli.workflow.add_lead import add
from pipecli.workflow.change import Change
from pipecli.workflow.contact_lead import contacted
from pipecli.workflow.party_identity import email_domain

_EMAIL_SOURCES = ("email", "mail")
_SECOND_LEVEL = frozenset("co com org net edu ac gov gob".split())


def id_of_mail(text: str, is_taken: Callable[[str], bool]) -> str:
    """An id that follows from a mail's Message-ID: two clones that read one mailbox give the same."""
    number = 0
    while True:
        digest = sha256(f"{text} {number}".encode()).digest()
        made = "".join([CROCKFORD[byte % 32] for byte in digest[:ID_LENGTH]])
        if not is_taken(made) and set(made) - set("0123456789E"):  # 12345 and 1E100 are numbers to YAML
            return made
        number += 1


def activity_of(
    id: str,
    *,
    at: datetime,
    subject: str,
    message_id: str,
    direction: Direction | None,
    by: str | None = None,
    contact: str | None = None,
    notes: str | None = None,
) -> Activity:
    """The activity of a mail that was sent. What a program wrote has no `direction`: it is no word of ours,
    and no answer.
    """
    return Activity(
        id=id,
        type=ActivityType.EMAIL,
        at=at,
        subject=subject,
        by=by,
        direction=direction,
        done=True,
        contact=contact,
        message_id=message_id,
        notes=notes,
    )


def record(onto: Lead | Opportunity, mails: Sequence[Activity]) -> Change:
    """Add mails to a record. A lead that they reached, or who answers, moves on."""
    after = onto.with_(activities=(*onto.activities, *mails))
    for mail in mails:
        after = contacted(after, mail)
    return Change(after, _summary(mails), "mail-recorded")


def lead_of_mail(
    id: str,
    mail: Activity,
    settings: Settings,
    *,
    created: datetime,
    name: str,
    email: str,
    organization: str | None,
) -> Change:
    """The lead that a stranger's mail makes: new, for what we have not answered yet is no reply.

    It is `created` when the mail came, and owned by who got it. `organization` is theirs where it is known;
    else their domain tells.
    """
    organization = organization or organization_of(email)
    lead = Lead.model_construct(
        id=id,
        created=created,
        name=name or (None if organization else email),
        organization=organization,
        email=email,
        source=_source(settings),
        owner=mail.by,
        activities=(mail,),
    )
    return add(lead, settings)


def organization_of(email: str) -> str | None:
    """`maria@contoso-coffee.co.uk` as Contoso Coffee; None for the domain of a free mail provider."""
    labels = (email_domain(email) or "").split(".")[:-1]
    if len(labels) > 1 and labels[-1] in _SECOND_LEVEL:
        labels = labels[:-1]
    if not labels:
        return None
    label = labels[-1]
    if label.startswith("xn--"):
        with suppress(UnicodeError):
            label = label.encode().decode("idna")
    return " ".join(word.capitalize() for word in label.replace("_", "-").split("-") if word) or None


def _source(settings: Settings) -> str | None:
    """The source of a team's list that means a mail; any may be given where there is no list."""
    if not settings.sources:
        return "email"
    plain = {each.casefold().replace("-", ""): each for each in settings.sources}
    return next((plain[name] for name in _EMAIL_SOURCES if name in plain), None)


def _summary(mails: Sequence[Activity]) -> str:
    if len(mails) > 1:
        return f"{len(mails)} mails"
    (mail,) = mails
    return " ".join(part for part in ("mail", mail.direction, f'"{mail.subject}"') if part)
