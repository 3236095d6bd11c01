"""Findings as the workflow commands of GitHub Actions: a line each, which the host puts beside the code."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pipecli.checks.rule import Finding


def workflow_commands(findings: Iterable[Finding], prefix: str) -> str:
    """`::error file=…,line=…,col=…,title=…::message`; `prefix` leads from the repository to the pipeline."""
    return "".join(f"{_annotation(each, prefix)}\n" for each in findings)


def _annotation(finding: Finding, prefix: str) -> str:
    properties = {
        "file": prefix + finding.file,
        "line": str(finding.line),
        "col": str(finding.column),
        "title": f"pipecli {finding.rule}",
    }
    said = ",".join(f"{name}={_escaped(value, _IN_PROPERTY)}" for name, value in properties.items())
    return f"::{finding.severity} {said}::{_escaped(finding.message, _IN_MESSAGE)}"


_IN_MESSAGE = "%\r\n"
_IN_PROPERTY = "%\r\n:,"
_CONTROLS = "[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]"


def _escaped(text: str, signs: str) -> str:
    """The runner reads these signs as its own; other controls are for a terminal to obey, and go."""
    escaped = "".join(f"%{ord(each):02X}" if each in signs else each for each in text)
    return re.sub(_CONTROLS, "·", escaped)
