"""Input that nobody means is one line of an error: bytes that are no text, days and numbers beyond all."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Cli

DEAL = "OPP-2Q8XA"
LONG = "9" * 10_000
NO_TEXT = os.fsdecode(b"caf\xe9")


@pytest.mark.parametrize(
    "arguments",
    [
        ("opp", "show", NO_TEXT), ("opp", "list", "--where", NO_TEXT),
        ("opp", "set", DEAL, f"title={NO_TEXT}"),
        ("opp", "set", DEAL, f"amount={LONG}"), ("opp", "set", DEAL, "amount=1e999999999"),
        ("opp", "set", DEAL, f"probability={LONG}"), ("opp", "set", DEAL, "amount=-1e999999999"),
        ("opp", "set", DEAL, f"expected_close=+{LONG}d"), ("changes", "--since", "9999-12-31"),
    ],
)  # fmt: skip
def test_it_is_refused_in_one_short_line(
    arguments: tuple[str, ...], deal: Callable[..., Path], refused: Callable[..., str]
) -> None:
    deal()
    error = refused(*arguments)
    assert "a fault in pipecli itself" not in error
    assert len(error) < 600


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("item", "add", DEAL, "--description", "Saw", "--price", "9", "--discount", "5",
          "--discount-amount", "5"), "a line has a discount in percent or a discount_amount, not both"),
        (("item", "add", DEAL, "--description", "Saw", "--price", "9", "--discount-amount", "20"),
         "a discount_amount of 20 is more than the line's price"),
        (("hold", DEAL, "--until", "+30d", "--reason", "their\nbudget"), "reason: must be one line"),
        (("add", "Saw", "--person", "   "), "such as contoso-coffee"),
    ],
)  # fmt: skip
def test_what_is_typed_and_makes_no_record_is_refused_in_its_words(
    arguments: tuple[str, ...], said: str, deal: Callable[..., Path], refused: Callable[..., str]
) -> None:
    file = deal()
    before = file.read_bytes()
    error = refused("opp", *arguments)
    assert error.strip().endswith(said) and "a fault in pipecli itself" not in error
    assert file.read_bytes() == before


def test_the_last_day_of_all_is_a_day(cli: Cli, deal: Callable[..., Path]) -> None:
    deal()
    for command in ("forecast", "opp list", "report stale"):
        cli(*command.split(), "--as-of", "9999-12-31")
    assert cli("opp", "list", "--limit", LONG).out == cli("opp", "list").out


def test_bytes_in_the_environment(deal: Callable[..., Path], root: Path) -> None:
    deal()
    done = subprocess.run(
        [sys.executable, "-m", "pipecli", "-C", str(root), "opp", "list"],
        env={**os.environb, b"PIPECLI_USER": b"caf\xe9"}, capture_output=True, check=False, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (
        1,
        'error: PIPECLI_USER, "caf�", isn\'t UTF-8 text; write it in UTF-8\n',
    )


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_file_whose_name_is_no_text_is_a_fault_like_any_other(
    root: Path, cli: Cli, deal: Callable[..., Path]
) -> None:
    file = deal()
    file.with_name(f"{NO_TEXT}.yaml").write_text(file.read_text())
    error = "opportunities/2026/caf�.yaml: its name isn't UTF-8 text: rename it"
    for _ in range(2):  # as read, and as the index has it
        assert error in cli("opp", "list", code=1).err
    cli("lead", "list")
    assert "its name isn't UTF-8 text" in cli("check", code=1).out
    cli("opp", "set", DEAL, "tags=a")
    file.with_name(f"{NO_TEXT}.yaml").unlink()
    cli("check")


@pytest.mark.parametrize("encoding", ["undefined", "punycode", "no-such", "rot13"])
def test_an_encoding_that_is_none_of_a_text(encoding: str, cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "deals.csv").write_text("title\nCafé, Nordwind\n")
    (tmp_path / "map.yaml").write_text(f"encoding: {encoding}\ncolumns:\n  title: title\n")
    said = cli(
        "import", "opportunities", str(tmp_path / "deals.csv"), "--map", str(tmp_path / "map.yaml"), code=1
    )
    assert encoding in said.err
    assert "pipecli itself" not in said.err


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_an_accent_is_the_same_however_it_was_typed(form: str, cli: Cli, deal: Callable[..., Path]) -> None:
    file = deal()
    file.write_text(file.read_text().replace("Espresso", unicodedata.normalize("NFD", "Café")))
    word = unicodedata.normalize(form, "Café machines")
    for condition in (f"title = '{word}'", f"title LIKE '{word[:6]}%'"):
        assert cli("opp", "list", "--where", condition, "--format", "ids").id == DEAL
    assert cli("sql", f"SELECT id FROM opportunities WHERE title = '{word}'", "--format", "ids").id == DEAL
    assert cli("opp", "show", word, "--format", "ids").id == DEAL


def test_settings_that_cannot_be_read_are_named_by_what_shows_a_record(
    root: Path, cli: Cli, deal: Callable[..., Path]
) -> None:
    deal()
    settings = root / "pipecli.yaml"
    settings.write_text(f"{settings.read_text()}---\n")
    for command in ("opp show", "attachments", "opp step list"):
        said = cli(*command.split(), DEAL, code=1).err.splitlines()[-1]
        assert said.startswith("error: pipecli.yaml:") and "begins a second document" in said


def test_control_characters_in_the_messages_of_commits(
    root: Path,
    cli: Cli,
    deal: Callable[..., Path],
    git: Callable[..., str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for person in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{person}_DATE", "2026-11-28T10:00:00+01:00")
    (tmp_path / "customers.csv").write_text("Id,Name\n1,Hotel Sol\n")
    (tmp_path / "map.yaml").write_text("external_id: Id\ncolumns:\n  Name: name\n")
    cli("customer", "add", "Gone")
    (root / "customers/gone.yaml").unlink()
    trailers = "Pipecli-Event: merged\nPipecli-Event: imported\nPipecli-Record: x\x01\x01 a\u2028b"
    git("commit", "-qam", f"a\x01b\x0bc\u2028d\n\n\x01\n\n{trailers}\n")
    said = cli("--today", "2026-11-29", "today").out
    assert "  a·b⏎c⏎d (Ana Ruiz)\n" in said
    files = (str(tmp_path / "customers.csv"), "--map", str(tmp_path / "map.yaml"))
    for command in (("import", "customers", *files), ("undo", "--dry-run"), ("undo", "HEAD~1")):
        cli(*command)


@pytest.mark.parametrize(
    "content",
    [b"gitdir: ../outside\n", b"gitdir: \xff\x1b[2J\n", b"\0" * 5_000_000, b"gitdir: /" + b"x" * 4000, None],
)
def test_a_git_file_that_leads_to_no_repository(
    content: bytes | None, root: Path, deal: Callable[..., Path], refused: Callable[..., str]
) -> None:
    """Of what is in it nothing is said: where it is a link that may be a key."""
    deal()
    outside = root.parent / "outside"
    outside.mkdir()
    (root / ".git").rename(root.parent / "repository")
    if content is None:
        (root.parent / "key").write_text("gitdir: secret\n")
        (root / ".git").symlink_to("../key")
    else:
        (root / ".git").write_bytes(content)
    for arguments in (("list",), ("set", DEAL, "amount=1")):
        said = refused("opp", *arguments)
        assert said == f"error: {root / '.git'} names no git directory that is there; correct it"
    assert not [*outside.iterdir()]


def test_a_record_that_is_too_long_to_be_edited_is_named(
    root: Path, deal: Callable[..., Path], refused: Callable[..., str]
) -> None:
    file = deal()
    file.write_text(f"{file.read_text()}custom: {{l: [{'{a: b}, ' * 15_001}]}}\n")
    said = refused("opp", "set", DEAL, "probability=70")
    assert said.startswith(f"error: {file.relative_to(root)}: this file is too long to be edited where ")


def test_a_repository_in_which_git_cannot_work_is_left_as_it_is(
    deal: Callable[..., Path], git: Callable[..., str], refused: Callable[..., str]
) -> None:
    file = deal()
    before = file.read_bytes()
    git("config", "core.repositoryFormatVersion", "1")
    git("config", "extensions.of-a-newer-git", "true")
    assert "git can't work here" in refused("opp", "set", DEAL, "amount=5")
    assert file.read_bytes() == before


@pytest.mark.parametrize("seconds", ["253402300800", "99999999999999999999"])
def test_a_commit_dated_beyond_all_years(
    seconds: str, cli: Cli, deal: Callable[..., Path], git: Callable[..., str], tmp_path: Path
) -> None:
    deal()
    raw = re.sub(r"> \d+ ", f"> {seconds} ", git("cat-file", "commit", "HEAD"))
    (tmp_path / "commit").write_text(f"{raw}\n")
    git(
        "update-ref",
        "HEAD",
        git("hash-object", "-t", "commit", "-w", "--literally", str(tmp_path / "commit")),
    )
    for command in (f"history {DEAL}", "forecast --as-of HEAD", "changes --since HEAD", "report velocity"):
        cli(*command.split())
    assert "dated in the future (9998-12-23)" in cli("doctor").out
