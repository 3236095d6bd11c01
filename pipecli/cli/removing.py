"""`remove` of every noun that is named by a slug."""

from __future__ import annotations

from typing import Any

import typer

from pipecli.cli.changing import Desk, changing
from pipecli.cli.command import Changing
from pipecli.cli.common import Ref
from pipecli.records.kinds import BY_NOUN, Kind


def add_remove(app: typer.Typer, kind: Kind, *, way_out: str = "change those first") -> None:
    """Give a noun its `remove`; `way_out` is what to do about the records that use one, `{key}` its slug."""
    name = kind.noun.replace("-", " ")

    @app.command("remove", cls=Changing, help=f"Remove a {name} that no record uses.")
    def remove(ctx: typer.Context, ref: Ref) -> None:
        from pipecli.workflow import catalogue

        with changing(ctx) as desk:
            record: Any = desk.get(kind.model, ref)
            used_by = [name for name, _ in users_of(desk, kind, record.key)]
            desk.do(catalogue.remove(record, used_by, hint=way_out.format(key=record.key)))


def users_of(desk: Desk, kind: Kind, key: str) -> list[tuple[str, str]]:
    """The records that name this one, each by its id and its file."""
    # A file that can't be read might name it too.
    desk.pipeline.need(*BY_NOUN.values())
    rows = desk.pipeline.index.connection.execute(
        "SELECT DISTINCT r.key, path FROM _references f JOIN _records r USING (path) "
        "WHERE f.noun = ? AND f.key = ? AND NOT (r.noun = f.noun AND r.key = f.key) ORDER BY r.key",
        (kind.noun, key),
    )
    return rows.fetchall()
