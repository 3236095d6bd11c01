"""The formats that only `check` has: what code hosts show beside the lines of a pull request."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

from pipecli.checks.rule import Finding, Severity
from pipecli.cli.output import write_text
from pipecli.store.files import Location

_OF_READING = {
    "yaml": "A file that is no YAML, or YAML that a record may not be.",
    "schema": "A key or value that the kind of record doesn't have.",
    "file": "A file that can't be read as a record.",
}


def print_for_host(name: str, findings: Sequence[Finding], place: Location) -> None:
    """Print findings as `github` or `sarif`, their files from the root of the repository."""
    if name == "github":
        from pipecli.outbox.findings import workflow_commands

        write_text(workflow_commands(findings, place.prefix))
        return
    write_text(_sarif(findings, place.prefix))


def _sarif(findings: Sequence[Finding], prefix: str) -> str:
    from pipecli.checks import check
    from pipecli.checks.changes import check as changes
    from pipecli.outbox.findings import RuleText, sarif

    of_states = (*check.STRUCTURE, *check.WITH_SETTINGS)
    of_changes = (*changes.STRUCTURE, *changes.WITH_SETTINGS)
    rules = [
        *(RuleText(name, Severity.ERROR, text) for name, text in _OF_READING.items()),
        *(RuleText(each.name, each.severity, _told(each.problems)) for each in of_states),
        *(RuleText(each.name, each.severity, _told(each.problems)) for each in of_changes),
    ]
    return sarif(findings, rules, prefix)


def _told(rule: object) -> str:
    return inspect.getdoc(rule) or ""
