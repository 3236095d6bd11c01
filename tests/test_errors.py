"""Every error: one `error:` line that says what, where and what to do; exit 1; nothing changed."""

from __future__ import annotations

import importlib.util
import json
import py_compile
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic_core import SchemaValidator, core_schema

from pipecli.cli.main import run

NAME = "opportunities/2026/OPP-2Q8XA-espresso-machines.yaml"

# What a hand did to the file of a deal, and what the next command that needs it says.
BROKEN = {
    "bad YAML": ("title: Espresso machines", 'title: "Espresso machines', ":4: "),
    "tabs": ("stage: qualify", "\tstage: qualify", ":7: "),
    "unknown key": ("stage: qualify", "stge: qualify", ':7: unknown key "stge", did you mean "stage"?'),
    "a missing key": ("stage: qualify\n", "", ':0: "stage" is missing'),
    "wrong type": ("title: Espresso machines", "title: [1, 2]", ":4: title: must be text"),
    "a number for text": ("owner: ana-ruiz", "owner: 2026", ":9: owner: must be text"),
    "bad date": ("2026-12-15", "2026-13-15", ":12: expected_close: 2026-13-15 isn't a day of the calendar"),
    "a date of another form": ("2026-12-15", "15.12.2026", ":12: expected_close: must be a date"),
    "probability of 140": ("amount: 4998.00", "probability: 140", ":11: probability: "),
    "negative amount": ("amount: 4998.00", "amount: -1", ":11: amount: "),
    "status unknown": ("status: open", "status: opne", ":8: status: "),
    "an anchor": ("owner: ana-ruiz", "owner: &me ana-ruiz", ":9: "),
    "a tag": ("owner: ana-ruiz", "owner: !!python/name:os.system x", ":9: "),
    "git's conflict": ("owner: ana-ruiz", "<<<<<<< HEAD\nowner: a\n=======\nowner: b\n>>>>>>> x", ":9: "),
    "two documents": ("currency: EUR", "---\ncurrency: EUR", ":10: "),
    "an id of another form": ("id: OPP-2Q8XA", "id: OPP-2q8xa", ":2: id: "),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_file_broken_by_hand(fault, cli, deal, git):
    before, after, said = BROKEN[fault]
    file = deal()
    file.write_text(file.read_text().replace(before, after, 1))
    text, head = file.read_bytes(), git("rev-parse", "HEAD")

    for arguments in (["opp", "list"], ["forecast"], ["opp", "set", "OPP-2Q8XA", "amount=1"]):
        told = cli(*arguments, code=1)
        assert told.out == ""
        errors = [line for line in told.err.splitlines() if line.startswith("error: ")]
        assert len(errors) == 1
        place = NAME + said.replace(":0:", ":")
        assert place in errors[0], errors[0]
    assert (file.read_bytes(), git("rev-parse", "HEAD")) == (text, head)


# What is asked of a sound pipeline, and what is said; `{deal}` is a deal of 4,998.00 EUR at `qualify`.
REFUSED = {
    "dangling customer": (["opp", "set", "{deal}", "customer=nobody"], "unknown customer nobody"),
    "dangling user": (["opp", "set", "{deal}", "owner=nobody"], "owner: unknown user nobody"),
    "unknown stage": (["opp", "advance", "{deal}", "--to", "paradise"], "paradise isn't a stage"),
    "bad date": (["opp", "set", "{deal}", "expected_close=2026-13-45"], '"2026-13-45" isn\'t a date'),
    "probability of 140": (["opp", "set", "{deal}", "probability=140"], "probability: "),
    "unknown field": (["opp", "set", "{deal}", "stge=demo"], "no field stge"),
    "wrong type": (["opp", "set", "{deal}", "score=high"], 'score: "high" isn\'t a'),
    "negative quantity": (
        ["opp", "item", "add", "{deal}", "--description", "x", "--price", "1", "--quantity", "-2"],
        "quantity",
    ),
    "unknown reason": (["opp", "lost", "{deal}", "--reason", "bored"], "price, quality, budget"),
    "an id that is none": (["opp", "show", "OPP-ZZZZZ"], 'no opportunity matches "OPP-ZZZZZ"'),
    "an option for git": (["opp", "show", "--", "--output=/tmp/x"], "no opportunity matches"),
}  # fmt: skip


@pytest.mark.parametrize("asked", REFUSED)
def test_a_request_that_is_refused(asked, cli, deal, git):
    arguments, said = REFUSED[asked]
    file = deal()
    text, head = file.read_bytes(), git("rev-parse", "HEAD")

    told = cli(*[each.format(deal="OPP-2Q8XA") for each in arguments], code=1)

    assert told.out == ""
    assert told.err.startswith("error: ")
    assert told.err.count("\n") == 1
    assert said in told.err
    assert (file.read_bytes(), git("rev-parse", "HEAD"), git("status", "--porcelain")) == (text, head, "")


def test_a_duplicate_id_is_told_with_both_files(cli, deal, git):
    file = deal()
    copy = file.with_name("OPP-2Q8XA-copy.yaml")
    copy.write_bytes(file.read_bytes())

    for command in ("opp set 2q8xa amount=1", "opp list", "forecast", "opp show 2q8"):
        told = cli(*command.split(), code=1)
        assert (told.out, told.err.count("error: ")) == ("", 1)
        assert f"{NAME}:2: OPP-2Q8XA is also the id of opportunities/2026/OPP-2Q8XA-copy.yaml" in told.err
    assert git("status", "--porcelain") == f"?? {copy.relative_to(copy.parents[2])}"


def test_a_directory_that_is_no_pipeline(tmp_path, capsys):
    assert run(["-C", str(tmp_path), "opp", "list"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        f"error: {tmp_path} isn't a pipeline: no pipecli.yaml here or above; "
        "make one with `pipecli init DIR`, or name one with -C DIR\n"
    )


def test_a_pipeline_without_git(root, capsys):
    import shutil

    shutil.rmtree(root / ".git")
    assert run(["-C", str(root), "opp", "list"]) == 1
    assert "isn't in a git repository; make it one with `git init`" in capsys.readouterr().err


def test_usage_is_exit_code_two(cli):
    assert cli("opp", "show", code=2).err == "error: REF is missing; see `pipecli opp show --help`\n"
    assert cli("opp", "lsit", code=2).err.startswith('error: unknown command "lsit" (did you mean lost')
    assert cli("lead", "add", "--score", "x", code=2).err.startswith('error: --score: "x" isn\'t a whole')
    assert "unknown command" in cli("oportunity", "list", code=2).err
    for words, meant in {
        "ls": "opp list",
        "opp ls": "list",
        "quote create": "new",
        "search x": "find",
        "opp search x": "list --search",
        "opp close": "won or lost",
        "settings get currency": "show",
        "board": "opp board",
    }.items():
        assert f"(did you mean {meant}?)" in cli(*words.split(), code=2).err  # as other programs call it
    assert "--stage needs a value; see `pipecli opp list --help`" in cli("opp", "list", "--stage", code=2).err
    assert "(did you mean --expected-close?)" in cli("opp", "add", "x", "--close", "fri", code=2).err
    assert "before the noun: pipecli --today …)" in cli("forecast", "--today", "fri", code=2).err
    assert (
        'option "--amount"; see' in cli("invoice", "credit", "x", "--amount", "5", code=2).err
    )  # no --reason
    assert cli("supplier-quote", "list", "--all").err == ""  # it shows all anyway
    assert (
        "quantity=3 (did you mean --quantity 3?)"
        in cli("opp", "item", "set", "x", "1", "quantity=3", code=2).err
    )
    assert "WHAT is missing (one of lost-reason, " in cli("settings", "rename", code=2).err
    assert cli("opp", "list", "--status", "opn", code=1).err.endswith("did you mean open?\n")
    assert "lists the columns" in cli("opp", "list", "--where", "zzz = 1", code=1).err
    assert "unexpected argument: talk (words need quotes)" in cli("call", "x", "Price", "talk", code=2).err
    assert "must be one of table, json" in cli("opp", "list", "--format", "yaml", code=2).err


@pytest.mark.parametrize("asked", ["schema show opportunity", "opp show 2q8 --format json", "--help"])
@pytest.mark.parametrize("reader", ["| head -1 >/dev/null", "| (exec <&-)", ">&-"])
def test_a_reader_who_has_seen_enough_is_no_error(asked, reader, root, deal):
    import subprocess
    import sys

    deal()
    command = f"set -o pipefail; {sys.executable} -m pipecli -C {root} {asked} {reader}"
    done = subprocess.run(
        ["bash", "-c", command],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_a_script_reads_errors_as_json(cli, deal, tmp_path, capsys):
    file = deal()

    def error(*arguments, code=1):
        told = cli(*arguments, code=code)
        assert told.out == ""
        return json.loads(told.err.splitlines()[-1])["error"]

    assert error("opp", "show", "nobody", "--format", "json") == {
        "message": 'no opportunity matches "nobody"',
        "hint": "see `pipecli opportunity list`",
        "file": None, "line": None, "code": "not-found",
    }  # fmt: skip
    assert error("--format", "jsonl", "opp", "set", "OPP-2Q8XA", "customer=nobody")["code"] == "not-found"
    assert error("--format", "json", "opp", "set", "OPP-2Q8XA", "owner=nobody")["code"] == "not-found"
    assert error("--format", "json", "opp", "set", "OPP-2Q8XA", "expected_close=soonish")["code"] == "refused"
    assert error("--format", "json", "undo", "abcdef0")["code"] == "no-such-moment"
    assert error("--format", "json", "opp", "reopen", "OPP-2Q8XA")["code"] == "rule"
    assert error("opp", "list", "--frob", "--format=json", code=2)["code"] == "usage"
    assert error("--format", "json", "opp", "frob", code=2)["code"] == "usage"
    assert error("sql", "SELECT frob", "--format", "json")["code"] == "bad-query"
    unknown = (
        "import nosuch",
        "import nosuch x.csv",
        "export nosuch",
        "export --all x deals",
        "report nosuch",
    )
    unknown += ("help nosuch", "help opp nosuch", "schema show nosuch", "config nosuch x")
    for asked in unknown:
        assert error(*asked.split(), "--format=json", code=2)["code"] == "usage", asked
    missing = ("lead add", "opp add", "customer add", "opp advance", "opp assign 2q8", "opp share 2q8")
    missing += ("opp tag add x", "opp hold 2q8", "note 2q8", "supplier-quote receive SQ-1", "opp show")
    for asked in missing:
        assert error(*asked.split(), "--format=json", code=2)["code"] == "usage", asked
    assert error("settings", "show", "nosuch", "--format=json")["code"] == "not-found"
    gone, odd = tmp_path / "gone.csv", tmp_path / "it's odd"
    odd.mkdir()
    for asked in ("import leads", "attach 2q8", "inbox import", "import run", "import plan --into y", "check",
                  "dashboard -o", "chart forecast -o", "export leads -o"):  # fmt: skip
        name = gone / "x.svg" if asked.startswith("chart") else gone / "x.html" if "-o" in asked else gone
        assert error(*asked.split(), str(name), "--format=json")["code"] == "system", asked
    (odd / "plan.yaml").touch()
    command = error("import", "plan", str(odd), "--into", "y", "--format=json")["hint"]
    assert shlex.split(command) == ["pipecli", "import", "run", str(odd)]
    file.write_text(file.read_text().replace("stage: qualify", "stge: qualify"))
    faulty = error("opp", "list", "--format", "json")
    assert (faulty["file"], faulty["line"], faulty["code"]) == (NAME, 7, "invalid-file")
    assert run(["-C", str(tmp_path / "nowhere"), "--format", "json", "opp", "list"]) == 1
    assert json.loads(capsys.readouterr().err)["error"]["code"] == "no-pipeline"


def test_every_code_of_an_error_is_documented():
    tree = Path(__file__).resolve().parents[1]
    sources = [file.read_text(encoding="utf-8") for file in (tree / "pipecli").rglob("*.py")]
    pattern = r'(?:^    |[(\s])code ?= ?"([a-z-]+)"'
    codes = {code for source in sources for code in re.findall(pattern, source, re.M)}
    table = re.findall(r"^\| `([a-z-]+)` \|", (tree / "docs" / "errors.md").read_text(), re.M)
    assert sorted(table) == sorted(codes)


def test_ctrl_c_while_pydantic_builds_a_model_is_an_interruption(cli, root, monkeypatch):
    class Stopped:
        def __repr__(self):  # pydantic asks for it as it builds
            raise KeyboardInterrupt

    def look(*_):
        SchemaValidator(core_schema.no_info_after_validator_function(Stopped(), core_schema.str_schema()))

    monkeypatch.setattr("pipecli.cli.sync_and_doctor.examine", look)
    assert cli("doctor", code=130).err == "error: interrupted; nothing is changed\n"


def test_a_compiled_module_that_a_full_disk_has_cut_off_is_no_interruption(cli, root, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path / "compiled"))
    monkeypatch.delitem(sys.modules, "pipecli.cli.report.forecast", raising=False)
    source = importlib.util.find_spec("pipecli.cli.report.forecast").origin
    compiled = Path(py_compile.compile(source))
    compiled.write_bytes(compiled.read_bytes()[:100])
    said = cli("forecast", code=1).err
    assert "error: a module that Python compiled is damaged, as a full disk leaves it: marshal data" in said


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="tells how much memory is used")
def test_too_little_memory_is_told_as_that(root, deal):
    """Python, SQLite and libraries tell it in their own ways, as "can't start new thread"."""
    limits = """
import resource, sys
from pathlib import Path
from pipecli.cli.main import main
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (int(sys.argv.pop(1)) << 20),) * 2)
main()
"""
    deal()
    said = ""
    for megabytes in ("8", "10", "12", "14", "16", "18", "20"):
        words = [sys.executable, "-c", limits, megabytes, "-C", root, "opp", "set", "2q8", "amount=1"]
        ended = subprocess.run(words, capture_output=True, text=True, check=False)
        assert not re.search("fault in pipecli|too large", ended.stderr), ended.stderr
        said += ended.stderr
    assert "there is too little memory (" in said
