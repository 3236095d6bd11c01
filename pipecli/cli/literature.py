"""`pipecli literature`: the documents that are shown and sent, and what was sent on which deal."""

from __future__ import annotations

from typing import Annotated

import typer

from pipecli.cli.common.assignments import built
from pipecli.cli.common.change import Transaction, changing
from pipecli.cli.common.command import Changing, Ref, Sets, Tags, noun
from pipecli.cli.common.output import print_records
from pipecli.cli.common.record_verbs import add_remove, add_set_edit, given_slug, setting_of
from pipecli.cli.common.reference import find
from pipecli.cli.common.session import session
from pipecli.cli.common.table import Column
from pipecli.errors import PipecliError
from pipecli.records.catalogue import Literature
from pipecli.records.kinds import LITERATURE, OPPORTUNITY
from pipecli.records.opportunity import Opportunity
from pipecli.records.party import Contact
from pipecli.store.files import inside
from pipecli.workflow import catalogue
from pipecli.workflow.catalogue import Suggestion
from pipecli.workflow.change import require_stages

app = noun()

Deal = Annotated[
    str, typer.Argument(metavar="OPPORTUNITY", help="The deal: its id, its beginning, or a title.")
]


@app.command("add", cls=Changing)
def add(
    ctx: typer.Context,
    slug: Annotated[
        str, typer.Argument(metavar="ID", help="What names it: small letters, digits and hyphens.")
    ],
    title: Annotated[str, typer.Option(help="What people call it.", metavar="TEXT")],
    file: Annotated[
        str | None, typer.Option(help="A file of the pipeline, as literature/brochure.pdf.", metavar="PATH")
    ] = None,
    url: Annotated[str | None, typer.Option(help="Or where it is on the web.", metavar="ADDRESS")] = None,
    product: Annotated[
        list[str] | None, typer.Option(help="A product it is about; repeatable.", metavar="SKU")
    ] = None,
    stage: Annotated[
        list[str] | None, typer.Option(help="A stage it is for; repeatable.", metavar="STAGE")
    ] = None,
    tag: Tags = None,
    sets: Sets = None,
) -> None:
    """Add a document of sales literature; prints its id."""
    with changing(ctx) as transaction:
        given = {
            "id": given_slug(slug, "document"),
            "title": title,
            "file": file,
            "url": url,
            "products": product,
            "stages": stage,
            "tags": tag,
        }
        document = _sound(transaction, built(Literature, given, sets, transaction.session))
        is_taken = transaction.pipeline.file_of("literature", document.id) is not None
        transaction.do(catalogue.add(document, is_taken=is_taken))


@app.command("suggest")
def suggest(ctx: typer.Context, deal: Deal) -> None:
    """List what fits a deal, the best first.

    What was not sent yet comes before what was; then what fits its products and its stage.
    """
    run = session(ctx)
    opportunity = run.pipeline.get(Opportunity, find(run, deal, OPPORTUNITY).key)
    offered = catalogue.suggest(opportunity, run.read(LITERATURE).all(Literature))
    records = [_row(suggestion, opportunity.stage) for suggestion in offered]
    print_records(records, _SUGGESTIONS, run.format)


@app.command("send", cls=Changing)
def send(
    ctx: typer.Context,
    ref: Ref,
    deal: Deal,
    contact: Annotated[
        str | None, typer.Option(help="To whom; the deal's primary contact otherwise.", metavar="CONTACT")
    ] = None,
    note: Annotated[str | None, typer.Option(help="What was written with it.", metavar="TEXT")] = None,
) -> None:
    """Record on a deal that a document was sent.

    An email that went out is added to its activities; nothing is sent by this.
    """
    with changing(ctx) as transaction:
        transaction.do(
            catalogue.send(
                transaction.get(Opportunity, deal),
                _sound(transaction, transaction.get(Literature, ref)),
                transaction.now,
                activity_id=transaction.new_activity_id(),
                by=transaction.me,
                contact=transaction.get(Contact, contact).id if contact else None,
                note=note or None,
            )
        )


_SUGGESTIONS = (
    Column("id", "ID"),
    Column("title", "TITLE", shrink=True, min_width=14),
    Column("products", "FOR PRODUCTS", shrink=True),
    Column("stage", "FOR STAGE"),
    Column("sent", "SENT", show=lambda record: str(record.get("sent", ""))[:10]),
    Column("place", "FILE OR ADDRESS", shrink=True, rank=1),
)


def _row(suggestion: Suggestion, stage: str) -> dict[str, object]:
    document = suggestion.document
    row = {
        "id": document.id,
        "title": document.title,
        "products": list(suggestion.products),
        "stage": stage if suggestion.is_for_stage else None,
        "sent": suggestion.sent,
        "place": document.file or document.url,
    }
    return {key: value for key, value in row.items() if value is not None}


def _allow(transaction: Transaction, before: Literature, after: Literature) -> None:
    if (before.file, before.stages) != (after.file, after.stages):
        _sound(transaction, after)


def _sound(transaction: Transaction, document: Literature) -> Literature:
    """The document, if its file is there and its stages are known. Raises PipecliError."""
    require_stages(transaction.settings, document.stages)
    if document.file and not inside(transaction.pipeline.root, document.file).is_file():
        raise PipecliError(
            f"{document.id}: {document.file} is no file of the pipeline",
            hint="copy it there first, or give an address with --url",
        )
    return document


add_set_edit(app, LITERATURE, setting_of(_allow), _allow)
add_remove(app, LITERATURE, way_out="keep it: those deals tell that it was sent")
