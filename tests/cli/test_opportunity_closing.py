"""`opportunity won`, `lost` and `reopen`: the deal, its quotations and its order go together."""

from __future__ import annotations

import json

import pytest

from tests.terminal import at_terminal

pytestmark = pytest.mark.usefixtures("warm_calls")

TODAY = ("--today", "2026-11-20")


@pytest.fixture
def shown(cli):
    """A record as JSON."""

    def call(noun: str, key: str) -> dict[str, object]:
        return json.loads(cli(noun, "show", key, "--format", "json").out)

    return call


@pytest.fixture
def opp(cli, once):
    """A deal with a customer and items worth 5,000 EUR."""

    def build() -> str:
        cli("customer", "add", "Contoso Coffee")
        add = ("opp", "add", "Machines", "--customer", "contoso-coffee", "--format", "ids")
        key = cli("--today", "2026-11-01", *add).id
        item = ("--description", "Machine", "--price", "2500", "--quantity", "2", "--tax", "21")
        cli("opp", "item", "add", key, *item)
        return key

    return once(build)


@pytest.fixture
def quote(cli, opp):
    """A quotation of the deal, sent; returns its id."""

    def call(day: str = "2026-11-10") -> str:
        key = cli("--today", day, "quote", "new", opp, "--format", "ids").id
        cli("--today", day, "quote", "send", key)
        return key

    return call


def orders_of(cli, opp: str) -> list[dict[str, object]]:
    return json.loads(cli("order", "list", "--where", f"opportunity = '{opp}'", "--format", "json").out)


# Won


def test_the_last_sent_quotation_wins_and_becomes_an_order(cli, opp, quote, shown, git):
    first = quote("2026-11-01")
    cli("opp", "set", opp, "items.1.quantity=3")
    second = quote("2026-11-10")
    said = cli(*TODAY, "opp", "won", opp, "--note", "Signed at the fair", "-m", "Hooray")
    assert said.out == f"{opp} Machines: won 7,500.00 EUR with {second}\n"
    deal = shown("opp", opp)
    assert deal["status"] == "won"
    assert deal["closed"] == {
        "date": "2026-11-20", "amount": 7500.00, "quotation": second, "detail": "Signed at the fair",
    }  # fmt: skip
    assert shown("quote", second)["status"] == "accepted"
    assert shown("quote", first)["status"] == "superseded"
    (order,) = orders_of(cli, opp)
    assert (order["quotation"], order["customer"], order["status"]) == (second, "contoso-coffee", "open")
    assert (order["date"], order["items"]) == ("2026-11-20", shown("quote", second)["items"])
    assert f"{order['id']} is its order" in said.err
    body = git("log", "-1", "--format=%B")
    assert "Hooray" in body
    assert "Pipecli-Event: won" in body
    assert len(git("show", "--name-only", "--format=", "HEAD").splitlines()) == 4
    assert git("status", "--porcelain") == ""


def test_a_final_value_far_from_the_quotation_is_pointed_out_and_asked_about(cli, opp, quote, shown, root):
    first = quote()
    won = ("opp", "won", opp, "--amount")
    warning = f"warning: 5,600.00 EUR is 12 % above {first}, which comes to 5,000.00"
    code, screen = at_terminal(root, *TODAY, *won, "5600", typed="n\n")
    assert (code, warning in screen, "Is that the final value?" in screen) == (1, True, True)
    assert shown("opp", opp)["status"] == "open"
    code, screen = at_terminal(root, *TODAY, *won, "5500")  # within 10 %
    assert (code, "warning" in screen) == (0, False)
    cli("opp", "reopen", opp)
    assert warning in cli(*TODAY, *won, "5600").err  # nobody to ask
    assert shown("opp", opp)["amount"] == 5600


