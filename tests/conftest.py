"""What every story starts from: a pipeline of its own in `tmp_path`, with real files and a real git."""

from __future__ import annotations

import gc
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Set
from contextlib import ExitStack, closing, contextmanager, nullcontext, suppress
from functools import cache, partial
from hashlib import sha1
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import settings

from pipecli.cli.main import run
from pipecli.store import create_pipeline, lock_and_signals
from pipecli.store.file_stamps import stamps
from pipecli.store.index.index import open_index, seal, writing
from pipecli.store.location import location_at
from tests.by_hand import GIT_CONFIG, commit, git_stamp, places_of, write_and_commit
from tests.warm import warm_programs

MAVEN = Path(__file__).resolve().parents[2] / "shared" / "data" / "maven"
"""8,800 real deals, where the workspace has them."""

# A change is tried with fewer examples than the week's newest.yml; none by the clock of a busy machine.
settings.register_profile("change", settings(), max_examples=30, deadline=None)
settings.register_profile("week", settings(), max_examples=600, deadline=None, derandomize=False)
settings.load_profile("change")

MEMORY = Path("/dev/shm")
"""A disk in memory, where the system has one: SQLite and git wait for a real one at every commit."""


def pytest_configure(config: pytest.Config) -> None:
    """Have folders in memory, if there is room and hooks may run there, and modules compiled once."""
    gc.disable()  # until all stories are collected: next to nothing of that is garbage
    # A shell has what it starts in the background ignore Ctrl-C, and the programs of the stories inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # as an installed program has them
    sys.dont_write_bytecode = False
    if MEMORY.is_dir():
        disk = os.statvfs(MEMORY)
        if disk.f_bavail * disk.f_frsize > 2 << 30 and not disk.f_flag & os.ST_NOEXEC:
            os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)  # pytest's, and what the stories run
    if getattr(config.option, "numprocesses", None) and WARM not in os.environ and hasattr(os, "fork"):
        config.add_cleanup(start_warm_programs())
        config.option.tx = [f"popen//python={os.environ[WARM]}/worker" for _ in config.option.tx]


def start_warm_programs() -> Callable[[], None]:
    """Start for all workers what each would start of `warm`; how to end it."""
    folder = Path(tempfile.mkdtemp(prefix="pipecli-warm-"))
    stack = ExitStack()
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    stack.enter_context(warm_programs(folder))
    os.environ[WARM] = str(folder)
    return stack.close


WARM = "TESTS_WARM"
"""The variable by which workers know the folder of programs that all share."""

