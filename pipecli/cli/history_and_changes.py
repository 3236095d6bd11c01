"""`pipecli history`, every change of a record, and `pipecli changes`, the movement of the whole pipeline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, tzinfo
from itertools import groupby
from typing import Any

from pipecli.cli.common.command import Printing, argument, flag, noun, option
from pipecli.cli.common.names_and_questions import is_recent, recalled
from pipecli.cli.common.output import Format, hanging, print_records, room_beside, wrapped, write_text
from pipecli.cli.common.session import Session, say
from pipecli.cli.common.table import Column, cell_text, isolated, plain_columns
from pipecli.cli.common.typed_dates import parse_as_of, parse_period
from pipecli.cli.report.options_and_columns import Currency, money_column, print_with_currency
from pipecli.errors import Ambiguous, PipecliError
from pipecli.harmless_text import terminal_line
from pipecli.history.commit_as_of import zone_of
from pipecli.history.commits import Commit, Signature, listed_commits, signatures
from pipecli.history.deal_movements import Changes, ChangesAsked, End, movement_between
from pipecli.history.events_in_words import OF_THE_RECORD
from pipecli.history.history_index import History, open_history
from pipecli.history.record_history import (
    BELONGING,
    LogEntry,
    Name,
    document_named,
    history_of,
    names_like,
    steps_of,
)
from pipecli.json_and_csv import dumps, picked
from pipecli.records.days import Days, day_in
from pipecli.records.kinds import BY_NOUN, KINDS, OPPORTUNITY, SETTINGS, SETTINGS_FILE
from pipecli.store.index.rows_for_verbs import label
from pipecli.store.pipeline import now_in
from pipecli.store.record_meant import record_meant

app = noun()


_INDENT = "    "


@app.command("history", cls=Printing)
def history(
    run: Session,
    ref: str | None = argument(
        "An id, its start, or a name; `settings` for pipecli.yaml. Default: all.", "[REF]", default=None
    ),
    field: str = option("Only changes of this field.", "PATH", default=""),
    since: str = option("Only since this day. Default, without a REF: a week ago.", "DATE", default=""),
    signed: bool = flag("--signatures", "Also who signed each commit, as git verifies it."),
    only: bool = flag("--only", "Without an opportunity's quotations, orders and lead."),
) -> None:
    """Print every change of a record, newest first: when, who, the commit, what happened, the message.

    The history of an opportunity includes its quotations, supplier quotations, orders and lead. Without a
    record, it is what happened to all of them in the last week.
    """
    location = run.present.location
    known = open_history(location, say)
    zone = zone_of(location)
    name = _name(run, known, ref) if ref else ("", "")
    day = since or ("" if ref else "-7d")
    first = parse_period(day, run.today, past=True).first if day else date.min
    entries = (
        history_of(known, name, only=only, field=field) if ref else _of_all(run, known, field, first, zone)
    )
    if ref and field and not entries:
        _require_field(name[0], field, only=only)
    entries = [entry for entry in entries if day_in(entry.commit.when, zone) >= first]
    if ref:
        _warn(known, entries, name)
    elif not entries:
        say(f"nothing happened since {first}; --since looks further back")
    ids = list(dict.fromkeys(entry.commit.id for entry in entries))
    _print(run, entries, name, zone, signatures(location, ids) if signed else None)


def _of_all(run: Session, known: History, field: str, first: date, zone: tzinfo) -> list[LogEntry]:
    """The events of every record from a day on, newest first; each called by its title, too."""
    start = datetime.combine(first, time(), zone).timestamp()
    commits = [
        commit.id for commit in listed_commits(known.location, known.tip.commit) if commit.committed >= start
    ]
    entries = []
    for step in steps_of(known, commits[::-1], (*KINDS, SETTINGS)):
        events = [event for event in step.events if not field or f"{event.field}.".startswith(f"{field}.")]
        if run.format is Format.TABLE:
            title = label(run.present.connection, step.noun, step.key) or ""
            about = f"{step.key} {title}" if title != step.key else step.key
            events = [
                event if step.key in event.text else event._replace(text=f"{about}: {event.text}")
                for event in events
            ]
        if events:
            entries.append(LogEntry(step.commit, step.noun, step.key, "", events))
    return entries


def _name(run: Session, known: History, ref: str) -> Name:
    """The record a person means, one that is gone or can't be read at present included."""
    if is_recent(ref):
        ref = recalled(run, ref)
    if ref in ("settings", SETTINGS_FILE):
        return "settings", "settings"
    if document := document_named(known, ref):
        return document
    try:
        named = record_meant(run.present, ref, me=run.person)
    except Ambiguous:
        raise
    except PipecliError:
        past = names_like(known, ref.strip())
        if len(past) > 1:
            keys = ", ".join(key for _, key in past)
            raise Ambiguous(f'"{ref}" was {len(past)} records: {keys}', hint="name one by its id") from None
        if not past:
            raise
        return past[0]
    return named.noun, named.key