def test_a_deal_takes_the_lines_of_its_last_offer(cli, opp, quote, shown, refused, git):
    assert "has no quotation that was sent or accepted" in refused("opp", "take-offer", opp)
    quote("2026-11-01")
    draft = cli("quote", "new", opp, "--format", "ids").id
    cli("quote", "item", "set", draft, "1", "--discount", "10")
    cli(
        "quote", "item", "add", draft, "--description", "Training", "--price", "500", "--optional"
    )  # still to be chosen
    cli("--today", "2026-11-10", "quote", "send", draft)
    cli("opp", "set", opp, "amount=6000")
    said = cli("opp", "take-offer", opp)
    assert said.out == f"{opp} Machines: take the offer {draft}, 6,000.00 → 4,500.00 EUR\n"
    assert said.err == "the amount set by hand, 6,000.00 EUR, is dropped\n"
    deal = shown("opp", opp)
    assert (deal["amount"], deal["items"]) == (4500, shown("quote", draft)["items"])
    assert "nothing to change" in cli("opp", "take-offer", opp).err
    cli("customer", "add", "Fabrikam")
    other = cli("opp", "add", "Other", "--customer", "fabrikam", "--format", "ids").id
    assert f"{draft} is a quotation of {opp}, not of {other}" in refused("opp", "take-offer", other, draft)


def test_quotation_amount_and_date_may_be_given(cli, opp, quote, shown):
    first, second = quote("2026-11-01"), quote("2026-11-10")
    cli(*TODAY, "opp", "won", opp, "--quotation", first, "--amount", "4900.5", "--date", "2026-11-18")
    deal = shown("opp", opp)
    assert deal["closed"] == {"date": "2026-11-18", "amount": 4900.5, "quotation": first}
    assert (shown("quote", first)["status"], shown("quote", second)["status"]) == ("accepted", "superseded")


def test_the_accepted_quotation_goes_before_a_later_one(cli, opp, quote, shown):
    first, second = quote("2026-11-01"), quote("2026-11-10")
    cli("--today", "2026-11-12", "quote", "accept", first)
    cli(*TODAY, "opp", "won", opp)
    assert shown("opp", opp)["closed"]["quotation"] == first
    assert shown("quote", second)["status"] == "superseded"


def test_what_was_decided_before_stays_so(cli, opp, quote, shown):
    rejected, expired, draft = quote("2026-09-01"), quote("2026-09-02"), None
    cli("quote", "reject", rejected)
    cli("quote", "expire")
    winner = quote("2026-11-10")
    draft = cli("quote", "new", opp, "--format", "ids").id
    cli(*TODAY, "opp", "won", opp)
    statuses = [shown("quote", each)["status"] for each in (rejected, expired, winner, draft)]
    assert statuses == ["rejected", "expired", "accepted", "superseded"]


def test_a_deal_is_won_without_a_quotation_by_its_items(cli, opp, shown):
    assert cli(*TODAY, "opp", "won", opp).out == f"{opp} Machines: won 5,000.00 EUR\n"
    assert shown("opp", opp)["closed"] == {"date": "2026-11-20", "amount": 5000.00}
    assert orders_of(cli, opp) == []


def test_a_deal_is_won_without_a_quotation_by_an_amount(cli, shown):
    opp = cli("opp", "add", "A favour", "--format", "ids").id
    cli(*TODAY, "opp", "won", opp, "--amount", "99")
    assert shown("opp", opp)["closed"]["amount"] == 99


def test_a_deal_of_unknown_value_is_not_won(cli, refused):
    opp = cli("opp", "add", "A favour", "--format", "ids").id
    said = refused("opp", "won", opp)
    assert f"nothing says what {opp} is worth: it has no sent quotation, no items and no amount" in said
    assert f"give the final value: pipecli opp won {opp} --amount" in said


def test_a_draft_does_not_win_and_that_is_said(cli, opp, refused, shown):
    draft = cli("quote", "new", opp, "--format", "ids").id
    assert f"{draft} is a draft, and was not offered to anybody; send it first" in refused(
        "opp", "won", opp, "--quotation", draft
    )
    said = cli(*TODAY, "opp", "won", opp)
    assert f"won without a quotation, nothing is ordered; {draft} was not sent" in said.err
    assert "quotation" not in shown("opp", opp)["closed"]


