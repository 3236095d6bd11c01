"""Channels: addresses come from the environment and the user's own configuration, and from nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipecli.errors import PipecliError
from pipecli.outbox.channels import Channels, channels, configuration_file, variable


def configured(tmp_path: Path, text: str = "", **environment: str) -> Channels:
    (tmp_path / "config.toml").write_text(text)
    return channels({"PIPECLI_CONFIG": str(tmp_path / "config.toml"), **environment})


def urls(found: Channels, channel: str = "", user: str = "") -> list[str]:
    return [each.url for each in (found.of(user or channel, is_user=bool(user)))]


def test_a_channel_is_an_environment_variable(tmp_path: Path) -> None:
    ours = configured(tmp_path, PIPECLI_CHANNEL_SALES="json://a\n json://b")

    assert urls(ours, "sales") == ["json://a", "json://b"]
    assert urls(ours, "lost") == urls(ours, user="ana") == []


def test_a_user_is_told_by_the_variable_of_their_name(tmp_path: Path) -> None:
    assert variable("ana-ruiz") == "PIPECLI_CHANNEL_ANA_RUIZ"
    assert variable("Ventas España") == "PIPECLI_CHANNEL_VENTAS_ESPANA"
    assert urls(configured(tmp_path, PIPECLI_CHANNEL_ANA_RUIZ="json://a"), user="ana-ruiz") == ["json://a"]


def test_a_file_has_channels_and_users(tmp_path: Path) -> None:
    ours = configured(
        tmp_path,
        '[channels]\nsales = "json://s"\nboth = ["json://a", "json://b"]\n'
        '[users]\nana = "json://ana"\nluis = ["sales", "json://luis"]\n',
    )

    assert urls(ours, "both") == ["json://a", "json://b"]
    assert urls(ours, user="ana") == ["json://ana"]
    assert urls(ours, user="luis") == ["json://s", "json://luis"]


def test_the_environment_comes_before_the_file(tmp_path: Path) -> None:
    text = '[channels]\nsales = "json://f"\n[users]\nana = "json://f"\n'
    ours = configured(tmp_path, text, PIPECLI_CHANNEL_SALES="json://e", PIPECLI_CHANNEL_ANA="json://e")

    assert urls(ours, "sales") == urls(ours, user="ana") == ["json://e"]


def test_a_default_serves_whom_nothing_else_does(tmp_path: Path) -> None:
    ours = configured(tmp_path, '[users]\nana = "json://ana"\n', PIPECLI_CHANNEL="json://team")

    assert urls(ours, "sales") == urls(ours, user="luis") == ["json://team"]
    assert urls(ours, user="ana") == ["json://ana"]
    assert [each.channel for each in ours.of("luis", is_user=True)] == ["default"]
    assert urls(configured(tmp_path, '[channels]\ndefault = "json://d"\n'), "sales") == ["json://d"]


def test_nothing_is_configured_without_either(tmp_path: Path) -> None:
    assert channels({"PIPECLI_CONFIG": str(tmp_path / "none.toml")}).are_none
    assert configured(tmp_path, PIPECLI_CHANNEL_X=" ").are_none
    assert not configured(tmp_path, PIPECLI_CHANNEL_X="json://a").are_none
    assert not configured(tmp_path, '[users]\nana = "json://a"\n').are_none


def test_the_file_is_where_programs_keep_theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ana")

    assert configuration_file({}) == Path("/home/ana/.config/pipecli/config.toml")
    assert configuration_file({"XDG_CONFIG_HOME": "/etc/xdg"}) == Path("/etc/xdg/pipecli/config.toml")
    assert configuration_file({"PIPECLI_CONFIG": "/etc/p.toml"}) == Path("/etc/p.toml")
    # in a pipeline, it could be one that a stranger has put there
    assert configuration_file({"XDG_CONFIG_HOME": "."}) == Path("/home/ana/.config/pipecli/config.toml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[channels\n", "config.toml: "),
        ('[chanels]\nsales = "json://a"\n', "unknown table chanels"),
        ('channels = "json://a"\n', "channels isn't a table"),
        ("[channels]\nsales = 3\n", "channels.sales: give an address, or a list of them"),
        ("[users]\nana = ['json://a', '']\n", "users.ana: give an address, or a list of them"),
    ],
)
def test_a_file_that_is_wrong_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(PipecliError, match=r"config\.toml") as refused:
        configured(tmp_path, text)

    assert said in str(refused.value)


def test_what_is_neither_an_address_nor_a_channel_is_refused_without_telling_it(tmp_path: Path) -> None:
    ours = configured(tmp_path, '[users]\nana = "hunter22-secret"\nluis = "luis"\n')

    with pytest.raises(PipecliError, match="is neither an address nor") as refused:
        ours.of("ana", is_user=True)
    assert "hunter22" not in str(refused.value)
    with pytest.raises(PipecliError, match="is neither an address nor"):
        ours.of("luis", is_user=True)


def test_an_address_hides_what_it_is(tmp_path: Path) -> None:
    (address,) = configured(tmp_path, PIPECLI_CHANNEL_SALES="json://s3cret").of("sales", is_user=False)

    assert "s3cret" not in repr(address)
