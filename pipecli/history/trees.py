"""What a commit holds: the pipeline's files in it, each with the id of its blob."""

from __future__ import annotations

from typing import NamedTuple

from pipecli.records.kinds import SETTINGS_FILE
from pipecli.store import git
from pipecli.store.location import Location, kind_of

_LINK = b"120000"


class Entry(NamedTuple):
    blob: str
    is_link: bool


class Tree(NamedTuple):
    tree: str
    """The id of the pipeline's own directory: two commits with the same have the same records."""
    files: dict[str, Entry]
    """By path inside the pipeline; only records and settings."""


def entries(place: Location, commit: str) -> Tree:
    """The files of the pipeline in a commit; none where the pipeline's directory is not in it."""
    root = f"{commit}:{place.prefix.rstrip('/')}"
    done = git.run(place.work_tree, "rev-parse", "--verify", "--quiet", "--end-of-options", root)
    if done.returncode:
        return Tree("", {})
    tree = done.stdout.decode().strip()
    listed = git.run(place.work_tree, "ls-tree", "-r", "-z", "--full-tree", tree).stdout
    files: dict[str, Entry] = {}
    for line in listed.split(b"\0"):
        about, _, name = line.partition(b"\t")
        if not name.endswith(b".yaml"):
            continue
        path = name.decode("utf-8", "replace")
        mode, kind, blob = about.split(b" ", 2)
        if kind == b"blob" and (path == SETTINGS_FILE or kind_of(path)):
            files[path] = Entry(blob.decode(), mode == _LINK)
    return Tree(tree, files)
