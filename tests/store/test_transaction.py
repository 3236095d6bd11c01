"""One command, one commit; or everything as it was."""

from __future__ import annotations

import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

from pipecli.cli.main import run
from pipecli.errors import PipecliError
from pipecli.records.catalogue import Product
from pipecli.records.customer import Customer
from pipecli.records.lead import Lead
from pipecli.records.opportunity import Opportunity
from pipecli.store import safe_files
from pipecli.store.git_commit import NewCommit
from pipecli.store.pipeline import NotFound, Pipeline
from pipecli.store.plan_writes import DraftPipeline, Planner, Write, diff_of_writes, plan_writes
from pipecli.store.write_and_commit import write_and_commit
from pipecli.workflow import Change

COMMENTED = """\
# yaml-language-server: $schema=../../schemas/opportunity.schema.json
# Ana: they like the S-100 best.
id: OPP-2Q8XA
created:   2026-11-02T10:00:00+01:00
title: "Espresso machines"      # as they call it

type: sales
process: standard
stage: qualify   # moved by `advance` only
status: open
owner: ana-ruiz
currency: EUR
amount:   4998.00     # two machines
# the customer says before Christmas
expected_close: 2026-12-15
tags: [ coffee,  iberia ]   # for the report
custom:
    anything: "goes"    # here
"""


def head(git: Callable[..., str]) -> str:
    return git("rev-parse", "HEAD")


def test_a_change_is_one_commit_of_its_files_alone(cli, deal, git, root):
    file = deal()
    before = head(git)

    said = cli("opp", "set", "2q8", "amount=5400.00", "-m", "They took the grinder too")

    assert said.out == "OPP-2Q8XA Espresso machines: set amount\n"
    assert git("rev-list", "--count", f"{before}..HEAD") == "1"
    assert git("show", "--name-only", "--format=%B", "HEAD").splitlines() == [
        "OPP-2Q8XA: set amount",
        "",
        "They took the grinder too",
        "",
        "Pipecli-Event: changed",
        "Pipecli-Record: OPP-2Q8XA",
        "",
        "",
        str(file.relative_to(root)),
    ]
    assert git("status", "--porcelain") == ""


def test_a_comment_rich_file_keeps_every_byte_but_the_value(cli, deal):
    file = deal(text=COMMENTED)

    cli("opp", "set", "2q8", "amount=5400.50", "expected_close=2027-01-15")

    expected = COMMENTED.replace("4998.00", "5400.50").replace(
        "expected_close: 2026-12-15", "expected_close: 2027-01-15"
    )
    assert file.read_text() == expected


def test_setting_what_is_so_already_makes_no_commit(cli, deal, git):
    deal()
    before = head(git)

    said = cli("opp", "set", "2q8", "amount=4998")

    assert "nothing to change" in said.err
    assert head(git) == before


def test_taking_back_what_was_done_by_hand_needs_no_commit(cli, deal, git, root):
    file = deal()
    text, before = file.read_text(), head(git)
    file.write_text(text.replace("4998.00", "1.00"))
    assert cli("opp", "set", "2q8", "amount=4998.00").out.endswith(": set amount\n")
    assert (file.read_text(), head(git), git("status", "--porcelain")) == (text, before, "")

    (root / "schemas/lead.schema.json").unlink()
    assert cli("schema", "write").out == "schemas/lead.schema.json\n"
    assert (head(git), git("status", "--porcelain")) == (before, "")

    # what a hook refuses isn't taken for that, though git is told to see no change in the file
    git("update-index", "--assume-unchanged", str(file.relative_to(root)))
    refuse(root)
    assert "deals are frozen" in cli("opp", "set", "2q8", "amount=1", code=1).err
    assert file.read_text() == text


def test_what_the_user_had_staged_and_changed_stays_theirs(cli, deal, git, root):
    deal()
    other = deal("OPP-7K3M9", "Grinders")
    (root / "notes.txt").write_text("my notes\n")
    git("add", "notes.txt")
    other.write_text(other.read_text() + "notes: by hand, not committed\n")

    cli("opp", "set", "2q8", "amount=1")

    assert (
        git("show", "--name-only", "--format=", "HEAD")
        == "opportunities/2026/OPP-2Q8XA-espresso-machines.yaml"
    )
    assert git("diff", "--cached", "--name-only") == "notes.txt"
    assert git("diff", "--name-only") == str(other.relative_to(root))


