"""Unit, currency, scale, decimal sign and date form of an export's columns: for a plan, guessed or asked.

How an import reads a column by its mapping is decided in `_column_format` of `importing/compile_mapping.py`,
which decimal sign the numbers of a column tell in `records/written_amounts.py`.
The words by which headers name a unit or a currency are in `presets/words.yaml` and `currencies.yaml`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from pipecli.errors import PipecliError, Unreadable
from pipecli.inbox.importing.cells import HTML
from pipecli.inbox.importing.compile_mapping import texts
from pipecli.inbox.importing.day_formats import (
    COUNTED,
    FORMS,
    best_forms,
    evidence_of_order,
    fits,
    is_day_first,
    is_iso,
    is_persian,
    turned,
)
from pipecli.inbox.importing.table import Table
from pipecli.inbox.moving.findings import Findings
from pipecli.inbox.moving.vocabulary import header_key, names_of_currencies, one_word, outcome_of, patterns
from pipecli.records.compare_names import folded
from pipecli.records.money import CURRENCIES
from pipecli.records.written_amounts import SIGNS, code_of_sign, decimal_sign_of, plain_digits, read_money
from pipecli.store import ids_and_files
from pipecli.wording import count, first_of


def header_line(table: Table) -> int | None:
    """The line of a header below notes: the first of the widest among the first rows; None for none wider."""
    widths = {r.line: sum(cell != "" for cell in (*r.cells.values(), *r.extra)) for r in table.rows[:30]}
    widest = max(widths, key=lambda line: widths[line], default=None)
    named = sum(re.fullmatch(r"column \d+", column) is None for column in table.columns)
    return widest if widest and widths[widest] > max(2, named) else None


def unit_of(header: str) -> str | None:
    """The unit that a header of amounts names: thousands in `Amount (k€)`, millions in `Wert in Mio. €`."""
    plain = folded(header).replace("_", " ")
    return next((unit for unit, pattern in patterns()["units"].items() if re.search(pattern, plain)), None)


def currency_of(header: str) -> str | None:
    """The currency that a header of amounts names: `Amount (EUR)`, `amount_usd`, `Valor em reais`."""
    words = re.findall(r"\b[A-Z]{3}\b", header.replace("_", " ").removeprefix("Amount"))
    if header.islower():
        words += re.findall(r"[A-Z]+", header.upper())[1:][-1:]
    named, beside = names_of_currencies(), patterns()["beside amounts"].split()  # `won` is a currency, too
    own = [word for word in header_key(header).split() if word in beside]
    words += [named.get(word) or "".join(SIGNS.get(word, ())) for word in own]
    return next((word for word in words if word in CURRENCIES), None)


def signs_of(header: str) -> list[str]:
    """The signs in a header of amounts: of `Valor (R$)` not that of dollars, too."""
    signs = [sign for sign in SIGNS if not sign.isalpha()]
    return [sign for sign in signs if re.search(rf"(?<![A-Za-z])[kKmMtT]?{re.escape(sign)}", header)]


def signs_in(table: Table, column: str) -> Counter[frozenset[str]]:
    """The rows of a column of amounts, with its header, by what the sign of each says; or by nothing."""
    rows = Counter(SIGNS[sign] for sign in signs_of(column))
    for text, number in texts(table, column).items():
        with suppress(Unreadable):
            rows[read_money(text, "", has_thousandths=False).currencies] += number
    return rows


def are_in(code: str, table: Table, column: str, named: Iterable[str]) -> bool:
    """True for amounts of which neither header, sign nor the column of currencies names another currency."""
    codes = {_code_of(text) for own in named for text in texts(table, own)} | {currency_of(column) or code}
    return all(code in sign for sign in signs_in(table, column) if sign) and codes == {code}


def currency_words(table: Table, column: str, findings: Findings) -> dict[str, str]:
    """The codes of what a column of currencies has instead of them; asks for what isn't a currency."""
    counts = texts(table, column)
    codes = {text: findings.currency_ids.get(text) or _code_of(text) for text in counts}
    unknown = {text: counts[text] for text, code in codes.items() if code not in CURRENCIES}
    codes |= findings.codes_of(unknown, f"{table.name}, {column}") if unknown else {}
    for text in counts:
        if codes[text] in CURRENCIES:
            findings.currencies[codes[text]] += counts[text]
    return {text: code for text, code in codes.items() if code != text}


