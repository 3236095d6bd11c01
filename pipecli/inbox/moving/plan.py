"""`import plan`: from the files of an export to mappings, proposed settings, and what it could not know.

It reads, and touches no record. With the answers it is made again, so that each reaches all it decides.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pipecli.errors import PipecliError
from pipecli.inbox.importing.compile_mapping import texts
from pipecli.inbox.importing.import_files import File
from pipecli.inbox.importing.mapping import mapping_page
from pipecli.inbox.importing.rows_of_file import rows_of_file, tables_of_file
from pipecli.inbox.importing.table import FileFormat, Table, whole_rows
from pipecli.inbox.moving import PLAN_FILE, plan_files, recognise_vendor
from pipecli.inbox.moving import duplicate_tables_and_columns as overlaps
from pipecli.inbox.moving import guess_or_ask_formats as formats
from pipecli.inbox.moving import lines_and_sums as lines
from pipecli.inbox.moving import papers_and_lines as papers
from pipecli.inbox.moving.arithmetic import price_of_one
from pipecli.inbox.moving.deal_outcomes import OF_DEALS, Columns, Deals
from pipecli.inbox.moving.duplicate_tables_and_columns import Known, table_name
from pipecli.inbox.moving.endings import columns_to_fill, with_ends, with_hour, without_deleted
from pipecli.inbox.moving.findings import Findings, are_active, know_users, owners, tell_doubles, why_unknown
from pipecli.inbox.moving.plan_files import SETTINGS_PAGE, Step, filled, plan_page, settings_page
from pipecli.inbox.moving.recognise_by_words import Recognised, by_words, columns_for, columns_of_deals
from pipecli.inbox.moving.recognise_papers import with_contacts, with_papers_and_lines
from pipecli.inbox.moving.vocabulary import kinds_of_rows, of_activity, patterns
from pipecli.records.compare_names import is_code
from pipecli.store import ids_and_files
from pipecli.store.pipeline import Pipeline
from pipecli.wording import count, first_of

_HALVES = ("first_name", "last_name")
_ADDRESS = ("street", "house", "street2", "city", "region", "postcode")
_MOST_NAMED = 12  # columns without a field that the summary names


@dataclass
class Plan:
    """The files of a plan, and what is said of them."""

    vendor: str
    source: str
    """How it names its export."""
    findings: Findings
    steps: list[Step] = field(default_factory=list)
    pages: dict[str, str] = field(default_factory=dict)
    """The files to write, by name."""
    tables: dict[str, Table] = field(default_factory=dict)
    """The rows that each mapping is for, by its name."""
    summary: list[str] = field(default_factory=list)
    """What goes where."""
    unknown: list[str] = field(default_factory=list)
    """Files that nobody knows."""

    def leave_out(self, step: Step, why: str) -> None:
        """Take a file out of the plan, and tell why."""
        self.steps.remove(step)
        del self.pages[step.map]
        self.findings.assumed.append(why)
        self.pages[PLAN_FILE] = plan_page(self)


def make_plan(
    files: Sequence[File],
    pipeline: Pipeline,
    source: str,
    vendor: str | None,
    answers: Mapping[str, Any] | None = None,
) -> Plan:
    """The plan for the files of an export, which knows the records here. Raises PipecliError."""
    recognise_vendor.check_vendor(vendor)
    settings = pipeline.settings
    contents = {file.name: file.content for file in files if file.content.strip()}
    tables = [table for name, raw in contents.items() for table in tables_of_file(raw, name) if table.columns]
    tables = [*map(lines.read_again, lines.with_stages_of_sheets(tables))]
    pairs = list(zip(tables, recognise_vendor.recognise(tables, vendor), strict=True))
    for number, (table, told) in enumerate(pairs):
        if line := formats.header_line(table):
            with suppress(PipecliError):
                form = FileFormat(header=line, sheet=table.sheet or None)
                below = rows_of_file(contents[table.name], table.name, form)
                better = recognise_vendor.recognise([below], vendor)[0]
                if told is None or (better and len(better.columns) > len(told.columns)):
                    pairs[number] = (below, better)
    leading = recognise_vendor.leading_vendor(told for _, told in pairs if told)
    process = leading or "sales"
    findings = Findings(settings, answers or {}, leading, pipeline.today, process, query=pipeline.query)
    pairs = with_papers_and_lines([(whole_rows(table), told) for table, told in pairs], findings)
    parts = [(table, recognise_vendor.kinds_in(table, told)) for table, told in pairs if told]
    known = [*with_contacts([(table, part) for table, several in parts for part in several])]
    known.sort(key=_import_order)
    unread = [table for table, told in pairs if told is None]
    findings.currency_ids = dict(pair for one in unread for pair in formats.currency_ids(one).items())
    unknown = [table_name(table) for table in unread if not formats.currency_ids(table)]
    plan = Plan(leading, source, findings, unknown=unknown)
    known = [known[number] for number in overlaps.without_overlaps(known, findings)]
    know_users(findings, [(table, told.roles) for table, told in known if told.kind == "users"])
    for table, told in known:
        if told.kind == "contacts":
            findings.know_persons(table, told.roles)
        findings.assumed += recognise_vendor.doubts(table, told)
    known = [(table, overlaps.by_numbers(table, told, known, findings)) for table, told in known]
    findings.kinds, findings.firms = overlaps.ids_of(known), overlaps.firms_of(known)
    findings.price_entries = formats.price_entries_of(tables)
    findings.decimal = formats.decimal_sign_of_export((table, told.roles) for table, told in known)
    for number, (table, told) in enumerate(known):
        table, told = without_deleted(table, overlaps.by_id_or_name(table, told, findings), findings)
        told = papers.with_deals_alone(table, told, findings)
        told = with_ends(table, told, findings)
        known[number] = table, lines.with_terms(table, told, findings)
    known = [*papers.without_alternatives(known, findings)]
    known = lines.with_money_told(lines.with_sums(known, findings), findings)
    known = [*papers.with_deals_made(known, findings)]
    formats.look_at_dates(((table, told.roles) for table, told in known), findings)
    for table, told in known:
        named = kinds_of_rows()[told.kind].get("of")
        made = {**told.roles, **told.rest.get("templates", {})}
        if named and not any(role.partition(".")[0] == named for role in made):
            whose = named.replace("opportunity", "deal")
            findings.lost.append(f"{table.name}: all; none names the {whose} of a row")
            continue
        if told.kind == "activities" and "at" not in told.roles:
            findings.lost.append(f"{table.name}: all; none says when a row was")
            continue
        tell_doubles(table, told.kind, told.roles, findings)
        plan.steps.append(_page(table, told, plan, findings))
    if not plan.steps:
        names = ", ".join(map(table_name, tables)) or "the export"
        why = "; ".join(findings.lost) or f"{names}: no file was recognised by its header"
        why = "; ".join([why, *(why for table in unread[:3] for why in why_unknown(table, by_words))])
        raise PipecliError(why, hint="write a mapping, and say: pipecli import KIND FILE --map MAPPING")
    findings.settle_outcomes()
    added = [user["name"] for user in findings.users.values()]
    if added and plan.steps[0].kind == "users":
        what = f"{count(len(added), 'owner', ',')} not in the export's list of users, made users"
        findings.assumed.append(f"{what}: {first_of(added, 5)}")
    if others := ", ".join(code for code in findings.currencies if code != settings.currency):
        what = f"give rates for {others} (exchange_rates), or change the settings' currency before the run"
        findings.assumed.append(f"the totals are in {settings.currency}: {what}")
    plan.pages[SETTINGS_PAGE] = settings_page(findings)
    plan.pages[PLAN_FILE] = plan_page(plan)
    return plan


def _import_order(one: Known) -> tuple[int, bool, int, str]:
    """The place of a table among the others: of two of one kind first the one with more columns."""
    table, told = one
    columns = 0 if told.kind in ("items", "activities") else len(told.columns)
    return [*kinds_of_rows()].index(told.kind), "part" in told.rest, -columns, table.name


_OWN = frozenset(
    "set templates stages ends make ignore doubles part persons several pipelines lost_by_reason "
    "cents reasons said lines evidence sum nets alone closing hour".split()
)
"""What a preset says to the plan, and isn't of a mapping or is written otherwise there."""
_AGAIN = {"won", "closed", "lost", "active", "archived", "probability", "amount_shown", "pipeline"}
"""What a deal's stage and amount say, too."""
_ALONE = OF_DEALS - _AGAIN
_NAMING = ("customer", "contacts.contact", "product", "items.product", "contact", "parent")


