"""What earlier imports of the same file said, and so what people have changed here since.

A nightly import of one export leaves people's work alone: what a file says is taken beside what it said at
the last import, which is in git, and what is here now. Records that an import brought and that people
removed or merged since stay so. Imports are known by the trailer of their commits; one whose trailer is
lost, as by a squash, tells nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Hashable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from pipecli.errors import FaultyFile, Unreadable
from pipecli.history.commits import Departed, commits_of_events, file_changes, merged_away, renamed_in
from pipecli.inbox.importing.cells import CLOSED_STAGE, STAGE_ENTERED, Path
from pipecli.inbox.importing.list_elements import discount_lines
from pipecli.merge_versions.field_by_field import (
    STATUS_AND_DETAILS,
    FieldConflict,
    Merged,
    Side,
    merge_fields,
    taken_together,
)
from pipecli.records.base import Part, Plain
from pipecli.records.compare_names import may_be_one_person, name_key
from pipecli.records.emails_and_phones import email_key, website_key
from pipecli.records.kinds import CONTACT, CUSTOMER, SETTINGS_FILE, Kind, kind_of, record_kind
from pipecli.records.written_amounts import plain_digits
from pipecli.store import git, safe_files
from pipecli.store.git_commit import files_in_commit, head_of
from pipecli.store.ids_and_files import id_derived_from
from pipecli.store.location import Location
from pipecli.store.validate_record import parse_record, validate
from pipecli.store.yaml import read
from pipecli.workflow.settings import EarlierWords

Keep = Literal["local", "file", "conflict"]
"""The value that stays where both sides changed one; with `conflict` none, and the row is rejected."""

_LISTS = ("emails", "phones", "tags")
Versions = list[tuple[Plain, Plain]]
"""A record before and after each import that changed it, oldest first."""


class OtherFiles:
    """The word of other files of the same move; of two that contradict each other the first is taken."""

    def __init__(
        self,
        several: Container[str] = (),
        coming: Mapping[str, Sequence[str]] = MappingProxyType({}),
        *,
        is_own: bool = False,
    ) -> None:
        """`several` are the nouns of which the move has several files; `is_own`, an export of ours.

        `coming` are the ids by noun that rows may name before their files come.
        """
        self.is_own, self.coming, self._several = is_own, coming, several
        self.refused: dict[tuple[str, str], str] = {}
        """Their rejected rows by noun and external id, each with its reason."""
        self.left_out = set[str]()
        """The external ids in their rows that aren't taken, such as papers without a deal."""
        self.called: dict[tuple[str, str], list[str]] = defaultdict(list)
        """The records that have another name here, or are merged into others, by noun and `name_key`."""
        self._said: dict[tuple[str, str], dict[Path, int]] = {}
        """By record the fields that they gave it, with the value as a hash: they are many."""

    def agree(
        self, noun: str, key: str, values: dict[Path, Any], owned: Set[Path], before: Part | None
    ) -> Set[Path]:
        """Take the values of a record beside those of earlier files: a list is made longer by each.

        The fields that an empty cell doesn't clear are given back. Raises Unreadable for a contradiction.
        """
        lines = discount_lines(getattr(before, "custom", None))
        kept: set[Path] = {("discount_amount",)} if lines else set()
        if noun not in self._several:
            return kept
        said = self._said.setdefault((noun, key), {})
        if values.get(CLOSED_STAGE) and ("stage",) in said:
            del values[("stage",)]  # a stand-in: nobody knows where it ended
        for path in [path for path in values if path[0] in _LISTS]:
            value = values.pop(path)
            members = value if isinstance(value, list) else [value]
            known = values.setdefault((path[0], ...), [*getattr(before, path[0], ())])
            known += [member for member in members if member not in known]
        for name in [path[0] for path in values if path[-1] is ...]:
            values[(name,)] = values.pop((name, ...))
        own = {
            path: hash(value)
            for path, value in values.items()
            if isinstance(value, Hashable) and path != ("created",) and path[:2] != STAGE_ENTERED
        }
        for path, value in own.items():
            if said.get(path, value) != value:
                differs = f"{'.'.join(map(str, path))}: {values[path]}, where an earlier file of the move"
                raise Unreadable(f"{differs} says otherwise of the same {noun}")
        kept |= {path for path in owned if path in said or path[0] in _LISTS}
        said.update(own)
        return kept