def currency_ids(table: Table) -> dict[str, str]:
    """The codes of another system's own table of currencies by its ids, as in Dynamics and SuiteCRM."""
    own = {one_word(column): column for column in table.columns}
    names = ("transactioncurrencyid", "id"), ("isocurrencycode", "iso4217")
    key, code = (next((own[name] for name in of if name in own), None) for of in names)
    return {row.text(key): row.text(code) for row in table.rows} if key and code else {}


def price_entries_of(tables: Iterable[Table]) -> dict[str, str]:
    """The ids of products by those of their prices in Salesforce's price books."""
    own = [(table, {one_word(column): column for column in table.columns}) for table in tables]
    books = [(table, of) for table, of in own if of.keys() >= {"id", "pricebook2id", "product2id"}]
    return {row.text(of["id"]): row.text(of["product2id"]) for table, of in books for row in table.rows}


def _code_of(text: str) -> str:
    """The code of a currency's name, of a sign of it alone, or in `USD, Dollars`; any other in capitals."""
    named = re.fullmatch(r"([A-Z]{3}) ?[,(-][^\n]*|[^\n]*\(([A-Z]{3})\)", text)
    code = next(filter(None, named.groups() if named else ()), "")
    told = names_of_currencies().get(text.lower()) or code_of_sign(text)
    return told or (code if code in CURRENCIES else text.upper())


def currency_of_amounts(
    table: Table, roles: Mapping[str, str], findings: Findings
) -> tuple[str | None, dict[str, str]]:
    """The currency of amounts whose rows name none, and what signs mean; asks where nothing tells."""
    column, named, base = roles["amount"], roles.get("currency", ""), findings.settings.currency
    if texts(table, named):
        return _currency_of_the_rest(table, column, named, findings), {}
    signs = signs_in(table, column)
    several = signs.keys() - {frozenset()}
    shared = frozenset.intersection(*several) if several and not signs[frozenset()] else frozenset()
    if len(several) > 1 and len(shared) != 1:  # `£ 5` beside `GBP 6` are both the one that they share
        return None, meaning_of_signs(table, column, signs, findings)
    del signs[frozenset()]
    sure = [
        code for meant in (*(SIGNS[s] for s in signs_of(column)), shared) if len(meant) == 1 for code in meant
    ]
    answered = currency_answered(findings)
    if told := answered or currency_of(column) or next(iter(sure), None):
        findings.currencies[told] += len(table.rows)
        return told, {}
    if signs and not any(base in sign for sign in signs):
        shown = first_of(sorted({currency for sign in signs for currency in sign}), 5)
        say = f"Its signs say {shown}, and the pipeline's is {base}. Answer with a code."
        findings.ask("currency", f"{table.name}: in which currency is {column}? {say}")
    elif not signs:
        own = f"its amounts are taken as {base}, the pipeline's own"
        findings.assumed.append(f"{table.name} names no currency: {own}")
    return None, {}


def _currency_of_the_rest(table: Table, amount: str, column: str, findings: Findings) -> str | None:
    """The currency that was answered for the amounts beside which a column of currencies is empty.

    Asks for it, unless all others are in the pipeline's own.
    """
    codes = {text: _code_of(text) for text in texts(table, column)}
    alone = [(row.line, table._replace(rows=[row])) for row in table.rows if row.text(column) not in codes]
    lines = [line for line, one in alone if signs_in(one, amount)[frozenset()]]
    told, base = currency_answered(findings), findings.settings.currency
    if not lines or told:
        return told if lines else None
    amounts = count(len(lines), "amount", ",")
    without = f"{table.name}: {amounts} without a {column}, the first in line {lines[0]}"
    others = sorted({*codes.values()})
    if others == [base]:
        findings.assumed.append(f"{without}, taken as {base}, as all others are")
    else:
        findings.ask("currency", f"{without}, beside {first_of(others, 5)}. Answer with a code.")
    return None


