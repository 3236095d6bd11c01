"""Making a pipeline: settings with a comment at every key, schemas, the repository, the first commit.

With `init --ci` also the file by which a code host reviews what is to be merged.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.resources import files as resources
from pathlib import Path
from typing import NamedTuple

from pipecli.errors import PipecliError, system_refusal
from pipecli.extras import PINNED_INSTALL
from pipecli.records.kinds import SETTINGS, SETTINGS_FILE
from pipecli.records.money import CURRENCIES
from pipecli.store import editor_schemas, git, git_commit, ids_and_files, merge_setup, safe_files
from pipecli.store.location import Location, NoPipeline, find_location, location_at
from pipecli.store.lock_and_signals import clear_temporary, hold_pipelines, interruptible
from pipecli.store.pipeline import Pipeline
from pipecli.store.plan_writes import Write
from pipecli.store.power_cut_and_killed_git import harden, harden_folders, hardening_options
from pipecli.store.safe_files import path_inside
from pipecli.store.validate_record import parse_record
from pipecli.store.write_and_commit import write_under_journal
from pipecli.store.yaml.write import scalar_text


class Host(NamedTuple):
    """A code host."""

    name: str
    file: str
    """The path at which it looks for the file, from the root of the repository."""
    filter: str
    """The key, after its indentation, that names the paths of a pipeline in a subfolder."""
    below: str
    """The pattern of a path filter for all that is in a folder."""
    template: str
    summary: str = "Review what is to be merged, on {}"
    """Of the commit that adds the file."""


HOSTS = {
    "github": Host("github", ".github/workflows/pipecli.yml", "    paths", "**", "github.yml"),
    "gitlab": Host("gitlab", ".gitlab-ci.yml", "    changes", "**/*", "gitlab.yml"),
}
DASHBOARD = HOSTS["github"]._replace(
    file=".github/workflows/pipecli-dashboard.yml",
    template="github-dashboard.yml",
    summary="Draw the dashboard, on {}",
)


class CiFile(NamedTuple):
    """The code host that reviews a pipeline, and the command by which it installs pipecli."""

    host: Host
    install: str = PINNED_INSTALL


def ci_text(review: CiFile, prefix: str) -> str:
    """The file's text; `prefix` leads from the repository to the pipeline: `sales/`, or nothing."""
    host = review.host
    paths = ""
    if prefix:
        folder = re.sub(r"([*+?!\[\]{}\\])", r"\\\1", prefix)
        paths = f"\n{host.filter}: {_quoted([folder + host.below, host.file])}"
    where = _quoted(prefix.rstrip("/") or ".")
    return _filled(host.template, paths=paths, changes=paths, dir=where, install=review.install)


def _filled(template: str, **values: str) -> str:
    """The text of a file in `new_pipeline/`, with these values at its marks, as `@dir@`."""
    text = resources("pipecli.store").joinpath("new_pipeline", template).read_text(encoding="utf-8")
    return re.sub(f"@({'|'.join(values) or '@'})@", lambda mark: values[mark[1]], text)


def require_absent(work_tree: Path, host: Host) -> None:
    """Refuse to overwrite what is there. Raises PipecliError."""
    path = path_inside(work_tree, host.file)
    if path.exists() or path.is_symlink():
        raise PipecliError(
            f"{host.file} exists already",
            hint="move it aside, run this again, and put the two together",
        )


def add_ci(location: Location, reviews: Sequence[CiFile]) -> None:
    """Add the files to a pipeline, as one commit. Raises PipecliError, and nothing is changed."""
    hosts = [review.host for review in reviews]
    for host in hosts:
        require_absent(location.work_tree, host)
    summaries = [host.summary.format(host.name) for host in hosts]
    with system_refusal(hosts[0].file):
        _commit(location, [], "\n\n".join([*summaries, "Pipecli-Event: ci-added"]), reviews)


_HOOK = "pre-receive"


