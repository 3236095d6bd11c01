"""Faults of a clone and its tools, not of what its records say (`check` tells those), and the way out of
each.

Looking changes nothing. What can be mended without a person's choice carries its remedy. Settings of git are
offered where they help, by what was measured (docs/sync.md).
"""

from __future__ import annotations

import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Set
from functools import partial
from pathlib import Path
from shlex import quote

from pipecli.errors import PipecliError
from pipecli.extras import EXTRAS, PINNED_INSTALL, install_command, missing_extras
from pipecli.records.kinds import KINDS
from pipecli.store import editor_schemas, file_stamps, git, merge_setup, safe_files
from pipecli.store.create_pipeline import HOSTS
from pipecli.store.ids_and_files import WAY_OUT, left_out, month_file, with_schema_path
from pipecli.store.index import index
from pipecli.store.location import Location
from pipecli.store.lock_and_signals import interruptible, is_left_over
from pipecli.store.pipeline import Pipeline
from pipecli.store.plan_writes import Write
from pipecli.store.power_cut_and_killed_git import remake_index
from pipecli.store.write_and_commit import write_under_journal
from pipecli.sync import doctor_identity_and_unshared_work
from pipecli.sync.doctor_identity_and_unshared_work import Diagnosis, State, error, ok, warning
from pipecli.sync.plan_merge import OLDEST_GIT
from pipecli.sync.upstream_and_readiness import head, uncommitted
from pipecli.wording import count, first_of


def git_version(location: Location) -> Iterator[Diagnosis]:
    """The version of git: too old a one can't merge for `sync`."""
    version = git.version(location.work_tree)
    shown = ".".join(map(str, version))
    if version < OLDEST_GIT:
        wanted = ".".join(map(str, OLDEST_GIT))
        yield warning(f"git {shown} can't merge for sync, which takes {wanted}", "install a newer git")
    else:
        yield ok(f"git {shown}")


def driver(location: Location) -> Iterator[Diagnosis]:
    """The merge driver, by which git merges records by field."""
    if merge_setup.is_merge_set_up(location):
        yield ok("git merges records by field")
        return

    def set_up() -> str:
        merge_setup.set_up_merge(location)
        return "git now merges records by field"

    yield warning(
        "git does not know pipecli's merge driver: changes of different fields of a deal conflict",
        "pipecli sync, which sets it up",
        set_up,
    )


def extras(_: Location) -> Iterator[Diagnosis]:
    """The optional parts, and those of them that are not installed."""
    missing = missing_extras()
    if missing:
        yield warning(f"not installed: {', '.join(missing)}", install_command(*missing))
    else:
        yield ok(f"installed: {', '.join(EXTRAS)}")


def review(location: Location) -> Iterator[Diagnosis]:
    """The files of `init --ci` from before 0.1: what they install is a stranger's package."""
    for host in HOSTS.values():
        file = location.work_tree / host.file
        text = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
        if re.search(r"\bpip install pipecli(?![\w./:@-])", text):
            yield error(
                f"{host.file} installs `pipecli`, which on the package index is somebody else's",
                f"write there: {PINNED_INSTALL}",
            )


def editors(location: Location) -> Iterator[Diagnosis]:
    """The schemas by which editors complete and check records: those of this version, or not."""
    wrong = editor_schemas.differing_schemas(location.root, editor_schemas.FOLDER)
    if wrong:
        names = ", ".join(name.partition(".")[0] for name in wrong)
        first = "remove what is no file of its own, " if editor_schemas.FOREIGN in wrong.values() else ""
        yield warning(f"not those of this version: {names}", f"{first}pipecli schema write, and commit them")
    else:
        yield ok("those of this version")


_MANY_FILES = 5_000
_MANY_COMMITS = 2_000


def git_index(location: Location) -> Iterator[Diagnosis]:
    """git's list of what is staged: damaged, or locked by a git that is gone."""
    try:
        listed = git.run(location.work_tree, "ls-files", "--cached", "-z")
    except git.IndexDamaged as damaged:

        def remake() -> str:
            remake_index(location.work_tree, location.git_dir / "index", location.cache / "index")
            return "git's index is made anew from the last commit; what was staged is to be staged again"

        yield error(damaged.message, damaged.hint, remake)
        return
    is_free, packing = True, location.common_dir / "objects/maintenance.lock"
    # No git takes ten minutes over its index, a person in an editor may; packing takes long.
    for lock, longest, severity, effect in (
        (location.git_dir / "index.lock", 10, error, "every commit is refused"),
        (packing, 60, warning, "git packs nothing by itself any more"),
    ):
        age = (time.time() - lock.stat().st_mtime) / 60 if lock.exists() else 0
        if age > longest:
            is_free = False
            yield severity(
                f"a git that ended {age:.0f} minutes ago has left its lock, and {effect}",
                f"if no git is running, remove {os.path.relpath(lock, location.work_tree)}",
            )
    if is_free:
        yield ok(f"{count(listed.stdout.count(bytes(1)), 'file')}")


