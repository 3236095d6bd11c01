"""The mail that carries a quotation: text by a template in the customer's language, the PDF attached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from secrets import token_hex
from typing import Any, NamedTuple

from pipecli.errors import PipecliError
from pipecli.outbox.document_words import words_of
from pipecli.outbox.documents import Printed
from pipecli.outbox.worker import run_worker
from pipecli.wording import one_line

SECONDS = 5
MEMORY = 256 << 20
_LONGEST = 100_000
_OWN = Path(__file__).parent / "templates" / "mail"
_SUBJECT = "Subject:"


class Words(NamedTuple):
    subject: str
    body: str


class Template(NamedTuple):
    name: str
    """Its file in the pipeline, as errors name it."""
    text: str


def template_names(language: str | None) -> list[str]:
    """The files in `templates/` that a pipeline may have for a language tag, the nearest first."""
    base = (language or "").partition("-")[0]
    tags = dict.fromkeys(tag for tag in (language, base) if tag)
    return [*(f"quotation-mail.{tag}.txt" for tag in tags), "quotation-mail.txt"]


def own_template(language: str | None) -> Template:
    """The one that comes with pipecli, in the nearest language it has."""
    file = _OWN / f"quotation.{words_of(language).language}.txt"
    return Template(file.name, file.read_text(encoding="utf-8"))


def written(template: Template, printed: Printed, *, contact: str, sender: Address) -> Words:
    """The text of a template, filled in. Raises PipecliError with file and line of a faulty template."""
    values = {
        "doc": asdict(printed),
        "contact": contact,
        "sender": {"name": sender.display_name, "email": sender.addr_spec},
    }
    text = _filled_in(template, values).strip()
    first, _, body = text.partition("\n")
    if not first.startswith(_SUBJECT) or not first.removeprefix(_SUBJECT).strip() or not body.strip():
        raise PipecliError(
            f"{template.name}: a line with the subject and then a text are wanted",
            hint=f"begin it with `{_SUBJECT} …` and a blank line",
        )
    if len(text) > _LONGEST:
        raise PipecliError(f"{template.name} makes a mail of {len(text):,} characters", hint="shorten it")
    return Words(one_line(first.removeprefix(_SUBJECT)), f"{body.strip()}\n")


def _filled_in(template: Template, values: dict[str, Any]) -> str:
    request = {"template": template.text, "values": values}
    answer, _ = run_worker("mail", request, template.name, memory=MEMORY, seconds=SECONDS)
    if "error" in answer:
        place = f"{template.name}:{answer['line']}" if answer["line"] else template.name
        raise PipecliError(f"{place}: {one_line(answer['error'])}")
    return str(answer["text"])


def message_of(
    words: Words,
    *,
    sender: Address,
    to: Sequence[Address],
    copied: Sequence[Address],
    at: datetime,
    name: str,
    pdf: bytes,
) -> EmailMessage:
    """The message, with a Message-ID of its own and the PDF attached as `name`.pdf."""
    # Some servers still take letters of seven bits only.
    message = EmailMessage(SMTP.clone(cte_type="7bit"))
    message["From"] = sender
    message["To"] = tuple(to)
    if copied:
        message["Cc"] = tuple(copied)
    message["Subject"] = words.subject
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{name.lower()}.{token_hex(10)}@{sender.domain}>"  # short: some fold it badly
    message.set_content(words.body)
    message.add_attachment(pdf, maintype="application", subtype="pdf", filename=f"{name}.pdf")
    return message