def test_what_a_hook_of_a_persons_own_folder_formats_is_staged_as_it_is_committed(cli, deal, git, root):
    deal()
    hook = root.parent / "hooks" / "pre-commit"
    hook.parent.mkdir()
    hook.write_text("#!/bin/sh\nsed -i 's/^title: .*/title: Formatted/' opp*/*/*; git add opp*\n")
    hook.chmod(0o755)
    git("config", "core.hooksPath", str(hook.parent))
    cli("opp", "set", "OPP-2Q8XA", "title=As typed")
    assert (git("status", "--porcelain"), "+title: Formatted" in git("show")) == ("", True)


def refuse(root: Path) -> None:
    hook = root / ".git" / "hooks" / "pre-commit"
    hook.write_text(
        "#!/bin/sh\ngit log 2>.git/advice >/dev/null\necho 'deals are frozen on Fridays' >&2\nexit 1\n"
    )
    hook.chmod(0o755)


def test_a_hook_that_refuses_leaves_a_change_undone_and_is_heard(cli, deal, git, root):
    file = deal()
    text, before = file.read_bytes(), head(git)
    refuse(root)

    said = cli("opp", "set", "2q8", "amount=1", code=1)

    assert "deals are frozen on Fridays" in said.err
    assert said.err.count("error: ") == 1
    assert (root / ".git/advice").read_text() == ""  # git tells the hook nothing of an empty graft file
    assert file.read_bytes() == text
    assert head(git) == before
    assert git("status", "--porcelain") == ""
    assert "4998" in cli("opp", "list", "--format", "json").out


def test_a_hook_that_refuses_many_records_costs_no_git_for_each(cli, deal, git, root, tmp_path, monkeypatch):
    for number in range(4):
        deal(f"OPP-2Q8X{number}", f"Deal {number}")
    refuse(root)
    shim = tmp_path / "counted" / "git"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\necho "$*" >> {tmp_path}/calls\nexec {shutil.which("git")} "$@"\n')
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", str(shim.parent), prepend=os.pathsep)

    cli("opp", "set", "--where", "amount > 1", "amount=1", code=1)

    assert (tmp_path / "calls").read_text().count("cat-file --batch") == 1
    assert git("status", "--porcelain") == ""


def test_a_hook_that_refuses_leaves_no_new_file_behind(cli, git, root):
    refuse(root)
    (root / "leads").mkdir()

    cli("lead", "add", "--name", "Ana", code=1)

    assert git("status", "--porcelain") == ""
    assert [*(root / "leads").iterdir()] == []  # and the folder that was there stays


