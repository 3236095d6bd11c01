"""`pipecli settings`: show and change `pipecli.yaml`, its comments kept.

The settings, or a part of them, as text: YAML for people, JSON and rows of path and value for programs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

import typer

from pipecli.cli.common.change import Transaction, changing
from pipecli.cli.common.command import Changing, noun
from pipecli.cli.common.output import Format, print_records, write_text
from pipecli.cli.common.record_verbs import Assignments
from pipecli.cli.common.session import Session, session
from pipecli.cli.common.table import Column, cell_text
from pipecli.errors import PipecliError
from pipecli.records.kinds import KINDS, SETTINGS_FILE
from pipecli.wording import visible

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

    print_settings(session(ctx), path)


@app.command("set", cls=Changing)
def set_(ctx: typer.Context, assignments: Assignments) -> None:
    """Set settings: path=value, path= to clear.

    As auto_close.after_days=45, exchange_rates.USD.2026-01-01=0.92. A list takes commas
    (lost_reasons=price,timing), a list of maps YAML: 'assignment_rules=[{name: all, users: [ana]}]'. What
    records use can't be dropped: rename it.
    """
    from pipecli.cli.settings.change import set_settings

    with changing(ctx) as transaction:
        set_settings(transaction, assignments)


@app.command("edit", cls=Changing)
def edit(ctx: typer.Context) -> None:
    """Open pipecli.yaml in $EDITOR."""
    from pipecli.cli.settings.change import edit_settings

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
    from pipecli.cli.common.record_verbs import given_slug
    from pipecli.workflow import rename_setting

    with changing(ctx) as transaction:
        # A file that can't be read might use it too, and would keep the old name.
        transaction.pipeline.need(*KINDS)
        wanted = given_slug(new, what) if what in ("type", "stage", "user", "team") else new.strip()
        if not wanted:
            raise PipecliError(f"the new name of {old} is missing")
        present = _stage(transaction, old) if what == "stage" else old
        transaction.do(
            rename_setting.rename(
                transaction.settings, what, present, wanted, _records(transaction, what, present)
            )
        )


def _stage(transaction: Transaction, text: str) -> str:
    """A stage with its process, which may be left out where one process alone has it."""
    if "/" in text:
        return text
    found = [
        f"{slug}/{text}"
        for slug, process in transaction.settings.processes.items()
        if process.position(text) is not None
    ]
    if len(found) > 1:
        raise PipecliError(f"{text} is a stage of several processes", hint=f"name one of {', '.join(found)}")
    return found[0] if found else text


def _records(transaction: Transaction, what: What, old: str) -> list[Record]:
    """Every record that uses a name."""
    from pipecli.cli.settings.change import records_with
    from pipecli.workflow.rename_setting import WORDS

    if what in WORDS:
        return [transaction.pipeline.read(path) for path in records_with(transaction.pipeline, what, old)]
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
    found = transaction.pipeline.index.connection.execute(sql, parameters)
    return [transaction.pipeline.read(path) for (path,) in found.fetchall()]


_NAMED = (
    "SELECT DISTINCT path FROM _references JOIN _records r USING (path) "
    "WHERE _references.noun IN (?, 'principal') AND _references.key = ? AND r.noun <> 'settings'"
)


def print_settings(run: Session, path: str | None) -> None:
    """Print what stands at a dotted path; without one, the whole file with its comments."""
    written = run.pipeline.settings_as_written
    if run.format is Format.TABLE and not path:
        write_text(_visible(run.pipeline.text(SETTINGS_FILE)))
        return
    value = _at(written, path) if path else written
    match run.format:
        case Format.TABLE:
            write_text(_visible(_yaml(value)))
        case Format.JSON | Format.JSONL:
            from pipecli.jsontext import dumps

            write_text(dumps(value, indent=2 if run.format is Format.JSON else None) + "\n")
        case Format.IDS:
            write_text("".join(f"{cell_text(name)}\n" for name in _names(value)))
        case _:
            rows = [{"path": name, "value": leaf} for name, leaf in _leaves(path or "", value)]
            print_records(rows, [Column("path", "PATH"), Column("value", "VALUE")], run.format, id_key="path")


def _at(value: Any, path: str) -> Any:
    """What stands at a path: keys, and of a list the place from 0 or the id. Raises PipecliError."""
    here = value
    for part in path.split("."):
        known = _children(here)
        if isinstance(here, list) and part.isdecimal() and int(part) < len(here):
            here = here[int(part)]
            continue
        if part not in known:
            hint = f"there are {', '.join(known)}" if known else ""
            raise PipecliError(f"the settings have no {path}", hint=hint)
        here = known[part]
    return here


def _children(value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, list):
        named = {str(each["id"]): each for each in value if isinstance(each, Mapping) and "id" in each}
        return named or {str(place): each for place, each in enumerate(value)}
    return {}


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    children = _children(value)
    if not children:
        yield path, value
    for name, child in children.items():
        yield from _leaves(f"{path}.{name}" if path else name, child)


def _names(value: Any) -> list[Any]:
    """What `ids` prints: the keys of a map, the ids or words of a list, a value itself."""
    if isinstance(value, list) and not any(isinstance(each, Mapping) for each in value):
        return value
    return list(_children(value)) or [value]


def _yaml(value: Any) -> str:
    from pipecli.store.yaml.write import block_lines

    if isinstance(value, (Mapping, list)):
        return "".join(f"{line}\n" for line in block_lines(value, 0))
    return f"{value}\n" if isinstance(value, str) else f"{cell_text(value)}\n"


def _visible(text: str) -> str:
    """Text without what a terminal would obey."""
    return visible(text, keep="\n\t")
