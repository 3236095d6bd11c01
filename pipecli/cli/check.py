"""`pipecli check`: every fault of a pipeline at once, for a person, an editor, or CI."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipecli.cli.command import Verb, noun
from pipecli.cli.output import Format, print_records, terminal_width, write_text
from pipecli.cli.session import Session, say, session
from pipecli.cli.table import Column, clean
from pipecli.errors import PipecliError

if TYPE_CHECKING:
    from pipecli.store.checks.rule import Finding

app = noun("Find every fault of a pipeline.")


@app.command(cls=Verb)
def check(
    ctx: typer.Context,
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE]...", help="Only the faults of these files or folders."),
    ] = None,
) -> None:
    """Find every fault of a pipeline, each with its file, line and rule.

    Exits with 1 when there are errors; warnings alone leave it at 0. docs/check.md lists the rules.
    """
    from pipecli.store.checks.check import check as check_pipeline
    from pipecli.store.checks.rule import Severity

    run = session(ctx)
    findings = check_pipeline(run.pipeline, _wanted(run, files or []))
    _print(run, findings)
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    (records,) = run.pipeline.index.connection.execute("SELECT count(*) FROM _records").fetchone()
    warnings = _count(len(findings) - errors, "warning") if len(findings) > errors else ""
    if errors:
        found = " and ".join(part for part in (_count(errors, "error"), warnings) if part)
        raise PipecliError(f"{found} in {_count(records, 'record')}")
    say(", ".join(part for part in (f"ok: {_count(records, 'record')}", warnings) if part))


def _count(count: int, word: str) -> str:
    return f"{count} {word}{'s' * (count != 1)}"


def _wanted(run: Session, files: Sequence[Path]) -> Callable[[str], bool]:
    """Whether a file of the pipeline is among those of the command line. Raises PipecliError."""
    if not files:
        return lambda _: True
    root = run.pipeline.root
    named: set[str] = set()
    for file in files:
        # From -C as every path; else from here, as the shell and pre-commit name files.
        path = next((each.resolve() for each in (run.directory_for(file), file) if each.exists()), None)
        if path is None:
            raise PipecliError(f"{file} does not exist")
        if path == root or root in path.parents:
            named.add(path.relative_to(root).as_posix())
    return lambda name: any(name == each or each == "." or name.startswith(f"{each}/") for each in named)


def _print(run: Session, findings: Sequence[Finding]) -> None:
    if run.format is Format.TABLE:
        write_text("".join(f"{line}\n" for finding in findings for line in _lines(finding)))
        return
    columns = [
        Column(name, name.upper()) for name in ("file", "line", "column", "severity", "rule", "message")
    ]
    print_records([finding._asdict() for finding in findings], columns, run.format, id_key="file")


def _lines(finding: Finding) -> list[str]:
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
