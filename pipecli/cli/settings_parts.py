"""Users and teams as records of their own, though both are parts of `pipecli.yaml`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from pipecli.errors import PipecliError
from pipecli.jsontext import loads
from pipecli.records.kinds import SETTINGS_FILE

if TYPE_CHECKING:
    from collections.abc import Mapping

    import typer

    from pipecli.cli.changing import Desk
    from pipecli.cli.session import Session
    from pipecli.cli.showing import Printed
    from pipecli.records.settings import Settings


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
    raise PipecliError(f'no {part.noun} answers to "{text}"', hint=_known_names(part, known))


def _known_names(part: SettingsPart, known: Mapping[str, Any]) -> str:
    if not known:
        return f"there are none yet; add one with `pipecli {part.noun} add`"
    return f"known: {', '.join(known)}" if len(known) <= 12 else f"see `pipecli {part.noun} list`"


def show_part(run: Session, part: SettingsPart, text: str) -> None:
    """Print one user or team."""
    from pipecli.cli.showing import print_view

    print_view(run, settings_view(run, part.noun, find_part(run, part, text)))


def set_part(desk: Desk, part: SettingsPart, slug: str, assignments: Sequence[str]) -> None:
    """Set fields of a user or team."""
    from pipecli.cli.showing import Printed

    inside = [f"{part.key}.{slug}.{text}" for text in assignments]
    set_settings(desk, inside, Printed(part.noun, slug, slug))


def remove_part(desk: Desk, part: SettingsPart, slug: str) -> None:
    """Remove a user or team that nothing names."""
    from pipecli.cli.showing import Printed

    last = settings_view(desk.session, part.noun, slug)
    set_settings(
        desk,
        [f"{part.key}.{slug}="],
        Printed(part.noun, slug, slug, shown=last),
        summary=f"remove {part.noun} {slug}",
    )


def set_settings(
    desk: Desk, assignments: Sequence[str], printed: Printed | None = None, *, summary: str = ""
) -> None:
    """Set fields of the settings; print them, or what `printed` says."""
    from pipecli.cli.assignments import assign, split
    from pipecli.cli.settings_change import change_to

    names = ", ".join(".".join(split(text)[0]) for text in assignments)
    after = assign(desk.settings, assignments, desk.session)
    desk.do(change_to(desk, after, summary or f"set {names}"), printed=printed)


def edit_settings(ctx: typer.Context, printed: Callable[[Settings], Printed] | None = None) -> None:
    """Open the settings in $EDITOR; print them, or what `printed` makes of them."""
    from pipecli.cli.editing import edit_file
    from pipecli.cli.settings_change import change_to

    def allow(desk: Desk, _before: Any, after: Any) -> None:
        change_to(desk, after, "edit")

    edit_file(ctx, lambda desk: desk.settings, allow, printed)


def edit_part(ctx: typer.Context, part: SettingsPart, text: str) -> None:
    """Open the settings in $EDITOR for the sake of one user or team, and say where that stands."""
    from pipecli.cli.session import say, session
    from pipecli.cli.showing import Printed
    from pipecli.store.yaml import read

    run = session(ctx)
    slug = find_part(run, part, text)
    line, _ = read.locate(run.pipeline.text(SETTINGS_FILE), [part.key, slug])
    say(f"{part.noun} {slug} stands in {SETTINGS_FILE}, at line {line}")

    def printed(after: Settings) -> Printed:
        is_there = slug in getattr(after, part.key)
        return Printed(part.noun, slug, slug) if is_there else Printed("settings", after.id, after.id)

    edit_settings(ctx, printed)
