"""`--owner`, `--team` and `--mine`: whose records a report is about."""

from __future__ import annotations

from typing import Any

from pipecli.cli.command import Reading, flag_option, text_option
from pipecli.cli.session import Session
from pipecli.errors import PipecliError
from pipecli.store.index.deals import Whose


class Report(Reading):
    """The command class of what counts everybody's records, or those of some."""

    def shared(self) -> list[Any]:
        return [
            text_option("--owner", "Only this user's.", "USER"),
            text_option("--team", "Only of the users of this team and of those below it.", "TEAM"),
            flag_option("--mine", "Only yours, and what is shared with you."),
            *super().shared(),
        ]


def whose(run: Session) -> Whose:
    """What the options say; a name that the settings don't have is refused, as it would give nothing."""
    connection = run.pipeline.index.connection
    owner, team = str(run.option("owner") or ""), str(run.option("team") or "")
    for noun, name in (("user", owner), ("team", team)):
        if name and not connection.execute(f"SELECT 1 FROM {noun}s WHERE id = ?", (name,)).fetchone():
            raise PipecliError(f"there is no {noun} {name}", hint=f"see `pipecli {noun} list`")
    me, my_team = run.me_and_team() if run.option("mine") else (None, None)
    return Whose(owner or None, team or None, me, my_team)
