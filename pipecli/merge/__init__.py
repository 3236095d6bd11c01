"""Three versions of a record's file become one, field by field."""

from pipecli.merge.file import MergedFile, merge_bytes
from pipecli.merge.record import Conflict

__all__ = ["Conflict", "MergedFile", "merge_bytes"]
