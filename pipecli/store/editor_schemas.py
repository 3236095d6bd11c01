"""JSON Schemas, generated from the models, so that an editor completes and validates a record offline."""

from __future__ import annotations

import ast
import inspect
import json
import sys
from contextlib import suppress
from functools import cache
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from pipecli.errors import PipecliError
from pipecli.records import base
from pipecli.records.base import Part
from pipecli.records.kinds import KINDS, SETTINGS, Kind
from pipecli.store.file_stamps import stat_of
from pipecli.store.location import Location
from pipecli.store.safe_files import read_bytes, read_of_git
from pipecli.store.safe_files import write_file as replace

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _Generator(GenerateJsonSchema):
    """Numbers are numbers: pydantic would also allow decimals as text, which our files don't."""

    def decimal_schema(self, schema: Any) -> JsonSchemaValue:
        return {"type": "number", **{name: schema[name] for name in _BOUNDS if schema.get(name) is not None}}


_BOUNDS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}
_UNKNOWN_TO_EDITORS = ("max_digits", "decimal_places")


def schema_of(kind: Kind) -> dict[str, Any]:
    """The JSON Schema of one kind of record."""
    schema = kind.model.model_json_schema(by_alias=True, schema_generator=_Generator)
    definitions = schema.get("$defs", {})
    for name, definition in definitions.items():
        definitions[name] = _with_docstring(name, definition)
    schema = _with_docstring(kind.model.__name__, schema)
    _describe(kind.model, schema, definitions)
    _tighten(schema)
    return {"$schema": DIALECT, **schema, "title": f"pipecli {kind.noun}"}


def _with_docstring(name: str, definition: dict[str, Any]) -> dict[str, Any]:
    """The definition of a class with its docstring, also where `python -OO` has taken that away."""
    modules = [module for module in sys.modules if module.startswith("pipecli.records.")]
    doc = next(ast.get_docstring(node) for module in modules if (node := _classes_of(module).get(name)))
    return dict(sorted({**definition, **({"description": doc} if doc else {})}.items()))


def _tighten(schema: Any) -> None:
    """Say in JSON Schema's words what pydantic leaves in its own: bounds of numbers, names of keys."""
    if isinstance(schema, list):
        for part in schema:
            _tighten(part)
    if not isinstance(schema, dict):
        return
    for part in schema.values():
        _tighten(part)
    if schema.get("type") == "number":
        for ours in _UNKNOWN_TO_EDITORS:
            schema.pop(ours, None)
        for ours, theirs in _BOUNDS.items():
            if ours in schema:
                schema[theirs] = float(schema.pop(ours))
    if "patternProperties" in schema:
        schema["additionalProperties"] = False


def schema_text(kind: Kind) -> str:
    return json.dumps(schema_of(kind), indent=2, ensure_ascii=False) + "\n"


@cache
def schema_files() -> dict[str, str]:
    """Every schema's file name and text."""
    return {f"{kind.noun}.schema.json": schema_text(kind) for kind in (*KINDS, SETTINGS)}


FOLDER = "schemas"
"""The folder of a pipeline's own schemas."""


def differing_below(location: Location) -> dict[str, str]:
    """As `differing` of a pipeline's own folder, which is not looked through again once all were right.

    To make the schemas from the models takes as long as to check 5,000 records.
    """
    note = location.cache / "schemas.txt"
    models = [*Path(base.__file__).parent.glob("*.py"), Path(__file__)]
    digest = sha256(repr([(file.name, *stat_of(file)) for file in sorted(models)]).encode())
    try:
        for kind in (*KINDS, SETTINGS):
            digest.update(read_bytes(location.root, f"{FOLDER}/{kind.noun}.schema.json"))
        if read_of_git(note, "replace") == digest.hexdigest():
            return {}
    except (OSError, PipecliError):  # what is not there, or no file, `differing` names
        pass
    wrong = differing_schemas(location.root, FOLDER)
    if not wrong:
        with suppress(OSError):
            replace(note.parent, note.name, digest.hexdigest().encode())
    return wrong


FOREIGN = "not a file of its own"


def differing_schemas(root: Path, folder: str) -> dict[str, str]:
    """The schemas that a folder lacks or has otherwise, each `missing` or `outdated`.

    One that is a link out of `root`, or no regular file, is `not a file of its own`. Raises OSError.
    """
    wrong: dict[str, str] = {}
    for name, text in schema_files().items():
        try:
            if read_bytes(root, f"{folder}/{name}").replace(b"\r\n", b"\n") != text.encode():
                wrong[name] = "outdated"
        except FileNotFoundError:
            wrong[name] = "missing"
        except PipecliError:
            wrong[name] = FOREIGN
    return wrong


def _describe(model: type[BaseModel], schema: Any, definitions: Any) -> None:
    """Put the docstrings of a model's fields into its schema: what an editor shows on hover."""
    docs = _docstrings(model)
    properties = schema.get("properties", {})
    for name, field in model.model_fields.items():
        key = field.alias or name
        if key in properties and name in docs:
            properties[key].setdefault("description", docs[name])
    for part in _parts(model):
        _describe(part, definitions[part.__name__], definitions)


def _parts(model: type[BaseModel]) -> list[type[BaseModel]]:
    """The models that a model's fields are made of."""
    parts: list[type[BaseModel]] = []

    def walk(annotation: Any) -> None:
        if isinstance(annotation, type) and issubclass(annotation, Part):
            parts.append(annotation)
        for inner in get_args(annotation):
            walk(inner)

    for field in model.model_fields.values():
        walk(field.annotation)
    return parts


@cache
def _classes_of(module: str) -> dict[str, ast.ClassDef]:
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}


def _docstrings(model: type[BaseModel]) -> dict[str, str]:
    """The text below each field of a class and its parents."""
    docs: dict[str, str] = {}
    for parent in reversed(model.__mro__):
        if not issubclass(parent, Part):
            continue
        body = _classes_of(parent.__module__)[parent.__name__].body
        for field, text in pairwise(body):
            if (
                isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and isinstance(text, ast.Expr)
                and isinstance(text.value, ast.Constant)
                and isinstance(text.value.value, str)
            ):
                docs[field.target.id] = " ".join(text.value.value.split())
    return docs
