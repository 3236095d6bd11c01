"""The name by which pipecli is installed, wherever anyone is told to install it."""

from __future__ import annotations

import json
import re
import runpy
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from pipecli import __version__, extras
from pipecli.extras import DISTRIBUTION, EXTRAS, PINNED_INSTALL, install_command

ROOT = Path(__file__).resolve().parents[1]

_TOOL = r"\b(?:pipx?|uvx?|poetry|conda)\b"
_BARE_NAME = r"\bpipecli\b(?![-/@]|[.:]\w)"
BARE = re.compile(
    rf"{_TOOL}[^\n|;&#]*?\b(?:install|add|run|inject|upgrade|download)\b[^\n|;&#`]*?[\s'\"]{_BARE_NAME}"
    rf"|\buvx\s+(?:-\S+\s+)*{_BARE_NAME}"
    r"|\bpipecli(?:\[[a-z,]+\]|==|>=|~=)"
)
"""A command or a requirement that would install the distribution called as our command is."""


@pytest.mark.parametrize(
    "line",
    [
        "pip install pipecli", "pip install -q --upgrade 'pipecli'", 'pip install "pipecli[pdf]"',
        "pipx install pipecli", "uv tool install pipecli", "uvx pipecli forecast", "pipx run pipecli check",
        "python -m pip install pipecli==0.1.0", "uv add pipecli", "- pipecli>=0.1", "It is pip add pipecli.",
    ],
)  # fmt: skip
def test_what_installs_the_bare_name_is_recognised(line: str) -> None:
    assert BARE.search(line)


@pytest.mark.parametrize(
    "line",
    [
        'pip install "pipecli-crm==0.1.0"', "pipx install 'pipecli-crm[pdf]'", "pip install -e '.[dev]'",
        "uvx --from pipecli-crm pipecli check", 'pip install "git+https://git.contoso.example/pipecli@v0.1.0"',
        "name: Install pipecli", "pip install -c constraints.txt . && .venv/bin/pipecli forecast",
    ],
)  # fmt: skip
def test_what_installs_ours_is_not(line: str) -> None:
    assert not BARE.search(line)


