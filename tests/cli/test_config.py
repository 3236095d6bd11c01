"""A person's own defaults and aliases: at a terminal alone, and never in the pipeline."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pipecli.cli import completion
from tests.conftest import Cli
from tests.terminal import at_terminal

pytestmark = pytest.mark.usefixtures("warm_calls")

Refused = Callable[..., str]


@pytest.fixture(autouse=True)
def _own(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def test_defaults_hold_at_a_terminal_alone(
    cli: Cli, root: Path, git: Callable[..., str], deal: Callable[..., Path], tmp_path: Path
) -> None:
    cli("user", "add", "ben", "--name", "Ben", "--email", "ben@contoso.example")
    deal("OPP-AAA01", "Mill")
    deal("OPP-AAA02", "Grinder")
    cli("opp", "set", "OPP-AAA01", "owner=ben")
    assert "nothing is set" in cli("config").err
    for name, value in (("owner", "me"), ("columns.opp", "id,title"), ("format", "csv")):
        cli("config", name, value)
    assert cli("config", "columns.opportunity").out == "id,title\n"
    assert cli("opp", "list", "--format", "ids").out.count("OPP") == 2
    assert cli("opp", "list").out.startswith("ID  ") and "OWNER" in cli("opp", "list").out
    assert at_terminal(root, "opp", "list")[1].startswith("id,title,customer,")
    cli("config", "format", "--unset")
    screen = at_terminal(root, "opp", "list", "--color", "never")[1].splitlines()
    assert screen[0].split() == ["#", "ID", "TITLE"]
    assert screen[2].split() == ["1", "OPP-AAA02", "Grinder"]
    assert screen[3:] == ["of ana-ruiz alone, as `pipecli config owner` says; --owner all"]
    assert "Mill" in at_terminal(root, "opp", "list", "--owner", "all")[1]
    assert "Mill" in at_terminal(root, "opp", "list", "--owner", "ben")[1]
    assert at_terminal(root, "product", "list")[0] == 0
    assert git("status", "--porcelain") == ""
    assert (tmp_path / "config" / "pipecli" / "config").read_text() == (
        "owner = me\ncolumns.opportunity = id,title\n"
    )
    cli("config", "columns.opp", "nothing")
    assert "`pipecli config columns.opportunity`: unknown column" in at_terminal(root, "opp", "list")[1]


def test_no_pipeline_says_what_a_persons_aliases_are(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "pipecli").mkdir()
    (root / "pipecli/config").write_text("alias.deals=opp list\n")
    monkeypatch.setenv("XDG_CONFIG_HOME", ".")  # which is to be absolute, or ignored
    assert completion.expanded(["deals"]) == ["deals"]


def test_an_alias_is_words_and_no_shell(
    cli: Cli, refused: Refused, root: Path, deal: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    deal("OPP-AAA01", "Mill")
    cli("config", "alias.w", "opp won")
    cli("config", "alias.x", "opp list --search; touch gone")
    assert "won" in cli("w", "OPP-AAA01").out
    cli("x", code=2)
    assert not (root / "gone").exists()
    completion.main(["zsh", "w", "AAA0"])
    assert capsys.readouterr().out == "OPP-AAA01\tMill, won\n"
    assert "is a command of pipecli" in refused("config", "alias.opp", "lead list")
    assert "begins with a command" in refused("config", "alias.rm", "rm -rf /")
    assert "must be one of" in refused("config", "format", "jsn")
    assert "can't be set" in cli("config", "nothing", "1", code=2).err


def test_what_a_killed_command_left_beside_the_defaults_goes_with_the_next(cli: Cli, tmp_path: Path) -> None:
    own = tmp_path / "config/pipecli"
    own.mkdir(parents=True)
    (own / ".config.4194305.tmp").touch()
    cli("config", "owner", "me")
    assert [file.name for file in own.iterdir()] == ["config"]
