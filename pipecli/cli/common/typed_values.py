"""What a person types, as the fields of records have it: `path=value` of `set` and `--set`, options, amounts.

A number may be one of two readings, which is asked; an amount has the currency of its record, and the sign of
another one is refused, for a payment too.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from types import MappingProxyType
from typing import Any, Literal, TypeVar, get_args, get_origin

from pipecli.cli.common.names_and_questions import confirm, key_of
from pipecli.cli.common.session import Session, say
from pipecli.cli.common.typed_dates import parse_moment
from pipecli.errors import Ambiguous, FaultyFile, PipecliError, Question, Unreadable
from pipecli.json_and_csv import dumps
from pipecli.records import base, kinds
from pipecli.records.base import Names, Part, Plain, Record
from pipecli.records.compare_names import fitting, likeliest, own_names
from pipecli.records.money import is_money, minor_digits
from pipecli.records.references import named_at
from pipecli.records.written_amounts import TwoReadings, read_money, read_number
from pipecli.store.pipeline import NotFound
from pipecli.store.validate_record import validate, wrong_value

R = TypeVar("R", bound=Record)
P = TypeVar("P", bound=Part)

_NEVER = {"id", "sku", "created"}


def with_values(record: R, assignments: Sequence[str], run: Session) -> R:
    """The record with these values set; `path=` clears. Raises PipecliError, naming the path at fault."""
    return _assigned(type(record), record.plain(), assignments, run, f"{record.key}: ")


def built(model: type[R], given: Plain, assignments: Sequence[str] | None, run: Session) -> R:
    """A new record of what options gave (None: they did not) and of `--set` pairs. Raises PipecliError."""
    plain = {name: value for name, value in given.items() if value is not None}
    for name, value in plain.items():
        plain[name] = _meant(model, [name], value, plain, run, _OF_SETTINGS)
    return _assigned(model, plain, assignments or (), run, "")


def as_typed(model: type[R], options: Plain, run: Session) -> Plain:
    """Options as they were typed, each as its field has it: a day or number in words, a record by its name.

    Raises PipecliError, naming the option.
    """
    return {name: _option(model, name, value, run) for name, value in options.items() if value is not None}


def _option(model: type[R], name: str, value: Any, run: Session) -> Any:
    if not isinstance(value, str):
        return _meant(model, [name], value, {}, run)
    if (names := named_at(model, [name])) and names.must_exist and names.noun in kinds.BY_NOUN:
        return key_of(run, names.noun, value)
    typed = read_value(model, [name], value, run, called := f"--{name.replace('_', '-')}")
    return typed if isinstance(typed, str) else _bounded(called, model, [name], typed)


def _assigned(model: type[R], plain: Plain, assignments: Sequence[str], run: Session, where: str) -> R:
    # Last those read by others: a stage by its process, a day by whether its activity is done.
    last = ("stage", "at")
    for path, text in sorted(map(split_assignment, assignments), key=lambda pair: pair[0][-1] in last):
        if path[0] in _NEVER:
            raise PipecliError(f"{path[0]} never changes", hint="make a new record instead")
        _require_elements(model, plain, path)
        currency = str(plain.get("currency") or "")
        past = _has_been(plain, path)
        value = read_value(model, path, text, run, currency=currency, past=past) if text else None
        set_at_path(plain, path, _meant(model, path, value, plain, run), run)
    return validated(model, plain, where)


def _has_been(plain: Plain, path: Sequence[str]) -> bool:
    """True of a day that is no plan: `16 nov` is then the last one."""
    activities = plain.get("activities")
    if path[0] == "activities" and isinstance(activities, list) and len(path) > 1:
        activity = activities[_element(activities, path, 1)]
        return isinstance(activity, dict) and activity.get("done") is True
    return path[0] in ("closed", "converted", "disqualified", "payments", "delivered", "received", "sent")


_OF_SETTINGS = ("user", "team", "principal", "process", "stage")
_LISTS = {
    ("opportunity", "type"): "opportunity_types",
    ("opportunity", "source"): "sources",
    ("lead", "source"): "sources",
    ("lead", "disqualified.reason"): "disqualify_reasons",
}
"""The fields whose values are words of a list in the settings."""


def _meant(
    model: type[Record],
    path: Sequence[str],
    value: Any,
    plain: Plain,
    run: Session,
    nouns: Collection[str] = (),
) -> Any:
    """A value that names something, by the key of what a person means by it; any other as it is.

    `nouns` are the only kinds of name to look at. A name in the settings may be that of what is still to be
    made; `check` looks for those.
    """
    if isinstance(value, list):
        return [_meant(model, path, part, plain, run, nouns) for part in value]
    if not isinstance(value, str) or model.noun == "settings":
        return value
    words = _LISTS.get((model.noun, ".".join(path)))
    if words is not None:
        fits = fitting(value, own_names(run.pipeline.settings_as_written.get(words, ())))
        return fits[0] if len(fits) == 1 else value
    is_stage = (model.noun, path[0]) == ("literature", "stages")  # of any process, so that no record names it
    names = Names("stage") if is_stage else named_at(model, path)
    if names is None or not names.must_exist or (nouns and names.noun not in nouns):
        return value
    is_of_deal = names.noun == "stage" and model.noun == "opportunity"
    process = str(plain.get("process", "")) if is_of_deal else ""
    try:
        return key_of(run, names.noun, value, process)
    except NotFound as error:
        if "did you mean" not in error.hint:
            return value  # the store refuses it, and knows the way out
        missing = f"{'.'.join(path)}: unknown {names.noun} {value}"
        raise PipecliError(missing, hint=error.hint, code=error.code) from None
    except Ambiguous:
        raise
    except PipecliError as error:
        raise PipecliError(f"{'.'.join(path)}: {error.message}", hint=error.hint, code=error.code) from None


def validated(model: type[P], plain: Plain, where: str = "") -> P:
    """A record or part of what was set; a fault names the field, not a file. Raises PipecliError."""
    try:
        part = validate(model, plain)
    except FaultyFile as error:
        more = "; ".join(fault.message for fault in error.faults)
        raise PipecliError(f"{where}{more}") from None
    for name, value in plain.items():
        if isinstance(value, str) and not value.strip():
            raise PipecliError(f"{where}{name}: must be text, not blanks")
    return part


def names_owner(assignments: Sequence[str] | None) -> bool:
    """True if one of the pairs sets the owner."""
    return any(split_assignment(text)[0][0] == "owner" for text in assignments or ())


def split_assignment(text: str) -> tuple[list[str], str]:
    """`next_contact.date=+3d` as its path and its value."""
    path, equals, value = text.partition("=")
    parts = path.strip().split(".")
    if not equals or not all(parts):
        raise PipecliError(f'"{text}" isn\'t an assignment', hint="write path=value, or path= to clear")
    return parts, value


def read_value(
    model: type[Record],
    path: Sequence[str],
    text: str,
    run: Session,
    name: str = "",
    currency: str = "",
    past: bool = False,
) -> Any:
    """A value as the field at `path` has it: dates in words, numbers, yes and no, lists with commas.

    A list or a map may also be written as YAML: `[a, "b, c"]`, `{name: big deals, users: [ana]}`. `name` is
    what a fault calls it, by default the path; `currency` that of an amount, by default the base currency.
    """
    annotation = base.annotation_at(model, path)
    name = name or ".".join(path)
    if annotation is None:
        raise PipecliError(f"{model.noun} has no field {name}", hint=_known(model, path))
    if annotation is Any:  # below `custom`: as YAML reads it
        return _yaml(text)
    kinds = [option for option in base.options(annotation) if option is not type(None)]
    has_parts = any(get_origin(kind) in (tuple, dict) or _is_map(kind) for kind in kinds)
    if has_parts and text.startswith(("[", "{")):
        return _yaml(text)
    if any(get_origin(kind) is tuple for kind in kinds) and not _is_list_of_maps(kinds):
        return [part.strip() for part in text.split(",") if part.strip()]
    classes = [kind for kind in kinds if isinstance(kind, type)]
    if datetime in classes and date in classes:
        return run.moment_or_day(text, past=past)
    if datetime in classes:
        return parse_moment(text, run.today, run.zone, past=past, now=run.now)
    if date in classes:
        return run.day(text, past=past)
    if bool in classes:
        known = {"yes": True, "true": True, "no": False, "false": False}
        if text.lower() not in known:
            raise PipecliError(f'{name}: "{text}" must be yes or no')
        return known[text.lower()]
    if any(get_origin(kind) is Literal and text.strip() in get_args(kind) for kind in kinds):
        return text.strip()
    if Decimal in classes or int in classes:
        own = str(run.pipeline.settings_as_written.get("currency") or "EUR")
        return _typed_number(run, name, path, text, currency or own)
    if any(issubclass(kind, (str, Enum)) for kind in classes):
        return text
    if has_parts:
        keys = base.keys_at(model, path)
        hint = _known(model, path) if keys else f"name one of its keys: {name}.KEY=VALUE"
        raise PipecliError(f"{name} has fields of its own", hint=hint)
    return _yaml(text)


def typed_option(
    name: str, text: str | None, field: tuple[type[Record], str], run: Session, currency: str = ""
) -> Any:
    """An option's value, as exact and as bounded as the field it is for; None where it was not given.

    Raises PipecliError, naming the option.
    """
    if text is None:
        return None
    model, path = field[0], field[1].split(".")
    return _bounded(name, model, path, read_value(model, path, text, run, name, currency))


def typed_options(
    given: Mapping[str, str | None],
    model: type[Record],
    run: Session,
    currency: str = "",
    within: str = "",
    fields: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Any]:
    """Options by their names, each as `typed_option` reads it; `within` is the way to their fields."""
    return {
        name: typed_option(
            f"--{name.replace('_', '-')}", text, (model, f"{within}{fields.get(name, name)}"), run, currency
        )
        for name, text in given.items()
    }


def _bounded(name: str, model: type[Record], path: Sequence[str], value: Any) -> Any:
    from pydantic import TypeAdapter, ValidationError

    annotation: Any = base.annotation_at(model, path)
    try:
        return TypeAdapter(annotation).validate_python(value)
    except ValidationError as error:
        raise PipecliError(f"{name}: {wrong_value(error.errors(include_url=False)[0])}") from None


def set_at_path(plain: Plain, path: Sequence[str], value: Any, run: Session) -> None:
    """Set or clear (None) what stands at a path, making the maps on the way. Raises PipecliError.

    To clear by a number that the next one would get is asked: the same command again would clear that, too.
    """
    *way, last = path
    here: Any = plain
    for length, part in enumerate(way):
        if isinstance(here, list):
            here = here[_element(here, path, length)]
        else:
            if part not in here and value is None:
                return
            here = here.setdefault(part, {})
        if not isinstance(here, (dict, list)):
            raise PipecliError(f"{part} holds a value, not fields")
    if isinstance(here, list):
        index = _element(here, path, len(way))
        if value is None and kinds.list_index(last) == index < len(here) - 1:
            name, all_ = ".".join(path), ".".join(way)
            asked = f"Clear {name}, {dumps(here[index], indent=None)}?"
            refusal = f"{name} would be another after it is cleared; nothing is changed"
            confirm(run, asked, refusal, f"give all that stay: {all_}=[…], or use edit", elsewhere=False)
        here[index : index + 1] = [] if value is None else [value]
    elif value is None:
        here.pop(last, None)
    else:
        here[last] = value


def _element(values: list[Any], path: Sequence[str], length: int) -> int:
    """The index of one of a list: part `length` of the path is its id or contact, or its number from 1."""
    name = path[length]
    for index, value in enumerate(values):
        if isinstance(value, dict) and name in (value.get("id"), value.get("contact")):
            return index
    counted = kinds.list_index(name)
    if counted is not None and counted < len(values):
        return counted
    raise _no_element(path, length, f"there are {len(values)}")


def _no_element(path: Sequence[str], length: int, hint: str = "") -> PipecliError:
    message = f"{'.'.join(path)}: no element {path[length]}"
    return PipecliError(message, hint=kinds.counting_hint(path, length) or hint)


def _require_elements(model: type[Record], plain: Plain, path: Sequence[str]) -> None:
    """Refuse to go into a list that is not there: it would become a map."""
    annotation = base.annotation_at(model, path[:1])
    if len(path) > 1 and path[0] not in plain and _is_list_of_maps(base.options(annotation)):
        raise _no_element(path, 1)


def _is_map(kind: Any) -> bool:
    from pydantic import BaseModel

    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _is_list_of_maps(kinds: Sequence[Any]) -> bool:
    return any(
        _is_map(option)
        for kind in kinds
        if get_origin(kind) is tuple
        for option in base.options(kind.__args__[0])
    )


_PERCENTAGES = ("discount", "tax", "probability", "max_discount", "margin", "max_difference")


def _typed_number(run: Session, name: str, path: Sequence[str], text: str, currency: str) -> int | Decimal:
    """A number as the field at `path` has it: an amount in `currency`, a percentage, or a plain one."""
    if is_money(".".join(path)):
        digits = minor_digits(currency) if path[-1] == "amount" or path[0] == "targets" else _ANY_DIGITS
        return typed_number(run, name, text, currency, digits)
    return typed_number(run, name, text.strip().removesuffix("%") if path[-1] in _PERCENTAGES else text)


_ANY_DIGITS = 6
"""Decimals of what isn't a sum: a price of one may have a tenth of a cent."""
_PLAIN = r"[+-]?([0-9]+(\.[0-9]+)?|\.[0-9]+)"


