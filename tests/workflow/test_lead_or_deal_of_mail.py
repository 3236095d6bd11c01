"""Where a mail belongs by its people, the lead that a stranger's makes, and the id of its activity."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pipecli.records.activity import Activity
from pipecli.records.settings import Settings
from pipecli.workflow.lead_or_deal_of_mail import (
    Facts,
    Known,
    KnownPerson,
    LeadOrDeal,
    Placed,
    id_of_mail,
    lead_of_mail,
    organization_of,
    record_of_mail,
)


@pytest.mark.parametrize(
    ("email", "organization"),
    [
        ("maria@contoso-coffee.example", "Contoso Coffee"),
        ("maria@mail.contoso.co.uk", "Contoso"),
        ("maria@co.uk", "Co"),
        ("maria@gmail.com", None),
        ("maria@yahoo.co.uk", None),
        ("maria@xn--caf-dma.example", "Café"),
        ("maria@xn--999999999.example", "Xn 999999999"),
        ("maria@localhost", None),
        ("maria", None),
    ],
)
def test_an_organisation_is_called_as_its_domain(email, organization):
    assert organization_of(email) == organization


def test_the_same_mail_has_the_same_id_while_it_is_free():
    first = id_of_mail("<1@coffee.example>", lambda _: False)
    second = id_of_mail("<1@coffee.example>", {first}.__contains__)

    assert id_of_mail("<1@coffee.example>", lambda _: False) == first != second
    assert id_of_mail("<1@coffee.example>", {first}.__contains__) == second


AT = datetime(2026, 11, 21, 9, tzinfo=UTC)
ANA = "ana@x.example"


def placed(people: list[KnownPerson] = [], at: datetime = AT, **known: dict[str, list[LeadOrDeal]]) -> Placed:  # noqa: B006
    """Where a mail of Ana's to us belongs."""
    facts = Facts([ANA], ["us@contoso.example"], [], [], at)
    return record_of_mail(facts, Known(ours={"us@contoso.example": "ben"}, people={ANA: people}, **known))


def test_a_mail_is_with_the_contact_who_has_a_part_in_the_deal():
    deal = LeadOrDeal("opportunity", "OPP-2Q8XA", AT)
    people = [KnownPerson("Ana", None, "x"), KnownPerson("Ana", "ana", "y"), KnownPerson("Ana", "ana-2", "x")]
    assert placed(people, deals_of_contact={"ana-2": [deal]}) == placed(
        people[2:], deals_of_contact={"ana-2": [deal]}
    )
    assert placed(people[:1], deals_of_customer={"x": [deal]}).contact is None
    assert placed(people).why == "Ana has no open deal"


def test_a_mail_of_a_lead_is_not_older_than_a_quarter():
    leads = [LeadOrDeal("lead", "LEAD-7K3M9", AT), LeadOrDeal("lead", "LEAD-8K4N2", AT)]
    assert placed(leads={ANA: leads}).why == "2 leads"
    given_up = LeadOrDeal("lead", "LEAD-7K3M9", AT, is_open=False)
    assert placed(leads={ANA: [given_up]}).why == f"{ANA} has no open deal"
    quarter = timedelta(days=90)
    assert placed(at=AT - quarter, leads={ANA: leads[:1]}).on == leads[0]
    late = placed(at=AT - quarter - timedelta(seconds=1), leads={ANA: leads[:1]})
    assert (late.on, late.why) == (None, "more than 90 days older than LEAD-7K3M9")


def test_a_stranger_who_gives_no_name_is_called_by_their_organisation_or_their_address():
    processes = {"standard": {"stages": [{"id": "demo", "probability": 10}]}}
    settings = Settings.model_validate({"company": {"name": "Contoso"}, "processes": processes})
    mail = Activity.model_validate(
        {"id": "4F2QX", "type": "email", "at": AT, "subject": "Hello", "done": True}
    )

    def lead(email: str) -> tuple[str | None, str | None]:
        change = lead_of_mail(
            "LEAD-7K3M9", mail, settings, created=AT, name="", email=email, organization=None
        )
        return change.record.name, change.record.organization

    assert lead(ANA) == (None, "X")
    assert lead("ana@gmail.com") == ("ana@gmail.com", None)


def test_an_answer_is_with_the_open_deal_of_its_thread_else_with_a_deal_else_with_a_lead():
    lead, over, deal = (
        LeadOrDeal("lead", "LEAD-7K3M9", AT),
        LeadOrDeal("opportunity", "OPP-2Q8XA", AT, is_open=False),
        LeadOrDeal("opportunity", "OPP-7K3M9", AT),
    )
    mail = Facts([ANA], ["us@contoso.example"], [], ["<2@x.example>", "<1@x.example>"], AT)
    for records, on in (([lead, over, deal], deal), ([lead, over], over), ([lead], lead)):
        known = Known(ours={"us@contoso.example": "ben"}, threads={"<1@x.example>": records})
        assert record_of_mail(mail, known).on == on


def test_with_somebody_whom_we_know_among_the_others_a_mail_is_with_them_unless_a_supplier_wrote_it():
    deal, us = LeadOrDeal("opportunity", "OPP-2Q8XA", AT), "us@contoso.example"
    known = Known(
        ours={us: "ben"},
        people={ANA: [KnownPerson("Ana", "ana", "x")]},
        deals_of_contact={"ana": [deal]},
        suppliers={"mill@y.example": "acme"},
    )

    def written(sender: str, to: str) -> Placed:
        return record_of_mail(Facts([sender], [to], [ANA], [], AT), known)

    assert written("new@z.example", us).on == deal
    assert written("new@z.example", "list@z.example").is_stranger
    from_supplier = written("mill@y.example", us)
    assert (from_supplier.on, from_supplier.why) == (None, "with the supplier acme")