def test_only_a_quotation_on_offer_and_of_the_deal_wins(cli, opp, quote, refused):
    rejected = quote()
    cli("quote", "reject", rejected)
    said = refused("opp", "won", opp, "--quotation", rejected)
    assert f"{rejected} is rejected, a deal is won with one that is sent" in said
    other = cli("opp", "add", "Grinders", "--format", "ids").id
    assert f"{rejected} is a quotation of {opp}, not of {other}" in refused(
        "opp", "won", other, "--quotation", rejected
    )


def test_a_late_quotation_wins_and_that_is_said(cli, opp, quote):
    late = quote("2026-09-01")
    assert f"{late} was valid until 2026-10-01" in cli(*TODAY, "opp", "won", opp).err


def test_the_customer_of_the_quotation_orders(cli, opp, quote):
    winner = quote()
    cli("opp", "set", opp, "customer=")
    cli(*TODAY, "opp", "won", opp)
    (order,) = orders_of(cli, opp)
    assert (order["quotation"], order["customer"]) == (winner, "contoso-coffee")


def test_the_lead_of_a_won_deal_becomes_its_customer(cli, shown):
    lead = cli(
        "lead", "add", "--name", "María López", "--organization", "Contoso Coffee", "--email",
        "maria@contoso.example", "--format", "ids",
    ).id  # fmt: skip
    opp = cli("opp", "add", "Machines", "--lead", lead, "--format", "ids").id
    other = cli("opp", "add", "Grinders", "--lead", lead, "--format", "ids").id
    cli("opp", "item", "add", opp, "--description", "Machine", "--price", "2500")
    quotation = cli("quote", "new", opp, "--format", "ids").id
    cli("quote", "send", quotation)
    said = cli("opp", "won", opp)
    assert "new customer contoso-coffee" in said.err
    deal = shown("opp", opp)
    assert (deal["customer"], deal["contacts"]) == (
        "contoso-coffee", [{"contact": "maria-lopez", "primary": True}],
    )  # fmt: skip
    assert orders_of(cli, opp)[0]["customer"] == "contoso-coffee"
    converted = shown("lead", lead)
    assert converted["status"] == "converted"
    assert converted["converted"]["customer"] == "contoso-coffee"
    assert set(converted["converted"]["opportunities"]) == {opp, other}
    assert shown("opp", other)["customer"] == "contoso-coffee"


def test_the_lead_of_a_won_deal_may_be_a_customer_we_have(cli, shown, root):
    cli("customer", "add", "Contoso Coffee")
    lead = cli("lead", "add", "--organization", "Contoso Coffee", "--format", "ids").id
    opp = cli("opp", "add", "Machines", "--lead", lead, "--format", "ids").id
    said = cli("opp", "won", opp, "--amount", "10")
    assert "known customer contoso-coffee" in said.err
    assert shown("opp", opp)["customer"] == "contoso-coffee"
    assert [file.name for file in (root / "customers").iterdir()] == ["contoso-coffee.yaml"]


@pytest.mark.parametrize(("currency", "amount"), [("KWD", "12.000"), ("JPY", "12"), ("EUR", "12.00")])
def test_the_final_value_has_the_decimals_of_its_currency(cli, currency, amount):
    opp = cli("opp", "add", "Machines", "--currency", currency, "--format", "ids").id
    cli("opp", "won", opp, "--amount", "12")
    for shown in (["show", opp], ["list", "--all"]):
        said = cli("opp", *shown, "--format", "json").out
        assert f'"amount": {amount},' in said.partition('"closed"')[2].partition("}")[2]


# Lost


def test_a_lost_deal_keeps_why_and_to_whom(cli, opp, quote, shown):
    sent = quote()
    draft = cli("quote", "new", opp, "--format", "ids").id
    cli("opp", "competitor", "add", opp, "Acme")
    said = cli(
        *TODAY, "opp", "lost", opp, "--reason", "competitor", "--competitor", "acme",
        "--detail", "Cheaper by half",
    )  # fmt: skip
    assert said.out == f"{opp} Machines: lost to Acme: competitor\n"
    assert [f"{each} is rejected" in said.err for each in (sent, draft)] == [True, True]
    deal = shown("opp", opp)
    assert deal["status"] == "lost"
    assert deal["closed"] == {
        "date": "2026-11-20", "reasons": ["competitor"], "competitors": ["Acme"], "detail": "Cheaper by half",
    }  # fmt: skip
    assert [shown("quote", each)["status"] for each in (sent, draft)] == ["rejected", "rejected"]


