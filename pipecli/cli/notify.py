"""`pipecli notify`: tell of what the commits since the last run did, whoever made them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipecli.cli.command import Sending, noun
from pipecli.cli.output import Format, print_records, write_text
from pipecli.cli.session import Session, mention, say, session
from pipecli.cli.table import Column, clean
from pipecli.errors import PipecliError
from pipecli.reports.followups import Message

if TYPE_CHECKING:
    from pipecli.history.claims import Claims
    from pipecli.history.index import History
    from pipecli.history.notices import Parcel, Unsent
    from pipecli.outbox.channels import Address, Channels

app = noun("Tell of what was won, lost, moved or assigned.")

_KEPT_DAYS = 35
"""What was claimed is remembered so long: a rebase or a --since that goes further back tells it again."""

_MOST_ALONE = 10
"""Messages for one address; of more one is made."""


@app.command(cls=Sending)
def notify(
    ctx: typer.Context,
    since: Annotated[
        str,
        typer.Option(
            help="From this day or after this revision; else where the last run ended.", metavar="WHEN"
        ),
    ] = "",
) -> None:
    """Tell the people whom the settings name of stage changes, wins, losses, assignments and auto-closes.

    It walks the commits since its last run, whoever made them; the first run begins with what comes after it.
    The settings only name channels: their addresses come from your environment and configuration, never from
    the pipeline (docs/notifications.md). What can't be delivered is kept for the next run.
    """
    from pipecli.history import notices as unsent
    from pipecli.outbox.channels import channels

    run = session(ctx)
    ours = channels()
    if ours.are_none:
        raise PipecliError(
            "no channel is configured, and nothing can be sent",
            hint=f"set PIPECLI_CHANNEL_<NAME>, or write {ours.file}; see docs/notifications.md",
        )
    place = run.pipeline.location
    if run.dry_run:
        before = unsent.read(place)
        _print_messages(run, _untold(run, before, _gathered(run, before, ours, since)))
        return
    from pipecli.outbox.channels import require_apprise
    from pipecli.store import lock

    require_apprise()
    with lock.exclusive(place.cache / "notify"):
        sent, failed = _send(run, ours, since)
    _print(run, sent)
    if failed:
        raise PipecliError(
            f"{failed} of the messages could not be delivered", hint="they are kept, the next run tries again"
        )


def _send(run: Session, ours: Channels, since: str) -> tuple[list[Parcel], int]:
    """Gather, claim and send; what was delivered, and how much was not."""
    from pipecli.history import notices as unsent

    place = run.pipeline.location
    before = unsent.read(place)
    left = _gathered(run, before, ours, since)
    if left != before:
        unsent.write(place, left)
    claims = _claims(run)
    wanted = {parcel.key for parcel in left.parcels}
    pending = {parcel.key for parcel in before.parcels}
    mine = claims.claim(wanted, left.clone, run.today, pending=pending)
    if wanted - mine:  # told already, by another machine or before a rebase
        left = left.without(wanted - mine)
        unsent.write(place, left)
    sent: list[Parcel] = []
    lost = set[str]()
    for parcels, is_delivered in _delivered(ours, left.parcels):
        keys = {parcel.key for parcel in parcels}
        if not is_delivered:
            lost |= keys
            continue
        sent += parcels
        left = left.without(keys)
        unsent.write(place, left)
    if lost:
        _give_back(claims, lost, left.clone, run)
    return sent, len(lost)


def _claims(run: Session) -> Claims:
    from pipecli.history.claims import Claims, shared_remote

    place = run.pipeline.location
    remote = None if run.option("alone") else shared_remote(place)
    return Claims(place, "notify", keep=_KEPT_DAYS, remote=remote)


def _untold(run: Session, before: Unsent, left: Unsent) -> list[Parcel]:
    """What nobody else has told, as far as that can be known."""
    from pipecli.history.claims import Unreachable

    claims = _claims(run)
    try:
        known = claims.known()
    except Unreachable as error:
        say(f"warning: {error.message}")
        known = claims.known(offline=True)
    pending = {each.key for each in before.parcels if known.get(each.key) == left.clone}
    return [each for each in left.parcels if each.key not in known or each.key in pending]


def _delivered(ours: Channels, parcels: Sequence[Parcel]) -> Iterator[tuple[Sequence[Parcel], bool]]:
    """Send message after message: the parcels of each, and whether they are done with."""
    from pipecli.outbox.channels import Courier

    courier = Courier()
    failing: set[Address] = set()
    for theirs in _by_message(parcels):
        address = _address(ours, theirs[0])
        if address is None:
            say(f"{theirs[0].to} has no such address any more, dropped: {theirs[0].title}")
            yield theirs, True
            continue
        reason = courier.send(address, _message(theirs))
        if reason and address not in failing:
            say(f"not delivered by the channel {address.channel}: {reason}")
            failing.add(address)
        yield theirs, not reason


def _give_back(claims: Claims, lost: set[str], clone: str, run: Session) -> None:
    """Let other machines try, too; where that can't be said, only this clone will."""
    try:
        claims.give_back(lost, clone, run.today)
    except PipecliError as error:
        say(f"warning: {error.message}")


