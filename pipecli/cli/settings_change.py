"""A change of the settings, held against what the pipeline has: its records, price lists and files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipecli.errors import PipecliError
from pipecli.records.kinds import BY_NOUN, KINDS

if TYPE_CHECKING:
    from pipecli.cli.changing import Desk
    from pipecli.records.settings import Settings
    from pipecli.store.pipeline import Pipeline
    from pipecli.workflow.change import Change


def change_to(desk: Desk, after: Settings, summary: str) -> Change:
    """The change of the settings to these. Raises PipecliError where what records use would be gone."""
    from pipecli.workflow import settings

    _refuse_broken_conditions(desk, after)
    _refuse_missing_files(desk, after)
    gone = settings.dropped(desk.settings, after)
    if gone:
        # A file that can't be read might name it too.
        desk.pipeline.need(*KINDS)
    lists = desk.pipeline.index.connection.execute("SELECT id FROM price_lists")
    return settings.change(
        desk.settings,
        after,
        summary,
        used_by={name: _users_of(desk.pipeline, name.noun, name.key) for name in gone},
        price_lists={row[0] for row in lists},
        words_left={
            dropped: len(records_with(desk.pipeline, dropped.what, dropped.word))
            for dropped in settings.dropped_words(desk.settings, after)
        },
    )


def _refuse_broken_conditions(desk: Desk, after: Settings) -> None:
    """Ask each condition that is new, of no record: one that can't be run is refused."""
    from pipecli.store.index import query

    known = {condition for _, _, condition in desk.settings.conditions()}
    for path, noun, condition in after.conditions():
        if condition in known:
            continue
        try:
            query.select(
                desk.pipeline.index.connection, "1", BY_NOUN[noun].table, f"({condition}\n)", "LIMIT 0", ()
            )
        except query.BadQuery as error:
            raise PipecliError(f"{path}: {error.message}", hint=error.hint) from None


def _refuse_missing_files(desk: Desk, after: Settings) -> None:
    """Refuse a logo or a template that is not there, where it is another than before."""
    from pipecli.store.files import inside

    before = desk.settings
    for path, folder, old, new in (
        ("company.logo", "", before.company.logo, after.company.logo),
        ("quotations.template", "templates/", before.quotations.template, after.quotations.template),
    ):
        if new and new != old and not inside(desk.pipeline.root, f"{folder}{new}").is_file():
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
