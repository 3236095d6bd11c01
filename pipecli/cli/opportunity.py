"""`pipecli opportunity`: the deals."""

from __future__ import annotations

from typing import Annotated

import typer

from pipecli.cli.changing import changing
from pipecli.cli.columns import OPPORTUNITIES
from pipecli.cli.command import Changing, noun
from pipecli.cli.common import Ref, add_show_set_edit
from pipecli.cli.listing import Listing, print_list
from pipecli.records.kinds import OPPORTUNITY

app = noun("Opportunities: add, advance, close won or lost.")
add_show_set_edit(app, OPPORTUNITY)


@app.command("list", cls=Listing)
def list_(ctx: typer.Context) -> None:
    """List opportunities, the next to close first."""
    print_list(
        ctx, OPPORTUNITY, OPPORTUNITIES, order="status <> 'open', expected_close IS NULL, expected_close, id"
    )


@app.command(cls=Changing)
def advance(
    ctx: typer.Context,
    ref: Ref,
    to: Annotated[str | None, typer.Option(help="This stage, not the next.", metavar="STAGE")] = None,
    force: Annotated[bool, typer.Option("--force", help="Although steps or fields are missing.")] = False,
    keep_probability: Annotated[
        bool, typer.Option("--keep-probability", help="Keep a probability that was set by hand.")
    ] = False,
) -> None:
    """Move an opportunity to the next stage of its process."""
    from pipecli.records.opportunity import Opportunity
    from pipecli.workflow import advance_opportunity

    with changing(ctx) as desk:
        deal = desk.get(Opportunity, ref)
        desk.do(
            advance_opportunity.advance(
                deal, desk.settings, to=to, force=force, keep_probability=keep_probability
            )
        )
