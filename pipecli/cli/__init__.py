"""The face: one module a noun; parse, call, print."""

import gc

# Looking for cycles among thousands of small tuples takes 10 ms of a command that lives for 120.
gc.set_threshold(100_000)
