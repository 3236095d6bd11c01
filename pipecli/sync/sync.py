"""`sync`: fetch, integrate, check, push, and only then move the working tree; again when somebody was faster.

Everything happens among git's objects, so that whenever it ends, the working tree is as it was before or as
everybody has it. Only a conflict is left in the working tree, to a person (`conflicts_left_to_person.py`).
"""

from __future__ import annotations

import random
import re
import sqlite3
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from operator import attrgetter
from typing import NamedTuple

from pipecli.checks import Finding, Rule
from pipecli.checks.check import FITTING, check
from pipecli.errors import FaultyFile, PipecliError
from pipecli.store import git, merge_setup
from pipecli.store.git_commit import KEEPING_LISTS
from pipecli.store.git_remote import (
    LOCKED,
    RemoteTimeout,
    is_disk_full,
    race_lost,
    remote_words,
    talk_to_remote,
)
from pipecli.store.location import Location
from pipecli.store.pipeline import Pipeline
from pipecli.store.power_cut_and_killed_git import carry_through, moving
from pipecli.sync import conflicts_left_to_person as conflicts
from pipecli.sync.conflicts_left_to_person import ConflictWithAuthors, Side, WaitingSync, waiting_sync
from pipecli.sync.plan_merge import (
    MergePlan,
    PipelineAtTip,
    commit_count,
    commit_merge,
    merge_message,
    no_settings,
    plan_merge,
    present_commit,
    pushed_count,
    records_of,
)
from pipecli.sync.upstream_and_readiness import (
    Upstream,
    first_files,
    head,
    require_clean,
    require_no_git_operation,
    upstream_of,
)
from pipecli.wording import count


class PushRaceLost(Exception):
    """Somebody else pushed in the meantime."""


def fetch(location: Location, upstream: Upstream) -> str | None:
    """The commit that the shared branch is at, with all that leads to it; None where it doesn't exist yet.

    Raises PipecliError.
    """
    # Into FETCH_HEAD only: the tracking ref still says what was there last, and so whether it was rewritten.
    done = _talk(
        location, upstream, *KEEPING_LISTS, "fetch", "--progress", "--refmap=", "--no-tags", "--no-prune",
        "--recurse-submodules=no", "--", upstream.remote, f"refs/heads/{upstream.name}",
    )  # fmt: skip
    if not done.returncode:
        return git.commit_of(location.work_tree, "FETCH_HEAD")
    if b"couldn't find remote ref" in done.stderr:
        return None
    if is_disk_full(done):
        raise PipecliError(
            f"what {upstream} has can't be written here: {remote_words(done)}",
            hint="nothing is changed; make room on this disk, and try again",
            code="system",
        )
    raise PipecliError(
        f"{upstream.remote} can't be reached: {remote_words(done)}",
        hint="nothing is changed; look at the address (`git remote -v`) and your access to it, and try again",
        code="unreachable",
    )


def push(pipeline: Pipeline, upstream: Upstream, commit: str, again: str = "`pipecli sync`") -> str:
    """Put the shared branch at a commit; the words of the server. `again`: what goes on after a Ctrl-C.

    Raises PushRaceLost, and PipecliError where it is refused.
    """
    before = pipeline.beyond_undo
    pipeline.beyond_undo = f"{upstream} may have what was here; {again} brings the rest"
    done = _talk(
        pipeline.location, upstream, "push", "--progress", "--porcelain", "--recurse-submodules=no", "--",
        upstream.remote, f"{commit}:refs/heads/{upstream.name}",
    )  # fmt: skip
    if not done.returncode:
        pipeline.beyond_undo = f"{upstream} has what was here; {again} brings the rest"
        return remote_words(done)
    pipeline.beyond_undo = before
    if lost := race_lost(done):
        raise PushRaceLost(lost)
    refused = [line for line in done.stdout.decode("utf-8", "replace").splitlines() if line.startswith("!")]
    reason = re.search(r"\(([^()]*)\)$", refused[0]) if refused else None
    why = " / ".join(word for word in (reason[1] if reason else "", remote_words(done)) if word)
    if refused:
        way_out = '; propose what is here with `pipecli propose "TITLE"`' if _PROTECTED.search(why) else ""
        hint = f"nothing is changed there{way_out}"
        raise PipecliError(f"{upstream} refused it: {why}", hint=hint)
    raise PipecliError(f"it could not be pushed: {why}", hint="try again")


