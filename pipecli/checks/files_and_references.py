"""Files and references: each file lies where its record's kind lives, named after its id, each id once; and
whatever a record names exists, and isn't itself.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from pipecli.checks import Problem, Rule, Severity, asking_settings
from pipecli.errors import PipecliError
from pipecli.json_and_csv import loads
from pipecli.records import emails_and_phones
from pipecli.records.kinds import BY_FOLDER, BY_NOUN, BY_PREFIX, KINDS, PRODUCT, SETTINGS_FILE, Kind
from pipecli.records.references import looping
from pipecli.store import editor_schemas, ids_and_files
from pipecli.store.safe_files import LARGEST_ANY, files_below, path_inside, read_bytes

if TYPE_CHECKING:
    from pipecli.store.pipeline import Pipeline

_WORDS = {"principal": "user or team", "price-list": "price list", "supplier-quotation": "supplier quotation"}
_OF_SETTINGS = {"user", "team", "principal", "process", "stage"}
_MAY_DANGLE = {"competitor"}
"""A plain name without a file is a competitor, too."""
_MOST_SUGGESTIONS = 100
"""A typo is looked up among all names; a thousand of them have one cause, which isn't spelling."""


def dangling_reference(pipeline: Pipeline) -> Iterator[Problem]:
    """Names of records, users, teams, processes and stages that nothing has."""
    known = _known(pipeline)
    broken = {fault.file for fault in pipeline.index.faults()}
    dangling = _dangling(
        pipeline, known, skip=_MAY_DANGLE | (_OF_SETTINGS if SETTINGS_FILE in broken else set())
    )
    for path, field, noun, key in islice(dangling, _MOST_SUGGESTIONS):
        yield Problem(
            path, tuple(field.split(".")), f"{field}: {_missing(noun, key)}{_suggestion(noun, key, known)}"
        )
    for path, field, noun, key in dangling:
        yield Problem(path, tuple(field.split(".")), f"{field}: {_missing(noun, key)}")


def _known(pipeline: Pipeline) -> dict[tuple[str, str], None]:
    """Everything that can be named, stages in their order.

    What can't be read, or is not checked out, has its name all the same.
    """
    named: list[tuple[str, str]] = pipeline.query(
        "SELECT 'stage', process || '/' || id FROM stages ORDER BY process, position"
    ).fetchall()
    named += pipeline.query("SELECT noun, key FROM _names").fetchall()
    named += [("principal", key) for noun, key in named if noun in ("user", "team")]
    known = dict.fromkeys(named)
    broken = (ids_and_files.named_by_file(fault.file) for fault in pipeline.index.faults())
    return known | dict.fromkeys([*filter(None, broken), *pipeline.left_out])


def _dangling(
    pipeline: Pipeline, known: Collection[tuple[str, str]], skip: set[str]
) -> Iterator[tuple[str, str, str, str]]:
    sound = set[str]()
    for path, names in pipeline.query("SELECT path, names FROM _records ORDER BY path"):
        texts = names[2:-2].split("], [")  # most are those of other records, too
        if sound.issuperset(texts):
            continue
        named = loads(names)
        dangling = [
            (path, field, noun, key)
            for field, noun, key in named
            if (noun, key) not in known and noun not in skip
            # Of a process that is missing nothing more is said.
            if noun != "stage" or ("process", key.partition("/")[0]) in known
        ]
        yield from dangling
        if not dangling and len(texts) == len(named):
            sound.update(texts)


def _missing(noun: str, key: str) -> str:
    if noun == "stage":
        process, _, stage = key.partition("/")
        return f"the process {process} has no stage {stage}"
    return f"unknown {_WORDS.get(noun, noun)} {key}"


