"""What arrives: CSV and JSON."""
