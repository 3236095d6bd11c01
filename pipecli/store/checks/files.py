"""Files that no command reads, that lie where another kind of record does, or that are missing."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pipecli.errors import PipecliError
from pipecli.records.kinds import BY_FOLDER, BY_NOUN, BY_PREFIX, KINDS, SETTINGS_FILE
from pipecli.store import schemas
from pipecli.store.checks.rule import Problem, Rule, Severity
from pipecli.store.files import inside

if TYPE_CHECKING:
    from pipecli.store.pipeline import Pipeline

_DOCUMENT = re.compile(rf"({'|'.join(BY_PREFIX)})-[0-9A-Z]{{5}}\b")


def extension(pipeline: Pipeline) -> Iterator[Problem]:
    """YAML files in the folders of records that are not read, as their name doesn't end in .yaml."""
    for kind in KINDS:
        for folder, _, names in os.walk(pipeline.root / kind.folder):
            place = Path(folder).relative_to(pipeline.root).as_posix()
            for name in sorted(names):
                if re.search(r"\.(ya?ml)$", name, re.IGNORECASE) and not name.endswith(".yaml"):
                    right = f"{name.rpartition('.')[0]}.yaml"
                    yield Problem(f"{place}/{name}", (), f"is not read: rename it to {right}")


def unread_folder(pipeline: Pipeline) -> Iterator[Problem]:
    """Folders named after a kind of record, but not as the one its records are kept in."""
    for entry in sorted(pipeline.root.iterdir()):
        name = entry.name.casefold()
        kind = BY_NOUN.get(name) or BY_FOLDER.get(name)
        if kind is None or entry.name in BY_FOLDER or not entry.is_dir():
            continue
        for file in sorted(entry.rglob("*.y*ml")):
            name = file.relative_to(pipeline.root).as_posix()
            yield Problem(name, (), f"is not read: move it to {kind.folder}/")


def misplaced(pipeline: Pipeline) -> Iterator[Problem]:
    """Documents in the folder of another kind, by their names."""
    for fault in pipeline.index.faults():
        folder, _, name = fault.file.partition("/")
        named = _DOCUMENT.match(name.rpartition("/")[2])
        if named and BY_PREFIX[named[1]].folder != folder:
            kind = BY_PREFIX[named[1]]
            yield Problem(
                fault.file, (), f"is a {kind.noun.replace('-', ' ')} in {folder}/: move it to {kind.folder}/"
            )


def missing_file(pipeline: Pipeline) -> Iterator[Problem]:
    """Files that literature and settings name, and that are not there."""
    named = pipeline.index.connection.execute(
        "SELECT path, 'file', file FROM _literature WHERE file IS NOT NULL"
    ).fetchall()
    settings = pipeline.settings
    if settings.company.logo:
        named.append((SETTINGS_FILE, "company.logo", settings.company.logo))
    if settings.quotations.template:
        named.append((SETTINGS_FILE, "quotations.template", f"templates/{settings.quotations.template}"))
    for path, field, file in named:
        try:
            if not inside(pipeline.root, file).is_file():
                yield Problem(path, tuple(field.split(".")), f"{field}: there is no file {file}")
        except PipecliError as error:
            yield Problem(path, tuple(field.split(".")), f"{field}: {error.message}")


def outdated_schemas(pipeline: Pipeline) -> Iterator[Problem]:
    """Schemas that are not those of this version: editors would complain of what is right."""
    wrong = schemas.differing(pipeline.root / "schemas")
    for state in sorted(set(wrong.values())):
        names = ", ".join(name.partition(".")[0] for name, each in wrong.items() if each == state)
        many = "are" if "," in names else "is"
        yield Problem(
            "schemas",
            (),
            f"{names} {many} {state}: bring the schemas up to date with `pipecli schema write`",
        )


STRUCTURE = (
    Rule("extension", Severity.ERROR, extension),
    Rule("folder", Severity.ERROR, unread_folder),
    Rule("misplaced", Severity.ERROR, misplaced),
    Rule("schemas", Severity.WARNING, outdated_schemas),
)
WITH_SETTINGS = (Rule("missing-file", Severity.ERROR, missing_file),)
