"""`pipecli sync --dry-run`: what would come and what would go, record by record."""

from __future__ import annotations

from typing import Any

from pipecli.cli.findings import count
from pipecli.cli.output import Format, print_record, terminal_width, wrapped, write_text
from pipecli.cli.session import Session, say
from pipecli.cli.sync import dispute_record, disputes_text
from pipecli.cli.table import clean, isolated
from pipecli.history.change_set import Range, Touched, change_set
from pipecli.store.files import Location
from pipecli.sync import merge_plan
from pipecli.sync.conflict import disputes, title_of
from pipecli.sync.sync import preview

_MOST = 20
"""Records that are told one by one."""


def print_preview(run: Session) -> None:
    """Fetch, and print what a sync would do."""
    place = run.present.location
    upstream, joint = preview(run.present)
    pulled = merge_plan.count(place, joint.theirs, joint.ours) if joint.theirs else 0
    pushed = merge_plan.going(place, upstream, joint.ours, joint.theirs)
    coming = _changes(place, joint.base, joint.theirs) if pulled else []
    going = _changes(place, joint.base, joint.ours) if pushed else []
    found = disputes(place, joint.base, joint.ours, joint.theirs or joint.ours, joint.clashes)
    if run.format is not Format.TABLE:
        print_record(
            {
                "dry_run": True, "remote": upstream.remote, "branch": upstream.name,
                "pulled": pulled, "pushed": pushed, "merged": len(joint.merged), "tries": 1,
                "conflicts": len(found), "records": joint.merged,
                "coming": [_record(each) for each in coming], "going": [_record(each) for each in going],
                "disputes": [dispute_record(each) for each in found],
            },
            run.format, (), id_key="branch",
        )  # fmt: skip
        return
    if not pulled and not pushed:
        write_text(f"nothing would come or go: this clone and {upstream} are at the same commit\n")
    for commits, records, way in ((pulled, coming, "come from"), (pushed, going, "go to")):
        if commits:
            touched = f", with {count(len(records), 'record')}" if records else ""
            write_text(f"{count(commits, 'commit')} would {way} {upstream}{touched}\n{_lines(records)}")
    if joint.merged:
        write_text(f"merged field by field: {', '.join(joint.merged)}\n")
    if found:
        write_text(f"{count(len(found), 'conflict')}, left to you\n{disputes_text(found)}")
    say("nothing is changed")


def _changes(place: Location, base: str | None, head: str | None) -> list[Touched]:
    """The records that one side touched; none are told of a branch that is all new."""
    if not base or not head:
        return []
    return change_set(place, Range(base, head, base, head, is_parted=False)).records


def _record(each: Touched) -> dict[str, Any]:
    return {
        "id": each.key,
        "noun": each.noun,
        "title": _title(each),
        "file": each.file,
        "events": [event._asdict() for event in each.events],
    }


def _title(each: Touched) -> str | None:
    side = each.after or each.before
    return title_of(side.told.plain) if side and side.told else None


def _lines(records: list[Touched]) -> str:
    width = terminal_width()
    room = None if width is None else max(width - 6, 30)
    lines: list[str] = []
    for each in records[:_MOST]:
        lines.append("  " + "  ".join(filter(None, (each.key, _title(each)))))
        for event in each.events:
            first, *rest = wrapped(event.text, room)
            lines += [f"    {first}", *(f"      {line}" for line in rest)]
    if len(records) > _MOST:
        lines.append(f"  and {len(records) - _MOST} records more")
    return "".join(f"{isolated(clean(line))}\n" for line in lines)
