"""Having git merge a pipeline's records by field: attributes of its files, and a driver in git's config.

The attributes come with a clone, the config doesn't: git lets no clone say what is run. Until `set_up_merge`,
such a clone merges by line, with ordinary conflicts.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from contextlib import suppress

from pipecli.records.kinds import KINDS, SETTINGS_FILE
from pipecli.store import git
from pipecli.store.location import Location

ATTRIBUTES_FILE = ".gitattributes"

DRIVER = "pipecli"
CONFLICT = 3
"""The exit code of `merge-driver` where a person must choose; with any other it has merged, or not worked."""
_ANCESTOR_DRIVER = "pipecli-ancestor"
_PATTERNS = (SETTINGS_FILE, *(f"{kind.folder}/**/*.yaml" for kind in KINDS))
_SAMPLES = (SETTINGS_FILE, *(f"{kind.folder}/2026/11/any.yaml" for kind in KINDS))
"""A file for each of the patterns."""


def merge_attributes(prefix: str = "") -> str:
    """The lines that name a pipeline's records; `prefix` is its folder, from where the lines are read."""
    lines = [f"{_pattern(prefix, pattern)} merge={DRIVER}\n" for pattern in _PATTERNS]
    return (
        f"# merged field by field, once `pipecli sync` has told git how; until then by line\n{''.join(lines)}"
        f"# whatever is attached stays as it is, byte by byte\n{_pattern(prefix, 'attachments/**')} -text\n"
    )


def is_merge_set_up(location: Location) -> bool:
    """True where git merges this pipeline's records by field, with a pipecli that is still there."""
    stored = git.run(location.work_tree, "config", "--local", "--null", "--get-regexp", r"^merge\.pipecli")
    known = dict(line.partition("\n")[::2] for line in stored.stdout.decode("utf-8", "replace").split("\0"))
    python = _python_of(known.get(f"merge.{DRIVER}.driver", ""))
    is_there = os.access(python, os.X_OK)
    return is_there and _settings(python).items() <= known.items() and _has_attributes(location)


def set_up_merge(location: Location) -> None:
    """Tell git how to merge this pipeline's records. Changes git's own files, none that are committed.

    Raises GitRefused.
    """
    for name, value in _settings(sys.executable).items():
        git.output(location.work_tree, "config", "--local", name, value)
    if not _has_attributes(location):
        # A pipeline older than its driver, or one whose .gitattributes somebody else wrote.
        named = git.output(location.work_tree, "rev-parse", "--git-path", "info/attributes")
        file = location.work_tree / named
        file.parent.mkdir(exist_ok=True)
        old = file.read_text(encoding="utf-8") if file.exists() else ""
        gap = "\n" if old and not old.endswith("\n") else ""
        file.write_text(f"{old}{gap}{merge_attributes(location.prefix)}", encoding="utf-8")


def _settings(python: str) -> dict[str, str]:
    return {
        f"merge.{DRIVER}.name": "pipecli: records, field by field",
        f"merge.{DRIVER}.driver": _command(python),
        # Of the two merge bases of a criss-cross: a conflict there is no one's to solve.
        f"merge.{DRIVER}.recursive": _ANCESTOR_DRIVER,
        f"merge.{_ANCESTOR_DRIVER}.name": "pipecli: records, field by field, conflicts as in their base",
        f"merge.{_ANCESTOR_DRIVER}.driver": _command(python, "--ancestor"),
    }


def _command(python: str, *options: str) -> str:
    """The command that git has a shell run: one certain Python, as a hook or cron may have another PATH.

    -P: the files of a pipeline aren't modules to import. Where pipecli is gone, or fails, git's own merge by
    line: to fail is a conflict to git, and the file would be ours, without a mark.
    """
    quoted = shlex.quote(python).replace("%", "%%")
    driver = " ".join([quoted, "-P", "-m", "pipecli", "merge-driver", *options, "--", "%O %A %B %P"])
    by_line = "git merge-file -L ours -L base -L theirs %A %O %B"
    return f"test -x {quoted} && {driver}; case $? in 0) ;; {CONFLICT}) exit 1 ;; *) {by_line} ;; esac"


def _python_of(command: str) -> str:
    """The Python that a stored command runs; of one that is not ours empty."""
    match = re.match(r"test -x (.+?) && ", command)
    with suppress(ValueError):  # quotes that don't end
        return "".join(shlex.split(match[1].replace("%%", "%"))) if match else ""
    return ""


def _has_attributes(location: Location) -> bool:
    names = [location.prefix + sample for sample in _SAMPLES]
    values = git.output(location.work_tree, "check-attr", "-z", "merge", "--", *names).split("\0")
    return all(value == DRIVER for value in values[2::3]) and len(values[2::3]) == len(names)


def _pattern(prefix: str, pattern: str) -> str:
    """A pattern from the folder of the attributes; in quotes where the prefix has what would end it."""
    escaped = re.sub(r"([\\*?\[\]])", r"\\\1", prefix)
    path = f"/{escaped}{pattern}"
    if not re.search(r'[\s"\x00-\x1f]', path):
        return path
    quoted = path.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
    return f'"{quoted}"'
