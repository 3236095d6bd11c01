"""No file of a pipeline leads out of it, and none that isn't a regular file is opened."""

from __future__ import annotations

import os
import socket
import stat
from contextlib import nullcontext
from errno import EIO
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipecli.cli.main import run
from pipecli.errors import FaultyFile, PipecliError
from pipecli.store import safe_files
from pipecli.store.git_remote import talk_to_remote
from pipecli.store.location import find_location
from pipecli.store.power_cut_and_killed_git import harden

SCHEMA = "schemas/lead.schema.json"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "secret"
    file.write_text("mine\n")
    return file


def test_a_schema_that_is_a_link_is_not_written_through(cli, root, secret):
    (root / SCHEMA).unlink()
    (root / SCHEMA).symlink_to(secret)
    said = cli("schema", "write", code=1)
    assert said.err == (f"error: {SCHEMA} leads out of the pipeline; links and paths must stay inside it\n")
    assert secret.read_text() == "mine\n"
    assert "lead is not a file of its own: remove that, and bring the schemas up to date" in cli("check").out
    (root / SCHEMA).unlink()
    assert cli("schema", "write").err == ""


def test_attachments_that_lead_out_are_refused_without_another_word(cli, root, secret, tmp_path):
    deal = cli("opp", "add", "Espresso", "--format", "ids").out.strip()
    (root / "attachments").symlink_to(tmp_path / "out")
    (tmp_path / "out").mkdir()
    said = cli("attach", deal, str(secret), code=1).err
    assert "leads out of the pipeline" in said and "meanwhile" not in said
    assert not [*(tmp_path / "out").iterdir()]


def test_what_is_read_is_read_through_no_link_of_the_pipeline_that_leads_out(
    cli, root, secret, tmp_path, monkeypatch
):
    monkeypatch.chdir(root)
    (tmp_path / "rows.csv").write_text("Name\nHotel Bahia\n")
    deal = cli("opp", "add", "Espresso", "--format", "ids").out.strip()
    (root / "rows.csv").symlink_to("../rows.csv")
    (root / "out").symlink_to(tmp_path)
    (root / "moves").mkdir()
    for page in ("plan.yaml", "settings.yaml"):
        (root / "moves" / page).symlink_to(secret)
        for command in (("run", "moves"), ("plan", "../rows.csv", "--into", "moves", "--force")):
            said = cli("import", *command, code=1).err
            assert said == (f"error: moves/{page} is a link that leads out of {root}; name another file\n")
        (root / "moves" / page).unlink()
    for command in (
        ("import", "customers", "rows.csv"),
        ("import", "customers", "out/rows.csv"),
        ("import", "customers", "../rows.csv", "--map", "out/secret"),
        ("import", "plan", "out", "--into", "moves"),
        ("import", "plan", "../rows.csv", "--into", "out/moves"),
        ("import", "--guess", "out"),
        ("attach", deal, "rows.csv", "out/secret"),
        ("attach", deal, "out/../secret"),
    ):
        assert "is a link that leads out of" in cli(*command, code=1).err
    (tmp_path / "own").symlink_to("rows.csv")  # the person's, and not of the pipeline
    cli("attach", deal, "../own", str(secret))
    cli("import", "customers", "moves/../../own")


def test_a_cache_that_is_a_link_is_not_written_through(cli, refused, root, secret, tmp_path):
    for cache in (root / ".git/pipecli/root", root / ".git/pipecli"):
        out = cache.rename(tmp_path / cache.name)
        cache.symlink_to(out)
        before = {file: file.stat().st_mtime_ns for file in out.rglob("*")}
        for command in (("opp", "list"), ("lead", "add", "Ana")):
            assert cli(*command, code=1).err == (f"error: {cache} is a link, no file of ours; delete it\n")
        assert {file: file.stat().st_mtime_ns for file in out.rglob("*")} == before
        cache.unlink()
        out.rename(cache)
    for name in ("lock", "lock.holder", "root/journal", "root/history.sqlite", "root/drafts/deep/a.yaml"):
        file = root / ".git/pipecli" / name
        file.unlink(missing_ok=True)
        file.parent.mkdir(parents=True, exist_ok=True)
        for make, what in (
            (partial(Path.symlink_to, target=secret), "link"),
            (os.mkfifo, "pipe or a device"),
        ):
            make(file)
            said = refused("lead", "add", "Ana")
            assert said == f"error: {file} is a {what}, no file of ours; delete it"
            file.unlink()
    (root / ".git/pipecli/root/drafts/.#a.yaml").symlink_to("ana@host.42")  # of an editor that is at work
    cli("lead", "add", "Ana")
    assert secret.read_text() == "mine\n"


