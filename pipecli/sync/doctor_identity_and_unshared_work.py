"""`doctor` of a clone's identity and branch, and of what is not finished, not committed or not shared."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from shlex import quote
from typing import Any, NamedTuple

from pipecli.errors import FaultyFile, PipecliError
from pipecli.history.commit_as_of import line_of_git, tip
from pipecli.records.emails_and_phones import email_key, users_by_address
from pipecli.records.kinds import SETTINGS_FILE
from pipecli.store import git, safe_files
from pipecli.store.git_commit import branch_of
from pipecli.store.location import Location
from pipecli.store.yaml import read
from pipecli.sync.conflicts_left_to_person import waiting_sync
from pipecli.sync.plan_merge import commit_count
from pipecli.sync.upstream_and_readiness import (
    Upstream,
    first_files,
    head,
    uncommitted,
    unfinished,
    upstream_of,
)
from pipecli.wording import count


class State(StrEnum):
    OK = "ok"
    FIXED = "fixed"
    WARNING = "warning"
    """It works, but not as well as it could, or not for everything."""
    ERROR = "error"
    """Commands are refused, or answer wrongly."""


class Diagnosis(NamedTuple):
    state: State
    what: str
    way_out: str = ""
    remedy: Callable[[], str] | None = None
    """Mends it without losing anything, and says what it did. None: a person must."""
    name: str = ""
    """One word: what was looked at."""


ok, warning, error = (partial(Diagnosis, state) for state in (State.OK, State.WARNING, State.ERROR))


_WHO = "git config --global user.name NAME && git config --global user.email ADDRESS"


def identity(location: Location) -> Iterator[Diagnosis]:
    """The identity that git signs commits with, and the user of the settings that it is."""
    done = git.run(location.work_tree, "var", "GIT_AUTHOR_IDENT")
    if done.returncode:
        yield error("git doesn't know who you are, and can't sign a change", _WHO)
        return
    who = done.stdout.decode("utf-8", "replace").rpartition(" <")
    name, email = who[0], who[2].partition(">")[0]
    if not git.settings(location.work_tree)["author.email"]:
        yield warning(f"git makes up who you are: {name} <{email}>", _WHO)
        return
    slug = os.environ.get("PIPECLI_USER") or ""
    try:
        users = read.parse(safe_files.read_text(location.root, SETTINGS_FILE), SETTINGS_FILE).get("users")
    except (FaultyFile, OSError) as fault:
        yield error(f"the settings can't be read: {fault}", "correct that; `pipecli check` says more")
        return
    known = users if isinstance(users, dict) else {}
    if slug and slug not in known:
        yield error(f"PIPECLI_USER is {slug}, and no such user is known", "see `pipecli user list`")
        return
    mine = slug or users_by_address(_readable(known)).get(email_key(email) or "", "")
    if mine:
        yield ok(f"{name} <{email}> is the user {mine}")
    else:
        wanted = {"name": name, "email": None}
        way = f"pipecli user add SLUG --name NAME --email {quote(email or '')}"
        for slug, user in _readable(known).items():
            if wanted == {key: user.get(key) for key in wanted}:  # of an import: without an address
                way = f"pipecli user set {slug} email={quote(email or '')}"
        yield warning(
            f"{name} <{email}> isn't a user of the settings: what you add has no owner",
            f"{way}, or set PIPECLI_USER",
        )


def _readable(users: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The users whose addresses are what they should be: doctor tells of settings at fault, too."""

    def is_readable(user: Any) -> bool:
        emails = [user.get("email"), *(user.get("emails") or ())] if isinstance(user, dict) else [0]
        return all(email is None or isinstance(email, str) for email in emails)

    return {slug: user for slug, user in users.items() if is_readable(user)}


def branch(location: Location) -> Iterator[Diagnosis]:
    """The branch, and how much of it is here only, or there only."""
    name, commit = branch_of(location), head(location)
    if commit is None:
        yield error("nothing is committed yet", "git add . && git commit")
    elif name is None:
        yield warning(
            f"HEAD is detached at {commit[:7]}: no branch holds what is committed now",
            "git switch main, or keep what is here with `git switch --create NAME`",
        )
    else:
        yield from _shared(location)


def _shared(location: Location) -> Iterator[Diagnosis]:
    """As of the last fetch: a remote is not asked, it might not answer."""
    try:
        upstream = upstream_of(location)
    except PipecliError as fault:
        yield warning(fault.message, fault.hint)
        return
    known = git.commit_of(location.work_tree, upstream.tracking)
    if known is None:
        yield warning(f"{upstream.branch} was never shared with {upstream.remote}", "pipecli sync")
        return
    went, came = commit_count(location, "HEAD", known), commit_count(location, known, "HEAD")
    if not went and not came:
        yield ok(f"{upstream.branch} is as {upstream}, as of the last fetch")
    else:
        yield warning(_apart(upstream, went, came), "pipecli sync")


def _apart(upstream: Upstream, went: int, came: int) -> str:
    if went and came:
        both = f"{upstream.branch} and {upstream} have diverged"
        return f"{both}: {count(went, 'commit')} only here, {came} only there"
    are = "is" if went + came == 1 else "are"
    if went:
        return f"{count(went, 'commit')} of {upstream.branch} {are} only here"
    return f"{count(came, 'commit')} of {upstream} {are} not in {upstream.branch} yet"


def progress(location: Location) -> Iterator[Diagnosis]:
    """A merge, rebase or pick that was begun and not ended, by git or by sync."""
    operation = unfinished(location)
    note = location.cache / "sync.json"
    if operation and operation.what == "merge" and note.exists() and (waiting := waiting_sync(location)):
        yield warning(
            f"a sync with {waiting.upstream} waits for you: {first_files(waiting.files)}",
            "pipecli sync --continue, --ours, --theirs or --abort",
        )
    elif operation:
        yield warning(f"a {operation.what} is in progress", f"{operation.finish}, or {operation.undo}")
    else:
        yield ok("nothing is left half done")


def changes(location: Location) -> Iterator[Diagnosis]:
    """Changes in the files that are in no commit."""
    dirty = uncommitted(location)
    if dirty and unfinished(location):
        return  # and said so
    if dirty:
        which = f"{first_files(dirty)} {'is' if len(dirty) == 1 else 'are'}"
        yield warning(
            f"{which} changed and not committed: history, --as-of and sync don't have that",
            "git add FILE && git commit, or drop it with `git restore FILE`",
        )
    else:
        yield ok("everything is committed")


def past(location: Location) -> Iterator[Diagnosis]:
    """A history that is not all here or is replaced in this clone, and commits dated in the future."""
    if not head(location):
        return
    here = tip(location)
    if here.is_shallow:
        yield warning(
            "the clone is shallow: what was before its first commit can't be told", "git fetch --unshallow"
        )
    if here.replaced:
        yield warning(
            f"{here.replaced}; git itself shows another",
            "look at them, and remove them: git replace --delete ID, rm .git/info/grafts",
        )
    ahead = line_of_git(location).ahead()
    if ahead:
        first = ahead[0]
        day = datetime.fromtimestamp(first.seconds, UTC).date()
        which = f"commit {first.commit[:7]} is" if len(ahead) == 1 else f"{len(ahead)} commits are"
        yield warning(
            f"{which} dated in the future ({day}): counted as made now",
            "set the clock of the machine that made it; a new commit on top is dated rightly",
        )
