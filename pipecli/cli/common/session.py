"""One run of the program: which pipeline, in which format, on what day, as whom."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime, tzinfo
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from pipecli.cli.common.terminal_and_own_config import COLORS, choose_color, own_values, say_after
from pipecli.errors import Fault, FaultyFile, PipecliError
from pipecli.harmless_text import terminal_line
from pipecli.records.kinds import Kind
from pipecli.wording import count, first_of, with_words_cut

if TYPE_CHECKING:
    from sqlite3 import Connection

    from pipecli.cli.common.output import Format
    from pipecli.history.pipeline_as_of import PastPipeline
    from pipecli.records.compare_names import Names
    from pipecli.store.index.owner_filter_and_list_sql import OwnerFilter
    from pipecli.store.location import Location
    from pipecli.store.pipeline import Pipeline

FORMATS = ("table", "json", "jsonl", "csv", "tsv", "markdown", "ids")
CODE_HOST_FORMATS = ("github", "sarif")
"""More formats of `check`: it alone has findings with a file and a line."""


class Session:
    """The values of the shared options, and the pipeline they name."""

    def __init__(self) -> None:
        choose_color("auto")
        _said.clear()
        _said_before_question.clear()
        if output := sys.modules.get("pipecli.cli.common.output"):
            output.begun.clear()
        self.directory = "."
        self.format_name = "table"
        self.today_text = ""
        self.as_of: str | None = None
        self.message = ""
        self.dry_run = False
        self.no_commit = False
        self.filters: dict[str, str | bool] = {}
        self.answers: dict[str, str] = {}
        """To the questions of this command that are for none of its options."""
        self._given: set[str] = set()
        self._made_before = len(_changes_made())

    def set(self, name: str, value: str | bool) -> None:
        """Take one shared option."""
        self._given.add(name)
        if name == "format":  # the verb knows whether it has it
            self.format_name = str(value)
        elif name == "color":
            choose_color(str(value))
        elif name == "today":
            self.today_text = str(value)
        elif hasattr(self, name):
            setattr(self, name, value)
        else:
            self.filters[name] = value

    def option(self, name: str) -> str | bool:
        """A filter of a list; empty when it was not given."""
        return self.filters.get(name, "")

    @cached_property
    def defaults(self) -> dict[str, str]:
        """The person's own defaults, at a terminal; a script has none."""
        return own_values() if sys.stdout.isatty() else {}

    def fill_in_own_defaults(self, formats: Sequence[str]) -> None:
        """Take the person's format and colour, where a verb has that format and nothing else is asked for."""
        for name, known in (("format", formats), ("color", COLORS)):
            if name not in self._given and self.defaults.get(name) in known:
                self.set(name, self.defaults[name])

    @property
    def format(self) -> Format:
        from pipecli.cli.common.output import Format

        return Format(self.format_name)

    @cached_property
    def pipeline(self) -> Pipeline:
        """The pipeline of `-C`, or the one around this directory; with --as-of as it stood then."""
        return self.present if self.as_of is None else self.past_pipeline(self.as_of, self.fixed_now())

    @cached_property
    def present(self) -> Pipeline:
        """The pipeline as it is on disk, whatever --as-of says."""
        from pipecli.store.pipeline import Pipeline

        pipeline = Pipeline(self._location, self.fixed_now())
        pipeline.tell = say
        pipeline.recover_killed()
        return pipeline

    def refuse_links_out(self, given: Iterable[object]) -> None:
        """Refuse paths that a link of the pipeline leads out of it; a link elsewhere is the person's own."""
        each = (one for value in given for one in (value if isinstance(value, list) else [value]))
        if not (paths := [one for one in each if isinstance(one, Path)]):
            return
        from pipecli.store.location import NoPipeline
        from pipecli.store.safe_files import refuse_link_out

        with suppress(NoPipeline):
            for path in paths:
                refuse_link_out(path, {self._location.root, self._location.work_tree})

    @cached_property
    def _location(self) -> Location:
        """Where the pipeline is. Raises NoPipeline."""
        from pipecli.store.location import find_location

        return find_location(Path(self.directory))

    def close(self) -> None:
        """Give back what the run holds: who runs many commands in one process must not pile up indexes."""
        for name in ("pipeline", "present"):
            if name in self.__dict__:
                self.__dict__[name].close()

    def interruption(self) -> str:
        """The words for what an interrupt has left of the command."""
        pipeline = self.__dict__.get("pipeline") or self.__dict__.get("present")
        if pipeline and pipeline.location.journal.exists():
            return "interrupted in the middle of a change; the next command finishes or undoes it"
        return f"interrupted; {self.what_stays() or 'nothing is changed'}"

    def what_stays(self) -> str:
        """The part of the command that stays, whatever becomes of it now, in words."""
        if changes := _changes_made()[self._made_before :]:
            commit = next((commit for commit in reversed(changes) if commit), "")
            last = f", the last as commit {commit[:7]}" if commit else ""
            return f"it has made {count(len(changes), 'change')}{last}"
        pipeline = self.__dict__.get("pipeline") or self.__dict__.get("present")
        return (pipeline.beyond_undo if pipeline else "") or self.files_that_stay()

    def files_that_stay(self) -> str:
        """The files outside of records that are in place, in words."""
        output = sys.modules.get("pipecli.cli.common.output")
        files = output.written_whole() if output else []
        return f"written: {first_of(files, 3)}" if files else ""

    def look_again(self) -> None:
        """Read the pipeline anew when it is next asked: what others wrote since then counts."""
        self.close()
        for name in ("pipeline", "present"):
            self.__dict__.pop(name, None)

    def past_pipeline(self, text: str, now: date | datetime | None = None) -> PastPipeline:
        """The pipeline as of a date (its end), a time or a revision, and a word on which commit that is.

        Its `today` is the day of then, unless `now` says another.
        """
        from pipecli.cli.common.typed_dates import parse_as_of
        from pipecli.history.commit_as_of import moment_text, zone_of
        from pipecli.history.pipeline_as_of import pipeline_as_of
        from pipecli.store.pipeline import now_in

        location = self.present.location
        zone = zone_of(location)
        moment = parse_as_of(text, now_in(zone, self.fixed_now()).date(), zone)
        pipeline = pipeline_as_of(location, moment, zone, now)
        standing = pipeline.standing
        if self.format_name == "table":
            say(f"as of {moment_text(moment)}: commit {standing.commit[:7]} of {standing.at:%Y-%m-%d %H:%M}")
        for note in standing.notes:
            say(f"warning: {note}")
        return pipeline

    @property
    def connection(self) -> Connection:
        """The index of the pipeline, to be queried."""
        return self.pipeline.connection

    @property
    def today(self) -> date:
        return self.pipeline.today

    @property
    def now(self) -> datetime:
        return self.pipeline.now

    @property
    def zone(self) -> tzinfo:
        """The timezone of the pipeline."""
        assert self.now.tzinfo is not None
        return self.now.tzinfo

    def fixed_now(self) -> date | datetime | None:
        """The value of `--today`: a day, or a time for tests; None for the clock's."""
        if not self.today_text:
            return None
        try:
            kind = datetime if "T" in self.today_text else date
            now = kind.fromisoformat(self.today_text)
            if not date.min.year < now.year < date.max.year:
                raise ValueError  # it has no yesterday, or is no time in another zone
            return now
        except ValueError:
            raise PipecliError(f'--today: "{self.today_text}" isn\'t a date; write 2026-11-21') from None

    def me(self) -> str | None:
        """The user who runs this: PIPECLI_USER, else the one with git's e-mail address."""
        named = os.environ.get("PIPECLI_USER")
        if named and named not in self.pipeline.settings_as_written.get("users", {}):
            raise PipecliError(f"PIPECLI_USER: unknown user {named}", hint="see `pipecli user list`")
        return named or self.pipeline.committing_user

    def person(self) -> tuple[str, str | None] | None:
        """The user who runs this, with their team; None where git's identity isn't a user."""
        me = self.me()
        return None if me is None else (me, self.pipeline.settings_as_written["users"][me].get("team"))

    def require_person(self) -> tuple[str, str | None]:
        """The same. Raises PipecliError when git's identity isn't a user."""
        if person := self.person():
            return person
        raise PipecliError(
            "your git e-mail address isn't a user's",
            hint="add yourself with `pipecli user add`, or set PIPECLI_USER",
        )

    def people(self, noun: str) -> Names:
        """The users or teams of the settings, or both, by id with their names."""
        from pipecli.records.compare_names import people_of
        from pipecli.store.index.rows_for_verbs import rows_where

        known: dict[str, Sequence[str]] = {}
        for section in {"user": ("users",), "team": ("teams",)}.get(noun, ("users", "teams")):
            # Without a team of which nothing is said.
            called = people_of(self.pipeline.settings_as_written.get(section, {}))
            rows = rows_where(self.pipeline.connection, ("id", "name"), section, order="rowid")
            known |= {key: called.get(key, [name or key]) for key, name in rows}
        return known

    def day(self, text: str, *, past: bool = False) -> date:
        """A day as people type them: ISO, today, +3d, friday, 15 dec; of the past, where no year is given."""
        from pipecli.cli.common.typed_dates import parse_day

        day = parse_day(text, self.today, past=past)
        if text.strip() != day.isoformat():
            mention(f'"{text.strip()}" is {day:%A} {day}')
        return day

    def moment_or_day(self, text: str, *, past: bool = False) -> datetime | date:
        """A moment where a time of day is given, else a day."""
        from pipecli.cli.common.typed_dates import has_clock, parse_moment

        if not has_clock(text) and ":" not in text:
            return self.day(text, past=past)
        moment = parse_moment(text, self.today, self.zone, past=past, now=self.now)
        if not text.strip()[:4].isdecimal():
            mention(f'"{text.strip()}" is {moment:%A %Y-%m-%d %H:%M}')
        return moment

    def directory_for(self, directory: Path) -> Path:
        """A directory that the command line names, from where `-C` says we are; no link leads out to it."""
        self.refuse_links_out([found := Path(self.directory) / directory])
        return found

    def read(self, *kinds: Kind) -> Pipeline:
        """The pipeline for a command that reads all records of these kinds.

        A broken file of these kinds stops it; one of another kind is named on stderr.
        """
        warn(self.pipeline.require_readable(*kinds))
        return self.pipeline


