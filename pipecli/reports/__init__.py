"""The reports: pure functions from rows to rows, without files, git or a terminal."""