def add_server_hook(directory: Path) -> Path:
    """Make a server's bare repository refuse pushes that falsify; the hook's file. Raises PipecliError."""
    done = git.run(directory, "rev-parse", "--is-bare-repository") if directory.is_dir() else None
    if done is None or done.stdout.strip() != b"true":
        raise PipecliError(
            f"{directory} isn't a bare repository",
            hint="name the server's, made with `git init --bare`",
        )
    hook = directory / git.output(directory, "rev-parse", "--git-path", "hooks") / _HOOK
    if os.path.lexists(hook):
        way_out = "move it aside, run this again, and put the two together"
        raise PipecliError(f"{hook} exists already", hint=way_out)
    command = shlex.join([sys.executable, "-P", "-m", "pipecli"])  # a hook has no PATH to rely on
    with system_refusal(hook):
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(_filled(_HOOK, pipecli=command), encoding="utf-8")
        hook.chmod(0o755)
    return hook


def _quoted(value: object) -> str:
    """JSON, which is YAML too."""
    return json.dumps(value, ensure_ascii=False)


class Person(NamedTuple):
    """The first user: slug, name and e-mail address."""

    slug: str
    name: str
    email: str


AGENTS_FILE = "AGENTS.md"
"""A page for agents that work in the pipeline's folder."""


def create_pipeline(
    directory: Path,
    *,
    currency: str,
    company: str | None,
    timezone: str | None,
    user: Person | None = None,
    reviews: Sequence[CiFile] = (),
    tell: Callable[[str], object] = lambda _: None,
) -> Location:
    """Make a pipeline in a directory, which may exist and be part of a repository. Raises PipecliError.

    With a code host also the files by which that reviews it. What killed commands left is told.
    """
    root = Path(os.path.realpath(directory))
    if _is_done_by_a_killed_one(root, tell):
        location = find_location(root)
        merge_setup.set_up_merge(location)
        return location
    if (root / SETTINGS_FILE).exists():
        raise PipecliError(f"{directory} is a pipeline already", hint="choose another directory")
    if currency not in CURRENCIES:
        raise PipecliError(
            f'--currency: "{currency}" isn\'t a currency of ISO 4217', hint="write its code, such as EUR"
        )
    is_new_directory, is_new_repository = not root.exists(), not os.path.lexists(root / ".git")
    try:
        root.mkdir(parents=True, exist_ok=True)
        if not git.is_in_repository(root):
            _make_repository(root)
        for review in reviews:
            require_absent(Path(git.output(root, "rev-parse", "--show-toplevel")), review.host)
        text = settings_text(
            currency, company or root.name, timezone or local_timezone(), user or _git_identity(root)
        )
        parse_record(SETTINGS, SETTINGS_FILE, text)
        location = location_at(root)
        with hold_pipelines(location.cache):
            _commit(
                location,
                _first_files(root, text),
                "Found the pipeline\n\nPipecli-Event: founded",
                reviews,
                lambda: merge_setup.set_up_merge(location),
            )
        if hardening_options(git_commit.settings_of(location), location) is not None:
            with suppress(OSError):  # what `git init` doesn't harden
                harden(location.git_dir, "HEAD", "config")
                harden_folders([location.git_dir, root, root.parent])
    except (OSError, PipecliError, KeyboardInterrupt) as error:
        _clear_away(root, is_new_directory=is_new_directory, is_new_repository=is_new_repository)
        if isinstance(error, OSError):
            text = f"{error.filename or directory}: can't be written: {error.strerror}"
            raise PipecliError(text, code="system") from None
        raise
    return location


def _first_files(root: Path, settings: str) -> list[Write]:
    """The files of a new pipeline; a page for agents or git attributes that are there stay as they are."""
    texts = {f"{editor_schemas.FOLDER}/{name}": text for name, text in editor_schemas.schema_files().items()}
    if not (root / merge_setup.ATTRIBUTES_FILE).exists():
        texts[merge_setup.ATTRIBUTES_FILE] = merge_setup.merge_attributes()
    if not (root / AGENTS_FILE).exists():
        texts[AGENTS_FILE] = _filled(AGENTS_FILE)
    texts[SETTINGS_FILE] = settings
    return [_write(root, name, text) for name, text in texts.items()]