def objects(location: Location) -> Iterator[Diagnosis]:
    """The objects that git keeps of all commits: damaged by a disk or a power cut, or missing."""
    done = git.run(location.work_tree, "fsck", "--no-dangling", "--no-progress")
    lines = (done.stderr + done.stdout).decode("utf-8", "replace").splitlines()
    # of another program's commits git says that it would not write them so
    theirs = ("error in ", "warning in ")
    damage = [" ".join(line.split()).removeprefix("error: ") for line in lines if not line.startswith(theirs)]
    if done.returncode and damage:
        yield error(
            f"git can't read all that it has kept: {first_of(damage, 2)}",
            "`git fsck` lists all; clone again from where it is whole, and bring over what is only here",
        )
    else:
        yield ok("git can read all that it has kept")


def checkout(location: Location) -> Iterator[Diagnosis]:
    """The records that git has, and that a sparse checkout leaves out."""
    absent = left_out(location)
    if absent:
        folders = ", ".join(sorted({file.partition("/")[0] for file in absent.values()}))
        are = "is" if len(absent) == 1 else "are"
        yield warning(
            f"{count(len(absent), 'record')} {are} not checked out (sparse checkout), in {folders}: lists "
            "and totals leave them out",
            WAY_OUT,
        )


def records_index(location: Location) -> Iterator[Diagnosis]:
    """pipecli's own index of the files, and that of their history: absent, stale or damaged."""
    damaged = [file for file in sorted(location.cache.glob("*.sqlite")) if not _is_sound(file)]
    if damaged:

        def remove() -> str:
            for file in damaged:
                file.unlink(missing_ok=True)
            return "the damaged index is removed, the next command builds it anew"

        names = ", ".join(file.name for file in damaged)
        yield warning(f"{names} in {location.cache} can't be read", "it is built anew: doctor --fix", remove)
        return
    if not os.access(location.cache if location.cache.exists() else location.git_dir, os.W_OK):
        yield warning(
            f"{location.cache} can't be written, so each command reads all files", "make it writable for you"
        )
        return
    stale = _stale(location)
    if stale is None:
        yield ok("not there yet; the next command builds it")
    elif stale:
        yield ok(f"{count(stale, 'file')} changed since pipecli last looked; the next command reads what did")
    else:
        yield ok("as the files are")


