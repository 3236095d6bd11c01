"""Three versions of a record's file become one, field by field."""

from pipecli.merge.conflict import Conflict
from pipecli.merge.file import MergedFile, merge_bytes

__all__ = ["Conflict", "MergedFile", "merge_bytes"]
