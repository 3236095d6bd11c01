"""Findings as `check` and `diff` show them to people."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from pipecli.checks.rule import Finding, Severity
from pipecli.cli.output import terminal_width
from pipecli.cli.table import clean


def lines(finding: Finding) -> list[str]:
    """`file:line:column: message (rule)`, which editors and CI turn into links; long ones go on below."""
    place = ":".join(str(part) for part in finding[:3])
    mark = "" if finding.severity == "error" else f"{finding.severity}: "
    text = clean(f"{place}: {mark}{finding.message} ({finding.rule})")
    width = terminal_width()
    if width is None:
        return [text]
    return textwrap.wrap(
        text, max(width, 40), subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
    )


def counted(findings: Sequence[Finding]) -> str:
    """`2 errors and 1 warning`; empty when there are none."""
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    parts = ((errors, "error"), (len(findings) - errors, "warning"))
    return " and ".join(count(number, word) for number, word in parts if number)


def count(number: int, word: str) -> str:
    return f"{number} {word}{'s' * (number != 1)}"
