"""The mails that one of us forwarded: attached as they were, or quoted with their From, Date and Subject.

A quoted one is read only where the mail says that it forwards, by its subject (`Fwd:`, `WG:`) or by the line
above it: an answer quotes as well, and is its writer's. Its Message-ID is lost; `quoted_id` stands for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from email.message import Message
from hashlib import sha256

from pipecli.inbox.mail import message as body
from pipecli.inbox.mail.mailbox_files import LeftOut, RawMessage
from pipecli.inbox.mail.message import Mail, Moment, header_time, mail_of, people_in
from pipecli.records.compare_names import folded
from pipecli.records.emails_and_phones import email_key

_SUBJECT = re.compile(
    r"\s*(?:\[[^\]]*\]\s*)?(?:fw|fwd|wg|tr|rv|enc|vs|vb|vl|vid|i|inoltro|doorst|pd|mdr|fvt)\s*:",
    re.IGNORECASE,
)
_MARK = re.compile(
    r"^[\s>]*(?:-{2,}\s*)?(?:begin )?(?:forwarded message|forwarded by|weitergeleitete nachricht|"
    r"message transfere|mensaje reenviado|inizio messaggio inoltrato|messaggio inoltrato|"
    r"mensagem encaminhada|doorgestuurd bericht|videresendt (?:melding|besked)|"
    r"vidarebefordrat (?:mejl|meddelande))"
)
_MAY_MARK = re.compile(
    rb"forwarded|weitergeleitet|transf|reenviado|inoltrato|encaminhada|doorgestuurd|videresendt|"
    rb"vidarebefordra|base64",
    re.IGNORECASE,
)
_LABELS = {
    "from": "from von de da fra fran van od lahettaja expediteur",
    "date": "date sent datum gesendet fecha enviado envoye data inviato sendt dato skickat verzonden wyslano",
    "to": "to an para a til till aan do",
    "cc": "cc kopie copie copia kopi",
    "subject": "subject betreff asunto objet oggetto assunto emne amne onderwerp temat",
}
_FIELD_OF = {word: field for field, words in _LABELS.items() for word in words.split()}
_FIELD = re.compile(r"^[\s>]*\**([^\W\d_]+(?: el| le)?)\s*:\**\s*(.*)$")
_MONTHS = {
    prefix: number
    for number, prefixes in enumerate(
        "jan ene gen sty|feb fev lut|mar mrz maa mae|apr avr abr kwi|may mai maj mag mei|jun juin giu cze|"
        "jul juil lug lip|aug aou ago sie|sep set wrz|oct okt ott out paz|nov lis|dec dez dic des gru".split(
            "|"
        ),
        1,
    )
    for prefix in prefixes.split()
}
_MOST = 20
"""Mails that are taken out of one."""


def forwarded_mails(raw_message: RawMessage, mail: Mail, *, bodies: bool) -> tuple[Mail, ...]:
    """The mails that a mail forwards, the attached ones, else the quoted one; none for any other mail."""
    if b"message/rfc822" not in raw_message.header + raw_message.body and not _may_quote(raw_message, mail):
        return ()
    try:
        message = body.parsed(raw_message)
        attached = [_whole(part, raw_message, bodies) for part in _attached(message)]
    except body.BROKEN:
        return ()
    whole = tuple(inner for inner in attached[:_MOST] if inner is not None)
    return whole or tuple(_quoted(body.mail_text(raw_message), mail, _zone(message), bodies))


def _may_quote(raw_message: RawMessage, mail: Mail) -> bool:
    if _SUBJECT.match(mail.subject):
        return True
    if not _MAY_MARK.search(raw_message.header + raw_message.body):  # to parse every mail takes too long
        return False
    return any(_MARK.match(folded(line)) for line in body.mail_text(raw_message).splitlines())


def _attached(message: Message) -> Iterator[Message]:
    """The mails in the parts of a mail, not those in these."""
    if message.get_content_type() == "message/rfc822":
        inner = message.get_payload()
        if isinstance(inner, list):
            yield from (part for part in inner[:1] if isinstance(part, Message))
    elif message.is_multipart():
        for part in message.get_payload():
            if isinstance(part, Message):
                yield from _attached(part)


def _whole(part: Message, outer: RawMessage, bodies: bool) -> Mail | None:
    header, _, content = part.as_bytes().replace(b"\r\n", b"\n").partition(b"\n\n")
    named = re.search(rb"^message-id\s*:\s*(<[!-;=?-~]{1,490}>)", header, re.IGNORECASE | re.MULTILINE)
    digest = sha256(header + content).hexdigest()[:40]
    inner = outer._replace(
        header=header + b"\n",
        body=content[: body.READ],
        message_id=named[1].decode() if named else f"<{digest}@content.pipecli>",
        envelope=b"",
    )
    mail = mail_of(inner)
    if isinstance(mail, LeftOut):
        return None
    return mail._replace(text=body.mail_text(inner)) if bodies else mail


def _quoted(text: str, outer: Mail, zone: timezone, bodies: bool) -> Iterator[Mail]:
    """The mail whose From and Subject stand above the text; its time is in the forwarder's timezone."""
    lines = text.splitlines()
    for start, line in enumerate(lines):
        if _field(line)[0] == "from":
            fields, end = _block(lines, start)
            sender = people_in(fields["from"])
            if sender and "subject" in fields:
                break
    else:
        return
    at = quoted_time(fields.get("date", ""), zone)
    subject = fields["subject"] or "(no subject)"
    yield outer._replace(
        message_id=quoted_id(sender[0].email, at, subject) if at else _id(outer.message_id),
        sender=sender[:1],
        to=people_in(fields.get("to", "")) or outer.sender[:1],
        copied=people_in(fields.get("cc", "")),
        subject=subject,
        moments=(Moment(at, "Date"),)
        if at
        else tuple(moment._replace(source="its forwarding") for moment in outer.moments),
        is_automatic=False,
        text="\n".join(line.removeprefix(">").strip() for line in lines[end:]).strip() if bodies else "",
    )


