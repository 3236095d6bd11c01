"""How far `notify` has come in this clone, and what it could not deliver: two refs, moved together.

They are refs and not files of `.git/pipecli`, which anybody may delete. A ref also keeps what it points to:
the commit that was told last is still there after a rebase.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from typing import NamedTuple

from pipecli.history.claims import refs
from pipecli.store import git
from pipecli.store.files import Location

_LARGEST = 64 << 20


class Parcel(NamedTuple):
    """A message to one address, known by its name and place: the address itself is in no repository."""

    key: str
    """Under which it is claimed."""
    is_for_user: bool
    to: str
    """The name of a channel, or a user."""
    place: int
    """Which of their addresses, from 0."""
    event: str
    record: str
    title: str
    body: str


class Unsent(NamedTuple):
    """Where the next run begins."""

    told: str | None
    """The commit up to which all is told or kept here; None before the first run."""
    clone: str
    """A random name of this clone, under which it claims."""
    parcels: tuple[Parcel, ...]

    def with_(self, told: str, found: Iterable[Parcel]) -> Unsent:
        """With what was found up to a commit, each thing once."""
        kept: dict[str, Parcel] = {}
        for each in (*self.parcels, *found):
            kept.setdefault(each.key, each)
        return self._replace(told=told, parcels=tuple(kept.values()))

    def without(self, keys: set[str]) -> Unsent:
        """Without the parcels that are done with."""
        return self._replace(parcels=tuple(each for each in self.parcels if each.key not in keys))


def read(place: Location) -> Unsent:
    """What the last run has left."""
    folder = refs(place, "notify")
    told = git.run(place.work_tree, "rev-parse", "--verify", "--quiet", f"{folder}/told^{{commit}}")
    kept = git.run(place.work_tree, "cat-file", "blob", f"{folder}/unsent")
    said = json.loads(kept.stdout) if not kept.returncode else {}
    return Unsent(
        told.stdout.decode().strip() or None,
        said.get("clone") or secrets.token_hex(8),
        tuple(Parcel(**each) for each in said.get("parcels", [])),
    )


def write(place: Location, unsent: Unsent) -> None:
    """Keep it for the next run. Raises git.GitRefused."""
    folder = refs(place, "notify")
    said = {"clone": unsent.clone, "parcels": [each._asdict() for each in unsent.parcels]}
    text = json.dumps(said, ensure_ascii=False, indent=1)
    blob = git.raw(place.work_tree, "hash-object", "-w", "--stdin", stdin=text.encode()).decode().strip()
    moves = [f"update {folder}/told {unsent.told}\n"] if unsent.told else []
    moves.append(f"update {folder}/unsent {blob}\n")
    git.raw(place.work_tree, "update-ref", "--stdin", stdin="".join(moves).encode())
