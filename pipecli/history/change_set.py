"""The change set of a branch, a range of commits or the working tree: its records, and their money."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from pipecli.history.commit_as_of import UNSHALLOW, NoSuchMoment, commit_meant, tip
from pipecli.history.commits import commits_of_events, key_of_path, merge_base, noun_at, renamed_in
from pipecli.history.events_in_words import Event, RecordVersion, events_between, title_of
from pipecli.history.pipeline_as_of import PastPipeline, pipeline_of_commit
from pipecli.history.version_facts import facts_of
from pipecli.records.kinds import KINDS, OPPORTUNITY, kind_of, record_kind
from pipecli.records.money import weighted_amount
from pipecli.reports.deal import Key
from pipecli.reports.forecast import Forecast, ForecastRow, Window, chronological, forecast
from pipecli.store import git, safe_files
from pipecli.store.git import Object
from pipecli.store.git_commit import DifferingFile, parsed_differences
from pipecli.store.ids_and_files import with_schema_path
from pipecli.store.index.owner_filter_and_list_sql import OwnerFilter
from pipecli.store.index.rows_for_reports import forecast_deals
from pipecli.store.index.views_and_functions import marks
from pipecli.store.location import Location
from pipecli.store.pipeline import Pipeline
from pipecli.store.yaml import read
from pipecli.workflow.settings import EarlierWords

WORKING_TREE = "the working tree"


class Range(NamedTuple):
    """Two commits, or a commit and the working tree."""

    base: str
    """Where the two part: what the other side did since isn't part of the change set."""
    head: str | None
    """None: the working tree, with what is not committed."""
    base_name: str
    head_name: str
    is_parted: bool
    """True where the base has moved on since."""
    replaced: str = ""
    """A note where this clone replaces objects or grafts parents."""


class RecordFile(NamedTuple):
    """A record's file at one end of the range."""

    file: str
    text: str
    """Empty where it isn't text."""
    version: RecordVersion | None
    """None where it can't be read."""
    fault: str | None
    """Why it isn't a valid record."""


class ChangedRecord(NamedTuple):
    """One record that the change set touches."""

    noun: str
    key: str
    file: str
    events: list[Event]
    before: RecordFile | None
    after: RecordFile | None

    @property
    def title(self) -> str | None:
        """The name that people call it by; of a paper that of its customer or supplier."""
        side = self.after or self.before
        if side is None or side.version is None:
            return None
        plain = side.version.plain
        return title_of(side.version) or plain.get("customer") or plain.get("supplier")


class ChangeSet(NamedTuple):
    records: list[ChangedRecord]
    """Without those whose file is only in another folder."""
    unreadable: list[str]
    """Files of the head that can't be read, each with why."""
    moved: int = 0
    """The number of files that are in another folder, and as they were."""


def range_of(location: Location, text: str) -> Range:
    """The range of `BASE..HEAD`, of `BASE` to the working tree, or of nothing: HEAD to it.

    Raises NoSuchMoment.
    """
    here = tip(location)
    first, dots, last = text.partition("...") if "..." in text else text.partition("..")
    base_name, head_name = first or "HEAD", (last or "HEAD") if dots else WORKING_TREE
    base = commit_meant(location, base_name)
    head = commit_meant(location, head_name) if dots else None
    common = merge_base(location, base, head or here.commit)
    if common is None and here.is_shallow:
        parted = f"{head_name if dots else 'HEAD'} left {base_name}"
        raise NoSuchMoment(f"this clone is shallow, and where {parted} is not in it", hint=UNSHALLOW)
    common = common or base
    return Range(common, head, base_name, head_name, is_parted=common != base, replaced=here.replaced)


def change_set(location: Location, range_: Range) -> ChangeSet:
    """The records that differ between the ends of a range: deals first, settings last."""
    before: dict[tuple[str, str], RecordFile] = {}
    after: dict[tuple[str, str], RecordFile] = {}
    unreadable: list[str] = []
    differing, moved = _without_moves([*_files(location, range_)])
    for path, old, new in differing:
        was, is_ = (None if end is None else _record_file(path, end) for end in (old, new))
        for side, other, versions in ((was, is_, before), (is_, was, after)):
            if side is not None:
                versions[noun_at(path), _key(side, other)] = side
        if is_ is not None and is_.fault:
            unreadable.append(f"{path}: {is_.fault}")
    changed = [_record(name, before.get(name), after.get(name)) for name in dict.fromkeys([*before, *after])]
    order = [kind.noun for kind in KINDS if kind.noun != "lead"] + ["lead", "settings"]
    changed.sort(key=lambda record: (order.index(record.noun), record.key))
    return ChangeSet([record for record in changed if record.events], unreadable, moved)


