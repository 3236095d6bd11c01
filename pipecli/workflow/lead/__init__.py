"""The verbs of a lead: qualified, disqualified, reopened, converted."""