def _own_files() -> list[Path]:
    """The files of the repository; of an unpacked archive, those of the folders that it has."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True).stdout
    if listed:
        return [ROOT / name for name in listed.split("\0") if name]
    folders = ("docs", "pipecli", "tests", "benchmarks", ".github", ".ci")
    below = (path for folder in folders for path in (ROOT / folder).rglob("*"))
    return [*ROOT.glob("*"), *(path for path in below if path.suffix != ".pyc")]


def test_no_file_tells_anyone_to_install_the_bare_name() -> None:
    files = [path for path in _own_files() if path != Path(__file__)]
    assert ROOT / "README.md" in files
    lines = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in files
        if path.is_file()
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if BARE.search(line)
    ]
    assert lines == []


def test_the_project_is_called_by_the_one_name() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["name"] == DISTRIBUTION
    extras = project["optional-dependencies"]
    assert extras["all"] == [f"{DISTRIBUTION}[{','.join(EXTRAS)}]"]
    assert set(extras) - set(EXTRAS) == {"all", "docs", "dev"}
    assert f'pip install "pipecli-crm=={__version__}"' == PINNED_INSTALL


def test_the_version_that_documents_pin_is_this_one() -> None:
    for path in (ROOT / "docs").glob("*.md"):
        for version in re.findall(r"pipecli-crm(?:\[[a-z,]+\])?==([\w.]+)", path.read_text(encoding="utf-8")):
            assert version == __version__, path.name


@pytest.fixture
def prefix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment of its own with three of the extras, from the package index."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))
    for name in EXTRAS:
        module = "json" if name in ("charts", "notify", "phone") else "no_such_library"
        monkeypatch.setitem(extras.EXTRAS, name, (module,))
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    monkeypatch.setattr(extras, "_source", lambda: "")
    return tmp_path


def test_an_environment_that_is_not_active_is_named(prefix: Path) -> None:
    assert install_command("pdf") == f'{prefix}/bin/python -m pip install "pipecli-crm[pdf]"'


def test_pip_that_is_first_on_the_path_is_called_by_its_name(
    prefix: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (prefix / "bin").mkdir()
    (prefix / "bin" / "pip").write_text("#!/bin/sh\n")
    (prefix / "bin" / "pip").chmod(0o755)
    monkeypatch.setenv("PATH", str(prefix / "bin"))
    assert install_command("pdf", "tui") == 'pip install "pipecli-crm[pdf,tui]"'


def test_an_environment_of_uv_has_no_pip(prefix: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (prefix / "pyvenv.cfg").write_text("home = /usr/bin\nuv = 0.9.5\nversion_info = 3.13.0\n")
    command = f'uv pip install --python {prefix}/bin/python "pipecli-crm[pdf]"'
    assert install_command("pdf") == command
    monkeypatch.setenv("VIRTUAL_ENV", str(prefix))
    assert install_command("pdf") == 'uv pip install "pipecli-crm[pdf]"'


@pytest.mark.parametrize(
    ("marker", "tool"), [("pipx_metadata.json", "pipx install"), ("uv-receipt.toml", "uv tool install")]
)
def test_a_tool_s_environment_is_made_anew_with_what_it_had(
    prefix: Path, monkeypatch: pytest.MonkeyPatch, marker: str, tool: str
) -> None:
    (prefix / marker).write_text("")
    assert install_command("pdf") == f'{tool} --force "pipecli-crm[pdf,charts,notify,phone]"'
    monkeypatch.setattr(extras, "_source", lambda: "git+https://git.contoso.example/p@v1")
    assert install_command("pdf") == (
        f'{tool} --force "pipecli-crm[pdf,charts,notify,phone] @ git+https://git.contoso.example/p@v1"'
    )


@pytest.mark.parametrize(
    ("recorded", "source"),
    [
        (None, ""),
        ({"url": "file:///srv/pipecli", "dir_info": {"editable": True}}, "file:///srv/pipecli"),
        (
            {
                "url": "https://git.contoso.example/pipecli",
                "vcs_info": {"vcs": "git", "requested_revision": "v0.1.0", "commit_id": "a" * 40},
            },
            "git+https://git.contoso.example/pipecli@v0.1.0",
        ),
        (
            {"url": "https://git.contoso.example/pipecli", "vcs_info": {"vcs": "git", "commit_id": "a" * 40}},
            f"git+https://git.contoso.example/pipecli@{'a' * 40}",
        ),
    ],
)
def test_the_source_of_an_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recorded: dict[str, object] | None, source: str
) -> None:
    info = tmp_path / "pipecli_crm-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.4\nName: pipecli-crm\nVersion: 0.1.0\n")
    if recorded:
        (info / "direct_url.json").write_text(json.dumps(recorded))
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert metadata.distribution(DISTRIBUTION).version == "0.1.0"
    assert extras._source() == source


def test_no_verb_needs_an_extra_to_be_there() -> None:
    """What is optional is imported when it is used, and never with the module of a verb."""
    script = """
import sys
from pipecli.cli.manual import commands
from pipecli.extras import EXTRAS
assert len(list(commands())) > 150
print(*(name for names in EXTRAS.values() for name in names if name in sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, [], "")


def test_the_readme_of_the_package_has_no_relative_link() -> None:
    """A package index shows it without the files beside it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    code = runpy.run_path(str(ROOT / "hatch_build.py"))
    code["AbsoluteLinks"](str(ROOT), {}).update(project)
    text = project["readme"]["text"]
    assert re.findall(r"\]\((?!https://)[^)]*\)", text) == []
    assert "](https://pipecli.example/docs/pictures/board.png)" in text
    assert "](https://pipecli.example/docs/install.html#completion)" in text
