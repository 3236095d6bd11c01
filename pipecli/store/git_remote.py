"""Speaking with a remote: bounded, no questions where nobody is there to answer, its words on one line."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Lock, Thread
from time import monotonic
from typing import IO
from urllib.parse import quote

from pipecli.store import git
from pipecli.store.git_commit import KEEPING_MEMORY, branch_of, settings_of
from pipecli.store.location import Location, pipe_below
from pipecli.store.safe_files import LARGEST_ANY

PATIENCE = 60.0
"""Seconds without a word, after which a remote is given up."""
_KEPT = 1 << 14
"""Bytes of its words that are kept, the last ones: there git says why."""

_NOISE = re.compile(
    r"hint:|To |From |Please make sure you have|and the repository exists\.|error: failed to push some refs|"
    r"remote: error: hook declined|warning: redirecting|\* branch |Delta compression using|"
    r"(remote: )?([A-Z][a-z]+ing (objects|deltas): |Total \d+ \(delta )"
)
# A race that was lost, in the words of git here, and of the one there that found the ref locked.
_RACE_LOST = re.compile(
    r"fetch first|non-fast-forward|failed to update ref|failed to lock|stale info|incorrect old value|"
    r"cannot lock ref .*(but expected|reference already exists|File exists)|\.lock': File exists"
)


LOCKED = "try again; if no git is at work there, one that was killed has left its lock: remove that file"
"""The way on from a lost race in which nobody moved the ref."""


def race_lost(done: subprocess.CompletedProcess[bytes]) -> str:
    """git's words where a ref was refused that somebody else held or moved in the meantime; else empty."""
    refused = [line for line in done.stdout.decode("utf-8", "replace").splitlines() if line.startswith("!")]
    lines = refused or done.stderr.decode("utf-8", "replace").splitlines()
    first = remote_words(done).partition(" / ")[0].removeprefix("error: ").rstrip(".")
    return first if any(map(_RACE_LOST.search, lines)) else ""


def remote_words(done: subprocess.CompletedProcess[bytes]) -> str:
    """The words of git, a hook or the server on one line, without progress, advice and passwords."""
    text = done.stderr.decode("utf-8", "replace")
    lines = [line.rpartition("\r")[2].strip() for line in text.replace("\r\n", "\n").splitlines()]
    messages = {
        line.removeprefix("remote:").removeprefix("fatal:").strip(): None
        for line in lines
        if not _NOISE.match(line)
    }
    messages.pop("", None)
    if len(messages) > 1:  # of more than that git says why above it
        messages.pop("Could not read from remote repository.", None)
    joined = " / ".join(messages)
    # To the last @ of an address: a password may hold any letter.
    return re.sub(r"://[^\s']*@", "://", joined) or git.ending(done.returncode)


_NO_ROOM = re.compile(
    rb"^(?!remote:).*(No space left|Out of diskspace|quota exceeded|Read-only file system)", re.M | re.I
)


def is_disk_full(done: subprocess.CompletedProcess[bytes]) -> bool:
    """True where the disk of this machine, not the remote, has kept git from its work."""
    return _NO_ROOM.search(done.stderr) is not None


def _ssh(location: Location) -> dict[str, str]:
    """An ssh that never asks; the user's own command is left as it is."""
    if {"GIT_SSH", "GIT_SSH_COMMAND"} & os.environ.keys() or settings_of(location).get("core.sshcommand"):
        return {}
    return {"GIT_SSH_COMMAND": "ssh -o BatchMode=yes -o ConnectTimeout=20 -o ServerAliveInterval=15"}


class RemoteTimeout(git.GitRefused):
    """The other side has said nothing for too long."""

    code = "unreachable"


