"""Users and teams as records of their own, though both are parts of `pipecli.yaml`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from pipecli.errors import PipecliError
from pipecli.jsontext import loads
from pipecli.records.kinds import KINDS, SETTINGS_FILE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipecli.cli.changing import Desk
    from pipecli.cli.session import Session
    from pipecli.store.pipeline import Pipeline


class SettingsPart(NamedTuple):
    noun: str
    key: str
    """Under which the settings keep them: `users`."""


USER = SettingsPart("user", "users")
TEAM = SettingsPart("team", "teams")
_PARTS = {part.noun: part for part in (USER, TEAM)}


def settings_view(run: Session, noun: str, slug: str) -> dict[str, Any]:
    """The settings, or one user or team of them with its slug as `id`, as the index has them now."""
    row = run.pipeline.index.connection.execute(
        "SELECT json FROM _records WHERE noun = 'settings'"
    ).fetchone()
    written: dict[str, Any] = loads(row[0])
    part = _PARTS.get(noun)
    return {"id": slug, **written[part.key][slug]} if part else written


def find_part(run: Session, part: SettingsPart, text: str) -> str:
    """The slug of the user or team that a person means: the slug itself, or words of the name."""
    known: Mapping[str, Any] = run.pipeline.settings_as_written.get(part.key, {})
    wanted = text.strip().casefold()
    if wanted in known:
        return wanted
    named = [
        slug
        for slug, value in known.items()
        if wanted and all(word in f"{slug} {value.get('name', '')}".casefold() for word in wanted.split())
    ]
    if len(named) == 1:
        return named[0]
    if named:
        raise PipecliError(
            f'"{text}" is {len(named)} {part.key}: {", ".join(named)}', hint="name one by its slug"
        )
    raise PipecliError(f'no {part.noun} answers to "{text}"', hint=_known(part, known))


def _known(part: SettingsPart, known: Mapping[str, Any]) -> str:
    if not known:
        return f"there are none yet; add one with `pipecli {part.noun} add`"
    return f"known: {', '.join(known)}" if len(known) <= 12 else f"see `pipecli {part.noun} list`"


def users_of(desk: Desk, nouns: Sequence[str], key: str) -> list[str]:
    """What names a user, team or stage: the ids of records, and the places in the settings.

    Raises FaultyFile when a file can't be read: it might name it too.
    """
    desk.pipeline.need(*KINDS)
    rows = _references(desk.pipeline, nouns, key)
    return list(
        dict.fromkeys(
            f"{SETTINGS_FILE} ({field})" if noun == "settings" else id_ for id_, noun, field in rows
        )
    )


def _references(pipeline: Pipeline, nouns: Sequence[str], key: str) -> list[tuple[str, str, str]]:
    marks = ", ".join("?" * len(nouns))
    found = pipeline.index.connection.execute(
        "SELECT r.key, r.noun, f.field FROM _references f JOIN _records r USING (path) "
        f"WHERE f.noun IN ({marks}) AND f.key = ? ORDER BY r.noun <> 'settings', r.key, f.field",
        (*nouns, key),
    )
    return found.fetchall()