def last_imported(collection: Kind, key: str, versions: Versions) -> Plain | None:
    """What the file said so far: each field as the last import that changed it left it.

    What people changed in between, and an import kept, is none of it. An import that said how a deal ended
    said its status, too, though it may have found it so.
    """
    base: Plain | None = None
    details = STATUS_AND_DETAILS.get(collection.noun, ())
    for before, after in versions:
        if not collection.folder:
            before, after = (side.get(collection.plural, {}).get(key, {}) for side in (before, after))
        if not after or before == after:
            continue
        if base is None or not before:  # new, or made again
            base = before
        base = after if base == before else _merged(collection, before, base, after, "theirs").plain
        if "status" in details and any(before.get(name) != after.get(name) for name in details):
            base = {**base, "status": after["status"]}
    return base


def merge_with_file(
    collection: Kind, local: Part, file: Part, base: Plain, keep: Keep
) -> tuple[Part, list[FieldConflict]]:
    """A record as it is here merged with what the file says now, beside `base`, what it said before.

    And the fields that both changed, of which `keep` chooses the value.
    """
    ours, theirs = local.plain(), file.plain()
    if base == ours:
        return file, []
    if "closed" in theirs and {**theirs["closed"], "stage": "unknown"} == base.get("closed"):
        theirs["closed"] = base["closed"]  # a stand-in, which is left out of a deal that is open here
    together = _from_one_side(collection, base, ours, theirs)
    side: Side = "theirs" if keep == "file" else "ours"
    outcome = _merged(collection, base, ours, theirs, side, together)
    try:
        return validate(collection.model, outcome.plain), outcome.conflicts
    except FaultyFile:  # each of the two is right, and both together aren't
        everything = [
            FieldConflict((name,), base.get(name), ours.get(name), theirs.get(name)) for name in theirs
        ]
        differing = [conflict for conflict in everything if conflict.ours != conflict.theirs]
        return file if keep == "file" else local, differing


def _merged(
    collection: Kind, base: Plain, ours: Plain, theirs: Plain, side: Side, together: Set[str] = frozenset()
) -> Merged:
    """Three versions merged; lines of one external id are one, and of what both changed `side` holds."""
    model, whole = collection.model, frozenset(together)
    return merge_fields(model, base, ours, theirs, lambda _: side, whole, by_external_id=True)


def _from_one_side(collection: Kind, base: Plain, ours: Plain, theirs: Plain) -> Set[str]:
    """The fields that are taken all from here or all from the file, as they tell of one event together."""
    together = {*taken_together(collection, base, ours, theirs)} if collection.folder else set()
    details = STATUS_AND_DETAILS.get(collection.noun, ())
    has_changed = (any(side.get(name) != base.get(name) for name in details) for side in (ours, theirs))
    if ours.get("status") != theirs.get("status") and all(has_changed):
        together |= {name for name in details if ours.get(name) != theirs.get(name)}
    if "closed" in ours and "closed" in theirs and "closed" not in base:  # on both sides, each in its way
        together.add("closed")
    ends_differ = "closed" in together and ours.get("closed") != theirs.get("closed")
    if ("status" in together or ends_differ) and ours.get("stage") != theirs.get("stage"):
        together.add("stage")  # that at which it ended
    return together


def in_dispute(conflict: FieldConflict) -> str:
    """A field that both sides changed, for the rejects."""
    base, ours, theirs = ("nothing" if value is None else value for value in conflict[1:])
    field_ = ".".join(conflict.path)
    return f"{field_}: the file says {theirs}, it is {ours} here, and was {base} at the last import"


class Imported(NamedTuple):
    """A record's file in an import's commit: its blob before, None where the import made it, and after."""

    before: str | None
    after: str


def imports_at(location: Location) -> Imports:
    """The imports that led to HEAD, read once for all files of a move."""
    return _imports_until(location, head_of(location))


@lru_cache(maxsize=1)
def _imports_until(location: Location, commit: str) -> Imports:
    return Imports(location, commit or "HEAD")


