"""Records as tables that `import` reads back, a whole pipeline with its plan, and invoices for bookkeeping.

Invoices and payments are entries of hledger or beancount, in the currency of the invoice. The accounts are
few, and renamed there: both programs have aliases for that.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from pipecli.harmless_text import spreadsheet_cell
from pipecli.json_and_csv import free_cell, list_cell, plain_cell
from pipecli.records.kinds import COLLECTIONS, Kind
from pipecli.wording import count

Plain = Mapping[str, Any]
Cells = dict[str, str]


def csv_text(records: Sequence[Plain], delimiter: str = ",") -> str:
    """Records as CSV, cells that a spreadsheet would run as formulas guarded; with a header, even alone."""
    rows = [dict(_cells(record, "")) for record in records]
    columns = _columns(rows)
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow([spreadsheet_cell(column) for column in columns])
    writer.writerows([[spreadsheet_cell(row.get(column, "")) for column in columns] for row in rows])
    return out.getvalue()


def _columns(rows: Iterable[Cells]) -> list[str]:
    """Every column of any row, each after the one it follows there: the order of the files' keys."""
    columns: list[str] = []
    known: set[str] = set()
    for row in rows:
        if row.keys() <= known:
            continue
        place = 0
        for column in row:
            if column in known:
                place = columns.index(column) + 1
            else:
                columns.insert(place, column)
                known.add(column)
                place += 1
    return columns


def _cells(value: Any, path: str) -> Iterator[tuple[str, str]]:
    match value:
        case dict():
            for key, part in value.items():
                inner = f"{path}.{key}" if path else key
                yield from _free(part, inner) if inner == "custom" else _cells(part, inner)
        case list() if any(isinstance(part, (dict, list)) for part in value):
            for number, part in enumerate(value, 1):
                yield from _cells(part, f"{path}.{number}")
        case list():
            yield path, list_cell(value)
        case _:
            yield path, plain_cell(value)


