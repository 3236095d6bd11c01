"""Names of records: each id once, and the file named and placed after it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipecli.records.kinds import BY_NOUN, KINDS, Kind
from pipecli.store.checks.rule import Problem, Rule, Severity

if TYPE_CHECKING:
    from pipecli.store.pipeline import Pipeline


def duplicate_id(pipeline: Pipeline) -> Iterator[Problem]:
    """Two files of one id: each change would go to one of them only."""
    for noun, key in pipeline.index.connection.execute(
        "SELECT noun, key FROM _records GROUP BY noun, key HAVING count(*) > 1"
    ).fetchall():
        files = [
            path
            for (path,) in pipeline.index.connection.execute(
                "SELECT path FROM _records WHERE noun = ? AND key = ? ORDER BY path", (noun, key)
            )
        ]
        for file in files:
            others = ", ".join(each for each in files if each != file)
            yield Problem(file, (BY_NOUN[noun].identity,), f"{key} is also the id of {others}")


def file_name(pipeline: Pipeline) -> Iterator[Problem]:
    """A file is named after its record: `OPP-2Q8XA-….yaml`, `contoso-coffee.yaml`."""
    for kind in KINDS:
        for path, key in _files(pipeline, kind):
            stem = path.rpartition("/")[2].removesuffix(".yaml")
            if stem != key and not (kind.is_document and stem.startswith(f"{key}-")):
                right = f"{key}-….yaml" if kind.is_document else f"{key}.yaml"
                yield Problem(path, (kind.identity,), f"the file of {key} is to be named {right}")


def subfolder(pipeline: Pipeline) -> Iterator[Problem]:
    """Master data lies in its folder itself: its file is found by its name."""
    for kind in KINDS:
        if not kind.is_document:
            for path, key in _files(pipeline, kind):
                if path.count("/") > 1:
                    yield Problem(path, (kind.identity,), f"{key} is to lie in {kind.folder}/ itself")


def year(pipeline: Pipeline) -> Iterator[Problem]:
    """A document lies in the folder of the year in which it was created."""
    for kind in KINDS:
        if kind.is_document:
            for path, created in pipeline.index.connection.execute(
                f"SELECT path, created FROM _{kind.table}"
            ):
                folder = f"{kind.folder}/{created[:4]}"
                if path.rpartition("/")[0] != folder:
                    yield Problem(path, ("created",), f"created in {created[:4]}: it is to lie in {folder}/")


def duplicate_activity(pipeline: Pipeline) -> Iterator[Problem]:
    """Activities of a record are told apart by their ids, also when two clones merge."""
    for path, key, count in pipeline.index.connection.execute(
        "SELECT path, id, count(*) FROM activities GROUP BY path, id HAVING count(*) > 1"
    ):
        yield Problem(path, ("activities",), f"{count} activities have the id {key}")


def external_id(pipeline: Pipeline) -> Iterator[Problem]:
    """One name in the system it came from is one record here: an import would not know which to change."""
    for kind in KINDS:
        found = pipeline.index.connection.execute(
            f"""SELECT r.path, r.external_id, group_concat(o.path, ', ') FROM _{kind.table} r
            JOIN _{kind.table} o ON o.external_id = r.external_id AND o.path <> r.path
            WHERE r.external_id IN (
                SELECT external_id FROM _{kind.table} GROUP BY external_id HAVING count(*) > 1)
            GROUP BY r.path"""
        )
        for path, name, others in found:
            yield Problem(path, ("external_id",), f"{name} is also the external_id of {others}")


def _files(pipeline: Pipeline, kind: Kind) -> Iterator[tuple[str, str]]:
    yield from pipeline.index.connection.execute(
        "SELECT path, key FROM _records WHERE noun = ?", (kind.noun,)
    )


STRUCTURE = (
    Rule("duplicate-id", Severity.ERROR, duplicate_id),
    Rule("file-name", Severity.ERROR, file_name),
    Rule("subfolder", Severity.ERROR, subfolder),
    Rule("year", Severity.WARNING, year),
    Rule("duplicate-activity", Severity.ERROR, duplicate_activity),
    Rule("external-id", Severity.WARNING, external_id),
)
