"""`pipecli settings`: show and change `pipecli.yaml`, its comments kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, get_args

import typer

from pipecli.cli.changing import Desk, changing
from pipecli.cli.command import Changing, noun
from pipecli.cli.common import Assignments
from pipecli.cli.session import session
from pipecli.errors import PipecliError
from pipecli.records.kinds import KINDS

if TYPE_CHECKING:
    from pipecli.records.base import Record

app = noun("Show and change pipecli.yaml.")

What = Literal["lost-reason", "disqualify-reason", "source", "type", "stage", "user", "team"]


@app.command("show")
def show(
    ctx: typer.Context,
    path: Annotated[
        str | None, typer.Argument(metavar="[PATH]", help="A part of them: currency, users.ana.team.")
    ] = None,
) -> None:
    """Show the settings, or the part of them at a path.

    A single value stands alone, for scripts.
    """
    from pipecli.cli.settings_text import print_settings

    print_settings(session(ctx), path)


@app.command("set", cls=Changing)
def set_(ctx: typer.Context, assignments: Assignments) -> None:
    """Set settings: path=value, path= to clear.

    As auto_close.after_days=45, exchange_rates.USD.2026-01-01=0.92. A list takes commas
    (lost_reasons=price,timing), a list of maps YAML: 'assignment_rules=[{name: all, users: [ana]}]'. What
    records use can't be dropped: rename it.
    """
    from pipecli.cli.settings_parts import set_settings

    with changing(ctx) as desk:
        set_settings(desk, assignments)


@app.command("edit", cls=Changing)
def edit(ctx: typer.Context) -> None:
    """Open pipecli.yaml in $EDITOR."""
    from pipecli.cli.settings_parts import edit_settings

    edit_settings(ctx)


@app.command("rename", cls=Changing)
def rename(
    ctx: typer.Context,
    what: Annotated[What, typer.Argument(metavar="WHAT", help=f"One of {', '.join(get_args(What))}.")],
    old: Annotated[str, typer.Argument(metavar="OLD", help="Its name now; a stage's is PROCESS/STAGE.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Its name then; a stage's without the process.")],
) -> None:
    """Rename something of the settings, in every record that uses it.

    The settings and the records are one commit.
    """
    from pipecli.cli.slugs import given_slug
    from pipecli.workflow import rename_setting

    with changing(ctx) as desk:
        # A file that can't be read might use it too, and would keep the old name.
        desk.pipeline.need(*KINDS)
        wanted = given_slug(new, what) if what in ("type", "stage", "user", "team") else new.strip()
        if not wanted:
            raise PipecliError(f"the new name of {old} is missing")
        present = _stage(desk, old) if what == "stage" else old
        desk.do(rename_setting.rename(desk.settings, what, present, wanted, _records(desk, what, present)))


def _stage(desk: Desk, text: str) -> str:
    """A stage with its process, which may be left out where one process alone has it."""
    if "/" in text:
        return text
    found = [
        f"{slug}/{text}"
        for slug, process in desk.settings.processes.items()
        if process.position(text) is not None
    ]
    if len(found) > 1:
        raise PipecliError(f"{text} is a stage of several processes", hint=f"name one of {', '.join(found)}")
    return found[0] if found else text


def _records(desk: Desk, what: What, old: str) -> list[Record]:
    """Every record that uses a name."""
    from pipecli.cli.settings_change import records_with
    from pipecli.workflow.rename_setting import WORDS

    if what in WORDS:
        return [desk.pipeline.read(path) for path in records_with(desk.pipeline, what, old)]
    conditions = {
        "stage": (
            "SELECT path FROM _references WHERE noun = 'stage' AND key = ? "
            "UNION SELECT l.path FROM _literature l, json_each(l.stages) s WHERE s.value = ?",
            (old, old.partition("/")[2]),
        ),
        "user": (_NAMED, ("user", old)),
        "team": (_NAMED, ("team", old)),
    }
    sql, parameters = conditions[what]
    found = desk.pipeline.index.connection.execute(sql, parameters)
    return [desk.pipeline.read(path) for (path,) in found.fetchall()]


_NAMED = (
    "SELECT DISTINCT path FROM _references JOIN _records r USING (path) "
    "WHERE _references.noun IN (?, 'principal') AND _references.key = ? AND r.noun <> 'settings'"
)
