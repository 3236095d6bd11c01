"""The index is disposable: whatever happens to it or behind its back, answers stay those of the files."""

from __future__ import annotations

import gc
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from datetime import date
from errno import EACCES, EIO
from pathlib import Path
from weakref import ref

import pytest

from pipecli.errors import FaultyFile
from pipecli.store import file_stamps, safe_files
from pipecli.store.index import index
from pipecli.store.index.rows_for_verbs import ids_in_index
from pipecli.store.pipeline import Pipeline
from tests.conftest import DEAL


def amounts(cli) -> dict[str, float]:
    return {each["id"]: each["amount"] for each in json.loads(cli("opp", "list", "--format", "json").out)}


def index_file(root: Path) -> Path:
    return root / ".git" / "pipecli" / "root" / "index.sqlite"


def test_a_file_changed_by_hand_is_read_again(cli, deal):
    file = deal()
    assert amounts(cli) == {"OPP-2Q8XA": 4998.00}

    file.write_text(file.read_text().replace("4998.00", "5400.00"))

    assert amounts(cli) == {"OPP-2Q8XA": 5400.00}


def test_files_added_removed_and_renamed_by_hand_are_noticed(cli, deal):
    first = deal()
    deal("OPP-7K3M9", "Grinders")
    assert len(amounts(cli)) == 2

    first.unlink()
    assert list(amounts(cli)) == ["OPP-7K3M9"]

    later = deal("OPP-9ZZZZ", "Cups")
    later.rename(later.with_name("OPP-9ZZZZ-mugs.yaml"))
    assert sorted(amounts(cli)) == ["OPP-7K3M9", "OPP-9ZZZZ"]


def test_an_id_of_two_files_is_told_of_whenever_the_second_came(cli, deal, root):
    deal("OPP-7K3M9", "Grinders")
    first = deal()
    assert len(amounts(cli)) == 2
    copy = first.with_name("OPP-2Q8XA-copy.yaml")
    shutil.copy(first, copy)
    last = deal("OPP-9ZZZZ", "Cups")
    for _ in range(2):
        assert "OPP-2Q8XA is also the id of opportunities/2026/" in cli("opp", "list", code=1).err
    assert Pipeline.find(root).index.file, "it isn't built anew in memory each time"
    shutil.rmtree(root / ".git" / "pipecli")
    assert "OPP-2Q8XA is also the id of opportunities/2026/" in cli("forecast", code=1).err

    copy.unlink()
    assert sorted(amounts(cli)) == ["OPP-2Q8XA", "OPP-7K3M9", "OPP-9ZZZZ"]
    shutil.copy(last, copy)
    assert "OPP-9ZZZZ is also the id of opportunities/2026/" in cli("opp", "list", code=1).err


def test_a_damaged_index_is_built_anew(cli, deal, root):
    deal()
    cli("opp", "list")
    for wreck in (b"not a database at all, just some bytes" * 200, b"", b"SQLite format 3\0" + b"\0" * 5000):
        index_file(root).write_bytes(wreck)
        assert amounts(cli) == {"OPP-2Q8XA": 4998.00}
        assert amounts(cli) == {"OPP-2Q8XA": 4998.00}
    cli("history", "2q8")
    for file in (index_file(root), index_file(root).with_name("history.sqlite")):
        file.write_bytes(file.read_bytes().replace(b"CREATE", b"CR\x97ATE"))
    cli("doctor")
    cli("history", "2q8")
    assert amounts(cli) == {"OPP-2Q8XA": 4998.00}  # SQLite's message is no text
    assert sqlite3.connect(index_file(root)).execute("PRAGMA quick_check").fetchone() == ("ok",)


def damage(file: Path, table: str) -> None:
    """Have the disk lose the first page of a table, and the seal of the index not tell."""
    with closing(sqlite3.connect(file)) as index:
        ((page, size),) = index.execute(
            "SELECT rootpage, page_size FROM sqlite_master, pragma_page_size WHERE name = ?", (table,)
        )
    with file.open("r+b") as handle:
        handle.seek((page - 1) * size)
        handle.write(b"\xff" * size)
    about = file.stat()
    seal = f"{about.st_ino} {about.st_size} {about.st_mtime_ns} {about.st_ctime_ns}"
    file.with_suffix(".seal").write_text(seal)


def past_doubt(root: Path) -> None:
    """Have the files written long ago: one of this moment is read again, which finds the damage sooner."""
    for file in root.rglob("*.yaml"):
        os.utime(file, (0, 0))


