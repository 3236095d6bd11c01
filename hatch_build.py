"""The build of a wheel: it takes along the man pages that `pipecli man --output man` has written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ManPages(BuildHookInterface):  # type: ignore[type-arg]
    """Puts the pages of man/ where an installer lays man pages."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        for page in sorted((Path(self.root) / "man").glob("*.1")):
            build_data["shared_data"][str(page)] = f"share/man/man1/{page.name}"
