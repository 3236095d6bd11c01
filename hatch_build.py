"""The build of the package: the man pages of `pipecli man --output man`, and a README with absolute links."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

_PAGES = {"CHANGELOG.md": "docs/changelog.md", "SECURITY.md": "docs/security.md"}


class ManPages(BuildHookInterface):  # type: ignore[type-arg]
    """Puts the pages of man/ where an installer lays man pages."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        for page in sorted((Path(self.root) / "man").glob("*.1")):
            build_data["shared_data"][str(page)] = f"share/man/man1/{page.name}"


class AbsoluteLinks(MetadataHookInterface):
    """Makes the links and pictures of README.md absolute: a package index has no files beside it."""

    def update(self, metadata: dict[str, Any]) -> None:
        home = metadata["urls"]["Homepage"]

        def absolute(link: re.Match[str]) -> str:
            path = _PAGES.get(link[1], link[1])
            if path.startswith("docs/"):  # a page of the site
                path = re.sub(r"[.]md$", ".html", path)
            return f"]({home}/{path}{link[2]})"

        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        text = re.sub(r"\]\((?![a-z]+:)([^)#]+)([^)]*)\)", absolute, text)
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
