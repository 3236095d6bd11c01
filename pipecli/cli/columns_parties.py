"""The columns of the tables of leads, and of customers, contacts, suppliers and competitors."""

from __future__ import annotations

from collections.abc import Mapping

from pipecli.cli.columns import RESPONSE
from pipecli.cli.listing import Shown
from pipecli.cli.table import Column


def _missing(record: Mapping[str, object]) -> str:
    missing = str(record["missing"] or "").split()
    return "all four" if len(missing) == _CRITERIA else ", ".join(missing)


_CRITERIA = 4


def _listed(name: str, heading: str, rank: int) -> Column:
    """A JSON list of the index, its elements with commas."""

    def show(record: Mapping[str, object]) -> str:
        from pipecli.jsontext import loads

        return ", ".join(loads(str(record[name]))) if record[name] else ""

    return Column(name, heading, shrink=True, rank=rank, show=show)


LEADS = (
    Shown(Column("id", "ID"), "id"),
    Shown(Column("organization", "ORGANIZATION", shrink=True, min_width=12), "organization"),
    Shown(Column("name", "NAME", shrink=True, min_width=10), "name"),
    Shown(Column("status", "STATUS"), "status"),
    Shown(
        Column("missing", "MISSING", show=_missing),
        "CASE WHEN status IN ('converted', 'disqualified') THEN NULL ELSE missing END",
    ),
    Shown(Column("score", "SCORE", align="right", rank=3), "score"),
    Shown(Column("next_contact", "NEXT", rank=4), "next_contact"),
    Shown(Column("owner", "OWNER", shrink=True, rank=2), "owner"),
    RESPONSE,
)

CUSTOMERS = (
    Shown(Column("id", "ID", shrink=True, min_width=16), "id"),
    Shown(Column("name", "NAME", shrink=True, min_width=14), "name"),
    Shown(Column("kind", "KIND", rank=4), "kind"),
    Shown(Column("country", "COUNTRY", shrink=True, rank=3), "country"),
    Shown(Column("website", "WEBSITE", shrink=True, rank=2), "website"),
    Shown(
        Column("open", "OPEN", align="right", rank=1),
        "(SELECT count(*) FROM _opportunities o WHERE o.customer = customers.id AND o.status = 'open')",
    ),
    Shown(Column("owner", "OWNER", shrink=True, rank=2), "owner"),
)

CONTACTS = (
    Shown(Column("id", "ID", shrink=True, min_width=14), "id"),
    Shown(Column("name", "NAME", shrink=True, min_width=14), "name"),
    Shown(Column("customer", "CUSTOMER", shrink=True, min_width=10), "customer"),
    Shown(Column("title", "TITLE", shrink=True, rank=3), "title"),
    Shown(_listed("emails", "E-MAIL", 1), "emails"),
    Shown(_listed("phones", "PHONE", 2), "phones"),
)

SUPPLIERS = (
    Shown(Column("id", "ID", shrink=True, min_width=14), "id"),
    Shown(Column("name", "NAME", shrink=True, min_width=14), "name"),
    Shown(Column("country", "COUNTRY", shrink=True, rank=2), "country"),
    Shown(Column("currency", "CURRENCY", rank=3), "currency"),
    Shown(Column("email", "E-MAIL", shrink=True), "email"),
    Shown(Column("phone", "PHONE", rank=1), "phone"),
)


def _deals(status: str, against: str) -> str:
    """How many deals of a status have a competitor, by its slug or its name."""
    return f"(SELECT count(*) FROM _opportunities o WHERE o.status = '{status}' AND {against})"


STANDS_AGAINST = (
    "EXISTS (SELECT 1 FROM json_each(o.competitors) j"
    " WHERE j.value = competitors.id OR casefold(j.value) = casefold(competitors.name))"
)
"""Whether a deal `o` has the competitor of the row."""
LOST_TO = (
    "(o.closed_competitor = competitors.id OR casefold(o.closed_competitor) = casefold(competitors.name))"
)

COMPETITORS = (
    Shown(Column("id", "ID", shrink=True, min_width=14), "id"),
    Shown(Column("name", "NAME", shrink=True, min_width=14), "name"),
    Shown(Column("country", "COUNTRY", shrink=True, rank=2), "country"),
    Shown(Column("website", "WEBSITE", shrink=True, rank=3), "website"),
    Shown(Column("open", "OPEN", align="right"), _deals("open", STANDS_AGAINST)),
    Shown(Column("won", "WON AGAINST", align="right"), _deals("won", STANDS_AGAINST)),
    Shown(Column("lost", "LOST TO", align="right"), _deals("lost", LOST_TO)),
)
