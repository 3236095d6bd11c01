"""The rules about changes: a module a family, a function a rule; `check.py` runs them all."""
