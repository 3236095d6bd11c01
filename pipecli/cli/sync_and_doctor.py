"""`sync` and `propose`, by which clones meet, and `doctor`: what is wrong with this one.

`propose` is for a team whose shared branch takes only what somebody has looked at.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import redirect_stdout
from itertools import groupby
from shlex import quote
from typing import Any

import typer

from pipecli.cli.common.command import Verb, argument, flag, noun
from pipecli.cli.common.output import (
    Format,
    hanging,
    lines,
    print_record,
    print_records,
    room_beside,
    wrapped,
    write_text,
)
from pipecli.cli.common.session import Session, say, session
from pipecli.cli.common.table import Column, isolated, plain_columns
from pipecli.cli.diff import print_range
from pipecli.errors import PipecliError
from pipecli.harmless_text import terminal_line
from pipecli.history.change_set import ChangedRecord, Range, change_set, range_of
from pipecli.history.events_in_words import title_of
from pipecli.json_and_csv import picked
from pipecli.store.change_journal import journal_of_git_work
from pipecli.store.location import Location
from pipecli.sync.conflicts_left_to_person import ConflictWithAuthors, Side, conflicts_with_authors
from pipecli.sync.doctor import examine, mend
from pipecli.sync.doctor_identity_and_unshared_work import Diagnosis, State
from pipecli.sync.plan_merge import commit_count, pushed_count
from pipecli.sync.propose import Opened, Proposal, files_address, open_request, plan_proposal, send, went_in
from pipecli.sync.sync import Conflicted, Synced, Unsound, choose, preview, resume, sync
from pipecli.sync.sync import abort as abort_sync
from pipecli.wording import count, first_of

app = noun()


@app.command("propose", cls=Verb)
def propose(
    run: Session,
    title: str = argument("In a few words. Default: what the commits say.", "[TITLE]", default=""),
    dry_run: bool = flag("--dry-run", "Fetch, and print branch and text; change nothing."),
) -> None:
    """Push your new commits as a branch, and ask for it to be merged.

    The branch is deals/USER/TITLE; the request is opened with `gh` or `glab` if installed, with `pipecli
    diff` as its text; else the address at which to open it is printed. This clone goes back to the shared
    branch, and `pipecli sync` says when the proposal was merged.
    """
    location = run.present.location
    with run.present.exclusive(), journal_of_git_work(location, "propose, whose branch may be pushed"):
        user = run.me() or run.pipeline.git_settings["author.name"] or "me"
        proposal = plan_proposal(location, user, " ".join(title.split()))
        text = _text(run, proposal)
        if dry_run:
            _print(run, proposal, Opened("", False), text, is_dry=True)
            return
        proposal, host_words = send(run.present, proposal)
    opened = open_request(location, proposal, text, host_words)
    _print(run, proposal, opened, text)


def _text(run: Session, proposal: Proposal) -> str:
    """The page of the change, as a pull request shows it."""
    text = io.StringIO()
    with redirect_stdout(text):
        location = run.present.location
        changes = range_of(location, f"{proposal.shared}..{proposal.commit}")
        print_range(run, changes, Format.MARKDOWN, files_address(location, proposal))
    return text.getvalue()


def _print(run: Session, proposal: Proposal, opened: Opened, text: str, *, is_dry: bool = False) -> None:
    record = {
        **picked(proposal, "branch title commit commits"),
        "address": opened.address or None,
        "is_open": opened.is_open,
        "text": text,
    }
    would = "would go to" if is_dry else "on"
    about = f"{proposal.title}: {count(proposal.commits, 'commit')} {would} {proposal.branch}"
    lines = [terminal_line(about)]
    if opened.address:
        lines.append(f"{'asked for' if opened.is_open else 'ask for it at'}: {opened.address}")
    elif not is_dry:
        branch = quote(f"{proposal.upstream.remote}/{proposal.branch}")
        lines.append(f"who merges it: git fetch && git merge {branch}")
    page = "\n".join(lines) + ("\n" if opened.is_open else f"\n\n{text}")
    print_record(record, run.format, page, id_key="branch")
    if opened.note:
        say(f"warning: {opened.note}")
    if not is_dry:
        say(f"this clone is back at {proposal.upstream} ({proposal.shared[:7]})")


@app.command("sync", cls=Verb)
def sync_clone(
    ctx: typer.Context,
    refs: list[str] | None = argument(
        "With --ours or --theirs: only of these records.", "[REF]...", default=None
    ),
    dry_run: bool = flag("--dry-run", "Fetch, and show what would come and go; change nothing."),
    continue_: bool = flag("--continue", "Finish after a conflict, with the files as you left them."),
    ours: bool = flag("--ours", "Finish after a conflict, with your values for what is open."),
    theirs: bool = flag("--theirs", "Finish after a conflict, with their values for what is open."),
    abort: bool = flag("--abort", "Undo a sync that stopped at a conflict, byte for byte."),
) -> None:
    """Fetch what others did, merge it, check it, and push what you did.

    Exits with 1 if both sides gave one field different values. They are marked in the files; --continue,
    --ours, --theirs or --abort ends the sync (docs/sync.md).
    """
    chosen = {
        "--dry-run": dry_run, "--continue": continue_, "--ours": ours, "--theirs": theirs, "--abort": abort,
    }  # fmt: skip
    if sum(chosen.values()) > 1:
        both = " and ".join(name for name, is_on in chosen.items() if is_on)
        raise typer.BadParameter(f"{both} can't go together", ctx=ctx)
    if refs and not (ours or theirs):
        raise typer.BadParameter("records are named with --ours or --theirs only", ctx=ctx)
    run = session(ctx)
    with run.present.exclusive(), journal_of_git_work(run.present.location, "sync"):
        if dry_run:
            print_preview(run)
        elif abort:
            run.present.beyond_undo = f"the sync may be undone in part; {_AGAIN}"
            commit = abort_sync(run.present.location)
            sentence = "the sync is undone, every file is as it was before it\n"
            print_record({"commit": commit, "aborted": True}, run.format, sentence, id_key="commit")
        elif ours or theirs:
            _choose(run, "ours" if ours else "theirs", refs or [])
        else:
            _sync(run, is_waiting=continue_)


def _choose(run: Session, side: Side, refs: Sequence[str]) -> None:
    run.present.beyond_undo = "what was settled stays; `pipecli sync` tells what is left"
    left = choose(run.present.location, side, refs)
    if left:
        text = f"settled; still in conflict: {', '.join(left)}\n"
        _print_rows(run, {"unsettled": left}, [{"file": file} for file in left], id_key="file", text=text)
    else:
        _sync(run, is_waiting=True)


_AGAIN = "the same command again does the rest"


def _sync(run: Session, *, is_waiting: bool) -> None:
    try:
        done = resume(run.present) if is_waiting else sync(run.present)
    except Conflicted as error:
        records = [conflict_record(conflict) for conflict in error.conflicts]
        counts = {"pulled": 0, "pushed": 0, "merged": 0, "tries": error.tries, "conflicts": len(records)}
        _print_rows(run, counts | {"disputes": records}, records, text=conflicts_text(error.conflicts))
        raise
    except Unsound as error:
        text = "".join(f"{line}\n" for finding in error.findings for line in lines(finding))
        findings = [finding._asdict() for finding in error.findings]
        whole = {"pulled": 0, "pushed": 0, "merged": 0, "conflicts": 0, "findings": findings}
        _print_rows(run, whole, findings, text=text, id_key="file")
        raise
    titles = went_in(run.present.location, done.commit)
    sentences = [_sentence(done), *(f'your proposal went in: "{title}"' for title in titles)]
    record = {
        "remote": done.upstream.remote,
        "branch": done.upstream.name,
        **picked(done, "commit pulled pushed"),
        "merged": len(done.merged),
        "tries": done.tries,
        "conflicts": 0,
        "records": done.merged,
        "proposals": titles,
        "warnings": [finding._asdict() for finding in done.warnings],
    }
    shown = "".join(f"{terminal_line(line)}\n" for line in sentences)
    print_record(record, run.format, shown, id_key="commit")
    for finding in done.warnings:
        for line in lines(finding):
            say(line)


def _sentence(done: Synced) -> str:
    """`synced with origin/main: 3 commits came, 2 went; merged: OPP-2Q8XA`."""
    if not done.pulled and not done.pushed:
        return f"nothing to do: this clone and {done.upstream} are at the same commit, {done.commit[:7]}"
    came = f"{count(done.pulled, 'commit')} came" if done.pulled else ""
    went = f"{count(done.pushed, 'commit')} went" if done.pushed else ""
    merged = f"; merged: {first_of(done.merged, _MOST_NAMED)}" if done.merged else ""
    again = f"; at try {done.tries}, as others were faster" if done.tries > 1 else ""
    return f"synced with {done.upstream}: {', '.join(filter(None, (came, went)))}{merged}{again}"


_MOST_NAMED = 5


def _print_rows(
    run: Session, whole: dict[str, Any], rows: Sequence[dict[str, Any]], *, text: str, id_key: str = "id"
) -> None:
    """Print a text for people, an object as JSON, and rows in other formats."""
    if run.format in (Format.TABLE, Format.JSON, Format.JSONL):
        print_record(whole, run.format, text)
    else:
        columns = [Column(name, name.upper()) for name in rows[0] if name not in ("ours_by", "theirs_by")]
        print_records(rows, columns, run.format, id_key=id_key)


def conflict_record(conflict: ConflictWithAuthors) -> dict[str, Any]:
    """One conflict as JSON has it."""
    authors = {"ours_by": conflict.ours_by, "theirs_by": conflict.theirs_by}
    return conflict._asdict() | {name: by._asdict() if by else None for name, by in authors.items()}


def conflicts_text(conflicts: Sequence[ConflictWithAuthors]) -> str:
    """The conflicts under their records and files: both values, and who gave them."""
    room = room_beside(6)
    lines: list[str] = []
    for file, of_file in groupby(conflicts, lambda conflict: conflict.file):
        first, *others = of_file
        if first.id:
            lines.append("  ".join(filter(None, (first.id, first.title))))
        lines.append(f"  {file}" if first.id else file)
        for other in (first, *others):
            lines += map("".join, hanging([other.words], "    "))
            sides = (("ours", other.ours_by), ("theirs", other.theirs_by))
            by = ", ".join(f"{side} by {author}" for side, author in sides if author)
            lines += [f"      {line}" for line in wrapped(by, room)] if by else []
    return "".join(f"{isolated(terminal_line(line))}\n" for line in lines)


_MOST = 20
"""Records that are told one by one."""


def print_preview(run: Session) -> None:
    """Fetch, and print what a sync would do."""
    location = run.present.location
    upstream, merge = preview(run.present)
    pulled = commit_count(location, merge.theirs, merge.ours) if merge.theirs else 0
    pushed = pushed_count(location, upstream, merge.ours, merge.theirs)
    coming = _changes(location, merge.base, merge.theirs) if pulled else []
    going = _changes(location, merge.base, merge.ours) if pushed else []
    theirs = merge.theirs or merge.ours
    conflicts = conflicts_with_authors(location, merge.base, merge.ours, theirs, merge.conflicts)
    if run.format is not Format.TABLE:
        print_record(
            {
                "dry_run": True, "remote": upstream.remote, "branch": upstream.name,
                "pulled": pulled, "pushed": pushed, "merged": len(merge.merged), "tries": 1,
                "conflicts": len(conflicts), "records": merge.merged,
                "coming": [_row(record) for record in coming], "going": [_row(record) for record in going],
                "disputes": [conflict_record(conflict) for conflict in conflicts],
            },
            run.format, (), id_key="branch",
        )  # fmt: skip
        return
    where = terminal_line(str(upstream))
    if not pulled and not pushed:
        write_text(f"nothing would come or go: this clone and {where} are at the same commit\n")
    for commits, records, way in ((pulled, coming, "come from"), (pushed, going, "go to")):
        if commits:
            of_what = f", with {count(len(records), 'record')}" if records else ""
            write_text(f"{count(commits, 'commit')} would {way} {where}{of_what}\n{_lines(records)}")
    if merge.merged:
        write_text(f"merged field by field: {', '.join(merge.merged)}\n")
    if conflicts:
        write_text(f"{count(len(conflicts), 'conflict')}, left to you\n{conflicts_text(conflicts)}")
    say("nothing is changed")


def _changes(location: Location, base: str | None, head: str | None) -> list[ChangedRecord]:
    """The records that one side changed; none are told of a branch that is all new."""
    if not base or not head:
        return []
    return change_set(location, Range(base, head, base, head, is_parted=False)).records


def _row(record: ChangedRecord) -> dict[str, Any]:
    return {
        "id": record.key,
        "noun": record.noun,
        "title": _title(record),
        "file": record.file,
        "events": [event._asdict() for event in record.events],
    }


def _title(record: ChangedRecord) -> str | None:
    side = record.after or record.before
    return title_of(side.version) if side and side.version else None


def _lines(records: list[ChangedRecord]) -> str:
    lines: list[str] = []
    for record in records[:_MOST]:
        lines.append("  " + "  ".join(filter(None, (record.key, _title(record)))))
        texts = [event.text for event in record.events]
        lines += map("".join, hanging(texts, "    "))
    if len(records) > _MOST:
        lines.append(f"  and {len(records) - _MOST} records more")
    return "".join(f"{isolated(terminal_line(line))}\n" for line in lines)


@app.command("doctor", cls=Verb)
def doctor(
    run: Session,
    fix: bool = flag("--fix", "Repair what is safe to repair."),
) -> None:
    """Find what is wrong with the clone, and repair it.

    It looks at git, your identity, unfinished or unshared work, and what is slow. Nothing is changed without
    --fix. Exits with 1 if there are errors; warnings don't count. For the records: `pipecli check`.
    """
    location = run.present.location
    if fix:
        with run.present.exclusive(), journal_of_git_work(location, "doctor --fix"):
            run.present.beyond_undo = f"what was repaired stays; {_AGAIN}"
            diagnoses = [mend(diagnosis) for diagnosis in examine(location)]
    else:
        diagnoses = list(examine(location))
    if run.format is Format.TABLE:
        write_text("".join(f"{line}\n" for diagnosis in diagnoses for line in _lines_of_doctor(diagnosis)))
    else:
        records = [
            picked(diagnosis, "name state what")
            | {"way_out": diagnosis.way_out or None, "can_fix": bool(diagnosis.remedy)}
            for diagnosis in diagnoses
        ]
        columns = plain_columns("name state what way_out can_fix")
        print_records(records, columns, run.format, id_key="name")
    _sum_up(diagnoses)


def _lines_of_doctor(diagnosis: Diagnosis) -> list[str]:
    """`warning  driver  git does not know …`, and below it the way out after an arrow."""
    indent = " " * 21
    room = room_beside(len(indent), 16)
    first, *rest = wrapped(diagnosis.what, room)
    out = wrapped(diagnosis.way_out, room and room - 2) if diagnosis.way_out else []
    lines = [
        f"{diagnosis.state:<9}{diagnosis.name:<12}{first}",
        *(indent + line for line in rest),
        *(f"{indent}{'  ' if number else '→ '}{line}" for number, line in enumerate(out)),
    ]
    return [isolated(terminal_line(line)) for line in lines]


def _sum_up(diagnoses: Sequence[Diagnosis]) -> None:
    states = [diagnosis.state for diagnosis in diagnoses]
    errors, warnings = states.count(State.ERROR), states.count(State.WARNING)
    mendable = sum(diagnosis.remedy is not None for diagnosis in diagnoses)
    counted = " and ".join(
        count(number, word) for number, word in ((errors, "error"), (warnings, "warning")) if number
    )
    total = errors + warnings
    mends = f"`pipecli doctor --fix` repairs {'it' if total == mendable == 1 else f'{mendable} of them'}"
    way = mends if mendable else "what to do is said above"
    if errors:
        raise PipecliError(counted, hint=way)
    say(f"{counted}; {way}" if warnings else "all is well")