def meaning_of_signs(
    table: Table, column: str, rows: Counter[frozenset[str]], findings: Findings
) -> dict[str, str]:
    """The currencies of the signs in a column that mixes several, where a sign alone doesn't tell.

    Asks for what `$` means where the pipeline's own currency is no dollar.
    """
    plain, base = rows.pop(frozenset(), 0), findings.settings.currency
    meaning: dict[str, str] = {}
    for possible, number in rows.items():
        sign = next((sign for sign, own in SIGNS.items() if own == possible), "")
        likely = {base, "GBP"} & possible if len(possible) > 1 else possible
        about, choices = f"sign-{sign}", tuple(sorted(possible))
        told = next(iter(likely & {base} or likely), None) or findings.answer(about, choices)
        if told is None:
            others = ", ".join(sorted(min(own) for own in rows if len(own) == 1))
            where = f"{table.name}, {column}: {count(number, 'row', ',')} with {sign} beside {others}"
            such = "USD" if "USD" in possible else choices[-1]
            findings.ask(about, f"{where}. Which currency is {sign}? Answer with a code, such as {such}.")
            continue
        findings.currencies[told] += number
        if len(possible) > 1:
            meaning[sign] = told
    if plain:
        findings.currencies[base] += plain
        findings.assumed.append(
            f"{table.name}, {column}: {count(plain, 'row', ',')} without a sign, beside those with one, "
            f"taken as {base}"
        )
    return meaning


def currency_answered(findings: Findings) -> str | None:
    """The code that was answered to `currency`; None for none yet. Raises PipecliError."""
    told = findings.answer("currency")
    if told is not None and told not in CURRENCIES:
        raise PipecliError(f'currency: "{told}" isn\'t a currency code: answer with one, such as EUR')
    return told and str(told)


OF_MONEY = ("price", "cost", "total", "amount")  # ends of the roles of amounts


def decimal_sign_of_export(tables: Iterable[tuple[Table, Mapping[str, str]]]) -> str:
    """The decimal sign that the amounts of an export tell; empty where none does, or two differ."""
    columns = [(table, c) for table, roles in tables for role, c in roles.items() if role.endswith(OF_MONEY)]
    marks = {decimal_sign_of(texts(table, column)) for table, column in columns} - {""}
    return marks.pop() if len(marks) == 1 else ""


def decimal_of(table: Table, column: str, role: str, findings: Findings) -> dict[str, Any]:
    """The sign of the export's other amounts, or as answered, where `1,498` may be two; words for none."""
    cells, told = texts(table, column), findings.decimal or table.decimal
    is_open = role.endswith((*OF_MONEY, "quantity", "discount", "tax", "custom.")) and not decimal_sign_of(
        cells
    )
    matches = (re.search(r"\d([.,])\d{3}(?!\d)", cell) for cell in cells if is_open)
    found = [match for match in matches if match]
    if found and not told and not role.startswith("custom.") and len({match[1] for match in found}) == 1:
        question = f'{table.name}, {column}: what does the sign in "{found[0].string}" part?'
        answer, sign = findings.asked("decimal", question, ("thousands", "decimals")), found[0][1]
        told = {"decimals": sign, "thousands": ".,".replace(sign, "")}.get(answer, "")
    words = [text for text in cells if role == "price" and not re.search(r"\d", text)]  # `on request`
    none = {"values": dict.fromkeys(words)} if 0 < len(words) <= _MOST_WORDS else {}
    return none | ({"decimal": told} if found and told else {})


def form_of_texts(cells: Counter[str], role: str) -> dict[str, Any]:
    """How texts are read, as a mapping says it: notes as HTML, tags, addresses and firms cut at a sign."""
    if role in ("notes", "description"):
        pages = sum(rows for text, rows in cells.items() if re.search(HTML, text))
        return {"html": True, "#": f"{pages:,} of {cells.total():,} are HTML"} if pages else {}
    if role.startswith("email"):
        words = [cell for cell in cells if re.fullmatch(r"[^\W\d]+( [^\W\d]+)?", cell)]
        none = {"values": dict.fromkeys(words)} if 0 < len(words) <= _MOST_WORDS else {}  # `NA`, `no email`
        cells = Counter(cell for cell in cells if cell.count("@") > 1 and role == "email")
        sign = next((s for s in ",;" if any(s in c for c in cells)), "")
        return none | ({"split": sign} if sign else {})
    signs = [sign for sign in (";|" if role == "tags" else ";") if any(sign in cell for cell in cells)]
    several = [cell.split(";") for cell in cells if ";" in cell and not re.search(r"&\w+;", cell)]
    alone = any(part.strip() in cells for parts in several for part in parts)
    is_list = not any("," in cell for cell in cells) if role == "tags" else alone
    return {"split": signs[0]} if signs and is_list else {}


def number_in(text: str) -> float | None:
    try:
        return float(text.rstrip("%٪ ").replace(",", "."))
    except ValueError:
        return None


