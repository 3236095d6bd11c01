"""`check --base`: what a branch may not do, beside the faults of the pipeline, and what isn't a base."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipecli.history.commit_as_of import commit_meant
from pipecli.store.location import find_location
from tests.conftest import DEAL, Cli, copied

Git = Callable[..., str]

DEAL_FILE = "opportunities/2026/OPP-2Q8XA-espresso-machines.yaml"
QUOTATION = "quotations/2026/QTN-AAAAA-contoso.yaml"
CUSTOMERS = {
    "customers/contoso.yaml": "id: contoso\nname: Contoso\n",
    "customers/acme.yaml": "id: acme\nname: Acme\n",
}
SENT = """\
id: QTN-AAAAA
created: 2026-11-03T10:00:00+01:00
opportunity: OPP-2Q8XA
date: 2026-11-03
status: sent
customer: contoso
currency: EUR
items:
- description: Machine
  unit_price: 4998.00
  discount: 5
"""


@pytest.fixture(scope="module")
def prepared(founded: Path, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A deal and its sent quotation on main; the branch `pr` is checked out, with nothing of its own."""
    root = tmp_path_factory.mktemp("prepared") / "contoso"
    copied(founded, root)
    deal = DEAL.format(id="OPP-2Q8XA", title="Espresso machines")
    for name, text in {DEAL_FILE: deal, QUOTATION: SENT, **CUSTOMERS}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    for arguments in (["add", "."], ["commit", "-qm", "A deal"], ["switch", "-qc", "pr"]):
        subprocess.run(["git", *arguments], cwd=root, check=True, env={**os.environ, "HOME": str(home)})
    return root


@pytest.fixture
def root(prepared: Path, tmp_path: Path) -> Path:
    return copied(prepared, tmp_path / "contoso")


def rules(said: str) -> list[str]:
    return [each["rule"] for each in json.loads(said)]


def change(root: Path, file: str, old: str, new: str) -> None:
    text = (root / file).read_text()
    assert text.count(old) == 1
    (root / file).write_text(text.replace(old, new))


def test_a_branch_without_findings_is_ok(cli: Cli, git: Git) -> None:
    cli("opp", "set", "OPP-2Q8XA", "amount=5000")
    said = cli("check", "--base", "main")
    assert said.out == ""
    base = git("rev-parse", "--short=7", "main")
    assert said.err == f"ok: 5 records; 1 file changed since main ({base})\n"


def test_an_altered_offer_is_told_once_and_ends_with_1(cli: Cli, git: Git, root: Path) -> None:
    """By the rule about changes, which says what was before; `frozen` says the same with less."""
    change(root, QUOTATION, "4998.00", "4000.00")
    assert rules(cli("check", "--format", "json", code=1).out) == ["frozen"]
    said = cli("check", "--base", "main", code=1)
    assert said.out == (
        f"{QUOTATION}:8:1: item Machine: unit_price: 4,998.00 → 4,000.00; QTN-AAAAA was sent, and what a "
        "customer was offered is frozen, make the next one: pipecli quote revise QTN-AAAAA "
        "(sent-quotation)\n"
    )
    base = git("rev-parse", "--short=7", "main")
    assert said.err == f"error: 1 error in 5 records; 1 file changed since main ({base})\n"


def test_what_an_import_alone_has_changed_is_told_as_a_warning_of_that(
    cli: Cli, git: Git, root: Path
) -> None:
    """The other system decides what was sent and what it was sold for, until somebody here touches it."""
    change(root, DEAL_FILE, "status: open", "status: won\nclosed: {date: 2026-11-10, amount: 4998}")
    git("commit", "-qam", "Won")
    git("branch", "-qf", "main")
    change(root, QUOTATION, "4998.00", "4000.00")
    change(root, DEAL_FILE, "amount: 4998}", "amount: 4000}")
    git("commit", "-qam", "Move in\n\nPipecli-Event: imported")
    by = f"by the import {git('rev-parse', '--short=7', 'HEAD')} of Ana Ruiz"
    told = [each["message"] for each in json.loads(cli("check", "--base", "main", "--format", "json").out)]
    assert told[::2] == [
        f"closed.amount: 4,998.00 → 4,000.00 {by}; it is won",
        f"item Machine: unit_price: 4,998.00 → 4,000.00 {by}; it was sent",
    ]
    change(root, QUOTATION, "4000.00", "3999.00")
    change(root, DEAL_FILE, "amount: 4000}", "amount: 3999}")
    found = rules(cli("check", "--base", "main", "--format", "json", code=1).out)
    assert {"closed-deal", "sent-quotation"} <= {*found}
    assert "settled-elsewhere" not in found


def test_warnings_alone_leave_it_at_0(cli: Cli, root: Path) -> None:
    (root / "customers/acme.yaml").unlink()
    said = cli("check", "--base", "main")
    assert said.out == (
        'customers/acme.yaml:1:1: warning: customer acme "Acme" is deleted (deleted-record)\n'
    )
    assert "ok: 4 records, 1 warning; 1 file changed" in said.err


