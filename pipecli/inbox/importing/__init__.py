"""Tables of another system: read, understood by a mapping, recorded."""