def _without_moves(differing: list[_FileEnds]) -> tuple[list[_FileEnds], int]:
    """The files without those that only lie elsewhere, and the number of these."""
    names = {path: (noun_at(path), path.rpartition("/")[2]) for path, _, _ in differing}
    gone = {
        names[path]: old.content for path, old, new in differing if new is None and isinstance(old, Object)
    }
    moved = {
        names[path]
        for path, old, new in differing
        if old is None and isinstance(new, Object) and (content := gone.get(names[path])) is not None
        if with_schema_path(content, path) == new.content
    }
    stay = [ends for ends in differing if names[ends[0]] not in moved or None not in ends[1:]]
    return stay, len(moved)


def _key(side: RecordFile, other: RecordFile | None) -> str:
    """The key of the record in a file; of one that can't be read that of its other end, else of its name."""
    version = side.version or (other.version if other else None)
    return version.key if version else key_of_path(side.file)


def _record(name: tuple[str, str], before: RecordFile | None, after: RecordFile | None) -> ChangedRecord:
    there = after or before
    assert there
    if after is not None and after.version is None:
        happened = []  # `unreadable` tells
    elif before is not None and before.version is None:
        words = f"could not be read before ({before.fault}), {'can be read now' if after else 'is removed'}"
        happened = [Event("unreadable", before.fault, None, words)]
    else:
        happened = events_between(before and before.version, after and after.version)
        if before and after and before.file != after.file:
            words = f"file moved: {before.file} → {after.file}"
            happened.append(Event("file", before.file, after.file, words))
        elif before and after and not happened:
            happened.append(Event("file", after.file, after.file, "only comments or layout"))
    return ChangedRecord(*name, there.file, happened, before, after)


def _record_file(path: str, end: Object | str) -> RecordFile:
    """A version as events take it, and its fault."""
    if isinstance(end, str):
        return RecordFile(path, "", None, end)
    version, plain = facts_of(path, end), read.plain_of(end.content, path)
    if plain is None:
        return RecordFile(path, "", None, version.fault)
    amount = None if version.amount is None else Decimal(version.amount)
    record_version = RecordVersion(noun_at(path), version.key or key_of_path(path), plain, amount)
    return RecordFile(path, read.decode(end.content or b"", path), record_version, version.fault)


_End = Object | str | None
"""A file at one end of the range: its content, why it has none, or None where there is no such file."""
_FileEnds = tuple[str, _End, _End]
_LINK = "a symbolic link can't be a record"
_DIRECTORY = "a directory has the name of a record"
_WHY_NO_CONTENT = {"120000": _LINK, "160000": _DIRECTORY}
"""By the mode of a file in git: a link, and a repository within the repository."""


def _files(location: Location, range_: Range) -> Iterator[_FileEnds]:
    """Each file of a record that differs, as it was and as it is."""
    differing = [*_differing(location, range_)]
    ends = [(file.mode_before, file.blob_before) for _, file in differing]
    if range_.head:  # else the working tree is read from disk
        ends += [(file.mode, file.blob) for _, file in differing]
    wanted = {blob: None for mode, blob in ends if blob.strip("0") and mode not in _WHY_NO_CONTENT}
    objects = git.objects(location.work_tree, wanted, safe_files.LARGEST, may_lack=True)
    contents = {blob.id: blob for blob in objects}

    def in_commit(mode: str, blob: str) -> _End:
        return _WHY_NO_CONTENT.get(mode) or contents.get(blob)

    for path, file in differing:
        if range_.head:
            after = in_commit(file.mode, file.blob)
        else:
            after = None if file.status == "D" else _on_disk(location.root / path)
        yield path, in_commit(file.mode_before, file.blob_before), after
    if not range_.head:
        # those that git neither knows nor ignores
        listed = git.raw(location.work_tree, "ls-files", "--others", "--exclude-standard", "-z")
        for name in listed.split(b"\0"):
            if untracked := _record_path(location, name.decode("utf-8", "replace")):
                yield untracked, None, _on_disk(location.root / untracked)


def _differing(location: Location, range_: Range) -> Iterator[tuple[str, DifferingFile]]:
    """The files of records that git shows as different, by their paths in the pipeline."""
    # `diff` and not its plumbing: it also looks into a file whose stat alone has changed.
    listed = git.raw(
        location.work_tree, "-c", "diff.relative=false",  # `--no-relative` takes git 2.28
        "diff", "--raw", "-z", "--no-abbrev", "--no-renames", "--no-color",
        range_.base, *([range_.head] if range_.head else []), "--", *filter(None, [location.prefix]),
    )  # fmt: skip
    words = listed.decode("utf-8", "replace").split("\0")
    for name, file in parsed_differences(words[:-1]):
        if path := _record_path(location, name):
            yield path, file


def _record_path(location: Location, name: str) -> str | None:
    """The path in the pipeline of a record's file in the repository; None for any other file."""
    path = name.removeprefix(location.prefix)
    return path if name.startswith(location.prefix) and record_kind(path) else None


