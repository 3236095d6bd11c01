"""The rules of the trade: from records and settings to changed records; pure.

The answer of each is here: a `Change` of records, or `Refused`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from pipecli.errors import PipecliError
from pipecli.records.compare_names import chosen_id, name_key, own_names
from pipecli.wording import a

if TYPE_CHECKING:
    from pipecli.records.base import Record
    from pipecli.records.catalogue import PriceList
    from pipecli.records.settings import Settings


class Terms(Protocol):
    """The settings and the price lists of a pipeline, each read only where a rule asks for it."""

    @property
    def settings(self) -> Settings: ...

    @property
    def price_lists(self) -> Sequence[PriceList]: ...


class Refused(PipecliError):
    """A rule of the workflow says no. The message names the rule, the hint the way out."""

    code = "rule"


def listed_word(word: str, known: Sequence[str], what: str, key: str, *, is_whole: bool = False) -> str:
    """The word that is meant, of a list of the settings with this `key`. Refused where it isn't there.

    A file's is a whole one: `Price` isn't price-too-high, as it would be where somebody types it.
    """
    if word in known:  # at once: an import asks it of each record
        return word
    ways = [f"give one of {', '.join(known)}"] * bool(known) + [f"add yours to {key} in pipecli.yaml"]
    likely = [own for own in known if name_key(own) == name_key(word)] if is_whole else known
    try:
        return chosen_id(
            word, own_names(likely), f"{word} isn't {a(what)}", hint=", or ".join(ways), error=Refused
        )
    except Refused as error:
        error.new = ((what, word),)
        raise


class Change(NamedTuple):
    """One step of the workflow. The store writes all its records in one commit, or none of them."""

    record: Record
    """The record that the step is about, as it is afterwards: the commit is named after it."""
    summary: str
    """In words, for the commit's subject: `advance qualify → demo`."""
    event: str
    """The kind of event, for the commit's trailer: `stage-changed`."""
    also: tuple[Record, ...] = ()
    """Other records, new or changed, that are written with it."""
    removed: tuple[Record, ...] = ()
    """Records whose files go; `record` may be one of them."""
    result: Record | None = None
    """The record a person asked for, where it is not `record`: the opportunity of a conversion."""
    part: str = ""
    """The id of the part of it that a person asked for, such as an activity; empty: the whole record."""
    notes: tuple[str, ...] = ()
    """Notes for the person: an existing customer was reused, a rule was overridden."""

    @property
    def subject(self) -> str:
        """The first line of its commit: `OPP-2Q8XA: advance qualify → demo`."""
        return f"{self.record.key}: {self.summary}"

    @property
    def records(self) -> tuple[Record, ...]:
        """Every record to write."""
        return (self.record, *self.also)

    @property
    def asked(self) -> Record:
        """The record that the command prints."""
        return self.result or self.record
