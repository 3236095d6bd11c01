"""Invoices: parts of an order, numbers in a row whoever issues them, payments, credit notes, and books."""

from __future__ import annotations

import re
import shutil
import subprocess
from decimal import Decimal
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from pipecli.json_and_csv import loads
from tests.mail_server import mail_server

pytestmark = pytest.mark.usefixtures("shop", "warm_calls")


def made(cli, *words):
    return cli(*words).out.split()[0]


@pytest.fixture
def order(cli, once):
    def build():
        opp = made(cli, "opp", "add", "Machines", "--customer", "contoso-coffee")
        for description, price, *rest in (
            ("Machine A", "1000", "--quantity", "3", "--discount-amount", "100", "--tax", "21"),
            ("Installation", "75", "--quantity", "6.5", "--tax", "10"),
            ("Delivery", "80", "--kind", "freight", "--tax", "21"),
        ):
            cli("opp", "item", "add", opp, "--description", description, "--price", price, *rest)
        cli("opp", "set", opp, "discount_amount=50")
        cli("quote", "send", made(cli, "quote", "new", opp, "--terms", "Net 30"))
        cli("opp", "won", opp)
        orders = loads(cli("order", "list", "--format", "json").out)
        return next(row["id"] for row in orders if row["opportunity"] == opp)

    return once(build)


def invoices(cli):
    return {row["id"]: row for row in loads(cli("invoice", "list", "--format", "json").out)}


def test_the_parts_of_an_order_come_to_the_order(cli, order, git):
    whole = loads(cli("order", "show", order, "--format", "json").out)
    first = made(cli, "invoice", "new", order, "--item", "Machine A=1", "--item", "3")
    wrong = cli("invoice", "new", order, "--item", "1=2.5", code=1)
    assert f"{order} has 2 left to invoice of 3 × Machine A" in wrong.err
    second = made(cli, "invoice", "new", order, "--item", "1=1", "--item", "2=2")
    third = made(cli, "invoice", "new", order)
    assert f"invoice {order} in part" in git("log", "-1", "--format=%s")
    wrong = cli("invoice", "new", order, code=1)
    assert f"{order} is fully invoiced" in wrong.err
    drawn = invoices(cli)
    parts = [drawn[key] for key in (first, second, third)]
    assert [part["items"][0].get("discount_amount") for part in parts] == [
        Decimal("33.33"), Decimal("33.34"), Decimal("33.33"),
    ]  # fmt: skip
    assert sum(part["discount_amount"] for part in parts) == 50
    assert {part.get("terms") for part in parts} == {"Net 30"}  # of the order: the settings have none
    for key in ("amount", "subtotal", "discount_total"):
        assert sum(part[key] for part in parts) == whole[key], key
    assert abs(sum(part["total"] for part in parts) - whole["total"]) <= Decimal("0.03")  # tax by document
    assert cli("check").code == 0
    cli("invoice", "remove", third)
    assert made(cli, "invoice", "new", order) != third  # what it had is left again
    for draft in invoices(cli):
        cli("invoice", "remove", draft)
    cli("order", "cancel", order, "--reason", "late")
    assert f"{order} is cancelled" in cli("invoice", "new", order, code=1).err


def test_an_invoice_that_stays_is_told_where_its_order_is_cancelled(cli, order):
    draft = made(cli, "invoice", "new", order, "--item", "1=1")
    invoice = made(cli, "invoice", "new", order)
    cli("invoice", "issue", invoice)
    number = loads(cli("invoice", "show", invoice, "--format", "json").out)["number"]
    deal = loads(cli("order", "show", order, "--format", "json").out)["opportunity"]
    way = f"{number} of it stays; to take it back: pipecli invoice credit {number}\n"
    for verb in (["order", "cancel", order], ["opp", "reopen", deal]):
        assert way in cli(*verb, "--dry-run").err, verb
    cli("invoice", "issue", made(cli, "invoice", "credit", number, "--item", "1"))
    assert way in cli("order", "cancel", order, "--dry-run").err  # only a part of it is credited
    cli("invoice", "issue", made(cli, "invoice", "credit", number))
    said = cli("order", "cancel", order).err
    assert (number in said, f"{draft} of it stays a draft: pipecli invoice remove {draft}\n" in said) == (
        False,
        True,
    )


