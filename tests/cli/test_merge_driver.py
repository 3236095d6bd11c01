"""Two people change the same record in two clones, and git merges it field by field."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from pipecli.store import create_pipeline, git, merge_setup
from pipecli.store.location import find_location
from tests.records_given import DEAL

pytestmark = pytest.mark.usefixtures("warm_calls")


class Clone:
    """A work tree with its files and its git; `said` is what git printed last."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.said = ""

    def git(self, *arguments: str, code: int = 0) -> str:
        environment = {**os.environ, "GIT_EDITOR": "true"}
        done = subprocess.run(
            ["git", *arguments], cwd=self.root, env=environment, capture_output=True, text=True
        )
        self.said = done.stdout + done.stderr
        assert done.returncode == code, self.said
        return done.stdout.strip()

    def change(self, *replacements: tuple[str, str], file: str = DEAL) -> None:
        """Change a file by hand, and commit it."""
        text = self.text(file)
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        (self.root / file).write_text(text, encoding="utf-8")
        self.git("commit", "-q", "-a", "-m", "by hand")

    def text(self, file: str = DEAL) -> str:
        return (self.root / file).read_text(encoding="utf-8")


@pytest.fixture
def mine(root: Path, deal: Callable[..., Path]) -> Clone:
    deal()
    return Clone(root)


@pytest.fixture
def hers(mine: Clone, tmp_path: Path) -> Clone:
    """A clone of mine, set up as `sync` does it."""
    mine.git("clone", "-q", str(mine.root), str(tmp_path / "hers"))
    merge_setup.set_up_merge(find_location(tmp_path / "hers"))
    return Clone(tmp_path / "hers")


def test_init_sets_it_up(mine: Clone):
    location = find_location(mine.root)
    assert merge_setup.is_merge_set_up(location)
    assert "/opportunities/**/*.yaml merge=pipecli\n" in mine.text(".gitattributes")
    assert mine.git("ls-files", ".gitattributes") and not mine.git("status", "--porcelain")
    names = ("pipecli.yaml", DEAL, "customers/a.yaml", "notes.yaml", "literature/brochure.pdf")
    merged_by = mine.git("check-attr", "merge", "--", *names).splitlines()
    assert [line.rpartition(" ")[2] for line in merged_by] == ["pipecli"] * 3 + ["unspecified"] * 2


def test_a_fresh_clone_is_set_up_once(mine: Clone, tmp_path: Path):
    mine.git("clone", "-q", str(mine.root), str(tmp_path / "hers"))
    location = find_location(tmp_path / "hers")
    assert not merge_setup.is_merge_set_up(location)
    for _ in range(2):
        merge_setup.set_up_merge(location)
        assert merge_setup.is_merge_set_up(location)
    assert not (location.git_dir / "info" / "attributes").exists()
    assert git.output(location.work_tree, "status", "--porcelain") == ""


def test_different_fields_go_together(mine: Clone, hers: Clone, cli):
    mine.change(("amount: 4998.00", "amount: 5400.00 # by phone"))
    hers.change(("expected_close: 2026-12-15", "expected_close: 2027-01-15"), ("owner: ana-ruiz\n", ""))
    mine.git("pull", "-q", "--no-rebase", "--no-edit", str(hers.root), "main")

    text = mine.text()
    assert "amount: 5400.00 # by phone\nexpected_close: 2027-01-15\n" in text and "owner" not in text
    assert not mine.git("status", "--porcelain")
    cli("check")


def test_a_conflict_is_marked_settled_by_hand_and_committed(mine: Clone, hers: Clone, cli):
    mine.change(("4998.00", "5400.00"))
    hers.change(("4998.00", "5100.00"), ("ana-ruiz\n", "ana-ruiz # hers\n"))
    mine.git("pull", "-q", "--no-rebase", "--no-edit", str(hers.root), "main", code=1)

    assert f"{DEAL}: amount: ours 5,400.00, theirs 5,100.00\n" in mine.said
    assert f"error: {DEAL}: 1 field is in conflict; resolve it in the file, then `git add` it\n" in mine.said
    markers = "<<<<<<< ours\namount: 5400.00\n=======\namount: 5100.00\n>>>>>>> theirs\n"
    assert f"owner: ana-ruiz # hers\ncurrency: EUR\n{markers}expected_close" in mine.text()

    (mine.root / DEAL).write_text(mine.text().replace(markers, "amount: 5250.00\n"), encoding="utf-8")
    mine.git("add", DEAL)
    mine.git("commit", "-q", "--no-edit")
    assert cli("opp", "show", "OPP-2Q8XA", "--format", "json").out.count("5250.00") >= 1
    cli("check")


