"""The name under which pipecli is installed, and the commands that install it.

The command and the package to import are called `pipecli`, which on the package index is a stranger's name.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from pipecli import __version__
from pipecli.errors import PipecliError

DISTRIBUTION = "pipecli-crm"
"""The distribution's name on the package index, as in pyproject.toml."""

EXTRAS = {
    "pdf": ("typst", "babel"),
    "charts": ("altair", "vl_convert"),
    "tui": ("textual",),
    "notify": ("apprise",),
    "sheets": ("python_calamine",),
    "phone": ("phonenumbers",),
    "mcp": ("mcp",),
    "mirror": ("pyarrow", "psycopg"),
    "factur-x": ("facturx", "babel"),
}
"""The optional parts for users, each with the modules it brings; the extra `all` is their sum."""

PINNED_INSTALL = f'pip install "{DISTRIBUTION}=={__version__}"'
"""The command that installs this very version."""
PINNED_INSTALL_CHARTS = f'pip install "{DISTRIBUTION}[charts]=={__version__}"'
"""The same for the dashboard."""


def missing_extras() -> list[str]:
    """The optional parts that are not installed here."""
    return [name for name, modules in EXTRAS.items() if not all(map(find_spec, modules))]


_REFUSALS = {
    "pdf": "documents need typst and babel, which are not installed",
    "charts": "charts need altair and vl-convert, which are not installed",
    "tui": "the board needs textual, which is not installed",
    "notify": "messages are sent by apprise, which is not installed",
    "mcp": "serving an agent needs the SDK of the protocol",
    "mirror": "a mirror needs pyarrow and psycopg",
    "factur-x": "XML of an invoice needs factur-x, which is not installed",
}


def require_extra(name: str, refusal: str = "") -> None:
    """Refuse, with the command that helps, where an optional part is not installed. Raises PipecliError."""
    if not all(map(find_spec, EXTRAS[name])):
        raise PipecliError(refusal or _REFUSALS[name], hint=install_command(name), code="missing-extra")


def install_command(*extras: str) -> str:
    """The command that adds optional parts to this installation, by the tool that made it."""
    prefix = Path(sys.prefix)
    if (prefix / "pipx_metadata.json").is_file():
        return f'pipx install --force "{_whole_requirement(extras)}"'
    if (prefix / "uv-receipt.toml").is_file():
        return f'uv tool install --force "{_whole_requirement(extras)}"'
    return f'{_pip_install(prefix)} "{DISTRIBUTION}[{",".join(extras)}]"'


def _whole_requirement(extras: tuple[str, ...]) -> str:
    """The requirement for an environment that is made anew: with the parts it has, from where it came."""
    missing = missing_extras()
    kept = [name for name in EXTRAS if name in extras or name not in missing]
    source = _source()
    return f"{DISTRIBUTION}[{','.join(kept)}]" + (f" @ {source}" if source else "")


def _pip_install(prefix: Path) -> str:
    """pip or uv, as it is called to install into this environment."""
    if _made_by_uv(prefix):
        is_active = os.environ.get("VIRTUAL_ENV") == sys.prefix
        return "uv pip install" + ("" if is_active else f" --python {sys.executable}")
    pip = shutil.which("pip")
    is_first = pip is not None and Path(pip).parent == Path(sys.executable).parent
    return "pip install" if is_first else f"{sys.executable} -m pip install"


def _made_by_uv(prefix: Path) -> bool:
    """An environment of `uv venv`, which has no pip of its own."""
    try:
        lines = (prefix / "pyvenv.cfg").read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    return any(line.partition("=")[0].strip() == "uv" for line in lines)


def _source() -> str:
    """The address that pipecli was installed from, by PEP 610; empty when it was the package index."""
    import json
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        text = distribution(DISTRIBUTION).read_text("direct_url.json")
    except PackageNotFoundError:
        return ""
    return _address(json.loads(text)) if text else ""


def _address(source: Mapping[str, object]) -> str:
    url = str(source["url"])
    vcs = source.get("vcs_info")
    if not isinstance(vcs, dict):
        return url
    revision = vcs.get("requested_revision") or vcs["commit_id"]
    return f"{vcs['vcs']}+{url}@{revision}"
