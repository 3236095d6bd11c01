"""Every rule at once: `check` of the files as they are, `check_changes` of a change set; each with a line.

The faults of files that their models in `records/` refuse come from the index: the rule `schema` is theirs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from pipecli.checks import (
    Finding,
    Problem,
    Rule,
    S,
    Severity,
    deals_and_papers,
    files_and_references,
    quotations_against_history,
    reviewed_changes,
    reviewed_deals_and_papers,
    settings_and_discount_limits,
)
from pipecli.checks.reviewed_changes import Between, Renames, ReviewedChanges, ReviewedRecord, renames
from pipecli.errors import FaultyFile
from pipecli.history.change_set import ChangedRecord, ChangeSet, Range, RecordFile
from pipecli.history.events_in_words import events_between
from pipecli.history.pipeline_as_of import pipeline_of_commit
from pipecli.records.base import Record
from pipecli.records.kinds import BY_NOUN, OPPORTUNITY, SETTINGS, SETTINGS_FILE
from pipecli.records.settings import Settings
from pipecli.store import git, safe_files
from pipecli.store.validate_record import parse_record, validate
from pipecli.store.yaml import read
from pipecli.wording import with_words_cut

if TYPE_CHECKING:
    from pipecli.store.location import Location
    from pipecli.store.pipeline import Pipeline


RULES: tuple[Rule[Pipeline], ...] = (
    *files_and_references.RULES,
    *deals_and_papers.RULES,
    *quotations_against_history.RULES,
    *settings_and_discount_limits.RULES,
)
RULES_OF_CHANGES: tuple[Rule[ReviewedChanges], ...] = (
    *reviewed_deals_and_papers.RULES,
    *settings_and_discount_limits.RULES_OF_CHANGES,
    *reviewed_changes.RULES,
)
FITTING = tuple(rule for rule in deals_and_papers.RULES if not rule.asks_settings)
"""The rules that a merge may break though both sides were sound: deals and papers that fit each other."""


def check(
    pipeline: Pipeline,
    wanted: Callable[[str], bool] = lambda _: True,
    *,
    only_errors: bool = False,
    rules: Sequence[Rule[Pipeline]] | None = None,
) -> list[Finding]:
    """Everything that is wrong with the files that are wanted, in the order of files and lines.

    `only_errors` leaves out the rules that warn: comparing the schemas takes longer than all others. `rules`
    are all, where none are named.
    """
    faults = [fault for fault in pipeline.index.faults() if wanted(fault.file)]
    is_readable = not any(fault.file == SETTINGS_FILE for fault in pipeline.index.faults())
    problems = [
        (rule, problem)
        for rule in rules or RULES
        if is_readable or not rule.asks_settings
        if rule.severity is Severity.ERROR or not only_errors
        for problem in rule.problems(pipeline)
        if wanted(problem.file)
    ]
    # What is wrong with a lead as an opportunity isn't news once it is said that it lies among them.
    misplaced = {problem.file for rule, problem in problems if rule.name == "misplaced"}
    findings = [
        Finding(file, line or 1, column or 1, rule, Severity.ERROR, with_words_cut(message))
        for file, line, column, rule, message, *_ in faults
        if file not in misplaced
    ]
    return sorted({*findings, *_placed(problems, pipeline.texts)})


def _placed(
    problems: Iterable[tuple[Rule[S], Problem]], texts: Callable[[Collection[str]], Iterable[tuple[str, str]]]
) -> Iterator[Finding]:
    """Problems with their lines; each file is read once."""
    by_file: dict[str, list[tuple[Rule[S], Problem]]] = defaultdict(list)
    for rule, problem in problems:
        by_file[problem.file].append((rule, problem))
    within = [file for file, found in by_file.items() if any(problem.path for _, problem in found)]
    for file, text in texts(within):
        yield from _placed_in(text, by_file.pop(file))
    for found in by_file.values():
        yield from _placed_in("", found)


def _placed_in(text: str, found: Sequence[tuple[Rule[S], Problem]]) -> Iterator[Finding]:
    paths = [problem.path for _, problem in found]
    places = [place for path in paths if text and (place := read.place_of_key(text, path))]
    if len(places) != len(paths):
        places = read.locate_many(text, paths) if text else [(1, 1)] * len(paths)
    for (rule, problem), (line, column) in zip(found, places, strict=True):
        words = with_words_cut(problem.message)
        yield Finding(problem.file, line or 1, column or 1, rule.name, rule.severity, words)


_TELLS_MORE = {
    "frozen": "sent-quotation",
    "sent-before": "settled-elsewhere",
    "discount": "discount-limit",
}
"""Rules about states, each with the rule about changes that says the same with what was before."""


def check_changes(present: Pipeline, range_: Range, change_set: ChangeSet) -> list[Finding]:
    """The findings of the rules about changes, in the order of files and lines."""
    review = _compared_with_base(present, range_, change_set)
    texts = {side.file: side.text for record in change_set.records if (side := record.after) is not None}
    problems = [
        (rule, problem)
        for rule in RULES_OF_CHANGES
        if review.settings or not rule.asks_settings
        for problem in rule.problems(review)
    ]
    return sorted(set(_placed(problems, lambda files: ((file, texts.get(file, "")) for file in files))))


def findings_of_review(
    states: Iterable[Finding], changes: Sequence[Finding], change_set: ChangeSet
) -> list[Finding]:
    """The findings about a pipeline as it is and about its changes, as a reviewer of the changes wants them.

    An error counts wherever it is, as the change may have caused it elsewhere. A warning about what the
    change doesn't touch isn't news, unless it touches the settings.
    """
    files = {side.file for record in change_set.records for side in (record.before, record.after) if side}
    about_changes = {(change.file, change.rule) for change in changes}
    news = [
        state
        for state in states
        if (state.severity is Severity.ERROR or state.file in files or SETTINGS_FILE in files)
        and (state.file, _TELLS_MORE.get(state.rule)) not in about_changes
    ]
    return sorted({*news, *changes})


def _compared_with_base(present: Pipeline, range_: Range, change_set: ChangeSet) -> ReviewedChanges:
    old = _settings_at(present.location, range_.base)
    side = next((record.after for record in change_set.records if record.noun == SETTINGS.noun), None)
    new = _record(SETTINGS.noun, side) if side else old
    new_settings = new if isinstance(new, Settings) else None
    renamed = renames(old, new_settings)
    return ReviewedChanges(
        [_changed(record, key, renamed) for record, key in _with_changed_ids(change_set.records)],
        renamed.of_settings(old) if old else new_settings,
        new_settings,
        present if range_.head is None else pipeline_of_commit(present, range_.head),
        Between(present.location, range_),
    )


def _changed(record: ChangedRecord, old_key: str, renamed: Renames) -> ReviewedRecord:
    before, happened = record.before, record.events
    if record.noun == OPPORTUNITY.noun and before and before.version and any(renamed):
        before = before._replace(version=renamed.of_deal(before.version))
        happened = events_between(before.version, record.after.version if record.after else None)
    old, new = _record(record.noun, before), _record(record.noun, record.after)
    if isinstance(old, Settings):
        old = renamed.of_settings(old)
    fault = before.fault if before is not None and old is None else None
    is_gone = record.after is None
    return ReviewedRecord(*record[:3], old, new, happened, old_key, is_gone, fault)


def _record(noun: str, side: RecordFile | None) -> Record | None:
    if side is None or side.version is None or side.fault:
        return None
    kind = SETTINGS if noun == SETTINGS.noun else BY_NOUN[noun]
    return validate(kind.model, side.version.plain, side.file)


def _with_changed_ids(changed: Sequence[ChangedRecord]) -> Iterator[tuple[ChangedRecord, str]]:
    """Each with its old key; a removed and a new record as one, where they are the same with another id."""
    new = {(record.noun, record.key): record for record in changed if record.before is None}
    for old in changed:
        if old.after is None and old.before and old.before.version:
            side = old.before
            same = next((record for record in new.values() if _is_same(old.noun, side, record)), None)
            if same and same.after and same.after.version:
                del new[same.noun, same.key]
                happened = events_between(side.version, same.after.version)
                yield same._replace(before=side, events=happened), old.key
                continue
        if old.before is not None:
            yield old, old.key
    yield from ((record, record.key) for record in new.values())


def _is_same(noun: str, old: RecordFile, new: ChangedRecord) -> bool:
    """True for an old record with another id: in the same file, or with the same birth and name."""
    after = new.after
    if noun != new.noun or after is None or after.version is None or old.version is None:
        return False
    if old.file == after.file:
        return True
    names = ("created", "title", "organization", "name", "opportunity")
    before, now = (
        {name: version.plain.get(name) for name in names} for version in (old.version, after.version)
    )
    return before == now and any(now[name] for name in names[1:])


def _settings_at(location: Location, commit: str) -> Settings | None:
    """The settings of a commit; None where it has none that are valid."""
    settings_blob = git.id_of(location.work_tree, f"{commit}:{location.prefix}{SETTINGS_FILE}")
    for blob in git.objects(location.work_tree, [settings_blob] if settings_blob else [], safe_files.LARGEST):
        with suppress(FaultyFile):
            text = read.decode(blob.content or b"", SETTINGS_FILE)
            settings = parse_record(SETTINGS, SETTINGS_FILE, text)
            return settings if isinstance(settings, Settings) else None
    return None