def _suggestion(noun: str, key: str, known: Collection[tuple[str, str]]) -> str:
    """`; did you mean contoso-coffee?`, else where to see those that there are."""
    names = [name for of, name in known if of == noun]
    if noun == "stage":
        process = key.partition("/")[0]
        stages = [name.partition("/")[2] for name in names if name.startswith(f"{process}/")]
        return f"; its stages: {', '.join(stages)}"
    if noun == "process":
        return f"; the settings have {', '.join(names)}"
    if noun not in BY_NOUN or not BY_NOUN[noun].is_document:
        from rapidfuzz import fuzz
        from rapidfuzz import process as among

        close = among.extractOne(key, sorted(names), scorer=fuzz.ratio, score_cutoff=75)
        if close:
            return f"; did you mean {close[0]}?"
    lists = ("user", "team") if noun == "principal" else (noun,)
    return f"; see {' and '.join(f'`pipecli {list_} list`' for list_ in lists)}"


def parent_loop(pipeline: Pipeline) -> Iterator[Problem]:
    """A customer belongs to itself, through one parent or more."""
    rows = pipeline.query("SELECT id, parent, path FROM _customers WHERE parent IS NOT NULL")
    parents = {key: (parent, path) for key, parent, path in rows}
    for key in looping({key: parent for key, (parent, _) in parents.items()}):
        parent, path = parents[key]
        yield Problem(path, ("parent",), f"parent: {key} belongs to itself, through {parent}")


_DOCUMENT = re.compile(rf"({'|'.join(BY_PREFIX)})-[0-9A-Z]{{5}}\b")


def extension(pipeline: Pipeline) -> Iterator[Problem]:
    """YAML files in the folders of records that are not read, as their name doesn't end in .yaml."""
    for kind in KINDS:
        for folder, _, names in os.walk(pipeline.root / kind.folder):
            place = Path(folder).relative_to(pipeline.root).as_posix()
            for name in sorted(name for name in names if not name.endswith(".yaml")):
                if re.search(r"\.(ya?ml)$", name, re.IGNORECASE):
                    right = f"{name.rpartition('.')[0]}.yaml"
                    yield Problem(f"{place}/{name}", (), f"is not read: rename it to {right}")


def unread_folder(pipeline: Pipeline) -> Iterator[Problem]:
    """Folders named after a kind of record, but not as the one its records are kept in."""
    for entry in sorted(pipeline.root.iterdir()):
        name = entry.name.casefold()
        kind = BY_NOUN.get(name) or BY_FOLDER.get(name)
        if kind is None or entry.name in BY_FOLDER or not entry.is_dir():
            continue
        for file in files_below(pipeline.root, entry.name):
            if re.search(r"\.ya?ml$", file):
                yield Problem(file, (), f"is not read: move it to {kind.folder}/")


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
    named = pipeline.query(
        # as it is written: the columns have it as it is compared
        "SELECT path, 'file', json_extract(json, '$.file') FROM _records "
        "WHERE noun = 'literature' AND json_extract(json, '$.file') IS NOT NULL"
    ).fetchall()
    settings = pipeline.settings
    if settings.company.logo:
        named.append((SETTINGS_FILE, "company.logo", settings.company.logo))
    if settings.quotations.template:
        named.append((SETTINGS_FILE, "quotations.template", f"templates/{settings.quotations.template}"))
    for path, field, file in named:
        try:
            if not (target := path_inside(pipeline.root, file)).is_file():
                state = "isn't a regular file" if target.exists() else "is missing"
                yield Problem(path, tuple(field.split(".")), f"{field}: the file {file} {state}")
        except PipecliError as error:
            yield Problem(path, tuple(field.split(".")), f"{field}: {error.message}")


def lost_attachment(pipeline: Pipeline) -> Iterator[Problem]:
    """Attachments that are missing or not what they were, and files that no record lists."""
    listed = set()
    for path, number, file, size, digest in pipeline.query(
        "SELECT r.path, a.key, json_extract(a.value, '$.file'), json_extract(a.value, '$.size'), "
        "json_extract(a.value, '$.sha256') FROM _records r, json_each(r.json, '$.attachments') a "
        "WHERE r.noun <> 'settings' AND instr(r.json, '\"attachments\"') ORDER BY 1, 2"
    ):
        listed.add(file)
        field = ("attachments", number, "file")
        try:
            content = read_bytes(pipeline.root, file, LARGEST_ANY)
        except FileNotFoundError:
            yield Problem(path, field, f"the file {file} is missing")
        except PipecliError as error:
            yield Problem(path, field, error.message)
        else:
            is_pointer = content.startswith(b"version https://git-lfs.github.com/spec/v1\n")
            if not is_pointer and (len(content) != size or sha256(content).hexdigest() != digest):
                yield Problem(path, field, f"{file} isn't the file that was attached: its content changed")
    for name in files_below(pipeline.root, "attachments"):
        if name not in listed:
            yield Problem(name, (), "no record lists this file: pipecli attach takes it in, or remove it")