def session(ctx: typer.Context) -> Session:
    """The session of a command."""
    return ctx.ensure_object(Session)


def owner_asked(run: Session, known: set[str]) -> str:
    """The value of `--owner`, else of the person's own default; empty for everybody's, as `all` is."""
    asked = str(run.option("owner") or "")
    is_default = (
        not asked and "owner" in known and not any(run.option(name) for name in ("team", "mine", "seller"))
    )
    if is_default and (default := run.defaults.get("owner")):
        name = run.me() if default == "me" else default
        if name in run.pipeline.settings_as_written.get("users", {}):  # of another pipeline perhaps not
            asked = str(name)
            say_after(f"of {asked} alone, as `pipecli config owner` says; --owner all")
    return "" if asked == "all" else asked


def owner_filter(run: Session) -> OwnerFilter:
    """The owners that the options name; a name that isn't in the settings is refused, as it gives nothing."""
    from pipecli.store.index.owner_filter_and_list_sql import OwnerFilter

    def key(noun: str, name: str | bool) -> str | None:
        if not name:
            return None
        from pipecli.records.compare_names import chosen_id

        return chosen_id(str(name), run.people(noun), f"unknown {noun} {name}")

    owner = key("user", owner_asked(run, {"owner"}))
    team, seller = key("team", run.option("team")), key("user", run.option("seller"))
    me, my_team = run.require_person() if run.option("mine") else (None, None)
    return OwnerFilter(owner, team, me, my_team, seller)


