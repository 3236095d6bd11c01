"""`pipecli propose`: a change for a team whose shared branch takes only what somebody has looked at."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from typing import Annotated

import typer

from pipecli.cli.common.command import Verb, noun
from pipecli.cli.common.output import Format, print_record, write_text
from pipecli.cli.common.session import Session, say, session
from pipecli.cli.common.table import clean
from pipecli.cli.diff import print_range
from pipecli.history.change_set import range_of
from pipecli.store import git
from pipecli.store.journal import working
from pipecli.sync.propose import Opened, Proposal, files_address, open_request, plan, send
from pipecli.wording import count

app = noun("Put what is new on a branch for others to merge.")


@app.command(cls=Verb)
def propose(
    ctx: typer.Context,
    title: Annotated[
        str, typer.Argument(metavar="[TITLE]", help="In a few words; else what the commits say.")
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Fetch, and print branch and text; change nothing.")
    ] = False,
) -> None:
    """Put the commits that are not shared on a branch, push it, and ask for it to be merged.

    The branch is deals/USER/TITLE; its request is opened with `gh` or `glab` where they are installed, with
    `pipecli diff` as its text, else the address to open it at is printed. This clone is back at the shared
    line, and `pipecli sync` says when the proposal went in.
    """
    run = session(ctx)
    place = run.present.location
    with run.present.exclusive(), working(place, "propose"):
        user = run.me() or git.config(place.work_tree, "user.name") or "me"
        proposal = plan(place, user, " ".join(title.split()))
        text = _text(run, proposal)
        if dry_run:
            _print(run, proposal, Opened("", False), text, is_dry=True)
            return
        proposal, told = send(place, proposal)
    opened = open_request(place, proposal, text, told)
    _print(run, proposal, opened, text)


def _text(run: Session, proposal: Proposal) -> str:
    """The page of the change, as a pull request shows it."""
    text = io.StringIO()
    with redirect_stdout(text):
        place = run.present.location
        changes = range_of(place, f"{proposal.shared}..{proposal.commit}")
        print_range(run, changes, Format.MARKDOWN, files_address(place, proposal))
    return text.getvalue()


def _print(run: Session, proposal: Proposal, opened: Opened, text: str, *, is_dry: bool = False) -> None:
    if run.format is not Format.TABLE:
        told = {
            "branch": proposal.branch, "title": proposal.title, "commit": proposal.commit,
            "commits": proposal.commits, "address": opened.address or None, "is_open": opened.is_open,
            "text": text,
        }  # fmt: skip
        print_record(told, run.format, (), id_key="branch")
    else:
        would = "would go to" if is_dry else "on"
        lines = [clean(f"{proposal.title}: {count(proposal.commits, 'commit')} {would} {proposal.branch}")]
        if opened.address:
            lines.append(f"{'asked for' if opened.is_open else 'ask for it at'}: {opened.address}")
        elif not is_dry:
            lines.append(f"who merges it: git merge {proposal.upstream.remote}/{proposal.branch}")
        write_text("\n".join(lines) + ("\n" if opened.is_open else f"\n\n{text}"))
    if opened.note:
        say(f"warning: {opened.note}")
    if not is_dry:
        say(f"this clone is back at {proposal.upstream} ({proposal.shared[:7]})")
