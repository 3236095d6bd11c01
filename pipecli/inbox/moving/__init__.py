"""Moving in from another CRM: its whole export recognised, planned, brought in as one commit, reconciled.

A preset is a mapping file in the package, `presets/VENDOR/KIND.yaml`, with `recognise:`, the columns that
tell it from others. Beside fields, its columns feed roles that the plan spells out: `stage`, `close`, `won`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from pipecli.store.yaml.read import parse

PLAN_FILE = "plan.yaml"


class Preset(NamedTuple):
    """The file of one vendor and kind."""

    vendor: str
    kind: str
    name: str
    """Its file below `presets/`."""
    columns: Mapping[str, Any]
    """For a column a role, or a field, or what a mapping says of a column."""
    rest: Mapping[str, Any]
    """The other keys of a mapping, as they stand."""
    recognise: Sequence[str]
    """The columns that a table must have to be taken for it."""
    file: str = ""
    """A regular expression for the file's name; empty for any."""
    prefix: str = ""
    """What may stand before each header: `Deal - `."""
    named: bool = False
    """The columns alone are too common: the file's name must fit."""
    own: Sequence[str] = ()
    """Columns of this vendor, of which a table must have two where those of `recognise` are too common."""


@cache
def presets() -> tuple[Preset, ...]:
    """The presets of the package."""
    folders = sorted(files(__package__).joinpath("presets").iterdir(), key=lambda entry: entry.name)
    return tuple(
        _preset(vendor.name, entry.name, entry.read_text(encoding="utf-8"))
        for vendor in folders
        if vendor.is_dir()
        for entry in sorted(vendor.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".yaml")
    )


def _preset(vendor: str, name: str, text: str) -> Preset:
    plain: dict[str, Any] = parse(text, f"{vendor}/{name}")
    told, columns = plain.pop("recognise"), plain.pop("columns")
    kind = plain.pop("kind", None) or name.removesuffix(".yaml")
    return Preset(vendor, kind, f"{vendor}/{name}", columns, plain, told.pop("columns"), **told)


def vendors() -> list[str]:
    """The vendors that have presets."""
    return list(dict.fromkeys(preset.vendor for preset in presets()))
