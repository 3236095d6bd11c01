"""The deals of an export: their stages and how they end, spelt out as columns of a mapping.

A deal's outcome is told by one column: that of a status, or that of the stage. It then decides what the date
and the amount of a row are: an expected close or the day it was closed, an amount or what it was won for.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from pipecli.errors import PipecliError
from pipecli.inbox.importing.compile_mapping import texts
from pipecli.inbox.importing.day_formats import is_iso
from pipecli.inbox.importing.table import Row, Table
from pipecli.inbox.moving.endings import (
    by_flags,
    closed_stages,
    days_tell,
    ended_by_day_or_yes,
    ended_by_marks,
    is_of_days,
    stages_by_flags,
    that_holds,
)
from pipecli.inbox.moving.findings import Findings, Outcomes, When, beside, of_stages, stage_rank
from pipecli.inbox.moving.guess_or_ask_formats import amount_scale, date_form, fraction_scale, percent_of
from pipecli.inbox.moving.vocabulary import (
    header_key,
    is_of_change,
    is_yes,
    of_statuses,
    outcome_of,
    patterns,
    tell_all,
)
from pipecli.records.compare_names import folded
from pipecli.store import ids_and_files
from pipecli.wording import count

Columns = dict[str, list[dict[str, Any]]]
"""For a column of the file what it feeds: entries of a mapping, with the evidence under `#`."""

OF_DEALS = {"stage", "status", "won", "closed", "lost", "close", "expected_close", "closed_date",
             "won_date", "lost_date", "amount", "won_amount", "lost_reason", "probability",
             "pipeline", "active", "archived", "amount_shown"}  # fmt: skip
_MOST_REASONS = 30
"""Different reasons for losing; more are texts, and stand in `closed.detail`."""
UNKNOWN = "unknown"
_GUESSED = "order and probabilities of stages are guesses: correct them in settings.yaml before the run"
_STAGE_UNKNOWN = {"closed.stage": UNKNOWN}


class Deals:
    """The plan for one file of deals."""

    def __init__(self, table: Table, roles: Mapping[str, str], preset: Mapping[str, Any], findings: Findings):
        """`roles` are the columns by what they are."""
        self.table, self.roles, self.preset, self.findings = table, roles, preset, findings
        self.stage_rows = texts(table, roles["stage"]) if "stage" in roles else Counter[str]()
        self.pipeline = roles.get("pipeline")
        self.groups = self._groups()
        self.processes = self._processes()
        self.slugs: dict[str, str] = {}
        """Of stages by their names: those of one name in two pipelines have one."""
        marked = ended_by_marks(table, roles, self._outcomes(), findings)
        self.outcomes = ended_by_day_or_yes(table, roles, marked, findings)
        ends = preset.get("ends", {})
        if self.outcomes and (role := that_holds(table, roles, self.outcomes, ends, findings)):
            of = self._of_statuses() if role == "status" else None
            of = self._of_stages(roles["stage"]) if role == "stage" else of
            self.outcomes = of or by_flags(table, roles)
        self.closing_day: object = None
        """Of closed deals without one, as it was answered."""

    def columns(self) -> Columns:
        """What the columns of the roles feed; also tells the findings of stages and reasons."""
        columns: Columns = {}
        if self.pipeline and "" not in self.processes:
            columns[self.pipeline] = [{"to": "process", "values": self.processes}]
        self._lost_reason(columns)
        for role in ("won_date", "lost_date", "closed_date", "close", "expected_close"):
            self._date(columns, role)
        self._other_closing_day(columns)
        self._stage(columns)
        self._amount(columns)
        self._set_by_hand(columns)
        self._entered(columns)
        for column, entry in self.outcomes.refused if self.outcomes else ():
            columns.setdefault(column, []).append(entry)
        return columns

    def _cell(self, row: Row, role: str) -> str:
        return row.text(self.roles.get(role))

    def _groups(self) -> dict[tuple[str, str], Counter[str]]:
        """The probabilities of the deals of each pipeline and stage."""
        groups: dict[tuple[str, str], Counter[str]] = {}
        for row in self.table.rows:
            name = self._cell(row, "pipeline"), self._cell(row, "stage")
            groups.setdefault(name, Counter())[self._cell(row, "probability")] += 1
        return groups

    def _processes(self) -> dict[str, str]:
        """The process of each pipeline; where there is one alone, that of the vendor, by `""`."""
        names = list(texts(self.table, self.pipeline)) if self.pipeline else []
        own = {name: {stage for pipeline, stage in self.groups if pipeline == name} for name in names}
        if self.preset.get("pipelines") == "apart" and not all(
            own[name] - set().union(*(own[other] for other in names if other != name)) for name in names
        ):
            names = []  # teams that share their stages
        if len(names) < 2:
            return {"": self.findings.process}
        slugs = dict[str, str]()
        for name in names:
            slugs[name] = ids_and_files.free_slug(name, slugs.values())
        return slugs

    def _is_of(self, pipeline: str, name: str) -> bool:
        """True where a row with this name of a pipeline is in the process of that one."""
        return "" in self.processes or pipeline == (name or next(iter(self.processes)))

    def _outcomes(self) -> Outcomes | None:
        outcomes = self._outcomes_by_name()
        if outcomes is None:
            return None
        for role, is_dead in (("active", False), ("archived", True)):
            if column := self.roles.get(role):
                dead = {word: bool(is_yes(word)) is is_dead for word in texts(self.table, column)}
                of = {word: "lost" if is_so else "open" for word, is_so in dead.items()}
                return beside(outcomes, Outcomes(column, of | {"": "open"}, f"lost where {column} says so"))
        if not (column := self.roles.get("lost_reason")) or not self.preset.get("lost_by_reason"):
            return outcomes
        why = f"lost where {column} says so"
        return beside(outcomes, Outcomes(column, {"": "open"}, why, of_other="lost"))

    def _outcomes_by_name(self) -> Outcomes | None:
        ends = self.preset.get("ends", {})
        if texts(self.table, self.roles.get("status", "")) and (told := self._of_statuses(tells=True)):
            return told
        if not self.stage_rows:
            return None
        if "closing" in self.preset:  # made for papers
            return Outcomes(self.roles["stage"], ends | {"": "open"}, "as their names say")
        outcomes = stages_by_flags(self.table, self.roles) or self._of_stages(self.roles["stage"])
        # and the vendor's endings and stages that no deal has yet: tomorrow's may
        return outcomes._replace(of_word=ends | dict.fromkeys(self._usual, "open") | outcomes.of_word)

    def _of_statuses(self, tells: bool = False) -> Outcomes | None:
        """The outcomes by the statuses; None where they must tell all of them and don't."""
        column = self.roles["status"]
        told = {word: outcome_of(word) for word in texts(self.table, column)} | self.preset.get("ends", {})
        if tells and "won" not in told.values() and not (told and tell_all(told, self.stage_rows)):
            return None
        if unknown := [word for word, of in told.items() if of is None]:
            self.findings.words |= {word: of or "open" for word, of in told.items()}
            which = f"which of {', '.join(unknown)} mean won, and which lost?"
            answer = self.findings.outcomes(unknown, f"{self.table.name}, {column}", which)
            told |= {word: of for word, of in (answer or {}).items() if word in told}
        return Outcomes(column, of_statuses(told), "")

    @cached_property
    def _usual(self) -> Mapping[str, int]:
        """The vendor's own stages and their probabilities, where the deals have no others."""
        stages, ends = (self.preset.get(key, {}) for key in ("stages", "ends"))
        is_usual = "" in self.processes and self.stage_rows.keys() <= {*stages, *ends}
        return {stage: percent for stage, percent in stages.items() if is_usual and stage not in ends}

    def _of_stages(self, column: str) -> Outcomes:
        """The outcomes by the words of the stages, their probabilities, or the answer."""
        percents = {stage: self._probability(stage) for stage in self.stage_rows}
        dated = Counter(self._cell(row, "stage") for row in self.table.rows if self._cell(row, "closed_date"))
        of, is_riddle, perhaps = of_stages(percents, {s for s in dated if dated[s] == self.stage_rows[s]})
        is_riddle |= "closed_date" in self.roles
        lacks_ends = is_riddle and "won" not in of.values() and not self.roles.keys() & {"won", "won_date"}
        is_told = bool(self._usual) or days_tell(self.table, self.roles)
        over = closed_stages(self.table, self.roles, of)
        asks = len(of) > 1 and (perhaps or over or (lacks_ends and not is_told))
        if not asks and (self.findings.outcomes(()) or {}).keys().isdisjoint(of):
            return Outcomes(column, of | {"": "open"}, "as their names say")
        which = f"which stages mean won, and which lost? They are {', '.join(of)}."
        which += f" {self.roles['closed']} says that {', '.join(over)} ended." if over else ""
        told = self.findings.outcomes(of, self.table.name, which) or {}
        if "won" in told.values():  # then 100 % alone is no win
            of |= {stage: outcome_of(stage) or "open" for stage in of if of[stage] == "won"}
        of |= {stage: told[stage] for stage in told.keys() & of.keys()}
        self.findings.words |= of
        return Outcomes(column, of | {"": "open"}, "as you answered")

    def _probability(self, stage: str, pipeline: str | None = None) -> float | None:
        """The probability that most deals of a stage have; 100 and 0 only where all of them have it."""
        if "probability" not in self.roles:  # `Quoted (60 %)` says its own
            named = re.fullmatch(r"(?:\d+[.)] )?\D*?(\d{1,2}|100) ?%\D*", stage)
            return float(named[1]) if named else None
        cells = Counter[str]()
        for (name, other), counts in self.groups.items():
            if other == stage and (pipeline is None or self._is_of(pipeline, name)):
                cells += counts
        value = percent_of(cells.elements(), is_fraction=self._scale == "fraction")
        most, rows = next(iter(cells.most_common(1)), ("", 0))
        is_most = len(cells) == 1 if value in (0, 100) else most != "" and rows * 2 > cells.total()
        return value if is_most else None

    @cached_property
    def _scale(self) -> str | None:
        """The scale of the probabilities, where the preset or an answer says it."""
        scale: str | None = self.preset.get("scale")
        if scale is None and "probability" in self.roles:
            scale = fraction_scale(self.table, self.roles["probability"], self.findings)
        return scale

    def _stage(self, columns: Columns) -> None:
        outcomes = self.outcomes
        if outcomes is None:
            self.findings.assumed.append(
                f"{self.table.name} has no column of stages or statuses that is known: its deals are open"
            )
            return
        unknown = {} if self.stage_rows else _STAGE_UNKNOWN
        rest = {} if outcomes.of_other == "open" else {"otherwise": unknown | self._ending(outcomes.of_other)}
        if self.stage_rows and outcomes.column != self.roles["stage"]:
            stage = self.roles["stage"]
            rows = {(self._cell(row, "stage"), outcomes.of_row(row) == "open") for row in self.table.rows}
            over = {word for word, is_open in rows if not is_open and (not word or (word, True) not in rows)}
            nowhere = sorted(word for word in over if not word or outcome_of(word) in ("won", "lost"))
            for pipeline in self.processes:
                self._name_stages(pipeline, [word for word in self.stage_rows if word not in nowhere])
            columns[stage] = [{"to": "stage", "values": self.slugs | dict.fromkeys(filter(None, nowhere))}]
            columns[stage] += [
                {"values": dict.fromkeys(nowhere, _STAGE_UNKNOWN), "when": when | {stage: nowhere}}
                for when in outcomes.when("won", "lost")
                if nowhere
            ]
            is_said = bool(rest or outcomes.ends_beside)
            endings = {word: self._ending(of) for word, of in outcomes.of_word.items() if word or is_said}
            columns.setdefault(outcomes.column, []).extend(self._entries(endings, rest, {}))
            return
        for pipeline in self.processes:
            of_pipeline = {stage for name, stage in self.groups if self._is_of(pipeline, name)}
            here = {"", *of_pipeline} | outcomes.of_word.keys() - self.stage_rows.keys()
            told = {s: of for s, of in outcomes.of_word.items() if s in here or of != "open"}
            slugs = self._name_stages(pipeline, [s for s, of in told.items() if of == "open" and s])
            ends = {"won": [*slugs.values()][-1:], "lost": [*slugs.values()][:1]}
            values: dict[str, Any] = {}
            for stage, of in told.items():
                slug = slugs.get(stage) or next(iter(ends.get(of, [])), None)
                where = {"stage": slug} if slug else {}
                apart = {} if of == "open" else _STAGE_UNKNOWN
                values[stage] = where | apart | self._ending(of) or {"status": "open"}
            own: When = {self.pipeline: pipeline} if self.pipeline and pipeline else {}
            columns.setdefault(outcomes.column, []).extend(self._entries(values, rest, own))

    def _entries(self, values: dict[str, Any], rest: Any, own: When) -> Iterator[dict[str, Any]]:
        """What the words of the column that decides feed: first where a mark tells of an end."""
        assert self.outcomes
        for of, when in self.outcomes.ends_beside:
            ending = ({} if self.stage_rows else _STAGE_UNKNOWN) | self._ending(of)
            ended = {w: own_ | ending for w, own_ in values.items() if self.outcomes.of_word[w] == "open"}
            yield {"values": values | ended, **rest, "when": own | when, "#": self.outcomes.why}
        yield {"values": values, **rest, "when": own, "#": self.outcomes.why}

    def _ending(self, outcome: str) -> dict[str, Any]:
        """The fields of a deal that ended so."""
        if outcome == "open":
            return {"status": "open"}
        day = {"closed.date": str(self.closing_day)} if self.closing_day else {}
        if outcome == "lost":
            self.findings.lost_reasons += [] if UNKNOWN in self.findings.lost_reasons else [UNKNOWN]
            return {"status": "lost", "closed.reasons": UNKNOWN} | day
        has_amount = {"amount", "won_amount"} & self.roles.keys()
        return {"status": outcome} | day | ({} if has_amount else {"closed.amount": UNKNOWN})

    def _name_stages(self, pipeline: str, stages: Iterable[str]) -> dict[str, str]:
        """The slug of each stage of a pipeline, in the order of their probabilities; notes the process."""
        known: Mapping[str, Any] = self.preset.get("stages", {})
        place = {name: number for number, name in enumerate(known)}
        rows = Counter[str]()
        for (name, stage), counts in self.groups.items():
            if self._is_of(pipeline, name):
                rows[stage] += counts.total()
        order = [stage for stage in stages if rows[stage] or stage in self._usual]
        own = pipeline or next(iter(texts(self.table, self.pipeline or "")), "")
        plain = {stage: stage.removesuffix(f"({own})").strip() or stage for stage in order}
        told = {stage: self._probability(stage, pipeline) for stage in order}
        probability = {s: known.get(plain[s]) if value is None else value for s, value in told.items()}
        order.sort(key=lambda stage: (place.get(plain[stage], len(place)), stage_rank(stage)))
        if all(value is not None for value in probability.values()):
            order.sort(key=lambda stage: float(probability[stage] or 0))
        process = self.findings.processes.setdefault(self.processes[pipeline], {})
        for number, stage in enumerate(order, 1):
            name = plain[stage]
            named = self.findings.stages.items()
            alike = next((slug for own, slug in named if folded(own) == folded(name)), None)
            slug = self.slugs.get(stage) or alike or ids_and_files.free_slug(name, self.slugs.values())
            self.slugs[stage] = self.findings.stages[stage] = self.findings.stages[name] = slug
            percent = probability[stage]
            evidence = count(rows[stage], "deal", ",")
            if percent is None:
                evidence += "; its probability is a guess by its place"
                if _GUESSED not in self.findings.assumed:
                    self.findings.assumed.append(_GUESSED)
                percent = round(100 * number / (len(order) + 1))
            percent = int(percent) if percent == int(percent) else percent
            if slug not in process:  # Lead and LEAD are one
                process[slug] = {"id": slug, "name": name, "probability": percent, "#": evidence}
        return {stage: self.slugs[stage] for stage in order}

    def _entered(self, columns: Columns) -> None:
        """Take along when a deal came to a stage, where columns say it."""
        for column in self.table.columns:
            if (full := self._stage_in(column)) is None:
                continue
            self.findings.said_otherwise.add(column)
            date = date_form(self.table, column, self.findings).entry()
            for pipeline, process in self.processes.items():
                name = re.sub(r" \([^()]*\)$", "", full)
                slug = self.findings.stages.get(full) or self.findings.stages.get(name)
                is_other = any(f"({other})" in full for other in self.processes if other != pipeline)
                if slug is None or is_other or slug not in self.findings.processes.get(process, {}):
                    continue
                when = {"when": {self.pipeline: pipeline}} if pipeline else {}
                columns.setdefault(column, []).append({"to": f"custom.stage_entered.{slug}", **when, **date})

    def _stage_in(self, column: str) -> str | None:
        """The stage of a column that says when a deal came to it: `Date entered "Demo"`, `Demo since`."""
        if match := re.fullmatch(patterns()["entered"], column):
            return match[1]
        stages = {header_key(name): name for name in self.findings.stages}
        of_entry = patterns()["of entry"].split()
        bare = " ".join(word for word in header_key(column).split() if word not in of_entry)
        is_other = column in self.roles.values() or header_key(column) == bare
        return None if is_other else stages.get(bare)

    def _lost_reason(self, columns: Columns) -> None:
        column = self.roles.get("lost_reason")
        if column is None or self.outcomes is None or not (conditions := self.outcomes.when("lost")):
            return
        lost = [row for row in self.table.rows if self.outcomes.of_row(row) == "lost"]
        reasons = texts(self.table._replace(rows=lost), column)
        if len(reasons) > _MOST_REASONS or any(len(reason) > 60 or "\n" in reason for reason in reasons):
            detail = {"to": "closed.detail", "#": f"{len(reasons):,} texts"}
            columns[column] = [detail | {"when": when} for when in conditions]
            return
        called = {reason: reason for reason in reasons} | self.preset.get("reasons", {})
        slugs = {reason: ids_and_files.slug(name) for reason, name in called.items()}
        self.findings.lost_reasons[:] = dict.fromkeys([*self.findings.lost_reasons, *slugs.values()])
        columns[column] = [{"to": "closed.reasons", "values": slugs, "when": when} for when in conditions]

    def _date(self, columns: Columns, role: str) -> None:
        column = self.roles.get(role)
        if column is None:
            return
        date = date_form(self.table, column, self.findings).entry()
        outcomes = self.outcomes
        if outcomes is None or role == "expected_close":
            columns[column] = [{"to": "expected_close", **date}]
            return
        fields = [("closed.date", {"won_date": ["won"], "lost_date": ["lost"]}.get(role, ["won", "lost"]))]
        if role == "close" or column == outcomes.expects:
            fields.append(("expected_close", ["open"]))
        entries = [{"to": to, "when": when, **date} for to, ends in fields for when in outcomes.when(*ends)]
        if entries:
            columns[column] = entries

    def _other_closing_day(self, columns: Columns) -> None:
        """Where closed deals have no closing date: the day they were last changed, or what is answered."""
        outcomes = self.outcomes
        if outcomes is None:
            return
        days = [c for c, entries in columns.items() if any(e.get("to") == "closed.date" for e in entries)]
        rows = (row for row in self.table.rows if not any(row.text(c) for c in days))
        dayless = [row for row in rows if outcomes.of_row(row) != "open"]
        is_known = self.roles.keys() & {"close", "closed_date", "won_date", "lost_date"}
        if not dayless and (is_known or "outcomes" not in self.findings.questions):  # which may end more
            return
        changes = sorted(filter(is_of_change, self.table.columns), key=lambda c: "stage" not in header_key(c))
        if "expected_close" in self.roles and all(self._cell(row, "expected_close") for row in dayless):
            changes = [c for c in changes if "stage" in header_key(c)] or [self.roles["expected_close"]]
        changed = next(iter(changes), None)
        made = self.roles.get("created")
        told = self.preset.get("closing") if made else None  # of papers
        told = told or self.findings.answer("closing")
        free = [c for c in self.table.columns if c not in self.roles.values() and is_of_days(self.table, c)]
        choices = ["a day, such as 2026-01-31", *["created, the day each was made"] * bool(made), *free[:5]]
        form = ", or with ".join(choices)
        if told is not None and not (told in free or (told == "created" and made) or is_iso(str(told))):
            raise PipecliError(f'closing: answer with {form}, not "{told}"')
        lacking = count(len(dayless), "closed deal", ",") if dayless else "deals that have ended"
        if changed is None and told is None:
            which = f"{self.table.name} lacks the closing day of {lacking}. Which is it?"
            self.findings.ask("closing", f"{which} Answer with {form}.")
        if not dayless:
            return
        column = told if told in free else changed or made
        if changed is None and told not in ("created", *free):
            self.closing_day = told
        elif column:
            date = date_form(self.table, column, self.findings).entry()
            entries = columns.setdefault(column, [])
            if column == made:
                entries.append({"to": "created", **date})
            entries += [{"to": "closed.date", "when": when, **date} for when in outcomes.when("won", "lost")]
            self.findings.assumed.append(
                f"{self.table.name} lacks the closing day of {lacking}: that of {column} is taken"
            )
            self.findings.said_otherwise.add(column)

    def _set_by_hand(self, columns: Columns) -> None:
        """Keep the probabilities of open deals where they aren't those of the stages anyway."""
        column = self.roles.get("probability")
        if column is None:
            return
        scale = {"scale": self._scale} if self._scale and "scale" not in self.preset else {}
        if self.outcomes is None or "stage" not in self.roles:
            columns[column] = [{"to": "probability"} | scale]
            return
        differing = 0
        for row in self.table.rows:
            cell = self._cell(row, "probability")
            if self.outcomes.of_row(row) == "open":
                name = self._cell(row, "pipeline")
                process = self.processes.get(name) or next(iter(self.processes.values()))
                slug = self.slugs.get(self._cell(row, "stage"), "")
                usual = self.findings.processes[process].get(slug, {}).get("probability")
                differing += percent_of([cell], is_fraction=self._scale == "fraction") not in (None, usual)
        if differing:
            scale["#"] = f"{differing:,} differ from their stage's"
            columns[column] = [
                {"to": "probability", "when": when, **scale} for when in self.outcomes.when("open")
            ]

    def _amount(self, columns: Columns) -> None:
        column, final = self.roles.get("amount"), self.roles.get("won_amount")
        conditions = self.outcomes.when("won") if self.outcomes else []
        if not column and not final:
            self.findings.assumed.append(f"{self.table.name} has no column of amounts that is known")
        if final and conditions:
            units = amount_scale(self.table, final, self.findings)
            columns[final] = [{"to": "closed.amount", "when": when, **units} for when in conditions]
        if column:
            shown = self.roles.get("amount_shown", "") if self.preset.get("cents") else None
            scale = amount_scale(self.table, column, self.findings, shown)
            columns[column] = [{"to": "amount"} | scale]
            won = [row for row in self.table.rows if self.outcomes and self.outcomes.of_row(row) == "won"]
            lacking = len(won) - texts(self.table._replace(rows=won), column).total()
            rest = {"values": {"": UNKNOWN}, "#": f"{lacking:,} won deals have none"} if lacking else {}
            columns[column] += [{"to": "closed.amount", "when": when, **rest, **scale} for when in conditions]