def _free(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """The cells below `custom`, where no model tells the types: lists and odd keys stay JSON."""
    if isinstance(value, dict) and value and all(_is_name(key) for key in value):
        for key, part in value.items():
            yield from _free(part, f"{path}.{key}")
    else:
        yield path, free_cell(value)


def _is_name(key: str) -> bool:
    """True for a key that can be a part of a dotted name and be read back from it."""
    return "." not in key and key == " ".join(key.split()) != ""


Document = dict[str, Any]

_ORDER = (
    "users", "teams", "competitors", "suppliers", "customers", "contacts", "products", "price-lists",
    "literature", "leads", "opportunities", "supplier-quotations", "quotations", "orders", "invoices",
)  # fmt: skip


def collections() -> list[Kind]:
    """Every kind that is exported, in the order in which `import run` reads them; a new one before leads."""
    places = {plural: place for place, plural in enumerate(_ORDER)}
    return sorted(COLLECTIONS, key=lambda kind: places.get(kind.plural, places["leads"] - 0.5))


def export_files(records: Mapping[str, Sequence[Document]], settings: str) -> dict[str, str]:
    """The files of an export by name; `records` are those of each kind by its plural, `settings` a text."""
    files = {f"{plural}.csv": csv_text(several) for plural, several in records.items() if several}
    if contacts := records.get("contacts"):
        customers = {str(one["id"]): str(one.get("name", one["id"])) for one in records.get("customers", ())}
        files["contacts.vcf"] = vcard_book(contacts, customers)
    files["settings.yaml"] = settings
    plan = ["# Read back with: pipecli import run DIR", "vendor: pipecli", "source: .", "files:"]
    plan += [f"- kind: {plural}\n  file: {plural}.csv" for plural, several in records.items() if several]
    files["plan.yaml"] = "\n".join(plan) + "\n"
    files["README.md"] = _readme(records)
    return files


def _readme(records: Mapping[str, Sequence[Document]]) -> str:
    lines = [
        "# An export of a pipeline",
        "",
        "CSV in UTF-8, a file a kind, a row a record; the columns are the fields of the records' files,",
        "dotted where they are nested. `pipecli import run` on this folder, or on a zip of it, reads all of",
        "it into another pipeline: the settings whole where that has no records, else the processes, types",
        "and reasons that it lacks. `contacts.vcf`: for address books. Below lie the files that records and",
        "settings name: what is attached, literature, a logo, templates. Comments in records stay behind.",
    ]
    for plural, several in records.items():
        if several:
            header = csv_text(several).partition("\r\n")[0].split(",")
            names = ", ".join(f"`{name}`" for name in header)
            lines += ["", f"## {plural}.csv", "", f"{count(len(several), 'row', ',')}: {names}"]
    return "\n".join(lines) + "\n"


def vcard_book(contacts: Iterable[Document], customers: Mapping[str, str]) -> str:
    """Contacts as vCards, with the names of their customers."""
    return "".join(_card(contact, customers) for contact in contacts)


def _card(contact: Document, customers: Mapping[str, str]) -> str:
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
    if tags := contact.get("tags"):
        lines.append(f"CATEGORIES:{','.join(map(_text, tags))}")
    if language := contact.get("language"):
        lines.append(f"LANG:{language}")  # of vCard 4.0; older readers leave out what they don't know
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


_RECEIVABLE = ("Assets", "Receivable")
_SALES = ("Income", "Sales")
_TAX = ("Liabilities", "Tax")
_BANK = ("Assets", "Bank")


class Posting(NamedTuple):
    account: tuple[str, ...]
    amount: Decimal


class Entry(NamedTuple):
    day: str
    what: str
    who: str
    number: str
    currency: str
    postings: tuple[Posting, ...]

    def text(self, head: str, indent: str) -> str:
        """Its head, and its postings below, one on each line."""
        names = ((":".join(account), amount) for account, amount in self.postings)
        lines = [f"{indent}{name}  {amount:f} {self.currency}" for name, amount in names]
        return "\n".join([head, *lines]) + "\n"


def ledger_entries(invoices: Iterable[Mapping[str, Any]]) -> Iterator[Entry]:
    """The entries of issued invoices as `invoice show --format json` has them.

    Amounts of credit notes are negative, and so are theirs.
    """
    for invoice in invoices:
        customer = (*_RECEIVABLE, _part(invoice["customer"]))
        who, number, currency = invoice.get("customer_name", ""), invoice["number"], invoice["currency"]
        taxes = [
            Posting((*_TAX, _part(f"T{rate}")), -Decimal(str(tax)))
            for rate, tax in invoice["tax_by_rate"].items()
            if tax
        ]
        postings = (
            Posting(customer, Decimal(str(invoice["total"]))),
            Posting(_SALES, -Decimal(str(invoice["amount"]))),
            *taxes,
        )
        what, sign = ("Credit note", -1) if "credits" in invoice else ("Invoice", 1)
        yield Entry(str(invoice["date"]), f"{what} {number}", who, number, currency, postings)
        for payment in invoice.get("payments", ()):
            paid = sign * Decimal(str(payment["amount"]))
            both = (Posting(_BANK, paid), Posting(customer, -paid))
            yield Entry(str(payment["date"]), f"Payment of {number}", who, number, currency, both)


def _part(text: str) -> str:
    """A part of an account's name: letters, figures and hyphens, with a capital or a figure at its start."""
    words = re.sub(r"[^A-Za-z0-9-]+", "-", str(text)).strip("-") or "Unnamed"
    return words[0].upper() + words[1:]


def hledger(invoices: Iterable[Mapping[str, Any]]) -> str:
    """A journal of hledger, and of ledger: the amounts of each entry sum to nothing."""
    return "\n".join(
        entry.text(f"{entry.day} ({_plain(entry.number)}) {_plain(entry.who)} | {_plain(entry.what)}", "    ")
        for entry in _ordered(invoices)
    )


def beancount(invoices: Iterable[Mapping[str, Any]]) -> str:
    """A file of beancount with the accounts opened on the first day they are used."""
    entries = list(_ordered(invoices))
    opened: dict[str, date | str] = {}
    for entry in entries:
        for posting in entry.postings:
            opened.setdefault(":".join(posting.account), entry.day)
    head = "".join(f"{day} open {account}\n" for account, day in opened.items())
    texts = [head] if head else []
    for entry in entries:
        link = re.sub(r"[^A-Za-z0-9._/-]", "-", entry.number)
        words = f'{entry.day} * "{_quoted(entry.who)}" "{_quoted(entry.what)}" ^{link}'
        texts.append(entry.text(words, "  "))
    return "\n".join(texts)


def _ordered(invoices: Iterable[Mapping[str, Any]]) -> list[Entry]:
    return sorted(ledger_entries(invoices), key=lambda entry: (entry.day, entry.number))


def _plain(text: str) -> str:
    """A text that no sign of a journal's own ends: a comment, a code, the note of a payee."""
    return re.sub(r"[;|()\x00-\x1f]+", " ", text).strip()


def _quoted(text: str) -> str:
    return re.sub(r"[\x00-\x1f]+", " ", text).replace("\\", "\\\\").replace('"', '\\"')
