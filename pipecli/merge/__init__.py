"""Three versions of a record's file become one, field by field."""

from pipecli.merge.conflict import Conflict
from pipecli.merge.file import Merged, MergedFile, merge, merge_bytes

__all__ = ["Conflict", "Merged", "MergedFile", "merge", "merge_bytes"]
