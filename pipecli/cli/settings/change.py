"""Users and teams as records of their own, though both are parts of `pipecli.yaml`.

A change of the settings, held against what the pipeline has: its records, price lists and files.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from pipecli.errors import PipecliError
from pipecli.jsontext import loads
from pipecli.records.kinds import BY_NOUN, KINDS, SETTINGS_FILE

if TYPE_CHECKING:
    from collections.abc import Mapping

    import typer

    from pipecli.cli.common.change import Printed, Transaction
    from pipecli.cli.common.session import Session
    from pipecli.records.settings import Settings
    from pipecli.store.pipeline import Pipeline
    from pipecli.workflow.change import Change


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
    from pipecli.cli.common.change import print_record_json

    print_record_json(run, settings_view(run, part.noun, find_part(run, part, text)))


def set_part(transaction: Transaction, part: SettingsPart, slug: str, assignments: Sequence[str]) -> None:
    """Set fields of a user or team."""
    from pipecli.cli.common.change import Printed

    inside = [f"{part.key}.{slug}.{text}" for text in assignments]
    set_settings(transaction, inside, Printed(part.noun, slug, slug))


def remove_part(transaction: Transaction, part: SettingsPart, slug: str) -> None:
    """Remove a user or team that nothing names."""
    from pipecli.cli.common.change import Printed

    last = settings_view(transaction.session, part.noun, slug)
    set_settings(
        transaction,
        [f"{part.key}.{slug}="],
        Printed(part.noun, slug, slug, shown=last),
        summary=f"remove {part.noun} {slug}",
    )


def set_settings(
    transaction: Transaction, assignments: Sequence[str], printed: Printed | None = None, *, summary: str = ""
) -> None:
    """Set fields of the settings; print them, or what `printed` says."""
    from pipecli.cli.common.assignments import assign, split

    names = ", ".join(".".join(split(text)[0]) for text in assignments)
    after = assign(transaction.settings, assignments, transaction.session)
    transaction.do(change_to(transaction, after, summary or f"set {names}"), printed=printed)


def edit_settings(ctx: typer.Context, printed: Callable[[Settings], Printed] | None = None) -> None:
    """Open the settings in $EDITOR; print them, or what `printed` makes of them."""
    from pipecli.cli.common.edit import edit_file

    def allow(transaction: Transaction, _before: Any, after: Any) -> None:
        change_to(transaction, after, "edit")

    edit_file(ctx, lambda transaction: transaction.settings, allow, printed)


def edit_part(ctx: typer.Context, part: SettingsPart, text: str) -> None:
    """Open the settings in $EDITOR for the sake of one user or team, and say where that stands."""
    from pipecli.cli.common.change import Printed
    from pipecli.cli.common.session import say, session
    from pipecli.store.yaml import read

    run = session(ctx)
    slug = find_part(run, part, text)
    line, _ = read.locate(run.pipeline.text(SETTINGS_FILE), [part.key, slug])
    say(f"{part.noun} {slug} stands in {SETTINGS_FILE}, at line {line}")

    def printed(after: Settings) -> Printed:
        is_there = slug in getattr(after, part.key)
        return Printed(part.noun, slug, slug) if is_there else Printed("settings", after.id, after.id)

    edit_settings(ctx, printed)


def change_to(transaction: Transaction, after: Settings, summary: str) -> Change:
    """The change of the settings to these. Raises PipecliError where what records use would be gone."""
    from pipecli.workflow import settings

    _refuse_broken_conditions(transaction, after)
    _refuse_missing_files(transaction, after)
    gone = settings.dropped(transaction.settings, after)
    if gone:
        # A file that can't be read might name it too.
        transaction.pipeline.need(*KINDS)
    lists = transaction.pipeline.index.connection.execute("SELECT id FROM price_lists")
    return settings.change(
        transaction.settings,
        after,
        summary,
        used_by={name: _users_of(transaction.pipeline, name.noun, name.key) for name in gone},
        price_lists={row[0] for row in lists},
        words_left={
            dropped: len(records_with(transaction.pipeline, dropped.what, dropped.word))
            for dropped in settings.dropped_words(transaction.settings, after)
        },
    )


def _refuse_broken_conditions(transaction: Transaction, after: Settings) -> None:
    """Ask each condition that is new, of no record: one that can't be run is refused."""
    from pipecli.store.index import query

    known = {condition for _, _, condition in transaction.settings.conditions()}
    for path, noun, condition in after.conditions():
        if condition in known:
            continue
        try:
            query.select(
                transaction.pipeline.index.connection,
                "1",
                BY_NOUN[noun].table,
                f"({condition}\n)",
                "LIMIT 0",
                (),
            )
        except query.BadQuery as error:
            raise PipecliError(f"{path}: {error.message}", hint=error.hint) from None


def _refuse_missing_files(transaction: Transaction, after: Settings) -> None:
    """Refuse a logo or a template that is not there, where it is another than before."""
    from pipecli.store.files import inside

    before = transaction.settings
    for path, folder, old, new in (
        ("company.logo", "", before.company.logo, after.company.logo),
        ("quotations.template", "templates/", before.quotations.template, after.quotations.template),
    ):
        if new and new != old and not inside(transaction.pipeline.root, f"{folder}{new}").is_file():
            raise PipecliError(f"{path}: there is no file {folder}{new}", hint="copy it there first")


_WORDS = {
    "lost-reason": "SELECT path FROM _opportunities WHERE closed_reason = ?1",
    "disqualify-reason": "SELECT path FROM _leads WHERE disqualified_reason = ?1",
    "source": "SELECT path FROM _leads WHERE source = ?1 "
    "UNION SELECT path FROM _opportunities WHERE source = ?1",
    "type": "SELECT path FROM _opportunities WHERE type = ?1",
}


def records_with(pipeline: Pipeline, what: str, word: str) -> list[str]:
    """The files of the records that have a word of the settings' lists: a type, a source, a reason."""
    return [path for (path,) in pipeline.index.connection.execute(_WORDS[what], (word,))]


def _users_of(pipeline: Pipeline, noun: str, key: str) -> list[str]:
    """The ids of the records that name a user, team or stage."""
    found = pipeline.index.connection.execute(
        "SELECT DISTINCT r.key FROM _references f JOIN _records r USING (path) "
        "WHERE (f.noun = ? OR (f.noun = 'principal' AND ? IN ('user', 'team'))) AND f.key = ? "
        "AND r.noun <> 'settings' ORDER BY r.key",
        (noun, noun, key),
    )
    return [row[0] for row in found]
