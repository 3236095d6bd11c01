"""Setting and clearing what stands at a path of a plain record."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipecli.inbox.readers import Path
    from pipecli.records.base import Plain


def put(plain: Plain, path: Path, value: object) -> None:
    """Set a value, making the maps and list elements on the way."""
    here: Any = plain
    for part, following in pairwise(path):
        empty: Any = [] if isinstance(following, int) else {}
        if isinstance(part, int):
            here += [{} for _ in range(part + 1 - len(here))]
            if not isinstance(here[part], (dict, list)):
                here[part] = empty
            here = here[part]
        else:
            inner = here.get(part)
            if not isinstance(inner, (dict, list)):
                inner = here[part] = empty
            here = inner
    last = path[-1]
    if isinstance(last, int):
        here += [{} for _ in range(last + 1 - len(here))]
    here[last] = value


def clear(plain: Plain, path: Path) -> None:
    """Take away what stands at a path, if anything."""
    here: Any = plain
    for part in path[:-1]:
        here = _at(here, part)
        if here is None:
            return
    if isinstance(path[-1], int):
        if _at(here, path[-1]) is not None:
            here[path[-1]] = {}
    elif isinstance(here, dict):
        here.pop(path[-1], None)


def _at(here: Any, part: str | int) -> Any:
    if isinstance(part, int):
        return here[part] if isinstance(here, list) and part < len(here) else None
    return here.get(part) if isinstance(here, dict) else None


def without_empties(value: Any) -> Any:
    """The same without nulls and without maps and lists that are empty: no file says them."""
    if isinstance(value, dict):
        parts = {key: without_empties(part) for key, part in value.items()}
        return {key: part for key, part in parts.items() if part not in (None, {}, [])}
    if isinstance(value, list):
        return [part for part in map(without_empties, value) if part not in (None, {}, [])]
    return value
