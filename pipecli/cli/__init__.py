"""The command line: a module or a folder for each noun. It parses, calls, and prints."""

import gc

# Looking for cycles among thousands of small tuples takes 10 ms of a command that lives for 120.
gc.set_threshold(100_000)