def test_rebase_cherry_pick_and_revert_merge_by_field_too(mine: Clone, hers: Clone):
    mine.change(("4998.00", "5400.00"))
    hers.change(("ana-ruiz\n", "ana-ruiz\nscore: 80\n"))
    mine.git("pull", "-q", "--rebase", str(hers.root), "main")
    assert "score: 80\ncurrency: EUR\namount: 5400.00\n" in mine.text()

    mine.git("revert", "--no-edit", "HEAD~1")
    assert "score" not in mine.text() and "amount: 5400.00\n" in mine.text()

    hers.change(("title: Espresso machines", "title: Two espresso machines"))
    mine.git("fetch", "-q", str(hers.root), "main")
    mine.git("cherry-pick", "FETCH_HEAD")
    assert "title: Two espresso machines\n" in mine.text() and "amount: 5400.00\n" in mine.text()


def test_a_conflict_of_two_merge_bases_is_nobodys(mine: Clone):
    mine.git("checkout", "-q", "-b", "his")
    mine.change(("4998.00", "1.00"), ("2026-12-15", "2026-12-16"))
    mine.git("checkout", "-q", "main")
    mine.change(("4998.00", "2.00"), ("Espresso machines", "Machines"))
    mine.git("branch", "before")
    for branch, other in (("main", "his"), ("his", "before")):  # each takes the other in, and keeps its own
        mine.git("checkout", "-q", branch)
        mine.git("merge", "-q", other, code=1)
        start, _, rest = mine.text().partition("<<<<<<< ours\n")
        kept, _, rest = rest.partition("=======\n")
        (mine.root / DEAL).write_text(start + kept + rest.partition(">>>>>>> theirs\n")[2], encoding="utf-8")
        mine.git("commit", "-q", "-a", "-m", "merge")
    mine.change(("2026-12-16", "2026-12-24"))
    mine.git("checkout", "-q", "main")
    mine.change(("owner: ana-ruiz", "owner: ana-ruiz\nscore: 10"))
    mine.git("merge", "his", code=1)

    conflict = "<<<<<<< ours\namount: 2.00\n=======\namount: 1.00\n>>>>>>> theirs\n"
    assert f"score: 10\ncurrency: EUR\n{conflict}" in mine.text()
    assert "title: Machines\n" in mine.text() and "expected_close: 2026-12-24\n" in mine.text()


def test_a_clone_without_the_driver_sees_an_ordinary_conflict(mine: Clone, hers: Clone):
    hers.git("config", "--remove-section", "merge.pipecli")
    mine.change(("amount: 4998.00", "amount: 5400.00"))
    hers.change(("expected_close: 2026-12-15", "expected_close: 2027-01-15"))
    hers.git("pull", "-q", "--no-rebase", str(mine.root), "main", code=1)

    assert hers.text().count("<<<<<<<") == 1
    assert hers.git("diff", "--name-only", "--diff-filter=U") == DEAL


@pytest.mark.parametrize("python", ["gone 100%/python", shutil.which("false")])
def test_where_pipecli_is_gone_or_fails_git_merges_by_line(
    mine: Clone, hers: Clone, tmp_path: Path, monkeypatch, python
):
    location = find_location(hers.root)
    monkeypatch.setattr("sys.executable", str(tmp_path / python))
    merge_setup.set_up_merge(location)
    assert merge_setup.is_merge_set_up(location) is (tmp_path / python).exists()

    mine.change(("title: Espresso machines", "title: Machines"))
    hers.change(("expected_close: 2026-12-15", "expected_close: 2027-01-15"))
    hers.git("pull", "-q", "--no-rebase", "--no-edit", str(mine.root), "main")
    assert "title: Machines\n" in hers.text() and "2027-01-15" in hers.text()


def test_a_pipeline_in_a_folder_of_a_repository(tmp_path: Path):
    whole = Clone(tmp_path)
    whole.git("init", "-q")
    (tmp_path / "customers").mkdir()
    for name in ("customers/other.yaml", "pipecli.py", "typer.py"):  # not ours; no module of ours either
        (tmp_path / name).write_text("raise SystemExit(9)\n")
    whole.git("add", ".")
    whole.git("commit", "-q", "-m", "other things")
    folder = tmp_path / 'my "sales" [x]'
    place = create_pipeline.create_pipeline(
        folder, currency="EUR", company="Contoso", timezone="Europe/Madrid"
    )
    assert merge_setup.is_merge_set_up(place)
    attributes = (folder / ".gitattributes").read_bytes()
    whole.git("rm", "-q", "--", str(folder / ".gitattributes"))  # as in a pipeline older than the driver
    whole.git("commit", "-q", "-m", "as before")
    assert attributes and not merge_setup.is_merge_set_up(place)
    (tmp_path / ".git" / "info" / "attributes").write_text("*.png binary")  # somebody's own, without its end
    merge_setup.set_up_merge(place)
    assert merge_setup.is_merge_set_up(place)
    assert whole.git("check-attr", "diff", "logo.png") == "logo.png: diff: unset"
    assert whole.git("check-attr", "merge", "customers/other.yaml").endswith("unspecified")

    file = f"{folder.name}/customers/contoso.yaml"
    (tmp_path / file).parent.mkdir()
    (tmp_path / file).write_text("id: contoso\nname: Contoso\ncountry: ES\n")
    whole.git("add", ".")
    whole.git("commit", "-q", "-m", "a customer")
    whole.git("branch", "other")
    whole.change(("country: ES", "country: PT"), file=file)
    whole.git("checkout", "-q", "other")
    whole.change(("name: Contoso", "name: Contoso SL"), file=file)
    whole.git("merge", "-q", "--no-edit", "-")
    assert whole.text(file) == "id: contoso\nname: Contoso SL\ncountry: PT\n"