def test_no_file_is_written_where_a_committed_link_leads_out(refused, root, secret, tmp_path, monkeypatch):
    monkeypatch.chdir(root)
    (root / "out").symlink_to(tmp_path)
    (root / "secret").symlink_to(secret)
    before = sorted(tmp_path.iterdir())
    for words in (
        "mirror out",
        "mirror out/new",
        "schema write out/new",
        "man --output out/new",
        "dashboard -o out/new.html",
        "dashboard -o out",
        "chart funnel -o out/new.svg",
        "calendar -o secret",
        "export leads -o secret",
        "export --all out/new",
        "merge-driver pipecli.yaml secret pipecli.yaml pipecli.yaml",
        "merge-driver secret pipecli.yaml pipecli.yaml pipecli.yaml",
    ):
        assert "is a link that leads out of" in refused(*words.split())
    assert sorted(tmp_path.iterdir()) == before and secret.read_text() == "mine\n"


def test_a_committed_link_leads_nothing_to_what_is_gits_own(cli, refused, root, tmp_path, monkeypatch):
    """A hook of one's own would be the CSV of a stranger and run; the password of a remote, committed."""
    monkeypatch.chdir(root)
    deal = cli("opp", "add", "Espresso", "--format", "ids").out.strip()
    settings = (root / ".git/config").read_text()
    for link, target in (("config", ".git/config"), ("new", ".git/commondir"), ("hooks", ".git/hooks")):
        (root / link).symlink_to(target)
    (root / "attachments").mkdir()
    (root / "attachments/git").symlink_to("../.git")
    for file in ("own/HEAD", "own/objects/x", "tree/HEAD", "tree/commondir"):  # of --separate-git-dir
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).touch()
    (root / "attachments/hook").symlink_to("../own/hooks/pre-commit")
    (root / "to-tree").symlink_to("tree/config")
    for words in (
        "export leads -o to-tree",
        "export leads -o attachments/hook",
        "export leads -o config",
        "export leads -o new",
        "export --all hooks/out",
        "mirror hooks",
        "chart funnel -o attachments/git/x.svg",
        "schema write hooks/out",
        "import plan pipecli.yaml --into hooks/moves",
        "import leads config",
        f"attach {deal} config",
        f"attach {deal} .git/config",
        f"attach {deal} attachments/git/config",
        "merge-driver pipecli.yaml config pipecli.yaml pipecli.yaml",
    ):
        assert "leads to what is git's own; name another file" in refused(*words.split())
    taken = ("literature", "add", "x", "--title", "X", "--file", "attachments/git/config")
    assert "leads out" in refused(*taken)
    same = (".git", ".GIT", "git~1", "x/.g\u200cit", "x/.git. ", ".git::$INDEX_ALLOCATION", "own", "tree")
    for file in ("attachments/git/config", *(f"{folder}/config" for folder in same)):
        with pytest.raises(PipecliError, match="leads out"):
            safe_files.read_bytes(root, file)
    assert (root / ".git/config").read_text() == settings and not (root / ".git/commondir").exists()
    assert not [*(root / ".git/hooks").glob("out*")]


@pytest.mark.parametrize("target", ["/dev/zero", "/dev/stdin"])
def test_a_schema_that_is_a_device_is_not_read(cli, root, target):
    (root / SCHEMA).unlink()
    (root / SCHEMA).symlink_to(target)
    said = cli("doctor").out
    assert "schemas     not those of this version: lead\n" in said
    assert "→ remove what is no file of its own, pipecli schema write" in said
    cli("schema", "write", code=1)


def test_init_writes_through_no_link(tmp_path, home, secret, capsys):
    from pipecli.cli.main import run

    root = tmp_path / "cloned"
    (root / "schemas").mkdir(parents=True)
    (root / SCHEMA).symlink_to(secret)
    (root / "schemas/order.schema.json").symlink_to(tmp_path / "new")
    assert run(["init", str(root)]) == 1
    assert "leads out of the pipeline" in capsys.readouterr().err
    assert secret.read_text() == "mine\n"
    assert not (tmp_path / "new").exists()


