"""Moving in from another CRM: its whole export recognised, planned, brought in as one commit, reconciled."""

PLAN_FILE = "plan.yaml"
