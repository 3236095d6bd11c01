"""Files that a story writes and commits by hand: `git add` and `git commit -- FILES` without their processes.

Two stories in three begin so. The objects, the index and the log are those that git would write; where a
repository or its settings might have git do more, git is asked.
"""

from __future__ import annotations

import os
import re
import struct
import subprocess
import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha1
from pathlib import Path
from zoneinfo import ZoneInfo

GIT_CONFIG = """\
[user]
    name = Ana Ruiz
    email = ana@contoso.example
[init]
    defaultBranch = main
    templateDir = {template}
[core]
    fsync = none
[gc]
    auto = 0
[maintenance]
    auto = false
"""
"""git hardens nothing, and starts no second process at the end of a commit."""

_ANA = b"Ana Ruiz <ana@contoso.example>"
_ZONE = ZoneInfo("Europe/Madrid")
_AS_ASKED = {"GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM"}
"""The variables of git's that every story has."""
_MAY_DO_MORE = re.compile(
    r"(?i)\[(user|author|committer|commit|gpg|include|filter|extensions)|hookspath|crlf"
)
"""Settings of a repository with which a commit is another."""

Entries = dict[str, bytes]
"""The files of an index of git's by their paths: 62 bytes of stat, id and flags."""


def write_and_commit(root: Path, files: Mapping[str, str], message: str = "by hand") -> None:
    """Write files of a pipeline, each by its path, and commit them and nothing else."""
    write(root, files)
    commit(root, [*files], message)


