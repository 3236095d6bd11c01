"""`init`: a new pipeline with settings that work untouched."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from pipecli.cli.command import Verb, noun
from pipecli.cli.session import say, session

app = noun("Make a new pipeline.")


@app.command(cls=Verb)
def init(
    ctx: typer.Context,
    directory: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="Where; made if it is missing.")
    ] = Path(),
    currency: Annotated[str, typer.Option(help="The base currency.", metavar="CODE")] = "EUR",
    company: Annotated[str | None, typer.Option(help="Who sells; the directory's name otherwise.")] = None,
    sample: Annotated[bool, typer.Option("--sample", help="Fill it with a year of a small company.")] = False,
    timezone: Annotated[str | None, typer.Option(help="As Europe/Madrid; the machine's otherwise.")] = None,
) -> None:
    """Make a new pipeline, its git repository included."""
    from pipecli.store import founding

    run = session(ctx)
    root = run.directory_for(directory)
    if sample:
        from pipecli.cli.sample import replay

        now = run.fixed_now() or date.today()
        commits = replay(root, now.date() if isinstance(now, datetime) else now)
        say(f"{commits} commits of a small company are in {root}; try: pipecli -C {directory} forecast")
        return
    made = founding.found(root, currency=currency, company=company, timezone=timezone)
    say(f"a new pipeline is in {made.root}; the first steps: `pipecli --help`, `pipecli lead add`")
