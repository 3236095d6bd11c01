"""A sparse checkout: what is not checked out exists, and no total is smaller without a word."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Cli

Git = Callable[..., str]
DEAL = "OPP-2Q8XA"


def _sparse(git: Git, *folders: str) -> None:
    git("update-index", "--refresh")  # the fixture's files are copies, which git would leave in place
    git("sparse-checkout", "set", *folders)


@pytest.mark.parametrize("index_version", ["2", "4"])
def test_a_total_tells_of_deals_that_are_not_checked_out(
    index_version: str, cli: Cli, git: Git, shop: None
) -> None:
    git("update-index", "--index-version", index_version)
    whole = json.loads(cli("forecast", "--format", "json").out)["totals"]
    assert "checked out" not in cli("forecast").err
    _sparse(git, "customers", "schemas")
    for _ in range(2):  # as git says, and as it was kept
        assert "opportunities: 1 record is not checked out" in cli("forecast").err
    for command in ("opp list", "report pipeline", "sql", "export opportunities", "opp board"):
        words = command.split()
        said = cli(*words, *(["SELECT count(*) FROM opportunities"] if words == ["sql"] else []))
        assert "1 record is not checked out" in said.err, command
    assert "opportunities" not in cli("supplier", "list").err
    for noun in ("customer", "competitor"):  # of which deals are counted
        assert "opportunities: 1 record is not checked out" in cli(noun, "list").err
    assert "opportunities: 1 record is not checked out" in cli("find", "machines").err
    git("sparse-checkout", "disable")
    said = cli("forecast", "--format", "json")
    assert json.loads(said.out)["totals"] == whole
    assert "checked out" not in said.err


def test_check_and_doctor_tell_it(cli: Cli, git: Git, shop: None) -> None:
    _sparse(git, "customers", "schemas")
    said = cli("check")
    assert "opportunities" in said.out
    assert "(left-out)" in said.out or "left-out" in said.out
    assert "not checked out (sparse checkout), in contacts, opportunities" in cli("doctor").out


def test_one_file_that_git_is_told_to_skip_is_told(root: Path, cli: Cli, git: Git, shop: None) -> None:
    file = f"opportunities/2026/{DEAL}-espresso-machines.yaml"
    git("update-index", "--skip-worktree", file)
    assert "checked out" not in cli("opp", "list").err
    (root / file).unlink()
    assert "1 record is not checked out" in cli("opp", "list").err
    kept = root / ".git/pipecli/root/left-out.json"
    kept.write_text(kept.read_text().replace(file, "x"))  # damaged: it has another sum
    assert "1 record is not checked out" in cli("opp", "list").err


def test_a_deal_of_a_customer_that_is_not_checked_out_can_be_changed(cli: Cli, git: Git, shop: None) -> None:
    cli("customer", "add", "Café de la Mar")
    other = cli("opp", "add", "Cups", "--customer", "cafe-de-la-mar", "--format", "ids").id
    _sparse(git, "opportunities", "products", "price-lists", "schemas")
    cli("opp", "set", DEAL, "tags=a")
    cli("opp", "set", other, "tags=a")
    assert "unknown customer" not in cli("check").out
    assert git("ls-tree", "-r", "--name-only", "HEAD", "customers").split() == [
        "customers/cafe-de-la-mar.yaml", "customers/contoso-coffee.yaml",
    ]  # fmt: skip


def test_a_new_record_does_not_overwrite_one_that_is_not_checked_out(
    refused: Callable[..., str], git: Git, shop: None
) -> None:
    _sparse(git, "opportunities", "schemas")
    error = refused("customer", "add", "Contoso Coffee")
    assert "customers/contoso-coffee.yaml exists already, and is not checked out" in error


def test_what_a_record_that_is_not_here_may_name_is_not_removed(
    cli: Cli, refused: Callable[..., str], git: Git, shop: None
) -> None:
    cli("product", "add", "cup", "--name", "Cup")
    _sparse(git, "customers", "products", "schemas")
    assert "opportunities: 1 record is not checked out" in refused("product", "remove", "cup")


def test_what_is_decided_by_papers_that_are_not_here_is_not_done(
    cli: Cli, refused: Callable[..., str], git: Git, shop: None
) -> None:
    quote = cli("quote", "new", DEAL, "--valid-until", "+1d", "--format", "ids").id
    cli("quote", "send", quote)
    _sparse(git, "customers", "opportunities", "schemas")
    for verb in (["quote", "expire"], ["opp", "lost", DEAL, "--reason", "price"], ["opp", "won", DEAL]):
        assert "quotations: 1 record is not checked out" in refused(*verb), verb
    git("sparse-checkout", "disable")
    cli("opp", "won", DEAL)
    order = cli("order", "list", "--format", "ids").id
    cli("invoice", "issue", cli("invoice", "new", order, "--format", "ids").id)
    _sparse(git, "customers", "opportunities", "orders", "schemas")
    assert "invoices: 1 record is not checked out" in refused("invoice", "new", order)
    assert "invoices: 1 record is not checked out" in cli("order", "cancel", order, "--dry-run").err
    for verb in (["report", "receivables"], ["opp", "show", DEAL]):
        assert "invoices: 1 record is not checked out" in cli(*verb).err, verb
    _sparse(git, "customers", "opportunities", "quotations", "schemas")
    assert "orders: 1 record is not checked out" in refused("renew")
    assert "orders: 1 record is not checked out" in refused("opp", "reopen", DEAL)


def test_what_an_invoice_that_can_not_be_read_owes_is_not_taken_for_nothing(
    cli: Cli, refused: Callable[..., str], root: Path, shop: None
) -> None:
    cli("opp", "won", DEAL)
    (root / "invoices/2026/11").mkdir(parents=True)
    (root / "invoices/2026/11/INV-4F2QX-one.yaml").write_text("id: [\n")
    assert "INV-4F2QX-one.yaml:" in refused("report", "receivables")
