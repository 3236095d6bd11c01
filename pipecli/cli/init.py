"""`init`: a new pipeline with settings that work untouched.

`init --sample`: a year in the life of a small coffee-machine seller, told by the verbs themselves.

The story is a text (`sample.story`) of dated command lines. Each runs as it would at a prompt, with the clock
and the author of its line, so the git history is that of a team at work. Its last day is moved to today.
"""

from __future__ import annotations

import io
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, redirect_stderr, redirect_stdout
from datetime import date, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import typer

from pipecli.cli.common.command import Verb, argument, flag, noun, option
from pipecli.cli.common.session import Session, say
from pipecli.cli.common.terminal_and_own_config import environment
from pipecli.cli.main import INTERRUPTED, run
from pipecli.errors import PipecliError
from pipecli.extras import PINNED_INSTALL_CHARTS
from pipecli.records.days import quarter_of
from pipecli.records.kinds import SETTINGS_FILE
from pipecli.store import create_pipeline, git, git_commit
from pipecli.store.change_journal import journal_of_git_work
from pipecli.store.create_pipeline import HOSTS, CiFile
from pipecli.store.location import find_location, location_at
from pipecli.store.pipeline import Pipeline
from pipecli.store.plan_writes import Write
from pipecli.store.record_meant import record_meant
from pipecli.store.write_and_commit import write_and_commit

app = noun()


@app.command(cls=Verb)
def init(
    run: Session,
    directory: Path = argument("The directory; created if it is missing.", "[DIR]", default=Path()),
    currency: str | None = option("The base currency. Default: EUR.", "CODE"),
    company: str | None = option("The seller. Default: the directory's name.", "NAME"),
    sample: bool = flag("--sample", "Fill it with a year of a small company."),
    timezone: str | None = option("Such as Europe/Madrid. Default: the machine's.", "ZONE"),
    ci: str | None = option(
        "github or gitlab: also write the CI file that reviews pull requests. An existing "
        "pipeline gets only that file.",
        "HOST",
    ),
    pages: bool = flag(
        "--pages",
        "With --ci github: also build the dashboard on a schedule and on pushes, as an "
        "artifact; the file says how to publish it as a page, and who could see that.",
    ),
    server_hook: bool = flag(
        "--server-hook",
        "DIR is a bare repository on a server: refuse pushes that alter what is settled, such "
        "as a sent quotation.",
    ),
    install: str | None = option(
        "With --ci: the command that installs pipecli there, from a fork or an index of your "
        "own. Default: this version, from the package index.",
        "COMMAND",
    ),
) -> None:
    """Make a new pipeline, its git repository included."""
    root = run.directory_for(directory)
    has_settings = bool(currency or company or timezone)
    review = _review(ci, install)
    if pages and ci != "github":
        raise typer.BadParameter("needs --ci github", param_hint="--pages")
    dashboard = [CiFile(create_pipeline.DASHBOARD, install or PINNED_INSTALL_CHARTS)] if pages else []
    wanted = [*([review] if review else []), *dashboard]
    if server_hook:
        if ci or sample or has_settings:
            raise typer.BadParameter("goes alone", param_hint="--server-hook")
        say(f"{create_pipeline.add_server_hook(root)} looks at every push to the shared branch")
        return
    if review and (root / SETTINGS_FILE).is_file() and not (sample or has_settings):
        _add(dashboard if dashboard and (root / review.host.file).exists() else wanted, root)
        return
    if sample:
        if has_settings:
            raise typer.BadParameter(
                "has a currency, a company and a timezone of its own", param_hint="--sample"
            )
        now = run.fixed_now() or date.today()
        commits = replay(root, now.date() if isinstance(now, datetime) else now, wanted)
        command = shlex.join(["pipecli", "-C", str(directory), "forecast"])
        say(f"{commits} commits of a small company are in {root}; try: {command}")
        say("as one of its sellers you see what is yours: export PIPECLI_USER=ana")
    else:
        create_pipeline.create_pipeline(
            root,
            currency=currency or "EUR",
            company=company,
            timezone=timezone,
            reviews=wanted,
            tell=say,
        )
        there = root if directory.parts else root.resolve()
        say(f"a new pipeline is in {there}; the first steps: `pipecli --help`, `pipecli lead add`")
    _tell_of(dashboard)


def _review(ci: str | None, install: str | None) -> CiFile | None:
    if install is not None and (ci is None or not install.strip() or not install.isprintable()):
        problem = "goes with --ci" if ci is None else "must be a command of one line"
        raise typer.BadParameter(problem, param_hint="--install")
    if ci is None:
        return None
    if ci not in HOSTS:
        raise typer.BadParameter(f'"{ci}" must be one of {", ".join(HOSTS)}', param_hint="--ci")
    return CiFile(HOSTS[ci], install.strip()) if install else CiFile(HOSTS[ci])


def _add(reviews: Sequence[CiFile], root: Path) -> None:
    """Give a pipeline that is there the files of a code host."""
    pipeline = Pipeline.find(root)
    pipeline.tell = say
    with pipeline.exclusive():
        create_pipeline.add_ci(pipeline.location, reviews)
    _tell_of(reviews)


def _tell_of(reviews: Sequence[CiFile]) -> None:
    for host in (review.host for review in reviews):
        does = "draws the dashboard" if host is create_pipeline.DASHBOARD else "reviews what is to be merged"
        say(f"{host.file} is committed; push it, and {host.name} {does}")


LAST_DAY = date(2026, 11, 20)
"""The day on which the story ends, as it is written."""


class Line(NamedTuple):
    """One command of the story."""

    number: int
    moment: datetime
    author: str
    name: str
    """The variable that keeps the id it prints; empty: none does."""
    words: list[str]