def not_checked_out(pipeline: Pipeline) -> Iterator[Problem]:
    """Records that git has and that are not here: no list and no total has them."""
    for fault in ids_and_files.faults_of_absent(pipeline.left_out, KINDS):
        yield Problem(fault.file, (), fault.message)


def outdated_schemas(pipeline: Pipeline) -> Iterator[Problem]:
    """Schemas that are not those of this version: editors would complain of what is right."""
    wrong = editor_schemas.differing_below(pipeline.location)
    for state in sorted(set(wrong.values())):
        names = ", ".join(name.partition(".")[0] for name, fault in wrong.items() if fault == state)
        many = "are" if "," in names else "is"
        first = "remove that, and " if state == editor_schemas.FOREIGN else ""
        way = f"{first}bring the schemas up to date with `pipecli schema write`"
        yield Problem("schemas", (), f"{names} {many} {state}: {way}")


def duplicate_id(pipeline: Pipeline) -> Iterator[Problem]:
    """Two files of one id: each change would go to one of them only."""
    for noun, key in pipeline.query(
        "SELECT noun, key FROM _records GROUP BY noun, key HAVING count(*) > 1"
    ).fetchall():
        files = [
            path
            for (path,) in pipeline.query(
                "SELECT path FROM _records WHERE noun = ? AND key = ? ORDER BY path", (noun, key)
            )
        ]
        for file in files:
            others = ", ".join(other for other in files if other != file)
            yield Problem(file, (BY_NOUN[noun].identity,), f"{key} is also the id of {others}")


def misnamed_file(pipeline: Pipeline) -> Iterator[Problem]:
    """A file is named after its record: `OPP-2Q8XA-….yaml`, `contoso-coffee.yaml`."""
    for kind in KINDS:
        for path, key in _files(pipeline, kind):
            stem = path.rpartition("/")[2].removesuffix(".yaml")
            name = key if kind.is_document else ids_and_files.file_slug(kind.noun, key)
            is_numbered = kind == PRODUCT and re.fullmatch(rf"{re.escape(name)}-\d+", stem)
            if stem != name and not is_numbered and not (kind.is_document and stem.startswith(f"{key}-")):
                right = f"{key}-….yaml" if kind.is_document else f"{name}.yaml"
                yield Problem(path, (kind.identity,), f"the file of {key} is to be named {right}")


def windows_name(pipeline: Pipeline) -> Iterator[Problem]:
    """Names by which Windows knows a device: nobody there can check the pipeline out."""
    for path, key in pipeline.query("SELECT path, key FROM _records"):
        if path.rpartition("/")[2].removesuffix(".yaml") in ids_and_files.WINDOWS_DEVICES:
            yield Problem(path, (), f"Windows allows no file of this name: name it x-{key}")


def subfolder(pipeline: Pipeline) -> Iterator[Problem]:
    """Master data lies in its folder itself: its file is found by its name."""
    for kind in KINDS:
        if not kind.is_document:
            for path, key in _files(pipeline, kind):
                if path.count("/") > 1:
                    yield Problem(path, (kind.identity,), f"{key} is to lie in {kind.folder}/ itself")


