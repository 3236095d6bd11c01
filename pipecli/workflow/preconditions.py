"""The preconditions that verbs of several nouns share: a quotation not yet sent, a record that nobody uses,
words that the settings know. Those of an open deal are in `workflow/opportunity/can_advance.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from pipecli.records.names import chosen_id, own_names, people_of
from pipecli.wording import a, first_of
from pipecli.workflow import Refused

if TYPE_CHECKING:
    from pipecli.records.base import Record
    from pipecli.records.papers import Quotation
    from pipecli.records.settings import Process, Settings


def refuse_sent(quotation: Quotation) -> None:
    """Refuse to change a quotation that a customer has seen: only a draft may change."""
    if quotation.status == "draft":
        return
    way = f"make a new one: pipecli quote new {quotation.opportunity}"
    if quotation.status in ("sent", "rejected", "expired"):
        way = f"make the next one: pipecli quote revise {quotation.id}"
    raise Refused(f"{quotation.id} is {quotation.status}: what a customer was offered is frozen", hint=way)


def refuse_used(record: Record, used_by: Sequence[str], hint: str) -> None:
    """Refuse to remove a record that others name; `used_by` are their ids."""
    if used_by:
        users = first_of(used_by, 5)
        raise Refused(f"{record.key} can't be removed, records use it: {users}", hint=hint)


def refuse_taken(settings: Settings, slug: str) -> None:
    """Refuse a name that a user or a team has."""
    for what, names in (("user", settings.users), ("team", settings.teams)):
        if slug in names:
            raise Refused(
                f"there is a {what} {slug} already",
                hint=f"change it with `pipecli {what} set {slug} …`, or choose another slug",
            )


def require_type(settings: Settings, type_: str) -> str:
    """The type of opportunity that is meant. Refused where the settings don't list it."""
    return _listed(type_, settings.opportunity_types, "type of opportunity", "opportunity_types")


def require_source(settings: Settings, source: str | None) -> str | None:
    """The source that is meant. Refused where the settings list others; where they list none any will do."""
    if source is None or not settings.sources:
        return source
    return _listed(source, settings.sources, "known source", "sources")


def require_listed_lost_reason(settings: Settings, reason: str) -> str:
    """The reason for losing that is meant. Refused where the settings don't list it."""
    return _listed(reason, settings.lost_reasons, "reason for losing", "lost_reasons")


def require_auto_close_reason(settings: Settings) -> None:
    """Refuse a reason for closing by itself that the settings don't list, where they list any."""
    if settings.lost_reasons and settings.auto_close.reason not in settings.lost_reasons:
        raise Refused(
            f"auto_close.reason: {settings.auto_close.reason} isn't one of lost_reasons: "
            f"{', '.join(settings.lost_reasons)}",
            hint="give one of those: pipecli settings set auto_close.reason=…, or add yours to the list",
        )


def require_disqualify_reason(settings: Settings, reason: str) -> str:
    """The reason for giving a lead up that is meant. Refused where the settings list others."""
    if not settings.disqualify_reasons:
        return reason
    return _listed(reason, settings.disqualify_reasons, "reason to disqualify", "disqualify_reasons")


def require_stages(settings: Settings, stages: Iterable[str]) -> None:
    """Refuse a stage that no process has."""
    known = dict.fromkeys(stage.id for process in settings.processes.values() for stage in process.stages)
    for stage in stages:
        _listed(stage, list(known), "stage of any process", "processes")


def _listed(word: str, known: Sequence[str], what: str, key: str) -> str:
    ways = [f"give one of {', '.join(known)}"] * bool(known) + [f"add yours to {key} in pipecli.yaml"]
    try:
        return chosen_id(
            word, own_names(known), f"{word} isn't {a(what)}", hint=", or ".join(ways), error=Refused
        )
    except Refused as error:
        error.new = ((what, word),)
        raise


def named_stage(process: Process, word: str, fault: str, hint: str = "its stages: {known}") -> str:
    """The stage of a process that is meant by its id or name. Refused with `fault` and those there are."""
    known = {stage.id: [stage.label] for stage in process.stages}
    return chosen_id(word, known, fault, hint=hint, error=Refused)


def named_user(settings: Settings, word: str) -> str:
    """The user that is meant by slug, name or e-mail address. Refused where there is none."""
    known = people_of({slug: user.plain() for slug, user in settings.users.items()})
    return chosen_id(word, known, f"unknown user {word}", hint="the users: {known}", error=Refused)


def named_team(settings: Settings, word: str) -> str:
    """The team that is meant by slug or name. Refused where there is none."""
    known = people_of({slug: team.plain() for slug, team in settings.teams.items()})
    return chosen_id(word, known, f"unknown team {word}", hint="the teams: {known}", error=Refused)
