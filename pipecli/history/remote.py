"""Speaking with a remote: bounded, no questions where nobody is there to answer, its words on one line."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from pipecli.store import git
from pipecli.store.files import Location

PATIENCE = 60.0
"""Seconds without a word, after which a remote is given up."""

_NOISE = re.compile(
    r"hint:|To |From |Please make sure you have|and the repository exists\.|error: failed to push some refs|"
    r"remote: error: hook declined|warning: redirecting|\* branch |Delta compression using|"
    r"(remote: )?([A-Z][a-z]+ing (objects|deltas): |Total \d+ \(delta )"
)
# A race that was lost, in the words of git here, and of the one there that found the ref locked.
_FASTER = re.compile(
    r"fetch first|non-fast-forward|failed to update ref|failed to lock|stale info|incorrect old value|"
    r"cannot lock ref .*(but expected|reference already exists|File exists)|\.lock': File exists"
)


def talk(place: Location, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run git with a remote; the caller looks at the exit code. Raises git.Silent when it hangs."""
    can_ask = sys.stdin is not None and sys.stdin.isatty()
    environment = {"LC_ALL": "C", "LANGUAGE": ""}  # its words are read here
    if not can_ask:
        environment |= {"GIT_TERMINAL_PROMPT": "0", "SSH_ASKPASS_REQUIRE": "never", **_ssh(place)}
    return git.talk(place.work_tree, *arguments, patience=PATIENCE, can_ask=can_ask, environment=environment)


def is_faster(done: subprocess.CompletedProcess[bytes]) -> bool:
    """Whether a ref did not move, by update-ref or a push, because somebody else moved it in the meantime."""
    refused = [line for line in done.stdout.decode("utf-8", "replace").splitlines() if line.startswith("!")]
    return any(
        _FASTER.search(line) for line in refused or done.stderr.decode("utf-8", "replace").splitlines()
    )


def words(done: subprocess.CompletedProcess[bytes]) -> str:
    """What git, a hook or the server said, on one line, without progress, advice and passwords."""
    text = done.stderr.decode("utf-8", "replace")
    lines = [line.rpartition("\r")[2].strip() for line in text.replace("\r\n", "\n").splitlines()]
    said = [
        line.removeprefix("remote:").removeprefix("fatal:").strip()
        for line in lines
        if line not in ("", "remote:") and not _NOISE.match(line)
    ]
    if len(said) > 1:  # of more than that git says why above it
        said = [line for line in said if line != "Could not read from remote repository."]
    joined = " / ".join(line for line in dict.fromkeys(said) if line)
    # To the last @ of an address: a password may hold any letter.
    return re.sub(r"://[^\s']*@", "://", joined) or f"git ended with {done.returncode}"


def _ssh(place: Location) -> dict[str, str]:
    """An ssh that never asks; the user's own command is left as it is."""
    if {"GIT_SSH", "GIT_SSH_COMMAND"} & os.environ.keys() or git.config(place.work_tree, "core.sshCommand"):
        return {}
    return {"GIT_SSH_COMMAND": "ssh -o BatchMode=yes -o ConnectTimeout=20 -o ServerAliveInterval=15"}