def _clear_away(root: Path, *, is_new_directory: bool, is_new_repository: bool) -> None:
    """Remove what was made for a pipeline that couldn't be: nothing that holds a file of anybody's."""
    if root.exists() and is_new_directory and not any(entry.name != ".git" for entry in root.iterdir()):
        shutil.rmtree(root)
    elif is_new_repository and not any(
        file.exists() for file in (root / SETTINGS_FILE, Location(root, root, root / ".git").journal)
    ):
        shutil.rmtree(root / ".git", ignore_errors=True)


def _make_repository(root: Path) -> None:
    """Make the repository aside and put it in place: a killed git leaves half of one, with its locks."""
    clear_temporary(root / ".git")
    if os.path.lexists(root / ".git"):  # half of one, of another's git
        _init(root)
        return
    aside = root / safe_files.temporary_name(".git", os.getpid())
    try:
        aside.mkdir()
        _init(aside)
        (aside / ".git").rename(root / ".git")
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _init(directory: Path) -> None:
    """Make a git repository, its first branch `main` whatever the user's git calls it."""
    for words in (("init", "--quiet"), ("symbolic-ref", "HEAD", "refs/heads/main")):
        done = git.attempt(directory, words)  # `git.run` would look for what is not there yet
        if done.returncode:
            raise git_commit.unchanged("git could not make a repository", git.words_of(done))


def _is_done_by_a_killed_one(root: Path, tell: Callable[[str], object]) -> bool:
    """Finish or undo what killed commands left in the repository; True where an `init` has made this."""
    try:
        location = location_at(root)
    except NoPipeline:
        return False
    files = [file for file in location.cache.parent.glob("*/journal") if file.is_file()]
    journals = [safe_files.read_at_most(file, safe_files.LARGEST_ANY) or b"" for file in files]
    if not journals:
        return False
    of_init = json.dumps([location.prefix + SETTINGS_FILE, None])[:-1]
    top = Pipeline(_top(location))
    top.tell = tell
    with top.exclusive():
        return any(of_init.encode() in journal for journal in journals) and (root / SETTINGS_FILE).exists()


def _write(root: Path, name: str, text: str) -> Write:
    try:
        before = safe_files.read_bytes(root, name)
    except FileNotFoundError:
        before = None
    return Write(name, before, text.encode())


def _commit(
    location: Location,
    writes: Sequence[Write],
    message: str,
    reviews: Sequence[CiFile],
    before_end: Callable[[], None] = lambda: None,
) -> None:
    """Commit files, with a code host also those by which it reviews; or nothing of it. Raises OSError.

    Those lie at the top of the repository: so does the journal.
    """
    files = [write._replace(file=location.prefix + write.file) for write in writes]
    files += [Write(review.host.file, None, ci_text(review, location.prefix).encode()) for review in reviews]
    top = _top(location)
    top.cache.mkdir(exist_ok=True)
    with interruptible():
        write_under_journal(top, files, message, before_end=before_end)


def _top(location: Location) -> Location:
    """The repository of a pipeline, as if it were one."""
    return location._replace(root=location.work_tree)


def settings_text(currency: str, company: str, timezone: str, user: Person) -> str:
    """The settings of a new pipeline."""
    first = f"  {user.slug}:\n    name: {scalar_text(user.name)}\n"
    if user.email:
        first += f"    email: {scalar_text(user.email)}\n"
    return _filled(
        "pipecli.yaml",
        company=scalar_text(company), currency=currency, timezone=timezone, user=first,
    )  # fmt: skip


def _git_identity(root: Path) -> Person:
    """git's identity, which becomes the first user; a stand-in where git has none yet."""
    settings = git.settings(root)
    name = settings["author.name"] or "Me"
    return Person(ids_and_files.slug(name), name, settings["author.email"])


def local_timezone() -> str:
    """The machine's timezone by name; UTC where it has none."""
    named = os.environ.get("TZ", "")
    if "/" in named and not named.startswith(("/", ":")):
        return named
    target = os.path.realpath("/etc/localtime")
    zone = target.partition("/zoneinfo/")[2]
    return zone if "/" in zone else "UTC"
