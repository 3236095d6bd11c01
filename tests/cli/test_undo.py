"""`pipecli undo`: the last change taken back, and what can't be."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cli

Git = Callable[..., str]
Refused = Callable[..., str]
pytestmark = pytest.mark.usefixtures("shop")


def _deal(cli: Cli, key: str = "2q8xa") -> dict[str, Any]:
    deal: dict[str, Any] = json.loads(cli("opp", "show", key, "--format", "json").out)
    return deal


def test_the_last_change_is_taken_back_as_a_commit(cli: Cli, git: Git, root: Path) -> None:
    before = {file: file.read_bytes() for file in root.glob("*/**/*.yaml")}
    cli("opp", "advance", "2q8xa")
    said = cli("undo")
    assert said.out == "OPP-2Q8XA: undo advance propose → negotiate\n"
    assert said.err == "as before: OPP-2Q8XA\n"
    assert {file: file.read_bytes() for file in root.glob("*/**/*.yaml")} == before
    assert git("log", "-1", "--format=%s") == said.out.strip()
    assert git("status", "--porcelain") == ""
    cli("check")


def test_again_takes_back_the_one_before(cli: Cli, refused: Refused, git: Git) -> None:
    cli("opp", "set", "2q8xa", "title=One")
    cli("opp", "set", "2q8xa", "title=Two")
    cli("undo")
    assert _deal(cli)["title"] == "One"
    cli("undo")
    assert _deal(cli)["title"] == "Espresso machines"


def test_an_undo_is_undone_by_its_name(cli: Cli, git: Git) -> None:
    cli("opp", "set", "2q8xa", "title=One")
    cli("undo")
    cli("undo", git("rev-parse", "HEAD"))
    assert _deal(cli)["title"] == "One"


def test_a_commit_that_is_not_of_this_pipeline_takes_nothing_back(refused: Refused, git: Git) -> None:
    git("commit", "-q", "--allow-empty", "-m", "Nothing")
    said = refused("undo", "HEAD")
    assert f"{git('rev-parse', 'HEAD')[:7]} changed nothing of this pipeline, or is a merge" in said


def test_a_link_comes_back_as_no_file(cli: Cli, root: Path, refused: Refused, git: Git) -> None:
    link = root / "attachments/plan"
    link.parent.mkdir(exist_ok=True)
    link.symlink_to("../pipecli.yaml")
    git("add", "-A")
    git("commit", "-qm", "link")
    cli("lead", "add", "Ana")
    link.unlink()
    git("add", "-A")
    git("commit", "-q", "--amend", "--no-edit")
    assert "changed attachments/plan, a link or a submodule; git revert can" in refused("undo", "HEAD")
    assert not link.exists()


def test_all_that_a_command_made_goes(cli: Cli, root: Path) -> None:
    cli("quote", "send", cli("quote", "new", "2q8xa", "--format", "ids").id)
    cli("opp", "won", "2q8xa")
    assert list(root.glob("orders/**/*.yaml"))
    said = cli("undo")
    assert _deal(cli)["status"] == "open"
    assert not list(root.glob("orders/**/*.yaml"))
    assert "gone again: ORD-" in said.err


def test_what_was_removed_is_back(cli: Cli, root: Path) -> None:
    cli("supplier", "remove", "acme")
    assert "back again: acme" in cli("undo").err
    assert (root / "suppliers/acme.yaml").exists()


def test_what_somebody_changed_since_is_refused_and_named(cli: Cli, git: Git, refused: Refused) -> None:
    cli("opp", "set", "2q8xa", "title=One")
    git("config", "user.email", "ben@contoso.example")
    git("config", "user.name", "Ben")
    cli("opp", "set", "2q8xa", "title=Two")
    git("config", "user.email", "ana@contoso.example")
    said = refused("undo")
    assert "OPP-2Q8XA has changed since" in said
    assert '"OPP-2Q8XA: set title" of Ben' in said


def test_others_commits_are_left_alone_unless_named(cli: Cli, git: Git) -> None:
    cli("opp", "set", "2q8xa", "title=One")
    git("config", "user.email", "ben@contoso.example")
    cli("supplier", "set", "acme", "country=ES")
    git("config", "user.email", "ana@contoso.example")
    cli("undo")
    assert _deal(cli)["title"] == "Espresso machines"
    cli("undo", git("log", "--author=ben@", "-1", "--format=%h"))
    assert "country" not in json.loads(cli("supplier", "show", "acme", "--format", "json").out)


def test_what_others_name_stays(cli: Cli, refused: Refused, git: Git) -> None:
    cli("supplier", "add", "Gaggia")
    made = git("rev-parse", "HEAD")
    cli("supplier-quote", "new", "2q8xa", "--supplier", "gaggia")
    said = refused("undo", made)
    assert "gaggia can't be taken back: SQ-" in said

    cli("user", "add", "zoe", "--name", "Zoe", "--email", "zoe@contoso.example")
    made = git("rev-parse", "HEAD")
    cli("opp", "assign", "2q8xa", "zoe")
    assert "zoe can't be taken back: OPP-2Q8XA came to name it since" in refused("undo", made)
    cli("settings", "rename", "user", "zoe", "zoe-roth")
    cli("undo")
    assert _deal(cli)["owner"] == "zoe"
    cli("check")


def test_a_quotation_that_was_sent_is_not_unsent(cli: Cli, refused: Refused) -> None:
    key = cli("quote", "new", "2q8xa", "--format", "ids").id
    cli("quote", "send", key)
    assert f"{key} was sent" in refused("undo")
    cli("undo", "--force")
    assert json.loads(cli("quote", "show", key, "--format", "json").out)["status"] == "draft"


def test_what_was_changed_by_hand_since_is_refused(cli: Cli, root: Path, git: Git) -> None:
    cli("opp", "set", "2q8xa", "title=One")
    (file,) = root.glob("opportunities/**/OPP-2Q8XA*.yaml")
    file.write_text(file.read_text().replace("One", "Two"))
    assert "by hand and not yet committed" in cli("undo", code=1).err
    git("checkout", "--", ".")
    cli("opp", "set", "2q8xa", "title=Three")
    cli("undo")
    file.write_text(file.read_text().replace("One", "Two"))
    said = cli("undo", code=1).err
    assert f"by hand and not yet committed: git diff {file.relative_to(root)}" in said, said
    (root / "README.md").write_text("Ours\n")
    git("add", ".")
    git("commit", "-qm", "by hand")
    assert "also changed README.md" in cli("undo", "HEAD", code=1).err


def test_a_dry_run_shows_the_diff(cli: Cli, git: Git) -> None:
    cli("opp", "set", "2q8xa", "title=One")
    head = git("rev-parse", "HEAD")
    assert "-title: One\n" in cli("undo", "--dry-run").out
    assert git("rev-parse", "HEAD") == head


@pytest.mark.parametrize("revision", ["nope", "-x", "HEAD~99"])
def test_no_commit_of_that_name(refused: Refused, revision: str) -> None:
    assert f'"{revision}" isn\'t a revision' in refused("undo", "--", revision)


def test_the_pipeline_itself_stays(cli: Cli, git: Git, refused: Refused) -> None:
    assert "is the first commit" in refused("undo", git("rev-list", "--max-parents=0", "HEAD"))


def test_a_history_that_is_bent_or_not_all_here_is_told(
    cli: Cli, refused: Refused, git: Git, root: Path, tmp_path: Path
) -> None:
    cli("opp", "set", "2q8xa", "title=One")
    clone = tmp_path / "clone"
    git("clone", "-q", "--depth", "1", root.as_uri(), str(clone))
    said = refused("-C", str(clone), "undo", "HEAD")
    assert "set title" in said and "is where this shallow clone begins; bring the older commits" in said
    git("commit", "--allow-empty", "-qm", "x\n\n\x01")
    git("replace", "HEAD", "HEAD~1")
    assert "warning: this clone replaces 1 object (`git replace --list`)" in cli("undo").err
    assert _deal(cli)["title"] == "Espresso machines"


def test_json_names_both_commits(cli: Cli, git: Git) -> None:
    cli("opp", "set", "2q8xa", "title=One")
    undone = git("rev-parse", "HEAD")
    answer = json.loads(cli("undo", "--format", "json").out)
    assert (answer["undone"], answer["commit"]) == (undone, git("rev-parse", "HEAD"))
    assert answer["records"] == ["OPP-2Q8XA"]


def test_what_was_made_by_mistake_is_removed_with_what_hangs_on_it(
    cli: Cli, refused: Callable[..., str], shop: object, git: Callable[..., str]
) -> None:
    deal = cli("opp", "add", "Wrong", "--organization", "Blue Cup", "--format", "ids").id
    cli("opp", "item", "add", deal, "--description", "Mill", "--price", "10")
    draft = cli("quote", "new", deal, "--format", "ids").id
    cli("activity", "add", deal, "--type", "note", "--subject", "Hm")
    cli("opp", "remove", deal)
    assert git("log", "-1", "--format=%s") == f"{deal}: remove opportunity Wrong and {draft}"
    assert cli("opp", "list", "--all", "--where", "title = 'Wrong'", "--format", "ids").out == ""
    cli("undo")
    lead = cli("lead", "add", "--name", "Ana", "--organization", "Ana & Co", "--format", "ids").id
    cli("opp", "set", deal, f"lead={lead}")
    assert f"{lead} can't be removed, records use it: {deal}" in refused("lead", "remove", lead)
    cli("opp", "set", deal, "lead=")
    cli("lead", "remove", lead)
    cli("quote", "remove", draft)
    assert cli("quote", "list", "--all", "--format", "ids").out == ""
    cli("opp", "lost", deal, "--reason", "price")
    assert f"{deal} is lost" in refused("opp", "remove", deal)
    assert cli("check").code == 0
