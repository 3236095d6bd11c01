"""Ids: documents have a prefix and five random characters, master data a slug."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Base 32 without the letters that read as digits (I, L, O) and without U."""
ID_LENGTH = 5

_RANDOM = rf"[{CROCKFORD}]{{{ID_LENGTH}}}"

LeadId = Annotated[str, StringConstraints(strict=True, pattern=rf"^LEAD-{_RANDOM}$")]
OpportunityId = Annotated[str, StringConstraints(strict=True, pattern=rf"^OPP-{_RANDOM}$")]
QuotationId = Annotated[str, StringConstraints(strict=True, pattern=rf"^QTN-{_RANDOM}$")]
SupplierQuotationId = Annotated[str, StringConstraints(strict=True, pattern=rf"^SQ-{_RANDOM}$")]
OrderId = Annotated[str, StringConstraints(strict=True, pattern=rf"^ORD-{_RANDOM}$")]
ActivityId = Annotated[str, StringConstraints(strict=True, pattern=rf"^{_RANDOM}$")]
SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"
Slug = Annotated[str, StringConstraints(strict=True, pattern=SLUG, max_length=80)]
