"""Three versions of a record's file become one, field by field."""

from pipecli.history.merging.conflict import Conflict
from pipecli.history.merging.record import Merged, merge

__all__ = ["Conflict", "Merged", "merge"]