def test_a_draft_of_an_order_that_is_cancelled_gets_no_number(cli, order):
    draft = made(cli, "invoice", "new", order)
    cli("order", "cancel", order)
    for more in ((), ("--dry-run",)):
        said = cli("invoice", "issue", draft, *more, code=1).err
        assert f"{order} is cancelled" in said and f"pipecli invoice remove {draft}" in said
    cli("invoice", "remove", draft)
    assert not invoices(cli)


def test_a_draft_whose_number_is_claimed_stays_until_it_has_it(cli, order, root):
    draft = made(cli, "invoice", "new", order)
    hook = root / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\nexit 1\n")  # as a kill between the claim and the commit
    hook.chmod(0o755)
    cli("invoice", "issue", draft, code=1)
    hook.unlink()
    for words in (["invoice", "remove", draft], ["undo"]):
        assert f"the number 2026-0001 is claimed for {draft}, and would be skipped" in cli(*words, code=1).err
    cli("invoice", "issue", draft)
    assert invoices(cli)[draft]["number"] == "2026-0001"


def test_an_invoice_from_its_draft_to_the_last_payment(cli, order, root, git):
    invoice = made(cli, "invoice", "new", order)
    wrong = cli("invoice", "paid", invoice, code=1)
    assert "is a draft, nobody was asked to pay it" in wrong.err
    assert "is a draft that nobody has yet" in cli("invoice", "credit", invoice, code=1).err
    assert "2026-0001" in cli("--today", "2026-11-20", "invoice", "issue", invoice).out
    for change in (("set", invoice, "due=2027-05-01"), ("issue", invoice)):
        assert "is issued as 2026-0001" in cli("invoice", *change, code=1).err
    cli("invoice", "set", invoice, "tags=reminded", "notes=by post")  # of our own, on no paper
    assert "is issued as 2026-0001" in cli("invoice", "remove", invoice, code=1).err
    total = loads(cli("invoice", "show", "2026-0001", "--format", "json").out)["total"]
    (due,) = loads(cli("--today", "2026-12-21", "followups", "--format", "json").out)
    assert due["subject"] == f"2026-0001, {total:,} EUR to pay"
    assert "is more than the" in cli("invoice", "paid", invoice, "--amount", "9999", code=1).err
    assert "1.0051 EUR can't be paid" in cli("invoice", "paid", invoice, "--amount", "1.0051", code=1).err
    assert "is in the future" in cli("invoice", "paid", invoice, "--date", "2027-01-31", code=1).err
    cli("--today", "2026-11-25", "invoice", "paid", invoice, "--amount", "1000", "--note", "SEPA 1")
    late = cli("--today", "2027-02-01", "report", "receivables", "--format", "json")
    (row, whole) = loads(late.out)
    assert (row["customer"], row["days_31_60"]) == ("contoso-coffee", total - 1000) and whole[
        "open"
    ] == total - 1000
    by = cli("--today", "2027-02-01", "report", "receivables", "--by", "currency", "--format", "json").out
    assert [(row["name"], row["open"]) for row in loads(by)] == [
        ("EUR", total - 1000),
        ("total", total - 1000),
    ]
    read = cli("--today", "2027-02-01", "report", "receivables").out
    assert read.startswith("Receivables by customer on 2027-02-01, in EUR\n\nCUSTOMER")
    due = cli("--today", "2026-12-21", "followups", "--owner", "ana", code=0)
    said = cli("--today", "2026-12-21", "followups").out + due.out
    assert f"2026-0001, {total - 1000:,} EUR to pay of {total:,} EUR" in said
    cli("--today", "2026-11-26", "invoice", "paid", invoice, "--amount", "7")
    shown = cli("invoice", "show", invoice).out
    assert re.search(r"paid +1,000.00 EUR, 2026-11-25 SEPA 1\npaid +7.00 EUR, 2026-11-26\n", shown)
    assert f"{total - 1007:,}" in cli("opp", "show", "Machines").out.rpartition("Invoices\n")[2]
    assert "it is paid" in cli("--today", "2026-12-01", "invoice", "paid", invoice).err
    assert "is settled" in cli("invoice", "paid", invoice, code=1).err
    assert "TOTAL EUR" in cli("invoice", "list").out
    assert cli("sql", "SELECT count(*) FROM invoices WHERE open > 0", "--format", "csv").out.split()[1] == "0"
    assert loads(cli("report", "receivables", "--format", "json").out) == []
    none = cli("--today", "2027-02-01", "report", "receivables", "--by", "currency").out
    assert none == "Receivables by currency on 2027-02-01, in EUR\n\nno invoice is open\n"
    assert "Pipecli-Event: invoice-paid" in git("log", "-1", "--format=%B")