def _is_sound(file: Path) -> bool:
    try:
        connection = _read_only(file)
    except sqlite3.DatabaseError:
        return False
    try:
        return bool(connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
    except sqlite3.OperationalError as fault:
        return "locked" in str(fault)  # somebody is writing it
    except index.DAMAGED:
        return False
    finally:
        connection.close()


def _stale(location: Location) -> int | None:
    """The number of files that changed since the index looked; None where it is to be built."""
    file = location.cache / "index.sqlite"
    if not file.exists():
        return None
    connection = _read_only(file)
    try:
        if connection.execute("SELECT layout FROM _layout").fetchone() != (index.LAYOUT,):
            return None
        known = dict(connection.execute("SELECT folder, stamp FROM _folders"))
    except index.DAMAGED:
        return None
    finally:
        connection.close()
    difference = file_stamps.compare_stamps(known, file_stamps.stamps(location.root), trusting=True)
    return len(difference.changed) + len(difference.gone)


def _read_only(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=1)


def many_files(location: Location) -> Iterator[Diagnosis]:
    """git's cache of the files of a large pipeline, where it is off."""
    files = git.run(location.work_tree, "ls-files", "--cached", "-z").stdout.count(bytes(1))
    settings = ("feature.manyFiles", "core.untrackedCache")
    if files < _MANY_FILES or any(_is_on(location, name) for name in settings):
        return

    def turn_on() -> str:
        git.output(location.work_tree, "config", "--local", "feature.manyFiles", "true")
        git.run(location.work_tree, "update-index", "--untracked-cache", "--index-version", "4")
        return "git keeps a cache of folders, `git status` is faster by a quarter"

    yield warning(
        f"{count(files, 'file')}, and git lists every folder each time: `git status` takes a third longer",
        "git config feature.manyFiles true",
        turn_on,
    )


def commit_graph(location: Location) -> Iterator[Diagnosis]:
    """git's graph of a long history, where it lacks commits: with it a walk is five times as fast."""
    if head(location) is None:
        return
    since = _written(location)
    after = [f"--since=@{since:.0f}"] if since else []
    commits = int(git.output(location.work_tree, "rev-list", "--count", *after, "HEAD", "--"))
    if commits < _MANY_COMMITS:
        return

    def write() -> str:
        git.output(location.work_tree, "config", "--local", "fetch.writeCommitGraph", "true")
        git.output(location.work_tree, "commit-graph", "write", "--reachable", "--changed-paths")
        return "git has a graph of the commits, and of the files that each touched"

    lacking = "not in git's graph of commits" if since else "and git has no graph of them"
    yield warning(
        f"{count(commits, 'commit')} {lacking}: a walk along them (--as-of, sync, `git log FILE`) takes five "
        "times as long and more",
        "git commit-graph write --reachable --changed-paths",
        write,
    )


def _written(location: Location) -> float:
    """When git last wrote its graph with the files that commits touched; 0 where it has none."""
    times = [0.0]
    for name in ("commit-graph", "commit-graphs"):
        path = git.output(location.work_tree, "rev-parse", "--git-path", f"objects/info/{name}")
        kept = location.work_tree / path
        for file in [kept, *sorted(kept.glob("*.graph"))] if kept.exists() else ():
            if file.is_file():
                with file.open("rb") as handle:
                    has_paths = b"BIDX" in handle.read(256)  # named in the table of what the file holds
                times.append(file.stat().st_mtime if has_paths else 0.0)
    return max(times)


def _is_on(location: Location, name: str) -> bool:
    return git.run(location.work_tree, "config", "--type=bool", "--get", name).stdout == b"true\n"


def leftovers(location: Location) -> Iterator[Diagnosis]:
    """Files that killed commands had begun to write and of which no journal tells, as of an export."""
    others = git.words(location.work_tree, "ls-files", "-z", "--others", "--", location.prefix or ".")
    dead = [name for name in others if is_left_over(location.work_tree / name)]
    if dead:
        yield warning(f"left by killed commands: {first_of(dead, 3)}", f"rm {' '.join(map(quote, dead))}")


def documents_by_year(location: Location) -> Iterator[Diagnosis]:
    """Documents in the folder of a year: git writes the list of all its files anew with every commit."""
    by_year = {
        file
        for kind in KINDS
        if kind.is_document
        for file in safe_files.files_below(location.root, kind.folder)
        if re.fullmatch(r"[^/]+/[0-9]{4}/[^/]+\.yaml", file)
    }
    if by_year:
        yield warning(
            f"{count(len(by_year), 'document', ',')} in the folder of a year: with 90,000 files in one, each "
            "commit adds 2.7 MB to git",
            "pipecli doctor --fix, which moves what is committed to the folders of months, in one commit",
            partial(_move_to_month_folders, location, by_year),
        )


def _move_to_month_folders(location: Location, by_year: Set[str]) -> str:
    """Move the documents that can be read and have no change that is not committed."""
    present, still = Pipeline(location), by_year - set(uncommitted(location))
    rows = present.query("SELECT path, json_extract(json, '$.created') FROM _records")
    moves = {file: month_file(file, created) for file, created in rows if file in still}
    present.close()
    writes = []
    for old, new in moves.items():
        if not os.path.lexists(location.root / new):
            content = safe_files.read_bytes(location.root, old)
            writes += [Write(new, None, with_schema_path(content, new)), Write(old, content, None)]
    if not writes:
        raise PipecliError("they have faults, or changes that are not committed")
    what = f"{count(len(writes) // 2, 'document', ',')} to the folders of their months"
    with interruptible():
        commit, *_ = write_under_journal(location, writes, f"Move {what}\n\nPipecli-Event: moved")
    index.open_index(location).connection.close()
    moved = f"moved {what}, in commit {(commit or '')[:7]}"
    if stay := len(by_year) - len(writes) // 2:
        moved += f"; {count(stay, 'document', ',')} with faults or changes that are not committed stay"
    return moved


Look = Callable[[Location], Iterator[Diagnosis]]

LOOKS: tuple[tuple[str, Look], ...] = (
    ("git", git_version),
    ("identity", doctor_identity_and_unshared_work.identity),
    ("branch", doctor_identity_and_unshared_work.branch),
    ("progress", doctor_identity_and_unshared_work.progress),
    ("git index", git_index),
    ("checkout", checkout),
    ("changes", doctor_identity_and_unshared_work.changes),
    ("past", doctor_identity_and_unshared_work.past),
    ("objects", objects),
    ("driver", driver),
    ("index", records_index),
    ("leftovers", leftovers),
    ("layout", documents_by_year),
    ("many files", many_files),
    ("history", commit_graph),
    ("schemas", editors),
    ("review", review),
    ("extras", extras),
)


def examine(location: Location) -> Iterator[Diagnosis]:
    """Everything that was looked at, what is well included."""
    try:
        git.require_working(location.work_tree)
    except git.GitRefused as refused:  # as where the folder is another user's
        yield error(refused.message, "do as git says, and look again", name="git")
        return
    for name, look in LOOKS:
        try:
            yield from (diagnosis._replace(name=name) for diagnosis in look(location))
        except git.IndexDamaged:
            continue  # said by `git_index`
        except PipecliError as fault:
            yield error(fault.message, fault.hint or "see what git says of it: git status", name=name)


def mend(diagnosis: Diagnosis) -> Diagnosis:
    """Apply the remedy of what has one; the others as they are."""
    if diagnosis.remedy is None:
        return diagnosis
    try:
        return Diagnosis(State.FIXED, diagnosis.remedy(), name=diagnosis.name)
    except (PipecliError, OSError) as fault:
        return diagnosis._replace(what=f"{diagnosis.what}; it could not be repaired: {fault}")
