"""pipecli at a real terminal, for stories in which it asks."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("a terminal of this kind", allow_module_level=True)
else:
    import pty


def at_terminal(root: Path, *arguments: str, typed: str = "", columns: int = 100) -> tuple[int, str]:
    """Run a command at a terminal, type an answer into it, and return the exit code and the screen."""
    command = [sys.executable, "-m", "pipecli", "-C", str(root), *arguments]
    return program_at_terminal(command, root, typed, COLUMNS=str(columns))


def program_at_terminal(
    command: Sequence[str], folder: Path, typed: str = "", **environment: str
) -> tuple[int, str]:
    """Run any program at a terminal in a folder, with these variables too."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command, cwd=folder,
        stdin=theirs, stdout=theirs, stderr=theirs, env={**os.environ, **environment},
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