@pytest.mark.parametrize("reason", [["--reason", "bad luck"], []])
def test_a_reason_of_the_list_is_wanted(opp, refused, reason):
    said = refused("opp", "lost", opp, *reason)
    assert "price, quality, budget, timing, competitor, no-decision, no-response" in said


# Reopened


def test_reopening_a_win_takes_all_of_it_back(cli, opp, quote, shown, git):
    revised = quote("2026-11-01")
    first = cli("quote", "revise", revised, "--format", "ids").id
    cli("--today", "2026-11-22", "quote", "send", first)
    second = quote("2026-11-10")
    rejected = quote("2026-11-11")
    cli("quote", "reject", rejected)
    draft = cli("quote", "new", opp, "--format", "ids").id
    every = (revised, first, second, rejected, draft)
    before = [shown("quote", each)["status"] for each in every]
    assert before == ["superseded", "sent", "sent", "rejected", "draft"]
    cli("opp", "won", opp, "--quotation", second)
    said = cli("opp", "reopen", opp)
    assert said.out == f"{opp} Machines: reopen at qualify, was won\n"
    deal = shown("opp", opp)
    assert (deal["status"], deal["stage"]) == ("open", "qualify")
    assert "closed" not in deal
    assert [shown("quote", each)["status"] for each in every] == before
    assert [order["status"] for order in orders_of(cli, opp)] == ["cancelled"]
    assert "Pipecli-Event: reopened" in git("log", "-1", "--format=%B")
    cli("opp", "won", opp)
    assert sorted(order["status"] for order in orders_of(cli, opp)) == ["cancelled", "open"]


def test_reopening_a_win_leaves_the_order_of_another_quotation(cli, opp, quote, root):
    first, second = quote("2026-11-01"), quote("2026-11-10")
    cli("opp", "won", opp, "--quotation", second)
    (file,) = (root / "orders").rglob("*.yaml")
    (order,) = orders_of(cli, opp)
    other = file.read_text().replace(str(order["id"]), "ORD-AAAAA").replace(second, first)
    file.with_name("ORD-AAAAA-contoso-coffee.yaml").write_text(other)

    cli("opp", "reopen", opp)

    assert {each["id"]: each["status"] for each in orders_of(cli, opp)} == {
        order["id"]: "cancelled", "ORD-AAAAA": "open",
    }  # fmt: skip


def test_reopening_a_loss_puts_the_quotations_on_offer_again(cli, opp, quote, shown):
    rejected, sent = quote("2026-11-01"), quote("2026-11-10")
    cli("quote", "reject", rejected)
    cli("opp", "set", opp, "probability=77")
    cli("opp", "lost", opp, "--reason", "price")
    told = cli("opp", "reopen", opp, "--stage", "negotiate").err
    assert told == "the probability set by hand, 77 %, is dropped: negotiate has 70 %\n"
    assert (shown("opp", opp)["stage"], shown("opp", opp)["probability"]) == ("negotiate", 70)  # the stage's
    assert [shown("quote", each)["status"] for each in (rejected, sent)] == ["rejected", "sent"]


def test_an_accepted_quotation_is_only_on_offer_again(cli, opp, quote, shown):
    accepted = quote()
    cli("--today", "2026-11-12", "quote", "accept", accepted)
    cli("opp", "won", opp)
    cli("opp", "reopen", opp)
    assert shown("quote", accepted)["status"] == "sent"


@pytest.mark.usefixtures("today")
def test_reopening_before_the_closing_is_committed(cli, opp, quote, shown, git):
    sent, draft = quote(), cli("quote", "new", opp, "--format", "ids").id
    cli("opp", "won", opp, "--no-commit")
    cli("opp", "reopen", opp, "--no-commit")
    assert [shown("quote", each)["status"] for each in (sent, draft)] == ["sent", "draft"]
    (order,) = orders_of(cli, opp)
    assert git("status", "--porcelain", "--untracked-files=all").split() == [
        "??", f"orders/2026/11/{order['id']}-contoso-coffee.yaml",
    ]  # fmt: skip