def test_attributes_of_ones_own_stay(tmp_path: Path):
    (tmp_path / ".gitattributes").write_text("*.yaml merge=union")
    place = create_pipeline.create_pipeline(
        tmp_path, currency="EUR", company="Contoso", timezone="Europe/Madrid"
    )

    assert (tmp_path / ".gitattributes").read_text() == "*.yaml merge=union"
    assert merge_setup.is_merge_set_up(place)


@pytest.fixture
def merge(cli, tmp_path: Path) -> Callable[..., tuple[str, str]]:
    """Run the driver on three contents; what it wrote, and what it said."""

    def run(base: bytes, ours: bytes, theirs: bytes, *path: str, code: int = 0) -> tuple[str, str]:
        names = [tmp_path / name for name in ("base", "ours", "theirs")]
        for name, content in zip(names, (base, ours, theirs), strict=True):
            name.write_bytes(content)
        said = cli("merge-driver", *map(str, names), *(path or ("customers/contoso.yaml",)), code=code)
        assert said.out == "" and names[2].read_bytes() == theirs
        return names[1].read_bytes().decode(), said.err

    return run


CUSTOMER = b"id: contoso\nname: Contoso\n"


def test_a_customer_that_both_sides_added(merge):
    text, said = merge(b"", CUSTOMER + b"country: ES\n", CUSTOMER + b"tags: [vip]\n")
    assert (text, said) == ("id: contoso\nname: Contoso\ncountry: ES\ntags:\n- vip\n", "")


def test_what_is_merged_by_line_is_said(merge):
    base = CUSTOMER + b"kind: organization\ncountry: ES\n"
    text, said = merge(base, base + b"colour: red\n", base.replace(b"Contoso\n", b"C\n"), code=3)
    assert text == "id: contoso\nname: C\nkind: organization\ncountry: ES\ncolour: red\n"
    assert said.startswith(
        'customers/contoso.yaml: merged line by line, not by field: ours, line 5: unknown key "colour"'
    )
    assert said.splitlines()[-1] == (
        "error: customers/contoso.yaml: the file is in conflict; resolve it in the file, then `git add` it"
    )


def test_a_binary_file_under_the_name_of_a_record(merge):
    text, said = merge(CUSTOMER, b"\0\1", b"\0\2", code=3)
    assert text == "\0\1" and "a file that isn't text can't be merged: ours is kept" in said


def test_a_file_in_no_folder_of_records(merge):
    text, said = merge(b"a: 1\n", b"a: 2\n", b"a: 1\nb: 1\n", "sales/notes.yaml", code=3)
    assert "<<<<<<< ours" in text and "not by field: it isn't a record" in said


def test_git_hears_of_a_conflict_where_nobody_reads_the_words(merge, monkeypatch):
    reader, writer = os.pipe()
    os.close(reader)
    with suppress(BrokenPipeError), os.fdopen(writer, "w") as unread:
        monkeypatch.setattr("sys.stderr", unread)
        merge(*(CUSTOMER + b"country: " + each + b"\n" for each in (b"ES", b"PT", b"FR")), code=3)


@pytest.mark.parametrize("path", ["contacts/eu/customers/contoso.yaml", "customers/old/contoso.yaml"])
def test_a_folder_of_the_repository_may_be_called_like_one_of_records(merge, root, monkeypatch, path):
    (root / "contacts" / "eu").mkdir(parents=True)
    (root / "contacts" / "eu" / "pipecli.yaml").touch()
    monkeypatch.chdir(root)
    text, _ = merge(CUSTOMER, CUSTOMER + b"country: ES\n", CUSTOMER + b"tax_id: X\n", path)
    assert text == "id: contoso\nname: Contoso\ncountry: ES\ntax_id: X\n"


def test_for_a_merge_of_merge_bases_conflicts_stay_as_in_base(merge):
    texts = [CUSTOMER + b"country: " + each + b"\n" for each in (b"ES", b"PT", b"FR")]
    assert merge(*texts, "customers/contoso.yaml", "--ancestor") == (texts[0].decode(), "")


def test_a_file_that_is_not_there(cli, tmp_path):
    said = cli("merge-driver", "nowhere", "nowhere", "nowhere", "customers/a.yaml", code=1)
    assert said.err == "error: nowhere: No such file or directory\n"
