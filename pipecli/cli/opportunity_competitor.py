"""`opportunity competitor`: who else is after a deal."""

from __future__ import annotations

from typing import Annotated

import typer

from pipecli.cli.changing import changing
from pipecli.cli.command import Changing, noun
from pipecli.cli.common import Ref

app = noun("Competitors on an opportunity: add, remove.")

_Name = Annotated[str, typer.Argument(help="Their name, or their slug.", metavar="NAME")]


@app.command(cls=Changing)
def add(ctx: typer.Context, ref: Ref, name: _Name) -> None:
    """Note a competitor."""
    from pipecli.cli.assignments import option
    from pipecli.cli.party import names_of
    from pipecli.records.opportunity import Opportunity
    from pipecli.workflow.opportunity.people import add_competitor

    with changing(ctx) as desk:
        called = option("NAME", name, (Opportunity, "competitors.0"), desk.session)
        desk.do(add_competitor(desk.get(Opportunity, ref), called, names_of(desk, "competitor")))


@app.command(cls=Changing)
def remove(ctx: typer.Context, ref: Ref, name: _Name) -> None:
    """Strike a competitor out."""
    from pipecli.cli.party import names_of
    from pipecli.records.opportunity import Opportunity
    from pipecli.workflow.opportunity.people import remove_competitor

    with changing(ctx) as desk:
        desk.do(remove_competitor(desk.get(Opportunity, ref), name, names_of(desk, "competitor")))