def test_an_error_elsewhere_counts_and_a_warning_elsewhere_is_no_news(
    cli: Cli, git: Git, root: Path, given: Callable[[dict[str, str]], None]
) -> None:
    """Another's discount above the limit does not concern the branch; what names what it removed does."""
    draft = SENT.replace("AAAAA", "DDDDD").replace("sent", "draft").replace("discount: 5", "discount: 30")
    given({QUOTATION.replace("AAAAA", "DDDDD"): draft})
    git("branch", "-qf", "main")
    change(root, "customers/acme.yaml", "Acme", "Acme, S.A.")
    assert rules(cli("check", "--format", "json").out) == ["discount"]
    assert cli("check", "--base", "main").out == ""
    change(root, "pipecli.yaml", "default_days: 7", "default_days: 8")
    assert rules(cli("check", "--base", "main", "--format", "json").out) == ["discount"]
    git("checkout", "-q", "pipecli.yaml")
    (root / "customers/contoso.yaml").unlink()
    found = json.loads(cli("check", "--base", "main", "--format", "json", code=1).out)
    assert [(each["file"], each["rule"]) for each in found] == [
        ("customers/contoso.yaml", "deleted-record"),
        (QUOTATION, "reference"),
        (QUOTATION.replace("AAAAA", "DDDDD"), "reference"),
    ]


def test_files_restrict_it(cli: Cli, root: Path) -> None:
    change(root, QUOTATION, "4998.00", "4000.00")
    cli("check", "--base", "main", "customers")
    cli("check", "--base", "main", "quotations", code=1)


def test_what_main_did_since_is_not_the_branch_s(cli: Cli, git: Git, root: Path) -> None:
    git("switch", "-q", "main")
    git("rm", "-q", "customers/acme.yaml")
    git("commit", "-qm", "Acme is gone")
    git("switch", "-q", "pr")
    assert cli("check", "--base", "main").out == ""
    git("merge", "-q", "main", "-m", "Merge main")
    assert cli("check", "--base", "main").out == ""


def test_settings_that_can_not_be_read_stop_no_rule_that_does_not_ask_them(cli: Cli, root: Path) -> None:
    change(root, QUOTATION, "4998.00", "4000.00")
    (root / "pipecli.yaml").write_text("company: {name: Contoso}\ncurency: EUR\n")
    found = rules(cli("check", "--base", "main", "--format", "json", code=1).out)
    assert found == ["schema", "schema", "sent-quotation"]


# What isn't a base, and what a repository may be like. `diff` asks the same of its range.


@pytest.mark.parametrize("command", [["check", "--base"], ["diff", "--"]])
@pytest.mark.parametrize(
    ("revision", "said"),
    [
        ("-x", '"-x" isn\'t a revision: none begins with a hyphen'),
        ("--output=/tmp/x", '"--output=/tmp/x" isn\'t a revision: none begins with a hyphen'),
        ("nosuch", '"nosuch" isn\'t a revision that this repository has; name a commit, branch or tag'),
        ("HEAD:pipecli.yaml", '"HEAD:pipecli.yaml" isn\'t a revision that this repository has'),
    ],
)
def test_what_is_no_revision_is_refused(
    cli: Cli, refused: Callable[..., str], command: list[str], revision: str, said: str
) -> None:
    assert refused(*command, revision).startswith(f"error: {said}")


@pytest.mark.parametrize("base", ["", "main..pr", "main..."])
def test_a_base_is_one_revision(refused: Callable[..., str], base: str) -> None:
    assert refused("check", "--base", base).startswith(
        f'error: --base: "{base}" isn\'t a revision; name one '
    )


@pytest.mark.parametrize("command", [["check", "--base"], ["diff"]])
def test_an_empty_repository(cli: Cli, root: Path, git: Git, command: list[str]) -> None:
    shutil.rmtree(root / ".git")
    git("init", "-q")
    said = cli(*command, "HEAD", code=1)
    assert said.err == "error: the repository has no commit yet, and so no history; commit first\n"
    assert said.out == ""


@pytest.fixture
def shallow(root: Path, git: Git, tmp_path: Path) -> Path:
    """A clone of the last commit of `pr` only, as code hosts make by default."""
    git("commit", "-q", "--allow-empty", "-m", "The branch's own")
    git("switch", "-q", "main")
    git("commit", "-q", "--allow-empty", "-m", "Main goes on")
    made = tmp_path / "shallow"
    subprocess.run(
        ["git", "clone", "-q", "--depth=1", "--branch=pr", f"file://{root}", str(made)], check=True
    )
    return made


