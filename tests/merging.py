"""A deal in several versions, and what the stories of merging ask of a merge."""

from __future__ import annotations

import re
from typing import NamedTuple

from pipecli.merge_versions.merge_file import ConflictInWords, merge_file
from pipecli.records.kinds import KINDS, SETTINGS, Kind
from pipecli.store.validate_record import parse_record

DEAL = """\
# yaml-language-server: $schema=../../schemas/opportunity.schema.json
id: OPP-2Q8XA
created: 2026-11-02T10:00:00+01:00
title: "Espresso machines"   # as the customer says
type: sales
process: standard
stage: qualify
status: open
owner: ana
currency: EUR
amount: 4998.00
expected_close: 2026-12-15
items:
- product: cafe-s-100 # two, for the two counters
  description: Café S-100
  quantity: 2
  unit_price: 2499.00
- product: grinder
  description: Grinder
  unit_price: 199.00
contacts:
- contact: maria-lopez
  role: decision-maker
next_contact:
  date: 2026-12-01
  by: ana
activities:
- id: AAAAA
  type: call
  at: 2026-11-03
  subject: Intro call
tags: [vip, iberia]
"""
FILE = "opportunities/2026/OPP-2Q8XA-espresso-machines.yaml"


def edited(*replacements: tuple[str, str], text: str = DEAL) -> str:
    for old, new in replacements:
        assert old in text, old
        text = text.replace(old, new)
    return text


class Merged(NamedTuple):
    """The merge of one file as text."""

    text: str
    conflicts: tuple[ConflictInWords, ...] = ()
    by_line: str = ""


def merge(file: str, base: str | None, ours: str | None, theirs: str | None, prefer=None) -> Merged:
    versions = (None if version is None else version.encode() for version in (base, ours, theirs))
    merged = merge_file(file, *versions, prefer)
    return Merged(merged.content.decode(), *merged[1:])


def both(base: str | None, ours: str, theirs: str, file: str = FILE) -> Merged:
    """The merge, once it is seen that the other clone comes to the same record or the same conflicts."""
    merged, mirrored = merge(file, base, ours, theirs), merge(file, base, theirs, ours)
    assert [each.path for each in merged.conflicts] == [each.path for each in mirrored.conflicts]
    if not merged.conflicts:
        assert record(file, merged.text) == record(file, mirrored.text)
    return merged


def record(file: str, text: str):
    return parse_record(kind(file), file, text)


def kind(file: str) -> Kind:
    return next((each for each in KINDS if file.startswith(f"{each.folder}/")), SETTINGS)


def words(merged: Merged) -> list[str]:
    return [conflict.words for conflict in merged.conflicts]


def taken(text: str, side: str) -> str:
    """What a person leaves who takes one side of every conflict."""
    dropped = {
        "ours": r"=======\n(?:.*\n)*?>>>>>>> theirs\n",
        "theirs": r"<<<<<<< ours\n(?:.*\n)*?=======\n",
    }[side]
    return re.sub(
        r"^(<<<<<<< ours|>>>>>>> theirs)\n", "", re.sub(f"(?m)^{dropped}", "", text), flags=re.MULTILINE
    )
