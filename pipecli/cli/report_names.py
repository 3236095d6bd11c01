"""What people call the keys of a report's rows: users, teams, stages, customers, products by their names."""

from __future__ import annotations

from typing import Any

from pipecli.cli.session import Session

Key = tuple[str | None, str | None]
"""The process of a stage (else None), and the stage, user, team, month, …; None: of none."""


class Names:
    """The names of what one grouping can be about; what has no name is called by its key."""

    def __init__(self, run: Session, by: str) -> None:
        self.by = by
        self.settings: dict[str, Any] = run.pipeline.settings_as_written
        self._names: dict[str, str] = {}
        if by in ("owner", "user", "manager", "team"):
            known = self.settings.get("teams" if by == "team" else "users", {})
            self._names = {slug: each["name"] for slug, each in known.items() if "name" in each}
        elif by == "process":
            known = self.settings["processes"]
            self._names = {slug: each["name"] for slug, each in known.items() if "name" in each}
        elif by == "stage":
            for slug, process in self.settings["processes"].items():
                for stage in process["stages"]:
                    self._names[f"{slug}/{stage['id']}"] = stage.get("name", stage["id"])
        elif by in ("customer", "product", "competitor"):
            found = run.pipeline.index.connection.execute(
                "SELECT key, label FROM _records WHERE noun = ?", (by,)
            )
            self._names = dict(found.fetchall())

    def name(self, key: str | None, process: str | None = None) -> str | None:
        """The name of a key; None where it has none."""
        return self._names.get(f"{process}/{key}" if process else key or "")

    def label(self, key: str | None, process: str | None = None) -> str:
        """What a person reads for a key: its name, else the key, else `without owner`."""
        return self.name(key, process) or (f"without {self.by}" if key is None else key)

    def stages(self) -> list[Key]:
        """Every stage in the order of its process."""
        return [
            (slug, stage["id"])
            for slug, process in self.settings["processes"].items()
            for stage in process["stages"]
        ]
