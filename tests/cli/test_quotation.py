"""`quotation new`: header and items are copied; what show and list say of them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pipecli.json_and_csv import loads
from tests.records_given import DEAL, OPP, quotation_file

pytestmark = pytest.mark.usefixtures("shop")


def shown(cli, key):
    return loads(cli("quote", "show", key, "--format", "json").out)


def test_a_quotation_copies_header_and_items(cli, root, git):
    key = cli("quote", "new", OPP, "-m", "He asked on the phone").out.strip()

    assert (
        quotation_file(root, key).read_text()
        == f"""\
# yaml-language-server: $schema=../../../schemas/quotation.schema.json
id: {key}
created: {shown(cli, key)["created"]}
opportunity: OPP-2Q8XA
date: 2026-11-21
valid_until: 2026-12-21
status: draft
customer: contoso-coffee
contact: maria-lopez
language: es
currency: EUR
price_list: retail-eur
items:
- product: cafe-s-100
  description: Café S-100
  quantity: 2
  uom: unit
  unit_price: 2499.00
  discount: 10
  tax: 21
- product: grinder
  description: Grinder
  quantity: 3
  unit_price: 199.00
  tax: 10
"""
    )
    message = git("log", "-1", "--format=%B")
    assert message.startswith(f"{key}: quote Espresso machines\n\nHe asked on the phone\n")
    assert f"Pipecli-Record: {key}" in message
    assert quotation_file(root, key).name == f"{key}-contoso-coffee.yaml"


def test_later_changes_of_the_deal_do_not_touch_the_copy(cli, root, draft):
    before = quotation_file(root, draft).read_text()

    cli("opp", "set", OPP, "items.1.unit_price=1.00", "currency=USD", "price_list=")

    assert quotation_file(root, draft).read_text() == before


def test_options_and_set_say_what_the_deal_does_not(cli):
    said = cli(
        "quote", "new", OPP, "--valid-until", "+10d", "--language", "pt-BR", "--terms", "Net 30",
        "--notes", "for us", "--set", "items.2.discount=5", "--set", "tags=vip", "--format", "json",
    )  # fmt: skip

    made = loads(said.out)
    assert made["valid_until"] == "2026-12-01"
    assert (made["language"], made["terms"], made["notes"]) == ("pt-BR", "Net 30", "for us")
    assert made["items"][1]["discount"] == 5
    assert made["tags"] == ["vip"]


def test_terms_and_days_of_validity_are_the_settings(cli, root, git):
    settings = root / "pipecli.yaml"
    settings.write_text(
        settings.read_text()
        .replace("valid_days: 30", "valid_days: 14")
        .replace("# terms: Payment within 30 days.", "terms: Payment within 30 days.")
    )
    git("commit", "-qam", "terms")

    made = loads(cli("quote", "new", OPP, "--format", "json").out)

    assert made["valid_until"] == "2026-12-05"
    assert made["terms"] == "Payment within 30 days."


def test_a_deal_of_a_lead_is_quoted_to_the_lead(cli, root, given):
    deal = (root / DEAL).read_text().replace("customer: contoso-coffee", "lead: LEAD-7K3M9")
    given(
        {
            "leads/2026/LEAD-7K3M9-farsi.yaml": "id: LEAD-7K3M9\ncreated: 2026-11-01T10:00:00+01:00\n"
            "name: فروشگاه\nlanguage: fa\n",
            DEAL: deal,
        }
    )

    made = loads(cli("quote", "new", OPP, "--format", "json").out)

    assert made["lead"] == "LEAD-7K3M9"
    assert "customer" not in made
    assert made["language"] == "fa"


def test_a_deal_without_items_is_not_quoted(refused, root, given):
    text = (root / DEAL).read_text()
    given({DEAL: text[: text.index("items:")]})

    assert refused("quote", "new", OPP) == (
        "error: OPP-2Q8XA has no items to quote; add some: "
        "pipecli opp item add OPP-2Q8XA --product SKU --quantity N"
    )


def test_a_closed_deal_is_not_quoted(refused, root, given):
    text = (root / DEAL).read_text().replace("status: open", "status: lost")
    given({DEAL: text + "closed:\n  date: 2026-11-20\n  reason: price\n"})

    assert "OPP-2Q8XA is lost; reopen it first: pipecli opp reopen OPP-2Q8XA" in refused("quote", "new", OPP)


def test_a_deal_of_nobody_is_not_quoted(refused, root, given):
    given({DEAL: (root / DEAL).read_text().replace("customer: contoso-coffee\n", "")})

    assert "neither a customer nor a lead" in refused("quote", "new", OPP)


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (["--valid-until", "2026-11-20"], "before its date 2026-11-21"),
        (["--valid-until", "someday"], "isn't a date"),
        (["--set", "status=sent"], "use pipecli quote send, accept, reject or revise"),
        (["--set", "revision_of=QTN-00000"], "stays with its deal"),
        (["--set", "items.1.quantity=-1"], "items.1.quantity"),
        (["--set", "colour=red"], "quotation has no field colour"),
        (["--contact", "nobody"], 'no contact matches "nobody"'),
        (["--language", "Spanish!"], 'error: language: "Spanish!" isn\'t a language'),
        (["--notes", ""], "error: notes: "),
        (["--markup", "20"], "name it: --from-supplier-quote SQ"),
        (
            ["--from-supplier-quote", "SQ-00000", "--markup", "20"],
            'no supplier-quotation matches "SQ-00000"',
        ),
    ],
)
def test_what_makes_no_quotation_is_refused(refused, options, fault):
    assert fault in refused("quote", "new", OPP, *options)


def test_an_opportunity_that_does_not_exist_is_named(refused):
    assert 'no opportunity matches "OPP-00000"' in refused("quote", "new", "OPP-00000")


def test_a_dry_run_prints_the_file_and_makes_none(cli, root, git):
    head = git("rev-parse", "HEAD")

    said = cli("quote", "new", OPP, "--dry-run")

    assert "+status: draft" in said.out
    assert git("rev-parse", "HEAD") == head
    assert not (root / "quotations").exists()


def test_show_gives_totals_tax_by_rate_and_margin_exactly(cli, draft):
    quotation = shown(cli, draft)

    assert quotation["amount"] == Decimal("5095.20")
    assert quotation["tax_by_rate"] == {"10": Decimal("59.70"), "21": Decimal("944.62")}
    assert quotation["tax"] == Decimal("1004.32")
    assert quotation["total"] == Decimal("6099.52")
    # only the cost of the first item is known: 4498.20 - 2 x 1500.00
    assert quotation["margin"] == Decimal("1498.20")
    assert quotation["margin_percent"] == Decimal("33.3")
    assert quotation["items_without_cost"] == 1

    cli("quote", "set", draft, "items.1.unit_price=0", "items.2.unit_price=0")
    given_away = shown(cli, draft)
    assert (given_away["margin"], given_away.get("margin_percent")) == (Decimal(-3000), None)


def test_show_for_people_has_the_lines_and_the_sums(cli, draft, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")

    said = cli("quote", "show", draft)

    assert said.err == ""
    assert said.out.splitlines()[-10:] == [
        "#  ITEM        PRODUCT     QUANTITY  UNIT     PRICE  DISC %  TAX %    AMOUNT",
        "-  ----------  ----------  --------  ----  --------  ------  -----  --------",
        "1  Café S-100  cafe-s-100         2  unit  2,499.00      10     21  4,498.20",
        "2  Grinder     grinder            3          199.00             10    597.00",
        "",
        "net       5,095.20 EUR",
        "tax 10 %     59.70 EUR",
        "tax 21 %    944.62 EUR",
        "total     6,099.52 EUR",
        "margin    1,498.20 EUR (33.3 %), without 1 item of unknown cost",
    ]
    assert "customer     contoso-coffee (Contoso Coffee)" in said.out


def test_costs_in_the_base_currency_count_by_the_rate_of_the_day(cli, root, git, given):
    given({DEAL: (root / DEAL).read_text().replace("currency: EUR\nprice_list: retail-eur", "currency: USD")})
    settings = root / "pipecli.yaml"
    settings.write_text(settings.read_text() + "\nexchange_rates:\n  USD:\n    2026-11-01: 0.75\n")
    git("commit", "-qam", "rates")
    draft = cli("quote", "new", OPP, "--format", "ids").id

    # 3000.00 EUR are 4000.00 USD
    assert shown(cli, draft)["margin"] == Decimal("498.20")


def test_a_margin_without_a_rate_is_said_to_be_unknown(cli, root, given):
    given({DEAL: (root / DEAL).read_text().replace("currency: EUR\nprice_list: retail-eur", "currency: USD")})
    draft = cli("quote", "new", OPP, "--format", "ids").id

    quotation = shown(cli, draft)

    assert "margin" not in quotation
    assert quotation["margin_unknown"] == "no exchange rate from USD to EUR on or before 2026-11-21"
    assert "margin    unknown: no exchange rate from" in cli("quote", "show", draft).out
    assert "no rate" in cli("quote", "list", "--columns", "id,margin").out


def test_a_list_has_the_figures_and_takes_the_filters_of_the_deal(cli, draft, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    assert "2026-12-21   5,095.20   6,099.52  OPP-2Q8XA  2026-11-21\n" in cli("quote", "list").out
    assert "6,099.52  ~1,498.20\n" in cli("quote", "list", "--columns", "id,total,margin").out
    assert "2026-11-21  ~1,498.20\n" in cli("quote", "list", "--columns", "+margin").out

    assert cli("quote", "list", "--owner", "ana-ruiz", "--format", "ids").out == f"{draft}\n"
    assert cli("quote", "list", "--status", "sent", "--format", "ids").out == ""
    assert cli("quote", "list", "--where", "margin > 1498.21", "--format", "ids").out == ""
    (listed,) = loads(cli("quote", "list", "--where", "margin < 1498.21", "--format", "json").out)
    assert listed == shown(cli, draft)
    csv = cli("quote", "list", "--format", "csv").out.splitlines()
    assert csv[0] == (
        "id,customer,customer_name,lead,status,valid_until,amount,total,currency,margin,opportunity,date"
    )
    assert csv[1] == (
        f"{draft},contoso-coffee,Contoso Coffee,,draft,2026-12-21,5095.20,6099.52,EUR,1498.20,"
        f"{OPP},2026-11-21"
    )


def test_a_quotation_to_a_lead_is_listed_under_its_name(cli):
    lead = cli("lead", "add", "--organization", "Panadería Núñez", "--format", "ids").id
    deal = cli("opp", "add", "Ovens", "--lead", lead, "--format", "ids").id
    cli("opp", "item", "add", deal, "--description", "Oven", "--price", "900")
    cli("quote", "new", deal)

    assert "Panadería Núñez  draft" in cli("quote", "list").out