def _on_disk(path: Path) -> _End:
    try:
        about = path.lstat()
        if stat.S_ISLNK(about.st_mode):
            return _LINK
        if stat.S_ISDIR(about.st_mode):
            return _DIRECTORY
        if not stat.S_ISREG(about.st_mode):
            return "is a pipe or a device"
        is_whole = about.st_size <= safe_files.LARGEST
        return Object("", path.read_bytes() if is_whole else None, about.st_size)
    except FileNotFoundError:
        return None
    except OSError as error:
        return f"can't be read: {error.strerror}"


class DealMoney(NamedTuple):
    """The money of one deal, in its own currency."""

    status: str
    currency: str
    amount: Decimal | None
    weighted: Decimal | None
    """None for a deal that is not open."""
    title: str
    owner: str | None


class Shift(NamedTuple):
    """One row of the forecast, before and after."""

    key: str | None
    weighted_before: Decimal
    weighted_after: Decimal
    won_before: Decimal
    won_after: Decimal

    @property
    def weighted_change(self) -> Decimal:
        return self.weighted_after - self.weighted_before

    @property
    def won_change(self) -> Decimal:
        return self.won_after - self.won_before


class Effect(NamedTuple):
    currency: str
    total: Shift
    by_month: list[Shift]
    """Only the rows that shift; likewise by owner."""
    by_owner: list[Shift]
    before: dict[str, DealMoney]
    after: dict[str, DealMoney]
    unreadable: list[str]
    """Deals of either end that can't be read, and so are not counted."""


def money_effect(present: Pipeline, range_: Range, changed_deals: Iterable[str]) -> Effect:
    """The forecasts of both ends of a range as of today, and the money of these deals. Raises MissingRate."""
    head = present if range_.head is None else pipeline_of_commit(present, range_.head)
    ends = [_or_none(pipeline_of_commit(present, range_.base)), head]
    currency = head.rates.base
    since = f"{range_.base}..{range_.head or 'HEAD'}"
    renames = [renamed_in(message) for _, message in commits_of_events(present.location, ["renamed"], since)]
    words = EarlierWords([renamed for renamed in renames[::-1] if renamed])
    users = head.settings_as_written.get("users") or {}

    def later_key(key: Key) -> Key:
        return key[0], key[1] and words.of_today("user", key[1], users)

    forecasts = {
        by: [_forecast(end, head, by, currency, later_key) for end in ends] for by in ("month", "owner")
    }
    keys = list(changed_deals)
    before_money, after_money = (_money(end, keys) if end else {} for end in ends)
    faults = [fault for end in ends if end for fault in end.index.faults()]
    before, after = forecasts["owner"]
    return Effect(
        currency,
        _shift(None, before.totals if before else None, after.totals if after else None),
        sorted(_shifts(*forecasts["month"]), key=lambda shift: chronological(shift.key)),
        sorted(_shifts(*forecasts["owner"]), key=lambda shift: -abs(shift.weighted_change)),
        before_money,
        after_money,
        [str(fault) for fault in faults if kind_of(fault.file) is OPPORTUNITY],
    )


def _or_none(past: PastPipeline) -> PastPipeline | None:
    """A pipeline of the past, or None where its commit has none yet."""
    try:
        _ = past.index
    except NoSuchMoment:
        return None
    return past


def _forecast(
    end: Pipeline | None, head: Pipeline, by: str, currency: str, later_key: Callable[[Key], Key]
) -> Forecast | None:
    if end is None:
        return None
    window = Window(None, None)
    deals = forecast_deals(end.index.connection, OwnerFilter(), window, by)
    rates = end.rates if end.rates.base == currency else head.rates
    renamed = later_key if by == "owner" and end is not head else None
    return forecast(
        deals, by=by, rates=rates, today=head.today, window=window, currency=currency, later_key=renamed
    )


def _shifts(before: Forecast | None, after: Forecast | None) -> list[Shift]:
    old, new = ({row.key: row for row in end.rows} if end else {} for end in (before, after))
    shifts = [_shift(key, old.get(key), new.get(key)) for key in dict.fromkeys([*new, *old])]
    return [shift for shift in shifts if shift.weighted_change or shift.won_change]


def _shift(key: str | None, before: ForecastRow | None, after: ForecastRow | None) -> Shift:
    rows = before, after
    return Shift(
        key, *(getattr(row, name, Decimal(0)) for name in ("weighted", "won_amount") for row in rows)
    )


def _money(end: Pipeline, keys: list[str]) -> dict[str, DealMoney]:
    money: dict[str, DealMoney] = {}
    for key, status, currency, exact, probability, title, owner in end.query(
        "SELECT id, status, currency, exact_amount, probability, title, owner "
        f"FROM opportunities WHERE id IN ({marks(keys)})",
        keys,
    ):
        amount, weighted = None if exact is None else Decimal(exact), None
        if status == "open" and amount is not None and probability is not None:
            weighted = weighted_amount(amount, Decimal(repr(probability)), currency)
        money[key] = DealMoney(status, currency, amount, weighted, title, owner)
    return money