def _page(table: Table, told: Recognised, plan: Plan, findings: Findings) -> Step:
    taken = {step.map.removesuffix(".yaml") for step in plan.steps}
    name = f"{ids_and_files.free_slug(told.kind, taken)}.yaml"
    step = Step(told.kind, table.name, name, tuple(c for c in table.columns if c in told.columns))
    mapping, lost = _Mapping(table, told, findings, {step.kind for step in plan.steps}).plain()
    source = f"as {told.preset or 'its header reads'}"
    out, again = plan_files.staying_out(table, mapping, lost, told.rest.get("said", ()))
    plan.tables[name] = table
    plan.pages[name] = mapping_page(
        f"{step.kind} from {step.file}, {source}{told.rest.get('evidence', '')}", mapping, out
    )
    coming = [c for c in table.columns if c not in lost and texts(table, c)]
    plan.summary.append(
        f"{told.kind}: {count(len(table.rows), 'row', ',')} of {table_name(table)} "
        f"({source.removeprefix('as ')}), {len(coming)} of {len(table.columns)} columns"
        + told.rest.get("evidence", "")
    )
    if kept := [c for c, told in mapping["columns"].items() if str(told[0].get("to")).startswith("custom.")]:
        plan.summary.append(f"  under custom: {first_of(kept, _MOST_NAMED, ',')}")
    plan_files.note_unknown_words(table, mapping["columns"], findings)
    why = {"": out, ", as others say the same": again}
    findings.lost += [f"{table_name(table)}{how}: {', '.join(own)}" for how, own in why.items() if own]
    return step


