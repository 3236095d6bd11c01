"""The lock: one command at a time; who waits does so for a bounded time, and learns for whom."""

from __future__ import annotations

import os
import signal
import time
from contextlib import nullcontext
from errno import EACCES, ENOLCK, EROFS
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipecli.errors import PipecliError
from pipecli.store.lock_and_signals import Busy, clear_temporary, hold_lock, temporary_folder


def test_who_waits_too_long_is_told_who_holds_it(tmp_path: Path) -> None:
    with hold_lock(tmp_path / "cache"):
        begun = time.monotonic()
        with pytest.raises(Busy, match=f"process {os.getpid()}"), hold_lock(tmp_path / "cache", patience=0.1):
            pytest.fail("two held it at once")
        assert time.monotonic() - begun < 2

    with hold_lock(tmp_path / "cache", patience=0.1):
        pass


def test_jobs_with_locks_of_their_own_do_not_wait_for_each_other(tmp_path: Path) -> None:
    with hold_lock(tmp_path), hold_lock(tmp_path / "notify", patience=0.1):
        pass


def test_a_damaged_lock_is_named(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    lock.write_text("no database")
    with (
        pytest.raises(PipecliError, match="lock: file is not a database; delete that file"),
        hold_lock(tmp_path),
    ):
        pytest.fail("it was held")
    lock.unlink()
    (tmp_path / "lock-journal").mkdir()
    with (
        pytest.raises(PipecliError, match="can't be written: unable to open database file"),
        hold_lock(tmp_path),
    ):
        pytest.fail("it was held")
    (tmp_path / "lock-journal").rmdir()
    with hold_lock(tmp_path):
        pass


@pytest.mark.skipif(os.name != "posix", reason="Windows tells no disk that is read-only")
def test_a_folder_that_can_not_be_written_is_refused_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # a superuser may write anywhere
    with pytest.raises(PipecliError, match=os.strerror(EACCES)), hold_lock(tmp_path):
        pytest.fail("it was held")
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_flag=os.ST_RDONLY))
    with pytest.raises(PipecliError, match=os.strerror(EROFS)), hold_lock(tmp_path):
        pytest.fail("it was held")


@pytest.mark.skipif(os.name != "posix", reason="Windows tells no disk that is read-only")
def test_a_lock_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `sudo` leaves it: SQLite would open it to be read, and let two in at once."""
    with hold_lock(tmp_path):
        pass
    monkeypatch.setattr(os, "access", lambda path, _: path != tmp_path / "lock")
    with pytest.raises(PipecliError, match=rf"Permission denied: '{tmp_path}/lock'"), hold_lock(tmp_path):
        pytest.fail("it was held")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a second process is asked")
def test_a_disk_whose_locks_do_not_lock_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second process gets the lock that the first one has, or none can, as on some network disks."""

    def no_locks(*_: object) -> None:
        raise OSError(ENOLCK, "No locks available")

    monkeypatch.setattr("pipecli.store.lock_and_signals._LOCKING", set())
    tested = tmp_path / "lock.tested"
    with monkeypatch.context() as patch:
        patch.setattr("fcntl.lockf", lambda *_: None)
        tested.write_text("1 2")  # on the disk from which the folder was copied
        with pytest.raises(PipecliError, match="a disk where locks don't work"), hold_lock(tmp_path):
            pytest.fail("it was held")
        tested.unlink()
        for lockf in (lambda *_: None, no_locks):
            patch.setattr("fcntl.lockf", lockf)
            with pytest.raises(PipecliError, match="a disk where locks don't work"), hold_lock(tmp_path):
                pytest.fail("it was held")
    with hold_lock(tmp_path):
        assert tested.exists()
    with hold_lock(tmp_path), pytest.raises(Busy), hold_lock(tmp_path, patience=0):
        pytest.fail("two held it at once")


@pytest.mark.parametrize(
    ("disk", "holds"),
    [
        ("nfs4 rw,local_lock=none", True), ("nfs rw,nolock", False), ("nfs4 rw,local_lock=all", False),
        ("cifs rw,nobrl", False), ("fuse.sshfs rw,user_id=0", False), ("ext4 rw,nolock", True),
    ],
)  # fmt: skip
def test_a_disk_of_the_network_whose_locks_stay_here_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, disk: str, holds: bool
) -> None:
    mounts = tmp_path / "mounts"
    automounted = f"systemd-1 {tmp_path} autofs rw 0 0\nserver:/x {tmp_path} {disk} 0 0\n"
    mounts.write_text(f"proc /proc proc rw 0 0\n{automounted}")
    monkeypatch.setattr("pipecli.store.safe_files._MOUNTS", mounts)
    monkeypatch.setattr("pipecli.store.lock_and_signals._LOCKING", set())
    outcome = nullcontext() if holds else pytest.raises(PipecliError, match="where locks don't work")
    with outcome, hold_lock(tmp_path):
        pass


def test_what_a_killed_command_left_beside_a_file_goes_and_what_one_still_writes_stays(
    tmp_path: Path,
) -> None:
    dead, living, old = (
        tmp_path / f".out.csv.{number}.tmp" for number in (2**22 + 1, os.getpid(), os.getppid())
    )
    for file in (dead, living, old):
        file.touch()
    os.utime(old, (0, 0))  # another process has its number by now
    clear_temporary(tmp_path / "out.csv")
    assert [*tmp_path.iterdir()] == [living]


def test_a_temporary_folder_of_a_killed_command_goes(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    dead, young, alive = (
        tmp_path / f"pipecli-move-x.{end}" for end in ("99999999", "99999998", str(os.getpid()))
    )
    for folder in (dead, young, alive):
        folder.mkdir()
    for folder in (dead, alive):
        os.utime(folder, (1, 1))
    with temporary_folder("move") as folder:
        assert {*tmp_path.iterdir()} == {young, alive, folder}


def test_a_polite_kill_leaves_no_temporary_folder() -> None:
    with pytest.raises(KeyboardInterrupt), temporary_folder("move") as folder:
        (folder / "customers.csv").write_text("Ana\n")
        assert folder.stat().st_mode & 0o077 == 0
        signal.raise_signal(signal.SIGTERM)
    assert not folder.exists()
