"""Speaking with the remote: what is there, give it what is here, and its refusals in one line."""

from __future__ import annotations

import re
import subprocess

from pipecli.errors import PipecliError
from pipecli.history.claims import is_faster, talk, words
from pipecli.history.sync_place import Upstream, commit_of
from pipecli.store import git
from pipecli.store.files import Location


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
        f"{upstream.remote} can't be reached: {words(done)}",
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
    if is_faster(done):
        raise Faster
    refused = [line for line in done.stdout.decode("utf-8", "replace").splitlines() if line.startswith("!")]
    reason = re.search(r"\(([^()]*)\)$", refused[0]) if refused else None
    said = " / ".join(each for each in (reason[1] if reason else "", words(done)) if each)
    if refused:
        raise PipecliError(f"{upstream} refused it: {said}", hint="nothing is changed, here or there")
    raise PipecliError(f"it could not be pushed: {said}", hint="nothing is changed here; try again")


def _talk(place: Location, upstream: Upstream, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return talk(place, *arguments)
    except git.Silent as error:
        raise PipecliError(
            f"{upstream.remote} does not answer: {error}", hint="nothing is changed; try again later"
        ) from None