def typed_number(
    run: Session, name: str, text: str, currency: str = "", digits: int = _ANY_DIGITS
) -> int | Decimal:
    """An exact number in the notations that `import` knows: `12000`, `12k`, `12,000`, `12.000,50`.

    With a `currency` it may have that one's sign. What is two numbers (`1,234` of something with decimals,
    `12.000` of something without a third one) is a Question. Raises PipecliError, naming it.
    """
    plain = re.sub(r"^[a-z]{3}\b|\b[a-z]{3}$", lambda code: code[0].upper(), text.strip())
    is_sum = digits < _ANY_DIGITS
    if re.fullmatch(_PLAIN, plain) and not (
        is_sum and re.fullmatch(r"[+-]?[1-9][0-9]{0,2}\.[0-9]{3}", plain)
    ):
        is_short = "." not in plain and len(plain) < 1000  # Python reads no int of thousands of digits
        return int(plain) if is_short else Decimal(plain)

    has_thousandths = not is_sum or digits > 2 or "." in plain
    try:
        if currency:
            read = read_money(plain, "", has_thousandths=has_thousandths)
            _refuse_other_currency(name, plain, read.currencies, currency)
            value = read.value
        else:
            value = read_number(plain, "")
    except TwoReadings as error:
        value = _chosen(run, name, plain, error.readings)
    except Unreadable:
        return _as_python_reads(name, text.strip())
    taken = int(value) if value == value.to_integral_value() else value
    say(f'{name}: "{plain}" is taken as {Decimal(taken):f}')
    return taken


