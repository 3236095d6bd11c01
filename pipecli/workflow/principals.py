"""Users and teams have one set of names between them: a record is shared with either by its slug alone."""

from __future__ import annotations

from pipecli.records.settings import Settings
from pipecli.workflow.change import Refused


def refuse_taken(settings: Settings, slug: str) -> None:
    """Refuse a name that a user or a team has."""
    for what, names in (("user", settings.users), ("team", settings.teams)):
        if slug in names:
            raise Refused(
                f"there is a {what} {slug} already",
                hint=f"change it with `pipecli {what} set {slug} …`, or choose another slug",
            )
