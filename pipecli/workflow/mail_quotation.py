"""`quotation send --email`: what was mailed is sent, and its deal remembers the mail."""

from __future__ import annotations

from dataclasses import replace

from pipecli.records.activity import Activity
from pipecli.records.opportunity import Opportunity
from pipecli.workflow.add_activity import with_activity
from pipecli.workflow.change import Change


def mailed(sent: Change, deal: Opportunity, mail: Activity, to: str) -> Change:
    """What `send_quotation` makes of the quotation, with the mail that carried it on its deal."""
    return replace(sent, summary=f"send to {to}", also=(*sent.also, with_activity(deal, mail)))