def test_a_folder_of_records_that_is_a_link_is_refused(cli, root, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/hand.yaml").write_text("id: hand\nname: Hand\n")
    (root / "customers").mkdir()
    (root / "customers/2026").symlink_to(tmp_path / "elsewhere")
    assert "customers/2026 is a symbolic link" in cli("customer", "list", code=1).err


def test_a_socket_among_records_stops_only_who_needs_it(cli, root, monkeypatch):
    (root / "competitors").mkdir()
    monkeypatch.chdir(root / "competitors")
    with socket.socket(socket.AF_UNIX) as door:
        door.bind("ours.yaml")
    assert "competitors/ours.yaml: a pipe or a device can't be a record" in cli("product", "list").err


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with a name")
def test_what_is_written_goes_to_a_pipe_that_somebody_reads_and_to_no_disk(cli, refused, root, monkeypatch):
    os.mkfifo(root / "pipe")
    for words in ("calendar", "export leads"):
        assert "/pipe; name a file" in refused(*words.split(), "-o", str(root / "pipe"))
    reader = os.open(root / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    cli("export", "users", "-o", str(root / "pipe"))
    assert os.read(reader, 4)
    os.close(reader)
    cli("export", "leads", "-o", os.devnull)
    monkeypatch.setattr(stat, "S_ISBLK", lambda _: True)
    assert refused("export", "leads", "-o", os.devnull).endswith("is a disk; name a file")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with a name")
def test_the_door_opens_regular_files_within_bounds(root, secret):
    os.mkfifo(root / "pipe")
    (root / "device").symlink_to("/dev/zero")
    (root / "out").symlink_to(secret)
    (root / "large").write_bytes(b"12345")
    (root / "inside").symlink_to(root / "large")
    for name, why in (
        ("pipe", "isn't a regular file"),
        ("device", "leads out"),
        ("out", "leads out"),
        ("../secret", "leads out"),
        ("schemas", "isn't a regular file|Is a directory"),
    ):
        with pytest.raises((PipecliError, OSError), match=why):
            safe_files.read_bytes(root, name)
    with pytest.raises(PipecliError, match="too large"):
        safe_files.read_bytes(root, "large", largest=4)
    assert safe_files.read_bytes(root, "inside", largest=5) == b"12345"


def test_a_record_may_have_as_many_bytes_as_are_read_and_not_one_more(root):
    for more, fits in ((0, True), (1, False)):
        (root / "large.yaml").write_bytes(b"#" * (safe_files.LARGEST + more))
        with nullcontext() if fits else pytest.raises(FaultyFile, match="bytes are too many"):
            assert len(safe_files.read_text(root, "large.yaml")) == safe_files.LARGEST


def test_a_record_is_read_to_its_end_where_a_disk_gives_a_part_at_a_time(root, monkeypatch):
    text = (root / "pipecli.yaml").read_bytes()
    read = os.read
    monkeypatch.setattr(os, "read", lambda handle, size: read(handle, min(size, 100)))
    assert safe_files.read_bytes(root, "pipecli.yaml") == text
    assert safe_files.read_text(root, "pipecli.yaml") == text.decode()


def test_what_the_disk_says_is_passed_on(root, monkeypatch):
    (root / "customers").mkdir()
    (root / "customers/a.yaml").write_text("id: a\n")

    def broken(*_: object, **__: object) -> None:
        raise OSError(EIO, os.strerror(EIO))

    with monkeypatch.context() as patch, pytest.raises(OSError, match=os.strerror(EIO)):
        patch.setattr(os, "open", broken)
        safe_files.read_text(root, "customers/a.yaml")

    with monkeypatch.context() as patch:  # a file that grows as it is read
        patch.setattr(os, "fstat", lambda _: SimpleNamespace(st_mode=stat.S_IFREG, st_size=1))
        assert safe_files.read_text(root, "customers/a.yaml") == "id: a\n"

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(os, "replace", interrupted)
        safe_files.write_file(root, "customers/a.yaml", b"id: b\n")
    assert [file.name for file in (root / "customers").iterdir()] == ["a.yaml"]


def test_files_are_put_on_the_disk_one_by_one_up_to_sixty_four(tmp_path, monkeypatch):
    (tmp_path / "a").touch()
    put = list[str]()
    monkeypatch.setattr(os, "fsync", lambda _: put.append("file"))
    monkeypatch.setattr(os, "sync", lambda: put.append("all"))
    harden(tmp_path, *["a"] * 64)
    assert put == ["file"] * 64
    harden(tmp_path, *["a"] * 65)
    assert put[64:] == ["all"]


def test_rejects_of_an_import_are_private(cli, root, tmp_path, monkeypatch):
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    (shared / "people.csv").write_text("Name,Mail\nMaría,no-address\n")
    (shared / "map.yaml").write_text("columns:\n  Name: name\n  Mail: emails\n")
    monkeypatch.chdir(shared)
    said = cli("import", "contacts", str(shared / "people.csv"), "--map", str(shared / "map.yaml"), code=1)
    (kept,) = (root / ".git/pipecli/root/rejects").iterdir()
    assert str(kept) in said.err
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert sorted(path.name for path in shared.iterdir()) == ["map.yaml", "people.csv"]


@pytest.mark.parametrize(
    "words", ["-C ring opp list", "-C ring/in opp list", "init ring", "-C . export customers -o ring/in"]
)
def test_links_in_a_ring_are_refused_as_any_path_that_leads_nowhere(root, capsys, monkeypatch, words):
    monkeypatch.chdir(root)
    Path("ring").symlink_to("ring")
    assert run(words.split()) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: ") and "a fault in pipecli" not in said


def linked_to(root):
    """A linked work tree, as git makes it."""
    own, linked = root / ".git/worktrees/linked", root.parent / "linked"
    for file, text in {
        own / "HEAD": "ref: refs/heads/linked\n",
        own / "commondir": "../..\n",
        linked / ".git": f"gitdir: {own}\n",
        linked / "pipecli.yaml": "",
    }.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return linked


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with a name")
@pytest.mark.parametrize(
    "name",
    [
        *(".gitattributes", ".gitignore", ".mailmap"),
        *(f".git/{name}" for name in ("index", "config", "info/exclude", "info/attributes", "logs/HEAD")),
        *(f".git/{name}" for name in ("objects/info/alternates", "COMMIT_EDITMSG", "config.worktree")),
    ],
)
def test_a_pipe_that_git_would_open_is_named_and_waited_for_by_nobody(refused, root, name):
    """`opp reopen` and every change hung; a clone has no pipes, a copied folder may."""
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).unlink(missing_ok=True)
    os.mkfifo(root / name)
    try:
        for words in (["opp", "list"], ["product", "add", "cafe", "--name", "Café"]):
            said, hint = refused(*words).split("; ")
            assert said == f"error: {root / name} is a pipe or a device, git would wait for it"
            assert hint == ("git never makes one there: clone again" if "/" in name else "delete it")
        if "/" in name:  # a linked work tree has its own index, and this configuration
            with pytest.raises(PipecliError, match="is a pipe or a device"):
                find_location(linked_to(root))
    finally:
        (root / name).unlink()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with a name")
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("customers/.gitattributes", "product add cafe --name Café"),  # `update-index` looks at all of them
        ("schemas/.gitignore", "diff HEAD"),  # `status` looks everywhere
        (".git/logs/refs/heads/main", "product add cafe --name Café"),  # in which git notes a commit
    ],
)
def test_a_pipe_in_a_folder_is_named_once_git_has_waited_for_it(
    cli, refused, root, git, monkeypatch, name, words
):
    monkeypatch.setattr("pipecli.store.git.SLOW", 0.3)
    (root / "customers").mkdir(exist_ok=True)
    (root / "customers/acme.yaml").write_text("id: acme\nname: Acme\n")
    git("add", "-A")
    git("commit", "-qm", "Acme")
    os.utime(root / "customers/acme.yaml", (1, 1))  # so that git looks into it, however old its index is
    (root / name).unlink(missing_ok=True)
    os.mkfifo(root / name)
    try:
        said = refused(*words.split())
        assert said.startswith(f"error: {root / name} is a pipe or a device, and git waits for it; delete it")
    finally:
        (root / name).unlink()
    cli("product", "list")
    assert git("status", "--porcelain") == "" and not [*(root / ".git").rglob("*.lock")]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with a name")