def test_without_a_git_identity_nothing_changes_and_the_way_out_is_told(
    cli, deal, git, monkeypatch, tmp_path
):
    file = deal()
    text, before = file.read_bytes(), head(git)
    (tmp_path / "nobody").write_text("[user]\n    useConfigOnly = true\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "nobody"))

    said = cli("opp", "set", "2q8", "amount=1", code=1)

    assert said.err == (
        "error: git doesn't know who you are, and every change is signed with a name; "
        "tell it: git config --global user.name NAME && git config --global user.email ADDRESS\n"
    )
    assert file.read_bytes() == text
    assert head(git) == before


def in_a_world_where(
    root: Path, *arguments: str, prepare: Callable[[], None] | None = None, wrap: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    """Run pipecli as a process of its own, under what `prepare` does to it or inside `wrap`."""
    command = [*wrap, sys.executable, "-m", "pipecli", "-C", str(root), *arguments]
    # A compiled module that stops in the middle of a full disk would be there for the next test.
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        command, preexec_fn=prepare, capture_output=True, text=True, check=False, env=environment
    )


@pytest.mark.parametrize(
    ("room", "said"),
    [
        (600, "can't be written: File too large; nothing is changed"),  # our file
        (1500, "git refused the commit, nothing is changed"),  # git's
    ],
)
def test_on_a_full_disk_nothing_changes(cli, deal, git, root, room, said):
    """A limit on the size of files stands in for the full disk: a write fails half-way, for root too."""
    file = deal(text=COMMENTED + f"notes: {'long ' * 100}\n")
    text, before = file.read_bytes(), head(git)
    cli("opp", "list")

    def fill() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    refused = in_a_world_where(root, "opp", "set", "2q8", "amount=1", prepare=fill)

    assert refused.returncode == 1
    assert said in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert file.read_bytes() == text
    assert (head(git), git("status", "--porcelain")) == (before, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="has no disk that is always full")
def test_output_that_a_full_disk_does_not_take_is_told_with_what_was_done(deal, git, root):
    deal()

    def said(*arguments: str) -> str:
        command = [sys.executable, "-m", "pipecli", "-C", str(root), *arguments]
        with open("/dev/full", "w") as full:  # noqa: PTH123
            done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
        assert done.returncode == 1
        return done.stderr

    assert said("opp", "list") == "error: No space left on device\n"
    told = said("opp", "set", "2q8", "amount=1")
    made = f"it has made 1 change, the last as commit {head(git)[:7]}"
    assert told == f"error: No space left on device; {made}\n"


def test_on_a_read_only_disk_reading_works_and_changing_is_refused(deal, git, root):
    file = deal()
    text = file.read_bytes()
    read_only = ["unshare", "--mount", "--map-root-user", "sh", "-c"]
    mount = f'mount --bind "{root}" "{root}" && mount -o remount,ro,bind "{root}" && exec "$@"'
    wrap = [*read_only, mount, "sh"]
    if subprocess.run([*wrap, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system lets nobody mount a read-only view")

    listed = in_a_world_where(root, "opp", "list", wrap=wrap)
    refused = in_a_world_where(root, "opp", "set", "2q8", "amount=1", wrap=wrap)

    assert (listed.returncode, "Espresso" in listed.stdout) == (0, True), listed.stderr
    assert refused.returncode == 1
    assert refused.stderr.startswith("error: the pipeline can't be written: ")
    assert refused.stderr.count("\n") == 1
    assert file.read_bytes() == text


def test_dry_run_prints_the_diff_and_changes_nothing(cli, deal, git):
    file = deal()
    text, before = file.read_bytes(), head(git)

    said = cli("opp", "set", "2q8", "amount=5400.00", "--dry-run")

    assert "-amount: 4998.00\n+amount: 5400.00\n" in said.out
    assert (file.read_bytes(), head(git)) == (text, before)


def test_a_diff_ends_its_last_line_as_every_other():
    written = [Write("a.txt", b"x\ny", b"x\nz"), Write("b.txt", None, b"new"), Write("c.txt", b"old\n", None)]
    assert diff_of_writes(written).splitlines(keepends=True) == [
        *("--- a/a.txt\n", "+++ b/a.txt\n", "@@ -1,2 +1,2 @@\n", " x\n", "-y\n", "+z\n"),
        *("--- /dev/null\n", "+++ b/b.txt\n", "@@ -0,0 +1 @@\n", "+new\n"),
        *("--- a/c.txt\n", "+++ /dev/null\n", "@@ -1 +0,0 @@\n", "-old\n"),
    ]


def test_no_commit_writes_the_file_and_leaves_the_commit(cli, deal, git):
    file = deal()
    before = head(git)

    cli("opp", "set", "2q8", "amount=5400.00", "--no-commit")

    assert "amount: 5400.00" in file.read_text()
    assert head(git) == before
    assert git("status", "--porcelain").strip().startswith("M opportunities")


def test_a_pipeline_in_a_subfolder_commits_only_its_own_files(tmp_path, home, capsys):
    repository = tmp_path / "company"
    repository.mkdir()
    call = ["git", "-C", str(repository)]
    subprocess.run([*call, "init", "-q"], check=True)
    (repository / "README.md").write_text("the company\n")
    assert run(["init", str(repository / "sales")]) == 0
    assert run(["-C", str(repository / "sales"), "product", "add", "cafe-s-100", "--name", "Café"]) == 0

    names = subprocess.run(
        [*call, "show", "--name-only", "--format=", "HEAD"], capture_output=True, text=True, check=True
    )
    assert names.stdout == "sales/products/cafe-s-100.yaml\n"
    status = subprocess.run([*call, "status", "--porcelain"], capture_output=True, text=True, check=True)
    assert status.stdout == "?? README.md\n"


def test_a_killed_command_undoes_its_work(deal, git, root):
    """A polite kill while a slow hook runs: the file is as before and the next command works."""
    file = deal()
    text, before = file.read_bytes(), head(git)
    hook = root / ".git" / "hooks" / "pre-commit"
    waits = "until [ -e .git/goes-on ]; do sleep 0.1; done"
    hook.write_text(f"#!/bin/sh\ntouch .git/hook-runs\n{waits}\nexit 1\n")
    hook.chmod(0o755)
    command = [sys.executable, "-m", "pipecli", "-C", str(root), "opp", "set", "2q8", "amount=1"]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while not (root / ".git" / "hook-runs").exists():
        assert running.poll() is None
        time.sleep(0.02)
    running.send_signal(signal.SIGTERM)
    (root / ".git" / "goes-on").touch()
    _, said = running.communicate(timeout=20)

    assert running.returncode == 130
    assert "interrupted" in said
    assert file.read_bytes() == text
    assert head(git) == before
    assert not list((root / ".git").glob("*.lock"))  # as a git that is killed at once would leave


def test_a_polite_kill_before_all_is_told_leaves_nothing_untold(cli, git, root, monkeypatch, capsys):
    """It comes when the lock is given back; a script reads what was printed, and may not have it yet."""
    exclusive = Pipeline.exclusive

    @contextmanager
    def killed_at_the_end(pipeline):
        with exclusive(pipeline):
            yield
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(Pipeline, "exclusive", killed_at_the_end)
    default = signal.signal(signal.SIGTERM, lambda *_: pytest.fail("killed, and nothing was told"))
    try:
        code = run(["-C", str(root), "opp", "add", "Grinders"])
    finally:
        signal.signal(signal.SIGTERM, default)

    said = capsys.readouterr()
    commit = git("rev-parse", "--short=7", "HEAD").strip()
    assert (code, said.err) == (
        130,
        f"error: interrupted; it has made 1 change, the last as commit {commit}\n",
    )
    assert re.fullmatch(r"OPP-[0-9A-Z]{5}\n", said.out)
    assert git("log", "-1", "--format=%s").startswith(said.out.strip())


def test_a_file_written_by_hand_is_committed_by_the_command_that_changes_it(cli, root, git):
    """It was never added to git: the command's commit is its first."""
    file = root / "opportunities" / "2026" / "OPP-2Q8XA-espresso-machines.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(COMMENTED)
    (root / "note.txt").write_text("mine")
    cli("opp", "advance", "2q8")

    assert git("status", "--porcelain") == "?? note.txt"
    assert git("show", "--format=", "--name-only") == file.relative_to(root).as_posix()
    assert file.read_text() == COMMENTED.replace("stage: qualify", "stage: demo")


def test_what_was_left_to_commit_is_committed_by_the_next_command(cli, git):
    made = cli("opp", "add", "Grinders", "--no-commit", "--format", "ids").id
    cli("opp", "set", made, "amount=10")
    assert git("status", "--porcelain") == ""
    assert git("log", "-1", "--format=%s") == f"{made}: set amount"


def test_a_file_git_does_not_know_stays_unknown_when_a_hook_refuses(refused, root, git):
    file = root / "opportunities" / "2026" / "OPP-2Q8XA-espresso-machines.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(COMMENTED)
    hook = root / ".git" / "hooks" / "pre-commit"
    hook.write_text("#!/bin/sh\necho no >&2\nexit 1\n")
    hook.chmod(0o755)

    assert refused("opp", "advance", "2q8") == "error: git refused the commit, nothing is changed: no"
    assert file.read_text() == COMMENTED


def test_in_the_middle_of_a_rebase_nothing_is_committed(cli, refused, deal, git, root):
    """`git rebase --abort` would lose it."""
    file = deal()
    git("checkout", "-q", "-b", "theirs")
    cli("opp", "set", "2q8", "title=Theirs")
    git("checkout", "-q", "main")
    cli("opp", "set", "2q8", "title=Ours")
    subprocess.run(["git", "rebase", "-q", "theirs"], cwd=root, capture_output=True, check=False)
    assert "<<<<<<<" in file.read_text()

    said = refused("opp", "add", "Grinders")
    assert said.startswith("error: a rebase is in progress")
    assert "git rebase --continue" in said
    cli("opp", "add", "Mills", "--no-commit")
    git("rebase", "--abort")
    cli("opp", "add", "Grinders")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("title=a\x1bb",), "a text can't hold the control character U+001B"),
        (("custom.note=a\x07",), "a text can't hold the control character U+0007"),
        (("custom.big=123456789012345678901234567890.5",), "a number can't have as many digits as"),
    ],
)
def test_what_no_file_may_hold_is_refused(refused, deal, asked, said):
    deal()
    assert refused("opp", "set", "2q8", *asked).startswith(f"error: OPP-2Q8XA: {said}")


