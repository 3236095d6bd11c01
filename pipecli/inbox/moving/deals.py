"""The deals of an export: their stages and how they end, spelt out as columns of a mapping.

A deal's outcome is told by one column: that of a status, or that of the stage. It then decides what the date
and the amount of a row are: an expected close or the day it was closed, an amount or what it was won for.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from pipecli.errors import PipecliError
from pipecli.inbox.importing.table import Table
from pipecli.inbox.moving.pages import Findings, date_form, fraction_scale, percent_of, texts
from pipecli.records.names import folded
from pipecli.store import naming

Columns = dict[str, list[dict[str, Any]]]
"""For a column of the file what it feeds: entries of a mapping, with the evidence under `#`."""

_WON = re.compile(
    r"\b(won|ganad[ao]s?|ganh[ao]s?|gewonnen|gagne[es]*|vendid[ao]|success(ful)?|converted|ordered)\b"
    r"|closed ?won|برنده|موفق|برد"
)
_LOST = re.compile(
    r"\b(lost|perdid[ao]s?|perdu[es]*|verloren|lose|failed|junk|abandoned|cancel?led|canceled|cancelad[ao]s?"
    r"|disqualified|apology)\b|closed ?lost|lost to competition|شکست|ناموفق|باخت"
)
_OPEN = re.compile(
    r"\b(open|opened|in progress|abiert[ao]s?|abert[ao]s?|offen|ouvert[es]*|en curso|active|pending|new|"
    r"on hold|quotation|replied)\b|باز|در جریان"
)
_TRUE = frozenset({"true", "yes", "1", "y", "si", "sí", "sim", "ja", "oui", "بله"})
_MOST_REASONS = 30
"""Different reasons for losing; more are texts, and stand in `closed.detail`."""
UNKNOWN = "unknown"


def outcome_of(word: str) -> str | None:
    """What a stage's or a status's name says: open, won or lost; None for neither word of it."""
    plain = " ".join(re.sub(r"[_/\-]+", " ", folded(word)).split())
    if _LOST.search(plain):
        return "lost"
    if _WON.search(plain):
        return "won"
    return "open" if _OPEN.search(plain) else None


class Outcomes(NamedTuple):
    """The column that decides, and what each of its values says."""

    column: str
    of: dict[str, str]
    """open, won or lost for each value; `""` is the empty cell."""
    why: str

    def values(self, outcome: str) -> list[str]:
        return [value for value, of in self.of.items() if of == outcome]


class Deals:
    """The plan for one file of deals."""

    def __init__(self, table: Table, roles: Mapping[str, str], preset: Mapping[str, Any], findings: Findings):
        """`roles` are the columns by what they are."""
        self.table, self.roles, self.preset, self.findings = table, roles, preset, findings
        self.stage_rows = texts(table, roles["stage"]) if "stage" in roles else Counter[str]()
        self.outcomes = self._outcomes()

    def columns(self) -> Columns:
        """What the columns of the roles feed; also tells the findings of stages and reasons."""
        columns: Columns = {}
        self._lost_reason(columns)
        self._stage(columns)
        for role in ("close", "expected_close", "closed_date", "won_date", "lost_date"):
            self._date(columns, role)
        self._amount(columns)
        self._set_by_hand(columns)
        return columns

    def _outcomes(self) -> Outcomes | None:
        if "status" in self.roles:
            column = self.roles["status"]
            told = {word: outcome_of(word) for word in texts(self.table, column)}
            if told and any(told.values()) and "won" in told.values():
                return Outcomes(column, {word: of or "open" for word, of in told.items()} | {"": "open"}, "")
        if not self.stage_rows:
            return None
        column = self.roles["stage"]
        return self._of_flags(column) or self._of_stages(column)

    def _of_flags(self, column: str) -> Outcomes | None:
        """The outcomes of stages as the columns of flags tell them: won, lost or closed."""
        won, closed, lost = (self.roles.get(role) for role in ("won", "closed", "lost"))
        if not won or not (closed or lost):
            return None
        of: dict[str, str] = {}
        for row in self.table.rows:
            stage, is_won, is_closed, is_lost = (
                str(row.cells.get(name or "", "")).strip() for name in (column, won, closed, lost)
            )
            outcome = (
                "won"
                if is_won.lower() in _TRUE
                else "lost"
                if is_lost.lower() in _TRUE or is_closed.lower() in _TRUE
                else "open"
            )
            if of.setdefault(stage, outcome) != outcome:
                return None
        return Outcomes(column, of, f"as {won} and {closed or lost} say")

    def _of_stages(self, column: str) -> Outcomes:
        """The outcomes by the words of the stages, their probabilities, or the answer."""
        told = self.findings.answer("outcomes")
        if told is not None and not isinstance(told, dict):
            raise PipecliError(f'outcomes: answer with {{won: [...], lost: [...]}}, not "{told}"')
        if isinstance(told, dict):
            won, lost = ({str(word) for word in _listed(told.get(key))} for key in ("won", "lost"))
            of = {s: "won" if s in won else "lost" if s in lost else "open" for s in self.stage_rows}
            return Outcomes(column, of | {"": "open"}, "as you answered")
        words = {stage: outcome_of(stage) for stage in self.stage_rows}
        by_word = {stage: outcome for stage, outcome in words.items() if outcome in ("won", "lost")}
        of = {stage: by_word.get(stage) or self._by_probability(stage) or "open" for stage in self.stage_rows}
        closes = "closed_date" in self.roles or any(role in self.roles for role in ("won", "won_date"))
        if "won" not in of.values() and ("lost" not in of.values() or closes) and len(of) > 1:
            stages = ", ".join(of)
            self.findings.ask(
                "outcomes",
                f"{self.table.name}: which stages mean won, and which lost? They are {stages}. "
                "Answer {won: [...], lost: [...]}; [] for none.",
            )
        return Outcomes(column, of | {"": "open"}, "as their names say")

    def _by_probability(self, stage: str) -> str | None:
        value = self._probability(stage)
        return {100: "won", 0: "lost"}.get(int(value)) if value in (0, 100) else None

    def _probability(self, stage: str) -> float | None:
        """The probability that the deals of a stage have; 100 and 0 only where all of them have it."""
        if (column := self.roles.get("probability")) is None:
            return None
        cells = [
            str(row.cells.get(column, "")).strip()
            for row in self.table.rows
            if str(row.cells.get(self.roles["stage"], "")).strip() == stage
        ]
        value = percent_of(cells, is_fraction=self._is_fraction)
        return value if value not in (0, 100) or len(set(cells)) == 1 else None

    @property
    def _is_fraction(self) -> bool:
        scale = self.preset.get("scale")
        if scale is None and "probability" in self.roles:
            scale = fraction_scale(self.table, self.roles["probability"], self.findings)
        return scale == "fraction"

    def _stage(self, columns: Columns) -> None:
        outcomes = self.outcomes
        if outcomes is None:
            return
        if self.stage_rows and outcomes.column != self.roles["stage"]:
            slugs = self._name_stages(list(self.stage_rows))
            columns[self.roles["stage"]] = [{"to": "stage", "values": slugs}]
            columns.setdefault(outcomes.column, []).append(
                {"values": {word: self._ending(of) for word, of in outcomes.of.items() if word}}
            )
            return
        slugs = self._name_stages([stage for stage, of in outcomes.of.items() if of == "open" and stage])
        ends = {"won": [*slugs.values()][-1:], "lost": [*slugs.values()][:1]}
        values: dict[str, Any] = {}
        for stage, of in outcomes.of.items():
            slug = slugs.get(stage) or next(iter(ends.get(of, [])), None)
            values[stage] = ({"stage": slug} if slug else {}) | self._ending(of)
        values = {stage: value or {"status": "open"} for stage, value in values.items()}
        columns.setdefault(outcomes.column, []).append({"values": values, "#": outcomes.why})

    def _ending(self, outcome: str) -> dict[str, Any]:
        """The fields of a deal that ended so."""
        if outcome == "open":
            return {"status": "open"}
        if outcome == "lost":
            if UNKNOWN not in self.findings.lost_reasons:
                self.findings.lost_reasons.append(UNKNOWN)
            return {"status": "lost", "closed.reasons": UNKNOWN}
        return {"status": outcome}

    def _name_stages(self, stages: Iterable[str]) -> dict[str, str]:
        """The slug of each stage, in the order of their probabilities; notes the process in the findings."""
        known: Mapping[str, Any] = self.preset.get("stages", {})
        place = {name: number for number, name in enumerate(known)}
        told = {stage: self._probability(stage) for stage in stages}
        probability = {
            stage: value if value is not None else known.get(stage) for stage, value in told.items()
        }
        order = list(stages)
        order.sort(key=lambda stage: place.get(stage, len(place)))
        if all(value is not None for value in probability.values()):
            order.sort(key=lambda stage: float(probability[stage] or 0))
        slugs: dict[str, str] = {}
        for number, stage in enumerate(order, 1):
            slug = naming.free_slug(stage, slugs.values())
            slugs[stage] = slug
            guess = round(100 * number / (len(order) + 1))
            percent = probability[stage]
            evidence = f"{self.stage_rows[stage]:,} deals"
            if percent is None:
                evidence += "; its probability is a guess by its place"
            self.findings.stages[slug] = {
                "id": slug,
                "name": stage,
                "probability": guess
                if percent is None
                else int(percent)
                if percent == int(percent)
                else percent,
                "#": evidence,
            }
        return slugs

    def _lost_reason(self, columns: Columns) -> None:
        column = self.roles.get("lost_reason")
        if column is None or self.outcomes is None or not (lost := self.outcomes.values("lost")):
            return
        reasons = texts(self.table, column)
        when = {self.outcomes.column: lost}
        if len(reasons) > _MOST_REASONS or any(len(reason) > 60 or "\n" in reason for reason in reasons):
            columns[column] = [{"to": "closed.detail", "when": when, "#": f"{len(reasons):,} texts"}]
            return
        slugs = {reason: naming.slug(reason) for reason in reasons}
        self.findings.lost_reasons += [s for s in slugs.values() if s not in self.findings.lost_reasons]
        columns[column] = [{"to": "closed.reasons", "values": slugs, "when": when}]

    def _date(self, columns: Columns, role: str) -> None:
        column = self.roles.get(role)
        if column is None:
            return
        form, evidence = date_form(self.table, column, self.findings)
        date = {"date": form} if form else {}
        outcomes = self.outcomes
        if outcomes is None:
            columns[column] = [{"to": "expected_close", **date, "#": evidence}]
            return
        closed = {
            "close": ["won", "lost"], "closed_date": ["won", "lost"],
            "won_date": ["won"], "lost_date": ["lost"], "expected_close": [],
        }[role]  # fmt: skip
        if role == "expected_close" and not any(
            self.roles.get(r) for r in ("close", "closed_date", "won_date")
        ):
            closed = ["won", "lost"]
        entries: list[dict[str, Any]] = []
        if ended := [value for outcome in closed for value in outcomes.values(outcome)]:
            entries.append({"to": "closed.date", "when": {outcomes.column: ended}, **date, "#": evidence})
        if role in ("close", "expected_close"):
            entries.append(
                {
                    "to": "expected_close",
                    "when": {outcomes.column: outcomes.values("open")},
                    **date,
                    "#": evidence,
                }
            )
        if entries:
            columns[column] = entries

    def _set_by_hand(self, columns: Columns) -> None:
        """Keep the probabilities of open deals where they aren't those of the stages anyway."""
        column = self.roles.get("probability")
        if column is None:
            return
        if self.outcomes is None or "stage" not in self.roles:
            columns[column] = [{"to": "probability"}]
            return
        names = {str(stage["name"]): stage["probability"] for stage in self.findings.stages.values()}
        differing = 0
        for row in self.table.rows:
            cell = str(row.cells.get(column, "")).strip()
            if self.outcomes.of.get(str(row.cells.get(self.outcomes.column, "")).strip()) == "open":
                usual = names.get(str(row.cells.get(self.roles["stage"], "")).strip())
                differing += percent_of([cell], is_fraction=self._is_fraction) not in (None, usual)
        if differing:
            scale = {"scale": "fraction"} if self._is_fraction and "scale" not in self.preset else {}
            when = {self.outcomes.column: self.outcomes.values("open")}
            evidence = f"{differing:,} differ from their stage's"
            columns[column] = [{"to": "probability", "when": when, **scale, "#": evidence}]

    def _amount(self, columns: Columns) -> None:
        column, final = self.roles.get("amount"), self.roles.get("won_amount")
        won = self.outcomes.values("won") if self.outcomes else []
        when = {self.outcomes.column: won} if self.outcomes else {}
        if final and won:
            columns[final] = [{"to": "closed.amount", "when": when}]
        if column:
            columns[column] = [{"to": "amount"}]
            if won:
                columns[column].append({"to": "closed.amount", "when": when})


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else [] if value is None else [value]
