"""The movement of the pipeline between two moments, from the deals of two commits.

Only the two states count, not the way between them: squashed or not, corrected on the way or not, the same
two trees give the same waterfall.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, tzinfo
from decimal import Decimal
from typing import Any, NamedTuple

from pipecli.errors import FaultyFile, PipecliError
from pipecli.history.commit_as_of import (
    BeforeTheFirst,
    Moment,
    Revision,
    StandingCommit,
    commit_at,
    last_moment_of,
    moment_text,
)
from pipecli.history.commits import Blob, key_of_path, records_below, root_entries
from pipecli.history.history_index import History
from pipecli.history.version_facts import VersionFacts
from pipecli.records.days import Days, day_in
from pipecli.records.kinds import OPPORTUNITY, SETTINGS_FILE
from pipecli.records.money import Rates
from pipecli.reports.deal import Deal, Valuation
from pipecli.reports.waterfall import Basis, Waterfall, waterfall
from pipecli.store import git, safe_files
from pipecli.store.pipeline import rates_of
from pipecli.store.yaml import read

Settings = Mapping[str, Any]
"""The settings as their file says them."""


class Deals(NamedTuple):
    """All deals at a moment."""

    versions: dict[str, VersionFacts]
    """By id."""
    settings: Settings
    faults: list[str]
    """The files that could not be read then, each with the version that counts instead."""

    @property
    def rates(self) -> Rates:
        return rates_of(self.settings)

    @property
    def stages(self) -> dict[tuple[str, str], int]:
        """The place of each (process, stage)."""
        return {name: place for name, (place, _) in _stages(self.settings).items()}


NONE = Deals({}, {}, [])
"""Before the pipeline was founded."""


def deals_at(history: History, commit: str) -> Deals | None:
    """The deals of a commit, None where it holds no pipeline.

    One that can't be read counts as it last could be, and is named. Raises PipecliError when the settings
    can't be read.
    """
    contents = root_entries(history.location, commit)
    if SETTINGS_FILE not in contents:
        return None
    settings = _settings_of(history, contents[SETTINGS_FILE])
    tree = contents.get(OPPORTUNITY.folder)
    if tree is None:
        return Deals({}, settings, [])
    kept = history.snapshot(tree)
    if kept is not None:
        return Deals({key: VersionFacts._make(facts) for key, facts in kept.items()}, settings, [])
    versions, faults = _versions_in(history, tree)
    if not faults:  # what stands in for a fault depends on more than the tree
        history.keep_snapshot(tree, {key: tuple(version) for key, version in versions.items()})
    return Deals(versions, settings, faults)


def _versions_in(history: History, tree: str) -> tuple[dict[str, VersionFacts], list[str]]:
    """The versions of the deals in a tree by their ids, and what could not be read."""
    blobs = records_below(history.location, tree, OPPORTUNITY.folder)
    known = history.versions({(OPPORTUNITY.noun, blob): path for path, blob in blobs.items()})
    versions: dict[str, VersionFacts] = {}
    faults: list[str] = []
    for path, blob in blobs.items():
        version = known[OPPORTUNITY.noun, blob]
        if version.fault:
            before = _last_sound(history, path, blob)
            instead = "counted as it was before" if before else "not counted"
            faults.append(f"{path}: {version.fault}; {instead}")
            if before is None:
                continue
            version = before
        key = version.key or path
        if key in versions:
            faults.append(f"{path}: {key} is also the id of another file; both are counted")
            key = f"{key} ({path})"
        versions[key] = version
    return versions, faults


class DealReader:
    """Reads versions as deals, by the settings of their moment."""

    def __init__(self, settings: Settings) -> None:
        self._stages = {name: probability for name, (_, probability) in _stages(settings).items()}
        self._teams = {slug: user.get("team") for slug, user in (settings.get("users") or {}).items()}

    def deal(self, version: VersionFacts) -> Deal:
        is_won = version.status == "won"
        amount = version.closed_amount if is_won else version.amount
        close = version.closed_date if is_won else version.expected_close
        process, stage, by_hand = version.process or "", version.stage or "", version.probability
        return Deal(
            id=version.key or "",
            status=version.status or "open",
            process=process,
            stage=stage,
            owner=version.owner,
            team=self._teams.get(version.owner or ""),
            type=version.type or "",
            source=version.source,
            customer=version.customer,
            currency=version.currency or "",
            amount=None if amount is None else Decimal(amount),
            probability=self._stages.get((process, stage)) if by_hand is None else Decimal(by_hand),
            close=date.fromisoformat(close) if close else None,
        )


def _stages(settings: Settings) -> dict[tuple[str, str], tuple[int, Decimal | None]]:
    return {
        (slug, stage["id"]): (place, Decimal(str(stage["probability"])))
        for slug, process in (settings.get("processes") or {}).items()
        for place, stage in enumerate(process["stages"])
    }


def _settings_of(history: History, blob: str) -> Settings:
    version = history.versions({("settings", blob): SETTINGS_FILE})["settings", blob]
    (object_,) = git.objects(history.location.work_tree, [blob], safe_files.LARGEST, may_lack=True)
    try:
        if version.fault or object_.content is None:
            raise PipecliError(f"{SETTINGS_FILE} could not be read then: {version.fault}", hint=_OTHER)
        return read.parse(read.decode(object_.content, SETTINGS_FILE), SETTINGS_FILE)
    except FaultyFile as error:
        raise PipecliError(f"{SETTINGS_FILE} could not be read then: {error}", hint=_OTHER) from None


_OTHER = "choose another moment"


def _last_sound(history: History, path: str, blob: str) -> VersionFacts | None:
    """The last version of a record before this one that could be read."""
    rows = history.connection.execute(
        "SELECT after, befores FROM record_changes WHERE noun = ? AND (path = ? OR key = ?)",
        (OPPORTUNITY.noun, path, key_of_path(path)),
    )
    before: dict[str, str | None] = dict(rows.fetchall())
    seen = set[str]()
    while blob not in seen and (befores := before.get(blob)):
        seen.add(blob)
        blob = befores.split()[0]
        wanted: dict[Blob, str] = {(OPPORTUNITY.noun, blob): path}
        version = history.versions(wanted).get((OPPORTUNITY.noun, blob)) if blob != "-" else None
        if version and not version.fault:
            return version
    return None


class End(NamedTuple):
    """One of the two moments."""

    name: str
    """The moment as it was asked for: 2026-03-31, HEAD~3."""
    day: date
    standing: StandingCommit | None
    """None: before the first commit, or before the pipeline was founded."""
    deals: Deals
    is_now: bool = False


class Changes(NamedTuple):
    opening: End
    closing: End
    currency: str
    waterfall: Waterfall

    def version(self, key: str) -> VersionFacts:
        """A deal as it is at the closing, or was at the opening where it is gone."""
        return self.closing.deals.versions.get(key) or self.opening.deals.versions[key]


class ChangesAsked(NamedTuple):
    """The two moments and the window that a person asks about."""

    since: Moment
    until: Moment | None
    """None: now."""
    window: Days | None
    currency: str | None
    """None: the base."""
    owners: frozenset[str] | None = None
    """Only the deals of these users; None: of everybody."""


def movement_between(history: History, question: ChangesAsked, today: date, zone: tzinfo) -> Changes:
    """The movement between two moments. Raises NoSuchMoment, MissingRate."""
    _refuse_since_after_until(question, today, zone)
    opening = _opening(history, question.since, zone)
    closing = _end(history, Revision("HEAD") if question.until is None else question.until, zone)
    if question.until is None:
        closing = closing._replace(name="now", day=today, is_now=True)
    before, rates = _rates(opening), _rates(closing)
    target = question.currency or rates.base
    if before.base != rates.base:
        before = rates
    movement = waterfall(
        _pairs(opening.deals, closing.deals, question.owners),
        Basis(Valuation(before, target), opening.day, opening.deals.stages),
        Basis(Valuation(rates, target), closing.day, closing.deals.stages),
        question.window,
    )
    return Changes(opening, closing, target, movement)


def _rates(end: End) -> Rates:
    """The exchange rates of one end; those of a commit that is asked for can't be added to."""
    return end.deals.rates._replace(commit=end.standing.commit if end.standing and not end.is_now else None)


