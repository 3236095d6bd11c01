"""Three versions of a record's file become one, field by field."""

from pipecli.merge.files_and_conflicts import Conflict, MergedFile, merge_bytes

__all__ = ["Conflict", "MergedFile", "merge_bytes"]
