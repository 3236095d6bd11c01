"""The tools that `pipecli mcp` offers: names and schemas out of the verbs, and a call as a command line."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from pipecli.cli.common.command import Changing
from pipecli.cli.manual import commands
from pipecli.errors import PipecliError
from pipecli.records.kinds import collection_named

if TYPE_CHECKING:
    from mcp.types import Tool

_READING = {"find": "", "list": "noun", "show": "noun", "forecast": "", "report": "report"}
_READING |= dict.fromkeys(("history", "followups", "check"), "")
"""The tools that read; where one stands for several verbs, the argument that says which."""
_ELSEWHERE = {"attach", "import", "import run", "inbox import", "schema write", "invoice issue", "renew"}
"""The changing verbs that read or write files of the machine, and those that claim something in the shared
pipeline, which stays claimed where what is proposed isn't taken. `edit` opens an editor."""
_NOT_OFFERED = {
    *("--format", "--color", "--no-commit", "--help", "--interactive", "--chart", "--ics", "--exit-code")
}
_MAIL = {"--email", "--to", "--cc", "--subject", "--body", "--again", "--alone"}
"""Of a verb with a flag `--email`, as `quotation send`: no tool lets mail leave."""


class Entry(NamedTuple):
    """A tool: the verbs it stands for, by the value of `choice`; one under an empty name without a choice."""

    name: str
    choice: str
    verbs: dict[str, tuple[list[str], Any]]
    """The words of each verb and its command."""
    changes: bool


@cache
def entries(*, can_write: bool) -> dict[str, Entry]:
    """The tools by name: those that read, and those of the verbs that change."""
    tools = {name: Entry(name, choice, {}, False) for name, choice in _READING.items()}
    for path, command in commands():
        words = path.split()
        name = words[-1] if words[-1] in ("list", "show") and len(words) == 2 else words[0]
        if isinstance(command, Changing):
            is_editor = words[-1] == "edit" and path != "activity edit"
            if can_write and path not in _ELSEWHERE and not is_editor:
                tool = path.replace(" ", "_").replace("-", "_")
                tools[tool] = Entry(tool, "", {"": (words, command)}, True)
        elif name in _READING and path != "schema show":
            of = words[1 if name == "report" else 0] if _READING[name] else ""
            tools[name].verbs[of] = (words, command)
    return tools


class Argument(NamedTuple):
    """A part of a tool's arguments, and the words of the command line that it becomes."""

    name: str
    schema: dict[str, Any]
    is_required: bool
    option: str = ""
    """The option it is given by, otherwise an argument of the verb's."""

    def words(self, value: Any) -> list[str]:
        """Its part of the command line; never an option of another name. Raises PipecliError."""
        if value is None or value is False:
            return []
        if self.name == "fields":
            if not isinstance(value, dict):
                raise _wrong("fields must be an object")
            pairs = [f"{path}={'' if item is None else _text(path, item)}" for path, item in value.items()]
            return [f"{self.option}={pair}" for pair in pairs] if self.option else pairs
        if self.schema["type"] == "boolean":
            if value is not True:
                raise _wrong(f"{self.name} must be true or false")
            return [self.option]
        if isinstance(value, list) and self.schema["type"] != "array":
            raise _wrong(f"{self.name} takes one value")
        texts = [_text(self.name, item) for item in (value if isinstance(value, list) else [value])]
        return [f"{self.option}={text}" for text in texts] if self.option else texts


