"""pipecli at a real terminal, for stories in which it asks."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("a terminal of this kind", allow_module_level=True)
else:
    import pty


def at_terminal(root: Path, *arguments: str, typed: str = "", columns: int = 100) -> tuple[int, str]:
    """Run a command at a terminal, type an answer into it, and return the exit code and the screen."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "pipecli", "-C", str(root), *arguments],
        stdin=theirs, stdout=theirs, stderr=theirs, env={**os.environ, "COLUMNS": str(columns)},
    )  # fmt: skip
    os.close(theirs)
    os.write(ours, typed.encode())
    screen = b""
    while select.select([ours], [], [], 30)[0]:
        try:
            part = os.read(ours, 65536)
        except OSError:  # Linux says so that the other end is closed
            break
        if not part:
            break
        screen += part
    os.close(ours)
    return process.wait(30), screen.decode().replace("\r\n", "\n")
