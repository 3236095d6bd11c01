"""The kinds of record (where each lives, how its ids begin, its model), and what identifies an element of a
list.

Importing this module imports no model, so that a reading command stays quick; `Kind.model` does. Users and
teams, which stand in the settings, are kinds, too, where something comes or goes as a table (COLLECTIONS).
"""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pipecli.records.base import Record

ACTIVITY = ("id",)
PAYMENT = ("id",)
ATTACHMENT = ("file",)
STAGE = ("id",)
STAKEHOLDER = ("contact",)
SELLER = ("user",)
ITEM = ("product", "description")
"""Its product, which may stand on several lines, or where it has none its description."""
TIER = ("from",)
AWAY = ("from",)
ASSIGNMENT_RULE = ("name",)

UNIQUE_KEYS = tuple(dict.fromkeys((*ACTIVITY, *PAYMENT, *STAGE, *STAKEHOLDER, *SELLER)))
"""Fields that no two elements of a list share, and that never change: an element with another is another."""
KEYS = (*UNIQUE_KEYS, ITEM[0])
"""And the one that never changes, but may stand twice."""
IDENTIFYING = tuple(dict.fromkeys((*UNIQUE_KEYS, *ITEM, *ATTACHMENT, *TIER, *AWAY, *ASSIGNMENT_RULE)))
"""The fields that may name an element of any list, the surest first."""


def dotted(path: Sequence[object]) -> str:
    """A path as people write it: places in lists, numbers from 0 in the code, count from 1: `items.1.tax`."""
    return ".".join([str(part + 1) if isinstance(part, int) else str(part) for part in path])


def list_index(number: str) -> int | None:
    """The index from 0 that a number from 1 means; None for any other text."""
    return int(number) - 1 if number.isdecimal() and int(number) else None


def counting_hint(path: Sequence[str], length: int) -> str:
    """The hint for a path whose part `length`, which is to name an element of a list, is a 0; else empty."""
    if not path[length].isdecimal() or int(path[length]):
        return ""
    first = ".".join([*path[:length], "1", *path[length + 1 :]])
    return f"they count from 1, the first is {first}"


GITS_OWN = (".gitattributes", ".gitignore", ".mailmap")
"""The files of a work tree that git opens, whatever they are."""
SETTINGS_FILE = "pipecli.yaml"

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Base 32 without the letters that read as digits (I, L, O) and without U."""
ID_LENGTH = 5

RANDOM = rf"[{CROCKFORD}]{{{ID_LENGTH}}}"
EVERY = r"^[1-9]\d{0,2} ((day|week)s?|(month|year)s?( on the (29th|30th|31st))?)$"
SKU = r"^\S(.*\S)?$"
"""Any line of text without blanks at its ends."""
SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"


class Kind(NamedTuple):
    noun: str
    """Its name in the CLI and the schema: `price-list`."""
    folder: str
    """Its folder in the pipeline: `price-lists`; empty for the settings, and what stands in them."""
    prefix: str
    """The beginning of its ids; empty for master data, which is named by slug."""
    module: str
    class_name: str
    identity: str = "id"
    first_status: str = ""
    """The status of a record that says none; empty for a kind without statuses."""

    @property
    def plural(self) -> str:
        """The last word of `import` and `export`: `price-lists`."""
        return self.folder or f"{self.noun}s"

    @property
    def table(self) -> str:
        """Its table in the index and in `sql`."""
        return self.plural.replace("-", "_")

    @property
    def is_document(self) -> bool:
        """True where it has a random id and lives in a folder a month."""
        return bool(self.prefix)

    @property
    def model(self) -> "type[Record]":
        """Its model; that of users and teams is a part of the settings'."""
        return _model(self.module, self.class_name)


@cache
def _model(module: str, name: str) -> "type[Record]":
    model: type[Record] = getattr(import_module(f"pipecli.records.{module}"), name)
    return model


