"""The states of a quotation: every right move and what it commits, every wrong one and its way out."""

from __future__ import annotations

import re
from datetime import datetime

import pytest

from pipecli.json_and_csv import loads
from tests.records_given import DEAL, OPP

pytestmark = pytest.mark.usefixtures("shop")

QTN = "QTN-A1111"
FILE = "quotations/2026/QTN-A1111-contoso-coffee.yaml"


def text(key=QTN, status="sent", valid_until="2026-12-21", more=""):
    return f"""\
id: {key}
created: 2026-11-10T09:00:00+01:00
opportunity: {OPP}
date: 2026-11-10
valid_until: {valid_until}
status: {status} # by hand
customer: contoso-coffee
currency: EUR
{more}items:
- description: Café S-100
  quantity: 2
  unit_price: 2499.00
"""


def status(cli, key=QTN):
    return loads(cli("quote", "show", key, "--format", "json").out)["status"]


def changed_files(git):
    return git("show", "--name-only", "--format=", "HEAD").splitlines()


def test_a_draft_is_sent(cli, root, given, git):
    given({FILE: text(status="draft")})

    said = cli("quote", "send", QTN)

    assert said.out == f"{QTN} Espresso machines: send\n"
    sent = (root / FILE).read_text()
    moment = re.search(r"^sent: (.*)\n", sent, re.MULTILINE)
    assert moment and datetime.fromisoformat(moment[1]).tzinfo
    assert sent.replace(moment[0], "") == text(status="sent")
    assert changed_files(git) == [FILE]
    assert "Pipecli-Event: quotation-sent" in git("log", "-1", "--format=%B")


def test_the_day_it_is_sent_becomes_its_date_when_given(cli, given):
    given({FILE: text(status="draft")})

    said = cli("quote", "send", QTN, "--date", "2026-11-20", "--format", "json")

    assert loads(said.out)["date"] == "2026-11-20"


def test_a_draft_past_its_validity_is_not_sent(cli, refused, given):
    given({FILE: text(status="draft", valid_until="2026-11-20")})

    assert refused("quote", "send", QTN) == (
        f"error: {QTN} is valid only until 2026-11-20; "
        f"give it more time: pipecli quote set {QTN} valid_until=+30d"
    )
    cli("quote", "send", QTN, "--date", "2026-11-20")


def test_a_draft_without_items_is_not_sent(refused, given):
    given({FILE: text(status="draft").partition("items:")[0]})

    assert "has no items; add some: pipecli quote item add" in refused("quote", "send", QTN)


@pytest.mark.parametrize("verb", ["send", "revise", "accept"])
def test_nothing_goes_on_with_a_closed_deal(refused, root, given, verb):
    deal = (root / DEAL).read_text().replace("status: open", "status: closed")
    given(
        {
            FILE: text(status="draft" if verb == "send" else "sent"),
            DEAL: f"{deal}closed:\n  date: 2026-11-20\n",
        }
    )

    line = refused("quote", verb, QTN)

    assert line == f"error: {OPP} is closed; reopen it first: pipecli opp reopen {OPP}"


@pytest.mark.parametrize("before", ["sent", "expired", "rejected"])
def test_a_revision_is_the_next_draft_and_supersedes(cli, root, given, git, before):
    given({FILE: text(status=before, more="reason: too dear\n" if before == "rejected" else "")})

    made = loads(cli("quote", "revise", QTN, "--format", "json").out)

    assert made["revision_of"] == QTN
    assert (made["status"], made["date"], made["valid_until"]) == ("draft", "2026-11-21", "2026-12-21")
    assert made["items"] == [{"description": "Café S-100", "quantity": 2, "unit_price": 2499}]
    assert "reason" not in made
    assert "status: superseded # by hand" in (root / FILE).read_text()
    assert len(changed_files(git)) == 2
    assert git("log", "-1", "--format=%s") == f"{made['id']}: revise {QTN}"


