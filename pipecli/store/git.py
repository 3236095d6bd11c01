"""The one door to git: small functions with plain arguments, and the reason for each odd flag.

git is run as a program, never through a shell. No value becomes an option: names of files go after `--` or
by stdin, a message as `--message=…`, and a revision that begins with `-` is none (`_id_of`). It is run
directly: importing GitPython costs 35 ms, a sixth of a changing command (docs/speed.md). It serves in
git_remote, where nobody notices.

The git that runs here works on the pipeline's repository, whatever other repository the environment names: a
hook, an alias and a server's git name theirs to all that they start.
"""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import IO, Any, NamedTuple

from pipecli.errors import PipecliError


class GitRefused(PipecliError):
    """git said no; the message carries its words."""

    code = "git"


class IndexDamaged(GitRefused):
    """git can't read its list of what is staged: the disk or another program left it so."""


held: list[int] = []
"""Open files that every git of ours holds, too, until it ends, with its hooks: those of journals."""
hardening_in_force: list[str] = []
"""Options by which what every git of ours writes meanwhile outlasts a power cut."""


def not_installed() -> GitRefused:
    return GitRefused("git is not installed", hint="install it, and try again")


OF_A_REPOSITORY = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_CONFIG", "GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT",
    "GIT_OBJECT_DIRECTORY", "GIT_DIR", "GIT_WORK_TREE", "GIT_IMPLICIT_WORK_TREE", "GIT_GRAFT_FILE",
    "GIT_INDEX_FILE", "GIT_NO_REPLACE_OBJECTS", "GIT_REPLACE_REF_BASE", "GIT_PREFIX",
    "GIT_INTERNAL_SUPER_PREFIX", "GIT_SHALLOW_FILE", "GIT_COMMON_DIR",
)  # fmt: skip
"""The variables that lead git to one repository, as `git rev-parse --local-env-vars` lists them."""

OF_A_CALLER = (
    "GIT_NAMESPACE", "GIT_QUARANTINE_PATH", "GIT_ATTR_SOURCE",
    "GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS",
)  # fmt: skip
"""More of the git that started this program: where it keeps refs and objects, how it reads names of files."""

_OF_A_PERSON = re.compile(
    r"(user|author|committer|commit|gpg|credential|http|https|url|protocol|ssh|safe)\.|core\.sshcommand$",
    re.IGNORECASE,
)


