"""The answer of a verb of the workflow: the records to write, and what happened in words."""

from __future__ import annotations

from dataclasses import dataclass

from pipecli.errors import PipecliError
from pipecli.records.base import Record


class Refused(PipecliError):
    """A rule of the workflow says no. The message names the rule, the hint the way out."""


@dataclass(frozen=True)
class Change:
    """One step of the workflow. The store writes all its records in one commit, or none of them."""

    subject: Record
    """The record that the step is about, as it is afterwards: the commit is named after it."""
    summary: str
    """In words, for the commit's subject: `advance qualify → demo`."""
    event: str
    """The kind of event, for the commit's trailer: `stage-changed`."""
    also: tuple[Record, ...] = ()
    """Other records, new or changed, that are written with it."""
    removed: tuple[Record, ...] = ()
    """Records whose files go; the subject may be one of them."""
    result: Record | None = None
    """The record a person asked for, where it is not the subject: the opportunity of a conversion."""
    notes: tuple[str, ...] = ()
    """Notes for the person: an existing customer was reused, a rule was overridden."""

    @property
    def records(self) -> tuple[Record, ...]:
        """Every record to write."""
        return (self.subject, *self.also)

    @property
    def asked(self) -> Record:
        """The record that the command prints."""
        return self.result or self.subject
