"""`propose`: what is not on the shared branch put on a branch of its own, for others to merge.

The proposals of a clone are its branches below `deals/`, each until the shared branch has its content.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import quote, urlencode, urlsplit

from pipecli.errors import PipecliError
from pipecli.store import git
from pipecli.store.ids_and_files import free_slug, slug
from pipecli.store.location import Location
from pipecli.store.pipeline import Pipeline
from pipecli.store.power_cut_and_killed_git import carry_through, moving
from pipecli.sync.sync import PushRaceLost, fetch, push, ready
from pipecli.sync.upstream_and_readiness import Upstream

FOLDER = "deals"
_LONGEST = 60_000
"""Signs of a request's text; GitHub takes 65,536."""
_PATIENCE = 60
"""Seconds for the host's own program."""
_MOST_NAMESAKES = 20


class Proposal(NamedTuple):
    """The commits that are not on the shared branch, and the branch they go to."""

    upstream: Upstream
    branch: str
    title: str
    shared: str
    """The commit of the shared branch."""
    commit: str
    """The last of those proposed."""
    commits: int


class Opened(NamedTuple):
    """The request to merge a proposal."""

    address: str
    """Its page, or the one on which a person opens it; empty where the host has none."""
    is_open: bool
    note: str = ""
    """Why it could not be opened."""


def plan_proposal(location: Location, user: str, title: str) -> Proposal:
    """The proposal of what is here and not on the shared branch. Raises PipecliError."""
    upstream = ready(location)
    shared = fetch(location, upstream)
    if shared is None:
        raise PipecliError(f"{upstream} isn't there yet", hint="share the pipeline first: pipecli sync")
    log = git.output(location.work_tree, "log", "--reverse", "--format=%H %s", f"{shared}..HEAD")
    new = log.split("\n") if log else []
    if not new:
        raise PipecliError(
            f"there is nothing to propose: {upstream} has every commit of {upstream.branch}",
            hint="change something first, and don't sync",
        )
    more = f" and {len(new) - 1} more" if len(new) > 1 else ""
    title = title or new[0].partition(" ")[2] + more
    ids = [line.partition(" ")[0] for line in new]
    folder, last = f"{FOLDER}/{slug(user)}/", ids[-1]
    form = "--format=%(objectname) %(refname)"
    refs = git.output(location.work_tree, "for-each-ref", form, "refs/heads", "refs/remotes").splitlines()
    taken = {ref.partition(f"/{folder}")[2]: ref.partition(" ")[0] for ref in refs if f"/{folder}" in ref}
    # a killed one has pushed these commits, or the first of them, and has no title yet: it is gone on with
    begun = (name for name, commit in taken.items() if commit in ids and not _title(location, folder + name))
    words = re.sub(r"\b[A-Z]+-[0-9A-Z]{5}:? ", "", title) or title  # an id says nothing in a branch's name
    branch = folder + (next(begun, "") or free_slug(words, taken))
    return Proposal(upstream, branch, title, shared, last, len(new))


def _title(location: Location, branch: str) -> str | None:
    """The title of a proposal whose branch was made here, and whose commits this clone has put aside."""
    return git.config(location.work_tree, f"branch.{branch}.description")


def send(pipeline: Pipeline, proposal: Proposal) -> tuple[Proposal, str]:
    """Push the branch and bring the clone back to the shared line; as it was pushed, and the host's words.

    Raises PipecliError.
    """
    location, shared = pipeline.location, proposal.shared
    proposal, host_words = _pushed(pipeline, proposal)
    work_tree = location.work_tree
    git.output(work_tree, "branch", "--force", "--no-track", proposal.branch, proposal.commit)
    git.output(work_tree, "update-ref", proposal.upstream.tracking, shared)
    moving(location, shared)
    done = carry_through(work_tree, "reset", "--keep", "--quiet", shared)
    if done.returncode:
        raise PipecliError(
            f"{proposal.branch} is pushed, and the files here can't go back: {git.words_of(done)}",
            hint=f"{'move away what is in the way, and ' * (done.returncode > 0)}"
            f"`git reset --keep {proposal.upstream}`",
        )
    pipeline.beyond_undo = f"{proposal.branch} is pushed, and this clone is back at {proposal.upstream}"
    with suppress(git.GitRefused):  # all is done, and the branch's name tells it, too
        git.output(work_tree, "config", f"branch.{proposal.branch}.description", proposal.title)
    return proposal, host_words


def _pushed(pipeline: Pipeline, proposal: Proposal) -> tuple[Proposal, str]:
    """Push under the first name that the remote hasn't got."""
    for number in range(1, _MOST_NAMESAKES):
        branch = proposal.branch if number == 1 else f"{proposal.branch}-{number}"
        try:
            named = proposal.upstream._replace(name=branch)
            host_words = push(pipeline, named, proposal.commit, again="the same command again")
        except PushRaceLost:  # an old one of that name
            continue
        return proposal._replace(branch=branch), host_words
    many = f"{proposal.upstream.remote} has many branches {proposal.branch}"
    raise PipecliError(many, hint="give it another title")


