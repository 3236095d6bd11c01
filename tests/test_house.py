"""The figures of the house that no linter holds: sizes, circles, names, and what a reading verb may load."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

TREE = Path(__file__).resolve().parent.parent
FILES = sorted((TREE / "pipecli").rglob("*.py"))
HEAVY = ("pydantic", "ruamel", "git", "rapidfuzz")
MODELS = [f"pipecli.records.{noun}" for noun in ("lead", "customer", "papers")]
"""Models that a change of a deal has no use for: building those of three nouns takes 11 ms."""
READING = [
    "today", "find espresso", "opp list --search espresso",
    "opp list", "opp show {deal}", "opp board", "opp item list {deal}", "opp contact list {deal}",
    "lead list", "lead show {lead}", "quote list", "quote show {quotation}", "order list",
    "supplier-quote list", "customer list", "contact list", "product list", "price-list list",
    "activity list", "user list", "followups", "calendar", "forecast", "forecast --by team",
    "report lost", "report funnel", "report velocity", "report ranking", "report pipeline",
    "report activity", "report stale", "report first-response",
    "history {deal}", "changes --since 2026-10-01", "digest", "sql {query}",
]  # fmt: skip
FORKS = """
import json, os, sys
from pipecli.cli.main import run
root, heavy, verbs = json.loads(sys.argv[1])
for verb in verbs:
    reading, writing = os.pipe()
    if not os.fork():
        for stream in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
        code = run(["-C", root, *verb])
        os.write(writing, json.dumps([code, [name for name in heavy if name in sys.modules]]).encode())
        os._exit(0)
    os.close(writing)
    print(os.read(reading, 1000).decode())
    os.wait()
"""
"""Runs each verb in a fork of a process that has done nothing yet: 30 starts for the price of a few."""


def _tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def _name_of(file: Path) -> str:
    return ".".join(file.relative_to(TREE).with_suffix("").parts).removesuffix(".__init__")


def _lines_of(file: Path) -> int:
    return len(file.read_text(encoding="utf-8").splitlines())


def test_files_are_few_and_neither_long_nor_short() -> None:
    lengths = {str(file.relative_to(TREE)): _lines_of(file) for file in FILES}
    assert [file for file, length in lengths.items() if length > 450] == []
    assert statistics.median(lengths.values()) >= 110
    assert len(lengths) <= 260


def test_no_folder_holds_more_than_a_reader_takes_in() -> None:
    folders = Counter(str(file.parent.relative_to(TREE)) for file in FILES)
    assert {folder: count for folder, count in folders.items() if count > 25} == {}


def _statements(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Statements and those within them, but for what is there for types alone."""
    for node in body:
        yield node
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        for part in ("body", "handlers", "cases", "orelse", "finalbody"):
            yield from _statements(getattr(node, part, ()))


@cache
def _imports_and_docstrings_of(file: Path) -> tuple[list[tuple[str, str]], list[str]]:
    """What a module imports from which, in functions too, but not for its types alone; and its docstrings."""
    imports, docstrings = [], []
    for node in _statements([_tree_of(file)]):
        if isinstance(node, ast.ImportFrom):
            imports += [(str(node.module), alias.name) for alias in node.names]
        elif isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            docstrings += filter(None, [ast.get_docstring(node)])
    return imports, docstrings


def test_no_imports_go_round_in_a_circle() -> None:
    names = {_name_of(file) for file in FILES}
    uses = {}
    for file in FILES:
        imports, _ = _imports_and_docstrings_of(file)
        uses[_name_of(file)] = names.intersection(
            whole if (whole := f"{module}.{name}") in names else module for module, name in imports
        )
    TopologicalSorter(uses).prepare()  # which raises CycleError, and names the circle