_MOST_WARNINGS = 5


def warn(faults: Sequence[Fault]) -> None:
    """Name the files that could not be read and that this command does not need."""
    for fault in faults[:_MOST_WARNINGS]:
        say(f"warning: {fault}")
    if len(faults) > _MOST_WARNINGS:
        say(f"warning: {len(faults) - _MOST_WARNINGS} more faults; `pipecli check` lists them")


def _changes_made() -> list[str]:
    """Those of this process; of a verb that only reads, nobody has loaded what makes them."""
    return getattr(sys.modules.get("pipecli.store.change_journal"), "changes_made", [])


_said: set[str] = set()
_said_before_question: set[str] = set()
"""Of what this run has said, what stands above a question: the second try of a command doesn't repeat it."""


def repeat_nothing() -> None:
    """Note what the command said so far, so that it isn't said again."""
    _said_before_question.update(_said)


def say(line: str) -> None:
    """Tell a person something that isn't a result."""
    if line not in _said_before_question:
        text = "\n".join([with_words_cut(terminal_line(part)) for part in line.split("\n")])
        with suppress(BrokenPipeError):  # who heard us is gone, and the work goes on
            typer.echo(text, err=True)
        _said.add(line)


def mention(line: str) -> None:
    """Tell somebody at a terminal that all is well; cron, which would mail it, hears nothing."""
    if sys.stderr.isatty():
        say(line)


_WORTH_A_BAR = 500
"""Rows; fewer are done before a bar is read."""


@contextmanager
def all_faults() -> Iterator[None]:
    """Name every fault of a file, so that they are mended at once; the first is the error."""
    try:
        yield
    except FaultyFile as error:
        for fault in error.faults[1:]:
            say(str(fault))
        raise


@contextmanager
def progress(rows: int) -> Iterator[Callable[[int], None]]:
    """A bar on stderr, where a person sees it; a row counts twice: it is read, and its record is made."""
    if rows < _WORTH_A_BAR or not sys.stderr.isatty():
        yield lambda _: None
        return
    with typer.progressbar(length=2 * rows, label=f"{rows:,} rows", file=sys.stderr) as bar:
        bar.update_min_steps = max(1, rows // 50)
        yield bar.update