class Imports:
    """The imports that led to a commit, but for those that were taken back."""

    def __init__(self, location: Location, commit: str) -> None:
        self._location, self._commit = location, commit

    @cached_property
    def merged_away(self) -> list[Departed]:
        """The records that are merged into others."""
        return list(merged_away(self._location, self._commit)) if self._log[2] else []

    @cached_property
    def _versions(self) -> dict[str, list[Imported]]:
        """By the file, without the folders in which it may have been moved, its imports, oldest first."""
        versions: dict[str, list[Imported]] = defaultdict(list)
        for part in file_changes(self._location, self._log[0]):
            for _, changes in part:
                for change in changes:
                    if change.after is not None:
                        versions[_name(change.path)].append(Imported(change.befores[0], change.after))
        for name, blob in self._squashed():
            if all(one.before for one in versions.get(name, ())):
                versions[name].insert(0, Imported(None, blob))
        return versions

    def _squashed(self) -> Iterator[tuple[str, str]]:
        """The records, each with its blob, that came with a commit of no event and were imported before it.

        Nothing but a squash or a rebase makes such a commit: it has a document with the id that its
        `external_id` gives.
        """
        wanted = ("--reverse", "--no-merges", "--invert-grep", "--grep=^Pipecli-Event: ", "--format=%H")
        commits = git.log(self._location.work_tree, *wanted, self._commit, "--").decode().split()
        for part in file_changes(self._location, commits):
            for _, changes in part:
                new = {one.path: one.after for one in changes if one.after and not one.befores[0]}
                new.pop(SETTINGS_FILE, None)
                told = [file for file in new if (kind := kind_of(file)) and kind.is_document][:_LOOKED_AT]
                blobs = [new[file] for file in told]
                contents = git.objects(self._location.work_tree, blobs, safe_files.LARGEST)
                if any([*map(_is_by_external_id, told, contents)]):
                    yield from ((_name(file), blob) for file, blob in new.items())

    @cached_property
    def _log(self) -> tuple[list[str], list[tuple[str, str, str]], bool]:
        """The commits of imports, and the renames in the settings (what, from, to), oldest first.

        And whether records were merged. What was undone or reverted tells nothing.
        """
        has_merged = False
        imports: list[str] = []
        renames: list[tuple[str, str, str]] = []
        for commit, message in commits_of_events(
            self._location, ("imported", "renamed", "merged"), self._commit
        ):
            has_merged |= "\nPipecli-Event: merged" in message
            if renamed := renamed_in(message):
                renames.append(renamed)
            elif "\nPipecli-Event: imported" in message:
                imports.append(commit)
        return imports[::-1], renames[::-1], has_merged

    @cached_property
    def renamed(self) -> EarlierWords:
        """The words of the settings that people renamed."""
        return EarlierWords(self._log[1])

    def __bool__(self) -> bool:
        return bool(self._versions)

    def of(self, file: str) -> list[Imported]:
        """The imports that changed a file, oldest first; empty where none did."""
        return self._versions.get(_name(file), [])

    def departed(
        self, collection: Kind, present: Mapping[str, str], files: Iterable[str]
    ) -> Iterator[Departed]:
        """The records that an import brought, and that people have removed or called otherwise since.

        `present` are the names of those that are here by their ids, `files` their files.
        """
        if not collection.folder:
            for _, versions in self.plain_versions([SETTINGS_FILE]):
                keys = dict.fromkeys(key for _, after in versions for key in after.get(collection.plural, {}))
                for key in keys:
                    yield from _departed(collection, key, versions, present, SETTINGS_FILE)
            return
        changed = self.changed_after(collection) if self and not collection.is_document else ()
        here = {*map(_name, files)} - {*map(_name, changed)}
        gone = [file for file in self._versions if kind_of(file) == collection and file not in here]
        for file, versions in self.plain_versions(gone):
            key = str(versions[-1][1].get(collection.identity)) if versions else ""
            yield from _departed(collection, key, versions, present, file)

    def changed_after(self, kind: Kind) -> Iterator[str]:
        """The files of records that people changed after an import."""
        files = files_in_commit(self._location.work_tree, "HEAD", self._location.prefix + kind.folder)
        for path, entry in files.items():
            imports = self.of(file := path.removeprefix(self._location.prefix))
            blobs = [*(one.before for one in imports[1:]), entry.partition(" ")[2]]
            if imports and [one.after for one in imports] != blobs:
                yield file

    def plain_versions(self, paths: Iterable[str]) -> Iterator[tuple[str, Versions]]:
        """Each of these files with its versions before and after every import, oldest first.

        What was no valid record is left out.
        """
        wanted = [(file, self.of(file)) for file in paths]
        blobs = [blob for _, imports in wanted for pair in imports for blob in pair if blob]
        contents = git.objects(self._location.work_tree, blobs, safe_files.LARGEST)
        for file, imports in wanted:
            versions = []
            for pair in imports:
                before = _plain(file, next(contents).content) if pair.before else {}
                after = _plain(file, next(contents).content)
                if before is not None and after is not None:
                    versions.append((before, after))
            yield file, versions