def folder_of_another_month(pipeline: Pipeline) -> Iterator[Problem]:
    """A document lies in the folder of the month in which it was created, or in that of the year."""
    for kind in KINDS:
        if kind.is_document:
            for path, created in pipeline.query(f"SELECT path, created FROM _{kind.table}"):
                month = f"{kind.folder}/{ids_and_files.month_folder(created)}"
                if path.rpartition("/")[0] not in (month, month[:-3]):
                    yield Problem(path, ("created",), f"created in {created[:7]}: it is to lie in {month}/")


def duplicate_activity(pipeline: Pipeline) -> Iterator[Problem]:
    """Activities and payments of a record are told apart by their ids, also when two clones merge."""
    for path, field, key, count in pipeline.query(
        """SELECT path, 'activities', id, count(*) FROM activities GROUP BY path, id HAVING count(*) > 1
        UNION ALL SELECT r.path, 'payments', json_extract(p.value, '$.id') AS id, count(*)
        FROM _invoices i JOIN _records r ON r.path = i.path, json_each(r.json, '$.payments') p
        GROUP BY r.path, 3 HAVING count(*) > 1"""
    ):
        yield Problem(path, (field,), f"{count} {field} have the id {key}")


def shared_external_id(pipeline: Pipeline) -> Iterator[Problem]:
    """One name in the system it came from is one record here: an import would not know which to change."""
    for kind in KINDS:
        rows = pipeline.query(
            f"""SELECT r.path, r.external_id, group_concat(o.path, ', ') FROM _{kind.table} r
            JOIN _{kind.table} o ON o.external_id = r.external_id AND o.path <> r.path
            WHERE r.external_id IN (
                SELECT external_id FROM _{kind.table} GROUP BY external_id HAVING count(*) > 1)
            GROUP BY r.path"""
        )
        for path, name, others in rows:
            yield Problem(path, ("external_id",), f"{name} is also the external_id of {others}")


def unreachable(pipeline: Pipeline) -> Iterator[Problem]:
    """E-mail addresses and telephone numbers that can't be any: who writes to one reaches nobody."""
    for path, place, text in pipeline.connection.execute(_REACHED_BY):
        way = place.split(".")
        field = way[-2] if way[-1].isdigit() else way[-1]
        if fault := emails_and_phones.unreachable(field, text):
            yield Problem(path, tuple(way), fault)


_REACHED_BY = " UNION ALL ".join(
    [
        f"SELECT path, '{field}', {field} FROM _{table} WHERE {field} <> ''"
        for table in ("leads", "customers", "suppliers")
        for field in ("email", "phone")
    ]
    + [
        f"SELECT c.path, '{field}.' || (each.key + 1), value FROM _contacts c, json_each({field}) each"
        for field in ("emails", "phones")
    ]
    + [f"SELECT '{SETTINGS_FILE}', 'users.' || id || '.email', email FROM users WHERE email <> ''"]
)


def _files(pipeline: Pipeline, kind: Kind) -> Iterator[tuple[str, str]]:
    yield from pipeline.query("SELECT path, key FROM _records WHERE noun = ?", (kind.noun,))


RULES = (
    Rule("extension", Severity.ERROR, extension),
    Rule("folder", Severity.ERROR, unread_folder),
    Rule("misplaced", Severity.ERROR, misplaced),
    Rule("left-out", Severity.WARNING, not_checked_out),
    Rule("schemas", Severity.WARNING, outdated_schemas),
    Rule("duplicate-id", Severity.ERROR, duplicate_id),
    Rule("file-name", Severity.ERROR, misnamed_file),
    Rule("windows-name", Severity.WARNING, windows_name),
    Rule("subfolder", Severity.ERROR, subfolder),
    Rule("year", Severity.WARNING, folder_of_another_month),
    Rule("duplicate-activity", Severity.ERROR, duplicate_activity),
    Rule("external-id", Severity.WARNING, shared_external_id),
    Rule("unreachable", Severity.WARNING, unreachable),
    Rule("reference", Severity.ERROR, dangling_reference),
    Rule("parent-loop", Severity.ERROR, parent_loop),
    *asking_settings(
        Rule("missing-file", Severity.ERROR, missing_file),
        Rule("attachment", Severity.WARNING, lost_attachment),
    ),
)