def test_a_credit_note_is_numbered_counts_back_and_is_paid_back(cli, order):
    invoice = made(cli, "invoice", "new", order)
    cli("invoice", "issue", invoice)
    cli("invoice", "paid", invoice)
    wrong = cli("invoice", "credit", invoice, "--item", "Machine A=4", code=1)
    assert f"{invoice} has 3 left to credit of 3 × Machine A" in wrong.err
    note = made(cli, "invoice", "credit", invoice, "--item", "Machine A=1", "--reason", "broken")
    assert "2026-0002" in cli("--today", "2026-11-21", "invoice", "issue", note).out
    wrong = cli("undo", "--force", code=1)  # the row of numbers would have a gap
    assert f"{note} is issued as 2026-0002, and its number can't be taken back" in wrong.err
    drawn = invoices(cli)
    assert drawn[note]["total"] < 0 and drawn[note]["credits"] == invoice
    owed = loads(cli("report", "receivables", "--format", "json").out)[-1]["open"]
    assert owed == drawn[note]["total"]  # money that is to go back
    lines = cli("sql", f"SELECT sum(amount) FROM items WHERE record = '{note}'", "--format", "csv").out
    assert Decimal(lines.split()[1]) == drawn[note]["amount"]
    cli("invoice", "paid", note)
    assert loads(cli("report", "receivables", "--format", "json").out) == []
    again = made(cli, "invoice", "new", order)  # what was credited may be invoiced again
    assert invoices(cli)[again]["items"][0]["quantity"] == 1
    assert "is a credit note" in cli("invoice", "credit", note, code=1).err
    made(cli, "invoice", "credit", invoice)  # all that is left
    assert "2026-0001 is fully credited" in cli("invoice", "credit", invoice, code=1).err


def test_an_invoice_is_paid_once_notes_credit_all_that_is_open_and_no_sooner(cli, order):
    invoice = made(cli, "invoice", "new", order)
    cli("invoice", "issue", invoice)
    for some, status in ((("--item", "Machine A=1"), "issued"), ((), "paid")):
        cli("invoice", "issue", made(cli, "invoice", "credit", invoice, *some))
        assert invoices(cli)[invoice]["status"] == status


def test_an_invoice_may_be_due_on_its_day_and_no_sooner(cli, order):
    invoice = made(cli, "invoice", "new", order)
    cli("invoice", "set", invoice, "due=2026-11-19")
    late = cli("--today", "2026-11-20", "invoice", "issue", invoice, code=1).err
    assert f"{invoice} would be due on 2026-11-19, before it is issued" in late
    cli("--today", "2026-11-19", "invoice", "issue", invoice)


def test_the_only_draft_needs_no_name(cli, order):
    assert f"{order} has 0 drafts of an invoice" in cli("invoice", "issue", order, code=1).err
    first = made(cli, "invoice", "new", order, "--item", "1=1")
    assert made(cli, "invoice", "issue", order) == first
    drafts = sorted(made(cli, "invoice", "new", order, "--item", item) for item in ("2", "3"))
    wrong = cli("invoice", "issue", code=1)
    assert "has 2 drafts of an invoice" in wrong.err and all(draft in wrong.err for draft in drafts)
    cli("invoice", "issue", drafts[0])
    early = cli("--today", "2026-01-02", "invoice", "issue", code=1).err
    assert "2026-0003 would be dated 2026-01-02, before 2026-0002 of 2026-11-21; " in early
    assert f"; date it so: pipecli --today 2026-11-21 invoice issue {drafts[1]}" in early
    assert made(cli, "invoice", "issue") == drafts[1]


