"""`pipecli diff`: a change set in deals and money, for a reviewer in a pull request."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import quote

import typer

from pipecli.checks import Finding
from pipecli.checks.check import check, check_changes, findings_of_review
from pipecli.cli.common.command import Printing, argument, noun, option
from pipecli.cli.common.output import (
    Format,
    Markup,
    counted,
    hanging,
    lines,
    markdown_text,
    print_records,
    write_text,
)
from pipecli.cli.common.session import Session, say
from pipecli.cli.common.table import Column, isolated, money, plain_columns
from pipecli.cli.report.options_and_columns import money_column
from pipecli.harmless_text import terminal_line
from pipecli.history.change_set import (
    ChangedRecord,
    ChangeSet,
    Effect,
    Range,
    Shift,
    change_set,
    money_effect,
    range_of,
)
from pipecli.history.pipeline_as_of import pipeline_of_commit
from pipecli.json_and_csv import dumps, picked
from pipecli.records.money import minor_digits
from pipecli.wording import count

app = noun()

_INDENT = "    "


@app.command(cls=Printing)
def diff(
    run: Session,
    range_: str = argument(
        "BASE..HEAD, or BASE: to the working tree; HEAD without it.", "[RANGE]", default=""
    ),
    links: str = option("In Markdown: link ids to their files below this address.", "URL", default=""),
) -> None:
    """Print a change set in deals and money: what it does to each record, and to the forecast.

    BASE..HEAD is what HEAD has and BASE hasn't, from the commit where the two parted, as in a pull request.
    It also shows what `check --base` finds.
    """
    if links and not re.fullmatch(r"https?://[^\s()<>]+", links):
        raise typer.BadParameter("must be an http address", param_hint="--links")
    revisions = range_of(run.present.location, range_)
    if revisions.head is None and (run.present.location.git_dir / "MERGE_HEAD").exists():
        say("warning: a merge is in progress; this is about the working tree as it is")
    print_range(run, revisions, run.format, links)


def print_range(run: Session, revisions: Range, form: Format, links: str = "") -> None:
    """Print the change set of a range; `links` is the address of the repository's files."""
    if revisions.replaced:
        say(f"warning: {revisions.replaced}")
    changed = change_set(run.present.location, revisions)
    impact = money_effect(
        run.present, revisions, [record.key for record in changed.records if record.noun == "opportunity"]
    )
    for fault in _unread(changed, impact):
        say(terminal_line(f"warning: {fault}; not counted"))
    head = pipeline_of_commit(run.present, revisions.head) if revisions.head else run.present
    findings = findings_of_review(check(head), check_changes(run.present, revisions, changed), changed)
    match form:
        case Format.MARKDOWN:
            folder = f"{links.rstrip('/')}/{quote(run.present.location.prefix)}" if links else ""
            _print_markdown(revisions, changed, impact, findings, folder)
        case Format.JSON:
            write_text(dumps(_json(revisions, changed, impact, findings)) + "\n")
        case Format.TABLE:
            _print_blocks(revisions, changed, impact, findings)
        case _:
            print_records([_record(record, impact) for record in changed.records], _RECORD_COLUMNS, form)


def _unread(changed: ChangeSet, impact: Effect) -> list[str]:
    """The files that can't be read, each once: among those changed, and of the deals that did not change."""
    named = {fault.partition(":")[0]: fault for fault in (*reversed(impact.unreadable), *changed.unreadable)}
    return list(named.values())


_RECORD_COLUMNS = plain_columns("id noun title owner file what")


def _record(record: ChangedRecord, impact: Effect) -> dict[str, Any]:
    before, after = impact.before.get(record.key), impact.after.get(record.key)
    about = after or before
    return {
        "id": record.key,
        "noun": record.noun,
        "title": record.title,
        "owner": about.owner if about else None,
        "file": record.file,
        "before": before and picked(before, "status currency amount weighted"),
        "after": after and picked(after, "status currency amount weighted"),
        "events": [event._asdict() for event in record.events],
        "what": "\n".join(event.text for event in record.events),
    }


def _json(
    revisions: Range, changed: ChangeSet, impact: Effect, findings: Sequence[Finding]
) -> dict[str, Any]:
    records = [_record(record, impact) for record in changed.records]
    for record in records:
        del record["what"]
    return {
        "base": {"name": revisions.base_name, "commit": revisions.base},
        "head": {"name": revisions.head_name, "commit": revisions.head},
        "currency": impact.currency,
        "records": records,
        "total": _shift(impact.total),
        "by_month": [_shift(shift) for shift in impact.by_month],
        "by_owner": [_shift(shift) for shift in impact.by_owner],
        "findings": [finding._asdict() for finding in findings],
        "unreadable": _unread(changed, impact),
    }


def _shift(shift: Shift) -> dict[str, Any]:
    return {**shift._asdict(), "weighted_change": shift.weighted_change, "won_change": shift.won_change}


def _caption(revisions: Range, changed: ChangeSet, impact: Effect) -> list[str]:
    nouns = Counter(record.noun.replace("-", " ") for record in changed.records)
    counts = ", ".join(count(number, noun) for noun, number in nouns.items())
    head = _commit(revisions.head_name, revisions.head) if revisions.head else revisions.head_name
    base = _commit(revisions.base_name, revisions.base)
    if revisions.is_parted:
        base = f"{revisions.base[:7]}, where it left {revisions.base_name},"
    lines = [counts or "no record is touched", f"from {base} to {head}"]
    if changed.moved:
        lines.append(f"{count(changed.moved, 'file', ',')} only moved to another folder")
    total = impact.total
    lines.append(f"weighted: {_moved(total.weighted_before, total.weighted_after, impact.currency)}")
    if total.won_change:
        lines.append(f"won: {_moved(total.won_before, total.won_after, impact.currency)}")
    return lines