def _gathered(run: Session, unsent: Unsent, ours: Channels, since: str) -> Unsent:
    """What is to be sent: what was left, and what the commits since then did."""
    from pipecli.cli.notify_parcels import parcels
    from pipecli.history import commits
    from pipecli.history.index import open_history
    from pipecli.history.notices import notices

    place = run.pipeline.location
    history = open_history(place, say)
    head = history.tip.commit
    start = _start(run, history, since) if since else unsent.told or head
    if not since and unsent.told is None:
        mention(f"the first run: the next one tells what comes after commit {head[:7]}; --since tells more")
    new = [each.id for each in commits.listed(place, head, start)]
    if not history.boundary.isdisjoint(new):
        say("warning: this clone is shallow, and what was before is not told; fetch more of it")
    found = parcels(run, ours, notices(history, new, _users_by_email(run)))
    return unsent.with_(head, found)


def _start(run: Session, history: History, since: str) -> str | None:
    """The commit after which is told: of a day the last one before it; None: from the first on."""
    from pipecli.cli.dates import parse_from, parse_moment
    from pipecli.history.moments import BeforeTheFirst, Moment, Revision, stand

    zone = run.now.tzinfo
    assert zone is not None
    moment: Moment = Revision(since)
    with suppress(PipecliError):
        moment = parse_moment(since, run.today, zone)
    with suppress(PipecliError):
        moment = parse_from(since, run.today) - timedelta(days=1)
    try:
        return stand(history.place, moment, zone, lambda _: history.line).commit
    except BeforeTheFirst:
        return None


def _users_by_email(run: Session) -> dict[str, str]:
    users = run.pipeline.settings_as_written.get("users") or {}
    return {user["email"].casefold(): slug for slug, user in users.items() if user.get("email")}


def _by_message(parcels: Sequence[Parcel]) -> Iterator[Sequence[Parcel]]:
    """The parcels of each message: each alone, or all that go to an address where they are many."""
    by_address: dict[tuple[bool, str, int], list[Parcel]] = defaultdict(list)
    for each in parcels:
        by_address[each.is_for_user, each.to, each.place].append(each)
    for theirs in by_address.values():
        yield from [theirs] if len(theirs) > _MOST_ALONE else ([each] for each in theirs)


def _address(ours: Channels, parcel: Parcel) -> Address | None:
    """The address that a parcel goes to; None where it is configured no more."""
    found = ours.of_user(parcel.to) if parcel.is_for_user else ours.of_channel(parcel.to)
    return found[parcel.place] if parcel.place < len(found) else None


def _message(parcels: Sequence[Parcel]) -> Message:
    from pipecli.history.notices import digest

    messages = [Message(each.title, each.body) for each in parcels]
    return messages[0] if len(messages) == 1 else digest(messages)


def _print(run: Session, sent: Sequence[Parcel]) -> None:
    """What was told. Nothing for cron where nothing was: it would send a mail about it."""
    if run.format is Format.TABLE and not sent:
        mention("there is nothing to tell")
        return
    print_records([_record(each) for each in sent], _COLUMNS, run.format, id_key="record")


def _print_messages(run: Session, parcels: Sequence[Parcel]) -> None:
    """The messages that would be sent."""
    if run.format is not Format.TABLE:
        records = [{**_record(each), "body": each.body} for each in parcels]
        print_records(records, _COLUMNS, run.format, id_key="record")
        return
    drawn = []
    for theirs in _by_message(parcels):
        told = _message(theirs)
        lines = [f"To: {theirs[0].to}", f"Subject: {told.title}", "", *told.body.split("\n")]
        drawn.append("".join(f"{clean(line)}\n" for line in lines))
    write_text("\n".join(drawn))


def _record(parcel: Parcel) -> dict[str, Any]:
    return {"to": parcel.to, "event": parcel.event, "record": parcel.record, "title": parcel.title}


_COLUMNS = (
    Column("to", "TO", shrink=True),
    Column("event", "EVENT"),
    Column("record", "RECORD"),
    Column("title", "TITLE", shrink=True, min_width=20),
)