def _zone(message: Message) -> timezone:
    """The timezone of who forwards, by the Date of the mail; else UTC."""
    at = header_time(str(message["date"]))
    return timezone(at.utcoffset() or timedelta()) if at else UTC


_QUOTED = "@forwarded.pipecli>"


def quoted_id(sender: str, at: datetime, subject: str) -> str:
    """The Message-ID of a quoted mail: all who forward one mail give it the same, whatever they add."""
    minute = at.astimezone(UTC).isoformat(timespec="minutes")
    return _id(f"{email_key(sender) or sender} {minute} {subject}")


def _id(text: str) -> str:
    return f"<{sha256(text.encode()).hexdigest()[:40]}{_QUOTED}"


def is_quoted(mail: Mail) -> bool:
    """True for a mail that was quoted in another, and has no Message-ID of its own."""
    return mail.message_id.endswith(_QUOTED)


def _field(line: str) -> tuple[str, str]:
    """The field that a line of a quoted header is, in any language, and its value; else empty texts."""
    match = _FIELD.match(line)
    if not match:
        return "", ""
    word = folded(match[1]).split()[0]
    return _FIELD_OF.get(word, ""), match[2].strip().strip("*").strip()


def _block(lines: list[str], start: int) -> tuple[dict[str, str], int]:
    """The fields of a quoted header from its first line on, and the line after it."""
    fields: dict[str, str] = {}
    last = ""
    for number in range(start, min(start + 12, len(lines))):
        name, value = _field(lines[number])
        if name and name not in fields:
            fields[name], last = value, name
        elif not lines[number].strip(" >"):
            if "subject" in fields:
                return fields, number + 1
        elif last in ("to", "cc"):  # a list of people that goes on
            fields[last] += f" {lines[number].strip(' >')}"
        else:
            return fields, number
    return fields, min(start + 12, len(lines))


def quoted_time(text: str, zone: timezone) -> datetime | None:
    """The time of a quoted Date or Sent line, in the languages of its labels; None where it can't be told.

    `Mon, Nov 16, 2026 at 10:00 AM`, `lunes, 16 de noviembre de 2026 10:00`, `16.11.2026 10:00`. Without an
    offset it is in `zone`. 3/4/2026 could be two days, and is none.
    """
    plain = folded(text)
    if re.search(r"\d [+-]\d{4}\b", plain) and (at := header_time(text)):  # as mails themselves have it
        return at
    clock = re.search(
        r"\b(\d{1,2})[:.h](\d{2})(?:[:.](\d{2}))?(?:\s*([ap])\.?\s?m\b)?(?!\.?\d{2,4}\b)", plain
    )
    day = _day(
        plain[: clock.start()] + " " + plain[clock.end() :] if clock else plain, bool(clock and clock[4])
    )
    if day is None or clock is None:
        return None
    hour = int(clock[1])
    if clock[4]:
        hour = hour % 12 + 12 * (clock[4] == "p")
    offset = re.search(r"(?:gmt|utc|\s)\s*([+-])(\d{1,2}):?(\d{2})?\b", plain[clock.end() :])
    if offset:
        minutes = int(offset[2]) * 60 + int(offset[3] or 0)
        zone = timezone(timedelta(minutes=minutes if offset[1] == "+" else -minutes))
    elif re.search(r"\b(?:gmt|utc|z)\b", plain[clock.end() :]):
        zone = UTC
    try:
        return datetime(*day, hour, int(clock[2]), int(clock[3] or 0), tzinfo=zone)
    except ValueError:
        return None


def _day(text: str, is_american: bool) -> tuple[int, int, int] | None:
    if match := re.search(r"\b(\d{4})-(\d{1,2})-(\d{1,2})\b", text):
        return int(match[1]), int(match[2]), int(match[3])
    if match := re.search(r"\b(\d{1,2})([./-])(\d{1,2})\2(\d{4})\b", text):
        first, second, year = int(match[1]), int(match[3]), int(match[4])
        if match[2] == "." or first > 12 or first == second:
            return year, second, first
        return (year, first, second) if second > 12 or is_american else None
    four = re.search(r"\b(\d{4})\b", text)
    words = re.findall(r"[^\W\d_]{3,}", text)
    # Days whose names begin as a month's; `mar` is March only where no other month stands.
    weekdays = ("martes", "mardi", "maandag", "martedi", "mar")
    named = [word for word in words if word not in weekdays] + ["mar"] * ("mar" in words)
    months = [_MONTHS[word[:3]] for word in named if word[:3] in _MONTHS]
    day = re.search(r"(?<!\d)(\d{1,2})(?!\d)", text)
    return (int(four[1]), months[0], int(day[1])) if four and months and day else None
