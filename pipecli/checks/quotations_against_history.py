"""Quotations as they were sent: what a customer was offered stays, held against every version in git."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, cast

from pipecli.checks import Problem, Rule, Severity
from pipecli.errors import FaultyFile
from pipecli.records.kinds import QUOTATION
from pipecli.store import git, safe_files
from pipecli.store.git_commit import head_of
from pipecli.store.validate_record import parse_record
from pipecli.store.yaml import read

if TYPE_CHECKING:
    from pipecli.records.papers import Quotation
    from pipecli.store.location import Location
    from pipecli.store.pipeline import Pipeline

# Not who it is for or on which deal: merging two customers relinks what they were sent.
OFFERED = (
    "date", "valid_until", "language", "currency", "tax_included", "items", "discount", "discount_amount",
    "terms",
)  # fmt: skip


def frozen(pipeline: Pipeline) -> Iterator[Problem]:
    """Quotations that differ from what was committed when they were last sent, or from a later import."""
    for quotation in _quotations(pipeline, "status <> 'draft'"):
        path, key = quotation.path, quotation.key
        last = [spell for spell in quotation.spells[-1:] if not spell.is_draft]
        if last and (field := _changed_field(path, last[0].text, quotation.now)):
            yield Problem(
                path,
                (field,),
                f"{field}: {key} was sent with another; what a customer was offered is frozen, "
                f"make the next one: pipecli quote revise {key}",
            )


def sent_before(pipeline: Pipeline) -> Iterator[Problem]:
    """Quotations that were sent, and are a draft again or were sent again with another offer.

    What was sent by mistake is taken back so, by `git revert`; but who got it has it.
    """
    for quotation in _quotations(pipeline, "status IN ('draft', 'sent')"):
        path, key = quotation.path, quotation.key
        sent = [spell for spell in quotation.spells if spell.was_sent]
        if _status(quotation.now) == "draft":
            if sent:
                yield Problem(
                    path, ("status",), f"{key} is a draft again, and was sent: a customer may have it already"
                )
            continue
        fields = [_changed_field(path, spell.text, quotation.now) for spell in sent[:-1]]
        field = next((field for field in fields if field), None)
        if field:
            yield Problem(
                path,
                (field,),
                f"{field}: {key} was sent before with another, and a customer may have both; "
                f"make the next one: pipecli quote revise {key}",
            )


class _Spell(NamedTuple):
    """While a quotation was a draft, or was none, with one offer of the other system: its text at first."""

    text: str
    is_draft: bool
    was_sent: bool
    """A draft of a deal that is lost is rejected, and was never sent."""


class _Quotation(NamedTuple):
    path: str
    key: str
    now: str
    """Its text on disk."""
    spells: list[_Spell]
    """The oldest first."""


def _quotations(pipeline: Pipeline, condition: str) -> Iterator[_Quotation]:
    """The quotations that a condition holds for, with what git tells of them."""
    keys = dict(
        pipeline.query(f"SELECT path, id FROM _quotations WHERE {condition} ORDER BY path").fetchall()
    )
    if not keys:
        return
    location, revision = pipeline.location, pipeline.revision
    versions = _versions(location, (head_of(location) if revision == "HEAD" else "") or revision)
    blobs = {path: versions.get(path.rpartition("/")[2], []) for path in keys}
    contents = _contents(pipeline, [version.blob for path in keys for version in blobs[path]])
    for path, now in pipeline.texts(keys):
        texts = [(contents[blob], imported) for blob, imported in blobs[path] if blob in contents]
        yield _Quotation(path, keys[path], now, _spells(path, texts))


def _spells(path: str, texts: list[tuple[str, bool]]) -> list[_Spell]:
    """The spells of a quotation's versions, each with whether an import made it.

    An offer that another system changed after it was sent is that one from then on.
    """
    spells: list[_Spell] = []
    before = ""
    for text, is_imported in texts:
        status = _status(text)
        is_next = bool(spells) and spells[-1].is_draft != (status == "draft")
        if not spells or is_next or (is_imported and _changed_field(path, before, text)):
            spells.append(_Spell(text, status == "draft", was_sent=False))
        if status in ("sent", "accepted"):
            spells[-1] = spells[-1]._replace(was_sent=True)
        before = text
    return spells


class _Version(NamedTuple):
    blob: str
    is_imported: bool


@lru_cache(maxsize=1)  # two rules ask
def _versions(location: Location, revision: str) -> dict[str, list[_Version]]:
    """The versions of each quotation by the name of its file, which may move, the oldest first."""
    listed = git.log(
        location.work_tree, "--reverse", "--format=%(trailers:key=Pipecli-Event,valueonly,separator=%x20)",
        "--raw", "--no-abbrev", "--no-renames", "-z", revision, "--", f"{location.prefix}{QUOTATION.folder}",
    )  # fmt: skip
    versions: dict[str, list[_Version]] = {}
    words = iter(listed.decode("utf-8", "replace").split("\0"))
    event = ""
    for word in words:
        if (change := word.lstrip("\n")).startswith(":"):  # ":100644 100644 <old> <new> M", then the path
            name = next(words, "").rpartition("/")[2]
            versions.setdefault(name, []).append(_Version(change.split()[3], event == "imported"))
        else:
            event = change
    return versions


def _contents(pipeline: Pipeline, blobs: list[str]) -> dict[str, str]:
    """The texts of blobs; those of removals are not there."""
    return {
        blob.id: blob.content.decode("utf-8", "replace")
        for blob in git.objects(pipeline.location.work_tree, blobs, safe_files.LARGEST)
        if blob.content is not None
    }


def _changed_field(path: str, as_sent: str, now: str) -> str | None:
    """The first field of the offer that is not as it was sent; None where all are."""
    before, after = _plain(as_sent), _plain(now)
    if all(before.get(field) == after.get(field) for field in OFFERED):
        return None
    try:  # 1 and 1.0, or a default written out, aren't a change
        sent = cast("Quotation", parse_record(QUOTATION, path, as_sent))
        present = cast("Quotation", parse_record(QUOTATION, path, now))
    except FaultyFile:
        return None
    return next((field for field in OFFERED if getattr(sent, field) != getattr(present, field)), None)


def _status(text: str) -> object:
    return _plain(text).get("status", QUOTATION.first_status)


def _plain(text: str) -> dict[str, object]:
    try:
        return read.parse(text, "")
    except FaultyFile:
        return {}


RULES = (
    Rule("frozen", Severity.ERROR, frozen),
    Rule("sent-before", Severity.WARNING, sent_before),
)
