"""`today`, and `pipecli` alone: what a person has to look at this morning; `find`: records by any of their
words.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from shutil import get_terminal_size
from typing import Any

from pipecli.cli.common.command import Owned, Reading, argument, noun, option
from pipecli.cli.common.names_and_questions import document_row, note_rows, print_rows
from pipecli.cli.common.output import Format, print_records, room_beside, wrapped, write_text
from pipecli.cli.common.session import Session, mention, owner_filter, say, session
from pipecli.cli.common.table import Column, cut, isolated
from pipecli.cli.common.terminal_and_own_config import terminal_width
from pipecli.errors import PipecliError
from pipecli.harmless_text import terminal_line
from pipecli.records.days import Days
from pipecli.records.kinds import BY_NOUN, CUSTOMER, INVOICE, LEAD, OPPORTUNITY, QUOTATION, collection_named
from pipecli.reports.today_and_followups import (
    Row,
    deal_row,
    followup_row,
    overdue_deals,
    quotation_to_ask_after,
    rows_that_fit,
    stale_not_overdue,
)
from pipecli.store.index.owner_filter_and_list_sql import OwnerFilter
from pipecli.store.index.rows_for_verbs import count_records as record_count
from pipecli.store.index.rows_for_verbs import labels
from pipecli.store.index.sql_and_search import search_records

app = noun()

_MOST = 20


@app.command("find", cls=Reading)
def find(
    run: Session,
    words: list[str] = argument("All of them must be there.", "WORDS..."),
    kind: list[str] | None = option("Only this kind, such as opp or contact; repeatable.", "NOUN"),
    limit: int = option("Show the best N; 0 shows all.", "N", default=_MOST, min=0),
) -> None:
    """Find records by names, titles, notes, subjects, addresses or a telephone number, the best match first.

    Case and accents don't matter, nor how a number is written. What is open comes before what has ended.
    """
    nouns = [_noun(name) for name in kind or ()]
    run.read(*(BY_NOUN[name] for name in nouns))
    shown, count = search_records(run.connection, " ".join(words), nouns, limit)
    if not count and run.format is Format.TABLE:
        say(f"nothing holds {' and '.join(words)}")
        return
    records = [dict(zip(_KEYS, hit, strict=True)) for hit in shown]
    print_rows(run, records, _FOUND, [(hit.noun, hit.key) for hit in shown])
    if len(shown) < count:
        say(f"the best {len(shown)} of {count}; --limit 0 shows all")


def _noun(name: str) -> str:
    kind = collection_named(name)
    if kind is None or not kind.folder:
        raise PipecliError(f'--kind: "{name}" isn\'t a kind of record', hint=f"one of {', '.join(BY_NOUN)}")
    return kind.noun


_KEYS = ("kind", "id", "name", "status", "owner", "field", "text", "score")
_FOUND = (
    Column("kind", "KIND", rank=2),
    Column("id", "ID"),
    Column("name", "NAME", shrink=True, min_width=14),
    Column("status", "STATUS", rank=3),
    Column("field", "FIELD", shrink=True, rank=4),
    Column("text", "WHERE", shrink=True, min_width=14, rank=1),
)


FIRST_STEPS = (
    ('pipecli lead add --name "María López" --organization "Contoso Coffee"', "a first lead"),
    ('pipecli opp add "Espresso machines" --organization "Contoso Coffee"', "a first deal"),
    ("pipecli import opportunities deals.csv --dry-run", "what you have elsewhere"),
)
"""What to type in a pipeline that holds nothing yet."""

_MOST_ROWS = 13
_MOST_NEWS = 4
"""With the headings that makes the twenty lines of a short screen."""
_LEAST_ROWS = 4
_WIDE = 80
"""Columns in which what there is more takes one line."""


@app.command("today", cls=Owned)
def today(run: Session) -> None:
    """Show what is due today: follow-ups, quotations to ask after, overdue and stale deals.

    It shows what is yours or shared with you (everybody's, if git's e-mail address isn't a user's), then what
    happened since yesterday. `--format json` has every row.
    """
    from pipecli.store.index.rows_for_followups import followups_until, sent_quotations

    pipeline = run.read(LEAD, OPPORTUNITY, QUOTATION, INVOICE, CUSTOMER)
    chosen = _chosen(run)
    followups = map(followup_row, followups_until(pipeline, chosen, run.today))
    sent = sent_quotations(pipeline.connection, chosen)
    quotations = filter(None, (quotation_to_ask_after(quotation, run.now) for quotation in sent))
    sections = [list(followups), list(quotations), *_deals(run, chosen)]
    rows = [row for section in sections for row in section]
    if run.format is not Format.TABLE:
        print_records(_numbered(rows), _COLUMNS[1:], run.format)
        return
    news = _news(run)
    shown = rows_that_fit(sections, _most_rows() + _MOST_NEWS - min(len(news), _MOST_NEWS))
    whose = chosen.owner or chosen.team or chosen.me
    heading = f"{run.today:%A} {run.today}" + (f", {whose}" if whose else "")
    write_text(f"{isolated(terminal_line(heading))}\n")
    if shown:
        documents = [document_row(row["id"]) for row in shown]
        rows_shown = [{**row, "record": row["id"]} for row in _numbered(shown)]
        has_others = any(row["by"] not in (None, chosen.owner or chosen.me) for row in shown)
        columns = [column for column in _COLUMNS if has_others or column.name != "by"]
        print_rows(run, rows_shown, columns, documents, "record", is_list=False)
        note_rows(run, documents)
    elif record_count(pipeline.connection) <= 1:  # the settings
        write_text(f"nothing is here yet; begin with one of\n{steps(FIRST_STEPS)}")
    else:
        write_text("nothing is due\n")
    if len(rows) > len(shown):
        more = len(rows) - len(shown)
        line = f"and {more:,} more: pipecli followups, report stale, quote list; --format json has all"
        write_text("\n".join([*wrapped(line, room_beside(0)), ""]))
    _write_news(news)


def _chosen(run: Session) -> OwnerFilter:
    """The owners that the options name, else the one who runs this."""
    if any(run.option(name) for name in ("owner", "team", "mine")):
        return owner_filter(run)
    if (person := run.person()) is None:
        mention("git's e-mail address isn't that of a user: this is everybody's work")
        return OwnerFilter()
    return OwnerFilter(None, None, *person)


def _most_rows() -> int:
    """The rows of work on the page: fewer on a short screen, which needs no pager then."""
    if not sys.stdout.isatty():
        return _MOST_ROWS
    width, height = get_terminal_size()
    around = _MOST_NEWS + (7 if width >= _WIDE else 9)  # headings, the last lines, what was typed, the prompt
    return max(min(_MOST_ROWS, height - around), _LEAST_ROWS)


def _deals(run: Session, chosen: OwnerFilter) -> list[list[Row]]:
    """The open deals whose expected close is past, and the others that stand still."""
    from pipecli.history.stage_visits import last_stage_changes
    from pipecli.store.index.rows_for_reports import open_deals

    deals = open_deals(run.connection, chosen, Days(None, None), with_activities=True)
    names = labels(run.connection, CUSTOMER.noun)
    # Git is asked only about deals that would be stale by their files alone.
    still = [deal for deal, _ in stale_not_overdue(deals, {}, run.today)]
    moves = last_stage_changes(run.pipeline, still, say) if still else {}
    return [
        [deal_row(*pair, names, is_overdue=True) for pair in overdue_deals(deals, run.today)],
        [deal_row(*pair, names, is_overdue=False) for pair in stale_not_overdue(still, moves, run.today)],
    ]


def _numbered(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"row": number, **row} for number, row in enumerate(rows, 1)]


def _about(record: Mapping[str, object]) -> str:
    title, customer = str(record["title"]), str(record["customer"] or "")
    return title if customer in title else f"{title} ({customer})"


_COLUMNS = (
    Column("row", "#", align="right"),
    Column("when", "WHEN"),
    Column("by", "WHO", shrink=True, rank=2),
    Column("what", "WHAT", shrink=True, min_width=12),
    Column("record", "RECORD", rank=1, only="table"),
    Column("id", "RECORD", only="csv"),
    Column("title", "TITLE", shrink=True, min_width=12, show=_about),
)


def _news(run: Session) -> list[tuple[str, str]]:
    """The author and the subject of each commit to this pipeline since yesterday began, the last first."""
    from pipecli.store import git

    location = run.present.location
    since = run.now.replace(hour=0, minute=0, second=0) - timedelta(days=1)
    log = git.log(
        location.work_tree,
        f"--since={since.isoformat()}",
        f"--until={run.now.isoformat()}",
        "--no-merges",
        "--format=%an%x00%s",
        "--",
        location.prefix or ".",
    )
    lines = log.decode("utf-8", "replace").split("\n")[:-1]
    return [(author, subject) for author, _, subject in (line.partition("\0") for line in lines)]


def _write_news(news: Sequence[tuple[str, str]]) -> None:
    if not news:
        return

    width = terminal_width()
    more = f", {_MOST_NEWS} of {len(news)} changes" if len(news) > _MOST_NEWS else ""
    write_text(f"since yesterday{more}\n")
    for author, subject in news[:_MOST_NEWS]:
        line = terminal_line(f"  {subject} ({author})")
        write_text(isolated(cut(line, width) if width and len(line) > width else line) + "\n")


def steps(lines: Sequence[tuple[str, str]]) -> str:
    """Commands to type, each with what it gives, a pair of lines each."""
    return "".join(f"  {command}\n      {what}\n" for command, what in lines)


_BEGIN = (
    ("pipecli init contoso && cd contoso", "a new pipeline; --sample fills it with a realistic one"),
    ('pipecli lead add --name "María López" --organization "Contoso Coffee"', "a first lead"),
    ("pipecli", "what is due today; `pipecli help` lists every command"),
)


def alone(ctx: Any) -> None:
    """Run `pipecli` without a command: `today` in a pipeline; outside of one, the first steps."""
    from pipecli.store.location import NoPipeline

    run = session(ctx)
    try:
        run.present  # noqa: B018 - raises where there is none
    except NoPipeline:
        if run.directory != ".":
            raise
        write_text(f"pipecli: a sales pipeline in a shell, kept as files under git.\n\n{steps(_BEGIN)}")
        return
    command = ctx.command.get_command(ctx, "today")
    with command.make_context("today", [], parent=ctx) as inner:
        command.invoke(inner)
