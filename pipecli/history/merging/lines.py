"""The merge of what is no record, or can't be read as one: line by line, as git does it."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from pipecli.history.merging.values import Side
from pipecli.store import git

_LARGEST_COUNT = 127
"""Of conflicts that `git merge-file` tells by its exit code; above it are its failures."""


def merge_lines(base: bytes, ours: bytes, theirs: bytes, prefer: Side | None = None) -> tuple[bytes, str]:
    """The text, with conflicts marked in it, and what is in conflict in words; empty where nothing is.

    Of what is no text ours is kept, or what is preferred.
    """
    with TemporaryDirectory(prefix="pipecli-") as folder:
        room = Path(folder)
        for name, content in (("ours", ours), ("base", base), ("theirs", theirs)):
            (room / name).write_bytes(content)
        labels = ("-L", "ours", "-L", "base", "-L", "theirs")
        taken = (f"--{prefer}",) if prefer else ()
        done = git.run(room, "merge-file", "-p", "-q", *taken, *labels, "ours", "base", "theirs")
    if done.returncode > _LARGEST_COUNT:  # "Cannot merge binary files"
        if prefer:
            return (theirs if prefer == "theirs" else ours), ""
        return ours, "a file that is no text can't be merged: ours is kept"
    marks = "1 conflict is" if done.returncode == 1 else f"{done.returncode} conflicts are"
    return done.stdout, f"{marks} marked line by line" if done.returncode else ""