def test_docstrings_are_statements() -> None:
    docstrings = [text for file in FILES for text in _imports_and_docstrings_of(file)[1]]
    questions = [text for text in docstrings if re.match(r"(what|who|whose|whom|how|whether)\b", text, re.I)]
    assert len(questions) <= 0.02 * len(docstrings), questions


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/design.md", "docs/decisions.md"])
def test_every_path_that_a_page_names_is_there(page: str) -> None:
    """A path in backticks is of the tree, of `pipecli/` or of the sample; one with `<…>` in it is none."""
    text = re.sub(r"```.*?```", "", (TREE / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    words = re.findall(r"`([^`\s]+)`", text)
    paths = [
        word
        for word in words
        if re.fullmatch(r"(?!\.git/)[\w.-]+(/[\w.*-]+)*(/|\.(py|md|toml|txt|yaml))", word)
    ]
    links = re.findall(r"\]\(([^)#:]+)[)#]", text)
    bases = (TREE, TREE / "pipecli", TREE / "sample-pipeline")
    absent = [path for path in paths if not any(any(base.glob(path.rstrip("/"))) for base in bases)]
    assert absent + [link for link in links if not ((TREE / page).parent / link).exists()] == []
    assert len(paths) > 5


@cache
def _names_of(file: Path) -> frozenset[str]:
    return frozenset(_names_in(_tree_of(file)))


def _names_in(tree: ast.AST) -> Iterator[str]:
    """The functions, classes and constants of a module or class; those of a class after its name, too."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
            yield from (name for inner in _names_in(node) for name in (inner, f"{node.name}.{inner}"))
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (target.id for target in targets if isinstance(target, ast.Name))


def test_every_function_that_the_map_names_is_in_the_file_it_names() -> None:
    """`name` in `file.py`, `name` there, and `file.py` (`name`, …): the map is held to the code."""
    text = (TREE / "docs/design.md").read_text(encoding="utf-8")
    file, checked, absent = "", 0, []
    for line in text.splitlines():
        inside = False
        for word, after in re.findall(r"`([^`]+)`( in `[^`]+\.py`| there| \(|\)|)", line):
            if re.fullmatch(r"[\w/]+\.py", word):
                file, inside = word, after == " ("
                continue
            named = re.search(r"`(.+)`", after)
            if re.fullmatch(r"\w+(\.\w+)?", word) and (named or after == " there" or inside):
                file = named[1] if named else file
                checked += 1
                if word not in _names_of(TREE / "pipecli" / file):
                    absent.append(f"{word} in {file}")
            inside = inside and not after
    assert absent == []
    assert checked > 60


@pytest.fixture(scope="module")
def sample(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample, committed, with its indexes warm."""
    root = shutil.copytree(TREE / "sample-pipeline", tmp_path_factory.mktemp("house") / "sample")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_CONFIG_GLOBAL", str(home / ".gitconfig"))
        for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "sample"]):
            subprocess.run(["git", *command], cwd=root, check=True)
        for verb in (["list"], ["board"]):
            command = [sys.executable, "-m", "pipecli", "-C", str(root), "opportunity", *verb]
            subprocess.run(command, cwd=TREE, check=True, capture_output=True)
    return root


@pytest.mark.skipif(not hasattr(os, "fork"), reason="each verb runs in a fork")
def test_a_verb_loads_nothing_heavy_that_it_has_no_use_for(sample: Path) -> None:
    ids = {
        noun: next(sample.rglob(f"{prefix}-*.yaml")).name[: len(prefix) + 6]
        for noun, prefix in (("deal", "OPP"), ("lead", "LEAD"), ("quotation", "QTN"))
    }
    ids["query"] = "VALUES(1)"
    expected = {verb: [0, []] for verb in READING}
    expected["opp set {deal} score=5 --dry-run"] = [0, ["pydantic"]]
    verbs = [[word.format(**ids) for word in verb.split()] for verb in expected]
    asked = json.dumps([str(sample), [*HEAVY, "importlib.metadata", *MODELS], verbs])
    forked = subprocess.run([sys.executable, "-c", FORKS, asked], capture_output=True, text=True, cwd=TREE)
    assert forked.returncode == 0, forked.stderr
    loaded = [json.loads(line) for line in forked.stdout.splitlines()]
    assert dict(zip(expected, loaded, strict=True)) == expected