def percent_of(counts: Iterable[str], *, is_fraction: bool = False) -> float | None:
    """The one percentage that most cells have; None where they have none."""
    numbers = Counter(
        round(value * 100, 4) if is_fraction and "%" not in text else value
        for text in counts
        if (value := number_in(text)) is not None
    )
    return numbers.most_common(1)[0][0] if numbers else None


def fraction_scale(table: Table, column: str, findings: Findings) -> str | None:
    """The scale of a column of percents where it isn't plain: asks for it, unless 1 is that of the won."""
    plain = [text for text in texts(table, column) if "%" not in text]
    numbers = {value for text in plain if (value := number_in(text)) is not None}
    if not any(0 < value < 1 for value in numbers) or any(value > 1 for value in numbers):
        return None
    sure = [row for row in table.rows if number_in(str(row.cells.get(column, ""))) == 1]
    if sure and all("won" in map(outcome_of, map(str, row.cells.values())) for row in sure):
        return "fraction"
    text = f"{table.name}, {column}: nothing is over 1; is 0.5 a fraction (50 %) or a percent (0.5 %)?"
    return str(findings.asked("percents", text, ("fraction", "percent")) or "fraction")


def amount_scale(table: Table, column: str, findings: Findings, shown: str | None = None) -> dict[str, str]:
    """The unit of amounts as a header names it, or cents where a column is `shown`: Close has 500 for $5."""
    if shown is None:
        return _units_scale(table, column, findings)
    is_cents = Counter[bool]()
    for row in table.rows:
        text = re.search(r"\d+(\.\d+)?", str(row.cells.get(shown, "")).replace(",", ""))
        if text and (value := number_in(str(row.cells.get(column, "")))):
            is_cents[abs(float(text[0]) * 100 - value) < 1] += 1
    told = findings.answer("amounts", ("cents", "whole"))
    if is_cents:
        told = "cents" if is_cents[True] > is_cents[False] else "whole"
    elif told is None and (example := next(iter(texts(table, column)), "")):
        findings.ask("amounts", f"{table.name}, {column}: {example} in cents, or whole?", ("cents", "whole"))
    return {"scale": "cents"} if told == "cents" else {}


def _units_scale(table: Table, column: str, findings: Findings) -> dict[str, str]:
    unit, about = unit_of(column), f"units-{ids_and_files.slug(column)}"
    if unit is None:
        return {}
    choices, example = ("whole", "thousands", "millions"), next(iter(texts(table, column)), "")
    text = f"{table.name}, {column}: is {example} in {unit}, as the header reads, or a whole amount?"
    told = findings.asked(about, text, choices) if example else findings.answer(about, choices)
    return {"scale": str(told)} if told not in (None, "whole") else {}


_MOST_WORDS = 3
"""Different words for no day among days; rows with more are rejected."""


class DateForm(NamedTuple):
    """The form of the dates in a column."""

    form: str | None
    """None for ISO, which every mapping reads."""
    comment: str
    others: tuple[str, ...] = ()
    """Forms of the cells that don't fit it, with day and month in the same order."""
    nothing: tuple[str, ...] = ()
    """Words among the days: `not closed`, `TBD`."""

    def entry(self) -> dict[str, Any]:
        """What an entry of a mapping says of it, with the evidence under `#`."""
        form = [self.form, *self.others] if self.others else self.form
        words = {"values": dict.fromkeys(self.nothing)} if self.nothing else {}
        return {**({"date": form} if form else {}), **words, "#": self.comment}


def certain_form(counts: Counter[str], rows: int) -> DateForm | None:
    """The form of texts in which no order of day and month is in question: ISO, or numbers; else None."""
    whole = counts.total()
    plain = {text: plain_digits(text) for text in counts}
    if not whole or sum(number for text, number in counts.items() if is_iso(plain[text])) == whole:
        return DateForm(None, f"{whole:,} of {rows:,}, year first")
    for form, numbers, words in COUNTED:
        if all(numbers.fullmatch(text) for text in plain.values()):
            return DateForm(form, f"{whole:,} of {whole:,} are {words}")
    return None


def are_days(counts: Counter[str]) -> bool:
    """True for texts most of which are days or moments, and not numbers, which may be anything."""
    certain = certain_form(counts, 0)
    return certain.form is None if certain else best_forms(counts)[1] * 2 > counts.total()