def _text(name: str, value: object) -> str:
    """A value as a person would type it. Raises PipecliError."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else str(value)
    if "\0" in text:
        raise _wrong(f"{name} has a NUL in it")
    return text


def _wrong(message: str) -> PipecliError:
    return PipecliError(message, hint="see the schema of the tool", code="usage")


def _arguments(words: Sequence[str], command: Any) -> list[Argument]:
    """The arguments of a verb, in the order of its command line."""
    arguments: dict[str, Argument] = {}  # a title may be typed in two ways; the first counts
    can_mail = any("--email" in param.opts and param.is_flag for param in command.params)
    unwanted = _NOT_OFFERED | (_MAIL if can_mail else set())
    for param in command.params:
        option = max(param.opts, key=len) if param.param_type_name == "option" else ""
        metavar = param.metavar or ""
        if option in unwanted or getattr(param, "hidden", False) or "Path" in type(param.type).__name__:
            continue
        if metavar.startswith("REF... "):  # records, and what comes after them
            by_condition = any("--where" in other.opts for other in command.params)
            arguments["refs"] = Argument("refs", _LIST | {"description": "The records."}, not by_condition)
            metavar = metavar.removeprefix("REF... ")
            name = metavar.strip("[]").lower()
        else:
            name = option.lstrip("-").replace("-", "_") or param.name.rstrip("_")
            name = "ref" if words[-1] == "show" and not option else name
        if metavar.startswith("PATH=VALUE"):
            arguments["fields"] = Argument("fields", _fields(words[0]), param.required, option)
        else:
            schema = {"type": "string"} if name not in param.name and "refs" in arguments else _schema(param)
            required = not metavar.startswith("[") if "refs" in arguments and not option else param.required
            arguments.setdefault(name, Argument(name, schema, required, option))
    return list(arguments.values())


_LIST = {"type": "array", "items": {"type": "string"}}
_NUMBERS = ("AMOUNT", "PERCENT", "N")


def _schema(param: Any) -> dict[str, Any]:
    """The JSON Schema of an option or argument."""
    type_ = type(param.type).__name__
    schema: dict[str, Any] = {"type": ["string", "number"] if param.metavar in _NUMBERS else "string"}
    if type_ == "BoolParamType":
        schema = {"type": "boolean"}
    elif type_.startswith("Int"):
        bounds = {"minimum": getattr(param.type, "min", None), "maximum": getattr(param.type, "max", None)}
        schema = {"type": "integer"} | {name: bound for name, bound in bounds.items() if bound is not None}
    elif hasattr(param.type, "choices"):
        schema["enum"] = list(param.type.choices)
    if param.nargs != 1 or getattr(param, "multiple", False):
        schema = dict(_LIST)
    return schema | {"description": param.help.partition("; - reads")[0]} if param.help else schema


@cache
def _fields(typed: str) -> dict[str, Any]:
    """The fields of a kind of record, with the types of its model."""
    from pipecli.store.editor_schemas import schema_of

    collection = collection_named(typed)
    schema = {
        "type": "object",
        "additionalProperties": True,
        "description": "Values by field; null clears. A part by its path: items.1.quantity, custom.region.",
    }
    if collection is None:
        return schema
    model = schema_of(collection)
    fields = {
        name: _of_model(field, model.get("$defs", {}))
        for name, field in model["properties"].items()
        if name not in ("id", "sku", "created")
    }
    return schema | {"properties": fields}


def _of_model(field: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """A field's types, words and bounds; without the patterns, as a value is typed in a person's words."""
    options = [
        definitions[option["$ref"].rpartition("/")[2]] if "$ref" in option else option
        for option in field.get("anyOf", [field])
    ]
    types = list(dict.fromkeys([*(option.get("type", "string") for option in options), "null"]))
    bounds = {name: field[name] for name in ("description",) if name in field}
    for option in options:
        bounds |= {name: option[name] for name in ("enum", "minimum", "maximum") if name in option}
    if "enum" in bounds:
        bounds["enum"] = [*bounds["enum"], None]
    return {"type": types, **bounds}


def input_schema(entry: Entry) -> dict[str, Any]:
    """The JSON Schema of a tool's arguments."""
    properties: dict[str, Any] = {}
    required: list[str] = []
    if entry.choice:
        properties[entry.choice] = {"type": "string", "enum": list(entry.verbs)}
        required.append(entry.choice)
    for words, command in entry.verbs.values():
        for argument in _arguments(words, command):
            properties.setdefault(argument.name, argument.schema)
            if argument.is_required and len(entry.verbs) == 1:
                required.append(argument.name)
    return {
        "type": "object", "properties": properties, "required": required, "additionalProperties": False,
    }  # fmt: skip


def command_line(entry: Entry, given: Mapping[str, Any]) -> list[str]:
    """The words of a call, each value behind its option's `=` or behind `--`. Raises PipecliError."""
    chosen = given.get(entry.choice, "") if entry.choice else ""
    if not isinstance(chosen, str) or chosen not in entry.verbs:
        raise _wrong(f"{entry.choice} must be one of {', '.join(entry.verbs)}")
    words, command = entry.verbs[chosen]
    arguments = _arguments(words, command)
    known = {argument.name for argument in arguments} | {entry.choice}
    unknown = [name for name in given if name not in known]
    if unknown:
        raise _wrong(f"{' '.join(words)} takes no {unknown[0]}")
    options: list[str] = []
    others: list[str] = []
    for argument in arguments:
        value = given.get(argument.name)
        if argument.is_required and value in (None, "", [], {}):
            raise _wrong(f"{argument.name} is missing")
        (options if argument.option else others).extend(argument.words(value))
    return [*words, *options, "--", *others]


def tool_of(entry: Entry) -> Tool:
    """A tool as the protocol describes it."""
    from mcp import types

    helps = [" ".join(command.help.split()) for _, command in entry.verbs.values()]
    about = _ABOUT.get(entry.name) or helps[0]
    return types.Tool(
        name=entry.name,
        description=about,
        input_schema=input_schema(entry),
        annotations=types.ToolAnnotations(read_only_hint=not entry.changes, open_world_hint=False),
    )


_ABOUT = {
    "list": "List records of one kind; the options of all kinds, of which each takes those that fit.",
    "show": "Show one record of a kind with all of its fields.",
    "report": "Print a report: what was lost and why, who won, what stands still.",
}
