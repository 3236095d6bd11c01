"""Completion, as it is asked for and in real shells."""

from __future__ import annotations

import json
import os
import re
import select
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipecli.cli import completion
from tests.conftest import Cli

if sys.platform == "win32":
    pytest.skip("shells of another kind", allow_module_level=True)
else:
    import pty

Answer = Callable[..., dict[str, str]]


@pytest.fixture(autouse=True)
def deals(
    cli: Cli, deal: Callable[..., Path], root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ana's open deal, Ben's, and one that is lost; a cache of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    cli("user", "add", "ben", "--name", "Ben Holt", "--email", "ben@contoso.example")
    deal("OPP-AAA01", "Mill")
    deal("OPP-AAA02", "Grinder")
    deal("OPP-AAA03", "Éspresso bar")
    cli("opp", "set", "OPP-AAA01", "owner=ben", "tags=vip customer,run$(touch ran)")
    cli("opp", "lost", "OPP-AAA02", "--reason", "price")
    monkeypatch.chdir(root)


@pytest.fixture
def answer(capsys: pytest.CaptureFixture[str]) -> Answer:
    def call(*words: str) -> dict[str, str]:
        capsys.readouterr()
        completion.main(["zsh", *words])
        out, err = capsys.readouterr()
        assert err == ""
        return dict(line.partition("\t")[::2] for line in out.splitlines())

    return call


def test_nouns_verbs_options_and_what_the_pipeline_has(answer: Answer) -> None:
    assert list(answer("opp")) == ["opportunity", "opp"]
    assert list(answer("opp", "wo")) == list(answer("help", "opp", "wo")) == ["won"]
    assert list(answer("--color", "al")) == ["always"]
    assert list(answer("-C", "")) == [":folders"]
    assert list(answer("-C", ".", "opp", "wo")) == ["won"]
    assert list(answer("config", "columns.q")) == ["columns.quotation"]
    assert list(answer("opp", "item", "")) == ["add", "set", "remove", "list"]
    assert answer("opp", "lost", "OPP-AAA01", "--rea")["--reason"]
    assert "price" in answer("opp", "lost", "OPP-AAA01", "--reason", "")
    assert list(answer("lead", "disqualify", "x", "--reason", "no-b")) == ["no-budget"]
    assert answer("opp", "list", "--owner", "b") == {"ben": "Ben Holt"}
    assert answer("opp", "advance", "x", "--to", "q") == {"qualify": "Qualify"}
    assert answer("opp", "list", "--stage=q") == {"--stage=qualify": "Qualify"}
    assert list(answer("opp", "assign", "OPP-AAA01", "be")) == ["ben"]
    assert list(answer("opp", "set", "OPP-AAA01", "expec")) == ["expected_close="]
    assert list(answer("opp", "set", "OPP-AAA01", "owner=b")) == ["owner=ben"]
    assert list(answer("settings", "show", "processes.")) == ["processes.standard."]
    assert answer("settings", "set", "curr") == {"currency=": "EUR"}
    assert list(answer("opp", "list", "--color", "a")) == ["auto", "always"]
    assert answer("opp", "list", "--format", "js") == {"json": "", "jsonl": ""}
    assert answer("import", "leads", "") == {":files": ""}
    assert "pipecli" not in str(answer("nothing", ""))


def test_values_that_the_help_lists(answer: Answer) -> None:
    assert list(answer("forecast", "--by", "q")) == ["quarter"]
    assert list(answer("report", "lost", "--trend", "")) == ["month", "quarter"]
    assert list(answer("import", "it")) == ["items"]
    assert list(answer("import", "run", "moved", "--keep", "")) == ["local", "file", "conflict"]
    assert list(answer("lead", "qualify", "LEAD-AAA01", "--need", "")) == ["yes", "no", "unknown"]
    assert list(answer("import", "plan", "x.csv", "--from", "h")) == ["hubspot"]
    assert list(answer("forecast", "--currency", "")) == ["EUR"]
    assert list(answer("opp", "sellers", "OPP-AAA01", "be")) == ["ben="]


def test_branches_tags_and_the_end_of_a_range(answer: Answer, git: Callable[..., str]) -> None:
    git("branch", "espresso")
    git("tag", "v1")
    assert list(answer("check", "--base", "")) == list(answer("diff", "")) == ["espresso", "main", "v1"]
    assert list(answer("diff", "main..e")) == ["main..espresso"]


def test_words_that_records_settings_and_the_program_have(answer: Answer, cli: Cli) -> None:
    cli("customer", "add", "Nave 14")
    cli("contact", "add", "Eva Lund", "--customer", "nave-14")
    cli("opp", "contact", "add", "OPP-AAA01", "eva-lund", "--role", "decision-maker")
    cli("product", "add", "mill-1", "--name", "Mill", "--uom", "pallet")
    assert list(answer("opp", "contact", "add", "OPP-AAA01", "eva-lund", "--role", "d")) == ["decision-maker"]
    assert list(answer("opp", "item", "add", "OPP-AAA01", "--uom", "")) == ["pallet"]
    assert list(answer("settings", "rename", "stage", "standard/q")) == ["standard/qualify"]
    assert "price" in answer("settings", "rename", "lost-reason", "p")
    assert "sales" in answer("settings", "rename", "type", "")
    assert list(answer("settings", "rename", "user", "b")) == ["ben"]
    assert list(answer("config", "owner", "")) == ["me", "all", "ana-ruiz", "ben"]
    assert list(answer("config", "format", "cs")) == ["csv"]
    assert list(answer("check", "--allow", "stage-s")) == ["stage-skipped"]


def test_a_paper_is_found_by_its_deal_and_by_whom_it_is_for(answer: Answer, cli: Cli) -> None:
    cli("customer", "add", "Nave 14")
    cli("opp", "set", "OPP-AAA01", "customer=nave-14")
    cli("opp", "item", "add", "OPP-AAA01", "--description", "Mill", "--quantity", "1", "--price", "9")
    quotation = cli("quote", "new", "OPP-AAA01", "--format", "ids").out.strip()
    assert answer("quote", "render", "mi") == {quotation: "Mill, nave-14"}
    assert answer("quote", "render", "14") == {quotation: "Mill, nave-14"}


def test_a_plan_is_found_by_its_words_and_its_deal(answer: Answer, cli: Cli) -> None:
    plan = cli(
        "activity", "add", "OPP-AAA01", "--type", "call", "--subject", "Ask them", "--at", "+3d"
    ).out.strip()
    assert answer("activity", "done", "th") == answer("activity", "move", "mi") == {plan: "Ask them, Mill"}
    assert answer("activity", "done", "gri") == {}


def test_what_a_deal_has_is_found_by_name(answer: Answer, cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "Floor plan.txt").write_text("3 m")
    cli("attach", "OPP-AAA01", str(tmp_path / "Floor plan.txt"))
    cli("competitor", "add", "Kaffeewerk")
    assert list(answer("detach", "mill", "")) == ["Floor plan.txt"]
    assert answer("opp", "lost", "OPP-AAA01", "--competitor", "kaf") == {"kaffeewerk": "Kaffeewerk"}
    assert list(answer("lead", "convert", "x", "--onto", "mi")) == ["OPP-AAA01"]


def test_steps_of_the_settings(answer: Answer, cli: Cli) -> None:
    cli("settings", "set", "processes.standard.stages.qualify.steps=look at the site,ask for a plan")
    assert answer("opp", "step", "done", "OPP-AAA01", "lo") == {"look at the site": "Qualify"}


def test_values_are_forgiving_of_case_and_accents(answer: Answer, cli: Cli) -> None:
    cli("opp", "item", "add", "OPP-AAA03", "--description", "cafe", "--quantity", "1", "--price", "100")
    assert list(answer("opp", "item", "set", "espresso", "Café")) == ["cafe"]
    assert answer("opp", "list", "--owner", "B") == {"ben": "Ben Holt"}


def test_mine_and_the_open_come_first(
    answer: Answer, cli: Cli, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list(answer("opp", "show", "").items()) == [
        ("OPP-AAA03", "Éspresso bar"),
        ("OPP-AAA01", "Mill"),
        ("OPP-AAA02", "Grinder, lost"),
    ]
    assert list(answer("call", "esp")) == ["OPP-AAA03"]
    monkeypatch.setenv("GIT_AUTHOR_EMAIL", "ben@contoso.example")
    assert next(iter(answer("opp", "show", ""))) == "OPP-AAA01"
    cli("customer", "add", "Café Łódź")
    cli("opp", "set", "OPP-AAA01", "customer=cafe-lodz")
    assert answer("call", "lod") == {"OPP-AAA01": "Mill, cafe-lodz"}
    assert list(answer("opp", "show", "aaa02")) == ["OPP-AAA02"]
    completion.main(["bash", "pipecli opp set OPP-AAA01 owner=b"])
    assert capsys.readouterr().out == "ben\tBen Holt\n"


def test_in_a_line_of_bash_a_value_is_text(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    odd = ("x$(id)", "x`id`", "x;id", "x*", "x~", "x{a,b}", "x!1", "it's x", "100 € [x]", "x:$:(b)")
    settings = root / "pipecli.yaml"
    written = settings.read_text(encoding="utf-8").replace("sources: []", f"sources: {json.dumps(odd)}")
    settings.write_text(written, encoding="utf-8")
    for line, kept in (("--source ", odd), ("--source=", odd), ('--source "', odd[2:6])):
        capsys.readouterr()
        completion.main(["bash", f"pipecli opp add X {line}"])
        words = [word.partition("\t")[0] for word in capsys.readouterr().out.splitlines()]
        if '"' not in line:
            assert [shlex.split(word) for word in words] == [[word] for word in kept]
            words = [re.sub(r"\\.", "", word) for word in words]
        assert len(words) >= len(kept) and not re.search(r"[$`'\"!]", " ".join(words))


def test_a_verb_is_answered_without_typer(root: Path) -> None:
    program = (
        "import sys; from pipecli import __main__ as started\n"
        "sys.argv[1:] = ['__complete', 'bash', 'pipecli opp wo']; started.main()\n"
        "print(*({'typer', 'pydantic'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[0].startswith("won\t")
    assert "typer" not in done.stdout
    assert "pydantic" not in done.stdout


def test_outside_of_a_pipeline_nothing_is_said(
    answer: Answer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert answer("opp", "show", "") == {}
    assert list(answer("opp", "wo")) == ["won"]


SHELLS = {
    "bash": (["bash", "--norc", "-i"], 'eval "$(pipecli completion bash)"'),
    "zsh": (["zsh", "-f", "-i"], 'autoload -U compinit; compinit -u -D; eval "$(pipecli completion zsh)"'),
    "fish": (["fish", "-i"], "pipecli completion fish | source"),
}


@pytest.mark.parametrize("shell", SHELLS)
def test_a_real_shell_completes(shell: str, root: Path, warm: Path) -> None:
    if not shutil.which(shell):
        pytest.skip(f"{shell} isn't here")
    command, setup = SHELLS[shell]
    path = f"{warm}{os.pathsep}{os.environ['PATH']}"
    environment = {
        **os.environ, "PATH": path, "PYTHONPATH": str(Path(__file__).parents[2]), "TERM": "xterm",
        "HOME": str(root.parent), "COLUMNS": "120", "PS1": "$ ",
    }  # fmt: skip
    process, ours = pty.fork()
    if not process:
        os.chdir(root)
        os.execvpe(command[0], command, environment)

    def typed(text: str, until: str) -> str:
        os.write(ours, text.encode())
        screen, end = "", time.monotonic() + 30
        while until not in screen and time.monotonic() < end:
            if select.select([ours], [], [], 0.2)[0]:
                part = os.read(ours, 65536).decode(errors="replace")
                screen += part
                if "\x1b[c" in part or "\x1b[0c" in part:  # fish asks which terminal this is
                    os.write(ours, b"\x1b[?62;c")
        assert until in screen, screen
        return screen

    try:
        typed(f"{setup}\necho rea''dy\n", "ready\r")
        typed("pipecli opp wo\t", "won")
        typed("gri\t", "OPP-AAA02")
        typed("\x15pipecli opp list --owner be\t", "ben")
        typed("\x15pipecli settings set timez\t", "one=")  # of which fish offered files next
        typed("\x15pipecli --dir=opport\t", "unities")
        typed("\x15pipecli -C opport\t", "unities")
        typed(f"\x15pipecli -C ~/{root.name} opp show gri\t", "OPP-AAA02")
        typed("\x15pipecli --color=al\t", "ways")
        typed("\x15pipecli opp list --tag=vip\t", "\\ customer")
        typed('\x15pipecli opp show "Mi\t', "OPP-AAA0")
        typed('\x15pipecli opp list --tag "vi\t', "p customer")
        typed("\x15pipecli opp list --tag vip\\ c\t", "ustomer")
        screen = typed("\x15pipecli opp show OPP-AAA0\t\t", "Mill")
        assert screen.index("spresso") < screen.index("Mill")
        typed("\x15pipecli opp list --tag run\t\necho do''ne\n", "done\r")
        assert not (root / "ran").exists()  # a tag of whoever wrote the clone is text in a command line, too
    finally:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        os.close(ours)


def test_a_schema_that_leads_out_of_the_pipeline_is_not_read(
    answer: Answer, root: Path, tmp_path: Path
) -> None:
    """Of /dev/zero a key of the shell would read until no memory is left."""
    (tmp_path / "theirs.json").write_text('{"properties": {"evil": {}}}')
    file = root / "schemas/opportunity.schema.json"
    file.unlink()
    file.symlink_to(tmp_path / "theirs.json")
    assert answer("opp", "set", "OPP-AAA01", "ev") == {}
