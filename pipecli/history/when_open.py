"""What the quotations of a closed deal were when it was last open, as the commits of its file tell."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pipecli.errors import FaultyFile
from pipecli.store import git, yamltext
from pipecli.store.pipeline import Pipeline


def quotations_when_open(pipeline: Pipeline, deal: str, quotations: Iterable[str]) -> dict[str, str]:
    """The status of each quotation in the last commit that has the deal open; empty where none has it.

    A quotation that was not there yet is left out. The closing may itself be uncommitted.
    """
    file = pipeline.file_of("opportunity", deal)
    commit = _last_open(pipeline, file) if file else None
    if commit is None:
        return {}
    found = {}
    for key in quotations:
        path = pipeline.file_of("quotation", key)
        then = _content(pipeline, commit, path) if path else None
        if then is not None and isinstance(then.get("status"), str):
            found[key] = then["status"]
    return found


def _last_open(pipeline: Pipeline, file: str) -> str | None:
    place = pipeline.location
    done = git.run(place.work_tree, "log", "--format=%H", "HEAD", "--", place.prefix + file)
    for commit in done.stdout.decode().split():
        then = _content(pipeline, commit, file)
        if then is not None and then.get("status", "open") == "open":
            return commit
    return None


def _content(pipeline: Pipeline, commit: str, file: str) -> dict[str, Any] | None:
    """What a file said at a commit; None where it was not there, or could not be read."""
    place = pipeline.location
    done = git.run(place.work_tree, "cat-file", "blob", f"{commit}:{place.prefix}{file}")
    if done.returncode:
        return None
    try:
        return yamltext.parse(yamltext.decode(done.stdout, file), file)
    except FaultyFile:
        return None