HAND = "id: hand # the only one\nname: Hand\n"


def test_a_record_that_no_file_may_hold_is_refused(refused, deal, monkeypatch):
    deal()
    monkeypatch.setattr(safe_files, "LARGEST", 20_000)
    said = refused("opp", "set", "2q8", f"notes={'x' * 20_000}")
    assert re.search(r"OPP-2Q8XA would take 20,\d\d\d bytes, and a record has 20,000 at most", said)


def test_the_last_file_of_a_folder_comes_back_when_a_hook_refuses(refused, given, root):
    given({"customers/hand.yaml": HAND})
    hook = root / ".git" / "hooks" / "pre-commit"
    hook.write_text("#!/bin/sh\necho no >&2\nexit 1\n")
    hook.chmod(0o755)

    assert refused("customer", "remove", "hand") == "error: git refused the commit, nothing is changed: no"
    assert (root / "customers" / "hand.yaml").read_text() == HAND


def test_a_change_commits_what_git_knows_with_what_a_person_just_wrote(cli, given, root, git):
    given({"customers/known.yaml": "id: known\nname: Known\n"})
    (root / "customers" / "hand.yaml").write_text(HAND)

    cli("customer", "set", "known", "hand", "country=ES")

    assert git("show", "--name-only", "--format=").split() == ["customers/hand.yaml", "customers/known.yaml"]
    assert git("status", "--porcelain") == ""


