"""The index: the records as tables in SQLite, made from the files and safe to delete."""
