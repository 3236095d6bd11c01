"""Every noun and verb of `pipecli`, and the module below `pipecli.cli` that has it.

A module is imported when one of its verbs is called. One whose verbs only read must not import the models.
"""

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
    """Verbs of one module, in the order of the help; `elsewhere` are verbs of others, by their module.

    `list` and `show` are those of every noun, unless another module has them.
    """
    modules = {"list": "list", "show": "show"}
    for other, theirs in (elsewhere or {}).items():
        modules |= dict.fromkeys(theirs.split(", "), other)
    return {verb: modules.get(verb, module) for verb in verbs.split(", ")}


_TAGS = {"tag": "Tags: add, remove."}
_USUAL = "add, list, show, set, edit, remove"
NOUNS = {
    "today": Noun("What is due, what waits, and what happened since yesterday.", "today_and_find"),
    "init": Noun("Make a new pipeline, its git repository included.", "init"),
    "lead": Noun(
        "Leads: add, qualify, convert, disqualify.",
        verbs=_verbs(
            "lead",
            "add, list, show, set, edit, remove, assign, share, qualify, disqualify, reopen, convert, merge, "
            "dupes, tag add, tag remove",
            {"lead_show_and_dupes": "show, dupes"},
        ),
        groups=_TAGS,
    ),
    "opportunity": Noun(
        "Opportunities: add, advance, close won or lost.",
        alias="opp",
        verbs=_verbs(
            "opportunity.advance_and_change",
            "add, list, show, set, edit, remove, advance, sellers, hold, resume, board, won, lost, reopen, "
            "assign, share, item add, item set, item remove, item list, reprice, take-offer, contact add, "
            "contact remove, contact list, step done, step undo, step list, competitor add, "
            "competitor remove, tag add, tag remove",
            {
                "opportunity.add": "add",
                "opportunity.show": "show, contact list, step list",
                "show": "item list",
                "opportunity.board": "board",
                "opportunity.close": "won, lost, reopen",
            },
        ),
        groups={
            **_TAGS,
            "item": "Items: add, set, remove, list.",
            "contact": "Contacts on an opportunity: add, remove, list.",
            "step": "Steps of the stages: done, undo, list.",
            "competitor": "Competitors on an opportunity: add, remove.",
        },
    ),
    "quotation": Noun(
        "Quotations: new, revise, send, accept, render.",
        alias="quote",
        verbs=_verbs(
            "paper.quotation",
            "new, list, show, set, edit, remove, send, revise, accept, reject, expire, render, template, "
            "item add, item set, item remove, item list",
            {
                "paper.mail": "send",
                "paper.render": "render, template",
                "show": "item list",
            },
        ),
        groups={"item": "Items of a draft: add, set, remove, list."},
    ),
    "order": Noun(
        "Orders, made from winning quotations.",
        verbs=_verbs(
            "paper.order_and_invoice",
            "new, list, show, set, edit, deliver, cancel, render",
            {"paper.render": "render"},
        ),
    ),
    "invoice": Noun(
        "Invoices and credit notes, drawn up from orders.",
        verbs=_verbs(
            "paper.order_and_invoice",
            "new, list, show, set, edit, remove, issue, send, paid, credit, render, template",
            {"paper.render": "render, template"},
        ),
    ),
    "supplier-quote": Noun(
        "Supplier quotations: request, receive, compare.",
        verbs=_verbs(
            "paper.supplier_quotation",
            "new, list, show, set, edit, receive, decline, render, compare",
            {"paper.render": "render"},
        ),
    ),
    "customer": Noun(
        "Customers: organisations, and people who buy for themselves.",
        verbs=_verbs(
            "customer",
            "add, list, show, set, edit, assign, merge, dupes, remove, tag add, tag remove",
            {"lead_show_and_dupes": "dupes"},
        ),
        groups=_TAGS,
    ),
    "contact": Noun(
        "Contacts: the people at customers.",
        verbs=_verbs("customer", "add, list, show, set, edit, merge, remove, tag add, tag remove"),
        groups=_TAGS,
    ),
    "supplier": Noun("Suppliers.", verbs=_verbs("customer", _USUAL)),
    "competitor": Noun("Competitors, and the deals they are after.", verbs=_verbs("customer", _USUAL)),
    "product": Noun("Products and services.", verbs=_verbs("catalogue", _USUAL)),
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
        verbs=_verbs("settings", "add, list, show, set, edit, handover, remove"),
    ),
    "team": Noun("Teams and their managers.", verbs=_verbs("settings", _USUAL)),
    "settings": Noun(
        "Show and change pipecli.yaml.",
        verbs=_verbs("settings", "show, set, edit, rename", {"settings_show_and_config": "show"}),
    ),
    "call": Noun("Log a call that took place, and plan the next contact.", "activity"),
    "mail": Noun("Log an e-mail that was sent or received.", "activity"),
    "meet": Noun("Log a meeting that took place.", "activity"),
    "note": Noun("Add a note to a lead or an opportunity.", "activity"),
    "activity": Noun(
        "Calls, meetings, emails, tasks and notes.",
        verbs=_verbs("activity", "add, done, move, edit, cancel, list"),
    ),
    "attach": Noun("Attach files to a deal, a lead, a document or a customer.", "attach"),
    "attachments": Noun("List the files attached to a record.", "show"),
    "detach": Noun("Remove an attached file.", "attach"),
    "find": Noun("Find records of every kind by any of their words.", "today_and_find"),
    "undo": Noun("Take back the last change.", "undo"),
    "inbox": Noun("Record the mail of a mailbox on deals and leads.", "data.inbox"),
    "followups": Noun("List what is due.", "cron.followups_and_calendar"),
    "remind": Noun("Tell each user what is due; for cron.", "cron.remind"),
    "calendar": Noun("Print a calendar of what is planned.", "cron.followups_and_calendar"),
    "notify": Noun("Send word of what was won, lost, moved or assigned; for cron.", "cron.notify"),
    "auto-close": Noun("Close deals that nobody answers; for cron.", "cron.close_assign_and_renew"),
    "renew": Noun("Add the next deal of what is sold for a term; for cron.", "cron.close_assign_and_renew"),
    "assign": Noun("Assign what nobody owns, by the rules; for cron.", "cron.close_assign_and_renew"),
    "forecast": Noun("Print the forecast, weighted by probability.", "report.forecast"),
    "report": Noun(
        "Reports: funnel, velocity, lost, ranking, pipeline, stale, …",
        verbs={
            "first-response": "report.activity_and_first_response",
            **dict.fromkeys(("velocity", "funnel"), "report.funnel_and_velocity"),
            "lost": "report.lost_stale_and_receivables",
            **dict.fromkeys(("ranking", "pipeline"), "report.pipeline_and_ranking"),
            "activity": "report.activity_and_first_response",
            **dict.fromkeys(("receivables", "stale"), "report.lost_stale_and_receivables"),
        },
    ),
    "chart": Noun(
        "Draw the reports: SVG, PNG or a page.",
        verbs=_verbs("report.chart", "pipeline, forecast, funnel, lost"),
    ),
    "digest": Noun("Print or send the week of the pipeline on one page.", "report.digest"),
    "dashboard": Noun("Write a page with key figures, charts and tables.", "report.dashboard"),
    "history": Noun("Print every change of a record, from git.", "history_and_changes"),
    "diff": Noun("Print a change set in deals and money.", "diff"),
    "changes": Noun("Print how the pipeline moved between two moments.", "history_and_changes"),
    "check": Noun("Find every fault of a pipeline.", "check"),
    "sync": Noun("Exchange changes with the shared pipeline, merged by field.", "sync_and_doctor"),
    "propose": Noun("Push your new commits as a branch for others to merge.", "sync_and_doctor"),
    "doctor": Noun("Find what is wrong with the clone, and repair it.", "sync_and_doctor"),
    "merge-driver": Noun("Merge a record field by field, for git.", "merge_driver"),
    "schema": Noun(
        "Write the JSON Schemas of the records.",
        verbs=_verbs("data.sql_and_schema", "write, show, check", {"data.sql_and_schema": "show"}),
    ),
    "import": Noun(
        "Import rows of any file, or the whole export of another CRM.",
        verbs=_verbs("data.import_", "KIND, plan, run"),
    ),
    "export": Noun("Export records as CSV, JSON or JSON Lines.", "data.export_and_mirror"),
    "mirror": Noun("Copy everything to Parquet or PostgreSQL.", "data.export_and_mirror"),
    "sql": Noun("Query the records in SQL, read-only.", "data.sql_and_schema"),
    "mcp": Noun("Serve the verbs to an agent.", "data.mcp"),
    "man": Noun("Write the man pages.", "manual"),
    "help": Noun("Print the help of pipecli, of a noun or of a verb.", "manual"),
    "version": Noun("Print the version.", "manual"),
    "config": Noun("Show and set your own defaults and aliases.", "settings_show_and_config"),
    "completion": Noun("Print the completion script of a shell.", "manual"),
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
