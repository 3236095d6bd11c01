"""`pipecli chart`: the reports as pictures. Every chart has a module of its own."""

from __future__ import annotations

from pipecli.cli.command import noun

_MODULES = {
    "pipeline": "chart_pipeline",
    "forecast": "chart_forecast",
    "funnel": "chart_funnel",
    "lost": "chart_lost",
}

app = noun("Charts of the pipeline, the forecast, the funnel and what was lost.", modules=_MODULES)
