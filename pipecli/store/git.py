"""The one door to git: small functions with plain arguments, and the reason for each odd flag.

git is run as a program, never through a shell; what comes from a person or a file goes after
`--end-of-options` or `--`. git is run directly: importing GitPython costs 35 ms, a sixth of a changing
command (docs/speed.md). It serves in git_remote, where nobody notices.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from threading import Thread
from typing import IO, NamedTuple

from pipecli.errors import PipecliError


class GitRefused(PipecliError):
    """git said no; the message carries its words."""


def not_installed() -> GitRefused:
    return GitRefused("git is not installed", hint="install it, and try again")


def run(
    work_tree: Path,
    *arguments: str,
    stdin: bytes | None = None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Run git in `work_tree`; the caller looks at the exit code. Raises GitRefused only without a git."""
    try:
        process = subprocess.Popen(
            # literal: a file name is a name, never a pattern
            ["git", "--literal-pathspecs", *arguments],
            cwd=work_tree,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **environment} if environment else None,
        )
    except FileNotFoundError:
        raise not_installed() from None
    with process:
        try:
            streams = process.communicate(stdin)
        except BaseException:
            # subprocess.run would kill it, and a killed git leaves its locks behind for ever
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(LONGEST_GOODBYE)
            raise
    return subprocess.CompletedProcess(arguments, process.returncode, *streams)


LONGEST_GOODBYE = 10
"""Seconds that an interrupted git may take to put its things away."""


def carry_through(
    work_tree: Path, *arguments: str, stdin: bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run git to its end whatever becomes of this program: half a checkout is no state to leave.

    In a session of its own (on Windows, a group) neither Ctrl-C nor a closed terminal reaches it. It reads
    and writes files, no pipes: one whose other end is gone would end it in the middle of its work.
    """
    with TemporaryFile() as input_, TemporaryFile() as output_, TemporaryFile() as errors:
        input_.write(stdin or b"")
        input_.seek(0)
        with subprocess.Popen(
            ["git", "--literal-pathspecs", *arguments],
            cwd=work_tree, stdin=input_, stdout=output_, stderr=errors, start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        ) as process:  # fmt: skip
            try:
                process.wait()
            except BaseException:
                process.wait()  # it is not long
                raise
        output_.seek(0)
        errors.seek(0)
        return subprocess.CompletedProcess(arguments, process.returncode, output_.read(), errors.read())


def output(work_tree: Path, *arguments: str) -> str:
    """The output of git without the last newline. Raises GitRefused with git's words."""
    return raw(work_tree, *arguments).decode("utf-8", "replace").removesuffix("\n")


def raw(work_tree: Path, *arguments: str, stdin: bytes | None = None) -> bytes:
    """The output of git as it is. Raises GitRefused with git's words."""
    done = run(work_tree, *arguments, stdin=stdin)
    if done.returncode:
        raise GitRefused(_words(done))
    return done.stdout


def id_of(work_tree: Path, name: str) -> str | None:
    """The id of the object that git knows by a name (`HEAD:orders`); None where there is none."""
    done = run(work_tree, "rev-parse", "--verify", "--quiet", "--end-of-options", name)
    return None if done.returncode else done.stdout.decode().strip()


def commit_of(work_tree: Path, revision: str) -> str | None:
    """The id of the commit that an id, a branch, a tag or a ref leads to; None where there is none."""
    return id_of(work_tree, f"{revision}^{{commit}}")


def start(work_tree: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """git, running on while its caller feeds it. Raises GitRefused only without a git."""
    try:
        return subprocess.Popen(
            ["git", *arguments],
            cwd=work_tree, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
    except FileNotFoundError:
        raise not_installed() from None


def listed(names: Sequence[str]) -> bytes:
    """Names as git reads a list of them."""
    return "\0".join(names).encode("utf-8", "surrogateescape")


def unstage(work_tree: Path, new: Sequence[str]) -> None:
    """Forget files that were only just staged."""
    if new:
        run(work_tree, "update-index", "--force-remove", "-z", "--stdin", stdin=listed(new))


class Object(NamedTuple):
    """A commit or blob of the repository."""

    id: str
    content: bytes | None
    """None when it is not there, or larger than was asked for."""
    size: int


def objects(work_tree: Path, ids: Iterable[str], largest: int) -> Iterator[Object]:
    """The objects with these full ids, in their order, by one process; `largest` in bytes bounds each."""
    wanted = list(ids)
    if not wanted:
        return
    with subprocess.Popen(
        ["git", "cat-file", "--batch", "--buffer"],
        cwd=work_tree, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        assert process.stdin and process.stdout
        # A thread asks: two full pipes, one each way, would wait for each other for ever.
        asking = Thread(target=_ask, args=(process.stdin, wanted), daemon=True)
        asking.start()
        try:
            for id_ in wanted:
                yield _answered(process.stdout, id_, largest)
        finally:
            process.kill()  # who stopped listening in the middle waits for nothing
            asking.join()


def _ask(pipe: IO[bytes], ids: Sequence[str]) -> None:
    with suppress(OSError):
        pipe.write("".join(f"{id_}\n" for id_ in ids).encode())
    with suppress(OSError):
        pipe.close()


def _answered(pipe: IO[bytes], wanted: str, largest: int) -> Object:
    header = pipe.readline().split()
    if len(header) != 3:
        return Object(wanted, None, 0)
    size = int(header[2])
    if size > largest:
        for start in range(0, size + 1, largest):
            pipe.read(min(largest, size + 1 - start))
        return Object(wanted, None, size)
    content = pipe.read(size + 1)[:-1]
    return Object(wanted, content if len(content) == size else None, size)


def init(directory: Path) -> None:
    """Make a repository, its first branch `main` whatever the user's git calls it."""
    output(directory, "init", "--quiet", "--initial-branch=main")


def config(work_tree: Path, name: str) -> str:
    """A setting of git's, empty when it is not set."""
    return run(work_tree, "config", "--get", name).stdout.decode("utf-8", "replace").strip()


def version(work_tree: Path) -> tuple[int, int]:
    """Of git: `(2, 39)`."""
    match = re.search(r"(\d+)\.(\d+)", output(work_tree, "version"))
    return (int(match[1]), int(match[2])) if match else (0, 0)


def refusal(done: subprocess.CompletedProcess[bytes]) -> GitRefused:
    """Why git did not commit, with the way out."""
    words = _words(done)
    if "tell me who you are" in words or "empty ident" in words or "no email was given" in words:
        return GitRefused(
            "git doesn't know who you are, and every change is signed with a name",
            hint="tell it: git config --global user.name NAME && git config --global user.email ADDRESS",
        )
    if "partial commit during a merge" in words:
        return GitRefused(
            "a merge is in progress",
            hint="finish it with `pipecli sync --continue` if a sync began it, else with `git commit`; "
            "`pipecli sync --abort` or `git merge --abort` undoes it",
        )
    return GitRefused(f"git refused the commit, nothing is changed: {words}")


def _words(done: subprocess.CompletedProcess[bytes]) -> str:
    """The words of git or a hook on one line."""
    return one_line(done.stderr + b"\n" + done.stdout) or f"git ended with {done.returncode}"


def one_line(words: bytes) -> str:
    lines = [line.strip() for line in words.decode("utf-8", "replace").splitlines()]
    return " / ".join(line for line in lines if line and not line.startswith("hint:"))