def _require_field(noun: str, field: str, *, only: bool) -> None:
    """Refuse a field that none of these records has; what stands in a list may have any name."""
    from difflib import get_close_matches

    from pipecli.records import base

    kind = SETTINGS if noun == SETTINGS.noun else BY_NOUN[noun]
    others = BELONGING if kind is OPPORTUNITY and not only else ()
    first, *rest = field.split(".")
    for model in (kind.model, *(other.model for other in others)):
        inside = base.keys_at(model, [first]) if rest else []
        if first in (*OF_THE_RECORD, *base.keys_at(model, [])) and (not inside or rest[0] in inside):
            return
    known = [*base.keys_at(kind.model, []), *OF_THE_RECORD]
    if first in known:
        known = [f"{first}.{key}" for key in base.keys_at(kind.model, [first])]
    close = get_close_matches(field, known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"its fields: {', '.join(known)}"
    raise PipecliError(f"{noun} has no field {field}", hint=hint)


def _warn(known: History, entries: Sequence[LogEntry], name: Name) -> None:
    """Say what might make this less than the whole story."""
    if known.tip.is_shallow:
        say("warning: this clone is shallow, older changes are not here; `git fetch --unshallow` brings them")
    if (known.location.git_dir / "MERGE_HEAD").exists():
        say("warning: a merge is in progress; this is the history up to before it")
    now = datetime.now(UTC)
    for commit in dict.fromkeys(entry.commit for entry in entries if entry.commit.when > now):
        say(f"warning: commit {commit.id[:7]} is dated in the future ({commit.when:%Y-%m-%d})")
    if not entries and known.knows(*name):
        say("nothing that was asked for happened to it")
    elif not entries:
        say(f"no commit has {name[1]} yet")


Signatures = Mapping[str, Signature] | None
"""By the id of the commit; None where nobody asked."""


def _print(run: Session, entries: Sequence[LogEntry], name: Name, zone: tzinfo, signed: Signatures) -> None:
    if run.format is Format.TABLE:
        by_commit = groupby(entries, key=lambda entry: entry.commit)
        write_text("\n".join(_block(commit, [*records], name, zone, signed) for commit, records in by_commit))
        return
    if run.format is Format.IDS:
        write_text("".join(f"{commit}\n" for commit in dict.fromkeys(entry.commit.id for entry in entries)))
        return
    if run.format in (Format.JSON, Format.JSONL):
        print_records([_record(entry, zone, signed) for entry in entries], (), run.format)
        return
    rows = [
        {**_record(entry, zone, signed), **event._asdict()} | {"commit": entry.commit.id[:7]}
        for entry in entries
        for event in entry.events
    ]
    names = ["when", "author", "commit", "record", "text", "message"]
    if signed is not None:
        names.append("signature")
        rows = [row | {"signature": _words(row["signature"])} for row in rows]
    print_records(rows, plain_columns(" ".join(names)), run.format)


def _words(signature: Signature | dict[str, str] | None) -> str:
    """`signed by Ana Ruiz (good)`; of none `not signed`."""
    state, signer = signature.values() if isinstance(signature, dict) else signature or ("", "")
    return f"signed by {signer or 'an unknown key'} ({state})" if state else "not signed"


def _record(entry: LogEntry, zone: tzinfo, signed: Signatures) -> dict[str, Any]:
    commit = entry.commit
    signature = signed.get(commit.id) if signed is not None else None
    about = {"signature": signature._asdict() if signature and signature.state else None}
    return {
        "commit": commit.id,
        "when": commit.when.astimezone(zone).isoformat(),
        "author": commit.author,
        "email": commit.email,
        "committer": commit.committer or f"{commit.author} <{commit.email}>",
        **(about if signed is not None else {}),
        "subject": commit.subject,
        "message": commit.body,
        "record": entry.key,
        "noun": entry.noun,
        "file": entry.file,
        "events": [event._asdict() for event in entry.events],
    }


def _block(commit: Commit, entries: Sequence[LogEntry], name: Name, zone: tzinfo, signed: Signatures) -> str:
    """One commit's part: a line of when and who, the events, and the message as it was written."""
    room = room_beside(len(_INDENT))
    when = f"{commit.when.astimezone(zone):%Y-%m-%d %H:%M}"
    about = [isolated(terminal_line(commit.author)), commit.id[:7]]
    if commit.committer:
        about.append(f"committed by {isolated(terminal_line(commit.committer))}")
    if signed is not None:
        about.append(terminal_line(_words(signed.get(commit.id))))
    lines = ["  ".join([when, *about])]
    for entry in entries:
        for event in entry.events:
            is_clear = (entry.noun, entry.key) == name or entry.key in event.text
            text = event.text if is_clear else f"{entry.key}: {event.text}"
            lines += [indent + isolated(line) for indent, line in hanging([text], _INDENT)]
    for paragraph in commit.body.splitlines():
        lines += [f"{_INDENT}| {isolated(line)}".rstrip() for line in wrapped(paragraph, room and room - 2)]
    return "".join(f"{line}\n" for line in lines)


@app.command("changes", cls=Printing)
def changes_(
    run: Session,
    since: str = option("Since the end of this date, this time, or this revision.", "WHEN", default="-7d"),
    until: str | None = option("To the end of this date, this time, or this revision. Default: now.", "WHEN"),
    window: str = option(
        "Only deals expected to close in this period, such as 2026-Q4.", "PERIOD", default=""
    ),
    currency: Currency = "",
    deals: bool = flag("--deals", "List the deals of each step."),
) -> None:
    """Print how the open pipeline moved between two moments: what came, what changed, what went.

    The steps add up from the opening to the closing figure, in total and weighted. A date means its end, so
    the opening figure is that of `forecast --as-of` the same date, and of those on hold.
    """
    location = run.present.location
    zone = zone_of(location)
    today = now_in(zone, run.fixed_now()).date()
    period = parse_period(window, today) if window else None
    question = ChangesAsked(
        parse_as_of(since, today, zone),
        None if until is None else parse_as_of(until, today, zone),
        Days(period.first, period.last) if period else None,
        currency.upper() or None,
    )
    movement = movement_between(open_history(location, say), question, today, zone)
    for end in (movement.opening, movement.closing):
        for fault in [*end.deals.faults, *(end.standing.notes if end.standing else ())]:
            say(f"warning: {end.name}: {fault}")
    _print_of_changes(run, movement, period.name if period else None, names_deals=deals)


def _print_of_changes(run: Session, movement: Changes, window: str | None, *, names_deals: bool) -> None:
    if run.format is Format.JSON:
        write_text(dumps(movement_json(movement, window)) + "\n")
        return
    sums = list(_sums(movement))
    wants_deals = names_deals or run.format is Format.IDS
    named = [
        record
        for bucket in movement.waterfall.buckets
        for record in (_deals(movement, bucket) if wants_deals else ())
    ]
    if run.format is Format.TABLE:
        closing_in = f", deals closing in {window}" if window else ""
        ends = f"from {_moment_text(movement.opening)}\nto {_moment_text(movement.closing)}"
        caption = f"Open pipeline in {movement.currency}{closing_in}\n{ends}"
        write_text("\n".join([*wrapped(caption, room_beside(0)), "", ""]))
        print_records(sums, _columns(movement.currency), run.format)
        if named:
            write_text("\n")
            print_records(named, _deal_columns(movement.currency), run.format)
    elif wants_deals:
        print_with_currency(named, _deal_columns(movement.currency), run.format, movement.currency)
    else:
        print_with_currency(sums, _columns(movement.currency), run.format, movement.currency)


def _moment_text(end: End) -> str:
    if end.standing is None:
        return f"{terminal_line(end.name)}, before the first commit"
    return f"{terminal_line(end.name)}: commit {end.standing.commit[:7]} of {end.standing.at:%Y-%m-%d %H:%M}"


def _sums(movement: Changes) -> Iterator[dict[str, Any]]:
    """The opening, the buckets that hold something, and the closing."""
    yield {"bucket": "opening", **movement.waterfall.opening._asdict()}
    for name, total in movement.waterfall.buckets.items():
        if total.deals:
            yield {"bucket": name, **total._asdict()}
    yield {"bucket": "closing", **movement.waterfall.closing._asdict()}


def _deals(movement: Changes, bucket: str) -> Iterator[dict[str, Any]]:
    """The moves of one bucket, the one that moved most first."""
    moves = [
        (key, move)
        for key, moves in movement.waterfall.moves.items()
        for move in moves
        if move.bucket == bucket
    ]
    for key, move in sorted(
        moves, key=lambda moved: (-abs(moved[1].amount), -abs(moved[1].weighted), moved[0])
    ):
        version = movement.version(key)
        old, new = (cell_text(value) for value in (move.before, move.after))
        yield {
            "id": key,
            "bucket": bucket,
            **picked(version, "title customer owner"),
            **picked(move, "amount weighted before after"),
            "what": f"{old} → {new}" if old and new else old or new,  # of a new deal its stage
        }


def _columns(currency: str) -> list[Column]:
    return [
        Column("bucket", ""),
        Column("deals", "DEALS", align="right"),
        money_column("amount", "AMOUNT", currency),
        money_column("weighted", "WEIGHTED", currency),
    ]


def _deal_columns(currency: str) -> list[Column]:
    return [
        Column("id", "ID"),
        Column("bucket", "BUCKET"),
        Column("title", "TITLE", shrink=True, min_width=10),
        Column("owner", "OWNER", shrink=True, rank=2),
        money_column("amount", "AMOUNT", currency),
        money_column("weighted", "WEIGHTED", currency),
        Column("what", "WHAT", shrink=True, min_width=14, rank=1),
    ]


def movement_json(movement: Changes, window: str | None) -> dict[str, Any]:
    return {
        "since": _moment(movement.opening),
        "until": _moment(movement.closing),
        "window": window,
        "currency": movement.currency,
        "opening": movement.waterfall.opening._asdict(),
        "buckets": {
            name: {
                **total._asdict(),
                "opportunities": [
                    {key: value for key, value in deal.items() if key != "bucket"}
                    for deal in _deals(movement, name)
                ],
            }
            for name, total in movement.waterfall.buckets.items()
        },
        "closing": movement.waterfall.closing._asdict(),
    }


def _moment(end: End) -> dict[str, Any]:
    standing = end.standing
    return {
        "moment": end.name,
        "day": end.day,
        "commit": standing.commit if standing else None,
        "committed": standing.at.isoformat() if standing else None,
        "unreadable": end.deals.faults,
    }