def _commit(name: str, commit: str) -> str:
    """A revision as it was named, with the commit that it is unless that is the name."""
    return commit[:7] if commit.startswith(name) else f"{name} ({commit[:7]})"


def _moved(before: Decimal, after: Decimal, currency: str) -> str:
    """`1,000.00 → 1,200.00 EUR (+200.00)`."""
    digits = minor_digits(currency)
    old, new, change = money(before, None, digits), money(after, currency, digits), after - before
    sign = "+" if change > 0 else ""
    return f"{old} → {new} ({sign}{money(change, None, digits)})" if change else f"{new}, as before"


def _print_blocks(revisions: Range, changed: ChangeSet, impact: Effect, findings: Sequence[Finding]) -> None:
    caption = hanging(_caption(revisions, changed, impact), "")
    write_text("".join(f"{indent}{line}\n" for indent, line in caption))
    if findings:
        text = "".join(f"{line}\n" for finding in findings for line in lines(finding))
        write_text(f"\n{counted(findings)}:\n{text}")
    for record in changed.records:
        texts = [*(event.text for event in record.events), *_money_lines(record, impact)]
        block = [*hanging([_heading(record, impact)], ""), *hanging(texts, _INDENT)]
        write_text("\n" + "".join(f"{indent}{isolated(line)}\n" for indent, line in block))
    for heading, shifts in (("MONTH", impact.by_month), ("OWNER", impact.by_owner)):
        if shifts:
            write_text("\n")
            print_records(_rows(shifts), _shift_columns(heading, shifts, impact.currency), Format.TABLE)


def _heading(record: ChangedRecord, impact: Effect) -> str:
    about = impact.after.get(record.key) or impact.before.get(record.key)
    if record.noun == record.key:
        return record.key
    owner = f"  ({about.owner})" if about and about.owner else ""
    noun = "" if about else f"{record.noun.replace('-', ' ')} "
    return f"{noun}{record.key}  {record.title or ''}{owner}".rstrip()


def _money_lines(record: ChangedRecord, impact: Effect) -> list[str]:
    """`weighted 499.80 → 1,249.50 EUR` of a deal whose weight in the forecast shifts."""
    before, after = impact.before.get(record.key), impact.after.get(record.key)
    old, new = (value.weighted if value else None for value in (before, after))
    about = after or before
    if about is None or old == new:
        return []
    return [f"weighted: {_moved(old or Decimal(0), new or Decimal(0), about.currency)}"]


def _rows(shifts: Sequence[Shift]) -> list[dict[str, Any]]:
    return [{**_shift(shift), "key": shift.key or "none"} for shift in shifts]


def _shift_columns(heading: str, shifts: Sequence[Shift], currency: str) -> list[Column]:
    amount = partial(money_column, currency=currency)
    columns = [
        Column("key", heading),
        amount("weighted_before", "WEIGHTED BEFORE"),
        amount("weighted_after", "AFTER"),
        amount("weighted_change", "CHANGE", signed=True),
    ]
    if any(shift.won_change for shift in shifts):
        columns.append(amount("won_change", "WON", signed=True))
    return columns


def _print_markdown(
    revisions: Range, changed: ChangeSet, impact: Effect, findings: Sequence[Finding], folder: str
) -> None:
    """The page of a change set; `folder` is the address of the pipeline's files, for links to them."""
    first, *rest = _caption(revisions, changed, impact)
    write_text(f"### Pipeline: {first}\n\n" + "".join(f"- {markdown_text(line)}\n" for line in rest))
    if findings:  # a list: a table of long sentences can't be read on a phone
        text = "".join(_bullet(finding, folder) for finding in findings)
        write_text(f"\n#### {counted(findings)}\n\n{text}")
    if changed.records:
        rows = [
            {
                "record": _linked(record, _heading(record, impact), folder),
                "what": "\n".join([*(event.text for event in record.events), *_money_lines(record, impact)]),
            }
            for record in changed.records
        ]
        write_text("\n")
        print_records(rows, plain_columns("record what"), Format.MARKDOWN)
    for heading, shifts in (("MONTH", impact.by_month), ("OWNER", impact.by_owner)):
        if shifts:
            write_text(f"\n#### Forecast by {heading.lower()}\n\n")
            print_records(_rows(shifts), _shift_columns(heading, shifts, impact.currency), Format.MARKDOWN)
    faults = _unread(changed, impact)
    if faults:
        write_text("\n#### Not readable, and not counted\n\n")
        print_records([{"file": fault} for fault in faults], plain_columns("file"), Format.MARKDOWN)


def _bullet(finding: Finding, folder: str) -> str:
    place = f"{markdown_text(finding.file)}:{finding.line}"
    if folder:
        place = f"[{place}]({folder}{quote(finding.file)}#L{finding.line})"
    return f"- **{finding.severity}** {markdown_text(finding.message)}  \n  {place} ({finding.rule})\n"


def _linked(record: ChangedRecord, heading: str, folder: str) -> str:
    """The heading of a record with its id as a link to the file; of one that is gone as it is."""
    if not folder or record.after is None:
        return heading
    key = markdown_text(record.key)
    link = f"[{key}]({folder}{quote(record.file)})"
    return Markup(markdown_text(heading).replace(key, link, 1))
