"""`pipecli report`: one question each, from the records as they are. Every report has a module of its own."""

from __future__ import annotations

from pipecli.cli.command import noun

_MODULES = {
    "first-response": "report_first_response",
    "velocity": "report_velocity",
    "funnel": "report_funnel",
    "lost": "report_lost",
    "ranking": "report_ranking",
    "pipeline": "report_pipeline",
    "activity": "report_activity",
    "stale": "report_stale",
}

app = noun("Reports: what was lost and why, who won, what stands still.", modules=_MODULES)
