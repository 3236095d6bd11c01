"""A whole pipeline as tables: a CSV a kind, contacts as vCards, and the plan for `import run`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipecli.outbox.export import csv_text
from pipecli.records.kinds import COLLECTIONS, Collection
from pipecli.store.yaml.write import entry_lines

Plain = dict[str, Any]

_ORDER = (
    "users", "teams", "competitors", "suppliers", "customers", "contacts", "products", "price-lists",
    "literature", "leads", "opportunities", "supplier-quotations", "quotations", "orders",
)  # fmt: skip
_OF_A_MOVE = ("processes", "opportunity_types", "lost_reasons")
"""The settings that a move proposes: without them the records aren't valid."""


def collections() -> list[Collection]:
    """Every kind that is exported, in the order in which `import run` reads them."""
    return sorted(COLLECTIONS, key=lambda collection: _ORDER.index(collection.plural))


def pages(records: Mapping[str, Sequence[Plain]], settings: Plain) -> dict[str, str]:
    """The files of an export by name; `records` are those of each kind, by its plural."""
    files = {f"{plural}.csv": csv_text(several) for plural, several in records.items() if several}
    if contacts := records.get("contacts"):
        customers = {str(one["id"]): str(one.get("name", one["id"])) for one in records.get("customers", ())}
        files["contacts.vcf"] = "".join(_card(contact, customers) for contact in contacts)
    files["settings.yaml"] = "".join(
        f"{line}\n" for key in _OF_A_MOVE if settings.get(key) for line in entry_lines(key, settings[key], 0)
    )
    files["plan.yaml"] = _plan([plural for plural, several in records.items() if several])
    files["README.md"] = _readme(records)
    return files


def _plan(plurals: Sequence[str]) -> str:
    lines = ["# Read back with: pipecli import run DIR", "vendor: pipecli", "source: .", "files:"]
    for plural in plurals:
        lines += [f"- kind: {plural}", f"  file: {plural}.csv"]
    return "\n".join(lines) + "\n"


def _readme(records: Mapping[str, Sequence[Plain]]) -> str:
    """The files and their columns."""
    lines = [
        "# An export of a pipeline",
        "",
        "CSV in UTF-8, a file a kind, a row a record; the columns are the fields of the records' files,",
        "dotted where they are nested. `pipecli import run` on this folder reads all of it into another",
        "pipeline; of the settings it takes processes, types and reasons. `contacts.vcf`: for address books.",
    ]
    for plural, several in records.items():
        if several:
            header = csv_text(several).partition("\r\n")[0].split(",")
            lines += [
                "",
                f"## {plural}.csv",
                "",
                f"{len(several):,} rows: {', '.join(f'`{name}`' for name in header)}",
            ]
    return "\n".join(lines) + "\n"


def _card(contact: Plain, customers: Mapping[str, str]) -> str:
    """A contact as a vCard 3.0, which every address book reads."""
    first, _, last = str(contact["name"]).rpartition(" ")
    lines = ["BEGIN:VCARD", "VERSION:3.0", f"UID:{_text(contact['id'])}", f"FN:{_text(contact['name'])}"]
    lines.append(f"N:{_text(last)};{_text(first)};;;")
    if customer := contact.get("customer"):
        lines.append(f"ORG:{_text(customers.get(str(customer), customer))}")
    for field, name in (("title", "TITLE"), ("notes", "NOTE")):
        if contact.get(field):
            lines.append(f"{name}:{_text(contact[field])}")
    lines += [f"EMAIL;TYPE=INTERNET:{_text(email)}" for email in contact.get("emails", ())]
    lines += [f"TEL:{_text(phone)}" for phone in contact.get("phones", ())]
    lines.append("END:VCARD")
    return "".join(folded for line in lines for folded in _folded(line))


def _text(value: object) -> str:
    text = str(value).replace("\\", "\\\\").replace("\n", "\\n")
    return text.replace(",", "\\,").replace(";", "\\;")


def _folded(line: str) -> Iterator[str]:
    """A line in pieces of at most 75 bytes, as RFC 2426 wants them."""
    piece, size = "", 0
    for char in line:
        width = len(char.encode())
        if size + width > 75:
            yield f"{piece}\r\n"
            piece, size = " ", 1
        piece, size = piece + char, size + width
    yield f"{piece}\r\n"