def with_others(told: DateForm, counts: Iterable[str]) -> DateForm:
    """The form of most dates, and those of others in the column: `9/10/2025 4:37` beside `9/10/2025`.

    Dates with another sign between day and month may have the other order, if they alone tell it.
    """
    main = told.form or ""
    left = [text for text in counts if not fits(text, main)]
    others: list[str] = []
    for form in FORMS if left else ():
        other = turned(form)
        is_of_order = other not in FORMS or form.startswith("%d") == main.startswith("%d")
        if other in FORMS and form[2] != main[2:3]:
            pairs = [(one, two) for one, two in ((form, other), (other, form)) if one and two]
            alone = {one for one, two in pairs for text in left if fits(text, one) and not fits(text, two)}
            is_of_order = alone == {form} or (is_of_order and alone != {other})
        if is_of_order and any(fits(text, form) for text in left):
            others.append(form)
            left = [text for text in left if not fits(text, form)]
    return told._replace(others=tuple(others))


def look_at_dates(tables: Iterable[tuple[Table, Mapping[str, str]]], findings: Findings) -> None:
    """Look at all dates once, so that the order of those that tell it is known to those that don't."""
    quiet = Findings(findings.settings, {}, findings.vendor, findings.today)
    for table, roles in tables:
        for role in (role for role in roles if role in patterns()["days"].split()):
            date_form(table, roles[role], quiet)
    findings.day_first = quiet.day_first


def date_form(table: Table, column: str, findings: Findings) -> DateForm:
    """The form that fits a column's dates, and the evidence; a word among them, `not closed`, is none."""
    counts = texts(table, column)
    days = Counter({text: rows for text, rows in counts.items() if re.search(r"\d", text)})
    words = [text for text in counts if days and text not in days and len(text) < 250][:_MOST_WORDS]
    return _day_form_or_question(table, column, days or counts, findings)._replace(nothing=tuple(words))


def _day_form_or_question(table: Table, column: str, counts: Counter[str], findings: Findings) -> DateForm:
    """The form of days; asks where two orders of day and month fit."""
    where, rows = f"{table.name}, {column}", len(table.rows)
    whole = sum(counts.values())
    if plain_form := certain_form(counts, rows):
        return plain_form
    if persian := next(filter(is_persian, counts), None):
        raise PipecliError(
            f'{where}: "{persian}" is a day of the Persian calendar',
            hint="write the column in ours, such as 2026-11-21, and plan again",
        )
    best, most = best_forms(counts)
    if not best:
        return DateForm(None, f"none of {whole:,} is a date that is known")
    form = best[0]
    other = turned(form)
    if other not in FORMS:
        return with_others(DateForm(form, f"{most:,} of {whole:,} fit"), counts)
    if is_day_first(form) in evidence_of_order(counts, (form, other)).certain:
        findings.day_first = is_day_first(form)
        certain = sum(rows for text, rows in counts.items() if not fits(text, other))
        rest = f"{certain:,} fit no other order of day and month"
        return with_others(DateForm(form, f"{most:,} of {whole:,} fit; {rest}"), counts)
    of_the_rest = evidence_of_order([text for text in counts if not fits(text, form)], FORMS).certain
    is_told = len(of_the_rest) == 1
    if is_told:
        findings.day_first = next(iter(of_the_rest))
    told = None if is_told else findings.answer("dates", ("day", "month"))
    day_first = findings.day_first if told is None else told == "day"
    if day_first is None:
        example = next(text for text in counts if fits(text, form))
        findings.ask(
            "dates",
            f'{where}: in "{example}", does the day or the month come first? '
            f"{'The one date' if whole == 1 else f'All {whole:,} dates'} can be read both ways.",
            ("day", "month"),
        )
        return DateForm(form, "day or month first: to be answered")
    chosen = next(one for one in best if one.startswith("%d") == day_first)
    why = "as you answered" if told is not None else "as the export's other dates tell"
    told_form = DateForm(chosen, f"{most:,} of {whole:,} fit, {'day' if day_first else 'month'} first {why}")
    return with_others(told_form, counts)


def with_amounts_off(table: Table, columns: dict[str, Any]) -> dict[str, Any]:
    """The columns, with one of discounts over 100, which are no percents, as what they are."""
    for column in [name for name, role in columns.items() if role == "discount"]:
        off = {text: value for text in texts(table, column) if (value := number_in(text)) is not None}
        if any(value > 100 for value in off.values()):
            nothing = ["", *sorted(text for text, value in off.items() if value == 0)]
            columns[column] = {"to": "discount_amount", "when": {column: {"not": nothing}}, "#": "over 100"}
    return columns
