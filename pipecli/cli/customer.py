"""`pipecli customer`, `contact`, `supplier` and `competitor`: the organisations and people we deal with."""

from __future__ import annotations

from inspect import Parameter
from typing import Any, Literal, cast

from pipecli.cli.common.command import (
    SETS,
    TAGS,
    Changing,
    argument,
    field,
    noun,
    option,
    option_of,
    with_fields,
)
from pipecli.cli.common.edit import NOTES
from pipecli.cli.common.record_verbs import (
    Rule,
    given_slug,
    names_by_slug,
    register_assign,
    register_merge,
    register_remove,
    register_set_and_edit,
)
from pipecli.cli.common.transaction import Transaction
from pipecli.cli.common.typed_values import as_typed, built
from pipecli.errors import PipecliError
from pipecli.records.kinds import COMPETITOR, CONTACT, CUSTOMER, SUPPLIER, Kind
from pipecli.store.ids_and_files import slug
from pipecli.store.index.rows_for_verbs import customer_parents
from pipecli.workflow import Change
from pipecli.workflow.customer import (
    Party,
    add_party,
    merge_contacts,
    merge_customers,
    normalized,
    refuse_own_parent,
)

app = noun()

_WEBSITE = field("website", "Its website.", "URL")
_ADDRESS = field("address", "Its postal address.", "TEXT")
_COUNTRY = field("country", "Its country.", "NAME")
_LANGUAGE = field("language", "Its language, such as es or fa.", "TAG")


def _give_add(kind: Kind, help_text: str, *fields: Parameter, allow: Rule | None = None) -> None:
    """Give a noun whose records people call by a name its `add`, with an option for each of these fields."""

    @app.command(f"{kind.noun} add", cls=Changing, help=help_text)
    @with_fields(*fields, TAGS, NOTES, SETS)
    def add(
        transaction: Transaction,
        name_or_slug: str | None = argument(
            "What people call it; with --name, its slug.", "NAME", default=None
        ),
        name: str | None = option("What people call it.", "TEXT", "--name"),
        sets: list[str] | None = None,
        **given: Any,
    ) -> Change:
        slug, called = _slug_and_name(kind.noun, name_or_slug, name)
        given = as_typed(kind.model, given, transaction.session) | {"id": slug, "name": called}
        record = built(kind.model, given, sets, transaction.session)
        free = transaction.new_slug(kind.noun, slug)
        if allow:
            allow(transaction, None, record)
        return add_party(cast("Party", record), names_by_slug(transaction, kind.noun), free=free)


def _slug_and_name(noun: str, argument: str | None, name: str | None) -> tuple[str, str]:
    """The slug and the name of `add "Contoso Coffee"`, or of `add contoso-coffee --name "Contoso Coffee"`.

    Raises PipecliError.
    """
    text = (name or argument or "").strip()
    if not text:
        code = "usage" if name is None and argument is None else "refused"
        raise PipecliError(f"a {noun} needs a name", hint=f'pipecli {noun} add "Contoso Coffee"', code=code)
    return given_slug(argument, noun) if name and argument else slug(text), text


def _own_parent(transaction: Transaction, before: Any, customer: Any) -> None:
    if before is None or before.parent != customer.parent:
        refuse_own_parent(customer, _parents(transaction))


def _parents(transaction: Transaction) -> dict[str, str]:
    return customer_parents(transaction.connection)


_give_add(
    CUSTOMER,
    "Add a customer; prints its slug.",
    option_of(
        "kind", "organization", of=Literal["organization", "person"], help="A person buys for themselves."
    ),
    field("email", "Its own e-mail address.", "ADDRESS"),
    field("phone", "Its own telephone number.", "NUMBER"),
    *(_WEBSITE, _ADDRESS, _COUNTRY, _LANGUAGE),
    field("tax_id", "Its tax number.", "TEXT"),
    field("industry", "Its industry.", "TEXT"),
    field("owner", "Who looks after it.", "USER"),
    field("parent", "The customer it belongs to.", "CUSTOMER"),
    allow=_own_parent,
)
register_set_and_edit(app, CUSTOMER, rule=_own_parent, tidied=normalized)
register_assign(app, CUSTOMER)


register_merge(
    app,
    CUSTOMER,
    lambda transaction, goes, stays, naming: merge_customers(
        goes, stays, naming, parents=_parents(transaction)
    ),
    "Merge one customer into another, with all that names it.",
)
register_remove(app, CUSTOMER, way_out="merge it into another: pipecli customer merge {key} INTO")


_give_add(
    CONTACT,
    "Add a contact; prints its slug.",
    field("customer", "Where they work.", "CUSTOMER"),
    field("emails", "An e-mail address; repeatable.", "ADDRESS", "--email", of=list[str] | None),
    field("phones", "A telephone number; repeatable.", "NUMBER", "--phone", of=list[str] | None),
    field("title", "Their job title.", "TEXT"),
    field("language", "Their language, such as es or fa.", "TAG"),
)
register_set_and_edit(app, CONTACT, tidied=normalized)


register_merge(
    app,
    CONTACT,
    lambda _, goes, stays, naming: merge_contacts(goes, stays, naming),
    "Merge one contact into another, with all that names it.\n\n"
    "INTO gets both addresses. On a deal that has both, INTO keeps its role, and is primary if either "
    "was.",
)
register_remove(app, CONTACT, way_out="merge it into another: pipecli contact merge {key} INTO")


_give_add(
    SUPPLIER,
    "Add a supplier; prints its slug.",
    field("email", "Its e-mail address.", "ADDRESS"),
    field("phone", "Its telephone number.", "NUMBER"),
    *(_WEBSITE, _ADDRESS, _COUNTRY, _LANGUAGE),
    field("currency", "The currency it quotes in.", "CODE"),
)
register_set_and_edit(app, SUPPLIER, tidied=normalized)
register_remove(app, SUPPLIER)


_give_add(
    COMPETITOR,
    "Add a competitor; prints its slug.\n\n"
    "Deals that already name it, by slug or by name, belong to it from then on.",
    *(_WEBSITE, _COUNTRY),
    field("strengths", "What it does better.", "TEXT"),
    field("weaknesses", "What we do better.", "TEXT"),
)
register_set_and_edit(app, COMPETITOR)
register_remove(app, COMPETITOR, way_out="strike it out there: pipecli opp competitor remove OPP {key}")
