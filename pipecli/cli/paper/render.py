"""`render`: from a quotation's, an order's or a request's id to a file that its reader can be sent.

The form is known by the file's ending. A file is written whole or not at all.
"""

from __future__ import annotations

import os
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from pipecli.cli.common.command import Ref, flag, noun
from pipecli.cli.common.names_and_questions import find_typed
from pipecli.cli.common.output import ending_of, write_text, write_whole
from pipecli.cli.common.session import Session, say
from pipecli.errors import PipecliError
from pipecli.extras import missing_extras, require_extra
from pipecli.outbox import factur_x
from pipecli.outbox.mail import own_template
from pipecli.outbox.printed_papers import (
    Printed,
    Revisions,
    addressee,
    printed_invoice,
    printed_order,
    printed_quotation,
    printed_request,
)
from pipecli.outbox.typesetting import Form, PageTemplate, Typeset, default_template, typeset
from pipecli.records.base import Document, Record
from pipecli.records.customer import Contact, Customer, Supplier
from pipecli.records.kinds import INVOICE, ORDER, QUOTATION, SUPPLIER_QUOTATION, Kind
from pipecli.records.lead import Lead
from pipecli.records.papers import Invoice, Order, Quotation, SupplierQuotation
from pipecli.store.pipeline import Pipeline
from pipecli.store.safe_files import path_inside

Output = Annotated[
    str,
    typer.Option(
        "--output", "-o", help="The file to write, .pdf or .html; - for HTML on stdout.", metavar="FILE"
    ),
]

Language = Annotated[str | None, typer.Option(help="The language of the mail: en, es or fa.", metavar="TAG")]

_IMAGES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg")
_LARGEST_LOGO = 1 << 20


app = noun()


def _add_render(verb: str, kind: Kind, help_text: str) -> None:
    @app.command(verb, help=help_text)
    def render(run: Session, ref: Ref, output: Output) -> None:
        _render(run, kind, ref, output)


_FOR_A_CUSTOMER = "as a PDF or a page for the customer."
_add_render("quotation render", QUOTATION, f"Write a quotation {_FOR_A_CUSTOMER}")
_add_render("order render", ORDER, f"Write an order {_FOR_A_CUSTOMER}")
_add_render(
    "supplier-quote render",
    SUPPLIER_QUOTATION,
    "Write the request as a PDF or a page for the supplier. It names neither the customer nor our prices.",
)


@app.command("invoice render")
def render_invoice(run: Session, ref: Ref, output: Output) -> None:
    """Write an invoice or a credit note as a PDF or a page.

    With the extra `factur-x` the PDF also contains it as EN 16931; FILE.xml is only that.
    """
    if output.lower().endswith(".xml"):
        invoice = run.pipeline.get(Invoice, find_typed(run, ref, INVOICE).key)
        require_extra("factur-x")
        if not invoice.number:
            raise PipecliError(
                f"{invoice.id} is a draft", hint=f"issue it first: pipecli invoice issue {invoice.id}"
            )
        _write(output, _xml_of(run.pipeline, invoice), invoice.id)
        return
    _render(run, INVOICE, ref, output)


@app.command("quotation template")
def template(
    email: bool = flag("--email", "The template of the mail instead."),
    language: Language = None,
) -> None:
    """Print the template of documents, as a start for your own."""
    write_text(own_template(QUOTATION.noun, language).text if email else default_template())


@app.command("invoice template")
def invoice_template(language: Language = None) -> None:
    """Print the template of the mail, as a start for your own."""
    write_text(own_template(INVOICE.noun, language).text)


def _render(run: Session, kind: Kind, ref: str, output: str) -> None:
    """Write the document that a person names, as PDF or HTML."""
    pipeline = run.pipeline
    key = find_typed(run, ref, kind).key
    # Refused for any other ending, before work is done.
    endings = (".pdf", ".html", ".xml") if kind == INVOICE else (".pdf", ".html")
    form: Form = "pdf" if output != "-" and ending_of(output, endings, key) == ".pdf" else "html"
    require_extra("pdf")
    record: Record = pipeline.get(kind.model, key)
    content = typeset_as(form, pipeline, printed_of(pipeline, record), record)
    if output == "-":
        write_text(content.decode())
        return
    _write(output, content, key)


def _write(output: str, content: bytes, key: str) -> None:
    write_whole(output, content)
    say(f"{key} is in {output}")


def _xml_of(pipeline: Pipeline, invoice: Invoice) -> bytes:
    return factur_x.xml_of(
        invoice,
        pipeline.settings.company,
        pipeline.get(Customer, invoice.customer),
        pipeline.find_record(Order, invoice.order),
        pipeline.find_record(Invoice, invoice.credits),
    )


