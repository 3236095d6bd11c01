"""What several stories of one noun start from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cli, Once
from tests.importing import Git, open_shop
from tests.records_given import OPP
from tests.servers import Hooks, web_server


@pytest.fixture
def draft(cli: Cli, once: Once) -> str:
    """A draft quotation of the deal of `shop`."""

    def build() -> str:
        return cli("quote", "new", OPP, "--format", "ids").id

    return str(once(build))


@pytest.fixture
def acme(cli: Cli, once: Once) -> str:
    """A request for prices to the supplier Acme."""

    def build() -> str:
        return cli("supplier-quote", "new", OPP, "--supplier", "acme", "--format", "ids").id

    return str(once(build))


@pytest.fixture(scope="session")
def drawn_once() -> Iterator[None]:
    """What two stories have drawn alike is drawn once: a chart takes vl-convert a tenth of a second."""
    import vl_convert

    draw, svgs = vl_convert.vegalite_to_svg, dict[str, str]()

    def drawn(spec: dict[str, Any]) -> str:
        key = json.dumps(spec)
        if key not in svgs:
            svgs[key] = draw(spec)
        return svgs[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vl_convert, "vegalite_to_svg", drawn)
        yield


@pytest.fixture
def rates(root: Path, git: Git) -> None:
    """A dollar is worth 0.80 euros."""
    settings = root / "pipecli.yaml"
    settings.write_text(settings.read_text() + "\nexchange_rates:\n  USD:\n    2026-11-01: 0.80\n")
    git("commit", "-qam", "rates")


@pytest.fixture
def at_a_desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line stands in a person's own directory, beside the pipeline."""
    (tmp_path / "desk").mkdir()
    monkeypatch.chdir(tmp_path / "desk")


@pytest.fixture
def dollar_shop(root: Path, git: Git) -> Path:
    """A pipeline with one product in a price list in dollars."""
    return open_shop(root, git)


@pytest.fixture(scope="module")
def server() -> Iterator[Hooks]:
    with web_server() as hooks:
        yield hooks


@pytest.fixture
def hooks(server: Hooks) -> Hooks:
    """A server of web hooks that nothing was posted to, and that takes everything."""
    server.taken.clear()
    server.status.clear()
    return server


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