def talk_to_remote(location: Location, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run git with a remote; the caller looks at the exit code. Raises RemoteTimeout when it hangs.

    Unless it can ask, it has no terminal, so that no program below it waits for a password.
    """
    can_ask = sys.stdin is not None and sys.stdin.isatty()
    environment = {**KEEPING_MEMORY, "LC_ALL": "C", "LANGUAGE": ""}  # its words are read here
    if not can_ask:
        environment |= {"GIT_TERMINAL_PROMPT": "0", "SSH_ASKPASS_REQUIRE": "never", **_ssh(location)}
    streams, heard, is_looked_after = (bytearray(), bytearray()), [monotonic()], False

    is_silent = Event()  # not a join of the ear, which a Ctrl-C there would leave taken for ended

    def listen(pipe: IO[bytes], into: bytearray) -> None:
        while chunk := os.read(pipe.fileno(), 65536):
            into += chunk
            if pipe is process.stderr:
                del into[:-_KEPT]
            heard[0] = monotonic()
        if pipe is process.stderr:
            is_silent.set()

    process = git.start(
        location.work_tree, *arguments,
        more=environment, stdin=subprocess.DEVNULL, start_new_session=not can_ask,
    )  # fmt: skip
    assert process.stdout
    assert process.stderr
    pipes = (process.stdout, process.stderr)
    ears = [Thread(target=listen, args=stream, daemon=True) for stream in zip(pipes, streams, strict=True)]
    for ear in ears:
        ear.start()
    try:
        while process.poll() is None:
            if is_silent.wait(min(PATIENCE, 1)):
                with suppress(subprocess.TimeoutExpired):
                    process.wait(1)
            if len(streams[0]) > LARGEST_ANY:
                raise git.GitRefused("the remote doesn't come to an end", hint="look who runs it")
            silence = 0.0 if process.returncode is not None else monotonic() - heard[0]
            if silence > git.SLOW and not is_looked_after:
                is_looked_after = True
                if waits_for := pipe_below(location.work_tree):
                    raise git.waiting_for(waits_for)
            if silence > PATIENCE:
                raise RemoteTimeout(f"nothing was heard for {PATIENCE:.0f} seconds")
    except BaseException:
        _end(process)
        raise
    finally:
        for ear, pipe in zip(ears, pipes, strict=True):
            ear.join(git.LONGEST_GOODBYE)
            if not ear.is_alive():
                pipe.close()
    return subprocess.CompletedProcess(arguments, process.returncode, *map(bytes, streams))


def _end(process: subprocess.Popen[bytes]) -> None:
    """End git, and with it the ssh that it started, which would else wait on for the network."""
    with suppress(ProcessLookupError, AttributeError):  # it leads no group where it can ask; Windows has none
        os.killpg(process.pid, signal.SIGTERM)
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(git.LONGEST_GOODBYE)


def shared_remote(location: Location) -> str | None:
    """The remote that the clones of a pipeline share: that of the branch, else origin or the only one."""
    known = remote_names(location.work_tree)
    if len(known) < 2:
        return next(iter(known), None)
    named = git.config(location.work_tree, f"branch.{branch_of(location) or ''}.remote")
    return next((remote for remote in (named, "origin", *known) if remote in known), None)


def remote_names(work_tree: Path) -> list[str]:
    """The names of the remotes in the order of the alphabet, asked through GitPython. Raises GitRefused."""
    try:
        from git.cmd import Git
        from git.exc import GitCommandError
    except ImportError:  # it looks for git at once
        raise git.not_installed() from None
    try:
        with _own_environment():
            return str(Git(work_tree).remote()).splitlines()
    except GitCommandError as error:
        git.require_working(work_tree)
        raise git.GitRefused(f"git can't list the remotes: {error.stderr.strip()}") from None


def refs(location: Location, folder: str) -> str:
    """Where the refs of a pipeline lie: each pipeline of a repository has its own."""
    inner = location.prefix.strip("/")
    own = f"/in/{quote(inner, safe='').replace('~', '%7E').replace('.', '%2E')}" if inner else ""
    return f"refs/pipecli/{folder}{own}"


_ENVIRONMENT = Lock()


@contextmanager
def _own_environment() -> Iterator[None]:
    """Put away the variables that lead a git to another repository: GitPython can only add to them."""
    with _ENVIRONMENT:
        names = {*git.OF_A_REPOSITORY, *git.OF_A_CALLER}
        before = {name: value for name, value in os.environ.items() if name in names}
        for name in before:
            del os.environ[name]
        try:
            yield
        finally:
            os.environ.update(before)