def test_reopening_without_a_history(cli, opp, quote, shown, git):
    """After a squash nothing tells what a quotation was: what closing does is undone."""
    revised = quote("2026-11-01")
    first = cli("quote", "revise", revised, "--format", "ids").id
    cli("quote", "send", first)
    second = quote("2026-11-10")
    cli("opp", "won", opp, "--quotation", second)
    git("reset", "-q", "--soft", git("rev-list", "--max-parents=0", "HEAD"))
    git("commit", "-q", "-m", "All at once")
    cli("opp", "reopen", opp)
    assert [shown("quote", each)["status"] for each in (revised, first, second)] == [
        "superseded",
        "sent",
        "sent",
    ]


def test_a_delivered_order_stands(cli, opp, quote, refused):
    quote()
    cli("opp", "won", opp)
    (order,) = orders_of(cli, opp)
    cli("order", "deliver", order["id"])
    said = refused("opp", "reopen", opp)
    assert f"{order['id']}, the order of {opp}, is delivered; open a new deal instead" in said


def test_reverting_the_commit_of_a_win_leaves_a_valid_pipeline(cli, opp, quote, shown, git):
    sent = quote()
    cli("opp", "won", opp)
    git("revert", "--no-edit", "HEAD")
    assert shown("opp", opp)["status"] == "open"
    assert shown("quote", sent)["status"] == "sent"
    assert orders_of(cli, opp) == []
    cli("opp", "won", opp)


# Closed is closed


@pytest.mark.parametrize("closing", [["won", "--amount", "5"], ["lost", "--reason", "price"]])
def test_a_closed_deal_is_left_alone(cli, opp, refused, closing):
    verb, *options = closing
    cli("opp", verb, opp, *options)
    for again in (
        ["won"],
        ["lost", "--reason", "price"],
        ["advance"],
        ["advance", "--to", "demo", "--force"],
    ):
        said = refused("opp", again[0], opp, *again[1:])
        assert f"{opp} is {verb}; reopen it first: pipecli opp reopen {opp}" in said


def test_an_open_deal_is_not_reopened(cli, opp, refused):
    assert f"{opp} is open; it is at qualify" in refused("opp", "reopen", opp)
    cli("opp", "won", opp)
    said = refused("opp", "reopen", opp, "--stage", "nowhere")
    assert "nowhere isn't a stage of the process standard; give --stage, in qualify, demo" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--amount", "lots"], '--amount: "lots" isn\'t a number'),
        (["--amount", "1.0051"], "1.0051 EUR can't be paid: EUR has 2 decimals; round it: --amount 1.01"),
        (["--amount", "-1"], "--amount: must be at least 0"),
        (["--date", "someday"], '"someday" isn\'t a date'),
        (["--quotation", "QTN-ZZZZZ"], "no quotation matches"),
        (["--quotation", ""], 'no quotation matches ""'),
        (["--note", ""], "--detail: must be text, and is empty"),
    ],
)
def test_wrong_words_close_nothing(opp, refused, arguments, said):
    assert said in refused("opp", "won", opp, *arguments)


def test_no_deal_closes_on_a_day_that_is_yet_to_come(cli, deal, refused):
    deal()
    for verb in (["won"], ["lost", "--reason", "price"]):
        assert "that day is in the future" in refused("opp", *verb, "2q8xa", "--date", "+1d")


def test_an_amount_has_the_decimals_of_its_currency(cli, deal, refused):
    deal()
    said = refused("opp", "set", "2q8xa", "amount=1.0051")
    assert "1.0051 EUR can't be paid: EUR has 2 decimals" in said


def test_nothing_more_is_to_come_of_a_closed_deal(cli, deal):
    deal()
    assert json.loads(cli("opp", "show", "2q8xa", "--format", "json").out)["weighted"] == 499.80
    shown = json.loads(cli("opp", "won", "2q8xa", "--format", "json").out)
    assert "weighted" not in shown
    asked = cli("sql", "SELECT weighted FROM opportunities", "--format", "csv")
    assert asked.out.split() == ["weighted", '""']


