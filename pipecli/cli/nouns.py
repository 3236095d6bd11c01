"""Every noun and verb of `pipecli`, and the module below `pipecli.cli` that has it.

A module is imported when one of its verbs is called. One whose verbs only read must not import the models.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Noun(NamedTuple):
    help: str
    module: str = ""
    """Of all its verbs, or of the one command that the noun is."""
    alias: str = ""
    verbs: Mapping[str, str] = MappingProxyType({})
    """The module of each verb, where a noun has several modules; in the order of its help."""
    groups: Mapping[str, str] = MappingProxyType({})
    """The help of a word between noun and verb, as `item` in `item add`."""


def _verbs(module: str, verbs: str, elsewhere: Mapping[str, str] | None = None) -> dict[str, str]:
    """Verbs of one module, in the order of the help; `list` and `show` are those of every noun."""
    modules = {"list": "list", "show": "show", **(elsewhere or {})}
    return {verb: modules.get(verb, module) for verb in verbs.split(", ")}


_READ = {"list": "settings.show", "show": "settings.show"}
NOUNS = {
    "today": Noun("What is due, what waits, and what happened since yesterday.", "today"),
    "init": Noun("Make a new pipeline, its git repository included.", "init"),
    "lead": Noun(
        "Leads: add, qualify, convert, disqualify.",
        verbs=_verbs(
            "lead.qualify",
            "add, list, show, set, edit, remove, assign, share, qualify, disqualify, reopen, convert, merge, "
            "dupes, tag add, tag remove",
            {"show": "lead.show", "convert": "lead.convert", "dupes": "lead.show"},
        ),
        groups={"tag": "Tags: add, remove."},
    ),
    "opportunity": Noun(
        "Opportunities: add, advance, close won or lost.",
        alias="opp",
        verbs={
            "add": "opportunity.add",
            "list": "list",
            "show": "opportunity.show",
            "set": "opportunity.set",
            "edit": "opportunity.set",
            "remove": "opportunity.set",
            "advance": "opportunity.set",
            "sellers": "opportunity.set",
            "hold": "opportunity.set",
            "resume": "opportunity.set",
            "board": "opportunity.board",
            "won": "opportunity.close",
            "lost": "opportunity.close",
            "reopen": "opportunity.close",
            "assign": "opportunity.set",
            "share": "opportunity.set",
            "item add": "opportunity.set",
            "item set": "opportunity.set",
            "item remove": "opportunity.set",
            "item list": "opportunity.show",
            "reprice": "opportunity.set",
            "take-offer": "opportunity.set",
            "contact add": "opportunity.set",
            "contact remove": "opportunity.set",
            "contact list": "opportunity.show",
            "step done": "opportunity.set",
            "step undo": "opportunity.set",
            "step list": "opportunity.show",
            "competitor add": "opportunity.set",
            "competitor remove": "opportunity.set",
            "tag add": "opportunity.set",
            "tag remove": "opportunity.set",
        },
        groups={
            "tag": "Tags: add, remove.",
            "item": "Items: add, set, remove, list.",
            "contact": "Contacts on an opportunity: add, remove, list.",
            "step": "Steps of the stages: done, undo, list.",
            "competitor": "Competitors on an opportunity: add, remove.",
        },
    ),
    "quotation": Noun(
        "Quotations: new, revise, send, accept, render.",
        alias="quote",
        verbs={
            "new": "quotation.draft",
            "list": "list",
            "show": "show",
            "set": "quotation.draft",
            "edit": "quotation.draft",
            "remove": "quotation.draft",
            "send": "quotation.send",
            "revise": "quotation.send",
            "accept": "quotation.send",
            "reject": "quotation.send",
            "expire": "quotation.send",
            "render": "quotation.render",
            "template": "quotation.render",
            "item add": "quotation.draft",
            "item set": "quotation.draft",
            "item remove": "quotation.draft",
            "item list": "show",
        },
        groups={
            "item": "Items of a draft: add, set, remove, list.",
        },
    ),
    "order": Noun(
        "Orders, made from winning quotations.",
        verbs=_verbs(
            "order", "new, list, show, set, edit, deliver, cancel, render", {"render": "quotation.render"}
        ),
    ),
    "invoice": Noun(
        "Invoices and credit notes, drawn up from orders.",
        verbs=_verbs(
            "invoice",
            "new, list, show, set, edit, issue, send, paid, credit, render, template",
            {"render": "quotation.render", "template": "quotation.render"},
        ),
    ),
    "supplier-quote": Noun(
        "Supplier quotations: request, receive, compare.",
        verbs=_verbs(
            "supplier_quotation",
            "new, list, show, set, edit, receive, decline, render, compare",
            {"render": "quotation.render"},
        ),
    ),
    "customer": Noun(
        "Customers: organisations, and persons who buy.",
        verbs=_verbs(
            "party",
            "add, list, show, set, edit, assign, merge, dupes, remove, tag add, tag remove",
            {"dupes": "lead.show"},
        ),
        groups={"tag": "Tags: add, remove."},
    ),
    "contact": Noun(
        "Contacts: the people at customers.",
        verbs=_verbs("party", "add, list, show, set, edit, merge, remove, tag add, tag remove"),
        groups={"tag": "Tags: add, remove."},
    ),
    "supplier": Noun(
        "Suppliers.",
        verbs=_verbs("party", "add, list, show, set, edit, remove"),
    ),
    "competitor": Noun(
        "Competitors, and the deals they are after.",
        verbs=_verbs("party", "add, list, show, set, edit, remove"),
    ),
    "product": Noun(
        "Products and services.",
        verbs=_verbs("catalogue", "add, list, show, set, edit, remove"),
    ),
    "price-list": Noun(
        "Price lists, by currency.",
        verbs=_verbs("catalogue", "add, price, list, show, set, edit, remove"),
    ),
    "literature": Noun(
        "Sales literature.",
        verbs=_verbs("catalogue", "add, suggest, send, list, show, set, edit, remove"),
    ),
    "user": Noun(
        "Users: the salespeople of the settings.",
        verbs=_verbs("settings.people", "add, list, show, set, edit, handover, remove", _READ),
    ),
    "team": Noun(
        "Teams and their managers.",
        verbs=_verbs("settings.people", "add, list, show, set, edit, remove", _READ),
    ),
    "settings": Noun(
        "Show and change pipecli.yaml.",
        verbs=_verbs("settings.change", "show, set, edit, rename", {"show": "settings.show"}),
    ),
    "call": Noun("Log a call that took place, and plan the next contact.", "activity"),
    "mail": Noun("Log an e-mail that was sent or received.", "activity"),
    "meet": Noun("Log a meeting that took place.", "activity"),
    "note": Noun("Add a note to a lead or an opportunity.", "activity"),
    "activity": Noun(
        "Calls, meetings, emails, tasks and notes.",
        verbs=_verbs("activity", "add, done, move, edit, cancel, list", {"list": "report.activity"}),
    ),
    "attach": Noun("Attach files to a deal, a lead, a document or a customer.", "attach"),
    "attachments": Noun("List the files attached to a record.", "attach"),
    "detach": Noun("Remove an attached file.", "attach"),
    "find": Noun("Find records of every kind by any of their words.", "today"),
    "undo": Noun("Take back the last change.", "undo"),
    "inbox": Noun("Mail: record the mail of mailboxes on deals and leads.", "data.inbox"),
    "followups": Noun("List what is due.", "cron.followups"),
    "remind": Noun("Tell each user what is due; for cron.", "cron.remind"),
    "calendar": Noun("Print a calendar of what is planned.", "cron.followups"),
    "notify": Noun("Send word of what was won, lost, moved or assigned; for cron.", "cron.notify"),
    "auto-close": Noun("Close deals that nobody answers; for cron.", "cron.jobs"),
    "renew": Noun("Add the next deal of what is sold for a term; for cron.", "cron.jobs"),
    "assign": Noun("Assign what nobody owns, by the rules; for cron.", "cron.jobs"),
    "forecast": Noun("Print the forecast, weighted by probability.", "report.forecast"),
    "report": Noun(
        "Reports: what was lost and why, who won, what is stale.",
        verbs={
            "first-response": "report.first_response",
            "velocity": "report.velocity",
            "funnel": "report.funnel",
            "lost": "report.lost",
            "ranking": "report.ranking",
            "pipeline": "report.pipeline",
            "activity": "report.activity",
            "receivables": "report.receivables",
            "stale": "report.stale",
        },
    ),
    "chart": Noun(
        "Draw the reports: SVG, PNG or a page.",
        verbs=_verbs("report.chart", "pipeline, forecast, funnel, lost"),
    ),
    "digest": Noun("Print or send the week of the pipeline on one page.", "report.digest"),
    "dashboard": Noun("Write a page with key figures, charts and tables.", "report.dashboard"),
    "history": Noun("Print every change of a record, from git.", "history"),
    "diff": Noun("Print a change set in deals and money.", "diff"),
    "changes": Noun("Print how the pipeline moved between two moments.", "history"),
    "check": Noun("Find every fault of a pipeline.", "check"),
    "sync": Noun("Bring this clone and the shared pipeline together.", "sync"),
    "propose": Noun("Put what is new on a branch for others to merge.", "sync"),
    "doctor": Noun("Find what is wrong with the clone, and repair it.", "sync"),
    "merge-driver": Noun("Merge a record field by field, for git.", "merge_driver"),
    "schema": Noun(
        "Write the JSON Schemas of the records.",
        verbs=_verbs("data.sql", "write, show, check", {"show": "data.sql"}),
    ),
    "import": Noun(
        "Import rows of any file, or the whole export of another CRM.",
        verbs=_verbs("data.move", "KIND, plan, run", {"KIND": "data.import_"}),
    ),
    "export": Noun("Export records as CSV, JSON or JSON Lines.", "data.export"),
    "mirror": Noun("Copy everything to Parquet or PostgreSQL.", "data.export"),
    "sql": Noun("Ask in SQL; a query can't change anything.", "data.sql"),
    "mcp": Noun("Serve the verbs to an agent.", "mcp"),
    "man": Noun("Write the man pages.", "manual"),
    "help": Noun("Print the help of pipecli, of a noun or of a verb.", "manual"),
    "version": Noun("Print the version.", "manual"),
    "config": Noun("Show and set your own defaults and aliases.", "settings.show"),
    "completion": Noun("Print the completion of a shell: bash, zsh, fish, powershell.", "manual"),
}

_SECTIONS = {
    "Daily work": "today call mail meet note find undo attach attachments detach followups activity inbox",
    "Records": "lead opportunity quotation order invoice supplier-quote customer contact supplier competitor "
    "product price-list literature",
    "Reports": "forecast report changes digest chart dashboard",
    "For cron": "remind notify auto-close assign renew calendar",
    "Git": "history diff check sync propose doctor merge-driver",
    "Data": "import export sql mirror schema mcp",
    "Setting up": "init settings user team config completion man help version",
}
SECTIONS = {heading: names.split() for heading, names in _SECTIONS.items()}
"""The headings of `pipecli --help`, and the nouns below each."""
ALIASES = {"supplier-quotation": "supplier-quote"} | {
    noun.alias: name for name, noun in NOUNS.items() if noun.alias
}
