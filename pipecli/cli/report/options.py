"""The options that reports share, beside those of `whose.Report`: which days, by what, in which currency.

What people call the keys of a report's rows: users, teams, stages, customers, products by their names.

A report on stdout: its rows as a table with a caption, totals and remarks, or in another format.

The journeys of the deals that a report is about, with a word on stderr where history tells less.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

import typer

from pipecli.cli.common.list import owner_filter
from pipecli.cli.common.output import Format, print_records, terminal_width, wrapped, write_text
from pipecli.cli.common.session import Session, say
from pipecli.cli.common.table import Column, money
from pipecli.errors import PipecliError
from pipecli.history.stages import journeys
from pipecli.records.money import minor_digits
from pipecli.reports.days import Days
from pipecli.reports.deals import Deal, Place
from pipecli.store.index.deals import all_deals, stages_entered

From = Annotated[str, typer.Option("--from", help="From this day or period on.", metavar="DATE")]
To = Annotated[str, typer.Option("--to", help="Until this day or period.", metavar="DATE")]
FromClose = Annotated[
    str, typer.Option("--from", help="Expected to close from this day or period on.", metavar="DATE")
]
ToClose = Annotated[
    str, typer.Option("--to", help="Expected to close until this day or period.", metavar="DATE")
]
Currency = Annotated[str, typer.Option("--currency", help="In this currency, not the base.", metavar="CODE")]


def by_option(groupings: Sequence[str]) -> Any:
    """`--by`, for an `Annotated[str, …]`; `grouping` holds what was typed to the same words."""
    return typer.Option("--by", help=f"One of {', '.join(groupings)}.", metavar="WHAT")


def grouping(by: str, groupings: Sequence[str], option: str = "--by") -> str:
    """The grouping that was asked for. Raises typer.BadParameter for one that the report has not."""
    if by not in groupings:
        raise typer.BadParameter(f'"{by}" is none of {", ".join(groupings)}', param_hint=option)
    return by


def days(from_: str, to: str, today: date) -> Days:
    """The days from `--from` to `--to`, each a day or a period. Raises PipecliError."""
    if not from_ and not to:
        return Days()
    from pipecli.cli.common.dates import parse_from, parse_to

    asked = Days(parse_from(from_, today) if from_ else None, parse_to(to, today) if to else None)
    if asked.first and asked.last and asked.last < asked.first:
        raise PipecliError(f"--from {asked.first} is after --to {asked.last}", hint="swap them")
    return asked


def currency_code(text: str) -> str | None:
    """The currency of `--currency`; None where none was given. Raises PipecliError."""
    code = text.upper()
    if code and not (len(code) == 3 and code.isascii() and code.isalpha()):
        raise PipecliError(f'--currency: "{text}" is no currency code', hint="write one as EUR")
    return code or None


def said(asked: Days) -> str:
    """`from 2026-10-01 to 2026-12-31`; empty without bounds."""
    first, last = asked
    return " ".join([*([f"from {first}"] if first else []), *([f"to {last}"] if last else [])])


Key = tuple[str | None, str | None]
"""The process of a stage (else None), and the stage, user, team, month, …; None: of none."""


class Names:
    """The names of what one grouping can be about; what has no name is called by its key."""

    def __init__(self, run: Session, by: str) -> None:
        self.by = by
        self.settings: dict[str, Any] = run.pipeline.settings_as_written
        self._names: dict[str, str] = {}
        if by in ("owner", "user", "manager", "team"):
            known = self.settings.get("teams" if by == "team" else "users", {})
            self._names = {slug: each["name"] for slug, each in known.items() if "name" in each}
        elif by == "process":
            known = self.settings["processes"]
            self._names = {slug: each["name"] for slug, each in known.items() if "name" in each}
        elif by == "stage":
            for slug, process in self.settings["processes"].items():
                for stage in process["stages"]:
                    self._names[f"{slug}/{stage['id']}"] = stage.get("name", stage["id"])
        elif by in ("customer", "product", "competitor"):
            found = run.pipeline.index.connection.execute(
                "SELECT key, label FROM _records WHERE noun = ?", (by,)
            )
            self._names = dict(found.fetchall())

    def name(self, key: str | None, process: str | None = None) -> str | None:
        """The name of a key; None where it has none."""
        return self._names.get(f"{process}/{key}" if process else key or "")

    def label(self, key: str | None, process: str | None = None) -> str:
        """What a person reads for a key: its name, else the key, else `without owner`."""
        return self.name(key, process) or (f"without {self.by}" if key is None else key)

    def stages(self) -> list[Key]:
        """Every stage in the order of its process."""
        return [
            (slug, stage["id"])
            for slug, process in self.settings["processes"].items()
            for stage in process["stages"]
        ]


def print_report(
    run: Session,
    caption: str,
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[Column],
    *,
    about: Mapping[str, Any],
    total: Mapping[str, Any] | None = None,
    remarks: Sequence[str] = (),
    nothing: str = "",
    id_key: str = "key",
) -> None:
    """Print rows that have the keys of JSON.

    JSON is one object: what it is `about`, and the rows. The table has the `total` as its last row, then the
    remarks; where there are no rows it says `nothing`. Every other format has the rows alone.
    """
    if run.format is Format.JSON:
        from pipecli.jsontext import dumps

        write_text(dumps({**about, "rows": rows}) + "\n")
    elif run.format is Format.IDS:
        print_records(list({row[id_key]: row for row in rows}.values()), columns, run.format, id_key=id_key)
    elif run.format is not Format.TABLE:
        print_records(rows, columns, run.format, id_key=id_key)
    else:
        write_text(f"{fitted(caption)}\n")
        if rows:
            print_records([*rows, *([total] if total else [])], columns, Format.TABLE)
        else:
            write_text(f"{nothing}\n")
        write_text("".join(fitted(line) for line in ["", *remarks]) if remarks else "")


def fitted(line: str) -> str:
    """A line in as many as the terminal needs for it."""
    return "".join(f"{each}\n" for each in wrapped(line, terminal_width()))


def count_column(name: str, heading: str, rank: int = 0) -> Column:
    return Column(name, heading, align="right", rank=rank)


def money_column(name: str, heading: str, currency: str, rank: int = 0) -> Column:
    """An amount with the decimals of its currency; empty where it is unknown."""
    digits = minor_digits(currency)

    def show(row: Mapping[str, object]) -> str:
        value = row[name]
        return "" if value is None else money(Decimal(str(value)), None, digits)

    return Column(name, heading, align="right", rank=rank, show=show)


def percent_column(name: str, heading: str, rank: int = 0) -> Column:
    """A percentage; empty where there is nothing that it could be of."""

    def show(row: Mapping[str, object]) -> str:
        return "" if row[name] is None else f"{row[name]} %"

    return Column(name, heading, align="right", rank=rank, show=show)


def stage_places(order: Sequence[Place]) -> dict[Place, int]:
    """The place of each stage, which stand in the order of their processes."""
    return {place: number for number, place in enumerate(order)}


def read_journeys(run: Session, order: Sequence[Place]) -> list[Deal]:
    """The deals of `--owner`, `--team` and `--mine` with their visits to the stages, as of `--as-of`."""
    pipeline, zone = run.pipeline, run.now.tzinfo
    assert zone
    found = journeys(
        pipeline.location,
        all_deals(pipeline.index.connection, owner_filter(run), zone),
        stages_entered(pipeline.index.connection),
        until=pipeline.revision,
        now=run.now,
        stages=stage_places(order),
        say=say,
    )
    for note in found.notes:
        say(f"warning: {note}")
    return found.all
