"""What it means: rows in, rows out."""
