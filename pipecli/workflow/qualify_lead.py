"""`lead qualify`: answers to the four criteria. Need, budget and timeframe decide; authority is a sign."""

from __future__ import annotations

from collections.abc import Mapping

from pipecli.records.lead import Answer, Lead, LeadStatus
from pipecli.workflow.change import Change, Refused

CRITERIA = ("need", "budget", "timeframe", "authority")
DECIDING = ("need", "budget", "timeframe")


def missing_criteria(lead: Lead) -> list[str]:
    """The deciding criteria whose answer is not yes."""
    return [name for name in DECIDING if getattr(lead.qualification, name) is not Answer.YES]


def qualify(lead: Lead, answers: Mapping[str, str], notes: Mapping[str, str]) -> Change:
    """Record answers and notes by criterion; the lead becomes qualified, or open again, as they say."""
    refuse_settled(lead)
    if not answers and not notes:
        raise Refused(
            "no criterion is answered",
            hint="give --need, --budget, --timeframe or --authority: yes, no, unknown",
        )
    given: dict[str, object] = {name: Answer(answer) for name, answer in answers.items()}
    given |= {f"{name}_note": note for name, note in notes.items()}
    answered = lead.with_(qualification=lead.qualification.with_(**given))
    after = answered.with_(status=status_by_criteria(answered))
    words = [f"{name} {answer}" for name, answer in answers.items()]
    words += [f"note on {name}" for name in notes if name not in answers]
    became = f" → {after.status}" if after.status is not lead.status else ""
    missing = missing_criteria(after)
    return Change(
        after,
        f"qualify {', '.join(words)}{became}",
        "qualified" if after.status is LeadStatus.QUALIFIED else "changed",
        notes=(f"not yes yet: {', '.join(missing)}",) if missing else (),
    )


def refuse_settled(lead: Lead) -> None:
    """Refuse what only a lead still at work can have."""
    if lead.status is LeadStatus.CONVERTED:
        raise Refused(f"{lead.id} is converted", hint=_where_it_went(lead))
    if lead.status is LeadStatus.DISQUALIFIED:
        raise Refused(f"{lead.id} is disqualified", hint=f"reopen it first: pipecli lead reopen {lead.id}")


def status_by_criteria(lead: Lead) -> LeadStatus:
    """What the criteria make of a lead; a settled one stays so, and one that replied, until qualified."""
    if lead.status in (LeadStatus.CONVERTED, LeadStatus.DISQUALIFIED):
        return lead.status
    if not missing_criteria(lead):
        return LeadStatus.QUALIFIED
    return LeadStatus.REPLIED if lead.status is LeadStatus.REPLIED else LeadStatus.OPEN


def _where_it_went(lead: Lead) -> str:
    made = lead.converted.opportunities if lead.converted else ()
    if made:
        return f"go on with {' and '.join(made)}: pipecli opp show {made[0]}"
    return f"open an opportunity on it: pipecli opp add --lead {lead.id}"
