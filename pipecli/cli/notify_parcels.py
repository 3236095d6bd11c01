"""From what happened to what is sent: to whom each notice goes, by which address, in which words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from pipecli.cli.session import Session, say
from pipecli.errors import PipecliError
from pipecli.history.notices import About, Notice, Parcel, Standing, message
from pipecli.reports.followups import OWNER, Message

if TYPE_CHECKING:
    from pipecli.outbox.channels import Address, Channels
    from pipecli.reports.days import Days
    from pipecli.reports.ranking import Ranking

To = tuple[bool, str]
"""Whether it is a user, and the name of them or of a channel."""


def parcels(run: Session, ours: Channels, found: Iterable[Notice]) -> list[Parcel]:
    """A parcel for each notice and address; who has no address here is named on stderr."""
    packing = _Packing(run, ours)
    made = [parcel for notice in found for parcel in packing.parcels(notice)]
    for (is_user, name), count in packing.nowhere.items():
        from pipecli.outbox.channels import variable

        what = "1 message" if count == 1 else f"{count} messages"
        which = f"{name}, who has no channel here" if is_user else f"{name}, which is no channel here"
        say(f"{what} for {which}: set {variable(name)}, or write {ours.file}")
    return made


class _Packing:
    def __init__(self, run: Session, ours: Channels) -> None:
        self.pipeline = run.pipeline
        self.ours = ours
        self.settings: dict[str, Any] = run.pipeline.settings_as_written
        self.zone = run.now.tzinfo
        users = self.settings.get("users") or {}
        self.names = {slug: str(user.get("name", slug)) for slug, user in users.items()}
        self.nowhere: Counter[To] = Counter()
        self._rankings: dict[Days, Ranking] = {}

    def parcels(self, notice: Notice) -> Iterator[Parcel]:
        told = set[str]()
        words = None
        for to in self._recipients(notice):
            addresses = _addresses(self.ours, to)
            if not addresses:
                self.nowhere[to] += 1
            for place, address in enumerate(addresses):
                if address.url in told:  # two names may lead to one address
                    continue
                told.add(address.url)
                words = words or self._words(notice)
                yield Parcel(
                    _key(notice, to, place), *to, place, notice.event, notice.key, words.title, words.body
                )

    def _recipients(self, notice: Notice) -> list[To]:
        """The channels of the event, and of an assignment the user whose it is now, unless they did it."""
        users = self.settings.get("users") or {}
        names = (self.settings.get("notifications") or {}).get(notice.event, [])
        owner = notice.owner if users.get(notice.owner or "", {}).get("active", True) else None
        found = [(True, owner) if name == OWNER else (False, name) for name in names]
        if notice.event == "assigned":
            found.append((True, owner))
        return [
            (is_user, name)
            for is_user, name in dict.fromkeys(found)
            if name and not (is_user and name == notice.by)
        ]

    def _words(self, notice: Notice) -> Message:
        customer = self.pipeline.index.connection.execute(
            "SELECT label FROM _records WHERE noun = 'customer' AND key = ?", (notice.customer,)
        ).fetchone()
        standing = self._standing(notice) if notice.event == "won" else None
        assert self.zone
        called = customer[0] if customer else notice.customer
        return message(notice, About(self.names, called, standing, self.zone))

    def _standing(self, notice: Notice) -> Standing | None:
        """What a win is worth in points, and where its owner stands; None where that can't be told."""
        from pipecli.reports.days import quarter_of
        from pipecli.reports.money import Valuation
        from pipecli.reports.ranking import Points

        ranking = self.settings.get("ranking") or {}
        points = Points(*(Decimal(str(ranking.get(f"points_per_{each}", 0))) for each in ("win", "amount")))
        try:
            day = date.fromisoformat(str(notice.ending.get("date")))
            base = Valuation(self.pipeline.rates)
            gained = points.of(base.value(notice.amount or Decimal(0), notice.currency, day, notice.key))
            made = self._ranking(day, points, base)
        except (ValueError, PipecliError):  # a rate is missing: the win is told all the same
            return None
        row = next((each for each in made.rows if each.key == notice.owner), None)
        if row is None or row.rank is None or points.is_nothing:
            return None
        return Standing(
            gained, row.points, row.rank, sum(each.rank is not None for each in made.rows), quarter_of(day)
        )

    def _ranking(self, day: date, points: Any, base: Any) -> Ranking:
        """The ranking of the quarter of a day, as it is now."""
        from pipecli.cli.dates import parse_period
        from pipecli.reports.days import Days, quarter_of
        from pipecli.reports.ranking import ranking
        from pipecli.store.index.deals import Whose, closed_deals

        quarter = parse_period(quarter_of(day), day)
        days = Days(quarter.first, quarter.last)
        if days not in self._rankings:
            deals = closed_deals(self.pipeline.index.connection, Whose(), days)
            self._rankings[days] = ranking(deals, by="owner", days=days, points=points, base=base, shown=base)
        return self._rankings[days]


def _addresses(ours: Channels, to: To) -> list[Address]:
    is_user, name = to
    return ours.of_user(name) if is_user else ours.of_channel(name)


def _key(notice: Notice, to: To, place: int) -> str:
    """Under what it is claimed: the same on every clone, and no name in it."""
    parts = (notice.identity, *map(str, to), str(place))
    return sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:20]
