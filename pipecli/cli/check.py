"""`check`: every fault of a pipeline at once, for a person, an editor, or CI."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import typer

from pipecli import __version__
from pipecli.checks import Finding, Severity
from pipecli.cli.common.command import Printing, argument, flag, noun, option
from pipecli.cli.common.output import Format, counted, lines, print_records, write_text
from pipecli.cli.common.session import CODE_HOST_FORMATS, FORMATS, Session, say
from pipecli.cli.common.table import plain_columns
from pipecli.errors import PipecliError
from pipecli.harmless_text import BREAKS, without_controls
from pipecli.json_and_csv import dumps
from pipecli.store.index.rows_for_verbs import count_records
from pipecli.wording import count, first_of

app = noun()


@app.command("check", cls=Printing.with_(formats=(*FORMATS, *CODE_HOST_FORMATS)))
def check(
    run: Session,
    files: list[Path] | None = argument(
        "Only the faults of these files or folders.", "[FILE]...", default=None
    ),
    base: str | None = option(
        "Also check what changed since the branch left REV: skipped stages, altered offers, …", "REV"
    ),
    allow: list[str] | None = option("Report errors of this rule as warnings; repeatable.", "RULE"),
    signed: bool = flag(
        "--require-signed",
        "With --base: each commit since then must be signed with a key that git knows here.",
    ),
) -> None:
    """Find every fault of a pipeline, each with its file, line and rule.

    With --base, also what a change set must not do. Exits with 1 if there are errors; warnings don't count.
    docs/check.md lists the rules.
    """
    from pipecli.checks.check import check as check_pipeline
    from pipecli.history.commit_as_of import shortcomings

    if signed and not base:
        raise typer.BadParameter("goes with --base", param_hint="--require-signed")
    notes = shortcomings(run.present.location)  # first: what git can't look at is not well
    wanted = _wanted(run, files or [])
    findings, since = check_pipeline(run.pipeline, wanted), ""
    if base is not None:
        findings, since = _with_changes(run, base, findings, wanted)
    if allow:
        findings = _allowed(findings, allow)
    for note in notes:
        say(f"warning: {note}")
    _print(run, findings)
    if signed:
        _require_signed(run, base)
    records = count_records(run.connection)
    if any(finding.severity is Severity.ERROR for finding in findings):
        raise PipecliError(f"{counted(findings)} in {count(records, 'record')}{since}", code="findings")
    say(", ".join(part for part in (f"ok: {count(records, 'record')}", counted(findings)) if part) + since)


def _with_changes(
    run: Session, base: str, states: Sequence[Finding], wanted: Callable[[str], bool]
) -> tuple[list[Finding], str]:
    """The findings with those about changes since a branch left `base`, and how much it changed."""
    from pipecli.checks.check import check_changes, findings_of_review
    from pipecli.history.change_set import change_set, range_of

    if not base or ".." in base:
        raise PipecliError(
            f'--base: "{base}" isn\'t a revision',
            hint="name one commit, branch or tag; the other end is the working tree",
        )
    location = run.present.location
    if (location.git_dir / "MERGE_HEAD").exists():
        say("warning: a merge is in progress; this is about the working tree as it is")
    range_ = range_of(location, base)
    changed = change_set(location, range_)
    changes = [change for change in check_changes(run.present, range_, changed) if wanted(change.file)]
    files = {
        *(record.file for record in changed.records),
        *(fault.partition(":")[0] for fault in changed.unreadable),
    }
    base_id = range_.base[:7]
    name = base_id if range_.base.startswith(base) else f"{base} ({base_id})"
    return findings_of_review(states, changes, changed), f"; {count(len(files), 'file')} changed since {name}"


def _allowed(findings: Sequence[Finding], rules: Sequence[str]) -> list[Finding]:
    """The findings, those of some rules as warnings. Raises BadParameter for a rule that there isn't."""
    known = [rule.name for rule in all_rules()]
    for name in rules:
        if name not in known:
            raise typer.BadParameter(f'there is no rule "{name}"; see docs/check.md', param_hint="--allow")
    return [
        finding._replace(severity=Severity.WARNING) if finding.rule in rules else finding
        for finding in findings
    ]