def test_an_index_that_the_disk_damages_under_its_seal_is_removed(cli, deal, root, refused):
    deal()
    past_doubt(root)
    cli("opp", "list")
    file = index_file(root)
    damage(file, "_folders")
    assert amounts(cli) == {"OPP-2Q8XA": 4998.00}
    assert not file.exists()
    cli("opp", "list")
    for table, words in (("_opportunities", "opp list"), ("_records", "find machines")):
        damage(file, table)
        said = "error: the index is damaged: database disk image is malformed; try again: it is built anew"
        assert refused(*words.split()) == said
        assert amounts(cli) == {"OPP-2Q8XA": 4998.00}


def test_what_is_no_text_in_a_cache_is_made_anew(cli, deal, root):
    deal()
    cli("check")
    cli("opp", "set", "OPP-2Q8XA", "tags=a")
    for name in ("lock.tested", "root/schemas.txt", "root/recent.json", "root/clone", "root/index.seal"):
        (root / ".git/pipecli" / name).write_bytes(b"\xb7\xff")
    cli("check")
    cli("opp", "set", "OPP-2Q8XA", "tags=b")
    cli("notify", "--dry-run")


def test_the_ids_of_a_kind_are_among_those_of_all(deal, root):
    deal()
    with closing(Pipeline.find(root)) as pipeline:
        connection = pipeline.index.connection
        assert ids_in_index(connection, "opportunity") == {"OPP-2Q8XA"} < ids_in_index(connection)
        assert not ids_in_index(connection, "lead")


def test_a_damage_that_sqlite_does_not_see_is_in_no_answer(cli, deal, root):
    deal()
    past_doubt(root)
    cli("opp", "list")
    file = index_file(root)
    sound, about = file.read_bytes(), file.stat()
    assert sound.count(b"4998") > 1
    file.write_bytes(sound.replace(b"4998", b"4999"))
    os.utime(file, ns=(about.st_atime_ns, about.st_mtime_ns))

    assert amounts(cli) == {"OPP-2Q8XA": 4998.00}
    file.write_bytes(sound)  # another inode and time, or an older state of its own
    assert amounts(cli) == {"OPP-2Q8XA": 4998.00}
    sealed = file.with_suffix(".seal").read_text()
    assert amounts(cli) == {"OPP-2Q8XA": 4998.00}
    assert file.with_suffix(".seal").read_text() == sealed  # what is sound is not built again


def test_a_file_of_the_same_size_and_time_is_read_again_when_the_clock_was_coarse(cli, deal):
    file = deal()
    second = time.time_ns() // 1_000_000_000 * 1_000_000_000
    os.utime(file, ns=(second, second))
    assert amounts(cli) == {"OPP-2Q8XA": 4998.00}

    file.write_text(file.read_text().replace("4998.00", "5400.00"))
    os.utime(file, ns=(second, second))

    assert amounts(cli) == {"OPP-2Q8XA": 5400.00}


def test_an_index_of_another_version_is_built_anew(cli, deal, root):
    deal()
    cli("opp", "list")
    with sqlite3.connect(index_file(root)) as connection:
        connection.execute("UPDATE _layout SET layout = '0.0.0/0'")
        connection.execute("DELETE FROM _opportunities")
    assert amounts(cli) == {"OPP-2Q8XA": 4998.00}


def test_a_deleted_index_is_missed_by_nobody(cli, deal, root):
    deal()
    cli("opp", "list")
    shutil.rmtree(root / ".git" / "pipecli")
    assert amounts(cli) == {"OPP-2Q8XA": 4998.00}


def test_new_settings_change_the_answers_without_reading_the_deals_again(cli, deal, root):
    deal()
    shown = json.loads(cli("opp", "show", "2q8", "--format", "json").out)
    assert (shown["probability"], shown["weighted"]) == (10, 499.80)

    settings = root / "pipecli.yaml"
    settings.write_text(settings.read_text().replace("probability: 10\n", "probability: 30\n"))

    shown = json.loads(cli("opp", "show", "2q8", "--format", "json").out)
    assert (shown["probability"], shown["weighted"]) == (30, 1499.40)


def test_ten_processes_at_once_all_get_the_whole_answer(warm_calls, given, root):
    """They find no index and build it together; none sees half of one."""
    keys = [f"OPP-2Q8{number:02}" for number in range(40)]
    given({f"opportunities/2026/{key}-deal.yaml": DEAL.format(id=key, title=key) for key in keys})
    command = [sys.executable, "-m", "pipecli", "-C", str(root), "opp", "list", "--format", "ids"]
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(10)
    ]
    for each in running:
        out, err = each.communicate(timeout=60)
        assert (each.returncode, len(out.splitlines()), err) == (0, 40, "")


