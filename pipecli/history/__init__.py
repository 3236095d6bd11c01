"""What happened: events read from the content of commits."""
