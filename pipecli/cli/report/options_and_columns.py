"""The parts that reports share: options, the names of their keys, columns, their rows in each format."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cached_property
from inspect import Parameter
from typing import Annotated, Any, NamedTuple

import typer

from pipecli.cli.common.command import option_of, own_options, with_options
from pipecli.cli.common.output import Format, print_records, wrapped, write_text
from pipecli.cli.common.session import Session, owner_filter, say
from pipecli.cli.common.table import Column, amount_text
from pipecli.cli.common.terminal_and_own_config import terminal_width
from pipecli.errors import PipecliError
from pipecli.json_and_csv import dumps
from pipecli.records.days import Days
from pipecli.records.kinds import CUSTOMER, Kind
from pipecli.reports.deal import Deal, StageKey, Valuation
from pipecli.store.index.rows_for_reports import all_deals, stages_entered
from pipecli.wording import count

_SECTIONS = {"owner": "users", "user": "users", "manager": "users", "team": "teams", "process": "processes"}
"""The sections of the settings that name what a grouping is about."""


class KeyNames:
    """The names of the keys of one grouping; a key without a name is called as it is."""

    def __init__(self, run: Session, by: str) -> None:
        self.by = by
        self.settings: dict[str, Any] = run.pipeline.settings_as_written
        self._names: dict[str, str] = {}
        if section := _SECTIONS.get(by):
            entries = self.settings.get(section, {})
            self._names = {slug: entry["name"] for slug, entry in entries.items() if "name" in entry}
        elif by == "stage":
            for slug, process in self.settings["processes"].items():
                for stage in process["stages"]:
                    self._names[f"{slug}/{stage['id']}"] = stage.get("name", stage["id"])
        elif by in ("customer", "product", "competitor"):
            from pipecli.store.index.rows_for_verbs import labels

            self._names = labels(run.connection, by)

    def name(self, key: str | None, process: str | None = None) -> str | None:
        """The name of a key; None where it has none."""
        return self._names.get(f"{process}/{key}" if process else key or "")

    def label(self, key: str | None, process: str | None = None) -> str:
        """The words for a key: its name, else the key, else `without owner`."""
        return self.name(key, process) or (f"without {self.by}" if key is None else key)

    def named(self, key: str | None, process: str | None = None) -> dict[str, Any]:
        """A key for JSON, with its name where it has one."""
        name = self.name(key, process)
        return {"key": key, **({"name": name} if name else {})}

    def stages(self) -> list[tuple[str, str]]:
        """Every stage in the order of its process."""
        return [
            (slug, stage["id"])
            for slug, process in self.settings["processes"].items()
            for stage in process["stages"]
        ]


def count_column(name: str, heading: str, rank: int = 0) -> Column:
    return Column(name, heading, align="right", rank=rank)


def money_column(name: str, heading: str, currency: str, rank: int = 0, *, signed: bool = False) -> Column:
    """An amount with the decimals of its currency; empty where it is unknown. A `signed` one has its plus."""

    def show(row: Mapping[str, Any]) -> str:
        value = row.get(name)
        sign = "+" if signed and value and value > 0 else ""
        return sign + amount_text(value, currency, named=False)

    return Column(name, heading, align="right", rank=rank, show=show)


def percent_column(name: str, heading: str, rank: int = 0) -> Column:
    """A percentage; empty where there is nothing that it could be of."""

    def show(row: Mapping[str, object]) -> str:
        return "" if row[name] is None else f"{row[name]} %"

    return Column(name, heading, align="right", rank=rank, show=show)


class Asked:
    """What a report is asked: by what, of which days, in which currency; and the pipeline that answers.

    Raises PipecliError for days and currencies.
    """

    def __init__(
        self,
        run: Session,
        *kinds: Kind,
        by: str = "",
        trend: str = "",
        from_: str = "",
        to: str = "",
        currency: str | None = None,
    ) -> None:
        self.by, self.trend = by, trend
        self.run = run
        self.pipeline = self.run.read(*kinds, *([CUSTOMER] if by == "customer" else []))
        self.period = days(from_, to, self.run.today)
        self.target = currency_code(currency or "")
        self.has_currency = currency is not None
        self.names = KeyNames(self.run, by)
        self.is_table = self.run.format is Format.TABLE

    @cached_property
    def valuation(self) -> Valuation:
        return Valuation(self.pipeline.rates, self.target)

    @property
    def currency(self) -> str:
        return self.valuation.currency

    @property
    def bounds(self) -> dict[str, Any]:
        """The days, as JSON has them."""
        return {"from": self.period.first, "to": self.period.last}

    def when(self, before: str) -> str:
        """The days for a caption, after some words; empty without bounds."""
        text = period_text(self.period)
        return text and f"{before} {text}"

    def key_column(self, min_width: int = 12) -> Column:
        """The keys of the rows by their names; of the total row its label."""

        def show(row: Mapping[str, Any]) -> object:
            return row.get("label") or self.names.label(row["key"], row.get("process"))

        return Column("key", self.by.upper(), shrink=True, min_width=min_width, show=show)

    def process_column(self) -> list[Column]:
        """The process of a stage, where the settings have several."""
        is_needed = self.by == "stage" and len(self.names.settings["processes"]) > 1
        return [Column("process", "PROCESS", shrink=True)] if is_needed else []

    count_column = staticmethod(count_column)
    percent_column = staticmethod(percent_column)

    def money_column(self, name: str, heading: str, rank: int = 0) -> Column:
        """An amount in the currency of the report."""
        return money_column(name, heading, self.currency, rank)

    def print(
        self,
        caption: str,
        rows: Sequence[Mapping[str, Any]],
        columns: Sequence[Column],
        *,
        totals: Mapping[str, Any],
        is_summed: bool = True,
        about: Mapping[str, Any],
        drawing: str = "",
        remarks: Sequence[str] = (),
        nothing: str = "",
        id_key: str = "key",
        is_distinct: bool = True,
    ) -> None:
        """Print rows that have the keys of JSON.

        JSON is one object: what was asked, more `about` the report, the totals and the rows. A table that
        `is_summed` has the totals as its last row; then come a `drawing` and the remarks. Where there are no
        rows it is `nothing`, if that is given. Every other format has the rows alone, with the currency of
        their amounts; as ids each once, where they are to be distinct.
        """
        currency = self.currency if self.has_currency else None
        if self.run.format is Format.JSON:
            asked = {name: value for name, value in (("by", self.by), ("currency", currency)) if value}
            write_text(dumps({**asked, **self.bounds, **about, "totals": totals, "rows": rows}) + "\n")
            return
        if self.run.format is Format.IDS and is_distinct:
            rows = list({row[id_key]: row for row in rows}.values())
        if not self.is_table:
            print_with_currency(rows, columns, self.run.format, currency, id_key=id_key)
            return
        write_text(f"{fitted(caption)}\n")
        if rows or not nothing:
            total = {**totals, "key": "total", "label": "total"}
            print_records([*rows, *([total] if is_summed else [])], columns, Format.TABLE)
        else:
            write_text(f"{nothing}\n")
        if drawing:
            write_text(f"\n{drawing}")
        if remarks:
            write_text("".join(fitted(line) for line in ["", *remarks]))


def figures(row: Any, *without: str) -> dict[str, Any]:
    """The figures of a row, without its key and some others."""
    return {name: value for name, value in row._asdict().items() if name not in ("key", *without)}


def print_with_currency(
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[Column],
    fmt: Format,
    currency: str | None,
    *,
    id_key: str = "id",
) -> None:
    """Print rows whose currency a table or JSON names once; in the other formats each row has it."""
    if currency:
        rows = [{**row, "currency": currency} for row in rows]
        columns = [*columns, Column("currency", "CURRENCY", only="csv")]
    print_records(rows, columns, fmt, id_key=id_key)


def fitted(line: str) -> str:
    """A line broken to the width of the terminal."""
    return "".join(f"{part}\n" for part in wrapped(line, terminal_width()))


Currency = Annotated[str, typer.Option("--currency", help="Show money in this currency.", metavar="CODE")]
_CURRENCY = Parameter("currency", Parameter.KEYWORD_ONLY, default="", annotation=Currency)


class ReportOptions(NamedTuple):
    """What a report can be asked: of which kinds of record, by what, of which days."""

    kinds: tuple[Kind, ...]
    groupings: Sequence[str] = ()
    by: str = ""
    """The grouping where none is named."""
    by_help: str = "One of {}."
    trends: Sequence[str] = ()
    days: str = ""
    """What the records do on the days of --from and --to, in the help: `closing`."""
    when: str = ""
    """The period where neither is given; empty: every day."""
    has_currency: bool = True

    def listed(self) -> list[Parameter]:
        """The options, in the order of the help."""
        bounds = (f"{self.days} {word} this day or period." for word in ("on or after", "by the end of"))
        first, last = (f"{text[0].upper()}{text[1:]}" for text in map(str.strip, bounds))
        by = {"help": self.by_help.format(", ".join(self.groupings)), "metavar": "WHAT"}
        trend = {"help": "Show the trend by month or quarter.", "metavar": "month|quarter"}
        return [
            *([option_of("by", self.by, "--by", **by)] if self.groupings else []),
            *([option_of("trend", "", "--trend", **trend)] if self.trends else []),
            option_of("from_", "", "--from", help=first, metavar="DATE"),
            option_of("to", "", "--to", help=last, metavar="DATE"),
            *([_CURRENCY] if self.has_currency else []),
        ]

    def require_words(self, by: str = "", trend: str = "", **_: object) -> None:
        """Raises BadParameter for a grouping or a trend that the report has not."""
        if by or self.by:
            grouping(by, self.groupings)
        if trend:
            grouping(trend, self.trends, "--trend")

    def asked(self, run: Session, given: dict[str, Any]) -> Asked:
        """The question of these options, which are taken out of all that are given. Raises PipecliError."""
        names = ("by", "trend", "from_", "to", "currency")
        own = {name: given.pop(name) for name in names if name in given}
        self.require_words(**own)
        if self.when and not own["from_"] and not own["to"]:
            own["from_"] = own["to"] = self.when
        return Asked(run, *self.kinds, **own)


def asking(*kinds: Kind, **about: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a report the options it takes; it is called with what was asked, and with its own options."""
    options = ReportOptions(kinds, **about)

    def asking_(report: Callable[..., None]) -> Callable[..., None]:
        def command(run: Session, **given: Any) -> None:
            report(options.asked(run, given), **given)

        return with_options(command, report, [*options.listed(), *own_options(report)])

    return asking_


