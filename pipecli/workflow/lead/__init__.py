"""What may happen to a lead."""
