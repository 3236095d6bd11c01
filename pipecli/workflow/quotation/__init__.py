"""What may happen to a quotation."""
