"""The words of a quotation's mail: by templates that may say anything, and do nothing."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from email.headerregistry import Address

import pytest

from pipecli.errors import PipecliError
from pipecli.outbox import mail
from pipecli.outbox.mail import MailTemplate, filled_mail, own_template, template_names
from pipecli.outbox.printed_papers import Addressee, printed_quotation
from pipecli.outbox.template_sandbox import filled_in
from pipecli.records.items_and_totals import Item
from pipecli.records.papers import Quotation
from pipecli.records.settings import Company

pytestmark = pytest.mark.usefixtures("warm_calls")

ANA = Address("Ana Ruiz", addr_spec="ana@contoso.example")


def printed(language="en"):
    quotation = Quotation(
        id="QTN-A1111",
        created=datetime.fromisoformat("2026-11-10T09:00:00+01:00"),
        opportunity="OPP-2Q8XA",
        date=date(2026, 11, 10),
        valid_until=date(2026, 12, 5),
        status="sent",
        language=language,
        currency="EUR",
        items=(Item(description="Café", quantity=Decimal(2), unit_price=Decimal("2499.00")),),
        custom={"floor": 3},
    )
    return printed_quotation(quotation, Company(name="Contoso"), Addressee("Contoso Coffee"))


def say(text, name="templates/quotation-mail.txt"):
    return filled_mail(MailTemplate(name, text), printed(), contact="María", sender=ANA)


@pytest.mark.parametrize(
    ("language", "greeting", "validity"),
    [
        ("en", "Dear María,", "valid until 5 December 2026"),
        ("es-MX", "Hola, María:", "válido hasta el 5 de diciembre de 2026"),
        ("fa", "María گرامی،", "۲۰۲۶"),
    ],
)
def test_the_mail_speaks_the_customers_language(language, greeting, validity):
    words = filled_mail(own_template("quotation", language), printed(language), contact="María", sender=ANA)

    assert words.body.startswith(greeting)
    assert validity in words.body
    assert words.body.rstrip().endswith("Ana Ruiz\nContoso")
    assert "QTN-A1111" in words.subject


def test_the_nearest_template_comes_first():
    assert template_names("quotation", "es-MX") == [
        "quotation-mail.es-MX.txt", "quotation-mail.es.txt", "quotation-mail.txt",
    ]  # fmt: skip
    assert template_names("quotation", None) == ["quotation-mail.txt"]


def test_a_template_has_the_quotation_as_the_pdf_has_it():
    words = say("Subject: {{ doc.title }}\n\n{% for item in doc.items %}{{ item.description }}{% endfor %}, "
                "{{ doc.custom.floor }}, {{ sender.email }}\n")  # fmt: skip

    assert words == ("Quotation", "Café, 3, ana@contoso.example\n")


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("Subject: x\n\n{{ nobody }}", 3, "'nobody' is undefined"),
        ("Subject: x\n{% if %}\n", 2, "Expected an expression"),
        ("Subject: x\n\n{{ ''.__class__.__mro__ }}", 3, "access to attribute '__class__'"),
        ("Subject: x\n\n{% include 'pipecli.yaml' %}", 3, "pipecli.yaml"),
        ("Subject: x\n\n{{ doc.items.append(1) }}", 3, "append"),
        ("Subject: x\n\n{{ 1 / 0 }}", 3, "division by zero"),
    ],
)
def test_a_template_can_do_no_harm_and_its_faults_have_a_line(text, line, reason):
    answer = filled_in(text, {"doc": {"items": []}})

    assert answer["line"] == line
    assert reason in answer["error"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Subject: x\n\n{{ nobody }}", ":3: 'nobody' is undefined"),
        ("Hello\n", ": it needs a line with the subject, and then a text"),
        ("Subject: x\n\n{{ 'x' * 200000 }}", " makes a mail of 200,"),
        ("Subject: x\n\n{{ 'x' * 2000000000 }}", " takes more than 256 MB of memory"),
    ],
)
def test_a_template_at_fault_is_named(text, reason):
    with pytest.raises(PipecliError) as refusal:
        say(text)

    assert str(refusal.value).startswith(f"templates/quotation-mail.txt{reason}")


def test_a_template_without_an_end_is_ended(cold_calls, monkeypatch):
    monkeypatch.setattr(mail, "SECONDS", 0.3)
    loop = "{% for i in range(99999) %}" * 3 + "{% endfor %}" * 3

    with pytest.raises(PipecliError, match=r"takes more than 0\.3 seconds"):
        say(f"Subject: x\n\n{loop}x")


def test_a_subject_is_one_line():
    assert say("Subject: {{ 'a\\r\\nBcc: b' }}\n\nx").subject == "a"
