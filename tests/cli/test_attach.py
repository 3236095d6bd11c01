"""Files beside records: kept in git with their hash, found by name, never by a path that somebody chose."""

from __future__ import annotations

import re
import shutil
from hashlib import sha256

import pytest

from pipecli.json_and_csv import loads
from tests.records_given import OPP

pytestmark = pytest.mark.usefixtures("shop")


@pytest.fixture
def plan(tmp_path):
    path = tmp_path / "Plan (v2) ünï.PDF"
    path.write_bytes(b"%PDF a plan\r\nof two lines")
    return path


def changed(git):
    return git("show", "--name-only", "--format=", "HEAD").splitlines()


def test_files_lie_beside_their_record_and_go_with_it(cli, root, git, plan, tmp_path):
    other = tmp_path / "..hidden"
    other.write_bytes(b"x")
    cli("attach", OPP, str(plan), str(other))
    assert [re.sub("-[0-9a-f]{8}", "", line) for line in changed(git)][:2] == [
        f"attachments/{OPP}/plan-v2-uni.pdf",
        f"attachments/{OPP}/x-2e.hidden",
    ]
    listed = loads(cli("attachments", OPP, "--format", "json").out)
    assert [(one["name"], one["size"]) for one in listed] == [(plan.name, 25), ("..hidden", 1)]
    assert (root / listed[0]["file"]).read_bytes() == plan.read_bytes()
    assert f"{OPP} has {plan.name} already" in cli("attach", OPP, str(plan), code=1).err
    broken = tmp_path / "two\nlines.txt"
    broken.write_text("y")
    cli("quote", "new", OPP)
    title = loads(cli("opp", "show", OPP, "--format", "json").out)["title"]
    cli("attach", title, str(broken))  # the deal itself, not its quotation
    assert loads(cli("attachments", OPP, "--format", "json").out)[2]["name"] == "two lines.txt"
    cli("attach", "Contoso Coffee", str(plan))  # another record has its own

    assert f"it has 1 {plan.name}, 2 ..hidden" in cli("detach", OPP, "4", code=1).err
    said = cli("detach", OPP, "1", code=1).err  # repeated, it would take the next one
    assert f'"1" is {plan.name} now, and would be ..hidden after it; nothing is changed' in said
    assert f"name it: {plan.name}, or attachments/{OPP}/plan-v2-uni" in said
    cli("detach", OPP, plan.name)
    assert not (root / listed[0]["file"]).exists()
    cli("undo")
    assert (root / listed[0]["file"]).read_bytes() == plan.read_bytes()
    assert cli("check").code == 0
    (root / listed[0]["file"]).write_bytes(b"corrected since")
    assert f"{listed[0]['file']} isn't what " in cli("undo", git("rev-parse", "HEAD"), code=1).err


@pytest.mark.parametrize("noun", ["customer", "lead"])
def test_two_records_that_become_one_keep_the_files_of_both(cli, plan, tmp_path, noun):
    note = tmp_path / "note.txt"
    note.write_text("one more")
    first, second = (
        cli(noun, "add", "--name", name, "--format", "ids").out.strip() for name in ("Ada", "Bo")
    )
    cli("attach", first, str(plan))
    cli("attach", second, str(note))
    cli(noun, "merge", second, first)
    listed = loads(cli("attachments", first, "--format", "json").out)
    assert [one["name"] for one in listed] == [plan.name, "note.txt"]
    assert "no record lists this file" not in cli("check").out
    cli("undo")
    assert len(loads(cli("attachments", second, "--format", "json").out)) == 1


def test_check_tells_what_is_missing_changed_or_nobodys(cli, root, plan, tmp_path):
    for name in ("b.txt", "c.txt"):
        (tmp_path / name).write_text(name)
    cli("attach", OPP, str(plan), str(tmp_path / "b.txt"), str(tmp_path / "c.txt"))
    folder = root / "attachments" / OPP
    names = {name: next(folder.glob(f"{name}-*.txt")) for name in "bc"}
    names["b"].write_text("other")
    names["c"].unlink()
    (folder / "nobodys.txt").write_text("?")
    faults = [fault["message"] for fault in loads(cli("check", "--format", "json").out)]
    assert [fault for fault in faults if "attach" in fault] == [
        "no record lists this file: pipecli attach takes it in, or remove it",
        f"attachments/{OPP}/{names['b'].name} isn't the file that was attached: its content changed",
        f"the file attachments/{OPP}/{names['c'].name} is missing",
    ]
    gone = names["c"].relative_to(root).as_posix()
    assert f"warning: {gone} stays behind: No such file" in cli("export", "--all", str(tmp_path / "all")).err


def test_two_clones_attach_files_of_one_name_and_both_are_kept(cli, root, git, tmp_path):
    (tmp_path / "remote").mkdir()
    git("init", "-q", "--bare", "-b", "main", str(tmp_path / "remote"))
    git("remote", "add", "origin", str(tmp_path / "remote"))
    git("push", "-q", "--set-upstream", "origin", "HEAD:main")
    shutil.copytree(root, tmp_path / "other")
    for clone, text in ((root, "ours"), (tmp_path / "other", "theirs")):
        (tmp_path / "plan.txt").write_text(text)
        cli("-C", str(clone), "attach", OPP, str(tmp_path / "plan.txt"))
        cli("-C", str(clone), "sync")
    listed = loads(cli("-C", str(tmp_path / "other"), "attachments", OPP, "--format", "json").out)
    assert [one["name"] for one in listed] == ["plan.txt", "plan.txt"]
    assert {(tmp_path / "other" / one["file"]).read_text() for one in listed} == {"ours", "theirs"}
    assert cli("-C", str(tmp_path / "other"), "check").code == 0
    wrong = cli("-C", str(tmp_path / "other"), "detach", OPP, "plan.txt", code=1)
    assert f"{OPP} has several attachments plan.txt" in wrong.err and "1 plan.txt, 2 plan.txt" in wrong.err


def test_a_file_that_lies_where_it_would_go_stays(cli, root, tmp_path):
    (tmp_path / "plan.txt").write_text("ours")
    digest = sha256(b"ours").hexdigest()
    (root / "attachments" / OPP).mkdir(parents=True)
    (root / "attachments" / OPP / f"plan-{digest[:8]}.txt").write_text("another's")
    cli("attach", OPP, str(tmp_path / "plan.txt"))
    assert (root / "attachments" / OPP / f"plan-{digest[:8]}.txt").read_text() == "another's"
    assert (root / "attachments" / OPP / f"plan-{digest[:16]}.txt").read_text() == "ours"


def test_no_link_no_device_and_nothing_too_large(cli, root, tmp_path, git):
    cli("settings", "set", "attachments.largest=10")
    (tmp_path / "large").write_bytes(b"x" * 11)
    head = git("rev-parse", "HEAD")
    for file, words in (
        (tmp_path / "large", "an attachment has 10 at most"),
        ("/dev/zero", "isn't a regular file"),
        (tmp_path, "isn't a regular file"),
        (tmp_path / "nothing", "does not exist"),
    ):
        assert words in cli("attach", OPP, str(file), code=1).err
    (root / "attachments").symlink_to(tmp_path)
    (tmp_path / "small").write_bytes(b"x")
    assert "leads out of the pipeline" in cli("attach", OPP, str(tmp_path / "small"), code=1).err
    assert git("rev-parse", "HEAD") == head and not (tmp_path / OPP).exists()
