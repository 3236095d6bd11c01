"""`share`: users and teams who see a lead or a deal among their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from pipecli.records.lead import Lead
from pipecli.records.opportunity import Opportunity
from pipecli.records.settings import Settings
from pipecli.workflow.change import Change, Refused

R = TypeVar("R", Lead, Opportunity)


def share(record: R, settings: Settings, principals: Sequence[str]) -> Change:
    """Let users and teams see it among their own."""
    for each in principals:
        if each not in settings.users and each not in settings.teams:
            known = ", ".join([*settings.users, *settings.teams])
            raise Refused(f"{each} is no user or team", hint=f"share with one of {known}")
    shared = tuple(dict.fromkeys([*record.shared_with, *principals]))
    return Change(record.with_(shared_with=shared), f"share with {', '.join(principals)}", "shared")


def unshare(record: R, principals: Sequence[str]) -> Change:
    """Take it from the sight of users and teams again."""
    for each in principals:
        if each not in record.shared_with:
            raise Refused(
                f"{record.key} is not shared with {each}",
                hint=f"it is shared with {', '.join(record.shared_with) or 'nobody'}",
            )
    left = tuple(each for each in record.shared_with if each not in principals)
    return Change(record.with_(shared_with=left), f"share no more with {', '.join(principals)}", "unshared")