def went_in(location: Location, shared: str) -> list[str]:
    """The titles of proposals whose content the shared branch has, however merged; they are forgotten."""
    work_tree, form = location.work_tree, "--format=%(refname:short)"
    titles = []
    for branch in git.output(work_tree, "for-each-ref", form, f"refs/heads/{FOLDER}/").splitlines():
        if _is_in(location, branch, shared):
            title = _title(location, branch) or branch
            if not git.run(work_tree, "branch", "--quiet", "-D", branch).returncode:  # not the one we are on
                titles.append(title)
    return titles


def _is_in(location: Location, branch: str, shared: str) -> bool:
    """True where merging a branch would change nothing, or the shared line has its commits or their sum."""
    merged = git.run(location.work_tree, "merge-tree", "--write-tree", shared, branch).stdout.decode().split()
    if merged[:1] == [git.output(location.work_tree, "rev-parse", f"{shared}^{{tree}}")]:
        return True
    base = git.run(location.work_tree, "merge-base", shared, branch).stdout.decode().strip()
    if not base:
        return False
    whole = git.output(location.work_tree, "commit-tree", f"{branch}^{{tree}}", "-p", base, "-m", branch)
    return any("+" not in git.output(location.work_tree, "cherry", shared, tip) for tip in (branch, whole))


def open_request(location: Location, proposal: Proposal, text: str, host_words: str) -> Opened:
    """Open the request with the host's own program, where that is here; else the address to open it at.

    `told`: the words of the host at the push, which may name the address.
    """
    host, path = _host_and_path(location, proposal.upstream)
    base, branch, title = proposal.upstream.name, proposal.branch, proposal.title
    if len(text) > _LONGEST:
        text = f"{text[:_LONGEST]}\n\n*Cut here: `pipecli diff` has all of it.*\n"
    if "github" in host:
        words = urlencode({"expand": 1, "title": title})
        page = f"https://{host}/{path}/compare/{quote(base)}...{quote(branch)}?{words}"
        return _opened(
            location, page, text,
            "gh", "pr", "create", f"--base={base}", f"--head={branch}", f"--title={title}", "--body-file=-",
        )  # fmt: skip
    if "gitlab" in host:
        asked = {"source_branch": branch, "target_branch": base, "title": title}
        words = urlencode({f"merge_request[{name}]": value for name, value in asked.items()})
        return _opened(
            location, f"https://{host}/{path}/-/merge_requests/new?{words}", "",
            "glab", "mr", "create", f"--target-branch={base}", f"--source-branch={branch}",
            f"--title={title}", f"--description={text}", "--yes",
        )  # fmt: skip
    return Opened(next(iter(re.findall(r"https?://[^\s/]+/\S+", host_words)), ""), False)


def _opened(location: Location, page: str, text: str, tool: str, *arguments: str) -> Opened:
    """Run the host's program; `page` is where a person opens the request instead."""
    if not shutil.which(tool):
        return Opened(page, False)
    try:
        done = subprocess.run(
            [tool, *arguments], cwd=location.work_tree, input=text, text=True, encoding="utf-8",
            capture_output=True, timeout=_PATIENCE, check=False,
            env={**os.environ, "GH_PROMPT_DISABLED": "1", "NO_PROMPT": "1"},
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        return Opened(page, False, f"{tool}: {error}")
    addresses = re.findall(r"https?://\S+", done.stdout)
    if done.returncode or not addresses:
        return Opened(page, False, f"{tool} could not open it: {git.stderr_of(done.stderr.encode())}")
    return Opened(addresses[-1], True)


def files_address(location: Location, proposal: Proposal) -> str:
    """The address of the files of a proposal on its host; empty where that isn't known."""
    host, path = _host_and_path(location, proposal.upstream)
    if "github" in host:
        return f"https://{host}/{path}/blob/{proposal.commit}"
    return f"https://{host}/{path}/-/blob/{proposal.commit}" if "gitlab" in host else ""


def _host_and_path(location: Location, upstream: Upstream) -> tuple[str, str]:
    """`github.com` and `contoso/sales` of https, ssh or git@github.com:contoso/sales.git."""
    key = f"remote.{upstream.remote}"
    remote = git.config(location.work_tree, f"{key}.pushurl") or git.config(location.work_tree, f"{key}.url")
    if short := re.fullmatch(r"(?:[^@/]+@)?([^:/]+):(?!//)(.+)", remote):
        host, path = short[1], short[2]
    else:
        parts = urlsplit(remote)
        host, path = parts.hostname or "", parts.path
    return host.lower(), path.strip("/").removesuffix(".git")
