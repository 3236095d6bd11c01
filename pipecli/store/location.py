"""Where a pipeline is: its root, its git directory, its cache, and what would keep git waiting there."""

import os
from collections.abc import Iterable
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from pipecli.errors import PipecliError
from pipecli.records.kinds import GITS_OWN, SETTINGS_FILE
from pipecli.store.safe_files import CAUTIOUS, is_pipe, read_at_most, read_of_git


class NoPipeline(PipecliError):
    """The directory, and those above it, hold no pipeline."""

    code = "no-pipeline"


JOBS = ("notify", "remind", "digest", "claims")
"""Those that work beside changes, each under a lock of its own."""
TRACES = ("before-", "journal.")
"""The beginnings of the names of what lies beside a journal: without one, a killed command left it."""


class _Folders(NamedTuple):
    root: Path
    """The directory of `pipecli.yaml`, resolved."""
    work_tree: Path
    """The root of the git repository around it: the same, or a directory above."""
    git_dir: Path


class Location(_Folders):
    """Where a pipeline is; each place that follows from that is looked for once, not ten times a command."""

    @cached_property
    def prefix(self) -> str:
        """The pipeline's place in the repository: empty, or `sales/` with its slash."""
        if self.root == self.work_tree:
            return ""
        return f"{self.root.relative_to(self.work_tree).as_posix()}/"

    @cached_property
    def common_dir(self) -> Path:
        """The git directory that linked work trees share."""
        try:
            return self.git_dir / read_of_git(self.git_dir / "commondir")
        except (OSError, ValueError):
            return self.git_dir

    @cached_property
    def cache(self) -> Path:
        """Where what can be deleted is kept: inside the git directory, a folder a pipeline."""
        inner = self.prefix.rstrip("/").replace("%", "%25").replace("/", "%2F")
        return self.git_dir / f"pipecli/{f'in-{inner}' if inner else 'root'}"

    @cached_property
    def journal(self) -> Path:
        """The journal of the change that is being made, or was cut off; there is none at other times."""
        return self.cache / "journal"

    def journal_of(self, job: str) -> Path:
        """That of one of the JOBS."""
        return self.cache / job / "journal"

    def mail_of(self, paper: str) -> Path:
        """The mail of a paper, kept from before it goes out until it is recorded: `cli/paper/mail.py`."""
        return self.cache / "mail" / f"{paper}.eml"


def find_location(start: Path) -> Location:
    """The pipeline that holds `start`, walking up as git does. Raises NoPipeline."""
    here = Path(os.path.realpath(start))  # `resolve` raises what is no OSError for links in a ring
    if not here.is_dir():
        raise NoPipeline(f"{start} isn't a directory")
    for root in (here, *here.parents):
        if (root / SETTINGS_FILE).is_file():
            return location_at(root)
    raise NoPipeline(
        f"{start} isn't a pipeline: no {SETTINGS_FILE} here or above",
        hint="make one with `pipecli init DIR`, or name one with -C DIR",
    )


def location_at(root: Path) -> Location:
    """The place of a pipeline in a directory. Raises NoPipeline where that is in no repository.

    Raises PipecliError where git would wait for a pipe, or our caches would be written through a link.
    """
    location = _in_repository(root)
    for folder in {root, location.work_tree}:
        _require_no_pipes((f"{folder}/{name}" for name in GITS_OWN), "delete it")
    for git_dir in {location.git_dir, location.common_dir}:
        for name in _OF_GIT:
            _require_no_pipes(_no_files(git_dir / name), "git never makes one there: clone again")
    _require_plain(location.cache.parent)
    return location


def _in_repository(root: Path) -> Location:
    for work_tree in (root, *root.parents):
        marker = work_tree / ".git"
        if marker.is_dir():
            return Location(root, work_tree, marker)
        if marker.is_file():  # a linked work tree or a submodule
            words = b""
            with suppress(OSError):  # a link, which git makes none of; what is behind it is nobody's to see
                words = read_at_most(str(marker), _PATH) or b""
            target = work_tree / os.fsdecode(words.removeprefix(b"gitdir: ").strip())
            if not words.startswith(b"gitdir: ") or not os.path.exists(f"{target}/HEAD"):  # noqa: PTH110
                raise NoPipeline(f"{marker} names no git directory that is there", hint="correct it")
            return Location(root, work_tree, target.resolve())
    raise NoPipeline(f"{root} isn't in a git repository", hint="make it one with `git init`")


_PATH = 4096
"""Bytes: no path is longer."""
_OF_GIT = ("", "info", "objects/info", "objects/pack", "logs", "refs/heads")
"""The folders of a git directory, itself among them, in which git opens what it finds."""


def _no_files(folder: Path) -> list[str]:
    with suppress(OSError), os.scandir(folder) as entries:
        return [entry.path for entry in entries if not (entry.is_file() or entry.is_dir())]
    return []


def _require_no_pipes(paths: Iterable[str], hint: str) -> None:
    """Refuse where git would wait for ever: it opens these files, whatever they are. Raises PipecliError."""
    for path in filter(is_pipe, paths):
        raise PipecliError(f"{path} is a pipe or a device, git would wait for it", hint=hint)


def pipe_below(tree: Path) -> str | None:
    """What git may be waiting for in a work tree, or in its git directory."""
    for folder, _, names in os.walk(tree):
        is_of_git = f"{os.sep}.git" in folder[len(str(tree)) :]
        paths = (f"{folder}/{name}" for name in names if is_of_git or name in GITS_OWN)
        if pipe := next(filter(is_pipe, paths), None):
            return pipe
    return None


def _require_plain(cache: Path) -> None:
    """Refuse a link or a pipe among our caches: it would be written through, or waited for.

    Raises PipecliError. An editor's mark beside a draft is a link: `.#2026.yaml`.
    """
    folders, others = [str(cache)], [str(cache)] if cache.is_symlink() else []
    while folders and not others:
        with suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                elif not (entry.is_file(follow_symlinks=False) or entry.name.startswith(".#")):
                    others.append(entry.path)
    for path in filter(os.path.lexists, others):  # another command may have removed it meanwhile
        what = "a link" if os.path.islink(path) else "a pipe or a device"  # noqa: PTH114
        raise PipecliError(f"{path} is {what}, no file of ours", hint="delete it")


_TAIL = 4096
"""Bytes, more than any line of git's log of a branch."""


def branch_gone_back(location: Location) -> str:
    """A word on a branch whose ref was lost, as by a power cut, so that git takes an older, packed one.

    Empty for most: git's log of a branch ends with the commit that it is at. No git is asked.
    """
    with suppress(OSError, ValueError, IndexError, StopIteration):
        ref = read_of_git(location.git_dir / "HEAD").removeprefix("ref: ")
        common = location.common_dir
        if (common / ref).exists() or not ref.startswith("refs/heads/"):
            return ""
        with os.fdopen(os.open(common / "logs" / ref, os.O_RDONLY | CAUTIOUS), "rb") as log:
            log.seek(max(os.fstat(log.fileno()).st_size - _TAIL, 0))
            last = log.read().splitlines()[-1].split()[1].decode("ascii")
        packed = read_of_git(common / "packed-refs").splitlines()
        now = next(line.partition(" ")[0] for line in packed if line.endswith(f" {ref}"))
        if now != last:
            from shlex import quote  # a reading verb doesn't wait for it

            branch = ref.removeprefix("refs/heads/")
            return (
                f"branch {branch} is at an old commit, {now[:7]}, and git's log of it ends with {last[:7]}: "
                f"unless you did that, its ref was lost; have it again: git update-ref {quote(ref)} {last}"
            )
    return ""
