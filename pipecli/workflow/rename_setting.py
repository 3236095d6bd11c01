"""`settings rename`: another word for a reason, source, type, stage, user or team, wherever it stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from pipecli.records.base import Record
from pipecli.records.catalogue import Literature
from pipecli.records.references import relinked
from pipecli.records.settings import Settings
from pipecli.wording import count
from pipecli.workflow.change import Change, Refused, refuse_taken


class Word(NamedTuple):
    """A list of the settings whose words records use."""

    key: str
    what: str
    field: str
    """The field of a record that has the word, dotted: `closed.reasons`."""


WORDS = {
    "lost-reason": Word("lost_reasons", "reason for losing", "closed.reasons"),
    "disqualify-reason": Word("disqualify_reasons", "reason to disqualify", "disqualified.reason"),
    "source": Word("sources", "source", "source"),
    "type": Word("opportunity_types", "type of opportunity", "type"),
}
_PRINCIPALS = ("user", "team", "principal")
"""Users and teams have one set of slugs between them."""


def rename(settings: Settings, what: str, old: str, new: str, records: Sequence[Record]) -> Change:
    """Rename `old` to `new` in the settings and in `records`, which are all that use it.

    A stage is named `process/stage` in `old`, and alone in `new`.
    """
    if old.rpartition("/")[2] == new:
        raise Refused(f"it is {new} already")
    if what in WORDS:
        after = _with_word(settings, WORDS[what], old, new, is_used=bool(records))
    elif what == "stage":
        after = _with_stage(settings, old, new)
    else:
        after = _with_principal(settings, what, old, new)
    own = [record for record in records if not _is_for_others(record, settings, old)]
    rewritten = tuple(_in_record(record, what, old, new) for record in own)
    changed = f"{count(len(rewritten), 'record')} changed"
    return Change(
        after,
        f"rename {what} {old} → {new}",
        "renamed",
        also=rewritten,
        notes=(changed, *_conditions_to_look_at(after, old.rpartition("/")[2])),
    )


def _is_for_others(record: Record, settings: Settings, old: str) -> bool:
    """True for a document of a stage that other processes have too, and keep."""
    process, _, stage = old.partition("/")
    return record.noun == "literature" and any(
        slug != process and every.position(stage) is not None for slug, every in settings.processes.items()
    )


# In the settings


def _with_word(settings: Settings, word: Word, old: str, new: str, *, is_used: bool) -> Settings:
    known: tuple[str, ...] = getattr(settings, word.key)
    if old not in known:
        if not is_used:
            raise Refused(f"{old} is no {word.what}", hint=f"there are {', '.join(known) or 'none'}")
        if known and new not in known:
            raise Refused(f"{new} is no {word.what}", hint=f"there are {', '.join(known)}")
        after = settings
    elif new in known:
        raise Refused(
            f"{new} is a {word.what} already",
            hint=f"to join the two, take {old} out of {word.key} first, and rename it then",
        )
    else:
        after = settings.with_(**{word.key: _swapped(known, old, new)})
    if word.key == "lost_reasons" and settings.auto_close.reason == old:
        after = after.with_(auto_close=settings.auto_close.with_(reason=new))
    return after


def _with_stage(settings: Settings, old: str, new: str) -> Settings:
    slug, _, stage = old.partition("/")
    process = settings.processes.get(slug)
    place = process.position(stage) if process else None
    if process is None or place is None:
        known = [f"{name}/{stage.id}" for name, every in settings.processes.items() for stage in every.stages]
        raise Refused(f"there is no stage {old}", hint=f"there are {', '.join(known)}")
    if process.position(new) is not None:
        raise Refused(f"{slug} has a stage {new} already", hint="choose another name")
    stages = tuple(own.with_(id=new) if own.id == stage else own for own in process.stages)
    return settings.with_(processes={**settings.processes, slug: process.with_(stages=stages)})


def _with_principal(settings: Settings, what: str, old: str, new: str) -> Settings:
    known: dict[str, Any] = settings.users if what == "user" else settings.teams
    if old not in known:
        raise Refused(f"there is no {what} {old}", hint=f"there are {', '.join(known) or 'none'}")
    refuse_taken(settings, new)
    rekeyed = {new if slug == old else slug: value for slug, value in known.items()}
    return relinked(settings.with_(**{f"{what}s": rekeyed}), _PRINCIPALS, old, new)


def _conditions_to_look_at(settings: Settings, old: str) -> list[str]:
    """The SQL conditions that name the old word: they are a person's to change."""
    return [
        f"{path} names '{old}': look at it in pipecli.yaml"
        for path, _, condition in settings.conditions()
        if f"'{old}'" in condition
    ]


# In the records


def _in_record(record: Record, what: str, old: str, new: str) -> Record:
    if what in WORDS:
        section, _, field = WORDS[what].field.rpartition(".")
        part = getattr(record, section) if section else record
        value = getattr(part, field)
        renamed: Record = part.with_(
            **{field: _swapped(value, old, new) if isinstance(value, tuple) else new}
        )
        return record.with_(**{section: renamed}) if section else renamed
    if what != "stage":
        return relinked(record, _PRINCIPALS, old, new)
    if isinstance(record, Literature):
        return record.with_(stages=_swapped(record.stages, old.partition("/")[2], new))
    return record.with_(stage=new)


def _swapped(words: Iterable[str], old: str, new: str) -> tuple[str, ...]:
    """The words with `new` in the place of `old`, each once."""
    return tuple(dict.fromkeys(new if word == old else word for word in words))
