"""What holds within one record beyond its fields: two changes, each right, that don't go together."""

from __future__ import annotations

from collections.abc import Callable

from pipecli.errors import FaultyFile
from pipecli.records import base as fields
from pipecli.records.base import Plain
from pipecli.records.kinds import OPPORTUNITY, QUOTATION, Kind
from pipecli.records.references import references
from pipecli.store import reading
from pipecli.store.checks.frozen import OFFERED
from pipecli.store.yaml.compare import same

_TOLD_TOGETHER = {
    "lead": ("status", "converted", "disqualified"),
    "opportunity": ("status", "closed"),
    "quotation": ("status", "reason"),
    "order": ("status", "delivered", "reason"),
    "supplier-quotation": ("status", "received", "reason"),
}
"""A status and what tells about it: of two statuses one side's is taken, and with it what it says of it."""


def inseparable(kind: Kind, base: Plain, ours: Plain, theirs: Plain) -> frozenset[str]:
    """The fields that may not come from both sides, as one is in conflict with what the other tells."""

    def said(side: Plain, key: str) -> object:
        return side.get(key, fields.default_at(kind.model, (key,)))

    def differ(key: str) -> bool:
        return not same(said(ours, key), said(theirs, key))

    def changed(side: Plain, *keys: str) -> bool:
        return any(not same(said(base, key), said(side, key)) for key in keys)

    together: set[str] = set()
    group = _TOLD_TOGETHER.get(kind.noun, ())
    if group and differ("status") and changed(ours, "status") and changed(theirs, "status"):
        together.update(filter(differ, group))
    steps = ("process", "stage")  # a stage is one of its process
    if kind == OPPORTUNITY and differ("process") and changed(ours, *steps) and changed(theirs, *steps):
        together.update(filter(differ, steps))
    return frozenset(together)


def broken(kind: Kind, merged: Plain, base: Plain, ours: Plain, theirs: Plain) -> str:
    """The rule that a merged record breaks though neither side does; empty where all hold."""
    try:
        reading.validate(kind.model, merged)
    except FaultyFile as error:
        return error.faults[0].message
    rules = _RULES.get(kind.noun, ())
    broken = (said for rule in rules if (said := rule(merged)) and not rule(ours) and not rule(theirs))
    return next(broken, "") or (_frozen(merged, base, ours, theirs) if kind == QUOTATION else "")


def _frozen(merged: Plain, base: Plain, *sides: Plain) -> str:
    for side in sides if not _is_draft(merged) else ():
        if _is_draft(base) and not _is_draft(side):
            field = next((key for key in OFFERED if not same(side.get(key), merged.get(key))), None)
            if field:
                return f"it was {side['status']} with other {field}; what a customer was offered is frozen"
    return ""


def _is_draft(quotation: Plain) -> bool:
    return quotation.get("status") in (None, "draft")


def _is_valid_for_some_time(quotation: Plain) -> str:
    begins, ends = str(quotation.get("date", "")), str(quotation.get("valid_until", ""))
    return f"valid_until: {ends} is before its date {begins}" if ends and ends < begins else ""


def _has_one_primary(deal: Plain) -> str:
    primary = [each["contact"] for each in deal.get("contacts", ()) if each.get("primary") is True]
    return f"a deal has one primary contact, not {' and '.join(primary)}" if len(primary) > 1 else ""


def _names_what_it_has(plain: Plain) -> str:
    """Users and teams that settings name, and that are there."""
    from pipecli.records.settings import Settings

    settings = Settings.model_validate(plain)
    known = {"user": {*settings.users}, "team": {*settings.teams}}
    known["user or team"] = known["user"] | known["team"]
    for field, noun, key in references(settings):
        named = "user or team" if noun == "principal" else noun
        if key not in known.get(named, {key}):
            return f"{field}: there is no {named} {key}"
    both = settings.users.keys() & settings.teams.keys()
    return f"{min(both)} is a user and a team" if both else ""


def _closes_with_a_known_reason(plain: Plain) -> str:
    known = plain.get("lost_reasons", ())
    reason = plain.get("auto_close", {}).get("reason", "no-response")
    return f"auto_close.reason: {reason} is none of lost_reasons" if known and reason not in known else ""


_RULES: dict[str, tuple[Callable[[Plain], str], ...]] = {
    "quotation": (_is_valid_for_some_time,),
    "opportunity": (_has_one_primary,),
    "settings": (_names_what_it_has, _closes_with_a_known_reason),
}
