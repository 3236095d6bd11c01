"""From what a person types to the record they mean; the rules are a table in docs/references.md."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from enum import Enum
from typing import NamedTuple, NoReturn

from pipecli.errors import Ambiguous, FaultyFile
from pipecli.records.kinds import BY_NOUN, BY_PREFIX, CUSTOMER, ID_LENGTH, KINDS, Kind
from pipecli.records.names import begins_words, digits_of, name_key, same_number, typed_words
from pipecli.store.naming import Naming, is_of, is_open, keys_by_id, namings, slug
from pipecli.store.pipeline import NotFound, Pipeline
from pipecli.wording import first_of

_MOST_SHOWN = 8
FEWEST_SIGNS = 3
"""Of the start of an id: with fewer, every word of two letters would be one."""


class Found(NamedTuple):
    noun: str
    key: str
    label: str
    file: str


class Care(Enum):
    """The care that a verb takes of which record it hits."""

    LIKELY = "likely"
    """Of several the open one, then mine: most verbs, whose work can be done again or taken back."""
    ONLY = "only"
    """A whole id, or a name that fits one record of all, closed ones too: what ends or sends."""
    WHOLE = "whole"
    """A whole id or a whole name: what takes a record away, and would take its namesake when repeated."""


Person = Callable[[], tuple[str, str | None] | None]
"""Gives the user who asks, with their team; None where git's identity isn't a user."""


class _Fits(NamedTuple):
    """The records that a text fits, by what of them it fits."""

    named: list[Found]
    """By a whole name of their own; where there are none, by words that begin words of their names."""
    is_whole_name: bool
    ids: list[Found]
    """By the start of an id, theirs or that of a paper of theirs."""
    is_whole_id: bool

    def accepted(self, care: Care) -> set[Found]:
        """The records whose naming is enough for a careful verb."""
        by_name = self.named if self.is_whole_name or care is Care.ONLY else []
        return {*by_name, *(self.ids if self.is_whole_id else ())}


def resolve(
    pipeline: Pipeline,
    name: str,
    *kinds: Kind,
    care: Care = Care.LIKELY,
    me: Person = lambda: None,
) -> Found:
    """The one record of these kinds (none given: of any) that a person means by `name`.

    A whole id or slug is that record. Else ids that begin so and names are candidates alike; the care
    decides which of them will do. Raises NotFound; Ambiguous with the candidates, the likeliest first.
    """
    wanted = name.strip()
    of = kinds or KINDS
    keys = [wanted, wanted.upper(), wanted.lower(), "-".join(_id_parts(wanted))]
    chosen = candidates = _query(pipeline, of, keys)
    if not chosen:
        fits = _fits(pipeline, wanted, of, is_any=not kinds or (len(kinds) > 1 and CUSTOMER in kinds))
        ordered = _likeliest_first(pipeline, list(dict.fromkeys([*fits.named, *fits.ids])), me)
        if not ordered:
            _nothing(pipeline, wanted, of)
        candidates = [rank.record for rank in ordered]
        chosen = _likely(ordered, fits) if care is Care.LIKELY else _exact(wanted, candidates, fits, care)
    if len(chosen) != 1:
        raise _ambiguous(wanted, chosen or candidates, care)
    pipeline.file_of(chosen[0].noun, chosen[0].key)  # raises where two files have this id
    return chosen[0]


class _Rank(NamedTuple):
    record: Found
    is_open: bool
    is_mine: bool


def _likeliest_first(pipeline: Pipeline, candidates: Sequence[Found], me: Person) -> list[_Rank]:
    """The candidates, open before closed, mine before others', then by id."""
    if len(candidates) == 1:
        return [_Rank(candidates[0], True, True)]
    connection = pipeline.index.connection
    person = me()
    ranks = []
    for record in candidates:
        kind = BY_NOUN[record.noun]
        mine = person is not None and is_of(connection, kind, record.file, *person)
        ranks.append(_Rank(record, is_open(connection, kind, record.file), mine))
    return sorted(ranks, key=lambda rank: (not rank.is_open, not rank.is_mine, rank.record.key))


def _likely(ordered: Sequence[_Rank], fits: _Fits) -> list[Found]:
    """The candidates that are as open and as much mine as the first."""
    likely = [rank.record for rank in ordered if rank[1:] == ordered[0][1:]]
    if fits.named and not set(likely) & set(fits.named):
        return [rank.record for rank in ordered]  # an id's start never beats a name in silence
    return likely


def _exact(wanted: str, candidates: list[Found], fits: _Fits, care: Care) -> list[Found]:
    """The candidates, if all of them are named well enough for this care.

    For what takes a record away, `acme` is no namesake's name: acme-2 would go when the command is repeated.
    """
    if care is Care.WHOLE:
        namesake = re.compile(rf"{slug(wanted)}-\d+")
        if any(namesake.fullmatch(candidate.key) for candidate in candidates):
            return []
    return candidates if set(candidates) <= fits.accepted(care) else []


def _fits(pipeline: Pipeline, wanted: str, kinds: Sequence[Kind], *, is_any: bool) -> _Fits:
    """Where a customer may be meant, or what is theirs, a customer's name is the customer."""
    whole, words = _by_name(pipeline, wanted, kinds, own_only=is_any)
    return _Fits(whole or words, bool(whole), *_by_start(pipeline, wanted, kinds))


