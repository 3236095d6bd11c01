"""The rules of the trade: from records and settings to changed records; pure."""
