"""Three versions of a record's file become one, field by field."""
