"""Speaking with the remote: what is there, give it what is here, and its refusals in one line."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from pipecli.errors import PipecliError
from pipecli.history.sync_place import Upstream, commit_of
from pipecli.store import git
from pipecli.store.location import Location

PATIENCE = 60.0
"""Seconds without a word, after which a remote is given up."""

# A push that lost a race, in the words of git here, and of the one there that found the branch locked.
_FASTER = re.compile(
    r"fetch first|non-fast-forward|cannot lock ref|failed to update ref|failed to lock|stale info|"
    r"incorrect old value|\.lock': File exists"
)
_NOISE = re.compile(
    r"hint:|To |From |Please make sure you have|and the repository exists\.|error: failed to push some refs|"
    r"remote: error: hook declined|warning: redirecting|\* branch |Delta compression using|"
    r"(remote: )?([A-Z][a-z]+ing (objects|deltas): |Total \d+ \(delta )"
)


class Faster(Exception):
    """Somebody else pushed in the meantime."""


def fetch(place: Location, upstream: Upstream) -> str | None:
    """The commit that the shared branch is at, with all that leads to it; None where it doesn't exist yet.

    Raises PipecliError.
    """
    # Into FETCH_HEAD only: the tracking ref still says what was there last, and so whether it was rewritten.
    done = _talk(
        place, upstream, "fetch", "--progress", "--refmap=", "--no-tags", "--no-prune",
        "--recurse-submodules=no", "--", upstream.remote, f"refs/heads/{upstream.name}",
    )  # fmt: skip
    if not done.returncode:
        return commit_of(place, "FETCH_HEAD")
    if b"couldn't find remote ref" in done.stderr:
        return None
    raise PipecliError(
        f"{upstream.remote} can't be reached: {_words(done)}",
        hint="nothing is changed; look at the address (`git remote -v`) and your access to it, and try again",
    )


def push(place: Location, upstream: Upstream, commit: str) -> None:
    """Have the shared branch be at a commit. Raises Faster, and PipecliError when the other side refuses."""
    done = _talk(
        place, upstream, "push", "--progress", "--porcelain", "--recurse-submodules=no", "--",
        upstream.remote, f"{commit}:refs/heads/{upstream.name}",
    )  # fmt: skip
    if not done.returncode:
        return
    refused = [line for line in done.stdout.decode("utf-8", "replace").splitlines() if line.startswith("!")]
    if any(_FASTER.search(line) for line in refused):
        raise Faster
    reason = re.search(r"\(([^()]*)\)$", refused[0]) if refused else None
    words = " / ".join(each for each in (reason[1] if reason else "", _words(done)) if each)
    if refused:
        raise PipecliError(f"{upstream} refused it: {words}", hint="nothing is changed, here or there")
    raise PipecliError(f"it could not be pushed: {words}", hint="nothing is changed here; try again")


def _talk(place: Location, upstream: Upstream, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    can_ask = sys.stdin is not None and sys.stdin.isatty()
    environment = {"LC_ALL": "C", "LANGUAGE": ""}  # its words are read here
    if not can_ask:
        environment |= {"GIT_TERMINAL_PROMPT": "0", "SSH_ASKPASS_REQUIRE": "never", **_ssh(place)}
    try:
        return git.talk(
            place.work_tree, *arguments, patience=PATIENCE, can_ask=can_ask, environment=environment
        )
    except git.Silent as error:
        raise PipecliError(
            f"{upstream.remote} does not answer: {error}", hint="nothing is changed; try again later"
        ) from None


def _ssh(place: Location) -> dict[str, str]:
    """An ssh that never asks; the user's own command is left as it is."""
    if {"GIT_SSH", "GIT_SSH_COMMAND"} & os.environ.keys() or git.config(place.work_tree, "core.sshCommand"):
        return {}
    return {"GIT_SSH_COMMAND": "ssh -o BatchMode=yes -o ConnectTimeout=20 -o ServerAliveInterval=15"}


def _words(done: subprocess.CompletedProcess[bytes]) -> str:
    """What git, a hook or the server said, on one line, without progress, advice and passwords."""
    text = done.stderr.decode("utf-8", "replace")
    lines = [line.rpartition("\r")[2].strip() for line in text.replace("\r\n", "\n").splitlines()]
    said = [
        line.removeprefix("remote:").strip()
        for line in lines
        if line not in ("", "remote:") and not _NOISE.match(line)
    ]
    joined = " / ".join(line for line in dict.fromkeys(said) if line)
    return re.sub(r"://[^@/\s]+@", "://", joined) or f"git ended with {done.returncode}"