def test_an_expired_quotation_does_not_win_and_that_is_said(cli, opp, quote):
    key = quote("2026-09-01")
    cli(*TODAY, "quote", "expire")
    said = cli(*TODAY, "opp", "won", opp).err
    assert said == f"won without a quotation, nothing is ordered; {key} is expired\n"


def test_what_is_ordered_is_not_lost(cli, opp, quote, refused):
    first = quote()
    cli("quote", "accept", first)
    order = cli("order", "new", first, "--format", "ids").id

    said = refused("opp", "lost", opp, "--reason", "price")
    assert (
        said == f"error: {opp} is ordered with {order}; cancel the order first: pipecli order cancel {order}"
    )
    cli("order", "deliver", order)
    said = refused("opp", "lost", opp, "--reason", "price")
    assert said == f"error: {opp} is not lost: {order} is delivered; close it: pipecli opp won {opp}"


@pytest.mark.parametrize("assignment", ["amount=6", "currency=USD", "items="])
def test_what_a_closed_deal_is_worth_is_not_set(cli, opp, refused, assignment):
    cli("opp", "won", opp)
    said = refused("opp", "set", opp, assignment)
    assert said == f"error: {opp} is won; reopen it first: pipecli opp reopen {opp}"


# Lost for several reasons


def test_a_deal_is_lost_for_several_reasons_to_several_competitors(cli, opp, shown):
    """Seed 000 §2.6: why a deal is lost is often more than one thing."""
    for name in ("Acme", "Beans"):
        cli("opp", "competitor", "add", opp, name)
    said = cli(
        *TODAY, "opp", "lost", opp, "--reason", "price", "--reason", "timing",
        "--competitor", "acme", "--competitor", "beans",
    )  # fmt: skip
    assert "lost to Acme, Beans: price, timing" in said.out
    assert shown("opp", opp)["closed"] == {
        "date": "2026-11-20", "reasons": ["price", "timing"], "competitors": ["Acme", "Beans"],
    }  # fmt: skip
    report = json.loads(cli("report", "lost", "--format", "json").out)
    assert [(row["key"], row["lost_count"]) for row in report["rows"]] == [("price", 1), ("timing", 1)]
    assert report["totals"]["lost_count"] == 1
    report = cli("report", "lost").out.splitlines()
    assert [line.split()[:2] for line in report[4:7]] == [["price", "1"], ["timing", "1"], ["total", "1"]]
    assert report[-1] == "a deal counts at each reason it has, and once in the total"


def test_the_reason_competitor_takes_the_only_one(cli, opp, shown):
    cli("opp", "competitor", "add", opp, "Acme")
    cli("opp", "lost", opp, "--reason", "competitor")
    assert shown("opp", opp)["closed"]["competitors"] == ["Acme"]


def test_of_several_competitors_one_has_to_be_named(cli, opp, refused):
    for name in ("Acme", "Beans"):
        cli("opp", "competitor", "add", opp, name)
    said = refused("opp", "lost", opp, "--reason", "competitor")
    assert "has several competitors: Acme, Beans; say which one won it: --competitor Acme" in said


