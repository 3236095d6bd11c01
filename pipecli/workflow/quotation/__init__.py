"""The verbs of a quotation."""