def test_check_tells_of_doubles_gaps_and_wrong_sums(cli, order, root, git):
    keys = [made(cli, "invoice", "new", order, "--item", f"1={n}") for n in (1, 2)]
    for key in keys:
        cli("--today", "2026-11-20", "invoice", "issue", key)
    files = [next(root.glob(f"invoices/**/{key}*")) for key in keys]
    files[1].write_text(files[1].read_text().replace("number: 2026-0002", "number: 2026-0001"))
    files[0].write_text(files[0].read_text().replace("quantity: 1\n", "quantity: 4\n"))
    faults = {line["rule"] for line in loads(cli("check", "--format", "json", code=1).out)}
    assert {"invoice-number-twice", "overdrawn-order"} <= faults
    files[1].write_text(files[1].read_text().replace("number: 2026-0001", "number: 2026-0005"))
    gaps = [
        line["message"]
        for line in loads(cli("check", "--format", "json").out)
        if line["rule"] == "invoice-gap"
    ]
    assert [gap.split(";")[0] for gap in gaps] == ["no invoice has the numbers 2026-0002 to 2026-0004"]
    text = files[1].read_text().replace("number: 2026-0005", "number: 2026-0003")
    files[1].write_text(text.replace("date: 2026-11-20", "date: 2026-11-19"))
    order_ = {line["rule"]: line["message"] for line in loads(cli("check", "--format", "json").out)}
    told = "date: 2026-0003 is of 2026-11-19, and 2026-0001 of 2026-11-20 before it"
    assert order_["invoice-order"] == told
    assert order_["invoice-gap"].startswith("no invoice has the number 2026-0002; its draft")
    files[1].write_text(files[1].read_text().replace("date: 2026-11-19", "date: 2026-11-20"))
    cli("invoice", "paid", keys[1], "--amount", "10")
    files[1].write_text(files[1].read_text().replace("amount: 10\n", "amount: 9999\n"))
    faults = loads(cli("check", "--format", "json").out)
    message = next(line["message"] for line in faults if line["rule"] == "invoice-status")
    assert re.search(r"\d\.\d\d EUR more is paid than it comes to", message)
    whole = loads(cli("invoice", "show", keys[1], "--format", "json").out)["total"]
    files[1].write_text(files[1].read_text().replace("amount: 9999\n", f"amount: {whole}\n"))
    settled = {line["rule"]: line["message"] for line in loads(cli("check", "--format", "json").out)}
    assert settled["invoice-status"] == "status: it is issued, and nothing is open"
    text = files[1].read_text()
    twice = re.sub(r"(?ms)^(- id: .+?)(?=^[a-z])", r"\1\1", text.replace("currency: EUR", "currency: USD"))
    twice = twice.replace("2026-0003", "from before")  # no number of the form in the settings
    files[1].write_text(re.sub(r"(order: \S+\n)", rf"\1credits: {keys[1]}\n", twice))
    rules = {line["rule"]: line["message"] for line in loads(cli("check", "--format", "json", code=1).out)}
    assert "only an invoice is credited" in rules["invoice-origin"]
    assert "2 payments have the id" in rules["duplicate-activity"]
    files[1].write_text(text)
    git("commit", "-qam", "by hand")
    base = cli("check", "--base", "HEAD~1", "--format", "json", code=1)
    assert "invoice-altered" in {line["rule"] for line in loads(base.out)}
    files[1].write_text(re.sub(r"(?ms)^payments:\n.+?(?=^[a-z]|\Z)", "", text))
    base = cli("check", "--base", "HEAD", "--format", "json", code=1)
    assert "payments removed: " in next(
        line["message"] for line in loads(base.out) if line["rule"] == "invoice-altered"
    )


