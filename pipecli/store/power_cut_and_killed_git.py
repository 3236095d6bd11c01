"""How files and commits outlast a power cut, and git's work the end of this program; what a power cut or a
killed git leaves: locks, a torn index, files on the way to another commit.

A lock on the journal of a change (`change_journal.py`) tells that its gits have all ended.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from pipecli.errors import PipecliError
from pipecli.store import git, safe_files
from pipecli.store.git_commit import branch_of, differing_files, git_at_work, head_of, settings_of, unstage

if TYPE_CHECKING:
    from pipecli.store.location import Location

_PAUSE = 0.05
ONTO = "journal.onto"
"""Beside the journal of work: the commit that git begins to move the files to."""


class AtWork(git.GitRefused):
    """The git of a killed command still works."""


_MANY = 64
"""Files; so many are put on the disk faster by putting everything there."""


def harden(root: Path, *names: str) -> None:
    """Put files of a folder on the disk, so that they outlast a power cut."""
    if len(names) > _MANY and hasattr(os, "sync"):
        os.sync()
        return
    for name in names:
        with (root / name).open("rb") as handle:
            os.fsync(handle.fileno())


def harden_folders(folders: Iterable[Path]) -> None:
    """Put the names in folders on the disk, so that they outlast a power cut."""
    if not hasattr(os, "O_DIRECTORY"):  # Windows does it by itself
        return
    for folder in folders:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write_hardened(folder: Path, name: str, content: bytes) -> None:
    """Write a note into a folder of the cache, which is made, that outlasts a power cut. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    safe_files.write_file(folder, name, content)
    harden(folder, name)
    harden_folders([folder, folder.parent])


def keep(path: Path, kept: Path, before: bytes) -> None:
    """Keep the content of a file under a second name, or where links can't be, in a copy."""
    try:
        os.link(path, kept)
    except OSError:
        kept.write_bytes(before)
        harden(kept.parent, kept.name)


_SPARE = 1 << 16


def reserve(location: Location, file: Path) -> None:
    """Set room aside for git's index: what is staged must be unstaged on a full disk, too. Raises OSError."""
    with suppress(FileNotFoundError):  # no index yet
        file.write_bytes(bytes((location.git_dir / "index").stat().st_size + _SPARE))


_BATCHING = ("ext3", "ext4", "xfs")
"""Disks of Linux on which what was written before one fsync outlasts a power cut, too: one journal has it
all. btrfs puts there what is asked for: git's objects of a batch are lost, and with them the history."""


def hardening_options(settings: Mapping[str, str], location: Location) -> tuple[str, ...] | None:
    """The options by which a commit outlasts a power cut; None where the user's core.fsync gives that up.

    git alone hardens packs and no loose object. In a batch its objects wait for the disk once, not each. The
    index is hardened, too: an empty one stops every git command.
    """
    if "core.fsync" in settings:
        return None if settings["core.fsync"] == "none" else ()
    disk, _ = safe_files.mount_of(location.common_dir)
    is_batching = sys.platform in ("darwin", "win32") or disk in _BATCHING
    batch = ("-c", "core.fsyncMethod=batch") if is_batching and "core.fsyncmethod" not in settings else ()
    return ("-c", "core.fsync=added", *batch)


@contextmanager
def with_hardening(location: Location) -> Iterator[bool]:
    """Make what every git of ours writes within outlast a power cut; False where its user gives that up."""
    # Once set, git gives them itself as if they were the user's setting.
    options = tuple(git.hardening_in_force) or hardening_options(settings_of(location), location)
    before, git.hardening_in_force[:] = [*git.hardening_in_force], options or ()
    try:
        yield options is not None
    finally:
        git.hardening_in_force[:] = before


