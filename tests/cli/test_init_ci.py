"""`init --ci`: the files by which code hosts review, and their shell steps run as the hosts run them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import ryaml

from pipecli import __version__
from pipecli.cli.main import run
from tests.conftest import Cli

Git = Callable[..., str]
FILES = {"github": ".github/workflows/pipecli.yml", "gitlab": ".gitlab-ci.yml"}


def read(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = ryaml.loads(file.read_text())  # type: ignore[attr-defined]
    return found


@pytest.mark.parametrize("host", FILES)
def test_a_new_pipeline_comes_with_it_in_one_commit(tmp_path: Path, host: str) -> None:
    assert run(["init", str(tmp_path / "new"), "--ci", host]) == 0
    said = subprocess.run(
        ["git", "log", "--name-only", "--format=%s"], cwd=tmp_path / "new", capture_output=True, text=True
    ).stdout
    assert said.startswith("Found the pipeline\n")
    assert FILES[host] in said.splitlines()
    assert read(tmp_path / "new" / FILES[host])


@pytest.mark.parametrize("host", FILES)
def test_a_pipeline_that_is_there_gets_the_file_alone(cli: Cli, root: Path, git: Git, host: str) -> None:
    (root / "notes.txt").write_text("mine")
    git("add", "notes.txt")
    cli("init", "--ci", host)
    assert git("show", "--name-only", "--format=%s", "HEAD").split("\n\n") == [
        f"Review what is to be merged, on {host}", FILES[host],
    ]  # fmt: skip
    assert git("status", "--porcelain") == "A  notes.txt"
    assert cli("check").out == ""


@pytest.mark.parametrize("host", FILES)
def test_it_overwrites_nothing(
    cli: Cli, refused: Callable[..., str], root: Path, git: Git, host: str
) -> None:
    (root / FILES[host]).parent.mkdir(parents=True, exist_ok=True)
    (root / FILES[host]).write_text("mine: true\n")
    assert refused("init", "--ci", host).startswith(f"error: {FILES[host]} exists already; move it aside")
    assert (root / FILES[host]).read_text() == "mine: true\n"


def test_it_is_not_written_through_a_link_out_of_the_repository(
    refused: Callable[..., str], root: Path, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (root / ".github").symlink_to(tmp_path / "elsewhere")
    assert "leads out of the pipeline" in refused("init", "--ci", "github")
    assert not list((tmp_path / "elsewhere").iterdir())


def test_other_options_are_for_a_new_pipeline_only(refused: Callable[..., str]) -> None:
    said = refused("init", "--ci", "github", "--company", "Acme")
    assert said.endswith("is a pipeline already; choose another directory")


def test_another_host_is_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", "x", "--ci", "bitbucket"]) == 2
    assert '"bitbucket" must be one of github, gitlab' in capsys.readouterr().err


def test_a_hook_that_refuses_leaves_nothing(refused: Callable[..., str], root: Path) -> None:
    hook = root / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\necho No >&2\nexit 1\n")
    hook.chmod(0o755)
    assert "No" in refused("init", "--ci", "github")
    assert not (root / ".github").exists()


def test_a_new_pipeline_that_can_not_be_committed_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gitconfig").write_text("[user]\n    useConfigOnly = true\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    assert run(["init", str(tmp_path / "new"), "--ci", "github"]) == 1
    assert not (tmp_path / "new").exists()


@pytest.fixture
def company(root: Path, tmp_path: Path, git: Git) -> Path:
    """A repository with the pipeline in its folder `our sales [eu]`."""
    made = tmp_path / "company"
    shutil.copytree(root, made / "our sales [eu]", ignore=shutil.ignore_patterns(".git"))
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "One"]):
        subprocess.run(["git", *arguments], cwd=made, check=True)
    return made


def test_in_a_subfolder_it_lies_at_the_root_and_looks_at_the_folder(cli: Cli, company: Path) -> None:
    for host in FILES:
        cli("-C", str(company / "our sales [eu]"), "init", "--ci", host)
    workflow, pipeline = (read(company / file) for file in FILES.values())
    for event in ("pull_request", "push"):
        assert workflow["on"][event]["paths"] == [r"our sales \[eu\]/**", FILES["github"]]
    assert workflow["jobs"]["check"]["env"] == {"PIPECLI_DIR": "our sales [eu]"}
    for rule in pipeline["pipecli"]["rules"]:
        assert rule["changes"] == [r"our sales \[eu\]/**/*", FILES["gitlab"]]
    assert pipeline["pipecli"]["variables"]["PIPECLI_DIR"] == "our sales [eu]"


def test_the_workflow_may_do_little_and_trusts_nothing(cli: Cli, root: Path) -> None:
    cli("init", "--ci", "github")
    workflow = read(root / FILES["github"])
    assert workflow["permissions"] == {}
    check, comment = workflow["jobs"]["check"], workflow["jobs"]["comment"]
    assert check["permissions"] == {"contents": "read"}
    assert comment["permissions"] == {"pull-requests": "write"}
    assert "head.repo.full_name == github.repository" in comment["if"]  # a fork's may not write
    steps = [*check["steps"], *comment["steps"]]
    assert all("${{" not in step.get("run", "") for step in steps)
    uses = [step["uses"] for step in steps if "uses" in step]
    assert uses
    assert all(re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", action) for action in uses)
    assert "actions/checkout" not in "".join(str(step) for step in comment["steps"])
    assert check["steps"][0]["with"] == {"fetch-depth": 0, "persist-credentials": False}
    assert set(workflow["on"]) == {"pull_request", "push"}  # pull_request_target would lend a fork our token


def installing(host: str, file: Path) -> str:
    """The shell step by which a host installs pipecli."""
    if host == "gitlab":
        return str(read(file)["pipecli"]["script"][0])
    (step,) = [step for step in read(file)["jobs"]["check"]["steps"] if step.get("id") == "install"]
    return str(step["run"])


@pytest.mark.parametrize("host", FILES)
def test_the_host_installs_this_version(cli: Cli, root: Path, host: str) -> None:
    cli("init", "--ci", host)
    assert installing(host, root / FILES[host]) == f'pip install "pipecli-crm=={__version__}"\n'


@pytest.mark.parametrize("host", FILES)
@pytest.mark.parametrize(
    "command",
    [
        'pip install "git+https://git.contoso.example/pipecli@v0.1.0"',
        "pip install --index-url 'https://x:y@pypi.contoso.example/simple' pipecli-crm # @dir@: \\1 & {}",
        "- 'not YAML: [",
    ],
)
def test_or_by_the_command_that_is_given(cli: Cli, root: Path, host: str, command: str) -> None:
    cli("init", "--ci", host, "--install", command)
    assert installing(host, root / FILES[host]) == f"{command}\n"


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        (["--install", "pip install x"], "goes with --ci"),
        (["--ci", "github", "--install", "pip install x\ncurl evil"], "must be a command of one line"),
        (["--ci", "github", "--install", " "], "must be a command of one line"),
    ],
)
def test_a_command_to_install_that_can_not_be(
    root: Path, capsys: pytest.CaptureFixture[str], given: list[str], refusal: str
) -> None:
    assert run(["-C", str(root), "init", *given]) == 2
    assert refusal in capsys.readouterr().err
    assert not (root / ".github").exists()


HOSTILE = '$(touch pwned) `touch pwned` "; touch pwned; ::error::x <!-- --> @team'


@pytest.fixture
def checkout(
    company: Path, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Path]:
    """What a host checks out for a request to merge: a deal with a hostile title, and modules to import."""

    def make(host: str) -> Path:
        sales = company / "our sales [eu]"
        place = ("-C", str(sales))
        cli(*place, "init", "--ci", host)
        for arguments in (["branch", "-M", "main"], ["switch", "-qc", "pr"]):
            subprocess.run(["git", *arguments], cwd=company, check=True)
        deal = cli(*place, "opp", "add", "--title", HOSTILE, "--amount", "1", "--organization", "Contoso",
                   "--format", "ids").id  # fmt: skip
        cli(*place, "opp", "set", deal, "probability=90")
        (company / "pipecli.py").write_text("open('pwned', 'w')\n")
        (company / "json.py").write_text("open('pwned', 'w')\n")
        subprocess.run(["git", "add", "."], cwd=company, check=True)
        subprocess.run(["git", "commit", "-qm", HOSTILE], cwd=company, check=True)
        made = tmp_path / "checkout"
        subprocess.run(["git", "clone", "-q", str(company), str(made)], check=True)
        return made

    return make


@pytest.fixture
def commands(warm_calls: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """pip, gh and curl as the hosts have them, which write down what they were asked; pipecli itself."""
    made = tmp_path / "commands"
    made.mkdir()
    log = f'printf "%s\\n" "$(basename "$0") $*" >> {made}/log\n'
    scripts = {
        "pip": log,
        "pipecli": f'exec {sys.executable} -P -m pipecli "$@"\n',
        "gh": log + f'case "$*" in *--paginate*) cat {made}/comments 2>/dev/null || true ;; esac\n',
        "curl": log + f'case "$*" in *per_page*) cat {made}/notes ;; esac\n',
    }
    for name, text in scripts.items():
        (made / name).write_text(f"#!/bin/sh\n{text}")
        (made / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{made}:{os.environ['PATH']}")
    return made


def shell(script: str, where: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=where, env={**os.environ, **environment}, capture_output=True, text=True,
    )  # fmt: skip


def test_the_steps_of_the_github_workflow_run(
    checkout: Callable[[str], Path], commands: Path, tmp_path: Path
) -> None:
    here = checkout("github")
    workflow = read(here / FILES["github"])
    check, comment = workflow["jobs"]["check"], workflow["jobs"]["comment"]
    summary = tmp_path / "summary.md"
    environment = {
        **check["env"],
        "GITHUB_BASE_REF": "main",
        "GITHUB_STEP_SUMMARY": str(summary),
        "RUNNER_TEMP": str(tmp_path),
        "GITHUB_REPOSITORY": "contoso/company",
        "PULL_REQUEST": "7",
    }
    done = [shell(step["run"], here, **environment) for step in check["steps"] if "run" in step]
    assert [each.returncode for each in done] == [0, 0, 0], [each.stderr for each in done]
    assert done[2].stdout.startswith("::warning file=our sales [eu]/opportunities/")
    assert "title=pipecli probability-by-hand::probability: 90 %25 by hand" in done[2].stdout
    page = summary.read_text()
    assert page.startswith("### Pipeline: 1 opportunity, 1 customer\n")
    assert "- **warning** probability: 90 % by hand" in page
    assert "@team" not in page
    assert not list(here.rglob("pwned"))
    (tell,) = [step["run"] for step in check["steps"] if step.get("name", "").startswith("Tell")]
    assert shell(tell, here, **environment | {"GITHUB_BASE_REF": "nosuch"}).returncode == 0
    assert summary.read_text() == (
        f"{page}The change can't be told in deals and money; the log of this run says why.\n"
    )
    push = shell(check["steps"][-1]["run"], here, **environment | {"GITHUB_BASE_REF": ""})
    assert (push.returncode, push.stdout, push.stderr) == (0, "", "ok: 3 records\n")  # has no base
    # The other job gets the page, and nothing else of the pull request.
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "pipecli.md").write_text(page)
    (script,) = [step["run"] for step in comment["steps"] if "run" in step]
    body = "--field body=@comment.md"
    for known, asked in (
        ("", f"--method POST repos/contoso/company/issues/7/comments {body}"),
        ("11\n12\n", f"--method PATCH repos/contoso/company/issues/comments/12 {body}"),
    ):
        (commands / "comments").write_text(known)
        assert shell(script, elsewhere, **environment).returncode == 0
        assert (commands / "log").read_text().splitlines()[-1] == f"gh api --silent {asked}"
    assert (elsewhere / "comment.md").read_text() == f"<!-- pipecli -->\n{page}"
    (elsewhere / "pipecli.md").write_text("| a row |\n" * 10_000)
    assert shell(script, elsewhere, **environment).returncode == 0
    cut = (elsewhere / "comment.md").read_text()
    assert len(cut) < 65_536
    assert cut.endswith("\n| a row |\n\n*Cut here: the summary of the run has all of it.*\n")


def test_the_script_of_the_gitlab_job_runs(checkout: Callable[[str], Path], commands: Path) -> None:
    here = checkout("gitlab")
    job = read(here / FILES["gitlab"])["pipecli"]
    install, tell, note, check = job["script"]
    base = shell("git rev-parse origin/main", here).stdout.strip()
    files = ("pipecli.md", "pipecli.sarif", "pipecli-findings.json", "note.md")
    outside = here.parent / "outside"
    outside.write_text("theirs")
    for file in files:  # which the merge request may have committed, as links
        (here / file).symlink_to(outside)
    environment = {
        **job["variables"],
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": base,
        "CI_API_V4_URL": "https://gitlab.example/api/v4",
        "CI_PROJECT_URL": "https://gitlab.example/crm/sales",
        "CI_COMMIT_SHA": "0a1b2c",
        "CI_MERGE_REQUEST_PROJECT_ID": "3",
        "CI_MERGE_REQUEST_IID": "7",
    }
    done = shell("\n".join((install, tell, note, check)), here, **environment)
    assert done.returncode == 0, done.stderr
    assert "warning: probability: 90 % by hand" in done.stdout
    assert (here / "pipecli.md").read_text().startswith("### Pipeline: 1 opportunity, 1 customer\n")
    assert (
        "](https://gitlab.example/crm/sales/-/blob/0a1b2c/our%20sales%20%5Beu%5D/customers/"
        in (here / "pipecli.md").read_text()
    )
    (finding,) = json.loads((here / "pipecli-findings.json").read_text())
    assert (finding["check_name"], finding["severity"]) == ("probability-by-hand", "minor")
    assert finding["location"]["path"].startswith("our sales [eu]/opportunities/")
    assert finding["location"]["lines"]["begin"] > 1
    assert "curl" not in (commands / "log").read_text()
    notes = "https://gitlab.example/api/v4/projects/3/merge_requests/7/notes"
    for known, asked in (([], f"POST {notes}"), ([{"id": 5, "body": "<!-- pipecli -->"}], f"PUT {notes}/5")):
        (commands / "notes").write_text(json.dumps([{"id": 4, "body": "Fine"}, *known]))
        assert shell(note, here, **environment, PIPECLI_TOKEN="secret").returncode == 0
        assert f"--request {asked} --form body=<note.md" in (commands / "log").read_text().splitlines()[-1]
    assert (here / "note.md").read_text().startswith("<!-- pipecli -->\n### Pipeline")
    assert outside.read_text() == "theirs"
    assert not list(here.rglob("pwned"))


def test_the_dashboard_is_drawn_where_it_is_asked_for(
    warm_calls: None, cli: Cli, root: Path, git: Git, tmp_path: Path
) -> None:
    file = ".github/workflows/pipecli-dashboard.yml"
    said = cli("init", "--ci", "github", "--pages").err
    assert said.splitlines()[-1] == f"{file} is committed; push it, and github draws the dashboard"
    assert git("log", "-1", "--format=%B", "--name-only").split("\n") == [
        *("Review what is to be merged, on github", "", "Draw the dashboard, on github", ""),
        *("Pipecli-Event: ci-added", "", "", file, FILES["github"]),
    ]
    workflow = read(root / file)
    assert set(workflow["on"]) == {"push", "schedule", "workflow_dispatch"}
    assert workflow["jobs"]["publish"]["if"] == "vars.PIPECLI_PAGES == 'published'"  # no page unless asked
    assert "EVERYBODY ON THE INTERNET" in (root / file).read_text()
    install, draw = (step["run"] for step in workflow["jobs"]["dashboard"]["steps"] if "run" in step)
    assert install.strip() == f'pip install "pipecli-crm[charts]=={__version__}"'
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = shell(draw, root, RUNNER_TEMP=str(tmp_path), PATH=path)
    assert done.returncode == 0, done.stderr
    assert "<html" in (tmp_path / "dashboard" / "index.html").read_text()
    assert "exists already" in cli("init", "--ci", "github", "--pages", code=1).err
    cli("init", "--ci", "gitlab", "--pages", code=2)
    assert run(["init", str(tmp_path / "new"), "--ci", "github", "--pages"]) == 0
    founded = subprocess.run(
        ["git", "log", "--name-only", "--format="], cwd=tmp_path / "new", capture_output=True, text=True
    ).stdout.split()
    assert {file, FILES["github"], "pipecli.yaml"} <= {*founded} and len(founded) == len({*founded})