def printed_of(pipeline: Pipeline, record: Record) -> Printed:
    """The text of a document, with its reader and the letterhead as they are now."""
    company = pipeline.settings.company
    if isinstance(record, SupplierQuotation):
        return printed_request(record, company, pipeline.find_record(Supplier, record.supplier))
    assert isinstance(record, (Quotation, Order, Invoice))
    to = addressee(
        pipeline.find_record(Customer, record.customer),
        pipeline.find_record(Contact, record.contact),
        pipeline.find_record(Lead, record.lead if isinstance(record, Quotation) else None),
    )
    if isinstance(record, Invoice):
        return printed_invoice(record, company, to, pipeline.find_record(Invoice, record.credits))
    if isinstance(record, Order):
        return printed_order(record, company, to)
    return printed_quotation(record, company, to, _revisions(pipeline, record))


def _revisions(pipeline: Pipeline, quotation: Quotation) -> Revisions:
    """The number of a quotation among its revisions, and the ids of those that came after."""
    siblings = pipeline.all(type(quotation), opportunity=quotation.opportunity)
    before = {sibling.id: sibling.revision_of for sibling in siblings}
    chain = [quotation.id]
    while (older := before.get(chain[-1])) and older not in chain:  # files can be made to go round
        chain.append(older)
    newer = sorted(sibling.id for sibling in siblings if sibling.revision_of == quotation.id)
    return Revisions(len(chain), ", ".join(newer))


def typeset_as(form: Form, pipeline: Pipeline, printed: Printed, record: Record) -> bytes:
    """The document as PDF or HTML, with a word on what is not in it."""
    assert isinstance(record, Document)
    template = _template(pipeline)
    fonts = path_inside(pipeline.root, "templates/fonts")
    done = typeset(printed, template, form=form, fonts=fonts, logo=_logo(pipeline), created=record.created)
    if not done.logo_is_read:
        file = pipeline.settings.company.logo
        say(f"company.logo: {file} can't be read as an image; the document is without it")
    if done.missing:
        say(
            f"no font here has {done.missing[:40]}: boxes are in their place; "
            "install a font that has them, or put it into templates/fonts/"
        )
    if done.sheet:
        say(f"{done.sheet}: HTML has no sheets: what `set page` puts on each of them is left out")
    if form == "pdf" and isinstance(record, Invoice) and record.number and "factur-x" not in missing_extras():
        return _electronic(pipeline, record, printed, done)
    return done.content


def _electronic(pipeline: Pipeline, invoice: Invoice, printed: Printed, done: Typeset) -> bytes:
    """The PDF of an invoice with EN 16931 in it; without, and a word on why, where that isn't to be had."""
    try:
        if done.missing:
            raise PipecliError("a PDF for it has every character")
        xml = _xml_of(pipeline, invoice)
    except PipecliError as error:
        say(f"the PDF is without Factur-X: {error.message}" + (f"; {error.hint}" if error.hint else ""))
        return done.content
    return factur_x.embedded(
        done.content,
        xml,
        language=printed.language,
        title=f"{printed.title} {printed.id}",
        author=printed.company.name,
    )


def _template(pipeline: Pipeline) -> PageTemplate | None:
    """The template that the settings name; None for the one of pipecli."""
    file = pipeline.settings.quotations.template
    if file is None:
        return None
    folder = pipeline.root / "templates"
    named = f"templates/{file}"
    path = path_inside(pipeline.root, named)
    if os.path.realpath(path) != str(folder / file):
        raise PipecliError(
            f"quotations.template: {named} is a link or leads elsewhere", hint="put the file itself there"
        )
    if not path.is_file():
        raise PipecliError(
            f"quotations.template: the file {named} is missing",
            hint=f"begin with the one of pipecli: pipecli quote template > {quote(named)}",
        )
    return PageTemplate(folder, file)


def _logo(pipeline: Pipeline) -> Path | None:
    """The company's logo; None, with a word on why, where it can't be used."""
    file = pipeline.settings.company.logo
    if file is None:
        return None
    path = path_inside(pipeline.root, file)
    if path.suffix.lower() not in _IMAGES:
        say(f"company.logo: {file} isn't one of {', '.join(_IMAGES)}; the document is without it")
    elif not path.is_file():
        say(f"company.logo: the file {file} is missing; the document is without it")
    elif path.stat().st_size > _LARGEST_LOGO:
        say(f"company.logo: {file} is larger than 1 MB; the document is without it")
    else:
        return path
    return None
