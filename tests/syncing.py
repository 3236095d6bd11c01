"""People with clones of one pipeline: each a real repository with a real remote."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pipecli.cli.main import run
from tests import by_hand
from tests.conftest import Said

MACHINES = "opportunities/2026/OPP-2Q8XA-espresso-machines.yaml"
GRINDERS = "opportunities/2026/OPP-7K3M9-grinders.yaml"


class Clone:
    """One person's clone: changes by hand, and `pipecli` in this process."""

    def __init__(self, path: Path, capsys: pytest.CaptureFixture[str] | None = None) -> None:
        self.path = path
        self.capsys = capsys

    def git(self, *arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=self.path, capture_output=True, text=True)
        assert not done.returncode, (arguments, done.stdout, done.stderr)
        return done.stdout.strip()

    def cli(self, *arguments: str, code: int = 0) -> Said:
        assert self.capsys
        self.capsys.readouterr()
        ended = run(["-C", str(self.path), *arguments])
        out, err = self.capsys.readouterr()
        assert ended == code, f"{arguments} ended with {ended}:\n{out}\n{err}"
        assert "Traceback" not in err
        return Said(ended, out, err)

    def sync(self, *options: str, code: int = 0) -> Said:
        return self.cli("sync", *options, code=code)

    def refused(self, *options: str) -> str:
        """See that a sync is refused and changes nothing, and return its one error line."""
        before = self.state()
        said = self.sync(*options, code=1)
        assert self.state() == before
        (line,) = said.err.splitlines()
        return line

    def state(self) -> tuple[str, str, dict[str, bytes]]:
        """The commit, what git says of the files, and every byte of them."""
        return self.git("rev-parse", "--verify", "-q", "HEAD"), self.status(), self.files()

    def status(self) -> str:
        return self.git("status", "--porcelain", "--untracked-files=all")

    def files(self) -> dict[str, bytes]:
        found = (path for path in self.path.rglob("*") if ".git" not in path.parts and path.is_file())
        return {path.relative_to(self.path).as_posix(): path.read_bytes() for path in found}

    def read(self, file: str) -> str:
        return (self.path / file).read_text(encoding="utf-8")

    def change(self, file: str, old: str, new: str, *, commit: bool = True) -> None:
        text = self.read(file)
        assert old in text
        self.write(file, text.replace(old, new), commit=commit)

    def write(self, file: str, text: str, *, commit: bool = True) -> None:
        path = self.path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        if commit:
            by_hand.commit(self.path, [file], f"change {file}")

    def remove(self, file: str) -> None:
        self.git("rm", "-q", "--", file)
        self.git("commit", "-q", "-m", f"remove {file}")

    def hook(self, name: str, script: str) -> None:
        hook = self.path / ".git/hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\nunset $(git rev-parse --local-env-vars)\n{script}\n")
        hook.chmod(0o755)
