"""The conflicts of a sync, left to a person: git's own merge in progress, and a note of what it began from.

`git status` shows it, every merge tool knows it, and what git's own commands make of it is fine. The fields
that two sides disagree on are put in words here, with both values and whose they are.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from pipecli.errors import PipecliError
from pipecli.history.commits import key_of_path
from pipecli.history.events_in_words import RecordVersion, events_between, title_of
from pipecli.records.kinds import SETTINGS_FILE, record_kind
from pipecli.store import git, safe_files
from pipecli.store.location import Location
from pipecli.store.lock_and_signals import clear_temporary
from pipecli.store.merge_setup import DRIVER
from pipecli.store.power_cut_and_killed_git import carry_through, moving
from pipecli.store.yaml import read
from pipecli.sync.plan_merge import UndecidedFile, record_id
from pipecli.sync.upstream_and_readiness import first_files, head

if TYPE_CHECKING:
    from pipecli.records.base import Plain

Side = Literal["ours", "theirs"]

_STAGES: dict[str, Side] = {"2": "ours", "3": "theirs"}
_HUNK = re.compile(
    rb"^<{7}(?: .*)?\n(?P<ours>(?:.*\n)*?)"
    rb"(?:\|{7}(?: .*)?\n(?:.*\n)*?)?"
    rb"={7}\r?\n(?P<theirs>(?:.*\n)*?)>{7}(?: .*)?(?:\n|\Z)",
    re.MULTILINE,
)
_MARK = re.compile(rb"^(?:<{7}|>{7})(?: |\r?$)", re.MULTILINE)


class WaitingSync(NamedTuple):
    """The two commits that a waiting sync began from, and its files."""

    ours: str
    theirs: str
    upstream: str
    """As people write it: `origin/main`."""
    files: list[str]
    """Those in conflict, by their paths in the repository."""
    merged: list[str]
    """The ids of the records that both sides changed, those in conflict included."""
    made: str = ""
    """The merge, once it is made; it may not be in place yet."""


_TEXTS = ("ours", "theirs", "upstream", "made")
_SHAPE = {**dict.fromkeys(_TEXTS, str), "files": [str], "merged": [str]}


def waiting_sync(location: Location) -> WaitingSync | None:
    """The sync that waits, if one does; what git was told to give up, or has committed, waits no more."""
    try:
        waiting = WaitingSync(**safe_files.read_note(_note(location), _SHAPE))
    except FileNotFoundError:
        return None
    except ValueError:
        waiting = None
    if waiting and git.commit_of(location.work_tree, "MERGE_HEAD") == waiting.theirs:
        if head(location) == waiting.ours:
            return waiting
        if head(location) == waiting.made:  # it was ended between its last two steps
            git.output(location.work_tree, "merge", "--quit")
    _forget(location)
    return None


def leave_conflicts_to_person(
    location: Location, waiting: WaitingSync, message: str, contents: Mapping[str, bytes]
) -> None:
    """Leave a merge to a person: what fits is in the files, what doesn't is marked. Raises PipecliError.

    `contents`: the records that both sides changed, by their paths in the repository, as merged already.
    """
    _write(location, waiting)
    _prepare(location, waiting, contents)
    moving(location, waiting.theirs)
    done = carry_through(
        location.work_tree, "-c", "rerere.enabled=false", "-c", f"merge.{DRIVER}.driver={_driver(location)}",
        "merge", "--no-commit", "--no-ff", "--no-stat", "--quiet", f"--message={message}", waiting.theirs,
    )  # fmt: skip
    if git.commit_of(location.work_tree, "MERGE_HEAD") != waiting.theirs:
        _forget(location)
        raise _in_the_way(done.stderr + done.stdout)


def _prepare(location: Location, waiting: WaitingSync, contents: Mapping[str, bytes]) -> None:
    """Lay the merged records ready, where git finds them by their paths."""
    shutil.rmtree(_ready(location), ignore_errors=True)
    for path, content in contents.items():
        file = _ready(location) / ("marked" if path in waiting.files else "merged") / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def _driver(location: Location) -> str:
    """A driver that takes what is ready: the installed one would start a Python for each record."""
    ready = shlex.quote(_ready(location).as_posix()).replace("%", "%%")
    installed = git.config(location.work_tree, f"merge.{DRIVER}.driver")
    return (
        f"if test -f {ready}/merged/%P; then cp {ready}/merged/%P %A; "
        f"elif test -f {ready}/marked/%P; then cp {ready}/marked/%P %A; exit 1; "
        f"else {installed}; fi"
    )


def _in_the_way(output: bytes) -> git.GitRefused:
    overwritten = re.search(r"overwritten by merge:\n((?:\s+\S.*\n)+)", output.decode("utf-8", "replace"))
    if overwritten is None:
        return git.GitRefused(f"git can't merge: {git.stderr_of(output)}", hint="nothing is changed")
    files = first_files([line.strip() for line in overwritten[1].splitlines()])
    return git.GitRefused(
        f"{files}: changed here, and in no commit; the merge would overwrite that",
        hint="nothing is changed; commit it, or put it aside with `git stash -u`",
    )


def abort_merge(location: Location, waiting: WaitingSync) -> None:
    """Put back every file that the sync touched, byte for byte."""
    differing = ("diff", "--name-only", "--no-renames", "-z")
    theirs = git.words(location.work_tree, *differing, waiting.ours, waiting.theirs)
    staged = git.words(location.work_tree, *differing, "--cached", waiting.ours)
    touched = dict.fromkeys([*theirs, *staged, *waiting.files])
    listing = ("ls-tree", "-r", "--name-only", "--full-tree", "-z")
    known = {*git.words(location.work_tree, *listing, waiting.ours)}
    back = ("restore", "--source", waiting.ours, "--staged", "--worktree")
    _on_files(location, [path for path in touched if path in known], *back)
    _on_files(location, [path for path in touched if path not in known], *_REMOVE)
    _end(location, waiting)


_REMOVE = ("rm", "--quiet", "--force", "--ignore-unmatch")


def take_side(location: Location, waiting: WaitingSync, side: Side, paths: Sequence[str]) -> None:
    """Settle what is still in conflict in these files as one side has it; what is settled already stays."""
    unmerged = _unmerged(location)
    whole = _whole(location, waiting, unmerged)
    for path, sides in unmerged.items():
        if path not in paths:
            continue
        if path in whole and side not in sides:
            if path == f"{location.prefix}{SETTINGS_FILE}":
                raise PipecliError(
                    f"{path} would be gone, and with it the pipeline",
                    hint="keep it: `git add` it, or the other side",
                )
            _on_files(location, [path], *_REMOVE)
            continue
        if path in whole:
            _on_files(location, [path], "checkout", "--quiet", f"--{side}")
        elif (location.work_tree / path).is_file():
            raw = safe_files.read_bytes(location.work_tree, path, safe_files.LARGEST_ANY)
            safe_files.write_file(location.work_tree, path, _HUNK.sub(lambda hunk: hunk[side], raw))
        _take(location, [path])


def stage_resolved(location: Location, waiting: WaitingSync) -> None:
    """Take what a person has settled into git's index. Raises PipecliError naming what is not settled."""
    for path in waiting.files:
        if line := _first_mark(location, path):
            raise PipecliError(
                f"{path}:{line}: both values are still there",
                hint="leave one, without the lines of <, = and >, and try again; or `pipecli sync --ours` "
                "or `--theirs`",
            )
    unmerged = _unmerged(location)
    if whole := sorted(_whole(location, waiting, unmerged)):
        file = shlex.quote(whole[0])
        raise PipecliError(
            f"{first_files(whole)}: one side removed it, or it isn't text, and only one side can be taken",
            hint=f"keep what lies there with `git add {file}`, or remove it with `git rm {file}`; or "
            "`pipecli sync --ours` or `--theirs`",
        )
    changed = git.words(location.work_tree, "diff", "--name-only", "-z")
    also = [path for path in changed if path not in (*unmerged, *waiting.files)]
    untracked = git.words(location.work_tree, "ls-files", "--others", "--exclude-standard", "-z")
    also += [path for path in untracked if record_kind(path.removeprefix(location.prefix))]
    if also:
        raise PipecliError(
            f"{first_files(also)}: changed while the sync was waiting",
            hint=f"`git add {shlex.quote(also[0])}` makes it a part of the sync, `git stash` puts it aside",
        )
    _take(location, list(dict.fromkeys([*unmerged, *changed])))


