"""Where a pipeline is synced, a branch here and one of a remote, and what must be out of the way before."""

from __future__ import annotations

from shlex import quote
from typing import NamedTuple

from pipecli.errors import PipecliError
from pipecli.records.kinds import record_kind
from pipecli.store import git, git_remote
from pipecli.store.git_commit import branch_of, head_of
from pipecli.store.location import Location
from pipecli.store.power_cut_and_killed_git import require_branch_not_lost
from pipecli.wording import first_of


class Upstream(NamedTuple):
    """The branch that all clones share."""

    branch: str
    """The branch here: `main`."""
    remote: str
    name: str
    """The branch there."""
    tracking: str
    """The ref that says what was there last: `refs/remotes/origin/main`."""
    is_set: bool
    """True where git knows it as the upstream of the branch."""

    def __str__(self) -> str:
        return f"{self.remote}/{self.name}"


class Unfinished(NamedTuple):
    """An operation that git is in the middle of, and the commands that end it."""

    what: str
    finish: str
    undo: str


# A rebase first: a merge or pick that stopped within it is finished by it.
_UNFINISHED = {
    "rebase-merge": Unfinished("rebase", "git rebase --continue", "git rebase --abort"),
    "rebase-apply": Unfinished("rebase", "git rebase --continue", "git rebase --abort"),
    "MERGE_HEAD": Unfinished("merge", "git commit", "git merge --abort"),
    "CHERRY_PICK_HEAD": Unfinished("cherry-pick", "git cherry-pick --continue", "git cherry-pick --abort"),
    "REVERT_HEAD": Unfinished("revert", "git revert --continue", "git revert --abort"),
    "BISECT_LOG": Unfinished("bisect", "git bisect reset", "git bisect reset"),
}


def unfinished(location: Location) -> Unfinished | None:
    """The operation that git is in the middle of; None where there is none."""
    return next(
        (operation for name, operation in _UNFINISHED.items() if (location.git_dir / name).exists()), None
    )


def require_no_git_operation(location: Location) -> None:
    """Refuse while git is in the middle of something. Raises PipecliError."""
    operation = unfinished(location)
    if operation:
        ways = f"`{operation.finish}`" + (
            f", or `{operation.undo}`" if operation.undo != operation.finish else ""
        )
        raise PipecliError(f"a {operation.what} is in progress", hint=f"finish it with {ways}")


def head(location: Location) -> str | None:
    """The commit of HEAD; None before the first. Raises GitRefused for one that is gone, or can't be read."""
    if commit := head_of(location):
        return commit
    require_branch_not_lost(location)
    git.is_unborn(location.work_tree)
    return None


def upstream_of(location: Location) -> Upstream:
    """Where the present branch is synced: its upstream, else the branch of its name. Raises PipecliError."""
    branch = branch_of(location)
    if branch is None:
        commit = head(location)
        raise PipecliError(
            f"HEAD is detached{f' at {commit[:7]}' if commit else ''}, on no branch",
            hint="go to one first: git switch main",
        )
    form = "--format=%(upstream:remotename)%00%(upstream:remoteref)%00%(upstream)"
    fields = git.output(location.work_tree, "for-each-ref", form, f"refs/heads/{branch}")
    if not fields:
        head(location)  # refuses a branch whose ref is torn or gone
        raise PipecliError(
            "the repository has no commit yet", hint="commit the pipeline first: git add . && git commit"
        )
    remote, ref, tracking = fields.split("\0")
    if remote == ".":
        raise PipecliError(
            f"{branch} follows {ref.removeprefix('refs/heads/')}, a branch of this clone",
            hint="name one that is shared: git branch --set-upstream-to=origin/main",
        )
    name = ref.removeprefix("refs/heads/")
    remote = remote or _only_remote(location, branch)
    return Upstream(
        branch,
        remote,
        name or branch,
        tracking or f"refs/remotes/{remote}/{name or branch}",
        is_set=bool(name),
    )


def was_pruned(location: Location, upstream: Upstream) -> bool:
    """True where a fetch has taken away the ref of the upstream, as its branch was deleted or renamed there.

    A remote that was empty when it was cloned has left no other refs; an only one that is gone, a folder.
    """
    refs = f"refs/remotes/{upstream.remote}/"
    emptied = location.common_dir / "logs/refs/remotes"
    return upstream.is_set and bool(
        git.run(location.work_tree, "for-each-ref", "--count=1", refs).stdout
        or git.run(location.work_tree, "symbolic-ref", "--quiet", f"{refs}HEAD").stdout
        or (emptied.is_dir() and not any(emptied.iterdir()))
    )


def _only_remote(location: Location, branch: str) -> str:
    remotes = git_remote.remote_names(location.work_tree)
    if not remotes:
        raise PipecliError("no remote to sync with", hint="add one: git remote add origin ADDRESS")
    if "origin" not in remotes and len(remotes) > 1:
        raise PipecliError(
            f"{branch} has no upstream, and there are the remotes {', '.join(remotes)}",
            hint=f"choose one: git push --set-upstream {remotes[0]} {quote(branch)}",
        )
    return "origin" if "origin" in remotes else remotes[0]


def uncommitted(location: Location) -> list[str]:
    """The files of the pipeline whose changes are in no commit, and records that git doesn't know."""
    status = git.output(  # without a lock, which a killed one would leave
        location.work_tree, "--no-optional-locks", "status", "--porcelain", "-z", "--untracked-files=all",
        "--no-renames", "--ignore-submodules=all", "--", location.prefix or ".",
    )  # fmt: skip
    files = []
    for entry in filter(None, status.split("\0")):
        state, path = entry[:2], entry[3:].removeprefix(location.prefix)
        if state != "??" or record_kind(path):
            files.append(path)
    return files


_MOST_NAMED = 3


def first_files(files: list[str]) -> str:
    """The first few files by name, and how many more there are."""
    return first_of(files, _MOST_NAMED)


def require_clean(location: Location) -> None:
    """Refuse while the pipeline has changes that are in no commit. Raises PipecliError."""
    files = uncommitted(location)
    if files:
        are = "is" if len(files) == 1 else "are"
        raise PipecliError(
            f"{first_files(files)} {are} changed and not committed",
            hint="commit first (`git add FILE && git commit`), or put it aside with `git stash -u`",
        )
