"""A rule about the files as they are, its findings, and their forms for code hosts.

These are SARIF 2.1.0 and the workflow commands of GitHub Actions.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from pipecli import __version__
from pipecli.wording import BREAKS, CONTROLS

if TYPE_CHECKING:
    from pipecli.store.pipeline import Pipeline

Path = tuple[str | int, ...]


class Severity(StrEnum):
    ERROR = "error"
    """The pipeline contradicts itself, or holds what a command would refuse to write."""
    WARNING = "warning"
    """It is sound, but somebody should look."""


class Problem(NamedTuple):
    """One finding of a rule, before its line is looked up."""

    file: str
    path: Path
    """The field at fault, as ("items", 0, "discount") or ("items", "1", "discount"): a number is a place from
    0, a text one from 1. Empty: the file as a whole."""
    message: str


class Rule(NamedTuple):
    name: str
    severity: Severity
    problems: Callable[[Pipeline], Iterator[Problem]]


class Finding(NamedTuple):
    """A line of `check`. Line and column count from 1, and are 1 where the file as a whole is at fault."""

    file: str
    line: int
    column: int
    rule: str
    severity: Severity
    message: str


_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
# Not GitHub's primaryLocationLineHash: it computes that itself, and warns of any other.
_FINGERPRINT = "pipecliFinding/v1"


class RuleText(NamedTuple):
    """A rule, explained beside its findings."""

    name: str
    severity: Severity
    text: str


def sarif(findings: Sequence[Finding], rules: Sequence[RuleText], prefix: str) -> str:
    """The report of one run; `prefix` leads from the repository to the pipeline."""
    run = {
        "tool": {
            "driver": {
                "name": "pipecli",
                "semanticVersion": __version__,
                "rules": [_rule(rule) for rule in rules],
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"SRCROOT": {"description": {"text": "The root of the repository."}}},
        "results": list(_results(findings, [rule.name for rule in rules], prefix)),
    }
    from pipecli.formats import dumps

    return dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}) + "\n"


def _rule(rule: RuleText) -> dict[str, Any]:
    return {
        "id": rule.name,
        "shortDescription": {"text": rule.text},
        "fullDescription": {"text": rule.text},
        "help": {"text": rule.text},
        "defaultConfiguration": {"level": str(rule.severity)},
    }


def _results(findings: Iterable[Finding], rules: Sequence[str], prefix: str) -> Iterable[dict[str, Any]]:
    seen: Counter[str] = Counter()
    for finding in findings:
        place = {
            "artifactLocation": {
                "uri": quote(prefix + finding.file, errors="replace"),
                "uriBaseId": "SRCROOT",
            },
            "region": {"startLine": finding.line, "startColumn": finding.column},
        }
        # Without the line: a finding stays the same where lines are added above it.
        same = "\0".join((finding.rule, prefix + finding.file, finding.message)).encode("utf-8", "replace")
        fingerprint = sha256(same).hexdigest()[:16]
        seen[fingerprint] += 1
        yield {
            "ruleId": finding.rule,
            "ruleIndex": rules.index(finding.rule),
            "level": str(finding.severity),
            "message": {"text": _without_links(finding.message)},
            "locations": [{"physicalLocation": place}],
            "partialFingerprints": {_FINGERPRINT: f"{fingerprint}:{seen[fingerprint]}"},
        }


def _without_links(text: str) -> str:
    """SARIF makes a link of `[words](address)` in a message; a deal's title could lead anywhere."""
    return re.sub(r"\[(?=[^\[\]]*\]\()", r"\\[", text)


def workflow_commands(findings: Iterable[Finding], prefix: str) -> str:
    """`::error file=…,line=…,col=…,title=…::message`; `prefix` leads from the repository to the pipeline."""
    return "".join(f"{_annotation(finding, prefix)}\n" for finding in findings)


def _annotation(finding: Finding, prefix: str) -> str:
    properties = {
        "file": prefix + finding.file,
        "line": str(finding.line),
        "col": str(finding.column),
        "title": f"pipecli {finding.rule}",
    }
    attributes = ",".join(f"{name}={_escaped(value, _IN_PROPERTY)}" for name, value in properties.items())
    return f"::{finding.severity} {attributes}::{_escaped(finding.message, _IN_MESSAGE)}"


_IN_MESSAGE = "%\r\n"
_IN_PROPERTY = "%\r\n:,"
_CONTROLS = f"[{CONTROLS}{BREAKS}]"


def _escaped(text: str, signs: str) -> str:
    """Text with the runner's own signs as %XX, and other control characters as `·`."""
    escaped = "".join(f"%{ord(char):02X}" if char in signs else char for char in text)
    return re.sub(_CONTROLS, "·", escaped)
