"""`pipecli notify`: tell of what the commits since the last run did, whoever made them.

From what happened to what is sent, and that it is once; to whom a notice goes is decided in
`outbox/notices.py` (`recipients`), by which address here.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any

from pipecli.cli.common.command import Sending, noun, option
from pipecli.cli.common.output import Format, drawn_message, print_records, write_text
from pipecli.cli.common.session import Session, mention, say
from pipecli.cli.common.table import Column
from pipecli.cli.common.typed_dates import parse_moment, parse_period
from pipecli.errors import PipecliError
from pipecli.extras import require_extra
from pipecli.history import commits
from pipecli.history.commit_as_of import BeforeTheFirst, Moment, Revision, commit_at
from pipecli.history.history_index import History, open_history
from pipecli.outbox.channels import Address, Channels, Courier, channels, variable
from pipecli.outbox.claim_and_send_once import Claims, hold_job
from pipecli.outbox.notices import (
    About,
    Delivery,
    Notice,
    Standing,
    To,
    UnsentNotices,
    notice_digest,
    notice_message,
    notices,
    read_unsent,
    recipients,
    write_unsent,
)
from pipecli.records.days import Days, months_around, quarter_of
from pipecli.records.emails_and_phones import users_by_address
from pipecli.reports.deal import Valuation
from pipecli.reports.pipeline_key_figures_and_ranking import Ranking, points_of, ranking
from pipecli.reports.today_and_followups import Message
from pipecli.store.index.owner_filter_and_list_sql import OwnerFilter
from pipecli.store.index.rows_for_reports import closed_deals
from pipecli.store.index.rows_for_verbs import label
from pipecli.translation import Words, user_language, words_of
from pipecli.wording import count

app = noun()

_KEPT_DAYS = 35
"""Days that a claim is kept: a rebase or a --since that goes further back tells it again."""

_MOST_ALONE = 10
"""Messages for one address; of more one is made."""


@app.command(cls=Sending)
def notify(
    run: Session,
    since: str = option(
        "From this day or after this revision. Default: where the last run ended.", "WHEN", default=""
    ),
) -> None:
    """Tell people of moves, wins, losses, assignments and the like.

    The settings say whom. It reads the commits since its last run, whoever made them; the first run only sets
    the starting point. The addresses of channels come from your environment and configuration, never from the
    pipeline (docs/notifications.md). What can't be delivered is kept for the next run.
    """
    ours = channels(is_dry=run.dry_run)
    ours.require_any()
    location = run.pipeline.location
    if run.dry_run:
        before = read_unsent(location)
        _print_messages(run, _unsent(run, before, _gathered(run, before, ours, since)))
        return
    require_extra("notify")
    with hold_job(location, "notify"):
        sent, failed = _send(run, ours, since)
    if run.format is Format.TABLE and not sent:
        mention("there is nothing to tell")  # a result would be a mail of cron about it
    else:
        print_records([_record(delivery) for delivery in sent], _COLUMNS, run.format, id_key="record")
    if failed:
        raise PipecliError(
            f"{failed} of the messages couldn't be delivered",
            hint="they are kept, the next run tries again",
            code="not-sent",
        )


def _claims(run: Session) -> Claims:
    return Claims(run.pipeline.location, "notify", keep=_KEPT_DAYS, alone=bool(run.option("alone")))


def _send(run: Session, ours: Channels, since: str) -> tuple[list[Delivery], int]:
    """Gather, claim and send; what was delivered, and how much was not."""
    location = run.pipeline.location
    before = read_unsent(location)
    left = _gathered(run, before, ours, since)
    if left != before:
        write_unsent(location, left)
    claims = _claims(run)
    wanted = {delivery.key for delivery in left.deliveries}
    pending = {delivery.key for delivery in before.deliveries}
    run.pipeline.beyond_undo = "what was sent is noted, and the next run sends the rest"
    mine = claims.claim(wanted, left.clone, run.today, pending=pending)
    if wanted - mine:  # told already, by another machine or before a rebase
        left = left.without(wanted - mine)
        write_unsent(location, left)
    sent: list[Delivery] = []
    lost = set[str]()
    for deliveries, is_delivered in _delivered(run, ours, left.deliveries):
        keys = {delivery.key for delivery in deliveries}
        if not is_delivered:
            lost |= keys
            continue
        sent += deliveries
        left = left.without(keys)
        write_unsent(location, left)
    if lost:
        claims.give_back_or_warn(lost, left.clone, run.today, say)
    return sent, len(lost)


def _unsent(run: Session, before: UnsentNotices, left: UnsentNotices) -> list[Delivery]:
    """The deliveries that nobody else has sent, as far as that can be known."""
    known = _claims(run).known_or_warn(say)
    pending = {delivery.key for delivery in before.deliveries if known.get(delivery.key) == left.clone}
    return [delivery for delivery in left.deliveries if delivery.key not in known or delivery.key in pending]


def _delivered(
    run: Session, ours: Channels, deliveries: Sequence[Delivery]
) -> Iterator[tuple[Sequence[Delivery], bool]]:
    """Send message after message: the deliveries of each, and whether they are done with."""
    courier = Courier(say)
    failing: set[Address] = set()
    for theirs in _by_message(deliveries):
        first = theirs[0]
        addresses = ours.of(first.to, is_user=first.is_for_user)
        if first.place >= len(addresses):  # it is configured no more
            say(f"{first.to} has no such address any more, dropped: {first.title}")
            yield theirs, True
            continue
        address = addresses[first.place]
        reason = courier.send(address, _message(run, theirs))
        if reason and address not in failing:
            say(f"not delivered by the channel {address.channel}: {reason}")
            failing.add(address)
        yield theirs, not reason


def _gathered(run: Session, unsent: UnsentNotices, ours: Channels, since: str) -> UnsentNotices:
    """The deliveries to send: those that were left, and those of the commits since then."""
    location = run.pipeline.location
    history = open_history(location, say)
    head = history.tip.commit
    start = _start(run, history, since) if since else unsent.noted_to or head
    if not since and unsent.noted_to is None:
        mention(f"first run: the next one tells what comes after {head[:7]}; --since tells more")
    new = [commit.id for commit in commits.listed_commits(location, head, start)]
    if not history.boundary.isdisjoint(new):
        say("warning: this clone is shallow, so older changes are not told; fetch more of it")
    fresh = deliveries(
        run,
        ours,
        notices(history, new, users_by_address(run.pipeline.settings_as_written.get("users") or {})),
    )
    return unsent.with_(head, fresh)


def _start(run: Session, history: History, since: str) -> str | None:
    """The commit after which is told: of a day the last one before it; None: from the first on."""
    zone = run.zone
    moment: Moment = Revision(since)
    with suppress(PipecliError):
        moment = parse_moment(since, run.today, zone)
    with suppress(PipecliError):
        moment = parse_period(since, run.today).first - timedelta(days=1)
    try:
        return commit_at(history.location, moment, zone, lambda _: history.line).commit
    except BeforeTheFirst:
        return None


def _by_message(deliveries: Sequence[Delivery]) -> Iterator[Sequence[Delivery]]:
    """The deliveries of each message: each alone, or all that go to an address where they are many."""
    by_address: dict[tuple[bool, str, int], list[Delivery]] = defaultdict(list)
    for delivery in deliveries:
        by_address[delivery.is_for_user, delivery.to, delivery.place].append(delivery)
    for theirs in by_address.values():
        yield from [theirs] if len(theirs) > _MOST_ALONE else ([their] for their in theirs)


def _message(run: Session, deliveries: Sequence[Delivery]) -> Message:
    messages = [Message(delivery.title, delivery.body) for delivery in deliveries]
    to = deliveries[0].to if deliveries[0].is_for_user else None
    words = words_of(user_language(run.pipeline.settings_as_written, to))
    return messages[0] if len(messages) == 1 else notice_digest(messages, words)


def _print_messages(run: Session, deliveries: Sequence[Delivery]) -> None:
    """The messages that would be sent."""
    if run.format is not Format.TABLE:
        records = [{**_record(delivery), "body": delivery.body} for delivery in deliveries]
        print_records(records, _COLUMNS, run.format, id_key="record")
        return
    groups = _by_message(deliveries)
    write_text("\n".join(drawn_message(theirs[0].to, _message(run, theirs)) for theirs in groups))


def _record(delivery: Delivery) -> dict[str, Any]:
    return {"to": delivery.to, "event": delivery.event, "record": delivery.record, "title": delivery.title}


_COLUMNS = (
    Column("to", "TO", shrink=True),
    Column("event", "EVENT"),
    Column("record", "RECORD"),
    Column("title", "TITLE", shrink=True, min_width=20),
)


def deliveries(run: Session, ours: Channels, news: Iterable[Notice]) -> list[Delivery]:
    """A delivery for each notice and address; who has no address here is named on stderr."""
    packing = _Packing(run, ours)
    packed = [delivery for notice in news for delivery in packing.deliveries(notice)]
    for (is_user, name), number in packing.nowhere.items():
        which = f"{name}, who has no channel here" if is_user else f"{name}, which isn't a channel here"
        say(f"{count(number, 'message')} for {which}: set {variable(name)}, or write {ours.file}")
    return packed


class _Packing:
    def __init__(self, run: Session, ours: Channels) -> None:
        self.pipeline = run.pipeline
        self.ours = ours
        self.settings: dict[str, Any] = run.pipeline.settings_as_written
        self.zone = run.zone
        users = self.settings.get("users") or {}
        self.names = {slug: str(user.get("name", slug)) for slug, user in users.items()}
        self.nowhere: Counter[To] = Counter()
        self._rankings: dict[Days, Ranking] = {}

    def deliveries(self, notice: Notice) -> Iterator[Delivery]:
        urls = set[str]()
        messages = dict[str | None, Message]()
        for to in recipients(notice, self.settings):
            addresses = self.ours.of(to[1], is_user=to[0])
            if not addresses:
                self.nowhere[to] += 1
            for place, address in enumerate(addresses):
                if address.url in urls:  # two names may lead to one address
                    continue
                urls.add(address.url)
                language = user_language(self.settings, to[1] if to[0] else None)
                if language not in messages:
                    messages[language] = self._message(notice, words_of(language))
                yield Delivery(
                    _key(notice, to, place), *to, place, notice.event, notice.key, *messages[language]
                )

    def _message(self, notice: Notice, words: Words) -> Message:
        customer = label(self.pipeline.connection, "customer", notice.customer)
        standing = self._standing(notice) if notice.event == "won" else None
        name = notice.customer if customer is None else customer
        return notice_message(notice, About(self.names, name, standing, self.zone, words))

    def _standing(self, notice: Notice) -> Standing | None:
        """The points of a win, and the rank of its owner; None where that can't be told."""
        points = points_of(self.settings)
        try:
            day = date.fromisoformat(str(notice.ending.get("date")))
            base = Valuation(self.pipeline.rates)
            gained = points.of(base.converted(notice.amount or Decimal(0), notice.currency, day, notice.key))
            standings = self._ranking(day, points, base)
        except (ValueError, PipecliError):  # a rate is missing: the win is told all the same
            return None
        row = next((row for row in standings.rows if row.key == notice.owner), None)
        if row is None or row.rank is None or points.is_nothing:
            return None
        return Standing(
            gained, row.points, row.rank, sum(row.rank is not None for row in standings.rows), quarter_of(day)
        )

    def _ranking(self, day: date, points: Any, base: Any) -> Ranking:
        """The ranking of the quarter of a day, as it is now."""
        days = Days(*months_around(day, 3))
        if days not in self._rankings:
            deals = closed_deals(self.pipeline.connection, OwnerFilter(), days)
            self._rankings[days] = ranking(deals, by="owner", days=days, points=points, base=base, shown=base)
        return self._rankings[days]


def _key(notice: Notice, to: To, place: int) -> str:
    """The key of its claim: the same on every clone, and no name in it."""
    parts = (notice.identity, *map(str, to), str(place))
    return sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:20]
