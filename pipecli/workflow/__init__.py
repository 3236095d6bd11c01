"""What may happen: from records and settings to changed records; pure."""