def _refuse_other_currency(name: str, text: str, currencies: Collection[str], currency: str) -> None:
    if currencies and currency not in currencies:
        kind = "/".join(sorted(currencies)) if len(currencies) <= 3 else "another currency"
        raise PipecliError(
            f'{name}: "{text}" is in {kind}, and the currency here is {currency}',
            hint="set the currency too, or write the number alone",
        )


def _chosen(run: Session, name: str, text: str, readings: tuple[Decimal, Decimal]) -> Decimal:
    """The one of two readings that a person has named. Raises Question where none was asked yet."""
    first, second = (f"{reading.normalize():f}" for reading in readings)
    asked = f'{name}: which is "{text}"?'
    if asked not in run.answers:
        plain = " or ".join(f"{one}0" if re.search(r"\.\d{3}$", one) else one for one in (first, second))
        fault = f'{name}: "{text}" is {first} or {second}'
        raise Question(fault, asked, hint=f"write {plain}", choices=(first, second))
    return Decimal(run.answers[asked])


def _as_python_reads(name: str, text: str) -> int | Decimal:
    try:
        return int(text) if text.lstrip("+-").isdecimal() else Decimal(text)
    except (InvalidOperation, ValueError):
        raise PipecliError(f'{name}: "{text}" isn\'t a number', hint="write it as 1234.56") from None


def _yaml(text: str) -> Any:
    import ryaml

    try:
        return ryaml.loads(text)  # type: ignore[attr-defined] # it re-exports without saying so
    except Exception:  # any text may be given; what isn't YAML is text
        return text


def _known(model: type[Record], path: Sequence[str]) -> str:
    for length in range(len(path), -1, -1):
        keys = base.keys_at(model, path[:length])
        if keys:
            prefix = "".join(f"{part}." for part in path[:length])
            names = [prefix + key for key in keys]
            likely = likeliest(".".join(path[: length + 1]), names) if len(path) > length else ""
            return likely.strip() or f"its fields: {', '.join(names)}"
    return ""
