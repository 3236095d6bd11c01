"""What comes and goes as a table: every kind of record, and the users and teams that the settings hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pipecli.records.kinds import KINDS, Kind

if TYPE_CHECKING:
    from pipecli.records.base import Part


class Collection(NamedTuple):
    noun: str
    plural: str
    """The last word of `import` and `export`: `price-lists`."""
    identity: str
    """The field that names one of it; users and teams have it as their key in the settings."""
    kind: Kind | None
    """None for users and teams."""

    @property
    def table(self) -> str:
        """Its table in the index."""
        return self.plural.replace("-", "_")

    @property
    def model(self) -> type[Part]:
        if self.kind:
            return self.kind.model
        from pipecli.records.settings import Team, User

        return User if self.noun == "user" else Team


USERS = Collection("user", "users", "id", None)
TEAMS = Collection("team", "teams", "id", None)
COLLECTIONS = (
    *(Collection(kind.noun, kind.folder, kind.identity, kind) for kind in KINDS),
    USERS,
    TEAMS,
)
BY_NOUN = {each.noun: each for each in COLLECTIONS}
_SHORT = {"opp": "opportunity", "quote": "quotation", "supplier-quote": "supplier-quotation"}


def named(word: str) -> Collection | None:
    """The collection that a person means by a noun, singular or plural, or its short alias."""
    plain = word.strip().lower().replace("_", "-")
    singular = plain if plain in _SHORT else plain.removesuffix("s")
    return next(
        (
            each
            for each in COLLECTIONS
            if plain in (each.noun, each.plural) or _SHORT.get(singular) == each.noun
        ),
        None,
    )
