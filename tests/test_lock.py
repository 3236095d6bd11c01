"""constraints.txt locks a release, within the bounds of pyproject.toml, of all that the tests need."""

from __future__ import annotations

import tomllib
from itertools import chain
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent


def test_every_requirement_has_a_locked_release_within_its_bounds():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [Requirement(line) for line in lines if not line.startswith("#")]
    locked = {canonicalize_name(pin.name): str(pin.specifier).removeprefix("==") for pin in pins}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    written = chain(project["dependencies"], *project["optional-dependencies"].values())
    requirements = [needed for needed in map(Requirement, written) if needed.name != project["name"]]
    assert [
        str(needed)
        for needed in requirements
        if not needed.specifier.contains(locked.get(canonicalize_name(needed.name), "0"))
    ] == []