def unresolved(location: Location, waiting: WaitingSync) -> list[str]:
    """The files that still wait for a person."""
    whole = _whole(location, waiting, _unmerged(location))
    return [path for path in waiting.files if path in whole or _first_mark(location, path)]


def conflicting_files(waiting: WaitingSync, names: Sequence[str]) -> list[str]:
    """The files in conflict that a person names, by id, its beginning or the file. Raises PipecliError."""
    files: list[str] = []
    for name in names:
        wanted = name.casefold()
        those = [
            path
            for path in waiting.files
            if path == name or f"-{wanted}" in f"-{key_of_path(path).casefold()}"
        ]
        if len(those) != 1:
            what = f'"{name}" is not in conflict' if not those else f'"{name}" is {len(those)} of them'
            raise PipecliError(what, hint=f"these are: {first_files(waiting.files)}")
        files += those
    return files


def _first_mark(location: Location, path: str) -> int:
    """The line of a file's first conflict marker; 0 where it has none."""
    file = location.work_tree / path
    if not file.is_file():
        return 0
    raw = safe_files.read_bytes(location.work_tree, path, safe_files.LARGEST_ANY)
    mark = _MARK.search(raw)
    return raw.count(b"\n", 0, mark.start()) + 1 if mark else 0


def finish_merge(location: Location, waiting: WaitingSync, merge: str) -> None:
    """Put the branch at the merge that was made of the files as they are."""
    _write(location, waiting._replace(made=merge))
    words = f"sync with {waiting.upstream}"
    git.raw(location.work_tree, "update-ref", "-m", words, "HEAD", merge, waiting.ours)
    _end(location, waiting)