LEAD = Kind("lead", "leads", "LEAD", "lead", "Lead", first_status="new")
OPPORTUNITY = Kind("opportunity", "opportunities", "OPP", "opportunity", "Opportunity", first_status="open")
QUOTATION = Kind("quotation", "quotations", "QTN", "papers", "Quotation", first_status="draft")
SUPPLIER_QUOTATION = Kind(
    "supplier-quotation",
    "supplier-quotations",
    "SQ",
    "papers",
    "SupplierQuotation",
    first_status="requested",
)
ORDER = Kind("order", "orders", "ORD", "papers", "Order", first_status="open")
INVOICE = Kind("invoice", "invoices", "INV", "papers", "Invoice", first_status="draft")
CUSTOMER = Kind("customer", "customers", "", "customer", "Customer")
CONTACT = Kind("contact", "contacts", "", "customer", "Contact")
SUPPLIER = Kind("supplier", "suppliers", "", "customer", "Supplier")
COMPETITOR = Kind("competitor", "competitors", "", "customer", "Competitor")
PRODUCT = Kind("product", "products", "", "catalogue", "Product", "sku")
PRICE_LIST = Kind("price-list", "price-lists", "", "catalogue", "PriceList")
LITERATURE = Kind("literature", "literature", "", "catalogue", "Literature")

KINDS = (
    LEAD, OPPORTUNITY, QUOTATION, SUPPLIER_QUOTATION, ORDER, INVOICE,
    CUSTOMER, CONTACT, SUPPLIER, COMPETITOR, PRODUCT, PRICE_LIST, LITERATURE,
)  # fmt: skip
BY_NOUN = {kind.noun: kind for kind in KINDS}
BY_PREFIX = {kind.prefix: kind for kind in KINDS if kind.prefix}
BY_FOLDER = {kind.folder: kind for kind in KINDS}
SETTINGS = Kind("settings", "", "", "settings", "Settings")

USERS, TEAMS = Kind("user", "", "", "settings", "User"), Kind("team", "", "", "settings", "Team")
COLLECTIONS = (*KINDS, USERS, TEAMS)
"""What comes and goes as a table."""
PARENTS = {
    "items": ("opportunity", "quotation", "order", "supplier-quotation"),
    "activities": ("opportunity", "lead"),
}
"""The kinds of record that have a list whose elements come as a file of their own."""
COLLECTIONS_BY_NOUN = {kind.noun: kind for kind in COLLECTIONS}
_SHORT = {"opp": "opportunity", "quote": "quotation", "supplier-quote": "supplier-quotation"}


def collection_named(word: str) -> Kind | None:
    """The kind that a person means by a noun, singular or plural, or its short alias."""
    plain = word.strip().lower().replace("_", "-")
    singular = plain if plain in _SHORT else plain.removesuffix("s")
    named = (
        kind for kind in COLLECTIONS if plain in (kind.noun, kind.plural) or _SHORT.get(singular) == kind.noun
    )
    return next(named, None)


CLOSED_LISTS = {"reason": "reasons", "competitor": "competitors"}
"""The keys of `closed` that held one value before 1.0, and those that hold several."""


def closed_in_lists(closed: Mapping[str, Any]) -> dict[str, Any]:
    """A `closed` section in today's keys; one that has an old key and its new one stays as it is."""
    if CLOSED_LISTS.keys().isdisjoint(closed):
        return {**closed}
    renamed = {old: new for old, new in CLOSED_LISTS.items() if new not in closed}
    return {
        renamed.get(key, key): [value] if key in renamed and value is not None else value
        for key, value in closed.items()
    }


def closed_list(closed: Mapping[str, Any], key: str) -> list[Any]:
    """The `reasons` or the `competitors` of a plain section, in the old form or the new; [] of none."""
    values = closed_in_lists(closed).get(key)
    return values if isinstance(values, list) else []


def kind_of(file: str) -> Kind | None:
    """The kind of record that a path of the pipeline holds; None for any other file."""
    return BY_FOLDER.get(file.partition("/")[0]) if file.endswith(".yaml") else None


def record_kind(path: str) -> Kind | None:
    """The kind of record at a path of the pipeline, the settings being one; None for other files."""
    return SETTINGS if path == SETTINGS_FILE else kind_of(path)