def _require_signed(run: Session, base: str | None) -> None:
    """Refuse commits since a branch left `base` without a good signature. Raises PipecliError."""
    from pipecli.history.change_set import range_of
    from pipecli.history.commits import listed_commits, signatures

    location = run.present.location
    range_ = range_of(location, f"{base}..HEAD")
    commits = [commit.id for commit in listed_commits(location, range_.head or "HEAD", range_.base)]
    known = signatures(location, commits)
    wrong = [commit for commit in commits if known[commit].state != "good"]
    if wrong:
        named = [f"{commit[:7]} ({known[commit].state or 'not signed'})" for commit in wrong]
        raise PipecliError(
            f"{count(len(wrong), 'commit')} of {len(commits)} since {base} without a good signature: "
            f"{first_of(named, _MOST_NAMED)}",
            hint=f"sign them (`git rebase --exec 'git commit --amend --no-edit -S' {range_.base[:7]}`), or "
            "have git know the keys (gpg.ssh.allowedSignersFile)",
        )


_MOST_NAMED = 5


def _wanted(run: Session, files: Sequence[Path]) -> Callable[[str], bool]:
    """A test of files: is one among those of the command line? Raises PipecliError."""
    if not files:
        return lambda _: True
    root = run.pipeline.root
    named: set[str] = set()
    for file in files:
        # From -C as every path; else from here, as the shell and pre-commit name files.
        paths = (path for path in (run.directory_for(file), file) if path.exists())
        path = next((path.resolve() for path in paths), None)
        if path is None:
            raise PipecliError(f"{file} does not exist", code="system")
        if path == root or root in path.parents:
            named.add(path.relative_to(root).as_posix())
    return lambda name: any(name == path or path == "." or name.startswith(f"{path}/") for path in named)


def _print(run: Session, findings: Sequence[Finding]) -> None:
    if run.format_name in CODE_HOST_FORMATS:
        prefix = run.pipeline.location.prefix  # hosts name files from the root of the repository
        is_github = run.format_name == "github"
        write_text(workflow_commands(findings, prefix) if is_github else sarif(findings, all_rules(), prefix))
        return
    if run.format is Format.TABLE:
        write_text("".join(f"{line}\n" for finding in findings for line in lines(finding)))
        return
    columns = plain_columns("file line column severity rule message")
    print_records([finding._asdict() for finding in findings], columns, run.format, id_key="file")


_OF_READING = {
    "yaml": "A file that isn't YAML, or YAML that a record may not be.",
    "schema": "A key or value that the kind of record doesn't have.",
    "file": "A file that can't be read as a record.",
}


def all_rules() -> list[RuleText]:
    from pipecli.checks import check

    return [
        *(RuleText(name, Severity.ERROR, text) for name, text in _OF_READING.items()),
        *(RuleText(state.name, state.severity, _text_of(state.problems)) for state in check.RULES),
        *(
            RuleText(change.name, change.severity, _text_of(change.problems))
            for change in check.RULES_OF_CHANGES
        ),
    ]


def _text_of(rule: object) -> str:
    return inspect.getdoc(rule) or ""


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
                "rules": [
                    {
                        "id": rule.name,
                        **{
                            name: {"text": rule.text}
                            for name in ("shortDescription", "fullDescription", "help")
                        },
                        "defaultConfiguration": {"level": str(rule.severity)},
                    }
                    for rule in rules
                ],
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"SRCROOT": {"description": {"text": "The root of the repository."}}},
        "results": list(_results(findings, [rule.name for rule in rules], prefix)),
    }
    return dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}) + "\n"


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
            # SARIF makes a link of `[words](address)`; a deal's title could lead anywhere.
            "message": {"text": re.sub(r"\[(?=[^\[\]]*\]\()", r"\\[", finding.message)},
            "locations": [{"physicalLocation": place}],
            "partialFingerprints": {_FINGERPRINT: f"{fingerprint}:{seen[fingerprint]}"},
        }


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


def _escaped(text: str, signs: str) -> str:
    """Text with the runner's own signs as %XX, and other control characters as `·`."""
    escaped = "".join(f"%{ord(char):02X}" if char in signs else char for char in text)
    return without_controls(escaped, BREAKS)