def environment(work_tree: Path | None, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a git that works on the repository of `work_tree`, and on no other.

    Identity, ssh and configuration of the person stay.
    """
    foreign = (*OF_A_REPOSITORY, *OF_A_CALLER)
    own = {name: value for name, value in os.environ.items() if name not in foreign}
    # A damaged .git is an error: without a ceiling git takes the repository of a directory above.
    if work_tree is not None and (work_tree / ".git").exists():
        own["GIT_CEILING_DIRECTORIES"] = str(work_tree.parent)
    own |= {"GIT_NO_REPLACE_OBJECTS": "1", "GIT_GRAFT_FILE": os.devnull}  # history is what was committed
    return {**own, **(more or {})}


def config_options() -> list[str]:
    """Options of git for the settings in GIT_CONFIG_COUNT that are a person's: identity, ssh, access.

    The others are a repository's. A value stays in the environment: it may be a password. And git, in hooks
    too, gives no advice on the empty graft file that it is given, and speaks UTF-8.
    """
    count = os.environ.get("GIT_CONFIG_COUNT", "")
    numbers = range(int(count) if re.fullmatch(r"[0-9]{1,3}", count) else 0)
    keys = [(number, os.environ.get(f"GIT_CONFIG_KEY_{number}", "")) for number in numbers]
    own = [
        f"--config-env={key}=GIT_CONFIG_VALUE_{number}"
        for number, key in keys
        if _OF_A_PERSON.match(key) and f"GIT_CONFIG_VALUE_{number}" in os.environ
    ]
    return [*_OURS, *hardening_in_force, *own]


_OURS = (
    *("-c", "advice.graftFileDeprecated=false"),
    *("-c", "i18n.commitEncoding=UTF-8", "-c", "i18n.logOutputEncoding=UTF-8"),
)


def start(
    work_tree: Path, *arguments: str, more: Mapping[str, str] | None = None, **how: Any
) -> subprocess.Popen[bytes]:
    """Start git, with `more` in its environment, and pipes unless `how` says otherwise to Popen.

    Raises GitRefused.
    """
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    options = {"cwd": work_tree, "env": environment(work_tree, more), "pass_fds": held, **pipes, **how}
    try:
        return subprocess.Popen(["git", *config_options(), *arguments], **options)
    except FileNotFoundError as error:
        if error.filename == "git":
            raise not_installed() from None
        raise GitRefused(f"{work_tree} is gone") from None
    except OSError as error:
        raise GitRefused(f"git can't be started: {error.strerror}", hint="fix that, and try again") from None


def run(
    work_tree: Path, *arguments: str, stdin: bytes | None = None, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run git in `work_tree`; the caller looks at the exit code.

    Raises GitRefused without a git or with one that is too old, and where it can't work in this repository at
    all, or read its index, or a signal ends it: no caller takes that for the answer to its question.
    """
    done = attempt(work_tree, arguments, stdin, environment)
    if done.returncode < 0:
        raise GitRefused(ending(done.returncode), hint="try again")
    if done.returncode == FATAL:
        require_working(work_tree)
        require_index(work_tree)
    if done.returncode == _USAGE:
        raise GitRefused(
            f"this git is too old: {done.stderr.decode('utf-8', 'replace').partition(chr(10))[0]}",
            hint="install git 2.25 or later",
        )
    return done


FATAL, _USAGE = 128, 129
"""The exit codes with which git dies, and with which it doesn't know an option; others are answers."""


def attempt(
    work_tree: Path,
    arguments: Sequence[str],
    stdin: bytes | None = None,
    more: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Run git; the caller looks at the exit code, whatever its reason. Raises GitRefused without a git."""
    # literal: a file name is a name, never a pattern
    with start(work_tree, "--literal-pathspecs", *arguments, more=more) as process:
        try:
            streams = ended(process, work_tree, stdin)
        except BaseException:  # subprocess.run would kill it, and a killed git leaves its locks behind
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(LONGEST_GOODBYE)
            raise
    return subprocess.CompletedProcess(arguments, process.returncode, *streams)


SLOW = 2.0
"""Seconds of silence after which somebody looks what a git waits for; each time after twice as many."""


def ended(
    process: subprocess.Popen[bytes], work_tree: Path, stdin: bytes | None = None
) -> tuple[bytes, bytes]:
    """What a git has said by its end. Raises GitRefused where it would wait for a pipe's writer for ever.

    `communicate` would take a thread for each git, to see that it waits.
    """
    if process.stdin:
        asking = Thread(target=_ask, args=(process.stdin, stdin or b""), daemon=True)
        (asking.start if len(stdin or b"") > 4096 else asking.run)()  # so much an empty pipe takes
        process.stdin = None
    from pipecli.store.location import pipe_below

    if sys.platform == "win32":  # no folder there has such a pipe
        return process.communicate()
    said, errors, waits_for, patience = list[bytes](), list[bytes](), None, SLOW
    both = ((process.stdout, said), (process.stderr, errors))
    pipes = {pipe.fileno(): (pipe, parts) for pipe, parts in both if pipe}
    talking = select.poll()
    for number in pipes:
        talking.register(number, select.POLLIN)
    while pipes:
        if not (ready := talking.poll(patience * 1000)):
            patience *= 2
            if waits_for := pipe_below(work_tree):
                process.kill()  # in an undo it ignores all else
        for number, _ in ready:
            if part := os.read(number, 1 << 15):
                pipes[number][1].append(part)
            else:
                talking.unregister(number)
                pipes.pop(number)[0].close()
    if process.wait() and waits_for:
        raise waiting_for(waits_for)
    return b"".join(said), b"".join(errors)


def waiting_for(pipe: str) -> GitRefused:
    return GitRefused(f"{pipe} is a pipe or a device, and git waits for it", hint="delete it")


def is_in_repository(directory: Path) -> bool:
    """True where a directory is in a repository. Raises GitRefused where git can't tell, with its words.

    It can't where the directory is another user's, or a configuration is broken.
    """
    done = attempt(directory, ("rev-parse", "--git-dir"), more={"LC_ALL": "C", "LANGUAGE": ""})
    if done.returncode and b"not a git repository" not in done.stderr:
        raise _unable(done)
    return not done.returncode


def require_working(work_tree: Path) -> None:
    """Refuse where git can't work in this repository. Raises GitRefused with git's words."""
    done = attempt(work_tree, ("rev-parse", "--git-dir"))
    if done.returncode:
        raise _unable(done)


def require_index(work_tree: Path) -> None:
    """Refuse where git can't read its index. Raises IndexDamaged with git's words."""
    done = list_index(work_tree)
    if done.returncode > 0 and b"in a work tree" not in done.stderr:  # a bare repository has none
        raise IndexDamaged(
            f"git can't read its index: {words_of(done)}",
            hint="`pipecli doctor --fix` makes it anew from the last commit, and touches no file",
        )


def list_index(work_tree: Path) -> subprocess.CompletedProcess[bytes]:
    return attempt(work_tree, ("ls-files", "--", "pipecli.yaml"), more={"LC_ALL": "C", "LANGUAGE": ""})


def is_unborn(work_tree: Path) -> bool:
    """True where HEAD has no commit yet. Raises GitRefused where it has one that git can't read."""
    done = attempt(work_tree, ("log", "--max-count=1", "--format="), more={"LC_ALL": "C", "LANGUAGE": ""})
    if done.returncode and b"does not have any commits yet" not in done.stderr:
        raise _unable(done)
    return done.returncode != 0


def log(work_tree: Path, *arguments: str) -> bytes:
    """The output of `git log`, empty before the first commit. Raises GitRefused with git's words."""
    done = run(work_tree, "log", *arguments)
    if done.returncode and not is_unborn(work_tree):
        raise _refused(done)
    return done.stdout


def _unable(done: subprocess.CompletedProcess[bytes]) -> GitRefused:
    return GitRefused(f"git can't work here: {words_of(done)}", hint="fix that, and try again")


LONGEST_GOODBYE = 10
"""Seconds that an interrupted git may take to put its things away."""


def output(work_tree: Path, *arguments: str) -> str:
    """The output of git without the last newline. Raises GitRefused with git's words."""
    return raw(work_tree, *arguments).decode("utf-8", "replace").removesuffix("\n")


def raw(work_tree: Path, *arguments: str, stdin: bytes | None = None) -> bytes:
    """The output of git as it is. Raises GitRefused with git's words."""
    done = run(work_tree, *arguments, stdin=stdin)
    if done.returncode:
        raise _refused(done)
    return done.stdout


def words(work_tree: Path, *arguments: str) -> list[str]:
    """The words of an answer in which each ends with a NUL, as `-z` asks for."""
    answer = raw(work_tree, *arguments).decode("utf-8", "surrogateescape")
    return [word for word in answer.split("\0") if word]


def id_of(work_tree: Path, name: str) -> str | None:
    """The id of the object that git knows by a name (`HEAD:orders`); None where there is none.

    Raises GitRefused where a missing or damaged object on the way to it keeps git from telling.
    """
    if id_ := _id_of(work_tree, name):
        return id_
    revision, colon, path = name.removesuffix("^{commit}").partition(":")
    known = _id_of(work_tree, revision)  # what a ref says, be it there or not
    if known and (known != revision or run(work_tree, "cat-file", "-e", known).returncode != 1):
        words = ("ls-tree", "--full-tree", known, "--", path or ".") if colon else ("cat-file", "-p", known)
        done = run(work_tree, *words)
        if done.returncode:
            raise _damaged(f"{name.rstrip(':')}: {stderr_of(done.stderr)}")
    return None


def _id_of(work_tree: Path, name: str) -> str | None:
    if name.startswith(("-", "^")):  # an option (`--end-of-options` takes git 2.30), all but a commit
        return None
    done = run(work_tree, "rev-parse", "--verify", "--quiet", name)
    return None if done.returncode else done.stdout.decode().strip()


def _damaged(words: str) -> GitRefused:
    """The refusal to answer from a history of which a part can't be read."""
    return GitRefused(
        f"the history is damaged here: {words}",
        hint="`git fsck` lists what git can't read; another clone may have it whole",
    )


_DAMAGE = re.compile(
    r"((not|unable to) (read|parse|unpack)( tree| commit)?|(loose|bad|bad tree) object) [0-9a-f]{40}|packfile"
)


def _refused(done: subprocess.CompletedProcess[bytes]) -> GitRefused:
    """Why git gave no answer; of half an answer nothing is said."""
    words = words_of(done)
    return _damaged(words) if _DAMAGE.search(words) else GitRefused(words)


def commit_of(work_tree: Path, revision: str) -> str | None:
    """The id of the commit that an id, a branch, a tag or a ref leads to; None where there is none."""
    return id_of(work_tree, f"{revision}^{{commit}}")


def listed(names: Sequence[str]) -> bytes:
    """Names as git reads a list of them."""
    return "\0".join(names).encode("utf-8", "surrogateescape")


class Object(NamedTuple):
    """A commit or blob of the repository."""

    id: str
    content: bytes | None
    """None when it is not there, or larger than was asked for."""
    size: int


def objects(work_tree: Path, ids: Iterable[str], largest: int, *, may_lack: bool = False) -> Iterator[Object]:
    """The objects with these full ids, in their order, by one process; `largest` in bytes bounds each.

    Raises GitRefused where git ends early, and unless `may_lack` for a missing one; all zeros never are.
    """
    if not (wanted := list(ids)):
        return
    question = "".join(f"{id_}\n" for id_ in wanted).encode()
    words = ("cat-file", "--batch", "--buffer")
    with start(work_tree, *words, stderr=subprocess.DEVNULL, pass_fds=()) as process:
        assert process.stdin and process.stdout
        # A thread asks: two full pipes, one each way, would wait for each other for ever.
        asking = Thread(target=_ask, args=(process.stdin, question), daemon=True)
        asking.start()
        try:
            for id_ in wanted:
                object_ = _answered(process.stdout, id_, largest)
                if object_ is None:
                    raise _ended_before(work_tree, id_)
                if object_.content is None and not (object_.size or may_lack) and id_.strip("0"):
                    raise _damaged(f"{id_} is missing")
                yield object_
        finally:
            process.kill()  # who stopped listening in the middle waits for nothing
            asking.join()


def _ended_before(work_tree: Path, id_: str) -> GitRefused:
    """Why git gave no object: asked for that one alone it says so."""
    require_working(work_tree)
    done = attempt(work_tree, ("cat-file", "-e", id_))
    said = f": {words_of(done)}" if done.returncode else ""
    way = "have its remote answer, and try again" if "promisor" in said else "look with `git fsck`"
    return GitRefused(f"git ended before it gave {id_}{said}", hint=way)


def _ask(pipe: IO[bytes], question: bytes) -> None:
    with suppress(OSError, ValueError), pipe:  # a Ctrl-C has closed it already
        pipe.write(question)


def _answered(pipe: IO[bytes], wanted: str, largest: int) -> Object | None:
    """The next object; None where git has ended, or gave more of a damaged one than announced."""
    header = (line := pipe.readline()).split()
    if line.partition(b" ")[0] != wanted.encode():
        return None
    if len(header) != 3:
        return Object(wanted, None, 0)
    size = int(header[2])
    if size > largest:
        for start in range(0, size + 1, largest):
            pipe.read(min(largest, size + 1 - start))
        return Object(wanted, None, size)
    content = pipe.read(size + 1)[:-1]
    return Object(wanted, content if len(content) == size else None, size)


def config(work_tree: Path, name: str) -> str:
    """A setting of git's, empty when it is not set."""
    return run(work_tree, "config", "--get", name).stdout.decode("utf-8", "replace").strip()


def settings(work_tree: Path) -> dict[str, str]:
    """The settings of git's that pipecli asks for at every change, by names in small letters, by one process.

    `author.name` and `author.email` are those of a commit made now, by the rules of git-commit(1): a variable
    goes before a setting. Empty where git would make them up.
    """
    of_core = r"core\.(fsync(method)?|hookspath|sshcommand)"
    names = rf"^((author|user)\.(name|email)|{of_core}|(hook|include(if)?)\..*)$"
    done = run(work_tree, "config", "-z", "--get-regexp", names)
    lines = (text.partition("\n") for text in done.stdout.decode("utf-8", "replace").split("\0"))
    settings = {name: value.strip() for name, _, value in lines}
    for part, otherwise in (("name", ""), ("email", os.environ.get("EMAIL", ""))):
        configured = settings.get(f"author.{part}") or settings.get(f"user.{part}", otherwise)
        settings[f"author.{part}"] = os.environ.get(f"GIT_AUTHOR_{part.upper()}", configured).strip()
    return settings


def version(work_tree: Path) -> tuple[int, ...]:
    """Of git: `(2, 39)`."""
    return tuple(map(int, re.findall(r"\d+", output(work_tree, "version"))[:2]))


def words_of(done: subprocess.CompletedProcess[bytes]) -> str:
    """Why git failed, in its words or a hook's on one line."""
    is_killed = done.returncode < 0  # then what it had printed is no reason
    return stderr_of(done.stderr) or ("" if is_killed else stderr_of(done.stdout)) or ending(done.returncode)


def ending(code: int) -> str:
    """The end of a git that gave no reason."""
    return f"git was stopped: {signal.strsignal(-code)}" if code < 0 else f"git ended with {code}"


def stderr_of(words: bytes) -> str:
    lines = [line.strip() for line in words.decode("utf-8", "replace").splitlines()]
    return " / ".join(line for line in lines if line and not line.startswith("hint:"))
