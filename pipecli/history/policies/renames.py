"""Stages and users with another name in the settings: a deal that goes along has not changed."""

from __future__ import annotations

from typing import NamedTuple

from pipecli.history.events import Told
from pipecli.records.base import Plain
from pipecli.records.settings import Process, Settings


class Renames(NamedTuple):
    """What `settings rename`, or a hand that did the same, gave another name."""

    stages: dict[tuple[str, str], str]
    """By process and old name."""
    users: dict[str, str]

    def of_settings(self, settings: Settings) -> Settings:
        """The old settings in the new words."""
        processes = {
            slug: process.with_(
                stages=tuple(
                    stage.with_(id=self.stages.get((slug, stage.id), stage.id)) for stage in process.stages
                )
            )
            for slug, process in settings.processes.items()
        }
        return settings.with_(processes=processes)

    def of_deal(self, told: Told) -> Told:
        """An old version of a deal in the new words."""
        plain: Plain = dict(told.plain)
        stage, owner = (plain.get("process"), plain.get("stage")), plain.get("owner")
        if stage in self.stages:
            plain["stage"] = self.stages[stage]
        if owner in self.users:
            plain["owner"] = self.users[owner]
        return told._replace(plain=plain)


def renames(before: Settings | None, after: Settings | None) -> Renames:
    """The names that are another, by what has them."""
    if before is None or after is None or before == after:
        return Renames({}, {})
    stages = {
        (slug, old): new
        for slug, process in before.processes.items()
        if slug in after.processes
        for old, new in _renamed_stages(process, after.processes[slug]).items()
    }
    gone = {slug: user for slug, user in before.users.items() if slug not in after.users}
    new_users = {slug: user for slug, user in after.users.items() if slug not in before.users}
    users = {
        old: new
        for old, was in gone.items()
        for new, user in new_users.items()
        if (was.name, was.email) == (user.name, user.email)
    }
    return Renames(stages, users)


def _renamed_stages(before: Process, after: Process) -> dict[str, str]:
    """Those that stand in the place of one that is gone, in a process as long as it was."""
    if len(before.stages) != len(after.stages):
        return {}
    return {
        old.id: new.id
        for old, new in zip(before.stages, after.stages, strict=True)
        if after.position(old.id) is None and before.position(new.id) is None
    }