def _refuse_since_after_until(question: ChangesAsked, today: date, zone: tzinfo) -> None:
    until = today if question.until is None else question.until
    if not (isinstance(question.since, date) and isinstance(until, date)):
        return
    if last_moment_of(until, zone) <= last_moment_of(question.since, zone):
        raise PipecliError(
            f"nothing lies between {moment_text(question.since)} "
            f"and {moment_text(question.until or Revision('now'))}",
            hint="a date is the end of its day: --since yesterday shows what changed today",
        )


def _pairs(
    opening: Deals, closing: Deals, owners: frozenset[str] | None
) -> Iterator[tuple[str, Deal | None, Deal | None]]:
    """Each deal as it was and as it is; those that were closed all the time are nobody's movement.

    Of chosen owners: a deal that came to them is new, one that went to others is removed.
    """
    old, new = DealReader(opening.settings), DealReader(closing.settings)
    for key in dict.fromkeys([*opening.versions, *closing.versions]):
        before, after = opening.versions.get(key), closing.versions.get(key)
        if owners is not None:
            before, after = (side if side and side.owner in owners else None for side in (before, after))
        if before and after and before.status == after.status != "open":
            continue
        yield key, old.deal(before) if before else None, new.deal(after) if after else None


def _opening(history: History, moment: Moment, zone: tzinfo) -> End:
    """As `_end`; before the first commit the pipeline was empty, unless the clone lacks what was before."""
    try:
        return _end(history, moment, zone)
    except BeforeTheFirst as error:
        if error.is_shallow or not isinstance(moment, date):
            raise
        return End(moment_text(moment), last_moment_of(moment, zone).date(), None, NONE)


def _end(history: History, moment: Moment, zone: tzinfo) -> End:
    standing = commit_at(history.location, moment, zone, lambda _: history.line)
    day = day_in(last_moment_of(moment, zone), zone) if isinstance(moment, date) else standing.at.date()
    deals = deals_at(history, standing.commit)
    if deals is None:
        raise BeforeTheFirst(f"at {standing.name} there was no pipeline yet", is_shallow=False)
    return End(moment_text(moment), day, standing, deals)
