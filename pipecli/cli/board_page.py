"""One deal on the board: what `opportunity show` prints, in a window of the board's terminal."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout

from pipecli.cli.session import Session


def page(run: Session, key: str, width: int) -> str:
    """The page of a deal, `width` columns wide. It is read anew: a move may just have changed it."""
    from pipecli.cli.main import run as run_command

    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(out), _as_wide_as(width):
        today = ["--today", run.today_text] if run.today_text else []
        run_command(["-C", str(run.directory), *today, "opp", "show", key])
    return out.getvalue()


@contextmanager
def _as_wide_as(width: int) -> Iterator[None]:
    """A terminal of this width, to whom prints into a window."""
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = str(max(width, 1))
    try:
        yield
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before
