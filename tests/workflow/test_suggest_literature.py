"""Which documents a deal is offered, and in what order."""

from __future__ import annotations

import pytest

from pipecli.records.catalogue import Literature
from pipecli.records.opportunity import Opportunity
from pipecli.workflow.catalogue import record_literature_sent, suggest_literature

DEAL = {
    "id": "OPP-2Q8XA",
    "created": "2026-11-02T10:00:00+01:00",
    "title": "Machines",
    "process": "standard",
    "stage": "demo",
    "currency": "EUR",
    "items": [
        {"product": "cafe", "description": "Café", "unit_price": 1},
        {"product": "cup", "description": "Cup", "unit_price": 1},
        {"description": "Delivery", "unit_price": 1},
    ],
}
SENT = {
    "id": "ABCDE",
    "type": "email",
    "at": "2026-11-03T10:00:00+01:00",
    "subject": "Sent it",
    "direction": "out",
    "done": True,
    "literature": "both",
}


def document(id_: str, **fields: object) -> Literature:
    return Literature.model_validate({"id": id_, "title": id_, "url": "https://x.example", **fields})


@pytest.fixture
def offered():
    """The ids of what a deal with these changes is offered."""

    def ids(*documents: Literature, **changed: object) -> list[str]:
        deal = Opportunity.model_validate(DEAL | changed)
        return [each.document.id for each in suggest_literature(deal, documents)]

    return ids


BOTH = document("both", products=["cafe"], stages=["demo"])
TWO = document("two", products=["cafe", "cup"])
PRODUCT = document("product", products=["cup"], stages=["commit"])
STAGE = document("stage", stages=["demo", "offer"])
ANY = document("any")


def test_the_closest_fit_comes_first(offered):
    assert offered(ANY, STAGE, PRODUCT, TWO, BOTH) == ["both", "two", "product", "stage", "any"]


def test_what_was_sent_comes_last(offered):
    assert offered(BOTH, ANY, activities=[SENT]) == ["any", "both"]


def test_what_is_only_planned_was_not_sent(offered):
    assert offered(BOTH, ANY, activities=[SENT | {"done": False}]) == ["both", "any"]


def test_what_is_about_other_products_or_stages_is_not_offered(offered):
    other = document("other", products=["mug"], stages=["demo"])
    later = document("later", stages=["commit"])
    assert offered(other, later, ANY) == ["any"]


def test_a_deal_without_items_is_offered_what_its_stage_needs(offered):
    assert offered(BOTH, STAGE, ANY, items=[]) == ["stage", "any"]


def test_what_is_sent_goes_to_the_primary_contact_else_to_the_one_named() -> None:
    contacts = [{"contact": "luis"}, {"contact": "ana", "primary": True}]
    deal = Opportunity.model_validate(DEAL | {"contacts": contacts})
    leaflet = Literature.model_validate({"id": "leaflet", "title": "Leaflet", "url": "https://x.example"})
    for named, to in ((None, "ana"), ("luis", "luis")):
        change = record_literature_sent(deal, leaflet, deal.created, activity_id="ABCDE", contact=named)
        assert change.record.activities[-1].contact == to
    assert (
        record_literature_sent(deal.with_(contacts=()), leaflet, deal.created, activity_id="ABCDE")
        .record.activities[-1]
        .contact
        is None
    )