def _end(location: Location, waiting: WaitingSync) -> None:
    git.raw(location.work_tree, "merge", "--quit")
    for path in waiting.files:  # which a killed `take_side` may have begun
        clear_temporary(location.work_tree / path)
    _forget(location)


def _take(location: Location, paths: Sequence[str]) -> None:
    """Stage files as they are in the working tree, those that are gone as removed."""
    options = "--add", "--remove", "-z", "--stdin"
    git.raw(location.work_tree, "update-index", *options, stdin=git.listed([*paths, ""]))


def _on_files(location: Location, paths: Sequence[str], *arguments: str) -> None:
    if paths:
        done = carry_through(
            location.work_tree, *arguments, "--pathspec-from-file=-", "--pathspec-file-nul",
            stdin=git.listed(paths),
        )  # fmt: skip
        if done.returncode:
            raise git.GitRefused(git.words_of(done))


_Modes = dict[Side, str]


def _unmerged(location: Location) -> dict[str, _Modes]:
    """The files that git has in conflict, each with its mode on the sides that have it."""
    unmerged: dict[str, _Modes] = {}
    for entry in git.words(location.work_tree, "ls-files", "--unmerged", "-z"):
        about, _, path = entry.partition("\t")
        mode, _, stage = about.split()
        sides = unmerged.setdefault(path, {})
        if stage in _STAGES:
            sides[_STAGES[stage]] = mode
    return unmerged


def _whole(location: Location, waiting: WaitingSync, unmerged: Mapping[str, _Modes]) -> set[str]:
    """Those of which a side is taken as a whole: removed by the other, or no text, as a picture or a link."""
    sides = (waiting.ours, waiting.theirs)
    listed = git.words(location.work_tree, "diff", "--numstat", "--no-renames", "-z", *sides)
    return {
        path
        for path, modes in unmerged.items()
        if len(modes) < 2 or f"-\t-\t{path}" in listed or {*modes.values()} - {"100644", "100755"}
    }


def _note(location: Location) -> Path:
    return location.cache / "sync.json"


def _ready(location: Location) -> Path:
    return location.cache / "sync-ready"


def _forget(location: Location) -> None:
    _note(location).unlink(missing_ok=True)
    shutil.rmtree(_ready(location), ignore_errors=True)


def _write(location: Location, waiting: WaitingSync) -> None:
    location.cache.mkdir(parents=True, exist_ok=True)
    safe_files.write_file(location.cache, "sync.json", json.dumps(waiting._asdict()).encode())


_MOST_NAMED = 3


class Author(NamedTuple):
    """The author of a change, and its commit."""

    name: str
    commit: str

    def __str__(self) -> str:
        return f"{self.name} ({self.commit[:7]})"


class ConflictWithAuthors(NamedTuple):
    """One thing that two sides have otherwise."""

    file: str
    """In the repository."""
    noun: str | None
    """None: it isn't a record of this pipeline."""
    id: str | None
    title: str | None
    field: str
    """Dotted; empty: the file as a whole."""
    ours: str | None
    """The value as people read it; None: that side has none."""
    theirs: str | None
    ours_by: Author | None
    theirs_by: Author | None
    words: str
    """On one line, but for whose it is."""


