"""One line of this clone and of what is shared: which of the two is ahead, and the merge if both are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pipecli.errors import PipecliError
from pipecli.history.commits import key_of_path, record_kind
from pipecli.records.kinds import SETTINGS_FILE
from pipecli.store import git
from pipecli.store.files import Location
from pipecli.sync.merge import Clash, commit_merge, join, merge_message
from pipecli.sync.upstream import Upstream, head
from pipecli.wording import count


class MergePlan(NamedTuple):
    """One line of both sides, not in place yet."""

    commit: str
    """Empty where it takes a person to make it."""
    base: str | None
    ours: str
    theirs: str | None
    merged: list[str]
    """The ids of the records that both sides changed and that fit together."""
    contents: Mapping[str, bytes]
    """The records that both sides changed, merged, by their paths in the repository."""
    clashes: list[Clash]


def joint_of(place: Location, upstream: Upstream, theirs: str | None) -> MergePlan:
    """Both sides as one commit, or what stands against it. Raises PipecliError."""
    ours = present_commit(place)
    known = git.commit_of(place.work_tree, upstream.tracking)
    if theirs is None:
        if known:
            raise PipecliError(
                f"{upstream.remote} has no branch {upstream.name} any more",
                hint=f"to have it there again: git push {upstream.remote} {upstream.branch}:{upstream.name}",
            )
        return MergePlan(ours, None, ours, None, [], {}, [])
    base = _base(place, ours, theirs)
    if base == theirs:
        return MergePlan(ours, base, ours, theirs, [], {}, [])
    if known and known != base:
        _require_no_rewrite(place, upstream, known, ours, theirs)
    if base == ours:
        return MergePlan(theirs, base, ours, theirs, [], {}, [])
    if base is None:
        raise _unrelated(place, upstream)
    joined = join(place, ours, theirs)
    in_conflict = {clash.sides.path for clash in joined.clashes}
    records = records_of(place, [path for path in joined.contents if path not in in_conflict])
    commit = ""
    if not joined.clashes:
        message = merge_message(upstream, records)
        commit = commit_merge(place, joined.tree, shared=theirs, ours=ours, message=message)
    return MergePlan(commit, base, ours, theirs, records, joined.contents, joined.clashes)


def records_of(place: Location, paths: Sequence[str]) -> list[str]:
    """The ids of the records among files of the repository."""
    inside = [path.removeprefix(place.prefix) for path in paths if path.startswith(place.prefix)]
    return [record_id(path) for path in inside if record_kind(path)]


def record_id(path: str) -> str:
    """The id of the record at a path of the pipeline: `OPP-2Q8XA`; `settings`."""
    return "settings" if path == SETTINGS_FILE else key_of_path(path)


def _require_no_rewrite(place: Location, upstream: Upstream, known: str, ours: str, theirs: str) -> None:
    """Refuse to bring back what somebody took out of the shared branch. Raises PipecliError."""
    last = _base(place, known, ours)
    if not last or _base(place, last, theirs) == last:
        return
    lost = commit_count(place, last, theirs)
    raise PipecliError(
        f"{upstream} was rewritten: it no longer has {count(lost, 'commit')} that this clone has, and a sync "
        "would bring back what was taken out",
        hint=f"follow it with `git rebase --onto {theirs[:9]} {last[:9]}`, or bring all back with "
        f"`git merge {theirs[:9]}`, and sync again",
    )


def _unrelated(place: Location, upstream: Upstream) -> PipecliError:
    if git.output(place.work_tree, "rev-parse", "--is-shallow-repository") == "true":
        return PipecliError(
            f"this clone is shallow, and where it parted from {upstream} is not in it",
            hint="bring the whole history: git fetch --unshallow",
        )
    return PipecliError(
        f"{upstream} has another history: the two share no commit",
        hint="look at the address: git remote -v",
    )


def present_commit(place: Location) -> str:
    commit = head(place)
    assert commit  # upstream_of refuses a repository without any
    return commit


def _base(place: Location, one: str, other: str) -> str | None:
    """Where two commits parted; None where they share nothing."""
    done = git.run(place.work_tree, "merge-base", one, other)
    if done.returncode > 1:  # 1: they share no past
        raise git.GitRefused(git.one_line(done.stderr))
    return None if done.returncode else done.stdout.decode().strip()


def commit_count(place: Location, commit: str, without: str) -> int:
    """The number of commits that lead to the one and not to the other."""
    return int(git.output(place.work_tree, "rev-list", "--count", commit, f"^{without}", "--"))


def going(place: Location, upstream: Upstream, commit: str, theirs: str | None) -> int:
    """The number of commits that a push takes along.

    Of a branch that is new there, those that no other branch has.
    """
    if theirs:
        return commit_count(place, commit, theirs)
    known = f"--remotes={upstream.remote}"
    return int(git.output(place.work_tree, "rev-list", "--count", commit, "--not", known, "--"))
