"""The rules of `check --base`: faults of a change set, not of the files as they are."""