def test_what_git_could_not_bring_back_is_not_removed(refused, root):
    file = root / "customers" / "hand.yaml"
    file.parent.mkdir()
    file.write_text(HAND)

    said = refused("customer", "remove", "hand")
    assert said == (
        "error: customers/hand.yaml was never committed, git could not bring it back; commit it first"
    )
    assert file.read_text() == HAND


@pytest.mark.parametrize("words", [("remove", "known"), ("merge", "known", "other")])
def test_what_was_edited_by_hand_and_is_in_no_commit_is_not_removed(given, git, refused, root, words):
    """Git would bring back the file as it was before two hours of typing."""
    given({f"customers/{key}.yaml": f"id: {key}\nname: {key}\n" for key in ("known", "other")})
    known = root / "customers/known.yaml"
    known.write_text(known.read_text() + "notes: two hours of typing\n")
    text, head = known.read_text(), git("rev-parse", "HEAD")

    assert refused("customer", *words) == (
        "error: customers/known.yaml has edits that are not committed, git could not bring them back; "
        "commit them first"
    )
    assert (known.read_text(), git("rev-parse", "HEAD")) == (text, head)


def test_an_index_that_another_process_builds_meanwhile_harms_nothing(cli, root, git):
    cli("opp", "add", "Machines", "--format", "ids")
    hook = root / ".git/hooks/post-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ncd .git/pipecli/root && cp index.sqlite new && mv new index.sqlite\n")
    hook.chmod(0o755)
    said = cli("opp", "add", "More machines", "--format", "json")
    assert '"title": "More machines"' in said.out
    assert "More machines" in cli("opp", "list").out
    assert git("status", "--porcelain") == ""