def conflicts_with_authors(
    location: Location, base: str | None, ours: str, theirs: str, files: Sequence[UndecidedFile]
) -> list[ConflictWithAuthors]:
    """Everything in conflict, in the order of files and fields, with who changed it on each side."""
    result: list[ConflictWithAuthors] = []
    for file in files:
        mine, yours = (_ChangesOfSide(location, file.unmerged.path, base, tip) for tip in (ours, theirs))
        path = file.unmerged.path.removeprefix(location.prefix)
        kind = record_kind(path) if file.unmerged.path.startswith(location.prefix) else None
        about: tuple[str, str | None, str | None, str | None] = (file.unmerged.path, None, None, None)
        if kind:
            latest = RecordVersion(kind.noun, record_id(path), mine.latest or yours.latest)
            about = (file.unmerged.path, kind.noun, latest.key, title_of(latest))
        for field in file.fields:
            authors = mine.author(field.path), yours.author(field.path)
            result.append(
                ConflictWithAuthors(*about, field.path, field.ours, field.theirs, *authors, field.words)
            )
        if not file.fields:
            left, right = (
                None if blob is None else (side.changes if kind else "") or "changed"
                for blob, side in ((file.unmerged.ours, mine), (file.unmerged.theirs, yours))
            )
            words = file.words if left and right else _removed(left, right)
            result.append(
                ConflictWithAuthors(*about, "", left, right, mine.author(""), yours.author(""), words)
            )
    return result


def _removed(ours: str | None, theirs: str | None) -> str:
    if ours is None and theirs is None:
        return "both sides moved or removed it"
    if ours is None:
        return f"removed in ours, changed in theirs: {theirs}"
    return f"removed in theirs, changed in ours: {ours}"


class _ChangesOfSide:
    """The commits in which one side changed one file since the two parted."""

    def __init__(self, location: Location, path: str, base: str | None, tip: str) -> None:
        log = git.output(
            location.work_tree, "log", "--raw", "--no-abbrev", "--no-renames", "--format=%x00%H %an",
            f"{base}..{tip}" if base else tip, "--", path,
        )  # fmt: skip
        self._location, self._path = location, path
        self._commits: list[tuple[Author, list[str]]] = []
        for entry in log.split("\0")[1:]:
            head, _, raw = entry.partition("\n")
            commit, _, name = head.partition(" ")
            words = raw.split()  # ":100644 100644 <before> <after> M <path>"; nothing of a merge
            if words:
                self._commits.append((Author(name, commit), words[2:4]))
        blobs = dict.fromkeys(blob for _, pair in self._commits for blob in pair if blob.strip("0"))
        self._plains = {
            blob.id: read.plain_of(blob.content, path) or {}
            for blob in git.objects(location.work_tree, blobs, safe_files.LARGEST)
        }

    @property
    def latest(self) -> Plain:
        """The record as the side has it now; empty where it didn't touch the file."""
        return self._plains.get(self._commits[0][1][1], {}) if self._commits else {}

    @property
    def changes(self) -> str:
        """The changes of the side in words; empty where none can be found."""
        if not self._commits:
            return ""
        before = self._plains.get(self._commits[-1][1][0])
        texts = [event.text for event in events_between(self._version(before), self._version(self.latest))]
        more = [f"and {len(texts) - _MOST_NAMED} changes more"] if len(texts) > _MOST_NAMED else []
        return "; ".join([*texts[:_MOST_NAMED], *more])

    def author(self, field: str) -> Author | None:
        """The last to change a field; of a file as a whole, the last to touch it."""
        for author, (before, after) in self._commits:
            pair = [self._version(self._plains.get(blob)) for blob in (before, after)]
            fields = [f"{event.field}." for event in events_between(*pair)] if field else []
            own = f"{field}."
            if not field or any(one.startswith(own) or own.startswith(one) for one in fields):
                return author
        return self._commits[0][0] if self._commits else None

    def _version(self, plain: Plain | None) -> RecordVersion | None:
        kind = record_kind(self._path.removeprefix(self._location.prefix))
        key = record_id(self._path.removeprefix(self._location.prefix))
        return None if plain is None else RecordVersion(kind.noun if kind else "file", key, plain)