def test_changing_commands_at_once_wait_for_each_other(warm_calls, cli, deal, root, git):
    deal()
    keys = ["source=web", "campaign=spring", "score=70", "notes=hello", "custom.a=1", "custom.b=2"]
    running = [
        subprocess.Popen([sys.executable, "-m", "pipecli", "-C", str(root), "opp", "set", "2q8", key])
        for key in keys
    ]
    assert [each.wait(timeout=60) for each in running] == [0] * len(keys)

    shown = json.loads(cli("opp", "show", "2q8", "--format", "json").out)
    assert (shown["source"], shown["campaign"], shown["score"], shown["notes"]) == (
        "web",
        "spring",
        70,
        "hello",
    )
    assert shown["custom"] == {"a": 1, "b": 2}
    assert git("status", "--porcelain") == ""


def test_a_hook_of_the_commit_may_read_what_is_new(warm_calls, cli, deal, root, git):
    """pre-commit runs `pipecli check` while a command holds its connection to the index."""
    deal()
    cli("opp", "list")
    hook = root / ".git" / "hooks" / "pre-commit"
    hook.write_text(f"#!/bin/sh\nexec {sys.executable} -m pipecli check\n")
    hook.chmod(0o755)

    made = cli("customer", "add", "Acme", "--format", "json")

    assert json.loads(made.out)["commit"] == git("rev-parse", "HEAD")
    assert cli("customer", "list", "--format", "ids").out == "acme\n"
    cli("opp", "set", "2Q8XA", "customer=acme")
    assert json.loads(cli("opp", "show", "2Q8XA", "--format", "json").out)["customer_name"] == "Acme"


def test_a_broken_file_stops_those_who_need_it_and_warns_the_others(cli, deal, root):
    deal()
    broken = deal("OPP-7K3M9", "Grinders")
    broken.write_text(broken.read_text() + "stge: qualify\n")

    said = cli("opp", "list", code=1)
    assert said.out == ""
    assert said.err == (
        'error: opportunities/2026/OPP-7K3M9-grinders.yaml:13: unknown key "stge", did you mean "stage"?; '
        "keys of your own go under `custom:`\n"
    )
    said = cli("opp", "set", "2q8", "amount=1")
    assert said.err.startswith("warning: opportunities/2026/OPP-7K3M9-grinders.yaml:13: ")
    assert "OPP-7K3M9-grinders.yaml:13: unknown key" in cli("opp", "show", "7k3m9", code=1).err
    assert 'no opportunity matches "nobody"' in cli("opp", "show", "nobody", code=1).err
    settings = root / "pipecli.yaml"
    settings.write_text(settings.read_text().replace("currency: EUR", "currency: euros"))
    with pytest.raises(FaultyFile) as refusal:
        pytest.fail(str(Pipeline.find(root).settings_as_written))
    assert {fault.file for fault in refusal.value.faults} == {"pipecli.yaml"}


def test_what_a_command_wrote_is_stamped_so_that_only_other_changes_are_read_again() -> None:
    one, other = (9, 10**18, 1), (9, 10**18, 2)
    stamp = file_stamps.restamp(None, {"contoso.yaml": one, "fabrikam.yaml": one})

    changed = file_stamps.restamp(stamp, {"contoso.yaml": None, "fabrikam.yaml": other, "nordwind.yaml": one})

    assert changed == file_stamps.restamp(None, {"fabrikam.yaml": other, "nordwind.yaml": one})
    difference = file_stamps.compare_stamps({"customers": stamp}, {"customers": changed})
    assert difference.changed == ["customers/fabrikam.yaml", "customers/nordwind.yaml"]
    assert difference.gone == ["customers/contoso.yaml"]


def test_no_check_looks_for_each_paper_among_all(cli, deal, monkeypatch):
    """Of 33,000 orders and 76,000 quotations `check` and `sync` took minutes: SQLite read all for each."""
    query, nested = Pipeline.query, []

    def explained(pipeline, sql, *parameters):
        plan = query(pipeline, f"EXPLAIN QUERY PLAN {sql}", *parameters)
        scans = [above for _, above, _, step in plan if re.fullmatch(r"SCAN \w+( LEFT-JOIN)?", step)]
        few = "_price_lists" in sql or "external_id IN" in sql  # lists of prices; those of one id
        nested.extend([sql] if len(scans) > len({*scans}) and not few else [])
        return query(pipeline, sql, *parameters)

    monkeypatch.setattr(Pipeline, "query", explained)
    cli("check")
    assert nested == []


