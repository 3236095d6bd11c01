"""What a commit holds: the pipeline's files in it, each with the id of its blob."""

from __future__ import annotations

import re
from typing import NamedTuple

from pipecli.records.kinds import KINDS, SETTINGS_FILE
from pipecli.store import git
from pipecli.store.files import Location

_LINK = b"120000"
_FOLDERS = "|".join(kind.folder for kind in KINDS)
# One pattern over the whole list: a loop over 10,000 lines takes 25 ms more. A line begins after a zero.
_RECORD = rf"(?<![^\0])(\d+) blob (\w+)\t({re.escape(SETTINGS_FILE)}|(?:{_FOLDERS})/[^\0]*\.yaml)\0"


class Entry(NamedTuple):
    blob: str
    is_link: bool


def tree_of(place: Location, commit: str) -> str | None:
    """The id of the pipeline's own directory in a commit: two with the same have the same records."""
    root = f"{commit}:{place.prefix.rstrip('/')}"
    done = git.run(place.work_tree, "rev-parse", "--verify", "--quiet", "--end-of-options", root)
    return None if done.returncode else done.stdout.decode().strip()


def roots(place: Location, commit: str) -> dict[str, str]:
    """The ids of the files and folders of the pipeline's own directory in a commit; none without it."""
    tree = tree_of(place, commit)
    listed = git.raw(place.work_tree, "ls-tree", "-z", "--full-tree", tree) if tree else b""
    lines = (line.partition(b"\t") for line in listed.split(b"\0") if line)
    return {name.decode("utf-8", "replace"): about.split()[2].decode() for about, _, name in lines}


def entries(place: Location, tree: str) -> dict[str, Entry]:
    """The files of settings and records in the tree of a pipeline, by their paths in it."""
    listed = git.raw(place.work_tree, "ls-tree", "-r", "-z", "--full-tree", tree)
    return {
        path.decode("utf-8", "replace"): Entry(blob.decode(), mode == _LINK)
        for mode, blob, path in re.findall(_RECORD.encode(), listed)
    }


def records_below(place: Location, tree: str, folder: str) -> dict[str, str]:
    """The blobs of the record files in the tree of a folder, by their paths in the pipeline."""
    listed = git.raw(place.work_tree, "ls-tree", "-r", "-z", "--full-tree", tree)
    return {
        f"{folder}/{path.decode('utf-8', 'replace')}": blob.decode()
        for blob, path in re.findall(rb"(?<![^\0])\d+ blob (\w+)\t([^\0]*\.yaml)\0", listed)
    }
