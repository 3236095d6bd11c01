"""Where a pipeline is on disk: its root, its git directory, and the rule that no path leaves it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from pipecli.errors import PipecliError
from pipecli.records.kinds import BY_FOLDER, SETTINGS_FILE, Kind


class NoPipeline(PipecliError):
    """The directory, and those above it, hold no pipeline."""


class Location(NamedTuple):
    root: Path
    """The directory of `pipecli.yaml`, resolved."""
    work_tree: Path
    """The root of the git repository around it: the same, or a directory above."""
    git_dir: Path

    @property
    def prefix(self) -> str:
        """The pipeline's place in the repository: empty, or `sales/` with its slash."""
        inner = self.root.relative_to(self.work_tree).as_posix()
        return "" if inner == "." else f"{inner}/"

    @property
    def cache(self) -> Path:
        """Where what can be deleted is kept: inside the git directory, a folder a pipeline."""
        return self.git_dir / "pipecli" / (self.prefix.strip("/").replace("/", "-") or "root")


def find(start: Path) -> Location:
    """The pipeline that holds `start`, walking up as git does. Raises NoPipeline."""
    here = start.resolve()
    if not here.is_dir():
        raise NoPipeline(f"{start} is no directory")
    for root in (here, *here.parents):
        if (root / SETTINGS_FILE).is_file():
            return _with_git(root)
    raise NoPipeline(
        f"{start} is no pipeline: no {SETTINGS_FILE} here or above",
        hint="make one with `pipecli init DIR`, or name one with -C DIR",
    )


def _with_git(root: Path) -> Location:
    for work_tree in (root, *root.parents):
        marker = work_tree / ".git"
        if marker.is_dir():
            return Location(root, work_tree, marker)
        if marker.is_file():  # a linked work tree or a submodule: "gitdir: <path>"
            target = marker.read_text(encoding="utf-8").removeprefix("gitdir:").strip()
            return Location(root, work_tree, (work_tree / target).resolve())
    raise NoPipeline(f"{root} is in no git repository", hint="make it one with `git init`")


def kind_of(file: str) -> Kind | None:
    """The kind of record that a path of the pipeline holds; None for any other file."""
    folder, slash, _ = file.partition("/")
    return BY_FOLDER.get(folder) if slash and file.endswith(".yaml") else None


def inside(root: Path, file: str) -> Path:
    """The path of a pipeline's file, refused when it leads out of the pipeline, through a link or `..`."""
    path = root / file
    resolved, top = Path(os.path.realpath(path)), Path(os.path.realpath(root))
    if resolved != top and top not in resolved.parents:
        raise PipecliError(f"{file} leads out of the pipeline", hint="links and paths must stay inside it")
    return path
