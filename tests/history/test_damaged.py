"""A history of which a part is lost or torn: no answer takes that for a record that was never there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Cli

Git = Callable[..., str]
Damage = Callable[[str, str], str]


@pytest.fixture
def changed(cli: Cli, deal: Callable[..., Path]) -> Path:
    """A deal that was changed three times."""
    file = deal()
    for amount in (1000, 2000, 3000):
        cli("opp", "set", "OPP-2Q8XA", f"amount={amount}")
    return file


@pytest.fixture
def damage(root: Path, git: Git) -> Damage:
    """Lose an object, or tear it; its id."""

    def call(name: str, how: str) -> str:
        id_ = git("rev-parse", name)
        file = root / ".git/objects" / id_[:2] / id_[2:]
        file.unlink()
        if how == "torn":
            file.write_bytes(b"torn")
        for cache in (root / ".git/pipecli/root").glob("*.sqlite"):
            cache.unlink()
        return id_

    return call


@pytest.mark.parametrize("how", ["lost", "torn"])
@pytest.mark.parametrize("name", ["HEAD~2^{tree}", "HEAD~2:opportunities", "HEAD~2^{commit}"])
def test_a_damaged_past_is_no_empty_one(
    name: str, how: str, cli: Cli, git: Git, changed: Path, damage: Damage
) -> None:
    text, before = changed.read_bytes(), git("rev-parse", "HEAD")
    damage(name, how)
    for command in (
        "forecast --as-of HEAD~2", "diff HEAD~2", "history OPP-2Q8XA", "check --base HEAD~2", "undo HEAD~1",
    ):  # fmt: skip
        said = cli(*command.split(), code=1).err
        assert "error: the history is damaged here: " in said, command
        assert "; `git fsck` lists what git can't read" in said
    assert (changed.read_bytes(), git("rev-parse", "HEAD")) == (text, before)


def test_what_is_not_there_is_no_damage(cli: Cli, changed: Path) -> None:
    for revision in ("HEAD~99", "nowhere", "HEAD:nowhere", ":/nowhere", "1" * 40, "HEAD:pipecli.yaml"):
        assert "damaged" not in cli("forecast", "--as-of", revision, code=1).err, revision


@pytest.mark.parametrize("end", ["HEAD", "HEAD~1"])
def test_undo_without_the_content_of_before_changes_nothing(
    end: str, cli: Cli, root: Path, changed: Path, damage: Damage
) -> None:
    text = changed.read_bytes()
    id_ = damage(f"{end}:{changed.relative_to(root).as_posix()}", "lost")
    assert f"the history is damaged here: {id_} is missing" in cli("undo", code=1).err
    assert changed.read_bytes() == text


def test_content_that_comes_back_is_read(
    cli: Cli, root: Path, git: Git, changed: Path, damage: Damage
) -> None:
    name = changed.relative_to(root).as_posix()
    (root / "again").write_text(git("show", f"HEAD~1:{name}") + "\n")
    damage(f"HEAD~1:{name}", "lost")
    assert "does not have its content" in cli("forecast", "--as-of", "HEAD~1", code=1).err
    git("hash-object", "-w", "again")
    assert "2,000" in cli("forecast", "--as-of", "HEAD~1").out
