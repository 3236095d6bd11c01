"""Work shared between two processes comes out as if one had done it."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from pipecli.errors import Fault, FaultyFile, PipecliError
from pipecli.records.kinds import CUSTOMER, OPPORTUNITY
from pipecli.records.settings import User
from pipecli.store import plan_writes, second_process
from pipecli.store.index import index
from pipecli.store.pipeline import Pipeline
from pipecli.store.plan_writes import Planner, Write, index_rows
from pipecli.store.second_process import map_in_two_processes
from pipecli.store.write_and_commit import write_and_commit

# Newer Pythons warn of forking beside the threads of the test runner.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")

FILES = [f"{number}.yaml" for number in range(10)]


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two files are many already, and two processors are there."""
    monkeypatch.setattr(second_process, "_MANY", 2)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)


@pytest.mark.usefixtures("many")
def test_each_half_is_another_processs() -> None:
    made = list(map_in_two_processes(lambda files: (os.getpid(), list(files)), FILES))

    assert [files for _, files in made] == [FILES[:5], FILES[5:]]
    assert made[0][0] == os.getpid() != made[1][0]


@pytest.mark.usefixtures("many")
def test_what_a_child_fails_at_its_parent_does() -> None:
    parent = os.getpid()

    def work(files: Sequence[str]) -> list[str]:
        if os.getpid() != parent:
            raise MemoryError
        return list(files)

    assert list(map_in_two_processes(work, FILES)) == [FILES[:5], FILES[5:]]


def test_a_few_files_are_not_worth_a_process() -> None:
    assert list(map_in_two_processes(lambda files: os.getpid(), FILES)) == [os.getpid()]


@pytest.mark.usefixtures("many")
def test_an_index_built_by_two_holds_every_record_and_every_fault(root: Path) -> None:
    (root / "customers").mkdir()
    for number in range(9):
        (root / "customers" / f"c-{number}.yaml").write_text(f"id: c-{number}\nname: Customer\n")
    for file in ("c-1.yaml", "c-8.yaml"):
        (root / "customers" / file).write_text("id: c\n")

    made = index.open_index(Pipeline.find(root).location)

    assert made.connection.execute("SELECT count(*) FROM _customers").fetchone() == (7,)
    assert made.connection.execute("SELECT count(*) FROM stages").fetchone() == (5,)
    assert made.faults() == [
        Fault("customers/c-1.yaml", 0, 0, "schema", '"name" is missing'),
        Fault("customers/c-8.yaml", 0, 0, "schema", '"name" is missing'),
    ]


def customer(number: int, **more: str) -> Any:
    return CUSTOMER.model.model_validate({"id": f"c-{number}", "name": "Customer", **more})


@pytest.mark.parametrize("processors", [1, 2])
def test_what_is_planned_in_blocks_is_written_and_known_as_if_it_were_read(
    root: Path, monkeypatch: pytest.MonkeyPatch, processors: int
) -> None:
    monkeypatch.setattr(plan_writes, "_BLOCK", 2)
    monkeypatch.setattr(os, "cpu_count", lambda: processors)
    pipeline = Pipeline.find(root)
    planner = Planner(pipeline)
    for number in range(5):
        planner.take(customer(number, **({"parent": "c-4"} if number == 1 else {})))
    write_and_commit(pipeline, planner.writes(), "Five customers")
    rows = "SELECT * FROM _records UNION ALL SELECT *, NULL FROM _references ORDER BY 1, 2"
    known = pipeline.index.connection.execute(rows).fetchall()
    pipeline.close()

    (pipeline.location.cache / "index.sqlite").unlink()
    read = Pipeline.find(root)
    assert read.index.connection.execute(rows).fetchall() == known
    assert [file.name for file in sorted((root / "customers").iterdir())] == [f"c-{n}.yaml" for n in range(5)]
    read.close()


def test_what_is_planned_again_in_another_block_is_known_as_it_was_planned_last(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_writes, "_BLOCK", 3)
    pipeline = Pipeline.find(root)
    planner, users = Planner(pipeline), pipeline.settings.users
    first, last = (pipeline.settings.with_(users=users | {slug: User(name=slug)}) for slug in ("eva", "luis"))
    for record in (first, customer(1), customer(2), last, customer(1, notes="again")):
        planner.take(record)
    files: dict[str, list[Any]] = defaultdict(list)
    for _, tables in index_rows(planner.writes()):
        for table, rows in tables.items():
            files[table] += [values[0] for _, values in rows]
    assert sorted(files["_customers"]) == ["customers/c-1.yaml", "customers/c-2.yaml"]
    assert sorted(files["users"]) == sorted([*users, "luis"])
    unread = [
        Write("customers/a.yaml", None, b"id: a\nname: A\n"),
        Write("customers/b.yaml", b"id: b\n", None),
    ]
    ((_, tables),) = index_rows(unread)
    assert [values[0] for _, values in tables["_customers"]] == ["customers/a.yaml"]


def test_two_files_of_one_id_stop_who_needs_that_kind(deal: Callable[[], Path], root: Path) -> None:
    file = deal()
    file.with_name("OPP-2Q8XA-copy.yaml").write_text(file.read_text())
    pipeline = Pipeline.find(root)
    assert pipeline.require_readable(CUSTOMER) == []
    for ask in (
        lambda: pipeline.require_readable(OPPORTUNITY),
        lambda: pipeline.file_of("opportunity", "OPP-2Q8XA"),
    ):
        with pytest.raises(FaultyFile, match="OPP-2Q8XA is also the id of"):
            ask()


def test_a_block_that_cannot_be_planned_is_refused_in_the_words_of_one_process(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_writes, "_BLOCK", 2)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    planner = Planner(Pipeline.find(root))
    planner.take(customer(1))
    planner.take(customer(2, notes="\x07"))
    with pytest.raises(PipecliError, match=r"c-2: a text can't hold the control character U\+0007"):
        planner.writes()
    planner = Planner(Pipeline.find(root))
    planner.take(customer(3, parent="c-4"))
    planner.take(customer(5))
    with pytest.raises(PipecliError, match="c-3: parent: unknown customer c-4"):
        planner.writes()
