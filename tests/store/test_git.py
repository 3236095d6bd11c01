"""git as a program: what becomes of it when this one ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipecli.store import git

CALL = """\
from pathlib import Path
from pipecli.store import git
git.carry_through(Path("."), "-c", "alias.slow=!touch begun; sleep 0.2; echo said; touch ended", "slow")
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_checkout_goes_on_when_this_program_is_killed(root: Path, how: signal.Signals) -> None:
    """In a terminal that is closed, too: the whole group is killed, and nobody reads what git says."""
    program = subprocess.Popen(
        [sys.executable, "-c", CALL],
        cwd=root, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    _wait_for(root / "begun")
    os.killpg(program.pid, how)
    program.communicate()
    assert program.returncode
    _wait_for(root / "ended")


def _wait_for(file: Path) -> None:
    for _ in range(500):
        if file.exists():
            return
        time.sleep(0.01)
    raise AssertionError(f"{file} is not there")


def test_the_version() -> None:
    assert git.version(Path()) >= (2, 30)


def test_a_ctrl_c_before_git_is_asked_leaves_no_traceback_of_the_thread_that_asks(tmp_path: Path) -> None:
    with (tmp_path / "pipe").open("wb") as pipe:
        pass
    git._ask(pipe, ["0" * 40])