def test_a_revision_of_a_revision_goes_on(cli, given):
    given({FILE: text()})
    second = cli("quote", "revise", QTN, "--format", "ids").id
    cli("quote", "send", second)
    third = loads(cli("quote", "revise", second, "--format", "json").out)

    assert third["revision_of"] == second
    assert status(cli, second) == "superseded"


def test_reverting_a_revision_makes_the_first_valid_again(cli, given, git):
    given({FILE: text()})
    second = cli("quote", "revise", QTN, "--format", "ids").id

    git("revert", "--no-edit", "HEAD")

    assert status(cli) == "sent"
    assert cli("quote", "list", "--format", "ids").out == f"{QTN}\n"
    assert second != QTN


def test_a_yes_leaves_the_deal_open_and_names_the_next_command(cli, root, given, git):
    given({FILE: text()})

    said = cli("quote", "accept", QTN)

    assert said.out == f"{QTN} Espresso machines: accept\n"
    assert said.err == f"the deal is still open; close it with: pipecli opp won {OPP}\n"
    assert (root / FILE).read_text() == text(status="accepted")
    assert changed_files(git) == [FILE]


def test_a_late_yes_is_taken_and_said(cli, given):
    given({FILE: text(valid_until="2026-11-20")})

    assert f"{QTN} was valid until 2026-11-20\n" in cli("quote", "accept", QTN).err


def test_only_one_quotation_of_a_deal_is_accepted(refused, given):
    given({FILE: text(), "quotations/2026/QTN-B2222-contoso-coffee.yaml": text("QTN-B2222", "accepted")})

    assert refused("quote", "accept", QTN) == (
        "error: QTN-B2222 of the same deal is accepted already; "
        "if that is over: pipecli quote reject QTN-B2222"
    )


def test_a_no_keeps_its_reason_and_the_deal_goes_on(cli, given, git):
    given({FILE: text()})

    made = loads(cli("quote", "reject", QTN, "--reason", "Too dear", "--format", "json").out)

    assert (made["status"], made["reason"]) == ("rejected", "Too dear")
    assert changed_files(git) == [FILE]
    assert loads(cli("opp", "show", OPP, "--format", "json").out)["status"] == "open"


def test_a_yes_can_be_taken_back_until_it_is_ordered(cli, refused, given):
    given({FILE: text(status="accepted")})
    order = cli("order", "new", QTN, "--format", "ids").id

    assert refused("quote", "reject", QTN) == (
        f"error: {QTN} is ordered with {order}; cancel the order first: pipecli order cancel {order}"
    )
    cli("order", "cancel", order)
    cli("quote", "reject", QTN)
    assert status(cli) == "rejected"


REVISE = f"make the next one: pipecli quote revise {QTN}"
WIN = f"win its deal: pipecli opp won {OPP}, or take the yes back: pipecli quote reject {QTN}"
NEW = f"make a new one: pipecli quote new {OPP}"


@pytest.mark.parametrize(
    ("verb", "before", "fault"),
    [
        ("send", "sent", f"{QTN} is sent already; {REVISE}"),
        ("send", "accepted", f"{QTN} is accepted, it can't be sent; {WIN}"),
        ("send", "rejected", f"{QTN} is rejected, it can't be sent; {REVISE}"),
        ("send", "expired", f"{QTN} is expired, it can't be sent; {REVISE}"),
        ("send", "superseded", f"{QTN} is superseded, it can't be sent; {NEW}"),
        (
            "revise",
            "draft",
            f"{QTN} is a draft, there is nothing to revise; change it: pipecli quote edit {QTN}",
        ),
        ("revise", "accepted", f"{QTN} is accepted, it can't be revised; {WIN}"),
        ("revise", "superseded", f"{QTN} is superseded, it can't be revised; {NEW}"),
        (
            "accept",
            "draft",
            f"{QTN} is a draft, it can't be accepted; send it first: pipecli quote send {QTN}",
        ),
        ("accept", "accepted", f"{QTN} is accepted already; {WIN}"),
        ("accept", "rejected", f"{QTN} is rejected, it can't be accepted; {REVISE}"),
        ("accept", "expired", f"{QTN} is expired, it can't be accepted; {REVISE}"),
        ("accept", "superseded", f"{QTN} is superseded, it can't be accepted; {NEW}"),
        (
            "reject",
            "draft",
            f"{QTN} is a draft, it can't be rejected; send it first: pipecli quote send {QTN}",
        ),
        ("reject", "rejected", f"{QTN} is rejected already; {REVISE}"),
        ("reject", "expired", f"{QTN} is expired, it can't be rejected; {REVISE}"),
        ("reject", "superseded", f"{QTN} is superseded, it can't be rejected; {NEW}"),
    ],
)
def test_every_wrong_move_is_refused_with_its_way_out(refused, given, verb, before, fault):
    given({FILE: text(status=before)})

    assert refused("quote", verb, QTN) == f"error: {fault}"


