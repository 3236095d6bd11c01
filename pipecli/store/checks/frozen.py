"""What a customer was offered stays as it was sent: held against git, where every version is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from pipecli.errors import FaultyFile
from pipecli.records.kinds import QUOTATION
from pipecli.store import files, git, reading, yamltext
from pipecli.store.checks.rule import Problem, Rule, Severity

if TYPE_CHECKING:
    from pipecli.records.quotation import Quotation
    from pipecli.store.pipeline import Pipeline

# Not who it is for or on which deal: merging two customers relinks what they were sent.
OFFERED = ("date", "valid_until", "language", "currency", "items", "terms")


def frozen(pipeline: Pipeline) -> Iterator[Problem]:
    """Quotations that differ from what was committed when they were last sent."""
    sent = dict(
        pipeline.index.connection.execute(
            "SELECT path, id FROM _quotations WHERE status <> 'draft' ORDER BY path"
        ).fetchall()
    )
    if not sent:
        return
    versions = _versions(pipeline)
    contents = _contents(pipeline, [blob for path in sent for blob in versions.get(path, ())])
    for path, key in sent.items():
        texts = [contents[blob] for blob in versions.get(path, ()) if blob in contents]
        field = _changed_field(path, texts, pipeline.text(path))
        if field:
            yield Problem(
                path,
                (field,),
                f"{field}: {key} was sent with another; what a customer was offered is frozen, "
                f"make the next one: pipecli quote revise {key}",
            )


def _versions(pipeline: Pipeline) -> dict[str, list[str]]:
    """The blobs that each quotation's file has been, the oldest first."""
    prefix = pipeline.location.prefix
    done = git.run(
        pipeline.location.work_tree, "log", "--reverse", "--format=", "--raw", "--no-abbrev", "--no-renames",
        "-z", pipeline.revision, "--", f"{prefix}{QUOTATION.folder}",
    )  # fmt: skip
    found: dict[str, list[str]] = {}
    words = iter(done.stdout.decode("utf-8", "replace").lstrip("\n").split("\0"))
    for word in words:
        if word.startswith(":"):  # ":100644 100644 <old> <new> M", then the path
            found.setdefault(next(words, "").removeprefix(prefix), []).append(word.split()[3])
    return found


def _contents(pipeline: Pipeline, blobs: list[str]) -> dict[str, str]:
    """The texts of blobs; those of removals are not there."""
    found = git.objects(pipeline.location.work_tree, blobs, files.LARGEST)
    return {each.id: each.content.decode("utf-8", "replace") for each in found if each.content is not None}


def _changed_field(path: str, texts: list[str], now: str) -> str | None:
    """The first field of the offer that is not as it was sent; None where all are, or no history tells."""
    as_sent: str | None = None
    for text in texts:
        status = _plain(text).get("status", "draft")
        as_sent = None if status == "draft" else as_sent or text
    if as_sent is None:
        return None
    before, after = _plain(as_sent), _plain(now)
    if all(before.get(field) == after.get(field) for field in OFFERED):
        return None
    try:  # 1 and 1.0, or a default written out, are no change
        sent = cast("Quotation", reading.read(QUOTATION, path, as_sent))
        present = cast("Quotation", reading.read(QUOTATION, path, now))
    except FaultyFile:
        return None
    return next((field for field in OFFERED if getattr(sent, field) != getattr(present, field)), None)


def _plain(text: str) -> dict[str, object]:
    try:
        return yamltext.parse(text, "")
    except FaultyFile:
        return {}


STRUCTURE = (Rule("frozen", Severity.ERROR, frozen),)
