"""What the quotations of a closed deal were when it was last open, as the commits of its file tell."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pipecli.errors import FaultyFile
from pipecli.store import git
from pipecli.store.pipeline import Pipeline
from pipecli.store.yaml import read


def quotations_when_open(pipeline: Pipeline, deal: str, quotations: Iterable[str]) -> dict[str, str]:
    """The status of each quotation just before the commit that closed the deal.

    What no commit tells is left out: of a quotation that is younger, or after a squash. A closing may itself
    be uncommitted: then HEAD tells.
    """
    file = pipeline.file_of("opportunity", deal)
    moment = _before_closing(pipeline, file) if file else "HEAD"
    found = {}
    for key in quotations:
        path = pipeline.file_of("quotation", key)
        then = _content(pipeline, moment, path) if path else None
        if then is not None and isinstance(then.get("status"), str):
            found[key] = then["status"]
    return found


def _before_closing(pipeline: Pipeline, file: str) -> str:
    """The revision that has the deal open, and the quotations as they were to the last."""
    place = pipeline.location
    moment = "HEAD"
    done = git.run(place.work_tree, "log", "--format=%H", "HEAD", "--", place.prefix + file)
    for commit in done.stdout.decode().split():
        then = _content(pipeline, commit, file)
        if then is not None and then.get("status", "open") == "open":
            break
        moment = f"{commit}^"
    return moment


def _content(pipeline: Pipeline, revision: str, file: str) -> dict[str, Any] | None:
    """What a file said at a revision; None where it was not there, or can't be read."""
    place = pipeline.location
    done = git.run(place.work_tree, "cat-file", "blob", f"{revision}:{place.prefix}{file}")
    if done.returncode:
        return None
    try:
        return read.parse(read.decode(done.stdout, file), file)
    except FaultyFile:
        return None