def test_two_clones_number_in_one_row_and_nothing_without_the_remote(cli, order, root, git, tmp_path):
    keys = [made(cli, "invoice", "new", order, "--item", "1=0.5") for _ in range(4)]
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", tmp_path / "remote.git"], check=True)
    git("remote", "add", "origin", str(tmp_path / "remote.git"))
    git("push", "-q", "--set-upstream", "origin", "HEAD:main")
    shutil.copytree(root, tmp_path / "other")

    def issue(clone, key, code=0):
        return cli("-C", str(tmp_path / clone), "--today", "2026-11-20", "invoice", "issue", key, code=code)

    numbers = [
        issue(clone, key).out.split()[-1] for clone, key in zip(("other", root.name) * 2, keys, strict=True)
    ]
    assert numbers == [f"2026-000{n}" for n in (1, 2, 3, 4)]
    assert "2026-0001" in issue(root.name, keys[0]).out  # the same invoice has the same number everywhere
    more = made(cli, "invoice", "new", order, "--item", "2")
    shutil.move(tmp_path / "remote.git", tmp_path / "gone.git")
    assert f"{more} stays a draft; try again later; where no" in issue(root.name, more, code=1).err
    assert "draft" in cli("invoice", "show", more).out
    shutil.move(tmp_path / "gone.git", tmp_path / "remote.git")
    hook = root / ".git/hooks/reference-transaction"
    hook.write_text('#!/bin/sh\n[ "$1" != prepared ] || kill -9 $PPID\n')  # git, with its lock
    hook.chmod(0o755)
    issue(root.name, more, code=1)
    hook = hook.rename(hook.with_name("pre-commit"))
    hook.write_text("#!/bin/sh\nexit 1\n")
    said = issue(root.name, more, code=1).err
    assert f"git refused the commit: git ended with 1; 2026-0005 stays claimed for {more}" in said
    hook.unlink()
    assert "2026-0005" in issue(root.name, more).out


def test_an_invoice_is_mailed_once_whichever_clone_mails_it(cli, order, root, git, tmp_path, monkeypatch):
    key = made(cli, "invoice", "new", order)
    assert "is a draft without a number" in cli("invoice", "send", key, "--email", code=1).err
    cli("--today", "2026-11-20", "invoice", "issue", key)
    for name in ("a.txt", "b.txt"):  # two files of one name go along
        (tmp_path / name[0]).mkdir()
        (tmp_path / name[0] / "terms.txt").write_text(name)
        cli("attach", key, str(tmp_path / name[0] / "terms.txt"))
    git("init", "-q", "--bare", "-b", "main", str(tmp_path / "remote.git"))
    git("remote", "add", "origin", str(tmp_path / "remote.git"))
    git("push", "-q", "--set-upstream", "origin", "HEAD:main")
    shutil.copytree(root, tmp_path / "other")
    send = ("invoice", "send", "2026-0001", "--email", "--to", "maria@coffee.example")
    with mail_server() as server:
        for name, value in {"HOST": "127.0.0.1", "SECURITY": "none", "TIMEOUT": "1", "PORT": "1"}.items():
            monkeypatch.setenv(f"PIPECLI_SMTP_{name}", value)
        assert "nothing was sent" in cli(*send, code=1).err  # nobody listens there: nothing is claimed
        monkeypatch.setenv("PIPECLI_SMTP_PORT", str(server.port))
        assert "send to maria@coffee.example" in cli("-C", str(tmp_path / "other"), *send).out
        assert "2026-0001 is being mailed by another clone" in cli(*send, code=1).err
        cli("-C", str(tmp_path / "other"), "sync")
        cli("sync")
        assert "2026-0001 was sent on" in cli(*send, code=1).err
        assert len(server.mails) == 1
        left = root / f".git/pipecli/root/mail/{key}.eml"  # as by a kill: of a mail that nobody recorded,
        left.parent.mkdir(exist_ok=True)
        left.write_bytes(b"Message-ID: <unknown@contoso.example>\n\n")
        told = cli(*send, "--again", code=1).err
        assert "nobody knows whether that went out" in told and f"send {key} --again; if not" in told
        left.write_bytes(server.mails[0].content)  # and of one that its commit has recorded
        cli(*send, "--again", "--subject", "Once more")
        assert not left.exists()
        first, again = (message_from_bytes(mail.content, policy=policy.default) for mail in server.mails)
    assert (first["Subject"], again["Subject"]) == ("Factura 2026-0001 de Contoso", "Once more")
    assert [part.get_filename() for part in first.iter_attachments()] == [
        "2026-0001.pdf", "terms.txt", "terms.txt",
    ]  # fmt: skip
    assert "Adjuntamos factura 2026-0001." in first.get_body(("plain",)).get_content()
    deal = loads(cli("invoice", "show", key, "--format", "json").out)["opportunity"]
    mails = loads(cli("opp", "show", deal, "--format", "json").out)["activities"]
    assert {mail["message_id"] for mail in mails if "message_id" in mail} == {
        first["Message-ID"], again["Message-ID"],
    }  # fmt: skip
    assert cli("check", "--base", "origin/main").code == 0


