"""A lead is `open` once a call, email or meeting went out to it, and has `replied` once one came in."""

from __future__ import annotations

from pipecli.records.activity import RESPONSES, Activity, Direction
from pipecli.records.lead import Lead, LeadStatus
from pipecli.records.opportunity import Opportunity


def contacted(record: Lead | Opportunity, activity: Activity) -> Lead | Opportunity:
    """The record after an activity: a new lead opens, a new or open one that answers has replied."""
    if not isinstance(record, Lead) or not activity.done or activity.type not in RESPONSES:
        return record
    if activity.direction is Direction.OUT and record.status is LeadStatus.NEW:
        return record.with_(status=LeadStatus.OPEN)
    if activity.direction is Direction.IN and record.status in (LeadStatus.NEW, LeadStatus.OPEN):
        return record.with_(status=LeadStatus.REPLIED)
    return record