def _query(pipeline: Pipeline, kinds: Sequence[Kind], keys: Sequence[str]) -> list[Found]:
    nouns = [kind.noun for kind in kinds]
    rows = pipeline.index.connection.execute(
        f"SELECT noun, key, label, path FROM _records WHERE noun IN ({', '.join('?' * len(nouns))}) "
        f"AND key IN ({', '.join('?' * len(keys))}) GROUP BY noun, key ORDER BY key",
        (*nouns, *keys),
    )
    return [Found(*row) for row in rows]


def _id_parts(wanted: str) -> tuple[str, str]:
    """The prefix and the random part of an id as typed: in any case, O and I and L read as digits."""
    prefix, _, random = wanted.upper().rpartition("-")
    return prefix, random.replace("O", "0").replace("I", "1").replace("L", "1")


def _by_start(pipeline: Pipeline, wanted: str, kinds: Sequence[Kind]) -> tuple[list[Found], bool]:
    """The records whose id begins so, or those of a paper whose id does; and whether it is a whole id."""
    prefix, random = _id_parts(wanted)
    if prefix not in ("", *BY_PREFIX) or wanted.startswith("-"):
        return [], False
    if not re.fullmatch(rf"[0-9A-Z]{{{FEWEST_SIGNS},{ID_LENGTH}}}", random):
        return [], False
    nouns = [kind.noun for kind in kinds]
    keys = keys_by_id(pipeline.index.connection, nouns, prefix, random)
    return _query(pipeline, kinds, keys) if keys else [], len(random) == ID_LENGTH


def _by_name(
    pipeline: Pipeline, wanted: str, kinds: Sequence[Kind], *, own_only: bool
) -> tuple[list[Found], list[Found]]:
    """The records that are called so: by a whole name of their own, and by words of any of their names."""
    words = typed_words(wanted)
    if not words:
        return [], []
    digits, key, longest = digits_of(wanted), name_key(wanted), max(words, key=len)
    whole, partly = [], []
    for kind in kinds:
        for naming in namings(pipeline.index.connection, kind, longest, is_number=bool(digits)):
            record = Found(naming.noun, naming.key, naming.label, naming.file)
            names = naming.own if own_only or len(kinds) == 1 else f"{naming.own}\n{naming.others}"
            if any(name_key(name) == key for name in names.splitlines() if name):
                whole.append(record)
            elif _is_called(naming._replace(others=naming.key) if own_only else naming, words, digits):
                partly.append(record)
    return whole, partly


def _is_called(naming: Naming, words: Sequence[str], digits: str) -> bool:
    if any(same_number(digits, number) for number in naming.phones.splitlines() if digits):
        return True
    return begins_words(words, f"{naming.own}\n{naming.others}")


def _nothing(pipeline: Pipeline, wanted: str, kinds: Sequence[Kind]) -> NoReturn:
    what = kinds[0].noun if len(kinds) == 1 else "record"
    faults = [fault for fault in pipeline.index.faults() if wanted.lower() in fault.file.lower()]
    if wanted and faults:
        raise FaultyFile(faults[:1])
    lists = f"see `pipecli {what} list`" if len(kinds) == 1 else "each noun's `list` shows what there is"
    raise NotFound(f'no {what} matches "{wanted}"', hint=_hint(pipeline, wanted, kinds) or lists)


def _hint(pipeline: Pipeline, wanted: str, kinds: Sequence[Kind]) -> str:
    random = _id_parts(wanted)[1]
    if random.isalnum() and random.isascii() and len(random) < FEWEST_SIGNS:
        return f"the start of an id has {FEWEST_SIGNS} characters or more"
    close = _similar(pipeline, wanted, kinds) if wanted else []
    return f"did you mean {' or '.join(close)}?" if close else ""


def _similar(pipeline: Pipeline, wanted: str, kinds: Sequence[Kind]) -> list[str]:
    from rapidfuzz import fuzz, process, utils

    nouns = [kind.noun for kind in kinds]
    rows = pipeline.index.connection.execute(
        f"SELECT noun, key, label FROM _records WHERE noun IN ({', '.join('?' * len(nouns))}) ORDER BY key",
        nouns,
    )
    names = {
        (f"{label} ({key})", text): text
        for noun, key, label in rows
        for text in ((label,) if BY_NOUN[noun].prefix else (label, key))
    }
    close = process.extract(
        wanted, names, scorer=fuzz.WRatio, processor=utils.default_process, limit=3, score_cutoff=75
    )
    return list(dict.fromkeys(name for _, _, (name, _) in close))


def _ambiguous(wanted: str, candidates: Sequence[Found], care: Care) -> Ambiguous:
    if len(candidates) > 1:
        message, hint = (
            f'"{wanted}" is {len(candidates)} records: {_listed(candidates)}',
            "name one by its id",
        )
    else:
        asked = "a whole name, of a namesake its id" if care is Care.WHOLE else "a name"
        message, hint = f'"{wanted}" may be {_listed(candidates)}', f"this takes a whole id or {asked}"
    found = [(candidate.noun, candidate.key) for candidate in candidates]
    return Ambiguous(message, hint=hint, text=wanted, candidates=found)


def _listed(candidates: Sequence[Found]) -> str:
    names = [
        candidate.key if candidate.label == candidate.key else f"{candidate.key} ({candidate.label})"
        for candidate in candidates
    ]
    return first_of(names, _MOST_SHOWN)