def write(root: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def commit(root: Path, names: Sequence[str], message: str) -> None:
    """Commit these files as they are now, and nothing else."""
    if not _is_plain(root, names) or not _commit(root, names, message):
        subprocess.run(["git", "add", "--", *names], cwd=root, check=True)
        subprocess.run(["git", "commit", "-q", "-m", message, "--", *names], cwd=root, check=True)


def _is_plain(root: Path, names: Sequence[str]) -> bool:
    """True where git would run no hook, ask for no other name, and take the files as they are."""
    folder = root / ".git"
    if {name for name in os.environ if name.startswith("GIT_")} != _AS_ASKED or not folder.is_dir():
        return False
    if os.environ["TZ"] != _ZONE.key:
        return False
    config = Path(os.environ["GIT_CONFIG_GLOBAL"])
    return (
        config.read_text() == GIT_CONFIG.format(template=config.parent / "template")
        and not _MAY_DO_MORE.search((folder / "config").read_text())
        and not any((folder / name).exists() for name in ("MERGE_HEAD", "index.lock", "info/attributes"))
        and not any((folder / "hooks").glob("*"))
        and all(b"\r" not in (root / name).read_bytes() and not (root / name).is_symlink() for name in names)
    )


def _commit(root: Path, names: Sequence[str], message: str) -> bool:
    """Commit without git; False, and nothing is done, where something else is staged or HEAD is no branch."""
    folder = root / ".git"
    head = (folder / "HEAD").read_text().strip()
    branch = folder / head.removeprefix("ref: ")
    index = (folder / "index").read_bytes()
    logs = [folder / "logs" / name for name in ("HEAD", head.removeprefix("ref: "))]
    if not all(file.is_file() for file in (branch, *logs)) or not index.startswith(b"DIRC\0\0\0\2"):
        return False
    entries = {name: index[place : place + 62] for name, place in places_of(index).items()}
    if any(entry[60] & 0xF0 for entry in entries.values()):  # in conflict, or not checked out
        return False
    before = branch.read_text().strip()
    known = _trees(entries)
    if sha1_of("tree", known[""]) != _tree_of(root, before):
        return False
    objects = []
    for name in names:
        about, content = (root / name).lstat(), (root / name).read_bytes()
        objects.append(("blob", content))
        mode = entries[name][24:28] if name in entries else struct.pack(">I", 0o100644)
        rest = struct.pack(">3I", about.st_uid, about.st_gid, about.st_size)
        length = min(len(name.encode()), 0xFFF).to_bytes(2)
        entries[name] = git_stamp(about) + mode + rest + sha1_of("blob", content) + length
    trees = _trees(dict(sorted(entries.items(), key=lambda entry: entry[0].encode())))
    objects += [("tree", tree) for path, tree in trees.items() if known.get(path) != tree]
    if len(objects) == len(names):  # git refuses a commit of nothing
        return False
    is_by = b"%s %s" % (_ANA, f"{int((now := datetime.now(_ZONE)).timestamp())} {now:%z}".encode())
    tree_id = sha1_of("tree", trees[""]).hex().encode()
    lines = b"tree %s\nparent %s\nauthor %s\ncommitter %s\n" % (tree_id, before.encode(), is_by, is_by)
    objects.append(("commit", text := lines + b"\n" + message.encode() + b"\n"))
    for kind, content in objects:
        _write(folder, kind, content)
    (folder / "index").write_bytes(_index_of(entries))
    after = sha1_of("commit", text).hex()
    branch.write_text(f"{after}\n")
    for log in logs:
        with log.open("ab") as file:
            subject = message.partition("\n")[0].encode()
            file.write(b"%s %s %s\tcommit: %s\n" % (before.encode(), after.encode(), is_by, subject))
    return True


def places_of(index: bytes) -> dict[str, int]:
    """Where an index of git's, of version 2, has each file: stat, id and flags, 62 bytes, before its name."""
    places, place = {}, 12
    for _ in range(int.from_bytes(index[8:12])):
        end = index.index(b"\0", place + 62)
        places[index[place + 62 : end].decode()] = place
        place += (end - place + 8) // 8 * 8
    return places


def _index_of(entries: Entries) -> bytes:
    parts = [b"DIRC\0\0\0\2", len(entries).to_bytes(4)]
    for name, entry in sorted((name.encode(), entry) for name, entry in entries.items()):
        parts += [entry, name, bytes(8 - (62 + len(name)) % 8)]
    index = b"".join(parts)
    return index + sha1(index, usedforsecurity=False).digest()


def _trees(entries: Entries) -> dict[str, bytes]:
    """The tree of each folder, the root's under the empty name."""
    folders: dict[str, list[tuple[bytes, bytes]]] = {"": []}
    for path, entry in entries.items():
        folder, _, name = path.rpartition("/")
        mode = b"%o " % int.from_bytes(entry[24:28])
        folders.setdefault(folder, []).append((name.encode(), mode + name.encode() + b"\0" + entry[40:60]))
        while folder and (folder := folder.rpartition("/")[0]) not in folders:
            folders[folder] = []
    trees = {}
    for folder in sorted(folders, key=lambda folder: -len(folder)):  # what is in a folder has a longer name
        trees[folder] = b"".join(line for _, line in sorted(folders[folder]))
        above, _, name = folder.rpartition("/")
        if folder:  # git has a folder in its order as if its name ended with a slash
            line = b"40000 " + name.encode() + b"\0" + sha1_of("tree", trees[folder])
            folders[above].append((name.encode() + b"/", line))
    return trees


def sha1_of(kind: str, content: bytes) -> bytes:
    return sha1(b"%s %d\0%s" % (kind.encode(), len(content), content), usedforsecurity=False).digest()


def git_stamp(stat: os.stat_result) -> bytes:
    """What git's index has of a file, to tell that it is unchanged: its times, device and inode."""
    times = (number for time in (stat.st_ctime_ns, stat.st_mtime_ns) for number in divmod(time, 10**9))
    return struct.pack(">6I", *times, stat.st_dev & 0xFFFFFFFF, stat.st_ino & 0xFFFFFFFF)


def _write(folder: Path, kind: str, content: bytes) -> None:
    """Write a loose object, as git does."""
    id_ = sha1_of(kind, content).hex()
    file = folder / "objects" / id_[:2] / id_[2:]
    file.parent.mkdir(exist_ok=True)
    if not file.exists():
        file.write_bytes(zlib.compress(b"%s %d\0%s" % (kind.encode(), len(content), content), 1))


_known_trees: dict[str, bytes] = {}


def _tree_of(root: Path, commit: str) -> bytes:
    """The id of a commit's tree: from its file, or once from git, which has it in a pack."""
    if commit not in _known_trees:
        file = root / ".git" / "objects" / commit[:2] / commit[2:]
        if file.exists():
            text = zlib.decompress(file.read_bytes()).partition(b"\0")[2].decode()
        else:
            question = ["git", "cat-file", "commit", commit]
            text = subprocess.run(question, cwd=root, check=True, capture_output=True, text=True).stdout
        _known_trees[commit] = bytes.fromhex(text[5:45])
    return _known_trees[commit]
