"""The merge of what is no record, or can't be read as one: line by line, as git does it."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from pipecli.store import git


def merge_lines(base: bytes, ours: bytes, theirs: bytes, prefer: str | None = None) -> tuple[bytes, int]:
    """The text, and how many conflicts are marked in it; of what is no text ours, and one conflict."""
    with TemporaryDirectory(prefix="pipecli-") as folder:
        room = Path(folder)
        for name, content in (("ours", ours), ("base", base), ("theirs", theirs)):
            (room / name).write_bytes(content)
        labels = ("-L", "ours", "-L", "base", "-L", "theirs")
        taken = (f"--{prefer}",) if prefer else ()
        done = git.run(room, "merge-file", "-p", "-q", *taken, *labels, "ours", "base", "theirs")
    if done.returncode > 127:  # "Cannot merge binary files"
        return (theirs, 0) if prefer == "theirs" else (ours, 0 if prefer else 1)
    return done.stdout, done.returncode
