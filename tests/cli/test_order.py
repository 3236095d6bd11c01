"""`order`: made from an accepted quotation, once; delivered or cancelled."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pipecli.json_and_csv import loads
from tests.records_given import OPP

pytestmark = pytest.mark.usefixtures("shop")

QTN = "QTN-A1111"
FILE = "quotations/2026/QTN-A1111-contoso-coffee.yaml"
ACCEPTED = """\
id: QTN-A1111
created: 2026-11-10T09:00:00+01:00
opportunity: OPP-2Q8XA
date: 2026-11-10
valid_until: 2026-12-21
status: accepted
customer: contoso-coffee
contact: maria-lopez
language: es
currency: EUR
price_list: retail-eur
items:
- product: cafe-s-100
  description: Café S-100
  quantity: 2
  unit_price: 2499.00
  discount: 10
  tax: 21
terms: Net 30
notes: between us
"""


@pytest.fixture
def accepted(given):
    given({FILE: ACCEPTED})


@pytest.fixture
def order(cli, accepted, once):
    def build():
        return cli("order", "new", QTN, "--format", "ids").id

    return once(build)


def shown(cli, key):
    return loads(cli("order", "show", key, "--format", "json").out)


def test_an_order_is_the_copy_of_its_quotation(cli, accepted, git):
    made = loads(cli("order", "new", QTN, "--format", "json").out)

    quotation = loads(cli("quote", "show", QTN, "--format", "json").out)
    for key in (
        "opportunity",
        "customer",
        "contact",
        "language",
        "currency",
        "price_list",
        "items",
        "terms",
        "notes",
    ):
        assert made[key] == quotation[key]
    assert (made["quotation"], made["date"], made["status"]) == (QTN, "2026-11-21", "open")
    assert git("log", "-1", "--format=%s") == f"{made['id']}: order from {QTN}"


def test_show_and_list_have_totals_tax_and_margin(cli, order):
    made = shown(cli, order)
    assert made["amount"] == Decimal("4498.20")
    assert made["tax_by_rate"] == {"21": Decimal("944.62")}
    assert made["total"] == Decimal("5442.82")
    assert made["margin"] == Decimal("1498.20")

    assert loads(cli("order", "list", "--format", "json").out) == [made]
    assert "4,498.20   5,442.82" in cli("order", "list").out
    assert "5,442.82  1,498.20\n" in cli("order", "list", "--columns", "total,margin").out
    assert "margin    1,498.20 EUR (33.3 %)\n" in cli("order", "show", order).out


def test_ordering_twice_is_refused(refused, order):
    assert refused("order", "new", QTN) == (
        f"error: {QTN} was ordered already, with {order}; see it with: pipecli order show {order}"
    )


def test_after_a_cancelled_order_it_can_be_ordered_again(cli, order):
    cli("order", "cancel", order)

    again = cli("order", "new", QTN, "--format", "ids").id

    assert again != order


def test_winning_does_not_order_again(cli, order):
    cli("opp", "won", OPP)

    assert cli("order", "list", "--format", "ids").out == f"{order}\n"


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        ("draft", f"{QTN} is a draft, it can't be ordered; send it first: pipecli quote send {QTN}"),
        ("sent", f"{QTN} is not accepted yet; accept it first: pipecli quote accept {QTN}"),
        (
            "rejected",
            f"{QTN} is rejected, it can't be ordered; make the next one: pipecli quote revise {QTN}",
        ),
        ("superseded", f"{QTN} is superseded, it can't be ordered; make a new one: pipecli quote new {OPP}"),
    ],
)
def test_only_an_accepted_quotation_is_ordered(refused, given, status, fault):
    given({FILE: ACCEPTED.replace("status: accepted", f"status: {status}")})

    assert refused("order", "new", QTN) == f"error: {fault}"


def test_an_order_needs_a_customer(refused, root, given):
    deal = root / "opportunities/2026/OPP-2Q8XA-espresso-machines.yaml"
    given(
        {
            "leads/2026/LEAD-7K3M9-ana.yaml": "id: LEAD-7K3M9\n"
            "created: 2026-11-01T10:00:00+01:00\nname: Ana\n",
            "opportunities/2026/OPP-2Q8XA-espresso-machines.yaml": deal.read_text().replace(
                "customer: contoso-coffee", "lead: LEAD-7K3M9"
            ),
            FILE: ACCEPTED.replace("customer: contoso-coffee", "lead: LEAD-7K3M9"),
        }
    )

    assert "was quoted to a lead, and an order needs a customer" in refused("order", "new", QTN)


def test_an_order_is_delivered_on_a_day(cli, order):
    cli("order", "deliver", order)
    assert (shown(cli, order)["status"], shown(cli, order)["delivered"]) == ("delivered", "2026-11-21")


def test_a_delivery_may_be_noted_later(cli, order):
    made = loads(
        cli(
            "--today", "2026-12-05", "order", "deliver", order, "--date", "2026-12-01", "--format", "json"
        ).out
    )

    assert made["delivered"] == "2026-12-01"


@pytest.mark.parametrize(
    ("day", "fault"),
    [
        ("tomorrow", "2026-11-22 is in the future"),
        ("2026-11-20", "is of 2026-11-21, it can't be delivered on 2026-11-20"),
        ("soon", '"soon" isn\'t a date'),
    ],
)
def test_a_day_on_which_nothing_was_delivered(refused, order, day, fault):
    assert fault in refused("order", "deliver", order, "--date", day)


def test_an_order_is_cancelled_with_its_reason(cli, order):
    made = loads(cli("order", "cancel", order, "--reason", "Shop closed", "--format", "json").out)

    assert (made["status"], made["reason"]) == ("cancelled", "Shop closed")


@pytest.mark.parametrize(
    ("first", "verb", "fault"),
    [
        (
            "deliver",
            "deliver",
            "is delivered already, on 2026-11-21; correct the day with: pipecli order set",
        ),
        ("deliver", "cancel", "was delivered on 2026-11-21, it can't be cancelled; "),
        ("cancel", "cancel", "is cancelled already; see why: pipecli order show"),
        ("cancel", "deliver", f"is cancelled, it can't be delivered; order again: pipecli order new {QTN}"),
    ],
)
def test_an_order_has_one_end(cli, refused, order, first, verb, fault):
    cli("order", first, order)

    assert fault in refused("order", verb, order)


def test_set_changes_any_field_but_the_status(cli, refused, order):
    cli("order", "set", order, "notes=ring the bell", "tags=fragile")
    assert shown(cli, order)["tags"] == ["fragile"]

    assert refused("order", "set", order, "status=delivered") == (
        f"error: the status of {order} follows from what happens to it; "
        "use pipecli order deliver or cancel; what was recorded by mistake: pipecli undo COMMIT"
    )


def test_reverting_each_commit_of_an_order_leaves_a_valid_pipeline(cli, git, order):
    cli("order", "deliver", order)

    git("revert", "--no-edit", "HEAD")
    assert shown(cli, order)["status"] == "open"
    git("revert", "--no-edit", "HEAD~2")
    assert cli("order", "list", "--format", "ids").out == ""
