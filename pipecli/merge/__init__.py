"""Three versions of a record's file become one, field by field."""

from pipecli.merge.files_and_conflicts import ConflictInWords, MergedFile, merge_bytes

__all__ = ["ConflictInWords", "MergedFile", "merge_bytes"]
