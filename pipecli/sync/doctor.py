"""Faults of a clone, not of what its records say (`check` tells those), and the way out of each.

Looking changes nothing. What can be mended without a person's choice carries its remedy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pipecli.errors import PipecliError
from pipecli.store import git
from pipecli.store.files import Location
from pipecli.sync import doctor_clone, doctor_tools
from pipecli.sync.doctor_clone import Diagnosis, State, error

Look = Callable[[Location], Iterator[Diagnosis]]

LOOKS: tuple[tuple[str, Look], ...] = (
    ("git", doctor_tools.git_version),
    ("identity", doctor_clone.identity),
    ("branch", doctor_clone.branch),
    ("progress", doctor_clone.progress),
    ("git index", doctor_tools.git_index),
    ("checkout", doctor_tools.checkout),
    ("changes", doctor_clone.changes),
    ("past", doctor_clone.past),
    ("driver", doctor_tools.driver),
    ("index", doctor_tools.records_index),
    ("many files", doctor_tools.many_files),
    ("history", doctor_tools.commit_graph),
    ("schemas", doctor_tools.editors),
    ("review", doctor_tools.review),
    ("extras", doctor_tools.extras),
)


def examine(place: Location) -> Iterator[Diagnosis]:
    """Everything that was looked at, what is well included."""
    try:
        git.require_working(place.work_tree)
    except git.GitRefused as refused:  # as where the folder is another user's
        yield error("git", refused.message, "do as git says, and look again")
        return
    for name, look in LOOKS:
        try:
            yield from look(place)
        except PipecliError as fault:
            yield error(name, fault.message, fault.hint or "see what git says of it: git status")


def mend(diagnosis: Diagnosis) -> Diagnosis:
    """Apply the remedy of what has one; the others as they are."""
    if diagnosis.remedy is None:
        return diagnosis
    try:
        return Diagnosis(diagnosis.name, State.FIXED, diagnosis.remedy())
    except (PipecliError, OSError) as fault:
        return diagnosis._replace(what=f"{diagnosis.what}; it could not be mended: {fault}")