def test_the_pdf_of_an_invoice_has_it_as_en_16931(cli, order, tmp_path):
    facturx = pytest.importorskip("facturx")
    paper, xml = str(tmp_path / "invoice.pdf"), str(tmp_path / "invoice.xml")
    key = made(cli, "invoice", "new", order, "--item", "1=2", "--item", "2")
    assert f"{key} is a draft" in cli("invoice", "render", key, "-o", xml, code=1).err
    cli("invoice", "issue", key)
    for missing, remedy in (
        ("the country of Contoso", ("settings", "set", "company.address=Calle 1\nEspaña")),
        ("the seller's tax number", ("settings", "set", "company.tax_id=ES-B12345674")),
    ):
        assert missing in cli("invoice", "render", key, "-o", xml, code=1).err
        cli(*remedy)
    cli("customer", "set", "contoso-coffee", "country=Germany")
    said = cli("invoice", "render", key, "-o", paper)
    assert "without Factur-X" not in said.err
    cli("invoice", "render", key, "-o", xml)
    name, embedded = facturx.get_facturx_xml_from_pdf(Path(paper).read_bytes())
    assert (name, embedded) == ("factur-x.xml", Path(xml).read_bytes())

    def of(tag, text=None):
        return re.findall(f"<ram:{tag}(?: [^>]*)?>([^<]*)<", text or embedded.decode())

    shown = loads(cli("invoice", "show", key, "--format", "json").out)
    assert (of("TaxBasisTotalAmount"), of("GrandTotalAmount")) == (
        [f"{shown['amount']}"],
        [f"{shown['total']}"],
    )
    assert of("LineTotalAmount") == ["1933.33", "487.50", "2420.83"]
    assert of("AllowanceTotalAmount") == [f"{shown['discount_total']}"]
    assert of("CountryID") == ["ES", "DE"]
    note = made(cli, "invoice", "credit", key, "--item", "2")
    cli("invoice", "issue", note)
    cli("invoice", "render", note, "-o", xml)
    credit = Path(xml).read_text()
    assert (of("TypeCode", credit)[0], of("IssuerAssignedID", credit)[-1]) == ("381", shown["number"])


def test_a_draft_is_not_in_the_books_nor_counted(cli, order, tmp_path):
    cli("invoice", "issue", made(cli, "invoice", "new", order, "--item", "Machine A=1"))
    made(cli, "invoice", "new", order)
    book = tmp_path / "book"
    said = cli("export", "invoices", "--journal", "hledger", "--output", str(book)).err
    assert f"1 invoice in {book}" in said and book.read_text().count("Invoice 2026-") == 1


@pytest.mark.parametrize("program", ["hledger", "beancount"])
def test_the_books_balance_where_they_are_kept(cli, order, tmp_path, program):
    checker = shutil.which({"hledger": "hledger", "beancount": "bean-check"}[program])
    if checker is None:
        pytest.skip(f"{program} is not installed")
    invoice = made(cli, "invoice", "new", order)
    cli("invoice", "issue", invoice)
    cli("invoice", "paid", invoice, "--amount", "1000")
    cli("invoice", "issue", made(cli, "invoice", "credit", invoice, "--item", "3"))
    book = tmp_path / "book"
    cli("export", "invoices", "--journal", program, "--output", str(book))
    command = [checker, "-f", book, "check"] if program == "hledger" else [checker, book]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    if program == "hledger":
        owed = subprocess.run(
            [checker, "-f", book, "balance", "Assets:Receivable", "-N", "--format", "%(total)"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        open_ = loads(cli("report", "receivables", "--format", "json").out)[-1]["open"]
        assert f"{open_:.2f} EUR" in owed.stdout
