"""`init`: a new pipeline with settings that work untouched."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipecli.cli.command import Verb, noun
from pipecli.cli.session import say, session
from pipecli.records.kinds import SETTINGS_FILE

if TYPE_CHECKING:
    from pipecli.store.create import Host

app = noun("Make a new pipeline.")


@app.command(cls=Verb)
def init(
    ctx: typer.Context,
    directory: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="Where; made if it is missing.")
    ] = Path(),
    currency: Annotated[
        str | None, typer.Option(help="The base currency; EUR otherwise.", metavar="CODE")
    ] = None,
    company: Annotated[str | None, typer.Option(help="Who sells; the directory's name otherwise.")] = None,
    sample: Annotated[bool, typer.Option("--sample", help="Fill it with a year of a small company.")] = False,
    timezone: Annotated[str | None, typer.Option(help="As Europe/Madrid; the machine's otherwise.")] = None,
    ci: Annotated[
        str | None,
        typer.Option(
            metavar="HOST",
            help="github or gitlab: also the file by which it reviews what is to be merged. A pipeline that "
            "is there gets the file alone.",
        ),
    ] = None,
) -> None:
    """Make a new pipeline, its git repository included."""
    from pipecli.store import create

    run = session(ctx)
    root = run.directory_for(directory)
    host = None if ci is None else _host(ci)
    if host and (root / SETTINGS_FILE).is_file() and not (sample or currency or company or timezone):
        _add(host, root)
        return
    if sample:
        from pipecli.cli.sample import replay

        now = run.fixed_now() or date.today()
        commits = replay(root, now.date() if isinstance(now, datetime) else now, host)
        say(f"{commits} commits of a small company are in {root}; try: pipecli -C {directory} forecast")
        return
    made = create.found(root, currency=currency or "EUR", company=company, timezone=timezone, host=host)
    say(f"a new pipeline is in {made.root}; the first steps: `pipecli --help`, `pipecli lead add`")


def _host(name: str) -> Host:
    from pipecli.store.create import HOSTS

    if name not in HOSTS:
        raise typer.BadParameter(f'"{name}" is none of {", ".join(HOSTS)}', param_hint="--ci")
    return HOSTS[name]


def _add(host: Host, root: Path) -> None:
    """Give a pipeline that is there the file of a code host."""
    from pipecli.store import create
    from pipecli.store.pipeline import Pipeline

    pipeline = Pipeline.find(root)
    with pipeline.exclusive():
        create.add(pipeline.location, host)
    say(f"{host.file} is committed; push it, and {host.name} reviews what is to be merged")