@pytest.mark.parametrize("command", [["check", "--base"], ["diff"], ["undo"], ["opp", "list", "--as-of"]])
def test_a_tag_named_as_the_branch_takes_not_its_place(
    refused: Git, git: Git, root: Path, command: list[str]
) -> None:
    """Whoever may push a tag would else say what a change is compared with."""
    git("tag", "main", "HEAD~1")
    git("tag", (commit := git("rev-parse", "HEAD"))[:8], "HEAD~1")
    for name, other in (("main", "refs/heads/main"), (commit[:8], commit)):
        said = refused(*command, f"{name}~0")
        for ref in (f"refs/tags/{name} (", f"{other} (", f"; name one in full, as {other}"):
            assert ref in said
    git("tag", "--force", "main")  # at one commit all mean the same
    assert commit_meant(find_location(root), "main") == commit
    git("update-ref", "main", "HEAD~1")  # a file .git/main, as the full name was forgotten
    assert f"main in git's own folder ({git('rev-parse', 'HEAD~1')[:7]})" in refused(*command, "main")
    assert '"^main"' in refused(*command, "^main")


@pytest.mark.parametrize("command", [["check", "--base"], ["diff"]])
def test_a_shallow_clone_says_how_to_deepen_it(cli: Cli, shallow: Path, command: list[str]) -> None:
    ask = ["-C", str(shallow), *command]
    said = cli(*ask, "origin/main", code=1).err
    assert said == (
        'error: "origin/main" isn\'t a revision that this repository has, and the clone is shallow; '
        "bring the older commits: git fetch --unshallow\n"
    )
    # With the base, but not the commit where the two part: what main did would count as undone here.
    subprocess.run(["git", "fetch", "-q", "--depth=1", "origin", "main:main"], cwd=shallow, check=True)
    said = cli(*ask, "main", code=1).err
    assert said.startswith("error: this clone is shallow, and where HEAD left main is not in it; ")
    subprocess.run(["git", "fetch", "-q", "--unshallow", "origin"], cwd=shallow, check=True)
    cli(*ask, "main")


def test_a_detached_head(cli: Cli, git: Git, root: Path) -> None:
    git("rm", "-q", "customers/acme.yaml")
    git("commit", "-qm", "Acme is gone")
    git("checkout", "-q", "--detach")
    assert "deleted-record" in cli("check", "--base", "main").out
    assert "deleted-record" in cli("diff", "main..").out


def test_a_merge_in_progress_is_said(cli: Cli, git: Git, root: Path) -> None:
    for name, title in (("pr", "One"), ("main", "Two")):
        git("switch", "-q", name)
        change(root, "customers/acme.yaml", "Acme", title)
        git("commit", "-qam", title)
    git("config", "merge.pipecli.driver", "false")
    subprocess.run(["git", "merge", "-q", "pr"], cwd=root, capture_output=True)
    acme = root / "customers/acme.yaml"
    acme.write_text("<<<<<<< ours\nid: acme\nname: Two\n=======\nid: acme\nname: One\n>>>>>>> theirs\n")
    for command in (["check", "--base", "main"], ["diff", "main"]):
        said = cli(*command, code=1 if command[0] == "check" else 0)
        assert "warning: a merge is in progress; this is about the working tree as it is\n" in said.err
        assert "customers/acme.yaml" in said.out + said.err
        assert "conflict markers" in said.out + said.err


def test_what_was_never_valid_is_said_and_does_not_stop_the_rest(cli: Cli, git: Git, root: Path) -> None:
    """A binary, a link and a directory under a record's name in old commits; then they are put right."""
    (root / "customers/binary.yaml").write_bytes(b"\x00\xff\xfe" * 1000)
    (root / "customers/link.yaml").symlink_to("/etc/passwd")
    git("add", "customers")
    head = git("rev-parse", "HEAD")
    git("update-index", "--add", "--cacheinfo", f"160000,{head},customers/module.yaml")
    git("commit", "-qm", "What isn't a record")
    (root / "customers/module.yaml").mkdir()
    for said in (cli("check", "--base", "main", code=1), cli("diff", "main"), cli("diff", "main..HEAD")):
        for name in ("binary", "link", "module"):
            assert f"customers/{name}.yaml" in said.out + said.err
    assert "a symbolic link can't be a record" in cli("diff", "main").err
    (root / "customers/module.yaml").rmdir()
    for name in ("binary", "link", "module"):
        (root / f"customers/{name}.yaml").unlink(missing_ok=True)
        (root / f"customers/{name}.yaml").write_text(f"id: {name}\nname: {name}\n")
    git("update-index", "--force-remove", "customers/module.yaml")
    git("add", "customers")
    git("commit", "-qm", "Records")
    found = json.loads(cli("check", "--base", "HEAD~1", "--format", "json").out)
    assert [(each["rule"], each["file"]) for each in found] == [
        ("not-compared", f"customers/{name}.yaml") for name in ("binary", "link", "module")
    ]
    told: dict[str, Any] = json.loads(cli("diff", "HEAD~1..HEAD", "--format", "json").out)
    assert [each["events"][0]["text"] for each in told["records"]] == [
        "could not be read before (line 1: is not UTF-8 text; save it as UTF-8), can be read now",
        "could not be read before (a symbolic link can't be a record), can be read now",
        "could not be read before (a directory has the name of a record), can be read now",
    ]
