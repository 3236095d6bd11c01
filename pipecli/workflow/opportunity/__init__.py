"""What may happen to an opportunity: a file a verb, the smaller ones together."""
