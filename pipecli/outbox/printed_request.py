"""What the request that a supplier is sent says, word by word, in the supplier's language.

Of the deal it is for, of its customer and of what they are to pay, it says nothing.
"""

from __future__ import annotations

from pipecli.outbox.formats import formats_of
from pipecli.outbox.printed import Addressee, Labelled, Printed, described, letterhead, reader
from pipecli.outbox.wording import words_of
from pipecli.records.party import Supplier
from pipecli.records.quotation import SupplierQuotation
from pipecli.records.settings import Company


def printed_request(request: SupplierQuotation, company: Company, supplier: Supplier | None) -> Printed:
    """What a supplier is asked, with room for the answer. One of whom there is no record is named by slug."""
    language = supplier.language if supplier else None
    words, formats = words_of(language), formats_of(language)
    words = words._replace(customer=words.supplier, agreed=words.offered)
    answer_by = formats.day(request.answer_by) if request.answer_by else ""
    to = Addressee(request.supplier)
    if supplier is not None:
        to = Addressee(supplier.name, lines=(supplier.address or "", supplier.country or ""))
    facts = [
        (words.number, request.id),
        (words.date, formats.day(request.date)),
        (words.answer_by, answer_by),
        (words.currency, request.currency),
    ]
    return Printed(
        kind=request.noun,
        id=request.id,
        language=words.language,
        direction=words.direction,
        title=words.request,
        words=words._asdict(),
        company=letterhead(company, words),
        customer=reader(to, words),
        stamp="",
        watermark="",
        facts=[Labelled(label, text) for label, text in facts if text],
        opening=words.please_by.format(day=answer_by) if answer_by else words.please,
        items=[described(item, formats) for item in request.items],
        discounted=False,
        taxed=False,
        sums=[],
        total=Labelled(words.total, ""),
        blanks=[words.lead_time, words.prices_valid_until],
        validity="",
        terms="",
        signature=True,
        custom=dict(request.custom or {}),
    )
