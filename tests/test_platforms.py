"""docs/platforms.md: what differs on Windows and macOS, as far as it can be tried without them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from slugify import slugify

from pipecli.cli.main import run
from pipecli.errors import FaultyFile
from pipecli.records.kinds import KINDS
from pipecli.store import file_stamps, ids_and_files, lock_and_signals, safe_files, second_process
from pipecli.store.power_cut_and_killed_git import harden, harden_folders
from pipecli.store.second_process import map_in_two_processes
from tests.conftest import Cli

Git = Callable[..., str]
Refused = Callable[..., str]


@pytest.mark.parametrize("name", ["Con", "AUX", "nul.", "COM1", "lpt9"])
def test_a_name_that_windows_keeps_for_a_device_is_never_a_file(cli: Cli, root: Path, name: str) -> None:
    slug = cli("customer", "add", name, "--format", "ids").id
    assert slug.startswith("x-")
    assert [file.name for file in (root / "customers").iterdir()] == [f"{slug}.yaml"]


def test_nor_for_a_sku_that_a_person_chooses(cli: Cli, root: Path) -> None:
    """A SKU is free text: its file has another name."""
    cli("product", "add", "con", "--name", "Connector", "--uom", "unit")
    assert [file.name for file in (root / "products").iterdir()] == ["x-con.yaml"]


def test_one_by_hand_is_found(cli: Cli, root: Path) -> None:
    (root / "customers").mkdir()
    (root / "customers" / "aux.yaml").write_text("id: aux\nname: Aux\n")
    (root / "customers" / "auxiliary.yaml").write_text("id: auxiliary\nname: Auxiliary\n")
    assert cli("check").out == (
        "customers/aux.yaml:1:1: warning: Windows allows no file of this name: name it x-aux (windows-name)\n"
    )


def test_two_names_that_differ_in_case_are_one_slug(cli: Cli, root: Path) -> None:
    """A file system without case would keep one of their files."""
    slugs = [cli("customer", "add", name, "--format", "ids").id for name in ("Acme", "ACME GmbH")]
    assert slugs == ["acme", "acme-gmbh"]
    (root / "customers" / "Acme.yaml").write_text("id: Acme\nname: Acme\n")
    found = cli("check", code=1).out
    assert found.startswith("customers/Acme.yaml:1:1: id: ")  # capital letters are in no slug


def test_new_files_never_differ_in_case_alone() -> None:
    names = ("Straße", "STRASSE", "strasse", "Ａｃｍｅ", "İstanbul", "ısparta")
    taken: set[str] = set()
    for name in names:
        taken.add(ids_and_files.free_slug(name, taken))
    assert len({slug.casefold() for slug in taken}) == len(names)
    made = ids_and_files.id_derived_from("x", ())
    assert ids_and_files.id_derived_from("x", ()) == made != ids_and_files.id_derived_from("x", {made})
    assert all(slug == slug.lower() and slug.isascii() for slug in taken)


@pytest.mark.parametrize("name", ["Gekko & Co", "R&D", "a &amp; b", "a &#38; b", "a & b; c", "1,000 O'Hara"])
def test_a_name_with_signs_gets_the_slug_that_slugify_makes(name: str) -> None:
    ids_and_files.slug.cache_clear()
    assert ids_and_files.slug(name) == slugify(name)


@pytest.mark.parametrize(
    "words",
    [
        [5, 8, 13, 20, 3, 4], [40, 2], [39, 1, 3], [41, 2], [50], [20, 19], [20, 20, 1], [12, 30, 14, 12, 1],
    ],
)  # fmt: skip
def test_a_long_name_is_shortened_as_slugify_does_it(words: list[int]) -> None:
    name = " ".join("a" * length for length in words)
    assert ids_and_files.slug(name) == slugify(name, max_length=40, word_boundary=True)


def test_no_path_of_a_pipeline_comes_near_the_260_characters_of_windows() -> None:
    folder = max(len(kind.folder) for kind in KINDS)
    slug = len(ids_and_files.slug("word " * 100))
    longest = folder + len("/2026/LEAD-2Q8XA-") + slug + len(".yaml")
    aside = len(".") + len(".2147483647.tmp")  # beside the file, while it is replaced
    assert longest + aside <= 110


def test_without_fork_one_process_does_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "fork")
    monkeypatch.setattr(second_process, "_MANY", 2)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    work = list(map_in_two_processes(lambda files: (os.getpid(), list(files)), list("abcd")))
    assert work == [(os.getpid(), list("abcd"))]


def _piped(root: Path, *arguments: str, **environment: str) -> bytes:
    return subprocess.run(
        [sys.executable, "-m", "pipecli", "-C", str(root), *arguments],
        env={**os.environ, **environment}, capture_output=True, check=True,
    ).stdout  # fmt: skip


@pytest.mark.parametrize("encoding", ["cp1252", "cp437", "ascii", "utf-16"])
def test_a_console_of_another_encoding_gets_utf_8(cli: Cli, root: Path, encoding: str) -> None:
    cli("customer", "add", "کافه Łódź ☕")
    for name in ("table", "csv", "json"):
        said = _piped(root, "customer", "list", "--format", name, PYTHONIOENCODING=encoding, PYTHONUTF8="0")
        assert "کافه Łódź ☕" in said.decode("utf-8")
        assert b"\r" not in said.replace(b"\r\n", b"") if name == "csv" else b"\r" not in said


def test_an_error_is_legible_there_too(root: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-m", "pipecli", "-C", str(root), "customer", "show", "کافه"],
        env={**os.environ, "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}, capture_output=True,
    )  # fmt: skip
    assert said.returncode == 1
    assert said.stderr.startswith(b"error: ")
    assert b"Traceback" not in said.stderr


@pytest.fixture
def windows_clone(cli: Cli, root: Path, tmp_path: Path) -> Path:
    """A clone as git for Windows makes it: every text has CRLF."""
    cli("customer", "add", "Contoso Coffee")
    cli("opp", "add", "--title", "Espresso", "--customer", "contoso-coffee", "--amount", "5000")
    clone = tmp_path / "clone"
    subprocess.run(
        ["git", "-c", "core.autocrlf=true", "clone", "-q", "-c", "core.autocrlf=true", str(root), str(clone)],
        check=True,
    )
    assert b"\r\n" in (clone / "customers" / "contoso-coffee.yaml").read_bytes()
    return clone


def _git(clone: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=clone, capture_output=True, text=True, check=True)
    return done.stdout


def test_a_clone_with_crlf_is_valid_and_keeps_its_line_ends(windows_clone: Path) -> None:
    assert run(["-C", str(windows_clone), "check"]) == 0
    assert run(["-C", str(windows_clone), "customer", "set", "contoso-coffee", "phone=+34 600 000 000"]) == 0
    text = (windows_clone / "customers" / "contoso-coffee.yaml").read_bytes()
    assert text.count(b"\r\n") == text.count(b"\n")
    assert _git(windows_clone, "status", "--porcelain") == ""
    # What is shared has the line ends of everybody else, and one line more.
    assert "\r" not in _git(windows_clone, "show", "HEAD:customers/contoso-coffee.yaml")
    assert _git(windows_clone, "diff", "--numstat", "HEAD~").split() == [
        "1", "0", "customers/contoso-coffee.yaml",
    ]  # fmt: skip


def test_and_syncs_with_one_without(windows_clone: Path, cli: Cli, root: Path, git: Git) -> None:
    git("config", "receive.denyCurrentBranch", "updateInstead")
    cli("opp", "set", "espresso", "expected_close=2026-12-15")
    assert run(["-C", str(windows_clone), "opp", "set", "espresso", "amount=5500"]) == 0
    assert run(["-C", str(windows_clone), "sync"]) == 0
    (deal,) = json.loads(cli("opp", "list", "--format", "json").out)
    assert (deal["amount"], deal["expected_close"]) == (5500, "2026-12-15")
    assert not [file for file in root.rglob("*.yaml") if b"\r" in file.read_bytes()]


def test_what_a_system_lacks_of_others_is_done_another_way(
    cli: Cli, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows knows no folders to open, no hangup, and no word by which a link isn't followed."""
    cli("customer", "add", "Contoso")
    (root / "customers/link.yaml").symlink_to("contoso.yaml")
    stamps = file_stamps.stamps(root)
    with monkeypatch.context() as patch:
        patch.setattr(os, "supports_dir_fd", set())
        for module, name in ((os, "O_NOFOLLOW"), (os, "O_DIRECTORY"), (os, "sync"), (signal, "SIGHUP")):
            patch.delattr(module, name)
        patch.setattr(safe_files, "CAUTIOUS", 0)
        assert file_stamps.stamps(root) == stamps
        with pytest.raises(FaultyFile, match="a symbolic link can't be a record"):
            safe_files.read_text(root, "customers/link.yaml")
        assert "name: Contoso\n" in safe_files.read_text(root, "customers/contoso.yaml")
        harden_folders([root])
        harden(root, *["customers/contoso.yaml"] * 65)
        with lock_and_signals.interruptible():
            pass
