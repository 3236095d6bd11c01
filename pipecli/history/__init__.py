"""History: events read from the content of commits."""