def test_a_terminal_is_asked_why_a_deal_is_lost_and_which_quotation_won(cli, opp, quote, shown, root, git):
    for name in ("Acme", "Beans"):
        cli("opp", "competitor", "add", opp, name)
    head = git("rev-parse", "HEAD")
    code, screen = at_terminal(root, *TODAY, "opp", "lost", opp, typed="\x04")
    assert (code, screen.endswith("stop): \nerror: interrupted; nothing is changed\n")) == (130, True)
    code, screen = at_terminal(root, *TODAY, "opp", "lost", opp, typed="\n")
    assert (code, "the reason for losing it is missing; give --reason" in screen) == (1, True)
    assert git("rev-parse", "HEAD") == head
    code, screen = at_terminal(root, *TODAY, "opp", "lost", opp, typed="99\ncomp\n2\n")
    assert " 5  competitor\n" in screen
    assert shown("opp", opp)["closed"]["competitors"] == ["Beans"]
    cli("opp", "reopen", opp)
    first, second = quote("2026-11-10"), quote("2026-11-11")
    piped = cli("opp", "won", opp, "--dry-run")
    assert f"{first}, 5,000.00 EUR, was on offer, too" in piped.err
    _, screen = at_terminal(root, *TODAY, "opp", "won", opp, "--amount", "7000", typed="1\nn\n")
    assert f"error: {opp} stays open" in screen
    _, screen = at_terminal(root, *TODAY, "opp", "won", opp, typed="2\n")
    assert f"{opp} has 2 quotations on offer:\n" in screen
    won = shown("opp", opp)["closed"]["quotation"]
    assert [won in line for line in screen.splitlines() if line.startswith(("1  ", "2  "))] == [False, True]
    assert won in (first, second)


def test_a_file_of_before_says_one_reason_and_keeps_its_bytes_until_that_changes(cli, opp, root, shown):
    cli(*TODAY, "opp", "lost", opp, "--reason", "price", "--competitor", "Acme")
    (file,) = root.glob(f"opportunities/**/{opp}-*.yaml")
    old = file.read_text().replace("reasons:\n  - price", "reason: price # they said")
    file.write_text(old.replace("competitors:\n  - Acme", "competitor: Acme"))
    assert shown("opp", opp)["closed"]["reasons"] == ["price"]
    cli("opp", "set", opp, "tags=old", "--no-commit")
    assert "  reason: price # they said\n  competitor: Acme\n" in file.read_text()
    assert "lost" in cli("history", opp).out
    assert "reasons" not in cli("history", opp).out


# Which quotation wins


def test_the_quotation_that_was_sent_last_wins_whatever_its_date(cli, opp, shown):
    """`sent` decides: a quotation may bear an earlier or a later date than the day it went out."""
    first = cli("quote", "new", opp, "--format", "ids").id
    second = cli("quote", "new", opp, "--format", "ids").id
    cli("--today", "2026-11-20T10:00:00+01:00", "quote", "send", second, "--date", "2026-11-20")
    cli("--today", "2026-11-21T09:00:00+01:00", "quote", "send", first, "--date", "2026-11-01")
    assert shown("quote", first)["sent"] == "2026-11-21T09:00:00+01:00"
    cli("opp", "won", opp, "--date", "2026-11-21")
    assert shown("opp", opp)["closed"]["quotation"] == first


def test_of_older_files_history_says_which_was_sent_last(cli, opp, shown, root, git, monkeypatch):
    first, second = (cli("quote", "new", opp, "--format", "ids").id for _ in range(2))
    for quotation, at in ((second, "2026-11-20T10:00:00+01:00"), (first, "2026-11-21T10:00:00+01:00")):
        (file,) = root.glob(f"quotations/**/{quotation}-*.yaml")
        file.write_text(file.read_text().replace("status: draft", "status: sent"))
        git("add", ".")
        monkeypatch.setenv("GIT_COMMITTER_DATE", at)
        git("commit", "-qm", f"send {quotation}")
    cli("opp", "won", opp)
    assert shown("opp", opp)["closed"]["quotation"] == first


def test_a_deal_is_not_closed_before_it_was_created(opp, refused):
    said = refused(*TODAY, "opp", "lost", opp, "--reason", "price", "--date", "2026-10-31")
    assert f"{opp} can't be closed on 2026-10-31: it was created on 2026-11-01" in said


def test_won_is_no_stage_but_a_verb(opp, refused):
    said = refused("opp", "advance", opp, "--to", "won")
    assert said == f"error: won is not a stage but the end of a deal; close it: pipecli opp won {opp}"


def test_a_move_says_that_it_drops_a_probability_set_by_hand(cli, opp):
    cli("opp", "set", opp, "probability=55")
    said = cli("opp", "advance", opp)
    assert (
        "the probability set by hand, 55 %, is dropped: demo has 25 % (--keep-probability keeps it)"
        in said.err
    )