def carry_through(
    work_tree: Path, *arguments: str, stdin: bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run git to its end whatever becomes of this program: half a checkout isn't a state to leave.

    In a session of its own (on Windows, a group) neither Ctrl-C nor a closed terminal reaches it. It reads
    and writes files, no pipes: one whose other end is gone would end it in the middle of its work.
    """
    from tempfile import TemporaryFile

    with TemporaryFile() as input_, TemporaryFile() as output_, TemporaryFile() as errors:
        input_.write(stdin or b"")
        input_.seek(0)
        process = git.start(
            work_tree, "--literal-pathspecs", *arguments, stdin=input_, stdout=output_, stderr=errors,
            start_new_session=True, creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )  # fmt: skip
        with process:
            try:
                git.ended(process, work_tree)
            except BaseException:
                process.wait()  # it is not long
                raise
        output_.seek(0)
        errors.seek(0)
        return subprocess.CompletedProcess(arguments, process.returncode, output_.read(), errors.read())


def restore_moved(location: Location, start: str, onto: str, kept: Path) -> list[Path] | None:
    """Put back the files that differ between two commits as the first has them; None where all are so.

    What was in one that neither commit has is put into the folder `kept`, and named: a person may have
    written it.
    """
    changed, new = moved_files(location, start, onto)
    aside = [path for name in (*changed, *new) if (path := _keep(location, name, onto, kept))]
    if changed:
        _restore(location, start, changed)
    unstage(location.work_tree, new)
    for name in new:
        (location.work_tree / name).unlink(missing_ok=True)
        safe_files.remove_empty(location.work_tree, name)
    return aside if changed or new else None


def moved_files(location: Location, start: str, onto: str) -> tuple[list[str], list[str]]:
    """The files that differ between two commits and are not as in the first, then those it hasn't got."""
    top = location.work_tree
    differing = differing_files(top, start, onto)
    new = {name for name, file in differing.items() if file.status == "A"}
    present = git.words(top, "diff", "-z", "--name-only", "--no-renames", start)
    changed = (differing.keys() - new).intersection(present)
    return sorted(changed), sorted(name for name in new if os.path.lexists(top / name))


def moving(location: Location, commit: str) -> None:
    """Note, in such work, that git begins to move files to another commit. Raises OSError, PipecliError."""
    if any(moved_files(location, head_of(location), commit)):
        return  # something is in the way: git refuses, and what a person wrote is not git's
    safe_files.write_file(location.cache, ONTO, commit.encode())
    if hardening_options(settings_of(location), location) is not None:
        harden(location.cache, ONTO)
        harden_folders([location.cache])


def harden_moved(location: Location, start: str) -> None:
    """Put the files on the disk that git has moved from a commit to HEAD: git doesn't."""
    differing = differing_files(location.work_tree, start, head_of(location))
    paths = {name: location.work_tree / name for name, file in differing.items() if file.status != "D"}
    files = {name: path for name, path in paths.items() if path.is_file() and not path.is_symlink()}
    harden(location.work_tree, *files)
    harden_folders({path.parent for path in files.values()})


def require_branch_not_lost(location: Location) -> str:
    """Empty where the branch has its commit, or never had one.

    Raises GitRefused where git's log knows a commit and the ref of the branch is gone or damaged, as after a
    power cut: what is committed then would begin another history.
    """
    ref = location.common_dir / "refs/heads" / (branch := branch_of(location) or "")
    with suppress(OSError, IndexError):
        log = safe_files.read_of_git(location.common_dir / "logs/refs/heads" / branch, "replace")
        last = log.splitlines()[-1].split()[1]
        if head_of(location):
            return ""
        state, remove = ("damaged", f"rm {quote(str(ref))} && ") if ref.is_file() else ("gone", "")
        raise git.GitRefused(
            f"branch {branch} is {state}, git's log of it ends with commit {last[:7]}",
            hint=f"have it again: {remove}git update-ref {quote(f'refs/heads/{branch}')} {last}",
        )
    return ""


def restore_torn(location: Location, names: Collection[str]) -> None:
    """Put back from HEAD the files that a power cut left out, empty, or with NUL bytes only."""
    differing = git.words(location.work_tree, "diff", "-z", "--name-only", "--no-renames", "HEAD")
    torn = [name for name in differing if name in names and _is_torn(location.work_tree / name)]
    if torn:
        _restore(location, "HEAD", torn)


def _is_torn(path: Path) -> bool:
    if not os.path.lexists(path):
        return True
    return path.is_file() and not path.is_symlink() and not path.read_bytes().strip(b"\0")


def _restore(location: Location, commit: str, names: Sequence[str]) -> None:
    git.raw(
        location.work_tree, "restore", f"--source={commit}", "--staged", "--worktree",
        "--pathspec-from-file=-", "--pathspec-file-nul", stdin=git.listed(names),
    )  # fmt: skip


def _keep(location: Location, name: str, onto: str, kept: Path) -> Path | None:
    """Copy a file aside, and name it, unless git can have written it: as in a commit, or a part of that."""
    try:
        content = safe_files.read_bytes(location.work_tree, name, safe_files.LARGEST_ANY)
    except (OSError, PipecliError):
        return None
    if theirs := git.id_of(location.work_tree, f"{onto}:{name}"):
        (blob,) = git.objects(location.work_tree, [theirs], safe_files.LARGEST_ANY, may_lack=True)
        if (blob.content or b"").replace(b"\r\n", b"\n").startswith(content.replace(b"\r\n", b"\n")):
            return None
    kept.mkdir(parents=True, exist_ok=True)
    path = kept / name.replace("/", "-")
    path.write_bytes(content)
    return path


def restore_index(work_tree: Path, index: Path, aside: Path) -> None:
    """Rebuild an index that a power cut left unreadable, as that stops git, where a git can work at all."""
    with suppress(git.GitRefused):
        if git.list_index(work_tree).returncode and os.access(index, os.R_OK):
            remake_index(work_tree, index, aside)


def remake_index(work_tree: Path, index: Path, aside: Path) -> None:
    """Make git's index anew from the last commit: nothing is staged then, and no file is touched.

    It is built at `aside`; the damaged one stays as `index.damaged`. Raises GitRefused.
    """
    for left in (aside, aside.with_name(f"{aside.name}.lock"), index.with_name("index.damaged")):
        left.unlink(missing_ok=True)
    tree = "--empty" if git.is_unborn(work_tree) else "HEAD"
    built = git.attempt(work_tree, ("read-tree", tree), more={"GIT_INDEX_FILE": str(aside)})
    if built.returncode:
        raise git.GitRefused(git.words_of(built))
    with suppress(OSError):
        os.link(index, index.with_name("index.damaged"))
    aside.replace(index)
    if git.config(work_tree, "core.sparseCheckout") == "true":  # else what is left out is taken for deleted
        git.attempt(work_tree, ("sparse-checkout", "reapply"))
    git.attempt(work_tree, ("update-index", "-q", "--refresh"))


_UPKEEP = "maintenance.lock"
"""Held while git packs what a commit adds up to: for minutes, and in no one's way."""


def clear_locks(location: Location, since: int) -> bool:
    """Remove the locks of our gits that died, and their temporary files; True where there was one.

    The caller knows that none of them lives any more. What was there before the time `since`, in nanoseconds,
    is another's, and stays. Raises GitRefused where another git is at work.
    """
    locks = [lock for lock in _locks(location) if _written(lock) >= since]
    if locks and _is_at_work(location.work_tree):
        if blocking := [lock for lock in locks if lock.suffix == ".lock" and lock.name != _UPKEEP]:
            raise git_at_work(blocking[0])
        return False
    for lock in locks:
        lock.unlink(missing_ok=True)
    _drop_unmade_move(location, since)
    return bool(locks)


def _drop_unmade_move(location: Location, since: int) -> None:
    """Take out of git's log of the branch what a git of ours noted there, and died before it did.

    Else a branch whose ref is packed looks as if its ref was lost.
    """
    branch, head = branch_of(location) or "", head_of(location)
    log = location.common_dir / "logs/refs/heads" / branch
    with suppress(OSError, IndexError):
        if _written(log) >= since:
            before, after = safe_files.read_of_git(log, "replace").splitlines()[-1].split()[:2]
            if before == head != after and not _is_at_work(location.work_tree):
                git.run(location.work_tree, "reflog", "delete", f"refs/heads/{branch}@{{0}}")


def clear_upkeep(location: Location, since: int) -> None:
    """Remove the lock of an upkeep that began with our commit, and died: git would pack nothing any more."""
    lock = location.common_dir / "objects" / _UPKEEP
    if _written(lock) >= since and Path("/proc/self").exists() and not _is_at_work(location.work_tree):
        with suppress(OSError):
            lock.unlink()


def _written(file: Path) -> int:
    """The time of a file's last change, in nanoseconds; -1 where another git has just removed it."""
    with suppress(FileNotFoundError):
        return os.lstat(file).st_mtime_ns
    return -1


def _locks(location: Location) -> Iterator[Path]:
    """The locks of the index, of refs, of the configuration and of what else git keeps, packs that it had
    begun, what it hands to the driver of a merge (in files at the top of the work tree), and what
    `fast-import` leaves.
    """
    common = location.common_dir
    yield from location.work_tree.glob(".merge_file_??????")
    yield from location.git_dir.glob("fast_import_crash_*")
    packs = common / "objects" / "pack"
    if Path("/proc/self").exists():  # else nobody knows whether git's upkeep is writing it
        yield from packs.glob("tmp_*")
    for keep in packs.glob("*.keep"):
        with suppress(FileNotFoundError):
            if keep.read_bytes() in (b"", b"fast-import"):
                yield keep
    for folder in {location.git_dir, common, common / "objects"}:
        yield from folder.glob("*.lock")
    for name in ("refs", "reftable", "objects/info"):
        yield from (common / name).rglob("*.lock")


def _is_at_work(work_tree: Path) -> bool:
    """True where a git runs in a work tree, as far as the system tells."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process / "comm").read_text() == "git\n":
                where = (process / "cwd").resolve()  # a dead one that stays listed has none
                if where == work_tree or work_tree in where.parents:
                    return True
    return False


def hold_file(handle: int) -> list[int]:
    """Lock an open file, for this process and the children that it hands the file to; these handles.

    None where the system knows no such locks.
    """
    with suppress(OSError):  # a disk without such locks
        return [handle] if _lock(handle) else []
    return [handle]


@contextmanager
def held_alone(handle: int, patience: float) -> Iterator[None]:
    """Lock an open file once nobody else does. Raises AtWork after `patience` seconds."""
    deadline = time.monotonic() + patience
    while True:
        try:
            _lock(handle)
            break
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise AtWork(
                    "the git of a command that was killed is still at work", hint="wait for it"
                ) from None
            time.sleep(_PAUSE)
        except OSError:
            break
    yield


def _lock(handle: int) -> bool:
    """Lock an open file; False where the system has no such locks. Raises BlockingIOError, OSError."""
    try:
        from fcntl import LOCK_EX, LOCK_NB, flock
    except ImportError:
        return False
    flock(handle, LOCK_EX | LOCK_NB)
    return True
