"""`pipecli schema`: the JSON Schemas by which an editor completes and checks records."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipecli import __version__
from pipecli.cli.common.change import changing
from pipecli.cli.common.command import Changing, noun
from pipecli.cli.common.output import write_text
from pipecli.cli.common.session import say, session
from pipecli.errors import PipecliError
from pipecli.records.kinds import KINDS, SETTINGS, Kind, named

if TYPE_CHECKING:
    from pipecli.cli.common.change import Transaction

app = noun("Write, show and check the JSON Schemas of the records.")


@app.command("write", cls=Changing)
def write(
    ctx: typer.Context,
    directory: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="Where; else the pipeline's own, committed.")
    ] = None,
) -> None:
    """Write the schemas, generated from the models, of this version of pipecli."""
    from pipecli.store import schemas

    run = session(ctx)
    if directory is None:
        with changing(ctx) as transaction:
            _write_own(transaction)
        return
    folder = run.directory_for(directory)
    try:
        changed = schemas.differing(folder, ".")
        if not run.dry_run:
            schemas.write(folder, ".")
    except OSError as error:
        raise PipecliError(f"{error.filename or folder}: can't be written: {error.strerror}") from None
    write_text("".join(f"{directory / name}\n" for name in changed))


def _write_own(transaction: Transaction) -> None:
    """Bring the pipeline's own schemas up to date, as one commit."""
    from pipecli.store import files, schemas
    from pipecli.store.transaction import Write

    pipeline, run = transaction.pipeline, transaction.session
    texts = schemas.files()
    writes = []
    for name in schemas.differing(pipeline.root, schemas.FOLDER):
        file = f"{schemas.FOLDER}/{name}"
        try:
            before = files.read_bytes(pipeline.root, file)
        except FileNotFoundError:
            before = None
        writes.append(Write(file, before, texts[name].encode()))
    if not writes and not run.dry_run:
        say("the schemas are up to date")
        return
    transaction.commit(
        writes, f"Write the schemas of pipecli {__version__}", "Pipecli-Event: schemas-written"
    )
    if not run.dry_run:
        write_text("".join(f"{write.file}\n" for write in writes))


@app.command("show")
def show(
    ctx: typer.Context,
    kind: Annotated[str, typer.Argument(metavar="KIND", help="As lead, opportunity or settings.")],
) -> None:
    """Print the schema of one kind of record."""
    from pipecli.store import schemas

    write_text(schemas.text_of(_kind(kind)))


@app.command("check")
def check(
    ctx: typer.Context,
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A folder of schemas.")],
) -> None:
    """Exit with 1 when a folder's schemas are not those of this version: for CI."""
    from pipecli.store import schemas

    folder = session(ctx).directory_for(directory)
    try:
        wrong = schemas.differing(folder, ".")
    except OSError as error:
        raise PipecliError(f"{error.filename or folder}: can't be read: {error.strerror}") from None
    if wrong:
        names = ", ".join(f"{name} is {what}" for name, what in wrong.items())
        raise PipecliError(f"{directory}: {names}", hint=f"write them anew: pipecli schema write {directory}")
    say(f"ok: {len(KINDS) + 1} schemas")


def _kind(name: str) -> Kind:
    collection = named(name)
    if kind := SETTINGS if name == SETTINGS.noun else collection and collection.kind:
        return kind
    raise PipecliError(
        f"unknown kind of record {name}",
        hint=f"one of {', '.join(kind.noun for kind in (*KINDS, SETTINGS))}",
    )