def test_what_somebody_writes_while_a_draft_is_committed_is_read_after_it(deal, root, tmp_path):
    file, pipeline = deal(), Pipeline.find(root)
    draft = DraftPipeline(pipeline, tmp_path)
    planner = Planner(draft)
    planner.take(Customer(id="contoso", name="Contoso"))
    draft.take(planner.writes())

    def by_hand() -> None:
        file.write_text(file.read_text().replace("Espresso machines", "By hand"))
        os.utime(file, (0, 0))  # not doubted, as what is written in this moment is
        Pipeline.find(root).index.connection.close()  # another command has the index know it

    write_and_commit(pipeline, draft.writes(), "A customer", before_writing=by_hand, draft=draft.index)
    rows = "SELECT key, label FROM _records WHERE noun != 'settings' ORDER BY key"
    after = Pipeline.find(root)
    assert after.index.connection.execute(rows).fetchall() == [
        ("OPP-2Q8XA", "By hand"),
        ("contoso", "Contoso"),
    ]


def test_what_a_draft_knows_is_copied_to_the_index_and_no_file_is_read_again(root, tmp_path):
    pipeline = Pipeline.find(root)
    draft, index = DraftPipeline(pipeline, tmp_path), pipeline.index
    planner = Planner(draft)
    planner.take(Customer(id="contoso", name="Contoso"))
    draft.take(planner.writes())
    write_and_commit(pipeline, draft.writes(), "A customer", draft=draft.index)
    assert pipeline.index is index  # where it can't be taken in, it is opened anew
    assert index.connection.execute("SELECT name FROM customers").fetchall() == [("Contoso",)]


def test_products_whose_names_come_to_one_have_a_file_each(cli, root):
    cli("product", "add", "ab-77", "--name", "Mill")
    products = [Product(sku=sku, name=sku) for sku in ("AB.77", "AB/77", "CD.1")]
    writes = plan_writes(Pipeline.find(root), [Change(product, "add", "added") for product in products])
    assert [write.file for write in writes] == [
        "products/ab-77-2.yaml", "products/ab-77-3.yaml", "products/cd-1.yaml",
    ]  # fmt: skip


def test_who_gives_it_up_that_a_commit_outlasts_a_power_cut_waits_for_no_disk(cli, monkeypatch):
    waited = []
    monkeypatch.setattr(os, "fsync", waited.append)
    cli("customer", "add", "Contoso")
    assert waited == []


def test_a_draft_knows_what_it_changes_once(deal, root, tmp_path):
    file, call = deal(), "{id: AAAAA, type: call, at: 2026-11-03, subject: Intro}"
    file.write_text(f"{file.read_text()}activities: [{call}]\n")
    draft = DraftPipeline(Pipeline.find(root), tmp_path)
    called = draft.get(Opportunity, "OPP-2Q8XA").activities
    lead = Lead.model_validate(
        {"id": "LEAD-7K3M9", "created": "2026-11-02T10:00:00+01:00", "name": "Ana", "activities": called}
    )
    for record in (draft.get(Opportunity, "OPP-2Q8XA").with_(title="Mills"), lead, lead.with_(name="Eva")):
        planner = Planner(draft)
        planner.take(record)
        draft.take(planner.writes())
    query = draft.index.connection.execute
    assert query("SELECT record FROM activities").fetchall() == [("OPP-2Q8XA",), ("LEAD-7K3M9",)]
    assert query("SELECT label FROM _records WHERE noun != 'settings'").fetchall() == [("Eva",), ("Mills",)]


def test_what_a_person_writes_between_reading_and_planning_is_not_taken_back(deal, root):
    file, pipeline = deal(), Pipeline.find(root)
    with pipeline.exclusive():
        record = pipeline.get(Opportunity, "OPP-2Q8XA")
        file.write_text(file.read_text().replace("Espresso machines", "By hand"))
        with pytest.raises(PipecliError, match="was changed by somebody meanwhile; nothing is changed"):
            plan_writes(pipeline, [Change(record.with_(owner=None), "set owner", "updated")])
        pipeline.look_again()
        record = pipeline.get(Opportunity, "OPP-2Q8XA")
        (write,) = plan_writes(pipeline, [Change(record.with_(owner=None), "set owner", "updated")])
    assert b"By hand" in write.after