def test_a_pipe_among_refs_is_named_once_a_git_of_the_network_has_waited_for_it(root, monkeypatch):
    monkeypatch.setattr("pipecli.store.git.SLOW", 0.1)
    os.mkfifo(root / ".git/refs/tags/v1")
    with pytest.raises(PipecliError, match="refs/tags/v1 is a pipe or a device, and git waits for it"):
        talk_to_remote(find_location(root), "for-each-ref")


@pytest.mark.skipif(os.name == "nt", reason="no shell")
def test_the_words_of_a_remote_without_end_are_kept_in_part(root, monkeypatch):
    location = find_location(root)
    told = talk_to_remote(location, "-c", "alias.x=!yes no | head -c 1000000 >&2; echo why >&2", "x").stderr
    assert len(told) == 1 << 14 and told.endswith(b"why\n")
    monkeypatch.setattr("pipecli.store.git_remote.LARGEST_ANY", 1000)
    with pytest.raises(PipecliError, match="the remote doesn't come to an end"):
        talk_to_remote(location, "-c", "alias.x=!yes", "x")


def test_a_file_that_the_disk_does_not_tell_of_is_not_written_over(tmp_path, monkeypatch):
    (tmp_path / "acme.yaml").write_bytes(b"name: Acme\n")

    def failing(path, *rest, **named):
        raise OSError(EIO, os.strerror(EIO), path)

    with monkeypatch.context() as disk:
        disk.setattr(os, "lstat", failing)
        with pytest.raises(OSError, match=os.strerror(EIO)):
            safe_files.create_file(tmp_path, "acme.yaml", b"name: Another\n")
    assert (tmp_path / "acme.yaml").read_bytes() == b"name: Acme\n"
    with pytest.raises(FileExistsError):
        safe_files.create_file(tmp_path, "acme.yaml", b"name: Another\n")
