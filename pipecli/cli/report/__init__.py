"""`pipecli report`: one question each, from the records as they are. Every report has a module of its own."""

from __future__ import annotations

from pipecli.cli.common.command import noun

_MODULES = {
    "first-response": "report.first_response",
    "velocity": "report.velocity",
    "funnel": "report.funnel",
    "lost": "report.lost",
    "ranking": "report.ranking",
    "pipeline": "report.pipeline",
    "activity": "report.activity",
    "stale": "report.stale",
}

app = noun("Reports: what was lost and why, who won, what stands still.", modules=_MODULES)
