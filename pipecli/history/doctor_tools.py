"""What pipecli works with: git, its merge driver, the optional libraries, the schemas that editors read."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from pipecli.history.diagnosis import Diagnosis, ok, warning
from pipecli.history.sync_merge import OLDEST_GIT
from pipecli.store import git, merge_setup, schemas
from pipecli.store.files import Location

_EXTRAS = {
    "pdf": ("typst", "babel"),
    "charts": ("altair", "vl_convert"),
    "tui": ("textual",),
    "notify": ("apprise",),
}
"""The extras of the package, each with the modules it brings."""


def git_version(place: Location) -> Iterator[Diagnosis]:
    """Whether this git can do all that pipecli asks of it."""
    version = git.version(place.work_tree)
    shown = ".".join(map(str, version))
    if version < OLDEST_GIT:
        wanted = ".".join(map(str, OLDEST_GIT))
        yield warning("git", f"git {shown} can't merge for sync, which takes {wanted}", "install a newer git")
    else:
        yield ok("git", f"git {shown}")


def driver(place: Location) -> Iterator[Diagnosis]:
    """Whether git merges records by field here."""
    if merge_setup.is_set_up(place):
        yield ok("driver", "git merges records by field")
        return

    def set_up() -> str:
        merge_setup.set_up(place)
        return "git now merges records by field"

    yield warning(
        "driver",
        "git does not know pipecli's merge driver: two changes of one deal conflict though they fit",
        "pipecli sync, which sets it up",
        set_up,
    )


def extras(_: Location) -> Iterator[Diagnosis]:
    """Which of the optional parts are installed."""
    missing = [name for name, modules in _EXTRAS.items() if not all(map(find_spec, modules))]
    if missing:
        yield warning(
            "extras", f"not installed: {', '.join(missing)}", f"pip install 'pipecli[{','.join(missing)}]'"
        )
    else:
        yield ok("extras", f"installed: {', '.join(_EXTRAS)}")


def editors(place: Location) -> Iterator[Diagnosis]:
    """Whether the schemas by which editors complete and check records are those of this version."""
    wrong = schemas.differing(place.root / "schemas")
    if wrong:
        names = ", ".join(name.partition(".")[0] for name in wrong)
        yield warning(
            "schemas", f"not those of this version: {names}", "pipecli schema write, and commit them"
        )
    else:
        yield ok("schemas", "those of this version")
