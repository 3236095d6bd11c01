"""What `check` looks for: a module a family of rules, a function a rule; `check.py` runs them all."""