def test_what_somebody_wrote_meanwhile_is_refused_and_stays(deal, root, git):
    """Between the plan of a change and its writing, whatever was planned with it."""
    file = deal().relative_to(root).as_posix()
    (root / "new.txt").write_text("theirs")
    for write, why in (
        (Write("new.txt", None, b"ours"), "new.txt was changed by somebody meanwhile and stays as it is now"),
        (Write(file, b"as it was", b"ours"), f"{file} was changed by somebody meanwhile"),
        (Write("gone.txt", b"as it was", b"ours"), "gone.txt was changed by somebody meanwhile"),
    ):
        for message in ("Try", None):
            with pytest.raises(PipecliError, match=re.escape(why)):
                write_and_commit(Pipeline.find(root), [Write("a.txt", None, b"ours"), write], message)
            assert not (root / "a.txt").exists()
    assert ((root / "new.txt").read_text(), git("status", "--porcelain")) == ("theirs", "?? new.txt")


@pytest.mark.parametrize(
    ("other", "rest"),
    [
        (["stash", "--quiet", "--include-untracked"], "nothing is changed"),
        (["reset", "--quiet", "--hard"], "nothing is changed"),
        (["checkout", "--quiet", "-f", "HEAD", "opportunities"], "the rest is, in "),
    ],
)
def test_what_another_git_puts_back_before_the_commit_is_not_told_as_done(
    deal, root, git, monkeypatch, other, rest
):
    file, make = deal().relative_to(root).as_posix(), NewCommit._commit
    before = (root / file).read_bytes()

    def meanwhile(commit, *words):
        git(*other)
        return make(commit, *words)

    monkeypatch.setattr(NewCommit, "_commit", meanwhile)
    writes = [Write(file, before, before.replace(b"Espresso", b"Big")), Write("a.txt", None, b"ours")]
    with pytest.raises(PipecliError, match=f"put back {file}.* before git had committed it; {rest}") as told:
        write_and_commit(Pipeline.find(root), writes, "Try")
    assert (root / file).read_bytes() == before
    assert git("status", "--porcelain") == ""
    is_half = "the rest" in rest
    assert (git("log", "-1", "--format=%s") == "Try", (root / "a.txt").exists()) == (is_half, is_half)
    assert (f"pipecli undo {git('rev-parse', 'HEAD')[:7]}" in str(told.value)) is is_half


def test_a_record_names_what_there_is_once_all_is_written(deal, root):
    deal()
    pipeline = Pipeline.find(root)
    record = pipeline.get(Opportunity, "OPP-2Q8XA")
    for change, unknown in (
        ({"shared_with": ("ana-ruiz",)}, ""),
        (
            {"shared_with": ("nobody",)},
            "unknown user or team nobody; see `pipecli user list` and `pipecli team",
        ),
        ({"customer": "nobody"}, "customer: unknown customer nobody; see `pipecli customer list`"),
    ):
        with pytest.raises(PipecliError, match=unknown) if unknown else nullcontext():
            plan_writes(pipeline, [Change(record.with_(**change), "change it", "updated")])
    with pytest.raises(NotFound, match="no opportunity OPP-7K3M9"):
        pipeline.get(Opportunity, "OPP-7K3M9")


def test_who_was_interrupted_after_a_commit_changes_nothing_more(root):
    pipeline = Pipeline.find(root)
    pipeline.is_to_stop = True
    with pytest.raises(KeyboardInterrupt), pipeline.exclusive():
        pytest.fail("it went on")


def test_a_deal_that_was_closed_before_1_0_is_changed_in_todays_keys(deal, root):
    text = COMMENTED.replace("status: open", "status: lost")
    closed = "closed:\n    date: 2026-11-10\n    reason: price   # as Ana heard it\n"
    file, pipeline = deal(text=text + closed), Pipeline.find(root)
    record = pipeline.get(Opportunity, "OPP-2Q8XA")
    assert record.closed.reasons == ("price",)
    after = record.with_(closed=record.closed.with_(reasons=("budget",)))
    (write,) = plan_writes(pipeline, [Change(after, "set closed.reasons", "updated")])
    head, _, lists = write.after.decode().partition("closed:\n    date: 2026-11-10\n")
    assert (write.file, head) == (file.relative_to(root).as_posix(), text)
    assert lists == "    reasons:\n    - budget\n    # as Ana heard it\n"