def grouping(by: str, groupings: Sequence[str], option: str = "--by") -> str:
    """The grouping that was asked for. Raises typer.BadParameter for one that the report has not."""
    if by not in groupings:
        raise typer.BadParameter(f'"{by}" must be one of {", ".join(groupings)}', param_hint=option)
    return by


def days(from_: str, to: str, today: date) -> Days:
    """The days from `--from` to `--to`, each a day or a period. Raises PipecliError."""
    if not from_ and not to:
        return Days()
    from pipecli.cli.common.typed_dates import parse_period

    period = Days(
        parse_period(from_, today).first if from_ else None, parse_period(to, today).last if to else None
    )
    if period.first and period.last and period.last < period.first:
        raise PipecliError(f"--from {period.first} is after --to {period.last}", hint="swap them")
    return period


def currency_code(text: str) -> str | None:
    """The currency of `--currency`; None where none was given. Raises PipecliError."""
    code = text.upper()
    if code and not (len(code) == 3 and code.isascii() and code.isalpha()):
        raise PipecliError(f'--currency: "{text}" isn\'t a currency code', hint="write one like EUR")
    return code or None


def period_text(period: Days) -> str:
    """`from 2026-10-01 to 2026-12-31`; empty without bounds."""
    first, last = period
    return " ".join([*([f"from {first}"] if first else []), *([f"to {last}"] if last else [])])


def won_without_amount(number: int) -> list[str]:
    """The note on deals whose `closed.amount` is unknown."""
    return [f"apart, {count(number, 'won deal')} of which nobody knows the amount"] if number else []


def ended_without_stage(number: int) -> list[str]:
    """The note on deals whose `closed.stage` is unknown."""
    return [f"apart, {count(number, 'deal')} that ended nobody knows at which stage"] if number else []


def read_journeys(run: Session, order: Sequence[StageKey]) -> list[Deal]:
    """The deals of `--owner`, `--team` and `--mine` with their visits to the stages, as of `--as-of`."""
    from pipecli.history.stage_visits import journeys

    pipeline = run.pipeline
    history = journeys(
        pipeline.location,
        all_deals(pipeline.connection, owner_filter(run), run.zone),
        stages_entered(pipeline.connection),
        until=pipeline.revision,
        now=run.now,
        stages={place: number for number, place in enumerate(order)},
        say=say,
    )
    for note in history.notes:
        say(f"warning: {note}")
    return history.all