def test_a_transaction_that_sqlite_has_undone_itself_tells_why(root):
    """It said that no transaction was active, which was no reason."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        with pytest.raises(MemoryError), index.writing(connection):
            connection.execute("ROLLBACK")  # as it does where there is no memory left
            raise MemoryError
        assert not connection.in_transaction


def test_a_folder_that_the_disk_does_not_tell_of_is_not_taken_for_gone(monkeypatch, cli, deal, refused):
    folder = deal().parent
    assert amounts(cli) == {"OPP-2Q8XA": 4998.00}
    known = os.stat

    def failing(path, *rest, **named):
        if str(path) == str(folder):
            raise OSError(EIO, os.strerror(EIO), path)
        return known(path, *rest, **named)

    with monkeypatch.context() as disk:
        disk.setattr(os, "stat", failing)
        assert f"{folder}: {os.strerror(EIO)}" in refused("opp", "list")
    assert amounts(cli) == {"OPP-2Q8XA": 4998.00}


def test_a_file_that_goes_while_all_are_looked_at_takes_no_other_along(tmp_path):
    (tmp_path / "customers").mkdir()
    (tmp_path / "pipecli.yaml").touch()
    for number in range(300):
        (tmp_path / f"customers/c{number}.yaml").touch()
    passing = tmp_path / "customers/passing.yaml"
    done = threading.Event()

    def come_and_go() -> None:
        while not done.is_set():
            passing.touch()
            passing.unlink()

    other = threading.Thread(target=come_and_go)
    other.start()
    try:
        counts = {
            len(file_stamps.compare_stamps({}, file_stamps.stamps(tmp_path)).changed) for _ in range(40)
        }
    finally:
        done.set()
        other.join()
    assert counts <= {301, 302}


def test_a_folder_that_is_a_link_out_of_the_pipeline_is_refused(cli, deal, root, tmp_path):
    deal()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (root / "opportunities" / "2025").symlink_to(elsewhere)

    said = cli("opp", "list", code=1)
    assert said.err == (
        "error: opportunities/2025 is a symbolic link; records must stay inside the pipeline\n"
    )


def test_a_record_that_is_a_link_is_a_fault(cli, deal, root, tmp_path):
    file = deal()
    secret = tmp_path / "secret.yaml"
    secret.write_text("password: hunter2\n")
    file.with_name("OPP-7K3M9-link.yaml").symlink_to(secret)

    said = cli("opp", "list", code=1)
    assert "OPP-7K3M9-link.yaml: a symbolic link can't be a record" in said.err
    assert "hunter2" not in said.err


def test_a_pipe_under_a_records_name_waits_for_nobody(root, cli):
    (root / "customers").mkdir(exist_ok=True)
    os.mkfifo(root / "customers" / "pipe.yaml")
    assert "customers/pipe.yaml: a pipe or a device can't be a record" in cli("lead", "list").err


def test_a_file_is_read_again_whose_size_and_time_were_put_back(cli, deal, root):
    """As `cp -p` does it, or `rsync --inplace --times`: the inode is the same, too."""
    file = deal()
    os.utime(file, (1_790_000_000, 1_790_000_000))
    assert amounts(cli) == {"OPP-2Q8XA": 4998.00}
    file.write_text(file.read_text().replace("4998", "4999"))
    os.utime(file, (1_790_000_000, 1_790_000_000))
    assert amounts(cli) == {"OPP-2Q8XA": 4999.00}


def test_a_file_that_one_person_may_not_read_is_read_by_the_next_who_may(monkeypatch, cli, deal):
    """Its stamp is the same for both, and so is the index."""
    file = deal()
    os.utime(file, (0, 0))  # else it is in doubt anyway
    opened = os.open

    def denied(path, *rest, **named):
        if str(path) == str(file):
            raise PermissionError(EACCES, "Permission denied", path)
        return opened(path, *rest, **named)

    with monkeypatch.context() as others:
        others.setattr(os, "open", denied)
        assert "permission denied" in cli("opp", "list", code=1).err
    assert amounts(cli) == {"OPP-2Q8XA": 4998.00}


def test_what_a_command_has_written_is_not_read_again(monkeypatch, root):
    """The file has another ctime once it is renamed."""
    replace = os.replace

    def later(*names: str) -> None:
        time.sleep(0.02)
        replace(*names)

    monkeypatch.setattr(os, "replace", later)
    (root / "products").mkdir()
    assert safe_files.write_file(root, "products/a.yaml", b"") == file_stamps.stat_of(
        root / "products/a.yaml"
    )


def test_a_file_is_in_doubt_as_long_as_its_disk_may_give_another_the_same_time() -> None:
    fine, whole_seconds = 1_790_000_000_123_456_789, 1_790_000_000_000_000_000
    for written, doubtful in ((fine, 20_000_000), (whole_seconds, 2_000_000_000)):
        stat = (5, written, 1, written)
        assert file_stamps.stat_to_keep(stat, written + doubtful) == (5, -1, 1, written)
        assert file_stamps.stat_to_keep(stat, written + doubtful + 1) == stat


def test_the_index_of_a_pipeline_that_nobody_holds_any_more_is_closed(root):
    pipeline = Pipeline.find(root, date(2026, 11, 21))
    assert pipeline.query("SELECT today()").fetchall() == [("2026-11-21",)]
    index = ref(pipeline.index)

    del pipeline
    gc.collect()

    assert index() is None