def test_what_was_superseded_names_what_took_its_place(cli, refused, given):
    given({FILE: text()})
    second = cli("quote", "revise", QTN, "--format", "ids").id

    assert f"{second} took its place" in refused("quote", "accept", QTN)


LATE = {
    FILE: text(valid_until="2026-11-20"),
    "quotations/2026/QTN-B2222-contoso-coffee.yaml": text("QTN-B2222", valid_until="2026-11-19"),
    "quotations/2026/QTN-C3333-contoso-coffee.yaml": text("QTN-C3333", valid_until="2026-11-21"),
    "quotations/2026/QTN-D4444-contoso-coffee.yaml": text("QTN-D4444", "draft", valid_until="2026-11-20"),
    "quotations/2026/QTN-E5555-contoso-coffee.yaml": text("QTN-E5555").replace(
        "valid_until: 2026-12-21\n", ""
    ),
}


def test_expire_takes_every_sent_one_past_its_last_day_in_one_commit(cli, given, git):
    given(LATE)
    before = git("rev-parse", "HEAD")

    said = cli("quote", "expire")

    assert said.out == f"{QTN} Espresso machines: expire\nQTN-B2222 Espresso machines: expire\n"
    assert git("rev-parse", "HEAD^") == before
    assert git("log", "-1", "--format=%s") == "expire 2 quotations"
    assert changed_files(git) == sorted(LATE)[:2]
    left = {key: status(cli, key) for key in ("QTN-C3333", "QTN-D4444", "QTN-E5555")}
    assert left == {"QTN-C3333": "sent", "QTN-D4444": "draft", "QTN-E5555": "sent"}


def test_expire_again_does_and_says_nothing(cli, given, git):
    given(LATE)
    cli("quote", "expire")
    head = git("rev-parse", "HEAD")

    said = cli("quote", "expire")

    assert (said.out, said.err) == ("", "")
    assert git("rev-parse", "HEAD") == head
    assert cli("quote", "expire", "--format", "json").out == "[]\n"


def test_expire_tells_scripts_what_it_did(cli, given, git):
    given({FILE: LATE[FILE]})

    (expired,) = loads(cli("quote", "expire", "--format", "json").out)

    assert (expired["id"], expired["status"]) == (QTN, "expired")
    assert git("log", "-1", "--format=%s") == f"{QTN}: expire"


def test_expire_can_be_tried_first(cli, root, given, git):
    given(LATE)
    head = git("rev-parse", "HEAD")

    said = cli("quote", "expire", "--dry-run")

    assert said.out.count("+status: expired") == 2
    assert (root / FILE).read_text() == LATE[FILE]
    assert git("rev-parse", "HEAD") == head


def test_expire_stops_at_a_quotation_that_cannot_be_read(refused, root, given):
    given(LATE)
    (root / FILE).write_text(LATE[FILE].replace("currency: EUR", "currency: euro"))

    assert f"{FILE}:8: currency" in refused("quote", "expire")
