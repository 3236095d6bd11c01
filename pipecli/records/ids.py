"""Ids: documents have a prefix and five random characters, master data a slug."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Base 32 without the letters that read as digits (I, L, O) and without U."""
ID_LENGTH = 5

RANDOM = rf"[{CROCKFORD}]{{{ID_LENGTH}}}"

LeadId = Annotated[str, StringConstraints(strict=True, pattern=rf"^LEAD-{RANDOM}$")]
OpportunityId = Annotated[str, StringConstraints(strict=True, pattern=rf"^OPP-{RANDOM}$")]
QuotationId = Annotated[str, StringConstraints(strict=True, pattern=rf"^QTN-{RANDOM}$")]
SupplierQuotationId = Annotated[str, StringConstraints(strict=True, pattern=rf"^SQ-{RANDOM}$")]
OrderId = Annotated[str, StringConstraints(strict=True, pattern=rf"^ORD-{RANDOM}$")]
ActivityId = Annotated[str, StringConstraints(strict=True, pattern=rf"^{RANDOM}$")]
SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"
Slug = Annotated[str, StringConstraints(strict=True, pattern=SLUG, max_length=80)]
