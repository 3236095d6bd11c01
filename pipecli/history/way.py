"""The commits along first parents to any commit: those of HEAD's line, up to where it leaves that."""

from __future__ import annotations

from typing import NamedTuple

from pipecli.history.commits import Listed, listed
from pipecli.history.index import History


class Way(NamedTuple):
    """The commits that lead to one."""

    line: int
    """The number of the last of them that HEAD has on its line, too; 0 where there is none."""
    beside: list[Listed]
    """Those after it, the oldest first; none when the way ends on the line of HEAD."""


def way_to(history: History, commit: str) -> Way:
    """The way to `HEAD`, or to the commit of an id."""
    on_line = line_of(history, history.tip.commit if commit == "HEAD" else commit)
    if on_line:
        return Way(on_line, [])
    # What HEAD does not know the index does not: git lists it. The rest of the way is in the index.
    beside = listed(history.place, commit, history.tip.commit, first_parents=True)
    newest_first = beside[::-1]
    at: str | None = next(iter(beside[0].parents), None) if beside else commit
    line: int | None = None
    while at:
        seconds, parent, line = history.connection.execute(
            "SELECT committed, parent, line FROM commits WHERE id = ?", (at,)
        ).fetchone()
        if line is not None:
            break
        newest_first.append(Listed(at, seconds, [parent] if parent else []))
        at = parent
    return Way(line or 0, newest_first[::-1])


def line_of(history: History, commit: str) -> int | None:
    """The number of a commit on the line of HEAD; None of one that is not on it."""
    found = history.connection.execute("SELECT line FROM commits WHERE id = ?", (commit,)).fetchone()
    line: int | None = found[0] if found else None
    return line