_PROTECTED = re.compile(r"protected branch|rule violations|GH006|GH013|TF402455", re.IGNORECASE)
"""A branch that takes requests only, in the words of GitHub, GitLab, Gitea, Bitbucket and Azure."""


def _talk(location: Location, upstream: Upstream, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return talk_to_remote(location, *arguments)
    except RemoteTimeout as error:
        raise PipecliError(
            f"{upstream.remote} does not answer: {error}", hint="nothing is changed; try again later"
        ) from None


TRIES = 20
"""Of four people who do nothing but sync, one may be the slower one ten times in a row (benchmarks/sync)."""
_WAIT, _LONGEST_WAIT = 0.05, 0.5
"""Seconds, more of them at each try."""


class Synced(NamedTuple):
    """The result of a sync."""

    upstream: Upstream
    commit: str
    """Where both sides are now."""
    base: str | None
    """Where they parted; None: there was nothing there."""
    ours: str
    theirs: str | None
    """Where the two sides were."""
    pulled: int
    """Commits that came."""
    pushed: int
    """Commits that went, the merge included."""
    merged: list[str]
    """The ids of the records that both sides had changed."""
    tries: int
    warnings: Sequence[Finding] = ()
    """What neither side had and both together have: a lost deal with the order of the other side."""


class Conflicted(PipecliError):
    """Both sides changed the same, and a person must choose. The files are left marked."""

    code = "conflict"

    def __init__(self, conflicts: Sequence[ConflictWithAuthors], tries: int) -> None:
        self.conflicts = list(conflicts)
        self.tries = tries
        records = len({conflict.id for conflict in conflicts if conflict.id})
        others = len({conflict.file for conflict in conflicts if not conflict.id})
        where = [count(records, "record")] * bool(records) + [count(others, "other file")] * bool(others)
        super().__init__(f"{count(len(conflicts), 'conflict')} in {' and '.join(where)}", hint=_WAYS)


class Unsound(PipecliError):
    """A sync would share errors that the shared branch does not have."""

    code = "findings"

    def __init__(self, findings: Sequence[Finding], hint: str) -> None:
        self.findings = list(findings)
        super().__init__(f"{count(len(findings), 'error')} would be new in what is shared", hint=hint)


def sync(pipeline: Pipeline) -> Synced:
    """Bring this clone and the shared branch to the same commit. Raises PipecliError, Conflicted, Unsound."""
    upstream = ready(pipeline.location)
    return _sync_with_retries(pipeline, upstream, before=present_commit(pipeline.location))


def preview(pipeline: Pipeline) -> tuple[Upstream, MergePlan]:
    """The plan of a sync. Nothing is changed."""
    location = pipeline.location
    upstream = ready(location)
    return upstream, plan_merge(location, upstream, fetch(location, upstream))


def choose(location: Location, side: Side, names: Sequence[str] = ()) -> list[str]:
    """Settle a sync that waits as one side has it, or only the records that are named; what waits on.

    Raises PipecliError.
    """
    waiting = _waiting(location)
    paths = conflicts.conflicting_files(waiting, names) if names else waiting.files
    conflicts.take_side(location, waiting, side, paths)
    return conflicts.unresolved(location, waiting)


def resume(pipeline: Pipeline) -> Synced:
    """Finish a sync that waits, with the files as they are.

    Raises PipecliError, Unsound, and Conflicted where somebody was faster with yet another conflict.
    """
    location = pipeline.location
    waiting = _waiting(location)
    conflicts.stage_resolved(location, waiting)
    tree = git.output(location.work_tree, "write-tree")
    shared = PipelineAtTip(pipeline, waiting.theirs, tree)
    findings = _introduced(pipeline, shared)
    if findings:
        raise Unsound(findings, hint="correct that and `pipecli sync --continue`, or undo all with `--abort`")
    warnings = _introduced(pipeline, shared, PipelineAtTip(pipeline, waiting.ours, tree), rules=FITTING)
    message = merge_message(waiting.upstream, waiting.merged)
    commit = commit_merge(location, tree, shared=waiting.theirs, ours=waiting.ours, message=message)
    conflicts.finish_merge(location, waiting, commit)
    pipeline.beyond_undo = f"the merge is committed here as {commit[:7]}"
    done = _sync_with_retries(pipeline, ready(location), before=waiting.ours)
    merged = list(dict.fromkeys([*waiting.merged, *done.merged]))
    return done._replace(merged=merged, warnings=[*warnings, *done.warnings])


def abort(location: Location) -> str:
    """Undo a sync that waits; the commit of before it. Raises PipecliError where none does."""
    waiting = _waiting(location)
    conflicts.abort_merge(location, waiting)
    return waiting.ours


def ready(location: Location) -> Upstream:
    """Where to sync, once nothing is in the way. Raises PipecliError."""
    if waiting := waiting_sync(location):
        files = f"{first_files(waiting.files)} {'is' if len(waiting.files) == 1 else 'are'}"
        raise PipecliError(f"a sync with {waiting.upstream} waits for you: {files} in conflict", hint=_WAYS)
    require_no_git_operation(location)
    upstream = upstream_of(location)
    require_clean(location)
    return upstream


_WAYS = (
    "edit the marked fields and `pipecli sync --continue`, or take one side's values with `--ours` or "
    "`--theirs`, or undo it with `--abort`"
)


def _waiting(location: Location) -> WaitingSync:
    waiting = waiting_sync(location)
    if waiting is None:
        raise PipecliError("no sync is waiting", hint="begin one with `pipecli sync`")
    return waiting


def _sync_with_retries(pipeline: Pipeline, upstream: Upstream, before: str) -> Synced:
    location = pipeline.location
    if not merge_setup.is_merge_set_up(location):  # a fresh clone
        merge_setup.set_up_merge(location)
    states, lost = set[str | None](), ""
    warnings: list[Finding] = []
    for tries in range(1, TRIES + 1):
        if tries > 1:
            wait = random.uniform(0, min(_WAIT * tries, _LONGEST_WAIT))  # noqa: S311 - no secret
            time.sleep(wait)  # by chance, so that the same two don't meet again and again
        theirs = fetch(location, upstream)
        merge = plan_merge(location, upstream, theirs)
        if merge.conflicts:
            raise Conflicted(_leave_to_person(pipeline, upstream, merge), tries)
        result = PipelineAtTip(pipeline, merge.commit, merge.ours) if merge.commit != merge.ours else None
        if result and not result.has_settings():
            raise no_settings(location, upstream)
        pushed = pushed_count(location, upstream, merge.commit, theirs)
        if merge.commit != theirs:
            warnings = _require_sound(pipeline, merge, result)
            _require_files_can_follow(location, merge)
            try:
                push(pipeline, upstream, merge.commit)
            except PushRaceLost as error:
                states.add(theirs)
                lost = str(error)
                continue
        if result is None or _move_branch_and_files(merge, result):
            pipeline.beyond_undo = f"this clone is at {merge.commit[:7]}, as {upstream}"
            _follow(location, upstream, merge.commit)
            return Synced(
                upstream, merge.commit, merge.base, merge.ours, theirs,
                pulled=commit_count(location, theirs, before) if theirs else 0, pushed=pushed,
                merged=merge.merged, tries=tries, warnings=warnings,
            )  # fmt: skip
    if len(states) == 1:
        raise PipecliError(f"{upstream} can't be moved: {lost}", hint=f"nothing is changed; {LOCKED}")
    raise PipecliError(f"somebody was faster {TRIES} times in a row", hint="try again in a minute")


def _leave_to_person(pipeline: Pipeline, upstream: Upstream, merge: MergePlan) -> list[ConflictWithAuthors]:
    """Leave the merge in the working tree, what doesn't fit marked. Raises PipecliError where it can't be."""
    assert merge.theirs
    location = pipeline.location
    sides = (merge.base, merge.ours, merge.theirs)
    in_words = conflicts.conflicts_with_authors(location, *sides, merge.conflicts)
    paths = [conflict.unmerged.path for conflict in merge.conflicts]
    merged = [*merge.merged, *records_of(location, paths)]
    waiting = WaitingSync(merge.ours, merge.theirs, str(upstream), paths, merged)
    conflicts.leave_conflicts_to_person(location, waiting, merge_message(upstream, merged), merge.contents)
    pipeline.beyond_undo = f"the sync waits for you: {_WAYS}"
    git.output(location.work_tree, "update-ref", upstream.tracking, merge.theirs)
    return in_words


def _require_sound(pipeline: Pipeline, merge: MergePlan, result: PipelineAtTip | None) -> list[Finding]:
    """Refuse to share errors that the shared line has not; what no longer fits. Raises Unsound."""
    shared = PipelineAtTip(pipeline, merge.theirs, merge.ours) if merge.theirs else None
    findings = _introduced(result or pipeline, shared)
    if findings:
        together = "" if result is None else " together with what would come (`pipecli sync --dry-run`)"
        way = f"nothing is changed; make your files fit{together}, commit, and sync again"
        raise Unsound(findings, hint=way)
    return _introduced(result, shared, pipeline, rules=FITTING) if result else []


def _introduced(
    result: Pipeline, *sides: Pipeline | None, rules: Sequence[Rule[Pipeline]] | None = None
) -> list[Finding]:
    """The errors, or what these rules find, of a result that no side has; all where nothing is shared."""
    findings = check(result, only_errors=rules is None, rules=rules)
    on_any_line = attrgetter("file", "rule", "message")
    for side in sides if findings else ():
        known = check(side, only_errors=rules is None, rules=rules) if side else ()
        findings = [one for one in findings if on_any_line(one) not in set(map(on_any_line, known))]
    return findings


def _require_files_can_follow(location: Location, merge: MergePlan) -> None:
    """Refuse to push what the files here could not follow. Raises PipecliError."""
    if merge.commit == merge.ours:
        return
    trial = ("read-tree", "--dry-run", "-m", "-u", merge.ours, merge.commit)
    done = git.run(location.work_tree, *trial)
    if done.returncode:  # for a file that was only touched, too
        git.run(location.work_tree, "update-index", "-q", "--refresh")
        done = git.run(location.work_tree, *trial)
    if b"invalid path" in done.stderr:
        raise PipecliError(
            f"git makes no files of the merge: {git.words_of(done)}",
            hint=f"nothing is changed; {_NEVER_WRITTEN}",
        )
    if done.returncode:
        raise PipecliError(
            f"files here are in the way: {git.words_of(done)}",
            hint="nothing is changed; commit them or move them away, and try again",
        )


_NEVER_WRITTEN = "the other side has a path that git never writes: find who made it"


def _move_branch_and_files(merge: MergePlan, result: PipelineAtTip) -> bool:
    """Put branch and files at the merge. False: somebody has committed here meanwhile."""
    location = result.location
    moving(location, merge.commit)
    forward = ("merge", "--ff-only", "--quiet", "--no-stat", "--no-verify-signatures", merge.commit)
    for attempt in range(TRIES):
        time.sleep(attempt * _WAIT)
        done = carry_through(location.work_tree, *forward)
        if not done.returncode:
            with suppress(sqlite3.DatabaseError, OSError, FaultyFile):
                result.take_place()  # else the next command reads what came
            return True
        if head(location) != merge.ours:
            return False
        if b"index.lock" not in done.stderr:  # an editor's git holds it for a moment
            break
    raise PipecliError(
        f"what is new is shared, and the files here could not follow: {git.words_of(done)}",
        hint=_NEVER_WRITTEN
        if b"invalid path" in done.stderr
        else "move away what is in the way, and `pipecli sync` again",
    )


def _follow(location: Location, upstream: Upstream, commit: str) -> None:
    """Tell git where the shared branch is, and that this one follows it."""
    git.output(location.work_tree, "update-ref", upstream.tracking, commit)
    if not upstream.is_set:
        name = f"branch.{upstream.branch}"
        git.output(location.work_tree, "config", f"{name}.remote", upstream.remote)
        git.output(location.work_tree, "config", f"{name}.merge", f"refs/heads/{upstream.name}")
