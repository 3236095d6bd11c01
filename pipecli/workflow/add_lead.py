"""`lead add`: a new lead, from a source that the team knows."""

from __future__ import annotations

from collections.abc import Sequence

from pipecli.records.lead import Lead
from pipecli.records.settings import Settings
from pipecli.workflow.change import Change
from pipecli.workflow.normalize_party import normalized
from pipecli.workflow.vocabulary import require_source


def add(lead: Lead, settings: Settings, *, notes: Sequence[str] = ()) -> Change:
    """Record a new lead; `notes` is what there is to tell of it."""
    require_source(settings, lead.source)
    return Change(normalized(lead), f"add {lead.label}", "added", notes=tuple(notes))
