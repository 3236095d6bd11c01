"""`quotation render`: from a quotation's id to a file that a customer can be sent.

The forms are known by the file's ending. PDF is not made yet: asked for one, `render` writes nothing and says
so, rather than a page under a name that promises something else.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pipecli.cli.output import write_text
from pipecli.cli.session import say
from pipecli.errors import PipecliError

if TYPE_CHECKING:
    from pipecli.records.quotation import Quotation
    from pipecli.store.pipeline import Pipeline

_IMAGES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".svg": "image/svg+xml",
}
_LARGEST_LOGO = 1 << 20


def require_html(output: str, key: str) -> None:
    """Refuse a file of a form that can't be written, before any work is done."""
    ending = Path(output).suffix.lower()
    if output == "-" or ending in (".html", ".htm"):
        return
    page = Path(output).with_suffix(".html") if Path(output).name else Path(f"{key}.html")
    if ending == ".pdf":
        raise PipecliError(
            f"{output}: PDF comes with the documents extra, which this version of pipecli does not have yet",
            hint=f"write a page and print it from a browser: pipecli quote render {key} --output {page}",
        )
    raise PipecliError(f"{output}: only .html can be written", hint=f"name it {page}, or - for stdout")


def page_of(pipeline: Pipeline, quotation: Quotation) -> str:
    """The page of one quotation, with the customer, contact and letterhead as they are now."""
    from pipecli.outbox.quotation_page import addressee, quotation_page
    from pipecli.records.lead import Lead
    from pipecli.records.party import Contact, Customer

    to = addressee(
        pipeline.find_record(Customer, quotation.customer),
        pipeline.find_record(Contact, quotation.contact),
        pipeline.find_record(Lead, quotation.lead),
    )
    company = pipeline.settings.company
    return quotation_page(quotation, company, to, _logo(pipeline, company.logo))


def write_page(page: str, key: str, output: str) -> None:
    """Write a page to a file, in place of what it held, or to stdout."""
    if output == "-":
        write_text(page)
        return
    Path(output).write_text(page, encoding="utf-8")
    say(f"{key} is in {output}")


def _logo(pipeline: Pipeline, file: str | None) -> str:
    """The company's logo as a `data:` address; empty, with a word on why, where it can't be used."""
    from base64 import b64encode

    from pipecli.store.location import inside

    if file is None:
        return ""
    path = inside(pipeline.root, file)
    kind = _IMAGES.get(path.suffix.lower())
    if kind is None:
        say(f"company.logo: {file} is none of {', '.join(_IMAGES)}; the page is without it")
    elif not path.is_file():
        say(f"company.logo: there is no file {file}; the page is without it")
    elif path.stat().st_size > _LARGEST_LOGO:
        say(f"company.logo: {file} is larger than 1 MB; the page is without it")
    else:
        return f"data:{kind};base64,{b64encode(path.read_bytes()).decode()}"
    return ""