def replay(root: Path, today: date, reviews: Sequence[CiFile] = ()) -> int:
    """Make the sample pipeline in a directory; the number of commits made. Raises PipecliError."""
    lines = list(story(files("pipecli.cli").joinpath("sample.story").read_text(encoding="utf-8")))
    shift = timedelta(weeks=(today - LAST_DAY).days // 7)  # whole weeks: a Monday stays a Monday
    first = lines[0]
    _clear_half(root, lines[-1].moment - first.moment)
    with _world(first.moment + shift, first.author):
        user = create_pipeline.Person(first.author, *PEOPLE[first.author])
        create_pipeline.create_pipeline(
            root,
            currency="EUR",
            company="Contoso Coffee",
            timezone="Europe/Madrid",
            user=user,
            reviews=reviews,
        )
    last = LAST_DAY + shift
    quarter = quarter_of(last)
    known = {"targets": f"targets.{quarter}={{ana: 20000, luis: 15000, export: 40000}}"}
    for line in lines:
        with _world(line.moment + shift, line.author):
            words = [known[word[1:]] if word.startswith("$") else word for word in line.words]
            match words[0]:
                case "by-hand":
                    printed = _by_hand(root, words)
                case "attach-text":
                    printed = _attach(root, line, words)
                case _:
                    printed = _run(root, line, words)
        if line.name:
            known[line.name] = printed
        if sys.stderr.isatty():
            end = "\n" if line is lines[-1] else ""
            sys.stderr.write(f"\r{line.number} of {len(lines)}{end}")
            sys.stderr.flush()
    return int(git.output(root, "rev-list", "--count", "HEAD", "--", "."))


def _clear_half(root: Path, whole: timedelta) -> None:
    """Take back the commits of a sample whose command was killed, if nobody has done anything there since."""
    if not (root / ".git").is_dir() or not git_commit.head_of(place := location_at(root)):
        return
    with Pipeline(place).exclusive():  # which finishes or undoes the line that was cut off
        logged = git.output(root, "log", "--all", "--format=%ct %ce").splitlines()
        moments = [int(line.split()[0]) for line in logged]
        states = {line[:2].strip() for line in git.output(root, "status", "--porcelain").splitlines()}
        is_ours = {line.partition(" ")[2] for line in logged} <= {email for _, email in PEOPLE.values()}
        if max(moments) - min(moments) >= whole.total_seconds() or not is_ours or states - {"D"}:
            return
        say("the sample that was cut off is begun again")
        with journal_of_git_work(place, "init --sample"):
            git.output(root, "rm", "-rqf", "--ignore-unmatch", ".")
            git.output(root, "update-ref", "-d", "HEAD")


def story(text: str) -> Iterator[Line]:
    """The commands of a story.

    `@ 2026-03-02 10:15 ana` dates what follows, seven minutes apart; `deal = opp add …` keeps the id.
    """
    moment, author, place = datetime.min, "", 0
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith("@"):
            day, time, author = line[1:].split()
            moment = datetime.fromisoformat(f"{day}T{time}:00+01:00")
        elif line and not line.startswith("#"):
            words = shlex.split(line)
            name = words[0] if len(words) > 1 and words[1] == "=" else ""
            place += 1
            yield Line(place, moment, author, name, words[2:] if name else words)
            moment += timedelta(minutes=7)


def _run(root: Path, line: Line, words: list[str]) -> str:
    """Run one command in this process; what it printed, an id for those that made something."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run(["-C", str(root), *(["--format", "ids"] if line.name else []), *words])
    if code == INTERRUPTED:
        raise KeyboardInterrupt
    if code:
        error = err.getvalue().strip()
        raise PipecliError(f"the sample's command {line.number}, {shlex.join(words)}: {error}")
    return out.getvalue().strip()


def _by_hand(root: Path, words: list[str]) -> str:
    """`by-hand REF REMARK`: someone opens a file and writes a comment, then commits with git."""
    _, name, remark = words
    pipeline = Pipeline(find_location(root))
    with pipeline.exclusive():
        record = record_meant(pipeline, name)
        before = pipeline.raw(record.file)
        first, rest = before.split(b"\n", 1)
        writes = [Write(record.file, before, b"%s\n# %s\n%s" % (first, remark.encode(), rest))]
        write_and_commit(pipeline, writes, f"{record.key}: a remark by hand")
    return record.key


def _attach(root: Path, line: Line, words: list[str]) -> str:
    """`attach-text REF NAME TEXT`: attach a file that says so."""
    _, name, file, text = words
    with TemporaryDirectory(prefix="pipecli-") as folder:
        path = Path(folder) / file
        path.write_text(f"{text}\n", encoding="utf-8")
        return _run(root, line, ["attach", name, str(path)])


PEOPLE = {
    "ana": ("Ana Ruiz", "ana@contoso.example"),
    "luis": ("Luis Ortega", "luis@contoso.example"),
    "sara": ("سارا احمدی", "sara@contoso.example"),
    "marta": ("Marta Gil", "marta@contoso.example"),
}


def _world(moment: datetime, author: str) -> AbstractContextManager[None]:
    """The clock and the identity of one line, for pipecli and for git."""
    name, email = PEOPLE[author]
    stamp = moment.isoformat()
    parts = {"NAME": name, "EMAIL": email, "DATE": stamp}
    identity = {"PIPECLI_TODAY": stamp, "PIPECLI_USER": author}
    return environment(
        identity | {f"GIT_{who}_{part}": parts[part] for who in ("AUTHOR", "COMMITTER") for part in parts}
    )