def _departed(
    collection: Kind, key: str, versions: Versions, present: Mapping[str, str], file: str
) -> Iterator[Departed]:
    """A record as the file last called it, if removed or renamed; a contact or customer, if changed here."""
    base = last_imported(collection, key, versions) or {}
    if key not in present:
        left = [after for _, after in versions]
        if not collection.folder:
            left = [plain for after in left if (plain := after.get(collection.plural, {}).get(key))]
        yield Departed(collection.noun, key, base or (left[-1] if left else {}), file)
    elif "name" in base and (
        collection in (CONTACT, CUSTOMER) or name_key(str(base["name"])) != name_key(present[key])
    ):  # of another address, and perhaps another website
        yield Departed(collection.noun, key, base, file, survivor=key)


def _name(file: str) -> str:
    """A file's kind and name: `doctor --fix` moves records from one folder of their kind to another."""
    return f"{file.partition('/')[0]}/{file.rpartition('/')[2]}"


_LOOKED_AT = 20


def _is_by_external_id(file: str, blob: git.Object) -> bool:
    """True for a document with the id that an import makes of its external_id."""
    plain, kind = _plain(file, blob.content) or {}, kind_of(file)
    external, id_ = plain.get("external_id"), plain.get("id")
    return bool(kind and external) and id_ == id_derived_from(str(external), (), f"{kind and kind.prefix}-")


def _plain(file: str, content: bytes | None) -> Plain | None:
    """The plain form of a version; None for one that isn't a valid record."""
    kind = record_kind(file)
    if content is not None and kind is not None:
        with suppress(FaultyFile):
            return parse_record(kind, file, read.decode(content, file)).plain()
    return None


class Departures:
    """The records of one kind that aren't here any more, by what rows know them by."""

    def __init__(self, departed: Iterable[Departed], present: Container[str]) -> None:
        """`present` are the ids of those that are here: one that was merged twice is the last of them."""
        gone = [*departed][::-1]  # one that was renamed before it was merged away comes with both names
        by_key = {one.key: one for one in gone}
        self._by_sign: dict[tuple[object, ...], list[Departed]] = defaultdict(list)
        for one in gone:
            survivor = by_key[one.key].survivor
            while survivor in by_key and survivor not in present:
                survivor = by_key[survivor].survivor
            one = one._replace(survivor=survivor if survivor in present else "")
            plain = one.plain
            emails = [*plain.get("emails", ()), *([plain["email"]] if "email" in plain else [])]
            name = plain.get("name") or plain.get("title")
            if one.noun == CONTACT.noun and emails and not plain.get("customer"):
                name = None  # two without a customer have their name in common, and nothing else
            signs = [("id", one.key), *_signs(plain.get("external_id"), name, plain.get("customer"), emails)]
            if domain := website_key(plain.get("website") or plain.get("custom", {}).get("domain")):
                signs.append(("domain", domain))
            for sign in signs:
                self._by_sign[sign].append(one)
        self.names = {one.key: str(one.plain.get("name", "")) for one in gone}

    def find(
        self,
        external_id: str | None,
        name: str | None,
        customer: str | None = None,
        emails: Iterable[str] = (),
        *,
        own: str = "",
    ) -> Departed | None:
        """The record that a row means; who has another external_id, or name at an address, is another."""
        if not self._by_sign:  # at once: it is asked for each row
            return None
        signs = [
            ("id", own),
            *_signs(external_id, name, customer, emails),
            ("domain", website_key(own) if "@" not in own else None),
        ]
        known = ((sign, one) for sign in signs for one in self._by_sign.get(sign, ()))
        meant = (one for sign, one in known if own or _is_meant(one.plain, sign, external_id, name))
        return next(meant, None)


def _is_meant(plain: Plain, sign: tuple[object, ...], external_id: str | None, name: str | None) -> bool:
    if sign[0] == "email" and name and not may_be_one_person(name, str(plain.get("name"))):
        return False
    own = plain.get("external_id")
    return own is None or plain_digits(own) == plain_digits(external_id or "")


def _signs(
    external_id: object, name: object, customer: str | None, emails: Iterable[str]
) -> Iterator[tuple[object, ...]]:
    if external_id is not None:
        yield "external_id", plain_digits(str(external_id))
    yield from (("email", address) for email in emails if (address := email_key(email)))
    if name:
        yield "name", name_key(str(name)), customer