LONG = (
    "test_report_maven.py", "test_maven.py", "test_move.py", "test_history_index.py", "test_server_hook.py",
    "test_examples.py", "test_chart.py", "test_dashboard.py", "test_mcp.py", "test_sample.py",
    "test_board_app.py", "test_readme.py", "test_thirty_days.py", "test_init_ci.py", "test_fuzz.py",
)  # fmt: skip
"""The stories of seconds, which must not be left at the end; those of the Maven data, and those of charts, of
the sample and of an agent, whose modules take long to import, together."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Two more than processors: a story in ten waits, for a server, a hook or a clock."""
    return (os.cpu_count() or 1) + 2


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Where all stories are run, have each worker compile some, which in a new clone each compiles all of."""
    worker: dict[str, Any] = getattr(session.config, "workerinput", {})
    if worker and session.config.args == session.config.getini("testpaths"):
        tests = Path(__file__).parent
        place = int(worker["workerid"].removeprefix("gw"))
        for file in sorted(tests.rglob("test_*.py"))[place :: worker["workercount"]]:
            with suppress(Exception, pytest.skip.Exception):  # told when it is collected
                import_module(".".join(file.relative_to(tests.parent).with_suffix("").parts))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Have each worker begin with long stories: xdist gives each as many of all in a row, then shares."""
    workers: int = getattr(config, "workerinput", {}).get("workercount", 1)
    long: list[list[pytest.Item]] = [[] for _ in range(workers)]
    others = []
    for item in sorted(items, key=lambda item: LONG.index(item.path.name) if item.path.name in LONG else 0):
        name = item.path.name
        (long[LONG.index(name) * workers // len(LONG)] if name in LONG else others).append(item)
    share = len(items) // workers
    items.clear()
    for first in long:
        rest = max(share - len(first), 0)
        items += [*first, *others[:rest]]
        del others[:rest]
    items += others


def pytest_collection_finish() -> None:
    """Have the collector of cycles pass over what stays to the end, and look at the rest less often."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    gc.enable()


KEPT = re.compile(
    r"PATH|TMPDIR|LANG|LC_\w+|(LD|DYLD|FAKETIME|PYTHON|PYTEST|PYDANTIC|HYPOTHESIS|TESTS)\w*"
    r"|SYSTEM\w+|WINDIR|COMSPEC|PATHEXT|TEMP|TMP|USERPROFILE|(LOCAL)?APPDATA"  # of Windows
)
"""The variables without which programs don't start or aren't those to be tried. Each other one would come
along to every git, and be made ready for it, tens of thousands of times."""


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home directory whose git identity is Ana's, and whose git fills no new repository with samples.

    Nothing of the machine's configuration reaches a test.
    """
    made = tmp_path_factory.mktemp("home")
    for name in ("hooks", "info"):
        (made / "template" / name).mkdir(parents=True)
    (made / ".gitconfig").write_text(GIT_CONFIG.format(template=made / "template"))
    with pytest.MonkeyPatch.context() as patch:
        for name in [*os.environ]:
            if not KEPT.fullmatch(name):
                patch.delenv(name)
        patch.setenv("GIT_CONFIG_GLOBAL", str(made / ".gitconfig"))
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        patch.setenv("HOME", str(made))
        patch.setenv("TERM", "xterm-256color")
        patch.setenv("TZ", "Europe/Madrid")
        yield made


INDEX = "/.git/pipecli/root/index.sqlite"
"""The index of a pipeline that is a whole repository."""


class Content(NamedTuple):
    """The content of a file without its zeros, of which an index has more than of all else."""

    size: int
    parts: list[tuple[int, bytes]]
    """Each with the place where it begins."""


def content_of(file: Path) -> Content:
    """The content of a file, in pages of memory that are more than zeros."""
    content = file.read_bytes()
    if len(content) <= 1 << 16:
        return Content(len(content), [(0, content)])
    pages = ((place, content[place : place + 4096]) for place in range(0, len(content), 4096))
    return Content(len(content), [(place, page) for place, page in pages if page.strip(b"\0")])


class Files(NamedTuple):
    """A tree of files: its folders and links, and each file's content, mode and, but for git's, time."""

    folders: list[str]
    links: list[tuple[str, str]]
    files: list[tuple[str, Content, int, int | None]]
    indexes: list[tuple[str, dict[str, range]]]
    """The indexes of pipelines, each with the bytes where it has the stamp of a folder of records."""
    gits: list[tuple[str, bytes, dict[str, int]]]
    """The indexes of git, each with its content and the byte where it has the stamp of a file."""


@cache
def files_of(source: Path) -> Files:
    """What lies in a folder that nothing changes any more."""
    tree = Files([], [], [], [], [])
    for file in [*source.glob(f".{INDEX}"), *source.glob(f"*{INDEX}")]:
        tree.indexes.append((str(file).removeprefix(str(source)), up_to_date(file)))
    for file in [*source.glob(".git/index"), *source.glob("*/.git/index")]:
        tree.gits.append((str(file).removeprefix(str(source)), *stamped_by_git(file)))
    indexes = {place for place, _, _ in tree.gits}
    for folder, folders, names in os.walk(source):
        below = folder.removeprefix(str(source))
        tree.folders.append(below)
        for name in (*folders, *names):
            path, place = Path(folder, name), f"{below}/{name}"
            if path.is_symlink():
                tree.links.append((place, str(path.readlink())))
            elif name in names:
                stat = path.stat()
                if path.suffix != ".seal" and place not in indexes:  # each copy has one of its own
                    time = None if "/.git/" in place else stat.st_mtime_ns
                    tree.files.append((place, content_of(path), stat.st_mode & 0o777, time))
    return tree


def up_to_date(file: Path) -> dict[str, range]:
    """Have an index know all files as they are, without a doubt; where in it the stamps of folders are."""
    root = file.parents[3]
    index = open_index(location_at(root))
    present = stamps(root)
    with closing(index.connection) as connection, writing(connection):
        connection.execute("DELETE FROM _folders")
        connection.executemany("INSERT INTO _folders VALUES (?, ?)", present.items())
    content = file.read_bytes()
    starts = {folder: content.index(stamp) for folder, stamp in present.items()}
    return {folder: range(start, start + len(present[folder])) for folder, start in starts.items()}


def stamped_by_git(file: Path) -> tuple[bytes, dict[str, int]]:
    """An index of git's, once it has looked at all files; where in it the stamps of unchanged ones are."""
    root = file.parents[1]
    subprocess.run(["git", "update-index", "-q", "--refresh"], cwd=root, check=False)
    content = file.read_bytes()
    assert content.startswith(b"DIRC\0\0\0\2")
    known = {
        name: place
        for name, place in places_of(content).items()
        if content.startswith(git_stamp((root / name).lstat()), place)
    }
    return content, known


def copied(source: Path, target: Path, kept: Set[str] = frozenset()) -> Path:
    """A copy of a folder that nothing changes any more, in a fifth of the time that `copytree` takes.

    The index of a pipeline in it holds what the copies hold. Each test would else build one, which is longer
    than many a test. `kept` are the files of an earlier copy that are there still, as they were.
    """
    tree = files_of(source)
    for folder in tree.folders:
        with suppress(FileExistsError) if kept else nullcontext():
            os.mkdir(f"{target}{folder}")  # noqa: PTH102 - a thousandth of a second a file counts here
    for place, content, mode, time in tree.files:
        if f"{target}{place}" in kept:
            continue
        file = os.open(f"{target}{place}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        for start, part in content.parts:
            os.pwrite(file, part, start)
        if len(content.parts) > 1:
            os.ftruncate(file, content.size)
        if time:
            os.utime(file, ns=(time, time))
        os.close(file)
    for place, aim in tree.links:
        Path(f"{target}{place}").symlink_to(aim)
    for place, stamped in tree.indexes:
        adopt(Path(f"{target}{place}"), stamped)
    for place, content, starts in tree.gits:
        index, root = bytearray(content[:-20]), place.removesuffix(".git/index")
        for name, start in starts.items():
            index[start : start + 24] = git_stamp(os.lstat(f"{target}{root}{name}"))
        Path(f"{target}{place}").write_bytes(index + sha1(index, usedforsecurity=False).digest())
    return target


def adopt(file: Path, places: dict[str, range]) -> None:
    """Have a copied index take the copied files, which are other inodes, for those that it has read."""
    present = stamps(file.parents[3])
    with file.open("r+b") as content:
        for folder, place in places.items():
            assert len(present[folder]) == len(place)
            os.pwrite(content.fileno(), present[folder], place.start)
    seal(file)


@contextmanager
def made_once(
    factory: pytest.TempPathFactory, name: str, folder: str = "pipeline"
) -> Iterator[tuple[Path, Path]]:
    """A pipeline for all workers, and where to make it if it isn't there: a test must not change it."""
    base = factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    with lock_and_signals.hold_lock(shared, patience=300):
        yield shared / folder, shared / "being-made"


@pytest.fixture(scope="session")
def founded(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One founded pipeline for all workers, that each test copies."""
    with made_once(tmp_path_factory, "founded", "contoso") as (root, new):
        if not root.exists():
            create_pipeline.create_pipeline(new, currency="EUR", company="Contoso", timezone="Europe/Madrid")
            subprocess.run(["git", "repack", "-adnq"], cwd=new, check=True)  # few files to copy, not forty
            open_index(location_at(new)).connection.close()
            new.rename(root)
        files_of(root)  # while nobody else has its index written
    return root


@pytest.fixture(scope="session")
def maven(home: Path, warm: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pipeline that `benchmarks/maven/load` makes, once for all workers: a test must not change it."""
    if not MAVEN.is_dir():
        pytest.skip("the Maven data is not here")
    with made_once(tmp_path_factory, "maven") as (root, new):
        if not root.exists():
            environment = {
                **os.environ,
                "PATH": f"{warm}{os.pathsep}{os.environ['PATH']}",
                "PIPECLI_TODAY": "2017-12-31",
            }
            script = Path(__file__).resolve().parents[1] / "benchmarks" / "maven" / "load"
            subprocess.run([str(script), new, str(MAVEN)], env=environment, check=True, capture_output=True)
            new.rename(root)
    return root


@pytest.fixture(scope="session")
def warm(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for a PATH, whose `pipecli` starts in a tenth of the time."""
    if (shared := Path(os.environ.get(WARM, "/nowhere"))).exists():
        yield shared
        return
    with warm_programs(tmp_path_factory.mktemp("warm")) as folder:
        yield folder


@pytest.fixture
def warm_calls(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What pipecli runs of itself, in a hook, to merge or to set a page, starts in a tenth of the time."""
    if hasattr(os, "fork"):
        monkeypatch.setattr(sys, "executable", str(request.getfixturevalue("warm") / "python"))


PYTHON = sys.executable


@pytest.fixture
def cold_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a file with `warm_calls`: what pipecli runs of itself is a process that a limit can end."""
    monkeypatch.setattr(sys, "executable", PYTHON)


REPLAYED = "2027-03-17"
"""The day on which the sample is replayed."""


@pytest.fixture(scope="session")
def replayed(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `init --sample` makes four months later, once for all workers: a test must not change it."""
    with made_once(tmp_path_factory, "sample") as (root, new):
        if not root.exists():
            assert run(["--today", REPLAYED, "init", "--sample", str(new)]) == 0
            new.rename(root)
    return root


@pytest.fixture(scope="session")
def founded_shop(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pipeline of `shop`, that each test copies."""
    root = copied(founded, tmp_path_factory.mktemp("shop") / founded.name)
    write_and_commit(root, SHOP)
    return root


@pytest.fixture
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A pipeline as `init` makes it: user `ana-ruiz`, process `standard`, EUR, Europe/Madrid.

    For a test that asks for `shop` it holds that from the start.
    """
    founded: Path = request.getfixturevalue("founded_shop" if "shop" in request.fixturenames else "founded")
    return copied(founded, tmp_path / founded.name)


@pytest.fixture
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is Saturday, 2026-11-21."""
    monkeypatch.setenv("PIPECLI_TODAY", "2026-11-21")


Once = Callable[[Callable[[], Any]], Any]
Built = dict[tuple[object, ...], tuple[Any, Path]]


@pytest.fixture(scope="session")
def all_built() -> Built:
    """What `once` has built: the results, and a copy of the pipeline after each."""
    return {}


@pytest.fixture
def once(root: Path, all_built: Built, tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Have a function build on the test's pipeline, by slow commands.

    Every later test that has the same records at that moment, on the same day, gets a copy.
    """

    def call(build: Callable[[], Any]) -> Any:
        files = sorted((*root.glob("*.yaml"), *root.glob("[!.]*/**/*.yaml")))
        before = tuple((str(file.relative_to(root)), file.read_bytes()) for file in files)
        key = build.__module__, build.__qualname__, os.environ.get("PIPECLI_TODAY"), before
        if key in all_built:
            shutil.rmtree(root)
            copied(all_built[key][1], root)
        else:
            result = build()
            after = tmp_path_factory.mktemp("built") / root.name
            all_built[key] = result, shutil.copytree(root, after, symlinks=True)
        return all_built[key][0]

    return call


class Said:
    """What one command line printed, and its exit code."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    @property
    def id(self) -> str:
        """The one id that a command with `--format ids` printed."""
        (line,) = self.out.splitlines()
        return line


Cli = Callable[..., Said]


@pytest.fixture
def cli(root: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Cli]:
    """Run `pipecli` on the test's pipeline, in this process; `code` is the exit code it must end with."""

    def call(*arguments: str, code: int = 0) -> Said:
        capsys.readouterr()
        ended = run(["-C", str(root), *arguments])
        out, err = capsys.readouterr()
        said = Said(ended, out, err)
        assert ended == code, f"{arguments} ended with {ended}:\n{out}\n{err}"
        assert "Traceback" not in err
        return said

    yield call


@pytest.fixture
def git(root: Path) -> Callable[..., str]:
    """Run git in the test's pipeline."""

    def call(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    return call


def state_of(root: Path) -> dict[str, bytes]:
    """Every file of a pipeline, what is staged and where its branches are: without a process of git's."""
    git = root / ".git"
    names = ("HEAD", "index", "packed-refs", "MERGE_HEAD")
    files = [*(git / name for name in names), *(git / "refs").rglob("*")]
    files = [file for file in files if file.parent.name != "claims"]  # who sends isn't part of any record
    for folder, folders, inside in os.walk(root):
        if ".git" in folders:
            folders.remove(".git")
        files += [Path(folder, name) for name in inside]
    return {str(file): file.read_bytes() for file in files if file.is_file()}


def staged_in(root: Path, index: bytes) -> bytes:
    """What an index of git's holds."""
    file = root / ".git" / "index-to-compare"
    file.write_bytes(index)
    environment = {**os.environ, "GIT_INDEX_FILE": str(file)}
    command = ["git", "ls-files", "--stage"]
    listed = subprocess.run(command, cwd=root, env=environment, capture_output=True, check=True).stdout
    file.unlink()
    return listed


@pytest.fixture
def refused(root: Path, cli: Cli) -> Callable[..., str]:
    """Run `pipecli` on what must be refused, see that nothing changed, and return its one error line."""

    def call(*arguments: str, code: int = 1) -> str:
        before = state_of(root)
        said = cli(*arguments, code=code)
        after = state_of(root)
        index = str(root / ".git" / "index")
        if after.get(index) != before.get(index):  # git wrote it anew: perhaps with what it held before
            after[index], before[index] = staged_in(root, after[index]), staged_in(root, before[index])
        assert after == before
        assert said.out == ""
        (line,) = [line for line in said.err.splitlines() if line.startswith("error:")]
        return line

    return call


DEAL = """\
# yaml-language-server: $schema=../../schemas/opportunity.schema.json
id: {id}
created: 2026-11-02T10:00:00+01:00
title: {title}
type: sales
process: standard
stage: qualify
status: open
owner: ana-ruiz
currency: EUR
amount: 4998.00
expected_close: 2026-12-15
"""


@pytest.fixture
def deal(root: Path) -> Callable[..., Path]:
    """Write an opportunity by hand and commit it; returns its file."""

    def write(key: str = "OPP-2Q8XA", title: str = "Espresso machines", text: str | None = None) -> Path:
        slug = title.lower().replace(" ", "-")
        file = root / "opportunities" / "2026" / f"{key}-{slug}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(DEAL.format(id=key, title=title) if text is None else text, encoding="utf-8")
        commit(root, [file.relative_to(root).as_posix()], f"{key} by hand")
        return file

    return write


SHOP = {
    "customers/contoso-coffee.yaml": """\
id: contoso-coffee
name: Contoso Coffee
address: |
  Calle Mayor 1
  28013 Madrid
tax_id: ES-B12345678
language: es
""",
    "contacts/maria-lopez.yaml": "id: maria-lopez\nname: María López\ncustomer: contoso-coffee\n",
    "suppliers/acme.yaml": "id: acme\nname: Acme\n",
    "suppliers/beans.yaml": "id: beans\nname: Beans & Co\ncurrency: USD\n",
    "products/cafe-s-100.yaml": "sku: cafe-s-100\nname: Café S-100\nuom: unit\ntax: 21\ncost: 1500.00\n",
    "products/grinder.yaml": "sku: grinder\nname: Grinder\ntax: 10\n",
    "price-lists/retail-eur.yaml": """\
id: retail-eur
currency: EUR
prices:
  cafe-s-100: 2499.00
  grinder: 199.00
""",
    "opportunities/2026/OPP-2Q8XA-espresso-machines.yaml": """\
id: OPP-2Q8XA
created: 2026-11-02T10:00:00+01:00
title: Espresso machines
type: sales
customer: contoso-coffee
process: standard
stage: propose
status: open
owner: ana-ruiz
currency: EUR
price_list: retail-eur
items:
- product: cafe-s-100 # two, for the two counters
  description: Café S-100
  quantity: 2
  uom: unit
  unit_price: 2499.00
  discount: 10
  tax: 21
- product: grinder
  description: Grinder
  quantity: 3
  unit_price: 199.00
  tax: 10
contacts:
- contact: maria-lopez
  role: decision-maker
""",
}


@pytest.fixture
def given(root: Path) -> Callable[[dict[str, str]], None]:
    """Write files of the pipeline by hand, each by its path, and commit them."""
    return partial(write_and_commit, root)


@pytest.fixture
def shop(root: Path, today: None) -> None:
    """A customer with a contact, two products and their prices, two suppliers, and a deal of two items.

    Today is 2026-11-21. The deal is OPP-2Q8XA; only the cost of cafe-s-100 is known.
    """
    assert all((root / name).exists() for name in SHOP)  # since its beginning