class _Mapping:
    def __init__(self, table: Table, told: Recognised, findings: Findings, before: Container[str]) -> None:
        """`before` are the kinds of the files that come before it."""
        if told.kind == "opportunities" and "part" not in told.rest:
            told = told._replace(columns=columns_of_deals(table, told, findings))
        self.table, self.told, self.findings, self.before = table, told, findings, before
        findings.said_otherwise = set()
        self.roles = told.roles
        self.fill = columns_to_fill(table, told, findings)
        self.columns: Columns = {}
        self.templates: dict[str, Any] = dict(told.rest.get("templates", {}))
        self.set: dict[str, Any] = dict(told.rest.get("set", {}))
        self.record: dict[str, str] = {}
        self.signs: dict[str, str] = {}

    def plain(self) -> tuple[dict[str, Any], list[str]]:
        """The mapping as it is written, and the columns that don't come along."""
        is_part = "part" in self.told.rest
        if "entered.at" in self.roles:
            self._history()
        elif self.told.kind == "opportunities" and not is_part:
            self.columns |= Deals(
                papers.heads(self.table, self.told), self.roles, self.told.rest, self.findings
            ).columns()
            if self.findings.processes:
                self.set["process"] = next(iter(self.findings.processes))
        for column, feeds in self.told.columns.items():
            if column not in self.columns:
                self._column(column, feeds)
        if not is_part:
            self._templates()
        self._money()
        lost = list(self._others())
        rest = {key: value for key, value in self.told.rest.items() if key not in _OWN}
        mapping: dict[str, Any] = {
            "sheet": self.table.sheet,
            "external_id": self._external_id(),
            "record": self.record.get("record") or self.record,
            "make": self._make(),
            **rest,
            "signs": self.signs,
            "fill": self.fill,
            "set": self.set,
            "templates": self.templates,
            "columns": self.columns,
            "ignore": [*lost, *self._said_otherwise()],
        }
        return mapping, lost

    def _external_id(self) -> str | None:
        """The column of ids or numbers; of activities with a word before it, where others may have them."""
        of, first = self.roles.get("custom.number", ""), papers.heads(self.table, self.told)
        column = self.roles.get("external_id") or (of if all(r.text(of) for r in first.rows) else "")
        if not column and self.told.kind in ("opportunities", "leads") and "part" not in self.told.rest:
            return overlaps.template_of_ids(first, self.told.kind, self.told.column_of, self.findings)
        if not column or self.told.kind != "activities":
            return column or None
        kind = str(self.told.rest.get("set", {}).get("type", "other"))
        return self.findings.id_of_activities(self.table, column, kind)

    def _history(self) -> None:
        """When a deal came to each stage that is one here; its ends are in the file of the deals."""
        column, at = self.roles["entered.stage"], self.roles["entered.at"]
        rest = {**formats.date_form(self.table, at, self.findings).entry(), "skip_empty": True}
        told: dict[str, list[str]] = {}
        for name in texts(self.table, column):
            if slug := self.findings.stages.get(name):
                told.setdefault(slug, []).append(name)
        if entries := [
            {"to": f"custom.stage_entered.{slug}", "when": {column: names}, **rest}
            for slug, names in told.items()
        ]:
            self.columns[at] = entries
        self.findings.said_otherwise |= {column, at}

    def _names(self) -> bool:
        """True where the file names other records by what people call them, not by ids alone."""
        naming = (*_NAMING, "last_name") if self.told.kind == "opportunities" else _NAMING
        named = [column for column, role in self.told.columns.items() if role in naming]
        is_named = re.compile(r"[^\W\d_]+_\d+").fullmatch  # Client_7, if no file says who that is
        own = self.findings.kinds.keys().isdisjoint(("customers", "contacts"))
        texts_ = [text for column in named for text in [*texts(self.table, column)][:50]]
        return any(not is_code(text) or (own and is_named(text)) for text in texts_)

    def _make(self) -> list[str]:
        """The kinds that are added by a name: none where other records are named by ids alone."""
        made = self.told.rest.get("make", ()) or kinds_of_rows()[self.told.kind].get("make", ())
        if self.told.kind == "price-lists":
            return [] if "products" in self.before else ["product"]
        alone = ["contact"] * isinstance(self.templates.get("contacts.contact"), str)
        alone += ["product"] * any(field.endswith("product") for field in self.templates)
        return [*dict.fromkeys([*made, *alone])] if self.told.kind == "leads" or self._names() else alone

    def _column(self, column: str, role: Any) -> None:
        decimal_of = partial(formats.decimal_of, self.table, column, findings=self.findings)
        if not isinstance(role, str):
            several = role if isinstance(role, list) else [role]
            self.columns[column] = [decimal_of(str(of.get("to"))) | of for of in several]
            return
        is_key = role == "product" and self.told.kind == "price-lists"
        if is_key or role in ("external_id", "first_name", "last_name", "contacts.email", *_ADDRESS):
            return
        if role.startswith("record"):
            whose = ("quotation", "order") if role == "record.paper" else (role.removeprefix("record."),)
            if [self.record.setdefault(of, column) for of in whose] != [column] * len(whose):
                self.findings.said_otherwise.add(column)  # `Related To`, beside its id
            return
        if role.startswith("entered.") or (role in OF_DEALS and self.told.kind == "opportunities"):
            return
        entry: dict[str, Any] = {"to": role, "#": filled(self.table, column)} | decimal_of(role)
        if role in patterns()["days"].split():
            entry |= formats.date_form(self.table, column, self.findings).entry()
            if role == "at" and "hour" in self.told.rest:
                self.told = with_hour(self.told, column, entry.get("date", "%Y-%m-%d"), self.templates)
                return
        elif role in ("probability", "discount", "tax", "items.discount", "items.tax"):
            if "scale" not in self.told.rest and (
                scale := formats.fraction_scale(self.table, column, self.findings)
            ):
                entry["scale"] = scale
        elif role.endswith(formats.OF_MONEY):
            entry |= formats.amount_scale(self.table, column, self.findings)
            if role in ("items.total", "total" if self.told.kind == "items" else ""):
                prefix = role.removesuffix("total")
                if not (price := price_of_one(self.table, self.told.columns, prefix)):
                    self.findings.said_otherwise.add(column)
                    return
                entry |= price
            base, named = self.findings.settings.currency, columns_for(self.table, "products", "currency")
            if role == "cost" and not formats.are_in(base, self.table, column, named):
                entry["to"] = "custom.cost"  # a cost is in the pipeline's own
        elif role.partition(".")[0] in ("tags", "customer", "email", "emails", "notes", "description"):
            entry |= formats.form_of_texts(texts(self.table, column), role)
        elif role in ("owner", "by", "manager") and self.told.kind != "users":
            if unknown := owners(self.table, column, self.findings):
                entry["values"] = unknown
        elif role == "parent" and all(map(is_code, texts(self.table, column))):
            entry["unknown"] = "skip"
        elif role == "currency":
            if codes := formats.currency_words(self.table, column, self.findings):
                entry["values"] = codes
        elif role == "active" and self.told.kind in ("products", "users"):
            entry["values"] = are_active(texts(self.table, column))
        elif role in ("type", "done", "direction") and self.told.kind == "activities":
            entry |= of_activity(role, texts(self.table, column))
            if role == "type" and "type" not in self.set:
                entry["values"] = {"": "task", **entry["values"]}
        elif role == "type" and self.told.kind == "opportunities":
            slugs = {word: ids_and_files.slug(word) for word in texts(self.table, column)}
            self.findings.types += [slug for slug in slugs.values() if slug not in self.findings.types]
            entry |= {"values": slugs} if slugs else {}
        entries = [entry]
        if role == "contacts.contact":
            of_deals = overlaps.contacts_of_deals(self.table, self.told, column, entry, self.findings)
            entries, self.templates = of_deals[0], self.templates | of_deals[1]
        entries = [*self._prices(entry)] if role == "price" else entries
        for part in entries if role in overlaps.SEVERAL and "several" in self.told.rest else ():
            part["split"] = self.told.rest["several"]
        if entries:
            self.columns[column] = entries

    def _prices(self, entry: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The price of a product, by the first column of its row that names it."""
        named = [column for column, role in self.told.columns.items() if role == "product"]
        for number, column in enumerate(named):
            when = {**dict.fromkeys(named[:number], ""), column: {"not": ""}}
            yield {**entry, "to": f"prices.{{{column}}}"} | ({"when": when} if named[1:] else {})

    def _templates(self) -> None:
        """Fields that are made of several columns: a person's name, an address, a title that is missing."""
        parts = [f"{{{self.roles[role]}}}" for role in _HALVES if role in self.roles]
        names = [] if "name" in self.roles else [" ".join(parts), *reversed(parts)]
        if self.told.kind == "opportunities":  # those of its contact
            address = f" <{{{self.roles.get('contacts.email')}}}>"
            several = [*([names[0] + address] if "contacts.email" in self.roles else []), *names[:1]]
            self.templates |= {"contacts.contact": several} if len(parts) == 2 else {}
            if "contacts.email" in self.roles:  # who is named by the address alone
                self.templates.setdefault("contacts.contact", f"{{{self.roles['contacts.email']}}}")
            names = []
        if self.told.kind in ("contacts", "leads") and not self.told.column_of("organization"):
            addresses = [self.roles[role] for role in ("emails", "emails.1", "email") if role in self.roles]
            names += [f"{{{column}}}" for column in addresses]  # who has no name is called by it
        if names := [*dict.fromkeys(filter(None, names))]:
            self.templates.setdefault("name", names)
        if parts := [f"{{{self.roles[role]}}}" for role in _ADDRESS if role in self.roles]:
            house = f"{{{self.roles.get('house')}}}"
            self.templates.setdefault("address", ", ".join(parts).replace(f", {house}", f" {house}"))
        names = [self.roles[role] for role in ("custom.product", "customer") if role in self.roles]
        titles = texts(self.table, self.roles["title"]).total() if "title" in self.roles else 0
        if self.told.kind == "opportunities" and (not titles or titles < len(self.table.rows)):
            both = " for ".join(f"{{{name}}}" for name in names)
            single = [f"{{{c}}}" for c in (*names, self.roles.get("external_id")) if c]
            if choices := [choice for choice in dict.fromkeys([both, *single]) if choice]:
                self.templates.setdefault("title", choices)
            else:
                self.set["title"] = "Deal"
                lacking = f"{count(len(self.table.rows) - titles, 'deal', ',')} without a name, called Deal"
                self.findings.assumed.append(f"{table_name(self.table)}: {lacking}")

    def _money(self) -> None:
        """Settle the currency of deals, other documents and prices that have no column for it, or no cell."""
        is_list, roles = self.told.kind == "price-lists", self.roles
        if not (column := roles.get("price" if is_list else "amount")) or self.told.kind == "items":
            return
        told, self.signs = formats.currency_of_amounts(self.table, {**roles, "amount": column}, self.findings)
        self.set |= {"currency": told} if told else {}
        if is_list and ("external_id" not in roles or "price-lists" not in self.before):
            code = self.set.setdefault("currency", self.findings.settings.currency)
            of = roles.get("external_id") or roles.get("currency")
            word = "" if "external_id" in roles else "Standard "
            named = [f"{word}{{{of}}}"] if of else []
            taxed = " with tax" if self.set.get("tax_included") else ""
            self.templates.setdefault("name", [name + taxed for name in (*named, f"Standard {code}")])

    def _said_otherwise(self) -> list[str]:
        """The columns that say again what others do, as a deal's stage does, or its customer's id."""
        doubles: list[str] = [*self.told.rest.get("doubles", ())]
        doubles += [self.roles[of] for of in _HALVES if {of, "name"} <= {*self.roles}]
        is_of_deals = self.told.kind == "opportunities"
        own = [column for role, column in self.roles.items() if role in _AGAIN and is_of_deals]
        own += [column for column in self.table.columns if column in self.findings.said_otherwise]
        doubles += [column for column in own if column not in self.columns]
        return [*dict.fromkeys(doubles)]

    def _others(self) -> Iterator[str]:
        """Keep the columns that have no field under `custom`; those that can't be kept are told."""
        ignored = set(self.told.rest.get("ignore", ()))
        alone = _ALONE if self.told.kind == "opportunities" else ()
        used = {
            *self.told.rest.get("doubles", ()),
            *self.columns,
            *self.findings.said_otherwise,
            *(c for c, of in self.told.columns.items() if isinstance(of, str) and of not in alone),
            *self.record.values(),
            *re.findall(r"\{([^{}]+)\}", str(self.templates)),
        }
        is_part, taken = "part" in self.told.rest, set[str]()
        may_be_kept = not is_part and kinds_of_rows()[self.told.kind].get("custom", True)
        below = papers.of_lines_alone(self.table, self.told)
        for column in self.table.columns:
            if column in used or not (values := texts(self.table, column)):
                continue
            is_id = re.search(r"(?i)\bid\b|Id$|\.id$", column)
            codes = (is_id and all(is_code(text) for text in [*values][:50])) or re.match(
                patterns()["hidden"], column
            )
            if column in ignored or not may_be_kept or codes or column in below:
                yield column
                continue
            slug = ids_and_files.free_slug(column, taken).replace("-", "_")
            taken.add(slug)
            decimal = formats.decimal_of(self.table, column, "custom.", self.findings)
            self.columns[column] = [{"to": f"custom.{slug}", "#": filled(self.table, column), **decimal}]
