"""The face: one module a noun; parse, call, print."""
